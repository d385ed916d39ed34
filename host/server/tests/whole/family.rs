//! Records that belong together: parts of a whole, records that go with another, references that lead in no circle.
//! All of it is declared; no plugin code is involved.

use lignaflow_testkit::{Answer, Database, Org, Race, Server, on_both};
use serde_json::json;

on_both!(
    a_part_makes_a_new_version_of_its_whole_and_of_what_that_is_a_part_of,
    a_part_that_moves_is_told_of_in_both_wholes,
    a_locked_whole_refuses_every_change_of_its_parts,
    a_part_does_not_slip_into_a_whole_that_is_just_being_locked,
    parts_of_one_whole_are_written_at_once_without_getting_in_each_others_way,
    parts_go_with_the_whole_and_come_back_with_it,
    a_part_that_comes_while_its_whole_goes_is_refused,
    a_cascade_goes_through_several_levels_and_each_step_is_in_the_log,
    a_cascade_that_meets_what_refuses_changes_does_nothing,
    whatever_is_archived_takes_along_exactly_what_leads_to_it,
    a_reference_that_may_not_lead_in_a_circle_does_not,
    two_writers_who_close_a_circle_of_declared_references_do_not_both_pass,
    a_whole_shows_what_goes_with_it_before_it_is_archived,
);

pub(crate) const QUOTES: &str = r#"
id = "quotes"
version = "0.1.0"
title = "Quotes"
api = "0.1"

[[collections]]
name = "estimates"
title = { one = "Estimate", many = "Estimates" }
display = "title"
[collections.fields]
title = { type = "text", required = true }
status = { type = "choice", of = ["draft", "issued"], default = "draft" }
[[collections.transitions]]
name = "issue"
from = ["draft"]
to = "issued"
locks = true
[[collections.transitions]]
name = "reopen"
from = ["issued"]
to = "draft"

[[collections]]
name = "lines"
title = { one = "Line", many = "Lines" }
display = "title"
part_of = "estimate"
[collections.fields]
title = { type = "text", required = true }
estimate = { type = "reference", to = "estimates", required = true }
done = { type = "choice", of = ["no", "yes"], default = "no" }
[[collections.transitions]]
name = "finish"
field = "done"
from = ["no"]
to = "yes"

[[collections]]
name = "remarks"
title = { one = "Remark", many = "Remarks" }
display = "text"
part_of = "line"
[collections.fields]
text = { type = "text", required = true }
line = { type = "reference", to = "lines", required = true }

[[collections]]
name = "groups"
title = { one = "Group", many = "Groups" }
display = "name"
[collections.fields]
name = { type = "text", required = true }
parent = { type = "reference", to = "groups", acyclic = true, on_delete = "cascade" }
beside = { type = "references", to = "groups", acyclic = true, on_delete = "clear" }

[[collections]]
name = "items"
title = { one = "Item", many = "Items" }
display = "name"
[collections.fields]
name = { type = "text", required = true }
group = { type = "reference", to = "groups", on_delete = "cascade" }
state = { type = "choice", of = ["open", "sealed"], default = "open" }
[[collections.transitions]]
name = "seal"
field = "state"
from = ["open"]
to = "sealed"
locks = true
"#;

const ESTIMATES: &str = "quotes/estimates";
const LINES: &str = "quotes/lines";
const REMARKS: &str = "quotes/remarks";
const GROUPS: &str = "quotes/groups";
const ITEMS: &str = "quotes/items";

async fn scene(database: &Database) -> (Server, Org, Race) {
    database.declaring(QUOTES).await
}

async fn estimate(org: &Org, title: &str) -> String {
    org.make(ESTIMATES, json!({ "title": title })).await
}

async fn line(org: &Org, estimate: &str, title: &str) -> String {
    org.make(LINES, json!({ "title": title, "estimate": estimate })).await
}

async fn version(org: &Org, collection: &str, id: &str) -> u64 {
    org.get(&format!("{collection}/{id}")).await.is(200).json["version"].as_u64().unwrap()
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses
}

