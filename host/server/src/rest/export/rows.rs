//! The rows of a list, page after page, each by the cursor of the one before, with the names of what they refer to.

use super::cell::Cell;
use super::columns::{Columns, Named};
use lignaflow_core::Fault;
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
            let everybody = self.records.directory().people(self.caller.organization, None).await?;
            self.known.extend(everybody.into_iter().map(|person| (person.id, person.name)));
        }
        for id in people {
            if !self.known.contains_key(&id) {
                let person = self.records.directory().person(self.caller.organization, id).await?;
                self.known.insert(id, person.map(|person| person.name).unwrap_or_default());
            }
        }
        Ok(())
    }
}

/// What is left of a list.
#[derive(Debug)]
pub(super) struct Rows {
    names: Names,
    columns: Columns,
    /// `None` when the last page was read.
    next: Option<Selection>,
}

impl Rows {
    pub(super) fn new(names: Names, selection: Selection, columns: Columns) -> Self {
        Self { names, columns, next: Some(selection) }
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
        let Some(selection) = self.next.take() else { return Ok(None) };
        let page = self.names.records.find(self.names.caller.to_read()?, &self.names.catalog, &selection).await?;
        self.next = page.next.map(|after| Selection { after: Some(after), ..selection });
        Ok(Some(self.fill(page.rows).await?))
    }

    /// Rows as cells.
    pub(super) async fn fill(&mut self, rows: Vec<Vec<Value>>) -> Result<Vec<Vec<Cell>>, Fault> {
        self.names.learn(&self.columns, &rows).await?;
        Ok(rows.iter().map(|row| self.columns.cells(row, &self.names)).collect())
    }
}
