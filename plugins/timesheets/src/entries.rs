//! What must hold of time before it is saved: the day and the length that follow from its times, the sheet that it
//! belongs to, what it is for, and that nobody works twice at once.

use crate::by_project;
use crate::days::{self, Part};
use crate::findings::Findings;
use crate::overlap::{self, Span};
use crate::place;
use crate::policy::{self, Overlap, Policy};
use crate::typed::{self, DAY};
use crate::usage;
use crate::weeks;
use lignaflow_sdk::Origin;
use lignaflow_sdk::prelude::*;

/// What code notes of time that is locked already. A change of nothing else is not looked at.
const NOTES: [&str; 10] = [
    "billable_duration",
    "sell_rate",
    "sell_source",
    "cost_rate",
    "cost_source",
    "pay_run",
    "paid_late",
    "billing_run",
    "billed_late",
    "approved",
];
/// What the host calculates from the rest.
const KEPT: [&str; 2] = ["amount", "cost"];
/// Seconds that another clock may be ahead of this call's.
const AHEAD: i64 = 60;
/// States of a project that takes no time any more.
const CLOSED: [&str; 2] = ["closed", "cancelled"];

/// What is looked up once for a batch.
#[derive(Debug)]
struct Book {
    policy: Policy,
    locked_until: Option<Date>,
    now: Instant,
    caller: Option<Id>,
}

/// What an entry comes to once its times are settled.
#[derive(Debug, Clone, Copy)]
struct Settled {
    day: Date,
    duration: Option<i64>,
    span: Option<Span>,
}

pub(crate) fn check(changes: &[HookChange], findings: &mut Findings) -> Result<(), Fault> {
    let mut book: Option<Book> = None;
    let mut spans: Vec<overlap::Placed> = Vec::new();
    let mut touched = days::Touched::default();
    for (index, change) in changes.iter().enumerate() {
        if change.collection != "entries" || only_notes(change) {
            continue;
        }
        if book.is_none() {
            book = Some(Book::open(findings)?);
        }
        let Some(book) = book.as_ref() else { continue };
        book.refuse_fixed(index, change, findings);
        by_project::refuse_as_it_was(index, change, findings)?;
        touched.was(change);
        if change.kind == ChangeKind::Remove {
            usage::changed(change, None, None, findings);
            continue;
        }
        let Some(user) = change.after.reference("user") else { continue };
        let Some(settled) = book.times(index, change, user, findings)? else { continue };
        let billable = book.purpose(index, change, settled, findings)?;
        let project = change.after.reference("project").or_else(|| change.related.reference("task.project"));
        usage::changed(change, project, settled.duration.map(|_| settled.day), findings);
        let sheet = weeks::place(index, change, user, settled.day, findings)?;
        by_project::refuse_as_it_is_to_be(index, change, sheet, project, findings)?;
        let shared = settled.duration.filter(|_| billable && change.after.is_null("corrects"));
        touched.is(user, settled.day, sheet.is_some(), shared.map(|seconds| Part::of(index, change, project, seconds)));
        if let Some(span) = settled.span {
            // The timer's own route stops what runs. Where another started one since it looked, it is for the commit to
            // find that out, which has it look again.
            let starts = change.origin == Origin::Route && span.end.is_none();
            spans.push(overlap::Placed { index, id: change.id, user, span, told: !starts });
        }
    }
    if let Some(book) = book.as_ref() {
        touched.share(changes, book.policy.rounding, findings)?;
    }
    match book {
        Some(book) if book.policy.overlap == Overlap::Refuse => {
            let entries = changes.iter().filter(|change| change.collection == "entries");
            overlap::check(&spans, &entries.map(|change| change.id).collect(), findings)
        }
        _ => Ok(()),
    }
}

fn only_notes(change: &HookChange) -> bool {
    let differs = |name: &str| change.before.value(name) != change.after.value(name);
    let mut changed = change.after.keys().filter(|name| differs(name)).peekable();
    change.kind == ChangeKind::Update
        && changed.peek().is_some()
        && changed.all(|name| NOTES.contains(&name.as_str()) || KEPT.contains(&name.as_str()))
}