async fn a_part_makes_a_new_version_of_its_whole_and_of_what_that_is_a_part_of(database: Database) {
    let (_server, org, _) = scene(&database).await;
    let estimate = estimate(&org, "Kitchen").await;
    let line = line(&org, &estimate, "Oak top").await;
    assert_eq!(version(&org, ESTIMATES, &estimate).await, 2);
    let remark = org.make(REMARKS, json!({ "text": "Oiled", "line": line })).await;
    assert_eq!((version(&org, LINES, &line).await, version(&org, ESTIMATES, &estimate).await), (2, 3));
    let _ = org.patch(&format!("{REMARKS}/{remark}"), "*", json!({ "text": "Waxed" })).await.is(200);
    let _ = org.act(&format!("{LINES}/{line}/finish")).await.is(200);
    let _ = org.delete(&format!("{REMARKS}/{remark}"), "*").await.is(200);
    assert_eq!((version(&org, LINES, &line).await, version(&org, ESTIMATES, &estimate).await), (5, 6));
    let history = org.get(&format!("{ESTIMATES}/{estimate}/history")).await;
    assert_eq!(history.column("version"), ["6", "5", "4", "3", "2", "1"], "each of them is in the log");
    let same = org.patch(&format!("{REMARKS}/{remark}"), "*", json!({ "text": "Waxed" })).await;
    let _ = same.is_problem(423, "locked");
    let _ = org.patch(&format!("{LINES}/{line}"), "*", json!({ "title": "Oak top" })).await.is(200);
    assert_eq!(version(&org, ESTIMATES, &estimate).await, 6, "what changes nothing is no change of the whole");
}

async fn a_part_that_moves_is_told_of_in_both_wholes(database: Database) {
    let (_server, org, _) = scene(&database).await;
    let (from, to) = (estimate(&org, "Kitchen").await, estimate(&org, "Stair").await);
    let line = line(&org, &from, "Oak top").await;
    let _ = org.patch(&format!("{LINES}/{line}"), "*", json!({ "estimate": to })).await.is(200);
    assert_eq!((version(&org, ESTIMATES, &from).await, version(&org, ESTIMATES, &to).await), (3, 2));
    let _ = org.act(&format!("{ESTIMATES}/{from}/issue")).await.is(200);
    let back = org.patch(&format!("{LINES}/{line}"), "*", json!({ "estimate": from })).await;
    assert_eq!(back.is_problem(423, "locked").issues(), [("/estimate", "locked")]);
}

async fn a_locked_whole_refuses_every_change_of_its_parts(database: Database) {
    let (server, org, _) = scene(&database).await;
    let estimate = estimate(&org, "Kitchen").await;
    let line = line(&org, &estimate, "Oak top").await;
    let gone = self::line(&org, &estimate, "Elm top").await;
    let remark = org.make(REMARKS, json!({ "text": "Oiled", "line": line })).await;
    let _ = org.delete(&format!("{LINES}/{gone}"), "*").await.is(200);
    let _ = org.act(&format!("{ESTIMATES}/{estimate}/issue")).await.is(200);
    let path = format!("{LINES}/{line}");
    let new = org.post(LINES, json!({ "title": "Ash top", "estimate": estimate })).await.is_problem(423, "locked");
    assert_eq!(new.issues(), [("/estimate", "locked")]);
    assert!(new.message_at("/estimate").contains("estimate is issued"), "{}", new.text);
    let _ = org.patch(&path, "*", json!({ "title": "Saw" })).await.is_problem(423, "locked");
    let _ = org.delete(&path, "*").await.is_problem(423, "locked");
    let _ = org.act(&format!("{path}/finish")).await.is_problem(423, "locked");
    let _ = org.act(&format!("{LINES}/{gone}/restore")).await.is_problem(423, "locked");
    let deep = org.patch(&format!("{REMARKS}/{remark}"), "*", json!({ "text": "Waxed" })).await;
    let _ = deep.is_problem(423, "locked");
    let visitor = server.signed_in(&org).await;
    for part in [&path, &format!("{REMARKS}/{remark}")] {
        let page = visitor.get(&format!("/{part}")).await.is(200);
        page.shows("Part of ").shows("which is issued").hides("/edit\"").hides("/to/finish").hides("/archive\"");
    }
    visitor.get(&format!("/{LINES}/{gone}")).await.is(200).hides("/restore\"");
    let _ = org.act(&format!("{ESTIMATES}/{estimate}/reopen")).await.is(200);
    visitor.get(&format!("/{path}")).await.is(200).shows("/edit\"").shows("/to/finish").hides("which is issued");
    let _ = org.patch(&path, "*", json!({ "title": "Saw" })).await.is(200);
}

async fn a_part_does_not_slip_into_a_whole_that_is_just_being_locked(database: Database) {
    let (_server, org, race) = scene(&database).await;
    let estimate = estimate(&org, "Kitchen").await;
    let held = race.hold();
    let late = org.post(LINES, json!({ "title": "Oak top", "estimate": estimate }));
    let issue = format!("{ESTIMATES}/{estimate}/issue");
    let (late, issue) = tokio::join!(late, held.meanwhile(org.act(&issue)));
    let _ = issue.is(200);
    assert_eq!(late.is_problem(423, "locked").issues(), [("/estimate", "locked")]);
    assert!(org.get(LINES).await.data().is_empty());
}

