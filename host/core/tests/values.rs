//! Input into values: every fault at once, each with its place, and nothing lost on the way.

use lignaflow_core::catalog::{Catalog, Schema};
use lignaflow_core::descriptor::parse;
use lignaflow_core::record::{check_value, fields_from_json};
use lignaflow_core::value::{Decimal, Value};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::sync::Arc;

#[expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]
fn schema() -> Arc<Schema> {
    let text = r#"
id = "shop"
version = "0.1.0"
title = "Shop"
api = "0.1"
[[collections]]
name = "items"
title = { one = "Item", many = "Items" }
display = "name"
[collections.fields]
name = { type = "text", required = true, max = 10 }
count = { type = "integer", min = 1, max = 9 }
quantity = { type = "decimal", scale = 2 }
price = { type = "money" }
kind = { type = "choice", of = ["wood", "steel"] }
on = { type = "date" }
at = { type = "instant" }
others = { type = "references", to = "items" }
"#;
    let descriptor = parse(text).unwrap_or_else(|faults| panic!("{faults:?}"));
    let catalog = Catalog::new([&descriptor]).unwrap();
    let name = "shop/items".parse().unwrap();
    catalog.schema(&name).unwrap().clone()
}

/// The codes and paths that an object's fields are refused for.
#[expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]
fn refused(object: &Json) -> Vec<(String, String)> {
    let schema = schema();
    let (mut fields, mut issues) = fields_from_json(&schema, object.as_object().unwrap());
    for field in &schema.fields {
        let name = field.name.as_str();
        if let Some(value) = fields.get_mut(name) {
            issues.extend(check_value(field, value, &format!("/{name}")));
        }
    }
    issues.into_iter().map(|issue| (issue.path, issue.code)).collect()
}

#[test]
fn good_input_is_taken_as_it_stands() {
    let good = json!({
        "name": "Board", "count": 3, "quantity": "2.4", "price": { "minor": 100, "currency": "AUD" }, "kind": "wood",
        "on": "2026-11-23", "at": "2026-11-23T07:00:00+11:00", "others": [],
    });
    assert_eq!(refused(&good), []);
}

#[test]
fn every_fault_is_told_with_its_place() {
    let bad = json!({
        "name": "A name too long", "count": 12, "quantity": "1.234", "price": { "minor": 1.5, "currency": "AUD" },
        "kind": "glass", "on": "23/11/2026", "at": "2026-11-23", "others": ["x"], "colour": "red",
    });
    let codes = refused(&bad);
    for expected in [
        ("/name", "too-long"),
        ("/count", "too-large"),
        ("/quantity", "digits"),
        ("/price", "type"),
        ("/kind", "choice"),
        ("/on", "type"),
        ("/at", "type"),
        ("/others", "type"),
        ("/colour", "unknown-field"),
    ] {
        assert!(codes.contains(&(expected.0.to_owned(), expected.1.to_owned())), "{expected:?} in {codes:?}");
    }
    assert_eq!(codes.len(), 9);
}

#[test]
fn a_float_is_no_decimal_and_no_integer() {
    assert_eq!(refused(&json!({ "quantity": 2.5 })), [("/quantity".to_owned(), "type".to_owned())]);
    assert_eq!(refused(&json!({ "count": 2.0 })), [("/count".to_owned(), "type".to_owned())]);
}

#[test]
fn blank_text_is_nothing() {
    assert_eq!(refused(&json!({ "name": "   " })), [("/name".to_owned(), "required".to_owned())]);
}

proptest! {
    #[test]
    fn a_decimal_that_fits_keeps_its_worth(units in -999_999_999_999_999_999_i64..=999_999_999_999_999_999, scale in 0_u32..=2) {
        let schema = schema();
        let field = schema.field("quantity").unwrap();
        let given = Decimal::new(units, scale);
        let mut value = Value::Decimal(given);
        if let Some(issue) = check_value(field, &mut value, "") {
            // Put to two digits it may have more than 18 in all, and only then is it refused.
            let digits = (i128::from(units) * 10_i128.pow(2 - scale)).abs();
            prop_assert!(issue.code == "too-large" && digits >= 10_i128.pow(18));
        } else {
            prop_assert_eq!(value, Value::Decimal(given));
        }
    }

    #[test]
    fn no_json_makes_the_reader_panic(name in "[a-z]{1,6}", text in "\\PC{0,12}", number in any::<f64>()) {
        for json in [json!(text), json!(number), json!([text]), json!({ "minor": number, "currency": text })] {
            let object = json!({ "name": json, "count": json, "price": json, "on": json, "at": json, "others": json, (name.clone()): json });
            let _ = refused(&object);
        }
    }
}
