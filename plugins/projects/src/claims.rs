//! Claims: what clients are billed for, by whichever system bills. No ledger; each thing once.

use crate::findings::Findings;
use crate::{money, within};
use lignaflow_sdk::prelude::*;
use serde::Deserialize;

/// Costs that one claim bills at most.
const MOST: usize = 2_000;
/// Deposits of one project that are looked at.
const MOST_DEPOSITS: usize = 500;

pub(crate) fn check(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    let after = &change.after;
    within::check(index, change, &[("milestone", "title")], findings);
    money::one_currency(index, after, &["amount", "tax"], findings);
    settle_tax(index, change, findings)?;
    deposit_once(index, change, findings)?;
    if let (Some(date), Some(due)) = (after.date("date"), after.date("due"))
        && due < date
    {
        findings.add(index, "due", "order", format!("It is due on {due}, before its date, {date}."));
    }
    match change.transition.as_deref() {
        Some("bill") if after.is_null("invoice") => {
            let message = "Say which number your accounting system gave it before it is billed.";
            findings.add(index, "invoice", "required", message);
        }
        Some("bill") => findings.verdict.set_field(index, "billed_on", context::caller()?.today()?),
        Some("pay") => findings.verdict.set_field(index, "paid_on", context::caller()?.today()?),
        Some("withdraw") => findings.verdict.set_field(index, "billed_on", None::<Date>),
        Some("cancel") => {
            let costs = select("costs").as_plugin().columns(["id"]).filter(field("claim").eq(change.id));
            let costs = records::find_all(costs, MOST)?.ok_or_else(too_many)?;
            let free = costs.iter().filter_map(|cost| cost.reference("id"));
            findings.verdict.also.extend(free.map(|id| Mutation::from(update("costs", id).set("claim", None::<Id>))));
        }
        _ => {}
    }
    Ok(())
}

/// What is billed bears the tax that is settled, where the claim says none: reckoned on the whole claim and rounded once. It
/// follows the amount until somebody types another tax, of nothing too. What is billed stands still.
fn settle_tax(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    let HookChange { before, after, .. } = change;
    let same = |name: &str| before.value(name) == after.value(name);
    if change.transition.is_some() || change.kind == ChangeKind::Update && same("amount") && same("tax") {
        return Ok(());
    }
    let Some(amount) = after.money("amount") else { return Ok(()) };
    let Some(points) = tax_rate()? else { return Ok(()) };
    let follows = change.kind == ChangeKind::Update
        && same("tax")
        && before.money("amount").and_then(|was| money::share(was, points)) == before.money("tax");
    if after.is_null("tax") || follows {
        match money::share(amount, points) {
            Some(tax) => findings.verdict.set_field(index, "tax", tax),
            None => findings.add(index, "tax", "range", "The tax on this is more than can be told."),
        }
    }
    Ok(())
}

/// The deposit of a project is claimed once while the claim stands, and so is that of each milestone. What takes a deposit
/// back is no further one.
fn deposit_once(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    let HookChange { before, after, .. } = change;
    let is_one = |claim: &Fields| {
        claim.text("kind") == Some("deposit") && claim.money("amount").is_some_and(|amount| amount.minor > 0)
    };
    let same = ["project", "milestone"].iter().all(|name| before.value(name) == after.value(name));
    if change.transition.is_some() || !is_one(after) || is_one(before) && same {
        return Ok(());
    }
    let Some(project) = after.reference("project") else { return Ok(()) };
    let standing = all([
        field("project").eq(project),
        field("kind").eq("deposit"),
        field("status").ne("cancelled"),
        field("id").ne(change.id),
    ]);
    let others = select("claims").as_plugin().columns(["id", "number", "kind", "amount", "milestone"]);
    let others = records::find_all(others.filter(standing.clone()), MOST_DEPOSITS)?.ok_or_else(too_many)?;
    // Two milestones are two things; that one is claimed once is a rule of its own.
    let apart = |other: &Fields| !after.is_null("milestone") && !other.is_null("milestone");
    if let Some(other) = others.iter().find(|other| is_one(other) && !apart(other)) {
        let number = other.text("number").unwrap_or("Another claim");
        let message = format!(
            "{number} claims the deposit of this project already: cancel that first, or claim this as a stage."
        );
        findings.add(index, "kind", "duplicate", message);
        return Ok(());
    }
    let known: Vec<Id> = others.iter().filter_map(|other| other.reference("id")).collect();
    let fault = Fault::new(ErrorCode::Conflict, "Another deposit of this project is claimed at the same time.");
    findings.verdict.also.push(ensure_none("claims", all([standing, not(field("id").within(known))]), fault));
    Ok(())
}

/// The body, as `plugin.toml` declares it.
#[derive(Debug, Deserialize)]
struct OfMilestone {
    title: Option<String>,
    due: Option<String>,
}

/// Makes a claim of what falls due with a milestone. Its tax is the one that is settled.
pub(crate) fn of_milestone(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: OfMilestone = request.json()?;
    let id = request.id("id")?;
    let milestone = records::get_for_caller("milestones", id, &["project", "title", "amount"])?
        .ok_or_else(|| Fault::not_found("milestone"))?;
    let due = body.due.as_deref().map(str::parse::<Date>).transpose();
    let due = due.map_err(|_| Fault::at("/due", "type", "Expected a date such as \"2027-02-28\"."))?;
    let Some(amount) = milestone.money("amount").filter(|amount| amount.minor > 0) else {
        return Err(Fault::new(ErrorCode::Conflict, "Nothing falls due with this milestone: say first what does."));
    };
    let title = body.title.filter(|title| !title.trim().is_empty());
    let title = title.as_deref().or(milestone.text("title")).unwrap_or("Milestone");
    let claim = context::new_id()?;
    let made = insert("claims", claim)
        .set("project", milestone.reference("project"))
        .set("milestone", id)
        .set("title", title)
        .set("kind", "stage")
        .set("amount", amount)
        .set("due", due);
    Ok(reply::saved("claims", claim).with_status(201).with_writes([made]))
}

