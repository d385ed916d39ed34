//! Values, fields and faults.

use crate::bindings::lignaflow::plugin::types as wit;
use crate::{ErrorCode, Fault, Fields, Id, Issue, Money, Value};

/// What the host sent is not of the contract.
pub(crate) fn broken() -> Fault {
    Fault::new(ErrorCode::Internal, "The host sent a value that the contract does not allow.")
}

pub(crate) fn id(text: &str) -> Result<Id, Fault> {
    text.parse().map_err(|_| broken())
}

fn ids(texts: &[String]) -> Result<Vec<Id>, Fault> {
    texts.iter().map(|text| id(text)).collect()
}

pub(crate) fn value(value: wit::Value) -> Result<Value, Fault> {
    Ok(match value {
        wit::Value::Null => Value::Null,
        wit::Value::Boolean(value) => Value::Boolean(value),
        wit::Value::Integer(value) => Value::Integer(value),
        wit::Value::Decimal(text) => Value::Decimal(text.parse().map_err(|_| broken())?),
        wit::Value::Text(text) => Value::Text(text),
        wit::Value::Date(days) => Value::Date(days),
        wit::Value::Instant(micros) => Value::Instant(micros),
        wit::Value::Money(wit::Money { minor, currency }) => {
            Value::Money(Money { minor, currency: currency.parse().map_err(|_| broken())? })
        }
        wit::Value::Reference(text) => Value::Reference(id(&text)?),
        wit::Value::References(texts) => Value::References(ids(&texts)?),
        wit::Value::Json(text) => Value::Json(serde_json::from_str(&text).map_err(|_| broken())?),
    })
}

pub(crate) fn values(list: Vec<wit::Value>) -> Result<Vec<Value>, Fault> {
    list.into_iter().map(value).collect()
}

pub(crate) fn fields(entries: Vec<wit::Entry>) -> Result<Fields, Fault> {
    entries.into_iter().map(|wit::Entry { key, value: held }| Ok((key, value(held)?))).collect()
}

pub(crate) fn to_value(value: &Value) -> wit::Value {
    match value {
        Value::Null => wit::Value::Null,
        Value::Boolean(value) => wit::Value::Boolean(*value),
        Value::Integer(value) => wit::Value::Integer(*value),
        Value::Decimal(value) => wit::Value::Decimal(value.to_string()),
        Value::Text(text) => wit::Value::Text(text.clone()),
        Value::Date(days) => wit::Value::Date(*days),
        Value::Instant(micros) => wit::Value::Instant(*micros),
        Value::Money(money) => {
            wit::Value::Money(wit::Money { minor: money.minor, currency: money.currency.to_string() })
        }
        Value::Reference(id) => wit::Value::Reference(id.to_string()),
        Value::References(ids) => wit::Value::References(ids.iter().map(Id::to_string).collect()),
        Value::Json(json) => wit::Value::Json(json.to_string()),
    }
}

pub(crate) fn entry(key: &str, value: &Value) -> wit::Entry {
    wit::Entry { key: key.to_owned(), value: to_value(value) }
}

pub(crate) fn entries(fields: &Fields) -> Vec<wit::Entry> {
    fields.iter().map(|(key, value)| entry(key, value)).collect()
}

pub(crate) fn fault(error: wit::Error) -> Fault {
    let code = match error.code {
        wit::ErrorCode::Invalid => ErrorCode::Invalid,
        wit::ErrorCode::Denied => ErrorCode::Denied,
        wit::ErrorCode::NotFound => ErrorCode::NotFound,
        wit::ErrorCode::Conflict => ErrorCode::Conflict,
        wit::ErrorCode::Locked => ErrorCode::Locked,
        wit::ErrorCode::Quota => ErrorCode::Quota,
        wit::ErrorCode::RateLimited => ErrorCode::RateLimited,
        wit::ErrorCode::Timeout => ErrorCode::Timeout,
        wit::ErrorCode::Unavailable => ErrorCode::Unavailable,
        wit::ErrorCode::Internal => ErrorCode::Internal,
    };
    let issues =
        error.issues.into_iter().map(|wit::Issue { path, code, message }| Issue { path, code, message }).collect();
    Fault { code, message: error.message, issues }
}

