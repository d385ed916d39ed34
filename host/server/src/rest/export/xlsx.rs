//! A workbook of one sheet, written row by row to temporary files, then sent. Text is written as strings, never as
//! formulas; numbers, dates and times as what they are.

use super::cell::Cell;
use super::rows::Rows;
use axum::body::Body;
use futures_util::stream::TryStreamExt as _;
use jiff::tz::TimeZone;
use lignaflow_core::value::{Decimal, civil_date, date_text, instant_text};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use std::fs::File;
use std::io::{self, BufWriter, Seek as _, Write as _};
use std::path::PathBuf;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// Rows of a sheet, the heads among them.
pub(super) const MAX_ROWS: u32 = 1_048_576;
/// Characters of a cell, as UTF-16 counts them.
const MAX_TEXT: usize = 32_767;
/// Digits that a spreadsheet's numbers keep.
const MAX_DIGITS: usize = 15;
/// The name of a sheet, in characters.
const MAX_NAME: usize = 31;
/// The sheet of what is said of the rows.
const ABOUT: &str = "About";
const SECONDS_A_DAY: i64 = 86_400;

/// What a workbook is made with.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) folder: PathBuf,
    pub(super) sheet: String,
    /// The zone in which instants are told: a cell has none.
    pub(super) time_zone: String,
    /// What is said of the rows, on a sheet of its own.
    pub(super) caption: Option<String>,
}

enum Step {
    Rows(Vec<Vec<Cell>>),
    /// All rows were there. A channel that closes without it is a client that left.
    End,
}

/// A body that makes the workbook when it is first asked for, and then sends it. Dropped, it reads and writes no more.
pub(super) fn body(rows: Rows, first: Vec<Vec<Cell>>, setting: Setting, place: OwnedSemaphorePermit) -> Body {
    let made = async move {
        let file = make(rows, first, setting).await?;
        drop(place);
        Ok::<_, io::Error>(tokio_util::io::ReaderStream::with_capacity(tokio::fs::File::from_std(file), 64 * 1024))
    };
    Body::from_stream(futures_util::stream::once(made).try_flatten())
}

async fn make(mut rows: Rows, first: Vec<Vec<Cell>>, setting: Setting) -> io::Result<File> {
    let (sender, receiver) = mpsc::channel(2);
    let heads = rows.heads().to_vec();
    let writing = tokio::task::spawn_blocking(move || write(&heads, receiver, &setting));
    let mut page = Some(first);
    while let Some(next) = page {
        // A writer that gave up says why when it is joined.
        if sender.send(Step::Rows(next)).await.is_err() {
            break;
        }
        page = rows.next().await.map_err(io::Error::other)?;
    }
    let _ = sender.send(Step::End).await;
    writing.await.map_err(io::Error::other)?
}

fn write(heads: &[String], mut steps: mpsc::Receiver<Step>, setting: &Setting) -> io::Result<File> {
    let mut file = crate::temporary::file(&setting.folder)?;
    let mut workbook = Workbook::new();
    fill(&mut workbook, heads, &mut steps, setting).map_err(io::Error::other)?;
    let mut out = BufWriter::new(&mut file);
    workbook.save_to_writer(&mut out).map_err(io::Error::other)?;
    out.flush()?;
    drop(out);
    file.rewind()?;
    Ok(file)
}

