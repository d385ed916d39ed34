//! Plugins' own routes: matched, checked and validated by the host before any guest code runs, and their answers held
//! against what the descriptor promises.

use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::rest::accept::Format;
use crate::rest::collections::page_json;
use crate::rest::query::Pairs;
use crate::rest::{answer, body, table};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use jsonschema::Validator;
use lignaflow_core::caller::Caller;
use lignaflow_core::descriptor::{Descriptor, Route};
use lignaflow_core::guest::RouteRequest;
use lignaflow_core::media::essence;
use lignaflow_core::name::{LocalName, PluginId};
use lignaflow_core::record::escape;
use lignaflow_core::repeat::Answer;
use lignaflow_core::{ErrorCode, Fault, Id, Issue};
use lignaflow_records::{Composing, Once, RouteBody};
use lignaflow_runtime::schema::{compiled, faults};
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

/// What a path under a plugin comes to, as far as its own routes go.
#[derive(Debug)]
pub enum Match<'a> {
    Route(&'a Route, Vec<(String, String)>),
    /// The path is one of its routes', for other methods.
    OtherMethods(Vec<&'static str>),
    None,
}

/// Finds the route of a path. Literal segments win over parameters, since a path has one spelling.
pub fn matching<'a>(descriptor: &'a Descriptor, method: &Method, segments: &[&str]) -> Match<'a> {
    let mut others = Vec::new();
    let mut best: Option<(&Route, Vec<(String, String)>)> = None;
    for route in &descriptor.routes {
        let Some(parameters) = parameters(&route.path, segments) else { continue };
        if route.method.as_str() != method.as_str() {
            others.push(route.method.as_str());
        } else if best.as_ref().is_none_or(|(_, known)| parameters.len() < known.len()) {
            best = Some((route, parameters));
        }
    }
    match best {
        Some((route, parameters)) => Match::Route(route, parameters),
        None if others.is_empty() => Match::None,
        None => Match::OtherMethods(others),
    }
}

fn parameters(pattern: &str, segments: &[&str]) -> Option<Vec<(String, String)>> {
    let mut parts = pattern.split('/').skip(1);
    let mut parameters = Vec::new();
    for segment in segments {
        let part = parts.next()?;
        match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => parameters.push((name.to_owned(), (*segment).to_owned())),
            None if part == *segment => {}
            None => return None,
        }
    }
    parts.next().is_none().then_some(parameters)
}

/// A route about to be called.
#[derive(Debug)]
pub struct RouteCall<'a> {
    pub plugin: &'a PluginId,
    pub route: &'a Route,
    pub schemas: Arc<RouteSchemas>,
    pub parameters: Vec<(String, String)>,
    pub pairs: Pairs,
    pub headers: &'a HeaderMap,
    pub body: Bytes,
    /// The key of the request, if it has one.
    pub once: Option<&'a Once>,
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::OK)
}

