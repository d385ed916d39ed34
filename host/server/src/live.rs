//! Streams of events: who follows the change feed and stays. A stream ends with the server, with the session or token
//! that it was opened with, and when its client leaves.

use crate::app::App;
use crate::auth;
use crate::problem::Problem;
use crate::rest::host::changes;
use crate::shutdown::Shutdown;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, header};
use lignaflow_core::{ErrorCode, OrganizationId};
use lignaflow_identity::Credential;
use lignaflow_records::feed::{Follow, Since, Slice};
use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Streams of this host, and of one organization on it.
const STREAMS: usize = 2_000;
const OF_ORGANIZATION: usize = 200;
/// How often a stream without changes says that it is there, and looks by itself.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// What is changed within this time is told together.
const GATHER: Duration = Duration::from_millis(50);
/// How soon it is looked again for what waits for older transactions: at first, and at most.
const UNSETTLED: [Duration; 2] = [Duration::from_millis(25), Duration::from_secs(1)];
/// What a client is told to wait before it connects again, in milliseconds.
const RETRY: u32 = 2_000;

/// The streams of this host.
#[derive(Debug, Default)]
pub struct Live {
    open: Mutex<HashMap<OrganizationId, usize>>,
    ended: CancellationToken,
}

impl Live {
    /// Ends all streams when the shutdown begins: they would never end by themselves.
    pub async fn end_with(self: Arc<Self>, shutdown: Shutdown) {
        shutdown.begun().await;
        self.ended.cancel();
    }

    fn open(self: &Arc<Self>, organization: OrganizationId) -> Result<Place, Problem> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = open.values().sum();
        let own = open.entry(organization).or_default();
        if *own >= OF_ORGANIZATION {
            let message = format!("Your organization has {OF_ORGANIZATION} streams open here; close one first.");
            return Err(Problem::new(ErrorCode::RateLimited, message).retry_after(HEARTBEAT));
        }
        if all >= STREAMS {
            let message = "The server has as many streams open as it can. Ask for pages, or try again.";
            return Err(Problem::new(ErrorCode::Unavailable, message).retry_after(HEARTBEAT));
        }
        *own += 1;
        metrics::gauge!("live_streams").increment(1);
        Ok(Place { live: self.clone(), organization })
    }
}

/// A stream's place among those that are open.
#[derive(Debug)]
struct Place {
    live: Arc<Live>,
    organization: OrganizationId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.live.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.organization) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.organization);
            }
        }
        metrics::gauge!("live_streams").decrement(1);
    }
}

/// Who follows what.
#[derive(Debug)]
pub struct Watch {
    pub credential: Credential,
    pub organization: OrganizationId,
    pub follow: Follow,
}

/// A stream that begins with a slice that was read already.
pub fn stream(app: &Arc<App>, watch: Watch, first: Slice) -> Result<Response, Problem> {
    let place = app.live.open(watch.organization)?;
    let (events, received) = mpsc::channel::<Bytes>(1);
    tokio::spawn(send(app.clone(), watch, first, events, place));
    let body = stream::unfold(received, async |mut received| {
        received.recv().await.map(|bytes| (Ok::<_, Infallible>(bytes), received))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

async fn send(app: Arc<App>, mut watch: Watch, first: Slice, events: mpsc::Sender<Bytes>, place: Place) {
    let mut changes = app.store.signal().subscribe(watch.organization);
    let ended = place.live.ended.clone();
    // It is looked again at once: what came between the first slice and here was not heard.
    let mut slice = Slice { more: true, ..first };
    let mut text = format!("retry: {RETRY}\nid: {}\n\n", slice.next);
    let mut patience = UNSETTLED[0];
    loop {
        write(&slice, &mut text);
        watch.follow.since = Since::Cursor(slice.next);
        if !text.is_empty() {
            tokio::select! {
                () = ended.cancelled() => return,
                sent = events.send(Bytes::from(std::mem::take(&mut text))) => if sent.is_err() { return },
            }
        }
        if !slice.more {
            patience = if slice.unsettled { (patience * 2).min(UNSETTLED[1]) } else { UNSETTLED[0] };
            let look = if slice.unsettled { patience } else { HEARTBEAT };
            tokio::select! {
                () = ended.cancelled() => return,
                () = events.closed() => return,
                () = async { changes.wait().await; tokio::time::sleep(GATHER).await } => {}
                () = tokio::time::sleep(look) => if !slice.unsettled {
                    // An event without data is not shown to pages, and its id is remembered all the same.
                    let _ = write!(text, ":\nid: {}\n\n", slice.next);
                },
            }
        }
        // Whoever may not any more is told nothing more, from their next change or heartbeat on.
        let Ok(caller) = auth::again(&app, &watch.credential).await else { return };
        if caller.organization != watch.organization {
            return;
        }
        match app.records.changes(&caller, &app.registry.seen_by(&caller), &watch.follow).await {
            Ok(next) => slice = next,
            Err(fault) if fault.code == ErrorCode::Unavailable => {
                slice = Slice { changes: Vec::new(), more: false, reset: None, ..slice };
            }
            Err(_) => return,
        }
    }
}

/// A slice as events.
fn write(slice: &Slice, text: &mut String) {
    if let Some(reset) = slice.reset {
        let data = serde_json::json!({ "reason": reset.as_str(), "next": slice.next.to_string() });
        let _ = write!(text, "id: {}\nevent: reset\ndata: {data}\n\n", slice.next);
    }
    for told in &slice.changes {
        // It is JSON on one line: nothing in it ends the event.
        let data = serde_json::to_string(&changes::change(told)).unwrap_or_default();
        let _ = write!(text, "id: {}\nevent: change\ndata: {data}\n\n", told.cursor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::Id;

    #[test]
    fn an_organization_has_so_many_streams_and_a_place_is_given_back() {
        let live = Arc::new(Live::default());
        let (one, other) = (OrganizationId(Id::fresh()), OrganizationId(Id::fresh()));
        let mut places: Vec<_> = (0..OF_ORGANIZATION).map(|_| live.open(one).unwrap()).collect();
        assert_eq!(live.open(one).unwrap_err().status(), 429);
        let _others = live.open(other).unwrap();
        places.pop();
        assert!(live.open(one).is_ok());
    }

    #[test]
    fn a_host_has_so_many_streams() {
        let live = Arc::new(Live::default());
        let places: Vec<_> = (0..STREAMS).map(|_| live.open(OrganizationId(Id::fresh())).unwrap()).collect();
        assert_eq!(live.open(OrganizationId(Id::fresh())).unwrap_err().status(), 503);
        drop(places);
        assert!(live.open(OrganizationId(Id::fresh())).is_ok());
    }
}
