//! What a plugin is called with and what it answers, made easy to read and to write.

use crate::values::IntoValue;
use crate::{
    Fault, Fields, Id, Issue, JobCall, Mutation, Payload, Resume, RouteReply, RouteRequest, Selection, Slice, Summary,
    Verdict,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Where an issue of a hook stands: `field` of the change at `index` in the list that the hook was handed.
pub fn change_path(index: usize, field: &str) -> String {
    format!("/{index}/{field}")
}

/// An issue of a hook with one field of one change. `code` is stable, `message` is for people.
pub fn change_issue(index: usize, field: &str, code: &str, message: impl Into<String>) -> Issue {
    Issue::new(change_path(index, field), code, message)
}

/// Adding to what a hook answers.
pub trait BuildVerdict {
    /// Overwrites a field of the change at `index`.
    fn set_field(&mut self, index: usize, field: &str, value: impl IntoValue);
}

impl BuildVerdict for Verdict {
    fn set_field(&mut self, index: usize, field: &str, value: impl IntoValue) {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let at = self.set.iter().position(|(known, _)| *known == index).unwrap_or_else(|| {
            self.set.push((index, Fields::new()));
            self.set.len() - 1
        });
        self.set[at].1.insert(field.to_owned(), value.into_value());
    }
}

/// Reading a route's request. The host has matched the path and checked query and body by their schemas.
pub trait ReadRequest {
    /// A parameter of the path, `{id}`.
    fn parameter(&self, name: &str) -> Option<&str>;

    /// A parameter of the path that names a record.
    fn id(&self, name: &str) -> Result<Id, Fault>;

    /// A parameter of the query string.
    fn query_text(&self, name: &str) -> Option<&str>;

    /// The body.
    fn json<T: DeserializeOwned>(&self) -> Result<T, Fault>;
}

fn named<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

impl ReadRequest for RouteRequest {
    fn parameter(&self, name: &str) -> Option<&str> {
        named(&self.parameters, name)
    }

    fn id(&self, name: &str) -> Result<Id, Fault> {
        self.parameter(name).and_then(|text| text.parse().ok()).ok_or_else(|| Fault::not_found("such record"))
    }

    fn query_text(&self, name: &str) -> Option<&str> {
        named(&self.query, name)
    }

    fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Fault::at("", "body", format!("The body cannot be read: {error}.")))
    }
}

/// The answers of a route.
pub mod reply {
    use super::{Fault, Id, Payload, RouteReply, Selection, Serialize, Summary};

    fn of(status: u16, payload: Payload) -> RouteReply {
        RouteReply { status, payload, writes: Vec::new() }
    }

    /// 204, and nothing to say.
    pub fn empty() -> RouteReply {
        of(204, Payload::Empty)
    }

    pub fn json(body: &impl Serialize) -> Result<RouteReply, Fault> {
        serde_json::to_string(body).map(|text| of(200, Payload::Json(text))).map_err(|_| Fault::internal())
    }

    /// A record as it stands once the writes of this reply are carried out.
    pub fn saved(collection: impl Into<String>, id: Id) -> RouteReply {
        of(200, Payload::Saved(collection.into(), id))
    }

    /// The host answers with these records itself; no row enters the plugin.
    pub fn found(selection: impl Into<Selection>) -> RouteReply {
        of(200, Payload::Found(selection.into()))
    }

    /// The host answers with these figures itself.
    pub fn summarized(summary: impl Into<Summary>) -> RouteReply {
        of(200, Payload::Summarized(summary.into()))
    }

    /// The address of an open link of the plugin's own, also of one that this reply opens.
    pub fn link(id: Id) -> RouteReply {
        of(200, Payload::Link(id))
    }

    pub fn bytes(content_type: impl Into<String>, bytes: Vec<u8>) -> RouteReply {
        of(200, Payload::Bytes(content_type.into(), bytes))
    }

    /// The host answers with the bytes of this file, where the caller may read it.
    pub fn media(id: Id) -> RouteReply {
        of(200, Payload::Media(id))
    }
}

/// Adding to a route's answer.
pub trait BuildReply {
    #[must_use]
    fn with_status(self, status: u16) -> Self;

    /// What the host is to do, all of it or nothing, before it answers.
    #[must_use]
    fn with_writes<M: Into<Mutation>>(self, writes: impl IntoIterator<Item = M>) -> Self;
}

