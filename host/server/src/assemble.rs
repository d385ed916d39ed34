//! From settings to a running program: the store opened, the tables in place, the plugins loaded.

use crate::app::{App, SESSION_COOKIE};
use crate::background::{Duty, Rooms, Round};
use crate::compiling::Apart;
use crate::config::{self, Config};
use crate::confined::{Bounds, Program};
use crate::customs::Customs;
use crate::documents::Documents;
use crate::health::Readiness;
use crate::importing::Importing;
use crate::jobs::{self, Jobs};
use crate::link_secret;
use crate::links::Links;
use crate::mail::{self, Mail};
use crate::media::{Media, PluginFiles};
use crate::metrics::Metrics;
use crate::middleware::MiddlewareContext;
use crate::notices::{self, Notices};
use crate::outbound::{self, Departures};
use crate::outside::{Names, System};
use crate::plugins::{Plugins, migrating};
use crate::private_file;
use crate::rest::export::Exports;
use crate::rest::guest::Schemas;
use crate::secret_key::secret_keys;
use crate::shutdown::Shutdown;
use crate::tables::{Shelf, Tables};
use crate::uses;
use crate::webhooks::{self, Webhooks};
use anyhow::Context as _;
use axum::Router;
use lignaflow_core::clock::Clock;
use lignaflow_identity::{Identity, Keys};
use lignaflow_records::imports::Programs;
use lignaflow_records::{Pause, Records};
use lignaflow_runtime::{Engine, EngineOptions, Registry};
use lignaflow_store::{CacheOptions, DatabaseUrl, Store, StoreOptions};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The paths that take plugin files, whose bodies are larger than others.
const UPLOADS: [&str; 3] = ["/api/v1/plugins", "/api/v1/plugins/inspect", lignaflow_web::paths::PLUGIN_INSTALL];

/// What a form may add to a file: its other fields, and what stands between its parts.
const FORM: u64 = 65_536;
/// The end of the paths that take files which become records.
const IMPORTS: &str = "*/imports";

/// What is kept of sessions, one-time secrets and tries goes some time after they have run out.
const FORGETTING: Duty = Duty { name: "identity", every: Duration::from_mins(15) };

/// What is not said by settings.
#[derive(Clone)]
pub struct Surroundings {
    pub clock: Arc<dyn Clock>,
    pub identity: lignaflow_identity::Options,
    /// The file of this program: what is read in a process of its own is read by it.
    pub program: PathBuf,
    /// Something to wait for between each plan and its commit, in tests of races.
    pub pause: Option<Pause>,
    /// What the names of hosts lead to that plugins send to.
    pub names: Arc<dyn Names>,
    /// Plugins that come with the program: the name and the bytes of each file.
    pub brings: Vec<crate::plugins::Packed>,
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").finish_non_exhaustive()
    }
}

impl Surroundings {
    /// Those of the real world.
    pub fn real() -> Self {
        Self {
            clock: Arc::new(crate::app::SystemClock),
            identity: lignaflow_identity::Options::default(),
            program: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("lignaflow")),
            pause: None,
            names: Arc::new(System),
            brings: crate::plugins::shipped(),
        }
    }
}

/// Opens the database that the settings name. Only who serves or migrates makes one.
pub async fn open(config: &Config, create: bool) -> anyhow::Result<Store> {
    let url: DatabaseUrl = config.database().parse()?;
    if let DatabaseUrl::Sqlite(path) = &url {
        if create {
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
            }
        } else if !path.exists() {
            anyhow::bail!(
                "there is no database at {}; `lignaflow migrate` or `lignaflow serve` makes one, and --data-dir names another folder",
                path.display()
            );
        }
    }
    let acquire = Duration::from_secs(config.database.acquire_seconds);
    let options = StoreOptions { url, max_connections: config.database.max_connections, acquire, create };
    let store = Store::open(&options).await?;
    if create {
        store.migrate().await?;
    } else {
        store.check_migrated().await?;
    }
    Ok(store)
}

