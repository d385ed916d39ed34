//! Forms that ask for what a deed needs: fields of a transition, or of a route of a plugin. They are drawn and read like
//! those of records, by a schema of nothing but what is asked for.

use super::columns::field_title;
use super::draft::{Draft, VERSION, editable};
use super::form::{FormPage, Target, lower_first, sections};
use crate::blocks::anchor;
use crate::issues;
use crate::labels::{ChoicesByField, Labels};
use crate::paths;
use crate::reader::Reader;
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::{AccessRules, Collection, Descriptor, Field, Former, Title};
use lignaflow_core::error::Issue;
use lignaflow_core::id::Id;
use lignaflow_core::name::FieldName;
use maud::{Markup, html};

/// These fields by themselves; nothing where there are none.
pub fn asking_schema(
    descriptor: &Descriptor,
    title: &str,
    fields: impl IntoIterator<Item = (FieldName, Field)>,
) -> Option<Schema> {
    let fields: Vec<(FieldName, Field)> = fields.into_iter().collect();
    let collection = Collection {
        name: "asked".parse().ok()?,
        renamed_from: Former::default(),
        title: Title { one: title.to_owned(), many: title.to_owned() },
        icon: None,
        menu: None,
        display: fields.first()?.0.clone(),
        list: Vec::new(),
        sort: None,
        serialize: Vec::new(),
        part_of: None,
        hook: None,
        indexes: Vec::new(),
        unique: Vec::new(),
        checks: Vec::new(),
        access: AccessRules::default(),
        fields: fields.into_iter().collect(),
        views: Vec::new(),
        transitions: Vec::new(),
    };
    Some(Schema::of(descriptor, &collection))
}

/// A form as it is shown first, and again with issues.
#[derive(Debug, Clone)]
pub struct AskView {
    pub title: String,
    /// Of [`asking_schema`]; nothing where a button is all there is.
    pub schema: Option<std::sync::Arc<Schema>>,
    pub draft: Draft,
    pub issues: Vec<Issue>,
    pub fault: Option<String>,
    pub choices: ChoicesByField,
    /// Where it is posted.
    pub action: String,
    pub button: String,
    /// What it is known by on its page, so that what stands elsewhere there is posted with it.
    pub id: Option<String>,
}

/// The form itself.
pub(crate) fn form(view: &AskView, reader: &Reader, labels: &Labels, cancel: Option<&str>) -> Markup {
    let fields: Vec<(&str, String)> = view
        .schema
        .iter()
        .flat_map(|schema| editable(schema).map(|field| (field.name.as_str(), field_title(field))))
        .collect();
    html! {
        form method="post" action=(view.action) id=[view.id.as_ref()] novalidate {
            (issues::summary(&view.issues, &fields, view.fault.as_deref()))
            @if let Some(version) = view.draft.version { input type="hidden" name=(VERSION) value=(version); }
            // The first button is what Enter presses; a search for choices must not be it.
            button class="visually-hidden" type="submit" tabindex="-1" aria-hidden="true" { (view.button) }
            @if let Some(schema) = &view.schema {
                @let page = FormPage {
                    schema, target: Target::New, draft: &view.draft, issues: &view.issues, fault: None,
                    choices: &view.choices, labels,
                };
                div class="form mt-4" { (sections(reader, &page, &[])) }
            }
            p class="mt-4" {
                button class="btn btn-primary" type="submit" { (view.button) }
                @if let Some(cancel) = cancel { " " a class="btn btn-quiet" href=(cancel) { "Cancel" } }
            }
        }
    }
}

/// The controls by which a table is asked for, sent by GET.
pub(crate) fn choices_above(view: &AskView, before: &Markup, reader: &Reader, labels: &Labels) -> Markup {
    let fields: Vec<(&str, String)> = view
        .schema
        .iter()
        .flat_map(|schema| editable(schema).map(|field| (field.name.as_str(), field_title(field))))
        .collect();
    html! {
        form class="asking mt-4" method="get" action=(view.action) novalidate {
            (issues::summary(&view.issues, &fields, view.fault.as_deref()))
            button class="visually-hidden" type="submit" tabindex="-1" aria-hidden="true" { (view.button) }
            (before)
            @if let Some(schema) = &view.schema {
                @let page = FormPage {
                    schema, target: Target::New, draft: &view.draft, issues: &view.issues, fault: None,
                    choices: &view.choices, labels,
                };
                div class="form" { (sections(reader, &page, &[])) }
            }
            p { button class="btn btn-primary" type="submit" { (view.button) } }
        }
    }
}

/// As a block of a page.
pub(crate) fn block(view: &AskView, reader: &Reader, labels: &Labels) -> Markup {
    let id = anchor("s", &view.title);
    html! {
        section aria-labelledby=(id) {
            // Its first section says the same for all to see.
            h2 class=[view.schema.as_ref().map(|_| "visually-hidden")] id=(id) { (view.title) }
            lf-form { (form(view, reader, labels, None)) }
        }
    }
}

/// A page of its own, before a transition of a record.
#[derive(Debug, Clone, Copy)]
pub struct AskPage<'a> {
    pub schema: &'a Schema,
    pub id: Id,
    /// What the record is called.
    pub label: &'a str,
    /// The state that it is to be in, where it takes no change after that.
    pub locks: Option<&'a str>,
    pub ask: &'a AskView,
    pub labels: &'a Labels,
}

pub fn page(shell: &Shell, view: &AskPage<'_>) -> Markup {
    let one = lower_first(&view.schema.collection.title.one);
    let record = paths::record(&view.schema.name, view.id);
    let crumbs = vec![
        Crumb { title: &view.schema.collection.title.many, href: paths::list(&view.schema.name) },
        Crumb { title: view.label, href: record.clone() },
    ];
    let body = html! {
        lf-form {
            div class="band" {
                @if let Some(state) = view.locks {
                    p class="muted" {
                        "Once it is " b { (lignaflow_core::descriptor::humanize(state).to_lowercase()) } ", this " (one)
                        " takes no change until its state changes again."
                    }
                }
                (form(view.ask, &shell.reader, view.labels, Some(&record)))
            }
        }
    };
    shell.page(&Head { title: &view.ask.title, crumbs, ..Head::default() }, &body)
}
