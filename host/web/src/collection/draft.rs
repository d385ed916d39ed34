//! A form's content as text: what is shown, what comes back, and what of it was touched.
//!
//! The form carries, unseen, the version it was made from and the text of every control as it was first shown. So an
//! edit writes only what the person changed, and when somebody else was faster, each side's changes can be told apart.

use crate::format::field_text;
use crate::parse;
use crate::reader::Reader;
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::error::Issue;
use lignaflow_core::id::Id;
use lignaflow_core::mutation::Fields;
use lignaflow_core::record::{Record, value_from_json};
use lignaflow_core::value::{Currency, Value, date_days};
use std::collections::BTreeMap;

/// Names of the unseen controls. No field's name begins so.
pub const VERSION: &str = "~version";
pub const BASE: &str = "~base";
/// The button that looks for choices without script; its value is the field, and what to look for is in `field~find`.
pub const FIND: &str = "~find";

/// A wish to see other choices for one reference, before anything is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Find {
    pub field: String,
    pub text: String,
}

/// The text of every control of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    texts: BTreeMap<String, String>,
    /// The texts as the form first showed them; none in a form for a new record.
    base: Option<BTreeMap<String, String>>,
    /// The currency of each amount that is not in the organization's own.
    currencies: BTreeMap<String, Currency>,
    /// The version that the form was made from.
    pub version: Option<u64>,
    /// What was typed to look for, by field.
    finds: BTreeMap<String, String>,
    /// Set when the form was sent to look for choices, not to save.
    pub find: Option<Find>,
}

/// Whether a form has a control for a field: code and transitions alone write the others.
pub(crate) fn is_editable(schema: &Schema, field: &SchemaField) -> bool {
    !field.field.is_read_only() && !schema.collection.is_state(field.name.as_str())
}

pub(crate) fn editable(schema: &Schema) -> impl Iterator<Item = &SchemaField> {
    schema.fields.iter().filter(|field| is_editable(schema, field))
}

impl Draft {
    /// The form of a new record: the declared defaults, with the caller and the day put in.
    pub fn blank(schema: &Schema, caller: Option<Id>, reader: &Reader) -> Self {
        let mut draft = Self::default();
        for field in editable(schema) {
            let value = default_of(field, caller, reader);
            draft.show(field, &value, reader);
        }
        draft
    }

    /// Values from the address, such as `?client=…` of a link that adds to a list of one client.
    pub fn prefill<K: AsRef<str>, V: AsRef<str>>(&mut self, schema: &Schema, pairs: impl IntoIterator<Item = (K, V)>) {
        for (key, value) in pairs {
            if editable(schema).any(|field| field.name.as_str() == key.as_ref()) {
                self.texts.insert(key.as_ref().to_owned(), value.as_ref().to_owned());
            }
        }
    }

    /// Puts a value into its control as if somebody had typed it there.
    pub fn fill(&mut self, schema: &Schema, name: &str, value: &Value, reader: &Reader) {
        if let Some(field) = editable(schema).find(|field| field.name.as_str() == name) {
            self.currencies.remove(name);
            self.show(field, value, reader);
        }
    }

    /// The form of an existing record.
    pub fn of(schema: &Schema, record: &Record, reader: &Reader) -> Self {
        let mut draft = Self { version: Some(record.version), ..Self::default() };
        for (field, value) in schema.fields.iter().zip(&record.values).filter(|(field, _)| is_editable(schema, field)) {
            draft.show(field, value, reader);
        }
        draft.base = Some(draft.texts.clone());
        draft
    }

    /// What was posted, kept to the letter.
    pub fn posted<K: AsRef<str>, V: AsRef<str>>(schema: &Schema, pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut draft = Self::default();
        let mut find = None;
        for field in editable(schema) {
            draft.texts.insert(field.name.as_str().to_owned(), String::new());
        }
        for (key, value) in pairs {
            let (key, value) = (key.as_ref(), value.as_ref());
            match key {
                VERSION => draft.version = value.parse().ok(),
                BASE => draft.base = serde_json::from_str(value).ok(),
                FIND => find = Some(value.to_owned()),
                _ => draft.take(schema, key, value),
            }
        }
        draft.find = find.map(|field| Find { text: draft.finds.get(&field).cloned().unwrap_or_default(), field });
        draft
    }

    fn take(&mut self, schema: &Schema, key: &str, value: &str) {
        if let Some(field) = key.strip_suffix("~find") {
            self.finds.insert(field.to_owned(), value.to_owned());
            return;
        }
        if let Some(field) = key.strip_suffix("~currency") {
            if let Ok(currency) = value.parse() {
                self.currencies.insert(field.to_owned(), currency);
            }
            return;
        }
        let Some(field) = schema.field(key).filter(|field| is_editable(schema, field)) else { return };
        let text = self.texts.entry(key.to_owned()).or_default();
        let is_list = field.field.kind.is_list();
        if is_list && !text.is_empty() && !value.is_empty() {
            text.push(',');
            text.push_str(value);
        } else if !is_list || text.is_empty() {
            value.clone_into(text);
        }
    }

