//! The form of a record, new or existing.

use super::columns::field_title;
use super::draft::{BASE, Draft, Moved, VERSION, editable};
use super::files::sends_files;
use super::input::{Inputs, is_long, width};
use crate::control::{Control, Width};
use crate::format::is_figure;
use crate::issues;
use crate::labels::{ChoicesByField, Labels};
use crate::paths;
use crate::reader::Reader;
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::error::Issue;
use lignaflow_core::id::Id;
use maud::{Markup, html};

/// Up to so many fields stand together without headings.
const ONE_SECTION: usize = 6;

/// Which record the form is for.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    New,
    /// An existing one, by what it is called.
    Existing {
        id: Id,
        label: &'a str,
    },
}

/// A form as it is shown first, and again with issues.
#[derive(Debug, Clone, Copy)]
pub struct FormPage<'a> {
    pub schema: &'a Schema,
    pub target: Target<'a>,
    pub draft: &'a Draft,
    /// Every issue of the last attempt.
    pub issues: &'a [Issue],
    /// A fault of the whole, such as that a closed project takes no change.
    pub fault: Option<&'a str>,
    /// What each reference may be set to.
    pub choices: &'a ChoicesByField,
    /// Names of what the draft refers to now.
    pub labels: &'a Labels,
}

/// POST to the collection for a new record, to the record for an existing one. A new record's form also posts
/// `another` where the next one is to follow at once.
pub fn page(shell: &Shell, view: &FormPage<'_>) -> Markup {
    render(shell, view, &[], &html! {})
}

pub(super) fn render(shell: &Shell, view: &FormPage<'_>, moved: &[Moved], above: &Markup) -> Markup {
    let schema = view.schema;
    let one = &schema.collection.title.one;
    let fields: Vec<(&str, String)> = editable(schema).map(|field| (field.name.as_str(), field_title(field))).collect();
    let (title, action, cancel) = match view.target {
        Target::New => (format!("New {}", lower_first(one)), paths::list(&schema.name), paths::list(&schema.name)),
        Target::Existing { id, label } => {
            (format!("Edit {label}"), paths::record(&schema.name, id), paths::record(&schema.name, id))
        }
    };
    let mut crumbs = vec![Crumb { title: &schema.collection.title.many, href: paths::list(&schema.name) }];
    if let Target::Existing { id, label } = view.target {
        crumbs.push(Crumb { title: label, href: paths::record(&schema.name, id) });
    }
    let is_new = matches!(view.target, Target::New);
    let body = html! {
        lf-form {
            form method="post" action=(action) enctype=[sends_files(schema).then_some("multipart/form-data")] novalidate {
                (above)
                (issues::summary(view.issues, &fields, view.fault))
                @if let Some(version) = view.draft.version { input type="hidden" name=(VERSION) value=(version); }
                @if let Some(base) = view.draft.base_json() { input type="hidden" name=(BASE) value=(base); }
                // The first button is what Enter presses; a search for choices must not be it.
                button class="visually-hidden" type="submit" tabindex="-1" aria-hidden="true" { "Save" }
                div class="band" { div class="form mt-4" { (sections(&shell.reader, view, moved)) } }
                div class="form-foot" {
                    button class="btn btn-primary" type="submit" { "Save " (lower_first(one)) }
                    @if is_new { button class="btn only-wide" type="submit" name="another" value="true" { "Save and add another" } }
                    a class="btn btn-quiet" href=(cancel) { "Cancel" }
                    span class="end hint only-wide with-script" { kbd { "Ctrl" } " " kbd { "↵" } " saves" }
                }
            }
        }
    };
    shell.page(&Head { title: &title, crumbs, ..Head::default() }, &body)
}

/// A title in the middle of a sentence. A word that is written large within, such as `RFI`, stays.
pub(crate) fn lower_first(title: &str) -> String {
    let mut letters = title.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().chain(title.chars().skip(1)).collect()
        }
        _ => title.to_owned(),
    }
}

/// Fields that belong together, in the descriptor's order.
struct Section<'a> {
    title: &'a str,
    fields: Vec<&'a SchemaField>,
}

pub(super) fn sections(reader: &Reader, view: &FormPage<'_>, moved: &[Moved]) -> Markup {
    let inputs = Inputs { draft: view.draft, choices: view.choices, labels: view.labels, reader };
    let fields: Vec<&SchemaField> = editable(view.schema).collect();
    let sections = group(view.schema, fields);
    html! {
        @for section in &sections {
            fieldset class="form-section" {
                legend class="visually-hidden" { (section.title) }
                div class="about" aria-hidden="true" { h3 { (section.title) } }
                div class="fields" {
                    @for (field, width) in packed(view.schema, &section.fields) {
                        @let title = field_title(field);
                        @let control = Control {
                            name: field.name.as_str(),
                            label: &title,
                            width,
                            required: field.field.required,
                            hint: None,
                            errors: issues::at(view.issues, field.name.as_str()),
                            notice: super::conflict::notice(view, field, moved),
                        };
                        (inputs.draw(field, control))
                    }
                }
            }
        }
    }
}

