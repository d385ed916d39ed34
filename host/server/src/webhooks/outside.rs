//! Receivers are asked: at addresses of the public internet alone, so that a webhook cannot be pointed at what only this
//! host reaches.

use crate::outside::{Resolver, System, literal_is_public};
use lignaflow_store::webhooks::deliveries::Tried;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

const CONNECT: Duration = Duration::from_secs(5);
/// From asking to the end of the answer.
const ANSWER: Duration = Duration::from_secs(15);
/// Of an answer so many bytes are read and kept.
const KEPT: usize = 2_048;

/// Asks receivers.
#[derive(Debug)]
pub struct Outside {
    /// Addresses inside and plain HTTP may be asked as well.
    private: bool,
    /// Made when it is first needed: it reads the machine's certificates.
    client: OnceLock<Result<Client, String>>,
}

/// One try.
#[derive(Debug)]
pub struct Letter<'a> {
    pub url: &'a str,
    pub event: String,
    pub attempt: i64,
    pub signature: String,
    pub body: Vec<u8>,
}

impl Outside {
    pub fn new(private: bool) -> Self {
        Self { private, client: OnceLock::new() }
    }

    pub fn is_private(&self) -> bool {
        self.private
    }

    fn client(&self) -> Result<&Client, String> {
        let made = self.client.get_or_init(|| {
            Client::builder()
                .redirect(Policy::none())
                // A proxy would be asked for addresses that were never looked at.
                .no_proxy()
                .https_only(!self.private)
                .connect_timeout(CONNECT)
                .timeout(ANSWER)
                .dns_resolver(Arc::new(Resolver { names: Arc::new(System), private: self.private, inside: INSIDE }))
                .user_agent(concat!("LignaFlow/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| format!("This host cannot check certificates: {error}"))
        });
        made.as_ref().map_err(Clone::clone)
    }

    /// Sends once. Whatever comes of it is told.
    pub async fn send(&self, letter: Letter<'_>, at: i64) -> Tried {
        let started = Instant::now();
        let answered = self.ask(letter).await;
        let took_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        match answered {
            Ok((status, answer)) => Tried { at, status: Some(status), took_ms, answer: Some(answer), error: None },
            Err(error) => Tried { at, status: None, took_ms, answer: None, error: Some(error) },
        }
    }

    async fn ask(&self, letter: Letter<'_>) -> Result<(u16, String), String> {
        let url: Url = letter.url.parse().map_err(|_| "The address cannot be read.".to_owned())?;
        // An address in figures is asked of no resolver.
        if !self.private && !literal_is_public(&url) {
            return Err(format!("{INSIDE}."));
        }
        let request = self.client()?.post(url).body(letter.body);
        let request = request
            .header("content-type", "application/json")
            .header("lignaflow-event", letter.event)
            .header("lignaflow-attempt", letter.attempt)
            .header("lignaflow-signature", letter.signature);
        let mut response = request.send().await.map_err(|error| why(&error))?;
        let status = response.status().as_u16();
        let mut kept = Vec::new();
        while kept.len() < KEPT
            && let Ok(Some(chunk)) = response.chunk().await
        {
            kept.extend_from_slice(&chunk[..chunk.len().min(KEPT - kept.len())]);
        }
        let text: String = String::from_utf8_lossy(&kept).chars().filter(|c| *c == '\n' || !c.is_control()).collect();
        Ok((status, text))
    }
}

const INSIDE: &str = "The address leads inside this host's own network, where webhooks may not go";

/// Why there was no answer, without the address, which may hold a secret.
fn why(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if error.is_timeout() {
        "There was no answer in time.".to_owned()
    } else if error.is_connect() {
        format!("No connection: {cause}.")
    } else {
        format!("The connection broke: {cause}.")
    }
}
