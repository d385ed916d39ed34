//! What is paid beside hours, such as travel and meals: of a day, in the week's sheet, so that it is attested, approved and
//! shut with the time of that week.

use crate::findings::Findings;
use crate::{beside, by_project, policy, weeks};
use lignaflow_sdk::prelude::*;

pub(crate) fn check(changes: &[HookChange], findings: &mut Findings) -> Result<(), Fault> {
    let mut locked: Option<Option<Date>> = None;
    for (index, change) in changes.iter().enumerate().filter(|(_, change)| change.collection == "allowances") {
        if beside::only_notes(change) {
            continue;
        }
        if let Some(message) = beside::paid(change) {
            findings.lock(index, "pay_run", message);
        }
        let until = if let Some(until) = locked {
            until
        } else {
            let (until, guard) = policy::locked_until()?;
            findings.verdict.also.extend(guard);
            *locked.insert(until)
        };
        for day in [change.before.date("local_date"), change.after.date("local_date")].into_iter().flatten() {
            policy::refuse_locked(until, index, day, findings);
        }
        by_project::refuse_as_it_was(index, change, findings)?;
        if change.kind == ChangeKind::Remove {
            continue;
        }
        let (Some(user), Some(day)) = (change.after.reference("user"), change.after.date("local_date")) else {
            continue;
        };
        if change.after.decimal("quantity").is_some_and(|quantity| quantity <= Decimal::ZERO) {
            findings.add(index, "quantity", "range", "Say how much: more than nothing.");
        }
        let sheet = weeks::place(index, change, user, day, findings)?;
        by_project::refuse_as_it_is_to_be(index, change, sheet, change.after.reference("project"), findings)?;
        if let (Some(name), Some(quantity)) = (change.related.text("kind.name"), change.after.decimal("quantity")) {
            let unit = change.related.text("kind.unit").unwrap_or_default();
            let label = format!("{name}, {} {unit}", quantity.normalize());
            findings.name(index, change, label.trim_end().to_owned());
        }
    }
    Ok(())
}
