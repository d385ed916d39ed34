//! What was accepted becomes a project: in one batch, and once however often it is asked for.

use crate::answering::{Conversion, accepted, sealed};
use crate::issuing::ESTIMATE;
use crate::sheet::{Sheet, minutes_of};
use lignaflow_sdk::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// An id that is the same whenever it is made of the same: the time of the revision's own, and a digest for the rest.
fn derived(revision: Id, what: &str, of: &str) -> Result<Id, Fault> {
    let own = revision.to_string();
    let hex = hex::encode(Sha256::digest(format!("{own}/{what}/{of}")));
    // The first 48 bits of a UUIDv7 are its time; version and variant stand at their places (RFC 9562, 5.7).
    let text = format!("{}-7{}-8{}-{}", own.get(..13).unwrap_or_default(), &hex[..3], &hex[3..6], &hex[6..18]);
    text.parse().map_err(|_| Fault::internal())
}

/// What was agreed.
struct Agreed {
    sheet: Sheet,
    estimate: Fields,
    estimate_id: Id,
    /// The lines that count.
    taken: BTreeSet<Id>,
    net: i64,
    day: Date,
}

impl Agreed {
    /// Nothing where it was done already, or there is nothing to do.
    fn of(revision: Id) -> Result<Option<Self>, Fault> {
        let Some(mut sheet) = Sheet::load(revision)? else { return Ok(None) };
        if sheet.revision.text("status") != Some("accepted") {
            return Ok(None);
        }
        sheet.sort();
        let estimate_id = sheet.revision.reference("estimate").ok_or_else(|| Fault::not_found("estimate"))?;
        let estimate =
            records::get("estimates", estimate_id, &ESTIMATE)?.ok_or_else(|| Fault::not_found("estimate"))?;
        let acceptance = accepted(revision)?.ok_or_else(|| Fault::not_found("acceptance"))?;
        let issued = sealed(revision)?;
        let totals = issued.document.totals(Some(&acceptance.chosen))?;
        let taken = issued
            .document
            .lines()
            .iter()
            .zip(&totals.counted)
            .filter(|(_, counts)| **counts)
            .map(|(line, _)| line.id)
            .collect();
        Ok(Some(Self { sheet, estimate, estimate_id, taken, net: totals.net, day: acceptance.day }))
    }

    fn lines(&self) -> Vec<(Id, &Fields)> {
        self.sheet.lines.iter().filter(|(id, _)| self.taken.contains(id)).map(|(id, line)| (*id, line)).collect()
    }

    fn minutes(&self) -> i64 {
        self.lines().iter().map(|(_, line)| minutes_of(line)).sum()
    }

    fn baseline(&self, revision: Id, project: Id, kind: &str) -> Result<Mutation, Fault> {
        let lines = self.lines();
        let cost = |labour: bool| -> i64 {
            let mine = lines.iter().filter(|(_, line)| (line.text("kind") == Some("labour")) == labour);
            mine.filter_map(|(_, line)| line.money("cost")).map(|money| money.minor).sum()
        };
        let title = self.estimate.text("title").unwrap_or("Project");
        let baseline = insert("projects/baselines", derived(revision, "baseline", "")?)
            .set("project", project)
            .set("title", self.sheet.revision.text("name").unwrap_or(title))
            .set("kind", kind)
            .set("labour_minutes", self.minutes())
            .set("labour_cost", self.sheet.money(cost(true)))
            .set("material_cost", self.sheet.money(cost(false)))
            .set("sell", self.sheet.money(self.net))
            .set("agreed_on", self.day)
            .set("source_revision", revision.to_string());
        Ok(baseline.into())
    }

    /// That it is a project by now, as the revision and the estimate say.
    fn converted(&self, revision: Id, project: Id) -> [Mutation; 2] {
        [
            transition("revisions", revision, "convert").into(),
            update("estimates", self.estimate_id).set("project", project).set("status", "converted").into(),
        ]
    }
}

pub(crate) fn convert(call: &JobCall) -> Result<Slice, Fault> {
    let Conversion { revision } = call.json()?;
    let Some(agreed) = Agreed::of(revision)? else { return Ok(Slice::default()) };
    Ok(Slice::default().with_writes(Work::of(revision, &agreed)?))
}

/// What was accepted is a project that is there already, with what it is made of: it is told what was agreed.
pub(crate) fn adopt(revision: Id, project: Id) -> Result<Vec<Mutation>, Fault> {
    let agreed = Agreed::of(revision)?.ok_or_else(|| {
        Fault::new(ErrorCode::Conflict, "Only what was accepted, and is no project yet, becomes one.")
    })?;
    let mut writes = vec![agreed.baseline(revision, project, "original")?];
    writes.extend(agreed.converted(revision, project));
    Ok(writes)
}

