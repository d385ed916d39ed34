//! Plugins that come by themselves: those inside the program, and those that the operator lays into the folder beside
//! it. They are brought at the start, and those of the folder whenever it changes. What somebody installed by hand is
//! left alone, and what was uninstalled stays away until it is installed by hand.

use super::{Arrival, Plugins, inspect, unavailable};
use bytes::Bytes;
use lignaflow_core::Fault;
use lignaflow_core::name::PluginId;
use lignaflow_runtime::needs;
use lignaflow_store::plugins::By;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Files of the folder that are looked at.
const FILES: usize = 100;

/// The plugins inside the program.
#[cfg(feature = "shipped")]
#[derive(rust_embed::RustEmbed)]
#[folder = "../../plugins/dist"]
#[include = "*.wasm"]
#[exclude = "hostile/*"]
#[exclude = "fixtures/*"]
struct Shipped;

/// A plugin that is inside the program: its file's name and bytes.
pub type Packed = (String, Bytes);

/// The plugins that are inside the program.
pub fn shipped() -> Vec<Packed> {
    #[cfg(feature = "shipped")]
    let list = Shipped::iter()
        .filter_map(|name| {
            let bytes = match Shipped::get(&name)?.data {
                std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
            };
            Some((name.to_string(), bytes))
        })
        .collect();
    #[cfg(not(feature = "shipped"))]
    let list = Vec::new();
    list
}

/// What tells one state of a file from the next, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    bytes: u64,
    changed: Option<SystemTime>,
}

type Listing = BTreeMap<PathBuf, Mark>;

/// The folder of `plugins_dir`.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    most: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// As it was when it was looked at last.
    seen: Listing,
    /// What was brought, or refused, in this state.
    handled: Listing,
}

impl Folder {
    pub(super) fn new(path: PathBuf, most: u64) -> Self {
        Self { path, most, state: Mutex::default() }
    }

    /// Files that are new or changed. One that is still being written is not answered with: it must lie there unchanged
    /// from one look to the next, unless this is the only look that there will be.
    fn changed(&self, at_once: bool) -> Vec<PathBuf> {
        let listing = listing(&self.path).unwrap_or_default();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let settled = |path: &PathBuf, mark: &Mark| at_once || state.seen.get(path) == Some(mark);
        let fresh: Vec<_> = listing
            .iter()
            .filter(|(path, mark)| state.handled.get(*path) != Some(mark) && settled(path, mark))
            .map(|(path, mark)| (path.clone(), *mark))
            .collect();
        state.handled.retain(|path, _| listing.contains_key(path));
        state.handled.extend(fresh.iter().cloned());
        state.seen = listing;
        fresh.into_iter().map(|(path, _)| path).collect()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = fs::metadata(path)?.len();
        if bytes > self.most {
            let told = format!("it has {bytes} bytes, and `plugins.file_bytes` allows {}", self.most);
            return Err(io::Error::other(told));
        }
        fs::read(path)
    }
}

/// The plugins of a folder. One that is not there is empty.
fn listing(folder: &Path) -> io::Result<Listing> {
    let mut listing = Listing::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "wasm") || listing.len() >= FILES {
            continue;
        }
        if let Ok(data) = fs::metadata(&path)
            && data.is_file()
        {
            listing.insert(path, Mark { bytes: data.len(), changed: data.modified().ok() });
        }
    }
    Ok(listing)
}

/// A file that comes by itself.
struct Arriving {
    name: String,
    bytes: Bytes,
    arrival: Arrival,
    /// Plugins without which it cannot be, once it was looked at.
    needs: BTreeSet<PluginId>,
}

impl Arriving {
    fn new(name: String, bytes: Bytes, arrival: Arrival) -> Self {
        Self { name, bytes, arrival, needs: BTreeSet::new() }
    }
}

/// Those that need none of the others, and the others. Where they need each other in a circle nobody waits: each is told
/// what it lacks.
fn ready(left: BTreeMap<PluginId, Arriving>) -> (Vec<Arriving>, BTreeMap<PluginId, Arriving>) {
    let ids: BTreeSet<PluginId> = left.keys().cloned().collect();
    let (waiting, ready): (BTreeMap<_, _>, BTreeMap<_, _>) =
        left.into_iter().partition(|(_, arriving)| !arriving.needs.is_disjoint(&ids));
    if ready.is_empty() {
        return (waiting.into_values().collect(), BTreeMap::new());
    }
    (ready.into_values().collect(), waiting)
}

impl Plugins {
    /// Loads what is installed, brings what the program and the folder hold, and loads that.
    pub async fn start(&self, program: Vec<Packed>) -> Result<(), Fault> {
        self.reload().await?;
        let _ = self.0.program.set(program.clone());
        let in_program = |(name, bytes)| Arriving::new(name, bytes, Arrival::InProgram);
        let mut arriving: Vec<Arriving> = program.into_iter().map(in_program).collect();
        arriving.extend(self.laid_into_folder(true).await);
        self.bring_all(arriving).await
    }

    /// Brings what is new in the folder.
    pub(super) async fn look_into_folder(&self) {
        let arriving = self.laid_into_folder(false).await;
        if let Err(fault) = self.bring_all(arriving).await {
            tracing::error!(%fault, "the plugins could not be loaded again");
        }
    }

