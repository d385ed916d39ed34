//! Lines that people are told, each on their own page, and how each wants them by mail. Telling one is part of a commit
//! ([`crate::commit`]), or of whatever the host does.

use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use crate::identity::{Source, values};
use lignaflow_core::clock::Micros;
use lignaflow_core::name::{CollectionName, PluginId};
use lignaflow_core::post::{MAX_TEXT, MAX_TITLE, NewNotice};
use lignaflow_core::{Id, OrganizationId, PersonId};

/// A notice of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub organization: OrganizationId,
    pub person: PersonId,
    pub id: Id,
    pub plugin: Option<PluginId>,
    pub title: String,
    pub text: String,
    pub about: Option<(CollectionName, Id)>,
    pub path: Option<String>,
    pub urgent: bool,
    pub at: Micros,
    pub read_at: Option<Micros>,
}

/// How somebody wants to be told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum By {
    /// On the page alone.
    Page,
    /// What is urgent by mail at once, the rest in one letter in the morning.
    #[default]
    Digest,
    /// Everything by mail at once.
    Mail,
}

impl By {
    pub const ALL: [Self; 3] = [Self::Page, Self::Digest, Self::Mail];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Digest => "digest",
            Self::Mail => "mail",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    pub by: By,
    /// Whether nothing is mailed at night.
    pub quiet: bool,
}

impl Default for Wish {
    fn default() -> Self {
        Self { by: By::default(), quiet: true }
    }
}

macro_rules! notice {
    ($rest:literal) => {
        concat!(
            "select n.organization, n.person, n.id, n.plugin, n.title, n.text, n.collection, n.record, n.path, \
             n.urgent, n.at, n.read_at from notices n ",
            $rest
        )
    };
}

fn unreadable(what: &str) -> StoreError {
    StoreError::Broken(format!("a notice holds {what} that cannot be read"))
}

fn of_row(row: &Row) -> Result<Notice, StoreError> {
    let about = match (row.opt_text(6)?, row.opt_id(7)?) {
        (Some(collection), Some(record)) => Some((collection.parse().map_err(|_| unreadable("a collection"))?, record)),
        _ => None,
    };
    Ok(Notice {
        organization: OrganizationId(row.id(0)?),
        person: PersonId(row.id(1)?),
        id: row.id(2)?,
        plugin: row.opt_text(3)?.map(|text| text.parse()).transpose().map_err(|_| unreadable("a plugin"))?,
        title: row.text(4)?,
        text: row.text(5)?,
        about,
        path: row.opt_text(8)?,
        urgent: row.bool(9)?,
        at: row.i64(10)?,
        read_at: row.opt_i64(11)?,
    })
}

/// Tells a notice to those of its people who are members and active. Of one with a key that is unread it becomes what it
/// says now, without another mail.
pub async fn tell(tx: &mut Tx, organization: OrganizationId, notice: &NewNotice, at: Micros) -> Result<(), StoreError> {
    let (collection, record) = match &notice.about {
        Some((collection, record)) => (Some(collection.to_string()), Some(record.uuid())),
        None => (None, None),
    };
    for person in &notice.people {
        let statement = Statement::new(
            "insert into notices (organization, person, id, plugin, title, text, collection, record, path, urgent, \
             key, at, mail) select m.organization, m.person, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'open' \
             from memberships m join people p on p.id = m.person \
             where m.organization = $1 and m.person = $2 and m.active and p.active \
             on conflict (organization, person, coalesce(plugin, ''), key) where read_at is null and key is not null \
             do update set title = excluded.title, text = excluded.text, collection = excluded.collection, \
             record = excluded.record, path = excluded.path, at = excluded.at",
            values![
                organization.0.uuid(),
                person.0.uuid(),
                Id::fresh().uuid(),
                notice.plugin.as_ref().map(|plugin| plugin.as_str().to_owned()),
                notice.title.as_str(),
                notice.text.as_str(),
                collection.clone(),
                record,
                notice.path.clone(),
                notice.urgent,
                notice.key.clone(),
                at,
            ],
        );
        tx.execute(statement).await?;
    }
    Ok(())
}

/// The active owners and administrators of an organization, whom the host tells what concerns all of it.
pub async fn administrators(source: impl Source, organization: OrganizationId) -> Result<Vec<PersonId>, StoreError> {
    let statement = Statement::new(
        "select m.person from memberships m join people p on p.id = m.person where m.organization = $1 \
         and m.role in ('owner', 'admin') and m.active and p.active order by m.person limit 100",
        values![organization.0.uuid()],
    );
    source.all(statement).await?.iter().map(|row| Ok(PersonId(row.id(0)?))).collect()
}

