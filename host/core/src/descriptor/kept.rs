//! What a descriptor says of values that the host keeps or watches: numbers, calculated fields, conditions and checks.

use super::{Collection, Descriptor, Field, FieldKind, Sequence};
use crate::conditions::of_record_alone;
use crate::sequence::Format;

/// Checks of one collection at most, and characters of what they say.
const MAX_CHECKS: usize = 50;
const MAX_MESSAGE: usize = 300;

pub(super) fn check(descriptor: &Descriptor, collection: &Collection, key: &str, say: &mut impl FnMut(String, String)) {
    for (name, field) in &collection.fields {
        let at = format!("{key}.fields.{name}");
        if let Some(sequence) = &field.sequence {
            sequence_rules(collection, field, sequence, &format!("{at}.sequence"), say);
        }
        if field.is_kept() && (field.required || field.default.is_some() || collection.is_state(name.as_str())) {
            say(at.clone(), "what the host gives is neither required, nor has a default or transitions".into());
        }
        if field.even_locked && !field.read_only {
            say(at.clone(), "`even_locked` is of a field that is `read_only`: code alone writes past a lock".into());
        }
        if field.sequence.is_some() && field.derived.is_some() {
            say(at, "a field is either numbered or calculated".into());
        }
    }
    for (field, message) in crate::derive::compile(descriptor, collection).1 {
        let at = if field.is_empty() { format!("{key}.fields") } else { format!("{key}.fields.{field}.derived") };
        say(at, message);
    }
    for (index, rule) in collection.unique.iter().enumerate() {
        let at = format!("{key}.unique[{index}]");
        if rule.fields().is_empty() {
            say(at.clone(), "names no field".into());
        }
        if let Some(text) = rule.condition() {
            condition(descriptor, collection, text, &format!("{at}.where"), say);
        }
        message(rule.message(), &format!("{at}.message"), say);
    }
    if collection.checks.len() > MAX_CHECKS {
        say(format!("{key}.checks"), format!("{} checks; at most {MAX_CHECKS}", collection.checks.len()));
    }
    for (index, rule) in collection.checks.iter().enumerate() {
        let at = format!("{key}.checks[{index}]");
        condition(descriptor, collection, &rule.rule, &format!("{at}.rule"), say);
        if let Some(field) = rule.field.as_ref().filter(|field| collection.field(field.as_str()).is_none()) {
            say(format!("{at}.field"), format!("there is no field `{field}`"));
        }
        message(Some(&rule.message), &format!("{at}.message"), say);
    }
}

fn message(text: Option<&str>, key: &str, say: &mut impl FnMut(String, String)) {
    if text.is_some_and(|text| text.trim().is_empty() || text.chars().count() > MAX_MESSAGE) {
        say(key.to_owned(), format!("a sentence of 1 to {MAX_MESSAGE} characters"));
    }
}

fn condition(
    descriptor: &Descriptor,
    collection: &Collection,
    text: &str,
    key: &str,
    say: &mut impl FnMut(String, String),
) {
    let faults = crate::rule::faults(descriptor, collection, text);
    if faults.is_empty() && !of_record_alone(descriptor, collection, text) {
        say(key.to_owned(), "may speak of the record's own fields alone, not of others or of who asks".into());
    }
    for fault in faults {
        say(key.to_owned(), fault);
    }
}

fn sequence_rules(
    collection: &Collection,
    field: &Field,
    sequence: &Sequence,
    key: &str,
    say: &mut impl FnMut(String, String),
) {
    if field.kind != FieldKind::Text {
        say(key.to_owned(), "a number is a text, since it may have letters around it".into());
    }
    match Format::parse(&sequence.format) {
        Err(message) => say(format!("{key}.format"), message),
        // The largest number must fit as well.
        Ok(format) if i64::try_from(format.longest()).unwrap_or(i64::MAX) > field.max_characters() => {
            say(format!("{key}.format"), format!("its numbers may have {} characters; raise `max`", format.longest()));
        }
        Ok(_) => {}
    }
    if let Some(on) = sequence.on.as_ref().filter(|on| collection.transition(on.as_str()).is_none()) {
        say(format!("{key}.on"), format!("there is no transition `{on}`"));
    }
    for name in &sequence.per {
        match collection.field(name.as_str()) {
            Some(field) if field.is_single() && !field.is_kept() => {}
            _ => say(format!("{key}.per"), format!("`{name}` is not a field with one value that is written")),
        }
    }
}
