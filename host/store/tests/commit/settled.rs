//! What the commit itself gives and watches: numbers, totals, versions of wholes, circles.

use crate::common::{Fixture, World, fields, text};
use crate::{count, row, version};
use lignaflow_core::commit::{Committed, Refusal};
use lignaflow_core::{Currency, Id, Money, Value};
use lignaflow_store::Statement;
use std::collections::BTreeSet;
use tokio::task::JoinSet;

const SALES: &str = r#"
id = "sales"
version = "0.1.0"
title = "Sales"
api = "0.1"

[[collections]]
name = "orders"
title = { one = "Order", many = "Orders" }
display = "title"
unique = [["code"]]
[collections.fields]
title = { type = "text", required = true }
number = { type = "text", sequence = { format = "O{n}" } }
code = { type = "integer" }
state = { type = "choice", of = ["open", "closed"], default = "open" }
total = { type = "money", derived = "sum(sections.total)" }
[[collections.transitions]]
name = "close"
field = "state"
from = ["open"]
to = "closed"
locks = true

[[collections]]
name = "sections"
title = { one = "Section", many = "Sections" }
display = "title"
part_of = "order"
[collections.fields]
title = { type = "text", required = true }
order = { type = "reference", to = "orders", required = true }
total = { type = "money", derived = "sum(lines.amount)" }

[[collections]]
name = "lines"
title = { one = "Line", many = "Lines" }
display = "title"
part_of = "section"
[collections.fields]
title = { type = "text", required = true }
section = { type = "reference", to = "sections", required = true }
amount = { type = "money" }

[[collections]]
name = "groups"
title = { one = "Group", many = "Groups" }
display = "name"
[collections.fields]
name = { type = "text", required = true }
parent = { type = "reference", to = "groups", acyclic = true }
"#;

crate::on_both!(
    numbers_have_no_gaps_whatever_becomes_of_the_commits_that_ask,
    several_numbers_of_one_commit_follow_each_other,
    sums_of_sums_are_right_in_one_commit,
    a_sum_beyond_what_can_be_held_is_refused,
    a_whole_that_locked_meanwhile_is_planned_anew,
    a_whole_that_moved_meanwhile_is_planned_anew,
    a_circle_within_one_commit_is_found,
    a_long_chain_is_no_circle,
);

fn money(minor: i64) -> Value {
    Value::Money(Money { minor, currency: Currency::AUD })
}

async fn order(world: &World, title: &str) -> Id {
    world.insert("sales/orders", [("title", text(title)), ("state", text("open"))]).await
}

/// Every second commit is refused after it took its number, by a unique rule.
async fn numbers_have_no_gaps_whatever_becomes_of_the_commits_that_ask(fixture: Fixture) {
    let world = fixture.world(&[SALES]).await;
    let schema = world.schema("sales/orders");
    world.insert("sales/orders", [("title", text("Taken")), ("code", Value::Integer(0))]).await;
    let mut writers = JoinSet::new();
    for writer in 0..16_i64 {
        let (store, schema, draft) = (world.store.clone(), schema.clone(), world.draft());
        writers.spawn(async move {
            let mut kept = 0;
            for round in 0..6_i64 {
                let code = if (writer + round) % 2 == 0 { 0 } else { 1 + writer * 10 + round };
                let values = fields([("title", text("Order")), ("code", Value::Integer(code))]);
                let draft = draft.clone().insert(&schema, Id::fresh(), values).numbered("number");
                match store.commit(draft.0).await {
                    Ok(committed) => {
                        assert!(committed.settled[0].fields["number"].as_text().is_some());
                        kept += 1;
                    }
                    Err(refusal) => assert_eq!(refusal, Refusal::Duplicate { index: 0, rule: 0 }),
                }
            }
            kept
        });
    }
    let kept: usize = writers.join_all().await.into_iter().sum();
    let sql = "select number from sales__orders where number is not null";
    let rows = world.store.database().fetch_all(Statement::new(sql, Vec::new())).await.unwrap();
    let given: BTreeSet<usize> = rows.iter().map(|row| row.text(0).unwrap()[1..].parse().unwrap()).collect();
    assert_eq!((rows.len(), given), (kept, (1..=kept).collect()));
}

