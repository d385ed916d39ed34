//! How often somebody may ask: counted for a person whatever they are signed in with, for a token by itself, and for an
//! address where neither is known to be good. Clients are told as draft-ietf-httpapi-ratelimit-headers says.

use super::{MiddlewareContext, RequestContext, is_probe};
use crate::config::Limits;
use crate::problem::Problem;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::cookie::CookieJar;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{HeaderMap, header};
use lignaflow_core::{ErrorCode, PersonId};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How many good sessions and tokens are remembered, and for how long without being used.
const KNOWN: usize = 100_000;
const KNOWN_FOR: Duration = Duration::from_mins(10);

/// After so many checks the buckets that are full again are forgotten.
const SWEEP_EVERY: u32 = 8_192;

pub(super) async fn layer<A: Future<Output = Response>>(
    context: &MiddlewareContext,
    request: Request,
    next: impl FnOnce(Request) -> A,
) -> Response {
    if is_probe(request.uri().path()) {
        return next(request).await;
    }
    let presented = presented(request.headers(), context.session_cookie);
    let client = request.extensions().get::<RequestContext>().map_or(Ipv6Addr::UNSPECIFIED.into(), |c| c.client);
    let Some(decision) = context.rates.check(presented.as_deref(), client) else { return next(request).await };
    let mut response = if decision.allowed {
        next(request).await
    } else {
        metrics::counter!("http_refused_total", "reason" => "rate").increment(1);
        decision.problem("Too many requests. `Retry-After` says when to go on.").into_response()
    };
    decision.tell(response.headers_mut());
    response
}

/// The token or session that a request shows; whether it is good is not known yet.
fn presented(headers: &HeaderMap, session_cookie: &str) -> Option<String> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    });
    bearer.or_else(|| {
        headers
            .contains_key(header::COOKIE)
            .then(|| CookieJar::from_headers(headers))?
            .get(session_cookie)
            .map(|cookie| cookie.value().to_owned())
    })
}

/// A session or token by its hash: the thing itself is not kept.
type Credential = [u8; 16];

fn credential(token: &str) -> Credential {
    let mut short = [0; 16];
    short.copy_from_slice(&Sha256::digest(token.as_bytes())[..16]);
    short
}

/// A session or token that has proved good.
#[derive(Debug, Clone, Copy)]
struct Known {
    at: Instant,
    /// Whose bucket it is counted in.
    bucket: Credential,
}

/// The limits of this host. Each host counts for itself.
pub struct RateLimits {
    signed_in: Option<Limiter<Credential>>,
    anonymous: Option<Limiter<IpAddr>>,
    sign_in_address: Option<Limiter<IpAddr>>,
    sign_in_account: Option<Limiter<Credential>>,
    // Random tokens must not each get a bucket of their own: only what has signed in once is counted by itself.
    known: RwLock<HashMap<Credential, Known>>,
}

impl RateLimits {
    pub fn new(limits: &Limits) -> Self {
        Self {
            signed_in: Limiter::new("signed-in", limits.signed_in_per_minute, limits.signed_in_burst),
            anonymous: Limiter::new("address", limits.anonymous_per_minute, limits.anonymous_burst),
            sign_in_address: Limiter::new("sign-in", limits.sign_in_per_minute, limits.sign_in_burst),
            sign_in_account: Limiter::new("sign-in", limits.sign_in_per_minute, limits.sign_in_burst),
            known: RwLock::default(),
        }
    }

    /// Counts one request. None: there is no limit for it.
    pub fn check(&self, presented: Option<&str>, client: IpAddr) -> Option<Decision> {
        match presented.map(credential).and_then(|credential| self.bucket(&credential)) {
            Some(bucket) => self.signed_in.as_ref().map(|limiter| limiter.check(&bucket)),
            None => self.anonymous.as_ref().map(|limiter| limiter.check(&network_of(client))),
        }
    }

