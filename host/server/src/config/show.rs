//! The settings in force as TOML, each with its source; secrets do not show themselves.

use super::Loaded;
use std::fmt::Write as _;

/// What `lignaflow config show` prints. It is a valid settings file, except for what is redacted.
pub fn show(loaded: &Loaded) -> Result<String, toml::ser::Error> {
    let tree = toml::Table::try_from(&loaded.config)?;
    let mut out = String::new();
    section(&mut out, "", &tree, loaded);
    Ok(out)
}

fn section(out: &mut String, path: &str, table: &toml::Table, loaded: &Loaded) {
    let (tables, values): (Vec<_>, Vec<_>) = table.iter().partition(|(_, value)| value.is_table());
    let lines: Vec<(String, &str)> = values
        .into_iter()
        .map(|(name, value)| {
            let key = join(path, name);
            let source = loaded.sources.get(&key).map_or("default", String::as_str);
            (format!("{name} = {value}"), source)
        })
        .collect();
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
    for (line, source) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{line:width$}  # {source}");
    }
    for (name, value) in tables {
        let path = join(path, name);
        if let toml::Value::Table(inner) = value {
            let _ = writeln!(out, "\n[{path}]");
            section(out, &path, inner, loaded);
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
