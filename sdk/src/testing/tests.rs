//! The host in memory behaves as the host does.

use super::*;
use crate::prelude::*;
use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

const SHELF: &str = r#"
id = "shelf"
version = "0.1.0"
title = "Shelf"
api = "0.1"

[grants]
interfaces = ["records", "people"]

[permissions]
burn = "Burn books"

[[collections]]
name = "boxes"
title = { one = "Box", many = "Boxes" }
display = "label"
fields = { label = { type = "text", required = true }, full = { type = "boolean", default = false } }

[[collections]]
name = "books"
title = { one = "Book", many = "Books" }
display = "title"
serialize = ["box"]
unique = [["isbn"]]
hook = { on = ["insert", "update", "remove"], with = ["box.full", "box.label"] }

[collections.fields]
title = { type = "text", required = true, max = 20, search = true }
isbn = { type = "text" }
box = { type = "reference", to = "boxes" }
sequel_of = { type = "reference", to = "books", on_delete = "clear" }
readers = { type = "people" }
owner = { type = "person", default = "caller" }
bought = { type = "date", default = "today" }
pages = { type = "integer", min = 1, read_only = true }
status = { type = "choice", of = ["new", "read", "burnt"], default = "new" }

[[collections.transitions]]
name = "read"
from = ["new"]
to = "read"

[[collections.transitions]]
name = "burn"
from = ["new", "read"]
to = "burnt"
permission = "burn"
locks = true

[[routes]]
name = "fill"
title = "Fill a box"
method = "POST"
path = "/boxes/{id}/fill"
answer = { record = "boxes" }

[[routes]]
name = "show"
title = "Show what is found"
method = "GET"
path = "/found/{what}"
"#;

struct Shelf;

impl Plugin for Shelf {
    /// Counts pages, refuses full boxes, and keeps a box to two books.
    fn before_save(changes: &[HookChange]) -> Result<Verdict, Fault> {
        let mut verdict = Verdict::default();
        let mut issues = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            if change.related.boolean("box.full") == Some(true) {
                let label = change.related.text("box.label").unwrap_or_default();
                issues.push(change_issue(index, "box", "full", format!("{label} is full.")));
            }
            if let Some(title) = change.after.text("title") {
                verdict.set_field(index, "pages", i64::try_from(title.len()).unwrap());
            }
            if let Some(shelf) = change.after.reference("box") {
                let count = records::find(select("books").as_plugin().filter(field("box").eq(shelf)))?.rows.len();
                log::info("counted", &[("books", i64::try_from(count).unwrap().into_value())]);
                if count == 2 && change.kind == ChangeKind::Insert {
                    verdict.also.push(update("boxes", shelf).set("full", true).into());
                }
                let secret = field("box").eq(shelf).and(field("title").eq("Secret"));
                verdict.also.push(ensure_none("books", secret, Fault::new(ErrorCode::Conflict, "It is secret.")));
            }
        }
        if issues.is_empty() { Ok(verdict) } else { Err(Fault::invalid(issues)) }
    }

    fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
        match (request.route.as_str(), request.parameter("what")) {
            ("fill", _) => {
                let (id, titles): (Id, Vec<String>) = (request.id("id")?, request.json()?);
                let mut writes: Vec<Mutation> = vec![update("boxes", id).set("label", "Filled").into()];
                for title in titles {
                    writes.push(insert("books", context::new_id()?).set("title", title).set("box", id).into());
                }
                Ok(reply::saved("boxes", id).with_writes(writes))
            }
            (_, Some("books")) => Ok(reply::found(select("books").columns(["title"]).sort("title"))),
            (_, Some("pages")) => Ok(reply::summarized(summarize("books").measure(sum("pages")))),
            (_, Some("people")) => {
                reply::json(&people::holding(None)?.iter().map(|person| person.name.clone()).collect::<Vec<_>>())
            }
            (_, Some("now")) => reply::json(&context::caller()?.today()?),
            (_, Some("bytes")) => Ok(reply::bytes("text/plain", b"hello".to_vec())),
            _ => Ok(reply::empty()),
        }
    }
}

fn host() -> MemoryHost<Shelf> {
    MemoryHost::new(SHELF)
}

fn codes(fault: &Fault) -> Vec<(&str, &str)> {
    fault.issues.iter().map(|issue| (issue.path.as_str(), issue.code.as_str())).collect()
}

