//! Files on their way to become records: what they are and how far they have come, their rows, and what the change log
//! has of them. What all of it means is for `host/records`.

use crate::Store;
use crate::database::{Row, Statement};
use crate::error::StoreError;
use crate::identity::values;
use crate::layout;
use crate::log::LogEntry;
use lignaflow_core::caller::Access;
use lignaflow_core::catalog::Schema;
use lignaflow_core::clock::Micros;
use lignaflow_core::name::CollectionName;
use lignaflow_core::{Id, OrganizationId, PersonId};
use std::fmt::Write as _;

/// One import as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredImport {
    pub id: Id,
    pub collection: CollectionName,
    pub state: String,
    pub made_by: Option<PersonId>,
    pub made_at: Micros,
    pub changed_at: Micros,
    /// One more with each change.
    pub revision: i64,
    /// JSON.
    pub document: String,
}

fn import(row: &Row) -> Result<StoredImport, StoreError> {
    let collection = row.text(1)?;
    Ok(StoredImport {
        id: row.id(0)?,
        collection: collection
            .parse()
            .map_err(|_| StoreError::Broken(format!("`{collection}` of an import cannot be read")))?,
        state: row.text(2)?,
        made_by: row.opt_id(3)?.map(PersonId),
        made_at: row.i64(4)?,
        changed_at: row.i64(5)?,
        revision: row.i64(6)?,
        document: row.text(7)?,
    })
}

macro_rules! imports {
    ($rest:literal) => {
        concat!("select id, collection, state, made_by, made_at, changed_at, revision, document from imports ", $rest)
    };
}

impl Store {
    /// Keeps a new import.
    pub async fn add_import(&self, access: Access<'_>, import: &StoredImport) -> Result<(), StoreError> {
        let statement = Statement::new(
            "insert into imports (organization, id, collection, state, made_by, made_at, changed_at, revision, \
             document) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning 1",
            values![
                access.organization().0.uuid(),
                import.id.uuid(),
                import.collection.to_string(),
                import.state.as_str(),
                import.made_by.map(|person| person.0.uuid()),
                import.made_at,
                import.changed_at,
                import.revision,
                import.document.as_str(),
            ],
        );
        self.database().write_once(statement).await.map(|_| ())
    }

    /// Keeps some of an import's rows, as JSON.
    pub async fn add_import_rows(
        &self,
        access: Access<'_>,
        import: Id,
        number: u32,
        rows: String,
    ) -> Result<(), StoreError> {
        let statement = Statement::new(
            "insert into import_rows (organization, import, number, rows) values ($1, $2, $3, $4) returning 1",
            values![access.organization().0.uuid(), import.uuid(), i64::from(number), rows],
        );
        self.database().write_once(statement).await.map(|_| ())
    }

    pub async fn import(&self, access: Access<'_>, id: Id) -> Result<Option<StoredImport>, StoreError> {
        let statement = Statement::new(
            imports!("where organization = $1 and id = $2"),
            values![access.organization().0.uuid(), id.uuid()],
        );
        self.database().fetch_optional(statement).await?.as_ref().map(import).transpose()
    }

    /// The imports into a collection, the newest first.
    pub async fn imports(
        &self,
        access: Access<'_>,
        collection: &CollectionName,
        limit: u16,
    ) -> Result<Vec<StoredImport>, StoreError> {
        let statement = Statement::new(
            imports!("where organization = $1 and collection = $2 order by id desc limit $3"),
            values![access.organization().0.uuid(), collection.to_string(), i64::from(limit)],
        );
        self.database().fetch_all(statement).await?.iter().map(import).collect()
    }

    /// The imports into a collection that somebody brought, or all, the newest first; of those before one, where it is
    /// named.
    pub async fn imports_before(
        &self,
        access: Access<'_>,
        collection: &CollectionName,
        made_by: Option<PersonId>,
        before: Option<Id>,
        limit: u16,
    ) -> Result<Vec<StoredImport>, StoreError> {
        let mut sql = imports!("where organization = $1 and collection = $2").to_owned();
        let mut values = vec![access.organization().0.uuid().into(), collection.to_string().into()];
        for (condition, id) in [("made_by =", made_by.map(|person| person.0)), ("id <", before)] {
            if let Some(id) = id {
                values.push(id.uuid().into());
                let _ = write!(sql, " and {condition} ${}", values.len());
            }
        }
        let _ = write!(sql, " order by id desc limit {limit}");
        self.database().fetch_all(Statement::composed(sql, values)).await?.iter().map(import).collect()
    }

