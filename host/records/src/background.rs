//! Work of plugins without a caller. A slice of a job, and what a plugin answers to changes that it is told of, go through
//! plan, hooks and commit like everything else; that the slice is done, or how far the plugin was told, is kept in the
//! same commit, so each takes effect once however often it is tried.

use crate::answers;
use crate::plan::{Item, Plan};
use crate::post::Told;
use crate::services::{Reach, Taken};
use crate::write::{Attempt, Work, asked};
use crate::{MAX_ATTEMPTS, Records};
use lignaflow_core::background::{Background, MAX_DEPTH, NewDocument, NewJob, Next, Step};
use lignaflow_core::caller::{Access, Caller};
use lignaflow_core::catalog::Schema;
use lignaflow_core::clock::Micros;
use lignaflow_core::commit::{Commit, Refusal};
use lignaflow_core::descriptor::Subscription;
use lignaflow_core::guest::{CallFault, Event, EventKind, Guest as _, JobCall};
use lignaflow_core::media::clean_name;
use lignaflow_core::mutation::{Document, Enqueue, Fields, Mutation, Origin};
use lignaflow_core::name::{CollectionName, PluginId};
use lignaflow_core::record::value_from_json;
use lignaflow_core::{ErrorCode, Fault, Id};
use lignaflow_runtime::{LoadedPlugin, Snapshot};
use lignaflow_store::jobs::Job;
use lignaflow_store::subscribers::Subscriber;
use lignaflow_store::{LogEntry, LogKind, LogPosition};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// Changes that a plugin is told of at once.
const SLICE: u16 = 100;

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// It is done, and kept with what it did; of so many changes, where the plugin was told of changes.
    Kept(usize),
    /// It is another host's by now, or was taken back. Nothing of this try was kept.
    Overtaken,
}

/// Why a try came to nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// It is the plugin's, or the records': it counts.
    Failed(Fault),
    /// Not now. It does not count.
    Later(Fault),
}

impl Trouble {
    fn of(fault: Fault) -> Self {
        if fault.code.is_for_now() { Self::Later(fault) } else { Self::Failed(fault) }
    }

    /// A plugin may say that something is not available; a host alone knows that all are busy, or that it is set aside.
    fn of_call(fault: CallFault, plugin: &PluginId) -> Self {
        let busy = matches!(fault, CallFault::Busy | CallFault::SetAside);
        let fault = answers::of_call(fault, plugin);
        if busy { Self::Later(fault) } else { Self::Failed(fault) }
    }
}

/// Takes what is asked for beside records into the plan; what is no such thing comes back.
pub(crate) fn asked_for(plan: &mut Plan, item: Item) -> Option<Item> {
    match (item.mutation, item.by) {
        (Mutation::Enqueue(job), Some(plugin)) => {
            plan.jobs.push((plugin, job));
            None
        }
        (Mutation::Render(document), Some(plugin)) => {
            plan.documents.push((plugin, document));
            None
        }
        (
            mutation @ (Mutation::Notify(_) | Mutation::Mail(_) | Mutation::OpenLink(_) | Mutation::CloseLink(_)),
            Some(plugin),
        ) => {
            plan.post.push(Told { plugin, mutation, prefix: item.prefix });
            None
        }
        (mutation, by) => Some(Item { mutation, by, ..item }),
    }
}

/// The documents of a plan as the commit keeps them.
pub(crate) fn new_documents(documents: Vec<(PluginId, Document)>, caller: &Caller) -> Vec<NewDocument> {
    let today = caller.today().unwrap_or_default();
    let new = |(plugin, document): (PluginId, Document)| NewDocument {
        id: document.id,
        plugin,
        template: document.template,
        name: clean_name(&document.name),
        data: document.data,
        date: document.date.unwrap_or(today),
    };
    documents.into_iter().map(new).collect()
}

pub(crate) fn new_jobs(jobs: Vec<(PluginId, Enqueue)>, at: Micros) -> Vec<NewJob> {
    // That there is such a job was looked at when the guest asked for it.
    let new = |(plugin, job): (PluginId, Enqueue)| {
        Some(NewJob {
            id: Id::fresh(),
            plugin,
            name: job.name.parse().ok()?,
            payload: job.payload,
            run_after: at + seconds(job.delay_seconds),
            deduplicate: job.deduplicate,
        })
    };
    jobs.into_iter().filter_map(new).collect()
}

