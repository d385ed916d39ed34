//! One request: its secrets are put in, it is written down, it goes to an address that was looked at, and what comes back
//! is bounded. It goes on to its end, and that is written down, also where the code that asked has been stopped.

use super::{Departures, Inner, unavailable};
use crate::outside::Resolver;
use crate::settings::secret_place;
use async_trait::async_trait;
use lignaflow_core::outbound::{Host, MAX_RESPONSE, Outbound, OutboundRequest, OutboundResponse, Sender};
use lignaflow_core::{ErrorCode, Fault, Id};
use lignaflow_store::outbound::{Departure, Ended};
use lignaflow_store::settings::secret;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method, Url};
use std::sync::Arc;
use std::time::{Duration, Instant};

const CONNECT: Duration = Duration::from_secs(5);
/// Bytes of the headers of an answer that are handed on.
const HEADERS: usize = 32 * 1024;
/// What stands where an answer has said a secret.
const REDACTED: &[u8] = b"[secret]";
/// The least that is looked for in an answer: less would be found by chance.
const LEAST: usize = 6;
const INSIDE: &str = "The address leads inside this host's own network, where plugins may not send";

#[async_trait]
impl Outbound for Departures {
    async fn send(&self, from: Sender, request: OutboundRequest) -> Result<OutboundResponse, Fault> {
        let host = request.destination()?;
        let secrets = self.0.secrets(&from, &request, &host).await?;
        let this = self.clone();
        let sending = tokio::spawn(async move { this.0.carry_out(&from, request, &host, secrets).await });
        sending.await.map_err(|_| Fault::internal())?
    }
}

impl Inner {
    /// The secrets that the request names, in its order, each meant for where it goes.
    async fn secrets(&self, from: &Sender, request: &OutboundRequest, host: &Host) -> Result<Vec<String>, Fault> {
        let plugin = self.registry.current().plugins.get(&from.plugin).cloned();
        let mut opened = Vec::with_capacity(request.secrets.len());
        for (at, wanted) in request.secrets.iter().enumerate() {
            let path = format!("/secrets/{at}/setting");
            let name = wanted.setting.as_str();
            let declared = plugin.as_ref().and_then(|plugin| plugin.descriptor().settings.get(name));
            let Some(field) = declared.filter(|field| field.secret) else {
                return Err(Fault::at(path, "unknown-setting", format!("There is no secret setting `{name}`.")));
            };
            if !field.sent_to.is_empty() && !field.sent_to.contains(&host.to_string()) {
                let meant = field.sent_to.join(", ");
                return Err(Fault::at(
                    path,
                    "elsewhere",
                    format!("The secret `{name}` goes to {meant}, not to {host}."),
                ));
            }
            let sealed = secret(self.store.database(), from.organization, &from.plugin, name).await;
            let Some(sealed) = sealed.map_err(|error| unavailable(&error))? else {
                return Err(Fault::at(path, "empty-setting", format!("The setting `{name}` is not filled in.")));
            };
            let place = secret_place(from.organization, &from.plugin, name);
            opened.push(self.seal.open_at(&place, &sealed).map_err(|error| {
                tracing::error!(%error, plugin = %from.plugin, setting = name, "a secret cannot be opened");
                Fault::new(ErrorCode::Unavailable, format!("The setting `{name}` cannot be read just now."))
            })?);
        }
        Ok(opened)
    }

