//! What was renamed follows its name: tables, columns, members, indexes, choices, and what the change log tells.

use crate::common::{Fixture, World, catalog, fields, text};
use lignaflow_core::commit::Refusal;
use lignaflow_core::{Id, Value};
use lignaflow_store::{LogPosition, SchemaFault};

crate::on_both!(
    a_field_follows_its_new_name_with_its_values_members_and_rules,
    a_collection_follows_its_new_name_with_all_that_is_in_it,
    a_renamed_choice_is_renamed_in_records_and_in_their_history,
    names_may_change_again_and_again_and_a_version_may_be_skipped,
    a_version_that_is_returned_to_finds_what_was_renamed,
    a_name_that_is_free_again_is_another_thing,
    two_things_are_not_taken_for_one,
);

const FIRST: &str = r#"
id = "stock"
version = "0.1.0"
title = "Stock"
api = "0.1"

[[collections]]
name = "items"
title = { one = "Item", many = "Items" }
display = "name"
unique = [["code"]]
indexes = [["state", "code"]]
[collections.fields]
name = { type = "text", required = true }
code = { type = "text", max = 60 }
parts = { type = "references", to = "items", on_delete = "clear" }
state = { type = "choice", of = ["new", "old"], default = "new" }

[[collections]]
name = "counts"
title = { one = "Count", many = "Counts" }
display = "name"
[collections.fields]
name = { type = "text", required = true }
item = { type = "reference", to = "items" }
"#;

