//! The `lignaflow` program: built with the shipped plugins inside it, and started.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::plugins;
use crate::steps::Steps;
use crate::workspace::{Workspace, forget_this_package, succeed};

/// What turns the packed plugins into a part of the program.
pub(crate) const SHIPPED: [&str; 2] = ["--features", "lignaflow-server/shipped"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Dev,
    Release,
}

impl Profile {
    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// Where cargo leaves a program of the host's workspace.
pub(crate) fn program(workspace: &Workspace, profile: Profile, name: &str) -> PathBuf {
    workspace.target.join(profile.folder()).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Builds programs of the host's workspace, the server with its plugins.
///
/// The whole workspace is named although only these are built: a package alone resolves other features of what it
/// depends on than `cargo xtask test` does, and all of that would be built a second time.
pub(crate) fn compile(workspace: &Workspace, profile: Profile, programs: &[&str]) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--locked", "--workspace"]);
    for program in programs {
        cargo.args(["--bin", program]);
    }
    cargo.args(SHIPPED);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    succeed(&mut cargo)
}

/// `cargo xtask build`.
pub(crate) fn build(workspace: &Workspace, profile: Profile) -> Result<ExitCode> {
    let mut steps = Steps::new(2);
    plugins::step(workspace, &mut steps)?;
    steps.step("Host", || compile(workspace, profile, &["lignaflow"]))?;
    let made = program(workspace, profile, "lignaflow");
    let size = made.metadata().with_context(|| format!("cargo left no {}", made.display()))?.len();
    println!("{} ({} MB) after {}", made.display(), size / 1_000_000, steps.total());
    Ok(ExitCode::SUCCESS)
}

/// `cargo xtask run`: this program becomes the server, so that Ctrl-C and SIGTERM are the server's own.
pub(crate) fn run(workspace: &Workspace, words: &[String]) -> Result<ExitCode> {
    let (profile, arguments) = what_to_run(words)?;
    let mut steps = Steps::new(2);
    plugins::step(workspace, &mut steps)?;
    steps.step("Host", || compile(workspace, profile, &["lignaflow"]))?;
    let mut server = Command::new(program(workspace, profile, "lignaflow"));
    server.arg("serve").args(arguments).current_dir(&workspace.root);
    forget_this_package(&mut server);
    become_it(&mut server)
}

/// `[--release] [-- ARGS]`
fn what_to_run(words: &[String]) -> Result<(Profile, &[String])> {
    let (own, arguments) = match words.iter().position(|word| word == "--") {
        Some(at) => (&words[..at], &words[at + 1..]),
        None => (words, &[][..]),
    };
    match own {
        [] => Ok((Profile::Dev, arguments)),
        [word] if word == "--release" => Ok((Profile::Release, arguments)),
        [word, ..] => bail!("does not know what to do with {word}; what the server is to see comes after --"),
    }
}

#[cfg(unix)]
fn become_it(server: &mut Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;

    // Returns only where it fails.
    Err(server.exec()).with_context(|| format!("cannot start {}", server.get_program().display()))
}

#[cfg(not(unix))]
fn become_it(server: &mut Command) -> Result<ExitCode> {
    let status = crate::workspace::status(server)?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn what_comes_after_the_dashes_is_the_servers() {
        let given = words("--release -- --server.https 127.0.0.1:9443");
        let (profile, arguments) = what_to_run(&given).unwrap();
        assert_eq!(profile, Profile::Release);
        assert_eq!(arguments, words("--server.https 127.0.0.1:9443"));
    }

    #[test]
    fn an_argument_before_the_dashes_is_refused_rather_than_dropped() {
        assert!(what_to_run(&words("--server.https 127.0.0.1:9443")).is_err());
    }
}
