//! Weeks, which begin as the organization's do, and the sheet of a person and a week.

use crate::crews;
use crate::findings::Findings;
use lignaflow_sdk::prelude::*;
use std::collections::BTreeMap;

/// Weeks as an organization has them, and as it had them: a sheet that is there keeps its days, also where weeks begin
/// with another day since.
#[derive(Debug)]
pub(crate) struct Weeks {
    conventions: calendar::Conventions,
    /// Weeks of which somebody has a sheet, the one that was there first in front; by person and week.
    known: BTreeMap<(Id, Date), Vec<Known>>,
}

/// A week of which there is a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    first: Date,
    by_line: bool,
    /// Those who lead the crew that it is of.
    leaders: Vec<Id>,
}

impl Weeks {
    pub(crate) fn read() -> Result<Self, Fault> {
        Ok(Self { conventions: calendar::of_organization()?, known: BTreeMap::new() })
    }

    /// The first day of the week that a day lies in, as weeks begin now.
    pub(crate) fn week_of(&self, day: Date) -> Date {
        self.conventions.week_of(day)
    }

    /// The first day of the week of somebody that a day belongs to, and whether its sheet is there.
    pub(crate) fn of(&mut self, user: Id, day: Date) -> Result<(Date, bool), Fault> {
        let found = self.sheet(user, day)?;
        Ok((found.as_ref().map_or_else(|| self.week_of(day), |known| known.first), found.is_some()))
    }

    /// Those who lead the crew of somebody's week that a day belongs to: of the sheet that is there, else of the crew that
    /// they are in.
    pub(crate) fn leaders(&mut self, user: Id, day: Date) -> Result<Vec<Id>, Fault> {
        Ok(match self.sheet(user, day)? {
            Some(known) => known.leaders,
            None => crews::find(user)?.map(|crew| crew.leaders).unwrap_or_default(),
        })
    }

    fn sheet(&mut self, user: Id, day: Date) -> Result<Option<Known>, Fault> {
        let week = self.week_of(day);
        let of_day =
            |known: &[Known]| known.iter().find(|known| (0..LENGTH).contains(&day.days_since(known.first))).cloned();
        if let Some(known) = self.known.get(&(user, week)) {
            return Ok(of_day(known));
        }
        let (from, until) = (week.plus_days(1 - LENGTH).unwrap_or(week), week.plus_days(LENGTH - 1).unwrap_or(week));
        let sheets = select("sheets")
            .as_plugin()
            .columns(["id", "week", "by_line", "crew.leaders"])
            .filter(all([field("user").eq(user), field("week").at_least(from), field("week").at_most(until)]))
            .sort("created_at")
            .limit(50);
        let sheets = records::find(sheets)?;
        let known = sheets.records().filter_map(|row| {
            let by_line = row.boolean("by_line") == Some(true);
            Some(Known { first: row.date("week")?, by_line, leaders: row.references("crew.leaders").to_vec() })
        });
        let known: Vec<Known> = known.collect();
        let found = of_day(&known);
        self.known.insert((user, week), known);
        Ok(found)
    }

    /// That somebody's sheet of a week is being made.
    fn made(&mut self, user: Id, week: Date, leaders: Vec<Id>) {
        let now = self.week_of(week);
        self.known.entry((user, now)).or_default().push(Known { first: week, by_line: false, leaders });
    }
}

/// Days of a week.
const LENGTH: i32 = 7;

/// Puts what somebody entered of a day into the sheet of its week, which is made where it is not there yet; answers which
/// that is, where it is approved by project. That it is open is for the host to say; that whoever writes it may do so, for
/// the host as well, but for what a route writes, and before anything of the week is told.
pub(crate) fn place(
    index: usize,
    change: &HookChange,
    user: Id,
    day: Date,
    findings: &mut Findings,
) -> Result<Option<Id>, Fault> {
    let mut weeks = match findings.weeks.take() {
        Some(weeks) => weeks,
        None => Weeks::read()?,
    };
    let known = weeks.sheet(user, day)?;
    let week = known.as_ref().map_or_else(|| weeks.week_of(day), |known| known.first);
    let sheet = sheet_of(user, week);
    findings.set(index, change, "sheet", sheet);
    let by_line = known.as_ref().is_some_and(|known| known.by_line);
    if let Some(known) = known {
        crews::refuse_strangers(user, &known.leaders, findings)?;
    } else {
        let crew = crews::of(user, findings)?;
        let leaders = crew.as_ref().map(|crew| crew.leaders.clone()).unwrap_or_default();
        crews::refuse_strangers(user, &leaders, findings)?;
        weeks.made(user, week, leaders);
        let name = people::person(user)?.map(|person| person.name).unwrap_or_default();
        let label = format!("{name}, {}", span(week));
        let made = insert("sheets", sheet).set("user", user).set("week", week).set("label", label);
        findings.verdict.also.push(made.set("crew", crew.map(|crew| crew.id)).into());
    }
    findings.weeks = Some(weeks);
    Ok(by_line.then_some(sheet))
}

/// The seven days of a week.
pub(crate) fn days_of(week: Date) -> Vec<Date> {
    (0..7).filter_map(|offset| week.plus_days(offset)).collect()
}

/// The one sheet of a person and a week. It follows from both, so that two writers who both find none make the same one,
/// and the second finds the first's.
pub(crate) fn sheet_of(user: Id, week: Date) -> Id {
    let mut chance = [0; 10];
    chance.copy_from_slice(&user.bytes()[6..]);
    Id::from_parts(i64::from(week.days()) * 86_400_000_000, chance)
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `23 Nov 2026`.
pub(crate) fn shown(day: Date) -> String {
    let (year, month, date) = day.civil();
    let month = usize::try_from(month - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or_default();
    format!("{date} {month} {year}")
}

/// `16 – 22 Nov 2026`.
pub(crate) fn span(week: Date) -> String {
    let last = week.plus_days(6).unwrap_or(week);
    let (first, end) = (week.civil(), last.civil());
    let end_text = shown(last);
    match () {
        () if first.0 != end.0 => format!("{} – {end_text}", shown(week)),
        () if first.1 != end.1 => format!("{} – {end_text}", shown(week).trim_end_matches(char::is_numeric).trim_end()),
        () => format!("{} – {end_text}", first.2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_week_is_told_by_its_days() {
        assert_eq!(span(day("2026-11-16")), "16 – 22 Nov 2026");
        assert_eq!(span(day("2026-11-30")), "30 Nov – 6 Dec 2026");
        assert_eq!(span(day("2026-12-28")), "28 Dec 2026 – 3 Jan 2027");
    }

    proptest! {
        #[test]
        fn each_person_has_one_sheet_a_week(one in 0_i32..3_000, other in 0_i32..3_000) {
            let (user, colleague) = (Id::fresh(), Id::fresh());
            let week = |number: i32| Date::from_days(4 + number * 7).unwrap();
            prop_assert_eq!(sheet_of(user, week(one)) == sheet_of(user, week(other)), one == other);
            prop_assert_ne!(sheet_of(user, week(one)), sheet_of(colleague, week(one)));
            prop_assert!(sheet_of(user, week(one)).is_v7());
        }
    }
}
