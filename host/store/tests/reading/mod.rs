//! What the suites that read share: collections with every type of field, and records that stand in a store and in the
//! plain model alike.
#![allow(dead_code, unreachable_pub, reason = "each suite uses a part of it")]

use lignaflow_core::bind::Binder;
use lignaflow_core::bound::{BoundSelection, BoundSummary};
use lignaflow_core::caller::Access;
use lignaflow_core::catalog::{Catalog, Schema, SchemaField, SystemField};
use lignaflow_core::custom::{CustomField, CustomKind, CustomOption, Definition};
use lignaflow_core::error::Fault;
use lignaflow_core::memory::Memory;
use lignaflow_core::query::{Authority, Page, Predicate, Selection, SortKey, Summary};
use lignaflow_core::reckoning::Reckoning;
use lignaflow_core::record::Record;
use lignaflow_core::{Id, OrganizationId, PersonId, Value};
use lignaflow_store::{Store, StoreError, build, layout};
use sea_query::Query;
use std::sync::Arc;

pub const LAB: &str = r#"
id = "lab"
version = "0.1.0"
title = "Lab"
api = "0.1"

[[collections]]
name = "makers"
title = { one = "Maker", many = "Makers" }
display = "name"
[collections.fields]
name = { type = "text", required = true, search = true }
country = { type = "choice", of = ["fr", "au", "nz"] }
partner = { type = "reference", to = "makers" }
rating = { type = "decimal", scale = 2 }
founded = { type = "date" }

[[collections]]
name = "things"
title = { one = "Thing", many = "Things" }
display = "name"
indexes = [["made"], ["count"], ["maker", "made"]]
[collections.fields]
name = { type = "text", required = true, search = true }
note = { type = "text", max = 2000, search = true }
count = { type = "integer" }
weight = { type = "decimal", scale = 3 }
price = { type = "money" }
cost = { type = "money" }
fragile = { type = "boolean" }
made = { type = "date" }
sold = { type = "date" }
seen = { type = "instant" }
spent = { type = "duration" }
size = { type = "choice", of = ["small", "large", "huge"] }
grade = { type = "choice", of = ["large", "c", "small"] }
rebate = { type = "percent" }
maker = { type = "reference", to = "makers" }
parent = { type = "reference", to = "things" }
likes = { type = "references", to = "makers" }
parts = { type = "references", to = "things" }
owner = { type = "person" }
watchers = { type = "people" }
extra = { type = "json" }

[[collections]]
name = "marks"
title = { one = "Mark", many = "Marks" }
display = "name"
[collections.fields]
name = { type = "text", required = true }
thing = { type = "reference", to = "things" }
makers = { type = "references", to = "makers" }
points = { type = "integer" }
"#;

/// A field that the organization added to a collection of the lab.
pub fn custom(collection: &str, number: u8, name: &str, kind: CustomKind) -> CustomField {
    let option = |value: &str| CustomOption { value: value.to_owned(), title: value.to_uppercase() };
    let definition = match kind {
        CustomKind::Decimal => Definition { scale: Some(3), ..Definition::default() },
        CustomKind::Choice => {
            Definition { options: ["small", "large", "huge"].map(option).to_vec(), ..Definition::default() }
        }
        CustomKind::Reference => Definition { to: Some("lab/makers".parse().unwrap()), ..Definition::default() },
        _ => Definition::default(),
    };
    CustomField {
        id: id(number),
        collection: format!("lab/{collection}").parse().unwrap(),
        name: name.parse().unwrap(),
        title: name.to_uppercase(),
        help: String::new(),
        kind,
        definition,
        required: false,
        place: number.into(),
        version: 1,
        since: 0,
        created_at: 0,
        updated_at: 0,
        archived_at: None,
    }
}

/// The lab of an organization that added a field of each kind.
pub fn customized(lab: &Catalog) -> Catalog {
    let kinds = (1..).zip(CustomKind::ALL).map(|(number, kind)| custom("things", number, kind.as_str(), kind));
    let makers = [custom("makers", 30, "tier", CustomKind::Integer), custom("makers", 31, "motto", CustomKind::Text)];
    lab.with_customs(&kinds.chain(makers).collect::<Vec<_>>())
}

/// One organization's records, in a store and in the model.
pub struct Lab<'a> {
    pub store: &'a Store,
    pub catalog: &'a Catalog,
    pub access: Access<'a>,
    pub memory: Memory,
}

/// A fixed id, in the order of its number.
pub fn id(number: u8) -> Id {
    Id::from_parts(i64::from(number) * 1_000_000, [number; 10])
}

impl<'a> Lab<'a> {
    pub fn new(store: &'a Store, catalog: &'a Catalog) -> Self {
        let access = Access::of_plugin(OrganizationId(Id::fresh()));
        Self { store, catalog, access, memory: Memory::default() }
    }

    pub fn schema(&self, name: &str) -> Arc<Schema> {
        Arc::clone(self.catalog.schema(&format!("lab/{name}").parse().unwrap()).unwrap())
    }

