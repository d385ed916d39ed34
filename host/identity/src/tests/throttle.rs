use super::{PASSWORD, World, client, home, on_both};
use crate::{Identity, Options, SignInFault};
use lignaflow_store::Statement;
use std::sync::Arc;

on_both!(
    a_guesser_is_slowed_and_never_shut_out,
    a_success_takes_only_its_own_count_back,
    several_hosts_count_together_and_a_restart_forgives_nothing,
    those_who_guess_at_once_are_all_counted,
    counts_that_are_over_are_forgotten_and_name_nobody,
);

const OWNER: &str = "olive@example.com";

impl World {
    /// Another host on the same database.
    fn another_host(&self) -> Identity {
        Identity::new(self.store.clone(), Arc::new(self.clock.clone()), Options::for_tests())
    }

    /// How many guesses are heard from there, and after how many seconds the next one would be.
    async fn guesses(&self, from: &str) -> (usize, u64) {
        for heard in 0..1000 {
            match self.identity.sign_in(OWNER, "guessed wrongly", client(from)).await {
                Err(SignInFault::Refused) => {}
                Err(SignInFault::RateLimited { retry_after_seconds }) => return (heard, retry_after_seconds),
                other => panic!("{other:?}"),
            }
        }
        panic!("a thousand guesses were heard");
    }

    async fn kept(&self) -> Vec<Vec<u8>> {
        let rows = self.store.database().fetch_all(Statement::new("select key from tries", Vec::new())).await.unwrap();
        rows.iter().map(|row| row.opt_bytes(0).unwrap().unwrap()).collect()
    }
}

async fn a_guesser_is_slowed_and_never_shut_out(world: World) {
    world.organization("Oak", OWNER).await;
    assert_eq!(world.guesses("203.0.113.1").await, (6, 15));
    world.clock.advance_seconds(14);
    assert_eq!(world.guesses("203.0.113.1").await, (0, 1));
    world.clock.advance_seconds(1);
    assert_eq!(world.guesses("203.0.113.1").await, (1, 15));
    world.clock.advance_seconds(3600);
    assert_eq!(world.guesses("203.0.113.1").await, (6, 15));
}

async fn a_success_takes_only_its_own_count_back(world: World) {
    world.organization("Oak", OWNER).await;
    for _ in 0..5 {
        let guessed = world.identity.sign_in(OWNER, "guessed wrongly", home()).await;
        assert_eq!(guessed.unwrap_err(), SignInFault::Refused);
    }
    for _ in 0..3 {
        world.identity.sign_in(OWNER, PASSWORD, home()).await.unwrap();
    }
    assert_eq!(world.guesses("192.0.2.10").await, (1, 15));
}

async fn several_hosts_count_together_and_a_restart_forgives_nothing(world: World) {
    world.organization("Oak", OWNER).await;
    for host in [world.identity.clone(), world.another_host(), world.another_host()] {
        for _ in 0..2 {
            let guessed = host.sign_in(OWNER, "guessed wrongly", home()).await;
            assert_eq!(guessed.unwrap_err(), SignInFault::Refused);
        }
    }
    let over = Err(SignInFault::RateLimited { retry_after_seconds: 15 });
    assert_eq!(world.another_host().sign_in(OWNER, PASSWORD, home()).await, over);
}

async fn those_who_guess_at_once_are_all_counted(world: World) {
    world.organization("Oak", OWNER).await;
    let mut guesses = tokio::task::JoinSet::new();
    for number in 0..24 {
        let host = if number % 2 == 0 { world.identity.clone() } else { world.another_host() };
        guesses.spawn(async move { host.sign_in(OWNER, "guessed wrongly", home()).await });
    }
    let answers = guesses.join_all().await;
    let heard = answers.iter().filter(|answer| **answer == Err(SignInFault::Refused)).count();
    // One that lost its place while it was looked at may have filled another bucket.
    assert!((1..=6).contains(&heard), "{answers:?}");
    let others = answers.iter().all(|answer| {
        matches!(answer, Err(SignInFault::Refused | SignInFault::RateLimited { retry_after_seconds: 1.. }))
    });
    assert!(others, "{answers:?}");
}

async fn counts_that_are_over_are_forgotten_and_name_nobody(world: World) {
    world.organization("Oak", OWNER).await;
    assert_eq!(world.guesses("203.0.113.1").await.0, 6);
    let kept = world.kept().await;
    assert_eq!(kept.len(), 3);
    assert!(kept.iter().all(|key| key.len() == 32), "hashes alone: {kept:?}");
    world.identity.sweep().await.unwrap();
    assert_eq!(world.kept().await.len(), 3, "still counting");
    world.clock.advance_seconds(91);
    world.identity.sweep().await.unwrap();
    assert_eq!(world.kept().await.len(), 1, "what is counted of an account lasts longest");
    world.clock.advance_seconds(3600);
    world.identity.sweep().await.unwrap();
    assert_eq!(world.kept().await.len(), 0);
}
