//! Has a table of 30,000 elements, more than is usual, which it has from its first instruction on.

use hostile_kit::exports::lignaflow::plugin::routes::{Reply, Request};
use hostile_kit::lignaflow::plugin::types::Error;

fn run(_: &Request) -> Result<Reply, Error> {
    hostile_kit::json("\"given\"")
}

hostile_kit::guest!(run);
