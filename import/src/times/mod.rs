//! Time exports of other programs, each known by the names of its columns, on their way into timesheets.
//!
//! | module | holds |
//! |---|---|
//! | [`presets`] | which columns the exports have |
//! | [`cells`] | dates, times and lengths as they write them |
//! | [`carry`] | people, projects and time on their way through the API |

mod carry;
mod cells;
mod presets;

pub use carry::{Organization, Outcome, bring, organization};
pub use cells::Dates;
pub use presets::Preset;

use crate::number::hours;
use crate::report::{Report, Weight};
use cells::{DateStyle, duration, time};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use presets::{Columns, Field};
use std::collections::BTreeMap;

/// A table as it was read: its heads, and its rows with their numbers in the file.
#[derive(Debug, Clone, Default)]
pub struct Table {
    pub heads: Vec<String>,
    pub rows: Vec<(u32, Vec<String>)>,
}

/// What the file does not say.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where clocks showed what the file says.
    pub zone: TimeZone,
    pub zone_name: String,
    pub dates: Dates,
}

/// The collection whose records time becomes.
pub const COLLECTION: &str = "timesheets/entries";

/// Whose time it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Who {
    pub(crate) name: String,
    pub(crate) email: String,
}

/// When something was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Timed { day: Date, start: Timestamp, end: Timestamp },
    Untimed { day: Date, seconds: i64 },
}

/// A row, understood.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) row: u32,
    pub(crate) who: Who,
    pub(crate) client: String,
    pub(crate) project: String,
    pub(crate) task: String,
    pub(crate) activity: String,
    pub(crate) note: String,
    pub(crate) billable: Option<bool>,
    pub(crate) when: When,
    /// What the file says that it took.
    pub(crate) seconds: i64,
}

/// A file, understood.
#[derive(Debug)]
pub struct Times {
    pub(crate) preset: Preset,
    pub(crate) entries: Vec<Entry>,
    pub(crate) zone_name: String,
    pub report: Report,
}

/// What findings of a row have as their table.
pub const TABLE: &str = "row";

impl Times {
    /// Of a table; what is no export of that program is refused, with the columns that it lacks.
    pub fn read(preset: Preset, table: &Table, options: &Options) -> anyhow::Result<Self> {
        let columns = Columns::of(preset, &table.heads)?;
        let style = DateStyle::of(options.dates, table.rows.iter().flat_map(|(_, cells)| columns.dates(cells)))?;
        let mut report = Report { title: preset.name().to_owned(), ..Report::default() };
        let mut entries = Vec::with_capacity(table.rows.len());
        let mut before = 0;
        for (row, cells) in &table.rows {
            let mut reader = Reader { columns: &columns, cells, row: *row, style, options, report: &mut report };
            if let Some(entry) = reader.entry() {
                before += entry.seconds;
                entries.push(entry);
            }
        }
        apart(&mut entries, &mut report);
        let after: i64 = entries.iter().map(Entry::length).sum();
        report.count("rows, time entries", table.rows.len(), entries.len());
        let between = if before == after {
            String::new()
        } else {
            format!("{} by times of the clock to the minute and what is told below", hours(after - before))
        };
        report.total("time", hours(before), hours(after), between);
        Ok(Self { preset, entries, zone_name: options.zone_name.clone(), report })
    }
}

impl Entry {
    /// What it comes to here: by what clocks showed, to the minute.
    fn length(&self) -> i64 {
        match self.when {
            When::Timed { start, end, .. } => (end.as_second().div_euclid(60) - start.as_second().div_euclid(60)) * 60,
            When::Untimed { seconds, .. } => seconds,
        }
    }
}

/// Nobody works twice at once: what overlaps keeps its length and loses its times.
fn apart(entries: &mut [Entry], report: &mut Report) {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    let start = |entry: &Entry| match entry.when {
        When::Timed { start, .. } => Some(start),
        When::Untimed { .. } => None,
    };
    order.sort_by_key(|at| (start(&entries[*at]), entries[*at].row));
    let mut busy: BTreeMap<Who, Timestamp> = BTreeMap::new();
    for at in order {
        let entry = &mut entries[at];
        let When::Timed { day, start, end } = entry.when else { continue };
        if start == end {
            continue;
        }
        if busy.get(&entry.who).is_some_and(|until| start < *until) {
            let what = "it overlaps other time of the same person: it comes with its length, without its times";
            report.find(Weight::Changed, TABLE, entry.row, "", what);
            let seconds = nearest_minute(entry.seconds).max(60);
            entry.when = When::Untimed { day, seconds };
            continue;
        }
        busy.insert(entry.who.clone(), end);
    }
}

fn nearest_minute(seconds: i64) -> i64 {
    (seconds + 30).div_euclid(60) * 60
}

/// One row on its way to be understood.
struct Reader<'a> {
    columns: &'a Columns,
    cells: &'a [String],
    row: u32,
    style: DateStyle,
    options: &'a Options,
    report: &'a mut Report,
}

