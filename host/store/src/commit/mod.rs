//! One transaction of the record store, all of it or nothing.
//!
//! | step | module |
//! |---|---|
//! | writers that share a declared value take turns | [`turns`] |
//! | where one plain change is all, one statement does the next four | [`single`] |
//! | what the plan rests on has not changed; rows are locked in one order | [`standing`] |
//! | what is newly referred to is there | [`references`] |
//! | numbers are given | [`numbers`] |
//! | files that are newly held are there to be held, those let go wait | [`files`] |
//! | rows are written | [`rows`], [`links`] |
//! | wholes that parts are written with are there and open, and one version on | [`touched`], [`totals`] |
//! | no reference that may not leads in a circle | [`circles`] |
//! | nothing refers to what was archived, or no longer does | [`referrers`] |
//! | access rules hold of what was, and of what is to be | [`rights`] |
//! | guards hold, with everything in place | [`guards`] |
//! | the change log | [`journal`] |
//! | the key of a request that may come again | [`repeats`] |
//! | jobs that are asked for, and the step of background work that it is | [`background`] |
//! | notices, letters, links | [`post`] |
//! | of a migration, the place that it has come to | [`slice`] |

mod background;
mod circles;
mod files;
mod guards;
mod journal;
mod links;
mod numbers;
mod post;
mod references;
mod referrers;
mod repeats;
mod rights;
mod rows;
mod settings;
mod single;
mod slice;
mod standing;
pub(crate) mod totals;
mod touched;
mod turns;

pub(crate) use background::ask;

use crate::Store;
use crate::database::{Dialect, Row, Tx};
use crate::error::StoreError;
use lignaflow_core::Id;
use lignaflow_core::commit::{Action, Commit, Committed, Moment, Refusal, Settled};
use lignaflow_core::mutation::{Fields, Origin};
use lignaflow_core::name::CollectionName;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Values of one statement at most: SQLite takes 32,766, PostgreSQL 65,535.
const MAX_VALUES: usize = 30_000;
/// A list in a statement with more members than this is not worth keeping prepared.
const PREPARED: usize = 8;

/// Why one attempt ended.
#[derive(Debug)]
enum Failure {
    Refused(Refusal),
    /// A unique index refused one of several rows of one statement, and it does not say which.
    OneOfSeveral,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

/// How a dry run ended: never by a commit.
#[derive(Debug)]
enum Rehearsal {
    Came(Committed),
    Ended(Failure),
}

impl From<StoreError> for Rehearsal {
    fn from(error: StoreError) -> Self {
        Self::Ended(error.into())
    }
}

/// Whether changes that can share a statement do, with each other or with their checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grouping {
    Together,
    OneByOne,
}

impl Store {
    /// Carries out a commit. A refusal says what of it could not be; nothing of it is kept then.
    ///
    /// It runs to its end even when the future returned here is dropped, and once it has answered well, what it wrote
    /// is on the disk.
    pub async fn commit(&self, commit: Commit) -> Result<Committed, Refusal> {
        if matches!(commit.author.origin, Origin::Rehearsal(_)) {
            return self.rehearse(commit).await;
        }
        let organization = commit.access.organization();
        let jobs = commit.background.is_kept();
        let documents = !commit.background.documents.is_empty();
        let committed = self.commit_unheard(commit).await?;
        self.signal().raise(organization);
        if jobs {
            self.signal().ask();
        }
        if documents {
            self.signal().ask_for_documents();
        }
        Ok(committed)
    }

    async fn commit_unheard(&self, commit: Commit) -> Result<Committed, Refusal> {
        let commit = Arc::new(commit);
        let turns = match self.dialect() {
            Dialect::Postgres => turns::of(&commit),
            Dialect::Sqlite => Vec::new(),
        };
        let mut grouping = Grouping::Together;
        let mut doubt = false;
        if turns.is_empty()
            && commit.guards.is_empty()
            && commit.rights.is_empty()
            && !commit.background.is_kept()
            && let Some(statement) = single::statement(self.dialect(), &commit)?
        {
            match self.database().write_once(statement).await {
                Ok(rows) if wrote(&rows)? => return Ok(single_version(&commit)),
                // Something does not hold; the long way finds out what.
                Ok(_) | Err(StoreError::Unique(_)) => {}
                // Neither an id nor a version can be used twice, so a second attempt cannot do it again.
                Err(StoreError::Unknown) => doubt = true,
                Err(error) => return Err(error.into()),
            }
            grouping = Grouping::OneByOne;
        }
        loop {
            match self.attempt(&commit, turns.clone(), grouping).await {
                Ok(committed) => return Ok(committed),
                Err(Failure::Refused(refusal)) if doubt => return self.resolve(&commit, refusal).await,
                Err(Failure::Refused(refusal)) => return Err(refusal),
                // Row by row it is known which one it is; or the other writer is gone by now, and it succeeds.
                Err(Failure::OneOfSeveral) if grouping == Grouping::Together => grouping = Grouping::OneByOne,
                Err(Failure::OneOfSeveral) => return Err(Refusal::Broken),
            }
        }
    }