#[test]
fn a_new_record_has_its_defaults_and_what_the_hook_sets() {
    let mut host = host();
    let owner = host.caller.person().unwrap();
    let book = host.insert("books", json!({ "title": "Joinery" })).unwrap();
    let record = host.record("books", book).unwrap();
    assert_eq!(record["pages"], 7);
    assert_eq!(record["status"], "new");
    assert_eq!(record["bought"], "2026-11-23");
    assert_eq!(record["owner"], owner.to_string());
    assert_eq!((&record["version"], &record["archived_at"]), (&json!(1), &Json::Null));
    host.update("books", book, json!({ "title": "Dovetails" })).unwrap();
    let fields = host.fields("books", book).unwrap();
    assert_eq!((fields.integer("pages"), fields.text("title")), (Some(9), Some("Dovetails")));
}

#[test]
fn every_fault_of_the_input_is_told_at_once() {
    let mut host = host();
    let fault = host.insert("books", json!({ "title": "", "pages": 3, "status": "read", "pags": 1 })).unwrap_err();
    assert_eq!(codes(&fault), [("/pags", "unknown-field")], "unknown fields are seen before any value");
    let fault = host.insert("books", json!({ "title": "", "pages": 3, "status": "read" })).unwrap_err();
    assert_eq!(codes(&fault), [("/title", "required"), ("/pages", "read-only"), ("/status", "by-transition")]);
}

#[test]
fn a_batch_is_carried_out_whole_or_not_at_all() {
    let mut host = host();
    let (first, second) = (host.new_id(), host.new_id());
    let fault = host.batch([
        insert("books", first).set("title", "One"),
        insert("books", second).set("title", "A title of far too many characters"),
        update("books", first).set("title", "Uno"),
    ]);
    assert_eq!(codes(&fault.unwrap_err()), [("/1/title", "too-long"), ("/2/id", "twice")]);
    assert_eq!(host.count("books", all([])), Ok(0));

    host.batch([
        insert("books", first).set("title", "One"),
        insert("books", second).set("title", "Two").set("sequel_of", first),
    ])
    .unwrap();
    let fault = host.batch([insert("books", first).set("title", "Again")]).unwrap_err();
    assert_eq!((fault.code, codes(&fault)), (ErrorCode::Conflict, vec![("/0/id", "taken")]));
}

#[test]
fn a_hooks_issues_are_told_at_their_place_in_the_input() {
    let mut host = host();
    let full = host.insert("boxes", json!({ "label": "Attic", "full": true })).unwrap();
    let (shelf, book) = (host.new_id(), host.new_id());
    let fault = host
        .batch([insert("boxes", shelf).set("label", "New"), insert("books", book).set("title", "One").set("box", full)])
        .unwrap_err();
    assert_eq!(codes(&fault), [("/1/box", "full")]);
    assert_eq!(fault.message, "Attic is full.");
    // What the batch itself makes is handed to the hook too.
    let fault = host
        .batch([
            insert("boxes", shelf).set("label", "New").set("full", true),
            insert("books", book).set("title", "One").set("box", shelf),
        ])
        .unwrap_err();
    assert_eq!(fault.message, "New is full.");
}

#[test]
fn a_hooks_further_writes_and_guards_belong_to_the_batch() {
    let mut host = host();
    let shelf = host.insert("boxes", json!({ "label": "Attic" })).unwrap();
    for title in ["One", "Two", "Three"] {
        host.insert("books", json!({ "title": title, "box": shelf.to_string() })).unwrap();
    }
    assert_eq!(host.fields("boxes", shelf).unwrap().boolean("full"), Some(true));
    assert_eq!(host.logged().len(), 3);
    assert!(host.logged().is_empty());
    let other = host.insert("boxes", json!({ "label": "Cellar" })).unwrap();
    let fault = host.insert("books", json!({ "title": "Secret", "box": other.to_string() })).unwrap_err();
    assert_eq!((fault.code, fault.message.as_str()), (ErrorCode::Conflict, "It is secret."));
    assert_eq!(host.count("books", all([])), Ok(3));
}

