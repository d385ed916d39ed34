//! Passwords: which are taken, and how they are kept.
//!
//! Rules are those of NIST SP 800-63B: a length, no composition, and none of what everybody guesses first. They are kept
//! as argon2id, computed off the async threads and a few at a time, since each takes memory on purpose. An account that
//! is not there costs the same work as one that is, so that the time of an answer says nothing about who has one.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error as HashError, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use lignaflow_core::{ErrorCode, Fault, Issue};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

/// Characters that a password has at least.
pub const SHORTEST: usize = 8;
/// Characters that it has at most.
pub const LONGEST: usize = 128;
/// Bytes past which none can have that few characters, and no work is done on it.
const MOST_BYTES: usize = 16 * LONGEST;

/// The ones that lists of stolen passwords begin with, from eight characters on, in lower case.
const COMMON: &str = include_str!("common_passwords.txt");

/// What one password costs to hash.
#[derive(Debug, Clone)]
pub struct HashCost(Params);

const fn params(memory_kib: u32, passes: u32) -> Params {
    match Params::new(memory_kib, passes, 1, None) {
        Ok(params) => params,
        Err(_) => panic!("argon2 refuses these costs"),
    }
}

impl HashCost {
    /// 32 MiB and three passes: above the least that OWASP's password storage cheat sheet asks for (19 MiB and two).
    pub const STANDARD: Self = Self(params(32 * 1024, 3));
    /// For tests alone.
    pub const CHEAPEST: Self = Self(params(8, 1));
}

/// Hashes and compares. One for the whole process, so that its slots bound the memory in use.
#[derive(Debug)]
pub(crate) struct Passwords {
    cost: HashCost,
    slots: Arc<Semaphore>,
    wait: Duration,
    computed: AtomicU64,
}

impl Passwords {
    pub(crate) fn new(cost: HashCost, slots: usize, wait: Duration) -> Self {
        Self { cost, slots: Arc::new(Semaphore::new(slots.max(1))), wait, computed: AtomicU64::new(0) }
    }

    /// How many hashes were computed so far.
    pub(crate) fn computed(&self) -> u64 {
        self.computed.load(Ordering::SeqCst)
    }

    fn argon2(&self) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.cost.0.clone())
    }

    /// A PHC string with a salt of its own.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, Fault> {
        let (argon2, password) = (self.argon2(), normal(password));
        self.compute(move || argon2.hash_password(password.as_bytes()).map(|hash: PasswordHash| hash.to_string())).await
    }

    /// Whether the password is the one of that PHC string. Without one the answer is no, after the same work.
    pub(crate) async fn verify(&self, password: &str, phc: Option<String>) -> Result<bool, Fault> {
        // What is longer is nobody's, and is not worth the work; its length is known to who sent it.
        if password.len() > MOST_BYTES {
            return Ok(false);
        }
        let (argon2, password) = (self.argon2(), normal(password));
        self.compute(move || {
            let Some(phc) = phc else {
                let _: PasswordHash = argon2.hash_password_with_salt(password.as_bytes(), b"nobody's own salt")?;
                return Ok(false);
            };
            let phc = PasswordHash::new(&phc).map_err(|_| HashError::PasswordInvalid)?;
            match argon2.verify_password(password.as_bytes(), &phc) {
                Ok(()) => Ok(true),
                Err(HashError::PasswordInvalid) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, Fault> {
        let turn = tokio::time::timeout(self.wait, Arc::clone(&self.slots).acquire_owned());
        let Ok(Ok(turn)) = turn.await else {
            return Err(Fault::new(ErrorCode::Unavailable, "Too many people are signing in. Try again in a moment."));
        };
        self.computed.fetch_add(1, Ordering::SeqCst);
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            // Held until the work ends, also where whoever asked has left.
            drop(turn);
            result
        });
        match done.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                tracing::error!(%error, "a password cannot be hashed or compared");
                Err(Fault::internal())
            }
            Err(error) => {
                tracing::error!(%error, "hashing a password ended early");
                Err(Fault::internal())
            }
        }
    }
}

