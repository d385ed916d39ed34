//! A rule whose names are resolved and whose values fit their fields. It is made once with the catalog; who asks comes
//! later, and makes a predicate of it.

use super::{Path, Place, Rule, RuleFault, Term, TermValue};
use crate::bind::fit_decimal;
use crate::bound::{BoundPath, BoundPredicate, Column};
use crate::caller::Caller;
use crate::catalog::{Schema, SystemField};
use crate::descriptor::{FieldKind, nearest};
use crate::id::Id;
use crate::name::CollectionName;
use crate::query::{MAX_HOPS, Operator};
use crate::value::{Decimal, Value, parse_instant};
use std::sync::{Arc, Weak};

/// The collections and permissions that a rule may speak of.
pub trait World {
    fn collection(&self, name: &CollectionName) -> Lookup<'_>;
    /// The permission as callers hold it; the error says which is meant.
    fn permission(&self, text: &str) -> Result<String, String>;
}

#[derive(Debug, Clone, Copy)]
pub enum Lookup<'a> {
    Here(&'a Arc<Schema>),
    /// Of another plugin, which is not at hand: whether the rule fits is seen when it is loaded.
    Elsewhere,
}

/// A rule about the records of one collection. It does not keep collections alive: the catalog that it was made with
/// does, and without it nothing holds.
#[derive(Debug, Clone)]
pub struct TypedRule(Node);

#[derive(Debug, Clone)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Compare { path: Route, operator: Operator, with: Operand },
    ComparePaths { left: Route, operator: Operator, right: Route },
    Within { path: Route, among: Vec<Operand> },
    Includes { path: Route, member: Operand },
    IsNull(Route),
    Has(String),
    Constant(bool),
}

#[derive(Debug, Clone)]
enum Operand {
    Given(Value),
    Caller,
    Today,
}

/// A path that does not keep the collections on its way alive.
#[derive(Debug, Clone)]
struct Route {
    text: String,
    root: Weak<Schema>,
    hops: Vec<(usize, Weak<Schema>)>,
    column: Column,
}

impl Route {
    fn of(path: &BoundPath) -> Self {
        Self {
            text: path.text.clone(),
            root: Arc::downgrade(&path.root),
            hops: path.hops.iter().map(|(index, schema)| (*index, Arc::downgrade(schema))).collect(),
            column: path.column,
        }
    }

    fn path(&self) -> Option<BoundPath> {
        let hops = self.hops.iter().map(|(index, schema)| Some((*index, schema.upgrade()?))).collect::<Option<_>>()?;
        Some(BoundPath { text: self.text.clone(), root: self.root.upgrade()?, hops, column: self.column })
    }
}

impl Route {
    fn through(&self, schema: &Arc<Schema>, index: usize) -> Self {
        let mut hops = vec![(index, self.root.clone())];
        hops.extend(self.hops.iter().cloned());
        let text = format!("{}.{}", schema.fields[index].name, self.text);
        Self { text, root: Arc::downgrade(schema), hops, column: self.column }
    }
}

impl TypedRule {
    /// Resolves a rule about a collection, with every fault at once. `None` where it cannot be told whether it fits.
    pub fn new(rule: &Rule, schema: &Arc<Schema>, world: &dyn World) -> Result<Option<Self>, Vec<RuleFault>> {
        let mut typing = Typing { schema, world, faults: Vec::new(), whole: true };
        let node = typing.node(rule);
        match typing {
            Typing { faults, whole, .. } if faults.is_empty() => Ok(whole.then_some(Self(node))),
            Typing { faults, .. } => Err(faults),
        }
    }

    /// Both hold.
    pub(crate) fn and(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(Self(Node::All(vec![one.0, other.0]))),
            (one, other) => one.or(other),
        }
    }

    /// The same about the records that refer to those that it is about, by the reference at a position.
    pub(crate) fn through(&self, schema: &Arc<Schema>, index: usize) -> Self {
        Self(self.0.through(schema, index))
    }

    /// What is left of it for who asks: `caller`, `today` and permissions are known then. Where that settles it, the
    /// predicate is [`BoundPredicate::always`] or [`BoundPredicate::never`].
    pub fn bind(&self, viewer: Option<&Caller>) -> BoundPredicate {
        self.0.bind(viewer)
    }

    /// Whether it says something else to another who asks, or on another day.
    pub fn asks_who(&self) -> bool {
        self.0.some(&|node| match node {
            Node::Has(_) => true,
            Node::Compare { with: operand, .. } | Node::Includes { member: operand, .. } => operand.varies(),
            Node::Within { among, .. } => among.iter().any(Operand::varies),
            _ => false,
        })
    }

    /// Whether it says something else on another day.
    pub fn asks_when(&self) -> bool {
        self.0.some(&|node| match node {
            Node::Compare { with: Operand::Today, .. } | Node::Includes { member: Operand::Today, .. } => true,
            Node::Within { among, .. } => among.iter().any(|operand| matches!(operand, Operand::Today)),
            _ => false,
        })
    }

    /// Whether it looks at other records than the one in question.
    pub fn follows_references(&self) -> bool {
        self.0.some(&|node| match node {
            Node::Compare { path, .. }
            | Node::Within { path, .. }
            | Node::Includes { path, .. }
            | Node::IsNull(path) => !path.hops.is_empty(),
            Node::ComparePaths { left, right, .. } => !left.hops.is_empty() || !right.hops.is_empty(),
            _ => false,
        })
    }
}

