//! A revision with all that belongs to it, as it is stored or as a batch is about to leave it, and what it comes to.

use crate::pricing::{
    self, Choosing, Discount, Fine, Line, Mode, Payment, Pricing, Scalable, Stage, TaxMode, Terms, TooLarge, Totals,
};
use lignaflow_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What the last payment is called where shares leave something over.
pub(crate) const BALANCE: &str = "Balance";
/// Lines of one revision at most, and sections.
pub(crate) const MOST_LINES: usize = 500;
const MOST_SECTIONS: usize = 100;

pub(crate) const REVISION: [&str; 23] = [
    "estimate",
    "name",
    "letter",
    "status",
    "valid_until",
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
    "hash",
    "net",
    "total",
    "issued_at",
    "start",
    "finish",
];
pub(crate) const SECTION: [&str; 8] =
    ["revision", "title", "position", "location", "shows", "start", "due", "assignees"];
pub(crate) const LINE: [&str; 22] = [
    "revision",
    "section",
    "position",
    "kind",
    "description",
    "quantity",
    "unit",
    "unit_cost",
    "pricing",
    "rate",
    "unit_price",
    "amount",
    "cost",
    "tax_code",
    "labour_minutes",
    "labour_cost",
    "mode",
    "choice_group",
    "ticked",
    "allowance",
    "item",
    "id",
];

/// A revision and its parts, in their order.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    pub(crate) id: Id,
    pub(crate) revision: Fields,
    pub(crate) currency: Currency,
    /// The revision of its estimate that was accepted, where one was.
    pub(crate) accepted: Option<Id>,
    pub(crate) sections: Vec<(Id, Fields)>,
    pub(crate) lines: Vec<(Id, Fields)>,
    pub(crate) payments: Vec<(Id, Fields)>,
    pub(crate) taxes: Taxes,
}

/// The tax codes of the organization.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taxes {
    codes: Vec<(Id, String, i64)>,
    standard: Option<Id>,
}

impl Taxes {
    pub(crate) fn load() -> Result<Self, Fault> {
        let page =
            records::find(select("tax-codes").as_plugin().columns(["id", "name", "rate", "standard"]).sort("name"))?;
        let mut taxes = Self::default();
        for row in page.records() {
            let Some(id) = row.reference("id") else { continue };
            if row.boolean("standard") == Some(true) {
                taxes.standard = Some(id);
            }
            taxes.codes.push((id, row.text("name").unwrap_or_default().to_owned(), row.integer("rate").unwrap_or(0)));
        }
        Ok(taxes)
    }

    /// The code of a line: its own, the revision's, or the standard one.
    pub(crate) fn of(&self, line: &Fields, revision: &Fields) -> Option<usize> {
        let named = line.reference("tax_code").or(revision.reference("tax_code")).or(self.standard)?;
        self.codes.iter().position(|(id, ..)| *id == named)
    }

    pub(crate) fn code(&self, index: usize) -> Option<(&str, i64)> {
        self.codes.get(index).map(|(_, name, rate)| (name.as_str(), *rate))
    }

    pub(crate) fn rates(&self) -> Vec<i64> {
        self.codes.iter().map(|(.., rate)| *rate).collect()
    }
}

pub(crate) fn too_large() -> Fault {
    Fault::at("", "too-large", "An amount is beyond what can be kept: 64 bits of its smallest unit.")
}

impl From<TooLarge> for Fault {
    fn from(_: TooLarge) -> Self {
        too_large()
    }
}

fn ordered(collection: &str, columns: &[&str], revision: Id, most: usize) -> Result<Vec<(Id, Fields)>, Fault> {
    let mut names: Vec<&str> = columns.to_vec();
    if !names.contains(&"id") {
        names.push("id");
    }
    let asked = select(collection)
        .as_plugin()
        .columns(names)
        .filter(field("revision").eq(revision))
        .sort("position")
        .sort("id");
    let found = records::find_all(asked, most)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, format!("A revision has at most {most} {collection}.")))?;
    Ok(found.into_iter().filter_map(|fields| Some((fields.reference("id")?, fields))).collect())
}

impl Sheet {
    /// A revision as it is stored; `None` where there is none.
    pub(crate) fn load(id: Id) -> Result<Option<Self>, Fault> {
        let Some(revision) = records::get("revisions", id, &REVISION)? else { return Ok(None) };
        Self::with(id, revision).map(Some)
    }

    /// With the revision as it is about to be.
    pub(crate) fn with(id: Id, revision: Fields) -> Result<Self, Fault> {
        let estimate = match revision.reference("estimate") {
            Some(estimate) => records::get("estimates", estimate, &["currency", "client", "accepted"])?,
            None => None,
        };
        let estimate = estimate.unwrap_or_default();
        Ok(Self {
            id,
            revision,
            currency: currency_of_fields(&estimate)?,
            accepted: estimate.reference("accepted"),
            sections: ordered("sections", &SECTION, id, MOST_SECTIONS)?,
            lines: ordered("lines", &LINE, id, MOST_LINES)?,
            payments: ordered("payments", &["title", "share", "position"], id, 20)?,
            taxes: Taxes::load()?,
        })
    }

