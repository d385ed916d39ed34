//! What is asked for of a field, from JSON or from a form. Every fault is told at once.

use super::Desk;
use lignaflow_core::custom::{CustomField, CustomKind, CustomOption, Definition};
use lignaflow_core::descriptor::{humanize, nearest};
use lignaflow_core::name::{CollectionName, FieldName};
use lignaflow_core::record::escape;
use lignaflow_core::{Fault, Id, Issue};
use serde_json::{Map, Value as Json};
use std::str::FromStr;

/// What a body may say of a field.
const KEYS: [&str; 9] = ["name", "title", "help", "type", "scale", "max", "options", "to", "required"];
/// What it may say of one that is there, beside.
const PLACE: &str = "place";

/// What is named is asked for; what is not stays, or is as it is without.
#[derive(Debug, Clone, Default)]
pub struct Form {
    pub name: Option<String>,
    pub title: Option<String>,
    pub help: Option<String>,
    pub kind: Option<String>,
    pub scale: Option<u8>,
    pub max: Option<i64>,
    pub options: Option<Vec<CustomOption>>,
    pub to: Option<String>,
    pub required: Option<bool>,
    pub place: Option<u32>,
    /// Faults that were found when it was read.
    pub issues: Vec<Issue>,
}

/// Choices that were there before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut(pub Vec<String>);

impl Form {
    /// Reads a body.
    pub fn of_json(object: &Map<String, Json>) -> Self {
        let mut form = Self::default();
        for (key, json) in object {
            let text = || json.as_str().map(str::to_owned);
            match key.as_str() {
                "help" if json.is_null() => form.help = Some(String::new()),
                "scale" | "max" | "to" | "options" if json.is_null() => {}
                "name" => form.name = form.read(key, text(), "text"),
                "title" => form.title = form.read(key, text(), "text"),
                "help" => form.help = form.read(key, text(), "text"),
                "type" => form.kind = form.read(key, text(), "text"),
                "to" => form.to = form.read(key, text(), "a collection such as `projects/clients`"),
                "required" => form.required = form.read(key, json.as_bool(), "true or false"),
                "max" => form.max = form.read(key, json.as_i64(), "a whole number"),
                "scale" => {
                    let scale = json.as_u64().and_then(|scale| u8::try_from(scale).ok());
                    form.scale = form.read(key, scale, "a whole number of 0 to 9");
                }
                PLACE => {
                    let place = json.as_u64().and_then(|place| u32::try_from(place).ok()).filter(|place| *place > 0);
                    form.place = form.read(key, place, "a place from 1 on");
                }
                "options" => form.read_options(json),
                _ => {
                    let near = nearest(key, KEYS.into_iter().chain([PLACE]));
                    let message = match near {
                        Some(near) => format!("A field has no `{key}`; did you mean `{near}`?"),
                        None => format!("A field has no `{key}`."),
                    };
                    form.issues.push(Issue::new(format!("/{}", escape(key)), "unknown-field", message));
                }
            }
        }
        form
    }

    /// A value that was read, or an issue of its type.
    fn read<T>(&mut self, key: &str, value: Option<T>, right: &str) -> Option<T> {
        if value.is_none() {
            self.issues.push(Issue::new(format!("/{key}"), "type", format!("Expected {right}.")));
        }
        value
    }

    /// Options are objects of a value and a title, or the value alone.
    fn read_options(&mut self, json: &Json) {
        let Some(list) = json.as_array() else {
            self.issues.push(Issue::new("/options", "type", "Expected a list of options."));
            return;
        };
        let mut options = Vec::with_capacity(list.len());
        for (at, json) in list.iter().enumerate() {
            let option = match json {
                Json::String(value) => Some(CustomOption { title: humanize(value), value: value.clone() }),
                Json::Object(object) => {
                    let text = |key: &str| object.get(key).and_then(Json::as_str).map(str::to_owned);
                    let known = object.keys().all(|key| key == "value" || key == "title");
                    let titled = object.get("title").is_none_or(Json::is_string);
                    text("value")
                        .filter(|_| known && titled)
                        .map(|value| CustomOption { title: text("title").unwrap_or_else(|| humanize(&value)), value })
                }
                _ => None,
            };
            if let Some(option) = option {
                options.push(option);
            } else {
                let message = "Expected an option such as { \"value\": \"north\", \"title\": \"North\" }.";
                self.issues.push(Issue::new(format!("/options/{at}"), "type", message));
            }
        }
        self.options = Some(options);
    }

