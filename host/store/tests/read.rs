//! Pages that follow one another, records by their ids, summaries, and that no organization sees another's.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

mod common;
mod reading;

use common::{Fixture, World, text};
use jiff::tz::TimeZone;
use lignaflow_core::bound::Calendar;
use lignaflow_core::caller::Access;
use lignaflow_core::cursor;
use lignaflow_core::query::{Authority, Bucket, GroupKey, Metric, MetricKind, Operator, Page, Predicate, Summary};
use lignaflow_core::reckoning::{Reckoning, Rounding, Way};
use lignaflow_core::record::Record;
use lignaflow_core::value::{parse_date, parse_instant};
use lignaflow_core::{Id, Money, OrganizationId, Value};
use lignaflow_store::StoreError;
use reading::{LAB, Lab, id, record, select, sort_keys};
use std::collections::HashSet;

on_both!(
    pages_to_the_end_are_one_big_page_in_any_sort,
    a_page_begins_where_the_one_before_ended_though_rows_come_and_go,
    records_are_had_by_their_ids,
    no_organization_sees_anothers_records,
    a_summary_counts_adds_and_compares,
    sums_of_money_stay_within_their_currency,
    dates_group_by_the_organizations_calendar,
    instants_group_by_the_days_of_a_zone,
    durations_are_rounded_one_by_one,
    a_sum_may_pass_64_bits_on_its_way_but_not_in_its_end,
    averages_are_sorted_by_what_is_shown,
    a_question_too_large_is_refused_not_broken,
);

fn lab(world: &World) -> Lab<'_> {
    Lab::new(&world.store, &world.catalog)
}

fn whole(number: i64) -> Value {
    Value::Integer(number)
}

fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

fn date(text: &str) -> Value {
    Value::Date(parse_date(text).unwrap())
}

fn money(minor: i64, currency: &str) -> Value {
    Value::Money(Money { minor, currency: currency.parse().unwrap() })
}

fn names(page: &Page) -> Vec<&str> {
    page.rows.iter().map(|row| row[0].as_text().unwrap()).collect()
}

/// A metric in a line: `measure(Sum, "count")`, labelled by its path.
fn measure(kind: MetricKind, path: &str) -> Metric {
    Metric { kind, path: path.into(), filter: Predicate::always(), label: path.into() }
}

fn summary(groups: &[(&str, Bucket)], metrics: Vec<Metric>, sort: &str) -> Summary {
    Summary {
        collection: "lab/things".into(),
        authority: Authority::Caller,
        filter: Predicate::always(),
        group_by: groups.iter().map(|(path, bucket)| GroupKey { path: (*path).into(), bucket: *bucket }).collect(),
        metrics,
        sort: sort_keys(sort),
        limit: 1000,
        after: None,
    }
}

impl Lab<'_> {
    async fn things(&mut self, all: &[&[(&str, Value)]]) {
        let schema = self.schema("things");
        let records: Vec<Record> = (1..)
            .zip(all)
            .map(|(number, values)| {
                let mut values = values.to_vec();
                if !values.iter().any(|(field, _)| *field == "name") {
                    values.push(("name", text("x")));
                }
                record(&schema, id(number), &values)
            })
            .collect();
        self.load("things", records).await;
    }

    async fn summarize(&self, summary: &Summary) -> Result<Page, StoreError> {
        let bound = self.bind_summary(summary, &Reckoning::default()).unwrap();
        let page = self.store.summarize(self.access, &bound).await;
        if let Ok(page) = &page {
            assert_eq!(page, &self.memory.summarize(&bound).unwrap(), "the model");
        }
        page
    }
}

