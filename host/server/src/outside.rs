//! Which addresses outside may be asked: those of the public internet, so that nobody points this host at what only it
//! reaches. Names are resolved here, and the connection goes to one of the addresses that were looked at.

use async_trait::async_trait;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// What names lead to.
#[async_trait]
pub trait Names: Debug + Send + Sync {
    async fn look_up(&self, name: &str) -> io::Result<Vec<SocketAddr>>;
}

/// What the machine's own resolver says.
#[derive(Debug, Clone, Copy)]
pub struct System;

#[async_trait]
impl Names for System {
    async fn look_up(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.collect())
    }
}

/// Resolves names for a client. Each connection is to one of the addresses that this answered with.
#[derive(Debug)]
pub struct Resolver {
    pub names: Arc<dyn Names>,
    /// Addresses inside may be asked as well.
    pub private: bool,
    /// What is said where a name leads inside, as a sentence without its full stop.
    pub inside: &'static str,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, private, inside) = (self.names.clone(), self.private, self.inside);
        Box::pin(async move {
            let found = names.look_up(name.as_str()).await?;
            let open: Vec<SocketAddr> = found.into_iter().filter(|at| private || is_public(at.ip())).collect();
            if open.is_empty() {
                return Err(inside.into());
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
        let of = |private| Resolver { names: Arc::new(System), private, inside: "inside" };
        assert!(of(false).resolve("localhost".parse().unwrap()).await.is_err());
        assert!(of(true).resolve("localhost".parse().unwrap()).await.is_ok());
    }
}
