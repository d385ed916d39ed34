//! Secrets that stand for somebody: made of 256 random bits, shown once, and kept as their SHA-256 alone. They are too
//! long to guess, so a plain hash keeps them as safe as a slow one would.

use lignaflow_core::Fault;
use sha2::{Digest, Sha256};
use std::fmt;

/// What every API token begins with, so that scanners of published code know one.
pub(crate) const TOKEN_PREFIX: &str = "lf_";

/// How much of an API token is kept to tell it from others.
const SHOWN: usize = TOKEN_PREFIX.len() + 6;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// 43 letters and digits carry 256 bits, and are selected by a double click.
const LENGTH: usize = 43;

/// A secret in clear. It shows itself to nobody but who asks for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn fresh() -> Result<Self, Fault> {
        Self::with_prefix("")
    }

    pub(crate) fn token() -> Result<Self, Fault> {
        Self::with_prefix(TOKEN_PREFIX)
    }

    fn with_prefix(prefix: &str) -> Result<Self, Fault> {
        let mut text = String::with_capacity(prefix.len() + LENGTH);
        text.push_str(prefix);
        let mut random = [0_u8; 64];
        while text.len() < prefix.len() + LENGTH {
            getrandom::fill(&mut random).map_err(|error| {
                tracing::error!(%error, "the system gives no random bytes");
                Fault::internal()
            })?;
            // 248 is 4 times 62: what lies above would make some letters likelier.
            let letters =
                random.iter().filter(|byte| **byte < 248).map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
            text.extend(letters.take(prefix.len() + LENGTH - text.len()));
        }
        Ok(Self(text))
    }

    /// The secret itself, for the one who is to keep it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The beginning of it, which tells it from others and gives nothing away.
    pub(crate) fn prefix(&self) -> &str {
        self.0.get(..SHOWN).unwrap_or_default()
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a secret is kept as.
pub(crate) fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Whether the text can be a secret with that prefix at all. What cannot is not looked up.
pub(crate) fn looks_right(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| rest.len() == LENGTH && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_random_and_does_not_show_itself() {
        let (one, other) = (Secret::token().unwrap(), Secret::token().unwrap());
        assert_ne!(one, other);
        assert!(looks_right(one.expose(), TOKEN_PREFIX));
        assert!(!looks_right(one.expose(), ""));
        assert!(looks_right(Secret::fresh().unwrap().expose(), ""));
        assert_eq!(format!("{one:?}"), "Secret(…)");
        assert_eq!(one.prefix().len(), 9);
        assert!(one.expose().starts_with(one.prefix()));
    }

    #[test]
    fn what_is_cut_or_garbled_is_no_secret() {
        let secret = Secret::fresh().unwrap();
        assert!(!looks_right(&secret.expose()[1..], ""));
        assert!(!looks_right(&secret.expose().replace(|_: char| true, "é"), ""));
        assert!(!looks_right("", ""));
    }
}
