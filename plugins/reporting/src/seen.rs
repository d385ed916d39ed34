//! Whose time a report is of, and on which days: everybody's for who sees that, else one's own, and that of the crews that
//! one leads. A week is of the crew whose sheet it has; of one without a sheet, those count who are in the crew now.

use crate::span::Span;
use crate::sums::where_there;
use lignaflow_sdk::Person;
use lignaflow_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Crews that somebody leads, and weeks of theirs that are looked at.
const MOST_CREWS: usize = 500;
const MOST_WEEKS: usize = 20_000;
/// Days of a week.
const WEEK: i32 = 7;

/// What a caller sees.
#[derive(Debug)]
pub(crate) struct Seen {
    people: Vec<Person>,
    led: Option<Led>,
}

/// What somebody leads, beside their own time.
#[derive(Debug)]
struct Led {
    me: Option<Id>,
    members: BTreeSet<Id>,
    /// Of each week with a sheet whether it was of these crews, by person and first day.
    weeks: BTreeMap<(Id, Date), bool>,
}

impl Seen {
    pub(crate) fn read(caller: &context::Caller, span: Span) -> Result<Self, Fault> {
        if caller.holds("timesheets.see-all") {
            return Ok(Self { people: people::holding(None)?, led: None });
        }
        let led = Led::read(caller, span)?;
        let theirs = led.iter().flat_map(|led| {
            led.members.iter().chain(led.weeks.iter().filter(|(_, ours)| **ours).map(|((user, _), _)| user))
        });
        let ids: BTreeSet<Id> = theirs.copied().chain(caller.person()).collect();
        let mut people = Vec::with_capacity(ids.len());
        for id in ids {
            people.extend(people::person(id)?);
        }
        Ok(Self { people, led })
    }

    /// The people that a report is of.
    pub(crate) fn people(&self) -> &[Person] {
        &self.people
    }

    /// Whether the caller leads a crew, rather than seeing everybody or themselves.
    pub(crate) const fn leads(&self) -> bool {
        self.led.is_some()
    }

    /// Whether a day of one of these people is of what the caller sees.
    pub(crate) fn covers(&self, person: Id, day: Date) -> bool {
        let Some(led) = self.led.as_ref().filter(|led| led.me != Some(person)) else { return true };
        let from = day.plus_days(1 - WEEK).unwrap_or(day);
        let week = led.weeks.range((person, from)..=(person, day)).next_back();
        week.map_or_else(|| led.members.contains(&person), |(_, ours)| *ours)
    }
}

impl Led {
    /// Nothing where the caller leads none.
    fn read(caller: &context::Caller, span: Span) -> Result<Option<Self>, Fault> {
        let me = caller.person();
        let may = ["timesheets.approve", "timesheets.enter-for-others"].iter().any(|held| caller.holds(held));
        let Some(leader) = me.filter(|_| may) else { return Ok(None) };
        let crews = select("timesheets/crews").columns(["id", "members"]).filter(field("leaders").includes(leader));
        let crews = where_there(records::find_all(crews.sort("id"), MOST_CREWS))?.flatten().unwrap_or_default();
        if crews.is_empty() {
            return Ok(None);
        }
        let ids: BTreeSet<Id> = crews.iter().filter_map(|crew| crew.reference("id")).collect();
        let members: BTreeSet<Id> = crews.iter().flat_map(|crew| crew.references("members")).copied().collect();
        let whose = any([field("crew").within(ids.iter().copied()), field("user").within(members.iter().copied())]);
        let begins = span.first.plus_days(1 - WEEK).unwrap_or(span.first);
        let asked = select("timesheets/sheets")
            .as_plugin()
            .columns(["user", "week", "crew"])
            .filter(all([whose, field("week").at_least(begins), field("week").at_most(span.last)]))
            .sort("week")
            .sort("id");
        let found = records::find_all(asked, MOST_WEEKS)?
            .ok_or_else(|| Fault::new(ErrorCode::Quota, "Too many weeks for one report: ask for fewer days."))?;
        let week = |row: &Fields| {
            let ours = row.reference("crew").is_some_and(|crew| ids.contains(&crew));
            Some(((row.reference("user")?, row.date("week")?), ours))
        };
        Ok(Some(Self { me, members, weeks: found.iter().filter_map(week).collect() }))
    }
}