impl BuildReply for RouteReply {
    fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    fn with_writes<M: Into<Mutation>>(mut self, writes: impl IntoIterator<Item = M>) -> Self {
        self.writes.extend(writes.into_iter().map(M::into));
        self
    }
}

/// Reading what a job is called with.
pub trait ReadJob {
    /// The payload that it was asked for with.
    fn json<T: DeserializeOwned>(&self) -> Result<T, Fault>;

    /// Where the slice before stopped; nothing at the beginning.
    fn resumed<T: DeserializeOwned>(&self) -> Result<Option<T>, Fault>;
}

fn read<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|error| Fault::at("", "job", format!("The {what} cannot be read: {error}.")))
}

impl ReadJob for JobCall {
    fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        read("payload", &self.payload)
    }

    fn resumed<T: DeserializeOwned>(&self) -> Result<Option<T>, Fault> {
        self.cursor.as_deref().map(|cursor| read("cursor", cursor)).transpose()
    }
}

/// Putting together what a slice of a job comes to. `Slice::default()` ends the job and writes nothing.
pub trait BuildSlice: Sized {
    /// What the host is to do, all of it or nothing, together with where the job goes on.
    #[must_use]
    fn with_writes<M: Into<Mutation>>(self, writes: impl IntoIterator<Item = M>) -> Self;

    /// The job goes on from here, at once.
    fn resuming(self, cursor: &impl Serialize) -> Result<Self, Fault> {
        self.resuming_after(cursor, 0)
    }

    /// The job goes on from here, not before so many seconds.
    fn resuming_after(self, cursor: &impl Serialize, seconds: u32) -> Result<Self, Fault>;
}

impl BuildSlice for Slice {
    fn with_writes<M: Into<Mutation>>(mut self, writes: impl IntoIterator<Item = M>) -> Self {
        self.writes.extend(writes.into_iter().map(M::into));
        self
    }

    fn resuming_after(mut self, cursor: &impl Serialize, seconds: u32) -> Result<Self, Fault> {
        let cursor = serde_json::to_string(cursor).map_err(|_| Fault::internal())?;
        self.next = Some(Resume { cursor, delay_seconds: seconds });
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_set_in_one_change_stand_together() {
        let mut verdict = Verdict::default();
        verdict.set_field(2, "number", "A-1");
        verdict.set_field(0, "title", "Cut");
        verdict.set_field(2, "note", None::<&str>);
        assert_eq!(
            verdict.set.iter().map(|(index, fields)| (*index, fields.len())).collect::<Vec<_>>(),
            [(2, 2), (0, 1)]
        );
    }

    #[test]
    fn a_path_that_names_no_record_is_not_found() {
        let request = RouteRequest {
            route: "copy".into(),
            parameters: vec![("id".into(), "nonsense".into())],
            query: vec![("deep".into(), "yes".into())],
            content_type: "application/json".into(),
            body: b"{\"name\": 3}".to_vec(),
        };
        assert_eq!(request.id("id").unwrap_err().code, crate::ErrorCode::NotFound);
        assert_eq!(request.query_text("deep"), Some("yes"));
        assert_eq!(request.json::<serde_json::Value>().unwrap()["name"], 3);
        assert_eq!(request.json::<Vec<u8>>().unwrap_err().code, crate::ErrorCode::Invalid);
    }

    #[test]
    fn a_job_goes_on_where_its_slice_stopped() {
        let mut call = JobCall { job: "count".into(), payload: "{\"upto\": 5}".into(), cursor: None, attempt: 1 };
        assert_eq!(call.json::<serde_json::Value>().unwrap()["upto"], 5);
        assert_eq!(call.resumed::<u32>(), Ok(None));
        let slice = Slice::default().with_writes([crate::writes::remove("tasks", Id::fresh())]).resuming(&3).unwrap();
        assert_eq!(slice.writes.len(), 1);
        call.cursor = slice.next.map(|next| next.cursor);
        assert_eq!(call.resumed::<u32>(), Ok(Some(3)));
        assert!(call.resumed::<String>().is_err());
    }

    #[test]
    fn a_reply_carries_its_writes() {
        let id = Id::fresh();
        let reply = reply::saved("tasks", id).with_status(201).with_writes([crate::writes::insert("tasks", id)]);
        assert_eq!((reply.status, reply.writes.len()), (201, 1));
    }
}
