//! Enrolled devices, and the names and PINs by which members sign in on them.

use super::From;
use super::account::{Body, of_path};
use super::session::{SignedIn, set_cookie, told};
use crate::app::App;
use crate::auth::Signed;
use crate::middleware::RequestContext;
use crate::problem::{Problem, ProblemBody};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use lignaflow_core::PersonId;
use lignaflow_core::clock::Micros;
use lignaflow_core::value::instant_text;
use lignaflow_identity::{Device as Row, Secret, SignedIn as Opened};
use lignaflow_web::paths;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Tells an enrolled browser from others.
const COOKIE: &str = "__Host-lignaflow-device";
/// As long as browsers keep one (RFC 6265bis, 5.5); every sign-in renews it.
const KEPT: time::Duration = time::Duration::days(400);

/// What a browser says that it was enrolled as; empty where it says nothing.
pub fn device_cookie(headers: &HeaderMap) -> String {
    CookieJar::from_headers(headers).get(COOKIE).map(|cookie| cookie.value().to_owned()).unwrap_or_default()
}

/// Gives a browser what it is enrolled as.
pub fn set_device_cookie(response: &mut Response, secret: &str) {
    let mut cookie = Cookie::new(COOKIE, secret.to_owned());
    cookie.set_path("/");
    cookie.set_http_only(true);
    cookie.set_secure(true);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_max_age(KEPT);
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Where a device is enrolled.
pub fn link(app: &App, secret: &Secret) -> String {
    format!("{}{}", app.public_url(), paths::enrol(secret.expose()))
}

/// What has become of a device.
pub fn state(row: &Row, now: Micros) -> &'static str {
    match row {
        Row { revoked_at: Some(_), .. } => "revoked",
        Row { enrolled_at: Some(_), .. } => "enrolled",
        Row { expires_at, .. } if *expires_at <= now => "expired",
        _ => "open",
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Devices {
    pub data: Vec<Device>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Device {
    #[schema(format = Uuid)]
    pub id: String,
    pub name: String,
    /// `open` until its link was opened, `enrolled`, `revoked` or `expired`.
    pub state: &'static str,
    #[schema(format = Uuid)]
    pub created_by: String,
    pub created_at: String,
    /// Until when its link serves.
    pub expires_at: String,
    pub enrolled_at: Option<String>,
    /// What the browser that was enrolled calls itself, and from where that was.
    pub user_agent: String,
    pub address: String,
    /// When somebody last signed in on it.
    pub last_used_at: Option<String>,
    pub revoked_at: Option<String>,
    /// The address to open on it: shown once, when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

fn shown(row: Row, link: Option<String>, now: Micros) -> Device {
    Device {
        state: state(&row, now),
        id: row.id.to_string(),
        name: row.name,
        created_by: row.created_by.to_string(),
        created_at: instant_text(row.created_at),
        expires_at: instant_text(row.expires_at),
        enrolled_at: row.enrolled_at.map(instant_text),
        user_agent: row.user_agent,
        address: row.address,
        last_used_at: row.last_used_at.map(instant_text),
        revoked_at: row.revoked_at.map(instant_text),
        link,
    }
}

/// Enrolled devices
#[utoipa::path(
    get, path = "/devices", tag = "host", operation_id = "host_list_devices",
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The latest first, also those that were revoked.", body = Devices))
)]
pub(super) async fn list(State(app): State<Arc<App>>, signed: Signed) -> Result<Json<Devices>, Problem> {
    let rows = app.identity.devices(&signed.authenticated).await?;
    Ok(Json(Devices { data: rows.into_iter().map(|row| shown(row, None, signed.caller.now)).collect() }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceForm {
    #[schema(example = "Workshop tablet")]
    pub name: String,
}

/// Make a device that is to be enrolled
///
/// The link in the answer is never shown again. It serves once, for a day, in the browser that is to be enrolled.
#[utoipa::path(
    post, path = "/devices", tag = "host", operation_id = "host_create_device", request_body = DeviceForm,
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 201, description = "The device with its link.", body = Device))
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Body(form): Body<DeviceForm>,
) -> Result<(StatusCode, Json<Device>), Problem> {
    let made = app.identity.make_device(&signed.authenticated, client, &form.name).await?;
    let link = link(&app, &made.secret);
    Ok((StatusCode::CREATED, Json(shown(made.device, Some(link), signed.caller.now))))
}

/// Revoke a device
#[utoipa::path(
    delete, path = "/devices/{id}", tag = "host", operation_id = "host_revoke_device",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 204, description = "Nobody signs in on it any more, and who had is signed out."))
)]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.identity.revoke_device(&signed.authenticated, client, of_path(&id, "device")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Enrolling {
    /// The last part of the link.
    #[schema(example = "0000000000000000000000000000000000000000000")]
    pub secret: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EnrolledDevice {
    #[schema(format = Uuid)]
    pub id: String,
    pub name: String,
    #[schema(format = Uuid)]
    pub organization: String,
}

/// Enrol a device
///
/// Answers with the device's cookie.
#[utoipa::path(
    post, path = "/auth/device", tag = "host", operation_id = "host_enrol_device", request_body = Enrolling,
    extensions(("x-permission" = json!("none"))),
    responses(
        (status = 201, description = "Members with a PIN sign in on it.", body = EnrolledDevice),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "There is no such link.")
    )
)]
pub(super) async fn enrol(
    State(app): State<Arc<App>>,
    From(client): From,
    Body(form): Body<Enrolling>,
) -> Result<Response, Problem> {
    let enrolled = app.identity.enrol(&form.secret, client).await?;
    let answer = EnrolledDevice {
        id: enrolled.device.id.to_string(),
        name: enrolled.device.name,
        organization: enrolled.organization.id.to_string(),
    };
    let mut response = (StatusCode::CREATED, Json(answer)).into_response();
    set_device_cookie(&mut response, enrolled.secret.expose());
    Ok(response)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PinSignIn {
    #[schema(example = "ron")]
    pub username: String,
    #[schema(format = Password, example = "273941")]
    pub pin: String,
}

/// Sign in by PIN on an enrolled device
///
/// Takes the device's cookie; answers with the session's.
#[utoipa::path(
    post, path = "/auth/pin", tag = "host", operation_id = "host_sign_in_by_pin", request_body = PinSignIn,
    extensions(("x-permission" = json!("none"))),
    responses(
        (status = 201, description = "Signed in.", body = SignedIn),
        (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "The name and the PIN do not belong together."),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "The browser is no enrolled device.")
    )
)]
pub(super) async fn sign_in(
    State(app): State<Arc<App>>,
    From(client): From,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    Body(form): Body<PinSignIn>,
) -> Result<Response, Problem> {
    let cookie = device_cookie(&headers);
    app.rates.sign_in(context.client, &form.username)?;
    let opened = app.identity.sign_in_by_pin(&cookie, &form.username, &form.pin, client).await.map_err(told)?;
    let answer = SignedIn {
        person: opened.person.id.to_string(),
        name: opened.person.name.clone(),
        expires_at: instant_text(opened.session.expires_at),
    };
    let mut response = (StatusCode::CREATED, Json(answer)).into_response();
    let_in(&mut response, &app, &opened, &cookie);
    Ok(response)
}

