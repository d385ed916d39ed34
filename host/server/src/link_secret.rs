//! The secret of a link for somebody without an account: made of the instance's key, the organization and the link's id,
//! so that its address can be told again and nothing that is kept lets anybody in.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lignaflow_identity::Keys;
use lignaflow_records::{LinkAddresses, LinkSecret};
use std::sync::Arc;

const PURPOSE: &[u8] = b"lignaflow links 1";

/// The addresses of links on a site, by the instance's secret keys, the one in use first. Once a key is not among them
/// any more, links that were opened with it are not told again; they lead where they led.
pub fn addresses(keys: &Keys, site: String) -> LinkAddresses {
    LinkAddresses { site, secrets: keys.all().map(by).collect() }
}

/// The secrets of links by one key.
fn by(key: &str) -> LinkSecret {
    let own = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), PURPOSE);
    let own = hmac::Key::new(hmac::HMAC_SHA256, own.as_ref());
    Arc::new(move |organization: lignaflow_core::OrganizationId, id: lignaflow_core::Id| {
        let mut context = hmac::Context::with_key(&own);
        context.update(organization.0.bytes());
        context.update(id.bytes());
        URL_SAFE_NO_PAD.encode(context.sign().as_ref())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::{Id, OrganizationId};

    #[test]
    fn a_secret_is_one_links_alone_and_the_keys() {
        let site = || "https://app.example".to_owned();
        let keys = |now: &str, former: &[&str]| Keys::new(now, former.iter().map(|key| (*key).to_owned()));
        let (one, other) = (addresses(&keys("one", &[]), site()), addresses(&keys("two", &["one"]), site()));
        let (organization, id) = (OrganizationId(Id::fresh()), Id::fresh());
        let address = one.address(organization, id);
        assert!(address.starts_with("https://app.example/l/") && address.len() == 22 + 43, "{address}");
        assert_eq!(addresses(&keys("one", &[]), site()).address(organization, id), address);
        assert_ne!(other.address(organization, id), address);
        let (before, now) = (one.hash(organization, id), other.hash(organization, id));
        assert_eq!(other.address_of(organization, id, &before), Some(address.clone()), "a former key tells it again");
        assert_eq!(other.address_of(organization, id, &now), Some(other.address(organization, id)));
        assert_eq!(one.address_of(organization, id, &now), None);
        assert_ne!(one.address(organization, Id::fresh()), address);
        assert_ne!(one.address(OrganizationId(Id::fresh()), id), address);
    }
}