impl Reader<'_> {
    fn cell(&self, field: Field) -> &str {
        self.columns.cell(self.cells, field)
    }

    fn left<T>(&mut self, column: &'static str, what: impl Into<String>) -> Option<T> {
        self.report.find(Weight::Left, TABLE, self.row, column, what);
        None
    }

    fn entry(&mut self) -> Option<Entry> {
        let email = self.cell(Field::Email).to_lowercase();
        let names = [Field::Name, Field::LastName].map(|field| self.cell(field).to_owned());
        let mut name = names.iter().filter(|name| !name.is_empty()).cloned().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            email.split('@').next().unwrap_or_default().clone_into(&mut name);
        }
        if name.is_empty() {
            return self.left("user", "it does not say whose time it is");
        }
        let (when, seconds) = self.when()?;
        let text = |field: Field| self.cell(field).split_whitespace().collect::<Vec<_>>().join(" ");
        let (client, project) = (text(Field::Client), text(Field::Project));
        let (mut task, mut activity) = (text(Field::Task), text(Field::Activity));
        if project.is_empty() {
            // What is of no project is an activity.
            activity =
                [activity, task].into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| NO_PROJECT.to_owned());
            task = String::new();
        }
        let tags = self.cell(Field::Tags);
        let mut note = self.cell(Field::Note).to_owned();
        if !tags.is_empty() {
            note = if note.is_empty() { format!("[{tags}]") } else { format!("{note} [{tags}]") };
        }
        let billable = match self.cell(Field::Billable).to_lowercase().as_str() {
            "yes" | "true" | "1" | "ja" | "y" => Some(true),
            "no" | "false" | "0" | "nein" | "n" => Some(false),
            "" => None,
            other => {
                let what = format!("`{other}` is neither yes nor no: it is as its task is");
                self.report.find(Weight::Changed, TABLE, self.row, "billable", what);
                None
            }
        };
        Some(Entry {
            row: self.row,
            who: Who { name, email },
            client,
            project,
            task,
            activity,
            note,
            billable,
            when,
            seconds,
        })
    }

    /// When it was, and what the file says that it took.
    fn when(&mut self) -> Option<(When, i64)> {
        let (start_text, end_text) = (self.cell(Field::StartTime).to_owned(), self.cell(Field::EndTime).to_owned());
        let day_text = self.cell(Field::Date).to_owned();
        // Some write the day with the time.
        let (day_of_start, start_text) = cells::with_day(&start_text);
        let (day_of_end, end_text) = cells::with_day(&end_text);
        let day_text = if day_text.is_empty() { day_of_start.clone().unwrap_or_default() } else { day_text };
        let Some(day) = self.style.date(&day_text) else {
            return self.left("date", format!("`{day_text}` is not a date"));
        };
        let length_text = self.cell(Field::Duration).to_owned();
        let decimal_text = self.cell(Field::Hours).to_owned();
        let length = duration(&length_text).or_else(|| duration(&decimal_text));
        if length.is_none() && !(length_text.is_empty() && decimal_text.is_empty()) {
            let text = if length_text.is_empty() { decimal_text } else { length_text };
            return self.left("duration", format!("`{text}` is not a length of time"));
        }
        if start_text.is_empty() {
            let Some(seconds) = length else { return self.left("duration", "it says neither when nor how long") };
            return self.untimed(day, seconds);
        }
        let Some(started) = time(&start_text) else {
            return self.left("start", format!("`{start_text}` is not a time of day"));
        };
        let Ok(start) = self.options.zone.to_timestamp(day.to_datetime(started)) else {
            return self.left("start", "that time is beyond the calendar");
        };
        let end = if end_text.is_empty() {
            let Some(seconds) = length else { return self.left("end", "it was not stopped, and says no length") };
            start.checked_add(jiff::SignedDuration::from_secs(seconds)).ok()
        } else {
            let Some(ended) = time(&end_text) else {
                return self.left("end", format!("`{end_text}` is not a time of day"));
            };
            let end_day = [self.cell(Field::EndDate).to_owned(), day_of_end.unwrap_or_default()];
            let end_day = end_day.iter().find(|text| !text.is_empty()).map_or(Some(day), |text| self.style.date(text));
            let Some(mut end_day) = end_day else { return self.left("end", "the day of its end is not a date") };
            if end_day == day && ended < started && self.cell(Field::EndDate).is_empty() {
                end_day = day.tomorrow().unwrap_or(day);
            }
            self.options.zone.to_timestamp(end_day.to_datetime(ended)).ok()
        };
        let Some(end) = end.filter(|end| *end >= start) else {
            return self.left("end", "it ends before it starts");
        };
        let between = end.as_second() - start.as_second();
        let seconds = length.unwrap_or(between);
        if (seconds - between).abs() > 60 {
            let what = format!(
                "{} lie between its times, and it took {}: it comes with its length, without its times",
                hours(between),
                hours(seconds)
            );
            self.report.find(Weight::Changed, TABLE, self.row, "duration", what);
            return self.untimed(day, seconds);
        }
        Some((When::Timed { day, start, end }, seconds))
    }

    fn untimed(&mut self, day: Date, seconds: i64) -> Option<(When, i64)> {
        let rounded = nearest_minute(seconds);
        if rounded <= 0 {
            return self.left("duration", format!("{} is no time that counts", hours(seconds)));
        }
        if rounded > 86_400 {
            return self.left("duration", format!("{} are more than a day", hours(seconds)));
        }
        Some((When::Untimed { day, seconds: rounded }, seconds))
    }
}

/// What time of no project is for.
const NO_PROJECT: &str = "Without a project";
