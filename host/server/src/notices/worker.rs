//! Which notices become letters, and when, by the host that holds the lease. That a letter is written and that its
//! notices are done with is one transaction, so nobody is told twice.

use super::{Notices, unavailable};
use crate::background::Round;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use lignaflow_core::Fault;
use lignaflow_core::clock::Micros;
use lignaflow_core::mail::{Item, Letter, Message, Part, Recipient, Target};
use lignaflow_store::notices::{self, By, Notice, Reader, Undecided};
use lignaflow_store::{Lease, mail};
use std::sync::atomic::Ordering;

/// Notices that one round looks at, and readers of morning letters.
const SLICE: u32 = 100;
/// Notices that one morning letter names.
const NAMED: u32 = 50;
/// When the morning letter is written, and when nothing is mailed, where the reader is.
const MORNING: i8 = 7;
const NIGHT: (i8, i8) = (22, 6);
/// How long what was read is kept, and what was not.
const KEEP_READ: Micros = 90 * DAY;
const KEEP: Micros = 366 * DAY;
const FORGOTTEN: u32 = 500;

const HOUR: Micros = 60 * 60 * 1_000_000;
const DAY: Micros = 24 * HOUR;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// The next time that a clock in a zone shows this hour, from an instant on.
fn next(hour: i8, from: Micros, zone: &TimeZone) -> Micros {
    let Ok(now) = Timestamp::from_microsecond(from) else { return from };
    let local = now.to_zoned(zone.clone());
    let time = civil::time(hour, 0, 0, 0);
    for days in 0..2 {
        let Ok(date) = local.date().checked_add(jiff::Span::new().days(days)) else { break };
        if let Ok(at) = date.to_datetime(time).to_zoned(zone.clone())
            && at.timestamp() >= now
        {
            return at.timestamp().as_microsecond();
        }
    }
    from + DAY
}

/// When a letter may go that is written now: at night it waits for its end, where somebody wants it so.
fn not_at_night(now: Micros, zone: &TimeZone, quiet: bool) -> Micros {
    let Ok(instant) = Timestamp::from_microsecond(now) else { return now };
    let hour = instant.to_zoned(zone.clone()).hour();
    if quiet && (hour >= NIGHT.0 || hour < NIGHT.1) { next(NIGHT.1, now, zone) } else { now }
}

/// Where a notice leads.
fn target(notice: &Notice) -> Option<Target> {
    let about = notice.about.as_ref().map(|(collection, id)| format!("/{collection}/{id}"));
    about.or_else(|| notice.path.clone()).map(Target::Path)
}

/// The letter of one notice.
fn letter(notice: &Notice) -> Letter {
    let mut letter = Letter::new(notice.title.as_str());
    if !notice.text.is_empty() {
        letter = letter.text(notice.text.as_str());
    }
    let to = target(notice).unwrap_or_else(|| Target::Path("/notices".to_owned()));
    letter
        .with(Part::Button { title: "Open it".to_owned(), to })
        .small("How you are told by mail is set on your page of notices.")
}

/// The letter of a morning.
fn digest(found: &[Notice]) -> Letter {
    let subject = match found {
        [only] => only.title.clone(),
        several => format!("{} notices for you", several.len()),
    };
    let item = |notice: &Notice| Item { title: notice.title.clone(), text: notice.text.clone(), to: target(notice) };
    Letter::new(subject)
        .with(Part::Items(found.iter().map(item).collect()))
        .with(Part::Button { title: "All notices".to_owned(), to: Target::Path("/notices".to_owned()) })
        .small("How you are told by mail is set on your page of notices.")
}

