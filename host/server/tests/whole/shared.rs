//! Kept lists and reports that people without an account see by a link: what whoever made it may see at that moment, and
//! nothing once they may not, or the link has ended.

use crate::second_factor::{send, turn_on};
use crate::timesheets::ENTRIES;
use lignaflow_testkit::driver::Browser;
use lignaflow_testkit::plugins::shipped;
use lignaflow_testkit::{
    Client, Database, HeldClock, Method, Org, Page, Role, Scope, Server, Setup, Visitor, on_both, on_one, pdf,
};
use serde_json::{Value as Json, json};
use std::sync::Arc;

on_both!(
    a_report_is_shown_by_its_link_as_it_stands_when_it_is_opened,
    a_list_is_shown_by_its_link_with_its_own_columns_and_nothing_that_leads_on,
    only_who_may_share_makes_a_link_and_only_to_what_they_see,
    a_link_is_made_and_withdrawn_on_the_page_of_its_view,
    a_shared_link_that_has_ended_says_so,
    a_link_shows_nothing_once_its_maker_may_not,
    a_link_shows_what_its_maker_may_see_and_no_field_more,
    a_link_shows_nothing_while_its_maker_lacks_a_second_factor,
    the_cookie_of_a_shared_view_opens_nothing_else,
    what_is_shared_goes_by_the_clocks_of_the_organization,
    the_links_of_who_is_erased_end,
);
// What a browser shows does not lie in the database.
on_one!(what_is_shared_fits_every_screen);

/// Wednesday, 18 November 2026, 22:06:40 in Sydney.
const EVENING: i64 = 1_795_000_000_000_000;
const DAY: i64 = 86_400;
const HOURS: &str = "group=user&sum=duration";

pub(crate) struct Firm {
    pub(crate) server: Server,
    pub(crate) clock: HeldClock,
    pub(crate) org: Org,
    mia: Client,
    mia_id: String,
    mia_email: String,
    pub(crate) project: String,
}

/// A firm whose owner has five hours of this week, and Mia two.
pub(crate) async fn firm(database: &Database) -> Firm {
    let clock = HeldClock::at(EVENING);
    let plugins = ["projects", "timesheets"].map(shipped).into();
    let server = database.serve_with(Setup { clock: Arc::new(clock.clone()), plugins, ..Setup::default() }).await;
    let org = server.organization("Halloran & Beck").await;
    let (mia_id, mia_email, mia) = server.member(&org, "Mia", Role::Member).await;
    let mia_id = mia_id.to_string();
    let project = org.make("projects/projects", json!({ "name": "Kitchen", "members": [mia_id] })).await;
    for (who, hours) in [(&*org, 5), (&mia, 2)] {
        worked(who, &project, hours).await;
    }
    Firm { server, clock, org, mia, mia_id, mia_email, project }
}

async fn worked(who: &Client, project: &str, hours: i64) {
    let body = json!({ "project": project, "local_date": "2026-11-16", "duration": hours * 3_600 });
    let _ = who.post(ENTRIES, body).await.is(201);
}

pub(crate) async fn keep(client: &Client, name: &str, query: &str, shared: bool) -> String {
    let view = json!({ "collection": ENTRIES, "name": name, "query": query, "shared": shared });
    client.post("views", view).await.is(201).id()
}

/// A link to a view: its id, and its path.
pub(crate) async fn share(client: &Client, view: &str, body: Json) -> (String, String) {
    let made = client.post(&format!("views/{view}/links"), body).await.is(201);
    let url = made.json["url"].as_str().unwrap().to_owned();
    (made.id(), url[url.find("/l/").unwrap()..].to_owned())
}

/// Somebody outside who has opened a link, and the address of its page.
pub(crate) async fn opened(server: &Server, path: &str) -> (Visitor, String) {
    let visitor = server.visitor();
    let entered = visitor.get(path).await.is(303);
    let address = entered.to().to_owned();
    (visitor, address)
}

