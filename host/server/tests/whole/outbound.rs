//! What jobs of plugins send to other hosts: where they were granted to, with secrets that their code never sees, never
//! inside, and all of it written down.

use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::any;
use lignaflow_server::app::SystemClock;
use lignaflow_server::config::Config;
use lignaflow_server::outside::Names;
use lignaflow_server::tls::Certificates;
use lignaflow_testkit::plugins::{fixture, hostile, redescribed};
use lignaflow_testkit::{Answer, Client, Database, Method, Org, Role, Server, Setup, on_both, on_one};
use serde_json::{Value as Json, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

on_both!(
    what_a_job_sends_arrives_with_its_secret_and_is_written_down,
    a_guest_that_reaches_inside_by_address_or_by_name_gets_nowhere_and_its_log_says_so,
);

on_one!(
    what_is_answered_is_bounded_and_followed_nowhere,
    nothing_goes_where_nobody_granted_it_or_from_where_it_may_not,
    no_way_leads_inside,
    an_answer_that_leads_inside_is_followed_by_nobody,
    a_secret_is_a_setting_of_that_kind_that_is_filled_in,
    what_left_is_told_to_administrators_of_that_organization_alone,
    what_a_plugin_sends_to_is_consented_to_by_name,
);

const STOCK: &str = include_str!("../../../../plugins/fixtures/stock/plugin.toml");
const OUTREACH: &str = include_str!("../../../../plugins/hostile/outreach/plugin.toml");
const UPLOADS: &str = "stock/uploads";
const SECRET: &str = "hush-hush-token";
/// Whoever waits longer waits in vain.
const PATIENCE: Duration = Duration::from_mins(1);

/// One request, as it arrived.
#[derive(Debug)]
struct Arrived {
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

/// HTTPS with the certificate of the server under test.
struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// Somebody who is sent to.
struct Receiver {
    port: u16,
    arrived: mpsc::UnboundedReceiver<Arrived>,
}

impl Receiver {
    async fn open(server: &Server) -> Self {
        let certificates = Certificates::prepare(&server.app.config, Arc::new(SystemClock)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let listener = Tls { listener, acceptor: TlsAcceptor::from(certificates.server_config().unwrap()) };
        let (sent, arrived) = mpsc::unbounded_channel();
        let router = Router::new().fallback(any(receive)).with_state(sent);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { port, arrived }
    }
}

async fn receive(
    State(sent): State<mpsc::UnboundedSender<Arrived>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let path = uri.path().to_owned();
    let said = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    sent.send(Arrived { path: path.clone(), headers, body }).unwrap();
    match path.as_str() {
        "/moved" => {
            (StatusCode::FOUND, [("location", "https://localhost/elsewhere")], Vec::<u8>::new()).into_response()
        }
        "/inside" => {
            let place = "https://169.254.169.254/latest/meta-data/";
            (StatusCode::TEMPORARY_REDIRECT, [("location", place)], Vec::<u8>::new()).into_response()
        }
        "/slow" => std::future::pending().await,
        "/large" => vec![b'x'; 9 << 20].into_response(),
        // As careless services do: it says again what it was told.
        _ => format!("thank you for {said}").into_response(),
    }
}

struct Site {
    server: Server,
    org: Org,
    receiver: Receiver,
}

fn within(config: &mut Config) {
    config.outbound.private = true;
    believing(config);
}

fn believing(config: &mut Config) {
    config.outbound.authority = config.certs_dir.join("ca.pem");
}

async fn install(api: &Client, bytes: Vec<u8>) -> Answer {
    let request = api.request(Method::POST, "plugins?grant=all").header("Content-Type", "application/wasm");
    api.send(request.body(bytes)).await
}

/// The fixture, granted to send to these hosts.
fn stock(hosts: &str) -> Vec<u8> {
    let first = hosts.split(',').next().unwrap_or_default();
    let meant = STOCK.replace("secret = true", &format!("secret = true, sent_to = [{first}]"));
    redescribed(&fixture("stock"), STOCK, &meant.replace("\"books.example\"", hosts))
}

async fn site(database: &Database, config: fn(&mut Config)) -> Site {
    let server = database.serve_with(Setup { plugins: Vec::new(), config, ..Setup::default() }).await;
    let receiver = Receiver::open(&server).await;
    let org = server.organization("Halloran & Beck").await;
    let _ = install(&org, stock(&format!("\"localhost:{}\"", receiver.port))).await.is(201);
    let _ = org.act("plugins/stock/enable").await.is(204);
    Site { server, org, receiver }
}

async fn fill_in(org: &Org) {
    let body = json!({ "values": { "plain": "text" }, "secrets": { "token": SECRET } });
    let request = org.request(Method::PUT, "plugins/stock/settings").header("If-Match", "*");
    let _ = org.send(request.json(&body)).await.is(200);
}

impl Site {
    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.receiver.port)
    }

    /// What came of sending: status, body and place, or the fault.
    async fn sent(&self, letter: Json) -> String {
        let org = &self.org;
        let upload = org.make(UPLOADS, json!({ "title": "Letter" })).await;
        let _ = org.post(&format!("stock/send/{upload}"), letter).await.is(204);
        let waited = async {
            loop {
                let found = org.get(&format!("{UPLOADS}/{upload}")).await.is(200).json;
                if let Some(told) = found["told"].as_str() {
                    return told.to_owned();
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, waited).await.expect("what came of it")
    }

    async fn left(&self) -> Vec<Json> {
        self.org.get("outbound").await.is(200).data().to_vec()
    }
}

async fn what_a_job_sends_arrives_with_its_secret_and_is_written_down(database: Database) {
    let mut site = site(&database, within).await;
    fill_in(&site.org).await;
    let told = site.sent(json!({ "url": site.url("/invoices?token=in-the-query"), "secret": "token" })).await;
    assert_eq!(told, "200 thank you for Bearer [secret] ", "its code does not see it, whatever is answered");
    let arrived = site.receiver.arrived.recv().await.unwrap();
    assert_eq!((arrived.path.as_str(), &arrived.body[..]), ("/invoices", &b"oak"[..]));
    assert_eq!(arrived.headers["authorization"], format!("Bearer {SECRET}"));
    assert_eq!(arrived.headers["content-type"], "text/plain");

    let left = site.left().await;
    assert_eq!(left.len(), 1);
    let host = format!("localhost:{}", site.receiver.port);
    let expected = ("stock", "send", "POST", host.as_str(), "/invoices");
    let word = |name: &str| left[0][name].as_str().unwrap();
    assert_eq!((word("plugin"), word("job"), word("method"), word("host"), word("path")), expected);
    assert_eq!((&left[0]["status"], &left[0]["bytes_out"]), (&json!(200), &json!(3)));
    assert!(left[0]["took_ms"].is_i64() && left[0]["error"].is_null(), "{}", left[0]);
    let page = site.server.signed_in(&site.org).await.get("/admin/outbound").await.is(200);
    let _ = page.shows(&host).shows("/invoices").hides("in-the-query").hides(SECRET);
    let all = site.org.get("outbound").await.text;
    assert!(!all.contains("in-the-query") && !all.contains(SECRET), "{all}");
}

async fn what_is_answered_is_bounded_and_followed_nowhere(database: Database) {
    let mut site = site(&database, within).await;
    let told = site.sent(json!({ "url": site.url("/moved"), "method": "GET" })).await;
    assert_eq!(told, "302  https://localhost/elsewhere");
    assert_eq!(site.receiver.arrived.recv().await.unwrap().path, "/moved");
    let told = site.sent(json!({ "url": site.url("/slow"), "timeout_ms": 200 })).await;
    assert!(told.starts_with("Unavailable: There was no answer in time."), "{told}");
    let told = site.sent(json!({ "url": site.url("/large") })).await;
    assert!(told.starts_with("Unavailable: The answer has more than 8388608 bytes."), "{told}");
    let paths: Vec<_> = std::iter::from_fn(|| site.receiver.arrived.try_recv().ok()).map(|it| it.path).collect();
    assert_eq!(paths, ["/slow", "/large"]);
    let left = site.left().await;
    assert_eq!(
        left.iter().map(|row| row["status"].clone()).collect::<Vec<_>>(),
        [json!(null), json!(null), json!(302)]
    );
    assert!(left[1]["error"].as_str().unwrap().contains("in time"), "{}", left[1]);
}

async fn nothing_goes_where_nobody_granted_it_or_from_where_it_may_not(database: Database) {
    let site = site(&database, within).await;
    let told = site.sent(json!({ "url": "https://localhost/" })).await;
    assert!(told.starts_with("Denied: The plugin stock may not send to localhost."), "{told}");
    let told = site.sent(json!({ "url": "https://books.example/" })).await;
    assert!(told.starts_with("Denied:"), "{told}");
    // A route answers somebody, and does not send.
    let fault = site.org.post("stock/send-now", json!({ "url": site.url("/") })).await.is_problem(403, "denied");
    assert!(fault.text.contains("Only jobs send"), "{}", fault.text);
    // Taken back while it runs, it is refused at the next request.
    let visitor = site.server.signed_in(&site.org).await;
    let without = [("grant", "interface records"), ("grant", "interface media")];
    let _ = visitor.post("/admin/plugins/stock/grants", &without).await.is(303);
    let told = site.sent(json!({ "url": site.url("/") })).await;
    assert!(told.starts_with("Denied: The plugin stock may not send to localhost:"), "{told}");
    assert_eq!(site.left().await, Vec::<Json>::new());
    assert!(site.receiver.arrived.is_empty());
}

async fn no_way_leads_inside(database: Database) {
    let site = site(&database, believing).await;
    let told = site.sent(json!({ "url": site.url("/") })).await;
    assert!(told.contains("inside this host's own network"), "{told}");
    // Addresses in figures, and what only looks like the host that was granted, are no hosts at all.
    let port = site.receiver.port;
    for url in [
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("https://2130706433:{port}/"),
        format!("https://localhost:{port}@169.254.169.254/"),
        format!("https://169.254.169.254/latest/meta-data#localhost:{port}"),
        format!("http://localhost:{port}/"),
    ] {
        let told = site.sent(json!({ "url": url })).await;
        assert!(told.starts_with("Invalid:") && told.ends_with("/url"), "{url}: {told}");
    }
    assert!(site.receiver.arrived.is_empty(), "nothing came");
    let left = site.left().await;
    assert_eq!(left.len(), 1, "what is no address never leaves");
    assert!(left[0]["error"].as_str().unwrap().contains("inside this host's own network"), "{}", left[0]);
}

/// Names of somebody who would like to be let in.
#[derive(Debug)]
struct Leading;

#[async_trait]
impl Names for Leading {
    async fn look_up(&self, name: &str) -> std::io::Result<Vec<SocketAddr>> {
        let to: &[&str] = match name {
            "localhost" | "loopback.example" => &["127.0.0.1", "::1"],
            "metadata.example" => &["169.254.169.254"],
            "mapped.example" => &["::ffff:169.254.169.254"],
            "six.example" => &["fe80::1", "fd00::1"],
            _ => &[],
        };
        Ok(to.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect())
    }
}

/// The last job of the guest, once it has failed.
async fn failed(org: &Org, jobs: usize) -> Json {
    let waited = async {
        loop {
            let failed = org.get("jobs?plugin=outreach&state=failed").await.is(200);
            if failed.data().len() == jobs {
                return failed.data()[0].clone();
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.expect("a job that fails")
}

async fn a_guest_that_reaches_inside_by_address_or_by_name_gets_nowhere_and_its_log_says_so(database: Database) {
    let plugins = vec![hostile("outreach")];
    let server = database.serve_with(Setup { plugins, names: Arc::new(Leading), ..Setup::default() }).await;
    let org = server.organization("Halloran & Beck").await;
    // This very server answers at the first of them, if anything ever gets there.
    let here = format!("localhost:{}", server.https.port());
    let named = ["localhost", "loopback.example", "metadata.example", "mapped.example", "six.example"];
    let figures = [
        "169.254.169.254".to_owned(),
        "[fe80::1]".to_owned(),
        "[::ffff:a9fe:a9fe]".to_owned(),
        "2852039166".to_owned(),
        here.replace("localhost", "127.0.0.1"),
    ];
    let mut jobs = 0;
    for (hosts, why) in [(named.map(str::to_owned), "inside this host's own network"), (figures, "` is no ")] {
        for host in hosts {
            let _ = org.post("outreach/reach", json!({ "url": format!("https://{host}/") })).await.is(204);
            jobs += 1;
            let job = failed(&org, jobs).await;
            let log = org.get("plugins/outreach/log?level=error").await.is(200);
            let last = log.data().last().unwrap()["text"].as_str().unwrap().to_owned();
            assert!(last.contains(why), "{host}: {last}, {job}");
            let _ = org.get("/health").await.is(200);
        }
    }
    // A name that is granted without its port is not granted with one.
    let _ = org.post("outreach/reach", json!({ "url": format!("https://{here}/") })).await.is(204);
    let job = failed(&org, jobs + 1).await;
    assert!(job.to_string().contains("may not send"), "{job}");
    let left = org.get("outbound?plugin=outreach").await.is(200);
    assert_eq!(left.data().len(), named.len(), "what is no name never leaves");
    for row in left.data() {
        assert!(row["status"].is_null() && row["error"].as_str().unwrap().contains("inside"), "{row}");
    }
    let metrics = server.client(None).get("/metrics").await.is(200).text;
    let counted = |line: &str| line.contains("outcome=\"failed\"") && line.contains("plugin=\"outreach\"");
    assert!(metrics.lines().any(|line| line.starts_with("lignaflow_plugin_outbound_total") && counted(line)));
}

async fn an_answer_that_leads_inside_is_followed_by_nobody(database: Database) {
    let mut site = site(&database, within).await;
    let granted = OUTREACH.replace("\"localhost\", ", &format!("\"localhost:{}\", ", site.receiver.port));
    let _ = install(&site.org, redescribed(&hostile("outreach"), OUTREACH, &granted)).await.is(201);
    let _ = site.org.act("plugins/outreach/enable").await.is(204);
    let _ = site.org.post("outreach/reach", json!({ "url": site.url("/inside") })).await.is(204);
    // The host hands it on as it is, and the guest that goes on by itself names an address.
    let job = failed(&site.org, 1).await;
    assert_eq!(site.receiver.arrived.recv().await.unwrap().path, "/inside");
    let log = site.org.get("plugins/outreach/log?level=error").await.is(200);
    assert!(log.text.contains("is no host by its name"), "{}: {job}", log.text);
    assert!(site.receiver.arrived.is_empty(), "nothing else came");
    assert_eq!(site.left().await.len(), 1);
}

async fn a_secret_is_a_setting_of_that_kind_that_is_filled_in(database: Database) {
    let site = site(&database, within).await;
    let told = site.sent(json!({ "url": site.url("/"), "secret": "token" })).await;
    assert!(told.contains("`token` is not filled in") && told.ends_with("/secrets/0/setting"), "{told}");
    fill_in(&site.org).await;
    for setting in ["plain", "other"] {
        let told = site.sent(json!({ "url": site.url("/"), "secret": setting })).await;
        assert!(told.contains(&format!("no secret setting `{setting}`")), "{told}");
    }
    let elsewhere = Receiver::open(&site.server).await;
    let hosts = format!("\"localhost:{}\", \"localhost:{}\"", site.receiver.port, elsewhere.port);
    let _ = install(&site.org, stock(&hosts)).await.is(201);
    let there = format!("https://localhost:{}/", elsewhere.port);
    let told = site.sent(json!({ "url": there, "secret": "token" })).await;
    assert!(told.contains(&format!("goes to localhost:{}, not to", site.receiver.port)), "{told}");
    assert!(elsewhere.arrived.is_empty(), "it went to the other of two");
    let told = site.sent(json!({ "url": site.url("/"), "secret": "token", "header": "Host" })).await;
    assert!(told.starts_with("Invalid:") && told.ends_with("/secrets/0"), "{told}");
    assert!(site.receiver.arrived.is_empty(), "nothing came");
    assert_eq!(site.left().await, Vec::<Json>::new());
}

async fn what_left_is_told_to_administrators_of_that_organization_alone(database: Database) {
    let site = site(&database, within).await;
    for path in ["/one", "/two", "/three"] {
        let _ = site.sent(json!({ "url": site.url(path) })).await;
    }
    let first = site.org.get("outbound?plugin=stock&limit=2").await.is(200);
    assert_eq!(first.column("path"), ["/three", "/two"]);
    let rest = site.org.get(first.json["next"].as_str().unwrap()).await.is(200);
    assert_eq!((rest.column("path"), &rest.json["next"]), (vec!["/one".to_owned()], &Json::Null));
    assert_eq!(site.org.get("outbound?host=books.example").await.is(200).data().len(), 0);
    for query in ["?host=127.0.0.1", "?plugin=A", "?limit=0", "?other=1"] {
        let _ = site.org.get(&format!("outbound{query}")).await.is_problem(422, "invalid");
    }
    let other = site.server.organization("Novak").await;
    assert_eq!(other.get("outbound").await.is(200).data().len(), 0);
    let (_, _, mia) = site.server.member(&site.org, "Mia", Role::Member).await;
    let _ = mia.get("outbound").await.is_problem(403, "denied");
}

async fn what_a_plugin_sends_to_is_consented_to_by_name(database: Database) {
    let server = database.serve_with(Setup { plugins: Vec::new(), ..Setup::default() }).await;
    let org = server.organization("Halloran & Beck").await;
    let inspect = async |bytes: Vec<u8>| {
        let request = org.request(Method::POST, "plugins/inspect").header("Content-Type", "application/wasm");
        org.send(request.body(bytes)).await
    };
    let plan = inspect(stock("\"api.xero.com\", \"books.example:8443\"")).await.is(200).json;
    let asks: Vec<_> = plan["asks"].as_array().unwrap().iter().map(|ask| ask["sentence"].as_str().unwrap()).collect();
    assert!(asks.contains(&"Sends to api.xero.com.") && asks.contains(&"Sends to books.example:8443."), "{asks:?}");
    let few = "plugins?grant=interface%20records,interface%20media,outbound%20api.xero.com";
    let request = org.request(Method::POST, few).header("Content-Type", "application/wasm");
    let bytes = stock("\"api.xero.com\", \"books.example:8443\"");
    let fault = org.send(request.body(bytes.clone())).await.is_problem(422, "invalid");
    assert!(fault.text.contains("outbound books.example:8443"), "{}", fault.text);
    let _ = install(&org, bytes).await.is(201);
    // Its code sends, so that a descriptor which names no host is told to name one.
    let none = STOCK.replace("outbound = [\"books.example\"]", "").replace("0.1.0", "0.2.0");
    let fault = install(&org, redescribed(&fixture("stock"), STOCK, &none)).await.is_problem(422, "invalid");
    assert!(fault.text.contains("grants.outbound"), "{}", fault.text);
    for host in ["127.0.0.1", "API.xero.com", "https://api.xero.com", "*.xero.com", "api.xero.com:443"] {
        let fault = inspect(stock(&format!("\"{host}\""))).await.is_problem(422, "invalid");
        assert!(fault.text.contains("grants.outbound[0]"), "{host}: {}", fault.text);
    }
}
