//! What a new organization does first with a plugin, and how it is told that it is done.

use super::Descriptor;
use crate::name::LocalName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most that one descriptor may declare: a first page is no manual.
const MAX_STEPS: usize = 5;
/// Characters of a title, and of a text.
const MAX_TITLE: usize = 60;
const MAX_TEXT: usize = 200;

/// One thing to do, done once there is a record of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstStep {
    /// `Say what an hour costs`.
    pub title: String,
    /// What comes of it, in a sentence.
    pub text: String,
    /// One of the plugin's own, whose first record is the step's end.
    pub collection: LocalName,
    /// The page in the menu where it is done; the form of a new record where none is named.
    #[serde(default)]
    pub page: Option<LocalName>,
}

pub(super) fn check(descriptor: &Descriptor, say: &mut impl FnMut(String, String)) {
    let count = descriptor.first_steps.len();
    if count > MAX_STEPS {
        say("first_steps".into(), format!("{count} steps; at most {MAX_STEPS}"));
    }
    for (index, step) in descriptor.first_steps.iter().enumerate() {
        let key = format!("first_steps[{index}]");
        for (part, text, most) in [("title", &step.title, MAX_TITLE), ("text", &step.text, MAX_TEXT)] {
            if text.trim().is_empty() || text.chars().count() > most {
                say(format!("{key}.{part}"), format!("a step says in 1 to {most} characters what is done"));
            }
        }
        if descriptor.collection(step.collection.as_str()).is_none() {
            say(format!("{key}.collection"), format!("there is no collection `{}`", step.collection));
        }
        let page = step.page.as_ref();
        if let Some(page) = page.filter(|name| !descriptor.page(name.as_str()).is_some_and(super::Page::is_in_menu)) {
            say(format!("{key}.page"), format!("there is no page `{page}` in the menu"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::descriptor::parse;

    #[test]
    fn a_step_names_what_is_there() {
        let text = "id = \"shop\"\nversion = \"0.1.0\"\ntitle = \"Shop\"\napi = \"0.1\"\n\n\
                    [[first_steps]]\ntitle = \" \"\ntext = \"So it begins.\"\ncollection = \"things\"\npage = \"start\"\n";
        let faults = parse(text).unwrap_err();
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        for what in ["in 1 to 60 characters", "no collection `things`", "no page `start`"] {
            assert!(told.iter().any(|fault| fault.contains(what)), "{what}: {told:?}");
        }
    }
}
