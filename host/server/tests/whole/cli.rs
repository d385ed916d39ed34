//! The program's commands, as an operator types them: beside a running server or without one.

use crate::durability::furnished;
use lignaflow_testkit::program::Program;
use lignaflow_testkit::{Database, On, PASSWORD, on_both, on_one, plugins};
use serde_json::{Value as Json, json};

mod on_each {
    use super::*;

    on_both!(an_instance_is_furnished_without_a_browser, a_running_server_notices_what_a_command_changes);

    async fn an_instance_is_furnished_without_a_browser(database: Database) {
        let program = program(&database);
        let migrated = program.run(&["migrate"]).await.done();
        let place = if database.kind() == On::Postgres { "PostgreSQL" } else { "SQLite" };
        assert!(migrated.err.contains(place) || migrated.out.contains(place), "{}{}", migrated.out, migrated.err);
        let _ = program.run(&["migrate"]).await.done();

        let create = ["organization", "create", "Halloran & Beck", "--owner", "jo@example.com", "--password-stdin"];
        let _ = program.run_with(&create, PASSWORD).await.done();
        let again = program.run_with(&create, PASSWORD).await.failed(1);
        assert!(again.contains("Halloran & Beck already"), "{again}");

        let file = plugins::path("projects");
        let _ = program.run(&["plugin", "install", file.to_str().unwrap()]).await.done();
        let _ = program.run(&["plugin", "enable", "projects", "--organization", "Halloran & Beck"]).await.done();
        let words = ["token", "create", "--email", "jo@example.com", "--organization", "Halloran & Beck"];
        let token = program.run(&words).await.done().out;
        let (token, rest) = token.split_once('\n').unwrap();
        assert!(token.starts_with("lf_") && token.len() == 46 && rest.is_empty(), "the token alone: {token}{rest}");

        let server = program.serve().await;
        let api = server.client(Some(token));
        let made = api.post("projects/clients", json!({ "name": "Marrickville Dental" })).await.is(201);
        assert_eq!(api.get("projects/clients").await.column("id"), [made.id()]);
    }

    async fn a_running_server_notices_what_a_command_changes(database: Database) {
        let (program, token) = furnished(program(&database)).await;
        let server = program.serve().await;
        let api = server.client(Some(&token));
        let _ = api.get("projects/tasks").await.is(200);
        let refused = program.run(&["plugin", "disable", "projects", "--organization", "Halloran"]).await;
        assert!(
            refused.err.contains("`estimates`, `reporting`, `timesheets`"),
            "what needs it is named: {}",
            refused.err
        );
        for plugin in ["reporting", "timesheets", "estimates", "projects"] {
            let _ = program.run(&["plugin", "disable", plugin, "--organization", "Halloran"]).await.done();
        }
        until(async || api.get("projects/tasks").await.status == 404).await;
        let listed = program.run(&["plugin", "list"]).await.done().out;
        assert!(listed.contains("projects") && listed.contains("0.1.0"), "{listed}");
        let _ = program.run(&["plugin", "enable", "projects", "--organization", "Halloran"]).await.done();
        until(async || api.get("projects/tasks").await.status == 200).await;
        // For everybody likewise: what others need is stopped after them.
        let refused = program.run(&["plugin", "disable", "projects"]).await;
        assert!(refused.err.contains("which `estimates` asks for"), "{}", refused.err);
        let _ = api.get("projects/tasks").await.is(200);
        for plugin in ["reporting", "timesheets", "estimates", "projects"] {
            let _ = program.run(&["plugin", "disable", plugin]).await.done();
        }
        until(async || api.get("projects/tasks").await.status == 404).await;
    }
}

on_one!(
    a_password_is_reset_and_sessions_end,
    settings_are_shown_with_their_origin_and_without_secrets,
    documents_are_json,
    the_setup_address_is_printed_until_there_is_an_organization,
    health_asks_the_running_server,
    what_is_named_wrong_is_told,
    a_first_start_brings_everything_without_an_error,
    the_version_before_is_gone_back_to_by_command,
    a_shipped_plugin_is_on_also_where_its_file_lies_beside_the_program,
);

/// What the program brings needs each other, and is brought in that order.
async fn a_first_start_brings_everything_without_an_error(database: Database) {
    let program = program(&database);
    let server = program.serve().await;
    let told = server.told();
    assert!(!told.contains("ERROR"), "{told}");
    let listed = program.run(&["plugin", "list"]).await.done();
    for plugin in ["projects", "estimates", "timesheets", "reporting"] {
        assert!(listed.out.contains(plugin), "{}", listed.out);
    }
    assert!(!listed.err.contains("ERROR"), "{}", listed.err);
}

