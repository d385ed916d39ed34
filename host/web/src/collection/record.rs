//! The page of one record: its facts, what may be done with it, what refers to it, and what happened to it.

use super::cell::Cells;
use super::columns::{columns_without, field_title};
use super::files;
use super::form::lower_first;
use super::input::is_long;
use super::{VERSION, tag};
use crate::activity::{self, Entry};
use crate::blocks::{Tab, tabs};
use crate::format::{list, moment};
use crate::icon::icon;
use crate::labels::Labels;
use crate::paths;
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::catalog::{Catalog, Schema, SchemaField};
use lignaflow_core::descriptor::{FieldKind, OnDelete, Transition, humanize};
use lignaflow_core::name::FieldName;
use lignaflow_core::record::Record;
use lignaflow_core::value::Value;
use maud::{Markup, html};

/// One record with what belongs to its page.
#[derive(Debug, Clone, Copy)]
pub struct RecordPage<'a> {
    pub catalog: &'a Catalog,
    pub schema: &'a Schema,
    pub record: &'a Record,
    /// Names of everything that the record, the related ones and the activity refer to.
    pub labels: &'a Labels,
    pub may_write: bool,
    /// Of a part, the whole whose state refuses changes of it.
    pub locked_whole: Option<LockedWhole<'a>>,
    /// What may be done now: see [`transitions`].
    pub transitions: &'a [&'a Transition],
    pub related: &'a [Related<'a>],
    /// This page and those that the plugin declares of the record.
    pub tabs: &'a [Tab],
    /// Newest first.
    pub activity: &'a [Entry],
    /// Why the last attempt to change it failed.
    pub fault: Option<&'a str>,
}

/// A whole in a state that takes no change, of itself or its parts.
#[derive(Debug, Clone, Copy)]
pub struct LockedWhole<'a> {
    pub schema: &'a Schema,
    pub record: &'a Record,
    pub state: &'a str,
}

impl RecordPage<'_> {
    fn is_locked(&self) -> bool {
        self.locked_whole.is_some() || locked_by(self.schema, self.record).is_some()
    }
}

/// Records of a collection whose field `via` refers to this one.
#[derive(Debug, Clone, Copy)]
pub struct Related<'a> {
    pub schema: &'a Schema,
    pub via: &'a FieldName,
    pub records: &'a [Record],
    /// Whether there are more than these.
    pub more: bool,
}

/// The transitions that a record's state allows, of those that the caller may make.
pub fn transitions<'a>(schema: &'a Schema, record: &Record, may: impl Fn(&Transition) -> bool) -> Vec<&'a Transition> {
    schema
        .collection
        .verbs()
        .filter(|transition| {
            let state = record.get(schema, transition.field()).and_then(Value::as_text);
            state.is_some_and(|state| transition.from.iter().any(|from| from == state)) && may(transition)
        })
        .collect()
}

/// The state that refuses changes, if the record is in one.
pub fn locked_by<'a>(schema: &'a Schema, record: &Record) -> Option<&'a str> {
    schema
        .collection
        .locked_states()
        .find(|(field, state)| record.get(schema, field).and_then(Value::as_text) == Some(state))
        .map(|(_, state)| state)
}

/// What a record is called.
pub fn label(schema: &Schema, record: &Record) -> String {
    record
        .get(schema, schema.collection.display.as_str())
        .and_then(Value::as_text)
        .map_or_else(|| format!("{} {}", schema.collection.title.one, record.id), str::to_owned)
}

pub fn page(shell: &Shell, view: &RecordPage<'_>) -> Markup {
    let schema = view.schema;
    let cells = Cells { reader: &shell.reader, labels: view.labels };
    let title = label(schema, view.record);
    let head = Head {
        title: &title,
        crumbs: vec![Crumb { title: &schema.collection.title.many, href: paths::list(&schema.name) }],
        tag: states(schema, view.record),
        actions: Some(actions(view)),
        sheets: &[],
    };
    let body = html! {
        (tabs(&title, view.tabs))
        @if view.tabs.len() > 1 { div class="mt-4" {} }
        (notes(view))
        (facts(view, &cells))
        div class="band mt-6" {
            div class="split split-aside" {
                div class="stack" {
                    (long_texts(view))
                    (files::sections(held(view), view.labels))
                    @for related in view.related { (related_list(shell, view, related)) }
                    @if view.related.is_empty() && !has_long_texts(view) && !has_files(view) {
                        p class="faint" { "Nothing refers to this " (lower_first(&schema.collection.title.one)) " yet." }
                    }
                }
                aside class="stack" { (history(shell, view)) }
            }
        }
    };
    shell.page(&head, &body)
}

