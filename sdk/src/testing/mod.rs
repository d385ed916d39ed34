//! The host in memory, for tests that run natively, without wasm and without a database.
//!
//! It holds records of the collections that a `plugin.toml` declares, and takes writes as the host does: fields are
//! checked by the descriptor, access rules bind [`MemoryHost::caller`], the plugin's hook is called once a batch, and
//! everything is carried out or nothing. A test itself, with [`MemoryHost::record`] and its like, sees all. What
//! it leaves out is told here: bodies and queries of routes are not validated against their schemas, nobody writes at
//! the same time, and there are no limits on time, memory or calls.
//!
//! ```
//! use lignaflow_sdk::prelude::*;
//! use lignaflow_sdk::testing::MemoryHost;
//! use serde_json::json;
//!
//! struct Notes;
//! impl Plugin for Notes {}
//!
//! let mut host = MemoryHost::<Notes>::new(
//!     r#"
//!     id = "notes"
//!     version = "0.1.0"
//!     title = "Notes"
//!     api = "0.1"
//!
//!     [[collections]]
//!     name = "notes"
//!     title = { one = "Note", many = "Notes" }
//!     display = "title"
//!     fields = { title = { type = "text", required = true } }
//!     "#,
//! );
//! let note = host.insert("notes", json!({ "title": "Order oak" })).unwrap();
//! assert_eq!(host.record("notes", note).unwrap()["title"], "Order oak");
//! assert_eq!(host.insert("notes", json!({})).unwrap_err().issues[0].path, "/title");
//! ```

mod abilities;
pub(crate) mod call;
mod commit;
#[cfg(test)]
mod declared;
mod family;
mod kept;
mod outside;
mod paths;
mod plan;
mod post;
mod sight;
#[cfg(test)]
mod sighted;
#[cfg(test)]
mod tests;
mod work;
#[cfg(test)]
mod work_tests;
pub(crate) mod zones;

use crate::context::{Caller, Principal};
use crate::log::Level;
use crate::{
    Authority, Fault, Fields, FormerRecord, Id, Instant, Issue, Mutation, Origin, Page, Payload, Person, Plugin,
    Portion, RouteRequest, Selection, Value,
};
use call::{Call, World};
use lignaflow_core::bind::Binder;
use lignaflow_core::bound::Calendar;
use lignaflow_core::catalog::{Catalog, Schema};
pub use lignaflow_core::descriptor::Method;
use lignaflow_core::descriptor::{self, Descriptor};
use lignaflow_core::memory::Memory;
use lignaflow_core::name::PermissionName;
use lignaflow_core::query::Predicate;
use lignaflow_core::record::{Record, fields_from_json};
use plan::Item;
use serde_json::{Map, Value as Json, json};
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

/// A line that the plugin logged.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub level: Level,
    pub message: String,
    pub fields: Vec<(String, Value)>,
}

/// What a route came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Body,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    Empty,
    /// JSON of the route's own, a record, or a list of them as `{"data": […], "next": …}`.
    Json(Json),
    Bytes {
        content_type: String,
        bytes: Vec<u8>,
    },
    /// The bytes of this file, where the caller may read it.
    Media(Id),
}

impl Answer {
    /// The body, where it is JSON.
    ///
    /// # Panics
    ///
    /// Where it is not.
    pub fn json(&self) -> &Json {
        match &self.body {
            Body::Json(json) => json,
            other => panic!("the answer is not JSON: {other:?}"),
        }
    }
}

/// One organization with one plugin's code, and the records of its collections.
#[derive(Debug)]
pub struct MemoryHost<P> {
    world: Rc<World>,
    /// The caller of what comes next. A person of the organization who may read and write, in Sydney, at noon of
    /// 23 November 2026.
    pub caller: Caller,
    plugin: PhantomData<P>,
}

impl<P: Plugin> MemoryHost<P> {
    /// A host with this plugin, by its `plugin.toml`.
    ///
    /// # Panics
    ///
    /// With every fault of the descriptor, and with paths of hooks and pages that lead nowhere.
    pub fn new(plugin_toml: &str) -> Self {
        Self::beside(plugin_toml, &[])
    }

