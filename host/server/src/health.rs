//! Whether the server lives, and whether it can do its work. Load balancers and orchestrators decide by the two.

use crate::shutdown::Shutdown;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::future::{BoxFuture, join_all};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// A check that takes longer has failed: a probe wants an answer within two seconds.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Findings are kept so long, so that probes cannot become a load.
const FRESH: Duration = Duration::from_millis(500);

type Check = Box<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What has to work before requests are sent here. The database, for one.
pub struct Readiness {
    shutdown: Shutdown,
    checks: Vec<(&'static str, Check)>,
    last: Mutex<Option<(Instant, Findings)>>,
}

type Findings = BTreeMap<&'static str, bool>;

impl Readiness {
    pub fn new(shutdown: Shutdown) -> Self {
        Self { shutdown, checks: Vec::new(), last: Mutex::new(None) }
    }

    /// Adds a check. Its error goes to the log, not to the client.
    #[must_use]
    pub fn with<F, Fut>(mut self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.checks.push((name, Box::new(move || Box::pin(check()))));
        self
    }

    async fn findings(&self) -> Findings {
        let mut last = self.last.lock().await;
        if let Some((at, findings)) = &*last
            && at.elapsed() < FRESH
        {
            return findings.clone();
        }
        let run = self.checks.iter().map(|(name, check)| async move {
            let outcome = match tokio::time::timeout(PATIENCE, check()).await {
                Ok(outcome) => outcome,
                Err(_) => Err(format!("no answer within {} ms", PATIENCE.as_millis())),
            };
            if let Err(reason) = &outcome {
                tracing::warn!(check = name, %reason, "not ready");
            }
            (*name, outcome.is_ok())
        });
        let findings: Findings = join_all(run).await.into_iter().collect();
        *last = Some((Instant::now(), findings.clone()));
        findings
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.checks.iter().map(|(name, _)| name).collect();
        f.debug_struct("Readiness").field("checks", &names).finish_non_exhaustive()
    }
}

/// `/health/live`, `/health/ready`, and `/health`, which is the latter.
pub fn router(readiness: Arc<Readiness>) -> Router {
    Router::new()
        .route("/health", get(ready))
        .route("/health/ready", get(ready))
        .route("/health/live", get(live))
        .with_state(readiness)
}

async fn live() -> Response {
    answer(StatusCode::OK, "live", &Findings::new())
}

async fn ready(State(readiness): State<Arc<Readiness>>) -> Response {
    // Told first, so that new requests go elsewhere while those under way are finished.
    if readiness.shutdown.has_begun() {
        return answer(StatusCode::SERVICE_UNAVAILABLE, "stopping", &Findings::new());
    }
    let findings = readiness.findings().await;
    if findings.values().all(|well| *well) {
        answer(StatusCode::OK, "ready", &findings)
    } else {
        answer(StatusCode::SERVICE_UNAVAILABLE, "not ready", &findings)
    }
}

fn answer(status: StatusCode, said: &str, findings: &Findings) -> Response {
    let checks: BTreeMap<_, _> =
        findings.iter().map(|(name, well)| (*name, if *well { "well" } else { "failing" })).collect();
    let body = Json(serde_json::json!({ "status": said, "checks": checks }));
    (status, [(axum::http::header::CACHE_CONTROL, "no-store")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt as _;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tower::ServiceExt as _;

    async fn ask(router: &Router, path: &str) -> (u16, serde_json::Value) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap())
    }

    #[tokio::test]
    async fn ready_names_what_fails_and_keeps_the_reason_inside() {
        let readiness = Readiness::new(Shutdown::new(Duration::ZERO))
            .with("database", || async { Err("secret address".to_owned()) })
            .with("plugins", || async { Ok(()) });
        let router = router(Arc::new(readiness));
        for path in ["/health", "/health/ready"] {
            let (status, body) = ask(&router, path).await;
            assert_eq!(status, 503);
            assert_eq!(body["checks"], serde_json::json!({ "database": "failing", "plugins": "well" }));
            assert!(!body.to_string().contains("secret"));
        }
        assert_eq!(ask(&router, "/health/live").await.0, 200);
    }

    #[tokio::test]
    async fn a_flood_of_probes_runs_the_checks_once() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let readiness = Readiness::new(Shutdown::new(Duration::ZERO)).with("database", move || {
            counter.fetch_add(1, Ordering::SeqCst);
            async { Ok(()) }
        });
        let router = router(Arc::new(readiness));
        let answers = join_all((0..50).map(|_| ask(&router, "/health/ready"))).await;
        assert!(answers.iter().all(|(status, _)| *status == 200));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_server_that_stops_lives_and_is_not_ready() {
        let shutdown = Shutdown::new(Duration::ZERO);
        let router = router(Arc::new(Readiness::new(shutdown.clone())));
        assert_eq!(ask(&router, "/health/ready").await.0, 200);
        shutdown.begin();
        assert_eq!(
            ask(&router, "/health/ready").await,
            (503, serde_json::json!({ "status": "stopping", "checks": {} }))
        );
        assert_eq!(ask(&router, "/health/live").await.0, 200);
    }
}