async fn pages_to_the_end_are_one_big_page_in_any_sort(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let makers = lab.schema("makers");
    lab.load(
        "makers",
        vec![record(&makers, id(201), &[("name", text("é"))]), record(&makers, id(202), &[("name", text("F"))])],
    )
    .await;
    let schema = lab.schema("things");
    let maybe = |number: u8, of: u8, value: Value| if number.is_multiple_of(of) { Value::Null } else { value };
    let records = (1..=60_u8).map(|number| {
        let small = i64::from(number % 4);
        let values = [
            ("name", text(["a", "Á", "b", "B", "c"][usize::from(number % 5)])),
            ("count", maybe(number, 3, whole(small))),
            ("price", maybe(number, 4, money(small, ["AUD", "USD"][usize::from(number % 2)]))),
            ("made", maybe(number, 5, Value::Date(i32::from(number % 6)))),
            ("size", maybe(number, 6, text(["small", "large", "huge"][usize::from(number % 3)]))),
            ("fragile", maybe(number, 7, Value::Boolean(number.is_multiple_of(2)))),
            ("maker", maybe(number, 3, Value::Reference(id(200 + number % 3)))),
            ("weight", maybe(number, 8, Value::Decimal(lignaflow_core::Decimal::new(small, 3)))),
        ];
        let mut record = record(&schema, id(number), &values);
        record.created_at = small;
        record
    });
    lab.load("things", records.collect()).await;
    let sorts = [
        "",
        "-id",
        "name",
        "-name",
        "count",
        "-count",
        "-count,-id",
        "count,-name",
        "-count,name,-made",
        "price",
        "-price",
        "made,-count",
        "-made",
        "size",
        "-size,-count",
        "fragile,-id",
        "-fragile",
        "maker.name",
        "-maker.name,made",
        "maker",
        "created_at",
        "-created_at",
        "-created_at,-id",
        "-created_at,count",
        "weight,price,-size,name",
    ];
    for sort in sorts {
        let whole = lab.find(&select("things", Predicate::always(), sort, &["id", "name"], 1000)).await;
        assert_eq!((whole.rows.len(), &whole.next), (60, &None), "{sort}");
        for limit in [1, 7, 59, 60] {
            let mut selection = select("things", Predicate::always(), sort, &["id", "name"], limit);
            let mut rows = Vec::new();
            loop {
                let page = lab.find(&selection).await;
                assert!(page.rows.len() <= usize::from(limit) && !page.rows.is_empty(), "{sort} {limit}");
                rows.extend(page.rows);
                selection.after = page.next;
                if selection.after.is_none() {
                    break;
                }
            }
            assert_eq!(rows, whole.rows, "{sort} {limit}");
        }
    }
}

