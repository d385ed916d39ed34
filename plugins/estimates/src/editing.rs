//! The routes of the editor: beginning, copies, what is taken from the catalogue, and setting the total.

use crate::assemblies::{self, ITEM, Taken, Whole};
use crate::plan::shortened;
use crate::prices;
use crate::pricing::{self, Fine, Pricing};
use crate::sheet::{LINE, SECTION, Sheet, currency_of_fields, misplaced};
use lignaflow_sdk::prelude::*;
use lignaflow_sdk::writes::Write;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Fields that a copy takes over. What the hook works out is worked out again.
const OF_REVISION: [&str; 12] = [
    "discount_rate",
    "discount",
    "adjustment",
    "rounding",
    "round_to",
    "tax_mode",
    "tax_code",
    "deposit",
    "introduction",
    "inclusions",
    "exclusions",
    "terms",
];
/// What the next revision of the same takes over as well; another estimate has days of its own.
const OF_SAME: [&str; 2] = ["start", "finish"];
const OF_SECTION: [&str; 4] = ["title", "position", "location", "shows"];
/// When it is done and by whom, which the next revision of the same takes over.
const OF_PLAN: [&str; 3] = ["start", "due", "assignees"];
const OF_LINE: [&str; 17] = [
    "position",
    "kind",
    "description",
    "quantity",
    "unit",
    "unit_cost",
    "pricing",
    "rate",
    "unit_price",
    "tax_code",
    "labour_minutes",
    "labour_cost",
    "mode",
    "choice_group",
    "ticked",
    "allowance",
    "item",
];

fn with(mut write: Write, from: &Fields, names: &[&str]) -> Write {
    for name in names {
        if let Some(value) = from.value(name).filter(|value| !value.is_null()) {
            write = write.set(*name, value);
        }
    }
    write
}

pub(crate) fn seen(collection: &str, id: Id) -> Result<(), Fault> {
    let what = match collection {
        "revisions" => "revision",
        "sections" => "section",
        _ => "line",
    };
    records::get_for_caller(collection, id, &["id"])?.map(|_| ()).ok_or_else(|| Fault::not_found(what))
}

/// The sheet of a revision that the caller sees.
pub(crate) fn sheet(id: Id) -> Result<Sheet, Fault> {
    seen("revisions", id)?;
    let mut sheet = Sheet::load(id)?.ok_or_else(|| Fault::not_found("revision"))?;
    sheet.sort();
    Ok(sheet)
}

fn id_at(body: Option<&str>, path: &str) -> Result<Option<Id>, Fault> {
    body.map(|text| text.parse().map_err(|_| Fault::at(path, "type", "Expected an id, a UUID."))).transpose()
}

#[derive(Debug, Deserialize)]
struct Begin {
    title: String,
    client: Option<String>,
    project: Option<String>,
    site: Option<String>,
    template: Option<String>,
}

pub(crate) fn begin(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Begin = request.json()?;
    if body.title.trim().is_empty() {
        return Err(Fault::at("/title", "required", "Say what it is for."));
    }
    let (client, project) = (id_at(body.client.as_deref(), "/client")?, id_at(body.project.as_deref(), "/project")?);
    if let Some(client) = client
        && records::get_for_caller("projects/clients", client, &["id"])?.is_none()
    {
        return Err(Fault::at("/client", "unknown-reference", "This client is archived or not there: name another."));
    }
    let changed = project.map(of_project).transpose()?;
    let theirs = changed.as_ref().and_then(|project| project.reference("client"));
    if theirs.is_some() && client.is_some() && theirs != client {
        let message = "This project is another client's: name theirs, or leave the client out.";
        return Err(Fault::at("/client", "other-client", message));
    }
    let client = client.or(theirs);
    let site = body.site.as_deref().filter(|site| !site.trim().is_empty());
    let site = site.or_else(|| changed.as_ref()?.text("address"));
    let as_in = id_at(body.template.as_deref(), "/template")?.map(template).transpose()?;
    let (estimate, revision, section) = (context::new_id()?, context::new_id()?, context::new_id()?);
    let fields: Fields = [("client".to_owned(), client.into_value())].into();
    let mut writes: Vec<Mutation> = vec![
        insert("estimates", estimate)
            .set("title", body.title.trim())
            .set("client", client)
            .set("site", site.map(|site| shortened(site, 300)))
            .set("project", project)
            .set("kind", if project.is_some() { "variation" } else { "original" })
            // Amounts of a template are of its currency.
            .set(
                "currency",
                match &as_in {
                    Some(from) => from.currency,
                    None => currency_of_fields(&fields)?,
                }
                .as_str(),
            )
            .into(),
    ];
    if let Some(from) = &as_in {
        writes.extend(first_revision(from, estimate, revision)?);
    } else {
        writes.push(insert("revisions", revision).set("estimate", estimate).set("name", "Revision").into());
        writes.push(insert("sections", section).set("revision", revision).set("title", "General").into());
    }
    Ok(reply::saved("revisions", revision).with_status(201).with_writes(writes))
}

