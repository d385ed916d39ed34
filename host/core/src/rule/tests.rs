use super::*;
use crate::bound::{BoundPredicate, Calendar};
use crate::caller::{Caller, Principal};
use crate::catalog::{Catalog, Schema};
use crate::descriptor::{Descriptor, FieldKind};
use crate::id::{Id, OrganizationId, PersonId, RequestId};
use crate::memory::Memory;
use crate::record::Record;
use crate::value::{Currency, Value, parse_date};
use proptest::prelude::*;
use std::sync::Arc;

const PLUGIN: &str = r#"
id = "hours"
version = "0.1.0"
title = "Hours"
api = "0.1"

[permissions]
approve = "Approve"
see-all = "See all"

[grants]
read = ["crm/clients"]

[[collections]]
name = "projects"
title = { one = "Project", many = "Projects" }
display = "name"
[collections.fields]
name = { type = "text", required = true }
client = { type = "reference", to = "crm/clients" }
parent = { type = "reference", to = "projects" }
members = { type = "people" }
open = { type = "boolean" }

[[collections]]
name = "entries"
title = { one = "Entry", many = "Entries" }
display = "note"
[collections.fields]
note = { type = "text", required = true }
user = { type = "person" }
project = { type = "reference", to = "projects" }
status = { type = "choice", of = ["open", "on-hold", "in review"] }
wanted = { type = "choice", of = ["open", "on-hold", "in review"] }
start = { type = "date" }
due = { type = "date" }
rate = { type = "money" }
amount = { type = "decimal", scale = 2 }
minutes = { type = "integer" }
stopped = { type = "instant" }
extra = { type = "json" }
"#;

const CRM: &str = r#"
id = "crm"
version = "0.1.0"
title = "Clients"
api = "0.1"
[[collections]]
name = "clients"
title = { one = "Client", many = "Clients" }
display = "name"
[collections.fields]
name = { type = "text", required = true }
owner = { type = "person" }
"#;

fn descriptor(text: &str) -> Descriptor {
    crate::descriptor::parse(text).unwrap()
}

fn id(number: u8) -> Id {
    Id::from_parts(0, [number; 10])
}

fn caller(person: Option<u8>, permissions: &[&str]) -> Caller {
    Caller {
        organization: OrganizationId(id(200)),
        principal: person.map_or(Principal::Anonymous, |number| Principal::Person(PersonId(id(number)))),
        role: None,
        permissions: permissions.iter().map(|name| (*name).to_owned()).collect(),
        locale: "en-AU".into(),
        time_zone: "Australia/Sydney".into(),
        currency: Currency::AUD,
        calendar: Calendar::default(),
        request_id: RequestId(id(201)),
        // The 23rd in Sydney, still the 22nd in London.
        now: crate::value::parse_instant("2026-11-22T20:00:00Z").unwrap(),
    }
}

struct World {
    catalog: Catalog,
    memory: Memory,
}

impl World {
    fn new() -> Self {
        let catalog = Catalog::new([&descriptor(PLUGIN), &descriptor(CRM)]).unwrap();
        Self { catalog, memory: Memory::default() }
    }

    fn schema(&self, name: &str) -> Arc<Schema> {
        self.catalog.schema(&name.parse().unwrap()).unwrap().clone()
    }

    fn typed(&self, collection: &str, text: &str) -> Result<TypedRule, Vec<String>> {
        self.catalog.rule(&self.schema(collection), text)
    }

    fn bound(&self, text: &str, viewer: &Caller) -> BoundPredicate {
        self.typed("hours/entries", text).unwrap_or_else(|faults| panic!("{text}: {faults:?}")).bind(Some(viewer))
    }

