//! The list of a collection: search and filters, rows, and the way on.

use super::cell::Cells;
use super::columns::{Column, choices, columns_chosen, field_title};
use super::form::lower_first;
use super::in_place::InPlace;
use super::query::ListQuery;
use super::views::{self, ViewBar};
use crate::blocks::BACK;
use crate::blocks::report::Offer;
use crate::empty::empty;
use crate::format::integer;
use crate::icon::icon;
use crate::labels::{ChoicesByField, Labels};
use crate::paths;
use crate::shell::{Head, Shell};
use lignaflow_core::catalog::{Catalog, Schema, SchemaField};
use lignaflow_core::descriptor::{FieldKind, humanize};
use lignaflow_core::period;
use lignaflow_core::record::Record;
use maud::{Markup, html};

/// The form that chooses columns.
const COLUMNS: &str = "columns";
/// The form of what is done to many records, and the names of its controls: what is done, and to which.
const BULK: &str = "bulk";
pub const DEED: &str = "do";
pub const CHOSEN: &str = "id";
/// States up to this number are tabs over the list.
const MOST_TABS: usize = 8;

/// One page of a collection's records, as [`ListQuery`] asks for them.
#[derive(Debug, Clone, Copy)]
pub struct ListPage<'a> {
    pub catalog: &'a Catalog,
    pub schema: &'a Schema,
    pub records: &'a [Record],
    /// Names of everything that the records refer to ([`crate::labels::Wanted::of`]), and of filters by reference.
    pub labels: &'a Labels,
    pub query: &'a ListQuery,
    /// What reference and person fields may be filtered by.
    pub choices: &'a ChoicesByField,
    /// The cursor of the next page.
    pub next: Option<&'a str>,
    pub may_write: bool,
    /// Saved views, and which of them is open.
    pub views: &'a ViewBar,
    /// What may be done to many of the records at once.
    pub deeds: &'a [Offer],
    /// Which cells may be changed where they stand.
    pub in_place: &'a InPlace,
}

pub fn page(shell: &Shell, view: &ListPage<'_>) -> Markup {
    let titles = &view.schema.collection.title;
    let actions = html! {
        @if view.may_write {
            a class="btn btn-primary" href=(paths::new(&view.schema.name)) data-key="c" aria-keyshortcuts="c" {
                (icon("plus")) (titles.one)
            }
        }
    };
    let body = html! {
        (views::bar(view.schema, view.query, view.views))
        (tabs(view))
        (toolbar(shell, view))
        lf-live data-collection=(view.schema.name) {}
        @if view.in_place.is_any() { lf-cells { (found(shell, view)) } } @else { (found(shell, view)) }
        (column_form(view, &paths::list(&view.schema.name)))
    };
    shell.page(&Head { title: &titles.many, actions: Some(actions), ..Head::default() }, &body)
}

/// The field whose values are the states of a record.
fn state_field(schema: &Schema) -> Option<&SchemaField> {
    schema.fields.iter().find(|field| schema.collection.is_state(field.name.as_str()))
}

fn tabs(view: &ListPage<'_>) -> Markup {
    let base = paths::list(&view.schema.name);
    let Some(state) = state_field(view.schema).filter(|field| field.field.of.len() <= MOST_TABS) else {
        return html! {};
    };
    let key = format!("filter[{}]", state.name);
    let current = view.query.filter(&key);
    html! {
        nav class="tabs" aria-label={ "By " (lower_first(&field_title(state))) } {
            a href=(view.query.with_filter(&base, &key, None)) aria-current=[(current.is_none() && !view.query.archived).then_some("page")] { "All" }
            @for choice in &state.field.of {
                a href=(view.query.with_filter(&base, &key, Some(choice))) aria-current=[(current == Some(choice)).then_some("page")] { (humanize(choice)) }
            }
        }
    }
}

/// A field that the filter panel offers.
fn is_facet(field: &SchemaField) -> bool {
    matches!(
        field.field.kind,
        FieldKind::Choice | FieldKind::Boolean | FieldKind::Reference | FieldKind::Person | FieldKind::Date
    )
}

