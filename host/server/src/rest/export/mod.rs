//! Lists and summaries as files: every row that matches, a page at a time, so that a file of any length takes the memory
//! of one page.
//!
//! | file | holds |
//! |---|---|
//! | [`columns`] | which columns a file has, and how a row fills them |
//! | [`cell`] | one cell, as its type |
//! | [`rows`] | the rows of a list, page after page, with the names of what they refer to |
//! | [`csv`], [`xlsx`] | the two formats |
//! | [`called`] | what a file is called |

mod called;
mod cell;
mod columns;
mod csv;
mod rows;
mod xlsx;

pub use self::called::{called, days_of, plain as plain_name};
pub use self::csv::{inert, plain};

use crate::app::App;
use crate::rest::accept::Format;
use crate::rest::query::{self, Pairs};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use columns::{Columns, Told};
use http::{HeaderValue, header};
use lignaflow_core::bind::Binder;
use lignaflow_core::caller::Caller;
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::period::Almanac;
use lignaflow_core::query::MAX_LIMIT;
use lignaflow_core::value::Value;
use lignaflow_core::{ErrorCode, Fault, Id, Issue};
use lignaflow_identity::{Authenticated, Client, RecordsTaken};
use lignaflow_runtime::Snapshot;
use rows::{Names, Rows};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Workbooks that are written at once; each keeps a thread and temporary files.
const WORKBOOKS: usize = 8;

/// Groups of a summary that are read at once: each further page counts and sums everything anew.
const GROUPS: u16 = 10_000;

/// A file is whole.
fn whole(name: &str) -> Issue {
    let mut message = format!("A file has all rows and no pages: leave `{name}` out.");
    if name == "expand" {
        message.push_str(" Further columns are paths in `fields`, such as `project.client.name`.");
    }
    Issue::new(format!("/{name}"), "not-in-a-file", message)
}

/// Where files are made on their way out. One for the whole process.
#[derive(Debug)]
pub struct Exports {
    workbooks: Arc<Semaphore>,
    folder: PathBuf,
}

impl Exports {
    /// Temporary files are made in `folder`, without a name.
    pub fn new(folder: PathBuf) -> Self {
        Self { workbooks: Arc::new(Semaphore::new(WORKBOOKS)), folder }
    }
}

/// How a file leaves.
#[derive(Debug, Clone, Copy)]
pub enum TakenBy<'a> {
    /// Somebody takes it, from where they are.
    Hand(&'a Authenticated, &'a Client),
    /// In a letter to the caller, which is made without their being there.
    Mail,
    /// Somebody without an account, by a link that the caller made: what is referred to is told by name alone.
    Link(Id, &'a Client),
}

/// What a file is made of.
#[derive(Debug, Clone, Copy)]
pub struct Export<'a> {
    pub app: &'a App,
    pub caller: &'a Caller,
    /// That is written down before the first byte.
    pub taken_by: TakenBy<'a>,
    pub snapshot: &'a Snapshot,
    pub schema: &'a Arc<Schema>,
    pub format: Format,
    /// Whether a CSV begins with a byte order mark, by which spreadsheet programs know UTF-8.
    pub marked: bool,
}

