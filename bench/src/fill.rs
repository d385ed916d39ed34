//! 100,000 tasks in 50 projects of 40 clients. One of each is made through the API, so that the tables hold what the host
//! itself writes; the others are copies of it made inside PostgreSQL, where a hundred thousand calls would take minutes.
//! The log of changes has entries of the copies where it is to be as long as it would be ([`log`]): a create writes to it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use uuid::Uuid;

use crate::host::{Host, Running};
use crate::postgres::Postgres;

const CLIENTS: u32 = 40;
const PROJECTS: u32 = 50;
/// Who keeps time, where there are entries.
const PEOPLE: u32 = 200;
/// How long the file may be written by the host.
const PATIENCE: Duration = Duration::from_secs(30);

/// An identifier of version 7 of this moment.
const FRESH: &str = "(lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7' || \
     substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid";

/// What the fill left behind.
#[derive(Debug)]
pub(crate) struct Filled {
    /// One of the projects, with a fiftieth of the tasks.
    pub(crate) project: Uuid,
    pub(crate) tasks: u32,
}

pub(crate) async fn fill(host: &Running, token: &str, postgres: &Postgres, tasks: u32) -> Result<Filled> {
    let First { client, project, task } = first(host, token).await?;

    copy(postgres, "projects__clients", client, CLIENTS - 1, &text("name", "'Client ' || n")).await?;
    let clients = "(select array_agg(id) from projects__clients)";
    let mut columns = text("name", "'Project ' || n");
    // The host's own next number stays free.
    columns.extend(text("number", "'F-' || n"));
    columns.push(("client".to_owned(), format!("{clients}[1 + n % {CLIENTS}]")));
    copy(postgres, "projects__projects", project, PROJECTS - 1, &columns).await?;

    let projects = "(select array_agg(id) from projects__projects)";
    // Titles lie in another order than rows, as they do where people wrote them.
    let mut columns = text("title", "'Task ' || substr(md5(n::text), 1, 12)");
    for (column, sql) in [
        ("project", format!("{projects}[1 + n % {PROJECTS}]")),
        ("status", "(array['todo', 'in-progress', 'blocked', 'done'])[1 + n / 50 % 4]".to_owned()),
        ("priority", "(array['low', 'normal', 'high', 'urgent'])[1 + n / 200 % 4]".to_owned()),
        ("due", "20700 + n % 365".to_owned()),
        ("planned_minutes", "30 + n % 480".to_owned()),
    ] {
        columns.push((column.to_owned(), sql));
    }
    copy(postgres, "projects__tasks", task, tasks - 1, &columns).await?;
    postgres.settle().await?;

    let path = "/api/v1/projects/tasks?limit=1&count=true";
    let count = host.target.json("GET", path, Some(token), None, 200).await?["count"].as_u64();
    ensure!(count == Some(u64::from(tasks)), "the host counts {count:?} tasks where {tasks} were to be");
    Ok(Filled { project, tasks })
}

/// Time entries of 200 people over a year, each of whom is on four projects a month: one through the API, the others
/// copies of it.
pub(crate) async fn fill_entries(host: &Running, token: &str, postgres: &Postgres, entries: u32) -> Result<()> {
    host.switch(token, "timesheets", true).await?;
    let row = sqlx::query("select id from projects__projects order by created_at limit 1");
    let project: Uuid = row.fetch_one(&postgres.pool).await?.get(0);
    let body = json!({ "project": project, "local_date": "2026-01-05", "duration": 27_000, "note": "Fitted" });
    let made = host.target.json("POST", "/api/v1/timesheets/entries", Some(token), Some(&body), 201).await?;
    let entry: Uuid = made["id"].as_str().and_then(|id| id.parse().ok()).context("an entry has an id")?;
    let projects = "(select array_agg(id) from projects__projects)";
    let day = format!("(20454 + n / {PEOPLE} % 365)");
    let columns = [
        ("user", format!("md5('person ' || n % {PEOPLE})::uuid")),
        ("project", format!("{projects}[1 + (n % {PEOPLE} + {day} / 31 * 7 + n / {PEOPLE} % 4) % {PROJECTS}]")),
        ("local_date", day),
        ("duration", "900 * (1 + n % 16)".to_owned()),
    ];
    let columns: Vec<(String, String)> = columns.into_iter().map(|(column, sql)| (column.to_owned(), sql)).collect();
    copy(postgres, "timesheets__entries", entry, entries - 1, &columns).await?;
    postgres.settle().await
}

