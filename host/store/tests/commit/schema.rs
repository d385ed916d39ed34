//! Tables from descriptors: what adds is carried out, what would lose something is refused.

use crate::common::{Fixture, World, catalog, fields, text};
use crate::row;
use lignaflow_core::bind::Binder;
use lignaflow_core::commit::Refusal;
use lignaflow_core::query::{Authority, Predicate, Selection, SortKey};
use lignaflow_core::{Id, Value};
use lignaflow_store::{SchemaAction, SchemaFault};

const FIRST: &str = r#"
id = "stock"
version = "0.1.0"
title = "Stock"
api = "0.1"

[[collections]]
name = "items"
title = { one = "Item", many = "Items" }
display = "name"
[collections.fields]
name = { type = "text", required = true, max = 100 }
order = { type = "integer" }
price = { type = "decimal", scale = 2 }
state = { type = "choice", of = ["new", "used", "gone"] }

[[collections]]
name = "shelves"
title = { one = "Shelf", many = "Shelves" }
display = "name"
sort = "-created_at"
[collections.fields]
name = { type = "text", required = true }
"#;

crate::on_both!(
    what_a_catalog_asks_for_is_made_once,
    a_plan_changes_nothing,
    two_hosts_that_start_at_once_take_turns,
    a_next_version_adds,
    what_would_be_lost_is_refused_all_at_once,
    what_loses_nothing_is_not_refused,
    bounds_of_a_number_are_compared_in_its_new_digits,
    what_is_no_longer_declared_is_kept,
    a_field_that_comes_back_must_have_its_old_type,
    a_required_field_needs_a_value_for_what_is_there,
    a_unique_rule_is_refused_where_it_is_broken,
    a_unique_rule_that_goes_is_no_longer_held,
    a_field_that_is_searched_later_is_found_with_what_was_there,
    a_default_of_a_searched_field_is_found_in_every_record,
);

