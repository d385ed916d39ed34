//! One commit at a time: all or nothing, with what it rests on checked inside the transaction.

use crate::common::{self, Fixture, fields, make_organization, make_person, text};
use crate::{SHOP, count, row, version};
use lignaflow_core::caller::Access;
use lignaflow_core::catalog::{SchemaField, SystemField};
use lignaflow_core::commit::Refusal;
use lignaflow_core::{Currency, Id, Money, Value};
use lignaflow_store::{Statement, StoreError, layout};
use std::collections::HashSet;

crate::on_both!(
    an_insert_reads_back_in_every_type,
    a_commit_is_kept_whole_or_not_at_all,
    a_stale_version_changes_nothing,
    what_was_read_must_still_stand,
    an_id_is_taken_once_for_each_organization,
    a_unique_rule_holds_among_the_living,
    of_many_rows_the_one_that_breaks_a_rule_is_named,
    a_reference_must_lead_somewhere,
    members_that_were_there_may_have_left,
    nobody_refers_to_another_organization,
    what_is_referred_to_stays,
    what_may_be_cleared_is,
    a_record_goes_together_with_those_that_refer_to_it,
    a_record_comes_back_only_where_its_references_stand,
    one_record_may_change_twice_in_a_commit,
    many_records_change_at_once,
);

async fn an_insert_reads_back_in_every_type(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let customer = world.insert("shop/customers", [("name", text("Ärger & Söhne"))]).await;
    let other = world.insert("shop/orders", [("title", text("Earlier"))]).await;
    let schema = world.schema("shop/orders");
    let id = Id::fresh();
    let values = fields([
        ("title", text("Ein Tisch")),
        ("customer", Value::Reference(customer)),
        ("seller", Value::Reference(world.person.0)),
        ("watchers", Value::References(vec![world.person.0])),
        ("related", Value::References(vec![other])),
        ("previous", Value::Null),
        ("amount", Value::Money(Money { minor: -12_550, currency: Currency::AUD })),
        ("weight", Value::Decimal("12.500".parse().unwrap())),
        ("paid", Value::Boolean(true)),
        ("day", Value::Date(-1)),
        ("placed", Value::Instant(-5)),
        ("hours", Value::Integer(3600)),
        ("state", text("open")),
        ("rebate", Value::Integer(1250)),
        ("extra", Value::Json(serde_json::json!({ "a": [1, null] }))),
    ]);
    let committed = world.commit(world.draft().at(77).insert(&schema, id, values.clone())).await.unwrap();
    assert_eq!(committed.versions, [1]);
    let own = SystemField::ALL.into_iter().map(|field| layout::system_column(field).to_owned());
    let fields_of = |field: &SchemaField| layout::read_columns(field.name.as_str(), field.field.kind);
    let columns: Vec<_> =
        own.chain(schema.fields.iter().flat_map(fields_of)).map(|name| format!("\"{name}\"")).collect();
    let found = row(&world, "shop/orders", &columns.join(", "), id).await.unwrap();
    let record = layout::decode_record(&found, 0, &schema).unwrap();
    assert_eq!(record.fields(&schema), values);
    assert_eq!((record.id, record.version, record.created_at, record.updated_at), (id, 1, 77, 77));
    assert_eq!((record.created_by, record.archived_at), (Some(world.person), None));
    let folded = row(&world, "shop/customers", "name__fold", customer).await.unwrap();
    assert_eq!(folded.text(0).unwrap(), "arger & sohne");
    assert_eq!(count(&world, "shop__orders__watchers").await, 1);
}

async fn a_commit_is_kept_whole_or_not_at_all(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let customers = world.schema("shop/customers");
    let orders = world.schema("shop/orders");
    let [first, second] = [Id::fresh(), Id::fresh()];
    let draft = world
        .draft()
        .insert(&customers, first, fields([("name", text("Oak"))]))
        .insert(&orders, second, fields([("title", text("Table")), ("related", Value::References(vec![second]))]))
        .update(&customers, Id::fresh(), 3, fields([]), fields([("name", text("Nobody"))]));
    assert_eq!(world.commit(draft).await, Err(Refusal::Changed));
    for table in ["shop__customers", "shop__orders", "shop__orders__related", "changes"] {
        assert_eq!(count(&world, table).await, 0, "{table}");
    }
}

