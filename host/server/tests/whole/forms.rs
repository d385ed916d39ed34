//! Forms without script: what is typed is saved, or comes back with what is wrong with it, and never lost.

use crate::media::PDF;
use crate::scene::{CLIENTS, PROJECTS, TASKS, opened};
use lignaflow_testkit::{Database, Method, Role, on_both};
use serde_json::json;

on_both!(
    a_record_is_made_by_a_form_and_shown,
    a_form_with_faults_comes_back_with_everything_typed,
    a_form_that_somebody_was_faster_than_keeps_what_was_typed,
    a_record_is_moved_archived_and_taken_back_by_buttons,
    a_form_sends_files_without_script,
    what_needs_a_name_alone_is_made_in_the_form_that_refers_to_it,
);

async fn a_record_is_made_by_a_form_and_shown(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let form = visitor.get("/projects/tasks/new").await.is(200);
    for name in ["title", "project", "priority", "due", "planned_minutes", "planned_cost", "billable", "notes"] {
        form.shows(&format!("name=\"{name}\""));
    }
    form.hides("name=\"status\"").shows("Reception fit-out");
    let fields = [
        ("title", "Cut panels"),
        ("project", scene.project.as_str()),
        ("priority", "high"),
        ("due", "4/12/2026"),
        ("planned_minutes", "20h"),
        ("planned_cost", "125.50"),
        ("billable", "true"),
        ("notes", "Oak.\r\nSecond line."),
    ];
    let saved = visitor.post("/projects/tasks", &fields).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let page = visitor.follow(&saved).await.is(200);
    page.shows("Cut panels").shows("Reception fit-out").shows("Saved “Cut panels”.").shows("$125.50");
    assert_eq!(visitor.cookie("flash"), None, "it is said once");

    let record = scene.org.get(&format!("{TASKS}?filter[title]=Cut panels")).await.data()[0].clone();
    assert_eq!((&record["due"], &record["planned_minutes"]), (&json!("2026-12-04"), &json!(1_200)));
    assert_eq!((&record["planned_cost"]["minor"], &record["notes"]), (&json!(12_550), &json!("Oak.\nSecond line.")));
    assert_eq!(record["created_by"], scene.org.owner.to_string());
    visitor.get("/projects/tasks").await.is(200).shows("Cut panels").shows("4/12/2026");
    let more =
        visitor.post("/projects/tasks", &[("title", "Next"), ("project", &scene.project), ("another", "true")]).await;
    assert_eq!(more.to(), "/projects/tasks/new");
    visitor.get("/").await.is(200).shows("Cut panels").shows("Tasks");
}

async fn a_form_with_faults_comes_back_with_everything_typed(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let empty = visitor.post("/projects/tasks", &[("title", " "), ("notes", "Keep me.")]).await.is(422);
    empty.shows("href=\"#f-title\"").shows("href=\"#f-project\"").shows("Keep me.");
    let fields = [
        ("title", "Cut"),
        ("project", scene.project.as_str()),
        ("due", "31/11/2026"),
        ("planned_minutes", "many"),
        ("notes", "Keep me."),
    ];
    let again = visitor.post("/projects/tasks", &fields).await.is(422);
    again.shows("value=\"Cut\"").shows("href=\"#f-due\"").shows("href=\"#f-planned_minutes\"");
    again.shows("value=\"31/11/2026\"").shows("value=\"many\"").shows("Keep me.").shows("November has 30 days");
    again.shows("aria-invalid=\"true\"").shows(&format!("value=\"{}\" selected", scene.project));
    let all = [
        ("project", scene.project.as_str()),
        ("start", "4/12/2026"),
        ("due", "1/12/2026"),
        ("planned_minutes", "many"),
    ];
    let again = visitor.post("/projects/tasks", &all).await.is(422);
    again.shows("href=\"#f-title\"").shows("href=\"#f-due\"").shows("href=\"#f-planned_minutes\"");
    again.shows("value=\"many\"").shows("before it starts");
    let rule = [("title", "Cut"), ("project", scene.project.as_str()), ("start", "4/12/2026"), ("due", "1/12/2026")];
    let again = visitor.post("/projects/tasks", &rule).await.is(422);
    again.shows("href=\"#f-due\"").shows("before it starts");
    let double =
        visitor.post("/projects/clients", &[("name", "Marrickville Dental"), ("notes", "Kept.")]).await.is(409);
    double.shows("href=\"#f-name\"").shows("Kept.");
    assert!(scene.org.get(TASKS).await.data().is_empty());

    scene.drive(&scene.project, &["activate", "complete", "close"]).await;
    let closed = visitor.post("/projects/tasks", &[("title", "Late"), ("project", &scene.project)]).await.is(423);
    closed.shows("closed").shows("value=\"Late\"");
}

