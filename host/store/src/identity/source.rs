//! What can be read from: the database as it is, or a transaction under way.

use crate::database::{Database, Row, Statement, Tx};
use crate::error::StoreError;
use std::future::Future;

mod sealed {
    pub trait Sealed {}
    impl Sealed for &crate::database::Database {}
    impl Sealed for &mut crate::database::Tx {}
}

/// `&Database` or `&mut Tx`.
pub trait Source: sealed::Sealed + Send {
    fn all(self, statement: Statement) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;
    fn optional(self, statement: Statement) -> impl Future<Output = Result<Option<Row>, StoreError>> + Send;
}

impl Source for &Database {
    async fn all(self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.fetch_all(statement).await
    }

    async fn optional(self, statement: Statement) -> Result<Option<Row>, StoreError> {
        self.fetch_optional(statement).await
    }
}

impl Source for &mut Tx {
    async fn all(self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.fetch_all(statement).await
    }

    async fn optional(self, statement: Statement) -> Result<Option<Row>, StoreError> {
        self.fetch_optional(statement).await
    }
}