    /// Keeps what has become of an import, where nobody changed it since it was read.
    pub async fn save_import(&self, access: Access<'_>, import: &StoredImport) -> Result<bool, StoreError> {
        let statement = Statement::new(
            "update imports set state = $4, changed_at = $5, revision = revision + 1, document = $6 \
             where organization = $1 and id = $2 and revision = $3 returning revision",
            values![
                access.organization().0.uuid(),
                import.id.uuid(),
                import.revision,
                import.state.as_str(),
                import.changed_at,
                import.document.as_str(),
            ],
        );
        Ok(!self.database().write_once(statement).await?.is_empty())
    }

    pub async fn import_rows(&self, access: Access<'_>, import: Id, number: u32) -> Result<Option<String>, StoreError> {
        let statement = Statement::new(
            "select rows from import_rows where organization = $1 and import = $2 and number = $3",
            values![access.organization().0.uuid(), import.uuid(), i64::from(number)],
        );
        self.database().fetch_optional(statement).await?.map(|row| row.text(0)).transpose()
    }

    /// Forgets an import and its rows; what it made stays.
    pub async fn forget_import(&self, access: Access<'_>, id: Id) -> Result<(), StoreError> {
        let (organization, id) = (access.organization().0.uuid(), id.uuid());
        self.database()
            .write(move |tx| {
                Box::pin(async move {
                    for sql in [
                        "delete from import_rows where organization = $1 and import = $2",
                        "delete from imports where organization = $1 and id = $2",
                    ] {
                        tx.execute(Statement::new(sql, values![organization, id])).await?;
                    }
                    Ok::<_, StoreError>(())
                })
            })
            .await
    }

    /// Imports of any organization in one of three states, those that were changed longest ago first: for whoever does
    /// their work.
    pub async fn imports_in(&self, states: [&str; 3], limit: u16) -> Result<Vec<(OrganizationId, Id)>, StoreError> {
        let [first, second, third] = states;
        let statement = Statement::new(
            "select organization, id from imports where state in ($1, $2, $3) order by changed_at, id limit $4",
            values![first, second, third, i64::from(limit)],
        );
        let rows = self.database().fetch_all(statement).await?;
        rows.iter().map(|row| Ok((OrganizationId(row.id(0)?), row.id(1)?))).collect()
    }

    /// Forgets the rows of imports that have not changed since, but for those in these states, and their leases. Of how
    /// many parts.
    pub async fn forget_import_rows(&self, before: Micros, states: [&str; 3]) -> Result<u64, StoreError> {
        let states = states.map(str::to_owned);
        self.database()
            .write(move |tx| {
                Box::pin(async move {
                    let [first, second, third] = states;
                    // Given back, and wanted by nobody again.
                    let leases = "delete from leases where name like 'import %' and expires_at = 0";
                    tx.execute(Statement::new(leases, Vec::new())).await?;
                    tx.execute(Statement::new(
                        "delete from import_rows where (organization, import) in (select organization, id from imports \
                         where changed_at < $1 and state not in ($2, $3, $4))",
                        values![before, first, second, third],
                    ))
                    .await
                })
            })
            .await
    }

    /// What an import changed in a collection, the latest first, from below a number on.
    pub async fn import_changes(
        &self,
        access: Access<'_>,
        schema: &Schema,
        import: Id,
        below: i64,
        limit: u16,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let mut values = values![access.organization().0.uuid(), import.uuid(), below, i64::from(limit)];
        let collection = self.spoken_of(&schema.name, &mut values);
        let condition = format!(
            "where organization = $1 and import = $2 and ({collection}) and origin = 'import' and sequence < $3 \
             order by sequence desc limit $4"
        );
        self.log_entries(&condition, values).await
    }

    /// Records that an import changed and somebody else after it, or that are gone: how many, and some of them.
    pub async fn import_conflicts(
        &self,
        access: Access<'_>,
        schema: &Schema,
        import: Id,
        some: u16,
    ) -> Result<(u64, Vec<Id>), StoreError> {
        let mut values = values![access.organization().0.uuid(), import.uuid()];
        let collection = self.spoken_of(&schema.name, &mut values);
        let mine = format!(
            "(select record, max(version) as version from changes where organization = $1 and import = $2 \
             and ({collection}) group by record) c left join \"{}\" t on t.organization = $1 and t.id = c.record \
             where t.version is null or t.version <> c.version",
            layout::table(&schema.name)
        );
        let count = Statement::composed(format!("select count(*) from {mine}"), values.clone());
        let count = self.database().fetch_one(count).await?.i64(0)?;
        values.push(i64::from(some).into());
        let limit = values.len();
        let named = format!("select c.record from {mine} order by c.record limit ${limit}");
        let named = Statement::composed(named, values);
        let named = self.database().fetch_all(named).await?.iter().map(|row| row.id(0)).collect::<Result<_, _>>()?;
        Ok((u64::try_from(count).unwrap_or_default(), named))
    }
}
