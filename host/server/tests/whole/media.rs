//! Files: brought, held by records, read by whoever may read those, and gone when nothing holds them.

use crate::scene::{PROJECTS, Scene, TASKS, opened, scene, scene_with};
use futures_util::stream;
use lignaflow_server::media::Upload;
use lignaflow_testkit::{Answer, Client, Database, HeldClock, Method, Org, Role, Scope, Server, Setup, on_both};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

on_both!(
    a_file_is_brought_held_and_read_back,
    a_file_is_sent_as_a_form_too,
    a_part_of_a_file_is_what_was_asked_for,
    another_organizations_file_is_nothing,
    a_file_is_seen_with_the_record_that_holds_it,
    a_file_is_held_by_one_field_of_one_record,
    what_lies_about_its_type_is_told_what_it_is,
    a_field_takes_what_it_says_it_takes,
    a_file_that_is_too_large_is_refused_before_and_while_it_comes,
    an_organization_has_its_quota_and_gets_room_back,
    who_leaves_in_the_middle_leaves_nothing,
    what_no_record_holds_for_a_day_goes,
    bytes_that_two_files_share_stay_until_both_are_gone,
    a_picture_is_made_small_for_pages,
);

pub(crate) const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\nand more\n";
const DAY: i64 = 24 * 3_600;

/// The smallest picture there is: one pixel of GIF, which is 1 by 1.
const GIF: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

pub(crate) async fn bring(api: &Client, name: &str, kind: &str, bytes: &[u8]) -> Answer {
    let path = format!("media?name={}", lignaflow_web::paths::encoded(name));
    let request = api.request(Method::POST, &path).header("Content-Type", kind);
    api.send(request.body(bytes.to_vec())).await
}

/// A PDF that waits for a record.
async fn pdf(api: &Client) -> String {
    bring(api, "Küche.pdf", "application/pdf", PDF).await.is(201).id()
}

async fn attach(org: &Client, project: &str, ids: &[&str]) -> Answer {
    org.patch(&format!("{PROJECTS}/{project}"), "*", json!({ "documents": ids })).await
}

/// Somebody who runs a project, and so writes it.
async fn manager(server: &Server, org: &Org, project: &str) -> Client {
    let (mia, _, api) = server.member(org, "Mia", Role::Member).await;
    let people = json!({ "manager": mia.to_string(), "members": [org.owner.to_string()] });
    let _ = org.patch(&format!("{PROJECTS}/{project}"), "*", people).await.is(200);
    api
}

/// The files below a folder, uploads under way among them.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn kept(server: &Server) -> usize {
    files(&server.data_dir().join("media")).len()
}

async fn used(server: &Server, org: &Org) -> (u64, u64) {
    server.app.store.media_used(org.id).await.unwrap()
}

async fn a_file_is_brought_held_and_read_back(database: Database) {
    let Scene { server: _server, org, project, .. } = scene(&database).await;
    let brought = bring(&org, "plans/Küche.pdf", "application/pdf", PDF).await.is(201);
    let id = brought.id();
    assert_eq!(brought.location(), format!("/api/v1/media/{id}"));
    let told = &brought.json;
    assert_eq!((told["name"].as_str(), told["content_type"].as_str()), (Some("Küche.pdf"), Some("application/pdf")));
    assert_eq!((told["size"].as_u64(), told["state"].as_str()), (Some(PDF.len() as u64), Some("waiting")));
    assert_eq!(told["created_by"], org.owner.to_string());

    let held = attach(&org, &project, &[&id]).await.is(200);
    assert_eq!(held.json["documents"], json!([id]));
    let known = org.get(brought.location()).await.is(200).json;
    let place = json!({ "collection": PROJECTS, "record": project, "field": "documents" });
    assert_eq!((&known["state"], &known["attached_to"]), (&json!("attached"), &place));

    let whole = org.get(&format!("media/{id}/content")).await.is(200);
    assert_eq!(whole.text.as_bytes(), PDF);
    assert_eq!(whole.header("content-type"), "application/pdf");
    assert_eq!(whole.header("content-disposition"), "inline; filename=\"K_che.pdf\"; filename*=UTF-8''K%C3%BCche.pdf");
    assert_eq!(whole.header("cache-control"), "private, no-cache, no-transform");
    assert_eq!(whole.header("x-content-type-options"), "nosniff");
    assert!(whole.header("content-security-policy").starts_with("default-src 'none'"));
    assert_eq!((whole.header("accept-ranges"), whole.header("content-encoding")), ("bytes", ""));
    let saved = org.get(&format!("media/{id}/content?download=true")).await.is(200);
    assert!(saved.header("content-disposition").starts_with("attachment; "));

    let history = org.get(&format!("{PROJECTS}/{project}/history")).await.is(200);
    assert_eq!(history.data()[0]["after"]["documents"], json!([id]));
    assert_eq!(history.json["files"][&id], "Küche.pdf");
    let sheet = org.request(Method::GET, &format!("{PROJECTS}?fields=name,documents")).header("Accept", "text/csv");
    let sheet = org.send(sheet).await.is(200).text;
    assert!(sheet.contains(&format!("Reception fit-out,Küche.pdf,{id}")), "{sheet}");
}

