//! A second organization sees and changes nothing of the first: every operation of the composed document is called with
//! the other's ids, in its path, its filters and its body. An operation without a case fails.

use crate::document::{Ids, OWN_FIELD, Operation, operations};
use crate::scene::{CLIENTS, PROJECTS, TASKS};
use lignaflow_testkit::{Answer, Database, Org, Page, Role, Scope, Server, on_both};
use serde_json::{Value as Json, json};

on_both!(
    another_organization_sees_and_changes_nothing,
    no_field_of_any_body_leads_to_another_organization,
    its_pages_show_nothing_of_another,
    one_person_in_two_organizations_is_in_one_at_a_time
);

/// Stands in every text of the first organization, and nowhere else.
const SECRET: &str = "Zanzibar";

/// What is to come of an operation that is called with another organization's ids.
#[derive(Debug, PartialEq, Eq)]
enum Case {
    /// There is no such thing.
    NotFound,
    /// A list, and none of theirs in it.
    Nothing,
    /// A body whose references lead to nothing.
    Refused,
    /// A record of one's own, which refers to nothing.
    Own,
    /// The host's own, about oneself and for anybody.
    OfOneself,
    /// It takes a session, which a token is not.
    Session,
}

fn case_of(operation: &Operation) -> Case {
    match operation.id.as_str() {
        "host_sign_in"
        | "host_me"
        | "host_list_tokens"
        | "host_list_people"
        | "host_list_roles"
        | "host_create_role"
        | "host_list_permissions"
        | "host_list_invitations"
        | "host_invite"
        | "host_join"
        | "host_enrol_device"
        | "host_sign_in_by_pin"
        | "host_ask_sign_up"
        | "host_sign_up"
        | "host_list_devices"
        | "host_create_device"
        | "host_add_placeholder"
        | "host_get_organization"
        | "host_change_organization"
        | "host_get_retention"
        | "host_set_retention"
        | "host_list_audit"
        | "host_add_person"
        | "host_upload_media"
        | "host_list_plugins"
        | "host_install_plugin"
        | "host_plugin_log"
        | "host_plugin_migration"
        | "host_search"
        | "host_inspect_plugin"
        | "host_plugin_kept"
        | "host_purge_plugin"
        | "host_uninstall_plugin"
        | "host_enable_plugin"
        | "host_consent"
        | "host_disable_plugin"
        | "host_changes"
        | "host_list_webhooks"
        | "host_list_jobs"
        | "host_list_schedules"
        | "host_list_subscribers"
        | "host_list_notices"
        | "host_read_notices"
        | "host_get_notice_settings"
        | "host_set_notice_settings"
        | "host_list_mail"
        | "host_test_mail"
        | "host_list_links"
        | "host_list_outbound"
        | "host_list_documents"
        | "host_list_templates"
        | "host_get_template"
        | "host_keep_template"
        | "host_drop_template"
        | "host_preview_template"
        | "host_get_logo"
        | "host_keep_logo"
        | "host_drop_logo"
        | "host_plugin_settings"
        | "host_fill_in_plugin_settings"
        | "host_plugin_figures"
        | "host_plugin_bounds"
        | "host_set_plugin_bounds"
        | "host_plugin_grants"
        | "host_grant_plugin"
        | "host_activate_plugin"
        | "host_deactivate_plugin"
        | "host_list_shipped_plugins"
        | "host_install_shipped_plugins"
        | "host_install_shipped_plugin"
        | "host_call_again"
        | "host_remove_organization"
        | "host_plugin_versions"
        | "host_roll_back_plugin"
        | "host_create_webhook" => Case::OfOneself,
        "host_sign_out"
        | "host_change_password"
        | "host_change_me"
        | "host_ask_address"
        | "host_begin_second_factor"
        | "host_confirm_second_factor"
        | "host_remove_second_factor"
        | "host_new_recovery_codes"
        | "host_prove"
        | "host_end_other_sessions"
        | "host_change_pin"
        | "host_export_me"
        | "host_accept_invitation"
        | "host_create_token"
        | "host_list_sessions"
        | "host_revoke_session" => Case::Session,
        "host_list_views" => Case::Nothing,
        "host_create_view" => Case::Own,
        "host_get_media"
        | "host_get_media_content"
        | "host_get_view"
        | "host_list_view_uses"
        | "host_use_view"
        | "host_list_view_links"
        | "host_share_view"
        | "host_withdraw_view_link"
        | "host_change_view"
        | "host_remove_view"
        | "host_change_person"
        | "host_revoke_device"
        | "host_set_pin"
        | "host_remove_pin"
        | "host_export_person"
        | "host_get_erasure"
        | "host_erase_person"
        | "host_withdraw_invitation"
        | "host_send_invitation_again"
        | "host_change_role"
        | "host_remove_role"
        | "host_set_roles"
        | "host_get_job"
        | "host_retry_job"
        | "host_cancel_job"
        | "host_resume_subscriber"
        | "host_read_notice"
        | "host_get_mail"
        | "host_send_mail_again"
        | "host_get_link"
        | "host_withdraw_link"
        | "host_retry_document"
        | "host_revoke_token" => Case::NotFound,
        id if id.starts_with("host_") && (id.contains("webhook") || id.contains("deliver")) => Case::NotFound,
        id if id.starts_with("projects_route_") && !operation.path.contains("{id}") => Case::OfOneself,
        id if id.starts_with("projects_route_") => Case::NotFound,
        id => match id.trim_start_matches("projects_").split('_').next().unwrap_or_default() {
            "list" | "summarize" => Case::Nothing,
            "batch" => Case::NotFound,
            "create" if operation.references.is_empty() => Case::Own,
            "create" => Case::Refused,
            // Whatever stands in a file, it is one's own; what it refers to is looked for among one's own records.
            // A field of the same name as theirs is one's own, too.
            "upload" | "add" => Case::OfOneself,
            _ if operation.path.contains("{id}") || operation.path.contains("{name}") => Case::NotFound,
            _ => panic!("{id} has no case: what may another organization not learn from it?"),
        },
    }
}