#[test]
fn states_change_by_transitions_alone_and_lock() {
    let mut host = host();
    let book = host.insert("books", json!({ "title": "One" })).unwrap();
    host.transition("books", book, "read").unwrap();
    assert_eq!(host.transition("books", book, "read").unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(host.transition("books", book, "eat").unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(host.transition("books", book, "burn").unwrap_err().code, ErrorCode::Denied);
    host.caller.permissions.push("shelf.burn".into());
    host.transition("books", book, "burn").unwrap();
    assert_eq!(host.update("books", book, json!({ "title": "Ash" })).unwrap_err().code, ErrorCode::Locked);
    assert_eq!(host.remove("books", book).unwrap_err().code, ErrorCode::Locked);
}

#[test]
fn references_lead_to_what_is_in_use() {
    let mut host = host();
    let shelf = host.insert("boxes", json!({ "label": "Attic" })).unwrap();
    let (first, nobody) =
        (host.insert("books", json!({ "title": "One", "box": shelf.to_string() })).unwrap(), host.new_id());
    let fault = host.insert("books", json!({ "title": "Two", "readers": [nobody.to_string()] })).unwrap_err();
    assert_eq!(codes(&fault), [("/readers", "unknown-reference")]);
    assert_eq!(host.remove("boxes", shelf).unwrap_err().code, ErrorCode::Conflict);

    let second = host.insert("books", json!({ "title": "Two", "sequel_of": first.to_string() })).unwrap();
    host.remove("books", first).unwrap();
    assert!(host.fields("books", second).unwrap().is_null("sequel_of"));
    assert_eq!(host.update("books", first, json!({})).unwrap_err().code, ErrorCode::Locked);
    host.remove("boxes", shelf).unwrap();
    let fault = host.restore("books", first).unwrap_err();
    assert_eq!(codes(&fault), [("/box", "unknown-reference")]);
    host.restore("boxes", shelf).unwrap();
    host.restore("books", first).unwrap();
    assert_eq!(host.restore("books", first).unwrap_err().code, ErrorCode::Conflict);
}

#[test]
fn who_has_left_stays_where_they_are_and_is_not_added_anew() {
    let mut host = host();
    let ana = host.add_person("Ana");
    let book = host.insert("books", json!({ "title": "One", "readers": [ana.to_string()] })).unwrap();
    host.leave(ana);
    host.update("books", book, json!({ "title": "Uno" })).unwrap();
    host.remove("books", book).unwrap();
    host.restore("books", book).unwrap();
    let fault = host.insert("books", json!({ "title": "Two", "readers": [ana.to_string()] })).unwrap_err();
    assert_eq!(codes(&fault), [("/readers", "unknown-reference")]);
}

#[test]
fn what_must_be_unique_is_so_among_records_that_are_not_archived() {
    let mut host = host();
    let first = host.insert("books", json!({ "title": "One", "isbn": "1" })).unwrap();
    host.insert("books", json!({ "title": "None" })).unwrap();
    host.insert("books", json!({ "title": "None" })).unwrap();
    let fault = host.insert("books", json!({ "title": "Two", "isbn": "1" })).unwrap_err();
    assert_eq!((fault.code, codes(&fault)), (ErrorCode::Conflict, vec![("/isbn", "duplicate")]));
    host.remove("books", first).unwrap();
    host.insert("books", json!({ "title": "Two", "isbn": "1" })).unwrap();
    assert_eq!(host.restore("books", first).unwrap_err().code, ErrorCode::Conflict);
}

#[test]
fn an_expected_version_must_be_the_current_one() {
    let mut host = host();
    let book = host.insert("books", json!({ "title": "One" })).unwrap();
    host.update("books", book, json!({ "title": "One" })).unwrap();
    assert_eq!(host.record("books", book).unwrap()["version"], 1, "a change of nothing is none");
    host.update("books", book, json!({ "title": "Two" })).unwrap();
    let stale = host.batch([update("books", book).expecting(1).set("title", "Three")]).unwrap_err();
    assert_eq!((stale.code, codes(&stale)), (ErrorCode::Stale, vec![("/0", "stale")]));
    host.batch([update("books", book).expecting(2).set("title", "Three")]).unwrap();
}

#[test]
fn a_route_writes_through_the_hook_and_answers_with_what_stands() {
    let mut host = host();
    let shelf = host.insert("boxes", json!({ "label": "Attic" })).unwrap();
    let answer = host.post(&format!("/boxes/{shelf}/fill"), &json!(["One", "Two"])).unwrap();
    assert_eq!((answer.status, &answer.json()["label"]), (200, &json!("Filled")));
    assert_eq!(host.get("/found/books", &[]).unwrap().json()["data"], json!([{ "title": "One" }, { "title": "Two" }]));
    assert_eq!(host.get("/found/pages", &[]).unwrap().json()["data"][0]["pages"], 6);
    let fault = host.post(&format!("/boxes/{shelf}/fill"), &json!(["", "Fine"])).unwrap_err();
    assert_eq!(codes(&fault), [("/writes/1/title", "required")]);
    assert_eq!(host.count("books", all([])), Ok(2));
}

#[test]
fn routes_are_found_by_method_and_path() {
    let mut host = host();
    assert_eq!(host.get("/found/nothing", &[("a", "b")]).unwrap().body, Body::Empty);
    assert_eq!(host.get("/found/people", &[]).unwrap().json(), &json!(["Alex Carpenter"]));
    assert_eq!(host.get("/found/now", &[]).unwrap().json(), &json!("2026-11-23"));
    assert!(matches!(host.get("/found/bytes", &[]).unwrap().body, Body::Bytes { bytes, .. } if bytes == b"hello"));
    for path in ["/found", "/found/a/b", "/lost/a"] {
        assert_eq!(host.get(path, &[]).unwrap_err().code, ErrorCode::NotFound);
    }
    assert_eq!(host.post("/found/nothing", &json!({})).unwrap_err().code, ErrorCode::NotFound);
}

#[test]
fn reads_follow_the_callers_rights_and_the_plugins_grants() {
    let mut host = host();
    host.caller.permissions.clear();
    let denied = host.run(|| records::find(select("books"))).unwrap_err();
    assert_eq!(denied.code, ErrorCode::Denied);
    assert!(host.run(|| records::find(select("books").as_plugin())).is_ok());
    let foreign = host.run(|| records::find(select("projects/tasks").as_plugin())).unwrap_err();
    assert_eq!(foreign.code, ErrorCode::Denied);
    let nobody = host.new_id();
    assert_eq!(host.run(|| records::get("books", nobody, &["title"])), Ok(None));
    assert_eq!(host.run(|| people::person(nobody)), Ok(None));
}

#[test]
#[should_panic(expected = "plugin.toml does not ask for `records`")]
fn what_is_not_granted_is_not_answered() {
    let ungranted = SHELF.replace("interfaces = [\"records\", \"people\"]", "");
    let mut host = MemoryHost::<Shelf>::new(&ungranted);
    let _ = host.run(|| records::find(select("books")));
}

#[test]
#[should_panic(expected = "the host answers only while it calls the plugin")]
fn outside_a_call_nothing_is_answered() {
    let _ = context::caller();
}

#[test]
#[should_panic(expected = "books.hook.with: There is no field `colour`.")]
fn a_path_that_leads_nowhere_is_told() {
    MemoryHost::<Shelf>::new(&SHELF.replace("\"box.label\"", "\"box.colour\""));
}

#[test]
#[should_panic(expected = "line 4, api: built against contract `9`")]
fn a_descriptor_with_a_fault_is_told() {
    MemoryHost::<Shelf>::new("id = \"shelf\"\nversion = \"0.1.0\"\ntitle = \"Shelf\"\napi = \"9\"\n");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pages_read_one_after_the_other_are_the_whole(count in 0..30_usize, limit in 1..8_u16) {
        let mut host = host();
        let writes: Vec<_> =
            (0..count).map(|number| insert("books", host.new_id()).set("title", format!("{number:03}"))).collect();
        host.batch(writes).unwrap();
        let selection = select("books").columns(["title"]).sort_descending("title").limit(limit);
        let found = host.run(|| records::find_all(selection, 100)).unwrap().unwrap();
        let titles: Vec<_> = found.iter().map(|fields| fields.text("title").unwrap().to_owned()).collect();
        let expected: Vec<_> = (0..count).rev().map(|number| format!("{number:03}")).collect();
        prop_assert_eq!(titles, expected);
        let more_than_half = host.run(|| records::find_all(select("books").limit(limit), count / 2)).unwrap();
        prop_assert_eq!(more_than_half.is_none(), count > 0);
    }
}
