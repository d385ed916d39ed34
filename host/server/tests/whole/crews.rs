//! Supervisors and their crews, at every door of the real host: what a leader sees, enters and approves, what moves along
//! with who moves, and what reports are of.

use crate::timesheets::{ENTRIES, Firm, SHEETS, firm_with};
use lignaflow_testkit::{Answer, Client, Database, Role, on_both};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

on_both!(
    a_supervisor_has_the_time_of_their_crew_at_every_door_and_of_no_other_at_any,
    a_supervisor_enters_and_approves_for_their_crew_alone,
    who_moves_takes_their_open_weeks_along_and_leaves_what_was_decided,
    nobody_is_in_two_crews_also_where_two_are_made_at_once,
    a_leader_is_told_figures_of_their_crew_with_what_it_was_there_for,
    pages_tell_a_supervisor_whose_time_it_is_and_who_sets_up_who_leads_nobody,
);

const CREWS: &str = "timesheets/crews";
const LAST: &str = "2026-11-16";

/// Ben leads Mia and himself; Ana leads Kim. Kim's time tells itself apart by its note.
struct Crews {
    firm: Firm,
    ana: Client,
    ana_id: String,
    ana_email: String,
    kim: Client,
    kim_id: String,
    perth: String,
}

async fn crews(database: &Database) -> Crews {
    let firm = firm_with(database, &["projects", "estimates", "timesheets", "reporting"]).await;
    let (ana_id, ana_email, ana) = firm.server.member(&firm.org, "Ana", Role::Member).await;
    let (kim_id, _, kim) = firm.server.member(&firm.org, "Kim", Role::Member).await;
    let (ana_id, kim_id) = (ana_id.to_string(), kim_id.to_string());
    firm.org.give_roles(&ana_id, &["timesheets.supervisor", "projects.supervisor"]).await;
    let kitchen = format!("projects/projects/{}", firm.project);
    let members = json!({ "members": [firm.mia_id, firm.ben_id, ana_id, kim_id] });
    let _ = firm.org.patch(&kitchen, "*", members).await.is(200);
    let perth = firm.org.make(CREWS, json!({ "name": "Perth", "leaders": [ana_id], "members": [kim_id] })).await;
    Crews { firm, ana, ana_id, ana_email, kim, kim_id, perth }
}

impl Crews {
    /// Hours of both on the Tuesday of a week, noted; the sheets of Mia and Kim.
    async fn week(&self, week: &str, day: &str) -> [String; 2] {
        let mut sheets = Vec::new();
        for (who, note) in [(&self.firm.mia, "Dovetails"), (&self.kim, "Rafters")] {
            let time = json!({ "project": self.firm.project, "local_date": day, "duration": 28_800, "note": note });
            let _ = who.post(ENTRIES, time).await.is(201);
            let submit = json!({ "week": week, "attested": true });
            sheets.push(who.post("timesheets/week/submit", submit).await.is(200).id());
        }
        sheets.try_into().unwrap()
    }
}

fn users(answer: &Answer) -> BTreeSet<String> {
    answer.column("user").into_iter().collect()
}

