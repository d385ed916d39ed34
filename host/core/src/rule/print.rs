//! A rule as text. What is printed reads as the same rule.

use super::{Rule, Term, TermValue};
use std::fmt::{self, Display, Formatter};

impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) => joined(f, parts, " and ", |part| matches!(part, Self::Any(_))),
            Self::Any(parts) => joined(f, parts, " or ", |_| false),
            Self::Not(inner) => match &**inner {
                Self::IsNull(path) => write!(f, "{} is not null", path.text),
                Self::All(_) | Self::Any(_) => write!(f, "not ({inner})"),
                _ => write!(f, "not {inner}"),
            },
            Self::Holds(path) => f.write_str(&path.text),
            Self::Compare { path, operator, with } => write!(f, "{} {} {with}", path.text, operator.sign()),
            Self::Within { path, among } => {
                write!(f, "{} in (", path.text)?;
                for (index, term) in among.iter().enumerate() {
                    write!(f, "{}{term}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
            Self::Includes { path, member } => write!(f, "{} includes {member}", path.text),
            Self::IsNull(path) => write!(f, "{} is null", path.text),
            Self::Has(permission) => write!(f, "has({})", permission.text),
            Self::Constant(truth) => write!(f, "{truth}"),
        }
    }
}

fn joined(f: &mut Formatter<'_>, parts: &[Rule], with: &str, enclosed: fn(&Rule) -> bool) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(with)?;
        }
        if enclosed(part) { write!(f, "({part})")? } else { write!(f, "{part}")? }
    }
    Ok(())
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.value {
            TermValue::Word(word) => f.write_str(word),
            TermValue::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            TermValue::Number(number) => f.write_str(number),
            TermValue::Money(money) => write!(f, "{} {}", money.minor, money.currency),
            TermValue::Date(days) => f.write_str(&crate::value::date_text(*days)),
            TermValue::Boolean(truth) => write!(f, "{truth}"),
            TermValue::Caller => f.write_str("caller"),
            TermValue::Today => f.write_str("today"),
        }
    }
}
