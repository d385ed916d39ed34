//! Leases: of several hosts on one database, one does a work in the background, until it gives the work back or has not
//! been heard of for a while.
//!
//! A clock that runs wrong can have two hosts believe that they hold a lease. So whatever must happen once is written
//! in a transaction that asks [`Lease::holds`] first: only who holds the latest turn is told yes, and nobody takes the
//! lease over before that transaction has ended.

use crate::Store;
use crate::database::{Dialect, Statement, Tx};
use crate::error::StoreError;
use crate::identity::values;
use lignaflow_core::Id;
use lignaflow_core::clock::Micros;

/// A lease as its holder has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub name: String,
    pub holder: Id,
    /// Of all holders that there were, the how many-th.
    pub turn: i64,
    pub expires_at: Micros,
}

impl Store {
    /// Takes a lease until `until`, where nobody else holds it at `now`. Who holds it already has it prolonged.
    pub async fn acquire_lease(
        &self,
        name: &str,
        holder: Id,
        now: Micros,
        until: Micros,
    ) -> Result<Option<Lease>, StoreError> {
        // Asked first, so that hosts which wait for their turn write nothing.
        let standing = Statement::new("select holder, expires_at from leases where name = $1", values![name]);
        if let Some(row) = self.database().fetch_optional(standing).await?
            && row.id(0)? != holder
            && row.i64(1)? > now
        {
            return Ok(None);
        }
        let statement = Statement::new(
            "insert into leases (name, holder, turn, expires_at) values ($1, $2, 1, $3) \
             on conflict (name) do update set \
             turn = leases.turn + case when leases.holder = excluded.holder then 0 else 1 end, \
             holder = excluded.holder, expires_at = excluded.expires_at \
             where leases.holder = excluded.holder or leases.expires_at <= $4 returning turn",
            values![name, holder.uuid(), until, now],
        );
        let rows = self.database().write_once(statement).await?;
        rows.first()
            .map(|row| Ok(Lease { name: name.to_owned(), holder, turn: row.i64(0)?, expires_at: until }))
            .transpose()
    }

    /// Prolongs a lease. `None` where another holds it by now.
    pub async fn renew_lease(&self, lease: &Lease, until: Micros) -> Result<Option<Lease>, StoreError> {
        let statement = Statement::new(
            "update leases set expires_at = $4 where name = $1 and holder = $2 and turn = $3 returning turn",
            values![lease.name.as_str(), lease.holder.uuid(), lease.turn, until],
        );
        let rows = self.database().write_once(statement).await?;
        Ok(rows.first().map(|_| Lease { expires_at: until, ..lease.clone() }))
    }

    /// Gives a lease back, so that the next need not wait for its end.
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let statement = Statement::new(
            "update leases set expires_at = 0 where name = $1 and holder = $2 and turn = $3 returning turn",
            values![lease.name.as_str(), lease.holder.uuid(), lease.turn],
        );
        self.database().write_once(statement).await.map(|_| ())
    }
}

impl Lease {
    /// Whether it is still held; if so, nobody takes it over before this transaction ends.
    pub async fn holds(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        let sql = match tx.dialect() {
            Dialect::Sqlite => "select 1 from leases where name = $1 and holder = $2 and turn = $3",
            Dialect::Postgres => "select 1 from leases where name = $1 and holder = $2 and turn = $3 for share",
        };
        let statement = Statement::new(sql, values![self.name.as_str(), self.holder.uuid(), self.turn]);
        Ok(tx.fetch_optional(statement).await?.is_some())
    }
}