    fn record(&mut self, collection: &str, number: u8, values: &[(&str, Value)]) -> Record {
        let schema = self.schema(collection);
        let mut all: Vec<Value> = schema
            .fields
            .iter()
            .map(|field| match field.field.kind {
                FieldKind::People => Value::References(Vec::new()),
                _ => Value::Null,
            })
            .collect();
        for (name, value) in values {
            all[schema.position(name).unwrap()] = value.clone();
        }
        let record = Record {
            id: id(number),
            version: 1,
            created_at: 0,
            updated_at: 0,
            created_by: Some(PersonId(id(1))),
            archived_at: None,
            values: all,
        };
        self.memory.insert(&schema.name, record.clone());
        record
    }
}

/// What is wrong with a rule of entries, seen by their descriptor alone.
fn told(text: &str) -> Vec<String> {
    let descriptor = descriptor(PLUGIN);
    faults(&descriptor, descriptor.collection("entries").unwrap(), text)
}

#[test]
fn or_binds_less_than_and_and_that_less_than_not() {
    let rule = Rule::parse("user = caller or not open and has(approve) or (a = 1 or b)").unwrap();
    let Rule::Any(parts) = &rule else { panic!("{rule:?}") };
    assert_eq!(parts.len(), 4, "parts of one kind lie side by side");
    assert!(matches!(&parts[1], Rule::All(parts) if matches!(parts[0], Rule::Not(_))), "{rule:?}");
    assert_eq!(rule.to_string(), "user = caller or not open and has(approve) or a = 1 or b");
}

