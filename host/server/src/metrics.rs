//! `/metrics` in Prometheus's text format. It tells how busy the firm is, so it is read from this machine and from the
//! trusted proxies, or from anywhere with `server.metrics_token`; nobody else learns more than that they may not.

use crate::config::{Network, Secret, Server};
use crate::middleware::RequestContext;
use crate::problem::Problem;
use crate::shutdown::Shutdown;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use lignaflow_core::ErrorCode;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use sha2::{Digest as _, Sha256};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use subtle::ConstantTimeEq as _;

/// From a hook without a plugin to a report over everything, in seconds.
const DURATIONS: [f64; 14] = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Seconds of calls of guests, the quickest of which take some microseconds.
const CALLS: [f64; 16] = [
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0,
    30.0,
];
/// Bytes of a guest's memory: 1 MiB, doubled up to 512.
const MEMORY: [f64; 10] = [
    1_048_576.0,
    2_097_152.0,
    4_194_304.0,
    8_388_608.0,
    16_777_216.0,
    33_554_432.0,
    67_108_864.0,
    134_217_728.0,
    268_435_456.0,
    536_870_912.0,
];

/// Samples wait in memory until they are sorted into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
#[error("metrics cannot be recorded: {0}")]
pub struct MetricsError(String);

/// The metrics of this process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Records from here on. A process has one recorder; the second call gives the same.
    pub fn install() -> Result<Self, MetricsError> {
        static RECORDER: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
        let handle = RECORDER.get_or_init(|| {
            let of = |name: &str| Matcher::Full(name.to_owned());
            let recorder = PrometheusBuilder::new()
                .set_buckets(&DURATIONS)
                .and_then(|it| it.set_buckets_for_metric(of("lignaflow_plugin_call_duration_seconds"), &CALLS))
                .and_then(|it| it.set_buckets_for_metric(of("lignaflow_plugin_cpu_seconds"), &CALLS))
                .and_then(|it| it.set_buckets_for_metric(of("lignaflow_plugin_memory_bytes"), &MEMORY))
                .map_err(|error| error.to_string())?
                .build_recorder();
            let handle = recorder.handle();
            metrics::set_global_recorder(recorder).map_err(|error| error.to_string())?;
            Ok(handle)
        });
        describe();
        handle.clone().map(Self).map_err(MetricsError)
    }

    pub fn render(&self) -> String {
        measure_process();
        self.0.render()
    }

    /// Keeps memory in bounds where nobody reads the metrics. Runs until the shutdown begins.
    pub async fn upkeep(self, shutdown: Shutdown) {
        while tokio::time::timeout(UPKEEP, shutdown.begun()).await.is_err() {
            self.0.run_upkeep();
        }
    }
}

fn describe() {
    metrics::describe_counter!("http_requests_total", "Requests answered, by method, route and status");
    metrics::describe_histogram!("http_request_duration_seconds", "Time until the answer began, by method and route");
    metrics::describe_gauge!("http_requests_under_way", "Requests that have no answer yet");
    metrics::describe_counter!("http_refused_total", "Requests refused before a handler was done, by reason");
    metrics::describe_counter!("http_panics_total", "Handlers that panicked");
    metrics::describe_gauge!("connections_open", "Open connections, by listener");
    metrics::describe_counter!("connections_total", "Connections accepted, by listener");
    metrics::describe_counter!("connections_dropped_total", "Connections ended by the server, by reason");
    metrics::describe_counter!("lignaflow_cache_hits_total", "Reads answered from a kept result");
    metrics::describe_counter!("lignaflow_cache_misses_total", "Reads worth keeping that had to be made");
    metrics::describe_gauge!("lignaflow_cache_bytes", "Memory of kept results");
    metrics::describe_gauge!("process_resident_memory_bytes", "Resident memory");
    metrics::describe_gauge!("process_open_fds", "Open files and sockets");
    metrics::describe_gauge!("process_threads", "Threads");
}

