//! What each operator makes of each type of field, case by case, on both databases and in the plain model.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

mod common;
mod reading;

use common::{Fixture, World, text};
use lignaflow_core::query::{Operator, Predicate};
use lignaflow_core::record::Record;
use lignaflow_core::value::{parse_date, parse_instant};
use lignaflow_core::{Money, PersonId, Value};
use reading::{LAB, Lab, id, record, select};

on_both!(
    text_is_equal_as_it_stands_and_ordered_folded,
    a_part_or_a_beginning_is_found_without_regard_to_case_or_accents,
    numbers_dates_and_instants_compare_as_such,
    decimals_compare_exactly,
    money_compares_within_its_currency,
    choices_are_ordered_as_declared,
    truth_and_references_are_equal_or_not,
    the_fields_of_the_host_are_asked_like_any_other,
    nothing_is_equal_to_nothing,
    two_fields_of_a_record_compare,
    lists_are_asked_for_members,
    paths_lead_through_references_also_to_what_is_archived,
    what_refers_to_a_record_is_found_from_it,
    archived_records_show_where_they_are_asked_for,
    a_search_wants_every_word_in_any_field,
    nothing_of_a_name_is_read_as_sql,
);

fn lab(world: &World) -> Lab<'_> {
    Lab::new(&world.store, &world.catalog)
}

fn date(text: &str) -> Value {
    Value::Date(parse_date(text).unwrap())
}

fn instant(text: &str) -> Value {
    Value::Instant(parse_instant(text).unwrap())
}

fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

fn money(minor: i64, currency: &str) -> Value {
    Value::Money(Money { minor, currency: currency.parse().unwrap() })
}

fn whole(number: i64) -> Value {
    Value::Integer(number)
}

fn compare(path: &str, operator: Operator, value: Value) -> Predicate {
    Predicate::Compare { path: path.into(), operator, value }
}

fn within<const N: usize>(path: &str, values: [Value; N]) -> Predicate {
    Predicate::Within { path: path.into(), values: values.into() }
}

fn paths(left: &str, operator: Operator, right: &str) -> Predicate {
    Predicate::ComparePaths { left: left.into(), operator, right: right.into() }
}

fn not(child: Predicate) -> Predicate {
    Predicate::Not(Box::new(child))
}

impl Lab<'_> {
    /// Things by their names, each with one more field.
    async fn things<const N: usize>(&mut self, field: &str, values: [(&str, Value); N]) {
        let schema = self.schema("things");
        let records: Vec<Record> = (1..)
            .zip(values)
            .map(|(number, (name, value))| record(&schema, id(number), &[("name", text(name)), (field, value)]))
            .collect();
        self.load("things", records).await;
    }

    /// Who is found, in a store and in the model.
    async fn asks<const N: usize>(&self, collection: &str, filter: Predicate, names: [&str; N]) {
        let shown = format!("{filter:?}");
        let selection = select(collection, filter.clone(), "name", &["name"], 1000);
        let model = self.memory.find(&self.bind(&selection).unwrap());
        let model: Vec<&str> = model.rows.iter().map(|row| row[0].as_text().unwrap()).collect();
        assert_eq!(model, names, "the model: {shown}");
        assert_eq!(self.names(collection, filter).await, names, "{shown}");
    }

    /// Who is found by each operator of order: less, at most, greater, at least.
    async fn orders(&self, path: &str, value: Value, found: [&[&str]; 4]) {
        let operators = [Operator::Less, Operator::AtMost, Operator::Greater, Operator::AtLeast];
        for (operator, names) in operators.into_iter().zip(found) {
            let filter = compare(path, operator, value.clone());
            assert_eq!(self.names("things", filter).await, names, "{path} {operator:?} {value:?}");
        }
    }
}

async fn text_is_equal_as_it_stands_and_ordered_folded(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    lab.things("note", [("1", text("Äpfel")), ("2", text("apfel")), ("3", text("birne")), ("4", Value::Null)]).await;
    lab.asks("things", compare("note", Operator::Equal, text("Äpfel")), ["1"]).await;
    lab.asks("things", compare("note", Operator::NotEqual, text("Äpfel")), ["2", "3"]).await;
    lab.asks("things", within("note", [text("apfel"), text("birne"), text("x")]), ["2", "3"]).await;
    lab.orders("note", text("APFEL"), [&[], &["1", "2"], &["3"], &["1", "2", "3"]]).await;
    // Folded texts compare by their bytes, also where the database's own order is another.
    lab.orders("note", text("_"), [&[], &[], &["1", "2", "3"], &["1", "2", "3"]]).await;
}

