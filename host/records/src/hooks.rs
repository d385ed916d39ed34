//! Before-save hooks: each plugin whose hooked collections a plan touches is called once, with all its changes.

use crate::Records;
use crate::answers;
use crate::plan::{Desk, Draft, Item, Plan, overwrite};
use crate::services::Reach;
use lignaflow_core::bind::Binder;
use lignaflow_core::bound::{BoundPredicate, BoundSelection};
use lignaflow_core::catalog::Schema;
use lignaflow_core::commit::ReadCheck;
use lignaflow_core::custom::is_custom;
use lignaflow_core::guest::{CallFault, Guest as _, HookChange};
use lignaflow_core::id::Id;
use lignaflow_core::mutation::{Fields, Mutation, Origin};
use lignaflow_core::name::PluginId;
use lignaflow_core::query::{Authority, Predicate, Selection};
use lignaflow_core::value::Value;
use lignaflow_core::{Fault, Issue};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

impl Records {
    /// Calls the hooks that a plan calls for, and takes their verdicts into it.
    /// What came by another plugin than the one `through` which it was asked for came by a service.
    pub(crate) async fn run_hooks(
        &self,
        desk: &Desk<'_>,
        plan: &mut Plan,
        origin: Origin,
        through: Option<&PluginId>,
    ) -> Result<(), Fault> {
        let mut touched: BTreeMap<PluginId, Vec<usize>> = BTreeMap::new();
        for (index, draft) in plan.drafts.iter().enumerate() {
            if draft.schema.collection.hooked_on(draft.kind) {
                touched.entry(draft.schema.name.plugin.clone()).or_default().push(index);
            }
        }
        for (plugin, indexes) in touched {
            let Some(guest) = desk.snapshot.plugins.get(&plugin) else { continue };
            let related = related(desk, plan, &indexes).await?;
            let changes: Vec<_> = indexes
                .iter()
                .zip(related)
                .map(|(index, related)| {
                    let draft = &plan.drafts[*index];
                    let served = draft.by.is_some() && through.is_some() && draft.by.as_ref() != through;
                    hook_change(draft, related, if served { Origin::Service } else { origin })
                })
                .collect();
            let reads = self.reads_of(desk.snapshot, desk.caller, &plugin, Reach::reading());
            let answer = guest.before_save(reads.clone(), changes).await;
            let verdict = answer.map_err(|fault| placed(answers::of_call(fault, &plugin), plan, &indexes))?;
            let taken = reads.taken()?;
            plan.reads.extend(taken.reads);
            plan.settings.extend(taken.settings);
            let bad = |what: String| answers::of_call(CallFault::BadAnswer(what), &plugin);
            for (at, fields) in verdict.set {
                let index = usize::try_from(at).ok().and_then(|at| indexes.get(at).copied());
                let Some(index) = index else { return Err(bad(format!("it set a change {at} that there is not"))) };
                overwrite(&mut plan.drafts[index], fields).map_err(bad)?;
            }
            let mut also = Vec::with_capacity(verdict.also.len());
            for mutation in verdict.also {
                if foreign(&mutation, &plugin) {
                    return Err(bad("a hook may touch its own collections alone".to_owned()));
                }
                also.push(Item { mutation, prefix: String::new(), by: Some(plugin.clone()) });
            }
            desk.draft(plan, also).await?;
        }
        Ok(())
    }
}

fn foreign(mutation: &Mutation, plugin: &PluginId) -> bool {
    let named = mutation.collection().and_then(|collection| collection.split_once('/'));
    named.is_some_and(|(other, _)| other != plugin.as_str())
}

fn hook_change(draft: &Draft, related: Fields, origin: Origin) -> HookChange {
    use lignaflow_core::descriptor::ChangeKind;
    HookChange {
        collection: draft.schema.name.local.as_str().to_owned(),
        kind: draft.kind,
        id: draft.id,
        transition: draft.transition.clone(),
        origin,
        before: declared(draft.before.as_ref().map(|before| before.fields(&draft.schema)).unwrap_or_default()),
        after: if draft.kind == ChangeKind::Remove { Fields::new() } else { declared(draft.after.clone()) },
        related,
    }
}

/// What a hook is handed of a record: the fields that its plugin declares. What an organization added it reads, where it
/// means to, by its name.
fn declared(mut fields: Fields) -> Fields {
    fields.retain(|name, _| !is_custom(name));
    fields
}

/// A hook names a place as `/index/field`, the index being the change's among those it was handed; the caller is told
/// the place in its own input.
fn placed(mut fault: Fault, plan: &Plan, indexes: &[usize]) -> Fault {
    for Issue { path, .. } in &mut fault.issues {
        let mut parts = path.splitn(3, '/');
        let (lead, at, rest) = (parts.next(), parts.next(), parts.next());
        let draft = at
            .filter(|_| lead == Some(""))
            .and_then(|at| at.parse::<usize>().ok())
            .and_then(|at| indexes.get(at))
            .map(|index| &plan.drafts[*index]);
        if let Some(draft) = draft {
            *path = match rest {
                Some(rest) => format!("{}/{rest}", draft.prefix),
                None => draft.prefix.clone(),
            };
        }
    }
    fault
}

