//! Connections to PostgreSQL that break at the worst moment: what was done is found out, and done once.

use crate::common::{Fixture, World, fields, on_postgres, text};
use crate::{SHOP, count};
use lignaflow_core::commit::Refusal;
use lignaflow_core::{Id, Value};
use lignaflow_store::{DatabaseUrl, Store, StoreOptions};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const PASS: u8 = 0;
/// The next message of the client does not reach the server.
const LOSE_QUESTION: u8 = 1;
/// The next message of the server does not reach the client.
const LOSE_ANSWER: u8 = 2;

/// A way to the server that can be cut, once for each time that it is told to.
struct Wire {
    cut: Arc<AtomicU8>,
    store: Store,
}

impl Wire {
    /// A store with one connection that goes by it.
    async fn to(fixture: &Fixture) -> Self {
        let DatabaseUrl::Postgres(url) = &fixture.options.url else { panic!("not PostgreSQL") };
        let (rest, database) = url.rsplit_once('/').unwrap();
        let (scheme, rest) = rest.split_once("://").unwrap();
        let (user, server) = rest.rsplit_once('@').unwrap();
        let server = server.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cut = Arc::new(AtomicU8::new(PASS));
        let cutting = Arc::clone(&cut);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server.clone(), Arc::clone(&cutting)));
            }
        });
        let url = DatabaseUrl::Postgres(format!("{scheme}://{user}@{address}/{database}"));
        let store =
            Store::open(&StoreOptions { url, max_connections: 1, acquire: StoreOptions::ACQUIRE, create: false })
                .await
                .unwrap();
        Self { cut, store }
    }

    fn cut(&self, what: u8) {
        self.cut.store(what, Ordering::SeqCst);
    }
}

/// Carries bytes both ways until either end is done or the wire is cut.
async fn carry(mut client: TcpStream, server: String, cut: Arc<AtomicU8>) {
    let mut server = TcpStream::connect(server).await.unwrap();
    let (mut question, mut answer) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        let is_cut = |what| cut.compare_exchange(what, PASS, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        tokio::select! {
            read = client.read(&mut question) => match read {
                Ok(length) if length > 0 && !is_cut(LOSE_QUESTION) => {
                    server.write_all(&question[..length]).await.unwrap();
                }
                _ => return,
            },
            read = server.read(&mut answer) => match read {
                Ok(length) if length > 0 && !is_cut(LOSE_ANSWER) => {
                    client.write_all(&answer[..length]).await.unwrap();
                }
                _ => return,
            },
        }
    }
}

/// A world whose one connection has the statements prepared that inserts and updates take.
async fn ready(fixture: &Fixture) -> (World, Wire, Id) {
    let world = fixture.world(&[SHOP]).await;
    let wire = Wire::to(fixture).await;
    let schema = world.schema("shop/customers");
    let id = Id::fresh();
    let insert = world.draft().insert(&schema, id, fields([("name", text("Oak"))]));
    wire.store.commit(insert.0).await.unwrap();
    let update = world.draft().update(&schema, id, 1, fields([]), fields([("number", Value::Integer(1))]));
    wire.store.commit(update.0).await.unwrap();
    (world, wire, id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_insert_whose_answer_is_lost_is_done_once() {
    on_postgres(|fixture| async move {
        let (world, wire, _) = ready(&fixture).await;
        for (number, what) in [LOSE_ANSWER, LOSE_QUESTION, LOSE_ANSWER].into_iter().enumerate() {
            let name = fields([("name", text(&format!("Customer {number}")))]);
            let insert = world.draft().insert(&world.schema("shop/customers"), Id::fresh(), name);
            wire.cut(what);
            assert_eq!(wire.store.commit(insert.0).await.unwrap().versions, [1]);
            assert_eq!(wire.cut.load(Ordering::SeqCst), PASS, "nothing was cut");
            warm(&world, &wire, number).await;
        }
        assert_eq!(count(&world, "shop__customers").await, 7);
        assert_eq!(count(&world, "changes").await, 8);
    })
    .await;
}

/// The new connection learns the statement, so that the next cut meets its one message.
async fn warm(world: &World, wire: &Wire, number: usize) {
    let name = fields([("name", text(&format!("Warm {number}")))]);
    let insert = world.draft().insert(&world.schema("shop/customers"), Id::fresh(), name);
    wire.store.commit(insert.0).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_whose_answer_is_lost_is_done_once() {
    on_postgres(|fixture| async move {
        let (world, wire, id) = ready(&fixture).await;
        let schema = world.schema("shop/customers");
        let update = |version| {
            let set = fields([("number", Value::Integer(5))]);
            wire.store.commit(world.draft().update(&schema, id, version, fields([]), set).0)
        };
        wire.cut(LOSE_ANSWER);
        assert_eq!(update(2).await.unwrap().versions, [3]);
        assert_eq!(wire.cut.load(Ordering::SeqCst), PASS, "nothing was cut");
        // What another request did is not taken for this one's.
        assert_eq!(update(3).await.unwrap().versions, [4]);
        wire.cut(LOSE_QUESTION);
        assert_eq!(update(3).await, Err(Refusal::Changed));
        assert_eq!(count(&world, "changes").await, 4);
    })
    .await;
}
