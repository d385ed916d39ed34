//! Whole ways of people through the pages, in a browser: an owner who begins, an administrator of plugins while somebody
//! else works, and one who sees to people. Those of estimators, clients, workers, supervisors and managers stand with
//! what they are about.

use crate::scene::{CLIENTS, PROJECTS, TASKS};
use lignaflow_testkit::driver::Browser;
use lignaflow_testkit::plugins::{declared, shipped};
use lignaflow_testkit::{Database, PASSWORD, Role, Setup, Visitor, on_one};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

on_one!(
    an_owner_sets_up_and_is_told_what_to_do_first,
    an_administrator_changes_plugins_while_somebody_works,
    an_administrator_sees_to_people_and_finds_who_changed_what,
);

/// A sample firm is a minute's work, and there may be other work besides.
const PATIENCE: Duration = Duration::from_mins(2);

fn all() -> Setup {
    let plugins = ["projects", "estimates", "timesheets", "reporting"].map(shipped).into();
    Setup { plugins, ..Setup::default() }
}

/// A file where the browser can choose it.
fn file(database: &Database, name: &str, bytes: &[u8]) -> PathBuf {
    let path = database.folder().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

async fn choose(browser: &Browser, css: &str, file: &Path) {
    browser.find(css).await.send_keys(&file.display().to_string()).await.unwrap();
}

async fn an_owner_sets_up_and_is_told_what_to_do_first(database: Database) {
    const LOGO: &[u8] =
        b"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\"><path d=\"M0 0h8v8H0z\"/></svg>";
    let server = database.serve_with(all()).await;
    let Some(browser) = Browser::open().await else { return };
    let root = server.root.clone();
    let setup = server.app.identity.setup_token().await.unwrap().unwrap();
    browser.goto(&format!("{root}/setup?secret={}", setup.secret.expose())).await;
    browser.pictures("begin-setup").await;
    browser.resize(1280, 900).await;
    browser.fill("#f-organization", "Halloran & Beck").await;
    browser.find("#f-country option[value=NZ]").await.click().await.unwrap();
    browser.fill("#f-name", "Jo Halloran").await;
    browser.fill("#f-email", "jo@example.com").await;
    browser.fill("#f-password", PASSWORD).await;
    browser.press("button.btn-wide").await;
    let steps = browser.text("[aria-labelledby=h-first]").await;
    for step in [
        "0 of 7 done",
        "tax number",
        "logo",
        "Invite",
        "Enter a client",
        "hour costs",
        "tax you charge",
        "first estimate",
    ] {
        assert!(steps.contains(step), "{step}: {steps}");
    }
    browser.pictures("begin-first-page").await;
    browser.resize(1280, 900).await;

    browser.press("[aria-labelledby=h-first] a[href='/admin/organization']").await;
    browser.fill("#f-tax_number", "49-091-850").await;
    browser.press("form[action='/admin/organization'] button").await;
    browser.goto(&format!("{root}/admin/documents")).await;
    choose(&browser, "#f-logo", &file(&database, "logo.svg", LOGO)).await;
    browser.press("form:has(#f-logo) button").await;
    browser.goto(&format!("{root}/")).await;
    assert!(browser.text("[aria-labelledby=h-first]").await.contains("2 of 7 done"));
    browser.press("[aria-labelledby=h-first] a[href^='/timesheets/rates']").await;
    browser.fill("#f-sell", "95").await;
    browser.fill("#f-cost", "48.50").await;
    browser.pictures("begin-rate").await;
    browser.resize(1280, 900).await;
    browser.press(".form-foot .btn-primary").await;
    let rate = browser.text("main").await;
    assert!(rate.contains("95.00") && rate.contains("48.50"), "{rate}");
    browser.goto(&format!("{root}/")).await;
    assert!(browser.text("[aria-labelledby=h-first]").await.contains("3 of 7 done"));
    // A step leads to where it is done.
    browser.press("[aria-labelledby=h-first] a[href='/estimates/-/new']").await;
    browser.fill("#f-title", "Porch").await;
    browser.press(".form ~ p .btn-primary").await;
    assert!(browser.text("h1").await.contains("Porch · A"));
    browser.goto(&format!("{root}/")).await;
    assert!(browser.text("[aria-labelledby=h-first]").await.contains("4 of 7 done"));

    browser.press("form[action='/admin/sample'] button").await;
    assert!(browser.text("body").await.contains("is being filled"));
    let visitor = server.visitor();
    visitor.sign_in("jo@example.com", PASSWORD).await;
    visitor.get("/").await.is(200).shows("Halloran Joinery").hides("action=\"/admin/sample\"");
    browser.goto(&format!("{root}/")).await;
    // It is opened from the menu with one's name, and looked around in while it fills: its clients are there before all else.
    browser.find("lf-menu:has(form[action='/organization']) summary").await.click().await.unwrap();
    let sample = "form[action='/organization'] button:not([aria-current])";
    assert_eq!(browser.text(sample).await.trim(), "Halloran Joinery");
    browser.press(sample).await;
    browser.pictures("begin-sample").await;
    browser.resize(1280, 900).await;
    let clients = async {
        loop {
            browser.goto(&format!("{root}/projects/clients")).await;
            if browser.text("main").await.contains("Balmain Early Learning") {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, clients).await.expect("the sample firm has clients");
    let client = browser.text("main a.primary").await;
    browser.press("main a.primary").await;
    browser.pictures("begin-sample-client").await;
    browser.resize(1280, 900).await;
    let title = browser.text("h1").await;
    assert!(!client.trim().is_empty() && title.contains(client.trim()), "{client}: {title}");
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

/// Somebody who goes on with their work until told to stop, and counts what they did.
async fn works(visitor: Visitor, project: String, stop: Arc<AtomicBool>, done: Arc<AtomicUsize>) {
    while !stop.load(Ordering::SeqCst) {
        let title = format!("Cut {}", done.load(Ordering::SeqCst));
        let made = visitor.post("/projects/tasks", &[("title", title.as_str()), ("project", project.as_str())]).await;
        assert_eq!(made.status, 303, "{}", made.text);
        visitor.get("/projects/tasks").await.is(200).shows(&title);
        done.fetch_add(1, Ordering::SeqCst);
    }
}

async fn an_administrator_changes_plugins_while_somebody_works(database: Database) {
    let tools = |version: &str, more: &str| {
        declared(&format!(
            "id = \"tools\"\nversion = \"{version}\"\ntitle = \"Tools\"\napi = \"0.1\"\n\n[[collections]]\nname = \"tools\"\n\
             title = {{ one = \"Tool\", many = \"Tools\" }}\ndisplay = \"name\"\n\n[collections.fields]\n\
             name = {{ type = \"text\", required = true }}\n{more}"
        ))
    };
    let server = database.serve().await;
    let org = server.organization("Halloran & Beck").await;
    let client = org.make(CLIENTS, json!({ "name": "Marrickville Dental" })).await;
    let (mia_id, mia, _) = server.member(&org, "Mia", Role::Member).await;
    org.give_roles(mia_id, &["projects.supervisor"]).await;
    let project = json!({ "name": "Reception fit-out", "client": client, "members": [mia_id.to_string()] });
    let project = org.make(PROJECTS, project).await;
    let Some(browser) = Browser::open().await else { return };
    let root = server.root.clone();
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let visitor = server.visitor();
    visitor.sign_in(&mia, &org.password).await;
    let work = tokio::spawn(works(visitor, project, stop.clone(), done.clone()));
    // So much is done meanwhile, at least.
    let goes_on = async || {
        let before = done.load(Ordering::SeqCst);
        while done.load(Ordering::SeqCst) < before + 2 && !work.is_finished() {
            tokio::task::yield_now().await;
        }
    };

    browser.sign_in(&root, &org.email, &org.password).await;
    browser.goto(&format!("{root}/admin/plugins")).await;
    choose(&browser, "#f-file", &file(&database, "tools.wasm", &tools("0.1.0", ""))).await;
    browser.press("form[action='/admin/plugins/install'] button").await;
    let asks = browser.text("main").await;
    assert!(asks.contains("Nothing beyond its own records."), "{asks}");
    browser.pictures("plugin-asks").await;
    browser.resize(1280, 900).await;
    browser.press(".consent-page .btn-primary").await;
    assert!(browser.text("body").await.contains("Tools 0.1.0 is installed"));
    if !browser.text("nav").await.contains("Tools") {
        browser.press("form[action='/admin/plugins/tools/enable'] button").await;
    }
    goes_on().await;
    browser.goto(&format!("{root}/tools/tools/new")).await;
    browser.fill("#f-name", "Jointer").await;
    browser.press(".form-foot .btn-primary").await;
    assert!(browser.text("h1").await.contains("Jointer"));
    assert!(org.get("/api/openapi.json").await.is(200).text.contains("/api/v1/tools/tools"));

    browser.goto(&format!("{root}/admin/plugins")).await;
    browser.press("form[action='/admin/plugins/tools/disable'] button").await;
    assert!(!browser.text("nav").await.contains("Tools"));
    goes_on().await;
    assert!(!org.get("/api/openapi.json").await.is(200).text.contains("/api/v1/tools/tools"));
    let _ = org.get("tools/tools").await.is(404);
    browser.press("form[action='/admin/plugins/tools/enable'] button").await;
    assert!(browser.text("nav").await.contains("Tools"));
    assert_eq!(org.get("tools/tools").await.is(200).column("name"), ["Jointer"]);

    // The next version says what is other before it is so.
    let next = tools("0.2.0", "serial = { type = \"text\" }\n");
    choose(&browser, "#f-file", &file(&database, "tools-2.wasm", &next)).await;
    browser.press("form[action='/admin/plugins/install'] button").await;
    let plan = browser.text("main").await;
    assert!(plan.contains("Upgrade Tools") && plan.contains("0.2.0") && plan.contains("serial"), "{plan}");
    browser.pictures("plugin-upgrade").await;
    browser.resize(1280, 900).await;
    browser.press(".consent-page .btn-primary").await;
    goes_on().await;
    let jointer = org.get("tools/tools").await.is(200).data()[0].clone();
    assert_eq!((&jointer["name"], &jointer["serial"]), (&json!("Jointer"), &json!(null)));

    // What a plugin does and costs.
    browser.goto(&format!("{root}/admin/plugins/projects")).await;
    browser.pictures("plugin-page").await;
    browser.find("#log").await;
    assert!(browser.text("main").await.contains("Calls"));
    stop.store(true, Ordering::SeqCst);
    work.await.unwrap();
    assert!(done.load(Ordering::SeqCst) >= 6);
    let _ = org.get(TASKS).await.is(200);
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

async fn an_administrator_sees_to_people_and_finds_who_changed_what(database: Database) {
    let server = database.serve_with(all()).await;
    let org = server.organization("Halloran & Beck").await;
    let (_, _, ada) = server.member(&org, "Ada", Role::Admin).await;
    let (mia, _, _) = server.member(&org, "Mia", Role::Member).await;
    let aud = |minor: i64| json!({ "minor": minor, "currency": "AUD" });
    let rate =
        json!({ "user": mia.to_string(), "cost": aud(5_200), "sell": aud(9_500), "effective_from": "2026-07-01" });
    let rate = org.make("timesheets/rates", rate).await;
    let _ = ada.patch(&format!("timesheets/rates/{rate}"), "*", json!({ "sell": aud(9_900) })).await.is(200);
    let Some(browser) = Browser::open().await else { return };
    let root = server.root.clone();
    browser.sign_in(&root, &org.email, &org.password).await;

    browser.goto(&format!("{root}/admin/people")).await;
    browser.fill("form[action='/admin/people/invitations'] #f-name", "Sam").await;
    browser
        .find("form[action='/admin/people/invitations'] input[value='projects.worker']")
        .await
        .click()
        .await
        .unwrap();
    browser.press("form[action='/admin/people/invitations'] button.btn:not(.btn-small)").await;
    browser.pictures("people-invited").await;
    browser.resize(1280, 900).await;
    let link = browser.find("[data-text]").await.attr("data-text").await.unwrap().unwrap();
    let sam = server.visitor();
    let path = link.strip_prefix(&root).unwrap();
    let fields = [("name", "Sam"), ("email", "sam@example.com"), ("password", PASSWORD)];
    let joined = sam.post(path, &fields).await;
    assert_eq!(joined.status, 303, "{}", joined.text);
    let _ = sam.get("/projects/tasks").await.is(200);

    // A role more, by a switch of his row.
    browser.goto(&format!("{root}/admin/people")).await;
    let people = org.get("people").await.is(200);
    let id = people.data().iter().find(|row| row["name"] == "Sam").unwrap()["id"].as_str().unwrap().to_owned();
    let roles = format!("form[action='/admin/people/{id}/roles']");
    let opens = format!("document.querySelector(\"{roles}\").closest('details')?.setAttribute('open', '')");
    let _ = browser.client.execute(&opens, Vec::new()).await.unwrap();
    browser.find(&format!("{roles} input[value='timesheets.supervisor']")).await.click().await.unwrap();
    browser.press(&format!("{roles} button")).await;
    let people = org.get("people").await.is(200);
    let held = people.data().iter().find(|row| row["name"] == "Sam").unwrap()["roles"].to_string();
    assert!(held.contains("projects.worker") && held.contains("timesheets.supervisor"), "{held}");
    browser.pictures("people").await;
    browser.resize(1280, 900).await;

    // A browser that one does not know any more.
    let elsewhere = server.visitor();
    elsewhere.sign_in(&org.email, &org.password).await;
    let _ = elsewhere.get("/projects/tasks").await.is(200);
    browser.goto(&format!("{root}/account")).await;
    browser.press("[aria-labelledby=h-sessions] form[action$='/revoke'] button").await;
    let out = elsewhere.get("/projects/tasks").await;
    assert_eq!(out.status, 303);
    browser.fill("form[action='/account/tokens'] #f-name", "Payroll").await;
    browser.press("form[action='/account/tokens'] button").await;
    assert!(browser.text("main").await.contains("lf_") || browser.text("body").await.contains("lf_"));
    browser.pictures("account").await;
    browser.resize(1280, 900).await;

    // Who changed the rate: its own page tells.
    browser.goto(&format!("{root}/timesheets/rates/{rate}")).await;
    let told = browser.text("main").await;
    assert!(told.contains("Ada"), "{told}");
    browser.pictures("rate-changed").await;
    browser.resize(1280, 900).await;
    browser.goto(&format!("{root}/admin/audit?q=supervisor")).await;
    let told = browser.text("main").await;
    assert!(told.contains("Halloran & Beck's owner"), "{told}");
    browser.pictures("audit").await;
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}