async fn a_form_that_somebody_was_faster_than_keeps_what_was_typed(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let id = scene.task("Cut", json!({ "planned_minutes": 60, "notes": "Oak." })).await;
    let form = visitor.get(&format!("/projects/tasks/{id}/edit")).await.is(200);
    let (version, base) = (form.value("~version"), form.value("~base"));
    assert_eq!((version.as_str(), form.value("title").as_str()), ("1", "Cut"));
    let _ =
        scene.org.patch(&format!("{TASKS}/{id}"), "*", json!({ "title": "Cut by Ada", "notes": "Ash." })).await.is(200);

    let fields = [
        ("title", "Cut by me"),
        ("project", scene.project.as_str()),
        ("planned_minutes", "90"),
        ("notes", "Oak."),
        ("billable", "true"),
        ("priority", "normal"),
        ("~version", version.as_str()),
        ("~base", base.as_str()),
    ];
    let conflict = visitor.post(&format!("/projects/tasks/{id}"), &fields).await.is(409);
    conflict.shows("changed this").shows("value=\"Cut by me\"").shows("Cut by Ada").shows("value=\"90\"");
    assert_eq!(conflict.value("~version"), "2", "it is saved onto what stands now");
    assert_eq!(scene.org.get(&format!("{TASKS}/{id}")).await.json["title"], "Cut by Ada", "nothing was overwritten");

    let (version, base) = (conflict.value("~version"), conflict.value("~base"));
    let fields = [
        ("title", "Cut by me"),
        ("project", scene.project.as_str()),
        ("planned_minutes", "90"),
        ("notes", "Ash."),
        ("billable", "true"),
        ("priority", "normal"),
        ("~version", version.as_str()),
        ("~base", base.as_str()),
    ];
    let saved = visitor.post(&format!("/projects/tasks/{id}"), &fields).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let blind =
        visitor.post(&format!("/projects/tasks/{id}"), &[("title", "Blind"), ("project", &scene.project)]).await;
    assert_eq!(blind.status, 409, "a form without its version overwrites nothing");
}

async fn a_record_is_moved_archived_and_taken_back_by_buttons(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let id = scene.task("Cut", json!({})).await;
    let path = format!("/projects/tasks/{id}");
    let page = visitor.get(&path).await.is(200);
    page.shows(&format!("action=\"{path}/to/start\"")).shows(&format!("action=\"{path}/archive\""));
    page.hides(&format!("action=\"{path}/to/reopen\""));
    let started = visitor.post(&format!("{path}/to/start"), &[("~version", "1")]).await;
    visitor.follow(&started).await.is(200).shows("In progress").shows(&format!("action=\"{path}/to/finish\""));
    let again = visitor.post(&format!("{path}/to/start"), &[("~version", "2")]).await.is(409);
    again.shows("needs it to be todo");
    let stale = visitor.post(&format!("{path}/archive"), &[("~version", "1")]).await;
    assert_eq!(stale.status, 412);
    let gone = visitor.post(&format!("{path}/archive"), &[("~version", "2")]).await;
    visitor.follow(&gone).await.is(200).shows(&format!("action=\"{path}/restore\""));
    visitor.get("/projects/tasks").await.is(200).hides("Cut");
    let back = visitor.post(&format!("{path}/restore"), &[("~version", "3")]).await;
    visitor.follow(&back).await.is(200).shows(&format!("action=\"{path}/archive\""));
}

