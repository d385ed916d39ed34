use super::authority::Local;
use super::*;
use std::fs;
use tempfile::TempDir;

/// Any moment: nothing here is verified against the machine's clock.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_hours(500_000)
}

const DAY: Duration = Duration::from_hours(24);

fn config(folder: &TempDir) -> Config {
    Config { certs_dir: folder.path().join("certs"), ..Config::default() }
}

fn leaf_of(folder: &TempDir) -> Vec<u8> {
    fs::read(folder.path().join("certs/leaf.pem")).unwrap()
}

/// A certificate and key of somebody's own, in two files.
fn own(folder: &TempDir, name: &str) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["ligna.example".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join(format!("{name}.pem")), folder.path().join(format!("{name}-key.pem")));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (certificate, key)
}

fn with_own(certificate: &Path, key: &Path) -> Config {
    let mut config = Config::default();
    config.tls.certificate = certificate.into();
    config.tls.key = key.into();
    config
}

fn error_of(config: &Config) -> String {
    Certificates::prepare(config, clock_of_today()).unwrap_err().to_string()
}

#[test]
fn the_first_run_makes_an_authority_and_a_leaf_and_the_second_keeps_them() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    let certificates = Certificates::prepare(&config, clock_of_today()).unwrap();
    assert_eq!(certificates.authority().unwrap(), config.certs_dir.join("ca.pem"));
    let (leaf, authority) = (leaf_of(&folder), fs::read(config.certs_dir.join("ca.pem")).unwrap());
    assert!(leaf.ends_with(&authority), "the chain ends in the authority");
    Certificates::prepare(&config, clock_of_today()).unwrap();
    assert_eq!(leaf_of(&folder), leaf);
}

#[cfg(unix)]
#[test]
fn keys_are_their_owners_alone_also_if_they_were_not() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    Certificates::prepare(&config, clock_of_today()).unwrap();
    let mode = |name: &str| fs::metadata(config.certs_dir.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("ca-key.pem"), mode("leaf-key.pem")), (0o600, 0o600));
    assert_eq!((mode("ca.pem"), mode("leaf.pem")), (0o644, 0o644));
    fs::set_permissions(config.certs_dir.join("leaf-key.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    Certificates::prepare(&config, clock_of_today()).unwrap();
    assert_eq!(mode("leaf-key.pem"), 0o600);
}

#[test]
fn the_leaf_is_renewed_with_thirty_days_left_and_the_authority_stays() {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::new(folder.path(), "localhost");
    let start = now();
    let first = local.ensure(start).unwrap();
    let authority = fs::read(folder.path().join("ca.pem")).unwrap();
    assert_eq!(local.ensure(start + 59 * DAY).unwrap().cert, first.cert);
    let second = local.ensure(start + 61 * DAY).unwrap();
    assert_ne!(second.cert[0], first.cert[0]);
    assert_eq!(fs::read(folder.path().join("ca.pem")).unwrap(), authority);
    local.ensure(start + 3_630 * DAY).unwrap();
    assert_ne!(fs::read(folder.path().join("ca.pem")).unwrap(), authority, "ten years later it is made again");
}

#[test]
fn another_public_host_gets_a_leaf_of_the_same_authority() {
    let folder = tempfile::tempdir().unwrap();
    let now = now();
    let first = Local::new(folder.path(), "localhost").ensure(now).unwrap();
    let second = Local::new(folder.path(), "ligna.example").ensure(now).unwrap();
    assert_ne!(first.cert[0], second.cert[0]);
    assert_eq!(first.cert[1], second.cert[1]);
    assert_eq!(Local::new(folder.path(), "ligna.example").ensure(now).unwrap().cert, second.cert);
}

#[test]
fn an_authority_whose_key_is_not_its_own_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::new(folder.path(), "localhost");
    local.ensure(now()).unwrap();
    let (_, other) = own(&folder, "other");
    fs::copy(other, folder.path().join("ca-key.pem")).unwrap();
    fs::remove_file(folder.path().join("leaf.pem")).unwrap();
    let error = local.ensure(now()).unwrap_err().to_string();
    assert!(error.contains("ca-key.pem does not belong to the certificate in") && error.contains("ca.pem;"), "{error}");
    assert!(!folder.path().join("leaf.pem").exists());
}

#[test]
fn a_broken_leaf_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::new(folder.path(), "localhost");
    local.ensure(now()).unwrap();
    fs::write(folder.path().join("leaf.pem"), "half a fi").unwrap();
    assert_eq!(local.ensure(now()).unwrap().cert.len(), 2);
}

#[test]
fn what_is_wrong_with_ones_own_files_is_said_with_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = own(&folder, "one");
    let (_, other) = own(&folder, "two");
    let text = folder.path().join("text");
    let encrypted = folder.path().join("encrypted");
    fs::write(&text, "hello").unwrap();
    fs::write(&encrypted, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
        .unwrap();
    let name = |path: &Path| path.display().to_string();

    assert!(Certificates::prepare(&with_own(&certificate, &key), clock_of_today()).unwrap().authority().is_none());
    let cases = [
        (
            &certificate,
            &other,
            format!("{} does not belong to the certificate in {}", name(&other), name(&certificate)),
        ),
        (&text, &key, format!("{} is not PEM", name(&text))),
        (&certificate, &text, format!("{} is not PEM", name(&text))),
        (&key, &key, format!("{} holds no certificate", name(&key))),
        (&certificate, &certificate, format!("{} holds no private key", name(&certificate))),
        (&certificate, &encrypted, format!("{} is encrypted", name(&encrypted))),
    ];
    for (certificate, key, expected) in cases {
        let error = error_of(&with_own(certificate, key));
        assert!(error.contains(&expected), "{error}\nshould contain\n{expected}");
    }
    let missing = folder.path().join("missing.pem");
    assert_eq!(error_of(&with_own(&missing, &key)), format!("{} cannot be read", name(&missing)));
}

#[test]
fn a_new_certificate_is_taken_up_and_a_bad_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = own(&folder, "live");
    let certificates = Certificates::prepare(&with_own(&certificate, &key), clock_of_today()).unwrap();
    let shown = || certificates.live.0.load_full().cert[0].clone();
    let first = shown();
    own(&folder, "live");
    certificates.reload().unwrap();
    let second = shown();
    assert_ne!(first, second);
    fs::write(&key, "broken").unwrap();
    certificates.reload().unwrap_err();
    assert_eq!(shown(), second);
}
