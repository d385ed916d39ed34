//! Clients, projects, what these are made of, what they cost and what is claimed for them: the rules that a descriptor
//! cannot say.
//!
//! | module | holds |
//! |---|---|
//! | [`clients`], [`projects`], [`tasks`] | what must hold of a client, of a project, and of a task among the others |
//! | [`baselines`], [`costs`], [`claims`], [`comments`] | what must hold of these |
//! | [`bills`] | suppliers' bills, entered once and numbered line by line |
//! | [`closed`], [`within`], [`dates`], [`money`] | rules that several share |
//! | [`phases`] | those that a project begins with |
//! | [`budget`], [`alerts`] | how much of what there is is used; what is said of it |
//! | [`invoices`] | claims as a file |
//! | [`graph`] | circles among tasks, over as few of them as it takes |
//! | [`copy`], [`progress`] | a project made from another; how far one has come |
//! | [`schedule`] | tasks that are laid out over work days |
//! | [`findings`] | the faults of a batch, all at once |
//! | [`telling`] | what people are told of it |

mod alerts;
mod baselines;
mod bills;
mod budget;
mod claims;
mod clients;
mod closed;
mod comments;
mod copy;
mod costs;
mod dates;
mod findings;
mod graph;
mod invoices;
mod money;
mod phases;
mod progress;
mod projects;
mod schedule;
mod tasks;
mod telling;
#[cfg(test)]
mod tests;
mod within;

use findings::Findings;
use lignaflow_sdk::prelude::*;

/// The plugin.
#[derive(Debug)]
pub struct Projects;

impl Plugin for Projects {
    fn before_save(changes: &[HookChange]) -> Result<Verdict, Fault> {
        let mut findings = Findings::default();
        for (index, change) in changes.iter().enumerate() {
            check(index, change, &mut findings)?;
        }
        tasks::check(changes, &mut findings)?;
        bills::check(changes, &mut findings)?;
        claims::check_all(changes, &mut findings)?;
        phases::begin(changes, &mut findings.verdict)?;
        findings.verdict.also.extend(telling::of(changes)?);
        findings.finish()
    }

    fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
        match request.route.as_str() {
            "copy" => copy::handle(request),
            "schedule" => schedule::handle(request),
            "progress" => progress::handle(request),
            "budget" => budget::handle(request),
            "claim-costs" => claims::costs::handle(request),
            "claim-milestone" => claims::of_milestone(request),
            "invoices" => invoices::table(request),
            "sales-invoices" => invoices::handle(request),
            other => Err(Fault::not_found(format_args!("route `{other}`"))),
        }
    }

    fn run(call: &JobCall) -> Result<Slice, Fault> {
        match call.job.as_str() {
            "budget" => alerts::run(call),
            "phases" => phases::run(call),
            other => Err(Fault::not_found(format_args!("job `{other}`"))),
        }
    }
}

/// What must hold of one change by itself.
fn check(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    match change.collection.as_str() {
        "clients" => clients::check(index, change, findings),
        "contacts" => clients::check_email(index, change, findings),
        "sites" => clients::check_site(index, change, findings),
        "projects" => {
            dates::check(index, change, findings);
            alerts::check(index, change, findings);
            projects::check(index, change, findings)?;
        }
        "phases" => {
            dates::check(index, change, findings);
            closed::check(index, change, "phases", findings)?;
        }
        "locations" => closed::check(index, change, "locations", findings)?,
        "milestones" => {
            closed::check(index, change, "milestones", findings)?;
            within::check(index, change, &[("phase", "name")], findings);
            claims::stays_claimed(index, change, findings)?;
            match change.transition.as_deref() {
                Some("reach") => findings.verdict.set_field(index, "reached_on", context::caller()?.today()?),
                Some("reopen") => findings.verdict.set_field(index, "reached_on", None::<Date>),
                _ => {}
            }
        }
        "checklist" => closed::refuse(index, &change.related, "task.project.", "tasks", findings),
        "baselines" => baselines::check(index, change, findings)?,
        "costs" => costs::check(index, change, findings)?,
        "claims" => claims::check(index, change, findings)?,
        "comments" => comments::check(index, change, findings),
        "usage" => budget::check_usage(index, change, findings)?,
        _ => {}
    }
    Ok(())
}

lignaflow_sdk::plugin!(Projects);
