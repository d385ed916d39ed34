//! Where things are, and cargo called in each of the two workspaces.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, bail};

/// The clone that `cargo xtask` was called in.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the host's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// The folder that holds `debug/` and `release/` of the host.
    pub(crate) target: PathBuf,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self> {
        // The variable of the running cargo first: a binary may have been built in another clone's target folder.
        let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest).parent().context("xtask has no folder above it")?.to_path_buf();
        if !root.join("host").is_dir() {
            bail!("{} is not a clone of LignaFlow", root.display());
        }
        // This program lies in <target>/<profile>/, whatever the configuration of cargo calls <target>.
        let target = env::current_exe()
            .ok()
            .and_then(|program| program.parent()?.parent().map(Path::to_path_buf))
            .context("cannot tell the target folder from the place of this program")?;
        Ok(Self { root, target })
    }

    pub(crate) fn plugins(&self) -> PathBuf {
        self.root.join("plugins")
    }

    /// Packed plugins; what the host embeds.
    pub(crate) fn dist(&self) -> PathBuf {
        self.plugins().join("dist")
    }

    /// The guests' own target folder, so that the two workspaces never wait for each other's lock. It moves along
    /// where the environment moves the host's.
    pub(crate) fn plugins_target(&self) -> PathBuf {
        env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| self.plugins().join("target"), |dir| self.root.join(dir).join("plugins"))
    }

    /// cargo in the host's workspace.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root);
        forget_this_package(&mut cargo);
        cargo
    }

    /// cargo in the plugins' workspace.
    pub(crate) fn plugins_cargo(&self) -> Command {
        let mut cargo = self.cargo();
        cargo.current_dir(self.plugins()).env("CARGO_TARGET_DIR", self.plugins_target());
        cargo
    }
}

/// Takes away what `cargo run` told this program about the package xtask, which is not true of what it starts.
pub(crate) fn forget_this_package(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_PRIMARY_PACKAGE" {
            command.env_remove(&name);
        }
    }
}

/// Runs a command that speaks to the terminal itself.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    command.status().with_context(|| format!("cannot start {}", command.get_program().display()))
}

/// Runs a command that speaks to the terminal itself, and fails where it fails.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(())
}

/// What a quiet command prints; `None` where it cannot be started or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// The command as a person would type it, without its folders.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let mut text = program.to_string_lossy().into_owned();
    for word in command.get_args() {
        text.push(' ');
        text.push_str(&word.to_string_lossy());
    }
    text
}

/// The full path of a program in `PATH`.
pub(crate) fn in_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join(program)).find(|file| file.is_file())
}
