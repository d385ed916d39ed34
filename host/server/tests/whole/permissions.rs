//! Every operation of the composed document, asked by nobody and by everybody: what its permission says is what happens.
//! Operations come from the document itself, so that none can be forgotten; one whose permission nobody here holds fails.

use crate::document::{Ids, Operation, operations};
use crate::scene::{CLIENTS, PROJECTS, TASKS};
use lignaflow_testkit::plugins::{fixture, shipped};
use lignaflow_testkit::{Client, Database, Method, Org, Role, Scope, Server, Setup, on_both, on_one};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

on_both!(every_operation_is_open_to_whom_its_permission_says, a_membership_that_ends_ends_what_its_tokens_may_do);
// Who may do what does not lie in the database, and there are many who ask.
on_one!(every_operation_of_the_four_plugins_is_open_to_the_roles_that_bring_its_permission);

const NOWHERE: &str = "01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f";

const NOBODY: &str = "nobody";
const REVOKED: &str = "a token that was revoked";
const SIGNED_OUT: &str = "a session that has ended";
const DEACTIVATED: &str = "a member who was deactivated";
const SHUT: &str = "a session whose account was shut";
const INVITED: &str = "somebody who was invited and holds the secret";
const LINK: &str = "a client who came by a link";
const SIGNED_IN: &str = "an owner who is signed in";
const ELSEWHERE: &str = "an owner of another organization who was invited and has not accepted";
/// Those who are told to sign in, whatever they ask for.
const UNKNOWN: [&str; 7] = [NOBODY, REVOKED, SIGNED_OUT, DEACTIVATED, SHUT, INVITED, LINK];

/// What owners alone hold.
const CONSENT: &str = "plugins.consent";
const READ: &[&str] = &["none", "signed-in", "records.read"];
const MEMBER: &[&str] = &["none", "signed-in", "records.read", "records.write"];
const ADMIN: &[&str] = &[
    "none",
    "signed-in",
    "records.read",
    "records.write",
    "records.share",
    "plugins.switch",
    "organization.administer",
    "organization.audit",
];
const SESSION: &str = "session";
const INSTANCE: &str = "instance.plugins";

/// Somebody who asks, with what they hold.
struct Actor {
    name: &'static str,
    api: Client,
    holds: &'static [&'static str],
    /// What they hold beside it: what a role of a plugin brings, what administers the instance.
    also: BTreeSet<String>,
    ids: Ids,
}

impl Actor {
    fn holds(&self, permission: &str) -> bool {
        self.holds.contains(&permission) || self.also.contains(permission)
    }
}

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
        "host_consent" | "host_grant_plugin" => json!({ "grant": [] }),
        "host_remove_organization" => json!({ "confirm": "Nothing of the kind" }),
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
        "host_share_view" => json!({ "label": "Ana" }),
        "host_purge_plugin" => json!({ "name": "nothing.things", "confirm": "nothing.things" }),
        "offers_route_send" => json!({ "address": "ana@client.example" }),
        "offers_route_tell" => json!({ "people": [] }),
        "offers_route_sign" => json!({ "name": "Ana" }),
        "offers_route_refuse" => json!({ "reason": "Too dear" }),
        id if id.starts_with("host_") => Json::Null,
        _ => operation.body_with(ids),
    }
}

