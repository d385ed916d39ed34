//! Tries at passwords, codes and PINs, counted for all hosts together: in buckets that refill, of which is kept when each
//! will be empty, or in a row, where each miss has the next try wait longer. What counts as one, and how much that is,
//! `host/identity` decides.

use super::values;
use crate::database::{Statement, Tx};
use crate::error::StoreError;
use lignaflow_core::clock::Micros;

/// A count, by the SHA-256 of what is counted, and what its bucket takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    pub key: [u8; 32],
    /// Micros after which one more is taken.
    pub each: Micros,
    /// How many micros a bucket may be from empty and still take one: `each` for all that it takes at once, but one.
    pub room: Micros,
}

/// When a bucket will be empty; long ago where nothing was counted.
async fn empty_at(tx: &mut Tx, bucket: &Bucket) -> Result<Micros, StoreError> {
    let statement = Statement::new("select empty_at from tries where key = $1", values![bucket.key.to_vec()]);
    tx.fetch_optional(statement).await?.map_or(Ok(0), |row| row.i64(0))
}

/// Counts a try in every bucket, or in none where one of them is full: then answers the micros until all take one more.
/// Of those who try at once each is counted.
pub async fn count(tx: &mut Tx, buckets: &[Bucket], now: Micros) -> Result<Option<Micros>, StoreError> {
    let mut wait = 0;
    for bucket in buckets {
        wait = wait.max(empty_at(tx, bucket).await? - bucket.room - now);
    }
    if wait > 0 {
        return Ok(Some(wait));
    }
    for (index, bucket) in buckets.iter().enumerate() {
        let statement = Statement::new(
            "insert into tries (key, empty_at) values ($1, $2 + $3) on conflict (key) do update set \
             empty_at = case when tries.empty_at > $2 then tries.empty_at else $2 end + $3 \
             where tries.empty_at <= $2 + $4",
            values![bucket.key.to_vec(), now, bucket.each, bucket.room],
        );
        // Another was counted since it was looked at, and was the last that it takes.
        if tx.execute(statement).await? == 0 {
            take_back(tx, &buckets[..index]).await?;
            return Ok(Some(bucket.each));
        }
    }
    Ok(None)
}

/// Takes a try back that was counted.
pub async fn take_back(tx: &mut Tx, buckets: &[Bucket]) -> Result<(), StoreError> {
    for bucket in buckets {
        let statement = Statement::new(
            "update tries set empty_at = empty_at - $2 where key = $1",
            values![bucket.key.to_vec(), bucket.each],
        );
        tx.execute(statement).await?;
    }
    Ok(())
}

/// Counts a miss in a row, before it is known whether it is one: the micros until the next is heard, where none is yet.
/// `wait` says how long the next waits after so many. Of those who try at once, one is heard.
pub async fn miss(
    tx: &mut Tx,
    key: &[u8; 32],
    wait: impl Fn(i64) -> Micros + Send,
    now: Micros,
) -> Result<Option<Micros>, StoreError> {
    let statement = Statement::new("select empty_at, misses from tries where key = $1", values![key.to_vec()]);
    let (heard_at, misses) = match tx.fetch_optional(statement).await? {
        Some(row) => (row.i64(0)?, row.i64(1)?),
        None => (0, 0),
    };
    if heard_at > now {
        return Ok(Some(heard_at - now));
    }
    let statement = Statement::new(
        "insert into tries (key, empty_at, misses) values ($1, $2, $3 + 1) on conflict (key) do update set \
         empty_at = excluded.empty_at, misses = excluded.misses where tries.misses = $3 and tries.empty_at <= $4",
        values![key.to_vec(), now + wait(misses + 1), misses, now],
    );
    Ok(if tx.execute(statement).await? > 0 { None } else { Some(wait(misses + 1).max(1)) })
}

/// Forgets a count: what was tried was right, or is another by now.
pub async fn forget(tx: &mut Tx, key: &[u8; 32]) -> Result<(), StoreError> {
    tx.execute(Statement::new("delete from tries where key = $1", values![key.to_vec()])).await.map(|_| ())
}

/// Forgets buckets that are empty, and misses that are as old as that. How many there were.
pub async fn sweep(tx: &mut Tx, now: Micros, misses: Micros) -> Result<u64, StoreError> {
    tx.execute(Statement::new(
        "delete from tries where empty_at <= $1 and (misses = 0 or empty_at <= $2)",
        values![now, misses],
    ))
    .await
}
