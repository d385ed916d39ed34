//! What every read and write goes through, whatever door it came in by.
//!
//! | module | holds |
//! |---|---|
//! | [`write`] | the loop: plan, hooks, commit, and again when something it rests on has changed |
//! | [`plan`] | mutations into changes: rules of the descriptor, states, versions, defaults |
//! | [`family`] | what is archived and restored with another; wholes that are written with their parts |
//! | [`files`] | whether the files that a change names may be there |
//! | [`made`] | files that guest code sees and makes, and what it sends outside |
//! | [`hooks`] | plugins' before-save hooks, once a batch each |
//! | [`background`] | jobs of plugins, and what they are told of: called and committed like a route |
//! | [`post`] | notices, letters and links that plugins ask for |
//! | [`imports`] | files that become records |
//! | [`routes`] | plugins' routes and the writes that they return |
//! | [`migrate`] | records that a plugin's next version carries over |
//! | [`original`] | creates that repeat an id of the client's own |
//! | [`repeat`] | the key of a request that may come again |
//! | [`reads`] | what guest code reads while it runs, remembered for the re-check |
//! | [`services`] | plugins that call each other: for whom, and what of it joins the call that it was made in |
//! | [`search`] | records of a collection by their words, with where these stand |
//! | [`feed`] | the change log as a caller may follow it |
//! | [`sight`] | which changes can bring records into a caller's view or take them out of it |
//! | [`former`] | whether a record was in a caller's view before a change |
//! | [`rebuild`] | a change with its record in full, before and after |
//! | [`revert`] | records set back to what they were |
//! | [`rights`] | access rules around writes, and around what is told of them |
//! | [`answers`] | faults and refusals in words |
//!
//! Guest code never writes: it returns mutations. No lock or connection is held while it runs.

mod answers;
pub mod background;
mod doubles;
mod family;
pub mod feed;
mod files;
mod former;
mod hooks;
pub mod imports;
mod made;
mod migrate;
mod original;
mod plan;
mod post;
mod reads;
pub mod rebuild;
mod repeat;
mod revert;
mod rights;
mod routes;
pub mod search;
mod services;
mod sight;
mod write;

pub use migrate::{Carried, Carrying};
pub use post::{LinkAddresses, LinkSecret};
pub use reads::GuestReads;
pub use repeat::{Once, Repeating};
pub use revert::Earlier;
pub use routes::{Composing, RouteBody};
pub use write::{Asked, Saved, Write, Written};

use lignaflow_core::Fault;
use lignaflow_core::bind::Binder;
use lignaflow_core::bound::BoundSummary;
use lignaflow_core::caller::{Access, Caller};
use lignaflow_core::catalog::{Catalog, Schema, SystemField};
use lignaflow_core::clock::Clock;
use lignaflow_core::files::Files;
use lignaflow_core::id::{Id, OrganizationId, PersonId};
use lignaflow_core::mutation::Origin;
use lignaflow_core::name::CollectionName;
use lignaflow_core::outbound::Outbound;
use lignaflow_core::query::{Authority, MAX_LIMIT, MAX_VALUES, Page, Predicate, Selection, Summary};
use lignaflow_core::reads::Directory;
use lignaflow_core::reckoning::Reckoning;
use lignaflow_core::record::Record;
use lignaflow_core::value::Value;
use lignaflow_runtime::{Registry, Snapshot};
use lignaflow_store::{LogEntry, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How often a call is planned anew before it is given up as a conflict.
pub const MAX_ATTEMPTS: usize = 5;

/// Changes among which the records that were changed last are looked for.
const CHANGES: u16 = 200;

/// A pause point between plan and commit, told at which door the writer came and which attempt it is, so that a test can
/// force a race.
pub type Pause = Arc<dyn Fn(Origin, usize) -> futures_util::future::BoxFuture<'static, ()> + Send + Sync>;

/// The records of all organizations.
#[derive(Clone)]
pub struct Records {
    store: Store,
    registry: Arc<Registry>,
    directory: Arc<dyn Directory>,
    clock: Arc<dyn Clock>,
    pause: Option<Pause>,
    links: Option<LinkAddresses>,
    files: Option<Arc<dyn Files>>,
    outbound: Option<Arc<dyn Outbound>>,
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records").finish_non_exhaustive()
    }
}

impl Records {
    pub fn new(store: Store, registry: Arc<Registry>, directory: Arc<dyn Directory>, clock: Arc<dyn Clock>) -> Self {
        Self { store, registry, directory, clock, pause: None, links: None, files: None, outbound: None }
    }

    /// The same records, with something to wait for between each plan and its commit.
    #[must_use]
    pub fn pausing(mut self, pause: Pause) -> Self {
        self.pause = Some(pause);
        self
    }

