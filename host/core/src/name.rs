//! Names that become part of tables, paths and keys. Parsed once at the edge; whoever holds one need not check again.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::str::FromStr;

/// The text breaks the rule of its kind of name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {kind}: {rule}")]
pub struct BadName {
    pub text: String,
    pub kind: &'static str,
    pub rule: &'static str,
}

/// Lower-case letters, digits and single separators between them, beginning with a letter.
fn well_formed(text: &str, separator: u8, max: usize) -> bool {
    let bytes = text.as_bytes();
    !bytes.is_empty()
        && bytes.len() <= max
        && bytes[0].is_ascii_lowercase()
        && bytes.last() != Some(&separator)
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == separator)
        && !bytes.windows(2).any(|pair| pair == [separator, separator])
}

macro_rules! name_of {
    ($(#[$doc:meta])+ $name:ident, $kind:literal, $separator:literal, $max:literal, $rule:literal) => {
        $(#[$doc])+
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> {
                if well_formed(text, $separator, $max) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(BadName { text: text.to_owned(), kind: $kind, rule: $rule })
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name_of!(
    /// A plugin's identity, such as `projects`. At most 24 characters, so that table names fit PostgreSQL's 63.
    PluginId, "plugin id", b'-', 24,
    "lower-case letters, digits and single hyphens, beginning with a letter, at most 24 characters"
);
name_of!(
    /// A collection within its plugin, such as `tasks`, and the names of routes, pages, transitions and permissions.
    LocalName, "name", b'-', 30,
    "lower-case letters, digits and single hyphens, beginning with a letter, at most 30 characters"
);
name_of!(
    /// A field of a collection, as it stands in JSON: snake_case.
    FieldName, "field name", b'_', 40,
    "lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters"
);

impl FieldName {
    /// The name of a field that an organization calls so, among the fields of its collection.
    pub(crate) fn custom(name: &Self) -> Self {
        Self(crate::custom::named(&name.0))
    }
}

/// A permission as pages and routes name it: `approve` of their own plugin, `projects.see-money` of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct PermissionName(String);

impl PermissionName {
    /// The plugin that declares it, and its name there.
    pub fn parts<'a>(&'a self, home: &'a PluginId) -> (&'a str, &'a str) {
        self.0.split_once('.').unwrap_or((home.as_str(), &self.0))
    }

    /// As callers hold it: `projects.see-money`.
    pub fn full(&self, home: &PluginId) -> String {
        let (plugin, name) = self.parts(home);
        format!("{plugin}.{name}")
    }
}

impl FromStr for PermissionName {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        let (plugin, name) = text.split_once('.').map_or((None, text), |(plugin, name)| (Some(plugin), name));
        if let Some(plugin) = plugin {
            plugin.parse::<PluginId>()?;
        }
        name.parse::<LocalName>()?;
        Ok(Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for PermissionName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A collection with its plugin: `projects/tasks`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CollectionName {
    pub plugin: PluginId,
    pub local: LocalName,
}

impl CollectionName {
    pub fn new(plugin: &PluginId, local: &LocalName) -> Self {
        Self { plugin: plugin.clone(), local: local.clone() }
    }

    /// Reads `tasks` as a collection of `home`, and `projects/tasks` as it stands.
    pub fn within(home: &PluginId, text: &str) -> Result<Self, BadName> {
        if text.contains('/') { text.parse() } else { Ok(Self { plugin: home.clone(), local: text.parse()? }) }
    }
}

impl FromStr for CollectionName {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        let (plugin, local) = text.split_once('/').ok_or_else(|| BadName {
            text: text.to_owned(),
            kind: "collection",
            rule: "written as plugin/collection",
        })?;
        Ok(Self { plugin: plugin.parse()?, local: local.parse()? })
    }
}

impl fmt::Display for CollectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.plugin, self.local)
    }
}

impl fmt::Debug for CollectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for CollectionName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CollectionName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
