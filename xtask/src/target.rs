//! The wasm target of the pinned toolchain.
//!
//! `rust-toolchain.toml` names it, but where rustup may not install by itself (`RUSTUP_AUTO_INSTALL=0`) a missing
//! target is passed over in silence and the build fails with "can't find crate for `core`".

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::workspace::{Workspace, output, status};

pub(crate) const TARGET: &str = "wasm32-wasip2";

pub(crate) fn ensure(workspace: &Workspace) -> Result<()> {
    if installed(workspace) {
        return Ok(());
    }
    // rustup exports the running toolchain's name, so the target goes to the one that will build.
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", TARGET]).current_dir(&workspace.root);
    let added = status(&mut rustup).is_ok_and(|status| status.success());
    if !added || !installed(workspace) {
        bail!(
            "the Rust target {TARGET} is missing and could not be added: run `rustup target add {TARGET}` in {}",
            workspace.root.display()
        );
    }
    Ok(())
}

/// Asks the compiler rather than rustup, so that a distribution's own Rust works too.
fn installed(workspace: &Workspace) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut ask = Command::new(rustc);
    ask.args(["--print", "target-libdir", "--target", TARGET]).current_dir(&workspace.root);
    output(&mut ask).is_some_and(|folder| has_core(Path::new(&folder)))
}

fn has_core(folder: &Path) -> bool {
    folder
        .read_dir()
        .is_ok_and(|files| files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libcore-")))
}
