//! What becomes wider is converted without loss; what becomes narrower is refused with what would be lost; and what is no
//! longer declared is kept until it is purged by its name.

use crate::common::{Fixture, World, catalog, fields, text};
use lignaflow_core::name::PluginId;
use lignaflow_core::{Id, Value};
use lignaflow_store::identity::audit;
use lignaflow_store::plugins::By;
use lignaflow_store::{KeptName, Purged, SchemaConflict, SchemaFault};

crate::on_both!(
    what_is_wider_is_converted_without_loss,
    what_would_be_lost_is_told_with_its_records,
    what_fits_a_narrower_rule_passes,
    what_is_kept_is_listed_and_purged_by_name,
    a_collection_that_is_no_longer_declared_is_kept_and_comes_back,
);

fn stock(fields: &str) -> String {
    format!(
        "id = \"stock\"\nversion = \"0.1.0\"\ntitle = \"Stock\"\napi = \"0.1\"\n\n[[collections]]\nname = \"items\"\n\
         title = {{ one = \"Item\", many = \"Items\" }}\ndisplay = \"name\"\n[collections.fields]\n\
         name = {{ type = \"text\", required = true }}\n{fields}\n"
    )
}

async fn apply(world: &mut World, descriptor: &str) -> Vec<String> {
    world.catalog = catalog(&[descriptor]);
    let plan = world.store.plan_schema(&world.catalog).await.unwrap();
    assert_eq!(world.store.apply_schema(&world.catalog).await.unwrap(), plan);
    assert_eq!(world.store.apply_schema(&world.catalog).await.unwrap().steps, [], "applied twice");
    plan.steps.iter().map(ToString::to_string).collect()
}

async fn refused(world: &World, descriptor: &str) -> Vec<SchemaConflict> {
    match world.store.apply_schema(&catalog(&[descriptor])).await {
        Err(SchemaFault::Refused(conflicts)) => conflicts,
        other => panic!("{other:?}"),
    }
}

async fn item<const N: usize>(world: &World, more: [(&str, Value); N]) -> Id {
    let id = Id::fresh();
    let mut values = fields([("name", text("An item"))]);
    values.extend(fields(more));
    world.commit(world.draft().insert(&world.schema("stock/items"), id, values)).await.unwrap();
    id
}

async fn value(world: &World, id: Id, field: &str) -> Value {
    let schema = world.schema("stock/items");
    world.store.get(world.access, &schema, id).await.unwrap().unwrap().get(&schema, field).unwrap().clone()
}

fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

fn stock_plugin() -> PluginId {
    "stock".parse().unwrap()
}

fn by() -> By {
    By { person: None, address: String::new(), token: None, at: 7 }
}

async fn what_is_wider_is_converted_without_loss(fixture: Fixture) {
    let first = stock(
        "count = { type = \"integer\" }\nprice = { type = \"decimal\", scale = 2 }\n\
         size = { type = \"choice\", of = [\"Gro\u{df}\", \"klein\"] }\nnote = { type = \"text\", max = 10 }",
    );
    let mut world = fixture.world(&[&first]).await;
    let values = [
        ("count", Value::Integer(-7)),
        ("price", decimal("12.55")),
        ("size", text("Gro\u{df}")),
        ("note", text("abc")),
    ];
    let id = item(&world, values).await;
    item(&world, []).await;
    let next = stock(
        "count = { type = \"decimal\", scale = 3 }\nprice = { type = \"decimal\", scale = 5 }\n\
         size = { type = \"text\", max = 40, search = true }\nnote = { type = \"text\", max = 4000 }",
    );
    let steps = apply(&mut world, &next).await;
    for step in [
        "stock/items: convert the field `count` from integer to decimal of 3 digits after the point in 1 record, without loss",
        "stock/items: convert the field `price` from decimal of 2 digits after the point to decimal of 5 digits after the \
         point in 1 record, without loss",
        "stock/items: convert the field `size` from choice to text in 1 record, without loss",
        "stock/items: take over the new rules of the field `note`",
    ] {
        assert!(steps.iter().any(|one| one == step), "{step} is not among {steps:?}");
    }
    assert_eq!(value(&world, id, "count").await, decimal("-7.000"));
    assert_eq!(value(&world, id, "price").await, decimal("12.55000"));
    assert_eq!(value(&world, id, "size").await, text("Gro\u{df}"));
    let folded = crate::row(&world, "stock/items", "size__fold", id).await.unwrap();
    assert_eq!(folded.text(0).unwrap(), lignaflow_core::fold::fold("Gro\u{df}"));
    // Back to fewer digits, of which none that is used goes.
    let back = stock(
        "count = { type = \"integer\" }\nprice = { type = \"decimal\", scale = 2 }\n\
         size = { type = \"text\", max = 40, search = true }\nnote = { type = \"text\", max = 4000 }",
    );
    apply(&mut world, &back).await;
    assert_eq!(value(&world, id, "count").await, Value::Integer(-7));
    assert_eq!(value(&world, id, "price").await, decimal("12.55"));
}

