//! People as guests see them: names, zones and who holds what, of one organization.

use crate::rights::{self, Worth};
use crate::{Identity, error};
use async_trait::async_trait;
use lignaflow_core::caller::Declared;
use lignaflow_core::fold::fold;
use lignaflow_core::reads::{Directory, Person};
use lignaflow_core::{Fault, Id, OrganizationId, PersonId};
use lignaflow_store::identity::people::{self, Profile};
use lignaflow_store::identity::roles;
use std::sync::Arc;

/// People that one answer holds at most.
const MOST: usize = 1000;

/// Names that one statement asks for.
const NAMED: usize = 1000;

/// Members that are looked through for a permission.
const LOOKED_AT: u32 = 10_000;

/// The people of every organization, for `host/records` to hand to guests.
#[derive(Clone)]
pub struct People {
    identity: Identity,
    declared: Arc<dyn Fn() -> Arc<Declared> + Send + Sync>,
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("People").finish_non_exhaustive()
    }
}

impl Identity {
    /// `declared` answers what plugins add to the rights of members as they stand.
    pub fn directory(&self, declared: impl Fn() -> Arc<Declared> + Send + Sync + 'static) -> People {
        People { identity: self.clone(), declared: Arc::new(declared) }
    }
}

fn seen(profile: Profile) -> Person {
    Person {
        id: profile.id,
        name: profile.name,
        active: profile.active,
        locale: profile.locale,
        time_zone: profile.time_zone,
    }
}

#[async_trait]
impl Directory for People {
    /// Somebody who belongs, or belonged, to the organization.
    async fn person(&self, organization: OrganizationId, id: Id) -> Result<Option<Person>, Fault> {
        let profile =
            people::profile(self.identity.database(), organization, PersonId(id)).await.map_err(error::told)?;
        Ok(profile.map(seen))
    }

    /// Those who hold a permission and are active, or all who belong or belonged.
    async fn people(&self, organization: OrganizationId, permission: Option<&str>) -> Result<Vec<Person>, Fault> {
        let profiles =
            people::profiles(self.identity.database(), organization, LOOKED_AT).await.map_err(error::told)?;
        let declared = (self.declared)();
        let own = match permission {
            Some(_) => roles::of(self.identity.database(), organization).await.map_err(error::told)?,
            None => Vec::new(),
        };
        let worth = Worth { declared: &declared, own: &own };
        let asked_for = |profile: &Profile| {
            permission.is_none_or(|permission| {
                let (role, roles) = (profile.role, &profile.roles);
                profile.active && rights::brings(role, roles, profile.instance_admin, permission, worth)
            })
        };
        let mut people: Vec<Person> = profiles.into_iter().filter(asked_for).map(seen).collect();
        people.sort_by_cached_key(|person| (fold(&person.name), person.id));
        people.truncate(MOST);
        Ok(people)
    }

    async fn names(&self, organization: OrganizationId, ids: &[Id]) -> Result<Vec<(Id, String)>, Fault> {
        let mut names = Vec::with_capacity(ids.len());
        for ids in ids.chunks(NAMED) {
            names.extend(people::names(self.identity.database(), organization, ids).await.map_err(error::told)?);
        }
        Ok(names)
    }

    async fn addressed(&self, organization: OrganizationId, email: &str) -> Result<Option<Id>, Fault> {
        let Some(email) = crate::form::Email::parse(email) else { return Ok(None) };
        let person = people::by_email(self.identity.database(), &email.key).await.map_err(error::told)?;
        match person {
            Some(person) => Ok(self.person(organization, person.id.0).await?.map(|person| person.id)),
            None => Ok(None),
        }
    }
}
