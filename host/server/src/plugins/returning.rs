//! The door to a version that was kept: what going back would do is told first, as with a file; nothing is compiled or
//! asked for that was not there before, and the tables follow as they do forth. What the records of a later version
//! would lose or what an earlier one would misread is refused.

use super::{Inspected, Outlook, Plugins, inspect, unavailable};
use lignaflow_core::descriptor::{Descriptor, Grants, parse};
use lignaflow_core::name::{CollectionName, PluginId};
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_store::SchemaConflict;
use lignaflow_store::plugins::{By, Change, Installed, Version};

/// Characters of a digest that tell one file from the others.
const SHORT: usize = 8;

/// What is asked for: which version, and what it is to be granted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Its version, its digest or the beginning of that; nothing is the one before.
    pub to: Option<&'a str>,
    /// The rights that somebody consents to now, `all` for each that it asks for. Without, what was consented to when it was last in use, except for what
    /// was taken back since.
    pub grants: Option<&'a [String]>,
}

/// A way back that was looked at and not taken.
#[derive(Debug, Clone)]
pub struct WayBack {
    pub outlook: Outlook,
    /// What the version would be granted.
    pub granted: Grants,
    bytes: Vec<u8>,
}

impl Plugins {
    /// The versions of a plugin that are kept, the latest installed first.
    pub async fn versions(&self, plugin: &PluginId) -> Result<Vec<Version>, Fault> {
        let versions = self.0.store.plugin_versions(plugin).await.map_err(unavailable)?;
        if versions.is_empty() { Err(Fault::not_found(format_args!("plugin `{plugin}`"))) } else { Ok(versions) }
    }

    /// What going back would do.
    pub async fn way_back(&self, plugin: &PluginId, wanted: Wanted<'_>) -> Result<WayBack, Fault> {
        let versions = self.versions(plugin).await?;
        let standing = self.0.store.plugin(plugin).await.map_err(unavailable)?;
        let standing = standing.ok_or_else(|| Fault::not_found(format_args!("plugin `{plugin}`")))?;
        if self.migration(plugin).await?.is_some_and(|latest| latest.phase.is_open()) {
            let message = "Records are being carried over to a next version. Go back when that is done, or has failed.";
            return Err(Fault::new(ErrorCode::Conflict, message));
        }
        let to = find(plugin, &versions, wanted.to)?;
        if to.in_use {
            return Err(Fault::new(ErrorCode::Conflict, format!("{} is the version in use.", to.version)));
        }
        let bytes = self.0.store.plugin_bytes(plugin, &to.hash).await.map_err(unavailable)?;
        let bytes = bytes.ok_or_else(|| Fault::not_found(format_args!("file of the plugin {plugin}")))?;
        let mut outlook = Box::pin(self.outlook(inspect(&bytes)?)).await?;
        if let Some(from) = &outlook.carries_from {
            let message = format!(
                "{} carries the records of {} over before it is in use: install its file again for that.",
                to.version, from.version
            );
            return Err(Fault::new(ErrorCode::Conflict, message));
        }
        outlook.conflicts.extend(self.carried_over(&outlook.inspected, to, &versions).await?);
        let granted = granted(&outlook.inspected.descriptor, to, &standing, wanted.grants)?;
        Ok(WayBack { outlook, granted, bytes })
    }

    async fn compile_before(&self, plugin: &PluginId, wanted: Wanted<'_>) -> Result<(), Fault> {
        let WayBack { outlook, granted, bytes } = self.way_back(plugin, wanted).await?;
        outlook.fits()?;
        self.compile(bytes, granted).await.map(|_| ())
    }

    /// Makes a version that was kept the one in use, and tells what was done for it.
    pub async fn go_back(&self, plugin: &PluginId, wanted: Wanted<'_>, by: By) -> Result<Outlook, Fault> {
        // Compiled before its turn, so that nobody else waits for that; looked at once more in its turn.
        Box::pin(self.compile_before(plugin, wanted)).await?;
        let done = {
            let _turn = self.0.turn.lock().await;
            let WayBack { outlook, granted, .. } = Box::pin(self.way_back(plugin, wanted)).await?;
            outlook.fits()?;
            let seen = outlook.standing.as_ref().map(|standing| standing.granted_version).unwrap_or_default();
            let change = Change::Version { hash: outlook.inspected.hash, granted: Box::new(granted), seen };
            if !self.0.store.change_plugin(plugin.clone(), change, by).await.map_err(unavailable)? {
                return Err(Fault::new(ErrorCode::Conflict, "The versions changed meanwhile. Nothing was changed."));
            }
            outlook
        };
        self.reload().await?;
        Ok(done)
    }

