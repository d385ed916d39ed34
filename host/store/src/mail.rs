//! Letters that wait to be sent, and what became of them. A letter is written in the transaction that it belongs to, so
//! that there is none of what did not happen, and none is lost of what did.

use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use crate::identity::{Source, values};
use lignaflow_core::clock::Micros;
use lignaflow_core::mail::{Letter, MAX_ADDRESS, MAX_NAME, MAX_SUBJECT, Message, Recipient, one_line};
use lignaflow_core::{Id, OrganizationId};
use sea_query::Value;

/// Where a letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// It is to be tried, for the first time or again.
    Waiting,
    Sent,
    /// The last try has failed.
    Failed,
}

impl State {
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Sent, Self::Failed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn of(text: &str) -> Result<Self, StoreError> {
        Self::ALL.into_iter().find(|known| known.as_str() == text).ok_or_else(|| unreadable("a state"))
    }
}

/// A letter as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub id: Id,
    pub message: Message,
    /// Whether what it said is gone, since it was a secret that was sent.
    pub forgotten: bool,
    pub state: State,
    /// When it is tried next, while it waits.
    pub due_at: Micros,
    pub attempts: i64,
    /// The last try.
    pub tried_at: Option<Micros>,
    /// From where: this machine, and the server that it was handed to.
    pub tried_from: Option<String>,
    /// Why the last try failed.
    pub error: Option<String>,
    pub asked_at: Micros,
}

/// How a try went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub at: Micros,
    pub from: String,
    /// Nothing where it was taken.
    pub error: Option<String>,
}

macro_rules! mail {
    ($rest:literal) => {
        concat!(
            "select m.id, m.organization, m.kind, m.plugin, m.recipient, m.recipient_name, m.reply_to, m.subject, \
             m.letter, m.attachments, m.secret, m.state, m.due_at, m.attempts, m.tried_at, m.tried_from, m.error, \
             m.asked_at from mail m ",
            $rest
        )
    };
}

fn unreadable(what: &str) -> StoreError {
    StoreError::Broken(format!("a letter holds {what} that cannot be read"))
}

fn of_row(row: &Row) -> Result<Kept, StoreError> {
    let state = row.text(11)?;
    let subject = row.text(7)?;
    let letter = row.opt_text(8)?;
    let attachments: Vec<String> = serde_json::from_str(&row.text(9)?).map_err(|_| unreadable("files"))?;
    Ok(Kept {
        id: row.id(0)?,
        forgotten: letter.is_none(),
        message: Message {
            organization: row.opt_id(1)?.map(OrganizationId),
            kind: row.text(2)?,
            plugin: row.opt_text(3)?.map(|text| text.parse()).transpose().map_err(|_| unreadable("a plugin"))?,
            to: Recipient { address: row.text(4)?, name: row.text(5)? },
            reply_to: row.opt_text(6)?,
            letter: match letter {
                Some(text) => serde_json::from_str(&text).map_err(|_| unreadable("words"))?,
                None => Letter::new(subject),
            },
            attachments: attachments
                .iter()
                .map(|id| id.parse())
                .collect::<Result<_, _>>()
                .map_err(|_| unreadable("a file"))?,
            secret: row.bool(10)?,
        },
        state: State::of(&state)?,
        due_at: row.i64(12)?,
        attempts: row.i64(13)?,
        tried_at: row.opt_i64(14)?,
        tried_from: row.opt_text(15)?,
        error: row.opt_text(16)?,
        asked_at: row.i64(17)?,
    })
}

fn optional_id(id: Option<Id>) -> Value {
    Value::from(id.map(Id::uuid))
}

/// Has a letter sent once the transaction stands, and not before an instant. Its id.
pub async fn queue(tx: &mut Tx, message: &Message, due_at: Micros, at: Micros) -> Result<Id, StoreError> {
    let id = Id::fresh();
    let letter = serde_json::to_string(&message.letter).map_err(|_| unreadable("words"))?;
    let attachments: Vec<String> = message.attachments.iter().map(ToString::to_string).collect();
    let statement = Statement::new(
        "insert into mail (id, organization, kind, plugin, recipient, recipient_name, reply_to, subject, letter, \
         attachments, secret, state, due_at, asked_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'waiting', $12, $13)",
        values![
            id.uuid(),
            optional_id(message.organization.map(|organization| organization.0)),
            message.kind.as_str(),
            message.plugin.as_ref().map(|plugin| plugin.as_str().to_owned()),
            one_line(&message.to.address, MAX_ADDRESS),
            one_line(&message.to.name, MAX_NAME),
            message.reply_to.as_ref().map(|address| one_line(address, MAX_ADDRESS)),
            one_line(&message.letter.subject, MAX_SUBJECT),
            letter.replace("\\u0000", " "),
            serde_json::to_string(&attachments).map_err(|_| unreadable("files"))?,
            message.secret,
            due_at,
            at,
        ],
    );
    tx.execute(statement).await?;
    Ok(id)
}

