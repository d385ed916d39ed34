//! The derived fields of a collection, resolved and typed, in the order in which they are calculated.

use super::parse::{Operation, Tree, parse};
use super::{Aggregate, Derivation, Formula, Function, Unit};
use crate::descriptor::{Collection, Descriptor, FieldKind, nearest};
use crate::name::CollectionName;
use std::collections::BTreeSet;

/// Aggregates of one collection at most.
const MAX_AGGREGATES: usize = 16;

/// Everything that is calculated in a collection.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Compiled {
    pub derivations: Vec<Derivation>,
    pub aggregates: Vec<Aggregate>,
}

/// Compiles all derived fields of a collection. Faults are told by field; what is at fault is left out.
pub fn compile(descriptor: &Descriptor, collection: &Collection) -> (Compiled, Vec<(String, String)>) {
    let mut faults = Vec::new();
    let mut reader = Reader { descriptor, collection, aggregates: Vec::new() };
    let mut found: Vec<(usize, Formula)> = Vec::new();
    for (index, (name, field)) in collection.fields.iter().enumerate() {
        let Some(text) = &field.derived else { continue };
        let typed = parse(text).and_then(|tree| reader.formula(&tree)).and_then(|(formula, unit)| {
            let wanted = Unit::of(field.kind).filter(|_| field.kind != FieldKind::Choice);
            match wanted {
                None => Err("a field of this type cannot be calculated".to_owned()),
                Some(wanted) if wanted == unit || (unit == Unit::Zero && wanted.is_quantity()) => Ok(formula),
                Some(wanted) => Err(format!("it comes to {}, and the field holds {}", unit.named(), wanted.named())),
            }
        });
        match typed {
            Ok(formula) => found.push((index, formula)),
            Err(message) => faults.push((name.as_str().to_owned(), message)),
        }
    }
    if reader.aggregates.len() > MAX_AGGREGATES {
        let message =
            format!("{} figures of parts in one collection; at most {MAX_AGGREGATES}", reader.aggregates.len());
        faults.push((String::new(), message));
    }
    let mut compiled = Compiled { derivations: Vec::new(), aggregates: reader.aggregates };
    let mut open: BTreeSet<usize> = found.iter().map(|(index, _)| *index).collect();
    let mut of_parts = BTreeSet::new();
    loop {
        let ready = |formula: &Formula| formula.fields().iter().all(|field| !open.contains(field));
        let Some(at) = found.iter().position(|(_, formula)| ready(formula)) else { break };
        let (field, formula) = found.remove(at);
        open.remove(&field);
        let rests = formula.has_parts() || formula.fields().iter().any(|field| of_parts.contains(field));
        if rests {
            of_parts.insert(field);
        }
        compiled.derivations.push(Derivation { field, of_parts: rests, formula });
    }
    for (index, _) in found {
        if let Some((name, _)) = collection.fields.get_index(index) {
            faults.push((name.as_str().to_owned(), "it depends on itself, by itself or through others".to_owned()));
        }
    }
    (compiled, faults)
}

impl Formula {
    fn children(&self) -> Vec<&Self> {
        match self {
            Self::Number(_) | Self::Field(_) | Self::Parts(_) => Vec::new(),
            Self::Negated(one) | Self::Hours(one) => vec![one],
            Self::Plus(one, two) | Self::Minus(one, two) | Self::Times(one, two) | Self::Over(one, two) => {
                vec![one, two]
            }
            Self::Coalesce(all) | Self::Join(_, all) => all.iter().collect(),
        }
    }

    /// The positions of the fields that it is calculated from.
    fn fields(&self) -> Vec<usize> {
        match self {
            Self::Field(index) => vec![*index],
            other => other.children().into_iter().flat_map(Self::fields).collect(),
        }
    }

    fn has_parts(&self) -> bool {
        matches!(self, Self::Parts(_)) || self.children().into_iter().any(Self::has_parts)
    }
}

struct Reader<'a> {
    descriptor: &'a Descriptor,
    collection: &'a Collection,
    aggregates: Vec<Aggregate>,
}

type Typed = (Formula, Unit);