    /// Collections whose records a later version carried over into a form that the earlier one never knew.
    async fn carried_over(
        &self,
        to: &Inspected,
        version: &Version,
        versions: &[Version],
    ) -> Result<Vec<SchemaConflict>, Fault> {
        let mut conflicts: Vec<SchemaConflict> = Vec::new();
        let tables = self.0.registry.current().catalog.clone();
        for later in later(version, versions) {
            let Some(migration) = parse(&later.descriptor).ok().and_then(|descriptor| descriptor.migration) else {
                continue;
            };
            if !versions.iter().any(|it| it.installed_at < later.installed_at && migration.covers(&it.version)) {
                continue;
            }
            for local in &migration.collections {
                let collection = CollectionName::new(&to.descriptor.id, local);
                let known = to.descriptor.collection(local.as_str()).is_some() && tables.schema(&collection).is_some();
                if !known || conflicts.iter().any(|conflict| conflict.collection == collection) {
                    continue;
                }
                let records = self.0.store.rows_of(std::slice::from_ref(&collection)).await.map_err(unavailable)?;
                let message = format!(
                    "{} has carried its records over, {records} by now, and {} knows nothing of what they became. Install a \
                     version that carries them over once more",
                    later.version, version.version
                );
                if records > 0 {
                    conflicts.push(SchemaConflict {
                        collection,
                        field: String::new(),
                        message,
                        records,
                        examples: Vec::new(),
                    });
                }
            }
        }
        Ok(conflicts)
    }
}

/// Those that were in use after it, up to the one that is.
fn later<'a>(version: &Version, versions: &'a [Version]) -> impl Iterator<Item = &'a Version> {
    let last = versions.iter().find(|it| it.in_use).map_or(i64::MAX, |it| it.installed_at);
    let first = version.installed_at;
    versions.iter().filter(move |it| it.installed_at > first && it.installed_at <= last)
}

/// The version that is meant.
fn find<'a>(plugin: &PluginId, versions: &'a [Version], to: Option<&str>) -> Result<&'a Version, Fault> {
    let Some(named) = to else {
        let mut before = versions.iter().skip_while(|version| !version.in_use).skip(1);
        return before.next().ok_or_else(|| {
            Fault::new(ErrorCode::Conflict, format!("No version of {plugin} is kept from before the one in use."))
        });
    };
    let short = named.len() >= SHORT && named.bytes().all(|b| b.is_ascii_hexdigit());
    let meant = |version: &&Version| {
        version.version == named || short && hex::encode(version.hash).starts_with(&named.to_ascii_lowercase())
    };
    let mut found = versions.iter().filter(meant);
    match (found.next(), found.next()) {
        (Some(version), None) => Ok(version),
        (Some(_), Some(_)) => {
            Err(Fault::at("/to", "ambiguous", format!("Several files are kept as `{named}`: name one by its digest.")))
        }
        (None, _) => {
            let kept: Vec<_> = versions.iter().map(|version| version.version.as_str()).collect();
            let message = format!("There is no `{named}` among the versions that are kept: {}.", kept.join(", "));
            Err(Fault::at("/to", "unknown-version", message))
        }
    }
}