fn toolbar(shell: &Shell, view: &ListPage<'_>) -> Markup {
    let base = paths::list(&view.schema.name);
    let query = view.query;
    let searchable = view.schema.fields.iter().any(|field| field.field.search);
    let facets: Vec<&SchemaField> = view.schema.fields.iter().filter(|field| is_facet(field)).collect();
    html! {
        lf-filter {
            form class="toolbar" role="search" action=(base) aria-label={ "Filter " (lower_first(&view.schema.collection.title.many)) } {
                @if searchable {
                    label class="search" {
                        (icon("search")) span class="visually-hidden" { "Search " (lower_first(&view.schema.collection.title.many)) }
                        input class="input" type="search" name="q" value=(query.q) placeholder="Search" autocomplete="off" data-key="/";
                    }
                }
                @if !facets.is_empty() {
                    lf-menu {
                        details class="menu menu-start" {
                            summary class="btn btn-small" { (icon("filter")) "Filter" }
                            div class="menu-list filter-panel" {
                                @for field in &facets { (facet_control(view, field)) }
                                div class="actions" {
                                    button class="btn btn-primary btn-small" type="submit" { "Apply" }
                                    @if !query.filters.is_empty() { a class="btn btn-quiet btn-small" href=(query.cleared(&base)) { "Clear all" } }
                                }
                            }
                        }
                    }
                }
                span class="facets" { (active_facets(shell, view, &base)) }
                @if let Some(left) = query.view_left() { input type="hidden" name="view" value=(left); }
                @if !query.fields.is_empty() { input type="hidden" name="fields" value=(query.fields.join(",")); }
                @if !query.sort.is_empty() { input type="hidden" name="sort" value=(query.sort); }
                @if !query.zone.is_empty() { input type="hidden" name="zone" value=(query.zone); }
                @if query.archived { input type="hidden" name="archived" value="true"; }
                @for (key, value) in kept_filters(view, &facets) { input type="hidden" name=(key) value=(value); }
                @if searchable { button class="btn btn-small without-script" type="submit" { "Search" } }
                span class="end" {
                    (column_menu(view))
                    @if view.may_write {
                        a class="btn btn-small btn-quiet only-wide" href=(paths::imports(&view.schema.name)) { (icon("file")) "Import" }
                    }
                    a class="btn btn-small btn-quiet only-wide" href=(paths::report(&view.schema.name)) { (icon("chart")) "Report" }
                    @if query.archived {
                        a class="btn btn-small" href=(query.archived(&base, false)) aria-current="true" { (icon("archive")) "Archived" }
                    } @else {
                        a class="btn btn-small btn-quiet only-wide" href=(query.archived(&base, true)) { (icon("archive")) "Archived" }
                    }
                }
            }
        }
    }
}

/// Which fields are columns.
fn column_menu(view: &ListPage<'_>) -> Markup {
    let shown = columns_chosen(view.catalog, view.schema, &view.query.fields);
    let is_shown = |field: &SchemaField| shown.iter().any(|column| column.field.name == field.name);
    html! {
        lf-menu {
            details class="menu only-wide" {
                summary class="btn btn-small btn-quiet" { (icon("columns")) "Columns" }
                div class="menu-list column-panel" {
                    @for field in choices(view.schema) {
                        label class="hit" {
                            input type="checkbox" name="fields" form=(COLUMNS) value=(field.name) checked[is_shown(field)];
                            (field_title(field))
                        }
                    }
                    div class="actions" { button class="btn btn-primary btn-small" type="submit" form=(COLUMNS) { "Apply" } }
                }
            }
        }
    }
}

/// The form of [`column_menu`], apart from that of the filters: a search is not to choose columns.
fn column_form(view: &ListPage<'_>, base: &str) -> Markup {
    let query = view.query;
    html! {
        form id=(COLUMNS) method="get" action=(base) {
            @if let Some(left) = query.view_left() { input type="hidden" name="view" value=(left); }
            @for (key, value) in &query.filters { input type="hidden" name=(key) value=(value); }
            @if !query.q.is_empty() { input type="hidden" name="q" value=(query.q); }
            @if !query.sort.is_empty() { input type="hidden" name="sort" value=(query.sort); }
            @if !query.zone.is_empty() { input type="hidden" name="zone" value=(query.zone); }
            @if query.archived { input type="hidden" name="archived" value="true"; }
        }
    }
}

