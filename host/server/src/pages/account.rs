//! One's own password, tokens and sessions.

use super::house::Visit;
use crate::app::App;
use crate::rest::host::{From, session};
use axum::Router;
use axum::extract::{Path, Query, RawForm};
use axum::response::{IntoResponse, Json, Redirect, Response};
use axum::routing::{get, post};
use http::StatusCode;
use lignaflow_core::{Fault, Id, Issue};
use lignaflow_identity::{NewToken, ProfileChange, SHORTEST_PASSWORD, Scope, SignInFault, asks_for_proof};
use lignaflow_web::account::{AccountPage, Session, Token, page};
use lignaflow_web::labels::Choices;
use lignaflow_web::paths;
use std::collections::HashMap;
use std::sync::Arc;

/// What a token's scope is called.
const SCOPES: [(&str, &str); 2] = [("all", "Everything I may do"), ("read", "Read records")];
const DAY: i64 = 86_400_000_000;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(paths::ACCOUNT, get(show))
        .route(paths::PEOPLE_CHOICES, get(people))
        .route(paths::ACCOUNT_PASSWORD, post(password))
        .route(paths::ACCOUNT_PROFILE, post(profile))
        .route(paths::ACCOUNT_TOKENS, post(make_token))
        .route("/account/tokens/{id}/revoke", post(revoke_token))
        .route(paths::ACCOUNT_SESSIONS_END, post(end_others))
        .route(paths::ACCOUNT_PIN, post(change_pin))
        .route(paths::ACCOUNT_ADDRESS, post(ask_address))
        .route("/account/address/{code}", get(confirm_address))
        .route("/account/sessions/{id}/revoke", post(revoke_session))
}

/// What the page shows beside what stands.
#[derive(Default)]
struct Shown<'a> {
    made: Option<(&'a str, &'a str)>,
    token_name: &'a str,
    fault: Option<&'a Fault>,
}

async fn draw(visit: &Visit, shown: Shown<'_>) -> Response {
    if let Some(fault) = shown.fault.filter(|fault| asks_for_proof(fault)) {
        return visit.fault(fault);
    }
    let actor = &visit.signed.authenticated;
    let (tokens, sessions) = match (visit.app.identity.tokens(actor).await, visit.app.identity.sessions(actor).await) {
        (Ok(tokens), Ok(sessions)) => (tokens, sessions),
        (Err(fault), _) | (_, Err(fault)) => return visit.fault(&fault),
    };
    let now = visit.signed.caller.now;
    let scope_title = |scope: Scope| {
        SCOPES.iter().find(|(value, _)| *value == scope.as_str()).map_or("", |(_, title)| *title).to_owned()
    };
    let tokens: Vec<Token> = tokens
        .into_iter()
        .filter(|token| token.revoked_at.is_none())
        .map(|token| Token {
            id: token.id.to_string(),
            name: token.name,
            scope: scope_title(token.scope),
            created_at: token.created_at,
            expired: token.expires_at.is_some_and(|end| end <= now),
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        })
        .collect();
    let sessions: Vec<Session> = sessions
        .into_iter()
        .map(|session| Session {
            id: session.id.to_string(),
            device: device(&session.user_agent),
            address: session.address,
            last_seen_at: session.last_seen_at,
            current: session.current,
        })
        .collect();
    let view = AccountPage {
        tokens: &tokens,
        sessions: &sessions,
        made: shown.made,
        scopes: &SCOPES,
        token_name: shown.token_name,
        issues: shown.fault.map_or(&[], |fault| fault.issues.as_slice()),
        fault: shown.fault.filter(|fault| fault.issues.is_empty()).map(|fault| fault.message.as_str()),
        password_min: SHORTEST_PASSWORD,
        locale: actor.person.locale.as_deref().unwrap_or_default(),
        time_zone: actor.person.time_zone.as_deref().unwrap_or_default(),
        by_pin: actor.device.is_some(),
    };
    let status = shown.fault.map_or(StatusCode::OK, |fault| crate::problem::Problem::from(fault.clone()).status());
    visit.page_with(status, page(&visit.shell(), &view))
}

/// A browser and its system in a few words, of what it says of itself.
pub(super) fn device(agent: &str) -> String {
    let browser =
        [("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl")]
            .into_iter()
            .find(|(mark, _)| agent.contains(mark))
            .map_or("Some program", |(_, name)| name);
    let system = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]
    .into_iter()
    .find(|(mark, _)| agent.contains(mark));
    system.map_or_else(|| browser.to_owned(), |(_, system)| format!("{browser} on {system}"))
}

async fn show(visit: Visit) -> Response {
    draw(&visit, Shown::default()).await
}

async fn people(visit: Visit, Query(query): Query<HashMap<String, String>>) -> Response {
    let text = query.get("q").map(String::as_str).unwrap_or_default();
    match super::lookup::people(&visit, text).await {
        Ok(mut items) => {
            let more = items.len() > super::lookup::FOUND;
            items.truncate(super::lookup::FOUND);
            Json(Choices { items, more, new: None }).into_response()
        }
        Err(fault) => crate::problem::Problem::from(fault).into_response(),
    }
}

fn pairs(body: &[u8]) -> HashMap<String, String> {
    form_urlencoded::parse(body).into_owned().collect()
}

async fn profile(visit: Visit, From(client): From, RawForm(body): RawForm) -> Response {
    let mut form = pairs(&body);
    let change = ProfileChange {
        name: form.remove("full_name"),
        locale: form.remove("locale"),
        time_zone: form.remove("time_zone"),
    };
    match visit.app.identity.change_profile(&visit.signed.authenticated, client, change).await {
        Ok(()) => visit.go(paths::ACCOUNT, "Saved."),
        Err(mut fault) => {
            // The form's own name for the field.
            for issue in &mut fault.issues {
                issue.path = issue.path.replace("/name", "/full_name");
            }
            draw(&visit, Shown { fault: Some(&fault), ..Shown::default() }).await
        }
    }
}

