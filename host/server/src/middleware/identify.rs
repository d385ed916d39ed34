//! Gives each request an id and finds out whose it is: what a proxy says about either is believed only from the
//! configured networks.

use super::MiddlewareContext;
use crate::config::Network;
use crate::listener::Peer;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue};
use lignaflow_core::{Id, RequestId};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

tokio::task_local! {
    static CURRENT: RequestId;
}

/// The id of the request that this task answers.
pub fn current_request_id() -> Option<String> {
    CURRENT.try_with(ToString::to_string).ok()
}

/// What is known of a request before anything of it is believed. An extension of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestContext {
    pub id: RequestId,
    /// Who asks: the peer, or the client that the trusted proxies before it saw.
    pub client: IpAddr,
    /// The other end of the connection.
    pub peer: SocketAddr,
    /// Whether a proxy, trusted or not, says that it passed this on.
    pub forwarded: bool,
}

pub(super) async fn layer<A: Future<Output = Response>>(
    context: &MiddlewareContext,
    mut request: Request,
    next: impl FnOnce(Request) -> A,
) -> Response {
    let peer = request.extensions().get::<Peer>().map_or((Ipv4Addr::UNSPECIFIED, 0).into(), |peer| peer.0);
    let identified = identify(peer, request.headers(), &context.trusted_proxies);
    request.extensions_mut().insert(identified);
    CURRENT
        .scope(identified.id, async move {
            let mut response = next(request).await;
            if let Ok(id) = HeaderValue::from_str(identified.id.0.write(&mut { Id::WRITTEN })) {
                response.headers_mut().insert(REQUEST_ID, id);
            }
            response
        })
        .await
}

fn identify(peer: SocketAddr, headers: &HeaderMap, trusted: &[Network]) -> RequestContext {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let by_proxy = is_trusted(peer.ip());
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    RequestContext {
        id: given.filter(|_| by_proxy).unwrap_or_else(|| RequestId(Id::fresh())),
        client: if by_proxy { seen_by_proxies(peer.ip(), headers, is_trusted) } else { peer.ip().to_canonical() },
        peer,
        forwarded: headers.contains_key(FORWARDED_FOR) || headers.contains_key(http::header::FORWARDED),
    }
}

/// Each proxy appends the address it saw, so the list is read from the right, past the proxies that are trusted: the
/// first that is not is as far as anyone trusted can see. What stands left of it is the client's own word.
fn seen_by_proxies(peer: IpAddr, headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    let lines: Vec<&str> = headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
    let mut client = peer;
    for item in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Some(address) = parse_hop(item.trim()) else { break };
        client = address;
        if !is_trusted(address) {
            break;
        }
    }
    client.to_canonical()
}

/// Some proxies write the port too.
fn parse_hop(item: &str) -> Option<IpAddr> {
    let bare = item.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| item.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1:443";
    const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    fn of(peer: &str, headers: &[(&'static str, &str)]) -> RequestContext {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        identify(peer.parse().unwrap(), &map, &["10.0.0.0/8".parse().unwrap()])
    }

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let headers: Vec<_> = forwarded.iter().map(|line| ("x-forwarded-for", *line)).collect();
        of(peer, &headers).client.to_string()
    }

    #[test]
    fn an_untrusted_peer_is_the_client_whatever_it_says() {
        assert_eq!(client("192.0.2.9:5", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(client("[::ffff:192.0.2.9]:5", &[]), "192.0.2.9");
    }

    #[test]
    fn behind_trusted_proxies_the_rightmost_untrusted_address_is_the_client() {
        assert_eq!(client(PROXY, &["1.1.1.1, 198.51.100.1, 10.0.0.7"]), "198.51.100.1");
        assert_eq!(client(PROXY, &["1.1.1.1", "198.51.100.1:8080"]), "198.51.100.1");
        assert_eq!(client(PROXY, &["[2001:db8::1]:80"]), "2001:db8::1");
        assert_eq!(client(PROXY, &["10.0.0.9"]), "10.0.0.9");
        assert_eq!(client(PROXY, &[]), "10.0.0.1");
    }

    #[test]
    fn what_is_no_address_ends_the_search() {
        assert_eq!(client(PROXY, &["198.51.100.1, unknown"]), "10.0.0.1");
        assert_eq!(client(PROXY, &["198.51.100.1, unknown, 10.0.0.3"]), "10.0.0.3");
    }

    #[test]
    fn an_id_is_taken_over_from_a_trusted_proxy_alone_and_only_if_it_is_one() {
        assert_eq!(of(PROXY, &[("x-request-id", ID)]).id.to_string(), ID);
        assert_ne!(of("192.0.2.9:5", &[("x-request-id", ID)]).id.to_string(), ID);
        let made = of(PROXY, &[("x-request-id", "forged\" id")]).id;
        assert!(made.0.is_v7());
    }
}
