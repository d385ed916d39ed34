//! Which fields of which records an answer shows: `fields` and `expand`. The columns of one statement, and how its rows
//! become nested JSON without an object in between. What a list of references leads to, and what people are called, is
//! looked up for the whole page: a statement for each collection, and one for the people.

use lignaflow_core::bind::Binder;
use lignaflow_core::bound::BoundPath;
use lignaflow_core::caller::Caller;
use lignaflow_core::catalog::{Schema, SystemField};
use lignaflow_core::custom::{self, CUSTOM};
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::value::Value;
use lignaflow_core::{Fault, Id, Issue};
use lignaflow_records::Records;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Members of lists that one page shows as records, or by name.
const MAX_MEMBERS: usize = 5_000;

/// What a client asked to see.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Fields of the record itself; all where left out. The id is always shown.
    pub fields: Option<Vec<String>>,
    /// References to show as the records they lead to, such as `project` and `project.client`, and people to show with
    /// their names.
    pub expand: Vec<String>,
}

/// Columns to select and the shape that their values take.
#[derive(Debug)]
pub struct Expansion {
    columns: Vec<String>,
    shape: Shape,
    /// What is looked up once the page is there.
    looked_up: Vec<LookedUp>,
    expands: bool,
}

/// A column of ids that are shown as more.
#[derive(Debug)]
struct LookedUp {
    column: usize,
    /// The collection that they lead to; people where there is none.
    target: Option<Arc<Schema>>,
}

/// What was looked up for a page.
#[derive(Debug, Default)]
pub struct Told {
    people: HashMap<Id, String>,
    /// Records as JSON, by their column: another collection can have the same ids.
    records: HashMap<usize, Arc<HashMap<Id, String>>>,
}

#[derive(Debug)]
enum Shape {
    Column(usize),
    /// People with their names, one or several.
    People(usize),
    /// The records that a list leads to.
    Records(usize),
    /// The fields that an organization added, which a record has as one.
    Own(Vec<(String, Shape)>),
    /// Null where the column at `present` is.
    Object {
        present: usize,
        members: Vec<(String, Shape)>,
    },
}

/// Who made a record, the one person that every record has.
const MAKER: SystemField = SystemField::CreatedBy;
const LEADING: [SystemField; 2] = [SystemField::Id, SystemField::Version];
const TRAILING: [SystemField; 4] = [SystemField::CreatedAt, SystemField::UpdatedAt, MAKER, SystemField::ArchivedAt];

