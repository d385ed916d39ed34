use super::*;
use std::fs;
use tempfile::TempDir;

/// A folder with a settings' file and a `.env`, both as given.
fn folder(file: &str, dotenv: &str) -> (TempDir, Inputs) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lignaflow.toml");
    fs::write(&path, file).unwrap();
    fs::write(folder.path().join(".env"), dotenv).unwrap();
    let inputs = Inputs { file: Some(path), dotenv: Some(folder.path().join(".env")), ..Inputs::default() };
    (folder, inputs)
}

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn messages(inputs: &Inputs) -> Vec<String> {
    load(inputs).unwrap_err().faults().iter().map(ToString::to_string).collect()
}

#[test]
fn the_commented_file_repeats_the_defaults_exactly() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(DEFAULT_FILE);
    let text = fs::read_to_string(&path).unwrap();
    let file: toml::Table = text.parse().unwrap();
    let defaults = toml::Table::try_from(Config::default()).unwrap();
    assert_eq!(file, defaults);
    let loaded = load(&Inputs { file: Some(path), ..Inputs::default() }).unwrap();
    assert_eq!(loaded.config, Config::default());
    assert_eq!(loaded.warnings, Vec::<String>::new());
}

#[test]
fn without_any_source_the_defaults_hold() {
    let loaded = load(&Inputs::default()).unwrap();
    assert_eq!(loaded.config, Config::default());
    assert_eq!(loaded.sources["server.https"], "default");
    assert_eq!(loaded.config.database(), "sqlite:data/lignaflow.db");
}

#[test]
fn flags_win_over_environment_over_dotenv_over_file() {
    let file = "data_dir = 'file'\ncerts_dir = 'file'\nplugins_dir = 'file'\n[server]\nhttp = '127.0.0.1:1'\n";
    let dotenv = "LIGNAFLOW_DATA_DIR=dotenv\nLIGNAFLOW_CERTS_DIR=dotenv\nLIGNAFLOW_PLUGINS_DIR=dotenv\n";
    let (_folder, mut inputs) = folder(file, dotenv);
    inputs.environment = environment(&[("LIGNAFLOW_DATA_DIR", "env"), ("LIGNAFLOW_CERTS_DIR", "env"), ("PATH", "/")]);
    inputs.flags = vec![Flag::new("--data-dir", "data_dir", "flag")];
    let loaded = load(&inputs).unwrap();
    assert_eq!(loaded.config.data_dir, Path::new("flag"));
    assert_eq!(loaded.config.certs_dir, Path::new("env"));
    assert_eq!(loaded.config.plugins_dir, Path::new("dotenv"));
    assert_eq!(loaded.config.server.http.unwrap().port(), 1);
    assert_eq!(loaded.sources["data_dir"], "flag --data-dir");
    assert_eq!(loaded.sources["certs_dir"], "environment LIGNAFLOW_CERTS_DIR");
    assert_eq!(loaded.sources["plugins_dir"], ".env LIGNAFLOW_PLUGINS_DIR");
    assert!(loaded.sources["server.http"].starts_with("file "));
}

#[test]
fn variables_are_read_by_the_kind_of_their_setting() {
    let inputs = Inputs {
        environment: environment(&[
            ("LIGNAFLOW_SERVER__HTTP", ""),
            ("LIGNAFLOW_SERVER__BODY_BYTES", "2_000_000"),
            ("LIGNAFLOW_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8"),
            ("LIGNAFLOW_SECRET_KEY", "12345678901234567890123456789012"),
        ]),
        ..Inputs::default()
    };
    let config = load(&inputs).unwrap().config;
    assert_eq!(config.server.http, None);
    assert_eq!(config.server.body_bytes, 2_000_000);
    assert!(config.server.trusted_proxies[0].contains("10.9.8.7".parse().unwrap()));
    assert!(config.server.trusted_proxies[1].contains("fd00::1".parse().unwrap()));
    assert_eq!(config.secret_key.expose(), "12345678901234567890123456789012");
}

#[test]
fn the_former_names_still_work_and_give_way_to_the_present_ones() {
    let former = [("DATABASE_URL", "postgres://old@db/old"), ("ALLOWED_HOSTS", "a.example,.b.example")];
    let mut inputs = Inputs { environment: environment(&former), ..Inputs::default() };
    let config = load(&inputs).unwrap().config;
    assert_eq!(config.database(), "postgres://old@db/old");
    assert_eq!(config.server.allowed_hosts, ["a.example", ".b.example"]);
    inputs.environment.insert(0, ("LIGNAFLOW_DATABASE_URL".into(), "postgres://new@db/new".into()));
    assert_eq!(load(&inputs).unwrap().config.database(), "postgres://new@db/new");
}