/// The words of what is shown as a PDF.
pub(crate) async fn printed(visitor: &Visitor, address: &str) -> String {
    let answer = visitor.request(Method::GET, &format!("{address}?format=pdf")).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    pdf::text(&answer.bytes().await.unwrap())
}

/// Has a member bring what a role of the organization's own brings.
async fn may(org: &Org, person: &str, permissions: &[&str]) {
    let role = json!({ "name": "speaker", "title": "Speaker", "permissions": permissions });
    let _ = org.post("roles", role).await.is(201);
    org.give_roles(person, &["speaker"]).await;
}

/// That a page leads nowhere into the house.
fn leads_nowhere(page: &Page) {
    for part in ["href=\"/timesheets", "href=\"/projects", "href=\"/media", "Sign out", "/sign-in", "<nav"] {
        page.hides(part);
    }
}

async fn a_report_is_shown_by_its_link_as_it_stands_when_it_is_opened(database: Database) {
    let Firm { server, org, mia, mia_id, project, .. } = firm(&database).await;
    let query = format!("{HOURS}&filter[local_date]=this-week");
    let view = keep(&org, "Hours of the <week>", &query, false).await;
    let (id, path) = share(&org, &view, json!({ "label": "Ana Weiss", "files": true })).await;

    let visitor = server.visitor();
    let entered = visitor.get(&path).await.is(303);
    let cookie = entered.sets("__Secure-lignaflow-link").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains(&format!("Path={}", entered.to())), "{cookie}");
    let page = visitor.follow(&entered).await.is(200);
    page.shows("Halloran &amp; Beck").shows("Hours of the &lt;week&gt;").shows("Mia").shows(">2:00<").shows(">7:00<");
    page.shows("this week").shows("(Sydney)").shows("?format=csv").shows("?format=pdf");
    leads_nowhere(&page);
    for about in [&mia_id, &project] {
        page.hides(about);
    }
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("x-robots-tag"), "noindex, nofollow");
    assert_eq!(page.header("cache-control"), "no-store");

    // As it stands now, not as it stood.
    worked(&mia, &project, 1).await;
    visitor.get(entered.to()).await.is(200).shows(">3:00<").shows(">8:00<");

    let csv = visitor.get(&format!("{}?format=csv", entered.to())).await.is(200);
    assert_eq!(csv.text.trim_start_matches('\u{feff}').lines().next(), Some("user,sum_duration"), "{}", csv.text);
    assert!(csv.text.contains("Mia,10800"), "{}", csv.text);
    let book = visitor.get(&format!("{}?format=xlsx", entered.to())).await.is(200);
    assert!(book.header("content-type").contains("spreadsheetml"), "{}", book.header("content-type"));
    let words = printed(&visitor, entered.to()).await;
    assert!(words.contains("Mia") && words.contains("8:00"), "{words}");
    visitor.get(&format!("{}?format=doc", entered.to())).await.is(404).shows("There is no such file");

    // What was looked at is counted, and what was taken is written down.
    let told = org.get(&format!("views/{view}/links")).await.is(200);
    assert_eq!((&told.data()[0]["label"], &told.data()[0]["state"]), (&json!("Ana Weiss"), &json!("open")));
    assert_eq!(told.data()[0]["uses"], 6);
    let all = org.get(&format!("links?subject={view}")).await.is(200);
    assert_eq!((&all.data()[0]["page"], &all.data()[0]["maker"]), (&Json::Null, &json!(org.owner.to_string())));
    let made = org.get("audit?kind=link.made").await.is(200);
    assert_eq!(made.data()[0]["detail"]["link"], id);
    let taken = org.get("audit?kind=records.exported").await.is(200);
    let formats: Vec<&Json> = taken.data().iter().map(|line| &line["detail"]["format"]).collect();
    assert_eq!(formats, ["pdf", "xlsx", "csv"]);
    assert!(taken.data().iter().all(|line| line["detail"]["link"] == id && line["person"].is_null()), "{}", taken.text);
}

