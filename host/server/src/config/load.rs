//! Where settings come from: flags, then the environment, then `.env`, then the file, then the defaults; the first
//! that has a value wins, and each value remembers its source.

use super::keys::{Keys, is_former};
use super::validate::{self, ConfigError, Fault};
use super::{Config, DEFAULT_FILE};
use figment::providers::Serialized;
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One setting given on the command line; `flag` is how it was written.
#[derive(Debug, Clone)]
pub struct Flag {
    pub flag: String,
    pub key: String,
    pub value: String,
}

impl Flag {
    pub fn new(flag: impl Into<String>, key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { flag: flag.into(), key: key.into(), value: value.into() }
    }
}

/// All that is read, so that a test gives its own instead of the process's.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// A file that was asked for and must exist.
    pub file: Option<PathBuf>,
    /// The file that is read where it exists.
    pub default_file: Option<PathBuf>,
    /// The `.env` that is read where it exists.
    pub dotenv: Option<PathBuf>,
    pub environment: Vec<(String, String)>,
    pub flags: Vec<Flag>,
}

impl Inputs {
    /// What this process was started with and in.
    pub fn of_process(file: Option<PathBuf>, flags: Vec<Flag>) -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { file, default_file: Some(DEFAULT_FILE.into()), dotenv: Some(".env".into()), environment, flags }
    }
}

/// The settings in force.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub config: Config,
    /// Where each setting's value came from, by its dotted name.
    pub sources: BTreeMap<String, String>,
    /// What was understood but is probably a mistake, to be logged.
    pub warnings: Vec<String>,
}

/// Reads, merges and checks the settings. Every fault is reported at once.
pub fn load(inputs: &Inputs) -> Result<Loaded, ConfigError> {
    let keys = Keys::new().map_err(|fault| ConfigError::new(vec![fault]))?;
    let mut faults = Vec::new();
    let mut warnings = Vec::new();
    let mut figment = Figment::from(Named { source: "default".into(), data: defaults() });

    let (path, must_exist) = match (&inputs.file, &inputs.default_file) {
        (Some(asked), _) => (Some(asked), true),
        (None, default) => (default.as_ref(), false),
    };
    if let Some(path) = path {
        match read_file(path, must_exist) {
            Ok(table) => {
                let source = format!("file {}", path.display());
                let (known, unknown) = sort_out(&keys, table);
                warnings.extend(unknown.iter().map(|key| format!("{source}: {}", keys.unknown(key))));
                figment = figment.merge(Named { source, data: known });
            }
            Err(fault) => faults.push(fault),
        }
    }
    let dotenv = inputs.dotenv.as_deref().map_or_else(|| Ok(Vec::new()), read_dotenv).unwrap_or_else(|fault| {
        faults.push(fault);
        Vec::new()
    });
    for (variables, place) in [(&dotenv, ".env"), (&inputs.environment, "environment")] {
        for setting in of_variables(&keys, variables, place, &mut warnings) {
            figment = figment.merge(setting);
        }
    }
    for Flag { flag, key, value } in &inputs.flags {
        if keys.kind(key).is_some() {
            figment = figment.merge(Named::one(format!("flag {flag}"), key, keys.read(key, value)));
        } else {
            faults.push(Fault { key: None, source: Some(format!("flag {flag}")), message: keys.unknown(key) });
        }
    }

    // Whoever says where it listens and nothing more opens it there. The file of all settings has this one as well.
    let asked = |key: &str| figment.extract_inner::<String>(key).unwrap_or_default();
    let usual = Config::default().server.public_url.to_string();
    let source = figment.find_metadata("server.public_url").map(|it| it.name.clone().into_owned()).unwrap_or_default();
    if asked("server.public_url") == usual
        && (source == "default" || source.starts_with("file "))
        && let Some((_, port)) = asked("server.https").rsplit_once(':')
    {
        let here = Value::from(format!("https://localhost:{port}"));
        figment = figment.merge(Named::one(source, "server.public_url", here));
    }

    let config = extract(figment.clone(), &keys, &mut faults);
    let sources: BTreeMap<String, String> = keys
        .names()
        .filter_map(|key| Some((key.to_owned(), figment.find_metadata(key)?.name.clone().into_owned())))
        .collect();
    if let Some(config) = config {
        validate::check(&config, &sources, &mut faults);
        if faults.is_empty() {
            return Ok(Loaded { config, sources, warnings });
        }
    }
    Err(ConfigError::new(faults))
}

/// Values from one place, under one name.
struct Named {
    source: String,
    data: Dict,
}

impl Named {
    fn one(source: String, key: &str, value: Value) -> Self {
        let data = nest(key, value);
        Self { source, data }
    }
}

