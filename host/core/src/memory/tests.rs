use super::*;
use crate::bind::Binder;
use crate::catalog::Catalog;
use crate::query::{Authority, Bucket, GroupKey, Metric, MetricKind, Operator, Predicate, Selection, SortKey, Summary};
use crate::reckoning::Reckoning;
use crate::value::Money;

const PLUGIN: &str = r#"
id = "shop"
version = "0.1.0"
title = "Shop"
api = "0.1"

[[collections]]
name = "makers"
title = { one = "Maker", many = "Makers" }
display = "name"
fields = { name = { type = "text", required = true, search = true } }

[[collections]]
name = "things"
title = { one = "Thing", many = "Things" }
display = "name"
[collections.fields]
name = { type = "text", required = true, search = true }
maker = { type = "reference", to = "makers" }
likes = { type = "references", to = "makers" }
size = { type = "choice", of = ["small", "large", "huge"] }
price = { type = "money" }
weight = { type = "decimal", scale = 2 }
made = { type = "date" }
"#;

struct Shop {
    catalog: Catalog,
    memory: Memory,
}

fn id(number: u8) -> Id {
    Id::from_parts(0, [number; 10])
}

fn record(number: u8, values: Vec<Value>) -> Record {
    Record { id: id(number), version: 1, created_at: 0, updated_at: 0, created_by: None, archived_at: None, values }
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn money(minor: i64, currency: &str) -> Value {
    Value::Money(Money { minor, currency: currency.parse().unwrap() })
}

/// Two makers; three things, of which the last has nothing but a name.
fn shop() -> Shop {
    let descriptor = crate::descriptor::parse(PLUGIN).unwrap();
    let catalog = Catalog::new([&descriptor]).unwrap();
    let mut memory = Memory::default();
    let (makers, things) = ("shop/makers".parse().unwrap(), "shop/things".parse().unwrap());
    memory.insert(&makers, record(1, vec![text("Émile")]));
    memory.insert(&makers, record(2, vec![text("anna")]));
    let list = |ids: &[u8]| Value::References(ids.iter().map(|number| id(*number)).collect());
    memory.insert(
        &things,
        record(
            11,
            vec![
                text("Table"),
                Value::Reference(id(1)),
                list(&[1, 2]),
                text("huge"),
                money(100, "AUD"),
                Value::Decimal("1.25".parse().unwrap()),
                Value::Date(20_000),
            ],
        ),
    );
    memory.insert(
        &things,
        record(
            12,
            vec![
                text("chair"),
                Value::Reference(id(2)),
                list(&[]),
                text("small"),
                money(100, "USD"),
                Value::Decimal("0.10".parse().unwrap()),
                Value::Date(20_001),
            ],
        ),
    );
    let mut bare = vec![Value::Null; 7];
    bare[0] = text("Änderung");
    bare[2] = list(&[]);
    memory.insert(&things, record(13, bare));
    Shop { catalog, memory }
}

impl Shop {
    fn selection(&self, filter: Predicate, sort: &str, limit: u16) -> BoundSelection {
        let selection = Selection {
            collection: "shop/things".into(),
            authority: Authority::Caller,
            filter,
            sort: sort
                .split(',')
                .filter(|key| !key.is_empty())
                .map(|key| SortKey { path: key.trim_start_matches('-').into(), descending: key.starts_with('-') })
                .collect(),
            select: vec!["name".into()],
            limit,
            after: None,
        };
        Binder { catalog: &self.catalog, home: None }.selection(&selection).unwrap()
    }

    fn names(&self, filter: Predicate, sort: &str) -> Vec<String> {
        let page = self.memory.find(&self.selection(filter, sort, 10));
        page.rows.iter().map(|row| row[0].as_text().unwrap().to_owned()).collect()
    }

    fn compare(&self, path: &str, operator: Operator, value: Value) -> Vec<String> {
        self.names(Predicate::Compare { path: path.into(), operator, value }, "name")
    }
}

#[test]
fn text_sorts_folded_and_nothing_comes_last_in_either_direction() {
    let shop = shop();
    assert_eq!(shop.names(Predicate::always(), "name"), ["Änderung", "chair", "Table"]);
    assert_eq!(shop.names(Predicate::always(), "size"), ["chair", "Table", "Änderung"]);
    assert_eq!(shop.names(Predicate::always(), "-size"), ["Table", "chair", "Änderung"]);
    assert_eq!(shop.names(Predicate::always(), "maker.name"), ["chair", "Table", "Änderung"]);
}

#[test]
fn a_comparison_with_nothing_is_false_and_its_negation_true() {
    let shop = shop();
    let cheap = Predicate::Compare {
        path: "weight".into(),
        operator: Operator::Less,
        value: Value::Decimal("1".parse().unwrap()),
    };
    assert_eq!(shop.names(cheap.clone(), "name"), ["chair"]);
    assert_eq!(shop.names(Predicate::Not(Box::new(cheap)), "name"), ["Änderung", "Table"]);
    assert_eq!(shop.compare("maker.name", Operator::NotEqual, text("anna")), ["Table"]);
}

#[test]
fn money_compares_within_one_currency_and_choices_by_their_order() {
    let shop = shop();
    assert_eq!(shop.compare("price", Operator::AtLeast, money(100, "AUD")), ["Table"]);
    assert_eq!(shop.compare("price", Operator::NotEqual, money(1, "USD")), ["chair"]);
    assert_eq!(shop.compare("size", Operator::Greater, text("small")), ["Table"]);
    assert_eq!(shop.compare("name", Operator::StartsWith, text("ang")), Vec::<String>::new());
    assert_eq!(shop.compare("name", Operator::StartsWith, text("ÁND")), ["Änderung"]);
}

#[test]
fn relations_are_seen_from_both_ends() {
    let shop = shop();
    let includes = Predicate::Includes { path: "likes".into(), id: id(2) };
    assert_eq!(shop.names(includes.clone(), "name"), ["Table"]);
    assert_eq!(shop.names(Predicate::IsNull("likes".into()), "name"), ["Änderung", "chair"]);
    let exists =
        Predicate::Exists { collection: "shop/things".into(), via: "likes".into(), child: Some(Box::new(includes)) };
    let makers = shop.catalog.schema(&"shop/makers".parse().unwrap()).unwrap();
    let (bound, _) = Binder { catalog: &shop.catalog, home: None }.predicate(makers, &exists).unwrap();
    let liked: Vec<Id> =
        shop.memory.records(&makers.name).filter(|r| shop.memory.matches(&bound, r)).map(|r| r.id).collect();
    assert_eq!(liked, [id(1), id(2)]);
}

#[test]
fn pages_follow_one_another() {
    let shop = shop();
    let mut selection = shop.selection(Predicate::always(), "-size,name", 1);
    let mut names = Vec::new();
    loop {
        let page = shop.memory.find(&selection);
        names.extend(page.rows.into_iter().flatten());
        let Some(next) = page.next else { break };
        selection.after = Some(crate::cursor::decode(&next, selection.fingerprint, &selection.sort).unwrap());
    }
    assert_eq!(names, [text("Table"), text("chair"), text("Änderung")]);
}

#[test]
fn sums_of_money_group_by_currency() {
    let shop = shop();
    let metric = |kind, path: &str, filter| Metric { kind, path: path.into(), filter, label: format!("{kind:?}") };
    let summary = Summary {
        collection: "shop/things".into(),
        authority: Authority::Caller,
        filter: Predicate::always(),
        group_by: vec![GroupKey { path: "made".into(), bucket: Bucket::Month }],
        metrics: vec![
            metric(MetricKind::Sum, "price", Predicate::always()),
            metric(MetricKind::Sum, "weight", Predicate::equal("name", text("chair"))),
            metric(MetricKind::Count, "id", Predicate::always()),
        ],
        sort: vec![SortKey { path: "Sum".into(), descending: false }],
        limit: 10,
        after: None,
    };
    let bound = Binder { catalog: &shop.catalog, home: None }.summary(&summary, &Reckoning::default()).unwrap();
    let page = shop.memory.summarize(&bound).unwrap();
    assert_eq!(page.columns, ["made", "currency", "Sum", "Sum", "Count"]);
    let october = Value::Date(crate::value::parse_date("2024-10-01").unwrap());
    let weight = |text: &str| Value::Decimal(text.parse().unwrap());
    let one = Value::Integer(1);
    assert_eq!(
        page.rows,
        [
            vec![october.clone(), text("AUD"), money(100, "AUD"), weight("0"), one.clone()],
            vec![october, text("USD"), money(100, "USD"), weight("0.10"), one.clone()],
            vec![Value::Null, Value::Null, Value::Null, weight("0"), one],
        ]
    );
}