    pub fn binder(&self) -> Binder<'_> {
        Binder { catalog: self.catalog, home: None }
    }

    /// Puts records into both, as they are.
    pub async fn load(&mut self, collection: &str, records: Vec<Record>) {
        let schema = self.schema(collection);
        for chunk in records.chunks(200) {
            insert(self.store, self.access, &schema, chunk).await;
        }
        for record in records {
            self.memory.insert(&schema.name, record);
        }
    }

    pub fn bind(&self, selection: &Selection) -> Result<BoundSelection, Fault> {
        self.binder().selection(selection)
    }

    pub fn bind_summary(&self, summary: &Summary, reckoning: &Reckoning) -> Result<BoundSummary, Fault> {
        self.binder().summary(summary, reckoning)
    }

    pub async fn find(&self, selection: &Selection) -> Page {
        self.store.find(self.access, &self.bind(selection).unwrap()).await.unwrap()
    }

    /// The names of the records that a filter selects, by name.
    pub async fn names(&self, collection: &str, filter: Predicate) -> Vec<String> {
        let page = self.find(&select(collection, filter, "name", &["name"], 1000)).await;
        page.rows.into_iter().map(|row| row[0].as_text().unwrap().to_owned()).collect()
    }
}

/// A selection in a line; the sort as the API writes it.
pub fn select(collection: &str, filter: Predicate, sort: &str, columns: &[&str], limit: u16) -> Selection {
    Selection {
        collection: format!("lab/{collection}"),
        authority: Authority::Caller,
        filter,
        sort: sort_keys(sort),
        select: columns.iter().map(|path| (*path).to_owned()).collect(),
        limit,
        after: None,
    }
}

pub fn sort_keys(text: &str) -> Vec<SortKey> {
    let keys = text.split(',').filter(|key| !key.is_empty());
    keys.map(|key| SortKey { path: key.trim_start_matches('-').into(), descending: key.starts_with('-') }).collect()
}

/// A record that has only these values.
pub fn record(schema: &Schema, id: Id, values: &[(&str, Value)]) -> Record {
    let mut all: Vec<Value> = schema
        .fields
        .iter()
        .map(|field| if layout::is_linked(field.field.kind) { Value::References(Vec::new()) } else { Value::Null })
        .collect();
    for (name, value) in values {
        all[schema.position(name).unwrap()] = value.clone();
    }
    Record {
        id,
        version: 1,
        created_at: 1_000_000,
        updated_at: 2_000_000,
        created_by: Some(PersonId(self::id(250))),
        archived_at: None,
        values: all,
    }
}

/// Writes rows as a commit would, also such as no commit would: other organizations' ids, any time, archived.
async fn insert(store: &Store, access: Access<'_>, schema: &Arc<Schema>, records: &[Record]) {
    let dialect = store.dialect();
    let mut insert = Query::insert();
    insert.into_table(layout::table(&schema.name));
    let mut links = Vec::new();
    for (index, record) in records.iter().enumerate() {
        let person = record.created_by.map(|person| person.0.uuid());
        let mut columns = vec![layout::ORGANIZATION.to_owned()];
        columns.extend(SystemField::ALL.map(|field| layout::system_column(field).to_owned()));
        let mut row: Vec<sea_query::Value> = vec![
            access.organization().0.uuid().into(),
            record.id.uuid().into(),
            i64::try_from(record.version).unwrap().into(),
            record.created_at.into(),
            record.updated_at.into(),
            person.into(),
            record.archived_at.into(),
        ];
        let own = |field: &SchemaField| &record.values[schema.position(field.name.as_str()).unwrap()];
        for (column, value) in layout::custom::inserted(access.organization(), schema, own).unwrap() {
            columns.push(column);
            row.push(value);
        }
        if schema.has_customs() && columns.last().is_none_or(|column| column != layout::custom::CUSTOM) {
            columns.push(layout::custom::CUSTOM.to_owned());
            row.push(sea_query::Value::String(None));
        }
        for (field, value) in schema.fields.iter().zip(&record.values) {
            if let (true, Value::References(ids)) = (layout::is_linked(field.field.kind), value) {
                let table = layout::link_table(&schema.name, field.name.as_str());
                links.extend(ids.iter().map(|id| (table.clone(), record.id, *id)));
            }
        }
        if index == 0 {
            insert.columns(columns.iter().cloned());
        }
        let row = columns.iter().zip(row);
        insert.values_panic(
            row.map(|(column, value)| layout::custom::given(dialect, column, sea_query::Expr::val(value))),
        );
    }
    let organization = access.organization().0.uuid();
    let mut statements = vec![build(dialect, &insert)];
    for (table, record, target) in links {
        let link = Query::insert()
            .into_table(table)
            .columns([layout::ORGANIZATION, layout::RECORD, layout::TARGET])
            .values_panic([organization, record.uuid(), target.uuid()].map(sea_query::Expr::val))
            .to_owned();
        statements.push(build(dialect, &link));
    }
    let done: Result<(), StoreError> = store
        .database()
        .write(move |tx| {
            Box::pin(async move {
                for statement in statements {
                    tx.execute(statement).await?;
                }
                Ok(())
            })
        })
        .await;
    done.unwrap();
}
