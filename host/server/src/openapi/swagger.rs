//! `/api/openapi.json` and the Swagger UI that reads it, whose files are inside the program.

use crate::app::App;
use crate::auth::Signed;
use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use std::sync::Arc;
use utoipa_swagger_ui::{Config, serve};

/// Swagger UI writes styles into its elements and shows pictures from data addresses; nothing else is let in.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

pub fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/api/openapi.json", get(document))
        .route("/swagger", get(|| async { Redirect::permanent("/swagger/") }))
        .route("/swagger/", get(|| async { file("") }))
        .route("/swagger/{*file}", get(|Path(path): Path<String>| async move { file(&path) }))
}

/// The document for who asks: with the plugins of their organization, or of the host alone for nobody.
async fn document(State(app): State<Arc<App>>, signed: Option<Signed>) -> Response {
    let snapshot =
        signed.as_ref().map_or_else(|| app.registry.current(), |signed| app.registry.seen_by(&signed.caller));
    let organization = signed.map(|signed| signed.caller.organization);
    let document = super::document(&snapshot, organization, &app.public_url());
    ([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(document)).into_response()
}

fn file(path: &str) -> Response {
    let config = Config::from("/api/openapi.json")
        .persist_authorization(true)
        .try_it_out_enabled(true)
        .filter(true)
        .display_request_duration(true);
    match serve(path, Arc::new(config)) {
        Ok(Some(file)) => {
            let kind = HeaderValue::from_str(&file.content_type);
            let mut response = file.bytes.into_owned().into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/octet-stream")));
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
            response
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(%error, "a file of Swagger UI cannot be served");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
