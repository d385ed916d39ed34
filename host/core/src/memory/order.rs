//! How values compare and sort, as every store must have it.

use crate::bound::BoundPath;
use crate::descriptor::FieldKind;
use crate::fold::fold;
use crate::query::Operator;
use crate::value::{Currency, Decimal, Value};
use std::cmp::Ordering;

/// A value as it sorts. Keys of one path are all of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Boolean(bool),
    /// Whole numbers, dates, instants; of a choice its place among those declared.
    Number(i64),
    Decimal(Decimal),
    /// Folded.
    Text(String),
    Money(Currency, i64),
    Id([u8; 16]),
}

/// What a value sorts by; `None` of nothing, of lists and JSON, and of a choice that is no longer declared.
pub(super) fn key(path: &BoundPath, value: &Value) -> Option<Key> {
    Some(match value {
        Value::Text(text) if path.kind() == FieldKind::Choice => {
            let rank = path.field()?.field.of.iter().position(|choice| choice == text)?;
            Key::Number(i64::try_from(rank).unwrap_or(i64::MAX))
        }
        Value::Text(text) => Key::Text(path.folded(text)),
        other => plain_key(other)?,
    })
}

/// The same of a value that belongs to no field: choices sort as texts do.
pub(super) fn plain_key(value: &Value) -> Option<Key> {
    Some(match value {
        Value::Boolean(truth) => Key::Boolean(*truth),
        Value::Integer(number) | Value::Instant(number) => Key::Number(*number),
        Value::Date(days) => Key::Number(i64::from(*days)),
        Value::Decimal(decimal) => Key::Decimal(*decimal),
        Value::Text(text) => Key::Text(fold(text)),
        Value::Money(money) => Key::Money(money.currency, money.minor),
        Value::Reference(id) => Key::Id(*id.bytes()),
        Value::Null | Value::References(_) | Value::Json(_) => return None,
    })
}

/// The order of two keys in a sort: nothing comes last in either direction.
pub(super) fn sorted(left: Option<&Key>, right: Option<&Key>, descending: bool) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) if descending => right.cmp(left),
        (Some(left), Some(right)) => left.cmp(right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

/// Whether there is nothing in it: null, or a list without members.
pub(super) fn is_empty(value: &Value) -> bool {
    value.is_null() || matches!(value, Value::References(ids) if ids.is_empty())
}

/// Whether the comparison holds. It never does where either side is nothing, nor between amounts of two currencies.
pub(super) fn compares(left: (&BoundPath, &Value), operator: Operator, right: (&BoundPath, &Value)) -> bool {
    let ((left_path, left), (right_path, right)) = (left, right);
    if left.is_null() || right.is_null() {
        return false;
    }
    if let (Value::Money(left), Value::Money(right)) = (left, right)
        && left.currency != right.currency
    {
        return false;
    }
    let ordered = |wanted: fn(Ordering) -> bool| match (key(left_path, left), key(right_path, right)) {
        (Some(left), Some(right)) => wanted(left.cmp(&right)),
        _ => false,
    };
    let texts = |wanted: fn(&str, &str) -> bool| match (left, right) {
        (Value::Text(left), Value::Text(right)) => wanted(&fold(left), &fold(right)),
        _ => false,
    };
    match operator {
        Operator::Equal => left == right,
        Operator::NotEqual => left != right,
        Operator::Less => ordered(Ordering::is_lt),
        Operator::AtMost => ordered(Ordering::is_le),
        Operator::Greater => ordered(Ordering::is_gt),
        Operator::AtLeast => ordered(Ordering::is_ge),
        Operator::Contains => texts(|text, part| text.contains(part)),
        Operator::StartsWith => texts(|text, start| text.starts_with(start)),
    }
}
