//! The whole server on a free port, with real TLS, and organizations made in a line.

use crate::client::Client;
use crate::compiled;
use crate::database::Database;
use crate::plugins;
use crate::race::Race;
use crate::visitor::Visitor;
use lignaflow_core::RequestId;
use lignaflow_core::caller::{Caller, Declared, Permission, Role};
use lignaflow_core::clock::Clock;
use lignaflow_core::name::PluginId;
use lignaflow_core::{Id, OrganizationId, PersonId};
use lignaflow_identity::{Credential, NewMember, NewToken, Scope, SetupForm};
use lignaflow_server::app::{App, SystemClock};
use lignaflow_server::assemble::{Surroundings, answering, assemble};
use lignaflow_server::config::Config;
use lignaflow_server::metrics::Metrics;
use lignaflow_server::outside::{Names, System};
use lignaflow_server::plugins::Packed;
use lignaflow_server::serve;
use lignaflow_server::shutdown::Shutdown;
use lignaflow_store::plugins::By;
use reqwest::Certificate;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Of everybody here.
pub const PASSWORD: &str = "spirit level on the shelf";

/// What a test wants otherwise than the rest.
pub struct Setup {
    pub clock: Arc<dyn Clock>,
    pub race: Option<Race>,
    /// Files that are installed, and on in every organization that the testkit makes.
    pub plugins: Vec<Vec<u8>>,
    /// Whether the host brings all that the program does, rather than those alone of which `plugins` has some build:
    /// what is not named has tables that take their time to make.
    pub brings_all: bool,
    pub config: fn(&mut Config),
    /// What names lead to that plugins send to.
    pub names: Arc<dyn Names>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            race: None,
            plugins: vec![plugins::shipped("projects")],
            brings_all: false,
            config: |_| {},
            names: Arc::new(System),
        }
    }
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").finish_non_exhaustive()
    }
}

/// A server that answers. Dropped, it stops.
#[derive(Debug)]
pub struct Server {
    pub app: Arc<App>,
    /// The address that people type.
    pub root: String,
    pub https: SocketAddr,
    pub http: SocketAddr,
    authority: Certificate,
    /// What the program brings and the test does not.
    left_off: Vec<PluginId>,
    shutdown: Shutdown,
    task: Option<JoinHandle<()>>,
}

/// What the program brings.
static SHIPPED: LazyLock<Vec<(PluginId, Packed)>> = LazyLock::new(|| {
    let shipped = lignaflow_server::plugins::shipped();
    shipped.into_iter().map(|packed| (id_of(&packed.1), packed)).collect()
});

fn id_of(bytes: &[u8]) -> PluginId {
    lignaflow_server::plugins::inspect(bytes).expect("a plugin").descriptor.id
}

/// An organization with its owner, and the owner's token.
#[derive(Debug, Clone)]
pub struct Org {
    pub id: OrganizationId,
    pub name: String,
    pub owner: PersonId,
    pub email: String,
    pub password: String,
    pub token: String,
    /// The API, asked by the owner.
    pub api: Client,
}

/// Asked as the owner: `org.get("projects/tasks")`.
impl std::ops::Deref for Org {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.api
    }
}

impl Database {
    /// A server with a plugin of this descriptor and no code, an organization, and writers that can be made to meet.
    pub async fn declaring(&self, descriptor: &str) -> (Server, Org, Race) {
        let race = Race::default();
        let plugins = vec![crate::plugins::declared(descriptor)];
        let server = self.serve_with(Setup { race: Some(race.clone()), plugins, ..Setup::default() }).await;
        let org = server.organization("Halloran").await;
        (server, org, race)
    }

    /// A server with the plugin `projects`.
    pub async fn serve(&self) -> Server {
        self.serve_with(Setup::default()).await
    }

    pub async fn serve_with(&self, setup: Setup) -> Server {
        Server::start(self, setup).await
    }
}

