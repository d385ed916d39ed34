//! Blocks whose data and deeds are routes of the plugin. What a route answers and takes is told in
//! `docs/plugin-authors.md`; the page draws it and posts to it.

use super::{Block, Descriptor, Method};
use crate::name::LocalName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A week in rows and days, to be typed into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeekGridBlock {
    pub title: String,
    /// The GET route that tells of a week. It takes `week` in its query.
    pub data: LocalName,
    /// The POST route that takes what was typed.
    pub save: LocalName,
    /// The POST route that copies the week before.
    #[serde(default)]
    pub copy: Option<LocalName>,
    /// The POST route that fills the week with what is planned for it.
    #[serde(default)]
    pub fill: Option<LocalName>,
    /// The POST route that submits the week.
    #[serde(default)]
    pub submit: Option<LocalName>,
}

/// The timer of whoever looks, and what they can start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimerBlock {
    pub title: String,
    /// The GET route that tells what runs and what can be started.
    pub data: LocalName,
    /// The POST route that starts a timer, and stops the one that runs.
    pub start: LocalName,
    /// The POST route that stops it.
    pub stop: LocalName,
    /// The collection that the running timer is a record of, so that its form can be opened.
    #[serde(default)]
    pub record: Option<LocalName>,
}

/// What waits for somebody to approve it, many at once, or to give it back with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewBlock {
    pub title: String,
    /// The GET route that tells what there is. It takes `week` in its query.
    pub data: LocalName,
    /// The POST route that approves: `{ "ids": [...] }`.
    pub approve: LocalName,
    /// The POST route that gives one back: `{ "id": ..., "reason": ... }`.
    pub give_back: LocalName,
    /// The collection that the rows are records of, so that each can be opened.
    #[serde(default)]
    pub record: Option<LocalName>,
}

impl Block {
    /// The routes that a block calls, with the key that names each and the method that it has to have.
    pub fn routes(&self) -> Vec<(&'static str, &LocalName, Method)> {
        let (get, post) = (Method::Get, Method::Post);
        match self {
            Self::WeekGrid(block) => {
                let mut routes = vec![("data", &block.data, get), ("save", &block.save, post)];
                routes.extend(block.copy.iter().map(|name| ("copy", name, post)));
                routes.extend(block.fill.iter().map(|name| ("fill", name, post)));
                routes.extend(block.submit.iter().map(|name| ("submit", name, post)));
                routes
            }
            Self::Timer(block) => {
                vec![("data", &block.data, get), ("start", &block.start, post), ("stop", &block.stop, post)]
            }
            Self::Review(block) => vec![
                ("data", &block.data, get),
                ("approve", &block.approve, post),
                ("give_back", &block.give_back, post),
            ],
            _ => Vec::new(),
        }
    }

    /// The collection of the plugin that its records are opened in.
    fn opens(&self) -> Option<&LocalName> {
        match self {
            Self::Timer(block) => block.record.as_ref(),
            Self::Review(block) => block.record.as_ref(),
            _ => None,
        }
    }
}

pub(super) fn check(descriptor: &Descriptor, block: &Block, key: &str, say: &mut impl FnMut(String, String)) {
    for (name, route, method) in block.routes() {
        match descriptor.route(route.as_str()) {
            None => say(format!("{key}.{name}"), format!("there is no route `{route}`")),
            Some(found) if found.method != method => {
                say(format!("{key}.{name}"), format!("the route `{route}` has to be a {}", method.as_str()));
            }
            Some(_) => {}
        }
    }
    if let Some(collection) = block.opens().filter(|name| descriptor.collection(name.as_str()).is_none()) {
        say(format!("{key}.record"), format!("there is no collection `{collection}`"));
    }
}
