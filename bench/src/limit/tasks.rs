//! Reads: 50 tasks in the order of their titles, each with its project; tasks by project; how far a project has come.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde_json::json;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::token::{self, caller};
use super::{App, Refused, Rows, date, instant, json};

const PAGE: usize = 50;

/// One more than a page, so that it is known whether there is a next one.
macro_rules! list {
    ($organization:expr) => {
        concat!(
            "select t.id, t.title, t.status, t.priority, t.due, t.planned_minutes, t.title__fold,",
            " p.id, p.version, p.number, p.name, p.client, p.site, p.status, p.manager, p.members, p.billing, p.start,",
            " p.due, p.budget_minutes, p.budget__minor, p.budget__currency, p.notes, p.created_at, p.updated_at,",
            " p.created_by, p.archived_at, p.documents, p.code, p.address, p.budget_period, p.carry_over, p.completion,",
            " p.estimate, p.access_notes, p.budget_price__minor, p.budget_price__currency, p.alert_of, p.alert_at",
            " from projects__tasks t",
            " left join projects__projects p on p.organization = t.organization and p.id = t.project",
            " where t.organization = ",
            $organization,
            " and t.archived_at is null order by t.title__fold, t.id limit 51"
        )
    };
}

const LIST: &str = list!(concat!("(", caller!("k.organization"), ")"));
const LIST_OF: &str = list!("$1");

