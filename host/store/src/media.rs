//! What is known of the files that records hold. The bytes are no matter of the database's: `host/server` keeps them,
//! named by their SHA-256 within the organization.
//!
//! Two files of one organization may share their bytes, so what is removed and what arrives must not cross. Whoever
//! reserves or removes bytes takes a turn on them: while bytes are going, none of the same may arrive.

use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use crate::identity::values;
use crate::{Dialect, Store};
use lignaflow_core::caller::Access;
use lignaflow_core::clock::Micros;
use lignaflow_core::media::{Media, Place, State};
use lignaflow_core::name::CollectionName;
use lignaflow_core::{Id, OrganizationId, PersonId};
use sea_query::Value as Sql;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Ids that one statement is asked for.
const CHUNK: usize = 500;

/// How an upload stands after it was reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// It is the organization's; its bytes may be put where they are kept.
    Made,
    /// The organization's files come to this many bytes already.
    Full { used: u64 },
    /// The same bytes are being removed just now.
    Going,
}

/// Which files are to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doom {
    pub at: Micros,
    /// What no record has held since then.
    pub until: Micros,
    /// What began to go then and has not gone.
    pub begun: Micros,
}

/// A file that is to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doomed {
    pub organization: OrganizationId,
    pub id: Id,
    pub sha256: [u8; 32],
    /// Whether no other file of the organization has these bytes.
    pub last: bool,
}

macro_rules! media {
    ($rest:literal) => {
        concat!(
            "select id, name, content_type, size, sha256, width, height, created_by, created_at, state, \
             collection, record, field, pending from media ",
            $rest
        )
    };
}

pub(crate) fn of_row(row: &Row) -> Result<Media, StoreError> {
    let unreadable = |what: &str| StoreError::Broken(format!("a file's {what} cannot be read"));
    let pixels = |value: Option<i64>| value.and_then(|pixels| u32::try_from(pixels).ok());
    let place = match (row.opt_text(10)?, row.opt_id(11)?, row.opt_text(12)?) {
        (Some(collection), Some(record), Some(field)) => {
            let collection: CollectionName = collection.parse().map_err(|_| unreadable("collection"))?;
            Some(Place { collection, record, field })
        }
        _ => None,
    };
    Ok(Media {
        id: row.id(0)?,
        name: row.text(1)?,
        content_type: row.text(2)?,
        size: u64::try_from(row.i64(3)?).map_err(|_| unreadable("size"))?,
        sha256: digest(&row.bytes(4)?)?,
        dimensions: pixels(row.opt_i64(5)?).zip(pixels(row.opt_i64(6)?)),
        created_by: row.opt_id(7)?.map(PersonId),
        created_at: row.i64(8)?,
        state: row.text(9)?.parse().map_err(|_| unreadable("state"))?,
        place,
        pending: row.bool(13)?,
    })
}

fn digest(bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Broken("a file's SHA-256 cannot be read".to_owned()))
}

pub(crate) fn number(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// The turn of whoever reserves or removes these bytes of an organization.
pub(crate) fn turn(organization: OrganizationId, sha256: &[u8; 32]) -> i64 {
    let digest = Sha256::digest([organization.0.bytes().as_slice(), sha256, b"media"].concat());
    digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte)).cast_signed()
}

/// `$2, $3, …` for a number of ids after the organization's.
pub(crate) fn places(count: usize) -> String {
    places_from(2, count)
}

/// The same from another place on.
pub(crate) fn places_from(first: usize, count: usize) -> String {
    let mut text = String::new();
    for place in 0..count {
        let _ = write!(text, "{}${}", if place == 0 { "" } else { ", " }, place + first);
    }
    text
}

