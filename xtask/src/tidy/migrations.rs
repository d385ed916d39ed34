//! The host's own tables are made by the same steps on both databases: every file of one has its pair in the other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Fault;
use super::tree::Tree;

const SIDES: [&str; 2] = ["migrations/sqlite", "migrations/postgres"];

pub(super) fn check(tree: &Tree) -> Vec<Fault> {
    let names = |side: &str| -> BTreeSet<PathBuf> {
        tree.texts().filter_map(|(path, _)| path.strip_prefix(side).ok()).map(Path::to_path_buf).collect()
    };
    let [sqlite, postgres] = SIDES.map(names);
    let alone = |side: &str, other: &str, name: &PathBuf| {
        Fault::whole(&Path::new(side).join(name), format!("has no pair in {other}"))
    };
    let mut faults: Vec<Fault> = sqlite.difference(&postgres).map(|name| alone(SIDES[0], SIDES[1], name)).collect();
    faults.extend(postgres.difference(&sqlite).map(|name| alone(SIDES[1], SIDES[0], name)));
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_of_one_database_alone_is_a_fault() {
        let tree = Tree::of(&[
            ("migrations/sqlite/0001_host.sql", ""),
            ("migrations/postgres/0001_host.sql", ""),
            ("migrations/postgres/0002_jobs.sql", ""),
        ]);
        let faults: Vec<String> = check(&tree).iter().map(Fault::to_string).collect();
        assert_eq!(faults, ["migrations/postgres/0002_jobs.sql: has no pair in migrations/sqlite"]);
    }
}
