//! From where somebody acts, as far as the server could tell.

use crate::authenticate::Authenticated;
use crate::known::Mark;
use lignaflow_core::Id;
use std::net::{IpAddr, Ipv6Addr};

/// Characters of a browser's description that are kept.
const USER_AGENT: usize = 300;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Client {
    /// Nothing on the command line.
    pub address: Option<IpAddr>,
    user_agent: String,
    /// What they prove themselves with, where it is a token.
    token: Option<Id>,
    /// What the browser keeps of those who signed in with it before.
    marks: Vec<Mark>,
}

/// Marks of one browser that are looked at.
const MARKS: usize = 50;

impl Client {
    pub fn new(address: IpAddr, user_agent: &str) -> Self {
        let user_agent = user_agent.chars().filter(|c| !c.is_control()).take(USER_AGENT).collect();
        Self { address: Some(address.to_canonical()), user_agent, token: None, marks: Vec::new() }
    }

    /// An operator on the command line.
    pub fn command_line() -> Self {
        Self::default()
    }

    /// The same, with what they proved themselves with.
    #[must_use]
    pub(crate) fn through(self, actor: &Authenticated) -> Self {
        Self { token: actor.token(), ..self }
    }

    /// The same, with the marks that came along.
    #[must_use]
    pub fn bearing(self, mut marks: Vec<Mark>) -> Self {
        marks.truncate(MARKS);
        Self { marks, ..self }
    }

    pub(crate) fn bears(&self, mark: &Mark) -> bool {
        self.marks.contains(mark)
    }

    pub(crate) fn token(&self) -> Option<Id> {
        self.token
    }

    pub fn user_agent(&self) -> &str {
        &self.user_agent
    }

    pub(crate) fn address_text(&self) -> String {
        self.address.map_or_else(String::new, |address| address.to_string())
    }

    /// What attempts are counted by: a household or an office holds a whole /64 of IPv6 (RFC 6177).
    pub(crate) fn network(&self) -> Option<IpAddr> {
        self.address.map(|address| match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Client;

    #[test]
    fn addresses_of_one_household_are_one_network() {
        let at = |text: &str| Client::new(text.parse().unwrap(), "").network();
        assert_eq!(at("2001:db8::1"), at("2001:db8::ffff:2"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
    }

    #[test]
    fn a_description_of_a_browser_is_cut_and_cleaned() {
        let client = Client::new("192.0.2.1".parse().unwrap(), &format!("a\nb{}", "é".repeat(400)));
        assert_eq!(client.user_agent().chars().count(), 300);
        assert!(client.user_agent().starts_with("abé"));
    }
}
