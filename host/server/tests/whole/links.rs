//! Links for people without an account: one page, one subject, what it opens and nothing else, until it ends.

use lignaflow_core::Id;
use lignaflow_store::notices;
use lignaflow_testkit::plugins::fixture;
use lignaflow_testkit::{Database, HeldClock, Org, Page, Race, Server, Setup, Visitor, on_both};
use serde_json::{Value as Json, json};
use std::sync::Arc;

on_both!(
    an_offer_arrives_by_mail_is_read_by_its_link_and_accepted,
    what_is_ticked_shows_in_the_total_and_goes_with_the_answer,
    an_offer_is_accepted_exactly_once_also_twice_at_once,
    a_link_that_has_ended_says_how_and_takes_no_answer,
    a_link_that_is_withdrawn_while_an_answer_is_under_way_takes_it_no_more,
    whoever_holds_a_link_reads_and_calls_nothing_else,
    reading_by_a_link_changes_nothing,
    what_is_wrong_with_an_answer_stands_at_its_field,
    a_letter_wants_its_arguments_and_no_others,
);

/// Wednesday, 18 November 2026, 22:06:40 in Sydney.
const NOW: i64 = 1_795_000_000_000_000;
const DAY: i64 = 86_400;
const OFFERS: &str = "offers/offers";

struct Site {
    server: Server,
    org: Org,
    clock: HeldClock,
    race: Race,
}

async fn site(database: &Database) -> Site {
    let (clock, race) = (HeldClock::at(NOW), Race::default());
    let setup = Setup {
        clock: Arc::new(clock.clone()),
        race: Some(race.clone()),
        plugins: vec![fixture("offers")],
        ..Setup::default()
    };
    let server = database.serve_with(setup).await;
    let org = server.organization("Halloran & Beck").await;
    Site { server, org, clock, race }
}

/// An offer that is sent to a client: its id, and the path of its link.
async fn sent(org: &Org, number: &str) -> (String, String) {
    let total = json!({ "minor": 10_000, "currency": "AUD" });
    let offer =
        org.make(OFFERS, json!({ "number": number, "client": "Ana Weiss", "total": total, "margin": 2_250 })).await;
    let line = json!({ "offer": offer, "text": "Bench of oak", "amount": total, "cost": { "minor": 7_777, "currency": "AUD" } });
    org.make("offers/lines", line).await;
    let answer = org.post(&format!("{OFFERS}/{offer}/send"), json!({ "address": "ana@client.example" })).await.is(201);
    let url = answer.json["url"].as_str().unwrap().to_owned();
    let path = url[url.find("/l/").unwrap()..].to_owned();
    (offer, path)
}

/// A visitor who has opened a link, with the address of its page.
async fn opened(server: &Server, path: &str) -> (Visitor, String) {
    let visitor = server.visitor();
    let page = visitor.get(path).await.is(303);
    let address = page.to().to_owned();
    (visitor, address)
}

async fn offer(org: &Org, id: &str) -> Json {
    org.get(&format!("{OFFERS}/{id}")).await.is(200).json.clone()
}

async fn an_offer_arrives_by_mail_is_read_by_its_link_and_accepted(database: Database) {
    let Site { server, org, .. } = site(&database).await;
    let (id, path) = sent(&org, "Q-1").await;
    let letter = server.last_letter("ana@client.example").await;
    assert_eq!((letter.subject.as_str(), letter.sender.as_str()), ("Offer Q-1 of Halloran & Beck", "Halloran & Beck"));
    assert_eq!(letter.path("/l/"), path);

    let visitor = server.visitor();
    let entered = visitor.get(&path).await.is(303);
    let cookie = entered.sets("__Secure-lignaflow-link").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("Secure"), "{cookie}");
    assert!(cookie.contains(&format!("Path={}", entered.to())), "{cookie}");
    let page = visitor.follow(&entered).await.is(200);
    page.shows("Halloran &amp; Beck").shows("Q-1").shows("Bench of oak").shows("$100.00").shows("Accept the offer");
    // What the page does not name, and the house around it, is not there.
    page.hides("77.77").hides("22.5").hides("/offers/offers").hides("Sign out");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("x-robots-tag"), "noindex, nofollow");

    let posted =
        visitor.post(&format!("{}/sign", entered.to()), &[("name", "Ana Weiss"), ("agreed", "true")]).await.is(303);
    visitor.follow(&posted).await.is(200).shows("Thank you. Your answer has reached us.").hides("Accept the offer");
    let standing = offer(&org, &id).await;
    assert_eq!((&standing["status"], &standing["signed_by"]), (&json!("accepted"), &json!("Ana Weiss")));
    let history = org.get(&format!("{OFFERS}/{id}/history")).await.is(200);
    assert_eq!(
        (&history.data()[0]["by"]["kind"], &history.data()[0]["transition"]),
        (&json!("link"), &json!("accept"))
    );
    // Those who made it are told, on their page and by the letter of the plugin's own.
    let told = notices::of(server.app.store.database(), org.id, org.owner, true, None, 10).await.unwrap();
    assert_eq!(told[0].title, "Ana Weiss accepted Q-1");
    assert_eq!(server.last_letter(&org.email).await.path("/offers/"), format!("/offers/offers/{id}"));
}