fn fill(
    workbook: &mut Workbook,
    heads: &[String],
    steps: &mut mpsc::Receiver<Step>,
    setting: &Setting,
) -> Result<(), XlsxError> {
    workbook.set_tempdir(setting.folder.as_path())?;
    let sheet = workbook.add_worksheet_with_low_memory()?;
    sheet.set_name(sheet_name(&setting.sheet))?;
    sheet.set_freeze_panes(1, 0)?;
    for (column, head) in (0_u16..).zip(heads) {
        sheet.set_column_width(column, if head.rsplit('.').next() == Some("id") { 12 } else { 18 })?;
    }
    let mut writer = Writer {
        sheet,
        row: 0,
        formats: Formats::new(),
        zone: TimeZone::get(&setting.time_zone).unwrap_or(TimeZone::UTC),
    };
    writer.heads(heads)?;
    loop {
        match steps.blocking_recv() {
            Some(Step::Rows(rows)) => {
                for row in &rows {
                    writer.row(row)?;
                }
            }
            Some(Step::End) => break,
            None => {
                return Err(XlsxError::IoError(io::Error::new(
                    io::ErrorKind::BrokenPipe,
                    "nobody waits for the workbook",
                )));
            }
        }
    }
    if let Some(caption) = &setting.caption {
        let about = workbook.add_worksheet();
        about.set_name(if sheet_name(&setting.sheet) == ABOUT { "Note" } else { ABOUT })?;
        about.write_string(0, 0, caption)?;
    }
    Ok(())
}

/// How cells look, each made once.
struct Formats {
    head: Format,
    date: Format,
    instant: Format,
    duration: Format,
    percent: Format,
    /// By digits after the point.
    amounts: Vec<Format>,
}

impl Formats {
    fn new() -> Self {
        let of = |pattern: &str| Format::new().set_num_format(pattern);
        Self {
            head: Format::new().set_bold(),
            date: of("yyyy-mm-dd"),
            instant: of("yyyy-mm-dd hh:mm:ss"),
            duration: of("[h]:mm:ss"),
            percent: of("0.00\"%\""),
            amounts: ["#,##0", "#,##0.0", "#,##0.00", "#,##0.000", "#,##0.0000"].map(of).to_vec(),
        }
    }
}

struct Writer<'a> {
    sheet: &'a mut Worksheet,
    row: u32,
    formats: Formats,
    zone: TimeZone,
}

