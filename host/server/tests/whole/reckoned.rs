//! Reports by the days of another zone, and with durations that are rounded: the same figures from the API, on the page,
//! in its files, by a link and by mail, which all say so.

use crate::follows::{last, letters, put};
use crate::reports::{csv_rows, linked};
use crate::shared::{Firm, firm, keep, opened, printed, share};
use crate::timesheets::ENTRIES;
use calamine::{Reader as _, Xlsx};
use lignaflow_testkit::driver::Browser;
use lignaflow_testkit::{Database, Method, on_both, on_one};
use serde_json::json;
use std::io::Cursor;

on_both!(
    days_of_another_zone_and_rounded_durations_are_told_alike_everywhere,
    what_is_said_of_zone_or_rounding_that_there_is_not_is_refused,
);
// What a browser shows does not lie in the database.
on_one!(what_is_asked_of_reports_and_views_fits_every_screen);

const SAID: &str =
    "Days are those of America/Los_Angeles. Durations are rounded up to the next 15 minutes, each by itself";
const QUERY: &str =
    "group=started_at:day&sum=duration&round=up:15&zone=America/Los_Angeles&filter[started_at][is_null]=false";

/// On the morning and on the evening of the 18th in Sydney, of which the first lies on the 17th in Los Angeles.
async fn timed(firm: &Firm) {
    for (started_at, ended_at) in
        [("2026-11-17T20:00:00Z", "2026-11-17T21:07:00Z"), ("2026-11-18T09:00:00Z", "2026-11-18T09:22:00Z")]
    {
        let body = json!({
            "project": firm.project, "started_at": started_at, "ended_at": ended_at, "zone": "Australia/Sydney",
        });
        let _ = firm.org.post(ENTRIES, body).await.is(201);
    }
}

async fn days_of_another_zone_and_rounded_durations_are_told_alike_everywhere(database: Database) {
    let firm = firm(&database).await;
    timed(&firm).await;
    let Firm { server, org, clock, .. } = &firm;
    let told = org.get(&format!("{ENTRIES}/summary?{QUERY}")).await.is(200);
    let days = [
        json!({ "started_at": "2026-11-17", "sum_duration": 4_500 }),
        json!({ "started_at": "2026-11-18", "sum_duration": 1_800 }),
    ];
    assert_eq!(told.data(), &days);
    let plain = "group=started_at:day&sum=duration&filter[started_at][is_null]=false";
    let told = org.get(&format!("{ENTRIES}/summary?{plain}")).await.is(200);
    assert_eq!(told.data(), &[json!({ "started_at": "2026-11-18", "sum_duration": 5_340 })], "by one's own clocks");

    let get = async |accept: &str| {
        let request = org.request(Method::GET, &format!("{ENTRIES}/summary?{QUERY}")).header("Accept", accept);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.bytes().await.unwrap().to_vec()
    };
    let rows = csv_rows(&get("text/csv").await);
    assert_eq!(rows[1..], [["2026-11-17", "4500"], ["2026-11-18", "1800"]], "{rows:?}");
    let sheet = get("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet").await;
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(sheet)).unwrap();
    let about = book.worksheet_range("About").unwrap();
    assert!(about.get((0, 0)).unwrap().to_string().starts_with(SAID), "{about:?}");

    // The page says the same, its total is the sum of what it shows, and every figure opens what it is of.
    let visitor = server.signed_in(org).await;
    let page = visitor.get(&format!("/{ENTRIES}/report?{QUERY}")).await.is(200);
    page.shows(">1:15</a>").shows(">0:30</a>").shows(">1:45</a>").shows(SAID);
    for (figure, opens) in [("1:15", "1:07"), ("0:30", "0:22")] {
        let links = linked(&page.text);
        let (_, href) = links.iter().find(|(text, _)| text == figure).unwrap();
        visitor.get(href).await.is(200).shows("1 shown").shows(opens);
    }
    // So it is with days that are said by a word.
    let today = "group=project&sum=duration&filter[started_at]=today&zone=America/Los_Angeles";
    let page = visitor.get(&format!("/{ENTRIES}/report?{today}")).await.is(200);
    page.shows(">0:22</a>").hides(">1:07</a>").hides(">1:29</a>");
    let links = linked(&page.text);
    let (_, href) = links.iter().find(|(text, _)| text == "0:22").unwrap();
    visitor.get(href).await.is(200).shows("1 shown").shows("America/Los_Angeles");
    let listed = org.get(&format!("{ENTRIES}?filter[started_at]=today&zone=America/Los_Angeles")).await.is(200);
    assert_eq!(listed.data().iter().map(|entry| &entry["duration"]).collect::<Vec<_>>(), [&json!(1_320)]);
    let listed = org.get(&format!("{ENTRIES}?filter[started_at]=today")).await.is(200);
    assert_eq!(listed.data().len(), 2);

    // Kept, it is the same for whoever opens it, by a link and by mail.
    let view = keep(org, "Day by day", QUERY, true).await;
    let kept = visitor.get(&format!("/{ENTRIES}/report?view={view}")).await.is(200);
    kept.shows(">1:45</a>").shows(SAID).shows("value=\"America/Los_Angeles\"").shows("value=\"up:15\" selected");
    let (_, path) = share(org, &view, json!({ "files": true })).await;
    let (guest, address) = opened(server, &path).await;
    guest.get(&address).await.is(200).shows(">1:45<").shows(SAID);
    let words = printed(&guest, &address).await;
    assert!(words.contains("America/Los_Angeles") && words.contains("1:45"), "{words}");
    let _ = put(org, &view, json!({ "mailed": "daily", "form": "xlsx" })).await.is(200);
    clock.advance_seconds(86_400);
    let to = letters(server, &org.email).await;
    assert_eq!(to.len(), 1);
    assert!(last(server, &org.email).await.text.contains("America/Los_Angeles"));
}

