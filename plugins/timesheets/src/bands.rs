//! What a pay run pays time as: by person, day and band. It is noted with the run, so that what later runs pay of the same
//! week is what is left of it.

use crate::findings::Findings;
use crate::runs::MOST;
use crate::weeks;
use lignaflow_plugin_worktime::bands::{Bands, Time, to_pay};
use lignaflow_plugin_worktime::holidays::{self, Holidays};
use lignaflow_plugin_worktime::patterns::{self, Patterns};
use lignaflow_plugin_worktime::rules::{self, Item, Rulebook};
use lignaflow_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Rules, patterns and holidays that are looked at.
const MOST_RULES: usize = 5_000;
/// Writes of one run: the host takes 5,000 from a call, and weeks that are out are some more.
const MOST_WRITES: usize = 4_500;
const FIGURES: [&str; 6] = ["ordinary", "overtime", "further_overtime", "saturday", "sunday", "on_holiday"];

/// A rule of pay is called by the day that it holds from.
pub(crate) fn check_rule(index: usize, change: &HookChange, findings: &mut Findings) {
    if let Some(from) = change.after.date("effective_from") {
        findings.name(index, change, format!("From {}", weeks::shown(from)));
    }
}

fn found(asked: impl Into<Selection>, what: &str) -> Result<Vec<Fields>, Fault> {
    records::find_all(asked, MOST_RULES)?.ok_or_else(|| {
        Fault::new(ErrorCode::Quota, format!("More than {MOST_RULES} {what} are not looked at at once."))
    })
}

pub(crate) fn rulebook() -> Result<Rulebook, Fault> {
    let asked = select("pay-rules").as_plugin().columns(rules::columns()).sort("effective_from");
    Ok(Rulebook::of(found(asked, "rules of pay")?.into_iter()))
}

/// Seconds by person, day and zone.
type ByDay = BTreeMap<Id, BTreeMap<(Date, Option<String>), i64>>;

/// What runs that stand have of a week, and what they paid it as, by person and day.
#[derive(Debug, Default)]
struct Known {
    worked: ByDay,
    /// Of it, what is of runs that noted nothing of it: they were made before runs did.
    unnoted: ByDay,
    paid: BTreeMap<Id, BTreeMap<Date, Bands>>,
}

/// The day that time is paid for: of a correction, that of what it corrects in the end.
fn paid_day(entry: &impl ReadFields) -> Option<Date> {
    entry.date("stands_for").or(entry.date("local_date"))
}

impl Known {
    fn read(week: Date, people: &BTreeSet<Id>, runs: &mut BTreeSet<Id>) -> Result<Self, Fault> {
        let last = week.plus_days(6).unwrap_or(week);
        let within = |name: &str| field(name).at_least(week).and(field(name).at_most(last));
        let of_people = || field("user").within(people.iter().copied());
        let stands = field("run.status").eq("made");
        let mut paid = summarize("bands")
            .as_plugin()
            .filter(all([of_people(), within("local_date"), stands]))
            .group("user")
            .group_by("local_date", Bucket::Day)
            .group("run");
        for name in FIGURES {
            paid = paid.measure(sum(name).named(name));
        }
        let mut known = Self::default();
        let mut noted: BTreeSet<Id> = BTreeSet::new();
        for row in rows_of(records::summarize(paid)?)?.records() {
            let (Some(user), Some(day)) = (row.reference("user"), row.date("local_date")) else { continue };
            let of = known.paid.entry(user).or_default().entry(day).or_default();
            *of += bands(&row);
            noted.extend(row.reference("run"));
        }
        let of_week = || any([within("stands_for"), field("stands_for").is_null().and(within("local_date"))]);
        let in_runs = || all([of_people(), field("pay_run").is_set(), of_week()]);
        known.worked = by_day(in_runs())?;
        known.unnoted = by_day(in_runs().and(not(field("pay_run").within(noted.iter().copied()))))?;
        runs.extend(noted);
        Ok(known)
    }
}

/// The time of entries.
fn by_day(entries: Predicate) -> Result<ByDay, Fault> {
    let worked = summarize("entries")
        .as_plugin()
        .filter(entries)
        .group("user")
        .group_by("local_date", Bucket::Day)
        .group_by("stands_for", Bucket::Day)
        .group("zone")
        .measure(sum("duration").named("seconds"));
    let mut by = ByDay::new();
    for row in rows_of(records::summarize(worked)?)?.records() {
        let (Some(user), Some(day)) = (row.reference("user"), paid_day(&row)) else { continue };
        let of = by.entry(user).or_default().entry((day, row.text("zone").map(str::to_owned))).or_default();
        *of += row.integer("seconds").unwrap_or(0);
    }
    Ok(by)
}

/// All rows of a summary, which holds so many and no more.
fn rows_of(page: Page) -> Result<Page, Fault> {
    const GROUPS: usize = 10_000;
    if page.rows.len() < GROUPS {
        return Ok(page);
    }
    Err(Fault::at("/until", "too-many", "There is too much time of one week for one run: choose an earlier day."))
}

fn bands(row: &impl ReadFields) -> Bands {
    let [ordinary, overtime, further_overtime, saturday, sunday, on_holiday] =
        FIGURES.map(|name| row.integer(name).unwrap_or(0));
    Bands { ordinary, overtime, further_overtime, saturday, sunday, on_holiday }
}