    /// Call this when a session or token has proved good, with what the client sent: from then on it is counted by
    /// itself and not with its address, or where somebody is named with all that is theirs, so that nobody has more by
    /// signing in more often. Cheap enough for every request.
    pub fn recognise(&self, token: &str, whose: Option<PersonId>) {
        let key = credential(token);
        let now = Instant::now();
        let fresh = |known: &Known| now.duration_since(known.at) < KNOWN_FOR / 2;
        if self.known.read().unwrap_or_else(PoisonError::into_inner).get(&key).is_some_and(fresh) {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN {
            known.retain(|_, known| now.duration_since(known.at) < KNOWN_FOR);
        }
        if known.len() < KNOWN {
            let bucket = whose.map_or(key, |person| credential(&format!("person {person}")));
            known.insert(key, Known { at: now, bucket });
        }
    }

    /// Counts one attempt to sign in, for the address and for the account; either can refuse. Call it before the
    /// password is looked at.
    pub fn sign_in(&self, client: IpAddr, account: &str) -> Result<(), Problem> {
        let by_address = self.sign_in_address.as_ref().map(|limiter| limiter.check(&network_of(client)));
        let account = account.trim().to_lowercase();
        let by_account = self.sign_in_account.as_ref().map(|limiter| limiter.check(&credential(&account)));
        match [by_address, by_account].into_iter().flatten().find(|decision| !decision.allowed) {
            Some(refused) => Err(refused.problem("Too many attempts to sign in. Try again later.")),
            None => Ok(()),
        }
    }

    fn bucket(&self, credential: &Credential) -> Option<Credential> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(credential).filter(|known| known.at.elapsed() < KNOWN_FOR).map(|known| known.bucket)
    }
}

impl fmt::Debug for RateLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimits").finish_non_exhaustive()
    }
}

/// One who has an IPv6 address has 2⁶⁴ of them (RFC 6177): they are one client.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// What a check found, and what the client is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    pub allowed: bool,
    /// The name of the limit that applied.
    pub policy: &'static str,
    /// What may come at once, and the seconds in which all of it comes back.
    pub quota: u32,
    pub window: u64,
    /// What may still come at once, and the seconds until nothing is missing.
    pub remaining: u32,
    pub reset: u64,
    /// How long to wait; zero where the request was allowed.
    pub wait: Duration,
}

impl Decision {
    fn problem(&self, detail: &str) -> Problem {
        Problem::new(ErrorCode::RateLimited, detail).retry_after(self.wait)
    }

    fn tell(&self, headers: &mut HeaderMap) {
        let Self { policy, quota, window, remaining, reset, .. } = self;
        if let Ok(value) = HeaderValue::try_from(format!("\"{policy}\";q={quota};w={window}")) {
            headers.insert(RATE_LIMIT_POLICY, value);
        }
        if let Ok(value) = HeaderValue::try_from(format!("\"{policy}\";r={remaining};t={reset}")) {
            headers.insert(RATE_LIMIT, value);
        }
    }
}

/// A bucket for each key, refilled evenly.
struct Limiter<K: Hash + Eq + Clone, C: Clock = DefaultClock> {
    policy: &'static str,
    per_minute: u32,
    burst: u32,
    buckets: RateLimiter<K, DashMapStateStore<K>, C, StateInformationMiddleware>,
    clock: C,
    checks: AtomicU32,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    fn new(policy: &'static str, per_minute: u32, burst: u32) -> Option<Self> {
        Self::with_clock(policy, per_minute, burst, DefaultClock::default())
    }
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> Limiter<K, C> {
    /// None for a rate of zero, which is no limit.
    fn with_clock(policy: &'static str, per_minute: u32, burst: u32, clock: C) -> Option<Self> {
        let each = Duration::from_mins(1).checked_div(per_minute)?;
        let quota = Quota::with_period(each)?.allow_burst(NonZeroU32::new(burst)?);
        let buckets = RateLimiter::dashmap_with_clock(quota, clock.clone()).with_middleware();
        Some(Self { policy, per_minute, burst, buckets, clock, checks: AtomicU32::new(0) })
    }

    fn check(&self, key: &K) -> Decision {
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.buckets.retain_recent();
        }
        let (allowed, remaining, wait) = match self.buckets.check_key(key) {
            Ok(state) => (true, state.remaining_burst_capacity(), Duration::ZERO),
            Err(refused) => (false, 0, refused.wait_time_from(self.clock.now())),
        };
        Decision {
            allowed,
            policy: self.policy,
            quota: self.burst,
            window: self.seconds_for(self.burst),
            remaining,
            reset: self.seconds_for(self.burst.saturating_sub(remaining)),
            wait,
        }
    }

