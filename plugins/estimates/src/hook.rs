//! What must hold of a batch, and what follows from it: prices of lines, totals of revisions, what issuing and answering
//! lead to.

use crate::findings::Findings;
use crate::sheet::{REVISION, Sheet, currency_of_fields, price_of};
use crate::{answering, assemblies, issuing, prices};
use lignaflow_sdk::Origin;
use lignaflow_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Whether a change comes in by a door of the host's, and not from this plugin's own code.
fn from_outside(change: &HookChange) -> bool {
    !matches!(change.origin, Origin::Route | Origin::Job | Origin::Subscriber)
}

/// Whether a job of this plugin puts a PDF with what is kept, and nothing else.
fn is_its_paper(change: &HookChange) -> bool {
    let differs = |name: &&String| change.before.value(name.as_str()) != change.after.value(name.as_str());
    change.kind == ChangeKind::Update
        && change.origin == Origin::Job
        && change.before.is_null("pdf")
        && change.after.keys().filter(differs).all(|name| name == "pdf")
}

pub(crate) fn before_save(changes: &[HookChange]) -> Result<Verdict, Fault> {
    let mut findings = Findings::default();
    for (index, change) in changes.iter().enumerate() {
        match change.collection.as_str() {
            "documents" | "acceptances" if is_its_paper(change) => {}
            "documents" | "acceptances" => {
                let message = "What was issued and what was accepted is kept as it is: it is written by issuing and accepting alone.";
                findings.refuse(index, ErrorCode::Locked, "kept", message);
            }
            "estimates" => estimate(index, change, &mut findings)?,
            "catalog-prices" => prices::check(index, change, &mut findings),
            "assembly-items" => assemblies::check(index, change, changes, &mut findings)?,
            _ => {}
        }
    }
    let batch = Batch::of(changes);
    for id in batch.revisions() {
        revision(id, &batch, changes, &mut findings)?;
    }
    findings.finish(changes)
}

fn estimate(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    if change.kind == ChangeKind::Remove {
        return Ok(());
    }
    let currency = change.after.text("currency");
    match currency {
        Some(text) => match text.trim().to_ascii_uppercase().parse::<Currency>() {
            Ok(currency) if currency.as_str() == text => {}
            Ok(currency) => findings.verdict.set_field(index, "currency", currency.as_str()),
            Err(_) => {
                findings.add(index, "currency", "currency", "A currency is three letters of ISO 4217, such as NZD.");
            }
        },
        None if change.kind == ChangeKind::Insert => {
            findings.verdict.set_field(index, "currency", currency_of_fields(&change.after)?.as_str());
        }
        None => {}
    }
    if change.kind == ChangeKind::Update
        && change.before.text("currency") != currency
        && !records::find(
            select("revisions").as_plugin().columns(["id"]).filter(field("estimate").eq(change.id)).limit(1),
        )?
        .rows
        .is_empty()
    {
        findings.add(
            index,
            "currency",
            "locked",
            "The currency stays once there is a revision: its amounts are in it. Begin another estimate instead.",
        );
    }
    drawings(index, change, findings)?;
    agreed(index, change, findings);
    if change.after.text("kind") == Some("variation") && change.after.is_null("project") {
        findings.add(index, "project", "required", "Name the project that this variation changes.");
    }
    Ok(())
}

/// Whom a document was given to, and what it is about, stays while it stands.
fn agreed(index: usize, change: &HookChange, findings: &mut Findings) {
    let HookChange { before, after, .. } = change;
    if change.kind != ChangeKind::Update || !from_outside(change) {
        return;
    }
    let message = match (before.is_null("accepted"), before.is_null("open")) {
        (false, _) => "This stays as it was accepted: begin another estimate, or a variation, for what differs.",
        (true, false) => "The client has been given this: withdraw the revision that is open first.",
        (true, true) => return,
    };
    for name in ["client", "kind", "project"].into_iter().filter(|name| before.value(name) != after.value(name)) {
        findings.add(index, name, "locked", message);
    }
}

/// What a client is shown with an open or accepted document stays with it.
fn drawings(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    let is = change.after.references("drawings");
    let gone: Vec<Id> = change.before.references("drawings").iter().filter(|id| !is.contains(id)).copied().collect();
    if gone.is_empty() {
        return Ok(());
    }
    for shown in ["open", "accepted"].into_iter().filter_map(|name| change.before.reference(name)) {
        if answering::sealed(shown)?.document.drawings.iter().any(|drawing| gone.contains(drawing)) {
            let message = "The client has been given this drawing with the document: it stays with it.";
            findings.add(index, "drawings", "shown", message);
            return Ok(());
        }
    }
    Ok(())
}