/// Notes what a run pays its time as. A band is decided over the whole week, so it is what the week comes to with all that
/// is paid by now, less what other runs that stand have paid of it. Answers what it comes to beside what is written;
/// `others` is how much else the run writes.
pub(crate) fn noted(
    run: Id,
    entries: &[Fields],
    earlier: Option<Date>,
    others: usize,
) -> Result<(Bands, Vec<Mutation>), Fault> {
    let conventions = calendar::of_organization()?;
    let mut touched: BTreeMap<Date, BTreeSet<Id>> = BTreeMap::new();
    for entry in entries {
        if let (Some(user), Some(day)) = (entry.reference("user"), paid_day(entry)) {
            touched.entry(conventions.week_of(day)).or_default().insert(user);
        }
    }
    let (Some((first, _)), Some((last, _))) = (touched.first_key_value(), touched.last_key_value()) else {
        return Ok((Bands::default(), Vec::new()));
    };
    let last = last.plus_days(6).unwrap_or(*last);
    let book = rulebook()?;
    let patterns = select("work-patterns").as_plugin().columns(patterns::columns()).sort("effective_from");
    let patterns = Patterns::of(found(patterns, "work patterns")?.into_iter());
    let off = field("day").at_least(*first).and(field("day").at_most(last));
    let off = select("holidays").as_plugin().columns(holidays::COLUMNS).filter(off).sort("day");
    let off = Holidays::of(found(off, "holidays")?.into_iter());

    let mut runs: BTreeSet<Id> = BTreeSet::new();
    let mut people: BTreeMap<Id, (String, String)> = BTreeMap::new();
    let (mut whole, mut writes) = (Bands::default(), Vec::new());
    for (week, users) in &touched {
        let mut known = Known::read(*week, users, &mut runs)?;
        for entry in entries {
            let (Some(user), Some(day)) = (entry.reference("user"), paid_day(entry)) else { continue };
            if conventions.week_of(day) == *week {
                let of = known.worked.entry(user).or_default();
                let of = of.entry((day, entry.text("zone").map(str::to_owned))).or_default();
                *of += entry.integer("duration").unwrap_or(0);
            }
        }
        for user in users {
            if !people.contains_key(user) {
                let person = people::person(*user)?.map(|person| (person.name, person.time_zone));
                people.insert(*user, person.unwrap_or_default());
            }
            let Some((name, based)) = people.get(user) else { continue };
            let timed = |of: &mut ByDay| {
                let mut timed: BTreeMap<Date, Time> = BTreeMap::new();
                for ((day, zone), seconds) in of.remove(user).unwrap_or_default() {
                    let zone = book.rules(day).zone_of(zone.as_deref(), based).to_owned();
                    timed.entry(day).or_default().add(seconds, off.is_one(day, &zone));
                }
                timed
            };
            let (worked, unnoted) = (timed(&mut known.worked), timed(&mut known.unnoted));
            let mut paid = known.paid.remove(user).unwrap_or_default();
            let usual = |day: Date| patterns.usual(*user, day);
            for (day, bands) in to_pay(&book, conventions, usual, &unnoted, &BTreeMap::new()) {
                *paid.entry(day).or_default() += bands;
            }
            for (day, bands) in to_pay(&book, conventions, usual, &worked, &paid) {
                whole += bands;
                let mut write = insert("bands", context::new_id()?)
                    .set("label", format!("{name}, {}", weeks::shown(day)))
                    .set("run", run)
                    .set("user", *user)
                    .set("local_date", day)
                    .set("late", Some(true).filter(|_| earlier.is_some_and(|earlier| day <= earlier)));
                for (item, seconds) in bands.items() {
                    write = write.set(item.figure(), seconds);
                }
                writes.push(Mutation::from(write));
            }
        }
    }
    if writes.len() + others > MOST_WRITES {
        let message = "This is too much for one run, by the days and people that it pays: choose an earlier day.";
        return Err(Fault::at("/until", "too-many", message));
    }
    // What runs have paid is read in sums, which nobody looks at again: those that are in them are, and that there is none
    // besides.
    let columns = ["id", "status", "created_at"];
    let in_sums = runs.iter().copied().collect::<Vec<_>>();
    for some in in_sums.chunks(100) {
        let asked = select("pay-runs").as_plugin().columns(columns).filter(field("id").within(some.iter().copied()));
        records::find(asked.limit(100))?;
    }
    writes.push(nobody_else(run)?);
    Ok((whole, writes))
}

/// That no other run is made meanwhile.
fn nobody_else(run: Id) -> Result<Mutation, Fault> {
    let newest = select("pay-runs").as_plugin().columns(["id", "created_at"]).sort_descending("created_at").limit(1);
    let newest = records::find(newest)?.records().next().and_then(|row| row.instant("created_at"));
    let mut others = field("status").eq("made").and(field("id").ne(run));
    if let Some(newest) = newest {
        others = others.and(field("created_at").more_than(newest));
    }
    Ok(ensure_none("pay-runs", others, Fault::new(ErrorCode::Conflict, "A pay run was made meanwhile. Try once more.")))
}

/// What a run pays time as, as its file tells it: the payroll's name of it, and seconds.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) record: Fields,
    pub(crate) item: String,
    pub(crate) seconds: i64,
}

pub(crate) fn lines(run: Id) -> Result<Vec<Line>, Fault> {
    let columns = ["id", "user", "local_date", "late"].into_iter().chain(FIGURES);
    let asked = select("bands").as_plugin().columns(columns).filter(field("run").eq(run)).sort("local_date").sort("id");
    let known = records::find_all(asked, 2 * MOST)?.ok_or_else(Fault::internal)?;
    let book = rulebook()?;
    let mut lines = Vec::new();
    for record in known {
        let Some(day) = record.date("local_date") else { continue };
        for (item, seconds) in bands(&record).items().into_iter().filter(|(_, seconds)| *seconds != 0) {
            let item: Item = item;
            lines.push(Line { record: record.clone(), item: book.called(item, day).to_owned(), seconds });
        }
    }
    Ok(lines)
}
