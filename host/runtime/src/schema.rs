//! JSON held against the schemas of descriptors, with every fault as an issue.

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use lignaflow_core::Issue;
use lignaflow_core::descriptor::{Descriptor, Route};
use lignaflow_core::guest::Payload;
use lignaflow_core::media::essence;
use lignaflow_core::record::escape;
use lignaflow_core::signature;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::OnceLock;

/// The most issues that one value is told of.
const MAX_ISSUES: usize = 100;

/// A schema as it is used; nothing for one that cannot be.
pub fn compiled(schema: &Json) -> Option<Validator> {
    // Patterns of strangers are matched in linear time: what needs to look back and forth is no schema that can be used.
    let linear = jsonschema::PatternOptions::regex();
    let options = jsonschema::options().should_validate_formats(true).with_pattern_options(linear);
    options.with_format(signature::FORMAT, signature::is_signature).build(schema).ok()
}

/// Every fault of a value under a schema, as issues with JSON pointers.
pub fn faults(schema: Option<&Validator>, value: &Json, prefix: &str) -> Vec<Issue> {
    let Some(validator) = schema else {
        return vec![Issue::new(prefix, "schema", "The plugin's schema cannot be used.")];
    };
    if validator.is_valid(value) {
        return Vec::new();
    }
    validator
        .iter_errors(value)
        .take(MAX_ISSUES)
        .flat_map(|error| {
            let place = format!("{prefix}{}", error.instance_path());
            let issue = |place, message: String| Issue::new(place, error.kind().keyword(), message);
            match error.kind() {
                // What is missing or too much is told where it would stand or stands.
                ValidationErrorKind::Required { property: Json::String(name) } => {
                    vec![issue(format!("{place}/{}", escape(name)), format!("`{name}` is required."))]
                }
                ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
                    .iter()
                    .map(|name| issue(format!("{place}/{}", escape(name)), format!("There is no `{name}` here.")))
                    .collect(),
                _ => vec![issue(place, sentence(&error.to_string()))],
            }
        })
        .collect()
}

fn sentence(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}

/// What the routes of a plugin promise to answer, compiled when one answers first.
#[derive(Debug, Default)]
pub(crate) struct Answers(HashMap<String, OnceLock<Option<Validator>>>);

impl Answers {
    pub(crate) fn of(descriptor: &Descriptor) -> Self {
        Self(descriptor.routes.iter().map(|route| (route.name.as_str().to_owned(), OnceLock::new())).collect())
    }

    /// Why a route may not answer so.
    pub(crate) fn broken(&self, route: &Route, payload: &Payload) -> Result<(), String> {
        let promised = &route.answer;
        let file = |kind: Option<&str>| {
            let of_kind = |file: &str| kind.is_none_or(|kind| essence(kind) == file);
            if promised.file.as_deref().is_some_and(of_kind) {
                return Ok(());
            }
            Err(format!("the route promises no file{}", kind.map(|kind| format!(" of {kind}")).unwrap_or_default()))
        };
        match payload {
            Payload::Json(text) => self.json(route, text),
            Payload::Link(_) if !promised.link => Err("the route promises no link".to_owned()),
            Payload::Media(_) => file(None),
            Payload::Bytes(kind, _) => file(Some(kind)),
            Payload::Empty | Payload::Saved(..) | Payload::Found(_) | Payload::Summarized(_) | Payload::Link(_) => {
                Ok(())
            }
        }
    }

    fn json(&self, route: &Route, text: &str) -> Result<(), String> {
        let Some(schema) = &route.answer.json else { return Err("the route promises no JSON".to_owned()) };
        let json = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let known = self.0.get(route.name.as_str());
        let validator = known.and_then(|known| known.get_or_init(|| compiled(schema)).as_ref());
        match faults(validator, &json, "").into_iter().next() {
            Some(issue) => Err(format!("{}: {}", issue.path, issue.message)),
            None => Ok(()),
        }
    }
}

/// The schemas of a plugin's services, by service and method.
#[derive(Debug, Default)]
pub(crate) struct Services(HashMap<(String, String), (Option<Validator>, Option<Validator>)>);

impl Services {
    pub(crate) fn of(descriptor: &Descriptor) -> Self {
        let methods = descriptor.services.iter().flat_map(|service| {
            service.methods.iter().map(|method| {
                let name = (service.name.as_str().to_owned(), method.name.as_str().to_owned());
                (name, (compiled(&method.arguments), compiled(&method.answer)))
            })
        });
        Self(methods.collect())
    }

    /// The schemas of arguments and answer, where there is such a method.
    pub(crate) fn method(&self, service: &str, method: &str) -> Option<&(Option<Validator>, Option<Validator>)> {
        self.0.get(&(service.to_owned(), method.to_owned()))
    }
}
