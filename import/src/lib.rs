//! Leaving another system: what `lignaflow import` brings in, through the public API, as anybody could. The host knows
//! nothing of it.
//!
//! | module | holds |
//! |---|---|
//! | [`old`] | the system that firms had before, with all that is in its tables |
//! | [`times`] | time exports of Toggl, Clockify, Harvest and Kimai |
//! | [`report`] | what an import comes to, and every row of which something is to be said |
//! | [`ids`], [`number`] | ids that are the same at every try; figures without floats |
//!
//! An import may be broken off and done again, any number of times: each record has an id that is made of what the row was
//! called where it comes from, and what is there is left as it is.

mod ids;
mod number;
pub mod old;
pub mod report;
pub mod times;

pub use report::Report;
