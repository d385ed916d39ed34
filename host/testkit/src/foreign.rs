//! A PostgreSQL database of another program, for tests of moving over from it, whatever the test's own database is.

use crate::database::POSTGRES;
use crate::database::define;
use lignaflow_core::Id;

/// Another program's database. It goes with [`Foreign::forget`].
#[derive(Debug)]
pub struct Foreign {
    pub url: String,
    server: String,
}

impl Foreign {
    /// With what a script of statements leaves; each ends with a semicolon at the end of its line. None where the machine
    /// has no PostgreSQL, which is told.
    pub async fn of(script: &str) -> Option<Self> {
        let server = crate::needs::found(POSTGRES, "postgres")?;
        let name = format!("foreign_{}", Id::fresh().to_string().replace('-', ""));
        define(&server, format!("create database {name}")).await;
        let (before, _) = server.rsplit_once('/').expect("the server's address ends in a database");
        let foreign = Self { url: format!("{before}/{name}"), server };
        for statement in script.split(";\n").filter(|statement| !statement.trim().is_empty()) {
            define(&foreign.url, statement.to_owned()).await;
        }
        Some(foreign)
    }

    /// Runs one more statement there.
    pub async fn run(&self, statement: &str) {
        define(&self.url, statement.to_owned()).await;
    }

    pub async fn forget(self) {
        let name = self.url.rsplit('/').next().unwrap_or_default();
        define(&self.server, format!("drop database if exists {name} with (force)")).await;
    }
}
