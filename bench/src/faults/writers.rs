//! Clients that write without a pause and remember what became of each call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use super::WRITERS;
use crate::client::{Target, request};

/// How many of them write batches: a project with its tasks, copied in one commit.
const COPIERS: usize = 4;

/// What became of the calls of some time.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Clients that were acknowledged.
    pub(super) clients: Vec<Uuid>,
    /// Projects that were acknowledged, each with its tasks.
    pub(super) projects: Vec<Uuid>,
    /// Clients for which no answer came, nor its beginning. What they were is known all the same.
    pub(super) unanswered: Vec<Uuid>,
    /// Copies for which none came.
    pub(super) copies_unanswered: u32,
    /// Answers that broke off.
    pub(super) cut: u32,
    /// 503: the server says that it stops.
    pub(super) turned_away: u32,
    /// Answers that should not be.
    pub(super) refused: Vec<(u16, String)>,
}

impl Seen {
    pub(super) fn acknowledged(&self) -> usize {
        self.clients.len() + self.projects.len()
    }

    fn add(&mut self, mut other: Self) {
        self.clients.append(&mut other.clients);
        self.projects.append(&mut other.projects);
        self.unanswered.append(&mut other.unanswered);
        self.copies_unanswered += other.copies_unanswered;
        self.cut += other.cut;
        self.turned_away += other.turned_away;
        self.refused.append(&mut other.refused);
    }
}

/// Clients at work.
#[derive(Debug)]
pub(super) struct Writers {
    tasks: JoinSet<Seen>,
    enough: Arc<AtomicBool>,
}

impl Writers {
    /// `template` is the project that is copied.
    pub(super) fn begin(target: &Target, token: &str, template: Uuid) -> Self {
        let mut tasks = JoinSet::new();
        let enough = Arc::new(AtomicBool::new(false));
        for number in 0..WRITERS {
            let work = if number < COPIERS { Work::Copies(template) } else { Work::Clients };
            tasks.spawn(write(target.clone(), token.to_owned(), work, Arc::clone(&enough)));
        }
        Self { tasks, enough }
    }

    /// Call it when the server is gone: waits until each of them has noticed.
    pub(super) async fn end(mut self) -> Result<Seen> {
        self.enough.store(true, Ordering::Relaxed);
        let mut seen = Seen::default();
        while let Some(one) = self.tasks.join_next().await {
            seen.add(one?);
        }
        Ok(seen)
    }
}

#[derive(Debug, Clone, Copy)]
enum Work {
    Clients,
    Copies(Uuid),
}

impl Work {
    fn call(self, token: &str, id: Uuid) -> String {
        let (path, body) = match self {
            Self::Clients => (
                "/api/v1/projects/clients".to_owned(),
                json!({ "id": id, "name": format!("Client {id}"), "contact": "Ana Lee" }),
            ),
            Self::Copies(template) => (
                format!("/api/v1/projects/projects/{template}/copy"),
                json!({ "name": format!("Copy {id}"), "start": "2027-02-01" }),
            ),
        };
        request("POST", &path, Some(token), Some(&body.to_string()))
    }
}

/// Until it is enough and the connection is gone.
async fn write(target: Target, token: String, work: Work, enough: Arc<AtomicBool>) -> Seen {
    let mut seen = Seen::default();
    let mut connection = None;
    loop {
        if connection.is_none() {
            if enough.load(Ordering::Relaxed) {
                return seen;
            }
            connection = target.connect().await.ok();
        }
        let Some(mut open) = connection.take() else {
            sleep(Duration::from_millis(1)).await;
            continue;
        };
        let id = Uuid::now_v7();
        match open.call(work.call(&token, id).as_bytes()).await {
            Ok(answer) => match (answer.status, work) {
                (201, Work::Clients) => seen.clients.push(id),
                (200 | 201, Work::Copies(_)) => match copied(answer.body) {
                    Some(project) => seen.projects.push(project),
                    None => seen.refused.push((answer.status, "a copy without an id".to_owned())),
                },
                (503, _) => seen.turned_away += 1,
                (status, _) => seen.refused.push((status, String::from_utf8_lossy(answer.body).into_owned())),
            },
            Err(broken) if broken.begun => seen.cut += 1,
            Err(_) => match work {
                Work::Clients => seen.unanswered.push(id),
                Work::Copies(_) => seen.copies_unanswered += 1,
            },
        }
        if open.is_usable() {
            connection = Some(open);
        }
    }
}

fn copied(body: &[u8]) -> Option<Uuid> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    answer["id"].as_str()?.parse().ok()
}