async fn a_file_is_sent_as_a_form_too(database: Database) {
    let Scene { server: _server, org, .. } = scene(&database).await;
    let form = |parts: &[(&str, &str)]| {
        let mut body = String::new();
        for (name, text) in parts {
            let head = format!("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n");
            body.extend([head.as_str(), "Content-Type: text/plain\r\n\r\n", text, "\r\n"]);
        }
        body.push_str("--x--\r\n");
        org.request(Method::POST, "media").header("Content-Type", "multipart/form-data; boundary=x").body(body)
    };
    let one = org.send(form(&[("notes.txt", "oak")])).await.is(201);
    assert_eq!((one.json["name"].as_str(), one.json["size"].as_u64()), (Some("notes.txt"), Some(3)));
    let two = org.send(form(&[("a.txt", "a"), ("b.txt", "b")])).await.is_problem(422, "invalid");
    assert_eq!(two.issues(), [("", "too-many")]);
    let none = org.send(form(&[])).await.is_problem(422, "invalid");
    assert_eq!(none.issues(), [("", "required")]);
    let broken =
        org.request(Method::POST, "media").header("Content-Type", "multipart/form-data; boundary=x").body("--x\r\n");
    let _ = org.send(broken).await.is_problem(400, "unparsable");
    let empty = bring(&org, "a.txt", "text/plain", b"").await.is_problem(422, "invalid");
    assert_eq!(empty.issues(), [("", "empty")]);
    let _ = bring(&org, "a.txt", "text/plain", b"oak").await.is(201);
    let unknown = org.send(org.request(Method::POST, "media?title=x").body("oak")).await;
    assert_eq!(unknown.status, 400, "{}", unknown.text);
}

async fn a_part_of_a_file_is_what_was_asked_for(database: Database) {
    let Scene { server: _server, org, .. } = scene(&database).await;
    let id = bring(&org, "abc.txt", "text/plain", b"abcdefghij").await.is(201).id();
    let path = format!("media/{id}/content");
    let etag = org.get(&path).await.is(200).etag();
    let ask = async |method: Method, headers: &[(&str, &str)]| {
        let request =
            headers.iter().fold(org.request(method, &path), |request, (name, value)| request.header(*name, *value));
        org.send(request).await
    };
    for (range, status, body, content_range) in [
        ("bytes=2-4", 206, "cde", "bytes 2-4/10"),
        ("bytes=7-", 206, "hij", "bytes 7-9/10"),
        ("bytes=-2", 206, "ij", "bytes 8-9/10"),
        ("bytes=5-99", 206, "fghij", "bytes 5-9/10"),
        ("bytes=0-1,4-5", 200, "abcdefghij", ""),
        ("rows=1-2", 200, "abcdefghij", ""),
    ] {
        let answer = ask(Method::GET, &[("Range", range)]).await.is(status);
        assert_eq!((answer.text.as_str(), answer.header("content-range")), (body, content_range), "{range}");
        assert_eq!(answer.header("content-length"), body.len().to_string(), "{range}");
        assert_eq!(answer.etag(), etag, "{range}");
    }
    let beyond = ask(Method::GET, &[("Range", "bytes=10-")]).await.is_problem(416, "http");
    assert_eq!(beyond.header("content-range"), "bytes */10");
    let same = ask(Method::GET, &[("Range", "bytes=2-4"), ("If-Range", &etag)]).await.is(206);
    assert_eq!(same.text, "cde");
    let changed = ask(Method::GET, &[("Range", "bytes=2-4"), ("If-Range", "\"before\"")]).await.is(200);
    assert_eq!(changed.text, "abcdefghij");
    let known = ask(Method::GET, &[("If-None-Match", &etag), ("Range", "bytes=2-4")]).await.is(304);
    assert_eq!((known.text.as_str(), known.etag()), ("", etag.clone()));
    let _ = ask(Method::GET, &[("If-Match", "\"before\"")]).await.is_problem(412, "stale");
    let head = ask(Method::HEAD, &[("Range", "bytes=2-4")]).await.is(200);
    assert_eq!((head.header("content-length"), head.header("content-range"), head.text.as_str()), ("10", "", ""));
}

