//! Mutations into changes: what the descriptor says of fields, states and versions, with every fault at once. Nothing
//! here writes; the same plan made twice on the same records is the same.

use crate::answers;
use crate::background::asked_for;
use crate::family::Wholes;
use crate::post::Told;
use crate::rights::{self, Claims};
use lignaflow_core::access::Deed;
use lignaflow_core::bind::Binder;
use lignaflow_core::bound::{BoundPredicate, Column};
use lignaflow_core::caller::{Access, Caller};
use lignaflow_core::catalog::{Catalog, Schema, SchemaField};
use lignaflow_core::commit::{Action, Change, Guard, Number, ReadCheck, SettingsCheck};
use lignaflow_core::custom;
use lignaflow_core::derive::derive;
use lignaflow_core::descriptor::{ChangeKind, Field, FieldKind, Transition, humanize};
use lignaflow_core::id::{Id, PersonId};
use lignaflow_core::mutation::{Document, Enqueue, Fields, Mutation};
use lignaflow_core::name::{CollectionName, FieldName, PluginId};
use lignaflow_core::query::{Operator, Predicate};
use lignaflow_core::record::{Record, check_value, unknown_field, value_from_json};
use lignaflow_core::value::Value;
use lignaflow_core::{ErrorCode, Fault, Issue};
use lignaflow_runtime::Snapshot;
use lignaflow_store::Store;
use serde_json::Value as Json;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// One mutation with where it stands in the input, as the prefix of its issues' paths.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub mutation: Mutation,
    pub prefix: String,
    /// The plugin that asks for it; `None` where a client does.
    pub by: Option<PluginId>,
}

/// A change in the making.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub schema: Arc<Schema>,
    pub id: Id,
    pub kind: ChangeKind,
    pub before: Option<Record>,
    /// The whole record as it is to be.
    pub after: Fields,
    pub transition: Option<String>,
    pub restores: bool,
    pub prefix: String,
    pub by: Option<PluginId>,
    pub claims: Claims,
}

/// Records as they stand, and those of them that the client who asks may not change so.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    pub records: HashMap<(CollectionName, Id), Record>,
    pub denied: HashSet<(CollectionName, Id)>,
}

#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub drafts: Vec<Draft>,
    pub guards: Vec<Guard>,
    pub reads: Vec<ReadCheck>,
    /// Settings of plugins that it rests on.
    pub settings: Vec<SettingsCheck>,
    /// Jobs that plugins ask for.
    pub jobs: Vec<(PluginId, Enqueue)>,
    /// Documents that plugins ask for.
    pub documents: Vec<(PluginId, Document)>,
    /// Files that the calls behind it made.
    pub files: Vec<Id>,
    /// What plugins ask people to be told.
    pub post: Vec<Told>,
    /// What drafted parts are parts of, as it was read.
    pub wholes: Wholes,
    /// Faults of a client's input. The drafts stand without the values at fault, so that hooks can tell theirs as well;
    /// nothing is committed.
    pub issues: Vec<Issue>,
}

/// What planning looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub store: &'a Store,
    pub snapshot: &'a Arc<Snapshot>,
    pub caller: &'a Caller,
    /// The caller's. What is read to plan by is read with all rights, so that invariants hold.
    pub access: Access<'a>,
    /// Whether what is archived, or a state locks, is open all the same: to a migration alone.
    pub unlocked: bool,
}

/// Faults as they are found: all issues, and the first fault of another kind.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) issues: Vec<Issue>,
    other: Option<Fault>,
}

impl Found {
    pub(crate) fn add(&mut self, fault: Fault, prefix: &str) {
        if fault.code == ErrorCode::Invalid {
            self.issues.extend(fault.issues);
            return;
        }
        if !prefix.is_empty() && fault.issues.is_empty() {
            self.issues.push(Issue::new(prefix, fault.code.as_str(), fault.message.clone()));
        }
        self.other.get_or_insert(fault);
    }

    pub(crate) fn finish(self) -> Result<(), Fault> {
        match self.other {
            Some(mut fault) => {
                fault.issues.extend(self.issues);
                Err(fault)
            }
            None if self.issues.is_empty() => Ok(()),
            None => Err(Fault::invalid(self.issues)),
        }
    }
}

