//! Files that wait for somebody's consent. They are few and wait for minutes, in the database, so that whichever host
//! is asked next has them.

use super::By;
use super::changes::person;
use crate::Store;
use crate::database::Statement;
use crate::error::StoreError;
use crate::identity::values;
use lignaflow_core::clock::Micros;

/// Files that wait at once; a further one takes the place of the oldest.
const WAITING: i64 = 4;
/// How long one waits.
const WAIT: Micros = 15 * 60 * 1_000_000;

impl Store {
    /// Keeps a file until somebody consents to what it asks for, or its time is up.
    pub async fn keep_upload(&self, hash: [u8; 32], bytes: Vec<u8>, by: By) -> Result<(), StoreError> {
        self.database()
            .write(move |tx| {
                Box::pin(async move {
                    let keep = Statement::new(
                        "insert into plugin_uploads (hash, bytes, at, person) values ($1, $2, $3, $4) \
                         on conflict (hash) do update set at = excluded.at, person = excluded.person",
                        values![hash.to_vec(), bytes, by.at, person(&by)],
                    );
                    tx.execute(keep.once()).await?;
                    let forget = Statement::new(
                        "delete from plugin_uploads where at <= $1 or hash not in \
                         (select hash from plugin_uploads order by at desc, hash limit $2)",
                        values![by.at - WAIT, WAITING],
                    );
                    tx.execute(forget).await.map(|_| ())
                })
            })
            .await
    }

    /// Takes a file that waits, if it still does.
    pub async fn take_upload(&self, hash: &[u8; 32], now: Micros) -> Result<Option<Vec<u8>>, StoreError> {
        let take = Statement::new(
            "delete from plugin_uploads where hash = $1 and at > $2 returning bytes",
            values![hash.to_vec(), now - WAIT],
        );
        self.database().write_once(take).await?.first().map(|row| row.bytes(0)).transpose()
    }
}