    /// The same records, with who keeps the bytes of files that guest code reads and makes.
    #[must_use]
    pub fn keeping(mut self, files: Arc<dyn Files>) -> Self {
        self.files = Some(files);
        self
    }

    /// The same records, with who sends what jobs send outside.
    #[must_use]
    pub fn sending(mut self, outbound: Arc<dyn Outbound>) -> Self {
        self.outbound = Some(outbound);
        self
    }

    /// The collection as the caller sees it, where its plugin is on for their organization.
    pub fn schema(&self, snapshot: &Snapshot, caller: &Caller, name: &CollectionName) -> Result<Arc<Schema>, Fault> {
        let seen = snapshot.catalog.seen_by(caller);
        seen.schema(name)
            .filter(|_| snapshot.is_enabled(caller.organization, &name.plugin))
            .cloned()
            .ok_or_else(|| Fault::not_found(format_args!("collection `{name}`")))
    }

    /// One record, archived or not.
    pub async fn get(&self, access: Access<'_>, schema: &Arc<Schema>, id: Id) -> Result<Record, Fault> {
        let found = self.store.records(access, schema, &[id]).await.map_err(answers::of_store)?;
        found.into_iter().next().ok_or_else(|| answers::no_record(schema))
    }

    /// Which of these records are there, archived or not, whoever may see them.
    pub(crate) async fn those_there(
        &self,
        organization: OrganizationId,
        schema: &Arc<Schema>,
        ids: &[Id],
    ) -> Result<Vec<Id>, Fault> {
        let access = Access::of_plugin(organization);
        let found = self.store.records(access, schema, ids).await.map_err(answers::of_store)?;
        Ok(found.into_iter().map(|record| record.id).collect())
    }

    /// A page of records. No guest code is involved.
    pub async fn find(&self, access: Access<'_>, catalog: &Catalog, selection: &Selection) -> Result<Page, Fault> {
        let bound = Binder { catalog, home: None }.selection(selection)?;
        self.store.find(access, &bound).await.map_err(answers::of_store)
    }

    /// A page of whole records. What the selection says of columns is not looked at.
    pub async fn list(
        &self,
        access: Access<'_>,
        catalog: &Catalog,
        selection: &Selection,
    ) -> Result<(Vec<Record>, Option<String>), Fault> {
        let schema = Binder { catalog, home: None }.collection(&selection.collection)?.clone();
        let system = SystemField::ALL.iter().map(|field| field.as_str().to_owned());
        let own = schema.fields.iter().map(|field| field.name.as_str().to_owned());
        let selection = Selection { select: system.chain(own).collect(), ..selection.clone() };
        let page = self.find(access, catalog, &selection).await?;
        let records = page.rows.into_iter().filter_map(record_of).collect();
        Ok((records, page.next))
    }

    /// What records are called, by the display field of their collection, archived ones too.
    pub async fn labels(
        &self,
        access: Access<'_>,
        catalog: &Catalog,
        wanted: &BTreeMap<CollectionName, BTreeSet<Id>>,
    ) -> Result<Vec<(Id, String)>, Fault> {
        let mut labels = Vec::new();
        for (name, ids) in wanted {
            let Some(schema) = catalog.schema(name) else { continue };
            let ids: Vec<Value> = ids.iter().copied().map(Value::Reference).collect();
            for ids in ids.chunks(MAX_VALUES) {
                let selection = Selection {
                    collection: name.to_string(),
                    authority: Authority::Caller,
                    filter: Predicate::Within { path: "id".into(), values: ids.to_vec() },
                    sort: Vec::new(),
                    select: vec!["id".into(), schema.collection.display.as_str().to_owned()],
                    limit: u16::try_from(ids.len()).unwrap_or(MAX_LIMIT),
                    after: None,
                };
                let mut bound = Binder { catalog, home: None }.selection(&selection)?;
                bound.archived = true;
                let page = self.store.find(access, &bound).await.map_err(answers::of_store)?;
                labels.extend(page.rows.into_iter().filter_map(|row| match row.as_slice() {
                    [Value::Reference(id), Value::Text(label)] => Some((*id, label.clone())),
                    _ => None,
                }));
            }
        }
        Ok(labels)
    }

    /// What files are called that records of the organization speak of, also those that are gone.
    pub async fn file_names(&self, access: Access<'_>, ids: &[Id]) -> Result<Vec<(Id, String)>, Fault> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let files = self.store.media(access, ids).await.map_err(answers::of_store)?;
        Ok(files.into_iter().map(|file| (file.id, file.name)).collect())
    }

    /// The people of the caller's organization.
    pub fn directory(&self) -> &Arc<dyn Directory> {
        &self.directory
    }

