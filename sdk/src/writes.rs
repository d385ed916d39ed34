//! What a plugin asks the host to do. Nothing happens while it runs: it returns these, and the host carries all of one
//! call's out in one transaction, or none.
//!
//! ```
//! use lignaflow_sdk::prelude::*;
//! let (task, project) = (Id::fresh(), Id::fresh());
//! let writes: Vec<Mutation> = vec![
//!     insert("tasks", task).set("title", "Measure").set("project", project).into(),
//!     transition("projects", project, "activate").into(),
//! ];
//! # assert_eq!(writes.len(), 2);
//! ```

use crate::values::IntoValue;
use crate::{Date, Document, Enqueue, Fault, Fields, Id, Mutation, Predicate};
use serde::Serialize;

/// A mutation that sets fields. Made by [`insert`], [`update`] and [`transition`].
#[derive(Debug, Clone)]
#[must_use = "a write does nothing unless it is returned"]
pub struct Write {
    kind: Kind,
    collection: String,
    id: Id,
    expected: Option<u64>,
    fields: Fields,
}

#[derive(Debug, Clone)]
enum Kind {
    Insert,
    Update,
    Transition(String),
}

fn write(kind: Kind, collection: impl Into<String>, id: Id) -> Write {
    Write { kind, collection: collection.into(), id, expected: None, fields: Fields::new() }
}

/// A new record. Its id comes from [`crate::context::new_id`], so that others of the batch can refer to it.
pub fn insert(collection: impl Into<String>, id: Id) -> Write {
    write(Kind::Insert, collection, id)
}

/// Changes the fields that are set, and no others.
pub fn update(collection: impl Into<String>, id: Id) -> Write {
    write(Kind::Update, collection, id)
}

/// A declared change of state, with further fields that change along with it.
pub fn transition(collection: impl Into<String>, id: Id, name: impl Into<String>) -> Write {
    write(Kind::Transition(name.into()), collection, id)
}

impl Write {
    pub fn set(mut self, field: impl Into<String>, value: impl IntoValue) -> Self {
        self.fields.insert(field.into(), value.into_value());
        self
    }

    /// Refused as stale unless the record has this version. What was read in the same call is re-checked anyway.
    pub fn expecting(mut self, version: u64) -> Self {
        self.expected = Some(version);
        self
    }
}

impl From<Write> for Mutation {
    fn from(write: Write) -> Self {
        let Write { kind, collection, id, expected, fields } = write;
        match kind {
            Kind::Insert => Self::Insert { collection, id, fields },
            Kind::Update => Self::Update { collection, id, expected, fields },
            Kind::Transition(name) => Self::Transition { collection, id, expected, name, fields },
        }
    }
}

/// Archives a record: it leaves lists and can be restored.
pub fn remove(collection: impl Into<String>, id: Id) -> Mutation {
    Mutation::Remove { collection: collection.into(), id, expected: None }
}

/// Takes an archived record back.
pub fn restore(collection: impl Into<String>, id: Id) -> Mutation {
    Mutation::Restore { collection: collection.into(), id, expected: None }
}

/// Refuses everything with this fault unless nothing matches, checked last inside the transaction. The predicate pins
/// one of the fields in the collection's `serialize` to a value, or the guard is refused.
pub fn ensure_none(collection: impl Into<String>, filter: Predicate, fault: Fault) -> Mutation {
    Mutation::EnsureNone { collection: collection.into(), filter, fault }
}

/// Refuses everything with this fault unless something matches; otherwise as [`ensure_none`].
pub fn ensure_some(collection: impl Into<String>, filter: Predicate, fault: Fault) -> Mutation {
    Mutation::EnsureSome { collection: collection.into(), filter, fault }
}

/// A job of `plugin.toml` that is to be done once the rest is carried out, on the plugin's own account. Nothing of it
/// remains where the rest is refused.
pub fn enqueue(job: impl Into<String>) -> Later {
    let nothing = "null".to_owned();
    Later { job: Enqueue { name: job.into(), payload: nothing, delay_seconds: 0, deduplicate: None } }
}

/// A job that is asked for. Made by [`enqueue`].
#[derive(Debug, Clone)]
#[must_use = "a job is not done unless it is returned"]
pub struct Later {
    job: Enqueue,
}

impl Later {
    /// What the job is called with.
    pub fn with(mut self, payload: &impl Serialize) -> Result<Self, Fault> {
        self.job.payload = serde_json::to_string(payload).map_err(|_| Fault::internal())?;
        Ok(self)
    }

    /// Not before so many seconds.
    pub fn after(mut self, seconds: u32) -> Self {
        self.job.delay_seconds = seconds;
        self
    }

    /// While a job of this name and key waits, it is that one.
    pub fn once(mut self, key: impl Into<String>) -> Self {
        self.job.deduplicate = Some(key.into());
        self
    }
}

impl From<Later> for Mutation {
    fn from(later: Later) -> Self {
        Self::Enqueue(later.job)
    }
}

/// A PDF of the template `templates/<template>.typ`, made once the rest is carried out. Its id is that of a file, which a
/// field of the type `media` or `files` holds that the same writes set:
///
/// ```
/// use lignaflow_sdk::prelude::*;
/// # fn of(revision: Id, document: Id, data: &serde_json::Value) -> Result<Vec<Mutation>, Fault> {
/// Ok(vec![
///     update("revisions", revision).set("document", document).into(),
///     render(document, "quote").with(data)?.called("EST-0042.pdf").into(),
/// ])
/// # }
/// ```
pub fn render(id: Id, template: impl Into<String>) -> Paper {
    let template = template.into();
    let name = format!("{template}.pdf");
    Paper { document: Document { id, template, name, data: "null".to_owned(), date: None } }
}

/// A document that is asked for. Made by [`render`].
#[derive(Debug, Clone)]
#[must_use = "a document is not made unless it is returned"]
pub struct Paper {
    document: Document,
}

impl Paper {
    /// What the template reads as `json("data.json")`.
    pub fn with(mut self, data: &impl Serialize) -> Result<Self, Fault> {
        self.document.data = serde_json::to_string(data).map_err(|_| Fault::internal())?;
        Ok(self)
    }

    /// What the file is called; the template's name where it is not said.
    pub fn called(mut self, name: impl Into<String>) -> Self {
        self.document.name = name.into();
        self
    }

    /// The day that the template takes for today; the organization's where it is not said.
    pub fn dated(mut self, date: Date) -> Self {
        self.document.date = Some(date.days());
        self
    }
}

impl From<Paper> for Mutation {
    fn from(paper: Paper) -> Self {
        Self::Render(paper.document)
    }
}
