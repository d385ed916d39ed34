//! What is written down of every act, in the transaction of the act itself.

use crate::client::Client;
use lignaflow_core::clock::Micros;
use lignaflow_core::{OrganizationId, PersonId};
use lignaflow_store::identity::audit::Event;

/// What happened. The words are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    OrganizationCreated,
    SessionOpened,
    SignInFailed,
    SessionClosed,
    SessionRevoked,
    OrganizationSwitched,
    PasswordChanged,
    PasswordReset,
    TokenCreated,
    TokenRevoked,
    MemberAdded,
    MemberRoleChanged,
    MemberRolesChanged,
    MemberActivated,
    MemberDeactivated,
    PersonActivated,
    PersonDeactivated,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::OrganizationCreated => "organization.created",
            Self::SessionOpened => "session.opened",
            Self::SignInFailed => "session.failed",
            Self::SessionClosed => "session.closed",
            Self::SessionRevoked => "session.revoked",
            Self::OrganizationSwitched => "session.organization-switched",
            Self::PasswordChanged => "password.changed",
            Self::PasswordReset => "password.reset",
            Self::TokenCreated => "token.created",
            Self::TokenRevoked => "token.revoked",
            Self::MemberAdded => "member.added",
            Self::MemberRoleChanged => "member.role-changed",
            Self::MemberRolesChanged => "member.roles-changed",
            Self::MemberActivated => "member.activated",
            Self::MemberDeactivated => "member.deactivated",
            Self::PersonActivated => "person.activated",
            Self::PersonDeactivated => "person.deactivated",
        }
    }
}

/// An event of now; `person` is who acted, and nobody known on the command line.
pub(crate) fn event(
    kind: Kind,
    at: Micros,
    client: &Client,
    organization: Option<OrganizationId>,
    person: Option<PersonId>,
    detail: serde_json::Value,
) -> Event {
    Event { organization, at, person, kind: kind.as_str().to_owned(), address: client.address_text(), detail }
}