async fn a_supervisor_has_the_time_of_their_crew_at_every_door_and_of_no_other_at_any(database: Database) {
    let crews = crews(&database).await;
    let Crews { firm, ana, kim, kim_id, .. } = &crews;
    let [mias, kims] = crews.week(LAST, "2026-11-17").await;
    let leave = json!({ "first": "2027-01-11", "last": "2027-01-12" });
    let pattern = json!({ "user": kim_id, "friday": 0 });
    let hidden = [
        (ENTRIES, kim.get(ENTRIES).await.is(200).data()[0]["id"].as_str().unwrap().to_owned()),
        (SHEETS, kims.clone()),
        ("timesheets/leave", kim.post("timesheets/leave", leave).await.is(201).id()),
        ("timesheets/shifts", kim.post("timesheets/shifts", json!({})).await.is(201).id()),
        ("timesheets/work-patterns", firm.org.make("timesheets/work-patterns", pattern).await),
        (CREWS, crews.perth.clone()),
    ];
    for (collection, id) in &hidden {
        let path = format!("{collection}/{id}");
        let _ = ana.get(&path).await.is(200);
        let _ = firm.org.get(&path).await.is(200);
        let list = firm.ben.get(&format!("{collection}?count=true")).await.is(200);
        assert!(!list.column("id").contains(id), "{collection}");
        assert!(!users(&list).contains(kim_id), "{collection}");
        for asked in [path.clone(), format!("{path}/history")] {
            let _ = firm.ben.get(&asked).await.is_problem(404, "not-found");
        }
        let _ = firm.ben.delete(&path, "*").await.is_problem(404, "not-found");
        assert!(firm.ben.get(&format!("{collection}?filter[id]={id}")).await.is(200).data().is_empty());
    }
    assert_eq!(users(&firm.ben.get(ENTRIES).await.is(200)), BTreeSet::from([firm.mia_id.clone()]));
    assert_eq!(users(&ana.get(ENTRIES).await.is(200)), BTreeSet::from([kim_id.clone()]));
    assert_eq!(users(&firm.org.get(ENTRIES).await.is(200)).len(), 2, "who sees everybody's sees both");
    let _ = firm.ben.get(&format!("{SHEETS}/{mias}/history")).await.is(200);

    let sum = |answer: Answer| answer.is(200).data()[0]["sum_duration"].clone();
    let summary = format!("{ENTRIES}/summary?sum=duration");
    assert_eq!(sum(firm.ben.get(&summary).await), 28_800);
    assert_eq!(sum(firm.org.get(&summary).await), 57_600);
    let csv = async |who: &Client| {
        let request = who.request(lignaflow_testkit::Method::GET, ENTRIES).header("accept", "text/csv");
        who.send(request).await.is(200).text
    };
    let (bens, anas) = (csv(&firm.ben).await, csv(ana).await);
    assert!(bens.contains("Dovetails") && !bens.contains("Rafters"), "{bens}");
    assert!(anas.contains("Rafters") && !anas.contains("Dovetails"), "{anas}");
    let found = async |who: &Client, words: &str| who.get(&format!("search?q={words}")).await.is(200).data().len();
    assert_eq!((found(&firm.ben, "dovetails").await, found(&firm.ben, "rafters").await), (1, 0));
    assert_eq!((found(ana, "dovetails").await, found(ana, "rafters").await), (0, 1));
    // Whatever the feed tells of, up to what was made last, is what the reader sees.
    let last = json!({ "project": firm.project, "local_date": "2026-11-24", "duration": 3_600 });
    let hers = firm.mia.post(ENTRIES, last.clone()).await.is(201).id();
    let kims_last = kim.post(ENTRIES, last).await.is(201).id();
    let told = async |who: &Client, last: &str| {
        let (mut ids, mut path) = (BTreeSet::new(), "changes?limit=200".to_owned());
        loop {
            let page = who.get(&path).await.is(200);
            ids.extend(page.column("id"));
            if ids.contains(last) {
                return ids;
            }
            path = format!("changes?limit=200&after={}", page.json["next"].as_str().unwrap());
        }
    };
    let (bens, anas) = (told(&firm.ben, &hers).await, told(ana, &kims_last).await);
    for (collection, id) in &hidden {
        assert!(anas.contains(id) && !bens.contains(id), "{collection}");
    }
    assert!(bens.contains(&mias) && !anas.contains(&mias));
}

