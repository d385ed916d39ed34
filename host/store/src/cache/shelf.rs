//! Where results are kept, in bounds: by the bytes that they take, and what was asked for least recently goes first.

use super::{Answer, Taken};
use lignaflow_core::Value;
use lignaflow_core::query::Page;
use std::collections::{BTreeMap, HashMap};
use std::mem::size_of;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One result takes at most this part of the shelf.
const LARGEST: usize = 8;
/// What an entry takes beside its key and its result.
const OVERHEAD: usize = 200;
/// Results that were kept one after the other without serving once, after which the question is left to rest…
const WASTED: u32 = 8;
/// …for so many times that it is asked.
const REST: u32 = 32;
/// A result that was not found to hold for this long is read anew: the log that would tell of changes is not for ever.
const AGE: Duration = Duration::from_hours(1);

#[derive(Debug)]
pub(super) struct Shelf {
    bytes: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<Arc<str>, Entry>,
    /// Questions by when they were asked last.
    order: BTreeMap<u64, Arc<str>>,
    /// Counts up with each look.
    tick: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    tick: u64,
    bytes: usize,
    kept: Option<Kept>,
    wasted: u32,
    rest: u32,
}

#[derive(Debug)]
struct Kept {
    answer: Arc<Answer>,
    taken: Taken,
    number: u64,
    since: Instant,
}

/// What is known of a question.
#[derive(Debug)]
pub(super) enum Found {
    Nothing,
    /// It is worth keeping, and nothing is kept.
    Marked,
    /// It was kept in vain.
    Resting,
    Kept {
        answer: Arc<Answer>,
        taken: Taken,
        /// Of this very result.
        number: u64,
    },
}

