//! Every setting, typed and documented, with its default. `load` says where values come from, `validate` what they
//! may be, `show` prints what is in force. `config/lignaflow.toml` repeats this tree with comments; a test holds
//! the two together.

mod keys;
mod load;
mod mail;
mod show;
mod validate;
mod values;

#[cfg(test)]
mod tests;

pub use load::{Flag, Inputs, Loaded, load};
pub use mail::{Mail, MailSecurity};
pub use show::show;
pub use validate::{ConfigError, Fault};
pub(crate) use values::is_local_host;
pub use values::{DatabaseUrl, InvalidValue, LogFormat, Network, PublicUrl, Secret};

use lignaflow_core::allowance::{Allowance, Bounds, Class};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The folder's name of the settings' file, relative to where the program is started.
pub const DEFAULT_FILE: &str = "config/lignaflow.toml";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Where the SQLite database, compiled plugins and files live.
    pub data_dir: PathBuf,
    /// `sqlite:path` or `postgres://…`; empty is SQLite in the data folder.
    pub database_url: DatabaseUrl,
    /// Where the local certificate authority and its leaf live.
    pub certs_dir: PathBuf,
    /// A folder of plugins offered at start, beside those inside the program; it need not exist.
    pub plugins_dir: PathBuf,
    /// Signs what leaves the server and must come back unchanged. Empty: made on first start, kept in the data folder.
    pub secret_key: Secret,
    /// Keys that were before: what they sealed is still opened.
    pub former_secret_keys: Vec<Secret>,
    pub server: Server,
    pub tls: Tls,
    pub limits: Limits,
    pub identity: Identity,
    pub plugins: Plugins,
    pub webhooks: Webhooks,
    pub outbound: Outbound,
    pub jobs: Jobs,
    pub mail: Mail,
    pub media: Media,
    pub imports: Imports,
    pub documents: Documents,
    pub database: Database,
    pub cache: Cache,
    pub log: Log,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Where HTTPS is served.
    #[serde(with = "values::address")]
    pub https: SocketAddr,
    /// Where plain HTTP redirects to `public_url`; none is off.
    #[serde(with = "values::optional_address")]
    pub http: Option<SocketAddr>,
    /// The address that people type. Links, redirects and the cross-origin check are made from it alone.
    pub public_url: PublicUrl,
    /// Host names that are answered; `.example.com` includes subdomains, `*` is any. Empty is any.
    pub allowed_hosts: Vec<String>,
    /// Networks of reverse proxies whose `X-Forwarded-For` and `X-Request-Id` are believed.
    pub trusted_proxies: Vec<Network>,
    /// Lets `/metrics` be read from elsewhere with `Authorization: Bearer`; empty: from this machine only.
    pub metrics_token: Secret,
    /// Seconds for a TLS handshake.
    pub handshake_seconds: u64,
    /// Seconds for the head of a request to arrive, and for the first request on a connection.
    pub head_seconds: u64,
    /// Seconds for a body to arrive; each 16 KiB that has arrived gives one more.
    pub body_seconds: u64,
    /// Seconds for a request to be answered.
    pub request_seconds: u64,
    /// Seconds that an HTTP/2 connection without requests stays open.
    pub idle_seconds: u64,
    /// Seconds that a client may leave an answer untaken.
    pub write_seconds: u64,
    /// Seconds that requests under way are given when the server stops.
    pub shutdown_seconds: u64,
    /// Largest request body in bytes; uploads have a limit of their own.
    pub body_bytes: u64,
    /// Open connections, all clients together.
    pub connections: usize,
    /// Requests under way at once; those beyond are answered 503.
    pub requests: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    /// PEM file with the certificate chain, leaf first; empty is a leaf of the local authority.
    pub certificate: PathBuf,
    /// PEM file with the certificate's private key.
    pub key: PathBuf,
}

/// Rates are requests a minute; a burst is what may come at once. A rate of 0 is no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// For one session or token.
    pub signed_in_per_minute: u32,
    pub signed_in_burst: u32,
    /// For one address without a session or token that is known to be good.
    pub anonymous_per_minute: u32,
    pub anonymous_burst: u32,
    /// Attempts to sign in, for one address and for one account.
    pub sign_in_per_minute: u32,
    pub sign_in_burst: u32,
}

/// How long people stay signed in, and how long they may take to join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Days after which a session that is not used ends.
    pub session_idle_days: u32,
    /// Days after which a session ends however much it is used.
    pub session_days: u32,
    /// Days for which an invitation serves where nothing else is said.
    pub invitation_days: u32,
    /// Of whom a second factor is asked, whatever their organization asks: `nobody`, `administrators`, `everybody`.
    pub second_factor: String,
    /// Days after which a session that a PIN opened on an enrolled device is over.
    pub device_days: u32,
    /// Whether people may make organizations by themselves.
    pub sign_up: bool,
}

