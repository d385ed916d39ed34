//! The ways of people through the sample firm, in a browser, each as who walks it: the firm is made once for all of them.

use crate::jobs::until;
use crate::owner;
use crate::sample::{PASSWORD, peopled};
use lignaflow_sample::Newcomer;
use lignaflow_testkit::driver::Browser;
use lignaflow_testkit::plugins::{declared, shipped};
use lignaflow_testkit::{Client, Database, Method, Org, Scope, Server, Setup, on_one};
use serde_json::{Value as Json, json};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

on_one!(everybody_walks_their_way_through_the_sample_firm);

/// A week of which nothing is submitted yet.
const WEEK: &str = "2026-11-23";
const CLIENT: &str = "Ashgrove Bakery";
const CLIENT_MAIL: &str = "kim@ashgrove.example";
const ENTER: &str = "\u{e007}";
const DOWN_ENTER: &str = "\u{e015}\u{e007}";
const PATIENCE: Duration = Duration::from_secs(30);

type Way = for<'a> fn(&'a Walk, &'a Browser) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

pub(crate) struct Walk {
    pub(crate) server: Server,
    pub(crate) org: Org,
    staff: Vec<Newcomer>,
    folder: PathBuf,
}

impl Walk {
    fn email(&self, name: &str) -> &str {
        &self.staff.iter().find(|newcomer| newcomer.name == name).unwrap().email
    }

    async fn api(&self, name: &str) -> Client {
        let token = self.server.token(self.email(name), &self.org.name, Scope::All).await;
        self.server.client(Some(&token))
    }

    async fn opens(&self, browser: &Browser, name: &str) {
        self.signs_in(browser, self.email(name), PASSWORD).await;
    }

