use super::*;
use crate::config::Config;
use crate::tls::{Certificates, clock_of_today, install_provider, provider};
use axum::body::{Body, Bytes};
use axum::extract::Extension;
use axum::routing::get;
use futures_util::stream;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::convert::Infallible;
use std::path::Path;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Only so that a test that fails ends: nothing below waits for it to pass.
const HANG: Duration = Duration::from_secs(20);
const SECOND: Duration = Duration::from_secs(1);

const DEADLINES: Deadlines =
    Deadlines { connections: 100, handshake: SECOND, head: SECOND, idle: SECOND, write: SECOND };

/// A whole listener on a port of its own.
struct Running {
    address: SocketAddr,
    shutdown: Shutdown,
    task: JoinHandle<Drained>,
    certificates: Arc<Certificates>,
    folder: TempDir,
}

impl Running {
    fn start(router: Router) -> Self {
        Self::start_with(router, DEADLINES, HANG)
    }

    fn start_with(router: Router, deadlines: Deadlines, grace: Duration) -> Self {
        install_provider();
        let folder = tempfile::tempdir().unwrap();
        let config = Config { certs_dir: folder.path().into(), ..Config::default() };
        let certificates = Arc::new(Certificates::prepare(&config, clock_of_today()).unwrap());
        let transport = Transport::Tls(certificates.server_config().unwrap());
        let tcp = bind("127.0.0.1:0".parse().unwrap(), "server.https").unwrap();
        let address = tcp.local_addr().unwrap();
        let shutdown = Shutdown::new(grace);
        let task = tokio::spawn(serve(tcp, transport, router, deadlines, shutdown.clone()));
        Self { address, shutdown, task, certificates, folder }
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    /// A client that believes this listener's authority and no other.
    fn client(&self) -> reqwest::ClientBuilder {
        let authority = reqwest::Certificate::from_pem(&std::fs::read(self.folder.path().join("ca.pem")).unwrap());
        reqwest::Client::builder().tls_certs_only([authority.unwrap()]).no_proxy()
    }

    async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn tls(&self, protocol: &str) -> TlsStream<TcpStream> {
        tls(self.address, self.folder.path(), protocol).await
    }

    async fn stopped(self) -> Drained {
        within(self.task).await.unwrap()
    }
}

async fn tls(address: SocketAddr, folder: &Path, protocol: &str) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("ca.pem")).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
}

async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(HANG, future).await.expect("it hangs")
}

/// All that comes until the other side closes, however it does.
async fn until_closed(mut stream: impl tokio::io::AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = within(stream.read_to_end(&mut bytes)).await;
    bytes
}

fn hello() -> Router {
    Router::new().route("/", get(async |Extension(Peer(peer)): Extension<Peer>| peer.ip().to_string()))
}

/// A handler that says when it was entered and answers when it may.
fn waiting() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (entered, may_answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (inside, gate) = (Arc::clone(&entered), Arc::clone(&may_answer));
    let handler = get(async move || {
        inside.notify_one();
        gate.notified().await;
        "done"
    });
    (Router::new().route("/", handler), entered, may_answer)
}

#[tokio::test]
async fn http2_and_http1_are_served_as_the_client_asks() {
    let running = Running::start(hello());
    let http2 = running.client().build().unwrap().get(running.url("/")).send().await.unwrap();
    assert_eq!(http2.version(), reqwest::Version::HTTP_2);
    assert_eq!(http2.text().await.unwrap(), "127.0.0.1", "handlers are told the peer");
    let http1 = running.client().http1_only().build().unwrap().get(running.url("/")).send().await.unwrap();
    assert_eq!((http1.version(), http1.status().as_u16()), (reqwest::Version::HTTP_11, 200));
}

#[tokio::test]
async fn tls_12_and_13_are_spoken() {
    let running = Running::start(hello());
    for version in [reqwest::tls::Version::TLS_1_2, reqwest::tls::Version::TLS_1_3] {
        let client = running.client().tls_version_min(version).tls_version_max(version).build().unwrap();
        assert_eq!(client.get(running.url("/")).send().await.unwrap().status(), 200, "{version:?}");
    }
}

#[tokio::test]
async fn a_silent_socket_is_dropped() {
    let running = Running::start(hello());
    assert_eq!(until_closed(running.tcp().await).await, b"");
}

#[tokio::test]
async fn a_handshake_that_stalls_half_way_is_dropped() {
    let running = Running::start(hello());
    let mut stream = running.tcp().await;
    stream.write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
    until_closed(stream).await;
}

#[tokio::test]
async fn a_slow_head_is_dropped() {
    let running = Running::start(hello());
    let mut stream = running.tls("http/1.1").await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n").await.unwrap();
    until_closed(stream).await;
}

#[tokio::test]
async fn a_silent_http2_connection_is_dropped_with_and_without_a_preface() {
    let running = Running::start(hello());
    let silent = running.tls("h2").await;
    let mut polite = running.tls("h2").await;
    polite.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    tokio::join!(until_closed(silent), until_closed(polite));
}

