//! Parameters of the host's own lists, read strictly: what is not known is told, never ignored.

use crate::rest::query::{DEFAULT_LIMIT, MAX_LIMIT};
use lignaflow_core::record::escape;
use lignaflow_core::{Fault, Id, Issue};
use std::fmt::Write as _;

/// A list's page, with what else was asked.
#[derive(Debug)]
pub(super) struct Parameters {
    pub(super) limit: u16,
    pub(super) before: Option<Id>,
    others: Vec<(String, String)>,
    issues: Vec<Issue>,
}

impl Parameters {
    /// Of a query, that may have these names beside `limit` and `after`.
    pub(super) fn read(raw: Option<&str>, names: &[&str]) -> Self {
        let mut read = Self { limit: DEFAULT_LIMIT, before: None, others: Vec::new(), issues: Vec::new() };
        for (name, text) in form_urlencoded::parse(raw.unwrap_or_default().as_bytes()) {
            match &*name {
                "limit" => match text.parse() {
                    Ok(number) if (1..=MAX_LIMIT).contains(&number) => read.limit = number,
                    _ => read.fault("limit", "limit", format!("A limit is 1 to {MAX_LIMIT}, not `{text}`.")),
                },
                "after" => match text.parse() {
                    Ok(id) => read.before = Some(id),
                    Err(_) => read.fault("after", "cursor", "Give back what an answer said in `next`.".to_owned()),
                },
                name if names.contains(&name) => read.others.push((name.to_owned(), text.into_owned())),
                other => {
                    let known = names.iter().chain(&["limit", "after"]).copied().collect::<Vec<_>>().join(", ");
                    let message = format!("There is no parameter `{other}`; there are {known}.");
                    read.fault(&escape(other), "unknown-parameter", message);
                }
            }
        }
        read
    }

    pub(super) fn fault(&mut self, name: &str, code: &str, message: String) {
        self.issues.push(Issue::new(format!("/{name}"), code, message));
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&mut self, name: &str, all: &[T], text: fn(T) -> &'static str) -> Option<T> {
        let given = self.others.iter().find(|(known, _)| known == name)?.1.clone();
        let found = all.iter().copied().find(|one| text(*one) == given);
        if found.is_none() {
            let known = all.iter().map(|one| text(*one)).collect::<Vec<_>>().join(", ");
            self.fault(name, "choice", format!("`{name}` is one of {known}."));
        }
        found
    }

    /// Something that is parsed.
    pub(super) fn parsed<T: std::str::FromStr>(&mut self, name: &str, what: &str) -> Option<T> {
        let given = self.others.iter().find(|(known, _)| known == name)?.1.clone();
        let found = given.parse().ok();
        if found.is_none() {
            self.fault(name, "malformed", format!("`{given}` is no {what}."));
        }
        found
    }

    /// These parameters, where nothing is at fault with them.
    pub(super) fn checked(self) -> Result<Self, Fault> {
        if self.issues.is_empty() { Ok(self) } else { Err(Fault::invalid(self.issues)) }
    }

    /// Takes what is more than the page away, and says where the next begins.
    pub(super) fn next<T>(&self, path: &str, rows: &mut Vec<T>, id: impl Fn(&T) -> Id) -> Option<String> {
        let limit = usize::from(self.limit);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more)?;
        let mut address = format!("/api/v1/{path}?");
        for (name, value) in &self.others {
            // Writing to a string cannot fail.
            let _ = write!(address, "{name}={value}&");
        }
        let _ = write!(address, "limit={limit}&after={}", id(last));
        Some(address)
    }

    /// Rows to be asked for: one more than are shown.
    pub(super) fn rows(&self) -> u32 {
        u32::from(self.limit) + 1
    }
}