async fn what_is_ticked_shows_in_the_total_and_goes_with_the_answer(database: Database) {
    let Site { server, org, .. } = site(&database).await;
    let (id, path) = sent(&org, "Q-1").await;
    let (visitor, address) = opened(&server, &path).await;
    let page = visitor.get(&address).await.is(200);
    page.shows("A lamp").shows("&lt;b&gt;Lamp").hides("$120.00");
    let page = visitor.post(&address, &[("options", "lamp"), ("name", "Ana")]).await.is(200);
    page.shows("$120.00").shows("value=\"Ana\"");
    assert_eq!(offer(&org, &id).await["status"], "issued");
    let _ = visitor.post(&format!("{address}/sign"), &[("options", "lamp"), ("name", "Ana")]).await.is(303);
    assert_eq!(offer(&org, &id).await["options"], "lamp");
}

async fn an_offer_is_accepted_exactly_once_also_twice_at_once(database: Database) {
    let Site { server, org, race, .. } = site(&database).await;
    let (id, path) = sent(&org, "Q-1").await;
    let ((one, address), (two, _)) = (opened(&server, &path).await, opened(&server, &path).await);
    let sign = format!("{address}/sign");
    race.meet(2);
    let (first, second) = tokio::join!(one.post(&sign, &[("name", "Ana")]), two.post(&sign, &[("name", "Bea")]));
    race.end();
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409], "{} {}", first.text, second.text);
    let refused: &Page = if first.status == 409 { &first } else { &second };
    refused.shows("This offer was answered already.");
    let again = one.post(&sign, &[("name", "Cleo")]).await.is(409);
    again.shows("This offer was answered already.");
    let history = org.get(&format!("{OFFERS}/{id}/history")).await.is(200);
    let accepted = history.data().iter().filter(|entry| entry["transition"] == "accept").count();
    assert_eq!(accepted, 1);
    let told = notices::of(server.app.store.database(), org.id, org.owner, true, None, 10).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(server.mailbox().await.iter().filter(|letter| letter.kind == "answered").count(), 1);
}

async fn a_link_that_has_ended_says_how_and_takes_no_answer(database: Database) {
    let Site { server, org, clock, .. } = site(&database).await;
    let mut all = Vec::new();
    for number in ["Q-1", "Q-2", "Q-3"] {
        let (id, path) = sent(&org, number).await;
        let (visitor, address) = opened(&server, &path).await;
        all.push((id, path, visitor, address));
    }
    let _ = org.act(&format!("{OFFERS}/{}/withdraw", all[0].0)).await.is(204);
    let _ = org.act(&format!("{OFFERS}/{}/replace", all[1].0)).await.is(204);
    clock.advance_seconds(31 * DAY);
    let says = ["This link was withdrawn", "There is a newer one", "This link has expired"];
    for ((id, path, visitor, address), says) in all.iter().zip(says) {
        server.visitor().get(path).await.is(410).shows(says);
        visitor.get(address).await.is(410).shows(says);
        visitor.post(&format!("{address}/sign"), &[("name", "Ana")]).await.is(410).shows(says);
        assert_eq!(offer(&org, id).await["status"], "issued");
    }
    server.visitor().get("/l/nothing-of-the-kind").await.is(404).shows("This link leads nowhere");
}

