//! `/admin/people`: the members of the organization, what each may do, and who was asked to join.

use super::house::Visit;
use crate::app::App;
use crate::problem::Problem;
use crate::rest::host::invitations::{link, state};
use crate::rest::host::people::offered;
use crate::rest::host::{From, roles};
use axum::Router;
use axum::extract::{Path, RawForm};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use lignaflow_core::caller::Role;
use lignaflow_core::{Fault, Issue, PersonId};
use lignaflow_identity::{NewInvitation, asks_for_proof};
use lignaflow_store::mail::State;
use lignaflow_web::admin::{
    InvitationMade, InvitationRow, LetterRow, MemberRow, PeoplePage, PinMade, RoleChoice, people as draw_people,
};
use lignaflow_web::paths;
use lignaflow_web::qr::Qr;
use std::collections::HashMap;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(paths::PEOPLE, get(list))
        .route(paths::INVITATIONS, post(invite))
        .route("/admin/people/invitations/{id}/withdraw", post(withdraw))
        .route("/admin/people/invitations/{id}/send", post(send_again))
        .route(paths::PLACEHOLDERS, post(placeholder))
        .route("/admin/people/{id}", post(change))
        .route("/admin/people/{id}/roles", post(set_roles))
        .route("/admin/people/{id}/pin", post(set_pin))
}

/// What the page shows beside what stands.
#[derive(Default)]
struct Shown<'a> {
    made: Option<InvitationMade>,
    pin: Option<PinMade>,
    typed: (&'a str, &'a str),
    fault: Option<&'a Fault>,
}

async fn list(visit: Visit) -> Response {
    draw(&visit, Shown::default()).await
}

/// A text as a QR code; nothing where it is too long for one.
pub(super) fn code(text: &str) -> Option<Qr> {
    let code = qrcode::QrCode::new(text).ok()?;
    let dark = code.to_colors().into_iter().map(|colour| colour == qrcode::Color::Dark).collect();
    Some(Qr { width: code.width(), dark })
}

async fn draw(visit: &Visit, shown: Shown<'_>) -> Response {
    if let Some(fault) = shown.fault.filter(|fault| asks_for_proof(fault)) {
        return visit.fault(fault);
    }
    let (identity, actor) = (&visit.app.identity, &visit.signed.authenticated);
    let found = async {
        let members = identity.members(actor).await?;
        let usernames: HashMap<PersonId, String> = identity.usernames(actor).await?.into_iter().collect();
        let roles = roles::all(&visit.app, &visit.signed).await?;
        Ok::<_, Fault>((members, identity.invitations(actor).await?, roles, usernames))
    };
    let (members, invitations, roles, mut usernames) = match found.await {
        Ok(found) => found,
        Err(fault) => return visit.fault(&fault),
    };
    let members: Vec<MemberRow> = members
        .into_iter()
        .map(|member| MemberRow {
            id: member.person.id.to_string(),
            name: member.person.name,
            email: member.person.email,
            role: member.role.as_str(),
            holds_all: member.role != Role::Member,
            active: member.active,
            erased: member.erased,
            roles: member.roles,
            username: usernames.remove(&member.person.id),
        })
        .collect();
    let title_of = |name: &str| {
        let plugin = name.split('.').next().unwrap_or_default();
        visit.snapshot.plugins.get(plugin).map(|plugin| plugin.descriptor().title.clone()).unwrap_or_default()
    };
    let roles: Vec<RoleChoice> = roles
        .into_iter()
        .map(|role| RoleChoice { plugin: title_of(&role.role), title: role.title, name: role.role })
        .collect();
    let now = visit.app.clock.now();
    let invitations: Vec<InvitationRow> = invitations
        .into_iter()
        .filter(|row| row.accepted_at.is_none() && row.withdrawn_at.is_none())
        .map(|row| InvitationRow {
            id: row.id.to_string(),
            expired: state(&row, now) == "expired",
            role: row.role.as_str(),
            expires_at: row.expires_at,
            letter: row.letter.map(|letter| LetterRow {
                waits: letter.state == State::Waiting,
                failed: letter.state == State::Failed,
                tried_at: letter.tried_at,
                error: letter.error,
            }),
            by_letter: !row.email.is_empty(),
            whose: match (row.email.is_empty(), row.name.is_empty()) {
                (false, _) => row.email,
                (true, false) => row.name,
                (true, true) => "Whoever has the link".to_owned(),
            },
        })
        .collect();
    let view = PeoplePage {
        members: &members,
        roles: &roles,
        invitations: &invitations,
        made: shown.made.as_ref(),
        pin: shown.pin.as_ref(),
        highest: visit.signed.caller.role.map_or("member", Role::as_str),
        typed: shown.typed,
        issues: shown.fault.map_or(&[], |fault| fault.issues.as_slice()),
        fault: shown.fault.filter(|fault| fault.issues.is_empty()).map(|fault| fault.message.as_str()),
    };
    let status = shown.fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status());
    visit.page_with(status, draw_people(&visit.shell(), &view))
}

