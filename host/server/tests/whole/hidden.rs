//! Doors that lead around a list: of what somebody may not see, nothing comes through a batch, a part, a file, an import,
//! an export, a saved view, a stream, a form, the home page or another person's kept result. `access` has the plain ones,
//! `sightings` the feed and webhooks.

use crate::media::{PDF, bring};
use crate::scene::{self, TASKS};
use lignaflow_testkit::site::{ENTRIES, PROJECTS, RECEIPTS, Site, site};
use lignaflow_testkit::{Answer, Client, Database, Method, Role, fresh_id, on_both};
use serde_json::{Value as Json, json};

on_both!(
    a_batch_reaches_nothing_that_is_hidden,
    parts_of_what_is_hidden_are_hidden,
    files_of_what_is_hidden_are_hidden,
    an_import_learns_nothing_of_what_is_hidden,
    an_exported_file_has_what_its_reader_sees,
    a_view_that_is_shared_shows_each_their_own,
    a_view_of_its_plugin_is_for_whom_what_it_names_is_for,
    a_stream_tells_of_what_is_seen_alone,
    what_is_kept_for_one_is_not_shown_to_another,
    a_record_that_is_made_again_is_not_told_to_whom_it_is_hidden,
    what_a_record_was_is_told_without_what_is_hidden,
    pages_name_nothing_that_is_hidden,
    a_form_keeps_what_its_writer_does_not_see,
    a_route_reads_as_whoever_calls_it,
);

/// The site with an entry of Ben's on the roof, which Mia does not see, with a part and two files.
struct Hidden {
    site: Site,
    entry: String,
    receipt: String,
    slip: String,
    scan: String,
}

/// What stands in the hidden records, and nowhere else.
const SECRETS: [&str; 4] = ["Slate", "slate", "Gutter", "Roof"];

async fn hidden(database: &Database) -> Hidden {
    let site = site(database).await;
    let entry = site.entry("Slate", &site.ben_id, &site.roof, 40).await;
    let file = async |name: &str| bring(&site.org, name, "application/pdf", PDF).await.is(201).id();
    let (slip, scan) = (file("Slate.pdf").await, file("Gutter.pdf").await);
    let _ = site.org.patch(&format!("{ENTRIES}/{entry}"), "*", json!({ "slips": [slip] })).await.is(200);
    let receipt = site.org.make(RECEIPTS, json!({ "name": "Gutter", "entry": entry, "scan": scan })).await;
    Hidden { site, entry, receipt, slip, scan }
}

#[track_caller]
fn tells_nothing(answer: &Answer) {
    for secret in SECRETS {
        assert!(!answer.text.contains(secret), "{secret}: {}", answer.text);
    }
}

async fn everything(site: &Site) -> Vec<Json> {
    let mut all = Vec::new();
    for collection in [PROJECTS, ENTRIES, RECEIPTS] {
        all.extend(site.org.get(&format!("{collection}?sort=id&limit=200")).await.is(200).data().iter().cloned());
    }
    all
}

