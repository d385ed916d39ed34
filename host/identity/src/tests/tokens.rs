use super::{DAY, World, home, issues, on_both};
use crate::{AuthFault, Credential, NewToken, Scope, Via};
use lignaflow_core::caller::{Declared, Permission, Role};
use lignaflow_core::{ErrorCode, Id, RequestId};
use std::sync::Arc;
use std::time::{Duration, Instant};

on_both!(
    a_token_is_its_owner_in_one_organization,
    a_token_that_reads_only_reads,
    a_token_runs_out,
    a_token_is_revoked_by_its_owner_or_an_administrator,
    what_another_program_revokes_ends_within_a_second,
    a_token_is_worth_what_its_owner_is_now,
    a_token_is_worth_what_plugins_declare_now,
    a_token_makes_no_tokens,
    an_operator_makes_a_token,
    use_of_a_token_is_noted,
    tokens_of_one_person_are_bounded,
);

async fn a_token_is_its_owner_in_one_organization(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    world.organization("Elm", "olive@example.com").await;
    let session = world.sign_in("olive@example.com").await;
    let olive = world.by_session(&session).await.unwrap();
    let session = world.identity.switch_organization(&olive, home(), oak.organization).await.unwrap();
    let olive = world.by_session(&session).await.unwrap();
    let issued = world.token(&olive, Scope::All).await;
    assert!(issued.secret.expose().starts_with(&issued.token.prefix) && issued.token.prefix.starts_with("lf_"));
    let script = world.by_token(&issued).await.unwrap();
    assert_eq!(script.caller.organization, oak.organization);
    assert_eq!(script.caller.permissions, olive.caller.permissions);
    assert_eq!(script.via, Via::Token(issued.token.id, Scope::All));
    assert_eq!(script.organizations.len(), 1);
    // It is bound to where it was made, wherever its owner goes.
    assert_eq!(
        world.identity.switch_organization(&script, home(), oak.organization).await.unwrap_err().code,
        ErrorCode::Denied
    );
    assert_eq!(world.identity.tokens(&script).await.unwrap()[0].id, issued.token.id);
    let created = world.audit(Some(oak.organization)).await.pop().unwrap();
    assert_eq!(created.kind, "token.created");
    assert_eq!(created.detail["prefix"], issued.token.prefix);
}

async fn a_token_that_reads_only_reads(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    let (reading, other) = (world.token(&olive, Scope::Read).await, world.token(&olive, Scope::All).await);
    let script = world.by_token(&reading).await.unwrap();
    assert_eq!(script.caller.permissions.iter().collect::<Vec<_>>(), [Permission::READ]);
    assert!(script.caller.to_read().is_ok() && script.caller.to_write().is_err());
    assert_eq!(world.identity.members(&script).await.unwrap_err().code, ErrorCode::Denied);
    assert_eq!(world.identity.revoke_token(&script, home(), other.token.id).await.unwrap_err().code, ErrorCode::Denied);
    world.identity.revoke_token(&script, home(), reading.token.id).await.unwrap();
    assert_eq!(world.by_token(&reading).await.unwrap_err(), AuthFault::Refused);
}

async fn a_token_runs_out(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    let new = |expires_at| NewToken { name: "a script".to_owned(), scope: Scope::All, expires_at: Some(expires_at) };
    let now = olive.caller.now;
    let past = world.identity.issue_token(&olive, home(), new(now)).await.unwrap_err();
    assert_eq!(issues(&past), [("/expires_at", "past")]);
    let issued = world.identity.issue_token(&olive, home(), new(now + DAY * 1_000_000)).await.unwrap();
    world.clock.advance_seconds(DAY - 1);
    world.by_token(&issued).await.unwrap();
    world.clock.advance_seconds(1);
    assert_eq!(world.by_token(&issued).await.unwrap_err(), AuthFault::Refused);
}

