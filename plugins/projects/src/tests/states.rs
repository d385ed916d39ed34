//! Whatever is tried with projects and tasks, in whatever order: they reach only states that are declared, by verbs that
//! lead there, and what is closed takes no edit, no insert and no removal.

use super::*;
use proptest::prelude::{Strategy, any, prop_oneof};

/// Where each verb leads, and from where: written down here a second time.
const OF_PROJECT: [(&str, &[&str], &str); 7] = [
    ("activate", &["draft"], "active"),
    ("hold", &["active"], "on-hold"),
    ("resume", &["on-hold"], "active"),
    ("complete", &["active"], "completed"),
    ("close", &["completed"], "closed"),
    ("reopen", &["completed", "closed", "cancelled"], "active"),
    ("cancel", &["draft", "active", "on-hold"], "cancelled"),
];
const OF_TASK: [(&str, &[&str], &str); 5] = [
    ("start", &["todo"], "in-progress"),
    ("block", &["todo", "in-progress"], "blocked"),
    ("unblock", &["blocked"], "in-progress"),
    ("finish", &["todo", "in-progress", "blocked"], "done"),
    ("reopen", &["done"], "todo"),
];

#[derive(Debug, Clone)]
enum Step {
    Project(usize),
    Task(usize),
    Edit,
    Status(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..OF_PROJECT.len()).prop_map(Step::Project),
        4 => (0..OF_TASK.len()).prop_map(Step::Task),
        2 => any::<bool>().prop_map(|_| Step::Edit),
        1 => (0..OF_PROJECT.len()).prop_map(Step::Status),
    ]
}

fn status(host: &Host, collection: &str, id: Id) -> String {
    host.fields(collection, id).unwrap().text("status").unwrap().to_owned()
}

/// Every way in which a project, or what it is made of, would change.
fn edits(host: &mut Host, project: Id, task: Id) -> Vec<Result<(), Fault>> {
    let name = |host: &Host| format!("Another {}", host.new_id());
    let amount = json!({ "minor": 1, "currency": "AUD" });
    let mut tried = vec![
        host.update("projects", project, json!({ "notes": name(host) })),
        host.update("tasks", task, json!({ "notes": name(host) })),
    ];
    let mut gone = Vec::new();
    for (collection, body) in [
        ("tasks", json!({ "title": "More", "project": project })),
        ("phases", json!({ "name": name(host), "project": project })),
        ("locations", json!({ "name": name(host), "project": project })),
        ("milestones", json!({ "title": "More", "project": project })),
        ("checklist", json!({ "title": "More", "task": task })),
        ("costs", json!({ "title": "More", "project": project, "amount": amount })),
        ("baselines", json!({ "title": "More", "project": project })),
    ] {
        match host.insert(collection, body) {
            Ok(made) if collection == "tasks" => {
                gone.push(host.remove(collection, made));
                tried.push(Ok(()));
            }
            other => tried.push(other.map(|_| ())),
        }
    }
    if gone.is_empty() {
        gone.push(host.remove("tasks", task));
    }
    tried.extend(gone);
    tried
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn projects_and_tasks_reach_declared_states_alone_and_what_is_closed_stays_as_it_is(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut host = host();
        let kitchen = project(&mut host, "Kitchen");
        let cut = task(&mut host, kitchen, "Cut");
        for step in steps {
            let (was, of_task) = (status(&host, "projects", kitchen), status(&host, "tasks", cut));
            let closed = matches!(was.as_str(), "closed" | "cancelled");
            match step {
                Step::Project(verb) => {
                    let (name, from, to) = OF_PROJECT[verb];
                    let done = host.transition("projects", kitchen, name);
                    prop_assert_eq!(done.is_ok(), from.contains(&was.as_str()), "{} from {}: {:?}", name, was, done);
                    let is = status(&host, "projects", kitchen);
                    prop_assert_eq!(is.as_str(), if done.is_ok() { to } else { was.as_str() });
                }
                Step::Task(verb) => {
                    let (name, from, to) = OF_TASK[verb];
                    let done = host.transition("tasks", cut, name);
                    let may = !closed && from.contains(&of_task.as_str());
                    prop_assert_eq!(done.is_ok(), may, "{} from {} in {}: {:?}", name, of_task, was, done);
                    let is = status(&host, "tasks", cut);
                    prop_assert_eq!(is.as_str(), if may { to } else { of_task.as_str() });
                }
                Step::Edit => {
                    for tried in edits(&mut host, kitchen, cut) {
                        match tried {
                            Ok(()) => prop_assert!(!closed, "{was} was edited"),
                            Err(fault) => prop_assert_eq!((closed, fault.code), (true, ErrorCode::Locked), "{:?}", fault),
                        }
                    }
                }
                Step::Status(to) => {
                    let typed = host.update("projects", kitchen, json!({ "status": OF_PROJECT[to].2 }));
                    prop_assert!(typed.is_err() || was == OF_PROJECT[to].2, "nobody types a state");
                }
            }
        }
    }
}
