//! The one path of every write: plan, hooks, commit; and again, on fresh reads, when what it rests on has changed.

use crate::answers;
use crate::files::unheld;
use crate::made::MadeFile;
use crate::original::merged;
use crate::plan::{Desk, Draft, Found, Item, Plan};
use crate::repeat::Repeating;
use crate::{MAX_ATTEMPTS, Records};
use lignaflow_core::background::Background;
use lignaflow_core::caller::{Access, Caller};
use lignaflow_core::catalog::Schema;
use lignaflow_core::clock::Micros;
use lignaflow_core::commit::{Author, Commit, Committed, ReadCheck, Refusal, Repeat, SettingsCheck, Settled};
use lignaflow_core::descriptor::ChangeKind;
use lignaflow_core::mutation::{Mutation, Origin};
use lignaflow_core::name::PluginId;
use lignaflow_core::record::Record;
use lignaflow_core::{ErrorCode, Fault, Id, Issue, PersonId, Value};
use lignaflow_runtime::Snapshot;
use std::collections::HashSet;
use std::sync::Arc;

/// One record as a write left it.
#[derive(Debug, Clone)]
pub struct Saved {
    pub schema: Arc<Schema>,
    pub record: Record,
    pub kind: ChangeKind,
    /// Whether it was made by the same create before, and nothing was done now.
    pub repeated: bool,
}

/// What a write left behind: one record for each mutation that asked for a change, in their order, then those that
/// hooks added.
#[derive(Debug, Clone, Default)]
pub struct Written {
    pub saved: Vec<Saved>,
}

/// How often a plugin looks again whether what it makes is there already.
const SECOND_LOOKS: usize = 2;

/// Names of a circle that are told.
const MAX_NAMES: usize = 12;

/// What a client asks to be written, all or none.
#[derive(Debug)]
pub struct Write {
    pub origin: Origin,
    pub asked: Vec<Asked>,
    /// Faults that were found when the input was read. With one of them nothing is written, and those of the plan and
    /// of the hooks are told beside them.
    pub issues: Vec<Issue>,
    /// The key of the request, if it has one.
    pub repeat: Option<Repeating>,
}

impl Write {
    /// These mutations; more than one are told apart by the index that begins the paths of issues.
    fn of(origin: Origin, mutations: Vec<Mutation>) -> Self {
        let alone = mutations.len() == 1 && !origin.is_many();
        let place = |index: usize| if alone { String::new() } else { format!("/{index}") };
        let asked = mutations.into_iter().enumerate();
        let asked = asked.map(|(index, mutation)| Asked { mutation, place: place(index), own_id: false }).collect();
        Self { origin, asked, issues: Vec::new(), repeat: None }
    }
}

/// One change that is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    pub mutation: Mutation,
    /// Where it stands in the input: the beginning of the paths of its issues.
    pub place: String,
    /// Whether the id of a create is the client's own, which may come again.
    pub own_id: bool,
}

/// Who asks, and how.
struct Wanted<'a> {
    caller: &'a Caller,
    access: Access<'a>,
    origin: Origin,
    issues: Vec<Issue>,
    repeat: Option<Repeating>,
}

/// What a plugin asks for and what the services did that it called: these first, in the order of their answers.
pub(crate) fn asked(plugin: &PluginId, joined: Vec<(PluginId, Vec<Mutation>)>, writes: Vec<Mutation>) -> Vec<Item> {
    let by = |by: &PluginId, place: String, mutation| Item { mutation, prefix: place, by: Some(by.clone()) };
    let served = joined.into_iter().enumerate().flat_map(|(call, (service, writes))| {
        let writes = writes.into_iter().enumerate();
        let items = writes.map(|(index, write)| by(&service, format!("/services/{call}/writes/{index}"), write));
        items.collect::<Vec<_>>()
    });
    let own = writes.into_iter().enumerate();
    let own = own.map(|(index, write)| by(plugin, format!("/writes/{index}"), write));
    served.chain(own).collect()
}