/// Tells an organization's owners and administrators what the host itself found. While one of this key is unread, it is
/// that one.
pub async fn tell_administrators(
    tx: &mut Tx,
    organization: OrganizationId,
    key: &str,
    (title, text): (&str, &str),
    path: &str,
    at: Micros,
) -> Result<(), StoreError> {
    let people = administrators(&mut *tx, organization).await?;
    let shortened = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let notice = NewNotice {
        plugin: None,
        people,
        title: shortened(title, MAX_TITLE),
        text: shortened(text, MAX_TEXT),
        about: None,
        path: Some(path.to_owned()),
        urgent: true,
        key: Some(key.to_owned()),
    };
    tell(tx, organization, &notice, at).await
}

/// The notices of a person, the latest first: those told before one, and of those that are unread alone.
pub async fn of(
    source: impl Source,
    organization: OrganizationId,
    person: PersonId,
    unread: bool,
    before: Option<Id>,
    limit: u32,
) -> Result<Vec<Notice>, StoreError> {
    let statement = Statement::new(
        notice!(
            "where n.organization = $1 and n.person = $2 and n.id < $3 and ($4 = 0 or n.read_at is null) \
             order by n.id desc limit $5"
        ),
        values![
            organization.0.uuid(),
            person.0.uuid(),
            before.unwrap_or(Id::from_bytes([0xff; 16])).uuid(),
            i64::from(unread),
            i64::from(limit),
        ],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

/// How many notices somebody has not read, as far as it matters.
pub async fn unread(source: impl Source, organization: OrganizationId, person: PersonId) -> Result<u32, StoreError> {
    let statement = Statement::new(
        "select count(*) from (select 1 as one from notices where organization = $1 and person = $2 \
         and read_at is null limit 100) as unread",
        values![organization.0.uuid(), person.0.uuid()],
    );
    let row = source.optional(statement).await?;
    row.map_or(Ok(0), |row| Ok(u32::try_from(row.i64(0)?).unwrap_or_default()))
}

pub async fn one(
    source: impl Source,
    organization: OrganizationId,
    person: PersonId,
    id: Id,
) -> Result<Option<Notice>, StoreError> {
    let statement = Statement::new(
        notice!("where n.organization = $1 and n.person = $2 and n.id = $3"),
        values![organization.0.uuid(), person.0.uuid(), id.uuid()],
    );
    source.optional(statement).await?.map(|row| of_row(&row)).transpose()
}

/// Notes that somebody has read a notice. What is read is not mailed any more.
pub async fn read(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
    id: Id,
    at: Micros,
) -> Result<(), StoreError> {
    let statement = Statement::new(
        "update notices set read_at = $4, mail = 'done' where organization = $1 and person = $2 and id = $3 \
         and read_at is null",
        values![organization.0.uuid(), person.0.uuid(), id.uuid(), at],
    );
    tx.execute(statement).await.map(|_| ())
}

/// Notes that somebody has read all of them. How many these were.
pub async fn read_all(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
    at: Micros,
) -> Result<u64, StoreError> {
    tx.execute(Statement::new(
        "update notices set read_at = $3, mail = 'done' where organization = $1 and person = $2 and read_at is null",
        values![organization.0.uuid(), person.0.uuid(), at],
    ))
    .await
}

/// How somebody wants to be told.
pub async fn wish(source: impl Source, organization: OrganizationId, person: PersonId) -> Result<Wish, StoreError> {
    let statement = Statement::new(
        "select w.by, w.quiet from notice_wishes w where w.organization = $1 and w.person = $2",
        values![organization.0.uuid(), person.0.uuid()],
    );
    let Some(row) = source.optional(statement).await? else { return Ok(Wish::default()) };
    let word = row.text(0)?;
    let by = By::ALL.into_iter().find(|by| by.as_str() == word).ok_or_else(|| unreadable("a wish"))?;
    Ok(Wish { by, quiet: row.bool(1)? })
}

pub async fn set_wish(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
    wish: Wish,
) -> Result<(), StoreError> {
    let statement = Statement::new(
        "insert into notice_wishes (organization, person, by, quiet) values ($1, $2, $3, $4) \
         on conflict (organization, person) do update set by = excluded.by, quiet = excluded.quiet",
        values![organization.0.uuid(), person.0.uuid(), wish.by.as_str(), wish.quiet],
    );
    tx.execute(statement).await.map(|_| ())
}

/// A notice of which it is not decided whether it is mailed, with whom it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    pub notice: Notice,
    pub email: String,
    pub name: String,
    /// IANA: the person's own, or the organization's.
    pub time_zone: String,
    pub wish: Wish,
}

fn reader(row: &Row, at: usize) -> Result<(String, String, String, Wish), StoreError> {
    let by = match row.opt_text(at + 3)? {
        Some(word) => By::ALL.into_iter().find(|by| by.as_str() == word).ok_or_else(|| unreadable("a wish"))?,
        None => By::default(),
    };
    let quiet = row.opt_bool(at + 4)?.unwrap_or(true);
    Ok((row.text(at)?, row.text(at + 1)?, row.text(at + 2)?, Wish { by, quiet }))
}

/// Notices of which it is not decided whether they are mailed, the oldest first.
pub async fn undecided(source: impl Source, limit: u32) -> Result<Vec<Undecided>, StoreError> {
    let statement = Statement::new(
        "select n.organization, n.person, n.id, n.plugin, n.title, n.text, n.collection, n.record, n.path, n.urgent, \
         n.at, n.read_at, p.email, p.name, coalesce(p.time_zone, o.time_zone), w.by, w.quiet from notices n \
         join people p on p.id = n.person join organizations o on o.id = n.organization \
         left join notice_wishes w on w.organization = n.organization and w.person = n.person \
         where n.mail = 'open' order by n.at limit $1",
        values![i64::from(limit)],
    );
    let rows = source.all(statement).await?;
    let each = rows.iter().map(|row| {
        let (email, name, time_zone, wish) = reader(row, 12)?;
        Ok(Undecided { notice: of_row(row)?, email, name, time_zone, wish })
    });
    each.collect()
}

/// Decides what is mailed of a notice: `digest` has it wait for the morning. `false` where it was decided, or read.
pub async fn decide(tx: &mut Tx, notice: &Notice, digest: bool) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update notices set mail = $4 where organization = $1 and person = $2 and id = $3 and mail = 'open'",
        values![
            notice.organization.0.uuid(),
            notice.person.0.uuid(),
            notice.id.uuid(),
            if digest { "digest" } else { "done" },
        ],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Somebody whom a morning letter waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    pub organization: OrganizationId,
    pub person: PersonId,
    pub email: String,
    pub name: String,
    pub time_zone: String,
    /// When the oldest of the notices was told.
    pub since: Micros,
}

