//! What was written down of who signed in and who changed what may be done: pages of it, and all of it as a file.

use super::From;
use crate::app::App;
use crate::auth::Signed;
use crate::problem::Problem;
use crate::rest::accept::Format;
use crate::rest::export::inert;
use crate::rest::query::{DEFAULT_LIMIT, MAX_LIMIT};
use axum::Json;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};
use lignaflow_core::clock::Micros;
use lignaflow_core::record::escape;
use lignaflow_core::value::{instant_text, parse_instant};
use lignaflow_core::{Fault, Id, Issue, PersonId};
use lignaflow_identity::{AuditLine, AuditSearch, Authenticated, Client, Identity};
use serde::Serialize;
use std::io;
use std::sync::Arc;
use utoipa::ToSchema;

/// Lines that a file reads at once.
const SLICE: u32 = 500;
/// Characters of a text that is looked for.
const LONGEST: usize = 200;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Events {
    /// The latest first.
    pub data: Vec<Event>,
    /// The address of the next page.
    pub next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEvent)]
pub(super) struct Event {
    #[schema(format = Uuid)]
    pub id: String,
    pub at: String,
    /// Such as `session.opened`.
    pub kind: String,
    /// Who acted; nothing for the program, an operator on the command line, or somebody unknown.
    #[schema(format = Uuid)]
    pub person: Option<String>,
    /// From where; empty for the command line.
    pub address: String,
    /// The token that it was done with.
    #[schema(format = Uuid)]
    pub token: Option<String>,
    pub detail: serde_json::Value,
}

fn shown(line: AuditLine) -> Event {
    Event {
        id: line.id.to_string(),
        at: instant_text(line.event.at),
        kind: line.event.kind,
        person: line.event.person.map(|person| person.to_string()),
        address: line.event.address,
        token: line.event.token.map(|token| token.to_string()),
        detail: line.event.detail,
    }
}

/// A place among the events, and back.
pub fn cursor(line: &AuditLine) -> String {
    format!("{}.{}", line.event.at, line.id)
}

pub fn of_cursor(text: &str) -> Option<(Micros, Id)> {
    let (at, id) = text.split_once('.')?;
    Some((at.parse().ok()?, id.parse().ok()?))
}

/// The search of a query, its limit, and the query without its place.
fn asked(raw: &str) -> Result<(AuditSearch, u16, String), Fault> {
    let (mut search, mut limit, mut issues) = (AuditSearch::default(), DEFAULT_LIMIT, Vec::new());
    let mut again = form_urlencoded::Serializer::new(String::new());
    for (name, text) in form_urlencoded::parse(raw.as_bytes()) {
        let mut fault =
            |code: &str, message: String| issues.push(Issue::new(format!("/{}", escape(&name)), code, message));
        let instant = || parse_instant(&text);
        match &*name {
            "kind" if text.len() <= LONGEST => text.trim_end_matches('.').clone_into(&mut search.kind),
            "q" if text.len() <= LONGEST => text.trim().clone_into(&mut search.text),
            "kind" | "q" => fault("too-long", format!("At most {LONGEST} characters.")),
            "person" => match text.parse() {
                Ok(id) => search.person = Some(PersonId(id)),
                Err(_) => fault("type", "Expected the id of a person.".to_owned()),
            },
            "from" | "until" => match (instant(), &*name) {
                (Some(at), "from") => search.from = Some(at),
                (Some(at), _) => search.until = Some(at),
                (None, _) => fault("type", "Expected an instant such as \"2027-01-01T00:00:00Z\".".to_owned()),
            },
            "limit" => match text.parse() {
                Ok(number) if (1..=MAX_LIMIT).contains(&number) => limit = number,
                _ => fault("limit", format!("A limit is 1 to {MAX_LIMIT}, not `{text}`.")),
            },
            "after" => match of_cursor(&text) {
                Some(place) => search.before = Some(place),
                None => fault("cursor", "Give back what an answer said in `next`.".to_owned()),
            },
            other => fault(
                "unknown-parameter",
                format!("There is no parameter `{other}`; there are kind, person, from, until, q, limit and after."),
            ),
        }
        if &*name != "after" {
            again.append_pair(&name, &text);
        }
    }
    if issues.is_empty() { Ok((search, limit, again.finish())) } else { Err(Fault::invalid(issues)) }
}