impl Desk<'_> {
    /// Adds the changes that these mutations ask for to a plan.
    pub(crate) async fn draft(&self, plan: &mut Plan, items: Vec<Item>) -> Result<(), Fault> {
        let mut found = Found::default();
        let mut resolved = Vec::with_capacity(items.len());
        for item in items {
            let Some(item) = asked_for(plan, item) else { continue };
            match self.resolve(&item) {
                Ok(schema) => resolved.push((schema, item)),
                Err(fault) => found.add(fault, &item.prefix),
            }
        }
        let mut standing = self.standing(&resolved).await?;
        self.veil(&resolved, &mut standing).await?;
        let begin = plan.drafts.len();
        for (schema, item) in resolved {
            let prefix = item.prefix.clone();
            if let Err(fault) = self.one(plan, &mut standing, schema, item) {
                found.add(fault, &prefix);
            }
        }
        let astray = self.check_references(plan, begin).await?;
        for draft in &mut plan.drafts[begin..] {
            let issues = draft.settle(&self.snapshot.catalog, self.caller);
            // Where a fault is told already, what follows from it is not.
            let known = |issue: &Issue| plan.issues.iter().any(|told| told.path == issue.path);
            let issues: Vec<Issue> = issues.into_iter().filter(|issue| !known(issue)).collect();
            if draft.by.is_none() {
                plan.issues.extend(issues);
            } else {
                found.issues.extend(issues);
            }
        }
        // Of a whole that whoever asks may not read, nothing is told.
        if !astray {
            self.follow(plan, begin, &mut found).await?;
            self.wholes(plan, begin, &mut found).await?;
        }
        found.finish()
    }

    /// The collection that a mutation names, where whoever asks may write it.
    pub(crate) fn resolve(&self, item: &Item) -> Result<Arc<Schema>, Fault> {
        let text = item.mutation.collection().unwrap_or_default();
        let name = match &item.by {
            Some(plugin) => CollectionName::within(plugin, text),
            None => text.parse(),
        };
        let schema = name
            .ok()
            .and_then(|name| self.snapshot.catalog.schema(&name))
            .filter(|schema| self.snapshot.is_enabled(self.caller.organization, &schema.name.plugin))
            .cloned()
            .ok_or_else(|| Fault::not_found(format_args!("collection `{text}`")))?;
        if let Some(plugin) = &item.by {
            let granted =
                self.snapshot.plugins.get(plugin).is_some_and(|loaded| loaded.grants().writes(plugin, &schema.name));
            if !granted {
                return Err(Fault::denied(format!("The plugin {plugin} was not granted to change {}.", schema.name)));
            }
        }
        Ok(schema)
    }

    /// The records that the mutations speak of, as they stand: one statement a collection.
    async fn standing(&self, items: &[(Arc<Schema>, Item)]) -> Result<Standing, Fault> {
        let mut wanted: HashMap<CollectionName, (Arc<Schema>, Vec<Id>)> = HashMap::new();
        for (schema, item) in items {
            if let Some(id) = existing_id(&item.mutation) {
                wanted.entry(schema.name.clone()).or_insert_with(|| (schema.clone(), Vec::new())).1.push(id);
            }
        }
        let mut standing = Standing::default();
        for (name, (schema, ids)) in wanted {
            let records = self.store.records(self.access.unbound(), &schema, &ids).await.map_err(answers::of_store)?;
            standing.records.extend(records.into_iter().map(|record| ((name.clone(), record.id), record)));
        }
        Ok(standing)
    }

    fn one(&self, plan: &mut Plan, standing: &mut Standing, schema: Arc<Schema>, item: Item) -> Result<(), Fault> {
        let Item { mutation, prefix, by } = item;
        let id = match &mutation {
            Mutation::EnsureNone { filter, fault, .. } => {
                plan.guards.push(self.guard(&schema, filter, false, fault.clone(), by.as_ref())?);
                return Ok(());
            }
            Mutation::EnsureSome { filter, fault, .. } => {
                plan.guards.push(self.guard(&schema, filter, true, fault.clone(), by.as_ref())?);
                return Ok(());
            }
            Mutation::Enqueue(_)
            | Mutation::Render(_)
            | Mutation::Notify(_)
            | Mutation::Mail(_)
            | Mutation::OpenLink(_)
            | Mutation::CloseLink(_) => return Ok(()),
            Mutation::Insert { id, .. }
            | Mutation::Update { id, .. }
            | Mutation::Remove { id, .. }
            | Mutation::Restore { id, .. }
            | Mutation::Transition { id, .. } => *id,
        };
        if plan.drafts.iter().any(|draft| draft.id == id && draft.schema.name == schema.name) {
            return Err(Fault::at(format!("{prefix}/id"), "twice", "This record is changed twice in one batch."));
        }
        let deed = rights::deed(&mutation).filter(|_| by.is_none());
        if let Mutation::Insert { fields, .. } = mutation {
            if deed.is_some_and(|deed| schema.allows(deed, Some(self.caller)).is_never()) {
                return Err(rights::denied(&schema, Deed::Create));
            }
            let mut claims = Claims::default();
            let (after, issues) = self.inserted(&schema, fields, &prefix, by.is_none(), &mut claims);
            refuse(plan, issues, by.is_none())?;
            plan.drafts.push(Draft {
                schema,
                id,
                kind: ChangeKind::Insert,
                before: None,
                after,
                transition: None,
                restores: false,
                prefix,
                by,
                claims,
            });
            return Ok(());
        }
        let key = (schema.name.clone(), id);
        let before = standing.records.get(&key).ok_or_else(|| answers::no_record(&schema))?;
        if let Some(deed) = deed.filter(|_| standing.denied.contains(&key)) {
            return Err(rights::denied(&schema, deed));
        }
        let expected = match &mutation {
            Mutation::Update { expected, .. }
            | Mutation::Remove { expected, .. }
            | Mutation::Restore { expected, .. }
            | Mutation::Transition { expected, .. } => *expected,
            _ => None,
        };
        if expected.is_some_and(|expected| expected != before.version) {
            return Err(stale(&schema, before.version));
        }
        let restores = matches!(mutation, Mutation::Restore { .. });
        if (restores || !self.unlocked) && before.archived_at.is_some() != restores {
            let one = schema.collection.title.one.to_lowercase();
            return Err(if restores {
                Fault::new(ErrorCode::Conflict, format!("This {one} is not archived."))
            } else {
                Fault::new(ErrorCode::Locked, format!("This {one} is archived. Restore it first."))
            });
        }
        let before = standing.records.remove(&key).ok_or_else(|| answers::no_record(&schema))?;
        let mut draft = Draft {
            id,
            kind: ChangeKind::Update,
            after: before.fields(&schema),
            transition: None,
            restores,
            prefix,
            by,
            before: Some(before),
            schema,
            claims: Claims::default(),
        };
        match mutation {
            Mutation::Update { fields, .. } => {
                if !(draft.is_by_its_plugin() && only_notes(&draft.schema, fields.keys())) {
                    self.refuse_locked(&draft)?;
                }
                let issues = self.set(&mut draft, fields);
                refuse(plan, issues, draft.by.is_none())?;
            }
            Mutation::Remove { .. } => {
                self.refuse_locked(&draft)?;
                draft.kind = ChangeKind::Remove;
            }
            Mutation::Transition { name, fields, .. } => {
                let issues = self.transition(&mut draft, &name, fields)?;
                refuse(plan, issues, draft.by.is_none())?;
            }
            _ => {}
        }
        plan.drafts.push(draft);
        Ok(())
    }

    pub(crate) fn refuse_locked(&self, draft: &Draft) -> Result<(), Fault> {
        if self.unlocked { Ok(()) } else { refuse_locked(draft) }
    }

    /// All fields of a new record: those given, checked, and defaults for the rest.
    fn inserted(
        &self,
        schema: &Arc<Schema>,
        mut given: Fields,
        prefix: &str,
        by_client: bool,
        claims: &mut Claims,
    ) -> (Fields, Vec<Issue>) {
        let mut issues = Vec::new();
        let mut after = Fields::new();
        for (index, field) in schema.fields.iter().enumerate() {
            let name = field.name.as_str();
            let path = format!("{prefix}{}", custom::pointer(name));
            let default = self.default_of(field);
            let mut value = match given.shift_remove(name) {
                None => default,
                Some(value) if keeps_out(field, by_client) && value != default => {
                    issues.push(read_only(field, &path));
                    default
                }
                Some(value) if by_client && schema.collection.is_state(name) && value != default => {
                    issues.push(by_transition(schema, field, &path));
                    default
                }
                Some(value) if by_client && value != default => {
                    match self.may_write(schema, index, None, claims, path.clone()) {
                        Ok(()) => {
                            self.refers(schema, index, None, &value, claims);
                            value
                        }
                        Err(issue) => {
                            issues.push(issue);
                            default
                        }
                    }
                }
                Some(value) => value,
            };
            // A plugin knows nothing of what an organization added, and makes its records without.
            let unasked = !by_client && field.custom.is_some() && value == empty_of(field);
            // What the hook gives is missed once the hook has run.
            let awaited =
                value.is_null() && field.field.is_given_by_code() && schema.collection.hooked_on(ChangeKind::Insert);
            let unasked = unasked || awaited;
            if let Some(issue) = check_value(field, &mut value, &path).filter(|_| !unasked) {
                issues.push(issue);
                value = empty_of(field);
            }
            after.insert(name.to_owned(), value);
        }
        issues
            .extend(given.keys().map(|name| unknown_field(schema, name, format!("{prefix}{}", custom::pointer(name)))));
        (after, issues)
    }

    fn default_of(&self, field: &SchemaField) -> Value {
        let empty = empty_of(field);
        let Some(default) = &field.field.default else { return empty };
        match (field.field.kind, default.as_str()) {
            (FieldKind::Person, Some("caller")) => {
                self.caller.person().map_or(Value::Null, |PersonId(id)| Value::Reference(id))
            }
            (FieldKind::Instant, Some("now")) => Value::Instant(self.caller.now),
            (FieldKind::Date, Some("today")) => self.caller.today().map_or(Value::Null, Value::Date),
            _ => value_from_json(&field.field, default).unwrap_or(empty),
        }
    }

    /// Sets fields of a record that stands, with every fault of theirs.
    fn set(&self, draft: &mut Draft, fields: Fields) -> Vec<Issue> {
        let schema = draft.schema.clone();
        let by_client = draft.by.is_none();
        let mut issues = Vec::new();
        for (name, mut value) in fields {
            let path = format!("{}{}", draft.prefix, custom::pointer(&name));
            let Some(index) = schema.position(&name) else {
                issues.push(unknown_field(&schema, &name, path));
                continue;
            };
            let field = &schema.fields[index];
            if let Some(issue) = check_value(field, &mut value, &path) {
                issues.push(issue);
                continue;
            }
            let unchanged = draft.after.get(&name) == Some(&value);
            if keeps_out(field, by_client) && !unchanged {
                issues.push(read_only(field, &path));
                continue;
            }
            if by_client && !unchanged {
                if schema.collection.is_state(&name) {
                    issues.push(by_transition(&schema, field, &path));
                    continue;
                }
                if let Err(issue) = self.may_write(&schema, index, draft.before.as_ref(), &mut draft.claims, path) {
                    issues.push(issue);
                    continue;
                }
                self.refers(&schema, index, draft.after.get(&name), &value, &mut draft.claims);
            }
            draft.after.insert(name, value);
        }
        issues
    }

    fn transition(&self, draft: &mut Draft, name: &str, fields: Fields) -> Result<Vec<Issue>, Fault> {
        let schema = draft.schema.clone();
        let made = |transition: &&Transition| draft.by.is_some() || !transition.by_code;
        let transition = schema.collection.transition(name).filter(made).ok_or_else(|| {
            Fault::not_found(format_args!("transition `{name}` of a {}", schema.collection.title.one.to_lowercase()))
        })?;
        if draft.by.is_none() {
            self.may_transition(&schema, transition)?;
        }
        let now = draft.after.get(transition.field()).and_then(Value::as_text).unwrap_or_default();
        if !transition.from.iter().any(|state| state == now) {
            let from: Vec<_> = transition.from.iter().map(|state| humanize(state).to_lowercase()).collect();
            return Err(Fault::new(
                ErrorCode::Conflict,
                format!(
                    "This {} is {}; `{name}` needs it to be {}.",
                    schema.collection.title.one.to_lowercase(),
                    humanize(now).to_lowercase(),
                    from.join(" or "),
                ),
            ));
        }
        let issues = self.set(draft, fields);
        draft.after.insert(transition.field().to_owned(), Value::Text(transition.to.clone()));
        draft.transition = Some(name.to_owned());
        Ok(issues)
    }

    fn may_transition(&self, schema: &Schema, transition: &Transition) -> Result<(), Fault> {
        match &transition.permission {
            Some(permission) if !self.caller.holds(&format!("{}.{permission}", schema.name.plugin)) => {
                Err(Fault::denied(format!("You may not {} here.", humanize(transition.name.as_str()).to_lowercase())))
            }
            _ => Ok(()),
        }
    }

    fn guard(
        &self,
        schema: &Arc<Schema>,
        filter: &Predicate,
        wants: bool,
        fault: Fault,
        by: Option<&PluginId>,
    ) -> Result<Guard, Fault> {
        let binder = Binder { catalog: &self.snapshot.catalog, home: by };
        let (filter, archived) = binder.predicate(schema, filter)?;
        let serialize = pinned(schema, &filter).ok_or_else(|| {
            tracing::warn!(collection = %schema.name, "a guard pins no field of the collection's `serialize`");
            Fault::new(
                ErrorCode::PluginBadAnswer,
                format!("A guard on {} must pin one of its `serialize` fields to a value.", schema.name),
            )
        })?;
        Ok(Guard { schema: schema.clone(), filter, archived, wants, serialize, fault })
    }
}

