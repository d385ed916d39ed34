//! One row of either database, read by position. What a column holds is known from the statement, so the drivers'
//! checks of column types, which differ, are not asked.

use crate::error::StoreError;
use lignaflow_core::Id;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row as _, Sqlite};
use uuid::Uuid;

pub enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Row({} columns)", self.len())
    }
}

impl Row {
    /// Columns in the row.
    pub fn len(&self) -> usize {
        match self {
            Self::Sqlite(row) => row.len(),
            Self::Postgres(row) => row.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn read<'r, T>(&'r self, index: usize) -> Result<T, StoreError>
    where
        T: Decode<'r, Sqlite> + Decode<'r, Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get_unchecked(index),
            Self::Postgres(row) => row.try_get_unchecked(index),
        }
        .map_err(StoreError::from)
    }

    pub fn i64(&self, index: usize) -> Result<i64, StoreError> {
        self.read(index)
    }

    pub fn opt_i64(&self, index: usize) -> Result<Option<i64>, StoreError> {
        self.read(index)
    }

    pub fn text(&self, index: usize) -> Result<String, StoreError> {
        self.read(index)
    }

    pub fn opt_text(&self, index: usize) -> Result<Option<String>, StoreError> {
        self.read(index)
    }

    pub fn id(&self, index: usize) -> Result<Id, StoreError> {
        self.read::<Uuid>(index).map(Id::from_uuid)
    }

    pub fn opt_id(&self, index: usize) -> Result<Option<Id>, StoreError> {
        self.read::<Option<Uuid>>(index).map(|id| id.map(Id::from_uuid))
    }

    pub fn bytes(&self, index: usize) -> Result<Vec<u8>, StoreError> {
        self.read(index)
    }

    pub fn opt_bytes(&self, index: usize) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(index)
    }

    pub fn bool(&self, index: usize) -> Result<bool, StoreError> {
        self.read(index)
    }

    pub fn opt_bool(&self, index: usize) -> Result<Option<bool>, StoreError> {
        self.read(index)
    }
}