/// A short form is one section. A longer one is told apart by what its fields are about: the thing itself, what it
/// belongs to, its dates and figures, what was written down, and its files.
fn group<'a>(schema: &'a Schema, fields: Vec<&'a SchemaField>) -> Vec<Section<'a>> {
    let one = schema.collection.title.one.as_str();
    // What the organization added stands together, in its own order.
    let (own, fields): (Vec<_>, Vec<_>) = fields.into_iter().partition(|field| field.custom.is_some());
    let own = (!own.is_empty()).then_some(Section { title: "Own fields", fields: own });
    if fields.len() <= ONE_SECTION {
        return std::iter::once(Section { title: one, fields }).chain(own).collect();
    }
    let mut sections: [Section<'a>; 5] = [one, "Where it belongs", "Dates and figures", "Notes", "Files"]
        .map(|title| Section { title, fields: Vec::new() });
    for field in fields {
        let kind = field.field.kind;
        let at = if field.name == schema.collection.display {
            0
        } else if field.field.refers() {
            1
        } else if is_figure(kind) || matches!(kind, FieldKind::Date | FieldKind::Instant) {
            2
        } else if is_long(&field.field) {
            3
        } else if kind.is_media() {
            4
        } else {
            0
        };
        sections[at].fields.push(field);
    }
    sections.into_iter().filter(|section| !section.fields.is_empty()).chain(own).collect()
}

/// Controls in rows of six columns; the last of a row is widened where something would stay empty beside it.
fn packed<'a>(schema: &Schema, fields: &[&'a SchemaField]) -> Vec<(&'a SchemaField, Width)> {
    let mut packed: Vec<(&SchemaField, Width)> = Vec::with_capacity(fields.len());
    let mut used = 0;
    for field in fields {
        let width = width(field, field.name == schema.collection.display);
        if used + width.columns() > 6 {
            widen_last(&mut packed, 6 - used);
            used = 0;
        }
        used = (used + width.columns()) % 6;
        packed.push((field, width));
    }
    packed
}

fn widen_last(packed: &mut [(&SchemaField, Width)], left: u8) {
    if left == 0 {
        return;
    }
    if let Some((field, width)) = packed.last_mut()
        && matches!(field.field.kind, FieldKind::Text | FieldKind::Choice | FieldKind::Reference | FieldKind::Person)
        && let Some(wider) = Width::of_columns(width.columns() + left)
        // A short choice across the whole form looks like a mistake.
        && !(field.field.kind == FieldKind::Choice && wider == Width::Full)
    {
        *width = wider;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{catalog, labels, project, shell};

    #[test]
    fn a_rows_last_control_fills_what_would_stay_empty() {
        let catalog = catalog();
        let schema = catalog.schema(&"projects/projects".parse().unwrap()).unwrap();
        let groups = group(schema, editable(schema).collect());
        let rows: Vec<(&str, Vec<(&str, u8)>)> = groups
            .iter()
            .map(|section| {
                let packed = packed(schema, &section.fields);
                (section.title, packed.iter().map(|(field, width)| (field.name.as_str(), width.columns())).collect())
            })
            .collect();
        insta::assert_debug_snapshot!(rows);
    }

    #[test]
    fn what_was_typed_stands_with_its_issue_and_the_version_rides_along() {
        let catalog = catalog();
        let schema = catalog.schema(&"projects/projects".parse().unwrap()).unwrap();
        let shell = shell();
        let posted = Draft::posted(
            schema,
            [("due", "31/11/2026"), ("note", "a\r\nb"), (VERSION, "7"), (BASE, "{\"due\":\"\"}")],
        );
        let (_, issues) = posted.read(schema, &shell.reader);
        let view = FormPage {
            schema,
            target: Target::Existing { id: project().id, label: "Balmain terrace" },
            draft: &posted,
            issues: &issues,
            fault: None,
            choices: &ChoicesByField::new(),
            labels: &labels(),
        };
        let html = page(&shell, &view).into_string();
        assert!(
            html.contains("<b>One field needs a look:</b> <a class=\"link\" href=\"#f-due\">Due</a>. Nothing is lost.")
        );
        assert!(html.contains("value=\"31/11/2026\""));
        assert!(html.contains("November has 30 days"));
        assert!(html.contains("name=\"~version\" value=\"7\""));
        assert!(html.contains("name=\"~base\" value=\"{&quot;due&quot;:&quot;&quot;}\""));
        assert!(!html.contains("f-status"), "a state has no control");
        assert!(!html.contains("f-number"), "what code alone writes has no control");
    }

    #[test]
    fn a_title_within_a_sentence_is_written_small() {
        assert_eq!(lower_first("Time entry"), "time entry");
        assert_eq!(lower_first("RFI"), "RFI");
        assert_eq!(lower_first("Ä"), "Ä");
    }
}
