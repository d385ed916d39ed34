//! The same done to many records of a list at once, from its page: all of it, or nothing.

use crate::scene::{Scene, TASKS, opened};
use lignaflow_testkit::{Database, PASSWORD, Role, on_both};
use serde_json::json;

on_both!(what_is_ticked_is_done_to_all_of_them_or_to_none, nobody_does_more_to_many_than_to_one);

async fn what_is_ticked_is_done_to_all_of_them_or_to_none(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let (cut, glue) = (scene.task("Cut", json!({})).await, scene.task("Glue", json!({})).await);
    let path = format!("/{TASKS}/-/bulk");
    let list = format!("/{TASKS}?sort=title");
    let page = visitor.get(&list).await.is(200);
    page.shows(&format!("name=\"id\" value=\"{cut}\"")).shows("With those that are ticked").shows("Priority: High");
    let both =
        |deed: &'static str| [("do", deed), ("id", cut.as_str()), ("id", glue.as_str()), ("back", list.as_str())];
    let done = visitor.post(&path, &both("set:priority=high")).await.is(303);
    assert_eq!(done.to(), list);
    visitor.follow(&done).await.is(200).shows("Priority: High: 2 tasks.");
    let _ = visitor.post(&path, &both("to:start")).await.is(303);
    let tasks = scene.org.get(&format!("{TASKS}?sort=title")).await.is(200);
    assert_eq!(
        (tasks.column("status"), tasks.column("priority")),
        (vec!["in-progress".to_owned(); 2], vec!["high".to_owned(); 2])
    );

    // One of them is done already: then nothing is done to the other either, and why is told.
    let _ = scene.org.act(&format!("{TASKS}/{cut}/finish")).await.is(200);
    let refused = visitor.post(&path, &both("to:finish")).await.is(303);
    visitor.follow(&refused).await.is(200).shows("Nothing was changed.");
    assert_eq!(scene.org.get(&format!("{TASKS}/{glue}")).await.is(200).json["status"], "in-progress");

    let _ = visitor.post(&path, &both("archive")).await.is(303);
    assert!(scene.org.get(TASKS).await.is(200).data().is_empty());
    visitor.get(&format!("/{TASKS}?archived=true")).await.is(200).shows("Take back").hides("Priority: High");
    let _ = visitor.post(&path, &both("restore")).await.is(303);
    assert_eq!(scene.org.get(TASKS).await.is(200).data().len(), 2);

    // What is not offered is not done, and nothing ticked is nothing.
    for fields in [both("set:status=todo"), both("to:nothing"), both("set:title=x")] {
        let refused = visitor.post(&path, &fields).await.is(303);
        visitor.follow(&refused).await.shows("Choose what is to be done.");
    }
    let none = visitor.post(&path, &[("do", "archive")]).await.is(303);
    visitor.follow(&none).await.shows("Tick what it is to be done to");
}

async fn nobody_does_more_to_many_than_to_one(database: Database) {
    let (Scene { server, org, project, .. }, _) = opened(&database).await;
    let (mia_id, email, _) = server.member(&org, "Mia", Role::Member).await;
    let _ = org.patch(&format!("projects/projects/{project}"), "*", json!({ "members": [mia_id.to_string()] })).await;
    let hidden = org.make("projects/projects", json!({ "name": "Hidden" })).await;
    let secret = org.make(TASKS, json!({ "title": "Secret", "project": hidden })).await;
    let mia = server.visitor();
    mia.sign_in(&email, PASSWORD).await;
    let refused = mia.post(&format!("/{TASKS}/-/bulk"), &[("do", "archive"), ("id", secret.as_str())]).await.is(303);
    mia.follow(&refused).await.is(200).shows("Nothing was changed.").hides("Secret");
    assert_eq!(org.get(&format!("{TASKS}/{secret}")).await.is(200).json["archived_at"], json!(null));
}
