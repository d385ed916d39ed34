//! A browser with a driver of its own: opened for one test, closed with it.

use crate::needs;
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

const DRIVER: &str = "LIGNAFLOW_TEST_CHROMEDRIVER";
const CHROMIUM: &str = "LIGNAFLOW_TEST_CHROMIUM";

/// A page that does not come in this time does not come.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub struct Browser {
    pub client: Client,
    /// Where the driver answers, with the session.
    session: String,
    http: reqwest::Client,
    driver: Child,
    output: JoinHandle<()>,
    _profile: TempDir,
}

impl Browser {
    /// Nothing, and loudly so, where the machine has none.
    pub async fn open() -> Option<Self> {
        let (driver, chromium) = (needs::found(DRIVER, "browser")?, needs::found(CHROMIUM, "browser")?);
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver");
        let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
        let port = loop {
            let line = lines.next_line().await.expect("its output").expect("chromedriver starts");
            if let Some((_, rest)) = line.split_once("started successfully on port ") {
                break rest.trim_end_matches('.').to_owned();
            }
        };
        // A pipe that nobody reads would stop it.
        let output = tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let address = format!("http://127.0.0.1:{port}");
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(&chromium, profile.path()))
            .connect(&address)
            .await
            .expect("a browser");
        let id = client.session_id().await.expect("a session").expect("its id");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let session = format!("{address}/session/{id}");
        let browser = Self { client, session, http, driver, output, _profile: profile };
        // Nothing is pictured halfway between two colours.
        let still = json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] });
        browser.ask("goog/cdp/execute", json!({ "cmd": "Emulation.setEmulatedMedia", "params": still })).await;
        Some(browser)
    }

    pub async fn close(mut self) {
        self.client.clone().close().await.expect("a browser that closes");
        self.driver.kill().await.expect("a driver that ends");
        self.output.await.expect("its output");
    }

    async fn ask(&self, command: &str, body: Json) -> Json {
        let answer = self.http.post(format!("{}/{command}", self.session)).json(&body).send().await.expect("an answer");
        let mut answer: Json = answer.json().await.expect("JSON");
        answer["value"].take()
    }

    /// What the pages have complained of since it was asked last. That a page itself came with a status of refusal is
    /// the browser's own note and no complaint; that a file of it did not come is one.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.ask("se/log", json!({ "type": "browser" })).await;
        let entries = log.as_array().expect("a log");
        let bad = entries.iter().filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        let told = bad.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned());
        let of_a_file = |line: &str| ["/static/", "/swagger/", "/api/"].iter().any(|place| line.contains(place));
        told.filter(|line| !line.contains("Failed to load resource") || of_a_file(line)).collect()
    }

    /// As on a phone, or with a width of nothing as before.
    pub async fn resize(&self, width: u32, height: u32) {
        let params = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.ask("goog/cdp/execute", json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": params })).await;
    }

    pub async fn goto(&self, address: &str) {
        self.client.goto(address).await.expect("a page");
    }

    pub async fn find(&self, css: &str) -> Element {
        self.client.wait().for_element(Locator::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// Types into a field, in place of what stands there. Emptied, it may be drawn anew.
    pub async fn fill(&self, css: &str, text: &str) {
        self.find(css).await.clear().await.expect("a field to clear");
        for _ in 0..5 {
            if self.find(css).await.send_keys(text).await.is_ok() {
                return;
            }
        }
        panic!("{css}: no field to type into");
    }

    /// Clicks, and waits for the page that comes of it.
    pub async fn press(&self, css: &str) {
        let before = self.find("html").await;
        self.find(css).await.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
        let gone = async {
            while before.tag_name().await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(PATIENCE, gone).await.is_err() {
            let (path, source) = (self.path().await, self.client.source().await.unwrap_or_default());
            panic!("{css} leads nowhere from {path}: {source}");
        }
        self.find("body").await;
    }

    /// Signs somebody in by their address and password.
    pub async fn sign_in(&self, root: &str, email: &str, password: &str) {
        self.goto(&format!("{root}/sign-in")).await;
        self.fill("#f-email", email).await;
        self.fill("#f-password", password).await;
        self.press("button.btn-wide").await;
    }

    /// Keeps pictures of the page at both widths in both colours. Nothing is wider than the screen.
    ///
    /// # Panics
    ///
    /// Where it scrolls sideways.
    pub async fn pictures(&self, name: &str) {
        for (width, height) in [(390, 844), (1280, 900)] {
            self.resize(width, height).await;
            for theme in ["light", "dark"] {
                let set = "document.documentElement.dataset.theme = arguments[0]; \
                           return document.documentElement.scrollWidth";
                let wide = self.client.execute(set, vec![json!(theme)]).await.expect("a width");
                assert!(wide.as_u64().expect("a number") <= u64::from(width), "{name} at {width}: {wide} wide");
                self.picture(&format!("{name}-{width}-{theme}")).await;
            }
        }
    }

    pub async fn path(&self) -> String {
        let url = self.client.current_url().await.expect("an address");
        url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    pub async fn text(&self, css: &str) -> String {
        self.find(css).await.text().await.expect("a text")
    }

    /// Keeps a picture of the window under `target/screenshots`.
    pub async fn picture(&self, name: &str) {
        let folder = pictures();
        std::fs::create_dir_all(&folder).expect("a folder for pictures");
        let bytes = self.client.screenshot().await.expect("a picture");
        std::fs::write(folder.join(format!("{name}.png")), bytes).expect("a picture kept");
    }
}

/// `target/screenshots`.
fn pictures() -> PathBuf {
    // The test runs as target/<profile>/deps/<name>.
    let program = std::env::current_exe().expect("the test's own path");
    program.ancestors().nth(3).expect("the target folder").join("screenshots")
}

fn capabilities(chromium: &str, profile: &Path) -> serde_json::Map<String, Json> {
    let arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
        "--ignore-certificate-errors",
        "--no-proxy-server",
        "--window-size=1280,900",
    ];
    let mut arguments: Vec<String> = arguments.map(str::to_owned).into();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    let capabilities = json!({
        "acceptInsecureCerts": true,
        "goog:chromeOptions": { "binary": chromium, "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL" },
    });
    match capabilities {
        Json::Object(map) => map,
        _ => serde_json::Map::new(),
    }
}