async fn a_stale_version_changes_nothing(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let schema = world.schema("shop/customers");
    let id = world.insert("shop/customers", [("name", text("Oak"))]).await;
    let rename = |expected, name: &str| {
        world.draft().update(&schema, id, expected, fields([("name", text("?"))]), fields([("name", text(name))]))
    };
    assert_eq!(world.commit(rename(1, "Ash")).await.unwrap().versions, [2]);
    assert_eq!(world.commit(rename(1, "Elm")).await, Err(Refusal::Changed));
    assert_eq!(world.commit(world.draft().archive(&schema, id, 1)).await, Err(Refusal::Changed));
    assert_eq!(row(&world, "shop/customers", "name", id).await.unwrap().text(0).unwrap(), "Ash");
    assert_eq!(version(&world, "shop/customers", id).await, Some(2));
}

async fn what_was_read_must_still_stand(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let schema = world.schema("shop/customers");
    let read = world.insert("shop/customers", [("name", text("Oak"))]).await;
    let archived = world.insert("shop/customers", [("name", text("Ash"))]).await;
    world.commit(world.draft().archive(&schema, archived, 1)).await.unwrap();
    let with = |id, version| {
        let name = fields([("name", text(&Id::fresh().to_string()))]);
        world.commit(world.draft().read(&schema, id, version).insert(&schema, Id::fresh(), name))
    };
    assert!(with(read, Some(1)).await.is_ok());
    assert!(with(archived, None).await.is_ok());
    assert!(with(Id::fresh(), None).await.is_ok());
    assert_eq!(with(read, Some(2)).await, Err(Refusal::Changed));
    assert_eq!(with(read, None).await, Err(Refusal::Changed));
    assert_eq!(with(archived, Some(2)).await, Err(Refusal::Changed));
    assert_eq!(with(Id::fresh(), Some(1)).await, Err(Refusal::Changed));
}

async fn an_id_is_taken_once_for_each_organization(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let schema = world.schema("shop/customers");
    let id = world.insert("shop/customers", [("name", text("Oak"))]).await;
    let again = world.draft().insert(&schema, Id::fresh(), fields([("name", text("Ash"))])).insert(
        &schema,
        id,
        fields([("name", text("Elm"))]),
    );
    assert_eq!(world.commit(again).await, Err(Refusal::IdTaken { index: 1 }));
    let other = make_organization(&world.store, "Two").await;
    let theirs = common::draft(Access::of_plugin(other), lignaflow_core::caller::Principal::Anonymous);
    let theirs = theirs.insert(&schema, id, fields([("name", text("Oak"))]));
    assert!(world.commit(theirs).await.is_ok());
}

async fn a_unique_rule_holds_among_the_living(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let schema = world.schema("shop/customers");
    let id = world.insert("shop/customers", [("name", text("Söhne")), ("number", Value::Integer(1))]).await;
    let insert = |name: &str, number: Value| {
        let values = fields([("name", text(name)), ("number", number)]);
        world.commit(world.draft().insert(&schema, Id::fresh(), values))
    };
    assert_eq!(insert("SOHNE", Value::Null).await, Err(Refusal::Duplicate { index: 0, rule: 0 }));
    assert_eq!(insert("Other", Value::Integer(1)).await, Err(Refusal::Duplicate { index: 0, rule: 1 }));
    assert!(insert("Nothing", Value::Null).await.is_ok());
    assert!(insert("Nothing again", Value::Null).await.is_ok());
    world.commit(world.draft().archive(&schema, id, 1)).await.unwrap();
    assert!(insert("sohne", Value::Integer(1)).await.is_ok());
    let restore = world.draft().restore(&schema, id, 2);
    assert!(matches!(world.commit(restore).await, Err(Refusal::Duplicate { index: 0, .. })));
}

