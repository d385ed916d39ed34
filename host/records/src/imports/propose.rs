//! A mapping to begin with, from the heads and the first rows of a file: what is named alike goes together.

use super::mapping::{CURRENCY, DateOrder, DecimalMark, ID, Mapping, Target};
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::descriptor::{FieldKind, humanize};
use lignaflow_core::fold::fold;

/// How alike a head and a field's name must be where they are not the same.
const ALIKE: f64 = 0.82;

/// The mapping that a file most likely wants.
pub(super) fn propose(schema: &Schema, heads: &[String], sample: &[&[String]]) -> Mapping {
    let mut columns: Vec<Option<Target>> = vec![None; heads.len()];
    let mut taken = vec![false; schema.fields.len()];
    // What is named the same goes first, so that nothing merely alike takes its place.
    for (at, head) in heads.iter().enumerate() {
        columns[at] = exact(schema, head, heads, &mut taken);
    }
    for (at, head) in heads.iter().enumerate() {
        if columns[at].is_none() && !head.is_empty() && !belongs(head, heads) {
            columns[at] = alike(schema, head, &mut taken);
        }
    }
    let cells = |wanted: fn(FieldKind) -> bool| {
        let of_kind: Vec<usize> = columns
            .iter()
            .enumerate()
            .filter(|(_, target)| {
                target
                    .as_ref()
                    .and_then(|target| schema.field(&target.field))
                    .is_some_and(|field| wanted(field.field.kind))
            })
            .map(|(at, _)| at)
            .collect();
        sample
            .iter()
            .flat_map(move |row| of_kind.clone().into_iter().filter_map(move |at| row.get(at)))
            .map(|cell| cell.trim())
    };
    let dates = order(cells(|kind| matches!(kind, FieldKind::Date | FieldKind::Instant)));
    let decimal = mark(cells(|kind| matches!(kind, FieldKind::Decimal | FieldKind::Money | FieldKind::Percent)));
    Mapping { columns, dates, decimal, ..Mapping::default() }
}

/// Words without regard to case, marks and what stands between them.
fn plain(text: &str) -> String {
    let folded: String = fold(text).chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn writable(schema: &Schema, field: &SchemaField) -> bool {
    !field.field.is_read_only() && !field.field.kind.is_media() && !schema.collection.is_state(field.name.as_str())
}

fn names(field: &SchemaField) -> Vec<String> {
    let mut names = vec![plain(&humanize(field.name.as_str()))];
    names.extend(field.field.title.as_deref().map(plain));
    names
}

/// A column beside another that says it better: the name beside an id.
fn belongs(head: &str, heads: &[String]) -> bool {
    let id = format!("{head}.id");
    heads.contains(&id)
}

fn exact(schema: &Schema, head: &str, heads: &[String], taken: &mut [bool]) -> Option<Target> {
    let whole = |name: &str, by: Option<&str>| Target { field: name.to_owned(), by: by.map(str::to_owned), unit: None };
    if head.eq_ignore_ascii_case(ID) {
        return Some(whole(ID, None));
    }
    if let Some(amount) = head.strip_suffix(CURRENCY) {
        let field =
            schema.field(amount).filter(|field| field.field.kind == FieldKind::Money && writable(schema, field))?;
        return Some(whole(&format!("{}{CURRENCY}", field.name), None));
    }
    let (name, by) = match head.strip_suffix(".id") {
        Some(name) => (name, Some("id")),
        None => (head, None),
    };
    let wanted = plain(name);
    let fits = |field: &&SchemaField| {
        writable(schema, field)
            && (by.is_none() || field.field.refers())
            && (field.name.as_str() == name || names(field).contains(&wanted))
    };
    let field = schema.fields.iter().find(fits)?;
    let position = schema.position(field.name.as_str())?;
    // Of a name and an id that stand side by side the id is taken, whichever comes first.
    if taken[position] || (by.is_none() && belongs(head, heads)) {
        return None;
    }
    taken[position] = true;
    Some(whole(field.name.as_str(), by))
}

fn alike(schema: &Schema, head: &str, taken: &mut [bool]) -> Option<Target> {
    let wanted = plain(head);
    let likeness = |field: &SchemaField| {
        let of = |name: &String| {
            let whole = strsim::normalized_damerau_levenshtein(name, &wanted);
            // A head that says more than the name, such as `Task title` for `title`.
            let within = wanted.split(' ').any(|word| word == name) || name.split(' ').any(|word| word == wanted);
            if within { whole.max(ALIKE) } else { whole }
        };
        names(field).iter().map(of).fold(0.0, f64::max)
    };
    let (position, field) = schema
        .fields
        .iter()
        .enumerate()
        .filter(|(position, field)| !taken[*position] && writable(schema, field))
        .max_by(|(_, a), (_, b)| likeness(a).total_cmp(&likeness(b)))
        .filter(|(_, field)| likeness(field) >= ALIKE)?;
    taken[position] = true;
    Some(Target { field: field.name.as_str().to_owned(), by: None, unit: None })
}

/// The order of dates that every cell can be read in; the day first where both fit.
fn order<'a>(cells: impl Iterator<Item = &'a str>) -> DateOrder {
    let mut numeric = false;
    let (mut day_first, mut month_first) = (true, true);
    for cell in cells {
        let day = cell.split(['T', ' ']).next().unwrap_or_default();
        let parts: Vec<Option<u32>> = day.split(['/', '.', '-']).map(|part| part.parse().ok()).collect();
        let [Some(first), Some(second), Some(_)] = parts.as_slice() else { continue };
        if *first > 31 {
            continue;
        }
        numeric = true;
        day_first &= *second <= 12;
        month_first &= *first <= 12;
    }
    match (numeric, day_first, month_first) {
        (false, _, _) => DateOrder::Iso,
        (true, false, true) => DateOrder::Mdy,
        _ => DateOrder::Dmy,
    }
}

/// A comma that cannot be between groups of three is a decimal mark.
fn mark<'a>(cells: impl Iterator<Item = &'a str>) -> DecimalMark {
    for cell in cells {
        let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).count();
        let comma = cell.rfind(',').map(|at| (at, digits(&cell[at + 1..])));
        match (comma, cell.rfind('.')) {
            (Some((at, _)), Some(point)) => return if at > point { DecimalMark::Comma } else { DecimalMark::Point },
            (Some((_, after)), None) if after != 3 => return DecimalMark::Comma,
            _ => {}
        }
    }
    DecimalMark::Point
}
