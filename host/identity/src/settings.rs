//! What a person says of themselves, and what an organization is set to.

use crate::audit::{Kind, event};
use crate::authenticate::Authenticated;
use crate::client::Client;
use crate::error::Error;
use crate::form::Reader;
use crate::members::{conflict, enter};
use crate::{Identity, error};
use lignaflow_core::accent::Accent;
use lignaflow_core::bound::Calendar;
use lignaflow_core::fold::fold;
use lignaflow_core::{Fault, Issue};
use lignaflow_store::identity::organizations::Organization;
use lignaflow_store::identity::{audit, organizations, people};
use serde_json::json;

/// What a person says of themselves; what is nothing stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileChange {
    pub name: Option<String>,
    /// BCP 47; empty for the organization's.
    pub locale: Option<String>,
    /// IANA; empty for the organization's.
    pub time_zone: Option<String>,
}

/// What an organization is set to; what is nothing stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrganizationChange {
    pub name: Option<String>,
    pub country: Option<String>,
    pub currency: Option<String>,
    pub time_zone: Option<String>,
    pub locale: Option<String>,
    /// 1 is Monday, 7 is Sunday.
    pub week_starts: Option<u8>,
    /// The month whose first day begins it, 1 to 12.
    pub fiscal_year_starts: Option<u8>,
    pub tax_number: Option<String>,
    /// Of whom a second factor is asked: `nobody`, `administrators`, `everybody`.
    pub second_factor: Option<String>,
    /// Degrees, 0 to 359.
    pub accent_hue: Option<i64>,
    /// Thousandths, 0 to 80.
    pub accent_chroma: Option<i64>,
}

/// The accent with what is changed of it; what is beyond a bound is told at its own field.
fn accent(known: Accent, hue: Option<i64>, chroma: Option<i64>, reader: &mut Reader) -> Accent {
    let mut read = |given: Option<i64>, known: u16, most: u16, path: &str, what: &str| match given {
        None => known,
        Some(number) => u16::try_from(number).ok().filter(|number| *number <= most).unwrap_or_else(|| {
            reader.note(path, "range", format!("{what} from 0 to {most}."));
            known
        }),
    };
    let hue = read(hue, known.hue(), Accent::LAST_HUE, "/accent_hue", "A hue is a whole number of degrees");
    let most = Accent::MOST_CHROMA;
    let chroma = read(chroma, known.chroma(), most, "/accent_chroma", "Its strength is a whole number of thousandths");
    Accent::new(hue, chroma).unwrap_or(known)
}

/// Characters of a tax number.
const TAX_NUMBER: usize = 60;

impl Identity {
    /// Changes the person's own name, language and time zone, in every organization of theirs.
    pub async fn change_profile(
        &self,
        actor: &Authenticated,
        client: Client,
        change: ProfileChange,
    ) -> Result<(), Fault> {
        actor.session()?;
        let (id, organization, now) = (actor.person.id, actor.caller.organization, self.now());
        let known = people::one(self.database(), id).await.map_err(error::told)?.ok_or_else(Fault::internal)?;
        let mut reader = Reader::default();
        let name = change.name.map_or(known.name, |name| reader.name(&name, "/name", "Your name"));
        let locale = match change.locale {
            None => known.locale,
            Some(text) if text.trim().is_empty() => None,
            Some(text) => Some(reader.locale(&text, "/locale")),
        };
        let time_zone = match change.time_zone {
            None => known.time_zone,
            Some(text) if text.trim().is_empty() => None,
            Some(text) => Some(reader.time_zone(&text, "/time_zone")),
        };
        reader.finish()?;
        self.write(move |tx| {
            Box::pin(async move {
                let detail = json!({ "name": name, "locale": locale, "time_zone": time_zone });
                people::set_profile(tx, id, &name, locale, time_zone).await?;
                let changed = event(Kind::ProfileChanged, now, &client, Some(organization), Some(id), detail);
                Ok(audit::append(tx, &changed).await?)
            })
        })
        .await
    }

    /// Changes what the organization is called, where it is, and where its weeks and years begin.
    pub async fn change_organization(
        &self,
        actor: &Authenticated,
        client: Client,
        change: OrganizationChange,
    ) -> Result<Organization, Fault> {
        actor.proved()?;
        let (known, has_one) = (Organization::clone(&actor.organization), actor.person.second_factor);
        let actor = self.administrator(actor, client)?;
        let mut reader = Reader::default();
        let read = Organization {
            id: known.id,
            name: change.name.map_or(known.name, |name| reader.name(&name, "/name", "The organization's name")),
            country: change.country.map_or(known.country, |text| reader.country(&text, "/country")),
            currency: change.currency.map_or(known.currency, |text| reader.currency(&text, "/currency")),
            time_zone: change.time_zone.map_or(known.time_zone, |text| reader.time_zone(&text, "/time_zone")),
            locale: change.locale.map_or(known.locale, |text| reader.locale(&text, "/locale")),
            calendar: Calendar {
                week_starts: change.week_starts.unwrap_or(known.calendar.week_starts),
                fiscal_year_starts: change.fiscal_year_starts.unwrap_or(known.calendar.fiscal_year_starts),
            },
            tax_number: change.tax_number.map_or(known.tax_number, |text| text.trim().to_owned()),
            second_factor: change.second_factor.map_or(known.second_factor, |text| {
                text.parse().unwrap_or_else(|_| {
                    let message = "A second factor is asked of nobody, administrators or everybody.";
                    reader.note("/second_factor", "choice", message);
                    known.second_factor
                })
            }),
            accent: accent(known.accent, change.accent_hue, change.accent_chroma, &mut reader),
            created_at: known.created_at,
        };
        if read.second_factor > known.second_factor && !has_one {
            let message = "Turn your own second factor on first: without it you would be let in no more.";
            reader.note("/second_factor", "own-first", message);
        }
        if !(1..=7).contains(&read.calendar.week_starts) {
            reader.note("/week_starts", "choice", "Weeks begin on a day from 1, Monday, to 7, Sunday.");
        }
        if !(1..=12).contains(&read.calendar.fiscal_year_starts) {
            reader.note("/fiscal_year_starts", "choice", "Years begin in a month from 1 to 12.");
        }
        if read.tax_number.chars().count() > TAX_NUMBER || read.tax_number.chars().any(char::is_control) {
            let message = format!("A tax number has at most {TAX_NUMBER} characters.");
            reader.issues.push(Issue::new("/tax_number", "too-long", message));
        }
        reader.finish()?;
        self.write(move |tx| {
            Box::pin(async move {
                let actor = enter(tx, actor).await?;
                let key = fold(&read.name);
                let same = organizations::named(&mut *tx, &key).await?;
                if same.is_some_and(|other| other.id != read.id) {
                    let message = format!("There is an organization named {} already.", read.name);
                    return Err(Error::from(conflict("/name", "taken", message)));
                }
                organizations::update(tx, &read, &key).await?;
                let detail = json!({
                    "name": read.name, "country": read.country, "currency": read.currency.as_str(),
                    "time_zone": read.time_zone, "locale": read.locale, "week_starts": read.calendar.week_starts,
                    "fiscal_year_starts": read.calendar.fiscal_year_starts, "tax_number": read.tax_number, "second_factor": read.second_factor.as_str(),
                    "accent_hue": read.accent.hue(), "accent_chroma": read.accent.chroma(),
                });
                actor.log(tx, Kind::OrganizationChanged, detail).await?;
                Ok(read)
            })
        })
        .await
    }
}