async fn a_part_or_a_beginning_is_found_without_regard_to_case_or_accents(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let values =
        [("1", text("Müller & Söhne")), ("2", text("50% off_season")), ("3", text("日本の家")), ("4", Value::Null)];
    lab.things("note", values).await;
    let contains = |part: &str| compare("note", Operator::Contains, text(part));
    let starts = |part: &str| compare("note", Operator::StartsWith, text(part));
    lab.asks("things", contains("SOHN"), ["1"]).await;
    lab.asks("things", contains("%"), ["2"]).await;
    lab.asks("things", contains("f_s"), ["2"]).await;
    lab.asks("things", contains("0_"), []).await;
    lab.asks("things", contains("本"), ["3"]).await;
    lab.asks("things", contains(""), ["1", "2", "3"]).await;
    lab.asks("things", starts("mul"), ["1"]).await;
    lab.asks("things", starts("ohne"), []).await;
    lab.asks("things", starts("日"), ["3"]).await;
    lab.asks("things", starts(""), ["1", "2", "3"]).await;
    lab.asks("things", not(starts("m")), ["2", "3", "4"]).await;
}

async fn numbers_dates_and_instants_compare_as_such(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let schema = lab.schema("things");
    let named = |number: u8, name: &str, day: &str, seen: &str| {
        let number_of = whole(i64::from(number) - 2);
        let values = [
            ("name", text(name)),
            ("count", number_of.clone()),
            ("spent", number_of.clone()),
            ("rebate", number_of),
            ("made", date(day)),
            ("seen", instant(seen)),
        ];
        record(&schema, id(number), &values)
    };
    let records = vec![
        named(1, "a", "1969-12-31", "1969-12-31T23:59:59.999999Z"),
        named(2, "b", "1970-01-01", "1970-01-01T00:00:00Z"),
        named(3, "c", "2024-02-29", "2024-02-29T10:00:00+11:00"),
    ];
    lab.load("things", records).await;
    let found: [&[&str]; 4] = [&["a"], &["a", "b"], &["c"], &["b", "c"]];
    for path in ["count", "spent", "rebate"] {
        lab.orders(path, whole(0), found).await;
        lab.asks("things", compare(path, Operator::Equal, whole(-1)), ["a"]).await;
        lab.asks("things", compare(path, Operator::NotEqual, whole(-1)), ["b", "c"]).await;
        lab.asks("things", within(path, [whole(1), whole(0), whole(1)]), ["b", "c"]).await;
        lab.asks("things", within(path, []), []).await;
    }
    lab.orders("made", date("1970-01-01"), found).await;
    lab.asks("things", within("made", [date("2024-02-29")]), ["c"]).await;
    lab.orders("seen", instant("1970-01-01T00:00:00Z"), found).await;
    lab.asks("things", compare("seen", Operator::Equal, instant("2024-02-28T23:00:00Z")), ["c"]).await;
}

async fn decimals_compare_exactly(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let values =
        [("a", decimal("0.1")), ("b", decimal("0.300")), ("c", decimal("999999999999999.999")), ("d", Value::Null)];
    lab.things("weight", values).await;
    lab.orders("weight", decimal("0.3"), [&["a"], &["a", "b"], &["c"], &["b", "c"]]).await;
    lab.asks("things", compare("weight", Operator::Equal, decimal("999999999999999.999")), ["c"]).await;
    lab.asks("things", compare("weight", Operator::NotEqual, decimal("0.10")), ["b", "c"]).await;
}

async fn money_compares_within_its_currency(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let values = [("a", money(100, "AUD")), ("b", money(200, "AUD")), ("c", money(100, "USD")), ("d", Value::Null)];
    lab.things("price", values).await;
    lab.orders("price", money(100, "AUD"), [&[], &["a"], &["b"], &["a", "b"]]).await;
    lab.asks("things", compare("price", Operator::Equal, money(100, "USD")), ["c"]).await;
    lab.asks("things", compare("price", Operator::NotEqual, money(100, "AUD")), ["b"]).await;
    lab.asks("things", not(compare("price", Operator::Equal, money(100, "AUD"))), ["b", "c", "d"]).await;
    lab.asks("things", within("price", [money(100, "AUD"), money(100, "USD"), money(9, "USD")]), ["a", "c"]).await;
    lab.asks("things", Predicate::IsNull("price".into()), ["d"]).await;
}

