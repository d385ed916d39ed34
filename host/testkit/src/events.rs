//! A stream of events, read one at a time.

use crate::client::Client;
use reqwest::Method;
use reqwest::header::ACCEPT;
use serde_json::Value as Json;
use std::time::Duration;

/// Whoever waits longer for an event waits in vain.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub struct Events {
    response: reqwest::Response,
    read: String,
    /// The id of the last event, as a browser would send it when it connects again.
    pub last: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: String,
    pub kind: String,
    pub data: Json,
}

/// What stands between two empty lines.
#[derive(Debug)]
enum Block {
    Event(Event),
    /// A comment, or a place without an event.
    Other,
    End,
}

impl Client {
    /// Opens a stream, after an event that was seen.
    pub async fn events(&self, path: &str, last: Option<&str>) -> Events {
        let mut request = self.request(Method::GET, path).header(ACCEPT, "text/event-stream");
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut events = Events { response, read: String::new(), last: String::new() };
        // The first block says where the stream begins.
        let begun = events.block().await;
        assert!(matches!(begun, Block::Other) && !events.last.is_empty(), "{begun:?}");
        events
    }
}

impl Events {
    /// The next event; `None` where the stream has ended.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.block().await {
                Block::Event(event) => return Some(event),
                Block::Other => {}
                Block::End => return None,
            }
        }
    }

    /// What stands up to the next empty line.
    async fn block(&mut self) -> Block {
        loop {
            if let Some((block, rest)) = self.read.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.read = rest;
                return self.event(&block).map_or(Block::Other, Block::Event);
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("something to come");
            let Ok(Some(chunk)) = chunk else { return Block::End };
            self.read.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }

    fn event(&mut self, block: &str) -> Option<Event> {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        if let Some(id) = field("id") {
            id.clone_into(&mut self.last);
        }
        let data = serde_json::from_str(field("data")?).expect("JSON");
        Some(Event { id: self.last.clone(), kind: field("event").unwrap_or_default().to_owned(), data })
    }
}