/// What one attempt is made of.
pub(crate) struct Work<'a> {
    pub caller: &'a Caller,
    pub access: Access<'a>,
    pub origin: Origin,
    /// The plugin whose route asks.
    pub through: Option<&'a PluginId>,
    pub items: Vec<Item>,
    pub issues: Vec<Issue>,
    pub reads: Vec<ReadCheck>,
    pub settings: Vec<SettingsCheck>,
    /// What the calls behind it made.
    pub files: Vec<MadeFile>,
    pub repeat: Option<Repeating>,
    /// The step that it is, and how deep; jobs are taken from the plan.
    pub background: Background,
}

/// What a plan comes to once it is committed.
#[derive(Clone)]
struct Outcome {
    drafts: Vec<Draft>,
    /// For each draft, its place among the changes; nothing where it changes nothing.
    places: Vec<Option<usize>>,
    at: Micros,
    by: Option<PersonId>,
}

impl Outcome {
    /// Whether a plugin asked for the change at that place among those of the commit.
    fn is_by_plugin(&self, place: usize) -> bool {
        let drafts = self.drafts.iter().zip(&self.places);
        drafts.filter(|(_, at)| **at == Some(place)).any(|(draft, _)| draft.by.is_some())
    }

    fn written(self, committed: &Committed) -> Written {
        let Self { drafts, places, at, by } = self;
        let saved = drafts.into_iter().zip(places).map(|(mut draft, place)| {
            let mut changed = place.and_then(|place| committed.versions.get(place).copied());
            let own = |it: &&Settled| it.id == draft.id && it.collection == draft.schema.name;
            for it in committed.settled.iter().filter(own) {
                changed = Some(it.version);
                draft.after.extend(it.fields.clone());
            }
            saved(draft, changed, at, by)
        });
        Written { saved: saved.collect() }
    }
}

/// A record as its draft leaves it; `changed` is the version that it came to, where it did.
fn saved(draft: Draft, changed: Option<u64>, at: Micros, by: Option<PersonId>) -> Saved {
    let before = draft.before;
    let mut after = draft.after;
    let archived_at = match draft.kind {
        ChangeKind::Remove => Some(at),
        _ => before.as_ref().and_then(|before| before.archived_at).filter(|_| !draft.restores),
    };
    let record = Record {
        id: draft.id,
        version: changed.or(before.as_ref().map(|before| before.version)).unwrap_or(1),
        created_at: before.as_ref().map_or(at, |before| before.created_at),
        updated_at: if changed.is_some() { at } else { before.as_ref().map_or(at, |before| before.updated_at) },
        created_by: before.as_ref().map_or(by, |before| before.created_by),
        archived_at,
        values: draft
            .schema
            .fields
            .iter()
            .map(|field| after.swap_remove(field.name.as_str()).unwrap_or(lignaflow_core::Value::Null))
            .collect(),
    };
    Saved { schema: draft.schema, record, kind: draft.kind, repeated: false }
}

/// Adds issues at places that none of those known is about.
fn add_new(known: &mut Vec<Issue>, found: Vec<Issue>) {
    for issue in found {
        if known.iter().all(|known| known.path != issue.path) {
            known.push(issue);
        }
    }
}

/// What one attempt came to.
pub(crate) enum Attempt {
    Done(Written),
    /// Something it rests on has changed.
    Again,
    /// The background work that it was a step of is another host's by now.
    Overtaken,
}

impl Records {
    /// Carries the mutations of a client out, all or none. More than one at once are told apart by the index that
    /// begins the paths of issues.
    pub async fn write(&self, caller: &Caller, origin: Origin, mutations: Vec<Mutation>) -> Result<Written, Fault> {
        self.carry_out(caller, Write::of(origin, mutations)).await
    }

