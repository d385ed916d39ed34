//! Whether a connection has anything under way, from the head of a request to the end of its answer's body.

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    under_way: AtomicUsize,
    served: AtomicUsize,
    /// Milliseconds after opening at which it last became idle.
    idle_since: AtomicU64,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            under_way: AtomicUsize::new(0),
            served: AtomicUsize::new(0),
            idle_since: AtomicU64::new(0),
        })
    }

    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::AcqRel);
        self.served.fetch_add(1, Ordering::AcqRel);
        UnderWay(Arc::clone(self))
    }

    /// When the connection will have been idle too long, as things stand: None if it has been already. `first` is the
    /// time for the first request, `next` for those after it.
    pub(super) fn patience(&self, first: Duration, next: Duration) -> Option<Instant> {
        let now = Instant::now();
        let limit = if self.served.load(Ordering::Acquire) == 0 { first } else { next };
        if self.under_way.load(Ordering::Acquire) > 0 {
            return Some(now + limit);
        }
        let since = self.opened + Duration::from_millis(self.idle_since.load(Ordering::Acquire));
        Some(since + limit).filter(|deadline| *deadline > now)
    }
}

/// One request and its answer.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Activity>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let millis = u64::try_from(self.0.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.idle_since.fetch_max(millis, Ordering::AcqRel);
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

/// An answer's body: the request is under way until it is sent or given up.
#[derive(Debug)]
pub(super) struct Watched {
    inner: Body,
    _under_way: UnderWay,
}

impl Watched {
    pub(super) fn new(inner: Body, under_way: UnderWay) -> Self {
        Self { inner, _under_way: under_way }
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
