//! Pages that people without an account open by a link. `/l/{secret}` turns the secret into a cookie for the link's own
//! page, so that it stands in no address that goes on; the page shows its subject and posts to the routes that its
//! descriptor opens. A GET changes nothing, since mail scanners follow links. A link to a kept list or report shows that
//! ([`super::shared`]) and takes nothing.

use super::house::{append_cookie, html, theme};
use super::media::small;
use super::shared::Looking;
use super::sheets::{AGAIN, property, shown as shown_file};
use crate::app::App;
use crate::media::{Wish, of_store};
use crate::middleware::RequestContext;
use crate::problem::Problem;
use crate::rest::guest::RouteCall;
use crate::rest::host::From;
use axum::extract::{Path, Query, RawForm, RawQuery, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use lignaflow_core::accent::Accent;
use lignaflow_core::bind::Binder;
use lignaflow_core::caller::{Access, Caller};
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::{
    Block, Descriptor, FieldKind, FormBlock, Page, PageLink, Route, TableBlock, humanize,
};
use lignaflow_core::media::{Media, State as MediaState};
use lignaflow_core::name::{CollectionName, LocalName};
use lignaflow_core::post::Opens;
use lignaflow_core::query::{Authority, Operator, Predicate, Selection};
use lignaflow_core::sheet::{MAX_FILES, Sheet};
use lignaflow_core::signature::FORMAT;
use lignaflow_core::value::Value;
use lignaflow_core::{ErrorCode, Fault, Id, Issue};
use lignaflow_identity::Organization;
use lignaflow_records::LinkAddresses;
use lignaflow_runtime::{LoadedPlugin, Snapshot};
use lignaflow_store::links::{Link, State as LinkState};
use lignaflow_web::blocks::{TableColumn, TableRow, TableView};
use lignaflow_web::visitor::{
    Control, ControlKind, FileView, FormView, LinkMessage, LinkPage, Piece, Shown, message as draw_message,
    page as draw,
};
use lignaflow_web::{Reader, Theme, paths};
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;
use std::sync::Arc;

const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
/// The cookie of a link, sent to its own page alone.
const COOKIE: &str = "__Secure-lignaflow-link";
/// The most pairs that a form of a link posts.
const MAX_PAIRS: usize = 500;

type Pairs = Vec<(String, String)>;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/l/{secret}", get(enter))
        .route("/l/at/{id}", get(show).post(again))
        .route("/l/at/{id}/{route}", post(answer))
        .route("/l/at/{id}/files/{file}", get(file))
}

/// Whoever comes with the secret of a link that is open.
pub(super) struct Holder {
    pub(super) link: Link,
    pub(super) organization: Organization,
    pub(super) theme: Theme,
}

/// A visitor whose link is open, with what it opens.
struct Guest {
    app: Arc<App>,
    link: Link,
    /// The page that it opens.
    name: LocalName,
    caller: Caller,
    organization: Organization,
    theme: Theme,
    snapshot: Arc<Snapshot>,
    plugin: Arc<LoadedPlugin>,
}

