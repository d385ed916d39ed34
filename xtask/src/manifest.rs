//! As much of `Cargo.toml` as the checks and the packer need: the package's name and what it depends on.
//!
//! Line by line rather than through a TOML parser, so that this crate compiles in seconds; our manifests are written
//! one dependency a line or one table each, and a line number is wanted anyway.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) package: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The crate's own name, also where it is renamed.
    pub(crate) name: String,
    pub(crate) line: usize,
    /// Of tests and examples alone.
    pub(crate) dev: bool,
}

impl Manifest {
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Self::parse(&text))
    }

    pub(crate) fn parse(text: &str) -> Self {
        let mut manifest = Self { package: None, dependencies: Vec::new() };
        let mut table = Table::Other;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(name, _)| name) {
                table = Table::named(header);
                if let Table::Dependency { name, dev } = &table {
                    manifest.dependencies.push(Dependency { name: name.clone(), line: index + 1, dev: *dev });
                }
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                continue;
            };
            let key = key.trim();
            match &table {
                Table::Package if key == "name" => manifest.package = quoted(value),
                // The key is a line of its own or ends in `.workspace`; what looks otherwise is inside a value.
                Table::Dependencies { dev } => {
                    let name = key.split('.').next().unwrap_or(key).trim_matches('"').trim();
                    if is_crate_name(name) {
                        let name = renamed(value).unwrap_or_else(|| name.to_owned());
                        manifest.dependencies.push(Dependency { name, line: index + 1, dev: *dev });
                    }
                }
                Table::Dependency { .. } if key == "package" => {
                    if let (Some(last), Some(name)) = (manifest.dependencies.last_mut(), quoted(value)) {
                        last.name = name;
                    }
                }
                Table::Package | Table::Dependency { .. } | Table::Other => {}
            }
        }
        manifest
    }
}

#[derive(Debug)]
enum Table {
    Package,
    Dependencies { dev: bool },
    Dependency { name: String, dev: bool },
    Other,
}

impl Table {
    /// `package`, `dependencies`, `dev-dependencies.tokio`, `target.'cfg(unix)'.dependencies`, …
    fn named(header: &str) -> Self {
        if header == "package" {
            return Self::Package;
        }
        if header.starts_with("workspace.") || header.starts_with("patch.") {
            return Self::Other;
        }
        for (kind, dev) in [("dev-dependencies", true), ("build-dependencies", false), ("dependencies", false)] {
            if header == kind || header.strip_suffix(kind).is_some_and(|before| before.ends_with('.')) {
                return Self::Dependencies { dev };
            }
            let after =
                header.strip_prefix(kind).or_else(|| header.split_once(&format!(".{kind}")).map(|(_, after)| after));
            if let Some(name) = after.and_then(|after| after.strip_prefix('.')) {
                return Self::Dependency { name: name.trim_matches('"').to_owned(), dev };
            }
        }
        Self::Other
    }
}

fn is_crate_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The name after `package =` in an inline table.
fn renamed(value: &str) -> Option<String> {
    let (_, after) = value.split_once("package")?;
    quoted(after.trim_start().strip_prefix('=')?)
}

/// The first string between double quotes.
pub(crate) fn quoted(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '"');
    parts.next()?;
    let inner = parts.next()?;
    parts.next()?;
    Some(inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_dependency_is_seen() {
        let manifest = Manifest::parse(
            r#"
[package]
name = "lignaflow-store"
[dependencies]
lignaflow-core.workspace = true
sqlx = { version = "0.9", features = [
  "sqlite",
] }
db = { package = "sea-query", version = "1" }
[target.'cfg(unix)'.dependencies]
nix = "0.31"
[dev-dependencies]
tempfile.workspace = true
[dependencies.tokio]
version = "1"
[dev-dependencies.other]
package = "axum"
[workspace.dependencies]
wasmtime = "48"
"#,
        );
        assert_eq!(manifest.package.as_deref(), Some("lignaflow-store"));
        let seen: Vec<_> = manifest.dependencies.iter().map(|it| (it.name.as_str(), it.line, it.dev)).collect();
        assert_eq!(
            seen,
            [
                ("lignaflow-core", 5, false),
                ("sqlx", 6, false),
                ("sea-query", 9, false),
                ("nix", 11, false),
                ("tempfile", 13, true),
                ("tokio", 14, false),
                ("axum", 16, true),
            ]
        );
    }
}
