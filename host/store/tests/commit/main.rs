//! What the store promises of its writes, on both databases.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

mod customs;
mod database;
mod documents;
mod doubt;
mod kept;
mod leases;
mod log;
mod media;
mod races;
mod records;
mod renames;
mod schema;
mod settled;
mod widening;

#[path = "../common/mod.rs"]
mod common;

use common::World;
use lignaflow_core::Id;
use lignaflow_store::{Row, Statement, layout};

pub(crate) const SHOP: &str = r#"
id = "shop"
version = "0.1.0"
title = "Shop"
api = "0.1"

[[collections]]
name = "customers"
title = { one = "Customer", many = "Customers" }
display = "name"
unique = [["name"], ["number"]]
[collections.fields]
name = { type = "text", required = true }
number = { type = "integer" }

[[collections]]
name = "orders"
title = { one = "Order", many = "Orders" }
display = "title"
serialize = ["customer"]
indexes = [["customer", "day"]]
[collections.fields]
title = { type = "text", required = true }
customer = { type = "reference", to = "customers" }
seller = { type = "person" }
watchers = { type = "people" }
related = { type = "references", to = "orders", on_delete = "clear" }
previous = { type = "reference", to = "orders", on_delete = "clear" }
amount = { type = "money" }
weight = { type = "decimal", scale = 3 }
paid = { type = "boolean" }
day = { type = "date" }
placed = { type = "instant" }
hours = { type = "duration" }
state = { type = "choice", of = ["open", "closed"], default = "open" }
rebate = { type = "percent" }
extra = { type = "json" }

[[collections]]
name = "labels"
title = { one = "Label", many = "Labels" }
display = "name"
[collections.fields]
name = { type = "text", required = true }
customers = { type = "references", to = "customers" }
"#;

pub(crate) async fn version(world: &World, collection: &str, id: Id) -> Option<i64> {
    row(world, collection, "version", id).await.map(|row| row.i64(0).unwrap())
}

pub(crate) async fn row(world: &World, collection: &str, columns: &str, id: Id) -> Option<Row> {
    let table = layout::table(&collection.parse().unwrap());
    let sql = format!("select {columns} from {table} where organization = $1 and id = $2");
    let values = vec![world.access.organization().0.uuid().into(), id.uuid().into()];
    world.store.database().fetch_optional(Statement::new(sql.leak(), values)).await.unwrap()
}

pub(crate) async fn count(world: &World, table: &'static str) -> i64 {
    let sql = format!("select count(*) from {table}");
    world.store.database().fetch_one(Statement::new(sql.leak(), Vec::new())).await.unwrap().i64(0).unwrap()
}
