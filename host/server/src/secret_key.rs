//! The key that signs what leaves the server and must come back unchanged.

use crate::config::{Config, Secret};
use crate::private_file::{self, Readable};
use std::fs;
use std::io;
use std::path::PathBuf;

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
}

/// The configured key, or the one in the data folder, which is made where there is none.
pub fn secret_key(config: &Config) -> Result<Secret, SecretKeyError> {
    if !config.secret_key.is_empty() {
        return Ok(config.secret_key.clone());
    }
    let path = config.data_dir.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) if text.trim().len() < 32 => Err(SecretKeyError::Short { path }),
        Ok(text) => Ok(Secret::new(text.trim())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut random = [0; 32];
            let provider = rustls::crypto::aws_lc_rs::default_provider();
            provider.secure_random.fill(&mut random).map_err(|_| SecretKeyError::Random)?;
            let key = hex::encode(random);
            match private_file::write(&path, key.as_bytes(), Readable::ByOwner) {
                Ok(()) => Ok(Secret::new(key)),
                Err(source) => Err(SecretKeyError::Write { path, source }),
            }
        }
        Err(source) => Err(SecretKeyError::Read { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config { data_dir: folder.path().into(), ..Config::default() };
        let made = secret_key(&config).unwrap();
        assert_eq!(made.expose().len(), 64);
        assert_eq!(secret_key(&config).unwrap(), made);
        config.secret_key = Secret::new("configured");
        assert_eq!(secret_key(&config).unwrap().expose(), "configured");
    }

    #[test]
    fn a_file_that_holds_none_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "short").unwrap();
        let config = Config { data_dir: folder.path().into(), ..Config::default() };
        assert!(matches!(secret_key(&config), Err(SecretKeyError::Short { .. })));
        assert_eq!(fs::read_to_string(folder.path().join(FILE)).unwrap(), "short");
    }
}
