//! The page of a link, as clients meet it; what they are sent and what they answer.

use super::*;
use lignaflow_sdk::context::Principal;

/// An issued quote with an option that is offered as taken, one that is not, and a choice of two.
struct Out {
    host: Host,
    begun: Begun,
    lamp: Id,
    shelf: Id,
    oak: Id,
    stone: Id,
    link: Id,
}

fn out() -> Out {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "1000", json!({}));
    let lamp = kitchen.priced(&mut host, "50", json!({ "mode": "optional", "ticked": true }));
    let shelf = kitchen.priced(&mut host, "30", json!({ "mode": "optional" }));
    let of = |name: &str, ticked| json!({ "mode": "choice", "choice_group": "Benchtop", "description": name, "ticked": ticked });
    let oak = kitchen.priced(&mut host, "200", of("Oak", true));
    let stone = kitchen.priced(&mut host, "400", of("Stone", false));
    kitchen.issued(&mut host);
    host.run_jobs().unwrap();
    let sent = json!({ "name": "Alice Whitford", "email": "alice@client.example" });
    let answer = host.post(&format!("/revisions/{}/send", kitchen.revision), &sent).unwrap();
    assert_eq!(answer.status, 201);
    let link = host.links()[0].id;
    Out { host, begun: kitchen, lamp, shelf, oak, stone, link }
}

impl Out {
    fn path(&self, verb: &str) -> String {
        format!("/revisions/{}/client{verb}", self.begun.revision)
    }

    fn sheet(&mut self, query: &[(&str, &str)]) -> Json {
        let path = self.path("");
        self.host.get(&path, query).unwrap().json().clone()
    }

    fn as_client(&mut self) -> &mut Host {
        self.host.come_by(self.link);
        &mut self.host
    }
}

fn grand(sheet: &Json) -> &str {
    sheet["totals"][0]["value"].as_str().unwrap()
}

#[test]
fn a_client_sees_the_document_and_the_total_follows_what_is_ticked() {
    let mut out = out();
    let (lamp, shelf, oak, stone) = (out.lamp, out.shelf, out.oak, out.stone);
    out.as_client();
    let offered = out.sheet(&[]);
    assert_eq!((offered["title"].as_str(), grand(&offered)), (Some("Kitchen"), "$1,375.00"));
    assert_eq!(offered["totals"][0]["name"], "Total including GST");
    let ticked: Vec<_> = offered["choices"].as_array().unwrap().iter().filter(|it| it["checked"] == true).collect();
    assert_eq!(ticked.iter().map(|it| &it["value"]).collect::<Vec<_>>(), [&json!(lamp), &json!(oak)]);
    let (shelf, stone) = (shelf.to_string(), stone.to_string());
    let chosen = out.sheet(&[("options", &shelf), ("options", &stone)]);
    assert_eq!(grand(&chosen), "$1,573.00");
    let oak = oak.to_string();
    let bare = out.sheet(&[("options", &oak), ("again", "true")]);
    assert_eq!(grand(&bare), "$1,320.00", "what is not ticked any more is not taken");
    // Lines that are shown come to what is shown below them.
    assert_eq!(bare["sections"][0]["total"], "$1,200.00");
    assert_eq!(bare["sections"][0]["rows"].as_array().unwrap().len(), 2);
    let text = bare.to_string();
    assert!(!text.contains("cost") && !text.contains("margin") && !text.contains("markup"), "{text}");
}