fn seconds(seconds: u32) -> Micros {
    Micros::from(seconds) * 1_000_000
}

impl Records {
    /// One slice of a job that was taken over with `holder`. The caller is the plugin.
    pub async fn run_job(&self, caller: &Caller, job: &Job, holder: Id) -> Result<Tried, Trouble> {
        let call = JobCall {
            job: job.name.to_string(),
            payload: job.payload.clone(),
            cursor: job.cursor.clone(),
            attempt: u16::try_from(job.attempts).unwrap_or(u16::MAX),
        };
        for attempt in 0..MAX_ATTEMPTS {
            let snapshot = self.registry.current_of(caller.organization);
            let guest = on(&snapshot, caller, &job.plugin)?;
            let reads = self.reads_of(&snapshot, caller, &job.plugin, Reach::writing());
            let slice = guest.run(reads.clone(), call.clone()).await;
            let slice = slice.map_err(|fault| Trouble::of_call(fault, &job.plugin))?;
            let now = self.clock.now();
            let next =
                slice.next.map(|next| Next { cursor: next.cursor, run_after: now + seconds(next.delay_seconds) });
            let step = Step::Job { id: job.id, holder, next };
            let background = Background { step: Some(step), depth: job.depth, ..Background::default() };
            let taken = reads.taken().map_err(Trouble::Failed)?;
            let work = work(caller, &job.plugin, Origin::Job, (slice.writes, taken), background);
            if let Some(tried) = self.stepped(&snapshot, work, attempt, 0).await? {
                return Ok(tried);
            }
        }
        Err(self.outrun(caller, Origin::Job))
    }

    /// Tells a plugin, that was taken over with `holder`, of the next changes that it subscribes to.
    pub async fn tell(&self, caller: &Caller, subscriber: &Subscriber, holder: Id) -> Result<Tried, Trouble> {
        let plugin = &subscriber.plugin;
        for attempt in 0..MAX_ATTEMPTS {
            let snapshot = self.registry.current_of(caller.organization);
            let guest = on(&snapshot, caller, plugin)?;
            // What failed is told alone, so that it alone stands in the way.
            let alone = subscriber.failures > 1;
            let news = self.news(&snapshot, guest, subscriber, alone).await.map_err(Trouble::of)?;
            let reads = self.reads_of(&snapshot, caller, plugin, Reach::writing());
            let told = news.events.len();
            let mut writes = Vec::new();
            if told > 0 {
                let answer = guest.receive(reads.clone(), news.events).await;
                writes = answer.map_err(|fault| Trouble::of_call(fault, plugin))?;
            }
            let step = Step::Told { plugin: plugin.clone(), holder, next: news.next };
            let background = Background { step: Some(step), depth: news.depth, ..Background::default() };
            let taken = reads.taken().map_err(Trouble::Failed)?;
            let work = work(caller, plugin, Origin::Subscriber, (writes, taken), background);
            if let Some(tried) = self.stepped(&snapshot, work, attempt, told).await? {
                return Ok(tried);
            }
        }
        Err(self.outrun(caller, Origin::Subscriber))
    }

    /// What an attempt came to; nothing where it is to be made again.
    async fn stepped(
        &self,
        snapshot: &Arc<Snapshot>,
        work: Work<'_>,
        number: usize,
        told: usize,
    ) -> Result<Option<Tried>, Trouble> {
        match self.attempt(snapshot, work, number).await.map_err(Trouble::of)? {
            Attempt::Done(_) => Ok(Some(Tried::Kept(told))),
            Attempt::Overtaken => Ok(Some(Tried::Overtaken)),
            Attempt::Again => {
                metrics::counter!("lignaflow_write_retries_total").increment(1);
                Ok(None)
            }
        }
    }

    fn outrun(&self, caller: &Caller, origin: Origin) -> Trouble {
        let commit = Commit::empty(Access::of_plugin(caller.organization), caller, origin, self.clock.now());
        Trouble::Failed(answers::of_refusal(&Refusal::Changed, &commit, &[]))
    }