/// An organization whose every text tells a secret.
async fn first(server: &Server) -> (Org, Ids) {
    furnished(server, SECRET).await
}

const NOWHERE: &str = "01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f";

/// An organization with something of everything, and that text in all of it.
async fn furnished(server: &Server, text: &str) -> (Org, Ids) {
    let org = server.organization(text).await;
    let (person, ..) = server.member(&org, &format!("{text}ia"), Role::Member).await;
    for collection in [CLIENTS, PROJECTS, TASKS] {
        let field = json!({ "name": OWN_FIELD, "type": "text", "title": format!("In {text}") });
        let _ = org.post(&format!("{collection}/fields"), field).await.is(201);
    }
    let custom = json!({ OWN_FIELD: format!("{text} 7") });
    let client = json!({ "name": format!("{text} Ltd"), "number": format!("{text}-1"), "custom": custom });
    let client = org.make(CLIENTS, client).await;
    let body = json!({ "name": format!("Palace of {text}"), "client": client, "members": [person.to_string()] });
    let project = org.make(PROJECTS, body).await;
    let body = json!({ "title": format!("Sail to {text}"), "project": project, "assignees": [person.to_string()] });
    let task = org.make(TASKS, body).await;
    let amount = json!({ "minor": 700, "currency": "AUD" });
    let rest = [
        ("projects/contacts", json!({ "client": client, "name": text })),
        ("projects/sites", json!({ "client": client, "name": text })),
        ("projects/phases", json!({ "project": project, "name": text })),
        ("projects/locations", json!({ "project": project, "name": text })),
        ("projects/milestones", json!({ "project": project, "title": text })),
        ("projects/checklist", json!({ "task": task, "title": text })),
        ("projects/comments", json!({ "project": project, "text": text })),
        ("projects/costs", json!({ "project": project, "title": text, "date": "2026-11-26", "amount": amount })),
        ("projects/claims", json!({ "project": project, "title": text, "date": "2026-11-26", "amount": amount })),
        ("projects/baselines", json!({ "project": project, "title": text })),
    ];
    let mut made = Vec::new();
    for (collection, body) in rest {
        made.push((collection, org.make(collection, body).await));
    }
    // Of these the plugin alone makes any.
    made.extend(["projects/usage", "projects/alerts"].map(|it| (it, NOWHERE.to_owned())));
    server.token(&org.email, &org.name, Scope::All).await;
    let token = org.get("tokens").await.is(200).data()[0]["id"].as_str().unwrap().to_owned();
    let ids = [(CLIENTS, client), (PROJECTS, project), (TASKS, task), ("person", person.to_string()), ("token", token)];
    let mut ids = Ids::from(ids);
    ids.extend(made);
    let body = json!({ "collection": TASKS, "name": format!("{text} only"), "shared": true });
    ids.insert("view", org.post("views", body).await.is(201).id());
    ids.insert("session", NOWHERE.to_owned());
    let plan =
        crate::media::bring(&org, &format!("{text}.pdf"), "application/pdf", crate::media::PDF).await.is(201).id();
    let body = json!({ "documents": [plan] });
    let _ = org.patch(&format!("{PROJECTS}/{}", ids[PROJECTS]), "*", body).await.is(200);
    ids.insert("media", plan);
    ids.insert("plugin", "nothing".to_owned());
    let invitation = json!({ "email": format!("{text}@example.com"), "name": text });
    ids.insert("invitation", org.post("invitations", invitation).await.is(201).id());
    let webhook = org.post("webhooks", json!({ "url": format!("https://{text}.invalid/") })).await.is(201).id();
    ids.insert("webhook", webhook);
    // Jobs of another organization are a matter of their own tests: no plugin here has any.
    ids.insert("job", NOWHERE.to_owned());
    ids.insert("document", NOWHERE.to_owned());
    ids.insert("clients", ids[CLIENTS].clone());
    (org, ids)
}

