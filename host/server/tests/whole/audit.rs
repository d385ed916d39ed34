//! What is written down of who signed in and who changed what may be done; and roles, which change it.

use lignaflow_testkit::plugins::declared;
use lignaflow_testkit::site::{ENTRIES, HOURS};
use lignaflow_testkit::{Client, Database, Method, Role, Setup, on_both};
use serde_json::{Value as Json, json};

on_both!(
    what_was_done_is_read_by_kind_by_person_and_by_words,
    the_audit_is_paged_and_taken_away_as_a_file,
    an_organization_makes_roles_of_its_own,
    an_organization_changes_what_a_plugins_role_brings,
    nobody_is_made_an_administrator_by_a_role,
);

const ROLES: &str = "[roles]\nsupervisor = { title = \"Supervisor\", permissions = [\"see-all\", \"see-rates\"] }\n\n\
                     [[collections]]";

fn setup() -> Setup {
    Setup { plugins: vec![declared(&HOURS.replacen("[[collections]]", ROLES, 1))], ..Setup::default() }
}

async fn put(api: &Client, path: &str, body: Json) -> lignaflow_testkit::Answer {
    api.send(api.request(Method::PUT, path).json(&body)).await
}

async fn what_was_done_is_read_by_kind_by_person_and_by_words(database: Database) {
    let server = database.serve().await;
    let (org, elm) = (server.organization("Halloran").await, server.organization("Elm").await);
    let (mia_id, email, mia) = server.member(&org, "Mia", Role::Member).await;
    let visitor = server.visitor();
    let _ = visitor.post("/sign-in", &[("email", &email), ("password", "guessed wrongly")]).await.is(403);
    visitor.sign_in(&email, &org.password).await;
    let _ = org.patch(&format!("people/{mia_id}"), "*", json!({ "role": "admin" })).await.is(204);

    let all = org.get("audit").await.is(200);
    assert_eq!(
        all.column("kind")[..4],
        ["member.role-changed", "session.opened", "session.failed", "token.created"].map(str::to_owned)
    );
    let changed = &all.data()[0];
    assert_eq!(changed["detail"]["after"], "admin");
    assert_eq!(changed["person"], org.owner.to_string());
    assert!(changed["token"].is_string(), "by which token: {changed}");
    assert_eq!(changed["address"], "127.0.0.1");
    assert!(!all.text.contains("guessed wrongly"));

    let failed = org.get("audit?kind=session.failed").await.is(200);
    assert_eq!((failed.data().len(), &failed.data()[0]["person"]), (1, &json!(mia_id.to_string())));
    assert_eq!(org.get("audit?kind=session").await.column("kind"), ["session.opened", "session.failed"]);
    assert_eq!(org.get(&format!("audit?person={mia_id}&kind=session.opened")).await.data().len(), 1);
    assert!(org.get("audit?q=MIA").await.data().len() >= 2, "by the name of who acted");
    assert!(org.get("audit?q=100%25_").await.data().is_empty(), "no character of it means anything else");
    assert!(org.get("audit?until=2020-01-01T00:00:00Z").await.data().is_empty());
    assert!(elm.get("audit").await.is(200).data().iter().all(|row| row["person"] != mia_id.to_string()));
    assert!(mia.get("audit").await.is(200).data().len() > 3, "an administrator by now");
    let (_, _, ben) = server.member(&org, "Ben", Role::Member).await;
    let _ = ben.get("audit").await.is_problem(403, "denied");
    let wrong = org.get("audit?person=mia&from=now&limit=0&after=x&colour=red").await.is_problem(422, "invalid");
    let paths: Vec<&str> = wrong.issues().into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["/person", "/from", "/limit", "/after", "/colour"]);
}

