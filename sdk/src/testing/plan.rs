//! Mutations into drafts of records, by the rules of the descriptor, with every fault at once.

use super::call::World;
use super::no_record;
use crate::context::Caller;
use crate::{
    ChangeKind, Document, Enqueue, ErrorCode, Fault, Fields, HookChange, Id, Issue, Mutation, Origin, Value, Verdict,
};
use lignaflow_core::access::Deed;
use lignaflow_core::bind::Binder;
use lignaflow_core::bound::{BoundPredicate, Column};
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::descriptor::{FieldKind, humanize};
use lignaflow_core::query::{Operator, Predicate};
use lignaflow_core::record::{Record, check_value, escape, unknown_field, value_from_json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One mutation, with the prefix of its issues' paths.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) mutation: Mutation,
    pub(super) prefix: String,
    pub(super) by_plugin: bool,
}

/// A record in the making.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) schema: Arc<Schema>,
    pub(super) id: Id,
    pub(super) kind: ChangeKind,
    pub(super) before: Option<Record>,
    pub(super) after: Fields,
    pub(super) transition: Option<String>,
    pub(super) restores: bool,
    pub(super) prefix: String,
    pub(super) by_plugin: bool,
    /// Nobody asked for it: it goes or comes back with another.
    pub(super) follows: bool,
    /// Fields that a hook set, which are the plugin's word.
    pub(super) set: BTreeSet<String>,
}

#[derive(Debug)]
pub(super) struct Guard {
    pub(super) schema: Arc<Schema>,
    pub(super) filter: BoundPredicate,
    pub(super) archived: bool,
    pub(super) wants: bool,
    pub(super) fault: Fault,
}

#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) drafts: Vec<Draft>,
    pub(super) guards: Vec<Guard>,
    pub(super) jobs: Vec<Enqueue>,
    pub(super) documents: Vec<Document>,
    pub(super) post: Vec<Mutation>,
}

impl Draft {
    /// Whether the plugin changes nothing but what is written even where a state locks the record.
    pub(super) fn only_notes(&self) -> bool {
        let Some(before) = self.before.as_ref().filter(|_| self.by_plugin && self.kind == ChangeKind::Update) else {
            return false;
        };
        let changed = self.schema.fields.iter().zip(&before.values);
        let mut changed = changed.filter(|(field, old)| self.after.get(field.name.as_str()) != Some(*old));
        let notes = changed.all(|(field, _)| field.field.even_locked || field.field.is_kept());
        notes && !self.restores && self.transition.is_none()
    }

    /// What code was to give and did not.
    pub(super) fn missing(&self) -> Vec<Issue> {
        let awaited = self.schema.fields.iter().filter(|field| field.field.is_given_by_code());
        let empty = |field: &&SchemaField| self.after.get(field.name.as_str()).is_none_or(Value::is_null);
        let awaited = awaited.filter(|_| self.kind != ChangeKind::Remove).filter(empty);
        let issue = |field: &SchemaField| {
            let message = format!("{} is required.", humanize(field.name.as_str()));
            Issue::new(format!("{}/{}", self.prefix, field.name), "required", message)
        };
        awaited.map(issue).collect()
    }
}