    /// [`Records::write`] of an input in which the door that it came in by has found faults already: values that could
    /// not be read, which the mutations are without.
    pub async fn write_beside(
        &self,
        found: Vec<Issue>,
        caller: &Caller,
        origin: Origin,
        mutations: Vec<Mutation>,
    ) -> Result<Written, Fault> {
        let mut write = Write::of(origin, mutations);
        write.issues = found;
        self.carry_out(caller, write).await
    }

    /// Carries out what a client asks for, all or none. What it leaves is told in the order of what was asked.
    pub async fn carry_out(&self, caller: &Caller, write: Write) -> Result<Written, Fault> {
        let access = caller.to_write()?;
        let Write { origin, asked, issues, repeat } = write;
        let items: Vec<_> = asked
            .into_iter()
            .map(|Asked { mutation, place, own_id }| (Item { mutation, prefix: place, by: None }, own_id))
            .collect();
        let all = Wanted { caller, access, origin, issues, repeat };
        let only: Vec<_> = items.iter().map(|(item, _)| item.clone()).collect();
        let fault = match self.attempts(&all, only).await {
            Err(fault) if items.iter().any(|(_, own)| *own) && !fault.code.is_for_now() => fault,
            other => return other,
        };
        let snapshot = self.registry.current_of(caller.organization);
        let desk = Desk { store: &self.store, snapshot: &snapshot, caller, access, unlocked: false };
        let originals = Arc::new(self.originals(&desk, origin, &items).await?);
        if originals.is_empty() {
            return Err(fault);
        }
        let rest = items.into_iter().enumerate().filter(|(index, _)| !originals.contains_key(index));
        let rest: Vec<_> = rest.map(|(_, (item, _))| item).collect();
        if rest.is_empty() && all.issues.is_empty() {
            if let Some(repeat) = &all.repeat {
                repeat.forgo();
            }
            return Ok(Written { saved: merged(&originals, Vec::new()) });
        }
        let repeat = all.repeat.clone().map(|repeat| {
            let originals = originals.clone();
            repeat.with(move |written| Written { saved: merged(&originals, written.saved.clone()) })
        });
        let written = self.attempts(&Wanted { repeat, ..all }, rest).await?;
        Ok(Written { saved: merged(&originals, written.saved) })
    }

    async fn attempts(&self, wanted: &Wanted<'_>, items: Vec<Item>) -> Result<Written, Fault> {
        let Wanted { caller, access, origin, .. } = *wanted;
        for attempt in 0..MAX_ATTEMPTS {
            let snapshot = self.registry.current_of(caller.organization);
            let work = Work {
                caller,
                access,
                origin,
                through: None,
                items: items.clone(),
                issues: wanted.issues.clone(),
                reads: Vec::new(),
                settings: Vec::new(),
                files: Vec::new(),
                repeat: wanted.repeat.clone(),
                background: Background::default(),
            };
            match self.attempt(&snapshot, work, attempt).await? {
                Attempt::Done(written) => return Ok(written),
                Attempt::Again | Attempt::Overtaken => {
                    metrics::counter!("lignaflow_write_retries_total").increment(1);
                }
            }
        }
        Err(answers::of_refusal(
            &Refusal::Changed,
            &Commit::empty(access.unbound(), caller, origin, self.clock.now()),
            &[],
        ))
    }

    /// The faults of an input with those that the hooks find beside them, which see it without the values at fault.
    async fn every_fault(&self, desk: &Desk<'_>, mut plan: Plan, origin: Origin, other: Option<Fault>) -> Fault {
        let mut issues = std::mem::take(&mut plan.issues);
        if let Err(fault) = self.run_hooks(desk, &mut plan, origin, None).await
            && fault.code == ErrorCode::Invalid
        {
            add_new(&mut issues, fault.issues);
        }
        match desk.doubles(&plan.drafts).await {
            Ok(doubles) => add_new(&mut issues, doubles),
            Err(fault) => return fault,
        }
        match other {
            // One fault alone, or several of its kind, keep their code; what differs is an input that is not valid.
            Some(fault) if issues.iter().all(|issue| issue.code == fault.code.as_str()) => Fault { issues, ..fault },
            _ => Fault::invalid(issues),
        }
    }

