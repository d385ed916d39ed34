//! Pages as a browser without script has them: every one reads and posts, and none holds script or style of its own.

use crate::scene::{CLIENTS, PROJECTS, TASKS, opened, scene};
use lignaflow_testkit::plugins::{declared, redescribed, shipped};
use lignaflow_testkit::{Database, Page, Role, on_both, on_one};
use serde_json::json;

on_both!(
    a_list_is_filtered_sorted_and_paged,
    what_refers_to_a_record_stands_under_its_own_heading,
    a_declared_page_shows_its_figures,
    the_first_page_tells_what_plugins_have_for_it_and_what_changed_last,
);

on_one!(
    a_plugin_is_switched_at_its_page,
    a_plugin_is_installed_after_its_wishes_were_read,
    no_page_holds_script_or_style_of_its_own,
    what_people_type_is_never_markup,
    an_address_that_leads_nowhere_is_a_page_for_people,
    the_search_finds_across_collections,
    members_see_no_buttons_that_they_may_not_press,
    assets_are_kept_by_browsers_for_good,
    colours_are_chosen_without_script,
);

async fn a_list_is_filtered_sorted_and_paged(database: Database) {
    let (scene, visitor) = opened(&database).await;
    for n in 0..53 {
        scene.task(&format!("Cabinet {n:02}"), json!({ "priority": if n % 2 == 0 { "high" } else { "low" } })).await;
    }
    let first = visitor.get("/projects/tasks?sort=title").await.is(200);
    first.shows(">Cabinet 00</a>").hides(">Cabinet 52</a>").shows("after=");
    let next =
        first.text.split("href=\"").find(|tag| tag.contains("after=")).and_then(|tag| tag.split('"').next()).unwrap();
    visitor.get(&next.replace("&amp;", "&")).await.is(200).shows(">Cabinet 52</a>").hides(">Cabinet 00</a>");
    visitor
        .get("/projects/tasks?filter[priority]=high&sort=-title")
        .await
        .is(200)
        .shows(">Cabinet 52</a>")
        .hides(">Cabinet 51</a>");
    visitor.get("/projects/tasks?q=cabinet+07").await.is(200).shows(">Cabinet 07</a>").hides(">Cabinet 08</a>");
    visitor.get("/projects/tasks?q=nothing+like+it").await.is(200).hides(">Cabinet 00</a>");
    let _ = visitor.get("/projects/tasks?filter[colour]=red").await.is(422);
}

async fn what_refers_to_a_record_stands_under_its_own_heading(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let cut = scene.task("Cut", json!({})).await;
    scene.task("Glue", json!({ "depends_on": [cut] })).await;
    scene.task("Saw", json!({ "parent": cut })).await;
    let page = visitor.get(&format!("/projects/tasks/{cut}")).await.is(200);
    page.shows("Tasks that depend on this").shows("Tasks that are part of this").shows("Glue").shows("Saw");
    visitor.get(&format!("/projects/projects/{}", scene.project)).await.is(200).shows(">Tasks<");
}

async fn a_declared_page_shows_its_figures(database: Database) {
    let (scene, visitor) = opened(&database).await;
    scene.drive(&scene.project, &["activate"]).await;
    let blocked = scene.task("Order timber", json!({})).await;
    scene.task("Cut", json!({})).await;
    scene.task("Long due", json!({ "due": "2020-01-31" })).await;
    let _ = scene.org.act(&format!("{TASKS}/{blocked}/block")).await.is(200);
    let page = visitor.get("/projects/-/overview").await.is(200);
    page.shows("Active projects")
        .shows("Reception fit-out")
        .shows("Marrickville Dental")
        .shows("Order timber")
        .shows("Long due")
        .shows("href=\"/projects/tasks?filter%5Bstatus%5D%5Bne%5D=done&amp;filter%5Bdue%5D%5Blt%5D=today\"")
        .shows("Tasks by status");
    let _ = visitor.get("/projects/-/nothing").await.is(404);
}