impl RouteCall<'_> {
    pub async fn answer(self, app: &App, caller: &Caller) -> Result<Response, Problem> {
        let of = (self.plugin, self.route);
        let format = if of.1.answer.table.is_empty() { Format::Json } else { Format::of(self.headers)? };
        let answer = self.called(app, caller).await?;
        if format != Format::Json && answer.status == StatusCode::OK.as_u16() {
            return Ok(table::answered(app, caller, of, format, &answer.body)?);
        }
        let mut response = answer::response(answer);
        if !of.1.answer.table.is_empty() {
            response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
        }
        Ok(response)
    }

    /// The answer before it is HTTP.
    pub async fn called(mut self, app: &App, caller: &Caller) -> Result<Answer, Problem> {
        if let Some(permission) = &self.route.permission
            && !caller.holds(&permission.full(self.plugin))
        {
            return Err(Fault::denied("You may not do this here.").into());
        }
        // Whoever may not call it at all is told that, whatever they sent.
        if caller.link().is_none() {
            if self.route.method.writes() {
                caller.to_write()?
            } else {
                caller.to_read()?
            };
        }
        let mut issues = Vec::new();
        for (name, value) in &self.parameters {
            if value.parse::<Id>().is_err() {
                return Err(Fault::not_found(format_args!("{name} `{value}`")).into());
            }
        }
        self.check_query(&mut issues);
        let body = self.check_body(&mut issues)?;
        if !issues.is_empty() {
            return Err(Fault::invalid(issues).into());
        }
        let request = RouteRequest {
            route: self.route.name.as_str().to_owned(),
            parameters: std::mem::take(&mut self.parameters),
            query: std::mem::take(&mut self.pairs),
            content_type: if body.is_empty() { String::new() } else { "application/json".to_owned() },
            body,
        };
        let answer = |status, body| self.compose(status, body);
        let composing = Composing {
            answer: &answer,
            record: |status, schema, record| answer::record(status_of(status), schema, record),
            once: self.once,
        };
        let answer = app.records.route(caller, self.plugin, self.route, request, &composing).await?;
        Ok(answer)
    }

    /// The answer with a body; that the route promises it, the plugin's answer was held against.
    fn compose(&self, status: u16, body: RouteBody) -> Result<Answer, Fault> {
        let status = status_of(status);
        Ok(match body {
            RouteBody::Empty => {
                Answer { status: StatusCode::NO_CONTENT.as_u16(), headers: Vec::new(), body: Vec::new() }
            }
            RouteBody::Json(text) | RouteBody::Link(text) => answer::json(status, text.into_bytes()),
            RouteBody::Record(schema, record) => answer::record(status, &schema, &record),
            RouteBody::Page(page) => answer::json(status, page_json(&page)),
            // Whoever may read it is asked where it is handed out, with its ranges and its caching.
            RouteBody::Media(id) => Answer {
                status: StatusCode::SEE_OTHER.as_u16(),
                headers: vec![(header::LOCATION.as_str().to_owned(), format!("/api/v1/media/{id}/content"))],
                body: Vec::new(),
            },
            RouteBody::Bytes { content_type, bytes } => bytes_answer(self.plugin, status, &content_type, bytes)?,
        })
    }

    fn check_query(&self, issues: &mut Vec<Issue>) {
        for (name, text) in &self.pairs {
            let path = format!("/{}", escape(name));
            if self.route.query.contains_key(name) {
                // A query holds text; a schema that wants a number or a boolean is given one where it reads as one.
                let as_json =
                    serde_json::from_str::<Json>(text).ok().filter(|json| json.is_number() || json.is_boolean());
                let as_text = Json::String(text.clone());
                let schema = self.schemas.query.get(name).and_then(Option::as_ref);
                if !as_json.is_some_and(|json| schema.is_some_and(|schema| schema.is_valid(&json))) {
                    issues.extend(faults(schema, &as_text, &path));
                }
            } else {
                let near = lignaflow_core::descriptor::nearest(name, self.route.query.keys().map(String::as_str));
                let message = match near {
                    Some(near) => format!("There is no parameter `{name}`; did you mean `{near}`?"),
                    None => format!("There is no parameter `{name}`."),
                };
                issues.push(Issue::new(path, "unknown-parameter", message));
            }
        }
    }

    fn check_body(&self, issues: &mut Vec<Issue>) -> Result<Vec<u8>, Problem> {
        match &self.route.body {
            None if self.body.is_empty() => Ok(Vec::new()),
            None => Err(Problem::new(Kind::Unparsable, "This takes no body.")),
            Some(_) => {
                let json = body::json(self.headers, &self.body)?;
                issues.extend(faults(self.schemas.body.as_ref(), &json, ""));
                Ok(json.to_string().into_bytes())
            }
        }
    }
}

/// The schemas of one route, compiled; nothing for one that cannot be.
#[derive(Debug)]
pub struct RouteSchemas {
    query: BTreeMap<String, Option<Validator>>,
    body: Option<Validator>,
}

impl RouteSchemas {
    fn of(route: &Route) -> Self {
        Self {
            query: route.query.iter().map(|(name, schema)| (name.clone(), compiled(schema))).collect(),
            body: route.body.as_ref().and_then(compiled),
        }
    }
}

/// The schemas of routes that were called, by the digest of their plugin's file: compiling one takes longer than the guest
/// does.
#[derive(Debug, Default)]
pub struct Schemas(RwLock<HashMap<String, HashMap<LocalName, Arc<RouteSchemas>>>>);

impl Schemas {
    /// Files whose routes are remembered at one time; past it they are compiled anew.
    const MOST: usize = 100;

    /// Of a route of the plugin whose file has that digest.
    pub fn of(&self, digest: &str, route: &Route) -> Arc<RouteSchemas> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(digest).and_then(|routes| routes.get(&route.name)) {
            return Arc::clone(known);
        }
        drop(known);
        let compiled = Arc::new(RouteSchemas::of(route));
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= Self::MOST {
            known.clear();
        }
        known.entry(digest.to_owned()).or_default().insert(route.name.clone(), Arc::clone(&compiled));
        compiled
    }
}

fn bad_answer(plugin: &PluginId) -> Fault {
    let message = format!("The plugin {plugin} gave an answer that it may not give. Nothing was changed.");
    Fault::new(ErrorCode::PluginBadAnswer, message)
}

/// Bytes of a plugin reach a browser only as a download or as a plain picture or text: never as a page.
fn bytes_answer(plugin: &PluginId, status: StatusCode, kind: &str, bytes: Vec<u8>) -> Result<Answer, Fault> {
    const PLAIN: [&str; 6] =
        ["text/plain", "text/csv", "image/png", "image/jpeg", "application/pdf", "application/json"];
    if HeaderValue::from_str(kind).is_err() {
        tracing::warn!(%plugin, "a plugin's content type is not one");
        return Err(bad_answer(plugin));
    }
    let mut headers = vec![(header::CONTENT_TYPE.as_str().to_owned(), kind.to_owned())];
    if !PLAIN.contains(&essence(kind).as_str()) {
        headers.push((header::CONTENT_DISPOSITION.as_str().to_owned(), "attachment".to_owned()));
    }
    Ok(Answer { status: status.as_u16(), headers, body: bytes })
}
