//! What waits is sent, by the host that holds the lease, and tried again later and later where it was not taken. A host
//! that loses the lease between handing a letter over and noting that may have it sent twice; both have one id, by which
//! clients know them as one.

use super::compose::Hindrance;
use super::post::NotTaken;
use super::{Mail, unavailable};
use crate::background::{Round, chance, spread};
use lignaflow_core::Fault;
use lignaflow_core::clock::Micros;
use lignaflow_store::identity::audit::{self, Event};
use lignaflow_store::mail::{self, Kept, State, Tried};
use lignaflow_store::{Lease, StoreError, Tx, notices};
use serde_json::json;
use std::sync::atomic::Ordering;

/// Letters that one round sends, and how many at once.
const SLICE: u32 = 40;
const AT_ONCE: usize = 4;
const FORGOTTEN: u32 = 500;

const SECOND: Micros = 1_000_000;
const MINUTE: Micros = 60 * SECOND;
const HOUR: Micros = 60 * MINUTE;

/// How long it waits after each try that failed; after the one that follows the last, it has failed: after some
/// twenty hours.
const WAITS: [Micros; 7] = [30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 12 * HOUR];

/// Tries that wait no longer than a document takes to be made.
const SOON: i64 = 3;

/// When to try again after so many tries. None where it is given up.
fn next_try(tries: i64, now: Micros, chance: u8) -> Option<Micros> {
    let wait = usize::try_from(tries - 1).ok().and_then(|index| WAITS.get(index))?;
    Some(spread(*wait, now, chance))
}

impl Mail {
    /// One round of the duty.
    pub async fn round(self, lease: Lease) -> Result<Round, Fault> {
        let more = self.forget(&lease).await?;
        let due = mail::due(self.0.store.database(), self.0.clock.now(), SLICE).await.map_err(unavailable)?;
        let full = due.len() == usize::try_from(SLICE).unwrap_or(usize::MAX);
        for some in due.chunks(AT_ONCE) {
            for kept in futures_util::future::join_all(some.iter().map(|kept| self.one(kept, &lease))).await {
                if !kept? {
                    return Ok(Round::Done);
                }
            }
        }
        Ok(if more || full { Round::More } else { Round::Done })
    }

    /// Sends one letter once. Whether what came of it was kept.
    async fn one(&self, kept: &Kept, lease: &Lease) -> Result<bool, Fault> {
        let made = self.message(kept).await;
        // Its document comes in a moment; after some of these it waits like any other.
        let soon = matches!(made, Err(Hindrance::Unmade)) && kept.attempts < SOON;
        let sent = match made {
            Ok(message) => self.0.post.hand_over(kept.id, message).await,
            Err(Hindrance::ForGood(why)) => Err(NotTaken { why, for_good: true }),
            Err(Hindrance::Later(fault)) => Err(NotTaken { why: fault.message, for_good: false }),
            Err(Hindrance::Unmade) => {
                Err(NotTaken { why: "A document that goes with it is not made yet.".to_owned(), for_good: false })
            }
        };
        let now = self.0.clock.now();
        let (state, due_at) = match &sent {
            Ok(()) => (State::Sent, now),
            Err(not) if not.for_good => (State::Failed, now),
            Err(_) if soon => (State::Waiting, now + SECOND),
            Err(_) => match next_try(kept.attempts + 1, now, chance()) {
                Some(later) => (State::Waiting, later),
                None => (State::Failed, now),
            },
        };
        metrics::counter!("lignaflow_mail_tries_total", "taken" => if sent.is_ok() { "yes" } else { "no" })
            .increment(1);
        let error = sent.err().map(|not| not.why);
        if let Some(why) = &error {
            // Neither to whom nor what: addresses are people's, and words may be secrets.
            tracing::warn!(letter = %kept.id, kind = kept.message.kind, why, "a letter was not taken");
        }
        let tried = Tried { at: now, from: self.0.post.place(), error };
        // In a folder what it says stands in the file anyway, and there alone a laptop's owner can read it.
        // What leads by a link holds no secret itself, and can be sent again.
        let forget = !self.is_local() && kept.message.letter.links().next().is_none();
        let (lease, kept) = (lease.clone(), kept.clone());
        self.write(move |tx| {
            Box::pin(async move {
                if !lease.holds(tx).await? || !mail::settle(tx, &kept, state, due_at, &tried, forget).await? {
                    return Ok(false);
                }
                if state == State::Failed {
                    failed(tx, &kept, &tried, now).await?;
                }
                Ok(true)
            })
        })
        .await
    }

    /// Forgets what ended long ago. Whether there is more.
    async fn forget(&self, lease: &Lease) -> Result<bool, Fault> {
        let now = self.0.clock.now();
        if now - self.0.forgot_at.load(Ordering::Relaxed) < HOUR {
            return Ok(false);
        }
        let (lease, before) = (lease.clone(), now - i64::from(self.0.keep_days) * 24 * HOUR);
        let forgotten = self.write(move |tx| {
            Box::pin(
                async move { if lease.holds(tx).await? { mail::forget(tx, before, FORGOTTEN).await } else { Ok(0) } },
            )
        });
        let more = forgotten.await? == u64::from(FORGOTTEN);
        if !more {
            self.0.forgot_at.store(now, Ordering::Relaxed);
        }
        Ok(more)
    }
}

/// Writes down that a letter was given up.
async fn failed(tx: &mut Tx, kept: &Kept, tried: &Tried, now: Micros) -> Result<(), StoreError> {
    let event = Event {
        organization: kept.message.organization,
        at: now,
        person: None,
        kind: "mail.failed".to_owned(),
        address: String::new(),
        token: None,
        detail: json!({
            "mail": kept.id.to_string(),
            "kind": kept.message.kind,
            "from": tried.from,
            "error": tried.error,
        }),
    };
    audit::append(tx, &event).await?;
    if let Some(organization) = kept.message.organization {
        let said = ("A letter could not be sent", tried.error.as_deref().unwrap_or_default());
        let path = "/admin/mail?state=failed";
        notices::tell_administrators(tx, organization, "mail", said, path, now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_farther_and_farther_apart_for_most_of_a_day_and_then_end() {
        let mut at = 0;
        let mut former = 0;
        for tries in 1..=7 {
            let (early, late) = (next_try(tries, at, 0).unwrap(), next_try(tries, at, 255).unwrap());
            let wait = late - at;
            assert!(wait > former && early < late, "{early} {late}");
            former = wait;
            at = late;
        }
        assert!((20 * HOUR..=26 * HOUR).contains(&at));
        assert_eq!(next_try(8, at, 0), None);
    }
}