/// The states that a record is in.
pub(crate) fn states(schema: &Schema, record: &Record) -> Option<Markup> {
    let states: Vec<Markup> = schema
        .fields
        .iter()
        .zip(&record.values)
        .filter(|(field, _)| schema.collection.is_state(field.name.as_str()))
        .filter_map(|(field, value)| Some(tag(&field.field.of, value.as_text()?)))
        .collect();
    (!states.is_empty()).then(|| html! { @for state in &states { (state) } })
}

fn actions(view: &RecordPage<'_>) -> Markup {
    let (schema, record) = (view.schema, view.record);
    if !view.may_write || record.archived_at.is_some() {
        return html! {};
    }
    html! {
        @if view.locked_whole.is_none() {
            @for transition in view.transitions { (transition_button(schema, record, transition)) }
        }
        @if !view.is_locked() {
            a class="btn" href=(paths::edit(&schema.name, record.id)) data-key="e" aria-keyshortcuts="e" { (icon("pen")) "Edit" }
            (archive_menu(view))
        }
    }
}

pub(crate) fn transition_button(schema: &Schema, record: &Record, transition: &Transition) -> Markup {
    let title = transition.title.clone().unwrap_or_else(|| humanize(transition.name.as_str()));
    let action = paths::transition(&schema.name, record.id, &transition.name);
    let version = record.version;
    if !transition.asks.is_empty() {
        return html! { a class="btn" href=(action) { (title) } };
    }
    html! {
        @if transition.locks {
            // What cannot be edited afterwards says so before it is done.
            lf-menu {
                details class="menu" {
                    summary class="btn" { (title) (icon("down")) }
                    form class="menu-list menu-ask" method="post" action=(action) {
                        input type="hidden" name=(VERSION) value=(version);
                        p { "Once it is " b { (humanize(&transition.to).to_lowercase()) } ", this " (lower_first(&schema.collection.title.one)) " takes no change until its state changes again." }
                        button class="btn btn-primary" type="submit" { (title) }
                    }
                }
            }
        } @else {
            form method="post" action=(action) {
                input type="hidden" name=(VERSION) value=(version);
                button class="btn" type="submit" { (title) }
            }
        }
    }
}

fn archive_menu(view: &RecordPage<'_>) -> Markup {
    let schema = view.schema;
    let one = lower_first(&schema.collection.title.one);
    let referring = |on_delete: OnDelete| -> Vec<String> {
        let does = |related: &&Related| {
            let field = related.schema.field(related.via.as_str());
            !related.records.is_empty() && field.is_some_and(|field| related.schema.on_delete(field) == on_delete)
        };
        view.related.iter().filter(does).map(|related| lower_first(&related.schema.collection.title.many)).collect()
    };
    let (in_the_way, along) = (referring(OnDelete::Restrict), referring(OnDelete::Cascade));
    html! {
        lf-menu {
            details class="menu" {
                summary class="btn btn-quiet btn-icon" aria-label="More" { (icon("more")) }
                form class="menu-list menu-ask" method="post" action=(paths::archive(&schema.name, view.record.id)) {
                    input type="hidden" name=(VERSION) value=(view.record.version);
                    @if in_the_way.is_empty() {
                        p { "An archived " (one) " leaves the lists and figures. Nothing of it is deleted, and it can be taken back." }
                        @if !along.is_empty() {
                            p { "Its " b { (list(&along)) } " go with it, and come back with it." }
                        }
                        button class="btn btn-danger" type="submit" { (icon("archive")) "Archive " (one) }
                    } @else {
                        p { "It cannot be archived while " b { (list(&in_the_way)) } " refer to it." }
                    }
                }
            }
        }
    }
}