    /// What records of a circle are called, as far as whoever closed it may read them.
    async fn names(&self, access: Access<'_>, schema: &Arc<Schema>, ids: &[Id]) -> Result<Vec<String>, Fault> {
        let shown = &ids[..ids.len().min(MAX_NAMES)];
        let records = self.store.records(access, schema, shown).await.map_err(answers::of_store)?;
        let name = |id: &Id| {
            let record = records.iter().find(|record| record.id == *id);
            let name = record.and_then(|record| record.get(schema, schema.collection.display.as_str()));
            name.and_then(Value::as_text).unwrap_or("…").to_owned()
        };
        let mut names: Vec<String> = shown.iter().map(name).collect();
        if ids.len() > shown.len() {
            names.push("…".to_owned());
        }
        Ok(names)
    }

    /// One attempt. The files that it brings are kept before it, and taken away after it where no record holds them.
    pub(crate) async fn attempt(
        &self,
        snapshot: &Arc<Snapshot>,
        mut work: Work<'_>,
        number: usize,
    ) -> Result<Attempt, Fault> {
        let files = std::mem::take(&mut work.files);
        if files.is_empty() {
            return self.attempt_with(snapshot, work, number).await;
        }
        let caller = work.caller;
        work.background.files = files.iter().map(|file| file.id).collect();
        let made = work.background.files.clone();
        let came = match self.keep_made(caller, files).await {
            Ok(()) => self.attempt_with(snapshot, work, number).await,
            Err(fault) => Err(fault),
        };
        self.discard_unheld(caller, &made).await;
        came
    }

