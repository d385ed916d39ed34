//! Uses so much of one thing as it is told, in whatever it is called for: `memory 40` takes 40 MiB. Each class of call has
//! bounds of its own, and here they are reached on purpose.

use lignaflow_sdk::prelude::*;
use std::hint::black_box;
use std::thread::sleep;
use std::time::{Duration, Instant as Clock};

struct Greedy;

impl Plugin for Greedy {
    fn before_save(changes: &[HookChange]) -> Result<Verdict, Fault> {
        let mut also = Vec::new();
        for change in changes {
            also.extend(take(change.after.text("title").unwrap_or_default())?);
        }
        Ok(Verdict { set: Vec::new(), also })
    }

    fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
        let what: String = request.json()?;
        if request.route == "later" {
            return Ok(reply::empty().with_writes([enqueue("take").with(&what)?]));
        }
        Ok(reply::json(&"taken")?.with_writes(take(&what)?))
    }

    fn run(call: &JobCall) -> Result<Slice, Fault> {
        Ok(Slice::default().with_writes(take(&call.json::<String>()?)?))
    }

    fn receive(events: &[Event]) -> Result<Vec<Mutation>, Fault> {
        let mut writes = Vec::new();
        for event in events {
            writes.extend(take(event.after.text("title").unwrap_or_default())?);
        }
        Ok(writes)
    }

    fn invoke(call: &ServiceCall) -> Result<ServiceAnswer, Fault> {
        Ok(ServiceAnswer::of(&"taken")?.with_writes(take(&call.json::<String>()?)?))
    }

    fn migrate(portion: &Portion) -> Result<Vec<Mutation>, Fault> {
        let mut writes = Vec::new();
        for record in &portion.records {
            writes.extend(take(record.fields.text("title").unwrap_or_default())?);
        }
        Ok(writes)
    }
}

/// What it wants written.
#[expect(clippy::disallowed_methods, reason = "to sleep is one of the things that it is here for")]
fn take(what: &str) -> Result<Vec<Mutation>, Fault> {
    let (name, amount) = what.split_once(' ').unwrap_or((what, "0"));
    let amount: usize = amount.parse().unwrap_or(0);
    let millis = Duration::from_millis(u64::try_from(amount).unwrap_or(0));
    let mut writes = Vec::new();
    match name {
        "cpu" => {
            let began = Clock::now();
            while began.elapsed() < millis {
                black_box(began);
            }
        }
        "wall" => sleep(millis),
        "memory" => {
            let _ = black_box(vec![1_u8; amount << 20]);
        }
        "calls" => {
            for _ in 0..amount {
                let _ = black_box(context::new_id()?);
            }
        }
        // As many rows as there are, again and again.
        "rows" => {
            for _ in 0..amount {
                let _ = black_box(records::find(select("things").as_plugin().columns(["title"]).limit(100))?);
            }
        }
        "out" => log::info(&"x".repeat(amount << 10), &[]),
        "writes" => {
            for number in 0..amount {
                writes.push(insert("things", context::new_id()?).set("title", format!("thing {number}")).into());
            }
        }
        "log" => {
            for number in 0..amount {
                log::info(&format!("line {number}"), &[]);
            }
        }
        _ => {}
    }
    Ok(writes)
}

lignaflow_sdk::plugin!(Greedy);
