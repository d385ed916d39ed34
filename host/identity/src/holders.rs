//! Who held a secret a moment ago, so that a busy client does not cost a statement a request (docs/adr/0013).
//!
//! What is kept here holds while nobody is known to have changed who may do what: an act of this host empties it before
//! the act is answered, one of another host as soon as that is heard. What neither tells, such as an act on the command
//! line, is seen within [`LONGEST`].

use lignaflow_core::caller::{Declared, Permissions};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// How long an answer is believed without being asked again.
const LONGEST: Duration = Duration::from_secs(1);
/// Holders kept at one time. Past it all are asked for anew.
const MOST: usize = 20_000;

/// The SHA-256 of a secret.
type Hash = [u8; 32];

/// What somebody may where plugins declare this.
type Rights = (Arc<Declared>, Permissions);

/// A holder as the database told it, and what they may, once that was asked.
#[derive(Debug)]
pub(crate) struct Told<T> {
    holder: T,
    rights: Arc<RwLock<Option<Rights>>>,
}

impl<T> Told<T> {
    pub(crate) fn new(holder: T) -> Self {
        Self { holder, rights: Arc::default() }
    }

    /// The same with what changes nothing of what they may.
    pub(crate) fn noted(&self, holder: T) -> Self {
        Self { holder, rights: Arc::clone(&self.rights) }
    }

    /// What they may where plugins declare this, as `derive` says.
    pub(crate) fn permissions(&self, declared: &Arc<Declared>, derive: impl FnOnce(&T) -> Permissions) -> Permissions {
        if let Some((by, permissions)) = &*self.rights.read().unwrap_or_else(PoisonError::into_inner)
            && Arc::ptr_eq(by, declared)
        {
            return permissions.clone();
        }
        let permissions = derive(&self.holder);
        *self.rights.write().unwrap_or_else(PoisonError::into_inner) =
            Some((Arc::clone(declared), permissions.clone()));
        permissions
    }
}

impl<T> Deref for Told<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.holder
    }
}

/// Holders of one kind of secret.
#[derive(Debug)]
pub(crate) struct Holders<T>(RwLock<Kept<T>>);

#[derive(Debug)]
struct Kept<T> {
    standing: u64,
    by: HashMap<Hash, (Instant, Arc<Told<T>>)>,
}

impl<T> Default for Holders<T> {
    fn default() -> Self {
        Self(RwLock::new(Kept { standing: 0, by: HashMap::new() }))
    }
}

impl<T: PartialEq> Holders<T> {
    /// Who holds the secret, where that is known and holds with the number that stands now.
    pub(crate) fn get(&self, hash: &Hash, standing: u64) -> Option<Arc<Told<T>>> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (since, holder) = kept.by.get(hash).filter(|_| kept.standing == standing)?;
        (since.elapsed() < LONGEST).then(|| Arc::clone(holder))
    }

    /// Keeps what the database said after `standing` was the number. Where it said the same before, what follows from it
    /// is known already.
    pub(crate) fn keep(&self, hash: Hash, standing: u64, holder: T) -> Arc<Told<T>> {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let told = match kept.by.get(&hash) {
            Some((_, known)) if known.holder == holder => Arc::clone(known),
            _ => Arc::new(Told::new(holder)),
        };
        if kept.standing > standing {
            return told;
        }
        if kept.standing < standing || kept.by.len() >= MOST {
            kept.by.clear();
            kept.standing = standing;
        }
        kept.by.insert(hash, (Instant::now(), Arc::clone(&told)));
        told
    }

    /// The same holder as is kept, with what is known of it besides: no more is believed of it, nor for longer.
    pub(crate) fn amend(&self, hash: &Hash, holder: Told<T>) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = kept.by.get_mut(hash) {
            *known = Arc::new(holder);
        }
    }
}
