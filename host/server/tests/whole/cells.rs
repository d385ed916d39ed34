//! Cells of a list that are changed where they stand: which of them, by whom, and through the same door as the form.

use crate::family::QUOTES;
use crate::scene::{PROJECTS, TASKS, opened, scene};
use lignaflow_testkit::driver::Browser;
use lignaflow_testkit::{Database, PASSWORD, Role, on_both, on_one};
use serde_json::json;

on_both!(
    short_fields_that_its_reader_writes_have_a_pen_in_the_list,
    what_is_writable_by_record_has_a_pen_on_those_records_alone,
    what_is_locked_has_no_pen_and_neither_have_its_parts,
    a_form_that_came_from_a_list_leads_back_to_it,
);
on_one!(a_cell_is_changed_where_it_stands, what_was_typed_into_a_cell_is_not_lost);

/// How a pen leads to its field, and how script finds it.
fn pen(collection: &str, record: &str, field: &str) -> String {
    format!("href=\"/{collection}/{record}/edit#f-{field}\" data-cell=\"{record}/{field}\"")
}

async fn short_fields_that_its_reader_writes_have_a_pen_in_the_list(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let task = scene.task("Cut <oak>", json!({})).await;
    let page = visitor.get("/projects/tasks").await.is(200);
    for field in ["title", "project", "phase", "priority", "due"] {
        page.shows(&pen(TASKS, &task, field));
    }
    page.shows("aria-label=\"Change due of Cut &lt;oak&gt;\"").shows("<lf-cells>");
    // A state moves by its transitions, and people are chosen in the form.
    page.hides(&pen(TASKS, &task, "status")).hides(&pen(TASKS, &task, "assignees"));
    // Each leads to a control that has the focus in the form, without script as well.
    visitor.get(&format!("/{TASKS}/{task}/edit")).await.is(200).shows("id=\"f-due\"").shows("id=\"f-priority\"");

    let chosen = "/projects/tasks?fields=planned_minutes,planned_cost,billable,checks,notes,source_line";
    let page = visitor.get(chosen).await.is(200);
    for field in ["planned_minutes", "planned_cost", "billable"] {
        page.shows(&pen(TASKS, &task, field));
    }
    for field in ["checks", "notes", "source_line"] {
        page.hides(&pen(TASKS, &task, field));
    }
    let _ = scene.org.delete(&format!("{TASKS}/{task}"), "*").await.is(200);
    visitor.get("/projects/tasks?archived=true").await.is(200).shows("Cut &lt;oak&gt;").hides("data-cell");
}

async fn what_is_writable_by_record_has_a_pen_on_those_records_alone(database: Database) {
    let scene = scene(&database).await;
    let (mia, email, _) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    let led = json!({ "name": "Shelves", "manager": mia.to_string() });
    let led = scene.org.make(PROJECTS, led).await;
    let own = scene.task_of(&led, "Own", json!({})).await;
    // They are on it, and bring it forward, but do not plan it.
    let on_it = scene.task("Theirs", json!({ "assignees": [mia.to_string()] })).await;
    let visitor = scene.server.visitor();
    visitor.sign_in(&email, PASSWORD).await;
    let page = visitor.get("/projects/tasks").await.is(200);
    page.shows("Own").shows("Theirs");
    for field in ["title", "priority", "due"] {
        page.shows(&pen(TASKS, &own, field)).hides(&pen(TASKS, &on_it, field));
    }
    // Whose pages were made elsewhere, or whose rights went meanwhile, is refused as by the form.
    let form = visitor.get(&format!("/{TASKS}/{on_it}/edit")).await.is(200);
    let version = form.value("~version");
    let fields = [("due", "4/12/2026"), ("~version", version.as_str()), ("~base", "{\"due\":\"\"}")];
    visitor.post(&format!("/{TASKS}/{on_it}"), &fields).await.is(422).shows("id=\"error-due\"");
    visitor.get("/projects/clients").await.is(200).hides("data-cell");
    let reader = scene.server.signed_in(&scene.org).await;
    reader.get("/projects/tasks").await.is(200).shows(&pen(TASKS, &on_it, "due"));
}

