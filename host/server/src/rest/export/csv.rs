//! CSV as RFC 4180 has it: commas, CRLF, quotes where they are needed, UTF-8.

use super::cell::Cell;
use super::rows::Rows;
use axum::body::Body;
use bytes::Bytes;
use lignaflow_core::value::{date_text, instant_text};
use std::borrow::Cow;
use std::io;

/// What a cell must not begin with, since spreadsheet programs take it for a formula; the wide ones are folded to the
/// narrow by some of them.
const LEADS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Text that no spreadsheet program takes for a formula: an apostrophe before what would be one. Text that has the
/// apostrophe already is given another, so that [`plain`] finds what was there.
pub fn inert(text: &str) -> Cow<'_, str> {
    if text.trim_start_matches('\'').starts_with(LEADS) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The text that [`inert`] was made of.
pub fn plain(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(LEADS) => rest,
        _ => text,
    }
}

fn text_of(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Empty => Cow::Borrowed(""),
        Cell::Text(text) => inert(text),
        Cell::Boolean(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        Cell::Number(number) | Cell::Amount(number) => Cow::Owned(number.to_string()),
        Cell::Percent(number) => Cow::Owned(format!("{number}%")),
        Cell::Date(days) => Cow::Owned(date_text(*days)),
        Cell::Instant(at) => Cow::Owned(instant_text(*at)),
        Cell::Duration(length) | Cell::Minutes(length) => Cow::Owned(length.to_string()),
    }
}

fn lines<'a>(rows: impl IntoIterator<Item = impl IntoIterator<Item = Cow<'a, str>>>) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        for cell in row {
            writer.write_field(cell.as_bytes())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

fn page(rows: &[Vec<Cell>]) -> io::Result<Bytes> {
    Ok(lines(rows.iter().map(|row| row.iter().map(text_of)))?.into())
}

/// A body that reads a page when the one before has been taken. Dropped, it reads no more.
pub(super) fn body(rows: Rows, first: Vec<Vec<Cell>>, marked: bool) -> Body {
    let stream = futures_util::stream::try_unfold((rows, Some(first)), move |(mut rows, first)| async move {
        let bytes = match first {
            Some(first) => {
                let mut bytes = if marked { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
                bytes.extend(lines([rows.heads().iter().map(|head| Cow::Borrowed(head.as_str()))])?);
                bytes.extend(page(&first)?);
                Bytes::from(bytes)
            }
            None => match rows.next().await.map_err(io::Error::other)? {
                Some(next) => page(&next)?,
                None => return Ok(None),
            },
        };
        Ok::<_, io::Error>(Some((bytes, (rows, None))))
    });
    Body::from_stream(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_begins_as_a_formula_does() {
        for text in ["=1+1", "+61 2", "-5 mm", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "''=1"] {
            let made = inert(text);
            assert!(made.starts_with('\''), "{text}");
            assert_eq!(plain(&made), text);
        }
        for text in ["", "Oak", "'tis", "5-6", " =1", "'"] {
            assert_eq!(inert(text), text);
            assert_eq!(plain(text), text);
        }
    }

    #[test]
    fn numbers_and_dates_stay_what_they_are() {
        let row = [
            Cell::Number("-5".parse().unwrap()),
            Cell::Amount("-0.05".parse().unwrap()),
            Cell::Percent("12.5".parse().unwrap()),
            Cell::Date(0),
            Cell::Text("a \"b\", c".into()),
            Cell::Empty,
        ];
        let line = String::from_utf8(page(&[row.to_vec()]).unwrap().to_vec()).unwrap();
        assert_eq!(line, "-5,-0.05,12.5%,1970-01-01,\"a \"\"b\"\", c\",\r\n");
    }
}
