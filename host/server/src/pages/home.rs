//! The first page, and the search over everything that is on.

use super::declared;
use super::follow;
use super::house::Visit;
use super::lookup;
use axum::extract::Query;
use axum::response::Response;
use lignaflow_core::Fault;
use lignaflow_core::caller::Permission;
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::Menu;
use lignaflow_core::query::{Authority, Predicate, Selection};
use lignaflow_records::search::is_searched;
use lignaflow_web::collection::record::label;
use lignaflow_web::home::{HomePage, Recent, Step, Tally, page as home_page};
use lignaflow_web::labels::Wanted;
use lignaflow_web::search::{Group, Hit, SearchPage, page as search_page};
use lignaflow_web::{ListQuery, paths};
use std::collections::HashMap;
use std::sync::Arc;

/// Records that the first page tells of as changed last.
const RECENT: usize = 12;
/// Collections whose records are counted.
const TALLIES: usize = 8;
/// Records of a collection that are counted; of more than these it is told that there are more.
const COUNTED: u32 = 10_000;
/// For how long an organization is new, in microseconds: 60 days.
const NEW_FOR: i64 = 60 * 24 * 3_600 * 1_000_000;
/// Records of one collection that a search shows.
const HITS: u16 = 8;

/// The collections of the plugins that are on for the caller.
fn schemas(visit: &Visit) -> Vec<Arc<Schema>> {
    let organization = visit.signed.caller.organization;
    let catalog = &visit.snapshot.catalog;
    catalog.schemas().filter(|schema| visit.snapshot.is_enabled(organization, &schema.name.plugin)).cloned().collect()
}

fn icon_of(visit: &Visit, schema: &Schema) -> String {
    let plugin = visit.snapshot.plugins.get(&schema.name.plugin).and_then(|plugin| plugin.descriptor().icon.clone());
    schema.collection.icon.clone().or(plugin).unwrap_or_else(|| "file".to_owned())
}

pub(super) async fn home(visit: Visit) -> Response {
    match draw_home(&visit).await {
        Ok(response) => response,
        Err(fault) => visit.fault(&fault),
    }
}

async fn draw_home(visit: &Visit) -> Result<Response, Fault> {
    let caller = &visit.signed.caller;
    let access = caller.to_read()?;
    let catalog = &visit.snapshot.catalog;
    let schemas: Vec<_> = schemas(visit).into_iter().filter(|schema| schema.collection.menu() == Menu::First).collect();
    let mut wanted = Wanted::default();
    let mut blocks = declared::at_home(visit, &mut wanted).await;
    blocks.extend(follow::at_home(visit, &mut wanted).await?);
    let tallies = if blocks.is_empty() { tallies(visit, &schemas).await? } else { Vec::new() };
    let changed = visit.app.records.changed_last(access, catalog, &schemas, RECENT).await?;
    wanted.people.extend(changed.iter().filter_map(|(_, record)| record.created_by.map(|person| person.0)));
    let labels = lookup::labels(visit, &wanted).await?;
    let recent: Vec<Recent> = changed
        .iter()
        .map(|(schema, record)| Recent {
            label: label(schema, record),
            href: paths::record(&schema.name, record.id),
            kind: schema.collection.title.one.clone(),
            icon: icon_of(visit, schema),
            at: record.updated_at,
            // Who made it changed it last only where nothing has changed since.
            by: record.created_by.map(|person| person.0).filter(|_| record.version == 1),
        })
        .collect();
    let steps = first_steps(visit).await?;
    let view = HomePage {
        steps: &steps,
        may_sample: cfg!(feature = "shipped")
            && caller.holds(Permission::INSTALL_PLUGINS)
            && visit.signed.authenticated.organizations.len() == 1,
        blocks: &blocks,
        tallies: &tallies,
        recent: &recent,
        labels: &labels,
        may_switch: caller.holds(Permission::SWITCH_PLUGINS),
    };
    Ok(visit.page(home_page(&visit.shell(), &view)))
}