#[tokio::test]
async fn an_idle_http1_connection_is_closed_after_its_answer() {
    let running = Running::start(hello());
    let mut stream = running.tls("http/1.1").await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let answer = until_closed(stream).await;
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_dropped() {
    /// Tells when the endless body is given up.
    struct Gone(Option<oneshot::Sender<()>>);
    impl Drop for Gone {
        fn drop(&mut self) {
            let _ = self.0.take().map(|gone| gone.send(()));
        }
    }
    let (gone, told) = oneshot::channel();
    let gone = Arc::new(std::sync::Mutex::new(Some(Gone(Some(gone)))));
    let endless = get(async move || {
        let gone = gone.lock().unwrap().take();
        Body::from_stream(stream::unfold(gone, |gone| async {
            Some((Ok::<_, Infallible>(Bytes::from_static(&[b'a'; 8_192])), gone))
        }))
    });
    let running = Running::start(Router::new().route("/", endless));
    let mut stream = running.tls("http/1.1").await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    within(told).await.unwrap();
}

#[tokio::test]
async fn plain_http_on_this_port_is_told_so() {
    let running = Running::start(hello());
    let mut stream = running.tcp().await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let answer = String::from_utf8(until_closed(stream).await).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{answer}");
}

#[tokio::test]
async fn stopping_finishes_what_is_under_way_and_takes_nothing_new() {
    let (router, entered, may_answer) = waiting();
    let running = Running::start(router);
    for client in [running.client(), running.client().http1_only()] {
        let request = client.build().unwrap().get(running.url("/"));
        let asked = tokio::spawn(async move { request.send().await.unwrap().text().await.unwrap() });
        within(entered.notified()).await;
        may_answer.notify_one();
        assert_eq!(within(asked).await.unwrap(), "done");
    }
    let mut asked = Vec::new();
    for client in [running.client(), running.client().http1_only()] {
        let request = client.build().unwrap().get(running.url("/"));
        asked.push(tokio::spawn(async move { request.send().await.unwrap().text().await.unwrap() }));
        within(entered.notified()).await;
    }
    running.shutdown.begin();
    // The listener is closed at once: somebody new is refused while the two are still being answered.
    within(async { while TcpStream::connect(running.address).await.is_ok() {} }).await;
    assert!(asked.iter().all(|task| !task.is_finished()));
    may_answer.notify_waiters();
    for task in asked {
        assert_eq!(within(task).await.unwrap(), "done");
    }
    assert_eq!(running.stopped().await, Drained { broken_off: 0 });
}

#[tokio::test]
async fn what_is_not_done_in_time_is_broken_off() {
    let (router, entered, _may_answer) = waiting();
    let running = Running::start_with(router, DEADLINES, Duration::ZERO);
    let request = running.client().build().unwrap().get(running.url("/"));
    let asked = tokio::spawn(async move { request.send().await.is_err() });
    within(entered.notified()).await;
    running.shutdown.begin();
    assert!(running.stopped().await.broken_off > 0);
    assert!(within(asked).await.unwrap());
}

#[tokio::test]
async fn beyond_the_limit_connections_wait_for_a_place() {
    let deadlines = Deadlines { connections: 1, ..DEADLINES };
    let running = Running::start_with(hello(), deadlines, HANG);
    let silent = running.tcp().await;
    let client = running.client().build().unwrap();
    // Served as soon as the deadline has freed the only place.
    assert_eq!(within(client.get(running.url("/")).send()).await.unwrap().status(), 200);
    assert_eq!(until_closed(silent).await, b"");
}

#[tokio::test]
async fn a_certificate_is_replaced_while_the_server_runs() {
    let running = Running::start(hello());
    let shown = async || running.tls("h2").await.get_ref().1.peer_certificates().unwrap()[0].clone();
    let first = shown().await;
    std::fs::remove_file(running.folder.path().join("leaf.pem")).unwrap();
    running.certificates.reload().unwrap();
    assert_ne!(shown().await, first);
}

#[tokio::test]
async fn a_port_in_use_is_named_with_its_setting() {
    let first = bind("127.0.0.1:0".parse().unwrap(), "server.https").unwrap();
    let address = first.local_addr().unwrap();
    let error = bind(address, "server.https").unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot listen on {address} (server.https): the port is in use")), "{error}");
}

#[tokio::test]
async fn the_redirect_has_deadlines_too() {
    let tcp = bind("127.0.0.1:0".parse().unwrap(), "server.http").unwrap();
    let address = tcp.local_addr().unwrap();
    let shutdown = Shutdown::new(HANG);
    let router = crate::redirect::router("https://ligna.example".parse().unwrap());
    let task = tokio::spawn(serve(tcp, Transport::Plain, router, DEADLINES, shutdown.clone()));
    let silent = TcpStream::connect(address).await.unwrap();
    let mut asking = TcpStream::connect(address).await.unwrap();
    asking.write_all(b"GET /a?b=c HTTP/1.1\r\nhost: evil.example\r\n\r\n").await.unwrap();
    let (_, answer) = tokio::join!(until_closed(silent), until_closed(asking));
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 308"), "{answer}");
    assert!(answer.contains("location: https://ligna.example/a?b=c\r\n"), "{answer}");
    shutdown.begin();
    assert_eq!(within(task).await.unwrap(), Drained { broken_off: 0 });
}

#[tokio::test]
async fn health_is_asked_over_tls_of_exactly_this_server() {
    use crate::health::{Readiness, router};
    let shutdown = Shutdown::new(HANG);
    let running = Running::start(router(Arc::new(Readiness::new(shutdown.clone()))));
    let mut config = Config { certs_dir: running.folder.path().into(), ..Config::default() };
    config.server.https = running.address;
    assert!(crate::tls::probe(&config).await.unwrap().contains("ready"));
    shutdown.begin();
    let error = crate::tls::probe(&config).await.unwrap_err().to_string();
    assert!(error.starts_with("the server is not ready"), "{error}");
    let other = tempfile::tempdir().unwrap();
    config.certs_dir = other.path().into();
    Certificates::prepare(&config, clock_of_today()).unwrap();
    assert!(matches!(crate::tls::probe(&config).await, Err(crate::tls::ProbeError::Unreachable { .. })));
}