impl Reader<'_> {
    fn formula(&mut self, tree: &Tree) -> Result<Typed, String> {
        match tree {
            Tree::Number(number) => {
                Ok((Formula::Number(*number), if number.is_zero() { Unit::Zero } else { Unit::Number }))
            }
            Tree::Text(text) => {
                Err(format!("the text \"{text}\" stands alone: join(\", \", a, b) puts texts together"))
            }
            Tree::Name(name) => self.field(name),
            Tree::Negated(inner) => {
                let (formula, unit) = self.quantity(inner)?;
                Ok((Formula::Negated(Box::new(formula)), unit))
            }
            Tree::Binary(operation, left, right) => {
                let (left, right) = (self.quantity(left)?, self.quantity(right)?);
                binary(*operation, left, right)
            }
            Tree::Call(name, arguments) => self.call(name, arguments),
        }
    }

    fn quantity(&mut self, tree: &Tree) -> Result<Typed, String> {
        let (formula, unit) = self.formula(tree)?;
        if unit.is_quantity() {
            Ok((formula, unit))
        } else {
            Err(format!("{} cannot be calculated with", unit.named()))
        }
    }

    fn field(&self, name: &str) -> Result<Typed, String> {
        if name.contains('.') {
            return Err(format!("`{name}` stands for many records: say sum, min or max of it"));
        }
        let Some((index, _, field)) = self.collection.fields.get_full(name) else {
            let near = nearest(name, self.collection.fields.keys().map(AsRef::as_ref));
            return Err(near.map_or_else(
                || format!("there is no field `{name}` here"),
                |near| format!("there is no field `{name}` here; did you mean `{near}`?"),
            ));
        };
        let unit =
            Unit::of(field.kind).ok_or_else(|| format!("`{name}` is of a type that cannot be calculated with"))?;
        Ok((Formula::Field(index), unit))
    }

    fn call(&mut self, name: &str, arguments: &[Tree]) -> Result<Typed, String> {
        match (name, arguments) {
            ("sum", [Tree::Name(path)]) => self.aggregate(Function::Sum, path),
            ("min", [Tree::Name(path)]) => self.aggregate(Function::Min, path),
            ("max", [Tree::Name(path)]) => self.aggregate(Function::Max, path),
            ("count", [Tree::Name(path)]) => self.aggregate(Function::Count, path),
            ("sum" | "min" | "max", _) => Err(format!("{name} takes a field of parts: {name}(lines.amount)")),
            ("count", _) => Err("count takes a collection of parts: count(lines)".to_owned()),
            ("hours", [inner]) => match self.formula(inner)? {
                (formula, Unit::Duration) => Ok((Formula::Hours(Box::new(formula)), Unit::Number)),
                (_, unit) => Err(format!("hours takes a duration, not {}", unit.named())),
            },
            ("coalesce", [_, _, ..]) => {
                let mut formulas = Vec::with_capacity(arguments.len());
                let mut common = Unit::Zero;
                for argument in arguments {
                    let (formula, unit) = self.formula(argument)?;
                    common = same(common, unit)
                        .ok_or_else(|| format!("coalesce mixes {} and {}", common.named(), unit.named()))?;
                    formulas.push(formula);
                }
                Ok((Formula::Coalesce(formulas), common))
            }
            ("join", [Tree::Text(between), rest @ ..]) if !rest.is_empty() => {
                let mut formulas = Vec::with_capacity(rest.len());
                for argument in rest {
                    match self.formula(argument)? {
                        (formula, Unit::Text) => formulas.push(formula),
                        (_, unit) => return Err(format!("join takes texts and choices, not {}", unit.named())),
                    }
                }
                Ok((Formula::Join(between.clone(), formulas), Unit::Text))
            }
            ("hours" | "coalesce" | "join", _) => {
                Err(format!("`{name}` is written hours(duration), coalesce(a, 0) or join(\", \", a, b)"))
            }
            (other, _) => {
                let known = ["sum", "count", "min", "max", "hours", "coalesce", "join"];
                Err(nearest(other, known.into_iter()).map_or_else(
                    || format!("there is no function `{other}`; there are {}", known.join(", ")),
                    |near| format!("there is no function `{other}`; did you mean `{near}`?"),
                ))
            }
        }
    }

    fn aggregate(&mut self, function: Function, path: &str) -> Result<Typed, String> {
        let (local, field) = match (function, path.split_once('.')) {
            (Function::Count, None) => (path, None),
            (Function::Count, Some(_)) => return Err(format!("count takes the collection alone, not `{path}`")),
            (_, Some((local, field))) => (local, Some(field)),
            (_, None) => return Err(format!("`{path}` names no field of parts, such as lines.amount")),
        };
        let part = self.descriptor.collection(local).ok_or_else(|| format!("there is no collection `{local}`"))?;
        let via = part.part_of.as_ref().filter(|via| {
            let to = part.field(via.as_str()).and_then(|field| field.to.as_deref());
            to.and_then(|to| CollectionName::within(&self.descriptor.id, to).ok())
                .is_some_and(|to| to.plugin == self.descriptor.id && to.local == self.collection.name)
        });
        let Some(via) = via else {
            return Err(format!("`{local}` are no parts of `{}`: they need `part_of`", self.collection.name));
        };
        let (kind, scale) = match field {
            None => (FieldKind::Integer, 0),
            Some(name) => {
                let field = part.field(name).ok_or_else(|| format!("there is no field `{name}` in `{local}`"))?;
                (field.kind, if field.kind == FieldKind::Decimal { field.scale() } else { 0 })
            }
        };
        let unit = Unit::of(kind).filter(|unit| match function {
            Function::Count => true,
            Function::Sum => unit.is_quantity(),
            Function::Min | Function::Max => *unit != Unit::Text,
        });
        let unit = unit.ok_or_else(|| format!("`{path}` is of a type of which this cannot be taken"))?;
        let aggregate = Aggregate {
            collection: part.name.clone(),
            via: via.clone(),
            function,
            field: field.map(str::parse).transpose().map_err(|_| format!("there is no field `{path}`"))?,
            kind,
            scale,
        };
        let at = self.aggregates.iter().position(|known| *known == aggregate).unwrap_or_else(|| {
            self.aggregates.push(aggregate);
            self.aggregates.len() - 1
        });
        Ok((Formula::Parts(at), unit))
    }
}

