//! A form that was posted when its session had ended, or before its person has proved who they are: what was typed comes
//! back inside the page that asks, and is sent once that is answered. Nothing of it is kept on the server.

use super::house::{Visit, html, own_address, theme as theme_of};
use crate::app::App;
use crate::rest::host::devices::device_cookie;
use axum::body::Body;
use axum::extract::{FromRequest as _, FromRequestParts as _, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use lignaflow_core::OrganizationId;
use lignaflow_web::door::{
    Held, HeldPage, PinPage, SignInPage, held as draw_held, pin as draw_pin, sign_in as draw_sign_in,
};
use lignaflow_web::second_factor::{ProvePage, prove as draw_prove};
use lignaflow_web::{Theme, admin, paths};
use std::sync::Arc;

/// Bytes of a form that are handed back; a form with files is larger, and of another kind.
const MOST: u64 = 256 * 1024;
const FORM: &[u8] = b"application/x-www-form-urlencoded";
/// Fields that are shown to nobody again: a form with one of them is typed anew.
const SECRETS: [&str; 8] = ["password", "current", "current_password", "proof", "code", "pin", "secret", "pending"];
/// Forms that are about the visit itself.
const NEVER: [&str; 3] = [paths::SIGN_OUT, paths::SWITCH_ORGANIZATION, paths::SIGN_IN];

/// What a page wants first, told by the answer of a handler to the layer around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanting {
    SignIn,
    Proof,
}

/// The fields of a form, in their order.
fn fields(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

fn may_be_handed_back(path: &str, body: &[u8]) -> bool {
    let secret = |name: &str| SECRETS.contains(&name) || name.starts_with(admin::SECRET);
    let mut fields = form_urlencoded::parse(body).peekable();
    fields.peek().is_some()
        && !NEVER.iter().any(|never| path.starts_with(never))
        && !fields.any(|(name, _)| secret(&name))
}

/// Around every page: hands a form back where its handler wanted something else first.
pub async fn layer(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let kind = request.headers().get(header::CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
    let small = hyper::body::Body::size_hint(request.body()).upper().is_some_and(|bytes| bytes <= MOST);
    if request.method() != Method::POST || !kind.starts_with(FORM) || !small {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let body = match Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await {
        Ok(body) => body,
        Err(broken) => return broken.into_response(),
    };
    let response = next.run(Request::from_parts(parts.clone(), Body::from(body.clone()))).await;
    let Some(wanting) = response.extensions().get::<Wanting>().copied() else { return response };
    let to = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
    let Ok(text) = std::str::from_utf8(&body) else { return response };
    if !may_be_handed_back(parts.uri.path(), &body) {
        return response;
    }
    let held = Some(Held { to: &to, body: text });
    match wanting {
        Wanting::SignIn => ask_who(&app, &parts.headers, held).await,
        Wanting::Proof => match Visit::from_request_parts(&mut parts, &app).await {
            Ok(visit) => {
                let code = visit.signed.authenticated.person.second_factor;
                let view = ProvePage { next: paths::HOME, code, issues: &[], fault: None, held };
                visit.page_with(StatusCode::FORBIDDEN, draw_prove(&visit.shell(), &view))
            }
            Err(door) => door,
        },
    }
}

/// By PIN on an enrolled device, by password elsewhere.
async fn ask_who(app: &App, headers: &HeaderMap, held: Option<Held<'_>>) -> Response {
    let theme = theme_of(headers);
    if let Ok(Some((device, organization))) = app.identity.device(&device_cookie(headers)).await {
        let view =
            PinPage { theme, device: &device.name, organization: &organization.name, held, ..PinPage::default() };
        return html(StatusCode::UNAUTHORIZED, draw_pin(&view));
    }
    let notice = Some("Your session has ended. What you typed is kept: sign in, and it is sent.");
    html(StatusCode::UNAUTHORIZED, draw_sign_in(&SignInPage { theme, notice, held, ..SignInPage::default() }))
}

/// The fields in which a form is carried along.
pub(super) struct Carried {
    to: String,
    body: String,
}

impl Carried {
    pub(super) fn of(posted: &[u8]) -> Self {
        let mut carried = Self { to: String::new(), body: String::new() };
        for (name, text) in form_urlencoded::parse(posted) {
            match &*name {
                Held::TO => own_address(&text).clone_into(&mut carried.to),
                Held::BODY => carried.body = text.into_owned(),
                _ => {}
            }
        }
        carried
    }

    /// What is carried, where anything is, to be drawn again.
    pub(super) fn held(&self) -> Option<Held<'_>> {
        let any = !self.body.is_empty() && may_be_handed_back(&self.to, self.body.as_bytes());
        any.then_some(Held { to: &self.to, body: &self.body })
    }
}

/// Where to go once it is known who it is: on, or to the form that was held, which is sent as who has signed in.
pub(super) async fn after(
    app: &App,
    theme: Theme,
    (name, organization): (&str, OrganizationId),
    posted: &[u8],
    next: &str,
) -> Response {
    let carried = Carried::of(posted);
    let Some(held) = carried.held() else { return Redirect::to(next).into_response() };
    let organization = match app.identity.organization(organization).await {
        Ok(found) => found.map(|found| found.name).unwrap_or_default(),
        Err(_) => String::new(),
    };
    let fields = fields(held.body.as_bytes());
    let view = HeldPage { theme, to: held.to, fields: &fields, name, organization: &organization };
    html(StatusCode::OK, draw_held(&view))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_and_what_is_about_the_visit_is_not_handed_back() {
        assert!(may_be_handed_back("/projects/tasks", b"title=Cut&note=oak"));
        for (path, body) in [
            ("/account/password", "current=a&password=b"),
            ("/sign-out", "a=b"),
            ("/sign-in/pin", "username=ron"),
            ("/organization", "organization=x"),
            ("/admin/plugins/x/settings", "~secret.key=x"),
            ("/projects/tasks", ""),
        ] {
            assert!(!may_be_handed_back(path, body.as_bytes()), "{path} {body}");
        }
        let carried = Carried::of(b"email=x&held_to=%2F%2Fevil.example&held=a%3Db");
        assert_eq!(carried.held().map(|held| held.to), Some("/"));
    }
}
