//! Parses, loads, wires, serves.

use anyhow::Context as _;
use clap::Parser as _;
use lignaflow_server::assemble::{Surroundings, answering, assemble};
use lignaflow_server::cli::{self, Cli, Command};
use lignaflow_server::commands;
use lignaflow_server::config::{self, Config, Loaded};
use lignaflow_server::logging;
use lignaflow_server::metrics::Metrics;
use lignaflow_server::serve::Server;
use lignaflow_server::shutdown::Shutdown;
use lignaflow_server::{compiling, documents, tables, tls};
use std::process::ExitCode;

/// A request makes some hundreds of small things and drops them on another thread than it made them on.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Before anything else is loaded: it reads what may be hostile, and knows nothing.
    let confined = match &cli.command {
        Command::ReadTable(table) => Some(tables::child::run(&table.limits(), table.sheet.as_deref())),
        Command::MakeDocument(within) => Some(documents::child::run(within.bounds())),
        Command::CompilePlugin(within) => Some(compiling::run(within.bounds())),
        _ => None,
    };
    if let Some(done) = confined {
        return if done.is_ok() { cli::DONE.into() } else { cli::FAILED.into() };
    }
    tls::install_provider();
    match run(&cli) {
        Ok(()) => cli::DONE.into(),
        Err(error) => {
            eprintln!("{}", cli::tell(&error));
            cli::FAILED.into()
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    let loaded = config::load(&cli.inputs())?;
    let _log = logging::init(&loaded.config.log)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    tokio::runtime::Runtime::new().context("the runtime cannot be started")?.block_on(dispatch(cli, loaded))
}

async fn dispatch(cli: &Cli, loaded: Loaded) -> anyhow::Result<()> {
    match &cli.command {
        Command::Serve(_) => serve(loaded.config).await,
        command => commands::run(command, &loaded).await,
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let metrics = Metrics::install()?;
    let shutdown = Shutdown::new(config.server.shutdown());
    let surroundings = Surroundings::real();
    let server = Server::bind(&config, surroundings.clock.clone())?;
    server.listen_to_signals(shutdown.clone());
    let (app, context) = assemble(config.clone(), surroundings, true).await?;
    let router = answering(&app, &context, metrics.clone(), &shutdown);
    println!("LignaFlow answers at {}", app.public_url());
    if let Some(url) = commands::setup_url(&config, &app.identity).await? {
        println!("Set it up, once and within a day, at {url}");
    }
    server.run(router, &config, metrics, shutdown).await?;
    app.settle().await;
    app.store.close().await;
    Ok(())
}
