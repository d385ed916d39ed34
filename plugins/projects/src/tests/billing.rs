//! Costs and claims: each thing is entered once, and billed once.

use super::*;

fn cost(host: &mut Host, project: Id, title: &str, minor: i64) -> Id {
    let amount = json!({ "minor": minor, "currency": "AUD" });
    let tax = json!({ "minor": minor / 10, "currency": "AUD" });
    host.insert("costs", json!({ "title": title, "project": project, "amount": amount, "tax": tax })).unwrap()
}

pub(super) fn may_claim() -> Host {
    let mut host = host();
    host.caller.permissions.push("projects.claim".to_owned());
    host
}

fn claim(host: &mut Host, project: Id, body: &serde_json::Value) -> Result<Id, Fault> {
    let answer = host.post(&format!("/projects/{project}/claim-costs"), body)?;
    assert_eq!(answer.status, 201);
    Ok(answer.json()["id"].as_str().unwrap().parse().unwrap())
}

#[test]
fn a_bill_is_entered_once_however_it_comes() {
    let mut host = may_claim();
    let kitchen = project(&mut host, "Kitchen");
    let bill = |line: i64| {
        json!({
            "title": "Oak", "project": kitchen, "supplier": "Timber Co", "reference": "T-77", "line": line,
            "amount": { "minor": 10_000, "currency": "AUD" }
        })
    };
    host.insert("costs", bill(1)).unwrap();
    let again = host.insert("costs", bill(1)).unwrap_err();
    assert_eq!(again.code, ErrorCode::Conflict);
    host.insert("costs", bill(2)).expect("a bill may be split");
    let mixed = json!({
        "title": "Brass", "project": kitchen, "amount": { "minor": 1, "currency": "AUD" },
        "tax": { "minor": 1, "currency": "EUR" }
    });
    assert_eq!(codes(&host.insert("costs", mixed).unwrap_err()), [("/tax", "currency")]);
}

#[test]
fn costs_are_claimed_together_and_once() {
    let mut host = may_claim();
    let (kitchen, porch) = (project(&mut host, "Kitchen"), project(&mut host, "Porch"));
    let (oak, brass) = (cost(&mut host, kitchen, "Oak", 10_000), cost(&mut host, kitchen, "Brass", 5_000));
    let own = host
        .insert(
            "costs",
            json!({
                "title": "Blades", "project": kitchen, "billable": false, "amount": { "minor": 99, "currency": "AUD" }
            }),
        )
        .unwrap();
    cost(&mut host, porch, "Pine", 700);
    let first = claim(&mut host, kitchen, &json!({})).unwrap();
    let record = host.record("claims", first).unwrap();
    assert_eq!((&record["number"], &record["title"]), (&json!("C-0001"), &json!("Costs of Kitchen")));
    assert_eq!(record["amount"], json!({ "minor": 15_000, "currency": "AUD" }));
    assert_eq!(record["tax"], json!({ "minor": 1_500, "currency": "AUD" }));
    for id in [oak, brass] {
        assert_eq!(host.record("costs", id).unwrap()["claim"], first.to_string());
    }
    assert_eq!(claim(&mut host, kitchen, &json!({})).unwrap_err().code, ErrorCode::Conflict, "nothing is left");
    for taken in [oak, own] {
        let fault = claim(&mut host, kitchen, &json!({ "costs": [taken] })).unwrap_err();
        assert_eq!((fault.code, codes(&fault)), (ErrorCode::Conflict, vec![("/costs", "not-billable")]));
    }
    let nonsense = claim(&mut host, kitchen, &json!({ "costs": ["oak"] })).unwrap_err();
    assert_eq!(codes(&nonsense), [("/costs/0", "type")]);

    host.transition("claims", first, "cancel").unwrap();
    let second = claim(&mut host, kitchen, &json!({ "costs": [oak], "title": "Oak" })).unwrap();
    assert_eq!(host.record("claims", second).unwrap()["amount"]["minor"], 10_000);
    assert_eq!(host.record("costs", brass).unwrap()["claim"], json!(null));
}

