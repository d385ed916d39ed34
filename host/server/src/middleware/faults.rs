//! Whatever goes wrong below leaves as a problem: a panic, and an answer that says no more than its status, such as
//! those of the router and of axum's own extractors.

use crate::problem::{Kind, Problem};
use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use std::any::Any;
use std::panic::AssertUnwindSafe;

/// As much of a plain text refusal as is kept.
const TEXT_BYTES: usize = 4_096;

pub(super) async fn layer<A: Future<Output = Response>>(request: Request, next: impl FnOnce(Request) -> A) -> Response {
    let head = request.method() == Method::HEAD;
    match AssertUnwindSafe(next(request)).catch_unwind().await {
        Ok(response) if is_bare(&response) && !head => explain(response).await,
        Ok(response) => response,
        Err(panic) => {
            metrics::counter!("http_panics_total").increment(1);
            tracing::error!(panic = message(&*panic), "a handler panicked");
            Problem::internal().into_response()
        }
    }
}

fn is_bare(response: &Response) -> bool {
    let status = response.status();
    let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    (status.is_client_error() || status.is_server_error()) && kind.is_none_or(|kind| kind.starts_with(b"text/plain"))
}

async fn explain(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let kind = Kind::of_status(parts.status);
    let said = match to_bytes(body, TEXT_BYTES).await {
        // What a failure inside says is not for clients.
        Ok(text) if !parts.status.is_server_error() => String::from_utf8_lossy(&text).trim().to_owned(),
        _ => String::new(),
    };
    let detail = if said.is_empty() { plain(parts.status).to_owned() } else { said };
    let mut problem = Problem::new(kind, detail).into_response();
    // `Allow`, `Retry-After` and the like belong to the refusal.
    parts.headers.remove(CONTENT_TYPE);
    parts.headers.remove(CONTENT_LENGTH);
    problem.headers_mut().extend(parts.headers);
    problem.extensions_mut().extend(parts.extensions);
    problem
}

fn plain(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "There is nothing at this address.",
        StatusCode::METHOD_NOT_ALLOWED => "This method is not offered at this address; `Allow` says which are.",
        StatusCode::PAYLOAD_TOO_LARGE => "The body is larger than what is taken here.",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "The body's content type is not understood here.",
        _ if status.is_server_error() => {
            "Something went wrong on our side. The request id helps to find it in the log."
        }
        _ => "The request was refused.",
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("of an unknown kind")
}
