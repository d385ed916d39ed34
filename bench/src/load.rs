//! `lignaflow-bench load`: many connections, each with one request under way at a time, for so many seconds; what came
//! back as one line of JSON.
//!
//! It runs as a process of its own and on one thread: it must neither share the runtime of what it measures nor take
//! more of the cores than it needs. Both sides of a comparison get the same load.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::client::{Connection, Target, request};

/// The variable that holds the token, which would be seen by everybody on a command line.
pub(crate) const TOKEN: &str = "LIGNAFLOW_BENCH_TOKEN";

/// In a body: an identifier of version 7 and a number, other ones in every request.
pub(crate) const FRESH_ID: &str = "{id}";
pub(crate) const FRESH_NUMBER: &str = "{number}";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The port on this machine
    #[arg(long)]
    port: u16,
    /// The PEM file of the certificate authority; plain HTTP is spoken without one
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
    #[arg(long, default_value = "GET")]
    method: String,
    #[arg(long)]
    path: String,
    /// JSON in which {id} and {number} are other ones in every request
    #[arg(long)]
    body: Option<String>,
    #[arg(long, default_value_t = 64)]
    connections: u32,
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) requests: u32,
    pub(crate) seconds: f64,
    pub(crate) per_second: f64,
    /// Answers by status.
    pub(crate) statuses: BTreeMap<u16, u32>,
    /// Requests without a whole answer.
    pub(crate) broken: u32,
    /// Bytes of bodies.
    pub(crate) bytes: u64,
    pub(crate) latency: Latency,
}

impl Outcome {
    /// Bytes of one body. A round has far fewer than 4 GiB of them per request.
    pub(crate) fn bytes_each(&self) -> f64 {
        let each = self.bytes / u64::from(self.requests.max(1));
        f64::from(u32::try_from(each).unwrap_or(u32::MAX))
    }
}

/// Microseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) p50: u32,
    pub(crate) p90: u32,
    pub(crate) p99: u32,
    pub(crate) worst: u32,
}

impl Latency {
    fn of(mut all: Vec<u32>) -> Self {
        all.sort_unstable();
        let at = |percent: usize| all.get((all.len() * percent / 100).min(all.len().saturating_sub(1))).copied();
        let at = |percent| at(percent).unwrap_or_default();
        Self { p50: at(50), p90: at(90), p99: at(99), worst: at(100) }
    }
}

pub(crate) fn main(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(run(options))?;
    println!("{}", serde_json::to_string(&outcome)?);
    Ok(())
}

async fn run(options: &Options) -> Result<Outcome> {
    let target = match &options.authority {
        Some(authority) => Target::new(options.port, authority)?,
        None => Target::plain(options.port),
    };
    let token = std::env::var(TOKEN).ok();
    let text =
        request(&options.method, &options.path, token.as_deref(), options.body.as_deref().map(widened).as_deref());
    let template = Template::new(&text);

    // Handshakes are not what is measured here: all connections stand before the time begins.
    let mut connections = Vec::new();
    for _ in 0..options.connections {
        connections.push(target.connect().await.context("cannot connect")?);
    }
    let begin = Instant::now();
    let end = begin + Duration::from_secs(options.seconds);
    let mut workers = Vec::new();
    for connection in connections {
        workers.push(tokio::spawn(work(target.clone(), connection, template.clone(), end)));
    }
    let mut outcome = Outcome::default();
    let mut latencies = Vec::new();
    for worker in workers {
        let mut done = worker.await?;
        for (status, count) in done.statuses {
            *outcome.statuses.entry(status).or_default() += count;
        }
        outcome.broken += done.broken;
        outcome.bytes += done.bytes;
        latencies.append(&mut done.latencies);
    }
    outcome.seconds = begin.elapsed().as_secs_f64();
    outcome.requests = u32::try_from(latencies.len())?;
    if outcome.requests == 0 {
        bail!("nothing was answered in {} seconds; {} requests broke", options.seconds, outcome.broken);
    }
    outcome.per_second = f64::from(outcome.requests) / outcome.seconds;
    outcome.latency = Latency::of(latencies);
    Ok(outcome)
}

#[derive(Debug, Default)]
struct Done {
    statuses: BTreeMap<u16, u32>,
    broken: u32,
    bytes: u64,
    latencies: Vec<u32>,
}

async fn work(target: Target, mut connection: Connection, mut template: Template, end: Instant) -> Done {
    let mut done = Done::default();
    loop {
        let begin = Instant::now();
        if begin >= end {
            return done;
        }
        match connection.call(template.next()).await {
            Ok(answer) => {
                *done.statuses.entry(answer.status).or_default() += 1;
                done.bytes += answer.body.len() as u64;
                done.latencies.push(u32::try_from(begin.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
            Err(_) => done.broken += 1,
        }
        if !connection.is_usable() {
            match target.connect().await {
                Ok(fresh) => connection = fresh,
                Err(_) => return done,
            }
        }
    }
}

const ID_WIDTH: usize = 36;
const NUMBER_WIDTH: usize = 32;

/// Marks take as much room as what they stand for, so that the length of a body does not change.
fn widened(body: &str) -> String {
    body.replace(FRESH_ID, &"\u{1}".repeat(ID_WIDTH)).replace(FRESH_NUMBER, &"\u{2}".repeat(NUMBER_WIDTH))
}

/// A request with places that are filled anew each time it is sent.
#[derive(Debug, Clone)]
struct Template {
    bytes: Vec<u8>,
    ids: Vec<usize>,
    numbers: Vec<usize>,
}

impl Template {
    fn new(text: &str) -> Self {
        let places = |mark: u8, width: usize| {
            let marked: Vec<usize> =
                text.bytes().enumerate().filter(|(_, byte)| *byte == mark).map(|(at, _)| at).collect();
            marked.into_iter().step_by(width).collect()
        };
        Self { bytes: text.as_bytes().to_vec(), ids: places(1, ID_WIDTH), numbers: places(2, NUMBER_WIDTH) }
    }

    fn next(&mut self) -> &[u8] {
        for at in &self.ids {
            Uuid::now_v7().hyphenated().encode_lower(&mut self.bytes[*at..at + ID_WIDTH]);
        }
        for at in &self.numbers {
            Uuid::now_v7().simple().encode_lower(&mut self.bytes[*at..at + NUMBER_WIDTH]);
        }
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_of_a_template_is_another_one_of_the_same_length() {
        let body = widened(r#"{"id":"{id}","name":"Client {number}","note":"{number}"}"#);
        let text = request("POST", "/", None, Some(&body));
        let mut template = Template::new(&text);
        let (first, second) = (template.next().to_vec(), template.next().to_vec());
        assert_eq!((first.len(), second.len()), (text.len(), text.len()));
        assert_ne!(first, second);
        let json: serde_json::Value = serde_json::from_slice(&first[text.len() - body.len()..]).unwrap();
        assert_eq!(json["id"].as_str().unwrap().parse::<Uuid>().unwrap().get_version_num(), 7);
    }

    #[test]
    fn percentiles_are_of_what_was_measured() {
        let latency = Latency::of((1..=200).rev().collect());
        assert_eq!(latency, Latency { p50: 101, p90: 181, p99: 199, worst: 200 });
    }
}