async fn several_numbers_of_one_commit_follow_each_other(fixture: Fixture) {
    let world = fixture.world(&[SALES]).await;
    let schema = world.schema("sales/orders");
    let ids: Vec<Id> = (0..12).map(|_| Id::fresh()).collect();
    let draft = ids.iter().fold(world.draft(), |draft, id| {
        draft.insert(&schema, *id, fields([("title", text("Order"))])).numbered("number")
    });
    let committed = world.commit(draft).await.unwrap();
    for (place, (id, settled)) in (1..).zip(ids.iter().zip(&committed.settled)) {
        assert_eq!((settled.id, &settled.fields["number"]), (*id, &text(&format!("O{place}"))));
        assert_eq!(row(&world, "sales/orders", "number", *id).await.unwrap().text(0).unwrap(), format!("O{place}"));
    }
}

async fn sums_of_sums_are_right_in_one_commit(fixture: Fixture) {
    let world = fixture.world(&[SALES]).await;
    let [orders, sections, lines] = ["sales/orders", "sales/sections", "sales/lines"].map(|name| world.schema(name));
    let (order, one, other) = (Id::fresh(), Id::fresh(), Id::fresh());
    let line =
        |section| fields([("title", text("Line")), ("section", Value::Reference(section)), ("amount", money(7))]);
    let section = || fields([("title", text("Section")), ("order", Value::Reference(order))]);
    let draft = world
        .draft()
        .insert(&orders, order, fields([("title", text("Order")), ("state", text("open"))]))
        .insert(&sections, one, section())
        .insert(&sections, other, section())
        .insert(&lines, Id::fresh(), line(one))
        .insert(&lines, Id::fresh(), line(one))
        .insert(&lines, Id::fresh(), line(other));
    world.commit(draft).await.unwrap();
    let total =
        async |collection: &str, id| row(&world, collection, "total__minor", id).await.unwrap().opt_i64(0).unwrap();
    assert_eq!((total("sales/orders", order).await, total("sales/sections", one).await), (Some(21), Some(14)));
    assert_eq!(version(&world, "sales/orders", order).await, Some(1), "what is made with its parts is made once");

    let draft = world.draft().insert(&lines, Id::fresh(), line(other));
    let draft = draft.touch(&sections, other, Some(order)).touch(&orders, order, None);
    let Committed { settled, .. } = world.commit(draft).await.unwrap();
    let told: Vec<_> = settled.iter().map(|it| (it.id, it.version, it.fields["total"].clone())).collect();
    assert_eq!(told, [(other, 2, money(14)), (order, 2, money(28))], "parts before what they are parts of");
    assert_eq!(count(&world, "changes").await, 6 + 3, "each is in the log");
}

async fn a_sum_beyond_what_can_be_held_is_refused(fixture: Fixture) {
    let world = fixture.world(&[SALES]).await;
    let [orders, sections, lines] = ["sales/orders", "sales/sections", "sales/lines"].map(|name| world.schema(name));
    let order = order(&world, "Order").await;
    let section = world.insert("sales/sections", [("title", text("One")), ("order", Value::Reference(order))]).await;
    let most = |minor| {
        let values = [("title", text("Line")), ("section", Value::Reference(section)), ("amount", money(minor))];
        let draft = world.draft().insert(&lines, Id::fresh(), fields(values));
        world.commit(draft.touch(&sections, section, Some(order)).touch(&orders, order, None))
    };
    most(i64::MAX).await.unwrap();
    let refused = most(1).await.unwrap_err();
    assert!(matches!(&refused, Refusal::Calculation { index: 0, field, .. } if field == "total"), "{refused:?}");
    assert_eq!(count(&world, "sales__lines").await, 1);
    most(-1).await.unwrap();
}

