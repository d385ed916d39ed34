//! JSON bodies: the type checked first, then the bytes, then the shape.

use crate::problem::{Kind, Problem};
use bytes::Bytes;
use http::{HeaderMap, header};
use serde_json::{Map, Value as Json};

/// Reads a body that must be JSON.
pub fn json(headers: &HeaderMap, body: &Bytes) -> Result<Json, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = lignaflow_core::media::essence(kind);
    let is_json = essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    if !is_json {
        return Err(Problem::new(Kind::UnsupportedMediaType, "Send JSON, with Content-Type: application/json."));
    }
    serde_json::from_slice(body).map_err(|error| {
        Problem::new(
            Kind::Unparsable,
            format!("The body is not JSON: line {}, column {}: {}.", error.line(), error.column(), reason(&error)),
        )
    })
}

/// Reads a body that must be a JSON object.
pub fn object(headers: &HeaderMap, body: &Bytes) -> Result<Map<String, Json>, Problem> {
    match json(headers, body)? {
        Json::Object(object) => Ok(object),
        other => Err(Problem::new(
            Kind::Unparsable,
            format!("The body is {}, where an object such as {{\"name\": …}} is expected.", named(&other)),
        )),
    }
}

fn named(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

/// serde_json's reason without the place, which is told before it.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}
