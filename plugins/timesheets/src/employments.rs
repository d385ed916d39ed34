//! Who is paid: by which id the payroll knows each person.

use crate::findings::Findings;
use lignaflow_sdk::prelude::*;
use std::collections::BTreeMap;

/// People of one organization.
const MOST: usize = 5_000;

/// An employment is called by its person. The payroll's id has no space around it, so that no two are the same to the eye.
pub(crate) fn check(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    if let Some(user) = change.after.reference("user") {
        let name = people::person(user)?.map(|person| person.name).unwrap_or_default();
        findings.name(index, change, name);
    }
    let Some(id) = change.after.text("payroll_id") else { return Ok(()) };
    if id.trim().is_empty() {
        findings.add(index, "payroll_id", "required", "Say by which id the payroll knows the person.");
    }
    findings.set(index, change, "payroll_id", id.trim());
    Ok(())
}

/// The payroll's id of everybody who has one.
pub(crate) fn payroll_ids() -> Result<BTreeMap<Id, String>, Fault> {
    let asked = select("employments").as_plugin().columns(["id", "user", "payroll_id"]).sort("id");
    let found = records::find_all(asked, MOST)?.ok_or_else(|| {
        Fault::new(ErrorCode::Quota, format!("More than {MOST} employments are not looked at at once."))
    })?;
    Ok(found.iter().filter_map(|row| Some((row.reference("user")?, row.text("payroll_id")?.to_owned()))).collect())
}
