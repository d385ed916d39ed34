//! One value in a table, a title block or a sentence.

use super::files;
use crate::format::{initials, machine, moment, plain_text, tone};
use crate::icon::icon;
use crate::labels::Labels;
use crate::paths;
use crate::reader::Reader;
use lignaflow_core::catalog::SchemaField;
use lignaflow_core::descriptor::{Collection, Field, FieldKind, humanize};
use lignaflow_core::id::Id;
use lignaflow_core::name::CollectionName;
use lignaflow_core::value::{Value, date_text};
use maud::{Markup, html};

/// The most members of a list of references that are shown by name.
const NAMED: usize = 3;

/// What is needed to show values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cells<'a> {
    pub(crate) reader: &'a Reader,
    pub(crate) labels: &'a Labels,
}

impl Cells<'_> {
    /// A value as it stands in a table or a title block. Nothing is an empty cell.
    pub(crate) fn value(&self, collection: &Collection, field: &SchemaField, value: &Value) -> Markup {
        if let Value::Text(state) = value
            && collection.is_state(field.name.as_str())
        {
            return tag(&field.field.of, state);
        }
        self.bare(&field.field, field.to.as_ref(), value)
    }

    /// The same for a field whose collection is not known.
    pub(crate) fn bare(&self, field: &Field, to: Option<&CollectionName>, value: &Value) -> Markup {
        match (field.kind, value) {
            (_, Value::Null) => html! {},
            (FieldKind::Person, Value::Reference(id)) => self.person(*id),
            (FieldKind::People, Value::References(ids)) => self.people(ids),
            (kind, held) if kind.is_media() => files::cell(files::ids(held), self.labels),
            (_, Value::Reference(id)) => self.link(*id, to),
            (_, Value::References(ids)) => self.links(ids, to),
            (_, Value::Boolean(true)) => html! { span class="yes" { (icon("check")) "Yes" } },
            (_, Value::Boolean(false)) => html! { span class="faint" { "No" } },
            (_, Value::Date(days)) => {
                html! { time datetime=(date_text(*days)) { (plain_text(field, value, self.reader)) } }
            }
            (_, Value::Instant(micros)) => {
                html! { time datetime=(machine(*micros, self.reader)) { (moment(*micros, self.reader)) } }
            }
            (_, Value::Json(json)) => html! { span class="code" { (json.to_string()) } },
            (FieldKind::Text, Value::Text(text)) => web_text(text),
            _ => html! { (plain_text(field, value, self.reader)) },
        }
    }

    /// A value in one line of plain words, for sentences about changes.
    pub(crate) fn words(&self, field: &Field, value: &Value) -> String {
        match value {
            Value::Reference(id) => self.name(*id).to_owned(),
            Value::References(ids) => {
                let names: Vec<&str> = ids.iter().take(NAMED).map(|id| self.name(*id)).collect();
                let rest = ids.len().saturating_sub(NAMED);
                if rest > 0 { format!("{} and {rest} more", names.join(", ")) } else { crate::format::list(&names) }
            }
            _ => {
                let text = plain_text(field, value, self.reader).replace('\n', " ");
                if text.chars().count() > 80 { text.chars().take(79).chain(['…']).collect() } else { text }
            }
        }
    }

    pub(crate) fn name(&self, id: Id) -> &str {
        self.labels.get(id).unwrap_or("no longer there")
    }

    fn link(&self, id: Id, to: Option<&CollectionName>) -> Markup {
        html! {
            @match (self.labels.get(id), to) {
                (Some(label), Some(to)) => a href=(paths::record(to, id)) { (label) },
                (Some(label), None) => (label),
                (None, _) => span class="faint" { (self.name(id)) },
            }
        }
    }

    fn links(&self, ids: &[Id], to: Option<&CollectionName>) -> Markup {
        html! {
            @for (index, id) in ids.iter().take(NAMED).enumerate() { @if index > 0 { ", " } (self.link(*id, to)) }
            @if ids.len() > NAMED { " " span class="faint" { "and " (ids.len() - NAMED) " more" } }
        }
    }

    pub(crate) fn avatar(&self, id: Id) -> Markup {
        let name = self.name(id);
        html! { span class={ "avatar " (tone(&id.to_string())) } title=(name) aria-hidden="true" { (initials(name)) } }
    }

    fn person(&self, id: Id) -> Markup {
        html! { span class="person" { (self.avatar(id)) (self.name(id)) } }
    }

    fn people(&self, ids: &[Id]) -> Markup {
        let names: Vec<&str> = ids.iter().map(|id| self.name(*id)).collect();
        html! {
            @if let [only] = ids { (self.person(*only)) }
            @else if !ids.is_empty() {
                span class="avatars" role="img" aria-label=(crate::format::list(&names)) {
                    @for id in ids.iter().take(5) { (self.avatar(*id)) }
                    @if ids.len() > 5 { span class="faint small" aria-hidden="true" { "+" (ids.len() - 5) } }
                }
            }
        }
    }
}

