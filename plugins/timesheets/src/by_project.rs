//! Weeks that are approved by project: the line of each project in the records, from submission to approval, and what
//! they allow to be done with time. Where they can go, [`crate::lines`] says; who decides, [`crate::deciding`].

use crate::deciding::{Desk, Right, Whom};
use crate::findings::Findings;
use crate::freezing::{self, Book};
use crate::lines::{Course, Of, Refusal, Status, Week};
use crate::policy::{self, Approval};
use crate::sheets::SAID;
use crate::{typed, weeks};
use lignaflow_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Projects that one week has time of, where it is approved by project.
const MOST: usize = 200;
/// Lines that are looked at at once.
const MOST_LINES: usize = 10_000;
/// People who are told that one week waits for them.
const TOLD: usize = 100;
/// Letters of a reason.
const REASON: usize = 500;

/// A line as its record has it.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) id: Id,
    pub(crate) sheet: Id,
    pub(crate) user: Id,
    pub(crate) week: Date,
    pub(crate) project: Of,
    name: Option<String>,
    pub(crate) manager: Option<Id>,
    pub(crate) status: Status,
    pub(crate) approver: Option<Id>,
    pub(crate) reason: Option<String>,
    /// Those who lead the crew that the week is of.
    pub(crate) leaders: Vec<Id>,
}

impl Line {
    pub(crate) const COLUMNS: [&str; 11] = [
        "id",
        "sheet",
        "user",
        "week",
        "project",
        "project.name",
        "project.manager",
        "status",
        "approver",
        "reason",
        "sheet.crew.leaders",
    ];

    pub(crate) fn read(row: &impl ReadFields) -> Option<Self> {
        Some(Self {
            id: row.reference("id")?,
            sheet: row.reference("sheet")?,
            user: row.reference("user")?,
            week: row.date("week")?,
            project: row.reference("project"),
            name: row.text("project.name").map(str::to_owned),
            manager: row.reference("project.manager"),
            status: Status::read(row.text("status")),
            approver: row.reference("approver"),
            reason: row.text("reason").map(str::to_owned),
            leaders: row.references("sheet.crew.leaders").to_vec(),
        })
    }

    /// What it is of, in words.
    pub(crate) fn name(&self) -> &str {
        named(self.project, self.name.as_deref())
    }

    /// What there is to say beside its state: whom it waits for, who approved it, why it was returned.
    pub(crate) fn note(&self, desk: &mut Desk) -> Result<String, Fault> {
        Ok(match self.status {
            Status::Open => String::new(),
            Status::Waiting => {
                let told = self.told(desk)?;
                told[..1].to_uppercase() + &told[1..]
            }
            Status::Approved => {
                let name = self.approver.map(|approver| desk.name(approver)).transpose()?.flatten();
                name.map(|name| format!("By {name}")).unwrap_or_default()
            }
            Status::Returned => self.reason.clone().unwrap_or_default(),
        })
    }

    /// What became of it, in words that follow what it is of.
    pub(crate) fn told(&self, desk: &mut Desk) -> Result<String, Fault> {
        Ok(match self.status {
            Status::Open => "was taken back".to_owned(),
            Status::Waiting => match desk.whom(self.user, self.manager)? {
                Whom::Manager(manager) => format!("waits for {}", desk.name(manager)?.unwrap_or_default()),
                Whom::Approvers => "waits for who approves timesheets".to_owned(),
            },
            Status::Approved => match self.approver.map(|approver| desk.name(approver)).transpose()?.flatten() {
                Some(name) => format!("is approved by {name}"),
                None => "is approved".to_owned(),
            },
            Status::Returned => format!("was returned: {}", self.reason.as_deref().unwrap_or_default()),
        })
    }
}

fn named(project: Of, name: Option<&str>) -> &str {
    match (project, name) {
        (None, _) => "Time without a project",
        (Some(_), Some(name)) => name,
        (Some(_), None) => "A project",
    }
}

