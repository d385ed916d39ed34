//! Fields that organizations add: kept, followed, and purged from records, in one column that every table has.

use crate::common::{Fixture, World, descriptor, make_organization, text};
use crate::{SHOP, on_both};
use lignaflow_core::caller::Access;
use lignaflow_core::catalog::Catalog;
use lignaflow_core::custom::{CustomField, CustomKind, Definition};
use lignaflow_core::{Id, OrganizationId, Value};
use lignaflow_store::customs::Acted;
use lignaflow_store::plugins::By;
use lignaflow_store::{Purged, SchemaAction, Statement, StoreError};

on_both!(
    tables_from_before_are_given_the_column,
    fields_follow_their_collection_to_another_name,
    a_purge_takes_one_field_of_one_organization_alone,
    a_collection_that_is_purged_takes_its_fields_along,
    who_changes_a_field_that_was_changed_meanwhile_is_told,
);

const TITLE: &str = "shop/orders";

fn field(collection: &str, name: &str, kind: CustomKind) -> CustomField {
    CustomField {
        id: Id::fresh(),
        collection: collection.parse().unwrap(),
        name: name.parse().unwrap(),
        title: name.to_uppercase(),
        help: String::new(),
        kind,
        definition: Definition::default(),
        required: false,
        place: 0,
        version: 1,
        since: 0,
        created_at: 7,
        updated_at: 7,
        archived_at: None,
    }
}

fn by() -> By {
    By { person: None, address: String::new(), token: None, at: 9 }
}

async fn add(world: &World, organization: OrganizationId, field: CustomField) -> CustomField {
    let (name, collection) = (field.name.clone(), field.collection.clone());
    assert_eq!(world.store.add_custom(organization, field, 50, by()).await.unwrap(), Acted::Done);
    let all = world.store.customs_of(organization, &collection).await.unwrap();
    all.into_iter().find(|field| field.name == name).unwrap()
}

/// The world as an organization with these fields sees it.
fn with(world: World, fields: &[CustomField]) -> World {
    World { catalog: world.catalog.with_customs(fields), ..world }
}

async fn run(world: &World, sql: &'static str) {
    let statement = Statement::new(sql, Vec::new());
    let done: Result<u64, StoreError> =
        world.store.database().write(move |tx| Box::pin(async move { tx.execute(statement).await })).await;
    done.unwrap();
}

async fn value(world: &World, id: Id, field: &str) -> Value {
    let schema = world.schema(TITLE);
    world.store.get(world.access, &schema, id).await.unwrap().unwrap().get(&schema, field).unwrap().clone()
}

async fn tables_from_before_are_given_the_column(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let before = world.insert(TITLE, [("title", text("Before"))]).await;
    run(&world, "alter table shop__orders drop column custom").await;
    run(&world, "update collections set shape = replace(shape, ',\"custom\":true', '') where name = 'shop/orders'")
        .await;
    let plan = world.store.apply_schema(&world.catalog).await.unwrap();
    let steps: Vec<&SchemaAction> = plan.steps.iter().map(|step| &step.action).collect();
    assert_eq!(steps, [&SchemaAction::HoldOwnFields]);
    assert!(world.store.apply_schema(&world.catalog).await.unwrap().steps.is_empty(), "once is enough");

    let organization = world.access.organization();
    let note = add(&world, organization, field(TITLE, "note", CustomKind::Text)).await;
    let world = with(world, &[note]);
    assert_eq!(value(&world, before, "custom.note").await, Value::Null);
    let after = world.insert(TITLE, [("title", text("After")), ("custom.note", text("Oak"))]).await;
    assert_eq!(value(&world, after, "custom.note").await, text("Oak"));
}

async fn fields_follow_their_collection_to_another_name(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let organization = world.access.organization();
    let note = add(&world, organization, field(TITLE, "note", CustomKind::Text)).await;
    let known = world.store.customs_version().await.unwrap();
    let world = with(world, std::slice::from_ref(&note));
    let id = world.insert(TITLE, [("title", text("One")), ("custom.note", text("Oak"))]).await;
    let renamed = SHOP
        .replace("name = \"orders\"", "name = \"sales\"\nrenamed_from = \"orders\"")
        .replace("\"orders\"\n", "\"sales\"\n")
        .replace("renamed_from = \"sales\"", "renamed_from = \"orders\"")
        .replace("to = \"orders\"", "to = \"sales\"");
    let next = Catalog::new([&descriptor(&renamed)]).unwrap();
    world.store.apply_schema(&next).await.unwrap();
    let changed = world.store.customs_since(known).await.unwrap();
    let now = changed.organizations[&organization].clone();
    assert_eq!((now[0].id, now[0].collection.to_string()), (note.id, "shop/sales".to_owned()));
    let world = World { catalog: next.with_customs(&now), ..world };
    let schema = world.schema("shop/sales");
    let record = world.store.get(world.access, &schema, id).await.unwrap().unwrap();
    assert_eq!(record.get(&schema, "custom.note"), Some(&text("Oak")));
}

