//! Jobs and subscriptions in the host in memory.

use crate::prelude::*;
use crate::testing::MemoryHost;
use serde_json::json;

const PILE: &str = r#"
id = "pile"
version = "0.1.0"
title = "Pile"
api = "0.1"

[grants]
interfaces = ["records"]

[[collections]]
name = "boards"
title = { one = "Board", many = "Boards" }
display = "title"
hook = { on = ["insert"] }
[collections.fields]
title = { type = "text", required = true }
status = { type = "choice", of = ["raw", "planed"], default = "raw" }
[[collections.transitions]]
name = "plane"
from = ["raw"]
to = "planed"

[[collections]]
name = "notes"
title = { one = "Note", many = "Notes" }
display = "title"
fields = { title = { type = "text", required = true } }

[[jobs]]
name = "count"

[[subscriptions]]
collection = "boards"
on = ["plane"]

[[subscriptions]]
collection = "notes"
on = ["insert"]
"#;

struct Pile;

impl Plugin for Pile {
    fn before_save(_: &[HookChange]) -> Result<Verdict, Fault> {
        Ok(Verdict { also: vec![enqueue("count").with(&3)?.once("all").into()], ..Verdict::default() })
    }

    fn run(call: &JobCall) -> Result<Slice, Fault> {
        let (upto, begin) = (call.json::<u32>()?, call.resumed::<u32>()?.unwrap_or_default());
        let boards = records::find(select("boards").columns(["id"]))?.rows.len();
        let title = format!("slice {begin} of {boards} boards");
        let slice = Slice::default().with_writes([insert("notes", context::new_id()?).set("title", title)]);
        if begin + 1 < upto { slice.resuming(&(begin + 1)) } else { Ok(slice) }
    }

    fn receive(events: &[Event]) -> Result<Vec<Mutation>, Fault> {
        let note = |event: &Event| {
            let title = format!("{} {}: {}", event.kind.as_str(), event.collection, event.after.len());
            Ok(insert("notes", context::new_id()?).set("title", title).into())
        };
        events.iter().map(note).collect()
    }
}

fn titles(host: &MemoryHost<Pile>) -> Vec<String> {
    let page = host.find(select("notes").columns(["title"]).sort("id")).unwrap();
    page.records().map(|row| row.text("title").unwrap().to_owned()).collect()
}

#[test]
fn a_job_that_a_hook_asks_for_is_done_in_slices_with_the_plugins_rights() {
    let mut host = MemoryHost::<Pile>::new(PILE);
    host.caller.permissions.retain(|permission| permission != "records.read");
    for title in ["Oak", "Ash"] {
        host.insert("boards", json!({ "title": title })).unwrap();
    }
    let waiting = host.waiting();
    assert_eq!(waiting.len(), 1, "one under its key");
    assert_eq!((waiting[0].name.as_str(), waiting[0].payload.as_str()), ("count", "3"));
    assert_eq!(host.run_jobs(), Ok(1));
    assert_eq!(titles(&host), ["slice 0 of 2 boards", "slice 1 of 2 boards", "slice 2 of 2 boards"]);
    assert!(host.waiting().is_empty());
}

#[test]
fn a_plugin_is_told_of_what_it_subscribes_to_and_not_of_its_answers() {
    let mut host = MemoryHost::<Pile>::new(PILE);
    let board = host.insert("boards", json!({ "title": "Oak" })).unwrap();
    assert_eq!(host.tell(), Ok(0), "an insert of boards is not asked for");
    host.transition("boards", board, "plane").unwrap();
    host.insert("notes", json!({ "title": "mine" })).unwrap();
    assert_eq!(host.tell(), Ok(2));
    assert_eq!(titles(&host), ["mine", "update boards: 1", "insert notes: 1"]);
    assert_eq!(host.tell(), Ok(0));
}
