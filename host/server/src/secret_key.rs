//! The key that signs what leaves the server and must come back unchanged, and that what is kept secret is sealed with;
//! and those before it, which still open what they sealed until that is sealed anew ([`crate::rotation`]).

use crate::config::{Config, Secret};
use crate::private_file::{self, Readable};
use lignaflow_identity::Keys;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const FILE: &str = "secret.key";

#[derive(Debug, thiserror::Error)]
pub enum SecretKeyError {
    #[error("the secret key in {path} cannot be read")]
    Read { path: PathBuf, source: io::Error },
    #[error("the secret key cannot be written to {path}")]
    Write { path: PathBuf, source: io::Error },
    #[error("{path} holds no secret key: it is to be at least 32 characters; delete it to have one made")]
    Short { path: PathBuf },
    #[error("there is no randomness to make a secret key of")]
    Random,
    #[error("the settings name a `secret_key`: change it there, and name the one before in `former_secret_keys`")]
    Configured,
}

/// The configured key, or the one in the data folder, which is made where there is none; then those of
/// `former_secret_keys`, and those that stand below it in the file.
pub fn secret_keys(config: &Config) -> Result<Keys, SecretKeyError> {
    let text = |key: &Secret| key.expose().to_owned();
    let set = config.former_secret_keys.iter().filter(|key| !key.is_empty()).map(text);
    if !config.secret_key.is_empty() {
        return Ok(Keys::new(config.secret_key.expose(), set));
    }
    let path = config.data_dir.join(FILE);
    let mut lines = match kept(&path)? {
        Some(lines) => lines,
        None => vec![write_fresh(&path, &[])?],
    };
    let now = lines.remove(0);
    Ok(Keys::new(now.expose(), lines.iter().map(text).chain(set)))
}

/// Puts a new key before those of the data folder, which stay for reading. Only where the settings name none.
pub fn renew(config: &Config) -> Result<(), SecretKeyError> {
    if !config.secret_key.is_empty() {
        return Err(SecretKeyError::Configured);
    }
    let path = config.data_dir.join(FILE);
    let former = kept(&path)?.unwrap_or_default();
    write_fresh(&path, &former).map(|_| ())
}

/// The keys of the file, one a line, where there is one.
fn kept(path: &Path) -> Result<Option<Vec<Secret>>, SecretKeyError> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            if lines.is_empty() || lines.iter().any(|line| line.len() < 32) {
                return Err(SecretKeyError::Short { path: path.to_owned() });
            }
            Ok(Some(lines.into_iter().map(Secret::new).collect()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SecretKeyError::Read { path: path.to_owned(), source }),
    }
}

/// A new key in the first line, and these below it.
fn write_fresh(path: &Path, former: &[Secret]) -> Result<Secret, SecretKeyError> {
    let mut random = [0; 32];
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.secure_random.fill(&mut random).map_err(|_| SecretKeyError::Random)?;
    let key = hex::encode(random);
    let lines: Vec<&str> = std::iter::once(key.as_str()).chain(former.iter().map(Secret::expose)).collect();
    match private_file::write(path, lines.join("\n").as_bytes(), Readable::ByOwner) {
        Ok(()) => Ok(Secret::new(key)),
        Err(source) => Err(SecretKeyError::Write { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(config: &Config) -> Vec<String> {
        secret_keys(config).unwrap().all().map(str::to_owned).collect()
    }

    #[test]
    fn a_key_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config { data_dir: folder.path().into(), ..Config::default() };
        let made = all(&config);
        assert_eq!((made.len(), made[0].len()), (1, 64));
        assert_eq!(all(&config), made);
        config.secret_key = Secret::new("configured");
        config.former_secret_keys = vec![Secret::new("before")];
        assert_eq!(all(&config), ["configured", "before"]);
        assert!(matches!(renew(&config), Err(SecretKeyError::Configured)));
    }

    #[test]
    fn a_new_key_stands_before_those_that_were() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { data_dir: folder.path().into(), ..Config::default() };
        let first = all(&config);
        renew(&config).unwrap();
        let second = all(&config);
        assert_ne!(second[0], first[0]);
        assert_eq!(second[1..], first);
        renew(&config).unwrap();
        assert_eq!(all(&config)[1..], second);
    }

    #[test]
    fn a_file_that_holds_none_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "short").unwrap();
        let config = Config { data_dir: folder.path().into(), ..Config::default() };
        assert!(matches!(secret_keys(&config), Err(SecretKeyError::Short { .. })));
        assert_eq!(fs::read_to_string(folder.path().join(FILE)).unwrap(), "short");
    }
}