#[test]
fn what_is_written_is_printed_so() {
    for text in [
        "user = caller or project.members includes caller and has(approve)",
        "not (a = b or c < d) and e is not null and f is null",
        "status in (open, on-hold, 'it''s')",
        "start <= due and rate >= -5 AUD and amount != 12.50 and made > 2026-11-23 and today_or = today",
        "true or false and has(projects.see-all)",
    ] {
        assert_eq!(Rule::parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn a_text_that_is_no_rule_is_told_with_the_place() {
    let told = |text: &str| Rule::parse(text).unwrap_err().to_string();
    assert_eq!(told("  "), "character 1: a rule says something, such as `user = caller`");
    assert_eq!(told("user == caller"), "character 7: expected a value or a field, not `=`");
    assert_eq!(told("user = caller and"), "character 18: expected a field such as `status`, not the end");
    assert_eq!(told("(user = caller"), "character 15: expected `)`, not the end");
    assert_eq!(told("user = caller) or open"), "character 14: expected `and`, `or` or the end, not `)`");
    assert_eq!(told("caller = user"), "character 1: a comparison begins with a field: write `user = caller`");
    assert_eq!(told("due = null"), "character 7: nothing compares with null: write `is null`");
    assert_eq!(told("due is nothing"), "character 8: expected `null` or `not null`, not `nothing`");
    assert_eq!(told("note = 'open"), "character 8: this text has no closing '");
    assert_eq!(told("a & b"), "character 3: `&` means nothing in a rule");
    assert_eq!(
        told("a = 2026-13-01"),
        "character 5: `2026-13-01` is neither a number nor a date such as 2026-11-23; a text stands in quotes"
    );
    assert_eq!(told("has approve"), "character 5: expected `(`, not `approve`");
    assert_eq!(told("ünter = 1"), "character 1: `ü` means nothing in a rule");
    assert!(told(&"a and ".repeat(400)).contains("at most 2000 bytes"));
    assert!(told(&"(".repeat(40)).contains("nests at most 16 deep"));
    let long = vec!["a"; 65].join(" or ");
    assert!(told(&long).contains("at most 64 parts"));
}

#[test]
fn a_name_that_is_not_there_is_told_with_the_nearest() {
    assert_eq!(told("usr = caller"), ["character 1: `entries` has no field `usr`; did you mean `user`?"]);
    assert_eq!(
        told("user = caller and (project.member includes caller or has(aprove))"),
        [
            "character 20: `projects` has no field `member`; did you mean `members`?",
            "character 58: `hours` declares no permission `aprove`; did you mean `approve`?",
        ],
        "every fault at once"
    );
    assert_eq!(told("status = opne"), ["character 10: `opne` is not a choice of `status`; did you mean `open`?"]);
    assert_eq!(
        told("status in (open, closed-off)"),
        ["character 18: `closed-off` is not a choice of `status`: it is one of open, on-hold, in review"]
    );
}

#[test]
fn what_does_not_fit_its_field_is_told() {
    for (text, message) in [
        ("user = 'me'", "`user` is compared with `caller`, or the id of a person in quotes, not with `'me'`"),
        ("user < caller", "`user` is not compared by `<`, only by `=` and `!=`"),
        ("project = caller", "`project` is compared with an id in quotes, not with `caller`"),
        ("project.members = caller", "`project.members` is a list: ask what it `includes`"),
        ("user includes caller", "`user` is not a list: compare it with `=`"),
        ("note", "`note` is not true or false: compare it, as in `note = …`"),
        ("minutes = 1.5", "`minutes` is compared with a whole number, not with `1.5`"),
        ("amount = 1.555", "`amount` is compared with a number with no more digits than it has, not with `1.555`"),
        ("rate > 5", "`rate` is compared with minor units with a currency such as `12550 AUD`, not with `5`"),
        ("start < minutes", "`start` and `minutes` are not of one type"),
        ("extra = 'x'", "`extra` is JSON, which nothing compares with"),
        ("note.x = 'x'", "`note` of `note.x` is not a reference that can be followed"),
        ("project.parent.parent.parent.open", "`project.parent.parent.parent.open` follows more than 3 references"),
    ] {
        let found = told(text);
        assert!(found.len() == 1 && found[0].ends_with(message), "{text}: {found:?}");
    }
}

#[test]
fn what_another_plugin_has_is_looked_at_when_it_is_there() {
    assert_eq!(told("project.client.ownr = caller"), [""; 0]);
    let world = World::new();
    let faults = world.typed("hours/entries", "project.client.ownr = caller").unwrap_err();
    assert_eq!(faults, ["character 1: `clients` has no field `ownr`; did you mean `owner`?"]);
    assert!(world.typed("hours/entries", "project.client.owner = caller").is_ok());
    let unknown = world.typed("hours/entries", "has(crm.close)").unwrap_err();
    assert_eq!(unknown, ["character 5: `crm` declares no permission `close`"]);
    assert!(world.typed("hours/entries", "has(stock.close) or has(records.write)").is_ok());
}

#[test]
fn what_who_asks_settles_is_settled() {
    let world = World::new();
    let nobody = caller(None, &[]);
    let boss = caller(Some(1), &["hours.approve"]);
    assert!(world.bound("user = caller or has(approve)", &boss).is_always());
    assert!(world.bound("user = caller or has(approve)", &nobody).is_never());
    assert!(world.bound("not (user = caller and has(approve))", &nobody).is_always());
    assert!(matches!(
        world.bound("user = caller or has(approve)", &caller(Some(1), &[])),
        BoundPredicate::Compare { .. }
    ));
    let typed = |text| world.typed("hours/entries", text).unwrap();
    assert!(typed("start < today").asks_who() && !typed("start < due").asks_who());
    assert!(typed("project.open").follows_references() && !typed("project is null").follows_references());
}

#[test]
fn a_rule_holds_of_plain_records_as_it_says() {
    let mut world = World::new();
    let reference = |number| Value::Reference(id(number));
    let client = world.record("crm/clients", 90, &[("name", Value::Text("A".into())), ("owner", reference(3))]);
    world.record(
        "hours/projects",
        80,
        &[
            ("client", Value::Reference(client.id)),
            ("members", Value::References(vec![id(2)])),
            ("open", Value::Boolean(true)),
        ],
    );
    let date = |text| Value::Date(parse_date(text).unwrap());
    let entry = world.record(
        "hours/entries",
        70,
        &[
            ("note", Value::Text("Cut".into())),
            ("user", reference(1)),
            ("project", reference(80)),
            ("status", Value::Text("on-hold".into())),
            ("wanted", Value::Text("open".into())),
            ("start", date("2026-11-23")),
            ("rate", Value::Money(Money { minor: 500, currency: Currency::AUD })),
            ("amount", Value::Decimal("1.50".parse().unwrap())),
            ("minutes", Value::Integer(90)),
        ],
    );
    let holds = |text: &str, who: &Caller| world.memory.matches(&world.bound(text, who), &entry);
    let (owner, member, other) = (caller(Some(1), &[]), caller(Some(2), &["hours.approve"]), caller(Some(3), &[]));
    let rule = "user = caller or project.members includes caller and has(approve)";
    assert!(holds(rule, &owner) && holds(rule, &member) && !holds(rule, &other));
    assert!(holds("project.client.owner = caller", &other) && !holds("project.client.owner = caller", &owner));
    for (text, truth) in [
        ("status = on-hold", true),
        ("status in (open, 'in review')", false),
        ("status > open and wanted < on-hold", true),
        ("status != wanted", true),
        ("start = today", true),
        ("start <= due", false),
        ("due is null or start <= due", true),
        ("not start <= due", true),
        ("rate = 500 AUD", true),
        ("rate > 1 USD", false),
        ("amount = 1.5", true),
        ("minutes >= 90", true),
        ("project.open", true),
        ("created_by = caller", true),
        ("archived_at is not null", false),
        ("note = 'Cut' and not note = 'cut'", true),
        ("project.parent.open", false),
        ("project.parent.open is null", true),
    ] {
        assert_eq!(holds(text, &owner), truth, "{text}");
    }
    assert!(Memory::holds_of(&world.bound("minutes > 60", &owner), &entry));
}

fn rules() -> impl Strategy<Value = Rule> {
    let path = || "[a-z]{1,3}(\\.[a-z_]{1,3}){0,2}";
    let path = move || {
        path().prop_filter("a word of the language", |text| {
            !["and", "or", "not", "in", "is", "has"].contains(&text.as_str())
        })
    };
    let named = move || path().prop_map(|text| Path { text, at: Place(0) });
    let value = prop_oneof![
        named().prop_map(|path| TermValue::Word(path.text)),
        "[a-z' \"é]{0,4}".prop_map(TermValue::Text),
        "-?[0-9]{1,4}(\\.[0-9]{1,3})?".prop_map(TermValue::Number),
        (-3000..3000_i32).prop_map(TermValue::Date),
        any::<i32>().prop_map(|minor| TermValue::Money(Money { minor: minor.into(), currency: Currency::AUD })),
        any::<bool>().prop_map(TermValue::Boolean),
        Just(TermValue::Caller),
        Just(TermValue::Today),
    ];
    let term = value.prop_map(|value| Term { value, at: Place(0) }).boxed();
    let operator = proptest::sample::select(&Operator::ALL[..6]);
    let leaf = prop_oneof![
        named().prop_map(Rule::Holds),
        (named(), operator, term.clone()).prop_map(|(path, operator, with)| Rule::Compare { path, operator, with }),
        (named(), proptest::collection::vec(term.clone(), 1..3)).prop_map(|(path, among)| Rule::Within { path, among }),
        (named(), term).prop_map(|(path, member)| Rule::Includes { path, member }),
        named().prop_map(Rule::IsNull),
        named().prop_map(Rule::Has),
        any::<bool>().prop_map(Rule::Constant),
    ];
    leaf.prop_recursive(3, 16, 3, |child| {
        let parts = proptest::collection::vec(child.clone(), 2..4);
        prop_oneof![
            parts.clone().prop_map(Rule::All),
            parts.prop_map(Rule::Any),
            child.prop_map(|child| Rule::Not(Box::new(child))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rule_that_is_printed_reads_as_the_same(rule in rules()) {
        let text = rule.to_string();
        let read = Rule::parse(&text).map_err(|fault| TestCaseError::fail(format!("{text}: {fault}")))?;
        prop_assert_eq!(read.to_string(), text);
    }

    #[test]
    fn whatever_is_written_is_read_or_told(text in "[a-z0-9 .,()=<>!'\"é-]{0,60}") {
        let _ = Rule::parse(&text);
    }
}