async fn a_list_is_shown_by_its_link_with_its_own_columns_and_nothing_that_leads_on(database: Database) {
    let Firm { server, org, project, mia_id, .. } = firm(&database).await;
    let view =
        keep(&org, "Long days", "filter[duration][gte]=3600&sort=-duration&fields=user,project,duration", false).await;
    let (_, path) = share(&org, &view, json!({})).await;
    let (visitor, address) = opened(&server, &path).await;
    let page = visitor.get(&address).await.is(200);
    page.shows("Long days").shows("Kitchen").shows(">5:00<").shows(">2:00<").hides("format=");
    leads_nowhere(&page);
    for about in [&mia_id, &project] {
        page.hides(about);
    }
    assert!(page.text.find(">5:00<") < page.text.find(">2:00<"), "{}", page.text);
    visitor.get(&format!("{address}?format=csv")).await.is(404).shows("not taken as a file");

    let (_, path) = share(&org, &view, json!({ "files": true })).await;
    let (visitor, address) = opened(&server, &path).await;
    let csv = visitor.get(&format!("{address}?format=csv")).await.is(200);
    let heads = csv.text.trim_start_matches('\u{feff}').lines().next().unwrap();
    assert_eq!(heads, "label,user,project,duration");
    assert!(!csv.text.contains(&project), "{}", csv.text);
    assert!(printed(&visitor, &address).await.contains("Kitchen"));
}

async fn only_who_may_share_makes_a_link_and_only_to_what_they_see(database: Database) {
    let Firm { server, org, mia, mia_id, .. } = firm(&database).await;
    let (own, hers, everybodys) = (
        keep(&org, "Owner's", HOURS, false).await,
        keep(&mia, "Mia's", HOURS, false).await,
        keep(&org, "Everybody's", HOURS, true).await,
    );
    let links = |view: &str| format!("views/{view}/links");
    for view in [&hers, &everybodys] {
        let _ = mia.post(&links(view), json!({})).await.is_problem(403, "denied");
    }
    let reads = server.client(Some(&server.token(&org.email, &org.name, Scope::Read).await));
    let _ = reads.post(&links(&own), json!({})).await.is_problem(403, "denied");
    // What is another organization's, and what is somebody else's alone, is not there.
    let elsewhere = server.organization("Elsewhere").await;
    for view in [&own, &everybodys] {
        let _ = elsewhere.post(&links(view), json!({})).await.is_problem(404, "not-found");
        let _ = elsewhere.get(&links(view)).await.is_problem(404, "not-found");
    }
    let _ = org.post(&links(&hers), json!({})).await.is_problem(404, "not-found");

    may(&org, &mia_id, &["records.share"]).await;
    let _ = mia.post(&links(&own), json!({})).await.is_problem(404, "not-found");
    let (her_link, path) = share(&mia, &everybodys, json!({ "label": "Hers" })).await;
    let (visitor, address) = opened(&server, &path).await;
    // Of the hours she sees her own alone, and so does whoever has her link.
    visitor.get(&address).await.is(200).shows(">2:00<").hides(">5:00<").hides(">7:00<");
    let (owners_link, _) = share(&org, &everybodys, json!({ "label": "The owner's" })).await;
    assert_eq!(mia.get(&links(&everybodys)).await.is(200).column("label"), ["Hers"], "of others she is told nothing");
    let all = org.get(&links(&everybodys)).await.is(200);
    assert_eq!(all.column("label"), ["The owner's", "Hers"]);
    assert!(all.data()[1]["url"].is_null(), "where it leads is told to who made it: {}", all.text);
    // A token that reads is told of no address that it could send on.
    assert!(reads.get(&links(&everybodys)).await.is(200).data()[0]["url"].is_null());
    let withdraw = |view: &str, link: &str| format!("views/{view}/links/{link}/withdraw");
    let _ = mia.act(&withdraw(&everybodys, &owners_link)).await.is_problem(404, "not-found");
    let _ = elsewhere.act(&withdraw(&everybodys, &her_link)).await.is_problem(404, "not-found");
    let _ = org.act(&withdraw(&own, &her_link)).await.is_problem(404, "not-found");
    let _ = reads.act(&withdraw(&everybodys, &owners_link)).await.is_problem(403, "denied");
    assert_eq!(org.act(&withdraw(&everybodys, &her_link)).await.is(200).json["state"], "withdrawn");

    for (body, issues) in [
        (json!({ "expires_at": "2026-11-18T00:00:00Z" }), [("/expires_at", "expiry")]),
        (json!({ "expires_at": "2028-01-01T00:00:00Z" }), [("/expires_at", "expiry")]),
        (json!({ "expires_at": "soon" }), [("/expires_at", "type")]),
        (json!({ "label": "x".repeat(201) }), [("/label", "too-long")]),
    ] {
        assert_eq!(org.post(&links(&own), body).await.is_problem(422, "invalid").issues(), issues);
    }
    let made = org.post(&links(&own), json!({})).await.is(201);
    assert_eq!(made.json["expires_at"], "2026-12-18T11:06:40Z", "in 30 days where nothing is said");
}

