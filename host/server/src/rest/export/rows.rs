//! The rows of a list or a summary, page after page, each by the cursor of the one before, with the names of what they
//! refer to.

use super::cell::Cell;
use super::columns::{Columns, Named};
use lignaflow_core::Fault;
use lignaflow_core::bound::BoundSummary;
use lignaflow_core::caller::Caller;
use lignaflow_core::catalog::Catalog;
use lignaflow_core::id::Id;
use lignaflow_core::name::CollectionName;
use lignaflow_core::query::Selection;
use lignaflow_core::value::Value;
use lignaflow_records::Records;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Names that are kept from one page to the next.
const MAX_KEPT: usize = 20_000;

/// What ids are called.
#[derive(Debug)]
pub(super) struct Names {
    records: Records,
    catalog: Arc<Catalog>,
    /// The rows are read after the request was answered, as whoever asked may read them.
    caller: Caller,
    known: HashMap<Id, String>,
}

impl Names {
    pub(super) fn new(records: Records, catalog: Arc<Catalog>, caller: Caller) -> Self {
        Self { records, catalog, caller, known: HashMap::new() }
    }

    /// The name of an id that was wanted; empty where the caller may not know it.
    pub(super) fn of(&self, id: Id) -> String {
        self.known.get(&id).cloned().unwrap_or_default()
    }

    async fn learn(&mut self, columns: &Columns, rows: &[Vec<Value>]) -> Result<(), Fault> {
        if self.known.len() > MAX_KEPT {
            self.known.clear();
        }
        let mut records: BTreeMap<CollectionName, BTreeSet<Id>> = BTreeMap::new();
        let mut people = BTreeSet::new();
        let mut files = BTreeSet::new();
        for (of, id) in rows.iter().flat_map(|row| columns.wanted(row)) {
            if self.known.contains_key(&id) {
                continue;
            }
            match of {
                Named::People => {
                    people.insert(id);
                }
                Named::Files => {
                    files.insert(id);
                }
                Named::Records(name) => {
                    records.entry(name.clone()).or_default().insert(id);
                }
            }
        }
        if !records.is_empty() {
            self.known.extend(self.records.labels(self.caller.to_read()?, &self.catalog, &records).await?);
        }
        let files: Vec<Id> = files.into_iter().collect();
        self.known.extend(self.records.file_names(self.caller.to_read()?, &files).await?);
        if !people.is_empty() {
            let people: Vec<Id> = people.into_iter().collect();
            let names = self.records.directory().names(self.caller.organization, &people).await?;
            self.known.extend(people.into_iter().map(|id| (id, String::new())));
            self.known.extend(names);
        }
        Ok(())
    }
}

/// What is read page by page.
#[derive(Debug)]
enum Source {
    List(Box<Selection>),
    Summary(Box<BoundSummary>),
}

/// What is left of a list or a summary.
#[derive(Debug)]
pub(super) struct Rows {
    names: Names,
    columns: Columns,
    /// `None` when the last page was read.
    next: Option<Source>,
}

impl Rows {
    pub(super) fn new(names: Names, selection: Selection, columns: Columns) -> Self {
        Self { names, columns, next: Some(Source::List(Box::new(selection))) }
    }

    /// The groups of a summary.
    pub(super) fn of_summary(names: Names, summary: BoundSummary, columns: Columns) -> Self {
        Self { names, columns, next: Some(Source::Summary(Box::new(summary))) }
    }

    /// Of rows that are there already.
    pub(super) fn of_page(names: Names, columns: Columns) -> Self {
        Self { names, columns, next: None }
    }

    pub(super) fn heads(&self) -> &[String] {
        self.columns.heads()
    }

    /// The next page, or nothing after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Vec<Cell>>>, Fault> {
        let Some(source) = self.next.take() else { return Ok(None) };
        let (records, caller) = (&self.names.records, &self.names.caller);
        let rows = match source {
            Source::List(selection) => {
                let page = records.find(caller.to_read()?, &self.names.catalog, &selection).await?;
                self.next =
                    page.next.map(|after| Source::List(Box::new(Selection { after: Some(after), ..*selection })));
                page.rows
            }
            Source::Summary(summary) => {
                let page = records.groups(caller, &summary).await?;
                // The last row is where the next page begins, as its cursor would say.
                let after = page.next.and_then(|_| page.rows.last().cloned());
                self.next =
                    after.map(|after| Source::Summary(Box::new(BoundSummary { after: Some(after), ..*summary })));
                page.rows
            }
        };
        Ok(Some(self.fill(rows).await?))
    }

    /// Rows as cells.
    async fn fill(&mut self, rows: Vec<Vec<Value>>) -> Result<Vec<Vec<Cell>>, Fault> {
        self.names.learn(&self.columns, &rows).await?;
        Ok(rows.iter().map(|row| self.columns.cells(row, &self.names)).collect())
    }
}
