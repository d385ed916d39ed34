//! Waits for the host for ever, a call at a time: it computes next to nothing itself.

use hostile_kit::exports::lignaflow::plugin::routes::{Reply, Request};
use hostile_kit::lignaflow::plugin::query::{Authority, Selection};
use hostile_kit::lignaflow::plugin::records;
use hostile_kit::lignaflow::plugin::types::Error;
use std::hint::black_box;

fn handle(_: &Request) -> Result<Reply, Error> {
    loop {
        let selection = Selection {
            collection: "notes".to_owned(),
            authority: Authority::Plugin,
            where_: Vec::new(),
            sort: Vec::new(),
            select: vec!["title".to_owned()],
            limit: 1,
            after: None,
        };
        let _ = black_box(records::find(&selection));
    }
}

hostile_kit::guest!(handle);
