//! Compiled plugins on disk. A compiled plugin is machine code that the host runs unchecked, so this folder answers only
//! with what this host put there: the folder and its files are the owner's alone, and each file carries a code of
//! authentication (HMAC-SHA256, RFC 2104) over its name and contents under a key that lies beside it. Whatever does not
//! verify is as good as absent.

use crate::fault::EngineFault;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Artefacts that are kept; the oldest go first.
const KEPT: usize = 64;
const KEY: &str = "key";
const EXTENSION: &str = "compiled";
/// Length of a key and of a code.
const CODE: usize = 32;

#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    key: [u8; CODE],
    /// Of the engine's settings, the version of wasmtime and this very program.
    host: [u8; 32],
}

impl Cache {
    /// Opens the folder, making it where it is not there.
    pub(crate) fn open(folder: &Path, engine: &wasmtime::Engine) -> Result<Self, EngineFault> {
        let fault = |what: String| EngineFault::Cache { path: folder.to_owned(), what };
        own_folder(folder).map_err(|error| fault(error.to_string()))?;
        let key = key(&folder.join(KEY)).map_err(|error| fault(format!("its key: {error}")))?;
        Ok(Self { folder: folder.to_owned(), key, host: host(engine) })
    }

    /// What was compiled of a plugin with this hash, if it is there and ours.
    pub(crate) fn read(&self, plugin: &[u8; 32]) -> Option<Vec<u8>> {
        let name = self.name(plugin);
        let mut bytes = read_private(&self.folder.join(&name)).ok()?;
        let contents = bytes.len().checked_sub(CODE)?;
        let mac = self.mac(&name, &bytes[..contents])?;
        if mac.verify_slice(&bytes[contents..]).is_err() {
            tracing::warn!(file = %name, "a compiled plugin is not ours, or damaged: it is compiled anew");
            return None;
        }
        bytes.truncate(contents);
        Some(bytes)
    }

    /// Keeps what was compiled. Another reader sees the whole file or none.
    pub(crate) fn write(&self, plugin: &[u8; 32], artefact: &[u8]) -> io::Result<()> {
        let name = self.name(plugin);
        let code = self.mac(&name, artefact).ok_or_else(|| io::Error::other("no code"))?.finalize().into_bytes();
        write_whole(&self.folder, &name, &[artefact, &code])?;
        self.prune()
    }

    fn name(&self, plugin: &[u8; 32]) -> String {
        let digest = Sha256::new().chain_update(self.host).chain_update(plugin).finalize();
        format!("{}.{EXTENSION}", hex::encode(digest))
    }

    fn mac(&self, name: &str, contents: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(name.as_bytes());
        mac.update(contents);
        Some(mac)
    }

    /// Each upgrade of the host or of a plugin leaves artefacts behind that nothing asks for any more.
    fn prune(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|it| it == EXTENSION)
                && let Ok(modified) = entry.metadata().and_then(|metadata| metadata.modified())
            {
                files.push((modified, path));
            }
        }
        files.sort();
        for (_, path) in files.iter().take(files.len().saturating_sub(KEPT)) {
            fs::remove_file(path)?;
        }
        Ok(())
    }
}

/// A folder of mode 0700 that belongs to whoever runs the host.
fn own_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let metadata = fs::symlink_metadata(folder)?;
    if !metadata.is_dir() || metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it is not a folder of this user's own; name another"));
    }
    if metadata.mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// The key, made on first use. Where two hosts make one at once, the first to put it in place wins.