/// Text as it stands; an address of mail or of the web becomes a link, if it is the whole text.
fn web_text(text: &str) -> Markup {
    let whole = !text.contains(char::is_whitespace);
    let is_mail = whole
        && text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && host.contains('.') && !host.contains('@') && !text.contains([':', '?', '&', '"', '<'])
        });
    html! {
        @if is_mail { a class="link" href={ "mailto:" (text) } { (text) } }
        @else if whole && text.starts_with("https://") { a class="link" href=(text) rel="noopener noreferrer" { (text) } }
        @else { (text) }
    }
}

/// A state: shape and word. Well-known words have their shape; others have it by their place among the choices, from a
/// ring for the first to a whole for the last.
pub fn tag(choices: &[String], state: &str) -> Markup {
    html! { span class=(shape(choices, state)) { (humanize(state)) } }
}

fn shape(choices: &[String], state: &str) -> &'static str {
    match state {
        "draft" | "new" | "planned" | "lead" => "tag tag-draft",
        "open" | "todo" | "to-do" | "not-started" => "tag",
        "active" | "in-progress" | "started" | "running" | "received" | "issued" | "sent" | "pending" => "tag tag-part",
        "in-review" | "review" | "submitted" | "viewed" | "claimed" => "tag tag-most",
        "done" | "completed" | "complete" | "finished" | "approved" | "accepted" | "paid" | "converted" => {
            "tag tag-done"
        }
        "closed" | "cancelled" | "canceled" | "archived" | "off" | "withdrawn" | "superseded" => "tag tag-off",
        "on-hold" | "hold" | "waiting" | "paused" | "returned" | "overdue" => "tag tag-warn",
        "blocked" | "rejected" | "declined" | "disputed" | "failed" | "expired" => "tag tag-bad",
        _ => match choices.iter().position(|choice| choice == state) {
            Some(0) | None => "tag",
            Some(at) if at + 1 == choices.len() => "tag tag-done",
            Some(at) if at * 2 < choices.len() => "tag tag-part",
            Some(_) => "tag tag-most",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{field_of, reader};

    #[test]
    fn states_have_a_shape_by_their_word_or_place() {
        let choices: Vec<String> = ["sketch", "cut", "glued", "fitted"].map(str::to_owned).to_vec();
        assert_eq!(tag(&choices, "sketch").into_string(), "<span class=\"tag\">Sketch</span>");
        assert_eq!(shape(&choices, "cut"), "tag tag-part");
        assert_eq!(shape(&choices, "glued"), "tag tag-most");
        assert_eq!(shape(&choices, "fitted"), "tag tag-done");
        assert_eq!(tag(&choices, "on-hold").into_string(), "<span class=\"tag tag-warn\">On hold</span>");
    }

    #[test]
    fn only_harmless_addresses_become_links() {
        assert!(web_text("ruth@halloran.example").into_string().contains("mailto:"));
        assert!(web_text("https://halloran.example/a").into_string().contains("noopener"));
        for text in ["javascript:alert(1)", "http://x.example", "a@b?subject=x.y", "see https://x.example", "@", "a@b"]
        {
            assert!(!web_text(text).into_string().contains("href"), "{text}");
        }
    }

    #[test]
    fn what_is_referred_to_is_told_by_its_name() {
        let id: Id = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        let to: CollectionName = "projects/clients".parse().unwrap();
        let labels = Labels::from_iter([(id, "Helen <Papadakis>".to_owned())]);
        let reader = reader();
        let cells = Cells { reader: &reader, labels: &labels };
        let field = field_of(FieldKind::Reference);
        assert_eq!(
            cells.bare(&field, Some(&to), &Value::Reference(id)).into_string(),
            format!("<a href=\"/projects/clients/{id}\">Helen &lt;Papadakis&gt;</a>")
        );
        let gone = Id::from_bytes([1; 16]);
        assert!(cells.bare(&field, Some(&to), &Value::Reference(gone)).into_string().contains("no longer there"));
    }
}
