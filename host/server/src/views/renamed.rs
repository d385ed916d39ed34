//! A view keeps the names of its day. Where its collection has renamed fields and choices since, it follows.

use lignaflow_core::catalog::{Catalog, Schema, SchemaField};

/// The query, by the names that fields and choices have now. What was never there stays as it is.
pub(super) fn followed(catalog: &Catalog, schema: &Schema, query: &str) -> String {
    let mut names = form_urlencoded::Serializer::new(String::new());
    for (name, text) in form_urlencoded::parse(query.as_bytes()) {
        let path = |path: &str| path_now(catalog, schema, path).0;
        match name.as_ref() {
            "sort" | "fields" => {
                let each = |item: &str| match item.strip_prefix('-') {
                    Some(descending) => format!("-{}", path(descending)),
                    None => path(item),
                };
                names.append_pair(&name, &listed(&text, each));
            }
            "group" | "sum" | "average" | "min" | "max" | "distinct" | "count" => {
                let each = |item: &str| match item.split_once(':') {
                    Some((asked, bucket)) => format!("{}:{bucket}", path(asked)),
                    None => path(item),
                };
                names.append_pair(&name, &listed(&text, each));
            }
            _ => match name.strip_prefix("filter[").and_then(|rest| rest.split_once(']')) {
                Some((asked, operator)) => {
                    let (path, field) = path_now(catalog, schema, asked);
                    let choice = |word: &str| {
                        field.and_then(|field| field.field.renamed_choice(word)).unwrap_or(word).to_owned()
                    };
                    let text = if operator == "[in]" { listed(&text, choice) } else { choice(&text) };
                    names.append_pair(&format!("filter[{path}]{operator}"), &text);
                }
                None => {
                    names.append_pair(&name, &text);
                }
            },
        }
    }
    names.finish()
}

fn listed(text: &str, each: impl Fn(&str) -> String) -> String {
    text.split(',').map(|item| each(item.trim())).collect::<Vec<_>>().join(",")
}

/// A path by the names of now, and the field at its end.
fn path_now<'a>(catalog: &'a Catalog, schema: &'a Schema, path: &str) -> (String, Option<&'a SchemaField>) {
    let mut at = Some(schema);
    let mut found = None;
    let mut names = Vec::new();
    for name in path.split('.') {
        found = at.and_then(|schema| field_now(schema, name));
        names.push(found.map_or(name, |field: &SchemaField| field.name.as_str()));
        at = found.and_then(|field| catalog.schema(field.to.as_ref()?)).map(AsRef::as_ref);
    }
    (names.join("."), found)
}

/// The field of this name, or else the one that had it.
fn field_now<'a>(schema: &'a Schema, name: &str) -> Option<&'a SchemaField> {
    let had = |field: &&SchemaField| field.field.renamed_from.names().any(|former| former.as_str() == name);
    schema.field(name).or_else(|| schema.fields.iter().find(had))
}