#[test]
fn reading_dotenv_leaves_the_process_environment_alone() {
    let (_folder, inputs) = folder("", "LIGNAFLOW_DATA_DIR=elsewhere\n");
    assert_eq!(load(&inputs).unwrap().config.data_dir, Path::new("elsewhere"));
    assert!(std::env::var_os("LIGNAFLOW_DATA_DIR").is_none());
}

#[test]
fn every_fault_is_reported_at_once_with_its_key_and_source() {
    let (_folder, mut inputs) = folder("[server]\nhttps = 'nowhere'\nconnections = 'many'\nbody_bytes = 1\n", "");
    inputs.environment = environment(&[("LIGNAFLOW_SERVER__PUBLIC_URL", "http://x"), ("LIGNAFLOW_TLS__KEY", "k.pem")]);
    inputs.flags = vec![Flag::new("--set", "log.format", "xml"), Flag::new("--set", "server.htps", "1")];
    let faults = messages(&inputs);
    let file = inputs.file.as_ref().unwrap().display().to_string();
    let expected = [
        "flag --set: there is no setting `server.htps`; did you mean `server.https`?".to_owned(),
        "log.format is to be auto, pretty or json (flag --set)".to_owned(),
        format!("server.connections is to be a whole number, not string \"many\" (file {file})"),
        format!(
            "server.https is to be an address with a port, such as 127.0.0.1:8443, 0.0.0.0:8443 or [::1]:8443 (file {file})"
        ),
        "server.public_url is to be an https address without a path, such as https://localhost:8443 \
         (environment LIGNAFLOW_SERVER__PUBLIC_URL)"
            .to_owned(),
        format!("server.body_bytes is 1, and is to be between 1024 and 1073741824 (file {file})"),
        "tls.certificate is to be set too, since tls.key is (default)".to_owned(),
    ];
    for fault in &expected {
        assert!(faults.contains(fault), "{fault}\nis not among\n{}", faults.join("\n"));
    }
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
}

#[test]
fn a_table_where_a_value_belongs_is_a_fault_and_so_is_the_reverse() {
    let (_folder, inputs) = folder("server = 5\n[data_dir]\nx = 1\n", "");
    let faults = messages(&inputs);
    assert!(faults.iter().any(|fault| fault.starts_with("server is to be a table")), "{faults:?}");
    assert!(faults.iter().any(|fault| fault.starts_with("data_dir is to be text")), "{faults:?}");
}

#[test]
fn unknown_keys_warn_with_the_nearest_known_one() {
    let (_folder, mut inputs) = folder("databse_url = ''\n[sever]\nhttps = '127.0.0.1:1'\n[zzz]\nq = 1\n", "");
    inputs.environment = environment(&[("LIGNAFLOW_SERVER__HTPP", ""), ("LIGNAFLOW_REQUIRE", "postgres")]);
    let loaded = load(&inputs).unwrap();
    let file = inputs.file.unwrap().display().to_string();
    assert_eq!(
        loaded.warnings,
        [
            format!("file {file}: there is no setting `databse_url`; did you mean `database_url`?"),
            format!("file {file}: there is no setting `sever.https`; did you mean `server.https`?"),
            format!("file {file}: there is no setting `zzz.q`"),
            "environment LIGNAFLOW_SERVER__HTPP: there is no setting `server.htpp`; did you mean `server.http`?".into(),
        ]
    );
    assert_eq!(loaded.config.server, Server::default());
}

#[test]
fn files_that_cannot_be_read_say_which_and_where() {
    let missing = Inputs { file: Some("/nowhere/lignaflow.toml".into()), ..Inputs::default() };
    assert!(messages(&missing)[0].starts_with("file /nowhere/lignaflow.toml: cannot be read: "));
    let (_folder, inputs) = folder("data_dir = 'a'\nsecret_key = hunter2hunter2\n", "OK=1\nhunter3 hunter3\n");
    let faults = messages(&inputs);
    assert!(faults[0].contains("lignaflow.toml: line 2 is not TOML"), "{faults:?}");
    assert!(faults[1].contains(".env: line 2 is not NAME=value"), "{faults:?}");
    assert!(!faults.concat().contains("hunter"), "{faults:?}");
}