/// Filters of the address that the panel has no control for, which a search must not lose.
fn kept_filters<'a>(view: &'a ListPage<'_>, facets: &[&SchemaField]) -> impl Iterator<Item = &'a (String, String)> {
    let controls: Vec<String> = facets.iter().flat_map(|field| control_keys(field)).collect();
    // A bound such as `filter[due][lte]=today` is no day that a date's control could show.
    let shown = |key: &str, value: &str| !is_bound(key) || lignaflow_core::value::parse_date(value).is_some();
    view.query.filters.iter().filter(move |(key, value)| !controls.contains(key) || !shown(key, value))
}

/// Whether a key of a filter is a date's `from` or `to`.
fn is_bound(key: &str) -> bool {
    key.ends_with("][gte]") || key.ends_with("][lte]")
}

fn control_keys(field: &SchemaField) -> Vec<String> {
    match field.field.kind {
        FieldKind::Date => {
            let name = &field.name;
            vec![format!("filter[{name}]"), format!("filter[{name}][gte]"), format!("filter[{name}][lte]")]
        }
        _ => vec![format!("filter[{}]", field.name)],
    }
}

fn facet_control(view: &ListPage<'_>, field: &SchemaField) -> Markup {
    let title = field_title(field);
    let keys = control_keys(field);
    let current = view.query.filter(&keys[0]).unwrap_or_default();
    let id = format!("filter-{}", field.name);
    let mut options: Vec<(String, String)> = match field.field.kind {
        FieldKind::Choice => {
            field.field.of.iter().map(|choice| (choice.clone(), field.field.choice_title(choice))).collect()
        }
        FieldKind::Boolean => vec![("true".to_owned(), "Yes".to_owned()), ("false".to_owned(), "No".to_owned())],
        FieldKind::Date => period::NAMES.iter().map(|name| ((*name).to_owned(), humanize(name))).collect(),
        _ => view
            .choices
            .get(field.name.as_str())
            .map(|choices| choices.items.iter().map(|item| (item.id.to_string(), item.label.clone())).collect())
            .unwrap_or_default(),
    };
    if field.field.kind == FieldKind::Person {
        options.insert(0, (period::ME.to_owned(), "Me".to_owned()));
    }
    if !current.is_empty() && !options.iter().any(|(value, _)| value == current) {
        options.push((current.to_owned(), said(view, field, current)));
    }
    html! {
        div class="field" {
            @if field.field.kind == FieldKind::Date {
                span class="label" id=(id) { (title) }
                div class="periods" role="group" aria-labelledby=(id) {
                    select class="input" name=(keys[0]) aria-label={ (title) " in" } {
                        option value="" { "Any time" }
                        @for (value, title) in &options { option value=(value) selected[value == current] { (title) } }
                    }
                    div class="from-to" {
                        input class="input" type="date" name=(keys[1]) value=(view.query.filter(&keys[1]).unwrap_or_default()) aria-label={ (title) " from" };
                        span class="faint" { "to" }
                        input class="input" type="date" name=(keys[2]) value=(view.query.filter(&keys[2]).unwrap_or_default()) aria-label={ (title) " to" };
                    }
                }
            } @else {
                label for=(id) { (title) }
                select class="input" id=(id) name=(keys[0]) {
                    option value="" { "Any" }
                    @for (value, title) in &options { option value=(value) selected[value == current] { (title) } }
                }
            }
        }
    }
}

