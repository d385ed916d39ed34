//! The kinds of value that settings have. Each is parsed once, here, and says in its error what it should look like.

use http::Uri;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// What a setting should have looked like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidValue(pub(crate) String);

/// What stands for a secret wherever it would be printed.
pub(crate) const REDACTED: &str = "[redacted]";

/// A value that never shows itself: not in logs, not in `config show`, not in errors.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value itself. Call it where the value is used, and nowhere earlier.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "[empty]" } else { REDACTED })
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0.is_empty() { "" } else { REDACTED })
    }
}

/// A database's address. Its password is a secret; the rest helps to find a mistake.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The address without its password, nor any parameter that could hold one.
    pub fn redacted(&self) -> String {
        let (address, parameters) =
            self.0.split_once('?').map_or((self.0.as_str(), None), |(address, rest)| (address, Some(rest)));
        let mut shown = match address.split_once("://") {
            Some((scheme, rest)) => match rest.rsplit_once('@') {
                Some((user, place)) => {
                    let name = user.split_once(':').map_or(user, |(name, _)| name);
                    let hidden = if user.contains(':') { format!(":{REDACTED}") } else { String::new() };
                    format!("{scheme}://{name}{hidden}@{place}")
                }
                None => address.to_owned(),
            },
            None => address.to_owned(),
        };
        for (at, parameter) in parameters.into_iter().flat_map(|p| p.split('&')).enumerate() {
            shown.push(if at == 0 { '?' } else { '&' });
            let (name, _) = parameter.split_once('=').unwrap_or((parameter, ""));
            if name.to_ascii_lowercase().contains("password") {
                shown.push_str(name);
                shown.push('=');
                shown.push_str(REDACTED);
            } else {
                shown.push_str(parameter);
            }
        }
        shown
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = InvalidValue;

    fn try_from(value: String) -> Result<Self, Self::Error> {
        let known = ["sqlite:", "postgres://", "postgresql://"];
        if value.is_empty() || known.iter().any(|scheme| value.starts_with(scheme)) {
            Ok(Self(value))
        } else {
            Err(InvalidValue("is to be sqlite:path, postgres://… or empty for SQLite in the data folder".into()))
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.redacted())
    }
}

/// The origin that people type: `https://host` with a port where it is not 443, and no path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicUrl {
    origin: String,
    host: String,
}

impl PublicUrl {
    /// As a browser writes it in the `Origin` header (RFC 6454): lower case, no default port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The host alone, without port or the brackets of IPv6.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// What a client sends as `Host`.
    pub fn authority(&self) -> &str {
        self.origin.trim_start_matches("https://")
    }

    /// Whether it names this machine only, so that promises about it must not bind the machine's other services.
    pub fn is_local(&self) -> bool {
        is_local_host(&self.host)
    }
}

/// `localhost` and its subdomains (RFC 6761), and loopback addresses.
pub(crate) fn is_local_host(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl Default for PublicUrl {
    fn default() -> Self {
        Self { origin: "https://localhost:8443".into(), host: "localhost".into() }
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidValue;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        let wrong = || InvalidValue("is to be an https address without a path, such as https://localhost:8443".into());
        let uri: Uri = value.trim().parse().map_err(|_| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?;
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none() && !authority.as_str().contains('@');
        if uri.scheme_str() != Some("https") || !bare || authority.host().is_empty() {
            return Err(wrong());
        }
        let written = authority.host().to_ascii_lowercase();
        let port = match authority.port() {
            Some(port) if port.as_u16() == 0 => return Err(wrong()),
            Some(port) if port.as_u16() != 443 => format!(":{}", port.as_u16()),
            _ => String::new(),
        };
        let host = written.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { origin: format!("https://{written}{port}"), host })
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = InvalidValue;

    fn try_from(value: String) -> Result<Self, Self::Error> {
        value.parse()
    }
}

impl From<PublicUrl> for String {
    fn from(value: PublicUrl) -> Self {
        value.origin
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

/// A network in CIDR notation (RFC 4632); an address alone is a network of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                u32::from(network) & mask == u32::from(address) & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                u128::from(network) & mask == u128::from(address) & mask
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = InvalidValue;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        let wrong = || InvalidValue(format!("`{value}` is to be an address or network such as 10.0.0.0/8 or fd00::/8"));
        let (address, prefix) = value.trim().split_once('/').map_or((value.trim(), None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(widest), |p| p.parse().map_err(|_| wrong()))?;
        if prefix > widest { Err(wrong()) } else { Ok(Self { address, prefix }) }
    }
}

impl TryFrom<String> for Network {
    type Error = InvalidValue;

    fn try_from(value: String) -> Result<Self, Self::Error> {
        value.parse()
    }
}

impl From<Network> for String {
    fn from(value: Network) -> Self {
        format!("{}/{}", value.address, value.prefix)
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum LogFormat {
    /// Pretty on a terminal, JSON otherwise.
    Auto,
    Pretty,
    Json,
}

impl TryFrom<String> for LogFormat {
    type Error = InvalidValue;

    fn try_from(value: String) -> Result<Self, Self::Error> {
        match value.as_str() {
            "auto" => Ok(Self::Auto),
            "pretty" => Ok(Self::Pretty),
            "json" => Ok(Self::Json),
            _ => Err(InvalidValue("is to be auto, pretty or json".into())),
        }
    }
}

impl From<LogFormat> for String {
    fn from(value: LogFormat) -> Self {
        match value {
            LogFormat::Auto => "auto",
            LogFormat::Pretty => "pretty",
            LogFormat::Json => "json",
        }
        .into()
    }
}

fn parse_address(value: &str) -> Result<std::net::SocketAddr, InvalidValue> {
    let value = value.trim();
    if let Some(port) = value.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    if let Some(port) = value.strip_prefix("*:").and_then(|port| port.parse().ok()) {
        return Ok((Ipv6Addr::UNSPECIFIED, port).into());
    }
    value.parse().map_err(|_| {
        InvalidValue("is to be an address with a port, such as 127.0.0.1:8443, 0.0.0.0:8443 or [::1]:8443".into())
    })
}

/// An address to listen on.
pub(super) mod address {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::net::SocketAddr;

    pub(crate) fn serialize<S: Serializer>(value: &SocketAddr, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
        super::parse_address(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// An address to listen on, or the empty string for none.
pub(super) mod optional_address {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::net::SocketAddr;

    #[expect(clippy::ref_option, reason = "serde hands the field by reference")]
    pub(crate) fn serialize<S: Serializer>(value: &Option<SocketAddr>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(address) => serializer.collect_str(address),
            None => serializer.serialize_str(""),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
        let value = String::deserialize(deserializer)?;
        if value.trim().is_empty() {
            return Ok(None);
        }
        super::parse_address(&value).map(Some).map_err(D::Error::custom)
    }
}
