//! Paths that a descriptor names in hooks and pages, followed through the collections that are loaded.

use lignaflow_core::bind::Binder;
use lignaflow_core::catalog::Catalog;
use lignaflow_core::descriptor::Descriptor;
use lignaflow_core::name::CollectionName;

/// Each path that leads nowhere, with where it stands and why.
pub(super) fn astray(descriptor: &Descriptor, catalog: &Catalog) -> Vec<String> {
    let binder = Binder { catalog, home: Some(&descriptor.id) };
    let mut faults = Vec::new();
    let mut follow = |place: String, collection: &str, path: &str| {
        if let Err(fault) = binder.collection(collection).and_then(|schema| binder.path(schema, path)) {
            faults.push(format!("{place}: {}", fault.message));
        }
    };
    for collection in &descriptor.collections {
        for path in collection.hook.iter().flat_map(|hook| &hook.with) {
            follow(format!("{}.hook.with", collection.name), collection.name.as_str(), path);
        }
        for key in collection.sort.iter().flat_map(|sort| sort.split(',')) {
            follow(format!("{}.sort", collection.name), collection.name.as_str(), key.trim_start_matches('-'));
        }
    }
    for page in &descriptor.pages {
        for (index, block) in page.blocks.iter().enumerate() {
            let place = |what: &str| format!("page {}, block {index}, {what}", page.name);
            let Some(asks) = block.asks(page) else { continue };
            // A block over the records of a plugin that is off says so; the rest of the page stands.
            let of = CollectionName::within(&descriptor.id, asks.collection);
            let is_off = |of: &CollectionName| catalog.schemas().all(|schema| schema.name.plugin != of.plugin);
            if of.is_ok_and(|of| is_off(&of)) {
                continue;
            }
            for (what, path) in asks.paths {
                follow(place(what), asks.collection, path);
            }
            for key in asks.filter.into_iter().flat_map(|filter| filter.keys()) {
                follow(place("filter"), asks.collection, key.split('[').next().unwrap_or(key));
            }
        }
    }
    faults
}
