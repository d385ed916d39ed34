//! What is held of people: taken along, and taken away.

use super::From;
use super::account::{Body, of_path};
use crate::app::App;
use crate::auth::Signed;
use crate::privacy;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use lignaflow_core::value::instant_text;
use lignaflow_core::{Fault, PersonId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Take along what the organization holds of a member
///
/// One file with their account, sessions, tokens, letters, notices, views and files, what was written down of them, the
/// records that refer to them and what they did. That it was taken is written down.
#[utoipa::path(
    get, path = "/people/{id}/export", tag = "host", operation_id = "host_export_person",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "Everything, a slice at a time.", content_type = "application/json", body = serde_json::Value))
)]
pub(super) async fn export(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    // What is one's own is taken along at one's account.
    let _ = app.identity.retention_years(&signed.authenticated).await?;
    let person = PersonId(of_path(&id, "member")?);
    Ok(privacy::export(&app, &signed.authenticated, client, person).await?)
}

/// Take along what the organization holds of oneself
///
/// The same file, with the records that one may read. Takes a session, not a token.
#[utoipa::path(
    get, path = "/account/export", tag = "host", operation_id = "host_export_me",
    extensions(("x-permission" = json!("session"))),
    responses((status = 200, description = "Everything, a slice at a time.", content_type = "application/json", body = serde_json::Value))
)]
pub(super) async fn export_me(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
) -> Result<Response, Problem> {
    if !signed.by_cookie {
        return Err(Fault::denied("This takes somebody who is signed in; a token may not.").into());
    }
    let person = signed.authenticated.person.id;
    Ok(privacy::export(&app, &signed.authenticated, client, person).await?)
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErasureOf {
    /// For how many years after their last trace people are kept.
    pub years: i64,
    /// When they last did anything, or something last changed that refers to them.
    pub last_trace: Option<String>,
    /// The first day on which they can be erased; nothing where that is now.
    #[schema(format = Date)]
    pub kept_until: Option<String>,
    /// How many records of which collection refer to them.
    pub records: BTreeMap<String, u64>,
}

/// Whether a member can be erased
#[utoipa::path(
    get, path = "/people/{id}/erasure", tag = "host", operation_id = "host_get_erasure",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "What refers to them, and until when they are kept.", body = ErasureOf))
)]
pub(super) async fn erasure(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Json<ErasureOf>, Problem> {
    let _ = app.identity.retention_years(&signed.authenticated).await?;
    let traces = privacy::traces(&app, &signed.authenticated, PersonId(of_path(&id, "member")?)).await?;
    Ok(Json(ErasureOf {
        years: traces.erasure.years,
        last_trace: traces.erasure.last_trace.map(instant_text),
        kept_until: traces.erasure.kept_until,
        records: traces.records.into_iter().map(|(schema, count)| (schema.name.to_string(), count)).collect(),
    }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EraseWish {
    /// Their name as it stands, so that nobody is erased by a slip.
    #[schema(example = "Sam Beck")]
    pub confirm: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Erased {
    /// What stands in the place of their name from now on.
    pub pseudonym: String,
}

/// Erase a member
///
/// Their name, address, sessions, tokens, letters and notices go; what they did and what refers to them stays, under a
/// pseudonym. There is no way back. While they are kept, 409 `conflict` names the day.
#[utoipa::path(
    post, path = "/people/{id}/erasure", tag = "host", operation_id = "host_erase_person", request_body = EraseWish,
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "They are erased.", body = Erased))
)]
pub(super) async fn erase(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
    Body(form): Body<EraseWish>,
) -> Result<Json<Erased>, Problem> {
    let person = PersonId(of_path(&id, "member")?);
    let pseudonym = privacy::erase(&app, &signed.authenticated, client, person, &form.confirm).await?;
    Ok(Json(Erased { pseudonym }))
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Retention {
    /// For how many years after their last trace the organization keeps who somebody was: 0 to 100.
    #[schema(example = 7, minimum = 0, maximum = 100)]
    pub years: i64,
}

/// How long people are kept
#[utoipa::path(
    get, path = "/organization/retention", tag = "host", operation_id = "host_get_retention",
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "In years after their last trace.", body = Retention))
)]
pub(super) async fn retention(State(app): State<Arc<App>>, signed: Signed) -> Result<Json<Retention>, Problem> {
    Ok(Json(Retention { years: app.identity.retention_years(&signed.authenticated).await? }))
}

/// Say how long people are kept
#[utoipa::path(
    put, path = "/organization/retention", tag = "host", operation_id = "host_set_retention", request_body = Retention,
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "As it is from now on.", body = Retention))
)]
pub(super) async fn set_retention(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Body(form): Body<Retention>,
) -> Result<Json<Retention>, Problem> {
    app.identity.set_retention_years(&signed.authenticated, client, form.years).await?;
    Ok(Json(form))
}
