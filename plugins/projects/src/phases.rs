//! The phases that a project begins with.

use lignaflow_sdk::prelude::*;
use std::collections::BTreeSet;

/// In their order. Whoever brings phases of their own with a project has these alone.
pub(crate) const DEFAULT: [&str; 5] = ["Planning", "Design", "Procurement", "Construction", "Handover"];
/// Between the places of two, so that others fit in.
const STEP: i64 = 10;
/// Projects made in one batch whose phases are made with them; those of more follow in the background.
const AT_ONCE: usize = 500;
/// Projects that one job is asked to give phases.
const PORTION: usize = 400;

pub(crate) fn begin(changes: &[HookChange], verdict: &mut Verdict) -> Result<(), Fault> {
    let inserted = |collection: &'static str| {
        changes.iter().filter(move |change| change.kind == ChangeKind::Insert && change.collection == collection)
    };
    let brought: BTreeSet<Id> = inserted("phases").filter_map(|phase| phase.after.reference("project")).collect();
    let bare: Vec<Id> = inserted("projects").map(|project| project.id).filter(|id| !brought.contains(id)).collect();
    if bare.len() <= AT_ONCE {
        for project in bare {
            verdict.also.extend(of(project)?);
        }
        return Ok(());
    }
    for some in bare.chunks(PORTION) {
        verdict.also.push(enqueue("phases").with(&some)?.into());
    }
    Ok(())
}

fn of(project: Id) -> Result<Vec<Mutation>, Fault> {
    (1..)
        .zip(DEFAULT)
        .map(|(place, name)| {
            let phase = insert("phases", context::new_id()?);
            Ok(phase.set("project", project).set("name", name).set("position", place * STEP).into())
        })
        .collect()
}

/// Gives projects that have none their phases.
pub(crate) fn run(call: &JobCall) -> Result<Slice, Fault> {
    let projects: Vec<Id> = call.json()?;
    let standing = records::find_all(
        select("phases").columns(["project"]).filter(field("project").within(&projects)),
        projects.len() * 100,
    )?;
    let Some(standing) = standing else { return Ok(Slice::default()) };
    let have: BTreeSet<Id> = standing.iter().filter_map(|phase| phase.reference("project")).collect();
    let mut writes = Vec::new();
    for project in projects.into_iter().filter(|project| !have.contains(project)) {
        if records::get("projects", project, &["id"])?.is_some() {
            writes.extend(of(project)?);
        }
    }
    Ok(Slice::default().with_writes(writes))
}
