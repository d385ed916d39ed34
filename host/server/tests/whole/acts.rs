//! Each act on who may do what, and each that takes data away, has its line in the audit: who, from where, by which
//! token. Lines are added and never changed.

use crate::scene::{CLIENTS, TASKS, scene, scene_with};
use crate::second_factor::turn_on;
use lignaflow_testkit::plugins::{fixture, shipped};
use lignaflow_testkit::{Answer, Client, Database, HeldClock, Method, Page, Role, Setup, Visitor, on_both};
use serde_json::{Value as Json, json};
use std::sync::Arc;

on_both!(
    each_act_has_its_line,
    lines_stay_as_they_were_written,
    who_administers_the_instance_sees_no_other_organizations_records,
);

async fn put(api: &Client, path: &str, body: Json) -> Answer {
    api.send(api.request(Method::PUT, path).json(&body)).await
}

async fn sent(visitor: &Visitor, method: Method, path: &str, body: Json) -> Page {
    let request = visitor.request(method, path).header("Sec-Fetch-Site", "same-origin").header("If-Match", "*");
    visitor.send(request.json(&body)).await
}

async fn each_act_has_its_line(database: Database) {
    let plugins = vec![shipped("projects"), fixture("ledger"), fixture("shop"), fixture("offers")];
    let scene = scene_with(&database, Setup { plugins, ..Setup::default() }).await;
    let (server, org) = (&scene.server, &scene.org);
    let mut told = 0;
    // The latest line is of that kind, by that person, from here, and by a token or not.
    let mut line = async |kind: &str, by_token: bool| {
        let found = org.get("audit?limit=1").await.is(200);
        let line = found.data()[0].clone();
        assert_eq!(line["kind"], kind, "{}", found.text);
        assert_eq!(line["address"], "127.0.0.1", "{kind}: {line}");
        assert!(line["person"].is_string(), "{kind}: {line}");
        assert_eq!(line["token"].is_string(), by_token, "{kind}: {line}");
        told += 1;
        line
    };
    // Who comes in, fails to, and goes.
    let (mia, email, hers) = server.member(org, "Mia", Role::Member).await;
    let mia = mia.to_string();
    let visitor = server.visitor();
    let wrong = [("email", email.as_str()), ("password", "guessed wrongly")];
    let _ = visitor.post("/sign-in", &wrong).await.is(403);
    assert_eq!(line("session.failed", false).await["person"], mia.as_str());
    visitor.sign_in(&email, &org.password).await;
    assert_eq!(line("session.opened", false).await["person"], mia.as_str());
    let body = json!({ "name": "nightly", "scope": "read" });
    let made = sent(&visitor, Method::POST, "/api/v1/tokens", body).await.is(201);
    line("token.created", false).await;
    let _ = hers.delete(&format!("tokens/{}", made.id()), "*").await.is(204);
    line("token.revoked", true).await;
    let fields = [("current", org.password.as_str()), ("password", "a plane for the edges")];
    assert_eq!(visitor.post("/account/password", &fields).await.status, 303);
    line("password.changed", false).await;
    let other = server.visitor();
    other.sign_in(&email, "a plane for the edges").await;
    line("session.opened", false).await;
    let sessions = visitor.get("/api/v1/account/sessions").await.is(200);
    let theirs = sessions.data().iter().find(|row| row["current"] == false).unwrap()["id"].as_str().unwrap().to_owned();
    let _ = sent(&visitor, Method::DELETE, &format!("/api/v1/account/sessions/{theirs}"), Json::Null).await.is(204);
    line("session.revoked", false).await;
    turn_on(server, &visitor).await;
    line("second-factor.on", false).await;
    let _ = sent(&visitor, Method::POST, "/api/v1/account/second-factor/recovery-codes", json!({})).await.is(200);
    line("second-factor.recovery-codes", false).await;
    let _ = sent(&visitor, Method::DELETE, "/api/v1/account/second-factor", Json::Null).await.is(204);
    line("second-factor.off", false).await;
    let _ = visitor.post("/sign-out", &[]).await;
    line("session.closed", false).await;

    // Who belongs to it, and as what.
    let path = format!("people/{mia}");
    let _ = org.patch(&path, "*", json!({ "role": "admin" })).await.is(204);
    let changed = line("member.role-changed", true).await;
    assert_eq!((&changed["detail"]["before"], &changed["detail"]["after"]), (&json!("member"), &json!("admin")));
    let _ = put(org, &format!("{path}/roles"), json!({ "roles": ["projects.worker"] })).await.is(204);
    line("member.roles-changed", true).await;
    let _ = org.patch(&path, "*", json!({ "active": false })).await.is(204);
    line("member.deactivated", true).await;
    let _ = org.patch(&path, "*", json!({ "active": true })).await.is(204);
    line("member.activated", true).await;
    let _ = org.post("people/placeholders", json!({ "name": "Ron" })).await.is(201);
    line("member.placeholder-added", true).await;
    let made = org.post("invitations", json!({})).await.is(201);
    line("invitation.made", true).await;
    let _ = org.delete(&format!("invitations/{}", made.id()), "*").await.is(204);
    line("invitation.withdrawn", true).await;
    let made = org.post("invitations", json!({})).await.is(201);
    line("invitation.made", true).await;
    let secret = made.json["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let join = json!({ "secret": secret, "name": "Tom", "email": "tom@example.com", "password": org.password });
    let _ = server.client(None).post("auth/join", join).await.is(201);
    line("session.opened", false).await;
    let lines = org.get("audit?kind=invitation.accepted").await.is(200);
    assert_eq!((lines.data().len(), &lines.data()[0]["address"]), (1, &json!("127.0.0.1")));
    let form = json!({ "name": "foreman", "title": "Foreman", "permissions": ["projects.see-all"] });
    let _ = org.post("roles", form).await.is(201);
    line("role.set", true).await;
    let _ = org.delete("roles/foreman", "*").await.is(204);
    line("role.removed", true).await;
    let _ = org.patch("organization", "*", json!({ "tax_number": "12 345" })).await.is(200);
    line("organization.changed", true).await;
    let _ = put(org, "organization/retention", json!({ "years": 0 })).await.is(200);
    line("organization.retention-set", true).await;

    let made = org.post("devices", json!({ "name": "Tablet in the hall" })).await.is(201);
    line("device.made", true).await;
    let _ = org.delete(&format!("devices/{}", made.id()), "*").await.is(204);
    line("device.revoked", true).await;
    let ron = org.post("people/placeholders", json!({ "name": "Ron May" })).await.is(201).id();
    line("member.placeholder-added", true).await;
    let _ = put(org, &format!("people/{ron}/pin"), json!({ "username": "ron" })).await.is(200);
    line("pin.set", true).await;
    let _ = org.delete(&format!("people/{ron}/pin"), "*").await.is(204);
    line("pin.removed", true).await;

    // What plugins may, and which are on.
    let file = org.request(Method::POST, "plugins?grant=all").header("Content-Type", "application/wasm");
    let _ = org.send(file.body(fixture("stock"))).await.is(201);
    let installed = line("plugin.installed", true).await;
    assert!(installed["detail"]["granted"].is_object(), "{installed}");
    let _ = org.delete("plugins/stock", "*").await.is(204);
    line("plugin.uninstalled", true).await;
    let _ = org.act("plugins/shop/disable").await.is(204);
    line("plugin.switched-off", true).await;
    let _ = org.act("plugins/shop/enable").await.is(204);
    line("plugin.switched-on", true).await;
    let filled = org.request(Method::PUT, "plugins/shop/settings").header("If-Match", "*");
    let _ = org.send(filled.json(&json!({ "secrets": { "key": "tk_live" } }))).await.is(200);
    line("plugin.settings-changed", true).await;
    let made = org.post("webhooks", json!({ "url": "https://nowhere.invalid/" })).await.is(201);
    line("webhook.created", true).await;
    let _ = org.delete(&format!("webhooks/{}", made.id()), "*").await.is(204);
    line("webhook.removed", true).await;

    // What is taken away.
    scene.task("Cut", json!({})).await;
    scene.task("Join", json!({})).await;
    for (path, accept, format, rows) in [
        (CLIENTS.to_owned(), "text/csv", "csv", 1),
        (
            format!("{TASKS}?filter[status]=todo"),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "xlsx",
            2,
        ),
        (format!("{TASKS}/summary?group=status&count=id"), "text/csv", "csv", 1),
    ] {
        let _ = org.send(org.request(Method::GET, &path).header("Accept", accept)).await.is(200);
        let taken = line("records.exported", true).await;
        assert_eq!(taken["detail"]["format"], format);
        assert!(path.starts_with(taken["detail"]["collection"].as_str().unwrap()), "{taken}");
        let asked = path.split_once('?').map_or("", |(_, query)| query);
        let asked: Vec<_> = form_urlencoded::parse(asked.as_bytes()).into_owned().collect();
        let kept = taken["detail"]["query"].as_str().unwrap();
        assert_eq!(form_urlencoded::parse(kept.as_bytes()).into_owned().collect::<Vec<_>>(), asked);
        assert_eq!(taken["detail"]["rows"], rows, "{taken}");
    }
    let owner = server.signed_in(org).await;
    let _ = owner.get(&format!("/{CLIENTS}?format=csv")).await.is(200);
    line("records.exported", false).await;
    let _ = owner.get("/admin/audit.csv?kind=session&q=127").await.is(200);
    let taken = line("audit.exported", false).await;
    assert_eq!(taken["detail"], json!({ "kind": "session", "q": "127" }));
    let _ = org.get(&format!("{path}/export")).await.is(200);
    line("person.exported", true).await;
    let _ = owner.get("/account/export").await.is(200);
    line("person.exported", false).await;
    let _ = org.post(&format!("{path}/erasure"), json!({ "confirm": "Mia" })).await.is(200);
    line("person.erased", true).await;
    assert!(told > 40, "{told} acts");

    // A list that is no file takes nothing away.
    let before = org.get("audit?limit=1").await.data()[0]["id"].clone();
    let _ = org.get(CLIENTS).await.is(200);
    let wrong = org.request(Method::GET, &format!("{CLIENTS}?limit=3")).header("Accept", "text/csv");
    let _ = org.send(wrong).await.is(422);
    assert_eq!(org.get("audit?limit=1").await.data()[0]["id"], before);
}

async fn lines_stay_as_they_were_written(database: Database) {
    let clock = HeldClock::at(1_795_000_000_000_000);
    let scene = scene_with(&database, Setup { clock: Arc::new(clock.clone()), ..Setup::default() }).await;
    let (server, org) = (&scene.server, &scene.org);
    let (mia, ..) = server.member(org, "Mia", Role::Member).await;
    let _ = org.patch(&format!("people/{mia}"), "*", json!({ "role": "admin" })).await.is(204);
    let before = org.get("audit?limit=200").await.is(200).data().to_vec();
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        for path in ["audit".to_owned(), format!("audit/{}", before[0]["id"].as_str().unwrap())] {
            let request = org.request(method.clone(), &path).header("If-Match", "*").json(&json!({}));
            let status = org.send(request).await.status;
            assert!(matches!(status, 404 | 405), "{method} {path}: {status}");
        }
    }
    clock.advance_seconds(86_400);
    let _ = org.patch(&format!("people/{mia}"), "*", json!({ "role": "member" })).await.is(204);
    let _ = org.patch("organization", "*", json!({ "name": "Renamed" })).await.is(200);
    let after = org.get("audit?limit=200").await.is(200).data().to_vec();
    assert_eq!(after[2..], before[..]);
}

