//! What browsers are told about every answer. A handler that sets its own content policy, referrer policy or cache
//! rule keeps it.

use super::MiddlewareContext;
use axum::extract::Request;
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue};

/// What pages may load and do: only what this server sends, nothing inline, framed by nobody.
pub const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; form-action 'self'; manifest-src 'self'; worker-src 'self'; \
    frame-ancestors 'none'; base-uri 'none'";
/// What data may, should it be shown as a page after all: nothing.
const DATA_POLICY: &str = "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

const FIXED: [(HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];
const PERMISSIONS: (HeaderName, &str) = (
    HeaderName::from_static("permissions-policy"),
    "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()",
);

pub(super) async fn layer<A: Future<Output = Response>>(
    context: &MiddlewareContext,
    request: Request,
    next: impl FnOnce(Request) -> A,
) -> Response {
    let mut response = next(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy = if headers.get(CONTENT_TYPE).is_some_and(is_json) {
        DATA_POLICY
    } else {
        let (name, value) = PERMISSIONS;
        headers.insert(name, HeaderValue::from_static(value));
        PAGE_POLICY
    };
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(policy));
    // Answers are somebody's unless a handler says otherwise: no shared cache may keep them.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    // On localhost the promise would bind every other program on this machine for a year.
    if !context.public_url.is_local() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

/// JSON is no document: nothing in it runs, and no device is asked for.
fn is_json(kind: &HeaderValue) -> bool {
    let kind = kind.as_bytes();
    [&b"application/json"[..], b"application/problem+json"].iter().any(|json| kind.starts_with(json))
}