async fn what_is_locked_has_no_pen_and_neither_have_its_parts(database: Database) {
    let (server, org, _) = database.declaring(QUOTES).await;
    let owner = server.signed_in(&org).await;
    let mut all = Vec::new();
    for title in ["Kitchen", "Bath"] {
        let estimate = org.make("quotes/estimates", json!({ "title": title })).await;
        let line = org.make("quotes/lines", json!({ "title": "Oak top", "estimate": estimate })).await;
        let remark = org.make("quotes/remarks", json!({ "text": "Oiled", "line": line })).await;
        all.push([estimate, line, remark]);
    }
    let _ = org.act(&format!("quotes/estimates/{}/issue", all[0][0])).await.is(200);
    let [issued, open] = [&all[0], &all[1]];
    for (at, (collection, field)) in
        [("quotes/estimates", "title"), ("quotes/lines", "title"), ("quotes/remarks", "text")].into_iter().enumerate()
    {
        let page = owner.get(&format!("/{collection}")).await.is(200);
        page.shows(&pen(collection, &open[at], field)).hides(&pen(collection, &issued[at], field));
        page.shows(&format!("href=\"/{collection}/{}\"", issued[at]));
    }
}

async fn a_form_that_came_from_a_list_leads_back_to_it(database: Database) {
    const LIST: &str = "/projects/tasks?sort=title";
    let (scene, visitor) = opened(&database).await;
    let task = scene.task("Cut", json!({ "notes": "Oak." })).await;
    let path = format!("/{TASKS}/{task}");
    let form = visitor.get(&format!("{path}/edit")).await.is(200);
    let (version, base) = (form.value("~version"), form.value("~base"));
    let with = |due: &'static str, back: &'static str| {
        [
            ("title", "Cut"),
            ("project", scene.project.as_str()),
            ("priority", "normal"),
            ("billable", "true"),
            ("notes", "Oak."),
            ("due", due),
            ("~version", version.as_str()),
            ("~base", base.as_str()),
            ("back", back),
        ]
    };
    let wrong = visitor.post(&path, &with("31/11/2026", LIST)).await.is(422);
    wrong.shows("id=\"error-due\"").shows("value=\"31/11/2026\"");
    let saved = visitor.post(&path, &with("4/12/2026", LIST)).await.is(303);
    assert_eq!(saved.to(), LIST);
    visitor.follow(&saved).await.is(200).shows("Saved “Cut”.").shows("4/12/2026");
    let late = visitor.post(&path, &with("5/12/2026", LIST)).await.is(409);
    late.shows("changed this").shows("value=\"5/12/2026\"").shows("Due: <b>4/12/2026</b>");
    assert_eq!(scene.org.get(&format!("{TASKS}/{task}")).await.json["due"], "2026-12-04", "nothing was overwritten");

    let form = visitor.get(&format!("{path}/edit")).await.is(200);
    let (version, base) = (form.value("~version"), form.value("~base"));
    assert!(base.contains("4/12/2026"), "{base}");
    // A form of one field says of one field what it was.
    let fields = [
        ("due", "7/12/2026"),
        ("~version", version.as_str()),
        ("~base", "{\"due\":\"4/12/2026\"}"),
        ("back", "https://evil.example/"),
    ];
    assert_eq!(visitor.post(&path, &fields).await.is(303).to(), "/", "to no other site");
    let saved = scene.org.get(&format!("{TASKS}/{task}")).await.json.clone();
    assert_eq!((&saved["due"], &saved["title"]), (&json!("2026-12-07"), &json!("Cut")));
}

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const RIGHT: &str = "\u{e014}";
const DOWN: &str = "\u{e015}";

