//! The organization's webhooks: made, changed, paused, and what each was told.

use super::house::Visit;
use crate::app::App;
use crate::problem::Problem;
use crate::rest::host::From;
use crate::webhooks::form::Form;
use axum::Router;
use axum::extract::{Path, Query, RawForm};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use lignaflow_core::clock::Micros;
use lignaflow_core::{Fault, Id, Issue};
use lignaflow_store::LogKind;
use lignaflow_store::webhooks::deliveries::{Delivery, State, Which};
use lignaflow_store::webhooks::{Paused, Webhook};
use lignaflow_web::admin::{
    DeliveryRow, DeliveryState, WebhookDraft, WebhookForm, WebhookPage, WebhookRow, WebhookState, WebhooksPage,
    webhook as draw_webhook, webhooks as draw_webhooks,
};
use lignaflow_web::labels::Wanted;
use lignaflow_web::paths;
use std::collections::HashMap;
use std::sync::Arc;

/// Deliveries of one page.
const SHOWN: u32 = 50;

/// What is done with records, in words.
const KINDS: [(&str, &str); 4] =
    [("insert", "made"), ("update", "changed"), ("remove", "archived"), ("restore", "restored")];

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(paths::WEBHOOKS, get(list).post(create))
        .route("/admin/webhooks/{id}", get(one).post(change))
        .route("/admin/webhooks/{id}/{act}", post(act))
        .route("/admin/webhooks/{id}/deliveries/{delivery}/replay", post(replay))
}

fn kind_word(kind: LogKind) -> &'static str {
    KINDS.iter().find(|(word, _)| *word == kind.as_str()).map_or("changed", |(_, said)| said)
}

/// The collections that are on, by name and title.
fn collections(visit: &Visit) -> Vec<(String, String)> {
    let organization = visit.signed.caller.organization;
    let on =
        visit.snapshot.catalog.schemas().filter(|schema| visit.snapshot.is_enabled(organization, &schema.name.plugin));
    on.map(|schema| (schema.name.to_string(), schema.collection.title.many.clone())).collect()
}

fn state(webhook: &Webhook) -> WebhookState {
    match (webhook.paused, webhook.failing_since) {
        (Some((Paused::ByHand, at)), _) => WebhookState::PausedByHand(at),
        (Some((Paused::Failing, at)), since) => WebhookState::PausedFailing(since.unwrap_or(at), at),
        (Some((Paused::Owner, at)), _) => WebhookState::PausedOwner(at),
        (None, Some(since)) => WebhookState::Failing(since),
        (None, None) => WebhookState::Active,
    }
}

async fn rows(visit: &Visit, webhooks: &[Webhook]) -> Result<Vec<WebhookRow>, Fault> {
    let wanted = Wanted { people: webhooks.iter().map(|webhook| webhook.created_by.0).collect(), ..Wanted::default() };
    let labels = super::lookup::labels(visit, &wanted).await?;
    let titles: HashMap<String, String> = collections(visit).into_iter().collect();
    let row = |webhook: &Webhook| WebhookRow {
        id: webhook.id.to_string(),
        url: webhook.url.clone(),
        description: webhook.description.clone(),
        collections: webhook
            .collections
            .iter()
            .map(|name| titles.get(&name.to_string()).cloned().unwrap_or_else(|| name.to_string()))
            .collect(),
        kinds: webhook.kinds.iter().map(|kind| kind_word(*kind)).collect(),
        state: state(webhook),
        owner: labels.get(webhook.created_by.0).unwrap_or_default().to_owned(),
        created_at: webhook.created_at,
    };
    Ok(webhooks.iter().map(row).collect())
}

fn status(fault: Option<&Fault>) -> StatusCode {
    fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status())
}

fn form<'a>(draft: &'a WebhookDraft, collections: &'a [(String, String)], fault: Option<&'a Fault>) -> WebhookForm<'a> {
    WebhookForm {
        draft,
        collections,
        kinds: &KINDS,
        issues: fault.map_or(&[], |fault| fault.issues.as_slice()),
        fault: fault.filter(|fault| fault.issues.is_empty()).map(|fault| fault.message.as_str()),
    }
}

async fn list(visit: Visit) -> Response {
    draw_list(&visit, &WebhookDraft::default(), None).await
}

