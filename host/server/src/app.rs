//! The rooms of the running program, wired.

use crate::config::Config;
use crate::customs::Customs;
use crate::documents::Documents;
use crate::importing::Importing;
use crate::jobs::Jobs;
use crate::links::Links;
use crate::live::Live;
use crate::mail::Mail;
use crate::media::Media;
use crate::middleware::RateLimits;
use crate::notices::Notices;
use crate::outbound::Departures;
use crate::plugins::Plugins;
use crate::rest::export::Exports;
use crate::rest::guest::Schemas;
use crate::tables::Tables;
use crate::webhooks::Webhooks;
use crate::webhooks::seal::Seal;
use lignaflow_core::clock::Clock;
use lignaflow_identity::Identity;
use lignaflow_records::Records;
use lignaflow_runtime::Registry;
use lignaflow_store::Store;
use std::sync::Arc;

/// The cookie of a session. The prefix binds it to this host, to HTTPS and to the whole site (RFC 6265bis, 4.1.3).
pub const SESSION_COOKIE: &str = "__Host-lignaflow";

/// What every handler may use. One for the whole process.
pub struct App {
    pub config: Config,
    pub clock: Arc<dyn Clock>,
    pub store: Store,
    pub registry: Arc<Registry>,
    pub records: Records,
    pub identity: Identity,
    pub plugins: Plugins,
    pub customs: Customs,
    pub media: Media,
    pub rates: Arc<RateLimits>,
    pub schemas: Schemas,
    pub exports: Exports,
    pub tables: Arc<Tables>,
    pub imports: Importing,
    pub live: Arc<Live>,
    pub webhooks: Webhooks,
    /// Of what organizations fill in for plugins as secrets.
    pub plugin_seal: Arc<Seal>,
    pub departures: Departures,
    pub jobs: Jobs,
    pub mail: Mail,
    pub notices: Notices,
    pub links: Links,
    pub documents: Documents,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

impl App {
    /// Keeps what is still to be written down, before the store is closed.
    pub async fn settle(&self) {
        self.identity.settle().await;
        if let Err(fault) = self.plugins.keep_figures().await {
            tracing::warn!(%fault, "what plugins used in the last minute is forgotten");
        }
    }

    /// The address that people type, without a slash at its end.
    pub fn public_url(&self) -> String {
        self.config.server.public_url.to_string().trim_end_matches('/').to_owned()
    }
}

/// The real clock: the one place that asks the machine for the time.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is handed")]
    fn now(&self) -> i64 {
        jiff::Timestamp::now().as_microsecond()
    }
}