async fn a_plugin_is_switched_at_its_page(database: Database) {
    let (scene, visitor) = opened(&database).await;
    scene.task("Cut", json!({})).await;
    assert_eq!(visitor.get("/admin").await.to(), "/admin/plugins");
    let page = visitor.get("/admin/plugins").await.is(200);
    page.shows("aria-checked=\"true\"")
        .shows("action=\"/admin/plugins/projects/disable\"")
        .shows("href=\"/projects/tasks\"");
    let off = visitor.post("/admin/plugins/projects/disable", &[]).await;
    assert_eq!((off.status, off.to()), (303, "/admin/plugins"));
    let page = visitor.follow(&off).await.is(200);
    page.shows("Projects is off.")
        .shows("aria-checked=\"false\"")
        .hides("href=\"/projects/tasks\"")
        .shows("switched Projects off");
    visitor.get("/projects/tasks").await.is(404).shows("Projects").hides("Cut");
    visitor.get("/").await.is(200).hides("/projects/");
    let on = visitor.post("/admin/plugins/projects/enable", &[]).await;
    visitor.follow(&on).await.is(200).shows("href=\"/projects/tasks\"");
    visitor.get("/projects/tasks").await.is(200).shows("Cut");
    visitor.get("/admin/plugins/projects").await.is(200).shows("0.1.0").shows("interface records");
}

async fn a_plugin_is_installed_after_its_wishes_were_read(database: Database) {
    const DESCRIPTOR: &str = include_str!("../../../../plugins/projects/plugin.toml");
    let (scene, visitor) = opened(&database).await;
    let text = "id = \"tools\"\nversion = \"0.1.0\"\ntitle = \"Tools\"\napi = \"0.1\"\n\n[[collections]]\nname = \"tools\"\n\
                title = { one = \"Tool\", many = \"Tools\" }\ndisplay = \"name\"\n\n[collections.fields]\n\
                name = { type = \"text\", required = true }\n";
    let asked = visitor.upload("/admin/plugins/install", "file", "tools.wasm", &declared(text)).await.is(200);
    asked.shows("Install Tools").shows("Nothing beyond its own records.");
    assert!(scene.org.get("plugins").await.column("id").iter().all(|id| id != "tools"), "nothing has run yet");
    let digest = asked.value("digest");
    let done = visitor.post("/admin/plugins/consent", &[("digest", &digest)]).await;
    assert_eq!((done.status, done.to()), (303, "/admin/plugins/tools"), "{}", done.text);
    visitor.follow(&done).await.is(200).shows("Tools 0.1.0 is installed.");

    let next = redescribed(
        &shipped("projects"),
        DESCRIPTOR,
        &DESCRIPTOR.replace("version = \"0.1.0\"", "version = \"0.2.0\""),
    );
    let asked = visitor.upload("/admin/plugins/install", "file", "projects.wasm", &next).await.is(200);
    asked.shows("Upgrade Projects").shows("0.2.0").shows("Nothing more than it has.");
    let refused = visitor.post("/admin/plugins/consent", &[("digest", &asked.value("digest"))]).await.is(422);
    refused.shows("not granted");
    let late = visitor.post("/admin/plugins/consent", &[("digest", &"0".repeat(64))]).await.is(422);
    late.shows("Choose it again");
    let broken = visitor.upload("/admin/plugins/install", "file", "text.wasm", b"no plugin").await.is(422);
    broken.shows("not WebAssembly");
    let empty = visitor.upload("/admin/plugins/install", "file", "", b"").await.is(422);
    empty.shows("Choose a plugin");
}

/// Script and style come from files of this server alone: the policy would stop anything else.
#[track_caller]
fn is_clean(path: &str, page: &Page) {
    assert!(page.header("content-type").starts_with("text/html"), "{path}");
    for tag in page.text.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        assert!(!tag.starts_with("style"), "{path}: <{tag}>");
        assert!(!tag.starts_with("script") || tag.contains(" src=\"/static/"), "{path}: <{tag}>");
        assert!(!tag.contains(" style="), "{path}: <{tag}>");
        let handler = tag.split_whitespace().skip(1).any(|word| word.starts_with("on") && word.contains("=\""));
        assert!(!handler, "{path}: <{tag}>");
        for address in ["src=\"", "href=\"", "action=\""] {
            let target = tag.split(address).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("/");
            assert!(
                target.starts_with(['/', '#', '?']) || target.starts_with("mailto:") || target.starts_with("tel:"),
                "{path}: <{tag}>"
            );
        }
    }
    assert_eq!(page.text.matches("<h1").count(), 1, "{path} has one heading");
    assert!(page.text.contains("<html lang=\""), "{path}");
}

