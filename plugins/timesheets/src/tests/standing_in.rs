//! Approving in the place of somebody who is away.

use super::approving::firm;
use super::*;

#[test]
fn a_stand_in_approves_while_somebody_is_away_and_neither_before_nor_after() {
    let mut firm = firm();
    firm.hours("2026-11-17", 7);
    let sheet = firm.submit("2026-11-16");
    let ana = firm.as_boss().caller.person().unwrap();
    firm.host.give(ana, &["timesheets.approve", "timesheets.see-all"]);
    let ben = firm.host.add_person("Ben");
    let named = json!({ "stand_in": ben, "first": "2026-11-23", "last": "2026-11-27" });
    let id = firm.as_boss().insert("stand-ins", named).unwrap();
    assert_eq!(
        firm.host.record("stand-ins", id).unwrap()["label"],
        "Ben for Alex Carpenter, 23 Nov 2026 – 27 Nov 2026"
    );
    let told: Vec<Id> = firm.host.notices().iter().flat_map(|notice| notice.people.clone()).collect();
    assert!(told.contains(&ben));

    let body = json!({ "ids": [sheet] });
    for (now, may) in [("2026-11-22T01:00:00Z", false), ("2026-11-28T01:00:00Z", false), ("2026-11-25T01:00:00Z", true)]
    {
        firm.as_mia();
        let host = &mut firm.host;
        host.caller.principal = context::Principal::Person(ben);
        host.caller.now = at(now);
        let shown = host.get("/stand-in", &[("week", "2026-11-16")]).unwrap().json().clone();
        assert_eq!(shown.is_object(), may, "{now}: {shown}");
        // Not even the one who may now is let in by the door of those who hold the permission.
        let approved = host.post("/stand-in/approve", &body);
        assert_eq!(approved.is_ok(), may, "{now}");
        if may {
            assert_eq!((&shown["rows"][0]["title"], &shown["rows"][0]["ready"]), (&json!("Mia"), &json!(true)));
        }
    }
    let record = firm.host.record("sheets", sheet).unwrap();
    assert_eq!((&record["status"], &record["approver"]), (&json!("approved"), &json!(ben)));
    assert_eq!(record["in_place_of"], json!(ana));
}

#[test]
fn nobody_stands_in_for_who_cannot_approve_or_for_themselves_or_approves_their_own() {
    let mut firm = firm();
    firm.hours("2026-11-17", 7);
    let sheet = firm.submit("2026-11-16");
    let (ana, mia) = (firm.as_boss().caller.person().unwrap(), firm.mia);
    let of = |user: Id, stand_in: Id| json!({ "user": user, "stand_in": stand_in, "first": "2026-11-20", "last": "2026-11-27" });
    let fault = firm.as_boss().insert("stand-ins", of(ana, ana)).unwrap_err();
    assert_eq!(codes(&fault), [("/stand_in", "self")]);
    let fault = firm.as_boss().insert("stand-ins", of(mia, ana)).unwrap_err();
    assert_eq!(codes(&fault), [("/user", "permission")]);
    firm.host.give(ana, &["timesheets.approve", "timesheets.see-all"]);
    let fault = firm.as_mia().insert("stand-ins", of(ana, mia)).unwrap_err();
    assert_eq!(fault.code, ErrorCode::Denied, "who does not approve names nobody");

    firm.as_boss().insert("stand-ins", of(ana, mia)).unwrap();
    let fault = firm.as_mia().post("/stand-in/approve", &json!({ "ids": [sheet] })).unwrap_err();
    assert_eq!(fault.code, ErrorCode::Denied, "one's own is for somebody else");
    // Once who is away may not approve any more, nobody does in their place.
    firm.host.give(ana, &[]);
    let other = firm.host.add_person("Ben");
    firm.host.caller.principal = context::Principal::Person(other);
    assert_eq!(firm.host.get("/stand-in", &[]).unwrap().json(), &Json::Null);
    assert_eq!(firm.as_boss().get("/stand-in", &[]).unwrap().json(), &Json::Null, "they have a page of the team");
}
