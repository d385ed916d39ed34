//! Sheets that a route of a plugin puts together, on pages of records; and what is told of the files that sheets name.

use super::declared::Place;
use super::routed::{self, Pairs};
use crate::media::find;
use lignaflow_core::descriptor::SheetBlock;
use lignaflow_core::error::{ErrorCode, Fault};
use lignaflow_core::media::{Media, spoken_size};
use lignaflow_core::sheet::{MAX_FILES, Sheet};
use lignaflow_runtime::LoadedPlugin;
use lignaflow_web::blocks::{BlockView, SheetView};
use lignaflow_web::paths;
use lignaflow_web::visitor::{FileView, GROUP};

/// What the query of a sheet's route may ask for: whether the page is drawn anew, with what is ticked.
pub(super) const AGAIN: &str = "again";

/// A choice of a group is posted under a name of its own, before which the property's stands.
pub(super) fn property(name: &str) -> &str {
    name.split(GROUP).next().unwrap_or_default()
}

/// A file as it is named on a page, at that address.
pub(super) fn shown(file: &Media, title: &str, href: &str, small: &str) -> FileView {
    FileView {
        title: if title.is_empty() { file.name.clone() } else { title.to_owned() },
        href: href.to_owned(),
        small: file.dimensions.is_some().then(|| small.to_owned()),
        size: spoken_size(file.size),
    }
}

/// The sheet of the record whose page it is, with what is ticked in the address.
pub(super) async fn block(
    place: &Place<'_>,
    loaded: &LoadedPlugin,
    block: &SheetBlock,
    page: &str,
) -> Result<BlockView, Fault> {
    let visit = place.visit;
    let of = place.of.ok_or_else(|| Fault::not_found("record of this page"))?;
    let descriptor = loaded.descriptor();
    let route = descriptor.route(block.route.as_str());
    let route = route.ok_or_else(|| Fault::not_found(format_args!("route `{}`", block.route)))?;
    let asked = place.asked.iter().map(|(name, value)| (property(name).to_owned(), value.clone()));
    let asked: Pairs = asked.filter(|(_, value)| !value.is_empty()).collect();
    let again = (!asked.is_empty()).then(|| (AGAIN.to_owned(), "true".to_owned()));
    let pairs = asked.into_iter().chain(again).filter(|(name, _)| route.query.contains_key(name)).collect();
    let parameter = route.path.split('{').nth(1).and_then(|rest| rest.split('}').next()).unwrap_or_default();
    let parameters = vec![(parameter.to_owned(), of.record.id.to_string())];
    let answer = routed::call(visit, loaded, &block.route, parameters, pairs, None).await;
    let answer = answer.map_err(|problem| Fault::new(ErrorCode::Internal, problem.detail()))?;
    let sheet: Sheet = serde_json::from_slice(&answer).map_err(|error| {
        tracing::warn!(plugin = %descriptor.id, route = %block.route, %error, "what a route puts on a page is no sheet");
        Fault::new(ErrorCode::PluginBadAnswer, "What the plugin answers is no sheet.")
    })?;
    let mut files = Vec::new();
    for file in sheet.files.iter().take(MAX_FILES) {
        // One that is not made yet, or not for whoever looks, is left out.
        if let Ok(media) = find(&visit.app, &visit.signed.caller, file.file).await {
            files.push(shown(&media, &file.title, &paths::media(file.file), &paths::thumbnail(file.file)));
        }
    }
    let address = paths::record_page(&descriptor.id, page, of.record.id);
    Ok(BlockView::Sheet(Box::new(SheetView { sheet, files, address })))
}
