//! What is billed is claimed, once, and what is taken back is exactly what was charged.

use super::approving::{Firm, aud, firm};
use super::*;
use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use std::collections::BTreeMap;

fn rate(firm: &mut Firm, more: &Json) {
    let mut body = json!({ "sell": aud(10_000), "effective_from": "2026-01-01" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    firm.as_boss().insert("rates", body).unwrap();
}

fn claims(firm: &mut Firm) -> Vec<(Id, String, i64)> {
    let columns = ["project", "status", "amount"];
    let page = firm.as_boss().find(select("projects/claims").columns(columns).sort("project")).unwrap();
    page.records()
        .map(|row| {
            let status = row.text("status").unwrap().to_owned();
            (row.reference("project").unwrap(), status, row.money("amount").unwrap().minor)
        })
        .collect()
}

#[test]
fn a_billing_run_claims_what_it_charges_of_each_project_and_takes_it_back_when_it_is_cancelled() {
    let mut firm = firm();
    rate(&mut firm, &json!({}));
    let mia = firm.mia;
    let porch = firm.as_boss().insert("projects/projects", json!({ "name": "Porch", "members": [mia] })).unwrap();
    let kitchen = firm.project;
    firm.hours("2026-11-16", 8);
    firm.hours("2026-11-17", 1);
    let body = json!({ "project": porch, "local_date": "2026-11-17", "duration": 7200 });
    firm.as_mia().insert("entries", body).unwrap();
    // Without a project there is nobody to bill.
    let travel = firm.as_boss().insert("activities", json!({ "name": "Travel" })).unwrap();
    firm.as_mia().insert("entries", json!({ "activity": travel, "local_date": "2026-11-18", "duration": 60 })).unwrap();
    let sheet = firm.submit("2026-11-16");
    firm.approve(sheet);
    let run = firm.as_boss().post("/runs/billing", &json!({ "until": "2026-11-22" })).unwrap();
    assert_eq!((&run.json()["entries"], &run.json()["amount"]), (&json!(3), &aud(110_000)));
    let open = || vec![(kitchen, "open".to_owned(), 90_000), (porch, "open".to_owned(), 20_000)];
    let sorted = |mut claims: Vec<(Id, String, i64)>| {
        claims.sort();
        claims
    };
    assert_eq!(sorted(claims(&mut firm)), sorted(open()));

    let path = format!("/runs/billing/{}/file", run.json()["id"].as_str().unwrap());
    let lignaflow_sdk::testing::Body::Bytes { bytes, .. } = firm.as_boss().get(&path, &[]).unwrap().body else {
        panic!("a file")
    };
    let file = String::from_utf8(bytes).unwrap();
    assert!(file.contains(",8.0000,100.00,800.00,AUD,"), "{file}");

    // What went out is taken back by hand first.
    let cancel = format!("/runs/billing/{}/cancel", run.json()["id"].as_str().unwrap());
    let page = firm.as_boss().find(select("projects/claims").columns(["id"])).unwrap();
    let ids: Vec<Id> = page.records().map(|row| row.reference("id").unwrap()).collect();
    firm.as_boss().caller.permissions.push("projects.claim".to_owned());
    firm.host.update("projects/claims", ids[0], json!({ "invoice": "INV-1" })).unwrap();
    firm.host.transition("projects/claims", ids[0], "bill").unwrap();
    let fault = firm.host.post(&cancel, &json!({ "reason": "Wrong" })).unwrap_err();
    assert_eq!(
        (fault.code, fault.message.as_str()),
        (ErrorCode::Conflict, "C-0001 of this run is billed: take that back first.")
    );
    firm.host.transition("projects/claims", ids[0], "withdraw").unwrap();
    firm.host.post(&cancel, &json!({ "reason": "Wrong" })).unwrap();
    assert!(claims(&mut firm).iter().all(|(_, status, _)| status == "cancelled"));
    // The next claims it all again.
    firm.as_boss().post("/runs/billing", &json!({ "until": "2026-11-22", "project": porch })).unwrap();
    let standing: Vec<_> = claims(&mut firm).into_iter().filter(|(_, status, _)| status == "open").collect();
    assert_eq!(standing, [(porch, "open".to_owned(), 20_000)]);
}

#[test]
fn time_without_a_rate_is_not_billed_as_if_it_were_for_nothing() {
    let mut firm = firm();
    firm.hours("2026-11-16", 8);
    let sheet = firm.submit("2026-11-16");
    firm.approve(sheet);
    let fault = firm.as_boss().post("/runs/billing", &json!({ "until": "2026-11-22" })).unwrap_err();
    assert_eq!((fault.code, codes(&fault)), (ErrorCode::Conflict, vec![("/until", "no-rate")]));
    rate(&mut firm, &json!({}));
    firm.as_boss().post("/team/return", &json!({ "id": sheet, "reason": "No rate" })).unwrap();
    firm.submit("2026-11-16");
    firm.approve(sheet);
    firm.as_boss().post("/runs/billing", &json!({ "until": "2026-11-22" })).unwrap();
}

#[test]
fn hours_of_a_fixed_price_are_billed_by_its_stages_and_not_again() {
    let mut firm = firm();
    let mia = firm.mia;
    for billing in ["fixed", "milestones"] {
        let body = json!({ "name": billing, "billing": billing, "members": [mia] });
        let project = firm.as_boss().insert("projects/projects", body).unwrap();
        let task = |extra: bool| json!({ "title": "Cut", "project": project, "extra": extra });
        let (plain, extra) = (
            firm.as_boss().insert("projects/tasks", task(false)).unwrap(),
            firm.as_boss().insert("projects/tasks", task(true)).unwrap(),
        );
        for (body, billable) in [
            (json!({ "project": project }), false),
            (json!({ "task": plain }), false),
            (json!({ "task": extra }), true),
            (json!({ "task": plain, "billable": true }), true),
        ] {
            let mut body = body;
            body["duration"] = json!(3600);
            let entry = firm.as_mia().insert("entries", body.clone()).unwrap();
            assert_eq!(firm.host.record("entries", entry).unwrap()["billable"], json!(billable), "{billing}: {body}");
        }
    }
}

#[test]
fn a_claim_that_is_cancelled_by_itself_lets_its_time_go_into_the_next_run() {
    let mut firm = firm();
    rate(&mut firm, &json!({}));
    let mia = firm.mia;
    let porch = firm.as_boss().insert("projects/projects", json!({ "name": "Porch", "members": [mia] })).unwrap();
    let kitchen = firm.project;
    let hours = firm.hours("2026-11-16", 8);
    let body = json!({ "project": porch, "local_date": "2026-11-17", "duration": 7200 });
    let on_porch = firm.as_mia().insert("entries", body).unwrap();
    let sheet = firm.submit("2026-11-16");
    firm.approve(sheet);
    let run = firm.as_boss().post("/runs/billing", &json!({ "until": "2026-11-22" })).unwrap();
    let run: Id = run.json()["id"].as_str().unwrap().parse().unwrap();
    let claim = |firm: &mut Firm, project: Id| {
        let open = field("project").eq(project).and(field("status").eq("open"));
        let page = firm.as_boss().find(select("projects/claims").columns(["id"]).filter(open)).unwrap();
        page.records().next().and_then(|row| row.reference("id")).unwrap()
    };
    let cancel = |firm: &mut Firm, project: Id| {
        let id = claim(firm, project);
        firm.as_boss().caller.permissions.push("projects.claim".to_owned());
        firm.host.transition("projects/claims", id, "cancel").unwrap();
        firm.host.tell().unwrap();
    };
    cancel(&mut firm, porch);
    let mark = |firm: &Firm, entry: Id| firm.host.record("entries", entry).unwrap()["billing_run"].clone();
    assert_eq!((mark(&firm, hours), mark(&firm, on_porch)), (json!(run), Json::Null));
    let record = firm.host.record("billing-runs", run).unwrap();
    assert_eq!(
        (&record["status"], &record["entries"], &record["duration"], &record["amount"]),
        (&json!("made"), &json!(1), &json!(28_800), &aud(80_000))
    );
    // It falls into the next, which claims it once.
    firm.as_boss().post("/runs/billing", &json!({ "until": "2026-11-22" })).unwrap();
    let standing: Vec<_> = claims(&mut firm).into_iter().filter(|(_, status, _)| status == "open").collect();
    assert_eq!(standing.iter().map(|(_, _, minor)| minor).sum::<i64>(), 100_000);
    // A run of which nothing is left is cancelled, and says why.
    cancel(&mut firm, kitchen);
    let record = firm.host.record("billing-runs", run).unwrap();
    let reason = record["reason"].as_str().unwrap();
    assert_eq!((&record["status"], reason.ends_with(" was cancelled.")), (&json!("cancelled"), true), "{reason}");
    assert_eq!(mark(&firm, hours), Json::Null);
    // Claims that a run takes back, and claims of anything else, concern no other run.
    firm.as_boss().post("/runs/billing", &json!({ "until": "2026-11-22" })).unwrap();
    let other = json!({ "project": kitchen, "title": "Deposit", "kind": "deposit", "amount": aud(1) });
    firm.as_boss().caller.permissions.push("projects.claim".to_owned());
    let other = firm.host.insert("projects/claims", other).unwrap();
    firm.host.transition("projects/claims", other, "cancel").unwrap();
    firm.host.tell().unwrap();
    assert!(mark(&firm, hours).is_string() && mark(&firm, on_porch).is_string());
}

/// What happens to two weeks on two projects on their way to the clients.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Approve(usize),
    /// Up to a day; of all projects, or of one of them.
    Bill(u32, Option<usize>),
    CancelRun(usize),
    /// Where claims are kept, by itself; and whether that is told before the next is done.
    CancelClaim(usize, bool),
    SendClaim(usize),
    TakeBackClaim(usize),
    Correct(usize),
}

const BILLED_WEEKS: [&str; 3] = ["2026-11-09", "2026-11-16", "2026-11-23"];

fn billing() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        2 => (0..2_usize).prop_map(Deed::Approve),
        3 => (8..24_u32, prop::option::of(0..2_usize)).prop_map(|(day, project)| Deed::Bill(day, project)),
        1 => (0..4_usize).prop_map(Deed::CancelRun),
        2 => (0..4_usize, any::<bool>()).prop_map(|(nth, told)| Deed::CancelClaim(nth, told)),
        1 => (0..4_usize).prop_map(Deed::SendClaim),
        1 => (0..4_usize).prop_map(Deed::TakeBackClaim),
        1 => (0..5_usize).prop_map(Deed::Correct),
    ];
    prop::collection::vec(deed, 1..14)
}

