//! Which plugins the instance has, in which versions, and which organizations use them. What changes them ([`changes`])
//! moves the registry's version in the same transaction, so that other hosts notice by asking for a number; what reads
//! them ([`reads`]) gives a registry all it is built from.

pub(crate) mod changes;
mod reads;
mod uploads;

pub use changes::{By, Change, NewVersion};
pub use reads::{Installed, Registered, Switch, Version};

/// How many versions of one plugin are kept, the one in use included.
const VERSIONS_KEPT: u32 = 8;
