//! Clients that leave in the middle of a write, thousands of them: whole requests whose answer nobody takes, and requests
//! of which a part is missing. Afterwards no connection of the host may be inside a transaction.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use sqlx::Row as _;
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use super::{Database, Scene, WRITERS};
use crate::client::{Target, request};
use crate::host::Running;
use crate::postgres::HOST;
use crate::report::{Line, Report, Verdict};

/// How long the host has to end what it began.
const SETTLED: Duration = Duration::from_secs(30);

pub(super) async fn leavers(scene: &Scene<'_>, host: &Running, count: u32, report: &mut Report) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for first in 0..u32::try_from(WRITERS)? {
        let (target, token) = (host.target.clone(), scene.token.clone());
        tasks.spawn(async move {
            let mut failed = 0;
            for number in (first..count).step_by(WRITERS) {
                if leave(&target, &token, number).await.is_err() {
                    failed += 1;
                }
            }
            failed
        });
    }
    let mut unconnected = 0;
    while let Some(failed) = tasks.join_next().await {
        unconnected += failed?;
    }
    let took = begin.elapsed();
    let open = open_transactions(scene).await?;
    let body = serde_json::json!({ "name": "Whoever comes next" });
    host.target
        .json("POST", "/api/v1/projects/clients", Some(&scene.token), Some(&body), 201)
        .await
        .context("after they left, nobody can write")?;
    eprintln!(
        "      {}: {count} clients left within {} s, {unconnected} could not connect, {open} transactions stay open",
        scene.database.name(),
        took.as_secs()
    );
    report.lines.push(Line {
        what: format!("clients that leave in the middle of a write, {}, {count} of them", scene.database.name()),
        measured: format!("{open} transactions stay open, the next write succeeds"),
        bar: "none".to_owned(),
        verdict: if open == 0 && unconnected < i64::from(count / 10) { Verdict::Met } else { Verdict::Short },
    });
    Ok(())
}

/// Each third request lacks its end.
async fn leave(target: &Target, token: &str, number: u32) -> std::io::Result<()> {
    let id = Uuid::now_v7();
    let body = serde_json::json!({ "id": id, "name": format!("Leaver {number} {id}") }).to_string();
    let whole = request("POST", "/api/v1/projects/clients", Some(token), Some(&body));
    let sent = if number.is_multiple_of(3) { &whole[..whole.len() - 7] } else { &whole };
    let connection = target.connect().await?;
    connection.leave(sent.as_bytes()).await?;
    // Some are gone at once, some while the statement is under way.
    sleep(Duration::from_micros(u64::from(number % 5) * 500)).await;
    Ok(())
}

/// Connections of the host that are inside a transaction once it had time to end what it began. SQLite has one writer,
/// of which the next write tells.
async fn open_transactions(scene: &Scene<'_>) -> Result<i64> {
    let Some(postgres) = scene.postgres.filter(|_| scene.database == Database::Postgres) else { return Ok(0) };
    let until = Instant::now() + SETTLED;
    loop {
        let row = sqlx::query(
            "select count(*) from pg_stat_activity where datname = current_database() and application_name = $1 \
             and state like 'idle in transaction%'",
        )
        .bind(HOST)
        .fetch_one(&postgres.pool)
        .await?;
        let open: i64 = row.get(0);
        if open == 0 || Instant::now() > until {
            return Ok(open);
        }
        sleep(Duration::from_millis(50)).await;
    }
}
