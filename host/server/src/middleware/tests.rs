use super::*;
use crate::config::Limits;
use crate::listener::Peer;
use crate::metrics::Metrics;
use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use tokio::sync::Notify;
use tower::ServiceExt as _;

const COOKIE: &str = "__Host-session";

/// Small, but with everything that the layers act on.
fn router() -> Router {
    Router::new()
        .route("/hello", get(async || "hello"))
        .route("/things/{id}", get(async |Path(id): Path<String>| id))
        .route("/echo", post(async |body: Bytes| body))
        .route("/uploads/file", post(async |body: Bytes| body.len().to_string()))
        .route("/panic", get(async || -> &'static str { panic!("of the secret") }))
        .route("/never", get(async || std::future::pending::<&'static str>().await))
        .route("/page", get(async || ([(header::CONTENT_TYPE, "text/html")], "a long page ".repeat(500))))
        .route("/pdf", get(async || ([(header::CONTENT_TYPE, "application/pdf")], "a long paper ".repeat(500))))
        .route("/own", get(async || ([(header::CONTENT_SECURITY_POLICY, "default-src 'self'")], "own policy")))
        .route("/broken", get(async || (StatusCode::BAD_GATEWAY, "inner words")))
        .route("/health/live", get(async || "live"))
}

fn with(change: impl FnOnce(&mut Config)) -> Router {
    let mut config = Config::default();
    config.server.body_bytes = 1_024;
    change(&mut config);
    stack(router(), &MiddlewareContext::new(&config, COOKIE, vec![("/uploads/", 1_000_000)]))
}

fn request(method: &str, path: &str) -> http::request::Builder {
    let peer: SocketAddr = "192.0.2.1:5000".parse().unwrap();
    Request::builder().method(method).uri(path).header(header::HOST, "localhost:8443").extension(Peer(peer))
}

async fn send(router: &Router, request: http::request::Builder) -> Response {
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn send_body(router: &Router, request: http::request::Builder, body: Body) -> Response {
    router.clone().oneshot(request.body(body).unwrap()).await.unwrap()
}

async fn text(response: Response) -> String {
    String::from_utf8_lossy(&response.into_body().collect().await.unwrap().to_bytes()).into_owned()
}

/// The problem in a response, which must be one.
async fn problem(response: Response) -> Value {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let status = response.status().as_u16();
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let problem: Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(problem["status"], status);
    assert_eq!(problem["request_id"], id, "the problem names its request");
    problem
}

fn name<'a>(response: &'a Response, header: &str) -> Option<&'a str> {
    response.headers().get(header).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn every_answer_has_an_id_and_a_forged_one_is_not_taken_over() {
    let response = send(&with(|_| ()), request("GET", "/hello").header("x-request-id", "forged")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(name(&response, "x-request-id").unwrap().len(), 36);
}

#[tokio::test]
async fn a_panic_is_a_problem_with_all_headers_and_keeps_its_words_inside() {
    let response = send(&with(|_| ()), request("GET", "/panic")).await;
    assert_eq!(response.status(), 500);
    assert_eq!(name(&response, "x-content-type-options"), Some("nosniff"));
    let problem = problem(response).await;
    assert_eq!(problem["code"], "internal");
    assert!(!problem.to_string().contains("secret"));
}

#[tokio::test]
async fn bare_refusals_become_problems_and_keep_their_headers() {
    let router = with(|_| ());
    assert_eq!(problem(send(&router, request("GET", "/nowhere")).await).await["code"], "not-found");
    let response = send(&router, request("DELETE", "/hello")).await;
    assert_eq!(name(&response, "allow"), Some("GET,HEAD"));
    assert_eq!(problem(response).await["code"], "method-not-allowed");
    let broken = problem(send(&router, request("GET", "/broken")).await).await;
    assert!(!broken.to_string().contains("inner words"), "{broken}");
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_refused_unread() {
    let body = Body::from(vec![b'a'; 2_000]);
    let response = send_body(&with(|_| ()), request("POST", "/echo"), body).await;
    let problem = problem(response).await;
    assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(413), Some("too-large")));
    assert!(problem["detail"].as_str().unwrap().contains("1024"));
}

#[tokio::test]
async fn a_body_that_turns_out_too_large_is_refused_whatever_the_handler_makes_of_it() {
    let chunks = (0..4).map(|_| Ok::<_, Infallible>(Bytes::from(vec![b'a'; 500])));
    let body = Body::from_stream(futures_util::stream::iter(chunks));
    assert_eq!(problem(send_body(&with(|_| ()), request("POST", "/echo"), body).await).await["code"], "too-large");
}

#[tokio::test]
async fn uploads_have_a_limit_of_their_own() {
    let body = Body::from(vec![b'a'; 500_000]);
    assert_eq!(text(send_body(&with(|_| ()), request("POST", "/uploads/file"), body).await).await, "500000");
    let body = Body::from(vec![b'a'; 1_000_001]);
    assert_eq!(send_body(&with(|_| ()), request("POST", "/uploads/file"), body).await.status(), 413);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let never = Body::from_stream(futures_util::stream::pending::<Result<Bytes, Infallible>>());
    let router = with(|config| config.server.body_seconds = 0);
    let problem = problem(send_body(&router, request("POST", "/echo"), never).await).await;
    assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(408), Some("slow-body")));
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let response = send(&with(|config| config.server.request_seconds = 0), request("GET", "/never")).await;
    assert_eq!(problem(response).await["status"], 504);
}

#[tokio::test]
async fn more_at_once_than_there_is_room_for_is_told_to_come_back_and_probes_are_not() {
    let entered = Arc::new(Notify::new());
    let inside = Arc::clone(&entered);
    let slow = get(async move || {
        inside.notify_one();
        std::future::pending::<&'static str>().await
    });
    let config = Config { server: crate::config::Server { requests: 1, ..Default::default() }, ..Config::default() };
    let context = MiddlewareContext::new(&config, COOKIE, Vec::new());
    let router = stack(router().route("/slow", slow), &context);
    let first = tokio::spawn(router.clone().oneshot(request("GET", "/slow").body(Body::empty()).unwrap()));
    entered.notified().await;
    let refused = send(&router, request("GET", "/hello")).await;
    assert_eq!((refused.status().as_u16(), name(&refused, "retry-after")), (503, Some("1")));
    assert_eq!(problem(refused).await["code"], "unavailable");
    assert_eq!(send(&router, request("GET", "/health/live")).await.status(), 200);
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(send(&router, request("GET", "/hello")).await.status(), 200, "a client that left makes room");
}

#[tokio::test]
async fn only_the_configured_hosts_are_answered() {
    let router = with(|config| {
        config.server.public_url = "https://ligna.example".parse().unwrap();
        config.server.allowed_hosts = vec![".Other.Example".into()];
    });
    let ask = async |host: &str| {
        let mut request = request("GET", "/hello");
        request.headers_mut().unwrap().insert(header::HOST, host.parse().unwrap());
        send(&router, request).await.status().as_u16()
    };
    assert_eq!(ask("ligna.example").await, 200);
    assert_eq!(ask("a.other.example:8443").await, 200);
    assert_eq!(ask("evil.example").await, 421);
    assert_eq!(ask("localhost").await, 421, "that name is for this machine's own clients");
    let mut none = request("GET", "/hello");
    none.headers_mut().unwrap().remove(header::HOST);
    assert_eq!(send(&router, none).await.status(), 400);
    let http2 = request("GET", "https://a.other.example/hello");
    assert_eq!(send(&router, http2).await.status(), 200, "HTTP/2 names the host in its target");
    let mut probe = request("GET", "/health/live");
    probe.headers_mut().unwrap().insert(header::HOST, "10.1.2.3:8443".parse().unwrap());
    assert_eq!(send(&router, probe).await.status(), 200, "probes come by address");
}

#[tokio::test]
async fn rates_are_told_and_what_is_above_them_is_refused() {
    let limits = Limits { anonymous_per_minute: 60, anonymous_burst: 2, ..Limits::default() };
    let router = with(|config| config.limits = limits);
    let first = send(&router, request("GET", "/hello")).await;
    assert_eq!(name(&first, "ratelimit-policy"), Some("\"address\";q=2;w=2"));
    assert_eq!(name(&first, "ratelimit"), Some("\"address\";r=1;t=1"));
    send(&router, request("GET", "/hello")).await;
    let refused = send(&router, request("GET", "/hello")).await;
    assert_eq!((refused.status().as_u16(), name(&refused, "retry-after")), (429, Some("1")));
    assert_eq!(name(&refused, "ratelimit"), Some("\"address\";r=0;t=2"));
    assert_eq!(problem(refused).await["code"], "rate-limited");
    assert_eq!(send(&router, request("GET", "/health/live")).await.status(), 200, "probes are not counted");
}

#[tokio::test]
async fn a_session_or_token_that_proved_good_is_counted_by_itself() {
    let config = Config {
        limits: Limits { anonymous_per_minute: 60, anonymous_burst: 1, ..Limits::default() },
        ..Config::default()
    };
    let context = MiddlewareContext::new(&config, COOKIE, Vec::new());
    let router = stack(router(), &context);
    context.rates().recognise("lf_good", None);
    context.rates().recognise("good-session", None);
    let token = send(&router, request("GET", "/hello").header("authorization", "Bearer lf_good")).await;
    assert!(name(&token, "ratelimit-policy").unwrap().starts_with("\"signed-in\""));
    let cookie = format!("theme=dark; {COOKIE}=good-session");
    let session = send(&router, request("GET", "/hello").header("cookie", cookie)).await;
    assert!(name(&session, "ratelimit-policy").unwrap().starts_with("\"signed-in\""));
    let guessed = send(&router, request("GET", "/hello").header("authorization", "Bearer lf_guess")).await;
    assert!(name(&guessed, "ratelimit-policy").unwrap().starts_with("\"address\""));
}

#[tokio::test]
async fn a_change_asked_for_by_another_site_is_refused_before_the_handler() {
    let router = with(|_| ());
    let cookie = format!("{COOKIE}=1");
    let from = |site: &str| request("POST", "/echo").header("cookie", &cookie).header("sec-fetch-site", site);
    assert_eq!(send(&router, from("same-origin")).await.status(), 200);
    assert_eq!(problem(send(&router, from("cross-site")).await).await["code"], "cross-origin");
    let read = request("GET", "/hello").header("cookie", &cookie).header("sec-fetch-site", "cross-site");
    assert_eq!(send(&router, read).await.status(), 200, "a link from elsewhere is no change");
}

#[tokio::test]
async fn long_text_is_compressed_as_the_client_likes_and_what_is_packed_is_not() {
    let router = with(|_| ());
    let encoding = async |path: &str, accepted: &str| {
        let response = send(&router, request("GET", path).header("accept-encoding", accepted)).await;
        name(&response, "content-encoding").map(ToOwned::to_owned)
    };
    assert_eq!(encoding("/page", "gzip").await.as_deref(), Some("gzip"));
    assert_eq!(encoding("/page", "br").await.as_deref(), Some("br"));
    assert_eq!(encoding("/page", "zstd").await.as_deref(), Some("zstd"));
    assert_eq!(encoding("/page", "identity").await, None);
    assert_eq!(encoding("/pdf", "gzip").await, None);
    assert_eq!(encoding("/hello", "gzip").await, None, "too short to gain");
}

#[tokio::test]
async fn browsers_are_told_what_pages_may_do() {
    let response = send(&with(|_| ()), request("GET", "/page")).await;
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
                  connect-src 'self'; form-action 'self'; manifest-src 'self'; worker-src 'self'; \
                  frame-ancestors 'none'; base-uri 'none'";
    assert_eq!(name(&response, "content-security-policy"), Some(policy));
    assert_eq!(name(&response, "x-frame-options"), Some("DENY"));
    assert_eq!(name(&response, "x-content-type-options"), Some("nosniff"));
    assert_eq!(name(&response, "referrer-policy"), Some("same-origin"));
    assert_eq!(name(&response, "cross-origin-opener-policy"), Some("same-origin"));
    assert_eq!(name(&response, "cache-control"), Some("private, no-cache"));
    assert!(name(&response, "permissions-policy").unwrap().contains("geolocation=()"));
    let own = send(&with(|_| ()), request("GET", "/own")).await;
    assert_eq!(name(&own, "content-security-policy"), Some("default-src 'self'"), "a handler's own policy stays");
}

#[tokio::test]
async fn data_is_kept_from_being_a_page() {
    // A refusal, which is JSON as every answer of the API.
    let data = send(&with(|_| ()), request("GET", "/nowhere")).await;
    assert_eq!(name(&data, "content-type"), Some("application/problem+json"));
    let policy = "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";
    assert_eq!(name(&data, "content-security-policy"), Some(policy));
    assert_eq!(name(&data, "x-frame-options"), Some("DENY"));
    assert_eq!(name(&data, "x-content-type-options"), Some("nosniff"));
    assert_eq!(name(&data, "cross-origin-resource-policy"), Some("same-origin"));
    assert_eq!(name(&data, "permissions-policy"), None, "it uses no device");
    // What is no JSON may be shown as a page, whatever it is.
    let other = send(&with(|_| ()), request("GET", "/pdf")).await;
    assert!(name(&other, "permissions-policy").is_some());
}

#[tokio::test]
async fn https_is_promised_for_real_hosts_and_not_for_localhost() {
    let local = send(&with(|_| ()), request("GET", "/hello")).await;
    assert_eq!(name(&local, "strict-transport-security"), None);
    let router = with(|config| config.server.public_url = "https://ligna.example".parse().unwrap());
    let public = send(&router, request("GET", "/nowhere")).await;
    assert_eq!(name(&public, "strict-transport-security"), Some("max-age=31536000"));
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_path() {
    let metrics = Metrics::install().unwrap();
    let router = with(|_| ());
    send(&router, request("GET", "/things/of-a-secret")).await;
    send(&router, request("BREW", "/nowhere-secret")).await;
    let rendered = metrics.render();
    assert!(rendered.contains(r#"http_requests_total{method="GET",route="/things/{id}",status="200"}"#), "{rendered}");
    assert!(rendered.contains(r#"http_requests_total{method="other",route="unmatched",status="404"}"#), "{rendered}");
    assert!(rendered.contains(r#"http_request_duration_seconds_bucket{method="GET",route="/things/{id}",le="0.001"}"#));
    assert!(!rendered.contains("secret"), "{rendered}");
}

/// Log lines into memory.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_names_route_status_and_id_and_holds_no_secret() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let asked = request("GET", "/things/path-secret?token=query-secret").header("authorization", "Bearer head-secret");
    let response = send(&with(|_| ()), asked).await;
    drop(guard);
    let id = name(&response, "x-request-id").unwrap();
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("/things/{id}") && log.contains("status=200") && log.contains(id), "{log}");
    assert!(log.contains("client=192.0.2.1"), "{log}");
    assert!(!log.contains("secret"), "{log}");
}

#[tokio::test]
async fn a_problem_of_a_handler_carries_the_id_of_its_request() {
    use crate::problem::Problem;
    let router = Router::new()
        .route("/", get(async || Problem::new(lignaflow_core::ErrorCode::Locked, "It is submitted.").into_response()));
    let router = stack(router, &MiddlewareContext::new(&Config::default(), COOKIE, Vec::new()));
    assert_eq!(problem(send(&router, request("GET", "/")).await).await["code"], "locked");
}
