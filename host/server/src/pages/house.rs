//! The shell around every page of somebody who is signed in, and what becomes of a fault that no form can show.

use super::held::Wanting;
use crate::app::App;
use crate::auth::Signed;
use crate::middleware::current_request_id;
use crate::problem::Problem;
use axum::extract::{FromRequestParts, OptionalFromRequestParts, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use lignaflow_core::access::Deed;
use lignaflow_core::bind::Binder;
use lignaflow_core::caller::{Caller, Permission};
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::{Collection, Descriptor};
use lignaflow_core::name::CollectionName;
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_runtime::Snapshot;
use lignaflow_web::message::{self, Message};
use lignaflow_web::navigation::{Navigation, Place};
use lignaflow_web::shell::{Membership, Person};
use lignaflow_web::{Flash, Markup, Reader, Shell, Theme, paths};
use std::sync::Arc;

/// The cookie that carries one sentence to the next page.
const FLASH: &str = "flash";

/// A visitor who is signed in, at a page. Who is not is sent to the door, and comes back afterwards.
pub(super) struct Visit {
    pub app: Arc<App>,
    pub signed: Signed,
    pub snapshot: Arc<Snapshot>,
    theme: Theme,
    path: String,
    is_get: bool,
    /// The page of this site that a form was posted from.
    came_from: String,
    flash: Option<String>,
    /// Notices that the visitor has not read.
    unread: u32,
}

/// What pages are filled of: with whose rights, of which plugins. It is a visitor's own, or of whoever made the link that
/// somebody came by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub app: &'a App,
    pub caller: &'a Caller,
    pub snapshot: &'a Arc<Snapshot>,
}

impl<'a> Reading<'a> {
    pub(crate) fn reader(self) -> Reader {
        Reader::of(self.caller)
    }

    pub(crate) fn binder(self) -> Binder<'a> {
        Binder { catalog: &self.snapshot.catalog, home: None }
    }
}

impl std::fmt::Debug for Visit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visit").field("path", &self.path).finish_non_exhaustive()
    }
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let path = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned());
        let Ok(signed) = <Signed as OptionalFromRequestParts<Arc<App>>>::from_request_parts(parts, app).await;
        let Some(signed) = signed else {
            let next = if parts.method == http::Method::GET { path } else { paths::HOME.to_owned() };
            return Err(to_the_door(&next));
        };
        let known = &signed.authenticated;
        let missing = known.second_factor_demanded && !known.person.second_factor;
        if missing && !parts.uri.path().starts_with(paths::ACCOUNT) && parts.uri.path() != paths::SIGN_OUT {
            return Err(Redirect::to(paths::SECOND_FACTOR).into_response());
        }
        let jar = CookieJar::from_headers(&parts.headers);
        // A page without its count is better than none.
        let unread = app.notices.unread(&signed).await.unwrap_or_default();
        Ok(Self {
            unread,
            app: app.clone(),
            snapshot: app.registry.seen_by(&signed.caller),
            signed,
            theme: theme(&parts.headers),
            is_get: parts.method == http::Method::GET,
            came_from: came_from(&parts.headers, &app.public_url()),
            path,
            flash: jar.get(FLASH).map(|cookie| decoded(cookie.value())),
        })
    }
}

/// The theme that a browser asks for.
pub(super) fn theme(headers: &HeaderMap) -> Theme {
    CookieJar::from_headers(headers).get(Theme::COOKIE).map_or_else(Theme::default, |cookie| Theme::of(cookie.value()))
}

pub(super) fn to_the_door(next: &str) -> Response {
    let next = if next == paths::HOME { String::new() } else { format!("?next={}", paths::encoded(next)) };
    wanting(Wanting::SignIn, &format!("{}{next}", paths::SIGN_IN))
}

/// Sent on to what is wanted first; a form that was posted is handed back with it by the layer around all pages.
fn wanting(wanting: Wanting, address: &str) -> Response {
    let mut response = Redirect::to(address).into_response();
    response.extensions_mut().insert(wanting);
    response
}

