//! What is kept of collections and fields that nothing declares: it is listed, comes back with a descriptor that declares
//! it again, and goes only when it is purged by its name.

use super::plan::{counting, has_value};
use super::shape::Shape;
use super::{ddl, keep, standing, take_turn, words};
use crate::Store;
use crate::customs;
use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use crate::identity::values;
use crate::layout;
use crate::plugins::By;
use crate::plugins::changes::{bump, log};
use lignaflow_core::clock::Micros;
use lignaflow_core::descriptor::{Collection, Descriptor, FieldKind, parse};
use lignaflow_core::name::{CollectionName, FieldName, PluginId};
use std::fmt;
use std::str::FromStr;

/// By which something that is kept is purged: `projects.tasks` or `projects.tasks.old_field`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeptName {
    pub collection: CollectionName,
    /// The whole collection without one.
    pub field: Option<FieldName>,
}

/// The text names nothing that could be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is kept is named as plugin.collection or plugin.collection.field")]
pub struct NotKept;

impl FromStr for KeptName {
    type Err = NotKept;
    fn from_str(text: &str) -> Result<Self, NotKept> {
        let mut parts = text.split('.');
        let (Some(plugin), Some(local), field, None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(NotKept);
        };
        let collection = format!("{plugin}/{local}").parse().map_err(|_| NotKept)?;
        let field = field.map(str::parse).transpose().map_err(|_| NotKept)?;
        Ok(Self { collection, field })
    }
}

impl fmt::Display for KeptName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.collection.plugin, self.collection.local)?;
        match &self.field {
            Some(field) => write!(f, ".{field}"),
            None => Ok(()),
        }
    }
}

/// Something that stands and that nothing declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub name: KeptName,
    /// Of a field.
    pub kind: Option<FieldKind>,
    /// Records of the collection, or those that hold a value in the field, of all organizations.
    pub records: u64,
}

/// What an organization has in a collection, and for how long it keeps what it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastChange {
    pub at: Micros,
    /// For how many years after it.
    pub years: i64,
    /// IANA.
    pub time_zone: String,
}

/// What came of a purge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purged {
    /// This many records, or values, are gone.
    Done(u64),
    /// A plugin that is installed declares it.
    Declared,
    Unknown,
}

impl Store {
    /// What is kept of a plugin, installed or not, by name.
    pub async fn kept(&self, plugin: &PluginId) -> Result<Vec<Kept>, StoreError> {
        let plugin = plugin.clone();
        self.database().write(move |tx| Box::pin(async move { list(tx, &plugin).await })).await
    }

    /// The plugins of which collections stand, installed or not.
    pub async fn plugins_with_tables(&self) -> Result<Vec<PluginId>, StoreError> {
        let rows = self.database().fetch_all(Statement::new("select name from collections", Vec::new())).await?;
        let mut plugins = Vec::new();
        for row in rows {
            plugins.extend(row.text(0)?.parse::<CollectionName>().ok().map(|name| name.plugin));
        }
        plugins.sort();
        plugins.dedup();
        Ok(plugins)
    }

    /// When each organization last changed anything of a collection, where the collection stands.
    pub async fn last_changes(&self, collection: &CollectionName) -> Result<Vec<LastChange>, StoreError> {
        let stands = Statement::new("select 1 from collections where name = $1", values![collection.to_string()]);
        if self.database().fetch_optional(stands).await?.is_none() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "select max(r.{}), o.retention_years, o.time_zone from \"{}\" r join organizations o on o.id = r.{} \
             group by o.id, o.retention_years, o.time_zone",
            layout::UPDATED_AT,
            layout::table(collection),
            layout::ORGANIZATION,
        );
        let rows = self.database().fetch_all(Statement::composed(sql, Vec::new()).once()).await?;
        let read = |row: &Row| Ok(LastChange { at: row.i64(0)?, years: row.i64(1)?, time_zone: row.text(2)? });
        rows.iter().map(read).collect()
    }

    /// Takes what is kept under a name away, for good and for all organizations.
    pub async fn purge(&self, name: KeptName, by: By) -> Result<Purged, StoreError> {
        self.database().write(move |tx| Box::pin(async move { purge(tx, &name, &by).await })).await
    }
}

async fn list(tx: &mut Tx, plugin: &PluginId) -> Result<Vec<Kept>, StoreError> {
    let installed = descriptor(tx, plugin).await?;
    let mut kept = Vec::new();
    for (name, shape) in standing(tx).await? {
        let Ok(collection) = name.parse::<CollectionName>() else { continue };
        if collection.plugin != *plugin {
            continue;
        }
        let table = layout::table(&collection);
        let Some(declared) = declared(installed.as_ref(), &collection) else {
            let records = count(tx, &counting(&table, None)).await?;
            kept.push(Kept { name: KeptName { collection, field: None }, kind: None, records });
            continue;
        };
        for (field, was) in shape.fields.iter().filter(|(field, _)| !has_field(declared, field)) {
            let Ok(name) = field.parse::<FieldName>() else { continue };
            let records = count(tx, &counting(&table, Some(has_value(field, was)))).await?;
            let name = KeptName { collection: collection.clone(), field: Some(name) };
            kept.push(Kept { name, kind: Some(was.kind), records });
        }
    }
    kept.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(kept)
}

async fn count(tx: &mut Tx, statement: &sea_query::SelectStatement) -> Result<u64, StoreError> {
    Ok(u64::try_from(tx.one(statement).await?.i64(0)?).unwrap_or_default())
}

