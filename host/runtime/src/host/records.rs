//! The organization's records, through the reads of the call at hand. What a guest asks of other plugins' collections
//! must be covered by its grants as they stand at this moment.

use crate::call::State;
use crate::contract::lignaflow::plugin::query::{Authority, Page, Selection, Summary};
use crate::contract::lignaflow::plugin::records::Host;
use crate::contract::lignaflow::plugin::types::{Error, Value};
use crate::convert::{error, query, value};
use lignaflow_core::Id;
use lignaflow_core::descriptor::Capability;
use lignaflow_core::error::Fault;
use lignaflow_core::query::{Page as HostPage, Selection as HostSelection, Summary as HostSummary};

impl Host for State {
    async fn get(
        &mut self,
        collection: String,
        id: String,
        select: Vec<String>,
        authority: Authority,
    ) -> wasmtime::Result<Result<Option<Vec<Value>>, Error>> {
        self.charge()?;
        self.demand(Capability::Records)?;
        let reads = self.reads.clone();
        let row = match self.record(&collection, &id) {
            Ok(id) => reads.get(&collection, id, &select, query::authority(authority)).await,
            Err(fault) => Err(fault),
        };
        let row = match row {
            Ok(row) => row.map(|row| row.into_iter().map(value::to_wire).collect::<Vec<_>>()),
            Err(fault) => return Ok(Err(error::to_wire(fault))),
        };
        self.hand_over(row.iter().len(), row.iter().flatten().map(value::weight).sum())?;
        Ok(Ok(row))
    }

    async fn find(&mut self, selection: Selection) -> wasmtime::Result<Result<Page, Error>> {
        self.charge()?;
        self.demand(Capability::Records)?;
        let reads = self.reads.clone();
        let page = match self.selection(selection) {
            Ok(selection) => reads.find(&selection).await,
            Err(fault) => Err(fault),
        };
        self.page(page)
    }

    async fn summarize(&mut self, summary: Summary) -> wasmtime::Result<Result<Page, Error>> {
        self.charge()?;
        self.demand(Capability::Records)?;
        let reads = self.reads.clone();
        let page = match self.summary(summary) {
            Ok(summary) => reads.summarize(&summary).await,
            Err(fault) => Err(fault),
        };
        self.page(page)
    }
}

impl State {
    fn record(&self, collection: &str, id: &str) -> Result<Id, Fault> {
        self.may_read([collection])?;
        Ok(value::id(id).map_err(|fault| fault.under("/id"))?)
    }

    fn selection(&self, selection: Selection) -> Result<HostSelection, Fault> {
        let selection = query::selection(selection)?;
        self.may_read(query::read_by_selection(&selection))?;
        Ok(selection)
    }

    fn summary(&self, summary: Summary) -> Result<HostSummary, Fault> {
        let summary = query::summary(summary)?;
        self.may_read(query::read_by_summary(&summary))?;
        Ok(summary)
    }

    fn page(&mut self, answered: Result<HostPage, Fault>) -> wasmtime::Result<Result<Page, Error>> {
        match answered {
            Ok(page) => {
                let rows = page.rows.len();
                let (page, bytes) = query::page(page);
                self.hand_over(rows, bytes)?;
                Ok(Ok(page))
            }
            Err(fault) => Ok(Err(error::to_wire(fault))),
        }
    }
}
