//! Calculated fields: exact, rounded once, half away from zero.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

use lignaflow_core::catalog::{Catalog, Schema};
use lignaflow_core::derive::derive;
use lignaflow_core::descriptor::parse;
use lignaflow_core::mutation::Fields;
use lignaflow_core::{Money, Value};
use proptest::prelude::*;
use std::sync::Arc;

/// A collection with one calculated field and everything to calculate it from.
fn schema(kind: &str, formula: &str) -> Arc<Schema> {
    let text = format!(
        r#"
id = "lab"
version = "0.1.0"
title = "Lab"
api = "0.1"
[[collections]]
name = "things"
title = {{ one = "Thing", many = "Things" }}
display = "name"
[collections.fields]
name = {{ type = "text", required = true }}
kind = {{ type = "choice", of = ["oak", "ash"] }}
n = {{ type = "integer" }}
d = {{ type = "decimal", scale = 3 }}
price = {{ type = "money" }}
more = {{ type = "money" }}
tax = {{ type = "percent" }}
worked = {{ type = "duration" }}
out = {{ type = "{kind}", derived = '{formula}' }}
"#
    );
    let descriptor = parse(&text).unwrap_or_else(|faults| panic!("{faults:?}"));
    let catalog = Catalog::new([&descriptor]).unwrap();
    catalog.schema(&"lab/things".parse().unwrap()).unwrap().clone()
}

fn money(minor: i64, currency: &str) -> Value {
    Value::Money(Money { minor, currency: currency.parse().unwrap() })
}

fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

/// What a formula comes to, or why it does not.
fn told(kind: &str, formula: &str, given: &[(&str, Value)]) -> Result<Value, String> {
    let schema = schema(kind, formula);
    let mut fields: Fields = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    match derive(&schema, &mut fields).into_iter().next() {
        Some((_, trouble)) => Err(trouble.to_string()),
        None => Ok(fields["out"].clone()),
    }
}

#[test]
fn amounts_are_rounded_once_and_half_away_from_zero() {
    let line = |quantity: &str, price: i64| {
        told("money", "d * price", &[("d", decimal(quantity)), ("price", money(price, "AUD"))])
    };
    assert_eq!(line("2.5", 1001), Ok(money(2503, "AUD")));
    assert_eq!(line("-2.5", 1001), Ok(money(-2503, "AUD")));
    assert_eq!(line("0.333", 100), Ok(money(33, "AUD")));
    let third = [("n", Value::Integer(1)), ("price", money(100, "AUD"))];
    assert_eq!(told("money", "price / 3 * 3", &third), Ok(money(100, "AUD")), "nothing is lost on the way");
}

#[test]
fn percentages_durations_and_texts_go_by_what_they_mean() {
    let given = [("price", money(10_000, "AUD")), ("tax", Value::Integer(1250)), ("worked", Value::Integer(5400))];
    assert_eq!(told("money", "price * (1 + tax)", &given), Ok(money(11_250, "AUD")));
    assert_eq!(told("money", "price * 10%", &given), Ok(money(1000, "AUD")));
    assert_eq!(told("money", "hours(worked) * price", &given), Ok(money(15_000, "AUD")));
    assert_eq!(told("percent", "tax / 2", &given), Ok(Value::Integer(625)));
    assert_eq!(told("duration", "worked * 2", &given), Ok(Value::Integer(10_800)));
    assert_eq!(told("decimal", "hours(worked)", &given), Ok(decimal("1.5000")));
    let texts = [("name", Value::Text("Top".into())), ("kind", Value::Text("oak".into()))];
    assert_eq!(told("text", "join(\", \", kind, name)", &texts), Ok(Value::Text("oak, Top".into())));
    assert_eq!(told("text", "join(\", \", kind, name)", &texts[..1]), Ok(Value::Text("Top".into())));
}

#[test]
fn where_something_is_missing_so_is_the_result() {
    assert_eq!(told("money", "d * price", &[("price", money(1, "AUD"))]), Ok(Value::Null));
    assert_eq!(told("decimal", "1 / n", &[("n", Value::Integer(0))]), Ok(Value::Null));
    let rebate = "price - coalesce(more, 0)";
    assert_eq!(told("money", rebate, &[("price", money(5, "AUD"))]), Ok(money(5, "AUD")));
    assert_eq!(told("money", rebate, &[("price", money(5, "AUD")), ("more", money(2, "AUD"))]), Ok(money(3, "AUD")));
}

#[test]
fn what_cannot_be_told_is_a_fault() {
    let both = [("price", money(5, "AUD")), ("more", money(2, "NZD"))];
    assert_eq!(told("money", "price + more", &both), Err("it would mix AUD and NZD".to_owned()));
    assert_eq!(told("decimal", "price / more", &both), Err("it would mix AUD and NZD".to_owned()));
    let large = [("n", Value::Integer(i64::MAX))];
    assert_eq!(told("integer", "n * n", &large), Err("it is more than can be held".to_owned()));
    assert!(told("decimal", "n", &large).unwrap_err().contains("more than can be held"));
}

proptest! {
    /// The cents of quantity times price, by the same rule in whole numbers.
    #[test]
    fn a_product_is_exact(quantity in -10_000_000i64..10_000_000, price in -1_000_000_000i64..1_000_000_000) {
        let product = i128::from(quantity) * i128::from(price);
        let (whole, rest) = (product / 1000, product % 1000);
        let wanted = whole + if rest.abs() * 2 >= 1000 { product.signum() } else { 0 };
        let given = [("d", Value::Decimal(rust_decimal::Decimal::new(quantity, 3))), ("price", money(price, "AUD"))];
        prop_assert_eq!(told("money", "d * price", &given), Ok(money(i64::try_from(wanted).unwrap(), "AUD")));
    }

    #[test]
    fn a_sum_of_parts_is_the_sum(a in -1_000_000i64..1_000_000, b in -1_000_000i64..1_000_000) {
        let given = [("price", money(a, "AUD")), ("more", money(b, "AUD"))];
        prop_assert_eq!(told("money", "price + more", &given), Ok(money(a + b, "AUD")));
        prop_assert_eq!(told("money", "price - -more", &given), Ok(money(a + b, "AUD")));
    }
}
