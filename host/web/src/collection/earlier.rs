//! The page that asks before a record is set back: what would change, field by field.

use super::VERSION;
use super::cell::Cells;
use super::columns::field_title;
use super::form::lower_first;
use super::record::label;
use crate::format::when;
use crate::icon::icon;
use crate::labels::Labels;
use crate::paths;
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::catalog::Schema;
use lignaflow_core::clock::Micros;
use lignaflow_core::mutation::Fields;
use lignaflow_core::record::Record;
use lignaflow_core::value::Value;
use maud::{Markup, html};

#[derive(Debug, Clone, Copy)]
pub struct EarlierPage<'a> {
    pub schema: &'a Schema,
    /// As it stands now.
    pub record: &'a Record,
    pub version: u64,
    /// When that version was made, where the log tells.
    pub at: Option<Micros>,
    /// Fields that would be set, with the values of then.
    pub fields: &'a Fields,
    pub labels: &'a Labels,
    pub may_write: bool,
    /// Why the last attempt failed.
    pub fault: Option<&'a str>,
}

pub fn page(shell: &Shell, view: &EarlierPage<'_>) -> Markup {
    let schema = view.schema;
    let cells = Cells { reader: &shell.reader, labels: view.labels };
    let name = label(schema, view.record);
    let title = format!("Version {} of {name}", view.version);
    let to = paths::record(&schema.name, view.record.id);
    let head = Head {
        title: &title,
        crumbs: vec![
            Crumb { title: &schema.collection.title.many, href: paths::list(&schema.name) },
            Crumb { title: &name, href: to.clone() },
        ],
        tag: None,
        actions: None,
        sheets: &[],
    };
    let words = |value: Option<&Value>, field: &lignaflow_core::catalog::SchemaField| {
        let text = value.map(|value| cells.words(&field.field, value)).unwrap_or_default();
        html! { @if text.is_empty() { span class="faint" { "nothing" } } @else { (text) } }
    };
    let rows = view.fields.iter().filter_map(|(name, value)| Some((schema.field(name)?, value)));
    let body = html! {
        div class="band" {
            @if let Some(fault) = view.fault {
                div class="note note-bad" role="alert" { (icon("alert")) p { (fault) } }
                div class="mt-4" {}
            }
            @if view.fields.is_empty() {
                p { "Nothing that can be set back has changed since version " (view.version) "." }
                p class="mt-4" { a class="btn" href=(to) { "Back" } }
            } @else {
                p {
                    "This " (lower_first(&schema.collection.title.one)) " becomes again what it was at version " (view.version)
                    @if let Some(at) = view.at { " (" (when(at, &shell.reader)) ")" }
                    ". What came after stays in its activity. States and what the program keeps are not set back."
                }
                table class="table mt-4" {
                    caption class="visually-hidden" { "What changes" }
                    thead { tr { th scope="col" { "Field" } th scope="col" { "Now" } th scope="col" { "Becomes" } } }
                    tbody {
                        @for (field, value) in rows {
                            tr {
                                th scope="row" { (field_title(field)) }
                                td { (words(view.record.get(schema, field.name.as_str()), field)) }
                                td { b { (words(Some(value), field)) } }
                            }
                        }
                    }
                }
                div class="row-head mt-4" {
                    @if view.may_write && view.record.archived_at.is_none() {
                        form method="post" action=(paths::earlier(&schema.name, view.record.id, view.version)) {
                            input type="hidden" name=(VERSION) value=(view.record.version);
                            button class="btn btn-primary" type="submit" { "Restore this version" }
                        }
                    }
                    a class="btn btn-quiet" href=(to) { "Cancel" }
                }
            }
        }
    };
    shell.page(&head, &body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{catalog, labels, project, shell};

    fn page_of(fields: &Fields, may_write: bool) -> String {
        let catalog = catalog();
        let schema = catalog.schema(&"projects/projects".parse().unwrap()).unwrap();
        let (record, labels) = (project(), labels());
        let view = EarlierPage {
            schema,
            record: &record,
            version: 3,
            at: None,
            fields,
            labels: &labels,
            may_write,
            fault: None,
        };
        page(&shell(), &view).into_string()
    }

    #[test]
    fn what_would_change_is_told_before_it_does() {
        let fields = Fields::from_iter([("title".to_owned(), Value::Text("Ash <stair>".to_owned()))]);
        let html = page_of(&fields, true);
        assert!(html.contains("<b>Ash &lt;stair&gt;</b>"), "{html}");
        assert!(html.contains("/versions/3\""), "{html}");
        assert!(!page_of(&fields, false).contains("Restore this version"));
        assert!(page_of(&Fields::new(), true).contains("Nothing that can be set back"));
    }
}