/// The phases that a project begins with, in their order: those of the plugin that keeps projects, brought along so that
/// tasks can be put into them at once.
const PHASES: [&str; 5] = ["Planning", "Design", "Procurement", "Construction", "Handover"];

/// What a project is made of, or what is added to one.
struct Work<'a> {
    revision: Id,
    sheet: &'a Sheet,
    /// The project, and whether it is new.
    project: Id,
    new: bool,
    /// Phases and locations that are there, by name.
    phases: BTreeMap<String, Id>,
    locations: BTreeMap<String, Id>,
    /// Of those that the estimate names, who is still here.
    staff: BTreeSet<Id>,
    writes: Vec<Mutation>,
}

impl<'a> Work<'a> {
    fn of(revision: Id, agreed: &'a Agreed) -> Result<Vec<Mutation>, Fault> {
        let existing = agreed.estimate.reference("project");
        let mut work = Self {
            revision,
            sheet: &agreed.sheet,
            project: existing.map_or_else(|| derived(revision, "project", ""), Ok)?,
            new: existing.is_none(),
            phases: BTreeMap::new(),
            locations: BTreeMap::new(),
            staff: staff(agreed)?,
            writes: Vec::new(),
        };
        let title = agreed.estimate.text("title").unwrap_or("Project");
        work.begin(&agreed.estimate, title, agreed.minutes(), agreed.net)?;
        work.tasks(&agreed.lines())?;
        work.milestones(agreed.net)?;
        let kind = if work.new { "original" } else { "variation" };
        work.writes.push(agreed.baseline(revision, work.project, kind)?);
        work.writes.extend(agreed.converted(revision, work.project));
        Ok(work.writes)
    }
}

