//! Tables that plugins read by slices. A file is parsed once, in a process of its own, and its rows are laid on the disk,
//! so that every slice is a short read. What lies here is a copy: a host that begins anew parses again.

use super::Tables;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use lignaflow_core::files::{TableRows, TableSlice};
use lignaflow_core::{Fault, OrganizationId};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Tables that lie here at once; the one that was read longest ago makes room.
const TABLES: usize = 6;
/// Bytes of the rows of one table, as they lie here.
const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// Rows between two places that are known.
const STEP: u32 = 256;
/// Bytes of the rows of one slice.
const MAX_SLICE: usize = 16 * 1024 * 1024;

/// The same bytes in one organization, and which sheet of them.
type Key = (OrganizationId, [u8; 32], Option<String>);
type Parsing = Shared<BoxFuture<'static, Result<Arc<Laid>, Fault>>>;

#[derive(Clone)]
pub struct Shelf {
    tables: Arc<Tables>,
    folder: PathBuf,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    tables: HashMap<Key, (Parsing, u64)>,
    /// One more with each reading, so that it is known which was read last.
    readings: u64,
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelf").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// A table whose rows lie on the disk, one a line.
struct Laid {
    heads: Vec<String>,
    total: u32,
    /// Without a name: it is gone when nobody reads it any more.
    file: Mutex<File>,
    /// Where every [`STEP`]-th row begins.
    marks: Vec<u64>,
}

impl Shelf {
    pub fn new(tables: Arc<Tables>, folder: PathBuf) -> Self {
        Self { tables, folder, known: Arc::default() }
    }

    /// Some rows of a table. `open` answers with its bytes, where they are not parsed yet.
    pub async fn rows<O>(
        &self,
        organization: OrganizationId,
        sha256: [u8; 32],
        slice: TableSlice,
        open: O,
    ) -> Result<TableRows, Fault>
    where
        O: Future<Output = Result<File, Fault>> + Send + 'static,
    {
        let key = (organization, sha256, slice.sheet.clone());
        let parsing = self.parsing(&key, slice.sheet, open);
        let laid = match parsing.await {
            Ok(laid) => laid,
            Err(fault) => {
                self.known.lock().unwrap_or_else(PoisonError::into_inner).tables.remove(&key);
                return Err(fault);
            }
        };
        let read = move || laid.slice(slice.offset, slice.limit);
        let read = tokio::task::spawn_blocking(read).await.map_err(|_| Fault::internal())?;
        read.map_err(|error| broken(&error))
    }

    /// What is being parsed goes on when whoever asked for it has left: who comes again finds it.
    fn parsing<O>(&self, key: &Key, sheet: Option<String>, open: O) -> Parsing
    where
        O: Future<Output = Result<File, Fault>> + Send + 'static,
    {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.readings += 1;
        let now = known.readings;
        if let Some((parsing, read)) = known.tables.get_mut(key) {
            *read = now;
            return parsing.clone();
        }
        let (tables, folder) = (self.tables.clone(), self.folder.clone());
        let task = tokio::spawn(async move { lay(&tables, folder, sheet, open.await?).await });
        let parsing: Parsing = async move { task.await.unwrap_or_else(|_| Err(Fault::internal())) }.boxed().shared();
        if known.tables.len() >= TABLES
            && let Some(oldest) = known.tables.iter().min_by_key(|(_, (_, read))| *read).map(|(key, _)| key.clone())
        {
            known.tables.remove(&oldest);
        }
        known.tables.insert(key.clone(), (parsing.clone(), now));
        parsing
    }
}

/// Parses a table and lays its rows on the disk.
async fn lay(tables: &Tables, folder: PathBuf, sheet: Option<String>, file: File) -> Result<Arc<Laid>, Fault> {
    let (shape, mut reading) = tables.read(file, sheet.as_deref()).await?;
    let made = move || {
        std::fs::create_dir_all(&folder)?;
        tempfile::tempfile_in(&folder)
    };
    let file = tokio::task::spawn_blocking(made).await.map_err(|_| Fault::internal())?;
    let mut file = io::BufWriter::with_capacity(256 * 1024, file.map_err(|error| broken(&error))?);
    let (mut total, mut at, mut marks) = (0_u32, 0_u64, Vec::new());
    while let Some(row) = reading.row().await? {
        if total.is_multiple_of(STEP) {
            marks.push(at);
        }
        let mut line = serde_json::to_vec(&row).map_err(|_| Fault::internal())?;
        line.push(b'\n');
        at += line.len() as u64;
        if at > MAX_BYTES {
            return Err(too_large());
        }
        // The buffer takes it; only now and then it goes to the disk.
        file.write_all(&line).map_err(|error| broken(&error))?;
        total += 1;
    }
    let file = file.into_inner().map_err(|error| broken(error.error()))?;
    Ok(Arc::new(Laid { heads: shape.heads, total, file: Mutex::new(file), marks }))
}

impl Laid {
    fn slice(&self, offset: u32, limit: u16) -> io::Result<TableRows> {
        let mut answer = TableRows { heads: self.heads.clone(), total: self.total, rows: Vec::new() };
        let Some(mark) = self.marks.get((offset / STEP) as usize).filter(|_| offset < self.total) else {
            return Ok(answer);
        };
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reader = BufReader::with_capacity(256 * 1024, &*file);
        reader.seek(SeekFrom::Start(*mark))?;
        let mut line = Vec::new();
        let mut bytes = 0;
        for at in 0.. {
            line.clear();
            if answer.rows.len() >= usize::from(limit) || reader.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            if at < offset % STEP {
                continue;
            }
            bytes += line.len();
            // A slice may be shorter than was asked for, and has one row at least.
            if bytes > MAX_SLICE && !answer.rows.is_empty() {
                break;
            }
            answer.rows.push(serde_json::from_slice(&line).map_err(io::Error::other)?);
        }
        Ok(answer)
    }
}

fn too_large() -> Fault {
    let most = MAX_BYTES / 1_048_576;
    Fault::at("/file", "too-large-inside", format!("The rows of the file come to more than {most} MiB. Split it."))
}

fn broken(error: &io::Error) -> Fault {
    tracing::error!(%error, "the rows of a table could not be laid on the disk or read there");
    if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        return Fault::new(lignaflow_core::ErrorCode::Quota, "There is no room left to read this file.");
    }
    Fault::internal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slice_of_a_table_is_found_where_it_begins() {
        let mut file = tempfile::tempfile().unwrap();
        let (mut marks, mut at) = (Vec::new(), 0);
        for number in 0..1_000_u32 {
            if number.is_multiple_of(STEP) {
                marks.push(at);
            }
            let line = serde_json::to_string(&(number + 2, [format!("row {number}")])).unwrap();
            writeln!(file, "{line}").unwrap();
            at += line.len() as u64 + 1;
        }
        let laid = Laid { heads: vec!["Name".into()], total: 1_000, file: Mutex::new(file), marks };
        for (offset, limit, expected) in
            [(0, 3, 3), (255, 2, 2), (256, 300, 300), (997, 100, 3), (1_000, 5, 0), (0, 0, 0)]
        {
            let slice = laid.slice(offset, limit).unwrap();
            assert_eq!((slice.rows.len(), slice.total), (expected, 1_000));
            for (index, (number, cells)) in slice.rows.iter().enumerate() {
                let row = offset + u32::try_from(index).unwrap();
                assert_eq!((*number, cells[0].as_str()), (row + 2, format!("row {row}").as_str()));
            }
        }
    }
}
