//! Files that records hold: what is known of one, and what a field takes. The bytes are elsewhere.

mod sniff;

pub use sniff::{HEAD, Sniffed, agrees, is_shown, sniff};

use crate::clock::Micros;
use crate::id::{Id, PersonId};
use crate::name::CollectionName;

/// What documents are.
pub const PDF: &str = "application/pdf";
/// The most characters of a file's name.
pub const MAX_NAME: usize = 200;
/// The most files that one field holds, where it does not say fewer.
pub const MAX_FILES: usize = 50;

/// A file of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    pub id: Id,
    /// As it was called where it came from; no path, no control characters.
    pub name: String,
    /// What its first bytes say that it is.
    pub content_type: String,
    /// Bytes.
    pub size: u64,
    pub sha256: [u8; 32],
    /// Pixels, of a picture.
    pub dimensions: Option<(u32, u32)>,
    pub created_by: Option<PersonId>,
    pub created_at: Micros,
    pub state: State,
    /// A document that is to be made: it has no bytes yet, and no size or SHA-256.
    pub pending: bool,
    /// Where it is attached, or was last.
    pub place: Option<Place>,
}

/// The field of a record that holds a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub collection: CollectionName,
    pub record: Id,
    pub field: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Its bytes are on their way to where they are kept.
    Arriving,
    /// No record holds it; it is removed when that lasts.
    Waiting,
    Attached,
    /// Its bytes are being removed.
    Going,
    /// They are; the name stays for the history of the record that held it.
    Gone,
}

impl State {
    pub const ALL: [Self; 5] = [Self::Arriving, Self::Waiting, Self::Attached, Self::Going, Self::Gone];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arriving => "arriving",
            Self::Waiting => "waiting",
            Self::Attached => "attached",
            Self::Going => "going",
            Self::Gone => "gone",
        }
    }

    /// Whether its bytes are there to be read.
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Waiting | Self::Attached)
    }
}

impl std::str::FromStr for State {
    type Err = UnknownState;
    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownState)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no state of a file")]
pub struct UnknownState;

impl Media {
    pub fn is_picture(&self) -> bool {
        self.content_type.starts_with("image/")
    }
}

/// Whether a content type is one of these: `image/*`, `application/pdf`.
pub fn accepts(patterns: &[String], content_type: &str) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix("/*") {
        Some(family) => content_type.split('/').next() == Some(family),
        None => pattern == content_type,
    })
}

/// Whether this is how a field names types of files: `image/*` or `application/pdf`, in lower case.
pub fn is_pattern(text: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-+.".contains(&b))
    };
    text.len() <= 100
        && text.split_once('/').is_some_and(|(family, kind)| token(family) && (kind == "*" || token(kind)))
}

/// A content type without its parameters, in lower case.
pub fn essence(kind: &str) -> String {
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A file's name as it is kept: the last part of a path, without what a header, a terminal or a file system would
/// stumble over.
pub fn clean_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    // The marks that turn the direction of writing can make `exe.pdf` of `fdp.exe`.
    let turning = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text: String = last.chars().filter(|c| !c.is_control() && !turning(*c)).collect();
    let text = text.trim().trim_start_matches('.').trim();
    if text.chars().count() <= MAX_NAME {
        return if text.is_empty() { "file".to_owned() } else { text.to_owned() };
    }
    // The ending says what it is, and is kept.
    let ending = text.rsplit_once('.').map_or("", |(_, ending)| ending);
    let ending: String = if ending.chars().count() <= 10 { format!(".{ending}") } else { String::new() };
    let room = MAX_NAME - ending.chars().count();
    format!("{}{ending}", text.chars().take(room).collect::<String>())
}

/// A number of bytes as people read it, in powers of 1024: `3.4 MB`.
pub fn spoken_size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let mut unit = 0;
    // Tenths of the unit, rounded up, so that a file just over a limit does not read like the limit.
    let mut tenths = bytes.saturating_mul(10).div_ceil(1024);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths = tenths.div_ceil(1024);
        unit += 1;
    }
    if tenths.is_multiple_of(10) || tenths >= 1000 {
        format!("{} {}", tenths.div_ceil(10), UNITS[unit])
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_last_part_of_a_path_without_what_deceives() {
        assert_eq!(clean_name("C:\\plans\\kitchen.pdf"), "kitchen.pdf");
        assert_eq!(clean_name("../../etc/passwd"), "passwd");
        assert_eq!(clean_name("inv\u{202e}fdp.exe"), "invfdp.exe");
        assert_eq!(clean_name("a\r\nSet-Cookie: x"), "aSet-Cookie: x");
        assert_eq!(clean_name(" .. "), "file");
        assert_eq!(clean_name("Küche – Grundriß.pdf"), "Küche – Grundriß.pdf");
        let long = clean_name(&format!("{}.pdf", "a".repeat(400)));
        assert_eq!(long.chars().count(), MAX_NAME);
        assert_eq!(long.rsplit('.').next(), Some("pdf"));
    }

    #[test]
    fn a_pattern_is_a_type_or_a_family() {
        assert!(is_pattern("image/*") && is_pattern("application/pdf") && is_pattern("image/svg+xml"));
        assert!(!is_pattern("image") && !is_pattern("*/*") && !is_pattern("Image/PNG") && !is_pattern("image/"));
        let patterns = ["image/*".to_owned(), "application/pdf".to_owned()];
        assert!(accepts(&patterns, "image/png") && accepts(&patterns, "application/pdf"));
        assert!(!accepts(&patterns, "imagery/png") && !accepts(&patterns, "application/zip"));
    }

    #[test]
    fn sizes_are_told_as_people_read_them() {
        assert_eq!(spoken_size(0), "0 bytes");
        assert_eq!(spoken_size(1024), "1 kB");
        assert_eq!(spoken_size(1_536), "1.5 kB");
        assert_eq!(spoken_size(52_428_800), "50 MB");
        assert_eq!(spoken_size(52_428_801), "50.1 MB");
        assert_eq!(spoken_size(10_737_418_240), "10 GB");
    }
}
