//! Rights: whether the access rules hold that bind whoever asked for the changes, of the records as they were and as
//! they are to be. Only those that look at other records are asked here, since these may have changed since the plan.

use crate::database::{Tx, build};
use crate::read;
use lignaflow_core::Id;
use lignaflow_core::commit::{Commit, Moment, Refusal};
use std::collections::HashSet;

pub(super) async fn check(tx: &mut Tx, commit: &Commit, moment: Moment) -> Result<(), Refusal> {
    for right in commit.rights.iter().filter(|right| right.moment == moment) {
        let ids: Vec<Id> = right.of.iter().map(|(id, _)| *id).collect();
        let mut holding = HashSet::with_capacity(ids.len());
        for ids in ids.chunks(super::MAX_VALUES / 2) {
            let select = read::holding(tx.dialect(), commit.access, &right.schema, ids, &right.rule, true)?;
            for row in tx.fetch_all(build(tx.dialect(), &select)).await? {
                holding.insert(row.id(0)?);
            }
        }
        if let Some((_, refusal)) = right.of.iter().find(|(id, _)| !holding.contains(id)) {
            return Err(refusal.clone());
        }
    }
    Ok(())
}
