//! A plan on its way through the API. What is there is left as it is, so that a run that broke off is taken up again by
//! another one, and a second run makes nothing.

use super::Plan;
use super::jobs::{Staged, phase_mark};
use super::people::{Person, mark};
use super::quotes::{Quote, tax_mark};
use crate::number::{hours, money};
use anyhow::{Context, Result, bail};
use lignaflow_client::{Actor, Method, Refused};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;

/// Revisions, and what they are made of, in one commit: each is read whole while it is planned.
const REVISIONS: usize = 20;
/// Records of which each is looked at by the plugin.
const AT_ONCE: usize = 250;
/// Ids that are asked for in one address.
const ASKED: usize = 150;

/// Somebody who is to have an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    pub email: String,
    pub name: String,
    /// `owner`, `admin` or `member`.
    pub role: &'static str,
}

/// Somebody's id, once they are added; nothing where they have an account with another organization.
pub type Enlisted<'a> = Pin<Box<dyn Future<Output = Result<Option<String>>> + Send + 'a>>;

/// Who brings a plan in.
pub struct Carrier<'a> {
    /// The organization's owner.
    pub owner: Actor,
    /// Adds somebody under a password that nobody knows, as an operator may: people set their own by a letter.
    pub enlist: &'a (dyn Fn(Newcomer) -> Enlisted<'a> + Sync),
    /// Whether people who have an account with another organization are asked to join, by a letter.
    pub invite: bool,
    /// Told of each part that is done.
    pub tell: &'a (dyn Fn(&str) + Sync),
}

impl std::fmt::Debug for Carrier<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Carrier").field("invite", &self.invite).finish_non_exhaustive()
    }
}

/// What stands for something in a plan, and the id that it has.
type Known = BTreeMap<String, String>;

/// Puts ids where something stands for them. What has none is left out.
fn settle(json: &mut Json, known: &Known) {
    match json {
        Json::String(text) => match known.get(text) {
            Some(id) => id.clone_into(text),
            None if text.starts_with(['\u{1}', '\u{2}', '\u{3}']) => *json = Json::Null,
            None => {}
        },
        Json::Array(list) => {
            for one in list.iter_mut() {
                settle(one, known);
            }
            list.retain(|one| !one.is_null());
        }
        Json::Object(object) => object.values_mut().for_each(|one| settle(one, known)),
        _ => {}
    }
}

fn settled<'a>(records: impl IntoIterator<Item = &'a Json>, known: &Known) -> Vec<Json> {
    let one = |record: &Json| {
        let mut record = record.clone();
        settle(&mut record, known);
        record
    };
    records.into_iter().map(one).collect()
}

fn id_of(record: &Json) -> &str {
    record["id"].as_str().unwrap_or_default()
}