/// The lines of these sheets, as far as they have any.
pub(crate) fn of_sheets(sheets: &[Id]) -> Result<Vec<Line>, Fault> {
    let mut lines = Vec::new();
    for some in sheets.chunks(500) {
        let of = field("sheet").within(some.iter().copied());
        let asked = select("lines").as_plugin().columns(Line::COLUMNS).filter(of).sort("id");
        let found = records::find_all(asked, MOST_LINES)?.ok_or_else(|| {
            Fault::new(
                ErrorCode::Quota,
                format!("More than {MOST_LINES} lines of timesheets are not looked at at once."),
            )
        })?;
        lines.extend(found.iter().filter_map(Line::read));
    }
    lines.sort_by(|one, other| (one.project.is_none(), one.name()).cmp(&(other.project.is_none(), other.name())));
    Ok(lines)
}

fn course(week: Week, lines: &[Line]) -> Course {
    Course::of(week, lines.iter().map(|line| (line.project, line.status)))
}

/// Time of a sheet that a line is of.
fn time_of(line: &Line) -> Predicate {
    let of = match line.project {
        Some(project) => field("project").eq(project),
        None => field("project").is_null(),
    };
    field("sheet").eq(line.sheet).and(of)
}

// --- What lines allow to be done with time ---------------------------------------------------------------------------

/// Refuses what changes time of a line that waits or is approved.
pub(crate) fn refuse_as_it_was(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    if change.kind == ChangeKind::Insert || change.related.boolean("sheet.by_line") != Some(true) {
        return Ok(());
    }
    let Some(sheet) = change.before.reference("sheet") else { return Ok(()) };
    refuse(index, sheet, change.before.reference("project"), findings)
}

/// Refuses what brings time to a line that waits or is approved. `sheet` is where it comes to, where that is approved by
/// project.
pub(crate) fn refuse_as_it_is_to_be(
    index: usize,
    change: &HookChange,
    sheet: Option<Id>,
    project: Of,
    findings: &mut Findings,
) -> Result<(), Fault> {
    let Some(sheet) = sheet else { return Ok(()) };
    let stays = change.before.reference("sheet") == Some(sheet) && change.before.reference("project") == project;
    // That is told of it as it was.
    if change.kind == ChangeKind::Update && stays {
        return Ok(());
    }
    refuse(index, sheet, project, findings)
}

fn refuse(index: usize, sheet: Id, project: Of, findings: &mut Findings) -> Result<(), Fault> {
    if let std::collections::btree_map::Entry::Vacant(place) = findings.lines.entry(sheet) {
        place.insert(of_sheets(&[sheet])?);
    }
    let mut lines = findings.lines.get(&sheet).into_iter().flatten();
    if let Some(line) = lines.find(|line| line.project == project && line.status.is_shut()) {
        let does = if line.status == Status::Approved { "is approved" } else { "waits for approval" };
        let message = format!("{} of this week {does}, which refuses changes of its time.", line.name());
        findings.lock(index, "project", message);
    }
    Ok(())
}

/// The projects of a sheet whose time stays as it is.
pub(crate) fn shut(lines: &[Line]) -> BTreeSet<Of> {
    lines.iter().filter(|line| line.status.is_shut()).map(|line| line.project).collect()
}

// --- Submitted, and taken back ---------------------------------------------------------------------------------------

/// Time of a sheet by project, with what there is of allowances.
fn present(sheet: Id) -> Result<BTreeMap<Of, i64>, Fault> {
    let of = || field("sheet").eq(sheet);
    let time = summarize("entries").as_plugin().filter(of()).group("project").measure(sum("duration").named("seconds"));
    let mut present = BTreeMap::new();
    for row in records::summarize(time)?.records() {
        present.insert(row.reference("project"), row.integer("seconds").unwrap_or(0));
    }
    let beside = summarize("allowances").as_plugin().filter(of()).group("project").measure(count().named("count"));
    for row in records::summarize(beside)?.records() {
        present.entry(row.reference("project")).or_insert(0);
    }
    if present.len() > MOST {
        let message = format!("A week has time of at most {MOST} projects where it is approved by project.");
        return Err(Fault::new(ErrorCode::Quota, message));
    }
    Ok(present)
}