#[test]
fn costs_of_a_fixed_price_are_billed_by_its_stages_and_extras_on_top() {
    let mut host = may_claim();
    for (billing, extras) in [("fixed", true), ("milestones", true), ("not-billable", false)] {
        let shed = host.insert("projects", json!({ "name": billing, "billing": billing })).unwrap();
        let variation = json!({ "title": "Skylight", "project": shed, "extra": true });
        let variation = host.insert("tasks", variation).unwrap();
        let cost = |more: serde_json::Value| {
            let mut body = json!({ "title": "Oak", "project": shed, "amount": { "minor": 10_000, "currency": "AUD" } });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let plain = host.insert("costs", cost(json!({}))).unwrap();
        assert_eq!(host.record("costs", plain).unwrap()["billable"], false);
        assert_eq!(claim(&mut host, shed, &json!({})).unwrap_err().code, ErrorCode::Conflict);
        let fault = host.update("costs", plain, json!({ "billable": true })).unwrap_err();
        assert_eq!(codes(&fault), [("/billable", "not-billable")]);
        for more in [json!({ "extra": true }), json!({ "task": variation })] {
            let id = host.insert("costs", cost(more)).unwrap();
            assert_eq!(host.record("costs", id).unwrap()["billable"], extras, "{billing}");
        }
        if extras {
            let id = claim(&mut host, shed, &json!({})).unwrap();
            assert_eq!(host.record("claims", id).unwrap()["amount"]["minor"], 20_000);
        }
    }
    // What was entered while the project was billed by time and materials is not billed on top of its price either.
    let porch = project(&mut host, "Porch");
    cost(&mut host, porch, "Pine", 700);
    host.update("projects", porch, json!({ "billing": "fixed" })).unwrap();
    assert_eq!(claim(&mut host, porch, &json!({})).unwrap_err().code, ErrorCode::Conflict);
}

#[test]
fn a_claim_is_billed_with_its_number_then_paid_and_stands_still() {
    let mut host = may_claim();
    let kitchen = project(&mut host, "Kitchen");
    let oak = cost(&mut host, kitchen, "Oak", 10_000);
    let id = claim(&mut host, kitchen, &json!({})).unwrap();
    let early = host.transition("claims", id, "bill").unwrap_err();
    assert_eq!(codes(&early), [("/invoice", "required")]);
    host.update("claims", id, json!({ "invoice": "INV-88" })).unwrap();
    host.transition("claims", id, "bill").unwrap();
    assert_eq!(host.record("claims", id).unwrap()["billed_on"], "2026-11-23");
    let raised = json!({ "amount": { "minor": 1, "currency": "AUD" } });
    assert_eq!(host.update("claims", id, raised.clone()).unwrap_err().code, ErrorCode::Locked);
    assert_eq!(host.update("costs", oak, raised).unwrap_err().code, ErrorCode::Locked);
    assert_eq!(host.remove("costs", oak).unwrap_err().code, ErrorCode::Locked);
    host.update("costs", oak, json!({ "supplier": "Timber Co" })).expect("what does not touch the bill");
    let late = host.insert(
        "costs",
        json!({
            "title": "Late", "project": kitchen, "claim": id, "amount": { "minor": 1, "currency": "AUD" }
        }),
    );
    assert_eq!(late.unwrap_err().code, ErrorCode::Locked);
    host.transition("claims", id, "pay").unwrap();
    assert_eq!(host.transition("claims", id, "withdraw").unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(host.record("claims", id).unwrap()["paid_on"], "2026-11-23");
    host.transition("claims", id, "unpay").expect("it was another that was paid");
    assert_eq!(host.record("claims", id).unwrap()["paid_on"], json!(null));
    assert_eq!(host.update("claims", id, json!({ "title": "Other" })).unwrap_err().code, ErrorCode::Locked);
}

#[test]
fn a_milestone_is_claimed_once_while_the_claim_stands() {
    let mut host = may_claim();
    let kitchen = project(&mut host, "Kitchen");
    let stage = host.insert("milestones", json!({ "title": "Fitted", "project": kitchen })).unwrap();
    let of = || json!({ "title": "Fitted", "project": kitchen, "milestone": stage, "amount": { "minor": 9, "currency": "AUD" } });
    let first = host.insert("claims", of()).unwrap();
    assert_eq!(host.insert("claims", of()).unwrap_err().code, ErrorCode::Conflict);
    host.transition("claims", first, "cancel").unwrap();
    host.insert("claims", of()).unwrap();
}

#[test]
fn claims_go_out_as_a_file_of_sales_invoices() {
    let mut host = may_claim();
    let smith = host.insert("clients", json!({ "name": "Smith, Ltd", "number": "K7" })).unwrap();
    let kitchen = host.insert("projects", json!({ "name": "Kitchen", "client": smith })).unwrap();
    for (title, minor, date) in [("=Deposit", 12_345, "2026-11-01"), ("Stage", -500, "2026-12-01")] {
        let amount = json!({ "minor": minor, "currency": "AUD" });
        let body = json!({ "title": title, "project": kitchen, "amount": amount, "date": date, "tax": amount });
        host.insert("claims", body).unwrap();
    }
    let answer = host.get("/sales-invoices", &[]).unwrap();
    let lignaflow_sdk::testing::Body::Bytes { content_type, bytes } = answer.body else { panic!("no file") };
    assert_eq!(content_type, "text/csv; charset=utf-8");
    assert_eq!(
        String::from_utf8(bytes).unwrap().lines().skip(1).collect::<Vec<_>>(),
        [
            "C-0001,,\"Smith, Ltd\",K7,P-0001,\"'=Deposit\",2026-11-01,,123.45,123.45,246.90,AUD,open",
            "C-0002,,\"Smith, Ltd\",K7,P-0001,Stage,2026-12-01,,-5.00,-5.00,-10.00,AUD,open",
        ]
    );
    // The table that people look at has the same.
    let table = host.get("/invoices", &[]).unwrap();
    let rows = table.json()["rows"].as_array().unwrap();
    assert_eq!(rows.iter().map(|row| row["total"].as_i64().unwrap()).collect::<Vec<_>>(), [24_690, -1_000]);
    assert_eq!(table.json()["total"], json!({ "amount": 11_845, "tax": 11_845, "total": 23_690 }));
    let late = host.get("/sales-invoices", &[("from", "2026-12-01")]).unwrap();
    let lignaflow_sdk::testing::Body::Bytes { bytes, .. } = late.body else { panic!("no file") };
    assert_eq!(String::from_utf8(bytes).unwrap().lines().count(), 2);
    let fault = host.get("/sales-invoices", &[("from", "soon"), ("until", "later")]).unwrap_err();
    assert_eq!(codes(&fault), [("/from", "type"), ("/until", "type")]);
}

#[test]
fn money_is_for_who_may_see_it_and_receipts_for_who_brought_them() {
    let mut host = may_claim();
    let mia = host.add_person("Mia");
    let kitchen = host.insert("projects", json!({ "name": "Kitchen", "members": [mia] })).unwrap();
    let oak = cost(&mut host, kitchen, "Oak", 10_000);
    let body = json!({
        "title": "As quoted", "project": kitchen, "labour_minutes": 90, "sell": { "minor": 1, "currency": "AUD" }
    });
    let baseline = host.insert("baselines", body).unwrap();
    claim(&mut host, kitchen, &json!({})).unwrap();
    seeing::act_as(&mut host, mia);
    let screws = cost(&mut host, kitchen, "Screws", 50);
    let seen = |host: &mut Host, collection: &str| {
        let selection = select(collection).columns(["id"]).filter(field("project").eq(kitchen));
        let page = host.run(|| records::find(selection)).unwrap();
        page.records().map(|row| row.reference("id").unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(seen(&mut host, "costs"), [screws]);
    assert_eq!(seen(&mut host, "claims"), []);
    assert_eq!(seen(&mut host, "baselines"), [baseline]);
    let sold = host.run(|| records::get_for_caller("baselines", baseline, &["sell"]));
    assert_eq!(sold.unwrap_err().issues.first().map(|issue| issue.code.as_str()), Some("unknown-field"));
    assert_eq!(host.update("costs", oak, json!({ "title": "Mine" })).unwrap_err().code, ErrorCode::NotFound);
    let mine = json!({ "title": "Mine", "project": kitchen, "amount": { "minor": 1, "currency": "AUD" } });
    assert!(host.insert("claims", mine).is_err());
}

#[test]
fn what_is_billed_bears_the_tax_that_is_settled_and_not_the_suppliers() {
    let mut host = may_claim();
    let kitchen = project(&mut host, "Kitchen");
    let aud = |minor: i64| json!({ "minor": minor, "currency": "AUD" });
    let tax = |host: &Host, id: Id| host.record("claims", id).unwrap()["tax"].clone();
    let by_hand = |amount: i64| json!({ "title": "Stage", "project": kitchen, "amount": aud(amount) });
    let before = host.insert("claims", by_hand(1_000)).unwrap();
    assert_eq!(tax(&host, before), json!(null), "none is settled");
    host.fill_in("claim_tax", 1_500);

    // Costs are billed with the tax of whoever bills, as hours are, which another plugin claims by an insert.
    cost(&mut host, kitchen, "Oak", 10_001);
    cost(&mut host, kitchen, "Brass", 5_002);
    let costs = claim(&mut host, kitchen, &json!({})).unwrap();
    assert_eq!(tax(&host, costs), aud(2_250), "of 150.03 together, rounded once");
    let time = host.insert("claims", json!({ "title": "Time", "project": kitchen, "kind": "time", "amount": aud(90) }));
    assert_eq!(tax(&host, time.unwrap()), aud(14), "half a cent is rounded up");

    // What is typed stays, of nothing too; what was reckoned follows the amount.
    let mut free = by_hand(1_000);
    free["tax"] = aud(0);
    let free = host.insert("claims", free).unwrap();
    host.update("claims", free, json!({ "amount": aud(2_000) })).unwrap();
    assert_eq!(tax(&host, free), aud(0));
    let stage = host.insert("claims", by_hand(1_000)).unwrap();
    host.update("claims", stage, json!({ "amount": aud(3_000) })).unwrap();
    assert_eq!(tax(&host, stage), aud(450));
    host.update("claims", stage, json!({ "tax": aud(7) })).unwrap();
    host.update("claims", stage, json!({ "amount": aud(4_000) })).unwrap();
    assert_eq!(tax(&host, stage), aud(7));
    host.update("claims", stage, json!({ "tax": null, "invoice": "INV-1" })).unwrap();
    assert_eq!(tax(&host, stage), aud(600));
    host.fill_in("claim_tax", 2_000);
    host.transition("claims", stage, "bill").unwrap();
    assert_eq!(tax(&host, stage), aud(600), "what is billed stands still");
    host.transition("claims", before, "cancel").unwrap();
    assert_eq!(tax(&host, before), json!(null));
    let rows = host.get("/invoices", &[]).unwrap().json()["total"].clone();
    assert_eq!(rows["tax"], 2_250 + 14 + 600, "and it is on the invoices");
}

#[test]
fn a_cost_stands_still_while_a_claim_holds_it() {
    let mut host = may_claim();
    let kitchen = project(&mut host, "Kitchen");
    let porch = project(&mut host, "Porch");
    let aud = |minor: i64| json!({ "minor": minor, "currency": "AUD" });
    let oak = cost(&mut host, kitchen, "Oak", 10_000);
    let id = claim(&mut host, kitchen, &json!({})).unwrap();
    let changes = [
        json!({ "amount": aud(1) }),
        json!({ "tax": null }),
        json!({ "billable": false }),
        json!({ "extra": true }),
        json!({ "claim": null }),
        json!({ "project": porch }),
    ];
    let refused = |host: &mut Host, said: &str| {
        for change in &changes {
            let fault = host.update("costs", oak, change.clone()).unwrap_err();
            assert_eq!((fault.code, fault.message.as_str()), (ErrorCode::Locked, said), "{change}");
        }
        assert_eq!(host.remove("costs", oak).unwrap_err().code, ErrorCode::Locked);
    };
    refused(&mut host, "This cost is claimed with C-0001, Costs of Kitchen: cancel that claim first.");
    host.update("costs", oak, json!({ "supplier": "Timber Co", "kind": "other" })).expect("what it bills is the same");
    host.update("claims", id, json!({ "invoice": "INV-1" })).unwrap();
    host.transition("claims", id, "bill").unwrap();
    refused(&mut host, "This cost is billed with C-0001, Costs of Kitchen: take that back and cancel it first.");
    // How the project is billed from now on does not take back what was claimed.
    host.update("projects", kitchen, json!({ "billing": "fixed" })).unwrap();
    host.update("costs", oak, json!({ "supplier": "Timber" })).unwrap();
    assert_eq!(host.record("costs", oak).unwrap()["billable"], true);
    host.transition("claims", id, "pay").unwrap();
    refused(&mut host, "This cost is paid with C-0001, Costs of Kitchen: enter another for what differs.");

    // A claim that is cancelled lets go of what it held, and one that is gone too.
    let pine = cost(&mut host, porch, "Pine", 700);
    let id = claim(&mut host, porch, &json!({})).unwrap();
    host.transition("claims", id, "cancel").unwrap();
    host.update("costs", pine, json!({ "amount": aud(1), "tax": null })).unwrap();
    let id = claim(&mut host, porch, &json!({})).unwrap();
    host.remove("claims", id).unwrap();
    assert_eq!(host.record("costs", pine).unwrap()["claim"], json!(null));
    host.update("costs", pine, json!({ "amount": aud(2) })).unwrap();
    host.remove("costs", pine).unwrap();
}

#[test]
fn the_deposit_of_a_project_is_claimed_once_while_the_claim_stands() {
    let mut host = may_claim();
    let (kitchen, porch) = (project(&mut host, "Kitchen"), project(&mut host, "Porch"));
    let of = |project: Id, minor: i64, milestone: Option<Id>| {
        json!({
            "title": "Deposit", "project": project, "kind": "deposit", "milestone": milestone,
            "amount": { "minor": minor, "currency": "AUD" }
        })
    };
    let first = host.insert("claims", of(kitchen, 9, None)).unwrap();
    let again = host.insert("claims", of(kitchen, 9, None)).unwrap_err();
    assert_eq!(codes(&again), [("/kind", "duplicate")]);
    assert_eq!(
        again.message,
        "C-0001 claims the deposit of this project already: cancel that first, or claim this as a stage."
    );
    let stage = host.insert("milestones", json!({ "title": "Signed", "project": kitchen })).unwrap();
    assert_eq!(codes(&host.insert("claims", of(kitchen, 9, Some(stage))).unwrap_err()), [("/kind", "duplicate")]);
    host.insert("claims", of(porch, 9, None)).unwrap();
    let mut as_stage = of(kitchen, 5, None);
    as_stage["kind"] = json!("stage");
    let other = host.insert("claims", as_stage).unwrap();
    assert_eq!(
        codes(&host.update("claims", other, json!({ "kind": "deposit" })).unwrap_err()),
        [("/kind", "duplicate")]
    );
    host.update("claims", first, json!({ "amount": { "minor": 11, "currency": "AUD" } })).unwrap();
    // What takes it back is no further one, and neither is the next once it is cancelled.
    host.insert("claims", of(kitchen, -11, None)).unwrap();
    host.transition("claims", first, "cancel").unwrap();
    host.insert("claims", of(kitchen, 9, None)).unwrap();
    // Two of one batch find each other.
    let shed = project(&mut host, "Shed");
    let claim = |id: Id| {
        insert("claims", id)
            .set("title", "Deposit")
            .set("project", shed)
            .set("kind", "deposit")
            .set("amount", Money { minor: 9, currency: Currency::AUD })
    };
    let (a, b) = (host.new_id(), host.new_id());
    let both = host.batch([claim(a), claim(b)]).unwrap_err();
    assert_eq!(codes(&both), [("/0/kind", "duplicate"), ("/1/kind", "duplicate")]);
    // Deposits of two milestones are two things.
    for title in ["Signed", "Variation signed"] {
        let milestone = host.insert("milestones", json!({ "title": title, "project": shed })).unwrap();
        host.insert("claims", of(shed, 9, Some(milestone))).unwrap();
    }
}

#[test]
fn a_milestone_is_claimed_by_what_falls_due_with_it() {
    let mut host = may_claim();
    host.fill_in("claim_tax", 1_000);
    let kitchen = project(&mut host, "Kitchen");
    let amount = json!({ "minor": 90_005, "currency": "AUD" });
    let fitted = json!({ "title": "Fitted", "project": kitchen, "amount": amount });
    let fitted = host.insert("milestones", fitted).unwrap();
    let bare = host.insert("milestones", json!({ "title": "Measured", "project": kitchen })).unwrap();
    let path = format!("/milestones/{fitted}/claim");
    assert_eq!(codes(&host.post(&path, &json!({ "due": "soon" })).unwrap_err()), [("/due", "type")]);
    let answer = host.post(&path, &json!({ "due": "2026-12-14" })).unwrap();
    let id = answer.json()["id"].as_str().unwrap().parse().unwrap();
    let record = host.record("claims", id).unwrap();
    assert_eq!((answer.status, &record["title"], &record["kind"]), (201, &json!("Fitted"), &json!("stage")));
    assert_eq!((&record["amount"], &record["tax"]["minor"]), (&amount, &json!(9_001)));
    assert_eq!((&record["milestone"], &record["due"]), (&json!(fitted), &json!("2026-12-14")));
    let again = host.post(&path, &json!({})).unwrap_err();
    assert_eq!(again.code, ErrorCode::Conflict, "once while that claim stands");
    assert_eq!(host.post(&format!("/milestones/{bare}/claim"), &json!({})).unwrap_err().code, ErrorCode::Conflict);
    let nobody = host.new_id();
    assert_eq!(host.post(&format!("/milestones/{nobody}/claim"), &json!({})).unwrap_err().code, ErrorCode::NotFound);
    host.transition("claims", id, "cancel").unwrap();
    host.post(&path, &json!({ "title": "Fitted, once more" })).unwrap();
    host.caller.permissions.retain(|held| held != "projects.claim");
    assert_eq!(host.post(&path, &json!({})).unwrap_err().code, ErrorCode::Denied);
}