    fn show(&mut self, field: &SchemaField, value: &Value, reader: &Reader) {
        let name = field.name.as_str().to_owned();
        if let Value::Money(amount) = value
            && amount.currency != reader.currency
        {
            self.currencies.insert(name.clone(), amount.currency);
        }
        self.texts.insert(name, field_text(&field.field, value, reader));
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.texts.get(field).map_or("", String::as_str)
    }

    pub(crate) fn currency(&self, field: &str) -> Option<Currency> {
        self.currencies.get(field).copied()
    }

    pub(crate) fn find_text(&self, field: &str) -> &str {
        self.finds.get(field).map_or("", String::as_str)
    }

    /// The unseen record of what was first shown, for the form to carry.
    pub(crate) fn base_json(&self) -> Option<String> {
        self.base.as_ref().and_then(|base| serde_json::to_string(base).ok())
    }

    /// Whether the person changed this control.
    fn touched(&self, field: &str) -> bool {
        self.base.as_ref().is_none_or(|base| {
            // A form's line ends come back as CRLF.
            let was = base.get(field).map_or("", String::as_str);
            was != self.text(field) && was != self.text(field).replace("\r\n", "\n")
        })
    }

    /// The values to save, and every text that cannot be read. Of an existing record only what was touched; of a new
    /// one also what was left empty where the descriptor would fill it.
    pub fn read(&self, schema: &Schema, reader: &Reader) -> (Fields, Vec<Issue>) {
        let mut fields = Fields::new();
        let mut issues = Vec::new();
        for field in editable(schema) {
            let name = field.name.as_str();
            if !self.touched(name) {
                continue;
            }
            let currency = self.currency(name).unwrap_or(reader.currency);
            match parse::field(name, &field.field, self.text(name), currency, reader) {
                Ok(value) => {
                    let is_new = self.base.is_none();
                    let says_nothing = value.is_null() || matches!(&value, Value::References(ids) if ids.is_empty());
                    if !(is_new && says_nothing && field.field.default.is_none()) {
                        fields.insert(name.to_owned(), value);
                    }
                }
                Err(issue) => issues.push(issue),
            }
        }
        (fields, issues)
    }

    /// The identifiers that the form refers to now, so that their names can be looked up.
    pub fn references<'a>(&'a self, schema: &'a Schema) -> impl Iterator<Item = (&'a SchemaField, Id)> {
        editable(schema).filter(|field| field.field.names_ids()).flat_map(|field| {
            self.text(field.name.as_str()).split(',').filter_map(move |id| Some((field, id.trim().parse().ok()?)))
        })
    }

    /// Puts the form onto the record as it stands now. What the person touched stays as typed; what only somebody else
    /// changed is taken over. Tells every field that somebody else changed.
    pub fn rebase(&mut self, schema: &Schema, current: &Record, reader: &Reader) -> Vec<Moved> {
        let now = Self::of(schema, current, reader);
        let mut moved = Vec::new();
        for field in editable(schema) {
            let name = field.name.as_str();
            let was = self.base.as_ref().and_then(|base| base.get(name)).map_or("", String::as_str);
            let is = now.text(name);
            let touched = self.touched(name);
            if was != is {
                moved.push(Moved {
                    field: name.to_owned(),
                    yours: touched && self.text(name).replace("\r\n", "\n") != is,
                    was: was.to_owned(),
                });
            }
            if !touched {
                self.texts.insert(name.to_owned(), is.to_owned());
                match now.currency(name) {
                    Some(currency) => self.currencies.insert(name.to_owned(), currency),
                    None => self.currencies.remove(name),
                };
            }
        }
        self.version = now.version;
        self.base = now.base;
        moved
    }
}

/// A field that somebody else changed while this form was open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub field: String,
    /// Whether the person typed something else here; else the other's value was taken over.
    pub yours: bool,
    /// What the form showed at first.
    pub was: String,
}

