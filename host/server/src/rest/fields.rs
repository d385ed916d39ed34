//! `/api/v1/{plugin}/{collection}/fields`: the fields that the organization added to a collection.

use crate::customs::Desk;
use crate::customs::form::Form;
use crate::problem::Problem;
use crate::rest::collections::{Call, json_response};
use crate::rest::dispatch::not_offered;
use crate::rest::query::{self, Pairs};
use crate::rest::{body, etag};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use lignaflow_core::Fault;
use lignaflow_core::custom::CustomField;
use lignaflow_core::record::escape;
use lignaflow_core::value::instant_text;
use lignaflow_identity::Client;
use serde_json::{Map, Value as Json, json};

/// Whatever is asked below `fields`.
pub async fn answer(
    call: &Call<'_>,
    client: &Client,
    method: &Method,
    rest: &[&str],
    pairs: &Pairs,
    bytes: &Bytes,
) -> Result<Response, Problem> {
    let Call { app, signed, snapshot, schema, headers, .. } = *call;
    let desk = Desk { app, signed, snapshot, schema };
    if !matches!((method, rest), (&Method::GET, []) | (&Method::DELETE, [_])) {
        query::none(pairs)?;
    }
    match (method.clone(), rest) {
        (Method::GET, []) => list(&desk, pairs).await,
        (Method::POST, []) => {
            let field = desk.add(client, Form::of_json(&object(call, bytes)?)).await?;
            let mut response = one(StatusCode::CREATED, &field);
            let address = format!("/api/v1/{}/fields/{}", schema.name, field.name);
            if let Ok(address) = HeaderValue::from_str(&address) {
                response.headers_mut().insert(header::LOCATION, address);
            }
            Ok(response)
        }
        (_, []) => Err(not_offered(method, &["GET", "POST"])),
        (Method::GET, [name]) => Ok(one(StatusCode::OK, &desk.one(name).await?)),
        (Method::PATCH, [name]) => {
            let expected = etag::expected(headers)?;
            let form = Form::of_json(&object(call, bytes)?);
            Ok(one(StatusCode::OK, &desk.change(client, name, expected, form).await?))
        }
        (Method::DELETE, [name]) => {
            let expected = etag::expected(headers)?;
            if flag(pairs, "purge")? {
                let records = desk.purge(client, name, expected).await?;
                return Ok(json_response(StatusCode::OK, json!({ "records": records }).to_string().into_bytes()));
            }
            Ok(one(StatusCode::OK, &desk.archive(client, name, expected, true).await?))
        }
        (_, [_]) => Err(not_offered(method, &["GET", "PATCH", "DELETE"])),
        (Method::POST, [name, "restore"]) => {
            let expected = etag::optional(headers)?;
            Ok(one(StatusCode::OK, &desk.archive(client, name, expected, false).await?))
        }
        (_, [_, "restore"]) => Err(not_offered(method, &["POST"])),
        _ => Err(Fault::not_found("field").into()),
    }
}

fn object(call: &Call<'_>, bytes: &Bytes) -> Result<Map<String, Json>, Problem> {
    body::object(call.headers, bytes)
}

/// The one parameter that is understood, as true or false.
fn flag(pairs: &Pairs, known: &str) -> Result<bool, Fault> {
    let mut on = false;
    for (name, text) in pairs {
        match (name.as_str(), text.as_str()) {
            (name, "true") if name == known => on = true,
            (name, "false") if name == known => on = false,
            (name, _) if name == known => {
                return Err(Fault::at(format!("/{known}"), "type", "Expected true or false."));
            }
            (name, _) => {
                let message = format!("There is no parameter `{name}`; this takes `{known}`.");
                return Err(Fault::at(format!("/{}", escape(name)), "unknown-parameter", message));
            }
        }
    }
    Ok(on)
}

async fn list(desk: &Desk<'_>, pairs: &Pairs) -> Result<Response, Problem> {
    let archived = flag(pairs, "archived")?;
    let fields = desk.all().await?;
    let data: Vec<Json> = fields.iter().filter(|field| field.archived_at.is_some() == archived).map(as_json).collect();
    Ok(json_response(StatusCode::OK, json!({ "data": data }).to_string().into_bytes()))
}

fn one(status: StatusCode, field: &CustomField) -> Response {
    let mut response = json_response(status, as_json(field).to_string().into_bytes());
    response.headers_mut().insert(header::ETAG, etag::of(field.version));
    response
}

fn as_json(field: &CustomField) -> Json {
    let definition = &field.definition;
    let mut json = json!({
        "name": field.name.as_str(),
        "title": field.title,
        "help": field.help,
        "type": field.kind.as_str(),
        "required": field.required,
        "place": field.place,
        "version": field.version,
        "created_at": instant_text(field.created_at),
        "updated_at": instant_text(field.updated_at),
        "archived_at": field.archived_at.map(instant_text),
    });
    if let Some(scale) = definition.scale {
        json["scale"] = json!(scale);
    }
    if let Some(max) = definition.max {
        json["max"] = json!(max);
    }
    if let Some(to) = &definition.to {
        json["to"] = json!(to.to_string());
    }
    if !definition.options.is_empty() {
        json["options"] = json!(definition.options);
    }
    json
}