    /// In the order of sections, and within these of lines.
    pub(crate) fn sort(&mut self) {
        let place = |(id, fields): &(Id, Fields)| (fields.integer("position").unwrap_or(i64::MAX), *id);
        self.sections.sort_by_key(place);
        self.lines.sort_by_key(place);
        self.payments.sort_by_key(place);
        let order: BTreeMap<Id, usize> = self.sections.iter().enumerate().map(|(at, (id, _))| (*id, at)).collect();
        self.lines.sort_by_key(|(_, line)| line.reference("section").and_then(|id| order.get(&id)).copied());
    }

    pub(crate) fn digits(&self) -> u32 {
        self.currency.minor_digits()
    }

    pub(crate) fn money(&self, minor: i64) -> Money {
        Money { minor, currency: self.currency }
    }

    pub(crate) fn is_draft(&self) -> bool {
        self.revision.text("status").unwrap_or("draft") == "draft"
    }

    fn section_of(&self, line: &Fields) -> usize {
        let id = line.reference("section");
        self.sections.iter().position(|(section, _)| Some(*section) == id).unwrap_or_default()
    }

    pub(crate) fn priced(&self) -> Result<Vec<Line>, Fault> {
        self.lines
            .iter()
            .map(|(id, line)| {
                let price = price_of(line, self.digits())?;
                Ok(Line {
                    id: *id,
                    section: self.section_of(line),
                    amount: price.amount,
                    cost: price.cost,
                    tax: self.taxes.of(line, &self.revision),
                    mode: mode_of(line),
                    ticked: line.boolean("ticked") == Some(true),
                })
            })
            .collect()
    }

    pub(crate) fn terms(&self) -> Terms {
        let minor = |name: &str| self.revision.money(name).map_or(0, |money| money.minor);
        let discount = match self.revision.integer("discount_rate") {
            Some(rate) if rate != 0 => Discount::Share(rate),
            _ if minor("discount") != 0 => Discount::Amount(minor("discount")),
            _ => Discount::None,
        };
        Terms {
            discount,
            adjustment: minor("adjustment"),
            rounding: minor("rounding"),
            round_to: Some(minor("round_to")).filter(|step| *step > 0),
            tax_mode: if self.revision.text("tax_mode") == Some("line") { TaxMode::Line } else { TaxMode::Document },
            taxes: self.taxes.rates(),
        }
    }

    /// The least that the lines come to, whatever a client ticks and chooses.
    pub(crate) fn least(&self) -> Result<i64, Fault> {
        let mut least: i64 = 0;
        let mut choices: BTreeMap<String, i64> = BTreeMap::new();
        for line in self.priced()? {
            match line.mode {
                Mode::Included => least = least.saturating_add(line.amount),
                Mode::Optional => least = least.saturating_add(line.amount.min(0)),
                Mode::Choice(group) => {
                    let cheapest = choices.entry(group).or_insert(line.amount);
                    *cheapest = line.amount.min(*cheapest);
                }
            }
        }
        Ok(choices.into_values().fold(least, i64::saturating_add))
    }

    /// What is to be said of a discount that is more than what it is taken off.
    pub(crate) fn discount_beyond(&self) -> Result<Option<String>, Fault> {
        let (Discount::Amount(discount), least) = (self.terms().discount, self.least()?) else { return Ok(None) };
        let shown = |minor| crate::wording::money(minor, self.currency, self.currency);
        Ok((discount > least.max(0)).then(|| {
            format!(
                "The discount of {} is more than the lines come to at the least, {}: make it less, or a share.",
                shown(discount),
                shown(least)
            )
        }))
    }

    pub(crate) fn totals(&self, chosen: Option<&BTreeSet<Id>>) -> Result<Totals, Fault> {
        let lines = self.priced()?;
        let counts = pricing::counted(&lines, chosen).map_err(misplaced)?;
        Ok(pricing::totals(&lines, &counts, self.sections.len(), &self.terms())?)
    }

    /// Quantity and price of the lines over which a set total is spread: all but allowances.
    pub(crate) fn scalable(&self) -> Result<Vec<Option<Scalable>>, Fault> {
        self.lines
            .iter()
            .map(|(_, line)| {
                if is_allowance(line) {
                    return Ok(None);
                }
                let price = price_of(line, self.digits())?;
                Ok(Some(Scalable { quantity: price.quantity, price: price.unit }))
            })
            .collect()
    }

    pub(crate) fn labour(&self, counted: &[bool]) -> i64 {
        self.lines.iter().zip(counted).filter(|(_, counted)| **counted).map(|((_, line), _)| minutes_of(line)).sum()
    }

