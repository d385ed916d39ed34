//! Records in rows, of the columns that the page names.

use super::anchor;
use crate::collection::{Cells, tag};
use crate::format::is_figure;
use lignaflow_core::descriptor::{Field, FieldKind};
use lignaflow_core::name::CollectionName;
use lignaflow_core::value::Value;
use maud::{Markup, html};

/// One column: the field at the end of its path.
#[derive(Debug, Clone)]
pub struct TableColumn {
    pub title: String,
    pub field: Field,
    /// What a reference points to.
    pub to: Option<CollectionName>,
    /// Whether the field is a state, written by transitions.
    pub state: bool,
}

#[derive(Debug, Clone)]
pub struct TableRow {
    /// The record's page.
    pub href: Option<String>,
    /// One for each column.
    pub values: Vec<Value>,
}

#[derive(Debug, Clone)]
pub struct TableView {
    pub title: String,
    pub columns: Vec<TableColumn>,
    pub rows: Vec<TableRow>,
    /// The list with the same filter.
    pub all: Option<String>,
    /// What to say where there is no row.
    pub empty: String,
}

pub(crate) fn draw(view: &TableView, cells: Cells<'_>) -> Markup {
    let id = anchor("t", &view.title);
    let last = view.columns.len().saturating_sub(1);
    let class = |at: usize, column: &TableColumn| {
        let num = if is_figure(column.field.kind) { "num " } else { "" };
        // The first and the last column stay on a phone.
        let priority = match at {
            0 => "",
            at if at == last => "",
            1 | 2 => "p2",
            _ => "p3",
        };
        let class = format!("{num}{priority}");
        let class = class.trim();
        (!class.is_empty()).then(|| class.to_owned())
    };
    let cell = |column: &TableColumn, value: &Value| match value {
        Value::Text(state) if column.state && column.field.kind == FieldKind::Choice => tag(&column.field.of, state),
        other => cells.bare(&column.field, column.to.as_ref(), other),
    };
    html! {
        section aria-labelledby=(id) {
            div class="row-head" {
                h2 id=(id) { (view.title) }
                @if let Some(all) = &view.all { a class="link small end" href=(all) { "All" } }
            }
            @if view.rows.is_empty() {
                p class="faint" { (view.empty) }
            } @else {
                lf-rows {
                    table class="table" {
                        caption class="visually-hidden" { (view.title) }
                        thead { tr { @for (at, column) in view.columns.iter().enumerate() { th scope="col" class=[class(at, column)] { (column.title) } } } }
                        tbody {
                            @for row in &view.rows {
                                tr {
                                    @for (at, (column, value)) in view.columns.iter().zip(&row.values).enumerate() {
                                        @if at == 0 {
                                            th scope="row" {
                                                @match &row.href {
                                                    Some(href) => a class="primary" href=(href) { (cells.words(&column.field, value)) },
                                                    None => span class="primary" { (cells.words(&column.field, value)) },
                                                }
                                            }
                                        } @else {
                                            td class=[class(at, column)] { (cell(column, value)) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
