//! The page after somebody else was faster: the same form, on the record as it stands now, with what was typed kept, and
//! at each field what the other changed.

use super::cell::Cells;
use super::columns::field_title;
use super::draft::Moved;
use super::form::{FormPage, render};
use crate::format::{list, when};
use crate::icon::icon;
use crate::labels::Labels;
use crate::shell::Shell;
use lignaflow_core::catalog::SchemaField;
use lignaflow_core::clock::Micros;
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::record::Record;
use maud::{Markup, html};

/// Who was faster, where the change log tells.
#[derive(Debug, Clone, Copy)]
pub struct Other<'a> {
    pub name: &'a str,
    pub at: Micros,
}

/// The form after [`super::Draft::rebase`], with what that told. `current` is the record as it stands now.
#[derive(Debug, Clone, Copy)]
pub struct ConflictPage<'a> {
    pub form: FormPage<'a>,
    pub current: &'a Record,
    pub moved: &'a [Moved],
    pub other: Option<Other<'a>>,
}

pub fn page(shell: &Shell, view: &ConflictPage<'_>) -> Markup {
    let schema = view.form.schema;
    let cells = Cells { reader: &shell.reader, labels: view.form.labels };
    let titles = |yours: bool| -> Vec<String> {
        let names = view.moved.iter().filter(|moved| moved.yours == yours).map(|moved| moved.field.as_str());
        names.filter_map(|name| schema.field(name)).map(field_title).collect()
    };
    let (both, theirs) = (titles(true), titles(false));
    let who = view.other.map_or_else(|| "Somebody else".to_owned(), |other| other.name.to_owned());
    let at = view.other.map(|other| when(other.at, &shell.reader));
    let now = |name: &str| {
        let field = schema.field(name)?;
        let value = view.current.get(schema, name)?;
        Some((field_title(field), cells.words(&field.field, value)))
    };
    let above = html! {
        div class="band" {
            div class="note note-warn" role="alert" {
                (icon("alert"))
                div {
                    p {
                        b { (who) " changed this" @if let Some(at) = at { " (" (at) ")" } " while you wrote." }
                        " Nothing of yours is saved yet, and nothing is lost. Look it over and save again."
                    }
                    @if !both.is_empty() {
                        p { "You both changed " b { (list(&both)) } ". Your text stands in the form; as it stands now:" }
                        ul class="theirs" {
                            @for moved in view.moved.iter().filter(|moved| moved.yours) {
                                @if let Some((title, words)) = now(&moved.field) {
                                    li { (title) ": " b { (if words.is_empty() { "nothing" } else { &words }) } }
                                }
                            }
                        }
                    }
                    @if !theirs.is_empty() { p { (list(&theirs)) " " (if theirs.len() == 1 { "is" } else { "are" }) " as saved meanwhile." } }
                }
            }
        }
    };
    render(shell, &view.form, view.moved, &above)
}

/// What stands under a control that somebody else changed.
pub(super) fn notice(view: &FormPage<'_>, field: &SchemaField, moved: &[Moved]) -> Option<Markup> {
    let moved = moved.iter().find(|moved| moved.field == field.name.as_str())?;
    if moved.yours {
        return Some(html! { "Changed meanwhile. Saving puts yours in its place." });
    }
    let was = told(view.labels, field, &moved.was);
    Some(html! { "Changed meanwhile. It was " b { (if was.is_empty() { "empty" } else { &was }) } "." })
}

/// A control's former text, with names in place of identifiers.
fn told(labels: &Labels, field: &SchemaField, text: &str) -> String {
    match field.field.kind {
        FieldKind::Boolean => (if text == "true" { "on" } else { "off" }).to_owned(),
        FieldKind::Choice => field.field.choice_title(text),
        _ if field.field.names_ids() => {
            let names: Vec<&str> = text
                .split(',')
                .filter_map(|id| id.parse().ok())
                .map(|id| labels.get(id).unwrap_or("no longer there"))
                .collect();
            list(&names)
        }
        _ if text.chars().count() > 80 => text.chars().take(79).chain(['…']).collect(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collection::Draft;
    use crate::collection::form::Target;
    use crate::labels::ChoicesByField;
    use crate::testing::{catalog, labels, project, shell};
    use lignaflow_core::value::Value;

    #[test]
    fn both_sides_of_a_conflict_are_told() {
        let catalog = catalog();
        let schema = catalog.schema(&"projects/projects".parse().unwrap()).unwrap();
        let shell = shell();
        let first = Draft::of(schema, &project(), &shell.reader);
        let base = first.base_json().unwrap();
        let pairs = [("title", "Oak stair"), ("effort", "317:00"), ("~base", &base), ("~version", "7")];
        let mut draft = Draft::posted(schema, pairs);
        let mut current = project();
        current.version = 8;
        let (title, effort) = (schema.position("title").unwrap(), schema.position("effort").unwrap());
        current.values[title] = Value::Text("Ash <stair>".into());
        current.values[effort] = Value::Integer(7200);
        let moved = draft.rebase(schema, &current, &shell.reader);
        let form = FormPage {
            schema,
            target: Target::Existing { id: current.id, label: "Ash <stair>" },
            draft: &draft,
            issues: &[],
            fault: None,
            choices: &ChoicesByField::new(),
            labels: &labels(),
        };
        let other = Some(Other { name: "Anita Kaur", at: 1_795_050_000_000_000 });
        let html = page(&shell, &ConflictPage { form, current: &current, moved: &moved, other }).into_string();
        assert!(html.contains("<b>Anita Kaur changed this (12:00) while you wrote.</b>"), "{html}");
        assert!(html.contains("Title: <b>Ash &lt;stair&gt;</b>"));
        assert!(html.contains("Effort is as saved meanwhile."));
        assert!(html.contains("It was <b>317:00</b>."));
        assert!(html.contains("value=\"Oak stair\""));
        assert!(html.contains("name=\"~version\" value=\"8\""));
    }
}
