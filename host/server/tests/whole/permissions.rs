//! Every operation of the composed document, asked by nobody and by everybody: what its permission says is what happens.
//! Operations come from the document itself, so that none can be forgotten.

use crate::document::{Ids, Operation, operations};
use crate::scene::{CLIENTS, PROJECTS, TASKS};
use lignaflow_testkit::{Client, Database, Org, Role, Scope, Server, on_both};
use serde_json::{Value as Json, json};

on_both!(every_operation_is_open_to_whom_its_permission_says, a_membership_that_ends_ends_what_its_tokens_may_do);

const NOWHERE: &str = "01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f";

/// Somebody who asks, with what they hold.
struct Actor {
    name: &'static str,
    api: Client,
    holds: &'static [&'static str],
    ids: Ids,
}

const READ: &[&str] = &["none", "signed-in", "records.read"];
const MEMBER: &[&str] = &["none", "signed-in", "records.read", "records.write"];
const ADMIN: &[&str] = &[
    "none",
    "signed-in",
    "records.read",
    "records.write",
    "plugins.switch",
    "organization.administer",
    "organization.audit",
];
const INSTANCE: &[&str] = &[
    "none",
    "signed-in",
    "records.read",
    "records.write",
    "plugins.switch",
    "organization.administer",
    "organization.audit",
    "instance.plugins",
];

/// What a body must be where the document has no example that would do.
fn body_of(operation: &Operation, org: &Org, ids: &Ids) -> Json {
    match operation.id.as_str() {
        "host_sign_in" => json!({ "email": org.email, "password": org.password }),
        "host_change_password" => json!({ "current_password": org.password, "new_password": org.password }),
        "host_create_token" => json!({ "name": "another" }),
        "host_add_person" => {
            json!({ "email": "new@example.com", "name": "New", "password": org.password, "role": "member" })
        }
        "host_change_person" | "host_invite" => json!({ "role": "member" }),
        "host_set_roles" => json!({ "roles": [] }),
        "host_erase_person" => json!({ "confirm": "Ron" }),
        "host_set_retention" => json!({ "years": 7 }),
        "host_create_role" => json!({ "name": "foreman", "title": "Foreman", "permissions": [] }),
        "host_change_role" => json!({ "title": "Foreman", "permissions": [] }),
        "host_add_placeholder" => json!({ "name": "Ron" }),
        "host_join" => json!({ "secret": NOWHERE, "name": "Sam", "password": org.password }),
        "host_accept_invitation" | "host_enrol_device" => json!({ "secret": NOWHERE }),
        "host_confirm_second_factor" => json!({ "code": "000000" }),
        "host_set_pin" => json!({ "username": "ron" }),
        "host_change_pin" => json!({ "current": "273941", "pin": "540718" }),
        "host_create_device" => json!({ "name": "Van" }),
        "host_sign_in_by_pin" => json!({ "username": "ron", "pin": "273941" }),
        "host_ask_sign_up" => json!({ "email": "new@example.com" }),
        "host_sign_up" => {
            json!({ "secret": NOWHERE, "organization": "New", "name": "New", "password": org.password })
        }
        "host_prove" => json!({ "password": org.password }),
        "host_ask_address" => json!({ "current_password": org.password, "email": "new@example.com" }),
        "host_change_me" | "host_change_organization" | "host_change_webhook" | "host_fill_in_plugin_settings" => {
            json!({})
        }
        "host_create_webhook" => json!({ "url": "https://nowhere.invalid/" }),
        "host_replay_deliveries" => json!({ "from": "2026-11-23T00:00:00Z", "until": "2026-11-24T00:00:00Z" }),
        "host_set_notice_settings" => json!({ "by": "digest", "quiet": true }),
        "host_create_view" => json!({ "collection": TASKS, "name": "Mine" }),
        "host_change_view" => json!({ "name": "Mine" }),
        "host_purge_plugin" => json!({ "name": "nothing.things", "confirm": "nothing.things" }),
        id if id.starts_with("host_") => Json::Null,
        _ => operation.body_with(ids),
    }
}

/// Where the permission alone does not tell. This list only shrinks.
fn exception(operation: &Operation, actor: &Actor) -> Option<u16> {
    match (operation.id.as_str(), actor.name) {
        // A token that reads may end itself, and no other.
        ("host_revoke_token", "a token that reads") => Some(403),
        _ => None,
    }
}

