//! What a component brings beside its code: an archive in the format of tar (POSIX.1-1988, `ustar`) in its custom section
//! `lignaflow:assets`, which every language has a tool for.
//!
//! ```text
//! templates/quote.typ     a template of documents, in typst
//! templates/quote.json    what it is shown with where somebody changes it
//! templates/parts/…       what templates import: further sources, pictures
//! ```

use crate::fault::LoadFault;
use std::collections::BTreeMap;

pub(crate) const SECTION: &str = "lignaflow:assets";
/// Bytes of the section.
pub(crate) const MOST_BYTES: usize = 4 << 20;
const MOST_FILES: usize = 256;
/// Characters of a file's path, as the format has it.
const MOST_PATH: usize = 255;
const BLOCK: usize = 512;
const TEMPLATES: &str = "templates/";
const SOURCE: &str = ".typ";
const SAMPLE: &str = ".json";

/// Files by their paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assets {
    files: BTreeMap<String, Vec<u8>>,
}

impl Assets {
    /// Reads an archive whole.
    pub(crate) fn read(mut archive: &[u8]) -> Result<Self, LoadFault> {
        let mut files = BTreeMap::new();
        while archive.len() >= BLOCK {
            let (head, rest) = archive.split_at(BLOCK);
            if head.iter().all(|byte| *byte == 0) {
                break;
            }
            check_sum(head)?;
            let size = octal(&head[124..136]).ok_or_else(|| fault("the size of a file is not an octal number"))?;
            let path = path(head)?;
            let end = size.checked_next_multiple_of(BLOCK).filter(|end| *end <= rest.len());
            let end = end.ok_or_else(|| fault(format!("{path} is longer than the archive")))?;
            archive = &rest[end..];
            match head[156] {
                0 | b'0' => {}
                // Folders follow from the paths.
                b'5' => continue,
                kind => {
                    return Err(fault(format!("{path} is of the kind {:?}; it holds plain files", char::from(kind))));
                }
            }
            check_path(&path)?;
            if files.len() == MOST_FILES {
                return Err(fault(format!("it has more than {MOST_FILES} files")));
            }
            if path.ends_with(SOURCE) && std::str::from_utf8(&rest[..size]).is_err() {
                return Err(fault(format!("{path} is not UTF-8")));
            }
            let told = path.clone();
            if files.insert(path, rest[..size].to_vec()).is_some() {
                return Err(fault(format!("it has {told} twice")));
            }
        }
        Ok(Self { files })
    }

    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// The names of the templates of documents.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        self.files.keys().filter_map(|path| {
            let name = path.strip_prefix(TEMPLATES)?.strip_suffix(SOURCE)?;
            (!name.contains('/')).then_some(name)
        })
    }

    /// The source of a template.
    pub fn template(&self, name: &str) -> Option<&str> {
        let path = format!("{TEMPLATES}{name}{SOURCE}");
        self.get(&path).filter(|_| !name.contains('/')).and_then(|source| std::str::from_utf8(source).ok())
    }

    /// What a template is shown with: JSON.
    pub fn sample(&self, name: &str) -> Option<&str> {
        self.get(&format!("{TEMPLATES}{name}{SAMPLE}")).and_then(|sample| std::str::from_utf8(sample).ok())
    }

    /// All files of templates, by their paths from where the templates are.
    pub fn of_templates(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().filter_map(|(path, bytes)| Some((path.strip_prefix(TEMPLATES)?, bytes.as_slice())))
    }
}

fn fault(what: impl Into<String>) -> LoadFault {
    LoadFault::Assets(what.into())
}

fn text(field: &[u8]) -> Result<&str, LoadFault> {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    std::str::from_utf8(&field[..end]).map_err(|_| fault("a path is not UTF-8"))
}

fn path(head: &[u8]) -> Result<String, LoadFault> {
    let name = text(&head[..100])?;
    let prefix = if &head[257..262] == b"ustar" { text(&head[345..500])? } else { "" };
    let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
    Ok(path.strip_prefix("./").unwrap_or(&path).trim_end_matches('/').to_owned())
}