/// The page of this site that a request comes from, as the browser says; home where it does not.
fn came_from(headers: &HeaderMap, site: &str) -> String {
    let referrer = headers.get(header::REFERER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    own_address(referrer.strip_prefix(site).unwrap_or_default()).to_owned()
}

/// Where a form may send a browser back to: an address of this site, never another's.
pub(super) fn own_address(text: &str) -> &str {
    let own = text.starts_with('/') && !text.starts_with("//") && !text.contains(['\\', '\r', '\n', '\t']);
    if own { text } else { paths::HOME }
}

impl Visit {
    pub(super) fn theme(&self) -> Theme {
        self.theme
    }

    pub(super) fn reader(&self) -> Reader {
        Reader::of(&self.signed.caller)
    }

    pub(super) fn reading(&self) -> Reading<'_> {
        Reading { app: &self.app, caller: &self.signed.caller, snapshot: &self.snapshot }
    }

    pub(super) fn may_write(&self) -> bool {
        self.signed.caller.holds(Permission::WRITE)
    }

    /// Whether there are records of the collection that the visitor may make.
    pub(super) fn may_create(&self, schema: &Schema) -> bool {
        self.may_write() && !schema.allows(Deed::Create, Some(&self.signed.caller)).is_never()
    }

    pub(super) fn shell(&self) -> Shell {
        let caller = &self.signed.caller;
        let enabled = self
            .snapshot
            .plugins
            .iter()
            .filter(|(id, _)| self.snapshot.is_enabled(caller.organization, id))
            .map(|(_, plugin)| &**plugin.descriptor());
        let administers = caller.holds(Permission::SWITCH_PLUGINS) || caller.holds(Permission::INSTALL_PLUGINS);
        let authenticated = &self.signed.authenticated;
        let organizations: Vec<Membership> = authenticated
            .organizations
            .iter()
            .map(|organization| Membership {
                id: organization.id.to_string(),
                name: organization.name.clone(),
                current: organization.id == caller.organization,
            })
            .collect();
        let organization = organizations.iter().find(|one| one.current).map(|one| one.name.clone()).unwrap_or_default();
        let may_list = |descriptor: &Descriptor, collection: &Collection| {
            let name = CollectionName::new(&descriptor.id, &collection.name);
            let schema = self.snapshot.catalog.schema(&name);
            caller.holds(Permission::READ) && schema.is_some_and(|schema| !schema.readable(Some(caller)).is_never())
        };
        let mut navigation = Navigation::of(enabled, may_list, |permission| caller.holds(permission), administers);
        if caller.holds(Permission::ADMINISTER) {
            navigation = navigation.with_foot(Place::new("People", paths::PEOPLE, "people"));
            navigation = navigation.with_foot(Place::new("Fields", paths::FIELDS, "columns"));
            navigation = navigation.with_foot(Place::new("Webhooks", paths::WEBHOOKS, "send"));
            navigation = navigation.with_foot(Place::new("Jobs", paths::JOBS, "clock"));
            navigation = navigation.with_foot(Place::new("Mail", paths::MAIL, "note"));
            navigation = navigation.with_foot(Place::new("Links", paths::LINKS, "link"));
            navigation = navigation.with_foot(Place::new("Documents", paths::DOCUMENTS, "file"));
            navigation = navigation.with_foot(Place::new("Organization", paths::ORGANIZATION, "gear"));
        }
        if caller.holds(Permission::AUDIT) {
            navigation = navigation.with_foot(Place::new("Audit", paths::AUDIT, "eye"));
        }
        Shell {
            reader: self.reader(),
            theme: self.theme,
            person: Person {
                name: authenticated.person.name.clone(),
                email: authenticated.person.email.clone(),
                password_temporary: authenticated.person.password_temporary && authenticated.device.is_none(),
            },
            organization,
            organizations,
            accent: authenticated.organization.accent,
            navigation,
            path: self.path.clone(),
            flash: self.flash.clone().map(|text| Flash { text, undo: None }),
            unread: self.unread,
        }
    }

    /// The page, with what it flashed taken away.
    pub(super) fn page(&self, markup: Markup) -> Response {
        self.page_with(StatusCode::OK, markup)
    }

    pub(super) fn page_with(&self, status: StatusCode, markup: Markup) -> Response {
        let mut response = html(status, markup);
        if self.flash.is_some() {
            let mut gone = Cookie::from(FLASH);
            gone.set_path("/");
            gone.make_removal();
            append_cookie(&mut response, &gone);
        }
        response
    }

    /// To another page, which says this.
    #[expect(clippy::unused_self, reason = "only who is signed in is sent on with a message")]
    pub(super) fn go(&self, address: &str, flash: &str) -> Response {
        let mut response = Redirect::to(address).into_response();
        if !flash.is_empty() {
            let mut cookie = Cookie::new(FLASH, paths::encoded(flash));
            cookie.set_path("/");
            cookie.set_http_only(true);
            cookie.set_secure(true);
            cookie.set_same_site(SameSite::Lax);
            append_cookie(&mut response, &cookie);
        }
        response
    }

    /// A fault as a page of its own; where a proof is missing, the page that asks for it.
    pub(super) fn fault(&self, fault: &Fault) -> Response {
        if lignaflow_identity::asks_for_proof(fault) {
            let next = if self.is_get { &self.path } else { &self.came_from };
            return wanting(Wanting::Proof, &format!("{}{}", paths::PROVE, paths::query([("next", next)])));
        }
        let status = Problem::from(fault.clone()).status();
        let message = told(Message::of(fault), fault);
        self.page_with(status, message::page(&self.shell(), &message))
    }

    /// The collection of an address, where its plugin is on.
    #[expect(clippy::result_large_err, reason = "the other answer is made once and sent")]
    pub(super) fn collection(&self, plugin: &str, collection: &str) -> Result<Arc<Schema>, Response> {
        let name: Result<CollectionName, _> = format!("{plugin}/{collection}").parse();
        let caller = &self.signed.caller;
        match name {
            Ok(name) => match self.app.records.schema(&self.snapshot, caller, &name) {
                Ok(schema) => Ok(schema),
                Err(_) => Err(self.no_plugin(name.plugin.as_str())),
            },
            Err(_) => Err(self.not_found()),
        }
    }

    /// What stands where a plugin's page would: that it is off, or that there is nothing.
    pub(super) fn no_plugin(&self, plugin: &str) -> Response {
        let caller = &self.signed.caller;
        match self.snapshot.plugins.get(plugin) {
            Some(loaded) if !self.snapshot.is_enabled(caller.organization, &loaded.descriptor().id) => {
                let may_switch = caller.holds(Permission::SWITCH_PLUGINS);
                let message = Message::plugin_off(&loaded.descriptor().title, may_switch);
                self.page_with(StatusCode::NOT_FOUND, message::page(&self.shell(), &message))
            }
            _ => self.not_found(),
        }
    }

    pub(super) fn not_found(&self) -> Response {
        self.page_with(StatusCode::NOT_FOUND, message::page(&self.shell(), &Message::not_found()))
    }
}

