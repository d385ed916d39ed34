//! Rules: what holds of a record and of who asks, in a line of `plugin.toml`.
//!
//! ```text
//! user = caller or project.members includes caller and has(approve)
//! ```
//!
//! | written | means |
//! |---|---|
//! | `status = open`, `start <= due`, `!=` `<` `>` `>=` | a field with a choice, a value or another field of its type |
//! | `status in (open, 'on hold')` | one of several |
//! | `members includes caller` | a list of references or people has it |
//! | `due is null`, `due is not null` | there is nothing, or something |
//! | `billable` | a field of true and false is true |
//! | `has(approve)`, `has(projects.close)`, `has(records.write)` | who asks holds a permission of this plugin, another or the host |
//! | `not`, `and`, `or`, parentheses | in this order of binding |
//! | `project.client.name` | through at most three references |
//! | `'text'`, `12.5`, `true`, `2026-11-23`, `12550 AUD`, `caller`, `today` | values; money in minor units |
//!
//! A comparison with nothing is false, also `!=`, as everywhere in the query tree; where nobody asks, `caller` is nothing.
//!
//! | step | here |
//! |---|---|
//! | text into a [`Rule`], and back | [`parse`](Rule::parse), `Display` |
//! | names into positions, values into the types of their fields | [`TypedRule`], made with the catalog |
//! | who asks into values, which leaves a predicate for a store, or nothing to ask | [`TypedRule::bind`] |

mod lex;
mod parse;
mod print;
mod typed;
mod world;

pub use typed::{Lookup, TypedRule, World};
pub(crate) use world::permissions;
pub(crate) use world::typed;
pub use world::{Loaded, faults};

use crate::query::Operator;
use crate::value::Money;
use std::fmt;

/// The longest text of a rule, in bytes, and the most parts that it is made of.
pub const MAX_BYTES: usize = 2000;
pub const MAX_PARTS: usize = 64;
/// How deep parentheses and `not` nest.
pub const MAX_NESTING: usize = 16;

/// A rule as it was written; names are still text.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// Every part holds.
    All(Vec<Rule>),
    /// Some part holds.
    Any(Vec<Rule>),
    Not(Box<Rule>),
    /// A field of true and false is true.
    Holds(Path),
    Compare {
        path: Path,
        operator: Operator,
        with: Term,
    },
    Within {
        path: Path,
        among: Vec<Term>,
    },
    Includes {
        path: Path,
        member: Term,
    },
    IsNull(Path),
    /// Who asks holds a permission.
    Has(Path),
    Constant(bool),
}

/// A name as it was written, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    pub text: String,
    pub at: Place,
}

/// What a field is compared with, and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    pub value: TermValue,
    pub at: Place,
}

#[derive(Debug, Clone, PartialEq)]
pub enum TermValue {
    /// A choice, or the path of another field: the field that it is compared with says which.
    Word(String),
    Text(String),
    /// Digits with an optional sign and point.
    Number(String),
    Money(Money),
    /// Days since 1970-01-01.
    Date(i32),
    Boolean(bool),
    Caller,
    Today,
}

/// The character of a rule's text, from 1. Two rules are equal that differ in their spacing alone.
#[derive(Debug, Clone, Copy, Eq)]
pub struct Place(pub usize);

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What is wrong with a rule, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct RuleFault {
    pub at: usize,
    pub message: String,
}

impl fmt::Display for RuleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "character {}: {}", self.at, self.message)
    }
}

impl RuleFault {
    fn new(at: Place, message: impl Into<String>) -> Self {
        Self { at: at.0, message: message.into() }
    }
}

impl Rule {
    /// Reads a rule. The first fault ends the reading.
    pub fn parse(text: &str) -> Result<Self, RuleFault> {
        parse::parse(text)
    }
}

#[cfg(test)]
mod tests;
