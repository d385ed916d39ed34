//! Requests that may come twice: the key that tells them again, and the answer as it left.

use crate::clock::Micros;

/// How long an answer is kept.
pub const KEPT: Micros = 24 * 60 * 60 * 1_000_000;

/// What a client calls its request, with a digest of what it asks. Belongs to one principal of one organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatKey {
    pub text: String,
    pub fingerprint: [u8; 32],
}

impl RepeatKey {
    /// The longest that a client may choose.
    pub const MAX: usize = 200;

    /// Stands in no key of a client's own.
    const PART: char = '\u{1f}';

    /// The key of one part of the request, which is carried out by itself.
    #[must_use]
    pub fn part(&self, index: usize) -> Self {
        Self { text: format!("{}{}{index}", self.text, Self::PART), fingerprint: self.fingerprint }
    }

    /// What lies between the keys of all parts: after the first, before the second.
    pub fn parts(&self) -> (String, String) {
        (format!("{}{}", self.text, Self::PART), format!("{} ", self.text))
    }
}

/// What a request was answered with, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// As HTTP numbers it.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}
