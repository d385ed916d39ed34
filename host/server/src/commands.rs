//! What the commands beside `serve` do. They speak to the database itself, with or without a server beside them, and
//! say on standard error which one; what they print on standard output is their answer alone.

#[cfg(feature = "shipped")]
mod import;
mod keeping;
#[cfg(feature = "shipped")]
mod sample;

use crate::app::App;
use crate::assemble::{self, Surroundings, assemble};
#[cfg(feature = "shipped")]
use crate::cli::Import;
use crate::cli::{self, Command, ConfigCommand, Organization, Plugin, Token, User};
use crate::config::{self, Config, Loaded};
use crate::plugins::FOLLOW;
use crate::rotation;
use crate::secret_key;
use crate::tls::{self, Trust};
use lignaflow_core::Fault;
use lignaflow_core::name::PluginId;
use lignaflow_identity::{Identity, NewToken, Scope, SetupForm};
#[cfg(feature = "shipped")]
use lignaflow_import::times::Preset;
use lignaflow_store::plugins::By;
use std::io;
use std::sync::Arc;

const DAY: i64 = 86_400_000_000;

/// Does what was typed. `serve` is the caller's own.
pub async fn run(command: &Command, loaded: &Loaded) -> anyhow::Result<()> {
    let config = &loaded.config;
    match command {
        Command::Serve(_) | Command::ReadTable(_) | Command::MakeDocument(_) | Command::CompilePlugin(_) => Ok(()),
        Command::Migrate => {
            say(config);
            let (app, _) = assemble(config.clone(), Surroundings::real(), true).await?;
            println!("The database and the tables of {} plugins are up to date.", app.registry.current().plugins.len());
            Ok(())
        }
        Command::Organization(Organization::Create { name, owner, .. }) => {
            create_organization(config, name, owner).await
        }
        Command::Organization(Organization::Remove { name, .. }) => remove_organization(config, name).await,
        #[cfg(feature = "shipped")]
        Command::Sample(asked) => sample::sample(config, &asked.name, &asked.owner).await,
        #[cfg(feature = "shipped")]
        Command::Import(asked) => match asked {
            Import::OldSystem(asked) => import::old_system(config, asked).await,
            Import::Toggl(asked) => import::times(config, Preset::Toggl, asked).await,
            Import::Clockify(asked) => import::times(config, Preset::Clockify, asked).await,
            Import::Harvest(asked) => import::times(config, Preset::Harvest, asked).await,
            Import::Kimai(asked) => import::times(config, Preset::Kimai, asked).await,
        },
        Command::Token(Token::Create { email, organization, name, expires_days }) => {
            create_token(config, email, organization, name, *expires_days).await
        }
        Command::User(User::ResetPassword { email, .. }) => {
            let password = cli::read_password(io::stdin().lock())?;
            identity(config).await?.reset_password(email, password.expose()).await.map_err(told)?;
            println!("The password of {email} is changed; their sessions have ended.");
            Ok(())
        }
        Command::User(User::ResetSecondFactor { email }) => {
            identity(config).await?.reset_second_factor(email).await.map_err(told)?;
            println!("{email} signs in without a second factor, and sets up another one.");
            Ok(())
        }
        Command::Plugin(command) => plugin(config, command).await,
        Command::Config(ConfigCommand::Show) => {
            print!("{}", config::show(loaded)?);
            Ok(())
        }
        Command::Openapi => openapi(config).await,
        Command::Schema => {
            println!("{:#}", lignaflow_core::descriptor::json_schema());
            Ok(())
        }
        Command::SetupUrl => {
            let identity = identity(config).await?;
            match setup_url(config, &identity).await? {
                Some(url) => println!("{url}"),
                None => {
                    anyhow::bail!("there is an organization already; `lignaflow user reset-password` lets its owner in")
                }
            }
            Ok(())
        }
        Command::RotateSecrets(wish) => rotate(config, wish.new_key).await,
        Command::Trust => {
            match tls::trust(&tls::authority_file(&config.certs_dir))? {
                Trust::Done(steps) => steps.iter().for_each(|step| println!("{step}")),
                Trust::ByHand(advice) => println!("{advice}"),
            }
            Ok(())
        }
        Command::Health => {
            println!("{}", tls::probe(config).await?);
            Ok(())
        }
    }
}

