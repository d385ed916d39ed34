//! What plugins send to hosts outside. `host/server` sends, and keeps what left; whether a plugin may is known to whoever
//! asks.

use crate::descriptor::Grants;
use crate::error::Fault;
use crate::id::{OrganizationId, RequestId};
use crate::name::PluginId;
use async_trait::async_trait;
use std::fmt;

/// The most bytes of what is sent, and of what is answered.
pub const MAX_REQUEST: usize = 4 * 1024 * 1024;
pub const MAX_RESPONSE: usize = 8 * 1024 * 1024;
/// The most headers of a request, and bytes of all of them.
pub const MAX_HEADERS: usize = 50;
pub const MAX_HEADER_BYTES: usize = 16 * 1024;
/// Milliseconds that an answer may take, and where nothing is said.
pub const MAX_TIMEOUT: u32 = 30_000;
pub const USUAL_TIMEOUT: u32 = 10_000;
/// The most requests of one call.
pub const MAX_SENT: u32 = 20;
/// The most hosts that one descriptor names.
pub const MAX_HOSTS: usize = 20;

const MAX_URL: usize = 4_096;
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
/// Headers that the host sets, or that say how the connection is used.
const OWN_HEADERS: [&str; 11] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "proxy-authorization",
    "proxy-connection",
];

/// A secret that is put into a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretHeader {
    /// The setting's name.
    pub setting: String,
    pub header: String,
    /// What stands before it.
    pub prefix: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundRequest {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub secrets: Vec<SecretHeader>,
    pub body: Vec<u8>,
    pub timeout_ms: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// On whose account something is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    pub organization: OrganizationId,
    pub plugin: PluginId,
    pub job: String,
    pub request: RequestId,
}

/// Sends what plugins ask for, and keeps what left, where, when and how it ended.
#[async_trait]
pub trait Outbound: Send + Sync {
    async fn send(&self, from: Sender, request: OutboundRequest) -> Result<OutboundResponse, Fault>;
}

/// A host with its port, as grants name it: `api.xero.com`, `books.example:8443`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub name: String,
    pub port: u16,
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.port == 443 { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

impl std::str::FromStr for Host {
    type Err = String;

    /// A name of letters, no address in figures: what a name leads to is looked at each time.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, port) = match text.split_once(':') {
            None => (text, 443),
            Some((name, port)) => {
                let number = port.parse().ok().filter(|number: &u16| *number != 0 && number.to_string() == port);
                (name, number.ok_or_else(|| format!("`{port}` is no port"))?)
            }
        };
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_name = name.len() <= 253
            && name.split('.').all(label)
            && last.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if is_name {
            Ok(Self { name: name.to_owned(), port })
        } else {
            Err(format!("`{text}` is no host by its name in lower case, such as api.xero.com"))
        }
    }
}

impl OutboundRequest {
    /// Where it goes, where it is whole and within its bounds; otherwise all that is wrong with it.
    pub fn destination(&self) -> Result<Host, Fault> {
        let mut issues = Vec::new();
        let mut say = |path: String, code: &str, message: String| issues.push(crate::Issue::new(path, code, message));
        if !METHODS.contains(&self.method.as_str()) {
            say("/method".into(), "choice", format!("A method is one of {}.", METHODS.join(", ")));
        }
        let host = host_of(&self.url);
        if let Err(message) = &host {
            say("/url".into(), "url", message.clone());
        }
        let named = self.headers.iter().enumerate().map(|(at, (name, value))| (format!("/headers/{at}"), name, value));
        let secret = self.secrets.iter().enumerate();
        let secret = secret.map(|(at, secret)| (format!("/secrets/{at}"), &secret.header, &secret.prefix));
        let mut bytes = 0;
        for (path, name, value) in named.chain(secret) {
            bytes += name.len() + value.len();
            let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
            if name.is_empty() || !name.bytes().all(token) {
                say(path, "header", "A header's name is letters, digits and hyphens.".into());
            } else if OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
                say(path, "header", format!("The host sets `{name}` itself."));
            } else if !value.bytes().all(|b| (0x20..0x7f).contains(&b)) {
                say(path, "header", format!("The value of `{name}` is printable ASCII."));
            }
        }
        if self.headers.len() + self.secrets.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
            let message = format!("At most {MAX_HEADERS} headers of {MAX_HEADER_BYTES} bytes together.");
            say("/headers".into(), "too-many", message);
        }
        if self.body.len() > MAX_REQUEST {
            say("/body".into(), "too-large", format!("At most {MAX_REQUEST} bytes."));
        }
        match host {
            Ok(host) if issues.is_empty() => Ok(host),
            _ => Err(Fault::invalid(issues)),
        }
    }

    /// Milliseconds that an answer may take.
    pub fn patience(&self) -> u32 {
        if self.timeout_ms == 0 { USUAL_TIMEOUT } else { self.timeout_ms.min(MAX_TIMEOUT) }
    }

    /// The address without its query, which may tell more than where it goes.
    pub fn path(&self) -> &str {
        let rest = self.url.strip_prefix("https://").unwrap_or_default();
        let path = rest.find('/').map_or("/", |at| &rest[at..]);
        path.split('?').next().unwrap_or_default()
    }
}

