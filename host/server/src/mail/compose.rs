//! From a kept letter to a message as it travels: heads, text and HTML beside each other, and the files that go with it.

use super::Mail;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart};
use lettre::{Address, Message};
use lignaflow_core::caller::Access;
use lignaflow_core::mail::one_line;
use lignaflow_core::{Fault, Id};
use lignaflow_store::identity::organizations;
use lignaflow_store::links;
use lignaflow_store::mail::Kept;
use lignaflow_web::mail::Paper;
use std::collections::HashMap;
use std::time::{Duration, SystemTime};

/// What the files of one letter may come to, in bytes: beyond it servers refuse the whole letter.
const FILES: u64 = 15 << 20;
/// Who writes where no organization does.
const PROGRAM: &str = "LignaFlow";

/// Why a letter cannot be made into a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Hindrance {
    /// It will never be.
    ForGood(String),
    Later(Fault),
    /// A document that goes with it is being made, which takes a second or two.
    Unmade,
}

impl From<Fault> for Hindrance {
    fn from(fault: Fault) -> Self {
        Self::Later(fault)
    }
}

/// A letter as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub sender: String,
    pub text: String,
    pub html: String,
}

impl Mail {
    /// A letter as its reader sees it.
    pub async fn rendered(&self, kept: &Kept) -> Result<Rendered, Fault> {
        let (sender, lang) = self.sender(kept).await?;
        let links = self.addresses(kept).await?;
        let paper = Paper { sender: &sender, site: &self.0.site, lang: &lang, links: &links };
        let letter = &kept.message.letter;
        Ok(Rendered { text: paper.text(letter), html: paper.html(letter).into_string(), sender })
    }

    /// In whose name a letter is, and in which language.
    async fn sender(&self, kept: &Kept) -> Result<(String, String), Fault> {
        let Some(id) = kept.message.organization else { return Ok((PROGRAM.to_owned(), "en".to_owned())) };
        let found = organizations::one(self.0.store.database(), id).await.map_err(super::unavailable)?;
        Ok(found.map_or_else(|| (PROGRAM.to_owned(), "en".to_owned()), |it| (it.name, it.locale)))
    }

    pub(super) async fn message(&self, kept: &Kept) -> Result<Message, Hindrance> {
        let missing = kept.message.letter.links().next().is_some() && self.addresses(kept).await?.is_empty();
        if missing {
            return Err(Hindrance::ForGood("The link that it leads by is closed.".to_owned()));
        }
        let Rendered { sender, text, html } = self.rendered(kept).await?;
        let broken = |what: &str| Hindrance::ForGood(format!("{what} is no address that mail can be sent to."));
        let address = |text: &str| text.parse::<Address>().map_err(|_| broken(text));
        let name = one_line(&kept.message.to.name, 200);
        let to = Mailbox::new((!name.is_empty()).then_some(name), address(&kept.message.to.address)?);
        let from = Mailbox::new(Some(one_line(&sender, 200)), address(&self.0.from)?);
        let host = self.0.from.rsplit('@').next().unwrap_or("localhost").to_owned();
        let mut builder = Message::builder()
            .from(from)
            .to(to)
            .subject(one_line(&kept.message.letter.subject, 200))
            .date(SystemTime::UNIX_EPOCH + Duration::from_micros(kept.asked_at.unsigned_abs()))
            // The same at every try, so that a letter that arrives twice is known as one.
            .message_id(Some(format!("<{}@{host}>", kept.id)))
            // No holiday note answers it (RFC 3834).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        if let Some(reply) = &kept.message.reply_to {
            builder = builder.reply_to(Mailbox::new(None, address(reply)?));
        }
        let words = MultiPart::alternative_plain_html(text, html);
        let files = self.files(kept).await?;
        let made = if files.is_empty() {
            builder.multipart(words)
        } else {
            let mut mixed = MultiPart::mixed().multipart(words);
            for (name, kind, bytes) in files {
                let kind = ContentType::parse(&kind)
                    .map_err(|_| Hindrance::ForGood(format!("The type of {name} cannot be sent.")))?;
                mixed = mixed.singlepart(Attachment::new(name).body(bytes, kind));
            }
            builder.multipart(mixed)
        };
        made.map_err(|error| Hindrance::ForGood(format!("It cannot be made into a message: {error}.")))
    }

    async fn files(&self, kept: &Kept) -> Result<Vec<(String, String, Vec<u8>)>, Hindrance> {
        let wanted: &[Id] = &kept.message.attachments;
        let (Some(organization), false) = (kept.message.organization, wanted.is_empty()) else {
            return Ok(Vec::new());
        };
        let found = self.0.media.of_ids(Access::of_plugin(organization), wanted).await?;
        if found.len() < wanted.len() {
            return Err(Hindrance::ForGood("A file that goes with it is not there any more.".to_owned()));
        }
        if found.iter().any(|file| file.pending) {
            return Err(Hindrance::Unmade);
        }
        if found.iter().map(|file| file.size).sum::<u64>() > FILES {
            return Err(Hindrance::ForGood(format!("Its files are more than {} MB together.", FILES >> 20)));
        }
        let mut files = Vec::with_capacity(found.len());
        for file in found {
            let bytes = self.0.media.whole(organization, &file).await?;
            files.push((one_line(&file.name, 200), file.content_type, bytes.to_vec()));
        }
        Ok(files)
    }

    /// The addresses of the links that a letter leads by, as far as they are open.
    async fn addresses(&self, kept: &Kept) -> Result<HashMap<Id, String>, Fault> {
        let mut addresses = HashMap::new();
        let (Some(organization), Some(known)) = (kept.message.organization, self.0.records.link_addresses()) else {
            return Ok(addresses);
        };
        for id in kept.message.letter.links() {
            let link = links::one(self.0.store.database(), organization, id).await.map_err(super::unavailable)?;
            let open = link.filter(|link| link.state(self.0.clock.now()) == links::State::Open);
            // Where the key is not here any more that it was opened with, it cannot be told again.
            if let Some(address) = open.and_then(|link| known.address_of(organization, id, &link.hash)) {
                addresses.insert(id, address);
            }
        }
        Ok(addresses)
    }
}
