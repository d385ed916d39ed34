//! Tables from descriptors, and from the next descriptor what is to be added to them.
//!
//! What stands is kept as JSON in `collections` ([`shape`]). A change that adds is carried out; one that would lose or
//! misread something that is there is refused, each with its collection and field ([`check`]), and nothing is done then.
//! What a descriptor no longer has is kept. All of it is one transaction, on both databases.

mod check;
mod ddl;
mod fill;
mod plan;
mod shape;
pub(crate) mod words;

use crate::Store;
use crate::database::{Dialect, Statement, Tx};
use crate::error::StoreError;
use lignaflow_core::catalog::{Catalog, Schema};
use lignaflow_core::conditions::Conditions;
use lignaflow_core::name::{CollectionName, PluginId};
use shape::Shape;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What is to be done, or was, in its order. Empty where the tables are as the catalog asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaPlan {
    pub steps: Vec<SchemaStep>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaStep {
    pub collection: CollectionName,
    pub action: SchemaAction,
}

/// Fields by name; indexes and unique rules by the names of their indexes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaAction {
    CreateCollection,
    AddField(String),
    /// It has another type now, and no record holds a value that would be lost.
    ReplaceField(String),
    /// Records without a value are given the default of a field that is required now.
    FillField(String),
    /// It is calculated of every record.
    CalculateField(String),
    /// Its rules have changed; the columns stay as they are.
    AdjustField(String),
    /// The descriptor no longer has it; what it holds stays.
    KeepField(String),
    AddIndex(String),
    DropIndex(String),
    AddUnique(String),
    DropUnique(String),
    /// Records are given the words that they are found by.
    FillWords,
    /// They are found by the words of these fields.
    IndexWords,
    DropWords,
}

impl fmt::Display for SchemaStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use SchemaAction as Do;
        write!(f, "{}: ", self.collection)?;
        match &self.action {
            Do::CreateCollection => f.write_str("create its table"),
            Do::AddField(name) => write!(f, "add the field `{name}`"),
            Do::ReplaceField(name) => write!(f, "give the field `{name}`, which holds nothing, its new type"),
            Do::FillField(name) => write!(f, "fill `{name}` with its default where it is empty"),
            Do::CalculateField(name) => write!(f, "calculate `{name}` of every record"),
            Do::AdjustField(name) => write!(f, "take over the new rules of the field `{name}`"),
            Do::KeepField(name) => write!(f, "keep the field `{name}`, which is no longer declared"),
            Do::AddIndex(name) => write!(f, "add the index {name}"),
            Do::DropIndex(name) => write!(f, "drop the index {name}"),
            Do::AddUnique(name) => write!(f, "add the unique rule {name}"),
            Do::DropUnique(name) => write!(f, "drop the unique rule {name}"),
            Do::FillWords => f.write_str("take the words of what is searched"),
            Do::IndexWords => f.write_str("make the index of words"),
            Do::DropWords => f.write_str("drop the index of words"),
        }
    }
}

impl fmt::Display for SchemaPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.steps.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// One change that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaConflict {
    pub collection: CollectionName,
    /// The field, or the fields of a unique rule.
    pub field: String,
    /// What stands in the way and would be lost, as a sentence.
    pub message: String,
}

impl fmt::Display for SchemaConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}: {}", self.collection, self.field, self.message)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaFault {
    /// All that stands in the way. Nothing was done.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Refused(Vec<SchemaConflict>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SchemaFault {
    /// The plugin whose collection stands in the way, where one does.
    pub fn plugin(&self) -> Option<&PluginId> {
        match self {
            Self::Refused(conflicts) => conflicts.first().map(|conflict| &conflict.collection.plugin),
            Self::Store(_) => None,
        }
    }
}

impl Store {
    /// Brings the tables to what a catalog asks for, or refuses and does nothing. Run again, it has nothing to do.
    /// Collections that the catalog does not have are left alone. Hosts that start at once take turns.
    pub async fn apply_schema(&self, catalog: &Catalog) -> Result<SchemaPlan, SchemaFault> {
        self.reconcile(catalog, true).await
    }

