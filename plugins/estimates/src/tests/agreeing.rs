//! What is agreed, from the document that a client is given to what becomes of it: nothing of that changes afterwards, and
//! nothing is done twice.

use super::answering::only;
use super::footing::{Row, estimate, named, row};
use super::*;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sha2::{Digest as _, Sha256};

fn currencies() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("JPY"), Just("AUD"), Just("KWD")]
}

fn money(fields: &Fields, name: &str) -> i64 {
    fields.money(name).unwrap().minor
}

fn column(host: &Host, collection: &str, name: &str) -> Vec<i64> {
    let page = host.find(select(collection).columns(["id", name])).unwrap();
    page.records().map(|row| row.money(name).map(|money| money.minor).or(row.integer(name)).unwrap_or(0)).collect()
}

fn sum(host: &Host, collection: &str, name: &str) -> i64 {
    column(host, collection, name).into_iter().sum()
}

fn made(host: &Host) -> [u64; 5] {
    ["projects", "baselines", "milestones", "tasks", "phases"].map(|it| {
        let all = host.count(&format!("projects/{it}"), all([]));
        all.unwrap()
    })
}

fn accept(host: &mut Host, revision: Id, options: &[Id]) -> Result<(), Fault> {
    let body = json!({ "answered_by": "Alice Whitford", "answered_how": "phone", "options": options });
    host.post(&format!("/revisions/{revision}/record-acceptance"), &body).map(|_| ())
}

/// Options that are ticked, and the one of the two benchtops that is chosen.
fn ticked(host: &Host, revision: Id, ticks: u32, stone: bool) -> Vec<Id> {
    let asked = select("lines").columns(["id", "mode", "description"]).filter(field("revision").eq(revision));
    let page = host.find(asked.filter(field("mode").ne("included")).sort("id")).unwrap();
    let taken = |(at, row): &(usize, lignaflow_sdk::values::Row<'_>)| match row.text("mode") {
        Some("choice") => row.text("description") == Some(if stone { "Stone" } else { "Oak" }),
        _ => ticks & (1 << at) != 0,
    };
    page.records().enumerate().filter(taken).filter_map(|(_, row)| row.reference("id")).collect()
}

/// One line of a variation: what it adds or takes away, of what cost and how many minutes.
type Change = (i64, i64, i64);

