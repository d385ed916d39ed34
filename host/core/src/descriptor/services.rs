//! What a descriptor says of services: what other plugins may call, with the schemas that the host holds both sides to,
//! and what it calls of others itself.

use super::Descriptor;
use crate::name::{LocalName, PluginId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

const MAX_SERVICES: usize = 20;
const MAX_METHODS: usize = 20;

/// Methods that other plugins may call, granted together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub name: LocalName,
    #[serde(default)]
    pub title: Option<String>,
    pub methods: Vec<ServiceMethod>,
}

/// One method of a service. The host checks arguments before the call and the answer after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceMethod {
    pub name: LocalName,
    /// The JSON Schema of what it is called with.
    pub arguments: serde_json::Value,
    /// The JSON Schema of what it answers.
    pub answer: serde_json::Value,
}

impl Service {
    pub fn method(&self, name: &str) -> Option<&ServiceMethod> {
        self.methods.iter().find(|method| method.name.as_str() == name)
    }
}

impl Descriptor {
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name.as_str() == name)
    }
}

impl super::Grants {
    /// Whether these grants cover calling a service of another plugin.
    pub fn calls(&self, plugin: &PluginId, service: &str) -> bool {
        self.services.iter().any(|entry| parts(entry).is_some_and(|(other, name)| other == *plugin && name == service))
    }

    /// The plugins whose services they speak of.
    pub fn called(&self) -> impl Iterator<Item = PluginId> {
        self.services.iter().filter_map(|entry| Some(parts(entry)?.0))
    }
}

/// The plugin and the service of `projects.budget`.
pub fn parts(entry: &str) -> Option<(PluginId, &str)> {
    let (plugin, service) = entry.split_once('.')?;
    service.parse::<LocalName>().ok()?;
    Some((plugin.parse().ok()?, service))
}

pub(super) fn sentence(entry: &str) -> String {
    match entry.split_once('.') {
        Some((plugin, service)) => {
            format!("Has the plugin {plugin} work for it: its service {}.", service.replace('-', " "))
        }
        None => entry.to_owned(),
    }
}

pub(super) fn check(descriptor: &Descriptor, say: &mut impl FnMut(String, String)) {
    for (index, entry) in descriptor.grants.services.iter().enumerate() {
        let message = match parts(entry) {
            None => format!("`{entry}` is not plugin.service, such as projects.budget"),
            Some((plugin, _)) if plugin == descriptor.id => {
                format!("`{entry}` is the plugin's own: its code calls its own functions")
            }
            Some(_) => continue,
        };
        say(format!("grants.services[{index}]"), message);
    }
    if descriptor.services.len() > MAX_SERVICES {
        say("services".into(), format!("{} services; at most {MAX_SERVICES}", descriptor.services.len()));
    }
    let mut names = HashSet::new();
    for (index, service) in descriptor.services.iter().enumerate() {
        let key = format!("services[{index}]");
        if !names.insert(service.name.as_str()) {
            say(format!("{key}.name"), format!("two services are called `{}`", service.name));
        }
        if !(1..=MAX_METHODS).contains(&service.methods.len()) {
            say(format!("{key}.methods"), format!("a service has 1 to {MAX_METHODS} methods"));
        }
        let mut methods = HashSet::new();
        for (at, method) in service.methods.iter().enumerate() {
            let key = format!("{key}.methods[{at}]");
            if !methods.insert(method.name.as_str()) {
                say(format!("{key}.name"), format!("two methods are called `{}`", method.name));
            }
            for (what, schema) in [("arguments", &method.arguments), ("answer", &method.answer)] {
                if !schema.is_object() {
                    say(format!("{key}.{what}"), "a JSON Schema is a table, such as { type = \"object\" }".into());
                }
            }
        }
    }
}
