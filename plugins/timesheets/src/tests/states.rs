//! A week on its way, by any sequence of deeds: what may follow what, and that what is submitted, approved or out refuses
//! whatever is new, changed or taken away.

use super::approving::{Firm, firm};
use super::*;
use proptest::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Enter,
    Change,
    Remove,
    Move,
    Submit,
    Recall,
    Approve,
    Return,
    Pay,
    CancelPay,
    Bill,
    CancelBill,
}

const DEEDS: [Deed; 12] = [
    Deed::Enter,
    Deed::Change,
    Deed::Remove,
    Deed::Move,
    Deed::Submit,
    Deed::Recall,
    Deed::Approve,
    Deed::Return,
    Deed::Pay,
    Deed::CancelPay,
    Deed::Bill,
    Deed::CancelBill,
];

/// What the week is by what was done so far.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Model {
    status: &'static str,
    /// Hours of each entry.
    entries: Vec<(Id, i64)>,
    paid: Option<Id>,
    billed: Option<Id>,
}

impl Model {
    fn is_open(&self) -> bool {
        matches!(self.status, "open" | "returned")
    }
}

fn run_of(answer: &lignaflow_sdk::testing::Answer) -> Id {
    answer.json()["id"].as_str().unwrap().parse().unwrap()
}

/// Does it, and what comes of it in the model: the code that it has to be refused with, or none.
fn done(firm: &mut Firm, model: &mut Model, sheet: Id, deed: Deed) -> (Result<(), Fault>, Option<ErrorCode>) {
    let task = firm.task;
    let until = json!({ "until": "2026-11-22" });
    let locked = (!model.is_open()).then_some(ErrorCode::Locked);
    let conflict = |may: bool| (!may).then_some(ErrorCode::Conflict);
    match deed {
        Deed::Enter => {
            let body = json!({ "task": task, "local_date": "2026-11-18", "duration": 3600 });
            let made = firm.as_mia().insert("entries", body);
            model.entries.extend(made.as_ref().ok().map(|id| (*id, 1)));
            (made.map(|_| ()), locked)
        }
        Deed::Change => {
            let hours = model.entries[0].1 % 7 + 1;
            let made = firm.as_mia().update("entries", model.entries[0].0, json!({ "duration": hours * 3600 }));
            if made.is_ok() {
                model.entries[0].1 = hours;
            }
            (made, locked)
        }
        Deed::Remove => {
            let last = *model.entries.last().unwrap();
            if model.entries.len() == 1 {
                return (Ok(()), None);
            }
            let made = firm.as_mia().remove("entries", last.0);
            if made.is_ok() {
                model.entries.pop();
            }
            (made, locked)
        }
        Deed::Move => {
            // Out of the week, which loses an entry as much as taking it away does; and back.
            let made = firm.as_mia().update("entries", model.entries[0].0, json!({ "local_date": "2026-11-10" }));
            if made.is_ok() {
                firm.as_mia().update("entries", model.entries[0].0, json!({ "local_date": "2026-11-17" })).unwrap();
            }
            (made, locked)
        }
        Deed::Submit => {
            let may = model.is_open();
            let made = firm.as_mia().post("/week/submit", &json!({ "week": "2026-11-18", "attested": true }));
            if made.is_ok() {
                model.status = "submitted";
            }
            (made.map(|_| ()), conflict(may))
        }
        Deed::Recall => {
            let may = model.status == "submitted";
            let made = firm.as_mia().transition("sheets", sheet, "recall");
            if made.is_ok() {
                model.status = "open";
            }
            (made, conflict(may))
        }
        Deed::Approve => {
            let may = model.status == "submitted";
            let made = firm.as_boss().post("/team/approve", &json!({ "ids": [sheet] }));
            if made.is_ok() {
                model.status = "approved";
            }
            (made.map(|_| ()), conflict(may))
        }
        Deed::Return => {
            let may = matches!(model.status, "submitted" | "approved");
            let used = model.paid.or(model.billed).is_some();
            let made = firm.as_boss().post("/team/return", &json!({ "id": sheet, "reason": "Look again" }));
            if made.is_ok() {
                model.status = "returned";
            }
            let refused = if may && used { Some(ErrorCode::Locked) } else { conflict(may) };
            (made.map(|_| ()), refused)
        }
        Deed::Pay => {
            let may = model.status == "approved" && model.paid.is_none();
            let made = firm.as_boss().post("/runs/pay", &until);
            if let Ok(answer) = &made {
                model.paid = Some(run_of(answer));
                model.status = "exported";
            }
            (made.map(|_| ()), conflict(may))
        }
        Deed::CancelPay => {
            let Some(run) = model.paid else { return (Ok(()), None) };
            let made = firm.as_boss().post(&format!("/runs/pay/{run}/cancel"), &json!({ "reason": "Wrong week" }));
            if made.is_ok() {
                model.paid = None;
                model.status = "approved";
            }
            (made.map(|_| ()), None)
        }
        Deed::Bill => {
            let may = matches!(model.status, "approved" | "exported") && model.billed.is_none();
            let made = firm.as_boss().post("/runs/billing", &until);
            if let Ok(answer) = &made {
                model.billed = Some(run_of(answer));
            }
            (made.map(|_| ()), conflict(may))
        }
        Deed::CancelBill => {
            let Some(run) = model.billed else { return (Ok(()), None) };
            let made =
                firm.as_boss().post(&format!("/runs/billing/{run}/cancel"), &json!({ "reason": "Wrong client" }));
            if made.is_ok() {
                model.billed = None;
            }
            (made.map(|_| ()), None)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_week_goes_only_where_it_may_and_what_is_shut_stays_as_it_is(
        deeds in prop::collection::vec(prop::sample::select(&DEEDS), 1..30),
    ) {
        let mut firm = firm();
        let rate = json!({ "sell": super::approving::aud(9_000), "effective_from": "2026-01-01" });
        firm.as_boss().insert("rates", rate).unwrap();
        let first = firm.hours("2026-11-17", 2);
        let sheet: Id = firm.host.record("entries", first).unwrap()["sheet"].as_str().unwrap().parse().unwrap();
        let mut model = Model { status: "open", entries: vec![(first, 2)], paid: None, billed: None };
        for deed in deeds {
            let before = model.clone();
            let (made, refused) = done(&mut firm, &mut model, sheet, deed);
            match (&made, refused) {
                (Ok(()), None) => {}
                (Err(fault), Some(code)) => {
                    prop_assert_eq!(fault.code, code, "{:?} on {:?}: {:?}", deed, before, fault);
                    prop_assert_eq!(&model, &before);
                }
                (Ok(()), Some(code)) => prop_assert!(false, "{deed:?} on {before:?} has to be refused: {code:?}"),
                (Err(fault), None) => prop_assert!(false, "{deed:?} on {before:?}: {fault:?}"),
            }
            let record = firm.host.record("sheets", sheet).unwrap();
            prop_assert_eq!(&record["status"], model.status, "{:?} on {:?}", deed, before);
            let hours: i64 = model.entries.iter().map(|(_, hours)| hours).sum();
            prop_assert_eq!(&record["total"], &json!(hours * 3600), "totals add what is there");
            prop_assert_eq!(record["attested"] == true, !model.is_open());
            prop_assert_eq!(record["approver"].is_null(), !matches!(model.status, "approved" | "exported"));
            for (id, _) in &model.entries {
                let entry = firm.host.record("entries", *id).unwrap();
                let run = |name: &str| entry[name].as_str().map(str::to_owned);
                prop_assert_eq!(run("pay_run"), model.paid.map(|id| id.to_string()));
                prop_assert_eq!(run("billing_run"), model.billed.map(|id| id.to_string()));
            }
        }
    }
}
