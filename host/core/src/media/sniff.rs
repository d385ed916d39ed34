//! What a file is, by its first bytes. What the client says of it only tells apart what looks the same from inside:
//! plain text from a table, one office document from another.

/// The first bytes that are looked at.
pub const HEAD: usize = 4096;

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniffed {
    /// This, whatever the client says.
    Is(&'static str),
    /// One of these, which look alike; the first where the client does not say which.
    OneOf(&'static [&'static str]),
    /// Bytes that say nothing.
    Unknown,
}

const OCTETS: &str = "application/octet-stream";

/// Beginnings that give a file away, with where they stand.
const MAGIC: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"AC10", "image/vnd.dwg"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"\0asm", "application/wasm"),
    (0, b"\xca\xfe\xba\xbe", "application/x-mach-binary"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
];

/// Documents in a zip. Word, Excel and PowerPoint look the same until they are opened.
const OOXML: &[&str] = &[
    "application/zip",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
];
/// Office before 2007.
const OLE: &[&str] = &[
    "application/x-ole-storage",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.ms-outlook",
];
/// Text that is no markup.
const TEXT: &[&str] = &[
    "text/plain",
    "text/csv",
    "text/markdown",
    "text/tab-separated-values",
    "application/json",
    "message/rfc822",
    "text/calendar",
    "text/vcard",
    "image/vnd.dxf",
    "model/step",
    "model/obj",
    "text/x-gcode",
];
const ODF: &[&str] = &[
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
];