/// What comes with every answer here: nobody learns from where somebody came, and no search engine keeps it.
pub(super) fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(ROBOTS, HeaderValue::from_static("noindex, nofollow"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(super) fn told(theme: Theme, of: Option<&Organization>, status: StatusCode, title: &str, text: &str) -> Response {
    let accent = of.map_or_else(Accent::default, |organization| organization.accent);
    let view =
        LinkMessage { theme, organization: of.map(|organization| organization.name.as_str()), accent, title, text };
    private(html(status, draw_message(&view)))
}

fn unknown(theme: Theme) -> Response {
    let text =
        "It may have been copied in part. Open it again from the letter that brought it, or ask whoever sent it.";
    told(theme, None, StatusCode::NOT_FOUND, "This link leads nowhere", text)
}

/// What a link that is not open says of itself.
pub(super) fn ended(theme: Theme, organization: &Organization, state: LinkState) -> Response {
    let (title, text) = match state {
        LinkState::Expired => ("This link has expired", "Ask for a new one, and it will be sent to you."),
        LinkState::Withdrawn => ("This link was withdrawn", "What it led to is not open to you any more."),
        LinkState::Superseded => (
            "There is a newer one",
            "Something newer stands in the place of what this link led to. Open the link that came last.",
        ),
        LinkState::Open => ("This page cannot be opened just now", "Try again later, or ask whoever sent the link."),
    };
    // Its plugin is off, or opens no such page any more; the link itself stands.
    let status = if state == LinkState::Open { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::GONE };
    told(theme, Some(organization), status, title, text)
}

pub(super) fn failed(theme: Theme, fault: Fault) -> Response {
    let problem = Problem::from(fault);
    told(theme, None, problem.status(), "Not just now", problem.detail())
}

/// The link of a secret, with its organization.
async fn found(app: &App, secret: &str) -> Result<Option<(Link, Organization)>, Fault> {
    app.links.by_secret(&LinkAddresses::hash_of(secret)).await
}

/// `/l/{secret}`: looks whether it is open, and hands the secret over to a cookie.
async fn enter(State(app): State<Arc<App>>, headers: HeaderMap, Path(secret): Path<String>) -> Response {
    let theme = theme(&headers);
    let (link, organization) = match found(&app, &secret).await {
        Ok(Some(found)) => found,
        Ok(None) => return unknown(theme),
        Err(fault) => return failed(theme, fault),
    };
    let state = link.state(app.clock.now());
    if state != LinkState::Open {
        return ended(theme, &organization, state);
    }
    let address = paths::link(link.id);
    let mut response = Redirect::to(&address).into_response();
    let mut cookie = Cookie::new(COOKIE, secret);
    cookie.set_path(address);
    cookie.set_http_only(true);
    cookie.set_secure(true);
    cookie.set_same_site(SameSite::Lax);
    append_cookie(&mut response, &cookie);
    private(response)
}

impl Holder {
    async fn of(app: &App, headers: &HeaderMap, id: &str) -> Result<Self, Response> {
        let theme = theme(headers);
        let jar = CookieJar::from_headers(headers);
        let secret = jar.get(COOKIE).map(Cookie::value).ok_or_else(|| unknown(theme))?;
        let found = found(app, secret).await.map_err(|fault| failed(theme, fault))?;
        let (link, organization) = found.filter(|(link, _)| link.id.to_string() == id).ok_or_else(|| unknown(theme))?;
        let state = link.state(app.clock.now());
        if state != LinkState::Open {
            return Err(ended(theme, &organization, state));
        }
        Ok(Self { link, organization, theme })
    }
}

impl Guest {
    async fn of(app: &Arc<App>, headers: &HeaderMap, context: &RequestContext, id: &str) -> Result<Self, Response> {
        Self::by(app, Holder::of(app, headers, id).await?, context).await
    }

    async fn by(app: &Arc<App>, holder: Holder, context: &RequestContext) -> Result<Self, Response> {
        let Holder { link, organization, theme } = holder;
        // What is kept is looked at, and answers nothing.
        let Opens::Page(name) = link.opens.clone() else { return Err(unknown(theme)) };
        let caller = app.identity.of_link(link.organization, link.id, context.id).await;
        let caller = caller.map_err(|fault| failed(theme, fault))?;
        let snapshot = app.registry.current_of(link.organization);
        let plugin =
            snapshot.plugins.get(&link.plugin).filter(|_| snapshot.is_enabled(link.organization, &link.plugin));
        let (Some((caller, _)), Some(plugin)) = (caller, plugin.cloned()) else {
            return Err(ended(theme, &organization, LinkState::Open));
        };
        let guest = Self { app: app.clone(), link, name, caller, organization, theme, snapshot, plugin };
        // A page that a later version does not open any more, or a right that was taken away.
        if guest.opens().is_none() || !guest.plugin.grants().links {
            return Err(ended(theme, &guest.organization, LinkState::Open));
        }
        Ok(guest)
    }

    fn descriptor(&self) -> &Descriptor {
        self.plugin.descriptor()
    }

    /// The page that the link opens.
    fn opens(&self) -> Option<(&Page, &PageLink)> {
        let page = self.descriptor().page(self.name.as_str())?;
        Some((page, page.link.as_ref()?))
    }

    fn address(&self) -> String {
        paths::link(self.link.id)
    }

    /// The route that is told that somebody acts here.
    fn seen(&self) -> Option<&str> {
        self.opens()?.1.seen.as_ref().map(LocalName::as_str)
    }

    /// What is read for the page: with the plugin's rights, of what the page names.
    fn access(&self) -> Access<'static> {
        Access::of_plugin(self.link.organization)
    }

    fn schema(&self, collection: &str) -> Result<Arc<Schema>, Fault> {
        let name = CollectionName::within(&self.link.plugin, collection);
        let missing = || Fault::not_found(format_args!("`{collection}`"));
        name.ok().and_then(|name| self.snapshot.catalog.schema(&name).cloned()).ok_or_else(missing)
    }

    /// Values of the subject, by path. `None` where it is gone.
    async fn subject(&self, select: Vec<String>) -> Result<Option<HashMap<String, Value>>, Fault> {
        let Some((_, link)) = self.opens() else { return Ok(None) };
        let schema = self.schema(link.subject.as_str())?;
        let mut select = select;
        select.push("id".to_owned());
        select.sort_unstable();
        select.dedup();
        let selection = Selection {
            collection: schema.name.to_string(),
            authority: Authority::Plugin,
            filter: Predicate::Within { path: "id".into(), values: vec![Value::Reference(self.link.subject)] },
            sort: Vec::new(),
            select: select.clone(),
            limit: 1,
            after: None,
        };
        let page = self.app.records.find(self.access(), &self.snapshot.catalog, &selection).await?;
        Ok(page.rows.into_iter().next().map(|row| select.into_iter().zip(row).collect()))
    }

    /// Calls a route of the page for its subject.
    async fn call(
        &self,
        name: &str,
        pairs: Pairs,
        body: Option<Json>,
    ) -> Result<lignaflow_core::repeat::Answer, Problem> {
        let route = self.route(name).ok_or_else(|| Problem::from(Fault::not_found("this")))?;
        let schemas = self.app.schemas.of(self.plugin.digest(), route);
        // Whatever the visitor says: the subject is the link's.
        let parameter = route.path.split('{').nth(1).and_then(|rest| rest.split('}').next()).unwrap_or_default();
        let parameters = vec![(parameter.to_owned(), self.link.subject.to_string())];
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = body.filter(|_| route.body.is_some()).map_or_else(Bytes::new, |json| json.to_string().into());
        let plugin = &self.link.plugin;
        let call = RouteCall { plugin, route, schemas, parameters, pairs, headers: &headers, body, once: None };
        call.called(&self.app, &self.caller).await
    }

    /// A route that the page opens.
    fn route(&self, name: &str) -> Option<&Route> {
        let (_, link) = self.opens()?;
        self.descriptor().route(name).filter(|route| link.routes.contains(&route.name))
    }

    /// The page: `typed` is what was posted to it, `refused` the form that was not taken, with why.
    async fn page(&self, typed: &Pairs, refused: Option<(&str, &Problem)>, done: Option<&str>) -> Response {
        match self.pieces(typed, refused).await {
            Ok(Some(pieces)) => {
                let reader = Reader::of(&self.caller);
                let title = self.opens().map_or("", |(page, _)| page.title.as_str());
                let view = LinkPage {
                    theme: self.theme,
                    reader: &reader,
                    organization: &self.organization.name,
                    accent: self.organization.accent,
                    title,
                    address: &self.address(),
                    pieces: &pieces,
                    done,
                    seen: self.seen().map(|route| format!("{}/{route}", self.address())),
                };
                let status = refused.map_or(StatusCode::OK, |(_, problem)| problem.status());
                private(html(status, draw(&view)))
            }
            Ok(None) => {
                let text = "What this link led to is not there any more.";
                told(self.theme, Some(&self.organization), StatusCode::GONE, "It is gone", text)
            }
            Err(fault) => failed(self.theme, fault),
        }
    }

    async fn pieces(&self, typed: &Pairs, refused: Option<(&str, &Problem)>) -> Result<Option<Vec<Piece>>, Fault> {
        let Some((page, link)) = self.opens() else { return Ok(None) };
        let schema = self.schema(link.subject.as_str())?;
        let mut select: Vec<String> = Vec::new();
        for block in &page.blocks {
            match block {
                Block::Detail(detail) => select.extend(detail.fields.iter().cloned()),
                Block::Form(form) => select.extend(form.when.keys().map(ToString::to_string)),
                _ => {}
            }
        }
        let Some(values) = self.subject(select).await? else { return Ok(None) };
        let binder = Binder { catalog: &self.snapshot.catalog, home: None };
        let mut pieces = Vec::with_capacity(page.blocks.len());
        let mut choices = Vec::new();
        for block in &page.blocks {
            let piece = match block {
                Block::Text(text) => Piece::Text(text.text.clone()),
                Block::Detail(detail) => {
                    let mut rows = Vec::with_capacity(detail.fields.len());
                    for path in &detail.fields {
                        let value = values.get(path).cloned().unwrap_or(Value::Null);
                        rows.push(shown(&binder, &schema, path, value)?);
                    }
                    Piece::Facts { title: detail.title.clone(), rows }
                }
                Block::Table(table) => match self.table(table).await {
                    Ok(view) => Piece::Table(view),
                    Err(fault) => Piece::Failed(fault.message),
                },
                Block::Sheet(sheet) => match self.sheet(sheet.route.as_str(), typed).await {
                    Ok(sheet) => {
                        choices.extend(sheet.choices.iter().map(|choice| choice.name.clone()));
                        let files = self.files(&sheet).await?;
                        pieces.push(Piece::Sheet(sheet));
                        Piece::Files(files.iter().map(|(file, title)| self.file_view(file, title)).collect())
                    }
                    Err(message) => Piece::Failed(message),
                },
                Block::Form(form) => {
                    let stands = form.when.iter().all(|(field, states)| {
                        let now = values.get(field.as_str()).and_then(Value::as_text);
                        now.is_some_and(|now| states.iter().any(|state| state == now))
                    });
                    let refused = refused.filter(|(route, _)| *route == form.route.as_str()).map(|(_, why)| why);
                    // Who was just refused is told why, also where there is nothing to be answered any more.
                    if !stands {
                        if let Some(problem) = refused {
                            pieces.push(Piece::Failed(problem.detail().to_owned()));
                        }
                        continue;
                    }
                    let Some(route) = self.route(form.route.as_str()) else { continue };
                    Piece::Form(form_view(form, route, &self.address(), typed, refused, &choices))
                }
                _ => continue,
            };
            pieces.push(piece);
        }
        Ok(Some(pieces))
    }

    async fn table(&self, block: &TableBlock) -> Result<TableView, Fault> {
        let schema = self.schema(&block.collection)?;
        let via = block.via.as_ref().ok_or_else(Fault::internal)?;
        let binder = Binder { catalog: &self.snapshot.catalog, home: None };
        let mut columns = Vec::with_capacity(block.columns.len());
        for path in &block.columns {
            let Shown { title, field, .. } = shown(&binder, &schema, path, Value::Null)?;
            columns.push(TableColumn { title, field, to: None, state: false });
        }
        let sort =
            block.sort.as_deref().or(schema.collection.sort.as_deref()).unwrap_or(schema.collection.display.as_str());
        let selection = Selection {
            collection: schema.name.to_string(),
            authority: Authority::Plugin,
            filter: Predicate::Compare {
                path: via.to_string(),
                operator: Operator::Equal,
                value: Value::Reference(self.link.subject),
            },
            sort: crate::rest::query::sort_keys(sort),
            select: block.columns.clone(),
            limit: block.limit.unwrap_or(200).clamp(1, 200),
            after: None,
        };
        let page = self.app.records.find(self.access(), &self.snapshot.catalog, &selection).await?;
        let plain = |value: Value| match value {
            Value::Reference(_) | Value::References(_) => Value::Null,
            other => other,
        };
        let row = |row: Vec<Value>| TableRow { href: None, values: row.into_iter().map(plain).collect() };
        Ok(TableView {
            title: block.title.clone(),
            columns,
            rows: page.rows.into_iter().map(row).collect(),
            all: None,
            empty: format!("No {} here.", schema.collection.title.many.to_lowercase()),
        })
    }

    /// The files that a sheet names and that records of this plugin hold, as far as they are made.
    async fn files(&self, sheet: &Sheet) -> Result<Vec<(Media, String)>, Fault> {
        let named = sheet.files.get(..MAX_FILES).unwrap_or(&sheet.files);
        let ids: Vec<Id> = named.iter().map(|file| file.file).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.app.store.media(self.access(), &ids).await.map_err(|error| of_store(&error))?;
        let open = |media: &&Media| {
            let own = media.place.as_ref().is_some_and(|place| place.collection.plugin == self.link.plugin);
            own && media.state == MediaState::Attached && !media.pending
        };
        let of = |file: &lignaflow_core::sheet::File| {
            let media = found.iter().find(|media| media.id == file.file).filter(open)?;
            Some((media.clone(), file.title.clone()))
        };
        Ok(named.iter().filter_map(of).collect())
    }

    fn file_view(&self, file: &Media, title: &str) -> FileView {
        let href = format!("{}/files/{}", self.address(), file.id);
        shown_file(file, title, &href, &format!("{href}?small"))
    }

    /// A file of this id, where a sheet of the page names it.
    async fn named_file(&self, id: &str) -> Result<Option<Media>, Fault> {
        let Some((page, _)) = self.opens() else { return Ok(None) };
        for block in &page.blocks {
            let Block::Sheet(sheet) = block else { continue };
            let told = self.sheet(sheet.route.as_str(), &Pairs::new()).await;
            let sheet = told.map_err(|message| Fault::new(ErrorCode::Unavailable, message))?;
            let files = self.files(&sheet).await?;
            if let Some((file, _)) = files.into_iter().find(|(file, _)| file.id.to_string() == id) {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    /// What a route puts on the page, with what was ticked.
    async fn sheet(&self, name: &str, typed: &Pairs) -> Result<Sheet, String> {
        let known = self.route(name).map(|route| &route.query);
        // Nothing ticked is nothing only where somebody could have ticked.
        let again = (!typed.is_empty()).then(|| (AGAIN.to_owned(), "true".to_owned()));
        let pairs = typed.iter().cloned().chain(again);
        let pairs = pairs.filter(|(name, _)| known.is_some_and(|known| known.contains_key(name)));
        let answer = self.call(name, pairs.collect(), None).await.map_err(|problem| problem.detail().to_owned())?;
        serde_json::from_slice(&answer.body).map_err(|error| {
            tracing::warn!(plugin = %self.link.plugin, route = name, %error, "what a route puts on a page is no sheet");
            "This part of the page cannot be shown just now.".to_owned()
        })
    }
}

/// A value of a path, with what it is called. What is a reference has nothing to show here.
fn shown(binder: &Binder<'_>, schema: &Arc<Schema>, text: &str, value: Value) -> Result<Shown, Fault> {
    let path = binder.path(schema, text)?;
    let field =
        path.field().map_or_else(|| lignaflow_core::descriptor::Field::bare(path.kind()), |field| field.field.clone());
    let last = text.rsplit('.').next().unwrap_or(text);
    let named = path.hops.last().filter(|_| last == path.schema().collection.display.as_str());
    let title = match named {
        Some(_) => humanize(text.rsplit('.').nth(1).unwrap_or(last)),
        None => field.title.clone().unwrap_or_else(|| humanize(last)),
    };
    let refers = field.names_ids() || matches!(field.kind, FieldKind::Reference | FieldKind::References);
    Ok(Shown { title, value: if refers { Value::Null } else { value }, field })
}

fn properties(route: &Route) -> Vec<(&str, &Json)> {
    let declared = route.body.as_ref().and_then(|body| body["properties"].as_object());
    declared.map(|all| all.iter().map(|(name, schema)| (name.as_str(), schema)).collect()).unwrap_or_default()
}

fn required(route: &Route, name: &str) -> bool {
    let list = route.body.as_ref().and_then(|body| body["required"].as_array());
    list.is_some_and(|list| list.iter().any(|known| known == name))
}

fn of<'a>(pairs: &'a Pairs, name: &'a str) -> impl Iterator<Item = &'a str> {
    pairs.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// What was posted as the route's body: texts, numbers, yes and no, lists of texts, by what its schema says. What cannot
/// be read stays text, and is told with all other faults.
fn body(route: &Route, pairs: &Pairs) -> Json {
    let mut object = Map::new();
    for (name, schema) in properties(route) {
        let first = of(pairs, name).next();
        let value = match schema["type"].as_str().unwrap_or("string") {
            "boolean" => Some(json!(first == Some("true"))),
            "array" => Some(of(pairs, name).filter(|value| !value.is_empty()).collect::<Vec<_>>().into()),
            "integer" | "number" => first.filter(|text| !text.trim().is_empty()).map(|text| {
                let number = serde_json::from_str::<Json>(text.trim()).ok().filter(Json::is_number);
                number.unwrap_or_else(|| json!(text))
            }),
            _ => first.map(|text| text.trim().replace("\r\n", "\n")).filter(|text| !text.is_empty()).map(Json::from),
        };
        if let Some(value) = value {
            object.insert(name.to_owned(), value);
        }
    }
    Json::Object(object)
}

fn form_view(
    form: &FormBlock,
    route: &Route,
    address: &str,
    typed: &Pairs,
    refused: Option<&Problem>,
    choices: &[String],
) -> FormView {
    let issues: &[Issue] = refused.map_or(&[], Problem::issues);
    let control = |(name, schema): (&str, &Json)| {
        let text = |key: &str| schema[key].as_str().map(str::to_owned);
        let max = schema["maxLength"].as_u64().unwrap_or(2_000);
        let kind = match (schema["type"].as_str().unwrap_or("string"), schema["enum"].as_array()) {
            (_, Some(values)) => {
                ControlKind::Choice(values.iter().filter_map(Json::as_str).map(str::to_owned).collect())
            }
            ("boolean", _) => ControlKind::Check,
            ("integer" | "number", _) => ControlKind::Number,
            _ if schema["format"] == FORMAT => ControlKind::Signature,
            // Lists are ticked in the sheet.
            ("array" | "object", _) => return None,
            _ => ControlKind::Text { max, long: max > 200 },
        };
        if choices.iter().any(|choice| choice == name) {
            return None;
        }
        let path = format!("/{}", lignaflow_core::record::escape(name));
        Some(Control {
            label: text("title").unwrap_or_else(|| humanize(name)),
            help: text("description"),
            kind,
            required: required(route, name),
            value: of(typed, name).next().unwrap_or_default().to_owned(),
            issue: issues.iter().find(|issue| issue.path == path).map(|issue| issue.message.clone()),
            name: name.to_owned(),
        })
    };
    FormView {
        title: form.title.clone(),
        route: form.route.to_string(),
        action: format!("{address}/{}", form.route),
        button: form.button.clone().unwrap_or_else(|| route.title.clone()),
        controls: properties(route).into_iter().filter_map(control).collect(),
        fault: refused.map(|problem| problem.detail().to_owned()),
    }
}

fn typed(body: &[u8]) -> Pairs {
    let pairs = form_urlencoded::parse(body).into_owned().take(MAX_PAIRS);
    // A choice of a group is posted under a name of its own.
    pairs.map(|(name, value)| (property(&name).to_owned(), value)).collect()
}

async fn show(
    State(app): State<Arc<App>>,
    Extension(context): Extension<RequestContext>,
    From(client): From,
    method: Method,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let holder = match Holder::of(&app, &headers, &id).await {
        Ok(holder) => holder,
        Err(response) => return response,
    };
    if let Opens::View { maker, files } = holder.link.opens {
        let (request, counts) = (context.id, method == Method::GET);
        let looking = Looking { app: &app, holder: &holder, maker, files, request, client: &client, counts };
        return looking.answer(query.get("format").map(String::as_str)).await;
    }
    let guest = match Guest::by(&app, holder, &context).await {
        Ok(guest) => guest,
        Err(response) => return response,
    };
    let done = query.get("done").and_then(|name| done(&guest, name));
    guest.page(&Pairs::new(), None, done.as_deref()).await
}

/// What is said once a form was posted.
fn done(guest: &Guest, name: &str) -> Option<String> {
    let (page, _) = guest.opens()?;
    page.blocks.iter().find_map(|block| match block {
        Block::Form(form) if form.route.as_str() == name => {
            Some(form.done.clone().unwrap_or_else(|| "Done. Thank you.".to_owned()))
        }
        _ => None,
    })
}

/// The same page, with what was ticked and typed. Nothing is changed.
async fn again(
    State(app): State<Arc<App>>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawForm(body): RawForm,
) -> Response {
    match Guest::of(&app, &headers, &context, &id).await {
        Ok(guest) => {
            if let Some(seen) = guest.seen() {
                // That it cannot be told is no reason to show nothing.
                if let Err(problem) = guest.call(seen, Pairs::new(), None).await {
                    tracing::warn!(plugin = %guest.link.plugin, why = problem.detail(), "that a page was seen is not told");
                }
            }
            guest.page(&typed(&body), None, None).await
        }
        Err(response) => response,
    }
}

/// `/l/at/{id}/files/{file}`: a file that the page shows; a small picture of it with `?small`.
async fn file(
    State(app): State<Arc<App>>,
    Extension(context): Extension<RequestContext>,
    method: Method,
    headers: HeaderMap,
    Path((id, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let guest = match Guest::of(&app, &headers, &context, &id).await {
        Ok(guest) => guest,
        Err(response) => return response,
    };
    let media = match guest.named_file(&file).await {
        Ok(Some(media)) => media,
        Ok(None) => return unknown(guest.theme),
        Err(fault) => return failed(guest.theme, fault),
    };
    let organization = guest.link.organization;
    let response = if query.as_deref() == Some("small") {
        match small(&app, organization, &media, &headers).await {
            Ok(Some(response)) => response,
            Ok(None) => return unknown(guest.theme),
            Err(fault) => return failed(guest.theme, fault),
        }
    } else {
        let wish = Wish { method: &method, headers: &headers, save: false };
        app.media.hand_out(organization, &media, wish).await.unwrap_or_else(axum::response::IntoResponse::into_response)
    };
    // What the file says of being kept stays as it is.
    let mut response = response;
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response.headers_mut().insert(ROBOTS, HeaderValue::from_static("noindex, nofollow"));
    response
}

/// Calls a route that the page opens.
async fn answer(
    State(app): State<Arc<App>>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    Path((id, name)): Path<(String, String)>,
    RawForm(raw): RawForm,
) -> Response {
    let guest = match Guest::of(&app, &headers, &context, &id).await {
        Ok(guest) => guest,
        Err(response) => return response,
    };
    let Some(route) = guest.route(&name).filter(|route| route.method.as_str() == "POST") else {
        return unknown(guest.theme);
    };
    // One link is counted like one who tries to sign in: nobody answers a letter many times a minute.
    if let Err(problem) = app.rates.sign_in(context.client, &format!("link {}", guest.link.id)) {
        return guest.page(&typed(&raw), Some((&name, &problem)), None).await;
    }
    let pairs = typed(&raw);
    let body = body(route, &pairs);
    match guest.call(&name, Pairs::new(), Some(body)).await {
        Ok(_) => private(Redirect::to(&format!("{}?done={name}", guest.address())).into_response()),
        Err(problem) => {
            // The link may have been closed meanwhile, and says so itself.
            match Guest::of(&app, &headers, &context, &id).await {
                Ok(guest) => guest.page(&pairs, Some((&name, &problem)), None).await,
                Err(response) => response,
            }
        }
    }
}
