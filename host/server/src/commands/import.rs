//! `lignaflow import`: what another system holds, brought in through a running server as anybody could. The tables of the
//! old one are read by the store, files by the process that reads what may be hostile; what they mean is the importer's.

use super::{DAY, identity, told};
use crate::assemble::{Surroundings, limits_of};
use crate::cli::{ImportClock, ImportDates, ImportOldSystem, ImportTimes};
use crate::config::Config;
use crate::confined::Program;
use crate::tables::Tables;
use crate::tls;
use anyhow::{Context, bail};
use lignaflow_client::{Actor, Site};
use lignaflow_core::{Currency, OrganizationId};
use lignaflow_identity::{Identity, NewMember, NewToken, Scope, SetupForm, preset_of};
use lignaflow_import::old::{Carrier, Clock, Enlisted, FirmOf, Former, Newcomer, Options, WANTED};
use lignaflow_import::times::{self, Dates, Preset, Table, Times};
use lignaflow_store::foreign;
use std::fs;
use std::path::Path;

/// Rows of one table of the old system at most.
const MOST_ROWS: u32 = 2_000_000;

/// The server that is to be running.
async fn site(config: &Config) -> anyhow::Result<Site> {
    let root = config.server.public_url.to_string();
    let ready = tls::probe(config).await;
    ready.with_context(|| format!("no server answers at {root}; start one: `lignaflow serve`"))?;
    let authority = fs::read(tls::authority_file(&config.certs_dir)).ok();
    Site::new(&root, authority.as_deref())
}

fn zone(name: &str) -> anyhow::Result<jiff::tz::TimeZone> {
    jiff::tz::TimeZone::get(name).with_context(|| format!("there is no time zone `{name}`, such as Australia/Perth"))
}

pub(super) async fn old_system(config: &Config, asked: &ImportOldSystem) -> anyhow::Result<()> {
    if let Some(folder) = asked.media.as_deref().filter(|folder| !folder.is_dir()) {
        bail!("there is no folder {}: --media is where the old system keeps uploaded files", folder.display());
    }
    let country = preset_of(&asked.country);
    let currency = asked.currency.as_deref().unwrap_or(country.currency).to_uppercase();
    let money: Currency = currency.parse().map_err(|_| anyhow::anyhow!("there is no currency `{currency}`"))?;
    let zone_name = asked.time_zone.clone().unwrap_or_else(|| country.time_zone.to_owned());
    let options = Options {
        digits: money.minor_digits(),
        currency,
        zone: zone(&zone_name)?,
        zone_name: zone_name.clone(),
        clock: match asked.clock {
            ImportClock::Found => Clock::Found,
            ImportClock::Firm => Clock::Firm,
            ImportClock::Utc => Clock::Utc,
        },
        make_projects: asked.make_projects,
        media: asked.media.clone(),
        now: jiff::Timestamp::from_microsecond(Surroundings::real().clock.now())?,
    };
    eprintln!("Reading the tables of the old system.");
    let read = foreign::read(asked.from.expose(), WANTED, MOST_ROWS).await.context("the old system cannot be read")?;
    let former = Former::of(read, options);
    print!("{}", former.report.tell());
    let firms = former.firms();
    let named = |firm: &FirmOf| {
        asked.company.is_empty() || asked.company.iter().any(|name| name.trim().eq_ignore_ascii_case(&firm.name))
    };
    let wanted: Vec<usize> = (0..firms.len()).filter(|at| named(&firms[*at])).collect();
    if wanted.is_empty() {
        let names: Vec<&str> = firms.iter().map(|firm| firm.name.as_str()).collect();
        bail!("there is no firm to bring in; there are: {}", names.join(", "));
    }
    if asked.dry_run {
        for at in wanted {
            print!("\n{}", former.plan(at, &firms[at].name).report.tell());
        }
        println!("\nNothing was written.");
        return Ok(());
    }
    let site = site(config).await?;
    for at in wanted {
        firm(config, asked, &site, &former, at, &firms[at], &zone_name).await?;
    }
    Ok(())
}

