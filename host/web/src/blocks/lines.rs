//! The lines of a record, written in rows. Each row is a form of its own, so that it works without script; with it, a row
//! is sent when it was changed, and what the record comes to follows.

use crate::collection::VERSION;
use crate::format::{field_text, money, percent, plain_text};
use crate::icon::icon;
use crate::labels::Choices;
use crate::paths;
use crate::reader::Reader;
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::descriptor::{FieldKind, LineEditorBlock, humanize};
use lignaflow_core::id::Id;
use lignaflow_core::name::FieldName;
use lignaflow_core::record::Record;
use lignaflow_core::value::{Currency, Money, Value};
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names of the unseen controls of a row. No field's name begins so.
pub const DO: &str = "~do";
pub const LINE: &str = "~line";
pub const SECTION: &str = "~section";
pub const WAS: &str = "~was";
pub const TAKE: &str = "~take";
pub const ROWS: &str = "~rows";
pub const TOTAL: &str = "~total";
pub const BEFORE: &str = "~before";

/// What the plugin's own route tells of the record. The host adds nothing up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct LineTotals {
    pub currency: Option<Currency>,
    #[serde(default)]
    pub sections: BTreeMap<Id, i64>,
    /// The lines that count; those that do not are drawn paler.
    #[serde(default)]
    pub counted: Vec<Id>,
    #[serde(default)]
    pub totals: Vec<TotalRow>,
    #[serde(default)]
    pub payments: Vec<TotalRow>,
    /// What is to be thought of, in words.
    #[serde(default)]
    pub notes: Vec<String>,
    pub panel: Option<Panel>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TotalRow {
    pub name: String,
    pub title: String,
    pub minor: i64,
}

/// What stands beside the lines for those who may see it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Panel {
    pub title: String,
    #[serde(default)]
    pub figures: Vec<PanelFigure>,
    #[serde(default)]
    pub head: Vec<String>,
    #[serde(default)]
    pub rows: Vec<PanelRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PanelFigure {
    pub title: String,
    #[serde(flatten)]
    pub figure: Shown,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PanelRow {
    pub title: String,
    pub cells: Vec<Shown>,
}

/// One figure: an amount in minor units, basis points, or minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Shown {
    pub minor: Option<i64>,
    pub percent: Option<i64>,
    pub minutes: Option<i64>,
}

#[derive(Debug, Clone)]
pub struct SectionRows {
    pub record: Record,
    pub lines: Vec<Record>,
}

/// What can be taken into a section.
#[derive(Debug, Clone)]
pub struct TakeView {
    /// As the route's body calls it.
    pub name: String,
    pub title: String,
    /// Where a typeahead asks.
    pub source: String,
    pub choices: Choices,
}

/// A form that was not taken, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct RefusedRow {
    /// The line or section that it was about; none for the whole.
    pub row: Option<Id>,
    pub texts: BTreeMap<String, String>,
    pub messages: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct LinesView {
    pub title: String,
    /// Where the page's forms are posted.
    pub address: String,
    pub block: LineEditorBlock,
    /// As the reader sees it: a field that they may not see is not in it.
    pub schema: Arc<Schema>,
    pub section_schema: Arc<Schema>,
    pub sections: Vec<SectionRows>,
    pub editable: bool,
    /// Nothing where the plugin could not tell.
    pub totals: Option<LineTotals>,
    pub takes: Vec<TakeView>,
    pub refused: Option<RefusedRow>,
}

/// A field of a line, as its row shows it.
struct Cell<'a> {
    field: &'a SchemaField,
    value: &'a Value,
}

impl LinesView {
    fn currency(&self, reader: &Reader) -> Currency {
        self.totals.as_ref().and_then(|totals| totals.currency).unwrap_or(reader.currency)
    }

    fn amount(&self, minor: i64, reader: &Reader) -> String {
        money(Money { minor, currency: self.currency(reader) }, reader.currency, &reader.locale)
    }