/// One of each, through the API.
struct First {
    client: Uuid,
    project: Uuid,
    task: Uuid,
}

async fn first(host: &Running, token: &str) -> Result<First> {
    let client = make(host, token, "clients", &json!({ "name": "Client 0", "contact": "Ana Lee" })).await?;
    let site = json!({ "client": client, "name": "Harbour Street", "address": "12 Harbour Street, Sydney" });
    let site = make(host, token, "sites", &site).await?;
    let project = json!({
        "name": "Project 0", "client": client, "site": site, "completion": 0,
        "start": "2026-11-02", "due": "2027-03-26", "budget_minutes": 48_000,
        "budget": { "minor": 8_450_000, "currency": "AUD" },
    });
    let project = make(host, token, "projects", &project).await?;
    let task = json!({ "title": "Task 0", "project": project, "due": "2027-01-15", "planned_minutes": 120 });
    let task = make(host, token, "tasks", &task).await?;
    Ok(First { client, project, task })
}

/// Further tasks: half of them where the others are, half in other organizations, each with copies of what the host wrote.
pub(crate) async fn grow(postgres: &Postgres, more: u32, organizations: u32) -> Result<()> {
    let task = first_task(postgres).await?;
    let mut columns = text("title", "'Task ' || substr(md5('more' || n::text), 1, 12)");
    columns.push(("due".to_owned(), "20700 + n % 365".to_owned()));
    copy(postgres, "projects__tasks", task, more / 2, &columns).await?;
    columns.push(("organization".to_owned(), format!("md5('organization ' || n % {organizations})::uuid")));
    copy(postgres, "projects__tasks", task, more - more / 2, &columns).await?;
    log(postgres).await?;
    postgres.settle().await
}

/// Gives each task that the log of changes does not know the entry that making it would have left.
pub(crate) async fn log(postgres: &Postgres) -> Result<()> {
    let task = first_task(postgres).await?;
    // PostgreSQL gives the others itself.
    let rows = sqlx::query(
        "select column_name::text from information_schema.columns where table_name = 'changes' \
         and column_name not in ('xid', 'sequence')",
    )
    .fetch_all(&postgres.pool)
    .await?;
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for row in &rows {
        let name: String = row.get(0);
        let of_task = match name.as_str() {
            "organization" => Some("organization"),
            "record" => Some("id"),
            _ => None,
        };
        values.push(of_task.map_or_else(|| format!("c.\"{name}\""), |column| format!("t.{column}")));
        names.push(format!("\"{name}\""));
    }
    let (names, values) = (names.join(", "), values.join(", "));
    // Names are the catalog's, and the rest stands in this file.
    let statement = format!(
        "insert into changes ({names}) select {values} from projects__tasks t \
         cross join (select * from changes where record = $1 and kind = 'insert' limit 1) c \
         where not exists (select 1 from changes k where k.organization = t.organization \
         and k.collection = c.collection and k.record = t.id)"
    );
    sqlx::query(AssertSqlSafe(statement)).bind(task).execute(&postgres.pool).await?;
    Ok(())
}

async fn first_task(postgres: &Postgres) -> Result<Uuid> {
    let row =
        sqlx::query("select id from projects__tasks order by created_at limit 1").fetch_one(&postgres.pool).await?;
    Ok(row.get(0))
}

