//! Fields that an organization gives a collection of a plugin beside those that the plugin declares.
//!
//! In a catalog of that organization they stand behind the collection's own fields, named `custom.cost_centre`, and are
//! fields like any other: what reads, plans, filters or shows fields by position need not know of them. In JSON they
//! stand together, as `"custom": { "cost_centre": "A1" }`, and issues point there: `/custom/cost_centre`.

use crate::catalog::{Catalog, Schema, SchemaField};
use crate::clock::Micros;
use crate::descriptor::{Field, FieldKind, OnDelete, humanize, nearest};
use crate::error::Issue;
use crate::id::Id;
use crate::name::{CollectionName, FieldName};
use crate::record::escape;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The member of a record's JSON that holds them. No plugin declares a field of this name.
pub const CUSTOM: &str = "custom";
/// What their names begin with.
const PREFIX: &str = "custom.";

/// Fields of one collection that an organization has at most, archived ones among them.
pub const MOST: usize = 50;
/// Choices of one field.
pub const MOST_OPTIONS: usize = 200;
/// Characters of a title, and of a choice.
pub const LONGEST_TITLE: usize = 80;
/// Characters of the help under a control.
pub const LONGEST_HELP: usize = 500;
/// Characters that a text may be declared to have.
pub const LONGEST_TEXT: i64 = 2000;

/// What a field holds. Each is kept as the declared field of the same name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CustomKind {
    Text,
    Integer,
    Decimal,
    Money,
    Boolean,
    Date,
    Choice,
    Person,
    Reference,
}

impl CustomKind {
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::Integer,
        Self::Decimal,
        Self::Money,
        Self::Boolean,
        Self::Date,
        Self::Choice,
        Self::Person,
        Self::Reference,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Money => "money",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Choice => "choice",
            Self::Person => "person",
            Self::Reference => "reference",
        }
    }

    pub const fn kind(self) -> FieldKind {
        match self {
            Self::Text => FieldKind::Text,
            Self::Integer => FieldKind::Integer,
            Self::Decimal => FieldKind::Decimal,
            Self::Money => FieldKind::Money,
            Self::Boolean => FieldKind::Boolean,
            Self::Date => FieldKind::Date,
            Self::Choice => FieldKind::Choice,
            Self::Person => FieldKind::Person,
            Self::Reference => FieldKind::Reference,
        }
    }
}

impl std::str::FromStr for CustomKind {
    type Err = UnknownKind;
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownKind)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a field of your own is text, integer, decimal, money, boolean, date, choice, person or reference")]
pub struct UnknownKind;

/// A choice: records hold its value, people read its title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomOption {
    pub value: String,
    pub title: String,
}

/// What follows from the type; what the type does not have is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Definition {
    /// Digits after the point, of a decimal. Never changed: values are kept by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<u8>,
    /// Characters, of a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<CustomOption>,
    /// What a reference leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<CollectionName>,
}

/// One field as its organization declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    pub id: Id,
    pub collection: CollectionName,
    /// As it stands within `custom`.
    pub name: FieldName,
    pub title: String,
    /// A sentence under the form's control; empty where there is none.
    pub help: String,
    pub kind: CustomKind,
    pub definition: Definition,
    /// Of who writes records by a form or the API. What plugins write does without.
    pub required: bool,
    /// Its place among the fields of the collection, from 1.
    pub place: u32,
    /// One more with each change; the ETag.
    pub version: u64,
    /// When a field of that name was purged before it; 0 where none was.
    pub since: Micros,
    pub created_at: Micros,
    pub updated_at: Micros,
    /// An archived field is seen nowhere; records keep what they hold in it.
    pub archived_at: Option<Micros>,
}

/// What a field of a catalog has beside, where it is an organization's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custom {
    /// What its values are kept by: never that of another field, whatever that is called.
    pub key: String,
    /// What the change log says of its name before was said of another field.
    pub since: Micros,
}

