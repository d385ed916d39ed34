//! Baselines are what was agreed: they are added, and stay as they are.

use crate::findings::Findings;
use crate::{closed, money};
use lignaflow_sdk::prelude::*;

pub(crate) fn check(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    if change.kind != ChangeKind::Insert {
        let message = "A baseline stays as it was agreed: add one for what has changed.";
        findings.lock(index, "title", message.to_owned());
        return Ok(());
    }
    money::one_currency(index, &change.after, &["labour_cost", "material_cost", "sell"], findings);
    closed::check(index, change, "baselines", findings)
}