/// One password has one spelling, however a keyboard composes its characters (NIST SP 800-63B, 5.1.1.2).
fn normal(password: &str) -> String {
    password.nfkc().collect()
}

/// Notes what is wrong with a password that somebody chooses. `about` is what is known of them: none of it will do.
pub(crate) fn check(password: &str, about: &[&str], path: &str, issues: &mut Vec<Issue>) {
    let length = if password.len() > MOST_BYTES { usize::MAX } else { normal(password).chars().count() };
    let issue = if length < SHORTEST {
        Issue::new(path, "too-short", format!("A password has at least {SHORTEST} characters."))
    } else if length > LONGEST {
        Issue::new(path, "too-long", format!("A password has at most {LONGEST} characters."))
    } else if is_common(password) || about.iter().any(|known| is_that(password, known)) {
        Issue::new(path, "too-common", "That password is among the first that anybody would guess. Choose another.")
    } else {
        return;
    };
    issues.push(issue);
}

fn is_that(password: &str, known: &str) -> bool {
    !known.is_empty() && password.to_lowercase() == known.to_lowercase()
}

fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let mut steps = lower
        .chars()
        .zip(lower.chars().skip(1))
        .map(|(one, next)| i64::from(u32::from(next)) - i64::from(u32::from(one)));
    // `aaaaaaaa`, `12345678`, `hgfedcba`.
    let first = steps.next();
    let is_row = first.is_some_and(|step| step.abs() <= 1) && steps.all(|step| Some(step) == first);
    is_row || COMMON.lines().any(|common| common == lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(password: &str) -> Vec<String> {
        let mut issues = Vec::new();
        check(password, &["ann@example.com", "ann", "Ann Example"], "/password", &mut issues);
        issues.into_iter().map(|issue| issue.code).collect()
    }

    #[test]
    fn a_password_is_long_enough_and_not_what_everybody_guesses() {
        assert_eq!(faults("seven77"), ["too-short"]);
        assert_eq!(faults(&"ab".repeat(65)), ["too-long"]);
        assert_eq!(faults(&"x".repeat(1_000_000)), ["too-long"]);
        for common in [
            "Password1",
            "12345678",
            "87654321",
            "aaaaaaaaaa",
            "abcdefghij",
            "Qwertyuiop",
            "Ann@Example.com",
            "ann example",
        ] {
            assert_eq!(faults(common), ["too-common"], "{common}");
        }
        for good in ["correct horse", "tischler!", "ünïcödé wörds", &"ab".repeat(64)] {
            assert!(faults(good).is_empty(), "{good}");
        }
    }

    #[test]
    fn the_list_of_common_passwords_is_sorted_lower_case_and_without_doubles() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.len() > 300);
        assert!(lines.is_sorted_by(|a, b| a < b));
        assert!(lines.iter().all(|line| line.len() >= SHORTEST && *line == line.to_lowercase()));
    }

    #[tokio::test]
    async fn a_password_is_known_again_however_it_is_composed() {
        let passwords = Passwords::new(HashCost::CHEAPEST, 2, Duration::from_secs(5));
        let hash = passwords.hash("caf\u{e9} am Markt").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
        assert!(passwords.verify("cafe\u{301} am Markt", Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("cafe am Markt", Some(hash.clone())).await.unwrap());
        assert_ne!(passwords.hash("caf\u{e9} am Markt").await.unwrap(), hash);
    }

    #[tokio::test]
    async fn nobody_costs_as_much_as_somebody() {
        let passwords = Passwords::new(HashCost::CHEAPEST, 2, Duration::from_secs(5));
        assert!(!passwords.verify("whatever it is", None).await.unwrap());
        assert_eq!(passwords.computed(), 1);
    }

    #[tokio::test]
    async fn who_waits_too_long_for_a_turn_is_told_to_come_back() {
        let passwords = Passwords::new(HashCost::CHEAPEST, 1, Duration::ZERO);
        let turn = Arc::clone(&passwords.slots).acquire_owned().await.unwrap();
        assert_eq!(passwords.verify("whatever it is", None).await.unwrap_err().code, ErrorCode::Unavailable);
        drop(turn);
        assert!(!passwords.verify("whatever it is", None).await.unwrap());
    }
}