    fn cell<'a>(&'a self, record: &'a Record, name: &str) -> Option<Cell<'a>> {
        let at = self.schema.position(name)?;
        Some(Cell { field: &self.schema.fields[at], value: record.values.get(at)? })
    }

    fn display(&self) -> &str {
        self.schema.collection.display.as_str()
    }

    /// What a row's controls show at first, which is how a change of one is told.
    fn was(&self, record: &Record, reader: &Reader) -> String {
        let names = std::iter::once(&self.schema.collection.display).chain(self.block.fields());
        let texts: BTreeMap<&str, String> = names
            .filter_map(|name| {
                let cell = self.cell(record, name.as_str())?;
                Some((name.as_str(), field_text(&cell.field.field, cell.value, reader)))
            })
            .collect();
        serde_json::to_string(&texts).unwrap_or_default()
    }

    fn typed(&self, row: Id, name: &str) -> Option<&str> {
        let refused = self.refused.as_ref().filter(|refused| refused.row == Some(row))?;
        refused.texts.get(name).map(String::as_str)
    }
}

fn form_of(id: Id) -> String {
    format!("f-{id}")
}

/// A control of a row. Its label is unseen: the head of the column says it, and the line's name.
fn control(view: &LinesView, record: &Record, cell: &Cell<'_>, reader: &Reader, of: &str) -> Markup {
    let name = cell.field.name.as_str();
    let kept = field_text(&cell.field.field, cell.value, reader);
    let text = view.typed(record.id, name).unwrap_or(&kept);
    let label = format!("{} of {of}", cell.field.field.title.clone().unwrap_or_else(|| humanize(name)));
    let form = form_of(record.id);
    let id = format!("{name}-{}", record.id);
    match cell.field.field.kind {
        FieldKind::Choice => html! {
            select class="in" id=(id) name=(name) form=(form) aria-label=(label) {
                @for choice in &cell.field.field.of {
                    option value=(choice) selected[choice == text] { (cell.field.field.choice_title(choice)) }
                }
            }
        },
        FieldKind::Boolean => html! {
            input type="hidden" name=(name) value="" form=(form);
            input type="checkbox" id=(id) name=(name) value="true" form=(form) aria-label=(label) checked[text == "true"];
        },
        kind => {
            let mode = matches!(kind, FieldKind::Integer | FieldKind::Percent | FieldKind::Money).then_some("decimal");
            html! { input class="in" id=(id) name=(name) form=(form) value=(text) aria-label=(label) inputmode=[mode] autocomplete="off"; }
        }
    }
}

fn shown(view: &LinesView, record: &Record, name: &str, reader: &Reader) -> String {
    view.cell(record, name).map_or_else(String::new, |cell| plain_text(&cell.field.field, cell.value, reader))
}

fn editable(view: &LinesView, cell: &Cell<'_>) -> bool {
    view.editable && !cell.field.field.is_read_only()
}

fn either(view: &LinesView, record: &Record, name: &str, reader: &Reader, of: &str) -> Markup {
    match view.cell(record, name) {
        Some(cell) if editable(view, &cell) => control(view, record, &cell, reader, of),
        Some(cell) => html! { (plain_text(&cell.field.field, cell.value, reader)) },
        None => html! {},
    }
}

fn act(form: &str, what: &str, icon_name: &str, text: &str) -> Markup {
    html! { button type="submit" name=(DO) value=(what) form=(form) { (icon(icon_name)) (text) } }
}

fn hidden(record: &Record, key: &str) -> Markup {
    html! {
        input type="hidden" name=(key) value=(record.id);
        input type="hidden" name=(VERSION) value=(record.version);
    }
}