async fn a_batch_reaches_nothing_that_is_hidden(database: Database) {
    let Hidden { site, entry, receipt, .. } = hidden(&database).await;
    let own = site.entry("Fit", &site.mia_id, &site.kitchen, 10).await;
    let before = everything(&site).await;
    let nowhere = fresh_id();
    for id in [&entry, &nowhere] {
        let operations = json!([
            { "update": { "id": own, "version": "*", "minutes": 11 } },
            { "update": { "id": id, "version": "*", "note": "Mine" } },
            { "remove": { "id": id, "version": 7 } },
            { "restore": { "id": id } },
        ]);
        let body = json!({ "operations": operations });
        let refused = site.mia.post(&format!("{ENTRIES}/batch"), body.clone()).await.is_problem(404, "not-found");
        tells_nothing(&refused);
        let expected = [
            ("/operations/1/update", "not-found"),
            ("/operations/2/remove", "not-found"),
            ("/operations/3/restore", "not-found"),
        ];
        let mut issues = refused.issues();
        issues.retain(|(_, code)| *code != "twice");
        assert!(issues.iter().all(|issue| expected.contains(issue)) && !issues.is_empty(), "{}", refused.text);
    }
    assert_eq!(everything(&site).await, before, "nothing was done");
    let mut told = Vec::new();
    for id in [&entry, &nowhere] {
        let body = json!({ "operations": [{ "update": { "id": id, "version": "*", "note": "Mine" } }] });
        let partial = site.mia.post(&format!("{ENTRIES}/batch?partial=true"), body).await;
        let mut results = partial.json["results"].clone();
        results[0]["problem"]["request_id"] = Json::Null;
        told.push((partial.status, results));
    }
    assert_eq!(told[0], told[1], "hidden is as good as not there");
    assert_eq!(told[0].1[0]["status"], 404);
    let operations = json!([
        { "create": { "name": "Nails", "entry": entry } },
        { "update": { "id": receipt, "version": "*", "name": "Mine" } },
    ]);
    let refused = site.mia.post(&format!("{RECEIPTS}/batch"), json!({ "operations": operations })).await;
    assert!(matches!(refused.status, 404 | 422), "{}", refused.text);
    tells_nothing(&refused);
    assert_eq!(everything(&site).await, before);
}

async fn parts_of_what_is_hidden_are_hidden(database: Database) {
    let Hidden { site, entry, receipt, .. } = hidden(&database).await;
    let own = site.entry("Fit", &site.mia_id, &site.kitchen, 10).await;
    let nails = site.mia.make(RECEIPTS, json!({ "name": "Nails", "entry": own })).await;
    let mia = &site.mia;
    assert_eq!(mia.get(&format!("{RECEIPTS}?count=true")).await.is(200).column("name"), ["Nails"]);
    assert_eq!(mia.get(&format!("{RECEIPTS}/summary?count=id")).await.is(200).data()[0]["count"], 1);
    assert!(mia.get(&format!("{RECEIPTS}?filter[entry]={entry}")).await.is(200).data().is_empty());
    assert!(mia.get(&format!("{RECEIPTS}?q=gutter")).await.is(200).data().is_empty());
    let path = format!("{RECEIPTS}/{receipt}");
    let _ = mia.get(&path).await.is_problem(404, "not-found");
    let _ = mia.get(&format!("{path}/history")).await.is_problem(404, "not-found");
    let _ = mia.patch(&path, "*", json!({ "name": "Mine" })).await.is_problem(404, "not-found");
    let _ = mia.delete(&path, "*").await.is_problem(404, "not-found");
    let _ = mia.post(&format!("{path}/revert"), json!({ "version": 1 })).await.is_problem(404, "not-found");
    let added = mia.post(RECEIPTS, json!({ "name": "Screws", "entry": entry })).await.is_problem(422, "invalid");
    assert_eq!(added.issues(), [("/entry", "unknown-reference")]);
    let nails = format!("{RECEIPTS}/{nails}");
    let moved = mia.patch(&nails, "*", json!({ "entry": entry })).await.is_problem(422, "invalid");
    assert_eq!(moved.issues(), [("/entry", "unknown-reference")]);
    // A part of what is seen and not hers to change is not hers either.
    let shared = site.entry("Help", &site.ben_id, &site.kitchen, 20).await;
    let theirs = site.org.make(RECEIPTS, json!({ "name": "Glue", "entry": shared })).await;
    let theirs = format!("{RECEIPTS}/{theirs}");
    let _ = mia.get(&theirs).await.is(200);
    let _ = mia.patch(&theirs, "*", json!({ "name": "Mine" })).await.is_problem(403, "denied");
    let _ = mia.post(RECEIPTS, json!({ "name": "Mine", "entry": shared })).await.is_problem(403, "denied");
    let _ = mia.patch(&nails, "*", json!({ "entry": shared })).await.is_problem(403, "denied");
    let _ = mia.patch(&nails, "*", json!({ "name": "More nails" })).await.is(200);
    let visitor = site.mia_opens().await;
    let _ = visitor.get(&format!("/{path}")).await.is(404);
    let _ = visitor.get(&format!("/{path}/edit")).await.is(404);
    visitor.get(&format!("/{theirs}")).await.is(200).hides("/edit");
    tells_nothing(&visitor.get(&format!("/{RECEIPTS}")).await.is(200));
}