/// The changes of a batch to revisions and their parts, by the position of each.
struct Batch<'a> {
    changes: &'a [HookChange],
}

impl<'a> Batch<'a> {
    fn of(changes: &'a [HookChange]) -> Self {
        Self { changes }
    }

    fn revisions(&self) -> BTreeSet<Id> {
        let mut ids = BTreeSet::new();
        for change in self.changes {
            match change.collection.as_str() {
                "revisions" => {
                    ids.insert(change.id);
                }
                "lines" | "sections" | "payments" => {
                    ids.extend(
                        [&change.before, &change.after].iter().filter_map(|fields| fields.reference("revision")),
                    );
                }
                _ => {}
            }
        }
        ids
    }

    fn parts(&self, collection: &'a str, revision: Id) -> impl Iterator<Item = (usize, &'a HookChange)> + use<'a> {
        let of = move |(_, change): &(usize, &HookChange)| {
            change.collection == collection
                && [&change.before, &change.after].iter().any(|fields| fields.reference("revision") == Some(revision))
        };
        self.changes.iter().enumerate().filter(of)
    }

    /// The parts as the batch leaves them.
    fn overlay(&self, collection: &'a str, revision: Id, stored: &mut Vec<(Id, Fields)>) {
        for (_, change) in self.parts(collection, revision) {
            stored.retain(|(id, _)| *id != change.id);
            if change.kind != ChangeKind::Remove && change.after.reference("revision") == Some(revision) {
                stored.push((change.id, change.after.clone()));
            }
        }
    }
}

fn revision(id: Id, batch: &Batch<'_>, changes: &[HookChange], findings: &mut Findings) -> Result<(), Fault> {
    let at = changes.iter().position(|change| change.collection == "revisions" && change.id == id);
    let change = at.map(|at| &changes[at]);
    if change.is_some_and(|change| change.kind == ChangeKind::Remove) {
        return Ok(());
    }
    let fields = match change {
        Some(change) => change.after.clone(),
        None => match records::get("revisions", id, &REVISION)? {
            Some(fields) => fields,
            // Its parts are archived along with it, or it is not there, which the host tells.
            None => return Ok(()),
        },
    };
    let mut sheet = Sheet::with(id, fields)?;
    let mine = |change: &&HookChange| {
        change.collection == "estimates" && Some(change.id) == sheet.revision.reference("estimate")
    };
    if let Some(estimate) = changes.iter().find(mine) {
        sheet.currency = currency_of_fields(&estimate.after)?;
    }
    batch.overlay("sections", id, &mut sheet.sections);
    batch.overlay("lines", id, &mut sheet.lines);
    batch.overlay("payments", id, &mut sheet.payments);
    place(batch, "sections", id, &mut sheet.sections, findings);
    place(batch, "lines", id, &mut sheet.lines, findings);
    sheet.sort();
    if let (Some(at), Some(change)) = (at, change) {
        named(at, change, changes, &mut sheet, findings)?;
    }
    lines(batch, &mut sheet, findings)?;
    if findings.has_issues() {
        // Of what is not so there is no total.
        return Ok(());
    }
    match change.and_then(|change| change.transition.as_deref()) {
        None | Some("submit" | "return" | "issue") => {
            total(at, change, batch, &sheet, findings)?;
        }
        Some(_) => {}
    }
    if let (Some(at), Some(change)) = (at, change) {
        match change.transition.as_deref() {
            Some("issue") => {
                issuing::reviewed(at, change, findings)?;
                issuing::issue(at, &mut sheet, findings)?;
            }
            Some(transition) => answering::follow(at, transition, change, &sheet, findings)?,
            None => {}
        }
    }
    Ok(())
}

/// Gives new parts that name no place the last one.
fn place(batch: &Batch<'_>, collection: &'static str, id: Id, parts: &mut [(Id, Fields)], findings: &mut Findings) {
    let mut last = parts.iter().filter_map(|(_, fields)| fields.integer("position")).max().unwrap_or(0);
    for (index, change) in batch.parts(collection, id) {
        if change.kind == ChangeKind::Remove || !change.after.is_null("position") {
            continue;
        }
        last = last.saturating_add(10);
        findings.verdict.set_field(index, "position", last);
        if let Some((_, fields)) = parts.iter_mut().find(|(part, _)| *part == change.id) {
            fields.insert("position".to_owned(), last.into_value());
        }
    }
}

