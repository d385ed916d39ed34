//! The organization's webhooks, and what they were told.

use super::From;
use super::account::{Body, of_path};
use crate::app::App;
use crate::auth::Signed;
use crate::problem::Problem;
use crate::rest::query::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::webhooks::form::Form;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use http::StatusCode;
use lignaflow_core::clock::Micros;
use lignaflow_core::record::escape;
use lignaflow_core::value::{instant_text, parse_instant};
use lignaflow_core::{Fault, Issue};
use lignaflow_store::webhooks::Webhook as Row;
use lignaflow_store::webhooks::deliveries::{Delivery as DeliveryRow, State as DeliveryState, Which};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Webhooks {
    pub data: Vec<Webhook>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Webhook {
    #[schema(format = Uuid)]
    pub id: String,
    #[schema(example = "https://example.com/hooks/lignaflow")]
    pub url: String,
    pub description: String,
    /// It is told of these alone; of all where none are named.
    pub collections: Vec<String>,
    /// `insert`, `update`, `remove`, `restore`; all where none are named.
    pub kinds: Vec<String>,
    /// `active` or `paused`.
    pub state: &'static str,
    /// `by-hand`, `failing` where nothing has arrived for days, `owner` where whoever made it is not active any more.
    pub paused_because: Option<&'static str>,
    pub paused_at: Option<String>,
    /// Since when every try has failed.
    pub failing_since: Option<String>,
    /// It is told what they may see.
    #[schema(format = Uuid)]
    pub created_by: String,
    pub created_at: String,
    pub updated_at: String,
    /// Signs what is sent. Shown once, when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

fn shown(row: Row, secret: Option<String>) -> Webhook {
    Webhook {
        id: row.id.to_string(),
        url: row.url,
        description: row.description,
        collections: row.collections.iter().map(ToString::to_string).collect(),
        kinds: row.kinds.iter().map(ToString::to_string).collect(),
        state: if row.paused.is_some() { "paused" } else { "active" },
        paused_because: row.paused.map(|(why, _)| why.as_str()),
        paused_at: row.paused.map(|(_, at)| instant_text(at)),
        failing_since: row.failing_since.map(instant_text),
        created_by: row.created_by.to_string(),
        created_at: instant_text(row.created_at),
        updated_at: instant_text(row.updated_at),
        secret,
    }
}

/// The organization's webhooks
#[utoipa::path(
    get, path = "/webhooks", tag = "host", operation_id = "host_list_webhooks",
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The oldest first.", body = Webhooks))
)]
pub(super) async fn list(State(app): State<Arc<App>>, signed: Signed) -> Result<Json<Webhooks>, Problem> {
    let rows = app.webhooks.all(&signed).await?;
    Ok(Json(Webhooks { data: rows.into_iter().map(|row| shown(row, None)).collect() }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookForm {
    /// Where it is told, over HTTPS, at an address of the public internet.
    #[schema(example = "https://example.com/hooks/lignaflow")]
    pub url: String,
    #[serde(default)]
    #[schema(example = "Our accounting")]
    pub description: String,
    /// All collections where left out.
    #[serde(default)]
    #[schema(example = json!(["projects/projects"]))]
    pub collections: Vec<String>,
    /// `insert`, `update`, `remove`, `restore`; all where left out.
    #[serde(default)]
    #[schema(example = json!(["insert", "update"]))]
    pub kinds: Vec<String>,
}

/// Make a webhook
///
/// It is told of what changes from now on, as you may see it. The secret is in the answer and is never shown again.
#[utoipa::path(
    post, path = "/webhooks", tag = "host", operation_id = "host_create_webhook", request_body = WebhookForm,
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 201, description = "The webhook with its secret.", body = Webhook))
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Body(form): Body<WebhookForm>,
) -> Result<(StatusCode, Json<Webhook>), Problem> {
    let form = Form {
        url: Some(form.url),
        description: Some(form.description),
        collections: Some(form.collections),
        kinds: Some(form.kinds),
    };
    let (row, secret) = app.webhooks.create(&signed, &client, &form).await?;
    Ok((StatusCode::CREATED, Json(shown(row, Some(secret)))))
}

/// Read a webhook
#[utoipa::path(
    get, path = "/webhooks/{id}", tag = "host", operation_id = "host_get_webhook",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The webhook.", body = Webhook))
)]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Json<Webhook>, Problem> {
    Ok(Json(shown(app.webhooks.one(&signed, of_path(&id, "webhook")?).await?, None)))
}

