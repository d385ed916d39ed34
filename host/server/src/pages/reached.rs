//! Pages of any plugin whose table asks for one record of a collection: they are reached from that record, which is
//! filled in. So a report of another plugin stands beside what it is of, and neither plugin knows of the other's pages.

use super::house::Visit;
use lignaflow_core::Id;
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::{Block, Descriptor, Page, StatementBlock};
use lignaflow_core::name::{CollectionName, PermissionName, PluginId};
use lignaflow_web::blocks::Tab;
use lignaflow_web::paths;

/// The field of a page that one such record fills in, where that is all that it needs.
fn asks<'a>(plugin: &PluginId, page: &'a Page, schema: &Schema) -> Option<(&'a StatementBlock, &'a str)> {
    let block = page.blocks.iter().find_map(|block| match block {
        Block::Statement(block) => Some(block),
        _ => None,
    })?;
    let mut needed = block.fields.iter().filter(|(_, field)| field.required);
    let ((name, field), None) = (needed.next()?, needed.next()) else { return None };
    let to = CollectionName::within(plugin, field.to.as_deref()?).ok()?;
    (to == schema.name).then_some((block, name.as_str()))
}

fn of_plugin(visit: &Visit, descriptor: &Descriptor, schema: &Schema, id: Id) -> Vec<Tab> {
    let plugin = &descriptor.id;
    let may = |permission: Option<&PermissionName>| {
        permission.is_none_or(|permission| visit.signed.caller.holds(&permission.full(plugin)))
    };
    let pages = descriptor.pages.iter().filter(|page| page.is_in_menu() && may(page.permission.as_ref()));
    let tab = |page: &Page| {
        let (block, field) = asks(plugin, page, schema)?;
        let route = descriptor.route(block.route.as_str())?;
        // As the page opens by itself: what is not filled in has what stands there first.
        let first =
            block.fields.iter().filter_map(|(name, field)| Some((name.as_str(), field.default.as_ref()?.as_str()?)));
        let id = id.to_string();
        let filled = first.chain([(field, id.as_str())]);
        let href = format!("{}{}", paths::page(plugin, &page.name), paths::query(filled));
        may(route.permission.as_ref()).then(|| Tab { title: page.title.clone(), href, current: false, seldom: false })
    };
    pages.filter_map(tab).collect()
}

/// Those of the plugins that are on, as far as the visitor may open them.
pub(super) fn from(visit: &Visit, schema: &Schema, id: Id) -> Vec<Tab> {
    let organization = visit.signed.caller.organization;
    let on = visit.snapshot.plugins.iter().filter(|(plugin, _)| visit.snapshot.is_enabled(organization, plugin));
    on.flat_map(|(_, loaded)| of_plugin(visit, loaded.descriptor(), schema, id)).collect()
}
