//! Reading `plugin.toml`: every unknown key with its line and the nearest known one, then the first value of a wrong
//! type, then every broken rule.

use super::{Descriptor, check, json_schema};
use serde_json::Value as Json;
use std::fmt;
use toml::de::{DeTable, DeValue};

/// One fault of a descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescriptorFault {
    /// The line in `plugin.toml`, from 1; 0 where a fault has no single place.
    pub line: usize,
    /// The key, such as `collections[0].fields.name.typ`.
    pub key: String,
    pub message: String,
}

impl fmt::Display for DescriptorFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.key.is_empty()) {
            (0, true) => write!(f, "{}", self.message),
            (0, false) => write!(f, "{}: {}", self.key, self.message),
            (line, true) => write!(f, "line {line}: {}", self.message),
            (line, false) => write!(f, "line {line}, {}: {}", self.key, self.message),
        }
    }
}

impl std::error::Error for DescriptorFault {}

/// Bytes of a descriptor beyond which it is refused unread.
pub const MAX_BYTES: usize = 256 * 1024;

/// Reads and checks a descriptor. All faults that can be seen at once are.
pub fn parse(text: &str) -> Result<Descriptor, Vec<DescriptorFault>> {
    if text.len() > MAX_BYTES {
        return Err(vec![DescriptorFault {
            line: 0,
            key: String::new(),
            message: format!("the descriptor has {} bytes; at most {MAX_BYTES} are read", text.len()),
        }]);
    }
    let table = DeTable::parse(text).map_err(|error| vec![fault_of(text, &error)])?;
    let schema = json_schema();
    let mut faults = Vec::new();
    // Where lines end is found once: a place for each key, by counting, would take the square of the text.
    let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
    let mut places = Places { ends: &ends, schema: &schema, lines: Vec::new(), faults: &mut faults };
    places.table(table.get_ref(), &schema, "");
    let lines = places.lines;
    if !faults.is_empty() {
        return Err(faults);
    }
    let descriptor: Descriptor = toml::from_str(text).map_err(|error| vec![fault_of(text, &error)])?;
    let broken = check::check(&descriptor);
    if broken.is_empty() {
        return Ok(descriptor);
    }
    Err(broken
        .into_iter()
        .map(|(key, message)| DescriptorFault { line: line_of_key(&lines, &key), key, message })
        .collect())
}

fn fault_of(text: &str, error: &toml::de::Error) -> DescriptorFault {
    let line = error.span().map_or(0, |span| line_at(text, span.start));
    DescriptorFault { line, key: String::new(), message: error.message().trim().to_owned() }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}

/// The line of the key itself, or of the nearest key above it that stands in the file.
fn line_of_key(lines: &[(String, usize)], key: &str) -> usize {
    let mut key = key;
    loop {
        if let Some((_, line)) = lines.iter().find(|(known, _)| known == key) {
            return *line;
        }
        match key.rfind(['.', '[']) {
            Some(end) => key = &key[..end],
            None => return 0,
        }
    }
}

struct Places<'a> {
    /// Where lines end.
    ends: &'a [usize],
    schema: &'a Json,
    lines: Vec<(String, usize)>,
    faults: &'a mut Vec<DescriptorFault>,
}

impl Places<'_> {
    fn line_at(&self, offset: usize) -> usize {
        self.ends.partition_point(|end| *end < offset) + 1
    }

    /// Walks one table beside the schema that it should have.
    fn table(&mut self, table: &DeTable<'_>, schema: &Json, path: &str) {
        let shapes = shapes(self.schema, schema);
        for (name, value) in table {
            let name_text: &str = name.get_ref();
            let key = if path.is_empty() { name_text.to_owned() } else { format!("{path}.{name_text}") };
            let line = self.line_at(name.span().start);
            self.lines.push((key.clone(), line));
            let known = shapes.iter().find_map(|shape| shape["properties"].get(name_text));
            let free =
                shapes.iter().find_map(|shape| shape.get("additionalProperties").filter(|free| free.is_object()));
            let open = shapes.is_empty()
                || shapes.iter().any(|shape| {
                    shape.get("properties").is_none()
                        && shape.get("additionalProperties").is_none_or(|free| *free == true)
                });
            match known.or(free) {
                Some(inner) => self.value(value.get_ref(), inner, &key, line),
                None if open => {}
                None => {
                    let candidates =
                        shapes.iter().filter_map(|shape| shape["properties"].as_object()).flat_map(|p| p.keys());
                    let message = match nearest(name_text, candidates.map(String::as_str)) {
                        Some(near) => format!("unknown key `{name_text}`; did you mean `{near}`?"),
                        None => format!("unknown key `{name_text}`"),
                    };
                    self.faults.push(DescriptorFault { line, key, message });
                }
            }
        }
    }

    fn value(&mut self, value: &DeValue<'_>, schema: &Json, path: &str, _line: usize) {
        match value {
            DeValue::Table(table) => self.table(table, schema, path),
            DeValue::Array(items) => {
                let inner = shapes(self.schema, schema).into_iter().find_map(|shape| shape.get("items").cloned());
                for (index, item) in items.iter().enumerate() {
                    let key = format!("{path}[{index}]");
                    let line = self.line_at(item.span().start);
                    self.lines.push((key.clone(), line));
                    if let Some(inner) = &inner {
                        self.value(item.get_ref(), inner, &key, line);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The object and array schemas that a schema stands for, its references and alternatives followed.
fn shapes<'a>(root: &'a Json, schema: &'a Json) -> Vec<&'a Json> {
    let mut found = Vec::new();
    let mut open = vec![schema];
    while let Some(next) = open.pop() {
        if let Some(reference) = next["$ref"].as_str() {
            if let Some(target) = root.pointer(reference.trim_start_matches('#')) {
                open.push(target);
            }
            continue;
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            if let Some(alternatives) = next[key].as_array() {
                open.extend(alternatives);
            }
        }
        if ["properties", "additionalProperties", "items"].iter().any(|key| next.get(key).is_some()) {
            found.push(next);
        }
    }
    found
}

/// The known word nearest to an unknown one, where one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().max(word.len()) / 4)
        .min()
        .map(|(_, candidate)| candidate)
}
