//! A place in the change log of an organization, between two changes.

use std::fmt;
use std::str::FromStr;

/// As text it is `transaction.sequence`; on SQLite, which has one writer, the transaction is always 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPosition {
    pub transaction: u64,
    pub sequence: i64,
}

/// The text is not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a position in the change log, such as 4711.12")]
pub struct NotAPosition;

impl LogPosition {
    /// The number of the change that it stands behind.
    pub const fn sequence(self) -> i64 {
        self.sequence
    }

    /// Before the first change.
    pub const START: Self = Self { transaction: 0, sequence: 0 };
}

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.transaction, self.sequence)
    }
}

impl FromStr for LogPosition {
    type Err = NotAPosition;
    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        let (transaction, sequence) = text.split_once('.').ok_or(NotAPosition)?;
        let transaction = transaction.parse().map_err(|_| NotAPosition)?;
        let sequence = sequence.parse().map_err(|_| NotAPosition)?;
        Ok(Self { transaction, sequence })
    }
}

#[cfg(test)]
mod tests {
    use super::LogPosition;

    #[test]
    fn a_position_reads_back() {
        assert_eq!("4711.12".parse::<LogPosition>().unwrap().to_string(), "4711.12");
        assert!("4711".parse::<LogPosition>().is_err());
    }
}