/// What the version may do. What its calls may use goes on as it is set.
fn granted(
    descriptor: &Descriptor,
    to: &Version,
    standing: &Installed,
    named: Option<&[String]>,
) -> Result<Grants, Fault> {
    let bounds = &standing.granted.bounds;
    if let Some(named) = named {
        let all = named.iter().any(|name| name == "all");
        let grants = if all { descriptor.grants.clone() } else { descriptor.grants.chosen(named) };
        return Ok(Grants { bounds: grants.bounds.or(bounds), ..grants });
    }
    let asked = parse(&standing.descriptor).map_err(|_| Fault::internal())?.grants;
    // The version in use asks for these, and somebody has said no.
    let refused = asked.missing_from(&standing.granted);
    let consented = to.granted.missing_from(&Grants::default());
    let named: Vec<String> = consented.into_iter().filter(|right| !refused.contains(right)).collect();
    let grants = descriptor.grants.chosen(&named);
    Ok(Grants { bounds: bounds.or(&to.granted.bounds), ..grants })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::descriptor::Capability;

    fn version(number: u8, in_use: bool, installed_at: i64) -> Version {
        Version {
            version: format!("0.{number}.0"),
            title: "Tools".to_owned(),
            hash: [number; 32],
            descriptor: String::new(),
            granted: Grants::default(),
            installed_at,
            installed_by: None,
            in_use,
        }
    }

    #[test]
    fn a_version_is_named_by_its_number_or_its_digest_and_is_the_one_before_where_none_is() {
        let id: PluginId = "tools".parse().unwrap();
        let versions = [version(3, false, 30), version(2, true, 20), version(1, false, 10)];
        let named = |to: Option<&str>| find(&id, &versions, to).map(|it| it.version.clone());
        assert_eq!(named(None).unwrap(), "0.1.0");
        assert_eq!(named(Some("0.3.0")).unwrap(), "0.3.0");
        assert_eq!(named(Some("03030303")).unwrap(), "0.3.0");
        assert_eq!(named(Some(&hex::encode([2; 32]))).unwrap(), "0.2.0");
        for unknown in ["0.4.0", "030", "", "0.3"] {
            assert_eq!(named(Some(unknown)).unwrap_err().issues[0].code, "unknown-version", "{unknown}");
        }
        let twice = [version(3, true, 30), Version { hash: [9; 32], ..version(1, false, 20) }, version(1, false, 10)];
        assert_eq!(find(&id, &twice, Some("0.1.0")).unwrap_err().issues[0].code, "ambiguous");
        assert_eq!(find(&id, &versions[2..], None).unwrap_err().code, ErrorCode::Conflict);
        let between: Vec<_> = later(&versions[2], &versions).map(|it| it.version.as_str()).collect();
        assert_eq!(between, ["0.2.0"], "what was left again is not in its way");
    }

    #[test]
    fn what_was_taken_back_since_does_not_come_back_and_bounds_go_on() {
        let descriptor = |grants: &str| {
            parse(&format!(
                "id = \"tools\"\nversion = \"0.1.0\"\ntitle = \"Tools\"\napi = \"0.1\"\n[grants]\n{grants}\n"
            ))
            .unwrap()
        };
        let before = descriptor("interfaces = [\"records\", \"people\"]\nmail = true\nlinks = true");
        let to = Version { granted: before.grants.clone(), descriptor: String::new(), ..version(1, false, 10) };
        let text = "id = \"tools\"\nversion = \"0.2.0\"\ntitle = \"Tools\"\napi = \"0.1\"\n[grants]\n\
                    interfaces = [\"records\"]\nmail = true\n";
        let standing = Installed {
            id: "tools".parse().unwrap(),
            version: "0.2.0".to_owned(),
            title: "Tools".to_owned(),
            hash: [2; 32],
            descriptor: text.to_owned(),
            granted: Grants {
                interfaces: vec![Capability::Records],
                bounds: serde_json::from_str("{\"instances\":3}").unwrap(),
                ..Grants::default()
            },
            active: true,
            enabled_by_default: false,
            installed_at: 20,
            installed_by: None,
            brought: false,
            granted_version: 1,
        };
        let again = granted(&before, &to, &standing, None).unwrap();
        assert_eq!(again.interfaces, [Capability::Records, Capability::People]);
        assert!(!again.mail && again.links, "mail was taken back, links were not asked for any more");
        assert_eq!(again.bounds.instances, Some(3));
        let consented = granted(&before, &to, &standing, Some(&["mail".to_owned()])).unwrap();
        assert!(consented.mail && consented.interfaces.is_empty());
    }
}
