//! Clients, estimates in every state, and variations of what was accepted.

use crate::catalogue::{Catalogue, Item, decimal};
use crate::jobs::Job;
use crate::people::People;
use crate::words::{FAMILIES, PLACES, STREETS, TRADES, WORKS};
use crate::{Firm, id};
use anyhow::{Context, Result, bail};
use lignaflow_client::Method;
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) zone: &'static str,
    pub(crate) site: String,
}

const CLIENTS: usize = 40;
const ESTIMATES: usize = 80;
const VARIATIONS: usize = 5;
/// How long conversions may take, which are done in the background.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) async fn clients(firm: &mut Firm) -> Result<Vec<Client>> {
    let (mut made, mut contacts, mut sites, mut known) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (index, family) in FAMILIES.iter().enumerate().take(CLIENTS) {
        let (place, zone) = PLACES[index % PLACES.len()];
        let name = match index % 3 {
            0 => format!(
                "{} {}",
                place.rsplit_once(' ').map_or(place, |(suburb, _)| suburb),
                TRADES[index % TRADES.len()]
            ),
            1 => format!("{family} Family"),
            _ => format!("{family} & Sons"),
        };
        let address = format!("{} {}, {place}", 1 + firm.rng.u32(0..240), firm.one(&STREETS));
        let (client, site) = (id(), id());
        let local = family.to_lowercase().replace('’', "");
        let phone = format!("04{:02} {:03} {:03}", firm.rng.u32(0..100), firm.rng.u32(0..1000), firm.rng.u32(0..1000));
        made.push(json!({ "id": client, "name": name, "email": format!("{local}@client.example"), "phone": phone, "address": address }));
        contacts.push(json!({ "client": client, "name": format!("{} {family}", firm.one(&["Alex", "Sam", "Kim", "Robin", "Jamie"])), "email": format!("{local}@client.example"), "main": true }));
        sites.push(json!({ "id": site, "client": client, "name": place, "address": address, "time_zone": zone }));
        known.push(Client { id: client, name, address, zone, site });
    }
    firm.owner.create("projects/clients", made).await?;
    firm.owner.create("projects/contacts", contacts).await?;
    firm.owner.create("projects/sites", sites).await?;
    Ok(known)
}

pub(crate) struct Quotes {
    pub(crate) made: usize,
    /// Accepted ones: the project that each became, with its client's place among the clients and what it is.
    pub(crate) accepted: Vec<Accepted>,
}

pub(crate) struct Accepted {
    pub(crate) project: String,
    pub(crate) client: usize,
}

/// What becomes of an estimate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Draft,
    Review,
    Issued,
    Viewed,
    Accepted,
    Declined,
    Withdrawn,
    /// Long out, and answered by nobody.
    Expired,
    /// Out, and then out again otherwise.
    Superseded,
}

/// Of twenty.
const ENDS: [End; 20] = [
    End::Accepted,
    End::Issued,
    End::Accepted,
    End::Draft,
    End::Accepted,
    End::Declined,
    End::Accepted,
    End::Viewed,
    End::Accepted,
    End::Draft,
    End::Accepted,
    End::Declined,
    End::Accepted,
    End::Expired,
    End::Review,
    End::Accepted,
    End::Withdrawn,
    End::Superseded,
    End::Declined,
    End::Issued,
];

const CHANGES: [&str; 5] =
    ["LED strips", "Stone instead of oak", "One cupboard less", "Deeper drawers", "Longer bench"];
const REASONS: [&str; 4] = ["Too dear.", "Went with somebody else.", "Not before next year.", "Doing less, ourselves."];

