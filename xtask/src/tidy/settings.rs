//! Environment variables that documents and the files of operators name are settings of `config/lignaflow.toml`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

use super::Fault;
use super::tree::Tree;

const CONFIG: &str = "config/lignaflow.toml";
const PREFIX: &str = "LIGNAFLOW_";

/// Of the program but no settings, and of the tests and tools.
const OTHERS: &[&str] = &[
    "LIGNAFLOW_CONFIG",
    "LIGNAFLOW_IMPORT_FROM",
    "LIGNAFLOW_REQUIRE",
    "LIGNAFLOW_TOKEN",
    "LIGNAFLOW_TEST_",
    "LIGNAFLOW_BENCH_",
];

pub(super) fn check(tree: &Tree) -> Vec<Fault> {
    let Some(config) = tree.text(CONFIG) else {
        return vec![Fault::whole(Path::new(CONFIG), "is missing: it names every setting")];
    };
    let settings = settings(config);
    let mut faults = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| is_for_operators(path)) {
        for (index, line) in text.lines().enumerate() {
            for name in variables(line) {
                if !settings.contains(name) && !OTHERS.iter().any(|other| name.starts_with(other)) {
                    faults.push(Fault::new(path, index + 1, format!("{CONFIG} has no setting for {name}")));
                }
            }
        }
    }
    faults
}

fn is_for_operators(path: &Path) -> bool {
    [".env.example", "Dockerfile", "docker-compose.yml", "README.md"].iter().any(|file| path == Path::new(file))
        || path.starts_with("docs") && path.extension() == Some(OsStr::new("md"))
}

/// The variable of each setting: two underscores for each dot.
fn settings(config: &str) -> BTreeSet<String> {
    let mut table = String::new();
    let mut names = BTreeSet::new();
    for line in config.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = format!("{}__", header.replace('.', "__"));
        } else if let Some((key, _)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            names.insert(format!("{PREFIX}{table}{}", key.trim()).to_ascii_uppercase());
        }
    }
    names
}

/// The variables in a line; `LIGNAFLOW_*` and `LIGNAFLOW_SERVER__…` stand for many and are passed over.
fn variables(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices(PREFIX).filter_map(move |(at, _)| {
        let inside = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        let length = line[at..].bytes().take_while(|&byte| inside(byte)).count();
        let name = &line[at..at + length];
        (!name.ends_with('_')).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_is_no_setting_is_named_with_its_line() {
        let tree = Tree::of(&[
            (CONFIG, "data_dir = \"data\"\n# ghost = 1\n[server]\nhttps = \"127.0.0.1:8443\"\n"),
            (".env.example", "# LIGNAFLOW_* and LIGNAFLOW_SERVER__…\n#LIGNAFLOW_DATA_DIR=a\nLIGNAFLOW_GHOST=1\n"),
            ("README.md", "LIGNAFLOW_SERVER__HTTPS=a LIGNAFLOW_REQUIRE=postgres LIGNAFLOW_SERVER_HTTPS=b\n"),
        ]);
        let faults: Vec<String> = check(&tree).iter().map(Fault::to_string).collect();
        assert_eq!(
            faults,
            [
                ".env.example:3: config/lignaflow.toml has no setting for LIGNAFLOW_GHOST",
                "README.md:1: config/lignaflow.toml has no setting for LIGNAFLOW_SERVER_HTTPS",
            ]
        );
    }
}
