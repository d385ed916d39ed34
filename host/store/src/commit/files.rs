//! Files that records come to hold, and those that they let go. A file is held by one field of one record; a record that
//! is archived keeps its own.
//!
//! Who brought a file may put it on a record, and so may whoever writes the record that it was taken off last.

use crate::database::{Statement, Tx};
use crate::error::StoreError;
use crate::media::{places, places_from};
use lignaflow_core::Id;
use lignaflow_core::caller::Principal;
use lignaflow_core::commit::{Action, Change, Commit, Refusal};
use sea_query::Value as Sql;
use std::collections::HashSet;

/// What one field of one change newly holds, or no longer does.
struct Turn<'a> {
    index: usize,
    change: &'a Change,
    field: &'a str,
    ids: Vec<Id>,
}

/// Whether a commit touches the files of any record.
pub(super) fn touches(change: &Change) -> bool {
    of_change(change).any(|(_, came, went)| !came.is_empty() || !went.is_empty())
}

pub(super) async fn settle(tx: &mut Tx, commit: &Commit) -> Result<(), Refusal> {
    let mut came = Vec::new();
    let mut went = Vec::new();
    for (index, change) in commit.changes.iter().enumerate() {
        for (field, new, gone) in of_change(change) {
            if !new.is_empty() {
                came.push(Turn { index, change, field, ids: new });
            }
            if !gone.is_empty() {
                went.push(Turn { index, change, field, ids: gone });
            }
        }
    }
    reserve(tx, commit, &came).await?;
    // First what is let go, so that a record can move a file from one of its fields to another.
    for turn in &went {
        release(tx, commit, turn).await?;
    }
    for turn in &came {
        hold(tx, commit, turn).await?;
    }
    Ok(())
}

/// Each field of files that a change writes, with the ids that it gains and those that it loses.
fn of_change(change: &Change) -> impl Iterator<Item = (&str, Vec<Id>, Vec<Id>)> {
    let (values, before) = match &change.action {
        Action::Insert { values } => (Some(values), None),
        Action::Update { set, before } => (Some(set), Some(before)),
        _ => (None, None),
    };
    values.into_iter().flatten().filter_map(move |(name, value)| {
        let field = change.schema.field(name).filter(|field| field.field.kind.is_media())?;
        let new = super::references::ids(value);
        let old = before.and_then(|before| before.get(name)).map_or(&[][..], super::references::ids);
        let beyond = |these: &[Id], those: &[Id]| these.iter().copied().filter(|id| !those.contains(id)).collect();
        Some((field.name.as_str(), beyond(new, old), beyond(old, new)))
    })
}

/// The organization, the ids, and then where they are held.
fn key(commit: &Commit, turn: &Turn<'_>) -> Vec<Sql> {
    let mut values: Vec<Sql> = vec![commit.access.organization().0.uuid().into()];
    values.extend(turn.ids.iter().map(|id| Sql::from(id.uuid())));
    values.extend([
        turn.change.schema.name.to_string().into(),
        turn.change.id.uuid().into(),
        Sql::from(turn.field),
        Sql::from(commit.at),
    ]);
    values
}

/// The first place after the ids of a statement.
fn after(turn: &Turn<'_>) -> usize {
    turn.ids.len() + 2
}