/// The settings of a test's host: free ports, cheap limits, everything in folders of its own.
fn config(database: &Database) -> Config {
    let folder = database.host_folder();
    let mut config = Config { data_dir: folder.join("data"), certs_dir: folder.join("certs"), ..Config::default() };
    config.plugins_dir = folder.join("plugins");
    config.database_url = database.url().to_owned().try_into().expect("the test's own address");
    config.database.max_connections = 8;
    config.server.https = SocketAddr::from(([127, 0, 0, 1], 0));
    config.server.http = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    config.limits.signed_in_per_minute = 0;
    config.limits.anonymous_per_minute = 0;
    config.limits.sign_in_per_minute = 0;
    // A machine that runs many tests at once is slow; what is too slow is another test's matter.
    config.plugins.each(|bounds| (bounds.cpu_ms, bounds.wall_ms) = (10_000, 20_000));
    config.plugins.instances = 16;
    config
}

/// The built `lignaflow`, in the folder of the test's program or the one above it.
fn built(test: &Path) -> PathBuf {
    let folders = test.ancestors().skip(1).take(2);
    folders.map(|folder| folder.join("lignaflow")).find(|file| file.is_file()).unwrap_or_else(|| "lignaflow".into())
}

impl Server {
    async fn start(database: &Database, setup: Setup) -> Self {
        lignaflow_server::tls::install_provider();
        let mut config = config(database);
        (setup.config)(&mut config);
        let program = std::env::current_exe().expect("this program");
        let shelf = config.data_dir.join("compiled");
        compiled::lay_out(&program, &shelf);

        // Certificates are checked by the clients' own clock.
        let listening = serve::Server::bind(&config, Arc::new(SystemClock)).expect("free ports");
        let (https, http) = (listening.https(), listening.http().expect("a port for the redirect"));
        let root = format!("https://localhost:{}", https.port());
        config.server.public_url = root.clone().try_into().expect("an address");
        let authority = std::fs::read(listening.authority().expect("a local authority")).expect("its certificate");

        let named: Vec<_> = setup.plugins.iter().map(|bytes| id_of(bytes)).collect();
        let brought = SHIPPED.iter().filter(|(id, ..)| setup.brings_all || named.contains(id));
        let surroundings = Surroundings {
            brings: brought.map(|(_, packed)| packed.clone()).collect(),
            clock: setup.clock,
            identity: lignaflow_identity::Options::for_tests(),
            program: built(&program),
            pause: setup.race.map(|race| race.pause()),
            names: setup.names,
        };
        let (app, context) = assemble(config.clone(), surroundings, true).await.expect("a server that starts");
        let metrics = Metrics::install().expect("metrics");
        let shutdown = Shutdown::new(Duration::from_secs(5));
        let router = answering(&app, &context, metrics.clone(), &shutdown);
        let stop = shutdown.clone();
        let task = tokio::spawn(async move {
            listening.run(router, &config, metrics, stop).await.expect("a server that runs");
        });
        // What the program brings and the test does not name stays off.
        let left_off = SHIPPED.iter().map(|(id, ..)| id).filter(|id| !named.contains(id)).cloned().collect();
        let server = Self {
            app,
            left_off,
            root,
            https,
            http,
            authority: Certificate::from_pem(&authority).expect("a certificate"),
            shutdown,
            task: Some(task),
        };
        for bytes in setup.plugins {
            server.install(bytes).await;
        }
        compiled::keep(&program, &shelf);
        server
    }

    /// Installs a plugin with everything that it asks for, where that very file is not there already.
    pub async fn install(&self, bytes: Vec<u8>) {
        let inspected = lignaflow_server::plugins::inspect(&bytes).expect("a plugin");
        let installed = self.app.plugins.installed().await.expect("the list of plugins");
        let standing = installed.iter().find(|plugin| plugin.id == inspected.descriptor.id).map(|plugin| plugin.hash);
        if standing != Some(inspected.hash) {
            let granted = inspected.descriptor.grants.clone();
            self.app
                .plugins
                .install(inspected, bytes, granted, self.operator())
                .await
                .expect("a plugin that can be installed");
        }
    }

    fn operator(&self) -> By {
        By { person: None, address: String::new(), token: None, at: self.app.clock.now() }
    }

