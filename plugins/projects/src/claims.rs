//! Claims: what clients are billed for, by whichever system bills. No ledger; each thing once.

use crate::findings::Findings;
use crate::{money, within};
use lignaflow_sdk::prelude::*;
use serde::Deserialize;
use std::collections::BTreeSet;

/// Costs that one claim bills at most.
const MOST: usize = 2_000;
/// Deposits of the projects of one batch.
const MOST_DEPOSITS: usize = 5_000;

pub(crate) fn check(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    if change.kind == ChangeKind::Remove {
        stays(index, &change.before, findings);
        return Ok(());
    }
    let after = &change.after;
    within::check(index, change, &[("milestone", "title")], findings);
    money::one_currency(index, after, &["amount", "tax"], findings);
    money::same_way(index, change, findings);
    if let (Some(date), Some(due)) = (after.date("date"), after.date("due"))
        && due < date
    {
        findings.add(index, "due", "order", format!("It is due on {due}, before its date, {date}."));
    }
    within_milestone(index, change, findings);
    stays_with_its_project(index, change, findings)?;
    match change.transition.as_deref() {
        Some("bill") if after.is_null("invoice") => {
            let message = "Say which number your accounting system gave it before it is billed.";
            findings.add(index, "invoice", "required", message);
        }
        Some("bill") => findings.verdict.set_field(index, "billed_on", context::caller()?.today()?),
        Some("pay") => findings.verdict.set_field(index, "paid_on", context::caller()?.today()?),
        Some("withdraw") => findings.verdict.set_field(index, "billed_on", None::<Date>),
        Some("unpay") => findings.verdict.set_field(index, "paid_on", None::<Date>),
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

/// Of a milestone no more is claimed than falls due with it.
fn within_milestone(index: usize, change: &HookChange, findings: &mut Findings) {
    let due = change.related.money("milestone.amount").filter(|_| !change.after.is_null("milestone"));
    let (Some(due), Some(amount)) = (due, change.after.money("amount")) else { return };
    if same(change, &["milestone", "amount"]) {
        return;
    }
    let title = change.related.text("milestone.title").unwrap_or("The milestone");
    if amount.currency != due.currency {
        findings.add(index, "amount", "currency", format!("{title} falls due in {}.", due.currency));
    } else if amount.minor > due.minor {
        let message = format!(
            "{due} falls due with {title}: claim at most that, or say there first that more does.",
            due = money::shown(due)
        );
        findings.add(index, "amount", "too-much", message);
    }
}

/// What a claim was made from is of one project, and so is the claim.
fn stays_with_its_project(index: usize, claim: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    let HookChange { before, after, kind, .. } = claim;
    if *kind != ChangeKind::Update || before.reference("project") == after.reference("project") {
        return Ok(());
    }
    let costs = select("costs").as_plugin().columns(["id"]).filter(field("claim").eq(claim.id)).limit(1);
    if !after.is_null("source") || !records::find(costs)?.rows.is_empty() {
        let message =
            "This was made from work or costs of its project: cancel it, and claim what is to be billed there.";
        findings.add(index, "project", "other-project", message);
    }
    Ok(())
}

/// What falls due with a milestone stays while it is claimed.
pub(crate) fn stays_claimed(index: usize, milestone: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    let (was, is) = (milestone.before.money("amount"), milestone.after.money("amount"));
    if milestone.kind != ChangeKind::Update || was == is {
        return Ok(());
    }
    let claimed = field("milestone").eq(milestone.id).and(field("status").ne("cancelled"));
    let claims = select("claims").as_plugin().columns(["number", "amount"]).filter(claimed).limit(1);
    let page = records::find(claims)?;
    let Some((number, amount)) =
        page.records().next().and_then(|claim| Some((claim.text("number")?.to_owned(), claim.money("amount")?)))
    else {
        return Ok(());
    };
    if is.is_none_or(|is| is.currency != amount.currency || is.minor < amount.minor) {
        let message = format!(
            "{number} claims {} of this milestone: cancel it first, or let at least that fall due.",
            money::shown(amount)
        );
        findings.lock(index, "amount", message);
    }
    Ok(())
}

/// A claim that was made from work is not archived while it stands: that work would be billed by nothing, and not be free.
fn stays(index: usize, claim: &Fields, findings: &mut Findings) {
    let what = claim.text("number").unwrap_or("This claim");
    let message = match claim.text("status") {
        _ if claim.is_null("source") => return,
        Some("cancelled") => return,
        Some("paid") => format!(
            "{what} was made from work and is paid, so it stays. Where some of it is paid back, make another claim of less \
             than nothing."
        ),
        _ => format!(
            "{what} was made from work. Cancel it (“Cancel claim” on its page) instead of archiving it: what it bills is \
             free then, and falls into the next run."
        ),
    };
    findings.lock(index, "status", message);
}

/// What must hold of the claims of a batch together: their tax, and that a deposit is claimed once. What leads to another
/// state changes neither.
pub(crate) fn check_all(changes: &[HookChange], findings: &mut Findings) -> Result<(), Fault> {
    let saved = |(_, change): &(usize, &HookChange)| {
        change.collection == "claims" && change.kind != ChangeKind::Remove && change.transition.is_none()
    };
    let claims: Vec<(usize, &HookChange)> = changes.iter().enumerate().filter(saved).collect();
    settle_tax(&claims, findings)?;
    deposits_once(&claims, findings)
}

/// Whether a claim is as it was in these fields.
fn same(change: &HookChange, names: &[&str]) -> bool {
    change.kind == ChangeKind::Update && names.iter().all(|name| change.before.value(name) == change.after.value(name))
}

/// What is billed bears the tax that is settled, where the claim says none: reckoned on the whole claim and rounded once. It
/// follows the amount until somebody types another tax, of nothing too. What is billed stands still.
fn settle_tax(claims: &[(usize, &HookChange)], findings: &mut Findings) -> Result<(), Fault> {
    let mut changed = claims.iter().filter(|(_, change)| !same(change, &["amount", "tax"])).peekable();
    if changed.peek().is_none() {
        return Ok(());
    }
    let Some(points) = tax_rate()? else { return Ok(()) };
    for (index, change) in changed {
        let HookChange { before, after, .. } = change;
        let Some(amount) = after.money("amount") else { continue };
        let reckoned = || before.money("amount").and_then(|was| money::share(was, points)) == before.money("tax");
        if after.is_null("tax") || same(change, &["tax"]) && reckoned() {
            match money::share(amount, points) {
                Some(tax) => findings.verdict.set_field(*index, "tax", tax),
                None => findings.add(*index, "tax", "range", "The tax on this is more than can be told."),
            }
        }
    }
    Ok(())
}

/// A deposit that is claimed. What takes one back is none.
#[derive(Debug, Clone, Copy)]
struct Deposit<'a> {
    id: Option<Id>,
    project: Option<Id>,
    milestone: Option<Id>,
    number: Option<&'a str>,
}

impl<'a> Deposit<'a> {
    fn of(claim: &'a Fields, id: Option<Id>) -> Option<Self> {
        let due = claim.money("amount").is_some_and(|amount| amount.minor > 0);
        (due && claim.text("kind") == Some("deposit")).then(|| Self {
            id,
            project: claim.reference("project"),
            milestone: claim.reference("milestone"),
            number: claim.text("number"),
        })
    }

    /// Deposits of two milestones are two things; that one milestone is claimed once is a rule of its own.
    fn is_again(&self, other: &Self) -> bool {
        self.id != other.id && self.project == other.project && (self.milestone.is_none() || other.milestone.is_none())
    }
}

/// The deposit of a project is claimed once while the claim stands.
fn deposits_once(claims: &[(usize, &HookChange)], findings: &mut Findings) -> Result<(), Fault> {
    let new: Vec<(usize, Deposit<'_>)> = claims
        .iter()
        .filter(|(_, change)| !same(change, &["project", "milestone", "kind", "amount"]))
        .filter_map(|(index, change)| Some((*index, Deposit::of(&change.after, Some(change.id))?)))
        .collect();
    let projects: BTreeSet<Id> = new.iter().filter_map(|(_, deposit)| deposit.project).collect();
    if projects.is_empty() {
        return Ok(());
    }
    let kind = || field("kind").eq("deposit").and(field("status").ne("cancelled"));
    let columns = ["id", "number", "project", "kind", "amount", "milestone"];
    let standing = select("claims").as_plugin().columns(columns).filter(kind());
    let standing = standing.filter(field("project").within(projects.iter().copied()));
    let standing = records::find_all(standing, MOST_DEPOSITS)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, "Too many deposits: claim them in several batches."))?;
    // What the batch itself changes is looked at as it will be.
    let ours: BTreeSet<Id> = claims.iter().map(|(_, change)| change.id).collect();
    let stays = |id: &Option<Id>| id.is_some_and(|id| !ours.contains(&id));
    let mut deposits: Vec<Deposit<'_>> = standing
        .iter()
        .filter_map(|claim| Deposit::of(claim, claim.reference("id")))
        .filter(|deposit| stays(&deposit.id))
        .collect();
    deposits.extend(claims.iter().filter_map(|(_, change)| Deposit::of(&change.after, Some(change.id))));
    for (index, deposit) in &new {
        if let Some(other) = deposits.iter().find(|other| deposit.is_again(other)) {
            let number = other.number.unwrap_or("Another claim");
            let message = format!(
                "{number} claims the deposit of this project already: cancel that first, or claim this as a stage."
            );
            findings.add(*index, "kind", "duplicate", message);
        }
    }
    for project in projects {
        let looked_at = standing.iter().map(|claim| (claim.reference("id"), claim.reference("project")));
        let saved = claims.iter().map(|(_, change)| (Some(change.id), change.after.reference("project")));
        let known: BTreeSet<Id> =
            looked_at.chain(saved).filter(|(_, of)| *of == Some(project)).filter_map(|(id, _)| id).collect();
        let fault = Fault::new(ErrorCode::Conflict, "Another deposit of this project is claimed at the same time.");
        let others = all([field("project").eq(project), kind(), not(field("id").within(known))]);
        findings.verdict.also.push(ensure_none("claims", others, fault));
    }
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
                return Err(Fault::new(
                    ErrorCode::Conflict,
                    "Nobody pays for this project: say first how it is billed.",
                ));
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
            let message = "There is no billable cost that is not billed yet. Of a fixed price, extras are billed alone: mark \
                           them first.";
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_that_was_made_from_work_says_what_to_do_instead_of_archiving_it() {
        let said = |status: &str, source: Option<&str>| {
            let claim = [("number", Some("C-0007")), ("status", Some(status)), ("source", source)];
            let claim = claim.map(|(name, value)| (name.to_owned(), value.into_value())).into_iter().collect();
            let mut findings = Findings::default();
            stays(0, &claim, &mut findings);
            findings.finish().err().map(|fault| (fault.code, fault.message))
        };
        let run = Some("timesheets/billing-runs 1");
        for status in ["open", "billed"] {
            let (code, message) = said(status, run).unwrap();
            assert_eq!(code, ErrorCode::Locked);
            assert!(message.starts_with("C-0007 was made from work. Cancel it"), "{message}");
        }
        let (_, message) = said("paid", run).unwrap();
        assert!(message.contains("is paid, so it stays"), "{message}");
        assert_eq!((said("cancelled", run), said("open", None)), (None, None));
    }
}