fn default_of(field: &SchemaField, caller: Option<Id>, reader: &Reader) -> Value {
    let Some(default) = &field.field.default else { return Value::Null };
    match (field.field.kind, default.as_str()) {
        (FieldKind::Person, Some("caller")) => caller.map_or(Value::Null, Value::Reference),
        (FieldKind::People, Some("caller")) => Value::References(caller.into_iter().collect()),
        (FieldKind::Date, Some("today")) => Value::Date(date_days(reader.today())),
        (FieldKind::Instant, Some("now")) => {
            // To the minute: nobody wants to read the microsecond in which a form was opened.
            let micros = reader.now.as_microsecond();
            Value::Instant(micros - micros.rem_euclid(60_000_000))
        }
        _ => value_from_json(&field.field, default).unwrap_or(Value::Null),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{catalog, project, reader};
    use lignaflow_core::name::CollectionName;

    fn projects() -> std::sync::Arc<Schema> {
        let name: CollectionName = "projects/projects".parse().unwrap();
        std::sync::Arc::clone(catalog().schema(&name).unwrap())
    }

    /// Posts a form as a browser would, with some controls typed over.
    fn post(form: &Draft, typed: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = form
            .texts
            .iter()
            .map(|(name, text)| (name.clone(), text.replace('\n', "\r\n")))
            .filter(|(name, text)| !(name == "billable" && text.is_empty()))
            .collect();
        for (name, text) in typed {
            pairs.retain(|(key, _)| key != name);
            pairs.push(((*name).to_owned(), (*text).to_owned()));
        }
        pairs.extend(form.base_json().map(|base| (BASE.to_owned(), base)));
        pairs.extend(form.version.map(|version| (VERSION.to_owned(), version.to_string())));
        pairs
    }

    #[test]
    fn an_untouched_form_writes_nothing() {
        let (schema, reader) = (projects(), reader());
        let form = Draft::of(&schema, &project(), &reader);
        let posted = Draft::posted(&schema, post(&form, &[]));
        assert_eq!(posted.version, Some(7));
        assert_eq!(posted.read(&schema, &reader), (Fields::new(), Vec::new()));
    }

    #[test]
    fn only_what_was_touched_is_written() {
        let (schema, reader) = (projects(), reader());
        let form = Draft::of(&schema, &project(), &reader);
        let posted = Draft::posted(&schema, post(&form, &[("title", "Oak stair"), ("budget", "1,200"), ("due", "")]));
        let (fields, issues) = posted.read(&schema, &reader);
        assert_eq!(issues, []);
        assert_eq!(fields.keys().map(String::as_str).collect::<Vec<_>>(), ["title", "due", "budget"]);
        assert_eq!(fields["due"], Value::Null);
    }

    #[test]
    fn every_text_that_cannot_be_read_is_told_and_kept() {
        let (schema, reader) = (projects(), reader());
        let form = Draft::blank(&schema, None, &reader);
        let posted =
            Draft::posted(&schema, post(&form, &[("due", "31/11/2026"), ("budget", "1,2O4.80"), ("effort", "soon")]));
        let (_, issues) = posted.read(&schema, &reader);
        assert_eq!(issues.iter().map(|i| i.path.as_str()).collect::<Vec<_>>(), ["/due", "/effort", "/budget"]);
        assert_eq!(posted.text("budget"), "1,2O4.80");
    }

    #[test]
    fn a_new_record_begins_with_the_declared_defaults() {
        let (schema, reader) = (projects(), reader());
        let caller = Id::from_bytes([9; 16]);
        let mut form = Draft::blank(&schema, Some(caller), &reader);
        assert_eq!(form.text("manager"), caller.to_string());
        assert_eq!(form.text("start"), "19/11/2026");
        assert_eq!(form.text("billable"), "true");
        form.prefill(&schema, [("title", "Stair"), ("status", "closed"), ("nonsense", "1")]);
        let (fields, issues) = form.read(&schema, &reader);
        assert_eq!(issues, []);
        assert_eq!(fields["title"], Value::Text("Stair".into()));
        assert!(!fields.contains_key("status"), "transitions alone write a state");
        assert!(!fields.contains_key("due"), "what was left empty and has no default is not said");
    }

    #[test]
    fn an_emptied_default_is_said() {
        let (schema, reader) = (projects(), reader());
        let form = Draft::blank(&schema, None, &reader);
        let posted = Draft::posted(&schema, post(&form, &[("start", "")]));
        assert_eq!(posted.read(&schema, &reader).0["start"], Value::Null);
    }

    #[test]
    fn a_slower_writer_keeps_what_was_typed_and_takes_over_the_rest() {
        let (schema, reader) = (projects(), reader());
        let form = Draft::of(&schema, &project(), &reader);
        let mut posted = Draft::posted(&schema, post(&form, &[("title", "Oak stair"), ("note", "Mine")]));
        let mut current = project();
        current.version = 8;
        let mut set = |name: &str, value: Value| {
            let at = schema.position(name).unwrap();
            current.values[at] = value;
        };
        set("title", Value::Text("Ash stair".into()));
        set("effort", Value::Integer(7200));
        let moved = posted.rebase(&schema, &current, &reader);
        assert_eq!(
            moved,
            [
                Moved { field: "title".into(), yours: true, was: "Balmain terrace".into() },
                Moved { field: "effort".into(), yours: false, was: "317:00".into() },
            ]
        );
        assert_eq!((posted.text("title"), posted.text("note"), posted.text("effort")), ("Oak stair", "Mine", "2:00"));
        assert_eq!(posted.version, Some(8));
        let again = Draft::posted(&schema, post(&posted, &[]));
        let (fields, _) = again.read(&schema, &reader);
        assert_eq!(fields.keys().map(String::as_str).collect::<Vec<_>>(), ["title", "note"]);
    }

    #[test]
    fn a_search_for_choices_is_no_save() {
        let schema = projects();
        let posted = Draft::posted(&schema, [("client~find", "bal"), ("~find", "client"), ("title", "Stair")]);
        assert_eq!(posted.find, Some(Find { field: "client".into(), text: "bal".into() }));
        assert_eq!(posted.text("title"), "Stair");
    }

    #[test]
    fn lists_come_as_repeated_names() {
        let schema = projects();
        let posted = Draft::posted(&schema, [("members", "a"), ("members", "b"), ("members", "")]);
        assert_eq!(posted.text("members"), "a,b");
    }
}