/// What narrows the list now, each with a way to take it off.
fn active_facets(shell: &Shell, view: &ListPage<'_>, base: &str) -> Markup {
    let query = view.query;
    let state_key = state_field(view.schema).map(|field| format!("filter[{}]", field.name));
    let shown = query.filters.iter().filter(|(key, _)| Some(key) != state_key.as_ref());
    html! {
        @if !query.q.is_empty() {
            (facet("Search", "has", &query.q, &query.without_search(base)))
        }
        @if !query.zone.is_empty() {
            (facet("Days", "of", &query.zone, &query.without_zone(base)))
        }
        @for (key, value) in shown {
            @let (name, operator) = key_parts(key);
            @let field = view.schema.field(name);
            @let title = field.map_or_else(|| humanize(&name.replace('.', " ")), field_title);
            @let text = field.map_or_else(|| value.clone(), |field| said_to(shell, view, field, value));
            @let dated = field.is_some_and(|field| matches!(field.field.kind, FieldKind::Date | FieldKind::Instant));
            (facet(&title, if dated { spoken_of_time(operator) } else { spoken(operator) }, &text, &query.with_filter(base, key, None)))
        }
    }
}

fn facet(title: &str, what: &str, value: &str, without: &str) -> Markup {
    html! {
        span class="facet" {
            span { (title) } span class="what" { (what) } b class="facet-value" { (value) }
            a class="facet-off" href=(without) aria-label={ "Remove filter " (title) } { (icon("cross")) }
        }
    }
}

/// `filter[due][lte]` as `due` and `lte`.
fn key_parts(key: &str) -> (&str, &str) {
    let inner = key.strip_prefix("filter[").unwrap_or(key);
    let (name, rest) = inner.split_once(']').unwrap_or((inner, ""));
    (name, rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or("eq"))
}

fn spoken(operator: &str) -> &str {
    match operator {
        "eq" => "is",
        "ne" => "is not",
        "lt" => "below",
        "lte" => "up to",
        "gt" => "above",
        "gte" => "from",
        "in" => "is any of",
        "contains" => "has",
        "starts_with" => "begins",
        "is_null" => "is empty",
        other => other,
    }
}

/// The same of dates and instants, which lie before or after rather than below or above.
fn spoken_of_time(operator: &str) -> &str {
    match operator {
        "lt" => "before",
        "gt" => "after",
        other => spoken(other),
    }
}

fn said(view: &ListPage<'_>, field: &SchemaField, value: &str) -> String {
    match field.field.kind {
        FieldKind::Choice => field.field.choice_title(value),
        FieldKind::Date | FieldKind::Instant if period::NAMES.contains(&value) => lower_first(&humanize(value)),
        FieldKind::Boolean => (if value == "true" { "Yes" } else { "No" }).to_owned(),
        FieldKind::Person | FieldKind::People if value == period::ME => period::ME.to_owned(),
        _ if field.field.refers() => {
            let id = value.parse().ok();
            let listed = id.and_then(|id| {
                view.choices
                    .get(field.name.as_str())
                    .and_then(|choices| choices.items.iter().find(|item| item.id == id))
            });
            listed
                .map(|item| item.label.clone())
                .or_else(|| id.and_then(|id| view.labels.get(id)).map(str::to_owned))
                .unwrap_or_else(|| value.to_owned())
        }
        _ => value.to_owned(),
    }
}

fn said_to(shell: &Shell, view: &ListPage<'_>, field: &SchemaField, value: &str) -> String {
    if field.field.kind == FieldKind::Date
        && let Some(day) = lignaflow_core::value::parse_date(value).and_then(lignaflow_core::value::civil_date)
    {
        return crate::format::date(day, &shell.reader.locale);
    }
    if field.field.kind == FieldKind::Instant
        && let Some(at) = lignaflow_core::value::parse_instant(value)
    {
        return crate::format::instant(at, &shell.reader);
    }
    value.split(',').map(|part| said(view, field, part)).collect::<Vec<_>>().join(", ")
}

fn found(shell: &Shell, view: &ListPage<'_>) -> Markup {
    html! { div id="results" { (results(shell, view)) } }
}