async fn parts_of_one_whole_are_written_at_once_without_getting_in_each_others_way(database: Database) {
    let (_server, org, race) = scene(&database).await;
    let estimate = estimate(&org, "Kitchen").await;
    race.meet(8);
    let writers = (0..8).map(|number| org.post(LINES, json!({ "title": format!("{number}"), "estimate": estimate })));
    let answers = futures_util::future::join_all(writers).await;
    race.end();
    assert_eq!(statuses(&answers), [201; 8]);
    assert_eq!(version(&org, ESTIMATES, &estimate).await, 9, "one version for each");
}

async fn parts_go_with_the_whole_and_come_back_with_it(database: Database) {
    let (_server, org, _) = scene(&database).await;
    let estimate = estimate(&org, "Kitchen").await;
    let (kept, early) = (line(&org, &estimate, "Oak top").await, line(&org, &estimate, "Elm top").await);
    let remark = org.make(REMARKS, json!({ "text": "Oiled", "line": kept })).await;
    let _ = org.delete(&format!("{LINES}/{early}"), "*").await.is(200);
    let _ = org.delete(&format!("{ESTIMATES}/{estimate}"), "*").await.is(200);
    assert!(org.get(LINES).await.data().is_empty());
    assert!(org.get(REMARKS).await.data().is_empty());
    let alone = org.act(&format!("{LINES}/{kept}/restore")).await.is_problem(422, "invalid");
    assert_eq!(alone.issues(), [("/estimate", "unknown-reference")]);
    let _ = org.act(&format!("{ESTIMATES}/{estimate}/restore")).await.is(200);
    assert_eq!(org.get(LINES).await.column("id"), [kept], "what went before stays where it is");
    assert_eq!(org.get(REMARKS).await.column("id"), std::slice::from_ref(&remark));
    let history = org.get(&format!("{REMARKS}/{remark}/history")).await;
    assert_eq!(history.column("kind"), ["restore", "remove", "insert"]);
}

async fn a_part_that_comes_while_its_whole_goes_is_refused(database: Database) {
    let (_server, org, race) = scene(&database).await;
    let estimate = estimate(&org, "Kitchen").await;
    let path = format!("{ESTIMATES}/{estimate}");
    let held = race.hold();
    let late = org.post(LINES, json!({ "title": "Oak top", "estimate": estimate }));
    let (late, gone) = tokio::join!(late, held.meanwhile(org.delete(&path, "*")));
    let _ = gone.is(200);
    assert_eq!(late.is_problem(422, "invalid").issues(), [("/estimate", "unknown-reference")]);

    let estimate = self::estimate(&org, "Stair").await;
    let path = format!("{ESTIMATES}/{estimate}");
    let held = race.hold();
    let gone = org.delete(&path, "*");
    let early = held.meanwhile(org.post(LINES, json!({ "title": "Oak top", "estimate": estimate })));
    let (gone, early) = tokio::join!(gone, early);
    let (_, line) = (gone.is(200), early.is(201).id());
    assert!(!org.get(&format!("{LINES}/{line}")).await.json["archived_at"].is_null(), "it went along");
}

async fn a_cascade_goes_through_several_levels_and_each_step_is_in_the_log(database: Database) {
    let (_server, org, _) = scene(&database).await;
    let top = org.make(GROUPS, json!({ "name": "Timber" })).await;
    let mut groups = vec![top.clone()];
    for number in 0..4 {
        let parent = groups.last().unwrap().clone();
        groups.push(org.make(GROUPS, json!({ "name": format!("Level {number}"), "parent": parent })).await);
    }
    let item = org.make(ITEMS, json!({ "name": "Oak", "group": groups[4] })).await;
    let other = org.make(GROUPS, json!({ "name": "Metal", "beside": [groups[3]] })).await;
    let _ = org.delete(&format!("{GROUPS}/{top}"), "*").await.is(200);
    assert_eq!(org.get(GROUPS).await.column("id"), std::slice::from_ref(&other));
    assert!(org.get(ITEMS).await.data().is_empty());
    assert_eq!(org.get(&format!("{GROUPS}/{other}")).await.json["beside"], json!([]), "others let go of it");
    for group in &groups {
        let history = org.get(&format!("{GROUPS}/{group}/history")).await;
        assert_eq!(history.column("kind"), ["remove", "insert"]);
    }
    let _ = org.act(&format!("{GROUPS}/{top}/restore")).await.is(200);
    assert_eq!(org.get(GROUPS).await.data().len(), 6);
    assert_eq!(org.get(ITEMS).await.column("id"), [item]);
}

