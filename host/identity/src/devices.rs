//! Devices that an administrator enrols by a link, and members who sign in on them by a name and a PIN: for people without
//! an address of mail. A PIN is short, so it is worth nothing but on an enrolled device of its organization, for members
//! alone, and each miss in a row has the next try wait longer; nobody is locked out for good.

use crate::audit::{Kind, event};
use crate::authenticate::Authenticated;
use crate::client::Client;
use crate::form::Reader;
use crate::members::{conflict, enter, within_reach};
use crate::secret::{self, Secret};
use crate::sessions;
use crate::sign_in::{SignInFault, SignedIn};
use crate::{Identity, SECOND, error};
use lignaflow_core::caller::{Permission, Role};
use lignaflow_core::fold::fold;
use lignaflow_core::{ErrorCode, Fault, Id, OrganizationId, PersonId};
use lignaflow_store::identity::organizations::Organization;
use lignaflow_store::identity::{audit, devices, members, organizations, pins, tries};
use serde_json::json;
use std::fmt;

pub use lignaflow_store::identity::devices::Device;

/// Devices of one organization that serve at one time, and that are listed.
const MOST: i64 = 500;
const LISTED: u32 = 1000;
/// Seconds for which the link of one serves.
const LINK_SERVES: i64 = 24 * 60 * 60;
/// Digits of a PIN.
const SHORTEST: usize = 6;
const LONGEST: usize = 12;
/// Characters of a name for signing in.
const NAME: usize = 40;
/// Misses in a row that cost nothing, the seconds that the next one costs, and the most that any does.
const FREE: i64 = 5;
const FIRST_WAIT: i64 = 30;
const LONGEST_WAIT: i64 = 60 * 60;
/// Seconds after which misses that nobody added to are forgotten.
pub(crate) const MISSES_KEPT: i64 = 24 * 60 * 60;

/// A device that is to be enrolled. The secret of its link is shown once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDevice {
    pub secret: Secret,
    pub device: Device,
}

/// A browser that was enrolled, with what goes into its cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    pub secret: Secret,
    pub device: Device,
    pub organization: Organization,
}

/// A name and a PIN that were set, shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct PinSet {
    pub username: String,
    pub pin: String,
}

/// Everything but the PIN.
impl fmt::Debug for PinSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinSet").field("username", &self.username).finish_non_exhaustive()
    }
}

fn not_enrolled() -> Fault {
    let mut fault = Fault::not_found("enrolled device");
    "This browser is not enrolled, or is not any more. An administrator makes a link that enrols it."
        .clone_into(&mut fault.message);
    fault
}

fn over() -> Fault {
    let message = "This link was used, withdrawn, or has run out. Ask an administrator for a new one.";
    Fault::new(ErrorCode::Conflict, message)
}

fn unknown_link() -> Fault {
    Fault::not_found("such link")
}

/// Seconds that the next try waits after so many misses in a row.
fn wait(misses: i64) -> i64 {
    let over = misses - FREE;
    if over < 0 { 0 } else { (FIRST_WAIT << over.min(10)).min(LONGEST_WAIT) }
}

/// What misses in a row are counted by: a name of an organization, whether anybody has it or not.
fn counted(organization: OrganizationId, username_key: &str) -> [u8; 32] {
    secret::hash(&format!("PIN of {username_key} at {organization}"))
}

/// Why digits are too easily guessed; nothing where they are not.
fn weak(pin: &str) -> Option<&'static str> {
    let digits = pin.as_bytes();
    if !(SHORTEST..=LONGEST).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return Some("A PIN has 6 to 12 digits.");
    }
    let steps: Vec<i16> = digits.windows(2).map(|pair| i16::from(pair[1]) - i16::from(pair[0])).collect();
    let run = steps.iter().all(|step| *step == steps[0] && step.abs() <= 1);
    let mut known = digits.to_vec();
    known.sort_unstable();
    known.dedup();
    (run || known.len() < 3).then_some("These digits are guessed first. Take others.")
}

/// Six digits that are not weak.
fn fresh_pin() -> Result<String, Fault> {
    loop {
        let mut random = [0_u8; 32];
        getrandom::fill(&mut random).map_err(|error| {
            tracing::error!(%error, "the system gives no random bytes");
            Fault::internal()
        })?;
        // 250 is 25 times 10: what lies above would make some digits likelier.
        let digits = random.iter().filter(|byte| **byte < 250).map(|byte| char::from(b'0' + byte % 10));
        let pin: String = digits.take(SHORTEST).collect();
        if weak(&pin).is_none() {
            return Ok(pin);
        }
    }
}

impl Authenticated {
    /// That they signed in as themselves, and not by PIN on a device that others use too.
    pub(crate) fn own_session(&self) -> Result<Id, Fault> {
        let id = self.session()?;
        if self.device.is_some() {
            return Err(Fault::denied("This takes signing in with a password; a PIN on a device does not do."));
        }
        Ok(id)
    }
}

