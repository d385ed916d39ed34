//! Changes on their way to a before-save hook, and its verdict on them.

use super::mutation::mutations;
use super::value::{fields_from, fields_to};
use super::{Checked, Malformed};
use crate::contract::exports::lignaflow::plugin::hooks as wire;
use lignaflow_core::descriptor::ChangeKind;
use lignaflow_core::guest::{HookChange, Verdict};
use lignaflow_core::mutation::Origin;

pub(crate) fn changes(changes: Vec<HookChange>) -> Vec<wire::Change> {
    changes.into_iter().map(change).collect()
}

fn change(change: HookChange) -> wire::Change {
    wire::Change {
        collection: change.collection,
        kind: match change.kind {
            ChangeKind::Insert => wire::ChangeKind::Insert,
            ChangeKind::Update => wire::ChangeKind::Update,
            ChangeKind::Remove => wire::ChangeKind::Remove,
        },
        id: change.id.to_string(),
        transition: change.transition,
        origin: match change.origin {
            // To a plugin it is a change like any other that a client makes.
            Origin::Api | Origin::Restore | Origin::Migration => wire::Origin::Api,
            Origin::Page => wire::Origin::Page,
            Origin::Batch | Origin::Import(_) | Origin::Undo(_) | Origin::Rehearsal(_) => wire::Origin::Batch,
            Origin::Route => wire::Origin::Route,
            Origin::Job => wire::Origin::Job,
            Origin::Subscriber => wire::Origin::Subscriber,
            Origin::Service => wire::Origin::Service,
        },
        before: fields_to(change.before),
        after: fields_to(change.after),
        related: fields_to(change.related),
    }
}

/// The verdict on so many changes.
pub(crate) fn verdict(verdict: wire::Verdict, changes: usize) -> Checked<Verdict> {
    let mut set = Vec::with_capacity(verdict.set.len().min(changes));
    for (index, entries) in verdict.set {
        let place = format!("/set/{index}");
        if usize::try_from(index).map_or(true, |index| index >= changes) {
            return Err(Malformed::new(place, format!("there are {changes} changes")));
        }
        set.push((index, fields_from(entries).map_err(|fault| fault.under(&place))?));
    }
    Ok(Verdict { set, also: mutations(verdict.also, "also")? })
}
