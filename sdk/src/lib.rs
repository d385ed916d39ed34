//! What a LignaFlow plugin is written against.
//!
//! A plugin implements [`Plugin`] and names itself with [`plugin!`]. The host calls it before records of its collections
//! are saved, for the routes and jobs that its `plugin.toml` declares, and with the changes that it subscribes to. It reads through [`records`], and *returns* what it wants
//! written: it is a pure function of what it reads, which the host may call again when that has changed.
//!
//! ```
//! use lignaflow_sdk::prelude::*;
//!
//! struct Notes;
//!
//! impl Plugin for Notes {
//!     fn before_save(changes: &[HookChange]) -> Result<Verdict, Fault> {
//!         let issues: Vec<Issue> = changes
//!             .iter()
//!             .enumerate()
//!             .filter(|(_, change)| change.after.text("title").is_some_and(|title| title.ends_with('!')))
//!             .map(|(index, _)| change_issue(index, "title", "loud", "A title does not shout."))
//!             .collect();
//!         if issues.is_empty() { Ok(Verdict::default()) } else { Err(Fault::invalid(issues)) }
//!     }
//! }
//!
//! lignaflow_sdk::plugin!(Notes);
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`records`], [`people`], [`calendar`], [`context`], [`log`] | what the host answers while a call runs |
//! | [`media`], [`outbound`] | files that it reads and makes; other hosts, from jobs |
//! | [`settings`], [`services`] | what the organization filled in; what other plugins answer |
//! | [`select`], [`writes`], [`calls`] | questions, mutations and answers, as they are put together |
//! | [`post`] | notices, letters and links, which people are told |
//! | [`values`], [`date`] | fields by name and type; days and instants |
//! | [`testing`] | the host in memory, for tests that run natively |
//!
//! The capabilities are plain functions, so that a component imports exactly the interfaces whose functions it calls:
//! its imports are what an administrator is asked to grant.

// The contract's generated names begin at the crate's own, in its tests as in a plugin.
extern crate self as lignaflow_sdk;

pub mod calendar;
pub mod calls;
pub mod context;
pub mod date;
pub mod log;
pub mod media;
pub mod outbound;
pub mod people;
pub mod post;
pub mod records;
pub mod select;
pub mod services;
pub mod settings;
pub mod values;
pub mod writes;

#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

#[cfg(any(target_arch = "wasm32", test))]
#[doc(hidden)]
pub mod bindings;
#[cfg(any(target_arch = "wasm32", test))]
mod wire;

pub use date::{Date, Instant};
pub use lignaflow_core::clock::Micros;
pub use lignaflow_core::descriptor::ChangeKind;
pub use lignaflow_core::guest::{
    Event, EventKind, FormerRecord, HookChange, JobCall, Payload, Portion, Resume, RouteReply, RouteRequest,
    ServiceAnswer, ServiceCall, Slice, Verdict,
};
pub use lignaflow_core::mutation::{Document, Enqueue, Fields, Mutation, Origin};
pub use lignaflow_core::query::{
    Authority, Bucket, GroupKey, Metric, MetricKind, Operator, Page, Predicate, Selection, SortKey, Summary,
};
pub use lignaflow_core::reads::Person;
pub use lignaflow_core::{Currency, Decimal, ErrorCode, Fault, Id, Issue, Money, Value, value};

/// What is worth having by name in every file of a plugin.
pub mod prelude {
    pub use crate::calls::{
        BuildReply, BuildSlice, BuildVerdict, ReadJob, ReadRequest, change_issue, change_path, reply,
    };
    pub use crate::outbound::ReadResponse;
    pub use crate::post::{mail, notify, open_link, supersede_link, withdraw_link};
    pub use crate::select::{
        all, any, average, count, count_distinct, exists, field, maximum, minimum, not, search, select, sum, summarize,
    };
    pub use crate::services::{BuildAnswer, ReadService};
    pub use crate::values::{IntoValue, ReadFields, Rows};
    pub use crate::writes::{enqueue, ensure_none, ensure_some, insert, remove, render, restore, transition, update};
    pub use crate::{
        Bucket, ChangeKind, Currency, Date, Decimal, ErrorCode, Event, EventKind, Fault, Fields, HookChange, Id,
        Instant, Issue, JobCall, Money, Mutation, Operator, Page, Plugin, Portion, Predicate, RouteReply, RouteRequest,
        Selection, ServiceAnswer, ServiceCall, Slice, Summary, Value, Verdict, calendar, context, log, media, outbound,
        people, records, services, settings,
    };
}

/// A plugin's code. Each function has an answer for plugins that have no use for it.
pub trait Plugin {
    /// Called once a batch, before the transaction, with all changes to collections that have a `hook`. An error refuses
    /// the whole batch; its issues' paths begin with the position of the change that they are about ([`calls::change_issue`]).
    fn before_save(changes: &[HookChange]) -> Result<Verdict, Fault> {
        let _ = changes;
        Ok(Verdict::default())
    }

    /// Called for each route that `plugin.toml` declares; `request.route` is its name.
    fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
        Err(Fault::not_found(format_args!("code for the route `{}`", request.route)))
    }

    /// Called for one slice of a job that `plugin.toml` declares; `call.job` is its name. There is no caller: all reads
    /// are made with the plugin's rights. The writes and where it goes on are kept together.
    fn run(call: &JobCall) -> Result<Slice, Fault> {
        Err(Fault::not_found(format_args!("code for the job `{}`", call.job)))
    }

    /// Called with committed changes that `plugin.toml` subscribes to, in the order of their commits. What it returns is
    /// kept together with how far it was told, so that each change takes effect once.
    fn receive(events: &[Event]) -> Result<Vec<Mutation>, Fault> {
        let _ = events;
        Ok(Vec::new())
    }

    /// Called by other plugins for the services that `plugin.toml` declares, under the principal of their call. What it
    /// returns joins what they return.
    fn invoke(call: &ServiceCall) -> Result<ServiceAnswer, Fault> {
        Err(Fault::not_found(format_args!("code for the service `{}.{}`", call.service, call.method)))
    }

    /// Called where `plugin.toml` declares `[migration]`, before this version takes the place of one that it carries
    /// records over from, with some of these at a time. What it returns touches the plugin's own collections alone and
    /// calls no hook. A record that somebody changes meanwhile comes again.
    fn migrate(portion: &Portion) -> Result<Vec<Mutation>, Fault> {
        Err(Fault::not_found(format_args!("code that carries `{}` over", portion.collection)))
    }
}

#[cfg(any(target_arch = "wasm32", test))]
#[doc(hidden)]
pub use wire::Component as __Component;

/// Makes a type the plugin of this component: `lignaflow_sdk::plugin!(Projects);`, once, at the crate's root.
#[macro_export]
macro_rules! plugin {
    ($plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        type LignaflowComponent = $crate::__Component<$plugin>;
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::__export_plugin!(LignaflowComponent with_types_in $crate::bindings);

        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            const fn is_a_plugin<P: $crate::Plugin>() {}
            is_a_plugin::<$plugin>();
        };
    };
}
