//! Files: brought by whoever may write, read by whoever may read the record that holds them.

use super::account::of_path;
use crate::app::App;
use crate::auth::Signed;
use crate::media::{Upload, Wish, find};
use crate::problem::{Kind, Problem};
use axum::Json;
use axum::extract::{FromRequest as _, Multipart, Path, Query, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use lignaflow_core::caller::Caller;
use lignaflow_core::media::Media;
use lignaflow_core::value::instant_text;
use lignaflow_core::{Fault, Issue};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// A file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Media)]
pub(super) struct MediaBody {
    #[schema(format = Uuid)]
    pub id: String,
    pub name: String,
    /// What its first bytes say that it is.
    #[schema(example = "image/jpeg")]
    pub content_type: String,
    /// Bytes.
    pub size: u64,
    /// In hexadecimal.
    pub sha256: String,
    /// Pixels, of a picture.
    pub width: Option<u32>,
    pub height: Option<u32>,
    /// `waiting` for a record to hold it, or `attached` to one.
    pub state: &'static str,
    /// The field that holds it.
    pub attached_to: Option<AttachedTo>,
    #[schema(format = Uuid)]
    pub created_by: Option<String>,
    #[schema(format = DateTime)]
    pub created_at: String,
    /// The address of its bytes.
    pub content: String,
}

impl From<Media> for MediaBody {
    fn from(media: Media) -> Self {
        Self {
            id: media.id.to_string(),
            content: format!("/api/v1/media/{}/content", media.id),
            name: media.name,
            content_type: media.content_type,
            size: media.size,
            sha256: hex::encode(media.sha256),
            width: media.dimensions.map(|(width, _)| width),
            height: media.dimensions.map(|(_, height)| height),
            state: media.state.as_str(),
            attached_to: media.place.filter(|_| media.state == lignaflow_core::media::State::Attached).map(|place| {
                AttachedTo {
                    collection: place.collection.to_string(),
                    record: place.record.to_string(),
                    field: place.field,
                }
            }),
            created_by: media.created_by.map(|person| person.to_string()),
            created_at: instant_text(media.created_at),
        }
    }
}

/// The field of a record that holds a file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AttachedTo {
    #[schema(example = "projects/projects")]
    pub collection: String,
    #[schema(format = Uuid)]
    pub record: String,
    pub field: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    /// What the file is called.
    #[serde(default)]
    #[param(example = "kitchen.pdf")]
    pub name: Option<String>,
}

/// Bring a file
///
/// The body is the file itself with its `Content-Type` and `?name=`, or a form (`multipart/form-data`) with one file. It
/// waits for a record to hold it: name its id in a field of the type `media` or `files` within a day. What it is, is told
/// by its first bytes, and must be what is said. Needs the permission `records.write`.
#[utoipa::path(
    post, path = "/media", tag = "host", operation_id = "host_upload_media", params(Named),
    request_body(content((String = "application/octet-stream"), (String = "multipart/form-data"))),
    extensions(("x-permission" = json!("records.write"))),
    responses(
        (status = 201, description = "The file, waiting.", body = MediaBody, headers(("Location" = String))),
        (status = 413, description = "The file is too large."),
        (status = 415, description = "Files of this type are not taken."),
        (status = 507, description = "The organization's files have reached their quota."),
    )
)]
pub(super) async fn upload(
    State(app): State<Arc<App>>,
    signed: Signed,
    Query(named): Query<Named>,
    request: Request,
) -> Result<Response, Problem> {
    let kind = text_of(request.headers(), &header::CONTENT_TYPE);
    let is_form = kind.as_deref().is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data"));
    let length = text_of(request.headers(), &header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let media = if is_form {
        of_form(&app, &signed.caller, &named, request).await?
    } else {
        let upload = Upload { name: named.name.as_deref(), content_type: kind.as_deref(), length };
        app.media.take_in(&signed.caller, upload, request.into_body().into_data_stream()).await?
    };
    let location = format!("/api/v1/media/{}", media.id);
    let mut response = (StatusCode::CREATED, Json(MediaBody::from(media))).into_response();
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

fn text_of(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// The one file of a form.
async fn of_form(app: &Arc<App>, caller: &Caller, named: &Named, request: Request) -> Result<Media, Problem> {
    let unreadable = || Problem::new(Kind::Unparsable, "The form cannot be read, or broke off.");
    let mut form = Multipart::from_request(request, app).await.map_err(|_| unreadable())?;
    let mut media = None;
    while let Some(part) = form.next_field().await.map_err(|_| unreadable())? {
        let Some(name) = part.file_name().map(str::to_owned) else { continue };
        if media.is_some() {
            return Err(Fault::invalid(vec![Issue::new("", "too-many", "One file at a time.")]).into());
        }
        let kind = part.content_type().map(str::to_owned);
        let name = named.name.clone().unwrap_or(name);
        let upload = Upload { name: Some(&name), content_type: kind.as_deref(), length: None };
        media = Some(app.media.take_in(caller, upload, part).await?);
    }
    media.ok_or_else(|| Fault::at("", "required", "The form has no file.").into())
}

/// What is known of a file
///
/// Whoever may read the record that holds it may read it; while none does, who brought it.
#[utoipa::path(
    get, path = "/media/{id}", tag = "host", operation_id = "host_get_media",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("records.read"))),
    responses((status = 200, description = "The file.", body = MediaBody))
)]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Json<MediaBody>, Problem> {
    let media = find(&app, &signed.caller, of_path(&id, "file")?).await?;
    Ok(Json(media.into()))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved {
    /// To be saved, also where a browser could show it.
    #[serde(default)]
    pub download: bool,
}

/// A file's bytes
///
/// Takes `Range` for one range of bytes, with `If-Range`, and `If-None-Match`.
#[utoipa::path(
    get, path = "/media/{id}/content", tag = "host", operation_id = "host_get_media_content",
    params(
        ("id" = String, Path, format = Uuid), Saved,
        ("Range" = Option<String>, Header, example = "bytes=0-1023"),
        ("If-Range" = Option<String>, Header),
        ("If-None-Match" = Option<String>, Header),
    ),
    extensions(("x-permission" = json!("records.read"))),
    responses(
        (status = 200, description = "All of it.", content_type = "*/*", body = String),
        (status = 206, description = "The range.", content_type = "*/*", body = String),
        (status = 304, description = "Unchanged."),
        (status = 416, description = "The range begins after its end."),
    )
)]
pub(super) async fn content(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
    Query(saved): Query<Saved>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let file = find(&app, &signed.caller, of_path(&id, "file")?).await?;
    let wish = Wish { method: &method, headers: &headers, save: saved.download };
    app.media.hand_out(signed.caller.organization, &file, wish).await
}
