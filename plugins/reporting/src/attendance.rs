//! How long people were there, against what their time went into: what is left over is on nothing yet.

use crate::seen::Seen;
use crate::span::Span;
use crate::sums::all;
use lignaflow_sdk::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::AddAssign;

/// Seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Figures {
    on_site: i64,
    on_jobs: i64,
    on_other: i64,
    left_over: i64,
}

impl Figures {
    fn settled(mut self) -> Self {
        self.left_over = self.on_site - self.on_jobs - self.on_other;
        self
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, more: Self) {
        self.on_site += more.on_site;
        self.on_jobs += more.on_jobs;
        self.on_other += more.on_other;
    }
}

#[derive(Debug, Serialize)]
struct Row {
    id: Id,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<Date>,
    #[serde(flatten)]
    figures: Figures,
    records: BTreeMap<&'static str, String>,
}

/// Which of the figures it is.
type Place = fn(&mut Figures) -> &mut i64;

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let caller = context::caller()?;
    let span = Span::asked(request, &caller)?;
    let by_day = request.query_text("by") == Some("day");
    let mut figures: BTreeMap<(Id, Option<Date>), Figures> = BTreeMap::new();
    let counted: [(&str, Option<bool>, Place); 3] = [
        ("timesheets/shifts", None, |figures| &mut figures.on_site),
        ("timesheets/entries", Some(true), |figures| &mut figures.on_jobs),
        ("timesheets/entries", Some(false), |figures| &mut figures.on_other),
    ];
    for (collection, on_project, place) in counted {
        let mut asked = summarize(collection).filter(span.holds("local_date")).group("user");
        if by_day {
            asked = asked.group_by("local_date", Bucket::Day);
        }
        asked = match on_project {
            Some(true) => asked.filter(field("project").is_set()),
            Some(false) => asked.filter(field("project").is_null()),
            None => asked,
        };
        for row in all(records::summarize(asked.measure(sum("duration").named("seconds")))?)?.records() {
            let Some(user) = row.reference("user") else { continue };
            let of = figures.entry((user, row.date("local_date").filter(|_| by_day))).or_default();
            *place(of) += row.integer("seconds").unwrap_or(0);
        }
    }
    let seen = Seen::read(&caller, span)?;
    let mut names: BTreeMap<Id, String> = seen.people().iter().map(|person| (person.id, person.name.clone())).collect();
    let mut total = Figures::default();
    let mut rows = Vec::with_capacity(figures.len());
    for ((user, day), figures) in figures {
        if let Entry::Vacant(unknown) = names.entry(user) {
            unknown.insert(people::person(user)?.map(|person| person.name).unwrap_or_default());
        }
        let figures = figures.settled();
        total += figures;
        let days = day.map_or(span, |day| Span { first: day, last: day }).address("local_date");
        let of =
            |collection: &str, more: &str| format!("/api/v1/timesheets/{collection}?filter[user]={user}{days}{more}");
        let records = BTreeMap::from([
            ("on_site", of("shifts", "")),
            ("on_jobs", of("entries", "&filter[project][is_null]=false")),
            ("on_other", of("entries", "&filter[project][is_null]=true")),
        ]);
        let title = names.get(&user).cloned().unwrap_or_default();
        rows.push(Row { id: user, title, day, figures, records });
    }
    rows.sort_by(|one, other| (&one.title, one.id, one.day).cmp(&(&other.title, other.id, other.day)));
    reply::json(&span.answer(rows, total.settled()))
}
