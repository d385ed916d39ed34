//! The same calls when there is three times and ten times as much, in thirty and a hundred organizations: each reads and
//! writes by keys that begin with the organization, so that neither is to be felt. What there would be at a hundred times
//! as much is told by the trend.

use anyhow::Result;

use super::reads::LIST;
use super::writes::{PATH, body};
use crate::compare::{Arena, Call, Figures, Plan, Side};
use crate::fill::{grow, log};
use crate::host::{Host, Running};
use crate::postgres::{HOST, Postgres};
use crate::report::{Comparison, Line, Report, Verdict};

/// How many times as many tasks there are, and in how many organizations; the first is what stands already.
const SIZES: [(u32, u32); 3] = [(1, 1), (3, 30), (10, 100)];
/// What is not filled in, and told by the trend: a hundred times as many, in a thousand organizations.
const FAR: (u32, u32) = (100, 1_000);
/// Of the slowest hundredth, in what it was before.
const BAR: f64 = 1.5;
/// Enough to be busy, and few enough that a call does not mostly wait for others.
const CONNECTIONS: u32 = 8;

pub(super) async fn growth(
    host: &Host,
    token: &str,
    plan: Plan,
    postgres: &Postgres,
    tasks: u32,
    report: &mut Report,
) -> Result<()> {
    // Every list is to be read.
    let running = host.start_keeping(Some(0)).await?;
    let authority = host.certificate("ca.pem");
    let arena = Arena { plan, authority: &authority, token, postgres: Some(postgres) };
    log(postgres).await?;
    postgres.settle().await?;
    let mut sizes = Vec::with_capacity(SIZES.len());
    let mut stand = 1;
    for (times, organizations) in SIZES {
        if times > stand {
            eprintln!("      {times} times as many tasks, in {organizations} organizations, are filled in");
            grow(postgres, tasks * (times - stand), organizations).await?;
            stand = times;
        }
        sizes.push(both(&arena, &running, &format!("{times} times")).await?);
    }
    running.stop().await?;
    let (last, organizations) = SIZES[SIZES.len() - 1];
    for (index, (call, _)) in sizes[0].iter().enumerate() {
        let points: Vec<(f64, f64)> =
            SIZES.iter().zip(&sizes).map(|((times, _), all)| (f64::from(*times), all[index].1[0].p99)).collect();
        let before = points[0].1;
        let ratio = points[points.len() - 1].1 / before;
        let what = format!(
            "{call}, p99 at {} tasks in {organizations} organizations, of that at {tasks} in one",
            tasks * last
        );
        report.lines.push(Line {
            what: what.clone(),
            measured: format!("{ratio:.2} times"),
            bar: format!("at most {BAR}"),
            verdict: Verdict::at_most(ratio, BAR),
        });
        let far = trend(&points, f64::from(FAR.0)) / before;
        let told = points.iter().map(|(times, p99)| format!("{:.2} ms at {times:.0} times", p99 / 1e3));
        report.lines.push(Line::shown(
            format!("{call}, p99 at {} tasks in {} organizations, by the trend", tasks * FAR.0, FAR.1),
            format!("{far:.2} times ({})", told.collect::<Vec<_>>().join(", ")),
        ));
        let figures = sizes.iter().flat_map(|all| all[index].1.iter().cloned()).collect();
        report.comparisons.push(Comparison { what, figures });
    }
    Ok(())
}

/// Where the line of least squares through these points lies at a size. What goes by an index grows with the depth of its
/// tree, so the line is one over the logarithm of the size; it never falls below zero.
fn trend(points: &[(f64, f64)], at: f64) -> f64 {
    let count: f64 = points.iter().map(|_| 1.0).sum();
    let (xs, ys): (Vec<f64>, Vec<f64>) = points.iter().map(|(size, value)| (size.ln(), *value)).unzip();
    let (mean_x, mean_y) = (xs.iter().sum::<f64>() / count, ys.iter().sum::<f64>() / count);
    let spread: f64 = xs.iter().map(|x| (x - mean_x).powi(2)).sum();
    let slope = xs.iter().zip(&ys).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>() / spread;
    (mean_y + slope * (at.ln() - mean_x)).max(0.0)
}

async fn both(arena: &Arena<'_>, running: &Running, when: &str) -> Result<Vec<(&'static str, Vec<Figures>)>> {
    let mut all = Vec::new();
    for (what, call) in [("list of 50", Call::get(LIST)), ("create", Call::post(PATH, body()))] {
        let call = call.over(CONNECTIONS);
        let side =
            Side { name: "host", port: running.port, process: running.id, application: HOST, plain: false, call };
        all.push((what, arena.run(&format!("{what}, {when}"), &[side]).await?));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::trend;

    #[test]
    fn what_grows_with_the_depth_of_a_tree_goes_on_so() {
        let points = [1.0, 3.0, 10.0].map(|size: f64| (size, 200.0 + 10.0 * size.log10()));
        assert!((trend(&points, 100.0) - 220.0).abs() < 1e-9);
        let level = [(1.0, 5.0), (3.0, 5.0), (10.0, 5.0)];
        assert!((trend(&level, 100.0) - 5.0).abs() < 1e-9);
    }
}
