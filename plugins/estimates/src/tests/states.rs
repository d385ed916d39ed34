//! Whatever is tried with an estimate, in whatever order: its revisions reach only states that are declared, by verbs that
//! lead there, and what is locked takes no edit, no insert and no removal.

use super::*;
use lignaflow_sdk::testing::MemoryHost;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

/// Where each verb leads, and from where: written down here a second time.
const VERBS: [(&str, &[&str], &str); 10] = [
    ("submit", &["draft"], "in-review"),
    ("return", &["in-review"], "draft"),
    ("issue", &["draft", "in-review"], "issued"),
    ("view", &["issued"], "viewed"),
    ("accept", &["issued", "viewed"], "accepted"),
    ("decline", &["issued", "viewed"], "declined"),
    ("withdraw", &["issued", "viewed"], "withdrawn"),
    ("expire", &["issued", "viewed"], "expired"),
    // Code alone makes these.
    ("supersede", &[], "superseded"),
    ("convert", &[], "converted"),
];

#[derive(Debug, Clone)]
enum Step {
    /// A verb of one of the revisions.
    Verb(usize, usize),
    Revise(usize),
    /// What waits in the background.
    Jobs,
    /// So many days go by.
    Days(i64),
    Edit(usize),
    Status(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (any::<usize>(), 0..VERBS.len()).prop_map(|(of, verb)| Step::Verb(of, verb)),
        1 => any::<usize>().prop_map(Step::Revise),
        1 => Just(Step::Jobs),
        1 => prop_oneof![Just(1), Just(31)].prop_map(Step::Days),
        2 => any::<usize>().prop_map(Step::Edit),
        1 => (any::<usize>(), 0..VERBS.len()).prop_map(|(of, to)| Step::Status(of, to)),
    ]
}

/// A revision with a line of it.
struct Known {
    revision: Id,
    section: Id,
    line: Id,
}

fn known(host: &MemoryHost<Estimates>, revision: Id) -> Known {
    let first = |collection: &str| {
        let page = host.find(select(collection).columns(["id"]).filter(field("revision").eq(revision))).unwrap();
        page.records().next().unwrap().reference("id").unwrap()
    };
    Known { revision, section: first("sections"), line: first("lines") }
}

/// Every way in which what a revision says would change.
fn edits(host: &mut Host, known: &Known) -> Vec<Result<(), Fault>> {
    let part = json!({ "revision": known.revision, "section": known.section, "description": "More" });
    let line = host.insert("lines", part);
    let made = line.as_ref().ok().copied();
    let section = host.insert("sections", json!({ "revision": known.revision, "title": "More" }));
    let payment = host.insert("payments", json!({ "revision": known.revision, "title": "Later", "share": 1 }));
    // A schedule has so many parts and no more.
    let payment = payment.and_then(|payment| host.remove("payments", payment));
    let mut tried = vec![
        line.map(|_| ()),
        section.map(|_| ()),
        payment,
        host.update("revisions", known.revision, json!({ "terms": format!("Terms {}", host.new_id()) })),
        host.update("lines", known.line, json!({ "description": format!("Line {}", host.new_id()) })),
        host.update("sections", known.section, json!({ "title": format!("Section {}", host.new_id()) })),
    ];
    let gone = host.remove("lines", made.unwrap_or(known.line));
    tried.push(gone);
    tried
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn revisions_reach_declared_states_alone_and_what_is_locked_stays_as_it_is(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut host = host();
        host.caller.permissions.push("organization.administer".to_owned());
        let begun = begin(&mut host, "Kitchen");
        begun.priced(&mut host, "100", json!({}));
        let mut revisions = vec![known(&host, begun.revision)];
        for step in steps {
            let before: Vec<String> = revisions.iter().map(|it| status(&host, it.revision)).collect();
            let mut by_code = false;
            let mut moved = None;
            match step {
                Step::Verb(of, verb) => {
                    let at = of % revisions.len();
                    let (name, from, to) = VERBS[verb];
                    let said = [("answered_by", "Alice".into_value()), ("reason", "Too dear".into_value())];
                    let said = match name { "accept" => &said[..1], "decline" => &said[..], _ => &[] };
                    let done = with(&mut host, revisions[at].revision, name, said);
                    if done.is_ok() {
                        prop_assert!(from.contains(&before[at].as_str()), "{name} from {}", before[at]);
                        prop_assert_eq!(status(&host, revisions[at].revision), to);
                        moved = Some(at);
                    }
                }
                Step::Revise(of) => {
                    let path = format!("/revisions/{}/revise", revisions[of % revisions.len()].revision);
                    let made = host.post(&path, &json!(null)).unwrap();
                    let made = id(&made.json()["id"]);
                    prop_assert_eq!(status(&host, made), "draft");
                    revisions.push(known(&host, made));
                    continue;
                }
                Step::Jobs => {
                    host.run_jobs().unwrap();
                    by_code = true;
                }
                Step::Days(days) => {
                    host.caller.now = Instant::from_micros(host.caller.now.micros() + days * 86_400 * 1_000_000);
                    host.run_job("expire", &json!({})).unwrap();
                    by_code = true;
                }
                Step::Edit(of) => {
                    let at = of % revisions.len();
                    let open = before[at] == "draft";
                    for tried in edits(&mut host, &revisions[at]) {
                        match tried {
                            Ok(()) => prop_assert!(open, "{} was edited", before[at]),
                            Err(fault) => prop_assert_eq!((open, fault.code), (false, ErrorCode::Locked), "{:?}", fault),
                        }
                    }
                }
                Step::Status(of, to) => {
                    let at = of % revisions.len();
                    let typed = host.update("revisions", revisions[at].revision, json!({ "status": VERBS[to].2 }));
                    prop_assert!(typed.is_err() || before[at] == VERBS[to].2, "nobody types a state");
                }
            }
            // What else moved, moved as issuing and the background move it.
            for (at, was) in before.iter().enumerate() {
                let is = status(&host, revisions[at].revision);
                if is == *was || moved == Some(at) {
                    continue;
                }
                let follows = matches!(
                    (was.as_str(), is.as_str()),
                    ("issued" | "viewed", "superseded" | "expired") | ("accepted", "converted")
                );
                prop_assert!(follows && (by_code || moved.is_some()), "{} became {}", was, is);
            }
            let count = |states: &[&str]| {
                revisions.iter().filter(|it| states.contains(&status(&host, it.revision).as_str())).count()
            };
            prop_assert!(count(&["issued", "viewed"]) <= 1, "one is open at most");
            prop_assert!(count(&["accepted", "converted"]) <= 1, "one is accepted at most");
        }
    }
}

#[test]
fn deposit_and_payments_are_not_more_than_the_whole_however_they_come_in() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "1000", json!({}));
    let share = |share: i64| json!({ "revision": kitchen.revision, "title": "Frames up", "share": share });
    let alone = host.insert("payments", share(9_001)).unwrap_err();
    assert_eq!(codes(&alone), [("/share", "too-much")], "with the deposit of 10 % that is settled");
    let payment = host.insert("payments", share(9_000)).unwrap();
    assert_eq!(
        codes(&host.update("payments", payment, json!({ "share": 9_100 })).unwrap_err()),
        [("/share", "too-much")]
    );
    let more = host.update("revisions", kitchen.revision, json!({ "deposit": 1_001 })).unwrap_err();
    assert_eq!(codes(&more), [("/deposit", "too-much")]);
    host.remove("payments", payment).unwrap();
    host.update("revisions", kitchen.revision, json!({ "deposit": 5_000 })).unwrap();
}