/// Whether what script says of the page comes true.
async fn comes(browser: &Browser, told: &str) {
    let asked = async {
        while browser.client.execute(&format!("return Boolean({told})"), Vec::new()).await.unwrap() != json!(true) {
            tokio::task::yield_now().await;
        }
    };
    let came = tokio::time::timeout(std::time::Duration::from_secs(20), asked).await.is_ok();
    assert!(came, "{told} does not come true: {}", browser.client.source().await.unwrap());
}

async fn keys(browser: &Browser, keys: &str) {
    browser.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
}

/// That the pen of this cell has the focus.
fn focused(record: &str, field: &str) -> String {
    format!("document.activeElement.dataset?.cell === '{record}/{field}'")
}

/// That the rows, as they are read, have this.
fn rows_have(text: &str) -> String {
    format!("document.querySelector('#results').innerText.includes('{text}')")
}

async fn a_cell_is_changed_where_it_stands(database: Database) {
    let scene = scene(&database).await;
    let cut = scene.task("Cut", json!({ "due": "2026-12-01", "notes": "Oak." })).await;
    let glue = scene.task("Glue", json!({})).await;
    let Some(browser) = Browser::open().await else { return };
    browser.sign_in(&scene.server.root, &scene.org.email, &scene.org.password).await;
    browser.goto(&format!("{}/{TASKS}?sort=title", scene.server.root)).await;
    comes(&browser, "customElements.get('lf-cells')").await;

    // By keys alone: to the row, along its pens, into the cell, and back out with what was typed.
    keys(&browser, "j").await;
    keys(&browser, RIGHT).await;
    comes(&browser, &focused(&cut, "title")).await;
    browser.picture("cells-pen").await;
    keys(&browser, DOWN).await;
    comes(&browser, &focused(&glue, "title")).await;
    keys(&browser, ENTER).await;
    comes(&browser, "document.activeElement.matches('.cell-form input[name=title]')").await;
    keys(&browser, "Glue up").await;
    browser.pictures("cells-open").await;
    browser.resize(1280, 900).await;
    keys(&browser, ENTER).await;
    comes(&browser, &rows_have("Glue up")).await;
    comes(&browser, &focused(&glue, "title")).await;
    comes(&browser, "document.querySelector('.toast')?.innerText.includes('Saved “Glue up”.')").await;
    assert_eq!(browser.path().await, format!("/{TASKS}?sort=title"), "the list is where one was");

    // What is chosen, and what is picked among people and records.
    let pen = |field: &str| format!("[data-cell='{cut}/{field}']");
    browser
        .client
        .execute(&format!("document.querySelector(\"{}\").click()", pen("priority")), Vec::new())
        .await
        .unwrap();
    browser.find(".cell-form select option[value=urgent]").await.click().await.unwrap();
    browser.picture("cells-choice").await;
    browser.find(".cell-form [aria-label=Save]").await.click().await.unwrap();
    comes(&browser, &focused(&cut, "priority")).await;
    comes(&browser, &rows_have("Urgent")).await;
    let saved = scene.org.get(&format!("{TASKS}/{cut}")).await.json.clone();
    assert_eq!((&saved["priority"], &saved["notes"]), (&json!("urgent"), &json!("Oak.")), "and nothing beside");

    // What cannot be read is told at the cell, with what was typed, and left as it was.
    browser.client.execute(&format!("document.querySelector(\"{}\").click()", pen("due")), Vec::new()).await.unwrap();
    comes(&browser, "document.activeElement.matches('.cell-form input[name=due]')").await;
    keys(&browser, "31/11/2026").await;
    keys(&browser, ENTER).await;
    comes(&browser, "document.querySelector('.cell-form .field-error')?.innerText.includes('November has 30 days')")
        .await;
    comes(&browser, "document.querySelector('.cell-form input')?.value === '31/11/2026'").await;
    browser.pictures("cells-refused").await;
    browser.resize(1280, 900).await;
    comes(&browser, "document.activeElement.matches('.cell-form input[name=due]')").await;
    keys(&browser, ESCAPE).await;
    comes(&browser, &focused(&cut, "due")).await;
    comes(&browser, &rows_have("1/12/2026")).await;
    assert_eq!(scene.org.get(&format!("{TASKS}/{cut}")).await.json["due"], "2026-12-01");
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

async fn what_was_typed_into_a_cell_is_not_lost(database: Database) {
    let scene = scene(&database).await;
    let cut = scene.task("Cut", json!({ "due": "2026-12-01" })).await;
    scene.task("Glue", json!({})).await;
    let Some(browser) = Browser::open().await else { return };
    browser.sign_in(&scene.server.root, &scene.org.email, &scene.org.password).await;
    browser.goto(&format!("{}/{TASKS}?sort=title", scene.server.root)).await;
    comes(&browser, "customElements.get('lf-cells')").await;
    let open =
        |record: &str, field: &str| format!("document.querySelector(\"[data-cell='{record}/{field}']\").click()");

    // Somebody else is faster: who and what is told, and theirs is put in its place only once that is said again.
    browser.client.execute(&open(&cut, "due"), Vec::new()).await.unwrap();
    comes(&browser, "document.activeElement.matches('.cell-form input[name=due]')").await;
    keys(&browser, "4/12/2026").await;
    let path = format!("{TASKS}/{cut}");
    let _ = scene.org.patch(&path, "*", json!({ "due": "2026-12-09", "priority": "low" })).await.is(200);
    keys(&browser, ENTER).await;
    comes(&browser, "document.querySelector('.cell-form > .field-error')?.innerText.includes('changed this')").await;
    comes(&browser, "document.querySelector('.cell-form > .field-error')?.innerText.includes('9/12/2026')").await;
    comes(&browser, "document.querySelector('.cell-form input')?.value === '4/12/2026'").await;
    browser.pictures("cells-faster").await;
    browser.resize(1280, 900).await;
    assert_eq!(scene.org.get(&path).await.json["due"], "2026-12-09");
    comes(&browser, "document.activeElement.matches('.cell-form input[name=due]')").await;
    keys(&browser, ENTER).await;
    comes(&browser, &focused(&cut, "due")).await;
    let saved = scene.org.get(&path).await.json.clone();
    assert_eq!((&saved["due"], &saved["priority"]), (&json!("2026-12-04"), &json!("low")));

    // Rows that are put anew keep what is being typed in them; another cell is opened once this one is saved.
    browser.client.execute(&open(&cut, "title"), Vec::new()).await.unwrap();
    comes(&browser, "document.activeElement.matches('.cell-form input[name=title]')").await;
    keys(&browser, "Cut twice").await;
    let anew = "document.getElementById('results').dataset.old = '1'; document.querySelector('lf-live').show()";
    browser.client.execute(anew, Vec::new()).await.unwrap();
    comes(&browser, "!document.getElementById('results').dataset.old").await;
    comes(&browser, "document.activeElement.matches('.cell-form input[name=title]')").await;
    browser.find(".search input").await.send_keys("cut").await.unwrap();
    comes(&browser, "location.search.includes('q=cut')").await;
    comes(&browser, "!document.querySelector('#results').innerText.includes('Glue')").await;
    comes(&browser, "document.querySelector('.cell-form input')?.value === 'Cut twice'").await;
    browser.client.execute(&open(&cut, "priority"), Vec::new()).await.unwrap();
    comes(&browser, &rows_have("Cut twice")).await;
    comes(&browser, "document.activeElement.matches('.cell-form select[name=priority]')").await;
    assert_eq!(scene.org.get(&path).await.json["title"], "Cut twice");

    // A server that does not answer takes nothing away either.
    browser.find(".cell-form select option[value=high]").await.click().await.unwrap();
    browser.client.execute("window.fetch = () => Promise.reject(new TypeError('gone'))", Vec::new()).await.unwrap();
    browser.find(".cell-form [aria-label=Save]").await.click().await.unwrap();
    comes(&browser, "document.querySelector('.cell-form > .field-error')?.innerText.includes('cannot be reached')")
        .await;
    comes(&browser, "document.querySelector('.cell-form select')?.value === 'high'").await;
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}
