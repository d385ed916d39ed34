//! Work under way in pages: boards, timelines, calendars, comments and the money of one record, without script and in a
//! browser.

use crate::scene::{Scene, TASKS, opened, scene};
use lignaflow_core::caller::Role;
use lignaflow_testkit::driver::Browser;
use lignaflow_testkit::{Database, on_both, on_one};
use serde_json::json;

on_both!(
    a_card_is_moved_from_the_board_without_script,
    pages_of_a_record_are_for_who_may_read_it,
    a_timeline_shows_what_waits_for_what_and_a_calendar_what_is_due,
    tasks_without_dates_are_laid_out_where_the_timeline_is_empty,
    what_is_said_of_a_task_stands_on_its_page,
    how_far_a_project_is_what_its_budget_is_used_for_and_what_was_claimed_are_pages_and_files,
    a_new_project_has_phases_and_its_money_is_for_whom_it_is_meant
);
on_one!(a_manager_drags_tasks_on_the_board_and_sees_the_timeline);

fn of(scene: &Scene, page: &str) -> String {
    format!("/projects/-/{page}/{}", scene.project)
}

async fn a_card_is_moved_from_the_board_without_script(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let cut = scene.task("Cut panels", json!({})).await;
    let other = scene.org.make("projects/projects", json!({ "name": "Porch" })).await;
    scene.task_of(&other, "Lay the deck", json!({})).await;
    let board = of(&scene, "board");
    let page = visitor.get(&board).await.is(200);
    page.shows("Cut panels").shows("In progress").hides("Lay the deck");
    page.shows(&format!("/projects/tasks/new?project={}", scene.project));
    let path = format!("/projects/tasks/{cut}/to");
    let fields = [("~version", page.value("~version")), ("transition", "start".to_owned()), ("back", board.clone())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let moved = visitor.post(&path, &fields).await;
    assert_eq!(moved.to(), board, "back to where one was");
    visitor.follow(&moved).await.is(200).shows("Start: “Cut panels”.");
    assert_eq!(scene.org.get(&format!("{TASKS}/{cut}")).await.json["status"], "in-progress");

    // What the board showed is no longer so: nothing moves, and it is said why.
    let _ = visitor.post(&path, &fields).await.is(412);
    let stray = [("transition", "start"), ("back", "//evil.example")];
    let _ = visitor.post(&path, &stray).await.is(409);
    let _ = visitor.post(&path, &[("transition", "fly")]).await.is(404);
    let _ = visitor.post(&path, &[]).await.is(422);
    let away = visitor.post(&path, &[("transition", "finish"), ("back", "//evil.example")]).await;
    assert_eq!(away.to(), "/");
}

async fn pages_of_a_record_are_for_who_may_read_it(database: Database) {
    let (scene, visitor) = opened(&database).await;
    for name in ["board", "timeline", "calendar", "comments-on-project", "money"] {
        visitor.get(&of(&scene, name)).await.is(200).shows("Reception fit-out").shows("aria-current=\"page\"");
    }
    let page = visitor.get(&format!("/projects/projects/{}", scene.project)).await.is(200);
    page.shows(&of(&scene, "board"));
    // What is looked at seldom is behind “More”, and what is open is not.
    let (bar, more) = page.text.split_once("<summary>More").unwrap();
    assert!(bar.contains(&of(&scene, "money")) && !bar.contains(&of(&scene, "copy")), "{bar}");
    assert!(more.split("</details>").next().unwrap().contains(&of(&scene, "copy")), "{more}");
    let page = visitor.get(&of(&scene, "copy")).await.is(200);
    assert!(page.text.split("<summary>More").next().unwrap().contains("aria-current=\"page\">Copy"), "{}", page.text);
    let _ = visitor.get("/projects/-/board").await.is(404);
    let _ = visitor.get(&format!("/projects/-/board/{}", scene.client)).await.is(404);
    let _ = visitor.get(&of(&scene, "overview")).await.is(404);
    let _ = visitor.get("/projects/-/board/nothing").await.is(404);

    let (_, email, _) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    let mia = scene.server.visitor();
    mia.sign_in(&email, lignaflow_testkit::PASSWORD).await;
    for name in ["board", "timeline", "money"] {
        let _ = mia.get(&of(&scene, name)).await;
    }
    let _ = mia.get(&of(&scene, "board")).await.is(404);
    let elsewhere = scene.server.organization("Another").await;
    let stranger = scene.server.signed_in(&elsewhere).await;
    let _ = stranger.get(&of(&scene, "board")).await.is(404);
}

async fn a_timeline_shows_what_waits_for_what_and_a_calendar_what_is_due(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let cut = scene.task("Cut panels", json!({ "start": "2026-12-01", "due": "2026-12-05" })).await;
    let glue = json!({ "start": "2026-12-06", "due": "2026-12-20", "depends_on": [cut] });
    scene.task("Glue", glue).await;
    scene.task("Some day", json!({})).await;
    let page = visitor.get(&of(&scene, "timeline")).await.is(200);
    page.shows("class=\"dependency\"").shows("1/12/2026 to 5/12/2026").hides("Some day");
    page.shows("1 without a date is not drawn.");
    let page = visitor.get(&format!("{}?month=2026-12", of(&scene, "calendar"))).await.is(200);
    page.shows("December 2026").shows("Glue").shows("Saturday, 5 December").shows("?month=2027-01");
    visitor.get(&format!("{}?month=2027-01", of(&scene, "calendar"))).await.is(200).hides("Glue");
    let _ = visitor.get(&format!("{}?month=soon", of(&scene, "calendar"))).await.is(200);
}

async fn tasks_without_dates_are_laid_out_where_the_timeline_is_empty(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let cut = scene.task("Cut panels", json!({ "planned_minutes": 600 })).await;
    let glue = scene.task("Glue", json!({ "depends_on": [cut] })).await;
    let timeline = of(&scene, "timeline");
    let page = visitor.get(&timeline).await.is(200);
    page.shows("Nothing here has a date yet.").shows("2 without a date are not drawn.").shows("Lay them out");
    // The list of these has both dates to be typed in its cells.
    let start = page.text.find("Put dates to them").map(|at| page.text[..at].rfind("href=\"").unwrap() + 6).unwrap();
    let list = page.text[start..].split('"').next().unwrap().replace("&amp;", "&");
    visitor.get(&list).await.is(200).shows("Cut panels").shows(">Start").shows(">Due");
    let form = page.text.split("/form/").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let send = format!("{timeline}/form/{form}");
    let typed = [("from", "7/12/2026"), ("a_day", "8:00"), ("days_a_week", "0")];
    visitor.post(&send, &typed).await.is(422).shows("0 is less than the minimum of 1");
    let typed = [("from", "7/12/2026"), ("a_day", "8:00"), ("days_a_week", "5")];
    let done = visitor.post(&send, &typed).await;
    assert_eq!(done.to(), timeline);
    let page = visitor.follow(&done).await.is(200);
    page.shows("Laid out.").shows("7/12/2026 to 8/12/2026").hides("2 without a date");
    let glue = scene.org.get(&format!("{TASKS}/{glue}")).await.is(200).json;
    assert_eq!((&glue["start"], &glue["due"]), (&json!("2026-12-09"), &json!("2026-12-09")));
    visitor.post(&send, &typed).await.is(409).shows("has a date already");
    // Who works on it sees the plan, and lays nothing out.
    let (mia, email, _) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    let project = scene.org.get(&format!("projects/projects/{}", scene.project)).await;
    let members = json!({ "members": [mia.to_string()] });
    let _ =
        scene.org.api.patch(&format!("projects/projects/{}", scene.project), &project.etag(), members).await.is(200);
    let worker = scene.server.visitor();
    worker.sign_in(&email, lignaflow_testkit::PASSWORD).await;
    worker.get(&timeline).await.is(200).shows("Glue").hides("Lay them out");
}

async fn what_is_said_of_a_task_stands_on_its_page(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let cut = scene.task("Cut panels", json!({})).await;
    let page = format!("/projects/-/comments-on-task/{cut}");
    visitor.get(&page).await.is(200).shows("Nothing has been said yet.");
    let said = [("task", cut.as_str()), ("text", "The oak is <wet>."), ("back", page.as_str())];
    let done = visitor.post("/projects/comments", &said).await;
    assert_eq!(done.to(), page);
    visitor.follow(&done).await.is(200).shows("The oak is &lt;wet&gt;.").shows("Jo");
    // It is of the project as well, which the plugin knows.
    visitor.get(&of(&scene, "comments-on-project")).await.is(200).shows("The oak is &lt;wet&gt;.");
    let empty = [("task", cut.as_str()), ("text", ""), ("back", page.as_str())];
    visitor.post("/projects/comments", &empty).await.is(422).shows("required");
}

async fn how_far_a_project_is_what_its_budget_is_used_for_and_what_was_claimed_are_pages_and_files(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let project = format!("projects/projects/{}", scene.project);
    let aud = |minor: i64| json!({ "minor": minor, "currency": "AUD" });
    let budget = json!({ "budget": aud(500_000), "budget_minutes": 600, "completion": 4_500 });
    let _ = scene.org.patch(&project, "*", budget).await.is(200);
    let cut = scene.task("Cut", json!({ "planned_minutes": 90 })).await;
    scene.task("Glue", json!({ "planned_minutes": 30 })).await;
    let _ = scene.org.act(&format!("projects/tasks/{cut}/finish")).await.is(200);
    let cost = json!({ "title": "Oak", "project": scene.project, "amount": aud(123_400), "date": "2026-11-20" });
    scene.org.make("projects/costs", cost).await;

    let progress = of(&scene, "progress");
    let page = visitor.get(&progress).await.is(200);
    page.shows("aria-current=\"page\">Progress").shows("By hand").shows("45").shows("In no phase").shows("1:30");
    let file = visitor.get(&format!("{progress}?format=csv")).await.is(200);
    assert!(file.text.lines().any(|line| line.starts_with("In no phase,2,1,0,7200,5400")), "{}", file.text);
    visitor.get(&of(&scene, "budget")).await.is(200).shows("$1,234.00").shows("24.68").shows("Whole");

    let claim = json!({ "project": scene.project, "title": "Deposit", "amount": aud(10_000), "tax": aud(1_000), "date": "2026-11-20" });
    scene.org.make("projects/claims", claim).await;
    let days = "period=&from=2026-11-01&until=2026-11-30";
    let page = visitor.get(&format!("/projects/-/invoices?{days}")).await.is(200);
    page.shows("Deposit").shows("$110.00").shows("Marrickville Dental").shows("CSV for the books");
    let books = visitor.get(&format!("/projects/-/invoices?{days}&format=own")).await.is(200);
    assert_eq!(
        books.header("content-disposition"),
        "attachment; filename=\"halloran-beck-sales-invoices-2026-11-01-to-2026-11-30.csv\""
    );
    assert!(books.text.starts_with("Claim,InvoiceNumber,ContactName"), "{}", books.text);
    assert!(books.text.contains("100.00,10.00,110.00,AUD,open"), "{}", books.text);
    let other = visitor.get("/projects/-/invoices?period=&from=2027-01-01&until=2027-01-31").await.is(200);
    other.hides("Deposit");
    let printed = visitor.get(&format!("/projects/-/invoices?{days}&format=pdf")).await.is(200);
    assert_eq!(printed.header("content-type"), "application/pdf");
    let _ = visitor.get(&format!("/projects/-/invoices?{days}&format=doc")).await.is(422);

    // They are for whom they are meant.
    let (mia, email, _) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    let worker = scene.server.visitor();
    worker.sign_in(&email, lignaflow_testkit::PASSWORD).await;
    let _ = worker.get("/projects/-/invoices").await.is(403);
    let _ = worker.get(&progress).await.is(404);
    let _ = worker.get(&format!("{progress}?format=csv")).await.is(404);
    let _ = scene.org.patch(&project, "*", json!({ "members": [mia.to_string()] })).await.is(200);
    worker.get(&progress).await.is(200).shows("In no phase");
    worker.get(&of(&scene, "budget")).await.is(200).shows("10:00").hides("1,234");
    let elsewhere = scene.server.organization("Another").await;
    let stranger = scene.server.signed_in(&elsewhere).await;
    let _ = stranger.get(&progress).await.is(404);
}

async fn a_new_project_has_phases_and_its_money_is_for_whom_it_is_meant(database: Database) {
    let scene = scene(&database).await;
    let path = format!("projects/phases?filter[project]={}&sort=position", scene.project);
    let phases = scene.org.get(&path).await.is(200);
    assert_eq!(phases.column("name"), ["Planning", "Design", "Procurement", "Construction", "Handover"]);
    let cost = json!({
        "title": "Oak", "project": scene.project, "supplier": "Timber Co", "reference": "T-77",
        "amount": { "minor": 10_000, "currency": "AUD" }
    });
    scene.org.make("projects/costs", cost.clone()).await;
    let _ = scene.org.post("projects/costs", cost).await.is(409);
    let claim = scene.org.post(&format!("projects/projects/{}/claim-costs", scene.project), json!({})).await.is(201);
    assert_eq!(claim.json["amount"]["minor"], 10_000);
    let _ = scene.org.post(&format!("projects/projects/{}/claim-costs", scene.project), json!({})).await.is(409);
    let bill = format!("projects/claims/{}/bill", claim.id());
    let _ = scene.org.post(&bill, json!({})).await.is(422);
    let billed = scene.org.post(&bill, json!({ "invoice": "INV-9" })).await.is(200);
    assert_eq!((&billed.json["status"], &billed.json["invoice"]), (&json!("billed"), &json!("INV-9")));
    let fitted =
        json!({ "title": "Fitted", "project": scene.project, "amount": { "minor": 90_000, "currency": "AUD" } });
    let fitted = scene.org.make("projects/milestones", fitted).await;
    let claim = scene.org.post(&format!("projects/milestones/{fitted}/claim"), json!({})).await.is(201);
    assert_eq!((&claim.json["title"], &claim.json["amount"]["minor"]), (&json!("Fitted"), &json!(90_000)));
    let _ = scene.org.post(&format!("projects/milestones/{fitted}/claim"), json!({})).await.is(409);
    let (_, _, mia) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    assert_eq!(mia.get("projects/costs").await.is(200).data().len(), 0);
    assert_eq!(mia.get("projects/claims").await.is(200).data().len(), 0);
}

/// Journey 5, from where the project is.
async fn a_manager_drags_tasks_on_the_board_and_sees_the_timeline(database: Database) {
    let scene = scene(&database).await;
    let room = json!({ "project": scene.project, "name": "Library" });
    let room = scene.org.make("projects/locations", room).await;
    let mut before = None;
    for (at, title) in
        ["Set out and survey", "Order brass rail, 6.2 m", "Carcasses", "Spray second coat", "Fit cornice"]
            .into_iter()
            .enumerate()
    {
        let (start, due) = (format!("2026-11-{:02}", 10 + at * 4), format!("2026-11-{:02}", 13 + at * 4));
        let after: Vec<String> = before.into_iter().collect();
        let more = json!({ "start": start, "due": due, "location": room, "depends_on": after });
        before = Some(scene.task(title, more).await);
    }
    let Some(browser) = Browser::open().await else { return };
    let root = &scene.server.root;
    browser.sign_in(root, &scene.org.email, &scene.org.password).await;
    browser.resize(1280, 900).await;
    browser.goto(&format!("{root}{}", of(&scene, "board"))).await;
    browser.find("lf-board.is-live").await;

    // A drag, as a browser tells it to a page.
    let _ = browser.client.execute(DRAG, vec![json!("Carcasses"), json!("in-progress")]).await.unwrap();
    while !in_lane(&browser, "in-progress").await.contains("Carcasses") {
        tokio::task::yield_now().await;
    }
    // And by the keyboard: M, what is first, Enter on the button.
    let _ = browser.client.execute(FOCUS, vec![json!("Set out and survey")]).await.unwrap();
    let card = browser.client.active_element().await.unwrap();
    card.send_keys("m").await.unwrap();
    browser.find(".card.is-choosing select").await.send_keys("Finish").await.unwrap();
    browser.find(".card.is-choosing button").await.click().await.unwrap();
    while !in_lane(&browser, "done").await.contains("Set out and survey") {
        tokio::task::yield_now().await;
    }
    let finished = scene.org.get("projects/tasks?filter[status]=done").await;
    assert_eq!(finished.column("title"), ["Set out and survey"]);

    for (name, width, height) in [("wide", 1280, 900), ("phone", 390, 844)] {
        browser.resize(width, height).await;
        for theme in ["light", "dark"] {
            let set = "document.cookie = `theme=${arguments[0]}; path=/; secure`";
            let _ = browser.client.execute(set, vec![json!(theme)]).await.unwrap();
            for page in ["board", "timeline", "calendar", "comments-on-project", "money"] {
                browser.goto(&format!("{root}{}?month=2026-11", of(&scene, page))).await;
                browser.picture(&format!("planning-{page}-{name}-{theme}")).await;
                let wide = "return document.documentElement.scrollWidth";
                let wide = browser.client.execute(wide, Vec::new()).await.unwrap().as_u64().unwrap();
                assert!(wide <= u64::from(width), "{page} is {wide} wide on {width}");
            }
        }
    }
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

async fn in_lane(browser: &Browser, state: &str) -> String {
    let text = "return document.querySelector(`.lane[data-state='${arguments[0]}']`)?.innerText ?? ''";
    let text = browser.client.execute(text, vec![json!(state)]).await.unwrap();
    text.as_str().unwrap_or_default().to_owned()
}

const FOCUS: &str = "[...document.querySelectorAll('.card h3 a')].find((a) => a.textContent === arguments[0]).focus()";
const DRAG: &str = "
    const data = new DataTransfer();
    const tell = (at, name) => at.dispatchEvent(new DragEvent(name, { bubbles: true, cancelable: true, dataTransfer: data }));
    const link = [...document.querySelectorAll('.card h3 a')].find((a) => a.textContent === arguments[0]);
    const card = link.closest('.card');
    const lane = document.querySelector(`.lane[data-state='${arguments[1]}']`);
    tell(card, 'dragstart'); tell(lane, 'dragover'); tell(lane, 'drop'); tell(card, 'dragend');";
