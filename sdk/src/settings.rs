//! The plugin's settings, as `[settings]` declares them and the organization filled them in.

use crate::{Fault, Fields, Value};

/// What was filled in, or the default. Nothing for a setting that is empty or not declared, and for a secret.
pub fn get(key: &str) -> Result<Option<Value>, Fault> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::lignaflow::plugin::settings::get(key).map(crate::wire::value).transpose();
    #[cfg(not(target_arch = "wasm32"))]
    Ok(crate::testing::call::with(|call| call.setting(key)))
}

/// Several at once, to be read by name and type like the fields of a record: `settings::all(["deposit"])?.integer("deposit")`.
pub fn all<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Fields, Fault> {
    keys.into_iter().map(|key| Ok((key.to_owned(), get(key)?.unwrap_or(Value::Null)))).collect()
}
