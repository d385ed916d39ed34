//! Time on projects: timers and weeks, approval, rates, pay and billing. The rules that a descriptor cannot say.
//!
//! | module | holds |
//! |---|---|
//! | [`typed`] | time as people write it and as it is shown |
//! | [`place`], [`weeks`] | zones, days and lengths; weeks and the sheet of each |
//! | [`entries`], [`overlap`] | what must hold of time; that nobody works twice at once |
//! | [`shifts`] | attendance, which follows the timer |
//! | [`crews`] | who leads whose time, and what goes along with who moves |
//! | [`timer`], [`week`], [`team`], [`crew`] | the routes of the timer, of one's week, of the team's, and of many people at once |
//! | [`sheets`], [`freezing`], [`rates`] | weeks on their way, and what is frozen when they are approved |
//! | [`lines`], [`by_project`] | the same line by line, where each project's manager approves: where lines can go; the records of it |
//! | [`deciding`], [`review`] | who decides about a line, and what waits for them |
//! | [`stand_ins`] | who approves in the place of somebody who is away |
//! | [`runs`], [`run_files`], [`claims`] | approved time on its way out; as files; what a run claims from clients |
//! | [`bands`] | what a pay run pays time as |
//! | [`beside`], [`employments`] | what a pay run takes beside hours; by which id the payroll knows each person |
//! | [`corrections`] | of what is out already |
//! | [`usage`] | what hours come to, told to the plugin that keeps projects |
//! | [`absence`], [`allowances`] | leave, and what a week is expected to be; what is paid beside hours |
//! | [`remind`] | what people are reminded of |
//! | [`policy`], [`rounding`], [`days`] | what the organization has settled; billable time; that of a day, shared out |
//! | [`findings`] | the faults of a batch, all at once |

mod absence;
mod allowances;
mod bands;
mod beside;
mod by_project;
mod claims;
mod corrections;
mod crew;
mod crews;
mod days;
mod deciding;
mod employments;
mod entries;
mod findings;
mod freezing;
mod lines;
mod overlap;
mod place;
mod planned;
mod policy;
mod rates;
mod remind;
mod review;
mod rounding;
mod run_files;
mod runs;
mod sheets;
mod shifts;
mod stand_ins;
mod team;
#[cfg(test)]
mod tests;
mod timer;
mod typed;
mod usage;
mod week;
mod weeks;

use findings::Findings;
use lignaflow_sdk::prelude::*;
use runs::Kind;

/// The plugin.
#[derive(Debug)]
pub struct Timesheets;

impl Plugin for Timesheets {
    fn before_save(changes: &[HookChange]) -> Result<Verdict, Fault> {
        let mut findings = Findings::default();
        // First who is in which crew, since what is made beside it carries that.
        crews::check(changes, &mut findings)?;
        entries::check(changes, &mut findings)?;
        allowances::check(changes, &mut findings)?;
        sheets::check(changes, &mut findings)?;
        by_project::check(changes, &mut findings)?;
        for (index, change) in changes.iter().enumerate() {
            match change.collection.as_str() {
                "shifts" => shifts::check(index, change, &mut findings)?,
                "periods" => policy::check_period(index, change, &mut findings),
                "rates" => rates::check(index, change, &mut findings)?,
                "leave" => absence::check_leave(index, change, &mut findings)?,
                "work-patterns" => absence::check_pattern(index, change, &mut findings)?,
                "employments" => employments::check(index, change, &mut findings)?,
                "pay-rules" => bands::check_rule(index, change, &mut findings),
                "stand-ins" => stand_ins::check(index, change, &mut findings)?,
                "pay-runs" | "billing-runs" => runs::check(change)?,
                _ => {}
            }
        }
        findings.finish()
    }

    fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
        match request.route.as_str() {
            "timer" => timer::state(),
            "start-timer" => timer::start(request),
            "stop-timer" => timer::stop(request),
            "week" => week::show(request),
            "set-week" => week::set(request),
            "copy-week" => week::copy(request),
            "fill-week" => planned::fill(request),
            "submit-week" => week::submit(request),
            "team" => team::show(request),
            "approve-sheets" | "approve-in-place" => team::approve(request),
            "return-sheet" | "return-in-place" => team::give_back(request),
            "stand-in" => stand_ins::show(request),
            "project-lines" => review::show(request),
            "approve-lines" => review::approve(request),
            "return-line" => review::give_back(request),
            "enter-crew" => crew::enter(request),
            "dispute" => crew::dispute(request),
            "make-pay-run" => runs::make(Kind::Pay, request),
            "make-billing-run" => runs::make(Kind::Billing, request),
            "cancel-pay-run" => runs::cancel(Kind::Pay, request),
            "cancel-billing-run" => runs::cancel(Kind::Billing, request),
            "pay-file" => run_files::file(Kind::Pay, request),
            "billing-file" => run_files::file(Kind::Billing, request),
            "correct" => corrections::correct(request),
            other => Err(Fault::not_found(format_args!("route `{other}`"))),
        }
    }

    fn receive(events: &[Event]) -> Result<Vec<Mutation>, Fault> {
        claims::cancelled(events)
    }

    fn run(call: &JobCall) -> Result<Slice, Fault> {
        match call.job.as_str() {
            "usage" => usage::tell(call),
            "reckon" => usage::reckon(),
            _ => remind::run(call),
        }
    }
}

lignaflow_sdk::plugin!(Timesheets);
