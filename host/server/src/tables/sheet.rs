//! Workbooks: one sheet, cell after cell, never the whole of it at once. Numbers and dates are told as text that has one
//! reading.

use super::line::{Line, Shape};
use super::{Limits, Unreadable};
use calamine::{DataRef, ExcelDateTime, Reader as _, SheetVisible, Xlsx};
use lignaflow_core::value::Decimal;
use std::io::{Read, Seek};

const SECONDS_A_DAY: f64 = 86_400.0;

/// Reads one sheet, the first that is shown where none is named, handing each line to `tell`.
pub(super) fn read<R: Read + Seek>(
    file: R,
    wanted: Option<&str>,
    limits: &Limits,
    tell: &mut dyn FnMut(Line) -> std::io::Result<()>,
) -> Result<(), Unreadable> {
    let broken = |error: &dyn std::fmt::Display| {
        Unreadable::new("unreadable", format!("The file cannot be read as a workbook: {error}."))
    };
    let mut book: Xlsx<R> = Xlsx::new(file).map_err(|error| broken(&error))?;
    let shown = |name: &&calamine::Sheet| name.visible == SheetVisible::Visible;
    let names: Vec<String> = book.sheets_metadata().iter().filter(shown).map(|sheet| sheet.name.clone()).collect();
    let sheet = match wanted {
        None => names.first().cloned(),
        Some(wanted) => names.iter().find(|name| name.eq_ignore_ascii_case(wanted)).cloned(),
    };
    let Some(sheet) = sheet else {
        let message = match wanted {
            Some(wanted) => format!("There is no sheet `{wanted}`: the workbook has {}.", names.join(", ")),
            None => "The workbook has no sheet that is shown.".to_owned(),
        };
        return Err(Unreadable::new("no-sheet", message));
    };
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(|error| broken(&error))?;
    let mut rows = Rows { sheet, limits, width: None, count: 0, at: 0, cells: Vec::new() };
    while let Some(cell) = cells.next_cell().map_err(|error| broken(&error))? {
        let (row, column) = cell.get_position();
        let text = text_of(cell.get_value());
        if text.is_empty() {
            continue;
        }
        if row != rows.at {
            rows.finish(tell)?;
            rows.at = row;
        }
        rows.put(column, text)?;
    }
    rows.finish(tell)?;
    if rows.width.is_none() { Err(super::child::empty()) } else { Ok(()) }
}

/// The row that is being put together.
struct Rows<'a> {
    sheet: String,
    limits: &'a Limits,
    width: Option<usize>,
    count: u32,
    /// From 0.
    at: u32,
    cells: Vec<String>,
}

impl Rows<'_> {
    fn put(&mut self, column: u32, text: String) -> Result<(), Unreadable> {
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        let most = usize::from(self.limits.columns);
        if column >= most {
            let message = format!("Row {} has a cell beyond the {most} columns that are taken.", self.at + 1);
            return Err(Unreadable::new("too-many-columns", message));
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        self.cells[column] = text;
        Ok(())
    }

    fn finish(&mut self, tell: &mut dyn FnMut(Line) -> std::io::Result<()>) -> Result<(), Unreadable> {
        let cells = std::mem::take(&mut self.cells);
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return Ok(());
        }
        let number = self.at + 1;
        let line = if let Some(width) = self.width {
            self.count += 1;
            super::child::within(self.count, self.limits)?;
            Line::Row(number, super::child::row(number, cells, width, self.limits)?)
        } else {
            let heads = super::child::heads(cells, self.limits)?;
            self.width = Some(heads.len());
            Line::Shape(Shape {
                format: "xlsx".into(),
                encoding: None,
                delimiter: None,
                sheet: Some(self.sheet.clone()),
                heads,
            })
        };
        tell(line).map_err(|error| super::child::nobody(&error))
    }
}

fn text_of(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number_text(*number),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(value) => (if *value { "true" } else { "false" }).to_owned(),
        DataRef::DateTime(at) => instant_text(at),
        // As the program shows it, so that the row's fault names it.
        DataRef::Error(error) => error.to_string(),
    }
}

/// A number with the 15 digits that spreadsheets keep: 0.1 + 0.2 is 0.3 there.
fn number_text(number: f64) -> String {
    let rounded = Decimal::from_scientific(&format!("{number:.14e}"));
    rounded.map_or_else(|_| number.to_string(), |decimal| decimal.normalize().to_string())
}

/// Durations as hours, minutes and seconds, days as dates, times without a day as times, all else as both.
fn instant_text(at: &ExcelDateTime) -> String {
    let days = at.as_f64();
    if at.is_duration() {
        return duration_text(days * SECONDS_A_DAY);
    }
    let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
    let time = if milli == 0 {
        format!("{hour:02}:{minute:02}:{second:02}")
    } else {
        format!("{hour:02}:{minute:02}:{second:02}.{milli:03}")
    };
    if (0.0..1.0).contains(&days) {
        time
    } else if days.fract() == 0.0 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02}T{time}")
    }
}

/// `36:00:00`, which says its unit, whatever the field counts in.
fn duration_text(seconds: f64) -> String {
    let text = format!("{:.0}", seconds.abs());
    let whole: u64 = text.parse().unwrap_or_default();
    let sign = if seconds < 0.0 && whole > 0 { "-" } else { "" };
    format!("{sign}{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::ExcelDateTimeType;

    #[test]
    fn numbers_have_the_digits_that_a_spreadsheet_shows() {
        assert_eq!(number_text(0.1 + 0.2), "0.3");
        assert_eq!(number_text(90.0), "90");
        assert_eq!(number_text(-125.5), "-125.5");
        assert_eq!(number_text(123_456_789.012_345), "123456789.012345");
    }

    #[test]
    fn dates_and_times_have_one_reading() {
        let day = |days| instant_text(&ExcelDateTime::new(days, ExcelDateTimeType::DateTime, false));
        assert_eq!(day(46_357.0), "2026-12-01");
        assert_eq!(day(46_357.5), "2026-12-01T12:00:00");
        assert_eq!(day(0.25), "06:00:00");
        assert_eq!(instant_text(&ExcelDateTime::new(1.5, ExcelDateTimeType::TimeDelta, false)), "36:00:00");
    }
}
