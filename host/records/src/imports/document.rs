//! What is kept of an import beside its rows.

use super::mapping::Mapping;
use lignaflow_core::Fault;
use lignaflow_core::clock::Micros;
use lignaflow_core::error::ErrorCode;
use lignaflow_core::id::{Id, PersonId};
use lignaflow_core::name::CollectionName;
use lignaflow_store::imports::StoredImport;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Faults that are kept by row and column; how many there were is known beyond them.
pub const MAX_FAULTS: usize = 500;

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Its file is being read.
    Uploading,
    /// Its file is read and its mapping can be changed.
    Uploaded,
    /// A dry run is under way.
    Checking,
    /// A dry run has come to its end.
    Checked,
    Running,
    /// Every row is carried out, or left out as faulty.
    Done,
    /// Something ended it early: `stopped` says what.
    Stopped,
    Undoing,
    Undone,
}

impl State {
    pub const ALL: [Self; 9] = [
        Self::Uploading,
        Self::Uploaded,
        Self::Checking,
        Self::Checked,
        Self::Running,
        Self::Done,
        Self::Stopped,
        Self::Undoing,
        Self::Undone,
    ];
    /// Those in which a host works on it.
    pub const UNDER_WAY: [Self; 3] = [Self::Checking, Self::Running, Self::Undoing];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uploading => "uploading",
            Self::Uploaded => "uploaded",
            Self::Checking => "checking",
            Self::Checked => "checked",
            Self::Running => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
        }
    }

    pub fn is_under_way(self) -> bool {
        Self::UNDER_WAY.contains(&self)
    }

    pub(super) fn under_way() -> [&'static str; 3] {
        Self::UNDER_WAY.map(Self::as_str)
    }
}

/// One import.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    pub id: Id,
    pub collection: CollectionName,
    pub state: State,
    pub made_by: Option<PersonId>,
    pub made_at: Micros,
    pub changed_at: Micros,
    pub document: Document,
    pub(super) revision: i64,
}

/// What is kept as JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The file's name.
    pub file: String,
    /// What the file was found to be, for those who look at it.
    pub shape: serde_json::Value,
    pub heads: Vec<String>,
    /// Rows under the heads.
    pub rows: u32,
    /// Parts in which the rows are kept.
    pub parts: u32,
    pub mapping: Mapping,
    #[serde(default)]
    pub by: Option<By>,
    /// Whether it was run, and not only tried.
    #[serde(default)]
    pub ran: bool,
    pub progress: Progress,
    pub faults: Vec<RowFault>,
    pub fault_count: u64,
    /// What a file that was brought whole came to, beside its rows.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What ended it early.
    #[serde(default)]
    pub stopped: Option<Stopped>,
}

/// On whose account the work is done: with what they held when they began it, and still hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    pub person: PersonId,
    pub permissions: BTreeSet<String>,
}

/// How far the work under way, or the last one, has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Rows that were looked at.
    pub rows: u64,
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    /// Rows that were left out as faulty.
    pub skipped: u64,
    /// Records that were archived, and set back, by undoing.
    #[serde(default)]
    pub archived: u64,
    #[serde(default)]
    pub set_back: u64,
    /// The part that comes next.
    pub next: u32,
    /// Of undoing: where in the log it has come to.
    #[serde(default)]
    pub below: Option<i64>,
}

/// A fault of one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowFault {
    /// As a spreadsheet shows it, from 1, the heads among them.
    pub row: u32,
    /// The head of the column.
    pub column: Option<String>,
    pub field: Option<String>,
    pub code: String,
    pub message: String,
}

/// What ended an import early.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    pub code: String,
    pub message: String,
}

impl From<&Fault> for Stopped {
    fn from(fault: &Fault) -> Self {
        Self { code: fault.code.as_str().to_owned(), message: fault.message.clone() }
    }
}

impl Document {
    pub(super) fn add_faults(&mut self, faults: Vec<RowFault>) {
        self.fault_count += u64::try_from(faults.len()).unwrap_or_default();
        let room = MAX_FAULTS.saturating_sub(self.faults.len());
        self.faults.extend(faults.into_iter().take(room));
    }
}

impl Import {
    /// Whether it ended before anything was written.
    pub fn untouched(&self) -> bool {
        self.state == State::Stopped && (!self.document.ran || self.document.progress.next == 0)
    }

    pub(super) fn of(stored: StoredImport) -> Result<Self, Fault> {
        let broken = |what: &str| {
            tracing::error!(import = %stored.id, "an import's {what} cannot be read");
            Fault::new(ErrorCode::Internal, "This import cannot be read any more.")
        };
        let state =
            State::ALL.into_iter().find(|state| state.as_str() == stored.state).ok_or_else(|| broken("state"))?;
        let document = serde_json::from_str(&stored.document).map_err(|_| broken("document"))?;
        Ok(Self {
            id: stored.id,
            collection: stored.collection,
            state,
            made_by: stored.made_by,
            made_at: stored.made_at,
            changed_at: stored.changed_at,
            revision: stored.revision,
            document,
        })
    }

    pub(super) fn stored(&self) -> Result<StoredImport, Fault> {
        Ok(StoredImport {
            id: self.id,
            collection: self.collection.clone(),
            state: self.state.as_str().to_owned(),
            made_by: self.made_by,
            made_at: self.made_at,
            changed_at: self.changed_at,
            revision: self.revision,
            document: serde_json::to_string(&self.document).map_err(|_| Fault::internal())?,
        })
    }
}