pub(crate) async fn quote(
    firm: &mut Firm,
    people: &People,
    catalogue: &Catalogue,
    clients: &[Client],
) -> Result<Quotes> {
    let mut accepted: Vec<(String, usize)> = Vec::new();
    let mut by_end: Vec<(End, String)> = Vec::new();
    for index in 0..ESTIMATES {
        let place = firm.rng.usize(..clients.len());
        let (work, rooms) = *firm.one(&WORKS);
        let client = &clients[place];
        let title = format!("{work} for {}", client.name);
        let begun = json!({ "title": title, "client": client.id, "site": client.address });
        let estimator = &people.estimators[index % people.estimators.len()].actor;
        let revision = estimator.post("estimates/begin", &begun).await?;
        let text = |name: &str| revision[name].as_str().map(str::to_owned).context("a revision has an id");
        let (revision, estimate) = (text("id")?, text("estimate")?);
        write(firm, catalogue, &revision, rooms).await?;
        let end = ENDS[index % ENDS.len()];
        if end == End::Accepted {
            accepted.push((estimate, place));
        }
        by_end.push((end, revision));
    }
    let of = |ends: &[End]| -> Vec<String> {
        by_end.iter().filter(|(end, _)| ends.contains(end)).map(|(_, revision)| revision.clone()).collect()
    };
    let out = of(&[End::Issued, End::Viewed, End::Accepted, End::Declined, End::Withdrawn, End::Superseded]);
    act(firm, "submit", &of(&[End::Review]), &json!({})).await?;
    act(firm, "issue", &out, &json!({})).await?;
    act(firm, "view", &of(&[End::Viewed, End::Declined]), &json!({})).await?;
    act(firm, "withdraw", &of(&[End::Withdrawn]), &json!({})).await?;
    lapse(firm, &of(&[End::Expired])).await?;
    for revision in of(&[End::Superseded]) {
        let revise = format!("estimates/revisions/{revision}/revise");
        let next = firm.owner.call(Method::POST, &revise, None).await?;
        let next = next["id"].as_str().context("a revision has an id")?.to_owned();
        act(firm, "issue", &[next], &json!({})).await?;
    }
    for (index, revision) in of(&[End::Declined]).into_iter().enumerate() {
        let said = json!({ "reason": REASONS[index % REASONS.len()], "answered_by": "Alex", "answered_how": "phone" });
        act(firm, "decline", &[revision], &said).await?;
    }
    for revision in of(&[End::Accepted]) {
        let by = format!("{} {}", firm.one(&["Alex", "Sam", "Kim", "Robin", "Jamie"]), firm.one(&FAMILIES));
        act(firm, "accept", &[revision], &json!({ "answered_by": by, "answered_how": "paper" })).await?;
    }
    let projects = converted(firm, accepted.iter().map(|(estimate, _)| estimate.as_str()).collect()).await?;
    let accepted =
        projects.into_iter().zip(accepted).map(|(project, (_, client))| Accepted { project, client }).collect();
    Ok(Quotes { made: ESTIMATES, accepted })
}

/// One after the other: each is a document of its own.
async fn act(firm: &Firm, verb: &str, revisions: &[String], with: &Json) -> Result<()> {
    for revision in revisions {
        firm.owner.post(&format!("estimates/revisions/{revision}/{verb}"), with).await?;
    }
    Ok(())
}

/// Issued two months ago for one month, and no longer valid since.
async fn lapse(firm: &Firm, revisions: &[String]) -> Result<()> {
    let (at, until) = (format!("{}T02:00:00Z", firm.day(-60)), firm.day(-30).to_string());
    for revision in revisions {
        let path = format!("estimates/revisions/{revision}/as-it-was");
        firm.owner.post(&path, &json!({ "status": "issued", "at": at, "valid_until": until })).await?;
        firm.owner.post(&path, &json!({ "status": "expired" })).await?;
    }
    Ok(())
}

