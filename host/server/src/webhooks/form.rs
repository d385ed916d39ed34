//! What administrators may say of a webhook; every fault at once.

use crate::outside::literal_is_public;
use lignaflow_core::Issue;
use lignaflow_core::id::OrganizationId;
use lignaflow_core::name::CollectionName;
use lignaflow_runtime::Snapshot;
use lignaflow_store::LogKind;
use reqwest::Url;

const LONGEST_URL: usize = 2_000;
const LONGEST_DESCRIPTION: usize = 200;
const MOST_COLLECTIONS: usize = 50;

/// What is said; what is left out stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Form {
    pub url: Option<String>,
    pub description: Option<String>,
    pub collections: Option<Vec<String>>,
    pub kinds: Option<Vec<String>>,
}

/// The same, read.
#[derive(Debug, Clone, Default)]
pub struct Read {
    pub url: Option<String>,
    pub description: Option<String>,
    pub collections: Option<Vec<CollectionName>>,
    pub kinds: Option<Vec<LogKind>>,
}

impl Form {
    /// `private` lets addresses inside and plain HTTP through.
    pub fn read(&self, organization: OrganizationId, snapshot: &Snapshot, private: bool) -> (Read, Vec<Issue>) {
        let mut issues = Vec::new();
        let read = Read {
            url: self.url.as_deref().map(|text| url(text, private, &mut issues)),
            description: self.description.as_deref().map(|text| description(text, &mut issues)),
            collections: self
                .collections
                .as_deref()
                .map(|names| collections(names, organization, snapshot, &mut issues)),
            kinds: self.kinds.as_deref().map(|words| kinds(words, &mut issues)),
        };
        (read, issues)
    }
}

fn url(text: &str, private: bool, issues: &mut Vec<Issue>) -> String {
    let text = text.trim();
    let mut fault = |code: &str, message: String| issues.push(Issue::new("/url", code, message));
    if text.is_empty() {
        fault("required", "An address is required, such as https://example.com/hooks.".to_owned());
        return String::new();
    }
    if text.len() > LONGEST_URL {
        fault("too-long", format!("An address has at most {LONGEST_URL} bytes."));
        return String::new();
    }
    let Ok(url) = text.parse::<Url>() else {
        fault("url", "An address is such as https://example.com/hooks.".to_owned());
        return String::new();
    };
    if url.scheme() != "https" && !(private && url.scheme() == "http") {
        fault("https", "What is sent holds records: the address begins with https.".to_owned());
    } else if url.host_str().is_none_or(str::is_empty) {
        fault("url", "The address names no host.".to_owned());
    } else if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        fault(
            "url",
            "An address holds neither a name nor a password nor a fragment; the signature proves who sends.".to_owned(),
        );
    } else if !private && !literal_is_public(&url) {
        fault("private-address", "The address leads inside the server's own network.".to_owned());
    }
    url.to_string()
}

fn description(text: &str, issues: &mut Vec<Issue>) -> String {
    let text = text.trim();
    if text.chars().count() > LONGEST_DESCRIPTION {
        issues.push(Issue::new("/description", "too-long", format!("At most {LONGEST_DESCRIPTION} characters.")));
    }
    if text.chars().any(char::is_control) {
        issues.push(Issue::new("/description", "character", "A description is one line of text."));
    }
    text.to_owned()
}

fn collections(
    names: &[String],
    organization: OrganizationId,
    snapshot: &Snapshot,
    issues: &mut Vec<Issue>,
) -> Vec<CollectionName> {
    if names.len() > MOST_COLLECTIONS {
        let message = format!("At most {MOST_COLLECTIONS} collections; none named are all of them.");
        issues.push(Issue::new("/collections", "too-many", message));
        return Vec::new();
    }
    let mut read = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let known = name
            .parse::<CollectionName>()
            .ok()
            .filter(|name| snapshot.catalog.schema(name).is_some() && snapshot.is_enabled(organization, &name.plugin));
        match known {
            Some(name) if read.contains(&name) => {}
            Some(name) => read.push(name),
            None => issues.push(Issue::new(
                format!("/collections/{index}"),
                "unknown-collection",
                format!("There is no collection `{name}` here, or its plugin is off."),
            )),
        }
    }
    read
}

fn kinds(words: &[String], issues: &mut Vec<Issue>) -> Vec<LogKind> {
    let mut read = Vec::new();
    for (index, word) in words.iter().enumerate() {
        match LogKind::ALL.into_iter().find(|kind| kind.as_str() == word) {
            Some(kind) if read.contains(&kind) => {}
            Some(kind) => read.push(kind),
            None => issues.push(Issue::new(
                format!("/kinds/{index}"),
                "choice",
                format!("A kind is insert, update, remove or restore, not `{word}`."),
            )),
        }
    }
    read
}