impl Notices {
    /// One round of the duty.
    pub async fn round(self, lease: Lease) -> Result<Round, Fault> {
        let mut more = self.forget(&lease).await?;
        let undecided = notices::undecided(self.0.store.database(), SLICE).await.map_err(unavailable)?;
        more |= undecided.len() == usize::try_from(SLICE).unwrap_or(usize::MAX);
        for one in undecided {
            self.decide(one, &lease).await?;
        }
        let now = self.0.clock.now();
        for reader in notices::digests(self.0.store.database(), SLICE).await.map_err(unavailable)? {
            // It waits since the notice was told: the first morning after that is its time.
            if next(MORNING, reader.since, &zone(&reader.time_zone)) <= now {
                self.morning(reader, &lease).await?;
            }
        }
        Ok(if more { Round::More } else { Round::Done })
    }

    async fn decide(&self, one: Undecided, lease: &Lease) -> Result<(), Fault> {
        let now = self.0.clock.now();
        let at_once = match one.wish.by {
            By::Page => None,
            By::Mail => Some(true),
            By::Digest => Some(one.notice.urgent),
        };
        let due_at = not_at_night(now, &zone(&one.time_zone), one.wish.quiet);
        let lease = lease.clone();
        self.write(move |tx| {
            Box::pin(async move {
                if !lease.holds(tx).await? || !notices::decide(tx, &one.notice, at_once == Some(false)).await? {
                    return Ok(());
                }
                if at_once == Some(true) {
                    let to = Recipient { address: one.email, name: one.name };
                    let message = Message::new(Some(one.notice.organization), "notice", to, letter(&one.notice));
                    mail::queue(tx, &message, due_at, now).await?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn morning(&self, reader: Reader, lease: &Lease) -> Result<(), Fault> {
        let (lease, now) = (lease.clone(), self.0.clock.now());
        self.write(move |tx| {
            Box::pin(async move {
                if !lease.holds(tx).await? {
                    return Ok(());
                }
                let found = notices::take_digest(tx, &reader, NAMED).await?;
                if !found.is_empty() {
                    let to = Recipient { address: reader.email, name: reader.name };
                    let message = Message::new(Some(reader.organization), "digest", to, digest(&found));
                    mail::queue(tx, &message, now, now).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Forgets what was read long ago. Whether there is more.
    async fn forget(&self, lease: &Lease) -> Result<bool, Fault> {
        let now = self.0.clock.now();
        if now - self.0.forgot_at.load(Ordering::Relaxed) < HOUR {
            return Ok(false);
        }
        let lease = lease.clone();
        let forgotten = self.write(move |tx| {
            Box::pin(async move {
                if !lease.holds(tx).await? {
                    return Ok(0);
                }
                notices::forget(tx, now - KEEP_READ, now - KEEP, FORGOTTEN).await
            })
        });
        let more = forgotten.await? == u64::from(FORGOTTEN);
        if !more {
            self.0.forgot_at.store(now, Ordering::Relaxed);
        }
        Ok(more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Micros {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn the_morning_is_the_readers_own() {
        let sydney = zone("Australia/Sydney");
        assert_eq!(next(MORNING, at("2026-11-25T05:00:00Z"), &sydney), at("2026-11-25T20:00:00Z"));
        assert_eq!(next(MORNING, at("2026-11-25T20:00:00Z"), &sydney), at("2026-11-25T20:00:00Z"));
        assert_eq!(next(MORNING, at("2026-11-25T20:00:01Z"), &sydney), at("2026-11-26T20:00:00Z"));
        // The clocks go forward on the night before 4 October.
        assert_eq!(next(MORNING, at("2026-10-03T12:00:00Z"), &sydney), at("2026-10-03T20:00:00Z"));
    }

    #[test]
    fn nothing_comes_at_night_unless_it_may() {
        let perth = zone("Australia/Perth");
        let night = at("2026-11-25T15:30:00Z"); // 23:30 there
        assert_eq!(not_at_night(night, &perth, true), at("2026-11-25T22:00:00Z"));
        assert_eq!(not_at_night(night, &perth, false), night);
        let day = at("2026-11-25T03:00:00Z");
        assert_eq!(not_at_night(day, &perth, true), day);
    }
}
