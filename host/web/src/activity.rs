//! What happened to a record, from the change log, as sentences.

use crate::collection::{Cells, field_title};
use crate::format::{list, machine, when};
use crate::icon::icon;
use crate::labels::Labels;
use crate::reader::Reader;
use lignaflow_core::catalog::Schema;
use lignaflow_core::clock::Micros;
use lignaflow_core::descriptor::{FieldKind, humanize};
use lignaflow_core::id::Id;
use lignaflow_core::value::Value;
use maud::{Markup, html};

/// The most fields that one sentence tells.
const TOLD: usize = 3;

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A person, whose name stands among the labels.
    Person(Id),
    /// A plugin on its own account, by its title.
    Plugin(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    Made,
    Changed,
    Archived,
    Restored,
    /// A declared change of state, by its name.
    Transition(String),
}

/// One field's value before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    pub field: String,
    pub before: Value,
    pub after: Value,
}

/// One commit's change of one record.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub at: Micros,
    pub actor: Actor,
    /// The title of the plugin whose route made the change for the actor.
    pub through: Option<String>,
    pub deed: Deed,
    pub changes: Vec<FieldChange>,
    /// The version that it made.
    pub version: u64,
}

/// The feed of one record, newest first. `back` leads to where a version can be restored.
pub(crate) fn feed(
    schema: &Schema,
    entries: &[Entry],
    labels: &Labels,
    reader: &Reader,
    back: impl Fn(u64) -> Option<String>,
) -> Markup {
    let cells = Cells { reader, labels };
    html! {
        ol class="list feed" {
            @for entry in entries {
                li {
                    @match &entry.actor {
                        Actor::Person(id) => (cells.avatar(*id)),
                        Actor::Plugin(_) => (icon("plug")),
                    }
                    span {
                        (sentence(schema, entry, cells))
                        @if let Some(href) = back(entry.version) {
                            br;
                            a class="link small" href=(href) { "Restore this version" }
                        }
                    }
                    time datetime=(machine(entry.at, reader)) { (when(entry.at, reader)) }
                }
            }
        }
    }
}

fn sentence(schema: &Schema, entry: &Entry, cells: Cells<'_>) -> Markup {
    let actor = match &entry.actor {
        Actor::Person(id) => cells.name(*id),
        Actor::Plugin(title) => title,
    };
    let through = entry.through.as_ref().map_or_else(String::new, |title| format!(" through {title}"));
    html! {
        b { (actor) } " "
        @match &entry.deed {
            Deed::Made => "made this",
            Deed::Archived => "archived this",
            Deed::Restored => "took this back from the archive",
            Deed::Transition(name) => (transition(schema, name, &entry.changes)),
            Deed::Changed => (changed(schema, &entry.changes, cells)),
        }
        (through)
    }
}

fn transition(schema: &Schema, name: &str, changes: &[FieldChange]) -> Markup {
    let declared = schema.collection.transition(name);
    let title = declared.and_then(|t| t.title.clone()).unwrap_or_else(|| humanize(name));
    let state = declared.and_then(|declared| changes.iter().find(|change| change.field == declared.field()));
    html! {
        @match state {
            Some(FieldChange { before: Value::Text(before), after: Value::Text(after), .. }) => {
                "moved this from " (humanize(before)) " to " b { (humanize(after)) }
            }
            _ => { "did " b { (title) } }
        }
    }
}

fn says_nothing(value: &Value) -> bool {
    value.is_null() || matches!(value, Value::References(ids) if ids.is_empty())
}

fn changed(schema: &Schema, changes: &[FieldChange], cells: Cells<'_>) -> Markup {
    let known: Vec<_> = changes.iter().filter_map(|change| Some((schema.field(&change.field)?, change))).collect();
    let rest: Vec<String> = known.iter().skip(TOLD).map(|(field, _)| field_title(field)).collect();
    html! {
        "changed "
        @if known.is_empty() { "this" }
        @for (index, (field, change)) in known.iter().take(TOLD).enumerate() {
            @if index > 0 { ", " }
            b { (field_title(field)) }
            @if field.field.kind != FieldKind::Json {
                @match (says_nothing(&change.before), says_nothing(&change.after)) {
                    (_, true) => " to nothing",
                    (true, false) => { " to " (cells.words(&field.field, &change.after)) }
                    (false, false) => { " from " (cells.words(&field.field, &change.before)) " to " (cells.words(&field.field, &change.after)) }
                }
            }
        }
        @if !rest.is_empty() { ", and " (list(&rest)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{catalog, id, labels, reader};

    fn told(entry: &Entry) -> String {
        let catalog = catalog();
        let schema = catalog.schema(&"projects/projects".parse().unwrap()).unwrap();
        let (reader, labels) = (reader(), labels());
        sentence(schema, entry, Cells { reader: &reader, labels: &labels })
            .into_string()
            .replace("<b>", "")
            .replace("</b>", "")
    }

    fn entry(deed: Deed, changes: Vec<FieldChange>) -> Entry {
        Entry { at: 0, actor: Actor::Person(id(3)), through: None, deed, changes, version: 1 }
    }

    fn change(field: &str, before: Value, after: Value) -> FieldChange {
        FieldChange { field: field.into(), before, after }
    }

    #[test]
    fn deeds_are_told_as_sentences() {
        assert_eq!(told(&entry(Deed::Made, Vec::new())), "Ruth Halloran made this");
        assert_eq!(
            told(&entry(
                Deed::Transition("pause".into()),
                vec![change("status", Value::Text("active".into()), Value::Text("on-hold".into()))]
            )),
            "Ruth Halloran moved this from Active to On hold"
        );
        assert_eq!(told(&entry(Deed::Transition("pause".into()), Vec::new())), "Ruth Halloran did Put on hold");
        assert_eq!(
            told(&entry(
                Deed::Changed,
                vec![
                    change("due", Value::Date(20_775), Value::Date(20_798)),
                    change("client", Value::Null, Value::Reference(id(2))),
                    change("markup", Value::Integer(1250), Value::Null),
                    change("note", Value::Null, Value::Text("x".into())),
                    change("gone", Value::Null, Value::Null),
                ]
            )),
            "Ruth Halloran changed Due from 18/11/2026 to 11/12/2026, Client to Helen Papadakis, Markup to nothing, and Note"
        );
        let nobody = Value::References(Vec::new());
        let joined = vec![change("members", nobody.clone(), Value::References(vec![id(3)]))];
        let told_of = told(&entry(Deed::Changed, joined));
        assert!(told_of.starts_with("Ruth Halloran changed Members to "), "{told_of}");
        let left = vec![change("members", Value::References(vec![id(3)]), nobody)];
        assert_eq!(told(&entry(Deed::Changed, left)), "Ruth Halloran changed Members to nothing");
        let by_plugin = Entry {
            actor: Actor::Plugin("Timesheets".into()),
            through: Some("Projects".into()),
            ..entry(Deed::Archived, Vec::new())
        };
        assert_eq!(told(&by_plugin), "Timesheets archived this through Projects");
    }
}