/// What was written down
///
/// Sign-ins and failures, members, roles, tokens, plugins, exports: who did it, from where, and by which token. With
/// `Accept: text/csv`, all that matches as a file.
#[utoipa::path(
    get, path = "/audit", tag = "host", operation_id = "host_list_audit",
    params(
        ("kind" = Option<String>, Query, description = "A kind, or its beginning up to a full stop: `session`, `session.failed`."),
        ("person" = Option<String>, Query, format = Uuid, description = "Who acted."),
        ("from" = Option<String>, Query, description = "Not before this instant."),
        ("until" = Option<String>, Query, description = "Before this instant."),
        ("q" = Option<String>, Query, description = "A text in the kind, the address, the detail, or the name of who acted."),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200, description = "50 where left out."),
        ("after" = Option<String>, Query, description = "From `next`."),
    ),
    extensions(("x-permission" = json!("organization.audit"))),
    responses((status = 200, description = "The latest first.", body = Events))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Result<Response, Problem> {
    let (search, limit, again) = asked(raw.as_deref().unwrap_or_default())?;
    let wanted = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if wanted.contains(Format::Csv.media_type()) {
        return Ok(file(&app, &signed.authenticated, client, search).await?);
    }
    let mut lines = app.identity.audit(&signed.authenticated, &search, u32::from(limit) + 1).await?;
    let more = lines.len() > usize::from(limit);
    lines.truncate(usize::from(limit));
    let next = lines.last().filter(|_| more).map(|last| {
        let mark = if again.is_empty() { "" } else { "&" };
        format!("/api/v1/audit?{again}{mark}after={}", cursor(last))
    });
    Ok(Json(Events { data: lines.into_iter().map(shown).collect(), next }).into_response())
}

fn csv_of(lines: &[AuditLine], heads: bool) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if heads {
        writer.write_record(["at", "kind", "person", "address", "token", "detail"])?;
    }
    for AuditLine { event, .. } in lines {
        let (person, token) = (event.person.map(|id| id.to_string()), event.token.map(|id| id.to_string()));
        let detail = event.detail.to_string();
        writer.write_record([
            instant_text(event.at).as_str(),
            &inert(&event.kind),
            person.as_deref().unwrap_or_default(),
            &event.address,
            token.as_deref().unwrap_or_default(),
            &inert(&detail),
        ])?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// All that matches, a slice at a time. That it was taken is written down first.
pub async fn file(app: &App, actor: &Authenticated, client: Client, search: AuditSearch) -> Result<Response, Fault> {
    app.identity.note_audit_export(actor, client, &search).await?;
    let day: String = instant_text(actor.caller.now).chars().take(10).collect();
    let start = (app.identity.clone(), actor.clone(), Some(search), true);
    let stream = futures_util::stream::try_unfold(start, |(identity, actor, search, first)| async move {
        let Some(search) = search else { return Ok::<_, io::Error>(None) };
        let lines = slice(&identity, &actor, &search).await.map_err(io::Error::other)?;
        let whole = lines.len() < usize::try_from(SLICE).unwrap_or(usize::MAX);
        let rest = lines
            .last()
            .filter(|_| !whole)
            .map(|last| AuditSearch { before: Some((last.event.at, last.id)), ..search.clone() });
        Ok(Some((csv_of(&lines, first)?, (identity, actor, rest, false))))
    });
    let mut response = Body::from_stream(stream).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"audit-{day}.csv\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

async fn slice(identity: &Identity, actor: &Authenticated, search: &AuditSearch) -> Result<Vec<AuditLine>, Fault> {
    identity.audit(actor, search, SLICE).await
}
