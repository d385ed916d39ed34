//! What people are told of work.

use super::*;

pub(super) fn told(host: &Host, person: Id) -> Vec<String> {
    host.notices().into_iter().filter(|notice| notice.people.contains(&person)).map(|notice| notice.title).collect()
}

#[test]
fn who_is_put_on_tasks_is_told_once_and_nobody_is_told_what_they_did_themselves() {
    let mut host = host();
    let (me, mia) = (host.caller.person().unwrap(), host.add_person("Mia"));
    let kitchen = project(&mut host, "Kitchen");
    let one = host.insert("tasks", json!({ "title": "Cut", "project": kitchen, "assignees": [mia, me] })).unwrap();
    assert_eq!((told(&host, mia), told(&host, me)), (vec!["You are on “Cut”".to_owned()], vec![]));
    host.update("tasks", one, json!({ "notes": "Oak." })).unwrap();
    assert_eq!(told(&host, mia).len(), 1, "she knows");
    let many = (0..40).map(|n| {
        insert("tasks", Id::fresh())
            .set("title", format!("Step {n}"))
            .set("project", kitchen)
            .set("assignees", Value::References(vec![mia]))
    });
    host.batch(many.collect::<Vec<_>>()).unwrap();
    assert_eq!(told(&host, mia)[1..], ["You are on “Step 0” and 39 more".to_owned()]);
}

#[test]
fn what_is_in_the_way_and_what_is_said_is_told_to_those_whom_it_concerns() {
    let mut host = host();
    let (ana, mia) = (host.add_person("Ana"), host.add_person("Mia"));
    let kitchen = host.insert("projects", json!({ "name": "Kitchen", "manager": ana })).unwrap();
    let cut = host.insert("tasks", json!({ "title": "Cut", "project": kitchen, "assignees": [mia] })).unwrap();
    host.transition("tasks", cut, "block").unwrap();
    assert_eq!(told(&host, ana), ["“Cut” is blocked"]);
    host.insert("comments", json!({ "project": kitchen, "task": cut, "text": "The oak is wet." })).unwrap();
    assert_eq!(told(&host, ana)[1..], ["A comment on “Cut”".to_owned()]);
    assert_eq!(told(&host, mia)[1..], ["A comment on “Cut”".to_owned()]);
    host.insert("comments", json!({ "project": kitchen, "text": "Keys are at reception." })).unwrap();
    assert_eq!(told(&host, ana).last().unwrap(), "A comment on a project");
    assert_eq!(host.notices().last().unwrap().text, "Keys are at reception.");
}

#[test]
fn what_is_said_of_money_is_told_to_who_sees_it() {
    let mut host = host();
    let ana = host.add_person("Ana");
    let kitchen = host.insert("projects", json!({ "name": "Kitchen", "manager": ana })).unwrap();
    let oak = json!({ "title": "Oak", "project": kitchen, "amount": { "minor": 60_000, "currency": "AUD" } });
    let oak = host.insert("costs", oak).unwrap();
    host.insert("comments", json!({ "cost": oak, "project": kitchen, "text": "600.00?" })).unwrap();
    assert!(told(&host, ana).is_empty());
    host.give(ana, &["projects.see-money"]);
    host.insert("comments", json!({ "cost": oak, "project": kitchen, "text": "Yes." })).unwrap();
    assert_eq!(told(&host, ana), ["A comment on a project"]);
}

#[test]
fn a_budget_that_is_used_up_so_far_is_told_to_who_manages_it() {
    let mut host = host();
    let ana = host.add_person("Ana");
    let budget = json!({ "minor": 100_000, "currency": "AUD" });
    let kitchen = host.insert("projects", json!({ "name": "Kitchen", "manager": ana, "budget": budget })).unwrap();
    let cost = json!({ "title": "Oak", "project": kitchen, "amount": { "minor": 60_000, "currency": "AUD" } });
    host.insert("costs", cost).unwrap();
    host.run_jobs().unwrap();
    assert_eq!(told(&host, ana), ["Kitchen has used 50 % of its budget of money"]);
}
