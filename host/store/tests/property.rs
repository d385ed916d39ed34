//! Random records, random questions: a store answers as the plain model does. A second organization has other records
//! under the same ids, of which no answer may show anything.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

mod common;
mod reading;

use common::{Fixture, World};
use jiff::tz::TimeZone;
use lignaflow_core::bind::Binder;
use lignaflow_core::bound::{BoundPath, Calendar};
use lignaflow_core::caller::{Caller, Permission, Principal};
use lignaflow_core::catalog::{Catalog, Schema};
use lignaflow_core::cursor;
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::query::{
    Authority, Bucket, GroupKey, Metric, MetricKind, Operator, Predicate, Selection, SortKey, Summary,
};
use lignaflow_core::reckoning::{Reckoning, Rounding, Way};
use lignaflow_core::record::Record;
use lignaflow_core::value::parse_date;
use lignaflow_core::{Currency, Id, Money, OrganizationId, PersonId, RequestId, Value};
use lignaflow_store::StoreError;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use reading::{LAB, Lab, customized, id};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

on_both!(
    pages_are_those_of_the_model,
    summaries_are_those_of_the_model,
    what_a_caller_sees_is_what_the_model_shows_them,
);

const ZONES: &[&str] = &["UTC", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Kathmandu", "America/New_York"];
const COLLECTIONS: [&str; 3] = ["makers", "things", "marks"];
/// Records of a collection at most, which their ids number.
const RECORDS: u8 = 24;

/// Paths that a question about a collection may name, to three references deep.
fn paths(collection: &str) -> &'static [&'static str] {
    match collection {
        "makers" => &[
            "id",
            "version",
            "created_at",
            "archived_at",
            "created_by",
            "name",
            "country",
            "partner",
            "rating",
            "founded",
            "partner.name",
            "partner.country",
            "partner.partner.rating",
            "partner.partner.partner.id",
            "custom.tier",
            "custom.motto",
            "partner.custom.tier",
        ],
        "things" => &[
            "id",
            "version",
            "created_at",
            "updated_at",
            "created_by",
            "archived_at",
            "name",
            "note",
            "count",
            "weight",
            "price",
            "cost",
            "fragile",
            "made",
            "sold",
            "seen",
            "spent",
            "size",
            "grade",
            "rebate",
            "maker",
            "parent",
            "likes",
            "parts",
            "owner",
            "watchers",
            "extra",
            "maker.name",
            "maker.country",
            "maker.partner.name",
            "maker.partner.partner.founded",
            "maker.rating",
            "parent.name",
            "parent.price",
            "parent.size",
            "parent.likes",
            "parent.made",
            "parent.parent.count",
            "parent.maker.name",
            "parent.extra",
            "parent.archived_at",
            "parent.parent.watchers",
            "parent.fragile",
            "custom.text",
            "custom.integer",
            "custom.decimal",
            "custom.money",
            "custom.boolean",
            "custom.date",
            "custom.choice",
            "custom.person",
            "custom.reference",
            "custom.reference.name",
            "custom.reference.custom.motto",
            "maker.custom.tier",
            "parent.custom.text",
            "parent.custom.money",
            "parent.parent.custom.date",
        ],
        _ => &[
            "id",
            "name",
            "thing",
            "makers",
            "points",
            "thing.name",
            "thing.price",
            "thing.made",
            "thing.maker.name",
            "thing.parent.maker",
            "thing.likes",
            "thing.parent.parent.name",
            "thing.custom.choice",
            "thing.custom.reference.country",
            "updated_at",
        ],
    }
}

/// Collections that refer to one, and by which field.
fn referrers(collection: &str) -> &'static [(&'static str, &'static str)] {
    match collection {
        "makers" => &[("things", "maker"), ("things", "likes"), ("marks", "makers"), ("makers", "partner")],
        "things" => &[("marks", "thing"), ("things", "parent"), ("things", "parts")],
        _ => &[],
    }
}