pub(crate) fn existing_id(mutation: &Mutation) -> Option<Id> {
    match mutation {
        Mutation::Update { id, .. }
        | Mutation::Remove { id, .. }
        | Mutation::Restore { id, .. }
        | Mutation::Transition { id, .. } => Some(*id),
        _ => None,
    }
}

pub(crate) fn stale(schema: &Schema, version: u64) -> Fault {
    Fault::new(
        ErrorCode::Stale,
        format!(
            "This {} has been changed since you read it; its version is now {version}. Read it again and repeat.",
            schema.collection.title.one.to_lowercase()
        ),
    )
}

/// The state of these fields in which a record refuses changes, if it is in one.
pub(crate) fn locked_state(schema: &Schema, fields: &Fields) -> Option<String> {
    let mut states = schema.collection.locked_states();
    let locked = states.find(|(field, state)| fields.get(*field).and_then(Value::as_text) == Some(*state));
    locked.map(|(_, state)| state.to_owned())
}

fn refuse_locked(draft: &Draft) -> Result<(), Fault> {
    match locked_state(&draft.schema, &draft.after) {
        Some(state) => Err(Fault::new(
            ErrorCode::Locked,
            format!(
                "This {} is {}, which refuses changes.",
                draft.schema.collection.title.one.to_lowercase(),
                humanize(&state).to_lowercase()
            ),
        )),
        None => Ok(()),
    }
}

