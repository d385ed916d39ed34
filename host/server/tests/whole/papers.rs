//! Documents: asked for in a commit, made once it stands, held by a record from the beginning; and what becomes of one
//! that cannot be made.

use lignaflow_testkit::plugins::fixture;
use lignaflow_testkit::{Answer, Client, Database, Method, Org, Role, Server, Setup, on_both};
use serde_json::{Value as Json, json};

on_both!(
    a_document_is_a_file_from_the_commit_on_and_has_bytes_soon_after,
    the_same_data_makes_the_same_bytes,
    a_plugin_answers_with_the_bytes_of_a_file,
    a_document_that_cannot_be_made_says_why_and_with_the_line,
    a_template_that_goes_on_for_ever_or_takes_all_memory_harms_nobody,
    what_no_record_holds_is_not_made,
    an_organization_has_a_template_of_its_own_and_goes_back,
    a_template_that_its_sample_cannot_be_made_of_is_refused,
    a_logo_is_on_the_next_documents,
    another_organization_sees_nothing_of_documents,
    people_see_a_document_that_is_there_and_one_that_cannot_be_made,
);

const LETTERS: &str = "papers/letters";
const LETTER: &str = "documents/templates/papers/letter";

async fn office(database: &Database) -> (Server, Org) {
    let server = database.serve_with(Setup { plugins: vec![fixture("papers")], ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    (server, org)
}

async fn write(org: &Org, template: &str, more: Json) -> Answer {
    let mut body = json!({ "title": "Oak and ash", "template": template });
    if let (Some(body), Json::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    org.post("papers/write", body).await
}

/// The file of a letter's document.
fn paper(letter: &Answer) -> String {
    letter.json["paper"].as_str().expect("a document").to_owned()
}

/// Its answer once it has been made, or has been given up.
async fn settled(org: &Org, file: &str) -> Answer {
    loop {
        let answer = org.get(&format!("media/{file}/content")).await;
        if answer.status != 503 {
            return answer;
        }
        assert_eq!(answer.header("retry-after"), "1");
        tokio::task::yield_now().await;
    }
}

async fn put(api: &Client, path: &str, body: Json) -> Answer {
    api.send(api.request(Method::PUT, path).json(&body)).await
}

/// Whether the title of a PDF is this, as its metadata (XMP) says it in plain text.
fn is_titled(pdf: &[u8], title: &str) -> bool {
    let text = String::from_utf8_lossy(pdf);
    text.contains(title)
}

async fn bytes(org: &Org, file: &str) -> Vec<u8> {
    let _ = settled(org, file).await.is(200);
    let request = org.request(Method::GET, &format!("media/{file}/content"));
    request.send().await.expect("an answer").bytes().await.expect("its bytes").to_vec()
}

async fn a_document_is_a_file_from_the_commit_on_and_has_bytes_soon_after(database: Database) {
    let (_server, org) = office(&database).await;
    let letter = write(&org, "letter", json!({ "data": "With care" })).await.is(201);
    let file = paper(&letter);
    let pdf = bytes(&org, &file).await;
    assert!(pdf.starts_with(b"%PDF-") && is_titled(&pdf, "Oak and ash"));
    let known = org.get(&format!("media/{file}")).await.is(200).json;
    assert_eq!((&known["name"], &known["content_type"]), (&json!("Oak and ash.pdf"), &json!("application/pdf")));
    assert_eq!((known["size"].as_u64(), &known["state"]), (Some(pdf.len() as u64), &json!("attached")));
    assert_eq!(known["attached_to"]["field"], "paper");
    let documents = org.get("documents").await.is(200);
    assert_eq!((&documents.data()[0]["id"], &documents.data()[0]["state"]), (&json!(file), &json!("done")));
}

async fn the_same_data_makes_the_same_bytes(database: Database) {
    let (_server, org) = office(&database).await;
    let mut made = Vec::new();
    for (data, date) in [("a", 20_000), ("a", 20_000), ("b", 20_000), ("a", 20_001)] {
        let letter = write(&org, "letter", json!({ "data": data, "date": date })).await.is(201);
        made.push(bytes(&org, &paper(&letter)).await);
    }
    assert_eq!(made[0], made[1]);
    assert!(made[0] != made[2] && made[0] != made[3]);
}

async fn a_plugin_answers_with_the_bytes_of_a_file(database: Database) {
    let (server, org) = office(&database).await;
    let letter = write(&org, "letter", json!({})).await.is(201);
    let file = paper(&letter);
    let _ = settled(&org, &file).await.is(200);
    let sent_on = org.get(&format!("papers/read/{}", letter.id())).await.is(303);
    assert_eq!(sent_on.location(), format!("/api/v1/media/{file}/content"));
    // It is handed out to whoever may read it, and to nobody else.
    let (_, _, mia) = server.member(&org, "Mia", Role::Member).await;
    let _ = mia.get(sent_on.location()).await.is(200);
    let _ = server.client(None).get(sent_on.location()).await.is(401);
}

async fn a_document_that_cannot_be_made_says_why_and_with_the_line(database: Database) {
    let (_server, org) = office(&database).await;
    let letter = write(&org, "broken", json!({})).await.is(201);
    let file = paper(&letter);
    let told = settled(&org, &file).await.is_problem(502, "plugin-failed");
    assert!(
        told.json["detail"].as_str().unwrap().contains("broken.typ, line 3: unknown variable: missing"),
        "{}",
        told.text
    );
    let failed = org.get("documents?state=failed").await.is(200);
    assert_eq!((&failed.data()[0]["id"], &failed.data()[0]["attempts"]), (&json!(file), &json!(1)));

    // The record stands, and what was wrong is mended by whoever may: with a template of one's own it is made after all.
    let _ = org.get(&format!("{LETTERS}/{}", letter.id())).await.is(200);
    let mended = json!({ "source": "#set document(title: \"Mended\", date: none)\n= Mended" });
    let _ = put(&org, "documents/templates/papers/broken", mended).await.is(200);
    assert!(is_titled(&bytes(&org, &file).await, "Mended"));
    let again = org.act(&format!("documents/{file}/retry")).await;
    let _ = again.is_problem(409, "conflict");

    let outside = write(&org, "outside", json!({})).await.is(201);
    let told = settled(&org, &paper(&outside)).await.is_problem(502, "plugin-failed");
    assert!(told.json["detail"].as_str().unwrap().contains("outside.typ, line 1: file not found"), "{}", told.text);
    let again = org.act(&format!("documents/{}/retry", paper(&outside))).await.is(200);
    assert_eq!(again.json["state"], "waiting");
    let _ = settled(&org, &paper(&outside)).await.is_problem(502, "plugin-failed");
}

async fn a_template_that_goes_on_for_ever_or_takes_all_memory_harms_nobody(database: Database) {
    let config: fn(&mut lignaflow_server::config::Config) = |config| config.documents.cpu_seconds = 1;
    let server = database.serve_with(Setup { plugins: vec![fixture("papers")], config, ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    for (template, why) in [("endless", "1 seconds of computing that it has"), ("greedy", "that it has")] {
        let letter = write(&org, template, json!({})).await.is(201);
        let told = settled(&org, &paper(&letter)).await.is_problem(502, "plugin-failed");
        assert!(told.json["detail"].as_str().unwrap().contains(why), "{template}: {}", told.text);
    }
    let letter = write(&org, "letter", json!({})).await.is(201);
    let _ = settled(&org, &paper(&letter)).await.is(200);
}

async fn what_no_record_holds_is_not_made(database: Database) {
    let (server, org) = office(&database).await;
    let _ = write(&org, "letter", json!({ "field": "" })).await.is_problem(502, "plugin-bad-answer");
    let _ = write(&org, "nothing", json!({})).await.is_problem(502, "plugin-bad-answer");
    let pictured = write(&org, "letter", json!({ "field": "picture" })).await.is_problem(422, "invalid");
    assert_eq!(pictured.json["issues"][0]["code"], "file-type");
    // An id that is a file's already is nobody's to give again.
    let first = write(&org, "letter", json!({})).await.is(201);
    let taken = write(&org, "letter", json!({ "document": paper(&first) })).await.is_problem(422, "invalid");
    assert_eq!(taken.json["issues"][0]["code"], "unknown-file");
    assert_eq!(org.get(LETTERS).await.is(200).data().len(), 1);
    assert_eq!(server.app.store.media_used(org.id).await.unwrap().1, 1);
}

async fn an_organization_has_a_template_of_its_own_and_goes_back(database: Database) {
    let (_server, org) = office(&database).await;
    let known = org.get(LETTER).await.is(200).json;
    assert_eq!((&known["own"], &known["sample"]["title"]), (&json!(false), &json!("A sample")));
    assert_eq!(known["source"], known["brought"]);
    let source = "#set document(title: \"Ours: \" + json(\"data.json\").title, date: none)\n= Ours";
    let shown = org.post(&format!("{LETTER}/preview"), json!({ "source": source })).await.is(200);
    assert!(shown.header("content-type") == "application/pdf" && shown.text.contains("Ours: A sample"));
    let kept = put(&org, LETTER, json!({ "source": source })).await.is(200).json;
    assert_eq!((&kept["own"], &kept["source"]), (&json!(true), &json!(source)));
    let letter = write(&org, "letter", json!({})).await.is(201);
    assert!(is_titled(&bytes(&org, &paper(&letter)).await, "Ours: Oak and ash"));

    let _ = org.send(org.request(Method::DELETE, LETTER)).await.is(204);
    let letter = write(&org, "letter", json!({})).await.is(201);
    assert!(!is_titled(&bytes(&org, &paper(&letter)).await, "Ours"));
    let _ = org.send(org.request(Method::DELETE, LETTER)).await.is_problem(404, "not-found");
}

async fn a_template_that_its_sample_cannot_be_made_of_is_refused(database: Database) {
    let (server, org) = office(&database).await;
    let refused =
        put(&org, LETTER, json!({ "source": "= A\n#json(\"data.json\").nothing" })).await.is_problem(422, "invalid");
    let issue = &refused.json["issues"][0];
    assert_eq!((&issue["path"], &issue["code"]), (&json!("/source"), &json!("template")));
    assert!(issue["message"].as_str().unwrap().starts_with("letter.typ, line 2: "), "{issue}");
    let huge = json!({ "source": "x".repeat(300_000) });
    let _ = put(&org, LETTER, huge).await.is_problem(422, "invalid");
    let _ = put(&org, LETTER, json!({ "source": 7 })).await.is_problem(422, "invalid");
    let _ = put(&org, "documents/templates/papers/nothing", json!({ "source": "" })).await.is_problem(404, "not-found");
    let (_, _, mia) = server.member(&org, "Mia", Role::Member).await;
    let _ = put(&mia, LETTER, json!({ "source": "" })).await.is_problem(403, "denied");
    assert_eq!(org.get(LETTER).await.is(200).json["own"], false);
}

async fn a_logo_is_on_the_next_documents(database: Database) {
    const SVG: &[u8] =
        b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><rect width=\"9\" height=\"9\"/></svg>";
    let (_server, org) = office(&database).await;
    let bring = |kind: &'static str, bytes: &'static [u8]| {
        org.send(org.request(Method::PUT, "documents/logo").header("Content-Type", kind).body(bytes))
    };
    let _ = org.get("documents/logo").await.is_problem(404, "not-found");
    let plain = org.act(&format!("{LETTER}/preview")).await.is(200).text;
    let _ = bring("image/svg+xml", SVG).await.is(204);
    assert_eq!(org.get("documents/logo").await.is(200).text.as_bytes(), SVG);
    assert_ne!(org.act(&format!("{LETTER}/preview")).await.is(200).text, plain);
    let _ = bring("image/png", b"no picture at all").await.is_problem(422, "invalid");
    let _ = org.send(org.request(Method::DELETE, "documents/logo")).await.is(204);
    assert_eq!(org.act(&format!("{LETTER}/preview")).await.is(200).text, plain);
}

async fn another_organization_sees_nothing_of_documents(database: Database) {
    let (server, org) = office(&database).await;
    let other = server.organization("Beck").await;
    let letter = write(&org, "letter", json!({})).await.is(201);
    let file = paper(&letter);
    let _ = other.get(&format!("media/{file}")).await.is_problem(404, "not-found");
    let _ = settled(&org, &file).await.is(200);
    let _ = other.get(&format!("media/{file}/content")).await.is_problem(404, "not-found");
    assert!(other.get("documents").await.is(200).data().is_empty());
    let _ = other.act(&format!("documents/{file}/retry")).await.is_problem(404, "not-found");
    let _ = put(&org, LETTER, json!({ "source": "= Ours" })).await.is(200);
    assert_eq!(other.get(LETTER).await.is(200).json["own"], false);
}

async fn people_see_a_document_that_is_there_and_one_that_cannot_be_made(database: Database) {
    let (server, org) = office(&database).await;
    let visitor = server.signed_in(&org).await;
    let good = write(&org, "letter", json!({})).await.is(201);
    let bad = write(&org, "broken", json!({})).await.is(201);
    let _ = settled(&org, &paper(&good)).await.is(200);
    let _ = settled(&org, &paper(&bad)).await.is(502);
    let page = visitor.get(&format!("/{LETTERS}/{}", good.id())).await.is(200);
    page.shows(&format!("/media/{}", paper(&good)));
    let page = visitor.get(&format!("/{LETTERS}/{}", bad.id())).await.is(200);
    page.shows("could not be made: broken.typ, line 3").hides("href=\"/media/");
}