async fn a_supervisor_enters_and_approves_for_their_crew_alone(database: Database) {
    let crews = crews(&database).await;
    let Crews { firm, ana, kim_id, .. } = &crews;
    let [mias, kims] = crews.week(LAST, "2026-11-17").await;
    let time =
        |user: &str| json!({ "project": firm.project, "user": user, "local_date": "2026-11-24", "duration": 3_600 });
    let mine = firm.ben.post(ENTRIES, time(&firm.mia_id)).await.is(201).id();
    let _ = firm.ben.post(ENTRIES, time(kim_id)).await.is_problem(403, "denied");
    let given = json!({ "user": kim_id });
    let _ = firm.ben.patch(&format!("{ENTRIES}/{mine}"), "*", given).await.is_problem(403, "denied");
    let cells = json!([{ "key": { "project": firm.project }, "day": "2026-11-25", "value": "2" }]);
    let typed = |user: &str| json!({ "week": "2026-11-23", "user": user, "cells": cells });
    let _ = firm.ben.post("timesheets/week", typed(&firm.mia_id)).await.is(204);
    let _ = firm.ben.post("timesheets/week", typed(kim_id)).await.is_problem(403, "denied");
    let form = |people: &[&str]| json!({ "people": people, "project": firm.project, "day": "2026-11-26", "time": "8" });
    let refused = firm.ben.post("timesheets/crew", form(&[&firm.mia_id, kim_id])).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/people/1", "other-crew")]);
    let _ = firm.ben.post("timesheets/crew", form(&[&firm.mia_id, &firm.ben_id])).await.is(201);
    assert_eq!(users(&crews.kim.get(ENTRIES).await.is(200)), BTreeSet::from([kim_id.clone()]));
    assert_eq!(crews.kim.get(ENTRIES).await.is(200).data().len(), 1, "nothing came of what was refused");

    let refused = firm.ben.post("timesheets/team/approve", json!({ "ids": [mias, kims] })).await;
    assert_eq!(refused.is_problem(422, "invalid").issues(), [("/ids/1", "unknown-reference")]);
    let back = json!({ "id": kims, "reason": "Tuesday?" });
    let _ = firm.ben.post("timesheets/team/return", back).await.is_problem(422, "invalid");
    let _ = firm.ben.act(&format!("{SHEETS}/{kims}/approve")).await.is_problem(404, "not-found");
    let _ = firm.ben.post(&format!("{SHEETS}/{mias}/return"), json!({ "reason": "Tuesday?" })).await.is(200);
    let submit = json!({ "week": LAST, "attested": true });
    let _ = firm.mia.post("timesheets/week/submit", submit).await.is(200);
    let _ = firm.ben.post("timesheets/team/approve", json!({ "ids": [mias] })).await.is(200);
    let _ = ana.act(&format!("{SHEETS}/{kims}/approve")).await.is(200);
    for sheet in [mias, kims] {
        assert_eq!(firm.org.get(&format!("{SHEETS}/{sheet}")).await.is(200).json["status"], "approved");
    }
    let leave = json!({ "first": "2027-01-11", "last": "2027-01-12" });
    let [asked, kims] = [
        firm.mia.post("timesheets/leave", leave.clone()).await.is(201).id(),
        crews.kim.post("timesheets/leave", leave).await.is(201).id(),
    ];
    let _ = firm.ben.act(&format!("timesheets/leave/{kims}/approve")).await.is_problem(404, "not-found");
    let _ = firm.ben.act(&format!("timesheets/leave/{asked}/approve")).await.is(200);
}

async fn who_moves_takes_their_open_weeks_along_and_leaves_what_was_decided(database: Database) {
    let crews = crews(&database).await;
    let Crews { firm, ana, kim_id, .. } = &crews;
    let [decided, _] = crews.week(LAST, "2026-11-17").await;
    let _ = firm.ben.post("timesheets/team/approve", json!({ "ids": [decided] })).await.is(200);
    // A week that is not over yet, whatever day it is.
    let week = firm.mia.get("timesheets/week").await.is(200).json;
    let _ = firm.hours(week["today"].as_str().unwrap(), 1).await.is(201);
    let open = firm.sheet(week["week"].as_str().unwrap()).await["id"].as_str().unwrap().to_owned();
    let from = json!({ "update": { "id": firm.crew, "version": 1, "members": [firm.ben_id] } });
    let to = json!({ "update": { "id": crews.perth, "version": 1, "members": [kim_id, firm.mia_id] } });
    let none = json!({ "members": [] });
    let _ = firm.ben.patch(&format!("{CREWS}/{}", firm.crew), "*", none).await.is_problem(403, "denied");
    let _ = firm.org.post(&format!("{CREWS}/batch"), json!({ "operations": [to, from] })).await.is(200);
    let path = |sheet: &str| format!("{SHEETS}/{sheet}");
    let _ = firm.ben.get(&path(&decided)).await.is(200);
    let _ = ana.get(&path(&decided)).await.is_problem(404, "not-found");
    let _ = firm.ben.get(&path(&open)).await.is_problem(404, "not-found");
    let _ = ana.get(&path(&open)).await.is(200);
    assert_eq!(users(&ana.get(ENTRIES).await.is(200)).len(), 2);
    // What she enters next is of the crew that she is in.
    let _ = firm.hours("2027-06-07", 1).await.is(201);
    assert_eq!(firm.sheet("2027-06-07").await["crew"], json!(crews.perth));
}

async fn nobody_is_in_two_crews_also_where_two_are_made_at_once(database: Database) {
    let crews = crews(&database).await;
    let Crews { firm, kim_id, .. } = &crews;
    let (zoe_id, ..) = firm.server.member(&firm.org, "Zoe", Role::Member).await;
    let zoe_id = zoe_id.to_string();
    let both = json!({ "name": "Nights", "members": [firm.mia_id, zoe_id, kim_id] });
    let refused = firm.org.post(CREWS, both).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/members", "other-crew"); 2]);
    assert!(refused.text.contains("Kim is in the crew Perth"), "{}", refused.text);
    firm.race.meet(2);
    let crew = |name: &str| json!({ "name": name, "members": [zoe_id] });
    let (one, other) = tokio::join!(firm.org.post(CREWS, crew("Nights")), firm.org.post(CREWS, crew("Days")));
    firm.race.end();
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert!(statuses[0] == 201 && statuses[1] >= 409, "{} {}", one.text, other.text);
    let hers = firm.org.get(CREWS).await.is(200);
    let hers = hers.data().iter().filter(|crew| crew["members"].as_array().unwrap().contains(&json!(zoe_id)));
    assert_eq!(hers.count(), 1);
}

