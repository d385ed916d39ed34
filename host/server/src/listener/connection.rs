//! One connection: handshake, protocol, requests, end; each with its deadline.

use super::activity::{Activity, Watched};
use super::stall::Impatient;
use super::{Deadlines, Peer, Tasks, Transport};
use crate::shutdown::Shutdown;
use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt as _;

/// The head of a request in HTTP/1, and the list of headers in HTTP/2, in bytes.
const HEAD_BYTES: usize = 64 * 1_024;
const HEAD_LIST_BYTES: u32 = 64 * 1_024;

/// Requests that one HTTP/2 connection may have under way.
const STREAMS: u32 = 128;

/// How often an HTTP/2 client is asked whether it is there, and how long it has to answer.
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_PATIENCE: Duration = Duration::from_secs(10);

/// A client that was told to go has so long to do so.
const FAREWELL: Duration = Duration::from_secs(1);

/// What somebody reads who speaks plain HTTP to the HTTPS port.
const WRONG_PORT: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n\
    content-length: 43\r\nconnection: close\r\n\r\nThis port speaks HTTPS: use an https URL.\r\n";

type Secure = TlsStream<Impatient<TcpStream>>;

/// What all connections of a listener share.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) router: Router,
    pub(super) transport: Transport,
    pub(super) deadlines: Deadlines,
    pub(super) shutdown: Shutdown,
    pub(super) tasks: Tasks,
}

pub(super) async fn serve(service: &Service, stream: TcpStream, peer: SocketAddr) {
    // Answers are written whole: waiting for more of them only delays.
    let _ = stream.set_nodelay(true);
    match &service.transport {
        Transport::Plain => http1(service, Impatient::new(stream, service.deadlines.write), peer).await,
        Transport::Tls(config) => {
            let handshake = handshake(service, config, stream);
            match tokio::time::timeout(service.deadlines.handshake, handshake).await {
                Ok(Some(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                    http2(service, stream, peer).await;
                }
                Ok(Some(stream)) => http1(service, stream, peer).await,
                Ok(None) => dropped("handshake-failed"),
                Err(_) => dropped("handshake-time"),
            }
        }
    }
}

/// None if it failed; the client has been told as far as it can be.
async fn handshake(service: &Service, config: &Arc<ServerConfig>, mut stream: TcpStream) -> Option<Secure> {
    let mut first = [0];
    // TLS begins with a record of type 22; a letter is the method of somebody who left out the "s" of https.
    if stream.peek(&mut first).await.ok()? == 1 && first[0].is_ascii_alphabetic() {
        let _ = stream.write_all(WRONG_PORT).await;
        let _ = stream.shutdown().await;
        return None;
    }
    let stream = Impatient::new(stream, service.deadlines.write);
    match TlsAcceptor::from(Arc::clone(config)).accept(stream).await {
        Ok(stream) => Some(stream),
        Err(error) => {
            tracing::debug!(%error, "TLS handshake failed");
            None
        }
    }
}

async fn http1<S>(service: &Service, stream: S, peer: SocketAddr)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Activity::new();
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(service.deadlines.head)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), handler(service, &activity, peer));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = service.shutdown.begun() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    match ended {
        Err(error) if error.is_timeout() => dropped("head-time"),
        Err(error) => tracing::debug!(%error, "connection broke"),
        Ok(()) => {}
    }
}

async fn http2<S>(service: &Service, stream: S, peer: SocketAddr)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Activity::new();
    let connection = hyper::server::conn::http2::Builder::new(service.tasks.clone())
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_PATIENCE)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_LIST_BYTES)
        .initial_stream_window_size(256 * 1_024)
        .initial_connection_window_size(1_024 * 1_024)
        .serve_connection(TokioIo::new(stream), handler(service, &activity, peer));
    let mut connection = pin!(connection);
    let Deadlines { head, idle, .. } = service.deadlines;

    // hyper has no deadline for a silent HTTP/2 connection, nor for a head that comes in drops.
    let mut look_again = activity.patience(head, idle).unwrap_or_else(Instant::now);
    let mut closing = Closing::No;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection broke");
                }
                return;
            }
            () = service.shutdown.begun(), if closing == Closing::No => {
                connection.as_mut().graceful_shutdown();
                closing = Closing::WithTheServer;
            }
            () = tokio::time::sleep_until(look_again), if closing != Closing::WithTheServer => {
                match (activity.patience(head, idle), closing) {
                    // It was told to go and has nothing under way, but does not go.
                    (None, Closing::Idle) => return,
                    (None, _) => {
                        dropped("idle");
                        connection.as_mut().graceful_shutdown();
                        closing = Closing::Idle;
                        look_again = Instant::now() + FAREWELL;
                    }
                    (Some(later), _) => look_again = later,
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    No,
    Idle,
    WithTheServer,
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<Watched>, Infallible>> + Send>>;

fn handler(
    service: &Service,
    activity: &Arc<Activity>,
    peer: SocketAddr,
) -> impl hyper::service::Service<Request<Incoming>, Response = Response<Watched>, Error = Infallible, Future = Answer> + use<>
{
    let router = service.router.clone();
    let activity = Arc::clone(activity);
    service_fn(move |request: Request<Incoming>| {
        let under_way = activity.begin();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        let answer = router.clone().oneshot(request);
        Box::pin(async move {
            let response = answer.await?;
            Ok(response.map(|body| Watched::new(body, under_way)))
        }) as Answer
    })
}

fn dropped(reason: &'static str) {
    metrics::counter!("connections_dropped_total", "reason" => reason).increment(1);
}