impl Expansion {
    pub fn new(binder: &Binder<'_>, schema: &Arc<Schema>, wanted: &Wanted) -> Result<Self, Vec<Issue>> {
        let mut issues = Vec::new();
        for path in &wanted.expand {
            if path.split('.').count() > lignaflow_core::query::MAX_HOPS {
                issues.push(Issue::new("/expand", "too-deep", format!("`{path}` follows more than 3 references.")));
            } else if let Err(fault) = expandable(binder, schema, path) {
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
        let mut columns = Columns::default();
        let shape = object(binder, schema, wanted, "", &mut columns);
        let Columns { paths, looked_up } = columns;
        Ok(Self { columns: paths, shape, looked_up, expands: !wanted.expand.is_empty() })
    }

    /// Whether anything stands in an answer that is not the record's own.
    pub const fn expands(&self) -> bool {
        self.expands
    }

    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Looks up what the rows of a page refer to, as far as the caller may read it. People are named to whoever may read
    /// the record that refers to them.
    pub async fn look_up(&self, records: &Records, caller: &Caller, rows: &[Vec<Value>]) -> Result<Told, Fault> {
        let mut people = BTreeSet::new();
        let mut wanted: BTreeMap<_, (&Arc<Schema>, BTreeSet<Id>)> = BTreeMap::new();
        for LookedUp { column, target } in &self.looked_up {
            let ids = rows.iter().filter_map(|row| row.get(*column)).flat_map(ids);
            match target {
                None => people.extend(ids),
                Some(target) => wanted.entry(&target.name).or_insert((target, BTreeSet::new())).1.extend(ids),
            }
        }
        let members = people.len() + wanted.values().map(|(_, ids)| ids.len()).sum::<usize>();
        if members > MAX_MEMBERS {
            let message = format!(
                "{members} records and people would be shown, and an answer shows {MAX_MEMBERS}: lower `limit`, or \
                 expand less."
            );
            return Err(Fault::at("/expand", "too-many", message));
        }
        let mut told = Told::default();
        if !people.is_empty() {
            let people: Vec<Id> = people.into_iter().collect();
            told.people.extend(records.directory().names(caller.organization, &people).await?);
        }
        let mut found = HashMap::new();
        for (name, (schema, ids)) in wanted {
            let ids: Vec<Id> = ids.into_iter().collect();
            let those = records.those(caller.to_read()?, schema, &ids).await?;
            let json = those.into_iter().map(|record| (record.id, record.to_json(schema).to_string())).collect();
            found.insert(name, Arc::new(json));
        }
        for LookedUp { column, target } in &self.looked_up {
            if let Some(those) = target.as_ref().and_then(|target| found.get(&target.name)) {
                told.records.insert(*column, Arc::clone(those));
            }
        }
        Ok(told)
    }

    /// Writes one row as a JSON object.
    pub fn write(&self, row: &[Value], told: &Told, out: &mut Vec<u8>) {
        write_shape(&self.shape, row, told, out);
    }
}

/// A path whose end can be shown as more than an id.
fn expandable(binder: &Binder<'_>, schema: &Arc<Schema>, path: &str) -> Result<BoundPath, Fault> {
    let bound = binder.path(schema, path)?;
    match bound.kind() {
        FieldKind::Person | FieldKind::People | FieldKind::References => Ok(bound),
        // What is wrong with anything else is what is wrong with following it.
        _ => binder.path(schema, &format!("{path}.id")),
    }
}

fn ids(value: &Value) -> &[Id] {
    match value {
        Value::Reference(id) => std::slice::from_ref(id),
        Value::References(ids) => ids,
        _ => &[],
    }
}

/// Columns as they are found.
#[derive(Debug, Default)]
struct Columns {
    paths: Vec<String>,
    looked_up: Vec<LookedUp>,
}

impl Columns {
    fn take(&mut self, path: String) -> usize {
        self.paths.push(path);
        self.paths.len() - 1
    }

    fn look_up(&mut self, path: String, target: Option<&Arc<Schema>>) -> usize {
        let column = self.take(path);
        self.looked_up.push(LookedUp { column, target: target.cloned() });
        column
    }
}

fn object(binder: &Binder<'_>, schema: &Arc<Schema>, wanted: &Wanted, prefix: &str, columns: &mut Columns) -> Shape {
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
        let field = schema.field(name);
        let target = field.and_then(|field| field.to.as_ref()).and_then(|to| binder.catalog.schema(to));
        let kind =
            field.map_or_else(|| (name == MAKER.as_str()).then_some(FieldKind::Person), |it| Some(it.field.kind));
        let shape = match (kind, target) {
            (Some(FieldKind::Reference), Some(target)) if deeper => object(binder, target, wanted, &path, columns),
            (Some(FieldKind::References), Some(_)) if deeper => Shape::Records(columns.look_up(path, target)),
            (Some(FieldKind::Person | FieldKind::People), _) if deeper => Shape::People(columns.look_up(path, None)),
            _ => Shape::Column(columns.take(path)),
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

fn write_shape(shape: &Shape, row: &[Value], told: &Told, out: &mut Vec<u8>) {
    match shape {
        Shape::Column(index) => write_value(&row[*index], out),
        Shape::People(index) => match &row[*index] {
            Value::References(ids) => {
                write_list(ids.iter(), out, |id, out| write_person(*id, told, out));
            }
            Value::Reference(id) => write_person(*id, told, out),
            _ => out.extend_from_slice(b"null"),
        },
        // Those that may not be read are left out.
        Shape::Records(index) => {
            let known = told.records.get(index);
            let records = ids(&row[*index]).iter().filter_map(|id| known?.get(id));
            write_list(records, out, |record, out| out.extend_from_slice(record.as_bytes()));
        }
        Shape::Object { present, .. } if row[*present].is_null() => out.extend_from_slice(b"null"),
        Shape::Object { members, .. } | Shape::Own(members) => {
            for (index, (name, member)) in members.iter().enumerate() {
                out.push(if index == 0 { b'{' } else { b',' });
                // Field names need no escaping.
                out.push(b'"');
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(b"\":");
                write_shape(member, row, told, out);
            }
            out.push(b'}');
        }
    }
}

fn write_list<T>(items: impl Iterator<Item = T>, out: &mut Vec<u8>, write: impl Fn(T, &mut Vec<u8>)) {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}

/// Somebody by id and name.
fn write_person(id: Id, told: &Told, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"id\":");
    write_id(id, out);
    out.extend_from_slice(b",\"name\":");
    write_value(&told.people.get(&id).cloned().map_or(Value::Null, Value::Text), out);
    out.push(b'}');
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
