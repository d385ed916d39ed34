//! Jobs and subscriptions: what waits, and doing it. Delays and times are not waited for.

use super::MemoryHost;
use super::call::{self, Call};
use super::plan::Plan;
use crate::context::{Caller, Principal};
use crate::{Document, Enqueue, Event, EventKind, Fault, JobCall, Mutation, Origin, Plugin, Slice};
use lignaflow_core::record::Record;
use serde_json::Value as Json;

/// Slices of one job, and jobs one after the other, beyond which a test has gone astray.
const MOST: usize = 10_000;

impl<P: Plugin> MemoryHost<P> {
    /// The jobs that wait, in the order in which they were asked for.
    pub fn waiting(&self) -> Vec<Enqueue> {
        self.world.jobs.borrow().clone()
    }

    /// The documents that were asked for, in their order. None is made here: a test looks at their data.
    pub fn documents(&self) -> Vec<Document> {
        self.world.documents.borrow().clone()
    }

    /// Does a job of the plugin, slice after slice, as when its time has come.
    ///
    /// # Panics
    ///
    /// Where `plugin.toml` does not declare it, or it does not come to an end.
    pub fn run_job(&mut self, name: &str, payload: &Json) -> Result<(), Fault> {
        assert!(self.world.descriptor.job(name).is_some(), "plugin.toml declares no job `{name}`");
        let mut call = JobCall { job: name.to_owned(), payload: payload.to_string(), cursor: None, attempt: 1 };
        for _ in 0..MOST {
            self.world.outside.in_job.set(true);
            let slice = self.as_plugin(|| P::run(&call));
            self.world.outside.in_job.set(false);
            let Slice { writes, next } = slice?;
            self.by_plugin(Origin::Job, writes)?;
            match next {
                Some(next) => call.cursor = Some(next.cursor),
                None => return Ok(()),
            }
        }
        panic!("the job `{name}` goes on without end");
    }

    /// Does all jobs that wait, and those that they ask for. How many that were.
    ///
    /// # Panics
    ///
    /// Where they do not come to an end.
    pub fn run_jobs(&mut self) -> Result<usize, Fault> {
        for done in 0..MOST {
            let mut jobs = self.world.jobs.borrow_mut();
            if jobs.is_empty() {
                return Ok(done);
            }
            let job = jobs.remove(0);
            drop(jobs);
            let payload = serde_json::from_str(&job.payload)
                .unwrap_or_else(|error| panic!("the payload of `{}` is not JSON: {error}", job.name));
            self.run_job(&job.name, &payload)?;
        }
        panic!("jobs ask for jobs without end");
    }

    /// Tells the plugin of the changes that it subscribes to and was not told of yet. How many that were.
    pub fn tell(&mut self) -> Result<usize, Fault> {
        let events = self.world.events.take();
        if !events.is_empty() {
            let writes = self.as_plugin(|| P::receive(&events))?;
            self.by_plugin(Origin::Subscriber, writes)?;
        }
        Ok(events.len())
    }

    fn as_plugin<T>(&self, code: impl FnOnce() -> T) -> T {
        let caller = Caller { principal: Principal::Plugin, ..self.caller.clone() };
        call::during(Call { world: self.world.clone(), caller, kind: call::Kind::Work }, code)
    }

    fn by_plugin(&mut self, origin: Origin, writes: Vec<Mutation>) -> Result<(), Fault> {
        let principal = std::mem::replace(&mut self.caller.principal, Principal::Plugin);
        let carried = self.carry_out(origin, writes, true);
        self.caller.principal = principal;
        carried
    }

    /// Keeps what a commit changed for the plugin to be told of. What its own subscriber wrote is not told to it.
    pub(super) fn note(&self, plan: &Plan, origin: Origin) {
        self.world.enqueue(&plan.jobs);
        self.world.post.borrow_mut().extend(plan.post.iter().cloned());
        self.world.documents.borrow_mut().extend(plan.documents.iter().cloned());
        if origin == Origin::Subscriber {
            return;
        }
        let home = &self.world.descriptor.id;
        let memory = self.world.memory.borrow();
        for draft in &plan.drafts {
            let Some(record) = memory.get(&draft.schema.name, draft.id) else { continue };
            let name = &draft.schema.name;
            let collection = if name.plugin == *home { name.local.to_string() } else { name.to_string() };
            let subscriptions = &self.world.descriptor.subscriptions;
            let Some(subscription) = subscriptions.iter().find(|it| it.collection == collection) else { continue };
            let archived = |record: &Record| record.archived_at.is_some();
            let kind = match &draft.before {
                None => EventKind::Insert,
                Some(before) if before.version == record.version => continue,
                Some(before) if !archived(before) && archived(record) => EventKind::Remove,
                Some(before) if archived(before) && !archived(record) => EventKind::Restore,
                Some(_) => EventKind::Update,
            };
            if !subscription.wants(kind, draft.transition.as_deref()) {
                continue;
            }
            let mut after = record.fields(&draft.schema);
            let mut before = draft.before.as_ref().map(|before| before.fields(&draft.schema)).unwrap_or_default();
            if kind != EventKind::Insert {
                let same: Vec<_> = after.keys().filter(|name| before.get(*name) == after.get(*name)).cloned().collect();
                for name in same {
                    before.shift_remove(&name);
                    after.shift_remove(&name);
                }
            }
            let mut events = self.world.events.borrow_mut();
            let sequence = self.world.told.get() + 1;
            self.world.told.set(sequence);
            events.push(Event {
                sequence,
                at: self.caller.now.micros(),
                collection,
                id: draft.id,
                version: record.version,
                kind,
                transition: draft.transition.clone(),
                person: self.caller.person(),
                before,
                after,
            });
        }
    }
}
