//! Files of the organization. Which a plugin may see, and where what it makes is kept, is for the reads of the call at
//! hand.

use crate::call::State;
use crate::contract::lignaflow::plugin::media::{Host, Info, Portion, Row};
use crate::contract::lignaflow::plugin::query::Authority;
use crate::contract::lignaflow::plugin::types::Error;
use crate::convert::{error, query, value};
use lignaflow_core::Id;
use lignaflow_core::descriptor::Capability;
use lignaflow_core::error::Fault;
use lignaflow_core::files::{MAX_CHUNK, MAX_ROWS, TableSlice};

impl Host for State {
    async fn describe(&mut self, id: String, authority: Authority) -> wasmtime::Result<Result<Info, Error>> {
        self.charge()?;
        self.demand(Capability::Media)?;
        let reads = self.reads.clone();
        let found = match file(&id) {
            Ok(id) => reads.describe_file(id, query::authority(authority)).await,
            Err(fault) => Err(fault),
        };
        let file = match found {
            Ok(file) => file,
            Err(fault) => return Ok(Err(error::to_wire(fault))),
        };
        self.hand_over(1, file.name.len() + file.content_type.len())?;
        Ok(Ok(Info { name: file.name, content_type: file.content_type, size: file.size }))
    }

    async fn read(
        &mut self,
        id: String,
        authority: Authority,
        offset: u64,
        length: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        self.charge()?;
        self.demand(Capability::Media)?;
        let reads = self.reads.clone();
        let length = usize::try_from(length).unwrap_or(MAX_CHUNK).min(MAX_CHUNK);
        let read = match file(&id) {
            Ok(id) => reads.read_file(id, query::authority(authority), offset, length).await,
            Err(fault) => Err(fault),
        };
        match read {
            Ok(bytes) => {
                self.hand_over(0, bytes.len())?;
                Ok(Ok(bytes))
            }
            Err(fault) => Ok(Err(error::to_wire(fault))),
        }
    }

    async fn rows(
        &mut self,
        id: String,
        authority: Authority,
        sheet: Option<String>,
        offset: u32,
        limit: u16,
    ) -> wasmtime::Result<Result<Portion, Error>> {
        self.charge()?;
        self.demand(Capability::Media)?;
        let reads = self.reads.clone();
        let slice = TableSlice { sheet, offset, limit: limit.min(MAX_ROWS) };
        let read = match file(&id) {
            Ok(id) => reads.table_rows(id, query::authority(authority), slice).await,
            Err(fault) => Err(fault),
        };
        let table = match read {
            Ok(table) => table,
            Err(fault) => return Ok(Err(error::to_wire(fault))),
        };
        self.hand_over(table.rows.len(), table.weight())?;
        let rows = table.rows.into_iter().map(|(number, cells)| Row { number, cells }).collect();
        Ok(Ok(Portion { heads: table.heads, total: table.total, rows }))
    }

    async fn create(&mut self, id: String, name: String) -> wasmtime::Result<Result<(), Error>> {
        self.charge()?;
        self.demand(Capability::Media)?;
        let reads = self.reads.clone();
        let begun = match file(&id) {
            Ok(id) => reads.create_file(id, &name).await,
            Err(fault) => Err(fault),
        };
        Ok(begun.map_err(error::to_wire))
    }

    async fn append(&mut self, id: String, bytes: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
        self.charge()?;
        self.demand(Capability::Media)?;
        let reads = self.reads.clone();
        let added = match file(&id) {
            Ok(_) if bytes.len() > MAX_CHUNK => {
                Err(Fault::at("/bytes", "too-large", format!("At most {MAX_CHUNK} bytes are added at once.")))
            }
            Ok(id) => reads.append_to_file(id, bytes).await,
            Err(fault) => Err(fault),
        };
        Ok(added.map_err(error::to_wire))
    }
}

fn file(id: &str) -> Result<Id, Fault> {
    Ok(value::id(id).map_err(|fault| fault.under("/id"))?)
}