async fn choices_are_ordered_as_declared(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let values = [("a", text("small")), ("b", text("large")), ("c", text("huge")), ("d", Value::Null)];
    lab.things("size", values).await;
    lab.orders("size", text("large"), [&["a"], &["a", "b"], &["c"], &["b", "c"]]).await;
    lab.orders("size", text("huge"), [&["a", "b"], &["a", "b", "c"], &[], &["c"]]).await;
    lab.asks("things", compare("size", Operator::NotEqual, text("small")), ["b", "c"]).await;
    lab.asks("things", within("size", [text("huge"), text("small")]), ["a", "c"]).await;
}

async fn truth_and_references_are_equal_or_not(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    lab.things("fragile", [("a", Value::Boolean(true)), ("b", Value::Boolean(false)), ("c", Value::Null)]).await;
    lab.asks("things", compare("fragile", Operator::Equal, Value::Boolean(true)), ["a"]).await;
    lab.asks("things", compare("fragile", Operator::NotEqual, Value::Boolean(true)), ["b"]).await;
    let mut lab = self::lab(&world);
    let reference = |number| Value::Reference(id(number));
    lab.things("owner", [("a", reference(9)), ("b", reference(8)), ("c", Value::Null)]).await;
    lab.asks("things", compare("owner", Operator::Equal, reference(9)), ["a"]).await;
    lab.asks("things", compare("owner", Operator::NotEqual, reference(9)), ["b"]).await;
    lab.asks("things", within("owner", [reference(9), reference(8), reference(7)]), ["a", "b"]).await;
}

async fn the_fields_of_the_host_are_asked_like_any_other(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let schema = lab.schema("things");
    let mut records = vec![];
    for (number, name) in [(1, "a"), (2, "b")] {
        let mut record = record(&schema, id(number), &[("name", text(name))]);
        record.version = u64::from(number);
        record.updated_at = i64::from(number) * 1_000_000;
        record.created_by = (number == 1).then_some(PersonId(id(99)));
        records.push(record);
    }
    lab.load("things", records).await;
    lab.asks("things", compare("id", Operator::Equal, Value::Reference(id(2))), ["b"]).await;
    lab.asks("things", within("id", [Value::Reference(id(2)), Value::Reference(id(3))]), ["b"]).await;
    lab.asks("things", compare("version", Operator::Greater, whole(1)), ["b"]).await;
    lab.asks("things", compare("updated_at", Operator::AtMost, Value::Instant(1_000_000)), ["a"]).await;
    lab.asks("things", compare("created_by", Operator::Equal, Value::Reference(id(99))), ["a"]).await;
    lab.asks("things", Predicate::IsNull("created_by".into()), ["b"]).await;
}

async fn nothing_is_equal_to_nothing(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    lab.things("count", [("a", whole(1)), ("b", Value::Null)]).await;
    let one = compare("count", Operator::Equal, whole(1));
    let other = compare("count", Operator::NotEqual, whole(1));
    lab.asks("things", other.clone(), []).await;
    lab.asks("things", not(one.clone()), ["b"]).await;
    lab.asks("things", not(other.clone()), ["a", "b"]).await;
    lab.asks("things", not(not(one.clone())), ["a"]).await;
    lab.asks("things", not(Predicate::Any(vec![one.clone(), other.clone()])), ["b"]).await;
    lab.asks("things", not(Predicate::All(vec![one, other])), ["a", "b"]).await;
    lab.asks("things", not(within("count", [whole(1)])), ["b"]).await;
    lab.asks("things", paths("count", Operator::Equal, "parent.count"), []).await;
    lab.asks("things", not(paths("count", Operator::Equal, "parent.count")), ["a", "b"]).await;
    lab.asks("things", Predicate::All(vec![]), ["a", "b"]).await;
    lab.asks("things", Predicate::Any(vec![]), []).await;
    lab.asks("things", not(Predicate::IsNull("count".into())), ["a"]).await;
}