async fn files_of_what_is_hidden_are_hidden(database: Database) {
    let Hidden { site, entry, slip, scan, .. } = hidden(&database).await;
    let visitor = site.mia_opens().await;
    for id in [&slip, &scan] {
        let _ = site.mia.get(&format!("media/{id}")).await.is_problem(404, "not-found");
        let _ = site.mia.get(&format!("media/{id}/content")).await.is_problem(404, "not-found");
        let _ = visitor.get(&format!("/media/{id}")).await.is(404);
        let _ = visitor.get(&format!("/media/{id}/thumbnail")).await.is(404);
        let _ = site.ben.get(&format!("media/{id}/content")).await.is(200);
        let body = json!({ "note": "Own", "slips": [id] });
        let taken = site.mia.post(ENTRIES, body).await.is_problem(422, "invalid");
        assert_eq!(taken.issues(), [("/slips/0", "unknown-file")], "as of one that is not there");
    }
    // A file goes by its field, too.
    let own = site.entry("Fit", &site.mia_id, &site.kitchen, 10).await;
    let paper = bring(&site.org, "Contract.pdf", "application/pdf", PDF).await.is(201).id();
    let _ = site.org.patch(&format!("{ENTRIES}/{own}"), "*", json!({ "contract": paper })).await.is(200);
    let _ = site.mia.get(&format!("media/{paper}/content")).await.is_problem(404, "not-found");
    let _ = visitor.get(&format!("/media/{paper}")).await.is(404);
    visitor.get(&format!("/{ENTRIES}/{own}")).await.is(200).hides("Contract").hides(&paper);
    // Once the record is hers, so are its files; once it is not, they are not.
    let path = format!("{ENTRIES}/{entry}");
    let _ = site.org.patch(&path, "*", json!({ "user": site.mia_id })).await.is(200);
    let _ = site.mia.get(&format!("media/{scan}/content")).await.is(200);
    let _ = site.org.patch(&path, "*", json!({ "user": site.ben_id })).await.is(200);
    let _ = site.mia.get(&format!("media/{scan}/content")).await.is_problem(404, "not-found");
}

/// Uploads a table as somebody, maps it further, and carries it out.
async fn import(api: &Client, collection: &str, text: &str, mapping: Json, verb: &str) -> Answer {
    let request = api.request(Method::POST, &format!("{collection}/imports?name=list.csv"));
    let made = api.send(request.header("Content-Type", "text/csv").body(text.to_owned())).await.is(201);
    let path = format!("{collection}/imports/{}", made.id());
    if !mapping.is_null() {
        let mapped = api.send(api.request(Method::PATCH, &path).json(&mapping)).await;
        if mapped.status != 200 {
            return mapped;
        }
    }
    let mut answer = api.act(&format!("{path}/{verb}")).await;
    while answer.status == 202 || answer.json["state"].as_str().is_some_and(|state| state.ends_with("ing")) {
        answer = api.get(&format!("{path}?wait=20")).await.is(200);
    }
    answer
}

fn faults(answer: &Answer) -> Json {
    json!(answer.json["faults"].as_array().unwrap().iter().map(|it| [&it["column"], &it["code"]]).collect::<Vec<_>>())
}

