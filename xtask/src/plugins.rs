//! Guests: built for wasm32-wasip2 in their own workspace, then packed into one file each.
//!
//! A plugin is a folder of `plugins/` with a `plugin.toml`; code is what its `Cargo.toml` builds, if it has one. The
//! guests of `plugins/hostile/` misbehave for the tests, those of `plugins/fixtures/` do one thing for one: they are packed
//! aside and never embedded in the host.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::manifest::{Manifest, quoted};
use crate::pack::pack;
use crate::steps::Steps;
use crate::target::{self, TARGET};
use crate::workspace::{Workspace, succeed};

#[derive(Debug)]
struct Plugin {
    folder: PathBuf,
    /// The cargo package that is its code; a declared plugin may have none.
    package: Option<String>,
    id: String,
    descriptor: Vec<u8>,
}

/// `cargo xtask plugins`.
pub(crate) fn only(workspace: &Workspace) -> Result<ExitCode> {
    let mut steps = Steps::new(1);
    step(workspace, &mut steps)?;
    Ok(ExitCode::SUCCESS)
}

/// The one step that every command which needs plugins begins with.
pub(crate) fn step(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    steps.step("Plugins for wasm32-wasip2", || build_and_pack(workspace))
}

fn build_and_pack(workspace: &Workspace) -> Result<()> {
    let shipped = find(&workspace.plugins())?;
    let hostile = find(&workspace.plugins().join("hostile"))?;
    let fixtures = find(&workspace.plugins().join("fixtures"))?;
    if shipped.is_empty() {
        bail!("no plugin in {}: each is a folder with a plugin.toml", workspace.plugins().display());
    }
    let all = shipped.iter().chain(&hostile).chain(&fixtures);
    let packages: Vec<&str> = all.filter_map(|plugin| plugin.package.as_deref()).collect();
    if !packages.is_empty() {
        build(workspace, &packages)?;
    }
    pack_all(workspace, &shipped, &workspace.dist())?;
    pack_all(workspace, &hostile, &workspace.dist().join("hostile"))?;
    pack_all(workspace, &fixtures, &workspace.dist().join("fixtures"))
}

/// The plugins in a folder, by folder name. A folder that is not there has none.
fn find(folder: &Path) -> Result<Vec<Plugin>> {
    let mut plugins = Vec::new();
    let Ok(entries) = folder.read_dir() else {
        return Ok(plugins);
    };
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    let mut ids = BTreeSet::new();
    for folder in folders {
        let file = folder.join("plugin.toml");
        if !file.is_file() {
            continue;
        }
        let descriptor = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let id = id_of(&String::from_utf8_lossy(&descriptor)).with_context(|| {
            format!(
                "{} has no line `id = \"…\"` of small letters, digits and dashes before its first table",
                file.display()
            )
        })?;
        if !ids.insert(id.clone()) {
            bail!("{}: another folder has the id {id} too", file.display());
        }
        let manifest = folder.join("Cargo.toml");
        let package = if manifest.is_file() {
            let name = Manifest::read(&manifest)?.package;
            Some(name.with_context(|| format!("{} names no package", manifest.display()))?)
        } else {
            None
        };
        plugins.push(Plugin { folder, package, id, descriptor });
    }
    Ok(plugins)
}

/// The id is also a file name, so it is checked here; everything else in the descriptor is the host's to judge.
fn id_of(descriptor: &str) -> Option<String> {
    let id = descriptor
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .find(|(key, _)| key.trim() == "id")
        .and_then(|(_, value)| quoted(value))?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (!id.is_empty() && id.bytes().all(plain)).then_some(id)
}

fn build(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    target::ensure(workspace)?;
    let mut cargo = workspace.plugins_cargo();
    cargo.args(["build", "--locked", "--release", "--target", TARGET]);
    for package in packages {
        cargo.args(["--package", package]);
    }
    succeed(&mut cargo)
}

/// Packs each into `<id>.wasm` and takes away what no plugin makes any more, or the host would go on embedding it.
fn pack_all(workspace: &Workspace, plugins: &[Plugin], dist: &Path) -> Result<()> {
    let built = workspace.plugins_target().join(TARGET).join("release");
    if !plugins.is_empty() {
        fs::create_dir_all(dist).with_context(|| format!("cannot make {}", dist.display()))?;
    }
    let mut made = BTreeSet::new();
    for plugin in plugins {
        let code = match &plugin.package {
            Some(package) => {
                let file = built.join(format!("{}.wasm", package.replace('-', "_")));
                Some(
                    fs::read(&file)
                        .with_context(|| format!("{package} left no {}: is it a cdylib?", file.display()))?,
                )
            }
            None => None,
        };
        let packed = pack(code.as_deref(), &plugin.descriptor, &assets(&plugin.folder)?)
            .with_context(|| format!("cannot pack {}", plugin.folder.display()))?;
        let file = dist.join(format!("{}.wasm", plugin.id));
        write_if_changed(&file, &packed)?;
        made.insert(file);
    }
    for entry in dist.read_dir().into_iter().flatten().flatten() {
        let file = entry.path();
        if file.extension() == Some(OsStr::new("wasm")) && !made.contains(&file) {
            fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
        }
    }
    Ok(())
}

/// What lies in the folder `templates` of a plugin, by path and in order.
fn assets(plugin: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    gather(plugin, &plugin.join("templates"), &mut files)?;
    files.sort();
    Ok(files)
}

fn gather(plugin: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(plugin, &path, files)?;
            continue;
        }
        let name = path.strip_prefix(plugin)?.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        files.push((name.replace('\\', "/"), bytes));
    }
    Ok(())
}

/// An unchanged plugin keeps its date, so that the host which embeds it is not built again. A changed one is put in
/// place whole: a test that reads it meanwhile sees the old file or the new one.
fn write_if_changed(file: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(file).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let aside = file.with_extension(format!("{}.part", std::process::id()));
    fs::write(&aside, bytes)
        .and_then(|()| fs::rename(&aside, file))
        .with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_read_from_the_top_of_the_descriptor_alone() {
        assert_eq!(id_of("# a plugin\nversion = \"1\"\nid = \"projects\" # its name\n"), Some("projects".to_owned()));
        assert_eq!(id_of("[grants]\nid = \"projects\"\n"), None);
        assert_eq!(id_of("id = \"../projects\"\n"), None);
        assert_eq!(id_of("identity = \"projects\"\n"), None);
    }
}