/// A record of each collection, and ids of the host that lead nowhere: nothing that is asked with is to end.
async fn furnish(org: &Org) -> Ids {
    let client = org.make(CLIENTS, json!({ "name": "Marrickville Dental" })).await;
    let project = org.make(PROJECTS, json!({ "name": "Reception fit-out", "client": client })).await;
    let task = org.make(TASKS, json!({ "title": "Cut", "project": project })).await;
    Ids::from([
        (CLIENTS, client),
        (PROJECTS, project),
        (TASKS, task),
        ("person", NOWHERE.to_owned()),
        ("token", NOWHERE.to_owned()),
        ("session", NOWHERE.to_owned()),
        ("view", NOWHERE.to_owned()),
        ("media", NOWHERE.to_owned()),
        ("plugin", "nothing".to_owned()),
        ("webhook", NOWHERE.to_owned()),
        ("job", NOWHERE.to_owned()),
        ("invitation", NOWHERE.to_owned()),
        ("document", NOWHERE.to_owned()),
    ])
}

async fn actors(server: &Server, first: &Org, org: &Org) -> Vec<Actor> {
    let ids = furnish(org).await;
    let (_, _, member) = server.member(org, "Mia", Role::Member).await;
    let (_, _, admin) = server.member(org, "Ada", Role::Admin).await;
    let reads = server.token(&org.email, &org.name, Scope::Read).await;
    let actor = |name, api, holds| Actor { name, api, holds, ids: ids.clone() };
    vec![
        actor("nobody", server.client(None), &["none"]),
        actor("a token that reads", server.client(Some(&reads)), READ),
        actor("a member", member, MEMBER),
        actor("an administrator", admin, ADMIN),
        actor("an owner", org.api.clone(), ADMIN),
        Actor {
            name: "an administrator of the instance",
            api: first.api.clone(),
            holds: INSTANCE,
            ids: furnish(first).await,
        },
    ]
}

async fn every_operation_is_open_to_whom_its_permission_says(database: Database) {
    let server = database.serve().await;
    // Whoever comes first administers the instance.
    let first = server.organization("First").await;
    let org = server.organization("Halloran").await;
    let document = org.get("/api/openapi.json").await.is(200).json;
    let actors = actors(&server, &first, &org).await;
    for operation in operations(&document) {
        for actor in &actors {
            let path = operation.path_with(&actor.ids);
            let body = body_of(&operation, &org, &actor.ids);
            let answer = operation.call(&actor.api, &path, &body).await;
            let plugins = operation.collection().is_some() && !operation.permission.starts_with("records.");
            // Owners and administrators hold what plugins declare; what a token that reads may do of it, its own test says.
            let allowed = actor.holds.contains(&operation.permission.as_str())
                || (plugins && actor.holds.contains(&"plugins.switch"));
            if plugins && actor.name == "a token that reads" {
                continue;
            }
            // A rule of the records may refuse what the permission would let pass.
            let by_a_rule = operation.collection().is_some() && answer.text.contains("You may not create such a");
            if allowed && by_a_rule && answer.status == 403 {
                continue;
            }
            let asked =
                format!("{} {path} ({}) by {}: {}", operation.method, operation.permission, actor.name, answer.text);
            match exception(&operation, actor) {
                Some(status) => assert_eq!(answer.status, status, "{asked}"),
                None if allowed => {
                    assert!(!matches!(answer.status, 401 | 403 | 405 | 415), "{asked}");
                    assert!(answer.status < 500, "{asked}");
                }
                None if actor.name == "nobody" => assert_eq!(answer.status, 401, "{asked}"),
                // Of a record that is not there, a change of state tells that before it asks for a plugin's permission.
                None if plugins => assert!(matches!(answer.status, 403 | 404), "{asked}"),
                None => assert_eq!(answer.status, 403, "{asked}"),
            }
        }
    }
}

async fn a_membership_that_ends_ends_what_its_tokens_may_do(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    let (person, email, member) = server.member(&org, "Mia", Role::Member).await;
    let visitor = server.visitor();
    visitor.sign_in(&email, &org.password).await;
    let _ = member.get(TASKS).await.is(200);
    let _ = org.patch(&format!("people/{person}"), "*", json!({ "active": false })).await.is(204);
    let _ = member.get(TASKS).await.is_problem(401, "unauthenticated");
    assert_eq!(visitor.get("/projects/tasks").await.status, 303, "to the door");
    let _ = org.patch(&format!("people/{person}"), "*", json!({ "active": true })).await.is(204);
    let _ = member.get(TASKS).await.is(200);

    let last = org.patch(&format!("people/{}", org.owner), "*", json!({ "role": "member" })).await;
    assert_eq!(last.is_problem(409, "conflict").issues(), [("/role", "last-owner")]);
    let higher = member.patch(&format!("people/{person}"), "*", json!({ "role": "owner" })).await;
    let _ = higher.is_problem(403, "denied");
}
