//! The table in a route's answer: its rows by the columns that the descriptor declares, as values of their types, so that
//! a page draws them and a file holds them with the same figures.

use crate::app::App;
use crate::rest::accept::Format;
use crate::rest::export::{Sending, called};
use axum::response::Response;
use lignaflow_core::caller::Caller;
use lignaflow_core::descriptor::{Column, ColumnKind, Columns, Field, FieldKind, Route, humanize};
use lignaflow_core::error::{ErrorCode, Fault};
use lignaflow_core::name::PluginId;
use lignaflow_core::value::{Currency, Money, Value, parse_date};
use lignaflow_runtime::Snapshot;
use serde_json::Value as Json;

/// Where what the API has is looked at.
const API: &str = "/api/v1";

/// One column of it.
#[derive(Debug, Clone)]
pub struct TableColumn {
    pub name: String,
    pub title: String,
    pub kind: ColumnKind,
    /// As what its values are shown.
    pub field: Field,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TableRow {
    pub values: Vec<Value>,
    /// The pages of what is behind each.
    pub behind: Vec<Vec<String>>,
}

/// Rows of an answer. A column that no row has is left out: it is not for whoever asked.
#[derive(Debug, Clone)]
pub struct Table {
    pub columns: Vec<TableColumn>,
    pub rows: Vec<TableRow>,
    pub total: Option<Vec<Value>>,
    /// What is told above the rows: each with how it is shown.
    pub figures: Vec<(String, Field, Value)>,
    /// Amounts that are in no figure, since they are in other currencies.
    pub left_out: Vec<Money>,
}

impl Table {
    /// The table of an answer; what is wrong with it where it has none.
    pub fn read(columns: &Columns, answer: &Json) -> Result<Self, String> {
        let rows = answer["rows"].as_array().ok_or("it has no `rows`")?;
        let total = answer.get("total").filter(|total| total.is_object());
        let currency = answer["currency"].as_str().and_then(|code| code.parse().ok());
        let seen = |name: &str| rows.iter().chain(total).any(|row| row.get(name).is_some()) || rows.is_empty();
        let shown: Vec<(&str, &Column)> =
            columns.iter().map(|(name, column)| (name.as_str(), column)).filter(|(name, _)| seen(name)).collect();
        let values = |row: &Json| {
            let one = |(name, column): &(&str, &Column)| {
                value(column.kind, row.get(*name).unwrap_or(&Json::Null), currency)
                    .ok_or_else(|| format!("`{name}` of a row is not what its column says"))
            };
            shown.iter().map(one).collect::<Result<Vec<Value>, String>>()
        };
        let behind = |row: &Json| {
            let records = row.get("records").unwrap_or(&Json::Null);
            let one = |(name, column): &(&str, &Column)| match records {
                // One address is that of every figure.
                Json::String(all) if column.kind != ColumnKind::Text => page_of(all).into_iter().collect(),
                Json::Object(each) => match each.get(*name) {
                    Some(Json::String(one)) => page_of(one).into_iter().collect(),
                    Some(Json::Array(some)) => some.iter().filter_map(|one| page_of(one.as_str()?)).collect(),
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            };
            shown.iter().map(one).collect::<Vec<Vec<String>>>()
        };
        let left_out = answer["left_out"].as_array().into_iter().flatten().filter_map(|amount| {
            Some(Money { minor: amount["minor"].as_i64()?, currency: amount["currency"].as_str()?.parse().ok()? })
        });
        let figures = answer["figures"].as_array().into_iter().flatten();
        Ok(Self {
            left_out: left_out.collect(),
            figures: figures.filter_map(|one| figure(one, currency)).collect(),
            rows: rows
                .iter()
                .map(|row| Ok(TableRow { values: values(row)?, behind: behind(row) }))
                .collect::<Result<_, String>>()?,
            total: total.map(values).transpose()?,
            columns: shown
                .into_iter()
                .map(|(name, column)| TableColumn {
                    name: name.to_owned(),
                    title: column.title.clone().unwrap_or_else(|| humanize(name)),
                    kind: column.kind,
                    field: Field::bare(column.kind.field_kind()),
                })
                .collect(),
        })
    }

    /// What it says first, with how that is shown: the first figure above the rows, else that of the total.
    pub fn first_figure(&self) -> Option<(Field, Value)> {
        if let Some((_, field, value)) = self.figures.first() {
            return Some((field.clone(), value.clone()));
        }
        let total = self.columns.iter().zip(self.total.as_ref()?);
        let mut figures = total.filter(|(column, _)| !matches!(column.kind, ColumnKind::Text | ColumnKind::Date));
        figures.next().map(|(column, value)| (column.field.clone(), value.clone()))
    }

    /// As a file of that format.
    pub fn file(&self, sending: Sending<'_>, snapshot: &Snapshot) -> Result<Response, Fault> {
        let mut heads = Vec::new();
        for column in &self.columns {
            heads.push(column.name.clone());
            if column.kind == ColumnKind::Money {
                heads.push(format!("{}.currency", column.name));
            }
        }
        let rows = self.rows.iter().map(|row| self.columns.iter().map(|column| column.field.kind).zip(&row.values));
        sending.table(heads, rows, snapshot)
    }
}

/// One figure: `minor` of the currency, `percent` in basis points, `minutes`, `count` or `decimal`.
fn figure(json: &Json, currency: Option<Currency>) -> Option<(String, Field, Value)> {
    let title = json["title"].as_str()?.to_owned();
    let whole = |name: &str| json[name].as_i64();
    let (kind, value) = if let (Some(minor), Some(currency)) = (whole("minor"), currency) {
        (FieldKind::Money, Value::Money(Money { minor, currency }))
    } else if let Some(points) = whole("percent") {
        (FieldKind::Percent, Value::Integer(points))
    } else if let Some(minutes) = whole("minutes") {
        (FieldKind::Duration, Value::Integer(minutes.checked_mul(60)?))
    } else if let Some(count) = whole("count") {
        (FieldKind::Integer, Value::Integer(count))
    } else if let Some(text) = json["decimal"].as_str() {
        (FieldKind::Decimal, Value::Decimal(text.parse().ok()?))
    } else {
        // Of nothing there is no share: the place stays.
        (FieldKind::Integer, Value::Null)
    };
    Some((title, Field::bare(kind), value))
}

/// A value of JSON by its column. Nothing where it is of another type.
fn value(kind: ColumnKind, json: &Json, currency: Option<Currency>) -> Option<Value> {
    if json.is_null() {
        return Some(Value::Null);
    }
    Some(match kind {
        ColumnKind::Text | ColumnKind::Time => Value::Text(json.as_str()?.to_owned()),
        ColumnKind::Integer | ColumnKind::Percent | ColumnKind::Duration => Value::Integer(json.as_i64()?),
        ColumnKind::Minutes => Value::Integer(json.as_i64()?.checked_mul(60)?),
        ColumnKind::Money => Value::Money(Money { minor: json.as_i64()?, currency: currency? }),
        ColumnKind::Date => Value::Date(parse_date(json.as_str()?)?),
    })
}

/// The page of what stands at an address of the API: lists and records are called the same there.
fn page_of(address: &str) -> Option<String> {
    let page = address.strip_prefix(API)?;
    page.starts_with('/').then(|| page.to_owned())
}

/// A route's answer as the file that was asked for.
pub fn answered(
    app: &App,
    caller: &Caller,
    (plugin, route): (&PluginId, &Route),
    format: Format,
    json: &[u8],
) -> Result<Response, Fault> {
    let table = serde_json::from_slice(json).map_err(|error| error.to_string());
    let table = table.and_then(|json: Json| Table::read(&route.answer.table, &json)).map_err(|why| {
        tracing::warn!(%plugin, route = %route.name, why, "the answer of a route is not the table that it promises");
        Fault::new(ErrorCode::PluginBadAnswer, format!("The plugin {plugin} gave an answer that is no table."))
    })?;
    let name = called([route.name.as_str()], None, caller);
    let sending = Sending { app, caller, format, name: &name, title: &route.title, marked: false };
    table.file(sending, &app.registry.seen_by(caller))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn columns() -> Columns {
        let columns = json!({
            "title": { "type": "text" }, "worked_minutes": { "type": "minutes", "title": "Worked" },
            "cost": { "type": "money" }, "day": { "type": "date" }
        });
        serde_json::from_value(columns).unwrap()
    }

    #[test]
    fn rows_are_read_by_their_columns_and_lead_to_pages() {
        let answer = json!({
            "currency": "AUD",
            "rows": [
                { "title": "Cut", "worked_minutes": 90, "cost": 1250, "records": { "cost": ["/api/v1/projects/costs?filter[task]=1", "/api/v1/projects/costs"], "title": "https://elsewhere.example/" } },
                { "title": "Glue", "worked_minutes": null, "cost": 0, "records": "/api/v1/projects/usage" },
            ],
            "total": { "worked_minutes": 90, "cost": 1250 },
            "left_out": [{ "minor": 7, "currency": "EUR" }],
            "figures": [{ "title": "Won", "percent": 4_000 }, { "title": "Days", "decimal": "8.4" }],
        });
        let table = Table::read(&columns(), &answer).unwrap();
        let titles: Vec<&str> = table.columns.iter().map(|column| column.title.as_str()).collect();
        assert_eq!(titles, ["Title", "Worked", "Cost"], "no row has a day");
        assert_eq!(table.columns[1].field.kind, FieldKind::Duration);
        let aud = |minor| Value::Money(Money { minor, currency: Currency::AUD });
        assert_eq!(table.rows[0].values, [Value::Text("Cut".into()), Value::Integer(5_400), aud(1_250)]);
        let behind = |pages: &[&str]| pages.iter().map(|page| (*page).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            table.rows[0].behind,
            [vec![], vec![], behind(&["/projects/costs?filter[task]=1", "/projects/costs"])]
        );
        let usage = behind(&["/projects/usage"]);
        assert_eq!(table.rows[1].behind, [vec![], usage.clone(), usage]);
        assert_eq!(table.figures[0].0, "Won");
        assert_eq!(table.figures[1].2, Value::Decimal("8.4".parse().unwrap()));
        assert_eq!(table.total, Some(vec![Value::Null, Value::Integer(5_400), aud(1_250)]));
        assert_eq!(table.left_out.len(), 1);
    }

    #[test]
    fn what_is_no_table_is_told() {
        for wrong in [json!({}), json!({ "rows": [{ "title": 7 }] }), json!({ "rows": [{ "cost": 5 }] })] {
            assert!(Table::read(&columns(), &wrong).is_err(), "{wrong}");
        }
    }
}