/// Documents that this commit asks for are files from now on, though they have no bytes yet. An id that is a file's
/// already is nobody's to give again.
async fn reserve(tx: &mut Tx, commit: &Commit, came: &[Turn<'_>]) -> Result<(), Refusal> {
    let organization = commit.access.organization();
    let documents = &commit.background.documents;
    for document in documents {
        if !crate::documents::reserve(tx, organization, document, commit.at).await? {
            let turn = came.iter().find(|turn| turn.ids.contains(&document.id));
            return Err(turn.map_or(Refusal::Broken, |turn| Refusal::Dangling {
                index: turn.index,
                field: turn.field.to_owned(),
                id: document.id,
            }));
        }
    }
    if documents.is_empty() {
        return Ok(());
    }
    crate::documents::count(tx, organization, documents.len()).await?;
    Ok(())
}

async fn release(tx: &mut Tx, commit: &Commit, turn: &Turn<'_>) -> Result<(), StoreError> {
    let (ids, at) = (places(turn.ids.len()), after(turn));
    let sql = format!(
        "update media set state = 'waiting', since = ${} where organization = $1 and id in ({ids}) \
         and state = 'attached' and collection = ${at} and record = ${} and field = ${}",
        at + 3,
        at + 1,
        at + 2,
    );
    tx.execute(Statement::composed(sql, key(commit, turn)).once()).await.map(|_| ())
}

async fn hold(tx: &mut Tx, commit: &Commit, turn: &Turn<'_>) -> Result<(), Refusal> {
    let (ids, at) = (places(turn.ids.len()), after(turn));
    let person = match commit.author.principal {
        Principal::Person(person) => Some(person.0.uuid()),
        _ => None,
    };
    // What the call itself made is nobody's yet, and its own.
    let made: Vec<Id> = turn.ids.iter().copied().filter(|id| commit.background.files.contains(id)).collect();
    let own = if made.is_empty() { String::new() } else { format!(" or id in ({})", places_from(at + 5, made.len())) };
    let sql = format!(
        "update media set state = 'attached', collection = ${at}, record = ${record}, field = ${field}, since = ${since} \
         where organization = $1 and id in ({ids}) and state = 'waiting' \
         and (created_by = ${by} or (collection = ${at} and record = ${record}) or (pending and collection is null){own}) \
         returning id",
        record = at + 1,
        field = at + 2,
        since = at + 3,
        by = at + 4,
    );
    let mut values = key(commit, turn);
    values.push(person.into());
    values.extend(made.iter().map(|id| Sql::from(id.uuid())));
    let mut held = HashSet::new();
    for row in tx.fetch_all(Statement::composed(sql, values).once()).await? {
        held.insert(row.id(0)?);
    }
    match turn.ids.iter().find(|id| !held.contains(id)) {
        Some(id) => Err(Refusal::Dangling { index: turn.index, field: turn.field.to_owned(), id: *id }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::Value;
    use lignaflow_core::catalog::Schema;
    use lignaflow_core::descriptor::parse;
    use lignaflow_core::mutation::Fields;
    use std::sync::Arc;

    #[test]
    fn what_comes_and_goes_is_told_by_field() {
        let descriptor = parse(
            "id = \"shop\"\nversion = \"0.1.0\"\ntitle = \"Shop\"\napi = \"0.1\"\n[[collections]]\nname = \"orders\"\n\
             title = { one = \"Order\", many = \"Orders\" }\ndisplay = \"title\"\n[collections.fields]\n\
             title = { type = \"text\", required = true }\nphotos = { type = \"files\" }\nplan = { type = \"media\" }\n",
        )
        .unwrap();
        let (a, b, c) = (Id::fresh(), Id::fresh(), Id::fresh());
        let of = |photos: &[Id], plan: Option<Id>| {
            Fields::from_iter([
                ("title".to_owned(), Value::Text("Oak".to_owned())),
                ("photos".to_owned(), Value::References(photos.to_vec())),
                ("plan".to_owned(), plan.map_or(Value::Null, Value::Reference)),
            ])
        };
        let mut change = Change {
            schema: Arc::new(Schema::of(&descriptor, &descriptor.collections[0])),
            id: Id::fresh(),
            expected: 1,
            action: Action::Update { set: of(&[b, c], Some(a)), before: of(&[a, b], None) },
            transition: None,
            numbers: Vec::new(),
            serialize: Vec::new(),
        };
        let told: Vec<_> = of_change(&change).collect();
        assert_eq!(told, [("photos", vec![c], vec![a]), ("plan", vec![a], vec![])]);
        assert!(touches(&change));
        change.action = Action::Insert { values: of(&[], None) };
        assert!(!touches(&change));
        change.action = Action::Archive;
        assert!(!touches(&change));
    }
}
