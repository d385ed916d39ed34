//! What every collection offers, from its descriptor alone.

use crate::app::App;
use crate::auth::Signed;
use crate::problem::Problem;
use crate::rest::accept::Format;
use crate::rest::expand::{Expansion, Told};
use crate::rest::export::{Export, TakenBy};
use crate::rest::query::{self, Back, Pairs};
use crate::rest::{answer, body, etag};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use lignaflow_core::bind::Binder;
use lignaflow_core::catalog::Schema;
use lignaflow_core::mutation::{Mutation, Origin};
use lignaflow_core::period::Almanac;
use lignaflow_core::query::{Authority, Page, Predicate, Selection};
use lignaflow_core::record::{Record, fields_from_json};
use lignaflow_core::repeat::Answer;
use lignaflow_core::value::Value;
use lignaflow_core::{Fault, Id, Issue};
use lignaflow_identity::Client;
use lignaflow_records::{Asked, Once, Saved, Write, Written};
use lignaflow_runtime::Snapshot;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// A collection at hand, with who asks for it.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    pub app: &'a App,
    pub signed: &'a Signed,
    pub snapshot: &'a Snapshot,
    pub schema: &'a Arc<Schema>,
    pub headers: &'a HeaderMap,
    /// From where they ask.
    pub client: &'a Client,
    /// The key of the request, if it has one.
    pub once: Option<&'a Once>,
}