/// A message with the request's id, where the log knows more.
fn told(message: Message, fault: &Fault) -> Message {
    let logged = matches!(
        fault.code,
        ErrorCode::Internal | ErrorCode::Unavailable | ErrorCode::PluginFailed | ErrorCode::PluginBadAnswer
    );
    match current_request_id().filter(|_| logged) {
        Some(id) => message.request(id),
        None => message,
    }
}

/// That the link of a letter does not serve, and where to go instead.
pub(super) fn no_link(headers: &HeaderMap, fault: &Fault, (title, to): (&str, &str)) -> Response {
    let status = Problem::from(fault.clone()).status();
    let message = Message::new("This link does not serve", &fault.message).action(title, to);
    html(status, message::alone(theme(headers), &message))
}

pub(super) fn html(status: StatusCode, markup: Markup) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, markup.into_string()).into_response()
}

pub(super) fn append_cookie(response: &mut Response, cookie: &Cookie<'_>) {
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

fn decoded(text: &str) -> String {
    form_urlencoded::parse(format!("f={text}").as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Any other address: a problem for programs, a page for people.
pub(super) async fn nothing_here(
    State(_): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    visit: Result<Visit, Response>,
) -> Response {
    if uri.path().starts_with("/api/") {
        return Problem::from(Fault::not_found(format_args!("`{}`", uri.path()))).into_response();
    }
    match visit {
        Ok(visit) => visit.not_found(),
        Err(_) => html(StatusCode::NOT_FOUND, message::alone(theme(&headers), &Message::not_found())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_sends_a_browser_only_to_this_site() {
        assert_eq!(own_address("/projects/tasks?q=oak"), "/projects/tasks?q=oak");
        for foreign in
            ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/a\r\nb"]
        {
            assert_eq!(own_address(foreign), "/", "{foreign}");
        }
    }

    #[test]
    fn a_sentence_survives_the_cookie() {
        assert_eq!(decoded(&paths::encoded("Saved “Kitchen & bath; 50 %”.")), "Saved “Kitchen & bath; 50 %”.");
    }
}
