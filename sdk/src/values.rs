//! Fields by name and type: out of changes and rows, and Rust's own types into values.

use crate::{Date, Decimal, Fields, Id, Instant, Money, Page, Value};

/// Reading fields by name. Each answers `None` where the field is not there, is null, or is of another type: the host
/// has checked types by the descriptor before a plugin sees a record.
pub trait ReadFields {
    fn value(&self, name: &str) -> Option<&Value>;

    /// Whether the field is absent or null.
    fn is_null(&self, name: &str) -> bool {
        self.value(name).is_none_or(Value::is_null)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.value(name)?.as_text()
    }

    /// Of integers, durations (seconds) and percentages (basis points).
    fn integer(&self, name: &str) -> Option<i64> {
        self.value(name)?.as_integer()
    }

    fn boolean(&self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    fn decimal(&self, name: &str) -> Option<Decimal> {
        match self.value(name)? {
            Value::Decimal(value) => Some(*value),
            _ => None,
        }
    }

    fn money(&self, name: &str) -> Option<Money> {
        match self.value(name)? {
            Value::Money(money) => Some(*money),
            _ => None,
        }
    }

    fn date(&self, name: &str) -> Option<Date> {
        match self.value(name)? {
            Value::Date(days) => Date::from_days(*days),
            _ => None,
        }
    }

    fn instant(&self, name: &str) -> Option<Instant> {
        match self.value(name)? {
            Value::Instant(micros) => Some(Instant::from_micros(*micros)),
            _ => None,
        }
    }

    /// Of references and people.
    fn reference(&self, name: &str) -> Option<Id> {
        self.value(name)?.as_reference()
    }

    /// Of lists of references and of people; empty where there is none.
    fn references(&self, name: &str) -> &[Id] {
        match self.value(name) {
            Some(Value::References(ids)) => ids,
            _ => &[],
        }
    }

    fn json(&self, name: &str) -> Option<&serde_json::Value> {
        match self.value(name)? {
            Value::Json(json) => Some(json),
            _ => None,
        }
    }
}

impl ReadFields for Fields {
    fn value(&self, name: &str) -> Option<&Value> {
        self.get(name)
    }
}

/// One row of a page, its values by the names of the page's columns.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    columns: &'a [String],
    values: &'a [Value],
}

impl ReadFields for Row<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        let at = self.columns.iter().position(|column| column == name)?;
        self.values.get(at)
    }
}

impl Row<'_> {
    /// The same values, on their own.
    pub fn to_fields(self) -> Fields {
        self.columns.iter().cloned().zip(self.values.iter().cloned()).collect()
    }
}

/// The rows of a page, one by one.
pub trait Rows {
    fn records(&self) -> impl Iterator<Item = Row<'_>>;
}

impl Rows for Page {
    fn records(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|values| Row { columns: &self.columns, values })
    }
}

/// What can stand as a value of a field. `None` is null.
pub trait IntoValue {
    fn into_value(self) -> Value;
}

macro_rules! into_value {
    ($($from:ty => $make:expr),+ $(,)?) => {$(
        impl IntoValue for $from {
            fn into_value(self) -> Value {
                let make: fn($from) -> Value = $make;
                make(self)
            }
        }
    )+};
}

into_value! {
    Value => |value| value,
    &Value => Value::clone,
    bool => Value::Boolean,
    i64 => Value::Integer,
    i32 => |value| Value::Integer(value.into()),
    u32 => |value| Value::Integer(value.into()),
    Decimal => Value::Decimal,
    &str => |value| Value::Text(value.to_owned()),
    String => Value::Text,
    &String => |value| Value::Text(value.clone()),
    Date => |value| Value::Date(value.days()),
    Instant => |value| Value::Instant(value.micros()),
    Money => Value::Money,
    Id => Value::Reference,
    &Id => |value| Value::Reference(*value),
    Vec<Id> => Value::References,
    &[Id] => |value| Value::References(value.to_vec()),
    &Vec<Id> => |value| Value::References(value.clone()),
    serde_json::Value => Value::Json,
}

impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Value {
        self.map_or(Value::Null, T::into_value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_reads_as_its_own_type_alone() {
        let fields: Fields = [
            ("title", "Cut".into_value()),
            ("minutes", 90.into_value()),
            ("due", Date::from_days(0).into_value()),
            ("parent", None::<Id>.into_value()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        assert_eq!(fields.text("title"), Some("Cut"));
        assert_eq!(fields.integer("title"), None);
        assert_eq!(fields.integer("minutes"), Some(90));
        assert_eq!(fields.date("due"), Date::from_days(0));
        assert!(fields.is_null("parent") && fields.is_null("nowhere"));
        assert_eq!(fields.references("parent"), &[] as &[Id]);
    }

    #[test]
    fn a_row_reads_by_its_columns_names() {
        let page = Page {
            columns: vec!["status".into(), "count".into()],
            rows: vec![vec!["done".into_value(), 3.into_value()], vec!["todo".into_value(), 4.into_value()]],
            next: None,
        };
        let read: Vec<_> = page.records().map(|row| (row.text("status").map(str::len), row.integer("count"))).collect();
        assert_eq!(read, [(Some(4), Some(3)), (Some(4), Some(4))]);
        assert_eq!(page.records().next().unwrap().to_fields().len(), 2);
    }
}
