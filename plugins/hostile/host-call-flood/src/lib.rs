//! Asks the host again and again.

use hostile_kit::exports::lignaflow::plugin::routes::{Reply, Request};
use hostile_kit::lignaflow::plugin::context::new_id;
use hostile_kit::lignaflow::plugin::types::Error;

fn run(_: &Request) -> Result<Reply, Error> {
    loop {
        new_id();
    }
}

hostile_kit::guest!(run);
