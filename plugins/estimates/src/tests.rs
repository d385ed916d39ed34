//! The plugin as its users meet it: through the host, by its descriptor.
#![expect(clippy::needless_pass_by_value, reason = "bodies are written where they are sent")]

use crate::Estimates;
use lignaflow_sdk::prelude::*;
use lignaflow_sdk::testing::MemoryHost;
use serde_json::{Value as Json, json};

mod agreeing;
mod answering;
mod bringing;
mod catalogue;
mod clients;
mod copying;
mod footing;
mod issuing;
mod pricing;
mod states;

type Host = MemoryHost<Estimates>;

/// An estimator's.
fn host() -> Host {
    let mut host = Host::beside(include_str!("../plugin.toml"), &[include_str!("../../projects/plugin.toml")]);
    let held = [
        "estimates.see",
        "estimates.see-costs",
        "estimates.edit",
        "estimates.issue",
        "projects.see-all",
        "projects.see-clients",
        "projects.plan",
        "projects.edit",
        "projects.see-money",
    ];
    host.caller.permissions.extend(held.map(str::to_owned));
    host.insert("tax-codes", json!({ "name": "GST", "rate": 1000, "standard": true })).unwrap();
    host
}

fn id(json: &Json) -> Id {
    json.as_str().unwrap().parse().unwrap()
}

/// An estimate with its first revision and section.
struct Begun {
    estimate: Id,
    revision: Id,
    section: Id,
}

fn begin(host: &mut Host, title: &str) -> Begun {
    begun_for(host, title, None)
}

/// A variation of a project, where one is named.
fn begun_for(host: &mut Host, title: &str, project: Option<Id>) -> Begun {
    let mut body = json!({ "title": title });
    if let Some(project) = project {
        body["project"] = json!(project);
    }
    let answer = host.post("/begin", &body).unwrap();
    assert_eq!(answer.status, 201);
    let revision = id(&answer.json()["id"]);
    let page = host.find(select("sections").columns(["id"]).filter(field("revision").eq(revision))).unwrap();
    let section = page.records().next().unwrap().reference("id").unwrap();
    Begun { estimate: id(&answer.json()["estimate"]), revision, section }
}

impl Begun {
    fn line(&self, host: &mut Host, fields: Json) -> Result<Id, Fault> {
        let mut line = json!({ "revision": self.revision, "section": self.section, "description": "Cabinet" });
        line.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        host.insert("lines", line)
    }

    /// A line of a fixed price.
    fn priced(&self, host: &mut Host, price: &str, fields: Json) -> Id {
        let mut line = json!({ "pricing": "fixed", "unit_price": price });
        line.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.line(host, line).unwrap()
    }

    fn issued(&self, host: &mut Host) {
        host.transition("revisions", self.revision, "issue").unwrap();
    }
}

fn with(host: &mut Host, revision: Id, name: &str, fields: &[(&str, Value)]) -> Result<(), Fault> {
    let write =
        fields.iter().fold(transition("revisions", revision, name), |write, (name, value)| write.set(*name, value));
    host.batch([write])
}

fn minor(host: &Host, revision: Id, field: &str) -> i64 {
    host.fields("revisions", revision).unwrap().money(field).unwrap().minor
}

fn status(host: &Host, revision: Id) -> String {
    host.fields("revisions", revision).unwrap().text("status").unwrap().to_owned()
}

fn codes(fault: &Fault) -> Vec<(&str, &str)> {
    fault.issues.iter().map(|issue| (issue.path.as_str(), issue.code.as_str())).collect()
}
