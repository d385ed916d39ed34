//! What holds whatever is entered, moved and removed: nothing overlaps, and what is locked stays as it is.

use super::*;
use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

/// Somebody's deed: an entry of minutes from the first to the second, an entry moved there, or one removed.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Enter(i64, i64),
    Move(usize, i64, i64),
    Remove(usize),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let span = || (0..240_i64, 1..60_i64).prop_map(|(from, length)| (from, from + length));
    let deed = prop_oneof![
        4 => span().prop_map(|(from, until)| Deed::Enter(from, until)),
        2 => (0..6_usize, span()).prop_map(|(nth, (from, until))| Deed::Move(nth, from, until)),
        1 => (0..6_usize).prop_map(Deed::Remove),
    ];
    prop::collection::vec(deed, 1..20)
}

/// Minutes of the night in which the clocks of London go back, so that an hour is there twice.
fn minute(after: i64) -> Instant {
    Instant::from_micros(at("2026-10-24T23:30:00Z").micros() + after * 60_000_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn time_is_let_in_exactly_where_it_meets_no_other_time_of_the_same_person(deeds in deeds()) {
        let mut host = host();
        boss(&mut host);
        let (project, _) = kitchen(&mut host);
        let mut known: Vec<(Id, i64, i64)> = Vec::new();
        for deed in deeds {
            let clear = |known: &[(Id, i64, i64)], but: Option<Id>, from: i64, until: i64| {
                known.iter().all(|(id, start, end)| Some(*id) == but || until <= *start || *end <= from)
            };
            let times = |from: i64, until: i64| {
                json!({
                    "project": project, "zone": "Europe/London", "started_at": minute(from).to_string(),
                    "ended_at": minute(until).to_string()
                })
            };
            match deed {
                Deed::Enter(from, until) => {
                    let made = host.insert("entries", times(from, until));
                    prop_assert_eq!(made.is_ok(), clear(&known, None, from, until), "{:?}: {:?}", deed, made);
                    match made {
                        Ok(id) => known.push((id, from, until)),
                        Err(fault) => prop_assert!(codes(&fault).iter().all(|code| *code == ("/started_at", "overlap"))),
                    }
                }
                Deed::Move(nth, from, until) => {
                    let Some((id, ..)) = known.get(nth).copied() else { continue };
                    let made = host.update("entries", id, times(from, until));
                    prop_assert_eq!(made.is_ok(), clear(&known, Some(id), from, until), "{:?}: {:?}", deed, made);
                    if made.is_ok() {
                        known[nth] = (id, from, until);
                    }
                }
                Deed::Remove(nth) => {
                    if nth < known.len() {
                        host.remove("entries", known.remove(nth).0).unwrap();
                    }
                }
            }
            let page = host.find(select("entries").columns(["duration"])).unwrap();
            let seconds: i64 = page.records().map(|row| row.integer("duration").unwrap()).sum();
            let minutes: i64 = known.iter().map(|(_, from, until)| until - from).sum();
            prop_assert_eq!(seconds, minutes * 60, "what is there is what was let in, and as long as it took");
        }
    }

    #[test]
    fn what_is_locked_neither_comes_nor_goes_nor_changes(
        locked in 0..12_i32,
        day in 0..12_i32,
        to in 0..12_i32,
        allowance in any::<bool>(),
    ) {
        let mut host = host();
        boss(&mut host);
        let (project, _) = kitchen(&mut host);
        let of = |offset: i32| day_after(offset).to_string();
        let collection = if allowance { "allowances" } else { "entries" };
        let kind = host.insert("allowance-kinds", json!({ "name": "Meal" })).unwrap();
        let body = |offset: i32| {
            if allowance {
                json!({ "kind": kind, "quantity": "1", "local_date": of(offset) })
            } else {
                json!({ "project": project, "duration": 3600, "local_date": of(offset) })
            }
        };
        let there = host.insert(collection, body(day)).unwrap();
        let before = host.record(collection, there).unwrap();
        host.insert("periods", json!({ "locked_until": of(locked) })).unwrap();
        let refused = |made: Result<(), Fault>| made.err().map(|fault| fault.code);
        let when = |shut: bool| shut.then_some(ErrorCode::Locked);
        prop_assert_eq!(refused(host.insert(collection, body(to)).map(|_| ())), when(to <= locked));
        let moved = host.update(collection, there, json!({ "local_date": of(to) }));
        prop_assert_eq!(refused(moved), when(day.min(to) <= locked));
        let now = if day.min(to) > locked { to } else { day };
        prop_assert_eq!(refused(host.update(collection, there, json!({ "note": "x" }))), when(now <= locked));
        prop_assert_eq!(refused(host.remove(collection, there)), when(now <= locked));
        if day <= locked {
            prop_assert_eq!(host.record(collection, there).unwrap(), before);
        }
    }
}

fn day_after(offset: i32) -> Date {
    day("2026-11-02").plus_days(offset).unwrap()
}