async fn another_organizations_file_is_nothing(database: Database) {
    let Scene { server, org, project, .. } = scene(&database).await;
    let (waiting, held) = (pdf(&org).await, pdf(&org).await);
    let _ = attach(&org, &project, &[&held]).await.is(200);
    let other = server.organization("Other").await;
    let own = other.make(PROJECTS, json!({ "name": "Own" })).await;
    let visitor = server.signed_in(&other).await;
    for id in [&waiting, &held] {
        let _ = other.get(&format!("media/{id}")).await.is_problem(404, "not-found");
        let _ = other.get(&format!("media/{id}/content")).await.is_problem(404, "not-found");
        let _ = visitor.get(&format!("/media/{id}")).await.is(404);
        let _ = visitor.get(&format!("/media/{id}/thumbnail")).await.is(404);
        let patched = attach(&other, &own, &[id]).await.is_problem(422, "invalid");
        assert_eq!(patched.issues(), [("/documents/0", "unknown-file")]);
        let made = other.post(PROJECTS, json!({ "name": "New", "documents": [id] })).await.is_problem(422, "invalid");
        assert_eq!(made.issues(), [("/documents/0", "unknown-file")]);
        let task = other.post(TASKS, json!({ "title": "New", "project": own, "photos": [id] })).await;
        assert_eq!(task.is_problem(422, "invalid").issues(), [("/photos/0", "unknown-file")]);
    }
    assert_eq!(org.get(&format!("media/{held}")).await.is(200).json["state"], "attached");
}

async fn a_file_is_seen_with_the_record_that_holds_it(database: Database) {
    let Scene { server, org, project, .. } = scene(&database).await;
    let mia = manager(&server, &org, &project).await;
    let id = pdf(&org).await;
    let path = format!("media/{id}/content");
    let _ = server.client(None).get(&path).await.is_problem(401, "unauthenticated");
    let _ = mia.get(&path).await.is_problem(404, "not-found");
    let _ = mia.get(&format!("media/{id}")).await.is_problem(404, "not-found");
    let _ = org.get(&path).await.is(200);
    let stolen = attach(&mia, &project, &[&id]).await.is_problem(422, "invalid");
    assert_eq!(stolen.issues(), [("/documents/0", "unknown-file")], "what somebody else brought is not told");

    let _ = attach(&org, &project, &[&id]).await.is(200);
    let _ = mia.get(&path).await.is(200);
    let reads = server.client(Some(&server.token(&org.email, &org.name, Scope::Read).await));
    let _ = reads.get(&path).await.is(200);
    let _ = bring(&reads, "a.txt", "text/plain", b"oak").await.is_problem(403, "denied");
    // An archived record keeps its files; one whose plugin is off is not there, and neither are they.
    let _ = org.delete(&format!("{PROJECTS}/{project}"), "*").await.is(200);
    let _ = mia.get(&path).await.is(200);
    let _ = org.act("plugins/projects/disable").await.is(204);
    let _ = org.get(&path).await.is_problem(404, "not-found");
    let _ = org.act("plugins/projects/enable").await.is(204);
    let _ = org.get(&path).await.is(200);
    let nobody = server.visitor();
    assert!(nobody.get(&format!("/media/{id}")).await.to().starts_with("/sign-in"));
}