async fn who_administers_the_instance_sees_no_other_organizations_records(database: Database) {
    let scene = scene(&database).await;
    let server = &scene.server;
    // Whoever came first administers the instance.
    let (first, other) = (&scene.org, server.organization("Elm").await);
    assert_eq!(first.get("account").await.json["person"]["instance_admin"], true);
    let client = other.make(CLIENTS, json!({ "name": "Zanzibar" })).await;
    let _ = other.post("invitations", json!({ "email": "zanzibar@example.com" })).await.is(201);
    for path in [
        CLIENTS,
        "people",
        "invitations",
        "audit?limit=200",
        "changes",
        "views",
        "webhooks",
        "tokens",
        "links",
        "mail",
        "jobs",
        "search?q=zanzibar",
        "plugins",
        "plugins/projects/log",
    ] {
        let answer = first.get(path).await.is(200);
        assert!(!answer.text.to_lowercase().contains("zanzibar"), "{path}: {}", answer.text);
        assert!(!answer.text.contains(&other.id.to_string()), "{path}: {}", answer.text);
        assert!(!answer.text.contains(&other.email), "{path}: {}", answer.text);
    }
    let _ = first.get(&format!("{CLIENTS}/{client}")).await.is_problem(404, "not-found");
    let visitor = server.signed_in(first).await;
    assert_eq!(visitor.post("/organization", &[("organization", &other.id.to_string())]).await.status, 404);
    for path in ["/admin/plugins", "/admin/plugins/projects", "/admin/people", "/admin/audit", "/admin/mail"] {
        let page = visitor.get(path).await.is(200);
        page.hides("Zanzibar").hides("Elm");
    }
}
