//! Which fields a list shows, and which of them give way first when the sheet is narrow.

use crate::format::is_figure;
use lignaflow_core::catalog::{Catalog, Schema, SchemaField};
use lignaflow_core::descriptor::{FieldKind, humanize};

/// Columns of a list that names none.
const DEFAULT_COLUMNS: usize = 6;
/// Columns that can be chosen.
const MOST_COLUMNS: usize = 12;

/// One column of a list.
#[derive(Debug, Clone)]
pub(crate) struct Column<'a> {
    /// Position of the field in the schema.
    pub(crate) index: usize,
    pub(crate) field: &'a SchemaField,
    pub(crate) title: String,
    /// What the API sorts by, where it can: of a reference, what it refers to is called.
    pub(crate) sort: Option<String>,
    /// `p2` gives way on phones, `p3` already on small sheets, `p4` on all but wide ones.
    pub(crate) priority: &'static str,
}

impl Column<'_> {
    /// The class of head and cells.
    pub(crate) fn class(&self) -> Option<String> {
        let num = if is_figure(self.field.field.kind) { "num" } else { "" };
        let class = format!("{num} {}", self.priority);
        let class = class.trim();
        (!class.is_empty()).then(|| class.to_owned())
    }
}

/// What a field is called.
pub(crate) fn field_title(field: &SchemaField) -> String {
    field.field.title.clone().unwrap_or_else(|| humanize(field.name.as_str()))
}

/// The columns of a collection's list. The first is always what the records are called by.
pub(crate) fn columns<'a>(catalog: &Catalog, schema: &'a Schema) -> Vec<Column<'a>> {
    columns_without(catalog, schema, None)
}

/// Those that were chosen, or the collection's own. The first is always what the records are called by.
pub(crate) fn columns_chosen<'a>(catalog: &Catalog, schema: &'a Schema, chosen: &[String]) -> Vec<Column<'a>> {
    let display = schema.collection.display.as_str();
    let known = chosen.iter().filter(|name| name.as_str() != display && schema.position(name).is_some());
    let names: Vec<&str> = std::iter::once(display).chain(known.map(String::as_str)).take(MOST_COLUMNS).collect();
    if names.len() < 2 { columns(catalog, schema) } else { named(catalog, schema, names) }
}

/// The fields that may be columns of a list.
pub(crate) fn choices(schema: &Schema) -> impl Iterator<Item = &SchemaField> {
    let display = &schema.collection.display;
    schema.fields.iter().filter(move |field| field.name != *display && field.field.kind != FieldKind::Json)
}

/// The same without the field that all rows share, as in a list of what refers to one record.
pub(crate) fn columns_without<'a>(catalog: &Catalog, schema: &'a Schema, shared: Option<&str>) -> Vec<Column<'a>> {
    let display = schema.collection.display.as_str();
    let mut names: Vec<&str> = vec![display];
    if schema.collection.list.is_empty() {
        let fit = schema.fields.iter().filter(|field| fits(field)).map(|field| field.name.as_str());
        names.extend(fit.filter(|name| *name != display && Some(*name) != shared).take(DEFAULT_COLUMNS - 1));
    } else {
        let declared = schema.collection.list.iter().map(lignaflow_core::name::FieldName::as_str);
        names.extend(declared.filter(|name| *name != display && Some(*name) != shared));
    }
    named(catalog, schema, names)
}

fn named<'a>(catalog: &Catalog, schema: &'a Schema, names: Vec<&str>) -> Vec<Column<'a>> {
    let mut columns: Vec<Column<'a>> = names
        .into_iter()
        .filter_map(|name| {
            let index = schema.position(name)?;
            let field = &schema.fields[index];
            Some(Column { index, field, title: field_title(field), sort: sort_path(catalog, field), priority: "" })
        })
        .collect();
    give_way(&mut columns, schema);
    columns
}

/// Whether a value of this field fits into a cell of a row.
fn fits(field: &SchemaField) -> bool {
    match field.field.kind {
        FieldKind::Json | FieldKind::References | FieldKind::People => false,
        FieldKind::Text => field.field.max_characters() <= 400,
        _ => true,
    }
}

fn sort_path(catalog: &Catalog, field: &SchemaField) -> Option<String> {
    match field.field.kind {
        FieldKind::Json
        | FieldKind::References
        | FieldKind::People
        | FieldKind::Person
        | FieldKind::Media
        | FieldKind::Files => None,
        FieldKind::Reference => {
            let target = catalog.schema(field.to.as_ref()?)?;
            Some(format!("{}.{}", field.name, target.collection.display))
        }
        _ => Some(field.name.as_str().to_owned()),
    }
}

/// What stays on a phone is the name and one more: the last column if it is short, or else the last figure, or the
/// state. Of the others the first two stay on small sheets, and the first five on all but wide ones.
fn give_way(columns: &mut [Column<'_>], schema: &Schema) {
    let kind = |column: &Column<'_>| column.field.field.kind;
    let state = columns.iter().position(|column| schema.collection.is_state(column.field.name.as_str()));
    let last = columns.len().checked_sub(1).filter(|at| {
        *at > 0 && (is_figure(kind(&columns[*at])) || kind(&columns[*at]) == FieldKind::Date || Some(*at) == state)
    });
    let last_figure = columns.iter().rposition(|column| is_figure(kind(column))).filter(|at| *at > 0);
    let stays = last.or(last_figure).or(state);
    let mut others = 0;
    for (at, column) in columns.iter_mut().enumerate() {
        if at == 0 || Some(at) == stays {
            continue;
        }
        others += 1;
        column.priority = match others {
            _ if others <= 2 || Some(at) == state => "p2",
            3..=5 => "p3",
            _ => "p4",
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::catalog;

    #[test]
    fn a_list_that_names_no_columns_shows_the_first_that_fit() {
        let catalog = catalog();
        let schema = catalog.schema(&"projects/projects".parse().unwrap()).unwrap();
        let columns = columns(&catalog, schema);
        let shown: Vec<(&str, &str, Option<&str>)> =
            columns.iter().map(|c| (c.title.as_str(), c.priority, c.sort.as_deref())).collect();
        insta::assert_debug_snapshot!(shown);
    }

    #[test]
    fn a_shared_field_is_left_out() {
        let catalog = catalog();
        let schema = catalog.schema(&"projects/projects".parse().unwrap()).unwrap();
        assert!(columns_without(&catalog, schema, Some("client")).iter().all(|c| c.field.name.as_str() != "client"));
    }
}