fn vary(host: &mut Host, project: Id, title: &str, changes: &[Change]) -> Begun {
    let more = begun_for(host, title, Some(project));
    for (quantity, cost, minutes) in changes {
        let line = json!({
            "quantity": Decimal::new(*quantity, 4).to_string(), "unit_cost": Decimal::new(*cost, 4).to_string(),
            "labour_cost": Decimal::new(cost / 3, 4).to_string(), "labour_minutes": minutes, "rate": 2_500,
        });
        more.line(host, line).unwrap();
    }
    more
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whichever options and choices are taken, in whichever currency and with whichever tax: what is accepted is what the
    /// document comes to with them, and what becomes of it comes to that, once, however often it is asked for.
    #[test]
    fn what_is_chosen_is_accepted_to_the_cent_and_becomes_work_once(
        currency in currencies(), rows in prop::collection::vec(row(), 0..7), choice in any::<bool>(),
        by_line in any::<bool>(), (ticks, stone) in (any::<u32>(), any::<bool>()), (discount, deposit) in (0_i64..3_000, 0_i64..6_000),
        again in 1..4_usize,
    ) {
        let (mut host, begun) = estimate(currency, &rows, choice);
        let settle = json!({
            "tax_mode": if by_line { "line" } else { "document" }, "discount_rate": discount, "deposit": deposit,
        });
        host.update("revisions", begun.revision, settle).unwrap();
        begun.issued(&mut host);
        let options = ticked(&host, begun.revision, ticks, stone);
        let lines = host.find(select("lines").columns(["id", "mode", "amount", "cost"])).unwrap();
        let counts = |row: &lignaflow_sdk::values::Row<'_>| {
            row.text("mode") == Some("included") || options.contains(&row.reference("id").unwrap())
        };
        let of = |name: &str| lines.records().filter(counts).map(|row| row.money(name).unwrap().minor).sum::<i64>();
        let (subtotal, cost) = (of("amount"), of("cost"));
        accept(&mut host, begun.revision, &options).unwrap();

        let kept = only(&host, "acceptances");
        let off = (subtotal * discount + 5_000) / 10_000;
        prop_assert_eq!(money(&kept, "net"), subtotal - off);
        let chosen: Vec<String> = options.iter().map(ToString::to_string).collect();
        let document = if options.is_empty() { None } else {
            let path = format!("/revisions/{}/document", begun.revision);
            Some(host.get(&path, &[("chosen", &chosen.join(","))]).unwrap().json().clone())
        };
        if let Some(document) = document {
            prop_assert_eq!(named(&document["totals"], "net"), money(&kept, "net"));
            prop_assert_eq!(named(&document["totals"], "total"), money(&kept, "total"));
            prop_assert_eq!(document["hash"].as_str(), kept.text("hash"));
        }
        prop_assert_eq!(minor(&host, begun.revision, "accepted_total"), money(&kept, "total"));
        let estimated = host.fields("estimates", begun.estimate).unwrap();
        prop_assert_eq!(money(&estimated, "total"), money(&kept, "total"));
        prop_assert!(accept(&mut host, begun.revision, &options).is_err(), "it is accepted once");

        host.run_jobs().unwrap();
        let once = made(&host);
        prop_assert_eq!(&once[..2], &[1, 1]);
        let baseline = only(&host, "projects/baselines");
        prop_assert_eq!(money(&baseline, "sell"), money(&kept, "net"));
        prop_assert_eq!(money(&baseline, "labour_cost") + money(&baseline, "material_cost"), cost);
        prop_assert_eq!(sum(&host, "projects/milestones", "amount"), money(&kept, "net"));
        for _ in 0..again {
            host.run_job("convert", &json!({ "revision": begun.revision })).unwrap();
        }
        prop_assert_eq!(made(&host), once);
        prop_assert_eq!(status(&host, begun.revision), "converted");
        prop_assert_eq!(column(&host, "acceptances", "total"), [money(&kept, "total")]);
    }

    /// Variations add and take away: baselines come to all that was agreed, while budget, plan and what falls due follow it,
    /// and are never less than nothing. Each does so once.
    #[test]
    fn variations_up_and_down_add_up_and_each_counts_once(
        first in (10_000_i64..500_000, 10_000_i64..5_000_000, 0_i64..600),
        variations in prop::collection::vec(
            prop::collection::vec((-200_000_i64..200_000, 0_i64..5_000_000, 0_i64..300), 1..4), 1..5,
        ),
    ) {
        let mut host = host();
        let kitchen = begin(&mut host, "Kitchen");
        let (quantity, cost, minutes) = first;
        let line = json!({
            "quantity": Decimal::new(quantity, 4).to_string(), "unit_cost": Decimal::new(cost, 4).to_string(),
            "labour_minutes": minutes, "rate": 2_500,
        });
        kitchen.line(&mut host, line).unwrap();
        host.update("revisions", kitchen.revision, json!({ "deposit": 1_000 })).unwrap();
        kitchen.issued(&mut host);
        accept(&mut host, kitchen.revision, &[]).unwrap();
        host.run_jobs().unwrap();
        let project = host.fields("estimates", kitchen.estimate).unwrap().reference("project").unwrap();
        let of = |host: &Host, revision: Id| {
            let minutes = host.fields("revisions", revision).unwrap().integer("labour_minutes").unwrap();
            [minor(host, revision, "net"), minor(host, revision, "cost"), minutes]
        };
        let mut agreed = of(&host, kitchen.revision);
        let mut left = agreed;
        for (at, changes) in variations.iter().enumerate() {
            let more = vary(&mut host, project, &format!("Variation {at}"), changes);
            host.update("revisions", more.revision, json!({ "deposit": 0 })).unwrap();
            more.issued(&mut host);
            accept(&mut host, more.revision, &[]).unwrap();
            host.run_jobs().unwrap();
            let before = made(&host);
            host.run_job("convert", &json!({ "revision": more.revision })).unwrap();
            prop_assert_eq!(made(&host), before);
            for (place, by) in of(&host, more.revision).into_iter().enumerate() {
                agreed[place] += by;
                left[place] = (left[place] + by).max(0);
            }
            let [net, cost, minutes] = agreed;
            prop_assert_eq!(sum(&host, "projects/baselines", "sell"), net);
            let costs = ["labour_cost", "material_cost"].map(|name| sum(&host, "projects/baselines", name));
            prop_assert_eq!(costs[0] + costs[1], cost);
            prop_assert_eq!(sum(&host, "projects/baselines", "labour_minutes"), minutes);
            let kept = host.fields("projects/projects", project).unwrap();
            prop_assert_eq!([money(&kept, "budget"), kept.integer("budget_minutes").unwrap()], [left[1], left[2]]);
            let planned = ["planned_cost", "planned_minutes"].map(|name| column(&host, "projects/tasks", name));
            prop_assert!(planned.iter().flatten().all(|figure| *figure >= 0));
            prop_assert_eq!([planned[0].iter().sum::<i64>(), planned[1].iter().sum()], [left[1], left[2]]);
            let due = column(&host, "projects/milestones", "amount");
            prop_assert!(due.iter().all(|amount| *amount >= 0));
            prop_assert_eq!(due.iter().sum::<i64>(), left[0]);
        }
        prop_assert_eq!(host.count("projects/projects", all([])), Ok(1));
        prop_assert_eq!(host.count("projects/baselines", all([])), Ok(variations.len() as u64 + 1));
    }

    /// What a client was given says nothing of costs, and stays to the letter whatever changes about it.
    #[test]
    fn what_was_issued_is_sealed_whatever_becomes_of_what_it_was_made_of(
        currency in currencies(), rows in prop::collection::vec(row(), 1..6), noise in prop::collection::vec(0..8_usize, 1..12),
    ) {
        let (mut host, begun) = estimate(currency, &rows, false);
        let secret = json!({ "unit_cost": "31337.1234", "pricing": "margin", "rate": 2_718, "labour_minutes": 987_651 });
        begun.line(&mut host, secret).unwrap();
        begun.issued(&mut host);
        let document = |host: &Host| {
            let asked = select("documents").columns(["id"]).filter(field("revision").eq(begun.revision));
            let found = host.find(asked).unwrap();
            let id = found.records().next().unwrap().reference("id").unwrap();
            let kept = host.fields("documents", id).unwrap();
            (kept.text("text").unwrap().to_owned(), kept.text("hash").unwrap().to_owned())
        };
        let (text, hash) = document(&host);
        prop_assert_eq!(&hex::encode(Sha256::digest(&text)), &hash);
        for telling in ["31337.1234", "_cost", "\"cost", "margin", "markup", "labour"] {
            prop_assert!(!text.contains(telling), "{} in {}", telling, text);
        }
        let first = |host: &Host, collection: &str| {
            host.find(select(collection).columns(["id"])).unwrap().records().next().and_then(|row| row.reference("id"))
        };
        for (at, what) in noise.into_iter().enumerate() {
            // Some of these are refused by then; none of them reaches what was issued.
            let other = format!("Other {at}");
            match what {
                0 => {
                    let code = first(&host, "tax-codes").unwrap();
                    host.update("tax-codes", code, json!({ "rate": at, "name": other })).unwrap();
                }
                1 => {
                    let client = first(&host, "projects/clients").unwrap();
                    host.update("projects/clients", client, json!({ "name": other })).unwrap();
                }
                2 => host.update("estimates", begun.estimate, json!({ "title": other, "site": other })).unwrap(),
                3 => host.fill_in("terms", other),
                4 => drop(host.post(&format!("/revisions/{}/revise", begun.revision), &json!(null)).unwrap()),
                5 => drop(begun.line(&mut host, json!({ "description": other }))),
                6 => drop(host.transition("revisions", begun.revision, "view")),
                _ => drop(accept(&mut host, begun.revision, &[])),
            }
            prop_assert_eq!(document(&host), (text.clone(), hash.clone()));
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Begin,
    /// A revision of so many back: the first, or a later one.
    Issue(usize),
    /// One with nothing in it, which is refused.
    Empty,
    Revise(usize),
    Withdraw(usize),
    Archive(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Begin),
        4 => any::<usize>().prop_map(Step::Issue),
        1 => Just(Step::Empty),
        2 => any::<usize>().prop_map(Step::Revise),
        1 => any::<usize>().prop_map(Step::Withdraw),
        1 => any::<usize>().prop_map(Step::Archive),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Documents are numbered as they are first issued, without a gap whatever is refused, revised, withdrawn or archived;
    /// a number stays, and is no other's. Working numbers are there from the beginning.
    #[test]
    fn documents_are_numbered_once_without_gaps(steps in prop::collection::vec(step(), 1..30)) {
        let mut host = host();
        let mut revisions: Vec<(Id, Id)> = Vec::new();
        let mut numbers: Vec<(Id, String)> = Vec::new();
        for (at, step) in steps.into_iter().enumerate() {
            let of = |at: usize| revisions.get(at % revisions.len().max(1)).copied();
            match step {
                Step::Begin => {
                    let begun = begin(&mut host, &format!("Kitchen {at}"));
                    begun.priced(&mut host, "100", json!({}));
                    revisions.push((begun.estimate, begun.revision));
                }
                Step::Empty => {
                    let begun = begin(&mut host, &format!("Nothing {at}"));
                    prop_assert!(host.transition("revisions", begun.revision, "issue").is_err());
                    revisions.push((begun.estimate, begun.revision));
                }
                Step::Issue(of_it) => if let Some((estimate, revision)) = of(of_it) {
                    let issued = host.transition("revisions", revision, "issue").is_ok();
                    if issued && numbers.iter().all(|(known, _)| *known != estimate) {
                        numbers.push((estimate, format!("Q-{:04}", numbers.len() + 1)));
                    }
                },
                Step::Revise(of_it) => if let Some((estimate, revision)) = of(of_it)
                    && let Ok(made) = host.post(&format!("/revisions/{revision}/revise"), &json!(null))
                {
                    revisions.push((estimate, id(&made.json()["id"])));
                },
                Step::Withdraw(of_it) => if let Some((_, revision)) = of(of_it) {
                    drop(host.transition("revisions", revision, "withdraw"));
                },
                Step::Archive(of_it) => if let Some((_, revision)) = of(of_it) {
                    drop(host.remove("revisions", revision));
                },
            }
            for (place, (estimate, _)) in revisions.iter().enumerate() {
                let kept = host.fields("estimates", *estimate).unwrap();
                let number = numbers.iter().find(|(known, _)| known == estimate).map(|(_, number)| number.as_str());
                prop_assert_eq!(kept.text("number"), number, "{}", place);
                prop_assert!(kept.text("working").unwrap().starts_with("E-"));
            }
        }
    }
}

#[test]
fn rows_of_these_properties_are_of_every_kind() {
    // A row that no property makes would prove nothing: the strategy itself is looked at.
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let rows: Vec<Row> = (0..200).map(|_| row().new_tree(&mut runner).unwrap().current()).collect();
    let some = |holds: fn(&Row) -> bool| rows.iter().any(holds) && !rows.iter().all(holds);
    assert!(some(|row| row.optional.is_some()) && some(|row| row.allowance) && some(|row| row.taxed));
    assert!(some(|row| matches!(row.rate, Some((true, _)))) && some(|row| row.rate.is_none()));
}