/// Those whom a morning letter waits for.
pub async fn digests(source: impl Source, limit: u32) -> Result<Vec<Reader>, StoreError> {
    let statement = Statement::new(
        "select n.organization, n.person, p.email, p.name, coalesce(p.time_zone, o.time_zone), min(n.at) \
         from notices n join people p on p.id = n.person join organizations o on o.id = n.organization \
         where n.mail = 'digest' \
         group by n.organization, n.person, p.email, p.name, coalesce(p.time_zone, o.time_zone) \
         order by min(n.at) limit $1",
        values![i64::from(limit)],
    );
    let rows = source.all(statement).await?;
    let each = rows.iter().map(|row| {
        Ok(Reader {
            organization: OrganizationId(row.id(0)?),
            person: PersonId(row.id(1)?),
            email: row.text(2)?,
            name: row.text(3)?,
            time_zone: row.text(4)?,
            since: row.i64(5)?,
        })
    });
    each.collect()
}

/// The notices that a morning letter tells, which are done with that; the latest first.
pub async fn take_digest(tx: &mut Tx, reader: &Reader, limit: u32) -> Result<Vec<Notice>, StoreError> {
    let key = values![reader.organization.0.uuid(), reader.person.0.uuid(), i64::from(limit)];
    let statement = Statement::new(
        notice!("where n.organization = $1 and n.person = $2 and n.mail = 'digest' order by n.id desc limit $3"),
        key,
    );
    let found = tx.fetch_all(statement).await?.iter().map(of_row).collect::<Result<Vec<_>, _>>()?;
    let statement = Statement::new(
        "update notices set mail = 'done' where organization = $1 and person = $2 and mail = 'digest'",
        values![reader.organization.0.uuid(), reader.person.0.uuid()],
    );
    tx.execute(statement).await?;
    Ok(found)
}

/// Forgets what was read before an instant, and what nobody read before another, some at a time.
pub async fn forget(tx: &mut Tx, read: Micros, told: Micros, limit: u32) -> Result<u64, StoreError> {
    tx.execute(Statement::new(
        "delete from notices where (organization, person, id) in (select organization, person, id from notices \
         where read_at < $1 or at < $2 limit $3)",
        values![read, told, i64::from(limit)],
    ))
    .await
}
