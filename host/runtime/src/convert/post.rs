//! What a guest asks people to be told: shapes and bounds. Whether there is such a template, page or person is for the
//! records.

use super::value::id;
use super::{Checked, Malformed};
use crate::contract::lignaflow::plugin::writing as wire;
use lignaflow_core::Id;
use lignaflow_core::mail::{MAX_ATTACHMENTS, MAX_NAME, is_address};
use lignaflow_core::mutation::{Addressee, Closing, ClosingReason, Mailing, Notice, Opening};
use lignaflow_core::post::{MAX_ARGUMENT, MAX_ARGUMENTS, MAX_KEY, MAX_PEOPLE, MAX_TEXT, MAX_TITLE};

/// A text of 1, or of none, to so many characters.
fn text(text: String, at: &str, least: usize, most: usize) -> Checked<String> {
    let length = text.chars().count();
    if !(least..=most).contains(&length) {
        return Err(Malformed::new(at, format!("{least} to {most} characters, not {length}")));
    }
    if text.contains('\0') {
        return Err(Malformed::new(at, "no text holds a null character"));
    }
    Ok(text)
}

fn about(about: Option<(String, String)>) -> Checked<Option<(String, Id)>> {
    about.map(|(collection, record)| Ok((collection, id(&record).map_err(|fault| fault.under("/about"))?))).transpose()
}

fn ids(list: &[String], at: &str, most: usize) -> Checked<Vec<Id>> {
    if list.len() > most {
        return Err(Malformed::new(at, format!("at most {most}, not {}", list.len())));
    }
    let each = list.iter().enumerate();
    each.map(|(index, text)| id(text).map_err(|fault| fault.under(format_args!("{at}/{index}")))).collect()
}

pub(super) fn notice(notice: wire::Notice) -> Checked<Notice> {
    Ok(Notice {
        people: ids(&notice.people, "/people", MAX_PEOPLE)?,
        title: text(notice.title, "/title", 1, MAX_TITLE)?,
        text: text(notice.text, "/text", 0, MAX_TEXT)?,
        about: about(notice.about)?,
        urgent: notice.urgent,
        key: notice.key.map(|key| text(key, "/key", 1, MAX_KEY)).transpose()?,
    })
}

fn address(address: String, at: &str) -> Checked<String> {
    if is_address(&address) { Ok(address) } else { Err(Malformed::new(at, "no address that mail can be sent to")) }
}

pub(super) fn mailing(message: wire::Message) -> Checked<Mailing> {
    if message.arguments.len() > MAX_ARGUMENTS {
        let count = message.arguments.len();
        return Err(Malformed::new("/arguments", format!("at most {MAX_ARGUMENTS}, not {count}")));
    }
    let argument = |(name, value): (String, String)| {
        let at = format!("/arguments/{}", lignaflow_core::record::escape(&name));
        Ok((name, text(value, &at, 0, MAX_ARGUMENT)?))
    };
    Ok(Mailing {
        template: message.template,
        to: match message.to {
            wire::Recipient::Person(person) => Addressee::Person(id(&person).map_err(|fault| fault.under("/to"))?),
            wire::Recipient::Address((name, to)) => {
                Addressee::Address { name: text(name, "/to", 0, MAX_NAME)?, address: address(to, "/to")? }
            }
        },
        reply_to: message.reply_to.map(|to| address(to, "/reply-to")).transpose()?,
        arguments: message.arguments.into_iter().map(argument).collect::<Checked<_>>()?,
        link: message.link.map(|link| id(&link).map_err(|fault| fault.under("/link"))).transpose()?,
        about: about(message.about)?,
        attachments: ids(&message.attachments, "/attachments", MAX_ATTACHMENTS)?,
    })
}

pub(super) fn opening(link: wire::Link) -> Checked<Opening> {
    Ok(Opening {
        id: id(&link.id).map_err(|fault| fault.under("/id"))?,
        page: link.page,
        subject: id(&link.subject).map_err(|fault| fault.under("/subject"))?,
        expires_at: link.expires_at,
        label: text(link.label, "/label", 0, MAX_TITLE)?,
    })
}

pub(super) fn closing(closing: &wire::Closing) -> Checked<Closing> {
    Ok(Closing {
        id: id(&closing.id).map_err(|fault| fault.under("/id"))?,
        why: match closing.why {
            wire::ClosingReason::Withdrawn => ClosingReason::Withdrawn,
            wire::ClosingReason::Superseded => ClosingReason::Superseded,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(to: &str) -> wire::Message {
        wire::Message {
            template: "issued".into(),
            to: wire::Recipient::Address(("Ana".into(), to.into())),
            reply_to: None,
            arguments: vec![("number".into(), "Q-1".into())],
            link: None,
            about: None,
            attachments: Vec::new(),
        }
    }

    #[test]
    fn a_letter_goes_to_one_address_and_to_none_that_hides_in_it() {
        assert!(mailing(message("ana@halloran.example")).is_ok());
        let fault = mailing(message("ana@x.co\nBcc: all@x.co")).unwrap_err();
        assert_eq!(fault.at, "/to");
        let wrong = wire::Message { reply_to: Some("nobody".into()), ..message("ana@x.co") };
        assert_eq!(mailing(wrong).unwrap_err().at, "/reply-to");
    }

    #[test]
    fn what_is_too_long_is_told_with_its_place() {
        let notice = |people: usize, title: &str| wire::Notice {
            people: vec!["01890a5d-ac96-774b-bcce-b302099a8057".into(); people],
            title: title.into(),
            text: String::new(),
            about: None,
            urgent: false,
            key: None,
        };
        assert!(super::notice(notice(2, "Late")).is_ok());
        assert_eq!(super::notice(notice(1, "")).unwrap_err().at, "/title");
        assert_eq!(super::notice(notice(MAX_PEOPLE + 1, "Late")).unwrap_err().at, "/people");
    }
}
