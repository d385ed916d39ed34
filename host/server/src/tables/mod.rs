//! Tables that people bring: CSV and XLSX files, read into rows of text.
//!
//! | file | holds |
//! |---|---|
//! | [`process`] | the child process that reads, and what it may use |
//! | [`child`] | what that process does |
//! | [`text`], [`sheet`] | CSV with its encodings and delimiters; workbooks |
//! | [`shelf`] | tables that plugins read by slices, parsed once |
//! | [`line`] | what the child tells its parent, a line at a time |
//!
//! A file from outside is never parsed in the server itself: a compressed bomb, or a fault of a parser, ends a process
//! that has little memory and little time, and nothing else.

pub mod child;
mod line;
mod process;
mod sheet;
mod shelf;
mod text;

pub use line::{Line, Shape};
pub use process::{Reading, Tables};
pub use shelf::Shelf;

use crate::confined::Bounds;
use serde::{Deserialize, Serialize};

/// What a table may have. What has more is refused, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Rows under the heads.
    pub rows: u32,
    pub columns: u16,
    /// Characters of one cell.
    pub cell: usize,
    /// Bytes of memory of the process that reads.
    pub memory: u64,
    /// Seconds of computing.
    pub seconds: u64,
}

impl Limits {
    const fn bounds(&self) -> Bounds {
        Bounds { memory: self.memory, seconds: self.seconds }
    }
}

/// Why a file cannot be read, for whoever brought it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unreadable {
    pub code: &'static str,
    pub message: String,
}

impl Unreadable {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}
