//! The doors: setting up once, signing in and out, what a session's cookie is, and what every answer tells a browser.

use lignaflow_testkit::{Database, HeldClock, Method, PASSWORD, Page, Server, Setup, Visitor, on_both, on_one};
use serde_json::json;
use std::sync::Arc;

on_both!(setup_happens_once_and_through_its_address, sessions_begin_and_end, a_session_runs_out);

on_one!(
    a_wrong_password_tells_nothing_of_the_account,
    guessing_is_slowed,
    a_sessions_cookie_is_the_browsers_alone,
    a_change_from_another_sites_page_is_refused,
    nobody_is_sent_to_another_site,
    every_answer_tells_browsers_what_it_may_do,
    swagger_is_served_from_here_and_works_alone,
    probes_are_answered,
    plain_http_only_redirects_to_the_public_address,
    metrics_are_for_this_machine,
    tokens_are_made_shown_once_and_revoked,
    ones_password_is_changed_and_other_sessions_end,
);

const COOKIE: &str = "__Host-lignaflow";

fn founder<'a>(secret: &'a str, organization: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("secret", secret),
        ("organization", organization),
        ("country", "NZ"),
        ("time_zone", ""),
        ("currency", ""),
        ("name", "Jo Halloran"),
        ("email", "jo@example.com"),
        ("password", PASSWORD),
    ]
}

async fn secret(server: &Server) -> String {
    server.app.identity.setup_token().await.unwrap().unwrap().secret.expose().to_owned()
}

async fn setup_happens_once_and_through_its_address(database: Database) {
    let server = database.serve().await;
    let visitor = server.visitor();
    assert_eq!(visitor.get("/").await.to(), "/sign-in");
    visitor.get("/sign-in").await.is(200).shows("one-time address").hides("name=\"password\"");
    for wrong in ["/setup", "/setup?secret=", "/setup?secret=oak", &format!("/setup?secret={}", "A".repeat(43))] {
        visitor.get(wrong).await.is(403).hides("name=\"password\"");
    }
    let replaced = secret(&server).await;
    let secret = secret(&server).await;
    let _ = visitor.get(&format!("/setup?secret={replaced}")).await.is(403);
    let _ = visitor.post("/setup", &founder(&replaced, "Halloran")).await.is(403);

    let form = visitor.get(&format!("/setup?secret={secret}")).await.is(200);
    assert_eq!(form.value("secret"), secret);
    let mut wrong = founder(&secret, "");
    wrong.retain(|(name, _)| *name != "password");
    wrong.extend([("password", "12345678")]);
    let again = visitor.post("/setup", &wrong).await.is(422);
    again
        .shows("value=\"jo@example.com\"")
        .shows("value=\"Jo Halloran\"")
        .hides("12345678")
        .shows("href=\"#f-organization\"");
    again.shows("href=\"#f-password\"");
    assert_eq!(again.value("secret"), secret, "it serves until it was used");

    let done = visitor.post("/setup", &founder(&secret, "Halloran & Beck")).await;
    assert_eq!((done.status, done.to()), (303, "/"), "{}", done.text);
    visitor.get("/").await.is(200).shows("Halloran &amp; Beck").shows("Jo Halloran");
    let me = visitor.get("/api/v1/account").await.is(200);
    assert_eq!(
        (&me.json["organization"]["currency"], &me.json["organization"]["time_zone"]),
        (&json!("NZD"), &json!("Pacific/Auckland"))
    );
    assert_eq!(me.json["person"]["instance_admin"], true);

    let late = server.visitor();
    let _ = late.get(&format!("/setup?secret={secret}")).await.is(403);
    let _ = late.post("/setup", &founder(&secret, "Second")).await.is(403);
    assert!(server.app.identity.setup_token().await.unwrap().is_none());
}