async fn draw_list(visit: &Visit, draft: &WebhookDraft, fault: Option<&Fault>) -> Response {
    let webhooks = match visit.app.webhooks.all(&visit.signed).await {
        Ok(webhooks) => webhooks,
        Err(fault) => return visit.fault(&fault),
    };
    let rows = match rows(visit, &webhooks).await {
        Ok(rows) => rows,
        Err(fault) => return visit.fault(&fault),
    };
    let collections = collections(visit);
    let view = WebhooksPage { webhooks: &rows, form: form(draft, &collections, fault) };
    visit.page_with(status(fault), draw_webhooks(&visit.shell(), &view))
}

/// What was typed. A list of which nothing is ticked is all.
fn typed(body: &[u8]) -> WebhookDraft {
    let mut draft = WebhookDraft::default();
    for (name, value) in form_urlencoded::parse(body) {
        match &*name {
            "url" => draft.url = value.into_owned(),
            "description" => draft.description = value.into_owned(),
            "collections" => draft.collections.push(value.into_owned()),
            "kinds" => draft.kinds.push(value.into_owned()),
            _ => {}
        }
    }
    draft
}

fn asked(draft: &WebhookDraft) -> Form {
    Form {
        url: Some(draft.url.clone()),
        description: Some(draft.description.clone()),
        collections: Some(draft.collections.clone()),
        kinds: Some(draft.kinds.clone()),
    }
}

async fn create(visit: Visit, From(client): From, RawForm(body): RawForm) -> Response {
    let draft = typed(&body);
    match visit.app.webhooks.create(&visit.signed, &client, &asked(&draft)).await {
        Ok((webhook, secret)) => draw_one(&visit, webhook.id, Shown { made: Some(&secret), ..Shown::default() }).await,
        Err(fault) => draw_list(&visit, &draft, Some(&fault)).await,
    }
}

/// What the page of one shows beside what stands.
#[derive(Default)]
struct Shown<'a> {
    made: Option<&'a str>,
    draft: Option<WebhookDraft>,
    fault: Option<&'a Fault>,
    before: Option<i64>,
}

async fn one(visit: Visit, Path(id): Path<String>, Query(query): Query<HashMap<String, String>>) -> Response {
    let Ok(id) = id.parse::<Id>() else { return visit.not_found() };
    let before = query.get("after").and_then(|text| text.parse().ok());
    draw_one(&visit, id, Shown { before, ..Shown::default() }).await
}

async fn draw_one(visit: &Visit, id: Id, shown: Shown<'_>) -> Response {
    let found = async {
        let webhook = visit.app.webhooks.one(&visit.signed, id).await?;
        let which = Which { state: None, before: shown.before };
        let deliveries = visit.app.webhooks.deliveries(&visit.signed, id, which, SHOWN + 1).await?;
        let row = rows(visit, std::slice::from_ref(&webhook)).await?.pop().ok_or_else(Fault::internal)?;
        Ok::<_, Fault>((webhook, row, deliveries))
    };
    let (webhook, row, mut deliveries) = match found.await {
        Ok(found) => found,
        Err(fault) => return visit.fault(&fault),
    };
    let more = deliveries.len() > usize::try_from(SHOWN).unwrap_or(usize::MAX);
    deliveries.truncate(usize::try_from(SHOWN).unwrap_or(usize::MAX));
    let next = deliveries.last().filter(|_| more).map(|last| format!("{}?after={}", paths::webhook(id), last.number));
    let told: Vec<DeliveryRow> = deliveries.iter().map(|delivery| delivery_row(visit, delivery)).collect();
    let draft = shown.draft.unwrap_or_else(|| WebhookDraft {
        url: webhook.url.clone(),
        description: webhook.description.clone(),
        collections: webhook.collections.iter().map(ToString::to_string).collect(),
        kinds: webhook.kinds.iter().map(ToString::to_string).collect(),
    });
    let collections = collections(visit);
    let view = WebhookPage {
        row: &row,
        form: form(&draft, &collections, shown.fault),
        made: shown.made,
        deliveries: &told,
        next: next.as_deref(),
    };
    visit.page_with(status(shown.fault), draw_webhook(&visit.shell(), &view))
}