/// Waits until each of these estimates has become its project, and answers with the projects.
async fn converted(firm: &Firm, estimates: Vec<&str>) -> Result<Vec<String>> {
    let begun = Instant::now();
    loop {
        let done = firm.owner.list("estimates/estimates?filter[status]=converted&fields=project").await?;
        let of = |estimate: &str| {
            done.iter().find(|record| record["id"] == estimate).and_then(|record| record["project"].as_str())
        };
        let projects: Vec<String> = estimates.iter().filter_map(|estimate| of(estimate).map(str::to_owned)).collect();
        if projects.len() == estimates.len() {
            return Ok(projects);
        }
        if begun.elapsed() > PATIENCE {
            bail!(
                "{} accepted estimates have not become projects after {PATIENCE:?}",
                estimates.len() - projects.len()
            );
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// A section for each room, with what it is made of.
async fn write(firm: &mut Firm, catalogue: &Catalogue, revision: &str, rooms: &[&str]) -> Result<()> {
    let begun = firm.owner.list(&format!("estimates/sections?filter[revision]={revision}&fields=title")).await?;
    let first =
        begun.first().and_then(|section| section["id"].as_str()).context("an estimate begins with a section")?;
    firm.owner.change("estimates/sections", vec![(first.to_owned(), json!({ "title": rooms[0] }))]).await?;
    let mut sections = vec![first.to_owned()];
    let mut made = Vec::new();
    for (position, room) in (2..).zip(&rooms[1..]) {
        let section = id();
        made.push(json!({ "id": section, "revision": revision, "title": room, "position": position }));
        sections.push(section);
    }
    firm.owner.create("estimates/sections", made).await?;
    let (bought, labour) = (catalogue.of_kind("material"), catalogue.of_kind("labour"));
    let (others, allowances) = (catalogue.of_kind("subcontract"), catalogue.of_kind("allowance"));
    let mut lines = Vec::new();
    for section in &sections {
        for _ in 0..firm.rng.usize(3..7) {
            lines.push(line(firm, revision, section, &bought, 1..9));
        }
        for _ in 0..2 {
            lines.push(line(firm, revision, section, &labour, 4..26));
        }
        if firm.rng.u32(..3) == 0 {
            lines.push(line(firm, revision, section, &others, 1..2));
        }
        if firm.rng.u32(..5) == 0 {
            let mut allowance = line(firm, revision, section, &allowances, 1..2);
            allowance["allowance"] = json!("prime-cost");
            lines.push(allowance);
        }
        if firm.rng.u32(..4) == 0 {
            let mut option = line(firm, revision, section, &bought, 1..3);
            option["mode"] = json!("optional");
            lines.push(option);
        }
    }
    firm.owner.create("estimates/lines", lines).await?;
    Ok(())
}

fn line(firm: &mut Firm, revision: &str, section: &str, of: &[&Item], quantity: std::ops::Range<i64>) -> Json {
    let item = *firm.one(of);
    let margin = item.kind != "labour" && firm.rng.bool();
    json!({
        "revision": revision, "section": section, "kind": item.kind, "description": item.name, "item": item.id,
        "quantity": firm.rng.i64(quantity).to_string(), "unit": item.unit, "unit_cost": decimal(item.cost),
        "pricing": if margin { "margin" } else { "markup" }, "rate": if margin { 2_500 } else { 4_500 },
        "labour_minutes": item.minutes,
    })
}

/// What some clients wanted otherwise once work was under way.
pub(crate) async fn vary(firm: &mut Firm, jobs: &[Job]) -> Result<usize> {
    let quoted: Vec<&Job> = jobs.iter().filter(|job| job.quoted).take(VARIATIONS).collect();
    let mut estimates = Vec::new();
    for (index, job) in quoted.iter().enumerate() {
        let begun = json!({ "title": format!("Variation: {}", CHANGES[index % CHANGES.len()]), "project": job.id });
        let begun = firm.owner.post("estimates/begin", &begun).await?;
        let revision = begun["id"].as_str().context("a revision has an id")?.to_owned();
        estimates.push(begun["estimate"].as_str().context("a revision is of an estimate")?.to_owned());
        let sections = firm.owner.list(&format!("estimates/sections?filter[revision]={revision}&fields=title")).await?;
        let section = sections.first().context("an estimate begins with a section")?["id"].clone();
        // Less is a variation too.
        let quantity = if index == 2 { "-1" } else { "1" };
        let price = format!("{}.00", 380 + 145 * index);
        firm.owner
            .create(
                "estimates/lines",
                vec![
                    json!({ "revision": revision, "section": section, "description": "As agreed on site", "quantity": quantity, "unit_cost": "240", "pricing": "fixed", "unit_price": price }),
                    json!({ "revision": revision, "section": section, "kind": "labour", "description": "Fit it", "quantity": quantity, "unit": "h", "unit_cost": "52", "pricing": "markup", "rate": 8500, "labour_minutes": 60 }),
                ],
            )
            .await?;
        act(firm, "issue", std::slice::from_ref(&revision), &json!({})).await?;
        act(firm, "accept", &[revision], &json!({ "answered_by": "Alex", "answered_how": "mail" })).await?;
    }
    converted(firm, estimates.iter().map(String::as_str).collect()).await?;
    Ok(quoted.len())
}
