//! What guest code reads while it runs, in one organization, remembered so that the commit can re-check it.

use crate::made::Outside;
use crate::services::{Reach, Taken};
use crate::{Records, answers};
use async_trait::async_trait;
use lignaflow_core::bind::Binder;
use lignaflow_core::bound::{BoundPath, Column};
use lignaflow_core::caller::{Access, Caller, Principal};
use lignaflow_core::catalog::{Catalog, Schema, SystemField};
use lignaflow_core::commit::{ReadCheck, SettingsCheck};
use lignaflow_core::files::{TableRows, TableSlice};
use lignaflow_core::guest::{Remainder, ServiceCall};
use lignaflow_core::id::Id;
use lignaflow_core::media::Media;
use lignaflow_core::name::PluginId;
use lignaflow_core::outbound::{OutboundRequest, OutboundResponse, Sender};
use lignaflow_core::query::{Authority, Page, Predicate, Selection, Summary};
use lignaflow_core::reads::{Directory, Person, Reads};
use lignaflow_core::reckoning::Reckoning;
use lignaflow_core::value::Value;
use lignaflow_core::{ErrorCode, Fault, settings};
use lignaflow_runtime::Snapshot;
use lignaflow_store::Store;
use lignaflow_store::settings::{Stored, values_of};
use std::sync::{Arc, Mutex, PoisonError};

/// The most records that one call may rest on; beyond it, a call that writes is refused.
const MAX_CHECKS: usize = 10_000;

/// The reads of one call of one plugin.
pub struct GuestReads {
    pub(crate) store: Store,
    directory: Arc<dyn Directory>,
    pub(crate) snapshot: Arc<Snapshot>,
    /// As the caller sees it.
    seen: Arc<Catalog>,
    pub(crate) caller: Caller,
    pub(crate) plugin: PluginId,
    pub(crate) reach: Reach,
    pub(crate) outside: Outside,
    taken: Mutex<Taken>,
    /// The plugin's settings, once something of them was asked for.
    settings: Mutex<Option<Arc<Stored>>>,
}

impl std::fmt::Debug for GuestReads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuestReads").field("plugin", &self.plugin).finish_non_exhaustive()
    }
}

impl Records {
    /// What a plugin may read in one call, by the host itself.
    pub(crate) fn reads_of(
        &self,
        snapshot: &Arc<Snapshot>,
        caller: &Caller,
        plugin: &PluginId,
        reach: Reach,
    ) -> Arc<GuestReads> {
        Arc::new(GuestReads {
            store: self.store.clone(),
            directory: self.directory.clone(),
            seen: snapshot.catalog.seen_by(caller),
            snapshot: snapshot.clone(),
            caller: caller.clone(),
            plugin: plugin.clone(),
            reach,
            outside: self.outside(),
            taken: Mutex::default(),
            settings: Mutex::default(),
        })
    }
}

impl GuestReads {
    /// The reads of another plugin that this one's call leads to, for the same caller.
    pub(crate) fn nested(&self, plugin: PluginId, reach: Reach) -> Self {
        Self {
            store: self.store.clone(),
            directory: self.directory.clone(),
            seen: self.seen.clone(),
            snapshot: self.snapshot.clone(),
            caller: self.caller.clone(),
            plugin,
            reach,
            outside: self.outside.nested(),
            taken: Mutex::default(),
            settings: Mutex::default(),
        }
    }

    /// Everything that was read so far, for the re-check, and what services want written.
    pub(crate) fn taken(&self) -> Result<Taken, Fault> {
        let mut taken = std::mem::take(&mut *self.taken.lock().unwrap_or_else(PoisonError::into_inner));
        taken.files.extend(self.outside.made());
        if taken.reads.len() > MAX_CHECKS {
            return Err(Fault::new(
                ErrorCode::PluginExhausted,
                format!("The plugin {} read more than {MAX_CHECKS} records for one write.", self.plugin),
            ));
        }
        Ok(taken)
    }

    fn remember(&self, new: impl IntoIterator<Item = ReadCheck>) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        // One more than the most is enough to refuse the write.
        let room = (MAX_CHECKS + 1).saturating_sub(taken.reads.len());
        taken.reads.extend(new.into_iter().take(room));
    }

    /// What a service read and wants written is part of the call that it was made in.
    pub(crate) fn join(&self, other: Taken) {
        self.remember(other.reads);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.settings.extend(other.settings);
        taken.joined.extend(other.joined);
        taken.files.extend(other.files);
    }

    /// The plugin's settings, read once a call.
    async fn filled(&self) -> Result<Arc<Stored>, Fault> {
        if let Some(known) = &*self.settings.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(known.clone());
        }
        let stored = values_of(self.store.database(), self.caller.organization, &self.plugin).await;
        let stored = Arc::new(stored.map_err(answers::of_store)?);
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = Some(stored.clone());
        let check = SettingsCheck { plugin: self.plugin.clone(), version: stored.version };
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).settings.push(check);
        Ok(stored)
    }

    /// Where nobody calls, the plugin does.
    pub(crate) fn authority(&self, asked: Authority) -> Authority {
        if matches!(self.caller.principal, Principal::Plugin(_)) { Authority::Plugin } else { asked }
    }

    fn access(&self, authority: Authority) -> Result<Access<'_>, Fault> {
        match self.authority(authority) {
            Authority::Caller => self.caller.to_read(),
            Authority::Plugin => Ok(Access::of_plugin(self.caller.organization)),
        }
    }

    fn binder(&self, authority: Authority) -> Binder<'_> {
        let catalog = match self.authority(authority) {
            Authority::Caller => &self.seen,
            Authority::Plugin => &self.snapshot.catalog,
        };
        Binder { catalog, home: Some(&self.plugin) }
    }
}