/// What is to be tried now, what has waited longest first.
pub async fn due(source: impl Source, now: Micros, limit: u32) -> Result<Vec<Kept>, StoreError> {
    let statement = Statement::new(
        mail!("where m.state = 'waiting' and m.due_at <= $1 order by m.due_at, m.id limit $2"),
        values![now, i64::from(limit)],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

/// Letters of an organization that wait, up to a number.
pub(crate) async fn waiting(tx: &mut Tx, organization: OrganizationId, most: u32) -> Result<u32, StoreError> {
    let statement = Statement::new(
        "select count(*) from (select 1 as one from mail where organization = $1 and state = 'waiting' limit $2) \
         as waiting",
        values![organization.0.uuid(), i64::from(most)],
    );
    Ok(u32::try_from(tx.fetch_one(statement).await?.i64(0)?).unwrap_or(u32::MAX))
}

/// Keeps how a try went. What was sent and is a secret is forgotten where `forget` says so. `false` where the letter is
/// not as it was read.
pub async fn settle(
    tx: &mut Tx,
    kept: &Kept,
    state: State,
    due_at: Micros,
    tried: &Tried,
    forget: bool,
) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update mail set state = $3, due_at = $4, attempts = attempts + 1, tried_at = $5, tried_from = $6, error = $7, \
         letter = case when $8 then null else letter end where id = $1 and attempts = $2 and state = 'waiting'",
        values![
            kept.id.uuid(),
            kept.attempts,
            state.as_str(),
            due_at,
            tried.at,
            tried.from.as_str(),
            tried.error.clone(),
            forget && state == State::Sent && kept.message.secret,
        ],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Has a letter that has failed, or was sent and is still known, sent again. `false` where there is no such letter.
pub async fn again(tx: &mut Tx, organization: Option<OrganizationId>, id: Id, now: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update mail set state = 'waiting', due_at = $3, attempts = 0 where id = $1 and letter is not null \
         and state <> 'waiting' and (organization = $2 or (organization is null and $4))",
        values![id.uuid(), optional_id(organization.map(|it| it.0)), now, organization.is_none()],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Forgets what ended before an instant, some at a time. How many were forgotten.
pub async fn forget(tx: &mut Tx, before: Micros, limit: u32) -> Result<u64, StoreError> {
    tx.execute(Statement::new(
        "delete from mail where id in (select id from mail where state <> 'waiting' and tried_at < $1 \
         order by tried_at limit $2)",
        values![before, i64::from(limit)],
    ))
    .await
}

/// Which letters are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Which {
    /// Those of an organization; without one those of accounts.
    pub organization: Option<OrganizationId>,
    pub state: Option<State>,
    /// Those that were asked for before this one.
    pub before: Option<Id>,
}

/// Letters, those asked for last first.
pub async fn of(source: impl Source, which: Which, limit: u32) -> Result<Vec<Kept>, StoreError> {
    let state = which.state.map_or("", State::as_str);
    let before = which.before.unwrap_or(Id::from_bytes([0xff; 16])).uuid();
    let statement = match which.organization {
        Some(organization) => Statement::new(
            mail!("where m.organization = $1 and ($2 = '' or m.state = $2) and m.id < $3 order by m.id desc limit $4"),
            values![organization.0.uuid(), state, before, i64::from(limit)],
        ),
        None => Statement::new(
            mail!(
                "where m.organization is null and ($1 = '' or m.state = $1) and m.id < $2 order by m.id desc limit $3"
            ),
            values![state, before, i64::from(limit)],
        ),
    };
    source.all(statement).await?.iter().map(of_row).collect()
}

/// One letter, of an organization or, without one, of accounts.
pub async fn one(
    source: impl Source,
    organization: Option<OrganizationId>,
    id: Id,
) -> Result<Option<Kept>, StoreError> {
    let statement = Statement::new(mail!("where m.id = $1"), values![id.uuid()]);
    let found = source.optional(statement).await?.map(|row| of_row(&row)).transpose()?;
    Ok(found.filter(|kept| kept.message.organization == organization))
}

/// Every letter of the instance, in the order in which they were asked for.
pub async fn all(source: impl Source, limit: u32) -> Result<Vec<Kept>, StoreError> {
    let statement = Statement::new(mail!("order by m.id limit $1"), values![i64::from(limit)]);
    source.all(statement).await?.iter().map(of_row).collect()
}