/// What is charged of each run and project, by the marks of entries; without a run what is not billed.
fn charged(firm: &mut Firm) -> BTreeMap<(Option<Id>, Id), (i64, i64)> {
    let columns = ["billing_run", "project", "amount", "billable_duration"];
    let page = firm.as_boss().find(select("entries").columns(columns)).unwrap();
    let mut sums: BTreeMap<(Option<Id>, Id), (i64, i64)> = BTreeMap::new();
    for row in page.records() {
        let of = sums.entry((row.reference("billing_run"), row.reference("project").unwrap())).or_default();
        of.0 += row.money("amount").map_or(0, |amount| amount.minor);
        of.1 += row.integer("billable_duration").unwrap();
    }
    sums
}

/// Claims of time that stand: id, run, project, status and amount.
fn standing(firm: &mut Firm) -> Vec<(Id, Id, Id, String, i64)> {
    let columns = ["id", "source", "project", "status", "amount"];
    let stand = field("status").ne("cancelled");
    let page = firm.as_boss().find(select("projects/claims").columns(columns).filter(stand).sort("id")).unwrap();
    let of = |row: lignaflow_sdk::values::Row<'_>| {
        let run = row.text("source").unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let status = row.text("status").unwrap().to_owned();
        let amount = row.money("amount").unwrap().minor;
        (row.reference("id").unwrap(), run, row.reference("project").unwrap(), status, amount)
    };
    page.records().map(of).collect()
}

