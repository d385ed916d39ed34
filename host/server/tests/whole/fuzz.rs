//! The API document against the server that it describes: schemathesis makes requests from it, good ones and bad ones,
//! and holds every answer against it. It takes minutes and a program of its own: `cargo xtask fuzz-api` runs it.

use crate::scene::{CLIENTS, PROJECTS, TASKS};
use lignaflow_testkit::plugins::shipped;
use lignaflow_testkit::{Database, Method, On, Org, Role, Scope, Server, Setup, on};
use serde_json::{Value as Json, json};
use std::path::Path;
use std::process::Stdio;
use tokio::process::Command;

/// The program, and how many requests it makes of each operation in each phase.
const PROGRAM: &str = "LIGNAFLOW_SCHEMATHESIS";
const EXAMPLES: &str = "LIGNAFLOW_SCHEMATHESIS_EXAMPLES";
/// As whom they are made, comma-separated.
const ROLES: &str = "LIGNAFLOW_SCHEMATHESIS_ROLES";

/// What every answer must be: no fault of the server, and as the document says.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes and schemathesis: cargo xtask fuzz-api"]
async fn every_answer_is_as_the_document_says_on_sqlite() {
    on(On::Sqlite, every_answer_is_as_the_document_says).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes and schemathesis: cargo xtask fuzz-api"]
async fn every_answer_is_as_the_document_says_on_postgres() {
    on(On::Postgres, every_answer_is_as_the_document_says).await;
}

async fn every_answer_is_as_the_document_says(database: Database) {
    let program = std::env::var(PROGRAM).expect("cargo xtask fuzz-api names the program");
    let plugins = ["projects", "estimates", "timesheets", "reporting"].map(shipped).to_vec();
    let server = database.serve_with(Setup { plugins, ..Setup::default() }).await;
    // Whoever comes first administers the instance.
    let org = server.organization("Halloran").await;
    let client = org.make(CLIENTS, json!({ "name": "Marrickville Dental" })).await;
    let authority = server.app.config.certs_dir.join("ca.pem");
    let roles = std::env::var(ROLES).unwrap_or_else(|_| "owner,member,nobody".to_owned());
    let mut failed = Vec::new();
    for role in roles.split(',') {
        let (person, token) = actor(&server, &org, role).await;
        let project = json!({ "name": format!("Fit-out for {role}"), "client": client, "members": [person] });
        let project = org.make(PROJECTS, project).await;
        let task = org.make(TASKS, json!({ "title": "Cut", "project": project })).await;
        // Each has a document of their own: fields that they never see are not in it. Nobody has none.
        let asked = server.client(Some(token.as_ref().unwrap_or(&org.token)));
        let mut document = asked.get("/api/openapi.json").await.is(200).json;
        name_what_is_there(&mut document, &[(CLIENTS, &client), (PROJECTS, &project), (TASKS, &task)]);
        let file = database.folder().join(format!("openapi-{role}.json"));
        std::fs::write(&file, document.to_string()).unwrap();
        println!("\n===== asked by {role} =====");
        if !run(&program, &file, &server.root, &authority, token.as_deref()).await {
            failed.push(role);
        }
    }
    assert!(failed.is_empty(), "answers that are not as the document says, asked by {failed:?}: see above");
}

/// Somebody of that role, with what they ask with.
async fn actor(server: &Server, org: &Org, role: &str) -> (String, Option<String>) {
    let host = match role {
        "nobody" => return (org.owner.to_string(), None),
        "owner" => return (org.owner.to_string(), Some(org.token.clone())),
        "reader" => {
            let token = server.token(&org.email, &org.name, Scope::Read).await;
            return (org.owner.to_string(), Some(token));
        }
        "admin" => Role::Admin,
        _ => Role::Member,
    };
    let (person, email, _) = server.member(org, role, host).await;
    // Any other is a role that the plugin declares.
    if !matches!(role, "admin" | "member") {
        let path = format!("people/{person}/roles");
        let body = json!({ "roles": [format!("projects.{role}")] });
        let _ = org.send(org.request(Method::PUT, &path).json(&body)).await.is(204);
    }
    (person.to_string(), Some(server.token(&email, &org.name, Scope::All).await))
}

/// Gives records that are there as examples of ids, so that not every request is for nothing.
fn name_what_is_there(document: &mut Json, ids: &[(&str, &String)]) {
    let paths = document["paths"].as_object_mut().unwrap();
    for (path, operations) in paths {
        let Some((_, id)) = ids.iter().find(|(name, _)| path.starts_with(&format!("/api/v1/{name}/{{id}}"))) else {
            continue;
        };
        for operation in operations.as_object_mut().unwrap().values_mut() {
            let parameters = operation["parameters"].as_array_mut().unwrap();
            for parameter in parameters.iter_mut().filter(|parameter| parameter["name"] == "id") {
                parameter["example"] = json!(id);
            }
        }
    }
}

async fn run(program: &str, document: &Path, root: &str, authority: &Path, token: Option<&str>) -> bool {
    let examples = std::env::var(EXAMPLES).unwrap_or_else(|_| "30".to_owned());
    let mut command = Command::new(program);
    command.arg("run").arg(document).args(["--url", root, "--checks", CHECKS, "--max-examples", &examples]);
    // Who is refused before the body is read loses the connection with it, which takes a second each time.
    let phases = if token.is_some() { "examples,coverage,fuzzing" } else { "examples" };
    command.args(["--phases", phases, "--seed", "1", "--continue-on-failure", "--no-color"]);
    // These would end what the requests are made with, or turn off what they are made of; files of plugins are not made
    // up by the program.
    for operation in [
        "host_change_password",
        "host_sign_out",
        "host_revoke_token",
        "host_disable_plugin",
        "host_install_plugin",
        "host_inspect_plugin",
        "host_uninstall_plugin",
        "host_roll_back_plugin",
        "host_change_person",
    ] {
        command.args(["--exclude-operation-id", operation]);
    }
    // A connection that lay idle while requests were thought up is gone.
    command.args(["--request-retries", "2"]);
    command.arg("--tls-verify").arg(authority).stdin(Stdio::null()).kill_on_drop(true);
    // Nothing that is set for other servers is meant for this one.
    command.env_remove("HTTPS_PROXY").env_remove("https_proxy").env("NO_PROXY", "localhost");
    command.env("REQUESTS_CA_BUNDLE", authority).current_dir(document.parent().unwrap());
    if let Some(token) = token {
        command.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    command.status().await.expect("schemathesis").success()
}