/// What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookChange {
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub collections: Option<Vec<String>>,
    #[serde(default)]
    pub kinds: Option<Vec<String>>,
}

/// Change a webhook
#[utoipa::path(
    patch, path = "/webhooks/{id}", tag = "host", operation_id = "host_change_webhook", request_body = WebhookChange,
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The webhook as it is now.", body = Webhook))
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
    Body(form): Body<WebhookChange>,
) -> Result<Json<Webhook>, Problem> {
    let WebhookChange { url, description, collections, kinds } = form;
    let form = Form { url, description, collections, kinds };
    Ok(Json(shown(app.webhooks.change(&signed, &client, of_path(&id, "webhook")?, &form).await?, None)))
}

/// Remove a webhook
///
/// With the log of what it was told. To stop it for a while, pause it.
#[utoipa::path(
    delete, path = "/webhooks/{id}", tag = "host", operation_id = "host_remove_webhook",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 204, description = "It is told nothing more."))
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.webhooks.remove(&signed, &client, of_path(&id, "webhook")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a webhook another secret
///
/// The former one signs as well for 24 hours. The new one is in the answer and is never shown again.
#[utoipa::path(
    post, path = "/webhooks/{id}/rotate", tag = "host", operation_id = "host_rotate_webhook_secret",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The webhook with its new secret.", body = Webhook))
)]
pub(super) async fn rotate(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<Json<Webhook>, Problem> {
    let (row, secret) = app.webhooks.rotate(&signed, &client, of_path(&id, "webhook")?).await?;
    Ok(Json(shown(row, Some(secret))))
}

/// Pause a webhook
///
/// What changes meanwhile is told once it is resumed.
#[utoipa::path(
    post, path = "/webhooks/{id}/pause", tag = "host", operation_id = "host_pause_webhook",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The webhook as it is now.", body = Webhook))
)]
pub(super) async fn pause(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<Json<Webhook>, Problem> {
    Ok(Json(shown(app.webhooks.pause(&signed, &client, of_path(&id, "webhook")?).await?, None)))
}

/// Resume a webhook
///
/// Where whoever made it is not active any more, you take it over: it is told what you may see.
#[utoipa::path(
    post, path = "/webhooks/{id}/resume", tag = "host", operation_id = "host_resume_webhook",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The webhook as it is now.", body = Webhook))
)]
pub(super) async fn resume(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<Json<Webhook>, Problem> {
    Ok(Json(shown(app.webhooks.resume(&signed, &client, of_path(&id, "webhook")?).await?, None)))
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deliveries {
    /// The latest first. What was delivered is forgotten after 30 days.
    pub data: Vec<Delivery>,
    /// The address of the next page.
    pub next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Delivery {
    /// The event's id, the same at every try.
    #[schema(format = Uuid)]
    pub id: String,
    pub collection: String,
    #[schema(format = Uuid)]
    pub record: String,
    pub kind: &'static str,
    pub changed_at: String,
    /// `waiting`, `delivered`, `given-up`, or `withheld` where it is of what the webhook's owner may not see.
    pub state: &'static str,
    pub tries: i64,
    /// While it waits: when it is tried next.
    pub next_try_at: Option<String>,
    /// Of the last try.
    pub tried_at: Option<String>,
    pub status: Option<u16>,
    pub took_ms: Option<i64>,
    /// The beginning of what was answered.
    pub answer: Option<String>,
    /// Why there was no answer.
    pub error: Option<String>,
}

fn told(row: DeliveryRow) -> Delivery {
    let tried = row.tried;
    Delivery {
        id: row.id.to_string(),
        collection: row.collection.to_string(),
        record: row.record.to_string(),
        kind: row.kind.as_str(),
        changed_at: instant_text(row.changed_at),
        state: row.state.as_str(),
        tries: row.tries,
        next_try_at: (row.state == DeliveryState::Waiting).then(|| instant_text(row.due_at)),
        tried_at: tried.as_ref().map(|tried| instant_text(tried.at)),
        status: tried.as_ref().and_then(|tried| tried.status),
        took_ms: tried.as_ref().map(|tried| tried.took_ms),
        answer: tried.as_ref().and_then(|tried| tried.answer.clone()),
        error: tried.and_then(|tried| tried.error),
    }
}

/// What a webhook was told
#[utoipa::path(
    get, path = "/webhooks/{id}/deliveries", tag = "host", operation_id = "host_list_deliveries",
    params(
        ("id" = String, Path, format = Uuid),
        ("state" = Option<String>, Query, description = "`waiting`, `delivered`, `given-up` or `withheld`."),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200, description = "50 where left out."),
        ("after" = Option<String>, Query, description = "From `next`."),
    ),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The latest first.", body = Deliveries))
)]
pub(super) async fn deliveries(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Json<Deliveries>, Problem> {
    let id = of_path(&id, "webhook")?;
    let mut which = Which::default();
    let mut limit = DEFAULT_LIMIT;
    let mut issues = Vec::new();
    for (name, text) in form_urlencoded::parse(raw.as_deref().unwrap_or_default().as_bytes()) {
        let mut fault = |code: &str, message: String| {
            issues.push(Issue::new(format!("/{}", escape(&name)), code, message));
        };
        match &*name {
            "state" => match DeliveryState::ALL.into_iter().find(|state| state.as_str() == text) {
                Some(state) => which.state = Some(state),
                None => fault("choice", "A state is waiting, delivered, given-up or withheld.".to_owned()),
            },
            "limit" => match text.parse() {
                Ok(number) if (1..=MAX_LIMIT).contains(&number) => limit = number,
                _ => fault("limit", format!("A limit is 1 to {MAX_LIMIT}, not `{text}`.")),
            },
            "after" => match text.parse() {
                Ok(number) => which.before = Some(number),
                Err(_) => fault("cursor", "Give back what an answer said in `next`.".to_owned()),
            },
            other => fault(
                "unknown-parameter",
                format!("There is no parameter `{other}`; there are state, limit and after."),
            ),
        }
    }
    if !issues.is_empty() {
        return Err(Fault::invalid(issues).into());
    }
    let mut rows = app.webhooks.deliveries(&signed, id, which, u32::from(limit) + 1).await?;
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next = rows.last().filter(|_| more).map(|last| {
        let state = which.state.map(|state| format!("state={}&", state.as_str())).unwrap_or_default();
        format!("/api/v1/webhooks/{id}/deliveries?{state}limit={limit}&after={}", last.number)
    });
    Ok(Json(Deliveries { data: rows.into_iter().map(told).collect(), next }))
}

/// Deliver again
///
/// The same event with the same id, as the owner of the webhook may see it now.
#[utoipa::path(
    post, path = "/webhooks/{id}/deliveries/{delivery}/replay", tag = "host", operation_id = "host_replay_delivery",
    params(("id" = String, Path, format = Uuid), ("delivery" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 204, description = "It is tried again."))
)]
pub(super) async fn replay(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path((id, delivery)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (id, delivery) = (of_path(&id, "webhook")?, of_path(&delivery, "delivery")?);
    app.webhooks.replay(&signed, &client, id, delivery).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayRange {
    /// The first instant whose changes are delivered again.
    #[schema(example = "2026-11-23T00:00:00Z")]
    pub from: String,
    /// The first whose changes are not.
    #[schema(example = "2026-11-24T00:00:00Z")]
    pub until: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Replayed {
    /// How many are tried again; 1000 at most, the earliest first.
    pub count: u64,
}

/// Deliver what was changed in a time again
#[utoipa::path(
    post, path = "/webhooks/{id}/replay", tag = "host", operation_id = "host_replay_deliveries",
    request_body = ReplayRange, params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "They are tried again.", body = Replayed))
)]
pub(super) async fn replay_range(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
    Body(form): Body<ReplayRange>,
) -> Result<Json<Replayed>, Problem> {
    let id = of_path(&id, "webhook")?;
    let mut issues = Vec::new();
    let mut instant = |path: &str, text: &str| -> Micros {
        parse_instant(text).unwrap_or_else(|| {
            issues.push(Issue::new(path, "type", "Expected an instant such as \"2026-11-23T00:00:00Z\"."));
            0
        })
    };
    let (from, until) = (instant("/from", &form.from), instant("/until", &form.until));
    if issues.is_empty() && from >= until {
        issues.push(Issue::new("/until", "range", "The time ends before it begins."));
    }
    if !issues.is_empty() {
        return Err(Fault::invalid(issues).into());
    }
    let count = app.webhooks.replay_range(&signed, &client, id, from..until).await?;
    Ok(Json(Replayed { count }))
}
