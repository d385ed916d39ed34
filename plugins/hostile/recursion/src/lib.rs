//! Calls itself without end.

use hostile_kit::exports::lignaflow::plugin::routes::{Reply, Request};
use hostile_kit::lignaflow::plugin::types::Error;
use std::hint::black_box;

fn run(_: &Request) -> Result<Reply, Error> {
    hostile_kit::json(deeper(0).to_string())
}

#[expect(unconditional_recursion, reason = "it is what it is here for")]
fn deeper(depth: u64) -> u64 {
    // What is done after the call keeps it from becoming a loop.
    let below = deeper(black_box(depth + 1));
    black_box(below) + depth
}

hostile_kit::guest!(run);