/// The tasks and projects of [`fill`] in the file of a host on SQLite, which may run meanwhile.
pub(crate) async fn fill_sqlite(host: &Host, running: &Running, token: &str, tasks: u32) -> Result<()> {
    let First { project, task, .. } = first(running, token).await?;
    let file = SqliteConnectOptions::new().filename(host.data().join("lignaflow.db")).busy_timeout(PATIENCE);
    let mut file = file.connect().await?;
    copy_sqlite(&mut file, "projects__projects", project, PROJECTS - 1, &text("name", "'Project ' || n")).await?;
    let mut columns = text("title", "'Task ' || hex(randomblob(6))");
    // Its rows are numbered from one on.
    let projects = format!("(select id from projects__projects where \"row\" = 1 + n % {PROJECTS})");
    columns.push(("project".to_owned(), projects));
    columns.push(("planned_minutes".to_owned(), "30 + n % 480".to_owned()));
    copy_sqlite(&mut file, "projects__tasks", task, tasks - 1, &columns).await?;
    sqlx::query("analyze").execute(&mut file).await?;
    file.close().await?;
    Ok(())
}

async fn copy_sqlite(
    file: &mut SqliteConnection,
    table: &str,
    of: Uuid,
    times: u32,
    columns: &[(String, String)],
) -> Result<()> {
    let rows = sqlx::query("select name from pragma_table_info($1)").bind(table).fetch_all(&mut *file).await?;
    let mut names = Vec::new();
    let mut values = Vec::new();
    for row in &rows {
        let name: String = row.get(0);
        if name == "row" {
            continue;
        }
        values.push(match columns.iter().find(|(column, _)| *column == name) {
            Some((_, sql)) => sql.clone(),
            None if name == "id" => "randomblob(16)".to_owned(),
            // Each number is given once; nothing is as good as any here.
            None if name == "number" || name == "number__fold" => "null".to_owned(),
            None => format!("t.\"{name}\""),
        });
        names.push(format!("\"{name}\""));
    }
    let (names, values) = (names.join(", "), values.join(", "));
    // Names are the catalog's, and the rest stands in this file.
    let statement = format!(
        "with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < $2) \
         insert into {table} ({names}) select {values} from {table} t cross join numbers where t.id = $1"
    );
    sqlx::query(AssertSqlSafe(statement)).bind(of).bind(i64::from(times)).execute(&mut *file).await?;
    Ok(())
}

async fn make(host: &Running, token: &str, collection: &str, body: &Value) -> Result<Uuid> {
    let path = format!("/api/v1/projects/{collection}");
    let made = host.target.json("POST", &path, Some(token), Some(body), 201).await?;
    made["id"].as_str().and_then(|id| id.parse().ok()).with_context(|| format!("{path} answered no id"))
}

/// A text with its folded form.
fn text(field: &str, sql: &str) -> Vec<(String, String)> {
    vec![(field.to_owned(), sql.to_owned()), (format!("{field}__fold"), format!("lower({sql})"))]
}

/// Copies a row so many times, each with an identifier of its own and these columns made by SQL over `n`.
async fn copy(postgres: &Postgres, table: &str, of: Uuid, times: u32, columns: &[(String, String)]) -> Result<()> {
    let rows = sqlx::query("select column_name::text from information_schema.columns where table_name = $1")
        .bind(table)
        .fetch_all(&postgres.pool)
        .await?;
    let mut names = Vec::new();
    let mut values = Vec::new();
    for row in &rows {
        let name: String = row.get(0);
        values.push(match columns.iter().find(|(column, _)| *column == name) {
            Some((_, sql)) => sql.clone(),
            None if name == "id" => FRESH.to_owned(),
            None => format!("t.\"{name}\""),
        });
        names.push(format!("\"{name}\""));
    }
    for (column, _) in columns {
        ensure!(names.contains(&format!("\"{column}\"")), "the table {table} has no column {column}");
    }
    let (names, values) = (names.join(", "), values.join(", "));
    // Names are the catalog's, and the rest stands in this file.
    let statement = format!(
        "insert into {table} ({names}) select {values} from {table} t cross join generate_series(1, $2) n where t.id = $1"
    );
    sqlx::query(AssertSqlSafe(statement)).bind(of).bind(i32::try_from(times)?).execute(&postgres.pool).await?;
    Ok(())
}
