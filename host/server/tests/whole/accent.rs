//! The colour that an organization gives its pages: who sets it, what it may be, and whose pages have it.

use lignaflow_core::caller::Role;
use lignaflow_testkit::driver::Browser;
use lignaflow_testkit::plugins::fixture;
use lignaflow_testkit::{Database, Method, Org, Page, Setup, on_both, on_one};
use serde_json::json;

on_both!(
    administrators_set_the_colour_of_their_organization_and_of_no_other,
    a_colour_beyond_its_bounds_is_refused_at_its_field,
    the_colour_is_chosen_on_the_page_of_the_organization,
    who_comes_by_a_link_sees_the_colour_of_whose_link_it_is,
);

on_one!(a_colour_shows_before_it_is_saved_and_wherever_one_goes_after);

/// The sheet that colours a page, where it has one.
fn sheet(page: &Page) -> Option<String> {
    page.text.split('"').find(|part| part.starts_with("/static/") && part.contains("/accent/")).map(str::to_owned)
}

async fn administrators_set_the_colour_of_their_organization_and_of_no_other(database: Database) {
    let server = database.serve().await;
    let (oak, elm) = (server.organization("Oak").await, server.organization("Elm").await);
    let (in_oak, in_elm) = (server.signed_in(&oak).await, server.signed_in(&elm).await);
    assert_eq!(sheet(&in_oak.get("/").await.is(200)), None, "the usual colour needs no sheet of its own");
    let usual = oak.get("organization").await.is(200);
    assert_eq!((&usual.json["accent_hue"], &usual.json["accent_chroma"]), (&json!(163), &json!(68)));

    let (_, email, mia) = server.member(&oak, "Mia", Role::Member).await;
    let _ = mia.patch("organization", "*", json!({ "accent_hue": 250 })).await.is_problem(403, "denied");
    let changed = oak.patch("organization", "*", json!({ "accent_hue": 250 })).await.is(200);
    assert_eq!((&changed.json["accent_hue"], &changed.json["accent_chroma"]), (&json!(250), &json!(68)));
    assert_eq!(elm.get("organization").await.json["accent_hue"], 163);

    let address = sheet(&in_oak.get("/").await.is(200)).unwrap();
    let member = server.visitor();
    member.sign_in(&email, &oak.password).await;
    assert_eq!(sheet(&member.get("/account").await.is(200)), Some(address.clone()), "everybody's pages have it");
    assert_eq!(sheet(&in_elm.get("/").await.is(200)), None);
    assert_eq!(sheet(&server.visitor().get("/sign-in").await.is(200)), None, "at the door it is nobody's yet");

    let served = in_oak.get(&address).await.is(200);
    assert_eq!(served.text, ":root { --brand-hue: 250; --brand-chroma: 0.068; }\n");
    assert_eq!(served.header("content-type"), "text/css; charset=utf-8");
    assert_eq!(served.header("cache-control"), "private, max-age=31536000, immutable");
    let again = in_oak.request(Method::GET, &address).header("If-None-Match", served.etag());
    let _ = in_oak.send(again).await.is(304);

    let _ = oak.patch("organization", "*", json!({ "accent_chroma": 0 })).await.is(200);
    let anew = sheet(&in_oak.get("/").await.is(200)).unwrap();
    assert_ne!(anew, address, "no browser goes on with what it kept");
    let _ = oak.patch("organization", "*", json!({ "accent_hue": 163, "accent_chroma": 68 })).await.is(200);
    assert_eq!(sheet(&in_oak.get("/").await.is(200)), None);
    let told = oak.get("audit?kind=organization.changed").await.is(200);
    assert!(told.data().iter().any(|line| line["detail"]["accent_hue"] == 250), "{}", told.json);
}

async fn a_colour_beyond_its_bounds_is_refused_at_its_field(database: Database) {
    let server = database.serve().await;
    let oak = server.organization("Oak").await;
    for (hue, chroma) in [(360, 81), (-1, -1), (70_000, i64::MAX)] {
        let wrong = json!({ "accent_hue": hue, "accent_chroma": chroma });
        let refused = oak.patch("organization", "*", wrong).await.is_problem(422, "invalid");
        assert_eq!(refused.issues(), [("/accent_hue", "range"), ("/accent_chroma", "range")]);
        assert!(refused.json["issues"][0]["message"].as_str().unwrap().contains("from 0 to 359"), "{}", refused.json);
    }
    let owner = server.signed_in(&oak).await;
    for path in ["/static/accent/360-10.css", "/static/accent/10-81.css", "/static/accent/10-.css"] {
        let _ = owner.get(path).await.is(404);
    }
    assert_eq!(oak.get("organization").await.json["accent_hue"], 163);
}

