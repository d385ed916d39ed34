use super::*;
use crate::bound::Calendar;
use crate::caller::Principal;
use crate::id::{Id, OrganizationId, PersonId, RequestId};
use crate::value::Currency;

const PLUGIN: &str = r#"
id = "pay"
version = "0.1.0"
title = "Pay"
api = "0.1"

[permissions]
see = "See"
set = "Set"

[[collections]]
name = "people"
title = { one = "Person", many = "People" }
display = "name"
list = ["name", "wage", "boss"]
sort = "-wage"
[collections.fields]
name = { type = "text", required = true }
wage = { type = "money", read = "has(see)" }
boss = { type = "reference", to = "people", read = "has(see)" }
grade = { type = "integer", write = "has(set)" }
note = { type = "text", read = "created_by = caller" }
"#;

fn caller(permissions: &[&str]) -> Caller {
    let id = Id::from_parts(0, [1; 10]);
    Caller {
        organization: OrganizationId(id),
        principal: Principal::Person(PersonId(id)),
        role: None,
        permissions: permissions.iter().map(|name| (*name).to_owned()).collect(),
        locale: "en-AU".into(),
        time_zone: "Australia/Sydney".into(),
        currency: Currency::AUD,
        calendar: Calendar::default(),
        request_id: RequestId(id),
        now: 0,
    }
}

fn catalog() -> Arc<Catalog> {
    Arc::new(Catalog::new([&crate::descriptor::parse(PLUGIN).unwrap()]).unwrap())
}

fn people(catalog: &Catalog) -> &Arc<Schema> {
    catalog.schema(&"pay/people".parse().unwrap()).unwrap()
}

#[test]
fn who_sees_everything_sees_the_catalog_itself() {
    let catalog = catalog();
    assert!(Arc::ptr_eq(&catalog.seen_by(&caller(&["pay.see", "pay.set"])), &catalog));
}

#[test]
fn what_a_caller_may_never_read_is_not_in_their_catalog() {
    let catalog = catalog();
    let seen = catalog.seen_by(&caller(&[]));
    let schema = people(&seen);
    let names: Vec<_> = schema.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["name", "grade", "note"]);
    assert_eq!(schema.collection.fields.len(), 3);
    assert_eq!(schema.collection.list.iter().map(FieldName::as_str).collect::<Vec<_>>(), ["name"]);
    assert_eq!(schema.collection.sort, None);
    assert!(schema.referrers.is_empty() && !people(&catalog).referrers.is_empty());
    assert!(schema.hides("wage") && !schema.hides("note") && !schema.hides("nothing"));
    assert!(schema.field("grade").unwrap().field.read_only, "what one may not set is as the program's own");
    let rule = schema.field_readable(schema.position("note").unwrap(), Some(&caller(&[])));
    assert!(!rule.is_never() && !rule.is_always(), "its rules look at the whole records");
}

#[test]
fn who_sees_the_same_shares_one_view_and_a_view_is_its_own() {
    let catalog = catalog();
    let (one, other) = (catalog.seen_by(&caller(&[])), catalog.seen_by(&caller(&["pay.other"])));
    assert!(Arc::ptr_eq(&one, &other));
    assert!(!Arc::ptr_eq(&one, &catalog.seen_by(&caller(&["pay.set"]))));
    assert!(people(&one.seen_by(&caller(&[]))).field("wage").is_none());
}

#[test]
fn who_is_nobody_does_not_see_what_a_person_with_the_same_permissions_does() {
    let catalog = catalog();
    let nobody = || Caller { principal: Principal::Anonymous, ..caller(&[]) };
    for _ in 0..2 {
        assert!(people(&catalog.seen_by(&caller(&[]))).field("note").is_some());
        assert!(people(&catalog.seen_by(&nobody())).field("note").is_none(), "its rule asks for a person");
    }
}

#[test]
fn what_is_held_is_compared_by_its_names_also_once_it_was_looked_up() {
    let catalog = catalog();
    let mut held = caller(&["pay.set"]);
    assert!(people(&catalog.seen_by(&held)).field("wage").is_none());
    let before = held.permissions.clone();
    held.permissions.insert("pay.see".to_owned());
    assert!(Arc::ptr_eq(&catalog.seen_by(&held), &catalog));
    assert!(before != held.permissions && before == caller(&["pay.set"]).permissions);
}
