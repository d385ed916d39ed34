//! Fields that organizations add to collections: what they declare, kept here, and the purge of what records hold in
//! them. Every change goes up in one count over all organizations, by which hosts learn what came since.

use crate::Store;
use crate::database::{Dialect, Row, Statement, Tx};
use crate::error::StoreError;
use crate::identity::audit::{self, Event};
use crate::identity::values;
use crate::layout::{self, custom::CUSTOM};
use crate::plugins::By;
use lignaflow_core::clock::Micros;
use lignaflow_core::custom::{CustomField, Definition};
use lignaflow_core::name::CollectionName;
use lignaflow_core::{Id, OrganizationId};
use sea_query::Value as Sql;
use serde_json::json;
use std::collections::BTreeMap;

/// What organizations changed since a count, and the count now. An organization that has none left has an empty list.
#[derive(Debug, Clone, PartialEq)]
pub struct Customs {
    pub version: i64,
    pub organizations: BTreeMap<OrganizationId, Vec<CustomField>>,
}

/// What came of an act on a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acted {
    Done,
    /// Another field of the collection has that name, archived or not.
    NameTaken,
    /// The collection has as many as it may.
    Full,
    /// There is none, or it has another version by now.
    Changed,
}

macro_rules! field {
    ($rest:literal) => {
        concat!(
            "select organization, id, collection, name, title, help, kind, definition, required, place, version, since, \
             created_at, updated_at, archived_at from custom_fields ",
            $rest
        )
    };
}

fn read(row: &Row) -> Result<(OrganizationId, CustomField), StoreError> {
    let unreadable = |what: &str| StoreError::Broken(format!("custom_fields.{what} cannot be read"));
    let field = CustomField {
        id: row.id(1)?,
        collection: row.text(2)?.parse().map_err(|_| unreadable("collection"))?,
        name: row.text(3)?.parse().map_err(|_| unreadable("name"))?,
        title: row.text(4)?,
        help: row.text(5)?,
        kind: row.text(6)?.parse().map_err(|_| unreadable("kind"))?,
        definition: serde_json::from_str(&row.text(7)?).map_err(|_| unreadable("definition"))?,
        required: row.bool(8)?,
        place: u32::try_from(row.i64(9)?).map_err(|_| unreadable("place"))?,
        version: layout::version(row.i64(10)?)?,
        since: row.i64(11)?,
        created_at: row.i64(12)?,
        updated_at: row.i64(13)?,
        archived_at: row.opt_i64(14)?,
    };
    Ok((OrganizationId(row.id(0)?), field))
}

fn definition(definition: &Definition) -> Result<String, StoreError> {
    serde_json::to_string(definition)
        .map_err(|error| StoreError::Broken(format!("a field's definition cannot be written: {error}")))
}

