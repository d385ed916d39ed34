//! Ways in for people without an account: of a secret, which page of which plugin it opens, for which subject, and until
//! when. Opening and closing one is part of a commit ([`crate::commit`]).

use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use crate::identity::{Source, values};
use lignaflow_core::clock::Micros;
use lignaflow_core::name::{LocalName, PluginId};
use lignaflow_core::post::{ClosingReason, NewLink};
use lignaflow_core::{Id, OrganizationId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub organization: OrganizationId,
    pub id: Id,
    /// SHA-256 of its secret.
    pub hash: Vec<u8>,
    pub plugin: PluginId,
    pub page: LocalName,
    /// A record of the collection that the page is about.
    pub subject: Id,
    /// For whom it is.
    pub label: String,
    pub expires_at: Micros,
    pub opened_at: Micros,
    pub closed: Option<(ClosingReason, Micros)>,
    /// How often something was done by it, and when last.
    pub uses: i64,
    pub used_at: Option<Micros>,
}

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Open,
    Expired,
    Withdrawn,
    Superseded,
}

impl State {
    pub const ALL: [Self; 4] = [Self::Open, Self::Expired, Self::Withdrawn, Self::Superseded];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Superseded => "superseded",
        }
    }
}

impl Link {
    pub fn state(&self, now: Micros) -> State {
        match self.closed {
            Some((ClosingReason::Withdrawn, _)) => State::Withdrawn,
            Some((ClosingReason::Superseded, _)) => State::Superseded,
            None if self.expires_at <= now => State::Expired,
            None => State::Open,
        }
    }
}

macro_rules! link {
    ($rest:literal) => {
        concat!(
            "select l.organization, l.id, l.hash, l.plugin, l.page, l.subject, l.label, l.expires_at, l.opened_at, \
             l.closed, l.closed_at, l.uses, l.used_at from links l ",
            $rest
        )
    };
}

fn unreadable(what: &str) -> StoreError {
    StoreError::Broken(format!("a link holds {what} that cannot be read"))
}

fn of_row(row: &Row) -> Result<Link, StoreError> {
    let closed = match (row.opt_text(9)?, row.opt_i64(10)?) {
        (Some(word), Some(at)) => {
            let why = ClosingReason::ALL.into_iter().find(|why| why.as_str() == word);
            Some((why.ok_or_else(|| unreadable("a reason"))?, at))
        }
        _ => None,
    };
    Ok(Link {
        organization: OrganizationId(row.id(0)?),
        id: row.id(1)?,
        hash: row.bytes(2)?,
        plugin: row.text(3)?.parse().map_err(|_| unreadable("a plugin"))?,
        page: row.text(4)?.parse().map_err(|_| unreadable("a page"))?,
        subject: row.id(5)?,
        label: row.text(6)?,
        expires_at: row.i64(7)?,
        opened_at: row.i64(8)?,
        closed,
        uses: row.i64(11)?,
        used_at: row.opt_i64(12)?,
    })
}

/// The link of a secret, by its hash, whatever has become of it.
pub async fn by_hash(source: impl Source, hash: &[u8; 32]) -> Result<Option<Link>, StoreError> {
    let statement = Statement::new(link!("where l.hash = $1"), values![hash.to_vec()]);
    source.optional(statement).await?.map(|row| of_row(&row)).transpose()
}

pub async fn one(source: impl Source, organization: OrganizationId, id: Id) -> Result<Option<Link>, StoreError> {
    let statement =
        Statement::new(link!("where l.organization = $1 and l.id = $2"), values![organization.0.uuid(), id.uuid()]);
    source.optional(statement).await?.map(|row| of_row(&row)).transpose()
}

/// Which links are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Which {
    pub plugin: Option<PluginId>,
    pub subject: Option<Id>,
    pub state: Option<(State, Micros)>,
    /// Those opened before this one.
    pub before: Option<Id>,
}

/// The links of an organization, those opened last first.
pub async fn of(
    source: impl Source,
    organization: OrganizationId,
    which: &Which,
    limit: u32,
) -> Result<Vec<Link>, StoreError> {
    let (state, now) = which.state.map_or(("", 0), |(state, now)| (state.as_str(), now));
    let statement = Statement::new(
        link!(
            "where l.organization = $1 and ($2 = '' or l.plugin = $2) and ($3 = 0 or l.subject = $4) \
             and ($5 = '' or ($5 = 'open' and l.closed is null and l.expires_at > $6) \
             or ($5 = 'expired' and l.closed is null and l.expires_at <= $6) or l.closed = $5) \
             and l.id < $7 order by l.id desc limit $8"
        ),
        values![
            organization.0.uuid(),
            which.plugin.as_ref().map_or("", PluginId::as_str),
            i64::from(which.subject.is_some()),
            which.subject.unwrap_or(Id::from_bytes([0; 16])).uuid(),
            state,
            now,
            which.before.unwrap_or(Id::from_bytes([0xff; 16])).uuid(),
            i64::from(limit),
        ],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

/// How many links of an organization are open.
pub async fn open(source: impl Source, organization: OrganizationId, now: Micros) -> Result<i64, StoreError> {
    let statement = Statement::new(
        "select count(*) from links where organization = $1 and closed is null and expires_at > $2",
        values![organization.0.uuid(), now],
    );
    source.optional(statement).await?.map_or(Ok(0), |row| row.i64(0))
}

/// How many links of a plugin are open in an organization, up to a number.
pub(crate) async fn open_of(
    tx: &mut Tx,
    organization: OrganizationId,
    plugin: &PluginId,
    now: Micros,
    most: u32,
) -> Result<u32, StoreError> {
    let statement = Statement::new(
        "select count(*) from (select 1 as one from links where organization = $1 and plugin = $2 \
         and closed is null and expires_at > $3 limit $4) as open",
        values![organization.0.uuid(), plugin.as_str(), now, i64::from(most)],
    );
    Ok(u32::try_from(tx.fetch_one(statement).await?.i64(0)?).unwrap_or(u32::MAX))
}

pub(crate) async fn add(
    tx: &mut Tx,
    organization: OrganizationId,
    link: &NewLink,
    at: Micros,
) -> Result<(), StoreError> {
    let statement = Statement::new(
        "insert into links (organization, id, hash, plugin, page, subject, label, expires_at, opened_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        values![
            organization.0.uuid(),
            link.id.uuid(),
            link.hash.to_vec(),
            link.plugin.as_str(),
            link.page.as_str(),
            link.subject.uuid(),
            link.label.as_str(),
            link.expires_at,
            at,
        ],
    );
    tx.execute(statement).await.map(|_| ())
}

/// Ends a link, of a plugin where one is named. `false` where there is none that is open.
pub async fn close(
    tx: &mut Tx,
    organization: OrganizationId,
    plugin: Option<&PluginId>,
    id: Id,
    why: ClosingReason,
    at: Micros,
) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update links set closed = $4, closed_at = $5 where organization = $1 and id = $2 \
         and ($3 = '' or plugin = $3) and closed is null",
        values![organization.0.uuid(), id.uuid(), plugin.map_or("", PluginId::as_str), why.as_str(), at],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Notes that something is done by a link, where it is open: nobody closes it before the transaction ends.
pub(crate) async fn used(tx: &mut Tx, organization: OrganizationId, id: Id, at: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update links set uses = uses + 1, used_at = $3 where organization = $1 and id = $2 and closed is null \
         and expires_at > $3",
        values![organization.0.uuid(), id.uuid(), at],
    );
    Ok(tx.execute(statement).await? > 0)
}
