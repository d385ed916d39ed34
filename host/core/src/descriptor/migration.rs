//! Versions that carry records over: the rules of `[migration]`, and what the tables are to hold while both versions
//! have their records in them.

use super::{Collection, Descriptor, Field, FieldKind, Former, Migration};
use std::collections::HashSet;

pub(super) fn check(descriptor: &Descriptor, say: &mut impl FnMut(String, String)) {
    let Some(migration) = &descriptor.migration else { return };
    if migration.from.is_empty() {
        say("migration.from".into(), "names no version that records are carried over from, such as [\"0.1\"]".into());
    }
    let number = |part: &str| part.parse::<u32>().is_ok_and(|number| number.to_string() == part);
    for (index, from) in migration.from.iter().enumerate() {
        if !(1..=3).contains(&from.split('.').count()) || !from.split('.').all(number) {
            let message = format!("`{from}` is not a version, or its beginning, such as 0.1");
            say(format!("migration.from[{index}]"), message);
        }
    }
    if migration.covers(&descriptor.version) {
        say("migration.from".into(), format!("covers {}, which is this very version", descriptor.version));
    }
    if migration.collections.is_empty() {
        say("migration.collections".into(), "names no collection whose records are carried over".into());
    }
    let mut seen = HashSet::new();
    for (index, name) in migration.collections.iter().enumerate() {
        let at = format!("migration.collections[{index}]");
        if descriptor.collection(name.as_str()).is_none() {
            say(at, format!("there is no collection `{name}`"));
        } else if !seen.insert(name) {
            say(at, format!("`{name}` is there twice"));
        }
    }
    if !(1..=Migration::MOST).contains(&migration.portion()) {
        say("migration.portion".into(), format!("a call is handed 1 to {} records", Migration::MOST));
    }
}

impl Descriptor {
    /// What of this version cannot come to stand beside the version before, each with its place and a sentence: records
    /// are carried over while that one goes on, so nothing that it knows may be called or kept otherwise.
    pub fn obstacles(&self, before: &Self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for collection in &self.collections {
            let at = format!("/{}/{}", self.id, collection.name);
            if let Some(former) = before.collection(collection.name.as_str()) {
                fields(collection, former, &at, &mut found);
            } else {
                let renamed = collection.renamed_from.names().find(|name| before.collection(name.as_str()).is_some());
                found.extend(renamed.map(|name| (at, format!("`{name}` is renamed"))));
            }
        }
        found
    }

    /// What the tables are to hold while this version's records come to stand beside those of the version before, which
    /// goes on: all that either declares, nothing required or unique that only this one asks for, and nothing renamed.
    #[must_use]
    pub fn beside(&self, before: &Self) -> Self {
        let mut both = self.clone();
        for collection in &mut both.collections {
            collection.renamed_from = Former::default();
            for field in collection.fields.values_mut() {
                field.renamed_from = Former::default();
                field.renamed.clear();
            }
            let Some(former) = before.collection(collection.name.as_str()) else { continue };
            for (name, field) in &mut collection.fields {
                match former.fields.get(name) {
                    Some(former) => widen(field, former),
                    None => field.required = false,
                }
            }
            for (name, field) in &former.fields {
                if !collection.fields.contains_key(name) {
                    collection.fields.insert(name.clone(), field.clone());
                }
            }
            collection.unique.retain(|rule| former.unique.contains(rule));
            let lacking = former.indexes.iter().filter(|index| !collection.indexes.contains(index));
            let lacking: Vec<_> = lacking.cloned().collect();
            collection.indexes.extend(lacking);
        }
        for former in &before.collections {
            if self.collection(former.name.as_str()).is_none() {
                both.collections.push(former.clone());
            }
        }
        both
    }
}

fn fields(collection: &Collection, before: &Collection, at: &str, found: &mut Vec<(String, String)>) {
    for (name, field) in &collection.fields {
        let at = format!("{at}/{name}");
        let Some(former) = before.fields.get(name) else {
            let renamed = field.renamed_from.names().find(|name| before.fields.contains_key(*name));
            found.extend(renamed.map(|name| (at, format!("`{name}` is renamed"))));
            continue;
        };
        if (field.kind, field.scale(), &field.to) != (former.kind, former.scale(), &former.to) {
            found.push((at.clone(), format!("`{name}` has another type")));
        }
        if let Some(choice) = former.of.iter().find(|choice| field.renamed.contains_key(*choice)) {
            found.push((at, format!("the choice `{choice}` is renamed")));
        }
    }
}