async fn the_audit_is_paged_and_taken_away_as_a_file(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    for n in 0..7 {
        let _ = org.post("people/placeholders", json!({ "name": format!("Ron {n}") })).await.is(201);
    }
    let whole = org.get("audit?kind=member&limit=200").await.is(200).column("id");
    let (mut paged, mut next) = (Vec::new(), Some("/api/v1/audit?kind=member&limit=3".to_owned()));
    while let Some(path) = next {
        let page = org.get(&path).await.is(200);
        paged.extend(page.column("id"));
        next = page.json["next"].as_str().map(str::to_owned);
    }
    assert_eq!((paged.len(), &paged), (7, &whole));
    let file = org.request(Method::GET, "audit?kind=member").header("Accept", "text/csv");
    let file = org.send(file).await.is(200);
    assert!(file.header("content-disposition").contains(".csv"));
    assert_eq!(file.text.lines().count(), 8, "{}", file.text);
    assert!(file.text.starts_with("at,kind,person,address,token,detail\r\n"));
    assert_eq!(org.get("audit?limit=1").await.data()[0]["kind"], "audit.exported", "that, too, is written down");

    let visitor = server.signed_in(&org).await;
    visitor
        .get("/admin/audit?kind=member")
        .await
        .is(200)
        .shows("title=\"member.placeholder-added\">Member placeholder added</span>")
        .hides(">Audit exported</span>");
    let csv = visitor.get("/admin/audit.csv?kind=member").await.is(200);
    assert_eq!(csv.text.lines().count(), 8);
    let (_, email, _) = server.member(&org, "Mia", Role::Member).await;
    let mia = server.visitor();
    mia.sign_in(&email, &org.password).await;
    let _ = mia.get("/admin/audit").await.is(403);
    let _ = mia.get("/admin/audit.csv").await.is(403);
}

async fn an_organization_makes_roles_of_its_own(database: Database) {
    let server = database.serve_with(setup()).await;
    let org = server.organization("Halloran").await;
    let (mia_id, email, mia) = server.member(&org, "Mia", Role::Member).await;
    let _ = org.post(ENTRIES, json!({ "note": "Slate" })).await.is(201);
    let form = json!({ "name": "foreman", "title": "Foreman", "permissions": ["hours.see-all", "organization.audit"] });
    let _ = org.post("roles", form.clone()).await.is(201);
    let taken = org.post("roles", form).await.is_problem(409, "conflict");
    assert_eq!(taken.issues(), [("/name", "taken")]);
    let wrong = json!({ "name": "Owner", "title": "", "permissions": ["hours.see-al", "organization.administer"] });
    let refused = org.post("roles", wrong).await.is_problem(422, "invalid");
    assert_eq!(
        refused.issues(),
        [
            ("/title", "required"),
            ("/name", "name"),
            ("/permissions/0", "unknown-permission"),
            ("/permissions/1", "unknown-permission")
        ]
    );
    assert!(refused.message_at("/permissions/0").contains("`hours.see-all`"), "{}", refused.text);

    assert!(mia.get(ENTRIES).await.data().is_empty());
    let _ = mia.get("audit").await.is_problem(403, "denied");
    let _ = put(&org, &format!("people/{mia_id}/roles"), json!({ "roles": ["foreman"] })).await.is(204);
    assert_eq!(mia.get(ENTRIES).await.column("note"), ["Slate"]);
    let _ = mia.get("audit").await.is(200);
    let table = org.get("permissions").await.is(200);
    let row = |name: &str| table.data().iter().find(|row| row["permission"] == name).cloned().unwrap();
    assert_eq!(row("hours.see-all")["held_by"], json!(["owner", "admin", "hours.supervisor", "foreman"]));
    assert_eq!(row("records.read")["held_by"], json!(["owner", "admin", "member"]));

    let _ = put(&org, "roles/foreman", json!({ "title": "Foreman", "permissions": [] })).await.is(204);
    assert!(mia.get(ENTRIES).await.data().is_empty(), "from the next request on");
    let elm = server.organization("Elm").await;
    let _ = put(&elm, "roles/foreman", json!({ "title": "X", "permissions": [] })).await.is_problem(404, "not-found");
    let _ = elm.delete("roles/foreman", "*").await.is_problem(404, "not-found");
    let _ = org.delete("roles/foreman", "*").await.is(204);
    let people = org.get("people").await;
    assert!(people.data().iter().all(|row| row["roles"] == json!([])), "{}", people.text);

    let owner = server.signed_in(&org).await;
    owner.get("/admin/roles").await.is(200).shows("Who can do what").shows("See all").shows("Supervisor");
    let made =
        owner.post("/admin/roles", &[("title", "Lead"), ("name", "lead"), ("permission", "hours.see-all")]).await;
    assert_eq!(made.to(), "/admin/roles", "{}", made.text);
    owner.get("/admin/roles").await.is(200).shows("action=\"/admin/roles/lead\"");
    let _ = owner.post("/admin/roles", &[("title", "Lead"), ("name", "lead")]).await.is(409);
    assert_eq!(owner.post("/admin/roles/lead/remove", &[]).await.status, 303);
    let visitor = server.visitor();
    visitor.sign_in(&email, &org.password).await;
    let _ = visitor.get("/admin/roles").await.is(403);
    let _ = visitor.post("/admin/roles", &[("title", "Mine"), ("name", "mine")]).await.is(403);
}