/// What these first bytes say; at most [`HEAD`] of them are looked at.
pub fn sniff(bytes: &[u8]) -> Sniffed {
    let head = &bytes[..bytes.len().min(HEAD)];
    for (at, magic, kind) in MAGIC {
        if head.get(*at..).is_some_and(|rest| rest.starts_with(magic)) {
            return Sniffed::Is(kind);
        }
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return zip(head);
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Sniffed::OneOf(OLE);
    }
    if head.starts_with(b"RIFF") {
        return match head.get(8..12) {
            Some(b"WEBP") => Sniffed::Is("image/webp"),
            Some(b"WAVE") => Sniffed::Is("audio/wav"),
            _ => Sniffed::Unknown,
        };
    }
    if head.starts_with(b"BM")
        && head.get(14..18).is_some_and(|size| matches!(size, [12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
    {
        return Sniffed::Is("image/bmp");
    }
    if head.get(4..8) == Some(b"ftyp") {
        return Sniffed::Is(match head.get(8..12) {
            Some(b"avif" | b"avis") => "image/avif",
            Some(b"heic" | b"heix" | b"mif1" | b"heim" | b"heis" | b"msf1") => "image/heic",
            Some(b"qt  ") => "video/quicktime",
            Some(b"M4A ") => "audio/mp4",
            _ => "video/mp4",
        });
    }
    text(head, bytes.len() > HEAD)
}

/// The first entry of an OpenDocument file holds its type, uncompressed (OpenDocument 1.3, part 2, 3.3).
fn zip(head: &[u8]) -> Sniffed {
    let length = head.get(26..28).map_or(0, |n| usize::from(n[0]) | usize::from(n[1]) << 8);
    let name = head.get(30..30 + length).unwrap_or_default();
    if name == b"mimetype" {
        let rest = &head[30 + length..];
        return ODF
            .iter()
            .rev()
            .find(|kind| rest.starts_with(kind.as_bytes()))
            .map_or(Sniffed::Is("application/zip"), |kind| Sniffed::Is(kind));
    }
    let office: [&[u8]; 6] = [b"[Content_Types].xml", b"_rels/", b"docProps/", b"word/", b"xl/", b"ppt/"];
    if office.iter().any(|start| name.starts_with(start)) {
        return Sniffed::OneOf(OOXML);
    }
    Sniffed::Is("application/zip")
}

fn text(head: &[u8], cut: bool) -> Sniffed {
    let body = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let wide = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    let control = |b: &u8| *b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    let readable = match std::str::from_utf8(body) {
        Ok(_) => true,
        // The last character may have been cut in the middle.
        Err(error) => (cut && body.len() - error.valid_up_to() < 4) || latin(body),
    };
    if wide || (readable && !body.iter().any(control)) {
        let letters: Vec<u8> = body.iter().filter(|b| **b != 0).take(1024).map(u8::to_ascii_lowercase).collect();
        return match markup(&letters) {
            Some(kind) => Sniffed::Is(kind),
            None => Sniffed::OneOf(TEXT),
        };
    }
    Sniffed::Unknown
}

/// Text of an older encoding: mostly letters of ASCII.
fn latin(body: &[u8]) -> bool {
    body.iter().filter(|b| b.is_ascii()).count() * 10 >= body.len() * 7
}

/// What a browser would run as a page: it looks for these words (WHATWG MIME Sniffing, 7.1), and so does this.
fn markup(text: &[u8]) -> Option<&'static str> {
    let has = |word: &[u8]| text.windows(word.len()).any(|window| window == word);
    if has(b"<svg") {
        return Some("image/svg+xml");
    }
    let start = text.iter().position(|b| !b.is_ascii_whitespace()).map_or(&[][..], |at| &text[at..]);
    let page: [&[u8]; 17] = [
        b"<!doctype",
        b"<html",
        b"<head",
        b"<script",
        b"<iframe",
        b"<h1",
        b"<div",
        b"<font",
        b"<table",
        b"<a",
        b"<style",
        b"<title",
        b"<b",
        b"<body",
        b"<br",
        b"<p",
        b"<!--",
    ];
    let tag_ends = |word: &[u8]| start.get(word.len()).is_none_or(|b| !b.is_ascii_alphanumeric());
    if page.iter().any(|word| start.starts_with(word) && tag_ends(word)) || has(b"<script") || has(b"<html") {
        return Some("text/html");
    }
    start.starts_with(b"<?xml").then_some("application/xml")
}

/// The type of a file, by what was sniffed, what the client says it is and how it is called. The error is what it is
/// instead of what the client says.
pub fn agrees(sniffed: Sniffed, declared: Option<&str>, name: &str) -> Result<&'static str, &'static str> {
    let declared = declared.map(essence).filter(|kind| !kind.is_empty() && kind != OCTETS);
    match sniffed {
        Sniffed::Is(kind) => match &declared {
            Some(given) if !same(given, kind) => Err(kind),
            _ => Ok(kind),
        },
        Sniffed::OneOf(kinds) => match &declared {
            Some(given) => kinds.iter().copied().find(|kind| same(given, kind)).ok_or(kinds[0]),
            None => Ok(by_ending(name).filter(|kind| kinds.contains(kind)).unwrap_or(kinds[0])),
        },
        Sniffed::Unknown => match &declared {
            Some(_) => Err(OCTETS),
            None => Ok(OCTETS),
        },
    }
}

/// A media type without its parameters, in lower case.
fn essence(declared: &str) -> String {
    declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Names that clients give to one and the same thing.
fn same(given: &str, kind: &str) -> bool {
    const OTHERS: &[(&str, &str)] = &[
        ("image/jpg", "image/jpeg"),
        ("image/pjpeg", "image/jpeg"),
        ("image/x-png", "image/png"),
        ("image/heif", "image/heic"),
        ("image/x-ms-bmp", "image/bmp"),
        ("application/x-pdf", "application/pdf"),
        ("application/x-zip-compressed", "application/zip"),
        ("application/x-gzip", "application/gzip"),
        ("application/acad", "image/vnd.dwg"),
        ("application/dxf", "image/vnd.dxf"),
        ("application/x-dwg", "image/vnd.dwg"),
        ("image/x-dwg", "image/vnd.dwg"),
        ("application/csv", "text/csv"),
        ("text/xml", "application/xml"),
        ("application/xhtml+xml", "text/html"),
        ("audio/x-wav", "audio/wav"),
        ("audio/wave", "audio/wav"),
        ("audio/mp3", "audio/mpeg"),
        ("audio/x-m4a", "audio/mp4"),
        ("video/x-matroska", "video/webm"),
        ("application/ogg", "audio/ogg"),
    ];
    given == kind || OTHERS.contains(&(given, kind))
}

/// What the ending of a name says, among what looks alike from inside.
fn by_ending(name: &str) -> Option<&'static str> {
    let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match ending.as_str() {
        "csv" => "text/csv",
        "md" => "text/markdown",
        "tsv" | "tab" => "text/tab-separated-values",
        "json" => "application/json",
        "eml" => "message/rfc822",
        "ics" => "text/calendar",
        "vcf" => "text/vcard",
        "dxf" => "image/vnd.dxf",
        "step" | "stp" => "model/step",
        "obj" => "model/obj",
        "nc" | "gcode" => "text/x-gcode",
        "docx" => OOXML[1],
        "xlsx" => OOXML[2],
        "pptx" => OOXML[3],
        "doc" => "application/msword",
        "xls" => "application/vnd.ms-excel",
        "ppt" => "application/vnd.ms-powerpoint",
        "msg" => "application/vnd.ms-outlook",
        _ => return None,
    })
}

/// Whether a browser may show a file of this type itself: pictures that are only pixels, and PDF. All else is saved.
pub fn is_shown(content_type: &str) -> bool {
    matches!(
        content_type,
        "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/avif" | "image/bmp" | "application/pdf"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    fn zip_of(name: &str, content: &str) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        bytes.extend([0; 22]);
        bytes.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(name.as_bytes());
        bytes.extend(content.as_bytes());
        bytes
    }

    fn kind(bytes: &[u8], declared: Option<&str>, name: &str) -> Result<&'static str, &'static str> {
        agrees(sniff(bytes), declared, name)
    }

    #[test]
    fn the_first_bytes_win_and_a_lie_is_told_with_what_it_is() {
        assert_eq!(kind(PNG, Some("image/png"), "a.png"), Ok("image/png"));
        assert_eq!(kind(PNG, None, "a.txt"), Ok("image/png"));
        assert_eq!(kind(PNG, Some("application/octet-stream"), ""), Ok("image/png"));
        assert_eq!(kind(PNG, Some("image/jpeg"), "a.jpg"), Err("image/png"));
        assert_eq!(kind(b"<!DOCTYPE html><script>", Some("image/png"), "a.png"), Err("text/html"));
        assert_eq!(kind(b"PK\x03\x04whatever", Some("image/png"), "a.png"), Err("application/zip"));
        assert_eq!(kind(b"\xff\xd8\xff\xe0", Some("image/jpg; q=1"), "a"), Ok("image/jpeg"));
        assert_eq!(kind(b"\0\x01\x02\x03", Some("image/png"), "a.png"), Err("application/octet-stream"));
        assert_eq!(kind(b"\0\x01\x02\x03", None, "a.png"), Ok("application/octet-stream"));
    }

    #[test]
    fn a_page_is_found_under_any_name() {
        for page in
            ["  \n<html>", "\u{feff}<!-- x --><script>", "<SCRIPT src=x>", "hello <script>alert(1)</script>", "<p>"]
        {
            assert_eq!(kind(page.as_bytes(), Some("text/plain"), "a.txt"), Err("text/html"), "{page}");
        }
        let svg = b"<?xml version=\"1.0\"?>\n<!-- drawn -->\n<svg xmlns='http://www.w3.org/2000/svg'>";
        assert_eq!(kind(svg, Some("image/svg+xml"), "a.svg"), Ok("image/svg+xml"));
        assert_eq!(kind(svg, Some("image/png"), "a.png"), Err("image/svg+xml"));
        let wide: Vec<u8> = b"\xff\xfe".iter().copied().chain("<script>".bytes().flat_map(|b| [b, 0])).collect();
        assert_eq!(kind(&wide, Some("text/plain"), "a.txt"), Err("text/html"));
        assert!(!is_shown("text/html") && !is_shown("image/svg+xml") && !is_shown("image/vnd.dxf"));
    }

    #[test]
    fn what_looks_alike_is_told_apart_by_what_the_client_says_or_by_the_ending() {
        let docx = zip_of("[Content_Types].xml", "");
        assert_eq!(kind(&docx, Some(OOXML[1]), "a.docx"), Ok(OOXML[1]));
        assert_eq!(kind(&docx, None, "a.XLSX"), Ok(OOXML[2]));
        assert_eq!(kind(&docx, None, "a.bin"), Ok("application/zip"));
        assert_eq!(kind(&docx, Some("application/pdf"), "a.pdf"), Err("application/zip"));
        assert_eq!(kind(&zip_of("a.txt", ""), Some(OOXML[1]), "a.docx"), Err("application/zip"));
        let ods = zip_of("mimetype", "application/vnd.oasis.opendocument.spreadsheet");
        assert_eq!(kind(&ods, None, "a.ods"), Ok("application/vnd.oasis.opendocument.spreadsheet"));
        assert_eq!(kind(b"a,b\n1,2\n", Some("text/csv"), "a.csv"), Ok("text/csv"));
        assert_eq!(kind(b"a,b\n1,2\n", None, "a.csv"), Ok("text/csv"));
        assert_eq!(kind("Stück;Preis\n".as_bytes(), None, "notes"), Ok("text/plain"));
        assert_eq!(kind(b"St\xfcck;Preis for the whole lot\n", None, "notes.txt"), Ok("text/plain"));
        assert_eq!(kind(b"a,b", Some("application/pdf"), "a.pdf"), Err("text/plain"));
    }

    #[test]
    fn programs_are_known_by_their_beginning() {
        assert_eq!(kind(b"MZ\x90\0", None, "a.exe"), Ok("application/vnd.microsoft.portable-executable"));
        assert_eq!(kind(b"\x7fELF\x02", Some("image/png"), "a.png"), Err("application/x-elf"));
    }

    #[test]
    fn a_character_that_is_cut_at_the_end_of_the_head_is_no_reason_to_doubt_a_text() {
        let long = "ü".repeat(HEAD);
        assert_eq!(sniff(long.as_bytes()), Sniffed::OneOf(TEXT));
        assert_eq!(sniff(&[b"a", long.as_bytes()].concat()), Sniffed::OneOf(TEXT));
    }
}
