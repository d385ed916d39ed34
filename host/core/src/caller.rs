//! Who is asking, in which organization, and what they may. Made by `host/identity` alone, from a session or a token.

use crate::bound::Calendar;
use crate::clock::Micros;
use crate::descriptor::Descriptor;
use crate::error::Fault;
use crate::id::{Id, OrganizationId, PersonId, RequestId};
use crate::name::{LocalName, PluginId};
use crate::value::Currency;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    Person(PersonId),
    /// A plugin on its own account, with its own grants.
    Plugin(PluginId),
    /// Somebody without an account, by a link: what it opens, and nothing else.
    Link(Id),
    Anonymous,
}

/// What a membership makes of a person. Plugins declare further roles beside these three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    Member,
    Admin,
    Owner,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Member, Self::Admin, Self::Owner];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is owner, admin or member")]
pub struct UnknownRole;

/// A right to act. The host's own are words; a plugin's are `plugin.name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permission(pub String);

impl Permission {
    /// Read the records of the organization's plugins.
    pub const READ: &'static str = "records.read";
    /// Create, change and archive them.
    pub const WRITE: &'static str = "records.write";
    /// Switch plugins on and off for the organization.
    pub const SWITCH_PLUGINS: &'static str = "plugins.switch";
    /// Install, upgrade and remove plugins of the instance.
    pub const INSTALL_PLUGINS: &'static str = "instance.plugins";
    /// Change the organization itself and its members.
    pub const ADMINISTER: &'static str = "organization.administer";
    /// Read what was written down of who signed in, and who changed rights, members, tokens and plugins.
    pub const AUDIT: &'static str = "organization.audit";
    /// Show kept lists and reports to people without an account, by a link.
    pub const SHARE: &'static str = "records.share";
    /// Consent to what a plugin may do with the organization's records: its owners'.
    pub const CONSENT: &'static str = "plugins.consent";
    /// The host's own.
    pub const HOST: [&'static str; 8] = [
        Self::READ,
        Self::WRITE,
        Self::SHARE,
        Self::SWITCH_PLUGINS,
        Self::CONSENT,
        Self::INSTALL_PLUGINS,
        Self::ADMINISTER,
        Self::AUDIT,
    ];
    /// Those of the host's own that a role of an organization may bring. The others come with being a member, an
    /// administrator, or the instance's administrator: nobody is made one of these by a role.
    pub const GIVEN: [&'static str; 3] = [Self::SHARE, Self::SWITCH_PLUGINS, Self::AUDIT];
}

/// What plugins add to the rights that members of an organization may be given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    /// As `plugin.name`.
    pub permissions: Vec<String>,
    /// By `plugin.role`.
    pub roles: BTreeMap<String, DeclaredRole>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredRole {
    pub title: String,
    /// As `plugin.name`.
    pub permissions: Vec<String>,
}

impl Declared {
    /// What these descriptors declare.
    pub fn by<'a>(descriptors: impl IntoIterator<Item = &'a Descriptor>) -> Self {
        let mut declared = Self::default();
        for descriptor in descriptors {
            let full = |name: &LocalName| format!("{}.{name}", descriptor.id);
            declared.permissions.extend(descriptor.permissions.keys().map(full));
            declared.roles.extend(descriptor.roles.iter().map(|(name, role)| {
                let permissions = role.permissions.iter().map(full).collect();
                (full(name), DeclaredRole { title: role.title.clone(), permissions })
            }));
        }
        declared
    }

    /// Everything that these roles bring. One that is not declared any more brings nothing.
    pub fn brought<'a>(&'a self, roles: &'a [String]) -> impl Iterator<Item = &'a String> {
        roles.iter().filter_map(|role| self.roles.get(role)).flat_map(|role| &role.permissions)
    }
}

/// What somebody holds. Shared: whoever asks again holds the same, and what follows from it is looked up by it.
#[derive(Debug, Clone, Default)]
pub struct Permissions(Arc<Held>);

#[derive(Debug, Clone, Default)]
struct Held {
    names: BTreeSet<String>,
    /// Of the names, once it was asked for.
    hash: OnceLock<u64>,
}

impl Deref for Permissions {
    type Target = BTreeSet<String>;

    fn deref(&self) -> &BTreeSet<String> {
        &self.0.names
    }
}