impl Identity {
    /// Makes a device that is to be enrolled, by a link that serves once, for a day.
    pub async fn make_device(&self, actor: &Authenticated, client: Client, name: &str) -> Result<NewDevice, Fault> {
        actor.proved()?;
        let actor = self.administrator(actor, client)?;
        let mut reader = Reader::default();
        let name = reader.name(name, "/name", "The device's name");
        reader.finish()?;
        let secret = Secret::fresh()?;
        let hash = secret.hash();
        let device = Device {
            id: Id::fresh(),
            organization: actor.organization,
            name,
            created_by: actor.person,
            created_at: actor.now,
            expires_at: actor.now + LINK_SERVES * SECOND,
            enrolled_at: None,
            user_agent: String::new(),
            address: String::new(),
            last_used_at: None,
            revoked_at: None,
        };
        let device = self
            .write(move |tx| {
                Box::pin(async move {
                    let actor = enter(tx, actor).await?;
                    if devices::open(&mut *tx, actor.organization, actor.now).await? >= MOST {
                        let message = format!("An organization has at most {MOST} devices. Revoke one first.");
                        return Err(Fault::new(ErrorCode::Conflict, message).into());
                    }
                    devices::insert(tx, &device, &hash).await?;
                    let detail = json!({ "device": device.id.to_string(), "name": device.name });
                    actor.log(tx, Kind::DeviceMade, detail).await?;
                    Ok(device)
                })
            })
            .await?;
        Ok(NewDevice { secret, device })
    }

    /// The devices of the organization, the latest first, also those that were revoked.
    pub async fn devices(&self, actor: &Authenticated) -> Result<Vec<Device>, Fault> {
        if !actor.caller.holds(Permission::ADMINISTER) {
            return Err(Fault::denied("Only administrators see the devices of an organization."));
        }
        devices::of(self.database(), actor.caller.organization, LISTED).await.map_err(error::told)
    }

    /// Has a device serve no more. Who signed in on it by PIN is signed out.
    pub async fn revoke_device(&self, actor: &Authenticated, client: Client, id: Id) -> Result<(), Fault> {
        let actor = self.administrator(actor, client)?;
        self.write(move |tx| {
            Box::pin(async move {
                let actor = enter(tx, actor).await?;
                if !devices::revoke(tx, actor.organization, id, actor.now).await? {
                    return Err(Fault::not_found("such device").into());
                }
                actor.log(tx, Kind::DeviceRevoked, json!({ "device": id.to_string() })).await
            })
        })
        .await
    }

    /// What the holder of a link is about to enrol, where it serves.
    pub async fn device_asked(&self, link: &str) -> Result<(Device, Organization), Fault> {
        if !secret::looks_right(link, "") {
            return Err(unknown_link());
        }
        let found = devices::by_hash(self.database(), &secret::hash(link)).await.map_err(error::told)?;
        let device = found.ok_or_else(unknown_link)?;
        if device.enrolled_at.is_some() || device.revoked_at.is_some() || device.expires_at <= self.now() {
            return Err(over());
        }
        let organization = organizations::one(self.database(), device.organization).await.map_err(error::told)?;
        Ok((device, organization.ok_or_else(Fault::internal)?))
    }

    /// Enrols the browser that opens a link.
    pub async fn enrol(&self, link: &str, client: Client) -> Result<Enrolled, Fault> {
        let (device, organization) = self.device_asked(link).await?;
        let (secret, now) = (Secret::fresh()?, self.now());
        let (link, cookie, id) = (secret::hash(link), secret.hash(), device.organization);
        let (device_id, name) = (device.id, device.name.clone());
        self.write(move |tx| {
            Box::pin(async move {
                let from = (client.user_agent(), client.address_text());
                if !devices::enrol(tx, &link, &cookie, (from.0, &from.1), now).await? {
                    return Err(over().into());
                }
                let detail = json!({ "device": device_id.to_string(), "name": name, "browser": from.0 });
                let enrolled = event(Kind::DeviceEnrolled, now, &client, Some(id), None, detail);
                Ok(audit::append(tx, &enrolled).await?)
            })
        })
        .await?;
        Ok(Enrolled { secret, device: Device { enrolled_at: Some(now), ..device }, organization })
    }

    /// The device that a browser is, by its cookie, and whose; nothing where it is none, or not any more.
    pub async fn device(&self, cookie: &str) -> Result<Option<(Device, Organization)>, Fault> {
        if !secret::looks_right(cookie, "") {
            return Ok(None);
        }
        let found = devices::by_hash(self.database(), &secret::hash(cookie)).await.map_err(error::told)?;
        let serves = |device: &Device| device.enrolled_at.is_some() && device.revoked_at.is_none();
        let Some(device) = found.filter(serves) else { return Ok(None) };
        let organization = organizations::one(self.database(), device.organization).await.map_err(error::told)?;
        Ok(Some((device, organization.ok_or_else(Fault::internal)?)))
    }