async fn no_page_holds_script_or_style_of_its_own(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let task = scene.task("Cut", json!({ "due": "2026-12-04" })).await;
    let door = scene.server.visitor();
    is_clean("/sign-in", &door.get("/sign-in").await.is(200));
    is_clean("/nowhere", &door.get("/nowhere").await.is(404));
    is_clean("/setup", &door.get("/setup").await.is(403));
    for path in [
        "/".to_owned(),
        "/search?q=cut".to_owned(),
        "/account".to_owned(),
        "/admin/plugins".to_owned(),
        "/admin/plugins/projects".to_owned(),
        "/projects/-/overview".to_owned(),
        format!("/{CLIENTS}"),
        format!("/{PROJECTS}"),
        format!("/{TASKS}"),
        format!("/{CLIENTS}/new"),
        format!("/{PROJECTS}/new"),
        format!("/{TASKS}/new"),
        format!("/{CLIENTS}/{}", scene.client),
        format!("/{PROJECTS}/{}", scene.project),
        format!("/{TASKS}/{task}"),
        format!("/{TASKS}/{task}/edit"),
    ] {
        is_clean(&path, &visitor.get(&path).await.is(200));
    }
    is_clean("a refused form", &visitor.post("/projects/clients", &[("name", "")]).await.is(422));
    is_clean("nowhere", &visitor.get("/projects/nothing").await.is(404));
}

async fn what_people_type_is_never_markup(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let evil = "<script>alert(1)</script>\"><img src=x onerror=alert(2)>";
    let client = scene.org.make(CLIENTS, json!({ "name": evil, "email": "a@b.example", "notes": evil })).await;
    let project = scene.org.make(PROJECTS, json!({ "name": evil, "client": client, "notes": evil })).await;
    scene.drive(&project, &["activate"]).await;
    let task = scene.task_of(&project, evil, json!({ "notes": evil })).await;
    let _ = scene.org.act(&format!("{TASKS}/{task}/block")).await.is(200);
    let query: String = form_urlencoded::byte_serialize(evil.as_bytes()).collect();
    for path in [
        "/".to_owned(),
        "/projects/tasks".to_owned(),
        "/projects/tasks/new".to_owned(),
        format!("/projects/tasks/{task}"),
        format!("/projects/tasks/{task}/edit"),
        format!("/projects/projects/{project}"),
        "/projects/-/overview".to_owned(),
        format!("/search?q={query}"),
        format!("/projects/tasks?q={query}"),
        format!("/projects/tasks?filter[title]={query}"),
        format!("/projects/clients/new?name={query}"),
    ] {
        visitor.get(&path).await.is(200).hides("<script>alert").hides("<img src=x");
    }
    let wrong = visitor.get(&format!("/projects/tasks?{query}={query}")).await;
    wrong.hides("<script>alert");
    let typed = visitor.post("/projects/clients", &[("name", evil), ("email", "wrong")]).await.is(422);
    typed.hides("<script>alert").hides("<img src=x").shows("&lt;script&gt;");
    let posted = visitor.post("/projects/clients", &[("name", &format!("{evil} again"))]).await;
    visitor.follow(&posted).await.is(200).hides("<script>alert");
    let door = scene.server.visitor().post("/sign-in", &[("email", evil), ("password", "x")]).await;
    door.hides("<script>alert").hides("<img src=x");
}

async fn an_address_that_leads_nowhere_is_a_page_for_people(database: Database) {
    let (scene, visitor) = opened(&database).await;
    for path in [
        "/nowhere",
        "/projects/nothing",
        "/nothing/at-all",
        "/projects/tasks/oak",
        "/projects/tasks/01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f",
    ] {
        let page = visitor.get(path).await.is(404);
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
        page.shows("href=\"/\"");
    }
    assert!(scene.server.visitor().get("/nowhere").await.is(404).header("content-type").starts_with("text/html"));
    let put = visitor.send(visitor.request(lignaflow_testkit::Method::PUT, "/projects/tasks")).await;
    assert_eq!(put.status, 405);
}

