//! The change feed: in pages for who asks now and then, as events for who stays.

use crate::app::App;
use crate::auth::Signed;
use crate::live::{self, Watch};
use crate::problem::Problem;
use crate::rest::collections::json_response;
use crate::rest::query::{DEFAULT_LIMIT, MAX_LIMIT};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use lignaflow_core::caller::Principal;
use lignaflow_core::catalog::{Schema, SystemField};
use lignaflow_core::record::escape;
use lignaflow_core::value::instant_text;
use lignaflow_core::{Fault, Issue};
use lignaflow_records::feed::{Follow, Reset, Seen, Since, Slice, Told};
use serde::Serialize;
use serde_json::Value as Json;
use std::sync::Arc;
use utoipa::ToSchema;

/// What a browser that connects again says it has seen last.
const LAST_EVENT: &str = "last-event-id";

/// What changed
///
/// Changes of records in the order of their commits, each with the record as it stands now for the caller: archived, it
/// is a tombstone (`deleted`); `gone` is what has left the caller's view. Begin with `after=now`, read the lists that you
/// keep, then follow `next`. With `reset`, what was read before no longer holds: read the lists again and go on from
/// `next`. The same as `text/event-stream` stays open; it begins after `Last-Event-ID`, else after `after`, else now.
#[utoipa::path(
    get, path = "/changes", tag = "host", operation_id = "host_changes",
    params(
        ("after" = Option<String>, Query, description = "`next` of an earlier answer or `position` of a change; `now`; the beginning where left out."),
        ("collection" = Option<String>, Query, description = "Collections, comma-separated or repeated; all that are on where left out.", example = "projects/tasks"),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200, description = "Changes of a page, 50 where left out."),
        ("Last-Event-ID" = Option<String>, Header, description = "For `text/event-stream`: the id of the last event seen."),
    ),
    extensions(("x-permission" = json!("records.read"))),
    responses((status = 200, description = "A page, or events without end.", content(
        (Changes = "application/json"),
        (String = "text/event-stream"),
    )))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    signed: Signed,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let streams = wants_events(&headers);
    let follow = follow(raw.as_deref().unwrap_or_default(), &headers, streams)?;
    let snapshot = app.registry.seen_by(&signed.caller);
    let slice = app.records.changes(&signed.caller, &snapshot, &follow).await?;
    if streams {
        let watch = Watch { credential: signed.credential, organization: signed.caller.organization, follow };
        return live::stream(&app, watch, slice);
    }
    Ok(json_response(StatusCode::OK, serde_json::to_vec(&page(&slice)).map_err(|_| Problem::internal())?))
}

/// Whether events are what is asked for, by the first of the types that are offered here.
fn wants_events(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let mut kinds = accept.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
    kinds.find(|kind| matches!(*kind, "text/event-stream" | "application/json" | "application/*" | "*/*"))
        == Some("text/event-stream")
}

fn follow(query: &str, headers: &HeaderMap, streams: bool) -> Result<Follow, Fault> {
    let mut issues = Vec::new();
    let mut since = |path: &str, text: &str| match text {
        "now" => Since::Now,
        "" => Since::Beginning,
        text => {
            if let Ok(cursor) = text.parse() {
                Since::Cursor(cursor)
            } else {
                let message = "Give back what an answer said in `next` or `position`, or `now`.";
                issues.push(Issue::new(path, "cursor", message));
                Since::Now
            }
        }
    };
    let mut follow = Follow {
        since: if streams { Since::Now } else { Since::Beginning },
        collections: Vec::new(),
        limit: DEFAULT_LIMIT,
    };
    let mut more = Vec::new();
    for (name, text) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "after" => follow.since = since("/after", &text),
            "collection" => {
                for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
                    match word.parse() {
                        Ok(collection) => follow.collections.push(collection),
                        Err(_) => more.push(Issue::new(
                            "/collection",
                            "collection",
                            format!("`{word}` names no collection; one is named such as `projects/tasks`."),
                        )),
                    }
                }
            }
            "limit" => match text.parse() {
                Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => follow.limit = limit,
                _ => more.push(Issue::new("/limit", "limit", format!("A limit is 1 to {MAX_LIMIT}, not `{text}`."))),
            },
            other => more.push(Issue::new(
                format!("/{}", escape(other)),
                "unknown-parameter",
                format!("There is no parameter `{other}`; there are after, collection and limit."),
            )),
        }
    }
    if streams && let Some(last) = headers.get(LAST_EVENT).and_then(|last| last.to_str().ok()) {
        follow.since = since("/Last-Event-ID", last);
    }
    issues.extend(more);
    if issues.is_empty() { Ok(follow) } else { Err(Fault::invalid(issues)) }
}

