use super::{PASSWORD, World, declared, form, home, issues, on_both};
use crate::SetupForm;
use lignaflow_core::caller::{Permission, Role};
use lignaflow_core::reads::Directory;
use lignaflow_core::{ErrorCode, Id};
use std::sync::Arc;

on_both!(
    an_owner_who_is_there_keeps_their_password,
    a_name_is_one_organizations,
    a_second_organization_sees_nothing_of_the_first,
    a_session_works_in_one_organization_at_a_time,
    guests_see_the_people_of_their_organization,
);

async fn an_owner_who_is_there_keeps_their_password(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    assert!(!oak.owner_existed);
    let again = SetupForm { password: "something else".to_owned(), ..form("Elm", "OLIVE@example.com") };
    let elm = world.identity.create_organization(again).await.unwrap();
    assert!(elm.owner_existed);
    assert_eq!(elm.owner, oak.owner);
    assert!(world.identity.sign_in("olive@example.com", "something else", home()).await.is_err());
    let olive = world.signed_in("olive@example.com").await;
    let names: Vec<_> = olive.organizations.iter().map(|o| (o.name.as_str(), o.role)).collect();
    assert_eq!(names, [("Elm", Role::Owner), ("Oak", Role::Owner)]);
}

async fn a_name_is_one_organizations(world: World) {
    world.organization("Möbel Süd", "one@example.com").await;
    let fault = world.identity.create_organization(form("  MOBEL  sud ", "two@example.com")).await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::Conflict);
    assert_eq!(issues(&fault), [("/organization", "taken")]);
    // Nothing is half done: the owner was not made either.
    assert!(world.identity.sign_in("two@example.com", PASSWORD, home()).await.is_err());
    assert_eq!(world.identity.organization_named("mobel sud").await.unwrap().unwrap().name, "Möbel Süd");
}

async fn a_second_organization_sees_nothing_of_the_first(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    let elm = world.organization("Elm", "edgar@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    let edgar = world.signed_in("edgar@example.com").await;
    let max = world.member(&olive, "max@example.com", Role::Member).await;
    let token = world.token(&olive, crate::Scope::All).await.token;

    assert_eq!(edgar.caller.organization, elm.organization);
    assert!(!edgar.caller.holds(Permission::INSTALL_PLUGINS));
    assert_eq!(edgar.organizations.len(), 1);
    let seen: Vec<_> = world.identity.members(&edgar).await.unwrap().into_iter().map(|m| m.person.id).collect();
    assert_eq!(seen, [elm.owner]);
    assert!(world.identity.tokens_of_all(&edgar).await.unwrap().is_empty());
    let not_found = |fault: lignaflow_core::Fault| assert_eq!(fault.code, ErrorCode::NotFound);
    not_found(world.identity.revoke_token(&edgar, home(), token.id).await.unwrap_err());
    not_found(world.identity.change_role(&edgar, home(), max, Role::Admin).await.unwrap_err());
    not_found(world.identity.set_member_active(&edgar, home(), oak.owner, false).await.unwrap_err());
    not_found(world.identity.switch_organization(&edgar, home(), oak.organization).await.unwrap_err());
    let sessions = world.identity.sessions(&olive).await.unwrap();
    not_found(world.identity.revoke_session(&edgar, home(), sessions[0].id).await.unwrap_err());
    let directory = world.identity.directory(|| Arc::new(declared()));
    assert_eq!(directory.person(elm.organization, max.0).await.unwrap(), None);
}

async fn a_session_works_in_one_organization_at_a_time(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    let elm = world.organization("Elm", "olive@example.com").await;
    let session = world.sign_in("olive@example.com").await;
    let olive = world.by_session(&session).await.unwrap();
    let (first, second) =
        (olive.caller.organization, if olive.caller.organization == oak.organization { elm } else { oak });
    let switched = world.identity.switch_organization(&olive, home(), second.organization).await.unwrap();
    assert!(world.by_session(&session).await.is_err(), "under a new secret");
    let olive = world.by_session(&switched).await.unwrap();
    assert_eq!(olive.caller.organization, second.organization);
    assert_eq!(olive.organization.id, second.organization);
    assert_ne!(olive.caller.organization, first);
    // The next sign-in goes on where the last session was.
    world.clock.advance_seconds(1);
    assert_eq!(world.sign_in("olive@example.com").await.organization, second.organization);
}

async fn guests_see_the_people_of_their_organization(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    let max = world.member(&olive, "max@example.com", Role::Member).await;
    let ada = world.member(&olive, "ada@example.com", Role::Admin).await;
    world.identity.set_member_active(&olive, home(), max, false).await.unwrap();
    let directory = world.identity.directory(|| Arc::new(declared()));
    let roles = vec!["timesheets.supervisor".to_owned()];
    let tom = world.member(&olive, "tom@example.com", Role::Member).await;
    world.identity.set_member_roles(&olive, home(), tom, roles, &declared()).await.unwrap();
    let ids = |people: Vec<lignaflow_core::reads::Person>| -> Vec<Id> { people.into_iter().map(|p| p.id).collect() };

    let all = directory.people(oak.organization, None).await.unwrap();
    assert_eq!(
        all.iter().map(|p| (p.name.as_str(), p.active)).collect::<Vec<_>>(),
        [("Max Member", false), ("Max Member", true), ("Max Member", true), ("Olive Owner", true)]
    );
    assert_eq!(all[0].time_zone, "Australia/Sydney");
    assert_eq!(
        ids(directory.people(oak.organization, Some("timesheets.approve")).await.unwrap()),
        [ada.0, tom.0, oak.owner.0]
    );
    let writers = ids(directory.people(oak.organization, Some("records.write")).await.unwrap());
    assert_eq!(writers, [ada.0, tom.0, oak.owner.0]);
    assert_eq!(ids(directory.people(oak.organization, Some("instance.plugins")).await.unwrap()), [oak.owner.0]);
    assert!(!directory.person(oak.organization, max.0).await.unwrap().unwrap().active);
}
