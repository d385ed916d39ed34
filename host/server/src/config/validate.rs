//! What settings may be, beyond the shape of each. All faults are found before any is reported.

use super::values::is_local_host;
use super::{Config, Limits};
use figment::error::Kind;
use lignaflow_core::allowance::{Class, INSTANCES};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

/// One setting that cannot be used: which, where it was set, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub key: Option<String>,
    pub source: Option<String>,
    pub message: String,
}

impl Fault {
    pub(super) fn anywhere(message: String) -> Self {
        Self { key: None, source: None, message }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.key, &self.source) {
            (Some(key), Some(source)) => write!(f, "{key} {} ({source})", self.message),
            (Some(key), None) => write!(f, "{key} {}", self.message),
            (None, Some(source)) => write!(f, "{source}: {}", self.message),
            (None, None) => f.write_str(&self.message),
        }
    }
}

/// The settings cannot be used. Displays one line a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    faults: Vec<Fault>,
}

impl ConfigError {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        Self { faults }
    }

    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.faults.as_slice() {
            [only] => write!(f, "the configuration cannot be used: {only}"),
            faults => {
                write!(f, "the configuration cannot be used, it has {} faults:", faults.len())?;
                faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
            }
        }
    }
}

/// Why a value could not be read, without the value where it may be a secret.
pub(super) fn reason(kind: &Kind, key: &str) -> String {
    let secret = matches!(
        key,
        "secret_key"
            | "former_secret_keys"
            | "database_url"
            | "server.metrics_token"
            | "mail.password"
            | "media.s3_access_key"
            | "media.s3_secret_key"
    );
    match kind {
        Kind::Message(message) => message.clone(),
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) if secret => {
            format!("is to be {}", plain(expected))
        }
        Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
            format!("is to be {}, not {actual}", plain(expected))
        }
        Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => "is out of range".into(),
        other => other.to_string(),
    }
}

/// serde's name for a type, in words.
fn plain(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "a string" | "string" | "path string" => "text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        other if other.starts_with("struct ") => "a table",
        other => other,
    }
}

pub(super) fn check(config: &Config, sources: &BTreeMap<String, String>, faults: &mut Vec<Fault>) {
    let mut fault = |key: &str, message: String| {
        // A key whose value could not be read has been reported and stands at its default.
        if !faults.iter().any(|fault| fault.key.as_deref() == Some(key)) {
            faults.push(Fault { key: Some(key.to_owned()), source: sources.get(key).cloned(), message });
        }
    };
    for (key, value, range) in ranges(config) {
        if !range.contains(&value) {
            fault(key, format!("is {value}, and is to be between {} and {}", range.start(), range.end()));
        }
    }
    for (key, path) in
        [("data_dir", &config.data_dir), ("certs_dir", &config.certs_dir), ("plugins_dir", &config.plugins_dir)]
    {
        if path.as_os_str().is_empty() {
            fault(key, "is to be a folder, not empty".into());
        }
    }
    let key_length = config.secret_key.expose().len();
    if (1..32).contains(&key_length) {
        fault("secret_key", "is too short to be safe: at least 32 characters, or empty to have one made".into());
    }
    if config.former_secret_keys.iter().any(|key| (1..32).contains(&key.expose().len())) {
        fault("former_secret_keys", "has one of less than 32 characters, which was no secret key".into());
    }
    if config.identity.second_factor.parse::<lignaflow_identity::Demand>().is_err() {
        fault("identity.second_factor", "is to be nobody, administrators or everybody".into());
    }
    let token_length = config.server.metrics_token.expose().len();
    if (1..16).contains(&token_length) {
        fault("server.metrics_token", "is too short to be safe: at least 16 characters, or empty".into());
    }
    if config.server.http == Some(config.server.https) && config.server.https.port() != 0 {
        fault("server.http", format!("is {}, which is where HTTPS is served", config.server.https));
    }
    match (config.tls.certificate.as_os_str().is_empty(), config.tls.key.as_os_str().is_empty()) {
        (true, false) => fault("tls.certificate", "is to be set too, since tls.key is".into()),
        (false, true) => fault("tls.key", "is to be set too, since tls.certificate is".into()),
        _ => {}
    }
    for host in &config.server.allowed_hosts {
        if !is_host_pattern(host) {
            fault("server.allowed_hosts", format!("has `{host}`, which is no host name, `.example.com` or `*`"));
        }
    }
    if let Err(error) = tracing_subscriber::EnvFilter::builder().parse(&config.log.level) {
        fault("log.level", format!("is to be error, warn, info, debug, trace or directives of them: {error}"));
    }
    if let Err(message) = crate::media::Place::of(config) {
        fault("media.url", message);
    }
    for pattern in &config.media.types {
        if !lignaflow_core::media::is_pattern(pattern) {
            fault("media.types", format!("has `{pattern}`, which is no type such as image/* or application/pdf"));
        }
    }
    if config.media.s3_access_key.is_empty() != config.media.s3_secret_key.is_empty() {
        fault("media.s3_secret_key", "is to be set together with media.s3_access_key, or neither".into());
    }
    for (key, message) in config.mail.faults(config.server.public_url.host()) {
        fault(key, message);
    }
    for class in Class::ALL {
        for (bound, message) in config.plugins.class(class).faults() {
            fault(&format!("plugins.{}.{}", class.as_str(), bound.as_str()), message);
        }
    }
}

