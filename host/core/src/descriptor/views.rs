//! Views that a plugin gives the list of a collection: what its people ask for most, under a name. They stand beside those
//! that people keep themselves, and are asked in the same words.

use super::{Collection, Descriptor, Field, FieldKind, Filters};
use crate::catalog::SystemField;
use crate::name::{CollectionName, FieldName, LocalName};
use crate::period;
use crate::query::{MAX_HOPS, Operator};
use crate::value::{parse_date, parse_instant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::HashSet;

/// The most of one collection: a list is no menu.
const MOST: usize = 8;
/// Characters of a title.
const MOST_TITLE: usize = 40;
/// In an address, the list without any view.
const ALL: &str = "all";

/// The list narrowed, in an order, with columns, under a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListView {
    /// By which an address opens it: `?view=mine`.
    pub name: LocalName,
    /// `Overdue`.
    pub title: String,
    /// `me` is whoever looks: `{ assignees = "me", "due[lt]" = "today" }`.
    #[serde(default)]
    pub filter: Filters,
    /// Such as `-due`; that of the list where left out.
    #[serde(default)]
    pub sort: Option<String>,
    /// Columns in their order; those of the list where left out.
    #[serde(default)]
    pub list: Vec<FieldName>,
}

/// What a path ends in.
enum End<'a> {
    Field(&'a Field),
    System(SystemField),
    /// Another plugin's, which is known once it is loaded.
    Elsewhere,
}

impl End<'_> {
    fn kind(&self) -> Option<FieldKind> {
        match self {
            Self::Field(field) => Some(field.kind),
            Self::System(field) => Some(field.kind()),
            Self::Elsewhere => None,
        }
    }
}

pub(super) fn check(descriptor: &Descriptor, collection: &Collection, key: &str, say: &mut impl FnMut(String, String)) {
    let count = collection.views.len();
    if count > MOST {
        say(format!("{key}.views"), format!("{count} views; at most {MOST}"));
    }
    let mut names = HashSet::new();
    for (index, view) in collection.views.iter().enumerate() {
        let key = format!("{key}.views[{index}]");
        if view.name.as_str() == ALL || !names.insert(view.name.as_str()) {
            say(format!("{key}.name"), format!("`{}` is another view's name, or the whole list's", view.name));
        }
        if view.title.trim().is_empty() || view.title.chars().count() > MOST_TITLE {
            say(format!("{key}.title"), format!("a view is called by 1 to {MOST_TITLE} characters"));
        }
        if view.filter.is_empty() && view.sort.is_none() && view.list.is_empty() {
            say(key.clone(), "it says nothing that the list does not: give it a filter, a sort or columns".into());
        }
        for name in &view.list {
            if let Err(message) = end(descriptor, collection, name.as_str()) {
                say(format!("{key}.list"), message);
            }
        }
        for part in view.sort.iter().flat_map(|sort| sort.split(',')) {
            match end(descriptor, collection, part.trim().trim_start_matches('-')) {
                Ok(End::Field(field)) if !field.is_single() => {
                    say(
                        format!("{key}.sort"),
                        format!("`{part}` holds many values or JSON, which nothing is sorted by"),
                    );
                }
                Ok(_) => {}
                Err(message) => say(format!("{key}.sort"), message),
            }
        }
        for (asked, value) in &view.filter {
            if let Err(message) = filter(descriptor, collection, asked, value) {
                say(format!("{key}.filter"), message);
            }
        }
    }
}

/// Where a path leads from a collection of the plugin.
fn end<'a>(descriptor: &'a Descriptor, collection: &'a Collection, path: &str) -> Result<End<'a>, String> {
    let mut at = collection;
    let mut parts = path.split('.').peekable();
    let mut hops = 0;
    while let Some(part) = parts.next() {
        let field = at.field(part);
        if parts.peek().is_none() {
            let system = SystemField::ALL.into_iter().find(|system| system.as_str() == part);
            let found = field.map(End::Field).or(system.map(End::System));
            return found.ok_or_else(|| format!("there is no field `{part}` in `{}`", at.name));
        }
        hops += 1;
        let to = field.filter(|field| field.kind == FieldKind::Reference).and_then(|field| field.to.as_deref());
        let to = to.and_then(|to| CollectionName::within(&descriptor.id, to).ok()).filter(|_| hops <= MAX_HOPS);
        let to = to.ok_or_else(|| format!("`{part}` of `{path}` is no reference to follow, or one too many"))?;
        if to.plugin != descriptor.id {
            return Ok(End::Elsewhere);
        }
        let Some(next) = descriptor.collection(to.local.as_str()) else { return Ok(End::Elsewhere) };
        at = next;
    }
    Err("a path names a field".into())
}

