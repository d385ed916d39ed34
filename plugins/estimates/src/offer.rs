//! What a client is shown of an issued document, as chosen: on their page and in the PDF, the same figures.

use crate::answering::Issued;
use crate::document::{Shows, figures};
use crate::pricing::Mode;
use crate::wording::{day, decimal, money};
use lignaflow_sdk::prelude::*;
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// Words and figures, all of them text, in the order in which they stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Offer {
    /// Where the firm is to be found, a line each: on paper alone.
    pub(crate) letterhead: Vec<String>,
    pub(crate) number: String,
    pub(crate) letter: String,
    pub(crate) title: String,
    pub(crate) site: Option<String>,
    pub(crate) client: Vec<String>,
    pub(crate) issued_on: String,
    pub(crate) valid_until: String,
    pub(crate) introduction: Option<String>,
    pub(crate) inclusions: Vec<String>,
    pub(crate) exclusions: Vec<String>,
    pub(crate) terms: Option<String>,
    pub(crate) sections: Vec<Part>,
    pub(crate) options: Vec<Choice>,
    pub(crate) totals: Vec<Amount>,
    pub(crate) total: Amount,
    pub(crate) payments: Vec<Amount>,
    pub(crate) document: String,
    pub(crate) signed: Option<Signed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Part {
    title: String,
    rows: Vec<Row>,
    total: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Row {
    description: String,
    quantity: String,
    price: String,
    amount: String,
}

/// An option, or one of a group of which exactly one is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Choice {
    id: Id,
    title: String,
    group: Option<String>,
    price: String,
    taken: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Amount {
    pub(crate) title: String,
    pub(crate) amount: String,
}

/// Whose word it is, and when it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Signed {
    pub(crate) name: String,
    pub(crate) on: String,
    pub(crate) how: String,
    /// The strokes of what was drawn, in the way of an SVG path over a field of 600 by 200.
    pub(crate) signature: Option<String>,
}

impl Offer {
    /// As it was offered, or as somebody chose.
    pub(crate) fn of(
        issued: &Issued,
        number: &str,
        chosen: Option<&BTreeSet<Id>>,
        home: Currency,
    ) -> Result<Self, Fault> {
        let document = &issued.document;
        let totals = document.totals(chosen)?;
        let priced = |minor| money(minor, document.currency, home);
        let lines = document.lines();
        let mut counts = totals.counted.iter().zip(&lines);
        let mut sections = Vec::new();
        let mut options = Vec::new();
        let mut rest = 0_i64;
        for (section, total) in document.sections.iter().zip(&totals.sections) {
            let mut rows = Vec::new();
            for entry in &section.lines {
                let Some((counted, line)) = counts.next() else { break };
                let Some(shown) = &entry.shown else { continue };
                let unit = shown.unit.as_deref().unwrap_or_default();
                let quantity = format!("{} {unit}", decimal(&shown.quantity)).trim().to_owned();
                let note = match shown.allowance.as_deref() {
                    Some("prime-cost") => " (prime cost allowance)",
                    Some("provisional-sum") => " (provisional sum)",
                    _ => "",
                };
                let description = format!("{}{note}", shown.description);
                if line.mode != Mode::Included {
                    options.push(Choice {
                        id: entry.id,
                        title: description.clone(),
                        group: entry.group.clone(),
                        price: priced(entry.amount),
                        taken: *counted,
                    });
                }
                if *counted && section.shows == Shows::Lines {
                    rows.push(Row {
                        description,
                        quantity,
                        price: decimal(&shown.unit_price),
                        amount: priced(entry.amount),
                    });
                }
            }
            match section.shows {
                Shows::Nothing => rest = rest.saturating_add(*total),
                _ if section.lines.is_empty() => {}
                _ => sections.push(Part { title: section.title.clone(), rows, total: priced(*total) }),
            }
        }
        // What is not told apart is in the total all the same, so that what is shown adds up.
        if rest != 0 {
            sections.push(Part { title: "Everything else".to_owned(), rows: Vec::new(), total: priced(rest) });
        }
        let mut rows: Vec<Amount> = figures(&totals, &document.taxes)
            .into_iter()
            .map(|figure| Amount { title: figure.title, amount: priced(figure.minor) })
            .collect();
        let mut total =
            rows.pop().unwrap_or_else(|| Amount { title: "Total".to_owned(), amount: priced(totals.total) });
        if let [tax] = document.taxes.as_slice() {
            total.title = format!("Total including {}", tax.name);
        } else if !document.taxes.is_empty() {
            "Total including tax".clone_into(&mut total.title);
        }
        let payments = document.payments(totals.total)?;
        Ok(Self {
            letterhead: Vec::new(),
            number: number.to_owned(),
            letter: document.letter.clone(),
            title: document.title.clone(),
            site: document.site.clone(),
            client: document.client.iter().flat_map(crate::document::Client::lines).collect(),
            issued_on: day(document.issued_on),
            valid_until: day(document.valid_until),
            introduction: document.introduction.clone(),
            inclusions: document.inclusions.clone(),
            exclusions: document.exclusions.clone(),
            terms: document.terms.clone(),
            sections,
            options,
            totals: rows,
            total,
            payments: payments
                .into_iter()
                .map(|payment| Amount { title: payment.title, amount: priced(payment.amount) })
                .collect(),
            document: issued.hash.get(..12).unwrap_or_default().to_owned(),
            signed: None,
        })
    }

