//! Files: room is taken once, one field holds each, and what is removed and what is held never cross.

use crate::common::{Fixture, World, fields, make_organization, make_person, text};
use lignaflow_core::caller::Access;
use lignaflow_core::commit::Refusal;
use lignaflow_core::media::{Media, State};
use lignaflow_core::{Id, PersonId, Value};
use lignaflow_store::Store;
use lignaflow_store::media::{Doom, Reserved};
use tokio::task::JoinSet;

crate::on_both!(
    a_file_is_held_let_go_and_held_again,
    what_is_not_ones_own_to_hold_is_refused,
    of_many_that_reach_for_one_file_one_holds_it,
    of_many_uploads_no_more_fit_than_the_quota_has_room_for,
    a_file_is_never_removed_and_held_at_once,
    bytes_do_not_arrive_while_the_same_are_going,
);

const FILING: &str = r#"
id = "filing"
version = "0.1.0"
title = "Filing"
api = "0.1"

[[collections]]
name = "cases"
title = { one = "Case", many = "Cases" }
display = "title"
[collections.fields]
title = { type = "text", required = true }
plan = { type = "media" }
photos = { type = "files" }
"#;

const CASES: &str = "filing/cases";
const QUOTA: u64 = 10_000;

fn file(person: PersonId, content: u8, size: u64) -> Media {
    Media {
        id: Id::fresh(),
        name: format!("{content}.txt"),
        content_type: "text/plain".to_owned(),
        size,
        sha256: [content; 32],
        dimensions: None,
        created_by: Some(person),
        created_at: 0,
        state: State::Waiting,
        place: None,
        pending: false,
    }
}

async fn bring(store: &Store, access: Access<'_>, media: &Media) -> Id {
    assert_eq!(store.reserve_media(access, media, QUOTA).await.unwrap(), Reserved::Made);
    assert!(store.media_arrived(access, media.id).await.unwrap());
    media.id
}

async fn one(world: &World, content: u8) -> Id {
    bring(&world.store, world.access, &file(world.person, content, 1)).await
}

async fn known(world: &World, id: Id) -> Media {
    world.store.media(world.access, &[id]).await.unwrap().remove(0)
}

fn photos(ids: &[Id]) -> Value {
    Value::References(ids.to_vec())
}

/// Everything that no record holds goes, now.
fn now() -> Doom {
    Doom { at: 2_000_000, until: 2_000_000, begun: 0 }
}

async fn a_file_is_held_let_go_and_held_again(fixture: Fixture) {
    let world = fixture.world(&[FILING]).await;
    let schema = world.schema(CASES);
    let (a, b) = (one(&world, 1).await, one(&world, 2).await);
    let case =
        world.insert(CASES, [("title", text("Oak")), ("photos", photos(&[a])), ("plan", Value::Reference(b))]).await;
    let held = known(&world, a).await;
    assert_eq!(
        (held.state, held.place.map(|place| (place.record, place.field))),
        (State::Attached, Some((case, "photos".into())))
    );
    // From one field to another, in one commit.
    let before = fields([("photos", photos(&[a])), ("plan", Value::Reference(b))]);
    let set = fields([("photos", photos(&[b])), ("plan", Value::Reference(a))]);
    world.commit(world.draft().update(&schema, case, 1, before, set)).await.unwrap();
    assert_eq!(known(&world, a).await.place.unwrap().field, "plan");
    let before = fields([("photos", photos(&[b]))]);
    world.commit(world.draft().update(&schema, case, 2, before, fields([("photos", photos(&[]))]))).await.unwrap();
    assert_eq!(known(&world, b).await.state, State::Waiting);
    assert_eq!(world.store.media_of(world.access, &schema.name, case).await.unwrap().len(), 1);
    // An archived record keeps what it holds.
    world.commit(world.draft().archive(&schema, case, 3)).await.unwrap();
    assert_eq!(known(&world, a).await.state, State::Attached);
    assert_eq!(world.store.unheld_media(now(), 10).await.unwrap(), [(world.access.organization(), b)]);
}