/// For each change, the values that its collection's `hook.with` names. One statement for each first reference; what
/// was seen is re-checked at the commit.
async fn related(desk: &Desk<'_>, plan: &mut Plan, indexes: &[usize]) -> Result<Vec<Fields>, Fault> {
    let mut answers = vec![Fields::new(); indexes.len()];
    let mut schemas: Vec<Arc<Schema>> = Vec::new();
    for index in indexes {
        let schema = &plan.drafts[*index].schema;
        if !schemas.iter().any(|known| known.name == schema.name) {
            schemas.push(schema.clone());
        }
    }
    for schema in schemas {
        let Some(hook) = &schema.collection.hook else { continue };
        let mut by_first: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for path in &hook.with {
            if let Some((first, rest)) = path.split_once('.') {
                by_first.entry(first).or_default().push((path, rest));
            }
        }
        for (first, paths) in by_first {
            let wanted: Vec<(usize, Id)> = indexes
                .iter()
                .enumerate()
                .filter(|(_, index)| plan.drafts[**index].schema.name == schema.name)
                .filter_map(|(at, index)| Some((at, reference(&plan.drafts[*index], first)?)))
                .collect();
            let Some(target) = schema.field(first).and_then(|field| field.to.as_ref()) else { continue };
            let Some(target) = desk.snapshot.catalog.schema(target) else { continue };
            // What one batch itself makes is not there to be read; its values are those of the draft.
            let found = fetch(desk, target, &wanted, &paths, &mut plan.reads).await?;
            for (at, id) in wanted {
                for (place, (path, rest)) in paths.iter().enumerate() {
                    let drafted = plan.drafts.iter().find(|d| d.id == id && d.schema.name == target.name);
                    let value = match (drafted, found.get(&id)) {
                        (Some(draft), _) if !rest.contains('.') => draft.after.get(*rest).cloned(),
                        (_, Some(values)) => values.get(place).cloned(),
                        _ => None,
                    };
                    answers[at].insert((*path).to_owned(), value.unwrap_or(Value::Null));
                }
            }
        }
    }
    Ok(answers)
}

/// The reference of a change as it is to be, or for a removal as it was.
fn reference(draft: &Draft, field: &str) -> Option<Id> {
    draft.after.get(field).and_then(Value::as_reference)
}

async fn fetch(
    desk: &Desk<'_>,
    target: &Arc<Schema>,
    wanted: &[(usize, Id)],
    paths: &[(&str, &str)],
    reads: &mut Vec<ReadCheck>,
) -> Result<HashMap<Id, Vec<Value>>, Fault> {
    let mut ids: Vec<_> = wanted.iter().map(|(_, id)| *id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = HashMap::new();
    for ids in ids.chunks(lignaflow_core::query::MAX_VALUES) {
        // The versions of what lies between are taken along, so that a change of any of them is noticed.
        let mut select: Vec<String> = paths.iter().map(|(_, rest)| (*rest).to_owned()).collect();
        let mut hops: Vec<&str> = paths.iter().flat_map(|(_, rest)| prefixes(rest)).collect();
        hops.sort_unstable();
        hops.dedup();
        select.extend(["id", "version", "archived_at"].map(str::to_owned));
        for hop in &hops {
            select.extend(["id", "version", "archived_at"].map(|field| format!("{hop}.{field}")));
        }
        let bound = bind(desk, target, ids, select)?;
        let page = desk.store.find(desk.access.unbound(), &bound).await.map_err(answers::of_store)?;
        for row in page.rows {
            // What is archived stays as it is, unless it is taken back.
            let stands = |version: &i64, archived: &Value| Some(version.unsigned_abs()).filter(|_| archived.is_null());
            let mut read = row[paths.len()..].chunks_exact(3);
            if let Some([Value::Reference(id), Value::Integer(version), archived]) = read.next() {
                reads.push(ReadCheck { schema: target.clone(), id: *id, version: stands(version, archived) });
                for (hop, read) in hops.iter().zip(read) {
                    if let [Value::Reference(id), Value::Integer(version), archived] = read
                        && let Some(schema) = hop_schema(&bound, hop)
                    {
                        reads.push(ReadCheck { schema, id: *id, version: stands(version, archived) });
                    }
                }
                found.insert(*id, row[..paths.len()].to_vec());
            }
        }
    }
    Ok(found)
}

/// The references that a path goes through: of `a.b.c`, `a` and `a.b`.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('.').map(|(at, _)| &path[..at])
}

fn hop_schema(bound: &BoundSelection, hop: &str) -> Option<Arc<Schema>> {
    let id = format!("{hop}.id");
    bound.columns.iter().find(|column| column.text == id).map(|column| column.schema().clone())
}

fn bind(desk: &Desk<'_>, target: &Arc<Schema>, ids: &[Id], select: Vec<String>) -> Result<BoundSelection, Fault> {
    let selection = Selection {
        collection: target.name.to_string(),
        authority: Authority::Plugin,
        filter: Predicate::Within { path: "id".into(), values: ids.iter().copied().map(Value::Reference).collect() },
        sort: Vec::new(),
        select,
        limit: u16::try_from(ids.len()).unwrap_or(u16::MAX),
        after: None,
    };
    let mut bound = Binder { catalog: &desk.snapshot.catalog, home: None }.selection(&selection)?;
    // Hooks see what a reference leads to even when it is archived.
    bound.archived = true;
    debug_assert!(!matches!(bound.filter, BoundPredicate::All(_)));
    Ok(bound)
}