fn row(view: &LinesView, record: &Record, reader: &Reader, counts: bool) -> Markup {
    let block = &view.block;
    let name = shown(view, record, view.display(), reader);
    let form = form_of(record.id);
    let kind = block.kind.as_ref().and_then(|kind| view.cell(record, kind.as_str())?.value.as_text());
    let cell = |class: &str, field: Option<&FieldName>| {
        html! { td class=(class) { @if let Some(field) = field { (either(view, record, field.as_str(), reader, &name)) } } }
    };
    let refused = view.refused.as_ref().filter(|refused| refused.row == Some(record.id));
    html! {
        tr id={ "l-" (record.id) } class=[(!counts).then_some("is-out")] data-line=(record.id) {
            td class="grab" {
                @if view.editable {
                    form id=(form) method="post" action=(view.address) {
                        (hidden(record, LINE))
                        input type="hidden" name=(WAS) value=(view.was(record, reader));
                        // What Enter presses: it stands before the others.
                        button class="visually-hidden" type="submit" tabindex="-1" name=(DO) value="save" { "Save" }
                    }
                    button type="submit" name=(DO) value="up" form=(form) aria-label={ "Move " (name) " up" } draggable="true" { (icon("grip")) }
                }
            }
            td class="c-kind" {
                @if let Some(kind) = kind {
                    span class={ "kind-box k-" (kind) } title=(humanize(kind)) {
                        span aria-hidden="true" { (kind.chars().next().unwrap_or('?').to_ascii_uppercase()) }
                        span class="visually-hidden" { (kind) }
                    }
                }
            }
            td class="c-desc" {
                div class="mode" {
                    (either(view, record, view.display(), reader, "the line"))
                    (tags(view, record))
                    @if view.editable { (menu(view, record, reader, &name)) }
                }
            }
            (cell("num c-qty", Some(&block.quantity)))
            (cell("c-unit", block.unit.as_ref()))
            (cell("num c-cost", block.cost.as_ref()))
            td class="num rule c-rule" { div { @for part in &block.rule { (either(view, record, part.as_str(), reader, &name)) } } }
            (cell("num c-price", Some(&block.price)))
            td class="num c-amount" { (shown(view, record, block.amount.as_str(), reader)) }
        }
        @if let Some(refused) = refused { (refusal(refused)) }
    }
}

fn refusal(refused: &RefusedRow) -> Markup {
    html! {
        tr class="refused" {
            td colspan="9" {
                div class="note note-bad" role="alert" { (icon("alert")) p { @for message in &refused.messages { (message) " " } } }
            }
        }
    }
}

/// Choices behind the row's button that are not what a line has to begin with.
fn tags(view: &LinesView, record: &Record) -> Markup {
    let told = |name: &FieldName| {
        let cell = view.cell(record, name.as_str())?;
        let text = cell.value.as_text().filter(|text| !text.is_empty())?;
        let usual = cell.field.field.default.as_ref().and_then(|default| default.as_str()) == Some(text);
        (!usual && cell.field.field.kind == FieldKind::Choice).then(|| cell.field.field.choice_title(text))
    };
    html! { @for tag in view.block.more.iter().filter_map(told) { span class="chip" { (tag) } } }
}

fn menu(view: &LinesView, record: &Record, reader: &Reader, name: &str) -> Markup {
    let form = form_of(record.id);
    let fields = view.block.kind.iter().chain(&view.block.more);
    html! {
        lf-menu {
            details class="menu" {
                summary class="btn btn-quiet btn-icon btn-small" aria-label={ "More of " (name) } { (icon("more")) }
                div class="menu-list menu-lines" {
                    @for field in fields {
                        @if let Some(cell) = view.cell(record, field.as_str()).filter(|cell| editable(view, cell)) {
                            div class="menu-field" {
                                span aria-hidden="true" { (cell.field.field.title.clone().unwrap_or_else(|| humanize(field.as_str()))) }
                                (control(view, record, &cell, reader, name))
                            }
                        }
                    }
                    (act(&form, "save", "check", "Save"))
                    hr;
                    (act(&form, "up", "up", "Move up"))
                    (act(&form, "down", "down", "Move down"))
                    @if view.block.copy_line.is_some() { (act(&form, "copy", "copy", "Copy")) }
                    a href=(paths::edit(&view.schema.name, record.id)) { (icon("pen")) "All fields" }
                    hr;
                    (act(&form, "remove", "archive", "Remove"))
                }
            }
        }
    }
}

