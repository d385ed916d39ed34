//! Which fields of which records an answer shows: `fields` and `expand`. The columns of one statement, and how its rows
//! become nested JSON without an object in between.

use lignaflow_core::bind::Binder;
use lignaflow_core::catalog::{Schema, SystemField};
use lignaflow_core::custom::{self, CUSTOM};
use lignaflow_core::value::Value;
use lignaflow_core::{Id, Issue};
use std::sync::Arc;

/// What a client asked to see.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Fields of the record itself; all where left out. The id is always shown.
    pub fields: Option<Vec<String>>,
    /// References to show as the record they lead to, such as `project` and `project.client`.
    pub expand: Vec<String>,
}

/// Columns to select and the shape that their values take.
#[derive(Debug)]
pub struct Expansion {
    columns: Vec<String>,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    Column(usize),
    /// The fields that an organization added, which a record has as one.
    Own(Vec<(String, Shape)>),
    /// Null where the column at `present` is.
    Object {
        present: usize,
        members: Vec<(String, Shape)>,
    },
}

const LEADING: [SystemField; 2] = [SystemField::Id, SystemField::Version];
const TRAILING: [SystemField; 4] =
    [SystemField::CreatedAt, SystemField::UpdatedAt, SystemField::CreatedBy, SystemField::ArchivedAt];

impl Expansion {
    pub fn new(binder: &Binder<'_>, schema: &Arc<Schema>, wanted: &Wanted) -> Result<Self, Vec<Issue>> {
        let mut issues = Vec::new();
        for path in &wanted.expand {
            if path.split('.').count() > lignaflow_core::query::MAX_HOPS {
                issues.push(Issue::new("/expand", "too-deep", format!("`{path}` follows more than 3 references.")));
            } else if let Err(fault) = binder.path(schema, &format!("{path}.id")) {
                issues.extend(fault.issues.into_iter().map(|issue| Issue { path: "/expand".into(), ..issue }));
            }
        }
        for field in wanted.fields.iter().flatten() {
            let known = schema.field(field).is_some()
                || SystemField::ALL.iter().any(|system| system.as_str() == field)
                || (field == CUSTOM && schema.has_customs());
            if !known {
                issues.push(lignaflow_core::record::unknown_field(schema, field, "/fields".into()));
            }
        }
        if !issues.is_empty() {
            return Err(issues);
        }
        let mut columns = Vec::new();
        let shape = object(binder, schema, wanted, "", &mut columns);
        Ok(Self { columns, shape })
    }

    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Writes one row as a JSON object.
    pub fn write(&self, row: &[Value], out: &mut Vec<u8>) {
        write_shape(&self.shape, row, out);
    }
}

fn object(
    binder: &Binder<'_>,
    schema: &Arc<Schema>,
    wanted: &Wanted,
    prefix: &str,
    columns: &mut Vec<String>,
) -> Shape {
    let mut members: Vec<(&str, Shape)> = Vec::new();
    let mut present = 0;
    let names = LEADING
        .iter()
        .map(|field| field.as_str())
        .chain(schema.fields.iter().map(|field| field.name.as_str()))
        .chain(TRAILING.iter().map(|field| field.as_str()));
    for name in names {
        let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        let own = custom::within(name);
        let is_wanted = |field: &String| field == name || (own.is_some() && field == CUSTOM);
        let chosen = prefix.is_empty() && wanted.fields.as_ref().is_some_and(|fields| !fields.iter().any(is_wanted));
        let deeper = wanted.expand.iter().any(|expand| *expand == path || expand.starts_with(&format!("{path}.")));
        if chosen && name != "id" && !deeper {
            continue;
        }
        let target = schema.field(name).and_then(|field| field.to.as_ref()).and_then(|to| binder.catalog.schema(to));
        let shape = match target {
            Some(target) if deeper => object(binder, target, wanted, &path, columns),
            _ => {
                columns.push(path);
                Shape::Column(columns.len() - 1)
            }
        };
        if let (true, Shape::Column(index)) = (name == "id", &shape) {
            present = *index;
        }
        match (own, members.last_mut()) {
            // They stand side by side.
            (Some(own), Some((CUSTOM, Shape::Own(fields)))) => fields.push((own.to_owned(), shape)),
            (Some(own), _) => members.push((CUSTOM, Shape::Own(vec![(own.to_owned(), shape)]))),
            (None, _) => members.push((name, shape)),
        }
    }
    let members = members.into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect();
    Shape::Object { present, members }
}

fn write_shape(shape: &Shape, row: &[Value], out: &mut Vec<u8>) {
    match shape {
        Shape::Column(index) => write_value(&row[*index], out),
        Shape::Object { present, .. } if row[*present].is_null() => out.extend_from_slice(b"null"),
        Shape::Object { members, .. } | Shape::Own(members) => {
            for (index, (name, member)) in members.iter().enumerate() {
                out.push(if index == 0 { b'{' } else { b',' });
                // Field names need no escaping.
                out.push(b'"');
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(b"\":");
                write_shape(member, row, out);
            }
            out.push(b'}');
        }
    }
}

/// One value as the API writes it. A page has thousands: the common ones are written without a formatter in between.
pub fn write_value(value: &Value, out: &mut Vec<u8>) {
    use std::io::Write as _;
    // Writing to a vector cannot fail.
    let _ = match value {
        Value::Null => return out.extend_from_slice(b"null"),
        Value::Boolean(true) => return out.extend_from_slice(b"true"),
        Value::Boolean(false) => return out.extend_from_slice(b"false"),
        Value::Integer(value) => return serde_json::to_writer(out, value).unwrap_or_default(),
        Value::Reference(id) => return write_id(*id, out),
        Value::Decimal(value) => write!(out, "\"{value}\""),
        Value::Date(days) => write!(out, "\"{}\"", lignaflow_core::value::date_text(*days)),
        Value::Instant(micros) => write!(out, "\"{}\"", lignaflow_core::value::instant_text(*micros)),
        Value::Money(money) => write!(out, "{{\"minor\":{},\"currency\":\"{}\"}}", money.minor, money.currency),
        Value::Text(text) => return serde_json::to_writer(out, text).unwrap_or_default(),
        Value::References(ids) => {
            out.push(b'[');
            for (index, id) in ids.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_id(*id, out);
            }
            return out.push(b']');
        }
        Value::Json(json) => return serde_json::to_writer(out, json).unwrap_or_default(),
    };
}

fn write_id(id: Id, out: &mut Vec<u8>) {
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    out.push(b'"');
    out.extend_from_slice(id.uuid().hyphenated().encode_lower(&mut text).as_bytes());
    out.push(b'"');
}
