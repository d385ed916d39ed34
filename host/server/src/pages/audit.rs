//! `/admin/audit`: what was written down, searched and taken away as a file.

use super::house::Visit;
use crate::app::App;
use crate::rest::host::From;
use crate::rest::host::audit::{cursor, file, of_cursor};
use axum::Router;
use axum::extract::Query;
use axum::response::Response;
use axum::routing::get;
use lignaflow_core::{Fault, PersonId};
use lignaflow_identity::AuditSearch;
use lignaflow_web::admin::{AuditPage, AuditRow, audit as draw_audit};
use lignaflow_web::format::moment;
use lignaflow_web::paths;
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Events of one page.
const SHOWN: usize = 50;
/// Characters of a text that is looked for.
const LONGEST: usize = 200;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route(paths::AUDIT, get(list)).route(paths::AUDIT_FILE, get(csv))
}

type Asked = HashMap<String, String>;

fn text<'a>(query: &'a Asked, name: &str) -> &'a str {
    query.get(name).map_or("", |text| text.trim())
}

fn search(query: &Asked) -> AuditSearch {
    AuditSearch {
        before: of_cursor(text(query, "after")),
        kind: text(query, "kind").chars().take(LONGEST).collect(),
        person: super::lookup::id(text(query, "person")).map(PersonId),
        text: text(query, "q").chars().take(LONGEST).collect(),
        ..AuditSearch::default()
    }
}

fn again(query: &Asked, after: Option<&str>) -> String {
    let pairs = ["kind", "person", "q"].into_iter().map(|name| (name, text(query, name)));
    paths::query(pairs.chain(after.map(|after| ("after", after))).filter(|(_, text)| !text.is_empty()))
}

/// A value of a line's detail as people read it.
fn told(value: &Json, named: &dyn Fn(&str) -> String) -> String {
    match value {
        Json::String(text) => named(text),
        Json::Array(values) if values.is_empty() => "none".to_owned(),
        Json::Array(values) => values.iter().map(|value| told(value, named)).collect::<Vec<_>>().join(", "),
        Json::Object(values) => {
            let pairs = values.iter().map(|(name, value)| format!("{} {}", name.replace('_', " "), told(value, named)));
            pairs.collect::<Vec<_>>().join(", ")
        }
        Json::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        other => other.to_string(),
    }
}

async fn list(visit: Visit, Query(query): Query<Asked>) -> Response {
    let (identity, actor) = (&visit.app.identity, &visit.signed.authenticated);
    let found = async {
        let lines = identity.audit(actor, &search(&query), u32::try_from(SHOWN + 1).unwrap_or(u32::MAX)).await?;
        let kinds = identity.audit_kinds(actor).await?;
        let people = visit.app.records.directory().people(visit.signed.caller.organization, None).await?;
        Ok::<_, Fault>((lines, kinds, people))
    };
    let (mut lines, kinds, people) = match found.await {
        Ok(found) => found,
        Err(fault) => return visit.fault(&fault),
    };
    let more = lines.len() > SHOWN;
    lines.truncate(SHOWN);
    let next =
        lines.last().filter(|_| more).map(|last| format!("{}{}", paths::AUDIT, again(&query, Some(&cursor(last)))));
    let people: Vec<(String, String)> = people.into_iter().map(|person| (person.id.to_string(), person.name)).collect();
    let names: BTreeMap<&str, &str> = people.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
    let named = |id: &str| names.get(id).map_or_else(|| id.to_owned(), |name| (*name).to_owned());
    let reader = visit.reader();
    let rows: Vec<AuditRow> = lines
        .into_iter()
        .map(|line| AuditRow {
            at: line.event.at,
            kind: line.event.kind,
            person: line.event.person.map(|person| named(&person.to_string())).unwrap_or_default(),
            address: line.event.address,
            by_token: line.event.token.is_some(),
            detail: line
                .event
                .detail
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(_, value)| !value.is_null() && value.as_str() != Some(""))
                .map(|(name, value)| {
                    let when = value.as_i64().filter(|_| name.ends_with("_at"));
                    let text = when.map_or_else(|| told(value, &named), |at| moment(at, &reader));
                    (name.replace('_', " "), text)
                })
                .collect(),
        })
        .collect();
    let view = AuditPage {
        rows: &rows,
        kinds: &kinds,
        people: &people,
        kind: text(&query, "kind"),
        person: text(&query, "person"),
        text: text(&query, "q"),
        query: &again(&query, None),
        next: next.as_deref(),
    };
    visit.page(draw_audit(&visit.shell(), &view))
}

async fn csv(visit: Visit, From(client): From, Query(query): Query<Asked>) -> Response {
    match file(&visit.app, &visit.signed.authenticated, client, search(&query)).await {
        Ok(response) => response,
        Err(fault) => visit.fault(&fault),
    }
}
