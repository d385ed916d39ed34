//! What must hold of a client beyond its fields' types.

use crate::findings::Findings;
use lignaflow_sdk::prelude::*;

pub(crate) fn check(index: usize, change: &HookChange, findings: &mut Findings) {
    if let Some(text) = change.after.text("currency") {
        match currency(text) {
            Some(currency) if currency.as_str() == text => {}
            Some(currency) => findings.verdict.set_field(index, "currency", currency.as_str()),
            None => {
                findings.add(index, "currency", "currency", "A currency is three letters of ISO 4217, such as NZD.");
            }
        }
    }
    check_email(index, change, findings);
}

/// Of clients and of their contacts.
pub(crate) fn check_email(index: usize, change: &HookChange, findings: &mut Findings) {
    if let Some(text) = change.after.text("email")
        && !is_email(text)
    {
        findings.add(index, "email", "email", format!("`{text}` is not an e-mail address."));
    }
}

/// A site's time zone is one that the host knows.
pub(crate) fn check_site(index: usize, change: &HookChange, findings: &mut Findings) {
    if let Some(zone) = change.after.text("time_zone")
        && calendar::to_local(Instant::from_micros(0), zone).is_err()
    {
        let message = format!("`{zone}` is not a time zone such as Australia/Perth.");
        findings.add(index, "time_zone", "time-zone", message);
    }
}

/// Typed in small letters, it is meant all the same.
fn currency(text: &str) -> Option<Currency> {
    text.trim().to_ascii_uppercase().parse().ok()
}

/// One @ with something before it and a dotted name after. Whether mail arrives there, only mail can tell.
fn is_email(text: &str) -> bool {
    let parts = |separator| text.split(separator).count();
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && parts('@') == 2
            && host.contains('.')
            && !host.split('.').any(str::is_empty)
            && !text.chars().any(|c| c.is_whitespace() || c.is_control())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_name_and_a_host() {
        for good in ["ana@example.com", "a.b+c@sub.example.com.au", "Ünal@bücher.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "ana", "ana@", "@example.com", "ana@localhost", "a@b@c.com", "a b@c.com", "a@c..com", "a@.com"]
        {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn a_currency_is_put_into_capitals() {
        assert_eq!(currency("nzd").map(|c| c.to_string()).as_deref(), Some("NZD"));
        assert_eq!(currency("N2D"), None);
    }
}
