//! A whole server on a free port, on either database, for every test.
//!
//! | module | holds |
//! |---|---|
//! | [`database`] | a database of its own for each test; [`on_both!`] runs one on SQLite and on PostgreSQL |
//! | [`server`] | the server, wired as the program wires it; organizations and members in a line |
//! | [`client`], [`visitor`] | who asks the API; who opens pages |
//! | [`driver`] | a browser |
//! | [`foreign`] | another program's database |
//! | [`events`] | a stream of events |
//! | [`mailbox`] | what was mailed |
//! | [`race`] | writers that meet between plan and commit |
//! | [`pdf`] | the text that a PDF shows |
//! | [`plugins`] | plugins as files |
//! | [`program`] | the built program, as an operator runs it |
//! | [`site`] | a firm with access rules, and people who do not see all |
//! | [`needs`] | what a test asks of the machine |
//!
//! A test is an `async fn(Database)`:
//!
//! ```ignore
//! on_both!(a_client_has_a_name);
//!
//! async fn a_client_has_a_name(database: Database) {
//!     let server = database.serve().await;
//!     let org = server.organization("Halloran").await;
//!     org.post("projects/clients", json!({})).await.is_problem(422, "invalid");
//! }
//! ```

pub mod client;
mod compiled;
pub mod database;
pub mod driver;
pub mod events;
pub mod foreign;
pub mod mailbox;
pub mod needs;
pub mod pdf;
pub mod plugins;
pub mod program;
pub mod race;
pub mod server;
pub mod site;
pub mod visitor;

pub use client::{Answer, Client};
pub use database::{Database, On, on};
pub use events::{Event, Events};
pub use foreign::Foreign;
pub use mailbox::Letter;
pub use race::Race;
pub use server::{Org, PASSWORD, Server, Setup};
pub use visitor::{Page, Visitor};

// What tests need of the rooms below.
pub use lignaflow_core::caller::Role;
pub use lignaflow_core::clock::HeldClock;
pub use lignaflow_identity::Scope;
pub use reqwest::Method;

/// An id that nothing has yet.
pub fn fresh_id() -> String {
    lignaflow_core::Id::fresh().to_string()
}