/// Where the permission alone does not tell. This list only shrinks.
fn exception(operation: &Operation, actor: &Actor) -> Option<u16> {
    match (operation.id.as_str(), actor.name) {
        // A token that reads may end itself, and no other.
        ("host_revoke_token", "a token that reads") => Some(403),
        // It looks and tells nothing of what it saw, or did not.
        ("offers_route_peek", ELSEWHERE) => Some(204),
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

/// The permissions that plugins declare, and those of them that a role brings.
async fn declared(org: &Org, role: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let names = |list: &Json| -> BTreeSet<String> {
        list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let all = org.get("permissions").await.is(200);
    let of_plugins = all.column("permission").into_iter().filter(|name| {
        let name = name.as_str();
        !ADMIN.contains(&name) && name != INSTANCE && name != CONSENT
    });
    let roles = org.get("roles").await.is(200);
    let brought = roles.data().iter().find(|row| row["role"] == role).map(|row| names(&row["permissions"]));
    (of_plugins.collect(), brought.unwrap_or_else(|| panic!("no role `{role}` in {}", roles.text)))
}

/// The secret at the end of an address.
fn last(url: &Json) -> String {
    url.as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

/// A cookie that was worth a session.
async fn cookie(server: &Server, email: &str, org: &Org) -> String {
    let visitor = server.visitor();
    visitor.sign_in(email, &org.password).await;
    format!("__Host-lignaflow={}", visitor.cookie("__Host-lignaflow").unwrap())
}

/// The cookie of whoever opens the link of an offer. A browser sends it along to its one page alone; here it goes
/// everywhere.
async fn by_link(server: &Server, org: &Org) -> String {
    let offer = org.make("offers/offers", json!({ "number": "Q-1", "client": "Ana" })).await;
    let sent =
        org.post(&format!("offers/offers/{offer}/send"), json!({ "address": "ana@client.example" })).await.is(201);
    let entered = server.visitor().get(&format!("/l/{}", last(&sent.json["url"]))).await.is(303);
    entered.sets("__Secure-lignaflow-link").unwrap().split(';').next().unwrap().to_owned()
}

/// Credentials that were worth something, or look as if they were.
async fn worthless(server: &Server, org: &Org) -> Vec<(&'static str, Client)> {
    let nobody = server.client(None);
    let revoked = server.token(&org.email, &org.name, Scope::All).await;
    let revoked = nobody.with_token(Some(&revoked));
    let newest = revoked.get("tokens").await.is(200).data()[0]["id"].as_str().unwrap().to_owned();
    let _ = revoked.delete(&format!("tokens/{newest}"), "*").await.is(204);

    let ended = nobody.with_cookie(&cookie(server, &org.email, org).await);
    let _ = ended.get("account").await.is(200);
    let _ = ended.delete("auth/session", "*").await.is(204);

    let (gone, _, deactivated) = server.member(org, "Gone", Role::Admin).await;
    let _ = deactivated.get("account").await.is(200);
    let _ = org.patch(&format!("people/{gone}"), "*", json!({ "active": false })).await.is(204);

    let (_, email, _) = server.member(org, "Shut", Role::Admin).await;
    let shut = nobody.with_cookie(&cookie(server, &email, org).await);
    let _ = shut.get("account").await.is(200);
    server.app.identity.set_person_active(&email, false).await.unwrap();

    let asked = org.post("invitations", json!({ "role": "owner" })).await.is(201);
    let invited = nobody.with_token(Some(&format!("lf_{}", last(&asked.json["link"]))));
    let link = nobody.with_cookie(&by_link(server, org).await);
    vec![
        (NOBODY, nobody),
        (REVOKED, revoked),
        (SIGNED_OUT, ended),
        (DEACTIVATED, deactivated),
        (SHUT, shut),
        (INVITED, invited),
        (LINK, link),
    ]
}

async fn actors(server: &Server, first: &Org, org: &Org) -> Vec<Actor> {
    const SUPERVISOR: &str = "projects.supervisor";
    let ids = furnish(org).await;
    let (all, brought) = declared(org, SUPERVISOR).await;
    assert!(!brought.is_empty() && brought != all, "{brought:?} of {all:?}");
    let (_, _, member) = server.member(org, "Mia", Role::Member).await;
    let (_, _, admin) = server.member(org, "Ada", Role::Admin).await;
    let (max, _, supervisor) = server.member(org, "Max", Role::Member).await;
    let roles = json!({ "roles": [SUPERVISOR] });
    let given = org.request(Method::PUT, &format!("people/{max}/roles")).json(&roles);
    let _ = org.send(given).await.is(204);
    let reads = server.token(&org.email, &org.name, Scope::Read).await;
    let elsewhere = server.organization("Elsewhere").await;
    let _ = org.post("invitations", json!({ "email": elsewhere.email, "role": "owner" })).await.is(201);

    let nothing = BTreeSet::new;
    let owners: BTreeSet<String> = all.iter().cloned().chain([CONSENT.to_owned()]).collect();
    let actor = |name, api, holds, also| Actor { name, api, holds, also, ids: ids.clone() };
    let mut actors: Vec<Actor> =
        worthless(server, org).await.into_iter().map(|(name, api)| actor(name, api, &["none"], nothing())).collect();
    actors.extend([
        actor("a token that reads", server.client(Some(&reads)), READ, nothing()),
        actor("a member", member, MEMBER, nothing()),
        actor("a member with a role of a plugin", supervisor, MEMBER, brought),
        actor("an administrator", admin, ADMIN, all.clone()),
        actor("an owner", org.api.clone(), ADMIN, owners.clone()),
        actor(
            SIGNED_IN,
            org.with_cookie(&cookie(server, &org.email, org).await),
            ADMIN,
            owners.iter().cloned().chain([SESSION.to_owned()]).collect(),
        ),
        actor(ELSEWHERE, elsewhere.api.clone(), ADMIN, owners.clone()),
        Actor {
            name: "an administrator of the instance",
            api: first.api.clone(),
            holds: ADMIN,
            also: owners.into_iter().chain([INSTANCE.to_owned()]).collect(),
            ids: furnish(first).await,
        },
    ]);
    actors
}

async fn every_operation_is_open_to_whom_its_permission_says(database: Database) {
    let plugins = vec![shipped("projects"), fixture("offers")];
    let server = database.serve_with(Setup { plugins, ..Setup::default() }).await;
    // Whoever comes first administers the instance.
    let first = server.organization("First").await;
    let org = server.organization("Halloran").await;
    let document = org.get("/api/openapi.json").await.is(200).json;
    let actors = actors(&server, &first, &org).await;
    let known: BTreeSet<&str> =
        actors.iter().flat_map(|it| it.holds.iter().copied().chain(it.also.iter().map(String::as_str))).collect();
    for operation in operations(&document) {
        let permission = operation.permission.as_str();
        assert!(known.contains(permission), "{}: nobody here holds `{permission}`, so it has no case", operation.id);
        for actor in &actors {
            // What takes a session may end it, or others.
            let signed_in = actor.name == SIGNED_IN;
            let api =
                if signed_in { org.with_cookie(&cookie(&server, &org.email, &org).await) } else { actor.api.clone() };
            is_as_it_says(&operation, actor, &api, &org).await;
        }
    }
}

async fn is_as_it_says(operation: &Operation, actor: &Actor, api: &Client, org: &Org) {
    let path = operation.path_with(&actor.ids);
    let body = body_of(operation, org, &actor.ids);
    let answer = operation.call(api, &path, &body).await;
    let (status, allowed) = (answer.status, actor.holds(&operation.permission));
    let of_records = operation.collection().is_some();
    let asked = format!("{} {path} ({}) by {}: {}", operation.method, operation.permission, actor.name, answer.text);
    // A rule of the records may refuse what the permission would let pass.
    let by_rule = ["You may not create such a", "You may not change this", "You may not archive this"];
    if allowed && of_records && status == 403 && by_rule.iter().any(|said| answer.text.contains(said)) {
        return;
    }
    match exception(operation, actor) {
        Some(expected) => assert_eq!(status, expected, "{asked}"),
        // What is another organization's is not there, whatever one may in one's own.
        None if actor.name == ELSEWHERE && of_records && operation.path.contains("{id}") => {
            assert_eq!(status, 404, "{asked}");
        }
        None if allowed => {
            assert!(!matches!(status, 401 | 403 | 405 | 415), "{asked}");
            assert!(status < 500, "{asked}");
        }
        None if UNKNOWN.contains(&actor.name) => assert_eq!(status, 401, "{asked}"),
        // Of a record that is not there, a change of state tells that before it asks for a plugin's permission.
        None if of_records && !operation.permission.starts_with("records.") => {
            assert!(matches!(status, 403 | 404), "{asked}");
        }
        None => assert_eq!(status, 403, "{asked}"),
    }
}

/// Those of the plugins: what takes a permission of theirs is asked by every role that they declare, and the rest by a
/// token that reads; all of them by everybody who holds nothing that is worth anything here, and by another organization.
async fn every_operation_of_the_four_plugins_is_open_to_the_roles_that_bring_its_permission(database: Database) {
    let mut plugins = ["projects", "estimates", "timesheets", "reporting"].map(shipped).to_vec();
    // Who comes by a link needs one.
    plugins.push(fixture("offers"));
    let server = database.serve_with(Setup { plugins, ..Setup::default() }).await;
    server.organization("First").await;
    let org = server.organization("Halloran").await;
    let elsewhere = server.organization("Elsewhere").await;
    let ids = furnish(&org).await;
    let worthless = worthless(&server, &org).await;
    let document = org.get("/api/openapi.json").await.is(200).json;
    let mut roles: Vec<(String, BTreeSet<String>, Client)> = Vec::new();
    for (number, row) in org.get("roles").await.is(200).data().iter().enumerate() {
        let role = row["role"].as_str().unwrap().to_owned();
        let brought = row["permissions"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect();
        let (person, _, api) = server.member(&org, &format!("Role{number}"), Role::Member).await;
        let given = org.request(Method::PUT, &format!("people/{person}/roles")).json(&json!({ "roles": [role] }));
        let _ = org.send(given).await.is(204);
        roles.push((role, brought, api));
    }
    assert!(roles.len() > 8, "{roles:?}");
    let reads = server.client(Some(&server.token(&org.email, &org.name, Scope::Read).await));
    let (mut of_plugins, mut refused, mut allowed) = (0, 0, 0);
    let theirs = |id: &str| !id.starts_with("host_") && !id.starts_with("offers_");
    for operation in operations(&document).iter().filter(|operation| theirs(&operation.id)) {
        of_plugins += 1;
        let (path, body) = (operation.path_with(&ids), operation.body_with(&ids));
        let asked =
            |who: &str, text: &str| format!("{} {path} ({}) by {who}: {text}", operation.method, operation.permission);
        for (who, api) in &worthless {
            let answer = operation.call(api, &path, &body).await;
            assert_eq!(answer.status, 401, "{}", asked(who, &answer.text));
        }
        if operation.collection().is_some() && operation.path.contains("{id}") {
            let answer = operation.call(&elsewhere.api, &path, &body).await;
            assert_eq!(answer.status, 404, "{}", asked("an owner of another organization", &answer.text));
        }
        let permission = operation.permission.as_str();
        if permission.starts_with("records.") {
            let answer = operation.call(&reads, &path, &body).await;
            let may = permission == "records.read";
            // What a plugin makes of it is its own matter; the host lets it through.
            let by_host = answer.status == 403 && answer.text.contains("You may not do this here.");
            let as_it_says =
                if may { !by_host && !matches!(answer.status, 401 | 405 | 500..) } else { answer.status == 403 };
            assert!(as_it_says, "{}", asked("a token that reads", &answer.text));
            continue;
        }
        let of_plugin = !permission.starts_with("organization.");
        // What no role brings is for owners and administrators alone.
        if of_plugin && !roles.iter().any(|(_, brought, _)| brought.contains(permission)) {
            let answer = operation.call(&org.api, &path, &body).await;
            assert!(!matches!(answer.status, 401 | 403 | 405 | 415 | 500..), "{}", asked("the owner", &answer.text));
        }
        for (role, brought, api) in &roles {
            let answer = operation.call(api, &path, &body).await;
            let what = asked(role, &answer.text);
            if brought.contains(permission) {
                // What a plugin makes of it is its own matter; the host lets it through.
                assert!(!matches!(answer.status, 401 | 405 | 415 | 500..), "{what}");
                assert!(!(answer.status == 403 && answer.text.contains("You may not do this here.")), "{what}");
                allowed += 1;
            } else {
                // Of a record that is not there, a change of state tells that first.
                assert!(matches!(answer.status, 403 | 404), "{what}");
                refused += 1;
            }
        }
    }
    assert!(of_plugins > 500 && refused > 100 && allowed > 50, "{of_plugins} {refused} {allowed}");
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