impl Plan {
    /// A hook's paths begin with a change's position among those it was handed; the caller is told the place in its
    /// own input.
    pub(super) fn placed(&self, mut fault: Fault, places: &[usize]) -> Fault {
        for issue in &mut fault.issues {
            let mut parts = issue.path.splitn(3, '/');
            let (lead, at, rest) = (parts.next(), parts.next(), parts.next());
            let index = at.filter(|_| lead == Some("")).and_then(|at| at.parse::<usize>().ok());
            let draft = index.and_then(|at| places.get(at)).and_then(|place| self.drafts.get(*place));
            assert!(draft.is_some(), "the path `{}` of an issue does not begin with a change's position", issue.path);
            let prefix = draft.map_or("", |draft| &draft.prefix);
            issue.path = rest.map_or_else(|| prefix.to_owned(), |rest| format!("{prefix}/{rest}"));
        }
        fault
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Desk<'a> {
    pub(super) world: &'a World,
    pub(super) caller: &'a Caller,
    /// Whether what is archived or locked is open all the same, as to a migration.
    pub(super) unlocked: bool,
}

impl Desk<'_> {
    fn binder(&self) -> Binder<'_> {
        Binder { catalog: &self.world.catalog, home: Some(&self.world.descriptor.id) }
    }

    pub(super) fn draft(&self, plan: &mut Plan, items: Vec<Item>) -> Result<(), Fault> {
        let begin = plan.drafts.len();
        let mut faults = Vec::new();
        for item in items {
            let prefix = item.prefix.clone();
            faults.extend(self.one(plan, item).err().map(|fault| (prefix, fault)));
        }
        faults.extend(self.settle(plan, begin).err().map(|fault| (String::new(), fault)));
        self.follow(plan, begin, &mut faults);
        faults.extend(self.locked_wholes(plan, begin));
        told(faults)
    }

    fn one(&self, plan: &mut Plan, item: Item) -> Result<(), Fault> {
        let Item { mutation, prefix, by_plugin } = item;
        let home = &self.world.descriptor.id;
        let mutation = match mutation {
            Mutation::Enqueue(job) => {
                assert!(self.world.descriptor.job(&job.name).is_some(), "plugin.toml declares no job `{}`", job.name);
                plan.jobs.push(job);
                return Ok(());
            }
            Mutation::Render(document) => {
                assert!(
                    serde_json::from_str::<serde_json::Value>(&document.data).is_ok(),
                    "the data of the document `{}` is not JSON",
                    document.template
                );
                plan.documents.push(document);
                return Ok(());
            }
            told @ (Mutation::Notify(_) | Mutation::Mail(_) | Mutation::OpenLink(_) | Mutation::CloseLink(_)) => {
                super::post::check(self.world, self.caller, &told);
                plan.post.push(told);
                return Ok(());
            }
            other => other,
        };
        let schema = self.binder().collection(mutation.collection().unwrap_or_default())?.clone();
        if by_plugin && !self.world.descriptor.grants.writes(home, &schema.name) {
            return Err(Fault::denied(format!("The plugin {home} was not granted to change {}.", schema.name)));
        }
        let (id, expected) = match &mutation {
            Mutation::EnsureNone { filter, fault, .. } => return self.guard(plan, &schema, filter, false, fault),
            Mutation::EnsureSome { filter, fault, .. } => return self.guard(plan, &schema, filter, true, fault),
            Mutation::Enqueue(_)
            | Mutation::Render(_)
            | Mutation::Notify(_)
            | Mutation::Mail(_)
            | Mutation::OpenLink(_)
            | Mutation::CloseLink(_) => return Ok(()),
            Mutation::Insert { id, .. } => (*id, None),
            Mutation::Update { id, expected, .. }
            | Mutation::Remove { id, expected, .. }
            | Mutation::Restore { id, expected, .. }
            | Mutation::Transition { id, expected, .. } => (*id, *expected),
        };
        if plan.drafts.iter().any(|draft| draft.id == id && draft.schema.name == schema.name) {
            return Err(Fault::at(format!("{prefix}/id"), "twice", "This record is changed twice in one batch."));
        }
        let before = self.world.memory.borrow().get(&schema.name, id).cloned();
        let mut draft = Draft {
            id,
            kind: ChangeKind::Update,
            after: before.as_ref().map(|before| before.fields(&schema)).unwrap_or_default(),
            before,
            transition: None,
            restores: matches!(mutation, Mutation::Restore { .. }),
            prefix,
            by_plugin,
            set: BTreeSet::new(),
            follows: false,
            schema,
        };
        if let Mutation::Insert { fields, .. } = mutation {
            draft.kind = ChangeKind::Insert;
            if draft.before.is_some() {
                let issue =
                    Issue::new(format!("{}/id", draft.prefix), "taken", "A record with this id is there already.");
                return Err(Fault { code: ErrorCode::Conflict, ..Fault::invalid(vec![issue]) });
            }
            self.insert(&mut draft, fields)?;
            plan.drafts.push(draft);
            return Ok(());
        }
        if !by_plugin {
            let deed = if matches!(mutation, Mutation::Remove { .. }) { Deed::Remove } else { Deed::Update };
            self.may_touch(&draft.schema, draft.before.as_ref(), deed)?;
        }
        refuse_standing(&draft, expected, self.unlocked)?;
        match mutation {
            Mutation::Update { fields, .. } => {
                let notes = |name: &String| draft.schema.field(name).is_some_and(|field| field.field.even_locked);
                if !(draft.by_plugin && fields.keys().all(notes)) {
                    self.refuse_locked(&draft)?;
                }
                self.set(&mut draft, fields)?;
            }
            Mutation::Remove { .. } => {
                self.refuse_locked(&draft)?;
                draft.kind = ChangeKind::Remove;
            }
            Mutation::Transition { name, fields, .. } => self.transition(&mut draft, &name, fields)?,
            _ => {}
        }
        plan.drafts.push(draft);
        Ok(())
    }

    pub(super) fn refuse_locked(&self, draft: &Draft) -> Result<(), Fault> {
        if self.unlocked { Ok(()) } else { refuse_locked(draft) }
    }

    fn insert(&self, draft: &mut Draft, mut given: Fields) -> Result<(), Fault> {
        let schema = draft.schema.clone();
        let mut issues = Vec::new();
        let named = given.clone();
        for field in &schema.fields {
            let name = field.name.as_str();
            let path = format!("{}/{name}", draft.prefix);
            let default = self.default_of(field);
            let mut value = given.shift_remove(name).unwrap_or_else(|| default.clone());
            if value != default {
                issues.extend(not_the_clients(draft, field, &path));
            }
            let awaited = value.is_null() && field.field.is_given_by_code();
            if !(awaited && schema.collection.hooked_on(ChangeKind::Insert)) {
                issues.extend(check_value(field, &mut value, &path));
            }
            draft.after.insert(name.to_owned(), value);
        }
        let unknown =
            given.keys().map(|name| unknown_field(&schema, name, format!("{}/{}", draft.prefix, escape(name))));
        issues.extend(unknown);
        if !draft.by_plugin {
            issues.extend(self.denied_fields(draft, &named));
        }
        if issues.is_empty() { Ok(()) } else { Err(Fault::invalid(issues)) }
    }

    fn default_of(&self, field: &SchemaField) -> Value {
        let empty = match field.field.kind {
            kind if kind.is_list() => Value::References(Vec::new()),
            _ => Value::Null,
        };
        let Some(default) = &field.field.default else { return empty };
        match (field.field.kind, default.as_str()) {
            (FieldKind::Person, Some("caller")) => self.caller.person().map_or(Value::Null, Value::Reference),
            (FieldKind::Instant, Some("now")) => Value::Instant(self.caller.now.micros()),
            (FieldKind::Date, Some("today")) => {
                self.caller.today().map_or(Value::Null, |date| Value::Date(date.days()))
            }
            _ => value_from_json(&field.field, default).unwrap_or(empty),
        }
    }

    fn transition(&self, draft: &mut Draft, name: &str, fields: Fields) -> Result<(), Fault> {
        let schema = draft.schema.clone();
        let one = schema.collection.title.one.to_lowercase();
        let transition = schema
            .collection
            .transition(name)
            .filter(|transition| draft.by_plugin || !transition.by_code)
            .ok_or_else(|| Fault::not_found(format_args!("transition `{name}` of a {one}")))?;
        if let Some(permission) = transition.permission.as_ref().filter(|_| !draft.by_plugin)
            && !self.caller.holds(&format!("{}.{permission}", schema.name.plugin))
        {
            return Err(Fault::denied(format!("You may not {} here.", humanize(name).to_lowercase())));
        }
        let now = draft.after.get(transition.field()).and_then(Value::as_text).unwrap_or_default();
        if !transition.from.iter().any(|state| state == now) {
            let message = format!("This {one} is {now}; `{name}` needs it to be {}.", transition.from.join(" or "));
            return Err(Fault::new(ErrorCode::Conflict, message));
        }
        self.set(draft, fields)?;
        draft.after.insert(transition.field().to_owned(), Value::Text(transition.to.clone()));
        draft.transition = Some(name.to_owned());
        Ok(())
    }

    fn set(&self, draft: &mut Draft, fields: Fields) -> Result<(), Fault> {
        let schema = draft.schema.clone();
        let mut issues = if draft.by_plugin { Vec::new() } else { self.denied_fields(draft, &fields) };
        for (name, mut value) in fields {
            let path = format!("{}/{}", draft.prefix, escape(&name));
            let Some(field) = schema.field(&name) else {
                issues.push(unknown_field(&schema, &name, path));
                continue;
            };
            issues.extend(check_value(field, &mut value, &path));
            if draft.after.get(&name) != Some(&value) {
                issues.extend(not_the_clients(draft, field, &path));
            }
            draft.after.insert(name, value);
        }
        if issues.is_empty() { Ok(()) } else { Err(Fault::invalid(issues)) }
    }

    fn guard(
        &self,
        plan: &mut Plan,
        schema: &Arc<Schema>,
        filter: &Predicate,
        wants: bool,
        fault: &Fault,
    ) -> Result<(), Fault> {
        let (filter, archived) = self.binder().predicate(schema, filter)?;
        assert!(
            pins(schema, &filter),
            "a guard on {} must pin one of its `serialize` fields to a value, or others could write past it",
            schema.name
        );
        plan.guards.push(Guard { schema: schema.clone(), filter, archived, wants, fault: fault.clone() });
        Ok(())
    }

    /// What the plugin's hook is handed, and which drafts these are.
    pub(super) fn hook_changes(&self, plan: &Plan, origin: Origin) -> (Vec<HookChange>, Vec<usize>) {
        let home = &self.world.descriptor.id;
        let hooked =
            plan.drafts.iter().enumerate().filter(|(_, draft)| {
                draft.schema.name.plugin == *home && draft.schema.collection.hooked_on(draft.kind)
            });
        hooked
            .map(|(place, draft)| {
                let removed = draft.kind == ChangeKind::Remove;
                let change = HookChange {
                    collection: draft.schema.name.local.as_str().to_owned(),
                    kind: draft.kind,
                    id: draft.id,
                    transition: draft.transition.clone(),
                    origin,
                    before: draft.before.as_ref().map(|before| before.fields(&draft.schema)).unwrap_or_default(),
                    after: if removed { Fields::new() } else { draft.after.clone() },
                    related: self.related(plan, draft),
                };
                (change, place)
            })
            .unzip()
    }

    fn related(&self, plan: &Plan, draft: &Draft) -> Fields {
        let with = draft.schema.collection.hook.iter().flat_map(|hook| &hook.with);
        with.map(|path| (path.clone(), self.value_at(plan, &draft.schema, &draft.after, path))).collect()
    }

    /// What the batch itself makes counts over what is stored.
    fn value_at(&self, plan: &Plan, schema: &Arc<Schema>, fields: &Fields, path: &str) -> Value {
        let Some((first, rest)) = path.split_once('.') else { return fields.get(path).cloned().unwrap_or(Value::Null) };
        let target =
            schema.field(first).and_then(|field| field.to.as_ref()).and_then(|to| self.world.catalog.schema(to));
        let id = fields.get(first).and_then(Value::as_reference);
        let (Some(target), Some(id)) = (target, id) else { return Value::Null };
        if let Some(draft) = plan.drafts.iter().find(|draft| draft.id == id && draft.schema.name == target.name) {
            return self.value_at(plan, target, &draft.after, rest);
        }
        let stored = self.world.memory.borrow().get(&target.name, id).map(|record| record.fields(target));
        stored.map_or(Value::Null, |stored| self.value_at(plan, target, &stored, rest))
    }

    /// Takes a hook's verdict into the plan.
    pub(super) fn take(&self, plan: &mut Plan, verdict: Verdict, places: &[usize]) -> Result<(), Fault> {
        for (index, fields) in verdict.set {
            let place = usize::try_from(index).ok().and_then(|index| places.get(index));
            let draft = place.and_then(|place| plan.drafts.get_mut(*place));
            let Some(draft) = draft else { panic!("the hook set fields of a change {index} that it was not handed") };
            for (name, mut value) in fields {
                let schema = draft.schema.clone();
                let field =
                    schema.field(&name).unwrap_or_else(|| panic!("the hook set `{name}`, which is not a field"));
                assert!(!field.field.is_kept(), "the hook set `{name}`, which the host keeps");
                if let Some(issue) = check_value(field, &mut value, "") {
                    panic!("the hook set `{name}` to what the descriptor refuses: {}", issue.message);
                }
                draft.set.insert(name.clone());
                draft.after.insert(name, value);
            }
        }
        let items = verdict.also.into_iter().map(|mutation| {
            let foreign = mutation.collection().and_then(|name| name.split_once('/'));
            let own = foreign.is_none_or(|(plugin, _)| plugin == self.world.descriptor.id.as_str());
            assert!(own, "a hook may touch its own collections alone, not {foreign:?}");
            Item { mutation, prefix: String::new(), by_plugin: true }
        });
        self.draft(plan, items.collect())
    }
}