impl Book {
    fn open(findings: &mut Findings) -> Result<Self, Fault> {
        let caller = context::caller()?;
        let (locked_until, guard) = policy::locked_until()?;
        findings.verdict.also.extend(guard);
        Ok(Self { policy: Policy::read()?, locked_until, now: caller.now, caller: caller.person() })
    }

    /// What was paid, billed or locked away stays as it is: it is corrected by another entry.
    fn refuse_fixed(&self, index: usize, change: &HookChange, findings: &mut Findings) {
        if change.kind == ChangeKind::Insert {
            return;
        }
        for (run, done) in [("pay_run", "paid"), ("billing_run", "billed")] {
            if !change.before.is_null(run) {
                findings.lock(index, run, format!("This time is {done}: correct it by a reversing entry."));
            }
        }
        if let Some(day) = change.before.date("local_date") {
            policy::refuse_locked(self.locked_until, index, day, findings);
        }
    }

    /// Day and length; nothing where they cannot be told, which is said.
    fn times(
        &self,
        index: usize,
        change: &HookChange,
        user: Id,
        findings: &mut Findings,
    ) -> Result<Option<Settled>, Fault> {
        let after = &change.after;
        let zone = match after.text("zone") {
            Some(zone) => zone.to_owned(),
            None => match change
                .related
                .text("task.project.site.time_zone")
                .or(change.related.text("project.site.time_zone"))
            {
                Some(zone) => zone.to_owned(),
                None => place::zone_of(user)?,
            },
        };
        let settled = match after.instant("started_at") {
            Some(start) => {
                let Ok(local) = calendar::to_local(start, &zone) else {
                    findings.add(
                        index,
                        "zone",
                        "zone",
                        format!("There is no time zone `{zone}`: write one such as Australia/Perth."),
                    );
                    return Ok(None);
                };
                self.timed(index, change, start, local.date, findings)
            }
            None => untimed(index, change, findings),
        };
        let Some(settled) = settled else { return Ok(None) };
        findings.set(index, change, "zone", zone);
        findings.set(index, change, "local_date", settled.day);
        findings.set(index, change, "duration", settled.duration);
        if change.before.date("local_date") != Some(settled.day) || change.kind == ChangeKind::Insert {
            policy::refuse_locked(self.locked_until, index, settled.day, findings);
        }
        Ok(Some(settled))
    }

    fn timed(
        &self,
        index: usize,
        change: &HookChange,
        start: Instant,
        day: Date,
        findings: &mut Findings,
    ) -> Option<Settled> {
        let pause = change.after.integer("break_time").unwrap_or(0);
        let Some(end) = change.after.instant("ended_at") else {
            if start > place::later(self.now, AHEAD) {
                findings.add(index, "started_at", "future", "A timer cannot have started in the future.");
                return None;
            }
            return Some(Settled { day, duration: None, span: Some(Span { start, end: None }) });
        };
        if end < start {
            // Told by the check of the descriptor.
            return None;
        }
        let duration = place::taken(start, end) - typed::nearest(pause, 60);
        if duration < 0 {
            let whole = typed::shown(place::taken(start, end));
            findings.add(
                index,
                "break_time",
                "too-large",
                format!("The break is longer than the {whole} that it was in."),
            );
            return None;
        }
        let span = (start < end).then_some(Span { start, end: Some(end) });
        Some(Settled { day, duration: Some(duration), span })
    }

