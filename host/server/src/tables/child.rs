//! The reading process: it limits itself, reads the file on standard input, and tells what it finds on standard output.

use super::line::Line;
use super::{Limits, Unreadable, sheet, text};
use crate::confined::Measured;
use std::io::{self, BufWriter, Read as _, Seek as _, Write as _};

/// What a zip, and so a workbook, begins with.
const ZIP: &[u8] = b"PK\x03\x04";
/// What the workbooks of before 2007 begin with.
const OLD: &[u8] = b"\xd0\xcf\x11\xe0";

/// Bytes of one row at most.
const MAX_ROW: usize = 1024 * 1024;

/// Reads the table on standard input. Whatever is wrong with it is told as a line, not as a failure.
pub fn run(limits: &Limits, wanted: Option<&str>) -> io::Result<()> {
    limits.bounds().take_on(Measured::Addresses)?;
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let mut tell = |line: Line| -> io::Result<()> {
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")
    };
    let end = match read(limits, wanted, &mut tell) {
        Ok(()) => Line::End,
        Err(Unreadable { code, message }) => Line::Unreadable { code: code.to_owned(), message },
    };
    tell(end)?;
    out.flush()
}

fn read(limits: &Limits, wanted: Option<&str>, tell: &mut dyn FnMut(Line) -> io::Result<()>) -> Result<(), Unreadable> {
    let missing = |error: io::Error| Unreadable::new("unreadable", format!("The file cannot be read: {error}."));
    let mut file = input().map_err(missing)?;
    let mut first = Vec::with_capacity(ZIP.len());
    (&mut file).take(4).read_to_end(&mut first).map_err(missing)?;
    file.rewind().map_err(missing)?;
    if first == ZIP {
        return sheet::read(io::BufReader::new(file), wanted, limits, tell);
    }
    if first == OLD {
        let message =
            "This is a workbook of the old format, or one with a password. Save it as XLSX or CSV, without one.";
        return Err(Unreadable::new("old-format", message));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(missing)?;
    text::read(&bytes, limits, tell)
}

/// Standard input as the file that it is.
fn input() -> io::Result<std::fs::File> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd as _;
        Ok(std::fs::File::from(io::stdin().as_fd().try_clone_to_owned()?))
    }
    #[cfg(windows)]
    {
        use std::os::windows::io::AsHandle as _;
        Ok(std::fs::File::from(io::stdin().as_handle().try_clone_to_owned()?))
    }
}

/// The parent has gone away.
pub(super) fn nobody(error: &io::Error) -> Unreadable {
    Unreadable::new("unreadable", error.to_string())
}

pub(super) fn empty() -> Unreadable {
    Unreadable::new("empty", "The file is empty: its first row names the columns, and those below it are the records.")
}

/// The heads as they are used: trimmed, without those at the end that are empty.
pub(super) fn heads(cells: Vec<String>, limits: &Limits) -> Result<Vec<String>, Unreadable> {
    let mut heads: Vec<String> = cells.into_iter().map(|cell| cell.trim().to_owned()).collect();
    while heads.last().is_some_and(String::is_empty) {
        heads.pop();
    }
    if heads.len() > usize::from(limits.columns) {
        let message = format!("The file has {} columns; {} are taken.", heads.len(), limits.columns);
        return Err(Unreadable::new("too-many-columns", message));
    }
    Ok(heads)
}

pub(super) fn within(rows: u32, limits: &Limits) -> Result<(), Unreadable> {
    if rows > limits.rows {
        let message = format!("The file has more than the {} rows that are taken at once. Split it.", limits.rows);
        return Err(Unreadable::new("too-many-rows", message));
    }
    Ok(())
}

/// A row's cells, as many as there are heads.
pub(super) fn row(
    number: u32,
    mut cells: Vec<String>,
    width: usize,
    limits: &Limits,
) -> Result<Vec<String>, Unreadable> {
    if cells.iter().skip(width).any(|cell| !cell.trim().is_empty()) {
        let message = format!("Row {number} has more cells than the {width} columns that the first row names.");
        return Err(Unreadable::new("cells-without-head", message));
    }
    cells.resize(width, String::new());
    if cells.iter().map(String::len).sum::<usize>() > MAX_ROW {
        return Err(Unreadable::new("too-long", format!("Row {number} has more than {MAX_ROW} bytes.")));
    }
    if let Some(at) = cells.iter().position(|cell| cell.len() > limits.cell && cell.chars().count() > limits.cell) {
        let message = format!("Row {number}, column {} has more than {} characters.", at + 1, limits.cell);
        return Err(Unreadable::new("too-long", message));
    }
    Ok(cells)
}