async fn a_whole_that_locked_meanwhile_is_planned_anew(fixture: Fixture) {
    let world = fixture.world(&[SALES]).await;
    let [orders, sections] = ["sales/orders", "sales/sections"].map(|name| world.schema(name));
    let mut kept = 0;
    for _ in 0..20 {
        let order = order(&world, "Order").await;
        let values = fields([("title", text("One")), ("order", Value::Reference(order))]);
        let part = world.draft().insert(&sections, Id::fresh(), values).touch(&orders, order, None);
        let set = |state: &str| fields([("state", text(state))]);
        let close = world.draft().update(&orders, order, 1, set("open"), set("closed"));
        let (one, other) = (world.store.clone(), world.store.clone());
        let part = tokio::spawn(async move { one.commit(part.0).await });
        let close = tokio::spawn(async move { other.commit(close.0).await });
        match (part.await.unwrap(), close.await.unwrap()) {
            // Whoever comes second rests on something that is no more: the state, or the version.
            (Ok(_), Err(Refusal::Changed)) => kept += 1,
            (Err(Refusal::Changed), Ok(_)) => {}
            both => panic!("{both:?}"),
        }
    }
    assert_eq!(count(&world, "sales__sections").await, kept);
}

async fn a_whole_that_moved_meanwhile_is_planned_anew(fixture: Fixture) {
    let world = fixture.world(&[SALES]).await;
    let [orders, sections, lines] = ["sales/orders", "sales/sections", "sales/lines"].map(|name| world.schema(name));
    let (from, to) = (order(&world, "From").await, order(&world, "To").await);
    let section = world.insert("sales/sections", [("title", text("One")), ("order", Value::Reference(to))]).await;
    let values = fields([("title", text("Line")), ("section", Value::Reference(section)), ("amount", money(1))]);
    let line = |order| {
        let draft = world.draft().insert(&lines, Id::fresh(), values.clone());
        world.commit(draft.touch(&sections, section, Some(order)).touch(&orders, order, None))
    };
    assert_eq!(line(from).await, Err(Refusal::Changed));
    line(to).await.unwrap();
    let elsewhere = world.draft().insert(&lines, Id::fresh(), values.clone()).touch(&sections, Id::fresh(), Some(to));
    world.commit(elsewhere).await.unwrap();
}

async fn a_circle_within_one_commit_is_found(fixture: Fixture) {
    let world = fixture.world(&[SALES]).await;
    let schema = world.schema("sales/groups");
    let [a, b, c] = [Id::fresh(), Id::fresh(), Id::fresh()];
    let group = |to| fields([("name", text("Group")), ("parent", Value::Reference(to))]);
    let round = world.draft().insert(&schema, a, group(b)).insert(&schema, b, group(c)).insert(&schema, c, group(a));
    let refused = world.commit(round).await.unwrap_err();
    assert_eq!(refused, Refusal::Circle { index: 0, field: "parent".into(), ids: vec![a, b, c, a] });
    let own = world.commit(world.draft().insert(&schema, a, group(a))).await.unwrap_err();
    assert_eq!(own, Refusal::Circle { index: 0, field: "parent".into(), ids: vec![a, a] });
    assert_eq!(count(&world, "sales__groups").await, 0);
}

async fn a_long_chain_is_no_circle(fixture: Fixture) {
    let world = fixture.world(&[SALES]).await;
    let schema = world.schema("sales/groups");
    let ids: Vec<Id> = (0..1_000).map(|_| Id::fresh()).collect();
    let name = |id: &Id| ("name", text(&id.to_string()));
    let mut draft = world.draft().insert(&schema, ids[0], fields([name(&ids[0])]));
    for pair in ids.windows(2) {
        draft = draft.insert(&schema, pair[1], fields([name(&pair[1]), ("parent", Value::Reference(pair[0]))]));
    }
    world.commit(draft).await.unwrap();
    let set = fields([("parent", Value::Reference(ids[999]))]);
    let draft = world.draft().update(&schema, ids[0], 1, fields([("parent", Value::Null)]), set);
    let refused = world.commit(draft).await.unwrap_err();
    let Refusal::Circle { index: 0, ids: circle, .. } = refused else { panic!("{refused:?}") };
    assert_eq!(circle.len(), 1_001);
}
