//! Files of a record: their control in a form, and how its page shows them.

use super::columns::field_title;
use super::draft::is_editable;
use crate::control::Control;
use crate::icon::icon;
use crate::labels::Labels;
use crate::paths;
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::descriptor::Field;
use lignaflow_core::id::Id;
use lignaflow_core::media::{Media, spoken_size};
use lignaflow_core::value::Value;
use maud::{Markup, html};

/// What follows a field's name in the name of the control that sends new files.
pub const FILE: &str = "~file";

/// Whether a form has a control for files of a field of this name.
pub fn takes_files(schema: &Schema, field: &str) -> bool {
    schema.field(field).is_some_and(|field| field.field.kind.is_media() && is_editable(schema, field))
}

/// Whether a form of this collection sends files.
pub(super) fn sends_files(schema: &Schema) -> bool {
    schema.fields.iter().any(|field| takes_files(schema, field.name.as_str()))
}

/// The files that are there, each to be kept or not, and a place for new ones.
pub(super) fn control(field: &SchemaField, control: &Control<'_>, text: &str, labels: &Labels) -> Markup {
    let held: Vec<Id> = text.split(',').filter_map(|id| id.trim().parse().ok()).collect();
    let many = field.field.kind.is_list();
    let accept = (!field.field.accept.is_empty()).then(|| field.field.accept.join(","));
    let most = if many { field.field.max_files() } else { 1 };
    control.group(&html! {
        lf-files data-field=(control.name) data-max=(most) data-accept=[accept.as_deref()] data-bytes=[field.field.max_bytes] {
            ul class="files" {
                @for id in &held { li class="file" { (kept(control.name, *id, labels)) } }
            }
            label class="file-drop" {
                span { (icon("file")) @if many { "Add files" } @else if held.is_empty() { "Choose a file" } @else { "Choose another" } }
                input type="file" name={ (control.name) (FILE) } multiple[many] accept=[accept.as_deref()] aria-label=(control.label);
            }
        }
    })
}

fn kept(name: &str, id: Id, labels: &Labels) -> Markup {
    let file = labels.file(id);
    html! {
        (picture(file))
        label class="hit" {
            input type="checkbox" name=(name) value=(id) checked;
            span class="file-name" { (labels.get(id).unwrap_or("A file chosen before")) }
        }
        @if let Some(file) = file { span class="faint small" { (spoken_size(file.size)) } }
    }
}

/// A picture made small, or a sign for a file that is none.
fn picture(file: Option<&Media>) -> Markup {
    html! {
        @match file.filter(|file| file.dimensions.is_some()) {
            Some(file) => img class="file-picture" src=(paths::thumbnail(file.id)) alt="" width="40" height="40" loading="lazy";,
            None => span class="file-picture" { (icon("file")) },
        }
    }
}

/// What a form says under the control.
pub(super) fn hint(field: &Field) -> Option<String> {
    let types = (!field.accept.is_empty()).then(|| spoken_types(&field.accept));
    let size = field.max_bytes.map(|most| format!("up to {} each", spoken_size(most)));
    let parts: Vec<String> = [field.help.clone(), types, size].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

fn spoken_types(accept: &[String]) -> String {
    let words: Vec<String> = accept
        .iter()
        .map(|pattern| match pattern.as_str() {
            "image/*" => "Pictures".to_owned(),
            "video/*" => "Videos".to_owned(),
            "audio/*" => "Sound".to_owned(),
            "application/pdf" => "PDF".to_owned(),
            other => other.rsplit(['/', '.']).next().unwrap_or(other).to_owned(),
        })
        .collect();
    words.join(", ")
}

/// The files of a record, field by field; nothing where there are none.
pub(super) fn sections<'a>(fields: impl Iterator<Item = (&'a SchemaField, &'a Value)>, labels: &Labels) -> Markup {
    html! {
        @for (field, value) in fields.filter(|(field, _)| field.field.kind.is_media()) {
            @let ids = ids(value);
            @if !ids.is_empty() {
                @let id = format!("m-{}", field.name);
                section aria-labelledby=(id) {
                    div class="row-head" { h2 id=(id) { (field_title(field)) } }
                    ul class="gallery" { @for id in ids { li { (shown(*id, labels)) } } }
                }
            }
        }
    }
}

/// The ids that a value holds.
pub(super) fn ids(value: &Value) -> &[Id] {
    match value {
        Value::Reference(id) => std::slice::from_ref(id),
        Value::References(ids) => ids,
        _ => &[],
    }
}

