//! What the store's suites share: a fresh store on either database, an organization with a person in it, and commits
//! put together in a line.
//!
//! PostgreSQL is the server in `LIGNAFLOW_TEST_POSTGRES`, `postgres://user@host:port/postgres`; each test makes a
//! database of its own there and drops it. Without it the PostgreSQL half says that it is skipped.
#![allow(dead_code, unreachable_pub, reason = "each suite uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

use lignaflow_core::background::Background;
use lignaflow_core::bound::BoundPredicate;
use lignaflow_core::caller::{Access, Principal};
use lignaflow_core::catalog::{Catalog, Schema};
use lignaflow_core::commit::{Action, Author, Change, Commit, Committed, Guard, Number, ReadCheck, Refusal, Touch};
use lignaflow_core::descriptor::{Descriptor, parse};
use lignaflow_core::error::{ErrorCode, Fault};
use lignaflow_core::mutation::{Fields, Origin};
use lignaflow_core::{Id, OrganizationId, PersonId, RequestId, Value};
use lignaflow_store::{DatabaseUrl, Statement, Store, StoreError, StoreOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::sync::Arc;

pub const SERVER: &str = "LIGNAFLOW_TEST_POSTGRES";

/// Each named `async fn(Fixture)` as a test on SQLite and one on PostgreSQL.
#[macro_export]
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    $crate::common::on_sqlite(super::$name).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    $crate::common::on_postgres(super::$name).await;
                }
            )+
        }
    };
}

/// A database with nothing in it.
pub struct Fixture {
    pub options: StoreOptions,
}

impl Fixture {
    /// Another connection pool on the same database, as another host would have.
    pub async fn open(&self) -> Store {
        Store::open(&self.options).await.unwrap()
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.options.url, DatabaseUrl::Postgres(_))
    }

    /// A migrated store with the tables of these descriptors, an organization and a person in it.
    pub async fn world(&self, descriptors: &[&str]) -> World {
        let store = self.open().await;
        store.migrate().await.unwrap();
        let catalog = catalog(descriptors);
        store.apply_schema(&catalog).await.unwrap();
        let organization = make_organization(&store, "One").await;
        let person = make_person(&store, organization, "one@example.com").await;
        World { access: Access::of_plugin(organization), store, catalog, person }
    }
}

pub async fn on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(Fixture) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("test.db"));
    test(Fixture { options: StoreOptions { url, max_connections: 4, acquire: StoreOptions::ACQUIRE, create: true } })
        .await;
}

pub async fn on_postgres<F: Future<Output = ()>>(test: impl FnOnce(Fixture) -> F) {
    let Ok(server) = std::env::var(SERVER) else {
        println!("skipped: {SERVER} names no server");
        return;
    };
    let name = format!("test_{}", Id::fresh().to_string().replace('-', ""));
    let mut admin = PgConnection::connect(&server).await.unwrap();
    admin.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
    let (before, _) = server.rsplit_once('/').unwrap();
    let url = DatabaseUrl::Postgres(format!("{before}/{name}"));
    test(Fixture { options: StoreOptions { url, max_connections: 20, acquire: StoreOptions::ACQUIRE, create: false } })
        .await;
    admin.execute(AssertSqlSafe(format!("drop database {name} with (force)"))).await.unwrap();
}

pub fn descriptor(text: &str) -> Descriptor {
    parse(text).unwrap_or_else(|faults| panic!("{faults:?}"))
}

pub fn catalog(descriptors: &[&str]) -> Catalog {
    let descriptors: Vec<_> = descriptors.iter().map(|text| descriptor(text)).collect();
    Catalog::new(&descriptors).unwrap()
}

async fn put(store: &Store, sql: &'static str, values: Vec<sea_query::Value>) {
    let statement = Statement::new(sql, values);
    let done: Result<u64, StoreError> =
        store.database().write(move |tx| Box::pin(async move { tx.execute(statement).await })).await;
    done.unwrap();
}

pub async fn make_organization(store: &Store, name: &str) -> OrganizationId {
    let id = Id::fresh();
    let sql = "insert into organizations \
               (id, name, name_key, country, currency, time_zone, locale, week_starts, fiscal_year_starts, created_at) \
               values ($1, $2, $2, 'AU', 'AUD', 'Australia/Sydney', 'en-AU', 1, 7, 0)";
    put(store, sql, vec![id.uuid().into(), name.into()]).await;
    OrganizationId(id)
}

pub async fn make_person(store: &Store, organization: OrganizationId, email: &str) -> PersonId {
    let id = Id::fresh();
    let sql = "insert into people (id, email, email_key, name, created_at) values ($1, $2, $2, $2, 0)";
    put(store, sql, vec![id.uuid().into(), email.into()]).await;
    let sql = "insert into memberships (organization, person, role, created_at) values ($1, $2, 'member', 0)";
    put(store, sql, vec![organization.0.uuid().into(), id.uuid().into()]).await;
    PersonId(id)
}

