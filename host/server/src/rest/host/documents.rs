//! Documents that plugins asked for, the templates that they are made of, and the organization's logo.

use super::From;
use super::account::of_path;
use crate::app::App;
use crate::auth::Signed;
use crate::documents::acts::{Known, Trial};
use crate::problem::Problem;
use crate::rest::query::{DEFAULT_LIMIT, MAX_LIMIT};
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use lignaflow_core::media::PDF;
use lignaflow_core::name::PluginId;
use lignaflow_core::record::escape;
use lignaflow_core::value::{date_text, instant_text};
use lignaflow_core::{Fault, Issue};
use lignaflow_store::documents::{Document as Row, State as DocumentState};
use serde::{Deserialize, Serialize};
use serde_json::Value as Any;
use std::fmt::Write as _;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Documents {
    /// Those asked for last first. What was made is forgotten after 30 days; its file stays.
    pub data: Vec<Document>,
    /// The address of the next page.
    pub next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Document {
    /// Of the file as well: `/api/v1/media/{id}`.
    #[schema(format = Uuid)]
    pub id: String,
    pub plugin: String,
    pub template: String,
    /// `waiting`, `done` or `failed`.
    pub state: &'static str,
    /// What the template takes for today.
    #[schema(format = Date)]
    pub date: String,
    pub attempts: i64,
    /// Why the last try failed, with the file and line of the template.
    pub error: Option<String>,
    pub asked_at: String,
    pub changed_at: String,
}

fn shown(row: Row) -> Document {
    Document {
        id: row.id.to_string(),
        plugin: row.plugin.to_string(),
        template: row.template,
        state: row.state.as_str(),
        date: date_text(row.date),
        attempts: row.attempts,
        error: row.error,
        asked_at: instant_text(row.asked_at),
        changed_at: instant_text(row.changed_at),
    }
}

/// Documents that plugins asked for
#[utoipa::path(
    get, path = "/documents", tag = "host", operation_id = "host_list_documents",
    params(
        ("state" = Option<String>, Query, description = "`waiting`, `done` or `failed`."),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200, description = "50 where left out."),
        ("after" = Option<String>, Query, description = "From `next`."),
    ),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "Those asked for last first.", body = Documents))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    signed: Signed,
    RawQuery(raw): RawQuery,
) -> Result<Json<Documents>, Problem> {
    let (mut state, mut before, mut limit) = (None, None, DEFAULT_LIMIT);
    let mut again = String::new();
    let mut issues = Vec::new();
    for (name, text) in form_urlencoded::parse(raw.as_deref().unwrap_or_default().as_bytes()) {
        let mut fault = |code: &str, message: String| {
            issues.push(Issue::new(format!("/{}", escape(&name)), code, message));
        };
        match &*name {
            "state" => match DocumentState::ALL.into_iter().find(|state| state.as_str() == text) {
                Some(known) => {
                    state = Some(known);
                    let _ = write!(again, "state={text}&");
                }
                None => fault("choice", "A state is waiting, done or failed.".to_owned()),
            },
            "limit" => match text.parse() {
                Ok(number) if (1..=MAX_LIMIT).contains(&number) => limit = number,
                _ => fault("limit", format!("A limit is 1 to {MAX_LIMIT}, not `{text}`.")),
            },
            "after" => match text.parse() {
                Ok(id) => before = Some(id),
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
    let mut rows = app.documents.all(&signed, state, before, u32::from(limit) + 1).await?;
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next =
        rows.last().filter(|_| more).map(|last| format!("/api/v1/documents?{again}limit={limit}&after={}", last.id));
    Ok(Json(Documents { data: rows.into_iter().map(shown).collect(), next }))
}

/// Make a document once more
///
/// One that could not be made of its template and its data.
#[utoipa::path(
    post, path = "/documents/{id}/retry", tag = "host", operation_id = "host_retry_document",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The document as it is now.", body = Document))
)]
pub(super) async fn retry(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<Json<Document>, Problem> {
    Ok(Json(shown(app.documents.retry(&signed, &client, of_path(&id, "document")?).await?)))
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Templates {
    /// By plugin and name.
    pub data: Vec<Template>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Template {
    pub plugin: String,
    /// Within the plugin.
    pub name: String,
    /// Whether it is the organization's own.
    pub own: bool,
    /// Since when it is.
    pub changed_at: Option<String>,
    /// What documents are made of, in typst.
    pub source: String,
    /// What the plugin brings.
    pub brought: String,
    /// What it is shown with.
    pub sample: Any,
}

fn known(known: Known) -> Template {
    Template {
        plugin: known.plugin.to_string(),
        name: known.template,
        own: known.own.is_some(),
        changed_at: known.own.map(|own| instant_text(own.changed_at)),
        source: known.source,
        brought: known.brought,
        sample: serde_json::from_str(&known.sample).unwrap_or_default(),
    }
}

fn plugin(text: &str) -> Result<PluginId, Problem> {
    text.parse().map_err(|_| Fault::not_found(format_args!("plugin `{text}`")).into())
}

/// The templates of documents
///
/// Those of the plugins that are on.
#[utoipa::path(
    get, path = "/documents/templates", tag = "host", operation_id = "host_list_templates",
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "By plugin and name.", body = Templates))
)]
pub(super) async fn templates(State(app): State<Arc<App>>, signed: Signed) -> Result<Json<Templates>, Problem> {
    let all = app.documents.templates(&signed).await?;
    Ok(Json(Templates { data: all.into_iter().map(known).collect() }))
}