/// That nothing comes of another project meanwhile, also in the same batch: what was summed up is looked at again by
/// nobody.
fn nothing_else(sheet: Id, user: Id, lines: &BTreeMap<Of, Status>) -> impl Iterator<Item = Mutation> {
    let mut other = vec![field("user").eq(user), field("sheet").eq(sheet)];
    if lines.contains_key(&None) {
        other.push(field("project").is_set());
    }
    let known: Vec<Id> = lines.keys().copied().flatten().collect();
    if !known.is_empty() {
        other.push(not(field("project").within(known)));
    }
    ["entries", "allowances"].into_iter().map(move |collection| {
        let fault = Fault::new(ErrorCode::Conflict, "Time was entered at the same moment: submit the week once more.");
        ensure_none(collection, all(other.clone()), fault)
    })
}

/// Gives each project of a week that is submitted its line, where the organization has weeks approved so.
pub(crate) fn submit(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    let (approval, was_by_line) = (policy::approval()?, change.before.boolean("by_line") == Some(true));
    let lines = if was_by_line { of_sheets(&[change.id])? } else { Vec::new() };
    // What somebody approved of it already stays approved, however weeks are approved by now.
    let by_line = approval == Approval::Project || lines.iter().any(|line| line.status == Status::Approved);
    findings.set(index, change, "by_line", by_line);
    if !by_line {
        findings.verdict.also.extend(lines.iter().map(|line| remove("lines", line.id)));
        return Ok(());
    }
    let (Some(user), Some(week)) = (change.after.reference("user"), change.after.date("week")) else { return Ok(()) };
    let present = present(change.id)?;
    let before = course(Week::read(change.before.text("status")), &lines);
    let after = before.submitted(&present.keys().copied().collect()).map_err(refused)?;
    findings.verdict.also.extend(nothing_else(change.id, user, &after.lines));
    let mut desk = Desk::read()?;
    let worker = desk.name(user)?.unwrap_or_default();
    let mut waiting: Vec<(Id, Of, String, Option<Id>)> = Vec::new();
    let gone = lines.iter().filter(|line| !after.lines.contains_key(&line.project));
    findings.verdict.also.extend(gone.map(|line| remove("lines", line.id)));
    let projects = projects(after.lines.keys().copied().flatten().filter(|id| !before.lines.contains_key(&Some(*id))))?;
    for of in after.lines.iter().filter(|(_, status)| **status == Status::Waiting).map(|(of, _)| *of) {
        let seconds = present.get(&of).copied().unwrap_or(0);
        if let Some(line) = lines.iter().find(|line| line.project == of) {
            // One that waits already is told of, and its time is what it was.
            if line.status == Status::Waiting {
                continue;
            }
            let again = transition("lines", line.id, "submit").set("duration", seconds).set("reason", None::<&str>);
            findings.verdict.also.push(again.into());
            waiting.push((line.id, of, line.name().to_owned(), line.manager));
            continue;
        }
        let Project { name, manager } = of.and_then(|id| projects.get(&id).cloned()).unwrap_or_default();
        let name = named(of, name.as_deref()).to_owned();
        let id = context::new_id()?;
        let line = insert("lines", id)
            .set("label", format!("{worker}, {name}, {}", weeks::span(week)))
            .set("sheet", change.id)
            .set("user", user)
            .set("week", week)
            .set("project", of)
            .set("duration", seconds);
        findings.verdict.also.push(line.into());
        waiting.push((id, of, name, manager));
    }
    if after.week == Week::Approved {
        // What was not approved yet is gone, and nobody is waited for.
        let last = lines.iter().filter_map(|line| line.approver).next_back();
        findings.set(index, change, "status", "approved");
        findings.set(index, change, "approver", last);
        findings.set(index, change, "approved_at", context::caller()?.now);
    }
    let told = waiting.iter().map(|(id, of, name, manager)| {
        let time = typed::shown(present.get(of).copied().unwrap_or(0));
        (*id, *manager, format!("{name}, {time}"))
    });
    let told: Vec<_> = told.collect();
    let leaders = change.related.references("crew.leaders");
    findings.verdict.also.extend(waits(change.id, (user, &worker), week, &told, leaders, &mut desk)?);
    Ok(())
}

/// What is to be known of a project that gets a line.
#[derive(Debug, Clone, Default)]
struct Project {
    name: Option<String>,
    manager: Option<Id>,
}

