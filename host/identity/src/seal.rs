//! What has to be read again, and by nobody else: encrypted where it is kept, with keys that are made of the instance's
//! secret keys. The first key closes; those before it still open, so that a key can be replaced while the program runs.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, rand};
use std::fmt;

/// The secret keys of the instance: the one in use, then those that were before.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Keys(Vec<String>);

impl Keys {
    pub fn new(current: impl Into<String>, former: impl IntoIterator<Item = String>) -> Self {
        Self(std::iter::once(current.into()).chain(former).collect())
    }

    /// All of them, the one in use first.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Nothing of them.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

/// What went wrong with a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    #[error("no key can be made of `secret_key`")]
    Key,
    #[error("there is no randomness to make a secret of")]
    Random,
    /// `secret_key` is not the one that it was sealed with: hosts on one database are to share it.
    #[error(
        "the secret cannot be opened with this host's `secret_key`; was it changed without `former_secret_keys`, or do the hosts have different ones?"
    )]
    OtherKey,
}

/// Seals and opens secrets of one purpose.
pub struct Seal(Vec<LessSafeKey>);

/// Nothing of the keys.
impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}

struct KeyLength;

impl hkdf::KeyType for KeyLength {
    fn len(&self) -> usize {
        AES_256_GCM.key_len()
    }
}

fn key_of(text: &str, purpose: &[u8]) -> Result<LessSafeKey, SealFault> {
    let mut bytes = [0; 32];
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"lignaflow");
    let made = salt.extract(text.as_bytes());
    let made = made.expand(&[purpose], KeyLength).and_then(|made| made.fill(&mut bytes));
    let key = made.and_then(|()| UnboundKey::new(&AES_256_GCM, &bytes));
    Ok(LessSafeKey::new(key.map_err(|_| SealFault::Key)?))
}

impl Seal {
    pub fn new(keys: &Keys, purpose: &[u8]) -> Result<Self, SealFault> {
        let keys: Result<Vec<_>, _> = keys.0.iter().map(|text| key_of(text, purpose)).collect();
        keys.map(Self)
    }

    /// Nonce, then what is sealed, then its tag. It is opened at the same place alone, such as the row that it is in.
    pub fn close(&self, place: &[u8], secret: &[u8]) -> Result<Vec<u8>, SealFault> {
        let key = self.0.first().ok_or(SealFault::Key)?;
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| SealFault::Random)?;
        let mut sealed = secret.to_vec();
        let tag = key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut sealed);
        let tag = tag.map_err(|_| SealFault::Random)?;
        Ok([&nonce[..], &sealed, tag.as_ref()].concat())
    }

    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealFault> {
        self.0.iter().find_map(|key| opened(key, place, sealed)).ok_or(SealFault::OtherKey)
    }

    /// The same secret under the key in use; nothing where it is already.
    pub fn renewed(&self, place: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, SealFault> {
        if self.0.first().and_then(|key| opened(key, place, sealed)).is_some() {
            return Ok(None);
        }
        self.close(place, &self.open(place, sealed)?).map(Some)
    }
}

fn opened(key: &LessSafeKey, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut rest = rest.to_vec();
    let opened = key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(place), &mut rest).ok()?;
    Some(opened.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(current: &str, former: &[&str], purpose: &[u8]) -> Seal {
        Seal::new(&Keys::new(current, former.iter().map(|key| (*key).to_owned())), purpose).unwrap()
    }

    #[test]
    fn a_secret_is_opened_where_it_was_sealed_and_for_what_it_was_sealed() {
        let one = seal("one", &[], b"a");
        let sealed = one.close(b"here", b"oak and ash").unwrap();
        assert!(!sealed.windows(3).any(|part| part == b"oak"));
        assert_eq!(one.open(b"here", &sealed).unwrap(), b"oak and ash");
        assert_eq!(one.open(b"there", &sealed), Err(SealFault::OtherKey));
        assert_eq!(seal("one", &[], b"b").open(b"here", &sealed), Err(SealFault::OtherKey));
        assert_eq!(one.open(b"here", &sealed[..10]), Err(SealFault::OtherKey));
        assert_ne!(one.close(b"here", b"oak and ash").unwrap(), sealed);
    }

    #[test]
    fn a_key_that_was_before_opens_and_closes_no_more() {
        let sealed = seal("one", &[], b"a").close(b"here", b"oak").unwrap();
        let both = seal("two", &["one"], b"a");
        assert_eq!(both.open(b"here", &sealed).unwrap(), b"oak");
        let again = both.close(b"here", b"oak").unwrap();
        assert_eq!(seal("two", &[], b"a").open(b"here", &again).unwrap(), b"oak");
        assert_eq!(seal("one", &[], b"a").open(b"here", &again), Err(SealFault::OtherKey));
        assert_eq!(seal("two", &[], b"a").open(b"here", &sealed), Err(SealFault::OtherKey));
        assert_eq!(format!("{:?}", Keys::new("hunter2", [])), "Keys(1)");
    }
}