/// All faults of a plan as one, with the prefix of each.
fn told(faults: Vec<(String, Fault)>) -> Result<(), Fault> {
    let mut issues = Vec::new();
    let mut other: Option<Fault> = None;
    for (prefix, fault) in faults {
        if fault.code == ErrorCode::Invalid {
            issues.extend(fault.issues);
            continue;
        }
        if !prefix.is_empty() && fault.issues.is_empty() {
            issues.push(Issue::new(prefix, fault.code.as_str(), fault.message.clone()));
        }
        other.get_or_insert(fault);
    }
    match other {
        Some(mut fault) => {
            fault.issues.extend(issues);
            Err(fault)
        }
        None if issues.is_empty() => Ok(()),
        None => Err(Fault::invalid(issues)),
    }
}

/// Whether a filter holds a `serialize` field fast in every record it matches.
fn pins(schema: &Schema, filter: &BoundPredicate) -> bool {
    match filter {
        BoundPredicate::All(children) => children.iter().any(|child| pins(schema, child)),
        BoundPredicate::Compare { path, operator: Operator::Equal, .. } if path.hops.is_empty() => match path.column {
            Column::Field(index) => schema.collection.serialize.contains(&schema.fields[index].name),
            Column::System(_) => false,
        },
        _ => false,
    }
}