fn projects(ids: impl Iterator<Item = Id>) -> Result<BTreeMap<Id, Project>, Fault> {
    let ids: Vec<Id> = ids.collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let asked = select("projects/projects").as_plugin().columns(["id", "name", "manager"]);
    let found = records::find(asked.filter(field("id").within(ids)).limit(1_000))?;
    let project = |row: lignaflow_sdk::values::Row<'_>| {
        let project = Project { name: row.text("name").map(str::to_owned), manager: row.reference("manager") };
        Some((row.reference("id")?, project))
    };
    Ok(found.records().filter_map(project).collect())
}

/// Those whom lines wait for are told, each of all of theirs at once.
fn waits(
    sheet: Id,
    (user, worker): (Id, &str),
    week: Date,
    lines: &[(Id, Option<Id>, String)],
    leaders: &[Id],
    desk: &mut Desk,
) -> Result<Vec<Mutation>, Fault> {
    let mut of: BTreeMap<Id, Vec<usize>> = BTreeMap::new();
    for (at, (_, manager, _)) in lines.iter().enumerate() {
        let whom = desk.whom(user, *manager)?;
        for person in desk.those(user, whom, leaders) {
            of.entry(person).or_default().push(at);
        }
    }
    let told = of.into_iter().take(TOLD).filter_map(|(person, theirs)| {
        let first = lines.get(*theirs.first()?)?;
        let what: Vec<&str> = theirs.iter().filter_map(|at| Some(lines.get(*at)?.2.as_str())).collect();
        let line = notify([person], format!("Time of {worker} of {} waits for you", weeks::span(week)));
        let line = line.saying(shortened(&what.join("; "))).about("lines", first.0);
        Some(line.once(format!("line:{sheet}")).into())
    });
    Ok(told.collect())
}

/// Takes lines back that nobody decided about, with the week.
pub(crate) fn recall(change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    if change.before.boolean("by_line") != Some(true) {
        return Ok(());
    }
    let lines = of_sheets(&[change.id])?;
    let before = course(Week::read(change.before.text("status")), &lines);
    let after = before.recalled().map_err(refused)?;
    let back = lines.iter().filter(|line| after.lines.get(&line.project) != Some(&line.status));
    findings.verdict.also.extend(back.map(|line| Mutation::from(transition("lines", line.id, "recall"))));
    Ok(())
}

// --- Decided about ---------------------------------------------------------------------------------------------------

fn refused(refusal: Refusal) -> Fault {
    let message = match refusal {
        Refusal::Submitted => "This week is submitted already.",
        Refusal::NotSubmitted => "This week does not wait for approval.",
        Refusal::NotWaiting => "This line does not wait for approval any more.",
        Refusal::Out => {
            return Fault::new(ErrorCode::Locked, "This week is out for pay: correct it by reversing entries.");
        }
    };
    Fault::new(ErrorCode::Conflict, message)
}

