//! The key of one request on its way through plan and commit, and whether its answer was kept with what it did.

use crate::write::Written;
use lignaflow_core::repeat::{Answer, RepeatKey};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One request with a key.
#[derive(Debug, Clone)]
pub struct Once {
    key: RepeatKey,
    kept: Arc<AtomicBool>,
}

/// How an answer is made. Nothing where more has to be read for it.
pub(crate) type Making = Arc<dyn Fn(&Written) -> Option<Answer> + Send + Sync>;

/// A key, with how its answer is made of what the request leaves. Nothing where more has to be read for it.
#[derive(Clone)]
pub struct Repeating {
    pub(crate) key: RepeatKey,
    pub(crate) answer: Making,
    kept: Arc<AtomicBool>,
}

impl Repeating {
    /// The same key, whose answer takes in what was there before.
    pub(crate) fn with(self, change: impl Fn(&Written) -> Written + Send + Sync + 'static) -> Self {
        let Self { key, answer, kept } = self;
        Self { key, answer: Arc::new(move |written| answer(&change(written))), kept }
    }

    /// Nothing is committed after all.
    pub(crate) fn forgo(&self) {
        self.kept.store(false, Ordering::Release);
    }
}

impl std::fmt::Debug for Repeating {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repeating").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Once {
    pub fn new(key: RepeatKey) -> Self {
        Self { key, kept: Arc::default() }
    }

    pub fn key(&self) -> &RepeatKey {
        &self.key
    }

    /// One part of the request, which is committed by itself.
    #[must_use]
    pub fn part(&self, index: usize) -> Self {
        Self::new(self.key.part(index))
    }

    /// Whether a commit that went well has kept the answer.
    pub fn is_kept(&self) -> bool {
        self.kept.load(Ordering::Acquire)
    }

    pub fn answering(&self, answer: impl Fn(&Written) -> Option<Answer> + Send + Sync + 'static) -> Repeating {
        let kept = self.kept.clone();
        let answer = move |written: &Written| {
            let answer = answer(written);
            kept.store(answer.is_some(), Ordering::Release);
            answer
        };
        Repeating { key: self.key.clone(), answer: Arc::new(answer), kept: self.kept.clone() }
    }
}
