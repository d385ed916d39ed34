//! Everything that an organization holds of a person, as one file; and whether they can be taken out of it.
//!
//! Records refer to people by fields of kind `person` and `people` and by who made them: that is how plugins declare
//! what is somebody's, and nothing else has to be said. Whoever administers the organization takes along all of it;
//! whoever asks for what is held of themselves, the records that they may read. Texts in which somebody stands by name
//! are their record's, and are found by nobody's id.

use crate::app::App;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use lignaflow_core::caller::{Access, Permission};
use lignaflow_core::catalog::Schema;
use lignaflow_core::clock::Micros;
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::position::LogPosition;
use lignaflow_core::query::{Authority, Predicate, Selection, SortKey};
use lignaflow_core::value::{Value, instant_text};
use lignaflow_core::{ErrorCode, Fault, Id, PersonId};
use lignaflow_identity::{About, Authenticated, Client, Erasure};
use lignaflow_runtime::Snapshot;
use lignaflow_store::identity::privacy::HELD;
use serde_json::{Value as Json, json};
use std::io;
use std::sync::Arc;

/// Rows that are read at once.
const SLICE: u16 = 200;

/// What is held of one person, for one who may have it.
struct Dossier {
    app: Arc<App>,
    actor: Authenticated,
    about: About,
    /// As the reader sees it.
    snapshot: Arc<Snapshot>,
    schemas: Vec<Arc<Schema>>,
}

/// Where a file goes on.
enum Step {
    Head,
    Held { kind: usize, after: Option<Id>, first: bool },
    Audit { before: Option<(Micros, Id)>, first: bool },
    Records { collection: usize, after: Option<String>, first: bool },
    Acts { after: LogPosition, first: bool },
    End,
}

/// Records that refer to a person, archived ones too.
fn of_person(schema: &Schema, person: PersonId) -> Predicate {
    let is = |path: &str| Predicate::equal(path, Value::Reference(person.0));
    let mut some = vec![is("created_by")];
    for field in schema.fields.iter().filter(|field| !schema.hides(field.name.as_str())) {
        match field.field.kind {
            FieldKind::Person => some.push(is(field.name.as_str())),
            FieldKind::People => {
                some.push(Predicate::Includes { path: field.name.as_str().to_owned(), id: person.0 });
            }
            _ => {}
        }
    }
    let archived = || Predicate::IsNull("archived_at".to_owned());
    Predicate::Any(some).and(Predicate::Any(vec![archived(), Predicate::Not(Box::new(archived()))]))
}

fn selection(schema: &Schema, person: PersonId, sort: SortKey, limit: u16, after: Option<String>) -> Selection {
    Selection {
        collection: schema.name.to_string(),
        authority: Authority::Caller,
        filter: of_person(schema, person),
        sort: vec![sort],
        select: Vec::new(),
        limit,
        after,
    }
}

fn by(path: &str, descending: bool) -> SortKey {
    SortKey { path: path.to_owned(), descending }
}

/// Rows of a list that others stand before, where they are not the first.
fn listed(rows: &[Json], first: bool) -> String {
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        text.push_str(if first && index == 0 { "\n" } else { ",\n" });
        text.push_str(&row.to_string());
    }
    text
}