#[test]
fn secrets_show_themselves_nowhere() {
    let secret = "0123456789abcdef0123456789abcdef";
    let inputs = Inputs {
        environment: environment(&[
            ("SECRET_KEY", secret),
            ("LIGNAFLOW_SERVER__METRICS_TOKEN", secret),
            ("DATABASE_URL", "postgres://me:hun@ter2@db.example/lignaflow?sslmode=require&sslpassword=hunter3"),
        ]),
        ..Inputs::default()
    };
    let loaded = load(&inputs).unwrap();
    for text in [format!("{loaded:?}"), show(&loaded).unwrap(), toml::to_string(&loaded.config).unwrap()] {
        assert!(!text.contains(secret) && !text.contains("hun"), "{text}");
        assert!(text.contains("postgres://me:[redacted]@db.example/lignaflow?sslmode=require&sslpassword=[redacted]"));
    }
}

#[test]
fn a_faulty_secret_is_not_repeated_in_the_fault() {
    let inputs = Inputs {
        environment: environment(&[("SECRET_KEY", "hunter2"), ("DATABASE_URL", "mysql://root:hunter2@db/x")]),
        ..Inputs::default()
    };
    let faults = messages(&inputs).join("\n");
    assert!(faults.contains("secret_key is too short") && faults.contains("database_url is to be sqlite:path"));
    assert!(!faults.contains("hunter2"), "{faults}");
}

#[test]
fn what_is_shown_names_each_source_and_reads_back_as_the_same_settings() {
    let inputs = Inputs { flags: vec![Flag::new("--http", "server.http", "")], ..Inputs::default() };
    let loaded = load(&inputs).unwrap();
    let shown = show(&loaded).unwrap();
    let line = |start: &str| shown.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
    assert!(line("http = \"\"").ends_with("# flag --http"));
    assert!(line("https = \"127.0.0.1:8443\"").ends_with("# default"));
    assert_eq!(toml::from_str::<Config>(&shown).unwrap(), loaded.config);
}

#[test]
fn who_says_where_it_listens_opens_it_there() {
    let opened = |flags: &[(&str, &str)]| {
        let flags = flags.iter().map(|(key, value)| Flag::new(format!("--{key}"), *key, *value)).collect();
        load(&Inputs { flags, ..Inputs::default() }).unwrap().config.server.public_url.to_string()
    };
    let here = ("server.https", "127.0.0.1:9443");
    assert_eq!(opened(&[]), "https://localhost:8443");
    assert_eq!(opened(&[here]), "https://localhost:9443");
    assert_eq!(opened(&[here, ("server.public_url", "https://localhost:8443")]), "https://localhost:8443");
    assert_eq!(opened(&[here, ("server.public_url", "https://ligna.example")]), "https://ligna.example");
}

#[test]
fn public_urls_are_origins() {
    let origin = |text: &str| text.parse::<PublicUrl>().map(|url| url.origin().to_owned());
    assert_eq!(origin("https://Ligna.Example:443/").unwrap(), "https://ligna.example");
    assert_eq!(origin("https://[::1]:8443").unwrap(), "https://[::1]:8443");
    assert_eq!("https://[::1]:8443".parse::<PublicUrl>().unwrap().host(), "::1");
    for wrong in ["localhost:8443", "http://a", "https://a/b", "https://u@a", "https://a?b", "https://", "https://a:0"]
    {
        assert!(origin(wrong).is_err(), "{wrong}");
    }
    let local = |text: &str| text.parse::<PublicUrl>().unwrap().is_local();
    assert!(local("https://localhost:1") && local("https://127.0.0.1") && local("https://[::1]"));
    assert!(!local("https://ligna.example") && !local("https://localhost.example"));
}

#[test]
fn networks_contain_by_prefix_and_see_through_mapped_addresses() {
    let network = |text: &str| text.parse::<Network>();
    let in_network = |net: &str, ip: &str| network(net).unwrap().contains(ip.parse().unwrap());
    assert!(in_network("10.0.0.0/8", "10.255.1.1") && !in_network("10.0.0.0/8", "11.0.0.1"));
    assert!(in_network("10.0.0.0/8", "::ffff:10.0.0.1"));
    assert!(in_network("0.0.0.0/0", "1.2.3.4") && in_network("::/0", "fd00::1") && !in_network("::/0", "1.2.3.4"));
    assert!(in_network("192.0.2.7", "192.0.2.7") && !in_network("192.0.2.7", "192.0.2.8"));
    for wrong in ["10.0.0.0/33", "::/129", "ten", "10.0.0.0/x", ""] {
        assert!(network(wrong).is_err(), "{wrong}");
    }
}
