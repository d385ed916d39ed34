//! Whether the settings that a commit rests on still stand.

use crate::database::Tx;
use crate::settings::version_of;
use lignaflow_core::commit::{Commit, Refusal};

pub(super) async fn check(tx: &mut Tx, commit: &Commit) -> Result<(), Refusal> {
    for read in &commit.settings {
        if version_of(&mut *tx, commit.access.organization(), &read.plugin).await? != read.version {
            return Err(Refusal::Changed);
        }
    }
    Ok(())
}
