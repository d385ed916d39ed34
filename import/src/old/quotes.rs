//! Estimates with their items and rooms. What was approved arrives as accepted, and what was sent as issued, with the total
//! that it had: where its lines come to something else by the arithmetic of here, the difference stands as an adjustment.

use super::tables::{ESTIMATES, Estimate, Project};
use super::{Desk, catalogue};
use crate::number::{Fine, money, rounded};
use crate::report::Weight;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value as Json, json};

/// What an item of an estimate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Material,
    Component,
    Default,
}

/// What an item names.
pub(crate) fn named(item: &Json) -> Option<(Kind, i64)> {
    let kind = match item["item_type"].as_str()?.trim().to_lowercase().as_str() {
        "material" => Kind::Material,
        "component" => Kind::Component,
        "estimate_default" | "estimatedefault" | "default" => Kind::Default,
        _ => return None,
    };
    let id = &item["item_id"];
    Some((kind, id.as_i64().or_else(|| id.as_str()?.trim().parse().ok())?))
}

/// What became of an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Draft,
    Issued,
    Accepted,
    Declined,
    Expired,
    Withdrawn,
}

impl End {
    fn of(text: &str) -> Option<Self> {
        let word: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        match word.as_str() {
            "" | "draft" | "pending" | "new" | "inprogress" | "inreview" | "underreview" => Some(Self::Draft),
            "sent" | "senttoclient" | "issued" | "submitted" | "viewed" => Some(Self::Issued),
            "approved" | "accepted" | "won" | "completed" | "converted" => Some(Self::Accepted),
            "rejected" | "declined" | "lost" => Some(Self::Declined),
            "expired" => Some(Self::Expired),
            "cancelled" | "canceled" | "withdrawn" => Some(Self::Withdrawn),
            _ => None,
        }
    }
}

/// An estimate on its way.
#[derive(Debug, Clone)]
pub(crate) struct Quote {
    /// What it was in the old system.
    pub(crate) row: i64,
    pub(crate) revision: String,
    pub(crate) estimate: Json,
    pub(crate) draft: Json,
    pub(crate) section: Json,
    pub(crate) lines: Vec<Json>,
    /// What it comes to with tax, where its lines come to something else.
    pub(crate) set_total: Option<i64>,
    /// Its states after a draft, each with what goes with it.
    pub(crate) steps: Vec<Json>,
    pub(crate) end: End,
    /// With tax, and before.
    pub(crate) total: i128,
    pub(crate) net: i128,
}

/// Stands for the tax code of a rate in records.
pub(crate) fn tax_mark(rate: i64) -> String {
    format!("\u{2}{rate}")
}

/// What items come to.
struct Sums {
    /// What the old system counted them as, in ten-thousandths, before what it put on top.
    old: i128,
    /// Before tax, in the smallest unit, as lines here come to.
    net: i128,
    lines: Vec<Json>,
}

fn with_tax(net: i128, rate: i64) -> i128 {
    net + rounded(net * i128::from(rate), 10_000)
}

pub(crate) fn plan(desk: &mut Desk<'_>) -> Vec<Quote> {
    let (old, firm) = (desk.old, desk.firm);
    let mut own: Vec<&Estimate> =
        old.estimates.iter().filter(|it| desk.belongs.estimates.get(&it.id) == Some(&firm)).collect();
    // Numbers are given in the order in which documents went out.
    own.sort_by_key(|estimate| (estimate.day, estimate.id));
    let (mut before, mut after, mut accepted) = (0, 0, (0, 0));
    let mut quotes = Vec::with_capacity(own.len());
    let mut items = (0, 0);
    for estimate in own {
        items.0 += estimate.items.len();
        let (quote, kept) = one(desk, estimate);
        items.1 += quote.lines.len();
        before += kept;
        after += quote.total;
        if quote.end == End::Accepted {
            accepted = (accepted.0 + kept, accepted.1 + quote.total);
        }
        quotes.push(quote);
    }
    desk.report.count("estimates", quotes.len(), quotes.len());
    desk.report.count("items of estimates", items.0, items.1);
    desk.money_total("totals of estimates", before, after, "drafts come to what their lines come to here");
    desk.money_total("totals of those approved", accepted.0, accepted.1, "");
    quotes
}

