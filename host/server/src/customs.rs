//! Fields that organizations add to collections: kept in memory beside the registry, followed as other hosts change
//! them, and changed by administrators. The API and the pages both come through here.
//!
//! | module | holds |
//! |---|---|
//! | [`form`] | what is asked for, from JSON or a form, with every fault at once |

pub mod form;

use crate::app::App;
use crate::auth::Signed;
use crate::rest::host::by;
use form::{Form, LeftOut};
use lignaflow_core::bind::Binder;
use lignaflow_core::caller::{Access, Permission};
use lignaflow_core::catalog::Schema;
use lignaflow_core::custom::{CustomField, MOST, unknown};
use lignaflow_core::query::{Authority, Predicate, Selection};
use lignaflow_core::value::Value;
use lignaflow_core::{ErrorCode, Fault, Issue};
use lignaflow_identity::Client;
use lignaflow_runtime::{Registry, Snapshot};
use lignaflow_store::customs::Acted;
use lignaflow_store::{Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// How long another host's change may go unnoticed.
const FOLLOW: Duration = Duration::from_millis(250);

/// The fields of all organizations, as this host knows them.
#[derive(Debug, Clone)]
pub struct Customs {
    store: Store,
    registry: Arc<Registry>,
    /// The count of changes that the registry has. Whoever reads on takes turns.
    seen: Arc<tokio::sync::Mutex<i64>>,
}

fn of_store(error: &StoreError) -> Fault {
    tracing::error!(%error, "the fields of organizations cannot be reached");
    match error {
        StoreError::Unavailable(_) | StoreError::Unknown | StoreError::Contended => {
            Fault::new(ErrorCode::Unavailable, "The database cannot be reached just now; try again shortly.")
        }
        _ => Fault::internal(),
    }
}

impl Customs {
    pub fn new(store: Store, registry: Arc<Registry>) -> Self {
        Self { store, registry, seen: Arc::default() }
    }

    /// Takes over what was changed since it was looked at last.
    pub async fn refresh(&self) -> Result<(), Fault> {
        let mut seen = self.seen.lock().await;
        let told = |error: StoreError| of_store(&error);
        let mut changed = self.store.customs_since(*seen).await.map_err(told)?;
        if changed.version == *seen {
            return Ok(());
        }
        let mut next = (*self.registry.customs()).clone();
        if changed.version < *seen {
            // The database was restored from a backup.
            next.clear();
            changed = self.store.customs_since(0).await.map_err(told)?;
        }
        for (organization, fields) in changed.organizations {
            if fields.is_empty() {
                next.remove(&organization);
            } else {
                next.insert(organization, fields.into());
            }
        }
        self.registry.swap_customs(next);
        *seen = changed.version;
        Ok(())
    }

    /// Takes over what other hosts change, until stopped.
    pub async fn follow(self, stopped: impl Future<Output = ()> + Send) {
        let mut ticks = tokio::time::interval(FOLLOW);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        tokio::pin!(stopped);
        loop {
            tokio::select! {
                () = &mut stopped => return,
                _ = ticks.tick() => {}
            }
            match self.store.customs_version().await {
                Ok(version) if version != *self.seen.lock().await => {
                    if let Err(fault) = self.refresh().await {
                        tracing::error!(%fault, "the fields of organizations could not be read again");
                    }
                }
                Ok(_) => {}
                Err(error) => tracing::debug!(%error, "the version of organizations' fields could not be read"),
            }
        }
    }
}

/// Who acts, and on which collection.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    pub app: &'a App,
    pub signed: &'a Signed,
    pub snapshot: &'a Snapshot,
    pub schema: &'a Arc<Schema>,
}