fn notes(view: &RecordPage<'_>) -> Markup {
    let one = lower_first(&view.schema.collection.title.one);
    let note = |class: &str, name: &str, text: Markup| {
        html! { div class="band" { div class={ "note " (class) } { (icon(name)) (text) } } div class="mt-4" {} }
    };
    html! {
        @if let Some(fault) = view.fault {
            div class="band" { div class="note note-bad" role="alert" { (icon("alert")) p { (fault) } } }
            div class="mt-4" {}
        }
        @if view.record.archived_at.is_some() {
            (note("note-warn", "archive", html! {
                p { "This " (one) " is archived: it is in no list and no figure." }
                @if view.may_write && view.locked_whole.is_none() {
                    form class="end" method="post" action=(paths::restore(&view.schema.name, view.record.id)) {
                        input type="hidden" name=(VERSION) value=(view.record.version);
                        button class="btn btn-small" type="submit" { "Take it back" }
                    }
                }
            }))
        } @else if let Some(state) = locked_by(view.schema, view.record) {
            (note("", "lock", html! { p { (humanize(state)) ": it takes no change until its state changes." } }))
        } @else if let Some(whole) = &view.locked_whole {
            (note("", "lock", html! {
                p {
                    "Part of " a class="link" href=(paths::record(&whole.schema.name, whole.record.id)) { (label(whole.schema, whole.record)) }
                    ", which is " (humanize(whole.state).to_lowercase()) ": it takes no change until that changes."
                }
            }))
        }
    }
}

/// Fields that stand in the title block, in the descriptor's order.
fn short_fields<'a>(view: &'a RecordPage<'_>) -> impl Iterator<Item = (&'a SchemaField, &'a Value)> {
    let schema = view.schema;
    schema.fields.iter().zip(&view.record.values).filter(|(field, _)| {
        field.name != schema.collection.display
            && !field.field.internal
            && !is_long(&field.field)
            && !field.field.kind.is_media()
            && !schema.collection.is_state(field.name.as_str())
    })
}

fn facts(view: &RecordPage<'_>, cells: &Cells<'_>) -> Markup {
    let says_nothing = |value: &Value| value.is_null() || matches!(value, Value::References(ids) if ids.is_empty());
    let (unset, set): (Vec<_>, Vec<_>) = short_fields(view).partition(|(_, value)| says_nothing(value));
    let unset: Vec<String> = unset.iter().map(|(field, _)| field_title(field)).collect();
    html! {
        div class="band" {
            @if !set.is_empty() {
                dl class="titleblock" {
                    @for (field, value) in &set {
                        div { dt { (field_title(field)) } dd { (fact(view, cells, field, value)) } }
                    }
                }
            }
            @if !unset.is_empty() { p class="hint mt-2" { "Not set: " (list(&unset)) } }
        }
    }
}

/// As in a cell, but with people by name and amounts with their currency.
fn fact(view: &RecordPage<'_>, cells: &Cells<'_>, field: &SchemaField, value: &Value) -> Markup {
    match value {
        Value::Money(amount) => {
            html! { (crate::format::money(*amount, cells.reader.currency, &cells.reader.locale)) }
        }
        Value::References(_) if field.field.kind == FieldKind::People => html! { (cells.words(&field.field, value)) },
        _ => cells.value(&view.schema.collection, field, value),
    }
}

fn has_long_texts(view: &RecordPage<'_>) -> bool {
    view.schema.fields.iter().zip(&view.record.values).any(|(field, value)| is_long(&field.field) && !value.is_null())
}