fn refuse_standing(draft: &Draft, expected: Option<u64>, unlocked: bool) -> Result<(), Fault> {
    let one = draft.schema.collection.title.one.to_lowercase();
    let Some(before) = &draft.before else { return Err(no_record(&draft.schema)) };
    if expected.is_some_and(|expected| expected != before.version) {
        return Err(Fault::new(ErrorCode::Stale, format!("This {one} has been changed since you read it.")));
    }
    match (before.archived_at.is_some(), draft.restores) {
        (true, false) if !unlocked => {
            Err(Fault::new(ErrorCode::Locked, format!("This {one} is archived. Restore it first.")))
        }
        (false, true) => Err(Fault::new(ErrorCode::Conflict, format!("This {one} is not archived."))),
        _ => Ok(()),
    }
}

fn refuse_locked(draft: &Draft) -> Result<(), Fault> {
    let state = |field: &str| draft.after.get(field).and_then(Value::as_text);
    match draft.schema.collection.locked_states().find(|(field, locked)| state(field) == Some(locked)) {
        Some((_, locked)) => {
            let one = draft.schema.collection.title.one.to_lowercase();
            Err(Fault::new(ErrorCode::Locked, format!("This {one} is {locked}, which refuses changes.")))
        }
        None => Ok(()),
    }
}

/// Why a client may not give a field another value.
fn not_the_clients(draft: &Draft, field: &SchemaField, path: &str) -> Option<Issue> {
    let name = field.name.as_str();
    if draft.by_plugin && !field.field.is_kept() {
        None
    } else if field.field.is_read_only() {
        Some(Issue::new(path, "read-only", format!("{} is kept by the program.", humanize(name))))
    } else if draft.schema.collection.is_state(name) {
        Some(Issue::new(path, "by-transition", format!("{} is changed by its transitions.", humanize(name))))
    } else {
        None
    }
}