async fn what_is_not_ones_own_to_hold_is_refused(fixture: Fixture) {
    let world = fixture.world(&[FILING]).await;
    let schema = world.schema(CASES);
    let other = Access::of_plugin(make_organization(&world.store, "Two").await);
    let stranger = make_person(&world.store, other.organization(), "two@example.com").await;
    let theirs = bring(&world.store, other, &file(stranger, 1, 1)).await;
    let colleague = make_person(&world.store, world.access.organization(), "three@example.com").await;
    let colleagues = bring(&world.store, world.access, &file(colleague, 2, 1)).await;
    let arriving = file(world.person, 3, 1);
    world.store.reserve_media(world.access, &arriving, QUOTA).await.unwrap();
    let held = one(&world, 4).await;
    world.insert(CASES, [("title", text("Oak")), ("photos", photos(&[held]))]).await;
    let mine = one(&world, 5).await;
    for id in [theirs, colleagues, arriving.id, held, Id::fresh()] {
        let values = fields([("title", text("Ash")), ("photos", photos(&[mine, id]))]);
        let refused = world.commit(world.draft().insert(&schema, Id::fresh(), values)).await;
        assert_eq!(refused, Err(Refusal::Dangling { index: 0, field: "photos".into(), id }));
    }
    assert_eq!(known(&world, mine).await.state, State::Waiting, "nothing of a refused commit is kept");
    assert!(world.store.media(world.access, &[theirs]).await.unwrap().is_empty());
}

async fn of_many_that_reach_for_one_file_one_holds_it(fixture: Fixture) {
    let world = fixture.world(&[FILING]).await;
    let schema = world.schema(CASES);
    for round in 0..20 {
        let id = one(&world, round).await;
        let mut racers = JoinSet::new();
        for _ in 0..4 {
            let values = fields([("title", text("Oak")), ("photos", photos(&[id]))]);
            let (store, draft) = (world.store.clone(), world.draft().insert(&schema, Id::fresh(), values));
            racers.spawn(async move { store.commit(draft.0).await });
        }
        let outcomes = racers.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    }
}

async fn of_many_uploads_no_more_fit_than_the_quota_has_room_for(fixture: Fixture) {
    let world = fixture.world(&[FILING]).await;
    let mut uploads = JoinSet::new();
    for content in 0..16 {
        let (store, access, media) = (world.store.clone(), world.access, file(world.person, content, 1_500));
        uploads.spawn(async move { store.reserve_media(access, &media, QUOTA).await.unwrap() });
    }
    let outcomes = uploads.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Reserved::Made).count(), 6, "{outcomes:?}");
    assert_eq!(world.store.media_used(world.access.organization()).await.unwrap(), (9_000, 6));
    let large = world.store.reserve_media(world.access, &file(world.person, 99, QUOTA + 1), QUOTA).await.unwrap();
    assert_eq!(large, Reserved::Full { used: 9_000 });
}

async fn a_file_is_never_removed_and_held_at_once(fixture: Fixture) {
    let world = fixture.world(&[FILING]).await;
    let schema = world.schema(CASES);
    let organization = world.access.organization();
    for round in 0..30 {
        let id = one(&world, round).await;
        let values = fields([("title", text("Oak")), ("photos", photos(&[id]))]);
        let (store, draft) = (world.store.clone(), world.draft().insert(&schema, Id::fresh(), values));
        let holds = tokio::spawn(async move { store.commit(draft.0).await });
        let doomed = world.store.doom_media(organization, id, now()).await.unwrap();
        let held = holds.await.unwrap();
        assert_ne!(doomed.is_some(), held.is_ok(), "{doomed:?} {held:?}");
    }
}

async fn bytes_do_not_arrive_while_the_same_are_going(fixture: Fixture) {
    let world = fixture.world(&[FILING]).await;
    let organization = world.access.organization();
    let (gone, kept) = (one(&world, 1).await, one(&world, 1).await);
    world.insert(CASES, [("title", text("Oak")), ("photos", photos(&[kept]))]).await;
    let doomed = world.store.doom_media(organization, gone, now()).await.unwrap().unwrap();
    assert!(!doomed.last, "another file has these bytes");
    assert_eq!(world.store.doom_media(organization, gone, now()).await.unwrap(), None, "one host removes it");
    let again = file(world.person, 1, 1);
    assert_eq!(world.store.reserve_media(world.access, &again, QUOTA).await.unwrap(), Reserved::Going);
    world.store.media_removed(doomed).await.unwrap();
    assert!(world.store.media(world.access, &[gone]).await.unwrap().is_empty(), "nothing ever held it");
    bring(&world.store, world.access, &again).await;
    // A host that ended in the middle of a removal is followed by another.
    let doomed = world.store.doom_media(organization, again.id, now()).await.unwrap();
    let later = Doom { at: 9_000_000, until: 9_000_000, begun: 3_000_000 };
    assert_eq!(world.store.doom_media(organization, again.id, later).await.unwrap(), doomed);
    assert_eq!(world.store.media_used(organization).await.unwrap(), (1, 1), "and its room is given back once");
}
