//! Reports: what the summary of the API, the page and its files say of the same records is the same, whatever was
//! entered; a figure opens what it is of; nobody is told of what they may not see.

use crate::timesheets::{ENTRIES, Firm, firm};
use calamine::{Data, Reader as _, Xlsx};
use lignaflow_testkit::plugins::shipped;
use lignaflow_testkit::{Client, Database, Method, Role, Setup, on_both};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::Cursor;

on_both!(
    figures_are_the_sums_of_the_entries_in_the_api_on_the_page_and_in_files,
    every_figure_opens_its_records_and_nobody_is_told_of_more_than_they_see,
    a_report_is_kept_and_opened_again,
    a_table_of_a_route_is_a_page_and_a_file_with_the_same_figures,
    a_kept_table_of_a_route_is_changed_in_its_place,
);

const CSV: &str = "text/csv";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const ZONES: [&str; 4] = ["Australia/Sydney", "Australia/Perth", "Asia/Kathmandu", "America/New_York"];

/// Numbers that look like chance, the same at every run (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn up_to(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.up_to(of.len() as u64)).unwrap()]
    }
}

/// By project and month: seconds, and those that are billable.
type Sums = BTreeMap<(String, String), (i64, i64)>;

fn month(day: &str) -> String {
    format!("{}-01", &day[..7])
}

/// What is really there, entry by entry.
async fn counted(client: &Client) -> Sums {
    let mut sums = Sums::new();
    let mut path = format!("{ENTRIES}?limit=200&sort=local_date");
    loop {
        let page = client.get(&path).await.is(200);
        for entry in page.data() {
            let project = entry["project"].as_str().unwrap_or_default().to_owned();
            let of = sums.entry((project, month(entry["local_date"].as_str().unwrap()))).or_default();
            of.0 += entry["duration"].as_i64().unwrap_or(0);
            of.1 += entry["billable_duration"].as_i64().unwrap_or(0);
        }
        let Some(next) = page.json["next"].as_str() else { return sums };
        next.strip_prefix("/api/v1/").unwrap().clone_into(&mut path);
    }
}

async fn bytes(client: &Client, path: &str, accept: &str) -> Vec<u8> {
    let response = client.request(Method::GET, path).header("Accept", accept).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    response.bytes().await.unwrap().to_vec()
}

pub(crate) fn csv_rows(text: &[u8]) -> Vec<Vec<String>> {
    let text = std::str::from_utf8(text).unwrap().trim_start_matches('\u{feff}').as_bytes();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

pub(crate) fn sheet_rows(bytes: Vec<u8>) -> Vec<Vec<Data>> {
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let (_, range) = book.worksheets().remove(0);
    range.rows().map(<[Data]>::to_vec).collect()
}

pub(crate) fn place<T: PartialEq<str>>(heads: &[T], head: &str) -> usize {
    heads.iter().position(|cell| cell == head).unwrap_or_else(|| panic!("no {head}"))
}

/// Seconds of a cell that a spreadsheet shows as hours.
fn seconds(cell: &Data) -> i64 {
    let days = match cell {
        Data::DateTime(days) => days.as_f64(),
        Data::Float(days) => *days,
        Data::Empty => 0.0,
        other => panic!("{other:?}"),
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what a spreadsheet keeps of a duration is a fraction of a day"
    )]
    let seconds = (days * 86_400.0).round() as i64;
    seconds
}

async fn rounding(firm: &Firm, dice: &mut Dice) {
    let to = ["none", "nearest", "up", "down"];
    let values = json!({ "rounding": dice.one(&to), "rounding_minutes": 1 + dice.up_to(60), "overlap": "allow" });
    let put = firm.org.request(Method::PUT, "plugins/timesheets/settings").header("If-Match", "*");
    let _ = firm.org.send(put.json(&json!({ "values": values }))).await.is(200);
}

