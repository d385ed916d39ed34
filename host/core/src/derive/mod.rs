//! Fields that are calculated: `quantity * unit_price` from a record's own fields, `sum(lines.amount)` from its parts.
//!
//! All of it is exact: numbers on the way are fractions, and the result is rounded once to what the field holds, half
//! away from zero. Where a value is missing, so is the result; what cannot be calculated at all (two currencies, more
//! than 64 bits) is a fault of the record.
//!
//! | what | is |
//! |---|---|
//! | `+ - * /`, parentheses, `7`, `0.5`, `10%` | arithmetic; a percent field counts as a number: `amount * tax` |
//! | `hours(duration)` | a duration as a number of hours, to multiply a rate by |
//! | `coalesce(a, b, …)` | the first that is there |
//! | `join(", ", a, b, …)` | texts and choices that are there, with the first text between them |
//! | `sum min max(lines.amount)`, `count(lines)` | over the parts that are not archived |

mod compile;
mod evaluate;
mod parse;
mod ratio;

pub use compile::{Compiled, compile};
pub use evaluate::{Trouble, derive, derive_whole};

use crate::descriptor::FieldKind;
use crate::name::{FieldName, LocalName};
use ratio::Ratio;

/// A calculated field as it is carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Derivation {
    /// The field's position.
    pub field: usize,
    /// Whether it depends on parts, by itself or through another field: then the commit calculates it.
    pub of_parts: bool,
    formula: Formula,
}

/// What is taken of the parts of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// The parts' collection, and the reference by which they are parts.
    pub collection: LocalName,
    pub via: FieldName,
    pub function: Function,
    /// What it is taken of; nothing for a count.
    pub field: Option<FieldName>,
    /// The type of what comes out.
    pub kind: FieldKind,
    /// Digits after the point, of a decimal.
    pub scale: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Sum,
    Count,
    Min,
    Max,
}

#[derive(Debug, Clone, PartialEq)]
enum Formula {
    Number(Ratio),
    Field(usize),
    /// An aggregate by its position among all of the collection.
    Parts(usize),
    Negated(Box<Formula>),
    Plus(Box<Formula>, Box<Formula>),
    Minus(Box<Formula>, Box<Formula>),
    Times(Box<Formula>, Box<Formula>),
    Over(Box<Formula>, Box<Formula>),
    Hours(Box<Formula>),
    Coalesce(Vec<Formula>),
    Join(String, Vec<Formula>),
}

/// What kind of thing a formula comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// A literal zero, which goes with every quantity.
    Zero,
    Number,
    Money,
    Duration,
    Text,
    Date,
    Instant,
}

impl Unit {
    const fn of(kind: FieldKind) -> Option<Self> {
        Some(match kind {
            FieldKind::Integer | FieldKind::Minutes | FieldKind::Decimal | FieldKind::Percent => Self::Number,
            FieldKind::Money => Self::Money,
            FieldKind::Duration => Self::Duration,
            FieldKind::Text | FieldKind::Choice => Self::Text,
            FieldKind::Date => Self::Date,
            FieldKind::Instant => Self::Instant,
            _ => return None,
        })
    }

    const fn named(self) -> &'static str {
        match self {
            Self::Zero | Self::Number => "a number",
            Self::Money => "money",
            Self::Duration => "a duration",
            Self::Text => "a text",
            Self::Date => "a date",
            Self::Instant => "an instant",
        }
    }

    const fn is_quantity(self) -> bool {
        matches!(self, Self::Zero | Self::Number | Self::Money | Self::Duration)
    }
}
