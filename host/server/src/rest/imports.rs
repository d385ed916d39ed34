//! Files that become records, at `…/{collection}/imports`: uploaded, mapped, tried, run and undone.

use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::rest::body;
use crate::rest::collections::{Call, json_response};
use crate::rest::dispatch::not_offered;
use crate::rest::query::{self, Back, DEFAULT_LIMIT, Pairs};
use crate::temporary;
use axum::body::Body;
use axum::extract::{FromRequest as _, Multipart};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use lignaflow_core::caller::Caller;
use lignaflow_core::catalog::Schema;
use lignaflow_core::value::instant_text;
use lignaflow_core::{Fault, Id, Issue};
use lignaflow_records::imports::{Act, Import, Mapping};
use serde_json::{Map, Value as Json, json};
use std::fs::File;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

/// How long an answer waits for the work that it began; what takes longer is answered 202.
const WAIT: Duration = Duration::from_secs(20);
/// The longest that `wait` may ask for, in seconds.
const MAX_WAIT: u64 = 25;
/// Characters of a file's name.
const MAX_NAME: usize = 200;
const FORMATS: [&str; 7] = [
    "text/csv",
    "application/csv",
    "text/tab-separated-values",
    "text/plain",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.ms-excel",
    "application/octet-stream",
];

/// Whatever is asked below `imports`.
pub async fn answer(
    call: &Call<'_>,
    method: &Method,
    rest: &[&str],
    pairs: &Pairs,
    file: Option<Body>,
    bytes: &Bytes,
) -> Result<Response, Problem> {
    if !matches!((method, rest), (&Method::POST | &Method::GET, []) | (&Method::GET, [_])) {
        query::none(pairs)?;
    }
    let id = |text: &str| text.parse::<Id>().map_err(|_| Problem::from(Fault::not_found("import")));
    match (method.clone(), rest) {
        (Method::POST, []) => upload(call, pairs, file.unwrap_or_default()).await,
        (Method::GET, []) => list(call, pairs).await,
        (_, []) => Err(not_offered(method, &["GET", "POST"])),
        (Method::GET, [text]) => show(call, id(text)?, pairs).await,
        (Method::PATCH, [text]) => map(call, id(text)?, bytes).await,
        (Method::DELETE, [text]) => {
            call.app.imports.forget(&call.signed.caller, call.schema, id(text)?).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        (_, [text]) => {
            id(text)?;
            Err(not_offered(method, &["GET", "PATCH", "DELETE"]))
        }
        (_, [text, verb]) => {
            let act = match *verb {
                "dry-run" => Act::DryRun,
                "run" => Act::Run,
                "undo" => Act::Undo,
                _ => return Err(Fault::not_found(format_args!("`{verb}` of an import")).into()),
            };
            if *method == Method::POST {
                begin(call, id(text)?, act).await
            } else {
                Err(not_offered(method, &["POST"]))
            }
        }
        _ => Err(Fault::not_found("import").into()),
    }
}

async fn upload(call: &Call<'_>, pairs: &Pairs, body: Body) -> Result<Response, Problem> {
    let mut name = None;
    let mut sheet = None;
    for (key, text) in pairs {
        match key.as_str() {
            "name" => name = Some(text.clone()),
            "sheet" => sheet = Some(text.clone()),
            _ => {
                let path = format!("/{}", lignaflow_core::record::escape(key));
                let message = format!("There is no parameter `{key}`; an upload takes `name` and `sheet`.");
                return Err(Fault::at(path, "unknown-parameter", message).into());
            }
        }
    }
    // Who may not import is told before anything is read.
    call.signed.caller.to_write()?;
    let (file, own) = received(call.app, call.headers, body).await?;
    let name = name.or(own).unwrap_or_else(|| "upload".to_owned());
    let import = read(call.app, &call.signed.caller, call.schema, file, &name, sheet.as_deref()).await?;
    let mut response = import_response(call, StatusCode::CREATED, &import).await?;
    response.headers_mut().insert(header::LOCATION, location(call.schema, import.id)?);
    Ok(response)
}

/// The file of a request, as `multipart/form-data` with a part `file`, or as the whole body; and the name that it has.
pub async fn received(app: &App, headers: &HeaderMap, body: Body) -> Result<(File, Option<String>), Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = lignaflow_core::media::essence(kind);
    let file = temporary::file(&app.config.data_dir.join("tmp")).map_err(|error| unwritten(&error))?;
    let mut file = tokio::fs::File::from_std(file);
    let broken = || Problem::new(Kind::Unparsable, "The file could not be read to its end.");
    let mut name = None;
    if essence == "multipart/form-data" {
        let mut request = http::Request::new(body);
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_str(kind).map_err(|_| broken())?);
        let mut parts = Multipart::from_request(request, &()).await.map_err(|_| broken())?;
        let mut found = false;
        while let Some(mut part) = parts.next_field().await.map_err(|_| broken())? {
            if part.name() != Some("file") || found {
                continue;
            }
            found = true;
            name = part.file_name().map(str::to_owned).filter(|name| !name.is_empty());
            while let Some(chunk) = part.chunk().await.map_err(|_| broken())? {
                file.write_all(&chunk).await.map_err(|error| unwritten(&error))?;
            }
        }
        if !found {
            return Err(Fault::at("/file", "required", "Send the file as the part `file`.").into());
        }
    } else if FORMATS.contains(&essence.as_str()) {
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            file.write_all(&chunk.map_err(|_| broken())?).await.map_err(|error| unwritten(&error))?;
        }
    } else {
        let message =
            "Send a CSV or XLSX file as text/csv, as a workbook, or as multipart/form-data with a part `file`.";
        return Err(Problem::new(Kind::UnsupportedMediaType, message));
    }
    file.flush().await.map_err(|error| unwritten(&error))?;
    let mut file = file.into_std().await;
    std::io::Seek::rewind(&mut file).map_err(|error| unwritten(&error))?;
    Ok((file, name.map(|name| name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect())))
}