fn results(shell: &Shell, view: &ListPage<'_>) -> Markup {
    if view.records.is_empty() {
        return nothing(view);
    }
    let columns = columns_chosen(view.catalog, view.schema, &view.query.fields);
    let base = paths::list(&view.schema.name);
    let shown = integer(i64::try_from(view.records.len()).unwrap_or(i64::MAX), &shell.reader.locale);
    let before = view.query.before(&base);
    html! {
        lf-rows {
            table class="table table-bleed table-sticky" {
                caption class="visually-hidden" { (view.schema.collection.title.many) }
                thead {
                    tr {
                        @if !view.deeds.is_empty() { td class="fit" {} }
                        @for column in &columns { (head(view, column, &base)) }
                    }
                }
                tbody { @for record in view.records { (row(shell, view, &columns, record)) } }
            }
        }
        (bulk(view, &base))
        nav class="pager" aria-label="Pages" {
            span { (shown) " shown" }
            span class="files" {
                (icon("export")) "Export all:"
                @for (format, title) in [("csv", "CSV"), ("xlsx", "Excel")] {
                    a href=(view.query.exported(&base, format)) download rel="nofollow" { (title) }
                }
            }
            @if before.is_some() || view.next.is_some() {
                span class="end" {
                    (step("Before", "prev", before.as_deref()))
                    (step("Next", "next", view.next.map(|cursor| view.query.next(&base, cursor)).as_deref()))
                }
            }
        }
    }
}

/// What is done to the records that are ticked.
fn bulk(view: &ListPage<'_>, base: &str) -> Markup {
    html! {
        @if !view.deeds.is_empty() {
            form class="bulk" id=(BULK) method="post" action={ (base) "/-/bulk" } {
                input type="hidden" name=(BACK) value=(view.query.address(base));
                label class="hint" for="bulk-do" { "With those that are ticked" }
                select class="input" id="bulk-do" name=(DEED) required {
                    option value="" { "Choose" }
                    @for deed in view.deeds { option value=(deed.value) { (deed.title) } }
                }
                button class="btn btn-small" type="submit" { "Do it" }
            }
        }
    }
}

fn step(title: &str, rel: &str, href: Option<&str>) -> Markup {
    html! {
        @match href {
            Some(href) => a class="btn btn-small" href=(href) rel=(rel) { (title) },
            None => span class="btn btn-small" aria-disabled="true" { (title) },
        }
    }
}

fn head(view: &ListPage<'_>, column: &Column<'_>, base: &str) -> Markup {
    let (path, descending) = match view.query.sort_key() {
        Some((path, descending)) => (path, descending),
        None => match view.schema.collection.sort.as_deref() {
            Some(sort) => sort.strip_prefix('-').map_or((sort, false), |path| (path, true)),
            None => (view.schema.collection.display.as_str(), false),
        },
    };
    let sorted = column.sort.as_deref() == Some(path);
    let direction = sorted.then_some(if descending { "descending" } else { "ascending" });
    html! {
        th scope="col" class=[column.class()] aria-sort=[direction] {
            @match &column.sort {
                Some(sort) => {
                    a class="sort" href=(view.query.sorted(base, sort, sorted && !descending)) {
                        (column.title) @if sorted { (icon(if descending { "down" } else { "up" })) }
                    }
                }
                None => (column.title),
            }
        }
    }
}

fn row(shell: &Shell, view: &ListPage<'_>, columns: &[Column<'_>], record: &Record) -> Markup {
    let cells = Cells { reader: &shell.reader, labels: view.labels };
    let collection = &view.schema.collection;
    let name =
        columns.first().map(|first| cells.words(&first.field.field, &record.values[first.index])).unwrap_or_default();
    html! {
        tr {
            @if !view.deeds.is_empty() {
                td class="fit" {
                    label class="hit" {
                        input type="checkbox" form=(BULK) name=(CHOSEN) value=(record.id);
                        span class="visually-hidden" { "Choose " (name) }
                    }
                }
            }
            @for (at, column) in columns.iter().enumerate() {
                @let value = &record.values[column.index];
                @let pen = view.in_place.pen(view.schema, record.id, column.index, &name);
                @if at == 0 {
                    th scope="row" {
                        a class="primary" href=(paths::record(&view.schema.name, record.id)) { (name) }
                        (narrow_line(&cells, view, columns, record))
                        (pen)
                    }
                } @else {
                    td class=[column.class()] { (cells.value(collection, column.field, value)) (pen) }
                }
            }
        }
    }
}

