//! What there is after all: through the API, as a client would look, and in the tables themselves.

use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row};
use uuid::Uuid;

use crate::host::{Host, Running};
use crate::postgres::Postgres;

/// Tasks of the project that is copied, and so of every copy.
const TASKS: u32 = 8;
/// Records of one page of the API.
const PAGE: usize = 200;

/// Makes the project that is copied.
pub(super) async fn template(host: &Running, token: &str) -> Result<Uuid> {
    let create = async |collection: &str, body: serde_json::Value| -> Result<Uuid> {
        let path = format!("/api/v1/projects/{collection}");
        let made = host.target.json("POST", &path, Some(token), Some(&body), 201).await?;
        made["id"].as_str().and_then(|id| id.parse().ok()).with_context(|| format!("{path} answered no id"))
    };
    let project = create("projects", json!({ "name": "Template", "start": "2026-11-02" })).await?;
    for number in 1..=TASKS {
        create("tasks", json!({ "title": format!("Step {number}"), "project": project, "due": "2026-12-01" })).await?;
    }
    Ok(project)
}

/// Those of the records that the API does not have.
pub(super) async fn missing(host: &Running, token: &str, collection: &str, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let mut missing = Vec::new();
    for page in ids.chunks(PAGE) {
        let list = page.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",");
        let path = format!("/api/v1/projects/{collection}?limit={PAGE}&fields=id&filter[id][in]={list}");
        let answer = host.target.json("GET", &path, Some(token), None, 200).await?;
        let there: Vec<&str> =
            answer["data"].as_array().into_iter().flatten().filter_map(|row| row["id"].as_str()).collect();
        missing.extend(page.iter().filter(|id| !there.contains(&&*id.to_string())));
    }
    Ok(missing)
}

/// What does not fit together in the tables.
#[derive(Debug, Default)]
pub(super) struct Torn {
    /// Records of which the log does not know, and entries of the log without their record.
    pub(super) unlogged: i64,
    /// Copies with some of their tasks.
    pub(super) halves: i64,
}

const UNLOGGED: &str = "select (select count(*) from projects__clients c where not exists (select 1 from changes l \
     where l.organization = c.organization and l.collection = 'projects/clients' and l.record = c.id and l.kind = 'insert')) \
     + (select count(*) from changes l where l.collection = 'projects/clients' and not exists (select 1 from \
     projects__clients c where c.organization = l.organization and c.id = l.record))";
const HALVES: &str = "select count(*) from projects__projects p where (select count(*) from projects__tasks t \
     where t.organization = p.organization and t.project = p.id) <> ";

/// Looks into the tables beside the host.
pub(super) async fn torn(host: &Host, postgres: Option<&Postgres>) -> Result<Torn> {
    let halves = sqlx::AssertSqlSafe(format!("{HALVES}{TASKS}"));
    if let Some(postgres) = postgres {
        return Ok(Torn {
            unlogged: sqlx::query(UNLOGGED).fetch_one(&postgres.pool).await?.get(0),
            halves: sqlx::query(halves).fetch_one(&postgres.pool).await?.get(0),
        });
    }
    let mut connection = open(&host.data()).await?;
    Ok(Torn {
        unlogged: sqlx::query(UNLOGGED).fetch_one(&mut connection).await?.get(0),
        halves: sqlx::query(halves).fetch_one(&mut connection).await?.get(0),
    })
}

async fn open(data: &Path) -> Result<sqlx::SqliteConnection> {
    let file = data
        .read_dir()?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "db"))
        .with_context(|| format!("there is no database in {}", data.display()))?;
    let options = SqliteConnectOptions::from_str("sqlite:")?.filename(file).read_only(true);
    Ok(options.connect().await?)
}