fn long_texts(view: &RecordPage<'_>) -> Markup {
    let fields = view.schema.fields.iter().zip(&view.record.values).filter(|(field, _)| is_long(&field.field));
    html! {
        @for (field, value) in fields {
            @let id = format!("t-{}", field.name);
            @match value {
                Value::Text(text) => section aria-labelledby=(id) {
                    div class="row-head" { h2 id=(id) { (field_title(field)) } }
                    (paragraphs(text))
                },
                Value::Json(json) => section aria-labelledby=(id) {
                    div class="row-head" { h2 id=(id) { (field_title(field)) } }
                    pre class="code-box" tabindex="0" { (serde_json::to_string_pretty(json).unwrap_or_default()) }
                },
                _ => {}
            }
        }
    }
}

fn held<'a>(view: &'a RecordPage<'_>) -> impl Iterator<Item = (&'a SchemaField, &'a Value)> {
    view.schema.fields.iter().zip(&view.record.values)
}

fn has_files(view: &RecordPage<'_>) -> bool {
    held(view).any(|(field, value)| field.field.kind.is_media() && !files::ids(value).is_empty())
}

/// Text with its line breaks: an empty line begins a paragraph.
pub(crate) fn paragraphs(text: &str) -> Markup {
    let blocks = text.split("\n\n").map(str::trim_end).filter(|block| !block.is_empty());
    html! {
        div class="prose" {
            @for block in blocks {
                p {
                    @for (index, line) in block.lines().enumerate() { @if index > 0 { br; } (line) }
                }
            }
        }
    }
}

