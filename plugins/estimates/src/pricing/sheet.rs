//! What a document comes to: options and choices, discount before tax, tax, rounding.

use super::number::{TooLarge, apportioned, narrow, rounded};
use lignaflow_sdk::Id;
use std::collections::{BTreeMap, BTreeSet};

/// Whether a line counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    Included,
    /// The client may take it.
    Optional,
    /// The client takes one of the group.
    Choice(String),
}

/// A line as the totals know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) id: Id,
    /// The position of its section.
    pub(crate) section: usize,
    pub(crate) amount: i64,
    pub(crate) cost: i64,
    /// The position of its tax code in [`Terms::taxes`]; none where it is not taxed.
    pub(crate) tax: Option<usize>,
    pub(crate) mode: Mode,
    /// As it was offered: an option that is ticked to begin with, the first choice.
    pub(crate) ticked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TaxMode {
    /// Rounded once for each tax code.
    #[default]
    Document,
    /// Rounded line by line.
    Line,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Discount {
    #[default]
    None,
    /// Basis points of what the lines come to.
    Share(i64),
    Amount(i64),
}

/// What holds of the document as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Terms {
    pub(crate) discount: Discount,
    /// Added before tax, so that the total is what it was set to.
    pub(crate) adjustment: i64,
    /// Added after tax, where no amount before tax comes to what the total was set to.
    pub(crate) rounding: i64,
    /// The total is a multiple of this.
    pub(crate) round_to: Option<i64>,
    pub(crate) tax_mode: TaxMode,
    /// Rates of the tax codes, in basis points.
    pub(crate) taxes: Vec<i64>,
}

/// Everything a document shows below its lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Totals {
    /// Which lines count, in their order.
    pub(crate) counted: Vec<bool>,
    /// By section.
    pub(crate) sections: Vec<i64>,
    pub(crate) subtotal: i64,
    /// As it is taken off.
    pub(crate) discount: i64,
    pub(crate) adjustment: i64,
    /// Before tax.
    pub(crate) net: i64,
    /// Base and tax of each code.
    pub(crate) taxes: Vec<(i64, i64)>,
    pub(crate) tax: i64,
    pub(crate) rounding: i64,
    pub(crate) total: i64,
    pub(crate) cost: i64,
}

/// What is wrong with what somebody chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choosing {
    /// Not a line that can be chosen.
    Unknown(Id),
    /// None or several of a group.
    Group(String, usize),
    TooLarge,
}

impl From<TooLarge> for Choosing {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

/// Which lines count: as offered, or as somebody chose.
pub(crate) fn counted(lines: &[Line], chosen: Option<&BTreeSet<Id>>) -> Result<Vec<bool>, Choosing> {
    let Some(chosen) = chosen else { return Ok(as_offered(lines)) };
    for id in chosen {
        if !lines.iter().any(|line| line.id == *id && line.mode != Mode::Included) {
            return Err(Choosing::Unknown(*id));
        }
    }
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines {
        if let Mode::Choice(group) = &line.mode {
            *groups.entry(group).or_default() += usize::from(chosen.contains(&line.id));
        }
    }
    if let Some((group, count)) = groups.into_iter().find(|(_, count)| *count != 1) {
        return Err(Choosing::Group(group.to_owned(), count));
    }
    Ok(lines.iter().map(|line| line.mode == Mode::Included || chosen.contains(&line.id)).collect())
}

/// Of each group the one that is ticked, or its first where none is.
fn as_offered(lines: &[Line]) -> Vec<bool> {
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for ticked in [true, false] {
        for (index, line) in lines.iter().enumerate() {
            if let Mode::Choice(group) = &line.mode
                && line.ticked == ticked
            {
                first.entry(group).or_insert(index);
            }
        }
    }
    let counts = |(index, line): (usize, &Line)| match &line.mode {
        Mode::Included => true,
        Mode::Optional => line.ticked,
        Mode::Choice(group) => first.get(group.as_str()) == Some(&index),
    };
    lines.iter().enumerate().map(counts).collect()
}

fn sum(amounts: impl IntoIterator<Item = i64>) -> Result<i64, TooLarge> {
    amounts.into_iter().try_fold(0_i64, i64::checked_add).ok_or(TooLarge)
}

/// What the lines that count come to.
pub(crate) fn totals(lines: &[Line], counts: &[bool], sections: usize, terms: &Terms) -> Result<Totals, TooLarge> {
    let taken: Vec<&Line> = lines.iter().zip(counts).filter(|(_, counts)| **counts).map(|(line, _)| line).collect();
    let amounts: Vec<i64> = taken.iter().map(|line| line.amount).collect();
    let subtotal = sum(amounts.iter().copied())?;
    let of_section = |at: usize| sum(taken.iter().filter(|line| line.section == at).map(|line| line.amount));
    let sections = (0..sections).map(of_section).collect::<Result<Vec<_>, _>>()?;

    let discount = match terms.discount {
        Discount::None => 0,
        Discount::Share(rate) => narrow(rounded(i128::from(subtotal) * i128::from(rate), 10_000))?,
        Discount::Amount(amount) => amount,
    };
    let sizes: Vec<i64> = amounts.iter().map(|amount| amount.saturating_abs()).collect();
    // A share of everything is the same share of each line; an amount is carried by lines as they are large.
    let off = apportioned(discount, if matches!(terms.discount, Discount::Share(_)) { &amounts } else { &sizes })?;
    let on = apportioned(terms.adjustment, &sizes)?;
    let bases = amounts
        .iter()
        .zip(off.iter().zip(&on))
        .map(|(amount, (off, on))| amount.checked_sub(*off)?.checked_add(*on))
        .collect::<Option<Vec<_>>>()
        .ok_or(TooLarge)?;
    let net = subtotal.checked_sub(discount).and_then(|net| net.checked_add(terms.adjustment)).ok_or(TooLarge)?;

    let mut taxes = Vec::with_capacity(terms.taxes.len());
    for (code, rate) in terms.taxes.iter().enumerate() {
        let mine: Vec<i64> =
            taken.iter().zip(&bases).filter(|(line, _)| line.tax == Some(code)).map(|(_, base)| *base).collect();
        let base = sum(mine.iter().copied())?;
        let of = |base: i64| narrow(rounded(i128::from(base) * i128::from(*rate), 10_000));
        let tax = match terms.tax_mode {
            TaxMode::Document => of(base)?,
            TaxMode::Line => sum(mine.into_iter().map(of).collect::<Result<Vec<_>, _>>()?)?,
        };
        taxes.push((base, tax));
    }
    let tax = sum(taxes.iter().map(|(_, tax)| *tax))?;
    let exact = sum([net, tax, terms.rounding])?;
    let total = match terms.round_to.filter(|step| *step > 0) {
        Some(step) => narrow(rounded(exact.into(), step.into()).and_then(|steps| steps.checked_mul(i128::from(step))))?,
        None => exact,
    };
    let rounding = sum([total, -net, -tax])?;
    Ok(Totals {
        cost: sum(taken.iter().map(|line| line.cost))?,
        counted: counts.to_vec(),
        adjustment: terms.adjustment,
        sections,
        subtotal,
        discount,
        net,
        taxes,
        tax,
        rounding,
        total,
    })
}
