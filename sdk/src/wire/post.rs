//! Notices, letters and links, as they leave.

use crate::bindings::lignaflow::plugin::writing as wit;
use lignaflow_core::Id;
use lignaflow_core::mutation::{Addressee, Closing, ClosingReason, Mailing, Notice, Opening};

fn about(about: Option<(String, Id)>) -> Option<(String, String)> {
    about.map(|(collection, id)| (collection, id.to_string()))
}

fn ids(list: &[Id]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

pub(super) fn notice(notice: Notice) -> wit::Notice {
    wit::Notice {
        people: ids(&notice.people),
        title: notice.title,
        text: notice.text,
        about: about(notice.about),
        urgent: notice.urgent,
        key: notice.key,
    }
}

pub(super) fn mailing(mailing: Mailing) -> wit::Message {
    wit::Message {
        template: mailing.template,
        to: match mailing.to {
            Addressee::Person(person) => wit::Recipient::Person(person.to_string()),
            Addressee::Address { name, address } => wit::Recipient::Address((name, address)),
        },
        reply_to: mailing.reply_to,
        arguments: mailing.arguments,
        link: mailing.link.map(|link| link.to_string()),
        about: about(mailing.about),
        attachments: ids(&mailing.attachments),
    }
}

pub(super) fn opening(opening: Opening) -> wit::Link {
    wit::Link {
        id: opening.id.to_string(),
        page: opening.page,
        subject: opening.subject.to_string(),
        expires_at: opening.expires_at,
        label: opening.label,
    }
}

pub(super) fn closing(closing: Closing) -> wit::Closing {
    wit::Closing {
        id: closing.id.to_string(),
        why: match closing.why {
            ClosingReason::Withdrawn => wit::ClosingReason::Withdrawn,
            ClosingReason::Superseded => wit::ClosingReason::Superseded,
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::bindings::lignaflow::plugin::writing as wit;
    use crate::post::{mail, notify, open_link, supersede_link};
    use crate::wire::writing::mutations;
    use crate::{Id, Instant};

    #[test]
    fn what_people_are_told_keeps_its_parts() {
        let id = Id::fresh();
        let sent = mutations(vec![
            notify([id], "Returned").saying("Friday is missing.").about("sheets", id).urgent().once("sheet").into(),
            mail("issued").to("Ana", "ana@x.co").with("number", "Q-1").link(id).attaching(id).into(),
            open_link(id, "quote", id).until(Instant::from_micros(7)).called("Ana").into(),
            supersede_link(id),
        ]);
        let id = id.to_string();
        assert!(matches!(&sent[0], wit::Mutation::Notify(it) if it.people == [id.clone()] && it.urgent
            && it.about == Some(("sheets".into(), id.clone())) && it.key.as_deref() == Some("sheet")));
        assert!(matches!(&sent[1], wit::Mutation::Mail(it) if it.link == Some(id.clone())
            && it.arguments == [("number".to_owned(), "Q-1".to_owned())] && it.attachments.len() == 1));
        assert!(matches!(&sent[2], wit::Mutation::OpenLink(it) if it.expires_at == 7 && it.page == "quote"));
        assert!(matches!(&sent[3], wit::Mutation::CloseLink(it) if it.why == wit::ClosingReason::Superseded));
    }
}
