//! Answers before they are HTTP: made from what a write leaves, so that one can be kept with it.

use crate::rest::etag;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use lignaflow_core::catalog::Schema;
use lignaflow_core::record::Record;
use lignaflow_core::repeat::Answer;
use lignaflow_records::Saved;

/// JSON that only its caller may keep, and asks again before using it.
pub fn json(status: StatusCode, body: Vec<u8>) -> Answer {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "private, no-cache")];
    let headers = headers.map(|(name, value)| (name.as_str().to_owned(), value.to_owned())).to_vec();
    Answer { status: status.as_u16(), headers, body }
}

/// One record, with its version as the ETag.
pub fn record(status: StatusCode, schema: &Schema, record: &Record) -> Answer {
    let mut answer = json(status, record.to_json(schema).to_string().into_bytes());
    answer.headers.push((header::ETAG.as_str().to_owned(), etag::text(record.version)));
    answer
}

/// A record as a change left it.
pub fn standing(saved: &Saved) -> Answer {
    record(StatusCode::OK, &saved.schema, &saved.record)
}

/// A record that was made, with its address: now, or when the same create came first.
pub fn made(saved: &Saved) -> Answer {
    let status = if saved.repeated { StatusCode::OK } else { StatusCode::CREATED };
    let mut answer = record(status, &saved.schema, &saved.record);
    let address = format!("/api/v1/{}/{}", saved.schema.name, saved.record.id);
    answer.headers.push((header::LOCATION.as_str().to_owned(), address));
    answer
}

/// An answer on its way out.
pub fn response(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    // A body of bytes brings a type of its own along, which is not this one's.
    response.headers_mut().remove(header::CONTENT_TYPE);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
