//! Crews: who is in which, what goes along with who moves, and what its leaders see and do.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const LAST: &str = "2026-11-16";
const THIS: &str = "2026-11-23";
/// In both weeks, a day of each.
const DAYS: [&str; 2] = ["2026-11-17", "2026-11-23"];

/// Mia and Sam work with Ben in Sydney, Kim with Noah in Perth, and Zoe with nobody. Alex may do all.
struct Firm {
    host: Host,
    alex: Id,
    ben: Id,
    noah: Id,
    mia: Id,
    sam: Id,
    kim: Id,
    zoe: Id,
    sydney: Id,
    perth: Id,
    project: Id,
}

fn firm() -> Firm {
    let mut host = host();
    boss(&mut host);
    let alex = host.caller.person().unwrap();
    let [ben, noah, mia, sam, kim, zoe] = ["Ben", "Noah", "Mia", "Sam", "Kim", "Zoe"].map(|name| host.add_person(name));
    let supervisor = host.role("supervisor");
    let held: Vec<&str> = supervisor.iter().map(String::as_str).collect();
    host.give(ben, &held);
    host.give(noah, &held);
    host.give(alex, &["timesheets.approve", "timesheets.see-all"]);
    let everybody = [alex, ben, noah, mia, sam, kim, zoe];
    let project = json!({ "name": "Kitchen", "manager": null, "members": everybody });
    let project = host.insert("projects/projects", project).unwrap();
    let sydney = json!({ "name": "Sydney", "leaders": [ben], "members": [ben, mia, sam] });
    let sydney = host.insert("crews", sydney).unwrap();
    let perth = host.insert("crews", json!({ "name": "Perth", "leaders": [noah], "members": [kim] })).unwrap();
    Firm { host, alex, ben, noah, mia, sam, kim, zoe, sydney, perth, project }
}

impl Firm {
    fn as_person(&mut self, person: Id) -> &mut Host {
        ask_as(&mut self.host, person);
        if person == self.alex {
            boss(&mut self.host);
        }
        if person == self.ben || person == self.noah {
            let held = self.host.role("supervisor");
            self.host.caller.permissions.extend(held);
        }
        &mut self.host
    }

    fn boss(&mut self) -> &mut Host {
        let alex = self.alex;
        self.as_person(alex)
    }

    /// Time of somebody that `by` enters.
    fn enter(&mut self, by: Id, user: Id, day: &str) -> Result<Id, Fault> {
        let body = json!({ "project": self.project, "user": user, "local_date": day, "duration": 3600 });
        self.as_person(by).insert("entries", body)
    }

    fn submit(&mut self, user: Id, week: &str) -> Id {
        let body = json!({ "week": week, "attested": true });
        let sheet = self.as_person(user).post("/week/submit", &body).unwrap();
        sheet.json()["id"].as_str().unwrap().parse().unwrap()
    }

    /// An hour of both weeks, and the earlier of them submitted.
    fn weeks(&mut self, user: Id) -> [Id; 2] {
        let entries = DAYS.map(|day| self.enter(user, user, day).unwrap());
        self.submit(user, LAST);
        entries.map(|entry| self.sheet_of(entry))
    }

    fn sheet_of(&self, entry: Id) -> Id {
        self.host.record("entries", entry).unwrap()["sheet"].as_str().unwrap().parse().unwrap()
    }

    fn crew(&self, collection: &str, id: Id) -> Json {
        self.host.record(collection, id).unwrap()["crew"].clone()
    }

    /// Those whose records of a collection somebody finds.
    fn whose(&mut self, by: Id, collection: &str) -> BTreeSet<Id> {
        let asked = select(collection).columns(["id", "user"]).limit(200);
        let found = self.as_person(by).run(|| records::find(asked)).unwrap();
        found.records().filter_map(|row| row.reference("user")).collect()
    }

    fn team(&mut self, by: Id, week: &str) -> Json {
        self.as_person(by).get("/team", &[("week", week)]).unwrap().json().clone()
    }

    fn members(&mut self, crew: Id, members: &[Id]) -> Result<(), Fault> {
        self.boss().update("crews", crew, json!({ "members": members }))
    }
}

fn titles(team: &Json) -> Vec<&str> {
    team["rows"].as_array().unwrap().iter().map(|row| row["title"].as_str().unwrap()).collect()
}

// --- Who is in which -------------------------------------------------------------------------------------------------

