//! Access rules around a write, and around what is told of one.
//!
//! A client is bound by them; what a hook or a plugin's route changes is the plugin's word. Rules that look at the
//! record alone are settled while planning. Those that look at other records are asked beforehand, so that nobody
//! learns from a hook what they may not read, and again inside the transaction.

use crate::Records;
use crate::answers;
use crate::plan::{Desk, Draft, Item, Plan, Standing};
use crate::write::{Saved, Written};
use lignaflow_core::access::Deed;
use lignaflow_core::bound::BoundPredicate;
use lignaflow_core::caller::{Access, Caller};
use lignaflow_core::catalog::{Catalog, Schema, SchemaField};
use lignaflow_core::commit::{Moment, Refusal, Right};
use lignaflow_core::descriptor::{ChangeKind, FieldKind, humanize};
use lignaflow_core::id::Id;
use lignaflow_core::memory::Memory;
use lignaflow_core::mutation::Mutation;
use lignaflow_core::name::CollectionName;
use lignaflow_core::record::{Record, unknown_field};
use lignaflow_core::value::Value;
use lignaflow_core::{Fault, Issue};
use lignaflow_store::LogEntry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// What of a draft a client did that an access rule speaks of, and that cannot be settled by the record alone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claims {
    /// Nobody asked for it: it follows from another change, as the descriptor says.
    follows: bool,
    /// Fields that were written, by position.
    fields: Vec<usize>,
    /// What is newly referred to: the field's position, the collection, the record.
    references: Vec<(usize, Arc<Schema>, Id)>,
}

impl Claims {
    pub(crate) fn of_follower() -> Self {
        Self { follows: true, ..Self::default() }
    }
}

/// What a mutation does with its record.
pub(crate) const fn deed(mutation: &Mutation) -> Option<Deed> {
    match mutation {
        Mutation::Insert { .. } => Some(Deed::Create),
        Mutation::Update { .. } | Mutation::Restore { .. } | Mutation::Transition { .. } => Some(Deed::Update),
        Mutation::Remove { .. } => Some(Deed::Remove),
        Mutation::EnsureNone { .. }
        | Mutation::EnsureSome { .. }
        | Mutation::Enqueue(_)
        | Mutation::Render(_)
        | Mutation::Notify(_)
        | Mutation::Mail(_)
        | Mutation::OpenLink(_)
        | Mutation::CloseLink(_) => None,
    }
}

impl Draft {
    fn deed(&self) -> Deed {
        match (self.kind, &self.before) {
            (_, None) => Deed::Create,
            (ChangeKind::Remove, _) => Deed::Remove,
            _ => Deed::Update,
        }
    }
}

pub(crate) fn denied(schema: &Schema, deed: Deed) -> Fault {
    let one = schema.collection.title.one.to_lowercase();
    Fault::denied(match deed {
        Deed::Create => format!("You may not create such a {one}."),
        Deed::Update => format!("You may not change this {one} so."),
        Deed::Remove => format!("You may not archive this {one}."),
    })
}

pub(crate) fn denied_field(field: &SchemaField, path: String) -> Issue {
    Issue::new(path, "denied", format!("You may not set {}.", humanize(field.name.as_str()).to_lowercase()))
}

/// A rule, where it asks anything of a record.
fn open(rule: BoundPredicate) -> Option<BoundPredicate> {
    (!rule.is_always()).then_some(rule)
}

