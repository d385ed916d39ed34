//! `Idempotency-Key`: a POST that is sent twice is carried out once, and answered twice with the same bytes.
//!
//! What records are told is kept in the transaction of what was done, so that it holds whatever happens to the process.
//! The host's own operations take several transactions; their key is taken before, and given back where nothing came of
//! it. A request that was refused did nothing and is not kept: it is judged anew.

use crate::app::App;
use crate::auth::Signed;
use crate::problem::{Kind, Problem};
use crate::rest::answer;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts as _, OriginalUri, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use lignaflow_core::clock::Micros;
use lignaflow_core::repeat::{Answer, RepeatKey};
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_records::Once;
use lignaflow_store::{Repeated, StoreError};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;

const HEADER: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The host's operations whose answer or body holds a secret, which is kept nowhere: everything below these, and these
/// alone.
const SECRET_BELOW: [&str; 2] = ["/api/v1/auth/", "/api/v1/account/"];
const SECRET: [&str; 5] =
    ["/api/v1/people", "/api/v1/tokens", "/api/v1/invitations", "/api/v1/devices", "/api/v1/webhooks"];
/// The operation on a webhook that answers with a secret.
const ROTATES: (&str, &str) = ("/api/v1/webhooks/", "/rotate");

/// A file is read to the disk as it comes, and never whole into memory, as comparing it with a former one would take.
const FILES: &str = "/api/v1/media";

/// Whether a POST to that path, as it stands in the API document, takes a key.
pub fn takes_a_key(path: &str) -> bool {
    let secret = SECRET_BELOW.iter().any(|above| path.starts_with(above))
        || SECRET.contains(&path)
        || (path.starts_with(ROTATES.0) && path.ends_with(ROTATES.1));
    !secret && !path.starts_with(FILES) && !path.ends_with("/imports")
}

/// The longest answer that is kept.
const LONGEST: usize = 16 * 1024 * 1024;

/// How long a request of the host's own may be under way before its key is free again: longer than any may take.
const UNDER_WAY: Micros = 120 * 1_000_000;

/// Headers that are part of an answer, and not of this connection or moment.
const HEADERS: [HeaderName; 5] =
    [header::CONTENT_TYPE, header::CACHE_CONTROL, header::ETAG, header::LOCATION, header::CONTENT_DISPOSITION];

/// The key of a request, if it is one that may change something and has one.
pub fn once(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<Option<Once>, Problem> {
    let Some(value) = headers.get(HEADER).filter(|_| method == Method::POST) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > RepeatKey::MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = format!("An Idempotency-Key is 1 to {} visible characters, such as a UUID.", RepeatKey::MAX);
        return Err(Problem::new(Kind::Unparsable, message));
    }
    let address = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let mut digest = Sha256::new();
    for part in [method.as_str().as_bytes(), address.as_bytes(), body] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    Ok(Some(Once::new(RepeatKey { text: text.to_owned(), fingerprint: digest.finalize().into() })))
}

/// Carries a request out, unless one of its key was before: then it is answered as that was.
pub async fn run(
    app: &App,
    signed: &Signed,
    once: &Once,
    work: impl Future<Output = Result<Response, Problem>>,
) -> Result<Response, Problem> {
    if let Some(before) = find(app, signed, once.key()).await? {
        return again(once.key(), before);
    }
    match work.await {
        Ok(response) if response.status().is_success() && once.is_kept() => Ok(response),
        Ok(response) if response.status().is_success() => keep(app, signed, once.key(), response).await,
        // Whatever was in its way may have been the same request, a moment earlier.
        other => match find(app, signed, once.key()).await {
            Ok(Some(before)) => again(once.key(), before),
            _ => other,
        },
    }
}

/// The request of that key that was carried out before.
pub async fn find(app: &App, signed: &Signed, key: &RepeatKey) -> Result<Option<Repeated>, Problem> {
    let caller = &signed.caller;
    app.store
        .repeated(caller.organization, &caller.principal, key, caller.now)
        .await
        .map_err(|error| unavailable(&error))
}

/// The parts of a request that were carried out before it broke off.
pub async fn parts(app: &App, signed: &Signed, key: &RepeatKey) -> Result<Vec<Repeated>, Problem> {
    let caller = &signed.caller;
    app.store
        .repeated_parts(caller.organization, &caller.principal, key, caller.now)
        .await
        .map_err(|error| unavailable(&error))
}

