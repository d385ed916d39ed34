//! Answers only for the hosts that are configured, if any are: another name for this address, as in DNS rebinding, is
//! none of ours.

use super::{MiddlewareContext, RequestContext, is_probe};
use crate::config::is_local_host;
use crate::problem::{Kind, Problem};
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::HOST;
use http::uri::Authority;

pub(super) async fn layer<A: Future<Output = Response>>(
    context: &MiddlewareContext,
    request: Request,
    next: impl FnOnce(Request) -> A,
) -> Response {
    // Probes come by address.
    if context.allowed_hosts.is_empty() || is_probe(request.uri().path()) {
        return next(request).await;
    }
    let from_here =
        request.extensions().get::<RequestContext>().is_some_and(|c| c.peer.ip().is_loopback() && !c.forwarded);
    match host_of(&request) {
        None => Problem::new(Kind::Unparsable, "The request does not say which host it is for.").into_response(),
        Some(host)
            if host == context.public_url.host()
                || context.allowed_hosts.iter().any(|pattern| matches(pattern, &host))
                || (from_here && is_local_host(&host)) =>
        {
            next(request).await
        }
        Some(_) => Problem::new(Kind::Misdirected, "This server does not answer for that host.").into_response(),
    }
}

/// HTTP/2 has it in the target, HTTP/1 in `Host`.
fn host_of(request: &Request) -> Option<String> {
    let authority = match request.uri().authority() {
        Some(authority) => authority.clone(),
        None => request.headers().get(HOST)?.to_str().ok()?.parse::<Authority>().ok()?,
    };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    Some(host.to_ascii_lowercase()).filter(|host| !host.is_empty())
}

fn matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('.') {
        _ if pattern == "*" => true,
        Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
        None => pattern.trim_start_matches('[').trim_end_matches(']') == host,
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_leading_dot_includes_subdomains_and_nothing_else() {
        assert!(matches(".a.example", "a.example") && matches(".a.example", "x.a.example"));
        assert!(!matches(".a.example", "xa.example") && !matches("a.example", "x.a.example"));
        assert!(matches("*", "anything") && matches("[::1]", "::1"));
    }
}