impl Desk<'_> {
    /// Of the records that clients want to change, leaves out those that they may not read, and notes those that they
    /// may not change.
    pub(crate) async fn veil(&self, items: &[(Arc<Schema>, Item)], standing: &mut Standing) -> Result<(), Fault> {
        let mut asked: BTreeMap<(CollectionName, bool), (Arc<Schema>, Vec<Id>)> = BTreeMap::new();
        for (schema, item) in items.iter().filter(|(_, item)| item.by.is_none()) {
            let (Some(deed), Some(id)) = (deed(&item.mutation), crate::plan::existing_id(&item.mutation)) else {
                continue;
            };
            let removes = deed == Deed::Remove;
            let entry = asked.entry((schema.name.clone(), removes));
            entry.or_insert_with(|| (schema.clone(), Vec::new())).1.push(id);
        }
        for ((name, removes), (schema, ids)) in asked {
            let rule = schema.readable(Some(self.caller));
            let hidden = self.failing(&schema, &ids, rule, standing).await?;
            standing.records.retain(|(collection, id), _| *collection != name || !hidden.contains(id));
            let deed = if removes { Deed::Remove } else { Deed::Update };
            let rule = schema.allows(deed, Some(self.caller));
            let denied = self.failing(&schema, &ids, rule, standing).await?;
            standing.denied.extend(denied.into_iter().map(|id| (name.clone(), id)));
        }
        Ok(())
    }

    /// Those of the records, as they stand, of which a rule does not hold.
    async fn failing(
        &self,
        schema: &Arc<Schema>,
        ids: &[Id],
        rule: BoundPredicate,
        standing: &Standing,
    ) -> Result<HashSet<Id>, Fault> {
        if rule.is_always() {
            return Ok(HashSet::new());
        }
        let holding = if rule.looks_elsewhere() {
            let access = self.access.unbound();
            self.store.holding(access, schema, ids, &rule).await.map_err(answers::of_store)?
        } else {
            let stands = |id: &&Id| {
                let record = standing.records.get(&(schema.name.clone(), **id));
                record.is_some_and(|record| Memory::holds_of(&rule, record))
            };
            ids.iter().filter(stands).copied().collect()
        };
        Ok(ids.iter().filter(|id| !holding.contains(id)).copied().collect())
    }

    /// Whether a client may write a field of a record that stands, or of one that is to be made. What cannot be told
    /// from the record alone is noted.
    pub(crate) fn may_write(
        &self,
        schema: &Schema,
        index: usize,
        before: Option<&Record>,
        claims: &mut Claims,
        path: String,
    ) -> Result<(), Issue> {
        let Some(rule) = open(schema.field_writable(index, Some(self.caller))) else { return Ok(()) };
        let field = &schema.fields[index];
        if schema.field_readable(index, Some(self.caller)).is_never() {
            let seen = self.snapshot.catalog.seen_by(self.caller);
            let seen = seen.schema(&schema.name).map_or(schema, |seen| seen);
            return Err(unknown_field(seen, field.name.as_str(), path));
        }
        let settled = match before {
            _ if rule.is_never() => Some(false),
            Some(before) if !rule.looks_elsewhere() => Some(Memory::holds_of(&rule, before)),
            _ => None,
        };
        match settled {
            Some(false) => Err(denied_field(field, path)),
            Some(true) => Ok(()),
            None => {
                claims.fields.push(index);
                Ok(())
            }
        }
    }

    /// Notes what a client newly refers to, where its collection restricts reading.
    pub(crate) fn refers(&self, schema: &Schema, index: usize, was: Option<&Value>, is: &Value, claims: &mut Claims) {
        let field = &schema.fields[index];
        if !matches!(field.field.kind, FieldKind::Reference | FieldKind::References) {
            return;
        }
        let target = field.to.as_ref().and_then(|to| self.snapshot.catalog.schema(to));
        let Some(target) = target.filter(|target| target.restricts_reading()) else { return };
        let before = was.map(ids).unwrap_or_default();
        let new = ids(is).iter().filter(|id| !before.contains(id));
        claims.references.extend(new.map(|id| (index, Arc::clone(target), *id)));
    }

    /// Tells of references to records that the client may not read as of such that are not there; whether there are any.
    pub(crate) async fn check_references(&self, plan: &mut Plan, from: usize) -> Result<bool, Fault> {
        let mut found = false;
        let mut asked: BTreeMap<CollectionName, (Arc<Schema>, Vec<Id>)> = BTreeMap::new();
        for (_, target, id) in plan.drafts[from..].iter().flat_map(|draft| &draft.claims.references) {
            let ours = plan.drafts.iter().any(|draft| draft.id == *id && draft.schema.name == target.name);
            if !ours {
                asked.entry(target.name.clone()).or_insert_with(|| (target.clone(), Vec::new())).1.push(*id);
            }
        }
        for (name, (target, ids)) in asked {
            let Some(rule) = open(target.readable(Some(self.caller))) else { continue };
            let access = self.access.unbound();
            let readable = self.store.holding(access, &target, &ids, &rule).await.map_err(answers::of_store)?;
            let unread = |id: &Id| ids.contains(id) && !readable.contains(id);
            for draft in &plan.drafts[from..] {
                for (index, to, id) in &draft.claims.references {
                    if to.name == name && unread(id) {
                        let field = draft.schema.fields[*index].name.as_str();
                        plan.issues.push(answers::dangling_issue(&draft.schema, field, &draft.prefix));
                        found = true;
                    }
                }
            }
        }
        Ok(found)
    }

    /// What must hold inside the transaction, of changes that clients asked for. `places` holds where each draft stands
    /// among the changes of the commit.
    pub(crate) fn rights(&self, plan: &Plan, places: &[Option<usize>]) -> Result<Vec<Right>, Fault> {
        let mut rights = Rights::default();
        for (draft, place) in plan.drafts.iter().zip(places) {
            let (None, false, Some(index)) = (&draft.by, draft.claims.follows, *place) else { continue };
            let schema = &draft.schema;
            let deed = draft.deed();
            let viewer = Some(self.caller);
            let allowed = schema.allows(deed, viewer);
            if draft.before.is_some() {
                let readable = schema.readable(viewer);
                if readable.looks_elsewhere() {
                    rights.add(schema, "read", readable, Moment::Before, draft.id, Refusal::Hidden { index });
                }
                if allowed.looks_elsewhere() {
                    let refusal = Refusal::Denied { index };
                    rights.add(schema, deed_name(deed), allowed.clone(), Moment::Before, draft.id, refusal);
                }
            }
            if deed != Deed::Remove && !allowed.is_always() {
                if allowed.looks_elsewhere() {
                    let refusal = Refusal::Denied { index };
                    rights.add(schema, deed_name(deed), allowed, Moment::After, draft.id, refusal);
                } else if !Memory::holds_of(&allowed, &draft.record(self.caller)) {
                    return Err(denied(schema, deed));
                }
            }
            for at in &draft.claims.fields {
                let rule = schema.field_writable(*at, viewer);
                let field = &schema.fields[*at];
                if rule.looks_elsewhere() {
                    let moment = if draft.before.is_some() { Moment::Before } else { Moment::After };
                    let refusal = Refusal::DeniedField { index, field: field.name.to_string() };
                    rights.add(schema, field.name.as_str(), rule, moment, draft.id, refusal);
                } else if !Memory::holds_of(&rule, &draft.record(self.caller)) {
                    let path = format!("{}/{}", draft.prefix, field.name);
                    return Err(Fault::invalid(vec![denied_field(field, path)]));
                }
            }
            for (at, target, id) in &draft.claims.references {
                let rule = target.readable(viewer);
                if !rule.is_always() {
                    let field = schema.fields[*at].name.to_string();
                    rights.add(target, "read", rule, Moment::After, *id, Refusal::Dangling { index, field, id: *id });
                }
            }
        }
        Ok(rights.0.into_values().collect())
    }
}

