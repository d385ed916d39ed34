//! What a descriptor says of work without a caller: jobs, their times, and the changes that code is told of.

use super::check::target;
use super::{Collection, Descriptor, Subscription};
use crate::cron::Schedule;
use crate::guest::EventKind;
use std::collections::HashSet;

/// The most of each that one descriptor may declare.
const MAX_JOBS: usize = 50;
const MAX_SUBSCRIPTIONS: usize = 50;
const MAX_ATTEMPTS: u16 = 20;

pub(super) fn check(descriptor: &Descriptor, say: &mut impl FnMut(String, String)) {
    if descriptor.jobs.len() > MAX_JOBS {
        say("jobs".into(), format!("{} jobs; at most {MAX_JOBS}", descriptor.jobs.len()));
    }
    let mut names = HashSet::new();
    for (index, job) in descriptor.jobs.iter().enumerate() {
        let key = format!("jobs[{index}]");
        if !names.insert(job.name.as_str()) {
            say(format!("{key}.name"), format!("two jobs are called `{}`", job.name));
        }
        if let Some(Err(fault)) = job.schedule.as_deref().map(str::parse::<Schedule>) {
            say(format!("{key}.schedule"), fault.to_string());
        }
        if !(1..=MAX_ATTEMPTS).contains(&job.attempts()) {
            say(format!("{key}.attempts"), format!("a job is tried 1 to {MAX_ATTEMPTS} times"));
        }
    }
    if descriptor.subscriptions.len() > MAX_SUBSCRIPTIONS {
        let count = descriptor.subscriptions.len();
        say("subscriptions".into(), format!("{count} subscriptions; at most {MAX_SUBSCRIPTIONS}"));
    }
    let mut names = HashSet::new();
    for (index, subscription) in descriptor.subscriptions.iter().enumerate() {
        let key = format!("subscriptions[{index}]");
        if !names.insert(subscription.collection.as_str()) {
            let message =
                format!("`{}` is subscribed to already: name all of `on` in one place", subscription.collection);
            say(format!("{key}.collection"), message);
        }
        if let Err(message) = target(descriptor, &subscription.collection) {
            say(format!("{key}.collection"), message);
        }
        if subscription.on.is_empty() {
            say(format!("{key}.on"), "names nothing to be told of".into());
        }
        // What is another plugin's is looked at when it is loaded.
        if let Some(collection) = descriptor.collection(&subscription.collection) {
            for word in unknown(subscription, collection) {
                say(format!("{key}.on"), word);
            }
        }
    }
}

/// What a subscription names that its collection does not know, as sentences.
pub fn unknown(subscription: &Subscription, collection: &Collection) -> Vec<String> {
    let kinds = EventKind::ALL.map(EventKind::as_str);
    let known = |word: &str| kinds.contains(&word) || collection.transition(word).is_some();
    let astray = subscription.on.iter().filter(|word| !known(word.as_str()));
    astray
        .map(|word| format!("`{word}` is neither {}, nor a transition of `{}`", kinds.join(", "), collection.name))
        .collect()
}

impl Subscription {
    /// Whether it is to be told of such a change.
    pub fn wants(&self, kind: EventKind, transition: Option<&str>) -> bool {
        self.on.iter().any(|word| word.as_str() == kind.as_str() || Some(word.as_str()) == transition)
    }
}
