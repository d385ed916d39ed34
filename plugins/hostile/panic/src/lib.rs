//! Panics, or ends the process that it thinks it is.

use hostile_kit::exports::lignaflow::plugin::hooks::{Change, Verdict};
use hostile_kit::exports::lignaflow::plugin::routes::{Reply, Request};
use hostile_kit::lignaflow::plugin::types::Error;

fn handle(request: &Request) -> Result<Reply, Error> {
    if request.route == "exit" {
        std::process::exit(3);
    }
    panic!("the sky is falling");
}

fn before_save(_: &[Change]) -> Result<Verdict, Error> {
    panic!("the sky is falling on a save");
}

hostile_kit::guest!(handle, before_save);
