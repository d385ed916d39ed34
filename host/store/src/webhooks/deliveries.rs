//! What each webhook is told, one change at a time, and how that went. What is said stands in the change log alone.

use super::{Webhook, kind, parts, position, unreadable};
use crate::database::{Row, Statement, Tx, build};
use crate::error::StoreError;
use crate::identity::{Source, values};
use crate::log::{LogEntry, LogKind, LogPosition};
use lignaflow_core::clock::Micros;
use lignaflow_core::name::CollectionName;
use lignaflow_core::{Id, OrganizationId};
use sea_query::{Expr, Query};

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// It is to be tried, for the first time or again.
    Waiting,
    Delivered,
    /// The last try has failed.
    GivenUp,
    /// It is of what the webhook's owner may not see.
    Withheld,
}

impl State {
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Delivered, Self::GivenUp, Self::Withheld];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::GivenUp => "given-up",
            Self::Withheld => "withheld",
        }
    }
}

/// How a try went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub at: Micros,
    /// None where there was no answer.
    pub status: Option<u16>,
    pub took_ms: i64,
    /// The beginning of what was answered.
    pub answer: Option<String>,
    /// Why there was no answer, in words.
    pub error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub organization: OrganizationId,
    pub webhook: Id,
    /// In the order of the log.
    pub number: i64,
    /// The event's id, the same at every try.
    pub id: Id,
    pub position: LogPosition,
    pub collection: CollectionName,
    pub record: Id,
    pub kind: LogKind,
    pub changed_at: Micros,
    pub state: State,
    pub tries: i64,
    /// When it is tried next, while it waits; when it ended, after.
    pub due_at: Micros,
    /// The last try.
    pub tried: Option<Tried>,
}

macro_rules! delivery {
    ($rest:literal) => {
        concat!(
            "select d.organization, d.webhook, d.number, d.id, d.log_transaction, d.log_sequence, d.collection, \
             d.record, d.kind, d.changed_at, d.state, d.tries, d.due_at, d.tried_at, d.status, d.took_ms, d.answer, \
             d.error from deliveries d ",
            $rest
        )
    };
}

fn of_row(row: &Row) -> Result<Delivery, StoreError> {
    let state = row.text(10)?;
    let tried = match row.opt_i64(13)? {
        Some(at) => Some(Tried {
            at,
            status: row.opt_i64(14)?.map(u16::try_from).transpose().map_err(|_| unreadable("a status"))?,
            took_ms: row.opt_i64(15)?.unwrap_or_default(),
            answer: row.opt_text(16)?,
            error: row.opt_text(17)?,
        }),
        None => None,
    };
    Ok(Delivery {
        organization: OrganizationId(row.id(0)?),
        webhook: row.id(1)?,
        number: row.i64(2)?,
        id: row.id(3)?,
        position: position(row, 4)?,
        collection: row.text(6)?.parse().map_err(|_| unreadable("a collection"))?,
        record: row.id(7)?,
        kind: kind(&row.text(8)?).ok_or_else(|| unreadable("a kind"))?,
        changed_at: row.i64(9)?,
        state: State::ALL.into_iter().find(|known| known.as_str() == state).ok_or_else(|| unreadable("a state"))?,
        tries: row.i64(11)?,
        due_at: row.i64(12)?,
        tried,
    })
}

/// Makes a delivery of each of these changes, in their order, to be tried from `now` on.
pub async fn add(tx: &mut Tx, webhook: &Webhook, entries: &[LogEntry], now: Micros) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let statement = Statement::new(
        "select coalesce(max(number), 0) from deliveries where organization = $1 and webhook = $2",
        values![webhook.organization.0.uuid(), webhook.id.uuid()],
    );
    let last = tx.fetch_one(statement).await?.i64(0)?;
    let mut insert = Query::insert();
    insert.into_table("deliveries").columns([
        "organization",
        "webhook",
        "number",
        "id",
        "log_transaction",
        "log_sequence",
        "collection",
        "record",
        "kind",
        "changed_at",
        "state",
        "due_at",
    ]);
    for (number, entry) in (last + 1..).zip(entries) {
        let [transaction, sequence] = parts(entry.position)?;
        let row = [
            webhook.organization.0.uuid().into(),
            webhook.id.uuid().into(),
            number.into(),
            Id::fresh().uuid().into(),
            transaction,
            sequence,
            entry.collection.to_string().into(),
            entry.record.uuid().into(),
            entry.kind.as_str().into(),
            entry.at.into(),
            State::Waiting.as_str().into(),
            now.into(),
        ];
        insert
            .values(row.map(|value: sea_query::Value| Expr::val(value)))
            .map_err(|error| StoreError::Broken(error.to_string()))?;
    }
    let statement = build(tx.dialect(), &insert).once();
    tx.execute(statement).await.map(|_| ())
}

/// The webhooks that have something to be tried now, other than these.
pub async fn due_webhooks(
    source: impl Source,
    now: Micros,
    limit: u32,
) -> Result<Vec<(OrganizationId, Id)>, StoreError> {
    let statement = Statement::new(
        "select w.organization, w.id from webhooks w where w.paused is null and exists (select 1 from deliveries d \
         where d.organization = w.organization and d.webhook = w.id and d.state = 'waiting' and d.due_at <= $1) \
         order by w.organization, w.id limit $2",
        values![now, i64::from(limit)],
    );
    source.all(statement).await?.iter().map(|row| Ok((OrganizationId(row.id(0)?), row.id(1)?))).collect()
}