async fn sessions_begin_and_end(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    let visitor = server.visitor();
    let wanted = visitor.get("/projects/tasks?filter[status]=todo").await;
    assert_eq!(wanted.status, 303);
    let door = visitor.follow(&wanted).await.is(200);
    assert_eq!(door.value("next"), "/projects/tasks?filter[status]=todo");
    let fields = [("email", org.email.as_str()), ("password", org.password.as_str()), ("next", &door.value("next"))];
    let signed = visitor.post("/sign-in", &fields).await;
    assert_eq!((signed.status, signed.to()), (303, "/projects/tasks?filter[status]=todo"));
    let _ = visitor.follow(&signed).await.is(200);
    assert_eq!(visitor.get("/sign-in").await.to(), "/", "whoever is in need not knock");

    let stolen = visitor.cookie(COOKIE).unwrap();
    let out = visitor.post("/sign-out", &[]).await;
    assert_eq!((out.status, out.to()), (303, "/sign-in"));
    assert_eq!(visitor.cookie(COOKIE), None, "the cookie is taken away");
    let thief = server.visitor();
    let again = thief.request(Method::GET, "/api/v1/account").header("Cookie", format!("{COOKIE}={stolen}"));
    let _ = thief.send(again).await.is(401);
    assert_eq!(visitor.get("/projects/tasks").await.status, 303);
}

