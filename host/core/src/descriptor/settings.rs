//! What a descriptor says of settings: fields of one value each that an organization fills in.

use super::check::field_rules;
use super::{Descriptor, Field, FieldKind, OnDelete};

const MAX_SETTINGS: usize = 60;

/// What a setting may be: one value that names nothing else.
const KINDS: [FieldKind; 11] = [
    FieldKind::Text,
    FieldKind::Integer,
    FieldKind::Decimal,
    FieldKind::Boolean,
    FieldKind::Date,
    FieldKind::Instant,
    FieldKind::Duration,
    FieldKind::Minutes,
    FieldKind::Percent,
    FieldKind::Money,
    FieldKind::Choice,
];

pub(super) fn check(descriptor: &Descriptor, say: &mut impl FnMut(String, String)) {
    if descriptor.settings.len() > MAX_SETTINGS {
        say("settings".into(), format!("{} settings; at most {MAX_SETTINGS}", descriptor.settings.len()));
    }
    for (name, field) in &descriptor.settings {
        let key = format!("settings.{name}");
        field_rules(descriptor, name.as_str(), field, &key, say);
        if !KINDS.contains(&field.kind) {
            say(format!("{key}.type"), "a setting is one value that names no record, person or file".into());
        }
        for what in of_records(field) {
            say(format!("{key}.{what}"), format!("`{what}` is for fields of records"));
        }
        if field.secret && field.kind != FieldKind::Text {
            say(format!("{key}.secret"), "a secret is a text".into());
        }
        sent_to(descriptor, field, &key, say);
        if field.secret && field.default.is_some() {
            say(format!("{key}.default"), "a secret that stands in the descriptor is none".into());
        }
        if let Some(default) = field.default.as_ref().and_then(serde_json::Value::as_str)
            && ["today", "now"].contains(&default)
            && matches!(field.kind, FieldKind::Date | FieldKind::Instant)
        {
            say(format!("{key}.default"), "a setting's default is the same on every day".into());
        }
    }
}

/// A secret goes where it was meant to, and not to whomever else its plugin sends.
fn sent_to(descriptor: &Descriptor, field: &Field, key: &str, say: &mut impl FnMut(String, String)) {
    let hosts = &descriptor.grants.outbound;
    if !field.secret {
        if !field.sent_to.is_empty() {
            say(format!("{key}.sent_to"), "`sent_to` is for secrets".into());
        }
    } else if field.sent_to.is_empty() && hosts.len() > 1 {
        let message = format!("a secret says which of {} it may be sent to", hosts.join(", "));
        say(format!("{key}.sent_to"), message);
    }
    for (index, host) in field.sent_to.iter().enumerate() {
        if !hosts.contains(host) {
            say(format!("{key}.sent_to[{index}]"), format!("`{host}` is not in `grants.outbound`"));
        }
    }
}

/// The keys of a field that say nothing of a setting, as far as they are given. What was called otherwise, and rules on
/// who reads it, are among them.
fn of_records(field: &Field) -> Vec<&'static str> {
    let given = [
        ("search", field.search),
        ("read_only", field.read_only),
        ("internal", field.internal),
        ("sequence", field.sequence.is_some()),
        ("derived", field.derived.is_some()),
        ("renamed_from", field.renamed_from.names().len() > 0),
        ("renamed", !field.renamed.is_empty()),
        ("read", field.read.is_some()),
        ("write", field.write.is_some()),
        ("acyclic", field.acyclic),
        ("related_title", field.related_title.is_some()),
        ("on_delete", field.on_delete != OnDelete::Restrict),
    ];
    given.into_iter().filter_map(|(name, given)| given.then_some(name)).collect()
}

#[cfg(test)]
mod tests {
    use crate::descriptor::parse;

    fn faults(outbound: &str, setting: &str) -> Vec<String> {
        let text = format!(
            "id = \"books\"\nversion = \"0.1.0\"\ntitle = \"Books\"\napi = \"0.1\"\n\
             [grants]\noutbound = {outbound}\n[settings]\nkey = {setting}\n"
        );
        parse(&text).err().into_iter().flatten().map(|issue| issue.to_string()).collect()
    }

    #[test]
    fn a_secret_says_which_of_several_hosts_it_is_for() {
        let several = "[\"api.xero.com\", \"hooks.example\"]";
        assert_eq!(faults("[\"api.xero.com\"]", "{ type = \"text\", secret = true }"), [""; 0]);
        let all = faults(several, "{ type = \"text\", secret = true }");
        assert!(all.len() == 1 && all[0].contains("which of api.xero.com, hooks.example"), "{all:?}");
        let meant = "{ type = \"text\", secret = true, sent_to = [\"api.xero.com\"] }";
        assert_eq!(faults(several, meant), [""; 0]);
        let elsewhere = faults("[\"hooks.example\"]", meant);
        assert!(elsewhere.len() == 1 && elsewhere[0].contains("not in `grants.outbound`"), "{elsewhere:?}");
        let plain = faults(several, "{ type = \"text\", sent_to = [\"api.xero.com\"] }");
        assert!(plain.len() == 1 && plain[0].contains("is for secrets"), "{plain:?}");
    }
}
