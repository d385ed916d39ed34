//! A browser as far as HTTP goes: a jar of cookies, forms posted from this site's own pages, no script.

use crate::client::{Answer, builder};
use crate::server::Org;
use reqwest::cookie::Jar;
use reqwest::header::{CONTENT_TYPE, HeaderName, ORIGIN, SET_COOKIE};
use reqwest::{Certificate, Method, RequestBuilder};
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

#[derive(Debug, Clone)]
pub struct Visitor {
    http: reqwest::Client,
    jar: Arc<Jar>,
    root: String,
}

/// A page, as it was sent.
#[derive(Debug, Clone)]
pub struct Page(Answer);

impl Deref for Page {
    type Target = Answer;

    fn deref(&self) -> &Answer {
        &self.0
    }
}

impl Visitor {
    pub(crate) fn new(root: &str, https: SocketAddr, authority: &Certificate) -> Self {
        let jar = Arc::new(Jar::default());
        let http = builder(https, authority).cookie_provider(jar.clone()).build().expect("a browser");
        Self { http, jar, root: root.to_owned() }
    }

    /// Any request, with this browser's cookies.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.root))
    }

    pub async fn send(&self, request: RequestBuilder) -> Page {
        Page(Answer::of(request).await)
    }

    pub async fn get(&self, path: &str) -> Page {
        self.send(self.request(Method::GET, path)).await
    }

    fn own_post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path).header(ORIGIN, &self.root).header(FETCH_SITE, "same-origin")
    }

    /// Posts a form of this site.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(self.own_post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)).await
    }

    /// Posts a form with a file in it.
    pub async fn upload(&self, path: &str, field: &str, file: &str, bytes: &[u8]) -> Page {
        const BOUNDARY: &str = "between-the-parts-of-this-form";
        let mut body = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{file}\"\r\n\
             Content-Type: application/wasm\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self.send(self.own_post(path).header(CONTENT_TYPE, kind).body(body)).await
    }

    pub async fn sign_in(&self, email: &str, password: &str) {
        let page = self.post("/sign-in", &[("email", email), ("password", password)]).await;
        assert_eq!(page.status, 303, "{}", page.text);
    }

    /// Signs in the owner of an organization who has a second factor, with that code.
    pub async fn sign_in_with(&self, org: &Org, code: &str) {
        let fields = [("email", org.email.as_str()), ("password", org.password.as_str())];
        let step = self.post("/sign-in", &fields).await.is(200);
        let fields = [("pending", step.value("pending")), ("code", code.to_owned())];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let page = self.post("/sign-in/code", &fields).await;
        assert_eq!(page.status, 303, "{}", page.text);
    }

    /// The page that an answer sends on to.
    pub async fn follow(&self, page: &Page) -> Page {
        self.get(page.to().strip_prefix(&self.root).unwrap_or(page.to())).await
    }

    /// The value of a cookie that this browser would send.
    pub fn cookie(&self, name: &str) -> Option<String> {
        use reqwest::cookie::CookieStore as _;
        let header = self.jar.cookies(&self.root.parse().ok()?)?;
        let pair =
            header.to_str().ok()?.split("; ").find_map(|pair| pair.split_once('=').filter(|(n, _)| *n == name))?;
        Some(pair.1.to_owned())
    }
}

impl Page {
    /// The same page, where it has that status.
    #[must_use]
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        Self(self.0.is(status))
    }

    /// Where it sends a browser on to.
    pub fn to(&self) -> &str {
        self.location()
    }

    #[track_caller]
    pub fn shows(&self, text: &str) -> &Self {
        assert!(self.text.contains(text), "there is no `{text}` in {}", self.text);
        self
    }

    #[track_caller]
    pub fn hides(&self, text: &str) -> &Self {
        assert!(!self.text.contains(text), "there is `{text}` in {}", self.text);
        self
    }

    /// The value of the first control of that name, as it would be posted.
    #[track_caller]
    pub fn value(&self, name: &str) -> String {
        let marked = format!("name=\"{name}\"");
        let tag =
            self.text.split('<').find(|tag| tag.contains(&marked)).unwrap_or_else(|| panic!("no control `{name}`"));
        let value = tag.split(" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }

    /// A cookie that it sets, as it stands in the header.
    pub fn sets(&self, cookie: &str) -> Option<String> {
        let lines = self.headers.get_all(SET_COOKIE);
        let start = format!("{cookie}=");
        lines.iter().filter_map(|line| line.to_str().ok()).find(|line| line.starts_with(&start)).map(str::to_owned)
    }
}
