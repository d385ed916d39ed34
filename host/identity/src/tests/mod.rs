//! Every test runs on SQLite and, where `LIGNAFLOW_TEST_POSTGRES` names a server, on PostgreSQL, each on a database of
//! its own.

mod accounts;
mod members;
mod organizations;
mod setup;
mod sign_in;
mod throttle;
mod tokens;

use crate::{
    AuthFault, Authenticated, Client, Created, Credential, Event, Identity, NewMember, NewSession, NewToken, Options,
    Scope, SetupForm, TokenIssued,
};
use lignaflow_core::caller::{Declared, DeclaredRole, Permission, Role};
use lignaflow_core::clock::HeldClock;
use lignaflow_core::{Fault, Id, OrganizationId, PersonId, RequestId};
use lignaflow_store::{DatabaseUrl, Statement, Store, StoreOptions};
use std::future::Future;
use std::sync::Arc;

const SERVER: &str = "LIGNAFLOW_TEST_POSTGRES";

/// A password that nothing refuses.
pub(crate) const PASSWORD: &str = "oak and ash";

pub(crate) const DAY: i64 = 24 * 60 * 60;

/// Each named `async fn(World)` as a test on either database.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    $crate::tests::on_sqlite(super::$name).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    $crate::tests::on_postgres(super::$name).await;
                }
            )+
        }
    };
}
pub(crate) use on_both;

/// A database with nobody in it.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) identity: Identity,
    pub(crate) store: Store,
    pub(crate) clock: HeldClock,
}

pub(crate) async fn on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(World) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let world = world(DatabaseUrl::Sqlite(folder.path().join("test.db")), true).await;
    let store = world.store.clone();
    test(world).await;
    store.close().await;
}

pub(crate) async fn on_postgres<F: Future<Output = ()>>(test: impl FnOnce(World) -> F) {
    let Ok(server) = std::env::var(SERVER) else {
        println!("skipped: {SERVER} names no server");
        return;
    };
    let name = format!("test_{}", Id::fresh().to_string().replace('-', ""));
    define(&server, format!("create database {name}")).await;
    let (before, _) = server.rsplit_once('/').unwrap();
    let world = world(DatabaseUrl::Postgres(format!("{before}/{name}")), false).await;
    let store = world.store.clone();
    test(world).await;
    store.close().await;
    define(&server, format!("drop database {name} with (force)")).await;
}

/// Runs a statement that no transaction may hold.
async fn define(server: &str, sql: String) {
    let url = DatabaseUrl::Postgres(server.to_owned());
    let store = Store::open(&StoreOptions { url, max_connections: 1, acquire: StoreOptions::ACQUIRE, create: false })
        .await
        .unwrap();
    store.database().fetch_all(Statement::new(String::leak(sql), Vec::new()).once()).await.unwrap();
    store.close().await;
}

async fn world(url: DatabaseUrl, create: bool) -> World {
    let store =
        Store::open(&StoreOptions { url, max_connections: 8, acquire: StoreOptions::ACQUIRE, create }).await.unwrap();
    store.migrate().await.unwrap();
    let clock = HeldClock::at(1_795_400_000_000_000);
    let identity = Identity::new(store.clone(), Arc::new(clock.clone()), Options::for_tests());
    World { identity, store, clock }
}

pub(crate) fn client(address: &str) -> Client {
    Client::new(address.parse().unwrap(), "Testing/1.0")
}

/// From where everybody acts who does not act from elsewhere.
pub(crate) fn home() -> Client {
    client("192.0.2.10")
}

pub(crate) fn form(organization: &str, email: &str) -> SetupForm {
    SetupForm {
        organization: organization.to_owned(),
        name: "Olive Owner".to_owned(),
        email: email.to_owned(),
        password: PASSWORD.to_owned(),
        ..SetupForm::default()
    }
}

/// The code and path of each issue.
pub(crate) fn issues(fault: &Fault) -> Vec<(&str, &str)> {
    fault.issues.iter().map(|issue| (issue.path.as_str(), issue.code.as_str())).collect()
}

/// What a plugin for timesheets declares.
pub(crate) fn declared() -> Declared {
    let role = DeclaredRole { title: "Supervisor".to_owned(), permissions: vec!["timesheets.approve".to_owned()] };
    Declared {
        permissions: vec!["timesheets.approve".to_owned()],
        roles: [("timesheets.supervisor".to_owned(), role)].into(),
    }
}

impl World {
    pub(crate) async fn organization(&self, name: &str, email: &str) -> Created {
        self.identity.create_organization(form(name, email)).await.unwrap()
    }

    /// Signs in with [`PASSWORD`].
    pub(crate) async fn sign_in(&self, email: &str) -> NewSession {
        self.identity.sign_in(email, PASSWORD, home()).await.unwrap().session
    }

    pub(crate) async fn by_session(&self, session: &NewSession) -> Result<Authenticated, AuthFault> {
        self.authenticate(Credential::Session(session.secret.expose().to_owned())).await
    }

    pub(crate) async fn by_token(&self, issued: &TokenIssued) -> Result<Authenticated, AuthFault> {
        self.authenticate(Credential::Bearer(issued.secret.expose().to_owned())).await
    }

    pub(crate) async fn authenticate(&self, credential: Credential) -> Result<Authenticated, AuthFault> {
        let declared = declared();
        self.identity.authenticate(credential, RequestId(Id::fresh()), &Arc::new(declared)).await
    }

    /// Somebody signed in with [`PASSWORD`].
    pub(crate) async fn signed_in(&self, email: &str) -> Authenticated {
        let session = self.sign_in(email).await;
        self.by_session(&session).await.unwrap()
    }

    /// Adds somebody new with [`PASSWORD`].
    pub(crate) async fn member(&self, actor: &Authenticated, email: &str, role: Role) -> PersonId {
        let new =
            NewMember { email: email.to_owned(), name: "Max Member".to_owned(), password: PASSWORD.to_owned(), role };
        // As an administrator of the instance does it, whoever owns the organization.
        let mut actor = actor.clone();
        actor.caller.permissions.insert(Permission::INSTALL_PLUGINS.to_owned());
        self.identity.add_member(&actor, home(), new).await.unwrap().person
    }

    pub(crate) async fn token(&self, actor: &Authenticated, scope: Scope) -> TokenIssued {
        let new = NewToken { name: "a script".to_owned(), scope, expires_at: None };
        self.identity.issue_token(actor, home(), new).await.unwrap()
    }

    /// What was written down of an organization, or of nobody's, the oldest first.
    pub(crate) async fn audit(&self, organization: Option<OrganizationId>) -> Vec<Event> {
        let mut events =
            lignaflow_store::identity::audit::latest(self.store.database(), organization, 100).await.unwrap();
        events.reverse();
        events
    }

    pub(crate) async fn kinds(&self, organization: Option<OrganizationId>) -> Vec<String> {
        self.audit(organization).await.into_iter().map(|event| event.kind).collect()
    }
}
