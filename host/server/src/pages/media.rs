//! Files, as links of pages lead to them.

use super::house::Visit;
use super::lookup;
use crate::app::App;
use crate::media::{Wish, find};
use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use lignaflow_core::media::Media;
use lignaflow_core::{Fault, OrganizationId};

/// A file's bytes. With `?download`, to be saved.
pub(super) async fn content(
    visit: Visit,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let Some(id) = lookup::id(&id) else { return visit.not_found() };
    let caller = &visit.signed.caller;
    let file = match find(&visit.app, caller, id).await {
        Ok(file) => file,
        Err(fault) => return visit.fault(&fault),
    };
    let save = raw.is_some_and(|raw| raw == "download" || raw.starts_with("download="));
    let wish = Wish { method: &method, headers: &headers, save };
    match visit.app.media.hand_out(caller.organization, &file, wish).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

/// A picture made small.
pub(super) async fn thumbnail(visit: Visit, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let Some(id) = lookup::id(&id) else { return visit.not_found() };
    let caller = &visit.signed.caller;
    let file = match find(&visit.app, caller, id).await {
        Ok(file) => file,
        Err(fault) => return visit.fault(&fault),
    };
    match small(&visit.app, caller.organization, &file, &headers).await {
        Ok(Some(response)) => response,
        Ok(None) => visit.not_found(),
        Err(fault) => visit.fault(&fault),
    }
}

/// The small picture of a file that may be read; nothing where it is none.
pub(super) async fn small(
    app: &App,
    organization: OrganizationId,
    file: &Media,
    headers: &HeaderMap,
) -> Result<Option<Response>, Fault> {
    // Asked for again before each showing, as the picture itself is; what it is made of never changes.
    let etag = format!("\"{}-small\"", hex::encode(file.sha256));
    let caching = [(header::ETAG, etag.clone()), (header::CACHE_CONTROL, "private, no-cache, no-transform".to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == etag.as_bytes()) {
        return Ok(Some((StatusCode::NOT_MODIFIED, caching).into_response()));
    }
    let small = app.media.thumbnail(organization, file).await?;
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"))];
    Ok(small.map(|small| (caching, kind, small).into_response()))
}