/// Whether a field's name is one of an organization's own.
pub fn is_custom(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// The name within `custom`, of a field's full name.
pub fn within(name: &str) -> Option<&str> {
    name.strip_prefix(PREFIX)
}

/// The full name of a field, from its name within `custom`.
pub fn named(within: &str) -> String {
    format!("{PREFIX}{within}")
}

/// The JSON pointer of a field in a record.
pub fn pointer(name: &str) -> String {
    match within(name) {
        Some(own) => format!("/{CUSTOM}/{}", escape(own)),
        None => format!("/{}", escape(name)),
    }
}

/// The field that a JSON pointer leads to, or into.
pub fn field_at(pointer: &str) -> String {
    let mut parts = pointer.strip_prefix('/').unwrap_or(pointer).split('/');
    match (parts.next().unwrap_or_default(), parts.next()) {
        (CUSTOM, Some(own)) => named(own),
        (first, _) => first.to_owned(),
    }
}

/// Fields by their full names, as JSON has them: those of the organization together.
pub fn nested(fields: &Map<String, Json>) -> Map<String, Json> {
    let mut nested = Map::new();
    let mut own = Map::new();
    for (name, value) in fields {
        match within(name) {
            Some(name) => _ = own.insert(name.to_owned(), value.clone()),
            None => _ = nested.insert(name.clone(), value.clone()),
        }
    }
    if !own.is_empty() {
        nested.insert(CUSTOM.to_owned(), Json::Object(own));
    }
    nested
}

impl CustomField {
    /// Everything that is wrong with it, at the places of its JSON.
    pub fn faults(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        let mut say = |path: String, code: &str, message: String| issues.push(Issue::new(path, code, message));
        let title = self.title.trim();
        if title.is_empty() {
            say("/title".into(), "required", "A field has a title.".into());
        }
        let in_line = |text: &str, most: usize| text.chars().count() <= most && !text.chars().any(char::is_control);
        if !in_line(title, LONGEST_TITLE) {
            say(
                "/title".into(),
                "too-long",
                format!("A title has at most {LONGEST_TITLE} characters, all in one line."),
            );
        }
        if !in_line(&self.help, LONGEST_HELP) {
            say("/help".into(), "too-long", format!("Help has at most {LONGEST_HELP} characters, all in one line."));
        }
        let Definition { scale, max, options, to } = &self.definition;
        let mut only = |key: &str, given: bool, kind: CustomKind| {
            if given && self.kind != kind {
                let message = format!("`{key}` is of a {}; this is a field of {}.", kind.as_str(), self.kind.as_str());
                issues.push(Issue::new(format!("/{key}"), "not-of-type", message));
            }
        };
        only("scale", scale.is_some(), CustomKind::Decimal);
        only("max", max.is_some(), CustomKind::Text);
        only("options", !options.is_empty(), CustomKind::Choice);
        only("to", to.is_some(), CustomKind::Reference);
        let mut say = |path: String, code: &str, message: String| issues.push(Issue::new(path, code, message));
        if scale.is_some_and(|scale| scale > 9) {
            say("/scale".into(), "range", "A decimal has 0 to 9 digits after the point.".into());
        }
        if max.is_some_and(|max| !(1..=LONGEST_TEXT).contains(&max)) {
            say("/max".into(), "range", format!("A text has 1 to {LONGEST_TEXT} characters."));
        }
        if self.kind == CustomKind::Reference && to.is_none() {
            say("/to".into(), "required", "Say what it refers to, such as `projects/clients`.".into());
        }
        if self.kind == CustomKind::Choice {
            if options.is_empty() {
                say("/options".into(), "required", "A choice has one option at least.".into());
            }
            if options.len() > MOST_OPTIONS {
                say("/options".into(), "too-many", format!("A choice has at most {MOST_OPTIONS} options."));
            }
            for (at, option) in options.iter().enumerate() {
                let text = option.value.trim();
                if text.is_empty() || text != option.value || !in_line(text, LONGEST_TITLE) {
                    let message = format!(
                        "An option's value is 1 to {LONGEST_TITLE} characters in one line, without spaces around it."
                    );
                    say(format!("/options/{at}/value"), "format", message);
                } else if options[..at].iter().any(|other| other.value == option.value) {
                    say(format!("/options/{at}/value"), "twice", format!("Two options are `{text}`."));
                }
                if option.title.trim().is_empty() || !in_line(&option.title, LONGEST_TITLE) {
                    let message = format!("An option's title is 1 to {LONGEST_TITLE} characters in one line.");
                    say(format!("/options/{at}/title"), "format", message);
                }
            }
        }
        issues
    }

    /// What its values are kept by.
    pub fn key(&self) -> String {
        use std::fmt::Write as _;
        // The random bits of the id are enough, and a letter before them makes a name of it everywhere.
        self.id.bytes()[6..].iter().fold(String::from("f"), |mut key, byte| {
            let _ = write!(key, "{byte:02x}");
            key
        })
    }

    /// As a field of its collection.
    pub fn schema_field(&self) -> SchemaField {
        let Definition { scale, max, options, to } = &self.definition;
        let field = Field {
            title: Some(self.title.clone()),
            help: Some(self.help.clone()).filter(|help| !help.is_empty()),
            required: self.required,
            max: *max,
            scale: *scale,
            of: options.iter().map(|option| option.value.clone()).collect(),
            titles: options.iter().map(|option| (option.value.clone(), option.title.clone())).collect(),
            to: to.as_ref().map(ToString::to_string),
            on_delete: OnDelete::Clear,
            ..Field::bare(self.kind.kind())
        };
        SchemaField {
            name: FieldName::custom(&self.name),
            field,
            to: to.clone(),
            custom: Some(Arc::new(Custom { key: self.key(), since: self.since })),
        }
    }
}

/// The options that a text has, one in each line: `north`, or `north = Northern region`. For forms.
pub fn options_of(text: &str) -> Vec<CustomOption> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (value, title) = line.split_once('=').map_or((line, ""), |(value, title)| (value.trim(), title.trim()));
            CustomOption {
                value: value.to_owned(),
                title: if title.is_empty() { humanize(value) } else { title.to_owned() },
            }
        })
        .collect()
}