    /// By what name each member signs in who has a PIN.
    pub async fn usernames(&self, actor: &Authenticated) -> Result<Vec<(PersonId, String)>, Fault> {
        if !actor.caller.holds(Permission::ADMINISTER) {
            return Err(Fault::denied("Only administrators manage the members of an organization."));
        }
        let rows = pins::of(self.database(), actor.caller.organization, 10_000).await.map_err(error::told)?;
        Ok(rows.into_iter().map(|row| (row.person, row.username)).collect())
    }

    /// Gives a member a name and a PIN in the place of those before, a random one where none is given; what they had open
    /// by PIN ends.
    pub async fn set_pin(
        &self,
        actor: &Authenticated,
        client: Client,
        person: PersonId,
        username: &str,
        pin: Option<String>,
    ) -> Result<PinSet, Fault> {
        actor.proved()?;
        let actor = self.administrator(actor, client)?;
        let mut reader = Reader::default();
        let username = username.split_whitespace().collect::<Vec<_>>().join(" ");
        if username.is_empty() || username.chars().count() > NAME || username.chars().any(char::is_control) {
            reader.note("/username", "format", format!("A name for signing in has 1 to {NAME} characters."));
        }
        let pin = match pin.filter(|pin| !pin.is_empty()) {
            Some(pin) => {
                if let Some(why) = weak(&pin) {
                    reader.note("/pin", "weak", why);
                }
                pin
            }
            None => fresh_pin()?,
        };
        reader.finish()?;
        let (hash, key) = (self.passwords().hash(&pin).await?, fold(&username));
        let name = username.clone();
        self.write(move |tx| {
            Box::pin(async move {
                let actor = enter(tx, actor).await?;
                let member = within_reach(tx, &actor, person).await?;
                if member.role != Role::Member || !member.active {
                    let message = "A PIN is for members who are active; administrators and owners sign in by password.";
                    return Err(conflict("/person", "role", message).into());
                }
                let other = pins::named(&mut *tx, actor.organization, &key).await?;
                if other.is_some_and(|other| other.person != person) {
                    let message = format!("Somebody here signs in as {name} already.");
                    return Err(conflict("/username", "taken", message).into());
                }
                pins::set(tx, actor.organization, person, (&name, &key), &hash, actor.now).await?;
                tries::forget(tx, &counted(actor.organization, &key)).await?;
                pins::end_sessions(tx, actor.organization, person, None).await?;
                actor.log(tx, Kind::PinSet, json!({ "person": person.to_string(), "username": name })).await
            })
        })
        .await?;
        Ok(PinSet { username, pin })
    }

    /// Takes a member's PIN away. What they had open by it ends.
    pub async fn remove_pin(&self, actor: &Authenticated, client: Client, person: PersonId) -> Result<(), Fault> {
        let actor = self.administrator(actor, client)?;
        self.write(move |tx| {
            Box::pin(async move {
                let actor = enter(tx, actor).await?;
                within_reach(tx, &actor, person).await?;
                if !pins::remove(tx, actor.organization, person).await? {
                    return Err(Fault::not_found("such PIN").into());
                }
                pins::end_sessions(tx, actor.organization, person, None).await?;
                actor.log(tx, Kind::PinRemoved, json!({ "person": person.to_string() })).await
            })
        })
        .await
    }

    /// The PIN of who asks, chosen by themselves. Takes the one that they have, on a device.
    pub async fn change_pin(
        &self,
        actor: &Authenticated,
        client: Client,
        current: &str,
        new: &str,
    ) -> Result<(), SignInFault> {
        let (session, person, organization) = (actor.session()?, actor.person.id, actor.caller.organization);
        let now = self.now();
        let known = pins::one(self.database(), organization, person).await.map_err(error::told)?;
        let known = known.ok_or_else(|| Fault::not_found("PIN of yours"))?;
        let key = fold(&known.username);
        let right = self.try_pin(organization, &key, Some(&known), current).await?;
        let mut reader = Reader::default();
        if !right {
            self.note_pin_failure(organization, Some(person), client.clone(), json!({})).await?;
            reader.note("/current", "wrong", "That is not your PIN.");
        }
        if new == current {
            reader.note("/pin", "same", "That is the PIN that you have.");
        } else if let Some(why) = weak(new) {
            reader.note("/pin", "weak", why);
        }
        reader.finish()?;
        let hash = self.passwords().hash(new).await?;
        self.write(move |tx| {
            Box::pin(async move {
                if !pins::stands(tx, organization, &known).await? {
                    return Err(Fault::new(ErrorCode::Conflict, "Your PIN was changed meanwhile.").into());
                }
                tries::forget(tx, &counted(organization, &key)).await?;
                pins::set(tx, organization, person, (&known.username, &key), &hash, now).await?;
                pins::end_sessions(tx, organization, person, Some(session)).await?;
                let detail = json!({ "person": person.to_string(), "username": known.username });
                let changed = event(Kind::PinSet, now, &client, Some(organization), Some(person), detail);
                Ok(audit::append(tx, &changed).await?)
            })
        })
        .await?;
        Ok(())
    }

