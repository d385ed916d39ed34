//! Files of other programs that are understood whole rather than column by column, because what they bring is of several
//! collections. What they mean is told by whoever builds the server: this crate knows none of them.

use super::document::RowFault;
use super::mapping::{DateOrder, Mapping};
use async_trait::async_trait;
use lignaflow_core::caller::{Caller, Permission};
use lignaflow_core::name::CollectionName;
use lignaflow_core::{Fault, Issue};
use std::sync::atomic::{AtomicU64, Ordering};

/// A kind of file that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    /// As the mapping names it: `toggl`.
    pub name: &'static str,
    /// What such a file is: `detailed time report of Toggl Track`.
    pub title: &'static str,
}

/// A file, all of it.
#[derive(Debug, Clone)]
pub struct Whole {
    pub program: String,
    pub heads: Vec<String>,
    /// With their numbers as a spreadsheet shows them.
    pub rows: Vec<(u32, Vec<String>)>,
    pub dates: DateOrder,
    /// IANA: where clocks showed what the file says, if not where the organization is.
    pub zone: Option<String>,
}

/// What became of a file, or would.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Understood {
    pub created: u64,
    /// What is there by an earlier import of the same rows.
    pub unchanged: u64,
    pub faults: Vec<RowFault>,
    /// What is of no row: totals, and what was made beside.
    pub notes: Vec<String>,
}

/// How many rows are through, told while it goes on.
#[derive(Debug, Default)]
pub struct Through(AtomicU64);

impl Through {
    pub fn add(&self, rows: u64) {
        self.0.fetch_add(rows, Ordering::Relaxed);
    }

    pub(super) fn rows(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The files that are known, and what is done with them.
#[async_trait]
pub trait Programs: Send + Sync + std::fmt::Debug {
    /// Those whose files go to a collection.
    fn of(&self, collection: &CollectionName) -> &[Program];

    /// The one that a file of these heads is most likely of.
    fn recognize(&self, collection: &CollectionName, heads: &[String]) -> Option<Program>;

    /// Brings a file in for its caller, or with `dry` tells what would come of it and writes nothing. It may be asked for
    /// the same file again, where a host ended in the middle: nothing is made twice.
    async fn bring(&self, caller: &Caller, file: Whole, dry: bool, through: &Through) -> Result<Understood, Fault>;
}

/// None is known.
#[derive(Debug, Clone, Copy)]
pub struct NoPrograms;

#[async_trait]
impl Programs for NoPrograms {
    fn of(&self, _: &CollectionName) -> &[Program] {
        &[]
    }

    fn recognize(&self, _: &CollectionName, _: &[String]) -> Option<Program> {
        None
    }

    async fn bring(&self, _: &Caller, _: Whole, _: bool, _: &Through) -> Result<Understood, Fault> {
        Err(Fault::internal())
    }
}

/// Whether a file may be brought whole as a mapping says. It makes what is not there yet, people among it.
pub(super) fn fits(known: &[Program], caller: &Caller, mapping: &Mapping) -> Result<(), Fault> {
    let mut issues = Vec::new();
    if let Some(name) = &mapping.program
        && !known.iter().any(|program| program.name == name)
    {
        let names: Vec<String> = known.iter().map(|program| format!("`{}`", program.name)).collect();
        let message = match names.as_slice() {
            [] => "Files of no other program are known here: leave `program` out.".to_owned(),
            names => format!("The programs whose files are known here are {}.", names.join(", ")),
        };
        issues.push(Issue::new("/program", "unknown", message));
    }
    match (&mapping.zone, &mapping.program) {
        (Some(_), None) => {
            let message = "A zone is said of files that are of a program; other times without one are in your own.";
            issues.push(Issue::new("/zone", "without-program", message));
        }
        (Some(zone), Some(_)) if jiff::tz::TimeZone::get(zone).is_err() => {
            let message = format!("There is no time zone `{zone}`; one is `Australia/Perth`.");
            issues.push(Issue::new("/zone", "unknown", message));
        }
        _ => {}
    }
    if !issues.is_empty() {
        return Err(Fault::invalid(issues));
    }
    if caller.holds(Permission::ADMINISTER) {
        Ok(())
    } else {
        Err(Fault::denied(
            "Only administrators bring files of other programs whole: people and more come along with them.",
        ))
    }
}
