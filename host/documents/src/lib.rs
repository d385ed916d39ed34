//! Documents: a template and data become a PDF, in a world without files, network and clock.
//!
//! | module | holds |
//! |---|---|
//! | [`Order`] (`order`) | what is asked for, and how it crosses into a process of its own and back |
//! | `world` | all that a template can see |
//! | [`make`] (`make`) | from an order to a PDF, or why not, with the line |
//! | [`single_threaded`] | for a process that may start no threads |
//!
//! A template is a program: it can compute for ever and take any memory. So [`make`] is called in a process that has
//! little of both, never in the server itself. The same order makes the same bytes.

mod make;
mod order;
mod world;

pub use make::{Flaw, Made, make};
pub use order::{Order, Outcome, Unreadable};

/// The template of a table of figures, as reports are put on paper.
pub const REPORT: &str = include_str!("../templates/report.typ");

/// Has the libraries that share work among threads do it all on this one.
pub fn single_threaded() {
    // It fails only where there is a pool already, which then goes on being used.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
}