fn shown(id: Id, labels: &Labels) -> Markup {
    html! {
        @match labels.file(id).filter(|file| file.state.is_whole()) {
            Some(file) if file.pending => (pending(file, labels)),
            Some(file) => a class="file-card" href=(paths::media(id)) {
                @match file.dimensions {
                    Some(_) => img src=(paths::thumbnail(id)) alt="" width="160" height="120" loading="lazy";,
                    None => span class="file-sign" { (icon("file")) },
                }
                span class="file-name" { (file.name) }
                span class="faint small" { (spoken_size(file.size)) }
            },
            None => span class="faint" { (labels.get(id).unwrap_or("no longer there")) },
        }
    }
}

/// A document that is not there yet, or cannot be made.
fn pending(file: &Media, labels: &Labels) -> Markup {
    html! {
        span class="file-card" {
            @match labels.flaw(file.id) {
                Some(flaw) => {
                    span class="file-sign" { (icon("alert")) }
                    span class="file-name" { (file.name) }
                    span class="bad small" { "could not be made: " (flaw) }
                },
                None => {
                    span class="file-sign" { (icon("clock")) }
                    span class="file-name" { (file.name) }
                    span class="faint small" { "is being made" }
                },
            }
        }
    }
}

/// In a cell: the one file by name, several by their number.
pub(super) fn cell(ids: &[Id], labels: &Labels) -> Markup {
    html! {
        @match ids {
            [] => {},
            [id] => span class="file-count" {
                (icon("file"))
                @match labels.file(*id).filter(|file| file.state.is_whole()) {
                    Some(file) if file.pending => span class="faint" { (file.name) },
                    Some(file) => a href=(paths::media(*id)) { (file.name) },
                    None => span class="faint" { (labels.get(*id).unwrap_or("no longer there")) },
                }
            },
            ids => span class="file-count" { (icon("file")) (ids.len()) span class="visually-hidden" { " files" } },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::media::State;

    fn file(id: u8, name: &str, dimensions: Option<(u32, u32)>, state: State) -> Media {
        Media {
            id: Id::from_bytes([id; 16]),
            name: name.to_owned(),
            content_type: "image/png".to_owned(),
            size: 1_536,
            sha256: [0; 32],
            dimensions,
            created_by: None,
            created_at: 0,
            state,
            place: None,
            pending: false,
        }
    }

    #[test]
    fn a_picture_is_shown_small_and_what_is_gone_keeps_its_name() {
        let mut labels = Labels::default();
        labels.insert_file(file(1, "before <after>.png", Some((4, 3)), State::Attached));
        labels.insert_file(file(2, "old.png", Some((4, 3)), State::Gone));
        let there = shown(Id::from_bytes([1; 16]), &labels).into_string();
        assert!(
            there.contains("/thumbnail\"") && there.contains("before &lt;after&gt;.png") && there.contains("1.5 kB")
        );
        let gone = shown(Id::from_bytes([2; 16]), &labels).into_string();
        assert!(gone.contains("old.png") && !gone.contains("<a "));
        assert!(shown(Id::from_bytes([3; 16]), &labels).into_string().contains("no longer there"));
    }

    #[test]
    fn a_document_that_has_no_bytes_yet_is_no_link_and_one_that_cannot_be_made_says_why() {
        let mut labels = Labels::default();
        let document = |id| Media { pending: true, ..file(id, "EST-1.pdf", None, State::Attached) };
        labels.insert_file(document(1));
        labels.insert_file(document(2));
        labels.insert_flaw(Id::from_bytes([2; 16]), "quote.typ, line 3: <unknown>");
        let made = shown(Id::from_bytes([1; 16]), &labels).into_string();
        assert!(made.contains("is being made") && !made.contains("<a "));
        let flawed = shown(Id::from_bytes([2; 16]), &labels).into_string();
        assert!(flawed.contains("quote.typ, line 3: &lt;unknown&gt;") && !flawed.contains("<a "));
        assert!(!cell(&[Id::from_bytes([1; 16])], &labels).into_string().contains("<a "));
    }

    #[test]
    fn a_cell_names_one_file_and_counts_several() {
        let mut labels = Labels::default();
        labels.insert_file(file(1, "plan.png", None, State::Attached));
        let (one, other) = (Id::from_bytes([1; 16]), Id::from_bytes([2; 16]));
        assert!(cell(&[one], &labels).into_string().contains("plan.png"));
        let two = cell(&[one, other], &labels).into_string();
        assert!(two.contains("2<span class=\"visually-hidden\"> files") && !two.contains("plan.png"));
        assert_eq!(cell(&[], &labels).into_string(), "");
    }
}
