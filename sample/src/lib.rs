//! A joinery of twelve people, made up: what `lignaflow sample` fills an organization with. It goes in through the public
//! API, as anybody's own data would; the host knows nothing of it.
//!
//! | module | holds |
//! |---|---|
//! | [`people`] | who works there, what they may do, and what their time costs |
//! | [`catalogue`] | what is bought and put together |
//! | [`quotes`] | clients, estimates in every state, and variations |
//! | [`jobs`] | projects, their tasks, costs, milestones and claims |
//! | [`time`] | a year of it, in weeks that were approved |
//! | [`words`] | names and places |
//!
//! Everything is drawn from one seed, so that two firms made on the same day are equal but for their ids.

mod catalogue;
mod jobs;
mod people;
mod quotes;
mod time;
mod words;

use anyhow::Result;
use fastrand::Rng;
use jiff::civil::Date;
pub use lignaflow_client as api;
use lignaflow_client::{Actor, Site};
pub use people::{Newcomer, newcomers};
use std::time::Instant;
use uuid::Uuid;

/// The days of a year.
pub const YEAR: i64 = 365;

/// What all of it is drawn from.
const SEED: u64 = 0x1975_0611;

/// Where it goes, and as whom.
#[derive(Debug)]
pub struct Plan {
    /// The address of a running server, such as `https://localhost:8443`.
    pub site: Site,
    /// The owner's, of an organization that has the four plugins on and nothing in it.
    pub token: String,
    /// The other eleven, who have their accounts.
    pub staff: Vec<Newcomer>,
    /// What they sign in with.
    pub password: String,
    /// The day that it is there; its time ends the day before.
    pub today: Date,
    /// How many days of time there are: [`YEAR`], but where somebody waits for a test.
    pub days: i64,
}

/// What was made, for whoever waits to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub what: String,
    pub seconds: u64,
}

/// Makes the firm. `tell` is called after each part.
pub async fn fill(plan: Plan, mut tell: impl FnMut(Told)) -> Result<()> {
    let started = Instant::now();
    let mut tell = |what: String| tell(Told { what, seconds: started.elapsed().as_secs() });
    let mut firm = Firm::new(plan)?;
    let people = people::hire(&mut firm).await?;
    tell(format!("{} people with their roles and rates", people.all().count()));
    let catalogue = catalogue::fill(&mut firm).await?;
    tell(format!("{} items and {} assemblies in the catalogue", catalogue.items.len(), catalogue.assemblies));
    let clients = quotes::clients(&mut firm).await?;
    let quotes = quotes::quote(&mut firm, &people, &catalogue, &clients).await?;
    tell(format!(
        "{} clients and {} estimates, {} of them accepted",
        clients.len(),
        quotes.made,
        quotes.accepted.len()
    ));
    let jobs = jobs::open(&mut firm, &people, &clients, &quotes).await?;
    tell(format!("{} projects with {} tasks", jobs.len(), jobs.iter().map(|job| job.tasks.len()).sum::<usize>()));
    let entries = time::work(&mut firm, &people, &jobs).await?;
    tell(format!("{entries} time entries"));
    let weeks = time::approve(&mut firm, &people).await?;
    tell(format!("{weeks} weeks submitted and approved"));
    let costs = jobs::spend_and_claim(&mut firm, &people, &jobs).await?;
    let varied = quotes::vary(&mut firm, &jobs).await?;
    jobs::finish(&mut firm, &jobs).await?;
    tell(format!("{costs} costs with their claims, and {varied} variations"));
    Ok(())
}

/// What every part of it needs.
struct Firm {
    site: Site,
    owner: Actor,
    staff: Vec<Newcomer>,
    password: String,
    today: Date,
    days: i64,
    rng: Rng,
}

impl Firm {
    fn new(plan: Plan) -> Result<Self> {
        let owner = plan.site.with_token(&plan.token)?;
        Ok(Self {
            owner,
            site: plan.site,
            staff: plan.staff,
            password: plan.password,
            today: plan.today,
            days: plan.days,
            rng: Rng::with_seed(SEED),
        })
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.rng.usize(..of.len())]
    }

    /// That many days from today, backwards where less than nothing.
    fn day(&self, days: i64) -> Date {
        self.today.saturating_add(jiff::Span::new().days(days))
    }
}

/// An amount of the firm's money, in cents.
fn aud(minor: i64) -> serde_json::Value {
    serde_json::json!({ "minor": minor, "currency": "AUD" })
}

/// An id of the client's own, so that what is sent together can refer to each other.
fn id() -> String {
    Uuid::now_v7().to_string()
}