impl Schema {
    /// With an organization's own fields behind the others.
    fn with_fields(&self, more: Vec<SchemaField>) -> Self {
        let mut collection = self.collection.clone();
        collection.fields.extend(more.iter().map(|field| (field.name.clone(), field.field.clone())));
        let fields = self.fields.iter().cloned().chain(more).collect();
        let rules = self.rules().cloned().unwrap_or_default();
        let mut schema = Self::assembled(self.name.clone(), collection, fields, self.referrers.clone(), rules);
        schema.derived = self.derived.clone();
        schema.hidden.clone_from(&self.hidden);
        schema
    }

    /// Whether there are fields of an organization's own. They are the last.
    pub fn has_customs(&self) -> bool {
        self.fields.last().is_some_and(|field| field.custom.is_some())
    }

    /// The fields that are an organization's own.
    pub fn customs(&self) -> impl Iterator<Item = &SchemaField> {
        self.fields.iter().filter(|field| field.custom.is_some())
    }

    /// Whether what the change log says of a field at some time was said of the field that has that name now.
    pub fn speaks_of(&self, name: &str, at: Micros) -> bool {
        !is_custom(name)
            || self.field(name).and_then(|field| field.custom.as_ref()).is_some_and(|custom| at >= custom.since)
    }
}

impl Catalog {
    /// The catalog of an organization that has these fields. Archived ones are left out, and those of collections, or to
    /// collections, that are not there.
    #[must_use]
    pub fn with_customs(&self, customs: &[CustomField]) -> Self {
        let mut by_collection: BTreeMap<&CollectionName, Vec<&CustomField>> = BTreeMap::new();
        for field in customs.iter().filter(|field| field.archived_at.is_none()) {
            by_collection.entry(&field.collection).or_default().push(field);
        }
        self.changed(|schema| {
            let mut own = by_collection.remove(&schema.name)?;
            own.sort_by_key(|field| (field.place, field.created_at));
            let there = |field: &&CustomField| match &field.definition.to {
                Some(to) => self.schema(to).is_some(),
                None => true,
            };
            Some(schema.with_fields(own.into_iter().filter(there).map(CustomField::schema_field).collect()))
        })
    }
}

impl Field {
    /// A choice as people read it.
    pub fn choice_title(&self, choice: &str) -> String {
        self.titles.get(choice).cloned().unwrap_or_else(|| humanize(choice))
    }
}

/// The issue of a name that is none, with the nearest one that is.
pub fn unknown(name: &str, known: &[CustomField]) -> String {
    match nearest(name, known.iter().map(|field| field.name.as_str())) {
        Some(near) => format!("There is no field `{name}`; did you mean `{near}`?"),
        None => format!("There is no field `{name}`."),
    }
}

/// Titles of choices by their values.
pub type ChoiceTitles = IndexMap<String, String>;

#[cfg(test)]
mod tests;