async fn a_file_is_held_by_one_field_of_one_record(database: Database) {
    let Scene { server, org, project, .. } = scene(&database).await;
    let other = org.make(PROJECTS, json!({ "name": "Another" })).await;
    let (one, two) = (pdf(&org).await, pdf(&org).await);
    let _ = attach(&org, &project, &[&one, &two, &one]).await.is(200);
    let taken = attach(&org, &other, &[&one]).await.is_problem(422, "invalid");
    assert_eq!(taken.issues(), [("/documents/0", "in-use")]);
    // Kept, and in another order.
    assert_eq!(attach(&org, &project, &[&two, &one]).await.is(200).json["documents"], json!([two, one]));
    // Taken off by one who writes the record, put back by another.
    let mia = manager(&server, &org, &project).await;
    let _ = attach(&mia, &project, &[&two]).await.is(200);
    assert_eq!(org.get(&format!("media/{one}")).await.is(200).json["state"], "waiting");
    let _ = mia.get(&format!("media/{one}")).await.is_problem(404, "not-found");
    let _ = attach(&mia, &project, &[&one, &two]).await.is(200);
    let _ = attach(&org, &project, &[]).await.is(200);
    let _ = attach(&org, &other, &[&one]).await.is(200);
    // Two at once: one of them holds it.
    let racing = pdf(&org).await;
    let (alone, beside) = ([racing.as_str()], [one.as_str(), racing.as_str()]);
    let (left, right) = tokio::join!(attach(&org, &project, &alone), attach(&org, &other, &beside));
    assert_eq!([left.status, right.status].iter().filter(|status| **status == 200).count(), 1, "{left:?} {right:?}");
    let nothing = attach(&org, &project, &["01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f"]).await.is_problem(422, "invalid");
    assert_eq!(nothing.issues(), [("/documents/0", "unknown-file")]);
}

async fn what_lies_about_its_type_is_told_what_it_is(database: Database) {
    let Scene { server, org, .. } = scene(&database).await;
    let page: &[u8] = b"<!DOCTYPE html><script>alert(1)</script>";
    for (kind, bytes) in [
        ("image/png", page),
        ("image/png", b"PK\x03\x04and so on"),
        ("image/jpeg", GIF),
        ("application/pdf", b"just words"),
        ("text/plain", page),
        ("image/png", b"\x7fELF\x02\x01"),
        ("image/png", b"\x00\x01\x02\x03"),
    ] {
        let lie = bring(&org, "a.png", kind, bytes).await.is_problem(422, "invalid");
        assert_eq!(lie.issues(), [("/content_type", "type-mismatch")], "{kind}");
    }
    for (kind, bytes) in [("text/html", page), ("application/octet-stream", b"MZ\x90\x00" as &[u8])] {
        let _ = bring(&org, "a.bin", kind, bytes).await.is_problem(415, "unsupported-media-type");
    }
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let drawn = bring(&org, "a.svg", "image/svg+xml", svg).await.is(201).id();
    let saved = org.get(&format!("media/{drawn}/content")).await.is(200);
    assert!(saved.header("content-disposition").starts_with("attachment"), "what could run is never shown");
    assert!(saved.header("content-security-policy").ends_with("sandbox"));
    assert_eq!(used(&server, &org).await.1, 1, "what was refused is not there");
}

async fn a_field_takes_what_it_says_it_takes(database: Database) {
    let scene = scene(&database).await;
    let org = &scene.org;
    let (paper, picture) = (pdf(org).await, bring(org, "a.gif", "image/gif", GIF).await.is(201).id());
    let body = json!({
        "title": "Fit", "project": scene.project, "photos": [picture, paper], "due": "tomorrow", "planned_minutes": -1,
    });
    let refused = org.post(TASKS, body).await.is_problem(422, "invalid");
    let all = [("/due", "type"), ("/planned_minutes", "too-small"), ("/photos/1", "file-type")];
    assert_eq!(refused.issues(), all, "every fault at once");
    let task = scene.task("Fit", json!({ "photos": [picture] })).await;
    assert_eq!(org.get(&format!("{TASKS}/{task}")).await.json["photos"], json!([picture]));
    let with = org.get(&format!("{TASKS}?filter[photos][is_null]=false")).await.is(200);
    assert_eq!(with.column("id"), [task]);
    let many: Vec<Json> = (0..51).map(|_| json!(lignaflow_testkit::fresh_id())).collect();
    let refused = org.post(TASKS, json!({ "title": "Fit", "project": scene.project, "photos": many })).await;
    assert_eq!(refused.is_problem(422, "invalid").issues(), [("/photos", "too-many")]);
}