async fn a_link_is_made_and_withdrawn_on_the_page_of_its_view(database: Database) {
    let Firm { server, org, mia_email, .. } = firm(&database).await;
    let view = keep(&org, "Hours", HOURS, true).await;
    let list = keep(&org, "Long", "filter[duration][gte]=3600", true).await;
    let at = format!("/{ENTRIES}/views/{view}/links");
    let visitor = server.signed_in(&org).await;
    visitor.get(&format!("/{ENTRIES}/report?view={view}")).await.is(200).shows(&format!("href=\"{at}\""));
    visitor.get(&format!("/{ENTRIES}?view={list}")).await.is(200).shows(&format!("/views/{list}/links"));
    visitor.get(&at).await.is(200).shows("No link yet").shows("Make a link");
    let long = "x".repeat(201);
    visitor.post(&at, &[("label", &long), ("days", "90")]).await.is(422).shows("200 characters").shows(&long);
    let fields = [("label", "Ana & Co"), ("days", "90"), ("files", "true")];
    let made = visitor.post(&at, &fields).await.is(303);
    let page = visitor.follow(&made).await.is(200);
    page.shows("Ana &amp; Co").shows("/l/").shows("0 times").shows("with files").shows("Withdraw");
    let told = org.get(&format!("views/{view}/links")).await.is(200);
    assert_eq!(told.data()[0]["expires_at"], "2027-02-16T11:06:40Z");
    let (link, url) = (told.data()[0]["id"].as_str().unwrap(), told.data()[0]["url"].as_str().unwrap());
    // Administrators find it among all links.
    visitor.get("/admin/links").await.is(200).shows("Ana &amp; Co").shows(&at).shows(">Hours<");

    let hers = server.visitor();
    hers.sign_in(&mia_email, lignaflow_testkit::PASSWORD).await;
    hers.get(&format!("/{ENTRIES}/report?view={view}")).await.is(200).hides(&at);
    let _ = hers.post(&at, &[("label", "Mine")]).await.is(403);
    let (outside, address) = opened(&server, &url[url.find("/l/").unwrap()..]).await;
    let _ = outside.get(&address).await.is(200);
    let done = visitor.post(&format!("{at}/{link}/withdraw"), &[]).await.is(303);
    visitor.follow(&done).await.is(200).shows("Withdrawn").shows("1 time").hides("/l/");
    outside.get(&address).await.is(410).shows("This link was withdrawn").hides(">5:00<");
    let audit = org.get("audit?kind=link.withdrawn").await.is(200);
    assert_eq!(audit.data()[0]["detail"]["link"], link);
}

