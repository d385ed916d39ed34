//! Values of settings that organizations of one kind usually have, filled in together where one likes.

use super::Descriptor;
use crate::name::{FieldName, LocalName};
use crate::settings;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::collections::HashSet;

/// The most that one descriptor may declare: who chooses among more has to read them like settings.
const MAX_PRESETS: usize = 12;
/// Characters of a title, and of a text.
const MAX_TITLE: usize = 60;
const MAX_TEXT: usize = 200;

/// What organizations of one kind usually fill in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    pub name: LocalName,
    /// Who it is for: `Consulting`.
    pub title: String,
    /// What it comes to, in a sentence.
    #[serde(default)]
    pub text: Option<String>,
    /// What it fills in, by the names of settings: `{ rounding = "nearest" }`. The others stay as they are.
    pub values: IndexMap<FieldName, Json>,
}

impl Preset {
    /// Whether all that it fills in is so already, with what an organization has filled in.
    pub fn holds(&self, descriptor: &Descriptor, filled: &Map<String, Json>) -> bool {
        self.values.iter().all(|(name, json)| {
            let now = settings::value(descriptor, filled, name.as_str());
            let meant = descriptor.settings.get(name).and_then(|field| settings::read(name, field, json).ok());
            now == meant.filter(|value| !value.is_null())
        })
    }
}

pub(super) fn check(descriptor: &Descriptor, say: &mut impl FnMut(String, String)) {
    let count = descriptor.presets.len();
    if count > MAX_PRESETS {
        say("presets".into(), format!("{count} presets; at most {MAX_PRESETS}"));
    }
    let mut names = HashSet::new();
    for (index, preset) in descriptor.presets.iter().enumerate() {
        let key = format!("presets[{index}]");
        if !names.insert(preset.name.as_str()) {
            say(format!("{key}.name"), format!("two presets are called `{}`", preset.name));
        }
        let texts = [("title", Some(&preset.title), MAX_TITLE), ("text", preset.text.as_ref(), MAX_TEXT)];
        for (part, text, most) in texts.into_iter().filter_map(|(part, text, most)| Some((part, text?, most))) {
            if text.trim().is_empty() || text.chars().count() > most {
                say(format!("{key}.{part}"), format!("a preset says in 1 to {most} characters who it is for"));
            }
        }
        if preset.values.is_empty() {
            say(format!("{key}.values"), "a preset fills something in".into());
        }
        for (name, json) in &preset.values {
            let at = format!("{key}.values.{name}");
            match descriptor.settings.get(name) {
                None => say(at, format!("there is no setting `{name}`")),
                Some(field) if field.secret => say(at, format!("`{name}` is a secret, which nobody else knows")),
                Some(field) => {
                    if let Err(issue) = settings::read(name, field, json) {
                        say(at, issue.message);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::descriptor::{Descriptor, parse};
    use serde_json::{Value as Json, json};

    const HEAD: &str = "id = \"hours\"\nversion = \"0.1.0\"\ntitle = \"Hours\"\napi = \"0.1\"\n\n[settings]\n\
                        rounding = { type = \"choice\", of = [\"none\", \"nearest\"], default = \"none\" }\n\
                        minutes = { type = \"integer\", min = 1, max = 60 }\n\
                        key = { type = \"text\", secret = true }\n";

    fn with(presets: &str) -> Result<Descriptor, Vec<String>> {
        parse(&format!("{HEAD}{presets}")).map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_preset_fills_in_what_its_settings_take() {
        let wrong = "[[presets]]\nname = \"firm\"\ntitle = \" \"\n\
                     values = { rounding = \"gruff\", minutes = 61, key = \"hush\", other = 1 }\n\
                     [[presets]]\nname = \"firm\"\ntitle = \"Firms\"\nvalues = {}\n";
        let told = with(wrong).unwrap_err();
        for what in [
            "presets[0].title: a preset says in 1 to 60",
            "presets[0].values.rounding",
            "presets[0].values.minutes",
            "`key` is a secret",
            "no setting `other`",
            "two presets are called `firm`",
            "presets[1].values: a preset fills something in",
        ] {
            assert!(told.iter().any(|fault| fault.contains(what)), "{what}: {told:?}");
        }
    }

    #[test]
    fn a_preset_holds_where_all_of_it_is_so_by_default_or_filled_in() {
        let presets = "[[presets]]\nname = \"plain\"\ntitle = \"Plain\"\nvalues = { rounding = \"none\" }\n\
                       [[presets]]\nname = \"round\"\ntitle = \"Round\"\nvalues = { rounding = \"nearest\", minutes = 15 }\n";
        let descriptor = with(presets).unwrap();
        let held = |filled: Json| -> Vec<&str> {
            let filled = filled.as_object().unwrap();
            let held = descriptor.presets.iter().filter(|preset| preset.holds(&descriptor, filled));
            held.map(|preset| preset.name.as_str()).collect()
        };
        assert_eq!(held(json!({})), ["plain"]);
        assert_eq!(held(json!({ "rounding": "nearest" })), [""; 0]);
        assert_eq!(held(json!({ "rounding": "nearest", "minutes": 15 })), ["round"]);
        assert_eq!(held(json!({ "rounding": "nearest", "minutes": null })), [""; 0]);
    }
}
