//! Time reports of other programs, brought in on the page of imports as on the command line: what they mean is the
//! importer's, which knows no more of this server than its API, and asks it in the name of whoever began the import.

use crate::customs::form::sentence;
use async_trait::async_trait;
use lignaflow_client::{Method, Refused, Site};
use lignaflow_core::caller::Caller;
use lignaflow_core::clock::Micros;
use lignaflow_core::name::CollectionName;
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_identity::{Identity, NewToken, Scope};
use lignaflow_import::report::{Count, Finding, Report, Total};
use lignaflow_import::times::{self, COLLECTION, Dates, Outcome, Preset, TABLE, Table, Times};
use lignaflow_records::imports::{DateOrder, Program, Programs, RowFault, Through, Understood, Whole};
use std::fs;
use std::path::PathBuf;

/// How long the token serves that a report is brought in with.
const DAY: Micros = 24 * 3_600 * 1_000_000;

const KNOWN: [(Preset, Program); 4] = [
    (Preset::Toggl, Program { name: "toggl", title: "detailed time report of Toggl Track" }),
    (Preset::Clockify, Program { name: "clockify", title: "detailed time report of Clockify" }),
    (Preset::Harvest, Program { name: "harvest", title: "detailed time report of Harvest" }),
    (Preset::Kimai, Program { name: "kimai", title: "time export of Kimai" }),
];
const PROGRAMS: [Program; 4] = [KNOWN[0].1, KNOWN[1].1, KNOWN[2].1, KNOWN[3].1];

/// The programs whose time is known.
#[derive(Debug)]
pub struct TimeReports {
    /// Where the server is asked, and what it is believed by.
    pub address: String,
    pub authority: PathBuf,
    pub identity: Identity,
}

#[async_trait]
impl Programs for TimeReports {
    fn of(&self, collection: &CollectionName) -> &[Program] {
        if collection.to_string() == COLLECTION { &PROGRAMS } else { &[] }
    }

    fn recognize(&self, collection: &CollectionName, heads: &[String]) -> Option<Program> {
        if self.of(collection).is_empty() {
            return None;
        }
        let preset = Preset::of(heads)?;
        KNOWN.iter().find(|(known, _)| *known == preset).map(|(_, program)| *program)
    }

    async fn bring(&self, caller: &Caller, file: Whole, dry: bool, through: &Through) -> Result<Understood, Fault> {
        let preset = KNOWN.iter().find(|(_, program)| program.name == file.program).map(|(preset, _)| *preset);
        let (Some(preset), Some(person)) = (preset, caller.person()) else { return Err(Fault::internal()) };
        let authority = fs::read(&self.authority).ok();
        let site = Site::new(&self.address, authority.as_deref()).map_err(|error| unasked(&error))?;
        let new = NewToken { name: "Import".to_owned(), scope: Scope::All, expires_at: Some(caller.now + DAY) };
        let token = self.identity.lend_token(caller.organization, person, new).await?;
        let actor = site.with_token(token.secret.expose()).map_err(|error| unasked(&error))?;
        let brought = brought(preset, file, &actor, dry, through).await;
        if let Err(error) = actor.call(Method::DELETE, &format!("tokens/{}", token.token.id), None).await {
            tracing::warn!(error = format!("{error:#}"), "the token of an import stays until tomorrow");
        }
        brought
    }
}

async fn brought(
    preset: Preset,
    file: Whole,
    actor: &lignaflow_client::Actor,
    dry: bool,
    through: &Through,
) -> Result<Understood, Fault> {
    let organization = times::organization(actor).await.map_err(|error| unasked(&error))?;
    let zone_name = file.zone.unwrap_or_else(|| organization.zone.clone());
    let zone = jiff::tz::TimeZone::get(&zone_name)
        .map_err(|_| Fault::at("/zone", "unknown", format!("There is no time zone `{zone_name}`.")))?;
    let dates = match file.dates {
        DateOrder::Iso => Dates::Found,
        DateOrder::Dmy => Dates::DayFirst,
        DateOrder::Mdy => Dates::MonthFirst,
    };
    let table = Table { heads: file.heads, rows: file.rows };
    // What is wrong with the file as a whole is told in the reader's own words.
    let read = Times::read(preset, &table, &times::Options { zone, zone_name, dates });
    let times = read.map_err(|error| Fault::new(ErrorCode::Invalid, sentence(&error.to_string())))?;
    let told = |rows: usize| through.add(u64::try_from(rows).unwrap_or_default());
    let (report, outcome) =
        times::bring(&times, &organization, actor, dry, &told).await.map_err(|error| unasked(&error))?;
    Ok(understood(&report, &outcome))
}

/// What the server answers itself is told; what kept it from answering is for its log.
fn unasked(error: &anyhow::Error) -> Fault {
    match error.downcast_ref::<Refused>() {
        Some(refused) if refused.status == 403 => Fault::denied(&refused.said),
        Some(refused) if refused.status < 500 => Fault::new(ErrorCode::Invalid, refused.said.clone()),
        _ => {
            tracing::error!(error = format!("{error:#}"), "an import could not ask the server's own address");
            Fault::internal()
        }
    }
}

/// A report as the page of an import shows it.
fn understood(report: &Report, outcome: &Outcome) -> Understood {
    let number = |count: usize| u64::try_from(count).unwrap_or_default();
    let mut notes: Vec<String> = Vec::new();
    for Total { what, before, after, between } in &report.totals {
        let between = if between.is_empty() { String::new() } else { format!(": {between}") };
        notes.push(sentence(&format!("{what}: {before} in the file, {after} here{between}")));
    }
    // Rows are counted above.
    for Count { what, after, .. } in report.counts.iter().filter(|count| count.before == 0 && count.after > 0) {
        notes.push(sentence(&format!("{what}: {after}")));
    }
    let (of_rows, others): (Vec<&Finding>, Vec<&Finding>) =
        report.findings.iter().partition(|finding| finding.table == TABLE);
    notes.extend(others.into_iter().map(|finding| sentence(&finding.what)));
    let fault = |finding: &Finding| RowFault {
        row: finding.row.parse().unwrap_or_default(),
        column: (!finding.column.is_empty()).then(|| finding.column.to_owned()),
        field: None,
        code: finding.weight.word().replace(' ', "-"),
        message: sentence(&format!("{}: {}", finding.weight.word(), finding.what)),
    };
    let mut faults: Vec<RowFault> = of_rows.into_iter().map(fault).collect();
    faults.sort_by_key(|fault| fault.row);
    Understood { created: number(outcome.made), unchanged: number(outcome.there), faults, notes }
}
