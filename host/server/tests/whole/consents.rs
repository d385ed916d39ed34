//! What a plugin may do beyond what an organization consented to acts on none of its records before an owner consents.

use lignaflow_testkit::plugins::{declared, shipped};
use lignaflow_testkit::site::{ENTRIES, HOURS};
use lignaflow_testkit::{Answer, Client, Database, Method, Org, Role, Server, Setup, on_both, on_one};
use serde_json::{Value as Json, json};

on_both!(what_an_upgrade_newly_may_waits_for_each_organizations_owner, the_first_time_an_owner_switches_a_plugin_on,);

on_one!(
    an_owner_consents_on_the_plugins_page,
    where_there_is_one_organization_a_plugin_is_installed_and_on_by_one_screen,
);

/// `hours`, in a version that asks for that.
fn hours(version: &str, grants: &str) -> Vec<u8> {
    let text = HOURS.replacen("version = \"0.1.0\"", &format!("version = \"{version}\""), 1);
    declared(&text.replacen("[permissions]", &format!("{grants}\n[permissions]"), 1))
}

const MAIL: &str = "[grants]\nmail = true\n";

async fn install(api: &Client, file: Vec<u8>) -> Answer {
    let request = api.request(Method::POST, "plugins?grant=all").header("Content-Type", "application/wasm");
    api.send(request.body(file)).await
}

async fn row(org: &Client) -> Json {
    let listed = org.get("plugins").await.is(200);
    listed.data().iter().find(|row| row["id"] == "hours").cloned().unwrap_or_else(|| panic!("{}", listed.text))
}

async fn serve(database: &Database) -> (Server, Org, Org) {
    let server = database.serve_with(Setup { plugins: vec![shipped("projects")], ..Setup::default() }).await;
    // Whoever comes first administers the instance.
    let (first, elm) = (server.organization("First").await, server.organization("Elm").await);
    let _ = install(&first, hours("0.1.0", "")).await.is(201);
    for org in [&first, &elm] {
        let _ = org.act("plugins/hours/enable").await.is(204);
        let _ = org.post(ENTRIES, json!({ "note": "Slate" })).await.is(201);
    }
    (server, first, elm)
}

async fn what_an_upgrade_newly_may_waits_for_each_organizations_owner(database: Database) {
    let (server, first, elm) = serve(&database).await;
    let (_, _, ada) = server.member(&elm, "Ada", Role::Admin).await;
    let _ = install(&first, hours("0.2.0", MAIL)).await.is(201);
    // Who installed it owns an organization, and has read what it asks for.
    assert_eq!((&row(&first).await["enabled"], &row(&first).await["waits_for"]), (&json!(true), &json!([])));
    assert_eq!(first.get(ENTRIES).await.is(200).data().len(), 1);
    // In the other it stands still.
    let _ = elm.get(ENTRIES).await.is_problem(404, "not-found");
    let _ = elm.post(ENTRIES, json!({ "note": "Stair" })).await.is_problem(404, "not-found");
    let waits = row(&elm).await;
    assert_eq!((&waits["enabled"], &waits["waits_for"][0]["key"]), (&json!(false), &json!("mail")));
    let _ = elm.act("plugins/hours/enable").await.is_problem(409, "conflict");
    let told = elm.get("notices").await.is(200);
    assert_eq!(told.column("title"), ["Hours waits for an owner's consent"]);

    let all = json!({ "grant": ["mail"] });
    let _ = ada.post("plugins/hours/consent", all.clone()).await.is_problem(403, "denied");
    let _ = first.post("plugins/hours/consent", all.clone()).await.is_problem(409, "conflict");
    let wrong = elm.post("plugins/hours/consent", json!({ "grant": ["links"] })).await.is_problem(422, "invalid");
    assert_eq!(wrong.issues(), [("/grant", "not-consented"), ("/grant/0", "not-asked")]);
    let _ = elm.get(ENTRIES).await.is_problem(404, "not-found");
    let _ = elm.post("plugins/hours/consent", all.clone()).await.is(204);
    assert_eq!(elm.get(ENTRIES).await.is(200).data().len(), 1, "nothing was lost");
    assert_eq!(row(&elm).await["enabled"], true);
    let _ = elm.post("plugins/hours/consent", all).await.is_problem(409, "conflict");
    let lines = elm.get("audit?kind=plugin.consented").await.is(200);
    assert_eq!(lines.data()[0]["person"], elm.owner.to_string());
    assert_eq!(lines.data()[0]["detail"], json!({ "plugin": "hours", "granted": ["mail"] }));
    assert_eq!(elm.get("audit?kind=plugin.consent-asked").await.data().len(), 1);

    // What was consented to once is not asked for again; switching does not stand in for consent.
    let _ = install(&first, hours("0.3.0", "")).await.is(201);
    let _ = install(&first, hours("0.4.0", MAIL)).await.is(201);
    assert_eq!(elm.get(ENTRIES).await.is(200).data().len(), 1);
    let _ = install(&first, hours("0.5.0", "[grants]\nmail = true\nlinks = true\n")).await.is(201);
    let _ = elm.act("plugins/hours/disable").await.is(204);
    let _ = elm.act("plugins/hours/enable").await.is_problem(409, "conflict");
    assert_eq!(row(&elm).await["waits_for"][0]["key"], "links");
    // The version before, which asks for no more, goes on without anybody's consent.
    let _ = install(&first, hours("0.4.0", MAIL)).await.is(201);
    let _ = elm.act("plugins/hours/enable").await.is(204);
    assert_eq!(elm.get(ENTRIES).await.is(200).data().len(), 1);
}

