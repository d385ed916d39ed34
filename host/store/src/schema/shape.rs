//! What stands in the database of a collection: kept as JSON beside the tables, compared with the next descriptor.

use crate::layout;
use lignaflow_core::catalog::{Schema, SchemaField, SystemField};
use lignaflow_core::descriptor::{FieldKind, Unique};
use lignaflow_core::name::CollectionName;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shape {
    pub(super) fields: BTreeMap<String, FieldShape>,
    /// By name, the columns of each index and of each unique rule.
    pub(super) indexes: BTreeMap<String, Vec<String>>,
    pub(super) unique: BTreeMap<String, Vec<String>>,
    /// The fields whose words are kept and found by.
    #[serde(default)]
    pub(super) words: BTreeSet<String>,
    /// Whether there is a column for the fields that organizations add.
    #[serde(default)]
    pub(super) custom: bool,
    /// Whether its plugin no longer declares the collection. Its records are kept.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) gone: bool,
    /// What the collection was called before, the earliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) former: Vec<Former>,
}

/// A name that something had, up to a place in the change log. Later entries with that name speak of something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Former {
    pub(super) name: String,
    pub(super) until: i64,
}

/// A choice that is called something else from a place in the change log on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RenamedChoice {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) until: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_false(truth: &bool) -> bool {
    !*truth
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FieldShape {
    #[serde(rename = "type")]
    pub(super) kind: FieldKind,
    /// Digits after the point, of a decimal.
    pub(super) scale: Option<u8>,
    /// The most characters, of a text; the largest value, of a number.
    pub(super) max: Option<i64>,
    /// The fewest characters, and the smallest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) min: Option<i64>,
    /// The choices, of a choice.
    pub(super) of: Vec<String>,
    /// The collection referred to, of references.
    pub(super) to: Option<CollectionName>,
    pub(super) required: bool,
    /// What it is calculated from.
    #[serde(default)]
    pub(super) derived: Option<String>,
    /// Whether it holds numbers that the host gives, which are folded by what they count.
    #[serde(default)]
    pub(super) numbered: bool,
    /// Whether the descriptor last applied still has it. What it no longer has is kept.
    pub(super) declared: bool,
    /// What it was called before, the earliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) former: Vec<Former>,
    /// Its choices that were called something else, in the order of their renaming.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) choices: Vec<RenamedChoice>,
}

impl FieldShape {
    pub(super) fn of(field: &SchemaField) -> Self {
        let declared = &field.field;
        Self {
            kind: declared.kind,
            scale: (declared.kind == FieldKind::Decimal).then(|| declared.scale()),
            max: if declared.kind == FieldKind::Text { Some(declared.max_characters()) } else { declared.max },
            min: declared.min,
            of: declared.of.clone(),
            to: field.to.clone(),
            required: declared.required,
            derived: declared.derived.clone(),
            numbered: declared.sequence.is_some(),
            declared: true,
            former: Vec::new(),
            choices: Vec::new(),
        }
    }
}

impl Shape {
    /// What a collection as it is declared asks for.
    pub(super) fn of(schema: &Schema) -> Self {
        let fields =
            schema.fields.iter().map(|field| (field.name.as_str().to_owned(), FieldShape::of(field))).collect();
        let words = schema.fields.iter().filter(|field| field.field.search);
        let words = words.map(|field| field.name.as_str().to_owned()).collect();
        let mut shape = Self { fields, words, custom: true, ..Self::default() };
        let collection = &schema.collection;
        // The list by its display field, to be paged through by key.
        shape.index(schema, &[collection.display.as_str()]);
        if let Some(first) = sorted_by(schema) {
            shape.index(schema, &[first]);
        }
        for field in &schema.fields {
            if field.field.kind == FieldKind::Reference {
                shape.index(schema, &[field.name.as_str()]);
            }
        }
        // An index entry must fit a third of a page; what is longer is searched without.
        for names in &collection.indexes {
            let names: Vec<_> = names.iter().map(AsRef::as_ref).collect();
            shape.index(schema, &names);
        }
        for rule in &collection.unique {
            let (name, columns) = unique(schema, rule);
            shape.unique.insert(name, columns);
        }
        shape
    }

    fn index(&mut self, schema: &Schema, names: &[&str]) {
        if names.iter().any(|name| too_long(schema, name)) {
            return;
        }
        let mut columns: Vec<_> = names.iter().flat_map(|name| layout::key_columns_of(schema, name)).collect();
        if !columns.iter().any(|column| column == layout::ID) {
            columns.push(layout::ID.to_owned());
        }
        self.indexes.insert(layout::index(&schema.name, names), columns);
    }
}

/// The index of a unique rule, by its name, and the columns of it.
pub(super) fn unique(schema: &Schema, rule: &Unique) -> (String, Vec<String>) {
    let names: Vec<_> = rule.fields().iter().map(AsRef::as_ref).collect();
    let columns = names.iter().flat_map(|name| layout::key_columns_of(schema, name)).collect();
    (layout::unique_index(&schema.name, &names, rule.condition()), columns)
}

/// The field that a list is sorted by first, where an index can serve it: choices sort by their declared order, and money
/// by two columns.
fn sorted_by(schema: &Schema) -> Option<&str> {
    let first = schema.collection.sort.as_deref()?.split(',').next()?.trim_start_matches('-');
    let serves = match schema.field(first) {
        Some(field) => field.field.is_single() && !matches!(field.field.kind, FieldKind::Choice | FieldKind::Money),
        None => first != layout::ID && SystemField::ALL.iter().any(|system| system.as_str() == first),
    };
    serves.then_some(first)
}

/// Whether a field is a text that no index holds.
pub(super) fn too_long(schema: &Schema, field: &str) -> bool {
    schema
        .field(field)
        .is_some_and(|found| found.field.kind == FieldKind::Text && found.field.max_characters() > layout::LONGEST_KEY)
}
