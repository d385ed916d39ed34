//! How letters are sent.

use super::values::{InvalidValue, Secret, is_local_host};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The server that they are handed to; empty is the folder `mail` in the data folder.
    pub host: String,
    /// Its port; 0 is the usual one of `security`.
    pub port: u16,
    pub security: MailSecurity,
    /// Who signs in there; empty is nobody.
    pub user: String,
    pub password: Secret,
    /// The address that letters come from; empty is `no-reply` at the host of `server.public_url`.
    pub from: String,
    /// Days for which letters are kept that were sent or have failed.
    pub keep_days: u32,
}

/// How the way to the server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MailSecurity {
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// TLS after a word in the clear (RFC 3207); refused where the server has none.
    Starttls,
    /// Nothing: to this machine alone.
    None,
}

impl TryFrom<String> for MailSecurity {
    type Error = InvalidValue;

    fn try_from(value: String) -> Result<Self, Self::Error> {
        match value.as_str() {
            "tls" => Ok(Self::Tls),
            "starttls" => Ok(Self::Starttls),
            "none" => Ok(Self::None),
            _ => Err(InvalidValue("is to be tls, starttls or none".into())),
        }
    }
}

impl From<MailSecurity> for String {
    fn from(value: MailSecurity) -> Self {
        match value {
            MailSecurity::Tls => "tls",
            MailSecurity::Starttls => "starttls",
            MailSecurity::None => "none",
        }
        .into()
    }
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 0,
            security: MailSecurity::Starttls,
            user: String::new(),
            password: Secret::default(),
            from: String::new(),
            keep_days: 90,
        }
    }
}

impl Mail {
    /// The port that is asked.
    pub fn port(&self) -> u16 {
        match (self.port, self.security) {
            (0, MailSecurity::Tls) => 465,
            (0, MailSecurity::Starttls) => 587,
            (0, MailSecurity::None) => 25,
            (port, _) => port,
        }
    }

    /// The address that letters come from, on a site of this host.
    pub fn sender(&self, host: &str) -> String {
        if self.from.is_empty() { format!("no-reply@{host}") } else { self.from.clone() }
    }

    pub(super) fn faults(&self, site: &str) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if !self.from.is_empty() && !lignaflow_core::mail::is_address(&self.from) {
            faults.push(("mail.from", "is to be an address such as office@example.com, or empty".to_owned()));
        }
        if self.host.is_empty() {
            return faults;
        }
        if self.security == MailSecurity::None && !is_local_host(&self.host) {
            faults.push((
                "mail.security",
                format!("is none, which is for a server on this machine; {} is another", self.host),
            ));
        }
        if self.user.is_empty() != self.password.is_empty() {
            faults.push(("mail.password", "is to be set together with mail.user, or neither".to_owned()));
        }
        if self.from.is_empty() && is_local_host(site) && !is_local_host(&self.host) {
            let message = "is to be set: nobody takes a letter from no-reply@localhost".to_owned();
            faults.push(("mail.from", message));
        }
        faults
    }
}