fn billing_runs(firm: &mut Firm, status: &str) -> Vec<(Id, Fields)> {
    let columns = ["id", "entries", "duration", "amount"];
    let page = firm.as_boss().find(select("billing-runs").columns(columns).filter(field("status").eq(status))).unwrap();
    page.records().map(|row| (row.reference("id").unwrap(), row.to_fields())).collect()
}

fn bill(firm: &mut Firm, until: &str, project: Option<Id>) {
    // There may be nothing to bill.
    let _ = firm.as_boss().post("/runs/billing", &json!({ "until": until, "project": project }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_billed_in_part_cancelled_and_corrected_in_any_order_is_billed_exactly_once(deeds in billing()) {
        let mut firm = firm();
        rate(&mut firm, &json!({}));
        let mia = firm.mia;
        let porch = firm.as_boss().insert("projects/projects", json!({ "name": "Porch", "members": [mia] })).unwrap();
        let projects = [firm.project, porch];
        let times = [("2026-11-09", 0, 8), ("2026-11-10", 1, 3), ("2026-11-16", 0, 6), ("2026-11-18", 1, 9), ("2026-11-19", 0, 2)];
        let entries: Vec<Id> = times
            .map(|(day, at, hours)| {
                let body = json!({ "project": projects[at], "local_date": day, "duration": hours * 3600 });
                firm.as_mia().insert("entries", body).unwrap()
            })
            .into();
        let mut approved = [false; 2];
        for deed in deeds.into_iter().chain([Deed::Approve(0), Deed::Approve(1)]) {
            let claims = standing(&mut firm);
            let mut told = true;
            firm.as_boss().caller.permissions.push("projects.claim".to_owned());
            match deed {
                Deed::Approve(week) => {
                    if !std::mem::replace(&mut approved[week], true) {
                        let sheet = firm.submit(BILLED_WEEKS[week]);
                        firm.approve(sheet);
                    }
                }
                Deed::Bill(day, at) => {
                    bill(&mut firm, &format!("2026-11-{day:02}"), at.map(|at| projects[at]));
                }
                Deed::CancelRun(nth) => {
                    if let Some((run, _)) = billing_runs(&mut firm, "made").get(nth) {
                        // One of its claims may have gone out.
                        let path = format!("/runs/billing/{run}/cancel");
                        let _ = firm.as_boss().post(&path, &json!({ "reason": "Wrong" }));
                    }
                }
                Deed::CancelClaim(nth, at_once) => {
                    if let Some((id, ..)) = claims.get(nth) {
                        told = firm.host.transition("projects/claims", *id, "cancel").is_err() || at_once;
                    }
                }
                Deed::SendClaim(nth) => {
                    if let Some((id, ..)) = claims.get(nth) {
                        let _ = firm.host.update("projects/claims", *id, json!({ "invoice": "INV-1" }));
                        let _ = firm.host.transition("projects/claims", *id, "bill");
                    }
                }
                Deed::TakeBackClaim(nth) => {
                    if let Some((id, ..)) = claims.get(nth) {
                        let _ = firm.host.transition("projects/claims", *id, "withdraw");
                    }
                }
                Deed::Correct(nth) => {
                    // What is in no run is changed, and not corrected; and each is corrected once.
                    let path = format!("/entries/{}/correct", entries[nth]);
                    let _ = firm.as_boss().post(&path, &json!({ "reason": "Wrong", "time": "5" }));
                }
            }
            if told {
                firm.host.tell().unwrap();
                // What is in a run is claimed of its project by one claim, which comes to it; nothing else is claimed.
                let charged = charged(&mut firm);
                let in_runs: BTreeMap<(Id, Id), i64> =
                    charged.iter().filter_map(|((run, of), (minor, _))| Some(((((*run)?), *of), *minor))).filter(|(_, minor)| *minor != 0).collect();
                let claimed = standing(&mut firm);
                let by: BTreeMap<(Id, Id), i64> = claimed.iter().map(|(_, run, of, _, minor)| ((*run, *of), *minor)).collect();
                prop_assert_eq!(by.len(), claimed.len(), "a run claims a project once");
                prop_assert_eq!(by, in_runs);
                // A run tells what is in it, and none that was cancelled has any.
                let made = billing_runs(&mut firm, "made");
                prop_assert!(charged.keys().filter_map(|(run, _)| *run).all(|run| made.iter().any(|(known, _)| *known == run)));
                for (run, of) in made {
                    let sums = charged.iter().filter(|((known, _), _)| *known == Some(run)).map(|(_, sums)| *sums);
                    let (minor, seconds) = sums.fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
                    prop_assert_eq!((of.money("amount").unwrap().minor, of.integer("duration").unwrap()), (minor, seconds));
                }
            }
        }
        firm.host.tell().unwrap();
        // What was corrected waits in the week in which it was.
        if firm.as_boss().count("entries", field("corrects").is_set()).unwrap() > 0 {
            let sheet = firm.submit(BILLED_WEEKS[2]);
            firm.approve(sheet);
        }
        bill(&mut firm, "2026-12-31", None);
        let charged = charged(&mut firm);
        prop_assert!(charged.keys().all(|(run, _)| run.is_some()), "some is not billed: {charged:?}");
        let total = |of: Id| charged.iter().filter(|((_, known), _)| *known == of).map(|(_, (minor, _))| minor).sum::<i64>();
        let claims = standing(&mut firm);
        for project in projects {
            let claimed: i64 = claims.iter().filter(|(_, _, of, ..)| *of == project).map(|(.., minor)| minor).sum();
            prop_assert_eq!(claimed, total(project));
        }
    }

    #[test]
    fn a_day_that_is_corrected_comes_to_nothing_whatever_the_policy_was_then_and_is_now(
        minutes in prop::collection::vec(1_i64..200, 1..4),
        then in (0..4_usize, 1_i64..=60, 0..2_usize),
        now in (0..4_usize, 1_i64..=60, 0..2_usize),
    ) {
        let mut firm = firm();
        rate(&mut firm, &json!({}));
        let settle = |firm: &mut Firm, (way, unit, by): (usize, i64, usize)| {
            firm.host.fill_in("rounding", ["none", "nearest", "up", "down"][way]);
            firm.host.fill_in("rounding_minutes", unit);
            firm.host.fill_in("rounding_by", ["entry", "day"][by]);
        };
        settle(&mut firm, then);
        let mut entries = Vec::new();
        for minutes in minutes {
            let body = json!({ "project": firm.project, "local_date": "2026-11-16", "duration": minutes * 60 });
            entries.push(firm.as_mia().insert("entries", body).unwrap());
        }
        let sheet = firm.submit("2026-11-16");
        firm.approve(sheet);
        firm.as_boss().post("/runs/pay", &json!({ "until": "2026-11-22" })).unwrap();
        // Rounded down, a day may come to nothing that is billed.
        let _ = firm.as_boss().post("/runs/billing", &json!({ "until": "2026-11-22" }));
        settle(&mut firm, now);
        for entry in &entries {
            firm.as_boss().post(&format!("/entries/{entry}/correct"), &json!({ "reason": "Wrong job" })).unwrap();
        }
        let sheet = firm.submit("2026-11-23");
        firm.approve(sheet);
        let _ = firm.as_boss().post("/runs/billing", &json!({ "until": "2026-11-29" }));
        let page = firm.host.find(select("entries").columns(["billable_duration", "amount"])).unwrap();
        prop_assert_eq!(page.records().map(|row| row.integer("billable_duration").unwrap()).sum::<i64>(), 0);
        prop_assert_eq!(page.records().map(|row| row.money("amount").unwrap().minor).sum::<i64>(), 0);
        prop_assert_eq!(claims(&mut firm).iter().map(|(_, _, minor)| minor).sum::<i64>(), 0);
    }
}