#[derive(Debug, Serialize)]
struct Task {
    id: Uuid,
    title: String,
    project: Option<Project>,
    status: Option<String>,
    priority: Option<String>,
    due: Option<String>,
    planned_minutes: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Project {
    id: Uuid,
    version: i64,
    number: Option<String>,
    code: Option<String>,
    name: Option<String>,
    client: Option<Uuid>,
    site: Option<Uuid>,
    address: Option<String>,
    access_notes: Option<String>,
    status: Option<String>,
    manager: Option<Uuid>,
    members: Vec<Uuid>,
    billing: Option<String>,
    start: Option<String>,
    due: Option<String>,
    budget_minutes: Option<i64>,
    budget: Option<Money>,
    budget_price: Option<Money>,
    budget_period: Option<String>,
    carry_over: Option<bool>,
    alert_of: Option<String>,
    alert_at: Option<String>,
    completion: Option<i64>,
    estimate: Option<String>,
    notes: Option<String>,
    documents: Vec<Uuid>,
    created_at: Option<String>,
    updated_at: Option<String>,
    created_by: Option<Uuid>,
    archived_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct Money {
    minor: i64,
    currency: String,
}

impl Task {
    fn of(row: &PgRow) -> Self {
        Self {
            id: row.get(0),
            title: row.get(1),
            project: row.get::<Option<Uuid>, _>(7).map(|id| Project::of(id, row)),
            status: row.get(2),
            priority: row.get(3),
            due: date(row.get(4)),
            planned_minutes: row.get(5),
        }
    }
}

impl Project {
    fn of(id: Uuid, row: &PgRow) -> Self {
        let ids = |column| {
            let (ids, _) = row.get::<Option<&[u8]>, _>(column).unwrap_or_default().as_chunks::<16>();
            ids.iter().map(|id| Uuid::from_bytes(*id)).collect()
        };
        let money = |column: usize| {
            let minor = row.get::<Option<i64>, _>(column);
            minor.zip(row.get(column + 1)).map(|(minor, currency)| Money { minor, currency })
        };
        Self {
            id,
            version: row.get(8),
            number: row.get(9),
            code: row.get(28),
            name: row.get(10),
            client: row.get(11),
            site: row.get(12),
            address: row.get(29),
            access_notes: row.get(34),
            status: row.get(13),
            manager: row.get(14),
            members: ids(15),
            billing: row.get(16),
            start: date(row.get(17)),
            due: date(row.get(18)),
            budget_minutes: row.get(19),
            budget: money(20),
            budget_price: money(35),
            budget_period: row.get(30),
            carry_over: row.get(31),
            alert_of: row.get(37),
            alert_at: row.get(38),
            completion: row.get(32),
            estimate: row.get(33),
            notes: row.get(22),
            documents: ids(27),
            created_at: instant(row.get(23)),
            updated_at: instant(row.get(24)),
            created_by: row.get(25),
            archived_at: instant(row.get(26)),
        }
    }
}

fn page(rows: &[PgRow]) -> Rows<Task> {
    let next = rows.get(PAGE - 1).filter(|_| rows.len() > PAGE).map(|last| {
        let (fold, id): (&str, Uuid) = (last.get(6), last.get(0));
        format!("/tasks?after={fold},{id}")
    });
    Rows { data: rows.iter().take(PAGE).map(Task::of).collect(), next }
}

pub(super) async fn list(State(App(pool)): State<App>, headers: HeaderMap) -> Result<Response, Refused> {
    let digest = token::digest(&headers)?;
    let rows = sqlx::query(LIST).bind(&digest).bind(token::now()).fetch_all(&*pool).await?;
    if rows.is_empty() {
        // Either there is nothing or nobody: a second statement tells, where it matters.
        token::ask(&mut *pool.acquire().await?, &digest).await?;
    }
    Ok(json(StatusCode::OK, &page(&rows)))
}

pub(super) async fn list_plainly(State(App(pool)): State<App>, headers: HeaderMap) -> Result<Response, Refused> {
    let caller = token::ask(&mut *pool.acquire().await?, &token::digest(&headers)?).await?;
    let rows = sqlx::query(LIST_OF).bind(caller.organization).fetch_all(&*pool).await?;
    Ok(json(StatusCode::OK, &page(&rows)))
}

const SUMMARY: &str = concat!(
    "select project, count(id), sum(planned_minutes)::bigint from projects__tasks where organization = (",
    caller!("k.organization"),
    ") and archived_at is null group by project order by project"
);

#[derive(Debug, Serialize)]
struct ByProject {
    project: Option<Uuid>,
    count: i64,
    sum_planned_minutes: Option<i64>,
}

pub(super) async fn summary(State(App(pool)): State<App>, headers: HeaderMap) -> Result<Response, Refused> {
    let digest = token::digest(&headers)?;
    let rows = sqlx::query(SUMMARY).bind(&digest).bind(token::now()).fetch_all(&*pool).await?;
    if rows.is_empty() {
        token::ask(&mut *pool.acquire().await?, &digest).await?;
    }
    let group = |row: &PgRow| ByProject { project: row.get(0), count: row.get(1), sum_planned_minutes: row.get(2) };
    Ok(json(StatusCode::OK, &Rows { data: rows.iter().map(group).collect(), next: None }))
}

const PROGRESS: &str = concat!(
    "select status, count(id), sum(planned_minutes)::bigint,",
    " count(id) filter (where due < $4 and status <> 'done') from projects__tasks where organization = (",
    caller!("k.organization"),
    ") and project = $3 and archived_at is null group by status"
);

/// The answer of the plugin's route.
pub(super) async fn progress(
    State(App(pool)): State<App>,
    Path(project): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let now = token::now();
    let rows = sqlx::query(PROGRESS)
        .bind(token::digest(&headers)?)
        .bind(now)
        .bind(project)
        .bind(i32::try_from(now / 86_400_000_000).unwrap_or(i32::MAX))
        .fetch_all(&*pool)
        .await?;
    let sum = |only: Option<&str>, column: usize| -> i64 {
        let of = rows.iter().filter(|row| only.is_none() || row.get::<Option<&str>, _>(0) == only);
        of.filter_map(|row| row.get::<Option<i64>, _>(column)).sum()
    };
    let share = |part: i64, whole: i64| (whole > 0).then(|| part * 10_000 / whole);
    let (total, done) = (sum(None, 1), sum(Some("done"), 1));
    let (planned, planned_done) = (sum(None, 2), sum(Some("done"), 2));
    let answer = json!({
        "project": project,
        "tasks": {
            "total": total,
            "todo": sum(Some("todo"), 1),
            "in_progress": sum(Some("in-progress"), 1),
            "blocked": sum(Some("blocked"), 1),
            "done": done,
        },
        "planned_minutes": { "total": planned, "done": planned_done },
        "overdue": sum(None, 3),
        "by_tasks": share(done, total),
        "by_effort": share(planned_done, planned),
    });
    Ok(json(StatusCode::OK, &answer))
}