/// Entries of three people on two projects and on none, around both switches of the clocks, typed and timed.
async fn entered(firm: &Firm, dice: &mut Dice, porch: &str, travel: &str, count: usize) {
    let days = ["2026-03-07", "2026-04-04", "2026-04-05", "2026-06-30", "2026-07-01", "2026-10-03", "2026-10-04"];
    for _ in 0..count {
        let mut entry = match dice.up_to(4) {
            0 => json!({ "project": porch }),
            1 => json!({ "activity": travel }),
            _ => json!({ "task": firm.task }),
        };
        let day = *dice.one(&days);
        if dice.up_to(2) == 0 {
            entry["local_date"] = day.into();
            entry["duration"] = (60 * (1 + dice.up_to(600))).into();
        } else {
            let (hour, minute) = (dice.up_to(24), dice.up_to(60));
            entry["zone"] = (*dice.one(&ZONES)).into();
            entry["started_at"] = format!("{day}T{hour:02}:{minute:02}:00Z").into();
            let end: jiff::Timestamp = entry["started_at"].as_str().unwrap().parse().unwrap();
            let minutes = i64::try_from(1 + dice.up_to(700)).unwrap();
            entry["ended_at"] = (end + jiff::SignedDuration::from_mins(minutes)).to_string().into();
            entry["break_time"] = (60 * dice.up_to(2)).into();
        }
        entry["billable"] = (dice.up_to(3) > 0).into();
        let who = *dice.one(&[&firm.mia, &firm.ben]);
        let _ = who.post(ENTRIES, entry).await.is(201);
    }
}

async fn figures_are_the_sums_of_the_entries_in_the_api_on_the_page_and_in_files(database: Database) {
    let firm = firm(&database).await;
    let mut dice = Dice(20_261_126);
    let members = json!([firm.mia_id]);
    let porch = firm.org.make("projects/projects", json!({ "name": "Porch", "members": members })).await;
    let travel = firm.org.make("timesheets/activities", json!({ "name": "Travel" })).await;
    for _ in 0..3 {
        rounding(&firm, &mut dice).await;
        entered(&firm, &mut dice, &porch, &travel, 12).await;
    }
    let sums = counted(&firm.org).await;
    assert!(sums.len() > 6, "{sums:?}");
    let query = "group=project,local_date:month&sum=duration,billable_duration";
    let path = format!("{ENTRIES}/summary?{query}");
    let told = firm.org.get(&path).await.is(200);
    let found: Sums = told
        .data()
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let number = |name: &str| row[name].as_i64().unwrap_or(0);
            ((text("project"), text("local_date")), (number("sum_duration"), number("sum_billable_duration")))
        })
        .collect();
    assert_eq!(found, sums);

    let rows = csv_rows(&bytes(&firm.org, &path, CSV).await);
    let [id, day, time, billable] =
        ["project.id", "local_date", "sum_duration", "sum_billable_duration"].map(|head| place(&rows[0], head));
    let number = |text: &str| text.parse().unwrap_or(0);
    let of_row =
        |row: &Vec<String>| ((row[id].clone(), row[day].clone()), (number(&row[time]), number(&row[billable])));
    assert_eq!(rows[1..].iter().map(of_row).collect::<Sums>(), sums);

    let rows = sheet_rows(bytes(&firm.org, &path, XLSX).await);
    let heads: Vec<String> = rows[0].iter().map(ToString::to_string).collect();
    let columns = ["sum_duration", "sum_billable_duration"].map(|head| place(&heads, head));
    let in_sheet = columns.map(|at| rows[1..].iter().map(|row| seconds(&row[at])).sum::<i64>());
    let whole = sums.values().fold((0, 0), |sum, more| (sum.0 + more.0, sum.1 + more.1));
    assert_eq!(in_sheet, [whole.0, whole.1]);

    // The page says the same, row by row and in its total.
    let visitor = firm.server.signed_in(&firm.org).await;
    let page = visitor.get(&format!("/{ENTRIES}/report?{query}")).await.is(200);
    let shown = |seconds: i64| format!("{}:{:02}", seconds / 3_600, seconds / 60 % 60);
    assert!(sums.values().all(|(time, _)| time % 60 == 0), "times of the clock are whole minutes");
    for (time, _) in sums.values() {
        page.shows(&format!(">{}</a>", shown(*time)));
    }
    let total = page.text.split("<tfoot>").nth(1).unwrap();
    assert!(total.contains(&format!(">{}</a>", shown(whole.0))), "{total}");
    assert!(total.contains(&format!(">{}</a>", shown(whole.1))), "{total}");
    let file = visitor.get(&format!("/{ENTRIES}/report?{query}&format=csv")).await.is(200);
    assert_eq!(csv_rows(file.text.as_bytes())[1..].iter().map(of_row).collect::<Sums>(), sums);
}

