//! Rules about text: length of files, unfinished work, SQL where it does not belong, floats where money and time are.

use std::ffi::OsStr;
use std::path::Path;

use super::Fault;
use super::tree::Tree;

/// A file is a room with one purpose; past this it has several.
const LINES: usize = 800;
const MEASURED: &[&str] = &["rs", "js", "css"];

/// Put together from halves, or this file would be its own first fault.
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
    concat!("unimple", "mented!"),
    concat!("to", "do!"),
];

const SQL: &[&str] = &[concat!("sqlx::", "query"), concat!("Assert", "SqlSafe")];
const SQL_ROOMS: &[&str] = &["host/store", "bench"];

/// What counts money, quantities or time has none of these.
const FLOATS: &[&str] = &["f64", "f32"];
const EXACT_ROOMS: &[&str] = &[
    "host/core/src",
    "sdk",
    "plugins/projects",
    "plugins/estimates",
    "plugins/timesheets",
    "plugins/reporting",
    "import",
];

/// Other people's words, or not words at all.
const NOT_OURS: &[&str] = &["Cargo.lock", "LICENSE"];

pub(super) fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, text) in tree.texts() {
        if NOT_OURS.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        let lines = text.lines().count();
        if MEASURED.contains(&extension) && lines > LINES {
            faults.push(Fault::whole(path, format!("{lines} lines; at most {LINES}: is it one room?")));
        }
        let sql_is_foreign = extension == "rs" && !SQL_ROOMS.iter().any(|room| path.starts_with(Path::new(room)));
        let is_exact = extension == "rs" && EXACT_ROOMS.iter().any(|room| path.starts_with(Path::new(room)));
        for (index, line) in text.lines().enumerate() {
            if is_exact && let Some(word) = FLOATS.iter().find(|word| has_word(line, word)) {
                faults.push(Fault::new(path, index + 1, format!("{word}: money, quantities and time are exact")));
            }
            if let Some(word) = UNFINISHED.iter().find(|word| has_word(line, word)) {
                faults.push(Fault::new(path, index + 1, format!("unfinished: {word}")));
            }
            if sql_is_foreign && let Some(word) = SQL.iter().find(|word| line.contains(**word)) {
                faults.push(Fault::new(path, index + 1, format!("{word}: SQL is the store's alone")));
            }
        }
    }
    faults
}

/// Whether the word stands by itself: not as a part of a longer one, and not as a string, which may be data (ISO 4217
/// has a currency code that reads like a mark).
fn has_word(line: &str, word: &str) -> bool {
    let letter = |neighbour: Option<char>| neighbour.is_some_and(|it| it.is_alphanumeric() || it == '_');
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (line[..at].chars().next_back(), line[at + word.len()..].chars().next());
        !letter(before) && !letter(after) && (before, after) != (Some('"'), Some('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)])).iter().map(Fault::to_string).collect()
    }

    #[test]
    fn a_long_file_is_a_fault_and_a_long_document_is_not() {
        let text = "line\n".repeat(LINES + 1);
        assert_eq!(faults("host/web/src/a.rs", &text), ["host/web/src/a.rs: 801 lines; at most 800: is it one room?"]);
        assert_eq!(faults("docs/api.md", &text), [""; 0]);
    }

    #[test]
    fn unfinished_work_is_found_as_a_word_of_its_own() {
        let mark = UNFINISHED[0];
        assert_eq!(
            faults("host/core/src/a.rs", &format!("ok\n// {mark}: later\n")),
            [format!("host/core/src/a.rs:2: unfinished: {mark}")]
        );
        assert_eq!(faults("a.sh", &format!("mktemp {0}{0}; MY_{mark}\n", UNFINISHED[2])), [""; 0]);
    }

    #[test]
    fn a_float_where_money_is_is_a_fault() {
        let text = format!("fn half(amount: {0}) -> {0} {{ amount / 2.0 }}\n", FLOATS[0]);
        assert_eq!(faults("plugins/estimates/src/a.rs", &text).len(), 1);
        assert_eq!(faults("host/web/src/a.rs", &text), [""; 0]);
    }

    #[test]
    fn sql_outside_the_store_is_a_fault() {
        let text = format!("let row = {}(\"select 1\");\n", SQL[0]);
        assert_eq!(faults("host/records/src/a.rs", &text).len(), 1);
        assert_eq!(faults("host/store/src/a.rs", &text), [""; 0]);
    }
}
