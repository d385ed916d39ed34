//! Hands over more than anybody asked for: to a function of the host, or as its answer.

use hostile_kit::exports::lignaflow::plugin::routes::{Reply, Request};
use hostile_kit::lignaflow::plugin::logging::{Level, log};
use hostile_kit::lignaflow::plugin::types::Error;

const BYTES: usize = 32 << 20;

fn handle(request: &Request) -> Result<Reply, Error> {
    let giant = "x".repeat(BYTES);
    if request.route == "argument" {
        log(Level::Info, &giant, &[]);
        return hostile_kit::json("\"taken\"");
    }
    hostile_kit::json(giant)
}

hostile_kit::guest!(handle);
