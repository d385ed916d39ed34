use super::{PASSWORD, World, client, home, issues, on_both};
use crate::{AuthFault, Scope, SignInFault};
use lignaflow_core::caller::Role;
use lignaflow_core::{ErrorCode, Fault};

const NEW: &str = "birch and yew";

on_both!(
    a_changed_password_ends_every_session,
    a_wrong_or_weak_change_is_told_at_its_fields,
    guessing_at_the_present_password_is_slowed,
    an_operator_resets_a_password,
    a_shut_account_serves_nothing,
    the_last_owners_account_is_not_shut,
    a_first_password_is_somebody_elses_until_it_is_changed,
);

async fn a_changed_password_ends_every_session(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    let (here, there) = (world.sign_in("olive@example.com").await, world.sign_in("olive@example.com").await);
    let olive = world.by_session(&here).await.unwrap();
    let token = world.token(&olive, Scope::All).await;
    let next = world.identity.change_password(&olive, home(), PASSWORD, NEW).await.unwrap();
    for ended in [&here, &there] {
        assert_eq!(world.by_session(ended).await.unwrap_err(), AuthFault::Refused);
    }
    assert_eq!(world.by_session(&next).await.unwrap().caller.organization, oak.organization);
    world.by_token(&token).await.unwrap();
    assert_eq!(world.identity.sign_in("olive@example.com", PASSWORD, home()).await, Err(SignInFault::Refused));
    world.identity.sign_in("olive@example.com", NEW, home()).await.unwrap();
    assert!(world.kinds(Some(oak.organization)).await.contains(&"password.changed".to_owned()));
}

async fn a_wrong_or_weak_change_is_told_at_its_fields(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    let told = async |current: &str, new: &str| {
        let fault = world.identity.change_password(&olive, home(), current, new).await.unwrap_err();
        issues(&Fault::from(fault)).into_iter().map(|(path, code)| format!("{path} {code}")).collect::<Vec<_>>()
    };
    assert_eq!(told("wrong password", "short").await, ["/current_password wrong", "/new_password too-short"]);
    assert_eq!(told(PASSWORD, "Olive@example.com").await, ["/new_password too-common"]);
    assert_eq!(told(PASSWORD, PASSWORD).await, ["/new_password same"]);
    world.sign_in("olive@example.com").await;
}

async fn guessing_at_the_present_password_is_slowed(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    for _ in 0..6 {
        let fault = world.identity.change_password(&olive, home(), "wrong password", NEW).await.unwrap_err();
        assert_eq!(Fault::from(fault).code, ErrorCode::Invalid);
    }
    let fault = world.identity.change_password(&olive, home(), PASSWORD, NEW).await.unwrap_err();
    assert_eq!(fault, SignInFault::RateLimited { retry_after_seconds: 15 });
    world.sign_in("olive@example.com").await;
}

async fn an_operator_resets_a_password(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let session = world.sign_in("olive@example.com").await;
    world.identity.reset_password("OLIVE@example.com", NEW).await.unwrap();
    assert_eq!(world.by_session(&session).await.unwrap_err(), AuthFault::Refused);
    world.identity.sign_in("olive@example.com", NEW, home()).await.unwrap();
    let nobody = world.identity.reset_password("nobody@example.com", NEW).await.unwrap_err();
    assert_eq!(nobody.code, ErrorCode::NotFound);
    let weak = world.identity.reset_password("olive", "password").await.unwrap_err();
    assert_eq!(issues(&weak), [("/email", "format"), ("/password", "too-common")]);
    assert_eq!(world.kinds(None).await, ["password.reset"]);
}

async fn a_shut_account_serves_nothing(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    world.member(&olive, "max@example.com", Role::Member).await;
    let session = world.sign_in("max@example.com").await;
    let token = world.token(&world.by_session(&session).await.unwrap(), Scope::All).await;
    world.identity.set_person_active("max@example.com", false).await.unwrap();
    assert_eq!(world.by_session(&session).await.unwrap_err(), AuthFault::Refused);
    assert_eq!(world.by_token(&token).await.unwrap_err(), AuthFault::Refused);
    let shut = world.identity.sign_in("max@example.com", PASSWORD, client("198.51.100.1")).await;
    assert_eq!(shut, Err(SignInFault::Refused));
    world.identity.set_person_active("max@example.com", true).await.unwrap();
    world.by_token(&token).await.unwrap();
    assert_eq!(world.by_session(&session).await.unwrap_err(), AuthFault::Refused);
}

async fn the_last_owners_account_is_not_shut(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let fault = world.identity.set_person_active("olive@example.com", false).await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::Conflict);
    let olive = world.signed_in("olive@example.com").await;
    world.member(&olive, "otto@example.com", Role::Owner).await;
    world.identity.set_person_active("olive@example.com", false).await.unwrap();
    let fault = world.identity.set_person_active("otto@example.com", false).await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::Conflict);
}

async fn a_first_password_is_somebody_elses_until_it_is_changed(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    assert!(!olive.person.password_temporary);
    world.member(&olive, "max@example.com", Role::Member).await;
    let max = world.signed_in("max@example.com").await;
    assert!(max.person.password_temporary);
    let session = world.identity.change_password(&max, home(), PASSWORD, NEW).await.unwrap();
    assert!(!world.by_session(&session).await.unwrap().person.password_temporary);
}
