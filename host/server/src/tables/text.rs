//! CSV as people have it: in UTF-8 or UTF-16, marked or not, or in Windows-1252; with commas, semicolons, tabs or bars.

use super::line::{Line, Shape};
use super::{Limits, Unreadable};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// What is looked at to tell the delimiter.
const LOOKED_AT: usize = 64 * 1024;
const RECORDS_LOOKED_AT: usize = 30;

/// Reads a whole file, handing each line to `tell`.
pub(super) fn read(
    bytes: &[u8],
    limits: &Limits,
    tell: &mut dyn FnMut(Line) -> std::io::Result<()>,
) -> Result<(), Unreadable> {
    let (text, encoding) = decoded(bytes)?;
    let (text, told) = announced(&text);
    let delimiter = told.unwrap_or_else(|| delimiter(text));
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut heads: Option<usize> = None;
    let mut rows = 0;
    let mut place = Place::default();
    loop {
        let more = reader
            .read_record(&mut record)
            .map_err(|error| Unreadable::new("unreadable", format!("The file cannot be read as CSV: {error}.")))?;
        if !more {
            break;
        }
        let number = place.of(text, &record);
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let Some(width) = heads else {
            let found = super::child::heads(record.iter().map(str::to_owned).collect(), limits)?;
            heads = Some(found.len());
            let shape = Shape {
                format: "csv".into(),
                encoding: Some(encoding.name().to_owned()),
                delimiter: Some(char::from(delimiter)),
                sheet: None,
                heads: found,
            };
            tell(Line::Shape(shape)).map_err(|error| super::child::nobody(&error))?;
            continue;
        };
        rows += 1;
        super::child::within(rows, limits)?;
        let cells = record.iter().map(|cell| crate::rest::export::plain(cell).to_owned()).collect();
        let cells = super::child::row(number, cells, width, limits)?;
        tell(Line::Row(number, cells)).map_err(|error| super::child::nobody(&error))?;
    }
    if heads.is_none() { Err(super::child::empty()) } else { Ok(()) }
}

/// Where in the text one is. The reader counts lines of its own kind; a spreadsheet counts rows, in which cells may have
/// line ends.
#[derive(Debug, Default)]
struct Place {
    byte: usize,
    /// Line ends before it, and those of them that are within cells.
    ends: usize,
    within: usize,
}

impl Place {
    /// The number of a record's row, from 1.
    fn of(&mut self, text: &str, record: &csv::StringRecord) -> u32 {
        let start = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(self.byte);
        let bytes = text.as_bytes();
        // Empty lines before a record are read as a part of it, and so can the end of the line before be.
        let lead = bytes[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.ends += line_ends(&bytes[self.byte..start + lead]);
        self.byte = start + lead;
        let number = self.ends - self.within + 1;
        self.within += record.iter().map(|cell| line_ends(cell.as_bytes())).sum::<usize>();
        u32::try_from(number).unwrap_or(u32::MAX)
    }
}

/// Ends of lines: CR LF, LF, or CR alone.
fn line_ends(bytes: &[u8]) -> usize {
    let alone = |at: usize| bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
    (0..bytes.len()).filter(|at| bytes[*at] == b'\n' || alone(*at)).count()
}

/// The text, and what it was written in: what a mark says, or what it can only be.
fn decoded(bytes: &[u8]) -> Result<(Cow<'_, str>, &'static Encoding), Unreadable> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, broken) = encoding.decode_without_bom_handling(&bytes[mark..]);
        if broken {
            let message = format!("The file says that it is {}, and is not.", encoding.name());
            return Err(Unreadable::new("encoding", message));
        }
        return Ok((text, encoding));
    }
    let head = &bytes[..bytes.len().min(4096)];
    let zeros = |parity: usize| head.iter().enumerate().filter(|(at, byte)| at % 2 == parity && **byte == 0).count();
    // Of Latin text in UTF-16 every other byte is zero, and no other text has any.
    for (parity, encoding) in [(1, UTF_16LE), (0, UTF_16BE)] {
        if zeros(parity) * 4 > head.len() {
            let (text, broken) = encoding.decode_without_bom_handling(bytes);
            if !broken {
                return Ok((text, encoding));
            }
        }
    }
    if head.contains(&0) {
        return Err(Unreadable::new("unreadable", "The file is not text. Save it as CSV or XLSX."));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok((Cow::Borrowed(text), UTF_8)),
        // Every sequence of bytes is text in it.
        Err(_) => Ok((WINDOWS_1252.decode_without_bom_handling(bytes).0, WINDOWS_1252)),
    }
}

