//! What a form of a record posted: its texts, and the files that came with it. A file is taken in before the rest is
//! looked at; when that has to be corrected, the file waits and need not be chosen again.

use super::held;
use super::house::Visit;
use crate::media::Upload;
use crate::problem::{Kind, Problem};
use axum::extract::multipart::Field;
use axum::extract::{FromRequest as _, Multipart, RawForm, Request};
use axum::response::{IntoResponse as _, Response};
use http::header;
use lignaflow_core::Issue;
use lignaflow_core::catalog::Schema;
use lignaflow_web::collection::{FILE, takes_files};

/// Bytes of all texts of one form.
const MOST_TEXT: usize = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct Posted {
    pub pairs: Vec<(String, String)>,
    /// Of files that could not be taken.
    pub issues: Vec<Issue>,
}

#[expect(clippy::result_large_err, reason = "the other answer is made once and sent")]
fn unreadable() -> Result<Posted, Response> {
    Err(Problem::new(Kind::Unparsable, "The form cannot be read, or broke off.").into_response())
}

pub(super) async fn posted(visit: &Visit, schema: &Schema, request: Request) -> Result<Posted, Response> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("multipart/form-data") {
        let RawForm(body) =
            RawForm::from_request(request, &()).await.map_err(axum::response::IntoResponse::into_response)?;
        let pairs = form_urlencoded::parse(&body).into_owned().collect();
        return Ok(Posted { pairs, issues: Vec::new() });
    }
    if let Err(fault) = visit.signed.caller.to_write() {
        return Err(visit.fault(&fault));
    }
    let Ok(mut form) = Multipart::from_request(request, &()).await else { return unreadable() };
    let mut posted = Posted::default();
    let mut room = MOST_TEXT;
    loop {
        let part = match form.next_field().await {
            Ok(Some(part)) => part,
            Ok(None) => return Ok(posted),
            Err(_) => return unreadable(),
        };
        let name = part.name().unwrap_or_default().to_owned();
        match room.checked_sub(held::taken_by(&name, part.file_name())) {
            Some(left) => room = left,
            None => return unreadable(),
        }
        let field = name.strip_suffix(FILE).filter(|field| takes_files(schema, field));
        match field {
            Some(field) => take(visit, field, part, &mut posted).await,
            None => match text(part, &mut room).await {
                Some(text) => posted.pairs.push((name, text)),
                None => return unreadable(),
            },
        }
    }
}

/// One file. A control in which none was chosen comes without a name.
async fn take(visit: &Visit, field: &str, mut part: Field<'_>, posted: &mut Posted) {
    let Some(name) = part.file_name().filter(|name| !name.is_empty()).map(str::to_owned) else { return };
    let kind = part.content_type().map(str::to_owned);
    let upload = Upload { name: Some(&name), content_type: kind.as_deref(), length: None };
    match visit.app.media.take_in(&visit.signed.caller, upload, &mut part).await {
        Ok(media) => posted.pairs.push((field.to_owned(), media.id.to_string())),
        Err(problem) => {
            let name = lignaflow_core::media::clean_name(&name);
            let message = format!("“{name}” was not taken. {}", problem.detail());
            posted.issues.push(Issue::new(format!("/{field}"), problem.kind().code(), message));
        }
    }
}

/// The text of a part, within what is left for all of them.
pub(super) async fn text(mut part: Field<'_>, room: &mut usize) -> Option<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.chunk().await.ok()? {
        *room = room.checked_sub(chunk.len())?;
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).ok()
}
