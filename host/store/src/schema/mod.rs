//! Tables from descriptors, and from the next descriptor what is to be done to them.
//!
//! What stands is kept as JSON in `collections` ([`shape`]). A change that loses nothing is carried out: what is new is
//! added, what was renamed follows its name ([`moves`]), what is wider now is converted ([`fields`]). One that would
//! lose or misread something that is there is refused, each with its collection and field, with how many records stand
//! in the way and some of them ([`check`]), and nothing is done then. What a descriptor no longer has is kept until it
//! is purged by its name ([`kept`]). All of it is one transaction, on both databases.

mod check;
mod ddl;
mod fields;
mod fill;
mod kept;
mod moves;
mod plan;
mod renames;
mod shape;
mod step;
pub(crate) mod words;

pub use kept::{Kept, KeptName, LastChange, NotKept, Purged};
pub(crate) use renames::Renames;
pub use step::{SchemaAction, SchemaPlan, SchemaStep};

use crate::Store;
use crate::database::{Dialect, Statement, Tx};
use crate::error::StoreError;
use crate::layout;
use lignaflow_core::Id;
use lignaflow_core::catalog::{Catalog, Schema};
use lignaflow_core::conditions::Conditions;
use lignaflow_core::name::{CollectionName, PluginId};
use plan::{Difference, Planned, Sides};
use shape::Shape;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// One change that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaConflict {
    pub collection: CollectionName,
    /// The field, or the fields of a unique rule; empty for the collection itself.
    pub field: String,
    /// What stands in the way and would be lost, as a sentence.
    pub message: String,
    /// How many records, or sets of them, stand in the way, of all organizations; 0 where none do.
    pub records: u64,
    /// Some of them.
    pub examples: Vec<Id>,
}

impl SchemaConflict {
    fn of(schema: &Schema, field: &str, message: String) -> Self {
        let (collection, field) = (schema.name.clone(), field.to_owned());
        Self { collection, field, message, records: 0, examples: Vec::new() }
    }
}

impl fmt::Display for SchemaConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.collection)?;
        if !self.field.is_empty() {
            write!(f, ".{}", self.field)?;
        }
        write!(f, ": {}", self.message)
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
        let collections: Vec<Collection> = catalog.schemas().map(with).collect();
        let (plan, renames): (SchemaPlan, Renames) =
            self.database().write(move |tx| Box::pin(async move { reconcile(tx, &collections, apply).await })).await?;
        if apply {
            self.set_renames(renames);
            if plan.steps.iter().any(|step| step.action.changes_columns()) {
                self.database().renew();
            }
        }
        Ok(plan)
    }
}

/// One at a time among all hosts of a database. The number has no meaning beyond being this one.
const TURN: i64 = 0x6c69_676e_6166_6c6f;

/// Has whoever changes tables wait for the one who does.
async fn take_turn(tx: &mut Tx) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Postgres {
        tx.execute(Statement::new("set local lock_timeout = '10s'", Vec::new())).await?;
        tx.execute(Statement::new("set local statement_timeout = 0", Vec::new())).await?;
        tx.fetch_all(Statement::new("select 1 from pg_advisory_xact_lock($1)", vec![TURN.into()])).await?;
    }
    Ok(())
}

/// A collection with the conditions of its unique rules.
type Collection = (Arc<Schema>, Option<Conditions>);

