//! Refuses changes that a page of another site asks a browser for. Browsers say where a request comes from in
//! `Sec-Fetch-Site` (W3C Fetch Metadata) or `Origin`; what says neither is no browser and carries no ambient session.

use super::MiddlewareContext;
use crate::problem::{Kind, Problem};
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::cookie::CookieJar;
use http::header::{AUTHORIZATION, HeaderName, ORIGIN};
use http::{HeaderMap, Method};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(super) async fn layer<A: Future<Output = Response>>(
    context: &MiddlewareContext,
    request: Request,
    next: impl FnOnce(Request) -> A,
) -> Response {
    if is_safe(request.method()) || may(request.headers(), context.public_url.origin(), context.session_cookie) {
        return next(request).await;
    }
    let detail = "This change was asked for by a page of another site. Make it from a page of this one.";
    Problem::new(Kind::CrossOrigin, detail).into_response()
}

/// RFC 9110, 9.2.1. Handlers of these change nothing.
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

fn may(headers: &HeaderMap, origin: &str, session_cookie: &str) -> bool {
    // A token is put there on purpose, by a program; it is a session that a browser sends along by itself.
    if headers.contains_key(AUTHORIZATION) && CookieJar::from_headers(headers).get(session_cookie).is_none() {
        return true;
    }
    match (headers.get(FETCH_SITE), headers.get(ORIGIN)) {
        // "none" is the person: an address typed, a bookmark.
        (Some(site), _) => matches!(site.as_bytes(), b"same-origin" | b"none"),
        (None, Some(from)) => from.as_bytes() == origin.as_bytes(),
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "https://ligna.example";

    fn allowed(headers: &[(&'static str, &str)]) -> bool {
        let map = headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect();
        may(&map, HERE, "session")
    }

    #[test]
    fn a_page_of_this_site_and_a_program_may() {
        assert!(allowed(&[("cookie", "session=1"), ("sec-fetch-site", "same-origin")]));
        assert!(allowed(&[("cookie", "session=1"), ("origin", HERE)]));
        assert!(allowed(&[("cookie", "session=1")]));
        assert!(allowed(&[("authorization", "Bearer lf_1"), ("origin", "https://other.example")]));
    }

    #[test]
    fn a_page_of_another_site_may_not() {
        assert!(!allowed(&[("cookie", "session=1"), ("sec-fetch-site", "cross-site")]));
        assert!(!allowed(&[("cookie", "session=1"), ("sec-fetch-site", "same-site"), ("origin", HERE)]));
        assert!(!allowed(&[("cookie", "session=1"), ("origin", "https://other.example")]));
        assert!(!allowed(&[("cookie", "session=1"), ("origin", "null")]));
    }

    #[test]
    fn a_token_does_not_excuse_a_session_that_rides_along() {
        assert!(!allowed(&[("authorization", "Basic x"), ("cookie", "session=1"), ("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn signing_somebody_in_from_another_site_is_refused_though_no_session_exists_yet() {
        assert!(!allowed(&[("sec-fetch-site", "cross-site")]));
    }
}
