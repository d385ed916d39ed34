//! Which days are public holidays, and where.

use lignaflow_sdk::prelude::{Date, ReadFields};
use std::collections::{BTreeMap, BTreeSet};

/// The columns that a holiday is read by.
pub const COLUMNS: [&str; 3] = ["id", "day", "zone"];

/// Days with the zones that they are holidays in; everywhere where there is none.
#[derive(Debug, Clone, Default)]
pub struct Holidays {
    known: BTreeMap<Date, BTreeSet<Option<String>>>,
}

impl Holidays {
    pub fn of(rows: impl Iterator<Item = impl ReadFields>) -> Self {
        let mut known: BTreeMap<Date, BTreeSet<Option<String>>> = BTreeMap::new();
        for row in rows {
            if let Some(day) = row.date("day") {
                known.entry(day).or_default().insert(row.text("zone").map(str::to_owned));
            }
        }
        Self { known }
    }

    /// Whether a day is one in a zone.
    pub fn is_one(&self, day: Date, zone: &str) -> bool {
        let zones = self.known.get(&day).into_iter().flatten();
        zones.into_iter().any(|of| of.as_deref().is_none_or(|of| of == zone))
    }
}
