//! What something was called in earlier versions, so that its records follow it under its new name.

use super::{Collection, Descriptor, Field, FieldKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt::Display;
use std::slice;

/// The names of earlier versions: one, or several where an upgrade may skip versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a name, or a list of names with the latest first")]
pub enum Former<N> {
    One(N),
    Many(Vec<N>),
}

impl<N> Default for Former<N> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<N> Former<N> {
    pub fn names(&self) -> slice::Iter<'_, N> {
        match self {
            Self::One(name) => slice::from_ref(name),
            Self::Many(names) => names,
        }
        .iter()
    }
}

impl Field {
    /// What a choice of an earlier version is called now, where it was renamed.
    pub fn renamed_choice(&self, former: &str) -> Option<&str> {
        let mut name = self.renamed.get(former)?;
        for _ in 0..self.renamed.len() {
            match self.renamed.get(name) {
                Some(next) => name = next,
                None => break,
            }
        }
        Some(name)
    }
}

/// Every former name belongs to one thing, which it no longer names.
pub(super) fn collections(descriptor: &Descriptor, say: &mut impl FnMut(String, String)) {
    let named = descriptor.collections.iter().enumerate().map(|(index, collection)| {
        (format!("collections[{index}].renamed_from"), collection.name.as_str(), &collection.renamed_from)
    });
    names(named, |name| descriptor.collection(name).is_some(), say);
}

/// The same of a collection's fields, and of the choices in each.
pub(super) fn fields(collection: &Collection, key: &str, say: &mut impl FnMut(String, String)) {
    let named = collection
        .fields
        .iter()
        .map(|(name, field)| (format!("{key}.fields.{name}.renamed_from"), name.as_str(), &field.renamed_from));
    names(named, |name| collection.field(name).is_some(), say);
    for (name, field) in &collection.fields {
        let at = format!("{key}.fields.{name}.renamed");
        if !field.renamed.is_empty() && field.kind != FieldKind::Choice {
            say(at.clone(), "`renamed` means nothing for this type".into());
            continue;
        }
        for former in field.renamed.keys() {
            if field.of.contains(former) {
                say(
                    at.clone(),
                    format!("`{former}` is still in `of`; a choice that was renamed no longer stands there"),
                );
            }
            let now = field.renamed_choice(former).unwrap_or_default();
            if !field.of.iter().any(|choice| choice == now) {
                say(at.clone(), format!("`{former}` becomes `{now}`, which is not one of {}", field.of.join(", ")));
            }
        }
    }
}

fn names<'a, N: Display + AsRef<str> + 'a>(
    named: impl Iterator<Item = (String, &'a str, &'a Former<N>)>,
    stands: impl Fn(&str) -> bool,
    say: &mut impl FnMut(String, String),
) {
    let mut taken: HashMap<String, String> = HashMap::new();
    for (key, name, former) in named {
        for old in former.names() {
            if stands(old.as_ref()) {
                say(key.clone(), format!("`{old}` is declared too: both names stand"));
            } else if let Some(other) = taken.insert(old.to_string(), name.to_owned()) {
                say(key.clone(), format!("`{old}` became `{other}` already, and cannot become `{name}` as well"));
            }
        }
    }
}