    async fn laid_into_folder(&self, at_once: bool) -> Vec<Arriving> {
        let inner = self.0.clone();
        let read = move || {
            let mut found = Vec::new();
            for path in inner.folder.changed(at_once) {
                let name = path.display().to_string();
                match inner.folder.read(&path) {
                    Ok(bytes) => found.push(Arriving::new(name, bytes.into(), Arrival::InFolder)),
                    Err(error) => tracing::error!(file = name, %error, "a plugin of the folder cannot be read"),
                }
            }
            found
        };
        tokio::task::spawn_blocking(read).await.unwrap_or_default()
    }

    /// Each once what it needs is there. Of two files of one plugin the later counts: the folder before the program.
    async fn bring_all(&self, arriving: Vec<Arriving>) -> Result<(), Fault> {
        let mut left: BTreeMap<PluginId, Arriving> = BTreeMap::new();
        for arriving in arriving {
            match inspect(&arriving.bytes) {
                Ok(inspected) => {
                    let id = inspected.descriptor.id.clone();
                    // Another build of what the program brings is on where that would be.
                    let shipped = left.get(&id).is_some_and(|known| known.arrival == Arrival::InProgram);
                    let arrival = if shipped { Arrival::InProgram } else { arriving.arrival };
                    left.insert(id, Arriving { needs: needs(&inspected.descriptor), arrival, ..arriving });
                }
                Err(fault) => tracing::error!(file = arriving.name, %fault, "it is no plugin that can be installed"),
            }
        }
        while !left.is_empty() {
            let (ready, waiting) = ready(left);
            let mut brought = false;
            for arriving in ready {
                match self.bring(&arriving).await {
                    Ok(installed) => brought |= installed,
                    Err(fault) => tracing::error!(file = arriving.name, %fault, "a plugin could not be installed"),
                }
            }
            if brought {
                self.reload().await?;
            }
            left = waiting;
        }
        Ok(())
    }

    /// Whether it was installed: not if it is there in that build, if a version is there that somebody installed, or if
    /// somebody uninstalled it.
    async fn bring(&self, arriving: &Arriving) -> Result<bool, Fault> {
        let inspected = inspect(&arriving.bytes)?;
        let id = &inspected.descriptor.id;
        let standing = self.0.store.plugin(id).await.map_err(unavailable)?;
        let stays = standing.as_ref().is_some_and(|plugin| plugin.hash == inspected.hash || !plugin.brought);
        if stays || self.0.store.is_uninstalled(id).await.map_err(unavailable)? {
            return Ok(false);
        }
        let latest = self.migration(id).await?;
        if latest.is_some_and(|latest| latest.hash == inspected.hash && latest.phase.is_open()) {
            return Ok(false);
        }
        let granted = inspected.descriptor.grants.clone();
        let by = By { person: None, address: String::new(), token: None, at: self.0.clock.now() };
        Box::pin(self.put(inspected, arriving.bytes.to_vec(), granted, arriving.arrival, by)).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_need_is_brought_before_them_and_a_circle_keeps_nobody_waiting() {
        let all = [("reporting", vec!["estimates", "projects"]), ("estimates", vec!["projects"]), ("projects", vec![])];
        let left = |all: &[(&str, Vec<&str>)]| -> BTreeMap<PluginId, Arriving> {
            let one = |(id, needs): &(&str, Vec<&str>)| {
                let needs = needs.iter().map(|id| id.parse().unwrap()).collect();
                (
                    id.parse().unwrap(),
                    Arriving { needs, ..Arriving::new((*id).to_owned(), Bytes::new(), Arrival::InProgram) },
                )
            };
            all.iter().map(one).collect()
        };
        let names = |ready: &[Arriving]| ready.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
        let (first, waiting) = ready(left(&all));
        let (second, waiting) = ready(waiting);
        let (third, waiting) = ready(waiting);
        assert_eq!([names(&first), names(&second), names(&third)], [["projects"], ["estimates"], ["reporting"]]);
        assert!(waiting.is_empty());
        let (told, waiting) = ready(left(&[("one", vec!["two"]), ("two", vec!["one"])]));
        assert_eq!((names(&told), waiting.len()), (vec!["one".to_owned(), "two".to_owned()], 0));
    }

    #[test]
    fn a_file_is_brought_once_it_has_settled_and_again_when_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let watched = Folder::new(folder.path().into(), 10);
        let file = folder.path().join("tools.wasm");
        fs::write(folder.path().join("notes.txt"), "x").unwrap();
        fs::write(&file, "one").unwrap();
        assert_eq!(watched.changed(false), Vec::<PathBuf>::new(), "it may still be written");
        assert_eq!(watched.changed(false), std::slice::from_ref(&file));
        assert_eq!(watched.changed(false), Vec::<PathBuf>::new());
        fs::write(&file, "longer").unwrap();
        assert_eq!(watched.changed(true), std::slice::from_ref(&file), "at the start there is one look alone");
        assert_eq!(watched.read(&file).unwrap(), b"longer");
        fs::write(&file, "longer than it may be").unwrap();
        assert!(watched.read(&file).unwrap_err().to_string().contains("plugins.file_bytes"));
        assert_eq!(Folder::new("nowhere".into(), 1).changed(true), Vec::<PathBuf>::new());
    }
}
