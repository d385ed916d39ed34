//! The sample firm: an organization of its own, filled through the running server as anybody's would be. An operator has
//! it made by `lignaflow sample`, who administers the instance from their first page.

use crate::config::Config;
use crate::tls;
use lignaflow_core::Fault;
use lignaflow_core::caller::Role;
use lignaflow_core::clock::Micros;
use lignaflow_identity::{Identity, NewMember, NewToken, Scope, SetupForm};
use lignaflow_sample::api::Site;
use lignaflow_sample::{Plan, YEAR, newcomers};
use std::fs;

/// What it is called where nothing else is said.
pub const NAME: &str = "Halloran Joinery";
/// Where it is.
const ZONE: &str = "Australia/Sydney";
/// How long the token serves that it is filled with.
const DAY: Micros = 24 * 3_600 * 1_000_000;

/// Why it cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SampleFault {
    /// Its name is taken, or the owner's address is none.
    #[error("{}", .0.message)]
    Refused(Fault),
    #[error("the server's own address cannot be asked: {0:#}")]
    Site(anyhow::Error),
    #[error("the day cannot be told: {0}")]
    Day(jiff::Error),
}

impl From<Fault> for SampleFault {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

/// An organization that waits to be filled.
#[derive(Debug)]
pub struct Founded {
    pub plan: Plan,
    /// Its owner was known before, and keeps the password that they have.
    pub owner_existed: bool,
}

/// Makes the organization. `password` is the owner's where they are new, and that of the other eleven.
pub async fn found(
    config: &Config,
    identity: &Identity,
    now: Micros,
    name: &str,
    owner: &str,
    password: &str,
) -> Result<Founded, SampleFault> {
    let authority = fs::read(tls::authority_file(&config.certs_dir)).ok();
    let site = Site::new(&config.server.public_url.to_string(), authority.as_deref()).map_err(SampleFault::Site)?;
    let today =
        jiff::Timestamp::from_microsecond(now).and_then(|now| now.in_tz(ZONE)).map_err(SampleFault::Day)?.date();
    let form = SetupForm {
        organization: name.to_owned(),
        country: "AU".to_owned(),
        email: owner.to_owned(),
        password: password.to_owned(),
        ..SetupForm::default()
    };
    let created = identity.create_organization(form).await?;
    let new = NewToken { name: "Sample".to_owned(), scope: Scope::All, expires_at: Some(now + DAY) };
    let token = identity.create_token(owner, name, new).await?.secret.expose().to_owned();
    let staff = newcomers();
    for newcomer in &staff {
        let (email, name) = (newcomer.email.clone(), newcomer.name.to_owned());
        let new = NewMember { email, name, password: password.to_owned(), role: Role::Member };
        identity.enlist(created.organization, new).await?;
    }
    let plan = Plan { site, token, staff, password: password.to_owned(), today, days: YEAR };
    Ok(Founded { plan, owner_existed: created.owner_existed })
}
