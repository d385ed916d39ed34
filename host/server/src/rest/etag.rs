//! Versions as strong ETags (RFC 9110, 8.8.3): `"7"` is version 7. Where other records stand in a record, whose versions
//! are theirs, the tag says what was answered as well: `"7-9f86d081884c7d65"`. As `If-Match` it is the version all the same.

use crate::problem::{Kind, Problem};
use http::{HeaderMap, HeaderValue, header};
use sha2::{Digest as _, Sha256};

/// The ETag of a version.
pub fn of(version: u64) -> HeaderValue {
    header(&text(version))
}

/// A tag as a header has it.
pub fn header(tag: &str) -> HeaderValue {
    // Digits and quotes are always a header's.
    HeaderValue::from_str(tag).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// The ETag of an answer that holds more than the record with that version.
pub fn of_bytes(version: u64, bytes: &[u8]) -> String {
    format!("\"{version}-{}\"", hex::encode(&Sha256::digest(bytes)[..8]))
}

/// The same as text.
pub fn text(version: u64) -> String {
    format!("\"{version}\"")
}

/// The version that a change is meant for. `*` stands for any.
pub fn expected(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Err(Problem::new(
            Kind::PreconditionRequired,
            "Send the record's ETag as If-Match, so that nobody's change is lost. `*` means any version.",
        ));
    };
    given(value)
}

/// The version of an `If-Match` that may be left out.
pub fn optional(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    headers.get(header::IF_MATCH).map_or(Ok(None), given)
}

fn given(value: &HeaderValue) -> Result<Option<u64>, Problem> {
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let tag = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let version = tag.map(|tag| tag.split_once('-').map_or(tag, |(version, _)| version));
    version.and_then(|digits| digits.parse().ok()).map_or_else(
        || Err(Problem::new(Kind::Unparsable, "If-Match holds one ETag as it was given, such as \"7\", or *.")),
        |version| Ok(Some(version)),
    )
}

/// Whether the client has this version already.
pub fn unchanged(headers: &HeaderMap, version: u64) -> bool {
    has(headers, &text(version))
}

/// Whether the client has what this tag stands for already.
pub fn has(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|one| one.trim() == "*" || one.trim().trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_change_names_its_version() {
        assert_eq!(expected(&headers(header::IF_MATCH, "\"7\"")).ok(), Some(Some(7)));
        assert_eq!(expected(&headers(header::IF_MATCH, "*")).ok(), Some(None));
        assert_eq!(expected(&headers(header::IF_MATCH, "\"7-9f86d081884c7d65\"")).ok(), Some(Some(7)));
        assert_eq!(expected(&HeaderMap::new()).unwrap_err().status(), 428);
        assert_eq!(expected(&headers(header::IF_MATCH, "7")).unwrap_err().status(), 400);
    }

    #[test]
    fn one_of_several_tags_is_enough() {
        assert!(unchanged(&headers(header::IF_NONE_MATCH, "\"3\", W/\"7\""), 7));
        assert!(!unchanged(&headers(header::IF_NONE_MATCH, "\"3\""), 7));
    }
}