async fn a_purge_takes_one_field_of_one_organization_alone(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let (one, two) = (world.access.organization(), make_organization(&world.store, "Two").await);
    let note = add(&world, one, field(TITLE, "note", CustomKind::Text)).await;
    let count = add(&world, one, field(TITLE, "count", CustomKind::Integer)).await;
    let theirs = add(&world, two, field(TITLE, "note", CustomKind::Integer)).await;
    let base = world.catalog.with_customs(&[]);
    let world = with(world, &[note.clone(), count.clone()]);
    let own = [("title", text("One")), ("custom.note", text("Oak")), ("custom.count", Value::Integer(3))];
    let id = world.insert(TITLE, own).await;
    let gone = world.insert(TITLE, [("title", text("Gone")), ("custom.note", text("Ash"))]).await;
    world.commit(world.draft().archive(&world.schema(TITLE), gone, 1)).await.unwrap();
    let empty = world.insert(TITLE, [("title", text("Empty"))]).await;
    let other = World {
        store: world.store.clone(),
        catalog: base.with_customs(std::slice::from_ref(&theirs)),
        access: Access::of_plugin(two),
        person: world.person,
    };
    let foreign = other.insert(TITLE, [("title", text("Two")), ("custom.note", Value::Integer(7))]).await;

    let archived = CustomField { archived_at: Some(8), ..note.clone() };
    assert_eq!(world.store.change_custom(one, archived, "field.archived", by()).await.unwrap(), Acted::Done);
    assert_eq!(world.store.purge_custom(one, note.clone(), by()).await.unwrap(), None, "it is another version");
    let note = CustomField { version: 2, ..note };
    assert_eq!(world.store.purge_custom(two, note.clone(), by()).await.unwrap(), None, "it is not theirs");
    assert_eq!(world.store.purge_custom(one, note.clone(), by()).await.unwrap(), Some(2));
    // The keys are looked at, not only what is shown of them.
    for id in [id, gone, empty] {
        assert_eq!(value(&world, id, "custom.note").await, Value::Null);
    }
    assert_eq!(value(&world, id, "custom.count").await, Value::Integer(3));
    assert_eq!(value(&other, foreign, "custom.note").await, Value::Integer(7));
    let left = world.store.customs_of(one, &TITLE.parse().unwrap()).await.unwrap();
    assert_eq!((left.len(), left[0].place), (1, 1), "places close up");
    let again = add(&world, one, field(TITLE, "note", CustomKind::Date)).await;
    assert_eq!((again.since, again.place), (9, 2), "what was said before then was said of another");
}

async fn a_collection_that_is_purged_takes_its_fields_along(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let organization = world.access.organization();
    let _ = add(&world, organization, field(TITLE, "note", CustomKind::Text)).await;
    let known = world.store.customs_version().await.unwrap();
    let purged = world.store.purge("shop.orders".parse().unwrap(), by()).await.unwrap();
    assert_eq!(purged, Purged::Done(0));
    let changed = world.store.customs_since(known).await.unwrap();
    assert!(changed.organizations[&organization].is_empty());
    assert_eq!(world.store.customs_since(changed.version).await.unwrap().organizations.len(), 0);
}

async fn who_changes_a_field_that_was_changed_meanwhile_is_told(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let organization = world.access.organization();
    let note = add(&world, organization, field(TITLE, "note", CustomKind::Text)).await;
    let twin = world.store.add_custom(organization, field(TITLE, "note", CustomKind::Date), 50, by()).await.unwrap();
    assert_eq!(twin, Acted::NameTaken);
    let more = world.store.add_custom(organization, field(TITLE, "more", CustomKind::Date), 1, by()).await.unwrap();
    assert_eq!(more, Acted::Full);
    let change = |title: &str| CustomField { title: title.to_owned(), ..note.clone() };
    let (left, right) = tokio::join!(
        world.store.change_custom(organization, change("Left"), "field.changed", by()),
        world.store.change_custom(organization, change("Right"), "field.changed", by()),
    );
    let mut ends = [left.unwrap(), right.unwrap()];
    ends.sort_by_key(|end| *end != Acted::Done);
    assert_eq!(ends, [Acted::Done, Acted::Changed], "one of two at once");
    let stands = world.store.customs_of(organization, &TITLE.parse().unwrap()).await.unwrap();
    assert_eq!(stands[0].version, 2);
}
