//! The page of a quote for a client who comes by a link, on the plugin that it was made for: as plain forms, and in a
//! browser. And the forms in which staff send it and record an answer.

use crate::estimates::{Begun, Desk, REVISIONS, desk};
use crate::jobs::until;
use crate::media::bring;
use lignaflow_testkit::driver::Browser;
use lignaflow_testkit::{Database, Method, Role, Visitor, on_both, on_one};
use serde_json::{Value as Json, json};

on_both!(
    a_client_reads_ticks_and_accepts_and_both_have_the_signed_paper,
    a_client_declines_or_asks_and_it_reaches_who_wrote_it,
    a_link_of_what_no_longer_stands_says_so,
    staff_record_an_answer_in_a_form_that_asks_whose_it_is,
    a_client_opens_the_document_and_its_drawings_and_nothing_else,
    what_is_drawn_as_a_signature_is_held_to_being_one_and_stands_on_the_paper,
    staff_tick_for_a_client_what_the_client_would_tick,
    an_estimate_is_revised_begun_from_a_template_and_the_catalogue_repriced_by_forms,
);
on_one!(an_estimator_issues_and_sends_and_a_client_signs_in_a_browser);

const LINES: &str = "estimates/lines";
const ALICE: &str = "alice@client.example";

/// A kitchen of 1,000.00 with a lamp for 50.00 that may be taken and a benchtop to choose.
async fn kitchen(desk: &Desk) -> (Begun, Vec<String>) {
    let kitchen = desk.begin("Cremorne kitchen").await;
    let line = |name: &str, price: &str, more: Json| {
        let mut line = kitchen.line(price);
        line["description"] = name.into();
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    };
    let group = |ticked: bool| json!({ "mode": "choice", "choice_group": "Benchtop", "ticked": ticked });
    let _ = desk.org.make(LINES, line("Cabinets of white birch", "1000", json!({}))).await;
    let mut ids = Vec::new();
    for (name, price, more) in [
        ("LED strip under the overheads", "50", json!({ "mode": "optional" })),
        ("Tasmanian oak, 33 mm", "200", group(true)),
        ("Porcelain slab, 12 mm", "400", group(false)),
    ] {
        ids.push(desk.org.make(LINES, line(name, price, more)).await);
    }
    let words = json!({
        "introduction": "Thank you for having us measure.", "inclusions": "Site measure\nSoft-close hinges",
        "exclusions": "Plumbing", "terms": "A deposit of 10 % is due on acceptance."
    });
    let _ = desk.org.patch(&format!("{REVISIONS}/{}", kitchen.revision), "*", words).await.is(200);
    (kitchen, ids)
}

/// Issued and sent, and its link opened: the address of the page.
async fn opened(desk: &Desk, begun: &Begun) -> (Visitor, String) {
    let _ = desk.org.act(&format!("{REVISIONS}/{}/issue", begun.revision)).await.is(200);
    let to = json!({ "name": "Alice Whitford", "email": ALICE });
    let _ = desk.org.post(&format!("{REVISIONS}/{}/send", begun.revision), to).await.is(201);
    let visitor = desk.server.visitor();
    let entered = visitor.get(&brought(desk, 1).await).await.is(303);
    (visitor, entered.to().to_owned())
}

