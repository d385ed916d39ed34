//! Bounds the size and the pace of request bodies as they are read. Whatever a handler makes of a body that broke
//! off, the client is told why.

use super::MiddlewareContext;
use crate::problem::{Kind, Problem};
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// What a slow but honest line brings in a second.
pub(super) const BYTES_A_SECOND: u64 = 16 * 1_024;

const FINE: u8 = 0;
const TOO_LARGE: u8 = 1;
const TOO_SLOW: u8 = 2;

pub(super) async fn layer<A: Future<Output = Response>>(
    context: &MiddlewareContext,
    request: Request,
    next: impl FnOnce(Request) -> A,
) -> Response {
    if request.body().is_end_stream() {
        return next(request).await;
    }
    let limit = context.body_limit(&request);
    // What says that it is too large is refused before it is sent.
    if request.body().size_hint().lower() > limit {
        return too_large(limit);
    }
    let verdict = Arc::new(AtomicU8::new(FINE));
    let time = context.body_time;
    let request = request.map(|body| Body::new(Bounded::new(body, limit, time, Arc::clone(&verdict))));
    let response = next(request).await;
    match verdict.load(Ordering::Acquire) {
        TOO_LARGE => too_large(limit),
        TOO_SLOW => Problem::new(Kind::SlowBody, "The body did not arrive in time.").into_response(),
        _ => response,
    }
}

fn too_large(limit: u64) -> Response {
    metrics::counter!("http_refused_total", "reason" => "body").increment(1);
    Problem::new(Kind::TooLarge, format!("The body is larger than the {limit} bytes that are taken here."))
        .into_response()
}

#[derive(Debug, thiserror::Error)]
enum BrokenOff {
    #[error("the body is too large")]
    TooLarge,
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error(transparent)]
    Inner(#[from] axum::Error),
}

struct Bounded {
    inner: Body,
    limit: u64,
    seen: u64,
    started: Instant,
    time: Duration,
    // Set up when the body is first waited for: most are there at once.
    alarm: Option<Pin<Box<Sleep>>>,
    verdict: Arc<AtomicU8>,
}

impl Bounded {
    fn new(inner: Body, limit: u64, time: Duration, verdict: Arc<AtomicU8>) -> Self {
        Self { inner, limit, seen: 0, started: Instant::now(), time, alarm: None, verdict }
    }

    fn deadline(&self) -> Instant {
        self.started + self.time + Duration::from_secs(self.seen / BYTES_A_SECOND)
    }

    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let deadline = self.deadline();
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if alarm.deadline() != deadline {
            alarm.as_mut().reset(deadline);
        }
        alarm.as_mut().poll(cx).is_ready()
    }
}

impl HttpBody for Bounded {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let body = self.get_mut();
        match Pin::new(&mut body.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                body.seen += frame.data_ref().map_or(0, |data| data.len() as u64);
                if body.seen > body.limit {
                    body.verdict.store(TOO_LARGE, Ordering::Release);
                    return Poll::Ready(Some(Err(BrokenOff::TooLarge)));
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending if body.is_late(cx) => {
                body.verdict.store(TOO_SLOW, Ordering::Release);
                metrics::counter!("http_refused_total", "reason" => "slow").increment(1);
                Poll::Ready(Some(Err(BrokenOff::TooSlow)))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