    /// `Q-0042 A`.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.number, self.letter).trim().to_owned()
    }

    /// The client's page. `says` is where it stands; `route` is posted with what is ticked, while it can be; `files` can
    /// be opened, each with what it is called where it is not by its own name.
    pub(crate) fn sheet(&self, says: &[String], route: Option<&str>, files: &[(Id, &str)]) -> Json {
        let fact = |name: &str, value: &str| json!({ "name": name, "value": value });
        let mut facts = vec![fact("Quote", &self.name()), fact("Issued", &self.issued_on)];
        facts.push(fact("Valid until", &self.valid_until));
        facts.extend(self.client.first().map(|client| fact("For", client)));
        facts.extend(self.site.as_ref().map(|site| fact("Where", site)));
        facts.extend(
            self.payments.iter().filter(|it| it.title == "Deposit").map(|it| fact("Deposit to begin", &it.amount)),
        );
        let mut sections: Vec<Json> = self.sections.iter().map(Part::sheet).collect();
        if self.payments.len() > 1 {
            let rows: Vec<[&str; 2]> = self.payments.iter().map(|it| [it.title.as_str(), it.amount.as_str()]).collect();
            sections.push(json!({ "title": "When it is to be paid", "columns": ["", "Amount"], "rows": rows }));
        }
        for (title, words) in [("Included", &self.inclusions), ("Not included", &self.exclusions)] {
            if !words.is_empty() {
                let rows: Vec<[&str; 1]> = words.iter().map(|word| [word.as_str()]).collect();
                sections.push(json!({ "title": title, "rows": rows }));
            }
        }
        if let Some(terms) = &self.terms {
            sections.push(json!({ "title": "Terms", "text": terms }));
        }
        let mut totals = vec![json!({ "name": self.total.title, "value": self.total.amount, "grand": true })];
        totals.extend(self.totals.iter().map(|it| json!({ "name": it.title, "value": it.amount })));
        let text: Vec<&str> = says.iter().map(String::as_str).chain(self.introduction.as_deref()).collect();
        let choices: Vec<Json> =
            route.map(|route| self.options.iter().map(|choice| choice.sheet(route)).collect()).unwrap_or_default();
        let files: Vec<Json> = files.iter().map(|(file, title)| json!({ "file": file, "title": title })).collect();
        json!({
            "title": self.title, "text": text, "facts": facts, "sections": sections, "choices": choices,
            "totals": totals, "files": files, "notes": [format!("Document {}. Amounts of lines are before tax.", self.document)],
        })
    }
}

impl Part {
    fn sheet(&self) -> Json {
        let rows: Vec<[&str; 4]> = self
            .rows
            .iter()
            .map(|row| [&row.description, &row.quantity, &row.price, &row.amount].map(String::as_str))
            .collect();
        let columns: &[&str] = if rows.is_empty() { &[] } else { &["What", "Quantity", "Each", "Amount"] };
        json!({ "title": self.title, "columns": columns, "rows": rows, "total": self.total })
    }
}

impl Choice {
    fn sheet(&self, route: &str) -> Json {
        let text = self.group.as_deref().unwrap_or("Option");
        json!({
            "route": route, "name": "options", "value": self.id, "title": self.title, "text": text,
            "price": self.price, "checked": self.taken, "group": self.group,
        })
    }
}
