//! What can be set. The defaults are what a server runs with; tests make hashing cheap.

use crate::password::HashCost;
use crate::seal::Keys;
use crate::throttle::Limits;
use lignaflow_store::identity::organizations::Demand;
use std::time::Duration;

const DAY: i64 = 24 * 60 * 60;

#[derive(Debug, Clone)]
pub struct Options {
    pub hash_cost: HashCost,
    /// Passwords hashed at one time; each takes the memory of [`HashCost`].
    pub hash_slots: usize,
    /// How long one waits for its turn before its caller is told to come back.
    pub hash_wait: Duration,
    /// Seconds after which a session that is not used ends.
    pub session_idle: i64,
    /// Seconds after which a session ends however much it is used.
    pub session_absolute: i64,
    /// Seconds for which a setup address serves.
    pub setup_lifetime: i64,
    /// Seconds for which an invitation serves where nothing else is said.
    pub invitation_lifetime: i64,
    /// Seconds between two notes that a session or token is in use.
    pub note_use_every: i64,
    pub limits: Limits,
    /// What secrets that are read again are sealed with.
    pub keys: Keys,
    /// Of whom a second factor is asked, whatever their organization asks.
    pub second_factor: Demand,
    /// Seconds after which a session that a PIN opened on an enrolled device is over, used or not.
    pub session_device: i64,
    /// Whether people may make organizations by themselves.
    pub sign_up: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            hash_cost: HashCost::STANDARD,
            hash_slots: std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(1, 4)),
            hash_wait: Duration::from_secs(5),
            session_idle: 14 * DAY,
            session_absolute: 90 * DAY,
            setup_lifetime: DAY,
            invitation_lifetime: 7 * DAY,
            note_use_every: 60,
            limits: Limits::default(),
            keys: Keys::default(),
            second_factor: Demand::Nobody,
            session_device: 90 * DAY,
            sign_up: false,
        }
    }
}

impl Options {
    /// The same with hashing that costs next to nothing, for tests.
    pub fn for_tests() -> Self {
        Self { hash_cost: HashCost::CHEAPEST, hash_slots: 8, keys: Keys::new("a key of tests", []), ..Self::default() }
    }
}