fn key(path: &Path) -> io::Result<[u8; CODE]> {
    if !path.exists() {
        let mut key = [0; CODE];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        let aside = path.with_extension(aside());
        private(&aside)?.write_all(&key)?;
        let placed = fs::hard_link(&aside, path);
        fs::remove_file(&aside)?;
        match placed {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    let bytes = read_private(path)?;
    bytes.try_into().map_err(|_| io::Error::other("it is damaged; remove it, and what was compiled is compiled anew"))
}

/// Reads a file that is this user's own and nobody else's to read or write.
fn read_private(path: &Path) -> io::Result<Vec<u8>> {
    let named = fs::symlink_metadata(path)?;
    let mut file = File::open(path)?;
    let opened = file.metadata()?;
    // The last six bits of a mode are what the group and others may do.
    let own = named.is_file()
        && (named.dev(), named.ino()) == (opened.dev(), opened.ino())
        && opened.uid() == rustix::process::geteuid().as_raw()
        && opened.mode().trailing_zeros() >= 6;
    if !own {
        return Err(io::Error::other("it is not a file of mode 0600 of this user's own"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(opened.len()).unwrap_or(0));
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn write_whole(folder: &Path, name: &str, parts: &[&[u8]]) -> io::Result<()> {
    let part = folder.join(format!("{name}.{}", aside()));
    let written = private(&part)
        .and_then(|mut file| parts.iter().try_for_each(|bytes| file.write_all(bytes)))
        .and_then(|()| fs::rename(&part, folder.join(name)));
    if written.is_err() {
        // What is half written is of no use, and a full disk is why it is.
        let _ = fs::remove_file(&part);
    }
    written
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// An extension that no other writer of this folder uses.
fn aside() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}.part", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// What an artefact belongs to besides the plugin: settings and version of the engine, and the program as it was built.
fn host(engine: &wasmtime::Engine) -> [u8; 32] {
    let mut hasher = Hashed(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    if let Ok(program) = std::env::current_exe().and_then(fs::metadata) {
        (program.len(), program.mtime(), program.mtime_nsec()).hash(&mut hasher);
    }
    hasher.0.finalize().into()
}

/// The standard hashers have 64 bits; a name that stands for machine code deserves more.
struct Hashed(Sha256);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLUGIN: [u8; 32] = [7; 32];

    fn open(folder: &Path) -> Cache {
        Cache::open(folder, &wasmtime::Engine::default()).unwrap()
    }

    fn only_artefact(folder: &Path) -> PathBuf {
        let mut found: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|it| it == EXTENSION))
            .collect();
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    #[test]
    fn what_was_written_is_read_by_the_next_process_too() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).write(&PLUGIN, b"code").unwrap();
        assert_eq!(open(folder.path()).read(&PLUGIN).as_deref(), Some(&b"code"[..]));
        assert_eq!(open(folder.path()).read(&[8; 32]), None);
    }

    #[test]
    fn folder_key_and_files_are_the_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("compiled");
        open(&path).write(&PLUGIN, b"code").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join(KEY)), 0o600);
        assert_eq!(mode(&only_artefact(&path)), 0o600);
    }

    #[test]
    fn flipped_bits_are_refused_wherever_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let cache = open(folder.path());
        cache.write(&PLUGIN, b"code").unwrap();
        let file = only_artefact(folder.path());
        let whole = fs::read(&file).unwrap();
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 1;
            fs::write(&file, &bent).unwrap();
            assert_eq!(cache.read(&PLUGIN), None, "byte {at}");
        }
        fs::write(&file, &whole[..10]).unwrap();
        assert_eq!(cache.read(&PLUGIN), None);
    }

    #[test]
    fn an_artefact_under_another_plugins_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let cache = open(folder.path());
        cache.write(&PLUGIN, b"code").unwrap();
        fs::rename(only_artefact(folder.path()), folder.path().join(cache.name(&[8; 32]))).unwrap();
        assert_eq!(cache.read(&[8; 32]), None);
    }

    #[test]
    fn what_others_may_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let cache = open(folder.path());
        cache.write(&PLUGIN, b"code").unwrap();
        fs::set_permissions(only_artefact(folder.path()), fs::Permissions::from_mode(0o622)).unwrap();
        assert_eq!(cache.read(&PLUGIN), None);
    }

    #[test]
    fn a_link_in_place_of_a_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let cache = open(folder.path());
        cache.write(&PLUGIN, b"code").unwrap();
        let file = only_artefact(folder.path());
        fs::rename(&file, folder.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &file).unwrap();
        assert_eq!(cache.read(&PLUGIN), None);
    }

    #[test]
    fn the_oldest_artefacts_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let cache = open(folder.path());
        for number in 0..70_u8 {
            cache.write(&[number; 32], b"code").unwrap();
        }
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, KEPT + 1);
        assert!(cache.read(&[69; 32]).is_some());
    }
}