async fn a_token_is_revoked_by_its_owner_or_an_administrator(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    world.member(&olive, "max@example.com", Role::Member).await;
    world.member(&olive, "mia@example.com", Role::Member).await;
    let (max, mia) = (world.signed_in("max@example.com").await, world.signed_in("mia@example.com").await);
    let (one, two) = (world.token(&max, Scope::All).await, world.token(&max, Scope::All).await);
    assert_eq!(world.identity.revoke_token(&mia, home(), one.token.id).await.unwrap_err().code, ErrorCode::NotFound);
    assert!(world.identity.tokens_of_all(&mia).await.is_err());
    world.identity.revoke_token(&max, home(), one.token.id).await.unwrap();
    assert_eq!(world.identity.revoke_token(&max, home(), one.token.id).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(world.by_token(&one).await.unwrap_err(), AuthFault::Refused);
    let listed: Vec<_> = world.identity.tokens_of_all(&olive).await.unwrap().into_iter().map(|t| t.id).collect();
    assert_eq!(listed, [two.token.id]);
    world.identity.revoke_token(&olive, home(), two.token.id).await.unwrap();
    assert_eq!(world.by_token(&two).await.unwrap_err(), AuthFault::Refused);
    assert_eq!(world.kinds(Some(oak.organization)).await.iter().filter(|kind| *kind == "token.revoked").count(), 2);
}

async fn what_another_program_revokes_ends_within_a_second(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    let issued = world.token(&olive, Scope::All).await;
    world.by_token(&issued).await.unwrap();
    let (id, now) = (issued.token.id, olive.caller.now);
    let revoked = world.store.database().write(move |tx| {
        Box::pin(async move { lignaflow_store::identity::tokens::revoke(tx, oak.organization, id, now).await })
    });
    assert!(revoked.await.unwrap());
    let since = Instant::now();
    while world.by_token(&issued).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
}

async fn a_token_is_worth_what_its_owner_is_now(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    let ada = world.member(&olive, "ada@example.com", Role::Admin).await;
    let session = world.sign_in("ada@example.com").await;
    let issued = world.token(&world.by_session(&session).await.unwrap(), Scope::All).await;
    assert!(world.by_token(&issued).await.unwrap().caller.holds(Permission::ADMINISTER));
    world.identity.change_role(&olive, home(), ada, Role::Member).await.unwrap();
    for now in [world.by_token(&issued).await.unwrap(), world.by_session(&session).await.unwrap()] {
        assert_eq!(now.caller.role, Some(Role::Member));
        assert!(!now.caller.holds(Permission::ADMINISTER) && !now.caller.holds("timesheets.approve"));
    }
    world.identity.set_member_active(&olive, home(), ada, false).await.unwrap();
    assert_eq!(world.by_token(&issued).await.unwrap_err(), AuthFault::Refused);
    assert_eq!(world.by_session(&session).await.unwrap_err(), AuthFault::Refused);
}

async fn a_token_is_worth_what_plugins_declare_now(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    let issued = world.token(&olive, Scope::All).await;
    let of = |names: &[&str]| {
        let permissions = names.iter().map(|name| (*name).to_owned()).collect();
        Arc::new(Declared { permissions, ..Declared::default() })
    };
    let (before, after) = (of(&["timesheets.approve"]), of(&["timesheets.approve", "projects.plan"]));
    // All within the second in which the holder is not asked for again.
    for (declared, plans) in [(&before, false), (&after, true), (&before, false), (&after, true)] {
        let credential = Credential::Bearer(issued.secret.expose().to_owned());
        let script = world.identity.authenticate(credential, RequestId(Id::fresh()), declared).await.unwrap();
        assert!(script.caller.holds("timesheets.approve"));
        assert_eq!(script.caller.holds("projects.plan"), plans);
    }
}

async fn a_token_makes_no_tokens(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    let script = world.by_token(&world.token(&olive, Scope::All).await).await.unwrap();
    let new = NewToken { name: "another".to_owned(), scope: Scope::Read, expires_at: None };
    assert_eq!(world.identity.issue_token(&script, home(), new).await.unwrap_err().code, ErrorCode::Denied);
    assert_eq!(world.identity.sign_out(&script, home()).await.unwrap_err().code, ErrorCode::Denied);
    assert!(world.identity.change_password(&script, home(), super::PASSWORD, "birch and yew").await.is_err());
}

async fn an_operator_makes_a_token(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    world.organization("Elm", "edgar@example.com").await;
    let new = || NewToken { name: "bench".to_owned(), scope: Scope::All, expires_at: None };
    let issued = world.identity.create_token("Olive@example.com", "oak", new()).await.unwrap();
    assert_eq!(world.by_token(&issued).await.unwrap().caller.organization, oak.organization);
    for (email, organization, path, code) in [
        ("nobody@example.com", "Oak", "/email", "unknown"),
        ("olive@example.com", "Ash", "/organization", "unknown"),
        ("olive@example.com", "Elm", "/organization", "no-member"),
        ("olive", "Oak", "/email", "format"),
    ] {
        let fault = world.identity.create_token(email, organization, new()).await.unwrap_err();
        assert_eq!(issues(&fault), [(path, code)]);
    }
    let nameless = NewToken { name: " ".to_owned(), ..new() };
    let fault = world.identity.create_token("olive@example.com", "Oak", nameless).await.unwrap_err();
    assert_eq!(issues(&fault), [("/name", "required")]);
}

async fn use_of_a_token_is_noted(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    let issued = world.token(&olive, Scope::Read).await;
    let mut noted = Vec::new();
    for seconds in [0, 59, 1] {
        world.clock.advance_seconds(seconds);
        world.by_token(&issued).await.unwrap();
        world.identity.settle().await;
        let used = world.identity.tokens(&olive).await.unwrap()[0].last_used_at.unwrap();
        noted.push((used - olive.caller.now) / 1_000_000);
    }
    assert_eq!(noted, [0, 0, 60]);
}

async fn tokens_of_one_person_are_bounded(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    for _ in 0..99 {
        world.token(&olive, Scope::Read).await;
    }
    let last = world.token(&olive, Scope::Read).await;
    let new = NewToken { name: "too many".to_owned(), scope: Scope::Read, expires_at: None };
    assert_eq!(world.identity.issue_token(&olive, home(), new).await.unwrap_err().code, ErrorCode::Conflict);
    world.identity.revoke_token(&olive, home(), last.token.id).await.unwrap();
    world.token(&olive, Scope::Read).await;
}
