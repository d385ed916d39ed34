//! Files that have no name and are gone when they are closed, in a folder of the data folder: elsewhere the program may
//! write nothing.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// An empty one.
pub(crate) fn file(folder: &Path) -> io::Result<File> {
    prepare(folder)?;
    tempfile::tempfile_in(folder)
}

/// Makes the folder, its owner's alone.
pub(crate) fn prepare(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }
    #[cfg(not(unix))]
    fs::create_dir_all(folder)
}
