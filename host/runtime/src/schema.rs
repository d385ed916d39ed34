//! JSON held against the schemas of descriptors, with every fault as an issue.

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use lignaflow_core::Issue;
use lignaflow_core::descriptor::Descriptor;
use lignaflow_core::record::escape;
use lignaflow_core::signature;
use serde_json::Value as Json;
use std::collections::HashMap;

/// The most issues that one value is told of.
const MAX_ISSUES: usize = 100;

/// A schema as it is used; nothing for one that cannot be.
pub fn compiled(schema: &Json) -> Option<Validator> {
    let options = jsonschema::options().should_validate_formats(true);
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
