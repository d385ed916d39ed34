//! The process that makes documents: it limits itself, reads an order on standard input, and tells what came of it on
//! standard output.

use crate::confined::{Bounds, Measured};
use lignaflow_documents::{Order, make, single_threaded};
use std::io;

/// How far it stands behind those who wait for the server: a sixth of the share of one that competes with it.
const NICE: i32 = 8;

/// Makes the document on standard input. What is wrong with its template is told as an outcome, not as a failure.
pub fn run(bounds: Bounds) -> io::Result<()> {
    // It may start no threads from here on.
    single_threaded();
    bounds.take_on(Measured::Addresses)?;
    // Nobody waits for a document as they do for an answer.
    lignaflow_runtime::stand_back(NICE);
    let order = Order::read(io::stdin().lock()).map_err(io::Error::other)?;
    make(order).write(io::BufWriter::new(io::stdout().lock())).map_err(io::Error::other)
}