    /// As at a desk, whoever was there before.
    async fn signs_in(&self, browser: &Browser, email: &str, password: &str) {
        self.goes(browser, "/sign-in").await;
        browser.client.delete_all_cookies().await.unwrap();
        browser.resize(1280, 900).await;
        browser.sign_in(&self.server.root, email, password).await;
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    async fn goes(&self, browser: &Browser, path: &str) {
        browser.goto(&format!("{}{path}", self.server.root)).await;
    }
}

async fn everybody_walks_their_way_through_the_sample_firm(database: Database) {
    let plugins = ["projects", "estimates", "timesheets", "reporting"].map(shipped).to_vec();
    let server = database.serve_with(Setup { plugins, ..Setup::default() }).await;
    let Some(browser) = Browser::open().await else { return };
    let (org, staff) = peopled(&server, "Halloran Joinery").await;
    let walk = Arc::new(Walk { server, org, staff, folder: database.folder().to_owned() });
    let browser = Arc::new(browser);
    let ways: [(&str, Way); 8] = [
        ("owner", |walk, browser| Box::pin(owner::follows_one_job_down_to_its_hours(walk, browser))),
        ("estimator and client", |walk, browser| Box::pin(an_estimator_quotes_and_a_client_signs(walk, browser))),
        ("manager who plans", |walk, browser| Box::pin(a_manager_plans_what_was_won(walk, browser))),
        ("worker", |walk, browser| Box::pin(a_worker_records_a_day_on_a_phone(walk, browser))),
        ("manager who approves", |walk, browser| Box::pin(a_manager_approves_a_week(walk, browser))),
        ("bookkeeper", |walk, browser| Box::pin(a_bookkeeper_bills_and_pays(walk, browser))),
        ("owner's office", |walk, browser| Box::pin(an_owner_sees_to_the_office(walk, browser))),
        ("administrator", |walk, browser| Box::pin(an_administrator_brings_a_plugin_and_goes_back(walk, browser))),
    ];
    // One who is stopped does not keep the others from being walked.
    let mut stopped = Vec::new();
    for (who, way) in ways {
        let (walk, browser) = (walk.clone(), browser.clone());
        if tokio::spawn(async move { way(&walk, &browser).await }).await.is_err() {
            stopped.push(who);
        }
    }
    assert_eq!(stopped, [""; 0], "what stopped them is told above");
    Arc::into_inner(browser).unwrap().close().await;
}

/// Pictures of the page, and on with it as at a desk. Nothing on the way here complained in the console.
async fn pictured(browser: &Browser, name: &str) {
    browser.pictures(&format!("firm-{name}")).await;
    browser.resize(1280, 900).await;
    assert_eq!(browser.complaints().await, [""; 0], "{name}");
}

async fn is_so(browser: &Browser, what: &str) {
    let script = format!("return Boolean({what})");
    let so = async {
        while browser.client.execute(&script, Vec::new()).await.unwrap() != json!(true) {
            tokio::task::yield_now().await;
        }
    };
    let came = tokio::time::timeout(PATIENCE, so).await.is_ok();
    assert!(came, "{what} is never so: {}", browser.text("main").await);
}

async fn run(browser: &Browser, script: &str) -> Json {
    browser.client.execute(script, Vec::new()).await.unwrap()
}

/// Clicks what may lie under a bar at the foot.
async fn click(browser: &Browser, css: &str) {
    let scroll = "document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })";
    let element = browser.find(css).await;
    let _ = browser.client.execute(scroll, vec![json!(css)]).await.unwrap();
    element.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
}

/// An estimate for somebody new, with sections by room, lines of the catalogue and an assembly, a margin and an option;
/// issued, sent, and signed by its client on a phone.
async fn an_estimator_quotes_and_a_client_signs(walk: &Walk, browser: &Browser) {
    walk.opens(browser, "Priya Raman").await;
    walk.goes(browser, "/estimates/-/new").await;
    browser.fill("#f-title", "Bakery counter and shelving").await;
    browser.fill("#f-client", CLIENT).await;
    is_so(
        browser,
        "document.querySelector('#f-client ~ .combo-list [role=option]')?.textContent.startsWith('New client')",
    )
    .await;
    pictured(browser, "client-in-place").await;
    browser.find("#f-client").await.click().await.unwrap();
    is_so(browser, "document.querySelector('#f-client ~ .combo-list:not([hidden]) [role=option]')").await;
    browser.find("#f-client").await.send_keys(ENTER).await.unwrap();
    is_so(browser, "document.querySelector('select[name=client]').value").await;
    browser.press(".form ~ p .btn-primary").await;
    assert!(browser.text("h1").await.contains("Bakery counter"));
    let made = walk.org.get("projects/clients?filter[name]=Ashgrove%20Bakery").await.is(200);
    assert_eq!(made.column("name"), [CLIENT]);

    let path = browser.path().await;
    let revision = path.rsplit('/').next().unwrap().to_owned();
    walk.goes(browser, &format!("/estimates/-/editor/{revision}")).await;
    browser.find("#new-section").await.send_keys(&format!("Shopfront{ENTER}")).await.unwrap();
    is_so(browser, "document.querySelectorAll('tr[data-section]').length === 2").await;
    let mut lines = 0;
    for (section, text) in [(0, "drawer box"), (0, "base cabinet 900"), (1, "handle"), (1, "benchtop")] {
        let id = format!("return document.querySelectorAll('input[id^=new-]:not(#new-section)')[{section}].id");
        let field = format!("#{}", run(browser, &id).await.as_str().unwrap());
        browser.find(&field).await.send_keys(text).await.unwrap();
        is_so(browser, &format!("document.querySelector('{field} ~ .combo-list:not([hidden]) [role=option]')")).await;
        browser.find(&field).await.send_keys(DOWN_ENTER).await.unwrap();
        let more = format!("document.querySelectorAll('tr[data-line]').length > {lines}");
        is_so(browser, &format!("{more} && !document.querySelector('lf-lines').hasAttribute('aria-busy')")).await;
        lines = run(browser, "return document.querySelectorAll('tr[data-line]').length").await.as_i64().unwrap();
    }
    let made = walk.org.get(&format!("estimates/lines?filter[revision]={revision}&sort=position")).await.is(200);
    let box_of =
        made.data().iter().find(|line| line["description"].as_str().unwrap().starts_with("Drawer box")).unwrap();
    let bench = made.data().iter().find(|line| line["description"].as_str().unwrap().starts_with("Benchtop")).unwrap();
    let (drawer, bench) = (box_of["id"].as_str().unwrap(), bench["id"].as_str().unwrap());
    let total = browser.text("dd.grand").await;
    browser.find(&format!("#pricing-{drawer} option[value=margin]")).await.click().await.unwrap();
    is_so(
        browser,
        &format!("document.querySelector('#pricing-{drawer} option[value=margin]').hasAttribute('selected')"),
    )
    .await;
    browser.fill(&format!("#rate-{drawer}"), "40\t").await;
    is_so(browser, &format!("document.querySelector('#rate-{drawer}').getAttribute('value').startsWith('40')")).await;
    assert_ne!(browser.text("dd.grand").await, total, "the total follows");
    click(browser, &format!("[data-line='{bench}'] .menu summary")).await;
    browser.find(&format!("#mode-{bench} option[value=optional]")).await.click().await.unwrap();
    is_so(browser, &format!("document.querySelector('#l-{bench}').classList.contains('is-out')")).await;
    pictured(browser, "lines").await;

    walk.goes(browser, &path).await;
    browser.find(".menu:has([action$='/to/issue']) summary").await.click().await.unwrap();
    browser.press("[action$='/to/issue'] button").await;
    pictured(browser, "issued").await;
    let papers = format!("estimates/documents?filter[revision]={revision}");
    let papers = until(&walk.org, &papers, |all| all.iter().any(|paper| !paper["pdf"].is_null())).await;
    let paper = format!("media/{}/content", papers[0]["pdf"].as_str().unwrap());
    let bytes = async {
        loop {
            let answer = walk.org.request(Method::GET, &paper).send().await.unwrap();
            if answer.status() != 503 {
                return answer.bytes().await.unwrap();
            }
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, bytes).await.unwrap().starts_with(b"%PDF-"));
    walk.goes(browser, &format!("/estimates/-/send/{revision}")).await;
    browser.fill("#f-name", "Kim Ashgrove").await;
    browser.fill("#f-email", CLIENT_MAIL).await;
    browser.press(".form ~ p .btn-primary").await;
    assert!(browser.text("main").await.contains(CLIENT_MAIL));

    let link = tokio::time::timeout(PATIENCE, walk.server.last_letter(CLIENT_MAIL)).await.unwrap().path("/l/");
    browser.client.delete_all_cookies().await.unwrap();
    browser.resize(390, 844).await;
    walk.goes(browser, &link).await;
    let without = browser.text(".grand-total .amount").await;
    click(browser, ".option input[type=checkbox]").await;
    is_so(browser, &format!("document.querySelector('.grand-total .amount').textContent !== '{without}'")).await;
    let with = browser.text(".grand-total .amount").await;
    assert!(browser.text(".accept-bar").await.contains(&with));
    pictured(browser, "client-ticked").await;
    browser.resize(390, 844).await;
    click(browser, ".option input[type=checkbox]").await;
    click(browser, "#c-client-accept-name").await;
    browser.fill("#c-client-accept-name", "Kim Ashgrove").await;
    let scroll = "document.querySelector('#f-client-accept button[type=submit]').scrollIntoView({ block: 'center' })";
    run(browser, scroll).await;
    browser.press("#f-client-accept button[type=submit]").await;
    assert!(browser.text("main").await.contains("Accepted by Kim Ashgrove"));
    pictured(browser, "client-signed").await;
}

/// What was signed is a project with tasks and a budget, whose tasks are dragged on its board.
async fn a_manager_plans_what_was_won(walk: &Walk, browser: &Browser) {
    const DRAG: &str = "
        const data = new DataTransfer();
        const tell = (at, name) => at.dispatchEvent(new DragEvent(name, { bubbles: true, cancelable: true, dataTransfer: data }));
        const card = document.querySelector(\".lane[data-state='todo'] .card\");
        const lane = document.querySelector(\".lane[data-state='in-progress']\");
        tell(card, 'dragstart'); tell(lane, 'dragover'); tell(lane, 'drop'); tell(card, 'dragend');
        return card.querySelector('h3').textContent;";
    let won = "projects/projects?filter[client.name]=Ashgrove%20Bakery";
    let project = until(&walk.org, won, |all| !all.is_empty()).await[0].clone();
    let project = project["id"].as_str().unwrap();
    walk.opens(browser, "Beck Sutherland").await;
    walk.goes(browser, &format!("/projects/projects/{project}")).await;
    pictured(browser, "won-project").await;
    walk.goes(browser, &format!("/projects/-/board/{project}")).await;
    browser.find("lf-board.is-live").await;
    let moved = run(browser, DRAG).await;
    let moved = moved.as_str().unwrap();
    is_so(
        browser,
        &format!("document.querySelector(\".lane[data-state='in-progress']\").innerText.includes({})", json!(moved)),
    )
    .await;
    let begun = format!("projects/tasks?filter[project]={project}&filter[status]=in-progress");
    assert_eq!(until(&walk.org, &begun, |all| !all.is_empty()).await[0]["title"], moved);
    pictured(browser, "board").await;
    for page in ["timeline", "money"] {
        walk.goes(browser, &format!("/projects/-/{page}/{project}")).await;
        pictured(browser, page).await;
    }
}

/// On one screen: started, a break said when stopping, a photo to the job, what was forgotten; then the week.
async fn a_worker_records_a_day_on_a_phone(walk: &Walk, browser: &Browser) {
    let sam = walk.api("Sam Okafor").await;
    walk.opens(browser, "Sam Okafor").await;
    browser.resize(390, 844).await;
    walk.goes(browser, "/timesheets/-/now").await;
    assert!(browser.text(".tabbar").await.contains("Now"), "one touch away");
    pictured(browser, "phone-idle").await;
    browser.resize(390, 844).await;
    browser.press(".starts .start").await;
    let running = sam.get("timesheets/entries?filter[ended_at][is_null]=true").await.is(200).data()[0].clone();
    let entry = format!("timesheets/entries/{}", running["id"].as_str().unwrap());
    // Six hours ago.
    let now = running["started_at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let begun = (now - jiff::SignedDuration::from_hours(6)).to_string();
    let _ = sam.patch(&entry, "*", json!({ "started_at": begun })).await.is(200);
    walk.goes(browser, "/timesheets/-/now").await;
    browser.find(".forgot summary").await.click().await.unwrap();
    let least = "return Math.min(...[...document.querySelectorAll('.start, .btn-site')].filter(e => e.offsetHeight).map(e => e.offsetHeight))";
    assert!(run(browser, least).await.as_u64().unwrap() >= 56);
    pictured(browser, "phone-running").await;
    browser.resize(390, 844).await;

    // A photo to the job.
    let photo = walk.file("bench.png", PHOTO);
    browser.press(".now-acts a.btn-site").await;
    browser.find("input[type=file][name^=photos]").await.send_keys(&photo).await.unwrap();
    browser.press(".form-foot .btn-primary").await;
    let kept = sam.get(&entry).await.is(200);
    assert_eq!(kept.json["photos"].as_array().unwrap().len(), 1, "{}", kept.text);
    pictured(browser, "phone-photo").await;
    browser.resize(390, 844).await;

    walk.goes(browser, "/timesheets/-/now").await;
    browser.press("button[name=break_time]").await;
    assert_eq!(sam.get(&entry).await.is(200).json["break_time"], 1_800);
    browser.press(".starts .start").await;
    browser.find(".forgot summary").await.click().await.unwrap();
    assert!(browser.text(".forgot").await.contains("Stop then"));
    browser.press("button.btn-stop").await;
    assert!(browser.text("main").await.contains("Nothing runs."));

    walk.goes(browser, &format!("/timesheets/-/my-week?week={WEEK}")).await;
    pictured(browser, "phone-week").await;
    browser.resize(390, 844).await;
    click(browser, "input[name=attested]").await;
    browser.press("#week .btn-primary").await;
    assert!(browser.text("main").await.contains("Submitted"));
    pictured(browser, "phone-submitted").await;
}

/// A week of the whole team at once, of which one goes back with a reason.
async fn a_manager_approves_a_week(walk: &Walk, browser: &Browser) {
    for name in ["Liam Petrov", "Ana Souza", "Ravi Nair"] {
        let week = json!({ "week": WEEK, "attested": true });
        let _ = walk.api(name).await.post("timesheets/week/submit", week).await.is(200);
    }
    let waiting = format!("timesheets/sheets?filter[week]={WEEK}&filter[status]=submitted&sort=user");
    let sheets = walk.org.get(&waiting).await.is(200).data().to_vec();
    assert!(sheets.len() >= 3, "{sheets:?}");
    let back = sheets[0]["id"].as_str().unwrap();
    walk.opens(browser, "Beck Sutherland").await;
    walk.goes(browser, &format!("/timesheets/-/team?week={WEEK}")).await;
    pictured(browser, "team").await;
    let row = format!(".review-row:has(input[value='{back}'])");
    click(browser, &format!("{row} .review-return summary")).await;
    browser.fill(&format!("{row} input[name=reason]"), "Wednesday is missing.").await;
    browser.press(&format!("{row} .review-return button")).await;
    assert!(browser.text("main").await.contains("Wednesday is missing."));
    browser.press(".review-acts .btn-primary").await;
    let approved = format!("timesheets/sheets?filter[week]={WEEK}&filter[status]=approved");
    assert_eq!(walk.org.get(&approved).await.is(200).data().len(), sheets.len() - 1);
    let returned = walk.org.get(&format!("timesheets/sheets/{back}")).await.is(200);
    assert_eq!(returned.json["status"], "returned", "{}", returned.text);
    pictured(browser, "team-approved").await;
}

/// What was approved becomes claims of each project once, and pay.
async fn a_bookkeeper_bills_and_pays(walk: &Walk, browser: &Browser) {
    walk.opens(browser, "Helen Marsh").await;
    for (page, runs) in [("billing", "billing-runs"), ("pay", "pay-runs")] {
        walk.goes(browser, &format!("/timesheets/-/{page}")).await;
        browser.fill("#f-until", "22/11/2026").await;
        pictured(browser, page).await;
        browser.fill("#f-until", "22/11/2026").await;
        browser.press(".form ~ p .btn-primary").await;
        let path = browser.path().await;
        assert!(path.starts_with(&format!("/timesheets/{runs}/")), "{path}: {}", browser.text("main").await);
        pictured(browser, &format!("{page}-run")).await;
        let run = path.rsplit('/').next().unwrap();
        if page == "pay" {
            // What it pays is told by bands, which come to the time that is in it, on its page and in its file.
            walk.goes(browser, &format!("/timesheets/-/pay-run-file/{run}")).await;
            let told = browser.text("main").await;
            assert!(told.contains("What time is paid as") && told.contains("Overtime"), "{told}");
            pictured(browser, "pay-run-file").await;
            let paid = walk.org.get(&format!("timesheets/pay-runs/{run}")).await.is(200).json;
            let of = |name: &str| paid[name].as_i64().unwrap();
            let bands = ["ordinary", "overtime", "further_overtime", "saturday", "sunday", "on_holiday"].map(of);
            assert_eq!(bands.iter().sum::<i64>(), of("duration"), "{paid}");
            assert!(of("ordinary") > of("overtime") && of("overtime") > 0, "{paid}");
            let file = walk.org.get(&format!("timesheets/runs/pay/{run}/file")).await.is(200);
            assert!(file.text.contains(",band,") && file.text.contains(",Overtime,"), "{}", file.text);
        }
        if page == "billing" {
            let one = format!(
                "timesheets/entries?filter[billing_run]={run}&filter[project.billing]=time-and-materials&limit=1"
            );
            let entry = walk.org.get(&one).await.is(200).data()[0].clone();
            let project = entry["project"].as_str().unwrap();
            let claims = walk.org.get(&format!("projects/claims?filter[project]={project}&sort=-number")).await.is(200);
            let claim = claims.data()[0]["id"].as_str().unwrap();
            walk.goes(browser, &format!("/projects/claims/{claim}")).await;
            pictured(browser, "claim").await;
        }
    }
}

/// What hours cost, an invitation, a role, a token, a webhook, and who changed a rate.
async fn an_owner_sees_to_the_office(walk: &Walk, browser: &Browser) {
    walk.signs_in(browser, &walk.org.email, &walk.org.password).await;
    walk.goes(browser, "/timesheets/rates").await;
    pictured(browser, "rates").await;
    let rates = walk.org.get("timesheets/rates?sort=-effective_from").await.is(200);
    let rate = rates.data().iter().find(|rate| !rate["user"].is_null()).unwrap()["id"].as_str().unwrap().to_owned();
    walk.goes(browser, &format!("/timesheets/rates/{rate}/edit")).await;
    browser.fill("#f-sell", "102.50").await;
    browser.press(".form-foot .btn-primary").await;
    let told = browser.text("main").await;
    assert!(told.contains("102.50") && told.contains("Halloran Joinery's owner"), "{told}");
    pictured(browser, "rate").await;

    // Of work by the hour, what may still be charged is told month by month.
    let charged = "projects/projects?filter[budget_price][is_null]=false&filter[status]=active&sort=start&limit=1";
    let project = walk.org.get(charged).await.is(200).data()[0]["id"].as_str().unwrap().to_owned();
    walk.goes(browser, &format!("/reporting/-/burn-down?id={project}")).await;
    let told = browser.text("main").await;
    assert!(told.contains("May still be charged") && told.contains("Charged of it"), "{told}");
    pictured(browser, "burn-down").await;

    walk.goes(browser, "/admin/people").await;
    browser.fill("form[action='/admin/people/invitations'] #f-name", "Jonah Reid").await;
    click(browser, "form[action='/admin/people/invitations'] input[value='projects.worker']").await;
    browser.press("form[action='/admin/people/invitations'] button.btn:not(.btn-small)").await;
    pictured(browser, "people").await;
    walk.goes(browser, "/account").await;
    browser.fill("form[action='/account/tokens'] #f-name", "Payroll").await;
    browser.press("form[action='/account/tokens'] button").await;
    assert!(browser.text("body").await.contains("lf_"));
    pictured(browser, "token").await;
    walk.goes(browser, "/admin/webhooks").await;
    browser.fill("#f-url", "https://books.invalid/hooks/lignaflow").await;
    browser.fill("#f-description", "Our accounting").await;
    click(browser, "#c-collections-projects-claims").await;
    browser.press("form[action='/admin/webhooks'] button").await;
    assert!(browser.text("main").await.contains("lfw_"));
    pictured(browser, "webhook").await;
    walk.goes(browser, "/admin/audit").await;
    pictured(browser, "audit").await;
}

/// A plugin from a file: what it asks for, its grants, the next version and the way back, off and on, its log and cost,
/// while Mia goes on with her day.
async fn an_administrator_brings_a_plugin_and_goes_back(walk: &Walk, browser: &Browser) {
    let tools = |version: &str, more: &str| {
        declared(&format!(
            "id = \"tools\"\nversion = \"{version}\"\ntitle = \"Tools\"\napi = \"0.1\"\n\n[grants]\ninterfaces = [\"records\"]\n\
             read = [\"projects/projects\"]\n\n[[collections]]\nname = \"tools\"\ntitle = {{ one = \"Tool\", many = \"Tools\" }}\n\
             display = \"name\"\n\n[collections.fields]\nname = {{ type = \"text\", required = true }}\n{more}"
        ))
    };
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mia = walk.server.visitor();
    mia.sign_in(walk.email("Mia Tran"), PASSWORD).await;
    let (stopped, count) = (stop.clone(), done.clone());
    let work = tokio::spawn(async move {
        while !stopped.load(Ordering::SeqCst) {
            for page in ["/projects/tasks", "/timesheets/-/now"] {
                let _ = mia.get(page).await.is(200);
            }
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    walk.signs_in(browser, &walk.org.email, &walk.org.password).await;
    walk.goes(browser, "/admin/plugins").await;
    let install = async |file: String| {
        browser.find("#f-file").await.send_keys(&file).await.unwrap();
        browser.press("form[action='/admin/plugins/install'] button").await;
    };
    install(walk.file("tools.wasm", &tools("0.1.0", ""))).await;
    assert!(browser.text("main").await.contains("projects/projects"), "it says what it asks for");
    pictured(browser, "plugin-asks").await;
    // One of the rights is not given: it says which it needs, and nothing is installed.
    click(browser, "input[name=grant][value='read projects/projects']").await;
    browser.press(".consent-page .btn-primary").await;
    assert!(browser.text(".consent-page .note-bad").await.contains("read projects/projects"));
    pictured(browser, "plugin-lacks").await;
    let _ = walk.org.get("tools/tools").await.is(404);
    browser.press(".consent-page .btn-primary").await;
    assert!(browser.text("nav").await.contains("Tools"), "on with what it asked for");
    walk.goes(browser, "/tools/tools/new").await;
    browser.fill("#f-name", "Jointer").await;
    browser.press(".form-foot .btn-primary").await;

    walk.goes(browser, "/admin/plugins").await;
    install(walk.file("tools-2.wasm", &tools("0.2.0", "serial = { type = \"text\" }\n"))).await;
    pictured(browser, "plugin-upgrade").await;
    browser.press(".consent-page .btn-primary").await;
    let _ = walk.org.get("tools/tools?fields=serial").await.is(200);
    walk.goes(browser, "/admin/plugins/tools").await;
    pictured(browser, "plugin-versions").await;
    browser.press("a[href^='/admin/plugins/tools/rollback']").await;
    pictured(browser, "plugin-back").await;
    browser.press(".consent-page .btn-primary").await;
    assert!(browser.text("body").await.contains("Tools is back at 0.1.0"), "{}", browser.text("body").await);
    assert_eq!(walk.org.get("tools/tools").await.is(200).column("name"), ["Jointer"]);

    walk.goes(browser, "/admin/plugins").await;
    browser.press("form[action='/admin/plugins/reporting/disable'] button").await;
    let _ = walk.org.get("/api/openapi.json").await.is(200);
    assert!(!walk.org.get("/api/openapi.json").await.text.contains("/api/v1/reporting/"));
    browser.press("form[action='/admin/plugins/reporting/enable'] button").await;
    assert!(walk.org.get("/api/openapi.json").await.text.contains("/api/v1/reporting/"));
    walk.goes(browser, "/admin/plugins/timesheets").await;
    assert!(browser.text("main").await.contains("Calls"));
    browser.find("#log").await;
    pictured(browser, "plugin-log").await;
    stop.store(true, Ordering::SeqCst);
    work.await.unwrap();
    assert!(done.load(Ordering::SeqCst) > 2, "her pages came all along");
}

/// One dark pixel.
const PHOTO: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0x1f, 0x15, 0xc4, 0x89, 0x00, 0x00, 0x00, 0x0d, 0x49,
    0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xb0, 0x31, 0xd2, 0xf8, 0x0f, 0x00, 0x02, 0xda, 0x01, 0x96, 0x7d, 0xc0, 0x49,
    0x48, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];