fn texts() -> impl Strategy<Value = String> {
    select(vec![
        "a",
        "A",
        "á",
        "Ä",
        "ab",
        "aB",
        "abc",
        "b",
        "B",
        "a%",
        "a_b",
        "a\\",
        "ß",
        "ss",
        "日本",
        "日",
        "😀",
        "ﬁn",
        "fin",
        "Z",
        "z",
        "a b",
        "\u{301}",
        "é",
        "e\u{301}",
        "'",
        "\"",
        "10",
        "9",
        "\u{d7ff}",
        "\u{e000}",
        "\u{10ffff}",
    ])
    .prop_map(str::to_owned)
}

fn whole() -> impl Strategy<Value = i64> {
    prop_oneof![12 => -3..6_i64, 1 => select(vec![i64::MIN, i64::MAX, i64::MAX - 1, 1 << 32, -(1 << 33)])]
}

fn money() -> impl Strategy<Value = Value> {
    (whole(), select(vec!["AUD", "USD", "EUR"]))
        .prop_map(|(minor, currency)| Value::Money(Money { minor, currency: currency.parse().unwrap() }))
}

fn days() -> impl Strategy<Value = i32> {
    let near = parse_date("2024-12-20").unwrap();
    let ends =
        [parse_date("0001-01-01").unwrap(), parse_date("9999-12-31").unwrap(), parse_date("2024-02-29").unwrap()];
    prop_oneof![9 => near..near + 400, 3 => near..near + 20, 1 => select(ends.to_vec())]
}

fn some_id() -> impl Strategy<Value = Id> {
    (1..=RECORDS).prop_map(id)
}

/// A value of a field, as a record holds it or a question asks for it.
fn value(kind: FieldKind, scale: u8, of: &[String]) -> BoxedStrategy<Value> {
    use FieldKind as Kind;
    match kind {
        Kind::Text => texts().prop_map(Value::Text).boxed(),
        Kind::Choice => select(of.to_vec()).prop_map(Value::Text).boxed(),
        Kind::Integer | Kind::Duration | Kind::Minutes | Kind::Percent => whole().prop_map(Value::Integer).boxed(),
        Kind::Decimal => {
            let most = 999_999_999_999_999_999_i64;
            prop_oneof![15 => -30..60_i64, 1 => select(vec![most, -most])]
                .prop_map(move |units| Value::Decimal(lignaflow_core::Decimal::new(units, scale.into())))
                .boxed()
        }
        Kind::Money => money().boxed(),
        Kind::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Kind::Date => days().prop_map(Value::Date).boxed(),
        Kind::Instant => {
            // Beside 1970 and a midnight, and over what there is of changes of clocks.
            let some =
                prop_oneof![-2..5_i64, Just(1_732_000_000_123_456_i64), -90_000_000_000_i64..4_200_000_000_000_000];
            some.prop_map(Value::Instant).boxed()
        }
        Kind::Reference | Kind::Person | Kind::Media => some_id().prop_map(Value::Reference).boxed(),
        Kind::References | Kind::People | Kind::Files => vec(some_id(), 0..4)
            .prop_map(|mut ids| {
                let mut seen = std::collections::HashSet::new();
                ids.retain(|id| seen.insert(*id));
                Value::References(ids)
            })
            .boxed(),
        Kind::Json => select(vec!["null", "{\"a\": [1, \"ä\"]}", "\"x\"", "0.1"])
            .prop_map(|text| Value::Json(serde_json::from_str(text).unwrap()))
            .boxed(),
    }
}

/// Records of a collection, numbered from one.
fn records(schema: &Arc<Schema>) -> impl Strategy<Value = Vec<Record>> + use<> {
    let fields: Vec<BoxedStrategy<Value>> = schema
        .fields
        .iter()
        .map(|field| {
            let given = value(field.field.kind, field.field.scale(), &field.field.of);
            let nothing = match field.field.kind {
                kind if kind.is_list() => Value::References(Vec::new()),
                _ => Value::Null,
            };
            if field.field.required { given } else { prop_oneof![3 => given, 1 => Just(nothing)].boxed() }
        })
        .collect();
    let host =
        (1..4_u64, 0..4_i64, 0..4_i64, proptest::option::of(some_id()), proptest::option::weighted(0.2, 5..9_i64));
    vec((host, fields), 0..usize::from(RECORDS)).prop_map(|records| {
        let numbered = (1..=RECORDS).zip(records);
        numbered
            .map(|(number, ((version, created_at, updated_at, person, archived_at), values))| Record {
                id: id(number),
                version,
                created_at,
                updated_at,
                created_by: person.map(PersonId),
                archived_at,
                values,
            })
            .collect()
    })
}