/// The addresses that figures of a table lead to, by their texts.
pub(crate) fn linked(page: &str) -> Vec<(String, String)> {
    let body = page.split("<table class=\"table table-bleed report\">").nth(1).unwrap();
    body.split("<a href=\"")
        .skip(1)
        .filter_map(|rest| {
            let (href, rest) = rest.split_once("\">")?;
            Some((rest.split("</a>").next()?.to_owned(), href.replace("&amp;", "&")))
        })
        .collect()
}

async fn every_figure_opens_its_records_and_nobody_is_told_of_more_than_they_see(database: Database) {
    let firm = firm(&database).await;
    for (who, day, hours) in [(&firm.mia, "2026-11-02", 3), (&firm.mia, "2026-11-30", 2), (&firm.ben, "2026-11-30", 4)]
    {
        let body = json!({ "task": firm.task, "local_date": day, "duration": hours * 3_600 });
        let _ = who.post(ENTRIES, body).await.is(201);
    }
    let visitor = firm.server.signed_in(&firm.org).await;
    let query = "group=local_date:month&group=user&sum=duration&count=id&filter[local_date][gte]=2026-11-15";
    let page = visitor.get(&format!("/{ENTRIES}/report?{query}")).await.is(200);
    for (text, count) in [("2:00", 1), ("4:00", 1), ("6:00", 2)] {
        let links = linked(&page.text);
        let (_, href) = links.iter().find(|(told, _)| told == text).unwrap_or_else(|| panic!("{text}: {links:?}"));
        let list = visitor.get(href).await.is(200);
        list.shows(&format!("{count} shown"));
    }
    // What is asked wrongly is told, and the form stands.
    let wrong = visitor.get(&format!("/{ENTRIES}/report?group=colour")).await.is(200);
    wrong.shows("role=\"alert\"").shows("Grouped by");

    let mia = firm.server.visitor();
    mia.sign_in(&firm.mia_email, lignaflow_testkit::PASSWORD).await;
    let own = mia.get(&format!("/{ENTRIES}/report?group=user&sum=duration")).await.is(200);
    own.shows(">5:00</a>").hides("9:00").hides("Cost rate").hides(">Cost<");
    let _ = firm.mia.get(&format!("{ENTRIES}/summary?sum=cost")).await.is(422);
    let (_, _, other) = firm.server.member(&firm.org, "Zoe", Role::Member).await;
    assert!(other.get(&format!("{ENTRIES}/summary?group=user&sum=duration")).await.is(200).data().is_empty());
}

