//! Writers that share a value of a declared `serialize` field take turns, so that a guard that pins such a value sees
//! what the other wrote. Here each such value becomes the number by which the database keeps them apart.

use lignaflow_core::commit::Commit;
use lignaflow_core::name::CollectionName;
use lignaflow_core::{OrganizationId, Value};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Numbers of one field of an organization's collection. Two values may share one and wait for each other without need;
/// in exchange a batch never takes more locks than the server has room for.
const NUMBERS: u64 = 1024;

/// The turns that a commit takes, in their order.
pub(super) fn of(commit: &Commit) -> Vec<i64> {
    let organization = commit.access.organization();
    let of_changes = commit.changes.iter().flat_map(|change| {
        change.serialize.iter().map(|(field, value)| turn(organization, &change.schema.name, field, value))
    });
    let of_guards = commit.guards.iter().map(|guard| {
        let (field, value) = &guard.serialize;
        turn(organization, &guard.schema.name, field, value)
    });
    of_changes.chain(of_guards).collect::<BTreeSet<_>>().into_iter().collect()
}

fn turn(organization: OrganizationId, collection: &CollectionName, field: &str, value: &Value) -> i64 {
    let of = format!("{organization} {collection} {field}");
    let number = digest(value.to_json().to_string().as_bytes()) % NUMBERS;
    // Only that it is the same for all matters, so the sign does not.
    (digest(of.as_bytes()) ^ number).cast_signed()
}

fn digest(bytes: &[u8]) -> u64 {
    Sha256::digest(bytes).iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::turn;
    use lignaflow_core::{Id, OrganizationId, Value};

    #[test]
    fn a_value_has_one_turn_in_its_organization() {
        let (one, other) = (OrganizationId(Id::fresh()), OrganizationId(Id::fresh()));
        let collection = "shop/orders".parse().unwrap();
        let of = |organization, value: &str| turn(organization, &collection, "number", &Value::Text(value.to_owned()));
        assert_eq!(of(one, "a"), of(one, "a"));
        assert_ne!(of(one, "a"), of(one, "b"));
        assert_ne!(of(one, "a"), of(other, "a"));
    }
}