async fn a_file_that_is_too_large_is_refused_before_and_while_it_comes(database: Database) {
    let setup = Setup { config: |config| config.media.file_bytes = 100_000, ..Setup::default() };
    let Scene { server, org, .. } = scene_with(&database, setup).await;
    let _ = bring(&org, "a.txt", "text/plain", &vec![b'a'; 100_000]).await.is(201);
    let before = kept(&server);
    for size in [100_001, 165_000, 2_000_000] {
        let _ = bring(&org, "a.txt", "text/plain", &vec![b'b'; size]).await.is_problem(413, "too-large");
    }
    // Without a length, it is found out on the way.
    let caller = server.caller(&org).await;
    let parts = stream::iter((0..100).map(|_| Ok::<_, std::io::Error>(bytes::Bytes::from(vec![b'c'; 10_000]))));
    let upload = Upload { name: Some("c.txt"), ..Upload::default() };
    let problem = server.app.media.take_in(&caller, upload, parts).await.unwrap_err();
    assert_eq!(problem.status().as_u16(), 413);
    assert_eq!((kept(&server), used(&server, &org).await), (before, (100_000, 1)));
}

async fn an_organization_has_its_quota_and_gets_room_back(database: Database) {
    let clock = HeldClock::at(1_795_000_000_000_000);
    let setup = Setup {
        clock: Arc::new(clock.clone()),
        config: |config| config.media.organization_bytes = 2_500,
        ..Setup::default()
    };
    let Scene { server, org, .. } = scene_with(&database, setup).await;
    let send = async |org: &Org, letter: u8| bring(org, "a.txt", "text/plain", &[letter; 1_000]).await;
    let _ = send(&org, b'a').await.is(201);
    let _ = send(&org, b'b').await.is(201);
    let full = send(&org, b'c').await.is_problem(507, "quota");
    assert!(full.json["detail"].as_str().unwrap().contains("2 kB of the 2.5 kB"), "{}", full.text);
    assert_eq!((kept(&server), used(&server, &org).await), (2, (2_000, 2)));
    // Two at once do not both slip in.
    let other = server.organization("Other").await;
    let (_, first, second, third) =
        tokio::join!(send(&other, b'a'), send(&other, b'b'), send(&other, b'c'), send(&other, b'd'));
    let taken = [&first, &second, &third].iter().filter(|answer| answer.status == 201).count();
    assert!(taken <= 2 && used(&server, &other).await.0 == 2_000, "{first:?} {second:?} {third:?}");
    clock.advance_seconds(DAY + 1);
    assert_eq!(server.app.media.sweep().await.unwrap(), 4);
    let _ = send(&org, b'c').await.is(201);
    assert_eq!(used(&server, &org).await, (1_000, 1));
}

async fn who_leaves_in_the_middle_leaves_nothing(database: Database) {
    let Scene { server, org, .. } = scene(&database).await;
    let caller = server.caller(&org).await;
    let media = server.app.media.clone();
    let half = || Ok(bytes::Bytes::from_static(b"half of it"));
    let broken = stream::iter([half(), Err(std::io::Error::other("gone"))]);
    assert_eq!(media.take_in(&caller, Upload::default(), broken).await.unwrap_err().status().as_u16(), 400);

    // Dropped while it waits for more, as when a connection ends.
    let (arrived, waits) = tokio::sync::oneshot::channel();
    let mut arrived = Some(arrived);
    let parts = stream::poll_fn(move |_| match arrived.take() {
        Some(first) => {
            let _ = first.send(());
            std::task::Poll::Ready(Some(half()))
        }
        None => std::task::Poll::Pending,
    });
    let taking = tokio::spawn(async move { media.take_in(&caller, Upload::default(), parts).await.is_ok() });
    waits.await.unwrap();
    taking.abort();
    assert!(taking.await.unwrap_err().is_cancelled());
    assert_eq!((kept(&server), used(&server, &org).await), (0, (0, 0)));
}

