//! What an organization filled in for a plugin, against what the plugin declares: values by name, where what is not
//! filled in is the default and what does not fit any more is as if it were not.

use crate::catalog::SchemaField;
use crate::descriptor::{Descriptor, Field};
use crate::error::Issue;
use crate::name::FieldName;
use crate::record::{check_value, escape, value_from_json};
use crate::value::Value;
use serde_json::{Map, Value as Json};

/// The most bytes of all values of one plugin in one organization together.
pub const MAX_BYTES: usize = 256 * 1024;

/// The value of a setting, as code is handed it: what was filled in, or the default. Nothing where it is empty, secret
/// or not declared.
pub fn value(descriptor: &Descriptor, filled: &Map<String, Json>, name: &str) -> Option<Value> {
    let (name, field) = descriptor.settings.get_key_value(name).filter(|(_, field)| !field.secret)?;
    match filled.get(name.as_str()) {
        // Emptied, which is not the same as left as it is.
        Some(Json::Null) => None,
        Some(json) => read(name, field, json).ok().or_else(|| default(field)),
        None => default(field),
    }
}

/// What a setting is where nothing was filled in.
pub fn default(field: &Field) -> Option<Value> {
    value_from_json(field, field.default.as_ref()?).ok().filter(|value| !value.is_null())
}

/// One value as somebody sends it. An empty one is null.
pub fn read(name: &FieldName, field: &Field, json: &Json) -> Result<Value, Issue> {
    let path = format!("/{}", escape(name.as_str()));
    let mut value = value_from_json(field, json).map_err(|message| Issue::new(&path, "type", message))?;
    let declared = SchemaField { name: name.clone(), field: field.clone(), to: None, custom: None };
    match check_value(&declared, &mut value, &path) {
        Some(issue) => Err(issue),
        None => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plugin() -> Descriptor {
        let text = r#"
            id = "quotes"
            version = "0.1.0"
            title = "Quotes"
            api = "0.1"

            [settings]
            deposit = { type = "percent", default = 1000, min = 0, max = 10000 }
            terms = { type = "text", max = 10 }
            key = { type = "text", secret = true }
        "#;
        crate::descriptor::parse(text).unwrap()
    }

    #[test]
    fn what_is_not_filled_in_or_does_not_fit_any_more_is_the_default() {
        let plugin = plugin();
        let of = |filled: Json, name: &str| value(&plugin, filled.as_object().unwrap(), name);
        assert_eq!(of(json!({}), "deposit"), Some(Value::Integer(1000)));
        assert_eq!(of(json!({ "deposit": 0 }), "deposit"), Some(Value::Integer(0)));
        assert_eq!(of(json!({ "deposit": 10_001 }), "deposit"), Some(Value::Integer(1000)));
        assert_eq!(of(json!({ "deposit": "ten" }), "deposit"), Some(Value::Integer(1000)));
        assert_eq!(of(json!({ "deposit": null }), "deposit"), None);
        assert_eq!(of(json!({}), "terms"), None);
        assert_eq!(of(json!({ "terms": "30 days" }), "terms"), Some(Value::Text("30 days".into())));
    }

    #[test]
    fn a_secret_and_what_is_not_declared_are_handed_to_nobody() {
        let filled = json!({ "key": "hush", "other": 1 });
        for name in ["key", "other"] {
            assert_eq!(value(&plugin(), filled.as_object().unwrap(), name), None);
        }
    }

    #[test]
    fn what_does_not_fit_is_told_at_its_place() {
        let plugin = plugin();
        let (name, field) = plugin.settings.get_key_value("terms").unwrap();
        let issue = read(name, field, &json!("much too long")).unwrap_err();
        assert_eq!((issue.path.as_str(), issue.code.as_str()), ("/terms", "too-long"));
        assert_eq!(read(name, field, &json!(7)).unwrap_err().code, "type");
    }
}