async fn a_report_is_kept_and_opened_again(database: Database) {
    let firm = firm(&database).await;
    let _ = firm.hours("2026-11-16", 7).await.is(201);
    let visitor = firm.server.signed_in(&firm.org).await;
    let query = "group=user&sum=duration&filter%5Blocal_date%5D%5Bgte%5D=2026-11-01";
    let fields = [("name", "By person"), ("query", query), ("shared", "true")];
    let kept = visitor.post(&format!("/{ENTRIES}/views"), &fields).await.is(303);
    assert!(kept.to().starts_with(&format!("/{ENTRIES}/report?view=")), "{}", kept.to());
    let page = visitor.follow(&kept).await.is(200);
    page.shows("aria-current=\"page\">By person").shows(">7:00</a>");
    // It is no view of the list, and the API knows it for what it is.
    visitor.get(&format!("/{ENTRIES}")).await.is(200).hides("By person");
    let listed = firm.mia.get(&format!("views?collection={ENTRIES}")).await.is(200);
    assert_eq!(listed.column("name"), ["By person"]);
    let id = listed.data()[0]["id"].as_str().unwrap().to_owned();
    let wrong = json!({ "collection": ENTRIES, "name": "x", "query": "group=colour&sum=duration" });
    let wrong = firm.org.post("views", wrong).await.is_problem(422, "invalid");
    assert!(wrong.issues().iter().any(|(path, _)| path.starts_with("/query")), "{}", wrong.text);
    let standard = json!({ "standard": true });
    let refused = firm.org.patch(&format!("views/{id}"), "*", standard).await;
    assert_eq!(refused.is_problem(422, "invalid").issues(), [("/standard", "report")]);
    // Another question is asked from it, and kept in its place.
    let changed = "group=project&sum=duration";
    visitor.get(&format!("/{ENTRIES}/report?view={id}&{changed}")).await.is(200).shows("Update report");
    let _ = visitor.post(&format!("/{ENTRIES}/views/{id}"), &[("query", changed)]).await.is(303);
    visitor.get(&format!("/{ENTRIES}/report?view={id}")).await.is(200).shows("Kitchen");
    let gone = visitor.post(&format!("/{ENTRIES}/views/{id}/remove"), &[]).await.is(303);
    assert_eq!(gone.to(), format!("/{ENTRIES}/report"));
}

async fn a_table_of_a_route_is_a_page_and_a_file_with_the_same_figures(database: Database) {
    let plugins = ["projects", "estimates", "timesheets", "reporting"].map(shipped).into();
    let server = database.serve_with(Setup { plugins, ..Setup::default() }).await;
    let org = server.organization("Halloran & Beck").await;
    let project = org.make("projects/projects", json!({ "name": "Kitchen" })).await;
    let amount = json!({ "minor": 12_345, "currency": "AUD" });
    let cost = json!({ "title": "Oak", "project": project, "amount": amount, "billable": false });
    let _ = org.make("projects/costs", cost).await;
    let entry = json!({ "project": project, "local_date": "2026-11-16", "duration": 27_000, "billable": true });
    let _ = org.make(ENTRIES, entry).await;

    let path = "reporting/utilisation?from=2026-11-16&until=2026-11-20";
    let told = org.get(path).await.is(200).json;
    let row = &told["rows"][0];
    assert_eq!((&row["capacity"], &row["billable"]), (&json!(5 * 27_360), &json!(27_000)));
    let rows = csv_rows(&bytes(&org, path, CSV).await);
    let at = |head: &str| place(&rows[0], head);
    assert_eq!((rows[1][at("capacity")].as_str(), rows[1][at("billable")].as_str()), ("136800", "27000"));
    let sheet = sheet_rows(bytes(&org, path, XLSX).await);
    assert_eq!((seconds(&sheet[1][at("capacity")]), seconds(&sheet[1][at("billable")])), (136_800, 27_000));

    let visitor = server.signed_in(&org).await;
    let days = "period=&from=2026-11-16&until=2026-11-20";
    let page = visitor.get(&format!("/reporting/-/utilisation?{days}")).await.is(200);
    page.shows(">38:00</a>").shows(">7:30</a>").shows("format=csv");
    let behind = linked(&page.text).into_iter().find(|(text, _)| text == "7:30").unwrap().1;
    visitor.get(&behind).await.is(200).shows("1 shown");
    let file = visitor.get(&format!("/reporting/-/utilisation?{days}&format=csv")).await.is(200);
    assert_eq!(csv_rows(file.text.as_bytes()), rows);
    // One job: nothing before it is chosen, then each figure leads to what is behind it.
    visitor.get("/reporting/-/project").await.is(200).shows("Project").hides("table-bleed report");
    let page = visitor.get(&format!("/reporting/-/project?id={project}&by=task")).await.is(200);
    page.shows("$123.45");
    let result = visitor.get(&format!("/reporting/-/result?id={project}")).await.is(200);
    result.shows("Did it pay?").shows("−$123.45");
    for page in ["hours", "attendance", "pay-hours", "unbilled", "workload", "profit", "quotes", "declines", "jobs"] {
        let page = visitor.get(&format!("/reporting/-/{page}")).await.is(200);
        page.hides("could not").hides("The plugin");
    }
    let _ = visitor.get("/reporting/-/utilisation?format=docx").await.is(422);
    for paper in [format!("/reporting/-/utilisation?{days}&format=pdf"), format!("/{ENTRIES}/report?format=pdf")] {
        let paper = visitor.get(&paper).await.is(200);
        assert!(paper.text.starts_with("%PDF-"), "{}", paper.text.chars().take(200).collect::<String>());
    }
    let _ = visitor.get("/reporting/-/project?format=pdf").await.is(422);
    let _ = visitor.get("/reporting/-/project?format=csv").await.is(422);
    let (_, _, mia) = server.member(&org, "Mia", Role::Member).await;
    let own = mia.get(path).await.is(200).json;
    let names: Vec<&Json> = own["rows"].as_array().unwrap().iter().map(|row| &row["title"]).collect();
    assert_eq!(names, ["Mia"], "of others she is told nothing");
}

