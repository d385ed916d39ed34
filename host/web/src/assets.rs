//! Style sheets, modules and icons, carried inside the program.
//!
//! Every address holds a hash of all assets together, as a folder: `/static/5f0c…/app.css`. So a module imports its
//! neighbours by plain relative names, and whatever is served under the current hash may be kept for ever.

use lignaflow_core::accent::Accent;
use rust_embed::Embed;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The door under which the server hands out assets.
pub const ROOT: &str = "/static/";

#[derive(Embed)]
#[folder = "assets"]
struct Files;

/// Sheets that every page needs, joined in this order into `app.css`. The first names the cascade layers.
const EVERY_PAGE: [&str; 9] = [
    "css/tokens.css",
    "css/base.css",
    "css/layout.css",
    "css/parts.css",
    "css/data.css",
    "css/forms.css",
    "css/files.css",
    "css/records.css",
    "css/utilities.css",
];

/// The name of the joined sheet.
pub const APP_CSS: &str = "app.css";
/// The module that brings all others.
pub const APP_JS: &str = "js/app.js";

/// One asset, ready to be sent.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Borrowed from the program for as long as it runs.
    pub bytes: Cow<'static, [u8]>,
    pub content_type: &'static str,
    /// A strong validator, quotes included.
    pub etag: String,
    /// Whether the address carried the current hash: then it may be cached for a year as `immutable`. An address
    /// with an older hash or none still answers, but must be revalidated, since the bytes may be others.
    pub immutable: bool,
    /// Whether it is of one organization: no cache between it and its browsers keeps it.
    pub private: bool,
}

impl Asset {
    /// What `Cache-Control` should say.
    pub fn cache_control(&self) -> &'static str {
        match (self.immutable, self.private) {
            (true, false) => "public, max-age=31536000, immutable",
            (true, true) => "private, max-age=31536000, immutable",
            (false, _) => "no-cache",
        }
    }
}

#[derive(Debug)]
struct Entry {
    bytes: Cow<'static, [u8]>,
    etag: String,
}

#[derive(Debug)]
struct Shelf {
    hash: String,
    entries: BTreeMap<String, Entry>,
}

static SHELF: LazyLock<Shelf> = LazyLock::new(|| {
    let mut files: BTreeMap<String, Cow<'static, [u8]>> = BTreeMap::new();
    for name in Files::iter() {
        if let Some(file) = Files::get(&name) {
            files.insert(name.into_owned(), file.data);
        }
    }
    let mut joined = Vec::new();
    for name in EVERY_PAGE {
        if let Some(bytes) = files.get(name) {
            joined.extend_from_slice(bytes);
        }
    }
    files.insert(APP_CSS.to_owned(), Cow::Owned(joined));

    let mut whole = Sha256::new();
    let mut entries = BTreeMap::new();
    for (name, bytes) in files {
        let digest = Sha256::digest(&bytes);
        whole.update(name.as_bytes());
        whole.update(digest);
        entries.insert(name, Entry { bytes, etag: format!("\"{}\"", hex::encode(&digest[..12])) });
    }
    Shelf { hash: hex::encode(&whole.finalize()[..6]), entries }
});

/// The address of an asset, such as `app.css` or `icons.svg`.
pub fn url(name: &str) -> String {
    debug_assert!(SHELF.entries.contains_key(name), "no asset {name}");
    format!("{ROOT}{}/{name}", SHELF.hash)
}

/// The asset at a path under [`ROOT`], with or without a leading hash.
pub fn get(path: &str) -> Option<Asset> {
    let (name, immutable) = match path.split_once('/') {
        Some((hash, name)) if hash == SHELF.hash => (name, true),
        Some((hash, name)) if hash.len() == 12 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => (name, false),
        _ => (path, false),
    };
    if let Some(accent) = accent_of(name) {
        return Some(accent_sheet(accent, immutable));
    }
    let entry = SHELF.entries.get(name)?;
    Some(Asset {
        bytes: Cow::Borrowed(&entry.bytes),
        content_type: content_type(name),
        etag: entry.etag.clone(),
        immutable,
        private: false,
    })
}

/// The folder of the sheets that colour an organization's pages.
const ACCENTS: &str = "accent/";

/// The address of the sheet that colours an organization's pages. What it says is all in its name: it wants no look-up
/// and no session, tells nothing that the page that links it does not, and has another address once another is chosen.
pub fn accent_url(accent: Accent) -> String {
    format!("{ROOT}{}/{ACCENTS}{}-{}.css", SHELF.hash, accent.hue(), accent.chroma())
}