    /// A host with this plugin, and the collections of others that it refers to. Only this one's code runs.
    ///
    /// # Panics
    ///
    /// With every fault of the descriptors, and where a reference leads to a plugin that is not among them.
    pub fn beside(plugin_toml: &str, others: &[&str]) -> Self {
        let own = parsed(plugin_toml);
        let others: Vec<Descriptor> = others.iter().map(|text| parsed(text)).collect();
        let catalog = Catalog::new(std::iter::once(&own).chain(&others))
            .unwrap_or_else(|missing| panic!("references lead nowhere: {}", missing.join(", ")));
        let astray = paths::astray(&own, &catalog);
        assert!(astray.is_empty(), "paths of the descriptor lead nowhere:\n{}", astray.join("\n"));
        let world = Rc::new(World {
            descriptor: own,
            catalog: Arc::new(catalog),
            calendar: Cell::new(Calendar::default()),
            memory: RefCell::new(Memory::default()),
            people: RefCell::default(),
            held: RefCell::default(),
            ids: Cell::new(0),
            sequences: RefCell::default(),
            log: RefCell::default(),
            jobs: RefCell::default(),
            documents: RefCell::default(),
            post: RefCell::default(),
            events: RefCell::default(),
            told: Cell::new(0),
            abilities: abilities::Abilities::default(),
            outside: outside::Outside::default(),
        });
        // 2026-11-23T01:00:00Z.
        let now = Instant::from_micros(1_795_395_600_000_000);
        let mut host = Self {
            caller: Caller {
                organization: world.new_id(now),
                principal: Principal::Anonymous,
                permissions: ["records.read", "records.write"].map(str::to_owned).into(),
                locale: "en-AU".to_owned(),
                time_zone: "Australia/Sydney".to_owned(),
                currency: crate::Currency::AUD,
                request_id: "01890a5d-ac96-774b-bcce-b302099a8057".to_owned(),
                now,
            },
            world,
            plugin: PhantomData,
        };
        host.caller.principal = Principal::Person(host.add_person("Alex Carpenter"));
        host
    }

    /// Has the organization's weeks begin with another day, from 1, Monday, to 7, Sunday. They begin on Monday otherwise.
    pub fn weeks_start(&mut self, day: u8) {
        self.world.calendar.set(Calendar { week_starts: day, ..self.world.calendar.get() });
    }

    /// One more person of the organization.
    pub fn add_person(&mut self, name: &str) -> Id {
        let id = self.new_id();
        let person = Person {
            id,
            name: name.to_owned(),
            active: true,
            locale: self.caller.locale.clone(),
            time_zone: self.caller.time_zone.clone(),
        };
        self.world.people.borrow_mut().push(person);
        id
    }

    /// The permissions that a role of the plugin brings, as whoever has it holds them.
    ///
    /// # Panics
    ///
    /// Where `plugin.toml` does not declare it.
    pub fn role(&self, name: &str) -> Vec<String> {
        let plugin = &self.world.descriptor;
        let role = plugin.roles.iter().find(|(role, _)| role.as_str() == name);
        let (_, role) = role.unwrap_or_else(|| panic!("plugin.toml declares no role `{name}`"));
        role.permissions.iter().map(|permission| format!("{}.{permission}", plugin.id)).collect()
    }

    /// What a person holds while somebody else calls, for `people::holding`.
    pub fn give(&mut self, person: Id, permissions: &[&str]) {
        let held = permissions.iter().map(|it| (*it).to_owned()).collect();
        self.world.held.borrow_mut().insert(person, held);
    }

    /// Lets a person leave. What refers to them stays; nothing new may.
    pub fn leave(&mut self, person: Id) {
        for known in self.world.people.borrow_mut().iter_mut().filter(|known| known.id == person) {
            known.active = false;
        }
    }

    /// A fresh identifier, as a client would make one.
    pub fn new_id(&self) -> Id {
        self.world.new_id(self.caller.now)
    }