async fn an_import_learns_nothing_of_what_is_hidden(database: Database) {
    let Hidden { site, entry, .. } = hidden(&database).await;
    let before = everything(&site).await;
    let none = Json::Null;
    // By name, by id: hidden is as good as not there.
    for project in ["Roof", "Nowhere"] {
        let text = format!("note,project\nOwn,{project}\n");
        let tried = import(&site.mia, ENTRIES, &text, none.clone(), "dry-run").await.is(200);
        assert_eq!(faults(&tried), json!([["project", "unknown-reference"]]), "{}", tried.text);
    }
    let by_id = json!({ "columns": [{ "field": "note" }, { "field": "project", "by": "id" }] });
    for project in [&site.roof, &fresh_id()] {
        let text = format!("note,project\nOwn,{project}\n");
        let tried = import(&site.mia, ENTRIES, &text, by_id.clone(), "run").await.is(200);
        assert_eq!(faults(&tried), json!([["project", "unknown-reference"]]), "{}", tried.text);
    }
    // What is known by its key or id is not changed, and not told.
    let text = format!("id,note,minutes\n{entry},Own,1\n");
    let columns = json!({ "columns": [{ "field": "id" }, { "field": "note" }, { "field": "minutes" }] });
    let tried = import(&site.mia, ENTRIES, &text, columns, "run").await.is(200);
    assert!(tried.json["state"] != "done" && tried.json["fault_count"] == 1, "{}", tried.text);
    tells_nothing(&tried);
    assert_eq!(everything(&site).await, before);
    let keyed = json!({ "key": ["note"], "columns": [{ "field": "note" }, { "field": "minutes" }] });
    let ran = import(&site.mia, ENTRIES, "note,minutes\nSlate,1\n", keyed, "run").await.is(200);
    assert_eq!((&ran.json["progress"]["created"], &ran.json["progress"]["updated"]), (&json!(1), &json!(0)));
    assert_eq!(site.org.get(&format!("{ENTRIES}/{entry}")).await.json["minutes"], 40, "the one she sees is made");
    // A field that she never sees is no column, and one that she may not set is none either.
    let hers = json!({ "columns": [{ "field": "note" }, { "field": "rate" }] });
    let refused = import(&site.mia, ENTRIES, "note,rate\nOwn,5\n", hers, "run").await.is_problem(422, "invalid");
    assert!(refused.issues().iter().all(|(_, code)| *code == "unknown-field"), "{}", refused.text);
    let ran = import(&site.mia, ENTRIES, "note,review\nOwn,Fine\n", none, "run").await.is(200);
    assert_eq!(ran.json["mapping"]["columns"][1], Json::Null, "it is not proposed");
    let hers = json!({ "columns": [{ "field": "note" }, { "field": "review" }] });
    let refused = import(&site.mia, ENTRIES, "note,review\nOwn,Fine\n", hers, "run").await;
    assert!(refused.is_problem(422, "invalid").issues()[0].0.starts_with("/columns/1"));
}

async fn an_exported_file_has_what_its_reader_sees(database: Database) {
    let Hidden { site, .. } = hidden(&database).await;
    // Of her own entry on the roof she sees that there is a project, and not which.
    site.entry("Fit", &site.mia_id, &site.roof, 10).await;
    site.entry("Help", &site.ben_id, &site.kitchen, 20).await;
    let file = async |api: &Client, path: &str| {
        api.send(api.request(Method::GET, path).header("Accept", "text/csv")).await.is(200)
    };
    let list = file(&site.mia, &format!("{ENTRIES}?sort=note")).await;
    tells_nothing(&list);
    let head = list.text.lines().next().unwrap();
    assert!(head.contains("note") && !head.contains("rate") && !head.contains("contract"), "{head}");
    assert_eq!(list.text.lines().count(), 3, "{}", list.text);
    assert!(list.text.contains("Reviewed Fit") && !list.text.contains("Reviewed Help"), "{}", list.text);
    tells_nothing(&file(&site.mia, &format!("{ENTRIES}/summary?group=project.name&sum=minutes")).await);
    tells_nothing(&file(&site.mia, &format!("{ENTRIES}/summary?group=project&sum=minutes")).await);
    tells_nothing(&file(&site.mia, RECEIPTS).await);
    let full = file(&site.org, &format!("{ENTRIES}?sort=note")).await;
    assert!(full.text.contains("Slate") && full.text.contains("Roof") && full.text.contains("rate"), "{}", full.text);
    let refused = site.mia.request(Method::GET, &format!("{ENTRIES}?fields=note,rate")).header("Accept", "text/csv");
    let refused = site.mia.send(refused).await.is_problem(422, "invalid");
    assert_eq!(refused.issues()[0].1, "unknown-field");
}