impl Carrier<'_> {
    /// Brings a plan in, and answers with what there is to be said of it then: the totals as they are there.
    pub async fn carry(&self, plan: &Plan) -> Result<Vec<String>> {
        let mut known = Known::new();
        let mut said = Vec::new();
        self.people(plan, &mut known, &mut said).await?;
        self.catalogue(plan).await?;
        self.clients(plan, &mut known).await?;
        self.quotes(plan, &known).await?;
        self.jobs(plan, &mut known, &mut said).await?;
        self.answers(plan, true).await?;
        self.worked(plan, &known).await?;
        self.stages("projects/tasks", "todo", &plan.jobs.tasks).await?;
        self.stages("projects/projects", "draft", &plan.jobs.projects).await?;
        self.leave(plan, &known).await?;
        self.foot(plan, &mut said).await?;
        Ok(said)
    }

    async fn people(&self, plan: &Plan, known: &mut Known, said: &mut Vec<String>) -> Result<()> {
        let there = self.owner.get("people").await?;
        let there = there["data"].as_array().cloned().unwrap_or_default();
        let is = |person: &Person, one: &Json| {
            let email = one["email"].as_str().unwrap_or_default();
            if email.is_empty() {
                one["name"] == person.name.as_str()
            } else {
                email.eq_ignore_ascii_case(&person.email)
            }
        };
        let mut made = 0;
        for (place, person) in plan.people.list.iter().enumerate() {
            let standing = there.iter().find(|one| is(person, one));
            let id = if let Some(one) = standing {
                id_of(one).to_owned()
            } else {
                made += 1;
                self.person(person, said).await?
            };
            let roles = person.role.of_plugins();
            if standing.is_none() && !roles.is_empty() && plan.people.owner != Some(place) {
                let path = format!("people/{id}/roles");
                self.owner.call(Method::PUT, &path, Some(&json!({ "roles": roles }))).await?;
            }
            known.extend(person.users.iter().map(|user| (mark(*user), id.clone())));
        }
        self.told("people", made, plan.people.list.len());
        Ok(())
    }

    async fn person(&self, person: &Person, said: &mut Vec<String>) -> Result<String> {
        if !person.email.is_empty() {
            let (email, name) = (person.email.clone(), person.name.clone());
            let new = Newcomer { email, name, role: person.role.of_organization() };
            if let Some(id) = (self.enlist)(new).await? {
                return Ok(id);
            }
        }
        let added = self.owner.post("people/placeholders", &json!({ "name": person.name })).await?;
        let id = id_of(&added).to_owned();
        if person.email.is_empty() || !person.active {
            return Ok(id);
        }
        if self.invite {
            let roles = person.role.of_plugins();
            let role = person.role.of_organization();
            let asked =
                json!({ "email": person.email, "name": person.name, "person": id, "role": role, "roles": roles });
            self.owner.post("invitations", &asked).await?;
            said.push(format!(
                "{} has an account with another organization here, and was asked to join by a letter",
                person.email
            ));
        } else {
            said.push(format!(
                "{} has an account with another organization here: ask them to join, as {}",
                person.email, person.name
            ));
        }
        Ok(id)
    }

    async fn catalogue(&self, plan: &Plan) -> Result<()> {
        for collection in ["estimates/catalog-items", "estimates/assemblies"] {
            let there = self.owner.get(&format!("{collection}/fields")).await?;
            let has =
                there["data"].as_array().is_some_and(|fields| fields.iter().any(|field| field["name"] == "category"));
            if !has {
                let field = json!({ "name": "category", "type": "text", "title": "Category", "max": 255 });
                self.owner.post(&format!("{collection}/fields"), &field).await?;
            }
        }
        let all = &plan.catalogue;
        for (collection, records) in [
            ("estimates/catalog-items", &all.items),
            ("estimates/assemblies", &all.assemblies),
            ("estimates/assembly-items", &all.parts),
        ] {
            let made = self.owner.complete(collection, records.clone(), AT_ONCE).await?;
            self.told(collection, made, records.len());
        }
        Ok(())
    }

    /// Tax codes by their rates, and clients by their names: one that somebody made stands for ours.
    async fn clients(&self, plan: &Plan, known: &mut Known) -> Result<()> {
        let codes = self.owner.list("estimates/tax-codes?fields=name,rate,standard").await?;
        let standard = codes.iter().any(|code| code["standard"] == true);
        for (place, rate) in plan.taxes.iter().rev().enumerate() {
            let id = if let Some(code) = codes.iter().find(|code| code["rate"] == *rate) {
                id_of(code).to_owned()
            } else {
                let name = match (rate, plan.options.currency.as_str()) {
                    (0, _) => "No tax".to_owned(),
                    (1_000, "AUD") => "GST".to_owned(),
                    _ => format!("Tax {}.{:02} %", rate / 100, rate % 100),
                };
                let id = plan.ids.of("taxes", &rate.to_string(), None);
                let code = json!({ "id": id, "name": name, "rate": rate, "standard": place == 0 && !standard });
                self.owner.create("estimates/tax-codes", vec![code]).await?;
                id
            };
            known.insert(tax_mark(*rate), id);
        }
        let mut others: BTreeMap<String, String> = BTreeMap::new();
        for client in self.owner.list("projects/clients?fields=name").await? {
            others.insert(super::key(client["name"].as_str().unwrap_or_default()), id_of(&client).to_owned());
        }
        let mut missing = Vec::new();
        for client in &plan.clients {
            let other = others.get(&super::key(client["name"].as_str().unwrap_or_default()));
            match other.filter(|id| id.as_str() != id_of(client)) {
                Some(other) => {
                    known.insert(id_of(client).to_owned(), other.clone());
                }
                None => missing.push(client.clone()),
            }
        }
        let made = self.owner.complete("projects/clients", missing, AT_ONCE).await?;
        self.told("projects/clients", made, plan.clients.len());
        Ok(())
    }

    async fn quotes(&self, plan: &Plan, known: &Known) -> Result<()> {
        let of = |part: fn(&Quote) -> &Json| settled(plan.quotes.iter().map(part), known);
        let made = self.owner.complete("estimates/estimates", of(|quote| &quote.estimate), AT_ONCE).await?;
        self.told("estimates/estimates", made, plan.quotes.len());
        let states = self
            .states("estimates/revisions", &plan.quotes.iter().map(|it| it.revision.clone()).collect::<Vec<_>>())
            .await?;
        // What was issued already is whole: its parts were there before.
        let open: Vec<&Quote> = plan
            .quotes
            .iter()
            .filter(|quote| states.get(&quote.revision).is_none_or(|(state, _)| state == "draft"))
            .collect();
        for some in open.chunks(REVISIONS) {
            let of = |part: fn(&Quote) -> &Json| settled(some.iter().map(|quote| part(quote)), known);
            self.owner.complete("estimates/revisions", of(|quote| &quote.draft), REVISIONS).await?;
            self.owner.complete("estimates/sections", of(|quote| &quote.section), REVISIONS).await?;
        }
        let (mut lines, mut made) = (0, 0);
        for quote in open {
            lines += quote.lines.len();
            made += self.owner.complete("estimates/lines", settled(&quote.lines, known), AT_ONCE).await?;
            if let (Some(total), false) = (quote.set_total, quote.steps.is_empty()) {
                let path = format!("estimates/revisions/{}/set-total", quote.revision);
                let with = json!({ "total": total, "spread": false });
                self.owner.post(&path, &with).await.with_context(|| format!("the total of estimate {}", quote.row))?;
            }
        }
        self.told("estimates/lines", made, lines);
        self.answers(plan, false).await
    }

    /// Gives estimates the states that they had; those that are projects only once these are there.
    async fn answers(&self, plan: &Plan, projects: bool) -> Result<()> {
        let ids: Vec<String> =
            plan.quotes.iter().filter(|it| !it.steps.is_empty()).map(|it| it.revision.clone()).collect();
        let states = self.states("estimates/revisions", &ids).await?;
        let mut taken = 0;
        for quote in &plan.quotes {
            let Some((state, _)) = states.get(&quote.revision) else { continue };
            let done = match state.as_str() {
                "draft" | "in-review" => 0,
                "issued" | "viewed" => 1,
                "converted" => usize::MAX,
                _ => 2,
            };
            for step in quote.steps.iter().skip(done).filter(|step| projects || step["status"] != "converted") {
                let path = format!("estimates/revisions/{}/as-it-was", quote.revision);
                self.owner
                    .post(&path, step)
                    .await
                    .with_context(|| format!("estimate {} of the old system", quote.row))?;
                taken += 1;
            }
        }
        if taken > 0 {
            (self.tell)(&format!("{taken} states of estimates, as they were"));
        }
        Ok(())
    }

    /// What state records are in, and at which version.
    async fn states(&self, collection: &str, ids: &[String]) -> Result<BTreeMap<String, (String, i64)>> {
        let mut states = BTreeMap::new();
        for some in ids.chunks(ASKED) {
            let path = format!("{collection}?filter[id][in]={}&fields=status,version", some.join(","));
            for record in self.owner.list(&path).await? {
                let state = record["status"].as_str().unwrap_or_default().to_owned();
                states.insert(id_of(&record).to_owned(), (state, record["version"].as_i64().unwrap_or(0)));
            }
        }
        Ok(states)
    }

    /// Sends the files of projects that are not there yet, which hold them from their first version on.
    async fn papers(&self, plan: &Plan, projects: &mut [Json], said: &mut Vec<String>) -> Result<()> {
        let of =
            |project: &Json| plan.papers.iter().filter(|paper| paper.project == id_of(project)).collect::<Vec<_>>();
        let with_papers = projects.iter().map(id_of).filter(|id| plan.papers.iter().any(|paper| paper.project == *id));
        let ids: Vec<String> = with_papers.map(str::to_owned).collect();
        let there = self.owner.standing("projects/projects", &ids).await?;
        let mut sent = 0;
        for project in projects.iter_mut().filter(|project| !there.contains(id_of(project))) {
            let mut documents = Vec::new();
            for paper in of(project) {
                let bytes = tokio::fs::read(&paper.path).await;
                let bytes = bytes.with_context(|| format!("{} cannot be read", paper.path.display()))?;
                match self.owner.bring(&paper.name, bytes).await {
                    Ok(id) => documents.push(id),
                    // What is not taken here is no reason to leave the rest.
                    Err(fault) => match fault.downcast_ref::<Refused>() {
                        Some(refused) if refused.status < 500 => {
                            said.push(format!("left out: the file {}: {}", paper.path.display(), refused.said));
                        }
                        _ => return Err(fault),
                    },
                }
            }
            sent += documents.len();
            if !documents.is_empty() {
                project["documents"] = json!(documents);
            }
        }
        if !plan.papers.is_empty() {
            (self.tell)(&format!("{sent} of {} files of projects sent", plan.papers.len()));
        }
        Ok(())
    }

    async fn jobs(&self, plan: &Plan, known: &mut Known, said: &mut Vec<String>) -> Result<()> {
        let jobs = &plan.jobs;
        let mut projects = settled(jobs.projects.iter().map(|it| &it.record), known);
        self.papers(plan, &mut projects, said).await?;
        let made = self.owner.complete("projects/projects", projects, AT_ONCE).await?;
        self.told("projects/projects", made, jobs.projects.len());
        // A project begins with its phases; tasks were told theirs by name.
        let ids: Vec<String> = jobs.projects.iter().map(|it| id_of(&it.record).to_owned()).collect();
        for some in ids.chunks(ASKED) {
            let path = format!("projects/phases?filter[project][in]={}&fields=project,name", some.join(","));
            for phase in self.owner.list(&path).await? {
                let text = |name: &str| phase[name].as_str().unwrap_or_default();
                known.insert(phase_mark(text("project"), text("name")), id_of(&phase).to_owned());
            }
        }
        for (collection, records) in [
            ("projects/phases", jobs.phases.clone()),
            ("projects/locations", jobs.locations.clone()),
            ("projects/tasks", settled(jobs.tasks.iter().map(|it| &it.record), known)),
        ] {
            let count = records.len();
            let made = self.owner.complete(collection, records, AT_ONCE).await?;
            self.told(collection, made, count);
        }
        Ok(())
    }

    async fn worked(&self, plan: &Plan, known: &Known) -> Result<()> {
        for (collection, records) in
            [("timesheets/entries", &plan.worked.entries), ("timesheets/shifts", &plan.worked.shifts)]
        {
            let (mut made, mut done) = (0, 0);
            for some in records.chunks(AT_ONCE) {
                made += self.owner.complete(collection, settled(some, known), AT_ONCE).await?;
                done += some.len();
                if done < records.len() && done % (AT_ONCE * 20) == 0 {
                    (self.tell)(&format!("{done} of {} of {collection}", records.len()));
                }
            }
            self.told(collection, made, records.len());
        }
        Ok(())
    }

    /// Leads what nobody has changed since it was made to the state that it had.
    async fn stages(&self, collection: &str, first: &str, all: &[Staged]) -> Result<()> {
        let led: Vec<&Staged> = all.iter().filter(|one| !one.acts.is_empty()).collect();
        let ids: Vec<String> = led.iter().map(|one| id_of(&one.record).to_owned()).collect();
        let longest = led.iter().map(|one| one.acts.len()).max().unwrap_or(0);
        for step in 0..longest {
            let states = self.states(collection, &ids).await?;
            let mut acts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
            for one in &led {
                let Some((act, _)) = one.acts.get(step) else { continue };
                let from = if step == 0 { first } else { one.acts[step - 1].1 };
                let untouched = i64::try_from(step).unwrap_or(0) + 1;
                if states.get(id_of(&one.record)).is_some_and(|(state, version)| state == from && *version == untouched)
                {
                    acts.entry(act).or_default().push(id_of(&one.record).to_owned());
                }
            }
            for (act, ids) in acts {
                for some in ids.chunks(AT_ONCE) {
                    self.owner.act(collection, act, some, &json!({})).await?;
                }
                (self.tell)(&format!("{} of {collection}: {act}", ids.len()));
            }
        }
        Ok(())
    }

    /// Who had left before is not active any more.
    async fn leave(&self, plan: &Plan, known: &Known) -> Result<()> {
        let there = self.owner.get("people").await?;
        let active: BTreeSet<&str> =
            there["data"].as_array().into_iter().flatten().filter(|one| one["active"] == true).map(id_of).collect();
        for person in plan.people.list.iter().filter(|person| !person.active) {
            let Some(id) = known.get(&mark(person.users[0])).filter(|id| active.contains(id.as_str())) else {
                continue;
            };
            self.owner.call(Method::PATCH, &format!("people/{id}"), Some(&json!({ "active": false }))).await?;
        }
        Ok(())
    }

    /// What is there now, held against the plan.
    async fn foot(&self, plan: &Plan, said: &mut Vec<String>) -> Result<()> {
        let minor = |json: &Json| json["minor"].as_i64().unwrap_or(0);
        let sent: Vec<&Quote> = plan.quotes.iter().filter(|quote| !quote.steps.is_empty()).collect();
        let ids: Vec<String> = sent.iter().map(|quote| quote.revision.clone()).collect();
        let (mut total, mut seconds, mut count) = (0, 0, 0);
        for some in ids.chunks(ASKED) {
            let path = format!("estimates/revisions?filter[id][in]={}&fields=total", some.join(","));
            total += self.owner.list(&path).await?.iter().map(|it| i128::from(minor(&it["total"]))).sum::<i128>();
        }
        let ids: Vec<String> = plan.worked.entries.iter().map(|entry| id_of(entry).to_owned()).collect();
        for some in ids.chunks(ASKED) {
            let path = format!("timesheets/entries?filter[id][in]={}&fields=duration", some.join(","));
            let entries = self.owner.list(&path).await?;
            count += entries.len();
            seconds += entries.iter().filter_map(|it| it["duration"].as_i64()).sum::<i64>();
        }
        let digits = plan.options.digits;
        let planned: i128 = sent.iter().map(|quote| quote.total).sum();
        for (what, planned, is) in [
            ("totals of what was issued", money(planned, digits), money(total, digits)),
            ("time of tasks", hours(plan.worked.seconds), hours(seconds)),
            ("time entries", plan.worked.entries.len().to_string(), count.to_string()),
        ] {
            said.push(if planned == is {
                format!("{what}: {is}, as planned")
            } else {
                format!("{what}: {is}, and {planned} were brought in; somebody has changed them since")
            });
        }
        if plan.people.list.is_empty() {
            bail!("nobody belongs to it");
        }
        Ok(())
    }

    fn told(&self, what: &str, made: usize, of: usize) {
        let there = of - made.min(of);
        let before = if there == 0 { String::new() } else { format!(", {there} were there") };
        (self.tell)(&format!("{made} of {what} made{before}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_an_id_is_put_in_its_place_or_left_out() {
        let known = Known::from([(mark(7), "a".to_owned())]);
        let mut record = json!({ "by": mark(7), "tax": tax_mark(5), "who": [mark(7), mark(8)], "name": "7" });
        settle(&mut record, &known);
        assert_eq!(record, json!({ "by": "a", "tax": null, "who": ["a"], "name": "7" }));
    }
}
