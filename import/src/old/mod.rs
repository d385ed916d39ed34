//! The system that firms had before: its PostgreSQL tables, read as text, become an organization for each firm that its
//! people name.
//!
//! | module | holds |
//! |---|---|
//! | [`tables`] | what is read, and what it means |
//! | [`firms`], [`people`] | who belongs where; who comes along |
//! | [`catalogue`], [`quotes`] | what is bought and put together; estimates |
//! | [`jobs`], [`papers`], [`time`] | projects and tasks; their files; timers and attendance |
//! | [`carry`] | all of it on its way through the API |
//!
//! Everything is planned before anything is sent: a dry run is the plan, told.

mod carry;
mod catalogue;
mod firms;
mod jobs;
mod papers;
mod people;
mod quotes;
mod tables;
mod time;

pub use carry::{Carrier, Enlisted, Newcomer};
pub use tables::{Rows, WANTED};

use crate::ids::Ids;
use crate::number::{Fine, money};
use crate::report::{Report, Weight};
use firms::{Belongs, key};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use people::People;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use tables::Old;

/// Which clock wrote times that have no zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Found out by when rows were written.
    Found,
    Firm,
    Utc,
}

/// What the tables do not say.
#[derive(Debug, Clone)]
pub struct Options {
    /// ISO 4217, and how many digits its amounts have.
    pub currency: String,
    pub digits: u32,
    /// Where the firms are.
    pub zone: TimeZone,
    pub zone_name: String,
    pub clock: Clock,
    /// Whether what was approved and is no project yet becomes one.
    pub make_projects: bool,
    /// The folder of uploaded files, where it is at hand.
    pub media: Option<PathBuf>,
    pub now: Timestamp,
}

/// The tables, understood.
#[derive(Debug)]
pub struct Former {
    old: Old,
    belongs: Belongs,
    options: Options,
    /// What is to be said of no firm alone.
    pub report: Report,
}

/// All that is to be of one firm.
#[derive(Debug)]
pub struct Plan {
    pub(crate) people: People,
    pub(crate) catalogue: catalogue::Catalogue,
    pub(crate) taxes: BTreeSet<i64>,
    pub(crate) clients: Vec<Json>,
    pub(crate) quotes: Vec<quotes::Quote>,
    pub(crate) jobs: jobs::Jobs,
    pub(crate) papers: Vec<papers::Paper>,
    pub(crate) worked: time::Worked,
    pub(crate) ids: Ids,
    pub(crate) options: Options,
    pub report: Report,
}

/// A firm that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirmOf {
    pub name: String,
    /// Who is to own it: their name and address.
    pub owner: Option<(String, String)>,
}

impl Former {
    /// Of the rows of [`WANTED`], in its order.
    pub fn of(read: Vec<Rows>, options: Options) -> Self {
        let mut report = Report { title: "All firms".to_owned(), ..Report::default() };
        let old = Old::of(read, &mut report);
        let belongs = Belongs::of(&old, &mut report);
        for document in &old.documents {
            if document.project.is_none_or(|id| !belongs.projects.contains_key(&id)) {
                let what = format!("`{}` is of no project that comes", document.file);
                report.find(Weight::Left, tables::DOCUMENTS, document.id, "project_id", what);
            }
        }
        if old.invitations > 0 {
            let what = format!("{} invitations that nobody accepted: ask again", old.invitations);
            report.find(Weight::Left, "authentication_invitation", "", "token", what);
        }
        Self { old, belongs, options, report }
    }

    pub fn firms(&self) -> Vec<FirmOf> {
        let of = |firm: &firms::Firm| {
            let people = People::of(firm, &self.old, &mut Report::default());
            let owner = people.owner.map(|place| (people.list[place].name.clone(), people.list[place].email.clone()));
            FirmOf { name: firm.name.clone(), owner }
        };
        self.belongs.firms.iter().map(of).collect()
    }