/// `sep=;` in the first line, by which spreadsheet programs tell each other the delimiter.
fn announced(text: &str) -> (&str, Option<u8>) {
    let Some(rest) = text.strip_prefix("sep=") else { return (text, None) };
    let mut bytes = rest.bytes();
    match (bytes.next(), rest.get(1..).map(|rest| rest.trim_start_matches('\r'))) {
        (Some(delimiter), Some(rest)) if delimiter.is_ascii() && rest.starts_with('\n') => {
            (&rest[1..], Some(delimiter))
        }
        _ => (text, None),
    }
}

/// The delimiter that cuts most records alike, into the most cells.
fn delimiter(text: &str) -> u8 {
    let mut end = text.len().min(LOOKED_AT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let score = |delimiter: u8| {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(&text.as_bytes()[..end]);
        let widths: Vec<usize> =
            reader.records().map_while(Result::ok).take(RECORDS_LOOKED_AT).map(|record| record.len()).collect();
        let first = widths.first().copied().unwrap_or_default();
        let alike = widths.iter().filter(|width| **width == first).count();
        if first < 2 { (0, 0) } else { (alike * 100 / widths.len().max(1), first) }
    };
    let mut best = (DELIMITERS[0], (0, 0));
    for delimiter in DELIMITERS {
        let score = score(delimiter);
        if score > best.1 {
            best = (delimiter, score);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { rows: 10, columns: 4, cell: 20, memory: 0, seconds: 0 };

    type Rows = Vec<(u32, Vec<String>)>;

    fn read_all(bytes: &[u8]) -> Result<(Shape, Rows), Unreadable> {
        let mut shape = None;
        let mut rows = Vec::new();
        read(bytes, &LIMITS, &mut |line| {
            match line {
                Line::Shape(found) => shape = Some(found),
                Line::Row(number, cells) => rows.push((number, cells)),
                other => panic!("{other:?}"),
            }
            Ok(())
        })?;
        Ok((shape.unwrap(), rows))
    }

    fn strings(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn every_encoding_is_told_from_the_bytes() {
        let text = "name;town\r\nÄrger & Söhne;Köln\r\n";
        let utf16 = |big: bool| {
            text.encode_utf16()
                .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
                .collect::<Vec<u8>>()
        };
        let marked = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), "UTF-8"),
            (marked(b"\xef\xbb\xbf", text.as_bytes().to_vec()), "UTF-8"),
            (marked(b"\xff\xfe", utf16(false)), "UTF-16LE"),
            (marked(b"\xfe\xff", utf16(true)), "UTF-16BE"),
            (utf16(false), "UTF-16LE"),
            (utf16(true), "UTF-16BE"),
            (WINDOWS_1252.encode(text).0.into_owned(), "windows-1252"),
        ] {
            let (shape, rows) = read_all(&bytes).unwrap();
            assert_eq!((shape.encoding.as_deref(), shape.delimiter), (Some(encoding), Some(';')));
            assert_eq!(shape.heads, strings(&["name", "town"]), "{encoding}");
            assert_eq!(rows, [(2, strings(&["Ärger & Söhne", "Köln"]))], "{encoding}");
        }
    }

    #[test]
    fn the_delimiter_is_the_one_that_cuts_alike() {
        for (text, delimiter) in [
            ("a,b\n1;2,3\n4,5", ','),
            ("a;b\n1,5;2\n3,5;4", ';'),
            ("a\tb\n1\t2", '\t'),
            ("a|b\n1|2", '|'),
            ("sep=|\na|b,c,d\n1|2,2,2", '|'),
            ("a\n1", ','),
        ] {
            assert_eq!(read_all(text.as_bytes()).unwrap().0.delimiter, Some(delimiter), "{text}");
        }
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_shows_them() {
        let (_, rows) = read_all(b"a,b\r\n\r\n\"two\r\nlines\",1\r\n,\r\nlast\r\n").unwrap();
        assert_eq!(rows, [(3, strings(&["two\r\nlines", "1"])), (5, strings(&["last", ""]))]);
    }

    #[test]
    fn what_is_too_much_is_refused_by_name() {
        let many = format!("a\n{}", "1\n".repeat(11));
        let wide = "a,b,c,d,e\n1,2,3,4,5";
        let long = format!("a\n{}", "x".repeat(21));
        for (text, code) in [
            (many.as_str(), "too-many-rows"),
            (wide, "too-many-columns"),
            (&long, "too-long"),
            ("", "empty"),
            ("a\0b", "unreadable"),
        ] {
            assert_eq!(read_all(text.as_bytes()).unwrap_err().code, code, "{text}");
        }
        assert_eq!(read_all(b"a,b\n1,2,3").unwrap_err().code, "cells-without-head");
    }

    #[test]
    fn what_an_export_made_inert_is_itself_again() {
        let (_, rows) = read_all(b"a\n'=1+1\n'tis\n").unwrap();
        assert_eq!(rows, [(2, strings(&["=1+1"])), (3, strings(&["'tis"]))]);
    }
}
