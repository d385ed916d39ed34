//! Nobody works twice at once. Times are half open, so that one thing may begin when another ends, and a timer that
//! runs has no end yet.

use crate::findings::Findings;
use crate::weeks;
use lignaflow_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// From a start up to an end; without one it still goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: Instant,
    pub(crate) end: Option<Instant>,
}

impl Span {
    pub(crate) fn meets(self, other: Self) -> bool {
        let before = |end: Option<Instant>, start: Instant| end.is_some_and(|end| end <= start);
        !before(self.end, other.start) && !before(other.end, self.start)
    }
}

/// The time of one change of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    pub(crate) index: usize,
    pub(crate) id: Id,
    pub(crate) user: Id,
    pub(crate) span: Span,
    /// Whether what is in its way is looked for beforehand.
    pub(crate) told: bool,
}

/// Entries that are looked at to tell what is in the way; that something is, the guard knows of any number.
const SHOWN: u16 = 200;

/// Tells what overlaps within the batch and with what is stored, and has the commit ensure it against what others write
/// meanwhile. `changed` is everything that the batch changes, also what comes to no time at all.
pub(crate) fn check(placed: &[Placed], changed: &BTreeSet<Id>, findings: &mut Findings) -> Result<(), Fault> {
    let mut by_user: BTreeMap<Id, Vec<&Placed>> = BTreeMap::new();
    for one in placed {
        by_user.entry(one.user).or_default().push(one);
    }
    for (user, mut all) in by_user {
        all.sort_by_key(|one| one.span.start);
        // Sorted by start, what overlaps anything before it overlaps the one that lasts longest of these.
        let mut longest: Option<&Placed> = None;
        for one in &all {
            if longest.is_some_and(|before| before.span.meets(one.span)) {
                findings.clash(
                    one.index,
                    "started_at",
                    "overlap",
                    "It overlaps other time of the same batch.".to_owned(),
                );
            }
            let lasts = |one: &Placed| (one.span.end.is_none(), one.span.end);
            if longest.is_none_or(|before| lasts(before) < lasts(one)) {
                longest = Some(one);
            }
        }
        tell_stored(user, &all, changed, findings)?;
        for one in all {
            let filter = all_of(user, one.span).and(not(field("id").eq(one.id)));
            let fault = Fault::new(ErrorCode::Conflict, "It overlaps other time of the same person.");
            findings.verdict.also.push(ensure_none("entries", filter, fault));
        }
    }
    Ok(())
}

/// Entries of a person that meet a span.
fn all_of(user: Id, span: Span) -> Predicate {
    let ends_later = any([field("ended_at").is_null(), field("ended_at").more_than(span.start)]);
    let mut parts = vec![field("user").eq(user), field("started_at").is_set(), ends_later];
    parts.extend(span.end.map(|end| field("started_at").less_than(end)));
    all(parts)
}

/// Time of somebody in these days that overlaps other time of theirs: how it is told, each once. More than is looked at
/// is not told.
pub(crate) fn standing(user: Id, first: Date, last: Date) -> Result<Vec<String>, Fault> {
    // What was begun on the day before may go on into these.
    let from = first.plus_days(-1).unwrap_or(first);
    let timed = select("entries")
        .as_plugin()
        .columns(["id", "label", "started_at", "ended_at", "local_date"])
        .filter(all([
            field("user").eq(user),
            field("started_at").is_set(),
            field("local_date").at_least(from),
            field("local_date").at_most(last.plus_days(1).unwrap_or(last)),
        ]))
        .sort("started_at")
        .limit(1_000);
    let page = records::find(timed)?;
    let spans: Vec<(Span, Option<Date>, String)> = page
        .records()
        .filter_map(|row| {
            let span = Span { start: row.instant("started_at")?, end: row.instant("ended_at") };
            let day = row.date("local_date");
            let label = row.text("label").unwrap_or("Time");
            let on = day.map(weeks::shown).unwrap_or_default();
            Some((span, day, format!("{label}, on {on}")))
        })
        .filter(|(span, ..)| span.end != Some(span.start))
        .collect();
    let mut told = Vec::new();
    for (at, (span, day, text)) in spans.iter().enumerate() {
        let here = day.is_some_and(|day| (first..=last).contains(&day));
        let meets = spans.iter().enumerate().any(|(other, (found, ..))| other != at && span.meets(*found));
        if here && meets {
            told.push(text.clone());
        }
    }
    Ok(told)
}

fn tell_stored(user: Id, placed: &[&Placed], changed: &BTreeSet<Id>, findings: &mut Findings) -> Result<(), Fault> {
    let Some(start) = placed.iter().map(|one| one.span.start).min() else { return Ok(()) };
    let end = placed.iter().map(|one| one.span.end).try_fold(start, |last, end| end.map(|end| last.max(end)));
    let stored = select("entries")
        .as_plugin()
        .columns(["id", "label", "started_at", "ended_at"])
        .filter(all_of(user, Span { start, end }))
        .sort("started_at")
        .limit(SHOWN);
    let page = records::find(stored)?;
    for row in page.records() {
        let (Some(id), Some(start)) = (row.reference("id"), row.instant("started_at")) else { continue };
        // What the batch itself changes is told as it is to be.
        if changed.contains(&id) {
            continue;
        }
        let stored = Span { start, end: row.instant("ended_at") };
        for one in placed.iter().filter(|one| one.told && one.span.meets(stored)) {
            let what = row.text("label").unwrap_or("other time");
            let still = if stored.end.is_none() { ", which still runs" } else { "" };
            findings.clash(one.index, "started_at", "overlap", format!("It overlaps {what}{still}."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span() -> impl Strategy<Value = Span> {
        (0_i64..50, prop::option::of(1_i64..20)).prop_map(|(start, length)| Span {
            start: Instant::from_micros(start),
            end: length.map(|length| Instant::from_micros(start + length)),
        })
    }

    fn holds(span: Span, at: i64) -> bool {
        span.start.micros() <= at && span.end.is_none_or(|end| at < end.micros())
    }

    proptest! {
        #[test]
        fn spans_meet_exactly_where_some_moment_is_in_both(one in span(), other in span()) {
            let shared = (0..200).any(|at| holds(one, at) && holds(other, at));
            prop_assert_eq!(one.meets(other), shared);
            prop_assert_eq!(other.meets(one), shared);
        }
    }
}