/// A new revision is called by the next letter.
fn named(
    at: usize,
    change: &HookChange,
    changes: &[HookChange],
    sheet: &mut Sheet,
    findings: &mut Findings,
) -> Result<(), Fault> {
    let Some(estimate) = change.after.reference("estimate") else { return Ok(()) };
    if change.kind == ChangeKind::Update {
        if change.before.reference("estimate") != Some(estimate) {
            findings.add(at, "estimate", "locked", "A revision stays with its estimate; copy it into another.");
        }
        return Ok(());
    }
    let letters = records::find_all(
        select("revisions").as_plugin().columns(["letter"]).filter(field("estimate").eq(estimate)),
        500,
    )?
    .ok_or_else(|| Fault::new(ErrorCode::Quota, "An estimate has at most 500 revisions."))?;
    let used = letters.iter().filter_map(|row| row.text("letter")).map(number_of).max().unwrap_or(0);
    let letter = letter_of(used + 1);
    let here = changes.iter().find(|other| other.collection == "estimates" && other.id == estimate);
    let stored = match here {
        Some(change) => Some(change.after.clone()),
        None => records::get("estimates", estimate, &["title"])?,
    };
    let title = stored.as_ref().and_then(|fields| fields.text("title")).unwrap_or("Estimate").to_owned();
    let name = format!("{title} · {letter}");
    for (setting, value) in settings::all(["tax_mode", "deposit", "terms"])? {
        if !value.is_null() && sheet.revision.is_null(&setting) {
            findings.verdict.set_field(at, &setting, value.clone());
            sheet.revision.insert(setting, value);
        }
    }
    findings.verdict.set_field(at, "letter", letter.as_str());
    findings.verdict.set_field(at, "name", name.as_str());
    sheet.revision.insert("letter".to_owned(), letter.into_value());
    sheet.revision.insert("name".to_owned(), name.into_value());
    Ok(())
}

/// 1 is A, 27 is AA.
pub(crate) fn letter_of(mut number: u32) -> String {
    let mut letters = Vec::new();
    while number > 0 {
        number -= 1;
        letters.push(b'A' + u8::try_from(number % 26).unwrap_or(0));
        number /= 26;
    }
    letters.iter().rev().map(|letter| char::from(*letter)).collect()
}

fn number_of(letters: &str) -> u32 {
    letters.bytes().fold(0, |number, letter| {
        number.saturating_mul(26).saturating_add(u32::from(letter.saturating_sub(b'A').min(25)) + 1)
    })
}

fn lines(batch: &Batch<'_>, sheet: &mut Sheet, findings: &mut Findings) -> Result<(), Fault> {
    let digits = sheet.digits();
    for (index, change) in batch.parts("lines", sheet.id) {
        if change.kind == ChangeKind::Remove || change.after.reference("revision") != Some(sheet.id) {
            continue;
        }
        if change.kind == ChangeKind::Update && change.before.reference("revision") != Some(sheet.id) {
            findings.add(index, "revision", "locked", "A line stays with its revision; copy it into another.");
            continue;
        }
        let mut line = change.after.clone();
        if line.text("kind") == Some("labour") && line.is_null("labour_minutes") && is_hours(line.text("unit")) {
            findings.verdict.set_field(index, "labour_minutes", 60);
            line.insert("labour_minutes".to_owned(), 60.into_value());
        }
        if is_typed_price(change) {
            findings.verdict.set_field(index, "pricing", "fixed");
            line.insert("pricing".to_owned(), "fixed".into_value());
        }
        let section = line.reference("section");
        if section.is_some() && !sheet.sections.iter().any(|(id, _)| Some(*id) == section) {
            findings.add(
                index,
                "section",
                "foreign",
                "The section is of another revision, or archived: choose one of this.",
            );
        }
        if line.text("mode") == Some("choice") && line.text("choice_group").is_none_or(|group| group.trim().is_empty())
        {
            findings.add(index, "choice_group", "required", "Say what this is a choice of, such as Benchtop.");
        }
        let rate = line.integer("rate").unwrap_or(0);
        if line.text("pricing") == Some("margin") && rate >= 10_000 {
            findings.add(index, "rate", "margin", "A margin is less than 100 % of the price; did you mean a markup?");
            continue;
        }
        if rate < -10_000 {
            findings.add(index, "rate", "range", "A price is not less than nothing: at least −100 %.");
            continue;
        }
        let Ok(price) = price_of(&line, digits) else {
            findings.add(index, "quantity", "too-large", "The amount is beyond what can be kept.");
            continue;
        };
        for (name, value) in [
            ("unit_price", price.unit.decimal().into_value()),
            ("amount", sheet.money(price.amount).into_value()),
            ("cost", sheet.money(price.cost).into_value()),
        ] {
            if line.value(name) != Some(&value) {
                findings.verdict.set_field(index, name, &value);
                line.insert(name.to_owned(), value);
            }
        }
        if let Some((_, stored)) = sheet.lines.iter_mut().find(|(id, _)| *id == change.id) {
            *stored = line;
        }
    }
    if sheet.lines.len() > crate::sheet::MOST_LINES {
        return Err(Fault::new(
            ErrorCode::Quota,
            format!("A revision has at most {} lines.", crate::sheet::MOST_LINES),
        ));
    }
    Ok(())
}

