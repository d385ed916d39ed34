//! What people are told: on their page, and by mail as each wants it.

use lignaflow_testkit::plugins::fixture;
use lignaflow_testkit::{Client, Database, HeldClock, Letter, Org, Role, Server, Setup, on_both};
use serde_json::{Value as Json, json};
use std::sync::Arc;

on_both!(
    a_notice_is_for_its_people_alone_and_read_once,
    a_notice_of_a_key_is_one_until_it_is_read,
    what_is_urgent_is_mailed_at_once_and_the_rest_in_the_morning,
    nothing_is_mailed_at_night_unless_somebody_wants_it_so,
    whoever_wants_no_mail_gets_none,
    the_page_shows_what_is_new_and_leads_to_its_record,
    mail_is_seen_on_its_page_and_sent_again,
    links_are_listed_and_withdrawn_by_administrators,
    what_is_asked_wrongly_is_told,
);

/// Wednesday, 18 November 2026, 22:06:40 in Sydney.
const NIGHT: i64 = 1_795_000_000_000_000;
/// The next day at 10:06:40.
const DAY: i64 = NIGHT + 12 * 3_600_000_000;
const HOUR: i64 = 3_600;
const OFFERS: &str = "offers/offers";

struct Site {
    server: Server,
    org: Org,
    clock: HeldClock,
    offer: String,
}

async fn site(database: &Database, now: i64) -> Site {
    let clock = HeldClock::at(now);
    let setup = Setup { clock: Arc::new(clock.clone()), plugins: vec![fixture("offers")], ..Setup::default() };
    let server = database.serve_with(setup).await;
    let org = server.organization("Halloran").await;
    let offer = org.make(OFFERS, json!({ "number": "Q-1", "client": "Ana" })).await;
    Site { server, org, clock, offer }
}

impl Site {
    async fn tell(&self, people: &[String], urgent: bool, title: &str) {
        let body = json!({ "people": people, "urgent": urgent, "title": title });
        let _ = self.org.post(&format!("{OFFERS}/{}/tell", self.offer), body).await.is(204);
    }

    /// Letters of the host's own to somebody, once the notices are decided on.
    async fn mailed(&self, to: &str) -> Vec<Letter> {
        let database = self.server.app.store.database();
        while !lignaflow_store::notices::undecided(database, 1).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        self.server.mailbox().await.into_iter().filter(|letter| letter.to == to).collect()
    }