const fn deed_name(deed: Deed) -> &'static str {
    match deed {
        Deed::Create => "create",
        Deed::Update => "update",
        Deed::Remove => "remove",
    }
}

/// The ids that a value holds.
fn ids(value: &Value) -> &[Id] {
    match value {
        Value::Reference(id) => std::slice::from_ref(id),
        Value::References(ids) => ids,
        _ => &[],
    }
}

/// Rights by what they ask: one statement asks it of all records at once.
#[derive(Default)]
struct Rights(BTreeMap<(CollectionName, String, bool), Right>);

impl Rights {
    fn add(
        &mut self,
        schema: &Arc<Schema>,
        what: &str,
        rule: BoundPredicate,
        moment: Moment,
        id: Id,
        refusal: Refusal,
    ) {
        let key = (schema.name.clone(), what.to_owned(), moment == Moment::After);
        let right = self.0.entry(key);
        let right = right.or_insert_with(|| Right { schema: schema.clone(), rule, moment, of: Vec::new() });
        right.of.push((id, refusal));
    }
}

/// A saved record without the fields that a view of the catalog does not have.
fn projected(seen: &Catalog, saved: Saved) -> Saved {
    let Some(of) = seen.schema(&saved.schema.name).filter(|of| of.hides_some()) else { return saved };
    let value = |field: &SchemaField| saved.record.get(&saved.schema, field.name.as_str()).cloned();
    let values = of.fields.iter().filter_map(value).collect();
    Saved { schema: Arc::clone(of), record: Record { values, ..saved.record }, ..saved }
}

