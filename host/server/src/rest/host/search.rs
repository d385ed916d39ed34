//! One search over every collection of the plugins that are on.

use crate::app::App;
use crate::auth::Signed;
use crate::problem::Problem;
use crate::rest::query::Pairs;
use axum::Json;
use axum::extract::{RawQuery, State};
use lignaflow_core::catalog::Schema;
use lignaflow_core::name::CollectionName;
use lignaflow_core::{Fault, Issue};
use lignaflow_records::search::{Found, is_searched};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Records of each collection where the client names no limit, and the most that it may name.
const DEFAULT_LIMIT: u16 = 10;
const MAX_LIMIT: u16 = 50;
/// Characters of what is searched for.
const MAX_TEXT: usize = 200;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SearchAnswer {
    /// The collections in which something was found, by name.
    pub data: Vec<FoundIn>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundIn {
    #[schema(example = "projects/tasks")]
    pub collection: String,
    #[schema(example = "Tasks")]
    pub title: String,
    /// By what they are called.
    pub records: Vec<FoundRecord>,
    /// The address of further records of this collection.
    pub next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundRecord {
    #[schema(format = Uuid)]
    pub id: String,
    /// What the record is called.
    pub label: String,
    /// Where the words stand, if not in what it is called.
    pub snippet: Option<FoundText>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundText {
    pub field: String,
    /// The part of the field's text around the first word.
    pub text: String,
}

/// What is asked for.
struct Asked {
    text: String,
    limit: u16,
    collection: Option<CollectionName>,
    after: Option<String>,
}

fn asked(pairs: &Pairs) -> Result<Asked, Fault> {
    let mut asked = Asked { text: String::new(), limit: DEFAULT_LIMIT, collection: None, after: None };
    let mut issues = Vec::new();
    for (name, text) in pairs {
        match name.as_str() {
            "q" => text.trim().clone_into(&mut asked.text),
            "limit" => match text.parse() {
                Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => asked.limit = limit,
                _ => issues.push(Issue::new(
                    "/limit",
                    "limit",
                    format!("The limit is 1 to {MAX_LIMIT} of each collection, not `{text}`."),
                )),
            },
            "collection" => match text.parse() {
                Ok(name) => asked.collection = Some(name),
                Err(_) => issues.push(Issue::new(
                    "/collection",
                    "unknown-collection",
                    format!("`{text}` is no collection such as projects/tasks."),
                )),
            },
            "after" => asked.after = Some(text.clone()),
            _ => {
                let near = lignaflow_core::descriptor::nearest(name, ["q", "limit", "collection", "after"].into_iter());
                let meant = near.map_or_else(|| ".".to_owned(), |near| format!("; did you mean `{near}`?"));
                let path = format!("/{}", lignaflow_core::record::escape(name));
                issues.push(Issue::new(path, "unknown-parameter", format!("There is no parameter `{name}`{meant}")));
            }
        }
    }
    let length = asked.text.chars().count();
    if length == 0 {
        issues.push(Issue::new("/q", "required", "Say in `q` what to search for."));
    } else if length > MAX_TEXT {
        let message = format!("At most {MAX_TEXT} characters are searched for, not {length}.");
        issues.push(Issue::new("/q", "too-long", message));
    }
    if asked.after.is_some() && asked.collection.is_none() {
        let message = "A cursor belongs to a collection: follow `next` as it was given.";
        issues.push(Issue::new("/after", "cursor", message));
    }
    if issues.is_empty() { Ok(asked) } else { Err(Fault::invalid(issues)) }
}

/// Search all that is on
#[utoipa::path(
    get, path = "/search", tag = "host", operation_id = "host_search",
    description = "Records in whose searched fields every word stands, or a word that begins so, grouped by collection.",
    extensions(("x-permission" = json!("records.read"))),
    params(
        ("q" = String, Query, description = "Words, at most 16.", example = "oak"),
        ("limit" = Option<u16>, Query, description = "Records of each collection, 1 to 50; 10 where left out."),
        ("collection" = Option<String>, Query, description = "Only this collection.", example = "projects/tasks"),
        ("after" = Option<String>, Query, description = "From `next`, with its collection."),
    ),
    responses((status = 200, description = "What was found; a collection without anything is left out.", body = SearchAnswer))
)]
pub(super) async fn search(
    State(app): State<Arc<App>>,
    signed: Signed,
    RawQuery(raw): RawQuery,
) -> Result<Json<SearchAnswer>, Problem> {
    let access = signed.caller.to_read()?;
    let pairs: Pairs = form_urlencoded::parse(raw.as_deref().unwrap_or_default().as_bytes()).into_owned().collect();
    let asked = asked(&pairs)?;
    let snapshot = app.registry.seen_by(&signed.caller);
    let schemas: Vec<Arc<Schema>> = match &asked.collection {
        Some(name) => {
            let schema = app.records.schema(&snapshot, &signed.caller, name)?;
            if !is_searched(&schema) {
                let message = format!("`{name}` has no field that is searched.");
                return Err(Fault::at("/collection", "not-searchable", message).into());
            }
            vec![schema]
        }
        None => snapshot
            .catalog
            .schemas()
            .filter(|schema| snapshot.is_enabled(signed.caller.organization, &schema.name.plugin))
            .filter(|schema| is_searched(schema))
            .cloned()
            .collect(),
    };
    let mut data = Vec::new();
    for schema in schemas {
        let after = asked.after.clone();
        let found = app.records.search(access, &snapshot.catalog, &schema, &asked.text, asked.limit, after).await?;
        if !found.hits.is_empty() {
            data.push(told(&schema, &asked, found));
        }
    }
    Ok(Json(SearchAnswer { data }))
}

fn told(schema: &Schema, asked: &Asked, found: Found) -> FoundIn {
    let next = found.next.map(|after| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("q", &asked.text);
        query.append_pair("collection", &schema.name.to_string());
        query.append_pair("limit", &asked.limit.to_string());
        query.append_pair("after", &after);
        format!("/api/v1/search?{}", query.finish())
    });
    let records = found.hits.into_iter().map(|hit| FoundRecord {
        id: hit.id.to_string(),
        label: hit.label,
        snippet: hit.snippet.map(|snippet| FoundText { field: snippet.field.to_string(), text: snippet.text }),
    });
    FoundIn {
        collection: schema.name.to_string(),
        title: schema.collection.title.many.clone(),
        records: records.collect(),
        next,
    }
}