async fn the_version_before_is_gone_back_to_by_command(database: Database) {
    let program = program(&database);
    let _ = program.run(&["migrate"]).await.done();
    for version in ["0.1.0", "0.2.0"] {
        let descriptor = format!(
            "id = \"tools\"\nversion = \"{version}\"\ntitle = \"Tools\"\napi = \"0.1\"\n\n[[collections]]\nname = \"tools\"\n\
             title = {{ one = \"Tool\", many = \"Tools\" }}\ndisplay = \"name\"\n\n[collections.fields]\n\
             name = {{ type = \"text\", required = true }}\n{}",
            if version == "0.2.0" { "shelf = { type = \"integer\" }\n" } else { "" }
        );
        let file = database.folder().join(format!("tools-{version}.wasm"));
        std::fs::write(&file, plugins::declared(&descriptor)).unwrap();
        let _ = program.run(&["plugin", "install", file.to_str().unwrap()]).await.done();
    }
    let kept = program.run(&["plugin", "versions", "tools"]).await.done().out;
    let lines: Vec<&str> = kept.lines().collect();
    assert!(lines[0].starts_with("0.2.0") && lines[0].ends_with("in use") && lines[1].starts_with("0.1.0"), "{kept}");
    let plan = program.run(&["plugin", "rollback", "tools", "--dry-run"]).await.done().out;
    assert!(plan.contains("tools 0.1.0 in the place of 0.2.0") && plan.contains("keep the field `shelf`"), "{plan}");
    let done = program.run(&["plugin", "rollback", "tools"]).await.done().out;
    assert!(done.contains("tools is back at 0.1.0, from 0.2.0."), "{done}");
    let refused = program.run(&["plugin", "rollback", "tools"]).await.failed(1);
    assert!(refused.contains("No version of tools is kept from before the one in use."), "{refused}");
    let _ = program.run(&["plugin", "rollback", "tools", "--to", "0.2.0"]).await.done();
    let listed = program.run(&["plugin", "list"]).await.done().out;
    assert!(listed.lines().any(|line| line.starts_with("tools") && line.contains("0.2.0")), "{listed}");
}

fn program(database: &Database) -> Program {
    let program = Program::new(env!("CARGO_BIN_EXE_lignaflow"), database.folder());
    match database.kind() {
        On::Sqlite => program,
        On::Postgres => program.with("LIGNAFLOW_DATABASE_URL", database.url()),
    }
}

/// As in a clone, where building leaves what is shipped in the very folder that the host looks into.
async fn a_shipped_plugin_is_on_also_where_its_file_lies_beside_the_program(database: Database) {
    if !cfg!(feature = "shipped") {
        return;
    }
    let beside = database.folder().join("plugins/dist");
    std::fs::create_dir_all(&beside).unwrap();
    std::fs::copy(plugins::path("projects"), beside.join("projects.wasm")).unwrap();
    let program = Program::new(env!("CARGO_BIN_EXE_lignaflow"), database.folder());
    let server = program.serve().await;
    let listed = program.run(&["plugin", "list"]).await.done().out;
    assert!(listed.contains("on where not switched off"), "{listed}");
    let create = ["organization", "create", "Halloran", "--owner", "jo@example.com", "--password-stdin"];
    let _ = program.run_with(&create, PASSWORD).await.done();
    let words = ["token", "create", "--email", "jo@example.com", "--organization", "Halloran"];
    let token = program.run(&words).await.done().out;
    let _ = server.client(Some(token.trim())).get("projects/clients").await.is(200);
}

/// Asks until it is so. The answers take their time themselves; a server that never gets there is ended by the runner.
async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::task::yield_now().await;
    }
}

async fn a_password_is_reset_and_sessions_end(database: Database) {
    let (program, _) = furnished(program(&database)).await;
    let reset = ["user", "reset-password", "jo@example.com", "--password-stdin"];
    let _ = program.run_with(&reset, "another long enough password\n").await.done();
    let weak = program.run_with(&reset, "oak").await.failed(1);
    assert!(weak.contains("8 characters"), "{weak}");
    let nobody = ["user", "reset-password", "nobody@example.com", "--password-stdin"];
    let refused = program.run_with(&nobody, PASSWORD).await.failed(1);
    assert!(refused.contains("nobody@example.com"), "{refused}");
    let empty = program.run_with(&reset, "").await.failed(1);
    assert!(empty.contains("no password on standard input"), "{empty}");
}