/// Whether somebody gave a price where it is calculated otherwise: then it is theirs from now on.
fn is_typed_price(change: &HookChange) -> bool {
    let calculated = change.after.text("pricing") != Some("fixed");
    match change.kind {
        ChangeKind::Insert => calculated && !change.after.is_null("unit_price") && change.after.is_null("unit_cost"),
        ChangeKind::Update => {
            calculated
                && from_outside(change)
                && change.before.text("pricing") == change.after.text("pricing")
                && !change.after.is_null("unit_price")
                && change.before.value("unit_price") != change.after.value("unit_price")
        }
        ChangeKind::Remove => false,
    }
}

/// Whether a unit is an hour: then how much labour it is need not be said.
fn is_hours(unit: Option<&str>) -> bool {
    matches!(unit.map(str::trim), Some("h" | "hr" | "hrs" | "hour" | "hours"))
}

/// What the revision comes to: into the change of it in this batch, or else as a change of its own.
fn total(
    at: Option<usize>,
    change: Option<&HookChange>,
    batch: &Batch<'_>,
    sheet: &Sheet,
    findings: &mut Findings,
) -> Result<(), Fault> {
    let currency = |name: &str| sheet.revision.money(name).is_some_and(|money| money.currency != sheet.currency);
    let strange: Vec<&str> = ["discount", "adjustment", "round_to"].into_iter().filter(|name| currency(name)).collect();
    if let Some(at) = at
        && !strange.is_empty()
    {
        for name in strange {
            findings.add(at, name, "currency", format!("The estimate is in {}: give this in it, too.", sheet.currency));
        }
        return Ok(());
    }
    let typed = |name: &str| change.is_some_and(|change| change.before.value(name) != change.after.value(name));
    let both = sheet.revision.integer("discount_rate").is_some_and(|rate| rate != 0)
        && sheet.revision.money("discount").is_some_and(|discount| discount.minor != 0);
    if let Some(at) = at.filter(|_| both && sheet.is_draft() && (typed("discount") || typed("discount_rate"))) {
        let name = if typed("discount") { "discount" } else { "discount_rate" };
        findings.add(at, name, "either", "A discount is a share or an amount: empty one of them.");
        return Ok(());
    }
    let stages: i64 = sheet.stages().iter().map(|stage| stage.share).sum();
    if stages > 10_000 {
        let message = format!(
            "Deposit and payments come to {}.{:02} %: lower one of them, so that they come to 100 % at most.",
            stages / 100,
            stages % 100
        );
        let payment = batch.parts("payments", sheet.id).find(|(_, change)| change.kind != ChangeKind::Remove);
        if let Some((index, _)) = payment {
            findings.add(index, "share", "too-much", message);
        } else if let Some(at) = at.filter(|_| sheet.is_draft()) {
            findings.add(at, "deposit", "too-much", message);
        } else {
            return Err(Fault::at("/share", "too-much", message));
        }
    }
    let totals = sheet.totals(None)?;
    let figures: BTreeMap<&str, Value> = [
        ("subtotal", sheet.money(totals.subtotal).into_value()),
        ("net", sheet.money(totals.net).into_value()),
        ("tax", sheet.money(totals.tax).into_value()),
        ("total", sheet.money(totals.total).into_value()),
        ("cost", sheet.money(totals.cost).into_value()),
        ("margin", crate::pricing::margin_of(totals.net, totals.cost).into_value()),
        ("labour_minutes", sheet.labour(&totals.counted).into_value()),
    ]
    .into();
    if let Some(at) = at {
        for (name, value) in &figures {
            if change.is_none_or(|change| change.after.value(name) != Some(value)) {
                findings.verdict.set_field(at, name, value);
            }
        }
    } else {
        let write = update("revisions", sheet.id);
        let write = figures.iter().fold(write, |write, (name, value)| write.set(*name, value));
        findings.verdict.also.push(write.into());
    }
    // Once something was accepted, an estimate comes to that, whatever is drafted after it.
    let estimate = sheet.revision.reference("estimate").filter(|_| sheet.accepted.is_none());
    let Some(estimate) = estimate else { return Ok(()) };
    findings.estimate(estimate).insert("total".to_owned(), figures["total"].clone());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_on_after_z() {
        for (number, letters) in [(1, "A"), (26, "Z"), (27, "AA"), (52, "AZ"), (53, "BA"), (703, "AAA")] {
            assert_eq!((letter_of(number).as_str(), number_of(letters)), (letters, number));
        }
    }
}