    /// Creates a record, as `POST /{collection}` does.
    pub fn insert(&mut self, collection: &str, body: impl Into<Json>) -> Result<Id, Fault> {
        let id = self.new_id();
        let fields = self.read(collection, body.into())?;
        let mutation = Mutation::Insert { collection: collection.to_owned(), id, fields };
        self.write(Origin::Api, vec![mutation]).map(|()| id)
    }

    /// Changes the named fields, as `PATCH /{collection}/{id}` does.
    pub fn update(&mut self, collection: &str, id: Id, body: impl Into<Json>) -> Result<(), Fault> {
        let fields = self.read(collection, body.into())?;
        let mutation = Mutation::Update { collection: collection.to_owned(), id, expected: None, fields };
        self.write(Origin::Api, vec![mutation])
    }

    /// Archives a record, as `DELETE /{collection}/{id}` does.
    pub fn remove(&mut self, collection: &str, id: Id) -> Result<(), Fault> {
        self.write(Origin::Api, vec![crate::writes::remove(collection, id)])
    }

    /// Takes an archived record back.
    pub fn restore(&mut self, collection: &str, id: Id) -> Result<(), Fault> {
        self.write(Origin::Api, vec![crate::writes::restore(collection, id)])
    }

    /// A declared change of state, as `POST /{collection}/{id}/{name}` makes it.
    pub fn transition(&mut self, collection: &str, id: Id, name: &str) -> Result<(), Fault> {
        self.write(Origin::Api, vec![crate::writes::transition(collection, id, name).into()])
    }

    /// Several writes at once, all or none, as `POST /{collection}/batch` makes them. Issues begin with the position of
    /// the write that they are about.
    pub fn batch<M: Into<Mutation>>(&mut self, mutations: impl IntoIterator<Item = M>) -> Result<(), Fault> {
        self.write(Origin::Batch, mutations.into_iter().map(M::into).collect())
    }

    /// Calls a `GET` route by its path under the plugin, `/projects/{id}/progress`, and its query's parameters.
    pub fn get(&mut self, path: &str, query: &[(&str, &str)]) -> Result<Answer, Fault> {
        self.request(Method::Get, path, query, Vec::new())
    }

    /// Calls a `POST` route with a JSON body.
    pub fn post(&mut self, path: &str, body: &Json) -> Result<Answer, Fault> {
        self.request(Method::Post, path, &[], body.to_string().into_bytes())
    }

