//! What plugins sent to hosts outside: where, when, and how it ended. Never what was said.

use crate::Store;
use crate::database::{Row, Statement};
use crate::error::StoreError;
use crate::identity::{Source, values};
use lignaflow_core::clock::Micros;
use lignaflow_core::name::PluginId;
use lignaflow_core::{Id, OrganizationId};

/// One request that left, or was to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    pub id: Id,
    pub at: Micros,
    pub plugin: PluginId,
    pub job: String,
    pub method: String,
    /// With its port, where that is not 443.
    pub host: String,
    /// Without a query, which may tell more than where it went.
    pub path: String,
    pub bytes_out: i64,
    /// Nothing while it is under way, and where the host that sent it ended meanwhile.
    pub ended: Option<Ended>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// None where there was no answer.
    pub status: Option<u16>,
    pub bytes_in: i64,
    pub took_ms: i64,
    /// Why there was no answer, in words.
    pub error: Option<String>,
}

/// Which are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Which {
    pub plugin: Option<PluginId>,
    pub host: Option<String>,
    /// Those that left before this one.
    pub before: Option<Id>,
}

fn of_row(row: &Row) -> Result<Departure, StoreError> {
    let unreadable = |what: &str| StoreError::Broken(format!("{what} of what left cannot be read"));
    let status = row.opt_i64(8)?.map(u16::try_from).transpose().map_err(|_| unreadable("a status"))?;
    let ended = match row.opt_i64(10)? {
        Some(took_ms) => {
            Some(Ended { status, bytes_in: row.opt_i64(9)?.unwrap_or_default(), took_ms, error: row.opt_text(11)? })
        }
        None => None,
    };
    Ok(Departure {
        id: row.id(0)?,
        at: row.i64(1)?,
        plugin: row.text(2)?.parse().map_err(|_| unreadable("a plugin"))?,
        job: row.text(3)?,
        method: row.text(4)?,
        host: row.text(5)?,
        path: row.text(6)?,
        bytes_out: row.i64(7)?,
        ended,
    })
}

/// What left an organization, the last first.
pub async fn of(
    source: impl Source,
    organization: OrganizationId,
    which: &Which,
    limit: u32,
) -> Result<Vec<Departure>, StoreError> {
    let statement = Statement::new(
        "select id, at, plugin, job, method, host, path, bytes_out, status, bytes_in, took_ms, error from departures \
         where organization = $1 and ($2 = '' or plugin = $2) and ($3 = '' or host = $3) and id < $4 \
         order by id desc limit $5",
        values![
            organization.0.uuid(),
            which.plugin.as_ref().map_or("", PluginId::as_str),
            which.host.as_deref().unwrap_or_default(),
            which.before.unwrap_or(Id::from_bytes([0xff; 16])).uuid(),
            i64::from(limit),
        ],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

impl Store {
    /// Keeps that something leaves.
    pub async fn departs(&self, organization: OrganizationId, departure: &Departure) -> Result<(), StoreError> {
        let statement = Statement::new(
            "insert into departures (organization, id, at, plugin, job, method, host, path, bytes_out) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning 1",
            values![
                organization.0.uuid(),
                departure.id.uuid(),
                departure.at,
                departure.plugin.as_str(),
                departure.job.as_str(),
                departure.method.as_str(),
                departure.host.as_str(),
                departure.path.as_str(),
                departure.bytes_out,
            ],
        );
        self.database().write_once(statement).await.map(|_| ())
    }

    /// Keeps how it ended.
    pub async fn departed(&self, organization: OrganizationId, id: Id, ended: &Ended) -> Result<(), StoreError> {
        let statement = Statement::new(
            "update departures set status = $3, bytes_in = $4, took_ms = $5, error = $6 \
             where organization = $1 and id = $2 returning 1",
            values![
                organization.0.uuid(),
                id.uuid(),
                ended.status.map(i64::from),
                ended.bytes_in,
                ended.took_ms,
                ended.error.clone(),
            ],
        );
        self.database().write_once(statement).await.map(|_| ())
    }

    /// Forgets what left before, some at a time. How many.
    pub async fn forget_departures(&self, before: Micros, some: u32) -> Result<u64, StoreError> {
        self.database()
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(Statement::new(
                        "delete from departures where (organization, id) in \
                         (select organization, id from departures where at < $1 order by at limit $2)",
                        values![before, i64::from(some)],
                    ))
                    .await
                })
            })
            .await
    }
}