impl Desk<'_> {
    fn may_change(&self) -> Result<(), Fault> {
        if self.signed.caller.holds(Permission::ADMINISTER) {
            Ok(())
        } else {
            Err(Fault::denied("Only who administers the organization adds fields and changes them."))
        }
    }

    /// The fields of the collection in their order, archived ones too.
    pub async fn all(&self) -> Result<Vec<CustomField>, Fault> {
        self.signed.caller.to_read()?;
        let organization = self.signed.caller.organization;
        self.app.store.customs_of(organization, &self.schema.name).await.map_err(|error| of_store(&error))
    }

    /// One of them, by its name.
    pub async fn one(&self, name: &str) -> Result<CustomField, Fault> {
        let all = self.all().await?;
        match all.iter().find(|field| field.name.as_str() == name) {
            Some(field) => Ok(field.clone()),
            None => Err(Fault::new(ErrorCode::NotFound, unknown(name, &all))),
        }
    }

    async fn acted(&self, acted: Result<Acted, StoreError>, name: &str) -> Result<CustomField, Fault> {
        let conflict = |path: &str, code: &str, message: String| {
            let mut fault = Fault::at(path, code, message);
            fault.code = ErrorCode::Conflict;
            Err(fault)
        };
        match acted.map_err(|error| of_store(&error))? {
            Acted::Done => {
                self.app.customs.refresh().await?;
                self.one(name).await
            }
            Acted::NameTaken => conflict(
                "/name",
                "duplicate",
                format!("There is a field `{name}` already; if it is archived, restore it or purge it first."),
            ),
            Acted::Full => conflict(
                "/name",
                "too-many",
                format!("A collection has at most {MOST} fields of your own, archived ones among them."),
            ),
            Acted::Changed => Err(stale()),
        }
    }

    /// Adds a field.
    pub async fn add(&self, client: &Client, form: Form) -> Result<CustomField, Fault> {
        self.may_change()?;
        let field = form.made(self)?;
        let name = field.name.to_string();
        let organization = self.signed.caller.organization;
        let acted = self.app.store.add_custom(organization, field, MOST, by(self.signed, client)).await;
        self.acted(acted, &name).await
    }

    /// Changes a field, or its place. What it is called and holds stays.
    pub async fn change(
        &self,
        client: &Client,
        name: &str,
        expected: Option<u64>,
        form: Form,
    ) -> Result<CustomField, Fault> {
        self.may_change()?;
        let was = self.expected(name, expected).await?;
        if was.archived_at.is_some() {
            return Err(Fault::new(ErrorCode::Locked, "This field is archived. Restore it first."));
        }
        let (field, left_out) = form.changed(&was)?;
        self.refuse_used(&was, left_out).await?;
        self.save(client, field, "field.changed").await
    }

    /// Takes a field out of sight, or back. Records keep what they hold in it.
    pub async fn archive(
        &self,
        client: &Client,
        name: &str,
        expected: Option<u64>,
        archived: bool,
    ) -> Result<CustomField, Fault> {
        self.may_change()?;
        let mut field = self.expected(name, expected).await?;
        if field.archived_at.is_some() == archived {
            let message = if archived { "This field is archived already." } else { "This field is not archived." };
            return Err(Fault::new(ErrorCode::Conflict, message));
        }
        field.archived_at = archived.then(|| self.app.clock.now());
        self.save(client, field, if archived { "field.archived" } else { "field.restored" }).await
    }

    /// Takes an archived field away with everything that records hold in it. How many did.
    pub async fn purge(&self, client: &Client, name: &str, expected: Option<u64>) -> Result<u64, Fault> {
        self.may_change()?;
        let field = self.expected(name, expected).await?;
        if field.archived_at.is_none() {
            let message = "A field is purged once it is archived: its values go with it, for good.";
            return Err(Fault::new(ErrorCode::Conflict, message));
        }
        let organization = self.signed.caller.organization;
        let purged = self.app.store.purge_custom(organization, field, by(self.signed, client)).await;
        let records = purged.map_err(|error| of_store(&error))?.ok_or_else(stale)?;
        self.app.customs.refresh().await?;
        Ok(records)
    }

    async fn expected(&self, name: &str, expected: Option<u64>) -> Result<CustomField, Fault> {
        let field = self.one(name).await?;
        if expected.is_some_and(|expected| expected != field.version) { Err(stale()) } else { Ok(field) }
    }

    async fn save(&self, client: &Client, mut field: CustomField, kind: &'static str) -> Result<CustomField, Fault> {
        field.updated_at = self.app.clock.now();
        let name = field.name.to_string();
        let organization = self.signed.caller.organization;
        let acted = self.app.store.change_custom(organization, field, kind, by(self.signed, client)).await;
        self.acted(acted, &name).await
    }

    /// Options are left out that no record holds.
    async fn refuse_used(&self, field: &CustomField, left_out: LeftOut) -> Result<(), Fault> {
        let path = lignaflow_core::custom::named(field.name.as_str());
        let mut issues = Vec::new();
        for value in left_out.0 {
            let selection = Selection {
                collection: self.schema.name.to_string(),
                authority: Authority::Plugin,
                filter: Predicate::equal(path.clone(), Value::Text(value.clone())),
                sort: Vec::new(),
                select: Vec::new(),
                limit: 1,
                after: None,
            };
            let mut bound = Binder { catalog: &self.snapshot.catalog, home: None }.selection(&selection)?;
            bound.archived = true;
            let access = Access::of_plugin(self.signed.caller.organization);
            let used = self.app.store.count_up_to(access, &bound, 1).await.map_err(|error| of_store(&error))?;
            if used > 0 {
                let message = format!("Records hold `{value}`: give them another choice before you leave it out.");
                issues.push(Issue::new("/options", "in-use", message));
            }
        }
        if issues.is_empty() { Ok(()) } else { Err(Fault::invalid(issues)) }
    }
}

fn stale() -> Fault {
    Fault::new(ErrorCode::Stale, "This field has been changed since you read it. Read it again and repeat.")
}