fn version(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// First in each transaction: it has those who change fields take turns, so that who reads up to a count misses nothing.
async fn count_up(tx: &mut Tx, organization: OrganizationId) -> Result<(), StoreError> {
    next_version(tx).await?;
    let sql = "insert into custom_fields_changed (organization, version) \
               select $1, version from custom_fields_version where id = 1 \
               on conflict (organization) do update set version = excluded.version";
    tx.execute(Statement::new(sql, values![organization.0.uuid()])).await.map(|_| ())
}

async fn next_version(tx: &mut Tx) -> Result<(), StoreError> {
    let next = "update custom_fields_version set version = version + 1 where id = 1";
    tx.execute(Statement::new(next, Vec::new())).await.map(|_| ())
}

/// The statements that have the fields of a collection follow it to another name.
pub(crate) fn renamed(was: &CollectionName, is: &CollectionName) -> Vec<Statement> {
    let names = || values![is.to_string(), was.to_string()];
    vec![
        Statement::new("update custom_fields set collection = $1 where collection = $2", names()),
        Statement::new("update custom_fields_purged set collection = $1 where collection = $2", names()),
        Statement::new("update custom_fields_version set version = version + 1 where id = 1", Vec::new()),
        Statement::new(
            "update custom_fields_changed set version = (select version from custom_fields_version where id = 1) \
             where organization in (select organization from custom_fields where collection = $1)",
            values![is.to_string()],
        ),
    ]
}

/// Takes the fields of a collection away, which is gone itself.
pub(crate) async fn forget(tx: &mut Tx, collection: &CollectionName) -> Result<(), StoreError> {
    next_version(tx).await?;
    for sql in [
        "update custom_fields_changed set version = (select version from custom_fields_version where id = 1) \
         where organization in (select organization from custom_fields where collection = $1)",
        "delete from custom_fields where collection = $1",
        "delete from custom_fields_purged where collection = $1",
    ] {
        tx.execute(Statement::new(sql, values![collection.to_string()])).await?;
    }
    Ok(())
}

async fn of_collection(
    tx: &mut Tx,
    organization: OrganizationId,
    collection: &CollectionName,
) -> Result<Vec<CustomField>, StoreError> {
    let sql = field!("where organization = $1 and collection = $2 order by place, id");
    let rows = tx.fetch_all(Statement::new(sql, values![organization.0.uuid(), collection.to_string()])).await?;
    rows.iter().map(|row| read(row).map(|(_, field)| field)).collect()
}

async fn log(
    tx: &mut Tx,
    by: &By,
    organization: OrganizationId,
    kind: &str,
    field: &CustomField,
    more: Option<(&str, u64)>,
) -> Result<(), StoreError> {
    let mut detail = json!({
        "collection": field.collection.to_string(), "name": field.name.as_str(), "title": field.title,
        "type": field.kind.as_str(),
    });
    if let Some((key, value)) = more {
        detail[key] = json!(value);
    }
    let event = Event {
        organization: Some(organization),
        at: by.at,
        person: by.person,
        kind: kind.to_owned(),
        address: by.address.clone(),
        token: by.token,
        detail,
    };
    audit::append(tx, &event).await
}

/// Puts fields into the places of their order, those that stand elsewhere.
async fn arrange(tx: &mut Tx, organization: OrganizationId, order: &[(Id, u32)]) -> Result<(), StoreError> {
    for (place, (id, was)) in (1_u32..).zip(order) {
        if *was != place {
            let sql = "update custom_fields set place = $3 where organization = $1 and id = $2";
            let place = i32::try_from(place).unwrap_or(i32::MAX);
            tx.execute(Statement::new(sql, values![organization.0.uuid(), id.uuid(), place])).await?;
        }
    }
    Ok(())
}

impl Store {
    /// The count of changes now.
    pub async fn customs_version(&self) -> Result<i64, StoreError> {
        let statement = Statement::new("select version from custom_fields_version where id = 1", Vec::new());
        self.database().fetch_one(statement).await?.i64(0)
    }

    /// The fields of the organizations that changed theirs since a count.
    pub async fn customs_since(&self, since: i64) -> Result<Customs, StoreError> {
        // Read first: what changes meanwhile is seen as a later version, and read again.
        let version = self.customs_version().await?;
        let changed =
            Statement::new("select organization from custom_fields_changed where version > $1", values![since]);
        let mut organizations = BTreeMap::new();
        for row in self.database().fetch_all(changed).await? {
            organizations.insert(OrganizationId(row.id(0)?), Vec::new());
        }
        let sql = field!(
            "where organization in (select organization from custom_fields_changed where version > $1) \
             order by organization, collection, place, id"
        );
        for row in self.database().fetch_all(Statement::new(sql, values![since])).await? {
            let (organization, field) = read(&row)?;
            organizations.entry(organization).or_insert_with(Vec::new).push(field);
        }
        Ok(Customs { version, organizations })
    }

    /// The fields of a collection, archived ones too, in their order.
    pub async fn customs_of(
        &self,
        organization: OrganizationId,
        collection: &CollectionName,
    ) -> Result<Vec<CustomField>, StoreError> {
        let sql = field!("where organization = $1 and collection = $2 order by place, id");
        let statement = Statement::new(sql, values![organization.0.uuid(), collection.to_string()]);
        self.database().fetch_all(statement).await?.iter().map(|row| read(row).map(|(_, field)| field)).collect()
    }

    /// Adds a field behind the others, where the collection has fewer than `most`.
    pub async fn add_custom(
        &self,
        organization: OrganizationId,
        field: CustomField,
        most: usize,
        by: By,
    ) -> Result<Acted, StoreError> {
        self.database().write(move |tx| Box::pin(async move { add(tx, organization, field, most, &by).await })).await
    }

    /// Puts a field, one version on, in the place of the one that has its id and its version. `kind` is what the audit
    /// calls it.
    pub async fn change_custom(
        &self,
        organization: OrganizationId,
        field: CustomField,
        kind: &'static str,
        by: By,
    ) -> Result<Acted, StoreError> {
        self.database().write(move |tx| Box::pin(async move { change(tx, organization, field, kind, &by).await })).await
    }

    /// Takes a field away with everything that records hold in it. How many did, or nothing where it is another version
    /// by now.
    pub async fn purge_custom(
        &self,
        organization: OrganizationId,
        field: CustomField,
        by: By,
    ) -> Result<Option<u64>, StoreError> {
        self.database().write(move |tx| Box::pin(async move { purge(tx, organization, &field, &by).await })).await
    }
}

async fn add(
    tx: &mut Tx,
    organization: OrganizationId,
    field: CustomField,
    most: usize,
    by: &By,
) -> Result<Acted, StoreError> {
    count_up(tx, organization).await?;
    let others = of_collection(tx, organization, &field.collection).await?;
    if others.iter().any(|other| other.name == field.name) {
        return Ok(Acted::NameTaken);
    }
    if others.len() >= most {
        return Ok(Acted::Full);
    }
    let purged = Statement::new(
        "select at from custom_fields_purged where organization = $1 and collection = $2 and name = $3",
        values![organization.0.uuid(), field.collection.to_string(), field.name.as_str()],
    );
    let since: Micros = tx.fetch_optional(purged).await?.map_or(Ok(0), |row| row.i64(0))?;
    let place = i32::try_from(others.len() + 1).unwrap_or(i32::MAX);
    let sql = "insert into custom_fields (organization, id, collection, name, title, help, kind, definition, required, \
               place, version, since, created_at, updated_at) \
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    let row: Vec<Sql> = values![
        organization.0.uuid(),
        field.id.uuid(),
        field.collection.to_string(),
        field.name.as_str(),
        field.title.as_str(),
        field.help.as_str(),
        field.kind.as_str(),
        definition(&field.definition)?,
        field.required,
        place,
        version(field.version),
        since,
        field.created_at,
        field.updated_at,
    ];
    tx.execute(Statement::new(sql, row)).await?;
    log(tx, by, organization, "field.added", &field, None).await?;
    Ok(Acted::Done)
}

