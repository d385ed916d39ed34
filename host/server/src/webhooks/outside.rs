//! Who may be asked: addresses of the public internet, so that a webhook cannot be pointed at what only this host
//! reaches. Names are resolved here, and the connection goes to one of the addresses that were looked at.

use lignaflow_store::webhooks::deliveries::Tried;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

const CONNECT: Duration = Duration::from_secs(5);
/// From asking to the end of the answer.
const ANSWER: Duration = Duration::from_secs(15);
/// Of an answer so many bytes are read and kept.
const KEPT: usize = 2_048;

/// Asks receivers.
#[derive(Debug)]
pub struct Outside {
    /// Addresses inside and plain HTTP may be asked as well.
    private: bool,
    /// Made when it is first needed: it reads the machine's certificates.
    client: OnceLock<Result<Client, String>>,
}

/// One try.
#[derive(Debug)]
pub struct Letter<'a> {
    pub url: &'a str,
    pub event: String,
    pub attempt: i64,
    pub signature: String,
    pub body: Vec<u8>,
}

impl Outside {
    pub fn new(private: bool) -> Self {
        Self { private, client: OnceLock::new() }
    }

    pub fn is_private(&self) -> bool {
        self.private
    }

    fn client(&self) -> Result<&Client, String> {
        let made = self.client.get_or_init(|| {
            Client::builder()
                .redirect(Policy::none())
                // A proxy would be asked for addresses that were never looked at.
                .no_proxy()
                .https_only(!self.private)
                .connect_timeout(CONNECT)
                .timeout(ANSWER)
                .dns_resolver(Arc::new(Resolver { private: self.private }))
                .user_agent(concat!("LignaFlow/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| format!("This host cannot check certificates: {error}"))
        });
        made.as_ref().map_err(Clone::clone)
    }

    /// Sends once. Whatever comes of it is told.
    pub async fn send(&self, letter: Letter<'_>, at: i64) -> Tried {
        let started = Instant::now();
        let answered = self.ask(letter).await;
        let took_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        match answered {
            Ok((status, answer)) => Tried { at, status: Some(status), took_ms, answer: Some(answer), error: None },
            Err(error) => Tried { at, status: None, took_ms, answer: None, error: Some(error) },
        }
    }

    async fn ask(&self, letter: Letter<'_>) -> Result<(u16, String), String> {
        let url: Url = letter.url.parse().map_err(|_| "The address cannot be read.".to_owned())?;
        // An address in figures is asked of no resolver.
        if !self.private && !literal_is_public(&url) {
            return Err(INSIDE.to_owned());
        }
        let request = self.client()?.post(url).body(letter.body);
        let request = request
            .header("content-type", "application/json")
            .header("lignaflow-event", letter.event)
            .header("lignaflow-attempt", letter.attempt)
            .header("lignaflow-signature", letter.signature);
        let mut response = request.send().await.map_err(|error| why(&error))?;
        let status = response.status().as_u16();
        let mut kept = Vec::new();
        while kept.len() < KEPT
            && let Ok(Some(chunk)) = response.chunk().await
        {
            kept.extend_from_slice(&chunk[..chunk.len().min(KEPT - kept.len())]);
        }
        let text: String = String::from_utf8_lossy(&kept).chars().filter(|c| *c == '\n' || !c.is_control()).collect();
        Ok((status, text))
    }
}

const INSIDE: &str = "The address leads inside this host's own network, where webhooks may not go.";

/// Why there was no answer, without the address, which may hold a secret.
fn why(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if error.is_timeout() {
        "There was no answer in time.".to_owned()
    } else if error.is_connect() {
        format!("No connection: {cause}.")
    } else {
        format!("The connection broke: {cause}.")
    }
}

#[derive(Debug)]
struct Resolver {
    private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let open: Vec<SocketAddr> = found.filter(|address| private || is_public(address.ip())).collect();
            if open.is_empty() {
                return Err(INSIDE.trim_end_matches('.').into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

/// Whether a URL's host is a name, or an address in figures that is public.
pub fn literal_is_public(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.parse().map_or(true, is_public)
}

/// Whether an address is one of the public internet (the registries of RFC 6890).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocol = a == 192 && b == 0 && c == 0;
    let relay = a == 192 && b == 88 && c == 99;
    let bench = a == 198 && (b == 18 || b == 19);
    !(a == 0
        || a >= 240
        || shared
        || protocol
        || relay
        || bench
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let last = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    // Addresses that stand for one of version 4 are as public as that one.
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, _, _, _, _, _] => is_public_v4(last(high, low)),
        // Of the whole space, global unicast alone; of it, neither documentation nor protocols' own blocks.
        [first, second, ..] => {
            first & 0xe000 == 0x2000 && !(first == 0x2001 && (second == 0xdb8 || second < 0x200)) && first != 0x3fff
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_asked() {
        let inside = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
        ];
        for address in inside {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1", "2002:101:101::"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_address_in_figures_is_seen_through_every_way_to_write_it() {
        for url in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://[::ffff:7f00:1]/",
        ] {
            assert!(!literal_is_public(&url.parse().unwrap()), "{url}");
        }
        for url in ["https://example.com/", "https://1.1.1.1/", "https://[2606:4700::1111]/"] {
            assert!(literal_is_public(&url.parse().unwrap()), "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_asked() {
        let resolver = Resolver { private: false };
        assert!(resolver.resolve("localhost".parse().unwrap()).await.is_err());
        let resolver = Resolver { private: true };
        assert!(resolver.resolve("localhost".parse().unwrap()).await.is_ok());
    }
}
