//! Requests to a running server, as any client makes them, and what it refused told in its own words. The sample and the
//! importer go in by it; neither knows more of the server than its API.

use anyhow::{Context, Result};
pub use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, ORIGIN};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, RequestBuilder, StatusCode, Url};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// The most operations of one batch.
const BATCH: usize = 500;
/// Ids that are asked for in one address.
const ASKED: usize = 150;

/// What the server did not do, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{asked}: {said}")]
pub struct Refused {
    /// The method and the address.
    pub asked: String,
    pub status: u16,
    pub said: String,
}

/// A server.
#[derive(Debug, Clone)]
pub struct Site {
    root: String,
    authority: Option<Certificate>,
}

impl Site {
    /// `root` is its address; `authority` the PEM of an authority that is believed beside those of the system.
    pub fn new(root: &str, authority: Option<&[u8]>) -> Result<Self> {
        let authority = authority.map(Certificate::from_pem).transpose().context("the authority's file is not PEM")?;
        Ok(Self { root: root.trim_end_matches('/').to_owned(), authority })
    }

    /// Whoever holds this token.
    pub fn with_token(&self, token: &str) -> Result<Actor> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?);
        self.actor(headers)
    }

    /// Nobody yet: whoever signs in, from then on.
    pub fn with_session(&self) -> Result<Actor> {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::from_str(&self.root)?);
        self.actor(headers)
    }

    fn actor(&self, headers: HeaderMap) -> Result<Actor> {
        let mut client = Client::builder().default_headers(headers).cookie_store(true).redirect(Policy::none());
        if let Some(authority) = &self.authority {
            client = client.tls_certs_merge([authority.clone()]);
        }
        Ok(Actor { root: format!("{}/api/v1", self.root), client: client.build()? })
    }
}

/// Somebody who asks.
#[derive(Debug, Clone)]
pub struct Actor {
    root: String,
    client: Client,
}