async fn descriptor(tx: &mut Tx, plugin: &PluginId) -> Result<Option<Descriptor>, StoreError> {
    let statement = Statement::new(
        "select v.descriptor from plugins p join plugin_versions v on v.plugin = p.id and v.hash = p.hash \
         where p.id = $1",
        values![plugin.as_str()],
    );
    let Some(row) = tx.fetch_optional(statement).await? else { return Ok(None) };
    let unreadable = |_| StoreError::Broken(format!("the descriptor of {plugin} cannot be read"));
    parse(&row.text(0)?).map(Some).map_err(unreadable)
}

/// The declaration that a collection stands for, by its name or by one that it had.
fn declared<'a>(descriptor: Option<&'a Descriptor>, name: &CollectionName) -> Option<&'a Collection> {
    let local = &name.local;
    let mut collections = descriptor?.collections.iter();
    collections.find(|c| c.name == *local || c.renamed_from.names().any(|former| former == local))
}

fn has_field(collection: &Collection, name: &str) -> bool {
    let mut fields = collection.fields.iter();
    fields.any(|(field, declared)| field.as_str() == name || declared.renamed_from.names().any(|f| f.as_str() == name))
}

async fn purge(tx: &mut Tx, name: &KeptName, by: &By) -> Result<Purged, StoreError> {
    // Whoever installs waits for it, so that nothing is declared while it goes.
    bump(tx).await?;
    take_turn(tx).await?;
    let (collection, field) = (&name.collection, name.field.as_ref().map(FieldName::as_str));
    let Some(shape) = standing(tx).await?.remove(&collection.to_string()) else { return Ok(Purged::Unknown) };
    let installed = descriptor(tx, &collection.plugin).await?;
    let declared = declared(installed.as_ref(), collection);
    let stands = field.is_none_or(|field| shape.fields.contains_key(field));
    if !stands {
        return Ok(Purged::Unknown);
    }
    if declared.is_some_and(|declared| field.is_none_or(|field| has_field(declared, field))) {
        return Ok(Purged::Declared);
    }
    // What its records held no record holds any more.
    let released = "update media set state = 'waiting', since = $3 where collection = $1 and ($2 = '' or field = $2) \
                    and state = 'attached'";
    let held = values![collection.to_string(), field.unwrap_or_default(), by.at];
    tx.execute(Statement::new(released, held)).await?;
    let table = layout::table(collection);
    let records = if let Some((field, was)) = field.and_then(|field| Some((field, shape.fields.get(field)?))) {
        let records = count(tx, &counting(&table, Some(has_value(field, was)))).await?;
        let kind = was.kind;
        drop_field(tx, collection, field, kind, shape.clone()).await?;
        records
    } else {
        let records = count(tx, &counting(&table, None)).await?;
        drop_words(tx, collection, &shape).await?;
        let fields = shape.fields.iter().map(|(field, shape)| (field.as_str(), shape.kind));
        for statement in ddl::drop_collection(collection, fields) {
            tx.execute(statement).await?;
        }
        let gone = values![collection.to_string()];
        tx.execute(Statement::new("delete from collections where name = $1", gone)).await?;
        customs::forget(tx, collection).await?;
        records
    };
    let numbers = "delete from sequences where collection = $1 and ($2 = '' or field = $2)";
    tx.execute(Statement::new(numbers, values![collection.to_string(), field.unwrap_or_default()])).await?;
    let detail = serde_json::json!({
        "plugin": collection.plugin.as_str(), "name": name.to_string(), "records": records,
    });
    tx.touch_everything().await?;
    log(tx, by, None, "plugin.purged", detail).await?;
    Ok(Purged::Done(records))
}

async fn drop_field(
    tx: &mut Tx,
    collection: &CollectionName,
    field: &str,
    kind: FieldKind,
    mut shape: Shape,
) -> Result<(), StoreError> {
    // A collection that is gone as a whole still has the indexes of its fields.
    let columns: Vec<_> = layout::columns(field, kind).into_iter().map(|(column, _)| column).collect();
    let over = |of: &Vec<String>| of.iter().any(|column| columns.contains(column));
    let indexes = shape.indexes.iter().chain(&shape.unique).filter(|(_, of)| over(of));
    for (index, _) in indexes {
        tx.execute(ddl::drop_index(index)).await?;
    }
    if shape.words.contains(field) {
        drop_words(tx, collection, &shape).await?;
        tx.execute(words::drop_column(collection, field)).await?;
        shape.words.remove(field);
        if !shape.words.is_empty() {
            for statement in words::create(tx.dialect(), collection, &shape.words) {
                tx.execute(statement).await?;
            }
        }
    }
    shape.indexes.retain(|_, of| !over(of));
    shape.unique.retain(|_, of| !over(of));
    for statement in ddl::drop_field(collection, field, kind) {
        tx.execute(statement).await?;
    }
    shape.fields.remove(field);
    keep(tx, collection, &shape).await
}

/// Takes the index of words away, which is a table of its own on SQLite.
async fn drop_words(tx: &mut Tx, collection: &CollectionName, shape: &Shape) -> Result<(), StoreError> {
    if !shape.words.is_empty() {
        for statement in words::remove(tx.dialect(), collection) {
            tx.execute(statement).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::KeptName;

    #[test]
    fn what_is_kept_is_named_by_plugin_collection_and_field() {
        for text in ["projects.tasks", "projects.tasks.old_field"] {
            assert_eq!(text.parse::<KeptName>().unwrap().to_string(), text);
        }
        for text in ["projects", "projects.tasks.a.b", "Projects.tasks", "projects/tasks", ""] {
            assert!(text.parse::<KeptName>().is_err(), "{text}");
        }
    }
}