/// Whether a field is none of theirs: clients write nothing that is read-only, and nobody what the host keeps.
fn keeps_out(field: &SchemaField, by_client: bool) -> bool {
    if by_client { field.field.is_read_only() } else { field.field.is_kept() }
}

fn read_only(field: &SchemaField, path: &str) -> Issue {
    let name = humanize(field.name.as_str());
    let message = match &field.field {
        Field { derived: Some(formula), .. } => format!("{name} is calculated: {formula}."),
        Field { sequence: Some(_), .. } => format!("{name} is a number that is given once."),
        _ => format!("{name} is kept by the program."),
    };
    Issue::new(path, "read-only", message)
}

fn by_transition(schema: &Schema, field: &SchemaField, path: &str) -> Issue {
    let verbs: Vec<_> = schema
        .collection
        .verbs()
        .filter(|transition| transition.field() == field.name.as_str())
        .map(|transition| transition.name.as_str())
        .collect();
    let name = humanize(field.name.as_str());
    let message = if verbs.is_empty() {
        format!("{name} is changed by the program alone.")
    } else {
        format!("{name} is changed by its transitions: {}.", verbs.join(", "))
    };
    Issue::new(path, "by-transition", message)
}

/// Faults of a client's input wait for those of the hooks; a plugin's own are told at once.
fn refuse(plan: &mut Plan, issues: Vec<Issue>, by_client: bool) -> Result<(), Fault> {
    if by_client {
        plan.issues.extend(issues);
        return Ok(());
    }
    if issues.is_empty() { Ok(()) } else { Err(Fault::invalid(issues)) }
}

