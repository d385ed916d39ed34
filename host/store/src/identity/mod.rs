//! Organizations, people, and how they prove who they are: rows in, rows out, no rule of when. `host/identity` decides.
//!
//! What reads takes either the database or a transaction ([`Source`]); what writes takes a transaction, so that one act
//! and its line in the audit are kept together. Whoever finds nothing is told `None`.
//!
//! Every statement here is a literal that both databases read as it stands.

pub mod audit;
pub mod credentials;
pub mod devices;
pub mod invitations;
pub mod members;
pub mod one_time;
pub mod organizations;
pub mod people;
pub mod pins;
pub mod privacy;
pub mod removal;
pub mod roles;
pub mod second_factors;
pub mod sessions;
pub mod setup;
mod source;
pub mod tokens;
pub mod tries;

pub use source::Source;

use crate::error::StoreError;
use sea_query::Value;
use std::str::FromStr;

/// Values in the order of their `$1`, `$2`…
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$(sea_query::Value::from($value)),*] };
}
pub(crate) use values;

/// What a column holds as text that has a type; anything else in it is a fault of the data.
fn parsed<T: FromStr>(text: &str, column: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Broken(format!("`{text}` in {column} cannot be read")))
}

fn small<T: TryFrom<i64>>(value: i64, column: &str) -> Result<T, StoreError> {
    T::try_from(value).map_err(|_| StoreError::Broken(format!("{value} in {column} cannot be read")))
}

/// Nothing, typed as an identifier: PostgreSQL asks what kind of nothing it is.
pub(crate) fn optional_id(id: Option<lignaflow_core::Id>) -> Value {
    Value::from(id.map(lignaflow_core::Id::uuid))
}
