//! Browsers that were enrolled, by the SHA-256 of the secret in their cookie; before that, of the one in their link.

use super::{Source, values};
use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use lignaflow_core::clock::Micros;
use lignaflow_core::{Id, OrganizationId, PersonId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub id: Id,
    pub organization: OrganizationId,
    pub name: String,
    pub created_by: PersonId,
    pub created_at: Micros,
    /// Until when its link serves.
    pub expires_at: Micros,
    /// Nothing until its link was opened.
    pub enrolled_at: Option<Micros>,
    /// What enrolled it calls itself, and from where it did.
    pub user_agent: String,
    pub address: String,
    /// When somebody last signed in on it.
    pub last_used_at: Option<Micros>,
    pub revoked_at: Option<Micros>,
}

macro_rules! device {
    ($rest:literal) => {
        concat!(
            "select id, organization, name, created_by, created_at, expires_at, enrolled_at, user_agent, address, \
             last_used_at, revoked_at from devices ",
            $rest
        )
    };
}

fn of_row(row: &Row) -> Result<Device, StoreError> {
    Ok(Device {
        id: row.id(0)?,
        organization: OrganizationId(row.id(1)?),
        name: row.text(2)?,
        created_by: PersonId(row.id(3)?),
        created_at: row.i64(4)?,
        expires_at: row.i64(5)?,
        enrolled_at: row.opt_i64(6)?,
        user_agent: row.text(7)?,
        address: row.text(8)?,
        last_used_at: row.opt_i64(9)?,
        revoked_at: row.opt_i64(10)?,
    })
}

/// Keeps one that is to be enrolled, by the hash of its link's secret.
pub async fn insert(tx: &mut Tx, device: &Device, hash: &[u8; 32]) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "insert into devices (id, organization, name, hash, created_by, created_at, expires_at) \
         values ($1, $2, $3, $4, $5, $6, $7)",
        values![
            device.id.uuid(),
            device.organization.0.uuid(),
            device.name.as_str(),
            hash.to_vec(),
            device.created_by.0.uuid(),
            device.created_at,
            device.expires_at,
        ],
    ))
    .await
    .map(|_| ())
}

/// Those of an organization, also those that were revoked, the latest first.
pub async fn of(source: impl Source, organization: OrganizationId, limit: u32) -> Result<Vec<Device>, StoreError> {
    let statement = Statement::new(
        device!("where organization = $1 order by created_at desc, id desc limit $2"),
        values![organization.0.uuid(), i64::from(limit)],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

/// How many of an organization serve, or may yet.
pub async fn open(source: impl Source, organization: OrganizationId, now: Micros) -> Result<i64, StoreError> {
    let statement = Statement::new(
        "select count(*) from devices where organization = $1 and revoked_at is null \
         and (enrolled_at is not null or expires_at > $2)",
        values![organization.0.uuid(), now],
    );
    source.optional(statement).await?.map_or(Ok(0), |row| row.i64(0))
}

/// Whether it is enrolled or not, revoked or not.
pub async fn by_hash(source: impl Source, hash: &[u8; 32]) -> Result<Option<Device>, StoreError> {
    let statement = Statement::new(device!("where hash = $1"), values![hash.to_vec()]);
    source.optional(statement).await?.map(|row| of_row(&row)).transpose()
}

/// Enrolls the browser that has opened its link: from now on it is known by what is in its cookie. Of several who try at
/// once, one is told true.
pub async fn enrol(
    tx: &mut Tx,
    link: &[u8; 32],
    cookie: &[u8; 32],
    (user_agent, address): (&str, &str),
    now: Micros,
) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update devices set hash = $2, enrolled_at = $3, user_agent = $4, address = $5 \
         where hash = $1 and enrolled_at is null and revoked_at is null and expires_at > $3",
        values![link.to_vec(), cookie.to_vec(), now, user_agent, address],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Notes that somebody has signed in on it. `false` where it was revoked meanwhile.
pub async fn used(tx: &mut Tx, id: Id, now: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update devices set last_used_at = $1 where id = $2 and revoked_at is null",
        values![now, id.uuid()],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// It serves no more, and the sessions that were opened on it have ended. Whether there was such a one.
pub async fn revoke(tx: &mut Tx, organization: OrganizationId, id: Id, now: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update devices set revoked_at = $1 where organization = $2 and id = $3 and revoked_at is null",
        values![now, organization.0.uuid(), id.uuid()],
    );
    let revoked = tx.execute(statement).await? > 0;
    if revoked {
        tx.execute(Statement::new("delete from sessions where device = $1", values![id.uuid()])).await?;
    }
    Ok(revoked)
}