    /// What a plugin is to be told of next, and how far that reaches.
    async fn news(
        &self,
        snapshot: &Snapshot,
        guest: &LoadedPlugin,
        subscriber: &Subscriber,
        alone: bool,
    ) -> Result<News, Fault> {
        let access = Access::of_plugin(subscriber.organization);
        let horizon = self.store.log_horizon(access).await.map_err(answers::of_store)?.position;
        let home = guest.id();
        let grants = guest.grants();
        let followed: Vec<(&Subscription, &Arc<Schema>)> = guest
            .descriptor()
            .subscriptions
            .iter()
            .filter_map(|subscription| {
                let name = CollectionName::within(home, &subscription.collection).ok()?;
                Some((subscription, snapshot.catalog.schema(&name).filter(|_| grants.reads(home, &name))?))
            })
            .collect();
        let names: Vec<CollectionName> = followed.iter().map(|(_, schema)| schema.name.clone()).collect();
        let entries = self.store.changes_between(access, subscriber.position, horizon, Some(&names), SLICE);
        let entries = entries.await.map_err(answers::of_store)?;
        let full = entries.len() == usize::from(SLICE);
        let mut news = News { events: Vec::new(), next: horizon, depth: 0 };
        if let Some(last) = entries.last().filter(|_| full) {
            news.next = last.position;
        }
        for entry in entries {
            let Some((subscription, schema)) = followed.iter().find(|(_, schema)| schema.name == entry.collection)
            else {
                continue;
            };
            if !subscription.wants(kind(entry.kind), entry.transition.as_deref()) || is_echo(&entry, home) {
                continue;
            }
            if entry.depth >= MAX_DEPTH {
                tracing::warn!(plugin = %home, collection = %entry.collection, record = %entry.record,
                    "subscribers answer each other without end; this change is told to none of them");
                continue;
            }
            news.depth = news.depth.max(entry.depth + 1);
            let position = entry.position;
            news.events.push(event(entry, schema, home));
            if alone {
                news.next = position;
                break;
            }
        }
        Ok(news)
    }
}

/// Changes to be told.
struct News {
    events: Vec<Event>,
    /// How far the plugin was told then.
    next: LogPosition,
    depth: u16,
}

fn on<'s>(snapshot: &'s Snapshot, caller: &Caller, plugin: &PluginId) -> Result<&'s Arc<LoadedPlugin>, Trouble> {
    let guest = snapshot.plugins.get(plugin).filter(|_| snapshot.is_enabled(caller.organization, plugin));
    guest.ok_or_else(|| {
        Trouble::Later(Fault::new(ErrorCode::Unavailable, format!("The plugin {plugin} does not run here just now.")))
    })
}

fn work<'a>(
    caller: &'a Caller,
    plugin: &'a PluginId,
    origin: Origin,
    (writes, taken): (Vec<Mutation>, Taken),
    background: Background,
) -> Work<'a> {
    Work {
        caller,
        access: Access::of_plugin(caller.organization),
        origin,
        through: Some(plugin),
        items: asked(plugin, taken.joined, writes),
        issues: Vec::new(),
        reads: taken.reads,
        settings: taken.settings,
        files: taken.files,
        repeat: None,
        background,
    }
}

/// A plugin is not told of what it wrote in answer to being told.
fn is_echo(entry: &LogEntry, plugin: &PluginId) -> bool {
    let own = entry.through.as_ref().is_some_and(|(through, _)| through == plugin);
    own && entry.origin == Origin::Subscriber.as_str()
}

const fn kind(kind: LogKind) -> EventKind {
    match kind {
        LogKind::Insert => EventKind::Insert,
        LogKind::Update => EventKind::Update,
        LogKind::Remove => EventKind::Remove,
        LogKind::Restore => EventKind::Restore,
    }
}

fn event(entry: LogEntry, schema: &Schema, home: &PluginId) -> Event {
    let name = &entry.collection;
    Event {
        sequence: entry.position.sequence().unsigned_abs(),
        at: entry.at,
        collection: if name.plugin == *home { name.local.to_string() } else { name.to_string() },
        id: entry.record,
        version: entry.version,
        kind: kind(entry.kind),
        transition: entry.transition,
        person: match entry.principal {
            lignaflow_core::caller::Principal::Person(person) => Some(person.0),
            _ => None,
        },
        before: fields(&entry.before, schema),
        after: fields(&entry.after, schema),
    }
}

/// As values; what the collection has no such field for any more is left out.
fn fields(object: &Map<String, Json>, schema: &Schema) -> Fields {
    let value = |(name, json): (&String, &Json)| {
        let field = schema.field(name)?;
        Some((name.clone(), value_from_json(&field.field, json).ok()?))
    };
    object.iter().filter_map(value).collect()
}