async fn the_colour_is_chosen_on_the_page_of_the_organization(database: Database) {
    const PAGE: &str = "/admin/organization";
    let server = database.serve().await;
    let oak = server.organization("Oak").await;
    let owner = server.signed_in(&oak).await;
    owner.get(PAGE).await.is(200).shows("value=\"163-68\" checked").hides("style=");

    // What has a name counts for itself, whatever stands beside it.
    let named = [("accent", "250-76"), ("accent_hue", "163"), ("accent_chroma", "68")];
    assert_eq!(owner.post(PAGE, &named).await.status, 303);
    let page = owner.get(PAGE).await.is(200);
    page.shows("value=\"250-76\" checked").shows("name=\"accent_hue\" value=\"250\"");
    assert!(sheet(&page).unwrap().ends_with("/accent/250-76.css"));

    let wrong = [("accent", "own"), ("accent_hue", "blue"), ("accent_chroma", "200")];
    let refused = owner.post(PAGE, &wrong).await.is(422);
    refused
        .shows("href=\"#f-accent_hue\"")
        .shows("from 0 to 80")
        .shows("value=\"blue\"")
        .shows("value=\"own\" checked");
    let _ = owner.post(PAGE, &[("accent", "12-12")]).await.is(422);
    let own = [("accent", "own"), ("accent_hue", "17"), ("accent_chroma", "80")];
    assert_eq!(owner.post(PAGE, &own).await.status, 303);
    let page = owner.get(PAGE).await.is(200);
    page.shows("value=\"own\" checked");
    assert!(sheet(&page).unwrap().ends_with("/accent/17-80.css"));
    assert_eq!(owner.post(PAGE, &[("tax_number", "12 345")]).await.status, 303);
    assert_eq!(oak.get("organization").await.json["accent_hue"], 17, "what is not posted stays");
}

async fn who_comes_by_a_link_sees_the_colour_of_whose_link_it_is(database: Database) {
    let server = database.serve_with(Setup { plugins: vec![fixture("offers")], ..Setup::default() }).await;
    let (oak, elm) = (server.organization("Oak").await, server.organization("Elm").await);
    let _ = oak.patch("organization", "*", json!({ "accent_hue": 290, "accent_chroma": 40 })).await.is(200);
    let mut opened = Vec::new();
    for org in [&oak, &elm] {
        let visitor = server.visitor();
        let entered = visitor.get(&link(org).await).await.is(303);
        let page = visitor.follow(&entered).await.is(200);
        opened.push((visitor, sheet(&page)));
    }
    let (visitor, address) = &opened[0];
    let address = address.as_ref().unwrap();
    assert!(address.ends_with("/accent/290-40.css"), "{address}");
    let _ = visitor.get(address).await.is(200);
    assert_eq!(opened[1].1, None, "another's letter is not coloured");
}

/// The path of a link to an offer.
async fn link(org: &Org) -> String {
    let total = json!({ "minor": 10_000, "currency": "AUD" });
    let offer = json!({ "number": "Q-1", "client": "Ana Weiss", "total": total, "margin": 2_250 });
    let offer = org.make("offers/offers", offer).await;
    let line = json!({ "offer": offer, "text": "Bench of oak", "amount": total });
    org.make("offers/lines", line).await;
    let sent = org.post(&format!("offers/offers/{offer}/send"), json!({ "address": "ana@client.example" })).await;
    let url = sent.is(201).json["url"].as_str().unwrap().to_owned();
    url[url.find("/l/").unwrap()..].to_owned()
}

/// The hue that the page is drawn in.
const HUE: &str = "return getComputedStyle(document.documentElement).getPropertyValue('--brand-hue').trim()";

async fn a_colour_shows_before_it_is_saved_and_wherever_one_goes_after(database: Database) {
    let server = database.serve_with(Setup { plugins: vec![fixture("offers")], ..Setup::default() }).await;
    let oak = server.organization("Oak").await;
    let link = link(&oak).await;
    let Some(browser) = Browser::open().await else { return };
    browser.sign_in(&server.root, &oak.email, &oak.password).await;
    browser.goto(&format!("{}/admin/organization", server.root)).await;
    let hue = async || browser.client.execute(HUE, Vec::new()).await.unwrap();
    assert_eq!(hue().await, "163");
    while browser.client.execute("return Boolean(customElements.get('lf-accent'))", Vec::new()).await.unwrap() != true {
        tokio::task::yield_now().await;
    }
    browser.find("input[name=accent][value='290-76']").await.click().await.unwrap();
    assert_eq!(hue().await, "290");
    // What is typed is one of one's own, and begins with what was chosen.
    browser.fill("#f-accent_hue", "250").await;
    assert_eq!(hue().await, "250");
    assert!(
        browser.client.execute("return document.querySelector('[value=own]').checked", Vec::new()).await.unwrap()
            == true
    );
    browser.find("input[name=accent][value='250-76']").await.click().await.unwrap();
    browser.pictures("accent-choice").await;
    browser.press("form[action='/admin/organization'] button").await;
    assert_eq!(oak.get("organization").await.json["accent_hue"], 250);
    for (name, path) in [("list", "/offers/offers"), ("home", "/"), ("link", link.as_str())] {
        browser.goto(&format!("{}{path}", server.root)).await;
        assert_eq!(hue().await, "250", "{path}");
        browser.pictures(&format!("accent-{name}")).await;
    }
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}