/// A member's name and PIN for enrolled devices, or their end.
async fn set_pin(visit: Visit, From(client): From, Path(id): Path<String>, RawForm(body): RawForm) -> Response {
    let Some(person) = super::lookup::id(&id).map(PersonId) else { return visit.not_found() };
    let typed: HashMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let (identity, actor) = (&visit.app.identity, &visit.signed.authenticated);
    if typed.contains_key("remove") {
        return match identity.remove_pin(actor, client, person).await {
            Ok(()) => visit.go(paths::PEOPLE, "Removed. What was opened by the PIN has ended."),
            Err(fault) => refused(&visit, &fault).await,
        };
    }
    let username = typed.get("username").map_or("", String::as_str);
    match identity.set_pin(actor, client, person, username, None).await {
        Ok(set) => {
            let members = identity.members(actor).await.unwrap_or_default();
            let name = members.into_iter().find(|member| member.person.id == person).map(|member| member.person.name);
            let pin = PinMade { name: name.unwrap_or_default(), username: set.username, pin: set.pin };
            draw(&visit, Shown { pin: Some(pin), ..Shown::default() }).await
        }
        Err(fault) => refused(&visit, &fault).await,
    }
}

async fn refused(visit: &Visit, fault: &Fault) -> Response {
    draw(visit, Shown { fault: Some(fault), ..Shown::default() }).await
}

async fn set_roles(visit: Visit, From(client): From, Path(id): Path<String>, RawForm(body): RawForm) -> Response {
    let Some(person) = super::lookup::id(&id) else { return visit.not_found() };
    let declared = offered(&visit.app, &visit.signed);
    let posted = form_urlencoded::parse(&body).filter(|(name, _)| name == "role");
    let roles = posted.map(|(_, role)| role.into_owned()).collect();
    let identity = &visit.app.identity;
    let set = identity.set_member_roles(&visit.signed.authenticated, client, PersonId(person), roles, &declared).await;
    match set {
        Ok(()) => visit.go(paths::PEOPLE, "Saved. It holds from the next request on."),
        Err(fault) => refused(&visit, &fault).await,
    }
}

/// Owner, administrator or member; or the membership ended or resumed.
async fn change(visit: Visit, From(client): From, Path(id): Path<String>, RawForm(body): RawForm) -> Response {
    let Some(person) = super::lookup::id(&id).map(PersonId) else { return visit.not_found() };
    let (identity, actor) = (&visit.app.identity, &visit.signed.authenticated);
    for (name, text) in form_urlencoded::parse(&body) {
        let done = match (&*name, &*text) {
            ("active", text) => identity.set_member_active(actor, client.clone(), person, text == "true").await,
            ("role", text) => match role(text) {
                Ok(role) => identity.change_role(actor, client.clone(), person, role).await,
                Err(fault) => Err(fault),
            },
            _ => Ok(()),
        };
        if let Err(fault) = done {
            return refused(&visit, &fault).await;
        }
    }
    visit.go(paths::PEOPLE, "Saved. It holds from the next request on.")
}

fn role(text: &str) -> Result<Role, Fault> {
    text.parse().map_err(|_| Fault::invalid(vec![Issue::new("/role", "choice", "A role is owner, admin or member.")]))
}

async fn invite(visit: Visit, From(client): From, RawForm(body): RawForm) -> Response {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let text = |name: &str| pairs.iter().find(|(key, _)| key == name).map_or("", |(_, text)| text.trim());
    let typed = (text("email"), text("name"));
    let asked = async {
        let role = if text("role").is_empty() { Role::Member } else { role(text("role"))? };
        let new = NewInvitation {
            email: typed.0.to_owned(),
            name: typed.1.to_owned(),
            person: super::lookup::id(text("person")).map(PersonId),
            role,
            roles: pairs.iter().filter(|(name, _)| name == "further").map(|(_, role)| role.clone()).collect(),
            expires_at: None,
        };
        let declared = offered(&visit.app, &visit.signed);
        visit.app.identity.invite(&visit.signed.authenticated, client, new, &declared).await
    };
    match asked.await {
        Ok(invited) => {
            let mailed_to = Some(invited.invitation.email).filter(|email| !email.is_empty());
            let link = invited.secret.map(|secret| link(&visit.app, secret.expose()));
            let link = link.and_then(|link| Some((code(&link)?, link)));
            let made = Some(InvitationMade { link, mailed_to });
            draw(&visit, Shown { made, ..Shown::default() }).await
        }
        Err(fault) => draw(&visit, Shown { typed, fault: Some(&fault), ..Shown::default() }).await,
    }
}

async fn send_again(visit: Visit, From(client): From, Path(id): Path<String>) -> Response {
    let Some(id) = super::lookup::id(&id) else { return visit.not_found() };
    match visit.app.identity.send_invitation_again(&visit.signed.authenticated, client, id).await {
        Ok(sent) => visit.go(paths::PEOPLE, &format!("It is on its way to {}.", sent.email)),
        Err(fault) => refused(&visit, &fault).await,
    }
}

async fn withdraw(visit: Visit, From(client): From, Path(id): Path<String>) -> Response {
    let Some(id) = super::lookup::id(&id) else { return visit.not_found() };
    match visit.app.identity.withdraw_invitation(&visit.signed.authenticated, client, id).await {
        Ok(()) => visit.go(paths::PEOPLE, "Withdrawn. Its link serves no more."),
        Err(fault) => refused(&visit, &fault).await,
    }
}

async fn placeholder(visit: Visit, From(client): From, RawForm(body): RawForm) -> Response {
    let name = form_urlencoded::parse(&body).find(|(name, _)| name == "placeholder").map(|(_, text)| text.into_owned());
    let name = name.unwrap_or_default();
    match visit.app.identity.add_placeholder(&visit.signed.authenticated, client, &name).await {
        Ok(_) => visit.go(paths::PEOPLE, "Added."),
        Err(fault) => refused(&visit, &fault).await,
    }
}
