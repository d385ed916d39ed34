//! Whether plugins fit each other, told from their descriptors alone: what each asks of others is there, and services do
//! not call each other in a circle. So it is known of a file before anything of it is kept.

use crate::registry::RegistryFault;
use lignaflow_core::catalog::Catalog;
use lignaflow_core::descriptor::{Descriptor, service_parts, unknown_events};
use lignaflow_core::name::PluginId;
use std::collections::{BTreeMap, BTreeSet};

type Descriptors<'a> = BTreeMap<&'a str, &'a Descriptor>;

/// The plugins whose collections a plugin reads, writes or refers to, and whose services it calls: references need a
/// grant to read.
pub fn needs(descriptor: &Descriptor) -> BTreeSet<PluginId> {
    let grants = descriptor.grants.read.iter().chain(&descriptor.grants.write);
    let collections = grants.filter_map(|entry| entry.split_once('/')?.0.parse().ok());
    collections.chain(descriptor.grants.called()).filter(|id| *id != descriptor.id).collect()
}

/// The collections of these plugins, where everything is among them that one asks of another. Otherwise all that is
/// missing is told at once.
pub fn fit<'a>(descriptors: impl IntoIterator<Item = &'a Descriptor>) -> Result<Catalog, RegistryFault> {
    let all: Descriptors<'_> = descriptors.into_iter().map(|it| (it.id.as_str(), it)).collect();
    let mut missing = Vec::new();
    for descriptor in all.values() {
        for entry in descriptor.grants.read.iter().chain(&descriptor.grants.write) {
            if !is_there(&all, entry) {
                missing.push(format!("{entry}, which `{}` asks for", descriptor.id));
            }
        }
    }
    for descriptor in all.values() {
        missing.extend(astray(&all, descriptor));
        missing.extend(unserved(&all, descriptor));
    }
    if let Some(circle) = calling_in_a_circle(&all) {
        return Err(RegistryFault::Circle(circle));
    }
    match Catalog::new(all.into_values()) {
        Ok(catalog) if missing.is_empty() => Ok(catalog),
        Ok(_) => Err(RegistryFault::Missing(missing)),
        Err(references) => {
            missing.extend(references);
            Err(RegistryFault::Missing(missing))
        }
    }
}

fn is_there(all: &Descriptors<'_>, entry: &str) -> bool {
    let Some((plugin, collection)) = entry.split_once('/') else { return false };
    all.get(plugin).is_some_and(|descriptor| collection == "*" || descriptor.collection(collection).is_some())
}

/// What a plugin subscribes to that is not there, in other plugins.
fn astray(all: &Descriptors<'_>, descriptor: &Descriptor) -> Vec<String> {
    let mut astray = Vec::new();
    for subscription in &descriptor.subscriptions {
        let Some((plugin, local)) = subscription.collection.split_once('/') else { continue };
        let collection = all.get(plugin).and_then(|descriptor| descriptor.collection(local));
        let told = |what: &str| format!("{what}, which `{}` subscribes to", descriptor.id);
        match collection {
            None => astray.push(told(&subscription.collection)),
            Some(collection) => {
                astray.extend(unknown_events(subscription, collection).iter().map(|what| told(what)));
            }
        }
    }
    astray
}

/// Services that a plugin asks for and that are not there.
fn unserved(all: &Descriptors<'_>, descriptor: &Descriptor) -> Vec<String> {
    let is_there = |entry: &str| {
        service_parts(entry).is_some_and(|(plugin, service)| {
            all.get(plugin.as_str()).is_some_and(|descriptor| descriptor.service(service).is_some())
        })
    };
    let missing = descriptor.grants.services.iter().filter(|entry| !is_there(entry));
    missing.map(|entry| format!("the service {entry}, which `{}` calls", descriptor.id)).collect()
}

/// Plugins of which each calls services of the next, and the last those of the first.
fn calling_in_a_circle(all: &Descriptors<'_>) -> Option<Vec<PluginId>> {
    let mut done = BTreeSet::new();
    let calls = |id: &PluginId| -> Vec<PluginId> {
        all.get(id.as_str()).map(|descriptor| descriptor.grants.called().collect()).unwrap_or_default()
    };
    for descriptor in all.values() {
        let mut way = vec![(descriptor.id.clone(), calls(&descriptor.id))];
        while let Some((_, ahead)) = way.last_mut() {
            let Some(next) = ahead.pop() else {
                done.extend(way.pop().map(|(id, _)| id));
                continue;
            };
            if let Some(begin) = way.iter().position(|(id, _)| *id == next) {
                return Some(way.drain(begin..).map(|(id, _)| id).collect());
            }
            if !done.contains(&next) {
                let calls = calls(&next);
                way.push((next, calls));
            }
        }
    }
    None
}
