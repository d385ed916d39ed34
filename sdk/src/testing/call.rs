//! The call under way, which the capabilities' functions answer from.

use super::{Line, sight};
use crate::context::{Caller, Principal};
use crate::log::Level;
use crate::{
    Authority, Document, Enqueue, Event, Fault, Id, Instant, Mutation, Page, Person, Selection, Summary, Value,
};
use lignaflow_core::bound::Calendar;
use lignaflow_core::caller as host;
use lignaflow_core::catalog::Catalog;
use lignaflow_core::descriptor::{Capability, Descriptor};
use lignaflow_core::memory::Memory;
use lignaflow_core::name::CollectionName;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// What one organization holds.
#[derive(Debug)]
pub(super) struct World {
    pub(super) descriptor: Descriptor,
    pub(super) catalog: Arc<Catalog>,
    pub(super) calendar: Cell<Calendar>,
    pub(super) memory: RefCell<Memory>,
    pub(super) people: RefCell<Vec<Person>>,
    /// What people hold beside whoever calls.
    pub(super) held: RefCell<HashMap<Id, Vec<String>>>,
    pub(super) ids: Cell<u64>,
    /// The last number of each sequence.
    pub(super) sequences: RefCell<HashMap<String, i64>>,
    pub(super) log: RefCell<Vec<Line>>,
    /// Jobs that wait.
    pub(super) jobs: RefCell<Vec<Enqueue>>,
    /// Documents that were asked for.
    pub(super) documents: RefCell<Vec<Document>>,
    /// What people are told.
    pub(super) post: RefCell<Vec<Mutation>>,
    /// Changes that the plugin is to be told of, and how many there were.
    pub(super) events: RefCell<Vec<Event>>,
    pub(super) told: Cell<u64>,
    pub(super) abilities: super::abilities::Abilities,
    pub(super) outside: super::outside::Outside,
}

impl World {
    /// Identifiers that count upwards, so that two runs of a test are equal.
    pub(super) fn new_id(&self, now: Instant) -> Id {
        let number = self.ids.get() + 1;
        self.ids.set(number);
        let mut random = [0; 10];
        random[2..].copy_from_slice(&number.to_be_bytes());
        Id::from_parts(now.micros(), random)
    }

    /// While a job of the same name and key waits, another is that one.
    pub(super) fn enqueue(&self, jobs: &[Enqueue]) {
        let mut waiting = self.jobs.borrow_mut();
        for job in jobs {
            let same = |other: &Enqueue| {
                job.deduplicate.is_some() && (&other.name, &other.deduplicate) == (&job.name, &job.deduplicate)
            };
            if !waiting.iter().any(same) {
                waiting.push(job.clone());
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Hook,
    Route,
    /// A job or a subscriber.
    Work,
}

/// One call of the plugin's code.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(super) world: Rc<World>,
    pub(super) caller: Caller,
    pub(super) kind: Kind,
}

thread_local! {
    static CURRENT: RefCell<Option<Call>> = const { RefCell::new(None) };
}

/// Runs code with the call under way; also a panic ends it.
pub(super) fn during<T>(call: Call, code: impl FnOnce() -> T) -> T {
    struct Ended;
    impl Drop for Ended {
        fn drop(&mut self) {
            CURRENT.set(None);
        }
    }
    CURRENT.set(Some(call));
    let _ended = Ended;
    code()
}

/// What the call under way answers.
pub(crate) fn with<T>(ask: impl FnOnce(&Call) -> T) -> T {
    let call = CURRENT.with_borrow(Clone::clone).unwrap_or_else(|| {
        panic!("the host answers only while it calls the plugin: see `lignaflow_sdk::testing::MemoryHost::run`")
    });
    ask(&call)
}

impl Call {
    pub(crate) fn caller(&self) -> Caller {
        self.caller.clone()
    }

    pub(crate) fn conventions(&self) -> crate::calendar::Conventions {
        let Calendar { week_starts, fiscal_year_starts } = self.world.calendar.get();
        crate::calendar::Conventions { week_starts, fiscal_year_starts }
    }

    pub(crate) fn new_id(&self) -> Id {
        self.world.new_id(self.caller.now)
    }

    /// Whose access rules hold. Where nobody calls, the plugin does, which sees all.
    fn viewer(&self, authority: Authority) -> Option<host::Caller> {
        (authority == Authority::Caller && self.kind != Kind::Work).then(|| sight::viewer(&self.world, &self.caller))
    }

    /// A component that was not granted what it imports is not even loaded.
    pub(super) fn needs(&self, capability: Capability) {
        let interface = capability.interface();
        assert!(
            self.world.descriptor.grants.interfaces.contains(&capability),
            "plugin.toml does not ask for `{interface}`: write interfaces = [\"{interface}\"] under [grants]"
        );
    }

    fn may_read(&self, collection: &str, authority: Authority) -> Result<(), Fault> {
        self.needs(Capability::Records);
        assert!(
            authority == Authority::Plugin || self.kind != Kind::Hook,
            "a hook reads `{collection}` on the caller's rights; what it ensures must not depend on them: use as_plugin()"
        );
        let home = &self.world.descriptor.id;
        let name = CollectionName::within(home, collection)
            .map_err(|error| Fault::at("/collection", "unknown-collection", error.to_string()))?;
        if !self.world.descriptor.grants.reads(home, &name) {
            return Err(Fault::denied(format!("The plugin {home} was not granted to read {name}.")));
        }
        if authority == Authority::Caller && self.kind == Kind::Route && !self.caller.holds("records.read") {
            return Err(Fault::denied("You may not read records here."));
        }
        Ok(())
    }

    pub(crate) fn get(
        &self,
        collection: &str,
        id: Id,
        select: &[String],
        authority: Authority,
    ) -> Result<Option<Vec<Value>>, Fault> {
        let one = crate::select::select(collection).filter(crate::select::field("id").eq(id)).limit(1);
        let selection = Selection { select: select.to_vec(), authority, ..one.into() };
        Ok(self.find(&selection)?.rows.into_iter().next())
    }

    pub(crate) fn find(&self, selection: &Selection) -> Result<Page, Fault> {
        self.may_read(&selection.collection, selection.authority)?;
        self.world.find(selection, self.viewer(selection.authority).as_ref())
    }

    pub(crate) fn summarize(&self, summary: &Summary) -> Result<Page, Fault> {
        self.may_read(&summary.collection, summary.authority)?;
        self.world.summarize(summary, self.viewer(summary.authority).as_ref())
    }

    pub(crate) fn person(&self, id: Id) -> Option<Person> {
        self.needs(Capability::People);
        self.world.people.borrow().iter().find(|person| person.id == id).cloned()
    }

    /// The caller by what they hold, others by what they were given.
    pub(crate) fn holding(&self, permission: Option<&str>) -> Vec<Person> {
        self.needs(Capability::People);
        let holds = |person: &Person| match permission {
            None => true,
            Some(permission) if self.caller.principal == Principal::Person(person.id) => self.caller.holds(permission),
            Some(permission) => {
                let held = self.world.held.borrow();
                held.get(&person.id).is_some_and(|held| held.iter().any(|it| it == permission))
            }
        };
        let mut people: Vec<_> = self.world.people.borrow().iter().filter(|person| holds(person)).cloned().collect();
        people.sort_by(|a, b| a.name.cmp(&b.name));
        people
    }

    pub(crate) fn log(&self, level: Level, message: &str, fields: &[(&str, Value)]) {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        self.world.log.borrow_mut().push(Line { level, message: message.to_owned(), fields });
    }
}