/// A form as a browser posts it that sends files: texts, and files as control, name, type and bytes.
pub(crate) fn with_files(texts: &[(&str, &str)], files: &[(&str, &str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, text) in texts {
        body.extend(format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n").bytes());
    }
    for (name, file, kind, bytes) in files {
        let head = format!(
            "--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: {kind}\r\n\r\n"
        );
        body.extend(head.bytes());
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--x--\r\n");
    body
}

async fn a_form_sends_files_without_script(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let post = async |path: &str, body: Vec<u8>| {
        let request = visitor.request(Method::POST, path).header("Content-Type", "multipart/form-data; boundary=x");
        visitor.send(request.header("Sec-Fetch-Site", "same-origin").body(body)).await
    };
    let form = visitor.get("/projects/projects/new").await.is(200);
    form.shows("enctype=\"multipart/form-data\"").shows("name=\"documents~file\"");
    let nothing = ("documents~file", "", "application/octet-stream", b"" as &[u8]);
    let paper = ("documents~file", "plan.pdf", "application/pdf", PDF);
    let page = ("documents~file", "page.html", "text/html", b"<html>" as &[u8]);

    // A fault elsewhere does not lose the file: it waits, and is named in the form that comes back.
    let refused = post("/projects/projects", with_files(&[("name", "")], &[paper, page])).await.is(422);
    refused.shows("plan.pdf").shows("“page.html” was not taken.").shows("href=\"#f-name\"");
    let waiting = refused.value("documents");
    let again = with_files(&[("name", "Fit-out"), ("documents", &waiting)], &[nothing]);
    let saved = post("/projects/projects", again).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    visitor.follow(&saved).await.is(200).shows("plan.pdf").shows(&format!("/media/{waiting}"));
    let record = saved.to().rsplit('/').next().unwrap().to_owned();
    let documents = async || scene.org.get(&format!("{PROJECTS}/{record}")).await.is(200).json["documents"].clone();
    assert_eq!(documents().await, json!([waiting]));
    let _ = visitor.get("/projects/projects").await.is(200);

    // One more, beside the one that is kept; then the first is not kept any more.
    let edit = visitor.get(&format!("/projects/projects/{record}/edit")).await.is(200);
    let (version, base) = (edit.value("~version"), edit.value("~base"));
    let fields =
        [("name", "Fit-out"), ("~version", version.as_str()), ("~base", base.as_str()), ("documents", &waiting)];
    let more = post(&format!("/projects/projects/{record}"), with_files(&fields, &[paper])).await;
    assert_eq!(more.status, 303, "{}", more.text);
    let both = documents().await;
    assert_eq!((both[0].as_str(), both.as_array().unwrap().len()), (Some(waiting.as_str()), 2));
    let edit = visitor.get(&format!("/projects/projects/{record}/edit")).await.is(200);
    let (version, base) = (edit.value("~version"), edit.value("~base"));
    let second = both[1].as_str().unwrap();
    let fields = [("name", "Fit-out"), ("~version", version.as_str()), ("~base", base.as_str()), ("documents", second)];
    let fewer = post(&format!("/projects/projects/{record}"), with_files(&fields, &[nothing])).await;
    assert_eq!(fewer.status, 303, "{}", fewer.text);
    assert_eq!(documents().await, json!([second]));
    visitor.get(&format!("/projects/projects/{record}")).await.is(200).shows("Documents");
    let broken = post("/projects/projects", b"--x\r\nno".to_vec()).await;
    assert_eq!(broken.status, 400, "{}", broken.text);
}

async fn what_needs_a_name_alone_is_made_in_the_form_that_refers_to_it(database: Database) {
    let (scene, owner) = opened(&database).await;
    owner.get("/projects/projects/new").await.is(200).shows("data-new=\"client\"");
    let made = owner.post("/projects/clients/choices", &[("name", " Ashgrove Bakery ")]).await.is(200);
    let id = made.json["id"].as_str().unwrap();
    assert_eq!(made.json["label"], "Ashgrove Bakery");
    assert_eq!(scene.org.get(&format!("{CLIENTS}/{id}")).await.is(200).json["name"], "Ashgrove Bakery");
    let nameless = owner.post("/projects/clients/choices", &[]).await.is(422);
    assert_eq!(nameless.issues()[0].0, "/name", "{}", nameless.text);
    // A task needs its project as well, and is not made in passing.
    let _ = owner.post("/projects/tasks/choices", &[("name", "Cut")]).await.is(404);
    // Who may not make clients is not asked to.
    let (mia, email, _) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    scene.org.give_roles(mia, &["projects.worker"]).await;
    let worker = scene.server.visitor();
    worker.sign_in(&email, &scene.org.password).await;
    let _ = worker.post("/projects/clients/choices", &[("name", "Mine")]).await.is(403);
    assert_eq!(
        scene.org.get(&format!("{CLIENTS}?sort=name")).await.column("name"),
        ["Ashgrove Bakery", "Marrickville Dental"]
    );
}