    pub(crate) fn stages(&self) -> Vec<Stage> {
        let deposit = self.revision.integer("deposit").filter(|share| *share > 0);
        let deposit = deposit.map(|share| Stage { title: "Deposit".to_owned(), share });
        let stage = |fields: &Fields| Stage {
            title: fields.text("title").unwrap_or_default().to_owned(),
            share: fields.integer("share").unwrap_or(0),
        };
        deposit.into_iter().chain(self.payments.iter().map(|(_, fields)| stage(fields))).collect()
    }

    pub(crate) fn payments(&self, total: i64) -> Result<Vec<Payment>, Fault> {
        Ok(pricing::payments(total, &self.stages(), BALANCE)?)
    }
}

/// The currency of an estimate: its own, its client's, or the organization's.
pub(crate) fn currency_of_fields(estimate: &Fields) -> Result<Currency, Fault> {
    let read = |fields: &Fields| fields.text("currency").and_then(|text| text.trim().to_ascii_uppercase().parse().ok());
    if let Some(own) = read(estimate) {
        return Ok(own);
    }
    let client = match estimate.reference("client") {
        Some(client) => records::get("projects/clients", client, &["currency"])?,
        None => None,
    };
    Ok(client.as_ref().and_then(read).unwrap_or(context::caller()?.currency))
}

pub(crate) fn is_allowance(line: &Fields) -> bool {
    line.text("kind") == Some("allowance") || line.text("allowance").is_some_and(|kind| kind != "none")
}

pub(crate) fn mode_of(line: &Fields) -> Mode {
    match line.text("mode") {
        Some("optional") => Mode::Optional,
        Some("choice") => Mode::Choice(line.text("choice_group").unwrap_or_default().trim().to_owned()),
        _ => Mode::Included,
    }
}

/// Minutes of labour of a line: of one unit, as many times as it has units.
pub(crate) fn minutes_of(line: &Fields) -> i64 {
    let each = i128::from(line.integer("labour_minutes").unwrap_or(0));
    let quantity = line.decimal("quantity").and_then(|it| Fine::of_decimal(it).ok()).unwrap_or_default();
    let minutes = pricing::rounded(each * i128::from(quantity.get()), i128::from(Fine::ONE.get()));
    minutes.and_then(|minutes| i64::try_from(minutes).ok()).unwrap_or(0)
}

/// What a line costs, in minor units: its labour, and all else. Together they are its cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LineCost {
    pub(crate) labour: i64,
    pub(crate) other: i64,
}

/// Of a line of labour, all of its cost is labour; of another, what it says, but never more than it costs.
pub(crate) fn cost_of(line: &Fields, digits: u32) -> LineCost {
    let cost = line.money("cost").map_or(0, |cost| cost.minor);
    let labour = if line.text("kind") == Some("labour") {
        cost
    } else {
        let fine = |name: &str| line.decimal(name).and_then(|it| Fine::of_decimal(it).ok()).unwrap_or_default();
        let labour = pricing::amount(fine("quantity"), fine("labour_cost"), digits).unwrap_or(cost);
        labour.clamp(cost.min(0), cost.max(0))
    };
    LineCost { labour, other: cost - labour }
}

/// What a line comes to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Price {
    pub(crate) quantity: Fine,
    pub(crate) unit: Fine,
    pub(crate) amount: i64,
    pub(crate) cost: i64,
}

pub(crate) fn price_of(line: &Fields, digits: u32) -> Result<Price, TooLarge> {
    let fine = |name: &str| line.decimal(name).map_or(Ok(Fine::default()), Fine::of_decimal);
    let (quantity, cost) = (fine("quantity")?, fine("unit_cost")?);
    let rate = line.integer("rate").unwrap_or(0);
    let pricing = match line.text("pricing") {
        Some("margin") => Pricing::Margin(rate),
        Some("fixed") => Pricing::Fixed(fine("unit_price")?),
        _ => Pricing::Markup(rate),
    };
    let unit = pricing::unit_price(cost, pricing, digits)?;
    Ok(Price {
        quantity,
        unit,
        amount: pricing::amount(quantity, unit, digits)?,
        cost: pricing::amount(quantity, cost, digits)?,
    })
}

/// What is wrong with a choice, at the place where it was made.
pub(crate) fn misplaced(wrong: Choosing) -> Fault {
    match wrong {
        Choosing::Unknown(id) => {
            Fault::at("/chosen", "unknown-choice", format!("{id} is no option or choice of this document."))
        }
        Choosing::Group(group, 0) => Fault::at("/chosen", "choice", format!("Choose one of {group}.")),
        Choosing::Group(group, _) => Fault::at("/chosen", "choice", format!("Choose only one of {group}.")),
        Choosing::TooLarge => too_large(),
    }
}