async fn what_would_be_lost_is_told_with_its_records(fixture: Fixture) {
    let first = stock(
        "count = { type = \"integer\" }\nprice = { type = \"decimal\", scale = 2 }\n\
         state = { type = \"choice\", of = [\"new\", \"old\"] }\nnote = { type = \"text\" }\nday = { type = \"date\" }",
    );
    let mut world = fixture.world(&[&first]).await;
    let mut ids = Vec::new();
    for count in 0..7 {
        let values = [
            ("count", Value::Integer(1_000_000_000_000_000 + count)),
            ("price", decimal("1.55")),
            ("state", text("old")),
            ("note", text("a note")),
            ("day", Value::Date(3)),
        ];
        ids.push(item(&world, values).await);
    }
    item(&world, []).await;
    ids.sort();
    let next = stock(
        "count = { type = \"integer\", max = 1000000000000002 }\nprice = { type = \"integer\" }\n\
         state = { type = \"choice\", of = [\"new\"] }\nnote = { type = \"text\", max = 3, required = true }\nday = { type = \"instant\" }",
    );
    let conflicts = refused(&world, &next).await;
    let told: Vec<_> =
        conflicts.iter().map(|c| (c.field.as_str(), c.records, c.examples.len(), c.message.as_str())).collect();
    assert_eq!(
        told,
        [
            ("count", 4, 4, "at most 1000000000000002 is to be kept, and 4 records hold more"),
            ("price", 7, 5, "its type changes from decimal to integer, and digits that 7 records hold would be lost"),
            ("state", 7, 5, "7 records hold a choice that is no longer there: old"),
            ("note", 7, 5, "at most 3 characters are to be kept, and 7 records hold more"),
            ("note", 1, 1, "the field is required now, and 1 record has no value for it; give it a default"),
            ("day", 7, 5, "its type changes from date to instant, and what 7 records hold in it would be lost"),
        ]
    );
    assert_eq!(conflicts[1].examples, ids[..5], "the first of them");
    let wide = stock(&first[first.find("count").unwrap()..].replace("\"integer\"", "\"decimal\", scale = 9"));
    let conflicts = refused(&world, &wide).await;
    assert_eq!(conflicts[0].records, 7);
    assert!(conflicts[0].message.ends_with("would have more than 18 digits in all"), "{conflicts:?}");
    let unique = first.replace("display = \"name\"", "display = \"name\"\nunique = [[\"state\", \"day\"]]");
    let conflicts = refused(&world, &unique).await;
    assert_eq!((conflicts[0].records, conflicts[0].examples.len()), (1, 5), "one set of seven");
    assert_eq!(conflicts[0].examples, ids[..5]);
    apply(&mut world, &first).await;
    assert_eq!(value(&world, ids[0], "price").await, decimal("1.55"), "nothing was done");
}

