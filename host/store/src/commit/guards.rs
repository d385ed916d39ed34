//! Guards, asked last: whether something matches, or nothing, with every row of the commit in place. They see all
//! records of the organization, and hold since writers that could break them wait for their turn.

use crate::database::Tx;
use crate::read;
use lignaflow_core::commit::{Commit, Refusal};

pub(super) async fn check(tx: &mut Tx, commit: &Commit) -> Result<(), Refusal> {
    for (index, guard) in commit.guards.iter().enumerate() {
        let statement = read::any(tx.dialect(), commit.access, &guard.schema, &guard.filter, guard.archived)?;
        if tx.fetch_one(statement).await?.bool(0)? != guard.wants {
            return Err(Refusal::Guard { index });
        }
    }
    Ok(())
}