fn related_list(shell: &Shell, view: &RecordPage<'_>, related: &Related<'_>) -> Markup {
    let schema = related.schema;
    let titles = &schema.collection.title;
    let via = related.via.as_str();
    let cells = Cells { reader: &shell.reader, labels: view.labels };
    let columns = columns_without(view.catalog, schema, Some(via));
    let id = format!("r-{}-{via}", schema.name.local);
    let all = format!(
        "{}{}",
        paths::list(&schema.name),
        paths::query([(format!("filter[{via}]"), view.record.id.to_string())])
    );
    let new = format!("{}{}", paths::new(&schema.name), paths::query([(via, view.record.id.to_string())]));
    let declared = schema.field(via).and_then(|field| field.field.related_title.as_deref());
    // Two fields of one collection may refer here; then the field tells them apart.
    let twice = view.related.iter().filter(|other| other.schema.name == schema.name).count() > 1;
    // What is locked takes no further parts.
    let closed = schema.collection.part_of.as_ref() == Some(related.via) && view.is_locked();
    // What code alone says of it, nobody adds by hand.
    let by_code = schema.field(via).is_some_and(|field| field.field.read_only);
    html! {
        section aria-labelledby=(id) {
            div class="row-head" {
                h2 id=(id) {
                    (declared.unwrap_or(&titles.many))
                    @if twice && declared.is_none() { " " span class="faint" { (schema.field(via).map_or_else(|| humanize(via), field_title)) } }
                }
                @if !related.records.is_empty() { a class="link small" href=(all) { "All" } }
                @if view.may_write && view.record.archived_at.is_none() && !closed && !by_code {
                    a class="btn btn-small btn-quiet end" href=(new) { (icon("plus")) (titles.one) }
                }
            }
            @if related.records.is_empty() {
                p class="faint" { "No " (lower_first(&titles.many)) " yet." }
            } @else {
                div class="scroll-x" {
                    table class="table" {
                        caption class="visually-hidden" { (titles.many) " of " (label(view.schema, view.record)) }
                        thead { tr { @for column in &columns { th scope="col" class=[column.class()] { (column.title) } } } }
                        tbody {
                            @for record in related.records {
                                tr {
                                    @for (at, column) in columns.iter().enumerate() {
                                        @if at == 0 {
                                            th scope="row" { a class="primary" href=(paths::record(&schema.name, record.id)) { (label(schema, record)) } }
                                        } @else {
                                            td class=[column.class()] { (cells.value(&schema.collection, column.field, &record.values[column.index])) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                @if related.more { p class="small mt-2" { a class="link" href=(all) { "There are more " (lower_first(&titles.many)) } } }
            }
        }
    }
}

fn history(shell: &Shell, view: &RecordPage<'_>) -> Markup {
    let record = view.record;
    let made = moment(record.created_at, &shell.reader);
    let back = |version: u64| {
        let offered = view.may_write && !view.is_locked() && record.archived_at.is_none() && version < record.version;
        offered.then(|| paths::earlier(&view.schema.name, record.id, version))
    };
    let by = record.created_by.and_then(|person| view.labels.get(person.0));
    html! {
        section aria-labelledby="h-activity" {
            div class="row-head" { h2 id="h-activity" { "Activity" } }
            @if view.activity.is_empty() {
                p class="faint" { "Made " (made) @if let Some(by) = by { " by " (by) } }
            } @else {
                (activity::feed(view.schema, view.activity, view.labels, &shell.reader, back))
            }
            p class="hint mt-4" {
                "Version " (record.version) ", "
                lf-copy data-text=(record.id) { span class="code" { (record.id) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::{Actor, Deed};
    use crate::testing::{catalog, id, labels, project, shell};

    fn page_of(change: impl FnOnce(&mut Record, &Schema), may_write: bool) -> String {
        let catalog = catalog();
        let schema = catalog.schema(&"projects/projects".parse().unwrap()).unwrap();
        let clients = catalog.schema(&"projects/clients".parse().unwrap()).unwrap();
        let mut record = project();
        change(&mut record, schema);
        let allowed = transitions(schema, &record, |_| true);
        let labels = labels();
        let made = Entry {
            at: 0,
            actor: Actor::Person(id(3)),
            through: None,
            deed: Deed::Made,
            changes: Vec::new(),
            version: 1,
        };
        let via: FieldName = "client".parse().unwrap();
        let related = [Related { schema, via: &via, records: std::slice::from_ref(&record), more: true }];
        let view = RecordPage {
            catalog: &catalog,
            schema,
            record: &record,
            labels: &labels,
            may_write,
            locked_whole: None,
            transitions: &allowed,
            related: if clients.referrers.is_empty() { &[] } else { &related },
            tabs: &[],
            activity: &[made],
            fault: None,
        };
        page(&shell(), &view).into_string()
    }

    #[test]
    fn facts_stand_in_the_title_block_and_what_is_missing_is_named() {
        let html = page_of(|_, _| {}, true);
        let block = &html[html.find("<dl").unwrap()..html.find("</dl>").unwrap()];
        insta::assert_snapshot!(
            block.replace("<div>", "\n<div>").replace(&crate::assets::url("icons.svg"), "icons.svg")
        );
        assert!(html.contains("Not set: Markup"));
        assert!(html.contains("<p>Library wall first.<br>Stair after the floor is in.</p>"));
    }

    #[test]
    fn only_what_the_state_allows_is_offered() {
        let html = page_of(|_, _| {}, true);
        assert!(html.contains(&format!("action=\"/projects/projects/{}/to/pause\"", id(1))));
        assert!(!html.contains("/to/start"));
        assert!(html.contains("takes no change until its state changes again"), "a lock says what it does");
        assert!(!page_of(|_, _| {}, false).contains("<form method=\"post\" action=\"/projects/"));
    }

    #[test]
    fn a_locked_or_archived_record_offers_no_edit() {
        let locked = page_of(
            |record, schema| record.values[schema.position("status").unwrap()] = Value::Text("closed".into()),
            true,
        );
        assert!(locked.contains("Closed: it takes no change until its state changes."));
        assert!(!locked.contains("/edit\""));
        let archived = page_of(|record, _| record.archived_at = Some(1), true);
        assert!(archived.contains("/restore\""));
        assert!(!archived.contains("/edit\""));
    }

    #[test]
    fn what_stands_in_the_way_of_archiving_is_named() {
        assert!(page_of(|_, _| {}, true).contains("It cannot be archived while <b>projects</b> refer to it."));
    }

    #[test]
    fn a_related_list_leads_to_all_and_to_one_more() {
        let html = page_of(|_, _| {}, true);
        assert!(html.contains(&format!("href=\"/projects/projects?filter%5Bclient%5D={}\"", id(1))));
        assert!(html.contains(&format!("href=\"/projects/projects/new?client={}\"", id(1))));
    }
}