    /// Whether a PIN is right. A try counts as a miss before it is looked at, so that those who try at once are all
    /// counted; who finds it right forgets the count. A name that nobody has is answered like any other.
    async fn try_pin(
        &self,
        organization: OrganizationId,
        username_key: &str,
        known: Option<&pins::Pin>,
        pin: &str,
    ) -> Result<bool, SignInFault> {
        let (now, key) = (self.now(), counted(organization, username_key));
        let next = |misses| wait(misses) * SECOND;
        let waits =
            self.database().write(move |tx| Box::pin(async move { tries::miss(tx, &key, next, now).await })).await;
        if let Some(waits) = waits.map_err(error::told)? {
            let retry_after_seconds = u64::try_from(waits).unwrap_or(1).div_ceil(1_000_000);
            return Err(SignInFault::RateLimited { retry_after_seconds });
        }
        // The same work where nobody has that name.
        Ok(self.passwords().verify(pin, known.map(|known| known.hash.clone())).await?)
    }

    async fn note_pin_failure(
        &self,
        organization: OrganizationId,
        person: Option<PersonId>,
        client: Client,
        detail: serde_json::Value,
    ) -> Result<(), Fault> {
        let now = self.now();
        self.write(move |tx| {
            Box::pin(async move {
                let failed = event(Kind::SignInFailed, now, &client, Some(organization), person, detail);
                Ok(audit::append(tx, &failed).await?)
            })
        })
        .await
    }

    /// Opens a session for a member who knows their PIN, on an enrolled device of their organization: there alone, until
    /// it ends or the device is revoked.
    pub async fn sign_in_by_pin(
        &self,
        cookie: &str,
        username: &str,
        pin: &str,
        client: Client,
    ) -> Result<SignedIn, SignInFault> {
        let (device, _) = self.device(cookie).await?.ok_or_else(not_enrolled)?;
        let (organization, device, now) = (device.organization, device.id, self.now());
        let key = fold(&username.split_whitespace().collect::<Vec<_>>().join(" "));
        let attempt = self.attempt(&format!("PIN of {key} on {device}"), &client, true).await?;
        let known = pins::named(self.database(), organization, &key).await.map_err(error::told)?;
        let right = self.try_pin(organization, &key, known.as_ref(), pin).await?;
        let Some(known) = known.filter(|_| right) else {
            self.note_pin_failure(organization, None, client, json!({ "device": device.to_string() })).await?;
            return Err(SignInFault::PinRefused);
        };
        self.succeeded(attempt).await?;
        let counted = counted(organization, &key);
        let (secret, draft) = self.fresh_session_on(now, &client, device)?;
        let opened = self
            .write(move |tx| {
                Box::pin(async move {
                    let member = members::one(&mut *tx, organization, known.person).await?;
                    let member =
                        member.filter(|member| member.active && member.person.active && member.role == Role::Member);
                    let Some(member) = member else { return Ok(None) };
                    if !pins::stands(tx, organization, &known).await? || !devices::used(tx, device, now).await? {
                        return Ok(None);
                    }
                    tries::forget(tx, &counted).await?;
                    let id = member.person.id;
                    let session = sessions::open(tx, secret, draft, id, organization).await?;
                    let detail = json!({ "session": session.id.to_string(), "device": device.to_string() });
                    let opened = event(Kind::SessionOpened, now, &client, Some(organization), Some(id), detail);
                    audit::append(tx, &opened).await?;
                    Ok(Some(SignedIn { person: member.person, session }))
                })
            })
            .await?;
        opened.ok_or(SignInFault::PinRefused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_are_guessed_first_are_no_pin() {
        for pin in
            ["12345", "1234567890123", "12345a", "123456", "987654", "000000", "121212", "aaaaaa", "１２３４５６"]
        {
            assert!(weak(pin).is_some(), "{pin}");
        }
        for pin in ["273941", "112358", "20261126"] {
            assert_eq!(weak(pin), None, "{pin}");
        }
        assert!(weak(&fresh_pin().unwrap()).is_none());
    }

    #[test]
    fn misses_in_a_row_wait_ever_longer_and_never_for_good() {
        assert_eq!([0, 4, 5, 6, 7, 12, 1_000_000].map(wait), [0, 0, 30, 60, 120, 3600, 3600]);
    }
}