async fn two_fields_of_a_record_compare(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let schema = lab.schema("things");
    let one = [
        ("name", text("a")),
        ("note", text("B")),
        ("made", date("2024-01-01")),
        ("sold", date("2024-01-02")),
        ("price", money(2, "AUD")),
        ("cost", money(1, "AUD")),
        ("size", text("large")),
        ("grade", text("large")),
    ];
    let other = [
        ("name", text("c")),
        ("note", text("c")),
        ("made", date("2024-01-01")),
        ("price", money(2, "AUD")),
        ("cost", money(1, "USD")),
        ("size", text("small")),
        ("grade", text("large")),
    ];
    lab.load("things", vec![record(&schema, id(1), &one), record(&schema, id(2), &other)]).await;
    lab.asks("things", paths("name", Operator::Equal, "note"), ["c"]).await;
    lab.asks("things", paths("name", Operator::Less, "note"), ["a"]).await;
    lab.asks("things", paths("made", Operator::Less, "sold"), ["a"]).await;
    lab.asks("things", paths("price", Operator::Greater, "cost"), ["a"]).await;
    lab.asks("things", paths("price", Operator::NotEqual, "cost"), ["a"]).await;
    // Each choice has its own order: `large` comes second in one, first in the other.
    lab.asks("things", paths("size", Operator::Equal, "grade"), ["a"]).await;
    lab.asks("things", paths("size", Operator::Greater, "grade"), ["a"]).await;
}

async fn lists_are_asked_for_members(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let list = |ids: &[u8]| Value::References(ids.iter().map(|number| id(*number)).collect());
    lab.things("watchers", [("a", list(&[7, 5])), ("b", list(&[5])), ("c", list(&[]))]).await;
    let includes = |number| Predicate::Includes { path: "watchers".into(), id: id(number) };
    lab.asks("things", includes(5), ["a", "b"]).await;
    lab.asks("things", includes(7), ["a"]).await;
    lab.asks("things", not(includes(7)), ["b", "c"]).await;
    lab.asks("things", Predicate::IsNull("watchers".into()), ["c"]).await;
    let page = lab.find(&select("things", Predicate::always(), "name", &["watchers"], 10)).await;
    assert_eq!(page.rows, [vec![list(&[7, 5])], vec![list(&[5])], vec![list(&[])]]);
}

async fn paths_lead_through_references_also_to_what_is_archived(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let (makers, things) = (lab.schema("makers"), lab.schema("things"));
    let mut gone = record(&makers, id(1), &[("name", text("Gone")), ("partner", Value::Reference(id(2)))]);
    gone.archived_at = Some(5);
    let partner = record(&makers, id(2), &[("name", text("Partner")), ("rating", decimal("1.50"))]);
    lab.load("makers", vec![gone, partner]).await;
    let made = record(&things, id(11), &[("name", text("a")), ("maker", Value::Reference(id(1)))]);
    let part = record(&things, id(12), &[("name", text("b")), ("parent", Value::Reference(id(11)))]);
    // What it refers to is not there.
    let lost = record(&things, id(13), &[("name", text("c")), ("maker", Value::Reference(id(77)))]);
    lab.load("things", vec![made, part, lost]).await;
    lab.asks("things", compare("maker.name", Operator::Equal, text("Gone")), ["a"]).await;
    lab.asks("things", compare("maker.partner.name", Operator::StartsWith, text("part")), ["a"]).await;
    lab.asks("things", compare("parent.maker.partner.rating", Operator::Equal, decimal("1.5")), ["b"]).await;
    lab.asks("things", compare("maker.archived_at", Operator::Equal, Value::Instant(5)), ["a"]).await;
    lab.asks("things", Predicate::IsNull("maker.id".into()), ["b", "c"]).await;
    lab.asks("things", not(compare("maker.name", Operator::Equal, text("Gone"))), ["b", "c"]).await;
    let columns = ["maker", "maker.name", "parent.maker.name", "maker.partner.rating", "parent.likes", "maker.name"];
    let page = lab.find(&select("things", Predicate::always(), "-parent.maker.name,name", &columns, 10)).await;
    assert_eq!(page.columns, columns);
    let none = Value::References(vec![]);
    let rows = [
        vec![Value::Null, Value::Null, text("Gone"), Value::Null, none.clone(), Value::Null],
        vec![Value::Reference(id(1)), text("Gone"), Value::Null, decimal("1.50"), none.clone(), text("Gone")],
        vec![Value::Reference(id(77)), Value::Null, Value::Null, Value::Null, none, Value::Null],
    ];
    assert_eq!(page.rows, rows);
}