async fn what_is_said_of_zone_or_rounding_that_there_is_not_is_refused(database: Database) {
    let firm = firm(&database).await;
    let ask = async |query: &str| {
        let path = format!("{ENTRIES}/summary?sum=duration&{query}");
        let wrong = firm.org.get(&path).await.is_problem(422, "invalid");
        wrong.issues().into_iter().map(|(path, code)| (path.to_owned(), code.to_owned())).collect::<Vec<_>>()
    };
    let issue = |path: &str, code: &str| vec![(path.to_owned(), code.to_owned())];
    assert_eq!(ask("zone=Mars").await, issue("/zone", "unknown-zone"));
    assert_eq!(ask("round=up:61").await, issue("/round", "rounding"));
    assert_eq!(ask("group=note:week").await, issue("/group", "bucket"));
    let view = json!({ "collection": ENTRIES, "name": "x", "query": "sum=duration&round=even:5&zone=Mars" });
    let wrong = firm.org.post("views", view).await.is_problem(422, "invalid");
    assert_eq!(wrong.issues(), [("/query/zone", "unknown-zone"), ("/query/round", "rounding")]);
    let visitor = firm.server.signed_in(&firm.org).await;
    let page = visitor.get(&format!("/{ENTRIES}/report?sum=duration&zone=Mars")).await.is(200);
    page.shows("role=\"alert\"").shows("such as Australia/Sydney, not `Mars`").shows("value=\"Mars\"");
}

async fn what_is_asked_of_reports_and_views_fits_every_screen(database: Database) {
    let firm = firm(&database).await;
    let Some(browser) = Browser::open().await else { return };
    timed(&firm).await;
    let Firm { server, org, project, .. } = &firm;
    for (title, due) in [("Oak benchtop, with the sink cut out", "2026-11-02"), ("Handrail", "2026-11-17")] {
        let task = json!({ "title": title, "project": project, "assignees": [org.owner.to_string()], "due": due });
        let _ = org.make("projects/tasks", task).await;
    }
    browser.sign_in(&server.root, &org.email, lignaflow_testkit::PASSWORD).await;
    let view = keep(org, "Day by day, in quarters of an hour", QUERY, true).await;
    for (name, path) in [
        ("report-reckoned", format!("/{ENTRIES}/report?view={view}")),
        ("list-zoned", format!("/{ENTRIES}?filter[started_at]=today&zone=America/Los_Angeles")),
        ("list-views", "/projects/tasks?view=overdue".to_owned()),
        ("list-mine", format!("/{ENTRIES}?view=mine")),
    ] {
        browser.goto(&format!("{}{path}", server.root)).await;
        browser.pictures(name).await;
    }
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}