async fn firm(
    config: &Config,
    asked: &ImportOldSystem,
    site: &Site,
    former: &Former,
    at: usize,
    firm: &FirmOf,
    zone_name: &str,
) -> anyhow::Result<()> {
    let Some((name, email)) = &firm.owner else {
        println!("\n{}: nobody of it is active and has an address, so that nobody could own it. Left out.", firm.name);
        return Ok(());
    };
    let identity = identity(config).await?;
    let standing = identity.organization_named(&firm.name).await.map_err(told)?;
    if standing.is_none() {
        let form = SetupForm {
            organization: firm.name.clone(),
            country: asked.country.clone(),
            time_zone: zone_name.to_owned(),
            currency: asked.currency.clone().unwrap_or_default(),
            name: name.clone(),
            email: email.clone(),
            password: fresh_password(),
            ..SetupForm::default()
        };
        identity.create_organization(form).await.map_err(told)?;
    }
    let now = Surroundings::real().clock.now();
    let new = NewToken { name: "Import".to_owned(), scope: Scope::All, expires_at: Some(now + 7 * DAY) };
    let token = identity.create_token(email, &firm.name, new).await.map_err(told).with_context(|| {
        format!(
            "there is an organization named {} already, and {email} is not of it: rename the one or the other",
            firm.name
        )
    })?;
    let owner = site.with_token(token.secret.expose())?;
    let organization = times::organization(&owner).await?;
    let plan = former.plan(at, &organization.id);
    print!("\n{}", plan.report.tell());
    let began = std::time::Instant::now();
    let tell = |done: &str| println!("{:>4} s  {done}", began.elapsed().as_secs());
    let id = standing_organization(&identity, &firm.name).await?;
    let enlist = |new: Newcomer| -> Enlisted<'_> { Box::pin(enlist(&identity, id, new)) };
    let carrier = Carrier { owner, enlist: &enlist, invite: asked.invite, tell: &tell };
    for line in carrier.carry(&plan).await.with_context(|| format!("{} is not whole yet; run it again", firm.name))? {
        println!("  {line}");
    }
    println!("{} is there. {email} owns it; people set their passwords under /forgotten.", firm.name);
    Ok(())
}

async fn standing_organization(identity: &Identity, name: &str) -> anyhow::Result<OrganizationId> {
    let found = identity.organization_named(name).await.map_err(told)?;
    Ok(found.with_context(|| format!("{name} was taken away meanwhile"))?.id)
}

async fn enlist(identity: &Identity, at: OrganizationId, new: Newcomer) -> anyhow::Result<Option<String>> {
    let role = new.role.parse().map_err(|_| anyhow::anyhow!("`{}` is no role", new.role))?;
    let new = NewMember { email: new.email, name: new.name, password: fresh_password(), role };
    let added = identity.enlist(at, new).await.map_err(told)?;
    Ok(added.map(|added| added.person.to_string()))
}

/// A password that nobody learns.
fn fresh_password() -> String {
    let mut bytes = [0; 32];
    // Without randomness the process ends at its first handshake, long before this.
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => hex::encode(bytes),
        Err(_) => String::new(),
    }
}

pub(super) async fn times(config: &Config, preset: Preset, asked: &ImportTimes) -> anyhow::Result<()> {
    let site = site(config).await?;
    let actor: Actor = site.with_token(asked.token.expose())?;
    let organization = times::organization(&actor).await?;
    let zone_name = asked.time_zone.clone().unwrap_or_else(|| organization.zone.clone());
    let dates = match asked.dates {
        ImportDates::Found => Dates::Found,
        ImportDates::DayFirst => Dates::DayFirst,
        ImportDates::MonthFirst => Dates::MonthFirst,
    };
    let table = table(config, &asked.file).await?;
    let options = times::Options { zone: zone(&zone_name)?, zone_name, dates };
    let times = Times::read(preset, &table, &options)?;
    let (report, outcome) = times::bring(&times, &organization, &actor, asked.dry_run, &|_| ()).await?;
    print!("{}", report.tell());
    if asked.dry_run {
        println!("{} entries would be made, {} are there. Nothing was written.", outcome.made, outcome.there);
        return Ok(());
    }
    println!("{} entries made in {}, {} were there.", outcome.made, organization.name, outcome.there);
    if outcome.refused > 0 {
        bail!("{} entries were refused; mend what is told of them and run it again", outcome.refused);
    }
    Ok(())
}

/// A file's rows, read within the limits of imports.
async fn table(config: &Config, path: &Path) -> anyhow::Result<Table> {
    let file = fs::File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let tables = Tables::new(Program::new(Surroundings::real().program), limits_of(&config.imports));
    let (shape, mut reading) = tables.read(file, None).await.map_err(told)?;
    let mut table = Table { heads: shape.heads, rows: Vec::new() };
    while let Some(row) = reading.row().await.map_err(told)? {
        table.rows.push(row);
    }
    Ok(table)
}