/// Gives a browser the session that a PIN has opened, and keeps it enrolled.
pub fn let_in(response: &mut Response, app: &App, opened: &Opened, device: &str) {
    set_cookie(response, &opened.session, app.clock.now());
    set_device_cookie(response, device);
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PinForm {
    #[schema(example = "ron")]
    pub username: String,
    /// Six to twelve digits; made up where it is left out.
    #[serde(default)]
    #[schema(format = Password)]
    pub pin: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct PinMade {
    pub username: String,
    /// Shown this once.
    #[schema(format = Password)]
    pub pin: String,
}

/// Give a member a name and a PIN
///
/// They serve on enrolled devices alone, for members who are neither administrators nor owners. What was opened by the
/// one before ends.
#[utoipa::path(
    put, path = "/people/{id}/pin", tag = "host", operation_id = "host_set_pin", request_body = PinForm,
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The name and the PIN.", body = PinMade))
)]
pub(super) async fn set_pin(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
    Body(form): Body<PinForm>,
) -> Result<Json<PinMade>, Problem> {
    let person = PersonId(of_path(&id, "member")?);
    let set = app.identity.set_pin(&signed.authenticated, client, person, &form.username, form.pin).await?;
    Ok(Json(PinMade { username: set.username, pin: set.pin }))
}

/// Take a member's PIN away
#[utoipa::path(
    delete, path = "/people/{id}/pin", tag = "host", operation_id = "host_remove_pin",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 204, description = "It serves no more, and what was opened by it has ended."))
)]
pub(super) async fn remove_pin(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let person = PersonId(of_path(&id, "member")?);
    app.identity.remove_pin(&signed.authenticated, client, person).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PinChange {
    #[schema(format = Password)]
    pub current: String,
    #[schema(format = Password)]
    pub pin: String,
}

/// Change one's PIN
#[utoipa::path(
    put, path = "/account/pin", tag = "host", operation_id = "host_change_pin", request_body = PinChange,
    extensions(("x-permission" = json!("session"))),
    responses((status = 204, description = "What else was opened by the one before has ended."))
)]
pub(super) async fn change_pin(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Body(form): Body<PinChange>,
) -> Result<StatusCode, Problem> {
    app.identity.change_pin(&signed.authenticated, client, &form.current, &form.pin).await.map_err(told)?;
    Ok(StatusCode::NO_CONTENT)
}
