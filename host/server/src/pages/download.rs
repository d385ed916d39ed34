//! Files that routes of plugins make, taken from a page: `?file=` and the place of the block. What is refused is told on
//! a page.

use super::house::Visit;
use super::lines::Sheet;
use super::routed::{self, Pairs};
use crate::rest::export::plain_name;
use axum::response::Response;
use http::{HeaderValue, header};
use lignaflow_core::Fault;
use lignaflow_core::descriptor::{Block, DownloadBlock, Page};
use lignaflow_core::name::PermissionName;
use lignaflow_core::value::Value;
use lignaflow_runtime::LoadedPlugin;
use lignaflow_web::blocks::{BlockView, DownloadView};
use lignaflow_web::collection::record::label;
use lignaflow_web::paths;

/// Characters of a file's name.
const LONGEST: usize = 160;

/// A block with the address of its file; nothing where it is not for whoever visits, or not for a record in its state.
pub(super) fn block(
    visit: &Visit,
    loaded: &LoadedPlugin,
    page: &Page,
    (index, block): (usize, &DownloadBlock),
    of: Option<&Sheet>,
) -> Option<BlockView> {
    let descriptor = loaded.descriptor();
    let route = descriptor.route(block.route.as_str())?;
    let holds = |permission: &PermissionName| visit.signed.caller.holds(&permission.full(&descriptor.id));
    let stands = block.when.iter().all(|(field, states)| {
        let now = of.and_then(|of| of.record.get(&of.schema, field.as_str())).and_then(Value::as_text);
        now.is_some_and(|now| states.iter().any(|state| state == now))
    });
    if !route.permission.as_ref().is_none_or(holds) || !stands {
        return None;
    }
    let here = match of {
        Some(of) => paths::record_page(&descriptor.id, &page.name, of.record.id),
        None => format!("/{}/-/{}", descriptor.id, page.name),
    };
    Some(BlockView::Download(DownloadView {
        title: block.title.clone(),
        text: block.text.clone().unwrap_or_default(),
        button: block.button.clone().unwrap_or_else(|| "Download".to_owned()),
        href: format!("{here}?file={index}"),
    }))
}

/// The file that an address asks for; nothing where it asks for none.
pub(super) async fn file(
    visit: &Visit,
    loaded: &LoadedPlugin,
    page: &Page,
    of: Option<&Sheet>,
    asked: &Pairs,
) -> Option<Result<Response, Fault>> {
    let index = routed::first(asked, "file")?;
    let block = index.parse().ok().and_then(|at: usize| page.blocks.get(at));
    let Some(Block::Download(block)) = block else { return Some(Err(Fault::not_found("file"))) };
    Some(taken(visit, loaded, block, of).await)
}

async fn taken(
    visit: &Visit,
    loaded: &LoadedPlugin,
    block: &DownloadBlock,
    of: Option<&Sheet>,
) -> Result<Response, Fault> {
    let route = loaded.descriptor().route(block.route.as_str());
    let parameter = route.and_then(|route| route.path.split('{').nth(1)?.split('}').next());
    let parameters = parameter.zip(of).map(|(name, of)| (name.to_owned(), of.record.id.to_string()));
    let parameters = parameters.into_iter().collect();
    let response = routed::answer(visit, loaded, &block.route, parameters, Vec::new(), None).await?;
    let name = of.map_or_else(|| block.title.clone(), |of| label(&of.schema, &of.record));
    attached(response, &name)
}

/// What a route answers, as a file that a browser keeps under a name.
pub(super) fn attached(mut response: Response, name: &str) -> Result<Response, Fault> {
    let headers = response.headers_mut();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let disposition = format!("attachment; filename=\"{}\"", named(name, kind));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).map_err(|_| Fault::internal())?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

/// A name of letters, digits and hyphens alone, which needs no escaping, with the ending of its type.
fn named(text: &str, kind: &str) -> String {
    let name = plain_name(text, LONGEST);
    let ending = match kind.split(';').next().unwrap_or_default() {
        "text/csv" => ".csv",
        "application/pdf" => ".pdf",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => ".xlsx",
        "application/json" => ".json",
        _ => "",
    };
    format!("{}{ending}", if name.is_empty() { "file" } else { &name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_as_what_it_is_of() {
        assert_eq!(named("Pay up to 22 Nov 2026", "text/csv; charset=utf-8"), "pay-up-to-22-nov-2026.csv");
        assert_eq!(named("\"; evil=\r\n", "application/pdf"), "evil.pdf");
        assert_eq!(named("…", "text/plain"), "file");
    }
}
