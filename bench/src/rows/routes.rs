//! Routes that a plugin answers, each on a fresh instance, beside the same answer written natively.

use anyhow::Result;

use super::Stage;
use super::served::Served;
use crate::compare::Call;
use crate::report::{Comparison, Line, Report, Verdict, shown};

const HELLO: &str = "/api/v1/honest/hello";

/// Microseconds that a plugin's route may add at p50, one request at a time.
const OWN: f64 = 60.0;

pub(super) async fn routes(stage: &Stage<'_>, has_hello: bool, report: &mut Report) -> Result<()> {
    if has_hello {
        hello(stage, report).await?;
    } else {
        report.lines.push(Line::shown("plugin route that answers hello", "left out: `cargo xtask plugins` packs it"));
    }
    let project = stage.filled.project;
    let of_host = format!("/api/v1/projects/projects/{project}/progress");
    let of_limit = format!("/projects/{project}/progress");
    // The plugin's own says in words, too, what its figures are.
    stage.same(&of_host, &of_limit, |answer| &answer["tasks"]).await?;
    let sides = [stage.host(Call::get(of_host)), stage.limit("limit", Call::get(of_limit))];
    let figures = stage.arena.run("progress", &sides).await?;
    let what = format!("plugin route that sums up a project's {} tasks", stage.filled.tasks / 50);
    report.lines.push(Line::shown(what.clone(), shown(figures[0].of(&figures[1]))));
    report.comparisons.push(Comparison { what, figures });
    Ok(())
}

async fn hello(stage: &Stage<'_>, report: &mut Report) -> Result<()> {
    let served = Served::start().await?;
    let sides = |connections| {
        let mut sides = vec![
            stage.host(Call::get(HELLO).over(connections)),
            stage.limit("native, nobody asked who", Call::get("/hello").over(connections)),
            stage.limit("native, token asked for", Call::get("/hello/signed").over(connections)),
        ];
        sides.extend(served.as_ref().map(|served| served.side(Call::get("/").over(connections))));
        sides
    };
    let figures = stage.arena.run("hello", &sides(64)).await?;
    let what = "plugin route that answers hello";
    report.lines.push(Line::ratio(what, figures[0].of(&figures[1]), 0.4));
    report
        .lines
        .push(Line::shown("the same where the native one, too, asks for the token", shown(figures[0].of(&figures[2]))));
    match figures.get(3) {
        Some(served) => report.lines.push(Line::shown(
            "the same beside `wasmtime serve`, which asks nobody who they are and speaks no TLS",
            shown(figures[0].of(served)),
        )),
        None => report.lines.push(Line::shown("the same beside `wasmtime serve`", Served::HOW)),
    }
    report.comparisons.push(Comparison { what: what.to_owned(), figures });

    let figures = stage.arena.run("hello, one at a time", &sides(1)).await?;
    let own = figures[0].p50 - figures[2].p50;
    report.lines.push(Line {
        what: "its own time at p50, one request at a time, beside a native one that asks for the token".to_owned(),
        measured: format!("{own:.0} µs"),
        bar: format!("at most {OWN} µs"),
        verdict: Verdict::at_most(own, OWN),
    });
    report.comparisons.push(Comparison { what: format!("{what}, one at a time"), figures });
    Ok(())
}