/// The same answer once more.
fn again(key: &RepeatKey, before: Repeated) -> Result<Response, Problem> {
    if before.fingerprint != key.fingerprint {
        let message = "This Idempotency-Key was sent with another request; give each request a key of its own.";
        return Err(Fault::at("/Idempotency-Key", "key-reused", message).into());
    }
    match before.answer {
        Some(kept) => {
            let mut response = answer::response(kept);
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
            Ok(response)
        }
        None if before.done => Err(Problem::new(
            ErrorCode::Conflict,
            "This request was carried out, and its answer was lost on the way. Read what it changed.",
        )),
        None => Err(Problem::new(ErrorCode::Conflict, "The same request is being carried out just now.")
            .retry_after(Duration::from_secs(1))),
    }
}

/// Keeps an answer that is not in the transaction of what was done.
async fn keep(app: &App, signed: &Signed, key: &RepeatKey, response: Response) -> Result<Response, Problem> {
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, LONGEST).await else {
        return Err(Problem::internal());
    };
    let headers = HEADERS
        .iter()
        .filter_map(|name| Some((name.as_str().to_owned(), parts.headers.get(name)?.to_str().ok()?.to_owned())))
        .collect();
    let kept = Answer { status: parts.status.as_u16(), headers, body: bytes.to_vec() };
    let caller = &signed.caller;
    // What was done is done: that its answer cannot be kept is told in the log alone.
    if let Err(error) = app.store.keep_repeat(caller.organization, &caller.principal, key, caller.now, &kept).await {
        tracing::warn!(%error, "an answer could not be kept");
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

fn unavailable(error: &StoreError) -> Problem {
    tracing::error!(%error, "the kept answers cannot be read");
    match error {
        StoreError::Unavailable(_) | StoreError::Unknown | StoreError::Contended => {
            Problem::new(ErrorCode::Unavailable, "The database cannot be reached just now. Nothing was changed.")
        }
        _ => Problem::internal(),
    }
}

/// The same for the host's own operations, as a layer around them.
pub async fn host(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(HEADER) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let uri = parts.extensions.get::<OriginalUri>().map_or_else(|| parts.uri.clone(), |uri| uri.0.clone());
    if !takes_a_key(uri.path()) {
        let message = if uri.path().starts_with(FILES) {
            "An Idempotency-Key is not taken here: a file that is sent twice waits twice, and goes when no record takes it."
        } else {
            "An Idempotency-Key is not taken here: the answer would have to be kept, with the secret in it."
        };
        return Problem::from(Fault::at("/Idempotency-Key", "key-refused", message)).into_response();
    }
    // Who is not signed in is told so by the operation.
    let Ok(signed) = Signed::from_request_parts(&mut parts, &app).await else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return Problem::new(Kind::Unparsable, "The body broke off.").into_response();
    };
    let once = match once(&parts.method, &uri, &parts.headers, &body) {
        Ok(Some(once)) => once,
        Ok(None) => return next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(problem) => return problem.into_response(),
    };
    let request = Request::from_parts(parts, Body::from(body));
    match reserved(&app, &signed, &once, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn reserved(
    app: &App,
    signed: &Signed,
    once: &Once,
    request: Request<Body>,
    next: Next,
) -> Result<Response, Problem> {
    let caller = &signed.caller;
    let (whose, key) = (&caller.principal, once.key());
    let begun_after = caller.now - UNDER_WAY;
    let free = app.store.reserve_repeat(caller.organization, whose, key, caller.now, begun_after).await;
    if !free.map_err(|error| unavailable(&error))? {
        return match find(app, signed, key).await? {
            Some(before) => again(key, before),
            // Given back in between.
            None => Err(Problem::new(ErrorCode::Conflict, "The same request was being carried out; send it again.")
                .retry_after(Duration::from_secs(1))),
        };
    }
    let response = next.run(request).await;
    if response.status().is_success() {
        return keep(app, signed, key, response).await;
    }
    if let Err(error) = app.store.release_repeat(caller.organization, whose, key).await {
        tracing::warn!(%error, "a key could not be given back; it is free in two minutes");
    }
    Ok(response)
}

/// Forgets what is kept no longer, every quarter of an hour, until it is stopped.
pub async fn sweep(app: Arc<App>, stopped: impl Future<Output = ()> + Send) {
    let mut ticks = tokio::time::interval(Duration::from_mins(15));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => return,
            _ = ticks.tick() => {}
        }
        loop {
            match app.store.sweep_repeats(app.clock.now()).await {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(%error, "kept answers could not be swept");
                    break;
                }
            }
        }
    }
}