/// What a field holds where nothing was given.
pub(crate) const fn empty_of(field: &SchemaField) -> Value {
    match field.field.kind {
        kind if kind.is_list() => Value::References(Vec::new()),
        _ => Value::Null,
    }
}

/// What a hook overwrites: the plugin's own word, so only types and rules are checked.
pub(crate) fn overwrite(draft: &mut Draft, fields: Fields) -> Result<(), String> {
    let schema = draft.schema.clone();
    for (name, mut value) in fields {
        let field =
            schema.field(&name).ok_or_else(|| format!("it set `{name}`, which {} does not have", schema.name))?;
        if field.field.is_kept() {
            return Err(format!("it set `{name}` of {}, which the host keeps", schema.name));
        }
        if let Some(issue) = check_value(field, &mut value, "") {
            return Err(format!("it set `{name}` of {}: {}", schema.name, issue.message));
        }
        draft.after.insert(name, value);
    }
    Ok(())
}

/// The `serialize` field and value that a filter holds fast in every record it matches.
fn pinned(schema: &Schema, filter: &BoundPredicate) -> Option<(String, Value)> {
    match filter {
        BoundPredicate::All(children) => children.iter().find_map(|child| pinned(schema, child)),
        BoundPredicate::Compare { path, operator: Operator::Equal, value } if path.hops.is_empty() => {
            let Column::Field(index) = path.column else { return None };
            let name = &schema.fields[index].name;
            schema.collection.serialize.contains(name).then(|| (name.as_str().to_owned(), value.clone()))
        }
        _ => None,
    }
}

