//! Span, log line and metrics of each request: its route, never its path, query, body or headers, any of which can
//! hold a secret.

use super::{MiddlewareContext, RequestContext, is_probe};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use std::time::Instant;
use tracing::Instrument as _;

pub(super) async fn layer(State(_): State<MiddlewareContext>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = method_name(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let probe = is_probe(request.uri().path());
    let context = request.extensions().get::<RequestContext>().copied();
    // At the error level, so that the span is there for warnings when less is logged.
    let span = tracing::error_span!("request", id = tracing::field::Empty, method, route);
    if let Some(context) = context {
        span.record("id", tracing::field::display(context.id));
    }

    let under_way = UnderWay::begin();
    let response = next.run(request).instrument(span.clone()).await;
    drop(under_way);

    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    record(method, &route, status, elapsed.as_secs_f64());
    let us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let client = context.map(|context| tracing::field::display(context.client));
    span.in_scope(|| match status {
        500.. => tracing::warn!(status, us, client, "answered"),
        _ if probe => tracing::debug!(status, us, client, "answered"),
        _ => tracing::info!(status, us, client, "answered"),
    });
    response
}

/// One name for each method that is known: a client's inventions must not make new time series.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn record(method: &'static str, route: &str, status: u16, seconds: f64) {
    let status = status.to_string();
    metrics::counter!("http_requests_total", "method" => method, "route" => route.to_owned(), "status" => status)
        .increment(1);
    metrics::histogram!("http_request_duration_seconds", "method" => method, "route" => route.to_owned())
        .record(seconds);
}

/// Counts the request while it is under way, also when its client leaves and it is dropped.
struct UnderWay;

impl UnderWay {
    fn begin() -> Self {
        metrics::gauge!("http_requests_under_way").increment(1);
        Self
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        metrics::gauge!("http_requests_under_way").decrement(1);
    }
}