/// Under the name on a phone: the state, and the first thing it belongs to, whose columns have given way.
fn narrow_line(cells: &Cells<'_>, view: &ListPage<'_>, columns: &[Column<'_>], record: &Record) -> Markup {
    let hidden = |wanted: fn(&Column<'_>, &Schema) -> bool| {
        columns
            .iter()
            .skip(1)
            .find(|column| !column.priority.is_empty() && wanted(column, view.schema))
            .filter(|column| !record.values[column.index].is_null())
    };
    let state = hidden(|column, schema| schema.collection.is_state(column.field.name.as_str()));
    let belongs = hidden(|column, _| matches!(column.field.field.kind, FieldKind::Reference));
    html! {
        @if state.is_some() || belongs.is_some() {
            span class="sub only-narrow" {
                @if let Some(column) = state { (cells.value(&view.schema.collection, column.field, &record.values[column.index])) }
                @if state.is_some() && belongs.is_some() { " · " }
                @if let Some(column) = belongs { (cells.words(&column.field.field, &record.values[column.index])) }
            }
        }
    }
}

fn nothing(view: &ListPage<'_>) -> Markup {
    let titles = &view.schema.collection.title;
    let many = lower_first(&titles.many);
    let base = paths::list(&view.schema.name);
    let inner = if !view.query.is_bare() {
        let all = ListQuery { archived: view.query.archived, sort: view.query.sort.clone(), ..ListQuery::default() };
        empty(
            &format!("No {many} match"),
            "Take a filter off, or search for fewer words.",
            &html! { a class="btn" href=(all.address(&base)) { "Show all " (many) } },
        )
    } else if view.query.archived {
        empty(
            &format!("No archived {many}"),
            "What is archived leaves the lists, stays where it is referred to, and can be taken back from here.",
            &html! { a class="btn" href=(base) { "Back to " (many) } },
        )
    } else if view.may_write {
        empty(
            &format!("No {many} yet"),
            &format!(
                "They show here with search, filters and sorting as soon as there is one. Make the first {}, or send it to the API.",
                lower_first(&titles.one)
            ),
            &html! {
                a class="btn btn-primary" href=(paths::new(&view.schema.name)) { (icon("plus")) (titles.one) }
                a class="btn" href=(paths::SWAGGER) { "Open the API" }
            },
        )
    } else {
        empty(
            &format!("No {many} yet"),
            "They show here as soon as somebody who may make them has made one.",
            &html! {},
        )
    };
    html! { div class="band mt-4" { (inner) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::{Choice, Choices};
    use crate::testing::{catalog, id, labels, project, shell};

    fn page_of(query: &str, records: &[Record], next: Option<&str>, may_write: bool) -> String {
        page_with(query, records, next, may_write, &[])
    }

    fn page_with(query: &str, records: &[Record], next: Option<&str>, may_write: bool, deeds: &[Offer]) -> String {
        let catalog = catalog();
        let schema = catalog.schema(&"projects/projects".parse().unwrap()).unwrap();
        let query = ListQuery::of(query.split('&').filter_map(|pair| pair.split_once('=')));
        let mut choices = ChoicesByField::new();
        let helen = Choice { id: id(2), label: "Helen Papadakis".into(), hint: String::new() };
        choices.insert("client".into(), Choices { items: vec![helen], more: false, new: None });
        let labels = labels();
        let view = ListPage {
            catalog: &catalog,
            schema,
            records,
            labels: &labels,
            query: &query,
            choices: &choices,
            next,
            may_write,
            views: &ViewBar::default(),
            deeds,
            in_place: &InPlace::default(),
        };
        page(&shell(), &view).into_string()
    }

    #[test]
    fn a_row_names_its_record_its_state_and_what_it_belongs_to() {
        let html = page_of("", &[project()], None, true);
        let row = &html[html.find("<tbody>").unwrap()..html.find("</tbody>").unwrap()];
        insta::assert_snapshot!(row.replace("<td", "\n<td").replace("<th", "\n<th"));
    }

    #[test]
    fn what_narrows_the_list_can_be_taken_off() {
        let html = page_of(
            &format!("filter[client]={}&filter[due][lte]=2026-12-01&q=oak&sort=-due", id(2)),
            &[project()],
            None,
            true,
        );
        assert!(
            html.contains(
                "<span>Client</span><span class=\"what\">is</span><b class=\"facet-value\">Helen Papadakis</b>"
            )
        );
        assert!(
            html.contains("<span>Due</span><span class=\"what\">up to</span><b class=\"facet-value\">1/12/2026</b>")
        );
        assert!(html.contains("aria-label=\"Remove filter Due\""));
        assert!(html.contains("name=\"sort\" value=\"-due\""), "a search keeps the order");
        assert!(html.contains("selected>Helen Papadakis"));
    }

    #[test]
    fn a_period_is_offered_and_shown_in_words() {
        let html = page_of("filter[due]=this-week", &[project()], None, true);
        assert!(html.contains("<option value=\"this-week\" selected>This week</option>"));
        assert!(
            html.contains("<span>Due</span><span class=\"what\">is</span><b class=\"facet-value\">this week</b>"),
            "{html}"
        );
        let html = page_of("filter[due][lt]=today&filter[due][gte]=last-month", &[project()], None, true);
        assert!(html.contains("<span class=\"what\">before</span><b class=\"facet-value\">today</b>"));
        assert!(html.contains("<input type=\"hidden\" name=\"filter[due][gte]\" value=\"last-month\">"));
    }

    #[test]
    fn a_filter_without_a_control_survives_a_search() {
        let html = page_of("filter[client.name][contains]=ruth", &[project()], None, true);
        assert!(html.contains("<input type=\"hidden\" name=\"filter[client.name][contains]\" value=\"ruth\">"));
        assert!(html.contains("<span>Client name</span>"));
    }

    #[test]
    fn heads_sort_and_turn_round() {
        let html = page_of("sort=client.name", &[project()], None, true);
        assert!(html.contains(
            "aria-sort=\"ascending\"><a class=\"sort\" href=\"/projects/projects?sort=-client.name\">Client"
        ));
        assert!(html.contains("href=\"/projects/projects?sort=number\">Number</a>"));
    }

    #[test]
    fn an_empty_list_says_what_to_do() {
        assert!(page_of("", &[], None, true).contains("<h2>No projects yet</h2>"));
        assert!(page_of("q=oak", &[], None, true).contains("<h2>No projects match</h2>"));
        assert!(page_of("archived=true", &[], None, true).contains("<h2>No archived projects</h2>"));
        assert!(!page_of("", &[], None, false).contains("/new"));
    }

    #[test]
    fn the_pager_leads_on_and_back() {
        let html = page_of("after=c1&via=", &[project()], Some("c2"), true);
        assert!(html.contains("href=\"/projects/projects\" rel=\"prev\">Before</a>"));
        assert!(html.contains("href=\"/projects/projects?via=&amp;via=c1&amp;after=c2\" rel=\"next\">Next</a>"));
    }

    #[test]
    fn what_may_be_done_to_many_is_offered_below_them_and_each_can_be_ticked() {
        let deeds = [Offer { value: "to:close".into(), title: "Close <all>".into() }];
        let html = page_with("sort=name", &[project()], None, true, &deeds);
        assert!(html.contains("type=\"checkbox\" form=\"bulk\" name=\"id\""), "{html}");
        assert!(html.contains("action=\"/projects/projects/-/bulk\"") && html.contains("Close &lt;all&gt;"), "{html}");
        assert!(html.contains("name=\"back\" value=\"/projects/projects?sort=name\""), "{html}");
        assert!(!page_of("", &[project()], None, true).contains("form=\"bulk\""));
    }
}
