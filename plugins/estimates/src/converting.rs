//! What was accepted becomes a project: in one batch, and once however often it is asked for.

use crate::answering::{Conversion, accepted, sealed};
use crate::issuing::ESTIMATE;
use crate::plan::{Plan, Planned, shortened};
use crate::sheet::{BALANCE, LineCost, Sheet, cost_of, minutes_of};
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

    /// What the lines cost of which kind, in minor units.
    fn cost(&self) -> LineCost {
        self.lines().iter().fold(LineCost::default(), |sum, (_, line)| {
            let cost = cost_of(line, self.sheet.digits());
            LineCost { labour: sum.labour.saturating_add(cost.labour), other: sum.other.saturating_add(cost.other) }
        })
    }

    fn baseline(&self, revision: Id, project: Id, kind: &str) -> Result<Mutation, Fault> {
        let cost = self.cost();
        let title = self.estimate.text("title").unwrap_or("Project");
        let baseline = insert("projects/baselines", derived(revision, "baseline", "")?)
            .set("project", project)
            .set("title", self.sheet.revision.text("name").unwrap_or(title))
            .set("kind", kind)
            .set("labour_minutes", self.minutes())
            .set("labour_cost", self.sheet.money(cost.labour))
            .set("material_cost", self.sheet.money(cost.other))
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
        work.begin(&agreed.estimate, title, agreed.minutes(), agreed.cost())?;
        work.tasks(&agreed.lines())?;
        let variation = agreed.estimate.text("kind") == Some("variation");
        work.milestones(variation.then_some(title), agreed.net)?;
        let kind = if work.new { "original" } else { "variation" };
        work.writes.push(agreed.baseline(revision, work.project, kind)?);
        work.writes.extend(agreed.converted(revision, work.project));
        Ok(work.writes)
    }
}

