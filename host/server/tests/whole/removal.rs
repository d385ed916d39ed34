//! An organization that is taken away: nothing of it is left, and nothing of another is touched.

use crate::media::{PDF, bring};
use crate::scene::{CLIENTS, PROJECTS, Scene, scene};
use lignaflow_core::OrganizationId;
use lignaflow_store::identity::removal::rows_of;
use lignaflow_testkit::driver::Browser;
use lignaflow_testkit::{Client, Database, Org, Role, Server, on_both, on_one};
use serde_json::json;
use std::path::PathBuf;

on_both!(
    everything_that_is_its_goes_and_nothing_else,
    who_may_not_does_not_take_it_away,
    the_only_organization_stays,
    an_operator_takes_one_away_by_its_name,
);

on_one!(an_owner_takes_their_organization_away_in_the_browser);

/// Something of everything that is easily made.
async fn furnished(org: &Org) {
    let file = bring(org, "plan.pdf", "application/pdf", PDF).await.is(201).id();
    let client = org.make(CLIENTS, json!({ "name": "Ana Weiss" })).await;
    let _ = org.make(PROJECTS, json!({ "name": "Stairs", "client": client, "documents": [file] })).await;
    let _ = org.post("webhooks", json!({ "url": "https://hooks.example/lf", "collections": [CLIENTS] })).await;
    let _ = org.post("views", json!({ "collection": CLIENTS, "name": "Mine" })).await.is(201);
    let _ = org.post("invitations", json!({ "name": "Ben", "role": "member" })).await;
    let _ = org.post("devices", json!({ "name": "Workshop" })).await;
}

fn kept(server: &Server, id: OrganizationId) -> PathBuf {
    server.app.config.data_dir.join("media").join(id.to_string())
}

async fn remove(api: &Client, confirm: &str) -> lignaflow_testkit::Answer {
    api.post("organization/remove", json!({ "confirm": confirm })).await
}

async fn everything_that_is_its_goes_and_nothing_else(database: Database) {
    let Scene { server, org: stays, .. } = scene(&database).await;
    let goes = server.organization("Oakhurst").await;
    furnished(&stays).await;
    furnished(&goes).await;
    let (_, mia, hers) = server.member(&goes, "Mia", Role::Member).await;
    let store = server.app.store.database();
    let before = rows_of(store, stays.id).await.unwrap();
    let tables: Vec<_> = rows_of(store, goes.id).await.unwrap().into_iter().map(|(table, _)| table).collect();
    for table in
        ["audit", "changes", "media", "memberships", "plugin_switches", "projects__projects", "tokens", "views"]
    {
        assert!(tables.iter().any(|name| name == table), "{table}: {tables:?}");
    }
    assert!(kept(&server, goes.id).is_dir());

    let _ = remove(&goes, "Oakhurst").await.is(204);

    assert_eq!(rows_of(store, goes.id).await.unwrap(), []);
    assert!(!kept(&server, goes.id).exists() && kept(&server, stays.id).is_dir());
    assert_eq!(rows_of(store, stays.id).await.unwrap(), before);
    let _ = goes.get(CLIENTS).await.is(401);
    let _ = hers.get(CLIENTS).await.is(401);
    let visitor = server.visitor();
    let refused = visitor.post("/sign-in", &[("email", mia.as_str()), ("password", goes.password.as_str())]).await;
    assert_eq!(refused.status, 403, "an account that no organization knows is none");
    assert_eq!(stays.get(CLIENTS).await.is(200).data().len(), 2);
    // Its name and the addresses of its people are free again.
    let again = server.organization("Oakhurst").await;
    assert!(again.get(CLIENTS).await.is(200).data().is_empty());
}

async fn who_may_not_does_not_take_it_away(database: Database) {
    let Scene { server, org, .. } = scene(&database).await;
    let other = server.organization("Oakhurst").await;
    let (_, _, admin) = server.member(&org, "Ada", Role::Admin).await;
    let (_, _, member) = server.member(&org, "Mia", Role::Member).await;
    let _ = remove(&member, &org.name).await.is_problem(403, "denied");
    let _ = remove(&admin, &org.name).await.is_problem(403, "denied");
    let _ = remove(&other, &org.name).await.is_problem(422, "invalid");
    let wrong = remove(&org, "halloran").await.is_problem(422, "invalid");
    assert!(wrong.text.contains("Halloran & Beck"), "{}", wrong.text);
    let _ = org.get(CLIENTS).await.is(200);
    let _ = other.get(CLIENTS).await.is(200);
}

async fn the_only_organization_stays(database: Database) {
    let Scene { server: _server, org, .. } = scene(&database).await;
    let refused = remove(&org, &org.name).await.is_problem(409, "conflict");
    assert!(refused.text.contains("only organization"), "{}", refused.text);
    let _ = org.get(CLIENTS).await.is(200);
}

async fn an_operator_takes_one_away_by_its_name(database: Database) {
    let Scene { server, org, .. } = scene(&database).await;
    let goes = server.organization("Oakhurst").await;
    furnished(&goes).await;
    assert!(server.app.identity.remove_organization_named("Elmhurst").await.is_err());
    let id = server.app.identity.remove_organization_named(" oakhurst ").await.unwrap();
    assert_eq!(id, goes.id);
    assert_eq!(rows_of(server.app.store.database(), goes.id).await.unwrap(), []);
    // Its files go with the next sweep, whichever host does it.
    assert!(kept(&server, goes.id).exists());
    let _ = server.app.media.sweep().await.unwrap();
    assert!(!kept(&server, goes.id).exists());
    let _ = org.get(CLIENTS).await.is(200);
}

async fn an_owner_takes_their_organization_away_in_the_browser(database: Database) {
    let Scene { server, .. } = scene(&database).await;
    let goes = server.organization("Oakhurst").await;
    let Some(browser) = Browser::open().await else { return };
    browser.sign_in(&server.root, &goes.email, &goes.password).await;
    browser.goto(&format!("{}/admin/organization", server.root)).await;
    browser.fill("#f-confirm", "Oak").await;
    browser.press(".btn-danger").await;
    assert!(browser.text("main").await.contains("Type the name as it stands, Oakhurst"));
    browser.pictures("organization").await;
    browser.fill("#f-confirm", "Oakhurst").await;
    browser.press(".btn-danger").await;
    assert!(browser.path().await.starts_with("/sign-in"), "nobody is signed in to what is gone");
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}