/// Everything of an organization, as far as the API tells.
async fn everything(org: &Org) -> Vec<Json> {
    let mut all = Vec::new();
    for collection in [CLIENTS, PROJECTS, TASKS] {
        for archived in ["true", "false"] {
            let page = org
                .get(&format!("{collection}?filter[archived_at][is_null]={archived}&sort=id&limit=200"))
                .await
                .is(200);
            for row in page.data() {
                let history = org.get(&format!("{collection}/{}/history", row["id"].as_str().unwrap())).await.is(200);
                all.push(json!([row, history.json]));
            }
        }
    }
    all.push(org.get("views").await.is(200).json);
    all.push(org.get("people").await.is(200).json);
    let mut webhooks = org.get("webhooks").await.is(200).json;
    for webhook in webhooks["data"].as_array_mut().unwrap() {
        // The host's own finding: nobody answers at this address.
        webhook["failing_since"].take();
    }
    all.push(webhooks);
    all.push(json!(org.get("tokens").await.is(200).column("revoked_at")));
    all
}

#[track_caller]
fn tells_nothing(what: &str, answer: &Answer) {
    assert!(!answer.text.to_lowercase().contains(&SECRET.to_lowercase()), "{what} tells: {}", answer.text);
}

async fn another_organization_sees_and_changes_nothing(database: Database) {
    let server = database.serve().await;
    // Whoever comes first administers the instance; these two are about organizations.
    server.organization("Instance").await;
    let (first, theirs) = first(&server).await;
    let other = server.organization("Other").await;
    let mut own = theirs.clone();
    for (collection, body) in [(CLIENTS, json!({ "name": "Own" })), (PROJECTS, json!({ "name": "Own" }))] {
        own.insert(collection, other.make(collection, body).await);
    }
    own.insert(TASKS, other.make(TASKS, json!({ "title": "Own", "project": own[PROJECTS] })).await);
    let before = everything(&first).await;

    let document = other.get("/api/openapi.json").await.is(200);
    tells_nothing("the document", &document);
    for operation in operations(&document.json) {
        let what = format!("{} {}", operation.method, operation.path);
        let case = case_of(&operation);
        let body = match operation.id.as_str() {
            "host_sign_in" => json!({ "email": first.email, "password": "guessed, and wrong" }),
            "host_add_person" => {
                json!({ "email": first.email, "name": "x", "password": first.password, "role": "member" })
            }
            "host_change_person" => json!({ "role": "owner" }),
            "host_set_roles" => json!({ "roles": [] }),
            "host_erase_person" | "host_remove_organization" => json!({ "confirm": SECRET }),
            "host_set_retention" => json!({ "years": 0 }),
            "host_change_password" => json!({ "current_password": "guessed", "new_password": "guessed, too" }),
            "host_create_token" => json!({ "name": "theirs" }),
            "host_create_webhook" => json!({ "url": "https://nowhere.invalid/" }),
            "host_change_webhook" => json!({}),
            "host_replay_deliveries" => json!({ "from": "2020-01-01T00:00:00Z", "until": "2040-01-01T00:00:00Z" }),
            "host_change_role" => json!({ "title": "Theirs", "permissions": [] }),
            "host_confirm_second_factor" => json!({ "code": "000000" }),
            "host_prove" => json!({ "password": "guessed" }),
            "host_set_pin" => json!({ "username": "theirs" }),
            "host_change_pin" => json!({ "current": "273941", "pin": "540718" }),
            "host_accept_invitation" => json!({ "secret": "nothing" }),
            "host_ask_address" => json!({ "current_password": "guessed", "email": "x@example.com" }),
            "host_create_view" => json!({ "collection": TASKS, "name": "Own" }),
            "host_change_view" => json!({ "name": "Taken" }),
            "host_share_view" => json!({ "label": "Theirs" }),
            id if id.starts_with("projects_batch_") => {
                let collection = operation.collection().unwrap();
                json!({ "operations": [{ "update": { "id": theirs[collection.as_str()], "version": "*" } }] })
            }
            // The document's example of a text is longer than a period.
            "projects_create_alerts" => {
                let mut body = operation.body_with(&theirs);
                body["period"] = json!("2026-11");
                body
            }
            "host_purge_plugin" => json!({ "name": "nothing.things", "confirm": "nothing.things" }),
            _ => operation.body_with(&theirs),
        };
        let path = operation.path_with(&theirs);
        let answer = operation.call(&other.api, &path, &body).await;
        tells_nothing(&what, &answer);
        match case {
            Case::NotFound => {
                let _ = answer.is_problem(404, "not-found");
            }
            Case::Refused => {
                let refused = answer.is_problem(422, "invalid");
                // What else is wrong with an example is another matter.
                let of_references =
                    |path: &str| operation.references.contains_key(path.split('/').nth(1).unwrap_or_default());
                let issues = refused.issues().into_iter().filter(|(path, _)| of_references(path));
                // No claim is given by hand, whosever it is.
                let codes: Vec<_> = issues.map(|(_, code)| code).filter(|code| *code != "by-claiming").collect();
                assert!(!codes.is_empty() && codes.into_iter().all(says_not_there), "{what}: {}", refused.text);
            }
            Case::Own => {
                let _ = answer.is(201);
            }
            Case::Nothing => by_every_filter(&other, &operation, &theirs, answer).await,
            Case::OfOneself => assert!(answer.status < 500, "{what}: {}", answer.text),
            Case::Session => {
                let _ = answer.is_problem(403, "denied");
            }
        }
    }
    references_of_ones_own_records(&other, &own, &theirs).await;
    // An id of theirs tells nothing either: it can be one's own as well.
    let same = other.post(CLIENTS, json!({ "id": theirs[CLIENTS], "name": "Own as well" })).await.is(201);
    assert_eq!(other.get(same.location()).await.json["name"], "Own as well");
    assert_eq!(everything(&first).await, before, "and nothing of the first has changed");
}

