//! Carrying derivations out on the values of one record.

use super::ratio::{Ratio, TooLarge};
use super::{Derivation, Formula};
use crate::catalog::{Schema, SchemaField};
use crate::descriptor::{FieldKind, humanize};
use crate::error::Issue;
use crate::mutation::Fields;
use crate::record::check_value;
use crate::value::{Currency, Decimal, Money, Value};

/// Why a field cannot be calculated of a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("it would mix {0} and {1}")]
    Currencies(Currency, Currency),
    #[error("it is more than can be held")]
    TooLarge,
    /// A rule of the field itself, as a sentence.
    #[error("{0}")]
    Rule(String),
}

impl From<TooLarge> for Trouble {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

impl Trouble {
    /// As an issue at the field.
    pub fn issue(&self, field: &SchemaField, prefix: &str) -> Issue {
        let name = field.name.as_str();
        let title = field.field.title.clone().unwrap_or_else(|| humanize(name));
        Issue::new(format!("{prefix}/{name}"), "derived", format!("{title} cannot be calculated: {self}."))
    }
}

/// Calculates what a record's own fields give, each after what it depends on. What depends on parts is left as it is.
pub fn derive(schema: &Schema, fields: &mut Fields) -> Vec<(usize, Trouble)> {
    carry_out(schema, schema.derived.derivations.iter().filter(|it| !it.of_parts), fields, &[])
}

/// Calculates what depends on the parts, given the schema's aggregates of them in their order.
pub fn derive_whole(schema: &Schema, fields: &mut Fields, parts: &[Value]) -> Vec<(usize, Trouble)> {
    carry_out(schema, schema.derived.derivations.iter().filter(|it| it.of_parts), fields, parts)
}

fn carry_out<'a>(
    schema: &Schema,
    derivations: impl Iterator<Item = &'a Derivation>,
    fields: &mut Fields,
    parts: &[Value],
) -> Vec<(usize, Trouble)> {
    let mut troubles = Vec::new();
    for derivation in derivations {
        let Some(field) = schema.fields.get(derivation.field) else { continue };
        let told = Record { schema, fields, parts }.held(&derivation.formula).and_then(|held| held.into_value(field));
        let value = told.unwrap_or_else(|trouble| {
            troubles.push((derivation.field, trouble));
            Value::Null
        });
        fields.insert(field.name.as_str().to_owned(), value);
    }
    troubles
}

enum Held {
    Nothing,
    Quantity(Ratio, Option<Currency>),
    Text(String),
    /// A date or an instant, as it stands.
    Plain(Value),
}

struct Record<'a> {
    schema: &'a Schema,
    fields: &'a Fields,
    parts: &'a [Value],
}

