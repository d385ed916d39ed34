//! A webhook's secret: sealed where it is kept, and the signature that its holder checks.

use aws_lc_rs::{hmac, rand};
use lignaflow_core::{Id, OrganizationId};
use lignaflow_identity::Keys;

pub use lignaflow_identity::SealFault;

/// Secrets begin with it, so that one that was published by mistake is found.
const PREFIX: &str = "lfw_";
const PURPOSE: &[u8] = b"lignaflow webhook secrets 1";

/// Seals and opens secrets of webhooks, and of plugins.
#[derive(Debug)]
pub struct Seal(lignaflow_identity::Seal);

/// A secret belongs to one webhook: moved to another row it cannot be opened.
fn place(organization: OrganizationId, webhook: Id) -> [u8; 32] {
    let mut place = [0; 32];
    place[..16].copy_from_slice(organization.0.bytes());
    place[16..].copy_from_slice(webhook.bytes());
    place
}

impl Seal {
    pub fn new(keys: &Keys) -> Result<Self, SealFault> {
        Self::for_purpose(keys, PURPOSE)
    }

    /// What is sealed for one purpose cannot be opened for another.
    pub fn for_purpose(keys: &Keys, purpose: &[u8]) -> Result<Self, SealFault> {
        lignaflow_identity::Seal::new(keys, purpose).map(Self)
    }

    /// A new secret, as its holder is shown it once.
    pub fn fresh() -> Result<String, SealFault> {
        let mut random = [0; 32];
        rand::fill(&mut random).map_err(|_| SealFault::Random)?;
        Ok(format!("{PREFIX}{}", hex::encode(random)))
    }

    pub fn close(&self, organization: OrganizationId, webhook: Id, secret: &str) -> Result<Vec<u8>, SealFault> {
        self.close_at(&place(organization, webhook), secret)
    }

    /// The same for whatever place: it is opened at that place alone.
    pub fn close_at(&self, place: &[u8], secret: &str) -> Result<Vec<u8>, SealFault> {
        self.0.close(place, secret.as_bytes())
    }

    pub fn open(&self, organization: OrganizationId, webhook: Id, sealed: &[u8]) -> Result<String, SealFault> {
        self.open_at(&place(organization, webhook), sealed)
    }

    pub fn open_at(&self, place: &[u8], sealed: &[u8]) -> Result<String, SealFault> {
        String::from_utf8(self.0.open(place, sealed)?).map_err(|_| SealFault::OtherKey)
    }

    /// The same secret under the key in use; nothing where it is already.
    pub fn renewed(&self, place: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, SealFault> {
        self.0.renewed(place, sealed)
    }

    /// The same of a webhook's.
    pub fn renewed_of(
        &self,
        organization: OrganizationId,
        webhook: Id,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, SealFault> {
        self.renewed(&place(organization, webhook), sealed)
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
    fn a_secret_is_opened_by_its_own_webhook_and_no_other() {
        let seal = Seal::new(&Keys::new("one", [])).unwrap();
        let (organization, webhook) = (OrganizationId(Id::fresh()), Id::fresh());
        let secret = Seal::fresh().unwrap();
        let sealed = seal.close(organization, webhook, &secret).unwrap();
        assert_eq!(seal.open(organization, webhook, &sealed), Ok(secret.clone()));
        let next = Seal::new(&Keys::new("two", ["one".to_owned()])).unwrap();
        assert_eq!(next.open(organization, webhook, &sealed), Ok(secret), "a key that was before still opens");
        assert_eq!(seal.open(organization, Id::fresh(), &sealed), Err(SealFault::OtherKey));
        assert_eq!(seal.open(OrganizationId(Id::fresh()), webhook, &sealed), Err(SealFault::OtherKey));
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