    async fn carry_out(
        &self,
        from: &Sender,
        request: OutboundRequest,
        host: &Host,
        secrets: Vec<String>,
    ) -> Result<OutboundResponse, Fault> {
        let Ok(_place) = self.places.try_acquire() else {
            return Err(Fault::new(ErrorCode::Unavailable, "Too much is sent at once. Try again shortly."));
        };
        let departure = Departure {
            id: Id::fresh(),
            at: self.clock.now(),
            plugin: from.plugin.clone(),
            job: from.job.clone(),
            method: request.method.clone(),
            host: host.to_string(),
            path: request.path().chars().take(500).collect(),
            bytes_out: i64::try_from(request.body.len()).unwrap_or(i64::MAX),
            ended: None,
        };
        // What cannot be written down does not leave.
        self.store.departs(from.organization, &departure).await.map_err(|error| unavailable(&error))?;
        let started = Instant::now();
        let answered = self.ask(request, host, &secrets).await;
        let ended = Ended {
            status: answered.as_ref().ok().map(|answer| answer.status),
            bytes_in: answered.as_ref().map_or(0, |answer| i64::try_from(answer.body.len()).unwrap_or(i64::MAX)),
            took_ms: i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX),
            error: answered.as_ref().err().cloned(),
        };
        let outcome = if answered.is_ok() { "answered" } else { "failed" };
        metrics::counter!("lignaflow_plugin_outbound_total", "plugin" => from.plugin.to_string(), "outcome" => outcome)
            .increment(1);
        if let Err(error) = self.store.departed(from.organization, departure.id, &ended).await {
            tracing::error!(%error, plugin = %from.plugin, "how something that was sent ended could not be kept");
        }
        answered.map_err(|why| Fault::new(ErrorCode::Unavailable, why))
    }

    fn client(&self) -> Result<&Client, String> {
        let made = self.client.get_or_init(|| {
            let mut builder = Client::builder()
                .redirect(Policy::none())
                // A proxy would be asked for addresses that were never looked at.
                .no_proxy()
                .https_only(true)
                .connect_timeout(CONNECT)
                // What a name leads to is looked at for each request.
                .pool_max_idle_per_host(0)
                .dns_resolver(Arc::new(Resolver { names: self.names.clone(), private: self.private, inside: INSIDE }))
                .user_agent(concat!("LignaFlow/", env!("CARGO_PKG_VERSION")));
            if let Some(file) = &self.authority {
                let read =
                    std::fs::read(file).map_err(|error| format!("`outbound.authority` cannot be read: {error}"))?;
                let authorities = Certificate::from_pem_bundle(&read)
                    .map_err(|error| format!("`outbound.authority` holds no certificates: {error}"))?;
                builder = builder.tls_certs_merge(authorities);
            }
            builder.build().map_err(|error| format!("This host cannot check certificates: {error}"))
        });
        made.as_ref().map_err(|why| {
            tracing::error!(%why, "plugins cannot send");
            "This host cannot send just now.".to_owned()
        })
    }

    async fn ask(&self, request: OutboundRequest, host: &Host, secrets: &[String]) -> Result<OutboundResponse, String> {
        let url: Url = request.url.parse().map_err(|_| "The address cannot be read.".to_owned())?;
        // Both readings of the address are to be of one mind.
        let same = url.scheme() == "https"
            && url.host_str() == Some(host.name.as_str())
            && url.port_or_known_default() == Some(host.port)
            && url.username().is_empty();
        if !same {
            return Err("The address cannot be read.".to_owned());
        }
        let method =
            Method::from_bytes(request.method.as_bytes()).map_err(|_| "There is no such method.".to_owned())?;
        let patience = Duration::from_millis(u64::from(request.patience()));
        let headers = headers(&request, secrets)?;
        let sent = self.client()?.request(method, url).timeout(patience).headers(headers).body(request.body);
        let mut response = sent.send().await.map_err(|error| why(&error))?;
        let status = response.status().as_u16();
        let mut kept = Vec::new();
        let mut bytes = 0;
        for (name, value) in response.headers() {
            bytes += name.as_str().len() + value.len();
            if bytes > HEADERS {
                return Err(format!("The answer has more than {HEADERS} bytes of headers."));
            }
            let value = redacted(value.as_bytes().to_vec(), secrets);
            kept.push((name.as_str().to_owned(), String::from_utf8_lossy(&value).into_owned()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| why(&error))? {
            if body.len() + chunk.len() > MAX_RESPONSE {
                return Err(format!("The answer has more than {MAX_RESPONSE} bytes."));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(OutboundResponse { status, headers: kept, body: redacted(body, secrets) })
    }
}

fn headers(request: &OutboundRequest, secrets: &[String]) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let name = |text: &str| HeaderName::from_bytes(text.as_bytes()).map_err(|_| "A header cannot be sent.".to_owned());
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| "A header cannot be sent.".to_owned());
    for (header, text) in &request.headers {
        headers.append(name(header)?, value(text)?);
    }
    // A secret takes the place of whatever code put there.
    for (wanted, secret) in request.secrets.iter().zip(secrets) {
        let mut value = value(&format!("{}{secret}", wanted.prefix))?;
        value.set_sensitive(true);
        headers.insert(name(&wanted.header)?, value);
    }
    Ok(headers)
}

/// An answer without the secrets that it may have said again.
fn redacted(bytes: Vec<u8>, secrets: &[String]) -> Vec<u8> {
    let mut bytes = bytes;
    for secret in secrets.iter().map(String::as_bytes).filter(|secret| secret.len() >= LEAST) {
        if !bytes.windows(secret.len()).any(|window| window == secret) {
            continue;
        }
        let mut clean = Vec::with_capacity(bytes.len());
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at..].starts_with(secret) {
                clean.extend_from_slice(REDACTED);
                at += secret.len();
            } else {
                clean.push(bytes[at]);
                at += 1;
            }
        }
        bytes = clean;
    }
    bytes
}