    /// An organization whose owner is `owner@` its first word, with every plugin on that the test brings.
    pub async fn organization(&self, name: &str) -> Org {
        let word: String = name.to_lowercase().chars().take_while(char::is_ascii_alphanumeric).collect();
        let email = format!("owner@{word}.example");
        let form = SetupForm {
            organization: name.to_owned(),
            name: format!("{name}'s owner"),
            email: email.clone(),
            password: PASSWORD.to_owned(),
            ..SetupForm::default()
        };
        let created = self.app.identity.create_organization(form).await.expect("an organization");
        let installed = self.app.registry.current();
        let (off, on): (Vec<PluginId>, _) =
            installed.plugins.keys().cloned().partition(|plugin| self.left_off.contains(plugin));
        self.switch_all(created.organization, off, false).await;
        self.switch_all(created.organization, on, true).await;
        let token = self.token(&email, name, Scope::All).await;
        Org {
            id: created.organization,
            name: name.to_owned(),
            owner: created.owner,
            password: PASSWORD.to_owned(),
            api: self.client(Some(&token)),
            email,
            token,
        }
    }

    /// Switches these, each after what it waits for: what another needs goes on before it, and off after it.
    async fn switch_all(&self, organization: OrganizationId, mut plugins: Vec<PluginId>, on: bool) {
        while !plugins.is_empty() {
            let mut left = Vec::new();
            for plugin in &plugins {
                if self.app.plugins.switch(organization, plugin, on, self.operator()).await.is_err() {
                    left.push(plugin.clone());
                }
            }
            assert!(left.len() < plugins.len(), "{left:?} can be switched");
            plugins = left;
        }
    }

    /// A token of somebody in an organization.
    pub async fn token(&self, email: &str, organization: &str, scope: Scope) -> String {
        let new = NewToken { name: "test".to_owned(), scope, expires_at: None };
        let issued = self.app.identity.create_token(email, organization, new).await.expect("a token");
        issued.secret.expose().to_owned()
    }

    /// An organization's owner, as handlers see them.
    pub async fn caller(&self, org: &Org) -> Caller {
        let credential = Credential::Bearer(org.token.clone());
        let snapshot = self.app.registry.current();
        let declared = snapshot.catalog.declared();
        let signed = self.app.identity.authenticate(credential, RequestId(Id::fresh()), declared).await;
        signed.expect("the owner").caller
    }

    /// Somebody new in an organization, and their client.
    pub async fn member(&self, org: &Org, name: &str, role: Role) -> (PersonId, String, Client) {
        let email = format!("{}@{}", name.to_lowercase(), org.email.rsplit('@').next().unwrap_or_default());
        let credential = Credential::Bearer(org.token.clone());
        let mut actor = self
            .app
            .identity
            .authenticate(credential, RequestId(Id::fresh()), &Arc::new(Declared::default()))
            .await
            .expect("the owner");
        // As an administrator of the instance does it, whoever owns the organization.
        actor.caller.permissions.insert(Permission::INSTALL_PLUGINS.to_owned());
        let member = NewMember { email: email.clone(), name: name.to_owned(), password: PASSWORD.to_owned(), role };
        let client = lignaflow_identity::Client::command_line();
        let added = self.app.identity.add_member(&actor, client, member).await.expect("a new member");
        let token = self.token(&email, &org.name, Scope::All).await;
        (added.person, email, self.client(Some(&token)))
    }

    /// Somebody who asks the API, with a token or as nobody.
    pub fn client(&self, token: Option<&str>) -> Client {
        Client::new(&self.root, self.https, &self.authority, token)
    }

    /// A browser that has not been here.
    pub fn visitor(&self) -> Visitor {
        Visitor::new(&self.root, self.https, &self.authority)
    }

    /// A browser in which the organization's owner is signed in.
    pub async fn signed_in(&self, org: &Org) -> Visitor {
        let visitor = self.visitor();
        visitor.sign_in(&org.email, &org.password).await;
        visitor
    }

    /// Where it keeps what is its own.
    pub fn data_dir(&self) -> &Path {
        &self.app.config.data_dir
    }

    /// Finishes what is under way, as on SIGTERM.
    pub async fn stop(mut self) {
        self.shutdown.begin();
        if let Some(task) = self.task.take() {
            task.await.expect("a server that ends");
        }
        self.app.settle().await;
        self.app.store.close().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.begin();
    }
}
