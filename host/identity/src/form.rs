//! What people type, read once: each reader notes what is wrong at the field's path, so that a form is told all of it.

use jiff::tz::TimeZone;
use lignaflow_core::{Currency, Fault, Issue};

/// Characters of a person's, an organization's or a token's name.
const NAME: usize = 120;

/// Bytes of an address of electronic mail (RFC 5321, 4.5.3.1.3, less the angle brackets).
const EMAIL: usize = 254;

/// An address of electronic mail, as it was typed and as it is looked up by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Email {
    pub(crate) text: String,
    pub(crate) key: String,
}

impl Email {
    /// Takes what browsers take in a field for it: something on both sides of one `@`, no blanks. Whether mail arrives
    /// there only mail can tell.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (local, domain) = text.split_once('@')?;
        let fits = text.len() <= EMAIL
            && !local.is_empty()
            && local.len() <= 64
            && !domain.is_empty()
            && !domain.contains('@')
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            })
            && local
                .chars()
                .all(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | '"' | ',' | ';'));
        fits.then(|| Self { text: text.to_owned(), key: text.to_lowercase() })
    }

    pub(crate) fn local(&self) -> &str {
        self.text.split_once('@').map_or(&self.text, |(local, _)| local)
    }
}

/// The faults of a form, gathered.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) issues: Vec<Issue>,
}

impl Reader {
    pub(crate) fn note(&mut self, path: &str, code: &str, message: impl Into<String>) {
        self.issues.push(Issue::new(path, code, message));
    }

    /// The form's values, or all that is wrong with it.
    pub(crate) fn finish(self) -> Result<(), Fault> {
        if self.issues.is_empty() { Ok(()) } else { Err(Fault::invalid(self.issues)) }
    }

    pub(crate) fn email(&mut self, text: &str, path: &str) -> Option<Email> {
        if text.trim().is_empty() {
            self.note(path, "required", "An email address is needed.");
            return None;
        }
        let email = Email::parse(text);
        if email.is_none() {
            self.note(path, "format", "That is not an email address such as ann@example.com.");
        }
        email
    }

    /// `what` begins the message: `Your name`, `The organization's name`.
    pub(crate) fn name(&mut self, text: &str, path: &str, what: &str) -> String {
        let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            self.note(path, "required", format!("{what} is needed."));
        } else if name.chars().count() > NAME {
            self.note(path, "too-long", format!("{what} has at most {NAME} characters."));
        } else if name.chars().any(char::is_control) {
            self.note(path, "format", format!("{what} has characters that cannot be shown."));
        }
        name
    }

    pub(crate) fn time_zone(&mut self, text: &str, path: &str) -> String {
        let text = text.trim();
        if let Some(name) = TimeZone::get(text).ok().as_ref().and_then(TimeZone::iana_name) {
            return name.to_owned();
        }
        self.note(path, "format", "That is not a time zone such as Australia/Sydney.");
        text.to_owned()
    }

    pub(crate) fn currency(&mut self, text: &str, path: &str) -> Currency {
        text.trim().parse().unwrap_or_else(|_| {
            self.note(path, "format", "A currency is three capital letters of ISO 4217, such as AUD.");
            Currency::AUD
        })
    }

    /// A tag of language and, if wanted, script and region, written as BCP 47 recommends: `en-AU`, `zh-Hant-TW`.
    pub(crate) fn locale(&mut self, text: &str, path: &str) -> String {
        let text = text.trim();
        canonical_locale(text).unwrap_or_else(|| {
            self.note(path, "format", "That is not a language and region such as en-AU.");
            text.to_owned()
        })
    }

    pub(crate) fn country(&mut self, text: &str, path: &str) -> String {
        let code = text.trim().to_uppercase();
        if !crate::country::exists(&code) {
            self.note(path, "format", "A country is two letters of ISO 3166, such as AU.");
        }
        code
    }
}

fn canonical_locale(text: &str) -> Option<String> {
    let mut parts = text.split(['-', '_']);
    let alphabetic = |part: &str| part.bytes().all(|b| b.is_ascii_alphabetic());
    let language = parts.next().filter(|part| (2..=3).contains(&part.len()) && alphabetic(part))?;
    let mut tag = language.to_ascii_lowercase();
    for (index, part) in parts.enumerate() {
        tag.push('-');
        match part.len() {
            4 if index == 0 && alphabetic(part) => {
                tag.push_str(&part[..1].to_ascii_uppercase());
                tag.push_str(&part[1..].to_ascii_lowercase());
            }
            2 if index <= 1 && alphabetic(part) => tag.push_str(&part.to_ascii_uppercase()),
            3 if index <= 1 && part.bytes().all(|b| b.is_ascii_digit()) => tag.push_str(part),
            _ => return None,
        }
    }
    Some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_is_one_account_in_any_case() {
        let email = Email::parse(" Ann.Lee@Example.COM ").unwrap();
        assert_eq!((email.text.as_str(), email.key.as_str()), ("Ann.Lee@Example.COM", "ann.lee@example.com"));
        assert_eq!(email.local(), "Ann.Lee");
        for good in ["owner@localhost", "jürgen@tischlerei-süd.de", "a+b@c.io"] {
            assert!(Email::parse(good).is_some(), "{good}");
        }
        for bad in ["", "ann", "@example.com", "ann@", "a b@c.d", "a@b@c", "a@b..c", "a@-b.c", "<a@b.c>", "a@b.c,d@e.f"]
        {
            assert!(Email::parse(bad).is_none(), "{bad}");
        }
        assert!(Email::parse(&format!("{}@example.com", "a".repeat(65))).is_none());
    }

    #[test]
    fn a_locale_is_written_in_one_way() {
        assert_eq!(canonical_locale("en_au").as_deref(), Some("en-AU"));
        assert_eq!(canonical_locale("ZH-hant-tw").as_deref(), Some("zh-Hant-TW"));
        assert_eq!(canonical_locale("es-419").as_deref(), Some("es-419"));
        assert_eq!(canonical_locale("de").as_deref(), Some("de"));
        for bad in ["", "e", "english", "en-", "en-AUS", "en-AU-x", "../etc"] {
            assert_eq!(canonical_locale(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_fault_is_told_at_its_field() {
        let mut reader = Reader::default();
        reader.email("ann", "/email");
        reader.name("  ", "/name", "Your name");
        reader.time_zone("Sydney", "/time_zone");
        reader.currency("aud", "/currency");
        reader.locale("?", "/locale");
        reader.country("XX", "/country");
        let paths: Vec<String> = reader.finish().unwrap_err().issues.into_iter().map(|issue| issue.path).collect();
        assert_eq!(paths, ["/email", "/name", "/time_zone", "/currency", "/locale", "/country"]);
        let mut reader = Reader::default();
        assert_eq!(reader.name(" Ann \t Lee ", "/name", "Your name"), "Ann Lee");
        assert_eq!(reader.time_zone("australia/sydney", "/time_zone"), "Australia/Sydney");
        assert!(reader.finish().is_ok());
    }
}