#[test]
fn nobody_is_in_two_crews_and_each_who_would_be_is_told_with_the_crew_that_they_are_in() {
    let mut firm = firm();
    let (mia, kim, zoe, sam) = (firm.mia, firm.kim, firm.zoe, firm.sam);
    let fault = firm.boss().insert("crews", json!({ "name": "Nights", "members": [mia, zoe, kim] })).unwrap_err();
    let told: Vec<&str> = fault.issues.iter().map(|issue| issue.message.as_str()).collect();
    assert_eq!(
        told,
        [
            "Mia is in the crew Sydney: nobody is in two at a time.",
            "Kim is in the crew Perth: nobody is in two at a time."
        ]
    );
    assert_eq!(codes(&fault), [("/members", "other-crew"); 2]);
    // Who has left is in none, however often they are named.
    firm.host.leave(mia);
    firm.host.leave(kim);
    firm.boss().insert("crews", json!({ "name": "Days", "members": [zoe] })).unwrap();
    let fault = firm.members(firm.perth, &[kim, zoe, sam]).unwrap_err();
    assert_eq!(codes(&fault), [("/members", "other-crew"); 2]);
}

#[test]
fn who_moves_in_one_batch_is_in_one_crew_before_and_after() {
    let mut firm = firm();
    let (ben, mia, sam, kim) = (firm.ben, firm.mia, firm.sam, firm.kim);
    let (sydney, perth) = (firm.sydney, firm.perth);
    let to = |crew: Id, members: &[Id]| update("crews", crew).set("members", Value::References(members.to_vec()));
    // In whatever order it is said.
    firm.boss().batch([to(perth, &[kim, mia]), to(sydney, &[ben, sam])]).unwrap();
    firm.boss().batch([to(perth, &[kim]), to(sydney, &[ben, sam, mia])]).unwrap();
    let fault = firm.boss().batch([to(perth, &[kim, sam]), to(sydney, &[ben, sam, mia])]).unwrap_err();
    assert_eq!(fault.issues.len(), 2, "both of them would have him: {fault:?}");
}

#[test]
fn only_who_may_do_something_with_the_time_of_others_leads_a_crew() {
    let mut firm = firm();
    let (mia, sam, ben, perth) = (firm.mia, firm.sam, firm.ben, firm.perth);
    let fault = firm.boss().update("crews", perth, json!({ "leaders": [mia, ben, sam] })).unwrap_err();
    assert_eq!(codes(&fault), [("/leaders", "permission"); 2]);
    firm.boss().update("crews", perth, json!({ "leaders": [ben] })).unwrap();
    // Who sets up decides that, and no leader.
    assert_eq!(
        firm.as_person(ben).update("crews", perth, json!({ "name": "West" })).unwrap_err().code,
        ErrorCode::Denied
    );
}

#[test]
fn crews_are_read_by_those_who_are_in_them() {
    let mut firm = firm();
    let names = |firm: &mut Firm, by: Id| -> Vec<String> {
        let asked = select("crews").columns(["id", "name"]).sort("name");
        let found = firm.as_person(by).run(|| records::find(asked)).unwrap();
        found.records().filter_map(|row| row.text("name").map(str::to_owned)).collect()
    };
    let (mia, noah, zoe, alex) = (firm.mia, firm.noah, firm.zoe, firm.alex);
    assert_eq!(names(&mut firm, mia), ["Sydney"]);
    assert_eq!(names(&mut firm, noah), ["Perth"]);
    assert!(names(&mut firm, zoe).is_empty());
    assert_eq!(names(&mut firm, alex), ["Perth", "Sydney"]);
}

// --- Who moves -------------------------------------------------------------------------------------------------------

