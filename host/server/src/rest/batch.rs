//! Many changes of one collection in one request: all or none, or with `partial` each on its own.
//!
//! An operation is an object of one member: its verb, with what the single request of that verb would have in its path,
//! its `If-Match` and its body. The places of faults are therefore pointers into the body as it was sent.

use crate::problem::Problem;
use crate::rest::collections::{Call, own_id};
use crate::rest::query::Pairs;
use crate::rest::{answer, body, repeat};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use lignaflow_core::descriptor::{ChangeKind, nearest};
use lignaflow_core::mutation::{Fields, Mutation, Origin};
use lignaflow_core::record::{escape, fields_from_json};
use lignaflow_core::repeat::Answer;
use lignaflow_core::{Fault, Id, Issue};
use lignaflow_records::{Asked, Once, Saved, Write, Written};
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;

/// The most operations of one batch.
pub const MAX_OPERATIONS: usize = 500;

/// The verbs of every collection; its transitions are verbs beside them.
pub const VERBS: [&str; 4] = ["create", "update", "remove", "restore"];

/// One operation as it was read, with its faults.
struct Operation {
    asked: Option<Asked>,
    issues: Vec<Issue>,
}

impl Call<'_> {
    pub async fn batch(&self, pairs: &Pairs, body: &Bytes) -> Result<Response, Problem> {
        let partial = partial(pairs)?;
        let object = body::object(self.headers, body)?;
        let operations = self.operations(object)?;
        if !partial {
            return self.together(operations).await;
        }
        let results = self.each(operations).await?;
        Ok(answer::response(whole(&results)))
    }

    /// One commit for all.
    async fn together(&self, operations: Vec<Operation>) -> Result<Response, Problem> {
        let mut asked = Vec::with_capacity(operations.len());
        let mut issues = Vec::new();
        for operation in operations {
            asked.extend(operation.asked);
            issues.extend(operation.issues);
        }
        let count = asked.len();
        // What hooks added beside them is not told.
        let answer = move |written: &Written| whole(&written.saved.iter().take(count).map(one).collect::<Vec<_>>());
        let repeat = self.once.map(|once| once.answering(move |written| Some(answer(written))));
        let write = Write { origin: Origin::Batch, asked, issues, repeat };
        let written = self.app.records.carry_out(&self.signed.caller, write).await?;
        Ok(answer::response(answer(&written)))
    }

    /// A commit for each, in their order, so that one may rest on those before it. With a key, each is kept under a
    /// part of it: a batch that broke off goes on where it did.
    async fn each(&self, operations: Vec<Operation>) -> Result<Vec<Json>, Problem> {
        let mut results = Vec::with_capacity(operations.len());
        let mut before = self.parts().await?;
        for (index, Operation { asked, issues }) in operations.into_iter().enumerate() {
            let part = self.once.map(|once| once.part(index));
            let name = part.as_ref().map(|part| part.key().text.clone());
            let kept = name.as_ref().and_then(|name| before.remove(name));
            if let Some(kept) = kept {
                results.push(kept);
                continue;
            }
            let outcome = match asked {
                Some(asked) => {
                    let keep = |part: Once| {
                        part.answering(|written| {
                            let body = written.saved.first().map(one)?.to_string().into_bytes();
                            Some(Answer { status: StatusCode::OK.as_u16(), headers: Vec::new(), body })
                        })
                    };
                    let write = Write { origin: Origin::Batch, asked: vec![asked], issues, repeat: part.map(keep) };
                    self.app.records.carry_out(&self.signed.caller, write).await
                }
                None => Err(Fault::invalid(issues)),
            };
            results.push(match outcome {
                Ok(written) => written.saved.first().map(one).ok_or_else(Problem::internal)?,
                Err(fault) => {
                    // Whatever was in its way may have been the same operation of the same request, a moment earlier.
                    let kept = match &name {
                        Some(name) => self.parts().await?.remove(name),
                        None => None,
                    };
                    kept.unwrap_or_else(|| {
                        let problem = Problem::from(fault);
                        json!({ "status": problem.status().as_u16(), "problem": problem.body() })
                    })
                }
            });
        }
        Ok(results)
    }

    /// What became of operations that were carried out before the batch broke off, by the keys of their parts.
    async fn parts(&self) -> Result<HashMap<String, Json>, Problem> {
        let Some(once) = self.once else { return Ok(HashMap::new()) };
        let parts = repeat::parts(self.app, self.signed, once.key()).await?;
        Ok(parts
            .into_iter()
            .filter(|part| part.fingerprint == once.key().fingerprint)
            .filter_map(|part| Some((part.key, serde_json::from_slice(&part.answer?.body).ok()?)))
            .collect())
    }

    fn operations(&self, mut object: Map<String, Json>) -> Result<Vec<Operation>, Problem> {
        let mut issues = Vec::new();
        let list = match object.remove("operations") {
            Some(Json::Array(list)) if (1..=MAX_OPERATIONS).contains(&list.len()) => list,
            Some(Json::Array(list)) => {
                let message = format!("A batch has 1 to {MAX_OPERATIONS} operations, not {}.", list.len());
                issues.push(Issue::new("/operations", "count", message));
                Vec::new()
            }
            Some(_) => {
                issues.push(Issue::new("/operations", "type", "Expected a list of operations."));
                Vec::new()
            }
            None => {
                issues.push(Issue::new("/operations", "required", "A batch has its `operations`."));
                Vec::new()
            }
        };
        issues.extend(object.keys().map(|name| {
            Issue::new(format!("/{}", escape(name)), "unknown-field", format!("There is no `{name}` in a batch."))
        }));
        if !issues.is_empty() {
            return Err(Fault::invalid(issues).into());
        }
        Ok(list.into_iter().enumerate().map(|(index, json)| self.operation(index, json)).collect())
    }

    fn operation(&self, index: usize, json: Json) -> Operation {
        let place = format!("/operations/{index}");
        let refused = |path: String, code: &str, message: String| Operation {
            asked: None,
            issues: vec![Issue::new(path, code, message)],
        };
        let object = match json {
            Json::Object(object) if object.len() == 1 => object,
            _ => {
                let message = "An operation is an object of one member, its verb: {\"create\": {…}}.";
                return refused(place, "operation", message.to_owned());
            }
        };
        let Some((verb, input)) = object.into_iter().next() else {
            return refused(place, "operation", "An operation names its verb.".to_owned());
        };
        let place = format!("{place}/{}", escape(&verb));
        let transition = self.schema.collection.verbs().any(|transition| transition.name.as_str() == verb);
        if !transition && !VERBS.contains(&verb.as_str()) {
            let transitions = self.schema.collection.verbs().map(|transition| transition.name.as_str());
            let known: Vec<_> = VERBS.into_iter().chain(transitions).collect();
            let message = match nearest(&verb, known.iter().copied()) {
                Some(near) => format!("There is no operation `{verb}`; did you mean `{near}`?"),
                None => format!("There is no operation `{verb}`: {}.", known.join(", ")),
            };
            return refused(place, "operation", message);
        }
        let Json::Object(input) = input else {
            return refused(place, "type", format!("Expected an object: what `{verb}` needs."));
        };
        self.verb(&verb, input, place)
    }

    /// An operation whose verb is known.
    fn verb(&self, verb: &str, mut input: Map<String, Json>, place: String) -> Operation {
        let mut issues = Vec::new();
        let mut id = None;
        let mut expected = None;
        let mut own = false;
        if verb == "create" {
            let given = own_id(&mut input, &mut issues);
            own = given.is_some();
            id = Some(given.unwrap_or_else(Id::fresh));
        } else {
            match input.remove("id").as_ref().map(|id| id.as_str().and_then(|text| text.parse::<Id>().ok())) {
                Some(Some(given)) => id = Some(given),
                Some(None) => issues.push(Issue::new("/id", "type", "Expected the id of a record, a UUID.")),
                None => issues.push(Issue::new("/id", "required", "Name the record by its `id`.")),
            }
            match version(input.remove("version"), matches!(verb, "update" | "remove")) {
                Ok(version) => expected = version,
                Err(issue) => issues.push(issue),
            }
        }
        let takes_fields = !matches!(verb, "remove" | "restore");
        let (fields, more) =
            if takes_fields { fields_from_json(self.schema, &input) } else { (Fields::new(), Vec::new()) };
        issues.extend(more);
        if !takes_fields {
            issues.extend(input.keys().map(|name| {
                let message = format!("`{verb}` takes `id` and `version` alone.");
                Issue::new(format!("/{}", escape(name)), "unknown-field", message)
            }));
        }
        let issues = issues.into_iter().map(|issue| issue.under(&place)).collect();
        let collection = self.schema.name.to_string();
        let asked = id.map(|id| {
            let mutation = match verb {
                "create" => Mutation::Insert { collection, id, fields },
                "update" => Mutation::Update { collection, id, expected, fields },
                "remove" => Mutation::Remove { collection, id, expected },
                "restore" => Mutation::Restore { collection, id, expected },
                name => Mutation::Transition { collection, id, expected, name: name.to_owned(), fields },
            };
            Asked { mutation, place, own_id: own }
        });
        Operation { asked, issues }
    }
}