/// `due[lt]` with `today`.
fn filter(descriptor: &Descriptor, collection: &Collection, asked: &str, value: &Json) -> Result<(), String> {
    let (path, operator) = match asked.split_once('[') {
        Some((path, operator)) => (path, operator.strip_suffix(']').unwrap_or_default()),
        None => (asked, Operator::Equal.api_name()),
    };
    let found = end(descriptor, collection, path)?;
    if operator == "is_null" {
        return if value.is_boolean() { Ok(()) } else { Err(format!("`{asked}` is true or false")) };
    }
    if operator != "in" && Operator::ALL.iter().all(|known| known.api_name() != operator) {
        return Err(format!(
            "`{asked}` compares by no operator: eq, ne, lt, lte, gt, gte, in, contains, starts_with, is_null"
        ));
    }
    let values = match value {
        Json::Array(values) if operator == "in" => values.as_slice(),
        Json::Array(_) | Json::Object(_) | Json::Null => return Err(format!("`{asked}` is compared with one value")),
        one => std::slice::from_ref(one),
    };
    let Some(kind) = found.kind() else { return Ok(()) };
    let of = if let End::Field(field) = &found { field.of.as_slice() } else { &[] };
    match values.iter().find(|value| !fits(kind, of, value)) {
        Some(wrong) => Err(format!("`{path}` is never {wrong}")),
        None => Ok(()),
    }
}

/// Whether a value is one that such a field is compared with. Records and files have no names here.
fn fits(kind: FieldKind, of: &[String], value: &Json) -> bool {
    use FieldKind as Kind;
    let text = value.as_str();
    match kind {
        Kind::Text => text.is_some(),
        Kind::Choice => text.is_some_and(|text| of.iter().any(|choice| choice == text)),
        Kind::Boolean => value.is_boolean(),
        Kind::Integer | Kind::Duration | Kind::Minutes | Kind::Percent => value.is_i64(),
        Kind::Decimal => text.is_some_and(|text| text.parse::<crate::value::Decimal>().is_ok()),
        Kind::Date => text.is_some_and(|text| period::is_word(text) || parse_date(text).is_some()),
        Kind::Instant => text.is_some_and(|text| period::is_word(text) || parse_instant(text).is_some()),
        Kind::Person | Kind::People => text == Some(period::ME),
        Kind::Money | Kind::Reference | Kind::References | Kind::Media | Kind::Files | Kind::Json => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::descriptor::parse;

    fn told(views: &str) -> Vec<String> {
        let text = format!(
            "id = \"shop\"\nversion = \"0.1.0\"\ntitle = \"Shop\"\napi = \"0.1\"\n\n\
             [[collections]]\nname = \"jobs\"\ntitle = {{ one = \"Job\", many = \"Jobs\" }}\ndisplay = \"title\"\n\n\
             [collections.fields]\ntitle = {{ type = \"text\", required = true }}\n\
             state = {{ type = \"choice\", of = [\"open\", \"done\"] }}\ndue = {{ type = \"date\" }}\n\
             who = {{ type = \"people\" }}\nafter = {{ type = \"reference\", to = \"jobs\" }}\n\n{views}"
        );
        match parse(&text) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.iter().map(|fault| format!("{}: {}", fault.key, fault.message)).collect(),
        }
    }

    #[test]
    fn a_view_asks_what_its_list_can_tell() {
        let good = "[[collections.views]]\nname = \"mine\"\ntitle = \"Mine\"\nsort = \"-due,after.title\"\n\
                    list = [\"state\", \"due\", \"created_at\"]\n\
                    filter = { who = \"me\", \"state[in]\" = [\"open\"], \"due[lt]\" = \"last-45-days\", \"after[is_null]\" = true, \
                    \"after.state[ne]\" = \"done\", created_at = \"this-week\" }\n";
        assert_eq!(told(good), Vec::<String>::new());
        let view = |rest: &str| told(&format!("[[collections.views]]\nname = \"late\"\ntitle = \"Late\"\n{rest}\n"));
        for (rest, wanted) in [
            (
                "",
                "collections[0].views[0]: it says nothing that the list does not: give it a filter, a sort or columns",
            ),
            ("sort = \"-colour\"", "collections[0].views[0].sort: there is no field `colour` in `jobs`"),
            (
                "sort = \"who\"",
                "collections[0].views[0].sort: `who` holds many values or JSON, which nothing is sorted by",
            ),
            ("list = [\"colour\"]", "collections[0].views[0].list: there is no field `colour` in `jobs`"),
            ("filter = { state = \"late\" }", "collections[0].views[0].filter: `state` is never \"late\""),
            ("filter = { due = \"this-wek\" }", "collections[0].views[0].filter: `due` is never \"this-wek\""),
            ("filter = { who = \"Ana\" }", "collections[0].views[0].filter: `who` is never \"Ana\""),
            (
                "filter = { \"title.name\" = \"x\" }",
                "collections[0].views[0].filter: `title` of `title.name` is no reference to follow, or one too many",
            ),
            (
                "filter = { \"due[is_null]\" = \"no\" }",
                "collections[0].views[0].filter: `due[is_null]` is true or false",
            ),
        ] {
            assert_eq!(view(rest), [wanted], "{rest}");
        }
        let twice = told(&format!("{good}{good}"));
        assert_eq!(twice, ["collections[0].views[1].name: `mine` is another view's name, or the whole list's"]);
    }
}