async fn settings_are_shown_with_their_origin_and_without_secrets(database: Database) {
    let program = Program::new(env!("CARGO_BIN_EXE_lignaflow"), database.folder())
        .with("LIGNAFLOW_SERVER__HTTPS", "127.0.0.1:9443")
        .with("DATABASE_URL", "postgres://lignaflow:hush-hush@db.example/lignaflow")
        .with("SECRET_KEY", "0123456789abcdef0123456789abcdef")
        .with("LIGNAFLOW_SERVER__METRICS_TOKEN", "a-token-of-the-operators");
    let shown = program.run(&["config", "show", "--set", "log.level=debug"]).await.done().out;
    for text in
        ["127.0.0.1:9443", "LIGNAFLOW_SERVER__HTTPS", "db.example", "DATABASE_URL", "SECRET_KEY", "debug", "--set"]
    {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    for secret in ["hush-hush", "0123456789abcdef", "a-token-of"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    std::fs::write(database.folder().join(".env"), "LIGNAFLOW_LOG__LEVEL=warn\nLIGNAFLOW_SERVER__HTTPS=127.0.0.1:1\n")
        .unwrap();
    let shown = program.run(&["config", "show"]).await.done().out;
    assert!(shown.contains("warn") && shown.contains("127.0.0.1:9443"), "the environment wins over .env: {shown}");
    let flagged = program.run(&["--set", "server.https=127.0.0.1:7443", "config", "show"]).await.done().out;
    assert!(flagged.contains("127.0.0.1:7443"), "flags win over all: {flagged}");
    assert!(!database.folder().join("data").exists(), "to look makes nothing");
}

async fn documents_are_json(database: Database) {
    let (program, _) = furnished(program(&database)).await;
    let document: Json = serde_json::from_str(&program.run(&["openapi"]).await.done().out).unwrap();
    assert_eq!(document["openapi"].as_str().map(|version| &version[..4]), Some("3.1."));
    assert!(document["paths"].as_object().unwrap().len() > 5);
    let schema: Json = serde_json::from_str(&program.run(&["schema"]).await.done().out).unwrap();
    assert!(schema["properties"]["collections"].is_object());
}

async fn the_setup_address_is_printed_until_there_is_an_organization(database: Database) {
    let program = program(&database);
    let _ = program.run(&["migrate"]).await.done();
    let first = program.run(&["setup-url"]).await.done().out;
    let second = program.run(&["setup-url"]).await.done().out;
    let address = |text: &str| text.split_whitespace().find(|word| word.starts_with("https://")).unwrap().to_owned();
    assert!(address(&first).contains("/setup"), "{first}");
    assert_ne!(address(&first), address(&second), "the newest serves");
    let create = ["organization", "create", "Halloran", "--owner", "jo@example.com", "--password-stdin"];
    let _ = program.run_with(&create, PASSWORD).await.done();
    let ran = program.run(&["setup-url"]).await;
    assert!(!ran.out.contains("https://"), "{}", ran.out);
}

async fn health_asks_the_running_server(database: Database) {
    let (program, _) = furnished(program(&database)).await;
    let mut server = program.serve().await;
    let there = program
        .clone()
        .with("LIGNAFLOW_SERVER__HTTPS", server.https.to_string())
        .with("LIGNAFLOW_SERVER__PUBLIC_URL", &server.root);
    let _ = there.run(&["health"]).await.done();
    let ended = server.terminate().await;
    assert_eq!(ended.code(), Some(0), "{}", server.told());
    let _ = there.run(&["health"]).await.failed(1);
}

async fn what_is_named_wrong_is_told(database: Database) {
    let (program, _) = furnished(program(&database)).await;
    let words = ["token", "create", "--email", "jo@example.com", "--organization", "Hallorann"];
    let refused = program.run(&words).await.failed(1);
    assert!(refused.contains("Hallorann"), "{refused}");
    let words = ["plugin", "enable", "project", "--organization", "Halloran"];
    let refused = program.run(&words).await.failed(1);
    assert!(refused.contains("project"), "{refused}");
    let refused = program.run(&["plugin", "install", "nowhere.wasm"]).await.failed(1);
    assert!(refused.contains("nowhere.wasm"), "{refused}");
    let text = database.folder().join("text.wasm");
    std::fs::write(&text, "no plugin").unwrap();
    let refused = program.run(&["plugin", "install", text.to_str().unwrap()]).await.failed(1);
    assert!(refused.contains("not WebAssembly"), "{refused}");
    let _ = program.run(&["serv"]).await.failed(2);
    let version = program.run(&["--version"]).await.done().out;
    assert!(version.starts_with("lignaflow "), "{version}");
}