impl Store {
    /// Those of the files that the organization has, in whatever state; in no order.
    pub async fn media(&self, access: Access<'_>, ids: &[Id]) -> Result<Vec<Media>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            let mut values: Vec<Sql> = values![access.organization().0.uuid()];
            values.extend(chunk.iter().map(|id| Sql::from(id.uuid())));
            let head = media!("where organization = $1 and id in (");
            let statement = Statement::composed(format!("{head}{})", places(chunk.len())), values);
            let statement = if chunk.len() > 1 { statement.once() } else { statement };
            for row in self.database().fetch_all(statement).await? {
                found.push(of_row(&row)?);
            }
        }
        Ok(found)
    }

    /// The files that a record holds, the earliest first.
    pub async fn media_of(
        &self,
        access: Access<'_>,
        collection: &CollectionName,
        record: Id,
    ) -> Result<Vec<Media>, StoreError> {
        let statement = Statement::new(
            media!("where organization = $1 and collection = $2 and record = $3 and state = 'attached' order by id"),
            values![access.organization().0.uuid(), collection.to_string(), record.uuid()],
        );
        self.database().fetch_all(statement).await?.iter().map(of_row).collect()
    }

    /// What the files of an organization come to: bytes, and how many they are.
    pub async fn media_used(&self, organization: OrganizationId) -> Result<(u64, u64), StoreError> {
        let statement = Statement::new(
            "select bytes, files from media_usage where organization = $1",
            values![organization.0.uuid()],
        );
        let Some(row) = self.database().fetch_optional(statement).await? else { return Ok((0, 0)) };
        Ok((row.i64(0)?.unsigned_abs(), row.i64(1)?.unsigned_abs()))
    }

    /// Takes room in an organization for a file that has been read whole. Its bytes are put where they are kept only
    /// after this, and [`Store::media_arrived`] says that they are.
    pub async fn reserve_media(&self, access: Access<'_>, media: &Media, quota: u64) -> Result<Reserved, StoreError> {
        let organization = access.organization();
        if media.size > quota {
            return Ok(Reserved::Full { used: self.media_used(organization).await?.0 });
        }
        let media = media.clone();
        let turns = vec![turn(organization, &media.sha256)];
        self.database()
            .write_in_turn(turns, move |tx| Box::pin(async move { reserve(tx, organization, &media, quota).await }))
            .await
    }

    /// The bytes are where they are kept: from now on the file can be read and attached.
    pub async fn media_arrived(&self, access: Access<'_>, id: Id) -> Result<bool, StoreError> {
        let statement = Statement::new(
            "update media set state = 'waiting' where organization = $1 and id = $2 and state = 'arriving' returning 1",
            values![access.organization().0.uuid(), id.uuid()],
        );
        Ok(!self.database().write_once(statement).await?.is_empty())
    }

    /// Files of any organization that are to go, the longest first.
    pub async fn unheld_media(&self, doom: Doom, limit: u32) -> Result<Vec<(OrganizationId, Id)>, StoreError> {
        let statement = Statement::new(
            "select organization, id from media where state in ('arriving', 'waiting', 'going') \
             and since <= case state when 'going' then $2 else $1 end order by since, id limit $3",
            values![doom.until, doom.begun, i64::from(limit)],
        );
        let rows = self.database().fetch_all(statement).await?;
        rows.iter().map(|row| Ok((OrganizationId(row.id(0)?), row.id(1)?))).collect()
    }

    /// Dooms a file. Its bytes are removed after this, and [`Store::media_removed`] says that they are. `None` where a
    /// record holds it by now, or another host removes it.
    pub async fn doom_media(
        &self,
        organization: OrganizationId,
        id: Id,
        doom: Doom,
    ) -> Result<Option<Doomed>, StoreError> {
        let found = self.media(Access::of_plugin(organization), &[id]).await?;
        let Some(media) = found.into_iter().next() else { return Ok(None) };
        let turns = vec![turn(organization, &media.sha256)];
        self.database()
            .write_in_turn(turns, move |tx| Box::pin(async move { doom.carry_out(tx, organization, &media).await }))
            .await
    }

    /// The bytes of a doomed file are gone. A name that stands in the history of a record stays.
    pub async fn media_removed(&self, doomed: Doomed) -> Result<(), StoreError> {
        let key = move || values![doomed.organization.0.uuid(), doomed.id.uuid()];
        self.database()
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(Statement::new(
                        "delete from media where organization = $1 and id = $2 and state = 'going' \
                         and collection is null",
                        key(),
                    ))
                    .await?;
                    tx.execute(Statement::new(
                        "update media set state = 'gone' where organization = $1 and id = $2 and state = 'going'",
                        key(),
                    ))
                    .await?;
                    Ok(())
                })
            })
            .await
    }
}

