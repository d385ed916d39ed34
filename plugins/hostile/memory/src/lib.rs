//! Takes all memory that it can get: until it fails, or once and then lives with the refusal.

use hostile_kit::exports::lignaflow::plugin::routes::{Reply, Request};
use hostile_kit::lignaflow::plugin::types::Error;
use std::hint::black_box;

const MEGABYTE: usize = 1 << 20;

fn handle(request: &Request) -> Result<Reply, Error> {
    if request.route == "once" {
        let mut most: Vec<u8> = Vec::new();
        let refused = most.try_reserve_exact(1 << 30).is_err();
        return hostile_kit::json(if refused { "\"refused\"" } else { "\"given\"" });
    }
    let mut hoard = Vec::new();
    loop {
        hoard.push(black_box(vec![1_u8; MEGABYTE]));
    }
}

hostile_kit::guest!(handle);