/// The version that an operation is meant for, as its `If-Match` would have it.
fn version(given: Option<Json>, required: bool) -> Result<Option<u64>, Issue> {
    match given {
        None if required => Err(Issue::new(
            "/version",
            "required",
            "Send the version that you read, so that nobody's change is lost. `\"*\"` means any version.",
        )),
        None => Ok(None),
        Some(Json::String(any)) if any == "*" => Ok(None),
        Some(given) => match given.as_u64() {
            Some(version) => Ok(Some(version)),
            None => Err(Issue::new("/version", "type", "Expected a version such as 7, or \"*\" for any.")),
        },
    }
}

fn partial(pairs: &Pairs) -> Result<bool, Problem> {
    let mut partial = false;
    let mut issues = Vec::new();
    for (name, text) in pairs {
        match (name.as_str(), text.as_str()) {
            ("partial", "true") => partial = true,
            ("partial", "false") => partial = false,
            ("partial", _) => {
                issues.push(Issue::new("/partial", "type", format!("Expected true or false, not `{text}`.")));
            }
            _ => {
                let message = format!("There is no parameter `{name}`; a batch takes `partial`.");
                issues.push(Issue::new(format!("/{}", escape(name)), "unknown-parameter", message));
            }
        }
    }
    if issues.is_empty() { Ok(partial) } else { Err(Fault::invalid(issues).into()) }
}

/// The answer with what became of each operation.
fn whole(results: &[Json]) -> Answer {
    answer::json(StatusCode::OK, json!({ "results": results }).to_string().into_bytes())
}

fn one(saved: &Saved) -> Json {
    let status = if saved.kind == ChangeKind::Insert && !saved.repeated { StatusCode::CREATED } else { StatusCode::OK };
    json!({ "status": status.as_u16(), "record": saved.record.to_json(&saved.schema) })
}