/// The plugin's own reads do not find it, or the commit does not.
fn says_not_there(code: &str) -> bool {
    code == "unknown-reference" || code.starts_with("other-")
}

/// Of an answer to a body that names an id, everything but that id.
fn without(answer: &Answer, id: &str) -> (u16, Vec<(String, String, String)>) {
    let told = |issue: (&str, &str)| {
        let message = answer.message_at(issue.0).replace(id, "");
        (issue.0.to_owned(), issue.1.to_owned(), message)
    };
    (answer.status, answer.issues().into_iter().map(told).collect())
}

/// Each reference of each body in its turn leads to theirs, and everything else to one's own: what is told is what is
/// told of an id that nobody has.
async fn no_field_of_any_body_leads_to_another_organization(database: Database) {
    let server = database.serve().await;
    server.organization("Instance").await;
    let (first, theirs) = first(&server).await;
    let (other, own) = furnished(&server, "Own").await;
    let before = everything(&first).await;
    let document = other.get("/api/openapi.json").await.is(200);
    let (mut asked, mut taken) = (0, Vec::new());
    for operation in operations(&document.json) {
        let path = operation.path_with(&own);
        let nowhere = operation.path.contains("{id}") && path.contains(NOWHERE);
        // What a change of state may take beside it is taken as a change takes it, once the state allows it.
        let verb = operation.id.trim_start_matches("projects_").split('_').next().unwrap_or_default();
        let takes = matches!(verb, "create" | "update" | "route");
        if operation.collection().is_none() || !takes || nowhere {
            continue;
        }
        let changes = operation.id.starts_with("projects_update_");
        let whole = if changes { json!({}) } else { operation.body_with(&own) };
        for (field, (to, many)) in &operation.references {
            let Some(id) = theirs.get(to.as_str()).filter(|id| *id != NOWHERE) else { continue };
            let with = async |id: &str| {
                let mut body = whole.clone();
                body[field] = if *many { json!([id]) } else { json!(id) };
                operation.call(&other.api, &path, &body).await
            };
            let (answer, nobodys) = (with(id).await, with(NOWHERE).await);
            let what = format!("{} {field}: {}", operation.id, answer.text);
            tells_nothing(&what, &answer);
            assert_eq!(without(&answer, id), without(&nobodys, NOWHERE), "{what}");
            // Of two that are to belong together, the plugin may say so at the other. What takes no change at all is
            // locked, whatever the change.
            let said = answer.issues().into_iter().any(|(_, code)| says_not_there(code));
            if answer.status != 423 && !(answer.status == 422 && said) {
                taken.push(what);
            }
            asked += 1;
        }
    }
    assert!(taken.is_empty(), "{taken:#?}");
    assert!(asked > 40, "{asked} references were tried");
    assert_eq!(everything(&first).await, before, "and nothing of the first has changed");
}

