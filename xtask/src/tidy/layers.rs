//! Which crate may see which. Arrows run one way, `server -> {web, identity, records} -> {store, runtime} -> core`, and
//! what a layer is for is kept by what it cannot name.

use std::path::Path;

use super::Fault;
use super::tree::Tree;
use crate::manifest::{Dependency, Manifest};

struct Room {
    folder: &'static str,
    /// Our crates that it may see, without their prefix.
    may: &'static [&'static str],
}

/// A crate that is not in this list is a fault: whoever adds one says where it stands.
const ROOMS: &[Room] = &[
    Room { folder: "host/core", may: &[] },
    Room { folder: "host/store", may: &["core"] },
    Room { folder: "host/runtime", may: &["core"] },
    Room { folder: "host/documents", may: &[] },
    Room { folder: "host/web", may: &["core"] },
    Room { folder: "host/identity", may: &["store", "core"] },
    Room { folder: "host/records", may: &["store", "runtime", "core"] },
    Room {
        folder: "host/server",
        may: &["documents", "web", "identity", "records", "store", "runtime", "core", "client", "sample", "import"],
    },
    Room { folder: "host/testkit", may: &["server", "web", "identity", "records", "store", "runtime", "core"] },
    Room { folder: "bench", may: &["testkit", "server", "web", "identity", "records", "store", "runtime", "core"] },
    Room { folder: "bench/serve", may: &[] },
    Room { folder: "client", may: &[] },
    Room { folder: "sample", may: &["client"] },
    Room { folder: "import", may: &["client"] },
    Room { folder: "fuzz", may: &["runtime", "core"] },
    Room { folder: "xtask", may: &[] },
    Room { folder: "sdk", may: &[] },
    Room { folder: "sdk/macros", may: &[] },
];

/// Crates that stand for a whole subject, and the rooms that deal with it.
const KEPT: &[(&[&str], &[&str], &str)] = &[
    (&["sqlx"], &["host/store", "bench"], "SQL is the store's alone"),
    (&["sea-query", "sea-query-sqlx"], &["host/store"], "SQL is the store's alone"),
    (&["wasmtime", "wasmtime-wasi"], &["host/runtime"], "WebAssembly is the runtime's alone"),
    (&["typst", "typst-pdf", "typst-layout", "typst-assets"], &["host/documents"], "documents are made in one room"),
    (
        &["axum", "axum-extra", "hyper", "tower-http"],
        &["host/server", "host/testkit", "bench"],
        "HTTP is the server's alone",
    ),
];

/// What a room must do without altogether.
const WITHOUT: &[(&str, &[&str], &str)] = &[
    ("host/core", &["tokio", "reqwest", "rustls"], "the core does no I/O"),
    ("host/web", &["tokio", "reqwest", "rustls"], "pages are HTML out, without I/O"),
];

const OURS: &str = "lignaflow-";

pub(super) fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, text) in tree.texts() {
        let Some(folder) = path.parent().filter(|_| path.ends_with("Cargo.toml")) else {
            continue;
        };
        let manifest = Manifest::parse(text);
        if manifest.package.is_none() {
            continue;
        }
        for dependency in &manifest.dependencies {
            if let Some(what) = fault(folder, dependency) {
                faults.push(Fault::new(path, dependency.line, what));
            }
        }
        if !folder.starts_with("plugins") && room(folder).is_none() {
            faults.push(Fault::whole(
                path,
                "this crate has no place among the layers: say which in xtask/src/tidy/layers.rs",
            ));
        }
    }
    faults
}

fn room(folder: &Path) -> Option<&'static Room> {
    ROOMS.iter().find(|room| Path::new(room.folder) == folder)
}

fn fault(folder: &Path, dependency: &Dependency) -> Option<String> {
    let name = dependency.name.as_str();
    if let Some((_, rooms, why)) = KEPT.iter().find(|(crates, ..)| crates.contains(&name))
        && !rooms.iter().any(|room| folder == Path::new(room))
    {
        return Some(format!("{} must not see {name}: {why}", folder.display()));
    }
    let without = |(room, crates, _): &&(&str, &[&str], &str)| folder == Path::new(room) && crates.contains(&name);
    if let Some((.., why)) = WITHOUT.iter().find(without) {
        return Some(format!("{} must not see {name}: {why}", folder.display()));
    }
    let ours = name.strip_prefix(OURS)?;
    if folder.starts_with("plugins") {
        return (!ours.starts_with("sdk") && !ours.starts_with("plugin"))
            .then(|| format!("a plugin must not see {name}: it knows the host through lignaflow-sdk alone"));
    }
    if folder.starts_with("sdk") {
        return (!ours.starts_with("sdk") && ours != "core")
            .then(|| format!("the SDK must not see {name}: it shares core's types and knows the host through wit/"));
    }
    // Tests may start a whole server; what ships may not.
    if dependency.dev && ours == "testkit" {
        return None;
    }
    let may = room(folder)?.may;
    (!may.contains(&ours)).then(|| {
        let list = if may.is_empty() { "none of our crates".to_owned() } else { may.join(", ") };
        format!("{} must not see {name}: it may see {list}", folder.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(folder: &str, dependencies: &str) -> Vec<String> {
        let text = format!("[package]\nname = \"x\"\n{dependencies}");
        check(&Tree::of(&[(&format!("{folder}/Cargo.toml"), &text)])).iter().map(Fault::to_string).collect()
    }

    #[test]
    fn an_arrow_against_the_layers_is_named_with_its_line() {
        assert_eq!(
            faults(
                "host/store",
                "[dependencies]\nlignaflow-core.workspace = true\nlignaflow-records.workspace = true\n"
            ),
            ["host/store/Cargo.toml:5: host/store must not see lignaflow-records: it may see core"]
        );
    }

    #[test]
    fn sql_and_webassembly_stay_where_they_belong_in_tests_too() {
        assert_eq!(faults("host/store", "[dependencies]\nsqlx.workspace = true\n"), [""; 0]);
        assert_eq!(faults("host/runtime", "[dev-dependencies]\nsqlx.workspace = true\n").len(), 1);
        assert_eq!(faults("host/records", "[dependencies.wasmtime]\nworkspace = true\n").len(), 1);
        assert_eq!(faults("host/core", "[dependencies]\ntokio.workspace = true\n").len(), 1);
    }

    #[test]
    fn tests_may_start_a_server_and_programs_may_not() {
        assert_eq!(faults("host/records", "[dev-dependencies]\nlignaflow-testkit.workspace = true\n"), [""; 0]);
        assert_eq!(faults("host/records", "[dependencies]\nlignaflow-testkit.workspace = true\n").len(), 1);
    }

    #[test]
    fn a_plugin_sees_the_sdk_and_nothing_of_the_host() {
        assert_eq!(faults("plugins/projects", "[dependencies]\nlignaflow-sdk = \"0.1\"\n"), [""; 0]);
        assert_eq!(faults("plugins/projects", "[dependencies]\nlignaflow-core = \"0.1\"\n").len(), 1);
    }

    #[test]
    fn the_sdk_shares_the_types_of_core_and_sees_nothing_else() {
        assert_eq!(faults("sdk", "[dependencies]\nlignaflow-core = \"0.1\"\n"), [""; 0]);
        assert_eq!(faults("sdk", "[dependencies]\nlignaflow-records = \"0.1\"\n").len(), 1);
    }

    #[test]
    fn a_crate_without_a_place_is_a_fault() {
        assert_eq!(faults("host/kitchen", "").len(), 1);
    }
}