    /// How many records a selection matches, whatever its limit.
    pub async fn count(&self, access: Access<'_>, catalog: &Catalog, selection: &Selection) -> Result<u64, Fault> {
        let bound = Binder { catalog, home: None }.selection(selection)?;
        self.store.count(access, &bound).await.map_err(answers::of_store)
    }

    /// The same, where more than some number need not be told apart.
    pub async fn count_up_to(
        &self,
        access: Access<'_>,
        catalog: &Catalog,
        selection: &Selection,
        most: u32,
    ) -> Result<u64, Fault> {
        let bound = Binder { catalog, home: None }.selection(selection)?;
        self.store.count_up_to(access, &bound, most).await.map_err(answers::of_store)
    }

    /// The records of some collections that were changed last, the latest first, as far as they can be read and are not
    /// archived. Found by the change log, which needs no index of times on every table.
    pub async fn changed_last(
        &self,
        access: Access<'_>,
        catalog: &Catalog,
        collections: &[Arc<Schema>],
        most: usize,
    ) -> Result<Vec<(Arc<Schema>, Record)>, Fault> {
        let changed = self.store.changed_last(access, CHANGES).await.map_err(answers::of_store)?;
        let mut by_collection: BTreeMap<&CollectionName, Vec<Value>> = BTreeMap::new();
        for (name, id) in &changed {
            by_collection.entry(name).or_default().push(Value::Reference(*id));
        }
        let mut found = Vec::new();
        for schema in collections {
            let Some(ids) = by_collection.remove(&schema.name) else { continue };
            let selection = Selection {
                collection: schema.name.to_string(),
                authority: Authority::Caller,
                limit: u16::try_from(ids.len()).unwrap_or(MAX_LIMIT),
                filter: Predicate::Within { path: "id".into(), values: ids },
                sort: Vec::new(),
                select: Vec::new(),
                after: None,
            };
            let (records, _) = self.list(access, catalog, &selection).await?;
            found.extend(records.into_iter().map(|record| (schema.clone(), record)));
        }
        found.sort_by_key(|(_, record)| std::cmp::Reverse(record.updated_at));
        found.truncate(most);
        Ok(found)
    }

    pub async fn summarize(&self, caller: &Caller, catalog: &Catalog, summary: &Summary) -> Result<Page, Fault> {
        let access = caller.to_read()?;
        let bound = Binder { catalog, home: None }.summary(summary, &Reckoning::of(caller))?;
        self.store.summarize(access, &bound).await.map_err(answers::of_store)
    }

    /// The same of a summary whose names are resolved, with as many groups as it says.
    pub async fn groups(&self, caller: &Caller, summary: &BoundSummary) -> Result<Page, Fault> {
        self.store.summarize(caller.to_read()?, summary).await.map_err(answers::of_store)
    }

    /// The records with these ids that may be read, archived or not, in any order.
    pub async fn those(&self, access: Access<'_>, schema: &Arc<Schema>, ids: &[Id]) -> Result<Vec<Record>, Fault> {
        self.store.records(access, schema, ids).await.map_err(answers::of_store)
    }

    /// What happened to a record, the newest first; of fields that may be read.
    pub async fn history(
        &self,
        access: Access<'_>,
        schema: &Arc<Schema>,
        id: Id,
        limit: u16,
    ) -> Result<Vec<LogEntry>, Fault> {
        self.history_before(access, schema, id, None, limit).await
    }

    /// The same, of what came before the change with that number.
    pub async fn history_before(
        &self,
        access: Access<'_>,
        schema: &Arc<Schema>,
        id: Id,
        before: Option<i64>,
        limit: u16,
    ) -> Result<Vec<LogEntry>, Fault> {
        if schema.restricts_reading() && self.readable(access, schema, &[id]).await?.is_empty() {
            return Err(answers::no_record(schema));
        }
        let mut entries =
            self.store.history_before(access, schema, id, before, limit).await.map_err(answers::of_store)?;
        self.redact(access, schema, &mut entries).await?;
        Ok(entries)
    }
}

/// A row of the system fields, in their order, and then the collection's own.
fn record_of(mut row: Vec<Value>) -> Option<Record> {
    if row.len() < SystemField::ALL.len() {
        return None;
    }
    let values = row.split_off(SystemField::ALL.len());
    let [
        Value::Reference(id),
        Value::Integer(version),
        Value::Instant(created_at),
        Value::Instant(updated_at),
        created_by,
        archived_at,
    ] = row.as_slice()
    else {
        return None;
    };
    Some(Record {
        id: *id,
        version: version.unsigned_abs(),
        created_at: *created_at,
        updated_at: *updated_at,
        created_by: created_by.as_reference().map(PersonId),
        archived_at: match archived_at {
            Value::Instant(at) => Some(*at),
            _ => None,
        },
        values,
    })
}