/// The path of the link in the letter that brings a quote, once so many of them have come: each waits for its paper.
async fn brought(desk: &Desk, count: usize) -> String {
    let come = async {
        loop {
            let letters = desk.server.mailbox().await;
            let issued: Vec<_> = letters.iter().filter(|letter| letter.kind == "issued").collect();
            if let Some(last) = issued.last().filter(|_| issued.len() == count) {
                assert_eq!(last.to, ALICE);
                return last.path("/l/");
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), come).await.unwrap()
}

async fn status(desk: &Desk, begun: &Begun) -> Json {
    desk.org.get(&format!("{REVISIONS}/{}", begun.revision)).await.is(200).json["status"].clone()
}

async fn a_client_reads_ticks_and_accepts_and_both_have_the_signed_paper(database: Database) {
    let desk = desk(&database).await;
    let (begun, ids) = kitchen(&desk).await;
    let (visitor, page) = opened(&desk, &begun).await;
    let shown = visitor.get(&page).await.is(200);
    shown.shows("Cremorne kitchen").shows("$1,320.00").shows("Total including GST").shows("Q-0001 A");
    shown
        .shows("Deposit to begin")
        .shows("$132.00")
        .shows("Soft-close hinges")
        .shows("Plumbing")
        .shows("Accept this quote");
    shown.hides("margin").hides("markup");
    assert_eq!(status(&desk, &begun).await, "issued", "reading changes nothing");
    // Ticked, the total follows, and now it was seen. A choice of a group is posted under a name of its own.
    let (lamp, stone) = (ids[0].as_str(), ids[2].as_str());
    let ticked = [("options", lamp), ("options~Benchtop", stone), ("name", "Ali")];
    visitor.post(&page, &ticked).await.is(200).shows("$1,595.00").shows("value=\"Ali\"");
    assert_eq!(status(&desk, &begun).await, "viewed");
    let nameless = [("options", lamp), ("options~Benchtop", stone), ("name", "A")];
    let refused = visitor.post(&format!("{page}/client-accept"), &nameless).await.is(422);
    refused.shows("c-client-accept-name-issue").shows("$1,595.00");
    let accept = [("options", lamp), ("options~Benchtop", stone), ("name", "Alice Whitford")];
    let taken = visitor.post(&format!("{page}/client-accept"), &accept).await.is(303);
    visitor
        .follow(&taken)
        .await
        .is(200)
        .shows("Accepted by Alice Whitford")
        .shows("$1,595.00")
        .hides("Accept this quote");
    let again = visitor.post(&format!("{page}/client-accept"), &accept).await.is(409);
    again.shows("This quote was accepted already.");

    let kept = until(&desk.org, "estimates/acceptances", |all| all.iter().all(|it| !it["pdf"].is_null())).await;
    assert_eq!((&kept[0]["total"]["minor"], &kept[0]["name"]), (&json!(159_500), &json!("Alice Whitford")));
    let document = desk.org.get("estimates/documents").await.is(200).data()[0].clone();
    assert_eq!(kept[0]["hash"], document["hash"], "bound to what was issued");
    for file in [&kept[0]["pdf"], &document["pdf"]] {
        let path = format!("media/{}/content", file.as_str().unwrap());
        let made = async {
            loop {
                let answer = desk.org.get(&path).await;
                if answer.status != 503 {
                    return answer.is(200);
                }
            }
        };
        let made = tokio::time::timeout(std::time::Duration::from_mins(1), made).await.unwrap();
        assert_eq!(made.header("content-type"), "application/pdf");
    }
    // Both sides have a letter about it, with the paper.
    let told = async {
        loop {
            let letters = desk.server.mailbox().await;
            let of = |kind: &str| letters.iter().filter(|letter| letter.kind == kind).map(|it| it.to.clone()).collect();
            let (client, staff): (Vec<String>, Vec<String>) = (of("accepted"), of("answered"));
            if !client.is_empty() && !staff.is_empty() {
                return (client, staff);
            }
            tokio::task::yield_now().await;
        }
    };
    let (client, staff) = tokio::time::timeout(std::time::Duration::from_mins(1), told).await.unwrap();
    assert_eq!((client, staff), (vec![ALICE.to_owned()], vec![desk.org.email.clone()]));
}

async fn a_client_declines_or_asks_and_it_reaches_who_wrote_it(database: Database) {
    let desk = desk(&database).await;
    let (begun, _) = kitchen(&desk).await;
    let (visitor, page) = opened(&desk, &begun).await;
    let ask = [("kind", "change"), ("text", "Could the benchtop be oak?"), ("name", "Alice")];
    let asked = visitor.post(&format!("{page}/client-ask"), &ask).await.is(303);
    visitor.follow(&asked).await.is(200).shows("We will get back to you.");
    let questions = desk.org.get("estimates/questions").await.is(200);
    assert_eq!(questions.column("text"), ["Could the benchtop be oak?"]);
    let _ = visitor.post(&format!("{page}/client-decline"), &[("reason", "")]).await.is(422);
    let declined = visitor.post(&format!("{page}/client-decline"), &[("reason", "Too dear")]).await.is(303);
    visitor.follow(&declined).await.is(200).shows("Declined by").hides("Accept this quote");
    assert_eq!(status(&desk, &begun).await, "declined");
    let letter = desk.server.last_letter(&desk.org.email).await;
    assert_eq!(letter.subject, "The client declined Cremorne kitchen · A");
    assert!(letter.text.contains("Too dear"), "{}", letter.text);
}

async fn a_link_of_what_no_longer_stands_says_so(database: Database) {
    let desk = desk(&database).await;
    let (begun, _) = kitchen(&desk).await;
    let (visitor, page) = opened(&desk, &begun).await;
    let next = desk.org.act(&format!("{REVISIONS}/{}/revise", begun.revision)).await.is(201).id();
    let _ = desk.org.act(&format!("{REVISIONS}/{next}/issue")).await.is(200);
    visitor.get(&page).await.is(410).shows("There is a newer one");
    let to = json!({ "name": "Alice Whitford", "email": ALICE });
    let _ = desk.org.post(&format!("{REVISIONS}/{next}/send"), to).await.is(201);
    let entered = visitor.get(&brought(&desk, 2).await).await.is(303);
    visitor.follow(&entered).await.is(200).shows("Q-0001 B");
    let _ = desk.org.act(&format!("{REVISIONS}/{next}/withdraw")).await.is(200);
    visitor.follow(&entered).await.is(410).shows("This link was withdrawn");
}

async fn staff_record_an_answer_in_a_form_that_asks_whose_it_is(database: Database) {
    let desk = desk(&database).await;
    let (begun, _) = kitchen(&desk).await;
    let visitor = desk.server.signed_in(&desk.org).await;
    let record = format!("/{REVISIONS}/{}", begun.revision);
    let _ = visitor.post(&format!("{record}/to/issue"), &[]).await.is(303);
    // Sent by the form beside it, with what is wrong at its field.
    let send = format!("/estimates/-/send/{}", begun.revision);
    visitor.get(&send).await.is(200).shows("Send it to somebody").shows("f-email");
    let nobody = visitor.post(&format!("{send}/form/0"), &[("name", "Alice"), ("email", "x")]).await.is(422);
    nobody.shows("error-email").shows("value=\"Alice\"");
    let sent = visitor.post(&format!("{send}/form/0"), &[("name", "Alice"), ("email", ALICE)]).await.is(303);
    visitor.follow(&sent).await.is(200).shows("On its way").shows(ALICE);
    // The button leads to what it asks for.
    let accept = format!("{record}/to/accept");
    visitor.get(&record).await.is(200).shows(&format!("href=\"{accept}\""));
    visitor.get(&accept).await.is(200).shows("Answered by").shows("Record acceptance").shows("takes no change");
    let refused = visitor.post(&accept, &[("answered_how", "phone")]).await.is(422);
    refused.shows("Whose acceptance is it?").shows("error-answered_by");
    let done = visitor.post(&accept, &[("answered_by", "Alice Whitford"), ("answered_how", "phone")]).await.is(303);
    assert_eq!(done.to(), record);
    let kept = desk.org.get("estimates/acceptances").await.is(200).data()[0].clone();
    assert_eq!((&kept["name"], &kept["how"]), (&json!("Alice Whitford"), &json!("phone")));
    // It can be made no more: its form leads back to the record.
    assert_eq!(visitor.get(&accept).await.is(303).to(), record);
    let other = desk.server.organization("Elsewhere").await;
    let stranger = desk.server.signed_in(&other).await;
    let _ = stranger.get(&accept).await.is(404);
    let _ = stranger.post(&accept, &[("answered_by", "Eve")]).await.is(404);
    let _ = stranger.post(&format!("{send}/form/0"), &[("name", "Eve"), ("email", ALICE)]).await.is(404);
}

async fn an_estimator_issues_and_sends_and_a_client_signs_in_a_browser(database: Database) {
    let desk = desk(&database).await;
    let Some(browser) = Browser::open().await else { return };
    let root = desk.server.root.clone();
    browser.sign_in(&root, &desk.org.email, &desk.org.password).await;
    browser.resize(1280, 900).await;
    // A new estimate has a form of its own.
    browser.goto(&format!("{root}/estimates/-/new")).await;
    browser.pictures("quote-new").await;
    browser.fill("#f-title", "Porch").await;
    browser.press(".form ~ p .btn-primary").await;
    assert!(browser.text("h1").await.contains("Porch · A"));

    let (begun, _) = kitchen(&desk).await;
    let record = format!("{root}/{REVISIONS}/{}", begun.revision);
    browser.goto(&record).await;
    browser.find(".menu:has([action$='/to/issue']) summary").await.click().await.unwrap();
    browser.press("[action$='/to/issue'] button").await;
    browser.goto(&format!("{root}/estimates/-/send/{}", begun.revision)).await;
    browser.fill("#f-name", "Alice Whitford").await;
    browser.fill("#f-email", ALICE).await;
    browser.press(".form ~ p .btn-primary").await;
    assert!(browser.text("main").await.contains(ALICE));
    browser.pictures("quote-send").await;
    browser.goto(&format!("{record}/to/accept")).await;
    browser.pictures("quote-record-answer").await;

    // The client, on a phone.
    let path = brought(&desk, 1).await;
    browser.resize(390, 844).await;
    browser.goto(&format!("{root}{path}")).await;
    assert_eq!(browser.text(".grand-total .amount").await, "$1,320.00");
    browser.pictures("quote-client").await;
    browser.resize(390, 844).await;
    let follows = async |amount: &str| {
        // Asked of the page itself: what is drawn anew is another element.
        let now = "return document.querySelector('.grand-total .amount')?.textContent ?? ''";
        while browser.client.execute(now, Vec::new()).await.unwrap() != json!(amount) {
            tokio::task::yield_now().await;
        }
    };
    // The bar at the foot covers what lies under it, until it is scrolled to.
    let shows = async |css: &str| {
        let scroll = "document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })";
        let _ = browser.client.execute(scroll, vec![json!(css)]).await.unwrap();
        browser.find(css).await
    };
    shows(".option input[type=checkbox]").await.click().await.unwrap();
    follows("$1,375.00").await;
    shows(".option:last-of-type input[type=radio]").await.click().await.unwrap();
    follows("$1,595.00").await;
    assert!(browser.text(".accept-bar").await.contains("$1,595.00"));
    while status(&desk, &begun).await != "viewed" {
        tokio::task::yield_now().await;
    }
    let _ = shows("#c-client-accept-name").await;
    browser.fill("#c-client-accept-name", "Alice Whitford").await;
    let _ = shows("#f-client-accept button[type=submit]").await;
    browser.press("#f-client-accept button[type=submit]").await;
    assert!(browser.text("main").await.contains("Accepted by Alice Whitford"));
    browser.pictures("quote-signed").await;
    let kept = desk.org.get("estimates/acceptances").await.is(200);
    assert_eq!(kept.data()[0]["total"]["minor"], 159_500);

    // And it is work: the project with its board and timeline.
    let made = until(&desk.org, "projects/projects", |all| !all.is_empty()).await;
    let project = made[0]["id"].as_str().unwrap().to_owned();
    for page in ["board", "timeline", "money"] {
        browser.goto(&format!("{root}/projects/-/{page}/{project}")).await;
        browser.pictures(&format!("quote-project-{page}")).await;
    }
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

/// The bytes of a document, once it is made.
async fn made(desk: &Desk, file: &Json) -> Vec<u8> {
    let path = format!("media/{}/content", file.as_str().unwrap());
    let made = async {
        loop {
            let answer = desk.org.request(Method::GET, &path).send().await.unwrap();
            if answer.status() != 503 {
                assert_eq!(answer.status(), 200);
                return answer.bytes().await.unwrap().to_vec();
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), made).await.unwrap()
}

async fn a_client_opens_the_document_and_its_drawings_and_nothing_else(database: Database) {
    const PDF: &[u8] = b"%PDF-1.7 a plan of the kitchen";
    let desk = desk(&database).await;
    let (begun, _) = kitchen(&desk).await;
    let plan = bring(&desk.org, "plan.pdf", "application/pdf", PDF).await.is(201).id();
    let secret = bring(&desk.org, "margins.pdf", "application/pdf", b"%PDF-1.7 ours").await.is(201).id();
    let estimate = format!("estimates/estimates/{}", begun.estimate);
    let _ = desk.org.patch(&estimate, "*", json!({ "drawings": [plan] })).await.is(200);
    let (visitor, page) = opened(&desk, &begun).await;
    // Brought later, it is not of what was issued.
    let _ = desk.org.patch(&estimate, "*", json!({ "drawings": [plan, secret] })).await.is(200);
    let document = desk.org.get("estimates/documents").await.is(200).data()[0]["pdf"].clone();
    let _ = made(&desk, &document).await;
    let document = document.as_str().unwrap();
    visitor.get(&page).await.is(200).shows("This quote as PDF").shows("plan.pdf").hides("margins.pdf");
    let drawing = visitor.get(&format!("{page}/files/{plan}")).await.is(200);
    assert_eq!(drawing.text.as_bytes(), PDF);
    assert_eq!((drawing.header("content-type"), drawing.header("referrer-policy")), ("application/pdf", "no-referrer"));
    assert!(drawing.header("x-robots-tag").contains("noindex"));
    let _ = visitor.get(&format!("{page}/files/{document}")).await.is(200);
    let _ = visitor.get(&format!("{page}/files/{plan}?small")).await.is(404);
    for other in [secret.as_str(), "nothing", &begun.revision] {
        let _ = visitor.get(&format!("{page}/files/{other}")).await.is(404);
    }
    assert_eq!(status(&desk, &begun).await, "issued", "reading changes nothing");
    let _ = desk.server.visitor().get(&format!("{page}/files/{plan}")).await.is(404);
    let gone = desk.org.patch(&estimate, "*", json!({ "drawings": [] })).await.is_problem(422, "invalid");
    assert_eq!(gone.issues(), [("/drawings", "shown")]);
    let _ = desk.org.act(&format!("{REVISIONS}/{}/withdraw", begun.revision)).await.is(200);
    let _ = visitor.get(&format!("{page}/files/{plan}")).await.is(410);
}

async fn what_is_drawn_as_a_signature_is_held_to_being_one_and_stands_on_the_paper(database: Database) {
    let desk = desk(&database).await;
    let (begun, ids) = kitchen(&desk).await;
    let (visitor, page) = opened(&desk, &begun).await;
    visitor.get(&page).await.is(200).shows("<lf-signature").shows("<canvas width=\"600\" height=\"200\"");
    let oak = ids[1].as_str();
    let with = |drawn: &'static str| [("options~Benchtop", oak), ("name", "Alice Whitford"), ("signature", drawn)];
    let accept = format!("{page}/client-accept");
    for forged in ["M1 1L2 2Z", "M1 1L2 2'/><script>", "M9 9L700 1", "hello"] {
        visitor.post(&accept, &with(forged)).await.is(422).shows("c-client-accept-signature-issue");
    }
    assert_ne!(status(&desk, &begun).await, "accepted");
    let drawn = "M12 80L40 64L77 90M120 30L121 60";
    let _ = visitor.post(&accept, &with(drawn)).await.is(303);
    let kept = until(&desk.org, "estimates/acceptances", |all| all.iter().all(|it| !it["pdf"].is_null())).await;
    assert_eq!(kept[0]["signature"], drawn);
    let signed = made(&desk, &kept[0]["pdf"]).await;
    let plain = desk.org.get("estimates/documents").await.is(200).data()[0]["pdf"].clone();
    let plain = made(&desk, &plain).await;
    assert!(signed.starts_with(b"%PDF-") && plain.starts_with(b"%PDF-"));
    let revision = desk.org.get(&format!("{REVISIONS}/{}", begun.revision)).await.is(200);
    assert_eq!(revision.json["signature"], Json::Null, "it is kept once");
}

async fn staff_tick_for_a_client_what_the_client_would_tick(database: Database) {
    let desk = desk(&database).await;
    let (begun, ids) = kitchen(&desk).await;
    let _ = desk.org.act(&format!("{REVISIONS}/{}/issue", begun.revision)).await.is(200);
    let visitor = desk.server.signed_in(&desk.org).await;
    let page = format!("/estimates/-/answer/{}", begun.revision);
    let shown = visitor.get(&page).await.is(200);
    shown.shows("The client accepted").shows("$1,320.00").shows("form=\"f-record-acceptance\"").hides("unit_cost");
    let (lamp, stone) = (ids[0].as_str(), ids[2].as_str());
    // Looked at first, as by the button without script.
    let anew = format!("{page}?options={lamp}&options~Benchtop={stone}&answered_by=Ali&answered_how=phone");
    visitor.get(&anew).await.is(200).shows("$1,595.00").shows("value=\"Ali\"");
    assert_eq!(status(&desk, &begun).await, "issued");
    let send = format!("{page}/form/0");
    let ticked = [("options", lamp), ("options~Benchtop", stone), ("answered_how", "phone")];
    let refused = visitor.post(&send, &ticked).await.is(422);
    refused.shows("error-answered_by").shows("$1,595.00");
    let none = [("options", lamp), ("answered_how", "phone"), ("answered_by", "Alice Whitford")];
    visitor.post(&send, &none).await.is(422).shows("Choose one of Benchtop");
    let whole = [&ticked[..], &[("answered_by", "Alice Whitford")]].concat();
    let done = visitor.post(&send, &whole).await.is(303);
    assert_eq!(done.to(), format!("/{REVISIONS}/{}", begun.revision));
    let kept = desk.org.get("estimates/acceptances").await.is(200).data()[0].clone();
    assert_eq!((&kept["total"]["minor"], &kept["how"]), (&json!(159_500), &json!("phone")));
    // Who may not record it sees the sheet and no form.
    let (mia, email, _) = desk.server.member(&desk.org, "Mia", Role::Member).await;
    desk.org.give_roles(mia, &["estimates.reader"]).await;
    let reader = desk.server.visitor();
    reader.sign_in(&email, lignaflow_testkit::PASSWORD).await;
    let _ = reader.get(&page).await.is(403);
    let other = desk.server.organization("Elsewhere").await;
    let stranger = desk.server.signed_in(&other).await;
    let _ = stranger.get(&page).await.is(404);
    let _ = stranger.post(&send, &whole).await.is(404);
}

async fn an_estimate_is_revised_begun_from_a_template_and_the_catalogue_repriced_by_forms(database: Database) {
    let desk = desk(&database).await;
    let (begun, _) = kitchen(&desk).await;
    let visitor = desk.server.signed_in(&desk.org).await;
    let _ = desk.org.act(&format!("{REVISIONS}/{}/issue", begun.revision)).await.is(200);
    let revise = format!("/estimates/-/revise/{}", begun.revision);
    visitor.get(&revise).await.is(200).shows("Make the next revision");
    let next = visitor.post(&format!("{revise}/form/1"), &[]).await.is(303);
    visitor.follow(&next).await.is(200).shows("Cremorne kitchen · B");

    // A template, by a mark on its form; and one that begins as it does.
    let template = desk.begin("Standard kitchen").await;
    let _ = desk.org.make(LINES, template.line("700")).await;
    let new = "/estimates/-/new";
    let _ = desk
        .org
        .patch(&format!("estimates/estimates/{}", template.estimate), "*", json!({ "template": true }))
        .await
        .is(200);
    visitor.get(new).await.is(200).shows("Templates").shows("Standard kitchen");
    let as_in = [("title", "For the Nguyens"), ("template", template.estimate.as_str())];
    let made = visitor.post(&format!("{new}/0/send"), &as_in).await.is(303);
    visitor.follow(&made).await.is(200).shows("For the Nguyens · A").shows("770.00");

    // What would change is looked at, with the same in the form beneath, which changes it.
    let board = json!({ "name": "Oak board", "cost": "96.40", "supplier": "Wilbur" });
    let board = desk.org.make("estimates/catalog-items", board).await;
    let _ = desk.org.make("estimates/catalog-items", json!({ "name": "Hinge", "cost": "3", "supplier": "Blum" })).await;
    let page = "/estimates/-/reprice";
    visitor.get(page).await.is(200).shows("What would change").shows("Change them").hides("99.774");
    let looked = visitor.get(&format!("{page}?change=3.5&supplier=Wilbur")).await.is(200);
    looked.shows("Oak board").shows("99.7740").hides("Hinge").hides("could not");
    assert_eq!(looked.text.matches("value=\"Wilbur\"").count(), 2, "both ask for the same");
    let typed = [("change", "3.5"), ("supplier", "Wilbur")];
    let _ = visitor.post(&format!("{page}/1/send"), &typed).await.is(303);
    let cost = desk.org.get(&format!("estimates/catalog-items/{board}")).await.is(200);
    assert_eq!(cost.json["cost"], "99.7740");
    let file = visitor.get(&format!("{page}?change=3.5&format=csv")).await.is(200);
    assert!(file.text.contains("Oak board"), "{}", file.text);
    let wrong = visitor.post(&format!("{page}/1/send"), &[("change", "")]).await.is(422);
    wrong.shows("error-change");
}