    /// What it is for, what it is called, and whether it is charged, which is the answer.
    fn purpose(
        &self,
        index: usize,
        change: &HookChange,
        settled: Settled,
        findings: &mut Findings,
    ) -> Result<bool, Fault> {
        let (after, related) = (&change.after, &change.related);
        let of_task = related.reference("task.project");
        let (project, mut status, mut name, mut billing) = match (after.reference("project"), of_task) {
            (Some(project), Some(of_task)) if project != of_task => {
                let title = related.text("task.title").unwrap_or("The task");
                findings.add(index, "task", "other-project", format!("{title} belongs to another project."));
                return Ok(false);
            }
            (None, Some(of_task)) => {
                findings.verdict.set_field(index, "project", of_task);
                (Some(of_task), None, None, None)
            }
            (project, _) => {
                let text = |path: &str| related.text(path).map(str::to_owned);
                (project, text("project.status"), text("project.name"), text("project.billing"))
            }
        };
        if let Some(project) = project.filter(|_| status.is_none()) {
            let found = records::get("projects/projects", project, &["status", "name", "billing"])?.unwrap_or_default();
            let text = |name: &str| found.text(name).map(str::to_owned);
            (status, name, billing) = (text("status"), text("name"), text("billing"));
        }
        if project.is_none() && after.is_null("activity") {
            findings.add(index, "project", "required", "Say what it is for: a project, a task or an activity.");
            return Ok(false);
        }
        let corrects = !after.is_null("corrects");
        if let Some(status) = status.filter(|status| CLOSED.contains(&status.as_str()) && !corrects) {
            let name = name.as_deref().unwrap_or("The project");
            findings.lock(index, "project", format!("{name} is {status}, which takes no time any more."));
        }
        // Without a project there is nobody to bill. Once it is of one, it is charged as what it is of.
        let kept = change.before.is_null("project") && change.before.boolean("billable") == after.boolean("billable");
        let said = after.boolean("billable").filter(|_| change.kind == ChangeKind::Insert || !kept);
        let usual = || {
            let of = |path: &str| related.boolean(path);
            let charged = match billing.as_deref() {
                Some("not-billable") => false,
                // Its stages bill the work; what is an extra is billed on top of them.
                Some("fixed" | "milestones") => of("task.extra") == Some(true),
                _ => true,
            };
            charged && of("task.billable").or_else(|| of("activity.billable")).unwrap_or(true)
        };
        let billable = project.is_some() && said.unwrap_or_else(usual);
        findings.set(index, change, "billable", billable);
        let charged = settled.duration.map(|taken| {
            if corrects {
                let was = related.integer("corrects.billable_duration").unwrap_or(0);
                self.policy.rounding.correction(taken, was, billable)
            } else if billable {
                self.policy.rounding.apply(taken)
            } else {
                0
            }
        });
        // Of a day that is rounded as a whole, its share is told once all of the day is known.
        if corrects || !billable || charged.is_none() || !self.policy.rounding.shares() {
            findings.set(index, change, "billable_duration", charged);
        }
        let what = related.text("task.title").or_else(|| related.text("activity.name")).or(name.as_deref());
        let label = match settled.duration {
            Some(taken) => format!("{}, {}", what.unwrap_or("Time"), typed::shown(taken)),
            None => what.unwrap_or("Time").to_owned(),
        };
        findings.name(index, change, label);
        if change.kind == ChangeKind::Insert && after.is_null("entered_by") {
            findings.set(index, change, "entered_by", self.caller);
        }
        Ok(billable)
    }
}

/// An amount of time on a day, of which nobody knows when it was.
fn untimed(index: usize, change: &HookChange, findings: &mut Findings) -> Option<Settled> {
    let Some(duration) = change.after.integer("duration") else {
        findings.add(index, "duration", "required", "Say how long it took, or when it started.");
        return None;
    };
    let duration = typed::nearest(duration, 60);
    let corrects = !change.after.is_null("corrects");
    if duration.abs() > DAY || (duration <= 0 && !corrects) {
        findings.add(index, "duration", "range", "A day has more than nothing and at most 24 hours.");
        return None;
    }
    if corrects && duration <= 0 && change.related.integer("corrects.duration").is_some_and(|was| was != -duration) {
        let message = "It takes back all of what it corrects: archive it, and correct that anew.";
        findings.add(index, "duration", "correction", message);
        return None;
    }
    if change.after.integer("break_time").is_some_and(|pause| pause != 0) {
        findings.add(
            index,
            "break_time",
            "untimed",
            "A break lies between a start and an end: say these, or leave it out.",
        );
    }
    let day = change.after.date("local_date")?;
    Some(Settled { day, duration: Some(duration), span: None })
}
