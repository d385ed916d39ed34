//! The certificate that the server shows: the operator's own, or a leaf of an authority made for this machine. It can
//! be replaced while the server runs.

mod authority;
mod pem;
mod probe;
mod trust;
mod validity;

#[cfg(test)]
mod tests;

pub use probe::{ProbeError, probe};
pub use trust::{Trust, TrustError, trust};

use crate::config::Config;
use crate::shutdown::Shutdown;
use arc_swap::ArcSwap;
use lignaflow_core::clock::Clock;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often it is looked whether the leaf is near its end.
const LOOK_EVERY: Duration = Duration::from_hours(12);

/// The certificate cannot be used or made. Each names the file and what is wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{path} cannot be read")]
    Read { path: PathBuf, source: io::Error },
    #[error("{path} cannot be written")]
    Write { path: PathBuf, source: io::Error },
    #[error("{path} is not PEM: {reason}")]
    NotPem { path: PathBuf, reason: String },
    #[error("{path} holds no {what}")]
    Missing { path: PathBuf, what: &'static str },
    #[error("the key in {path} is encrypted; give it without a passphrase")]
    Encrypted { path: PathBuf },
    #[error("the key in {key} does not belong to the certificate in {certificate}{advice}")]
    Mismatch { certificate: PathBuf, key: PathBuf, advice: &'static str },
    #[error("the certificate in {path} or its key cannot be used: {reason}")]
    Unusable { path: PathBuf, reason: String },
    #[error("no certificate can be made")]
    Make(#[from] rcgen::Error),
    #[error("TLS cannot be set up")]
    Setup(#[from] rustls::Error),
}

/// The one provider of cryptography of this program.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Makes [`provider`] the process's default, for the libraries that ask for it. Call it first.
pub fn install_provider() {
    // The second call finds the same provider there.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

#[derive(Debug)]
enum Source {
    Own { certificate: PathBuf, key: PathBuf },
    Local(authority::Local),
}

impl Source {
    fn of(config: &Config) -> Self {
        match config.tls.own() {
            Some((certificate, key)) => Self::Own { certificate: certificate.into(), key: key.into() },
            None => Self::Local(authority::Local::new(&config.certs_dir, config.server.public_url.host())),
        }
    }

    fn load(&self, now: SystemTime) -> Result<CertifiedKey, TlsError> {
        match self {
            Self::Own { certificate, key } => {
                let loaded = pem::certified(certificate, key, "")?;
                if validity::seconds_left(&loaded.cert, now).is_some_and(|left| left <= 0) {
                    tracing::error!(file = %certificate.display(), "the certificate has expired: clients will refuse it");
                }
                Ok(loaded)
            }
            Self::Local(local) => local.ensure(now),
        }
    }
}

/// The certificate in use, and where it comes from.
#[derive(Debug)]
pub struct Certificates {
    source: Source,
    clock: Arc<dyn Clock>,
    live: Arc<Live>,
}

impl Certificates {
    /// Loads the configured certificate, or makes the local authority and leaf where they are missing or near their
    /// end.
    pub fn prepare(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, TlsError> {
        let source = Source::of(config);
        let loaded = source.load(instant(&*clock))?;
        measure(&loaded);
        Ok(Self { source, clock, live: Arc::new(Live(ArcSwap::from_pointee(loaded))) })
    }

    /// Reads the files again, or renews the leaf. New connections get the new certificate; on an error all keep the
    /// old one.
    pub fn reload(&self) -> Result<(), TlsError> {
        let loaded = self.source.load(instant(&*self.clock))?;
        measure(&loaded);
        self.live.0.store(Arc::new(loaded));
        Ok(())
    }

    /// [`Certificates::reload`], with its outcome in the log.
    pub fn reload_and_tell(&self) {
        match self.reload() {
            Ok(()) => tracing::debug!("the certificate has been read again"),
            Err(error) => {
                let reason = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                tracing::error!(%error, reason, "the certificate in use stays, since the new one cannot be used");
            }
        }
    }

    /// Renews the leaf before its end for as long as the server runs.
    pub async fn keep_fresh(self: Arc<Self>, shutdown: Shutdown) {
        while tokio::time::timeout(LOOK_EVERY, shutdown.begun()).await.is_err() {
            let certificates = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || certificates.reload_and_tell()).await;
            if let Err(error) = looked {
                tracing::error!(%error, "the certificate could not be looked after");
            }
        }
    }

    /// TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let resolver: Arc<dyn ResolvesServerCert> = Arc::clone(&self.live) as _;
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Tickets keep the state of a session with the client: nothing grows here.
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()?;
        Ok(Arc::new(config))
    }

    /// The local authority's certificate, which clients must trust; none with a certificate of one's own.
    pub fn authority(&self) -> Option<PathBuf> {
        match &self.source {
            Source::Own { .. } => None,
            Source::Local(local) => Some(local.authority_file()),
        }
    }
}

/// Held at the moment of the test: clients verify against the machine's clock.
#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the clients of the tests read it too")]
pub(crate) fn clock_of_today() -> Arc<dyn Clock> {
    Arc::new(lignaflow_core::clock::HeldClock::at(jiff::Timestamp::now().as_microsecond()))
}

/// The files that hold the certificate that is shown.
fn shown_file(config: &Config) -> PathBuf {
    match Source::of(config) {
        Source::Own { certificate, .. } => certificate,
        Source::Local(local) => local.leaf_file(),
    }
}

/// The local authority's certificate file in a folder.
pub fn authority_file(certs_dir: &Path) -> PathBuf {
    authority::Local::new(certs_dir, "localhost").authority_file()
}

/// The clock's now, as certificates have it.
fn instant(clock: &dyn Clock) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(clock.now()).unwrap_or(0))
}

fn measure(loaded: &CertifiedKey) {
    if let Some(end) = validity::end(&loaded.cert) {
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; seconds are exact in it for ages")]
        metrics::gauge!("tls_certificate_expires_timestamp_seconds").set(end as f64);
    }
}

/// Gives every handshake the certificate of the moment.
#[derive(Debug)]
struct Live(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Live {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}