async fn a_leader_is_told_figures_of_their_crew_with_what_it_was_there_for(database: Database) {
    let crews = crews(&database).await;
    let Crews { firm, ana, ana_id, kim_id, .. } = &crews;
    let _ = crews.week(LAST, "2026-11-17").await;
    let _ = crews.week("2026-11-09", "2026-11-10").await;
    let pattern = json!({ "user": firm.mia_id, "effective_from": "2026-01-01", "friday": 0 });
    let _ = firm.org.make("timesheets/work-patterns", pattern).await;
    let used = async |who: &Client, span: &str| {
        let answer = who.get(&format!("reporting/utilisation?{span}")).await.is(200).json;
        let of = |row: &Json| (row["id"].as_str().unwrap().to_owned(), row["capacity"].as_i64().unwrap() / 60);
        answer["rows"].as_array().unwrap().iter().map(of).collect::<BTreeSet<_>>()
    };
    let span = "from=2026-11-16&until=2026-11-22";
    let of =
        |rows: &[(&str, i64)]| rows.iter().map(|(id, minutes)| ((*id).to_owned(), *minutes)).collect::<BTreeSet<_>>();
    assert_eq!(used(&firm.ben, span).await, of(&[(&firm.mia_id, 1_824), (&firm.ben_id, 2_280)]));
    assert_eq!(used(ana, span).await, of(&[(kim_id, 2_280), (ana_id, 2_280)]));
    // Once she has moved, both weeks stay Ben's, and neither becomes Ana's.
    let [from, to] = [
        json!({ "update": { "id": firm.crew, "version": 1, "members": [firm.ben_id] } }),
        json!({ "update": { "id": crews.perth, "version": 1, "members": [kim_id, firm.mia_id] } }),
    ];
    let _ = firm.org.post(&format!("{CREWS}/batch"), json!({ "operations": [from, to] })).await.is(200);
    let span = "from=2026-11-09&until=2026-11-22";
    assert_eq!(used(&firm.ben, span).await, of(&[(&firm.mia_id, 3_648), (&firm.ben_id, 4_560)]));
    assert_eq!(used(ana, span).await, of(&[(kim_id, 4_560), (ana_id, 4_560)]));
    // Of a week without a sheet those count who are in the crew.
    let span = "from=2026-10-05&until=2026-10-11";
    assert_eq!(used(&firm.ben, span).await, of(&[(&firm.ben_id, 2_280)]));
    assert_eq!(used(ana, span).await, of(&[(&firm.mia_id, 1_824), (kim_id, 2_280), (ana_id, 2_280)]));
}

async fn pages_tell_a_supervisor_whose_time_it_is_and_who_sets_up_who_leads_nobody(database: Database) {
    let crews = crews(&database).await;
    let firm = &crews.firm;
    let _ = crews.week(LAST, "2026-11-17").await;
    let team = format!("/timesheets/-/team?week={LAST}");
    let (ben, ana) = (firm.visitor(&firm.ben_email).await, firm.visitor(&crews.ana_email).await);
    let owner = firm.server.signed_in(&firm.org).await;
    ben.get(&team).await.is(200).shows("Mia").shows("1 of 1 wait for you").shows("Nothing yet of Ben.").hides("Kim");
    ana.get(&team).await.is(200).shows("Kim").hides("Mia").hides("You lead no crew");
    ben.get("/").await.is(200).shows("Weeks that wait for approval").hides("Kim");
    ben.get("/timesheets/crews").await.is(200).hides("Perth");
    owner.get(&team).await.is(200).shows("2 of 2 wait for you").hides("no crew yet");
    owner.get("/timesheets/crews/new").await.is(200).shows("Who leads no crew sees their own time alone.");
    // Without a crew, she sees her own alone, and is told why.
    let _ = firm.org.patch(&format!("{CREWS}/{}", crews.perth), "*", json!({ "leaders": [] })).await.is(200);
    ana.get(&team).await.is(200).shows("You lead no crew, so you see your own time alone.").hides("Kim");
    owner.get(&team).await.is(200).shows("Ana may approve or enter time for others, and leads no crew yet");
}