async fn a_view_that_is_shared_shows_each_their_own(database: Database) {
    let Hidden { site, .. } = hidden(&database).await;
    site.entry("Fit", &site.mia_id, &site.kitchen, 10).await;
    let keep = async |name: &str, query: String| {
        let body = json!({ "collection": ENTRIES, "name": name, "shared": true, "query": query });
        site.org.post("views", body).await.is(201).id()
    };
    let all = keep("All", "sort=note".to_owned()).await;
    let by_roof = keep("There", format!("filter[project]={}", site.roof)).await;
    let dear = keep("Dear", "filter[rate][gt]=20 AUD&sort=-rate".to_owned()).await;
    let visitor = site.mia_opens().await;
    let page = visitor.get(&format!("/{ENTRIES}?view={all}")).await.is(200);
    page.shows("Fit");
    tells_nothing(&page);
    tells_nothing(&visitor.get(&format!("/{ENTRIES}?view={by_roof}")).await.is(200));
    let page = visitor.get(&format!("/{ENTRIES}?view={dear}")).await.is(200);
    page.shows("does not fit this list any more");
    tells_nothing(&page);
    let kept = site.mia.get(&format!("views/{dear}")).await.is(200);
    assert_eq!(kept.json["issues"][0]["code"], "unknown-field", "{}", kept.text);
    let own = json!({ "collection": ENTRIES, "name": "Mine", "query": "sort=-rate" });
    let refused = site.mia.post("views", own).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/query/sort", "unknown-field")]);
}

async fn a_stream_tells_of_what_is_seen_alone(database: Database) {
    let Hidden { site, entry, receipt, .. } = hidden(&database).await;
    let asked = format!("changes?collection={ENTRIES},{RECEIPTS}");
    let mut events = site.mia.events(&asked, None).await;
    let _ = site.org.patch(&format!("{ENTRIES}/{entry}"), "*", json!({ "note": "Slates" })).await.is(200);
    let _ = site.org.patch(&format!("{RECEIPTS}/{receipt}"), "*", json!({ "name": "Gutters" })).await.is(200);
    let own = site.entry("Fit", &site.mia_id, &site.kitchen, 10).await;
    loop {
        let event = events.next().await.unwrap();
        let text = event.data.to_string();
        assert!(!text.contains(&entry) && !text.contains(&receipt) && !text.contains("rate\""), "{text}");
        assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
        if event.data["id"] == own.as_str() {
            break;
        }
    }
    let webhooks = site.mia.get("webhooks").await;
    let _ = webhooks.is_problem(403, "denied");
}

async fn what_is_kept_for_one_is_not_shown_to_another(database: Database) {
    let Hidden { site, .. } = hidden(&database).await;
    site.entry("Fit", &site.mia_id, &site.kitchen, 10).await;
    let path = format!("{ENTRIES}/summary?sum=minutes&count=id");
    for _ in 0..2 {
        assert_eq!(site.org.get(&path).await.is(200).data(), [json!({ "sum_minutes": 50, "count": 2 })]);
        assert_eq!(site.mia.get(&path).await.is(200).data(), [json!({ "sum_minutes": 10, "count": 1 })]);
        assert_eq!(site.ben.get(&path).await.is(200).data(), [json!({ "sum_minutes": 40, "count": 1 })]);
    }
    let (list, counted) = (format!("{ENTRIES}?sort=note"), format!("{ENTRIES}?sort=note&count=true"));
    for path in [&list, &counted] {
        let full = site.org.get(path).await.is(200);
        assert_eq!(full.column("note"), ["Fit", "Slate"]);
        let tagged = site.mia.request(Method::GET, path).header("If-None-Match", full.etag());
        let hers = site.mia.send(tagged).await.is(200);
        assert_eq!(hers.column("note"), ["Fit"]);
    }
}