impl Actor {
    /// The answer's body; null where it has none. Anything but success is an error with what the server said.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Json>) -> Result<Json> {
        self.ask(method, path, |request| match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// Sends a file, which waits for a record to hold it, and answers with its id.
    pub async fn bring(&self, name: &str, bytes: Vec<u8>) -> Result<String> {
        let path = Url::parse_with_params("x:media", [("name", name)]).context("the name of a file")?;
        let path = path.as_str().trim_start_matches("x:");
        let file = self.ask(Method::POST, path, |request| request.body(bytes.clone())).await?;
        file["id"].as_str().map(str::to_owned).with_context(|| format!("{name} was taken and has no id"))
    }

    async fn ask(&self, method: Method, path: &str, with: impl Fn(RequestBuilder) -> RequestBuilder) -> Result<Json> {
        loop {
            let request = with(self.client.request(method.clone(), format!("{}/{path}", self.root)));
            let answer = request.send().await.with_context(|| format!("{} does not answer", self.root))?;
            let status = answer.status();
            // As anybody who sends a lot: wait for as long as one is asked to.
            if status == StatusCode::TOO_MANY_REQUESTS {
                let wait = answer.headers().get("retry-after").and_then(|wait| wait.to_str().ok()?.parse().ok());
                tokio::time::sleep(std::time::Duration::from_secs(wait.unwrap_or(1))).await;
                continue;
            }
            let text = answer.text().await?;
            if !status.is_success() {
                let (asked, said) = (format!("{method} {path}"), told(status, &text));
                return Err(Refused { asked, status: status.as_u16(), said }.into());
            }
            return if text.is_empty() { Ok(Json::Null) } else { Ok(serde_json::from_str(&text)?) };
        }
    }

    pub async fn get(&self, path: &str) -> Result<Json> {
        self.call(Method::GET, path, None).await
    }

    /// Puts something in its place, whatever is there.
    pub async fn put(&self, path: &str, body: &Json) -> Result<Json> {
        self.ask(Method::PUT, path, |request| request.header("if-match", "*").json(body)).await
    }

    pub async fn post(&self, path: &str, body: &Json) -> Result<Json> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// All records that match, page after page.
    pub async fn list(&self, path: &str) -> Result<Vec<Json>> {
        let mut records = Vec::new();
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut next = format!("{path}{joint}limit=200");
        loop {
            let mut page = self.get(&next).await?;
            if let Json::Array(data) = page["data"].take() {
                records.extend(data);
            }
            // It is told as an address of its own.
            match page["next"].as_str().and_then(|next| next.strip_prefix("/api/v1/")) {
                Some(address) => address.clone_into(&mut next),
                None => return Ok(records),
            }
        }
    }

    /// Which of these records are there, archived ones too.
    pub async fn standing(&self, collection: &str, ids: &[String]) -> Result<BTreeSet<String>> {
        let mut there = BTreeSet::new();
        for some in ids.chunks(ASKED) {
            for archived in ["true", "false"] {
                let list = some.join(",");
                let path =
                    format!("{collection}?filter[id][in]={list}&filter[archived_at][is_null]={archived}&fields=id");
                there.extend(
                    self.list(&path).await?.iter().filter_map(|record| record["id"].as_str().map(str::to_owned)),
                );
            }
        }
        Ok(there)
    }

    /// Those of these that are not there yet, made in as few commits as may be; each has an id of its own. Answers how
    /// many were made.
    pub async fn complete(&self, collection: &str, records: Vec<Json>, at_once: usize) -> Result<usize> {
        let ids: Vec<String> = records.iter().filter_map(|record| record["id"].as_str().map(str::to_owned)).collect();
        let there = self.standing(collection, &ids).await?;
        let missing = records.into_iter().filter(|record| !record["id"].as_str().is_some_and(|id| there.contains(id)));
        let missing: Vec<Json> = missing.map(|record| json!({ "create": record })).collect();
        let made = missing.len();
        for part in missing.chunks(at_once.clamp(1, BATCH)) {
            self.post(&format!("{collection}/batch"), &json!({ "operations": part })).await?;
        }
        Ok(made)
    }

    /// Records made in as few commits as may be, their order kept.
    pub async fn create(&self, collection: &str, records: Vec<Json>) -> Result<Vec<Json>> {
        self.batch(collection, records.into_iter().map(|record| json!({ "create": record })).collect()).await
    }

    /// The same act on each of these records, with what goes with it.
    pub async fn act(&self, collection: &str, verb: &str, ids: &[String], with: &Json) -> Result<()> {
        let operation = |id: &String| {
            let mut body = with.clone();
            body["id"] = json!(id);
            body["version"] = json!("*");
            json!({ verb: body })
        };
        self.batch(collection, ids.iter().map(operation).collect()).await.map(|_| ())
    }

    /// Each of these changed as it says itself.
    pub async fn change(&self, collection: &str, changes: Vec<(String, Json)>) -> Result<()> {
        let operation = |(id, mut change): (String, Json)| {
            change["id"] = json!(id);
            change["version"] = json!("*");
            json!({ "update": change })
        };
        self.batch(collection, changes.into_iter().map(operation).collect()).await.map(|_| ())
    }

    async fn batch(&self, collection: &str, operations: Vec<Json>) -> Result<Vec<Json>> {
        let mut records = Vec::with_capacity(operations.len());
        for part in operations.chunks(BATCH) {
            let mut answer = self.post(&format!("{collection}/batch"), &json!({ "operations": part })).await?;
            if let Json::Array(results) = answer["results"].take() {
                records.extend(results.into_iter().map(|mut result| result["record"].take()));
            }
        }
        Ok(records)
    }
}

/// What a problem says, with the first of its issues.
fn told(status: StatusCode, text: &str) -> String {
    let Ok(problem) = serde_json::from_str::<Json>(text) else { return format!("{status}") };
    let mut said = format!("{status}: {}", problem["detail"].as_str().unwrap_or_default());
    for issue in problem["issues"].as_array().into_iter().flatten().take(3) {
        let part = |name: &str| issue[name].as_str().unwrap_or_default().to_owned();
        said = format!("{said} {} {}", part("path"), part("message"));
    }
    said
}