/// What a webhook is to be told now: of each record the first change that waits, so that a receiver hears of one after
/// the other.
pub async fn due(source: impl Source, webhook: &Webhook, now: Micros, limit: u32) -> Result<Vec<Delivery>, StoreError> {
    let statement = Statement::new(
        delivery!(
            "where d.organization = $1 and d.webhook = $2 and d.state = 'waiting' and d.due_at <= $3 \
             and not exists (select 1 from deliveries e where e.organization = d.organization \
             and e.webhook = d.webhook and e.collection = d.collection and e.record = d.record \
             and e.state = 'waiting' and e.number < d.number) order by d.number limit $4"
        ),
        values![webhook.organization.0.uuid(), webhook.id.uuid(), now, i64::from(limit)],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

/// Keeps how a try went, and what comes of it. `false` where the delivery is not as it was read.
pub async fn settle(
    tx: &mut Tx,
    delivery: &Delivery,
    state: State,
    due_at: Micros,
    tried: &Tried,
) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update deliveries set state = $5, due_at = $6, tries = tries + 1, tried_at = $7, status = $8, took_ms = $9, \
         answer = $10, error = $11 \
         where organization = $1 and webhook = $2 and number = $3 and tries = $4 and state = 'waiting'",
        values![
            delivery.organization.0.uuid(),
            delivery.webhook.uuid(),
            delivery.number,
            delivery.tries,
            state.as_str(),
            due_at,
            tried.at,
            tried.status.map(i64::from),
            tried.took_ms,
            tried.answer.clone(),
            tried.error.clone(),
        ],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Ends a delivery that is not sent.
pub async fn withhold(tx: &mut Tx, delivery: &Delivery, at: Micros) -> Result<(), StoreError> {
    let statement = Statement::new(
        "update deliveries set state = 'withheld', due_at = $4 \
         where organization = $1 and webhook = $2 and number = $3 and state = 'waiting'",
        values![delivery.organization.0.uuid(), delivery.webhook.uuid(), delivery.number, at],
    );
    tx.execute(statement).await.map(|_| ())
}

/// Which deliveries of a webhook are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Which {
    pub state: Option<State>,
    /// Those before this one, in the order of the log.
    pub before: Option<i64>,
}

/// The deliveries of a webhook, the latest first.
pub async fn of(
    source: impl Source,
    organization: OrganizationId,
    webhook: Id,
    which: Which,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let statement = Statement::new(
        delivery!(
            "where d.organization = $1 and d.webhook = $2 and d.number < $3 and ($4 = '' or d.state = $4) \
             order by d.number desc limit $5"
        ),
        values![
            organization.0.uuid(),
            webhook.uuid(),
            which.before.unwrap_or(i64::MAX),
            which.state.map_or("", State::as_str),
            i64::from(limit),
        ],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

/// Has a delivery that has ended tried again. `false` where there is none; one that waits is left to wait.
pub async fn replay(
    tx: &mut Tx,
    organization: OrganizationId,
    webhook: Id,
    id: Id,
    now: Micros,
) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update deliveries set state = 'waiting', tries = 0, due_at = $4 \
         where organization = $1 and webhook = $2 and id = $3 and state <> 'waiting'",
        values![organization.0.uuid(), webhook.uuid(), id.uuid(), now],
    );
    if tx.execute(statement).await? > 0 {
        return Ok(true);
    }
    let statement = Statement::new(
        "select 1 from deliveries where organization = $1 and webhook = $2 and id = $3",
        values![organization.0.uuid(), webhook.uuid(), id.uuid()],
    );
    Ok(tx.fetch_optional(statement).await?.is_some())
}

/// Has the deliveries of what was changed from one instant to before another tried again, as many as there is room for.
/// How many those are.
pub async fn replay_range(
    tx: &mut Tx,
    organization: OrganizationId,
    webhook: Id,
    range: std::ops::Range<Micros>,
    room: u32,
    now: Micros,
) -> Result<u64, StoreError> {
    tx.execute(Statement::new(
        "update deliveries set state = 'waiting', tries = 0, due_at = $5 where organization = $1 and webhook = $2 \
         and number in (select number from deliveries where organization = $1 and webhook = $2 \
         and state <> 'waiting' and changed_at >= $3 and changed_at < $4 order by number limit $6)",
        values![organization.0.uuid(), webhook.uuid(), range.start, range.end, now, i64::from(room)],
    ))
    .await
}

/// Forgets what ended before an instant, some at a time. How many were forgotten.
pub async fn forget(tx: &mut Tx, before: Micros, limit: u32) -> Result<u64, StoreError> {
    tx.execute(Statement::new(
        "delete from deliveries where (organization, webhook, number) in (select organization, webhook, number \
         from deliveries where state <> 'waiting' and due_at < $1 order by due_at limit $2)",
        values![before, i64::from(limit)],
    ))
    .await
}
