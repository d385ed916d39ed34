//! The first hour, in a browser: setting up, signing in, a client, a project and a task through forms, a list filtered, a
//! plugin switched off and on, the API's page. Nothing on the way may complain in the console.

use lignaflow_runtime::HOUR;
use lignaflow_store::plugins::{Figure, Joined, Noted};
use lignaflow_testkit::driver::Browser;
use lignaflow_testkit::plugins::{hostile, shipped};
use lignaflow_testkit::{Database, PASSWORD, Setup, on_one};
use serde_json::json;

on_one!(
    the_first_hour_works_in_a_browser,
    pages_fit_on_a_phone,
    a_list_follows_what_others_do,
    webhooks_fit_every_screen,
    plugins_fit_every_screen
);

async fn the_first_hour_works_in_a_browser(database: Database) {
    let server = database.serve_with(Setup { brings_all: true, ..Setup::default() }).await;
    let Some(browser) = Browser::open().await else { return };
    let root = server.root.clone();
    let setup = server.app.identity.setup_token().await.unwrap().unwrap();

    browser.goto(&format!("{root}/setup?secret={}", setup.secret.expose())).await;
    browser.picture("setup").await;
    browser.fill("#f-organization", "Halloran & Beck").await;
    browser.fill("#f-name", "Jo Halloran").await;
    browser.fill("#f-email", "jo@example.com").await;
    browser.fill("#f-password", PASSWORD).await;
    browser.press("button.btn-wide").await;
    assert_eq!(browser.path().await, "/", "whoever sets up is signed in");

    browser.find("lf-menu summary").await.click().await.unwrap();
    browser.press("form[action='/sign-out'] button").await;
    browser.goto(&format!("{root}/projects/tasks")).await;
    assert!(browser.path().await.starts_with("/sign-in?next="));
    browser.picture("sign-in").await;
    browser.fill("#f-email", "jo@example.com").await;
    browser.fill("#f-password", PASSWORD).await;
    browser.press("button.btn-wide").await;
    assert_eq!(browser.path().await, "/projects/tasks", "back to where one was going");

    // Installed by the test, a plugin is off until it is switched on.
    browser.goto(&format!("{root}/admin/plugins")).await;
    if browser.text("tbody td .tag").await.contains("Off") {
        browser.press("form[action='/admin/plugins/projects/enable'] button").await;
    }

    browser.goto(&format!("{root}/projects/clients/new")).await;
    browser.fill("#f-name", "Marrickville Dental").await;
    browser.press(".form-foot .btn-primary").await;
    assert!(browser.text("h1").await.contains("Marrickville Dental"));

    browser.goto(&format!("{root}/projects/projects/new")).await;
    browser.fill("#f-name", "Reception fit-out").await;
    browser.find("#f-client option:nth-child(2)").await.click().await.unwrap();
    browser.press(".form-foot .btn-primary").await;
    assert!(browser.text("main").await.contains("Marrickville Dental"));

    browser.goto(&format!("{root}/projects/tasks/new")).await;
    browser.fill("#f-title", "Cut panels").await;
    browser.picture("form").await;
    browser.press(".form-foot .btn-primary").await;
    assert!(browser.text("main").await.contains("required"), "the project is asked for");
    assert_eq!(browser.find("#f-title").await.prop("value").await.unwrap().as_deref(), Some("Cut panels"));
    browser.find("#f-project option:nth-child(2)").await.click().await.unwrap();
    browser.press(".form-foot .btn-primary").await;
    assert!(browser.text("h1").await.contains("Cut panels"));
    browser.picture("record").await;

    browser.goto(&format!("{root}/projects/tasks?filter[status]=todo")).await;
    assert!(browser.text("main").await.contains("Cut panels"));
    browser.picture("list-light").await;
    browser.goto(&format!("{root}/projects/tasks?filter[status]=done")).await;
    assert!(!browser.text("main").await.contains("Cut panels"));

    browser.find("lf-menu summary").await.click().await.unwrap();
    browser.find("lf-theme button[value=dark]").await.click().await.unwrap();
    browser.find("html[data-theme=dark]").await;
    browser.goto(&format!("{root}/projects/tasks")).await;
    browser.find("html[data-theme=dark]").await;
    browser.picture("list-dark").await;

    browser.goto(&format!("{root}/admin/plugins")).await;
    browser.picture("plugins-dark").await;
    // What others need is switched off after them.
    for plugin in ["reporting", "timesheets", "estimates", "projects"] {
        browser.press(&format!("form[action='/admin/plugins/{plugin}/disable'] button")).await;
    }
    assert!(!browser.text("nav").await.contains("Tasks"));
    browser.goto(&format!("{root}/projects/tasks")).await;
    assert!(browser.text("main").await.contains("off"));
    browser.goto(&format!("{root}/admin/plugins")).await;
    browser.press("form[action='/admin/plugins/projects/enable'] button").await;
    browser.goto(&format!("{root}/projects/tasks")).await;
    assert!(browser.text("main").await.contains("Cut panels"), "its records waited");

    browser.goto(&format!("{root}/swagger/")).await;
    browser.find("#operations-projects-projects_list_tasks").await;
    browser.picture("swagger").await;
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

async fn pages_fit_on_a_phone(database: Database) {
    let scene = crate::scene::scene(&database).await;
    for n in 0..12 {
        scene.task(&format!("Cabinet {n}"), json!({ "planned_minutes": n * 30, "due": "2026-12-04" })).await;
    }
    let Some(browser) = Browser::open().await else { return };
    let root = &scene.server.root;
    browser.resize(390, 844).await;
    browser.sign_in(root, &scene.org.email, &scene.org.password).await;
    let project = &scene.project;
    for (name, path) in [
        ("home", "/".to_owned()),
        ("list", "/projects/tasks".to_owned()),
        ("form", "/projects/tasks/new".to_owned()),
        ("record", format!("/projects/projects/{project}")),
        ("overview", "/projects/-/overview".to_owned()),
        ("plugins", "/admin/plugins".to_owned()),
        ("people", "/admin/people".to_owned()),
        ("roles", "/admin/roles".to_owned()),
        ("audit", "/admin/audit".to_owned()),
        ("account", "/account".to_owned()),
    ] {
        browser.goto(&format!("{root}{path}")).await;
        browser.picture(&format!("phone-{name}")).await;
        let wide = browser.client.execute("return document.documentElement.scrollWidth", Vec::new()).await.unwrap();
        assert!(wide.as_u64().unwrap() <= 390, "{path} is {wide} wide: a phone scrolls sideways");
    }
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

async fn a_list_follows_what_others_do(database: Database) {
    let scene = crate::scene::scene(&database).await;
    let task = scene.task("Measure", json!({})).await;
    let Some(browser) = Browser::open().await else { return };
    sign_in(&browser, &scene).await;
    browser.goto(&format!("{}/projects/tasks", scene.server.root)).await;
    // Its stream is open once the server says so: what is changed from then on is heard.
    while browser.client.execute(OPEN, Vec::new()).await.unwrap() != json!(true) {
        tokio::task::yield_now().await;
    }
    let path = format!("projects/tasks/{task}");
    let _ = scene.org.patch(&path, "*", json!({ "title": "Measure twice" })).await.is(200);
    while !shown(&browser, "#results").await.contains("Measure twice") {
        tokio::task::yield_now().await;
    }
    scene.task("Cut once", json!({})).await;
    scene.task("Glue", json!({})).await;
    browser.find("lf-live button").await;
    while shown(&browser, "lf-live button").await != "2 new" {
        tokio::task::yield_now().await;
    }
    assert!(!shown(&browser, "#results").await.contains("Cut once"), "rows do not jump under the hand");
    browser.picture("live").await;
    browser.find("lf-live button").await.click().await.unwrap();
    while !shown(&browser, "#results").await.contains("Cut once") {
        tokio::task::yield_now().await;
    }
    while !shown(&browser, "lf-live").await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

/// What stands in an element of a page that changes while it is asked.
async fn shown(browser: &Browser, css: &str) -> String {
    let text = "return document.querySelector(arguments[0])?.innerText ?? ''";
    let text = browser.client.execute(text, vec![json!(css)]).await.unwrap();
    text.as_str().unwrap_or_default().to_owned()
}

/// Whether the list's stream is open.
const OPEN: &str = "return document.querySelector('lf-live').source?.readyState === EventSource.OPEN";

async fn sign_in(browser: &Browser, scene: &crate::scene::Scene) {
    browser.sign_in(&scene.server.root, &scene.org.email, &scene.org.password).await;
}

async fn webhooks_fit_every_screen(database: Database) {
    let scene = crate::scene::scene(&database).await;
    let Some(browser) = Browser::open().await else { return };
    sign_in(&browser, &scene).await;
    let root = &scene.server.root;
    browser.goto(&format!("{root}/admin/webhooks")).await;
    browser.picture("webhooks-empty").await;
    browser.fill("#f-url", "https://books.invalid/hooks/lignaflow").await;
    browser.fill("#f-description", "Our accounting").await;
    browser.find("#c-collections-projects-clients").await.click().await.unwrap();
    browser.press("form[action='/admin/webhooks'] button").await;
    assert!(browser.text("main").await.contains("lfw_"));
    browser.picture("webhook-made").await;
    scene.org.make("projects/clients", json!({ "name": "Oak" })).await;
    let id = scene.org.get("webhooks").await.data()[0]["id"].as_str().unwrap().to_owned();
    let path = format!("webhooks/{id}/deliveries");
    while scene.org.get(&path).await.data().first().is_none_or(|delivery| delivery["tries"] != 1) {
        tokio::task::yield_now().await;
    }
    for (name, width, height) in [("wide", 1280, 900), ("phone", 390, 844)] {
        browser.resize(width, height).await;
        for (page, path) in [("list", "/admin/webhooks".to_owned()), ("one", format!("/admin/webhooks/{id}"))] {
            browser.goto(&format!("{root}{path}")).await;
            browser.picture(&format!("webhook-{page}-{name}")).await;
            let wide = browser.client.execute("return document.documentElement.scrollWidth", Vec::new()).await.unwrap();
            assert!(wide.as_u64().unwrap() <= u64::from(width), "{path} is {wide} wide");
        }
    }
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

/// What a version used in an hour of the last day, as another host has kept it.
fn noted(hour: i64, version: &str, now: i64) -> Noted {
    let since = now - now.rem_euclid(HOUR) - (23 - hour) * HOUR;
    let busy = u64::try_from((hour - 4).max(0) * (20 - hour).max(0)).unwrap();
    let sum = |name: &str, value| Figure { name: name.to_owned(), value, joined: Joined::Added };
    let most = |name: &str, value| Figure { name: name.to_owned(), value, joined: Joined::Largest };
    let figures = vec![
        sum("calls.answered", busy * 9),
        sum("calls.refused", busy),
        sum("calls.trapped", u64::from(hour == 11) * 40),
        sum("calls.busy", u64::from(hour == 12) * 90),
        sum("took.6", busy * 5),
        sum("took.10", busy * 4),
        sum("took.18", busy),
        sum("cpu", busy * 2_300),
        sum("rows", busy * 120),
        sum("bytes", busy * 9_000),
        sum("denied", u64::from(hour == 12) * 3),
        most("memory", (2 << 20) + busy * 9_000),
        most("instances", 1 + busy / 20),
    ];
    let plugin = "greedy".parse().unwrap();
    Noted {
        plugin,
        version: version.to_owned(),
        since,
        figures: figures.into_iter().filter(|it| it.value > 0).collect(),
    }
}

async fn plugins_fit_every_screen(database: Database) {
    let plugins = vec![shipped("projects"), shipped("estimates"), hostile("greedy")];
    let server = database.serve_with(Setup { plugins, ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    let Some(browser) = Browser::open().await else { return };
    let now = server.app.clock.now();
    let hours = (0..24).map(|hour| noted(hour, if hour < 14 { "0.1.0" } else { "0.2.0" }, now)).collect();
    server.app.store.note_figures(hours).await.unwrap();
    let _ = org.post("greedy/now", json!("log 5")).await.is(200);
    let _ = org.delete("plugins/estimates", "*").await.is(204);
    browser.sign_in(&server.root, &org.email, &org.password).await;
    let root = &server.root;
    for (name, path) in [
        ("plugins", "/admin/plugins"),
        ("plugin", "/admin/plugins/greedy"),
        ("plugin-version", "/admin/plugins/greedy?version=0.2.0"),
        ("plugin-bounds", "/admin/plugins/greedy/bounds"),
    ] {
        browser.goto(&format!("{root}{path}")).await;
        browser.pictures(name).await;
    }
    browser.resize(1280, 900).await;

    // What it is granted, taken back and given again.
    browser.goto(&format!("{root}/admin/plugins/greedy")).await;
    browser.find("#used ~ * summary, section[aria-labelledby='used'] summary").await.click().await.unwrap();
    browser.pictures("plugin-table").await;
    browser.resize(1280, 900).await;
    browser.find("section[aria-labelledby='h-rights'] summary").await.click().await.unwrap();
    browser.find("#t-0").await.click().await.unwrap();
    browser.press("section[aria-labelledby='h-rights'] details button").await;
    assert_eq!(org.get("plugins/greedy/grants").await.is(200).data()[0]["granted"], false);
    browser.pictures("plugin-ungranted").await;
    browser.resize(1280, 900).await;
    browser.press("section[aria-labelledby='h-rights'] form button").await;
    assert_eq!(org.get("plugins/greedy/grants").await.is(200).data()[0]["granted"], true);

    // Stopped for everybody, and let run again.
    browser.press("form[action='/admin/plugins/greedy/deactivate'] button").await;
    browser.pictures("plugin-stopped").await;
    browser.resize(1280, 900).await;
    browser.press("form[action='/admin/plugins/greedy/activate'] button").await;
    assert!(browser.text("main").await.contains("Stop it for everybody"));

    // What is part of the program is read first, then installed.
    browser.goto(&format!("{root}/admin/plugins")).await;
    browser.press("form[action='/admin/plugins/estimates/install'] button").await;
    browser.pictures("plugin-consent").await;
    browser.resize(1280, 900).await;
    browser.press(".consent-page .btn-primary").await;
    assert_eq!(browser.path().await, "/admin/plugins/estimates");
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}