impl Dossier {
    fn access(&self) -> Result<Access<'_>, Fault> {
        if self.about.oneself && !self.actor.caller.holds(Permission::ADMINISTER) {
            return self.actor.caller.to_read();
        }
        Ok(Access::of_plugin(self.actor.caller.organization))
    }

    fn person(&self) -> PersonId {
        self.about.member.person.id
    }

    fn head(&self) -> String {
        let member = &self.about.member;
        let organization =
            json!({ "id": self.actor.organization.id.to_string(), "name": self.actor.organization.name });
        let person = json!({
            "id": member.person.id.to_string(),
            "name": member.person.name,
            "email": member.person.email,
            "locale": member.person.locale,
            "time_zone": member.person.time_zone,
            "created_at": instant_text(member.person.created_at),
        });
        let membership = json!({
            "role": member.role.as_str(),
            "roles": member.roles,
            "active": member.active,
            "since": instant_text(member.since),
        });
        let taken = json!(instant_text(self.actor.caller.now));
        format!(
            "{{\n\"taken_at\": {taken},\n\"organization\": {organization},\n\"person\": {person},\n\
             \"membership\": {membership}"
        )
    }

    /// The next part of the file, and where it goes on.
    async fn next(&self, step: Step) -> Result<(String, Step), Fault> {
        match step {
            Step::Head => Ok((self.head(), Step::Held { kind: 0, after: None, first: true })),
            Step::Held { kind, after, first } => self.held(kind, after, first).await,
            Step::Audit { before, first } => self.audit(before, first).await,
            Step::Records { collection, after, first } => self.records(collection, after, first).await,
            Step::Acts { after, first } => self.acts(after, first).await,
            Step::End => Ok((String::new(), Step::End)),
        }
    }

    async fn held(&self, kind: usize, after: Option<Id>, first: bool) -> Result<(String, Step), Fault> {
        let Some(held) = HELD.get(kind) else {
            return Ok((",\n\"audit\": [".to_owned(), Step::Audit { before: None, first: true }));
        };
        let (rows, next) = self.app.identity.held(&self.actor, &self.about, held, after, SLICE).await?;
        let mut text = if first { format!(",\n\"{}\": [", held.name) } else { String::new() };
        text.push_str(&listed(&rows, first));
        if next.is_some() {
            return Ok((text, Step::Held { kind, after: next, first: false }));
        }
        text.push(']');
        Ok((text, Step::Held { kind: kind + 1, after: None, first: true }))
    }

    async fn audit(&self, before: Option<(Micros, Id)>, first: bool) -> Result<(String, Step), Fault> {
        let lines = self.app.identity.audit_about(&self.actor, &self.about, before, u32::from(SLICE)).await?;
        let rows: Vec<Json> = lines
            .iter()
            .map(|line| {
                json!({
                    "at": instant_text(line.event.at),
                    "kind": line.event.kind,
                    "address": line.event.address,
                    "token": line.event.token.map(|token| token.to_string()),
                    "detail": line.event.detail,
                })
            })
            .collect();
        let mut text = listed(&rows, first);
        if let Some(last) = lines.last().filter(|_| lines.len() == usize::from(SLICE)) {
            return Ok((text, Step::Audit { before: Some((last.event.at, last.id)), first: false }));
        }
        text.push_str("],\n\"records\": {");
        Ok((text, Step::Records { collection: 0, after: None, first: true }))
    }

    async fn records(&self, at: usize, after: Option<String>, first: bool) -> Result<(String, Step), Fault> {
        let Some(schema) = self.schemas.get(at) else {
            return Ok(("},\n\"acts\": [".to_owned(), Step::Acts { after: LogPosition::START, first: true }));
        };
        let selection = selection(schema, self.person(), by("id", false), SLICE, after);
        let (records, next) = self.app.records.list(self.access()?, &self.snapshot.catalog, &selection).await?;
        let rows: Vec<Json> = records.iter().map(|record| record.to_json(schema)).collect();
        let mut text = String::new();
        if first {
            let comma = if at == 0 { "" } else { "," };
            text = format!("{comma}\n{}: [", json!(schema.name.to_string()));
        }
        text.push_str(&listed(&rows, first));
        if next.is_some() {
            return Ok((text, Step::Records { collection: at, after: next, first: false }));
        }
        text.push(']');
        Ok((text, Step::Records { collection: at + 1, after: None, first: true }))
    }

    async fn acts(&self, after: LogPosition, first: bool) -> Result<(String, Step), Fault> {
        // What they did is theirs; what it was done to is told by the records, as far as they are.
        let access = Access::of_plugin(self.actor.caller.organization);
        let found = self.app.store.acts_of(access, self.person(), after, SLICE).await.map_err(unavailable)?;
        let rows: Vec<Json> = found
            .iter()
            .map(|entry| {
                json!({
                    "at": instant_text(entry.at),
                    "collection": entry.collection.to_string(),
                    "record": entry.record.to_string(),
                    "kind": entry.kind.as_str(),
                    "transition": entry.transition,
                    "version": entry.version,
                    "origin": entry.origin,
                })
            })
            .collect();
        let mut text = listed(&rows, first);
        if let Some(last) = found.last().filter(|_| found.len() == usize::from(SLICE)) {
            return Ok((text, Step::Acts { after: last.position, first: false }));
        }
        text.push_str("]\n}\n");
        Ok((text, Step::End))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn unavailable(error: lignaflow_store::StoreError) -> Fault {
    tracing::error!(%error, "what somebody did could not be read");
    Fault::new(ErrorCode::Unavailable, "The database cannot be reached just now. Try again shortly.")
}

/// Everything that is held of somebody, a slice at a time. That it was taken is written down first; what fails later
/// breaks the answer off, so that nobody takes a part for the whole.
pub async fn export(
    app: &Arc<App>,
    actor: &Authenticated,
    client: Client,
    person: PersonId,
) -> Result<Response, Fault> {
    let about = app.identity.about(actor, person).await?;
    app.identity.note_person_export(actor, client, &about).await?;
    let of_all = app.registry.current_of(actor.caller.organization);
    let whole = actor.caller.holds(Permission::ADMINISTER);
    let snapshot = if whole { of_all } else { of_all.seen_by(&actor.caller) };
    let day: String = instant_text(actor.caller.now).chars().take(10).collect();
    let dossier = Dossier { app: app.clone(), actor: actor.clone(), about, schemas: schemas(&snapshot), snapshot };
    let start = (dossier, Step::Head);
    let stream = futures_util::stream::try_unfold(start, |(dossier, step)| async move {
        if matches!(step, Step::End) {
            return Ok::<_, io::Error>(None);
        }
        let (text, next) = dossier.next(step).await.map_err(io::Error::other)?;
        Ok(Some((Bytes::from(text), (dossier, next))))
    });
    let mut response = Body::from_stream(stream).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"person-{day}.json\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// Every collection that is loaded, whether the organization has its plugin on just now or not.
fn schemas(snapshot: &Snapshot) -> Vec<Arc<Schema>> {
    snapshot.catalog.schemas().cloned().collect()
}

/// What refers to somebody, and until when they are kept.
#[derive(Debug, Clone)]
pub struct Traces {
    pub about: About,
    pub erasure: Erasure,
    /// The collections with records that refer to them, and how many.
    pub records: Vec<(Arc<Schema>, u64)>,
}

/// For whoever administers the organization.
pub async fn traces(app: &App, actor: &Authenticated, person: PersonId) -> Result<Traces, Fault> {
    let years = app.identity.retention_years(actor).await?;
    let about = app.identity.about(actor, person).await?;
    let organization = actor.caller.organization;
    let (access, snapshot) = (Access::of_plugin(organization), app.registry.current_of(organization));
    let mut last = app.store.last_act_of(access, person).await.map_err(unavailable)?;
    let mut records = Vec::new();
    for schema in schemas(&snapshot) {
        let selection = selection(&schema, person, by("updated_at", true), 1, None);
        let (newest, _) = app.records.list(access, &snapshot.catalog, &selection).await?;
        let Some(newest) = newest.first() else { continue };
        last = last.max(Some(newest.updated_at));
        let count = app.records.count(access, &snapshot.catalog, &selection).await?;
        records.push((schema, count));
    }
    let erasure = app.identity.erasure(actor, years, last);
    Ok(Traces { about, erasure, records })
}

/// Takes somebody out of the organization, and answers the pseudonym under which what they did stays.
pub async fn erase(
    app: &App,
    actor: &Authenticated,
    client: Client,
    person: PersonId,
    confirm: &str,
) -> Result<String, Fault> {
    let traces = traces(app, actor, person).await?;
    app.identity.erase_person(actor, client, person, confirm, traces.erasure.last_trace).await
}

/// Takes the caller's organization away with everything that is its, files included. Files that cannot be removed just
/// now go with the next sweep.
pub async fn remove_organization(app: &App, actor: &Authenticated, client: Client, confirm: &str) -> Result<(), Fault> {
    app.identity.remove_organization(actor, client, confirm).await?;
    // Nobody is left to be told of what fails from here on.
    if let Err(fault) = app.plugins.reload().await {
        tracing::error!(%fault, "the plugins could not be loaded again");
    }
    if let Err(fault) = app.media.sweep_after_organizations().await {
        tracing::warn!(%fault, "the files of an organization that was taken away could not be removed yet");
    }
    Ok(())
}