    fn seconds_for(&self, requests: u32) -> u64 {
        (u64::from(requests) * 60).div_ceil(u64::from(self.per_minute))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;

    fn limits() -> Limits {
        Limits {
            signed_in_per_minute: 6,
            signed_in_burst: 3,
            anonymous_per_minute: 6,
            anonymous_burst: 2,
            ..Limits::default()
        }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_bucket_empties_at_once_and_fills_evenly() {
        let clock = FakeRelativeClock::default();
        let limiter = Limiter::with_clock("address", 60, 3, clock.clone()).unwrap();
        let remaining: Vec<u32> = (0..3).map(|_| limiter.check(&1).remaining).collect();
        assert_eq!(remaining, [2, 1, 0]);
        let refused = limiter.check(&1);
        assert!(!refused.allowed && refused.wait == Duration::from_secs(1));
        assert_eq!((refused.quota, refused.window, refused.reset), (3, 3, 3));
        assert!(limiter.check(&2).allowed, "each key has its own bucket");
        clock.advance(Duration::from_secs(1));
        assert!(limiter.check(&1).allowed && !limiter.check(&1).allowed);
    }

    #[test]
    fn what_is_full_again_is_forgotten() {
        let clock = FakeRelativeClock::default();
        let limiter = Limiter::with_clock("address", 60, 3, clock.clone()).unwrap();
        for key in 0..SWEEP_EVERY - 1 {
            limiter.check(&key);
        }
        clock.advance(Duration::from_mins(1));
        limiter.check(&0);
        assert_eq!(limiter.buckets.len(), 1);
    }

    #[test]
    fn a_token_that_nobody_vouched_for_counts_with_its_address() {
        let rates = RateLimits::new(&limits());
        let client = address("192.0.2.1");
        assert!(rates.check(Some("a"), client).unwrap().allowed && rates.check(Some("b"), client).unwrap().allowed);
        assert!(!rates.check(Some("c"), client).unwrap().allowed);
        rates.recognise("c", None);
        let decision = rates.check(Some("c"), client).unwrap();
        assert!(decision.allowed && decision.policy == "signed-in" && decision.remaining == 2);
        assert!(!rates.check(None, client).unwrap().allowed);
    }

    #[test]
    fn whoever_signs_in_twice_has_no_more_and_a_token_is_counted_by_itself() {
        let rates = RateLimits::new(&limits());
        let client = address("192.0.2.1");
        let (ann, bob) = (PersonId(lignaflow_core::Id::fresh()), PersonId(lignaflow_core::Id::fresh()));
        for (token, whose) in [("one", Some(ann)), ("two", Some(ann)), ("bob", Some(bob)), ("token", None)] {
            rates.recognise(token, whose);
        }
        let remaining = |token| rates.check(Some(token), client).unwrap().remaining;
        assert_eq!((remaining("one"), remaining("two"), remaining("one")), (2, 1, 0));
        assert!(!rates.check(Some("two"), client).unwrap().allowed);
        assert_eq!((remaining("bob"), remaining("token")), (2, 2));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one_client() {
        let rates = RateLimits::new(&limits());
        assert_eq!(rates.check(None, address("2001:db8::1")).unwrap().remaining, 1);
        assert_eq!(rates.check(None, address("2001:db8::2")).unwrap().remaining, 0);
        assert_eq!(rates.check(None, address("2001:db8:0:1::1")).unwrap().remaining, 1);
    }

    #[test]
    fn signing_in_is_counted_for_the_account_from_wherever_it_is_tried() {
        let rates = RateLimits::new(&Limits { sign_in_burst: 2, ..limits() });
        assert!(rates.sign_in(address("192.0.2.1"), "ann@example.com").is_ok());
        assert!(rates.sign_in(address("192.0.2.2"), "Ann@Example.com ").is_ok());
        assert_eq!(rates.sign_in(address("192.0.2.3"), "ann@example.com").unwrap_err().status(), 429);
        assert!(rates.sign_in(address("192.0.2.3"), "bob@example.com").is_ok());
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let rates = RateLimits::new(&Limits { anonymous_per_minute: 0, sign_in_per_minute: 0, ..limits() });
        assert_eq!(rates.check(None, address("192.0.2.1")), None);
        assert!((0..100).all(|_| rates.sign_in(address("192.0.2.1"), "a").is_ok()));
    }
}