    /// The field that it makes.
    pub(super) fn made(self, desk: &Desk<'_>) -> Result<CustomField, Fault> {
        let mut issues = self.issues.clone();
        if self.place.is_some() {
            issues.push(Issue::new("/place", "read-only", "A new field comes last; give it a place afterwards."));
        }
        let said = |key: &str| self.issues.iter().any(|issue| issue.path == format!("/{key}"));
        let name = read(self.name.as_deref(), "/name", "A field has a name, such as `cost_centre`.", said("name"));
        let name = name.map_err(|issue| issues.extend(issue));
        let kind: Result<CustomKind, _> =
            read(self.kind.as_deref(), "/type", "Say what it holds, such as `text`.", said("type"));
        let kind = kind.map_err(|issue| issues.extend(issue));
        let to = self.target(desk, &mut issues);
        let now = desk.app.clock.now();
        let Ok(kind) = kind else { return Err(Fault::invalid(issues)) };
        // Where the name is at fault, the rest is looked at under another.
        let under: FieldName = name.or_else(|()| "field".parse().map_err(|_| Fault::internal()))?;
        let field = CustomField {
            id: Id::fresh(),
            collection: desk.schema.name.clone(),
            title: self.title.as_deref().map_or_else(|| humanize(under.as_str()), trimmed),
            help: self.help.as_deref().map(trimmed).unwrap_or_default(),
            definition: Definition {
                scale: self.scale.or((kind == CustomKind::Decimal).then_some(2)),
                max: self.max,
                options: self.options.clone().unwrap_or_default(),
                to,
            },
            required: self.required.unwrap_or_default(),
            name: under,
            kind,
            place: 0,
            version: 1,
            since: 0,
            created_at: now,
            updated_at: now,
            archived_at: None,
        };
        tell(&mut issues, field.faults());
        if issues.is_empty() { Ok(field) } else { Err(Fault::invalid(issues)) }
    }

    /// What it makes of a field, and the choices that it leaves out.
    pub(super) fn changed(self, was: &CustomField) -> Result<(CustomField, LeftOut), Fault> {
        let mut issues = self.issues.clone();
        let mut fixed = |key: &str, same: bool| {
            if !same {
                let message = format!("`{key}` is what records are kept by: it stays. Add another field instead.");
                issues.push(Issue::new(format!("/{key}"), "fixed", message));
            }
        };
        fixed("name", self.name.as_ref().is_none_or(|name| name == was.name.as_str()));
        fixed("type", self.kind.as_ref().is_none_or(|kind| kind == was.kind.as_str()));
        fixed("scale", self.scale.is_none_or(|scale| Some(scale) == was.definition.scale));
        let to = was.definition.to.as_ref().map(CollectionName::to_string);
        fixed("to", self.to.is_none() || self.to == to);
        let mut field = was.clone();
        if let Some(title) = &self.title {
            field.title = trimmed(title);
        }
        if let Some(help) = &self.help {
            field.help = trimmed(help);
        }
        field.required = self.required.unwrap_or(was.required);
        field.place = self.place.unwrap_or(was.place);
        field.definition.max = self.max.or(was.definition.max);
        if let Some(options) = self.options {
            field.definition.options = options;
        }
        tell(&mut issues, field.faults());
        if !issues.is_empty() {
            return Err(Fault::invalid(issues));
        }
        let stays = |value: &String| field.definition.options.iter().any(|option| option.value == *value);
        let before = was.definition.options.iter().map(|option| option.value.clone());
        let left_out = LeftOut(before.filter(|value| !stays(value)).collect());
        Ok((field, left_out))
    }

    /// The collection that a reference leads to, which is there and on.
    fn target(&self, desk: &Desk<'_>, issues: &mut Vec<Issue>) -> Option<CollectionName> {
        let text = self.to.as_deref().filter(|text| !text.is_empty())?;
        let name: Option<CollectionName> = text.parse().ok();
        let there = name.filter(|name| desk.app.records.schema(desk.snapshot, &desk.signed.caller, name).is_ok());
        if there.is_none() {
            let message = format!("There is no collection `{text}` here; one is written as `projects/clients`.");
            issues.push(Issue::new("/to", "unknown-collection", message));
        }
        there
    }
}

fn trimmed(text: &str) -> String {
    text.trim().to_owned()
}

/// Adds what was not told of the same place already.
fn tell(issues: &mut Vec<Issue>, more: Vec<Issue>) {
    for issue in more {
        if !issues.iter().any(|known| known.path == issue.path) {
            issues.push(issue);
        }
    }
}

/// A text as what it stands for. Where its type was told to be wrong, nothing more is said.
fn read<T: FromStr<Err: std::fmt::Display>>(
    text: Option<&str>,
    path: &str,
    missing: &str,
    said: bool,
) -> Result<T, Option<Issue>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Err((!said).then(|| Issue::new(path, "required", missing)));
    };
    text.parse().map_err(|error| Some(Issue::new(path, "format", sentence(&format!("{error}")))))
}

/// An inner fault as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut sentence = text.trim_end_matches('.').to_owned();
    if let Some(first) = sentence.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    sentence.push('.');
    sentence
}
