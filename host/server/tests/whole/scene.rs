//! What most tests begin with: an organization with a client and a project.

use lignaflow_core::caller::Caller;
use lignaflow_testkit::{Answer, Database, Org, Race, Server, Setup, Visitor};
use serde_json::{Value as Json, json};

pub(crate) const CLIENTS: &str = "projects/clients";
pub(crate) const PROJECTS: &str = "projects/projects";
pub(crate) const TASKS: &str = "projects/tasks";

#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) server: Server,
    pub(crate) org: Org,
    pub(crate) client: String,
    pub(crate) project: String,
}

pub(crate) async fn scene(database: &Database) -> Scene {
    scene_with(database, Setup::default()).await
}

/// The same, where writers can be made to meet.
pub(crate) async fn racing(database: &Database) -> (Scene, Race) {
    let race = Race::default();
    let setup = Setup { race: Some(race.clone()), ..Setup::default() };
    (scene_with(database, setup).await, race)
}

pub(crate) async fn scene_with(database: &Database, setup: Setup) -> Scene {
    let server = database.serve_with(setup).await;
    let org = server.organization("Halloran & Beck").await;
    let client = org.make(CLIENTS, json!({ "name": "Marrickville Dental" })).await;
    let project = org.make(PROJECTS, json!({ "name": "Reception fit-out", "client": client })).await;
    Scene { server, org, client, project }
}

/// The same, with its owner signed in in a browser.
pub(crate) async fn opened(database: &Database) -> (Scene, Visitor) {
    let scene = scene(database).await;
    let visitor = scene.server.signed_in(&scene.org).await;
    (scene, visitor)
}

impl Scene {
    /// Makes a task of the project, with further fields.
    pub(crate) async fn task(&self, title: &str, more: Json) -> String {
        self.task_of(&self.project, title, more).await
    }

    pub(crate) async fn task_of(&self, project: &str, title: &str, more: Json) -> String {
        let mut body = json!({ "title": title, "project": project });
        if let (Some(body), Json::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        self.org.make(TASKS, body).await
    }

    /// Moves a project through transitions.
    pub(crate) async fn drive(&self, project: &str, verbs: &[&str]) {
        for verb in verbs {
            let _ = self.org.act(&format!("{PROJECTS}/{project}/{verb}")).await.is(200);
        }
    }
}

/// The owner, as handlers see them.
pub(crate) async fn caller(scene: &Scene) -> Caller {
    scene.server.caller(&scene.org).await
}

/// The plugins that a list names, without those that the program brings and the scene does without.
pub(crate) fn installed(listed: &Answer) -> Vec<String> {
    let beside = ["estimates", "reporting", "timesheets"];
    listed.column("id").into_iter().filter(|id| !beside.contains(&id.as_str())).collect()
}