impl Shelf {
    pub(super) fn new(bytes: usize) -> Self {
        Self { bytes, inner: Mutex::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn find(&self, key: &str) -> Found {
        let mut inner = self.inner();
        let Some(entry) = inner.touch(key) else { return Found::Nothing };
        if entry.rest > 0 {
            entry.rest -= 1;
            return Found::Resting;
        }
        match &entry.kept {
            None => Found::Marked,
            Some(kept) if kept.since.elapsed() > AGE => Found::Marked,
            Some(kept) => {
                Found::Kept { answer: Arc::clone(&kept.answer), taken: kept.taken.clone(), number: kept.number }
            }
        }
    }

    /// A question that is worth keeping the next answer of.
    pub(super) fn mark(&self, key: String) {
        self.inner().put(key.into(), None, self.bytes);
    }

    pub(super) fn keep(&self, key: String, answer: Arc<Answer>, taken: Taken) {
        if weight(&answer) > self.bytes / LARGEST {
            return;
        }
        self.inner().put(key.into(), Some((answer, taken)), self.bytes);
    }

    /// The result of this number served, and was found to hold at a later time.
    pub(super) fn renew(&self, key: &str, number: u64, taken: Taken) {
        if let Some(entry) = self.inner().entries.get_mut(key)
            && let Some(kept) = &mut entry.kept
        {
            entry.wasted = 0;
            if kept.number == number {
                kept.taken = taken;
                kept.since = Instant::now();
            }
        }
    }

    /// The result was not true any more when it was asked for.
    pub(super) fn wasted(&self, key: &str) {
        if let Some(entry) = self.inner().entries.get_mut(key) {
            entry.wasted += 1;
            if entry.wasted >= WASTED {
                entry.wasted = 0;
                entry.rest = REST;
            }
        }
    }

    pub(super) fn clear(&self) {
        let mut inner = self.inner();
        *inner = Inner { tick: inner.tick, ..Inner::default() };
        inner.told();
    }
}

impl Inner {
    fn touch(&mut self, key: &str) -> Option<&mut Entry> {
        self.tick += 1;
        let entry = self.entries.get_mut(key)?;
        if let Some(key) = self.order.remove(&entry.tick) {
            self.order.insert(self.tick, key);
        }
        entry.tick = self.tick;
        Some(entry)
    }

    fn put(&mut self, key: Arc<str>, kept: Option<(Arc<Answer>, Taken)>, most: usize) {
        let bytes = key.len() + OVERHEAD + kept.as_ref().map_or(0, |(answer, _)| weight(answer));
        self.tick += 1;
        let tick = self.tick;
        let kept = kept.map(|(answer, taken)| Kept { answer, taken, number: tick, since: Instant::now() });
        let (wasted, rest) = match self.entries.remove(&key) {
            Some(before) => {
                self.bytes -= before.bytes;
                self.order.remove(&before.tick);
                (before.wasted, before.rest)
            }
            None => (0, 0),
        };
        self.bytes += bytes;
        self.order.insert(tick, Arc::clone(&key));
        self.entries.insert(key, Entry { tick, bytes, kept, wasted, rest });
        while self.bytes > most {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            if let Some(entry) = self.entries.remove(&oldest) {
                self.bytes -= entry.bytes;
            }
        }
        self.told();
    }

    fn told(&self) {
        metrics::gauge!("lignaflow_cache_bytes").set(f64::from(u32::try_from(self.bytes).unwrap_or(u32::MAX)));
    }
}

/// Bytes that a result takes, by and large.
fn weight(answer: &Answer) -> usize {
    match answer {
        Answer::Count(_) => size_of::<Answer>(),
        Answer::Page(Page { columns, rows, next }) => {
            let columns: usize = columns.iter().map(|column| size_of::<String>() + column.len()).sum();
            let rows: usize =
                rows.iter().map(|row| size_of::<Vec<Value>>() + row.iter().map(size_of_value).sum::<usize>()).sum();
            size_of::<Answer>() + columns + rows + next.as_ref().map_or(0, String::len)
        }
    }
}

fn size_of_value(value: &Value) -> usize {
    let apart = match value {
        Value::Text(text) => text.len(),
        Value::References(ids) => ids.len() * 16,
        // A tree takes more than its text; five times is about what it takes.
        Value::Json(json) => json.to_string().len() * 5,
        _ => 0,
    };
    size_of::<Value>() + apart
}

#[cfg(test)]
mod tests {
    use super::super::marks::Marks;
    use super::{Answer, Found, REST, Shelf, Taken, WASTED};
    use lignaflow_core::{Id, OrganizationId};
    use std::sync::Arc;

    fn taken() -> Taken {
        let organization = OrganizationId(Id::from_parts(0, [1; 10]));
        Taken::Marks(Marks::default().stamp(organization, &[]).unwrap())
    }

    fn keep(shelf: &Shelf, key: &str, count: u64) {
        shelf.keep(key.to_owned(), Arc::new(Answer::Count(count)), taken());
    }

    fn count(shelf: &Shelf, key: &str) -> Option<u64> {
        match shelf.find(key) {
            Found::Kept { answer, .. } => match &*answer {
                Answer::Count(count) => Some(*count),
                Answer::Page(_) => None,
            },
            _ => None,
        }
    }

    #[test]
    fn what_was_not_asked_for_longest_goes_first() {
        let shelf = Shelf::new(4_000);
        for number in 0..10 {
            keep(&shelf, &format!("question {number}"), number);
            assert_eq!(count(&shelf, "question 0"), Some(0));
        }
        for number in 10..100 {
            keep(&shelf, &format!("question {number}"), number);
            assert!(shelf.inner().bytes <= 4_000);
            assert_eq!(count(&shelf, "question 0"), Some(0));
        }
        assert_eq!(count(&shelf, "question 1"), None);
        assert_eq!(count(&shelf, "question 99"), Some(99));
        let inner = shelf.inner();
        assert_eq!(inner.entries.len(), inner.order.len());
        drop(inner);
        shelf.clear();
        assert_eq!((count(&shelf, "question 99"), shelf.inner().bytes), (None, 0));
    }

    #[test]
    fn what_is_kept_in_vain_rests_for_a_while() {
        let shelf = Shelf::new(100_000);
        for _ in 0..WASTED {
            keep(&shelf, "a", 1);
            assert_eq!(count(&shelf, "a"), Some(1));
            shelf.wasted("a");
        }
        keep(&shelf, "a", 2);
        for _ in 0..REST {
            assert!(matches!(shelf.find("a"), Found::Resting));
        }
        assert_eq!(count(&shelf, "a"), Some(2));
    }
}