async fn the_first_time_an_owner_switches_a_plugin_on(database: Database) {
    let server = database.serve_with(Setup { plugins: vec![shipped("projects")], ..Setup::default() }).await;
    let (first, elm) = (server.organization("First").await, server.organization("Elm").await);
    let (_, _, ada) = server.member(&elm, "Ada", Role::Admin).await;
    let _ = install(&first, hours("0.1.0", MAIL)).await.is(201);
    assert_eq!(row(&elm).await["enabled"], false, "nothing is on by being there");
    let _ = ada.act("plugins/hours/enable").await.is_problem(403, "denied");
    let _ = ada.act("plugins/hours/enable?with_needs=true").await.is_problem(403, "denied");
    let _ = elm.act("plugins/hours/enable").await.is(204);
    for act in ["disable", "enable"] {
        let _ = ada.act(&format!("plugins/hours/{act}")).await.is(204);
    }
    // What every organization has by itself an administrator switches.
    for act in ["disable", "enable"] {
        let _ = ada.act(&format!("plugins/projects/{act}")).await.is(204);
    }
    let table = elm.get("permissions").await.is(200);
    let consent = table.data().iter().find(|row| row["permission"] == "plugins.consent").unwrap();
    assert_eq!((&consent["held_by"], &consent["given"]), (&json!(["owner"]), &json!(false)));
}

async fn an_owner_consents_on_the_plugins_page(database: Database) {
    let (server, first, elm) = serve(&database).await;
    let (_, email, _) = server.member(&elm, "Ada", Role::Admin).await;
    let _ = install(&first, hours("0.2.0", MAIL)).await.is(201);
    let (owner, ada) = (server.signed_in(&elm).await, server.visitor());
    ada.sign_in(&email, &elm.password).await;
    owner.get("/admin/plugins").await.is(200).shows("Waits for consent");
    let page = ada.get("/admin/plugins/hours").await.is(200);
    page.shows("It waits for consent").shows("An owner of the organization consents.").hides("let it go on");
    owner.get("/admin/plugins/hours").await.is(200).shows("let it go on").shows("name=\"grant\" value=\"mail\"");
    let _ = ada.post("/admin/plugins/hours/consent", &[("grant", "mail")]).await.is(403);
    let _ = owner.post("/admin/plugins/hours/consent", &[]).await.is(422);
    assert_eq!(owner.post("/admin/plugins/hours/consent", &[("grant", "mail")]).await.status, 303);
    owner.get("/admin/plugins/hours").await.is(200).hides("It waits for consent");
    let _ = owner.get("/hours/entries").await.is(200);
    owner.get("/admin/plugins").await.is(200).shows("consented to what Hours newly may");
}

async fn where_there_is_one_organization_a_plugin_is_installed_and_on_by_one_screen(database: Database) {
    let server = database.serve_with(Setup { plugins: vec![shipped("projects")], ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    let owner = server.signed_in(&org).await;
    let page = owner.upload("/admin/plugins/install", "file", "hours.wasm", &hours("0.1.0", MAIL)).await.is(200);
    page.shows("name=\"enable\" value=\"yes\" checked");
    let digest = page.value("digest");
    let fields = [("digest", digest.as_str()), ("grant", "mail"), ("enable", "yes")];
    let done = owner.post("/admin/plugins/consent", &fields).await;
    assert_eq!((done.status, done.to()), (303, "/admin/plugins/hours"), "{}", done.text);
    let _ = owner.get("/hours/entries").await.is(200);
    // Its next version asks for more, and whoever grants that is who consents.
    let wider = hours("0.2.0", "[grants]\nmail = true\nlinks = true\n");
    let page = owner.upload("/admin/plugins/install", "file", "hours.wasm", &wider).await.is(200);
    page.hides("name=\"enable\"");
    let digest = page.value("digest");
    let fields = [("digest", digest.as_str()), ("grant", "mail"), ("grant", "links")];
    assert_eq!(owner.post("/admin/plugins/consent", &fields).await.status, 303);
    let _ = owner.get("/hours/entries").await.is(200);
    owner.get("/admin/plugins/hours").await.is(200).hides("It waits for consent");

    // With another, it is proposed to nobody, and can be wished for.
    let _ = server.organization("Elm").await;
    let _ = org.delete("plugins/hours", "*").await.is(204);
    let page = owner.upload("/admin/plugins/install", "file", "hours.wasm", &hours("0.1.0", "")).await.is(200);
    page.shows("name=\"enable\" value=\"yes\">");
    let file = org.request(Method::POST, "plugins?grant=all&enable=true").header("Content-Type", "application/wasm");
    let _ = org.send(file.body(hours("0.1.0", ""))).await.is(201);
    assert_eq!(row(&org).await["enabled"], true);
}
