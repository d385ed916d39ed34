//! Browsers that somebody has signed in with before. Each keeps a mark that only this instance can make, and that lets
//! nobody in: all it does is that its person is not written to when they sign in with that browser again.

use crate::Identity;
use crate::client::Client;
use aws_lc_rs::hmac;
use lignaflow_core::PersonId;

const PURPOSE: &[u8] = b"lignaflow known browsers 1";
/// Names of the cookies begin with it.
pub const KNOWN: &str = "__Host-lignaflow-known-";
/// Characters of a mark that tell whose it is among those that one browser keeps.
const WHOSE: usize = 8;

/// The cookie that a browser keeps of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub name: String,
    pub value: String,
}

fn digit(half: u8) -> char {
    char::from_digit(u32::from(half), 16).unwrap_or('0')
}

fn mark(key: &str, person: PersonId) -> Mark {
    let own = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), PURPOSE);
    let made = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, own.as_ref()), person.0.bytes());
    let made: String = made.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect();
    let (whose, value) = made.split_at(WHOSE);
    Mark { name: format!("{KNOWN}{whose}"), value: value.to_owned() }
}

impl Identity {
    /// What a browser is given when somebody has signed in with it.
    pub fn mark(&self, person: PersonId) -> Option<Mark> {
        self.options().keys.all().next().map(|key| mark(key, person))
    }

    /// Whether the browser bears a mark of that person, by the key of now or one before it.
    pub(crate) fn is_known(&self, client: &Client, person: PersonId) -> bool {
        self.options().keys.all().any(|key| client.bears(&mark(key, person)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::Id;

    #[test]
    fn a_mark_is_one_persons_and_one_instances() {
        let (ann, ben) = (PersonId(Id::fresh()), PersonId(Id::fresh()));
        let made = mark("one", ann);
        assert_eq!(made, mark("one", ann));
        assert!(made.value.len() == 56 && made.name.len() == KNOWN.len() + WHOSE, "{made:?}");
        assert_ne!(made.value, mark("two", ann).value);
        assert_ne!(made.value, mark("one", ben).value);
        let client = Client::command_line().bearing(vec![made.clone()]);
        assert!(client.bears(&made) && !client.bears(&mark("one", ben)));
    }
}
