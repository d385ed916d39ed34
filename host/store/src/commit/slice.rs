//! What a migration writes, and the place that it has come to, in one transaction: whatever happens, a portion is carried
//! over once.

use super::{Failure, Grouping, carry_out, turns};
use crate::Store;
use crate::database::Dialect;
use crate::plugins::migrations::{Step, advance};
use lignaflow_core::commit::{Commit, Refusal};
use std::sync::Arc;

impl Store {
    /// Commits what a step of a migration writes, unless another host goes on with it or has gone on from that place:
    /// then false.
    pub async fn commit_step(&self, commit: Commit, step: Step) -> Result<bool, Refusal> {
        let turns = match self.dialect() {
            Dialect::Postgres => turns::of(&commit),
            Dialect::Sqlite => Vec::new(),
        };
        let organization = commit.access.organization();
        let (commit, step) = (Arc::new(commit), Arc::new(step));
        for grouping in [Grouping::Together, Grouping::OneByOne] {
            let (commit, step) = (Arc::clone(&commit), Arc::clone(&step));
            let done: Result<bool, Failure> = self
                .database()
                .write_in_turn(turns.clone(), move |tx| {
                    Box::pin(async move {
                        // First, so that two hosts at one place wait here for each other.
                        if !advance(tx, organization, &step).await? {
                            return Ok(false);
                        }
                        if !commit.changes.is_empty() || !commit.guards.is_empty() {
                            carry_out(tx, &commit, grouping).await?;
                        }
                        Ok(true)
                    })
                })
                .await;
            match done {
                Ok(done) => {
                    self.signal().raise(organization);
                    return Ok(done);
                }
                Err(Failure::Refused(refusal)) => return Err(refusal),
                Err(Failure::OneOfSeveral) => {}
            }
        }
        Err(Refusal::Broken)
    }
}