fn check_path(path: &str) -> Result<(), LoadFault> {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    if path.len() <= MOST_PATH && path.split('/').all(plain) {
        return Ok(());
    }
    let shown: String = path.chars().take(80).collect();
    Err(fault(format!("{shown:?} is no path; one has letters, digits, dashes and dots, and no part begins with a dot")))
}

fn octal(field: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(field).ok()?.trim_matches(|c| c == ' ' || c == '\0');
    usize::from_str_radix(text, 8).ok()
}

/// The sum of the bytes of a head, with those of the sum itself as spaces.
fn check_sum(head: &[u8]) -> Result<(), LoadFault> {
    let told = octal(&head[148..156]).ok_or_else(|| fault("it is no archive of the format of tar"))?;
    let sum: usize = head
        .iter()
        .enumerate()
        .map(|(at, byte)| usize::from(if (148..156).contains(&at) { b' ' } else { *byte }))
        .sum();
    if told == sum { Ok(()) } else { Err(fault("it is damaged: the sum of a file's head is another")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(path: &str, size: usize, kind: u8) -> Vec<u8> {
        let mut head = vec![0; BLOCK];
        head[..path.len()].copy_from_slice(path.as_bytes());
        head[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
        head[156] = kind;
        head[257..262].copy_from_slice(b"ustar");
        head[148..156].fill(b' ');
        let sum: usize = head.iter().map(|byte| usize::from(*byte)).sum();
        head[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        head
    }

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = Vec::new();
        for (path, bytes) in files {
            archive.extend(head(path, bytes.len(), b'0'));
            archive.extend_from_slice(bytes);
            archive.resize(archive.len().next_multiple_of(BLOCK), 0);
        }
        archive.resize(archive.len() + 2 * BLOCK, 0);
        archive
    }

    fn refused(archive: &[u8]) -> String {
        Assets::read(archive).unwrap_err().to_string()
    }

    #[test]
    fn templates_are_found_by_their_names_and_the_rest_by_its_paths() {
        let assets = Assets::read(&archive(&[
            ("templates/quote.typ", b"= Quote"),
            ("templates/quote.json", b"{}"),
            ("templates/parts/head.typ", b"head"),
            ("icon.svg", b"<svg/>"),
        ]))
        .unwrap();
        assert_eq!(assets.templates().collect::<Vec<_>>(), ["quote"]);
        assert_eq!((assets.template("quote"), assets.sample("quote")), (Some("= Quote"), Some("{}")));
        assert_eq!((assets.template("parts/head"), assets.template("letter")), (None, None));
        assert_eq!(assets.get("icon.svg"), Some(&b"<svg/>"[..]));
        assert_eq!(assets.of_templates().count(), 3);
    }

    #[test]
    fn an_archive_that_is_not_plain_files_is_refused_with_the_reason() {
        assert!(refused(&archive(&[("../secret.typ", b"")])).contains("no path"));
        assert!(refused(&archive(&[("/etc/passwd", b"")])).contains("no path"));
        assert!(refused(&archive(&[("a.typ", b"1"), ("a.typ", b"2")])).contains("twice"));
        assert!(refused(&archive(&[("a.typ", b"\xff")])).contains("UTF-8"));
        assert!(refused(&head("link.typ", 0, b'2')).contains("kind"));
        assert!(refused(&head("long.typ", 1 << 30, b'0')).contains("longer"));
        assert!(refused(&[b'x'; BLOCK]).contains("tar"));
        let mut damaged = archive(&[("a.typ", b"1")]);
        damaged[0] = b'b';
        assert!(refused(&damaged).contains("sum"));
    }

    #[test]
    fn no_more_files_than_the_bound() {
        let paths: Vec<String> = (0..=MOST_FILES).map(|number| format!("{number}.typ")).collect();
        let files: Vec<(&str, &[u8])> = paths.iter().map(|path| (path.as_str(), &b""[..])).collect();
        assert!(refused(&archive(&files)).contains("256 files"));
        assert!(Assets::read(&archive(&files[1..])).is_ok());
    }
}
