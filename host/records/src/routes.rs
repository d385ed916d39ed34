//! Plugins' routes: the guest reads and answers, the host carries its writes out and makes the reply from what stands
//! after the commit.

use crate::answers;
use crate::repeat::{Once, Repeating};
use crate::services::Reach;
use crate::write::{Attempt, Work, Written, asked};
use crate::{MAX_ATTEMPTS, Records};
use lignaflow_core::background::Background;
use lignaflow_core::bind::Binder;
use lignaflow_core::caller::{Access, Caller};
use lignaflow_core::catalog::Schema;
use lignaflow_core::commit::{Commit, Refusal};
use lignaflow_core::descriptor::Route;
use lignaflow_core::guest::{CallFault, Guest as _, Payload, RouteRequest};
use lignaflow_core::mutation::Origin;
use lignaflow_core::name::{CollectionName, PluginId};
use lignaflow_core::query::{Authority, Page};
use lignaflow_core::reckoning::Reckoning;
use lignaflow_core::record::Record;
use lignaflow_core::repeat::Answer;
use lignaflow_core::{Fault, Id};
use lignaflow_runtime::Snapshot;
use std::sync::Arc;

/// How answers are made of what routes come to.
pub struct Composing<'a> {
    /// The answer with a body, or why the plugin may not give it.
    pub answer: &'a (dyn Fn(u16, RouteBody) -> Result<Answer, Fault> + Send + Sync),
    /// The answer with a record.
    pub record: fn(u16, &Schema, &Record) -> Answer,
    /// The key of the request, if it has one.
    pub once: Option<&'a Once>,
}

impl std::fmt::Debug for Composing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Composing").field("once", &self.once).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone)]
pub enum RouteBody {
    Empty,
    Json(String),
    /// The address of a link, as JSON.
    Link(String),
    Record(Arc<Schema>, Box<Record>),
    Page(Page),
    Bytes {
        content_type: String,
        bytes: Vec<u8>,
    },
    /// A file, by its id.
    Media(Id),
}

impl Records {
    /// Calls a route. The host has matched it, checked its permission, and validated parameters and body.
    pub async fn route(
        &self,
        caller: &Caller,
        plugin: &PluginId,
        route: &Route,
        request: RouteRequest,
        composing: &Composing<'_>,
    ) -> Result<Answer, Fault> {
        // Who comes by a link has no rights of their own: what the route reads and writes is the plugin's.
        let access = match caller.link() {
            Some(_) => Access::of_plugin(caller.organization),
            None if route.method.writes() => caller.to_write()?,
            None => caller.to_read()?,
        };
        for attempt in 0..MAX_ATTEMPTS {
            let snapshot = self.registry.current_of(caller.organization);
            let Some(guest) = snapshot.plugins.get(plugin).filter(|_| snapshot.is_enabled(caller.organization, plugin))
            else {
                return Err(Fault::not_found(format_args!("plugin `{plugin}`")));
            };
            let reach = if route.method.writes() { Reach::writing() } else { Reach::reading() };
            let reads = self.reads_of(&snapshot, caller, plugin, reach);
            let called = guest.handle(reads.clone(), request.clone()).await;
            let reply = called.map_err(|fault| answers::of_call(fault, plugin))?;
            if !(200..=299).contains(&reply.status) {
                let what = format!("status {}: faults are told as errors, not as statuses", reply.status);
                return Err(answers::of_call(CallFault::BadAnswer(what), plugin));
            }
            if !reply.writes.is_empty() && !route.method.writes() {
                let what = "a GET returned writes".to_owned();
                return Err(answers::of_call(CallFault::BadAnswer(what), plugin));
            }
            let status = reply.status;
            let (payload, ready) = match reply.payload {
                Payload::Link(id) => {
                    let told = Box::pin(self.told_link(caller, plugin, id, &reply.writes)).await?;
                    (Payload::Empty, Some((composing.answer)(status, RouteBody::Link(told))?))
                }
                other => ready(other, status, composing)?,
            };
            let mut written = Written::default();
            let taken = reads.taken()?;
            if !reply.writes.is_empty() || !taken.joined.is_empty() || composing.once.is_some() {
                let items = asked(plugin, taken.joined, reply.writes);
                let work = Work {
                    caller,
                    access,
                    origin: Origin::Route,
                    through: Some(plugin),
                    items,
                    issues: Vec::new(),
                    reads: taken.reads,
                    settings: taken.settings,
                    files: taken.files,
                    repeat: composing
                        .once
                        .map(|once| keeping(once, plugin, &payload, ready.as_ref(), status, composing.record)),
                    background: Background::default(),
                };
                match Box::pin(self.attempt(&snapshot, work, attempt)).await? {
                    Attempt::Done(done) => written = done,
                    Attempt::Again | Attempt::Overtaken => continue,
                }
            }
            if let Some(ready) = ready {
                return Ok(ready);
            }
            let body = Box::pin(self.body(&snapshot, caller, plugin, payload, written)).await?;
            return (composing.answer)(status, body);
        }
        let commit = Commit::empty(access.unbound(), caller, Origin::Route, self.clock.now());
        Err(answers::of_refusal(&Refusal::Changed, &commit, &[]))
    }

