//! Files as plugins read and make them. `host/server` keeps the bytes, and answers for them through [`Files`]; who may
//! see which file is known to whoever asks.

use crate::caller::Access;
use crate::error::Fault;
use crate::id::{Id, OrganizationId, PersonId};
use crate::media::Media;
use async_trait::async_trait;

/// The most bytes that are read or added at once.
pub const MAX_CHUNK: usize = 1024 * 1024;
/// The most rows of a table that are read at once.
pub const MAX_ROWS: u16 = 5_000;
/// The most files that one call makes.
pub const MAX_MADE: usize = 20;

/// Some rows of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableRows {
    pub heads: Vec<String>,
    /// Under the heads, of the whole table.
    pub total: u32,
    /// Each with its number as a spreadsheet shows it.
    pub rows: Vec<(u32, Vec<String>)>,
}

impl TableRows {
    /// Bytes that it hands over.
    pub fn weight(&self) -> usize {
        let cells = self.rows.iter().flat_map(|(_, cells)| cells).chain(&self.heads);
        cells.map(|cell| cell.len() + size_of::<String>()).sum()
    }
}

/// Which part of which table is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSlice {
    /// Of a workbook; its first where it is not said.
    pub sheet: Option<String>,
    pub offset: u32,
    pub limit: u16,
}

/// What a file is to be called and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    pub id: Id,
    pub name: String,
    /// Nobody, where a plugin made it by itself.
    pub by: Option<PersonId>,
}

/// The bytes of all organizations' files.
#[async_trait]
pub trait Files: Send + Sync {
    /// A part of a file, shorter at its end.
    async fn read(
        &self,
        organization: OrganizationId,
        file: &Media,
        offset: u64,
        length: usize,
    ) -> Result<Vec<u8>, Fault>;
    /// Some rows of a file that is a table.
    async fn rows(&self, organization: OrganizationId, file: &Media, slice: TableSlice) -> Result<TableRows, Fault>;
    /// A file that is being made. Dropped, it is gone.
    fn begin(&self) -> Result<Box<dyn Making>, Fault>;
    /// Takes files away again that were kept and are held by no record.
    async fn discard(&self, organization: OrganizationId, ids: &[Id]);
}

/// A file that is being made.
#[async_trait]
pub trait Making: Send + Sync {
    async fn append(&mut self, bytes: Vec<u8>) -> Result<(), Fault>;
    /// Has it kept as a file that waits for a record to hold it.
    async fn keep(self: Box<Self>, access: Access<'static>, file: NewFile) -> Result<Media, Fault>;
}