async fn password(visit: Visit, From(client): From, RawForm(body): RawForm) -> Response {
    let form = pairs(&body);
    let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let actor = &visit.signed.authenticated;
    match visit.app.identity.change_password(actor, client, text("current"), text("password")).await {
        Ok(session) => {
            let mut response = visit.go(paths::ACCOUNT, "Password changed. Your other sessions have ended.");
            session::set_cookie(&mut response, &session, visit.app.clock.now());
            response
        }
        Err(fault) => {
            let mut fault: Fault = match fault {
                SignInFault::Fault(fault) => fault,
                other => other.into(),
            };
            // The form's own names for the two fields.
            for issue in &mut fault.issues {
                issue.path = issue.path.replace("/current_password", "/current").replace("/new_password", "/password");
            }
            draw(&visit, Shown { fault: Some(&fault), ..Shown::default() }).await
        }
    }
}

async fn end_others(visit: Visit, From(client): From) -> Response {
    match visit.app.identity.end_other_sessions(&visit.signed.authenticated, client).await {
        Ok(_) => visit.go(paths::ACCOUNT, "All your other sessions have ended."),
        Err(fault) => draw(&visit, Shown { fault: Some(&fault), ..Shown::default() }).await,
    }
}

async fn change_pin(visit: Visit, From(client): From, RawForm(body): RawForm) -> Response {
    let form = pairs(&body);
    let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let actor = &visit.signed.authenticated;
    match visit.app.identity.change_pin(actor, client, text("pin_now"), text("pin")).await {
        Ok(()) => visit.go(paths::ACCOUNT, "Your PIN was changed."),
        Err(fault) => {
            let mut fault: Fault = fault.into();
            for issue in &mut fault.issues {
                issue.path = issue.path.replace("/current", "/pin_now");
            }
            draw(&visit, Shown { fault: Some(&fault), ..Shown::default() }).await
        }
    }
}

async fn ask_address(visit: Visit, From(client): From, RawForm(body): RawForm) -> Response {
    let form = pairs(&body);
    let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let actor = &visit.signed.authenticated;
    match visit.app.identity.ask_address(actor, client, text("proof"), text("email")).await {
        Ok(()) => visit.go(paths::ACCOUNT, "A letter is on its way. Open the link in it."),
        Err(fault) => {
            let mut fault: Fault = fault.into();
            for issue in &mut fault.issues {
                issue.path = issue.path.replace("/current_password", "/proof");
            }
            draw(&visit, Shown { fault: Some(&fault), ..Shown::default() }).await
        }
    }
}

async fn confirm_address(visit: Visit, From(client): From, Path(code): Path<String>) -> Response {
    match visit.app.identity.confirm_address(&visit.signed.authenticated, client, &code).await {
        Ok(address) => visit.go(paths::ACCOUNT, &format!("Your address is {address} now.")),
        Err(fault) => visit.fault(&fault),
    }
}

async fn make_token(visit: Visit, From(client): From, RawForm(body): RawForm) -> Response {
    let form = pairs(&body);
    let text = |name: &str| form.get(name).map(|value| value.trim()).unwrap_or_default();
    let name = text("name").to_owned();
    let mut issues = Vec::new();
    let scope = text("scope").parse().unwrap_or_else(|_| {
        issues.push(Issue::new("/scope", "choice", "Choose what the token may do."));
        Scope::Read
    });
    let expires_at = match text("expires") {
        "" => None,
        days => match days.parse::<i64>() {
            Ok(days) if (1..=3_650).contains(&days) => Some(visit.signed.caller.now + days * DAY),
            _ => {
                issues.push(Issue::new("/expires", "type", "Days from 1 to 3650, or nothing for never."));
                None
            }
        },
    };
    let made = if issues.is_empty() {
        let new = NewToken { name: name.clone(), scope, expires_at };
        visit.app.identity.issue_token(&visit.signed.authenticated, client, new).await
    } else {
        Err(Fault::invalid(issues))
    };
    match made {
        Ok(issued) => {
            let shown = Shown { made: Some((&issued.token.name, issued.secret.expose())), ..Shown::default() };
            draw(&visit, shown).await
        }
        Err(fault) => draw(&visit, Shown { token_name: &name, fault: Some(&fault), ..Shown::default() }).await,
    }
}

async fn revoke_token(visit: Visit, From(client): From, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<Id>() else { return visit.not_found() };
    match visit.app.identity.revoke_token(&visit.signed.authenticated, client, id).await {
        Ok(()) => visit.go(paths::ACCOUNT, "Token revoked."),
        Err(fault) => draw(&visit, Shown { fault: Some(&fault), ..Shown::default() }).await,
    }
}

async fn revoke_session(visit: Visit, From(client): From, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<Id>() else { return visit.not_found() };
    match visit.app.identity.revoke_session(&visit.signed.authenticated, client, id).await {
        Ok(()) => {
            // Whoever ends the session they are in is at the door.
            let current = matches!(visit.signed.authenticated.via, lignaflow_identity::Via::Session(own) if own == id);
            if current {
                Redirect::to(paths::SIGN_IN).into_response()
            } else {
                visit.go(paths::ACCOUNT, "Session ended.")
            }
        }
        Err(fault) => draw(&visit, Shown { fault: Some(&fault), ..Shown::default() }).await,
    }
}