async fn the_search_finds_across_collections(database: Database) {
    let (scene, visitor) = opened(&database).await;
    scene.task("Reception desk", json!({})).await;
    let found = visitor.get("/search?q=reception").await.is(200);
    found.shows("Reception desk").shows("Reception fit-out").hides("No reception");
    visitor.get("/search?q=").await.is(200).hides("Reception");
    let choices = visitor.get("/projects/projects/choices?q=recep").await.is(200);
    assert!(
        choices.text.contains("Reception fit-out") && choices.text.contains("Marrickville Dental"),
        "{}",
        choices.text
    );
}

async fn members_see_no_buttons_that_they_may_not_press(database: Database) {
    let scene = scene(&database).await;
    let (mia, email, _) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    let visitor = scene.server.visitor();
    visitor.sign_in(&email, &scene.org.password).await;
    visitor.get("/").await.is(200).hides("href=\"/admin/plugins\"");
    let _ = visitor.get("/admin/plugins").await.is(403);
    let _ = visitor.post("/admin/plugins/projects/disable", &[]).await.is(403);
    let _ = visitor.upload("/admin/plugins/install", "file", "x.wasm", b"x").await.is(403);
    visitor.get("/projects/tasks").await.is(200).shows("href=\"/projects/tasks/new\"");
    // Neither a place of which they see nothing, nor what is for who makes projects.
    visitor.get("/projects/projects").await.is(200).hides("/projects/projects/new").hides("href=\"/projects/clients\"");
    let project = format!("{PROJECTS}/{}", scene.project);
    let _ = scene.org.patch(&project, "*", json!({ "members": [mia.to_string()] })).await.is(200);
    let page = visitor.get(&format!("/{project}")).await.is(200);
    page.shows("Reception fit-out").hides("/activate\"").hides("/edit\"").hides("/-/copy/");
    let other = scene.server.organization("Other").await;
    let owner = scene.server.signed_in(&other).await;
    owner.get("/admin/plugins").await.is(200).hides("multipart/form-data");
}

async fn assets_are_kept_by_browsers_for_good(database: Database) {
    let (_scene, visitor) = opened(&database).await;
    let page = visitor.get("/").await.is(200);
    let mut seen = 0;
    for address in page.text.split('"').filter(|part| part.starts_with("/static/")) {
        let asset = visitor.get(address).await.is(200);
        assert!(asset.header("cache-control").contains("immutable"), "{address}: {}", asset.header("cache-control"));
        assert_eq!(asset.header("x-content-type-options"), "nosniff");
        let request = visitor.request(lignaflow_testkit::Method::GET, address).header("If-None-Match", asset.etag());
        let _ = visitor.send(request).await.is(304);
        seen += 1;
    }
    assert!(seen >= 5, "{seen} files");
    let _ = visitor.get("/static/nothing.js").await.is(404);
    let _ = visitor.get("/static/../Cargo.toml").await.is(404);
    let _ = visitor.get("/static/%2e%2e/Cargo.toml").await.is(404);
}

async fn colours_are_chosen_without_script(database: Database) {
    let (_scene, visitor) = opened(&database).await;
    let chosen = visitor.post("/theme", &[("theme", "dark"), ("back", "/projects/tasks")]).await;
    assert_eq!((chosen.status, chosen.to()), (303, "/projects/tasks"));
    visitor.follow(&chosen).await.is(200).shows("data-theme=\"dark\"");
    let _ = visitor.post("/theme", &[("theme", "system"), ("back", "/")]).await;
    visitor.get("/").await.is(200).hides("data-theme");
}

async fn the_first_page_tells_what_plugins_have_for_it_and_what_changed_last(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let gone = scene.task("Sweep the yard", json!({})).await;
    let cut = scene.task("Cut", json!({})).await;
    let _ = scene.org.delete(&format!("{TASKS}/{gone}"), "\"1\"").await.is(200);
    let _ = scene.org.patch(&format!("{TASKS}/{cut}"), "\"1\"", json!({ "title": "Cut to length" })).await.is(200);
    let page = visitor.get("/").await.is(200);
    page.shows("Changed last")
        .shows(&format!("href=\"/projects/tasks/{cut}\">Cut to length</a>"))
        .shows("Reception fit-out")
        .shows("Active projects</dt><dd class=\"value\"><a href=\"/projects/projects?filter%5Bstatus%5D=active\">0</a>")
        .shows("Tasks due next")
        .hides("Procurement")
        .hides("Sweep the yard");
}
