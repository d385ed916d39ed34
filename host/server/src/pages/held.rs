//! A form that was posted when its session had ended, or before its person has proved who they are: what was typed comes
//! back inside the page that asks, and is sent once that is answered. Of what was typed nothing is kept on the server.
//!
//! Files that came with it wait as any upload does that no record holds yet, for whose session it was that ran out, and
//! for nobody else. Where that is not known any more, they are named, so that they can be chosen again.

use super::house::{Visit, html, own_address, theme as theme_of};
use super::posted::text;
use crate::app::{App, SESSION_COOKIE};
use crate::media::Upload;
use crate::middleware::RequestContext;
use crate::rest::host::devices::device_cookie;
use axum::body::Body;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest as _, FromRequestParts as _, Multipart, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::CookieJar;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use lignaflow_core::caller::Caller;
use lignaflow_core::media::clean_name;
use lignaflow_core::{Id, OrganizationId, RequestId};
use lignaflow_web::collection::FILE;
use lignaflow_web::door::{
    Held, HeldPage, PinPage, SignInPage, held as draw_held, pin as draw_pin, sign_in as draw_sign_in,
};
use lignaflow_web::second_factor::{ProvePage, prove as draw_prove};
use lignaflow_web::{Theme, admin, paths};
use std::sync::Arc;

/// Bytes of a form that are handed back, without its files.
const MOST: usize = 256 * 1024;
const FORM: &[u8] = b"application/x-www-form-urlencoded";
const WITH_FILES: &[u8] = b"multipart/form-data";
/// The field that names a file which was not kept. It is shown, and not sent.
const LEFT: &str = "~left";
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
    let small = hyper::body::Body::size_hint(request.body()).upper().is_some_and(|bytes| bytes <= MOST as u64);
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
    let notice = Some(if held.is_some_and(|held| without_files(held.body)) {
        "Your session has ended. What you typed is kept, but not all files that came with it: sign in, and it is sent."
    } else {
        "Your session has ended. What you typed is kept: sign in, and it is sent."
    });
    html(StatusCode::UNAUTHORIZED, draw_sign_in(&SignInPage { theme, notice, held, ..SignInPage::default() }))
}

/// Whether files came with a form that could not be kept.
fn without_files(body: &str) -> bool {
    form_urlencoded::parse(body.as_bytes()).any(|(name, _)| name == LEFT)
}

/// Room that a part of a form takes beside its text, also where there is none.
pub(super) fn taken_by(name: &str, file: Option<&str>) -> usize {
    const PART: usize = 64;
    PART.saturating_add(name.len()).saturating_add(file.map_or(0, str::len))
}

/// What a form with files is answered whose sender was not let in: its texts are handed back, its files are taken in for
/// whose session it was.
pub(super) async fn with_files(app: &App, request: Request, door: Response) -> Response {
    let kind = request.headers().get(header::CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
    if door.extensions().get::<Wanting>() != Some(&Wanting::SignIn) || !kind.starts_with(WITH_FILES) {
        return door;
    }
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let id = request.extensions().get::<RequestContext>().map_or_else(|| RequestId(Id::fresh()), |context| context.id);
    let whose = whose_it_was(app, &headers, id).await;
    let Ok(mut form) = Multipart::from_request(request, &()).await else { return door };
    let (mut pairs, mut room) = (Vec::new(), MOST);
    loop {
        let part = match form.next_field().await {
            Ok(Some(part)) => part,
            Ok(None) => break,
            Err(_) => return door,
        };
        let name = part.name().unwrap_or_default().to_owned();
        let Some(left) = room.checked_sub(taken_by(&name, part.file_name())) else { return door };
        room = left;
        if let Some(field) = name.strip_suffix(FILE) {
            pairs.extend(kept_file(app, whose.as_ref(), field, part).await);
        } else if let Some(text) = text(part, &mut room).await {
            pairs.push((name, text));
        } else {
            return door;
        }
    }
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    if body.len() > MOST || !may_be_handed_back(uri.path(), body.as_bytes()) {
        return door;
    }
    let to = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    ask_who(app, &headers, Some(Held { to, body: &body })).await
}

/// The member whose session the browser still has, and which has run out.
async fn whose_it_was(app: &App, headers: &HeaderMap, request: RequestId) -> Option<Caller> {
    let jar = CookieJar::from_headers(headers);
    let secret = jar.get(SESSION_COOKIE)?.value();
    let snapshot = app.registry.current();
    match app.identity.whose_it_was(secret, request, snapshot.catalog.declared()).await {
        Ok(whose) => whose,
        Err(fault) => {
            tracing::warn!(%fault, "whose session it was cannot be told");
            None
        }
    }
}

/// The field that stands for a file: its id once it was taken in, its name where it was not.
async fn kept_file(app: &App, whose: Option<&Caller>, field: &str, mut part: Field<'_>) -> Option<(String, String)> {
    let name = part.file_name().filter(|name| !name.is_empty()).map(str::to_owned)?;
    let left = || Some((LEFT.to_owned(), clean_name(&name)));
    let Some(caller) = whose else { return left() };
    let kind = part.content_type().map(str::to_owned);
    let upload = Upload { name: Some(&name), content_type: kind.as_deref(), length: None };
    match app.media.take_in(caller, upload, &mut part).await {
        Ok(media) => Some((field.to_owned(), media.id.to_string())),
        Err(_) => left(),
    }
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
    let (left, fields): (Vec<_>, Vec<_>) = fields(held.body.as_bytes()).into_iter().partition(|(name, _)| name == LEFT);
    let left: Vec<&str> = left.iter().map(|(_, file)| file.as_str()).collect();
    let view = HeldPage { theme, to: held.to, fields: &fields, left: &left, name, organization: &organization };
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