async fn a_record_that_is_made_again_is_not_told_to_whom_it_is_hidden(database: Database) {
    let site = site(&database).await;
    let id = fresh_id();
    let body = json!({ "id": id, "note": "Slate", "user": site.ben_id, "project": site.roof });
    let _ = site.ben.post(ENTRIES, body.clone()).await.is(201);
    let _ = site.ben.post(ENTRIES, body).await.is(200);
    let body = json!({ "id": id, "note": "Slate" });
    let again = site.mia.post(ENTRIES, body).await.is_problem(409, "conflict");
    assert!(!again.text.contains(&site.roof) && !again.text.contains(&site.ben_id), "{}", again.text);
}

async fn what_a_record_was_is_told_without_what_is_hidden(database: Database) {
    let Hidden { site, entry, .. } = hidden(&database).await;
    let path = format!("{ENTRIES}/{entry}");
    let _ = site.mia.get(&format!("{path}/history")).await.is_problem(404, "not-found");
    let _ = site.mia.post(&format!("{path}/revert"), json!({ "version": 1 })).await.is_problem(404, "not-found");
    let visitor = site.mia_opens().await;
    let _ = visitor.get(&format!("/{path}/versions/1")).await.is(404);
    // Hers, which once was on the roof.
    let own = format!("{ENTRIES}/{}", site.entry("Fit", &site.mia_id, &site.roof, 10).await);
    let _ = site.org.patch(&own, "*", json!({ "project": site.kitchen, "minutes": 11 })).await.is(200);
    let history = site.mia.get(&format!("{own}/history")).await.is(200);
    tells_nothing(&history);
    assert!(!history.text.contains("\"rate\""), "{}", history.text);
    let page = visitor.get(&format!("/{own}")).await.is(200);
    page.shows("Fit");
    tells_nothing(&page);
    tells_nothing(&visitor.get(&format!("/{own}/versions/1")).await.is(200));
    let back = site.mia.post(&format!("{own}/revert"), json!({ "version": 1 })).await.is_problem(422, "invalid");
    assert_eq!(back.issues(), [("/project", "unknown-reference")], "what she does not see she does not refer to");
}

async fn pages_name_nothing_that_is_hidden(database: Database) {
    let Hidden { site, entry, .. } = hidden(&database).await;
    let own = site.entry("Fit", &site.mia_id, &site.roof, 10).await;
    let visitor = site.mia_opens().await;
    for path in [
        "/".to_owned(),
        format!("/{ENTRIES}"),
        format!("/{ENTRIES}?filter[project]={}", site.roof),
        format!("/{ENTRIES}?sort=project.name"),
        format!("/{ENTRIES}/{own}"),
        format!("/{ENTRIES}/{own}/edit"),
        format!("/{ENTRIES}/new?project={}", site.roof),
        format!("/{RECEIPTS}/new?entry={entry}"),
        format!("/{PROJECTS}"),
        format!("/{PROJECTS}/choices?q="),
        format!("/{PROJECTS}/choices?q=ro"),
        format!("/{ENTRIES}/choices?q=sl"),
        format!("/{PROJECTS}/{}", site.kitchen),
        "/search?q=sla".to_owned(),
        "/search?q=gut".to_owned(),
    ] {
        let page = visitor.get(&path).await.is(200);
        for secret in SECRETS {
            // What was asked for is said again.
            let text = page.text.replace("?project=", "");
            assert!(!text.contains(secret), "{path} tells {secret}: {text}");
        }
    }
    let found = site.mia.get("search?q=slate").await.is(200);
    assert!(found.data().is_empty(), "{}", found.text);
}