/// Fields in a line: `fields([("name", text("Oak"))])`.
pub fn fields<const N: usize>(pairs: [(&str, Value); N]) -> Fields {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub struct World {
    pub store: Store,
    pub catalog: Catalog,
    pub access: Access<'static>,
    pub person: PersonId,
}

impl World {
    pub fn schema(&self, name: &str) -> Arc<Schema> {
        Arc::clone(self.catalog.schema(&name.parse().unwrap()).unwrap())
    }

    pub fn draft(&self) -> Draft {
        draft(self.access, Principal::Person(self.person))
    }

    /// Inserts one record and answers its id.
    pub async fn insert<const N: usize>(&self, collection: &str, pairs: [(&str, Value); N]) -> Id {
        let id = Id::fresh();
        let draft = self.draft().insert(&self.schema(collection), id, fields(pairs));
        self.commit(draft).await.unwrap();
        id
    }

    pub async fn commit(&self, draft: Draft) -> Result<Committed, Refusal> {
        self.store.commit(draft.0).await
    }
}

pub fn draft(access: Access<'static>, principal: Principal) -> Draft {
    let author = Author { principal, through: None, request: RequestId(Id::fresh()), origin: Origin::Api };
    let (reads, changes, touched, guards) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    Draft(Commit {
        access,
        author,
        at: 1_000_000,
        reads,
        settings: Vec::new(),
        changes,
        touched,
        guards,
        repeat: None,
        rights: Vec::new(),
        background: Background::default(),
    })
}

/// A commit being put together.
#[derive(Clone)]
pub struct Draft(pub Commit);

impl Draft {
    pub fn at(mut self, micros: i64) -> Self {
        self.0.at = micros;
        self
    }

    pub fn read(mut self, schema: &Arc<Schema>, id: Id, version: Option<u64>) -> Self {
        self.0.reads.push(ReadCheck { schema: Arc::clone(schema), id, version });
        self
    }

    fn change(mut self, schema: &Arc<Schema>, id: Id, expected: u64, action: Action) -> Self {
        let schema = Arc::clone(schema);
        self.0.changes.push(Change {
            schema,
            id,
            expected,
            action,
            transition: None,
            numbers: Vec::new(),
            serialize: Vec::new(),
        });
        self
    }

    /// An insert; fields that are not named are empty.
    pub fn insert(self, schema: &Arc<Schema>, id: Id, mut values: Fields) -> Self {
        for field in &schema.fields {
            if !values.contains_key(field.name.as_str()) {
                let empty = lignaflow_core::record::value_from_json(&field.field, &serde_json::Value::Null).unwrap();
                values.insert(field.name.as_str().to_owned(), empty);
            }
        }
        self.change(schema, id, 0, Action::Insert { values })
    }

    pub fn update(self, schema: &Arc<Schema>, id: Id, expected: u64, before: Fields, set: Fields) -> Self {
        self.change(schema, id, expected, Action::Update { set, before })
    }

    pub fn archive(self, schema: &Arc<Schema>, id: Id, expected: u64) -> Self {
        self.change(schema, id, expected, Action::Archive)
    }

    pub fn restore(self, schema: &Arc<Schema>, id: Id, expected: u64) -> Self {
        self.change(schema, id, expected, Action::Restore)
    }

    /// The last change takes its turn among those that share this value.
    pub fn in_turn(mut self, field: &str, value: Value) -> Self {
        self.0.changes.last_mut().unwrap().serialize.push((field.to_owned(), value));
        self
    }

    /// The last change is given the next number of this field.
    pub fn numbered(mut self, field: &str) -> Self {
        let change = self.0.changes.last_mut().unwrap();
        let field = change.schema.position(field).unwrap();
        change.numbers.push(Number { field, per: String::new() });
        self
    }

    /// What the changes are parts of.
    pub fn touch(mut self, schema: &Arc<Schema>, id: Id, within: Option<Id>) -> Self {
        self.0.touched.push(Touch { schema: Arc::clone(schema), id, within, even_locked: false });
        self
    }

    pub fn transition(mut self, name: &str) -> Self {
        self.0.changes.last_mut().unwrap().transition = Some(name.to_owned());
        self
    }

    pub fn guard(
        mut self,
        schema: &Arc<Schema>,
        filter: BoundPredicate,
        wants: bool,
        field: &str,
        value: Value,
    ) -> Self {
        self.0.guards.push(Guard {
            schema: Arc::clone(schema),
            filter,
            archived: false,
            wants,
            serialize: (field.to_owned(), value),
            fault: Fault::new(ErrorCode::Conflict, "The guard does not hold."),
        });
        self
    }
}