impl DerefMut for Permissions {
    fn deref_mut(&mut self) -> &mut BTreeSet<String> {
        let held = Arc::make_mut(&mut self.0);
        held.hash = OnceLock::new();
        &mut held.names
    }
}

impl PartialEq for Permissions {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.names == other.0.names
    }
}

impl Eq for Permissions {}

impl Hash for Permissions {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let of_names = || {
            let mut hasher = DefaultHasher::new();
            self.0.names.hash(&mut hasher);
            hasher.finish()
        };
        state.write_u64(*self.0.hash.get_or_init(of_names));
    }
}

impl From<BTreeSet<String>> for Permissions {
    fn from(names: BTreeSet<String>) -> Self {
        Self(Arc::new(Held { names, hash: OnceLock::new() }))
    }
}

impl<const N: usize> From<[String; N]> for Permissions {
    fn from(names: [String; N]) -> Self {
        BTreeSet::from(names).into()
    }
}

impl FromIterator<String> for Permissions {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        names.into_iter().collect::<BTreeSet<_>>().into()
    }
}

/// The facts about the caller of one request, and what follows from them.
#[derive(Debug, Clone)]
pub struct Caller {
    pub organization: OrganizationId,
    pub principal: Principal,
    pub role: Option<Role>,
    /// Everything the caller holds, already narrowed to the scope of the token in use.
    pub permissions: Permissions,
    /// BCP 47, such as `en-AU`.
    pub locale: String,
    /// IANA, such as `Australia/Sydney`.
    pub time_zone: String,
    pub currency: Currency,
    /// Where the organization's weeks and fiscal years begin.
    pub calendar: Calendar,
    pub request_id: RequestId,
    pub now: Micros,
}

impl Caller {
    pub fn holds(&self, permission: &str) -> bool {
        self.permissions.contains(permission)
    }

    pub fn person(&self) -> Option<PersonId> {
        match self.principal {
            Principal::Person(person) => Some(person),
            _ => None,
        }
    }

    /// The day that it is now where the caller is; nothing where their time zone is not known.
    pub fn today(&self) -> Option<i32> {
        let instant = jiff::Timestamp::from_microsecond(self.now).ok()?;
        let zone = jiff::tz::TimeZone::get(&self.time_zone).ok()?;
        Some(crate::value::date_days(instant.to_zoned(zone).date()))
    }

    /// Whether their day is known: [`Caller::today`] without reckoning it.
    pub fn has_day(&self) -> bool {
        jiff::Timestamp::from_microsecond(self.now).is_ok() && jiff::tz::TimeZone::get(&self.time_zone).is_ok()
    }

    /// The right to read records of this organization, as the value that reading takes.
    pub fn to_read(&self) -> Result<Access<'_>, Fault> {
        self.access(Permission::READ, "You may not read records here.")
    }

    /// The right to change records of this organization, as the value that writing takes.
    pub fn to_write(&self) -> Result<Access<'_>, Fault> {
        self.access(Permission::WRITE, "You may not change records here.")
    }

    /// The link by which somebody asks.
    pub fn link(&self) -> Option<Id> {
        match self.principal {
            Principal::Link(link) => Some(link),
            _ => None,
        }
    }

    fn access(&self, permission: &str, refusal: &str) -> Result<Access<'_>, Fault> {
        if self.holds(permission) {
            Ok(Access { organization: self.organization, viewer: Some(self) })
        } else {
            Err(Fault::denied(refusal))
        }
    }
}

/// Proof that somebody may act on the records of one organization. Only [`Caller`] makes one, and [`Access::of_plugin`]
/// for what the host reads on a plugin's account; every statement of the store takes its organization from here, and of
/// a caller's the access rules of what it reads.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    organization: OrganizationId,
    viewer: Option<&'a Caller>,
}

impl<'a> Access<'a> {
    /// The access of hooks, guards and the host's own checks, which see all records of the organization.
    pub const fn of_plugin(organization: OrganizationId) -> Access<'static> {
        Access { organization, viewer: None }
    }

    pub const fn organization(self) -> OrganizationId {
        self.organization
    }

    /// Whose access rules hold; `None` where all is seen.
    pub const fn viewer(self) -> Option<&'a Caller> {
        self.viewer
    }

    /// The same organization in full: for what the host checks itself, and tells nobody.
    pub const fn unbound(self) -> Access<'static> {
        Access { organization: self.organization, viewer: None }
    }
}