fn section_head(view: &LinesView, at: usize, section: &SectionRows, reader: &Reader) -> Markup {
    let record = &section.record;
    let schema = &view.section_schema;
    let title = record.get(schema, schema.collection.display.as_str()).and_then(Value::as_text).unwrap_or_default();
    let form = form_of(record.id);
    let notes = schema.fields.iter().zip(&record.values).filter(|(field, _)| field.field.kind == FieldKind::Choice);
    let amount = view.totals.as_ref().and_then(|totals| totals.sections.get(&record.id));
    html! {
        tr class="sect" id={ "s-" (record.id) } data-section=(record.id) {
            td class="grab" {
                @if view.editable { form id=(form) method="post" action=(view.address) { (hidden(record, SECTION)) } }
            }
            th scope="rowgroup" colspan="7" {
                span class="room" { b { (format!("{:02}", at + 1)) } (title) }
                @for (field, value) in notes {
                    @if let Some(text) = value.as_text() {
                        span class="eyes" { (field.field.title.clone().unwrap_or_else(|| humanize(field.name.as_str()))) " " (field.field.choice_title(text).to_lowercase()) }
                    }
                }
                @if view.editable {
                    lf-menu {
                        details class="menu" {
                            summary class="btn btn-quiet btn-icon btn-small" aria-label={ "More of " (title) } { (icon("more")) }
                            div class="menu-list menu-lines" {
                                a href=(paths::edit(&schema.name, record.id)) { (icon("pen")) "Edit" }
                                (act(&form, "section-up", "up", "Move up"))
                                (act(&form, "section-down", "down", "Move down"))
                                @if view.block.copy_section.is_some() { (act(&form, "section-copy", "copy", "Copy with its lines")) }
                                hr;
                                (act(&form, "section-remove", "archive", "Remove with its lines"))
                            }
                        }
                    }
                }
            }
            td class="num" { @if let Some(amount) = amount { (view.amount(*amount, reader)) } }
        }
        @if let Some(refused) = view.refused.as_ref().filter(|refused| refused.row == Some(record.id)) { (refusal(refused)) }
    }
}

/// One more line: typed, taken, or many of them pasted.
fn adding(view: &LinesView, section: &SectionRows) -> Markup {
    let id = section.record.id;
    let display = view.display();
    let form = format!("a-{id}");
    let typed = |name: &str| view.typed(id, name).unwrap_or_default().to_owned();
    let sources: Vec<String> = view.takes.iter().map(|take| format!("{}={}", take.name, take.source)).collect();
    html! {
        tr class="add" {
            td class="grab" {}
            td colspan="8" {
                form id=(form) class="add-line" method="post" action=(view.address) data-takes=(sources.join(" ")) {
                    input type="hidden" name=(SECTION) value=(id);
                    input class="input" id={ "new-" (id) } name=(display) value=(typed(display)) aria-label="New line" placeholder="New line" autocomplete="off";
                    input class="input input-num" name=(view.block.quantity) value=(typed(view.block.quantity.as_str())) aria-label="Quantity" placeholder="1" autocomplete="off";
                    button class="btn btn-small" type="submit" name=(DO) value="add" { (icon("plus")) "Line" }
                }
                @for take in &view.takes {
                    form class="add-line without-script" method="post" action=(view.address) {
                        input type="hidden" name=(SECTION) value=(id);
                        select class="input" name={ (TAKE) (take.name) } aria-label=(take.title) {
                            option value="" { (take.title) }
                            @for choice in &take.choices.items { option value=(choice.id) { (choice.label) } }
                        }
                        button class="btn btn-small" type="submit" name=(DO) value="take" { "Take" }
                    }
                }
                @if !view.block.paste.is_empty() {
                    details class="paste" {
                        summary class="link small" { "Paste rows" }
                        form class="stack" method="post" action=(view.address) {
                            input type="hidden" name=(SECTION) value=(id);
                            textarea class="input" name=(ROWS) rows="4" aria-label="Rows of a spreadsheet" { (typed(ROWS)) }
                            p class="hint" { "From a spreadsheet, in columns: " (view.block.paste.iter().map(|name| humanize(name.as_str()).to_lowercase()).collect::<Vec<_>>().join(", ")) "." }
                            button class="btn btn-small" type="submit" name=(DO) value="paste" { "Add these rows" }
                        }
                    }
                }
            }
        }
    }
}

