//! The project's own files: what git tracks or would track, or, in a copy without git, what lies there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::output;

/// What builds and runs leave behind, passed over where git cannot say so.
const MADE: &[&str] = &[".git", "target", "dist", "data", "certs"];

/// Every file's text by its path from the root; files that are not text have none.
#[derive(Debug)]
pub(super) struct Tree(BTreeMap<PathBuf, Option<String>>);

impl Tree {
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        for path in tracked(root).map_or_else(|| walked(root), Ok)? {
            // git names files that were deleted and not yet committed, too.
            let file = root.join(&path);
            if file.is_file() {
                let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
                files.insert(path, String::from_utf8(bytes).ok());
            }
        }
        Ok(Self(files))
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| (PathBuf::from(path), Some((*text).to_owned()))).collect())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.0.iter().filter_map(|(path, text)| Some((path.as_path(), text.as_deref()?)))
    }

    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(Path::new(path))?.as_deref()
    }
}

fn tracked(root: &Path) -> Option<Vec<PathBuf>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    let names = output(&mut git)?;
    Some(names.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect())
}

fn walked(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                if !MADE.iter().any(|made| entry.file_name() == *made) {
                    folders.push(path);
                }
            } else if let Ok(path) = path.strip_prefix(root) {
                files.push(path.to_path_buf());
            }
        }
    }
    Ok(files)
}
