//! What was mailed, as whoever got it reads it.

use crate::server::Server;
use lignaflow_store::mail::{self, State};
use std::time::{Duration, Instant};

/// A letter that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// What it is, such as `invitation`.
    pub kind: String,
    /// The address that it went to.
    pub to: String,
    /// In whose name it came.
    pub sender: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The addresses that its text leads to, in their order.
    pub links: Vec<String>,
}

impl Letter {
    /// The path of the first link to this site that begins with this.
    #[track_caller]
    pub fn path(&self, begins: &str) -> String {
        let found = self.links.iter().find_map(|link| {
            let rest = link.strip_prefix("https://")?;
            rest.find('/').map(|slash| rest[slash..].to_owned()).filter(|path| path.starts_with(begins))
        });
        found.unwrap_or_else(|| panic!("no link to {begins} in {}", self.text))
    }
}

impl Server {
    /// Everything that was mailed so far, the first first, once nothing waits to be sent.
    ///
    /// # Panics
    ///
    /// Where something cannot be sent, or is not in time.
    pub async fn mailbox(&self) -> Vec<Letter> {
        const PATIENCE: Duration = Duration::from_secs(20);
        let begun = Instant::now();
        loop {
            let all = mail::all(self.app.store.database(), 1_000).await.expect("the letters");
            let now = self.app.clock.now();
            if all.iter().any(|kept| kept.state == State::Waiting && kept.due_at <= now) {
                assert!(begun.elapsed() < PATIENCE, "letters are not sent: {all:?}");
                tokio::task::yield_now().await;
                continue;
            }
            let mut letters = Vec::new();
            for kept in all.iter().filter(|kept| kept.state == State::Sent) {
                let rendered = self.app.mail.rendered(kept).await.expect("a letter");
                let words = rendered.text.split_whitespace();
                letters.push(Letter {
                    kind: kept.message.kind.clone(),
                    to: kept.message.to.address.clone(),
                    sender: rendered.sender,
                    subject: kept.message.letter.subject.clone(),
                    links: words.filter(|word| word.starts_with("https://")).map(str::to_owned).collect(),
                    text: rendered.text,
                    html: rendered.html,
                });
            }
            return letters;
        }
    }

    /// The last letter to somebody.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub async fn last_letter(&self, to: &str) -> Letter {
        let letters = self.mailbox().await;
        let found = letters.iter().rev().find(|letter| letter.to.eq_ignore_ascii_case(to)).cloned();
        found.unwrap_or_else(|| panic!("no letter to {to} among {letters:?}"))
    }
}
