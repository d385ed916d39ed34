//! A file as an answer. It is somebody's: no shared cache keeps it, and a browser asks again before it shows it, so that
//! a right that was taken away is gone at once. Nothing in it runs here.

use super::keep::Kept;
use super::range::{Part, part};
use super::{Media, of_store};
use crate::problem::{Kind, Problem};
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use lignaflow_core::media::{Media as File, is_shown};
use lignaflow_core::{ErrorCode, OrganizationId};
use std::fmt::Write as _;

/// Nothing of the file may load, run, or send anything, whatever a browser takes it for (CSP 3; `sandbox` in HTML, 7.6).
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
/// The viewers of PDF that browsers bring do not work in a sandbox; they are one of their own.
const PDF_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";
/// It is compressed in itself, or asked for in parts: what comes is to be what is kept, byte for byte.
const CACHING: &str = "private, no-cache, no-transform";

/// What is asked for, and how.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    pub method: &'a Method,
    pub headers: &'a HeaderMap,
    /// To be saved, also where a browser could show it.
    pub save: bool,
}

impl Media {
    /// The bytes of a file that the caller may read, or the part of them that is asked for.
    pub async fn hand_out(
        &self,
        organization: OrganizationId,
        file: &File,
        wish: Wish<'_>,
    ) -> Result<Response, Problem> {
        let etag = format!("\"{}\"", hex::encode(file.sha256));
        let range = match part(wish.method, wish.headers, &etag, file.size) {
            Part::Whole => None,
            Part::Bytes(range) => Some(range),
            Part::Unchanged => {
                let headers = [(header::ETAG, etag.as_str()), (header::CACHE_CONTROL, CACHING)];
                return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
            }
            Part::Other => return Err(Problem::new(ErrorCode::Stale, "The file is not the one that If-Match names.")),
            Part::Beyond => {
                let detail = format!("The file has {} bytes; the range begins after them.", file.size);
                let problem = Problem::new(Kind::Other(StatusCode::RANGE_NOT_SATISFIABLE), detail);
                return Err(match HeaderValue::from_str(&format!("bytes */{}", file.size)) {
                    Ok(value) => problem.with_header(header::CONTENT_RANGE, value),
                    Err(_) => problem,
                });
            }
        };
        let length = range.as_ref().map_or(file.size, |range| range.end - range.start);
        let body = if *wish.method == Method::HEAD {
            Body::empty()
        } else {
            let stream = self.0.keep.read(organization, &file.sha256, Kept::Bytes, range.clone()).await;
            Body::from_stream(stream.map_err(lignaflow_core::Fault::from)?)
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        let mut set = |name: header::HeaderName, text: &str| {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(name, value);
            }
        };
        set(header::CONTENT_TYPE, &file.content_type);
        set(header::CONTENT_LENGTH, &length.to_string());
        set(header::CONTENT_DISPOSITION, &disposition(file, wish.save));
        set(header::ETAG, &etag);
        set(header::ACCEPT_RANGES, "bytes");
        set(header::CACHE_CONTROL, CACHING);
        set(header::CONTENT_SECURITY_POLICY, if file.content_type == "application/pdf" { PDF_POLICY } else { POLICY });
        if let Some(range) = range {
            set(header::CONTENT_RANGE, &format!("bytes {}-{}/{}", range.start, range.end - 1, file.size));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        Ok(response)
    }

    /// All bytes of a file that is not too large to be held in memory, which whoever asks has looked at.
    pub async fn whole(
        &self,
        organization: OrganizationId,
        file: &File,
    ) -> Result<bytes::Bytes, lignaflow_core::Fault> {
        Ok(self.0.keep.read_whole(organization, &file.sha256, Kept::Bytes).await?)
    }

    /// The files that a record holds, as far as this is asked for a record that the caller may read.
    pub async fn of_ids(
        &self,
        access: lignaflow_core::caller::Access<'_>,
        ids: &[lignaflow_core::Id],
    ) -> Result<Vec<File>, lignaflow_core::Fault> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.0.store.media(access, ids).await.map_err(|error| of_store(&error))
    }
}

/// Shown where it is only pixels or a PDF; else saved, under its name (RFC 6266, RFC 8187).
fn disposition(file: &File, save: bool) -> String {
    let kind = if is_shown(&file.content_type) && !save { "inline" } else { "attachment" };
    let plain: String = file
        .name
        .chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '_' })
        .map(|c| if matches!(c, '"' | '\\' | '%') { '_' } else { c })
        .collect();
    let mut text = format!("{kind}; filename=\"{plain}\"");
    if plain != file.name {
        text.push_str("; filename*=UTF-8''");
        for byte in file.name.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::Id;
    use lignaflow_core::media::State;

    fn file(name: &str, content_type: &str) -> File {
        File {
            id: Id::fresh(),
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            size: 1,
            sha256: [0; 32],
            dimensions: None,
            created_by: None,
            created_at: 0,
            state: State::Waiting,
            place: None,
            pending: false,
        }
    }

    #[test]
    fn only_pixels_and_pdf_are_shown_and_a_name_cannot_leave_its_quotes() {
        assert_eq!(disposition(&file("a.png", "image/png"), false), "inline; filename=\"a.png\"");
        assert_eq!(disposition(&file("a.png", "image/png"), true), "attachment; filename=\"a.png\"");
        assert_eq!(disposition(&file("a.svg", "image/svg+xml"), false), "attachment; filename=\"a.svg\"");
        assert_eq!(
            disposition(&file("a\"; x=\"b.pdf", "application/pdf"), false),
            "inline; filename=\"a_; x=_b.pdf\"; filename*=UTF-8''a%22%3B%20x%3D%22b.pdf"
        );
        assert_eq!(
            disposition(&file("Küche.pdf", "application/pdf"), false),
            "inline; filename=\"K_che.pdf\"; filename*=UTF-8''K%C3%BCche.pdf"
        );
    }
}