/// Seals what is kept secret with the key of now, or puts a new key before it.
async fn rotate(config: &Config, new_key: bool) -> anyhow::Result<()> {
    if new_key {
        secret_key::renew(config)?;
        println!("There is a new key. Restart the server, then run `lignaflow rotate-secrets`.");
        return Ok(());
    }
    say(config);
    let (store, keys) = (assemble::open(config, false).await?, secret_key::secret_keys(config)?);
    let rotated = rotation::rotate(&store, &keys).await?;
    store.close().await;
    if rotated.counts.is_empty() {
        println!("Nothing is kept sealed.");
    }
    for (kind, count) in &rotated.counts {
        println!("Secrets of {kind}: {} are sealed anew; {} were already.", count.renewed, count.current);
    }
    if !rotated.lost.is_empty() {
        let lost = rotated.lost.join("\n");
        anyhow::bail!("no key here opens these; name the one that they were sealed with, or set them anew:\n{lost}");
    }
    Ok(())
}

/// Which data a command speaks to.
fn say(config: &Config) {
    let database: Result<lignaflow_store::DatabaseUrl, _> = config.database().parse();
    match database {
        Ok(database) => eprintln!("{database}"),
        Err(error) => eprintln!("{error}"),
    }
}

/// A fault with every issue of it.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn told(fault: Fault) -> anyhow::Error {
    let issues: Vec<String> = fault
        .issues
        .iter()
        .filter(|issue| issue.message != fault.message)
        .map(|issue| format!("{}: {}", issue.path, issue.message))
        .collect();
    if issues.is_empty() {
        anyhow::anyhow!("{}", fault.message)
    } else {
        anyhow::anyhow!("{}\n{}", fault.message, issues.join("\n"))
    }
}

async fn identity(config: &Config) -> anyhow::Result<Identity> {
    say(config);
    let store = assemble::open(config, false).await?;
    let real = Surroundings::real();
    Ok(Identity::new(store, real.clock, real.identity))
}

async fn create_organization(config: &Config, name: &str, owner: &str) -> anyhow::Result<()> {
    let password = cli::read_password(io::stdin().lock())?;
    let form = SetupForm {
        organization: name.to_owned(),
        email: owner.to_owned(),
        password: password.expose().to_owned(),
        ..SetupForm::default()
    };
    let created = identity(config).await?.create_organization(form).await.map_err(told)?;
    println!("Made {name}, with {owner} as its owner.");
    if created.owner_existed {
        println!("{owner} was known already and keeps the password that they have; the one given was not used.");
    }
    Ok(())
}

async fn remove_organization(config: &Config, name: &str) -> anyhow::Result<()> {
    let app = app(config).await?;
    let id = app.identity.remove_organization_named(name).await.map_err(told)?;
    app.media.sweep_after_organizations().await.map_err(told)?;
    println!("{name} is gone ({id}), with everything that was its.");
    Ok(())
}

async fn create_token(config: &Config, email: &str, organization: &str, name: &str, days: u32) -> anyhow::Result<()> {
    let now = Surroundings::real().clock.now();
    let new = NewToken { name: name.to_owned(), scope: Scope::All, expires_at: Some(now + i64::from(days) * DAY) };
    let issued = identity(config).await?.create_token(email, organization, new).await.map_err(told)?;
    println!("{}", issued.secret.expose());
    Ok(())
}

