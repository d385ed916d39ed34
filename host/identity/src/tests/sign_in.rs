use super::{DAY, PASSWORD, World, client, declared, home, on_both};
use crate::{AuthFault, Credential, NewSession, SignInFault};
use lignaflow_core::caller::Role;
use lignaflow_core::{Id, RequestId};

on_both!(
    somebody_signs_in_and_out,
    an_unknown_account_is_answered_like_a_wrong_password,
    guessing_is_slowed_and_the_owner_is_not_shut_out,
    a_session_that_is_not_used_ends,
    a_session_in_use_ends_at_last,
    use_is_noted_once_a_minute,
    a_person_sees_and_ends_their_sessions,
    sessions_of_one_person_are_bounded,
    what_has_run_out_is_swept,
    whose_a_session_was_is_known_for_a_while_where_it_ran_out,
    garbage_is_nobody,
);

async fn somebody_signs_in_and_out(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    let signed_in = world.identity.sign_in(" Olive@Example.com ", PASSWORD, home()).await.unwrap();
    assert_eq!(signed_in.person.id, oak.owner);
    assert_eq!(signed_in.session.organization, oak.organization);
    let olive = world.by_session(&signed_in.session).await.unwrap();
    world.identity.sign_out(&olive, home()).await.unwrap();
    assert_eq!(world.by_session(&signed_in.session).await.unwrap_err(), AuthFault::Refused);
    let audit = world.audit(Some(oak.organization)).await;
    let kinds: Vec<_> = audit.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["organization.created", "session.opened", "session.closed"]);
    assert_eq!((audit[2].person, audit[2].address.as_str()), (Some(oak.owner), "192.0.2.10"));
}

async fn an_unknown_account_is_answered_like_a_wrong_password(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let olive = world.signed_in("olive@example.com").await;
    world.member(&olive, "shut@example.com", Role::Member).await;
    world.identity.set_person_active("shut@example.com", false).await.unwrap();
    for (email, password) in [
        ("olive@example.com", "wrong password"),
        ("nobody@example.com", PASSWORD),
        ("shut@example.com", PASSWORD),
        ("not an address", PASSWORD),
        ("", ""),
    ] {
        let before = world.identity.passwords().computed();
        let fault = world.identity.sign_in(email, password, home()).await.unwrap_err();
        assert_eq!(fault, SignInFault::Refused, "{email}");
        assert_eq!(world.identity.passwords().computed() - before, 1, "{email}");
    }
    // The account's failures are found, and nothing that is no address was written down.
    let failures: Vec<_> = world.audit(None).await.into_iter().filter(|event| event.kind == "session.failed").collect();
    assert_eq!(failures.len(), 5);
    assert_eq!(failures[1].detail, serde_json::json!({ "email": "nobody@example.com" }));
    assert_eq!(failures[3].detail, serde_json::json!({}));
}

async fn guessing_is_slowed_and_the_owner_is_not_shut_out(world: World) {
    world.organization("Oak", "olive@example.com").await;
    world.sign_in("olive@example.com").await;
    for account in ["olive@example.com", "nobody@example.com"] {
        let mut guesses = 0;
        let limited = 'limited: loop {
            for place in 1..=254 {
                let from = client(&format!("203.0.113.{place}"));
                match world.identity.sign_in(account, "wrong password", from).await {
                    Err(SignInFault::Refused) => guesses += 1,
                    other => break 'limited other,
                }
            }
        };
        assert_eq!(limited, Err(SignInFault::RateLimited { retry_after_seconds: 60 }));
        assert_eq!(guesses, 40, "{account}");
    }
    // From where she is signed in already she still gets in; and so does everybody else.
    world.sign_in("olive@example.com").await;
    world.clock.advance_seconds(60);
    world.identity.sign_in("olive@example.com", PASSWORD, client("198.51.100.7")).await.unwrap();
}

async fn a_session_that_is_not_used_ends(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let session = world.sign_in("olive@example.com").await;
    world.clock.advance_seconds(14 * DAY - 1);
    world.by_session(&session).await.unwrap();
    world.identity.settle().await;
    world.clock.advance_seconds(14 * DAY - 1);
    world.by_session(&session).await.unwrap();
    world.identity.settle().await;
    world.clock.advance_seconds(14 * DAY);
    assert_eq!(world.by_session(&session).await.unwrap_err(), AuthFault::Refused);
}

async fn a_session_in_use_ends_at_last(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let session = world.sign_in("olive@example.com").await;
    for _ in 0..8 {
        world.clock.advance_seconds(11 * DAY);
        world.by_session(&session).await.unwrap();
        world.identity.settle().await;
    }
    world.clock.advance_seconds(2 * DAY);
    assert_eq!(world.by_session(&session).await.unwrap_err(), AuthFault::Refused);
}

async fn use_is_noted_once_a_minute(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let session = world.sign_in("olive@example.com").await;
    let begun = world.identity.0.clock.now();
    for (seconds, noted) in [(59, 0), (1, 60), (59, 60), (1, 120)] {
        world.clock.advance_seconds(seconds);
        let olive = world.by_session(&session).await.unwrap();
        world.identity.settle().await;
        let seen = world.identity.sessions(&olive).await.unwrap()[0].last_seen_at;
        assert_eq!((seen - begun) / 1_000_000, noted);
    }
}