    async fn body(
        &self,
        snapshot: &Snapshot,
        caller: &Caller,
        plugin: &PluginId,
        payload: Payload,
        written: Written,
    ) -> Result<RouteBody, Fault> {
        let bad = |what: String| answers::of_call(CallFault::BadAnswer(what), plugin);
        let seen = snapshot.catalog.seen_by(caller);
        let access = |authority| match authority {
            Authority::Caller => Ok((&seen, caller.to_read()?)),
            Authority::Plugin => Ok::<_, Fault>((&snapshot.catalog, Access::of_plugin(caller.organization))),
        };
        let readable = |collection: &str| -> Result<(), Fault> {
            let name = CollectionName::within(plugin, collection).map_err(|error| bad(error.to_string()))?;
            let granted = snapshot.plugins.get(plugin).is_some_and(|guest| guest.grants().reads(plugin, &name));
            if granted { Ok(()) } else { Err(answers::of_call(CallFault::NotGranted(format!("read {name}")), plugin)) }
        };
        Ok(match payload {
            Payload::Empty | Payload::Json(_) | Payload::Bytes(..) | Payload::Media(_) | Payload::Link(_) => {
                RouteBody::Empty
            }
            Payload::Saved(collection, id) => {
                readable(&collection)?;
                let schema = Binder { catalog: &seen, home: Some(plugin) }.collection(&collection)?.clone();
                let saved = written.saved.into_iter().find(|s| s.record.id == id && s.schema.name == schema.name);
                let record = match saved {
                    Some(saved) => saved.record,
                    None => self.get(caller.to_read()?, &schema, id).await?,
                };
                RouteBody::Record(schema, Box::new(record))
            }
            Payload::Found(selection) => {
                readable(&selection.collection)?;
                let (catalog, access) = access(selection.authority)?;
                let bound = Binder { catalog, home: Some(plugin) }.selection(&selection).map_err(|f| bad(f.message))?;
                RouteBody::Page(self.store.find(access, &bound).await.map_err(answers::of_store)?)
            }
            Payload::Summarized(summary) => {
                readable(&summary.collection)?;
                let (catalog, access) = access(summary.authority)?;
                let bound = Binder { catalog, home: Some(plugin) }
                    .summary(&summary, &Reckoning::of(caller))
                    .map_err(|fault| bad(fault.message))?;
                RouteBody::Page(self.store.summarize(access, &bound).await.map_err(answers::of_store)?)
            }
        })
    }
}

/// The answer of a payload that needs nothing of the commit. What the plugin may not answer is found out here, before
/// anything is written.
fn ready(payload: Payload, status: u16, composing: &Composing<'_>) -> Result<(Payload, Option<Answer>), Fault> {
    let body = match payload {
        Payload::Empty => RouteBody::Empty,
        Payload::Json(text) => RouteBody::Json(text),
        Payload::Bytes(content_type, bytes) => RouteBody::Bytes { content_type, bytes },
        Payload::Media(id) => RouteBody::Media(id),
        other => return Ok((other, None)),
    };
    Ok((Payload::Empty, Some((composing.answer)(status, body)?)))
}

/// How the answer is kept with the writes: as it is ready, or with the record that they leave.
fn keeping(
    once: &Once,
    plugin: &PluginId,
    payload: &Payload,
    ready: Option<&Answer>,
    status: u16,
    record: fn(u16, &Schema, &Record) -> Answer,
) -> Repeating {
    let ready = ready.cloned();
    let wanted = match payload {
        Payload::Saved(collection, id) => CollectionName::within(plugin, collection).ok().map(|name| (name, *id)),
        _ => None,
    };
    once.answering(move |written| {
        if ready.is_some() {
            return ready.clone();
        }
        let (name, id) = wanted.as_ref()?;
        let saved = written.saved.iter().find(|saved| saved.record.id == *id && saved.schema.name == *name)?;
        Some(record(status, &saved.schema, &saved.record))
    })
}
