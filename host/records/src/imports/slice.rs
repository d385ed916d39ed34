//! Some rows of a file as changes: cells read, names resolved, records that stand found by their key. Every fault is
//! told by row and column.

use super::cell::{self, Spelling};
use super::document::RowFault;
use super::lookup::{Desk, Found, tuple_key};
use super::mapping::{Bound, EmptyCells, Input, Known, Source};
use super::numbering;
use lignaflow_core::Fault;
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::clock::Micros;
use lignaflow_core::descriptor::{FieldKind, humanize};
use lignaflow_core::fold::fold;
use lignaflow_core::id::Id;
use lignaflow_core::mutation::{Fields, Mutation};
use lignaflow_core::value::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A row of a file: its number as a spreadsheet shows it, and its cells.
pub(super) type Row = (u32, Vec<String>);

/// What all slices of one pass over a file share.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    pub desk: Desk<'a>,
    pub schema: &'a Arc<Schema>,
    pub bound: &'a Bound,
    pub heads: &'a [String],
    pub import: Id,
    pub made_at: Micros,
    pub zone: jiff::tz::TimeZone,
    /// Rows by the hash of their key, and of each unique rule: the same twice in one file is a fault.
    pub seen: HashMap<u64, u32>,
}

/// A change that a row asks for.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub row: u32,
    pub mutation: Mutation,
}

#[derive(Debug, Default)]
pub(super) struct Built {
    /// Of rows without a fault.
    pub items: Vec<Item>,
    /// Of rows with one, without the fields at fault: so that the plan can tell its faults, too.
    pub partial: Vec<Item>,
    pub faults: Vec<RowFault>,
    /// Rows whose records this import has made already.
    pub there: u64,
}

/// A cell that waits for a lookup, or that does not.
enum Reading {
    Empty,
    Value(Value),
    Names(Vec<String>),
    Fault(String),
}

