//! The ids of records that an import makes: each follows from the import and the row, so that a slice which is carried out
//! again after a crash makes nothing twice, and rows keep their order.

use lignaflow_core::clock::Micros;
use lignaflow_core::id::Id;
use sha2::{Digest as _, Sha256};

/// The id of the record that a row makes: version 7, of the time at which the import was made; then 32 bits of the row, then
/// 42 of the import.
pub(super) fn record(import: Id, made_at: Micros, row: u32) -> Id {
    let digest = Sha256::digest(import.bytes());
    let low = |value: u32| u8::try_from(value & 0xff).unwrap_or_default();
    let random = [
        low(row >> 28),
        low(row >> 20),
        low(row >> 14) & 0x3f,
        low(row >> 6),
        ((low(row) & 0x3f) << 2) | (digest[0] & 3),
        digest[1],
        digest[2],
        digest[3],
        digest[4],
        digest[5],
    ];
    Id::from_parts(made_at, random)
}

/// The row that made a record, where it was one of this import.
pub(super) fn row(import: Id, made_at: Micros, id: Id) -> Option<u32> {
    let bytes = id.bytes();
    let row = (u32::from(bytes[6] & 0x0f) << 28)
        | (u32::from(bytes[7]) << 20)
        | (u32::from(bytes[8] & 0x3f) << 14)
        | (u32::from(bytes[9]) << 6)
        | u32::from(bytes[10] >> 2);
    (record(import, made_at, row) == id).then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_knows_its_row_and_its_import_alone() {
        let import = Id::fresh();
        let mut before = None;
        for number in [1, 2, 63, 64, 65, 16_383, 16_384, 1_048_575, 1_048_576, 300_000_000, u32::MAX] {
            let id = record(import, 1_795_000_000_000_000, number);
            assert!(id.is_v7());
            assert_eq!(row(import, 1_795_000_000_000_000, id), Some(number));
            assert_eq!(row(Id::fresh(), 1_795_000_000_000_000, id), None);
            assert!(before < Some(id), "rows keep their order");
            before = Some(id);
        }
    }
}