    /// Calls a route.
    pub fn request(
        &mut self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer, Fault> {
        let mut routes = self.world.descriptor.routes.iter().filter(|route| route.method == method);
        let (route, parameters) = routes
            .find_map(|route| Some((route, matched(&route.path, path)?)))
            .ok_or_else(|| Fault::not_found(format_args!("route {} {path}", method.as_str())))?;
        let may = |permission: &PermissionName| self.caller.holds(&permission.full(&self.world.descriptor.id));
        if !route.permission.as_ref().is_none_or(may) {
            return Err(Fault::denied("You may not do this here."));
        }
        let route = route.name.to_string();
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let content_type = if body.is_empty() { String::new() } else { "application/json".to_owned() };
        let request = RouteRequest { route, parameters, query, content_type, body };
        let reply = self.during(call::Kind::Route, || P::handle(&request))?;
        assert!((200..300).contains(&reply.status), "a reply has a status of success; faults are returned as errors");
        assert!(reply.writes.is_empty() || method.writes(), "a GET returned writes");
        self.carry_out(Origin::Route, reply.writes, true)?;
        Ok(Answer { status: reply.status, body: self.body(reply.payload)? })
    }

    /// Hands records of an earlier version over, as the host does before this one is in use: the fields that they have,
    /// by name, also those that this version does not declare. What comes of it is carried out, and their ids are
    /// answered.
    ///
    /// # Panics
    ///
    /// Where `[migration]` does not name the collection.
    pub fn hand_over(&mut self, from_version: &str, collection: &str, former: Vec<Fields>) -> Result<Vec<Id>, Fault> {
        let migration = self.world.descriptor.migration.as_ref();
        let named = migration.is_some_and(|it| it.collections.iter().any(|name| name.as_str() == collection));
        assert!(named, "[migration] does not carry `{collection}` over");
        let schema = self.schema(collection)?;
        let mut records = Vec::with_capacity(former.len());
        for fields in former {
            let id = self.new_id();
            let now = self.caller.now.micros();
            let value = |name: &str| fields.get(name).cloned().unwrap_or(Value::Null);
            let record = Record {
                id,
                version: 1,
                created_at: now,
                updated_at: now,
                created_by: None,
                archived_at: None,
                values: schema.fields.iter().map(|field| value(field.name.as_str())).collect(),
            };
            self.world.memory.borrow_mut().insert(&schema.name, record);
            records.push(FormerRecord { id, version: 1, archived: false, fields });
        }
        let ids = records.iter().map(|record| record.id).collect();
        let to_version = self.world.descriptor.version.clone();
        let portion =
            Portion { from_version: from_version.to_owned(), to_version, collection: collection.to_owned(), records };
        let writes = self.during(call::Kind::Route, || P::migrate(&portion))?;
        self.carry_out(Origin::Migration, writes, true)?;
        Ok(ids)
    }

    /// A record as the API shows it to whoever sees all of it, archived or not.
    pub fn record(&self, collection: &str, id: Id) -> Option<Json> {
        let schema = self.schema(collection).ok()?;
        self.world.memory.borrow().get(&schema.name, id).map(|record| record.to_json(&schema))
    }

    /// The declared fields of a record by name, archived or not.
    pub fn fields(&self, collection: &str, id: Id) -> Option<Fields> {
        let schema = self.schema(collection).ok()?;
        self.world.memory.borrow().get(&schema.name, id).map(|record| record.fields(&schema))
    }

    /// What a selection finds now, whoever may see it.
    pub fn find(&self, selection: impl Into<Selection>) -> Result<Page, Fault> {
        let bound = self.binder().selection(&selection.into())?;
        Ok(self.world.memory.borrow().find(&bound))
    }

    /// How many records of a collection are there that this holds of.
    pub fn count(&self, collection: &str, filter: Predicate) -> Result<u64, Fault> {
        let bound = self.binder().selection(&crate::select::select(collection).filter(filter).into())?;
        Ok(self.world.memory.borrow().count(&bound))
    }

    /// What the plugin has logged since this was asked last.
    pub fn logged(&mut self) -> Vec<Line> {
        self.world.log.take()
    }

    /// Runs something as the plugin's route code would run: the functions of [`crate::records`] and its like answer.
    pub fn run<T>(&mut self, code: impl FnOnce() -> T) -> T {
        self.during(call::Kind::Route, code)
    }

    fn during<T>(&self, kind: call::Kind, code: impl FnOnce() -> T) -> T {
        call::during(Call { world: self.world.clone(), caller: self.caller.clone(), kind }, code)
    }

    fn binder(&self) -> Binder<'_> {
        Binder { catalog: &self.world.catalog, home: Some(&self.world.descriptor.id) }
    }

    fn schema(&self, collection: &str) -> Result<Arc<Schema>, Fault> {
        self.binder().collection(collection).cloned()
    }

    fn read(&self, collection: &str, body: Json) -> Result<Fields, Fault> {
        let Json::Object(object) = body else { panic!("a record is written as a JSON object, not {body}") };
        let (fields, issues) = fields_from_json(&*self.schema(collection)?, &object);
        if issues.is_empty() { Ok(fields) } else { Err(Fault::invalid(issues)) }
    }

    fn write(&mut self, origin: Origin, mutations: Vec<Mutation>) -> Result<(), Fault> {
        self.carry_out(origin, mutations, false)
    }

