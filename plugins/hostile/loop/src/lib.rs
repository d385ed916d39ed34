//! Computes for ever, in its route and in its hook.

use hostile_kit::exports::lignaflow::plugin::hooks::{Change, Verdict};
use hostile_kit::exports::lignaflow::plugin::routes::{Reply, Request};
use hostile_kit::lignaflow::plugin::types::Error;
use std::hint::black_box;

fn run(_: &Request) -> Result<Reply, Error> {
    compute()
}

fn before_save(_: &[Change]) -> Result<Verdict, Error> {
    compute()
}

fn compute() -> ! {
    let mut number = 0_u64;
    loop {
        number = black_box(number.wrapping_add(1));
    }
}

hostile_kit::guest!(run, before_save);
