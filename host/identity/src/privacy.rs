//! What an organization holds of a person: who may take it along, and how it is taken away.
//!
//! History stays, since books and hours have to be kept: it stands under a pseudonym. Who somebody was is kept for as
//! many years after their last trace as the organization says (7 where it says nothing, which is what employers have to
//! keep records of work for in Australia, Fair Work Regulations 2009, 3.44); before that nobody is erased.

use crate::audit::{Kind, event};
use crate::authenticate::Authenticated;
use crate::client::Client;
use crate::members::{conflict, enter, keep_an_owner, within_reach};
use crate::{Identity, error};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use lignaflow_core::caller::Permission;
use lignaflow_core::clock::Micros;
use lignaflow_core::{Fault, Id, Issue, PersonId};
use lignaflow_store::identity::members::{self, Member};
use lignaflow_store::identity::privacy::{self, Held};
use lignaflow_store::identity::{audit, people};
use serde_json::{Value as Json, json};

/// Years that an organization keeps people for at most.
pub const LONGEST_RETENTION: i64 = 100;

/// Whose data it is, for whoever may have it.
#[derive(Debug, Clone)]
pub struct About {
    pub member: Member,
    /// Whether they ask for it themselves.
    pub oneself: bool,
}

/// Whether somebody can be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// For how many years after the last trace they are kept.
    pub years: i64,
    /// When they last did anything, or something last changed that refers to them.
    pub last_trace: Option<Micros>,
    /// The first day on which they can be erased, as `2033-11-26`; nothing where that is now.
    pub kept_until: Option<String>,
}

/// The day a number of years after an instant, in a zone, and when it begins.
fn years_after(instant: Micros, years: i64, time_zone: &str) -> Option<(Micros, String)> {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let last = Timestamp::from_microsecond(instant).ok()?.to_zoned(zone.clone()).date();
    let day = last.checked_add(years.years()).ok()?;
    let begins = day.to_zoned(zone).ok()?.timestamp().as_microsecond();
    Some((begins, day.to_string()))
}

/// The first day on which what last changed then need not be kept any more, as `2033-11-26`; nothing where that is now.
pub fn kept_until(last: Micros, years: i64, time_zone: &str, now: Micros) -> Option<String> {
    if years <= 0 {
        return None;
    }
    match years_after(last, years, time_zone) {
        Some((begins, _)) if begins <= now => None,
        Some((_, day)) => Some(day),
        // Beyond what a calendar can say.
        None => Some("9999-12-31".to_owned()),
    }
}

impl Erasure {
    fn of(years: i64, last_trace: Option<Micros>, time_zone: &str, now: Micros) -> Self {
        let kept_until = last_trace.and_then(|last| kept_until(last, years, time_zone, now));
        Self { years, last_trace, kept_until }
    }
}

/// What somebody is called whose name was taken away; the same in no two organizations.
pub(crate) fn pseudonym() -> String {
    let id = Id::fresh().to_string();
    // The end of such an id is random.
    format!("Former member {}", id[id.len() - 6..].to_uppercase())
}

fn may_not() -> Fault {
    Fault::denied("Only administrators take away or take along what is held of people.")
}

impl Identity {
    /// Whose data it is, where the caller may have it: their own, or anybody's of the organization that they administer.
    pub async fn about(&self, actor: &Authenticated, person: PersonId) -> Result<About, Fault> {
        let oneself = actor.person.id == person;
        if !actor.caller.holds(Permission::ADMINISTER) {
            if !oneself {
                return Err(may_not());
            }
            actor.session()?;
        }
        let found = members::one(self.database(), actor.caller.organization, person).await.map_err(error::told)?;
        let member = found.ok_or_else(|| Fault::not_found("such member"))?;
        Ok(About { member, oneself })
    }

    /// One page of one kind of what is held of somebody, and where the next begins.
    pub async fn held(
        &self,
        actor: &Authenticated,
        about: &About,
        held: &Held,
        after: Option<Id>,
        limit: u16,
    ) -> Result<(Vec<Json>, Option<Id>), Fault> {
        let (organization, person) = (actor.caller.organization, about.member.person.id);
        privacy::held(self.database(), held, organization, person, after, limit).await.map_err(error::told)
    }

    /// One page of what was written down of somebody's acts, the latest first.
    pub async fn audit_about(
        &self,
        actor: &Authenticated,
        about: &About,
        before: Option<(Micros, Id)>,
        limit: u32,
    ) -> Result<Vec<audit::Line>, Fault> {
        let search = audit::Search { before, person: Some(about.member.person.id), ..audit::Search::default() };
        audit::search(self.database(), actor.caller.organization, &search, limit).await.map_err(error::told)
    }

    /// Writes down that what is held of somebody is taken along, before it is.
    pub async fn note_person_export(&self, actor: &Authenticated, client: Client, about: &About) -> Result<(), Fault> {
        let detail = json!({ "person": about.member.person.id.to_string() });
        let (organization, person, client) = (actor.caller.organization, actor.person.id, client.through(actor));
        let exported = event(Kind::PersonExported, self.now(), &client, Some(organization), Some(person), detail);
        self.write(move |tx| Box::pin(async move { Ok(audit::append(tx, &exported).await?) })).await
    }