async fn what_refers_to_a_record_is_found_from_it(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let (makers, things) = (lab.schema("makers"), lab.schema("things"));
    let named = |number: u8, name: &str| record(&makers, id(number), &[("name", text(name))]);
    lab.load("makers", vec![named(1, "a"), named(2, "b"), named(3, "c")]).await;
    let thing = |number: u8, maker: u8, likes: &[u8], count: i64| {
        let likes = Value::References(likes.iter().map(|number| id(*number)).collect());
        let values =
            [("name", text("x")), ("maker", Value::Reference(id(maker))), ("likes", likes), ("count", whole(count))];
        record(&things, id(number), &values)
    };
    let mut archived = thing(13, 3, &[3], 1);
    archived.archived_at = Some(1);
    lab.load("things", vec![thing(11, 1, &[1, 2], 1), thing(12, 1, &[], 2), archived]).await;
    let exists = |via: &str, child: Option<Predicate>| Predicate::Exists {
        collection: "lab/things".into(),
        via: via.into(),
        child: child.map(Box::new),
    };
    let counted = |number| Some(compare("count", Operator::Equal, whole(number)));
    lab.asks("makers", exists("maker", None), ["a"]).await;
    lab.asks("makers", not(exists("maker", None)), ["b", "c"]).await;
    lab.asks("makers", exists("maker", counted(2)), ["a"]).await;
    lab.asks("makers", exists("maker", counted(3)), []).await;
    lab.asks("makers", exists("likes", None), ["a", "b"]).await;
    lab.asks("makers", exists("likes", counted(2)), []).await;
    let nested = Predicate::Exists { collection: "lab/marks".into(), via: "thing".into(), child: None };
    lab.asks("makers", exists("maker", Some(not(nested))), ["a"]).await;
    lab.asks("makers", exists("maker", Some(compare("maker.name", Operator::Equal, text("a")))), ["a"]).await;
}

async fn archived_records_show_where_they_are_asked_for(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let schema = lab.schema("things");
    let live = record(&schema, id(1), &[("name", text("a"))]);
    let mut archived = record(&schema, id(2), &[("name", text("b"))]);
    archived.archived_at = Some(7);
    lab.load("things", vec![live, archived]).await;
    lab.asks("things", Predicate::always(), ["a"]).await;
    lab.asks("things", not(Predicate::IsNull("archived_at".into())), ["b"]).await;
    lab.asks("things", Predicate::Any(vec![Predicate::IsNull("archived_at".into()), Predicate::always()]), ["a", "b"])
        .await;
}

async fn a_search_wants_every_word_in_any_field(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let schema = lab.schema("things");
    let one = record(&schema, id(1), &[("name", text("Küche Müller")), ("note", text("Eiche 40 %"))]);
    let other = record(&schema, id(2), &[("name", text("Bad Müller"))]);
    lab.load("things", vec![one, other]).await;
    let search = |words: &str| Predicate::Search(words.into());
    lab.asks("things", search("muller"), ["Bad Müller", "Küche Müller"]).await;
    lab.asks("things", search("EICHE küch"), ["Küche Müller"]).await;
    lab.asks("things", search("eiche bad"), []).await;
    lab.asks("things", search("iche"), []).await;
    lab.asks("things", search("40"), ["Küche Müller"]).await;
    lab.asks("things", search("%"), ["Bad Müller", "Küche Müller"]).await;
    lab.asks("things", search("  "), ["Bad Müller", "Küche Müller"]).await;
    lab.asks("things", not(search("bad")), ["Küche Müller"]).await;
}

async fn nothing_of_a_name_is_read_as_sql(fixture: Fixture) {
    let world = fixture.world(&[LAB]).await;
    let mut lab = lab(&world);
    let nasty = ["'; drop table lab__things; --", "\" or 1=1 --", "$1", "?", "\\", "%s", "{}"];
    let schema = lab.schema("things");
    let records = (1..).zip(nasty).map(|(number, name)| record(&schema, id(number), &[("name", text(name))]));
    lab.load("things", records.collect()).await;
    for name in nasty {
        lab.asks("things", compare("name", Operator::Equal, text(name)), [name]).await;
        lab.asks("things", compare("name", Operator::StartsWith, text(name)), [name]).await;
        lab.asks("things", within("name", [text(name)]), [name]).await;
    }
}
