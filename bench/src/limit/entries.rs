//! Hours by project, person and month.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::token::{self, caller};
use super::{App, Refused, Rows, date, json};

const SUMMARY: &str = concat!(
    "select project, \"user\", date_trunc('month', date '1970-01-01' + local_date)::date - date '1970-01-01',",
    " count(id), sum(duration)::bigint from timesheets__entries where organization = (",
    caller!("k.organization"),
    ") and archived_at is null group by 1, 2, 3 order by 1, 2, 3 limit 10001"
);
const PAGE: usize = 10_000;

#[derive(Debug, Serialize)]
struct Hours {
    project: Option<Uuid>,
    user: Option<Uuid>,
    local_date: Option<String>,
    count: i64,
    sum_duration: Option<i64>,
}

pub(super) async fn summary(State(App(pool)): State<App>, headers: HeaderMap) -> Result<Response, Refused> {
    let digest = token::digest(&headers)?;
    let rows = sqlx::query(SUMMARY).bind(&digest).bind(token::now()).fetch_all(&*pool).await?;
    if rows.is_empty() {
        token::ask(&mut *pool.acquire().await?, &digest).await?;
    }
    let group = |row: &PgRow| Hours {
        project: row.get(0),
        user: row.get(1),
        local_date: date(row.get(2)),
        count: row.get(3),
        sum_duration: row.get(4),
    };
    let next = rows.get(PAGE).map(|first| format!("/entries/summary?from={}", first.get::<Uuid, _>(0)));
    Ok(json(StatusCode::OK, &Rows { data: rows.iter().take(PAGE).map(group).collect(), next }))
}