async fn of_many_rows_the_one_that_breaks_a_rule_is_named(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let schema = world.schema("shop/customers");
    let mut draft = world.draft();
    let ids: Vec<_> = (0..20).map(|_| Id::fresh()).collect();
    for (number, id) in ids.iter().enumerate() {
        draft = draft.insert(&schema, *id, fields([("name", text(&format!("Customer {}", number % 17)))]));
    }
    assert_eq!(world.commit(draft).await, Err(Refusal::Duplicate { index: 17, rule: 0 }));
    let mut draft = world.draft();
    for (number, id) in ids.iter().enumerate() {
        draft = draft.insert(&schema, *id, fields([("name", text(&format!("Customer {number}")))]));
    }
    world.commit(draft).await.unwrap();
    let mut draft = world.draft();
    for (number, id) in ids.iter().enumerate() {
        let name = if number == 7 { "Customer 9".to_owned() } else { format!("Renamed {number}") };
        draft = draft.update(&schema, *id, 1, fields([]), fields([("name", text(&name))]));
    }
    assert_eq!(world.commit(draft).await, Err(Refusal::Duplicate { index: 7, rule: 0 }));
}

async fn a_reference_must_lead_somewhere(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let [customers, orders] = [world.schema("shop/customers"), world.schema("shop/orders")];
    let nowhere = Id::fresh();
    let gone = world.insert("shop/customers", [("name", text("Gone"))]).await;
    world.commit(world.draft().archive(&customers, gone, 1)).await.unwrap();
    let order = |pairs: [(&str, Value); 1]| {
        let mut values = fields([("title", text("Table"))]);
        values.extend(fields(pairs));
        world.commit(world.draft().insert(&orders, Id::fresh(), values))
    };
    let dangling = |field: &str, id| Err(Refusal::Dangling { index: 0, field: field.to_owned(), id });
    assert_eq!(order([("customer", Value::Reference(nowhere))]).await, dangling("customer", nowhere));
    assert_eq!(order([("customer", Value::Reference(gone))]).await, dangling("customer", gone));
    assert_eq!(order([("related", Value::References(vec![nowhere]))]).await, dangling("related", nowhere));
    assert_eq!(order([("seller", Value::Reference(nowhere))]).await, dangling("seller", nowhere));
    assert_eq!(
        order([("watchers", Value::References(vec![world.person.0, nowhere]))]).await,
        dangling("watchers", nowhere)
    );
    // What the same commit makes is there, whatever the order.
    let [customer, first] = [Id::fresh(), Id::fresh()];
    let draft = world
        .draft()
        .insert(&orders, first, fields([("title", text("Chair")), ("customer", Value::Reference(customer))]))
        .insert(&customers, customer, fields([("name", text("New"))]));
    world.commit(draft).await.unwrap();
    let set = fields([("customer", Value::Reference(nowhere))]);
    let update = world.draft().update(&orders, first, 1, fields([("customer", Value::Reference(customer))]), set);
    assert_eq!(world.commit(update).await, dangling("customer", nowhere));
}

async fn members_that_were_there_may_have_left(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let orders = world.schema("shop/orders");
    let leaver = make_person(&world.store, world.access.organization(), "leaver@example.com").await;
    let watchers = Value::References(vec![leaver.0]);
    let id = world.insert("shop/orders", [("title", text("Table")), ("watchers", watchers.clone())]).await;
    let sql = "update memberships set active = $1 where person = $2";
    let leave = Statement::new(sql, vec![false.into(), leaver.0.uuid().into()]);
    let done: Result<u64, StoreError> =
        world.store.database().write(move |tx| Box::pin(async move { tx.execute(leave).await })).await;
    assert_eq!(done, Ok(1));
    let set = fields([("watchers", Value::References(vec![leaver.0, world.person.0]))]);
    let draft = world.draft().update(&orders, id, 1, fields([("watchers", watchers)]), set);
    assert!(world.commit(draft).await.is_ok());
    assert_eq!(count(&world, "shop__orders__watchers").await, 2);
    let new = world.draft().insert(
        &orders,
        Id::fresh(),
        fields([("title", text("Chair")), ("seller", Value::Reference(leaver.0))]),
    );
    assert!(matches!(world.commit(new).await, Err(Refusal::Dangling { .. })));
}

