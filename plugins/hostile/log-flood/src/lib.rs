//! Says more than anybody reads, to its log and on standard output and error, and then answers as if nothing were.

use hostile_kit::exports::lignaflow::plugin::routes::{Reply, Request};
use hostile_kit::lignaflow::plugin::logging::{Level, log};
use hostile_kit::lignaflow::plugin::types::Error;

fn run(_: &Request) -> Result<Reply, Error> {
    let long = "y".repeat(1000);
    for number in 0..5_000 {
        log(Level::Warn, &format!("line {number} {long}"), &[]);
    }
    for number in 0..2_000 {
        println!("printed {number} {long}");
        eprintln!("complained {number} {long}");
    }
    // A line that never ends.
    for _ in 0..2_000 {
        eprint!("{long}");
    }
    hostile_kit::json("\"said\"")
}

hostile_kit::guest!(run);
