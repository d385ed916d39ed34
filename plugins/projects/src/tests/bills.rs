//! Bills of suppliers, one line after the other, also as a file brings them.

use super::*;
use proptest::prelude::any;
use std::collections::BTreeMap;

/// A row of a file of bills: whose, which and of how much.
type Row = (Option<u8>, u8, i64);

fn supplier(number: u8, shouting: bool) -> String {
    let name = format!("Timber {number}");
    if shouting { name.to_uppercase() } else { name }
}

/// Brings rows in as an import does: in one batch, without line numbers.
fn bring(host: &mut Host, project: Id, rows: &[Row], shouting: bool) -> (Vec<Id>, Result<(), Fault>) {
    let ids: Vec<Id> = rows.iter().map(|_| host.new_id()).collect();
    let writes = ids.iter().zip(rows).map(|(id, (of, reference, minor))| {
        insert("costs", *id)
            .set("project", project)
            .set("title", "Oak")
            .set("supplier", of.map(|of| supplier(of, shouting)))
            .set("reference", format!("T-{reference}"))
            .set("amount", Money { minor: *minor, currency: Currency::AUD })
    });
    let writes: Vec<_> = writes.collect();
    let answer = host.batch(writes);
    (ids, answer)
}

fn line(host: &Host, id: Id) -> Option<i64> {
    host.fields("costs", id).unwrap().integer("line")
}

#[test]
fn a_bill_of_several_lines_needs_no_line_numbers_and_comes_in_once() {
    let mut host = host();
    let kitchen = project(&mut host, "Kitchen");
    let rows = [(Some(1), 7, 100), (Some(2), 7, 200), (Some(1), 7, 300), (None, 7, 400), (None, 7, 500)];
    let (ids, answer) = bring(&mut host, kitchen, &rows, false);
    answer.unwrap();
    assert_eq!(ids.iter().map(|id| line(&host, *id)).collect::<Vec<_>>(), [1, 1, 2, 1, 2].map(Some));

    let (_, again) = bring(&mut host, kitchen, &rows, true);
    let fault = again.unwrap_err();
    assert_eq!(fault.code, ErrorCode::Conflict);
    let places: Vec<String> = (0..5).map(|row| format!("/{row}/reference")).collect();
    assert_eq!(codes(&fault), places.iter().map(|place| (place.as_str(), "duplicate")).collect::<Vec<_>>());
    let said = |at: usize| fault.issues[at].message.as_str();
    let further = "is entered already. Where this is a further line of it, give it a number from";
    assert_eq!(said(0), format!("Bill T-7 of TIMBER 1 {further} 3 on."));
    assert_eq!(said(3), format!("Bill T-7, which names no supplier, {further} 3 on."));
    assert_eq!(host.count("costs", all([])), Ok(5));
}

#[test]
fn a_further_line_is_numbered_and_one_that_is_there_is_told() {
    let mut host = host();
    let kitchen = project(&mut host, "Kitchen");
    let bill = |line: Option<i64>| {
        json!({
            "title": "Oak", "project": kitchen, "reference": "T-7", "line": line,
            "amount": { "minor": 100, "currency": "AUD" }
        })
    };
    let first = host.insert("costs", bill(None)).unwrap();
    assert_eq!(line(&host, first), Some(1));
    assert_eq!(codes(&host.insert("costs", bill(None)).unwrap_err()), [("/reference", "duplicate")]);
    let fault = host.insert("costs", bill(Some(1))).unwrap_err();
    assert_eq!((fault.code, codes(&fault)), (ErrorCode::Conflict, vec![("/line", "duplicate")]));
    let second = host.insert("costs", bill(Some(2))).unwrap();
    assert_eq!(codes(&host.update("costs", second, json!({ "line": 1 })).unwrap_err()), [("/line", "duplicate")]);

    // What is archived makes room, and comes back only while nothing is in its place.
    host.remove("costs", first).unwrap();
    host.update("costs", second, json!({ "line": 1 })).unwrap();
    assert_eq!(host.restore("costs", first).unwrap_err().code, ErrorCode::Conflict);
    // Without a number of its bill a cost is of none, and has no line.
    let mut cash = bill(None);
    cash["reference"] = json!(null);
    let cash = host.insert("costs", cash).unwrap();
    assert_eq!(line(&host, cash), None);
    // Other faults are told along, and are what it is refused for.
    let mut wrong = bill(Some(1));
    wrong["tax"] = json!({ "minor": 1, "currency": "EUR" });
    let fault = host.insert("costs", wrong).unwrap_err();
    assert_eq!(fault.code, ErrorCode::Invalid);
    assert_eq!(codes(&fault), [("/tax", "currency"), ("/line", "duplicate")]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// However bills are mixed in a file, the lines of each are 1, 2, 3 … in its order; the same file again makes nothing,
    /// and tells each of its rows; what another file adds is made but for the bills that are there.
    #[test]
    fn lines_are_numbered_in_their_order_and_a_file_that_comes_twice_makes_nothing_twice(
        rows in prop::collection::vec((prop::option::of(0..3_u8), 0..4_u8, 1..10_000_i64), 1..40), shouting in any::<bool>(),
    ) {
        let mut host = host();
        let kitchen = project(&mut host, "Kitchen");
        let (ids, answer) = bring(&mut host, kitchen, &rows, false);
        prop_assert!(answer.is_ok(), "{:?}", answer);
        let mut counted: BTreeMap<(Option<u8>, u8), i64> = BTreeMap::new();
        for (id, (of, reference, minor)) in ids.iter().zip(&rows) {
            let next = counted.entry((*of, *reference)).or_default();
            *next += 1;
            prop_assert_eq!(line(&host, *id), Some(*next));
            prop_assert_eq!(host.fields("costs", *id).unwrap().money("amount").unwrap().minor, *minor);
        }
        let (_, again) = bring(&mut host, kitchen, &rows, shouting);
        let fault = again.unwrap_err();
        let places: Vec<String> = (0..rows.len()).map(|row| format!("/{row}/reference")).collect();
        prop_assert_eq!(codes(&fault), places.iter().map(|place| (place.as_str(), "duplicate")).collect::<Vec<_>>());
        prop_assert_eq!(host.count("costs", all([])), Ok(rows.len() as u64));
        let new = (Some(9), 0, 1);
        let (_, more) = bring(&mut host, kitchen, &[new], shouting);
        prop_assert!(more.is_ok());
    }
}