/// What the kernel says of this process (proc(5)); nothing elsewhere.
fn measure_process() {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return };
    let field = |name: &str| -> Option<u32> {
        let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
        rest.split_whitespace().next()?.parse().ok()
    };
    if let Some(kibibytes) = field("VmRSS:") {
        metrics::gauge!("process_resident_memory_bytes").set(f64::from(kibibytes) * 1_024.0);
    }
    if let Some(threads) = field("Threads:") {
        metrics::gauge!("process_threads").set(f64::from(threads));
    }
    if let Some(open) = std::fs::read_dir("/proc/self/fd").ok().and_then(|files| u32::try_from(files.count()).ok()) {
        metrics::gauge!("process_open_fds").set(f64::from(open));
    }
}

/// Who may read them.
#[derive(Debug)]
struct Door {
    metrics: Metrics,
    token: Secret,
    trusted: Vec<Network>,
}

impl Door {
    fn opens(&self, from: Option<&RequestContext>, headers: &HeaderMap) -> bool {
        // A loopback peer that passes something on is a proxy nobody told us of: its client is not this machine.
        let is_here = from.is_some_and(|from| {
            let loopback = from.peer.ip().to_canonical().is_loopback() && !from.forwarded;
            loopback || self.trusted.iter().any(|network| network.contains(from.client))
        });
        is_here || self.has_token(headers)
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        // Hashes have one length, so that not even the token's can be measured.
        given.is_some_and(|given| {
            let (given, token) = (Sha256::digest(given), Sha256::digest(self.token.expose()));
            !self.token.is_empty() && bool::from(given.ct_eq(&token))
        })
    }
}

/// `GET /metrics`.
pub fn router(metrics: Metrics, server: &Server) -> Router {
    let door = Door { metrics, token: server.metrics_token.clone(), trusted: server.trusted_proxies.clone() };
    Router::new().route("/metrics", get(show)).with_state(Arc::new(door))
}

async fn show(State(door): State<Arc<Door>>, from: Option<Extension<RequestContext>>, headers: HeaderMap) -> Response {
    if door.opens(from.as_deref(), &headers) {
        ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], door.metrics.render()).into_response()
    } else {
        Problem::new(ErrorCode::Denied, "Metrics are read from the server's own machine or with its metrics token.")
            .into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt as _;
    use lignaflow_core::{Id, RequestId};
    use tower::ServiceExt as _;

    const TOKEN: &str = "0123456789abcdef";

    async fn ask(peer: &str, client: &str, forwarded: bool, token: Option<&str>) -> (u16, String) {
        let server = Server {
            metrics_token: Secret::new(TOKEN),
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..Server::default()
        };
        let from = RequestContext {
            id: RequestId(Id::fresh()),
            client: client.parse().unwrap(),
            peer: peer.parse().unwrap(),
            forwarded,
        };
        let mut request = Request::get("/metrics").extension(from);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let router = router(Metrics::install().unwrap(), &server);
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        (status, String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().into()).unwrap())
    }

    #[tokio::test]
    async fn this_machine_and_trusted_proxies_and_the_token_open_the_door() {
        let (status, text) = ask("127.0.0.1:9", "127.0.0.1", false, None).await;
        assert_eq!(status, 200);
        assert!(text.contains("process_resident_memory_bytes"), "{text}");
        assert_eq!(ask("10.0.0.1:9", "10.0.0.1", false, None).await.0, 200);
        assert_eq!(ask("192.0.2.1:9", "192.0.2.1", false, Some(TOKEN)).await.0, 200);
    }

    #[tokio::test]
    async fn nobody_else_does() {
        assert_eq!(ask("192.0.2.1:9", "192.0.2.1", false, None).await.0, 403);
        assert_eq!(ask("192.0.2.1:9", "192.0.2.1", false, Some("0123456789abcdee")).await.0, 403);
        assert_eq!(ask("127.0.0.1:9", "127.0.0.1", true, None).await.0, 403, "a proxy on this machine");
        assert_eq!(ask("10.0.0.1:9", "192.0.2.1", true, None).await.0, 403, "a client of a trusted proxy");
    }

    #[test]
    fn an_empty_token_is_nobodys() {
        let door = Door { metrics: Metrics::install().unwrap(), token: Secret::default(), trusted: Vec::new() };
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, "Bearer ".parse().unwrap());
        assert!(!door.opens(None, &headers));
    }
}
