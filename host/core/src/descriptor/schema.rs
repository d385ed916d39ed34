//! The descriptor's JSON Schema, so that editors complete `plugin.toml`.

use super::Descriptor;

/// JSON Schema (draft 2020-12) of `plugin.toml`.
pub fn json_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Descriptor);
    schema.insert("$id".to_owned(), "https://lignaflow.com/schema/plugin-0.1.json".into());
    schema.insert("title".to_owned(), "plugin.toml".into());
    schema.to_value()
}