async fn a_session_runs_out(database: Database) {
    let clock = HeldClock::at(1_795_000_000_000_000);
    let server = database.serve_with(Setup { clock: Arc::new(clock.clone()), ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    let visitor = server.signed_in(&org).await;
    clock.advance_seconds(13 * 86_400);
    let _ = visitor.get("/").await.is(200);
    server.app.identity.settle().await;
    clock.advance_seconds(13 * 86_400);
    let _ = visitor.get("/").await.is(200);
    clock.advance_seconds(15 * 86_400);
    assert_eq!(visitor.get("/").await.status, 303, "not used for two weeks");
    let _ = org.get("account").await.is(200);
}

async fn a_wrong_password_tells_nothing_of_the_account(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    let visitor = server.visitor();
    let wrong = visitor.post("/sign-in", &[("email", &org.email), ("password", "oak and ash")]).await.is(403);
    let nobody =
        visitor.post("/sign-in", &[("email", "nobody@example.com"), ("password", "oak and ash")]).await.is(403);
    wrong.shows("do not belong together").hides("oak and ash").shows(&format!("value=\"{}\"", org.email));
    let told = |page: &Page| page.text.replace(&org.email, "").replace("nobody@example.com", "");
    assert_eq!(told(&wrong), told(&nobody));
    let api = server.client(None);
    let wrong =
        api.post("auth/session", json!({ "email": org.email, "password": "oak" })).await.is_problem(403, "denied");
    let nobody = api
        .post("auth/session", json!({ "email": "nobody@example.com", "password": "oak" }))
        .await
        .is_problem(403, "denied");
    assert_eq!(wrong.json["detail"], nobody.json["detail"]);
    assert!(wrong.header("set-cookie").is_empty());
}

async fn guessing_is_slowed(database: Database) {
    let config = |config: &mut lignaflow_server::config::Config| {
        config.limits.sign_in_per_minute = 1;
        config.limits.sign_in_burst = 3;
    };
    let server = database.serve_with(Setup { config, ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    let api = server.client(None);
    let guess = async || api.post("auth/session", json!({ "email": org.email, "password": "oak" })).await;
    for _ in 0..3 {
        let _ = guess().await.is_problem(403, "denied");
    }
    let slowed = guess().await.is_problem(429, "rate-limited");
    assert!(slowed.header("retry-after").parse::<u64>().unwrap() >= 1);
    let _ = org.get("account").await.is(200);
}

async fn a_sessions_cookie_is_the_browsers_alone(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    let fields = [("email", org.email.as_str()), ("password", org.password.as_str())];
    let page = server.visitor().post("/sign-in", &fields).await;
    let cookie = page.sets(COOKIE).unwrap();
    for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.to_lowercase().contains("domain"), "{cookie}");
    let secret = cookie.split(['=', ';']).nth(1).unwrap();
    assert!(secret.len() >= 43, "256 bits: {cookie}");
    let other = server.visitor().post("/sign-in", &fields).await.sets(COOKIE).unwrap();
    assert_ne!(other, cookie);
    let api =
        server.client(None).post("auth/session", json!({ "email": org.email, "password": org.password })).await.is(201);
    assert!(api.header("set-cookie").starts_with(COOKIE) && !api.text.contains(secret));
}

/// A form posted with what a browser says of where it comes from.
async fn posted(visitor: &Visitor, path: &str, headers: &[(&str, &str)]) -> u16 {
    let mut request = visitor.request(Method::POST, path).header("Content-Type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    visitor.send(request.body("name=Planted")).await.status
}

async fn a_change_from_another_sites_page_is_refused(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    let visitor = server.signed_in(&org).await;
    let evil: [&[(&str, &str)]; 4] = [
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", &server.root)],
        &[("Sec-Fetch-Site", "same-site")],
    ];
    for headers in evil {
        for path in
            ["/projects/clients", "/sign-out", "/admin/plugins/projects/disable", "/api/v1/projects/clients", "/theme"]
        {
            assert_eq!(posted(&visitor, path, headers).await, 403, "{path} {headers:?}");
        }
        assert_eq!(posted(&server.visitor(), "/sign-in", headers).await, 403, "{headers:?}");
    }
    assert_eq!(posted(&visitor, "/projects/clients", &[("Sec-Fetch-Site", "same-origin")]).await, 303);
    let _ = org.get("projects/clients").await.is(200);
    let token = org.request(Method::POST, "projects/clients").header("Origin", "https://their.example");
    let _ = org.send(token.json(&json!({ "name": "By token" }))).await.is(201);
}

async fn nobody_is_sent_to_another_site(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    for next in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\tevil",
    ] {
        let fields = [("email", org.email.as_str()), ("password", org.password.as_str()), ("next", next)];
        let visitor = server.visitor();
        assert_eq!(visitor.post("/sign-in", &fields).await.to(), "/", "{next}");
        let back = visitor.post("/theme", &[("theme", "dark"), ("back", next)]).await;
        assert_eq!((back.status, back.to()), (303, "/"), "{next}");
        let encoded: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        assert_eq!(visitor.get(&format!("/sign-in?next={encoded}")).await.to(), "/", "{next}");
        server.visitor().get(&format!("/sign-in?next={encoded}")).await.is(200).hides("evil");
    }
}

async fn every_answer_tells_browsers_what_it_may_do(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    let visitor = server.signed_in(&org).await;
    for path in [
        "/",
        "/projects/tasks",
        "/nowhere",
        "/swagger/",
        "/api/v1/projects/tasks",
        "/api/v1/nowhere/at",
        "/api/openapi.json",
        "/health",
    ] {
        let page = visitor.get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(page.header(name), value, "{name} of {path}");
        }
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        let is_data = page.header("content-type").contains("json");
        assert!(policy.contains("base-uri 'none'"), "{path}: {policy}");
        assert_eq!(policy.contains("script-src 'self'"), !is_data, "{path}: {policy}");
        assert_eq!(page.header("permissions-policy").contains("geolocation=()"), !is_data, "{path}");
        assert!(!policy.contains("unsafe-eval"), "{path}: {policy}");
        assert!(page.header("strict-transport-security").is_empty(), "localhost is shared by every program");
        assert!(page.header("server").is_empty());
        assert!(!page.header("x-request-id").is_empty());
        assert!(page.header("cache-control").contains("no-"), "{path}: {}", page.header("cache-control"));
    }
}

async fn swagger_is_served_from_here_and_works_alone(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    let visitor = server.visitor();
    assert_eq!(visitor.get("/swagger").await.to(), "/swagger/");
    let page = visitor.get("/swagger/").await.is(200);
    let mut files = 0;
    for tag in page.text.split('<').filter(|tag| tag.starts_with("script") || tag.starts_with("link")) {
        assert!(!tag.contains("https://") && !tag.contains("src=\"//"), "{tag}");
        let file =
            tag.split("src=\"").nth(1).or_else(|| tag.split("href=\"").nth(1)).and_then(|rest| rest.split('"').next());
        if let Some(file) = file {
            let file = visitor.get(&format!("/swagger/{}", file.trim_start_matches("./"))).await.is(200);
            assert!(!file.text.is_empty());
            files += 1;
        } else {
            assert!(tag.starts_with("link") || tag.starts_with("script>"), "{tag}");
        }
    }
    assert!(files >= 3, "script, sheet and its start");
    for tag in page.text.split("<script").skip(1) {
        assert!(tag.contains("src="), "no script in the page: its policy would stop it: {tag}");
    }
    let start = visitor.get("/swagger/swagger-initializer.js").await.is(200);
    start.shows("/api/openapi.json");
    let _ = visitor.get("/swagger/nothing.js").await.is(404);

    let nobody = visitor.get("/api/openapi.json").await.is(200);
    assert!(nobody.json["paths"].get("/api/v1/projects/tasks").is_none(), "nobody learns what is installed");
    let known = org.get("/api/openapi.json").await.is(200);
    assert!(known.json["paths"].get("/api/v1/projects/tasks").is_some());
    assert_eq!(known.json["servers"][0]["url"], server.root);
}

async fn probes_are_answered(database: Database) {
    let server = database.serve().await;
    let api = server.client(None);
    let live = api.get("/health/live").await.is(200);
    assert_eq!(live.json["status"], "live");
    for path in ["/health", "/health/ready"] {
        let ready = api.get(path).await.is(200);
        assert_eq!((&ready.json["status"], &ready.json["checks"]["database"]), (&json!("ready"), &json!("well")));
    }
}

async fn plain_http_only_redirects_to_the_public_address(database: Database) {
    let server = database.serve().await;
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    for path in ["/", "/projects/tasks?q=oak%20bench", "/api/v1/projects/tasks"] {
        let request = http.post(format!("http://{}{path}", server.http)).header("Host", "evil.example");
        let moved = request.send().await.unwrap();
        assert_eq!(moved.status(), 308);
        assert_eq!(moved.headers()["location"], format!("{}{path}", server.root));
    }
}

async fn metrics_are_for_this_machine(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    let _ = org.get("projects/tasks").await.is(200);
    let metrics = server.client(None).get("/metrics").await.is(200);
    assert!(metrics.text.contains("http_requests_total") && metrics.text.contains("route="), "{}", metrics.text);
    let api = server.client(None);
    let forwarded = api.request(Method::GET, "/metrics").header("X-Forwarded-For", "203.0.113.7");
    let told = api.send(forwarded).await;
    assert!(matches!(told.status, 401 | 403 | 404), "a proxy that passes on strangers: {}", told.status);
}

async fn tokens_are_made_shown_once_and_revoked(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    let visitor = server.signed_in(&org).await;
    let origin = |request: reqwest::RequestBuilder| request.header("Origin", server.root.as_str());
    let body = json!({ "name": "nightly export", "scope": "read" });
    let made = visitor.send(origin(visitor.request(Method::POST, "/api/v1/tokens")).json(&body)).await.is(201);
    let secret = made.json["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("lf_"));
    let listed = visitor.get("/api/v1/tokens").await.is(200);
    listed.hides(&secret).shows("nightly export");
    let api = server.client(Some(&secret));
    let _ = api.get("projects/tasks").await.is(200);
    let _ = api.post("projects/clients", json!({ "name": "x" })).await.is_problem(403, "denied");
    let wrong = json!({ "name": "", "scope": "everything", "expires_at": "soon" });
    let refused = visitor.send(origin(visitor.request(Method::POST, "/api/v1/tokens")).json(&wrong)).await.is(422);
    assert_eq!(refused.issues(), [("/scope", "choice"), ("/expires_at", "type")]);
    let path = format!("/api/v1/tokens/{}", made.id());
    let _ = visitor.send(origin(visitor.request(Method::DELETE, &path))).await.is(204);
    let _ = api.get("projects/tasks").await.is_problem(401, "unauthenticated");
    let _ = org.post("tokens", json!({ "name": "by a token" })).await.is_problem(403, "denied");
}

async fn ones_password_is_changed_and_other_sessions_end(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    let (here, elsewhere) = (server.signed_in(&org).await, server.signed_in(&org).await);
    let wrong =
        here.post("/account/password", &[("current", "guessed"), ("password", "another long password")]).await.is(422);
    wrong.shows("not your password").hides("another long password");
    let short = here.post("/account/password", &[("current", &org.password), ("password", "short")]).await.is(422);
    short.shows("href=\"#f-password\"");
    let done =
        here.post("/account/password", &[("current", &org.password), ("password", "another long password")]).await;
    assert_eq!((done.status, done.to()), (303, "/account"), "{}", done.text);
    let _ = here.follow(&done).await.is(200);
    assert_eq!(elsewhere.get("/account").await.status, 303, "at the door");
    let _ = org.get("account").await.is(200);
    elsewhere.sign_in(&org.email, "another long password").await;
}