impl Call<'_> {
    fn binder(&self) -> Binder<'_> {
        Binder { catalog: &self.snapshot.catalog, home: None }
    }

    fn almanac(&self) -> Almanac {
        Almanac::of(&self.signed.caller)
    }

    pub async fn list(&self, pairs: &Pairs) -> Result<Response, Problem> {
        if let Some(export) = self.export()? {
            return Ok(export.list(pairs).await?);
        }
        let access = self.signed.caller.to_read()?;
        let list = query::list(&self.binder(), self.schema, &self.almanac(), pairs)?;
        let page = self.app.records.find(access, &self.snapshot.catalog, &list.selection).await?;
        let count = if list.count {
            Some(self.app.records.count(access, &self.snapshot.catalog, &list.selection).await?)
        } else {
            None
        };
        let next = page.next.as_ref().map(|after| self.next("", pairs, after));
        let told = list.expansion.look_up(&self.app.records, &self.signed.caller, &page.rows).await?;
        Ok(varying(json_response(StatusCode::OK, rows(&page, &list.expansion, &told, next, count))))
    }

    /// The file that is asked for instead of JSON.
    fn export(&self) -> Result<Option<Export<'_>>, Problem> {
        let format = Format::of(self.headers)?;
        let Self { app, signed, snapshot, schema, client, .. } = *self;
        let (caller, taken_by) = (&signed.caller, TakenBy::Hand(&signed.authenticated, client));
        let export = Export { app, caller, taken_by, snapshot, schema, format, marked: false };
        Ok((format != Format::Json).then_some(export))
    }

    /// The address of the page after this one.
    fn next(&self, of: &str, pairs: &Pairs, after: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.iter().filter(|(name, _)| name != "after"));
        query.append_pair("after", after);
        format!("/api/v1/{}{of}?{}", self.schema.name, query.finish())
    }

    pub async fn summary(&self, pairs: &Pairs) -> Result<Response, Problem> {
        if let Some(export) = self.export()? {
            return Ok(export.summary(pairs).await?);
        }
        let binder = self.binder();
        let bound = query::summary(&binder, self.schema, &self.almanac(), pairs)?.bound(&binder)?;
        let mut page = self.app.records.groups(&self.signed.caller, &bound).await?;
        page.next = page.next.map(|after| self.next("/summary", pairs, &after));
        Ok(varying(json_response(StatusCode::OK, page_json(&page))))
    }

    pub async fn get(&self, id: Id, pairs: &Pairs) -> Result<Response, Problem> {
        let access = self.signed.caller.to_read()?;
        if pairs.is_empty() {
            let record = self.app.records.get(access, self.schema, id).await?;
            if etag::unchanged(self.headers, record.version) {
                let headers = [(header::ETAG, etag::of(record.version))];
                return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
            }
            return Ok(self.record(StatusCode::OK, &record));
        }
        // With `fields` or `expand`: one statement, as in a list, archived or not.
        let allowed: Pairs = pairs.iter().filter(|(name, _)| name == "fields" || name == "expand").cloned().collect();
        if let Some((name, _)) = pairs.iter().find(|pair| !allowed.contains(pair)) {
            let path = format!("/{}", lignaflow_core::record::escape(name));
            let message = format!("There is no parameter `{name}`; a record takes `fields` and `expand`.");
            return Err(Fault::at(path, "unknown-parameter", message).into());
        }
        let list = query::list(&self.binder(), self.schema, &self.almanac(), &allowed)?;
        let any = Predicate::Any(vec![
            Predicate::IsNull("archived_at".into()),
            Predicate::Not(Box::new(Predicate::IsNull("archived_at".into()))),
        ]);
        let selection = Selection {
            authority: Authority::Caller,
            filter: Predicate::equal("id", Value::Reference(id)).and(any),
            limit: 1,
            select: [list.expansion.columns(), &["version".to_owned()]].concat(),
            ..list.selection
        };
        let page = self.app.records.find(access, &self.snapshot.catalog, &selection).await?;
        let Some(row) = page.rows.first() else {
            return Err(Fault::not_found(self.schema.collection.title.one.to_lowercase()).into());
        };
        let told = list.expansion.look_up(&self.app.records, &self.signed.caller, &page.rows).await?;
        let mut out = Vec::new();
        list.expansion.write(row, &told, &mut out);
        let version = row.last().and_then(Value::as_integer).unwrap_or_default().unsigned_abs();
        // What stands in the place of an id has versions of its own.
        let tag = if list.expansion.expands() { etag::of_bytes(version, &out) } else { etag::text(version) };
        let mut response = if etag::has(self.headers, &tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            json_response(StatusCode::OK, out)
        };
        response.headers_mut().insert(header::ETAG, etag::header(&tag));
        Ok(response)
    }

    pub async fn create(&self, body: &Bytes) -> Result<Response, Problem> {
        let mut object = body::object(self.headers, body)?;
        let mut issues = Vec::new();
        let own = own_id(&mut object, &mut issues);
        let id = own.unwrap_or_else(Id::fresh);
        let (fields, more) = fields_from_json(self.schema, &object);
        issues.extend(more);
        let collection = self.schema.name.to_string();
        let mutation = Mutation::Insert { collection, id, fields };
        let asked = Asked { mutation, place: String::new(), own_id: own.is_some() };
        self.carry_out(issues, asked, answer::made).await
    }

    pub async fn update(&self, id: Id, body: &Bytes) -> Result<Response, Problem> {
        let expected = etag::expected(self.headers)?;
        let object = body::object(self.headers, body)?;
        let (fields, issues) = fields_from_json(self.schema, &object);
        let collection = self.schema.name.to_string();
        self.write(issues, Mutation::Update { collection, id, expected, fields }, answer::standing).await
    }

    /// Archives: the record leaves lists and can be restored.
    pub async fn remove(&self, id: Id) -> Result<Response, Problem> {
        let expected = etag::expected(self.headers)?;
        let collection = self.schema.name.to_string();
        self.write(Vec::new(), Mutation::Remove { collection, id, expected }, answer::standing).await
    }

    pub async fn restore(&self, id: Id) -> Result<Response, Problem> {
        let expected = etag::optional(self.headers)?;
        let collection = self.schema.name.to_string();
        self.write(Vec::new(), Mutation::Restore { collection, id, expected }, answer::standing).await
    }

    pub async fn transition(&self, id: Id, name: &str, body: &Bytes) -> Result<Response, Problem> {
        let expected = etag::optional(self.headers)?;
        let object = if body.is_empty() { Map::new() } else { body::object(self.headers, body)? };
        let (fields, issues) = fields_from_json(self.schema, &object);
        let collection = self.schema.name.to_string();
        let name = name.to_owned();
        self.write(issues, Mutation::Transition { collection, id, expected, name, fields }, answer::standing).await
    }

    /// Sets the record back to what it was at a version.
    pub async fn revert(&self, id: Id, body: &Bytes) -> Result<Response, Problem> {
        let expected = etag::optional(self.headers)?;
        let object = body::object(self.headers, body)?;
        let mut issues = Vec::new();
        let version = object.get("version").and_then(Json::as_u64).unwrap_or_else(|| {
            issues.push(Issue::new("/version", "required", "Name the version to go back to, such as 3."));
            0
        });
        issues.extend(object.keys().filter(|name| *name != "version").map(|name| {
            let message = format!("There is no `{name}` here; a revert takes `version`.");
            Issue::new(format!("/{}", lignaflow_core::record::escape(name)), "unknown-field", message)
        }));
        if !issues.is_empty() {
            return Err(Fault::invalid(issues).into());
        }
        let answer = |written: &Written| written.saved.first().map(answer::standing);
        let repeat = self.once.map(|once| once.answering(answer));
        let caller = &self.signed.caller;
        let written = self.app.records.revert(caller, self.schema, id, expected, version, repeat).await?;
        answer(&written).map(answer::response).ok_or_else(Problem::internal)
    }

    /// What happened to a record, the newest first.
    pub async fn history(&self, id: Id, pairs: &Pairs) -> Result<Response, Problem> {
        let access = self.signed.caller.to_read()?;
        let back: Back<i64> = Back::read(pairs, query::DEFAULT_LIMIT)?;
        self.app.records.get(access, self.schema, id).await?;
        let entries = self.app.records.history_before(access, self.schema, id, back.before, back.limit + 1);
        let mut entries = entries.await?;
        let path = format!("{}/{id}/history", self.schema.name);
        let next = back.cut(&path, &mut entries, |entry| entry.position.sequence().to_string());
        let data: Vec<Json> = entries.iter().map(crate::rest::host::log_entry).collect();
        let mut answer = json!({ "data": data, "next": next });
        let files = crate::rest::host::file_names(self.app, access, self.schema, &entries).await?;
        if let Some(files) = files {
            answer["files"] = files;
        }
        Ok(json_response(StatusCode::OK, answer.to_string().into_bytes()))
    }

    async fn write(
        &self,
        found: Vec<Issue>,
        mutation: Mutation,
        make: fn(&Saved) -> Answer,
    ) -> Result<Response, Problem> {
        self.carry_out(found, Asked { mutation, place: String::new(), own_id: false }, make).await
    }

    /// One change, answered with the record that it leaves. `found` are the faults of the body's types and names, told
    /// together with all others.
    async fn carry_out(
        &self,
        found: Vec<Issue>,
        asked: Asked,
        make: fn(&Saved) -> Answer,
    ) -> Result<Response, Problem> {
        let answer = move |written: &Written| written.saved.first().map(make);
        let repeat = self.once.map(|once| once.answering(answer));
        let write = Write { origin: Origin::Api, asked: vec![asked], issues: found, repeat };
        let written = self.app.records.carry_out(&self.signed.caller, write).await?;
        answer(&written).map(answer::response).ok_or_else(Problem::internal)
    }

    /// One record as an answer.
    pub fn record(&self, status: StatusCode, record: &Record) -> Response {
        record_response(status, self.schema, record)
    }
}