/// The project that a variation changes, whose client and place it has.
fn of_project(project: Id) -> Result<Fields, Fault> {
    let known = records::get_for_caller("projects/projects", project, &["client", "address"])?;
    known.ok_or_else(|| {
        Fault::at("/project", "unknown-reference", "This project is archived or not there: name another.")
    })
}

/// A revision's parts under another, with ids of their own. `of_section` is what they take over.
fn parts(from: &Sheet, to: Id, of_section: &[&str], writes: &mut Vec<Mutation>) -> Result<(), Fault> {
    let mut sections = BTreeMap::new();
    for (id, fields) in &from.sections {
        let copy = context::new_id()?;
        sections.insert(*id, copy);
        writes.push(with(insert("sections", copy).set("revision", to), fields, of_section).into());
    }
    for (_, fields) in &from.lines {
        let Some(section) = fields.reference("section").and_then(|id| sections.get(&id)) else { continue };
        let copy = insert("lines", context::new_id()?).set("revision", to).set("section", *section);
        writes.push(with(copy, fields, &OF_LINE).into());
    }
    for (_, fields) in &from.payments {
        let copy = insert("payments", context::new_id()?).set("revision", to);
        writes.push(with(copy, fields, &["title", "share", "position"]).into());
    }
    Ok(())
}

pub(crate) fn revise(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let from = sheet(request.id("id")?)?;
    let estimate = from.revision.reference("estimate").ok_or_else(|| Fault::not_found("estimate"))?;
    let revision = context::new_id()?;
    let copy = insert("revisions", revision).set("estimate", estimate).set("name", "Revision");
    let mut writes = vec![with(copy, &from.revision, &[OF_REVISION.as_slice(), &OF_SAME].concat()).into()];
    parts(&from, revision, &[OF_SECTION.as_slice(), &OF_PLAN].concat(), &mut writes)?;
    Ok(reply::saved("revisions", revision).with_status(201).with_writes(writes))
}

#[derive(Debug, Deserialize)]
struct Copy {
    title: String,
    client: Option<String>,
}

pub(crate) fn copy(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Copy = request.json()?;
    let from = sheet(request.id("id")?)?;
    let source = from.revision.reference("estimate").ok_or_else(|| Fault::not_found("estimate"))?;
    let source = records::get("estimates", source, &["client", "site"])?.ok_or_else(|| Fault::not_found("estimate"))?;
    let client = id_at(body.client.as_deref(), "/client")?;
    let (estimate, revision) = (context::new_id()?, context::new_id()?);
    let mut writes: Vec<Mutation> = vec![
        insert("estimates", estimate)
            .set("title", body.title.trim())
            .set("client", client.or(source.reference("client")))
            .set("site", source.text("site").filter(|_| client.is_none()))
            .set("currency", from.currency.as_str())
            .into(),
    ];
    writes.extend(first_revision(&from, estimate, revision)?);
    Ok(reply::saved("revisions", revision).with_status(201).with_writes(writes))
}