impl Export<'_> {
    fn binder(&self) -> Binder<'_> {
        Binder { catalog: &self.snapshot.catalog, home: None }
    }

    /// How what is referred to is told.
    fn told(&self) -> Told {
        if matches!(self.taken_by, TakenBy::Link(..)) { Told::ByName } else { Told::ByNameAndId }
    }

    /// All records that a list's query matches. Faults are told before the first byte; what fails later breaks the
    /// answer off, so that nobody takes a part for the whole.
    pub async fn list(&self, pairs: &Pairs) -> Result<Response, Fault> {
        let access = self.caller.to_read()?;
        let mut issues = Vec::new();
        let mut kept = Pairs::new();
        let mut fields = None;
        for (name, text) in pairs {
            match name.as_str() {
                "fields" => fields = Some(query::words(text)),
                "limit" | "after" | "count" | "expand" => issues.push(whole(name)),
                _ => kept.push((name.clone(), text.clone())),
            }
        }
        let columns = Columns::of_list(&self.binder(), self.schema, fields.as_deref(), self.told());
        let list = query::list(&self.binder(), self.schema, &Almanac::of(self.caller), &kept);
        let (columns, list) = match (columns, list) {
            (Ok(columns), Ok(list)) if issues.is_empty() => (columns, list),
            (columns, list) => {
                issues.extend(list.err().map(|fault| fault.issues).unwrap_or_default());
                issues.extend(columns.err().unwrap_or_default());
                return Err(Fault::invalid(issues));
            }
        };
        let mut selection = list.selection;
        selection.select = columns.select().to_vec();
        selection.limit = MAX_LIMIT;
        let count = self.app.records.count(access, &self.snapshot.catalog, &selection).await?;
        if self.format == Format::Xlsx && count >= u64::from(xlsx::MAX_ROWS) {
            let most = xlsx::MAX_ROWS - 1;
            let message =
                format!("{count} records match, and a sheet holds {most}: narrow the filter, or take text/csv.");
            return Err(Fault::at("/filter", "too-many", message));
        }
        let names = Names::new(self.app.records.clone(), self.snapshot.catalog.clone(), self.caller.clone());
        let mut rows = Rows::new(names, selection, columns);
        let first = rows.next().await?.unwrap_or_default();
        self.note(pairs, count).await?;
        self.answer(pairs, rows, first, None)
    }

    /// The rows of a summary.
    pub async fn summary(&self, pairs: &Pairs) -> Result<Response, Fault> {
        let paged = |name: &&str| pairs.iter().any(|(given, _)| given == name);
        let mut issues: Vec<Issue> =
            ["limit", "after"].iter().filter(|name| paged(name)).map(|name| whole(name)).collect();
        let kept = pairs.iter().filter(|(name, _)| name != "limit" && name != "after").cloned().collect();
        let summed = match query::summary(&self.binder(), self.schema, &Almanac::of(self.caller), &kept) {
            Ok(summed) if issues.is_empty() => summed,
            other => {
                issues.extend(other.err().map(|fault| fault.issues).unwrap_or_default());
                return Err(Fault::invalid(issues));
            }
        };
        let mut bound = summed.bound(&self.binder())?;
        let caption = summed.caption(&bound);
        bound.limit = GROUPS;
        let names = Names::new(self.app.records.clone(), self.snapshot.catalog.clone(), self.caller.clone());
        let columns = Columns::of_summary(&self.binder(), &bound, self.told());
        let mut rows = Rows::of_summary(names, bound, columns);
        let first = rows.next().await?.unwrap_or_default();
        self.note(pairs, first.len() as u64).await?;
        self.answer(pairs, rows, first, caption)
    }

    /// Writes it down; without a line nothing is taken.
    async fn note(&self, pairs: &Pairs, rows: u64) -> Result<(), Fault> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let collection = self.schema.name.to_string();
        let taken = RecordsTaken { collection: &collection, format: self.format.extension(), query: &query, rows };
        let identity = &self.app.identity;
        match self.taken_by {
            TakenBy::Hand(actor, client) => identity.note_records_export(actor, client.clone(), &taken).await,
            TakenBy::Mail => identity.note_records_mailed(self.caller, &taken).await,
            TakenBy::Link(link, client) => {
                identity.note_records_by_link(self.caller.organization, link, client, &taken).await
            }
        }
    }

    fn answer(
        &self,
        pairs: &Pairs,
        rows: Rows,
        first: Vec<Vec<cell::Cell>>,
        caption: Option<String>,
    ) -> Result<Response, Fault> {
        let organization = match self.taken_by {
            TakenBy::Hand(actor, _) => actor.organization.name.as_str(),
            TakenBy::Mail | TakenBy::Link(..) => "",
        };
        let days = days_of(self.schema, &Almanac::of(self.caller), pairs);
        let name = called([organization, self.schema.name.local.as_str()], days, self.caller);
        let sending = Sending {
            app: self.app,
            caller: self.caller,
            format: self.format,
            name: &name,
            title: &self.schema.collection.title.many,
            marked: self.marked,
        };
        sending.answer(rows, first, caption)
    }
}

/// A file on its way out.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'a> {
    pub app: &'a App,
    pub caller: &'a Caller,
    pub format: Format,
    /// What the file is called before its ending: letters, digits and hyphens.
    pub name: &'a str,
    /// What its sheet is called.
    pub title: &'a str,
    /// Whether a CSV begins with a byte order mark.
    pub marked: bool,
}

impl Sending<'_> {
    /// A table that is there already. An amount has its currency beside it.
    pub fn table<'v>(
        self,
        heads: Vec<String>,
        rows: impl Iterator<Item = impl Iterator<Item = (FieldKind, &'v Value)>>,
        snapshot: &Snapshot,
    ) -> Result<Response, Fault> {
        let cells = |(kind, value): (FieldKind, &Value)| {
            let currency = match value {
                Value::Money(amount) => cell::Cell::Text(amount.currency.to_string()),
                _ => cell::Cell::Empty,
            };
            let beside = (kind == FieldKind::Money).then_some(currency);
            std::iter::once(cell::Cell::of(kind, value)).chain(beside).collect::<Vec<_>>()
        };
        let first = rows.map(|row| row.flat_map(cells).collect()).collect();
        let names = Names::new(self.app.records.clone(), snapshot.catalog.clone(), self.caller.clone());
        self.answer(Rows::of_page(names, Columns::called(heads)), first, None)
    }

    /// What is said of the rows stands on a sheet of its own; a CSV has rows alone.
    fn answer(self, rows: Rows, first: Vec<Vec<cell::Cell>>, caption: Option<String>) -> Result<Response, Fault> {
        let body = match self.format {
            Format::Json | Format::Csv => csv::body(rows, first, self.marked),
            Format::Xlsx => {
                let Ok(place) = self.app.exports.workbooks.clone().try_acquire_owned() else {
                    let detail = "Too many workbooks are being written just now. Try again shortly, or take text/csv.";
                    return Err(Fault::new(ErrorCode::Unavailable, detail));
                };
                let setting = xlsx::Setting {
                    folder: self.app.exports.folder.clone(),
                    sheet: self.title.to_owned(),
                    time_zone: self.caller.time_zone.clone(),
                    caption,
                };
                xlsx::body(rows, first, setting, place)
            }
        };
        Ok(self.response(body))
    }

    fn response(self, body: Body) -> Response {
        let name = format!("{}.{}", self.name, self.format.extension());
        let kind = match self.format {
            Format::Csv => "text/csv; charset=utf-8; header=present",
            other => other.media_type(),
        };
        let mut response = body.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        headers.append(header::VARY, HeaderValue::from_static("accept"));
        if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
            headers.insert(header::CONTENT_DISPOSITION, value);
        }
        response
    }
}