impl Writer<'_> {
    fn heads(&mut self, heads: &[String]) -> Result<(), XlsxError> {
        for (column, head) in (0_u16..).zip(heads) {
            self.sheet.write_string_with_format(0, column, head, &self.formats.head)?;
        }
        self.row = 1;
        Ok(())
    }

    fn row(&mut self, cells: &[Cell]) -> Result<(), XlsxError> {
        for (column, cell) in (0_u16..).zip(cells) {
            self.cell(column, cell)?;
        }
        self.row += 1;
        Ok(())
    }

    fn cell(&mut self, column: u16, cell: &Cell) -> Result<(), XlsxError> {
        let formats = &self.formats;
        let sheet = &mut *self.sheet;
        let row = self.row;
        match cell {
            Cell::Empty => {}
            Cell::Text(text) => {
                sheet.write_string(row, column, cut(text))?;
            }
            Cell::Boolean(value) => {
                sheet.write_boolean(row, column, *value)?;
            }
            Cell::Number(number) => match spreadsheet_number(*number) {
                Some(number) => {
                    sheet.write_number(row, column, number)?;
                }
                None => {
                    sheet.write_string(row, column, number.to_string())?;
                }
            },
            Cell::Amount(number) | Cell::Percent(number) => {
                let format = if matches!(cell, Cell::Percent(_)) {
                    &formats.percent
                } else {
                    &formats.amounts[usize::try_from(number.scale()).unwrap_or(0).min(formats.amounts.len() - 1)]
                };
                match spreadsheet_number(*number) {
                    Some(number) => sheet.write_number_with_format(row, column, number, format)?,
                    None => sheet.write_string(row, column, number.to_string())?,
                };
            }
            Cell::Date(days) => match date(*days) {
                Some(date) => {
                    sheet.write_datetime_with_format(row, column, &date, &formats.date)?;
                }
                None => {
                    sheet.write_string(row, column, date_text(*days))?;
                }
            },
            Cell::Instant(at) => match instant(*at, &self.zone) {
                Some(instant) => {
                    sheet.write_datetime_with_format(row, column, &instant, &formats.instant)?;
                }
                None => {
                    sheet.write_string(row, column, instant_text(*at))?;
                }
            },
            Cell::Duration(length) | Cell::Minutes(length) => {
                // A spreadsheet's durations are days, and none below nothing.
                let of_a_day = if matches!(cell, Cell::Minutes(_)) { SECONDS_A_DAY / 60 } else { SECONDS_A_DAY };
                match (u32::try_from(*length), u32::try_from(of_a_day)) {
                    (Ok(length), Ok(of_a_day)) => {
                        let days = f64::from(length) / f64::from(of_a_day);
                        sheet.write_number_with_format(row, column, days, &formats.duration)?;
                    }
                    _ => {
                        sheet.write_string(row, column, length.to_string())?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// A number that a spreadsheet keeps exactly; beyond its 15 digits it is told as text.
fn spreadsheet_number(number: Decimal) -> Option<f64> {
    let digits = number.normalize().mantissa().unsigned_abs().to_string().len();
    // The shortest text that reads back as the nearest double is what the file holds, so 15 digits come out unchanged.
    (digits <= MAX_DIGITS).then(|| number.to_string().parse().ok()).flatten()
}

/// Spreadsheets know no day before 1900.
fn date(days: i32) -> Option<ExcelDateTime> {
    let date = civil_date(days)?;
    ExcelDateTime::from_ymd(u16::try_from(date.year()).ok()?, date.month().unsigned_abs(), date.day().unsigned_abs())
        .ok()
}

fn instant(at: lignaflow_core::clock::Micros, zone: &TimeZone) -> Option<ExcelDateTime> {
    let local = jiff::Timestamp::from_microsecond(at).ok()?.to_zoned(zone.clone());
    let day = date(lignaflow_core::value::date_days(local.date()))?;
    let millis = u16::try_from(local.millisecond()).ok()?;
    day.and_hms_milli(
        local.hour().unsigned_abs().into(),
        local.minute().unsigned_abs(),
        local.second().unsigned_abs(),
        millis,
    )
    .ok()
}

/// Text that fits into a cell: longer text ends in an ellipsis.
fn cut(text: &str) -> String {
    if text.encode_utf16().count() <= MAX_TEXT {
        return text.to_owned();
    }
    let mut units = 0;
    let mut kept: String = text
        .chars()
        .take_while(|character| {
            units += character.len_utf16();
            units < MAX_TEXT
        })
        .collect();
    kept.push('…');
    kept
}

/// A name that a sheet may have: some characters are forbidden, and it neither begins nor ends in an apostrophe.
fn sheet_name(title: &str) -> String {
    let allowed = title.chars().map(|character| if "[]:*?/\\".contains(character) { ' ' } else { character });
    let name: String = allowed.take(MAX_NAME).collect();
    let name = name.trim().trim_matches('\'').trim();
    if name.is_empty() || name.eq_ignore_ascii_case("history") { "Records".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_digits_or_stays_text() {
        let number = |text: &str| spreadsheet_number(text.parse().unwrap()).map(|number| number.to_string());
        assert_eq!(number("125.50").as_deref(), Some("125.5"));
        assert_eq!(number("-99999999999.9999").as_deref(), Some("-99999999999.9999"));
        assert_eq!(number("1234567890123456"), None);
    }

    #[test]
    fn a_sheet_has_a_name_that_it_may_have() {
        assert_eq!(sheet_name("Bills: in/out"), "Bills  in out");
        assert_eq!(sheet_name("'"), "Records");
        assert_eq!(sheet_name(&"é".repeat(40)).chars().count(), 31);
    }

    #[test]
    fn long_text_is_cut_to_what_a_cell_holds() {
        let cut = cut(&"𝄞".repeat(20_000));
        assert!(cut.ends_with('…'));
        assert!(cut.encode_utf16().count() <= MAX_TEXT);
    }
}
