//! What time is expected to be and what it is paid as: what more than one plugin reckons with, each over records that it
//! reads itself, with the rights that it has.
//!
//! | module | holds |
//! |---|---|
//! | [`patterns`] | what people work on each day of a week |
//! | [`holidays`] | which days are public holidays, and where |
//! | [`rules`] | what the organization has settled of pay, from a day on |
//! | [`bands`] | time sorted by these rules: each second in one band |

pub mod bands;
pub mod holidays;
pub mod patterns;
pub mod rules;
