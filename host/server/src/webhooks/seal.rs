//! A webhook's secret: encrypted where it is kept, with a key that is made of the instance's secret key, and the
//! signature that its holder checks.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac, rand};
use lignaflow_core::{Id, OrganizationId};

/// Secrets begin with it, so that one that was published by mistake is found.
const PREFIX: &str = "lfw_";
const PURPOSE: &[u8] = b"lignaflow webhook secrets 1";

/// What went wrong with a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    #[error("no key can be made of `secret_key`")]
    Key,
    #[error("there is no randomness to make a secret of")]
    Random,
    /// `secret_key` is not the one that it was sealed with: hosts on one database are to share it.
    #[error(
        "the secret cannot be opened with this host's `secret_key`; was it changed, or do the hosts have different ones?"
    )]
    OtherKey,
}

/// Seals and opens secrets.
pub struct Seal(LessSafeKey);

/// Nothing of the key.
impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(…)")
    }
}

struct KeyLength;

impl hkdf::KeyType for KeyLength {
    fn len(&self) -> usize {
        AES_256_GCM.key_len()
    }
}

/// A secret belongs to one webhook: moved to another row it cannot be opened.
fn place(organization: OrganizationId, webhook: Id) -> [u8; 32] {
    let mut place = [0; 32];
    place[..16].copy_from_slice(organization.0.bytes());
    place[16..].copy_from_slice(webhook.bytes());
    place
}

impl Seal {
    pub fn new(key: &str) -> Result<Self, SealFault> {
        Self::for_purpose(key, PURPOSE)
    }

    /// What is sealed for one purpose cannot be opened for another.
    pub fn for_purpose(key: &str, purpose: &[u8]) -> Result<Self, SealFault> {
        let mut bytes = [0; 32];
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"lignaflow");
        let made = salt.extract(key.as_bytes());
        let made = made.expand(&[purpose], KeyLength).and_then(|made| made.fill(&mut bytes));
        let key = made.and_then(|()| UnboundKey::new(&AES_256_GCM, &bytes));
        Ok(Self(LessSafeKey::new(key.map_err(|_| SealFault::Key)?)))
    }

    /// A new secret, as its holder is shown it once.
    pub fn fresh() -> Result<String, SealFault> {
        let mut random = [0; 32];
        rand::fill(&mut random).map_err(|_| SealFault::Random)?;
        Ok(format!("{PREFIX}{}", hex::encode(random)))
    }

    /// Nonce, then what is sealed, then its tag.
    pub fn close(&self, organization: OrganizationId, webhook: Id, secret: &str) -> Result<Vec<u8>, SealFault> {
        self.close_at(&place(organization, webhook), secret)
    }

    /// The same for whatever place: it is opened at that place alone.
    pub fn close_at(&self, place: &[u8], secret: &str) -> Result<Vec<u8>, SealFault> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| SealFault::Random)?;
        let mut sealed = secret.as_bytes().to_vec();
        let tag = self.0.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut sealed);
        let tag = tag.map_err(|_| SealFault::Random)?;
        Ok([&nonce[..], &sealed, tag.as_ref()].concat())
    }

    pub fn open(&self, organization: OrganizationId, webhook: Id, sealed: &[u8]) -> Result<String, SealFault> {
        self.open_at(&place(organization, webhook), sealed)
    }

    pub fn open_at(&self, place: &[u8], sealed: &[u8]) -> Result<String, SealFault> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealFault::OtherKey)?;
        let mut rest = rest.to_vec();
        let opened = self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(place), &mut rest);
        let opened = opened.map_err(|_| SealFault::OtherKey)?;
        String::from_utf8(opened.to_vec()).map_err(|_| SealFault::OtherKey)
    }
}

/// `t=…,v1=…`: HMAC-SHA256 over the seconds since 1970, a full stop, and the body; once for each secret that is good.
pub fn signature(secrets: &[String], seconds: i64, body: &[u8]) -> String {
    let mut text = format!("t={seconds}");
    for secret in secrets {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
        context.update(seconds.to_string().as_bytes());
        context.update(b".");
        context.update(body);
        text.push_str(",v1=");
        text.push_str(&hex::encode(context.sign()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_opened_where_it_was_sealed_and_nowhere_else() {
        let (seal, other) = (Seal::new("one").unwrap(), Seal::new("two").unwrap());
        let (organization, webhook) = (OrganizationId(Id::fresh()), Id::fresh());
        let secret = Seal::fresh().unwrap();
        let sealed = seal.close(organization, webhook, &secret).unwrap();
        assert!(!sealed.windows(8).any(|part| secret.as_bytes().windows(8).any(|other| other == part)));
        assert_eq!(seal.open(organization, webhook, &sealed), Ok(secret.clone()));
        assert_eq!(Seal::new("one").unwrap().open(organization, webhook, &sealed), Ok(secret.clone()));
        assert_eq!(other.open(organization, webhook, &sealed), Err(SealFault::OtherKey));
        assert_eq!(seal.open(organization, Id::fresh(), &sealed), Err(SealFault::OtherKey));
        assert_eq!(seal.open(OrganizationId(Id::fresh()), webhook, &sealed), Err(SealFault::OtherKey));
        assert_eq!(seal.open(organization, webhook, &sealed[..10]), Err(SealFault::OtherKey));
        assert_ne!(seal.close(organization, webhook, &secret).unwrap(), sealed);
    }

    #[test]
    fn a_signature_is_the_one_that_receivers_compute() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
        let expected = "t=1700000000,v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686";
        assert_eq!(signature(&["secret".to_owned()], 1_700_000_000, b"{\"a\":1}"), expected);
        let both = signature(&["secret".to_owned(), "other".to_owned()], 1_700_000_000, b"{\"a\":1}");
        assert_eq!(both.matches("v1=").count(), 2);
    }
}
