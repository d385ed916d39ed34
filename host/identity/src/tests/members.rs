use super::{PASSWORD, World, home, issues, on_both};
use crate::{AuthFault, NewMember, SignInFault};
use lignaflow_core::caller::Role;
use lignaflow_core::{ErrorCode, PersonId};

on_both!(
    an_administrator_adds_members,
    nobody_gives_or_touches_more_than_they_are,
    a_member_manages_nobody,
    an_organization_keeps_an_owner,
    two_owners_who_step_down_at_once_leave_one,
    whoever_is_put_out_is_out_at_once,
    an_account_of_another_organization_is_not_taken_in,
    an_operator_enlists_whom_no_other_organization_has,
    every_fault_of_a_new_member_is_told_at_once,
);

fn new(email: &str, role: Role) -> NewMember {
    NewMember { email: email.to_owned(), name: "Max Member".to_owned(), password: PASSWORD.to_owned(), role }
}

async fn an_administrator_adds_members(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    world.member(&olive, "ada@example.com", Role::Admin).await;
    let ada = world.signed_in("ada@example.com").await;
    let max = world.identity.add_member(&ada, home(), new("max@example.com", Role::Member)).await.unwrap();
    assert!(!max.existed);
    let members = world.identity.members(&ada).await.unwrap();
    let mut told: Vec<_> = members.iter().map(|m| (m.person.email.as_str(), m.role, m.active)).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            ("ada@example.com", Role::Admin, true),
            ("max@example.com", Role::Member, true),
            ("olive@example.com", Role::Owner, true),
        ]
    );
    let again = world.identity.add_member(&ada, home(), new("MAX@example.com", Role::Member)).await.unwrap_err();
    assert_eq!((again.code, issues(&again)), (ErrorCode::Conflict, vec![("/email", "member")]));
    let added = world.audit(Some(oak.organization)).await.pop().unwrap();
    assert_eq!((added.kind.as_str(), added.person), ("member.added", Some(ada.person.id)));
}

async fn nobody_gives_or_touches_more_than_they_are(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    let ada_id = world.member(&olive, "ada@example.com", Role::Admin).await;
    let max = world.member(&olive, "max@example.com", Role::Member).await;
    let ada = world.signed_in("ada@example.com").await;
    let denied = |fault: lignaflow_core::Fault| assert_eq!(fault.code, ErrorCode::Denied);
    denied(world.identity.change_role(&ada, home(), ada_id, Role::Owner).await.unwrap_err());
    denied(world.identity.change_role(&ada, home(), max, Role::Owner).await.unwrap_err());
    denied(world.identity.change_role(&ada, home(), oak.owner, Role::Member).await.unwrap_err());
    denied(world.identity.set_member_active(&ada, home(), oak.owner, false).await.unwrap_err());
    denied(world.identity.add_member(&ada, home(), new("otto@example.com", Role::Owner)).await.unwrap_err());
    world.identity.change_role(&ada, home(), max, Role::Admin).await.unwrap();
    // One may step down; and what one was when the request began does not count.
    world.identity.change_role(&ada, home(), ada_id, Role::Member).await.unwrap();
    denied(world.identity.change_role(&ada, home(), max, Role::Member).await.unwrap_err());
    denied(world.identity.add_member(&ada, home(), new("otto@example.com", Role::Member)).await.unwrap_err());
}

async fn a_member_manages_nobody(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    let max_id = world.member(&olive, "max@example.com", Role::Member).await;
    let max = world.signed_in("max@example.com").await;
    let denied = |fault: lignaflow_core::Fault| assert_eq!(fault.code, ErrorCode::Denied);
    denied(world.identity.members(&max).await.unwrap_err());
    denied(world.identity.change_role(&max, home(), max_id, Role::Admin).await.unwrap_err());
    denied(world.identity.set_member_active(&max, home(), oak.owner, false).await.unwrap_err());
    denied(world.identity.add_member(&max, home(), new("mia@example.com", Role::Member)).await.unwrap_err());
}

async fn an_organization_keeps_an_owner(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    let last = |fault: lignaflow_core::Fault| assert_eq!(issues(&fault), [("/role", "last-owner")]);
    last(world.identity.change_role(&olive, home(), oak.owner, Role::Admin).await.unwrap_err());
    last(world.identity.set_member_active(&olive, home(), oak.owner, false).await.unwrap_err());
    let otto = world.member(&olive, "otto@example.com", Role::Owner).await;
    // An owner who cannot act is none.
    world.identity.set_member_active(&olive, home(), otto, false).await.unwrap();
    last(world.identity.change_role(&olive, home(), oak.owner, Role::Admin).await.unwrap_err());
    world.identity.set_member_active(&olive, home(), otto, true).await.unwrap();
    world.identity.change_role(&olive, home(), oak.owner, Role::Admin).await.unwrap();
}

