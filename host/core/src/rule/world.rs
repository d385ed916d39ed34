//! What rules may speak of: the collections and permissions of one descriptor by itself, or of all that are loaded.

use super::{Lookup, Rule, TypedRule, World};
use crate::caller::Permission;
use crate::catalog::Schema;
use crate::descriptor::{Collection, Descriptor, nearest};
use crate::name::{CollectionName, PluginId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Collections by name and permissions as `plugin.name`, seen from one plugin.
#[derive(Debug, Clone, Copy)]
pub struct Loaded<'a> {
    pub home: &'a PluginId,
    pub schemas: &'a BTreeMap<CollectionName, Arc<Schema>>,
    pub permissions: &'a BTreeSet<String>,
}

impl World for Loaded<'_> {
    fn collection(&self, name: &CollectionName) -> Lookup<'_> {
        self.schemas.get(name).map_or(Lookup::Elsewhere, Lookup::Here)
    }

    fn permission(&self, text: &str) -> Result<String, String> {
        if Permission::HOST.contains(&text) {
            return Ok(text.to_owned());
        }
        let (plugin, name) = text.split_once('.').unwrap_or((self.home.as_str(), text));
        let full = format!("{plugin}.{name}");
        // Of a plugin that is not at hand nothing is known; nobody holds what it does not declare.
        let stranger =
            plugin != self.home.as_str() && !self.schemas.keys().any(|known| known.plugin.as_str() == plugin);
        if stranger || self.permissions.contains(&full) {
            return Ok(full);
        }
        let prefix = format!("{plugin}.");
        let own = self.permissions.iter().filter_map(|known| known.strip_prefix(&prefix));
        let meant = match nearest(name, own) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => String::new(),
        };
        Err(format!("`{plugin}` declares no permission `{name}`{meant}"))
    }
}

/// The permissions that a descriptor declares, as callers hold them.
pub(crate) fn permissions(descriptor: &Descriptor) -> impl Iterator<Item = String> {
    descriptor.permissions.keys().map(|name| format!("{}.{name}", descriptor.id))
}

/// What is wrong with a rule of a collection, as far as its descriptor alone can tell.
pub fn faults(descriptor: &Descriptor, collection: &Collection, text: &str) -> Vec<String> {
    resolve(descriptor, collection, text).err().unwrap_or_default()
}

/// A rule of a collection, where its descriptor alone can tell that it fits. It is good for questions about the rule
/// itself, not for binding: nothing keeps the collections.
pub(crate) fn typed(descriptor: &Descriptor, collection: &Collection, text: &str) -> Option<TypedRule> {
    resolve(descriptor, collection, text).ok().flatten()
}

fn resolve(descriptor: &Descriptor, collection: &Collection, text: &str) -> Result<Option<TypedRule>, Vec<String>> {
    let rule = Rule::parse(text).map_err(|fault| vec![fault.to_string()])?;
    let schemas: BTreeMap<CollectionName, Arc<Schema>> = descriptor
        .collections
        .iter()
        .map(|own| Arc::new(Schema::of(descriptor, own)))
        .map(|schema| (schema.name.clone(), schema))
        .collect();
    let permissions = permissions(descriptor).collect();
    let world = Loaded { home: &descriptor.id, schemas: &schemas, permissions: &permissions };
    let Some(schema) = schemas.get(&CollectionName::new(&descriptor.id, &collection.name)) else { return Ok(None) };
    TypedRule::new(&rule, schema, &world).map_err(|faults| faults.iter().map(ToString::to_string).collect())
}