async fn reconcile(tx: &mut Tx, collections: &[Collection], apply: bool) -> Result<(SchemaPlan, Renames), SchemaFault> {
    take_turn(tx).await?;
    let schemas: Vec<Arc<Schema>> = collections.iter().map(|(schema, _)| schema.clone()).collect();
    let schemas = schemas.as_slice();
    let mut shapes = standing(tx).await?;
    let last = Statement::new("select coalesce(max(sequence), 0) from changes", Vec::new());
    let until = tx.fetch_one(last).await?.i64(0)?;
    let moved = moves::collections(schemas, &shapes).map_err(SchemaFault::Refused)?;
    let mut work = Vec::new();
    let mut conflicts = Vec::new();
    for (schema, conditions) in collections {
        let was = moved.get(&schema.name).unwrap_or(&schema.name);
        let old = shapes.get(&was.to_string());
        match plan::compare(Sides {
            dialect: tx.dialect(),
            schema,
            conditions: conditions.as_ref(),
            was,
            old,
            moved: &moved,
            until,
        }) {
            Ok(Some(difference)) => {
                for check in &difference.checks {
                    conflicts.extend(check::run(tx, schema, &layout::table(was), check).await?);
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
    work.extend(undeclared(schemas, &shapes, &moved));
    let mut counts = Vec::with_capacity(work.len());
    for difference in &work {
        counts.push(count(tx, difference).await?);
    }
    let mut plan = SchemaPlan::default();
    let mut stale = fill::Stale::default();
    for (difference, counts) in work.into_iter().zip(counts) {
        let collection = difference.collection.clone();
        let step = |(planned, records): (&Planned, Option<u64>)| SchemaStep {
            collection: collection.clone(),
            action: planned.action.clone(),
            records,
        };
        plan.steps.extend(difference.steps.iter().zip(counts).map(step));
        stale.add(&difference);
        if apply {
            carry_out(tx, &difference).await?;
            if let Some(was) = &difference.was {
                shapes.remove(&was.to_string());
            }
            shapes.insert(difference.collection.to_string(), difference.shape);
        }
    }
    if apply {
        fill::run(tx, schemas, stale).await?;
    }
    if apply && !plan.steps.is_empty() {
        tx.touch_everything().await?;
    }
    Ok((plan, Renames::of(&shapes)))
}

/// Collections that their plugins no longer declare.
fn undeclared(
    schemas: &[Arc<Schema>],
    shapes: &BTreeMap<String, Shape>,
    moved: &BTreeMap<CollectionName, CollectionName>,
) -> Vec<Difference> {
    let plugins: BTreeSet<&PluginId> = schemas.iter().map(|schema| &schema.name.plugin).collect();
    let declared: BTreeSet<&CollectionName> = schemas.iter().map(|schema| &schema.name).chain(moved.values()).collect();
    shapes
        .iter()
        .filter(|(_, shape)| !shape.gone)
        .filter_map(|(name, shape)| Some((name.parse::<CollectionName>().ok()?, shape)))
        .filter(|(name, _)| plugins.contains(&name.plugin) && !declared.contains(name))
        .map(|(collection, shape)| Difference {
            was: None,
            checks: Vec::new(),
            steps: vec![Planned {
                action: SchemaAction::KeepCollection,
                statements: Vec::new(),
                counting: Some(plan::counting(&layout::table(&collection), None)),
            }],
            shape: Shape { gone: true, ..shape.clone() },
            refolded: Vec::new(),
            collection,
        })
        .collect()
}

/// How many records each step is about, counted before any is taken.
async fn count(tx: &mut Tx, difference: &Difference) -> Result<Vec<Option<u64>>, StoreError> {
    let mut counts = Vec::with_capacity(difference.steps.len());
    for planned in &difference.steps {
        counts.push(match &planned.counting {
            Some(statement) => Some(u64::try_from(tx.one(statement).await?.i64(0)?).unwrap_or_default()),
            None => None,
        });
    }
    Ok(counts)
}

async fn carry_out(tx: &mut Tx, difference: &Difference) -> Result<(), StoreError> {
    for Planned { action, statements, .. } in &difference.steps {
        tracing::info!(collection = %difference.collection, step = action.code(), "changing tables");
        for statement in statements {
            tx.execute(statement.clone()).await?;
        }
        if *action == SchemaAction::FillWords {
            words::fill(tx, &difference.collection, &difference.shape.words).await?;
        }
    }
    if let Some(was) = &difference.was {
        let values = vec![was.to_string().into()];
        tx.execute(Statement::new("delete from collections where name = $1", values)).await?;
    }
    keep(tx, &difference.collection, &difference.shape).await
}

/// Writes down how a collection stands.
async fn keep(tx: &mut Tx, collection: &CollectionName, shape: &Shape) -> Result<(), StoreError> {
    let shape = serde_json::to_string(shape)
        .map_err(|error| StoreError::Broken(format!("a shape cannot be written: {error}")))?;
    let keep = "insert into collections (name, shape) values ($1, $2) \
                on conflict (name) do update set shape = excluded.shape";
    tx.execute(Statement::new(keep, vec![collection.to_string().into(), shape.into()])).await?;
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