async fn an_organization_changes_what_a_plugins_role_brings(database: Database) {
    let server = database.serve_with(setup()).await;
    let (org, elm) = (server.organization("Halloran").await, server.organization("Elm").await);
    let rate = json!({ "minor": 9500, "currency": "AUD" });
    let (mia_id, _, mia) = server.member(&org, "Mia", Role::Member).await;
    let (ben_id, _, ben) = server.member(&elm, "Ben", Role::Member).await;
    for (org, person) in [(&org, mia_id), (&elm, ben_id)] {
        let _ = org.post(ENTRIES, json!({ "note": "Slate", "rate": rate })).await.is(201);
        let roles = json!({ "roles": ["hours.supervisor"] });
        let _ = put(org, &format!("people/{person}/roles"), roles).await.is(204);
    }
    assert_eq!(mia.get(ENTRIES).await.data()[0]["rate"]["minor"], 9500);
    let _ = put(&org, "roles/hours.supervisor", json!({ "permissions": ["hours.see-all"] })).await.is(204);
    assert!(mia.get(ENTRIES).await.data()[0].get("rate").is_none());
    assert_eq!(ben.get(ENTRIES).await.data()[0]["rate"]["minor"], 9500, "elsewhere it is as the plugin has it");
    let role = |roles: &lignaflow_testkit::Answer| {
        let row = roles.data().iter().find(|row| row["role"] == "hours.supervisor").cloned().unwrap();
        (row["origin"].clone(), row["permissions"].clone())
    };
    assert_eq!(role(&org.get("roles").await), (json!("changed"), json!(["hours.see-all"])));
    let _ = org.delete("roles/hours.supervisor", "*").await.is(204);
    assert_eq!(mia.get(ENTRIES).await.data()[0]["rate"]["minor"], 9500);
    assert_eq!(role(&org.get("roles").await), (json!("plugin"), json!(["hours.see-all", "hours.see-rates"])));
}

async fn nobody_is_made_an_administrator_by_a_role(database: Database) {
    let server = database.serve_with(setup()).await;
    let org = server.organization("Halloran").await;
    let (mia_id, _, mia) = server.member(&org, "Mia", Role::Member).await;
    let form = json!({ "name": "lead", "title": "Lead", "permissions": ["plugins.switch", "organization.audit"] });
    let _ = org.post("roles", form).await.is(201);
    let _ = put(&org, &format!("people/{mia_id}/roles"), json!({ "roles": ["lead"] })).await.is(204);
    let _ = mia.act("plugins/hours/disable").await.is(204);
    let mine = json!({ "title": "Lead", "permissions": ["hours.see-all"] });
    let _ = put(&mia, "roles/lead", mine).await.is_problem(403, "denied");
    let _ = put(&mia, &format!("people/{mia_id}/roles"), json!({ "roles": [] })).await.is_problem(403, "denied");
    let _ = mia.get("people").await.is_problem(403, "denied");
    for permission in ["organization.administer", "instance.plugins", "records.write"] {
        let form = json!({ "name": "crook", "title": "Crook", "permissions": [permission] });
        let refused = org.post("roles", form).await.is_problem(422, "invalid");
        assert_eq!(refused.issues(), [("/permissions/0", "unknown-permission")]);
    }
}