async fn a_cascade_that_meets_what_refuses_changes_does_nothing(database: Database) {
    let (_server, org, _) = scene(&database).await;
    let group = org.make(GROUPS, json!({ "name": "Timber" })).await;
    let item = org.make(ITEMS, json!({ "name": "Oak", "group": group })).await;
    let _ = org.act(&format!("{ITEMS}/{item}/seal")).await.is(200);
    let refused = org.delete(&format!("{GROUPS}/{group}"), "*").await.is_problem(423, "locked");
    assert!(refused.json["detail"].as_str().unwrap().contains("One of its items"), "{}", refused.text);
    assert_eq!(version(&org, GROUPS, &group).await, 1);
}

/// Forests of some shape, each archived and taken back at some place.
async fn whatever_is_archived_takes_along_exactly_what_leads_to_it(database: Database) {
    let (_server, org, _) = scene(&database).await;
    for seed in [3_usize, 7, 11] {
        let mut groups: Vec<(String, Option<usize>)> = Vec::new();
        for number in 0..14_usize {
            let parent = (number * seed + seed / 2) % (number + 2);
            let parent = (parent < number).then_some(parent);
            let body = json!({ "name": format!("{seed}-{number}"), "parent": parent.map(|at| groups[at].0.clone()) });
            groups.push((org.make(GROUPS, body).await, parent));
        }
        let leads_to = |mut at: usize, root: usize| {
            while at != root {
                let Some(parent) = groups[at].1 else { return false };
                at = parent;
            }
            true
        };
        for root in [seed % 5, 13] {
            let path = format!("{GROUPS}/{}", groups[root].0);
            let _ = org.delete(&path, "*").await.is(200);
            let mut archived = Vec::new();
            for (at, (id, _)) in groups.iter().enumerate() {
                if !org.get(&format!("{GROUPS}/{id}")).await.json["archived_at"].is_null() {
                    archived.push(at);
                }
            }
            let wanted: Vec<usize> = (0..groups.len()).filter(|at| leads_to(*at, root)).collect();
            assert_eq!(archived, wanted, "{groups:?} at {root}");
            let _ = org.act(&format!("{path}/restore")).await.is(200);
            let live = org.get(&format!("{GROUPS}?filter[name][starts_with]={seed}-&limit=50")).await;
            assert_eq!(live.data().len(), groups.len());
        }
    }
}

async fn a_reference_that_may_not_lead_in_a_circle_does_not(database: Database) {
    let (_server, org, _) = scene(&database).await;
    for (field, one) in [("parent", false), ("beside", true)] {
        let to = |id: &str| if one { json!({ field: [id] }) } else { json!({ field: id }) };
        let mut ids = Vec::new();
        for name in ["Order", "Cut", "Fit"] {
            ids.push(org.make(GROUPS, json!({ "name": name })).await);
        }
        let path = format!("/{field}");
        let own = org.patch(&format!("{GROUPS}/{}", ids[0]), "*", to(&ids[0])).await.is_problem(422, "invalid");
        assert_eq!(own.issues(), [(path.as_str(), "cycle")]);
        for (from, target) in [(0, 1), (1, 2)] {
            let _ = org.patch(&format!("{GROUPS}/{}", ids[from]), "*", to(&ids[target])).await.is(200);
        }
        let closed = org.patch(&format!("{GROUPS}/{}", ids[2]), "*", to(&ids[0])).await.is_problem(422, "invalid");
        assert!(closed.message_at(&path).contains("Fit → Order → Cut → Fit"), "{}", closed.text);
        assert_eq!(version(&org, GROUPS, &ids[2]).await, 1);
    }
}

async fn two_writers_who_close_a_circle_of_declared_references_do_not_both_pass(database: Database) {
    let (_server, org, race) = scene(&database).await;
    for (field, many) in [("parent", false), ("beside", true)] {
        let to = |id: &str| if many { json!({ field: [id] }) } else { json!({ field: id }) };
        let mut ids = Vec::new();
        for name in ["Order", "Cut", "Fit"] {
            ids.push(org.make(GROUPS, json!({ "name": name })).await);
        }
        race.meet(3);
        let paths: Vec<_> = ids.iter().map(|id| format!("{GROUPS}/{id}")).collect();
        let linked = |from: usize, target: usize| org.patch(&paths[from], "\"1\"", to(&ids[target]));
        let (a, b, c) = tokio::join!(linked(0, 1), linked(1, 2), linked(2, 0));
        race.end();
        assert_eq!(statuses(&[a, b, c]), [200, 200, 422]);
    }
}

async fn a_whole_shows_what_goes_with_it_before_it_is_archived(database: Database) {
    let (server, org, _) = scene(&database).await;
    let estimate = estimate(&org, "Kitchen").await;
    let _ = line(&org, &estimate, "Oak top").await;
    let visitor = server.signed_in(&org).await;
    let page = visitor.get(&format!("/quotes/estimates/{estimate}")).await.is(200);
    let _ = page.shows("go with it, and come back with it");
}