#[test]
fn a_name_accepts_what_is_ticked_once_and_both_have_the_signed_paper() {
    let mut out = out();
    let (shelf, stone, path) = (out.shelf, out.stone, out.path("/accept"));
    let nameless = out.as_client().post(&path, &json!({ "name": "  ", "options": [stone] })).unwrap_err();
    assert_eq!(codes(&nameless), [("/name", "required")]);
    let none = out.as_client().post(&path, &json!({ "name": "Alice Whitford", "options": [] })).unwrap_err();
    assert_eq!(none.code, ErrorCode::Invalid, "of a group one is taken");
    let body = json!({ "name": "Alice Whitford", "options": [shelf, stone] });
    out.as_client().post(&path, &body).unwrap();
    assert_eq!(out.host.post(&path, &body).unwrap_err().code, ErrorCode::Conflict);
    let decline = out.path("/decline");
    assert_eq!(out.host.post(&decline, &json!({ "reason": "no" })).unwrap_err().code, ErrorCode::Conflict);
    let revision = out.host.fields("revisions", out.begun.revision).unwrap();
    assert_eq!((revision.text("status"), revision.text("answered_by")), (Some("accepted"), Some("Alice Whitford")));
    out.host.run_jobs().unwrap();
    let kept = out.host.find(select("acceptances").columns(["total", "how", "pdf", "hash"])).unwrap();
    let kept = kept.records().next().unwrap().to_fields();
    assert_eq!((kept.money("total").unwrap().minor, kept.text("how")), (157_300, Some("link")));
    let papers = out.host.documents();
    assert_eq!(papers.len(), 2);
    let signed: Json = serde_json::from_str(&papers[1].data).unwrap();
    assert_eq!(
        (&signed["signed"]["name"], &signed["total"]["amount"]),
        (&json!("Alice Whitford"), &json!("$1,573.00"))
    );
    assert_eq!(papers[1].name, "Q-0001 A accepted.pdf");
    // The page, the paper and what is kept tell the same figures.
    let sheet = out.sheet(&[]);
    assert_eq!((grand(&sheet), &sheet["choices"]), ("$1,573.00", &json!([])));
    let hash = kept.text("hash").unwrap();
    assert_eq!(signed["document"], hash[..12]);
    let letters = out.host.letters();
    let told: Vec<_> =
        letters.iter().map(|(mailing, _)| (mailing.template.as_str(), mailing.attachments.len())).collect();
    assert_eq!(told, [("issued", 1), ("accepted", 1), ("answered", 1)]);
    assert_eq!(kept.reference("pdf"), letters[1].0.attachments.first().copied());
    assert_eq!(out.host.notices()[0].title, "Alice Whitford accepted Kitchen · A");
}

#[test]
fn it_is_seen_once_somebody_acts_and_reading_changes_nothing() {
    let mut out = out();
    let revision = out.begun.revision;
    out.as_client();
    out.sheet(&[]);
    assert_eq!(status(&out.host, revision), "issued");
    let seen = out.path("/seen");
    out.host.post(&seen, &json!(null)).unwrap();
    out.host.post(&seen, &json!(null)).unwrap();
    assert_eq!(status(&out.host, revision), "viewed");
}

#[test]
fn a_client_declines_with_a_reason_and_asks_whenever_they_like() {
    let mut out = out();
    let ask = out.path("/ask");
    let body = json!({ "kind": "change", "text": "Could the benchtop be oak?", "name": "Alice" });
    out.as_client().post(&ask, &body).unwrap();
    let asked = out.host.find(select("questions").columns(["kind", "text", "status"])).unwrap();
    let asked = asked.records().next().unwrap().to_fields();
    assert_eq!((asked.text("kind"), asked.text("status")), (Some("change"), Some("open")));
    assert_eq!(out.host.notices()[0].title, "Alice would like a change of Kitchen · A");
    let decline = out.path("/decline");
    let silent = out.host.post(&decline, &json!({ "reason": " " })).unwrap_err();
    assert_eq!(codes(&silent), [("/reason", "required")]);
    out.host.post(&decline, &json!({ "reason": "Too dear", "name": "Alice" })).unwrap();
    let revision = out.host.fields("revisions", out.begun.revision).unwrap();
    assert_eq!((revision.text("status"), revision.text("reason")), (Some("declined"), Some("Too dear")));
    assert_eq!(out.host.letters().last().unwrap().1.subject, "Alice declined Kitchen · A");
    out.host.post(&ask, &json!({ "kind": "question", "text": "And without doors?" })).unwrap();
}

