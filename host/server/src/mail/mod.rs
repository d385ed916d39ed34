//! Letters on their way: written in the commit that they belong to ([`queue`]), sent afterwards by one of the hosts, and
//! read by administrators where there is no server to send them by.
//!
//! | module | holds |
//! |---|---|
//! | [`compose`] | from a kept letter to a message as it travels |
//! | [`post`] | where messages are handed over: a server, or a folder |
//! | [`worker`] | what waits is sent, and tried again |
//! | [`acts`] | what administrators see and do |

pub mod acts;
pub mod compose;
pub mod post;
pub mod worker;

pub use lignaflow_store::mail::queue;

use crate::background::{Duty, Rooms};
use crate::config::Config;
use crate::media::Media;
use futures_util::future::BoxFuture;
use lignaflow_core::clock::Clock;
use lignaflow_core::mail::Message;
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_records::Records;
use lignaflow_store::{Store, StoreError, Tx};
use post::Post;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

/// The duty of the host that sends.
pub const DUTY: Duty = Duty { name: "mail", every: Duration::from_millis(250) };

/// The mail of this instance. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Mail(Arc<Inner>);

struct Inner {
    store: Store,
    records: Records,
    media: Media,
    clock: Arc<dyn Clock>,
    post: Post,
    /// From whom letters are, in the name of an organization.
    from: String,
    /// The address of this site, without a slash at its end.
    site: String,
    keep_days: u32,
    /// When it was looked last for what is to be forgotten.
    forgot_at: AtomicI64,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("post", &self.0.post).finish_non_exhaustive()
    }
}

impl Mail {
    pub fn new(rooms: Rooms, media: Media, config: &Config) -> anyhow::Result<Self> {
        let Rooms { store, records, clock, .. } = rooms;
        Ok(Self(Arc::new(Inner {
            store,
            records,
            media,
            clock,
            post: Post::of(config)?,
            from: config.mail.sender(config.server.public_url.host()),
            site: config.server.public_url.to_string().trim_end_matches('/').to_owned(),
            keep_days: config.mail.keep_days,
            forgot_at: AtomicI64::new(0),
        })))
    }

    /// Whether letters lie in a folder of this machine, since no server is set.
    pub fn is_local(&self) -> bool {
        matches!(self.0.post, Post::Folder(_))
    }

    /// Has letters sent that belong to nothing else that is written.
    pub async fn send(&self, messages: Vec<Message>) -> Result<(), Fault> {
        let now = self.0.clock.now();
        self.write(move |tx| {
            Box::pin(async move {
                for message in messages {
                    queue(tx, &message, now, now).await?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn write<T, F>(&self, work: F) -> Result<T, Fault>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
        T: Send + 'static,
    {
        self.0.store.database().write(work).await.map_err(unavailable)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn unavailable(error: StoreError) -> Fault {
    tracing::error!(%error, "the table of letters could not be used");
    Fault::new(
        ErrorCode::Unavailable,
        "The database cannot be reached just now. Nothing was changed; try again shortly.",
    )
}