async fn what_no_record_holds_for_a_day_goes(database: Database) {
    let clock = HeldClock::at(1_795_000_000_000_000);
    let setup = Setup { clock: Arc::new(clock.clone()), ..Setup::default() };
    let Scene { server, org, project, .. } = scene_with(&database, setup).await;
    let text = async |name: &str| bring(&org, name, "text/plain", name.as_bytes()).await.is(201).id();
    let (waits, held, dropped, archived) = (text("a").await, text("b").await, text("c").await, text("d").await);
    let other = org.make(PROJECTS, json!({ "name": "Old", "documents": [archived] })).await;
    let _ = org.delete(&format!("{PROJECTS}/{other}"), "*").await.is(200);
    let _ = attach(&org, &project, &[&held, &dropped]).await.is(200);
    clock.advance_seconds(DAY - 1);
    let _ = attach(&org, &project, &[&held]).await.is(200);
    assert_eq!(server.app.media.sweep().await.unwrap(), 0);
    clock.advance_seconds(2);
    assert_eq!(server.app.media.sweep().await.unwrap(), 1);
    let _ = org.get(&format!("media/{waits}")).await.is_problem(404, "not-found");
    let _ = org.get(&format!("media/{dropped}/content")).await.is(200);
    clock.advance_seconds(DAY);
    assert_eq!(server.app.media.sweep().await.unwrap(), 1);
    let _ = org.get(&format!("media/{dropped}/content")).await.is_problem(404, "not-found");
    for id in [&held, &archived] {
        let _ = org.get(&format!("media/{id}/content")).await.is(200);
    }
    assert_eq!((kept(&server), used(&server, &org).await), (2, (2, 2)));
    let gone = attach(&org, &project, &[&held, &dropped]).await.is_problem(422, "invalid");
    assert_eq!(gone.issues(), [("/documents/1", "unknown-file")]);
    let history = org.get(&format!("{PROJECTS}/{project}/history")).await.is(200);
    assert_eq!(history.json["files"][&dropped], "c", "the history still names it");
    let visitor = server.signed_in(&org).await;
    let _ = visitor.get(&format!("/projects/projects/{project}")).await.is(200);
    assert_eq!(server.app.media.sweep().await.unwrap(), 0);
}

async fn bytes_that_two_files_share_stay_until_both_are_gone(database: Database) {
    let clock = HeldClock::at(1_795_000_000_000_000);
    let setup = Setup { clock: Arc::new(clock.clone()), ..Setup::default() };
    let Scene { server, org, project, .. } = scene_with(&database, setup).await;
    let (waits, held) = (pdf(&org).await, pdf(&org).await);
    let other = server.organization("Other").await;
    let theirs = pdf(&other).await;
    assert_eq!(kept(&server), 2, "once for each organization");
    let _ = attach(&org, &project, &[&held]).await.is(200);
    clock.advance_seconds(DAY + 1);
    assert_eq!(server.app.media.sweep().await.unwrap(), 2);
    let _ = org.get(&format!("media/{waits}")).await.is_problem(404, "not-found");
    let _ = other.get(&format!("media/{theirs}")).await.is_problem(404, "not-found");
    let _ = org.get(&format!("media/{held}/content")).await.is(200);
    assert_eq!(kept(&server), 1);
    let again = pdf(&org).await;
    let _ = attach(&org, &project, &[]).await.is(200);
    clock.advance_seconds(DAY + 1);
    assert_eq!(server.app.media.sweep().await.unwrap(), 2);
    let _ = org.get(&format!("media/{again}")).await.is_problem(404, "not-found");
    assert_eq!((kept(&server), used(&server, &org).await), (0, (0, 0)));
}

async fn a_picture_is_made_small_for_pages(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let picture = bring(&scene.org, "a.gif", "image/gif", GIF).await.is(201);
    assert_eq!((&picture.json["width"], &picture.json["height"]), (&json!(1), &json!(1)));
    let task = scene.task("Fit", json!({ "photos": [picture.id()] })).await;
    let path = format!("/media/{}/thumbnail", picture.id());
    visitor.get(&format!("/projects/tasks/{task}")).await.is(200).shows(&path).shows("a.gif");
    for _ in 0..2 {
        let small = visitor.get(&path).await.is(200);
        assert_eq!(small.header("content-type"), "image/jpeg");
    }
    let etag = visitor.get(&path).await.etag();
    let known = visitor.request(Method::GET, &path).header("If-None-Match", etag);
    let _ = visitor.send(known).await.is(304);
    assert_eq!(kept(&scene.server), 2, "it is made once");
    let paper = pdf(&scene.org).await;
    let _ = visitor.get(&format!("/media/{paper}/thumbnail")).await.is(404);
    let _ = visitor.get(&format!("/media/{paper}")).await.is(200);
}
