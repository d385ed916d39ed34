//! Waits for an hour, which takes no computing time.

use hostile_kit::exports::lignaflow::plugin::routes::{Reply, Request};
use hostile_kit::lignaflow::plugin::types::Error;
use std::time::Duration;

#[expect(clippy::disallowed_methods, reason = "to sleep is what it is here for")]
fn run(_: &Request) -> Result<Reply, Error> {
    std::thread::sleep(Duration::from_hours(1));
    hostile_kit::json("\"awake\"")
}

hostile_kit::guest!(run);
