//! Plain HTTP only points to HTTPS: at the configured address, whatever the request says about hosts.

use crate::config::PublicUrl;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

/// Answers every request with 308 (RFC 9110, 15.4.9) to the same path under `public_url`.
pub fn router(public_url: PublicUrl) -> Router {
    Router::new().fallback(redirect).with_state(public_url)
}

async fn redirect(State(public_url): State<PublicUrl>, uri: Uri) -> Response {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    // `OPTIONS *` and the like have no path to keep.
    let path = if path.starts_with('/') { path } else { "/" };
    match HeaderValue::from_str(&format!("{public_url}{path}")) {
        Ok(location) => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use http::Request;
    use tower::ServiceExt as _;

    async fn location(uri: &str, host: &str) -> String {
        let router = router("https://ligna.example".parse().unwrap());
        let request = Request::post(uri).header(header::HOST, host).body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
        response.headers()[header::LOCATION].to_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn the_path_is_kept_and_the_host_header_is_not_believed() {
        assert_eq!(location("/a/b?c=d%20e", "evil.example").await, "https://ligna.example/a/b?c=d%20e");
        assert_eq!(location("http://evil.example/x", "evil.example").await, "https://ligna.example/x");
        assert_eq!(location("//evil.example/x", "localhost").await, "https://ligna.example//evil.example/x");
    }
}