/// What plugins may use, where an administrator set nothing else for one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plugins {
    /// Instances alive at once, all plugins together.
    pub instances: u32,
    /// Instances of one plugin alive at once.
    pub instances_of_one: u64,
    /// Milliseconds that a call waits for an instance before it is refused.
    pub queue_ms: u64,
    /// Stack that a call may have, in bytes.
    pub stack_bytes: usize,
    /// Largest plugin file in bytes.
    pub file_bytes: u64,
    /// Memory that compiling a plugin may use, in bytes.
    pub compile_memory_bytes: u64,
    /// Seconds of computing that compiling a plugin may take.
    pub compile_seconds: u64,
    /// A call before records are saved.
    pub hook: Bounds,
    pub route: Bounds,
    /// One slice of a job.
    pub job: Bounds,
    pub subscriber: Bounds,
    /// A call by another plugin.
    pub service: Bounds,
    /// One portion of records that are carried over.
    pub migration: Bounds,
}

impl Plugins {
    pub const fn class(&self, class: Class) -> &Bounds {
        match class {
            Class::Hook => &self.hook,
            Class::Route => &self.route,
            Class::Job => &self.job,
            Class::Subscriber => &self.subscriber,
            Class::Service => &self.service,
            Class::Migration => &self.migration,
        }
    }

    /// Changes the bounds of every class.
    pub fn each(&mut self, change: impl Fn(&mut Bounds)) {
        let Self { hook, route, job, subscriber, service, migration, .. } = self;
        for bounds in [hook, route, job, subscriber, service, migration] {
            change(bounds);
        }
    }

    /// What calls may use where nothing else is set for a plugin.
    pub fn allowance(&self) -> Allowance {
        Allowance {
            hook: self.hook.clone(),
            route: self.route.clone(),
            job: self.job.clone(),
            subscriber: self.subscriber.clone(),
            service: self.service.clone(),
            migration: self.migration.clone(),
            instances: self.instances_of_one,
            queue_ms: self.queue_ms,
        }
    }
}

/// What plugins do without a caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jobs {
    /// What one host does at once, all organizations together.
    pub at_once: u32,
    /// Days for which jobs that ended are kept.
    pub keep_days: u32,
}

/// Changes told elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhooks {
    /// Lets webhooks go to addresses inside this host's own network, and over plain HTTP.
    pub private: bool,
}

/// What plugins send to hosts that they were granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbound {
    /// Lets them send to addresses inside this host's own network.
    pub private: bool,
    /// PEM file with certificates of authorities that are believed beside the machine's own; empty is none.
    pub authority: PathBuf,
    /// Days for which it is known what left.
    pub keep_days: u32,
}

/// Files that records hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Where their bytes are kept: a folder, or `s3://bucket/prefix`; empty is `media` in the data folder.
    pub url: String,
    /// Largest file in bytes.
    pub file_bytes: u64,
    /// What the files of one organization may come to, in bytes.
    pub organization_bytes: u64,
    /// Types that are taken, by what a file's first bytes say: `image/*`, `application/pdf`.
    pub types: Vec<String>,
    /// The address of an S3-compatible service; empty is Amazon's for the region.
    pub s3_endpoint: String,
    pub s3_region: String,
    /// The key of the bucket; empty is what the environment or the machine's role gives.
    pub s3_access_key: Secret,
    pub s3_secret_key: Secret,
}

/// What a file may have that becomes records, and what reading it may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imports {
    /// Largest file in bytes.
    pub file_bytes: u64,
    /// Rows under the heads.
    pub rows: u32,
    pub columns: u16,
    /// Characters of one cell.
    pub cell_characters: u32,
    /// Memory of the process that reads, in bytes.
    pub memory_bytes: u64,
    /// Seconds of computing of the process that reads.
    pub cpu_seconds: u64,
}

/// What making one document may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Documents {
    /// Memory of the process that makes it, in bytes.
    pub memory_bytes: u64,
    /// Seconds of computing of that process.
    pub cpu_seconds: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Open connections at most; on SQLite these are the readers, beside the one writer.
    pub max_connections: u32,
    /// Seconds to wait for a free connection.
    pub acquire_seconds: u64,
}

