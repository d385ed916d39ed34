//! What keeps the program from starting is said in a sentence that names it, with an exit code, and leaves nothing behind.

use lignaflow_testkit::program::{Program, free_port};
use lignaflow_testkit::{Database, On, PASSWORD, on_both, on_one};
use std::path::Path;

mod on_each {
    use super::*;

    on_both!(a_database_that_is_newer_than_the_program_is_refused);

    async fn a_database_that_is_newer_than_the_program_is_refused(database: Database) {
        let program = program(&database).with("LIGNAFLOW_DATABASE_URL", database.url());
        let _ = program.run(&["migrate"]).await.done();
        database.come_from_the_future().await;
        let https = free_port().to_string();
        for words in [&["migrate"][..], &["plugin", "list"], &["serve", "--https", &https, "--http="]] {
            let told = program.run(words).await.failed(1);
            assert!(told.contains("newer"), "{words:?}: {told}");
        }
    }
}

on_one!(
    a_port_in_use_is_named,
    a_database_that_cannot_be_reached_is_named_without_its_password,
    no_database_is_made_by_accident,
    a_database_that_is_none_is_refused,
    a_certificate_that_cannot_be_read_is_named,
    settings_that_cannot_be_are_all_told,
    a_server_that_is_told_to_stop_ends_well,
);

fn program(database: &Database) -> Program {
    Program::new(env!("CARGO_BIN_EXE_lignaflow"), database.folder())
}

fn is_empty(folder: &Path) -> bool {
    folder.read_dir().unwrap().next().is_none()
}

async fn a_port_in_use_is_named(database: Database) {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let told = program(&database).run(&["serve", "--https", &address, "--http="]).await.failed(1);
    assert!(told.contains(&address) && told.contains("in use") && told.contains("server.https"), "{told}");
    let told =
        program(&database).run(&["serve", "--https", &free_port().to_string(), "--http", &address]).await.failed(1);
    assert!(told.contains(&address) && told.contains("server.http"), "{told}");
    assert!(is_empty(database.folder()), "nothing was made");
}

async fn a_database_that_cannot_be_reached_is_named_without_its_password(database: Database) {
    let nowhere = free_port().port();
    let program = program(&database)
        .with("LIGNAFLOW_DATABASE_URL", format!("postgres://lignaflow:hush-hush@127.0.0.1:{nowhere}/lignaflow"));
    let https = free_port().to_string();
    for words in [&["migrate"][..], &["serve", "--https", &https, "--http="], &["plugin", "list"]] {
        let told = program.run(words).await.failed(1);
        assert!(told.contains(&format!("127.0.0.1:{nowhere}")) && told.contains("lignaflow"), "{told}");
        assert!(!told.contains("hush-hush"), "{told}");
    }
}

async fn no_database_is_made_by_accident(database: Database) {
    let program = program(&database);
    for words in [
        &["plugin", "list"][..],
        &["token", "create", "--email", "jo@example.com", "--organization", "Halloran"],
        &["organization", "create", "Halloran", "--owner", "jo@example.com", "--password-stdin"],
        &["setup-url"],
    ] {
        let told = program.run_with(words, PASSWORD).await.failed(1);
        assert!(told.contains("there is no database at") && told.contains("--data-dir"), "{told}");
    }
    assert!(is_empty(database.folder()));
}

async fn a_database_that_is_none_is_refused(database: Database) {
    let data = database.folder().join("data");
    std::fs::create_dir(&data).unwrap();
    let file = data.join("lignaflow.db");
    std::fs::write(&file, "this was never a database, and is long enough to be looked at".repeat(20)).unwrap();
    let told = program(&database).run(&["migrate"]).await.failed(1);
    assert!(told.contains("lignaflow.db"), "{told}");
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("this was never"), "it is left as it was");
}

async fn a_certificate_that_cannot_be_read_is_named(database: Database) {
    let (certificate, key) = (database.folder().join("own.pem"), database.folder().join("own-key.pem"));
    let program = program(&database)
        .with("LIGNAFLOW_TLS__CERTIFICATE", certificate.display().to_string())
        .with("LIGNAFLOW_TLS__KEY", key.display().to_string());
    let https = free_port().to_string();
    let serve = ["serve", "--https", https.as_str(), "--http="];
    let told = program.run(&serve).await.failed(1);
    assert!(told.contains("own.pem") && told.contains("cannot be read"), "{told}");
    std::fs::write(&certificate, "not a certificate").unwrap();
    std::fs::write(&key, "not a key").unwrap();
    let told = program.run(&serve).await.failed(1);
    assert!(told.contains("own.pem"), "{told}");
    assert!(!database.folder().join("data").exists(), "the certificate is looked at first");
}

async fn settings_that_cannot_be_are_all_told(database: Database) {
    let program = program(&database)
        .with("LIGNAFLOW_SERVER__HTTPS", "everywhere")
        .with("LIGNAFLOW_PLUGINS__ROUTE__CPU_MS", "0")
        .with("LIGNAFLOW_LOG__FORMAT", "loud")
        .with("SECRET_KEY", "short");
    let told = program.run(&["serve"]).await.failed(1);
    for text in
        ["server.https", "LIGNAFLOW_SERVER__HTTPS", "plugins.route.cpu_ms", "log.format", "secret_key", "4 faults"]
    {
        assert!(told.contains(text), "{text}: {told}");
    }
    assert!(!told.contains("short\""), "{told}");
    let file = database.folder().join("own.toml");
    std::fs::write(&file, "[server\nhttps = 1\n").unwrap();
    let told = self::program(&database).run(&["serve", "--config", file.to_str().unwrap()]).await.failed(1);
    assert!(told.contains("own.toml"), "{told}");
    let told = self::program(&database).run(&["serve", "--config", "nowhere.toml"]).await.failed(1);
    assert!(told.contains("nowhere.toml"), "{told}");
}

async fn a_server_that_is_told_to_stop_ends_well(database: Database) {
    assert_eq!(database.kind(), On::Sqlite);
    let mut server = program(&database).serve().await;
    let _ = server.client(None).get("/health/ready").await.is(200);
    assert!(server.told().contains("/setup"), "the first start prints the setup address: {}", server.told());
    let ended = server.terminate().await;
    assert_eq!(ended.code(), Some(0), "{}", server.told());
}
