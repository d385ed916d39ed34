//! The client's document: what was issued, without costs, markups or margins. Its text is kept and hashed, and page, PDF
//! and acceptance read nothing else.

use crate::pricing::{self, Discount, Line, Mode, Payment, Stage, TaxMode, Terms, Totals};
use crate::sheet::{BALANCE, Sheet, misplaced, mode_of};
use lignaflow_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The form of the text. Fields stand in this order, which makes it canonical.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(crate) format: u32,
    pub(crate) revision: Id,
    pub(crate) estimate: Id,
    pub(crate) working: String,
    pub(crate) letter: String,
    pub(crate) title: String,
    pub(crate) site: Option<String>,
    pub(crate) client: Option<Client>,
    pub(crate) currency: Currency,
    pub(crate) issued_on: Date,
    pub(crate) valid_until: Date,
    pub(crate) introduction: Option<String>,
    pub(crate) inclusions: Vec<String>,
    pub(crate) exclusions: Vec<String>,
    pub(crate) terms: Option<String>,
    pub(crate) sections: Vec<Section>,
    pub(crate) taxes: Vec<TaxCode>,
    pub(crate) tax_by_line: bool,
    pub(crate) discount_rate: i64,
    pub(crate) discount: i64,
    pub(crate) adjustment: i64,
    pub(crate) rounding: i64,
    pub(crate) round_to: i64,
    pub(crate) stages: Vec<Part>,
    /// As it was offered, in minor units.
    pub(crate) total: i64,
    /// Files that go with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) drawings: Vec<Id>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) contact: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) tax_number: Option<String>,
}

impl Client {
    /// As it stands in an address field.
    pub(crate) fn lines(&self) -> Vec<String> {
        let contact = self.contact.iter().filter(|contact| **contact != self.name).map(|name| format!("Attn {name}"));
        let address = self.address.iter().flat_map(|text| text.lines().map(str::to_owned));
        std::iter::once(self.name.clone()).chain(contact).chain(address).chain(self.tax_number.clone()).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaxCode {
    pub(crate) name: String,
    pub(crate) rate: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) title: String,
    pub(crate) share: i64,
}

/// What the client sees of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Shows {
    Lines,
    Total,
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) location: Option<String>,
    pub(crate) shows: Shows,
    pub(crate) lines: Vec<Entry>,
}

/// A line. Of what the client does not see, only what it comes to: options and choices are always seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: Id,
    pub(crate) amount: i64,
    pub(crate) tax: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shown: Option<Shown>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) optional: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) ticked: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub(crate) description: String,
    pub(crate) quantity: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unit: Option<String>,
    pub(crate) unit_price: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) allowance: Option<String>,
}

