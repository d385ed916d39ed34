//! Plugins' routes: the guest reads and answers, the host carries its writes out and makes the reply from what stands
//! after the commit.

use crate::answers;
use crate::plan::Item;
use crate::reads::GuestReads;
use crate::write::{Attempt, Written};
use crate::{MAX_ATTEMPTS, Records};
use lignaflow_core::bind::Binder;
use lignaflow_core::caller::{Access, Caller};
use lignaflow_core::catalog::Schema;
use lignaflow_core::commit::{Commit, Refusal};
use lignaflow_core::descriptor::Route;
use lignaflow_core::guest::{CallFault, Guest as _, Payload, RouteRequest};
use lignaflow_core::mutation::Origin;
use lignaflow_core::name::{CollectionName, PluginId};
use lignaflow_core::query::{Authority, Page};
use lignaflow_core::record::Record;
use lignaflow_core::{Fault, catalog::Catalog};
use lignaflow_runtime::Snapshot;
use std::sync::Arc;

/// What a route came to.
#[derive(Debug, Clone)]
pub struct RouteAnswer {
    pub status: u16,
    pub body: RouteBody,
}

#[derive(Debug, Clone)]
pub enum RouteBody {
    Empty,
    Json(String),
    Record(Arc<Schema>, Box<Record>),
    Page(Page),
    Bytes { content_type: String, bytes: Vec<u8> },
}

impl Records {
    /// Calls a route. The host has matched it, checked its permission, and validated parameters and body.
    pub async fn route(
        &self,
        caller: &Caller,
        plugin: &PluginId,
        route: &Route,
        request: RouteRequest,
    ) -> Result<RouteAnswer, Fault> {
        let access = if route.method.writes() { caller.to_write()? } else { caller.to_read()? };
        for attempt in 0..MAX_ATTEMPTS {
            let snapshot = self.registry.current();
            let Some(guest) = snapshot.plugins.get(plugin).filter(|_| snapshot.is_enabled(caller.organization, plugin))
            else {
                return Err(Fault::not_found(format_args!("plugin `{plugin}`")));
            };
            let reads = Arc::new(GuestReads::new(
                self.store.clone(),
                self.directory.clone(),
                snapshot.catalog.clone(),
                caller.clone(),
                plugin.clone(),
            ));
            let called = guest.handle(reads.clone(), request.clone()).await;
            let reply = called.map_err(|fault| answers::of_call(fault, plugin))?;
            if !(200..=299).contains(&reply.status) {
                let what = format!("status {}: faults are told as errors, not as statuses", reply.status);
                return Err(answers::of_call(CallFault::BadAnswer(what), plugin));
            }
            let mut written = Written::default();
            if !reply.writes.is_empty() {
                if !route.method.writes() {
                    let what = "a GET returned writes".to_owned();
                    return Err(answers::of_call(CallFault::BadAnswer(what), plugin));
                }
                let items = reply
                    .writes
                    .into_iter()
                    .enumerate()
                    .map(|(index, mutation)| Item {
                        mutation,
                        prefix: format!("/writes/{index}"),
                        by: Some(plugin.clone()),
                    })
                    .collect();
                let checks = reads.taken()?;
                let origin = Origin::Route;
                match self.attempt(&snapshot, caller, access, origin, Some(plugin), items, checks, attempt).await? {
                    Attempt::Done(done) => written = done,
                    Attempt::Again => continue,
                }
            }
            let body = self.body(&snapshot, caller, plugin, reply.payload, written).await?;
            return Ok(RouteAnswer { status: reply.status, body });
        }
        let commit = Commit::empty(access, caller, Origin::Route, self.clock.now());
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
        let catalog: &Catalog = &snapshot.catalog;
        let access = |authority| match authority {
            Authority::Caller => caller.to_read(),
            Authority::Plugin => Ok(Access::of_plugin(caller.organization)),
        };
        let readable = |collection: &str| -> Result<(), Fault> {
            let name = CollectionName::within(plugin, collection).map_err(|error| bad(error.to_string()))?;
            let granted = snapshot.plugins.get(plugin).is_some_and(|guest| guest.grants().reads(plugin, &name));
            if granted { Ok(()) } else { Err(answers::of_call(CallFault::NotGranted(format!("read {name}")), plugin)) }
        };
        Ok(match payload {
            Payload::Empty => RouteBody::Empty,
            Payload::Json(text) => RouteBody::Json(text),
            Payload::Bytes(content_type, bytes) => RouteBody::Bytes { content_type, bytes },
            Payload::Saved(collection, id) => {
                readable(&collection)?;
                let schema = Binder { catalog, home: Some(plugin) }.collection(&collection)?.clone();
                let saved = written.saved.into_iter().find(|s| s.record.id == id && s.schema.name == schema.name);
                let record = match saved {
                    Some(saved) => saved.record,
                    None => self.get(caller.to_read()?, &schema, id).await?,
                };
                RouteBody::Record(schema, Box::new(record))
            }
            Payload::Found(selection) => {
                readable(&selection.collection)?;
                let bound = Binder { catalog, home: Some(plugin) }.selection(&selection).map_err(|f| bad(f.message))?;
                let access = access(selection.authority)?;
                RouteBody::Page(self.store.find(access, &bound).await.map_err(answers::of_store)?)
            }
            Payload::Summarized(summary) => {
                readable(&summary.collection)?;
                let bound = Binder { catalog, home: Some(plugin) }
                    .summary(&summary, caller.calendar)
                    .map_err(|fault| bad(fault.message))?;
                let access = access(summary.authority)?;
                RouteBody::Page(self.store.summarize(access, &bound).await.map_err(answers::of_store)?)
            }
        })
    }
}