impl Operand {
    const fn varies(&self) -> bool {
        matches!(self, Self::Caller | Self::Today)
    }

    /// Nothing where nobody asks.
    fn value(&self, viewer: Option<&Caller>) -> Option<Value> {
        match self {
            Self::Given(value) => Some(value.clone()),
            Self::Caller => viewer.and_then(Caller::person).map(|person| Value::Reference(person.0)),
            Self::Today => viewer.and_then(Caller::today).map(Value::Date),
        }
    }
}

impl Node {
    fn some(&self, test: &dyn Fn(&Self) -> bool) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.some(test)),
            Self::Not(part) => part.some(test),
            other => test(other),
        }
    }

    fn through(&self, schema: &Arc<Schema>, index: usize) -> Self {
        let each = |parts: &[Self]| parts.iter().map(|part| part.through(schema, index)).collect();
        let route = |path: &Route| path.through(schema, index);
        match self {
            Self::All(parts) => Self::All(each(parts)),
            Self::Any(parts) => Self::Any(each(parts)),
            Self::Not(part) => Self::Not(Box::new(part.through(schema, index))),
            Self::Compare { path, operator, with } => {
                Self::Compare { path: route(path), operator: *operator, with: with.clone() }
            }
            Self::ComparePaths { left, operator, right } => {
                Self::ComparePaths { left: route(left), operator: *operator, right: route(right) }
            }
            Self::Within { path, among } => Self::Within { path: route(path), among: among.clone() },
            Self::Includes { path, member } => Self::Includes { path: route(path), member: member.clone() },
            Self::IsNull(path) => Self::IsNull(route(path)),
            Self::Has(permission) => Self::Has(permission.clone()),
            Self::Constant(truth) => Self::Constant(*truth),
        }
    }

    fn bind(&self, viewer: Option<&Caller>) -> BoundPredicate {
        let bound = match self {
            Self::All(parts) => return BoundPredicate::all(parts.iter().map(|part| part.bind(viewer))),
            Self::Any(parts) => return BoundPredicate::any(parts.iter().map(|part| part.bind(viewer))),
            Self::Not(part) => return part.bind(viewer).negated(),
            Self::Has(permission) => return BoundPredicate::constant(viewer.is_some_and(|v| v.holds(permission))),
            Self::Constant(truth) => return BoundPredicate::constant(*truth),
            Self::Compare { path, operator, with } => path.path().and_then(|path| {
                Some(BoundPredicate::Compare { path, operator: *operator, value: with.value(viewer)? })
            }),
            Self::ComparePaths { left, operator, right } => left.path().and_then(|left| {
                Some(BoundPredicate::ComparePaths { left, operator: *operator, right: right.path()? })
            }),
            Self::Within { path, among } => {
                let values: Vec<_> = among.iter().filter_map(|operand| operand.value(viewer)).collect();
                path.path().filter(|_| !values.is_empty()).map(|path| BoundPredicate::Within { path, values })
            }
            Self::Includes { path, member } => path
                .path()
                .and_then(|path| Some(BoundPredicate::Includes { path, id: member.value(viewer)?.as_reference()? })),
            Self::IsNull(path) => path.path().map(BoundPredicate::IsNull),
        };
        bound.unwrap_or_else(BoundPredicate::never)
    }
}

struct Typing<'a> {
    schema: &'a Arc<Schema>,
    world: &'a dyn World,
    faults: Vec<RuleFault>,
    /// Whether every path could be followed to its end.
    whole: bool,
}

