//! What was typed into a form outlives the session in which it was typed.

use crate::forms::with_files;
use crate::media::PDF;
use lignaflow_testkit::{Database, HeldClock, Method, Org, Page, Role, Server, Setup, Visitor, on_both};
use serde_json::json;
use std::sync::Arc;

on_both!(
    what_was_typed_is_sent_once_somebody_has_signed_in_again,
    what_was_typed_waits_for_a_proof,
    files_of_a_form_wait_for_whose_session_it_was,
    files_of_nobody_are_named_and_not_kept,
    what_is_secret_is_not_handed_back_and_nothing_goes_elsewhere,
);

const DAY: i64 = 24 * 60 * 60;

async fn serve(database: &Database) -> (Server, Org, HeldClock) {
    let clock = HeldClock::at(1_795_000_000_000_000);
    let server = database.serve_with(Setup { clock: Arc::new(clock.clone()), ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    (server, org, clock)
}

/// Posts the sign-in form of a page, with the form that it holds.
async fn sign_in(visitor: &Visitor, page: &Page, email: &str, password: &str) -> Page {
    let (to, held) = (page.value("held_to"), page.value("held"));
    let fields = [("email", email), ("password", password), ("held_to", to.as_str()), ("held", held.as_str())];
    visitor.post("/sign-in", &fields).await
}

async fn what_was_typed_is_sent_once_somebody_has_signed_in_again(database: Database) {
    let (server, org, clock) = serve(&database).await;
    let visitor = server.signed_in(&org).await;
    let _ = visitor.get("/projects/clients/new").await.is(200);
    clock.advance_seconds(15 * DAY);
    let typed = [("name", "Oak & \"Ash\" <Ltd>"), ("number", "C-7")];
    let asked = visitor.post("/projects/clients", &typed).await.is(401);
    asked.shows("What you typed is kept").shows("action=\"/sign-in\"");
    assert_eq!(asked.value("held_to"), "/projects/clients");
    let wrong = sign_in(&visitor, &asked, &org.email, "guessed wrongly").await.is(403);
    let back = sign_in(&visitor, &wrong, &org.email, &org.password).await.is(200);
    back.shows("What you typed is still here").shows("Halloran").shows("action=\"/projects/clients\"");
    assert!(org.get("projects/clients").await.data().is_empty(), "nothing is sent before they say so");
    let (name, number) = (back.value("name"), back.value("number"));
    let made = visitor.post("/projects/clients", &[("name", name.as_str()), ("number", number.as_str())]).await;
    assert_eq!(made.status, 303, "{}", made.text);
    assert_eq!(org.get("projects/clients").await.column("name"), ["Oak & \"Ash\" <Ltd>"]);
    // A page that was only looked at is come back to.
    clock.advance_seconds(15 * DAY);
    assert_eq!(visitor.get("/projects/clients").await.to(), "/sign-in?next=%2Fprojects%2Fclients");
    // On an enrolled device by PIN.
    let made = org.post("devices", json!({ "name": "Van" })).await.is(201);
    let link = made.json["link"].as_str().unwrap().strip_prefix(server.root.as_str()).unwrap().to_owned();
    assert_eq!(visitor.post(&link, &[]).await.status, 303);
    let asked = visitor.post("/projects/clients", &typed).await.is(401);
    asked.shows("action=\"/sign-in/pin\"");
    let (mia, _, _) = server.member(&org, "Mia", Role::Member).await;
    let put = org.request(lignaflow_testkit::Method::PUT, &format!("people/{mia}/pin"));
    let pin = json!({ "username": "mia", "pin": "273941" });
    let _ = org.send(put.json(&pin)).await.is(200);
    let (to, held) = (asked.value("held_to"), asked.value("held"));
    let fields = [("username", "mia"), ("pin", "273941"), ("held_to", to.as_str()), ("held", held.as_str())];
    let back = visitor.post("/sign-in/pin", &fields).await.is(200);
    back.shows("signed in as <b>Mia</b>");
    assert_eq!(back.value("number"), "C-7");
}

async fn what_was_typed_waits_for_a_proof(database: Database) {
    let (server, org, clock) = serve(&database).await;
    let visitor = server.signed_in(&org).await;
    clock.advance_seconds(601);
    let token = [("name", "Payroll"), ("scope", "read"), ("expires", "30")];
    let asked = visitor.post("/account/tokens", &token).await.is(403);
    asked.shows("Is it you?").shows("What you typed is kept");
    let (to, held) = (asked.value("held_to"), asked.value("held"));
    let prove = async |password: &str| {
        let fields = [("password", password), ("held_to", to.as_str()), ("held", held.as_str())];
        visitor.post("/account/prove", &fields).await
    };
    let wrong = prove("guessed").await.is(422);
    assert_eq!(wrong.value("held"), held);
    let back = prove(&org.password).await.is(200);
    assert_eq!((back.value("name"), back.value("expires")), ("Payroll".to_owned(), "30".to_owned()));
    assert!(visitor.get("/api/v1/tokens").await.is(200).text.matches("Payroll").count() == 0);
    visitor.post("/account/tokens", &token).await.is(200).shows("lf_");
}

/// Posts the form of a new project with a file to it.
async fn send(visitor: &Visitor, name: &str, file: (&str, &[u8])) -> Page {
    let body = with_files(&[("name", name)], &[("documents~file", file.0, "application/pdf", file.1)]);
    let request = visitor.request(Method::POST, "/projects/projects").header("Sec-Fetch-Site", "same-origin");
    visitor.send(request.header("Content-Type", "multipart/form-data; boundary=x").body(body)).await
}

async fn files_of_a_form_wait_for_whose_session_it_was(database: Database) {
    let (server, org, clock) = serve(&database).await;
    let (_, ada, _) = server.member(&org, "Ada", Role::Admin).await;
    let visitor = server.signed_in(&org).await;
    clock.advance_seconds(15 * DAY);
    server.app.identity.sweep().await.unwrap();
    let asked = send(&visitor, "Fit-out", ("plan.pdf", PDF)).await.is(401);
    asked.shows("What you typed is kept: sign in").shows("action=\"/sign-in\"");
    let waiting = |page: &Page| {
        let held = page.value("held");
        let found = held.split('&').find_map(|pair| pair.strip_prefix("documents=").map(str::to_owned));
        found.unwrap_or_else(|| panic!("no file in {held}"))
    };
    let file = waiting(&asked);
    // Until then it is nobody's to look at, and of another it is no file.
    let _ = server.client(None).get(&format!("media/{file}/content")).await.is(401);
    let other = server.visitor();
    let back = sign_in(&other, &asked, &ada, &org.password).await.is(200);
    let fields = [("name", "Fit-out"), ("documents", file.as_str())];
    back.shows("action=\"/projects/projects\"");
    other.post("/projects/projects", &fields).await.is(422).shows("href=\"#f-documents\"");

    let back = sign_in(&visitor, &asked, &org.email, &org.password).await.is(200);
    back.shows("What you typed is still here").hides("could not be kept");
    assert_eq!((back.value("name"), back.value("documents")), ("Fit-out".to_owned(), file.clone()));
    let made = visitor.post("/projects/projects", &fields).await;
    assert_eq!(made.status, 303, "{}", made.text);
    visitor.follow(&made).await.is(200).shows("plan.pdf");
    let _ = org.get(&format!("media/{file}/content")).await.is(200);
    // What is no file that is taken is told by its name, and the rest is kept.
    clock.advance_seconds(15 * DAY);
    let asked = send(&visitor, "Shelves", ("plan.pdf", b"<html>")).await.is(401);
    asked.shows("but not all files");
    let back = sign_in(&visitor, &asked, &org.email, &org.password).await.is(200);
    back.shows("could not be kept").shows("plan.pdf").hides("~left");
    assert_eq!(visitor.post("/projects/projects", &[("name", &back.value("name"))]).await.status, 303);
}

async fn files_of_nobody_are_named_and_not_kept(database: Database) {
    let (server, org, clock) = serve(&database).await;
    // Who never signed in, whose session was ended, and whose membership was.
    let (mia, email, _) = server.member(&org, "Mia", Role::Member).await;
    let (ended, put_out) = (server.signed_in(&org).await, server.visitor());
    put_out.sign_in(&email, &org.password).await;
    let cookie = ended.cookie("__Host-lignaflow").unwrap();
    let _ = ended.post("/sign-out", &[]).await;
    clock.advance_seconds(15 * DAY);
    let _ = org.patch(&format!("people/{mia}"), "*", json!({ "active": false })).await.is(204);
    for visitor in [server.visitor(), put_out] {
        let asked = send(&visitor, "Fit-out", ("plan.pdf", PDF)).await.is(401);
        asked.shows("but not all files");
        assert!(!asked.value("held").contains("documents="), "{}", asked.value("held"));
    }
    let body = with_files(&[("name", "Fit-out")], &[("documents~file", "plan.pdf", "application/pdf", PDF)]);
    let stolen = server.client(None).with_cookie(&format!("__Host-lignaflow={cookie}"));
    let request = stolen.request(Method::POST, "/projects/projects");
    let asked = stolen.send(request.header("Content-Type", "multipart/form-data; boundary=x").body(body)).await.is(401);
    assert!(asked.text.contains("but not all files"), "{}", asked.text);
    assert_eq!(server.app.store.media_used(org.id).await.unwrap().0, 0, "nothing was kept");
}

async fn what_is_secret_is_not_handed_back_and_nothing_goes_elsewhere(database: Database) {
    let (server, org, _) = serve(&database).await;
    let nobody = server.visitor();
    let secret = [("current", org.password.as_str()), ("password", "a plane for the edges")];
    let door = nobody.post("/account/password", &secret).await;
    assert_eq!((door.status, door.to()), (303, "/sign-in"));
    assert_eq!(nobody.post("/sign-out", &[("a", "b")]).await.status, 303);
    for to in ["//evil.example/", "https://evil.example/", "javascript:alert(1)"] {
        let fields =
            [("email", org.email.as_str()), ("password", org.password.as_str()), ("held_to", to), ("held", "a=b")];
        let page = nobody.post("/sign-in", &fields).await.is(200);
        page.hides("evil").hides("javascript:").shows("action=\"/\"");
    }
    let fields = [("email", org.email.as_str()), ("password", org.password.as_str()), ("held_to", "/account/password")];
    let page = nobody.post("/sign-in", &[fields.as_slice(), &[("held", "password=x&current=y")]].concat()).await;
    assert_eq!((page.status, page.to()), (303, "/"));
}