async fn a_shared_link_that_has_ended_says_so(database: Database) {
    let Firm { server, clock, org, .. } = firm(&database).await;
    let view = keep(&org, "Hours", HOURS, false).await;
    let until =
        |days: i64| json!({ "expires_at": lignaflow_core::value::instant_text(EVENING + days * DAY * 1_000_000) });
    let (short, short_path) = share(&org, &view, until(7)).await;
    let (_, long_path) = share(&org, &view, until(366)).await;
    let (visitor, address) = opened(&server, &short_path).await;
    clock.advance_seconds(7 * DAY);
    visitor.get(&address).await.is(410).shows("This link has expired").hides(">5:00<");
    visitor.get(&short_path).await.is(410).shows("This link has expired");
    assert_eq!(org.get(&format!("links/{short}")).await.is(200).json["state"], "expired");

    let (visitor, address) = opened(&server, &long_path).await;
    let _ = visitor.get(&address).await.is(200);
    let _ = org.delete(&format!("views/{view}"), "*").await.is(204);
    visitor.get(&address).await.is(410).shows("This link was withdrawn");
    let audit = org.get("audit?kind=link.withdrawn").await.is(200);
    assert_eq!((&audit.data()[0]["detail"]["name"], audit.data().len()), (&json!("Hours"), 1));
    let visitor = server.signed_in(&org).await;
    visitor.get("/admin/links").await.is(200).shows("A view that was deleted");
}

async fn a_link_shows_nothing_once_its_maker_may_not(database: Database) {
    let Firm { server, org, .. } = firm(&database).await;
    let (ada_id, _, ada) = server.member(&org, "Ada", Role::Admin).await;
    let (own, everybodys) = (keep(&ada, "Ada's", HOURS, false).await, keep(&org, "Everybody's", HOURS, true).await);
    let (_, path) = share(&ada, &own, json!({ "files": true })).await;
    let (_, other) = share(&ada, &everybodys, json!({})).await;
    let (visitor, address) = opened(&server, &path).await;
    let (second, at) = opened(&server, &other).await;
    visitor.get(&address).await.is(200).shows(">7:00<");
    second.get(&at).await.is(200).shows(">7:00<");
    let nothing = async |visitor: &Visitor, address: &str| {
        for query in ["", "?format=csv", "?format=pdf"] {
            let page = visitor.get(&format!("{address}{query}")).await.is(403);
            page.shows("Nothing is shown here any more").hides(">7:00<").hides("Ada").hides("25200");
        }
    };
    // Not hers to show: demoted, not active, or a view that is not shared with her any more.
    let set = async |body: Json| {
        let _ = org.patch(&format!("people/{ada_id}"), "*", body).await.is(204);
    };
    set(json!({ "role": "member" })).await;
    nothing(&visitor, &address).await;
    set(json!({ "role": "admin" })).await;
    visitor.get(&address).await.is(200).shows(">7:00<");
    set(json!({ "active": false })).await;
    nothing(&visitor, &address).await;
    nothing(&second, &at).await;
    set(json!({ "active": true })).await;
    let _ = org.patch(&format!("views/{everybodys}"), "*", json!({ "shared": false })).await.is(200);
    nothing(&second, &at).await;
    visitor.get(&address).await.is(200).shows(">7:00<");

    // While its plugin is off, it comes back with it.
    let _ = org.act("plugins/timesheets/disable").await.is(204);
    visitor.get(&address).await.is(503).hides(">7:00<");
    let _ = org.act("plugins/timesheets/enable").await.is(204);
    visitor.get(&address).await.is(200).shows(">7:00<");
}