/// Results of reads, kept until something that they rest on changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cache {
    /// Bytes of memory for all of them together; 0 keeps none.
    pub bytes: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// A level (`error` to `trace`), or directives as `RUST_LOG` takes them; `RUST_LOG` itself wins.
    pub level: String,
    pub format: LogFormat,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "data".into(),
            database_url: DatabaseUrl::default(),
            certs_dir: "certs".into(),
            plugins_dir: "plugins/dist".into(),
            secret_key: Secret::default(),
            former_secret_keys: Vec::new(),
            server: Server::default(),
            tls: Tls { certificate: PathBuf::new(), key: PathBuf::new() },
            limits: Limits::default(),
            identity: Identity {
                session_idle_days: 14,
                session_days: 90,
                invitation_days: 7,
                second_factor: "nobody".into(),
                device_days: 90,
                sign_up: false,
            },
            plugins: Plugins::default(),
            webhooks: Webhooks { private: false },
            outbound: Outbound { private: false, authority: PathBuf::new(), keep_days: 30 },
            jobs: Jobs { at_once: 4, keep_days: 30 },
            mail: Mail::default(),
            media: Media::default(),
            imports: Imports::default(),
            documents: Documents { memory_bytes: 536_870_912, cpu_seconds: 10 },
            database: Database { max_connections: 16, acquire_seconds: 2 },
            cache: Cache { bytes: 32 << 20 },
            log: Log { level: "info".into(), format: LogFormat::Auto },
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            https: SocketAddr::from((Ipv4Addr::LOCALHOST, 8443)),
            http: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
            public_url: PublicUrl::default(),
            allowed_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            metrics_token: Secret::default(),
            handshake_seconds: 10,
            head_seconds: 10,
            body_seconds: 10,
            request_seconds: 30,
            idle_seconds: 60,
            write_seconds: 30,
            shutdown_seconds: 10,
            body_bytes: 1_048_576,
            connections: 10_000,
            requests: 4_096,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            signed_in_per_minute: 60_000,
            signed_in_burst: 2_000,
            anonymous_per_minute: 1_200,
            anonymous_burst: 300,
            sign_in_per_minute: 10,
            sign_in_burst: 10,
        }
    }
}

impl Default for Plugins {
    fn default() -> Self {
        Self {
            instances: 64,
            instances_of_one: 32,
            queue_ms: 1_000,
            stack_bytes: 524_288,
            file_bytes: 33_554_432,
            compile_memory_bytes: 1_073_741_824,
            compile_seconds: 60,
            hook: Bounds::usual(Class::Hook),
            route: Bounds::usual(Class::Route),
            job: Bounds::usual(Class::Job),
            subscriber: Bounds::usual(Class::Subscriber),
            service: Bounds::usual(Class::Service),
            migration: Bounds::usual(Class::Migration),
        }
    }
}

impl Default for Media {
    fn default() -> Self {
        let types = [
            "image/*",
            "application/pdf",
            "text/plain",
            "text/csv",
            "text/markdown",
            "text/calendar",
            "message/rfc822",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            "application/vnd.oasis.opendocument.text",
            "application/vnd.oasis.opendocument.spreadsheet",
            "application/vnd.oasis.opendocument.presentation",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.ms-outlook",
            "application/zip",
            "model/*",
            "audio/*",
            "video/*",
        ];
        Self {
            url: String::new(),
            file_bytes: 52_428_800,
            organization_bytes: 10_737_418_240,
            types: types.map(str::to_owned).to_vec(),
            s3_endpoint: String::new(),
            s3_region: "us-east-1".into(),
            s3_access_key: Secret::default(),
            s3_secret_key: Secret::default(),
        }
    }
}

impl Default for Imports {
    fn default() -> Self {
        Self {
            file_bytes: 33_554_432,
            rows: 250_000,
            columns: 200,
            cell_characters: 100_000,
            memory_bytes: 536_870_912,
            cpu_seconds: 30,
        }
    }
}

impl Config {
    /// The database that is spoken to, with the empty setting resolved.
    pub fn database(&self) -> String {
        if self.database_url.is_empty() {
            format!("sqlite:{}", self.data_dir.join("lignaflow.db").display())
        } else {
            self.database_url.expose().to_owned()
        }
    }
}

impl Tls {
    /// The operator's own certificate and key, where both are set.
    pub fn own(&self) -> Option<(&Path, &Path)> {
        (!self.certificate.as_os_str().is_empty()).then_some((&self.certificate, &self.key))
    }
}

impl Server {
    pub fn handshake(&self) -> Duration {
        Duration::from_secs(self.handshake_seconds)
    }

    pub fn head(&self) -> Duration {
        Duration::from_secs(self.head_seconds)
    }

    pub fn body(&self) -> Duration {
        Duration::from_secs(self.body_seconds)
    }

    pub fn request(&self) -> Duration {
        Duration::from_secs(self.request_seconds)
    }

    pub fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds)
    }

    pub fn write(&self) -> Duration {
        Duration::from_secs(self.write_seconds)
    }

    pub fn shutdown(&self) -> Duration {
        Duration::from_secs(self.shutdown_seconds)
    }
}