/// What can be asked of the collections, at random.
#[derive(Clone)]
struct Questions {
    catalog: Arc<Catalog>,
    leaves: Rc<HashMap<&'static str, BoxedStrategy<Predicate>>>,
}

impl Questions {
    fn new() -> Self {
        let mut this = Self { catalog: Arc::new(customized(&common::catalog(&[LAB]))), leaves: Rc::default() };
        let leaves = COLLECTIONS.into_iter().map(|collection| (collection, this.make_leaf(collection))).collect();
        this.leaves = Rc::new(leaves);
        this
    }

    fn path(&self, collection: &str, text: &str) -> BoundPath {
        let schema = self.catalog.schema(&format!("lab/{collection}").parse().unwrap()).unwrap();
        Binder { catalog: &self.catalog, home: None }.path(schema, text).unwrap()
    }

    /// Values of the kind that a path leads to, now and then the empty text.
    fn value(path: &BoundPath) -> BoxedStrategy<Value> {
        let of = path.field().map(|field| field.field.of.clone()).unwrap_or_default();
        let given = value(path.kind(), path.scale(), &of);
        match path.kind() {
            FieldKind::Text => prop_oneof![12 => given, 1 => Just(Value::Text(String::new()))].boxed(),
            _ => given,
        }
    }

    fn operators(kind: FieldKind) -> &'static [Operator] {
        match kind {
            FieldKind::Text => &Operator::ALL,
            FieldKind::Boolean | FieldKind::Reference | FieldKind::Person | FieldKind::Media => &Operator::ALL[..2],
            FieldKind::References | FieldKind::People | FieldKind::Files | FieldKind::Json => &[],
            _ => &Operator::ALL[..6],
        }
    }

    fn make_leaf(&self, collection: &'static str) -> BoxedStrategy<Predicate> {
        let all = paths(collection);
        let this = self.clone();
        let of_path = select(all).prop_flat_map(move |text| {
            let path = this.path(collection, text);
            let is_null = Just(Predicate::IsNull(text.to_owned()));
            let operators = Self::operators(path.kind());
            if operators.is_empty() {
                if path.kind() == FieldKind::Json {
                    return is_null.boxed();
                }
                let includes = some_id().prop_map(move |id| Predicate::Includes { path: text.to_owned(), id });
                return prop_oneof![3 => includes, 1 => is_null].boxed();
            }
            let compare = (select(operators), Self::value(&path))
                .prop_map(move |(operator, value)| Predicate::Compare { path: text.to_owned(), operator, value });
            let within = vec(Self::value(&path), 0..6)
                .prop_map(move |values| Predicate::Within { path: text.to_owned(), values });
            prop_oneof![6 => compare, 2 => within, 1 => is_null].boxed()
        });
        let mut pairs = Vec::new();
        for left in all {
            let kind = self.path(collection, left).kind();
            for right in all {
                let (one, other) = (self.path(collection, left), self.path(collection, right));
                if left != right && one.kind() == other.kind() && one.scale() == other.scale() {
                    for operator in Self::operators(kind).iter().take(6) {
                        pairs.push((*left, *operator, *right));
                    }
                }
            }
        }
        let of_pair = select(pairs).prop_map(|(left, operator, right)| Predicate::ComparePaths {
            left: left.to_owned(),
            operator,
            right: right.to_owned(),
        });
        let words = vec(texts(), 0..3).prop_map(|words| Predicate::Search(words.join(" ")));
        if collection == "marks" {
            prop_oneof![8 => of_path, 2 => of_pair].boxed()
        } else {
            prop_oneof![8 => of_path, 2 => of_pair, 1 => words].boxed()
        }
    }

    fn predicate(&self, collection: &'static str, depth: u32) -> BoxedStrategy<Predicate> {
        let leaf = self.leaves[collection].clone();
        if depth == 0 {
            return leaf;
        }
        let child = self.predicate(collection, depth - 1);
        let children = vec(child.clone(), 0..4);
        let tree = prop_oneof![
            4 => leaf.clone(),
            2 => children.clone().prop_map(Predicate::All),
            2 => children.prop_map(Predicate::Any),
            2 => child.prop_map(|child| Predicate::Not(Box::new(child))),
        ];
        let referrers = referrers(collection);
        if referrers.is_empty() {
            return tree.boxed();
        }
        let this = self.clone();
        let exists = select(referrers).prop_flat_map(move |(other, via)| {
            proptest::option::of(this.predicate(other, depth - 1)).prop_map(move |child| Predicate::Exists {
                collection: format!("lab/{other}"),
                via: via.to_owned(),
                child: child.map(Box::new),
            })
        });
        prop_oneof![5 => tree, 1 => exists].boxed()
    }

    /// Paths to one value that can be compared.
    fn singles(&self, collection: &'static str, money: bool) -> Vec<&'static str> {
        let fits = |text: &&&str| {
            let kind = self.path(collection, text).kind();
            !Self::operators(kind).is_empty() && (money || kind != FieldKind::Money)
        };
        paths(collection).iter().filter(fits).copied().collect()
    }

    fn selection(&self) -> BoxedStrategy<Selection> {
        let this = self.clone();
        select(&COLLECTIONS[..])
            .prop_flat_map(move |collection| {
                let sort = vec((select(this.singles(collection, true)), any::<bool>()), 0..4);
                let columns = vec(select(paths(collection)), 0..8);
                let filter = prop_oneof![1 => Just(Predicate::always()), 4 => this.predicate(collection, 3)];
                (filter, sort, columns, prop_oneof![1..6_u16, Just(1000)]).prop_map(
                    move |(filter, sort, columns, limit)| Selection {
                        collection: format!("lab/{collection}"),
                        authority: Authority::Caller,
                        filter,
                        sort: sort
                            .into_iter()
                            .map(|(path, descending)| SortKey { path: path.to_owned(), descending })
                            .collect(),
                        select: columns.into_iter().map(str::to_owned).collect(),
                        limit,
                        after: None,
                    },
                )
            })
            .boxed()
    }

    fn group(&self, collection: &'static str) -> BoxedStrategy<GroupKey> {
        let this = self.clone();
        let buckets =
            [Bucket::None, Bucket::Day, Bucket::Week, Bucket::Month, Bucket::Quarter, Bucket::Year, Bucket::FiscalYear];
        (select(self.singles(collection, false)), select(buckets.to_vec()))
            .prop_map(move |(path, bucket)| {
                let dated = matches!(this.path(collection, path).kind(), FieldKind::Date | FieldKind::Instant);
                GroupKey { path: path.to_owned(), bucket: if dated { bucket } else { Bucket::None } }
            })
            .boxed()
    }

    fn metric(&self, collection: &'static str) -> BoxedStrategy<(MetricKind, &'static str, Predicate)> {
        use FieldKind as Kind;
        let filter = prop_oneof![2 => Just(Predicate::always()), 1 => self.predicate(collection, 1)];
        let mut fitting = Vec::new();
        for path in paths(collection) {
            let kind = self.path(collection, path).kind();
            fitting.push((MetricKind::Count, *path));
            let single = !Self::operators(kind).is_empty() && kind != Kind::Money;
            if single {
                fitting.push((MetricKind::CountDistinct, path));
            }
            let number = matches!(kind, Kind::Integer | Kind::Decimal | Kind::Duration | Kind::Minutes | Kind::Percent);
            if number || kind == Kind::Money {
                // Sums are what can go wrong.
                fitting.extend([(MetricKind::Sum, *path), (MetricKind::Average, *path)].repeat(3));
            }
            if number || matches!(kind, Kind::Date | Kind::Instant) {
                fitting.extend([(MetricKind::Minimum, *path), (MetricKind::Maximum, *path)]);
            }
        }
        (select(fitting), filter).prop_map(|((kind, path), filter)| (kind, path, filter)).boxed()
    }

    fn summary(&self) -> BoxedStrategy<(Summary, Reckoning)> {
        let this = self.clone();
        let rounding = (select(&Way::ALL[..]), 1..=60_u8).prop_map(|(way, minutes)| Rounding::new(way, minutes));
        let rounding = prop_oneof![Just(None), rounding];
        let reckoning = (1..=7_u8, 1..=12_u8, select(ZONES), rounding).prop_map(
            |(week_starts, fiscal_year_starts, zone, rounding)| Reckoning {
                calendar: Calendar { week_starts, fiscal_year_starts },
                zone: TimeZone::get(zone).unwrap(),
                rounding,
            },
        );
        let summary = select(&COLLECTIONS[..]).prop_flat_map(move |collection| {
            let filter = prop_oneof![2 => Just(Predicate::always()), 1 => this.predicate(collection, 2)];
            let groups = vec(this.group(collection), 0..4);
            let metrics = vec(this.metric(collection), 1..5);
            let sort = vec((any::<proptest::sample::Index>(), any::<bool>()), 0..3);
            (filter, groups, metrics, sort, prop_oneof![1..5_u16, Just(1000)]).prop_map(
                move |(filter, group_by, metrics, sort, limit)| {
                    let metrics: Vec<_> = metrics
                        .into_iter()
                        .enumerate()
                        .map(|(index, (kind, path, filter))| Metric {
                            kind,
                            path: path.to_owned(),
                            filter,
                            label: format!("measure {index}"),
                        })
                        .collect();
                    let mut labels: Vec<String> = group_by.iter().map(|group| group.path.clone()).collect();
                    labels.extend(metrics.iter().map(|metric| metric.label.clone()));
                    let sort = sort
                        .into_iter()
                        .map(|(at, descending)| SortKey { path: at.get(&labels).clone(), descending })
                        .collect();
                    Summary {
                        collection: format!("lab/{collection}"),
                        authority: Authority::Caller,
                        filter,
                        group_by,
                        metrics,
                        sort,
                        limit,
                        after: None,
                    }
                },
            )
        });
        (summary, reckoning).boxed()
    }

    /// Records of each collection.
    fn data(&self) -> BoxedStrategy<Vec<Vec<Record>>> {
        let each: Vec<_> = COLLECTIONS
            .iter()
            .map(|name| records(self.catalog.schema(&format!("lab/{name}").parse().unwrap()).unwrap()).boxed())
            .collect();
        each.boxed()
    }
}