    /// Plans a firm by its place among [`Former::firms`]. `seed` is the organization's id, of which the ids of all its
    /// records are made.
    pub fn plan(&self, firm: usize, seed: &str) -> Plan {
        let of = &self.belongs.firms[firm];
        let mut report = Report { title: of.name.clone(), ..Report::default() };
        let people = People::of(of, &self.old, &mut report);
        let mut desk = Desk {
            old: &self.old,
            belongs: &self.belongs,
            firm,
            options: &self.options,
            ids: Ids::of_organization(seed),
            report,
            people,
            taxes: BTreeSet::new(),
            clients: BTreeMap::new(),
        };
        let catalogue = catalogue::plan(&mut desk);
        let mut quotes = quotes::plan(&mut desk);
        let jobs = jobs::plan(&mut desk, &mut quotes);
        let papers = papers::plan(&mut desk);
        let worked = time::plan(&mut desk);
        let clients: Vec<Json> = desk.clients.into_values().map(|(record, _)| record).collect();
        desk.report.count("clients, by name", clients.len(), clients.len());
        Plan {
            people: desk.people,
            catalogue,
            taxes: desk.taxes,
            clients,
            quotes,
            jobs,
            papers,
            worked,
            ids: desk.ids,
            options: self.options.clone(),
            report: desk.report,
        }
    }
}

/// Where one firm is planned.
pub(crate) struct Desk<'a> {
    pub(crate) old: &'a Old,
    pub(crate) belongs: &'a Belongs,
    pub(crate) firm: usize,
    pub(crate) options: &'a Options,
    pub(crate) ids: Ids,
    pub(crate) report: Report,
    pub(crate) people: People,
    pub(crate) taxes: BTreeSet<i64>,
    /// By how they are spelled, with the first spelling.
    clients: BTreeMap<String, (Json, String)>,
}

/// A table, a row of it and a column.
type At = (&'static str, i64, &'static str);

impl Desk<'_> {
    /// Stands for somebody whom a record names.
    pub(crate) fn person(&mut self, user: Option<i64>, at: At) -> Option<String> {
        self.people.name(user, self.old, self.belongs, at, &mut self.report)
    }

    /// A client by name, who is there once.
    pub(crate) fn client(&mut self, name: &str, at: At) -> Option<String> {
        let shown: String = name.split_whitespace().collect::<Vec<_>>().join(" ");
        if shown.is_empty() {
            return None;
        }
        let key = key(&shown);
        if let Some((record, first)) = self.clients.get(&key) {
            if *first != shown {
                let what = format!("`{shown}` is taken for {first}, which differs in case or spaces alone");
                self.report.find(Weight::Note, at.0, at.1, at.2, what);
            }
            return record["id"].as_str().map(str::to_owned);
        }
        let id = self.ids.of("clients", &key, None);
        let record = json!({ "id": id, "name": self.cut(&shown, 200, at) });
        self.clients.insert(key, (record, shown));
        Some(id)
    }

    /// As much of a text as there is room for.
    pub(crate) fn cut(&mut self, text: &str, most: usize, at: At) -> String {
        if text.chars().count() > most {
            let what = format!("it is longer than {most} characters, and ends there");
            self.report.find(Weight::Changed, at.0, at.1, at.2, what);
        }
        text.chars().take(most).collect()
    }

    /// The day that it is where the firm is.
    pub(crate) fn day(&self, at: Timestamp) -> Date {
        at.to_zoned(self.options.zone.clone()).date()
    }

    pub(crate) fn fine_total(&mut self, what: &str, before: Fine, after: Fine) {
        let digits = self.options.digits;
        self.money_total(what, before.minor(digits), after.minor(digits), "what is less than nothing");
    }

    pub(crate) fn money_total(&mut self, what: &str, before: i128, after: i128, why: &str) {
        let digits = self.options.digits;
        let between = if before == after {
            String::new()
        } else {
            format!("{} between them: {why}", money(after - before, digits))
        };
        self.report.total(what, money(before, digits), money(after, digits), between);
    }
}