async fn a_page_begins_where_the_one_before_ended_though_rows_come_and_go(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let named = |names: &[&str]| -> Vec<[(&'static str, Value); 1]> {
        names.iter().map(|name| [("name", text(name))]).collect()
    };
    let all = named(&["b", "d", "f"]);
    lab.things(&all.iter().map(<[_; 1]>::as_slice).collect::<Vec<_>>()).await;
    let mut selection = select("things", Predicate::always(), "name", &["name"], 2);
    let first = lab.find(&selection).await;
    assert_eq!(names(&first), ["b", "d"]);
    let schema = lab.schema("things");
    let more = [("a", 11), ("e", 12), ("g", 13)];
    lab.load("things", more.map(|(name, number)| record(&schema, id(number), &[("name", text(name))])).to_vec()).await;
    selection.after = first.next;
    let second = lab.find(&selection).await;
    assert_eq!(names(&second), ["e", "f"]);
    // A cursor of another question is told apart.
    let other = select("things", Predicate::always(), "-name", &["name"], 2);
    let fault = lab.bind(&lignaflow_core::query::Selection { after: second.next, ..other }).unwrap_err();
    assert_eq!(fault.issues[0].code, "cursor");
}

async fn records_are_had_by_their_ids(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let schema = lab.schema("things");
    let full = record(
        &schema,
        id(1),
        &[
            ("name", text("Ünicode \u{1f600} '\"")),
            ("note", text("n")),
            ("count", whole(i64::MIN)),
            ("weight", decimal("-12.345")),
            ("price", money(-5, "JPY")),
            ("fragile", Value::Boolean(false)),
            ("made", date("0001-01-01")),
            ("sold", date("9999-12-31")),
            ("seen", Value::Instant(-1)),
            ("spent", whole(3600)),
            ("size", text("huge")),
            ("rebate", whole(1250)),
            ("maker", Value::Reference(id(9))),
            ("likes", Value::References(vec![id(3), id(2)])),
            ("owner", Value::Reference(id(8))),
            ("watchers", Value::References(vec![id(8)])),
            ("extra", Value::Json(serde_json::from_str(r#"{"b": [1.5, null, "ä"], "a": {}}"#).unwrap())),
        ],
    );
    let mut archived = record(&schema, id(2), &[("name", text("old"))]);
    archived.archived_at = Some(77);
    archived.version = 4;
    archived.created_by = None;
    lab.load("things", vec![full.clone(), archived.clone()]).await;
    let (store, access) = (lab.store, lab.access);
    assert_eq!(store.get(access, &schema, id(1)).await.unwrap(), Some(full.clone()));
    assert_eq!(store.get(access, &schema, id(2)).await.unwrap(), Some(archived.clone()));
    assert_eq!(store.get(access, &schema, id(3)).await.unwrap(), None);
    let mut found = store.records(access, &schema, &[id(3), id(2), id(1), id(2)]).await.unwrap();
    found.sort_by_key(|record| record.id);
    assert_eq!(found, [full, archived]);
    assert_eq!(store.records(access, &schema, &[]).await.unwrap(), []);
    let many: Vec<Id> = (0..3000).map(|_| Id::fresh()).chain([id(1), id(2)]).collect();
    assert_eq!(store.records(access, &schema, &many).await.unwrap().len(), 2);
    assert_eq!(store.live(access, &schema, &many).await.unwrap(), HashSet::from([id(1)]));
    assert_eq!(store.live(access, &schema, &[]).await.unwrap(), HashSet::new());
}

async fn no_organization_sees_anothers_records(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut here = lab(&world);
    let (makers, things, marks) = (here.schema("makers"), here.schema("things"), here.schema("marks"));
    // The other organization has records under the same ids and some more, all of which refer to one another.
    let mut there = lab(&world);
    for (lab, name) in [(&mut here, "here"), (&mut there, "there")] {
        lab.load("makers", vec![record(&makers, id(1), &[("name", text(name)), ("rating", decimal("1"))])]).await;
    }
    let thing = |number: u8| {
        let values = [
            ("name", text("there")),
            ("maker", Value::Reference(id(1))),
            ("parent", Value::Reference(id(11))),
            ("likes", Value::References(vec![id(1), id(2)])),
            ("count", whole(1)),
        ];
        record(&things, id(number), &values)
    };
    there.load("things", vec![thing(11), thing(12)]).await;
    there.load("makers", vec![record(&makers, id(2), &[("name", text("there"))])]).await;
    there
        .load("marks", vec![record(&marks, id(21), &[("name", text("there")), ("thing", Value::Reference(id(11)))])])
        .await;
    // Here one refers to what only the other organization has.
    let lone = [
        ("name", text("here")),
        ("maker", Value::Reference(id(2))),
        ("parent", Value::Reference(id(12))),
        ("likes", Value::References(vec![id(2)])),
    ];
    here.load("things", vec![record(&things, id(11), &lone)]).await;
    let (store, access) = (here.store, here.access);

    for filter in [
        Predicate::always(),
        Predicate::Not(Box::new(Predicate::equal("name", text("there")))),
        Predicate::Any(vec![Predicate::equal("name", text("there")), Predicate::always()]),
        Predicate::IsNull("maker.name".into()),
        Predicate::IsNull("parent.parent.name".into()),
    ] {
        assert_eq!(here.names("things", filter).await, ["here"]);
    }
    for filter in [
        Predicate::equal("name", text("there")),
        Predicate::equal("maker.name", text("there")),
        Predicate::equal("parent.name", text("there")),
        Predicate::Includes { path: "parent.likes".into(), id: id(1) },
        Predicate::Includes { path: "likes".into(), id: id(1) },
        Predicate::Exists { collection: "lab/marks".into(), via: "thing".into(), child: None },
        Predicate::Exists { collection: "lab/things".into(), via: "parent".into(), child: None },
        Predicate::Search("there".into()),
    ] {
        assert_eq!(here.names("things", filter.clone()).await, Vec::<String>::new(), "{filter:?}");
    }
    for via in ["likes", "maker"] {
        let referred = Predicate::Exists { collection: "lab/things".into(), via: via.into(), child: None };
        assert_eq!(here.names("makers", referred).await, Vec::<String>::new());
    }
    let page = here
        .find(&select("things", Predicate::always(), "maker.name", &["name", "maker.name", "parent.count"], 9))
        .await;
    assert_eq!(page.rows, [vec![text("here"), Value::Null, Value::Null]]);
    let bound = here.bind(&select("things", Predicate::always(), "", &["name"], 9)).unwrap();
    assert_eq!(store.count(access, &bound).await.unwrap(), 1);
    let page =
        here.summarize(&summary(&[("maker.name", Bucket::None)], vec![measure(MetricKind::Count, "id")], "")).await;
    assert_eq!(page.unwrap().rows, [vec![Value::Null, whole(1)]]);
    assert_eq!(store.get(access, &things, id(12)).await.unwrap(), None);
    assert_eq!(store.get(access, &makers, id(1)).await.unwrap().unwrap().values[0], text("here"));
    assert_eq!(store.records(access, &things, &[id(11), id(12)]).await.unwrap().len(), 1);
    assert_eq!(store.live(access, &things, &[id(11), id(12)]).await.unwrap(), HashSet::from([id(11)]));

    // An organization that has nothing sees nothing.
    let nobody = Access::of_plugin(OrganizationId(Id::fresh()));
    assert_eq!(store.find(nobody, &bound).await.unwrap().rows, Vec::<Vec<Value>>::new());
    assert_eq!(store.count(nobody, &bound).await.unwrap(), 0);
    assert_eq!(store.get(nobody, &things, id(11)).await.unwrap(), None);
    let all =
        here.bind_summary(&summary(&[], vec![measure(MetricKind::Count, "id")], ""), &Reckoning::default()).unwrap();
    assert_eq!(store.summarize(nobody, &all).await.unwrap().rows, [vec![whole(0)]]);

    // A cursor that was made over there begins in the same place here, and shows only what is here.
    let mut over_there = there.bind(&select("things", Predicate::always(), "-name", &["name"], 1)).unwrap();
    let next = there.store.find(there.access, &over_there).await.unwrap().next.unwrap();
    over_there.after = Some(cursor::decode(&next, over_there.fingerprint, &over_there.sort).unwrap());
    assert_eq!(store.find(access, &over_there).await.unwrap().rows, [vec![text("here")]]);
}

async fn a_summary_counts_adds_and_compares(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let row = |size: &str, count: i64, weight: &str, made: &str| {
        [("size", text(size)), ("count", whole(count)), ("weight", decimal(weight)), ("made", date(made))]
    };
    lab.things(&[
        &row("huge", 1, "0.1", "2024-01-01"),
        &row("huge", 2, "0.2", "2024-01-02"),
        &row("small", 2, "0.001", "2024-01-03"),
        &[("size", text("small"))],
        &[],
    ])
    .await;
    let all = vec![
        measure(MetricKind::Count, "id"),
        measure(MetricKind::Count, "count"),
        measure(MetricKind::CountDistinct, "count"),
        measure(MetricKind::Sum, "count"),
        measure(MetricKind::Average, "count"),
        measure(MetricKind::Sum, "weight"),
        measure(MetricKind::Average, "weight"),
        measure(MetricKind::Minimum, "made"),
        measure(MetricKind::Maximum, "weight"),
    ];
    let page = lab.summarize(&summary(&[("size", Bucket::None)], all.clone(), "")).await.unwrap();
    let none = Value::Null;
    let rows = [
        vec![
            text("small"),
            whole(2),
            whole(1),
            whole(1),
            whole(2),
            decimal("2"),
            decimal("0.001"),
            decimal("0.001"),
            date("2024-01-03"),
            decimal("0.001"),
        ],
        vec![
            text("huge"),
            whole(2),
            whole(2),
            whole(2),
            whole(3),
            decimal("1.5"),
            decimal("0.3"),
            decimal("0.15"),
            date("2024-01-01"),
            decimal("0.2"),
        ],
        vec![
            none.clone(),
            whole(1),
            whole(0),
            whole(0),
            whole(0),
            none.clone(),
            decimal("0"),
            none.clone(),
            none.clone(),
            none.clone(),
        ],
    ];
    assert_eq!(page.rows, rows);
    // In any order, and cut off.
    let mut by_sum = summary(&[("size", Bucket::None)], vec![measure(MetricKind::Sum, "count")], "-count");
    by_sum.limit = 2;
    assert_eq!(
        lab.summarize(&by_sum).await.unwrap().rows,
        [vec![text("huge"), whole(3)], vec![text("small"), whole(2)]]
    );
    // Without a group there is one row, of nothing too.
    let mut nothing = summary(&[], all, "");
    nothing.filter = Predicate::equal("name", text("nobody"));
    let page = lab.summarize(&nothing).await.unwrap();
    let row =
        vec![whole(0), whole(0), whole(0), whole(0), none.clone(), decimal("0"), none.clone(), none.clone(), none];
    assert_eq!(page.rows, [row]);
    // Each measure may look at some of the records only.
    let mut some = measure(MetricKind::Count, "id");
    some.filter = Predicate::Compare { path: "count".into(), operator: Operator::AtLeast, value: whole(2) };
    let page = lab.summarize(&summary(&[], vec![some, measure(MetricKind::Count, "id")], "")).await.unwrap();
    assert_eq!(page.rows, [vec![whole(2), whole(5)]]);
}

async fn sums_of_money_stay_within_their_currency(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let (dollars, yen) = (money(150, "AUD"), money(7, "JPY"));
    lab.things(&[
        &[("price", dollars.clone()), ("cost", yen.clone())],
        &[("price", money(101, "AUD"))],
        &[("price", yen.clone()), ("name", text("y"))],
        &[],
    ])
    .await;
    let sums = vec![
        measure(MetricKind::Sum, "price"),
        measure(MetricKind::Average, "price"),
        measure(MetricKind::Count, "id"),
    ];
    let page = lab.summarize(&summary(&[], sums.clone(), "-price")).await.unwrap();
    assert_eq!(page.columns, ["currency", "price", "price", "id"]);
    let rows = [
        vec![text("JPY"), yen.clone(), yen.clone(), whole(1)],
        vec![text("AUD"), money(251, "AUD"), money(126, "AUD"), whole(2)],
        vec![Value::Null, Value::Null, Value::Null, whole(1)],
    ];
    assert_eq!(page.rows, rows);
    let two = vec![measure(MetricKind::Sum, "price"), measure(MetricKind::Sum, "cost")];
    let page = lab.summarize(&summary(&[("name", Bucket::None)], two, "")).await.unwrap();
    assert_eq!(page.columns, ["name", "price.currency", "cost.currency", "price", "cost"]);
    assert_eq!(page.rows[0], [text("x"), text("AUD"), text("JPY"), dollars, yen]);
    assert_eq!(page.rows.len(), 4);
}

async fn dates_group_by_the_organizations_calendar(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let days = ["2024-06-30", "2024-07-01", "2024-07-07", "2024-12-31", "2024-02-29"];
    let rows: Vec<_> = days.iter().map(|day| [("made", date(day))]).collect();
    let mut rows: Vec<&[_]> = rows.iter().map(<[_; 1]>::as_slice).collect();
    rows.push(&[]);
    lab.things(&rows).await;
    let grouped = async |bucket: Bucket, calendar: Calendar| -> Vec<String> {
        let summary = summary(&[("made", bucket)], vec![measure(MetricKind::Count, "id")], "");
        let bound = lab.bind_summary(&summary, &Reckoning { calendar, ..Reckoning::default() }).unwrap();
        let page = lab.store.summarize(lab.access, &bound).await.unwrap();
        assert_eq!(page, lab.memory.summarize(&bound).unwrap());
        page.rows.iter().map(|row| format!("{} {}", row[0].to_json(), row[1].to_json()).replace('"', "")).collect()
    };
    let monday = Calendar { week_starts: 1, fiscal_year_starts: 7 };
    let sunday = Calendar { week_starts: 7, fiscal_year_starts: 1 };
    let weeks = ["2024-02-26 1", "2024-06-24 1", "2024-07-01 2", "2024-12-30 1", "null 1"];
    assert_eq!(grouped(Bucket::Week, monday).await, weeks);
    let weeks = ["2024-02-25 1", "2024-06-30 2", "2024-07-07 1", "2024-12-29 1", "null 1"];
    assert_eq!(grouped(Bucket::Week, sunday).await, weeks);
    let months = ["2024-02-01 1", "2024-06-01 1", "2024-07-01 2", "2024-12-01 1", "null 1"];
    assert_eq!(grouped(Bucket::Month, monday).await, months);
    let quarters = ["2024-01-01 1", "2024-04-01 1", "2024-07-01 2", "2024-10-01 1", "null 1"];
    assert_eq!(grouped(Bucket::Quarter, monday).await, quarters);
    assert_eq!(grouped(Bucket::Year, monday).await, ["2024-01-01 5", "null 1"]);
    assert_eq!(grouped(Bucket::FiscalYear, monday).await, ["2023-07-01 2", "2024-07-01 3", "null 1"]);
    assert_eq!(grouped(Bucket::FiscalYear, sunday).await, ["2024-01-01 5", "null 1"]);
}

async fn instants_group_by_the_days_of_a_zone(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    // Either side of two midnights, of which one is the night in which the clocks of Sydney are set forward.
    let times = ["2026-10-03T13:59:59Z", "2026-10-03T14:00:00Z", "2026-10-04T12:59:59Z", "2026-10-04T13:00:00Z"];
    let rows: Vec<_> = times.iter().map(|at| [("seen", Value::Instant(parse_instant(at).unwrap()))]).collect();
    let mut rows: Vec<&[_]> = rows.iter().map(<[_; 1]>::as_slice).collect();
    rows.push(&[]);
    lab.things(&rows).await;
    let grouped = async |bucket: Bucket, zone: &str| -> Vec<String> {
        let summary = summary(&[("seen", bucket)], vec![measure(MetricKind::Count, "id")], "-seen");
        let reckoning = Reckoning { zone: TimeZone::get(zone).unwrap(), ..Reckoning::default() };
        let bound = lab.bind_summary(&summary, &reckoning).unwrap();
        let page = lab.store.summarize(lab.access, &bound).await.unwrap();
        assert_eq!(page, lab.memory.summarize(&bound).unwrap());
        page.rows.iter().map(|row| format!("{} {}", row[0].to_json(), row[1].to_json()).replace('"', "")).collect()
    };
    assert_eq!(
        grouped(Bucket::Day, "Australia/Sydney").await,
        ["2026-10-05 1", "2026-10-04 2", "2026-10-03 1", "null 1"]
    );
    assert_eq!(grouped(Bucket::Day, "UTC").await, ["2026-10-04 2", "2026-10-03 2", "null 1"]);
    assert_eq!(grouped(Bucket::Week, "Australia/Sydney").await, ["2026-10-05 1", "2026-09-28 3", "null 1"]);
    assert_eq!(grouped(Bucket::Month, "America/New_York").await, ["2026-10-01 4", "null 1"]);
}

async fn durations_are_rounded_one_by_one(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let spent = [i64::MIN, -460, -450, -1, 0, 1, 449, 450, 899, 900, 901, i64::MAX];
    let rows: Vec<_> = spent.iter().map(|seconds| [("spent", whole(*seconds))]).collect();
    lab.things(&rows.iter().map(<[_; 1]>::as_slice).collect::<Vec<_>>()).await;
    for way in Way::ALL {
        for minutes in [1, 7, 15, 60] {
            let rounding = Rounding::new(way, minutes).unwrap();
            let kinds = [MetricKind::Sum, MetricKind::Average, MetricKind::Minimum, MetricKind::Maximum];
            let measures = kinds.map(|kind| Metric { label: format!("{kind:?}"), ..measure(kind, "spent") }).to_vec();
            let reckoning = Reckoning { rounding: Some(rounding), ..Reckoning::default() };
            let bound = lab.bind_summary(&summary(&[], measures, ""), &reckoning).unwrap();
            let page = lab.store.summarize(lab.access, &bound).await.unwrap();
            let each: Vec<i64> = spent.iter().map(|seconds| rounding.apply(*seconds)).collect();
            assert_eq!(page.rows[0][0], whole(each.iter().map(|of| i128::from(*of)).sum::<i128>().try_into().unwrap()));
            assert_eq!(page.rows[0][2..], [each[0], each[11]].map(whole), "{rounding}");
            assert_eq!(page, lab.memory.summarize(&bound).unwrap(), "{rounding}");
        }
    }
}

async fn a_sum_may_pass_64_bits_on_its_way_but_not_in_its_end(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    lab.things(&[
        &[("count", whole(i64::MAX)), ("size", text("small"))],
        &[("count", whole(i64::MAX)), ("size", text("small"))],
        &[("count", whole(i64::MIN)), ("size", text("small"))],
        &[("count", whole(i64::MIN)), ("size", text("large"))],
        &[("count", whole(5)), ("size", text("large"))],
    ])
    .await;
    let sums = vec![measure(MetricKind::Sum, "count"), measure(MetricKind::Average, "count")];
    let page = lab.summarize(&summary(&[("size", Bucket::None)], sums, "-count")).await.unwrap();
    let rows = [
        vec![text("small"), whole(i64::MAX - 1), decimal("3074457345618258602")],
        vec![text("large"), whole(i64::MIN + 5), decimal("-4611686018427387901.5")],
    ];
    assert_eq!(page.rows, rows);
    // Twice the largest number, though its average is told.
    let mut small = summary(&[], vec![measure(MetricKind::Average, "count")], "");
    small.filter = Predicate::Compare { path: "count".into(), operator: Operator::Greater, value: whole(5) };
    assert_eq!(lab.summarize(&small).await.unwrap().rows, [vec![decimal("9223372036854775807")]]);
    small.metrics = vec![measure(MetricKind::Sum, "count")];
    let told = lab.summarize(&small).await.unwrap_err().to_string();
    assert_eq!(told, "the sum `count` goes beyond 64 bits: narrow the filter or group it further");
}

async fn averages_are_sorted_by_what_is_shown(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let row = |name: &str, weight: &str| [("name", text(name)), ("weight", decimal(weight))];
    lab.things(&[&row("b", "0.001"), &row("b", "0.002"), &row("c", "0.002"), &row("a", "9"), &[("name", text("d"))]])
        .await;
    let average = vec![measure(MetricKind::Average, "weight")];
    let page = lab.summarize(&summary(&[("name", Bucket::None)], average, "weight")).await.unwrap();
    // 0.0015 is shown as 0.002: the two are alike, and their names decide.
    assert_eq!(names(&page), ["b", "c", "a", "d"]);
}

async fn a_question_too_large_is_refused_not_broken(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let lab = lab(&world);
    let many = Predicate::Within { path: "count".into(), values: (0..1000).map(whole).collect() };
    let filter = Predicate::Any((0..100).map(|_| many.clone()).collect());
    let bound = lab.bind(&select("things", filter, "", &["name"], 9)).unwrap();
    assert!(matches!(lab.store.find(lab.access, &bound).await, Err(StoreError::TooLarge(_))));
    // As many nodes and as deep as a predicate may be.
    let wide = (0..127).map(|number| Predicate::Not(Box::new(Predicate::equal("count", whole(number)))));
    let bound = lab.bind(&select("things", Predicate::Any(wide.collect()), "", &["name"], 9)).unwrap();
    assert_eq!(lab.store.find(lab.access, &bound).await.unwrap().rows, Vec::<Vec<Value>>::new());
    let deep = (0..15)
        .fold(Predicate::equal("parent.parent.parent.count", whole(1)), |child, _| Predicate::Not(Box::new(child)));
    let bound = lab.bind(&select("things", deep, "parent.maker.partner.name", &["extra"], 9)).unwrap();
    assert_eq!(lab.store.find(lab.access, &bound).await.unwrap().rows, Vec::<Vec<Value>>::new());
}
