//! Sends where no plugin may: to the machine that it runs on and to what lies beside it, by address, by a name that leads
//! there, and by going on to wherever an answer says.

use lignaflow_sdk::prelude::*;
use serde::{Deserialize, Serialize};

struct Outreach;

/// How often it goes on to where an answer says.
const FAR: u8 = 5;

#[derive(Serialize, Deserialize)]
struct Wanted {
    url: String,
}

impl Plugin for Outreach {
    fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
        let wanted: Wanted = request.json()?;
        Ok(reply::empty().with_writes([enqueue("reach").with(&wanted)?]))
    }

    fn run(call: &JobCall) -> Result<Slice, Fault> {
        let wanted: Wanted = call.json()?;
        match reach(wanted.url, FAR) {
            Ok(status) => {
                log::info(&format!("reached something, which said {status}"), &[]);
                Ok(Slice::default())
            }
            Err(fault) => {
                let issues: Vec<_> = fault.issues.iter().map(|issue| issue.message.as_str()).collect();
                log::error(&format!("{} {}", fault.message, issues.join(" ")), &[]);
                Err(fault)
            }
        }
    }
}

fn reach(url: String, left: u8) -> Result<u16, Fault> {
    let answer = outbound::get(url).within_ms(2_000).send()?;
    match answer.header("location") {
        Some(place) if left > 0 => reach(place.to_owned(), left - 1),
        _ => Ok(answer.status),
    }
}

lignaflow_sdk::plugin!(Outreach);
