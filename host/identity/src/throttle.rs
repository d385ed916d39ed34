//! Guessing made slow without locking anybody out.
//!
//! Every attempt at a password or a code is counted by who it comes from, by the account that it names, whether there is
//! one or not, and by the two together; a success takes its own count back. Each count is a bucket that refills (the
//! generic cell rate algorithm), so the answer is always a number of seconds. An address from which the person is signed
//! in already does not ask the account's count: strangers elsewhere cannot keep them from signing in.
//!
//! Counts are in the database: several hosts allow together what one does, and a restart forgives nothing.

use crate::client::Client;
use crate::form::{Email, Reader};
use crate::sign_in::SignInFault;
use crate::{Identity, error, secret};
use lignaflow_core::Fault;
use lignaflow_core::clock::Micros;
use lignaflow_store::identity::tries::{self, Bucket};
use std::net::IpAddr;

const SECOND: Micros = 1_000_000;

/// So many at once, then one each so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub burst: u32,
    pub seconds_each: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From one address (one /64 of IPv6): an office behind one address mistypes more than one person does.
    pub network: Limit,
    /// At one account from one address.
    pub pair: Limit,
    /// At one account from anywhere.
    pub account: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            network: Limit { burst: 30, seconds_each: 10 },
            pair: Limit { burst: 6, seconds_each: 15 },
            account: Limit { burst: 40, seconds_each: 60 },
        }
    }
}

/// An attempt that was counted. Tell [`Identity::succeeded`] of it if it did.
#[derive(Debug)]
pub(crate) struct Attempt(Vec<Bucket>);

impl Limit {
    /// The bucket of what is counted, of which its hash alone is kept.
    fn bucket(self, counted: &str) -> Bucket {
        let each = Micros::from(self.seconds_each) * SECOND;
        Bucket { key: secret::hash(counted), each, room: each * Micros::from(self.burst.saturating_sub(1)) }
    }
}

/// What an attempt is counted by. People type passwords into the field of an address: `about` is not kept either.
fn buckets(limits: &Limits, network: Option<IpAddr>, about: &str, at_home: bool) -> Vec<Bucket> {
    let from = network.map_or_else(|| "nowhere".to_owned(), |network| network.to_string());
    let mut buckets =
        vec![limits.network.bucket(&format!("from {from}")), limits.pair.bucket(&format!("from {from} at {about}"))];
    if !at_home {
        buckets.push(limits.account.bucket(&format!("at {about}")));
    }
    // In one order, so that those who try at once wait for each other and not in a circle.
    buckets.sort_unstable_by_key(|bucket| bucket.key);
    buckets
}

impl Identity {
    /// Counts a try at something, such as `password of …`; where there were too many, says when the next is heard. A try
    /// that is not heard is not counted.
    pub(crate) async fn attempt(&self, about: &str, client: &Client, at_home: bool) -> Result<Attempt, SignInFault> {
        let now = self.now();
        let counted = buckets(&self.options().limits, client.network(), about, at_home);
        let kept = counted.clone();
        // Nothing of who may do what changes by it, so it is no act of [`Identity::write`].
        let wait =
            self.database().write(move |tx| Box::pin(async move { tries::count(tx, &counted, now).await })).await;
        match wait.map_err(error::told)?.map(|wait| u64::try_from(wait).unwrap_or(0).div_ceil(1_000_000)) {
            None => Ok(Attempt(kept)),
            Some(retry_after_seconds) => Err(SignInFault::RateLimited { retry_after_seconds }),
        }
    }

    /// Takes the attempt back. Only its own count: whoever has an account of their own could wash others away with it.
    pub(crate) async fn succeeded(&self, Attempt(counted): Attempt) -> Result<(), Fault> {
        let taken =
            self.database().write(move |tx| Box::pin(async move { tries::take_back(tx, &counted).await })).await;
        taken.map_err(error::told)
    }

    /// The address that somebody typed to have a letter sent to, which is counted.
    pub(crate) async fn written_to(&self, typed: &str, what: &str, client: &Client) -> Result<Email, SignInFault> {
        let mut reader = Reader::default();
        let email = reader.email(typed, "/email");
        reader.finish()?;
        let email = email.ok_or_else(Fault::internal)?;
        self.attempt(&format!("{what} of {}", email.key), client, false).await?;
        Ok(email)
    }
}