/// No filter finds what is another's, by its id or by its text.
async fn by_every_filter(other: &Org, operation: &Operation, theirs: &Ids, plain: Answer) {
    let _ = plain.is(200);
    let mut queries = vec![format!("q={SECRET}"), format!("filter[created_by]={}", theirs["person"])];
    for id in [CLIENTS, PROJECTS, TASKS].map(|collection| &theirs[collection]) {
        queries.push(format!("filter[id]={id}"));
        queries.push(format!("filter[archived_at][is_null]=false&filter[id][in]={id}"));
        queries.extend(operation.filters.iter().map(|filter| format!("{filter}={id}")));
    }
    queries.extend(operation.filters.iter().map(|filter| format!("{filter}={SECRET}")));
    queries.extend(operation.filters.iter().map(|filter| format!("{filter}[contains]={SECRET}")));
    for query in queries {
        let answer = other.get(&format!("{}?{query}", operation.path)).await;
        match answer.status {
            200 => {
                tells_nothing(&query, &answer);
                let rows = answer.data();
                let none = rows.is_empty() || (rows.len() == 1 && rows[0]["count"] == 0);
                assert!(none, "{} {query}: {}", operation.path, answer.text);
            }
            // A filter that takes no such value, and says which it was given.
            422 => {}
            _ => panic!("{query}: {}", answer.text),
        }
    }
}

