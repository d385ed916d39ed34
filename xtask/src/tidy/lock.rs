//! One TLS provider, aws-lc-rs: two in one program make rustls panic when it starts.

use std::path::Path;

use super::Fault;
use super::tree::Tree;
use crate::workspace::{Workspace, output};

const OTHER: &str = "ring";

/// `Cargo.lock` lists crates that no feature turns on as well, so cargo is asked whether this one would be built.
pub(super) fn check(workspace: &Workspace, tree: &Tree) -> Vec<Fault> {
    let Some(lock) = tree.text("Cargo.lock") else {
        return vec![Fault::whole(Path::new("Cargo.lock"), "is missing: it is committed")];
    };
    let entry = format!("name = \"{OTHER}\"");
    let Some(index) = lock.lines().position(|line| line == entry) else {
        return Vec::new();
    };
    let mut cargo = workspace.cargo();
    cargo.args(["tree", "--quiet", "--locked", "--workspace", "--all-features", "--prefix", "none", "--invert", OTHER]);
    match output(&mut cargo) {
        Some(users) if users.trim().is_empty() => Vec::new(),
        Some(users) => {
            let through: Vec<&str> = users.lines().take(4).collect();
            vec![Fault::new(
                "Cargo.lock",
                index + 1,
                format!("{OTHER} is built beside aws-lc-rs, through {}", through.join(" <- ")),
            )]
        }
        None => vec![Fault::new(
            "Cargo.lock",
            index + 1,
            format!("is out of date: `cargo tree --locked --invert {OTHER}` fails"),
        )],
    }
}
