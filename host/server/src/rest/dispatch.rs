//! From a path and a method to what is meant, for everything that plugins bring.

use crate::app::App;
use crate::auth::Signed;
use crate::problem::{Kind, Problem};
use crate::rest::collections::Call;
use crate::rest::host::From;
use crate::rest::{fields, guest, imports, query, repeat};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use lignaflow_core::name::{CollectionName, PluginId};
use lignaflow_core::{Fault, Id};
use lignaflow_identity::Client;
use lignaflow_records::Once;
use std::sync::Arc;

/// `/api/v1/{plugin}/{*rest}`.
pub async fn plugin(
    State(app): State<Arc<App>>,
    (signed, From(client)): (Signed, From),
    method: Method,
    Path((plugin, rest)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    // A file is not held in memory; every other body is, within the bounds that the middleware sets.
    let is_file = method == Method::POST && matches!(rest.split_once('/'), Some((_, "imports")));
    let (file, body) = if is_file { (Some(body), Bytes::new()) } else { (None, whole(body).await?) };
    let once = if is_file { None } else { repeat::once(&method, &uri, &headers, &body)? };
    let asked =
        Asked { client, plugin, rest, method, query: uri.query().unwrap_or_default(), headers: &headers, body, file };
    match &once {
        Some(once) => repeat::run(&app, &signed, once, Box::pin(answer(&app, &signed, Some(once), asked))).await,
        None => answer(&app, &signed, None, asked).await,
    }
}

/// A request of what a plugin brings.
struct Asked<'a> {
    client: Client,
    plugin: String,
    rest: String,
    method: Method,
    query: &'a str,
    headers: &'a HeaderMap,
    body: Bytes,
    /// A body that may be a file, which is read as it comes.
    file: Option<Body>,
}

async fn answer(app: &App, signed: &Signed, once: Option<&Once>, asked: Asked<'_>) -> Result<Response, Problem> {
    let Asked { client, plugin, rest, method, query, headers, body, file } = asked;
    let snapshot = app.registry.current_of(signed.caller.organization);
    let unknown = || Problem::from(Fault::not_found(format_args!("plugin `{plugin}`")));
    let id: PluginId = plugin.parse().map_err(|_| unknown())?;
    let loaded = snapshot
        .plugins
        .get(&id)
        .filter(|_| snapshot.is_enabled(signed.caller.organization, &id))
        .ok_or_else(unknown)?;
    let pairs: query::Pairs = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let segments: Vec<&str> = rest.split('/').collect();
    // A HEAD is answered as the GET that it stands for; its body is taken away on the way out (RFC 9110, 9.3.2).
    let method = if method == Method::HEAD { Method::GET } else { method };

    match guest::matching(loaded.descriptor(), &method, &segments) {
        guest::Match::Route(route, parameters) => {
            let body = match file {
                Some(file) => whole(file).await?,
                None => body,
            };
            let schemas = app.schemas.of(loaded.digest(), route);
            let route = guest::RouteCall { plugin: &id, route, schemas, parameters, pairs, headers, body, once };
            return route.answer(app, &signed.caller).await;
        }
        guest::Match::OtherMethods(methods) => return Err(not_offered(&method, &methods)),
        guest::Match::None => {}
    }

    let snapshot = snapshot.seen_by(&signed.caller);
    let nothing = || Problem::from(Fault::not_found(format_args!("`/api/v1/{plugin}/{rest}`")));
    let local = segments[0].parse().map_err(|_| nothing())?;
    let name = CollectionName { plugin: id.clone(), local };
    let schema = app.records.schema(&snapshot, &signed.caller, &name)?;
    let call = Call { app, signed, snapshot: &snapshot, schema: &schema, headers, client: &client, once };
    let record = |text: &str| {
        text.parse::<Id>().map_err(|_| Problem::from(Fault::not_found(schema.collection.title.one.to_lowercase())))
    };
    let rest = &segments[1..];
    if !takes_parameters(&method, rest) {
        query::none(&pairs)?;
    }
    // Boxed, so that a call of a plugin's route does not move about what it will not do.
    let answer: BoxFuture<'_, Result<Response, Problem>> = match (method.clone(), rest) {
        (Method::GET, []) => Box::pin(call.list(&pairs)),
        (Method::POST, []) => Box::pin(call.create(&body)),
        (_, []) => return Err(not_offered(&method, &["GET", "POST"])),
        (_, ["imports", rest @ ..]) => Box::pin(imports::answer(&call, &method, rest, &pairs, file, &body)),
        (_, ["fields", rest @ ..]) => Box::pin(fields::answer(&call, &client, &method, rest, &pairs, &body)),
        (Method::GET, ["summary"]) => Box::pin(call.summary(&pairs)),
        (_, ["summary"]) => return Err(not_offered(&method, &["GET"])),
        (Method::POST, ["batch"]) => Box::pin(call.batch(&pairs, &body)),
        (_, ["batch"]) => return Err(not_offered(&method, &["POST"])),
        (Method::GET, [id]) => Box::pin(call.get(record(id)?, &pairs)),
        (Method::PATCH, [id]) => Box::pin(call.update(record(id)?, &body)),
        (Method::DELETE, [id]) => Box::pin(call.remove(record(id)?)),
        (_, [id]) => {
            record(id)?;
            return Err(not_offered(&method, &["GET", "PATCH", "DELETE"]));
        }
        (Method::GET, [id, "history"]) => Box::pin(call.history(record(id)?, &pairs)),
        (_, [_, "history"]) => return Err(not_offered(&method, &["GET"])),
        (Method::POST, [id, "restore"]) => Box::pin(call.restore(record(id)?)),
        (Method::POST, [id, "revert"]) => Box::pin(call.revert(record(id)?, &body)),
        (Method::POST, [id, verb]) if schema.collection.transition(verb).is_some() => {
            Box::pin(call.transition(record(id)?, verb, &body))
        }
        (_, [_, verb]) if ["restore", "revert"].contains(verb) || schema.collection.transition(verb).is_some() => {
            return Err(not_offered(&method, &["POST"]));
        }
        _ => return Err(nothing()),
    };
    answer.await
}

/// Whether what is meant reads parameters of its own, and tells of those that it does not know. Nothing else has any.
fn takes_parameters(method: &Method, rest: &[&str]) -> bool {
    match rest {
        [] | [_] if *method == Method::GET => true,
        [_, "history"] => *method == Method::GET,
        ["batch"] | ["fields" | "imports", ..] => true,
        _ => false,
    }
}

/// A body in memory. Where it broke off, the middleware says why if it knows.
async fn whole(body: Body) -> Result<Bytes, Problem> {
    let read = axum::body::to_bytes(body, usize::MAX).await;
    read.map_err(|_| Problem::new(Kind::Unparsable, "The body could not be read to its end."))
}

/// Any other address under `/api`: what asks there is a program.
pub async fn nothing(uri: http::Uri) -> Problem {
    Fault::not_found(format_args!("`{}`", uri.path())).into()
}

pub(super) fn not_offered(method: &Method, offered: &[&str]) -> Problem {
    let list = offered.join(", ");
    let problem = Problem::new(Kind::MethodNotAllowed, format!("{method} is not offered here; {list} is."));
    match HeaderValue::from_str(&list) {
        Ok(value) => problem.with_header(header::ALLOW, value),
        Err(_) => problem,
    }
}