async fn a_form_keeps_what_its_writer_does_not_see(database: Database) {
    let site = site(&database).await;
    let own = format!("{ENTRIES}/{}", site.entry("Fit", &site.mia_id, &site.roof, 10).await);
    let visitor = site.mia_opens().await;
    let form = visitor.get(&format!("/{own}/edit")).await.is(200);
    let (version, project) = (form.value("~version"), form.value("project"));
    let fields = [
        ("~version", version.as_str()),
        ("note", "Fit doors"),
        ("user", site.mia_id.as_str()),
        ("project", project.as_str()),
        ("minutes", "12"),
    ];
    let saved = visitor.post(&format!("/{own}"), &fields).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let stands = site.org.get(&own).await.is(200).json;
    assert_eq!((&stands["note"], &stands["minutes"]), (&json!("Fit doors"), &json!(12)));
    assert_eq!(stands["project"], site.roof.as_str(), "what is not shown stays");
    assert_eq!((&stands["rate"]["minor"], &stands["review"]), (&json!(1000), &json!("Reviewed Fit")));
}

async fn a_route_reads_as_whoever_calls_it(database: Database) {
    let scene = scene::scene(&database).await;
    let (mia, _, member) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    let task = scene.task("Cut", json!({ "assignees": [mia.to_string()] })).await;
    scene.task("Glue", json!({})).await;
    let project = format!("projects/projects/{}", scene.project);
    let copy = json!({ "name": "Second", "start": "2027-02-01" });
    let _ = member.get(&format!("{project}/progress")).await.is_problem(404, "not-found");
    let _ = member.post(&format!("{project}/copy"), copy.clone()).await.is_problem(403, "denied");
    assert_eq!(member.get(TASKS).await.is(200).column("title"), ["Cut"]);
    let _ = member.act(&format!("{TASKS}/{task}/start")).await.is(200);
    let budget = json!({ "minor": 500_000, "currency": "AUD" });
    let body = json!({ "members": [mia.to_string()], "budget": budget });
    let _ = scene.org.patch(&project, "*", body).await.is(200);
    assert_eq!(member.get(&format!("{project}/progress")).await.is(200).json["tasks"]["total"], 2);
    let _ = member.post(&format!("{project}/copy"), copy.clone()).await.is_problem(403, "denied");
    let role = json!({ "name": "copies", "title": "Copies", "permissions": ["projects.edit"] });
    let _ = scene.org.post("roles", role).await.is(201);
    scene.org.give_roles(mia, &["copies"]).await;
    let made = member.post(&format!("{project}/copy"), copy).await.is(201);
    assert!(made.json.get("budget").is_none(), "{}", made.text);
    let copied = scene.org.get(&format!("projects/projects/{}", made.id())).await.is(200);
    assert_eq!(copied.json["budget"], budget, "the plan is copied whole");
}

async fn a_view_of_its_plugin_is_for_whom_what_it_names_is_for(database: Database) {
    let site = site(&database).await;
    let names = async |client: &Client| -> Vec<String> {
        let told = client.get(&format!("views?collection={ENTRIES}")).await.is(200);
        let all = told.json["declared"].as_array().unwrap().iter();
        all.map(|view| view["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&site.org).await, ["mine", "dear", "papers"]);
    assert_eq!(names(&site.mia).await, ["mine"], "rates and contracts are none of hers");
    let mia = site.server.visitor();
    mia.sign_in(&site.mia_email, lignaflow_testkit::PASSWORD).await;
    let list = mia.get(&format!("/{ENTRIES}?view=dear")).await.is(200);
    list.shows(">Mine").hides("Dear").hides("Papers").hides("role=\"alert\"");
}
