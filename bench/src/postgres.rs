//! A database of its own in the cluster that `LIGNAFLOW_BENCH_POSTGRES` names, gone at the end.

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};

use crate::process;

/// The address of an administrator's database in a cluster whose databases may be made and dropped.
pub(crate) const ADMINISTRATOR: &str = "LIGNAFLOW_BENCH_POSTGRES";

/// What the programs under measurement call themselves to the cluster.
pub(crate) const HOST: &str = "lignaflow";
pub(crate) const LIMIT: &str = "lignaflow-bench limit";

#[derive(Debug)]
pub(crate) struct Postgres {
    administrator: PgConnectOptions,
    name: String,
    /// The new database's address.
    pub(crate) url: String,
    pub(crate) pool: PgPool,
    pub(crate) version: String,
}

impl Postgres {
    /// Makes a database, if there is a cluster to make it in. Where figures are kept, it is one that waits for its disk.
    pub(crate) async fn make(purpose: &str, kept: bool) -> Result<Option<Self>> {
        let Ok(given) = std::env::var(ADMINISTRATOR) else { return Ok(None) };
        let administrator = PgConnectOptions::from_str(&given)
            .with_context(|| format!("{ADMINISTRATOR} is not an address of PostgreSQL"))?;
        let name = format!("lignaflow_bench_{purpose}_{}", std::process::id());
        let mut connection = connect(&administrator).await?;
        let version: String = sqlx::query("show server_version").fetch_one(&mut connection).await?.get(0);
        if let Some(setting) = hasty(&mut connection).await? {
            let told = format!("the server of {ADMINISTRATOR} has {setting}: what it acknowledges is not durable");
            if kept {
                bail!(told);
            }
            eprintln!("{told}, and figures of writes say nothing");
        }
        // The name is made of letters of this program and a number.
        sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&mut connection).await?;
        connection.close().await?;

        let url = with_database(&given, &name)?;
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .connect_with(administrator.clone().database(&name).application_name("lignaflow-bench"))
            .await?;
        Ok(Some(Self { administrator, name, url, pool, version }))
    }

    /// Computing time so far of the connections that a program holds. Of a cluster on another machine nothing is known.
    pub(crate) async fn computed(&self, application: &str) -> Result<Duration> {
        let processes = sqlx::query("select pid from pg_stat_activity where datname = $1 and application_name = $2")
            .bind(&self.name)
            .bind(application)
            .fetch_all(&self.pool)
            .await?;
        let ids = processes.iter().filter_map(|row| u32::try_from(row.get::<i32, _>(0)).ok());
        Ok(ids.filter_map(process::computed).sum())
    }

    /// Puts statistics and the visibility map in order and writes everything out, so that no round pays for the filling.
    pub(crate) async fn settle(&self) -> Result<()> {
        for statement in ["vacuum (analyze)", "checkpoint"] {
            sqlx::query(statement).execute(&self.pool).await?;
        }
        Ok(())
    }

    pub(crate) async fn drop(self) -> Result<()> {
        self.pool.close().await;
        let mut connection = connect(&self.administrator).await?;
        let statement = format!("drop database {} with (force)", self.name);
        sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection> {
    options.connect().await.with_context(|| format!("the server of {ADMINISTRATOR} cannot be reached"))
}

/// The first setting by which the cluster does not wait for its disk.
async fn hasty(connection: &mut PgConnection) -> Result<Option<String>> {
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let value: String =
            sqlx::query("select current_setting($1)").bind(setting).fetch_one(&mut *connection).await?.get(0);
        if value != "on" {
            return Ok(Some(format!("{setting} = {value}")));
        }
    }
    Ok(None)
}

/// The address with another database in it.
fn with_database(url: &str, name: &str) -> Result<String> {
    let (scheme, rest) = url.split_once("://").context("an address begins with postgres://")?;
    let (rest, settings) =
        rest.split_once('?').map_or((rest, String::new()), |(rest, after)| (rest, format!("?{after}")));
    let server = rest.split_once('/').map_or(rest, |(server, _)| server);
    Ok(format!("{scheme}://{server}/{name}{settings}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_of_an_address_changes() {
        let of = |url| with_database(url, "x").unwrap();
        assert_eq!(of("postgres://me:pw@localhost:5433/postgres"), "postgres://me:pw@localhost:5433/x");
        assert_eq!(of("postgres://localhost?sslmode=disable"), "postgres://localhost/x?sslmode=disable");
    }
}