fn ranges(config: &Config) -> Vec<(&'static str, u64, RangeInclusive<u64>)> {
    let server = &config.server;
    let plugins = &config.plugins;
    let wide = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
    let mut ranges = vec![
        ("server.handshake_seconds", server.handshake_seconds, 1..=300),
        ("server.head_seconds", server.head_seconds, 1..=300),
        ("server.body_seconds", server.body_seconds, 1..=3_600),
        ("server.request_seconds", server.request_seconds, 1..=3_600),
        ("server.idle_seconds", server.idle_seconds, 1..=3_600),
        ("server.write_seconds", server.write_seconds, 1..=3_600),
        ("server.shutdown_seconds", server.shutdown_seconds, 0..=3_600),
        ("server.body_bytes", server.body_bytes, 1_024..=1 << 30),
        ("server.connections", wide(server.connections), 1..=1_000_000),
        ("server.requests", wide(server.requests), 1..=100_000),
        ("identity.session_idle_days", u64::from(config.identity.session_idle_days), 1..=365),
        ("identity.session_days", u64::from(config.identity.session_days), 1..=365),
        ("identity.device_days", u64::from(config.identity.device_days), 1..=365),
        ("identity.invitation_days", u64::from(config.identity.invitation_days), 1..=90),
        ("plugins.instances", u64::from(plugins.instances), 1..=10_000),
        ("plugins.instances_of_one", plugins.instances_of_one, INSTANCES),
        ("plugins.queue_ms", plugins.queue_ms, 0..=60_000),
        ("plugins.stack_bytes", wide(plugins.stack_bytes), 65_536..=8 << 20),
        ("plugins.file_bytes", plugins.file_bytes, 1_024..=1 << 30),
        ("plugins.compile_memory_bytes", plugins.compile_memory_bytes, 64 << 20..=64 << 30),
        ("plugins.compile_seconds", plugins.compile_seconds, 1..=3_600),
        ("media.file_bytes", config.media.file_bytes, 1_024..=1 << 40),
        ("media.organization_bytes", config.media.organization_bytes, 1_024..=1 << 50),
        ("jobs.at_once", u64::from(config.jobs.at_once), 1..=64),
        ("jobs.keep_days", u64::from(config.jobs.keep_days), 1..=3_650),
        ("mail.port", u64::from(config.mail.port), 0..=65_535),
        ("outbound.keep_days", u64::from(config.outbound.keep_days), 1..=3_650),
        ("mail.keep_days", u64::from(config.mail.keep_days), 1..=3_650),
        ("imports.file_bytes", config.imports.file_bytes, 1_024..=1 << 30),
        ("imports.rows", u64::from(config.imports.rows), 1..=1_048_575),
        ("imports.columns", u64::from(config.imports.columns), 1..=1_000),
        ("imports.cell_characters", u64::from(config.imports.cell_characters), 1..=1_000_000),
        ("imports.memory_bytes", config.imports.memory_bytes, 64 << 20..=8 << 30),
        ("imports.cpu_seconds", config.imports.cpu_seconds, 1..=600),
        ("documents.memory_bytes", config.documents.memory_bytes, 128 << 20..=8 << 30),
        ("documents.cpu_seconds", config.documents.cpu_seconds, 1..=600),
        ("database.max_connections", u64::from(config.database.max_connections), 1..=1_000),
        ("database.acquire_seconds", config.database.acquire_seconds, 1..=300),
        ("cache.bytes", wide(config.cache.bytes), 0..=64 << 30),
    ];
    let Limits {
        signed_in_per_minute,
        signed_in_burst,
        anonymous_per_minute,
        anonymous_burst,
        sign_in_per_minute,
        sign_in_burst,
    } = config.limits;
    ranges.extend([
        ("limits.signed_in_per_minute", u64::from(signed_in_per_minute), 0..=60_000_000),
        ("limits.signed_in_burst", u64::from(signed_in_burst), 1..=1_000_000),
        ("limits.anonymous_per_minute", u64::from(anonymous_per_minute), 0..=60_000_000),
        ("limits.anonymous_burst", u64::from(anonymous_burst), 1..=1_000_000),
        ("limits.sign_in_per_minute", u64::from(sign_in_per_minute), 0..=60_000),
        ("limits.sign_in_burst", u64::from(sign_in_burst), 1..=60_000),
    ]);
    ranges
}

fn is_host_pattern(pattern: &str) -> bool {
    if pattern == "*" || is_local_host(pattern) {
        return true;
    }
    let name = pattern.strip_prefix('.').unwrap_or(pattern);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<std::net::IpAddr>().is_ok()
        || (!name.is_empty()
            && name.split('.').all(|label| {
                !label.is_empty()
                    && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            }))
}