/// Why there was no answer, without the address, which may hold a secret.
fn why(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if error.is_timeout() {
        "There was no answer in time.".to_owned()
    } else if error.is_connect() {
        format!("No connection: {cause}.")
    } else {
        format!("The connection broke: {cause}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::Names;
    use std::net::SocketAddr;
    use std::sync::Mutex;

    /// Answers each time with the next of these.
    #[derive(Debug)]
    struct Rebinding(Mutex<Vec<Vec<SocketAddr>>>);

    #[async_trait]
    impl Names for Rebinding {
        async fn look_up(&self, _: &str) -> std::io::Result<Vec<SocketAddr>> {
            Ok(self.0.lock().unwrap().remove(0))
        }
    }

    fn client(private: bool, answers: &[&[&str]]) -> (Client, Arc<Rebinding>) {
        crate::tls::install_provider();
        let parsed = |list: &&[&str]| list.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 9)).collect();
        let names = Arc::new(Rebinding(Mutex::new(answers.iter().map(parsed).collect())));
        let resolver = Resolver { names: names.clone(), private, inside: INSIDE };
        let client = Client::builder().no_proxy().https_only(true).dns_resolver(Arc::new(resolver)).build().unwrap();
        (client, names)
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_asked_nothing_whatever_it_led_to_before() {
        let inside: [&[&str]; 10] = [
            &["127.0.0.1"],
            &["169.254.169.254"],
            &["10.0.0.1", "192.168.1.1"],
            &["::1"],
            &["::ffff:127.0.0.1"],
            &["::ffff:169.254.169.254"],
            &["fe80::1"],
            &["fd00::1"],
            &["0.0.0.0"],
            &["64:ff9b::7f00:1"],
        ];
        let (client, names) = client(false, &inside);
        for addresses in inside {
            let error = client.get("https://books.example/").send().await.unwrap_err();
            assert!(why(&error).contains("inside this host's own network"), "{addresses:?}: {error:?}");
        }
        assert!(names.0.lock().unwrap().is_empty(), "each request looked at what the name leads to now");
    }

    #[test]
    fn an_answer_is_handed_on_without_the_secrets_that_it_says_again() {
        let secrets = ["hush-hush".to_owned(), "abc".to_owned()];
        assert_eq!(redacted(b"a hush-hushhush-hush abc".to_vec(), &secrets), b"a [secret][secret] abc");
        assert_eq!(redacted(Vec::new(), &secrets), b"");
    }

    #[test]
    fn a_secret_takes_the_place_of_what_code_put_there_and_is_marked() {
        let request = OutboundRequest {
            method: "GET".into(),
            url: "https://books.example/".into(),
            headers: vec![("authorization".into(), "mine".into()), ("x-a".into(), "b".into())],
            secrets: vec![lignaflow_core::outbound::SecretHeader {
                setting: "key".into(),
                header: "Authorization".into(),
                prefix: "Bearer ".into(),
            }],
            body: Vec::new(),
            timeout_ms: 0,
        };
        let headers = headers(&request, &["hush".to_owned()]).unwrap();
        assert_eq!(headers.get_all("authorization").iter().collect::<Vec<_>>(), ["Bearer hush"]);
        assert!(headers["authorization"].is_sensitive());
        assert_eq!(headers["x-a"], "b");
    }
}
