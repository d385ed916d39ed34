//! How far a project has come.

use super::*;

#[test]
fn progress_counts_tasks_effort_and_what_is_late() {
    let mut host = host();
    let kitchen = project(&mut host, "Kitchen");
    let shed = project(&mut host, "Shed");
    task(&mut host, shed, "Elsewhere");
    let path = format!("/projects/{kitchen}/progress");
    let nothing = host.get(&path, &[]).unwrap();
    assert_eq!((&nothing.json()["tasks"]["total"], &nothing.json()["by_tasks"]), (&json!(0), &json!(null)));

    // Today is the 23rd where the caller is, and still the 22nd in UTC.
    host.caller.now = "2026-11-22T20:00:00Z".parse().unwrap();
    for (title, due, minutes, steps) in [
        ("Order", "2026-11-01", Some(30), vec!["finish"]),
        ("Cut", "2026-11-22", Some(60), vec!["start"]),
        ("Glue", "2026-11-23", None, vec!["block"]),
        ("Paint", "2026-12-01", Some(30), vec![]),
    ] {
        let task = json!({ "title": title, "project": kitchen, "due": due, "planned_minutes": minutes });
        let id = host.insert("tasks", task).unwrap();
        for step in steps {
            host.transition("tasks", id, step).unwrap();
        }
    }
    let archived = task(&mut host, kitchen, "Never mind");
    host.remove("tasks", archived).unwrap();
    let told = host.get(&path, &[]).unwrap();
    let told = told.json();
    assert_eq!(told["tasks"], json!({ "total": 4, "todo": 1, "in_progress": 1, "blocked": 1, "done": 1 }));
    assert_eq!(told["planned_minutes"], json!({ "total": 120, "done": 30 }));
    assert_eq!((&told["overdue"], &told["by_tasks"], &told["by_effort"]), (&json!(1), &json!(2500), &json!(2500)));
    assert_eq!((&told["rows"][0]["title"], &told["total"]["tasks_total"]), (&json!("In no phase"), &json!(4)));
}

#[test]
fn a_project_that_is_not_there_has_no_progress() {
    let mut host = host();
    let nowhere = host.new_id();
    for path in [format!("/projects/{nowhere}/progress"), "/projects/nonsense/progress".to_owned()] {
        assert_eq!(host.get(&path, &[]).unwrap_err().code, ErrorCode::NotFound);
    }
}