/// The first descriptor with some of it replaced.
fn with(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(FIRST.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

async fn apply(world: &mut World, descriptor: &str) -> Result<Vec<String>, Vec<String>> {
    world.catalog = catalog(&[descriptor]);
    match world.store.apply_schema(&world.catalog).await {
        Ok(plan) => {
            assert_eq!(world.store.apply_schema(&world.catalog).await.unwrap().steps, [], "applied twice");
            Ok(plan.steps.iter().map(ToString::to_string).collect())
        }
        Err(SchemaFault::Refused(conflicts)) => Err(conflicts.iter().map(ToString::to_string).collect()),
        Err(other) => panic!("{other}"),
    }
}

async fn item<const N: usize>(world: &World, more: [(&str, Value); N]) -> Id {
    let id = Id::fresh();
    let mut values = fields([("name", text(&format!("Item {id}")))]);
    values.extend(fields(more));
    world.commit(world.draft().insert(&world.schema("stock/items"), id, values)).await.unwrap();
    id
}

async fn what_a_catalog_asks_for_is_made_once(fixture: Fixture) {
    let world = fixture.world(&[]).await;
    let catalog = catalog(&[FIRST]);
    let plan = world.store.apply_schema(&catalog).await.unwrap();
    let created = plan.steps.iter().filter(|step| step.action == SchemaAction::CreateCollection).count();
    assert_eq!(created, 2);
    let indexes: Vec<_> =
        plan.steps.iter().map(ToString::to_string).filter(|step| step.contains("add the index")).collect();
    assert_eq!(
        indexes,
        [
            "stock/items: add the index stock__items__name__ix",
            "stock/shelves: add the index stock__shelves__created_at__ix",
            "stock/shelves: add the index stock__shelves__name__ix",
        ]
    );
    assert_eq!(world.store.apply_schema(&catalog).await.unwrap().steps, []);
    // A catalog without them leaves them alone.
    assert_eq!(world.store.apply_schema(&crate::common::catalog(&[])).await.unwrap().steps, []);
    assert_eq!(world.store.apply_schema(&catalog).await.unwrap().steps, []);
}

async fn a_plan_changes_nothing(fixture: Fixture) {
    let world = fixture.world(&[]).await;
    let catalog = catalog(&[FIRST]);
    let plan = world.store.plan_schema(&catalog).await.unwrap();
    assert_eq!(world.store.plan_schema(&catalog).await.unwrap(), plan);
    assert_eq!(world.store.apply_schema(&catalog).await.unwrap(), plan);
}

async fn two_hosts_that_start_at_once_take_turns(fixture: Fixture) {
    let world = fixture.world(&[]).await;
    let other = fixture.open().await;
    let catalog = catalog(&[FIRST]);
    let (one, two) = tokio::join!(world.store.apply_schema(&catalog), other.apply_schema(&catalog));
    let mut steps = [one.unwrap().steps.len(), two.unwrap().steps.len()];
    steps.sort_unstable();
    assert_eq!(steps[0], 0);
    assert!(steps[1] > 0);
}

async fn a_next_version_adds(fixture: Fixture) {
    let mut world = fixture.world(&[FIRST]).await;
    let id = item(&world, [("order", Value::Integer(3))]).await;
    let next = with(&[
        ("max = 100", "max = 300"),
        ("\"gone\"]", "\"gone\", \"lost\"]"),
        (
            "price =",
            "shelf = { type = \"reference\", to = \"shelves\" }\n\
             shelves = { type = \"references\", to = \"shelves\" }\n\
             note = { type = \"text\", required = true, default = \"it's \\\\ noted\" }\n\
             counted = { type = \"boolean\", default = true }\n\
             cost = { type = \"money\", default = { minor = 5, currency = \"AUD\" } }\n\
             day = { type = \"date\", default = \"today\" }\n\
             price =",
        ),
        (
            "[collections.fields]\nname = { type = \"text\", required = true, max",
            "unique = [[\"order\"]]\nindexes = [[\"state\", \"order\"]]\n[collections.fields]\nname = { type = \"text\", required = true, max",
        ),
    ]);
    let steps = apply(&mut world, &next).await.unwrap();
    for step in [
        "stock/items: add the field `shelf`",
        "stock/items: add the field `note`, with its default in 1 record",
        "stock/items: take over the new rules of the field `name`",
        "stock/items: add the unique rule stock__items__order__uq",
        "stock/items: add the index stock__items__state__order__ix",
    ] {
        assert!(steps.iter().any(|one| one == step), "{step} is not among {steps:?}");
    }
    let schema = world.schema("stock/items");
    let record = world.store.get(world.access, &schema, id).await.unwrap().unwrap();
    let value = |name: &str| record.get(&schema, name).unwrap().to_json();
    assert_eq!(value("order"), 3);
    assert_eq!(value("note"), "it's \\ noted");
    assert_eq!(value("counted"), true);
    assert_eq!(value("cost"), serde_json::json!({ "minor": 5, "currency": "AUD" }));
    assert_eq!(value("day"), serde_json::Value::Null);
    assert_eq!(value("shelves"), serde_json::json!([]));
    let folded = row(&world, "stock/items", "note__fold", id).await.unwrap();
    assert_eq!(folded.text(0).unwrap(), "it's \\ noted");
    let again = fields([("name", text("Second")), ("note", text("n")), ("order", Value::Integer(3))]);
    let outcome = world.commit(world.draft().insert(&schema, Id::fresh(), again)).await;
    assert_eq!(outcome, Err(Refusal::Duplicate { index: 0, rule: 0 }));
}

async fn what_would_be_lost_is_refused_all_at_once(fixture: Fixture) {
    let mut world = fixture.world(&[FIRST]).await;
    let price = Value::Decimal("1.55".parse().unwrap());
    item(&world, [("order", Value::Integer(3)), ("price", price), ("state", text("gone"))]).await;
    let next = with(&[
        ("order = { type = \"integer\" }", "order = { type = \"text\" }"),
        ("scale = 2", "scale = 1"),
        ("\"used\", \"gone\"]", "\"used\"]"),
        ("max = 100", "max = 10"),
    ]);
    let before = world.store.plan_schema(&catalog(&[FIRST])).await.unwrap();
    let mut conflicts = apply(&mut world, &next).await.unwrap_err();
    conflicts.sort();
    assert_eq!(
        conflicts,
        [
            "stock/items.name: at most 10 characters are to be kept, and 1 record holds more",
            "stock/items.order: its type changes from integer to text, and what 1 record holds in it would be lost",
            "stock/items.price: its digits after the point change from 2 to 1, and digits that 1 record holds would be lost",
            "stock/items.state: 1 record holds a choice that is no longer there: gone",
        ]
    );
    assert_eq!(world.store.plan_schema(&catalog(&[FIRST])).await.unwrap(), before);
}

async fn what_loses_nothing_is_not_refused(fixture: Fixture) {
    let indexed = with(&[(
        "display = \"name\"\n[collections.fields]\nname = { type = \"text\", required = true, max",
        "display = \"name\"\nunique = [[\"order\"]]\n[collections.fields]\nname = { type = \"text\", required = true, max",
    )]);
    let mut world = fixture.world(&[&indexed]).await;
    item(&world, [("state", text("new"))]).await;
    let next = indexed
        .replace("order = { type = \"integer\" }", "order = { type = \"money\" }")
        .replace("\"used\", \"gone\"]", "\"used\"]")
        .replace("scale = 2", "scale = 5");
    apply(&mut world, &next).await.unwrap();
    let money = lignaflow_core::Money { minor: 7, currency: lignaflow_core::Currency::AUD };
    item(&world, [("order", Value::Money(money)), ("price", Value::Decimal("1.50000".parse().unwrap()))]).await;
    let values = fields([("name", text("Again")), ("order", Value::Money(money))]);
    let again = world.draft().insert(&world.schema("stock/items"), Id::fresh(), values);
    assert_eq!(world.commit(again).await, Err(Refusal::Duplicate { index: 0, rule: 0 }));
}

async fn bounds_of_a_number_are_compared_in_its_new_digits(fixture: Fixture) {
    let mut world = fixture.world(&[FIRST]).await;
    item(&world, [("price", Value::Decimal("40.00".parse().unwrap()))]).await;
    let whole = |bounds: &str| {
        let field = format!("price = {{ type = \"integer\", {bounds} }}");
        with(&[("price = { type = \"decimal\", scale = 2 }", &field)])
    };
    let conflicts = apply(&mut world, &whole("min = 41, max = 99")).await.unwrap_err();
    assert_eq!(conflicts, ["stock/items.price: at least 41 is wanted, and 1 record holds less"]);
    let conflicts = apply(&mut world, &whole("max = 39")).await.unwrap_err();
    assert_eq!(conflicts, ["stock/items.price: at most 39 is to be kept, and 1 record holds more"]);
    apply(&mut world, &whole("min = 40, max = 40")).await.unwrap();
}

async fn what_is_no_longer_declared_is_kept(fixture: Fixture) {
    let mut world = fixture.world(&[FIRST]).await;
    let id = item(&world, [("order", Value::Integer(3))]).await;
    let without = with(&[("order = { type = \"integer\" }\n", "")]);
    let steps = apply(&mut world, &without).await.unwrap();
    assert_eq!(
        steps,
        ["stock/items: keep the field `order`, which is no longer declared and 1 record holds a value in"]
    );
    item(&world, []).await;
    apply(&mut world, FIRST).await.unwrap();
    let schema = world.schema("stock/items");
    let record = world.store.get(world.access, &schema, id).await.unwrap().unwrap();
    assert_eq!(record.get(&schema, "order"), Some(&Value::Integer(3)));
}

async fn a_field_that_comes_back_must_have_its_old_type(fixture: Fixture) {
    let mut world = fixture.world(&[FIRST]).await;
    item(&world, [("order", Value::Integer(3))]).await;
    apply(&mut world, &with(&[("order = { type = \"integer\" }\n", "")])).await.unwrap();
    let other = with(&[("order = { type = \"integer\" }", "order = { type = \"boolean\" }")]);
    let conflicts = apply(&mut world, &other).await.unwrap_err();
    assert!(conflicts[0].starts_with("stock/items.order: its type changes from integer to boolean"), "{conflicts:?}");
}

async fn a_required_field_needs_a_value_for_what_is_there(fixture: Fixture) {
    let mut world = fixture.world(&[FIRST]).await;
    let required = with(&[("order = {", "size = { type = \"integer\", required = true }\norder = {")]);
    let now_required = with(&[("{ type = \"integer\" }", "{ type = \"integer\", required = true }")]);
    let filled = with(&[("{ type = \"integer\" }", "{ type = \"integer\", required = true, default = 9 }")]);
    let id = item(&world, []).await;
    let conflicts = apply(&mut world, &required).await.unwrap_err();
    assert_eq!(
        conflicts,
        ["stock/items.size: the field is new and required, and 1 record would have no value for it; give it a default"]
    );
    let conflicts = apply(&mut world, &now_required).await.unwrap_err();
    assert!(conflicts[0].starts_with("stock/items.order: the field is required now"), "{conflicts:?}");
    let steps = apply(&mut world, &filled).await.unwrap();
    assert!(
        steps.contains(&"stock/items: fill `order` with its default where it is empty, in 1 record".to_owned()),
        "{steps:?}"
    );
    let schema = world.schema("stock/items");
    let record = world.store.get(world.access, &schema, id).await.unwrap().unwrap();
    assert_eq!(record.get(&schema, "order"), Some(&Value::Integer(9)));
}

async fn a_unique_rule_is_refused_where_it_is_broken(fixture: Fixture) {
    let mut world = fixture.world(&[FIRST]).await;
    let unique = with(&[(
        "[collections.fields]\nname = { type = \"text\", required = true, max",
        "unique = [[\"state\", \"order\"]]\n[collections.fields]\nname = { type = \"text\", required = true, max",
    )]);
    let shared = || [("state", text("new")), ("order", Value::Integer(1))];
    let first = item(&world, shared()).await;
    item(&world, shared()).await;
    item(&world, [("state", text("new"))]).await;
    item(&world, [("state", text("new"))]).await;
    let conflicts = apply(&mut world, &unique).await.unwrap_err();
    assert_eq!(conflicts, ["stock/items.state, order: it is to be unique, and one set of records shares a value"]);
    world.catalog = catalog(&[FIRST]);
    world.commit(world.draft().archive(&world.schema("stock/items"), first, 1)).await.unwrap();
    apply(&mut world, &unique).await.unwrap();
}

async fn a_unique_rule_that_goes_is_no_longer_held(fixture: Fixture) {
    let unique = with(&[(
        "[collections.fields]\nname = { type = \"text\", required = true, max",
        "unique = [[\"order\"]]\n[collections.fields]\nname = { type = \"text\", required = true, max",
    )]);
    let mut world = fixture.world(&[&unique]).await;
    item(&world, [("order", Value::Integer(1))]).await;
    let steps = apply(&mut world, FIRST).await.unwrap();
    assert_eq!(steps, ["stock/items: drop the unique rule stock__items__order__uq"]);
    item(&world, [("order", Value::Integer(1))]).await;
}

/// The names of what a search finds, by name.
async fn found(world: &World, words: &str) -> Vec<String> {
    let selection = Selection {
        collection: "stock/items".into(),
        authority: Authority::Plugin,
        filter: Predicate::Search(words.into()),
        sort: vec![SortKey { path: "name".into(), descending: false }],
        select: vec!["name".into()],
        limit: 1000,
        after: None,
    };
    let bound = Binder { catalog: &world.catalog, home: None }.selection(&selection).unwrap();
    let page = world.store.find(world.access, &bound).await.unwrap();
    page.rows.into_iter().map(|row| row[0].as_text().unwrap().to_owned()).collect()
}

async fn a_field_that_is_searched_later_is_found_with_what_was_there(fixture: Fixture) {
    let mut world = fixture.world(&[&with(&[("price =", "note = { type = \"text\", search = true }\nprice =")])]).await;
    let name = |value: &str| [("name", text(value)), ("note", text("Lager 7"))];
    // More than are filled at a time.
    let mut draft = world.draft();
    for number in 0..620 {
        draft = draft.insert(&world.schema("stock/items"), Id::fresh(), fields(name(&format!("Brett {number:03}"))));
    }
    world.commit(draft).await.unwrap();
    assert_eq!(found(&world, "lag 7").await.len(), 620);
    assert_eq!(found(&world, "brett").await, [""; 0]);

    let both = with(&[
        ("price =", "note = { type = \"text\", search = true }\nprice ="),
        ("max = 100", "max = 100, search = true"),
    ]);
    let steps = apply(&mut world, &both).await.unwrap();
    let of_words: Vec<_> = steps.iter().filter(|step| step.contains("words")).map(String::as_str).collect();
    let expected = [
        "stock/items: drop the index of words",
        "stock/items: take the words of what is searched",
        "stock/items: make the index of words",
    ];
    assert_eq!(of_words, expected);
    assert_eq!(found(&world, "brett").await.len(), 620);
    assert_eq!(found(&world, "bret 619 lager").await, ["Brett 619"]);
    let id = item(&world, [("note", text("neu"))]).await;
    assert_eq!(found(&world, "neu").await, [format!("Item {id}")]);

    let neither = with(&[("price =", "note = { type = \"text\" }\nprice =")]);
    apply(&mut world, &neither).await.unwrap();
    item(&world, [("note", text("spaet"))]).await;
    apply(&mut world, &both).await.unwrap();
    assert_eq!(found(&world, "spaet").await.len(), 1, "also what came while it was not searched");
}

async fn a_default_of_a_searched_field_is_found_in_every_record(fixture: Fixture) {
    let mut world = fixture.world(&[FIRST]).await;
    item(&world, []).await;
    let more = "note = { type = \"text\", search = true, required = true, default = \"Zu prüfen\" }\nprice =";
    apply(&mut world, &with(&[("price =", more)])).await.unwrap();
    assert_eq!(found(&world, "prufen").await.len(), 1);
}