fn table(view: &LinesView, reader: &Reader) -> Markup {
    let title = |name: Option<&FieldName>| {
        let field = name.and_then(|name| view.schema.field(name.as_str()));
        field
            .map(|field| field.field.title.clone().unwrap_or_else(|| humanize(field.name.as_str())))
            .unwrap_or_default()
    };
    let block = &view.block;
    let counts = |id: Id| view.totals.as_ref().is_none_or(|totals| totals.counted.contains(&id));
    html! {
        table class="lines mt-4" {
            caption class="visually-hidden" { (view.title) }
            colgroup {
                col class="grab"; col class="kind"; col; col class="qty"; col class="unit"; col class="cost"; col class="rule"; col class="price"; col class="amount";
            }
            thead {
                tr {
                    th scope="col" { span class="visually-hidden" { "Move" } }
                    th scope="col" { span class="visually-hidden" { (title(block.kind.as_ref())) } }
                    th scope="col" { (title(Some(&view.schema.collection.display))) }
                    th scope="col" class="num" { (title(Some(&block.quantity))) }
                    th scope="col" { (title(block.unit.as_ref())) }
                    th scope="col" class="num" { (title(block.cost.as_ref())) }
                    th scope="col" class="num" { (title(block.rule.first())) }
                    th scope="col" class="num" { (title(Some(&block.price))) }
                    th scope="col" class="num" { (title(Some(&block.amount))) }
                }
            }
            @for (at, section) in view.sections.iter().enumerate() {
                tbody {
                    (section_head(view, at, section, reader))
                    @for line in &section.lines { (row(view, line, reader, counts(line.id))) }
                    @if view.editable { (adding(view, section)) }
                }
            }
        }
    }
}

fn totals(view: &LinesView, reader: &Reader) -> Markup {
    let Some(told) = &view.totals else {
        return html! { div class="note note-bad" { (icon("alert")) p { "What it comes to cannot be told just now." } } };
    };
    html! {
        dl class="totals end" {
            @for row in told.totals.iter().chain(&told.payments) {
                @let grand = (row.name == "total").then_some("grand rule-above");
                dt class=[grand] { (row.title) }
                dd class=[grand] { (view.amount(row.minor, reader)) }
            }
        }
        @for note in &told.notes { div class="note note-warn" { (icon("alert")) p { (note) } } }
    }
}

fn figure(view: &LinesView, figure: Shown, reader: &Reader) -> String {
    match figure {
        Shown { minor: Some(minor), .. } => view.amount(minor, reader),
        Shown { percent: Some(points), .. } => percent(points, &reader.locale),
        Shown { minutes: Some(minutes), .. } => crate::format::duration(minutes.saturating_mul(60), &reader.locale),
        _ => "–".to_owned(),
    }
}

/// In a column, amounts stand without their currency.
fn bare(view: &LinesView, shown: Shown, reader: &Reader) -> String {
    match shown.minor {
        Some(minor) => {
            let currency = view.currency(reader);
            crate::format::figure(Money { minor, currency }, currency, &reader.locale)
        }
        None => figure(view, shown, reader),
    }
}

