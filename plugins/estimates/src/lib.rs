//! Estimates: a catalogue, revisions priced line by line, the documents that clients are given, and their answers.
//!
//! | module | holds |
//! |---|---|
//! | [`pricing`] | money that foots, as plain functions of whole numbers |
//! | [`sheet`] | a revision with its parts, and what it comes to |
//! | [`hook`], [`findings`] | what must hold of a batch and what follows from it; its faults, all at once |
//! | [`document`], [`digest`] | the client's document, sealed by its hash |
//! | [`issuing`], [`answering`] | making the document; what follows when it is seen, answered, or no longer stands |
//! | [`offer`], [`wording`] | the document as a client reads it, on their page and on paper |
//! | [`client`], [`sending`], [`paper`] | the page of a link and its answers; links and letters; PDFs |
//! | [`converting`], [`plan`], [`bringing`] | what was accepted becomes a project, with its tasks; estimates of before, with their own dates |
//! | [`assemblies`], [`repricing`], [`prices`] | items within each other; costs across the catalogue; prices from a day on |
//! | [`editing`], [`showing`] | the routes of the editor, and what they show |

mod answering;
mod assemblies;
mod bringing;
mod client;
mod converting;
mod document;
mod editing;
mod findings;
mod hook;
mod issuing;
mod offer;
mod paper;
mod plan;
mod prices;
mod pricing;
mod repricing;
mod sending;
mod sheet;
mod showing;
#[cfg(test)]
mod tests;
mod wording;

use lignaflow_sdk::prelude::*;

/// The plugin.
#[derive(Debug)]
pub struct Estimates;

impl Plugin for Estimates {
    fn before_save(changes: &[HookChange]) -> Result<Verdict, Fault> {
        hook::before_save(changes)
    }

    fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
        match request.route.as_str() {
            "begin" => editing::begin(request),
            "revise" => editing::revise(request),
            "copy" => editing::copy(request),
            "copy-section" => editing::copy_section(request),
            "as-it-was" => bringing::as_it_was(request),
            "copy-line" => editing::copy_line(request),
            "take" => editing::take(request),
            "set-total" => editing::set_total(request),
            "totals" => showing::totals(request),
            "document" => showing::document(request),
            "send" => sending::send(request),
            "withdraw-link" => sending::withdraw(request),
            "client" => client::sheet(request),
            "client-seen" => client::seen(request),
            "client-accept" => client::accept(request),
            "record-acceptance" => client::record(request),
            "client-decline" => client::decline(request),
            "client-ask" => client::ask(request),
            "reprice" => repricing::reprice(request),
            "repriced" => repricing::repriced(request),
            other => Err(Fault::not_found(format_args!("route `{other}`"))),
        }
    }

    fn run(call: &JobCall) -> Result<Slice, Fault> {
        match call.job.as_str() {
            "prices" => prices::run(call),
            "expire" => answering::expire(),
            "convert" => converting::convert(call),
            "paper" => paper::make(call),
            other => Err(Fault::not_found(format_args!("job `{other}`"))),
        }
    }
}

lignaflow_sdk::plugin!(Estimates);
