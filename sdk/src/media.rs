//! Files of the organization. Needs a grant: `[grants] interfaces = ["media"]`.
//!
//! A plugin reads what records hold that it may read, and what the caller has brought and no record holds yet. What it
//! makes itself is kept where the writes of the same call have a record hold it:
//!
//! ```
//! use lignaflow_sdk::prelude::*;
//!
//! fn report(order: Id, lines: &[String]) -> Result<Mutation, Fault> {
//!     let file = context::new_id()?;
//!     let mut report = media::create(file, "report.csv")?;
//!     for line in lines {
//!         report.append(line.as_bytes())?;
//!     }
//!     Ok(update("orders", order).set("report", file).into())
//! }
//! ```

use crate::{Authority, Fault, Id};
pub use lignaflow_core::files::{MAX_CHUNK, MAX_ROWS};

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    pub name: String,
    /// What its bytes say that it is.
    pub content_type: String,
    pub size: u64,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// As a spreadsheet shows it, from 1, the heads among them.
    pub number: u32,
    /// As many as there are heads.
    pub cells: Vec<String>,
}

/// Some rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portion {
    pub heads: Vec<String>,
    /// Under the heads, of the whole table.
    pub total: u32,
    pub rows: Vec<Row>,
}

impl Portion {
    /// The place of a column, by its head, whatever its case.
    pub fn column(&self, head: &str) -> Option<usize> {
        self.heads.iter().position(|known| known.eq_ignore_ascii_case(head))
    }
}

/// A file, on the rights of the caller; in a job or a subscriber on the plugin's own.
pub fn file(id: Id) -> File {
    File { id, authority: Authority::Caller, sheet: None }
}

/// A file that is read. Nothing is asked before one of its functions is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    id: Id,
    authority: Authority,
    sheet: Option<String>,
}

impl File {
    /// On the plugin's own rights: files of its own records, and of those that it was granted to read.
    #[must_use]
    pub fn as_plugin(self) -> Self {
        Self { authority: Authority::Plugin, ..self }
    }

    /// The sheet of a workbook that is read; its first where none is named.
    #[must_use]
    pub fn sheet(self, name: impl Into<String>) -> Self {
        Self { sheet: Some(name.into()), ..self }
    }

    pub fn describe(&self) -> Result<Info, Fault> {
        #[cfg(target_arch = "wasm32")]
        return crate::bindings::lignaflow::plugin::media::describe(
            &self.id.to_string(),
            crate::wire::authority(self.authority),
        )
        .map(|info| Info { name: info.name, content_type: info.content_type, size: info.size })
        .map_err(crate::wire::fault);
        #[cfg(not(target_arch = "wasm32"))]
        crate::testing::call::with(|call| call.describe_file(self.id))
    }

    /// At most [`MAX_CHUNK`] bytes from a place on; less at the end, and none behind it.
    pub fn read(&self, offset: u64, length: u32) -> Result<Vec<u8>, Fault> {
        #[cfg(target_arch = "wasm32")]
        return crate::bindings::lignaflow::plugin::media::read(
            &self.id.to_string(),
            crate::wire::authority(self.authority),
            offset,
            length,
        )
        .map_err(crate::wire::fault);
        #[cfg(not(target_arch = "wasm32"))]
        crate::testing::call::with(|call| call.read_file(self.id, offset, length))
    }

    /// All of a file that has at most so many bytes.
    pub fn read_all(&self, most: u64) -> Result<Vec<u8>, Fault> {
        let size = self.describe()?.size;
        if size > most {
            return Err(Fault::at("", "too-large", format!("The file has {size} bytes; at most {most} are read.")));
        }
        let mut all = Vec::new();
        loop {
            let part = self.read(all.len() as u64, u32::try_from(MAX_CHUNK).unwrap_or(u32::MAX))?;
            if part.is_empty() {
                return Ok(all);
            }
            all.extend(part);
        }
    }

    /// Rows of a CSV or XLSX file, from the `offset`-th under the heads on; at most [`MAX_ROWS`].
    pub fn rows(&self, offset: u32, limit: u16) -> Result<Portion, Fault> {
        #[cfg(target_arch = "wasm32")]
        {
            let portion = crate::bindings::lignaflow::plugin::media::rows(
                &self.id.to_string(),
                crate::wire::authority(self.authority),
                self.sheet.as_deref(),
                offset,
                limit,
            )
            .map_err(crate::wire::fault)?;
            let rows = portion.rows.into_iter().map(|row| Row { number: row.number, cells: row.cells }).collect();
            Ok(Portion { heads: portion.heads, total: portion.total, rows })
        }
        #[cfg(not(target_arch = "wasm32"))]
        crate::testing::call::with(|call| call.table_rows(self.id, offset, limit.min(MAX_ROWS)))
    }
}

/// Begins a file with this id, in a job, a subscriber, or a route or service that writes. It is kept where the writes of
/// the call have a field of the type `media` or `files` hold it.
pub fn create(id: Id, name: &str) -> Result<NewFile, Fault> {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::lignaflow::plugin::media::create(&id.to_string(), name).map_err(crate::wire::fault)?;
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::call::with(|call| call.create_file(id, name))?;
    Ok(NewFile { id })
}

/// A file that is being made.
#[derive(Debug)]
pub struct NewFile {
    id: Id,
}

impl NewFile {
    pub fn id(&self) -> Id {
        self.id
    }

    /// Adds bytes at its end.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        for part in bytes.chunks(MAX_CHUNK) {
            #[cfg(target_arch = "wasm32")]
            crate::bindings::lignaflow::plugin::media::append(&self.id.to_string(), part)
                .map_err(crate::wire::fault)?;
            #[cfg(not(target_arch = "wasm32"))]
            crate::testing::call::with(|call| call.append_to_file(self.id, part))?;
        }
        Ok(())
    }
}