fn system(schema: &Arc<Schema>, field: SystemField) -> BoundPath {
    BoundPath { text: field.as_str().to_owned(), root: schema.clone(), hops: Vec::new(), column: Column::System(field) }
}

#[async_trait]
impl Reads for GuestReads {
    fn caller(&self) -> &Caller {
        &self.caller
    }

    async fn get(
        &self,
        collection: &str,
        id: Id,
        select: &[String],
        authority: Authority,
    ) -> Result<Option<Vec<Value>>, Fault> {
        let selection = Selection {
            collection: collection.to_owned(),
            authority,
            filter: Predicate::equal("id", Value::Reference(id)),
            sort: Vec::new(),
            select: select.to_vec(),
            limit: 1,
            after: None,
        };
        let schema = self.binder(authority).collection(collection)?.clone();
        let page = self.find(&selection).await?;
        let row = page.rows.into_iter().next();
        // What a caller may not read is there all the same: no commit could rest on its absence.
        let absent = self.authority(authority) == Authority::Plugin || schema.readable(Some(&self.caller)).is_always();
        if row.is_none() && absent {
            self.remember([ReadCheck { schema, id, version: None }]);
        }
        Ok(row)
    }

    async fn find(&self, selection: &Selection) -> Result<Page, Fault> {
        let access = self.access(selection.authority)?;
        let mut bound = self.binder(selection.authority).selection(selection)?;
        let asked = bound.columns.len();
        bound.columns.push(system(&bound.schema, SystemField::Id));
        bound.columns.push(system(&bound.schema, SystemField::Version));
        if bound.archived {
            bound.columns.push(system(&bound.schema, SystemField::ArchivedAt));
        }
        let mut page = self.store.find(access, &bound).await.map_err(answers::of_store)?;
        let mut checks = Vec::with_capacity(page.rows.len());
        for row in &mut page.rows {
            let archived = bound.archived && row.pop().is_some_and(|at| !at.is_null());
            let version = row.pop();
            let id = row.pop();
            if let (Some(Value::Reference(id)), Some(Value::Integer(version))) = (id, version) {
                // What is archived stays as it is, unless it is taken back.
                let version = Some(version.unsigned_abs()).filter(|_| !archived);
                checks.push(ReadCheck { schema: bound.schema.clone(), id, version });
            }
        }
        page.columns.truncate(asked);
        self.remember(checks);
        Ok(page)
    }

    async fn summarize(&self, summary: &Summary) -> Result<Page, Fault> {
        let access = self.access(summary.authority)?;
        let bound = self.binder(summary.authority).summary(summary, &Reckoning::of(&self.caller))?;
        self.store.summarize(access, &bound).await.map_err(answers::of_store)
    }

    async fn person(&self, id: Id) -> Result<Option<Person>, Fault> {
        self.directory.person(self.caller.organization, id).await
    }

    async fn people(&self, permission: Option<&str>) -> Result<Vec<Person>, Fault> {
        self.directory.people(self.caller.organization, permission).await
    }

    async fn setting(&self, key: &str) -> Result<Option<Value>, Fault> {
        let Some(plugin) = self.snapshot.plugins.get(&self.plugin) else { return Ok(None) };
        let filled = self.filled().await?;
        Ok(settings::value(plugin.descriptor(), &filled.values, key))
    }

    async fn describe_file(&self, id: Id, authority: Authority) -> Result<Media, Fault> {
        self.file(id, authority).await
    }

    async fn read_file(&self, id: Id, authority: Authority, offset: u64, length: usize) -> Result<Vec<u8>, Fault> {
        let file = self.file(id, authority).await?;
        self.outside.files()?.read(self.caller.organization, &file, offset, length).await
    }

    async fn table_rows(&self, id: Id, authority: Authority, slice: TableSlice) -> Result<TableRows, Fault> {
        let file = self.file(id, authority).await?;
        self.outside.files()?.rows(self.caller.organization, &file, slice).await
    }

    async fn create_file(&self, id: Id, name: &str) -> Result<(), Fault> {
        self.begin_file(id, name).await
    }

    async fn append_to_file(&self, id: Id, bytes: Vec<u8>) -> Result<(), Fault> {
        self.outside.append(id, bytes).await
    }

    async fn send(&self, job: &str, request: OutboundRequest) -> Result<OutboundResponse, Fault> {
        let from = Sender {
            organization: self.caller.organization,
            plugin: self.plugin.clone(),
            job: job.to_owned(),
            request: self.caller.request_id,
        };
        self.outside.outbound()?.send(from, request).await
    }

    async fn call_service(&self, plugin: &PluginId, call: ServiceCall, rest: Remainder) -> Result<String, Fault> {
        self.serve(plugin, call, rest).await
    }
}