/// Read a template
#[utoipa::path(
    get, path = "/documents/templates/{plugin}/{template}", tag = "host", operation_id = "host_get_template",
    params(("plugin" = String, Path), ("template" = String, Path)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The template.", body = Template))
)]
pub(super) async fn template(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path((of, name)): Path<(String, String)>,
) -> Result<Json<Template>, Problem> {
    Ok(Json(known(app.documents.template(&signed, &plugin(&of)?, &name).await?)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTemplate {
    /// In typst. It reads `json("data.json")`, `json("organization.json")` and `sys.inputs`.
    #[schema(example = "#set page(paper: \"a4\")\n= Quote")]
    pub source: String,
}

/// Have a template of your own
///
/// In place of the plugin's. One that the plugin's sample cannot be made of is refused, with the line. Documents that
/// could not be made of it are tried again.
#[utoipa::path(
    put, path = "/documents/templates/{plugin}/{template}", tag = "host", operation_id = "host_keep_template",
    params(("plugin" = String, Path), ("template" = String, Path)),
    request_body = NewTemplate,
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The template as it is now.", body = Template))
)]
pub(super) async fn keep_template(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path((of, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Template>, Problem> {
    let of = plugin(&of)?;
    // Who may not is told that, whatever they send.
    app.documents.template(&signed, &of, &name).await?;
    let new: NewTemplate = read(&headers, &body)?;
    Ok(Json(known(app.documents.keep_template(&signed, &client, (&of, &name), &new.source).await?)))
}

fn read<T: serde::de::DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, Problem> {
    let json = crate::rest::body::json(headers, body)?;
    serde_json::from_value(json)
        .map_err(|error| Fault::invalid(vec![Issue::new("", "body", format!("{error}."))]).into())
}

/// Go back to the plugin's template
#[utoipa::path(
    delete, path = "/documents/templates/{plugin}/{template}", tag = "host", operation_id = "host_drop_template",
    params(("plugin" = String, Path), ("template" = String, Path)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 204, description = "The plugin's is used."))
)]
pub(super) async fn drop_template(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path((of, name)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    app.documents.drop_template(&signed, &client, &plugin(&of)?, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TrialBody {
    /// Instead of what is kept.
    #[serde(default)]
    pub source: Option<String>,
    /// Instead of the plugin's sample.
    #[serde(default)]
    pub data: Option<Any>,
}

/// See a template as a PDF
///
/// With the plugin's sample where no data is given. Nothing is kept.
#[utoipa::path(
    post, path = "/documents/templates/{plugin}/{template}/preview", tag = "host",
    operation_id = "host_preview_template",
    params(("plugin" = String, Path), ("template" = String, Path)),
    request_body = TrialBody,
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The PDF.", content_type = "application/pdf", body = String))
)]
pub(super) async fn preview(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path((of, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let of = plugin(&of)?;
    app.documents.template(&signed, &of, &name).await?;
    let TrialBody { source, data } = if body.is_empty() { TrialBody::default() } else { read(&headers, &body)? };
    let data = data.map(|data| data.to_string());
    let trial = Trial { source: source.as_deref(), data: data.as_deref() };
    let pdf = app.documents.preview(&signed, &of, &name, trial).await?;
    Ok(as_pdf(pdf))
}

/// A PDF that is not kept.
pub(crate) fn as_pdf(pdf: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, PDF), (header::CACHE_CONTROL, "no-store")], pdf).into_response()
}

/// The organization's logo
#[utoipa::path(
    get, path = "/documents/logo", tag = "host", operation_id = "host_get_logo",
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The picture.", content_type = "*/*", body = String))
)]
pub(super) async fn logo(State(app): State<Arc<App>>, signed: Signed) -> Result<Response, Problem> {
    Ok(as_picture(app.documents.logo(&signed).await?))
}

/// A picture that somebody brought: pixels, or an SVG in which nothing runs.
pub(crate) fn as_picture((content_type, bytes): (String, Vec<u8>)) -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
    let headers = [
        (header::CONTENT_TYPE, content_type.as_str()),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (headers, bytes).into_response()
}

/// Have a logo on documents
///
/// A picture in PNG, JPEG or SVG, of at most 512 kB.
#[utoipa::path(
    put, path = "/documents/logo", tag = "host", operation_id = "host_keep_logo",
    request_body(content((String = "image/png"), (String = "image/jpeg"), (String = "image/svg+xml"))),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 204, description = "It is on the next documents."))
)]
pub(super) async fn keep_logo(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    app.documents.keep_logo(&signed, &client, kind, body.to_vec()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Have no logo
#[utoipa::path(
    delete, path = "/documents/logo", tag = "host", operation_id = "host_drop_logo",
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 204, description = "There is none any more."))
)]
pub(super) async fn drop_logo(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
) -> Result<StatusCode, Problem> {
    app.documents.drop_logo(&signed, &client).await?;
    Ok(StatusCode::NO_CONTENT)
}
