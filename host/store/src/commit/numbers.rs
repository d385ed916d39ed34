//! Numbers of sequences, given inside the commit: a row for each sequence is locked from here to the end, so that a number
//! is given once, in the order of commits, and a commit that comes to nothing uses none up.

use crate::database::{Statement, Tx};
use crate::error::StoreError;
use lignaflow_core::Value;
use lignaflow_core::commit::{Action, Commit};
use lignaflow_core::mutation::Fields;
use lignaflow_core::name::CollectionName;
use lignaflow_core::sequence::Format;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A sequence: the field of a collection, and the values that it is counted by.
type Key<'a> = (&'a CollectionName, &'a str, &'a str);

/// The commit with its numbers put in. Sequences are taken in the order of their keys, so that two commits cannot wait
/// for each other.
pub(super) async fn give<'a>(tx: &mut Tx, commit: &'a Commit) -> Result<Cow<'a, Commit>, StoreError> {
    let mut wanted: BTreeMap<Key<'_>, Vec<(usize, usize)>> = BTreeMap::new();
    for (index, change) in commit.changes.iter().enumerate() {
        for number in &change.numbers {
            let Some(field) = change.schema.fields.get(number.field) else { continue };
            let key = (&change.schema.name, field.name.as_str(), number.per.as_str());
            wanted.entry(key).or_default().push((index, number.field));
        }
    }
    if wanted.is_empty() {
        return Ok(Cow::Borrowed(commit));
    }
    let mut numbered = commit.clone();
    for (key, places) in wanted {
        let Some((first, field)) = places.first().copied() else { continue };
        let sequence = commit.changes[first].schema.fields[field].field.sequence.as_ref();
        let sequence = sequence.ok_or_else(|| StoreError::Broken(format!("{}.{} is not numbered", key.0, key.1)))?;
        let format = Format::parse(&sequence.format).map_err(StoreError::Broken)?;
        let count = i64::try_from(places.len()).unwrap_or(i64::MAX);
        let last = advance(tx, commit, key, sequence.start.map_or(1, i64::from), count).await?;
        for ((index, field), number) in places.into_iter().zip(last - count + 1..) {
            let name = commit.changes[index].schema.fields[field].name.as_str().to_owned();
            let value = Value::Text(format.number(number));
            match &mut numbered.changes[index].action {
                Action::Insert { values } => {
                    values.insert(name, value);
                }
                Action::Update { set, before } => {
                    before.insert(name.clone(), Value::Null);
                    set.insert(name, value);
                }
                Action::Archive | Action::Restore => {}
            }
        }
    }
    Ok(Cow::Owned(numbered))
}

/// Moves a sequence on by so many. The last number that it comes to.
async fn advance(tx: &mut Tx, commit: &Commit, key: Key<'_>, first: i64, count: i64) -> Result<i64, StoreError> {
    let (collection, field, per) = key;
    let sql = "insert into sequences (organization, collection, field, per, last) values ($1, $2, $3, $4, $5) \
               on conflict (organization, collection, field, per) do update set last = sequences.last + $6 \
               returning last";
    let values = vec![
        commit.access.organization().0.uuid().into(),
        collection.to_string().into(),
        field.into(),
        per.into(),
        (first + count - 1).into(),
        count.into(),
    ];
    tx.fetch_one(Statement::new(sql, values)).await?.i64(0)
}

/// The values that the numbers of each change are, for whoever asked for it.
pub(super) fn given(commit: &Commit, index: usize) -> Fields {
    let change = &commit.changes[index];
    let values = match &change.action {
        Action::Insert { values } => values,
        Action::Update { set, .. } => set,
        Action::Archive | Action::Restore => return Fields::new(),
    };
    let names = change.numbers.iter().filter_map(|number| Some(change.schema.fields.get(number.field)?.name.as_str()));
    names.filter_map(|name| Some((name.to_owned(), values.get(name)?.clone()))).collect()
}
