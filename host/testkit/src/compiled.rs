//! Compiled plugins, shared by the servers of one test program: each starts in an empty folder, and compiling the same
//! plugin for every one of them would take longer than all that is tested.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The folder for what this program compiles. Another program's artefacts would not be accepted anyway.
fn shelf(program: &Path) -> Option<PathBuf> {
    Some(program.parent()?.join("compiled-plugins").join(program.file_name()?))
}

/// Puts what was compiled before into a host's folder. `program` is the one that will read it.
pub(crate) fn lay_out(program: &Path, folder: &Path) {
    // Without it the plugin is compiled, which is slow and right.
    let _ = copy(program, folder);
}

/// Keeps what a host has compiled.
pub(crate) fn keep(program: &Path, folder: &Path) {
    let _ = shelf(program).map(|shelf| link_all(folder, &shelf, None));
}

fn copy(program: &Path, folder: &Path) -> io::Result<()> {
    let shelf = shelf(program).ok_or(io::ErrorKind::NotFound)?;
    let built = fs::metadata(program)?.modified()?;
    private_folder(folder)?;
    link_all(&shelf, folder, Some(built))
}

/// Links every finished file from one folder into another; what is older than the program that made it is of no use.
fn link_all(from: &Path, to: &Path, not_before: Option<SystemTime>) -> io::Result<()> {
    private_folder(to)?;
    for entry in fs::read_dir(from)?.flatten() {
        let name = entry.file_name();
        let is_key = name == "key";
        let is_artefact = Path::new(&name).extension().is_some_and(|extension| extension == "compiled");
        let fresh =
            not_before.is_none_or(|built| entry.metadata().and_then(|m| m.modified()).is_ok_and(|at| at >= built));
        if is_key || (is_artefact && fresh) {
            match fs::hard_link(entry.path(), to.join(&name)) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

fn private_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }
    #[cfg(not(unix))]
    fs::create_dir_all(folder)
}