/// Runs questions over many sets of records, each set in two organizations.
fn over_random_records<Q, F>(fixture: &World, questions: &Questions, strategy: BoxedStrategy<Vec<Q>>, ask: &F)
where
    Q: std::fmt::Debug,
    F: AsyncFn(&Lab<'_>, &Q) -> Result<(), TestCaseError>,
{
    let mut config = Config { failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 24;
    }
    let cases = (questions.data(), questions.data(), strategy);
    let runtime = tokio::runtime::Handle::current();
    let result = TestRunner::new(config).run(&cases, |(here, elsewhere, questions)| {
        runtime.block_on(async {
            let mut lab = Lab::new(&fixture.store, &fixture.catalog);
            let mut other = Lab::new(&fixture.store, &fixture.catalog);
            for ((name, here), elsewhere) in COLLECTIONS.into_iter().zip(here).zip(elsewhere) {
                lab.load(name, here).await;
                other.load(name, elsewhere).await;
            }
            for question in &questions {
                ask(&lab, question).await?;
                ask(&other, question).await?;
            }
            Ok(())
        })
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// The tables of the lab, and its collections with fields that organizations added.
async fn lab(fixture: Fixture) -> World {
    let world = fixture.world(&[LAB]).await;
    World { catalog: customized(&world.catalog), ..world }
}

async fn pages_are_those_of_the_model(fixture: Fixture) {
    let world = lab(fixture).await;
    let questions = Questions::new();
    let selections = vec(questions.selection(), 8..24).boxed();
    tokio::task::block_in_place(|| over_random_records(&world, &questions, selections, &same_pages));
}

async fn same_pages(lab: &Lab<'_>, selection: &Selection) -> Result<(), TestCaseError> {
    let mut bound = lab.bind(selection).unwrap();
    prop_assert_eq!(lab.store.count(lab.access, &bound).await.unwrap(), lab.memory.count(&bound));
    let up_to = lab.store.count_up_to(lab.access, &bound, 3).await.unwrap();
    prop_assert_eq!(up_to, lab.memory.count(&bound).min(3));
    loop {
        let page = lab.store.find(lab.access, &bound).await.unwrap();
        prop_assert_eq!(&page, &lab.memory.find(&bound), "{:?}", selection);
        let Some(next) = page.next else { return Ok(()) };
        bound.after = Some(cursor::decode(&next, bound.fingerprint, &bound.sort).unwrap());
    }
}

/// Parts of access rules, as descriptors write them.
fn parts(collection: &str) -> &'static [&'static str] {
    match collection {
        "makers" => &[
            "country = fr",
            "partner.country = au",
            "partner.partner.rating > 0.10",
            "partner is not null",
            "founded < today",
            "created_by = caller",
            "has(see)",
            "false",
        ],
        "things" => &[
            "owner = caller",
            "watchers includes caller",
            "created_by = caller",
            "parent.owner = caller",
            "parent.parent.watchers includes caller",
            "maker.country != fr",
            "maker.partner.country in (au, nz)",
            "fragile",
            "parent.fragile",
            "size > small",
            "size = grade",
            "made <= sold",
            "made < today",
            "price >= 0 AUD",
            "weight < parent.weight",
            "name = 'a'",
            "parent is null",
            "archived_at is not null",
            "has(see)",
            "true",
        ],
        _ => &[
            "thing.owner = caller",
            "thing.maker.country = fr",
            "thing.parent.watchers includes caller",
            "points > 0",
            "has(see)",
            "thing is null",
        ],
    }
}

fn rule(collection: &'static str) -> BoxedStrategy<String> {
    let part = select(parts(collection)).prop_map(str::to_owned);
    part.prop_recursive(3, 8, 3, |inner| {
        let several = vec(inner.clone(), 2..4).boxed();
        prop_oneof![
            2 => several.clone().prop_map(|parts| format!("({})", parts.join(" and "))),
            3 => several.prop_map(|parts| format!("({})", parts.join(" or "))),
            1 => inner.prop_map(|inner| format!("not {inner}")),
        ]
    })
    .boxed()
}

/// Fields of things that a rule may hide.
const VEILED: [&str; 7] = ["note = {", "price = {", "size = {", "made = {", "maker = {", "likes = {", "parent = {"];

/// The collections of the lab, some with access rules, some of the fields of things too.
fn ruled() -> BoxedStrategy<Arc<Catalog>> {
    let reads: Vec<_> = COLLECTIONS.map(|name| proptest::option::weighted(0.7, rule(name)).boxed()).into();
    let fields: Vec<_> = VEILED.map(|_| proptest::option::weighted(0.3, rule("things")).boxed()).into();
    (reads, fields)
        .prop_map(|(reads, fields)| {
            let mut text = LAB.replacen("[[collections]]", "[permissions]\nsee = \"See\"\n\n[[collections]]", 1);
            for (name, read) in COLLECTIONS.into_iter().zip(reads) {
                let Some(read) = read else { continue };
                let named = format!("name = \"{name}\"\n");
                text = text.replacen(&named, &format!("{named}access = {{ read = \"{read}\" }}\n"), 1);
            }
            let things = text.find("name = \"things\"").unwrap();
            let (before, after) = text.split_at(things);
            let mut after = after.to_owned();
            for (start, read) in VEILED.into_iter().zip(fields) {
                let Some(read) = read else { continue };
                after = after.replacen(&format!("\n{start}"), &format!("\n{start} read = \"{read}\","), 1);
            }
            Arc::new(customized(&common::catalog(&[&format!("{before}{after}")])))
        })
        .boxed()
}

fn caller(organization: OrganizationId, person: Option<Id>, sees: bool) -> Caller {
    let mut permissions = BTreeSet::from([Permission::READ.to_owned()]);
    permissions.extend(sees.then(|| "lab.see".to_owned()));
    Caller {
        organization,
        principal: person.map_or(Principal::Anonymous, |id| Principal::Person(PersonId(id))),
        role: None,
        permissions: permissions.into(),
        locale: "en-AU".to_owned(),
        time_zone: "UTC".to_owned(),
        currency: Currency::AUD,
        calendar: Calendar::default(),
        request_id: RequestId(id(1)),
        now: i64::from(parse_date("2025-01-05").unwrap()) * 86_400_000_000,
    }
}

async fn what_a_caller_sees_is_what_the_model_shows_them(fixture: Fixture) {
    let world = lab(fixture).await;
    let questions = Questions::new();
    let who = (proptest::option::weighted(0.9, some_id()), any::<bool>());
    let asked = (vec(questions.selection(), 6..14), vec(questions.summary(), 4..8), vec(who, 2));
    let cases = (questions.data(), ruled(), asked);
    let mut config = Config { failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 32;
    }
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        let ran = TestRunner::new(config).run(&cases, |(data, catalog, (selections, summaries, callers))| {
            runtime.block_on(async {
                let mut lab = Lab::new(&world.store, &catalog);
                for (name, records) in COLLECTIONS.into_iter().zip(data) {
                    lab.load(name, records).await;
                }
                for (person, sees) in callers {
                    let caller = caller(lab.access.organization(), person, sees);
                    for selection in &selections {
                        same_pages_for(&lab, &caller, selection).await?;
                    }
                    for (summary, reckoning) in &summaries {
                        let bound = lab.bind_summary(summary, reckoning).unwrap();
                        let access = caller.to_read().unwrap();
                        if let Ok(wanted) = lab.memory.seen_by(Some(&caller)).summarize(&bound) {
                            let found = lab.store.summarize(access, &bound).await.unwrap();
                            prop_assert_eq!(found, wanted, "{:?}", summary);
                        }
                    }
                }
                Ok(())
            })
        });
        if let Err(error) = ran {
            panic!("{error}");
        }
    });
}

async fn same_pages_for(lab: &Lab<'_>, caller: &Caller, selection: &Selection) -> Result<(), TestCaseError> {
    let access = caller.to_read().unwrap();
    let seen = lab.memory.seen_by(Some(caller));
    let mut bound = lab.bind(selection).unwrap();
    prop_assert_eq!(lab.store.count(access, &bound).await.unwrap(), seen.count(&bound), "{:?}", selection);
    loop {
        let page = lab.store.find(access, &bound).await.unwrap();
        prop_assert_eq!(&page, &seen.find(&bound), "{:?}", selection);
        let Some(next) = page.next else { return Ok(()) };
        bound.after = Some(cursor::decode(&next, bound.fingerprint, &bound.sort).unwrap());
    }
}

async fn summaries_are_those_of_the_model(fixture: Fixture) {
    let world = lab(fixture).await;
    let questions = Questions::new();
    let summaries = vec(questions.summary(), 8..24).boxed();
    tokio::task::block_in_place(|| over_random_records(&world, &questions, summaries, &same_summary));
}

async fn same_summary(lab: &Lab<'_>, (summary, reckoning): &(Summary, Reckoning)) -> Result<(), TestCaseError> {
    let mut bound = lab.bind_summary(summary, reckoning).unwrap();
    let wanted = lab.memory.summarize(&bound);
    if wanted.is_err() {
        // It may be told of a group that the limit cuts off.
        bound.limit = 1000;
    }
    let mut found = lab.store.summarize(lab.access, &bound).await;
    let Ok(mut page) = wanted else {
        prop_assert!(matches!(found, Err(StoreError::TooLarge(_))), "{found:?} {summary:?}");
        return Ok(());
    };
    loop {
        prop_assert_eq!(found.unwrap(), page.clone(), "{:?} {:?} after {:?}", summary, reckoning, bound.after);
        let Some(next) = page.next else { return Ok(()) };
        bound.after = Some(cursor::decode_row(&next, bound.fingerprint, &bound.kept()).unwrap());
        page = lab.memory.summarize(&bound).unwrap();
        found = lab.store.summarize(lab.access, &bound).await;
    }
}