fn one(desk: &mut Desk<'_>, estimate: &Estimate) -> (Quote, i128) {
    let row = estimate.id;
    let at = |column| (ESTIMATES, row, column);
    let key = row.to_string();
    let (id, revision, section) = (
        desk.ids.of("estimates", &key, estimate.at),
        desk.ids.of("revisions", &key, estimate.at),
        desk.ids.of("sections", &key, estimate.at),
    );
    for (column, picture) in ["image_1", "image_2"].into_iter().zip(&estimate.pictures) {
        if let Some(picture) = picture.as_deref().filter(|path| !path.is_empty()) {
            let what = format!("the picture `{picture}` stays behind: put it to the project once that is there");
            desk.report.find(Weight::Left, ESTIMATES, row, column, what);
        }
    }
    let mut end = End::of(&estimate.status).unwrap_or_else(|| {
        let what = format!("`{}` is no state that is known: it comes as a draft", estimate.status);
        desk.report.find(Weight::Changed, ESTIMATES, row, "status", what);
        End::Draft
    });
    let rate = desk.bounded(estimate.markup, -10_000, 100_000, at("profit_margin"));
    let tax = desk.bounded(estimate.tax, 0, 10_000, at("income_tax"));
    desk.taxes.insert(tax);
    let mut sums = items(desk, estimate, &revision, &section, rate);
    let project = desk.old.project_of(row);
    // As the old system reckons: so much on top of the items, and tax on top of that.
    let over = sums.old * i128::from(10_000 + rate) * i128::from(10_000 + tax) * 10_i128.pow(desk.options.digits);
    let reckoned = rounded(over, 10_i128.pow(12));
    let kept = kept(desk, estimate, project, reckoned, end);
    if sums.lines.is_empty() && end != End::Draft {
        if kept == 0 {
            let what = "it has no items and no total: it comes as a draft";
            desk.report.find(Weight::Changed, ESTIMATES, row, "items", what);
            end = End::Draft;
        } else {
            let net = rounded(kept * 10_000, i128::from(10_000 + tax));
            let what = "it has no items: its total comes as one line";
            desk.report.find(Weight::Changed, ESTIMATES, row, "items", what);
            sums.lines.push(json!({
                "id": desk.ids.of("lines", &format!("{row}/total"), estimate.at), "revision": revision,
                "section": section, "description": "As in the old system", "quantity": "1", "pricing": "fixed",
                "unit_price": desk.decimal(net), "position": 10,
            }));
            sums.net = net;
        }
    }
    let comes = with_tax(sums.net, tax);
    let client = desk.client(&estimate.client, at("client_name"));
    let title = if estimate.project.is_empty() { "Estimate" } else { &estimate.project };
    let title = desk.cut(title, 200, at("project_name"));
    let mut quote = Quote {
        row,
        revision: revision.clone(),
        estimate: Json::Null,
        draft: json!({
            "id": revision, "estimate": id, "tax_code": tax_mark(tax), "deposit": 0,
            "introduction": (estimate.rooms.len() > 1).then(|| format!("Rooms: {}", estimate.rooms.join(", "))),
        }),
        section: json!({
            "id": section, "revision": revision, "position": 10,
            "title": match &estimate.rooms[..] { [room] => room.chars().take(200).collect(), _ => title.clone() },
            "location": (!estimate.rooms.is_empty()).then(|| estimate.rooms.join(", ").chars().take(200).collect::<String>()),
        }),
        lines: sums.lines,
        set_total: None,
        steps: steps(desk, estimate, project, &mut end),
        end,
        total: comes,
        net: sums.net,
    };
    if comes != kept {
        let digits = desk.options.digits;
        let (is, was) = (money(comes, digits), money(kept, digits));
        if end == End::Draft {
            let what = format!("its lines come to {is} here, to {was} in the old system");
            desk.report.find(Weight::Note, ESTIMATES, row, "items", what);
        } else {
            let what = format!(
                "its lines come to {is} here: its total stays {was}, with {} as an adjustment",
                money(kept - comes, digits)
            );
            desk.report.find(Weight::Note, ESTIMATES, row, "items", what);
            quote.set_total = i64::try_from(kept).ok();
            quote.total = kept;
            quote.net = rounded(kept * 10_000, i128::from(10_000 + tax));
        }
    }
    let mut notes: Vec<String> = estimate.notes.clone().into_iter().collect();
    let mut numbers: Vec<&str> =
        [&estimate.number, &estimate.serial].into_iter().flatten().map(String::as_str).collect();
    numbers.dedup();
    notes.push(format!("In the old system: {}, {}.", numbers.join(", "), money(kept, desk.options.digits)));
    let by = desk.person(estimate.by, at("created_by_id"));
    quote.estimate = json!({
        "id": id, "title": title, "client": client, "estimator": by, "currency": desk.options.currency,
        "notes": desk.cut(&notes.join("\n\n"), 10_000, at("notes")),
    });
    (quote, kept)
}