fn delivery_row(visit: &Visit, delivery: &Delivery) -> DeliveryRow {
    let schema = visit.snapshot.catalog.schema(&delivery.collection);
    let one = schema.map_or_else(|| delivery.collection.to_string(), |schema| schema.collection.title.one.clone());
    let tried = delivery.tried.as_ref();
    DeliveryRow {
        id: delivery.id.to_string(),
        changed_at: delivery.changed_at,
        what: format!("{one} {}", kind_word(delivery.kind)),
        href: schema.map(|schema| paths::record(&schema.name, delivery.record)),
        state: match delivery.state {
            State::Waiting => DeliveryState::Waiting,
            State::Delivered => DeliveryState::Delivered,
            State::GivenUp => DeliveryState::GivenUp,
            State::Withheld => DeliveryState::Withheld,
        },
        tries: delivery.tries,
        next_try_at: (delivery.state == State::Waiting && delivery.tries > 0).then_some(delivery.due_at),
        last: tried.and_then(|tried| match (tried.status, &tried.error) {
            (Some(status), _) => Some(format!("{status} in {} ms", tried.took_ms)),
            (None, error) => error.clone(),
        }),
        answer: tried.and_then(|tried| tried.answer.clone()),
    }
}

async fn change(visit: Visit, From(client): From, Path(id): Path<String>, RawForm(body): RawForm) -> Response {
    let Ok(id) = id.parse::<Id>() else { return visit.not_found() };
    let draft = typed(&body);
    match visit.app.webhooks.change(&visit.signed, &client, id, &asked(&draft)).await {
        Ok(_) => visit.go(&paths::webhook(id), "Saved."),
        Err(fault) => draw_one(&visit, id, Shown { draft: Some(draft), fault: Some(&fault), ..Shown::default() }).await,
    }
}

async fn act(
    visit: Visit,
    From(client): From,
    Path((id, act)): Path<(String, String)>,
    RawForm(body): RawForm,
) -> Response {
    let Ok(id) = id.parse::<Id>() else { return visit.not_found() };
    let webhooks = &visit.app.webhooks;
    let here = paths::webhook(id);
    let done = match act.as_str() {
        "pause" => {
            webhooks.pause(&visit.signed, &client, id).await.map(|_| visit.go(&here, "Paused. What changes waits."))
        }
        "resume" => webhooks.resume(&visit.signed, &client, id).await.map(|_| visit.go(&here, "Resumed.")),
        "remove" => {
            webhooks.remove(&visit.signed, &client, id).await.map(|()| visit.go(paths::WEBHOOKS, "Webhook removed."))
        }
        "rotate" => match webhooks.rotate(&visit.signed, &client, id).await {
            Ok((_, secret)) => return draw_one(&visit, id, Shown { made: Some(&secret), ..Shown::default() }).await,
            Err(fault) => Err(fault),
        },
        "replay" => match days(&visit, &body) {
            Ok(range) => webhooks.replay_range(&visit.signed, &client, id, range).await.map(|count| {
                let text = if count == 1 {
                    "1 is delivered again.".to_owned()
                } else {
                    format!("{count} are delivered again.")
                };
                visit.go(&here, &text)
            }),
            Err(fault) => Err(fault),
        },
        _ => return visit.not_found(),
    };
    match done {
        Ok(response) => response,
        Err(fault) => draw_one(&visit, id, Shown { fault: Some(&fault), ..Shown::default() }).await,
    }
}

/// From the beginning of one day to the end of another, where the reader is.
fn days(visit: &Visit, body: &[u8]) -> Result<std::ops::Range<Micros>, Fault> {
    let zone = TimeZone::get(&visit.signed.caller.time_zone).unwrap_or(TimeZone::UTC);
    let mut issues = Vec::new();
    let mut day = |name: &str| -> Option<Date> {
        let text = form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let day = text.and_then(|text| text.trim().parse().ok());
        if day.is_none() {
            issues.push(Issue::new(format!("/{name}"), "type", "Choose the first and the last day."));
        }
        day
    };
    let (from, until) = (day("from"), day("until"));
    let begins = |day: Option<Date>| day?.to_zoned(zone.clone()).ok().map(|at| at.timestamp().as_microsecond());
    match (begins(from), begins(until.and_then(|day| day.tomorrow().ok()))) {
        (Some(from), Some(until)) if from < until => Ok(from..until),
        (Some(_), Some(_)) => Err(Fault::at("/until", "range", "The last day comes before the first.")),
        _ => Err(Fault::invalid(issues)),
    }
}

async fn replay(visit: Visit, From(client): From, Path((id, delivery)): Path<(String, String)>) -> Response {
    let (Ok(id), Ok(delivery)) = (id.parse::<Id>(), delivery.parse::<Id>()) else { return visit.not_found() };
    match visit.app.webhooks.replay(&visit.signed, &client, id, delivery).await {
        Ok(()) => visit.go(&paths::webhook(id), "It is delivered again."),
        Err(fault) => visit.fault(&fault),
    }
}
