//! The limit: what the measured calls cost when somebody writes them by hand for these very tables, with axum and sqlx
//! over the same TLS. No plugin, no hook, no rights beyond the token, no middleware, one statement a request.
//!
//! | file | holds |
//! |---|---|
//! | [`listener`] | TLS and the accept loop |
//! | [`token`] | who asks, as a part of each statement |
//! | [`tasks`] | the list with its projects, the summary, a project's progress |
//! | [`entries`] | hours by project, person and month |
//! | [`clients`] | the create |
//!
//! `/plain/…` does the same in as many statements as one usually writes: the token in one of its own, a write in a
//! transaction. What is gained by a single statement can be told from that.

mod clients;
mod entries;
mod listener;
mod tasks;
mod token;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use clap::Args;
use serde::Serialize;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::postgres::LIMIT;

/// As many as the host opens where its settings are not changed.
const CONNECTIONS: u32 = 16;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The PostgreSQL database that the host has made and filled
    #[arg(long, value_name = "URL")]
    database_url: String,
    /// The PEM file of the certificate chain
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,
    /// The PEM file of its private key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[arg(long)]
    port: u16,
}

#[derive(Debug, Clone)]
struct App(Arc<PgPool>);

pub(crate) fn main(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let database: PgConnectOptions = options.database_url.parse().context("--database-url")?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .test_before_acquire(false)
            .connect_with(database.application_name(LIMIT).statement_cache_capacity(512))
            .await?;
        let tls = listener::tls(&options.certificate, &options.key)?;
        listener::serve(options.port, tls, router(App(Arc::new(pool)))).await
    })
}

fn router(app: App) -> Router {
    Router::new()
        .route("/hello", get(async || "hello"))
        .route("/hello/signed", get(token::hello))
        .route("/tasks", get(tasks::list))
        .route("/tasks/summary", get(tasks::summary))
        .route("/entries/summary", get(entries::summary))
        .route("/projects/{id}/progress", get(tasks::progress))
        .route("/clients", post(clients::create))
        .route("/plain/tasks", get(tasks::list_plainly))
        .route("/plain/clients", post(clients::create_plainly))
        .with_state(app)
}

/// Why a call was not answered as asked.
#[derive(Debug)]
enum Refused {
    Token,
    Body,
    Taken,
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) if inner.is_unique_violation() => Self::Taken,
            _ => Self::Database(error),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, why) = match self {
            Self::Token => (StatusCode::UNAUTHORIZED, "the token is not known".to_owned()),
            Self::Body => (StatusCode::UNPROCESSABLE_ENTITY, "the body is not a client".to_owned()),
            Self::Taken => (StatusCode::CONFLICT, "taken".to_owned()),
            Self::Database(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        };
        (status, why).into_response()
    }
}

/// Rows under `data`, as the host answers.
#[derive(Debug, Serialize)]
struct Rows<T> {
    data: Vec<T>,
    next: Option<String>,
}

fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => (status, [(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// ISO 8601 of days since 1970.
fn date(days: Option<i32>) -> Option<String> {
    let epoch = jiff::civil::date(1970, 1, 1);
    Some(epoch.checked_add(jiff::Span::new().try_days(days?).ok()?).ok()?.to_string())
}

/// RFC 3339 of microseconds since 1970.
fn instant(micros: Option<i64>) -> Option<String> {
    Some(jiff::Timestamp::from_microsecond(micros?).ok()?.to_string())
}