async fn reserve(tx: &mut Tx, organization: OrganizationId, media: &Media, quota: u64) -> Result<Reserved, StoreError> {
    let going = Statement::new(
        "select 1 from media where organization = $1 and sha256 = $2 and state = 'going' limit 1",
        values![organization.0.uuid(), media.sha256.to_vec()],
    );
    if tx.fetch_optional(going).await?.is_some() {
        return Ok(Reserved::Going);
    }
    let counted = Statement::new(
        "insert into media_usage (organization, bytes, files) values ($1, $2, 1) \
         on conflict (organization) do update set bytes = media_usage.bytes + excluded.bytes, \
         files = media_usage.files + 1 where media_usage.bytes + excluded.bytes <= $3",
        values![organization.0.uuid(), number(media.size), number(quota)],
    );
    if tx.execute(counted).await? == 0 {
        let used =
            Statement::new("select bytes from media_usage where organization = $1", values![organization.0.uuid()]);
        return Ok(Reserved::Full { used: tx.fetch_one(used).await?.i64(0)?.unsigned_abs() });
    }
    let pixels = |side: Option<u32>| side.map(i64::from);
    tx.execute(Statement::new(
        "insert into media (organization, id, name, content_type, size, sha256, width, height, created_by, created_at, \
         state, since) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'arriving', $10)",
        values![
            organization.0.uuid(),
            media.id.uuid(),
            media.name.as_str(),
            media.content_type.as_str(),
            number(media.size),
            media.sha256.to_vec(),
            pixels(media.dimensions.map(|(width, _)| width)),
            pixels(media.dimensions.map(|(_, height)| height)),
            media.created_by.map(|person| person.0.uuid()),
            media.created_at,
        ],
    ))
    .await?;
    Ok(Reserved::Made)
}

impl Doom {
    fn takes(self, state: State, since: Micros) -> bool {
        match state {
            State::Arriving | State::Waiting => since <= self.until,
            State::Going => since <= self.begun,
            State::Attached | State::Gone => false,
        }
    }

    async fn carry_out(
        self,
        tx: &mut Tx,
        organization: OrganizationId,
        media: &Media,
    ) -> Result<Option<Doomed>, StoreError> {
        // Locked on PostgreSQL, so that a commit that attaches it and this never both happen.
        let lock = if tx.dialect() == Dialect::Postgres { " for update" } else { "" };
        let standing = Statement::composed(
            format!("select state, since from media where organization = $1 and id = $2{lock}"),
            values![organization.0.uuid(), media.id.uuid()],
        );
        let Some(row) = tx.fetch_optional(standing).await? else { return Ok(None) };
        let state: State =
            row.text(0)?.parse().map_err(|_| StoreError::Broken("a file's state cannot be read".to_owned()))?;
        if !self.takes(state, row.i64(1)?) {
            return Ok(None);
        }
        tx.execute(Statement::new(
            "update media set state = 'going', since = $3 where organization = $1 and id = $2",
            values![organization.0.uuid(), media.id.uuid(), self.at],
        ))
        .await?;
        if state != State::Going {
            tx.execute(Statement::new(
                "update media_usage set bytes = bytes - $2, files = files - 1 where organization = $1",
                values![organization.0.uuid(), number(media.size)],
            ))
            .await?;
        }
        let others = Statement::new(
            "select 1 from media where organization = $1 and sha256 = $2 and id <> $3 \
         and state in ('arriving', 'waiting', 'attached') limit 1",
            values![organization.0.uuid(), media.sha256.to_vec(), media.id.uuid()],
        );
        let last = tx.fetch_optional(others).await?.is_none();
        Ok(Some(Doomed { organization, id: media.id, sha256: media.sha256, last }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_one_turn_in_their_organization() {
        let (one, other) = (OrganizationId(Id::fresh()), OrganizationId(Id::fresh()));
        assert_eq!(turn(one, &[1; 32]), turn(one, &[1; 32]));
        assert_ne!(turn(one, &[1; 32]), turn(one, &[2; 32]));
        assert_ne!(turn(one, &[1; 32]), turn(other, &[1; 32]));
    }

    #[test]
    fn places_follow_the_organization() {
        assert_eq!(places(3), "$2, $3, $4");
    }
}