impl Typing<'_> {
    fn fault<T>(&mut self, at: Place, message: impl Into<String>) -> Option<T> {
        self.faults.push(RuleFault::new(at, message));
        None
    }

    /// The rule with its names resolved; where one cannot be, something stands in its place that is thrown away.
    fn node(&mut self, rule: &Rule) -> Node {
        match rule {
            Rule::All(parts) => Node::All(parts.iter().map(|part| self.node(part)).collect()),
            Rule::Any(parts) => Node::Any(parts.iter().map(|part| self.node(part)).collect()),
            Rule::Not(part) => Node::Not(Box::new(self.node(part))),
            Rule::Constant(truth) => Node::Constant(*truth),
            Rule::Has(permission) => match self.world.permission(&permission.text) {
                Ok(held) => Node::Has(held),
                Err(message) => {
                    self.faults.push(RuleFault::new(permission.at, message));
                    Node::Constant(false)
                }
            },
            part => self.part(part).unwrap_or(Node::Constant(false)),
        }
    }

    fn part(&mut self, rule: &Rule) -> Option<Node> {
        match rule {
            Rule::Holds(path) => {
                let bound = self.path(path)?;
                if bound.kind() != FieldKind::Boolean {
                    let message = format!("`{}` is not true or false: compare it, as in `{0} = …`", path.text);
                    return self.fault(path.at, message);
                }
                let with = Operand::Given(Value::Boolean(true));
                Some(Node::Compare { path: Route::of(&bound), operator: Operator::Equal, with })
            }
            Rule::Compare { path, operator, with } => self.compare(path, *operator, with),
            Rule::Within { path, among } => {
                let bound = self.path(path);
                let bound =
                    bound.and_then(|bound| self.comparable(&bound, Operator::Equal, path.at).then_some(bound))?;
                let operands: Vec<_> = among.iter().filter_map(|term| self.operand(&bound, term)).collect();
                Some(Node::Within { path: Route::of(&bound), among: operands })
            }
            Rule::Includes { path, member } => {
                let bound = self.path(path)?;
                if !matches!(bound.kind(), FieldKind::References | FieldKind::People) {
                    return self.fault(path.at, format!("`{}` is not a list: compare it with `=`", path.text));
                }
                let member = match &member.value {
                    TermValue::Caller if bound.kind() == FieldKind::People => Operand::Caller,
                    TermValue::Text(text) if text.parse::<Id>().is_ok() => {
                        Operand::Given(Value::Reference(text.parse().ok()?))
                    }
                    _ => {
                        let people = if bound.kind() == FieldKind::People { "`caller` or " } else { "" };
                        let message = format!("`{}` includes {people}an id in quotes, not `{member}`", path.text);
                        return self.fault(member.at, message);
                    }
                };
                Some(Node::Includes { path: Route::of(&bound), member })
            }
            Rule::IsNull(path) => self.path(path).map(|bound| Node::IsNull(Route::of(&bound))),
            Rule::All(_) | Rule::Any(_) | Rule::Not(_) | Rule::Has(_) | Rule::Constant(_) => None,
        }
    }

    fn compare(&mut self, path: &Path, operator: Operator, with: &Term) -> Option<Node> {
        let bound = self.path(path)?;
        if !self.comparable(&bound, operator, path.at) {
            return None;
        }
        let is_choice = |word: &str| bound.field().is_some_and(|field| field.field.of.iter().any(|of| of == word));
        let other = match &with.value {
            TermValue::Word(word) if !is_choice(word) => word,
            _ => {
                let with = self.operand(&bound, with)?;
                return Some(Node::Compare { path: Route::of(&bound), operator, with });
            }
        };
        let first = other.split('.').next().unwrap_or_default();
        if bound.kind() == FieldKind::Choice && !self.knows(first) {
            return self.not_a_choice(&bound, other, with.at);
        }
        let right = self.path(&Path { text: other.clone(), at: with.at })?;
        if bound.kind() != right.kind() || bound.scale() != right.scale() {
            return self.fault(with.at, format!("`{}` and `{}` are not of one type", bound.text, right.text));
        }
        Some(Node::ComparePaths { left: Route::of(&bound), operator, right: Route::of(&right) })
    }

    fn not_a_choice<T>(&mut self, path: &BoundPath, given: &str, at: Place) -> Option<T> {
        let of = path.field().map(|field| field.field.of.clone()).unwrap_or_default();
        let meant = match nearest(given, of.iter().map(String::as_str)) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => format!(": it is one of {}", of.join(", ")),
        };
        self.fault(at, format!("`{given}` is not a choice of `{}`{meant}", path.text))
    }

    /// Whether the collection has a field of that name, its own or the host's.
    fn knows(&self, name: &str) -> bool {
        self.schema.position(name).is_some() || SystemField::ALL.iter().any(|field| field.as_str() == name)
    }

    fn comparable(&mut self, path: &BoundPath, operator: Operator, at: Place) -> bool {
        use FieldKind as Kind;
        let message = match path.kind() {
            Kind::References | Kind::People => format!("`{}` is a list: ask what it `includes`", path.text),
            Kind::Media | Kind::Files => format!("`{}` holds files: ask whether it `is null`", path.text),
            Kind::Json => format!("`{}` is JSON, which nothing compares with", path.text),
            Kind::Boolean | Kind::Reference | Kind::Person
                if !matches!(operator, Operator::Equal | Operator::NotEqual) =>
            {
                format!("`{}` is not compared by `{}`, only by `=` and `!=`", path.text, operator.sign())
            }
            _ => return true,
        };
        self.faults.push(RuleFault::new(at, message));
        false
    }

    /// What a field is compared with, as its type has it.
    fn operand(&mut self, path: &BoundPath, term: &Term) -> Option<Operand> {
        use FieldKind as Kind;
        let wanted = match path.kind() {
            Kind::Text => "a text in quotes",
            Kind::Choice => "one of its choices",
            Kind::Integer | Kind::Duration | Kind::Minutes | Kind::Percent => "a whole number",
            Kind::Decimal => "a number with no more digits than it has",
            Kind::Money => "minor units with a currency such as `12550 AUD`",
            Kind::Boolean => "`true` or `false`",
            Kind::Date => "a date such as 2026-11-23, or `today`",
            Kind::Instant => "an instant in quotes such as '2026-11-23T07:00:00Z'",
            Kind::Person => "`caller`, or the id of a person in quotes",
            Kind::Reference | Kind::References | Kind::People | Kind::Media | Kind::Files | Kind::Json => {
                "an id in quotes"
            }
        };
        let value = match (path.kind(), &term.value) {
            (Kind::Person, TermValue::Caller) => return Some(Operand::Caller),
            (Kind::Date, TermValue::Today) => return Some(Operand::Today),
            (Kind::Choice, TermValue::Word(text) | TermValue::Text(text)) => {
                let known = path.field().is_some_and(|field| field.field.of.contains(text));
                if !known {
                    return self.not_a_choice(path, text, term.at);
                }
                Some(Value::Text(text.clone()))
            }
            (Kind::Text, TermValue::Text(text)) => Some(Value::Text(text.clone())),
            (Kind::Integer | Kind::Duration | Kind::Minutes | Kind::Percent, TermValue::Number(number)) => {
                number.parse().ok().map(Value::Integer)
            }
            (Kind::Decimal, TermValue::Number(number)) => Decimal::from_str_exact(number)
                .ok()
                .and_then(|decimal| fit_decimal(decimal, path.scale()))
                .map(Value::Decimal),
            (Kind::Money, TermValue::Money(money)) => Some(Value::Money(*money)),
            (Kind::Boolean, TermValue::Boolean(truth)) => Some(Value::Boolean(*truth)),
            (Kind::Date, TermValue::Date(days)) => Some(Value::Date(*days)),
            (Kind::Instant, TermValue::Text(text)) => parse_instant(text).map(Value::Instant),
            (Kind::Reference | Kind::Person, TermValue::Text(text)) => text.parse().ok().map(Value::Reference),
            _ => None,
        };
        match value {
            Some(value) => Some(Operand::Given(value)),
            None => self.fault(term.at, format!("`{}` is compared with {wanted}, not with `{term}`", path.text)),
        }
    }

    fn path(&mut self, path: &Path) -> Option<BoundPath> {
        let mut schema = Arc::clone(self.schema);
        let mut hops = Vec::new();
        let mut parts = path.text.split('.').peekable();
        while let Some(part) = parts.next() {
            let last = parts.peek().is_none();
            let system = SystemField::ALL.into_iter().find(|field| field.as_str() == part);
            let column = match (schema.position(part), system) {
                (Some(index), _) => Column::Field(index),
                (None, Some(field)) => Column::System(field),
                (None, None) => return self.unknown(&schema, part, path.at),
            };
            if last {
                return Some(BoundPath { text: path.text.clone(), root: Arc::clone(self.schema), hops, column });
            }
            let field = match column {
                Column::Field(index) => Some((index, &schema.fields[index])),
                Column::System(_) => None,
            };
            let to = field.filter(|(_, field)| field.field.kind == FieldKind::Reference);
            let Some((index, to)) = to.and_then(|(index, field)| Some((index, field.to.clone()?))) else {
                let message = format!("`{part}` of `{}` is not a reference that can be followed", path.text);
                return self.fault(path.at, message);
            };
            let next = match self.world.collection(&to) {
                Lookup::Here(next) => Arc::clone(next),
                Lookup::Elsewhere => {
                    self.whole = false;
                    return None;
                }
            };
            hops.push((index, Arc::clone(&next)));
            if hops.len() > MAX_HOPS {
                return self.fault(path.at, format!("`{}` follows more than {MAX_HOPS} references", path.text));
            }
            schema = next;
        }
        None
    }

    fn unknown<T>(&mut self, schema: &Schema, name: &str, at: Place) -> Option<T> {
        let fields = schema.fields.iter().map(|field| field.name.as_str());
        let system = SystemField::ALL.iter().map(|field| field.as_str());
        let meant = match nearest(name, fields.chain(system)) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => String::new(),
        };
        self.fault(at, format!("`{}` has no field `{name}`{meant}", schema.name.local))
    }
}
