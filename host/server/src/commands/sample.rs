//! `lignaflow sample`: an organization of its own, filled through a running server as anybody's would be.

use super::{DAY, cli, identity, told};
use crate::assemble::Surroundings;
use crate::config::Config;
use crate::tls;
use anyhow::Context;
use lignaflow_identity::{NewToken, Scope, SetupForm};
use lignaflow_sample::api::Site;
use lignaflow_sample::{Plan, YEAR, fill};
use std::fs;
use std::io;

pub(super) async fn sample(config: &Config, name: &str, owner: &str) -> anyhow::Result<()> {
    let password = cli::read_password(io::stdin().lock())?;
    let root = config.server.public_url.to_string();
    // Nothing is made where it could not be filled.
    let ready = tls::probe(config).await;
    ready.with_context(|| format!("no server answers at {root}; start one: `lignaflow serve`"))?;
    let authority = fs::read(tls::authority_file(&config.certs_dir)).ok();
    let site = Site::new(&root, authority.as_deref())?;
    let identity = identity(config).await?;
    let form = SetupForm {
        organization: name.to_owned(),
        country: "AU".to_owned(),
        email: owner.to_owned(),
        password: password.expose().to_owned(),
        ..SetupForm::default()
    };
    let created = identity.create_organization(form).await.map_err(told)?;
    let now = Surroundings::real().clock.now();
    let new = NewToken { name: "Sample".to_owned(), scope: Scope::All, expires_at: Some(now + DAY) };
    let token = identity.create_token(owner, name, new).await.map_err(told)?;
    let today = jiff::Timestamp::from_microsecond(now)?.in_tz("Australia/Sydney")?.date();
    let plan = Plan {
        site,
        token: token.secret.expose().to_owned(),
        password: password.expose().to_owned(),
        today,
        days: YEAR,
    };
    fill(plan, |done| println!("{:>4} s  {}", done.seconds, done.what)).await?;
    println!("{name} is there: sign in at {root} as {owner}.");
    if created.owner_existed {
        println!("{owner} was known already and keeps the password that they have.");
    }
    Ok(())
}
