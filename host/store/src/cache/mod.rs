//! Results of reads that cost something, kept until something that they rest on has changed. A result that is answered
//! from here is one that the database would have given: never an older one.
//!
//! | module | holds |
//! |---|---|
//! | [`shelf`] | the results, up to a number of bytes; what was not asked for longest goes first |
//! | [`marks`] | SQLite: what has been committed since, known without asking |
//! | [`probe`] | PostgreSQL: one look into the change log, on behalf of all hosts |
//!
//! A result belongs to its statement with all values, so to the organization and to the rights that are compiled into
//! it. What it rests on are the collections whose tables the statement reads, references on the way and rules included.
//! People are not among them: no statement kept here reads them.

pub(crate) mod marks;
mod probe;
mod shelf;

use crate::Store;
use crate::database::Dialect;
use crate::error::StoreError;
use lignaflow_core::OrganizationId;
use lignaflow_core::name::CollectionName;
use lignaflow_core::query::Page;
use marks::Stamp;
use probe::Snapshot;
use shelf::{Found, Shelf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How results are kept.
#[derive(Debug, Clone, Copy)]
pub struct CacheOptions {
    /// Bytes of all results together; 0 keeps nothing.
    pub bytes: usize,
    /// Reads that take less are not worth a look into the log, nor the memory.
    pub least: Duration,
}

impl CacheOptions {
    /// So many bytes; on PostgreSQL a read must cost more than the probe that would spare it.
    pub fn of(dialect: Dialect, bytes: usize) -> Self {
        let least = match dialect {
            Dialect::Sqlite => Duration::from_micros(300),
            Dialect::Postgres => Duration::from_millis(1),
        };
        Self { bytes, least }
    }
}

/// How often a result was there, and how often it was not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheCounts {
    pub hits: u64,
    pub misses: u64,
}

/// What a read answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Page(Page),
    Count(u64),
}

/// When a result was true.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Taken {
    Marks(Stamp),
    Snapshot(Snapshot),
}

#[derive(Debug)]
pub(crate) struct Cache {
    shelf: Shelf,
    least: Duration,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Cache {
    fn hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("lignaflow_cache_hits_total").increment(1);
    }

    fn miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("lignaflow_cache_misses_total").increment(1);
    }
}

/// A read that may be answered from what is kept.
pub(crate) struct Question {
    pub(crate) organization: OrganizationId,
    /// Statement, values, and what else decides on what the answer looks like.
    pub(crate) key: String,
    pub(crate) reads: Vec<CollectionName>,
}

impl Store {
    /// The same store, which keeps results from here on.
    #[must_use]
    pub fn caching(mut self, options: CacheOptions) -> Self {
        self.cache = (options.bytes > 0).then(|| {
            let shelf = Shelf::new(options.bytes);
            Arc::new(Cache { shelf, least: options.least, hits: AtomicU64::new(0), misses: AtomicU64::new(0) })
        });
        self
    }

    /// How often a kept result served.
    pub fn cache_counts(&self) -> CacheCounts {
        self.cache.as_ref().map_or_else(CacheCounts::default, |cache| CacheCounts {
            hits: cache.hits.load(Ordering::Relaxed),
            misses: cache.misses.load(Ordering::Relaxed),
        })
    }

    /// Lets go of every kept result: something has changed that no commit of this host told of, such as tables that
    /// another program altered.
    pub fn forget_kept(&self) {
        if let Some(cache) = &self.cache {
            cache.shelf.clear();
        }
    }

    /// The kept answer of a question where it still holds, else that of the read.
    pub(crate) async fn answer(
        &self,
        question: impl FnOnce() -> Question,
        read: impl Future<Output = Result<Answer, StoreError>>,
    ) -> Result<Answer, StoreError> {
        let Some(cache) = &self.cache else { return read.await };
        match self.dialect() {
            Dialect::Sqlite => self.answer_by_marks(cache, question(), read).await,
            Dialect::Postgres => self.answer_by_probe(cache, question(), read).await,
        }
    }

    async fn answer_by_marks(
        &self,
        cache: &Cache,
        question: Question,
        read: impl Future<Output = Result<Answer, StoreError>>,
    ) -> Result<Answer, StoreError> {
        // Taken before the read begins: whatever is committed after this makes the result an old one.
        let stamp = self.database().marks().and_then(|marks| marks.stamp(question.organization, &question.reads));
        let Some(stamp) = stamp else { return read.await };
        if let Found::Kept { answer, taken: Taken::Marks(then), .. } = cache.shelf.find(&question.key)
            && then == stamp
        {
            cache.hit();
            return Ok(Answer::clone(&answer));
        }
        let begun = Instant::now();
        let answer = read.await?;
        if begun.elapsed() >= cache.least {
            cache.miss();
            cache.shelf.keep(question.key, Arc::new(answer.clone()), Taken::Marks(stamp));
        }
        Ok(answer)
    }

    /// What costs more than a probe is found out by a first read, and kept from the second on.
    async fn answer_by_probe(
        &self,
        cache: &Cache,
        question: Question,
        read: impl Future<Output = Result<Answer, StoreError>>,
    ) -> Result<Answer, StoreError> {
        // Of the time before the read begins: the read sees all of it, and what it sees beyond is told by the next probe.
        let snapshot = match cache.shelf.find(&question.key) {
            Found::Nothing => {
                let begun = Instant::now();
                let answer = read.await?;
                if begun.elapsed() >= cache.least {
                    cache.shelf.mark(question.key);
                }
                return Ok(answer);
            }
            Found::Resting => return read.await,
            Found::Marked => self.snapshot().await?,
            Found::Kept { answer, taken, number } => {
                let Taken::Snapshot(then) = taken else { return read.await };
                let (now, changed) = self.changed_since(&then, question.organization, &question.reads).await?;
                if !changed {
                    cache.shelf.renew(&question.key, number, Taken::Snapshot(now));
                    cache.hit();
                    return Ok(Answer::clone(&answer));
                }
                cache.shelf.wasted(&question.key);
                now
            }
        };
        cache.miss();
        let answer = read.await?;
        cache.shelf.keep(question.key, Arc::new(answer.clone()), Taken::Snapshot(snapshot));
        Ok(answer)
    }
}