    /// The same, once there are so many.
    async fn mailed_so_many(&self, to: &str, many: usize) -> Vec<Letter> {
        let waited = async {
            loop {
                let found = self.mailed(to).await;
                if found.len() >= many {
                    return found;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_mins(1), waited).await.expect("letters in time")
    }
}

fn titles(answer: &[Json]) -> Vec<&str> {
    answer.iter().map(|row| row["title"].as_str().unwrap()).collect()
}

async fn unread(api: &Client) -> Vec<Json> {
    api.get("notices?unread=true").await.is(200).data().to_vec()
}

async fn a_notice_is_for_its_people_alone_and_read_once(database: Database) {
    let site = site(&database, DAY).await;
    let (mia, _, api) = site.server.member(&site.org, "Mia", Role::Member).await;
    let (_, _, ben) = site.server.member(&site.org, "Ben", Role::Member).await;
    let stranger = site.server.organization("Other").await;
    site.tell(&[mia.to_string(), stranger.owner.to_string()], false, "Look").await;
    let found = unread(&api).await;
    assert_eq!(titles(&found), ["Look"]);
    assert_eq!((&found[0]["collection"], &found[0]["record"]), (&json!(OFFERS), &json!(site.offer)));
    assert!(unread(&ben).await.is_empty() && unread(&stranger).await.is_empty());
    let id = found[0]["id"].as_str().unwrap();
    let _ = ben.act(&format!("notices/{id}/read")).await.is_problem(404, "not-found");
    let read = api.act(&format!("notices/{id}/read")).await.is(200);
    assert!(read.json["read_at"].is_string());
    assert!(unread(&api).await.is_empty());
    assert_eq!(api.get("notices").await.is(200).data().len(), 1);
}

async fn a_notice_of_a_key_is_one_until_it_is_read(database: Database) {
    let site = site(&database, DAY).await;
    let (mia, _, api) = site.server.member(&site.org, "Mia", Role::Member).await;
    let people = [mia.to_string()];
    site.tell(&people, false, "First").await;
    site.tell(&people, false, "Second").await;
    assert_eq!(titles(&unread(&api).await), ["Second"]);
    assert_eq!(api.act("notices/read").await.is(200).json["read"], 1);
    site.tell(&people, false, "Third").await;
    assert_eq!(titles(&unread(&api).await), ["Third"]);
}

async fn what_is_urgent_is_mailed_at_once_and_the_rest_in_the_morning(database: Database) {
    let site = site(&database, DAY).await;
    let (mia, email, api) = site.server.member(&site.org, "Mia", Role::Member).await;
    let people = [mia.to_string()];
    site.tell(&people, true, "At once").await;
    let letters = site.mailed_so_many(&email, 1).await;
    assert_eq!((letters[0].subject.as_str(), letters[0].sender.as_str()), ("At once", "Halloran"));
    assert_eq!(letters[0].path("/offers/"), format!("/offers/offers/{}", site.offer));
    let _ = api.act("notices/read").await.is(200);

    site.tell(&people, false, "Later").await;
    assert_eq!(site.mailed(&email).await.len(), 1);
    // 21:06 of the same day, and then 07:06 of the next.
    site.clock.advance_seconds(11 * HOUR);
    assert_eq!(site.mailed(&email).await.len(), 1);
    site.clock.advance_seconds(10 * HOUR);
    let letters = site.mailed_so_many(&email, 2).await;
    assert_eq!((letters[1].kind.as_str(), letters[1].subject.as_str()), ("digest", "Later"));
    assert!(letters[1].text.contains("/notices"));
    // Once.
    site.clock.advance_seconds(24 * HOUR);
    assert_eq!(site.mailed(&email).await.len(), 2);
}

async fn nothing_is_mailed_at_night_unless_somebody_wants_it_so(database: Database) {
    let site = site(&database, NIGHT).await;
    let (mia, quiet, _) = site.server.member(&site.org, "Mia", Role::Member).await;
    let (ben, awake, api) = site.server.member(&site.org, "Ben", Role::Member).await;
    let _ = api
        .send(
            api.request(lignaflow_testkit::Method::PUT, "notices/settings")
                .json(&json!({ "by": "mail", "quiet": false })),
        )
        .await
        .is(200);
    site.tell(&[mia.to_string(), ben.to_string()], true, "At once").await;
    assert_eq!(site.mailed_so_many(&awake, 1).await.len(), 1);
    assert!(site.mailed(&quiet).await.is_empty());
    // 06:06.
    site.clock.advance_seconds(8 * HOUR);
    assert_eq!(site.mailed_so_many(&quiet, 1).await.len(), 1);
}

async fn whoever_wants_no_mail_gets_none(database: Database) {
    let site = site(&database, DAY).await;
    let (mia, email, api) = site.server.member(&site.org, "Mia", Role::Member).await;
    let put = |body: Json| api.send(api.request(lignaflow_testkit::Method::PUT, "notices/settings").json(&body));
    let _ = put(json!({ "by": "page", "quiet": true })).await.is(200);
    assert_eq!(api.get("notices/settings").await.is(200).json, json!({ "by": "page", "quiet": true }));
    assert_eq!(
        put(json!({ "by": "pigeon", "quiet": true })).await.is_problem(422, "invalid").issues(),
        [("/by", "choice")]
    );
    site.tell(&[mia.to_string()], true, "At once").await;
    site.clock.advance_seconds(24 * HOUR);
    assert!(site.mailed(&email).await.is_empty());
    assert_eq!(unread(&api).await.len(), 1);
}

async fn the_page_shows_what_is_new_and_leads_to_its_record(database: Database) {
    let site = site(&database, DAY).await;
    site.tell(&[site.org.owner.to_string()], false, "Look <here>").await;
    let visitor = site.server.signed_in(&site.org).await;
    let page = visitor.get("/notices").await.is(200);
    page.shows("Look &lt;here&gt;").shows("Notices, 1 unread").shows("Offers");
    let id = unread(&site.org).await[0]["id"].as_str().unwrap().to_owned();
    let opened = visitor.post(&format!("/notices/{id}"), &[]).await.is(303);
    assert_eq!(opened.to(), format!("/offers/offers/{}", site.offer));
    visitor.get("/notices").await.is(200).hides("1 unread");
    let saved = visitor.post("/notices/settings", &[("by", "mail")]).await.is(303);
    visitor.follow(&saved).await.is(200).shows("value=\"mail\" checked");
    assert_eq!(site.org.get("notices/settings").await.json, json!({ "by": "mail", "quiet": false }));
}

async fn mail_is_seen_on_its_page_and_sent_again(database: Database) {
    let site = site(&database, DAY).await;
    let (_, _, member) = site.server.member(&site.org, "Mia", Role::Member).await;
    let _ = member.get("mail").await.is_problem(403, "denied");
    let _ = site.org.act("mail/test").await.is(202);
    let letter = site.server.last_letter(&site.org.email).await;
    assert!(letter.text.contains("Halloran"));
    let listed = site.org.get("mail?state=sent").await.is(200);
    assert_eq!((listed.column("kind"), listed.column("to")), (vec!["test".to_owned()], vec![site.org.email.clone()]));
    let id = listed.data()[0]["id"].as_str().unwrap();
    assert!(site.org.get(&format!("mail/{id}")).await.is(200).json["text"].as_str().unwrap().contains("It does."));
    let _ = site.org.act(&format!("mail/{id}/send")).await.is(200);
    assert_eq!(site.server.mailbox().await.len(), 1);

    let visitor = site.server.signed_in(&site.org).await;
    visitor.get("/admin/mail").await.is(200).shows("Mail from here arrives").shows("mail.host");
    visitor.get(&format!("/admin/mail/{id}")).await.is(200).shows("It does.");
    let _ = visitor.post("/admin/mail/test", &[]).await.is(303);
    // Another organization's administrators see none of it.
    let other = site.server.organization("Other").await;
    let _ = other.get(&format!("mail/{id}")).await.is_problem(404, "not-found");
    assert!(other.get("mail").await.is(200).data().is_empty());
}

async fn links_are_listed_and_withdrawn_by_administrators(database: Database) {
    let site = site(&database, DAY).await;
    let send = format!("{OFFERS}/{}/send", site.offer);
    let link = site.org.post(&send, json!({ "address": "ana@client.example" })).await.is(201);
    let url = link.json["url"].as_str().unwrap().to_owned();
    let path = &url[url.find("/l/").unwrap()..];
    let listed = site.org.get("links?state=open").await.is(200);
    assert_eq!((listed.column("label"), &listed.json["open"]), (vec!["Ana".to_owned()], &json!(1)));
    // The address is nowhere in what is listed or kept of the letter.
    assert!(!listed.text.contains(path.trim_start_matches("/l/")));
    let mail = site.org.get("mail").await.is(200).data()[0]["id"].as_str().unwrap().to_owned();
    let visitor = site.server.signed_in(&site.org).await;
    visitor.get("/admin/links").await.is(200).shows("1 open").shows("Ana").hides(path);
    let _ = visitor.get(&format!("/admin/mail/{mail}")).await.is(200);
    let id = link.id();
    let _ = site.org.act(&format!("links/{id}/withdraw")).await.is(200);
    let _ = site.org.act(&format!("links/{id}/withdraw")).await.is_problem(409, "conflict");
    site.server.visitor().get(path).await.is(410).shows("This link was withdrawn");
    assert_eq!(site.org.get(&format!("links/{id}")).await.is(200).json["state"], "withdrawn");
}

async fn what_is_asked_wrongly_is_told(database: Database) {
    let site = site(&database, DAY).await;
    for (path, at) in [
        ("notices?unread=maybe", "/unread"),
        ("mail?state=lost", "/state"),
        ("links?plugin=No", "/plugin"),
        ("links?colour=red", "/colour"),
        ("mail?limit=0", "/limit"),
        ("notices?after=x", "/after"),
    ] {
        let refused = site.org.get(path).await.is_problem(422, "invalid");
        assert_eq!(refused.issues()[0].0, at, "{path}");
    }
}