fn page(slice: &Slice) -> Changes {
    Changes {
        data: slice.changes.iter().map(change).collect(),
        next: slice.next.to_string(),
        more: slice.more,
        reset: slice.reset.map(Reset::as_str),
    }
}

/// A page of changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Changes {
    /// In the order of their commits.
    pub data: Vec<Change>,
    /// What to send as `after` next time.
    pub next: String,
    /// There is more to be had at once.
    pub more: bool,
    /// What was read before no longer holds: `view` where rights, plugins or the collections asked for have changed,
    /// `position` where the log does not reach there. Null otherwise.
    pub reset: Option<&'static str>,
}

/// One change, as pages and events tell it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Change {
    /// What to send as `after` to go on from here.
    pub position: String,
    #[schema(example = "projects/tasks")]
    pub collection: String,
    #[schema(format = Uuid)]
    pub id: String,
    /// `insert`, `update`, `remove`, `restore`; `gone` where the record has left the caller's view.
    pub kind: &'static str,
    pub transition: Option<String>,
    /// The version that the change made. The record may be a later one by now.
    pub version: Option<u64>,
    pub at: Option<String>,
    pub by: Option<By>,
    /// The fields that were changed.
    pub changed: Vec<String>,
    /// The record is archived, or has left the caller's view.
    pub deleted: bool,
    /// The record as it stands now; null where it has left the caller's view.
    #[schema(value_type = Option<Object>)]
    pub record: Option<Json>,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangedBy)]
pub(crate) struct By {
    /// `person`, `plugin`, `link` or `anonymous`.
    pub kind: &'static str,
    pub id: Option<String>,
}

impl From<&Principal> for By {
    fn from(principal: &Principal) -> Self {
        match principal {
            Principal::Person(person) => Self { kind: "person", id: Some(person.to_string()) },
            Principal::Plugin(plugin) => Self { kind: "plugin", id: Some(plugin.to_string()) },
            Principal::Link(link) => Self { kind: "link", id: Some(link.to_string()) },
            Principal::Anonymous => Self { kind: "anonymous", id: None },
        }
    }
}

pub(crate) fn change(told: &Told) -> Change {
    let entry = &told.entry;
    let mut change = Change {
        position: told.cursor.to_string(),
        collection: entry.collection.to_string(),
        id: entry.record.to_string(),
        kind: "gone",
        transition: None,
        version: None,
        at: None,
        by: None,
        changed: Vec::new(),
        deleted: true,
        record: None,
    };
    // Who took it out of their view, and by which change, is not theirs to know.
    if let Seen::Record(schema, record) = &told.seen {
        change.kind = entry.kind.as_str();
        change.transition.clone_from(&entry.transition);
        change.version = Some(entry.version);
        change.at = Some(instant_text(entry.at));
        change.by = Some(By::from(&entry.principal));
        change.changed = entry.after.keys().filter(|name| is_shown(schema, name)).cloned().collect();
        change.deleted = record.archived_at.is_some();
        change.record = Some(record.to_json(schema));
    }
    change
}

/// Whether records are shown with a field of this name.
fn is_shown(schema: &Schema, name: &str) -> bool {
    schema.field(name).is_some() || SystemField::ALL.iter().any(|field| field.as_str() == name)
}
