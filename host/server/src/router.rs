//! Every door of the program, in one place.

use crate::app::App;
use crate::health::{self, Readiness};
use crate::metrics::{self, Metrics};
use crate::middleware::{self, MiddlewareContext};
use crate::rest::{dispatch, host, repeat};
use crate::{openapi, pages};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::any;
use std::sync::Arc;

/// `/api`, `/swagger`, pages, health and metrics, behind the middleware.
pub fn router(app: &Arc<App>, readiness: Arc<Readiness>, metrics: Metrics, context: &MiddlewareContext) -> Router {
    let router = Router::new()
        .nest("/api/v1", host::router().layer(from_fn_with_state(app.clone(), repeat::host)))
        .route("/api/v1/{plugin}/{*rest}", any(dispatch::plugin))
        .route("/api/{*rest}", any(dispatch::nothing))
        .merge(openapi::router())
        .merge(pages::router().layer(from_fn_with_state(app.clone(), pages::held::layer)))
        .with_state(app.clone())
        .merge(health::router(readiness))
        .merge(metrics::router(metrics, &app.config.server));
    middleware::stack(router, context)
}
