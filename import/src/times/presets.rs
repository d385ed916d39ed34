//! Which columns the exports of other programs have, by their heads. Programs rename them now and then: each has the names
//! that were seen.

use anyhow::{Result, bail};
use std::collections::BTreeMap;

/// A program whose exports are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Toggl Track: Reports, Detailed, as CSV.
    Toggl,
    /// Clockify: Reports, Detailed, as CSV or Excel.
    Clockify,
    /// Harvest: Reports, Detailed time, as CSV or Excel.
    Harvest,
    /// Kimai: Export, as CSV or XLSX.
    Kimai,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Name,
    LastName,
    Email,
    Client,
    Project,
    Task,
    Activity,
    Note,
    Tags,
    Billable,
    Date,
    StartTime,
    EndDate,
    EndTime,
    /// Hours, minutes and seconds.
    Duration,
    /// Hours as a decimal.
    Hours,
}

impl Preset {
    pub const ALL: [Self; 4] = [Self::Toggl, Self::Clockify, Self::Harvest, Self::Kimai];

    /// The one whose report has these heads, most of them where several would do.
    pub fn of(heads: &[String]) -> Option<Self> {
        let fits = |preset: &Self| Some((Columns::of(*preset, heads).ok()?.0.len(), *preset));
        // Of equals the first.
        Self::ALL.iter().rev().filter_map(fits).max_by_key(|(columns, _)| *columns).map(|(_, preset)| preset)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Toggl => "Toggl Track",
            Self::Clockify => "Clockify",
            Self::Harvest => "Harvest",
            Self::Kimai => "Kimai",
        }
    }

    /// The heads of each field, the likeliest first, in small letters.
    const fn heads(self) -> &'static [(Field, &'static [&'static str])] {
        match self {
            Self::Toggl => &[
                (Field::Name, &["user", "member"]),
                (Field::Email, &["email"]),
                (Field::Client, &["client"]),
                (Field::Project, &["project"]),
                (Field::Task, &["task"]),
                (Field::Note, &["description"]),
                (Field::Billable, &["billable"]),
                (Field::Date, &["start date"]),
                (Field::StartTime, &["start time"]),
                (Field::EndDate, &["end date", "stop date"]),
                (Field::EndTime, &["end time", "stop time"]),
                (Field::Duration, &["duration"]),
                (Field::Tags, &["tags"]),
            ],
            Self::Clockify => &[
                (Field::Name, &["user"]),
                (Field::Email, &["email"]),
                (Field::Client, &["client"]),
                (Field::Project, &["project"]),
                (Field::Task, &["task"]),
                (Field::Note, &["description"]),
                (Field::Billable, &["billable"]),
                (Field::Date, &["start date", "date"]),
                (Field::StartTime, &["start time"]),
                (Field::EndDate, &["end date"]),
                (Field::EndTime, &["end time"]),
                (Field::Duration, &["duration (h)", "time (h)", "duration"]),
                (Field::Hours, &["duration (decimal)", "time (decimal)"]),
                (Field::Tags, &["tags", "tag"]),
            ],
            Self::Harvest => &[
                (Field::Name, &["first name"]),
                (Field::LastName, &["last name"]),
                (Field::Email, &["email"]),
                (Field::Client, &["client"]),
                (Field::Project, &["project"]),
                (Field::Task, &["task"]),
                (Field::Note, &["notes"]),
                (Field::Billable, &["billable?", "billable"]),
                (Field::Date, &["date"]),
                (Field::StartTime, &["started at", "start time"]),
                (Field::EndTime, &["ended at", "end time"]),
                (Field::Hours, &["hours"]),
            ],
            Self::Kimai => &[
                (Field::Name, &["name", "user", "username"]),
                (Field::Email, &["e-mail", "email", "e-mail address"]),
                (Field::Client, &["customer"]),
                (Field::Project, &["project"]),
                (Field::Activity, &["activity"]),
                (Field::Note, &["description"]),
                (Field::Billable, &["billable"]),
                (Field::Date, &["date"]),
                (Field::StartTime, &["begin", "from", "start", "in"]),
                (Field::EndTime, &["end", "to", "out"]),
                (Field::Duration, &["duration"]),
                (Field::Tags, &["tags"]),
            ],
        }
    }

    /// What an export is nothing without: each of these, or one of several.
    const fn needs(self) -> &'static [&'static [Field]] {
        match self {
            Self::Toggl | Self::Clockify => {
                &[&[Field::Name, Field::Email], &[Field::Project], &[Field::Date], &[Field::StartTime, Field::Duration]]
            }
            Self::Harvest => &[&[Field::Name, Field::LastName], &[Field::Project], &[Field::Date], &[Field::Hours]],
            Self::Kimai => &[&[Field::Name, Field::Email], &[Field::Project], &[Field::Date], &[Field::Duration]],
        }
    }
}

/// Where the fields of one file are.
#[derive(Debug)]
pub(super) struct Columns(BTreeMap<Field, usize>);

impl Columns {
    pub(super) fn of(preset: Preset, heads: &[String]) -> Result<Self> {
        let heads: Vec<String> =
            heads.iter().map(|head| head.trim_start_matches('\u{feff}').trim().to_lowercase()).collect();
        let mut columns = BTreeMap::new();
        for (field, names) in preset.heads() {
            let at = names.iter().find_map(|name| heads.iter().position(|head| head == name));
            columns.extend(at.map(|at| (*field, at)));
        }
        let lacks = |fields: &&&[Field]| !fields.iter().any(|field| columns.contains_key(field));
        let names = |fields: &&[Field]| {
            let of = |field: &Field| preset.heads().iter().find(|(known, _)| known == field).map(|(_, names)| names[0]);
            fields.iter().filter_map(of).collect::<Vec<_>>().join(" or ")
        };
        let missing: Vec<String> = preset.needs().iter().filter(lacks).map(names).collect();
        if !missing.is_empty() {
            bail!("this is no detailed time report of {}: it has no column {}", preset.name(), missing.join(", "));
        }
        Ok(Self(columns))
    }

    pub(super) fn cell<'a>(&self, cells: &'a [String], field: Field) -> &'a str {
        self.0.get(&field).and_then(|at| cells.get(*at)).map_or("", |cell| cell.trim())
    }

    pub(super) fn dates<'a>(&self, cells: &'a [String]) -> impl Iterator<Item = &'a str> + use<'a> {
        [self.cell(cells, Field::Date), self.cell(cells, Field::EndDate)].into_iter().filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_known_by_its_heads() {
        for (heads, preset) in [
            (
                "User,Email,Client,Project,Task,Description,Billable,Start date,Start time,End date,End time,Duration,Tags",
                Some(Preset::Toggl),
            ),
            (
                "Project,Client,Description,Task,User,Group,Email,Tags,Billable,Start Date,Start Time,End Date,End Time,Duration (h),Duration (decimal)",
                Some(Preset::Clockify),
            ),
            ("Date,Client,Project,Project Code,Task,Notes,Hours,Billable?,First Name,Last Name", Some(Preset::Harvest)),
            ("Date,From,To,Duration,Rate,User,Customer,Project,Activity,Description", Some(Preset::Kimai)),
            ("date,project,hours", None),
            ("user,project,started_at,ended_at,note", None),
        ] {
            let heads: Vec<String> = heads.split(',').map(str::to_owned).collect();
            assert_eq!(Preset::of(&heads), preset, "{heads:?}");
        }
    }
}
