//! Where messages are handed over: a server that speaks SMTP, or, where none is set, a folder of this machine.

use crate::config::{Config, MailSecurity};
use crate::private_file::{self, Readable};
use anyhow::Context as _;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use lignaflow_core::Id;
use std::path::PathBuf;
use std::time::Duration;

/// How long one step of the conversation with the server may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The most of what a server says that is kept.
const SAID: usize = 500;

pub(super) enum Post {
    Server { transport: AsyncSmtpTransport<Tokio1Executor>, place: String },
    Folder(PathBuf),
}

/// Nothing of its password.
impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place())
    }
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotTaken {
    pub(super) why: String,
    /// Whether it will never be.
    pub(super) for_good: bool,
}

impl Post {
    pub(super) fn of(config: &Config) -> anyhow::Result<Self> {
        let mail = &config.mail;
        if mail.host.is_empty() {
            let folder = config.data_dir.join("mail");
            private_file::folder(&folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
            return Ok(Self::Folder(folder));
        }
        let tls = || TlsParameters::new(mail.host.clone()).context("mail.host is no name that TLS can prove");
        let tls = match mail.security {
            MailSecurity::Tls => Tls::Wrapper(tls()?),
            MailSecurity::Starttls => Tls::Required(tls()?),
            MailSecurity::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(mail.host.as_str())
            .port(mail.port())
            .tls(tls)
            .timeout(Some(PATIENCE));
        if !mail.user.is_empty() {
            builder = builder.credentials(Credentials::new(mail.user.clone(), mail.password.expose().to_owned()));
        }
        let place = format!("{}:{}", mail.host, mail.port());
        Ok(Self::Server { transport: builder.build(), place })
    }

    /// From where messages are handed over, and to whom.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Server { place, .. } => format!("{} through {place}", ClientId::default()),
            Self::Folder(folder) => format!("{} into {}", ClientId::default(), folder.display()),
        }
    }

    pub(super) async fn hand_over(&self, id: Id, message: Message) -> Result<(), NotTaken> {
        match self {
            Self::Server { transport, .. } => transport
                .send(message)
                .await
                .map(|_| ())
                .map_err(|error| NotTaken { for_good: error.is_permanent(), why: shortened(&chain(&error)) }),
            Self::Folder(folder) => {
                let file = folder.join(format!("{id}.eml"));
                let written = tokio::task::spawn_blocking(move || {
                    private_file::write(&file, &message.formatted(), Readable::ByOwner)
                });
                let written = written.await.map_err(|error| NotTaken { why: error.to_string(), for_good: false })?;
                written.map_err(|error| NotTaken { why: format!("It could not be written: {error}"), for_good: false })
            }
        }
    }
}

/// An error with what it came from.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        source = inner.source();
    }
    text
}

fn shortened(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SAID).collect()
}
