//! Calculated fields of records that were there before: filled when the field is new, or is calculated otherwise now.

use super::SchemaAction;
use super::plan::{Difference, Planned};
use crate::commit::totals::calculate;
use crate::database::{Tx, build};
use crate::error::StoreError;
use crate::layout;
use lignaflow_core::catalog::Schema;
use lignaflow_core::derive::derive;
use lignaflow_core::name::CollectionName;
use lignaflow_core::{Id, OrganizationId, Value};
use sea_query::{Expr, ExprTrait, Order, Query, Value as Sql};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Records that are looked at in one statement.
const SLICE: u64 = 500;

/// Collections whose records are to be filled, with the texts of each that are folded anew.
#[derive(Debug, Default)]
pub(super) struct Stale(BTreeMap<CollectionName, Vec<String>>);

impl Stale {
    pub(super) fn add(&mut self, difference: &Difference) {
        let calculates = |step: &Planned| matches!(step.action, SchemaAction::CalculateField(_));
        if difference.steps.iter().any(calculates) || !difference.refolded.is_empty() {
            self.0.insert(difference.collection.clone(), difference.refolded.clone());
        }
    }
}

/// Calculates every derived field of every record of these collections, parts before what they are parts of. What cannot
/// be calculated is empty. Neither a version nor the log is touched: nobody changed these records.
pub(super) async fn run(tx: &mut Tx, schemas: &[Arc<Schema>], mut stale: Stale) -> Result<(), StoreError> {
    // What is summed of them changes with them.
    let mut open: Vec<CollectionName> = stale.0.keys().cloned().collect();
    while let Some(name) = open.pop() {
        let whole = schemas.iter().find(|schema| schema.name == name).and_then(|schema| schema.whole());
        let whole = whole.and_then(|(_, to)| schemas.iter().find(|schema| schema.name == *to));
        if let Some(whole) = whole.filter(|whole| whole.sums_parts() && !stale.0.contains_key(&whole.name)) {
            stale.0.insert(whole.name.clone(), Vec::new());
            open.push(whole.name.clone());
        }
    }
    let mut ordered: Vec<(usize, &Arc<Schema>)> = schemas
        .iter()
        .filter(|schema| stale.0.contains_key(&schema.name))
        .map(|schema| (above(schemas, schema), schema))
        .collect();
    ordered.sort_by_key(|(above, _)| std::cmp::Reverse(*above));
    for (_, schema) in ordered {
        let refolded = stale.0.get(&schema.name).map(Vec::as_slice).unwrap_or_default();
        let derived = |of_parts: bool| {
            let chosen = schema.derived.derivations.iter().filter(move |it| it.of_parts == of_parts);
            chosen.map(|it| schema.fields[it.field].name.as_str())
        };
        let own: Vec<&str> = refolded.iter().map(String::as_str).chain(derived(false)).collect();
        fill(tx, schema, false, &own).await?;
        fill(tx, schema, true, &derived(true).collect::<Vec<_>>()).await?;
    }
    Ok(())
}

/// How many wholes stand above a collection.
fn above(schemas: &[Arc<Schema>], schema: &Schema) -> usize {
    let (mut count, mut at) = (0, schema);
    while let Some(whole) = at.whole().and_then(|(_, to)| schemas.iter().find(|schema| schema.name == *to)) {
        count += 1;
        at = whole;
        if count > schemas.len() {
            break;
        }
    }
    count
}

async fn fill(tx: &mut Tx, schema: &Schema, of_parts: bool, names: &[&str]) -> Result<(), StoreError> {
    if names.is_empty() {
        return Ok(());
    }
    let mut after: Option<(Id, Id)> = None;
    loop {
        let mut select = Query::select();
        select
            .column(layout::ORGANIZATION)
            .exprs(layout::record_columns(tx.dialect(), schema))
            .from(layout::table(&schema.name))
            .order_by(layout::ORGANIZATION, Order::Asc)
            .order_by(layout::ID, Order::Asc)
            .limit(SLICE);
        if let Some((organization, id)) = after {
            let place = Expr::tuple([Expr::col(layout::ORGANIZATION), Expr::col(layout::ID)]);
            select.and_where(place.gt(Expr::tuple([organization.uuid().into(), id.uuid().into()])));
        }
        let mut by_organization: BTreeMap<Id, Vec<_>> = BTreeMap::new();
        let rows = tx.all(&select).await?;
        for row in &rows {
            let record = layout::decode_record(row, 1, schema)?;
            by_organization.entry(row.id(0)?).or_default().push(record);
        }
        for (organization, records) in by_organization {
            after = records.iter().map(|record| (organization, record.id)).next_back();
            if of_parts {
                let ids: Vec<Id> = records.iter().map(|record| record.id).collect();
                for calculated in calculate(tx, OrganizationId(organization), schema, &ids).await? {
                    let values = names.iter().map(|name| calculated.after.get(*name).cloned().unwrap_or(Value::Null));
                    write(tx, schema, organization, calculated.id, names, values.collect()).await?;
                }
                continue;
            }
            for record in records {
                let mut fields = record.fields(schema);
                let _ = derive(schema, &mut fields);
                let values = names.iter().map(|name| fields.get(*name).cloned().unwrap_or(Value::Null)).collect();
                write(tx, schema, organization, record.id, names, values).await?;
            }
        }
        if rows.len() < usize::try_from(SLICE).unwrap_or(usize::MAX) {
            return Ok(());
        }
    }
}

async fn write(
    tx: &mut Tx,
    schema: &Schema,
    organization: Id,
    id: Id,
    names: &[&str],
    values: Vec<Value>,
) -> Result<(), StoreError> {
    let mut set: Vec<(String, Sql)> = Vec::new();
    for (name, value) in names.iter().zip(&values) {
        if let Some(field) = schema.field(name) {
            set.extend(layout::encode(OrganizationId(organization), field, value)?);
        }
    }
    let update = Query::update()
        .table(layout::table(&schema.name))
        .values(set.into_iter().map(|(column, value)| (column, value.into())))
        .and_where(Expr::col(layout::ORGANIZATION).eq(organization.uuid()))
        .and_where(Expr::col(layout::ID).eq(id.uuid()))
        .take();
    let statement = build(tx.dialect(), &update);
    tx.execute(statement).await.map(|_| ())
}