fn unwritten(error: &std::io::Error) -> Problem {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return Problem::new(lignaflow_core::ErrorCode::Quota, "There is no room left for the file.");
    }
    tracing::error!(%error, "an upload cannot be kept");
    Problem::internal()
}

/// Reads a file into an import.
pub async fn read(
    app: &App,
    caller: &Caller,
    schema: &Schema,
    file: File,
    name: &str,
    sheet: Option<&str>,
) -> Result<Import, Fault> {
    let (mut shape, mut reading) = app.tables.read(file, sheet).await?;
    let heads = std::mem::take(&mut shape.heads);
    let mut told = serde_json::to_value(&shape).unwrap_or_default();
    if let Some(told) = told.as_object_mut() {
        told.remove("heads");
    }
    let name: String = name.chars().filter(|character| !character.is_control()).take(MAX_NAME).collect();
    let mut upload = app.imports.upload(caller, schema, &name, told, heads).await?;
    loop {
        let taken = match reading.row().await {
            Ok(Some((number, cells))) => upload.row(number, cells).await,
            Ok(None) => break,
            Err(fault) => Err(fault),
        };
        if let Err(fault) = taken {
            upload.forget().await?;
            return Err(fault);
        }
    }
    upload.finish(caller, schema).await
}

async fn list(call: &Call<'_>, pairs: &Pairs) -> Result<Response, Problem> {
    let back: Back<Id> = Back::read(pairs, DEFAULT_LIMIT)?;
    let imports = call.app.imports.list_before(&call.signed.caller, call.schema, back.before, back.limit + 1);
    let mut imports = imports.await?;
    let path = format!("{}/imports", call.schema.name);
    let next = back.cut(&path, &mut imports, |import| import.id.to_string());
    let data: Vec<Json> = imports.iter().map(|import| Json::Object(told(import))).collect();
    Ok(json_response(StatusCode::OK, json!({ "data": data, "next": next }).to_string().into_bytes()))
}

async fn show(call: &Call<'_>, id: Id, pairs: &Pairs) -> Result<Response, Problem> {
    let mut wait = 0;
    for (key, text) in pairs {
        if key != "wait" {
            let path = format!("/{}", lignaflow_core::record::escape(key));
            let message = format!("There is no parameter `{key}`; an import takes `wait`.");
            return Err(Fault::at(path, "unknown-parameter", message).into());
        }
        wait = text.parse().ok().filter(|wait| *wait <= MAX_WAIT).ok_or_else(|| {
            Fault::at("/wait", "wait", format!("`wait` is a number of seconds, 0 to {MAX_WAIT}, not `{text}`."))
        })?;
    }
    let import = call.app.imports.settled(&call.signed.caller, call.schema, id, Duration::from_secs(wait)).await?;
    import_response(call, StatusCode::OK, &import).await
}