/// The unit of two that go together.
fn same(one: Unit, other: Unit) -> Option<Unit> {
    match (one, other) {
        (Unit::Zero, unit) | (unit, Unit::Zero) => unit.is_quantity().then_some(unit),
        (one, other) => (one == other).then_some(one),
    }
}

fn binary(operation: Operation, left: Typed, right: Typed) -> Result<Typed, String> {
    let ((left, one), (right, other)) = (left, right);
    let (left, right) = (Box::new(left), Box::new(right));
    let wrong = |word: &str| Err(format!("{} cannot be {word} {}", one.named(), other.named()));
    let is_number = |unit: Unit| matches!(unit, Unit::Zero | Unit::Number);
    match operation {
        Operation::Plus => match same(one, other) {
            Some(unit) => Ok((Formula::Plus(left, right), unit)),
            None => wrong("added to"),
        },
        Operation::Minus => match same(one, other) {
            Some(unit) => Ok((Formula::Minus(left, right), unit)),
            None => wrong("lessened by"),
        },
        Operation::Times => match (one, other) {
            (number, unit) if is_number(number) => Ok((Formula::Times(left, right), plain(unit))),
            (unit, number) if is_number(number) => Ok((Formula::Times(left, right), plain(unit))),
            (Unit::Money, Unit::Duration) | (Unit::Duration, Unit::Money) => {
                Err("money cannot be multiplied by a duration; by its hours it can: hours(time) * rate".to_owned())
            }
            _ => wrong("multiplied by"),
        },
        Operation::Over => match (one, other) {
            (unit, number) if is_number(number) => Ok((Formula::Over(left, right), plain(unit))),
            (one, other) if one == other => Ok((Formula::Over(left, right), Unit::Number)),
            _ => wrong("divided by"),
        },
    }
}

/// A product is no literal zero any more.
fn plain(unit: Unit) -> Unit {
    if unit == Unit::Zero { Unit::Number } else { unit }
}