async fn two_owners_who_step_down_at_once_leave_one(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    let otto_id = world.member(&olive, "otto@example.com", Role::Owner).await;
    let otto = world.signed_in("otto@example.com").await;
    let (one, other) = tokio::join!(
        world.identity.change_role(&olive, home(), oak.owner, Role::Member),
        world.identity.change_role(&otto, home(), otto_id, Role::Member),
    );
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
}

async fn whoever_is_put_out_is_out_at_once(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    let max = world.member(&olive, "max@example.com", Role::Member).await;
    let session = world.sign_in("max@example.com").await;
    world.identity.set_member_active(&olive, home(), max, false).await.unwrap();
    assert_eq!(world.by_session(&session).await.unwrap_err(), AuthFault::Refused);
    let out = world.identity.sign_in("max@example.com", PASSWORD, home()).await;
    assert_eq!(out, Err(SignInFault::NoOrganization));
    let again = world.identity.add_member(&olive, home(), new("max@example.com", Role::Member)).await.unwrap_err();
    assert_eq!(issues(&again), [("/email", "former-member")]);
    world.identity.set_member_active(&olive, home(), max, true).await.unwrap();
    assert_eq!(world.sign_in("max@example.com").await.organization, oak.organization);
    let kinds = world.kinds(Some(oak.organization)).await;
    let of_members: Vec<_> = kinds.iter().filter(|kind| kind.starts_with("member.")).collect();
    assert_eq!(of_members, ["member.added", "member.deactivated", "member.activated"]);
}

async fn an_account_of_another_organization_is_not_taken_in(world: World) {
    world.organization("Oak", "olive@example.com").await;
    world.organization("Elm", "edgar@example.com").await;
    let (olive, edgar) = (world.signed_in("olive@example.com").await, world.signed_in("edgar@example.com").await);
    // Edgar takes nobody in who has an account elsewhere, nor does he learn who has one: not by the answer, nor by the
    // faults of a form, nor by trying a password that he chose.
    let before = world.identity.passwords().computed();
    for password in [PASSWORD, ""] {
        let mut told = Vec::new();
        for email in ["olive@example.com", "nobody@example.com"] {
            let new = NewMember { password: password.to_owned(), ..new(email, Role::Member) };
            told.push(world.identity.add_member(&edgar, home(), new).await.unwrap_err());
        }
        assert_eq!(told[0], told[1]);
        assert_eq!((told[0].code, issues(&told[0])), (ErrorCode::Conflict, vec![("/email", "ask-them")]));
    }
    assert_eq!(world.identity.passwords().computed(), before, "no more work for the one than for the other");
    let guessed = world.identity.sign_in("nobody@example.com", PASSWORD, home()).await;
    assert_eq!(guessed, Err(SignInFault::Refused));
    let made_up: PersonId = world.member(&edgar, "max@example.com", Role::Member).await;
    // Olive administers the instance: she knows whose accounts are on it.
    let added = world.identity.add_member(&olive, home(), new("max@example.com", Role::Member)).await.unwrap();
    assert!(added.existed);
    assert_eq!(added.person, made_up);
    assert_eq!(world.signed_in("max@example.com").await.organizations.len(), 2);
    // Of his own members he knows.
    let again = world.identity.add_member(&edgar, home(), new("max@example.com", Role::Member)).await.unwrap_err();
    assert_eq!(issues(&again), [("/email", "member")]);
}

async fn an_operator_enlists_whom_no_other_organization_has(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    let elm = world.organization("Elm", "edgar@example.com").await;
    let max = world.identity.enlist(elm.organization, new("max@example.com", Role::Admin)).await.unwrap().unwrap();
    assert!(!max.existed);
    let signed = world.signed_in("max@example.com").await;
    assert_eq!((signed.organization.id, signed.caller.role), (elm.organization, Some(Role::Admin)));
    let again = world.identity.enlist(elm.organization, new("MAX@example.com", Role::Admin)).await.unwrap().unwrap();
    assert_eq!((again.person, again.existed), (max.person, true));
    assert_eq!(world.identity.enlist(oak.organization, new("max@example.com", Role::Member)).await.unwrap(), None);
    assert_eq!(world.signed_in("max@example.com").await.organizations.len(), 1);
    let added = world.audit(Some(elm.organization)).await.into_iter().find(|event| event.kind == "member.added");
    assert_eq!(added.unwrap().person, None);
}

async fn every_fault_of_a_new_member_is_told_at_once(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    let wrong =
        NewMember { email: "max".to_owned(), name: String::new(), password: "short".to_owned(), role: Role::Member };
    let fault = world.identity.add_member(&olive, home(), wrong).await.unwrap_err();
    assert_eq!(issues(&fault), [("/email", "format"), ("/name", "required"), ("/password", "too-short")]);
}