/// The first revision of another estimate, with the parts of this one.
fn first_revision(from: &Sheet, estimate: Id, revision: Id) -> Result<Vec<Mutation>, Fault> {
    let first = insert("revisions", revision).set("estimate", estimate).set("name", "Revision");
    let mut writes: Vec<Mutation> = vec![with(first, &from.revision, &OF_REVISION).into()];
    parts(from, revision, &OF_SECTION, &mut writes)?;
    Ok(writes)
}

/// The latest revision of an estimate that is kept as a template.
fn template(id: Id) -> Result<Sheet, Fault> {
    let known = records::get_for_caller("estimates", id, &["template"])?;
    if known.is_none_or(|known| known.boolean("template") != Some(true)) {
        let message = "There is no such template: mark an estimate as one first.";
        return Err(Fault::at("/template", "unknown-reference", message));
    }
    let latest = select("revisions").columns(["id"]).filter(field("estimate").eq(id)).sort_descending("id").limit(1);
    let latest = records::find(latest)?.records().next().and_then(|revision| revision.reference("id"));
    sheet(
        latest.ok_or_else(|| {
            Fault::at("/template", "empty", "This template has no revision yet: write one in it first.")
        })?,
    )
}

pub(crate) fn copy_section(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let id = request.id("id")?;
    seen("sections", id)?;
    let section = records::get("sections", id, &SECTION)?.ok_or_else(|| Fault::not_found("section"))?;
    let revision = section.reference("revision").ok_or_else(|| Fault::not_found("revision"))?;
    let from = sheet(revision)?;
    let copy = context::new_id()?;
    let title = format!("{} (copy)", section.text("title").unwrap_or("Section"));
    let made = insert("sections", copy).set("revision", revision);
    let mut writes: Vec<Mutation> = vec![with(made, &section, &["location", "shows"]).set("title", title).into()];
    for (_, fields) in from.lines.iter().filter(|(_, fields)| fields.reference("section") == Some(id)) {
        let line = insert("lines", context::new_id()?).set("revision", revision).set("section", copy);
        writes.push(with(line, fields, &OF_LINE).into());
    }
    Ok(reply::saved("sections", copy).with_status(201).with_writes(writes))
}

pub(crate) fn copy_line(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let id = request.id("id")?;
    seen("lines", id)?;
    let line = records::get("lines", id, &LINE)?.ok_or_else(|| Fault::not_found("line"))?;
    let copy = context::new_id()?;
    let mut write = insert("lines", copy);
    for name in ["revision", "section"] {
        write = write.set(name, line.reference(name));
    }
    // Right behind the one that it is a copy of, where there is room: places go up by ten.
    let position = line.integer("position").map(|position| position.saturating_add(1));
    let write = with(write, &line, &OF_LINE).set("position", position);
    Ok(reply::saved("lines", copy).with_status(201).with_writes([write]))
}

#[derive(Debug, Deserialize)]
struct Take {
    item: Option<String>,
    assembly: Option<String>,
    quantity: Option<String>,
    #[serde(default)]
    parts: bool,
}

fn fine(fields: &Fields, name: &str) -> Result<Fine, Fault> {
    Ok(fields.decimal(name).map_or(Ok(Fine::default()), Fine::of_decimal)?)
}

/// What one unit of an item costs as it is used, and is sold for.
fn of_item(item: &Fields, digits: u32) -> Result<(Fine, Fine), Fault> {
    let cost = pricing::with_waste(fine(item, "cost")?, item.integer("waste").unwrap_or(0))?;
    let rate = item.integer("rate").unwrap_or(0);
    let pricing = match item.text("pricing") {
        Some("margin") => Pricing::Margin(rate),
        Some("fixed") => Pricing::Fixed(fine(item, "price")?),
        _ => Pricing::Markup(rate),
    };
    Ok((cost, pricing::unit_price(cost, pricing, digits)?))
}