/// Codes that only the host can mean become the nearest of those that a plugin may say.
pub(crate) fn to_error(fault: Fault) -> wit::Error {
    let code = match fault.code {
        ErrorCode::Invalid => wit::ErrorCode::Invalid,
        ErrorCode::Denied => wit::ErrorCode::Denied,
        ErrorCode::NotFound => wit::ErrorCode::NotFound,
        ErrorCode::Conflict | ErrorCode::Stale => wit::ErrorCode::Conflict,
        ErrorCode::Locked => wit::ErrorCode::Locked,
        ErrorCode::Quota => wit::ErrorCode::Quota,
        ErrorCode::RateLimited => wit::ErrorCode::RateLimited,
        ErrorCode::Timeout => wit::ErrorCode::Timeout,
        ErrorCode::Unavailable => wit::ErrorCode::Unavailable,
        _ => wit::ErrorCode::Internal,
    };
    let issues =
        fault.issues.into_iter().map(|Issue { path, code, message }| wit::Issue { path, code, message }).collect();
    wit::Error { code, message: fault.message, issues }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Currency;
    use proptest::prelude::*;

    fn an_id() -> impl Strategy<Value = Id> {
        any::<[u8; 16]>().prop_map(Id::from_bytes)
    }

    pub(super) fn a_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Boolean),
            any::<i64>().prop_map(Value::Integer),
            (-999_999_999_999_999_999_i64..1_000_000_000_000_000_000, 0..10_u32)
                .prop_map(|(digits, scale)| Value::Decimal(crate::Decimal::new(digits, scale))),
            "\\PC{0,20}".prop_map(Value::Text),
            any::<i32>().prop_map(Value::Date),
            any::<i64>().prop_map(Value::Instant),
            any::<i64>().prop_map(|minor| Value::Money(Money { minor, currency: Currency::AUD })),
            an_id().prop_map(Value::Reference),
            prop::collection::vec(an_id(), 0..4).prop_map(Value::References),
            Just(Value::Json(serde_json::json!({ "nested": [1, null, "two"] }))),
        ]
    }

    proptest! {
        #[test]
        fn any_value_crosses_and_comes_back(given in a_value()) {
            prop_assert_eq!(value(to_value(&given)), Ok(given));
        }
    }

    #[test]
    fn what_the_contract_does_not_allow_is_not_guessed_at() {
        assert_eq!(value(wit::Value::Reference("7".into())), Err(broken()));
        assert_eq!(value(wit::Value::Decimal("1,5".into())), Err(broken()));
        assert_eq!(value(wit::Value::Money(wit::Money { minor: 1, currency: "$".into() })), Err(broken()));
        assert_eq!(value(wit::Value::Json("{".into())), Err(broken()));
        let entries = vec![wit::Entry { key: "due".into(), value: wit::Value::References(vec![String::new()]) }];
        assert_eq!(fields(entries), Err(broken()));
    }

    #[test]
    fn a_fault_keeps_its_code_and_issues() {
        for code in [
            ErrorCode::Invalid,
            ErrorCode::Denied,
            ErrorCode::NotFound,
            ErrorCode::Conflict,
            ErrorCode::Locked,
            ErrorCode::Quota,
            ErrorCode::RateLimited,
            ErrorCode::Timeout,
            ErrorCode::Unavailable,
            ErrorCode::Internal,
        ] {
            let given = Fault { code, ..Fault::at("/0/due", "order", "Too early.") };
            assert_eq!(fault(to_error(given.clone())), given);
        }
        assert_eq!(fault(to_error(Fault::new(ErrorCode::Stale, ""))).code, ErrorCode::Conflict);
    }
}