/// Wires the rooms and loads the plugins.
pub async fn assemble(
    config: Config,
    surroundings: Surroundings,
    create: bool,
) -> anyhow::Result<(Arc<App>, MiddlewareContext)> {
    if create {
        private_file::folder(&config.data_dir)
            .with_context(|| format!("the folder {} cannot be made", config.data_dir.display()))?;
    }
    let store = open(&config, create).await?;
    let keep = CacheOptions::of(store.dialect(), config.cache.bytes);
    let store = store.caching(keep);
    let limits = &config.plugins;
    let program = Program::new(surroundings.program);
    let within = Bounds { memory: limits.compile_memory_bytes, seconds: limits.compile_seconds };
    let engine = Engine::new(EngineOptions {
        cache_dir: Some(config.data_dir.join("compiled")),
        instances: limits.instances,
        allowance: limits.allowance(),
        stack: limits.stack_bytes,
        compiler: Some(Arc::new(Apart::new(program.clone(), within))),
    })?;
    let registry = Arc::new(Registry::default());
    let clock = surroundings.clock.clone();
    let keys = secret_keys(&config)?;
    let options = identity_options(&config, surroundings.identity, keys.clone());
    let identity = Identity::new(store.clone(), clock.clone(), options);
    let loaded = registry.clone();
    let directory = Arc::new(identity.directory(move || loaded.current().catalog.declared().clone()));
    let mut records = Records::new(store.clone(), registry.clone(), directory, clock.clone());
    let site = config.server.public_url.to_string().trim_end_matches('/').to_owned();
    records = records.linking(link_secret::addresses(&keys, site));
    if let Some(pause) = surroundings.pause {
        records = records.pausing(pause);
    }
    let plugins = Plugins::new(
        store.clone(),
        engine,
        registry.clone(),
        clock.clone(),
        (config.plugins_dir.clone(), limits.file_bytes),
    );
    plugins
        .start(surroundings.brings)
        .await
        .map_err(|fault| anyhow::anyhow!("the plugins cannot be loaded: {fault}"))?;
    let customs = Customs::new(store.clone(), registry.clone());
    customs.refresh().await.map_err(|fault| anyhow::anyhow!("the fields of organizations cannot be read: {fault}"))?;
    let media = Media::open(&config, store.clone(), clock.clone())?;
    let mut uploads: Vec<_> = UPLOADS.into_iter().map(|path| (path, limits.file_bytes + FORM)).collect();
    uploads.push(("/api/v1/media", media.file_bytes() + FORM));
    uploads.push((IMPORTS, config.imports.file_bytes + FORM));
    let context = MiddlewareContext::new(&config, SESSION_COOKIE, uploads);
    let rates = context.rates();
    let tables = Arc::new(Tables::new(program.clone(), limits_of(&config.imports)));
    let plugin_seal = Arc::new(crate::settings::seal(&keys)?);
    let sending = (&config.outbound, surroundings.names);
    let departures = Departures::new(store.clone(), registry.clone(), clock.clone(), plugin_seal.clone(), sending);
    let shelf = Shelf::new(tables.clone(), config.data_dir.join("tmp"));
    records = records.keeping(Arc::new(PluginFiles::new(media.clone(), shelf))).sending(Arc::new(departures.clone()));
    let imports = Importing::new(records.clone(), identity.clone(), registry.clone(), programs(&config, &identity));
    let exports = Exports::new(config.data_dir.join("tmp"));
    let live = Arc::default();
    let rooms = Rooms {
        store: store.clone(),
        identity: identity.clone(),
        records: records.clone(),
        registry: registry.clone(),
        clock: clock.clone(),
    };
    let webhooks = Webhooks::new(rooms.clone(), &keys, config.webhooks.private)?;
    let mail = Mail::new(rooms.clone(), media.clone(), &config)?;
    let notices = Notices::new(rooms.clone());
    let links = Links::new(store.clone(), clock.clone());
    let within = Bounds { memory: config.documents.memory_bytes, seconds: config.documents.cpu_seconds };
    let documents = Documents::new(rooms.clone(), media.clone(), program, within);
    let jobs = Jobs::new(rooms, jobs::Settings { at_once: config.jobs.at_once, keep_days: config.jobs.keep_days });
    let app = App {
        config,
        clock,
        store,
        registry,
        records,
        identity,
        plugins,
        customs,
        media,
        rates,
        schemas: Schemas::default(),
        exports,
        tables,
        imports,
        live,
        webhooks,
        plugin_seal,
        departures,
        jobs,
        mail,
        notices,
        links,
        documents,
    };
    Ok((Arc::new(app), context))
}

/// The files of other programs that imports know.
#[cfg(feature = "shipped")]
fn programs(config: &Config, identity: &Identity) -> Arc<dyn Programs> {
    Arc::new(crate::times::TimeReports {
        address: config.server.public_url.to_string(),
        authority: crate::tls::authority_file(&config.certs_dir),
        identity: identity.clone(),
    })
}