#[test]
fn what_is_not_decided_goes_along_from_the_current_week_on_and_what_was_stays() {
    let mut firm = firm();
    let (ben, mia, sam, kim, alex) = (firm.ben, firm.mia, firm.sam, firm.kim, firm.alex);
    let (sydney, perth) = (json!(firm.sydney), json!(firm.perth));
    let [before, now] = firm.weeks(mia);
    let shifts = ["2026-11-16T21:00:00Z", "2026-11-22T21:00:00Z"].map(|start| {
        let shift = json!({ "started_at": start, "ended_at": start.replace("21:00", "22:00") });
        firm.as_person(mia).insert("shifts", shift).unwrap()
    });
    let leave = [("2026-11-10", "2026-11-11"), ("2026-12-01", "2026-12-02"), ("2026-12-10", "2026-12-11")]
        .map(|(first, last)| firm.as_person(mia).insert("leave", json!({ "first": first, "last": last })).unwrap());
    firm.boss().transition("leave", leave[1], "approve").unwrap();
    let pattern = firm.boss().insert("work-patterns", json!({ "user": mia, "friday": 0 })).unwrap();
    for (collection, ids) in [("sheets", &[before, now][..]), ("shifts", &shifts), ("leave", &leave)] {
        assert!(ids.iter().all(|id| firm.crew(collection, *id) == sydney), "{collection}");
    }
    firm.members(firm.sydney, &[ben, sam]).unwrap();
    assert_eq!(firm.crew("sheets", now), Json::Null, "of no crew meanwhile");
    firm.members(firm.perth, &[kim, mia]).unwrap();
    let is = |firm: &Firm, collection: &str, ids: &[Id]| -> Vec<Json> {
        ids.iter().map(|id| firm.crew(collection, *id)).collect()
    };
    assert_eq!(is(&firm, "sheets", &[before, now]), [sydney.clone(), perth.clone()]);
    assert_eq!(is(&firm, "shifts", &shifts), [sydney.clone(), perth.clone()]);
    assert_eq!(is(&firm, "leave", &leave), [sydney.clone(), perth.clone(), perth.clone()]);
    assert_eq!(firm.crew("work-patterns", pattern), perth);

    // A week that waits goes along as one that is open does, and one that is approved does not.
    firm.submit(mia, THIS);
    firm.members(firm.perth, &[kim]).unwrap();
    firm.members(firm.sydney, &[ben, sam, mia]).unwrap();
    assert_eq!(firm.crew("sheets", now), sydney);
    firm.as_person(alex).post("/team/approve", &json!({ "ids": [now] })).unwrap();
    firm.members(firm.sydney, &[ben, sam]).unwrap();
    assert_eq!(is(&firm, "sheets", &[before, now]), [sydney.clone(), sydney]);
    // What is new is of the crew that one is in by then, or of none.
    let entry = firm.enter(mia, mia, "2026-12-01").unwrap();
    let sheet = firm.sheet_of(entry);
    assert_eq!(firm.crew("sheets", sheet), Json::Null);
}

#[test]
fn a_crew_is_made_and_time_entered_in_it_by_one_batch() {
    let mut firm = firm();
    let (ben, zoe, project) = (firm.ben, firm.zoe, firm.project);
    let (crew, entry) = (firm.host.new_id(), firm.host.new_id());
    let made = insert("crews", crew)
        .set("name", "Nights")
        .set("leaders", Value::References(vec![ben]))
        .set("members", Value::References(vec![zoe]));
    let time = insert("entries", entry).set("user", zoe).set("project", project).set("duration", 3600);
    firm.boss().batch([time, made]).unwrap();
    assert_eq!(firm.crew("sheets", firm.sheet_of(entry)), json!(crew));
}

// --- What leaders see and do -----------------------------------------------------------------------------------------

#[test]
fn a_supervisor_has_the_time_of_their_crew_and_nobody_elses() {
    let mut firm = firm();
    let (ben, noah, mia, kim, zoe) = (firm.ben, firm.noah, firm.mia, firm.kim, firm.zoe);
    for user in [mia, kim, zoe] {
        firm.weeks(user);
        let day = json!({ "first": "2026-12-01", "last": "2026-12-02" });
        firm.as_person(user).insert("leave", day).unwrap();
        firm.as_person(user).insert("shifts", json!({ "started_at": "2026-11-22T21:00:00Z" })).unwrap();
        firm.boss().insert("work-patterns", json!({ "user": user })).unwrap();
    }
    let kind = firm.boss().insert("allowance-kinds", json!({ "name": "Meal" })).unwrap();
    for user in [mia, kim, zoe] {
        firm.as_person(user).insert("allowances", json!({ "kind": kind, "local_date": "2026-11-24" })).unwrap();
    }
    for collection in ["entries", "allowances", "shifts", "sheets", "leave", "work-patterns"] {
        assert_eq!(firm.whose(ben, collection), BTreeSet::from([mia]), "{collection}");
        assert_eq!(firm.whose(noah, collection), BTreeSet::from([kim]), "{collection}");
        assert_eq!(firm.whose(mia, collection), BTreeSet::from([mia]), "{collection}");
        let alex = firm.alex;
        assert_eq!(firm.whose(alex, collection).len(), 3, "{collection}");
    }
    let total = |firm: &mut Firm, by: Id| {
        let asked = summarize("entries").measure(sum("duration").named("seconds"));
        let found = firm.as_person(by).run(|| records::summarize(asked)).unwrap();
        found.records().next().and_then(|row| row.integer("seconds"))
    };
    assert_eq!((total(&mut firm, ben), total(&mut firm, mia)), (Some(7_200), Some(7_200)));
}

