//! Two servers under the same load in turns, so that whatever else the machine does falls on both alike.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::load::{Latency, Outcome, TOKEN};
use crate::postgres::Postgres;
use crate::process;

/// Rounds of each side, their length, and the connections that the load has at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) seconds: u64,
    pub(crate) connections: u32,
}

impl Plan {
    /// How many connections a side is loaded over.
    fn over(&self, side: &Side) -> u32 {
        side.call.connections.min(self.connections)
    }
}

/// What is asked of a server, again and again.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Option<String>,
    /// Of every answer; any other one makes the measurement void.
    pub(crate) status: u16,
    pub(crate) connections: u32,
}

impl Call {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), body: None, status: 200, connections: 64 }
    }

    pub(crate) fn post(path: impl Into<String>, body: impl Into<String>) -> Self {
        Self { method: "POST", body: Some(body.into()), status: 201, ..Self::get(path) }
    }

    #[must_use]
    pub(crate) fn over(self, connections: u32) -> Self {
        Self { connections, ..self }
    }
}

/// One of the servers that are compared.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    /// Whether it speaks plain HTTP.
    pub(crate) plain: bool,
    pub(crate) process: u32,
    /// What it calls itself to PostgreSQL.
    pub(crate) application: &'static str,
    pub(crate) call: Call,
}

/// Medians over the rounds.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    pub(crate) name: &'static str,
    pub(crate) connections: u32,
    pub(crate) per_second: f64,
    /// Microseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Microseconds that the server computed for a request.
    pub(crate) computed: Option<f64>,
    /// Microseconds that PostgreSQL computed for it.
    pub(crate) database: Option<f64>,
    /// Bytes of an answer's body.
    pub(crate) bytes: f64,
    rounds: Vec<f64>,
}

/// The first's rate in those of the second, with the lowest and the highest of the rounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
}

impl Figures {
    /// How much of another's rate this one reaches, round by round.
    pub(crate) fn of(&self, other: &Self) -> Ratio {
        let ratios: Vec<f64> = self.rounds.iter().zip(&other.rounds).map(|(this, that)| this / that).collect();
        Ratio {
            median: median(ratios.clone()),
            lowest: ratios.iter().copied().fold(f64::INFINITY, f64::min),
            highest: ratios.iter().copied().fold(0.0, f64::max),
        }
    }
}

pub(crate) struct Arena<'a> {
    pub(crate) plan: Plan,
    /// The PEM file of the certificate authority of all sides.
    pub(crate) authority: &'a Path,
    pub(crate) token: &'a str,
    pub(crate) postgres: Option<&'a Postgres>,
}

impl Arena<'_> {
    /// Loads each side in turn, after one round each to warm it up.
    pub(crate) async fn run(&self, what: &str, sides: &[Side]) -> Result<Vec<Figures>> {
        for side in sides {
            self.load(side).await?;
        }
        let mut rounds: Vec<Vec<Round>> = vec![Vec::new(); sides.len()];
        for round in 1..=self.plan.rounds {
            let mut shown = Vec::new();
            for (side, rounds) in sides.iter().zip(&mut rounds) {
                let done = self.load(side).await?;
                shown.push(format!("{} {:.0}/s", side.name, done.outcome.per_second));
                rounds.push(done);
            }
            eprintln!("      {what}, round {round} of {}: {}", self.plan.rounds, shown.join(", "));
        }
        Ok(sides.iter().zip(&rounds).map(|(side, rounds)| figures(side, self.plan.over(side), rounds)).collect())
    }

    async fn load(&self, side: &Side) -> Result<Round> {
        let computed = process::computed(side.process);
        let database = self.database(side).await?;
        let plan = (self.plan.seconds, self.plan.over(side));
        let outcome = load(side, self.authority, self.token, plan).await?;
        let per_request = |spent: Duration| spent.as_secs_f64() * 1e6 / f64::from(outcome.requests);
        let computed =
            computed.zip(process::computed(side.process)).map(|(from, to)| per_request(to.saturating_sub(from)));
        let database = database.zip(self.database(side).await?).map(|(from, to)| per_request(to.saturating_sub(from)));
        Ok(Round { outcome, computed, database })
    }

    async fn database(&self, side: &Side) -> Result<Option<Duration>> {
        match self.postgres {
            Some(postgres) => Ok(Some(postgres.computed(side.application).await?)),
            None => Ok(None),
        }
    }
}

#[derive(Debug, Clone)]
struct Round {
    outcome: Outcome,
    computed: Option<f64>,
    database: Option<f64>,
}

fn figures(side: &Side, connections: u32, rounds: &[Round]) -> Figures {
    let latency =
        |of: fn(&Latency) -> u32| median(rounds.iter().map(|round| f64::from(of(&round.outcome.latency))).collect());
    let known = |of: fn(&Round) -> Option<f64>| rounds.iter().map(of).collect::<Option<Vec<f64>>>().map(median);
    let rates: Vec<f64> = rounds.iter().map(|round| round.outcome.per_second).collect();
    Figures {
        name: side.name,
        connections,
        per_second: median(rates.clone()),
        p50: latency(|latency| latency.p50),
        p99: latency(|latency| latency.p99),
        computed: known(|round| round.computed),
        database: known(|round| round.database).filter(|micros| *micros > 0.0),
        bytes: median(rounds.iter().map(|round| round.outcome.bytes_each()).collect()),
        rounds: rates,
    }
}

/// One round of the load generator, in its own process.
async fn load(side: &Side, authority: &Path, token: &str, (seconds, connections): (u64, u32)) -> Result<Outcome> {
    let call = &side.call;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["load", "--method", call.method, "--path", &call.path]);
    if !side.plain {
        command.arg("--authority").arg(authority);
    }
    command.args(["--port", &side.port.to_string(), "--connections", &connections.to_string()]);
    command.args(["--seconds", &seconds.to_string()]).env(TOKEN, token);
    if let Some(body) = &call.body {
        command.args(["--body", body]);
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true).output().await?;
    if !output.status.success() {
        bail!("the load on {} ended with {}", side.name, output.status);
    }
    let outcome: Outcome = serde_json::from_slice(&output.stdout).context("the load printed no figures")?;
    if outcome.broken > 0 || outcome.statuses.keys().any(|status| *status != call.status) {
        bail!(
            "{}: {} {} was to be answered {} each time; it was answered {:?}, and {} requests broke",
            side.name,
            call.method,
            call.path,
            call.status,
            outcome.statuses,
            outcome.broken
        );
    }
    Ok(outcome)
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.len() % 2, values.as_slice()) {
        (_, []) => 0.0,
        (1, all) => all[middle],
        (_, all) => f64::midpoint(all[middle - 1], all[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_values_is_their_median() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
    }
}