/// What a new organization does first, for those who see to it; nothing once the organization is no longer new.
async fn first_steps(visit: &Visit) -> Result<Vec<Step>, Fault> {
    let signed = &visit.signed;
    let organization = &signed.authenticated.organization;
    if !signed.caller.holds(Permission::ADMINISTER) || visit.app.clock.now() - organization.created_at > NEW_FOR {
        return Ok(Vec::new());
    }
    let step = |title: &str, text: &str, href: String, done| Step {
        title: title.to_owned(),
        text: text.to_owned(),
        href,
        done,
    };
    let members = visit.app.identity.members(&signed.authenticated).await?;
    let mut steps = vec![
        step(
            "Give your tax number",
            "It stands on quotes and other papers, with the name and the country.",
            paths::ORGANIZATION.to_owned(),
            !organization.tax_number.is_empty(),
        ),
        step(
            "Put your logo on paper",
            "It heads every document that is made here.",
            paths::DOCUMENTS.to_owned(),
            visit.app.documents.has_logo(signed).await?,
        ),
        step(
            "Invite your people",
            "By mail, by a link or by a code to scan; whoever has no address signs in by name and PIN.",
            paths::PEOPLE.to_owned(),
            members.len() > 1,
        ),
    ];
    let catalog = &visit.snapshot.catalog;
    for plugin in visit.snapshot.enabled_in(organization.id) {
        for first in &plugin.descriptor().first_steps {
            let name = format!("{}/{}", plugin.id(), first.collection);
            let Some(schema) = name.parse().ok().and_then(|name| catalog.schema(&name)) else { continue };
            let href = match &first.page {
                Some(page) => paths::page(plugin.id(), page),
                None => paths::new(&schema.name),
            };
            let done = count(visit, schema, 1).await? > 0;
            steps.push(step(&first.title, &first.text, href, done));
        }
    }
    Ok(steps)
}

/// How many records of a collection the caller sees, up to a number.
async fn count(visit: &Visit, schema: &Schema, most: u32) -> Result<u64, Fault> {
    let selection = Selection {
        collection: schema.name.to_string(),
        authority: Authority::Caller,
        filter: Predicate::always(),
        sort: Vec::new(),
        select: Vec::new(),
        limit: 1,
        after: None,
    };
    let access = visit.signed.caller.to_read()?;
    visit.app.records.count_up_to(access, &visit.snapshot.catalog, &selection, most).await
}

/// How many records there are of what the menu has first.
async fn tallies(visit: &Visit, schemas: &[Arc<Schema>]) -> Result<Vec<Tally>, Fault> {
    let mut tallies = Vec::new();
    for schema in schemas.iter().take(TALLIES) {
        let count = count(visit, schema, COUNTED + 1).await?;
        tallies.push(Tally {
            title: schema.collection.title.many.clone(),
            count: i64::try_from(count.min(u64::from(COUNTED))).unwrap_or(i64::MAX),
            more: count > u64::from(COUNTED),
            href: paths::list(&schema.name),
        });
    }
    Ok(tallies)
}

pub(super) async fn search(visit: Visit, Query(query): Query<HashMap<String, String>>) -> Response {
    let q = query.get("q").map(|text| text.trim().to_owned()).unwrap_or_default();
    match draw_search(&visit, &q).await {
        Ok(response) => response,
        Err(fault) => visit.fault(&fault),
    }
}

async fn draw_search(visit: &Visit, q: &str) -> Result<Response, Fault> {
    let access = visit.signed.caller.to_read()?;
    let mut groups = Vec::new();
    for schema in schemas(visit).into_iter().filter(|schema| !q.is_empty() && is_searched(schema)) {
        let found = visit.app.records.search(access, &visit.snapshot.catalog, &schema, q, HITS, None).await?;
        if found.hits.is_empty() {
            continue;
        }
        let hits = found.hits.into_iter().map(|hit| Hit {
            href: paths::record(&schema.name, hit.id),
            label: hit.label,
            hint: hit.belongs_to.unwrap_or_default(),
            snippet: hit.snippet.map(|snippet| snippet.text),
        });
        let list = ListQuery { q: q.to_owned(), ..ListQuery::default() };
        groups.push(Group {
            title: schema.collection.title.many.clone(),
            icon: icon_of(visit, &schema),
            hits: hits.collect(),
            more: found.next.is_some().then(|| list.address(&paths::list(&schema.name))),
        });
    }
    Ok(visit.page(search_page(&visit.shell(), &SearchPage { q, groups: &groups })))
}
