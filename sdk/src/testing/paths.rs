//! Paths that a descriptor names in hooks and pages, followed through the collections that are loaded.

use lignaflow_core::bind::Binder;
use lignaflow_core::catalog::Catalog;
use lignaflow_core::descriptor::{Block, Descriptor};

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
            let (collection, filter, named): (_, _, Vec<(&str, &str)>) = match block {
                Block::Table(table) => {
                    let columns = table.columns.iter().map(|path| ("columns", path.as_str()));
                    let sort = table.sort.iter().flat_map(|sort| sort.split(','));
                    let keys = sort.map(|key| ("sort", key.trim_start_matches('-')));
                    (&table.collection, &table.filter, columns.chain(keys).collect())
                }
                Block::Figure(figure) => {
                    (&figure.collection, &figure.filter, figure.sum.iter().map(|path| ("sum", path.as_str())).collect())
                }
                Block::Chart(chart) => {
                    let group = chart.group.split_once(':').map_or(chart.group.as_str(), |(path, _)| path);
                    let sum = chart.sum.iter().map(|path| ("sum", path.as_str()));
                    (&chart.collection, &chart.filter, std::iter::once(("group", group)).chain(sum).collect())
                }
                Block::Detail(detail) => {
                    let subject = page.link.as_ref().map_or("", |link| link.subject.as_str());
                    for path in &detail.fields {
                        follow(place("fields"), subject, path);
                    }
                    continue;
                }
                _ => continue,
            };
            for (what, path) in named {
                follow(place(what), collection, path);
            }
            for key in filter.keys() {
                follow(place("filter"), collection, key.split('[').next().unwrap_or(key));
            }
        }
    }
    faults
}