/// An answer that another `Accept` would have had in another format.
fn varying(mut response: Response) -> Response {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// The id that a client brings for a new record.
pub fn own_id(object: &mut Map<String, Json>, issues: &mut Vec<Issue>) -> Option<Id> {
    let given = object.remove("id")?;
    let id = given.as_str().and_then(|text| text.parse::<Id>().ok()).filter(|id| id.is_v7());
    if id.is_none() {
        let message = "An id of yours is a version 7 UUID; leave it out to be given one.";
        issues.push(Issue::new("/id", "id", message));
    }
    id
}

pub fn record_response(status: StatusCode, schema: &Schema, record: &Record) -> Response {
    answer::response(answer::record(status, schema, record))
}

pub fn json_response(status: StatusCode, bytes: Vec<u8>) -> Response {
    answer::response(answer::json(status, bytes))
}

fn rows(page: &Page, expansion: &Expansion, told: &Told, next: Option<String>, count: Option<u64>) -> Vec<u8> {
    let mut out = Vec::with_capacity(page.rows.len() * 512 + 64);
    out.extend_from_slice(b"{\"data\":[");
    for (index, row) in page.rows.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        expansion.write(row, told, &mut out);
    }
    out.extend_from_slice(b"],\"next\":");
    crate::rest::expand::write_value(&next.map_or(Value::Null, Value::Text), &mut out);
    if let Some(count) = count {
        out.extend_from_slice(format!(",\"count\":{count}").as_bytes());
    }
    out.push(b'}');
    out
}

/// A page as it stands: each row an object of its columns.
pub fn page_json(page: &Page) -> Vec<u8> {
    let mut out = Vec::with_capacity(page.rows.len() * 128 + 64);
    out.extend_from_slice(b"{\"data\":[");
    for (index, row) in page.rows.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"{" } else { b",{" });
        for (at, (column, value)) in page.columns.iter().zip(row).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            crate::rest::expand::write_value(&Value::Text(column.clone()), &mut out);
            out.push(b':');
            crate::rest::expand::write_value(value, &mut out);
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"],\"next\":");
    crate::rest::expand::write_value(&page.next.clone().map_or(Value::Null, Value::Text), &mut out);
    out.push(b'}');
    out
}