#[test]
fn a_supervisor_enters_time_for_their_crew_alone() {
    let mut firm = firm();
    let (ben, mia, kim, zoe, project) = (firm.ben, firm.mia, firm.kim, firm.zoe, firm.project);
    firm.enter(ben, mia, "2026-11-24").unwrap();
    let theirs = firm.enter(kim, kim, "2026-11-24").unwrap();
    for user in [kim, zoe] {
        assert_eq!(firm.enter(ben, user, "2026-11-24").unwrap_err().code, ErrorCode::Denied);
        let key = json!({ "project": project });
        let body = json!({ "week": THIS, "user": user, "cells": [{ "key": key, "day": "2026-11-24", "value": "2" }] });
        assert_eq!(firm.as_person(ben).post("/week", &body).unwrap_err().code, ErrorCode::Denied);
        let shift = json!({ "user": user, "started_at": "2026-11-22T21:00:00Z" });
        assert_eq!(firm.as_person(ben).insert("shifts", shift).unwrap_err().code, ErrorCode::Denied);
        let leave = json!({ "user": user, "first": "2026-12-01", "last": "2026-12-01" });
        assert_eq!(firm.as_person(ben).insert("leave", leave).unwrap_err().code, ErrorCode::Denied);
    }
    // Nor is time of the crew given to others, or that of others taken.
    let mine = firm.enter(ben, mia, "2026-11-25").unwrap();
    assert_eq!(
        firm.as_person(ben).update("entries", mine, json!({ "user": kim })).unwrap_err().code,
        ErrorCode::Denied
    );
    assert_eq!(
        firm.as_person(ben).update("entries", theirs, json!({ "user": mia })).unwrap_err().code,
        ErrorCode::NotFound
    );
    let body = json!({ "people": [mia, kim, ben, zoe], "project": project, "day": "2026-11-26", "time": "8" });
    let fault = firm.as_person(ben).post("/crew", &body).unwrap_err();
    assert_eq!(codes(&fault), [("/people/1", "other-crew"), ("/people/3", "other-crew")]);
    assert_eq!(fault.issues[0].message, "Kim is in no crew that you lead.");
    let sam = firm.sam;
    let body = json!({ "people": [mia, sam, ben], "project": project, "day": "2026-11-26", "time": "8" });
    firm.as_person(ben).post("/crew", &body).unwrap();
    // What the crew's time was, they dispute towards him.
    let entered = select("entries").columns(["id"]).filter(field("user").eq(sam));
    let entry = firm.as_person(sam).run(|| records::find(entered)).unwrap().records().next().unwrap().reference("id");
    let path = format!("/entries/{}/dispute", entry.unwrap());
    firm.as_person(sam).post(&path, &json!({ "reason": "I was ill." })).unwrap();
    let told = firm.host.notices().into_iter().find(|notice| notice.title.ends_with("is disputed")).unwrap();
    assert_eq!(told.people, [ben]);
}