/// What was decided about lines, and what becomes of the weeks that they make up.
pub(crate) fn check(changes: &[HookChange], findings: &mut Findings) -> Result<(), Fault> {
    let mut decided: BTreeMap<Id, Vec<(usize, &HookChange)>> = BTreeMap::new();
    for (index, change) in changes.iter().enumerate().filter(|(_, change)| change.collection == "lines") {
        let Some(sheet) = change.after.reference("sheet") else { continue };
        match change.transition.as_deref() {
            Some("approve" | "return") => decided.entry(sheet).or_default().push((index, change)),
            None if records::get("lines", change.id, &["id"])?.is_none() => {
                let message = "A line comes back with its week: submit that once more.";
                return Err(Fault::new(ErrorCode::Conflict, message));
            }
            _ => {}
        }
    }
    if decided.is_empty() {
        return Ok(());
    }
    if changes.iter().any(|change| change.collection == "sheets" && decided.contains_key(&change.id)) {
        let message = "A week and one of its lines are changed one after the other.";
        return Err(Fault::new(ErrorCode::Conflict, message));
    }
    let sheets: Vec<Id> = decided.keys().copied().collect();
    let mut desk = Desk::read()?;
    let mut book: Option<Book> = None;
    let lines = of_sheets(&sheets)?;
    let mut states: BTreeMap<Id, Week> = BTreeMap::new();
    for some in sheets.chunks(500) {
        let asked = select("sheets").as_plugin().columns(["id", "status"]).filter(field("id").within(some.to_vec()));
        let found = records::find(asked.limit(500))?;
        let state = |row: lignaflow_sdk::values::Row<'_>| Some((row.reference("id")?, Week::read(row.text("status"))));
        states.extend(found.records().filter_map(state));
    }
    for (sheet, decided) in decided {
        let lines: Vec<Line> = lines.iter().filter(|line| line.sheet == sheet).cloned().collect();
        let Some(week) = states.get(&sheet) else { continue };
        let before = course(*week, &lines);
        let mut after = before.clone();
        let mut reasons: BTreeMap<Of, String> = BTreeMap::new();
        let mut last = None;
        for (index, change) in decided {
            let Some(line) = lines.iter().find(|line| line.id == change.id) else { continue };
            let right = desk.right(line.user, line.manager, &line.leaders)?;
            let right = right.ok_or_else(|| Fault::denied(format!("{} waits for somebody else.", line.name())))?;
            if change.transition.as_deref() == Some("approve") {
                after = after.approved(line.project).map_err(refused)?;
                let book = match &mut book {
                    Some(book) => book,
                    none => none.insert(Book::read()?),
                };
                approve(index, change, line, right, book, findings)?;
                last = right.place();
            } else {
                after = after.returned(line.project).map_err(refused)?;
                give_back(index, change, line, findings)?;
                reasons.insert(line.project, change.after.text("reason").unwrap_or_default().to_owned());
            }
        }
        let returned = lines.iter().filter(|line| after.lines.get(&line.project) == Some(&Status::Returned));
        let reasons = returned.map(|line| {
            let reason = reasons.get(&line.project).map(String::as_str).or(line.reason.as_deref());
            format!("{}: {}", line.name(), reason.unwrap_or_default())
        });
        let reason = shortened(&reasons.collect::<Vec<_>>().join("; "));
        let moved = after != before;
        findings.verdict.also.extend(if moved {
            week_of(sheet, before.week, after.week, &reason, last)?
        } else {
            None
        });
    }
    Ok(())
}

/// What becomes of the week.
fn week_of(
    sheet: Id,
    before: Week,
    after: Week,
    reason: &str,
    in_place_of: Option<Id>,
) -> Result<Option<Mutation>, Fault> {
    let caller = context::caller()?;
    Ok(match (before, after) {
        (Week::Submitted, Week::Approved) => {
            let approved = transition("sheets", sheet, "approve").set("approver", caller.person());
            let approved = approved.set("approved_at", caller.now).set("in_place_of", in_place_of);
            Some(approved.set("reason", None::<&str>).into())
        }
        (Week::Submitted | Week::Approved, Week::Returned) => {
            let mut returned = transition("sheets", sheet, "return").set("reason", reason).set("attested", false);
            for field in SAID {
                returned = returned.set(field, Value::Null);
            }
            Some(returned.into())
        }
        (Week::Returned, Week::Returned) => Some(update("sheets", sheet).set("reason", reason).into()),
        _ => None,
    })
}

fn approve(
    index: usize,
    change: &HookChange,
    line: &Line,
    right: Right,
    book: &Book,
    findings: &mut Findings,
) -> Result<(), Fault> {
    let caller = context::caller()?;
    findings.set(index, change, "approver", caller.person());
    findings.set(index, change, "approved_at", caller.now);
    findings.set(index, change, "in_place_of", right.place());
    findings.set(index, change, "reason", None::<&str>);
    freezing::freeze(time_of(line), book, findings)
}

/// What was approved of it is so no more, and who worked it is told at once.
fn give_back(index: usize, change: &HookChange, line: &Line, findings: &mut Findings) -> Result<(), Fault> {
    let reason = change.after.text("reason").map(str::trim).unwrap_or_default();
    if reason.is_empty() {
        findings.add(index, "reason", "required", "Say why it is returned.");
    }
    for field in ["approver", "approved_at", "in_place_of"] {
        findings.set(index, change, field, Value::Null);
    }
    freezing::thaw(index, time_of(line), findings)?;
    let told = notify([line.user], format!("{} of {} was returned", line.name(), weeks::span(line.week)));
    let told = told.saying(reason).about("lines", line.id).urgent();
    findings.verdict.also.push(told.into());
    Ok(())
}

/// As much of a text as a reason holds.
fn shortened(text: &str) -> String {
    if text.chars().count() <= REASON {
        return text.to_owned();
    }
    text.chars().take(REASON - 1).chain(['…']).collect()
}