impl Work<'_> {
    /// The project with its phases, or of one that is there its budget.
    fn begin(&mut self, estimate: &Fields, title: &str, minutes: i64, net: i64) -> Result<(), Fault> {
        let money = |minor| self.sheet.money(minor);
        if !self.new {
            let known = records::get("projects/projects", self.project, &["budget", "budget_minutes", "estimate"])?
                .ok_or_else(|| Fault::new(ErrorCode::Conflict, "The project that this changes is archived."))?;
            let planned = known.integer("budget_minutes").unwrap_or(0).saturating_add(minutes).max(0);
            let write = update("projects/projects", self.project).set("budget_minutes", planned);
            // A project whose budget is in another currency keeps it: what is not of one kind is not added up.
            let budget = known.money("budget").unwrap_or(money(0));
            let write = if budget.currency == self.sheet.currency {
                write.set("budget", money(budget.minor.saturating_add(net).max(0)))
            } else {
                write
            };
            let write = if known.is_null("estimate") { write.set("estimate", number(estimate)) } else { write };
            self.writes.push(write.into());
            self.phases = by_name("projects/phases", self.project)?;
            self.locations = by_name("projects/locations", self.project)?;
            return Ok(());
        }
        let project = insert("projects/projects", self.project)
            .set("name", title)
            .set("client", estimate.reference("client"))
            .set("address", estimate.text("site"))
            // A job has no caller, and what nobody manages nobody sees: it is whose estimate it was.
            .set("manager", estimate.reference("estimator").filter(|person| self.staff.contains(person)))
            // Those who do it see all of it.
            .set("members", self.doing())
            .set("start", self.sheet.revision.date("start"))
            .set("due", self.sheet.revision.date("finish"))
            .set("estimate", number(estimate))
            .set("billing", "fixed")
            .set("budget_minutes", minutes.max(0))
            .set("budget", money(net.max(0)));
        self.writes.push(project.into());
        for (place, name) in (1_i64..).zip(PHASES) {
            let id = derived(self.revision, "phase", name)?;
            let phase = insert("projects/phases", id).set("project", self.project).set("name", name);
            self.writes.push(phase.set("position", place * 10).into());
            self.phases.insert(name.to_owned(), id);
        }
        Ok(())
    }

    /// Everybody whom a section names.
    fn doing(&self) -> Vec<Id> {
        let named: BTreeSet<Id> =
            self.sheet.sections.iter().flat_map(|(_, section)| section.references("assignees")).copied().collect();
        named.intersection(&self.staff).copied().collect()
    }

    /// What was agreed to be paid in stages falls due with milestones, each for its part of the price without tax.
    fn milestones(&mut self, net: i64) -> Result<(), Fault> {
        if !self.new || net <= 0 || self.sheet.payments.is_empty() {
            return Ok(());
        }
        for (place, payment) in self.sheet.payments(net)?.into_iter().enumerate() {
            let milestone = insert("projects/milestones", derived(self.revision, "payment", &place.to_string())?)
                .set("project", self.project)
                .set("title", shortened(&payment.title, 200))
                .set("amount", self.sheet.money(payment.amount.max(0)));
            self.writes.push(milestone.into());
        }
        Ok(())
    }

    fn location(&mut self, name: &str, place: i64) -> Result<Id, Fault> {
        if let Some(known) = self.locations.get(name) {
            return Ok(*known);
        }
        let id = derived(self.revision, "location", name)?;
        let location = insert("projects/locations", id).set("project", self.project).set("name", name);
        self.writes.push(location.set("position", place.min(10_000)).into());
        self.locations.insert(name.to_owned(), id);
        Ok(id)
    }

    /// A task for each line of labour and each subcontract, and one for what is to be procured of a section.
    fn tasks(&mut self, lines: &[(Id, &Fields)]) -> Result<(), Fault> {
        for ((section, fields), place) in self.sheet.sections.iter().zip((10_i64..).step_by(10)) {
            let mine: Vec<&(Id, &Fields)> =
                lines.iter().filter(|(_, line)| line.reference("section") == Some(*section)).collect();
            if mine.is_empty() {
                continue;
            }
            let title = fields.text("title").unwrap_or("Work");
            let room = fields.text("location").filter(|room| !room.trim().is_empty()).unwrap_or(title);
            let location = self.location(&shortened(room.trim(), 200), place)?;
            let (work, goods): (Vec<_>, Vec<_>) =
                mine.into_iter().partition(|(_, line)| matches!(line.text("kind"), Some("labour" | "subcontract")));
            if !goods.is_empty() {
                let name = format!("{title}: procure");
                // It is there before the work begins.
                let plan = Plan { start: None, due: fields.date("start"), assignees: Vec::new() };
                self.task(&section.to_string(), None, &name, (location, "Procurement"), &plan, &goods)?;
            }
            let assignees = fields.references("assignees").iter().filter(|person| self.staff.contains(*person));
            let plan =
                Plan { start: fields.date("start"), due: fields.date("due"), assignees: assignees.copied().collect() };
            for line in work {
                let name = line.1.text("description").unwrap_or("Work");
                self.task(&line.0.to_string(), Some(line.0), name, (location, "Construction"), &plan, &[line])?;
            }
        }
        Ok(())
    }

    fn task(
        &mut self,
        of: &str,
        line: Option<Id>,
        name: &str,
        (location, phase): (Id, &str),
        plan: &Plan,
        lines: &[&(Id, &Fields)],
    ) -> Result<(), Fault> {
        let minutes: i64 = lines.iter().map(|(_, line)| minutes_of(line)).sum();
        let cost: i64 = lines.iter().filter_map(|(_, line)| line.money("cost")).map(|money| money.minor).sum();
        let notes: Vec<String> = lines.iter().map(|(_, line)| summary(line)).collect();
        let task = insert("projects/tasks", derived(self.revision, "task", of)?)
            .set("title", shortened(name, 200))
            .set("project", self.project)
            .set("phase", self.phases.get(phase).copied())
            .set("location", location)
            .set("start", plan.start)
            .set("due", plan.due)
            .set("assignees", plan.assignees.clone())
            .set("source_line", line.map(|line| line.to_string()))
            .set("planned_minutes", minutes.max(0))
            .set("planned_cost", self.sheet.money(cost.max(0)))
            .set("notes", shortened(&notes.join("\n"), 10_000));
        self.writes.push(task.into());
        Ok(())
    }
}

/// When a task is done and by whom, as the estimate tells.
struct Plan {
    start: Option<Date>,
    due: Option<Date>,
    assignees: Vec<Id>,
}

/// Those of the people whom an estimate names who are still with the organization.
fn staff(agreed: &Agreed) -> Result<BTreeSet<Id>, Fault> {
    let sections = agreed.sheet.sections.iter().flat_map(|(_, section)| section.references("assignees"));
    let named: BTreeSet<Id> = sections.copied().chain(agreed.estimate.reference("estimator")).collect();
    let mut staff = BTreeSet::new();
    for id in named {
        if people::person(id)?.is_some_and(|person| person.active) {
            staff.insert(id);
        }
    }
    Ok(staff)
}

/// What the estimate is called by.
fn number(estimate: &Fields) -> Option<&str> {
    estimate.text("number").or_else(|| estimate.text("working"))
}

fn by_name(collection: &str, project: Id) -> Result<BTreeMap<String, Id>, Fault> {
    let asked = select(collection).as_plugin().columns(["id", "name"]).filter(field("project").eq(project));
    let found = records::find_all(asked, 1000)?.unwrap_or_default();
    Ok(found.iter().filter_map(|row| Some((row.text("name")?.to_owned(), row.reference("id")?))).collect())
}

fn summary(line: &Fields) -> String {
    let quantity = line.decimal("quantity").unwrap_or_default();
    let unit = line.text("unit").unwrap_or_default();
    format!("{} {unit} {}", crate::document::figure(quantity, 0), line.text("description").unwrap_or_default())
}

fn shortened(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