/// [`Records::shown`] where nothing has to be read for it.
pub(crate) fn at_once(written: Written, caller: &Caller, catalog: &Arc<Catalog>) -> Option<Written> {
    let seen = catalog.seen_by(caller);
    let mut shown = Vec::with_capacity(written.saved.len());
    for mut saved in written.saved {
        for (index, rule) in saved.schema.veiled_fields(Some(caller)) {
            if rule.looks_elsewhere() {
                return None;
            }
            if !Memory::holds_of(&rule, &saved.record) {
                saved.record.values[index] = crate::plan::empty_of(&saved.schema.fields[index]);
            }
        }
        shown.push(projected(&seen, saved));
    }
    Some(Written { saved: shown })
}

impl Records {
    /// What a write left behind, as the caller sees it: without the fields that they may not read.
    pub(crate) async fn shown(
        &self,
        access: Access<'_>,
        catalog: &Arc<Catalog>,
        written: Written,
    ) -> Result<Written, Fault> {
        let Some(caller) = access.viewer() else { return Ok(written) };
        let saved = written.saved;
        if saved.iter().all(|saved| saved.schema.veiled_fields(Some(caller)).is_empty()) {
            return Ok(Written { saved });
        }
        let seen = catalog.seen_by(caller);
        let mut shown = Vec::with_capacity(saved.len());
        for Saved { schema, mut record, kind, repeated } in saved {
            for (index, rule) in schema.veiled_fields(Some(caller)) {
                let reads = if rule.looks_elsewhere() {
                    let asked = self.store.holding(access.unbound(), &schema, &[record.id], &rule).await;
                    asked.map_err(answers::of_store)?.contains(&record.id)
                } else {
                    Memory::holds_of(&rule, &record)
                };
                if !reads {
                    record.values[index] = crate::plan::empty_of(&schema.fields[index]);
                }
            }
            shown.push(projected(&seen, Saved { schema, record, kind, repeated }));
        }
        Ok(Written { saved: shown })
    }

    /// Whether something may be done with a record that stands, as far as its access rules go.
    pub async fn may(&self, access: Access<'_>, schema: &Arc<Schema>, id: Id, deed: Deed) -> Result<bool, Fault> {
        let rule = schema.allows(deed, access.viewer());
        Ok(self.holding(access, schema, &[id], &rule).await?.contains(&id))
    }

    /// Those of the records that stand on which a rule holds, such as [`Schema::allows`] and [`Schema::field_writable`]
    /// give for a viewer.
    pub async fn holding(
        &self,
        access: Access<'_>,
        schema: &Arc<Schema>,
        ids: &[Id],
        rule: &BoundPredicate,
    ) -> Result<HashSet<Id>, Fault> {
        if rule.is_always() {
            return Ok(ids.iter().copied().collect());
        }
        if rule.is_never() || ids.is_empty() {
            return Ok(HashSet::new());
        }
        self.store.holding(access.unbound(), schema, ids, rule).await.map_err(answers::of_store)
    }

    /// Those of the records, archived ones too, that may be read.
    pub async fn readable(&self, access: Access<'_>, schema: &Arc<Schema>, ids: &[Id]) -> Result<HashSet<Id>, Fault> {
        let found = self.store.holding(access, schema, ids, &BoundPredicate::always()).await;
        found.map_err(answers::of_store)
    }

    /// Takes what may not be read out of what the log says of records of a collection. Whether the records themselves
    /// may be read is another question: [`Records::readable`].
    pub async fn redact(
        &self,
        access: Access<'_>,
        schema: &Arc<Schema>,
        entries: &mut [LogEntry],
    ) -> Result<(), Fault> {
        let Some(caller) = access.viewer() else { return Ok(()) };
        let mut reads: HashMap<&str, Option<HashSet<Id>>> = HashMap::new();
        for (index, rule) in schema.veiled_fields(Some(caller)) {
            let mut ids: Vec<Id> = entries.iter().map(|entry| entry.record).collect();
            ids.sort_unstable();
            ids.dedup();
            let holding = if rule.is_never() {
                None
            } else {
                Some(self.store.holding(access.unbound(), schema, &ids, &rule).await.map_err(answers::of_store)?)
            };
            reads.insert(schema.fields[index].name.as_str(), holding);
        }
        for entry in entries {
            let record = entry.record;
            let at = entry.at;
            let shows = |name: &str| {
                let read = reads.get(name);
                !schema.hides(name)
                    && schema.speaks_of(name, at)
                    && read.is_none_or(|ids| ids.as_ref().is_some_and(|ids| ids.contains(&record)))
            };
            entry.before.retain(|name, _| shows(name));
            entry.after.retain(|name, _| shows(name));
        }
        Ok(())
    }
}
