//! Parents and dependencies: one project, and no circles.

use super::*;

/// What each task depends on, by position.
fn depend(host: &mut Host, task: Id, on: &[Id]) -> Result<(), Fault> {
    host.update("tasks", task, json!({ "depends_on": on }))
}

fn tasks(host: &mut Host, project: Id, titles: &[&str]) -> Vec<Id> {
    titles.iter().map(|title| task(host, project, title)).collect()
}

#[test]
fn tasks_do_not_wait_for_each_other() {
    let mut host = host();
    let kitchen = project(&mut host, "Kitchen");
    let of = tasks(&mut host, kitchen, &["Order", "Cut", "Glue"]);
    depend(&mut host, of[1], &[of[0]]).unwrap();
    depend(&mut host, of[2], &[of[1], of[0]]).unwrap();
    let fault = depend(&mut host, of[0], &[of[2]]).unwrap_err();
    assert_eq!(codes(&fault), [("/depends_on", "cycle")]);
    assert_eq!(fault.message, "Tasks would wait for each other: Order → Glue → Order.");
    let fault = depend(&mut host, of[0], &[of[0]]).unwrap_err();
    assert_eq!(fault.message, "A task cannot depend on itself.");
}

#[test]
fn a_task_is_no_part_of_itself() {
    let mut host = host();
    let kitchen = project(&mut host, "Kitchen");
    let of = tasks(&mut host, kitchen, &["Build", "Doors", "Hinges"]);
    host.update("tasks", of[1], json!({ "parent": of[0] })).unwrap();
    host.update("tasks", of[2], json!({ "parent": of[1] })).unwrap();
    let fault = host.update("tasks", of[0], json!({ "parent": of[2] })).unwrap_err();
    assert_eq!(codes(&fault), [("/parent", "cycle")]);
    assert_eq!(fault.message, "A task would be part of itself: Build → Hinges → Doors → Build.");
    // A part may wait for another part, and the whole for its parts.
    depend(&mut host, of[0], &[of[1], of[2]]).unwrap();
    assert_eq!(host.remove("tasks", of[1]).unwrap_err().code, ErrorCode::Conflict);
}

#[test]
fn a_circle_within_one_batch_is_seen() {
    let mut host = host();
    let kitchen = project(&mut host, "Kitchen");
    let (a, b) = (host.new_id(), host.new_id());
    let new = |id, title: &str, on: Id| {
        insert("tasks", id).set("title", title).set("project", kitchen).set("depends_on", vec![on])
    };
    let fault = host.batch([new(a, "A", b), new(b, "B", a)]).unwrap_err();
    assert_eq!(codes(&fault), [("/0/depends_on", "cycle"), ("/1/depends_on", "cycle")]);
    assert_eq!(host.count("tasks", all([])), Ok(0));

    // Each change is fine by itself, and both are not.
    let of = tasks(&mut host, kitchen, &["A", "B"]);
    let on = |task, on: Id| update("tasks", task).set("depends_on", vec![on]);
    let fault = host.batch([on(of[0], of[1]), on(of[1], of[0])]).unwrap_err();
    assert_eq!(codes(&fault), [("/0/depends_on", "cycle"), ("/1/depends_on", "cycle")]);
    // One that turns a dependency around is not a circle.
    depend(&mut host, of[0], &[of[1]]).unwrap();
    host.batch([update("tasks", of[0]).set("depends_on", Vec::new()), on(of[1], of[0])]).unwrap();
}

#[test]
fn a_new_task_in_the_middle_does_not_hide_a_circle() {
    let mut host = host();
    let kitchen = project(&mut host, "Kitchen");
    let of = tasks(&mut host, kitchen, &["A", "B"]);
    depend(&mut host, of[1], &[of[0]]).unwrap();
    let middle = host.new_id();
    let fault = host
        .batch([
            insert("tasks", middle).set("title", "M").set("project", kitchen).set("depends_on", vec![of[1]]),
            update("tasks", of[0]).set("depends_on", vec![middle]),
        ])
        .unwrap_err();
    assert_eq!(codes(&fault), [("/0/depends_on", "cycle"), ("/1/depends_on", "cycle")]);
}

#[test]
fn a_long_chain_is_followed_to_its_end() {
    let mut host = host();
    let kitchen = project(&mut host, "Kitchen");
    let titles: Vec<String> = (0..40).map(|number| format!("T{number}")).collect();
    let of: Vec<Id> = titles.iter().map(|title| task(&mut host, kitchen, title)).collect();
    host.batch(of.windows(2).map(|pair| update("tasks", pair[1]).set("depends_on", vec![pair[0]]))).unwrap();
    let fault = depend(&mut host, of[0], &[of[39]]).unwrap_err();
    assert_eq!(fault.message, "Tasks would wait for each other: T0 → T39 → T38 → T37 → … → T2 → T1 → T0.");
    depend(&mut host, of[39], &[of[0], of[38]]).unwrap();
}

#[test]
fn links_stay_within_one_project() {
    let mut host = host();
    let (kitchen, porch) = (project(&mut host, "Kitchen"), project(&mut host, "Porch"));
    let (cut, roof) = (task(&mut host, kitchen, "Cut"), task(&mut host, porch, "Roof"));
    let nowhere = host.new_id();
    let fault = host.update("tasks", cut, json!({ "parent": roof, "depends_on": [roof, nowhere] })).unwrap_err();
    assert_eq!(
        codes(&fault),
        [("/parent", "other-project"), ("/depends_on", "other-project"), ("/depends_on", "other-project")]
    );
    assert_eq!(fault.issues[0].message, "Roof belongs to another project: choose a task of this.");
    assert_eq!(fault.issues[2].message, "There is no such task in this project.");
}