/// The one-time address that makes the first organization; none once there is one.
pub async fn setup_url(config: &Config, identity: &Identity) -> anyhow::Result<Option<String>> {
    let token = identity.setup_token().await.map_err(told)?;
    let root = config.server.public_url.to_string();
    Ok(token.map(|token| {
        format!("{}{}?secret={}", root.trim_end_matches('/'), lignaflow_web::paths::SETUP, token.secret.expose())
    }))
}

async fn app(config: &Config) -> anyhow::Result<Arc<App>> {
    say(config);
    let (app, _) = assemble(config.clone(), Surroundings::real(), false).await?;
    Ok(app)
}

fn by(app: &App) -> By {
    By { person: None, address: String::new(), token: None, at: app.clock.now() }
}

async fn plugin(config: &Config, command: &Plugin) -> anyhow::Result<()> {
    let app = app(config).await?;
    match command {
        Plugin::List => {
            let migrations = app.plugins.migrations().await.map_err(told)?;
            for plugin in app.plugins.installed().await.map_err(told)? {
                let state = match app.plugins.fault(&plugin.id) {
                    Some(fault) => format!("does not run: {fault}"),
                    None if !plugin.active => "off for this instance".to_owned(),
                    None if plugin.enabled_by_default => "runs, on where not switched off".to_owned(),
                    None => "runs, on where switched on".to_owned(),
                };
                let state = match migrations.iter().find(|it| it.plugin == plugin.id && it.phase.is_open()) {
                    Some(open) => format!("{state}; its records are carried over to {}", open.version),
                    None => state,
                };
                println!("{:<24} {:<10} {state}", plugin.id.as_str(), plugin.version);
            }
            Ok(())
        }
        Plugin::Plan { file } | Plugin::Install { file, dry_run: true } => keeping::plan(&app, file).await,
        Plugin::Install { file, dry_run: false } => keeping::install(&app, file).await,
        Plugin::Uninstall { id } => keeping::uninstall(&app, id).await,
        Plugin::Versions { id } => keeping::versions(&app, id).await,
        Plugin::Rollback { id, to, dry_run } => keeping::roll_back(&app, id, to.as_deref(), *dry_run).await,
        Plugin::Migration { id } => keeping::migration(&app, id.as_deref()).await,
        Plugin::Kept { id } => keeping::kept(&app, id.as_deref()).await,
        Plugin::Purge { name, confirm } => keeping::purge(&app, name, confirm.as_deref()).await,
        Plugin::Enable { id, organization } => switch(&app, id, organization.as_deref(), true).await,
        Plugin::Disable { id, organization } => switch(&app, id, organization.as_deref(), false).await,
    }
}

async fn switch(app: &App, id: &str, organization: Option<&str>, on: bool) -> anyhow::Result<()> {
    let plugin: PluginId = id.parse().map_err(|_| anyhow::anyhow!("there is no plugin `{id}`"))?;
    let state = if on { "on" } else { "off" };
    if let Some(name) = organization {
        let found = app.identity.organization_named(name).await.map_err(told)?;
        let organization = found.ok_or_else(|| anyhow::anyhow!("there is no organization `{name}`"))?;
        app.plugins.switch(organization.id, &plugin, on, by(app)).await.map_err(told)?;
        noticed().await;
        println!("{id} is {state} for {}.", organization.name);
    } else {
        app.plugins.activate(&plugin, on, by(app)).await.map_err(told)?;
        noticed().await;
        println!("{id} is {state} for this instance.");
    }
    Ok(())
}

/// Until servers on the same database have seen a change, so that the next line of a script finds it in force.
async fn noticed() {
    tokio::time::sleep(FOLLOW * 2).await;
}

/// The document of the host and of everything that new organizations have on.
async fn openapi(config: &Config) -> anyhow::Result<()> {
    let app = app(config).await?;
    let nobody = lignaflow_core::OrganizationId(lignaflow_core::Id::fresh());
    let document = crate::openapi::document(&app.registry.current(), Some(nobody), &app.public_url());
    println!("{document:#}");
    Ok(())
}