#[cfg(not(feature = "shipped"))]
fn programs(_: &Config, _: &Identity) -> Arc<dyn Programs> {
    Arc::new(lignaflow_records::imports::NoPrograms)
}

const DAY: i64 = 24 * 60 * 60;

/// How identity is set, where it is set.
fn identity_options(config: &Config, given: lignaflow_identity::Options, keys: Keys) -> lignaflow_identity::Options {
    let set = &config.identity;
    lignaflow_identity::Options {
        session_idle: i64::from(set.session_idle_days) * DAY,
        session_absolute: i64::from(set.session_days) * DAY,
        invitation_lifetime: i64::from(set.invitation_days) * DAY,
        second_factor: set.second_factor.parse().unwrap_or(given.second_factor),
        session_device: i64::from(set.device_days) * DAY,
        sign_up: set.sign_up,
        keys,
        ..given
    }
}

/// What a file may have that becomes records.
pub(crate) fn limits_of(imports: &config::Imports) -> crate::tables::Limits {
    crate::tables::Limits {
        rows: imports.rows,
        columns: imports.columns,
        cell: usize::try_from(imports.cell_characters).unwrap_or(usize::MAX),
        memory: imports.memory_bytes,
        seconds: imports.cpu_seconds,
    }
}

/// Everything that answers, with what has to run beside it until the shutdown begins.
pub fn answering(app: &Arc<App>, context: &MiddlewareContext, metrics: Metrics, shutdown: &Shutdown) -> Router {
    let store = app.store.clone();
    let readiness = Readiness::new(shutdown.clone()).with("database", move || {
        let store = store.clone();
        async move { store.ping().await.map_err(|error| error.to_string()) }
    });
    let stop = shutdown.clone();
    shutdown.beside(app.imports.clone().follow(async move { stop.begun().await }));
    let stop = shutdown.clone();
    shutdown.beside(app.plugins.clone().follow(async move { stop.begun().await }));
    let stop = shutdown.clone();
    shutdown.beside(app.customs.clone().follow(async move { stop.begun().await }));
    let (store, stop) = (app.store.clone(), shutdown.clone());
    shutdown.beside(async move { store.relay(stop.begun()).await });
    let webhooks = app.webhooks.clone();
    shutdown.beside(webhooks::DUTY.run(app.clone(), shutdown.clone(), move |lease| webhooks.clone().round(lease)));
    let jobs = app.jobs.clone();
    shutdown.beside(jobs::DUTY.run(app.clone(), shutdown.clone(), move |lease| jobs.clone().round(lease)));
    shutdown.beside(app.jobs.clone().work(shutdown.clone()));
    let told = app.notices.clone();
    shutdown.beside(notices::DUTY.run(app.clone(), shutdown.clone(), move |lease| told.clone().round(lease)));
    let reporting = app.clone();
    shutdown.beside(uses::DUTY.run(app.clone(), shutdown.clone(), move |lease| uses::round(reporting.clone(), lease)));
    let letters = app.mail.clone();
    shutdown.beside(mail::DUTY.run(app.clone(), shutdown.clone(), move |lease| letters.clone().round(lease)));
    shutdown.beside(app.documents.clone().work(shutdown.clone()));
    let (plugins, records) = (app.plugins.clone(), app.records.clone());
    let carrying = move |lease| plugins.clone().carry_over(records.clone(), lease);
    shutdown.beside(migrating::DUTY.run(app.clone(), shutdown.clone(), carrying));
    let departures = app.departures.clone();
    shutdown.beside(outbound::DUTY.run(app.clone(), shutdown.clone(), move |lease| departures.clone().round(lease)));
    let identity = app.identity.clone();
    let forgetting = move |_| {
        let identity = identity.clone();
        async move { identity.sweep().await.map(|_| Round::Done) }
    };
    shutdown.beside(FORGETTING.run(app.clone(), shutdown.clone(), forgetting));
    shutdown.beside(app.live.clone().end_with(shutdown.clone()));
    let stop = shutdown.clone();
    shutdown.beside(crate::rest::repeat::sweep(app.clone(), async move { stop.begun().await }));
    let stop = shutdown.clone();
    shutdown.beside(app.media.clone().sweep_until(async move { stop.begun().await }));
    crate::router::router(app, Arc::new(readiness), metrics, context)
}
