use super::{DAY, World, form, home, issues, on_both};
use crate::{SetupForm, Via};
use lignaflow_core::ErrorCode;
use lignaflow_core::caller::{Permission, Role};

on_both!(
    the_first_organization_is_made_once,
    a_setup_secret_runs_out,
    a_new_setup_secret_replaces_the_one_before,
    every_fault_of_the_form_is_told_at_once,
    what_is_left_empty_follows_the_country,
    two_who_hold_the_secret_make_one_organization,
    an_operators_organization_ends_the_setup,
);

async fn the_first_organization_is_made_once(world: World) {
    assert!(world.identity.needs_setup().await.unwrap());
    let token = world.identity.setup_token().await.unwrap().unwrap();
    let secret = token.secret.expose();
    world.identity.check_setup(secret).await.unwrap();
    let founded = world.identity.complete_setup(secret, form("Oak & Sons", "olive@example.com"), home()).await.unwrap();

    let owner = world.by_session(&founded.session).await.unwrap();
    assert_eq!(owner.caller.organization, founded.organization);
    assert_eq!(owner.caller.person(), Some(founded.person));
    assert_eq!(owner.caller.role, Some(Role::Owner));
    assert_eq!(owner.via, Via::Session(founded.session.id));
    assert!(owner.person.instance_admin && !owner.person.password_temporary);
    assert!(owner.caller.holds(Permission::INSTALL_PLUGINS) && owner.caller.holds("timesheets.approve"));
    assert_eq!(owner.caller.now, 1_795_400_000_000_000);
    assert_eq!(world.kinds(Some(founded.organization)).await, ["organization.created", "session.opened"]);

    assert!(!world.identity.needs_setup().await.unwrap());
    assert_eq!(world.identity.setup_token().await.unwrap(), None);
    let again = world.identity.complete_setup(secret, form("Elm", "elm@example.com"), home()).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::Denied);
    assert_eq!(world.identity.organizations().await.unwrap().len(), 1);
}

async fn a_setup_secret_runs_out(world: World) {
    let token = world.identity.setup_token().await.unwrap().unwrap();
    world.clock.advance_seconds(DAY - 1);
    world.identity.check_setup(token.secret.expose()).await.unwrap();
    world.clock.advance_seconds(1);
    assert!(world.identity.check_setup(token.secret.expose()).await.is_err());
    let late = world.identity.complete_setup(token.secret.expose(), form("Oak", "o@example.com"), home()).await;
    assert_eq!(late.unwrap_err().code, ErrorCode::Denied);
    assert!(world.identity.needs_setup().await.unwrap());
}

async fn a_new_setup_secret_replaces_the_one_before(world: World) {
    let first = world.identity.setup_token().await.unwrap().unwrap();
    let second = world.identity.setup_token().await.unwrap().unwrap();
    assert!(world.identity.check_setup(first.secret.expose()).await.is_err());
    assert!(world.identity.check_setup("").await.is_err());
    world.identity.check_setup(second.secret.expose()).await.unwrap();
}

async fn every_fault_of_the_form_is_told_at_once(world: World) {
    let token = world.identity.setup_token().await.unwrap().unwrap();
    let wrong = SetupForm {
        country: "Atlantis".to_owned(),
        time_zone: "Australia/Atlantis".to_owned(),
        currency: "gold".to_owned(),
        locale: "x".to_owned(),
        email: "olive".to_owned(),
        password: "password1".to_owned(),
        ..SetupForm::default()
    };
    let fault = world.identity.complete_setup(token.secret.expose(), wrong, home()).await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::Invalid);
    assert_eq!(
        issues(&fault),
        [
            ("/organization", "required"),
            ("/country", "format"),
            ("/time_zone", "format"),
            ("/currency", "format"),
            ("/locale", "format"),
            ("/email", "format"),
            ("/name", "required"),
            ("/password", "too-common"),
        ]
    );
    // What is wrong with a form is no attempt, and nothing is used up.
    world.identity.check_setup(token.secret.expose()).await.unwrap();
}

async fn what_is_left_empty_follows_the_country(world: World) {
    world.organization("Oak", "oak@example.com").await;
    let swiss =
        SetupForm { country: "ch".to_owned(), locale: "fr_ch".to_owned(), ..form("Chêne", "chene@example.com") };
    world.identity.create_organization(swiss).await.unwrap();
    let all = world.identity.organizations().await.unwrap();
    let told: Vec<_> = all
        .iter()
        .map(|o| (o.country.as_str(), o.currency.as_str(), o.time_zone.as_str(), o.locale.as_str()))
        .collect();
    assert_eq!(told, [("CH", "CHF", "Europe/Zurich", "fr-CH"), ("AU", "AUD", "Australia/Sydney", "en-AU")]);
    assert_eq!(all[1].calendar.fiscal_year_starts, 7);

    let elsewhere = SetupForm { country: "JP".to_owned(), ..form("Kashi", "kashi@example.com") };
    let fault = world.identity.create_organization(elsewhere).await.unwrap_err();
    assert_eq!(issues(&fault), [("/time_zone", "format"), ("/currency", "format"), ("/locale", "format")]);
}

async fn two_who_hold_the_secret_make_one_organization(world: World) {
    let token = world.identity.setup_token().await.unwrap().unwrap();
    let secret = token.secret.expose();
    let (one, other) = tokio::join!(
        world.identity.complete_setup(secret, form("Oak", "oak@example.com"), home()),
        world.identity.complete_setup(secret, form("Elm", "elm@example.com"), home()),
    );
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    assert_eq!(world.identity.organizations().await.unwrap().len(), 1);
}

async fn an_operators_organization_ends_the_setup(world: World) {
    let token = world.identity.setup_token().await.unwrap().unwrap();
    world.organization("Oak", "oak@example.com").await;
    assert!(world.identity.check_setup(token.secret.expose()).await.is_err());
    assert!(world.signed_in("oak@example.com").await.person.instance_admin);
}