/// Changes the named parts of the mapping.
async fn map(call: &Call<'_>, id: Id, bytes: &Bytes) -> Result<Response, Problem> {
    let import = call.app.imports.get(&call.signed.caller, call.schema, id).await?;
    let object = body::object(call.headers, bytes)?;
    let mapping = patched(&import.document.mapping, object)?;
    let import = call.app.imports.map(&call.signed.caller, call.schema, id, mapping).await?;
    import_response(call, StatusCode::OK, &import).await
}

/// A mapping with some of its parts replaced; every part that cannot be read is told.
fn patched(mapping: &Mapping, object: Map<String, Json>) -> Result<Mapping, Fault> {
    let Ok(Json::Object(mut whole)) = serde_json::to_value(mapping) else { return Err(Fault::internal()) };
    let mut issues = Vec::new();
    for (name, value) in object {
        let path = format!("/{}", lignaflow_core::record::escape(&name));
        if !whole.contains_key(&name) {
            let near = lignaflow_core::descriptor::nearest(&name, whole.keys().map(String::as_str));
            let message = match near {
                Some(near) => format!("A mapping has no `{name}`; did you mean `{near}`?"),
                None => format!("A mapping has no `{name}`."),
            };
            issues.push(Issue::new(path, "unknown-field", message));
            continue;
        }
        let alone = Json::Object(Map::from_iter([(name.clone(), value.clone())]));
        match serde_json::from_value::<Mapping>(alone) {
            Ok(_) => {
                whole.insert(name, value);
            }
            Err(error) => issues.push(Issue::new(path, "type", format!("It cannot be read: {error}."))),
        }
    }
    if !issues.is_empty() {
        return Err(Fault::invalid(issues));
    }
    serde_json::from_value(Json::Object(whole)).map_err(|_| Fault::internal())
}

/// Begins the work and waits for it a while: 200 with what it came to, or 202 while it goes on.
async fn begin(call: &Call<'_>, id: Id, act: Act) -> Result<Response, Problem> {
    let caller = &call.signed.caller;
    call.app.imports.begin(caller, call.schema, id, act).await?;
    call.app.imports.start(caller.organization, id);
    let patience = WAIT.min(call.app.config.server.request() / 2);
    let import = call.app.imports.settled(caller, call.schema, id, patience).await?;
    let status = if import.state.is_under_way() { StatusCode::ACCEPTED } else { StatusCode::OK };
    let mut response = import_response(call, status, &import).await?;
    response.headers_mut().insert(header::LOCATION, location(call.schema, id)?);
    Ok(response)
}

fn location(schema: &Schema, id: Id) -> Result<HeaderValue, Problem> {
    let location = format!("/api/v1/{}/imports/{id}", schema.name);
    HeaderValue::from_str(&location).map_err(|_| Problem::internal())
}

async fn import_response(call: &Call<'_>, status: StatusCode, import: &Import) -> Result<Response, Problem> {
    let mut told = told(import);
    let sample = call.app.imports.sample(&call.signed.caller, import).await?;
    let sample: Vec<Json> = sample.into_iter().map(|(row, cells)| json!({ "row": row, "cells": cells })).collect();
    told.insert("sample".into(), Json::Array(sample));
    told.insert("faults".into(), json!(import.document.faults));
    Ok(json_response(status, Json::Object(told).to_string().into_bytes()))
}

/// An import as the API writes it.
fn told(import: &Import) -> Map<String, Json> {
    let document = &import.document;
    let progress = &document.progress;
    let told = json!({
        "id": import.id.to_string(),
        "collection": import.collection.to_string(),
        "state": import.state,
        "file": document.file,
        "shape": document.shape,
        "heads": document.heads,
        "rows": document.rows,
        "mapping": document.mapping,
        "progress": {
            "rows": progress.rows,
            "created": progress.created,
            "updated": progress.updated,
            "unchanged": progress.unchanged,
            "skipped": progress.skipped,
            "archived": progress.archived,
            "set_back": progress.set_back,
        },
        "fault_count": document.fault_count,
        "notes": document.notes,
        "stopped": document.stopped,
        "made_by": import.made_by.map(|person| person.to_string()),
        "made_at": instant_text(import.made_at),
        "changed_at": instant_text(import.changed_at),
    });
    match told {
        Json::Object(told) => told,
        _ => Map::new(),
    }
}
