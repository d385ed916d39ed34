//! Changes carried out, or rehearsed: all together where that goes well; where it does not, the rows at fault are told
//! apart and the others carried out without them.

use super::document::RowFault;
use super::slice::{Item, Pass};
use lignaflow_core::Fault;
use lignaflow_core::custom;
use lignaflow_core::descriptor::ChangeKind;
use lignaflow_core::error::ErrorCode;
use lignaflow_core::mutation::{Mutation, Origin};
use std::collections::BTreeSet;

/// Attempts at one slice. A slice that needs more is not told apart any further.
const MAX_ATTEMPTS: usize = 100;

/// What is done with rows at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Faulty {
    /// They end it, and nothing of the slice is kept.
    End,
    /// They are left out.
    LeaveOut,
}

#[derive(Debug, Default)]
pub(super) struct Carried {
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub faults: Vec<RowFault>,
    /// What ended it: nothing after it was tried.
    pub ended: Option<Fault>,
}

impl Pass<'_> {
    pub(super) async fn carry(&self, items: Vec<Item>, origin: Origin, faulty: Faulty, may_split: bool) -> Carried {
        let mut carried = Carried::default();
        let mut waiting = vec![items];
        let mut attempts = 0;
        while let Some(items) = waiting.pop() {
            if items.is_empty() {
                continue;
            }
            attempts += 1;
            let mutations = items.iter().map(|item| item.mutation.clone()).collect();
            let fault = match self.desk.records.write(self.desk.caller, origin, mutations).await {
                Ok(written) => {
                    carried.count(&items, &written.saved);
                    continue;
                }
                Err(fault) => fault,
            };
            if passes(fault.code) || attempts >= MAX_ATTEMPTS {
                carried.ended = Some(fault);
                return carried;
            }
            let placed = self.placed(&fault, &items);
            let bad: BTreeSet<u32> = placed.iter().map(|fault| fault.row).collect();
            if !bad.is_empty() {
                carried.faults.extend(placed);
                if faulty == Faulty::End {
                    carried.ended = Some(fault);
                    return carried;
                }
                waiting.push(items.into_iter().filter(|item| !bad.contains(&item.row)).collect());
            } else if items.len() == 1 {
                carried.faults.push(self.fault_of(items[0].row, None, fault.code.as_str(), &fault.message));
                if faulty == Faulty::End {
                    carried.ended = Some(fault);
                    return carried;
                }
            } else if faulty == Faulty::LeaveOut || (may_split && is_too_much(fault.code)) {
                // Which of them it is shows when they are fewer; the first half goes first.
                let mut first = items;
                let second = first.split_off(first.len() / 2);
                waiting.push(second);
                waiting.push(first);
            } else {
                carried.ended = Some(fault);
                return carried;
            }
        }
        carried
    }

    /// The faults of a write by row, where they name their places.
    pub(super) fn placed(&self, fault: &Fault, items: &[Item]) -> Vec<RowFault> {
        let row_fault = |issue: &lignaflow_core::Issue| {
            let mut parts = issue.path.strip_prefix('/')?.splitn(2, '/');
            let item = items.get(parts.next()?.parse::<usize>().ok()?)?;
            let field = parts.next().map(custom::field_at);
            Some(self.fault_of(item.row, field.as_deref(), &issue.code, &issue.message))
        };
        fault.issues.iter().filter_map(row_fault).collect()
    }
}

/// A fault that another time would not be there: of the database, of the machine, of the caller's rights as a whole.
fn passes(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::Unavailable
            | ErrorCode::PluginBusy
            | ErrorCode::Internal
            | ErrorCode::Quota
            | ErrorCode::RateLimited
            | ErrorCode::Timeout
    )
}

/// A plugin that ran out of something may do with fewer changes at once.
fn is_too_much(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::PluginCpu | ErrorCode::PluginTimeout | ErrorCode::PluginOutOfMemory | ErrorCode::PluginExhausted
    )
}

impl Carried {
    fn count(&mut self, items: &[Item], saved: &[crate::Saved]) {
        for (item, saved) in items.iter().zip(saved) {
            let expected = match &item.mutation {
                Mutation::Update { expected, .. } => *expected,
                _ => None,
            };
            if saved.kind == ChangeKind::Insert {
                self.created += 1;
            } else if expected == Some(saved.record.version) {
                self.unchanged += 1;
            } else {
                self.updated += 1;
            }
        }
    }
}