fn host_of(url: &str) -> Result<Host, String> {
    let rest = url.strip_prefix("https://").ok_or_else(|| "An address begins with https://.".to_owned())?;
    if url.len() > MAX_URL || !url.bytes().all(|b| (0x21..0x7f).contains(&b)) || url.contains(['#', '\\']) {
        return Err(format!("An address is at most {MAX_URL} printable ASCII characters, without a fragment."));
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    rest[..end].parse()
}

impl Grants {
    /// Whether these grants cover sending to a host.
    pub fn sends_to(&self, host: &Host) -> bool {
        self.outbound.iter().any(|entry| entry.parse::<Host>().is_ok_and(|granted| granted == *host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(url: &str) -> OutboundRequest {
        OutboundRequest {
            method: "GET".into(),
            url: url.into(),
            headers: Vec::new(),
            secrets: Vec::new(),
            body: Vec::new(),
            timeout_ms: 0,
        }
    }

    #[test]
    fn a_host_is_a_name_and_nothing_that_only_looks_like_one() {
        for text in ["api.xero.com", "localhost", "books.example:8443", "xn--bcher-kva.example"] {
            assert_eq!(text.parse::<Host>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "127.0.0.1",
            "1.2.3.4:80",
            "[::1]",
            "API.example",
            "a..b",
            "-a.example",
            "a.example:0",
            "a:b",
            "*.a.b",
            "0x7f.1",
        ] {
            assert!(text.parse::<Host>().is_err(), "{text}");
        }
    }

    #[test]
    fn where_a_request_goes_is_the_host_that_the_address_names() {
        let of = |url: &str| request(url).destination().map(|host| host.to_string());
        assert_eq!(of("https://api.xero.com").unwrap(), "api.xero.com");
        assert_eq!(of("https://api.xero.com?x=1").unwrap(), "api.xero.com");
        assert_eq!(of("https://api.xero.com:443/v2/a?b=https://evil.example").unwrap(), "api.xero.com");
        for url in [
            "http://api.xero.com/",
            "https://api.xero.com@evil.example/",
            "https://user:pass@api.xero.com/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://[::1]/",
            "https://api.xero.com\\@evil.example/",
            "https://api.xero.com/#evil",
            "https://api.xero.com /",
            "https:///api.xero.com",
        ] {
            assert!(of(url).is_err(), "{url}");
        }
        assert_eq!(request("https://a.example/b/c?token=hush").path(), "/b/c");
        assert_eq!(request("https://a.example?token=hush").path(), "/");
    }

    #[test]
    fn everything_that_is_wrong_with_a_request_is_told_at_once() {
        let mut wrong = request("ftp://a.example");
        wrong.method = "CONNECT".into();
        wrong.headers =
            vec![("Host".into(), "b.example".into()), ("x".into(), "a\r\nb".into()), ("a b".into(), String::new())];
        wrong.secrets =
            vec![SecretHeader { setting: "key".into(), header: "Connection".into(), prefix: String::new() }];
        let fault = wrong.destination().unwrap_err();
        let paths: Vec<_> = fault.issues.iter().map(|issue| issue.path.as_str()).collect();
        assert_eq!(paths, ["/method", "/url", "/headers/0", "/headers/1", "/headers/2", "/secrets/0"]);
    }

    #[test]
    fn a_grant_is_for_one_host_and_its_port() {
        let grants = Grants { outbound: vec!["api.xero.com".into(), "books.example:8443".into()], ..Grants::default() };
        let to = |text: &str| grants.sends_to(&text.parse().unwrap());
        assert!(to("api.xero.com") && to("books.example:8443"));
        assert!(!to("xero.com") && !to("evil.api.xero.com") && !to("api.xero.com:8443") && !to("books.example"));
    }
}
