//! Ids that are the same whenever they are made of the same, so that what is brought in twice is there once.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// Of one organization: two that bring in the same have records of their own.
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    seed: String,
}

impl Ids {
    pub(crate) fn of_organization(id: &str) -> Self {
        Self { seed: id.to_owned() }
    }

    /// A UUID of version 7 (RFC 9562, 5.7): the moment that a row tells of first, so that records sort as they came to
    /// be, and a digest of what the row is called for the rest.
    pub(crate) fn of(&self, what: &str, key: &str, at: Option<Timestamp>) -> String {
        let millis = at.map_or(0, Timestamp::as_millisecond).clamp(0, (1 << 48) - 1);
        let hex = hex::encode(Sha256::digest(format!("{}/{what}/{key}", self.seed)));
        let time = format!("{millis:012x}");
        format!("{}-{}-7{}-8{}-{}", &time[..8], &time[8..], &hex[..3], &hex[3..6], &hex[6..18])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_what_it_is_made_of_and_of_nothing_else() {
        let (one, other) = (Ids::of_organization("a"), Ids::of_organization("b"));
        let at: Timestamp = "2025-03-04T05:06:07Z".parse().unwrap();
        let id = one.of("tasks", "7", Some(at));
        assert_eq!(id, one.of("tasks", "7", Some(at)));
        assert!(id != other.of("tasks", "7", Some(at)) && id != one.of("tasks", "8", Some(at)));
        assert_eq!((id.len(), &id[14..15], &id[19..20]), (36, "7", "8"));
    }
}