impl Work<'_> {
    /// The project with its phases, or of one that is there its budget. What is spent is held against what the work is
    /// planned to cost, and not against what it is sold for.
    fn begin(&mut self, estimate: &Fields, title: &str, minutes: i64, cost: LineCost) -> Result<(), Fault> {
        let money = |minor| self.sheet.money(minor);
        let cost = cost.labour.saturating_add(cost.other);
        if !self.new {
            let known = records::get("projects/projects", self.project, &["budget", "budget_minutes", "estimate"])?
                .ok_or_else(|| {
                    Fault::new(
                        ErrorCode::Conflict,
                        "The project that this changes is archived: take it back out of there first.",
                    )
                })?;
            let write = update("projects/projects", self.project);
            // A project without a budget gets none by a variation: it would be of the variation alone.
            let write = match known.integer("budget_minutes") {
                Some(planned) => write.set("budget_minutes", planned.saturating_add(minutes).max(0)),
                None => write,
            };
            // One in another currency stays as it is: what is not of one kind is not added up.
            let write = match known.money("budget").filter(|budget| budget.currency == self.sheet.currency) {
                Some(budget) => write.set("budget", money(budget.minor.saturating_add(cost).max(0))),
                None => write,
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
            // Where no line says what it costs, nothing is known that costs could be held against.
            .set("budget", (cost > 0).then(|| money(cost)));
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

    /// What was agreed to be paid falls due with milestones, which come to the price without tax: the deposit, the stages
    /// and the rest; of a variation, which is named, its stages where there are any. One that takes something away lowers
    /// what is not claimed yet.
    fn milestones(&mut self, variation: Option<&str>, net: i64) -> Result<(), Fault> {
        if net <= 0 {
            return if self.new || net == 0 { Ok(()) } else { self.lower_milestones(net) };
        }
        let at_once = variation.is_some() && self.sheet.payments.is_empty();
        let agreed = if at_once { Vec::new() } else { self.sheet.payments(net)? };
        let mut due: Vec<(String, i64)> = agreed.into_iter().map(|payment| (payment.title, payment.amount)).collect();
        if due.is_empty() {
            due.push((variation.unwrap_or("On completion").to_owned(), net));
        } else if let Some(variation) = variation {
            for (stage, _) in &mut due {
                *stage = format!("{variation}: {stage}");
            }
        }
        // A stage may come to nothing, such as a balance of some cents that were rounded away.
        for (place, (title, amount)) in due.into_iter().enumerate().filter(|(_, (_, amount))| *amount > 0) {
            let milestone = insert("projects/milestones", derived(self.revision, "payment", &place.to_string())?)
                .set("project", self.project)
                .set("title", shortened(&title, 200))
                .set("amount", self.sheet.money(amount));
            self.writes.push(milestone.into());
        }
        Ok(())
    }

    /// Takes an amount, which is less than nothing, off milestones that are open and not claimed: off the balance, then
    /// off the largest. What is claimed already is paid back by a claim of its own.
    fn lower_milestones(&mut self, net: i64) -> Result<(), Fault> {
        let claims = select("projects/claims").as_plugin().columns(["milestone"]).filter(
            field("project").eq(self.project).and(field("milestone").is_set()).and(field("status").ne("cancelled")),
        );
        let claims = records::find_all(claims, 1000)?.unwrap_or_default();
        let claimed: BTreeSet<Id> = claims.iter().filter_map(|claim| claim.reference("milestone")).collect();
        let open = select("projects/milestones")
            .as_plugin()
            .columns(["id", "title", "amount"])
            .filter(field("project").eq(self.project).and(field("status").eq("open")))
            .sort("id");
        let open = records::find_all(open, 1000)?.unwrap_or_default();
        let mut open: Vec<(bool, i64, Id)> = open
            .iter()
            .filter_map(|milestone| {
                let amount = milestone.money("amount").filter(|amount| amount.currency == self.sheet.currency)?;
                let id = milestone.reference("id").filter(|id| !claimed.contains(id))?;
                Some((milestone.text("title") != Some(BALANCE), -amount.minor, id))
            })
            .collect();
        open.sort_unstable();
        let mut rest = net;
        for (_, amount, id) in open {
            let less = amount.max(rest);
            if less == 0 {
                continue;
            }
            rest -= less;
            let left = self.sheet.money(less - amount);
            self.writes.push(update("projects/milestones", id).set("amount", left).into());
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

    /// A task for each line with work in it, and of a section one for what is to be procured and one for fitting what the
    /// catalogue has, which takes little each. What a line takes away is taken off the tasks that are there.
    fn tasks(&mut self, lines: &[(Id, &Fields)]) -> Result<(), Fault> {
        let (mut plan, digits) = (Plan::default(), self.sheet.digits());
        for ((section, fields), place) in self.sheet.sections.iter().zip((10_i64..).step_by(10)) {
            let mine: Vec<&(Id, &Fields)> =
                lines.iter().filter(|(_, line)| line.reference("section") == Some(*section)).collect();
            if mine.is_empty() {
                continue;
            }
            let title = fields.text("title").unwrap_or("Work");
            let room = fields.text("location").filter(|room| !room.trim().is_empty()).unwrap_or(title);
            let location = self.location(&shortened(room.trim(), 200), place)?;
            let assignees = fields.references("assignees").iter().filter(|person| self.staff.contains(*person));
            let mut goods = Planned {
                id: Some(derived(self.revision, "task", &section.to_string())?),
                title: shortened(&format!("{title}: procure"), 200),
                phase: self.phases.get("Procurement").copied(),
                location: Some(location),
                // It is there before the work begins.
                due: fields.date("start"),
                ..Planned::default()
            };
            let mut fitting = Planned {
                id: Some(derived(self.revision, "task", &format!("{section}/fit"))?),
                title: shortened(&format!("{title}: fit"), 200),
                phase: self.phases.get("Construction").copied(),
                location: Some(location),
                start: fields.date("start"),
                due: fields.date("due"),
                assignees: assignees.copied().collect(),
                ..Planned::default()
            };
            for (id, line) in mine {
                let LineCost { labour, other } = cost_of(line, digits);
                let (minutes, note) = (minutes_of(line), summary(line));
                if !is_work(line) {
                    plan.part(&mut goods, (0, other), &note, is_less(line));
                    if minutes == 0 && labour == 0 {
                        continue;
                    }
                }
                let cost = if is_work(line) { labour.saturating_add(other) } else { labour };
                if !is_work(line) && !line.is_null("item") {
                    plan.part(&mut fitting, (minutes, cost), &note, is_less(line));
                    continue;
                }
                let mut work = Planned {
                    id: Some(derived(self.revision, "task", &id.to_string())?),
                    line: Some(*id),
                    title: shortened(line.text("description").unwrap_or("Work"), 200),
                    notes: Vec::new(),
                    minutes: 0,
                    cost: 0,
                    ..fitting.clone()
                };
                plan.part(&mut work, (minutes, cost), &note, is_less(line));
                plan.add(work);
            }
            plan.add(goods);
            plan.add(fitting);
        }
        self.writes.extend(plan.writes(self.project, self.new, self.sheet.currency)?);
        Ok(())
    }
}

/// Whether a line is done rather than bought.
fn is_work(line: &Fields) -> bool {
    matches!(line.text("kind"), Some("labour" | "subcontract"))
}

/// Whether a line takes something away.
fn is_less(line: &Fields) -> bool {
    line.decimal("quantity").is_some_and(|quantity| quantity < Decimal::ZERO)
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
