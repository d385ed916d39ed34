//! The first hour, in a browser: setting up, signing in, a client, a project and a task through forms, a list filtered, a
//! plugin switched off and on, the API's page. Nothing on the way may complain in the console.

use crate::driver::Browser;
use lignaflow_testkit::{Database, PASSWORD, on_one};
use serde_json::json;

on_one!(the_first_hour_works_in_a_browser, pages_fit_on_a_phone);

async fn the_first_hour_works_in_a_browser(database: Database) {
    let server = database.serve().await;
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
    browser.press("form[action='/admin/plugins/projects/disable'] button").await;
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
    browser.goto(&format!("{root}/sign-in")).await;
    browser.fill("#f-email", &scene.org.email).await;
    browser.fill("#f-password", &scene.org.password).await;
    browser.press("button.btn-wide").await;
    let project = &scene.project;
    for (name, path) in [
        ("home", "/".to_owned()),
        ("list", "/projects/tasks".to_owned()),
        ("form", "/projects/tasks/new".to_owned()),
        ("record", format!("/projects/projects/{project}")),
        ("overview", "/projects/-/overview".to_owned()),
        ("plugins", "/admin/plugins".to_owned()),
    ] {
        browser.goto(&format!("{root}{path}")).await;
        browser.picture(&format!("phone-{name}")).await;
        let wide = browser.client.execute("return document.documentElement.scrollWidth", Vec::new()).await.unwrap();
        assert!(wide.as_u64().unwrap() <= 390, "{path} is {wide} wide: a phone scrolls sideways");
    }
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}