fn with(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

async fn apply(world: &mut World, descriptor: &str) -> Vec<String> {
    world.catalog = catalog(&[descriptor]);
    let plan = world.store.plan_schema(&world.catalog).await.unwrap();
    assert_eq!(world.store.apply_schema(&world.catalog).await.unwrap(), plan);
    assert_eq!(world.store.apply_schema(&world.catalog).await.unwrap().steps, [], "applied twice");
    plan.steps.iter().map(ToString::to_string).collect()
}

async fn refused(world: &World, descriptor: &str) -> Vec<String> {
    match world.store.plan_schema(&catalog(&[descriptor])).await {
        Err(SchemaFault::Refused(conflicts)) => conflicts.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

async fn insert<const N: usize>(world: &World, collection: &str, values: [(&str, Value); N]) -> Id {
    let id = Id::fresh();
    world.commit(world.draft().insert(&world.schema(collection), id, fields(values))).await.unwrap();
    id
}

async fn value(world: &World, collection: &str, id: Id, field: &str) -> Value {
    let schema = world.schema(collection);
    world.store.get(world.access, &schema, id).await.unwrap().unwrap().get(&schema, field).unwrap().clone()
}

async fn a_field_follows_its_new_name_with_its_values_members_and_rules(fixture: Fixture) {
    let mut world = fixture.world(&[FIRST]).await;
    let part = insert(&world, "stock/items", [("name", text("Leg"))]).await;
    let values = [("name", text("Table")), ("code", text("T-1")), ("parts", Value::References(vec![part]))];
    let table = insert(&world, "stock/items", values).await;
    let next = with(
        FIRST,
        &[
            ("[[\"code\"]]", "[[\"number\"]]"),
            ("[\"state\", \"code\"]", "[\"state\", \"number\"]"),
            ("code = {", "number = { renamed_from = \"code\","),
            ("parts = {", "pieces = { renamed_from = \"parts\","),
        ],
    );
    let steps = apply(&mut world, &next).await;
    for step in [
        "stock/items: rename the field `code` to `number`, with what it holds",
        "stock/items: rename the field `parts` to `pieces`, with what it holds",
    ] {
        assert!(steps.iter().any(|one| one == step), "{step} is not among {steps:?}");
    }
    assert_eq!(value(&world, "stock/items", table, "number").await, text("T-1"));
    assert_eq!(value(&world, "stock/items", table, "pieces").await, Value::References(vec![part]));
    let schema = world.schema("stock/items");
    let twin = fields([("name", text("Twin")), ("number", text("t-1"))]);
    let outcome = world.commit(world.draft().insert(&schema, Id::fresh(), twin)).await;
    assert_eq!(outcome, Err(Refusal::Duplicate { index: 0, rule: 0 }), "the rule holds as before");
    // Members are searched by their table: the part is still referred to, and cleared where it goes.
    world.commit(world.draft().archive(&schema, part, 1)).await.unwrap();
    assert_eq!(value(&world, "stock/items", table, "pieces").await, Value::References(vec![]));
    let history = world.store.history(world.access, &schema, table, 10).await.unwrap();
    assert_eq!(history[1].after["number"], "T-1", "{history:?}");
    assert!(!history[1].after.contains_key("code") && history[1].after.contains_key("pieces"));
    assert!(history[0].before.contains_key("pieces"));
}

async fn a_collection_follows_its_new_name_with_all_that_is_in_it(fixture: Fixture) {
    let mut world = fixture.world(&[FIRST]).await;
    let part = insert(&world, "stock/items", [("name", text("Leg"))]).await;
    let values = [("name", text("Table")), ("code", text("T-1")), ("parts", Value::References(vec![part]))];
    let table = insert(&world, "stock/items", values).await;
    let count = insert(&world, "stock/counts", [("name", text("One")), ("item", Value::Reference(table))]).await;
    let next = with(
        FIRST,
        &[
            ("name = \"items\"", "name = \"articles\"\nrenamed_from = \"items\""),
            ("to = \"items\"", "to = \"articles\""),
            ("code = {", "number = { renamed_from = \"code\","),
            ("[[\"code\"]]", "[[\"number\"]]"),
            ("[\"state\", \"code\"]", "[\"state\", \"number\"]"),
        ],
    );
    let steps = apply(&mut world, &next).await;
    assert_eq!(steps[0], "stock/articles: take over `items` under its new name, with 2 records");
    assert_eq!(value(&world, "stock/articles", table, "number").await, text("T-1"));
    assert_eq!(value(&world, "stock/articles", table, "parts").await, Value::References(vec![part]));
    assert_eq!(value(&world, "stock/counts", count, "item").await, Value::Reference(table));
    let schema = world.schema("stock/articles");
    let outcome = world.commit(world.draft().archive(&schema, table, 1)).await;
    assert!(matches!(outcome, Err(Refusal::Referred { .. })), "{outcome:?}");
    let history = world.store.history(world.access, &schema, table, 10).await.unwrap();
    assert_eq!((history.len(), history[0].collection.to_string()), (1, "stock/articles".to_owned()));
    // A transaction of another test, which the database's horizon waits for, keeps them back on PostgreSQL.
    let changes = loop {
        let changes = world.store.changes_after(world.access, LogPosition::START, 100).await.unwrap();
        if changes.len() >= 3 {
            break changes;
        }
        tokio::task::yield_now().await;
    };
    let collections: Vec<_> = changes.iter().map(|entry| entry.collection.to_string()).collect();
    assert_eq!(collections, ["stock/articles", "stock/articles", "stock/counts"]);
    // Another host reads the log by the same names.
    let other = fixture.open().await;
    other.apply_schema(&world.catalog).await.unwrap();
    assert_eq!(other.history(world.access, &schema, table, 10).await.unwrap()[0].after["number"], "T-1");
}

async fn a_renamed_choice_is_renamed_in_records_and_in_their_history(fixture: Fixture) {
    let mut world = fixture.world(&[FIRST]).await;
    let values = [("name", text("Table")), ("state", text("old"))];
    let table = insert(&world, "stock/items", values).await;
    let next = with(FIRST, &[("of = [\"new\", \"old\"]", "of = [\"new\", \"worn\"], renamed = { old = \"worn\" }")]);
    let steps = apply(&mut world, &next).await;
    assert!(
        steps.contains(&"stock/items: rename the choice `old` of `state` to `worn` in 1 record".to_owned()),
        "{steps:?}"
    );
    assert_eq!(value(&world, "stock/items", table, "state").await, text("worn"));
    let schema = world.schema("stock/items");
    let history = world.store.history(world.access, &schema, table, 10).await.unwrap();
    assert_eq!(history[0].after["state"], "worn");
    apply(&mut world, FIRST).await;
    assert_eq!(value(&world, "stock/items", table, "state").await, text("old"), "and back");
    let history = world.store.history(world.access, &world.schema("stock/items"), table, 10).await.unwrap();
    assert_eq!(history[0].after["state"], "old");
}

async fn names_may_change_again_and_again_and_a_version_may_be_skipped(fixture: Fixture) {
    let mut world = fixture.world(&[FIRST]).await;
    let table = insert(&world, "stock/items", [("name", text("Table")), ("code", text("T-1"))]).await;
    let rules = |field: &str| {
        [
            ("[[\"code\"]]".to_owned(), format!("[[\"{field}\"]]")),
            ("[\"state\", \"code\"]".to_owned(), format!("[\"state\", \"{field}\"]")),
        ]
    };
    let version = |field: &str, from: &str| {
        let mut text = FIRST.replace("code = {", &format!("{field} = {{ renamed_from = {from},"));
        for (old, new) in rules(field) {
            text = text.replace(&old, &new);
        }
        text
    };
    // The second version was never here.
    apply(&mut world, &version("label", "[\"number\", \"code\"]")).await;
    assert_eq!(value(&world, "stock/items", table, "label").await, text("T-1"));
    let schema = world.schema("stock/items");
    let set = fields([("label", text("T-2"))]);
    let before = fields([("label", text("T-1"))]);
    world.commit(world.draft().update(&schema, table, 1, before, set)).await.unwrap();
    apply(&mut world, &version("tag", "[\"label\", \"number\", \"code\"]")).await;
    let schema = world.schema("stock/items");
    let history = world.store.history(world.access, &schema, table, 10).await.unwrap();
    assert_eq!((&history[0].before["tag"], &history[0].after["tag"]), (&"T-1".into(), &"T-2".into()));
    assert_eq!(history[1].after["tag"], "T-1", "under the name of the first version");
}

async fn a_version_that_is_returned_to_finds_what_was_renamed(fixture: Fixture) {
    let mut world = fixture.world(&[FIRST]).await;
    let table = insert(&world, "stock/items", [("name", text("Table")), ("code", text("T-1"))]).await;
    let next = with(
        FIRST,
        &[
            ("name = \"items\"", "name = \"articles\"\nrenamed_from = \"items\""),
            ("to = \"items\"", "to = \"articles\""),
            ("[[\"code\"]]", "[[\"number\"]]"),
            ("[\"state\", \"code\"]", "[\"state\", \"number\"]"),
            ("code = {", "number = { renamed_from = \"code\","),
        ],
    );
    apply(&mut world, &next).await;
    let steps = apply(&mut world, FIRST).await;
    assert_eq!(steps[0], "stock/items: take over `articles` under its new name, with 1 record");
    assert_eq!(value(&world, "stock/items", table, "code").await, text("T-1"));
    apply(&mut world, &next).await;
    assert_eq!(value(&world, "stock/articles", table, "number").await, text("T-1"));
}

async fn a_name_that_is_free_again_is_another_thing(fixture: Fixture) {
    let mut world = fixture.world(&[FIRST]).await;
    let table = insert(&world, "stock/items", [("name", text("Table")), ("code", text("T-1"))]).await;
    let rules = [("[[\"code\"]]", "[[\"number\"]]"), ("[\"state\", \"code\"]", "[\"state\", \"number\"]")];
    let renamed = with(&with(FIRST, &rules), &[("code = {", "number = { renamed_from = \"code\",")]);
    apply(&mut world, &renamed).await;
    let reused = with(&with(FIRST, &rules), &[("code = {", "code = { type = \"integer\" }\nnumber = {")]);
    apply(&mut world, &reused).await;
    let schema = world.schema("stock/items");
    let set = fields([("code", Value::Integer(7))]);
    world.commit(world.draft().update(&schema, table, 1, fields([("code", Value::Null)]), set)).await.unwrap();
    let history = world.store.history(world.access, &schema, table, 10).await.unwrap();
    assert_eq!(history[0].after["code"], 7);
    assert_eq!(history[1].after["number"], "T-1");
    assert!(!history[1].after.contains_key("code"));
}

async fn two_things_are_not_taken_for_one(fixture: Fixture) {
    let mut world = fixture.world(&[FIRST]).await;
    insert(&world, "stock/items", [("name", text("Table")), ("code", text("T-1"))]).await;
    let rules = [("[[\"code\"]]", "[[\"number\"]]"), ("[\"state\", \"code\"]", "[\"state\", \"number\"]")];
    let ruled = with(FIRST, &rules);
    // The second version forgot to say so, and the third says it too late.
    apply(&mut world, &with(&ruled, &[("code = {", "number = {")])).await;
    let late = with(&ruled, &[("code = {", "number = { renamed_from = \"code\",")]);
    let told = refused(&world, &late).await;
    assert_eq!(
        told,
        ["stock/items.number: both `code` and `number` stand, each with values of its own; purge the one that is not \
          wanted by its name"]
    );
    let collections = with(FIRST, &[("name = \"counts\"", "name = \"tallies\"")]);
    apply(&mut world, &collections).await;
    let late = with(FIRST, &[("name = \"counts\"", "name = \"tallies\"\nrenamed_from = \"counts\"")]);
    assert!(refused(&world, &late).await[0].starts_with("stock/tallies: both `stock/counts` and `tallies` stand"));
}
