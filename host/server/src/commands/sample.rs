//! `lignaflow sample`.

use super::{cli, identity};
use crate::assemble::Surroundings;
use crate::config::Config;
use crate::sample::found;
use crate::tls;
use anyhow::Context;
use lignaflow_sample::fill;
use std::io;

pub(super) async fn sample(config: &Config, name: &str, owner: &str) -> anyhow::Result<()> {
    let password = cli::read_password(io::stdin().lock())?;
    let root = config.server.public_url.to_string();
    // Nothing is made where it could not be filled.
    let ready = tls::probe(config).await;
    ready.with_context(|| format!("no server answers at {root}; start one: `lignaflow serve`"))?;
    let now = Surroundings::real().clock.now();
    let founded = found(config, &identity(config).await?, now, name, owner, password.expose()).await?;
    fill(founded.plan, |done| println!("{:>4} s  {}", done.seconds, done.what)).await?;
    println!("{name} is there: sign in at {root} as {owner}.");
    if founded.owner_existed {
        println!("{owner} was known already and keeps the password that they have.");
    }
    Ok(())
}