async fn nobody_refers_to_another_organization(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let orders = world.schema("shop/orders");
    let customer = world.insert("shop/customers", [("name", text("Oak"))]).await;
    let other = Access::of_plugin(make_organization(&world.store, "Two").await);
    let insert = |field: &str, id: Id| {
        let values = fields([("title", text("Table")), (field, Value::Reference(id))]);
        let draft = common::draft(other, lignaflow_core::caller::Principal::Anonymous);
        world.commit(draft.insert(&orders, Id::fresh(), values))
    };
    assert!(matches!(insert("customer", customer).await, Err(Refusal::Dangling { .. })));
    assert!(matches!(insert("seller", world.person.0).await, Err(Refusal::Dangling { .. })));
    // Nor changes what it cannot name.
    let customers = world.schema("shop/customers");
    let draft = common::draft(other, lignaflow_core::caller::Principal::Anonymous);
    assert_eq!(world.commit(draft.archive(&customers, customer, 1)).await, Err(Refusal::Changed));
}

async fn what_is_referred_to_stays(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let [customers, labels] = [world.schema("shop/customers"), world.schema("shop/labels")];
    let customer = world.insert("shop/customers", [("name", text("Oak"))]).await;
    let label =
        world.insert("shop/labels", [("name", text("Good")), ("customers", Value::References(vec![customer]))]).await;
    let orders = world.schema("shop/orders");
    let mut ids = Vec::new();
    for _ in 0..2 {
        let order = [("title", text("Table")), ("customer", Value::Reference(customer))];
        ids.push(world.insert("shop/orders", order).await);
    }
    let archive = || world.commit(world.draft().archive(&customers, customer, 1));
    let referred = |by: &str, count| Err(Refusal::Referred { index: 0, by: by.parse().unwrap(), count });
    assert_eq!(archive().await, referred("shop/labels", 1));
    world.commit(world.draft().archive(&labels, label, 1)).await.unwrap();
    assert_eq!(archive().await, referred("shop/orders", 2));
    for id in ids {
        world.commit(world.draft().archive(&orders, id, 1)).await.unwrap();
    }
    assert_eq!(archive().await.unwrap().versions, [2]);
}

async fn what_may_be_cleared_is(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let orders = world.schema("shop/orders");
    let [gone, also] = [
        world.insert("shop/orders", [("title", text("Gone"))]).await,
        world.insert("shop/orders", [("title", text("Also"))]).await,
    ];
    let stays = world.insert("shop/orders", [("title", text("Stays"))]).await;
    let pairs = [
        ("title", text("Referrer")),
        ("related", Value::References(vec![gone, stays, also])),
        ("previous", Value::Reference(gone)),
    ];
    let referrer = world.insert("shop/orders", pairs).await;
    let draft = world
        .draft()
        .update(&orders, referrer, 1, fields([("title", text("Referrer"))]), fields([("title", text("Changed"))]))
        .archive(&orders, gone, 1)
        .archive(&orders, also, 1);
    // Its own change, then the list, then the reference.
    assert_eq!(world.commit(draft).await.unwrap().versions, [4, 2, 2]);
    let found = row(&world, "shop/orders", "related, previous, version", referrer).await.unwrap();
    let related = layout::decode(&found, 0, orders.field("related").unwrap()).unwrap();
    assert_eq!(related, Value::References(vec![stays]));
    assert_eq!((found.opt_id(1).unwrap(), found.i64(2).unwrap()), (None, 4));
    assert_eq!(count(&world, "shop__orders__related").await, 1);
    let history = world.store.history(world.access, &orders, referrer, 10).await.unwrap();
    let versions: Vec<_> = history.iter().map(|entry| entry.version).collect();
    assert_eq!(versions, [4, 3, 2, 1]);
}