    async fn attempt_with(&self, snapshot: &Arc<Snapshot>, work: Work<'_>, number: usize) -> Result<Attempt, Fault> {
        let Work { caller, access, origin, through, items, issues, reads, settings, repeat, background, .. } = work;
        let desk = Desk { store: &self.store, snapshot, caller, access, unlocked: false };
        let mut plan = Plan { reads, settings, files: background.files.clone(), ..Plan::default() };
        let several = through.is_none() && items.iter().any(|item| !item.prefix.is_empty());
        let drafted = desk.draft(&mut plan, items).await;
        // A field whose value could not be read seems to be missing.
        let known: HashSet<&str> = issues.iter().map(|issue| issue.path.as_str()).collect();
        plan.issues.retain(|issue| !known.contains(issue.path.as_str()));
        plan.issues.splice(0..0, issues);
        match drafted {
            Ok(()) => {}
            // Of several, each is told at its place.
            Err(fault) if several && !fault.code.is_for_now() => {
                plan.issues.extend(fault.issues.iter().cloned());
                return Err(self.every_fault(&desk, plan, origin, Some(fault)).await);
            }
            Err(fault) => return Err(fault),
        }
        let files = desk.check_files(&plan).await?;
        plan.issues.extend(files);
        if !plan.issues.is_empty() {
            return Err(self.every_fault(&desk, plan, origin, None).await);
        }
        self.run_hooks(&desk, &mut plan, origin, through).await?;
        let mut found = Found::default();
        for draft in &mut plan.drafts {
            found.issues.extend(draft.missing());
            found.issues.extend(draft.settle(&snapshot.catalog, caller));
        }
        desk.wholes(&mut plan, 0, &mut found).await?;
        found.finish()?;
        // Hooks may have named files, too.
        let files = desk.check_files(&plan).await?;
        if !files.is_empty() {
            return Err(Fault::invalid(files));
        }
        unheld(&plan)?;
        let planned = !(plan.drafts.is_empty() && plan.guards.is_empty() && plan.jobs.is_empty());
        if let Some(pause) = self.pause.as_ref().filter(|_| planned) {
            pause(origin, number).await;
        }
        let at = self.clock.now();
        let mut changes = Vec::with_capacity(plan.drafts.len());
        let mut prefixes = Vec::with_capacity(plan.drafts.len());
        let mut places = Vec::with_capacity(plan.drafts.len());
        for draft in &plan.drafts {
            let change = draft.change();
            places.push(change.as_ref().map(|_| changes.len()));
            if let Some(change) = change {
                prefixes.push(draft.prefix.clone());
                changes.push(change);
            }
        }
        let author = Author {
            principal: caller.principal.clone(),
            through: through.and_then(|id| {
                let version = snapshot.plugins.get(id)?.descriptor().version.clone();
                Some((id.clone(), version))
            }),
            request: caller.request_id,
            origin,
        };
        let touched = desk.touched(&plan, &changes);
        let rights = desk.rights(&plan, &places)?;
        let Plan { drafts, guards, reads, settings, jobs, documents, post, .. } = plan;
        let post = self.posted(snapshot, caller, post, at).await?;
        let background = Background {
            jobs: crate::background::new_jobs(jobs, at),
            documents: crate::background::new_documents(documents, caller),
            post,
            ..background
        };
        let outcome = Outcome { drafts, places, at, by: caller.person() };
        let repeat = repeat.map(|Repeating { key, answer, .. }| {
            let (outcome, caller, catalog) = (outcome.clone(), caller.clone(), snapshot.catalog.clone());
            let shown = move |committed: &Committed| {
                answer(&crate::rights::at_once(outcome.clone().written(committed), &caller, &catalog)?)
            };
            Repeat { key, answer: Arc::new(shown) }
        });
        let access_of_all = access.unbound();
        let commit = Commit {
            access: access_of_all,
            author,
            at,
            reads,
            settings,
            changes,
            touched,
            guards,
            repeat,
            rights,
            background,
        };
        let kept = commit.repeat.is_some() || commit.background.is_kept();
        if commit.changes.is_empty() && commit.guards.is_empty() && !kept {
            let written = outcome.written(&Committed::default());
            return Ok(Attempt::Done(self.shown(access, &snapshot.catalog, written).await?));
        }
        match self.store.commit(commit.clone()).await {
            Ok(committed) => {
                let written = outcome.written(&committed);
                Ok(Attempt::Done(self.shown(access, &snapshot.catalog, written).await?))
            }
            Err(Refusal::Changed) => Ok(Attempt::Again),
            // What a plugin writes follows from what it found. Where that meets a record which it did not find, it may
            // have been made meanwhile: it looks once more.
            Err(Refusal::Duplicate { index, .. } | Refusal::IdTaken { index })
                if number < SECOND_LOOKS && outcome.is_by_plugin(index) =>
            {
                Ok(Attempt::Again)
            }
            Err(Refusal::Overtaken) => Ok(Attempt::Overtaken),
            Err(Refusal::Circle { index, field, ids }) => {
                let names = match commit.changes.get(index) {
                    Some(change) => self.names(access, &change.schema, &ids).await?,
                    None => Vec::new(),
                };
                let prefix = prefixes.get(index).map_or("", String::as_str);
                Err(answers::circle(&field, prefix, &names))
            }
            Err(refusal) => {
                if matches!(refusal, Refusal::Broken | Refusal::Unknown | Refusal::Full) {
                    tracing::error!(%refusal, request_id = %caller.request_id, "a commit failed");
                }
                let mut fault = answers::of_refusal(&refusal, &commit, &prefixes);
                if matches!(refusal, Refusal::Duplicate { .. }) {
                    // The database names one of them.
                    let told = std::mem::replace(&mut fault.issues, desk.doubles(&outcome.drafts).await?);
                    add_new(&mut fault.issues, told);
                    if let Some(first) = fault.issues.first() {
                        fault.message.clone_from(&first.message);
                    }
                }
                Err(fault)
            }
        }
    }
}
