//! The twelve, their roles and crews, and what an hour of theirs is charged and costs.

use crate::api::{Actor, Method};
use crate::words::{PERTH, SYDNEY};
use crate::{Firm, aud};
use anyhow::{Context, Result};
use serde_json::json;
use uuid::Uuid;

/// Somebody of the firm.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) actor: Actor,
    pub(crate) zone: &'static str,
    /// Of a hundred parts of their time, how much is on projects.
    pub(crate) on_jobs: u32,
    /// Whether they supervise a crew.
    pub(crate) leads: bool,
}

pub(crate) struct People {
    pub(crate) owner: Person,
    pub(crate) manager: Person,
    pub(crate) estimators: [Person; 2],
    pub(crate) bookkeeper: Person,
    /// Who works at the bench and on site.
    pub(crate) crew: Vec<Person>,
}

/// The places of those who work at the bench and on site, each with what its crew is called. Its supervisor leads it.
const CREWS: [(&str, &str); 2] = [("Sydney", SYDNEY), ("Perth", PERTH)];

impl People {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Person> {
        let desk = [&self.owner, &self.manager, &self.bookkeeper];
        desk.into_iter().chain(&self.estimators).chain(&self.crew)
    }

    /// Who approves the weeks of somebody: who leads their crew, else the manager, whose own are the owner's to approve.
    pub(crate) fn approver(&self, of: &Person) -> &Person {
        let is_in_crew = self.crew.iter().any(|member| member.id == of.id);
        let leader = self.crew.iter().find(|member| is_in_crew && member.leads && member.zone == of.zone);
        match leader {
            Some(leader) if leader.id != of.id => leader,
            _ if of.id == self.manager.id => &self.owner,
            _ => &self.manager,
        }
    }
}

/// Somebody before they came.
struct Hand {
    name: &'static str,
    roles: &'static [&'static str],
    zone: &'static str,
    on_jobs: u32,
    sell: i64,
    cost: i64,
}

const fn hand(
    name: &'static str,
    roles: &'static [&'static str],
    zone: &'static str,
    on_jobs: u32,
    sell: i64,
    cost: i64,
) -> Hand {
    Hand { name, roles, zone, on_jobs, sell, cost }
}

const MANAGER: &[&str] = &["projects.manager", "timesheets.manager", "estimates.estimator"];
const ESTIMATOR: &[&str] = &["projects.estimator", "timesheets.worker", "estimates.estimator"];
const BOOKKEEPER: &[&str] = &["projects.bookkeeper", "timesheets.bookkeeper", "estimates.reader"];
const SUPERVISOR: &[&str] = &["projects.supervisor", "timesheets.supervisor"];
const WORKER: &[&str] = &["projects.worker", "timesheets.worker"];

const DESK: [Hand; 4] = [
    hand("Beck Sutherland", MANAGER, SYDNEY, 55, 12_500, 6_800),
    hand("Priya Raman", ESTIMATOR, SYDNEY, 40, 11_500, 6_100),
    hand("Tom Whelan", ESTIMATOR, PERTH, 45, 11_500, 6_000),
    hand("Helen Marsh", BOOKKEEPER, SYDNEY, 0, 9_000, 4_900),
];

const CREW: [Hand; 7] = [
    hand("Mia Tran", SUPERVISOR, SYDNEY, 92, 10_500, 5_600),
    hand("Sam Okafor", WORKER, SYDNEY, 96, 9_500, 4_900),
    hand("Liam Petrov", WORKER, SYDNEY, 95, 9_500, 4_800),
    hand("Ana Souza", WORKER, SYDNEY, 97, 9_500, 5_000),
    hand("Ravi Nair", WORKER, SYDNEY, 88, 6_500, 2_900),
    hand("Noah Fitzgerald", SUPERVISOR, PERTH, 94, 10_500, 5_500),
    hand("Grace Liu", WORKER, PERTH, 96, 9_500, 4_900),
];

/// Somebody who is to have an account in the organization before it is filled, as a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    pub name: &'static str,
    pub email: String,
}

/// The eleven beside the owner. Addresses are people's own across organizations, so that each sample has others.
pub fn newcomers() -> Vec<Newcomer> {
    let address = |hand: &Hand| {
        let local = hand.name.to_lowercase().replace(' ', ".");
        let email = format!("{local}.{}@sample.example", &Uuid::now_v7().simple().to_string()[20..]);
        Newcomer { name: hand.name, email }
    };
    DESK.iter().chain(&CREW).map(address).collect()
}

/// Everybody signs in by themselves; what they may do the owner says.
pub(crate) async fn hire(firm: &mut Firm) -> Result<People> {
    let account = firm.owner.get("account").await?;
    let owner = Person {
        id: account["person"]["id"].as_str().context("the owner's account has an id")?.to_owned(),
        actor: firm.owner.clone(),
        zone: SYDNEY,
        on_jobs: 25,
        leads: false,
    };
    let from = firm.day(-500).to_string();
    let mut rates = vec![
        json!({ "sell": aud(9_500), "cost": aud(5_200), "effective_from": from }),
        json!({ "user": owner.id, "sell": aud(14_000), "cost": aud(8_000), "effective_from": from }),
    ];
    let mut desk = Vec::new();
    for hand in &DESK {
        desk.push(join(firm, hand, &mut rates).await?);
    }
    let mut crew = Vec::new();
    for hand in &CREW {
        crew.push(join(firm, hand, &mut rates).await?);
    }
    let crews = CREWS.map(|(name, zone)| {
        let members: Vec<&Person> = crew.iter().filter(|person| person.zone == zone).collect();
        let leaders: Vec<&str> = members.iter().filter(|person| person.leads).map(|person| person.id.as_str()).collect();
        json!({ "name": name, "leaders": leaders, "members": members.iter().map(|person| &person.id).collect::<Vec<_>>() })
    });
    firm.owner.create("timesheets/crews", crews.to_vec()).await?;
    firm.owner.create("timesheets/rates", rates).await?;
    firm.owner.create("timesheets/work-patterns", vec![json!({ "effective_from": from })]).await?;
    let [manager, priya, tom, bookkeeper] =
        <[Person; 4]>::try_from(desk).map_err(|_| anyhow::anyhow!("four sit at a desk"))?;
    Ok(People { owner, manager, estimators: [priya, tom], bookkeeper, crew })
}

async fn join(firm: &mut Firm, hand: &Hand, rates: &mut Vec<serde_json::Value>) -> Result<Person> {
    let newcomer = firm.staff.iter().find(|newcomer| newcomer.name == hand.name);
    let email = &newcomer.with_context(|| format!("{} was not enlisted", hand.name))?.email;
    let actor = firm.site.with_session()?;
    actor.post("auth/session", &json!({ "email": email, "password": firm.password })).await?;
    let account = actor.get("account").await?;
    let id = account["person"]["id"].as_str().context("an account has an id")?.to_owned();
    let roles = json!({ "roles": hand.roles });
    firm.owner.call(Method::PUT, &format!("people/{id}/roles"), Some(&roles)).await?;
    actor.call(Method::PATCH, "account", Some(&json!({ "time_zone": hand.zone }))).await?;
    let from = firm.day(-500).to_string();
    rates.push(json!({ "user": id, "sell": aud(hand.sell), "cost": aud(hand.cost), "effective_from": from }));
    Ok(Person { id, actor, zone: hand.zone, on_jobs: hand.on_jobs, leads: hand.roles == SUPERVISOR })
}