/// The accent that a sheet's name says, where it is written as [`accent_url`] writes it.
fn accent_of(name: &str) -> Option<Accent> {
    let (hue, chroma) = name.strip_prefix(ACCENTS)?.strip_suffix(".css")?.split_once('-')?;
    let accent = Accent::new(hue.parse().ok()?, chroma.parse().ok()?)?;
    (hue == accent.hue().to_string() && chroma == accent.chroma().to_string()).then_some(accent)
}

fn accent_sheet(accent: Accent, immutable: bool) -> Asset {
    let (hue, chroma) = (accent.hue(), accent.chroma());
    Asset {
        bytes: Cow::Owned(format!(":root {{ --brand-hue: {hue}; --brand-chroma: 0.{chroma:03}; }}\n").into_bytes()),
        content_type: "text/css; charset=utf-8",
        etag: format!("\"accent-{hue}-{chroma}\""),
        immutable,
        private: true,
    }
}

/// Every asset's name, for a folder of static pages.
pub fn names() -> impl Iterator<Item = &'static str> {
    SHELF.entries.keys().map(String::as_str)
}

/// Whether it is a module that every page loads; those of blocks come with the pages that have the block.
pub(crate) fn is_on_every_page(name: &str) -> bool {
    name.strip_prefix("js/").is_some_and(|module| !module.contains('/'))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sheet_of_the_joined_one_exists() {
        for name in EVERY_PAGE {
            assert!(SHELF.entries.contains_key(name), "{name} is missing");
        }
    }

    #[test]
    fn the_current_address_may_be_kept_and_others_are_revalidated() {
        let address = url(APP_CSS);
        let kept = get(address.strip_prefix(ROOT).unwrap()).unwrap();
        assert!(kept.immutable);
        assert_eq!(kept.content_type, "text/css; charset=utf-8");
        assert!(kept.bytes.starts_with(b"/* Design tokens."));

        let old = get("0123456789ab/app.css").unwrap();
        assert!(!old.immutable);
        assert_eq!(old.etag, kept.etag);
        assert_eq!(old.cache_control(), "no-cache");
        assert_eq!(get("icons.svg").unwrap().content_type, "image/svg+xml");
        assert!(get("../Cargo.toml").is_none());
        assert!(get("0123456789ab/../app.css").is_none());
    }

    #[test]
    fn an_accent_is_a_sheet_whose_address_says_it_and_changes_with_it() {
        let accent = Accent::new(250, 8).unwrap();
        let address = accent_url(accent);
        let sheet = get(address.strip_prefix(ROOT).unwrap()).unwrap();
        assert_eq!(&*sheet.bytes, b":root { --brand-hue: 250; --brand-chroma: 0.008; }\n");
        assert_eq!(sheet.cache_control(), "private, max-age=31536000, immutable");
        assert_ne!(address, accent_url(Accent::new(250, 9).unwrap()));
        for nothing in ["360-8", "250-81", "0250-8", "+250-8", "250-08", "250", "-", "250-8;}", "250-8-1"] {
            assert!(get(&format!("accent/{nothing}.css")).is_none(), "{nothing}");
        }
    }

    #[test]
    fn what_every_page_loads_is_small() {
        let joined = SHELF.entries[APP_CSS].bytes.len();
        let modules: usize =
            SHELF.entries.iter().filter(|(name, _)| is_on_every_page(name)).map(|(_, entry)| entry.bytes.len()).sum();
        assert!(joined < 70_000, "app.css has {joined} bytes");
        assert!(modules < 40_000, "modules have {modules} bytes");
    }

    #[test]
    fn every_block_that_has_a_module_is_looked_for_on_the_page() {
        let app = std::str::from_utf8(&SHELF.entries[APP_JS].bytes).unwrap();
        let named = app.split("of [").nth(1).unwrap().split(']').next().unwrap();
        let named: Vec<_> =
            named.split(", ").map(|block| format!("js/blocks/{}.js", block.trim_matches('"'))).collect();
        let there: Vec<_> = SHELF.entries.keys().filter(|name| name.starts_with("js/blocks/")).collect();
        assert_eq!(named.iter().collect::<Vec<_>>(), there);
    }

    #[test]
    fn modules_import_only_what_is_there() {
        for (name, entry) in &SHELF.entries {
            if !name.starts_with("js/") {
                continue;
            }
            let text = std::str::from_utf8(&entry.bytes).unwrap();
            for line in text.lines().filter(|line| line.starts_with("import ")) {
                let (folder, _) = name.rsplit_once('/').unwrap();
                let target = match line.split('"').nth(1).unwrap() {
                    near if near.starts_with("./") => format!("{folder}/{}", &near[2..]),
                    above => format!("js/{}", above.strip_prefix("../").unwrap()),
                };
                assert!(SHELF.entries.contains_key(&target), "{name}: {line}");
            }
        }
    }
}