impl Record<'_> {
    fn held(&self, formula: &Formula) -> Result<Held, Trouble> {
        Ok(match formula {
            Formula::Number(number) => Held::Quantity(*number, None),
            Formula::Field(index) => {
                let Some(field) = self.schema.fields.get(*index) else { return Ok(Held::Nothing) };
                held(field.field.kind, self.fields.get(field.name.as_str()))
            }
            Formula::Parts(index) => {
                let kind = self.schema.derived.aggregates.get(*index).map_or(FieldKind::Integer, |it| it.kind);
                held(kind, self.parts.get(*index))
            }
            Formula::Negated(inner) => match self.held(inner)? {
                Held::Quantity(number, currency) => Held::Quantity(number.negated()?, currency),
                other => other,
            },
            Formula::Hours(inner) => match self.held(inner)? {
                Held::Quantity(seconds, _) => match seconds.divided_by(Ratio::whole(3600))? {
                    Some(hours) => Held::Quantity(hours, None),
                    None => Held::Nothing,
                },
                other => other,
            },
            Formula::Plus(left, right) => {
                let Some((left, right, currency)) = self.two(left, right)? else { return Ok(Held::Nothing) };
                Held::Quantity(left.add(right)?, currency)
            }
            Formula::Minus(left, right) => {
                let Some((left, right, currency)) = self.two(left, right)? else { return Ok(Held::Nothing) };
                Held::Quantity(left.add(right.negated()?)?, currency)
            }
            Formula::Times(left, right) => {
                let Some((left, right, currency)) = self.two(left, right)? else { return Ok(Held::Nothing) };
                Held::Quantity(left.times(right)?, currency)
            }
            Formula::Over(left, right) => {
                let (Held::Quantity(left, one), Held::Quantity(right, other)) = (self.held(left)?, self.held(right)?)
                else {
                    return Ok(Held::Nothing);
                };
                let _ = common(one, other)?;
                match left.divided_by(right)? {
                    // Money over money is a number.
                    Some(number) => Held::Quantity(number, one.filter(|_| other.is_none())),
                    None => Held::Nothing,
                }
            }
            Formula::Coalesce(all) => {
                for formula in all {
                    match self.held(formula)? {
                        Held::Nothing => {}
                        found => return Ok(found),
                    }
                }
                Held::Nothing
            }
            Formula::Join(between, all) => {
                let mut texts = Vec::with_capacity(all.len());
                for formula in all {
                    if let Held::Text(text) = self.held(formula)? {
                        texts.push(text);
                    }
                }
                if texts.is_empty() { Held::Nothing } else { Held::Text(texts.join(between)) }
            }
        })
    }

    /// Two quantities, with the currency that they have in common.
    fn two(&self, left: &Formula, right: &Formula) -> Result<Option<(Ratio, Ratio, Option<Currency>)>, Trouble> {
        let (Held::Quantity(left, one), Held::Quantity(right, other)) = (self.held(left)?, self.held(right)?) else {
            return Ok(None);
        };
        Ok(Some((left, right, common(one, other)?)))
    }
}

fn common(one: Option<Currency>, other: Option<Currency>) -> Result<Option<Currency>, Trouble> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => Err(Trouble::Currencies(one, other)),
        (one, other) => Ok(one.or(other)),
    }
}

fn held(kind: FieldKind, value: Option<&Value>) -> Held {
    let fraction =
        |over: i128, under: i128| Ratio::new(over, under).map_or(Held::Nothing, |it| Held::Quantity(it, None));
    match (kind, value) {
        (FieldKind::Percent, Some(Value::Integer(points))) => fraction((*points).into(), 10_000),
        (_, Some(Value::Integer(number))) => Held::Quantity(Ratio::whole(*number), None),
        (_, Some(Value::Decimal(number))) => fraction(number.mantissa(), 10_i128.pow(number.scale())),
        (_, Some(Value::Money(money))) => Held::Quantity(Ratio::whole(money.minor), Some(money.currency)),
        (_, Some(Value::Text(text))) => Held::Text(text.clone()),
        (_, Some(value @ (Value::Date(_) | Value::Instant(_)))) => Held::Plain(value.clone()),
        _ => Held::Nothing,
    }
}

impl Held {
    /// As a field holds it: the one place where anything is rounded.
    fn into_value(self, field: &SchemaField) -> Result<Value, Trouble> {
        let scaled = |number: Ratio, by: i64| number.times(Ratio::whole(by))?.rounded();
        let mut value = match (self, field.field.kind) {
            (Self::Quantity(number, _), FieldKind::Integer | FieldKind::Duration | FieldKind::Minutes) => {
                Value::Integer(number.rounded()?)
            }
            (Self::Quantity(number, _), FieldKind::Percent) => Value::Integer(scaled(number, 10_000)?),
            (Self::Quantity(number, _), FieldKind::Decimal) => {
                let scale = u32::from(field.field.scale());
                Value::Decimal(Decimal::new(scaled(number, 10_i64.pow(scale))?, scale))
            }
            // Nothing of no currency: there was no amount at all.
            (Self::Quantity(number, Some(currency)), FieldKind::Money) => {
                Value::Money(Money { minor: number.rounded()?, currency })
            }
            (Self::Text(text), FieldKind::Text) => Value::Text(text),
            (Self::Plain(value), FieldKind::Date | FieldKind::Instant) => value,
            _ => Value::Null,
        };
        match check_value(field, &mut value, "") {
            None => Ok(value),
            Some(issue) => Err(Trouble::Rule(issue.message.trim_end_matches('.').to_owned())),
        }
    }
}