async fn a_person_sees_and_ends_their_sessions(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let here = world.sign_in("olive@example.com").await;
    world.clock.advance_seconds(1);
    let there = world.identity.sign_in("olive@example.com", PASSWORD, client("2001:db8::7")).await.unwrap().session;
    let olive = world.by_session(&here).await.unwrap();
    let sessions = world.identity.sessions(&olive).await.unwrap();
    let told: Vec<_> = sessions.iter().map(|s| (s.id, s.current, s.address.as_str(), s.user_agent.as_str())).collect();
    assert_eq!(told, [(there.id, false, "2001:db8::7", "Testing/1.0"), (here.id, true, "192.0.2.10", "Testing/1.0"),]);
    world.identity.revoke_session(&olive, home(), there.id).await.unwrap();
    assert_eq!(world.by_session(&there).await.unwrap_err(), AuthFault::Refused);
    assert!(world.identity.revoke_session(&olive, home(), there.id).await.is_err());
    world.by_session(&here).await.unwrap();
}

async fn sessions_of_one_person_are_bounded(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let first = world.sign_in("olive@example.com").await;
    for _ in 0..49 {
        world.clock.advance_seconds(1);
        world.sign_in("olive@example.com").await;
    }
    world.by_session(&first).await.unwrap();
    world.clock.advance_seconds(1);
    let olive = world.signed_in("olive@example.com").await;
    assert_eq!(world.by_session(&first).await.unwrap_err(), AuthFault::Refused);
    assert_eq!(world.identity.sessions(&olive).await.unwrap().len(), 50);
}

async fn what_has_run_out_is_swept(world: World) {
    world.organization("Oak", "olive@example.com").await;
    world.sign_in("olive@example.com").await;
    assert_eq!(world.identity.sweep().await.unwrap(), 0);
    world.clock.advance_seconds(14 * DAY);
    let session = world.sign_in("olive@example.com").await;
    let olive = world.by_session(&session).await.unwrap();
    assert_eq!(world.identity.sessions(&olive).await.unwrap().len(), 1);
    // The one is over since the other began; whose they were is known for a while.
    world.clock.advance_seconds(14 * DAY);
    assert_eq!(world.identity.sweep().await.unwrap(), 0);
    world.clock.advance_seconds(16 * DAY);
    assert_eq!(world.identity.sweep().await.unwrap(), 1);
    world.clock.advance_seconds(14 * DAY);
    assert_eq!(world.identity.sweep().await.unwrap(), 1);
}

async fn whose_a_session_was_is_known_for_a_while_where_it_ran_out(world: World) {
    let oak = world.organization("Oak", "olive@example.com").await;
    let whose = async |session: &NewSession| {
        let request = RequestId(Id::fresh());
        world.identity.whose_it_was(session.secret.expose(), request, &declared()).await.unwrap()
    };
    let (session, ended) = (world.sign_in("olive@example.com").await, world.sign_in("olive@example.com").await);
    assert!(whose(&session).await.is_none(), "it is theirs still");
    let olive = world.by_session(&session).await.unwrap();
    world.identity.settle().await;
    world.identity.revoke_session(&olive, home(), ended.id).await.unwrap();
    world.clock.advance_seconds(14 * DAY);
    assert_eq!(world.by_session(&session).await.unwrap_err(), AuthFault::Refused);
    let known = whose(&session).await.unwrap();
    assert_eq!((known.person(), known.organization), (Some(oak.owner), oak.organization));
    assert!(whose(&ended).await.is_none(), "what was ended is nobody's");
    // That they sign in elsewhere meanwhile changes nothing.
    let elsewhere = world.signed_in("olive@example.com").await;
    assert!(whose(&session).await.is_some());
    world.clock.advance_seconds(29 * DAY);
    assert!(whose(&session).await.is_some());
    world.clock.advance_seconds(DAY);
    assert!(whose(&session).await.is_none(), "long ago");
    // A password that is changed ends them all, those too.
    let next = world.signed_in("olive@example.com").await;
    world.identity.change_password(&next, home(), PASSWORD, "a plane for the edges").await.unwrap();
    assert!(whose(&session).await.is_none());
    drop(elsewhere);
}

async fn garbage_is_nobody(world: World) {
    world.organization("Oak", "olive@example.com").await;
    let session = world.sign_in("olive@example.com").await;
    let secret = session.secret.expose();
    for text in ["", "x", "lf_", &secret[1..], &format!("{secret}x"), "\u{0}", &"é".repeat(43), &"A".repeat(43)] {
        for credential in [Credential::Session(text.to_owned()), Credential::Bearer(text.to_owned())] {
            assert_eq!(world.authenticate(credential).await.unwrap_err(), AuthFault::Refused, "{text}");
        }
    }
    // A session is no token.
    assert!(world.authenticate(Credential::Bearer(secret.to_owned())).await.is_err());
    assert!(world.authenticate(Credential::Bearer(format!("lf_{secret}"))).await.is_err());
    assert_eq!(format!("{:?}", Credential::Session(secret.to_owned())), "Session(…)");
}
