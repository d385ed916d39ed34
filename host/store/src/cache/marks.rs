//! SQLite: how often each collection of each organization was committed to. All commits pass the one writer of this
//! host, which marks what they touch; so a result is still true where no mark has moved since before it was read.

use lignaflow_core::OrganizationId;
use lignaflow_core::name::CollectionName;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Collections share this many marks. Two that share one cost each other a result now and then, never a wrong one.
const MARKS: usize = 4096;

/// What was committed so far of some collections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp(Vec<u64>);

#[derive(Debug)]
pub(crate) struct Marks(Box<[Mark]>);

#[derive(Debug, Default)]
struct Mark {
    /// Commits that may be visible already and have not been answered.
    under_way: AtomicU32,
    commits: AtomicU64,
}

/// What the works of a transaction have touched.
#[derive(Debug, Clone, Default)]
pub(crate) struct Touched {
    marks: Vec<usize>,
    /// Tables themselves have changed.
    everything: bool,
}

fn place(organization: OrganizationId, collection: &CollectionName) -> usize {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one((organization.0.bytes(), collection));
    usize::try_from(hash % MARKS as u64).unwrap_or_default()
}

impl Touched {
    pub(crate) fn collection(&mut self, organization: OrganizationId, collection: &CollectionName) {
        let place = place(organization, collection);
        if !self.marks.contains(&place) {
            self.marks.push(place);
        }
    }

    pub(crate) fn everything(&mut self) {
        self.everything = true;
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.everything |= other.everything;
        for place in other.marks {
            if !self.marks.contains(&place) {
                self.marks.push(place);
            }
        }
    }
}

impl Default for Marks {
    fn default() -> Self {
        Self((0..MARKS).map(|_| Mark::default()).collect())
    }
}

impl Marks {
    /// `None` while a commit to one of them is under way: some may see it already, and others not.
    pub(crate) fn stamp(&self, organization: OrganizationId, collections: &[CollectionName]) -> Option<Stamp> {
        let mut commits = Vec::with_capacity(collections.len());
        for collection in collections {
            let mark = &self.0[place(organization, collection)];
            // In this order: a commit that begins after the first look and ends before the second moves the mark.
            if mark.under_way.load(Ordering::SeqCst) != 0 {
                return None;
            }
            commits.push(mark.commits.load(Ordering::SeqCst));
        }
        Some(Stamp(commits))
    }

    fn each(&self, touched: &Touched, act: impl Fn(&Mark)) {
        if touched.everything {
            self.0.iter().for_each(act);
        } else {
            touched.marks.iter().for_each(|place| act(&self.0[*place]));
        }
    }

    /// Before a commit can be seen by anybody.
    pub(crate) fn begin(&self, touched: &Touched) {
        self.each(touched, |mark| {
            mark.under_way.fetch_add(1, Ordering::SeqCst);
        });
    }

    /// When it has ended, however it did, and before anybody is told.
    pub(crate) fn end(&self, touched: &Touched) {
        self.each(touched, |mark| {
            mark.commits.fetch_add(1, Ordering::SeqCst);
            mark.under_way.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Marks, Touched};
    use lignaflow_core::name::CollectionName;
    use lignaflow_core::{Id, OrganizationId};

    #[test]
    fn a_mark_moves_with_each_commit_and_says_nothing_during_one() {
        let marks = Marks::default();
        let organization = OrganizationId(Id::from_parts(0, [1; 10]));
        let names: Vec<CollectionName> = vec!["shop/orders".parse().unwrap(), "shop/customers".parse().unwrap()];
        let mut touched = Touched::default();
        touched.collection(organization, &names[1]);
        let before = marks.stamp(organization, &names).unwrap();
        assert_eq!(marks.stamp(organization, &names), Some(before.clone()));
        marks.begin(&touched);
        assert_eq!(marks.stamp(organization, &names), None);
        assert!(marks.stamp(organization, &names[..1]).is_some());
        marks.end(&touched);
        assert_ne!(marks.stamp(organization, &names), Some(before.clone()));
        assert_eq!(marks.stamp(organization, &names[..1]), marks.stamp(organization, &names[..1]));
        let mut all = Touched::default();
        all.everything();
        let one = marks.stamp(organization, &names[..1]);
        marks.begin(&all);
        marks.end(&all);
        assert_ne!(marks.stamp(organization, &names[..1]), one);
    }
}
