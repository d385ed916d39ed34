//! The secret of a link for somebody without an account: made of the instance's key, the organization and the link's id,
//! so that its address can be told again and nothing that is kept lets anybody in.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lignaflow_records::LinkAddresses;
use std::sync::Arc;

const PURPOSE: &[u8] = b"lignaflow links 1";

/// The addresses of links on a site, by the instance's secret key. With another key those that were told before are not
/// told again; they lead where they led.
pub fn addresses(key: &str, site: String) -> LinkAddresses {
    let own = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), PURPOSE);
    let own = hmac::Key::new(hmac::HMAC_SHA256, own.as_ref());
    let secret = move |organization: lignaflow_core::OrganizationId, id: lignaflow_core::Id| {
        let mut context = hmac::Context::with_key(&own);
        context.update(organization.0.bytes());
        context.update(id.bytes());
        URL_SAFE_NO_PAD.encode(context.sign().as_ref())
    };
    LinkAddresses { site, secret: Arc::new(secret) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::{Id, OrganizationId};

    #[test]
    fn a_secret_is_one_links_alone_and_the_keys() {
        let site = || "https://app.example".to_owned();
        let (one, other) = (addresses("one", site()), addresses("two", site()));
        let (organization, id) = (OrganizationId(Id::fresh()), Id::fresh());
        let address = one.address(organization, id);
        assert!(address.starts_with("https://app.example/l/") && address.len() == 22 + 43, "{address}");
        assert_eq!(addresses("one", site()).address(organization, id), address);
        assert_ne!(other.address(organization, id), address);
        assert_ne!(one.address(organization, Id::fresh()), address);
        assert_ne!(one.address(OrganizationId(Id::fresh()), id), address);
    }
}