/// One's own records cannot be made to lead to another's.
async fn references_of_ones_own_records(other: &Org, own: &Ids, theirs: &Ids) {
    for (collection, change) in [
        (PROJECTS, json!({ "client": theirs[CLIENTS] })),
        (PROJECTS, json!({ "members": [theirs["person"]] })),
        (PROJECTS, json!({ "manager": theirs["person"] })),
        (TASKS, json!({ "project": theirs[PROJECTS] })),
        (TASKS, json!({ "parent": theirs[TASKS] })),
        (TASKS, json!({ "depends_on": [theirs[TASKS]] })),
        (TASKS, json!({ "assignees": [theirs["person"]] })),
        (TASKS, json!({ "photos": [theirs["media"]] })),
        (PROJECTS, json!({ "documents": [theirs["media"]] })),
    ] {
        let refused = other.patch(&format!("{collection}/{}", own[collection]), "*", change.clone()).await;
        tells_nothing(&change.to_string(), &refused);
        assert_eq!(refused.is_problem(422, "invalid").issues().len(), 1, "{change}");
    }
    let wish = json!({ "name": "Copy", "start": "2027-02-01", "client": theirs[CLIENTS] });
    let refused = other.post(&format!("{PROJECTS}/{}/copy", own[PROJECTS]), wish).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/client", "unknown-reference")]);
}

#[track_caller]
fn shows_nothing(what: &str, page: &Page) {
    tells_nothing(what, page);
}

async fn its_pages_show_nothing_of_another(database: Database) {
    let server = database.serve().await;
    server.organization("Instance").await;
    let (_, theirs) = first(&server).await;
    let other = server.organization("Other").await;
    let visitor = server.signed_in(&other).await;
    for (collection, id) in [CLIENTS, PROJECTS, TASKS].map(|collection| (collection, &theirs[collection])) {
        let list = visitor.get(&format!("/{collection}")).await.is(200);
        shows_nothing("a list", &list);
        shows_nothing("choices", &visitor.get(&format!("/{collection}/choices?q=z")).await.is(200));
        shows_nothing("a filter", &visitor.get(&format!("/{collection}?filter[id]={id}")).await.is(200));
        let record = format!("/{collection}/{id}");
        shows_nothing("a record", &visitor.get(&record).await.is(404));
        shows_nothing("a form", &visitor.get(&format!("{record}/edit")).await.is(404));
        let fields = [("name", "Taken"), ("title", "Taken"), ("~version", "1")];
        shows_nothing("a change", &visitor.post(&record, &fields).await.is(404));
        shows_nothing("an archiving", &visitor.post(&format!("{record}/archive"), &fields).await.is(404));
    }
    let task = format!("/projects/tasks/{}", theirs[TASKS]);
    shows_nothing("a transition", &visitor.post(&format!("{task}/to/finish"), &[]).await.is(404));
    for path in
        ["/", "/projects/-/overview", "/account", "/account/people?q=z", "/admin/plugins", "/admin/plugins/projects"]
    {
        shows_nothing(path, &visitor.get(path).await.is(200));
    }
    let found = visitor.get(&format!("/search?q={}", &SECRET[..5])).await.is(200);
    shows_nothing("a search", &found);
    let prefilled = visitor.get(&format!("/projects/tasks/new?project={}", theirs[PROJECTS])).await.is(200);
    shows_nothing("a prefilled form", &prefilled);
}

async fn one_person_in_two_organizations_is_in_one_at_a_time(database: Database) {
    let server = database.serve().await;
    let first = server.organization("Instance").await;
    let other = server.organization("Other").await;
    let body = json!({ "email": other.email, "role": "member" });
    let added = first.post("people", body).await.is(201);
    assert_eq!(added.json["existed"], true);
    first.give_roles(other.owner, &["projects.supervisor"]).await;
    first.make(CLIENTS, json!({ "name": "Of the first" })).await;
    other.make(CLIENTS, json!({ "name": "Of the other" })).await;

    let here = server.client(Some(&server.token(&other.email, "Instance", Scope::All).await));
    assert_eq!(here.get(CLIENTS).await.column("name"), ["Of the first"]);
    assert_eq!(
        other.get(CLIENTS).await.column("name"),
        ["Of the other"],
        "the token of before stays where it was made"
    );
    let visitor = server.signed_in(&other).await;
    visitor.get("/projects/clients").await.shows("Of the first").hides("Of the other");
    let moved = visitor.post("/organization", &[("organization", &other.id.to_string())]).await;
    assert_eq!((moved.status, moved.to()), (303, "/"));
    visitor.get("/projects/clients").await.shows("Of the other").hides("Of the first");
    let strange = server.organization("Third").await;
    assert_eq!(visitor.post("/organization", &[("organization", &strange.id.to_string())]).await.status, 404);
}
