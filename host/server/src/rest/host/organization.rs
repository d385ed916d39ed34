//! What the organization is set to.

use super::From;
use super::account::Body;
use crate::app::App;
use crate::auth::Signed;
use crate::privacy;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use lignaflow_identity::{Organization as Row, OrganizationChange as Change};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrganizationSettings)]
pub(super) struct Organization {
    #[schema(format = Uuid)]
    pub id: String,
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// ISO 4217.
    pub currency: String,
    /// IANA.
    pub time_zone: String,
    /// BCP 47.
    pub locale: String,
    /// 1 is Monday, 7 is Sunday.
    pub week_starts: u8,
    /// The month whose first day begins it.
    pub fiscal_year_starts: u8,
    pub tax_number: String,
    /// Of whom a second factor is asked: `nobody`, `administrators`, `everybody`.
    pub second_factor: &'static str,
    /// The colour of its pages: the hue in degrees of OKLCH.
    #[schema(minimum = 0, maximum = 359)]
    pub accent_hue: u16,
    /// How much of it, in thousandths; 0 is grey.
    #[schema(minimum = 0, maximum = 80)]
    pub accent_chroma: u16,
}

fn shown(row: Row) -> Organization {
    Organization {
        id: row.id.to_string(),
        name: row.name,
        country: row.country,
        currency: row.currency.to_string(),
        time_zone: row.time_zone,
        locale: row.locale,
        week_starts: row.calendar.week_starts,
        fiscal_year_starts: row.calendar.fiscal_year_starts,
        tax_number: row.tax_number,
        second_factor: row.second_factor.as_str(),
        accent_hue: row.accent.hue(),
        accent_chroma: row.accent.chroma(),
    }
}

/// What the organization is set to
#[utoipa::path(
    get, path = "/organization", tag = "host", operation_id = "host_get_organization",
    extensions(("x-permission" = json!("signed-in"))),
    responses((status = 200, description = "Its name, where it is, where its weeks and years begin.", body = Organization))
)]
pub(super) async fn get(signed: Signed) -> Json<Organization> {
    Json(shown(Row::clone(&signed.authenticated.organization)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(super) struct OrganizationChange {
    pub name: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// ISO 4217. Amounts that are there keep the currency that they have.
    pub currency: Option<String>,
    /// IANA.
    pub time_zone: Option<String>,
    /// BCP 47.
    pub locale: Option<String>,
    /// 1 is Monday, 7 is Sunday.
    pub week_starts: Option<u8>,
    /// The month whose first day begins it, 1 to 12.
    pub fiscal_year_starts: Option<u8>,
    pub tax_number: Option<String>,
    /// Of whom a second factor is asked: `nobody`, `administrators`, `everybody`.
    pub second_factor: Option<String>,
    /// The colour of its pages: the hue in degrees of OKLCH. How light it is the pages choose, so that contrast holds.
    #[schema(minimum = 0, maximum = 359, example = 250)]
    pub accent_hue: Option<i64>,
    /// How much of it, in thousandths; 0 is grey.
    #[schema(minimum = 0, maximum = 80, example = 68)]
    pub accent_chroma: Option<i64>,
}

/// Change what the organization is set to
#[utoipa::path(
    patch, path = "/organization", tag = "host", operation_id = "host_change_organization",
    request_body = OrganizationChange,
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "As it is now.", body = Organization))
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Body(form): Body<OrganizationChange>,
) -> Result<Json<Organization>, Problem> {
    let change = Change {
        name: form.name,
        country: form.country,
        currency: form.currency,
        time_zone: form.time_zone,
        locale: form.locale,
        week_starts: form.week_starts,
        fiscal_year_starts: form.fiscal_year_starts,
        tax_number: form.tax_number,
        second_factor: form.second_factor,
        accent_hue: form.accent_hue,
        accent_chroma: form.accent_chroma,
    };
    Ok(Json(shown(app.identity.change_organization(&signed.authenticated, client, change).await?)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RemoveWish {
    /// The organization's name as it stands, so that none goes by a slip.
    #[schema(example = "Halloran & Beck")]
    pub confirm: String,
}

/// Take the organization away
///
/// Everything that is its goes: records, files, hours, links, roles, tokens, the audit. Whoever belongs to no other
/// organization loses their account. There is no way back but a backup. Owners do it, with a session that was proved a
/// moment ago; of the only organization of an instance it is refused.
#[utoipa::path(
    post, path = "/organization/remove", tag = "host", operation_id = "host_remove_organization",
    request_body = RemoveWish,
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 204, description = "It is gone, and so is what was asked with."))
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Body(form): Body<RemoveWish>,
) -> Result<StatusCode, Problem> {
    privacy::remove_organization(&app, &signed.authenticated, client, &form.confirm).await?;
    Ok(StatusCode::NO_CONTENT)
}
