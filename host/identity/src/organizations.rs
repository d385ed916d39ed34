//! How an organization comes to be: its form, and making it with its owner.

use crate::audit::{Kind, event};
use crate::client::Client;
use crate::country::{self, preset_of};
use crate::error::Error;
use crate::form::{Email, Reader};
use crate::{Identity, error, password};
use lignaflow_core::accent::Accent;
use lignaflow_core::caller::Role;
use lignaflow_core::clock::Micros;
use lignaflow_core::fold::fold;
use lignaflow_core::{Currency, ErrorCode, Fault, Id, OrganizationId, PersonId};
use lignaflow_store::Tx;
use lignaflow_store::identity::organizations::{Demand, Organization};
use lignaflow_store::identity::{audit, members, organizations, people};
use serde::Deserialize;
use serde_json::json;
use std::fmt;

/// An organization and its owner. What is left empty is proposed by the country, and the country is Australia.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SetupForm {
    /// The organization's name.
    pub organization: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// IANA.
    pub time_zone: String,
    /// ISO 4217.
    pub currency: String,
    /// BCP 47.
    pub locale: String,
    /// The owner's name; the part of their address before the `@` where it is empty.
    pub name: String,
    pub email: String,
    pub password: String,
}

/// Everything but the password.
impl fmt::Debug for SetupForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetupForm")
            .field("organization", &self.organization)
            .field("country", &self.country)
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// An organization that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    pub organization: OrganizationId,
    pub owner: PersonId,
    /// The person was there before: they keep the password that they have, and the one given was not looked at.
    pub owner_existed: bool,
}

/// A form that was read and found right, but for the password.
#[derive(Debug)]
pub(crate) struct Plan {
    organization: Organization,
    name_key: String,
    pub(crate) owner_name: String,
    pub(crate) email: Email,
}

impl Plan {
    pub(crate) fn id(&self) -> OrganizationId {
        self.organization.id
    }
}

/// Reads everything of the form but the password. The plan is good if the reader has no issues then.
pub(crate) fn read(form: &SetupForm, now: Micros, reader: &mut Reader) -> Option<Plan> {
    fn or<'a>(text: &'a str, preset: &'a str) -> &'a str {
        if text.trim().is_empty() { preset } else { text }
    }
    let name = reader.name(&form.organization, "/organization", "The organization's name");
    let country = reader.country(or(&form.country, country::FIRST), "/country");
    let preset = preset_of(&country);
    let time_zone = reader.time_zone(or(&form.time_zone, preset.time_zone), "/time_zone");
    let currency: Currency = reader.currency(or(&form.currency, preset.currency), "/currency");
    let locale = reader.locale(or(&form.locale, preset.locale), "/locale");
    let email = reader.email(&form.email, "/email");
    let owner_name = match &email {
        Some(email) if form.name.trim().is_empty() => email.local().to_owned(),
        None if form.name.trim().is_empty() => String::new(),
        _ => reader.name(&form.name, "/name", "Your name"),
    };
    let organization = Organization {
        id: OrganizationId(Id::fresh()),
        name,
        country,
        currency,
        time_zone,
        locale,
        calendar: preset.calendar,
        tax_number: String::new(),
        second_factor: Demand::Nobody,
        accent: Accent::default(),
        created_at: now,
    };
    Some(Plan { name_key: fold(&organization.name), organization, owner_name, email: email? })
}

/// Who owns what is made.
#[derive(Debug)]
pub(crate) enum Owner {
    /// Somebody who is there already.
    Known(PersonId),
    New {
        password_hash: String,
        instance_admin: bool,
    },
}

/// Makes the organization and its owner, within a transaction. A name that is taken is refused.
pub(crate) async fn found(tx: &mut Tx, plan: &Plan, owner: &Owner, client: &Client) -> Result<PersonId, Error> {
    let (organization, now) = (&plan.organization, plan.organization.created_at);
    if organizations::named(&mut *tx, &plan.name_key).await?.is_some() {
        return Err(taken(&organization.name).into());
    }
    organizations::insert(tx, organization, &plan.name_key).await?;
    let person = match owner {
        Owner::Known(person) => *person,
        Owner::New { password_hash, instance_admin } => {
            let person = people::Person::new(plan.email.text.clone(), plan.owner_name.clone(), now);
            let person = people::Person { instance_admin: *instance_admin, ..person };
            people::insert(tx, &person, &plan.email.key, Some(password_hash)).await?;
            person.id
        }
    };
    members::insert(tx, organization.id, person, Role::Owner, now).await?;
    let detail = json!({ "name": organization.name, "owner": person.to_string() });
    let who = client.address.is_some().then_some(person);
    audit::append(tx, &event(Kind::OrganizationCreated, now, client, Some(organization.id), who, detail)).await?;
    Ok(person)
}

fn taken(name: &str) -> Fault {
    let mut fault = Fault::at("/organization", "taken", format!("There is an organization named {name} already."));
    fault.code = ErrorCode::Conflict;
    fault
}

impl Identity {
    /// Makes an organization on an operator's word, with an owner who is made too if nobody has that address. The first
    /// owner of all also administers the instance.
    pub async fn create_organization(&self, form: SetupForm) -> Result<Created, Fault> {
        let mut reader = Reader::default();
        let plan = read(&form, self.now(), &mut reader);
        let known = match &plan {
            Some(plan) => people::by_email(self.database(), &plan.email.key).await.map_err(error::told)?,
            None => None,
        };
        if known.is_none() {
            let about = [form.email.trim(), form.name.trim(), form.organization.trim()];
            password::check(&form.password, &about, "/password", &mut reader.issues);
        }
        reader.finish()?;
        let plan = plan.ok_or_else(Fault::internal)?;
        if let Some(person) = &known
            && !person.active
        {
            let message = format!("{} was deactivated and cannot own an organization.", person.email);
            return Err(Fault::at("/email", "inactive", message));
        }
        let password_hash = match known {
            None => Some(self.passwords().hash(&form.password).await?),
            Some(_) => None,
        };
        self.write(move |tx| {
            Box::pin(async move {
                let owner = match (known, password_hash) {
                    (None, Some(password_hash)) => {
                        let instance_admin = !people::exist(&mut *tx).await?;
                        Owner::New { password_hash, instance_admin }
                    }
                    (Some(person), _) => Owner::Known(person.id),
                    (None, None) => return Err(Fault::internal().into()),
                };
                let owner_existed = matches!(owner, Owner::Known(_));
                let owner = found(tx, &plan, &owner, &Client::command_line()).await?;
                Ok(Created { organization: plan.id(), owner, owner_existed })
            })
        })
        .await
    }

    /// All organizations of the instance, by name.
    pub async fn organizations(&self) -> Result<Vec<Organization>, Fault> {
        organizations::all(self.database()).await.map_err(error::told)
    }

    /// One, where there is such a one.
    pub async fn organization(&self, id: OrganizationId) -> Result<Option<Organization>, Fault> {
        organizations::one(self.database(), id).await.map_err(error::told)
    }

    /// By its name, in any case and with or without marks.
    pub async fn organization_named(&self, name: &str) -> Result<Option<Organization>, Fault> {
        let key = fold(&name.split_whitespace().collect::<Vec<_>>().join(" "));
        organizations::named(self.database(), &key).await.map_err(error::told)
    }
}