#[test]
fn the_link_of_what_no_longer_stands_is_closed() {
    let mut out = out();
    let answer = out.host.post(&format!("/revisions/{}/revise", out.begun.revision), &json!({})).unwrap();
    let next = id(&answer.json()["id"]);
    out.host.transition("revisions", next, "issue").unwrap();
    assert_eq!(status(&out.host, out.begun.revision), "superseded");
    let state = |host: &Host| {
        let sent = host.find(select("sendings").columns(["state"])).unwrap();
        sent.records().map(|row| row.text("state").unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(state(&out.host), ["closed"]);
    let late = json!({ "name": "Alice", "email": "alice@client.example" });
    let old = format!("/revisions/{}/send", out.begun.revision);
    assert_eq!(out.host.post(&old, &late).unwrap_err().code, ErrorCode::Conflict);
    out.host.post(&format!("/revisions/{next}/send"), &late).unwrap();
    out.host.transition("revisions", next, "withdraw").unwrap();
    assert_eq!(state(&out.host), ["closed", "closed"]);
}

#[test]
fn what_has_expired_says_so_and_is_not_accepted() {
    let mut out = out();
    let stone = out.stone;
    out.host.caller.now = Instant::from_micros(out.host.caller.now.micros() + 31 * 86_400 * 1_000_000);
    let path = out.path("/accept");
    let late = out.as_client().post(&path, &json!({ "name": "Alice", "options": [stone] })).unwrap_err();
    assert_eq!(late.code, ErrorCode::Conflict);
    let sheet = out.sheet(&[]);
    assert!(sheet["text"][0].as_str().unwrap().contains("has expired"), "{sheet}");
    assert_eq!(sheet["choices"], json!([]));
}

#[test]
fn who_neither_holds_the_link_nor_sees_estimates_is_refused() {
    let mut out = out();
    let other = out.host.add_person("Mia");
    out.host.caller.principal = Principal::Person(other);
    out.host.caller.permissions = vec!["records.read".to_owned(), "records.write".to_owned()];
    let path = out.path("");
    assert_eq!(out.host.get(&path, &[]).unwrap_err().code, ErrorCode::NotFound);
    let accept = out.path("/accept");
    assert_eq!(out.host.post(&accept, &json!({ "name": "Mia" })).unwrap_err().code, ErrorCode::NotFound);
    // Who sees it answers in nobody's place.
    out.host.caller.permissions.push("estimates.see".to_owned());
    out.host.get(&path, &[]).unwrap();
    assert_eq!(out.host.post(&accept, &json!({ "name": "Mia" })).unwrap_err().code, ErrorCode::Denied);
}

#[test]
fn the_document_and_its_drawings_are_files_of_the_page_and_stay_with_it() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "1000", json!({}));
    let plan = host.bring_file("plan.pdf", "application/pdf", b"%PDF-1.7 plan");
    host.update("estimates", kitchen.estimate, json!({ "drawings": [plan] })).unwrap();
    kitchen.issued(&mut host);
    host.run_jobs().unwrap();
    let files = |host: &mut Host| {
        let sheet = host.get(&format!("/revisions/{}/client", kitchen.revision), &[]).unwrap();
        sheet.json()["files"].as_array().unwrap().iter().map(|file| file["title"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(files(&mut host), [json!("This quote as PDF"), json!("")]);
    let taken = host.update("estimates", kitchen.estimate, json!({ "drawings": [] })).unwrap_err();
    assert_eq!(codes(&taken), [("/drawings", "shown")]);
    // What comes later is not of what was issued.
    let other = host.bring_file("other.pdf", "application/pdf", b"%PDF-1.7 other");
    host.update("estimates", kitchen.estimate, json!({ "drawings": [plan, other] })).unwrap();
    assert_eq!(files(&mut host).len(), 2);
    with(&mut host, kitchen.revision, "accept", &[("answered_by", "Alice".into_value())]).unwrap();
    host.run_jobs().unwrap();
    assert_eq!(files(&mut host)[0], "The signed quote as PDF");
}

#[test]
fn a_drawn_signature_is_kept_with_the_acceptance_and_stands_on_the_paper() {
    let mut out = out();
    let (oak, path) = (out.oak, out.path("/accept"));
    let drawn = "M12 80L40 64L77 90";
    let body = json!({ "name": "Alice Whitford", "options": [oak], "signature": drawn });
    out.as_client().post(&path, &body).unwrap();
    out.host.run_jobs().unwrap();
    let kept = out.host.find(select("acceptances").columns(["signature"])).unwrap();
    assert_eq!(kept.records().next().unwrap().text("signature"), Some(drawn));
    assert!(out.host.fields("revisions", out.begun.revision).unwrap().is_null("signature"));
    let paper: Json = serde_json::from_str(&out.host.documents().last().unwrap().data).unwrap();
    assert_eq!(paper["signed"]["signature"], drawn);
}
