//! Identifiers: UUIDv7 throughout, so that they sort by creation, and one newtype for each thing that must not be mixed up.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// A UUID that names a record. Clients may supply one on create; it must be a version 7 UUID then.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(Uuid);

/// The text is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057")]
pub struct NotAnId;

impl Id {
    /// A fresh version 7 identifier for the given instant. `random` supplies the 74 random bits, so that time and
    /// chance stay parameters.
    pub fn from_parts(unix_micros: i64, random: [u8; 10]) -> Self {
        let millis = u64::try_from(unix_micros / 1000).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// A fresh version 7 identifier of the process's own clock and generator: they carry order, not a fact.
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }

    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    pub const fn uuid(self) -> Uuid {
        self.0
    }

    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    pub fn bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Room for an identifier as text.
    pub const WRITTEN: [u8; uuid::fmt::Hyphenated::LENGTH] = [0; uuid::fmt::Hyphenated::LENGTH];

    /// Its text, without asking for memory.
    pub fn write(self, room: &mut [u8; uuid::fmt::Hyphenated::LENGTH]) -> &str {
        self.0.hyphenated().encode_lower(room)
    }

    /// Whether this is a version 7 UUID, the only kind that a client may supply.
    pub fn is_v7(self) -> bool {
        self.0.get_version_num() == 7
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        // Only the canonical hyphenated form: one identifier has one spelling.
        if text.len() != 36 {
            return Err(NotAnId);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| NotAnId)
    }
}

macro_rules! id_of {
    ($(#[$doc:meta] $name:ident),+ $(,)?) => {$(
        #[$doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Id);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.parse().map(Self)
            }
        }
    )+};
}

id_of! {
    /// An organization: the tenant. The host alone puts it into statements; a guest has no way to name one.
    OrganizationId,
    /// A person, who may belong to several organizations.
    PersonId,
    /// One request, as in `X-Request-Id` and in every problem.
    RequestId,
}
