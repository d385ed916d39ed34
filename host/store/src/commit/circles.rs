//! References that may not lead in a circle. Asked when all rows are written, by one recursive query from the records
//! that were changed; writers of such a reference take turns ([`super::turns`]), so that two cannot close a circle
//! together.

use super::references::ids;
use crate::database::{Statement, Tx};
use crate::error::StoreError;
use crate::layout;
use lignaflow_core::Id;
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::commit::{Action, Commit, Refusal};
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::name::CollectionName;
use std::collections::{BTreeMap, HashMap, HashSet};

/// References that are followed at most: a net of more is refused as if it had a circle, unnamed.
const MAX_EDGES: usize = 50_000;

/// The changes that may close a circle, each with the field. A record that is new in a commit of its own cannot, unless
/// it refers to itself.
pub(super) fn may_close(commit: &Commit) -> impl Iterator<Item = (usize, &SchemaField)> {
    let alone = commit.changes.len() == 1;
    commit.changes.iter().enumerate().flat_map(move |(index, change)| {
        let set = match &change.action {
            Action::Insert { values } => Some(values),
            Action::Update { set, .. } => Some(set),
            Action::Archive | Action::Restore => None,
        };
        let is_new = matches!(change.action, Action::Insert { .. });
        change.schema.fields.iter().filter(|field| field.field.acyclic).filter_map(move |field| {
            let to = ids(set?.get(field.name.as_str())?);
            let harmless = to.is_empty() || (is_new && alone && !to.contains(&change.id));
            (!harmless).then_some((index, field))
        })
    })
}

pub(super) async fn check(tx: &mut Tx, commit: &Commit) -> Result<(), Refusal> {
    let mut asked: BTreeMap<(&CollectionName, &str), (&Schema, &SchemaField, Vec<usize>)> = BTreeMap::new();
    for (index, field) in may_close(commit) {
        let schema: &Schema = &commit.changes[index].schema;
        asked.entry((&schema.name, field.name.as_str())).or_insert((schema, field, Vec::new())).2.push(index);
    }
    for (schema, field, indexes) in asked.into_values() {
        let starts: Vec<Id> = indexes.iter().map(|index| commit.changes[*index].id).collect();
        let edges = edges(tx, commit, schema, field, &starts).await?;
        let too_many = edges.values().map(Vec::len).sum::<usize>() > MAX_EDGES;
        for index in indexes {
            let circle = if too_many { Some(Vec::new()) } else { circle(&edges, commit.changes[index].id) };
            if let Some(ids) = circle {
                return Err(Refusal::Circle { index, field: field.name.as_str().to_owned(), ids });
            }
        }
    }
    Ok(())
}

/// Every reference that is reached from these records, by the record that holds it.
async fn edges(
    tx: &mut Tx,
    commit: &Commit,
    schema: &Schema,
    field: &SchemaField,
    starts: &[Id],
) -> Result<HashMap<Id, Vec<Id>>, StoreError> {
    let name = field.name.as_str();
    let (table, record, target) = if field.field.kind == FieldKind::References {
        (layout::link_table(&schema.name, name), layout::RECORD, layout::TARGET.to_owned())
    } else {
        (layout::table(&schema.name), layout::ID, name.to_owned())
    };
    let mut all = HashMap::<Id, Vec<Id>>::new();
    for starts in starts.chunks(1_000) {
        let mut values = vec![commit.access.organization().0.uuid().into()];
        values.extend(starts.iter().map(|id| sea_query::Value::from(id.uuid())));
        let places: Vec<String> = (2..=values.len()).map(|place| format!("${place}")).collect();
        // `union` drops what was reached before, so that a circle ends the walk.
        let sql = format!(
            "with recursive reached(record, target) as (\
             select {record}, \"{target}\" from \"{table}\" \
             where organization = $1 and {record} in ({}) and \"{target}\" is not null \
             union select next.{record}, next.\"{target}\" from reached join \"{table}\" next \
             on next.organization = $1 and next.{record} = reached.target where next.\"{target}\" is not null) \
             select record, target from reached limit {}",
            places.join(", "),
            MAX_EDGES + 1
        );
        let statement = Statement::composed(sql, values);
        let statement = if starts.len() > super::PREPARED { statement.once() } else { statement };
        for row in tx.fetch_all(statement).await? {
            let to = row.id(1)?;
            let known = all.entry(row.id(0)?).or_default();
            if !known.contains(&to) {
                known.push(to);
            }
        }
    }
    Ok(all)
}

/// The way from a record back to itself, beginning and ending with it.
fn circle(edges: &HashMap<Id, Vec<Id>>, start: Id) -> Option<Vec<Id>> {
    let mut seen = HashSet::new();
    let mut way = vec![(start, 0)];
    while let Some((at, next)) = way.last_mut() {
        let to = edges.get(at).and_then(|targets| targets.get(*next)).copied();
        *next += 1;
        match to {
            None => {
                way.pop();
            }
            Some(to) if to == start => {
                return Some(way.into_iter().map(|(id, _)| id).chain([start]).collect());
            }
            Some(to) if seen.insert(to) => way.push((to, 0)),
            Some(_) => {}
        }
    }
    None
}