async fn a_kept_table_of_a_route_is_changed_in_its_place(database: Database) {
    let plugins = ["projects", "estimates", "timesheets", "reporting"].map(shipped).into();
    let server = database.serve_with(Setup { plugins, ..Setup::default() }).await;
    let org = server.organization("Halloran & Beck").await;
    let visitor = server.signed_in(&org).await;
    let base = "/reporting/-/utilisation";
    let asked = "period=&from=2026-11-16&until=2026-11-20";
    let kept = visitor.post(&format!("{base}/views"), &[("name", "One week"), ("query", asked)]).await.is(303);
    let page = visitor.follow(&kept).await.is(200);
    page.shows("aria-current=\"page\">One week").shows("value=\"2026-11-20\"").hides("Update report");
    let view = kept.to().split("view=").nth(1).unwrap();
    page.shows(&format!("name=\"view\" value=\"{view}\""));

    // What is asked from it goes on being about it, and is kept in its place.
    let other = "period=&from=2026-11-16&until=2026-11-27";
    let page = visitor.get(&format!("{base}?view={view}&{other}")).await.is(200);
    page.shows("aria-current=\"page\">One week").shows("Update report").shows("value=\"2026-11-27\"");
    let _ = visitor.post(&format!("{base}/views/{view}"), &[("query", other)]).await.is(303);
    let views = org.get("views").await.is(200);
    assert_eq!((views.data().len(), &views.data()[0]["query"]), (1, &json!(other)));
    visitor.get(&format!("{base}?view={view}")).await.is(200).shows("value=\"2026-11-27\"").hides("Update report");
    // What is said no more is no change.
    visitor.get(&format!("{base}?view={view}&from=2026-11-16&until=2026-11-27")).await.is(200).hides("Update report");
    // Somebody who only sees it keeps one of their own.
    let _ = org.patch(&format!("views/{view}"), "*", json!({ "shared": true })).await.is(200);
    let (_, email, _) = server.member(&org, "Mia", Role::Member).await;
    let mia = server.visitor();
    mia.sign_in(&email, lignaflow_testkit::PASSWORD).await;
    let page = mia.get(&format!("{base}?view={view}&{asked}")).await.is(200);
    page.hides("Update report").shows("Save report");
}
