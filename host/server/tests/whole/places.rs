//! Who signs in with a browser that was not seen before, at a place that was not seen before, is written to.

use lignaflow_testkit::{Database, Letter, Method, Org, Server, Setup, Visitor, on_both};

on_both!(
    a_sign_in_from_a_new_place_is_told_to_whose_account_it_is,
    a_browser_that_was_there_before_is_known_and_another_of_the_same_make_is_not,
);

const FIREFOX: &str = "Firefox/146.0 on Linux";

/// What an address is taken from.
async fn serve(database: &Database) -> (Server, Org) {
    let config: fn(&mut lignaflow_server::config::Config) =
        |config| config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    let server = database.serve_with(Setup { config, ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    (server, org)
}

async fn sign_in(server: &Server, visitor: &Visitor, org: &Org, from: &str, browser: &str) {
    let fields = [("email", org.email.as_str()), ("password", org.password.as_str())];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = visitor
        .request(Method::POST, "/sign-in")
        .header("Origin", &server.root)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("X-Forwarded-For", from)
        .header("User-Agent", browser);
    let signed = visitor.send(request.body(body)).await;
    assert_eq!(signed.status, 303, "{}", signed.text);
}

async fn told(server: &Server) -> Vec<Letter> {
    server.mailbox().await.into_iter().filter(|letter| letter.kind == "new-sign-in").collect()
}

async fn a_sign_in_from_a_new_place_is_told_to_whose_account_it_is(database: Database) {
    let (server, org) = serve(&database).await;
    let home = server.visitor();
    sign_in(&server, &home, &org, "203.0.113.5", FIREFOX).await;
    assert!(told(&server).await.is_empty(), "the first time there is nothing that it would be new beside");
    // At a place that is known, whatever the browser; and where the password was wrong nobody signed in.
    sign_in(&server, &server.visitor(), &org, "203.0.113.5", "Safari/26.1 on iPhone").await;
    let wrong = [("email", org.email.as_str()), ("password", "guessed wrongly")];
    let _ = server.visitor().post("/sign-in", &wrong).await.is(403);
    assert!(told(&server).await.is_empty());

    let thief = server.visitor();
    sign_in(&server, &thief, &org, "198.51.100.77", "curl/8.17").await;
    let letters = told(&server).await;
    let [letter] = letters.as_slice() else { panic!("one letter, not {letters:?}") };
    assert_eq!(letter.to, org.email);
    for said in ["198.51.100.77", "curl/8.17", "change your password"] {
        assert!(letter.text.contains(said) && letter.html.contains(said), "{said}: {}", letter.text);
    }
    assert_eq!(letter.path("/account"), "/account");
}

async fn a_browser_that_was_there_before_is_known_and_another_of_the_same_make_is_not(database: Database) {
    let (server, org) = serve(&database).await;
    let phone = server.visitor();
    sign_in(&server, &phone, &org, "203.0.113.5", FIREFOX).await;
    let _ = phone.post("/sign-out", &[]).await;
    sign_in(&server, &phone, &org, "203.0.113.200", FIREFOX).await;
    assert!(told(&server).await.is_empty(), "it goes about with its owner");
    sign_in(&server, &server.visitor(), &org, "198.51.100.77", FIREFOX).await;
    assert_eq!(told(&server).await.len(), 1, "what a browser calls itself proves nothing");
    // A mark is its person's alone, and lets nobody in.
    let other = server.organization("Elm").await;
    sign_in(&server, &server.visitor(), &other, "192.0.2.1", FIREFOX).await;
    let _ = phone.post("/sign-out", &[]).await;
    assert_eq!(phone.get("/").await.status, 303, "at the door");
    sign_in(&server, &phone, &other, "192.0.2.99", FIREFOX).await;
    let letters = told(&server).await;
    assert_eq!((letters.len(), letters[1].to.as_str()), (2, other.email.as_str()));
}
