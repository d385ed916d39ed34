//! Who held a secret a moment ago, so that a busy client does not cost a statement a request (docs/adr/0013).
//!
//! What is kept here holds while nobody is known to have changed who may do what: an act of this host empties it before
//! the act is answered, one of another host as soon as that is heard. What neither tells, such as an act on the command
//! line, is seen within [`LONGEST`].

use lignaflow_core::caller::{Declared, Permissions};
use lignaflow_store::identity::credentials::{SessionHolder, TokenHolder};
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

#[derive(Debug, Clone)]
pub(crate) enum Holder {
    Session(Arc<Told<SessionHolder>>),
    Token(Arc<Told<TokenHolder>>),
}

/// What a secret can be of.
pub(crate) trait Held: PartialEq + Sized {
    fn into_holder(told: Arc<Told<Self>>) -> Holder;
    fn of(holder: &Holder) -> Option<&Arc<Told<Self>>>;
}

impl Held for SessionHolder {
    fn into_holder(told: Arc<Told<Self>>) -> Holder {
        Holder::Session(told)
    }

    fn of(holder: &Holder) -> Option<&Arc<Told<Self>>> {
        match holder {
            Holder::Session(told) => Some(told),
            Holder::Token(_) => None,
        }
    }
}

impl Held for TokenHolder {
    fn into_holder(told: Arc<Told<Self>>) -> Holder {
        Holder::Token(told)
    }

    fn of(holder: &Holder) -> Option<&Arc<Told<Self>>> {
        match holder {
            Holder::Token(told) => Some(told),
            Holder::Session(_) => None,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Holders(RwLock<Kept>);

#[derive(Debug, Default)]
struct Kept {
    standing: u64,
    by: HashMap<Hash, (Instant, Holder)>,
}

impl Holders {
    /// Who holds the secret, where that is known and holds with the number that stands now.
    pub(crate) fn get<T: Held>(&self, hash: &Hash, standing: u64) -> Option<Arc<Told<T>>> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (since, holder) = kept.by.get(hash).filter(|_| kept.standing == standing)?;
        if since.elapsed() < LONGEST { T::of(holder).cloned() } else { None }
    }

    /// Keeps what the database said after `standing` was the number. Where it said the same before, what follows from it
    /// is known already.
    pub(crate) fn keep<T: Held>(&self, hash: Hash, standing: u64, holder: T) -> Arc<Told<T>> {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let told = match kept.by.get(&hash).and_then(|(_, known)| T::of(known)) {
            Some(known) if known.holder == holder => Arc::clone(known),
            _ => Arc::new(Told::new(holder)),
        };
        if kept.standing > standing {
            return told;
        }
        if kept.standing < standing || kept.by.len() >= MOST {
            kept.by.clear();
            kept.standing = standing;
        }
        kept.by.insert(hash, (Instant::now(), T::into_holder(Arc::clone(&told))));
        told
    }

    /// The same holder as is kept, with what is known of it besides: no more is believed of it, nor for longer.
    pub(crate) fn amend<T: Held>(&self, hash: &Hash, holder: Told<T>) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = kept.by.get_mut(hash) {
            *known = T::into_holder(Arc::new(holder));
        }
    }
}