/// The total that the old system keeps: with the project that an estimate became, and nowhere else.
fn kept(desk: &mut Desk<'_>, estimate: &Estimate, project: Option<&Project>, reckoned: i128, end: End) -> i128 {
    let digits = desk.options.digits;
    let stored = project.and_then(|project| project.total).map(|total| total.minor(digits));
    let Some(stored) = stored.filter(|stored| *stored != 0 && end == End::Accepted) else { return reckoned };
    if stored != reckoned {
        let what = format!(
            "its items come to {} as the old system reckons, its project has {}: that is what was agreed",
            money(reckoned, digits),
            money(stored, digits)
        );
        desk.report.find(Weight::Note, ESTIMATES, estimate.id, "items", what);
    }
    stored
}

fn figure(item: &Json, name: &str) -> Option<Fine> {
    match &item[name] {
        // A float as it is written, which is the shortest that means it.
        Json::Number(number) => Fine::of(&number.to_string()),
        Json::String(text) => Fine::of(text),
        _ => None,
    }
}

fn items(desk: &mut Desk<'_>, estimate: &Estimate, revision: &str, section: &str, rate: i64) -> Sums {
    let row = estimate.id;
    let digits = desk.options.digits;
    let mut sums = Sums { old: 0, net: 0, lines: Vec::new() };
    for (place, item) in (1_i64..).zip(&estimate.items) {
        let say = |desk: &mut Desk<'_>, weight, what: String| {
            desk.report.find(weight, ESTIMATES, row, "items", format!("item {place}: {what}"));
        };
        if !item.is_object() {
            say(desk, Weight::Left, "is not an object".to_owned());
            continue;
        }
        let (mut name, mut unit, mut cost, mut of_catalogue) = (None, None, None, None);
        match named(item) {
            Some((Kind::Material, id)) => {
                if let Some(material) = desk.old.material(id) {
                    name = Some(material.name.clone());
                    unit = material.unit.as_deref().map(|unit| unit.chars().take(20).collect::<String>());
                    cost = Some(material.cost);
                    of_catalogue = catalogue::item(desk, id);
                }
            }
            Some((Kind::Component, id)) => {
                let component = desk.old.component(id);
                name = component.map(|it| it.name.clone());
                cost = component.map(|it| it.price);
            }
            Some((Kind::Default, id)) => name = desk.old.estimate_default(id).map(|it| it.name.clone()),
            None => say(desk, Weight::Changed, "does not say what it is: it comes by its notes".to_owned()),
        }
        let said = item["notes"].as_str().map(str::trim).filter(|notes| !notes.is_empty());
        if name.is_none() && named(item).is_some() {
            let what =
                format!("there is no {} {} any more", item["item_type"].as_str().unwrap_or("item"), item["item_id"]);
            say(desk, Weight::Changed, what);
        }
        let description = match (name, said) {
            (Some(name), Some(said)) => format!("{name}, {said}"),
            (Some(name), None) => name,
            (None, Some(said)) => said.to_owned(),
            (None, None) => format!("Item {place}"),
        };
        let total = figure(item, "item_total_cost");
        let quantity = figure(item, "quantity").unwrap_or_else(|| {
            say(desk, Weight::Changed, "has no quantity: it comes as one".to_owned());
            Fine::ONE
        });
        let price = figure(item, "unit_price").unwrap_or_else(|| {
            let from_total = total
                .filter(|_| quantity.0 != 0)
                .map(|total| Fine(rounded(total.0 * 10_000 * quantity.0.signum(), quantity.0.abs())));
            let price = from_total.or(cost).unwrap_or_default();
            say(desk, Weight::Changed, format!("has no unit price: it comes with {}", price.text()));
            price
        });
        let product = rounded(price.0 * quantity.0, 10_000);
        let counted = total.map_or(product, |total| total.0);
        let cent = 10_i128.pow(4 - digits.min(4));
        if (counted - product).abs() >= cent {
            let (is, was) = (Fine(product).text(), Fine(counted).text());
            say(
                desk,
                Weight::Note,
                format!("{} x {} is {is}, and was counted as {was}", quantity.text(), price.text()),
            );
        }
        sums.old += counted;
        sums.net += price.marked_up(rate, digits).amount(quantity, digits);
        sums.lines.push(json!({
            "id": desk.ids.of("lines", &format!("{row}/{place}"), estimate.at), "revision": revision, "section": section,
            "description": description.chars().take(500).collect::<String>(), "quantity": quantity.text(), "unit": unit,
            "unit_cost": price.text(), "pricing": "markup", "rate": rate, "position": place * 10, "item": of_catalogue,
        }));
    }
    if sums.lines.len() > MOST_LINES {
        let what = format!("it has {} items; those after the {MOST_LINES}th are left out", sums.lines.len());
        desk.report.find(Weight::Left, ESTIMATES, row, "items", what);
        sums.lines.truncate(MOST_LINES);
        sums.net = 0;
        for line in &sums.lines {
            let fine = |name: &str| line[name].as_str().and_then(Fine::of).unwrap_or_default();
            sums.net += fine("unit_cost").marked_up(rate, digits).amount(fine("quantity"), digits);
        }
    }
    sums
}

