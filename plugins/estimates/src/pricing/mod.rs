//! Money that foots: what lines come to, what a document comes to, and how it is paid. Whole numbers throughout; the
//! only rounding is [`rounded`], half away from zero, so that a variation that takes work out mirrors the one that put it
//! in.
//!
//! | module | holds |
//! |---|---|
//! | [`number`] | the rounding, figures of four places, and shares that add up to the whole |
//! | [`line`] | markup, margin and fixed prices; the amount of a line |
//! | [`sheet`] | options and choices, discount, tax, rounding: the totals |
//! | [`target`] | "set the total to…" |
//! | [`schedule`] | deposit, stages and balance |
//!
//! Amounts are minor units of the document's currency; prices and quantities have four places; percentages are basis
//! points.

mod line;
mod number;
mod schedule;
mod sheet;
mod target;
#[cfg(test)]
mod tests;

pub(crate) use line::{Pricing, amount, margin_of, unit_price, with_waste};
pub(crate) use number::{Fine, TooLarge, rounded};
pub(crate) use schedule::{Payment, Stage, payments};
pub(crate) use sheet::{Choosing, Discount, Line, Mode, TaxMode, Terms, Totals, counted, totals};
pub(crate) use target::{Scalable, set_total};