impl Provider for Named {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.source.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.data.clone()))
    }
}

fn nest(key: &str, value: Value) -> Dict {
    match key.split_once('.') {
        Some((table, rest)) => Dict::from([(table.to_owned(), Value::from(nest(rest, value)))]),
        None => Dict::from([(key.to_owned(), value)]),
    }
}

fn defaults() -> Dict {
    Serialized::defaults(Config::default())
        .data()
        .ok()
        .and_then(|mut profiles| profiles.remove(&Profile::Default))
        .unwrap_or_default()
}

fn read_file(path: &Path, must_exist: bool) -> Result<toml::Table, Fault> {
    let fault = |message: String| Fault { key: None, source: Some(format!("file {}", path.display())), message };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => return Ok(toml::Table::new()),
        Err(error) => return Err(fault(format!("cannot be read: {error}"))),
    };
    text.parse().map_err(|error: toml::de::Error| {
        // The error's own display quotes the line, which can hold a secret: the place and the reason are enough.
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        fault(format!("line {line} is not TOML: {}", error.message()))
    })
}

fn read_dotenv(path: &Path) -> Result<Vec<(String, String)>, Fault> {
    let fault = |message: String| Fault { key: None, source: Some(format!("file {}", path.display())), message };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fault(format!("cannot be read: {error}"))),
    };
    dotenvy::from_read_iter(text.as_bytes())
        .map(|item| {
            item.map_err(|error| match error {
                dotenvy::Error::LineParse(bad, _) => {
                    let line = text.lines().position(|line| line.trim() == bad.trim()).map_or(1, |at| at + 1);
                    fault(format!("line {line} is not NAME=value"))
                }
                other => fault(other.to_string()),
            })
        })
        .collect()
}

/// Splits a file's table into the settings that exist and the names of those that do not. A known name with the wrong
/// kind of value is kept: it is a fault, not a warning.
fn sort_out(keys: &Keys, table: toml::Table) -> (Dict, Vec<String>) {
    fn walk(keys: &Keys, path: &str, table: toml::Table, unknown: &mut Vec<String>) -> Dict {
        let mut known = Dict::new();
        for (name, value) in table {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let is_table = keys.names().any(|key| key.strip_prefix(&path).is_some_and(|rest| rest.starts_with('.')));
            match value {
                toml::Value::Table(inner) if keys.kind(&path).is_none() => {
                    let inner = walk(keys, &path, inner, unknown);
                    if is_table {
                        known.insert(name, Value::from(inner));
                    }
                }
                other if is_table || keys.kind(&path).is_some() => {
                    if let Ok(value) = Value::serialize(other) {
                        known.insert(name, value);
                    }
                }
                _ => unknown.push(path),
            }
        }
        known
    }
    let mut unknown = Vec::new();
    let known = walk(keys, "", table, &mut unknown);
    (known, unknown)
}

fn of_variables(keys: &Keys, variables: &[(String, String)], place: &str, warnings: &mut Vec<String>) -> Vec<Named> {
    let (former, present): (Vec<_>, Vec<_>) = variables.iter().partition(|(name, _)| is_former(name));
    former
        .into_iter()
        .chain(present)
        .filter_map(|(name, text)| match keys.of_variable(name) {
            Ok(key) => key.map(|key| Named::one(format!("{place} {name}"), &key, keys.read(&key, text))),
            Err(message) => {
                warnings.push(format!("{place} {name}: {message}"));
                None
            }
        })
        .collect()
}

/// Extracts the tree. serde stops at the first fault, so each faulty value is put aside for its default and the rest
/// is tried again: this way all are found.
fn extract(mut figment: Figment, keys: &Keys, faults: &mut Vec<Fault>) -> Option<Config> {
    let defaults = Value::from(defaults());
    for _ in 0..=keys.names().count() {
        let error = match figment.extract::<Config>() {
            Ok(config) => return Some(config),
            Err(error) => error,
        };
        let key = setting_of(keys, &error.path);
        let source = error.metadata.as_ref().map(|metadata| metadata.name.clone().into_owned());
        let default = defaults.clone().find(&key);
        faults.push(Fault { message: validate::reason(&error.kind, &key), key: Some(key.clone()), source });
        figment = figment.merge(Named::one("default".into(), &key, default?));
    }
    None
}

/// The setting, or table of settings, that an error's path is about: an item of a list belongs to the list.
fn setting_of(keys: &Keys, path: &[String]) -> String {
    let mut path = path;
    loop {
        let name = path.join(".");
        let known = keys.kind(&name).is_some() || keys.names().any(|key| key.starts_with(&format!("{name}.")));
        match path.split_last() {
            Some((_, shorter)) if !known => path = shorter,
            _ => return name,
        }
    }
}
