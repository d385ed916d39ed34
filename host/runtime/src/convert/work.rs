//! Jobs and changes on their way to a guest, and what it answers.

use super::mutation::mutations;
use super::value::fields_to;
use super::{Checked, Malformed};
use crate::contract::exports::lignaflow::plugin::{jobs, subscriber};
use lignaflow_core::background::{MAX_DELAY, MAX_PAYLOAD};
use lignaflow_core::guest::{Event, EventKind, Resume, Slice};

pub(crate) fn slice(slice: jobs::Slice) -> Checked<Slice> {
    let next = slice.next.map(|next| {
        if next.cursor.len() > MAX_PAYLOAD {
            return Err(Malformed::new(
                "/next/cursor",
                format!("at most {MAX_PAYLOAD} bytes, not {}", next.cursor.len()),
            ));
        }
        if next.delay_seconds > MAX_DELAY {
            return Err(Malformed::new(
                "/next/delay-seconds",
                format!("at most {MAX_DELAY}, not {}", next.delay_seconds),
            ));
        }
        Ok(Resume { cursor: next.cursor, delay_seconds: next.delay_seconds })
    });
    Ok(Slice { writes: mutations(slice.writes, "writes")?, next: next.transpose()? })
}

pub(crate) fn events(events: Vec<Event>) -> Vec<subscriber::Event> {
    events.into_iter().map(event).collect()
}

fn event(event: Event) -> subscriber::Event {
    subscriber::Event {
        sequence: event.sequence,
        at: event.at,
        collection: event.collection,
        id: event.id.to_string(),
        version: event.version,
        kind: match event.kind {
            EventKind::Insert => subscriber::EventKind::Insert,
            EventKind::Update => subscriber::EventKind::Update,
            EventKind::Remove => subscriber::EventKind::Remove,
            EventKind::Restore => subscriber::EventKind::Restore,
        },
        transition: event.transition,
        person: event.person.map(|person| person.to_string()),
        before: fields_to(event.before),
        after: fields_to(event.after),
    }
}
