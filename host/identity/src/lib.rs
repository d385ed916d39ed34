//! Organizations, people, roles, sessions and tokens: who asks, proved, and what they may. No HTTP; no SQL.
//!
//! | module | holds |
//! |---|---|
//! | `authenticate`, `rights` | a session or token into the `Caller` of one request; what a role may do |
//! | `holders` | who held a secret a moment ago |
//! | `setup`, `organizations` | the first organization by a one-time secret, further ones by an operator |
//! | `sign_in`, `sessions`, `accounts` | signing in and out; a person's sessions; passwords changed and reset |
//! | `tokens` | API tokens |
//! | `members`, `people` | who belongs to an organization, as what; people as plugins see them |
//! | `invitations` | who is asked to join, and how they accept |
//! | `roles` | roles of an organization's own, and what it makes of those of plugins |
//! | `resets`, `letters` | forgotten passwords and changed addresses; what is mailed about accounts |
//! | `devices`, `sign_up` | enrolled devices with names and PINs; organizations that people make by themselves |
//! | `second_factor`, `proving`, `seal` | codes of authenticators; proving once more who one is; secrets that are read again |
//! | `privacy` | what is held of a person, taken along by them or taken away from an organization |
//! | `settings` | what a person says of themselves, what an organization is set to |
//! | `password`, `throttle`, `secret` | argon2id and its rules; guessing made slow; random secrets and their hashes |
//! | `known` | browsers that somebody has signed in with before |
//! | `form`, `country`, `client`, `options` | what people type; presets; where they come from; what can be set |
//! | `audit`, `error` | what is written down; what goes wrong |
//!
//! To add an act: read the form with `form::Reader`, gather every fault, decide inside one `write` of the store on rows
//! read there, and append to the audit in the same transaction. Rows and statements are in the store's `identity`.

mod accounts;
mod audit;
mod authenticate;
mod client;
mod country;
mod devices;
mod error;
mod form;
mod holders;
mod invitations;
mod known;
mod letters;
mod members;
mod options;
mod organizations;
mod password;
mod people;
mod privacy;
mod proving;
mod removal;
mod resets;
mod rights;
mod roles;
mod seal;
mod second_factor;
mod secret;
mod sessions;
mod settings;
mod setup;
mod sign_in;
mod sign_up;
mod throttle;
mod tokens;
mod touches;

#[cfg(test)]
mod tests;

pub use audit::RecordsTaken;
pub use authenticate::{AuthFault, Authenticated, Credential, OrganizationSummary, Via};
pub use client::Client;
pub use country::{FIRST as FIRST_COUNTRY, Preset, preset_of, with_preset};
pub use devices::{Device, Enrolled, NewDevice, PinSet};
pub use invitations::{Asked, Invitation, Invited, JoinForm, Joined, NewInvitation, SentLetter};
pub use known::{KNOWN, Mark};
pub use lignaflow_store::identity::audit::{Event, Line as AuditLine, Search as AuditSearch};
pub use lignaflow_store::identity::members::Member;
pub use lignaflow_store::identity::organizations::{Demand, Organization};
pub use lignaflow_store::identity::tokens::{Scope, Token, UnknownScope};
pub use members::{Added, NewMember};
pub use options::Options;
pub use organizations::{Created, SetupForm};
pub use password::{HashCost, LONGEST as LONGEST_PASSWORD, SHORTEST as SHORTEST_PASSWORD};
pub use people::People;
pub use privacy::{About, Erasure, LONGEST_RETENTION, kept_until};
pub use proving::{PROVE_AGAIN, asks_for_proof};
pub use roles::{OwnRole, RoleForm, brought_by};
pub use seal::{Keys, Seal, SealFault};
pub use second_factor::{SecondFactorSetup, second_factor_seal};
pub use secret::Secret;
pub use sessions::{LINGERS, NewSession, SessionSummary};
pub use settings::{OrganizationChange, ProfileChange};
pub use setup::{Founded, SetupToken};
pub use sign_in::{SignInFault, SignedIn};
pub use throttle::{Limit, Limits};
pub use tokens::{NewToken, TokenIssued};

use holders::Holders;
use lignaflow_core::Fault;
use lignaflow_core::clock::{Clock, Micros};
use lignaflow_store::identity::credentials::{SessionHolder, TokenHolder};
use lignaflow_store::{Database, Store, Tx};
use password::Passwords;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use touches::Touches;

const SECOND: Micros = 1_000_000;

/// Everything that proves and changes who people are. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Identity(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    options: Options,
    passwords: Passwords,
    touches: Touches,
    sessions: Holders<SessionHolder>,
    tokens: Holders<TokenHolder>,
}

/// The work of a transaction.
type Work<'t, T> = Pin<Box<dyn Future<Output = Result<T, error::Error>> + Send + 't>>;

impl Identity {
    pub fn new(store: Store, clock: Arc<dyn Clock>, options: Options) -> Self {
        let passwords = Passwords::new(options.hash_cost.clone(), options.hash_slots, options.hash_wait);
        let touches = Touches::default();
        let (sessions, tokens) = (Holders::default(), Holders::default());
        Self(Arc::new(Inner { store, clock, options, passwords, touches, sessions, tokens }))
    }

    fn now(&self) -> Micros {
        self.0.clock.now()
    }

    fn database(&self) -> &Database {
        self.0.store.database()
    }

    fn options(&self) -> &Options {
        &self.0.options
    }

    fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    /// Does all of the work or none of it. What it may have changed of who may do what holds from its return on.
    async fn write<T, F>(&self, work: F) -> Result<T, Fault>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T> + Send + 'static,
        T: Send + 'static,
    {
        let store = self.0.store.clone();
        // In a task of its own, as the transaction is: it is told also where nobody waits for the answer any more.
        let done = tokio::spawn(async move {
            let done = store.database().write(work).await;
            // Also after a failure: of a commit that broke off it is not known whether it came to be.
            store.signal().raise_standing();
            done
        });
        match done.await {
            Ok(done) => Ok(done?),
            Err(ended) => {
                tracing::error!(%ended, "an act on identity was broken off");
                Err(Fault::internal())
            }
        }
    }

    /// How many passwords this process has hashed or compared: what an answer costs, and so what its time may tell.
    pub fn hashes_computed(&self) -> u64 {
        self.passwords().computed()
    }

    /// Waits for the notes of use that are under way, before the store is closed.
    pub async fn settle(&self) {
        self.0.touches.settle().await;
    }
}
