//! What is written down of every act, in the transaction of the act itself, and who may read it.

use crate::authenticate::Authenticated;
use crate::client::Client;
use crate::{Identity, error};
use lignaflow_core::caller::{Caller, Permission};
use lignaflow_core::clock::Micros;
use lignaflow_core::value::instant_text;
use lignaflow_core::{Fault, Id, OrganizationId, PersonId};
use lignaflow_store::identity::audit::{self, Event, Line, Search};
use serde_json::json;

/// Characters of a query that are written down.
const QUERY: usize = 1_000;

/// Records that somebody takes away as a file.
#[derive(Debug, Clone, Copy)]
pub struct RecordsTaken<'a> {
    pub collection: &'a str,
    pub format: &'a str,
    /// What was asked for, as in an address.
    pub query: &'a str,
    /// How many there were when it was.
    pub rows: u64,
}

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
    PlaceholderAdded,
    InvitationMade,
    InvitationSentAgain,
    InvitationWithdrawn,
    InvitationAccepted,
    RoleSet,
    RoleRemoved,
    ProfileChanged,
    OrganizationChanged,
    AuditExported,
    RecordsExported,
    ResetAsked,
    AddressChanged,
    SessionsEnded,
    SecondFactorOn,
    SecondFactorOff,
    RecoveryCodesMade,
    SignUpAsked,
    DeviceMade,
    DeviceEnrolled,
    DeviceRevoked,
    PinSet,
    PinRemoved,
    PersonExported,
    PersonErased,
    RetentionSet,
    OrganizationRemoved,
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
            Self::PlaceholderAdded => "member.placeholder-added",
            Self::InvitationMade => "invitation.made",
            Self::InvitationSentAgain => "invitation.sent-again",
            Self::InvitationWithdrawn => "invitation.withdrawn",
            Self::InvitationAccepted => "invitation.accepted",
            Self::RoleSet => "role.set",
            Self::RoleRemoved => "role.removed",
            Self::ProfileChanged => "person.changed",
            Self::OrganizationChanged => "organization.changed",
            Self::AuditExported => "audit.exported",
            Self::RecordsExported => "records.exported",
            Self::ResetAsked => "password.reset-asked",
            Self::AddressChanged => "address.changed",
            Self::SessionsEnded => "session.others-ended",
            Self::SecondFactorOn => "second-factor.on",
            Self::SecondFactorOff => "second-factor.off",
            Self::RecoveryCodesMade => "second-factor.recovery-codes",
            Self::SignUpAsked => "sign-up.asked",
            Self::DeviceMade => "device.made",
            Self::DeviceEnrolled => "device.enrolled",
            Self::DeviceRevoked => "device.revoked",
            Self::PinSet => "pin.set",
            Self::PinRemoved => "pin.removed",
            Self::PersonExported => "person.exported",
            Self::PersonErased => "person.erased",
            Self::RetentionSet => "organization.retention-set",
            Self::OrganizationRemoved => "organization.removed",
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
    Event {
        organization,
        at,
        person,
        kind: kind.as_str().to_owned(),
        address: client.address_text(),
        token: client.token(),
        detail,
    }
}

impl Identity {
    /// What was written down of the organization and its members, the latest first.
    pub async fn audit(&self, actor: &Authenticated, search: &Search, limit: u32) -> Result<Vec<Line>, Fault> {
        may_read(actor)?;
        audit::search(self.database(), actor.caller.organization, search, limit).await.map_err(error::told)
    }

    /// The kinds of what was written down of the organization.
    pub async fn audit_kinds(&self, actor: &Authenticated) -> Result<Vec<String>, Fault> {
        may_read(actor)?;
        audit::kinds(self.database(), actor.caller.organization).await.map_err(error::told)
    }

    /// Writes down that somebody takes it away as a file, and what of it, before they do.
    pub async fn note_audit_export(&self, actor: &Authenticated, client: Client, search: &Search) -> Result<(), Fault> {
        may_read(actor)?;
        actor.proved()?;
        let word = |text: &str| (!text.is_empty()).then(|| text.chars().take(QUERY).collect::<String>());
        let detail = [
            ("kind", word(&search.kind)),
            ("about", search.person.map(|person| person.to_string())),
            ("from", search.from.map(instant_text)),
            ("until", search.until.map(instant_text)),
            ("q", word(&search.text)),
        ];
        let detail = detail.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text?)))).collect();
        self.note_export(Kind::AuditExported, actor, client, serde_json::Value::Object(detail)).await
    }

    /// Writes down that somebody takes records away as a file, and which, before they do.
    pub async fn note_records_export(
        &self,
        actor: &Authenticated,
        client: Client,
        taken: &RecordsTaken<'_>,
    ) -> Result<(), Fault> {
        let query: String = taken.query.chars().take(QUERY).collect();
        let RecordsTaken { collection, format, rows, .. } = taken;
        let detail = json!({ "collection": collection, "format": format, "query": query, "rows": rows });
        self.note_export(Kind::RecordsExported, actor, client, detail).await
    }

    /// Writes down that records leave in a letter to somebody, who asked for that before.
    pub async fn note_records_mailed(&self, caller: &Caller, taken: &RecordsTaken<'_>) -> Result<(), Fault> {
        let query: String = taken.query.chars().take(QUERY).collect();
        let RecordsTaken { collection, format, rows, .. } = taken;
        let detail = json!({ "collection": collection, "format": format, "query": query, "rows": rows, "by": "mail" });
        let (organization, person) = (Some(caller.organization), caller.person());
        let mailed = event(Kind::RecordsExported, self.now(), &Client::default(), organization, person, detail);
        self.write(move |tx| Box::pin(async move { Ok(audit::append(tx, &mailed).await?) })).await
    }

    /// Writes down that somebody without an account, who came by a link to a view, takes it as a file.
    pub async fn note_records_by_link(
        &self,
        organization: OrganizationId,
        link: Id,
        client: &Client,
        taken: &RecordsTaken<'_>,
    ) -> Result<(), Fault> {
        let query: String = taken.query.chars().take(QUERY).collect();
        let RecordsTaken { collection, format, rows, .. } = taken;
        let detail = json!({ "collection": collection, "format": format, "query": query, "rows": rows, "by": "link",
            "link": link.to_string() });
        let taken = event(Kind::RecordsExported, self.now(), client, Some(organization), None, detail);
        self.write(move |tx| Box::pin(async move { Ok(audit::append(tx, &taken).await?) })).await
    }

    async fn note_export(
        &self,
        kind: Kind,
        actor: &Authenticated,
        client: Client,
        detail: serde_json::Value,
    ) -> Result<(), Fault> {
        let (organization, person, client) = (actor.caller.organization, actor.person.id, client.through(actor));
        let exported = event(kind, self.now(), &client, Some(organization), Some(person), detail);
        self.write(move |tx| Box::pin(async move { Ok(audit::append(tx, &exported).await?) })).await
    }
}

fn may_read(actor: &Authenticated) -> Result<(), Fault> {
    if actor.caller.holds(Permission::AUDIT) {
        return Ok(());
    }
    Err(Fault::denied("You may not read who signed in and who changed rights here."))
}
