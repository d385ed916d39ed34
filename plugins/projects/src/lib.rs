//! Clients, projects and their tasks: the rules that a descriptor cannot say.
//!
//! | module | holds |
//! |---|---|
//! | [`clients`], [`tasks`] | what must hold of a client, and of a task among the others |
//! | [`dates`] | a due date is not before its start; dates moved by days |
//! | [`graph`] | circles among tasks, over as few of them as it takes |
//! | [`copy`], [`progress`] | the two routes |
//! | [`findings`] | the faults of a batch, all at once |

mod clients;
mod copy;
mod dates;
mod findings;
mod graph;
mod progress;
mod tasks;
#[cfg(test)]
mod tests;

use findings::Findings;
use lignaflow_sdk::prelude::*;

/// The plugin.
#[derive(Debug)]
pub struct Projects;

impl Plugin for Projects {
    fn before_save(changes: &[HookChange]) -> Result<Verdict, Fault> {
        let mut findings = Findings::default();
        for (index, change) in changes.iter().enumerate() {
            match change.collection.as_str() {
                "clients" => clients::check(index, change, &mut findings),
                "projects" => dates::check(index, change, &mut findings),
                _ => {}
            }
        }
        tasks::check(changes, &mut findings)?;
        findings.finish()
    }

    fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
        match request.route.as_str() {
            "copy" => copy::handle(request),
            "progress" => progress::handle(request),
            other => Err(Fault::not_found(format_args!("route `{other}`"))),
        }
    }
}

lignaflow_sdk::plugin!(Projects);