/// In basis points; nothing where none is settled.
fn tax_rate() -> Result<Option<i64>, Fault> {
    Ok(settings::all(["claim_tax"])?.integer("claim_tax"))
}

fn too_many() -> Fault {
    Fault::new(ErrorCode::Quota, format!("A claim bills at most {MOST} costs."))
}

/// Makes a claim of all costs of a project that are billable and not billed yet, or of those that are named.
pub(crate) mod costs {
    use super::{MOST, tax_rate, too_many};
    use lignaflow_sdk::prelude::*;
    use serde::Deserialize;
    use std::collections::BTreeSet;

    /// The body, as `plugin.toml` declares it.
    #[derive(Debug, Deserialize)]
    struct Body {
        title: Option<String>,
        costs: Option<Vec<String>>,
        until: Option<String>,
    }

    pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
        let body: Body = request.json()?;
        let project = request.id("id")?;
        let gone = || Fault::not_found("project");
        let name = records::get_for_caller("projects", project, &["name", "billing"])?.ok_or_else(gone)?;
        let until = body.until.as_deref().map(str::parse::<Date>).transpose();
        let until = until.map_err(|_| Fault::at("/until", "type", "Expected a date such as \"2027-02-28\"."))?;
        let chosen = body.costs.as_deref().map(ids).transpose()?;

        // What the caller sees, so that nobody bills by what they cannot check.
        let mut costs = select("costs")
            .columns(["id", "amount", "tax", "date"])
            .filter(field("project").eq(project))
            .filter(field("billable").eq(true))
            .filter(field("claim").is_null())
            .sort("date");
        // What was entered while the project was billed otherwise is billed by its stages now.
        match name.text("billing") {
            Some("fixed" | "milestones") => {
                costs = costs.filter(any([field("extra").eq(true), field("task.extra").eq(true)]));
            }
            Some("not-billable") => {
                return Err(Fault::new(ErrorCode::Conflict, "Nobody pays for this project: it is not billable."));
            }
            _ => {}
        }
        if let Some(until) = until {
            costs = costs.filter(field("date").at_most(until));
        }
        if let Some(chosen) = &chosen {
            costs = costs.filter(field("id").within(chosen));
        }
        let costs = records::find_all(costs, MOST)?.ok_or_else(too_many)?;
        check_chosen(chosen.as_ref(), &costs)?;
        if costs.is_empty() {
            let message = "There is no billable cost that is not billed yet.";
            return Err(Fault::new(ErrorCode::Conflict, message));
        }
        // The tax that is settled is on what is billed; without one, what the suppliers charged of it is passed on.
        let tax = if tax_rate()?.is_some() { None } else { total(&costs, "tax")? };
        let amount = total(&costs, "amount")?;
        let claim = context::new_id()?;
        let title = body
            .title
            .filter(|title| !title.trim().is_empty())
            .unwrap_or_else(|| format!("Costs of {}", name.text("name").unwrap_or("the project")));
        let mut writes = vec![Mutation::from(
            insert("claims", claim)
                .set("project", project)
                .set("title", title)
                .set("kind", "costs")
                .set("amount", amount)
                .set("tax", tax),
        )];
        let marked = costs.iter().filter_map(|cost| cost.reference("id"));
        writes.extend(marked.map(|id| Mutation::from(update("costs", id).set("claim", claim))));
        Ok(reply::saved("claims", claim).with_status(201).with_writes(writes))
    }

    fn ids(texts: &[String]) -> Result<BTreeSet<Id>, Fault> {
        let mut issues = Vec::new();
        let mut ids = BTreeSet::new();
        for (at, text) in texts.iter().enumerate() {
            match text.parse() {
                Ok(id) => drop(ids.insert(id)),
                Err(_) => issues.push(Issue::new(format!("/costs/{at}"), "type", "Expected the id of a cost, a UUID.")),
            }
        }
        if issues.is_empty() { Ok(ids) } else { Err(Fault::invalid(issues)) }
    }

    /// What was asked for and cannot be billed is said, rather than left out.
    fn check_chosen(chosen: Option<&BTreeSet<Id>>, costs: &[Fields]) -> Result<(), Fault> {
        let found = costs.len();
        match chosen {
            Some(chosen) if chosen.len() != found => {
                let message = format!(
                    "{} of these costs cannot be billed: they are of another project, not billable, or billed already.",
                    chosen.len() - found
                );
                Err(Fault { code: ErrorCode::Conflict, ..Fault::at("/costs", "not-billable", message) })
            }
            _ => Ok(()),
        }
    }

    /// Nothing where none of them has any.
    fn total(costs: &[Fields], name: &str) -> Result<Option<Money>, Fault> {
        let mut total: Option<Money> = None;
        for amount in costs.iter().filter_map(|cost| cost.money(name)) {
            let sum = match total {
                None => amount,
                Some(before) if before.currency == amount.currency => {
                    let minor = before.minor.checked_add(amount.minor);
                    let minor =
                        minor.ok_or_else(|| Fault::at("/costs", "range", "This is more than can be added up."))?;
                    Money { minor, ..before }
                }
                Some(before) => {
                    let message = format!(
                        "Some costs are in {}, some in {}: claim them one currency at a time.",
                        before.currency, amount.currency
                    );
                    return Err(Fault::at("/costs", "currency", message));
                }
            };
            total = Some(sum);
        }
        Ok(total)
    }
}