fn panel(view: &LinesView, panel: &Panel, reader: &Reader) -> Markup {
    html! {
        aside aria-labelledby="h-panel" {
            div class="margin" {
                div class="margin-head" { h2 id="h-panel" { (panel.title) } span class="chip" { (icon("lock")) "staff only" } }
                div class="staff" aria-hidden="true" {}
                @if let Some((first, rest)) = panel.figures.split_first() {
                    div { p class="big" { (figure(view, first.figure, reader)) } p class="muted" { (first.title) } }
                    dl class="pairs" {
                        @for one in rest { dt { (one.title) } dd { (figure(view, one.figure, reader)) } }
                    }
                }
                @if !panel.rows.is_empty() {
                    table {
                        caption class="visually-hidden" { (panel.title) }
                        thead { tr { @for (at, head) in panel.head.iter().enumerate() { th scope="col" class=[(at > 0).then_some("num")] { (head) } } } }
                        tbody {
                            @for row in &panel.rows {
                                tr { th scope="row" { (row.title) } @for cell in &row.cells { td class="num" { (bare(view, *cell, reader)) } } }
                            }
                        }
                    }
                }
                @if view.editable && view.block.set_total.is_some() {
                    form class="field" method="post" action=(view.address) {
                        label for="set-total" { "Set the total to" }
                        div class="add-line" {
                            input class="input input-num" id="set-total" name=(TOTAL) inputmode="decimal" autocomplete="off";
                            button class="btn btn-small" type="submit" name=(DO) value="set-total" { "Set" }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn draw(view: &LinesView, reader: &Reader) -> Markup {
    let whole = view.refused.as_ref().filter(|refused| refused.row.is_none());
    let told = view.totals.as_ref().and_then(|totals| totals.panel.as_ref());
    html! {
        lf-lines {
            div class="editor" {
                div {
                    @if let Some(refused) = whole {
                        div class="band mt-4" { div class="note note-bad" role="alert" { (icon("alert")) p { @for message in &refused.messages { (message) " " } } } }
                    }
                    (table(view, reader))
                    div class="band mt-4" {
                        div class="row-head" {
                            @if view.editable {
                                form class="add-line" method="post" action=(view.address) {
                                    input class="input" id="new-section" name=(view.section_schema.collection.display) aria-label={ "New " (view.section_schema.collection.title.one.to_lowercase()) } placeholder=(view.section_schema.collection.title.one);
                                    button class="btn" type="submit" name=(DO) value="section-add" { (icon("plus")) (view.section_schema.collection.title.one) }
                                }
                            }
                            (totals(view, reader))
                        }
                    }
                }
                @if let Some(told) = told { (panel(view, told, reader)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::reader;
    use lignaflow_core::catalog::Catalog;

    const DESCRIPTOR: &str = r#"
id = "orders"
version = "0.1.0"
title = "Orders"
api = "0.1"

[[collections]]
name = "orders"
title = { one = "Order", many = "Orders" }
display = "name"
fields = { name = { type = "text", required = true } }

[[collections]]
name = "groups"
title = { one = "Group", many = "Groups" }
display = "name"
part_of = "order"
fields = { name = { type = "text", required = true }, order = { type = "reference", to = "orders", required = true }, place = { type = "integer" } }

[[collections]]
name = "items"
title = { one = "Item", many = "Items" }
display = "name"
part_of = "order"
fields = { name = { type = "text", required = true }, order = { type = "reference", to = "orders", required = true }, group = { type = "reference", to = "groups", required = true }, place = { type = "integer" }, quantity = { type = "decimal" }, price = { type = "decimal" }, amount = { type = "money", read_only = true } }
"#;

    fn view(editable: bool) -> LinesView {
        let descriptor = lignaflow_core::descriptor::parse(DESCRIPTOR).unwrap();
        let catalog = Catalog::new([&descriptor]).unwrap();
        let schema = |name: &str| catalog.schema(&name.parse().unwrap()).unwrap().clone();
        let (items, groups) = (schema("orders/items"), schema("orders/groups"));
        let record = |schema: &Schema, values: &[(&str, Value)]| {
            let of =
                |name: &str| values.iter().find(|(it, _)| *it == name).map_or(Value::Null, |(_, value)| value.clone());
            Record {
                id: Id::fresh(),
                version: 3,
                created_at: 0,
                updated_at: 0,
                created_by: None,
                archived_at: None,
                values: schema.fields.iter().map(|field| of(field.name.as_str())).collect(),
            }
        };
        let group = record(&groups, &[("name", Value::Text("Kitchen <b>".into()))]);
        let currency = Currency::AUD;
        let line = record(
            &items,
            &[
                ("name", Value::Text("Oak \"door\"".into())),
                ("quantity", Value::Decimal("11.4".parse().unwrap())),
                ("amount", Value::Money(Money { minor: 376_656, currency })),
            ],
        );
        let name = |text: &str| text.parse().unwrap();
        let totals = LineTotals {
            sections: [(group.id, 376_656)].into(),
            totals: vec![TotalRow { name: "total".into(), title: "Total".into(), minor: 414_322 }],
            ..LineTotals::default()
        };
        LinesView {
            title: "Items".into(),
            address: "/orders/-/write/1".into(),
            block: LineEditorBlock {
                title: "Items".into(),
                lines: text_name("items"),
                section: name("group"),
                position: name("place"),
                kind: None,
                quantity: name("quantity"),
                unit: None,
                cost: None,
                rule: Vec::new(),
                price: name("price"),
                amount: name("amount"),
                more: Vec::new(),
                paste: Vec::new(),
                totals: text_name("totals"),
                copy_line: None,
                copy_section: None,
                set_total: None,
                take: None,
            },
            schema: items,
            section_schema: groups,
            sections: vec![SectionRows { record: group, lines: vec![line] }],
            editable,
            totals: Some(totals),
            takes: Vec::new(),
            refused: None,
        }
    }

    fn text_name(text: &str) -> lignaflow_core::name::LocalName {
        text.parse().unwrap()
    }

    #[test]
    fn a_row_is_a_form_of_its_own_and_what_it_comes_to_is_the_plugins_word() {
        let html = draw(&view(true), &reader()).into_string();
        assert!(html.contains("value=\"Oak &quot;door&quot;\"") && html.contains("Kitchen &lt;b&gt;"), "{html}");
        assert!(html.contains("value=\"11.4\""));
        assert!(html.contains("$4,143.22") && html.contains("3,766.56"));
        assert!(html.contains("class=\"is-out\""), "the plugin did not name it among those that count");
        assert!(html.contains("name=\"~do\" value=\"save\""));
    }

    #[test]
    fn who_may_not_write_is_shown_no_control() {
        let html = draw(&view(false), &reader()).into_string();
        assert!(!html.contains("<input") && !html.contains("<form"), "{html}");
        assert!(html.contains("3,766.56"));
    }

    #[test]
    fn what_was_refused_stands_in_its_row_as_it_was_typed() {
        let mut view = view(true);
        let row = view.sections[0].lines[0].id;
        let texts = [("quantity".to_owned(), "2**3".to_owned())].into();
        view.refused = Some(RefusedRow { row: Some(row), texts, messages: vec!["That is no sum.".into()] });
        let html = draw(&view, &reader()).into_string();
        assert!(html.contains("value=\"2**3\"") && html.contains("That is no sum."), "{html}");
    }

    #[test]
    fn without_figures_of_the_plugin_the_lines_stand() {
        let html = draw(&LinesView { totals: None, ..view(true) }, &reader()).into_string();
        assert!(html.contains("cannot be told just now") && html.contains("11.4"));
    }
}