fn item_line(item: &Fields, quantity: Fine, digits: u32) -> Result<Write, Fault> {
    let (cost, price) = of_item(item, digits)?;
    let line = insert("lines", context::new_id()?)
        .set("description", item.text("name").unwrap_or("Item"))
        .set("kind", item.text("kind").unwrap_or("material"))
        .set("quantity", quantity.decimal())
        .set("unit_cost", cost.decimal())
        .set("item", item.reference("id"));
    let line = with(line, item, &["unit", "pricing", "rate", "tax_code", "labour_minutes"]);
    let fixed = item.text("pricing") == Some("fixed");
    let line = if fixed { line.set("unit_price", price.decimal()) } else { line };
    let allowance = item.text("allowance").or((item.text("kind") == Some("allowance")).then_some("prime-cost"));
    Ok(match allowance {
        Some(allowance) => line.set("allowance", allowance),
        None => line,
    })
}

fn product(one: Fine, other: Fine) -> Result<i128, Fault> {
    i128::from(one.get()).checked_mul(i128::from(other.get())).ok_or_else(crate::sheet::too_large)
}

/// An assembly as one line: what its items cost and are sold for, together, and how much of that is labour.
fn assembly_line(name: &Fields, whole: &Whole, quantity: Fine, digits: u32) -> Result<Write, Fault> {
    let one = i128::from(Fine::ONE.get());
    let (mut cost, mut price, mut labour_cost) = (0_i128, 0_i128, 0_i128);
    let mut minutes = i128::from(whole.minutes) * one;
    for taken in &whole.items {
        let (each, sold) = of_item(&taken.item, digits)?;
        let each = product(each, taken.quantity)?;
        cost = cost.saturating_add(each);
        price = price.saturating_add(product(sold, taken.quantity)?);
        if taken.item.text("kind") == Some("labour") {
            labour_cost = labour_cost.saturating_add(each);
        }
        minutes = minutes.saturating_add(i128::from(minutes_of_one(&taken.item)) * i128::from(taken.quantity.get()));
    }
    let narrow =
        |figure: Option<i128>| figure.and_then(|it| i64::try_from(it).ok()).ok_or_else(crate::sheet::too_large);
    // The price has the currency's digits, as one that is calculated has.
    let step = one * 10_i128.pow(4_u32.saturating_sub(digits));
    let price = narrow(pricing::rounded(price, step).and_then(|it| it.checked_mul(step / one)))?;
    Ok(with(insert("lines", context::new_id()?), name, &["unit"])
        .set("description", name.text("name").unwrap_or("Assembly"))
        .set("kind", kind_of(&whole.items))
        .set("quantity", quantity.decimal())
        .set("unit_cost", Fine::of(narrow(pricing::rounded(cost, one))?).decimal())
        .set("labour_cost", Fine::of(narrow(pricing::rounded(labour_cost, one))?).decimal())
        .set("pricing", "fixed")
        .set("unit_price", Fine::of(price).decimal())
        .set("labour_minutes", narrow(pricing::rounded(minutes, one))?))
}

fn minutes_of_one(item: &Fields) -> i64 {
    item.integer("labour_minutes").unwrap_or(0)
}

/// Of items that are all of one kind, that kind.
fn kind_of(items: &[Taken]) -> &'static str {
    let all = |kind: &&str| !items.is_empty() && items.iter().all(|taken| taken.item.text("kind") == Some(*kind));
    ["labour", "subcontract", "plant"].into_iter().find(all).unwrap_or("material")
}

/// What putting an assembly together takes beside its items, where these are lines of their own.
fn labour_line(name: &Fields, minutes: i64, quantity: Fine) -> Result<Write, Fault> {
    let title: String = name.text("name").unwrap_or("Assembly").chars().take(300).collect();
    Ok(with(insert("lines", context::new_id()?), name, &["unit"])
        .set("description", format!("{title}: labour"))
        .set("kind", "labour")
        .set("quantity", quantity.decimal())
        .set("labour_minutes", minutes))
}

