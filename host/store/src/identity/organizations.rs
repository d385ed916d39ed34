//! The tenants.

use super::{Source, parsed, small, values};
use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use lignaflow_core::accent::Accent;
use lignaflow_core::bound::Calendar;
use lignaflow_core::caller::Role;
use lignaflow_core::clock::Micros;
use lignaflow_core::{Currency, OrganizationId};
use sea_query::{Expr, ExprTrait, LockType, Query};
use std::str::FromStr;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub currency: Currency,
    /// IANA.
    pub time_zone: String,
    /// BCP 47.
    pub locale: String,
    pub calendar: Calendar,
    pub tax_number: String,
    pub second_factor: Demand,
    pub accent: Accent,
    pub created_at: Micros,
}

/// Of whom an organization asks a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Demand {
    Nobody,
    Administrators,
    Everybody,
}

impl Demand {
    pub const ALL: [Self; 3] = [Self::Nobody, Self::Administrators, Self::Everybody];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Administrators => "administrators",
            Self::Everybody => "everybody",
        }
    }

    /// Whether it is asked of who has that role.
    pub fn asks(self, role: Role) -> bool {
        match self {
            Self::Nobody => false,
            Self::Administrators => role >= Role::Admin,
            Self::Everybody => true,
        }
    }
}

/// The text names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a second factor is asked of nobody, administrators or everybody")]
pub struct UnknownDemand;

impl FromStr for Demand {
    type Err = UnknownDemand;
    fn from_str(text: &str) -> Result<Self, UnknownDemand> {
        Self::ALL.into_iter().find(|demand| demand.as_str() == text).ok_or(UnknownDemand)
    }
}

/// The columns of [`Organization`] in the order that [`of_row`] reads them.
macro_rules! columns {
    () => {
        "o.id, o.name, o.country, o.currency, o.time_zone, o.locale, o.week_starts, o.fiscal_year_starts, \
         o.tax_number, o.created_at, o.second_factor, o.accent_hue, o.accent_chroma"
    };
}
pub(super) use columns;

/// Reads an organization whose columns begin at `at`.
pub(super) fn of_row(row: &Row, at: usize) -> Result<Organization, StoreError> {
    Ok(Organization {
        id: OrganizationId(row.id(at)?),
        name: row.text(at + 1)?,
        country: row.text(at + 2)?,
        currency: parsed(&row.text(at + 3)?, "organizations.currency")?,
        time_zone: row.text(at + 4)?,
        locale: row.text(at + 5)?,
        calendar: Calendar {
            week_starts: small(row.i64(at + 6)?, "organizations.week_starts")?,
            fiscal_year_starts: small(row.i64(at + 7)?, "organizations.fiscal_year_starts")?,
        },
        tax_number: row.text(at + 8)?,
        created_at: row.i64(at + 9)?,
        second_factor: parsed(&row.text(at + 10)?, "organizations.second_factor")?,
        accent: Accent::new(
            small(row.i64(at + 11)?, "organizations.accent_hue")?,
            small(row.i64(at + 12)?, "organizations.accent_chroma")?,
        )
        .ok_or_else(|| StoreError::Broken("organizations.accent_hue is no accent".to_owned()))?,
    })
}

/// Whether there is any.
pub async fn exist(source: impl Source) -> Result<bool, StoreError> {
    let statement = Statement::new("select 1 from organizations limit 1", Vec::new());
    Ok(source.optional(statement).await?.is_some())
}

pub async fn all(source: impl Source) -> Result<Vec<Organization>, StoreError> {
    let statement =
        Statement::new(concat!("select ", columns!(), " from organizations o order by o.name_key"), Vec::new());
    source.all(statement).await?.iter().map(|row| of_row(row, 0)).collect()
}

pub async fn one(source: impl Source, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
    let statement =
        Statement::new(concat!("select ", columns!(), " from organizations o where o.id = $1"), values![id.0.uuid()]);
    source.optional(statement).await?.map(|row| of_row(&row, 0)).transpose()
}

/// By its folded name.
pub async fn named(source: impl Source, name_key: &str) -> Result<Option<Organization>, StoreError> {
    let statement = Statement::new(
        concat!("select ", columns!(), " from organizations o where o.name_key = $1"),
        values![name_key],
    );
    source.optional(statement).await?.map(|row| of_row(&row, 0)).transpose()
}

pub async fn insert(tx: &mut Tx, organization: &Organization, name_key: &str) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "insert into organizations (id, name, name_key, country, currency, time_zone, locale, week_starts, \
         fiscal_year_starts, tax_number, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        values![
            organization.id.0.uuid(),
            organization.name.as_str(),
            name_key,
            organization.country.as_str(),
            organization.currency.as_str(),
            organization.time_zone.as_str(),
            organization.locale.as_str(),
            i64::from(organization.calendar.week_starts),
            i64::from(organization.calendar.fiscal_year_starts),
            organization.tax_number.as_str(),
            organization.created_at,
        ],
    ))
    .await
    .map(|_| ())
}

/// Changes everything of it but when it was made. Whether there was such an organization.
pub async fn update(tx: &mut Tx, organization: &Organization, name_key: &str) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update organizations set name = $1, name_key = $2, country = $3, currency = $4, time_zone = $5, locale = $6, \
         week_starts = $7, fiscal_year_starts = $8, tax_number = $9, second_factor = $10, accent_hue = $11, \
         accent_chroma = $12 where id = $13",
        values![
            organization.name.as_str(),
            name_key,
            organization.country.as_str(),
            organization.currency.as_str(),
            organization.time_zone.as_str(),
            organization.locale.as_str(),
            i64::from(organization.calendar.week_starts),
            i64::from(organization.calendar.fiscal_year_starts),
            organization.tax_number.as_str(),
            organization.second_factor.as_str(),
            i64::from(organization.accent.hue()),
            i64::from(organization.accent.chroma()),
            organization.id.0.uuid(),
        ],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Has those who change the members of an organization take turns, so that a rule about all of them holds. On SQLite
/// all writers do anyway.
pub async fn lock(tx: &mut Tx, organization: OrganizationId) -> Result<(), StoreError> {
    let statement = Query::select()
        .column("id")
        .from("organizations")
        .and_where(Expr::col("id").eq(organization.0.uuid()))
        .lock(LockType::NoKeyUpdate)
        .to_owned();
    tx.optional(&statement).await.map(|_| ())
}