    /// For how many years after their last trace the organization keeps who somebody was.
    pub async fn retention_years(&self, actor: &Authenticated) -> Result<i64, Fault> {
        if !actor.caller.holds(Permission::ADMINISTER) {
            return Err(may_not());
        }
        privacy::retention(self.database(), actor.caller.organization).await.map_err(error::told)
    }

    pub async fn set_retention_years(&self, actor: &Authenticated, client: Client, years: i64) -> Result<(), Fault> {
        let actor = self.administrator(actor, client)?;
        if !(0..=LONGEST_RETENTION).contains(&years) {
            let message = format!("People are kept for 0 to {LONGEST_RETENTION} years, not {years}.");
            return Err(Fault::invalid(vec![Issue::new("/years", "range", message)]));
        }
        self.write(move |tx| {
            Box::pin(async move {
                let actor = enter(tx, actor).await?;
                let before = privacy::retention(&mut *tx, actor.organization).await?;
                if before == years {
                    return Ok(());
                }
                privacy::set_retention(tx, actor.organization, years).await?;
                actor.log(tx, Kind::RetentionSet, json!({ "before": before, "after": years })).await
            })
        })
        .await
    }

    /// Whether somebody can be erased by now whose last trace is of then.
    pub fn erasure(&self, actor: &Authenticated, years: i64, last_trace: Option<Micros>) -> Erasure {
        Erasure::of(years, last_trace, &actor.organization.time_zone, self.now())
    }

    /// Takes away who somebody was, and answers the pseudonym that they stand under. `confirm` is their name, so that
    /// nobody is erased by a slip; there is no way back.
    pub async fn erase_person(
        &self,
        actor: &Authenticated,
        client: Client,
        person: PersonId,
        confirm: &str,
        last_trace: Option<Micros>,
    ) -> Result<String, Fault> {
        actor.proved()?;
        let (time_zone, now, confirm) = (actor.organization.time_zone.clone(), self.now(), confirm.trim().to_owned());
        let actor = self.administrator(actor, client)?;
        if actor.person == person {
            return Err(conflict("/person", "oneself", "Nobody erases themselves. Another administrator can."));
        }
        self.write(move |tx| {
            Box::pin(async move {
                let actor = enter(tx, actor).await?;
                let member = within_reach(tx, &actor, person).await?;
                let known = people::one(&mut *tx, person).await?.ok_or_else(|| Fault::not_found("such member"))?;
                if confirm != known.name {
                    let message = format!("Type the name as it stands, {}, to erase them.", known.name);
                    return Err(Fault::invalid(vec![Issue::new("/confirm", "confirm", message)]).into());
                }
                if known.instance_admin {
                    let message = "They administer this instance. Another has to do so before they can be erased.";
                    return Err(conflict("/person", "instance-admin", message).into());
                }
                let years = privacy::retention(&mut *tx, actor.organization).await?;
                if let Some(day) = Erasure::of(years, last_trace, &time_zone, now).kept_until {
                    let message = format!(
                        "What was done by them or refers to them is kept for {years} years: they can be erased on {day}."
                    );
                    return Err(conflict("/person", "retained", message).into());
                }
                let pseudonym = pseudonym();
                members::set(tx, actor.organization, person, member.role, false).await?;
                keep_an_owner(tx, actor.organization).await?;
                privacy::erase(tx, actor.organization, person, &pseudonym, now).await?;
                let elsewhere = privacy::is_known(&mut *tx, person).await?;
                if !elsewhere {
                    privacy::forget(tx, person, &pseudonym).await?;
                }
                let detail = json!({ "person": person.to_string(), "pseudonym": pseudonym, "account": !elsewhere });
                actor.log(tx, Kind::PersonErased, detail).await?;
                Ok(pseudonym)
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_kept_is_so_until_the_day_begins_where_the_organization_is() {
        // 26 November 2026, 10:00 in Sydney.
        let last = 1_795_647_600_000_000;
        let of = |years, now| Erasure::of(years, Some(last), "Australia/Sydney", now).kept_until;
        let day = Some("2033-11-26".to_owned());
        assert_eq!(of(7, last), day);
        let begins = years_after(last, 7, "Australia/Sydney").unwrap().0;
        assert_eq!((of(7, begins - 1), of(7, begins)), (day, None));
        assert_eq!(of(0, last), None);
        assert_eq!(Erasure::of(7, None, "Australia/Sydney", last).kept_until, None);
        // The 29th of February of a year that has none is the 28th.
        let leap = 1_709_200_000_000_000;
        assert_eq!(years_after(leap, 7, "UTC").unwrap().1, "2031-02-28");
    }

    #[test]
    fn a_pseudonym_says_nothing_and_is_its_own() {
        let (one, other) = (pseudonym(), pseudonym());
        assert!(one.starts_with("Former member ") && one.len() == 20 && one != other, "{one}");
    }
}
