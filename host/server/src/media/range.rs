//! Parts of a file (RFC 9110, 14): which bytes an answer has.

use http::{HeaderMap, HeaderValue, Method, header};
use std::ops::Range;

/// What a request for a file is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// 200: all of it.
    Whole,
    /// 206: these bytes.
    Bytes(Range<u64>),
    /// 416: none that are there.
    Beyond,
    /// 304: the client has it.
    Unchanged,
    /// 412: the client wants another one.
    Other,
}

/// In the order of RFC 9110, 13.2.2. `etag` is strong and stands in quotes.
pub(super) fn part(method: &Method, headers: &HeaderMap, etag: &str, size: u64) -> Part {
    if headers.contains_key(header::IF_MATCH) && !lists(headers, &header::IF_MATCH, etag, false) {
        return Part::Other;
    }
    if lists(headers, &header::IF_NONE_MATCH, etag, true) {
        return Part::Unchanged;
    }
    // Range is for GET alone (14.2). A file has no date by which two versions could be told apart, so an If-Range with a
    // date never holds (13.1.5).
    let same = headers.get(header::IF_RANGE).is_none_or(|given| given.as_bytes() == etag.as_bytes());
    match headers.get(header::RANGE) {
        Some(range) if *method == Method::GET && same => of_header(range, size),
        _ => Part::Whole,
    }
}

/// Whether a list of ETags has this one. A weak one is the same only where weak comparison is asked for (8.8.3.2).
fn lists(headers: &HeaderMap, name: &header::HeaderName, etag: &str, weak: bool) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|one| one == "*" || one == etag || (weak && one.strip_prefix("W/") == Some(etag)))
}

/// A range that cannot be read is as none at all (14.2), and so are several at once: they would have to be answered as
/// a multipart body, which nobody who asks for a file in parts needs.
fn of_header(range: &HeaderValue, size: u64) -> Part {
    let text = range.to_str().unwrap_or_default();
    let Some((unit, set)) = text.split_once('=') else { return Part::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Part::Whole;
    }
    let Some((first, last)) = set.trim().split_once('-') else { return Part::Whole };
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        // What is beyond 64 bits is beyond the end of any file.
        digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    match (number(first), number(last)) {
        (Some(first), None) if last.is_empty() => bytes(first, u64::MAX, size),
        (Some(first), Some(last)) if first <= last => bytes(first, last, size),
        // The last so many.
        (None, Some(0)) if first.is_empty() => Part::Beyond,
        (None, Some(count)) if first.is_empty() => bytes(size.saturating_sub(count), u64::MAX, size),
        _ => Part::Whole,
    }
}

fn bytes(first: u64, last: u64, size: u64) -> Part {
    if first >= size { Part::Beyond } else { Part::Bytes(first..last.saturating_add(1).min(size)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ETAG: &str = "\"abc\"";

    fn of(headers: &[(header::HeaderName, &str)]) -> Part {
        let map = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        part(&Method::GET, &map, ETAG, 10)
    }

    fn range(text: &str) -> Part {
        of(&[(header::RANGE, text)])
    }

    #[test]
    fn a_range_names_its_first_and_last_byte() {
        assert_eq!(range("bytes=0-0"), Part::Bytes(0..1));
        assert_eq!(range("bytes=2-5"), Part::Bytes(2..6));
        assert_eq!(range("bytes=5-"), Part::Bytes(5..10));
        assert_eq!(range("bytes=5-99"), Part::Bytes(5..10));
        assert_eq!(range("Bytes = 5-99"), Part::Bytes(5..10));
        assert_eq!(range("bytes=-3"), Part::Bytes(7..10));
        assert_eq!(range("bytes=-99"), Part::Bytes(0..10));
        assert_eq!(range("bytes=9-99999999999999999999999"), Part::Bytes(9..10));
    }

    #[test]
    fn what_lies_beyond_the_end_is_not_there() {
        assert_eq!(range("bytes=10-"), Part::Beyond);
        assert_eq!(range("bytes=10-12"), Part::Beyond);
        assert_eq!(range("bytes=-0"), Part::Beyond);
        assert_eq!(range("bytes=99999999999999999999999-"), Part::Beyond);
    }

    #[test]
    fn what_cannot_be_read_is_no_range() {
        for text in [
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "lines=1-2",
            "bytes=0-1,3-4",
            "bytes=+1-2",
            "bytes=1-2-3",
        ] {
            assert_eq!(range(text), Part::Whole, "{text}");
        }
    }

    #[test]
    fn a_range_of_another_version_is_answered_whole() {
        let with = |condition: &str| of(&[(header::RANGE, "bytes=0-1"), (header::IF_RANGE, condition)]);
        assert_eq!(with(ETAG), Part::Bytes(0..2));
        assert_eq!(with("\"other\""), Part::Whole);
        assert_eq!(with("W/\"abc\""), Part::Whole);
        assert_eq!(with("Sat, 29 Oct 1994 19:43:31 GMT"), Part::Whole);
    }

    #[test]
    fn conditions_go_before_ranges() {
        let of = |name: header::HeaderName, value: &str| of(&[(header::RANGE, "bytes=0-1"), (name, value)]);
        assert_eq!(of(header::IF_NONE_MATCH, "\"x\", W/\"abc\""), Part::Unchanged);
        assert_eq!(of(header::IF_NONE_MATCH, "*"), Part::Unchanged);
        assert_eq!(of(header::IF_NONE_MATCH, "\"x\""), Part::Bytes(0..2));
        assert_eq!(of(header::IF_MATCH, "\"x\""), Part::Other);
        assert_eq!(of(header::IF_MATCH, "W/\"abc\""), Part::Other);
        assert_eq!(of(header::IF_MATCH, "*"), Part::Bytes(0..2));
    }

    #[test]
    fn a_head_has_no_parts() {
        let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-1"))]);
        assert_eq!(part(&Method::HEAD, &headers, ETAG, 10), Part::Whole);
    }
}