async fn a_link_that_is_withdrawn_while_an_answer_is_under_way_takes_it_no_more(database: Database) {
    let Site { server, org, race, .. } = site(&database).await;
    let (id, path) = sent(&org, "Q-1").await;
    let (visitor, address) = opened(&server, &path).await;
    let held = race.hold();
    let sign = format!("{address}/sign");
    let (page, _) = tokio::join!(
        visitor.post(&sign, &[("name", "Ana")]),
        held.meanwhile(async { org.act(&format!("{OFFERS}/{id}/withdraw")).await.is(204) })
    );
    page.is(410).shows("This link was withdrawn");
    assert_eq!(offer(&org, &id).await["status"], "issued");
}

async fn whoever_holds_a_link_reads_and_calls_nothing_else(database: Database) {
    let Site { server, org, .. } = site(&database).await;
    let (mine, path) = sent(&org, "Q-1").await;
    let (other, other_path) = sent(&org, "Q-2").await;
    let (visitor, address) = opened(&server, &path).await;
    let (_, other_address) = opened(&server, &other_path).await;
    // Another link's page, a route that the page does not open, and one that reads on the caller's rights.
    let _ = visitor.get(&other_address).await.is(404);
    let _ = visitor.post(&format!("{other_address}/sign"), &[("name", "Ana")]).await.is(404);
    let _ = visitor.post(&format!("{address}/send"), &[("address", "eve@client.example")]).await.is(404);
    let _ = visitor.post(&format!("{address}/peek"), &[]).await.is(403);
    // Whatever is posted, the subject is the link's.
    let _ = visitor.post(&format!("{address}/sign?id={other}"), &[("name", "Ana"), ("id", &other)]).await.is(303);
    assert_eq!(offer(&org, &other).await["status"], "issued");
    assert_eq!(offer(&org, &mine).await["status"], "accepted");
    // The API and the pages of the house know nothing of it.
    let _ = visitor.get("/api/v1/offers/offers").await.is(401);
    let secret = path.trim_start_matches("/l/");
    let _ = server.client(Some(secret)).get(OFFERS).await.is_problem(401, "unauthenticated");
    let _ = visitor.get(&format!("/offers/offers/{mine}")).await.is(303);
    // A link of another organization's firm is no way in here.
    let elsewhere = server.organization("Other").await;
    let (_, theirs) = sent(&elsewhere, "Q-9").await;
    let (_, theirs) = opened(&server, &theirs).await;
    let _ = visitor.get(&theirs).await.is(404);
}

async fn reading_by_a_link_changes_nothing(database: Database) {
    let Site { server, org, .. } = site(&database).await;
    let (id, path) = sent(&org, "Q-1").await;
    let before = offer(&org, &id).await;
    let (visitor, address) = opened(&server, &path).await;
    for _ in 0..3 {
        let _ = visitor.get(&address).await.is(200);
        let _ = visitor.post(&address, &[("options", "lamp")]).await.is(200);
    }
    assert_eq!(offer(&org, &id).await, before);
    let link: Id = before["link"].as_str().unwrap().parse().unwrap();
    let kept = lignaflow_store::links::one(server.app.store.database(), org.id, link).await.unwrap().unwrap();
    assert_eq!((kept.uses, kept.used_at), (0, None));
}

async fn what_is_wrong_with_an_answer_stands_at_its_field(database: Database) {
    let Site { server, org, .. } = site(&database).await;
    let (id, path) = sent(&org, "Q-1").await;
    let (visitor, address) = opened(&server, &path).await;
    let page = visitor.post(&format!("{address}/sign"), &[("name", "A")]).await.is(422);
    page.shows("c-sign-name-issue").shows("value=\"A\"");
    assert_eq!(offer(&org, &id).await["status"], "issued");
}

async fn a_letter_wants_its_arguments_and_no_others(database: Database) {
    let Site { server, org, .. } = site(&database).await;
    let id = org.make(OFFERS, json!({ "number": "Q-1", "client": "Ana" })).await;
    let send = format!("{OFFERS}/{id}/send");
    let forged = json!({ "address": "ana@client.example", "forged": true });
    let _ = org.post(&send, forged).await.is_problem(502, "plugin-bad-answer");
    let nobody = json!({ "address": "ana@client.example\r\nBcc: all@client.example" });
    let _ = org.post(&send, nobody).await.is_problem(502, "plugin-bad-answer");
    let late = json!({ "address": "ana@client.example", "days": 4_000 });
    let refused = org.post(&send, late).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/writes/1/expires-at", "expiry")]);
    assert!(server.mailbox().await.is_empty());
    assert_eq!(offer(&org, &id).await["status"], "draft");
}