/// Has a field take what it took before as well.
fn widen(field: &mut Field, former: &Field) {
    field.required &= former.required;
    let more: Vec<_> = former.of.iter().filter(|choice| !field.of.contains(choice)).cloned().collect();
    field.of.extend(more);
    field.max = if field.kind == FieldKind::Text {
        Some(field.max_characters().max(former.max_characters()))
    } else {
        field.max.zip(former.max).map(|(now, then)| now.max(then))
    };
    field.min = field.min.zip(former.min).map(|(now, then)| now.min(then));
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    fn contacts(version: &str, more: &str, fields: &str) -> String {
        format!(
            "id = \"contacts\"\nversion = \"{version}\"\ntitle = \"Contacts\"\napi = \"0.1\"\n{more}\n[[collections]]\n\
             name = \"contacts\"\ntitle = {{ one = \"Contact\", many = \"Contacts\" }}\ndisplay = \"full\"\n\
             [collections.fields]\nfull = {{ type = \"text\", required = true }}\n{fields}\n"
        )
    }

    #[test]
    fn the_tables_hold_what_either_version_declares() {
        let before =
            contacts("0.1.0", "", "state = { type = \"choice\", of = [\"a\", \"b\"] }\nold = { type = \"date\" }");
        let more = "[migration]\nfrom = [\"0.1\"]\ncollections = [\"contacts\"]\n";
        let next = "state = { type = \"choice\", of = [\"b\", \"c\"] }\ngiven = { type = \"text\", required = true, max = 50 }";
        let (before, next) = (parse(&before).unwrap(), parse(&contacts("0.2.0", more, next)).unwrap());
        let both = next.beside(&before);
        let fields = &both.collections[0].fields;
        assert_eq!(fields.keys().map(AsRef::as_ref).collect::<Vec<&str>>(), ["full", "state", "given", "old"]);
        assert_eq!(fields["state"].of, ["b", "c", "a"]);
        assert!(fields["full"].required && !fields["given"].required);
    }

    #[test]
    fn what_the_version_before_knows_is_neither_renamed_nor_of_another_type() {
        let before = "state = { type = \"choice\", of = [\"a\", \"b\"] }\nsize = { type = \"integer\" }\nold = { type = \"date\" }";
        let next = "state = { type = \"choice\", of = [\"b\", \"c\"], renamed = { a = \"c\" } }\n\
                    size = { type = \"text\" }\nsince = { type = \"date\", renamed_from = \"old\" }";
        let (before, next) = (contacts("0.1.0", "", before), contacts("0.2.0", "", next));
        let found = parse(&next).unwrap().obstacles(&parse(&before).unwrap());
        let places: Vec<_> = found.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(places, ["/contacts/contacts/state", "/contacts/contacts/size", "/contacts/contacts/since"]);
    }

    #[test]
    fn versions_are_covered_by_their_beginning() {
        let more = |from: &str, collections: &str, rest: &str| {
            format!("[migration]\nfrom = {from}\ncollections = {collections}\n{rest}\n")
        };
        let read = |from: &str, collections: &str, rest: &str| {
            parse(&contacts("0.20.0", &more(from, collections, rest), "")).map(|it| it.migration.unwrap())
        };
        let migration = read("[\"0.1\", \"0.2.3\"]", "[\"contacts\"]", "").unwrap();
        let covered = ["0.1.0", "0.1.12", "0.2.3", "0.2.3-rc.1", "0.2.30", "0.10.0", "0.2.4"];
        assert_eq!(covered.map(|version| migration.covers(version)), [true, true, true, true, false, false, false]);
        for (from, collections, rest, key) in [
            ("[]", "[\"contacts\"]", "", "migration.from"),
            ("[\"0.20\"]", "[\"contacts\"]", "", "migration.from"),
            ("[\"0.1.x\"]", "[\"contacts\"]", "", "migration.from[0]"),
            ("[\"0.1\"]", "[]", "", "migration.collections"),
            ("[\"0.1\"]", "[\"others\"]", "", "migration.collections[0]"),
            ("[\"0.1\"]", "[\"contacts\", \"contacts\"]", "", "migration.collections[1]"),
            ("[\"0.1\"]", "[\"contacts\"]", "portion = 501", "migration.portion"),
        ] {
            let faults = read(from, collections, rest).unwrap_err();
            assert!(faults.iter().any(|fault| fault.to_string().contains(key)), "{key}: {faults:?}");
        }
    }
}