impl Pass<'_> {
    /// The changes of some rows.
    pub(super) async fn build(&mut self, rows: &[Row]) -> Result<Built, Fault> {
        let mut built = Built::default();
        let there = self.there(rows).await?;
        let rows: Vec<&Row> = rows.iter().filter(|(number, _)| !there.contains(number)).collect();
        built.there = u64::try_from(there.len()).unwrap_or_default();
        let readings: Vec<Vec<Reading>> = rows.iter().map(|row| self.read(row)).collect();
        let found = self.resolve(&readings).await?;
        let mut drafts: Vec<(u32, Fields, bool)> = Vec::with_capacity(rows.len());
        for (row, readings) in rows.iter().zip(readings) {
            let mut fields = Fields::new();
            let mut whole = true;
            for ((input, reading), found) in self.bound.inputs.iter().zip(readings).zip(&found) {
                let field = &self.schema.fields[input.position];
                match self.settle(input, field, reading, found) {
                    Ok(Some(value)) => {
                        fields.insert(field.name.as_str().to_owned(), value);
                    }
                    Ok(None) => {}
                    Err((code, message)) => {
                        whole = false;
                        built.faults.push(self.fault(row.0, Some(input), code, message));
                    }
                }
            }
            drafts.push((row.0, fields, whole));
        }
        self.finish(&rows, drafts, &mut built).await?;
        Ok(built)
    }

    /// The rows that have been carried out already, before a restart.
    async fn there(&self, rows: &[Row]) -> Result<BTreeSet<u32>, Fault> {
        let ids: Vec<Id> = rows.iter().map(|(number, _)| self.record_id(*number)).collect();
        let standing = self.desk.records.those_there(self.desk.caller.organization, self.schema, &ids).await?;
        Ok(standing.iter().filter_map(|id| numbering::row(self.import, self.made_at, *id)).collect())
    }

    fn record_id(&self, row: u32) -> Id {
        numbering::record(self.import, self.made_at, row)
    }

    fn fault(&self, row: u32, input: Option<&Input>, code: &str, message: String) -> RowFault {
        let column = input.and_then(|input| match &input.source {
            Source::Column(at) => self.heads.get(*at).cloned(),
            Source::Constant(_) => None,
        });
        let field = input.map(|input| self.schema.fields[input.position].name.as_str().to_owned());
        RowFault { row, column, field, code: code.to_owned(), message }
    }

    /// The fault of a field in words of the file.
    pub(super) fn fault_of(&self, row: u32, field: Option<&str>, code: &str, message: &str) -> RowFault {
        let position = field.and_then(|field| self.schema.position(field));
        let input = position.and_then(|at| self.bound.inputs.iter().find(|input| input.position == at));
        let mut fault = self.fault(row, input, code, message.to_owned());
        fault.field = field.map(str::to_owned);
        fault
    }

    fn read(&self, row: &Row) -> Vec<Reading> {
        let mapping = &self.bound.mapping;
        let spelling = Spelling {
            dates: mapping.dates,
            mark: mapping.decimal,
            currency: self.desk.caller.currency,
            zone: &self.zone,
        };
        let one = |input: &Input| {
            let text = input.source.text(&row.1);
            if text.trim().is_empty() {
                return Reading::Empty;
            }
            let field = &self.schema.fields[input.position];
            let many = matches!(field.field.kind, FieldKind::References | FieldKind::People);
            if input.known != Known::Plain {
                let names: Vec<String> = if many {
                    text.split(';').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
                } else {
                    vec![text.trim().to_owned()]
                };
                return Reading::Names(names);
            }
            let currency = input.currency.as_ref().map(|source| source.text(&row.1));
            match cell::value(field, text, input.unit, currency, &spelling) {
                Ok(value) => Reading::Value(value),
                Err(message) => Reading::Fault(message),
            }
        };
        self.bound.inputs.iter().map(one).collect()
    }

    /// For each input, what its names stand for.
    async fn resolve(&self, readings: &[Vec<Reading>]) -> Result<Vec<Found>, Fault> {
        let mut all = Vec::with_capacity(self.bound.inputs.len());
        for (at, input) in self.bound.inputs.iter().enumerate() {
            let mut texts = BTreeSet::new();
            for row in readings {
                if let Reading::Names(names) = &row[at] {
                    texts.extend(names.iter().cloned());
                }
            }
            all.push(match (&input.known, texts.is_empty()) {
                (Known::Plain, _) | (_, true) => Found::new(),
                (Known::Record(target, field), _) => match self.desk.catalog.schema(target) {
                    Some(target) => self.desk.by_field(target, field, &texts).await?,
                    None => Found::new(),
                },
                (Known::PersonName, _) => self.desk.by_name().await?,
                (Known::PersonEmail, _) => self.desk.people(&texts, true).await?,
                (Known::PersonId, _) => self.desk.people(&texts, false).await?,
            });
        }
        Ok(all)
    }

    /// The value of a cell; nothing where it leaves the field alone.
    fn settle(
        &self,
        input: &Input,
        field: &SchemaField,
        reading: Reading,
        found: &Found,
    ) -> Result<Option<Value>, (&'static str, String)> {
        let many = matches!(field.field.kind, FieldKind::References | FieldKind::People);
        match reading {
            Reading::Empty => Ok(match self.bound.mapping.empty {
                EmptyCells::Keep => None,
                EmptyCells::Clear if many => Some(Value::References(Vec::new())),
                EmptyCells::Clear => Some(Value::Null),
            }),
            Reading::Value(value) => Ok(Some(value)),
            Reading::Fault(message) => Err(("malformed", message)),
            Reading::Names(names) => {
                let mut ids = Vec::with_capacity(names.len());
                for name in &names {
                    let folded;
                    let key = if input.known == Known::PersonName {
                        folded = fold(name);
                        &folded
                    } else {
                        name
                    };
                    match found.get(key).map(Vec::as_slice) {
                        Some([id]) => ids.push(*id),
                        Some([_, _, ..]) => {
                            let message = format!(
                                "Several {} are called `{}`: say which by their ids.",
                                self.called(input, field),
                                cell::shown(name)
                            );
                            return Err(("ambiguous", message));
                        }
                        _ => {
                            let message = format!(
                                "There is none of {} that is `{}`.",
                                self.called(input, field),
                                cell::shown(name)
                            );
                            return Err(("unknown-reference", message));
                        }
                    }
                }
                Ok(Some(match ids.first() {
                    Some(id) if !many => Value::Reference(*id),
                    _ => Value::References(ids),
                }))
            }
        }
    }

    fn called(&self, input: &Input, field: &SchemaField) -> String {
        match &input.known {
            Known::PersonName | Known::PersonEmail | Known::PersonId => "the people here".to_owned(),
            _ => field
                .to
                .as_ref()
                .and_then(|to| self.desk.catalog.schema(to))
                .map_or_else(|| "the records".to_owned(), |target| target.collection.title.many.to_lowercase()),
        }
    }

    /// Decides for each row whether it makes a record or changes one, and looks for doubles.
    async fn finish(
        &mut self,
        rows: &[&Row],
        drafts: Vec<(u32, Fields, bool)>,
        built: &mut Built,
    ) -> Result<(), Fault> {
        let standing = self.standing(rows, &drafts, built).await?;
        let mut bad: BTreeSet<u32> = built.faults.iter().map(|fault| fault.row).collect();
        self.doubles(&drafts, &standing, &mut bad, built).await?;
        let collection = self.schema.name.to_string();
        for (row, mut fields, _) in drafts {
            let whole = !bad.contains(&row);
            let mutation = match standing.get(&row) {
                Some(Standing::Record(id, version)) => {
                    Mutation::Update { collection: collection.clone(), id: *id, expected: Some(*version), fields }
                }
                other => {
                    // A new record has its defaults where a cell is empty.
                    fields.retain(|_, value| !value.is_null());
                    let id = match other {
                        Some(Standing::New(id)) => *id,
                        _ => self.record_id(row),
                    };
                    Mutation::Insert { collection: collection.clone(), id, fields }
                }
            };
            let item = Item { row, mutation };
            if whole { built.items.push(item) } else { built.partial.push(item) }
        }
        Ok(())
    }

    /// What each row's id or key leads to.
    async fn standing(
        &mut self,
        rows: &[&Row],
        drafts: &[(u32, Fields, bool)],
        built: &mut Built,
    ) -> Result<HashMap<u32, Standing>, Fault> {
        let mut standing = HashMap::new();
        if let Some(source) = &self.bound.id {
            let mut ids = HashMap::new();
            for row in rows {
                let text = source.text(&row.1).trim();
                if text.is_empty() {
                    continue;
                }
                match text.parse::<Id>().ok().filter(|id| id.is_v7()) {
                    Some(id) => {
                        ids.insert(row.0, id);
                    }
                    None => built.faults.push(self.id_fault(
                        row.0,
                        "id",
                        format!("`{}` is not a version 7 UUID.", cell::shown(text)),
                    )),
                }
            }
            let texts: BTreeSet<String> = ids.values().map(ToString::to_string).collect();
            let tuples: Vec<Vec<Value>> =
                texts.iter().filter_map(|text| Some(vec![Value::Reference(text.parse().ok()?)])).collect();
            let found = self.desk.by_tuple(self.schema, &["id"], &tuples).await?;
            for (row, id) in ids {
                let key = tuple_key(&[Value::Reference(id)]);
                if let Some(first) = self.note("id", &key, row) {
                    built.faults.push(self.id_fault(row, "twice", format!("Row {first} has the same id.")));
                }
                let known = found.get(&key).and_then(|found| found.first());
                standing.insert(row, known.map_or(Standing::New(id), |(id, version)| Standing::Record(*id, *version)));
            }
        } else if !self.bound.key.is_empty() {
            let inputs: Vec<&Input> = self.bound.key.iter().map(|at| &self.bound.inputs[*at]).collect();
            let names: Vec<&str> =
                inputs.iter().map(|input| self.schema.fields[input.position].name.as_str()).collect();
            let tuple = |fields: &Fields| -> Option<Vec<Value>> {
                names.iter().map(|name| fields.get(*name).filter(|value| !value.is_null()).cloned()).collect()
            };
            let keyed: Vec<(u32, Vec<Value>)> =
                drafts.iter().filter_map(|(row, fields, _)| Some((*row, tuple(fields)?))).collect();
            let tuples: Vec<Vec<Value>> = keyed.iter().map(|(_, tuple)| tuple.clone()).collect();
            let found = if tuples.is_empty() {
                HashMap::new()
            } else {
                self.desk.by_tuple(self.schema, &names, &tuples).await?
            };
            for (row, tuple) in keyed {
                let key = tuple_key(&tuple);
                let known = found.get(&key).map(Vec::as_slice).unwrap_or_default();
                let first = self.note("key", &key, row).or_else(|| {
                    known
                        .iter()
                        .find_map(|(id, _)| numbering::row(self.import, self.made_at, *id))
                        .filter(|first| *first != row)
                });
                match (first, known) {
                    (Some(first), _) => {
                        let message = format!("Row {first} has the same key.");
                        built.faults.push(self.fault(row, Some(inputs[0]), "twice", message));
                    }
                    (None, []) => {}
                    (None, [(id, version)]) => {
                        standing.insert(row, Standing::Record(*id, *version));
                    }
                    (None, several) => {
                        let message = format!("{} records have this key; one can be changed.", several.len());
                        built.faults.push(self.fault(row, Some(inputs[0]), "ambiguous", message));
                    }
                }
            }
        }
        Ok(standing)
    }

    fn id_fault(&self, row: u32, code: &str, message: String) -> RowFault {
        let column = match &self.bound.id {
            Some(Source::Column(at)) => self.heads.get(*at).cloned(),
            _ => None,
        };
        RowFault { row, column, field: Some("id".to_owned()), code: code.to_owned(), message }
    }

    /// Rows whose unique fields another row or record has already.
    async fn doubles(
        &mut self,
        drafts: &[(u32, Fields, bool)],
        standing: &HashMap<u32, Standing>,
        bad: &mut BTreeSet<u32>,
        built: &mut Built,
    ) -> Result<(), Fault> {
        for (at, rule) in super::plain_rules(self.schema).into_iter().enumerate() {
            let tuple = |fields: &Fields| -> Option<Vec<Value>> {
                rule.iter().map(|name| fields.get(*name).filter(|value| !value.is_null()).cloned()).collect()
            };
            let ruled: Vec<(u32, Vec<Value>)> =
                drafts.iter().filter_map(|(row, fields, _)| Some((*row, tuple(fields)?))).collect();
            if ruled.is_empty() {
                continue;
            }
            let tuples: Vec<Vec<Value>> = ruled.iter().map(|(_, tuple)| tuple.clone()).collect();
            let found = self.desk.by_tuple(self.schema, &rule, &tuples).await?;
            let spoken: Vec<String> = rule.iter().map(|name| humanize(name).to_lowercase()).collect();
            let one = self.schema.collection.title.one.to_lowercase();
            for (row, tuple) in ruled {
                let key = tuple_key(&tuple);
                let own = match standing.get(&row) {
                    Some(Standing::Record(id, _)) => Some(*id),
                    _ => None,
                };
                let taken = found.get(&key).is_some_and(|found| found.iter().any(|(id, _)| Some(*id) != own));
                let first = self.note(&format!("unique {at}"), &key, row);
                let message = match first {
                    Some(first) => format!("Row {first} has the same {}.", spoken.join(" and ")),
                    None if taken => format!("Another {one} has the same {} already.", spoken.join(" and ")),
                    None => continue,
                };
                // The same thing said of the key need not be said again.
                if !built.faults.iter().any(|fault| fault.row == row && fault.code == "twice") {
                    built.faults.push(self.fault_of(row, rule.first().copied(), "duplicate", &message));
                }
                bad.insert(row);
            }
        }
        bad.extend(built.faults.iter().map(|fault| fault.row));
        Ok(())
    }

    /// The row that had this before, where there is one.
    fn note(&mut self, what: &str, key: &str, row: u32) -> Option<u32> {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        (what, key).hash(&mut hasher);
        match self.seen.entry(hasher.finish()) {
            std::collections::hash_map::Entry::Occupied(first) => Some(*first.get()).filter(|first| *first != row),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(row);
                None
            }
        }
    }
}

/// What a row's id or key leads to.
#[derive(Debug)]
enum Standing {
    Record(Id, u64),
    /// The id that a new record is to have.
    New(Id),
}