async fn change(
    tx: &mut Tx,
    organization: OrganizationId,
    field: CustomField,
    kind: &str,
    by: &By,
) -> Result<Acted, StoreError> {
    count_up(tx, organization).await?;
    let all = of_collection(tx, organization, &field.collection).await?;
    let Some(at) = all.iter().position(|known| known.id == field.id && known.version == field.version) else {
        return Ok(Acted::Changed);
    };
    let sql = "update custom_fields set title = $3, help = $4, definition = $5, required = $6, version = $7, \
               updated_at = $8, archived_at = $9 where organization = $1 and id = $2";
    let row: Vec<Sql> = values![
        organization.0.uuid(),
        field.id.uuid(),
        field.title.as_str(),
        field.help.as_str(),
        definition(&field.definition)?,
        field.required,
        version(field.version + 1),
        field.updated_at,
        Sql::BigInt(field.archived_at),
    ];
    tx.execute(Statement::new(sql, row)).await?;
    let mut order: Vec<(Id, u32)> = all.iter().map(|known| (known.id, known.place)).collect();
    if all[at].place != field.place {
        let moved = order.remove(at);
        let to = usize::try_from(field.place.saturating_sub(1)).unwrap_or(usize::MAX);
        order.insert(to.min(order.len()), moved);
    }
    arrange(tx, organization, &order).await?;
    log(tx, by, organization, kind, &field, None).await?;
    Ok(Acted::Done)
}

async fn purge(
    tx: &mut Tx,
    organization: OrganizationId,
    field: &CustomField,
    by: &By,
) -> Result<Option<u64>, StoreError> {
    count_up(tx, organization).await?;
    let sql = "delete from custom_fields where organization = $1 and id = $2 and version = $3";
    let gone = values![organization.0.uuid(), field.id.uuid(), version(field.version)];
    if tx.execute(Statement::new(sql, gone)).await? == 0 {
        return Ok(None);
    }
    let left = of_collection(tx, organization, &field.collection).await?;
    let order: Vec<(Id, u32)> = left.iter().map(|known| (known.id, known.place)).collect();
    arrange(tx, organization, &order).await?;
    let sql = "insert into custom_fields_purged (organization, collection, name, at) values ($1, $2, $3, $4) \
               on conflict (organization, collection, name) do update set at = excluded.at";
    let name = values![organization.0.uuid(), field.collection.to_string(), field.name.as_str(), by.at];
    tx.execute(Statement::new(sql, name)).await?;
    let records = empty(tx, organization, field).await?;
    tx.touch_everything().await?;
    log(tx, by, organization, "field.purged", field, Some(("records", records))).await?;
    Ok(Some(records))
}

/// Takes what records hold in a field out of them, in one statement. Their versions stay: nothing that is seen of them
/// changes, since the field was archived before.
async fn empty(tx: &mut Tx, organization: OrganizationId, field: &CustomField) -> Result<u64, StoreError> {
    let keys = layout::custom::keys(&field.schema_field());
    let Some(first) = keys.first() else { return Ok(0) };
    if tx.dialect() == Dialect::Postgres {
        tx.execute(Statement::new("set local statement_timeout = 0", Vec::new())).await?;
    }
    let table = layout::table(&field.collection);
    let without = match tx.dialect() {
        Dialect::Sqlite => {
            let paths: Vec<_> = keys.iter().map(|key| format!("'$.{key}'")).collect();
            format!("json_remove({CUSTOM}, {})", paths.join(", "))
        }
        Dialect::Postgres => keys.iter().fold(CUSTOM.to_owned(), |json, key| format!("{json} - '{key}'")),
    };
    let sql = format!(
        "update \"{table}\" set {CUSTOM} = {without} where organization = $1 and {CUSTOM} ->> '{first}' is not null"
    );
    tx.execute(Statement::composed(sql, values![organization.0.uuid()]).once()).await
}