async fn a_link_shows_what_its_maker_may_see_and_no_field_more(database: Database) {
    let Firm { server, org, mia, mia_id, .. } = firm(&database).await;
    let (costs, list) = (
        keep(&org, "Costs", "group=user&sum=cost", true).await,
        keep(&org, "Rates", "fields=user,cost_rate,duration", true).await,
    );
    may(&org, &mia_id, &["records.share"]).await;
    for view in [&costs, &list] {
        let refused = mia.post(&format!("views/{view}/links"), json!({})).await.is_problem(422, "invalid");
        assert!(refused.issues().iter().all(|(path, _)| path.starts_with("/query")), "{}", refused.text);
    }
    // Who saw it when they made the link, and does not any more.
    let wider = json!({ "title": "Speaker", "permissions": ["records.share", "timesheets.see-costs"] });
    let role = |body: &Json| org.send(org.request(Method::PUT, "roles/speaker").json(body));
    let _ = role(&wider).await.is(204);
    let (_, sums) = share(&mia, &costs, json!({ "files": true })).await;
    let (_, rows) = share(&mia, &list, json!({ "files": true })).await;
    let ((visitor, sums), (other, rows)) = (opened(&server, &sums).await, opened(&server, &rows).await);
    let _ = visitor.get(&sums).await.is(200);
    other.get(&rows).await.is(200).shows("Cost rate").shows(">2:00<");
    let _ = role(&json!({ "title": "Speaker", "permissions": ["records.share"] })).await.is(204);
    visitor.get(&sums).await.is(403).shows("Nothing is shown here any more").hides("cost");
    let _ = visitor.get(&format!("{sums}?format=csv")).await.is(403);
    other.get(&rows).await.is(200).shows(">2:00<").hides("Cost rate");
    let csv = other.get(&format!("{rows}?format=csv")).await.is(200);
    assert!(!csv.text.contains("cost_rate"), "{}", csv.text);
}

async fn a_link_shows_nothing_while_its_maker_lacks_a_second_factor(database: Database) {
    let Firm { server, org, .. } = firm(&database).await;
    let (_, email, ada) = server.member(&org, "Ada", Role::Admin).await;
    let view = keep(&ada, "Ada's", HOURS, false).await;
    let (_, path) = share(&ada, &view, json!({})).await;
    let (visitor, address) = opened(&server, &path).await;
    let owner = server.signed_in(&org).await;
    turn_on(&server, &owner).await;
    let demand = json!({ "second_factor": "administrators" });
    let _ = send(&server, &owner, Method::PATCH, "/api/v1/organization", demand).await.is(200);
    visitor.get(&address).await.is(403).shows("Nothing is shown here any more").hides(">7:00<");
    let hers = server.visitor();
    hers.sign_in(&email, lignaflow_testkit::PASSWORD).await;
    turn_on(&server, &hers).await;
    visitor.get(&address).await.is(200).shows(">7:00<");
}

async fn the_cookie_of_a_shared_view_opens_nothing_else(database: Database) {
    let Firm { server, org, .. } = firm(&database).await;
    let (first, second) = (keep(&org, "First", HOURS, true).await, keep(&org, "Second", HOURS, true).await);
    let (_, path) = share(&org, &first, json!({ "files": true })).await;
    let (other, _) = share(&org, &second, json!({ "files": true })).await;
    let entered = server.visitor().get(&path).await.is(303);
    let address = entered.to().to_owned();
    let cookie = entered.sets("__Secure-lignaflow-link").unwrap().split(';').next().unwrap().to_owned();
    // A browser sends it to its own page alone; here it goes everywhere.
    let visitor = server.visitor();
    let ask = async |method: Method, path: &str| {
        let request = visitor.request(method, path).header("Cookie", &cookie).header("Origin", server.root.as_str());
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        visitor.send(request).await
    };
    let _ = ask(Method::GET, &address).await.is(200);
    ask(Method::GET, &format!("/l/at/{other}")).await.is(404).hides("Second").hides(">7:00<");
    ask(Method::GET, &format!("/l/at/{other}?format=csv")).await.is(404).hides("25200");
    for (method, path) in [
        (Method::POST, address.clone()),
        (Method::POST, format!("{address}/sign")),
        (Method::GET, format!("{address}/files/{first}")),
    ] {
        ask(method, &path).await.is(404).hides(">7:00<");
    }
    for path in ["/", "/timesheets/entries", "/admin/links", &format!("/{ENTRIES}/report?view={first}")] {
        assert!(ask(Method::GET, path).await.is(303).to().starts_with("/sign-in"), "{path}");
    }
    for path in [ENTRIES.to_owned(), "views".to_owned(), format!("views/{first}"), format!("views/{first}/links")] {
        let _ = ask(Method::GET, &format!("/api/v1/{path}")).await.is(401);
    }
    // Nor is the address anything without it.
    server.visitor().get(&address).await.is(404).hides(">7:00<");
}

