//! Span, log line and metrics of each request: its route, never its path, query, body or headers, any of which can
//! hold a secret.

use super::{MiddlewareContext, RequestContext, is_probe};
use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use http::Method;
use lignaflow_core::Id;
use metrics::{Counter, Gauge, Histogram};
use std::collections::HashMap;
use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tracing::Instrument as _;

pub(super) async fn layer<A: Future<Output = Response>>(
    state: &MiddlewareContext,
    request: Request,
    next: impl FnOnce(Request) -> A,
) -> Response {
    let started = Instant::now();
    let method = method_name(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("unmatched", MatchedPath::as_str);
    let probe = is_probe(request.uri().path());
    let context = request.extensions().get::<RequestContext>().copied();
    let mut written = Id::WRITTEN;
    let id = context.map(|context| context.id.0.write(&mut written));
    // At the error level, so that the span is there for warnings when less is logged.
    let span = tracing::error_span!("request", id, method, route);

    let under_way = state.counts.begin();
    let response = next(request).instrument(span).await;
    drop(under_way);

    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    state.counts.record(method, route, status, elapsed);
    let us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let client = context.map(|context| tracing::field::display(context.client));
    // Outside the span and with its fields: a line of its own is written in a third of the time.
    match status {
        500.. => tracing::warn!(parent: None, id, method, route, status, us, client, "answered"),
        _ if probe => tracing::debug!(parent: None, id, method, route, status, us, client, "answered"),
        _ => tracing::info!(parent: None, id, method, route, status, us, client, "answered"),
    }
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

/// The handles of the metrics of requests, each made once: a label is a string, and strings at every request would cost
/// more than counting.
#[derive(Default)]
pub(super) struct Counts {
    under_way: OnceLock<Gauge>,
    answered: RwLock<HashMap<(&'static str, u16), Routes>>,
}

type Routes = HashMap<String, Answered>;

#[derive(Clone)]
struct Answered {
    count: Counter,
    duration: Histogram,
}

impl std::fmt::Debug for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counts").finish_non_exhaustive()
    }
}

impl Counts {
    fn begin(&self) -> UnderWay {
        let gauge = self.under_way.get_or_init(|| metrics::gauge!("http_requests_under_way"));
        gauge.increment(1);
        UnderWay(gauge.clone())
    }

    fn record(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let Answered { count, duration } =
            self.known(method, route, status).unwrap_or_else(|| self.make(method, route, status));
        count.increment(1);
        duration.record(took);
    }

    /// By itself, so that nothing is held while one is made.
    fn known(&self, method: &'static str, route: &str, status: u16) -> Option<Answered> {
        let answered = self.answered.read().unwrap_or_else(PoisonError::into_inner);
        answered.get(&(method, status))?.get(route).cloned()
    }

    fn make(&self, method: &'static str, route: &str, status: u16) -> Answered {
        let made = Answered {
            count: metrics::counter!(
                "http_requests_total", "method" => method, "route" => route.to_owned(), "status" => status.to_string()
            ),
            duration: metrics::histogram!(
                "http_request_duration_seconds", "method" => method, "route" => route.to_owned()
            ),
        };
        let mut known = self.answered.write().unwrap_or_else(PoisonError::into_inner);
        known.entry((method, status)).or_default().insert(route.to_owned(), made.clone());
        made
    }
}

/// Counts the request while it is under way, also when its client leaves and it is dropped.
struct UnderWay(Gauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}
