//! What is followed is seen through the rights of who follows: in the feed and by webhooks.

use lignaflow_testkit::{Client, Database, Org, Role, Server, Setup, on_both, plugins};
use serde_json::{Value as Json, json};

on_both!(
    what_may_not_be_read_is_not_followed,
    a_record_that_leaves_ones_view_is_gone_and_one_that_was_never_in_it_is_not_told,
    what_was_never_in_ones_view_is_not_named_when_it_changes_hands,
    what_shifts_a_view_from_elsewhere_has_it_read_anew,
    a_webhook_sees_what_its_owner_may_see,
);

const PAGES: &str = "diary/pages";
const BOOKS: &str = "diary/books";
const DRAFTS: &str = "diary/drafts";

const DIARY: &str = r#"
id = "diary"
version = "0.1.0"
title = "Diary"
api = "0.1"

[permissions]
see-all = "See everybody's"

[[collections]]
name = "books"
title = { one = "Book", many = "Books" }
display = "name"
[collections.fields]
name = { type = "text", required = true }
members = { type = "people" }

[[collections]]
name = "pages"
title = { one = "Page", many = "Pages" }
display = "text"
[collections.access]
read = "author = caller or book.members includes caller or has(see-all)"
[collections.fields]
text = { type = "text", required = true }
author = { type = "person" }
book = { type = "reference", to = "books" }
remark = { type = "text", read = "has(see-all)" }
mood = { type = "text", read = "author = caller" }

[[collections]]
name = "drafts"
title = { one = "Draft", many = "Drafts" }
display = "text"
[collections.access]
read = "author = caller"
[collections.fields]
text = { type = "text", required = true }
author = { type = "person" }
"#;

async fn opened(database: &Database) -> (Server, Org, String, Client) {
    let setup = Setup {
        plugins: vec![plugins::declared(DIARY)],
        config: |config| config.webhooks.private = true,
        ..Setup::default()
    };
    let server = database.serve_with(setup).await;
    let org = server.organization("Halloran").await;
    let (person, _, member) = server.member(&org, "Mia", Role::Member).await;
    (server, org, person.to_string(), member)
}

/// Follows pages until that record is told of as being so; what was told on the way is answered, and where to go on.
async fn until(api: &Client, mut after: String, id: &str, kind: &str) -> (Vec<Json>, String) {
    let mut told: Vec<Json> = Vec::new();
    while !told.iter().any(|change| change["id"] == id && change["kind"] == kind) {
        let page = api.get(&format!("changes?collection={PAGES}&after={after}")).await.is(200);
        assert_eq!(page.json["reset"], Json::Null, "{}", page.text);
        told.extend(page.data().iter().cloned());
        page.json["next"].as_str().unwrap().clone_into(&mut after);
    }
    (told, after)
}

async fn what_may_not_be_read_is_not_followed(database: Database) {
    let (_server, org, mia, member) = opened(&database).await;
    let hidden = org.make(PAGES, json!({ "text": "Not hers", "remark": "secret" })).await;
    let hers = member.make(PAGES, json!({ "text": "Hers", "author": mia, "mood": "good" })).await;
    let path = format!("{PAGES}/{hers}");
    let _ = org.patch(&path, "*", json!({ "remark": "secret, too" })).await.is(200);
    let (told, _) = until(&member, String::new(), &hers, "update").await;
    assert!(told.iter().all(|change| change["id"] != hidden));
    let text = json!(told).to_string();
    assert!(!text.contains("remark") && !text.contains("secret"), "{text}");
    assert_eq!(told[0]["record"]["mood"], "good");
    assert_eq!(told[1]["changed"], json!([]));
    let (all, _) = until(&org, String::new(), &hers, "update").await;
    assert_eq!(all[1]["record"]["remark"], "secret, too");
    assert!(!json!(all).to_string().contains("good"), "of a field that is its author's, nothing is told to others");
}

async fn a_record_that_leaves_ones_view_is_gone_and_one_that_was_never_in_it_is_not_told(database: Database) {
    let (_server, org, mia, member) = opened(&database).await;
    let hers = org.make(PAGES, json!({ "text": "Hers", "author": mia })).await;
    let other = org.make(PAGES, json!({ "text": "Not hers" })).await;
    let (_, after) = until(&member, String::new(), &hers, "insert").await;
    let path = format!("{PAGES}/{hers}");
    let _ = org.patch(&path, "*", json!({ "author": org.owner.to_string() })).await.is(200);
    let (told, after) = until(&member, after, &hers, "gone").await;
    let gone = told.iter().find(|change| change["kind"] == "gone").unwrap();
    assert_eq!((&gone["record"], &gone["deleted"], &gone["by"]), (&Json::Null, &json!(true), &Json::Null));
    // What is done with it from then on is no concern of hers.
    let _ = org.patch(&path, "*", json!({ "text": "Somebody else's" })).await.is(200);
    let _ = org.patch(&format!("{PAGES}/{other}"), "*", json!({ "text": "Neither" })).await.is(200);
    let next = org.make(PAGES, json!({ "text": "Hers again", "author": mia })).await;
    let (told, _) = until(&member, after, &next, "insert").await;
    assert_eq!(told.len(), 1, "{told:?}");
}

