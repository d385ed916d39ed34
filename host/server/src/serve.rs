//! Listens and serves until told to stop. The listeners are bound and the certificate is loaded before anything else
//! is begun, so that what is wrong with either is said at once.

use crate::config::Config;
use crate::listener::{self, BindError, Deadlines, Drained, Transport};
use crate::metrics::Metrics;
use crate::redirect;
use crate::shutdown::{self, Shutdown};
use crate::tls::{Certificates, TlsError};
use axum::Router;
use lignaflow_core::clock::Clock;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("a listener does not say where it listens")]
    Address(#[from] io::Error),
}

/// The sockets and the certificate of a server that does not serve yet.
#[derive(Debug)]
pub struct Server {
    https: TcpListener,
    https_address: SocketAddr,
    http: Option<TcpListener>,
    http_address: Option<SocketAddr>,
    certificates: Arc<Certificates>,
}

impl Server {
    /// Loads the certificate, made where there is none, and listens at `server.https` and `server.http`. Port 0 is a
    /// free one.
    pub fn bind(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let https = listener::bind(config.server.https, "server.https")?;
        let http = config.server.http.map(|address| listener::bind(address, "server.http")).transpose()?;
        let certificates = Arc::new(Certificates::prepare(config, clock)?);
        Ok(Self {
            https_address: https.local_addr()?,
            http_address: http.as_ref().map(TcpListener::local_addr).transpose()?,
            https,
            http,
            certificates,
        })
    }

    /// Where HTTPS is served.
    pub fn https(&self) -> SocketAddr {
        self.https_address
    }

    /// Where plain HTTP redirects, if anywhere.
    pub fn http(&self) -> Option<SocketAddr> {
        self.http_address
    }

    /// The local authority's certificate file; none with a certificate of the operator's own.
    pub fn authority(&self) -> Option<PathBuf> {
        self.certificates.authority()
    }

    /// Serves `router`, which has been through [`crate::middleware::stack`], until the shutdown begins and what was
    /// under way then is finished or its time is up.
    pub async fn run(
        self,
        router: Router,
        config: &Config,
        metrics: Metrics,
        shutdown: Shutdown,
    ) -> Result<Drained, StartError> {
        let mut deadlines = Deadlines::from(&config.server);
        deadlines.connections = listener::room_for_connections(deadlines.connections);
        let transport = Transport::Tls(self.certificates.server_config()?);
        let fresh = tokio::spawn(Arc::clone(&self.certificates).keep_fresh(shutdown.clone()));
        let upkeep = tokio::spawn(metrics.upkeep(shutdown.clone()));

        let https = listener::serve(self.https, transport, router, deadlines, shutdown.clone());
        let redirects = redirect::router(config.server.public_url.clone());
        let http = async {
            match self.http {
                Some(tcp) => listener::serve(tcp, Transport::Plain, redirects, deadlines, shutdown.clone()).await,
                None => Drained { broken_off: 0 },
            }
        };
        let (https, http) = tokio::join!(https, http);
        for task in [fresh, upkeep] {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task beside the listeners ended badly");
            }
        }
        shutdown.settled().await;
        Ok(Drained { broken_off: https.broken_off + http.broken_off })
    }

    /// Stops on SIGTERM and SIGINT, and reads the certificate again on SIGHUP, from here on.
    pub fn listen_to_signals(&self, shutdown: Shutdown) {
        let certificates = Arc::clone(&self.certificates);
        let reload = move || {
            let certificates = Arc::clone(&certificates);
            // Files and keys are work for another thread; the outcome is in the log.
            tokio::task::spawn_blocking(move || certificates.reload_and_tell());
        };
        tokio::spawn(async move {
            if let Err(error) = shutdown::on_signals(shutdown, reload).await {
                tracing::error!(%error, "signals cannot be listened to");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn config(folder: &tempfile::TempDir) -> Config {
        let mut config = Config { certs_dir: folder.path().into(), ..Config::default() };
        config.server.https = "127.0.0.1:0".parse().unwrap();
        config.server.http = Some("127.0.0.1:0".parse().unwrap());
        config
    }

    #[tokio::test]
    async fn a_server_starts_on_free_ports_answers_on_both_and_stops() {
        crate::tls::install_provider();
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder);
        let server = Server::bind(&config, crate::tls::clock_of_today()).unwrap();
        let authority = std::fs::read(server.authority().unwrap()).unwrap();
        let (https, http) = (server.https(), server.http().unwrap());
        let shutdown = Shutdown::new(Duration::from_secs(5));
        let router = Router::new().route("/", axum::routing::get(async || "here"));
        let metrics = Metrics::install().unwrap();
        let stop = shutdown.clone();
        let task = tokio::spawn(async move { server.run(router, &config, metrics, stop).await });

        let client = reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(&authority).unwrap()])
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let answer = client.get(format!("https://{https}/")).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "here");
        let moved = client.get(format!("http://{http}/a")).send().await.unwrap();
        assert_eq!(moved.headers()["location"], "https://localhost:8443/a");
        shutdown.begin();
        assert_eq!(task.await.unwrap().unwrap(), Drained { broken_off: 0 });
    }

    #[tokio::test]
    async fn a_port_in_use_is_said_before_a_certificate_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(&folder);
        let taken = listener::bind(config.server.https, "server.https").unwrap();
        config.server.https = taken.local_addr().unwrap();
        let error = Server::bind(&config, crate::tls::clock_of_today()).unwrap_err().to_string();
        assert!(error.contains("the port is in use"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
