//! What every request passes through, in one order and for stated reasons. Each layer is a small file beside this one.

mod body;
mod capacity;
mod faults;
mod headers;
mod hosts;
mod identify;
mod observe;
mod origin;
mod rates;

#[cfg(test)]
mod tests;

pub use headers::PAGE_POLICY;
pub use identify::{RequestContext, current_request_id};
pub use rates::{Decision, RateLimits};

use crate::config::{Config, Network, PublicUrl};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tower_http::compression::{CompressionLayer, Predicate, predicate};

/// Wraps `router`, which must be complete: what is added afterwards passes through nothing of this.
pub fn stack(router: Router, context: &MiddlewareContext) -> Router {
    let layered = tower::ServiceBuilder::new()
        // 1. Compression, above all that makes or rewrites a body: it sees the final one.
        .layer(CompressionLayer::new().compress_when(compressible()))
        .layer(from_fn_with_state(context.clone(), layers))
        // The limit of 10. stands in for axum's own.
        .layer(DefaultBodyLimit::disable());
    router.layer(layered)
}

/// Layers stand outermost first; a request goes down the list and its answer up again. They call each other as functions:
/// as services of axum's each would box the next one anew for every request, with all below it.
async fn layers(State(context): State<MiddlewareContext>, request: Request, next: Next) -> Response {
    let context = &context;
    // 2. Who sends it and what it is called: everything below, problems included, speaks of the request by its id.
    identify::layer(context, request, move |request| {
        // 3. Span, log line and metrics, above all that may refuse, so that refusals are seen too.
        observe::layer(context, request, move |request| {
            // 4. Security headers, on refusals and problems as on pages.
            headers::layer(context, request, move |request| {
                // 5. A panic below becomes a problem, and so does an answer that says no more than its status.
                faults::layer(request, move |request| {
                    // 6. A request for another host, before anything is counted or looked up for it.
                    hosts::layer(context, request, move |request| {
                        // 7. A change that another site's page asks for: refused without being charged to the person it
                        // rides on.
                        origin::layer(context, request, move |request| {
                            // 8. Rates, before the request takes a place among those under way.
                            rates::layer(context, request, move |request| {
                                // 9. A place among the requests under way and a time to be done, for the handler and its
                                // body together.
                                capacity::layer(context, request, move |request| {
                                    // 10. Size and pace of the body, innermost, since it is the handler that reads it.
                                    body::layer(context, request, move |request| next.run(request))
                                })
                            })
                        })
                    })
                })
            })
        })
    })
    .await
}

/// Files of the largest size that one form may send at once, without script.
const FILES_A_FORM: u64 = 4;
/// How a form sends files.
const FORM: &str = "multipart/form-data";

/// What the layers decide by. Clones share one state.
#[derive(Debug, Clone)]
pub struct MiddlewareContext(Arc<Context>);

#[derive(Debug)]
pub struct Context {
    pub public_url: PublicUrl,
    pub trusted_proxies: Vec<Network>,
    pub allowed_hosts: Vec<String>,
    /// The name of the cookie that signs a browser in.
    pub session_cookie: &'static str,
    pub rates: Arc<RateLimits>,
    counts: observe::Counts,
    pub requests: Semaphore,
    pub request_time: Duration,
    pub body_time: Duration,
    pub body_bytes: u64,
    /// Paths, by their beginning, or by their end after a star, whose bodies may be larger, with their limit in bytes.
    pub large_bodies: Vec<(&'static str, u64)>,
    /// Of forms that send files, wherever a page has one, in bytes.
    pub form_bytes: u64,
}

impl MiddlewareContext {
    /// `session_cookie` is the name of the cookie that signs a browser in; `large_bodies` are the beginnings of paths
    /// that take uploads, or a star and their ends, each with its limit in bytes.
    pub fn new(config: &Config, session_cookie: &'static str, large_bodies: Vec<(&'static str, u64)>) -> Self {
        let server = &config.server;
        Self(Arc::new(Context {
            public_url: server.public_url.clone(),
            trusted_proxies: server.trusted_proxies.clone(),
            allowed_hosts: server.allowed_hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            session_cookie,
            rates: Arc::new(RateLimits::new(&config.limits)),
            counts: observe::Counts::default(),
            requests: Semaphore::new(server.requests),
            request_time: server.request(),
            body_time: server.body(),
            body_bytes: server.body_bytes,
            large_bodies,
            form_bytes: config.media.file_bytes.saturating_mul(FILES_A_FORM).max(server.body_bytes),
        }))
    }

    /// The most bytes that the body of this request may have.
    fn body_limit(&self, request: &Request) -> u64 {
        let path = request.uri().path();
        if let Some((_, bytes)) = self.0.large_bodies.iter().find(|(pattern, _)| fits(path, pattern)) {
            return *bytes;
        }
        let kind =
            request.headers().get(http::header::CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
        let sends_files = !path.starts_with("/api/")
            && kind.get(..FORM.len()).is_some_and(|kind| kind.eq_ignore_ascii_case(FORM.as_bytes()));
        if sends_files { self.0.form_bytes } else { self.0.body_bytes }
    }

    /// Tell it which sessions and tokens are good: see [`RateLimits::recognise`].
    pub fn rates(&self) -> Arc<RateLimits> {
        Arc::clone(&self.0.rates)
    }
}

impl Deref for MiddlewareContext {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.0
    }
}

/// Whether a path begins so; or ends so, where the pattern begins with a star.
fn fits(path: &str, pattern: &str) -> bool {
    pattern.strip_prefix('*').map_or_else(|| path.starts_with(pattern), |end| path.ends_with(end))
}

/// Probes and metrics are asked by machines, by address, and must be answered when the server is busiest.
fn is_probe(path: &str) -> bool {
    path == "/health" || path.starts_with("/health/") || path == "/metrics"
}

/// What gains from compression: not events, which must leave at once, nor what is compressed in itself, nor what says
/// that it is to arrive as it is (RFC 9111, 5.2.2.6).
fn compressible() -> impl Predicate {
    const PACKED: [&str; 7] = [
        "application/pdf",
        "application/vnd.openxmlformats",
        "application/zip",
        "application/gzip",
        "audio/",
        "video/",
        "font/woff",
    ];
    let packed = |_, _, headers: &http::HeaderMap, _: &http::Extensions| {
        let caching = headers.get(http::header::CACHE_CONTROL).and_then(|caching| caching.to_str().ok()).unwrap_or("");
        if caching.contains("no-transform") {
            return false;
        }
        let kind = headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        !PACKED.iter().any(|packed| kind.starts_with(packed))
    };
    predicate::DefaultPredicate::new().and(predicate::SizeAbove::new(860)).and(packed)
}
