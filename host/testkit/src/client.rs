//! A client of the API, in as few words as a test wants to read.

use reqwest::header::{CONTENT_TYPE, COOKIE, ETAG, HeaderMap, IF_MATCH, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Method, RequestBuilder};
use serde_json::{Value as Json, json};
use std::net::SocketAddr;

/// Speaks to one server, with one token or none. Follows no redirect and no proxy.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    root: String,
    token: Option<String>,
    cookie: Option<String>,
}

/// What came back, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// Null where the body is no JSON.
    pub json: Json,
    asked: String,
}

pub(crate) fn builder(https: SocketAddr, authority: &Certificate) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_certs_only([authority.clone()])
        .resolve("localhost", https)
        .redirect(Policy::none())
        .no_proxy()
}

impl Client {
    pub(crate) fn new(root: &str, https: SocketAddr, authority: &Certificate, token: Option<&str>) -> Self {
        let http = builder(https, authority).build().expect("a client");
        Self { http, root: root.to_owned(), token: token.map(str::to_owned), cookie: None }
    }

    /// The same connections, with another token or none.
    #[must_use]
    pub fn with_token(&self, token: Option<&str>) -> Self {
        Self { token: token.map(str::to_owned), ..self.clone() }
    }

    /// The same connections, with cookies in the place of a token, as a script of this site's own pages sends them.
    #[must_use]
    pub fn with_cookie(&self, cookie: &str) -> Self {
        Self { token: None, cookie: Some(cookie.to_owned()), ..self.clone() }
    }

    /// A path below `/api/v1/`, or from the root where it begins with a slash.
    fn address(&self, path: &str) -> String {
        if path.starts_with('/') { format!("{}{path}", self.root) } else { format!("{}/api/v1/{path}", self.root) }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, self.address(path));
        match (&self.token, &self.cookie) {
            (Some(token), _) => request.bearer_auth(token),
            (None, Some(cookie)) => request.header(COOKIE, cookie).header("Sec-Fetch-Site", "same-origin"),
            (None, None) => request,
        }
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::of(request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Json) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// A POST that says nothing more, such as a transition.
    pub async fn act(&self, path: &str) -> Answer {
        self.send(self.request(Method::POST, path)).await
    }

    pub async fn patch(&self, path: &str, etag: &str, body: Json) -> Answer {
        self.send(self.request(Method::PATCH, path).header(IF_MATCH, etag).json(&body)).await
    }

    pub async fn delete(&self, path: &str, etag: &str) -> Answer {
        self.send(self.request(Method::DELETE, path).header(IF_MATCH, etag)).await
    }

    /// Makes a record and answers its id.
    pub async fn make(&self, collection: &str, body: Json) -> String {
        self.post(collection, body).await.is(201).id()
    }

    /// Gives somebody these roles, and no others, as who administers the organization does.
    pub async fn give_roles(&self, person: impl std::fmt::Display, roles: &[&str]) {
        let given = self.request(Method::PUT, &format!("people/{person}/roles")).json(&json!({ "roles": roles }));
        let _ = self.send(given).await.is(204);
    }
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let (client, request) = request.build_split();
        let request = request.expect("a request");
        let asked = format!("{} {}", request.method(), request.url());
        let response = client.execute(request).await.unwrap_or_else(|error| panic!("{asked}: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap_or_else(|error| panic!("{asked}: {error:?}"));
        let json = serde_json::from_str(&text).unwrap_or_default();
        Self { status, headers, text, json, asked }
    }

    /// The same answer, where it has that status.
    #[must_use]
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text);
        self
    }

    /// A problem with that status and code, which names the request as its header does.
    #[must_use]
    #[track_caller]
    pub fn is_problem(self, status: u16, code: &str) -> Self {
        let answer = self.is(status);
        assert_eq!(answer.header(CONTENT_TYPE.as_str()), "application/problem+json", "{}", answer.asked);
        assert_eq!(answer.json["status"], status, "{}: {}", answer.asked, answer.text);
        assert_eq!(answer.json["code"], code, "{}: {}", answer.asked, answer.text);
        assert_eq!(answer.json["request_id"], answer.header("x-request-id"), "{}", answer.asked);
        answer
    }

    /// A header's text; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    #[track_caller]
    pub fn id(&self) -> String {
        self.json["id"].as_str().unwrap_or_else(|| panic!("{} has no id: {}", self.asked, self.text)).to_owned()
    }

    pub fn etag(&self) -> String {
        self.header(ETAG.as_str()).to_owned()
    }

    pub fn location(&self) -> &str {
        self.header(LOCATION.as_str())
    }

    /// The rows of a page.
    #[track_caller]
    pub fn data(&self) -> &[Json] {
        self.json["data"].as_array().unwrap_or_else(|| panic!("{} has no data: {}", self.asked, self.text))
    }

    /// One column of a page, as texts.
    #[track_caller]
    pub fn column(&self, name: &str) -> Vec<String> {
        self.data().iter().map(|row| plain(&row[name])).collect()
    }

    /// Path and code of each issue, in their order.
    pub fn issues(&self) -> Vec<(&str, &str)> {
        self.json["issues"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .map(|issue| (issue["path"].as_str().unwrap_or_default(), issue["code"].as_str().unwrap_or_default()))
            .collect()
    }

    /// What is said at a place.
    pub fn message_at(&self, path: &str) -> &str {
        let issues = self.json["issues"].as_array().map(Vec::as_slice).unwrap_or_default();
        issues
            .iter()
            .find(|issue| issue["path"] == path)
            .and_then(|issue| issue["message"].as_str())
            .unwrap_or_default()
    }
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
