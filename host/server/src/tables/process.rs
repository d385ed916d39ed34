//! The parent's side: starts the reading process, takes its rows as they come, and knows why it ended.

use super::line::{Line, Shape};
use super::{Limits, Unreadable};
use crate::confined::{Ended, Program};
use lignaflow_core::{ErrorCode, Fault};
use std::fs::File;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Processes that read at once.
const READERS: usize = 2;
/// How long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// Characters of a sheet's name; spreadsheets let it have 31.
const MAX_SHEET: usize = 200;
/// A line at most: the cells of one row, with their quotes.
const MAX_LINE: u64 = 8 * 1024 * 1024;

/// Where tables are read. One for the whole process.
#[derive(Debug)]
pub struct Tables {
    program: Program,
    limits: Limits,
    places: Arc<Semaphore>,
}

/// A table that is being read. Dropped, the process ends.
#[derive(Debug)]
pub struct Reading {
    child: Child,
    lines: BufReader<ChildStdout>,
    deadline: Instant,
    limits: Limits,
    _place: OwnedSemaphorePermit,
}

impl Tables {
    /// `program` is this one, which reads as `lignaflow read-table`.
    pub fn new(program: Program, limits: Limits) -> Self {
        Self { program, limits, places: Arc::new(Semaphore::new(READERS)) }
    }

    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Begins to read a file, and answers with its shape.
    pub async fn read(&self, file: File, sheet: Option<&str>) -> Result<(Shape, Reading), Fault> {
        // The name goes to a process as an argument, which is short and has no null in it; no workbook's sheet is otherwise.
        if sheet.is_some_and(|name| name.contains('\0') || name.chars().count() > MAX_SHEET) {
            let message = format!("A sheet has a name of at most {MAX_SHEET} characters, none of them a null.");
            return Err(Unreadable::new("no-sheet", message).into());
        }
        let busy = |_| Fault::new(ErrorCode::Unavailable, "Other files are being read just now. Try again shortly.");
        let place = tokio::time::timeout(PATIENCE, self.places.clone().acquire_owned()).await.map_err(busy)?;
        let place = place.map_err(|_| Fault::internal())?;
        let mut command = self.program.command("read-table", self.limits.bounds());
        let Limits { rows, columns, cell, seconds, .. } = self.limits;
        for (name, value) in [("--rows", u64::from(rows)), ("--columns", u64::from(columns)), ("--cell", cell as u64)] {
            command.arg(name).arg(value.to_string());
        }
        command.args(sheet.map(|name| format!("--sheet={name}")));
        command.stdin(Stdio::from(file));
        let mut child = command.spawn().map_err(|error| {
            tracing::error!(%error, program = ?self.program, "the reading process cannot be started");
            Fault::internal()
        })?;
        let Some(output) = child.stdout.take() else { return Err(Fault::internal()) };
        // Reading may wait for a disk and for us; computing is bounded by the process itself.
        let deadline = Instant::now() + Duration::from_secs(seconds * 4);
        let mut reading = Reading {
            child,
            lines: BufReader::with_capacity(64 * 1024, output),
            deadline,
            limits: self.limits,
            _place: place,
        };
        match reading.line().await? {
            Line::Shape(shape) => Ok((shape, reading)),
            _ => Err(Fault::internal()),
        }
    }
}

impl Reading {
    /// The next row, or nothing after the last.
    pub async fn row(&mut self) -> Result<Option<(u32, Vec<String>)>, Fault> {
        match self.line().await? {
            Line::Row(number, cells) => Ok(Some((number, cells))),
            Line::End => Ok(None),
            _ => Err(Fault::internal()),
        }
    }

    async fn line(&mut self) -> Result<Line, Fault> {
        let mut bytes = Vec::new();
        let mut lines = (&mut self.lines).take(MAX_LINE);
        let read = lines.read_until(b'\n', &mut bytes);
        match tokio::time::timeout_at(self.deadline, read).await {
            Err(_) => {
                let _ = self.child.start_kill();
                return Err(unreadable("too-slow", "The file takes too long to read. Split it, or save it as CSV."));
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "the reading process cannot be heard");
                return Err(Fault::internal());
            }
            Ok(Ok(_)) if bytes.ends_with(b"\n") => {}
            Ok(Ok(_)) => return Err(self.ended().await),
        }
        match serde_json::from_slice(&bytes) {
            Ok(Line::Unreadable { code, message }) => Err(unreadable(&code, &message)),
            Ok(line) => Ok(line),
            Err(error) => {
                tracing::error!(%error, "the reading process says what cannot be understood");
                Err(Fault::internal())
            }
        }
    }

    /// Why the process ended without a word.
    async fn ended(&mut self) -> Fault {
        let Ok(status) = self.child.wait().await else { return Fault::internal() };
        tracing::warn!(%status, "a reading process ended early");
        let memory = self.limits.memory / 1_048_576;
        let seconds = self.limits.seconds;
        if Ended::of(status) == Ended::TooSlow {
            return unreadable(
                "too-slow",
                &format!(
                    "The file takes more than {seconds} seconds of computing to read. Split it, or save it as CSV."
                ),
            );
        }
        unreadable(
            "too-large-inside",
            &format!("The file takes more than {memory} MiB of memory to read. Split it, or save it as CSV."),
        )
    }
}

fn unreadable(code: &str, message: &str) -> Fault {
    Fault::at("/file", code, message)
}

impl From<Unreadable> for Fault {
    fn from(error: Unreadable) -> Self {
        unreadable(error.code, &error.message)
    }
}