/// Lines of one revision at most.
const MOST_LINES: usize = 500;
/// Days for which an offer stands where it does not say.
const DAYS_VALID: i64 = 30;

/// The states that it had, at the moments when it had them.
fn steps(desk: &mut Desk<'_>, estimate: &Estimate, project: Option<&Project>, end: &mut End) -> Vec<Json> {
    let row = estimate.id;
    if *end == End::Draft {
        return Vec::new();
    }
    let today = desk.day(desk.options.now);
    let issued = estimate.day.filter(|day| *day <= today).map(|day| desk.noon(day)).or(estimate.at);
    let issued = issued.unwrap_or(desk.options.now).min(desk.options.now);
    let day = desk.day(issued);
    let later = |day: Date, days: i64| day.saturating_add(jiff::Span::new().days(days));
    // The old system does not keep when something was approved: its project was made then.
    let answered = project.and_then(|project| project.made.map(|day| desk.noon(day)).or(project.at));
    let guessed = answered.is_none();
    let answered = answered.or(estimate.changed).unwrap_or(issued).max(issued).min(desk.options.now);
    let mut until = estimate.until.unwrap_or(later(day, DAYS_VALID)).max(day);
    match *end {
        End::Accepted => until = until.max(desk.day(answered)),
        End::Issued if until < today => {
            let what = format!("it was valid up to {until}: it comes as expired");
            desk.report.find(Weight::Changed, ESTIMATES, row, "end_date", what);
            *end = End::Expired;
        }
        End::Expired if until >= today && day < today => until = later(today, -1),
        End::Expired if until >= today => *end = End::Issued,
        _ => {}
    }
    let mut steps = vec![json!({ "status": "issued", "at": issued.to_string(), "valid_until": until.to_string() })];
    let client = if estimate.client.is_empty() { "The client" } else { &estimate.client };
    match *end {
        End::Accepted => {
            if guessed {
                let day = desk.day(answered);
                let what = format!("when it was approved is not kept: it counts as of {day}, when it was last changed");
                desk.report.find(Weight::Note, ESTIMATES, row, "updated_at", what);
            }
            let make = desk.options.make_projects && project.is_none();
            steps.push(json!({
                "status": "accepted", "at": answered.to_string(), "answered_by": client, "make_project": make,
            }));
        }
        End::Declined => steps.push(json!({
            "status": "declined", "at": answered.to_string(), "answered_by": client, "reason": "Declined in the old system",
        })),
        End::Expired => steps.push(json!({ "status": "expired" })),
        End::Withdrawn => steps.push(json!({ "status": "withdrawn" })),
        End::Draft | End::Issued => {}
    }
    steps
}

impl Desk<'_> {
    fn bounded(&mut self, rate: i64, least: i64, most: i64, at: (&'static str, i64, &'static str)) -> i64 {
        let bounded = rate.clamp(least, most);
        if bounded != rate {
            let percent = |rate: i64| Fine(i128::from(rate) * 100).text();
            let what = format!("{} % comes as {} %, which is as far as it goes", percent(rate), percent(bounded));
            self.report.find(Weight::Changed, at.0, at.1, at.2, what);
        }
        bounded
    }

    /// An amount as a decimal.
    fn decimal(&self, minor: i128) -> String {
        Fine(minor * 10_i128.pow(4 - self.options.digits.min(4))).text()
    }

    fn noon(&self, day: Date) -> Timestamp {
        let noon = day.at(12, 0, 0, 0);
        self.options.zone.to_timestamp(noon).unwrap_or(self.options.now)
    }
}