/// Whether all of these are fields that are written even where a state locks the record.
fn only_notes<'a>(schema: &Schema, mut names: impl Iterator<Item = &'a String>) -> bool {
    names.all(|name| schema.field(name).is_some_and(|field| field.field.even_locked))
}

impl Draft {
    /// Whether the plugin asks for it that the collection is of.
    fn is_by_its_plugin(&self) -> bool {
        self.by.as_ref() == Some(&self.schema.name.plugin)
    }

    /// Whether its plugin changes nothing but what is written even where a state locks the record, and what follows
    /// from that.
    pub(crate) fn only_notes(&self) -> bool {
        let Some(before) = self.before.as_ref().filter(|_| self.is_by_its_plugin()) else { return false };
        let changed = self.schema.fields.iter().zip(&before.values);
        let mut changed = changed.filter(|(field, old)| self.after.get(field.name.as_str()) != Some(*old));
        self.kind == ChangeKind::Update
            && !self.restores
            && self.transition.is_none()
            && changed.all(|(field, _)| field.field.even_locked || field.field.is_kept())
    }

    /// A fault for each field that code was to give and did not.
    pub(crate) fn missing(&self) -> Vec<Issue> {
        let awaited = self.schema.fields.iter().filter(|field| field.field.is_given_by_code());
        let empty = |field: &&SchemaField| self.after.get(field.name.as_str()).is_none_or(Value::is_null);
        let awaited = awaited.filter(|_| self.kind != ChangeKind::Remove).filter(empty);
        awaited
            .map(|field| {
                let title = humanize(field.name.as_str());
                Issue::new(format!("{}/{}", self.prefix, field.name), "required", format!("{title} is required."))
            })
            .collect()
    }