pub(crate) fn take(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Take = request.json()?;
    let section = request.id("id")?;
    seen("sections", section)?;
    let fields = records::get("sections", section, &SECTION)?.ok_or_else(|| Fault::not_found("section"))?;
    let revision = fields.reference("revision").ok_or_else(|| Fault::not_found("revision"))?;
    let digits = sheet(revision)?.digits();
    let quantity = match body.quantity.as_deref().map(|text| text.trim().parse::<Decimal>()) {
        None => Fine::ONE,
        Some(Ok(quantity)) if quantity.normalize().scale() <= Fine::PLACES => Fine::of_decimal(quantity)?,
        Some(_) => {
            return Err(Fault::at("/quantity", "type", "Expected a decimal of at most four places, such as \"2.5\"."));
        }
    };
    let (item, assembly) = (id_at(body.item.as_deref(), "/item")?, id_at(body.assembly.as_deref(), "/assembly")?);
    let lines = match (item, assembly) {
        (Some(item), None) => {
            let mut items = [records::get("catalog-items", item, &ITEM)?
                .ok_or_else(|| Fault::at("/item", "unknown-reference", "There is no such item in the catalogue."))?];
            prices::on(context::caller()?.today()?, &mut items)?;
            items.iter().map(|item| item_line(item, quantity, digits)).collect::<Result<_, _>>()?
        }
        (None, Some(assembly)) => {
            let name = records::get("assemblies", assembly, &["name", "unit"])?
                .ok_or_else(|| Fault::at("/assembly", "unknown-reference", "There is no such assembly."))?;
            let whole = assemblies::whole(assembly)?;
            if body.parts {
                let line = |taken: &Taken| {
                    let product = product(taken.quantity, quantity)?;
                    let each =
                        pricing::rounded(product, i128::from(Fine::ONE.get())).and_then(|it| i64::try_from(it).ok());
                    item_line(&taken.item, Fine::of(each.ok_or_else(crate::sheet::too_large)?), digits)
                };
                let labour = (whole.minutes > 0).then(|| labour_line(&name, whole.minutes, quantity));
                whole.items.iter().map(line).chain(labour).collect::<Result<_, Fault>>()?
            } else {
                vec![assembly_line(&name, &whole, quantity, digits)?]
            }
        }
        _ => return Err(Fault::at("/item", "either", "Name an item or an assembly, one of them.")),
    };
    let writes: Vec<Mutation> =
        lines.into_iter().map(|line| line.set("revision", revision).set("section", section).into()).collect();
    let ids: Vec<Id> = writes
        .iter()
        .filter_map(|write| if let Mutation::Insert { id, .. } = write { Some(*id) } else { None })
        .collect();
    let found = select("lines")
        .columns(["id", "description", "quantity", "unit", "unit_price", "amount"])
        .filter(field("id").within(ids))
        .sort("position");
    Ok(reply::found(found).with_status(201).with_writes(writes))
}

#[derive(Debug, Deserialize)]
struct SetTotal {
    total: i64,
    spread: Option<bool>,
}

/// What a revision comes to is set: prices scaled, and what is left of the difference before and after tax.
pub(crate) fn set_total(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: SetTotal = request.json()?;
    let id = request.id("id")?;
    let sheet = sheet(id)?;
    let lines = sheet.priced()?;
    let counts = pricing::counted(&lines, None).map_err(misplaced)?;
    let scalable = match body.spread {
        Some(false) => vec![None; lines.len()],
        _ => sheet.scalable()?,
    };
    let terms = sheet.terms();
    let set = pricing::set_total(&lines, &scalable, &counts, sheet.sections.len(), &terms, body.total, sheet.digits())?;
    let mut writes: Vec<Mutation> = vec![
        update("revisions", id)
            .set("adjustment", sheet.money(set.adjustment))
            .set("rounding", sheet.money(set.rounding))
            .set("round_to", None::<Money>)
            .into(),
    ];
    for ((line, _), price) in sheet.lines.iter().zip(&set.prices) {
        if let Some(price) = price {
            writes.push(update("lines", *line).set("pricing", "fixed").set("unit_price", price.decimal()).into());
        }
    }
    Ok(reply::saved("revisions", id).with_writes(writes))
}
