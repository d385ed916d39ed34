//! Which plugins the instance has, in which versions, and which organizations use them. What changes them ([`changes`])
//! moves the registry's version in the same transaction, so that other hosts notice by asking for a number; what reads
//! them ([`reads`]) gives a registry all it is built from. A version that carries records over first waits in
//! [`migrations`].

mod asides;
pub(crate) mod changes;
mod consents;
mod figures;
pub(crate) mod migrations;
mod reads;
mod uploads;

pub use asides::Aside;
pub use changes::{By, Change, Granted, NewVersion, Switched};
pub use consents::Consented;
pub use figures::{Figure, Joined, Noted};
pub use migrations::{DataMigration, MigrationPlace, Phase, Step};
pub use reads::{Installed, Registered, Switch, Version};

/// Whether an organization's plugin of a row `j` is on, in SQL.
macro_rules! is_on {
    () => {
        "exists (select 1 from plugins p left join plugin_switches s on s.organization = j.organization \
         and s.plugin = p.id where p.id = j.plugin and p.active and coalesce(s.enabled, p.enabled_by_default) \
         and not coalesce(s.waits, false))"
    };
}
pub(crate) use is_on;

/// How many versions of one plugin are kept, the one in use included.
const VERSIONS_KEPT: u32 = 8;
