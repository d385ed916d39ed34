//! What goes wrong inside, and how callers are told of it: one conversion, here.

use lignaflow_core::{ErrorCode, Fault};
use lignaflow_store::StoreError;

/// Within transactions: a rule that refuses, or a database that does.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Refused(#[from] Fault),
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(fault) => fault,
            Error::Store(error) => told(error),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands at the end of `map_err`")]
/// What a caller is told of a database that did not answer as it should.
pub(crate) fn told(error: StoreError) -> Fault {
    match error {
        // What is looked up first was added by another meanwhile.
        StoreError::Unique(_) => Fault::new(ErrorCode::Conflict, "Somebody else has just made the same. Look again."),
        StoreError::Contended | StoreError::Unavailable(_) | StoreError::Unknown | StoreError::Open(_) => {
            tracing::warn!(%error, "the database did not answer");
            Fault::new(ErrorCode::Unavailable, "The database cannot be reached. Try again in a moment.")
        }
        StoreError::Full => Fault::new(ErrorCode::Quota, "The disk is full. Nothing was saved."),
        StoreError::TooLarge(_) | StoreError::Broken(_) => {
            tracing::error!(%error, "the database refused a statement");
            Fault::internal()
        }
    }
}