fn lines_of(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn owned(fields: &Fields, name: &str) -> Option<String> {
    fields.text(name).map(str::to_owned)
}

/// A decimal as people write it: without zeros at its end, but with as many places as an amount has.
pub(crate) fn figure(decimal: Decimal, least: u32) -> String {
    let mut decimal = decimal.normalize();
    if decimal.scale() < least {
        decimal.rescale(least);
    }
    decimal.to_string()
}

impl Document {
    pub(crate) fn of(
        sheet: &Sheet,
        estimate: &Fields,
        client: Option<&Fields>,
        on: Date,
        until: Date,
    ) -> Result<Self, Fault> {
        let priced = sheet.priced()?;
        let used: BTreeSet<usize> = priced.iter().filter_map(|line| line.tax).collect();
        let places: BTreeMap<usize, usize> = used.iter().enumerate().map(|(at, code)| (*code, at)).collect();
        let digits = sheet.digits();
        let entry = |line: &Line, fields: &Fields, shows: Shows| {
            let seen = shows == Shows::Lines || line.mode != Mode::Included;
            let decimal = |name: &str| fields.decimal(name).unwrap_or_default();
            let allowance = fields.text("allowance").filter(|kind| *kind != "none");
            Entry {
                id: line.id,
                amount: line.amount,
                tax: line.tax.and_then(|code| places.get(&code).copied()),
                shown: seen.then(|| Shown {
                    description: owned(fields, "description").unwrap_or_default(),
                    quantity: figure(decimal("quantity"), 0),
                    unit: owned(fields, "unit"),
                    unit_price: figure(decimal("unit_price"), digits),
                    allowance: allowance.map(str::to_owned),
                }),
                group: if let Mode::Choice(group) = mode_of(fields) { Some(group) } else { None },
                optional: line.mode == Mode::Optional,
                ticked: line.ticked,
            }
        };
        let section = |(at, (_, fields)): (usize, &(Id, Fields))| {
            let shows = match fields.text("shows") {
                Some("total") => Shows::Total,
                Some("nothing") => Shows::Nothing,
                _ => Shows::Lines,
            };
            let mine = priced.iter().zip(&sheet.lines).filter(|(line, _)| line.section == at);
            Section {
                title: owned(fields, "title").unwrap_or_default(),
                location: owned(fields, "location"),
                shows,
                lines: mine.map(|(line, (_, fields))| entry(line, fields, shows)).collect(),
            }
        };
        let terms = sheet.terms();
        let minor = |name: &str| sheet.revision.money(name).map_or(0, |money| money.minor);
        Ok(Self {
            format: 1,
            revision: sheet.id,
            estimate: sheet.revision.reference("estimate").ok_or_else(|| Fault::not_found("estimate"))?,
            working: owned(estimate, "working").unwrap_or_default(),
            letter: owned(&sheet.revision, "letter").unwrap_or_default(),
            title: owned(estimate, "title").unwrap_or_default(),
            site: owned(estimate, "site"),
            client: client.map(|client| Client {
                name: owned(client, "name").unwrap_or_default(),
                contact: owned(client, "contact"),
                address: owned(client, "address"),
                tax_number: owned(client, "tax_number"),
            }),
            currency: sheet.currency,
            issued_on: on,
            valid_until: until,
            introduction: owned(&sheet.revision, "introduction"),
            inclusions: lines_of(sheet.revision.text("inclusions")),
            exclusions: lines_of(sheet.revision.text("exclusions")),
            terms: owned(&sheet.revision, "terms"),
            sections: sheet.sections.iter().enumerate().map(section).collect(),
            taxes: used
                .iter()
                .filter_map(|code| sheet.taxes.code(*code))
                .map(|(name, rate)| TaxCode { name: name.to_owned(), rate })
                .collect(),
            tax_by_line: terms.tax_mode == TaxMode::Line,
            discount_rate: if let Discount::Share(rate) = terms.discount { rate } else { 0 },
            discount: if let Discount::Amount(amount) = terms.discount { amount } else { 0 },
            adjustment: terms.adjustment,
            rounding: terms.rounding,
            round_to: minor("round_to"),
            stages: sheet.stages().into_iter().map(|Stage { title, share }| Part { title, share }).collect(),
            total: sheet.totals(None)?.total,
            drawings: estimate.references("drawings").to_vec(),
        })
    }

    /// The text that is kept, and its hash.
    pub(crate) fn sealed(&self) -> Result<(String, String), Fault> {
        let text = serde_json::to_string(self).map_err(|_| Fault::internal())?;
        let hash = hex::encode(Sha256::digest(&text));
        Ok((text, hash))
    }

    /// The document of a text, where that is what the hash was made of.
    pub(crate) fn opened(text: &str, hash: &str) -> Result<Self, Fault> {
        if hex::encode(Sha256::digest(text)) != hash {
            return Err(Fault::new(ErrorCode::Internal, "The document is not the one that was issued."));
        }
        serde_json::from_str(text).map_err(|_| Fault::internal())
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        let of = |(section, entry): (usize, &Entry)| Line {
            id: entry.id,
            section,
            amount: entry.amount,
            cost: 0,
            tax: entry.tax,
            mode: match (&entry.group, entry.optional) {
                (Some(group), _) => Mode::Choice(group.clone()),
                (None, true) => Mode::Optional,
                (None, false) => Mode::Included,
            },
            ticked: entry.ticked,
        };
        self.sections
            .iter()
            .enumerate()
            .flat_map(|(at, section)| section.lines.iter().map(move |line| (at, line)))
            .map(of)
            .collect()
    }

    /// What it comes to: as it was offered, or as somebody chose.
    pub(crate) fn totals(&self, chosen: Option<&BTreeSet<Id>>) -> Result<Totals, Fault> {
        let lines = self.lines();
        let counts = pricing::counted(&lines, chosen).map_err(misplaced)?;
        let terms = Terms {
            discount: match (self.discount_rate, self.discount) {
                (0, 0) => Discount::None,
                (0, amount) => Discount::Amount(amount),
                (rate, _) => Discount::Share(rate),
            },
            adjustment: self.adjustment,
            rounding: self.rounding,
            round_to: Some(self.round_to).filter(|step| *step > 0),
            tax_mode: if self.tax_by_line { TaxMode::Line } else { TaxMode::Document },
            taxes: self.taxes.iter().map(|code| code.rate).collect(),
        };
        Ok(pricing::totals(&lines, &counts, self.sections.len(), &terms)?)
    }

    pub(crate) fn payments(&self, total: i64) -> Result<Vec<Payment>, Fault> {
        let stages: Vec<Stage> =
            self.stages.iter().map(|part| Stage { title: part.title.clone(), share: part.share }).collect();
        Ok(pricing::payments(total, &stages, BALANCE)?)
    }

    /// Which options and choices count.
    pub(crate) fn taken(&self, totals: &Totals) -> Vec<Id> {
        let lines = self.lines();
        let taken = lines.iter().zip(&totals.counted).filter(|(line, counts)| **counts && line.mode != Mode::Included);
        taken.map(|(line, _)| line.id).collect()
    }
}

/// The rows below the lines, those that say something: from what the lines come to, down to the total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) title: String,
    pub(crate) minor: i64,
}

pub(crate) fn figures(totals: &Totals, taxes: &[TaxCode]) -> Vec<Figure> {
    let row = |name, title: &str, minor| Figure { name, title: title.to_owned(), minor };
    let mut rows = Vec::new();
    if totals.discount != 0 || totals.adjustment != 0 {
        rows.push(row("subtotal", "Lines", totals.subtotal));
    }
    if totals.discount != 0 {
        rows.push(row("discount", "Discount", -totals.discount));
    }
    if totals.adjustment != 0 {
        rows.push(row("adjustment", "Adjustment", totals.adjustment));
    }
    rows.push(row("net", "Before tax", totals.net));
    for (code, (base, tax)) in taxes.iter().zip(&totals.taxes) {
        if *base != 0 || *tax != 0 {
            rows.push(row("tax", &format!("{} {} %", code.name, percent(code.rate)), *tax));
        }
    }
    if totals.rounding != 0 {
        rows.push(row("rounding", "Rounding", totals.rounding));
    }
    rows.push(row("total", "Total", totals.total));
    rows
}

/// Basis points as people write them: 1250 is 12.5.
pub(crate) fn percent(points: i64) -> String {
    figure(Decimal::new(points, 2), 0)
}

pub(crate) fn payment_rows(payments: Vec<Payment>) -> Vec<Figure> {
    payments.into_iter().map(|Payment { title, amount }| Figure { name: "payment", title, minor: amount }).collect()
}
