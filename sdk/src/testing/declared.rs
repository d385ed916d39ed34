//! What is declared holds in memory as it does in the host.

use super::MemoryHost;
use crate::prelude::*;
use serde_json::{Value as Json, json};

const BILLING: &str = r#"
id = "billing"
version = "0.1.0"
title = "Billing"
api = "0.1"

[[collections]]
name = "invoices"
title = { one = "Invoice", many = "Invoices" }
display = "title"
unique = [{ fields = ["title"], where = "status = draft", message = "One draft of a title." }]
checks = [{ rule = "due >= day", field = "due", message = "Not due before its day." }]
[collections.fields]
title = { type = "text", required = true }
number = { type = "text", sequence = { format = "INV-{n:3}", on = "issue", start = 7 } }
day = { type = "date" }
due = { type = "date" }
net = { type = "money", derived = "sum(lines.amount)" }
lines_count = { type = "integer", derived = "count(lines)" }
status = { type = "choice", of = ["draft", "issued"], default = "draft" }
[[collections.transitions]]
name = "issue"
from = ["draft"]
to = "issued"
locks = true

[[collections]]
name = "lines"
title = { one = "Line", many = "Lines" }
display = "title"
part_of = "invoice"
[collections.fields]
title = { type = "text", required = true }
invoice = { type = "reference", to = "invoices", required = true }
after = { type = "reference", to = "lines", acyclic = true, on_delete = "cascade" }
quantity = { type = "integer", required = true }
price = { type = "money", default = { minor = 250, currency = "AUD" } }
amount = { type = "money", derived = "quantity * price" }
"#;

struct Billing;
impl Plugin for Billing {}

struct Scene {
    host: MemoryHost<Billing>,
    invoice: Id,
}

fn scene() -> Scene {
    let mut host = MemoryHost::new(BILLING);
    let invoice = host.insert("invoices", json!({ "title": "Stair" })).unwrap();
    Scene { host, invoice }
}

impl Scene {
    fn line(&mut self, quantity: i64) -> Id {
        self.host.insert("lines", json!({ "title": "Oak", "invoice": self.invoice, "quantity": quantity })).unwrap()
    }

    fn read(&self) -> Json {
        self.host.record("invoices", self.invoice).unwrap()
    }
}

#[test]
fn amounts_and_totals_follow_and_the_whole_comes_to_its_next_version() {
    let mut scene = scene();
    let line = scene.line(2);
    scene.line(3);
    assert_eq!(scene.host.record("lines", line).unwrap()["amount"]["minor"], 500);
    let invoice = scene.read();
    assert_eq!(
        (&invoice["net"]["minor"], &invoice["lines_count"], &invoice["version"]),
        (&json!(1250), &json!(2), &json!(3))
    );
    scene.host.remove("lines", line).unwrap();
    assert_eq!(scene.read()["net"]["minor"], 750);
    let fault = scene.host.update("lines", line, json!({ "amount": null })).unwrap_err();
    assert_eq!(fault.code, ErrorCode::Locked, "it is archived");
}

#[test]
fn a_number_is_given_once_and_what_is_locked_refuses_its_parts() {
    let mut scene = scene();
    let line = scene.line(2);
    scene.host.transition("invoices", scene.invoice, "issue").unwrap();
    assert_eq!(scene.read()["number"], "INV-007");
    let fault = scene.host.update("lines", line, json!({ "quantity": 1 })).unwrap_err();
    assert_eq!((fault.code, fault.issues[0].path.as_str()), (ErrorCode::Locked, "/invoice"));
    let second = scene.host.insert("invoices", json!({ "title": "Stair" })).unwrap();
    scene.host.transition("invoices", second, "issue").unwrap();
    assert_eq!(scene.host.record("invoices", second).unwrap()["number"], "INV-008");
}

#[test]
fn what_is_written_by_nobody_is_refused_and_checks_and_conditions_hold() {
    let mut scene = scene();
    let body = json!({ "title": "Door", "number": "INV-1", "day": "2026-12-02", "due": "2026-12-01" });
    let fault = scene.host.insert("invoices", body).unwrap_err();
    assert_eq!(fault.issues[0].code, "read-only");
    let fault = scene.host.insert("invoices", json!({ "title": "Door", "day": "2026-12-02", "due": "2026-12-01" }));
    assert_eq!(fault.unwrap_err().issues[0].message, "Not due before its day.");
    let fault = scene.host.insert("invoices", json!({ "title": "Stair" })).unwrap_err();
    assert_eq!((fault.code, fault.message.as_str()), (ErrorCode::Conflict, "One draft of a title."));
}

#[test]
fn parts_and_what_cascades_go_and_come_back_together() {
    let mut scene = scene();
    let first = scene.line(1);
    let second = scene.line(1);
    scene.host.update("lines", second, json!({ "after": first })).unwrap();
    let fault = scene.host.update("lines", first, json!({ "after": second })).unwrap_err();
    assert_eq!((fault.issues[0].path.as_str(), fault.issues[0].code.as_str()), ("/after", "cycle"));
    scene.host.remove("lines", first).unwrap();
    assert!(!scene.host.record("lines", second).unwrap()["archived_at"].is_null());
    scene.host.restore("lines", first).unwrap();
    scene.host.remove("invoices", scene.invoice).unwrap();
    assert!(!scene.host.record("lines", second).unwrap()["archived_at"].is_null());
    scene.host.restore("invoices", scene.invoice).unwrap();
    assert_eq!(scene.read()["lines_count"], 2);
}