async fn a_record_goes_together_with_those_that_refer_to_it(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let [customers, orders] = [world.schema("shop/customers"), world.schema("shop/orders")];
    let customer = world.insert("shop/customers", [("name", text("Oak"))]).await;
    let order = world.insert("shop/orders", [("title", text("Table")), ("customer", Value::Reference(customer))]).await;
    let draft = world.draft().archive(&customers, customer, 1).archive(&orders, order, 1);
    assert_eq!(world.commit(draft).await.unwrap().versions, [2, 2]);
    let draft = world.draft().restore(&orders, order, 2).restore(&customers, customer, 2);
    assert_eq!(world.commit(draft).await.unwrap().versions, [3, 3]);
}

async fn a_record_comes_back_only_where_its_references_stand(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let [customers, orders] = [world.schema("shop/customers"), world.schema("shop/orders")];
    let customer = world.insert("shop/customers", [("name", text("Oak"))]).await;
    let order = world.insert("shop/orders", [("title", text("Table")), ("customer", Value::Reference(customer))]).await;
    world.commit(world.draft().archive(&orders, order, 1)).await.unwrap();
    world.commit(world.draft().archive(&customers, customer, 1)).await.unwrap();
    let back = world.commit(world.draft().restore(&orders, order, 2)).await;
    assert_eq!(back, Err(Refusal::Dangling { index: 0, field: "customer".to_owned(), id: customer }));
}

async fn one_record_may_change_twice_in_a_commit(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let schema = world.schema("shop/customers");
    let id = Id::fresh();
    let set = |name: &str| fields([("name", text(name))]);
    let draft = world
        .draft()
        .insert(&schema, id, set("One"))
        .update(&schema, id, 1, set("One"), set("Two"))
        .update(&schema, id, 1, set("Two"), set("Three"))
        .transition("rename");
    assert_eq!(world.commit(draft).await.unwrap().versions, [3, 3, 3]);
    assert_eq!(row(&world, "shop/customers", "name", id).await.unwrap().text(0).unwrap(), "Three");
    let history = world.store.history(world.access, &schema, id, 2).await.unwrap();
    assert_eq!(history[0].transition.as_deref(), Some("rename"));
    assert_eq!((history[0].version, history[1].version), (3, 2));
    assert_eq!(history[0].before["name"], "Two");
    assert_eq!(history[0].after["name"], "Three");
}

async fn many_records_change_at_once(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let orders = world.schema("shop/orders");
    let ids: Vec<Id> = (0..500).map(|_| Id::fresh()).collect();
    let mut draft = world.draft();
    for (number, id) in (0_i64..).zip(&ids) {
        let related = if number == 0 { Vec::new() } else { vec![ids[0], *id] };
        let values = fields([
            ("title", text(&format!("Order {number}"))),
            ("hours", Value::Integer(number)),
            ("related", Value::References(related)),
        ]);
        draft = draft.insert(&orders, *id, values);
    }
    assert_eq!(world.commit(draft).await.unwrap().versions, vec![1; 500]);
    assert_eq!(count(&world, "shop__orders__related").await, 998);
    let mut draft = world.draft();
    for (number, id) in (0_i64..).zip(&ids) {
        let set = fields([
            ("hours", Value::Integer(number * 2)),
            ("paid", if number % 2 == 0 { Value::Boolean(true) } else { Value::Null }),
            ("related", Value::References(vec![*id])),
        ]);
        draft = draft.update(&orders, *id, 1, fields([]), set);
    }
    assert_eq!(world.commit(draft.clone()).await.unwrap().versions, vec![2; 500]);
    assert_eq!(world.commit(draft).await, Err(Refusal::Changed));
    assert_eq!(count(&world, "shop__orders__related").await, 500);
    let mut seen = HashSet::new();
    for id in &ids {
        seen.insert(row(&world, "shop/orders", "hours", *id).await.unwrap().i64(0).unwrap());
    }
    assert_eq!(seen.len(), 500);
    assert_eq!(count(&world, "changes").await, 1000);
}