async fn what_was_never_in_ones_view_is_not_named_when_it_changes_hands(database: Database) {
    let (server, org, mia, member) = opened(&database).await;
    let (ben, _, _) = server.member(&org, "Ben", Role::Member).await;
    let (hers, theirs) = (
        org.make(BOOKS, json!({ "name": "Hers", "members": [mia] })).await,
        org.make(BOOKS, json!({ "name": "Theirs" })).await,
    );
    let other = org.make(BOOKS, json!({ "name": "Others" })).await;
    let passed = org.make(PAGES, json!({ "text": "Passed on", "author": ben.to_string(), "book": theirs })).await;
    let lent = org.make(PAGES, json!({ "text": "Lent", "author": ben.to_string(), "book": hers })).await;
    let mut receiver = crate::webhooks::Receiver::open().await;
    let first = org.make(PAGES, json!({ "text": "First", "author": mia })).await;
    let (_, after) = until(&member, String::new(), &first, "insert").await;
    let path = format!("{PAGES}/{passed}");
    // From one who is not her to another, and from a book that is not hers to another.
    let _ = org.patch(&path, "*", json!({ "author": org.owner.to_string() })).await.is(200);
    let _ = org.patch(&path, "*", json!({ "book": other })).await.is(200);
    let _ = org.patch(&path, "*", json!({ "book": null })).await.is(200);
    // Out of a book of hers.
    let _ = org.patch(&format!("{PAGES}/{lent}"), "*", json!({ "book": other })).await.is(200);
    let (told, _) = until(&member, after, &lent, "gone").await;
    assert_eq!(told.len(), 1, "{told:?}");

    // A webhook of somebody who does not see it is told as little.
    let webhook = org.post("webhooks", json!({ "url": receiver.url, "collections": [DRAFTS] })).await.is(201).id();
    let draft = org.make(DRAFTS, json!({ "text": "Hers", "author": mia })).await;
    let _ = member.patch(&format!("{DRAFTS}/{draft}"), "*", json!({ "author": ben.to_string() })).await.is(200);
    let own = org.make(DRAFTS, json!({ "text": "Mine", "author": org.owner.to_string() })).await;
    assert_eq!(receiver.next().await.json()["record"], own, "nothing of the other came before");
    assert!(receiver.is_empty());
    let deliveries = org.get(&format!("webhooks/{webhook}/deliveries")).await.is(200);
    assert!(!deliveries.text.contains("gone"), "{}", deliveries.text);
}

async fn what_shifts_a_view_from_elsewhere_has_it_read_anew(database: Database) {
    let (_server, org, mia, member) = opened(&database).await;
    let book = org.make(BOOKS, json!({ "name": "Bench book" })).await;
    let page = org.make(PAGES, json!({ "text": "In the book", "book": book })).await;
    let hers = org.make(PAGES, json!({ "text": "Hers", "author": mia })).await;
    let (told, mut after) = until(&member, String::new(), &hers, "insert").await;
    assert!(told.iter().all(|change| change["id"] != page));
    let (_, mut everything) = until(&org, String::new(), &hers, "insert").await;
    let _ = org.patch(&format!("{BOOKS}/{book}"), "*", json!({ "name": "Renamed" })).await.is(200);
    let _ = org.patch(&format!("{BOOKS}/{book}"), "*", json!({ "members": [mia] })).await.is(200);
    loop {
        let answer = member.get(&format!("changes?collection={PAGES}&after={after}")).await.is(200);
        answer.json["next"].as_str().unwrap().clone_into(&mut after);
        if answer.json["reset"] == "view" {
            break;
        }
    }
    assert_eq!(member.get(PAGES).await.is(200).data().len(), 2);
    // Whoever sees all of them sees them still.
    let _ = org.patch(&format!("{PAGES}/{page}"), "*", json!({ "text": "Read by both" })).await.is(200);
    let (_, _) = until(&member, after, &page, "update").await;
    (_, everything) = until(&org, everything, &page, "update").await;
    assert!(!everything.is_empty());
}

async fn a_webhook_sees_what_its_owner_may_see(database: Database) {
    let (_server, org, mia, member) = opened(&database).await;
    let mut receiver = crate::webhooks::Receiver::open().await;
    let body = json!({ "url": receiver.url, "collections": [DRAFTS, PAGES] });
    let webhook = org.post("webhooks", body).await.is(201).id();
    let mine = org.owner.to_string();
    let hers = member.make(PAGES, json!({ "text": "A page", "author": mia, "mood": "good" })).await;
    let letter = receiver.next().await.json();
    assert_eq!((&letter["record"], &letter["after"]["text"]), (&json!(hers), &json!("A page")));
    assert!(!letter.to_string().contains("good"), "of the author's own field nothing is told: {letter}");
    let draft = org.make(DRAFTS, json!({ "text": "Mine", "author": mine })).await;
    assert_eq!(receiver.next().await.json()["record"], draft);
    let withheld = org.make(DRAFTS, json!({ "text": "Hers", "author": mia })).await;
    let path = format!("{DRAFTS}/{draft}");
    let _ = org.patch(&path, "*", json!({ "author": mia })).await.is(200);
    let gone = receiver.next().await.json();
    assert_eq!((&gone["record"], &gone["kind"]), (&json!(draft), &json!("gone")));
    assert_eq!((&gone["before"], &gone["after"]), (&Json::Null, &Json::Null));
    let path = format!("webhooks/{webhook}/deliveries");
    loop {
        let all = org.get(&path).await.is(200).data().to_vec();
        let of = all.iter().find(|delivery| delivery["record"] == withheld);
        if of.is_some_and(|delivery| delivery["state"] == "withheld") {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(receiver.is_empty());
}