async fn what_fits_a_narrower_rule_passes(fixture: Fixture) {
    let mut world = fixture.world(&[&stock("count = { type = \"integer\" }\nnote = { type = \"text\" }")]).await;
    let id = item(&world, [("count", Value::Integer(3)), ("note", text("abc"))]).await;
    let next = stock("count = { type = \"integer\", min = 3, max = 3 }\nnote = { type = \"text\", min = 3, max = 3 }");
    apply(&mut world, &next).await;
    assert_eq!(value(&world, id, "count").await, Value::Integer(3));
    let low = next.replace("min = 3, max = 3 }\nnote", "min = 4, max = 4 }\nnote");
    assert_eq!(refused(&world, &low).await[0].message, "at least 4 is wanted, and 1 record holds less");
}

async fn what_is_kept_is_listed_and_purged_by_name(fixture: Fixture) {
    let both = stock(
        "count = { type = \"integer\" }\nparts = { type = \"references\", to = \"items\", on_delete = \"clear\" }",
    );
    let mut world = fixture.world(&[&both]).await;
    let part = item(&world, [("count", Value::Integer(3))]).await;
    let id = item(&world, [("parts", Value::References(vec![part]))]).await;
    // Nothing is installed here, and so nothing is declared: everything is kept as one collection.
    let kept = world.store.kept(&stock_plugin()).await.unwrap();
    assert_eq!(
        kept.iter().map(|kept| (kept.name.to_string(), kept.records)).collect::<Vec<_>>(),
        [("stock.items".to_owned(), 2)]
    );
    let field = |text: &str| text.parse::<KeptName>().unwrap();
    assert_eq!(world.store.purge(field("stock.items.nothing"), by()).await.unwrap(), Purged::Unknown);
    assert_eq!(world.store.purge(field("stock.nothing"), by()).await.unwrap(), Purged::Unknown);
    assert_eq!(world.store.purge(field("stock.items.parts"), by()).await.unwrap(), Purged::Done(1));
    assert_eq!(world.store.purge(field("stock.items.count"), by()).await.unwrap(), Purged::Done(1));
    apply(&mut world, &stock("")).await;
    assert_eq!(value(&world, id, "name").await, text("An item"));
    let steps = apply(&mut world, &both).await;
    assert!(steps.contains(&"stock/items: add the field `count`".to_owned()), "{steps:?}");
    assert_eq!(value(&world, part, "count").await, Value::Null, "it came back as new");
    assert_eq!(world.store.purge(field("stock.items"), by()).await.unwrap(), Purged::Done(2));
    assert_eq!(world.store.kept(&stock_plugin()).await.unwrap(), []);
    let events = audit::latest(world.store.database(), None, 10).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.kind == "plugin.purged").count(), 3);
    apply(&mut world, &both).await;
    item(&world, []).await;
}

async fn a_collection_that_is_no_longer_declared_is_kept_and_comes_back(fixture: Fixture) {
    let other = "\n[[collections]]\nname = \"shelves\"\ntitle = { one = \"Shelf\", many = \"Shelves\" }\n\
                 display = \"name\"\n[collections.fields]\nname = { type = \"text\", required = true }\n";
    let both = stock("") + other;
    let mut world = fixture.world(&[&both]).await;
    let id = Id::fresh();
    world
        .commit(world.draft().insert(&world.schema("stock/shelves"), id, fields([("name", text("A"))])))
        .await
        .unwrap();
    let steps = apply(&mut world, &stock("")).await;
    assert_eq!(steps, ["stock/shelves: keep it, which is no longer declared, with 1 record"]);
    let steps = apply(&mut world, &both).await;
    assert_eq!(steps, ["stock/shelves: bring it back, with 1 record"]);
    let schema = world.schema("stock/shelves");
    assert!(world.store.get(world.access, &schema, id).await.unwrap().is_some());
}
