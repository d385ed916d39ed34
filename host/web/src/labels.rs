//! What the records and people that values refer to are called. The server looks them up, once a page.

use crate::collection::{Draft, Moved};
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::id::Id;
use lignaflow_core::media::Media;
use lignaflow_core::name::CollectionName;
use lignaflow_core::record::Record;
use lignaflow_core::value::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Display values by id; identifiers are unique over all collections, people and files.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    names: HashMap<Id, String>,
    files: HashMap<Id, Media>,
    flaws: HashMap<Id, String>,
}

impl Labels {
    pub fn insert(&mut self, id: Id, label: impl Into<String>) {
        self.names.insert(id, label.into());
    }

    pub fn get(&self, id: Id) -> Option<&str> {
        self.names.get(&id).map(String::as_str)
    }

    /// A file is called by its name.
    pub fn insert_file(&mut self, file: Media) {
        self.names.insert(file.id, file.name.clone());
        self.files.insert(file.id, file);
    }

    /// Why a document cannot be made.
    pub fn insert_flaw(&mut self, id: Id, why: impl Into<String>) {
        self.flaws.insert(id, why.into());
    }

    pub fn flaw(&self, id: Id) -> Option<&str> {
        self.flaws.get(&id).map(String::as_str)
    }

    /// What is known of a file.
    pub fn file(&self, id: Id) -> Option<&Media> {
        self.files.get(&id)
    }
}

impl FromIterator<(Id, String)> for Labels {
    fn from_iter<I: IntoIterator<Item = (Id, String)>>(pairs: I) -> Self {
        Self { names: pairs.into_iter().collect(), ..Self::default() }
    }
}

impl Extend<(Id, String)> for Labels {
    fn extend<I: IntoIterator<Item = (Id, String)>>(&mut self, pairs: I) {
        self.names.extend(pairs);
    }
}

/// The identifiers that some records show: ask for the display values of each collection, and for people, in one go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    pub records: BTreeMap<CollectionName, BTreeSet<Id>>,
    pub people: BTreeSet<Id>,
    pub files: BTreeSet<Id>,
}

impl Wanted {
    /// What this and that want.
    pub fn join(&mut self, more: Self) {
        self.people.extend(more.people);
        self.files.extend(more.files);
        for (name, ids) in more.records {
            self.records.entry(name).or_default().extend(ids);
        }
    }

    /// Everything that these records refer to, with who made them.
    pub fn of<'a>(schema: &Schema, records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut wanted = Self::default();
        for record in records {
            wanted.people.extend(record.created_by.map(|person| person.0));
            for (field, value) in schema.fields.iter().zip(&record.values) {
                wanted.add(field.field.kind, field.to.as_ref(), value);
            }
        }
        wanted
    }

    /// What a form refers to now, and what it referred to before somebody else changed it.
    #[must_use]
    pub fn of_draft(schema: &Schema, draft: &Draft, moved: &[Moved]) -> Self {
        let mut wanted = Self::default();
        for (field, id) in draft.references(schema) {
            wanted.add(field.field.kind, field.to.as_ref(), &Value::Reference(id));
        }
        for moved in moved {
            let Some(field) = schema.field(&moved.field).filter(|field| field.field.names_ids()) else { continue };
            for id in moved.was.split(',').filter_map(|id| id.parse().ok()) {
                wanted.add(field.field.kind, field.to.as_ref(), &Value::Reference(id));
            }
        }
        wanted
    }

    /// What one value of a field refers to.
    pub fn add(&mut self, kind: FieldKind, to: Option<&CollectionName>, value: &Value) {
        let ids: &[Id] = match value {
            Value::Reference(id) => std::slice::from_ref(id),
            Value::References(ids) => ids,
            _ => return,
        };
        match (kind, to) {
            (FieldKind::Person | FieldKind::People, _) => self.people.extend(ids),
            (kind, _) if kind.is_media() => self.files.extend(ids),
            (_, Some(to)) if !ids.is_empty() => self.records.entry(to.clone()).or_default().extend(ids),
            _ => {}
        }
    }
}

/// One record or person to choose.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Choice {
    pub id: Id,
    pub label: String,
    /// A second line that tells namesakes apart, or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub hint: String,
}

/// The records or people that a reference may be set to. As JSON it is what [`crate::paths::choices`] answers.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Choices {
    pub items: Vec<Choice>,
    /// Whether there are more than these: then the control can search, with script as one types, and without by a
    /// button that shows the form again.
    pub more: bool,
    /// What one more is called, where its name is all that it needs and the reader may make it.
    #[serde(skip)]
    pub new: Option<String>,
}

/// The choices of several fields, by field name.
pub type ChoicesByField = HashMap<String, Choices>;
