//! Calls an interface that its descriptor does not ask for.

use hostile_kit::exports::lignaflow::plugin::routes::{Reply, Request};
use hostile_kit::lignaflow::plugin::people;
use hostile_kit::lignaflow::plugin::types::Error;

fn run(_: &Request) -> Result<Reply, Error> {
    hostile_kit::json(people::holding(None).len().to_string())
}

hostile_kit::guest!(run);