#[test]
fn a_supervisor_approves_and_returns_the_weeks_of_their_crew_and_no_other() {
    let mut firm = firm();
    let (ben, noah, mia, sam, kim, zoe) = (firm.ben, firm.noah, firm.mia, firm.sam, firm.kim, firm.zoe);
    let [mias, sams, kims, zoes, bens] = [mia, sam, kim, zoe, ben].map(|user| firm.weeks(user)[0]);
    let team = firm.team(ben, LAST);
    assert_eq!(titles(&team), ["Ben", "Mia", "Sam"]);
    let ready = team["rows"].as_array().unwrap().iter().map(|row| row["ready"].as_bool().unwrap());
    assert_eq!(ready.collect::<Vec<_>>(), [false, true, true], "his own is not for him");
    for other in [kims, zoes] {
        let fault = firm.as_person(ben).post("/team/approve", &json!({ "ids": [mias, other] })).unwrap_err();
        assert_eq!(codes(&fault), [("/ids/1", "unknown-reference")]);
        let back = json!({ "id": other, "reason": "Tuesday?" });
        assert_eq!(
            codes(&firm.as_person(ben).post("/team/return", &back).unwrap_err()),
            [("/id", "unknown-reference")]
        );
        assert_eq!(firm.as_person(ben).transition("sheets", other, "approve").unwrap_err().code, ErrorCode::NotFound);
    }
    let fault = firm.as_person(ben).post("/team/approve", &json!({ "ids": [bens] })).unwrap_err();
    assert_eq!(fault.message, "Somebody else approves your own timesheet.");
    assert_eq!(firm.as_person(ben).transition("sheets", bens, "approve").unwrap_err().code, ErrorCode::Denied);
    firm.as_person(ben).post("/team/approve", &json!({ "ids": [mias] })).unwrap();
    firm.as_person(ben).post("/team/return", &json!({ "id": sams, "reason": "Tuesday?" })).unwrap();
    firm.as_person(noah).transition("sheets", kims, "approve").unwrap();
    let status = |firm: &Firm, id: Id| firm.host.record("sheets", id).unwrap()["status"].clone();
    assert_eq!(
        [mias, sams, kims].map(|id| status(&firm, id)),
        [json!("approved"), json!("returned"), json!("approved")]
    );
    // Who sees everybody approves everybody's.
    firm.boss().post("/team/approve", &json!({ "ids": [zoes, bens] })).unwrap();
    // To see everybody's, as who exports does, is not to approve it.
    firm.as_person(noah).caller.permissions.push("timesheets.export".to_owned());
    let fault = firm.host.transition("sheets", bens, "return").unwrap_err();
    assert_eq!(fault.code, ErrorCode::Denied);
}

#[test]
fn leave_is_asked_of_and_approved_by_who_leads_the_crew() {
    let mut firm = firm();
    let (ben, noah, mia, alex) = (firm.ben, firm.noah, firm.mia, firm.alex);
    let leave = firm.as_person(mia).insert("leave", json!({ "first": "2026-12-01", "last": "2026-12-02" })).unwrap();
    let asked = firm.host.notices().into_iter().find(|notice| notice.title.starts_with("Mia asks for leave")).unwrap();
    assert_eq!(asked.people.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([alex, ben]));
    assert_eq!(firm.as_person(noah).transition("leave", leave, "approve").unwrap_err().code, ErrorCode::NotFound);
    firm.as_person(ben).transition("leave", leave, "approve").unwrap();
    let own = firm.as_person(ben).insert("leave", json!({ "first": "2026-12-01", "last": "2026-12-02" })).unwrap();
    assert_eq!(firm.as_person(ben).transition("leave", own, "approve").unwrap_err().code, ErrorCode::Denied);
}

#[test]
fn weeks_that_wait_are_told_to_who_leads_the_crew_and_who_sees_everybody() {
    let mut firm = firm();
    let (ben, noah, mia, kim, zoe, alex) = (firm.ben, firm.noah, firm.mia, firm.kim, firm.zoe, firm.alex);
    for user in [mia, kim, zoe, ben] {
        firm.weeks(user);
    }
    firm.boss();
    let waiting = firm.host.run(|| crate::remind::waiting(day(THIS))).unwrap();
    let told: BTreeMap<Id, &str> = waiting.iter().map(|one| (one.people[0], one.title.as_str())).collect();
    let expected = [
        (alex, "4 timesheets wait for approval"),
        (ben, "1 timesheet waits for approval"),
        (noah, "1 timesheet waits for approval"),
    ];
    assert_eq!(told, BTreeMap::from(expected));
}

#[test]
fn who_stands_in_for_a_leader_sees_and_approves_that_crew() {
    let mut firm = firm();
    let (ben, noah, mia, kim, zoe) = (firm.ben, firm.noah, firm.mia, firm.kim, firm.zoe);
    let [mias, kims] = [mia, kim].map(|user| firm.weeks(user)[0]);
    let away = |user: Id, by: Id| json!({ "user": user, "stand_in": by, "first": THIS, "last": "2026-11-27" });
    assert_eq!(firm.as_person(noah).insert("stand-ins", away(ben, zoe)).unwrap_err().code, ErrorCode::Denied);
    // One leader for another, and somebody who leads none.
    firm.as_person(ben).insert("stand-ins", away(ben, noah)).unwrap();
    firm.as_person(noah).insert("stand-ins", away(noah, zoe)).unwrap();
    let shown =
        |firm: &mut Firm, by: Id| firm.as_person(by).get("/stand-in", &[("week", LAST)]).unwrap().json().clone();
    assert_eq!(titles(&shown(&mut firm, noah)), ["Mia"]);
    assert_eq!(titles(&shown(&mut firm, zoe)), ["Kim"]);
    assert_eq!(titles(&firm.team(noah, LAST)), ["Kim"], "of his own crew alone");
    let fault = firm.as_person(zoe).post("/stand-in/approve", &json!({ "ids": [mias] })).unwrap_err();
    assert_eq!(codes(&fault), [("/ids/0", "unknown-reference")]);
    firm.as_person(zoe).post("/stand-in/approve", &json!({ "ids": [kims] })).unwrap();
    firm.as_person(noah).post("/stand-in/approve", &json!({ "ids": [mias] })).unwrap();
    for (sheet, place) in [(mias, ben), (kims, noah)] {
        assert_eq!(firm.host.record("sheets", sheet).unwrap()["in_place_of"], json!(place));
    }
}