    /// Carries a commit out and takes it back: what it would have come to, or why it could not be.
    async fn rehearse(&self, commit: Commit) -> Result<Committed, Refusal> {
        let commit = Arc::new(commit);
        let turns = match self.dialect() {
            Dialect::Postgres => turns::of(&commit),
            Dialect::Sqlite => Vec::new(),
        };
        for grouping in [Grouping::Together, Grouping::OneByOne] {
            let commit = Arc::clone(&commit);
            let rehearsed: Result<(), Rehearsal> = self
                .database()
                .write_in_turn(turns.clone(), move |tx| {
                    Box::pin(async move {
                        // An error is what takes the transaction back.
                        Err(carry_out(tx, &commit, grouping).await.map_or_else(Rehearsal::Ended, Rehearsal::Came))
                    })
                })
                .await;
            match rehearsed {
                Err(Rehearsal::Came(committed)) => return Ok(committed),
                Err(Rehearsal::Ended(Failure::Refused(refusal))) => return Err(refusal),
                Err(Rehearsal::Ended(Failure::OneOfSeveral)) | Ok(()) => {}
            }
        }
        Err(Refusal::Broken)
    }

    /// What a second attempt means that was refused, where nobody knows how the first one ended: the change log does.
    async fn resolve(&self, commit: &Commit, refusal: Refusal) -> Result<Committed, Refusal> {
        if matches!(refusal, Refusal::Unavailable | Refusal::Unknown) {
            return Err(Refusal::Unknown);
        }
        match journal::holds(self.database(), commit).await {
            Ok(true) => Ok(single_version(commit)),
            Ok(false) => Err(refusal),
            Err(_) => Err(Refusal::Unknown),
        }
    }

    async fn attempt(&self, commit: &Arc<Commit>, turns: Vec<i64>, grouping: Grouping) -> Result<Committed, Failure> {
        let commit = Arc::clone(commit);
        self.database()
            .write_in_turn(turns, move |tx| Box::pin(async move { carry_out(tx, &commit, grouping).await }))
            .await
    }
}

async fn carry_out(tx: &mut Tx, commit: &Commit, grouping: Grouping) -> Result<Committed, Failure> {
    if grouping == Grouping::Together
        && commit.rights.is_empty()
        && !commit.background.is_kept()
        && let Some(statement) = single::statement(tx.dialect(), commit)?
    {
        match tx.fetch_all(statement).await {
            Ok(rows) if wrote(&rows)? => {
                guards::check(tx, commit).await?;
                return Ok(single_version(commit));
            }
            Ok(_) => {}
            // The long way names the rule that is broken.
            Err(StoreError::Unique(_)) => return Err(Failure::OneOfSeveral),
            Err(error) => return Err(error.into()),
        }
    }
    settings::check(tx, commit).await?;
    standing::check(tx, commit).await?;
    let wholes = touched::check(tx, commit).await?;
    rights::check(tx, commit, Moment::Before).await?;
    references::check(tx, commit).await?;
    let commit = &*numbers::give(tx, commit).await?;
    files::settle(tx, commit).await?;
    let mut versions = Versions::default();
    let written = rows::write(tx, commit, grouping, &mut versions).await?;
    let cleared = referrers::settle(tx, commit, &mut versions).await?;
    circles::check(tx, commit).await?;
    let settled = touched::write(tx, commit, wholes, &versions).await?;
    rights::check(tx, commit, Moment::After).await?;
    guards::check(tx, commit).await?;
    journal::append(tx, commit, &written, &cleared, &settled).await?;
    let written: Vec<u64> = commit.changes.iter().map(|change| versions.of(&change.schema.name, change.id)).collect();
    let numbered = commit.changes.iter().enumerate().filter(|(_, change)| !change.numbers.is_empty());
    let mut all: Vec<Settled> = numbered
        .map(|(index, change)| Settled {
            collection: change.schema.name.clone(),
            id: change.id,
            version: written[index],
            before: Fields::new(),
            fields: numbers::given(commit, index),
        })
        .collect();
    all.extend(settled);
    let committed = Committed { versions: written, settled: all };
    repeats::take(tx, commit, &committed).await?;
    background::keep(tx, commit).await?;
    post::keep(tx, commit).await?;
    Ok(committed)
}

/// Whether a statement of [`single`] did write.
fn wrote(rows: &[Row]) -> Result<bool, StoreError> {
    rows.first().map_or(Ok(false), |row| Ok(row.i64(0)? == 1))
}

fn single_version(commit: &Commit) -> Committed {
    let versions = commit.changes.iter().map(|change| change.expected + 1).collect();
    Committed { versions, settled: Vec::new() }
}

/// The versions that records of this commit have come to so far.
#[derive(Debug, Default)]
struct Versions(HashMap<(CollectionName, Id), u64>);

impl Versions {
    fn get(&self, collection: &CollectionName, id: Id) -> Option<u64> {
        self.0.get(&(collection.clone(), id)).copied()
    }

    fn of(&self, collection: &CollectionName, id: Id) -> u64 {
        self.get(collection, id).unwrap_or_default()
    }

    fn set(&mut self, collection: &CollectionName, id: Id, version: u64) {
        self.0.insert((collection.clone(), id), version);
    }
}

/// The ids that a commit inserts, by collection.
fn inserted(commit: &Commit) -> HashMap<&CollectionName, HashSet<Id>> {
    let mut all: HashMap<&CollectionName, HashSet<Id>> = HashMap::new();
    for change in &commit.changes {
        if matches!(change.action, Action::Insert { .. }) {
            all.entry(&change.schema.name).or_default().insert(change.id);
        }
    }
    all
}