    /// What [`Store::apply_schema`] would do.
    pub async fn plan_schema(&self, catalog: &Catalog) -> Result<SchemaPlan, SchemaFault> {
        self.reconcile(catalog, false).await
    }

    async fn reconcile(&self, catalog: &Catalog, apply: bool) -> Result<SchemaPlan, SchemaFault> {
        let with = |schema: &Arc<Schema>| (schema.clone(), catalog.conditions(&schema.name).cloned());
        let schemas: Vec<Collection> = catalog.schemas().map(with).collect();
        let plan: SchemaPlan =
            self.database().write(move |tx| Box::pin(async move { reconcile(tx, &schemas, apply).await })).await?;
        if apply && plan.steps.iter().any(|step| matches!(step.action, SchemaAction::ReplaceField(_))) {
            self.database().renew();
        }
        Ok(plan)
    }
}

/// One at a time among all hosts of a database. The number has no meaning beyond being this one.
const TURN: i64 = 0x6c69_676e_6166_6c6f;

/// A collection with the conditions of its unique rules.
type Collection = (Arc<Schema>, Option<Conditions>);

async fn reconcile(tx: &mut Tx, schemas: &[Collection], apply: bool) -> Result<SchemaPlan, SchemaFault> {
    if tx.dialect() == Dialect::Postgres {
        tx.execute(Statement::new("set local lock_timeout = '10s'", Vec::new())).await?;
        tx.execute(Statement::new("set local statement_timeout = 0", Vec::new())).await?;
        tx.fetch_all(Statement::new("select 1 from pg_advisory_xact_lock($1)", vec![TURN.into()])).await?;
    }
    let shapes = standing(tx).await?;
    let mut work = Vec::new();
    let mut conflicts = Vec::new();
    for (schema, conditions) in schemas {
        match plan::compare(tx.dialect(), schema, conditions.as_ref(), shapes.get(&schema.name.to_string())) {
            Ok(Some(difference)) => {
                for check in &difference.checks {
                    conflicts.extend(check::run(tx, schema, check).await?);
                }
                work.push(difference);
            }
            Ok(None) => {}
            Err(faults) => conflicts.extend(faults),
        }
    }
    if !conflicts.is_empty() {
        return Err(SchemaFault::Refused(conflicts));
    }
    let mut plan = SchemaPlan::default();
    let mut stale = fill::Stale::default();
    for difference in work {
        if apply {
            carry_out(tx, &difference).await?;
        }
        stale.add(&difference);
        plan.steps.extend(difference.steps.into_iter().map(|(step, _)| step));
    }
    if apply {
        let schemas: Vec<Arc<Schema>> = schemas.iter().map(|(schema, _)| schema.clone()).collect();
        fill::run(tx, &schemas, stale).await?;
    }
    if apply && !plan.steps.is_empty() {
        tx.touch_everything().await?;
    }
    Ok(plan)
}

async fn carry_out(tx: &mut Tx, difference: &plan::Difference) -> Result<(), StoreError> {
    for (step, statements) in &difference.steps {
        tracing::info!(%step, "changing tables");
        for statement in statements {
            tx.execute(statement.clone()).await?;
        }
        if step.action == SchemaAction::FillWords {
            words::fill(tx, &difference.collection, &difference.shape.words).await?;
        }
    }
    let shape = serde_json::to_string(&difference.shape)
        .map_err(|error| StoreError::Broken(format!("a shape cannot be written: {error}")))?;
    let keep = "insert into collections (name, shape) values ($1, $2) \
                on conflict (name) do update set shape = excluded.shape";
    tx.execute(Statement::new(keep, vec![difference.collection.to_string().into(), shape.into()])).await?;
    Ok(())
}

async fn standing(tx: &mut Tx) -> Result<BTreeMap<String, Shape>, StoreError> {
    let mut shapes = BTreeMap::new();
    for row in tx.fetch_all(Statement::new("select name, shape from collections", Vec::new())).await? {
        let name = row.text(0)?;
        let shape = serde_json::from_str(&row.text(1)?)
            .map_err(|error| StoreError::Broken(format!("the shape of {name} cannot be read: {error}")))?;
        shapes.insert(name, shape);
    }
    Ok(shapes)
}
