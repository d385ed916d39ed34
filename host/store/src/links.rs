//! Ways in for people without an account: of a secret, which page of which plugin it opens, for which subject, and until
//! when. Plugins open and close theirs as part of a commit ([`crate::commit`]); people open those of kept views.

use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use crate::identity::{Source, optional_id, values};
use lignaflow_core::clock::Micros;
use lignaflow_core::name::PluginId;
use lignaflow_core::post::{ClosingReason, NewLink, Opens};
use lignaflow_core::{Id, OrganizationId, PersonId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub organization: OrganizationId,
    pub id: Id,
    /// SHA-256 of its secret.
    pub hash: Vec<u8>,
    /// Whose page it opens, or over whose records the view is.
    pub plugin: PluginId,
    pub opens: Opens,
    /// A record of the collection that the page is about, or the view.
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
    /// Whether it is a plugin's own, to tell of and to close.
    pub fn is_of(&self, plugin: &PluginId) -> bool {
        matches!(self.opens, Opens::Page(_)) && self.plugin == *plugin
    }

    /// Who made it, where it opens a view.
    pub fn maker(&self) -> Option<PersonId> {
        match self.opens {
            Opens::View { maker, .. } => Some(maker),
            Opens::Page(_) => None,
        }
    }

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
             l.closed, l.closed_at, l.uses, l.used_at, l.maker, l.files from links l ",
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
    let opens = match row.opt_id(13)? {
        Some(maker) => Opens::View { maker: PersonId(maker), files: row.bool(14)? },
        None => Opens::Page(row.text(4)?.parse().map_err(|_| unreadable("a page"))?),
    };
    Ok(Link {
        organization: OrganizationId(row.id(0)?),
        id: row.id(1)?,
        hash: row.bytes(2)?,
        plugin: row.text(3)?.parse().map_err(|_| unreadable("a plugin"))?,
        opens,
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
    /// Those that somebody made, of views.
    pub maker: Option<PersonId>,
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
             and l.id < $7 and ($8 = 0 or l.maker = $9) order by l.id desc limit $10"
        ),
        values![
            organization.0.uuid(),
            which.plugin.as_ref().map_or("", PluginId::as_str),
            i64::from(which.subject.is_some()),
            which.subject.unwrap_or(Id::from_bytes([0; 16])).uuid(),
            state,
            now,
            which.before.unwrap_or(Id::from_bytes([0xff; 16])).uuid(),
            i64::from(which.maker.is_some()),
            which.maker.map_or(Id::from_bytes([0; 16]), |maker| maker.0).uuid(),
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

/// How many links that a plugin opened are open in an organization, up to a number.
pub(crate) async fn open_of(
    tx: &mut Tx,
    organization: OrganizationId,
    plugin: &PluginId,
    now: Micros,
    most: u32,
) -> Result<u32, StoreError> {
    let statement = Statement::new(
        "select count(*) from (select 1 as one from links where organization = $1 and plugin = $2 \
         and maker is null and closed is null and expires_at > $3 limit $4) as open",
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
    let (page, maker, files) = match &link.opens {
        Opens::Page(page) => (page.as_str(), None, false),
        Opens::View { maker, files } => ("", Some(maker.0), *files),
    };
    let statement = Statement::new(
        "insert into links (organization, id, hash, plugin, page, subject, label, expires_at, opened_at, maker, files) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        values![
            organization.0.uuid(),
            link.id.uuid(),
            link.hash.to_vec(),
            link.plugin.as_str(),
            page,
            link.subject.uuid(),
            link.label.as_str(),
            link.expires_at,
            at,
            optional_id(maker),
            files,
        ],
    );
    tx.execute(statement).await.map(|_| ())
}

/// How many links to views may be open, of one view and of an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    pub of_view: i64,
    pub of_organization: i64,
}

/// Opens a link to a view. Whether there was room, and the view is still there.
pub async fn share(
    tx: &mut Tx,
    organization: OrganizationId,
    link: &NewLink,
    at: Micros,
    room: Room,
) -> Result<bool, StoreError> {
    let there = "select 1 from views where organization = $1 and id = $2";
    let there = Statement::new(there, values![organization.0.uuid(), link.subject.uuid()]);
    let of_view = Statement::new(
        "select count(*) from links where organization = $1 and plugin = $2 and subject = $3 and maker is not null \
         and closed is null and expires_at > $4",
        values![organization.0.uuid(), link.plugin.as_str(), link.subject.uuid(), at],
    );
    let of_all = Statement::new(
        "select count(*) from links where organization = $1 and maker is not null and closed is null \
         and expires_at > $2",
        values![organization.0.uuid(), at],
    );
    if tx.fetch_optional(there).await?.is_none()
        || tx.fetch_one(of_view).await?.i64(0)? >= room.of_view
        || tx.fetch_one(of_all).await?.i64(0)? >= room.of_organization
    {
        return Ok(false);
    }
    add(tx, organization, link, at).await.map(|()| true)
}

/// Ends the links to a view. How many were open.
pub(crate) async fn close_of_view(
    tx: &mut Tx,
    organization: OrganizationId,
    view: Id,
    at: Micros,
) -> Result<u64, StoreError> {
    tx.execute(Statement::new(
        "update links set closed = $3, closed_at = $4 where organization = $1 and subject = $2 \
         and maker is not null and closed is null",
        values![organization.0.uuid(), view.uuid(), ClosingReason::Withdrawn.as_str(), at],
    ))
    .await
}

/// Ends a link, of those that a plugin opened where one is named. `false` where there is none that is open.
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
         and ($3 = '' or (plugin = $3 and maker is null)) and closed is null",
        values![organization.0.uuid(), id.uuid(), plugin.map_or("", PluginId::as_str), why.as_str(), at],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Notes that something is done by a link, where it is open: nobody closes it before the transaction ends.
pub async fn used(tx: &mut Tx, organization: OrganizationId, id: Id, at: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update links set uses = uses + 1, used_at = $3 where organization = $1 and id = $2 and closed is null \
         and expires_at > $3",
        values![organization.0.uuid(), id.uuid(), at],
    );
    Ok(tx.execute(statement).await? > 0)
}
