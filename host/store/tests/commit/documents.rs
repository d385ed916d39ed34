//! Documents: a file from the commit on, made by one, counted once, and gone with what held it.

use crate::common::{Draft, Fixture, World, catalog, fields, make_organization, make_person, text};
use lignaflow_core::background::NewDocument;
use lignaflow_core::caller::Access;
use lignaflow_core::commit::Refusal;
use lignaflow_core::descriptor::Grants;
use lignaflow_core::media::State as FileState;
use lignaflow_core::name::PluginId;
use lignaflow_core::{Id, OrganizationId, Value};
use lignaflow_store::documents::{self, Again, State, Taken};
use lignaflow_store::media::Doom;
use lignaflow_store::plugins::{By, NewVersion};

crate::on_both!(
    a_document_is_a_file_that_is_made_once_and_counted_once,
    an_id_that_is_a_files_already_is_refused,
    of_several_hosts_one_makes_it_and_the_late_one_changes_nothing,
    what_its_record_let_go_of_is_not_made,
    who_asks_for_many_lets_others_go_before_the_next,
    one_that_failed_is_tried_again_by_itself_or_with_all_of_its_template,
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
"#;

const CASES: &str = "filing/cases";
const QUOTA: u64 = 10_000;
const LATER: i64 = 5_000_000;

/// A world in which the plugin is on everywhere.
async fn filing(fixture: &Fixture) -> World {
    let world = fixture.world(&[FILING]).await;
    let version = NewVersion {
        is_consented: true,
        plugin: "filing".parse().unwrap(),
        version: "0.1.0".to_owned(),
        title: "Filing".to_owned(),
        hash: [1; 32],
        descriptor: FILING.to_owned(),
        bytes: vec![1],
        granted: Grants::default(),
        enabled_by_default: true,
        brought: false,
    };
    world.store.install_plugin(version, By { person: None, address: String::new(), token: None, at: 0 }).await.unwrap();
    world
}

fn asking(world: &World, record: Id, file: Id) -> Draft {
    let schema = world.schema(CASES);
    let values = fields([("title", text("Oak")), ("plan", Value::Reference(file))]);
    let mut draft = world.draft().insert(&schema, record, values);
    draft.0.background.documents.push(NewDocument {
        id: file,
        plugin: "filing".parse().unwrap(),
        template: "cover".to_owned(),
        name: "Oak.pdf".to_owned(),
        data: "{}".to_owned(),
        date: 20_000,
    });
    draft
}

async fn ask(world: &World) -> (Id, Id) {
    let (record, file) = (Id::fresh(), Id::fresh());
    world.commit(asking(world, record, file)).await.unwrap();
    (record, file)
}

async fn claim(world: &World, now: i64) -> Option<(documents::Document, Id)> {
    let holder = Id::fresh();
    let claimed = world.store.claim_document(holder, now, now + 1_000, None).await.unwrap();
    claimed.map(|document| (document, holder))
}

async fn a_document_is_a_file_that_is_made_once_and_counted_once(fixture: Fixture) {
    let world = filing(&fixture).await;
    let (record, file) = ask(&world).await;
    let known = world.store.media(world.access, &[file]).await.unwrap().remove(0);
    assert!(known.pending && known.state == FileState::Attached && known.place.unwrap().record == record);
    assert_eq!(world.store.media_used(world.access.organization()).await.unwrap(), (0, 1));
    let (document, holder) = claim(&world, LATER).await.unwrap();
    assert_eq!((document.id, document.template.as_str(), document.date), (file, "cover", 20_000));
    assert!(claim(&world, LATER).await.is_none(), "one has it");
    // A host that died after it had taken room, and the next try, which comes to other bytes.
    for size in [700, 900] {
        let taken = world.store.document_made(&document, holder, (size, [7; 32]), QUOTA).await.unwrap();
        assert_eq!(taken, Taken::Made);
        assert_eq!(world.store.media_used(world.access.organization()).await.unwrap(), (size, 1));
    }
    assert!(world.store.document_arrived(&document, holder, LATER).await.unwrap());
    let known = world.store.media(world.access, &[file]).await.unwrap().remove(0);
    assert_eq!((known.pending, known.size, known.sha256), (false, 900, [7; 32]));
    assert!(!world.store.document_arrived(&document, holder, LATER).await.unwrap());
    let full = ask(&world).await;
    let (document, holder) = claim(&world, LATER).await.unwrap();
    assert_eq!(document.id, full.1);
    let taken = world.store.document_made(&document, holder, (QUOTA, [8; 32]), QUOTA).await.unwrap();
    assert_eq!(taken, Taken::Full { used: 900 });
}

async fn who_asks_for_many_lets_others_go_before_the_next(fixture: Fixture) {
    let world = filing(&fixture).await;
    let organization = make_organization(&world.store, "Two").await;
    let person = make_person(&world.store, organization, "two@example.com").await;
    let access = Access::of_plugin(organization);
    let two = World { access, store: fixture.open().await, catalog: catalog(&[FILING]), person };
    for _ in 0..3 {
        ask(&world).await;
    }
    let next = async |last: Option<&(OrganizationId, PluginId)>| {
        let claimed = world.store.claim_document(Id::fresh(), LATER, LATER + 1_000, last).await.unwrap().unwrap();
        (claimed.organization, claimed.plugin)
    };
    let mut last = next(None).await;
    ask(&two).await;
    let mut made = Vec::new();
    for _ in 0..3 {
        last = next(Some(&last)).await;
        made.push(last.0);
    }
    let one = world.access.organization();
    assert_eq!(made, [organization, one, one]);
}

async fn an_id_that_is_a_files_already_is_refused(fixture: Fixture) {
    let world = filing(&fixture).await;
    let (_, file) = ask(&world).await;
    let refused = world.commit(asking(&world, Id::fresh(), file)).await;
    assert_eq!(refused, Err(Refusal::Dangling { index: 0, field: "plan".into(), id: file }));
    assert_eq!(world.store.media_used(world.access.organization()).await.unwrap(), (0, 1));
}

async fn of_several_hosts_one_makes_it_and_the_late_one_changes_nothing(fixture: Fixture) {
    let world = filing(&fixture).await;
    let (_, file) = ask(&world).await;
    let (slow, late) = claim(&world, LATER).await.unwrap();
    let (document, holder) = claim(&world, LATER + 2_000).await.unwrap();
    assert_eq!((document.id, document.attempts), (file, 2));
    let taken = world.store.document_made(&slow, late, (700, [7; 32]), QUOTA).await.unwrap();
    assert_eq!(taken, Taken::Overtaken);
    let made = world.store.document_made(&document, holder, (700, [7; 32]), QUOTA).await.unwrap();
    assert_eq!(made, Taken::Made);
    assert!(!world.store.document_arrived(&slow, late, LATER).await.unwrap());
    assert!(world.store.document_arrived(&document, holder, LATER).await.unwrap());
    assert!(claim(&world, LATER * 2).await.is_none());
}

async fn what_its_record_let_go_of_is_not_made(fixture: Fixture) {
    let world = filing(&fixture).await;
    let schema = world.schema(CASES);
    let (record, file) = ask(&world).await;
    let before = fields([("plan", Value::Reference(file))]);
    world.commit(world.draft().update(&schema, record, 1, before, fields([("plan", Value::Null)]))).await.unwrap();
    let organization = world.access.organization();
    let doom = Doom { at: LATER, until: LATER, begun: 0 };
    assert_eq!(world.store.unheld_media(doom, 10).await.unwrap(), [(organization, file)]);
    let doomed = world.store.doom_media(organization, file, doom).await.unwrap().unwrap();
    world.store.media_removed(doomed).await.unwrap();
    assert_eq!(world.store.media_used(organization).await.unwrap(), (0, 0));
    let (document, holder) = claim(&world, LATER).await.unwrap();
    assert_eq!(world.store.document_made(&document, holder, (700, [7; 32]), QUOTA).await.unwrap(), Taken::Gone);
    assert!(documents::one(world.store.database(), organization, file).await.unwrap().is_none());
}

async fn one_that_failed_is_tried_again_by_itself_or_with_all_of_its_template(fixture: Fixture) {
    let world = filing(&fixture).await;
    let organization = world.access.organization();
    let (_, first) = ask(&world).await;
    let (_, second) = ask(&world).await;
    for _ in 0..2 {
        let (document, holder) = claim(&world, LATER).await.unwrap();
        world
            .store
            .database()
            .write(move |tx| Box::pin(async move { documents::give_up(tx, &document, holder, "line 3", LATER).await }))
            .await
            .unwrap();
    }
    let failed = documents::of(world.store.database(), organization, Some(State::Failed), None, 10).await.unwrap();
    assert_eq!(failed.iter().map(|it| it.error.as_deref()).collect::<Vec<_>>(), [Some("line 3"), Some("line 3")]);
    assert!(claim(&world, LATER).await.is_none());
    let again = async |which: Again| {
        let retried = world
            .store
            .database()
            .write(move |tx| Box::pin(async move { documents::retry(tx, organization, &which, LATER).await }));
        retried.await.unwrap()
    };
    assert_eq!(again(Again::One(first)).await, 1);
    assert_eq!(again(Again::Of("filing".parse().unwrap(), "cover".to_owned())).await, 1);
    assert_eq!(again(Again::One(second)).await, 0, "it waits already");
    assert!(claim(&world, LATER).await.is_some() && claim(&world, LATER).await.is_some());
}
