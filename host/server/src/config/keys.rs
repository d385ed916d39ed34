//! The names of all settings, taken from the defaults themselves, and what text means for each.

use super::Config;
use super::validate::Fault;
use figment::value::{Num, Tag, Value};
use std::collections::BTreeMap;

/// The prefix of this program's environment variables; a double underscore nests.
pub(super) const PREFIX: &str = "LIGNAFLOW_";

/// Variables with the prefix that are no settings: the settings' file, and what the project's tests and tools read.
const RESERVED: [&str; 3] = ["LIGNAFLOW_CONFIG", "LIGNAFLOW_REQUIRE", "LIGNAFLOW_TEST_"];

/// Variables of the system that came before, still understood.
const FORMER: [(&str, &str); 3] =
    [("DATABASE_URL", "database_url"), ("SECRET_KEY", "secret_key"), ("ALLOWED_HOSTS", "server.allowed_hosts")];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Whole,
    Flag,
    List,
}

/// Every setting's dotted name and kind.
#[derive(Debug, Clone)]
pub(super) struct Keys(BTreeMap<String, Kind>);

impl Keys {
    pub(super) fn new() -> Result<Self, Fault> {
        let defaults = Value::serialize(Config::default()).map_err(|error| Fault::anywhere(error.to_string()))?;
        let mut keys = BTreeMap::new();
        collect(&defaults, "", &mut keys);
        Ok(Self(keys))
    }

    pub(super) fn kind(&self, key: &str) -> Option<Kind> {
        self.0.get(key).copied()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The setting that was probably meant, if any is close.
    pub(super) fn nearest(&self, key: &str) -> Option<&str> {
        let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
        let likeness = |name: &str| {
            let whole = strsim::normalized_damerau_levenshtein(key, name);
            // A key under the wrong table is told by its last part, which weighs a little less.
            whole.max(strsim::normalized_damerau_levenshtein(&last(key), &last(name)) * 0.9)
        };
        self.names()
            .map(|name| (likeness(name), name))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(likeness, _)| *likeness >= 0.6)
            .map(|(_, name)| name)
    }

    /// What an unknown key is answered with.
    pub(super) fn unknown(&self, key: &str) -> String {
        match self.nearest(key) {
            Some(near) => format!("there is no setting `{key}`; did you mean `{near}`?"),
            None => format!("there is no setting `{key}`"),
        }
    }

    /// The setting that an environment variable gives: `Ok(None)` if it is none of ours.
    pub(super) fn of_variable(&self, name: &str) -> Result<Option<String>, String> {
        if let Some((_, key)) = FORMER.iter().find(|(former, _)| *former == name) {
            return Ok(Some((*key).to_owned()));
        }
        let Some(rest) = name.strip_prefix(PREFIX) else { return Ok(None) };
        if RESERVED.iter().any(|reserved| name.starts_with(reserved)) {
            return Ok(None);
        }
        let key = rest.to_ascii_lowercase().replace("__", ".");
        if self.0.contains_key(&key) { Ok(Some(key)) } else { Err(self.unknown(&key)) }
    }

    /// Text from the environment or a flag, as the setting's kind reads it. What does not parse stays text, so that
    /// the fault is reported with all others.
    pub(super) fn read(&self, key: &str, text: &str) -> Value {
        match self.kind(key) {
            Some(Kind::Whole) => text
                .trim()
                .replace('_', "")
                .parse()
                .map_or_else(|_| Value::from(text), |whole: u64| Value::Num(Tag::Default, Num::U64(whole))),
            Some(Kind::Flag) => text.trim().parse::<bool>().map_or_else(|_| Value::from(text), Value::from),
            Some(Kind::List) => Value::Array(Tag::Default, list(text)),
            Some(Kind::Text) | None => Value::from(text),
        }
    }
}

/// The former name gives way to the present one where both are set.
pub(super) fn is_former(variable: &str) -> bool {
    FORMER.iter().any(|(former, _)| *former == variable)
}

fn collect(value: &Value, path: &str, keys: &mut BTreeMap<String, Kind>) {
    let kind = match value {
        Value::Dict(_, dict) => {
            for (name, value) in dict {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(value, &path, keys);
            }
            return;
        }
        Value::Num(..) => Kind::Whole,
        Value::Bool(..) => Kind::Flag,
        Value::Array(..) => Kind::List,
        _ => Kind::Text,
    };
    keys.insert(path.to_owned(), kind);
}

/// `a, b` and `["a", "b"]` are the same list.
fn list(text: &str) -> Vec<Value> {
    let text = text.trim();
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    inner
        .split(',')
        .map(|item| item.trim().trim_matches(['"', '\'']))
        .filter(|item| !item.is_empty())
        .map(Value::from)
        .collect()
}