#[test]
fn lines_without_a_manager_wait_for_who_leads_the_crew() {
    let mut firm = firm();
    firm.host.fill_in("approval", "project");
    let (ben, noah, mia) = (firm.ben, firm.noah, firm.mia);
    firm.weeks(mia);
    let waits = |firm: &mut Firm, by: Id| firm.as_person(by).get("/project-lines", &[]).unwrap().json().clone();
    assert_eq!(waits(&mut firm, noah), Json::Null);
    let shown = waits(&mut firm, ben);
    let line: Id = shown["rows"][0]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(firm.as_person(noah).transition("lines", line, "approve").unwrap_err().code, ErrorCode::NotFound);
    firm.as_person(ben).post("/project-lines/approve", &json!({ "ids": [line] })).unwrap();
    assert_eq!(firm.host.record("lines", line).unwrap()["approver"], json!(ben));
}

#[test]
fn who_leads_no_crew_is_told_so_and_so_is_who_sets_up() {
    let mut firm = firm();
    let (ben, noah, kim) = (firm.ben, firm.noah, firm.kim);
    assert_eq!(firm.team(firm.alex, LAST)["notes"], json!([]));
    let expected = json!(["Ben", "Mia", "Sam"]);
    assert_eq!(firm.team(ben, LAST)["missing"], expected);
    let perth = firm.perth;
    firm.boss().update("crews", perth, json!({ "leaders": [ben], "members": [kim] })).unwrap();
    let own = firm.weeks(noah)[0];
    let team = firm.team(noah, LAST);
    assert_eq!((&team["rows"], &team["missing"]), (&json!([]), &json!([])));
    assert!(team["nothing"].as_str().unwrap().starts_with("You lead no crew, so you see your own time alone."));
    assert!(firm.as_person(noah).run(|| records::get_for_caller("sheets", own, &["id"])).unwrap().is_some());
    let notes = firm.team(firm.alex, LAST)["notes"].clone();
    assert!(
        notes[0].as_str().unwrap().starts_with("Noah may approve or enter time for others, and leads no crew yet"),
        "{notes}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However people are moved, each is in one crew at most, what is open of them is of that, and what was approved of
    /// them stays where it was.
    #[test]
    fn open_weeks_are_of_the_crew_that_people_are_in_whatever_moves(
        moves in prop::collection::vec((0_usize..2, prop::collection::btree_set(0_usize..4, 0..4)), 1..8),
    ) {
        let mut firm = firm();
        let people = [firm.mia, firm.sam, firm.kim, firm.zoe];
        let crews = [firm.sydney, firm.perth];
        let sheets = people.map(|person| firm.weeks(person));
        let decided: Vec<Id> = sheets.iter().map(|[before, _]| *before).collect();
        firm.boss().post("/team/approve", &json!({ "ids": decided })).unwrap();
        let stays = decided.iter().map(|id| firm.crew("sheets", *id)).collect::<Vec<_>>();
        let mut is: [BTreeSet<usize>; 2] = [BTreeSet::from([0, 1]), BTreeSet::from([2])];
        for (at, members) in moves {
            let wanted: Vec<Id> = members.iter().map(|member| people[*member]).collect();
            let done = firm.members(crews[at], &wanted);
            prop_assert_eq!(done.is_ok(), members.is_disjoint(&is[1 - at]), "{:?}", done);
            if done.is_ok() {
                is[at] = members;
            }
            for (person, [_, open]) in sheets.iter().enumerate() {
                let crew = (0..2).find(|at| is[*at].contains(&person)).map(|at| crews[at]);
                prop_assert_eq!(firm.crew("sheets", *open), json!(crew));
            }
        }
        prop_assert_eq!(decided.iter().map(|id| firm.crew("sheets", *id)).collect::<Vec<_>>(), stays);
    }
}