#[test]
fn a_task_moves_alone_or_with_all_that_is_linked_to_it() {
    let mut host = host();
    let (kitchen, porch) = (project(&mut host, "Kitchen"), project(&mut host, "Porch"));
    let of = tasks(&mut host, kitchen, &["Cut", "Glue", "Paint"]);
    depend(&mut host, of[1], &[of[0]]).unwrap();
    host.update("tasks", of[2], json!({ "project": porch })).unwrap();

    let fault = host.update("tasks", of[1], json!({ "project": porch })).unwrap_err();
    assert_eq!(codes(&fault), [("/depends_on", "other-project")]);
    let fault = host.update("tasks", of[0], json!({ "project": porch })).unwrap_err();
    assert_eq!((fault.code, codes(&fault)), (ErrorCode::Conflict, vec![]));
    assert!(fault.message.contains("part of Cut or depend on it"), "{}", fault.message);

    host.batch(of[..2].iter().map(|task| update("tasks", *task).set("project", porch))).unwrap();
    assert_eq!(host.count("tasks", field("project").eq(porch)), Ok(3));
}

#[test]
fn a_task_out_of_the_archive_finds_its_links_in_order_or_stays_there() {
    let mut host = host();
    let (kitchen, porch) = (project(&mut host, "Kitchen"), project(&mut host, "Porch"));
    let of = tasks(&mut host, kitchen, &["Cut", "Glue"]);
    depend(&mut host, of[1], &[of[0]]).unwrap();
    host.remove("tasks", of[1]).unwrap();
    host.update("tasks", of[0], json!({ "project": porch })).unwrap();
    assert_eq!(codes(&host.restore("tasks", of[1]).unwrap_err()), [("/depends_on", "other-project")]);
    host.update("tasks", of[0], json!({ "project": kitchen })).unwrap();
    host.restore("tasks", of[1]).unwrap();
}

#[test]
fn what_is_archived_is_no_longer_waited_for() {
    let mut host = host();
    let kitchen = project(&mut host, "Kitchen");
    let of = tasks(&mut host, kitchen, &["Cut", "Glue"]);
    depend(&mut host, of[1], &[of[0]]).unwrap();
    host.remove("tasks", of[0]).unwrap();
    assert_eq!(host.fields("tasks", of[1]).unwrap().references("depends_on"), [] as [Id; 0]);
    assert_eq!(codes(&depend(&mut host, of[1], &[of[0]]).unwrap_err()), [("/depends_on", "other-project")]);
}

#[test]
fn a_hook_reads_only_where_links_are_new() {
    // Without the grant any read would panic.
    let text = include_str!("../../plugin.toml").replace("interfaces = [\"records\", \"people\"]", "");
    let mut host = Host::new(&text);
    host.caller.permissions.push("projects.edit".to_owned());
    let kitchen = project(&mut host, "Kitchen");
    let cut = task(&mut host, kitchen, "Cut");
    host.update("tasks", cut, json!({ "title": "Saw", "due": "2026-12-01" })).unwrap();
    host.transition("tasks", cut, "finish").unwrap();
    host.remove("tasks", cut).unwrap();
}

/// Whether any task reaches itself, by the naive way.
fn has_circle(links: &[Vec<usize>]) -> bool {
    let reaches = |start: usize| {
        let mut seen = vec![false; links.len()];
        let mut open = links[start].clone();
        while let Some(next) = open.pop() {
            if next == start {
                return true;
            }
            if !std::mem::replace(&mut seen[next], true) {
                open.extend(&links[next]);
            }
        }
        false
    };
    (0..links.len()).any(reaches)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_batch_is_refused_exactly_where_it_would_close_a_circle(
        batches in prop::collection::vec(prop::collection::vec((0..8_usize, prop::collection::vec(0..8_usize, 0..3)), 1..4), 1..8)
    ) {
        let mut host = host();
        let kitchen = project(&mut host, "Kitchen");
        let of: Vec<Id> = (0..8).map(|number| task(&mut host, kitchen, &format!("T{number}"))).collect();
        let mut links = vec![Vec::new(); 8];
        for batch in batches {
            let mut next = links.clone();
            let mut writes = Vec::new();
            for (task, on) in batch {
                if writes.iter().any(|(known, _)| *known == task) {
                    continue;
                }
                next[task].clone_from(&on);
                writes.push((task, on));
            }
            let ids = |on: &[usize]| on.iter().map(|at| of[*at]).collect::<Vec<_>>();
            let answer = host.batch(writes.iter().map(|(task, on)| update("tasks", of[*task]).set("depends_on", ids(on))));
            prop_assert_eq!(answer.is_err(), has_circle(&next), "{:?}", next);
            match answer {
                Ok(()) => links = next,
                Err(fault) => prop_assert!(fault.issues.iter().all(|issue| issue.code == "cycle")),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A task becomes part of another exactly where that one is no part of it.
    #[test]
    fn a_task_is_put_under_another_exactly_where_it_would_be_no_part_of_itself(
        pairs in prop::collection::vec((0..8_usize, prop::option::of(0..8_usize)), 1..24)
    ) {
        let mut host = host();
        let kitchen = project(&mut host, "Kitchen");
        let of: Vec<Id> = (0..8).map(|number| task(&mut host, kitchen, &format!("T{number}"))).collect();
        let mut parents = vec![Vec::new(); 8];
        for (child, parent) in pairs {
            let mut next = parents.clone();
            next[child] = parent.into_iter().collect();
            let answer = host.update("tasks", of[child], json!({ "parent": parent.map(|at| of[at]) }));
            prop_assert_eq!(answer.is_err(), has_circle(&next), "{:?}", next);
            match answer {
                Ok(()) => parents = next,
                Err(fault) => prop_assert_eq!(codes(&fault), [("/parent", "cycle")]),
            }
        }
    }
}