    /// Calculates what follows from the record's own fields, and tells what cannot be or breaks a check.
    pub(crate) fn settle(&mut self, catalog: &Catalog, caller: &Caller) -> Vec<Issue> {
        if self.kind == ChangeKind::Remove {
            return Vec::new();
        }
        let schema = self.schema.clone();
        let troubles = derive(&schema, &mut self.after);
        let mut issues: Vec<Issue> =
            troubles.iter().map(|(index, trouble)| trouble.issue(&schema.fields[*index], &self.prefix)).collect();
        if let Some(conditions) = catalog.conditions(&schema.name).filter(|conditions| conditions.has_checks()) {
            for check in conditions.broken(&self.record(caller)) {
                let path = check.field.as_ref().map_or_else(|| self.prefix.clone(), |f| format!("{}/{f}", self.prefix));
                issues.push(Issue::new(path, "check", check.message.clone()));
            }
        }
        issues
    }

    /// The record as it is to be, as far as that is known before it is saved.
    pub(crate) fn record(&self, caller: &Caller) -> Record {
        let value = |field: &SchemaField| self.after.get(field.name.as_str()).cloned().unwrap_or(Value::Null);
        let values = self.schema.fields.iter().map(value).collect();
        match &self.before {
            Some(before) => {
                let archived_at = before.archived_at.filter(|_| !self.restores);
                Record { values, archived_at, ..before.clone() }
            }
            None => Record {
                id: self.id,
                version: 1,
                created_at: caller.now,
                updated_at: caller.now,
                created_by: caller.person(),
                archived_at: None,
                values,
            },
        }
    }

    /// The fields that are given a number with this change: once, and never again.
    fn numbers(&self) -> Vec<Number> {
        let given = self.schema.sequences().filter(|(index, sequence)| {
            let name = self.schema.fields[*index].name.as_str();
            let now = match &sequence.on {
                None => self.kind == ChangeKind::Insert,
                Some(on) => self.transition.as_deref() == Some(on.as_str()),
            };
            now && self.after.get(name).is_none_or(Value::is_null)
        });
        given
            .map(|(field, sequence)| {
                let value = |name: &FieldName| self.after.get(name.as_str()).map_or(Json::Null, Value::to_json);
                let per: Vec<Json> = sequence.per.iter().map(value).collect();
                Number { field, per: if per.is_empty() { String::new() } else { Json::Array(per).to_string() } }
            })
            .collect()
    }

    /// Turns among all who change an acyclic reference of the collection, since a circle may close over any of its
    /// records. A new record closes none alone: nobody can refer to it yet.
    fn turns(&self, action: &Action) -> Vec<(String, Value)> {
        let Action::Update { set, .. } = action else { return Vec::new() };
        let acyclic = self.schema.fields.iter().filter(|field| field.field.acyclic);
        let changed = acyclic.filter(|field| set.get(field.name.as_str()).is_some_and(|value| !value.is_null()));
        changed.map(|field| (field.name.as_str().to_owned(), Value::Null)).collect()
    }

    /// The change as the store carries it out; `None` where nothing differs.
    pub(crate) fn change(&self) -> Option<Change> {
        let (expected, action) = match (&self.before, self.kind) {
            (None, _) => (0, Action::Insert { values: self.after.clone() }),
            (Some(before), ChangeKind::Remove) => (before.version, Action::Archive),
            (Some(before), _) if self.restores => (before.version, Action::Restore),
            (Some(before), _) => {
                let mut set = Fields::new();
                let mut was = Fields::new();
                for (field, old) in self.schema.fields.iter().zip(&before.values) {
                    let name = field.name.as_str();
                    if let Some(new) = self.after.get(name)
                        && new != old
                    {
                        set.insert(name.to_owned(), new.clone());
                        was.insert(name.to_owned(), old.clone());
                    }
                }
                if set.is_empty() {
                    return None;
                }
                (before.version, Action::Update { set, before: was })
            }
        };
        let mut serialize = Vec::new();
        for name in &self.schema.collection.serialize {
            let old = self.before.as_ref().and_then(|before| before.get(&self.schema, name.as_str()));
            let new = self.after.get(name.as_str());
            for value in [old, new].into_iter().flatten() {
                let key = (name.as_str().to_owned(), value.clone());
                if !serialize.contains(&key) {
                    serialize.push(key);
                }
            }
        }
        serialize.extend(self.turns(&action));
        Some(Change {
            schema: self.schema.clone(),
            id: self.id,
            expected,
            action,
            transition: self.transition.clone(),
            numbers: self.numbers(),
            serialize,
        })
    }
}