async fn what_is_shared_goes_by_the_clocks_of_the_organization(database: Database) {
    let Firm { server, clock, org, .. } = firm(&database).await;
    let signed = server.signed_in(&org).await;
    let far = json!({ "time_zone": "Pacific/Honolulu", "locale": "de-DE" });
    let _ = send(&server, &signed, Method::PATCH, "/api/v1/account", far).await.is(204);
    // Monday of the next week in Sydney, and still Sunday where its maker is.
    clock.advance_seconds(4 * DAY + 4 * 3_600);
    let view = keep(&org, "Last week", &format!("{HOURS}&filter[local_date]=last-week"), false).await;
    let (_, path) = share(&org, &view, json!({})).await;
    let (visitor, address) = opened(&server, &path).await;
    visitor.get(&address).await.is(200).shows(">7:00<").shows("(Sydney)").shows("lang=\"en");
}

async fn the_links_of_who_is_erased_end(database: Database) {
    let Firm { server, org, .. } = firm(&database).await;
    let (ada_id, _, ada) = server.member(&org, "Ada", Role::Admin).await;
    let (everybodys, own) = (keep(&org, "Everybody's", HOURS, true).await, keep(&ada, "Ada's", HOURS, false).await);
    for view in [&everybodys, &own] {
        let until = json!({ "expires_at": "2027-11-18T00:00:00Z" });
        let _ = share(&ada, view, until).await;
    }
    let held = org.get(&format!("people/{ada_id}/export")).await.is(200);
    assert_eq!(held.json["links"].as_array().unwrap().len(), 2, "{}", held.text);
    let _ = org.post(&format!("people/{ada_id}/erasure"), json!({ "confirm": "Ada" })).await.is(200);
    let links = org.get("links?state=open").await.is(200);
    assert!(links.data().is_empty(), "{}", links.text);
    assert_eq!(org.get("links?state=withdrawn").await.is(200).data().len(), 2);
}

async fn what_is_shared_fits_every_screen(database: Database) {
    let Firm { server, org, mia, project, .. } = firm(&database).await;
    let Some(browser) = Browser::open().await else { return };
    for (who, day, hours) in
        [(&*org, "2026-11-03", 7), (&mia, "2026-11-04", 6), (&*org, "2026-11-10", 4), (&mia, "2026-11-11", 8)]
    {
        let body = json!({ "project": project, "local_date": day, "duration": hours * 3_600 });
        let _ = who.post(ENTRIES, body).await.is(201);
    }
    let course = "group=local_date:week&group=user&sum=duration&count=id&filter[local_date]=this-month";
    let (report, list) = (
        keep(&org, "Hours of November", course, true).await,
        keep(&org, "Every entry", "sort=-local_date&fields=user,project,local_date,duration,note", true).await,
    );
    let (_, course) = share(&org, &report, json!({ "label": "Ana Weiss, Marrickville Dental", "files": true })).await;
    let (gone, rows) = share(&org, &list, json!({ "label": "Ben" })).await;
    for (name, path) in [("shared-report", &course), ("shared-list", &rows)] {
        browser.goto(&format!("{}{path}", server.root)).await;
        browser.pictures(name).await;
    }
    let _ = org.act(&format!("views/{list}/links/{gone}/withdraw")).await.is(200);
    browser.goto(&format!("{}{rows}", server.root)).await;
    browser.pictures("shared-ended").await;
    browser.resize(0, 0).await;
    browser.sign_in(&server.root, &org.email, lignaflow_testkit::PASSWORD).await;
    for (name, path) in [
        ("share-report", format!("/{ENTRIES}/views/{report}/links")),
        ("share-button", format!("/{ENTRIES}/report?view={report}")),
        ("share-admin", "/admin/links".to_owned()),
    ] {
        browser.goto(&format!("{}{path}", server.root)).await;
        browser.pictures(name).await;
    }
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}
