//! Any query tree over a real catalog: it is bound or every fault of it is told, and a rule of any text likewise. The bytes
//! are read as a program that builds a tree, so that most of them come to one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lignaflow_core::Id;
use lignaflow_core::bind::Binder;
use lignaflow_core::catalog::Catalog;
use lignaflow_core::descriptor::{Descriptor, parse};
use lignaflow_core::query::{Authority, Operator, Predicate, Selection, SortKey};
use lignaflow_core::value::Value;
use std::sync::LazyLock;

static DESCRIPTOR: LazyLock<Descriptor> =
    LazyLock::new(|| parse(include_str!("../../plugins/projects/plugin.toml")).expect("a descriptor"));
static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::new([&*DESCRIPTOR]).expect("a catalog"));

/// Bytes that are taken one after the other; nothing but zeros after the end.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// A name of the catalog, or some text.
    fn name(&mut self) -> String {
        let names: Vec<&str> = DESCRIPTOR
            .collections
            .iter()
            .flat_map(|it| it.fields.keys().map(AsRef::as_ref).chain([it.name.as_ref()]))
            .collect();
        match self.next() {
            0..=199 => names[usize::from(self.next()) % names.len()].to_owned(),
            200..=219 => format!("{}.{}", self.name(), self.name()),
            220..=229 => "id".to_owned(),
            _ => (0..self.next() % 20).map(|_| char::from(self.next())).collect(),
        }
    }

    fn value(&mut self) -> Value {
        match self.next() % 8 {
            0 => Value::Null,
            1 => Value::Boolean(self.next() > 127),
            2 => Value::Integer(i64::from(self.next()) << (self.next() % 56)),
            3 => Value::Date(i32::from_le_bytes([self.next(), self.next(), self.next(), self.next()])),
            4 => Value::Instant(i64::from(self.next()) << (self.next() % 56)),
            5 => Value::Reference(Id::from_bytes([self.next(); 16])),
            6 => Value::References((0..self.next() % 4).map(|byte| Id::from_bytes([byte; 16])).collect()),
            _ => Value::Text(self.name()),
        }
    }

    fn operator(&mut self) -> Operator {
        Operator::ALL[usize::from(self.next()) % Operator::ALL.len()]
    }

    fn predicate(&mut self, depth: u8) -> Predicate {
        // A little deeper than is taken.
        let kind = if depth > 20 { 4 } else { self.next() % 11 };
        let child = |bytes: &mut Self| bytes.predicate(depth + 1);
        match kind {
            0 => Predicate::All((0..self.next() % 4).map(|_| child(self)).collect()),
            1 => Predicate::Any((0..self.next() % 4).map(|_| child(self)).collect()),
            2 => Predicate::Not(Box::new(child(self))),
            3 | 4 => Predicate::Compare { path: self.name(), operator: self.operator(), value: self.value() },
            5 => Predicate::ComparePaths { left: self.name(), operator: self.operator(), right: self.name() },
            6 => Predicate::Within { path: self.name(), values: (0..self.next()).map(|_| self.value()).collect() },
            7 => Predicate::Includes { path: self.name(), id: Id::from_bytes([self.next(); 16]) },
            8 => Predicate::IsNull(self.name()),
            9 => {
                let more = self.next() > 99;
                let (collection, via) = (self.name(), self.name());
                Predicate::Exists { collection, via, child: more.then(|| Box::new(child(self))) }
            }
            _ => Predicate::Search(self.name()),
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let mut bytes = Bytes(input);
    let selection = Selection {
        collection: bytes.name(),
        authority: if bytes.next() > 127 { Authority::Plugin } else { Authority::Caller },
        filter: bytes.predicate(0),
        sort: (0..bytes.next() % 5).map(|_| SortKey { path: bytes.name(), descending: bytes.next() > 127 }).collect(),
        select: (0..bytes.next() % 9).map(|_| bytes.name()).collect(),
        limit: u16::from(bytes.next()) << (bytes.next() % 8),
        after: (bytes.next() > 200).then(|| bytes.name()),
    };
    let binder = Binder { catalog: &CATALOG, home: Some(&DESCRIPTOR.id) };
    let _ = binder.selection(&selection);
});