    fn carry_out(&mut self, origin: Origin, mutations: Vec<Mutation>, by_plugin: bool) -> Result<(), Fault> {
        let alone = mutations.len() == 1 && origin != Origin::Batch;
        let prefix = |index: usize| match origin {
            Origin::Route | Origin::Job | Origin::Subscriber | Origin::Service | Origin::Migration => {
                format!("/writes/{index}")
            }
            _ if alone => String::new(),
            _ => format!("/{index}"),
        };
        let items = mutations.into_iter().enumerate();
        let items = items.map(|(index, mutation)| Item { mutation, prefix: prefix(index), by_plugin }).collect();
        let mut plan = plan::Plan::default();
        let migrates = origin == Origin::Migration;
        let desk = plan::Desk { world: &self.world, caller: &self.caller, unlocked: migrates };
        desk.draft(&mut plan, items)?;
        let (changes, places) = desk.hook_changes(&plan, origin);
        if !changes.is_empty() && !migrates {
            let verdict = self
                .during(call::Kind::Hook, || P::before_save(&changes))
                .map_err(|fault| plan.placed(fault, &places))?;
            desk.take(&mut plan, verdict, &places)?;
            desk.settle(&mut plan, 0)?;
        }
        let missing: Vec<Issue> = plan.drafts.iter().flat_map(plan::Draft::missing).collect();
        if !missing.is_empty() {
            return Err(Fault::invalid(missing));
        }
        let locked = desk.locked_wholes(&plan, 0).into_iter().next();
        if let Some((_, fault)) = locked {
            return Err(fault);
        }
        commit::commit(&self.world, &self.caller, &plan)?;
        self.note(&plan, origin);
        Ok(())
    }

    fn body(&self, payload: Payload) -> Result<Body, Fault> {
        let viewer = sight::viewer(&self.world, &self.caller);
        Ok(match payload {
            Payload::Empty => Body::Empty,
            Payload::Json(text) => {
                Body::Json(serde_json::from_str(&text).unwrap_or_else(|error| panic!("not JSON: {error}: {text}")))
            }
            Payload::Saved(collection, id) => {
                let schema = self.schema(&collection)?;
                Body::Json(self.world.shown(&schema, id, &viewer).ok_or_else(|| no_record(&schema))?)
            }
            Payload::Found(selection) => {
                let seen = (selection.authority == Authority::Caller).then_some(&viewer);
                Body::Json(listed(&self.world.find(&selection, seen)?))
            }
            Payload::Summarized(summary) => {
                let seen = (summary.authority == Authority::Caller).then_some(&viewer);
                Body::Json(listed(&self.world.summarize(&summary, seen)?))
            }
            Payload::Bytes(content_type, bytes) => Body::Bytes { content_type, bytes },
            Payload::Link(id) => {
                let link = self.links().into_iter().find(|link| link.id == id);
                let link = link.ok_or_else(|| Fault::not_found("open link"))?;
                let expires_at = lignaflow_core::value::instant_text(link.expires_at);
                Body::Json(
                    json!({ "id": id, "url": format!("https://localhost:8443/l/{id}"), "expires_at": expires_at }),
                )
            }
            Payload::Media(id) => Body::Media(id),
        })
    }
}

fn parsed(plugin_toml: &str) -> Descriptor {
    descriptor::parse(plugin_toml).unwrap_or_else(|faults| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        panic!("the descriptor is not valid:\n{}", faults.join("\n"))
    })
}

/// The parameters of a path, where it is one of the pattern.
fn matched(pattern: &str, path: &str) -> Option<Vec<(String, String)>> {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    let mut parameters = Vec::new();
    for (part, given) in pattern.iter().zip(&path) {
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => parameters.push((name.to_owned(), (*given).to_owned())),
            None if part == given => {}
            None => return None,
        }
    }
    (pattern.len() == path.len()).then_some(parameters)
}

fn listed(page: &Page) -> Json {
    let row = |values: &Vec<Value>| -> Json {
        let pairs = page.columns.iter().cloned().zip(values.iter().map(Value::to_json));
        Json::Object(pairs.collect::<Map<_, _>>())
    };
    json!({ "data": page.rows.iter().map(row).collect::<Vec<_>>(), "next": page.next })
}

fn no_record(schema: &Schema) -> Fault {
    Fault::not_found(schema.collection.title.one.to_lowercase())
}
