//! `lignaflow plugin`: what an installation would do, installing and uninstalling, the way back to a version before, what
//! is kept, and its purge.

use super::{by, noticed, told};
use crate::app::App;
use crate::plugins::{Outlook, Packed, Wanted, WayBack, inspect, shipped};
use crate::rest::host::plan::confirmed;
use anyhow::Context as _;
use lignaflow_core::name::PluginId;
use lignaflow_core::value::instant_text;
use std::io::{self, BufRead as _};
use std::path::Path;

/// A file, or the plugin of that name that is part of the program.
fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let named = |(name, _): &Packed| Path::new(name).with_extension("") == file;
    match std::fs::read(file) {
        Ok(bytes) => Ok(bytes),
        Err(error) => match shipped().into_iter().find(named) {
            Some((_, bytes)) => Ok(bytes.to_vec()),
            None => Err(error).with_context(|| format!("{} cannot be read", file.display())),
        },
    }
}

pub(super) async fn plan(app: &App, file: &Path) -> anyhow::Result<()> {
    let bytes = read(file)?;
    let outlook = app.plugins.outlook(inspect(&bytes).map_err(told)?).await.map_err(told)?;
    print!("{}", described(&outlook));
    outlook.fits().map_err(told)
}

/// Every right and every step, one a line.
fn described(outlook: &Outlook) -> String {
    let descriptor = &outlook.inspected.descriptor;
    let mut lines = vec![match &outlook.standing {
        Some(standing) => format!("{} {} in the place of {}", descriptor.id, descriptor.version, standing.version),
        None => format!("{} {}, which is new", descriptor.id, descriptor.version),
    }];
    lines.extend(descriptor.grants.sentences().into_iter().map(|sentence| format!("asks: {sentence}")));
    let before = outlook.standing.as_ref();
    let granted = before.map(|standing| standing.granted.clone()).unwrap_or_default();
    let gone = lignaflow_web::admin::no_longer(&granted, &descriptor.grants).into_iter();
    lines.extend(gone.map(|ask| format!("no longer asks: {}", ask.sentence)));
    if let Some(before) = before.and_then(|standing| lignaflow_core::descriptor::parse(&standing.descriptor).ok()) {
        let changes = lignaflow_web::admin::changes(Some(&before), descriptor).into_iter();
        lines.extend(changes.filter(|told| told.part != "records").map(|told| told.sentence));
    }
    lines.extend(outlook.steps.iter().map(ToString::to_string));
    if let Some(from) = &outlook.carries_from {
        lines.push(format!("carries {} records over from {}, which goes on meanwhile", outlook.to_carry, from.version));
    }
    if outlook.steps.is_empty() && outlook.conflicts.is_empty() {
        lines.push("The tables stay as they are.".to_owned());
    }
    lines.join("\n") + "\n"
}

pub(super) async fn install(app: &App, file: &Path) -> anyhow::Result<()> {
    let bytes = read(file)?;
    let inspected = inspect(&bytes).map_err(told).with_context(|| format!("{} cannot be installed", file.display()))?;
    let grants = inspected.descriptor.grants.clone();
    for sentence in grants.sentences() {
        eprintln!("granted: {sentence}");
    }
    let installed = app.plugins.install(inspected, bytes, grants, by(app)).await.map_err(told)?;
    noticed().await;
    let descriptor = installed.inspected.descriptor;
    match installed.carries_from {
        Some(from) => println!(
            "{} {from} goes on until its records are carried over to {}; `lignaflow plugin migration {}` tells how far \
             that is.",
            descriptor.id, descriptor.version, descriptor.id
        ),
        None => println!("{} {} is installed.", descriptor.id, descriptor.version),
    }
    Ok(())
}

/// How far a version is that carries records over, of this plugin or of each that had one.
pub(super) async fn migration(app: &App, id: Option<&str>) -> anyhow::Result<()> {
    let plugin = id.map(plugin_of).transpose()?;
    let mut all = app.plugins.migrations().await.map_err(told)?;
    all.retain(|migration| plugin.as_ref().is_none_or(|plugin| migration.plugin == *plugin));
    for migration in all {
        println!(
            "{} {} -> {}: {}, {} of {} records, {} writes, {} of {} organizations",
            migration.plugin,
            migration.from_version,
            migration.version,
            migration.phase.as_str(),
            migration.records,
            migration.expected,
            migration.writes,
            migration.through,
            migration.organizations,
        );
        if let Some(fault) = migration.fault {
            println!("  {fault}");
        }
    }
    Ok(())
}

fn plugin_of(id: &str) -> anyhow::Result<PluginId> {
    id.parse().map_err(|_| anyhow::anyhow!("there is no plugin `{id}`"))
}

pub(super) async fn uninstall(app: &App, id: &str) -> anyhow::Result<()> {
    app.plugins.uninstall(&plugin_of(id)?, by(app)).await.map_err(told)?;
    noticed().await;
    println!("{id} is uninstalled. Its records are kept; `lignaflow plugin kept {id}` lists them.");
    Ok(())
}

/// The latest installed first.
pub(super) async fn versions(app: &App, id: &str) -> anyhow::Result<()> {
    for version in app.plugins.versions(&plugin_of(id)?).await.map_err(told)? {
        let (installed, digest) = (instant_text(version.installed_at), hex::encode(version.hash));
        let state = if version.in_use { "  in use" } else { "" };
        println!("{:<10} {installed} {}{state}", version.version, &digest[..16]);
    }
    Ok(())
}

pub(super) async fn roll_back(app: &App, id: &str, to: Option<&str>, dry_run: bool) -> anyhow::Result<()> {
    let (plugin, wanted) = (plugin_of(id)?, Wanted { to, grants: None });
    if dry_run {
        let WayBack { outlook, granted, .. } = app.plugins.way_back(&plugin, wanted).await.map_err(told)?;
        print!("{}", described(&outlook));
        for sentence in granted.sentences() {
            println!("granted: {sentence}");
        }
        return outlook.fits().map_err(told);
    }
    let done = app.plugins.go_back(&plugin, wanted, by(app)).await.map_err(told)?;
    noticed().await;
    let from = done.standing.as_ref().map_or("another version", |standing| standing.version.as_str());
    println!("{id} is back at {}, from {from}.", done.inspected.descriptor.version);
    Ok(())
}

pub(super) async fn kept(app: &App, id: Option<&str>) -> anyhow::Result<()> {
    let all = match id {
        Some(id) => vec![app.plugins.kept(&plugin_of(id)?).await.map_err(told)?],
        None => app.plugins.all_kept().await.map_err(told)?,
    };
    for kept in all.into_iter().flat_map(|of| of.kept) {
        println!("{:<48} {} records", kept.name.to_string(), kept.records);
    }
    Ok(())
}

pub(super) async fn purge(app: &App, name: &str, confirm: Option<&str>) -> anyhow::Result<()> {
    let typed = if let Some(confirm) = confirm {
        confirm.to_owned()
    } else {
        eprintln!("`{name}` goes in every organization, and there is no way back. Type its name to purge it:");
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        line.trim().to_owned()
    };
    let name = confirmed(name, &typed).map_err(told)?;
    let records = app.plugins.purge(&name, by(app)).await.map_err(told)?;
    println!("{name} is purged, with what {records} records held.");
    Ok(())
}
