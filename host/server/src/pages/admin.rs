//! `/admin/`: the plugins of the instance, as an administrator of it or of an organization sees them.

use super::house::Visit;
use super::{figures, lookup};
use crate::app::App;
use crate::plugins::{Asked, Inspected, look_into, tag};
use crate::rest::host::{From, by, plugins as api};
use axum::Router;
use axum::extract::{Multipart, Path, Query, RawForm};
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::StatusCode;
use lignaflow_core::caller::Permission;
use lignaflow_core::descriptor::{Descriptor, Grants};
use lignaflow_core::name::PluginId;
use lignaflow_core::query::{Authority, Predicate, Selection};
use lignaflow_core::{Fault, Issue};
use lignaflow_runtime::{Level, UsedBy};
use lignaflow_store::plugins::{DataMigration, Installed, Phase};
use lignaflow_web::activity::Actor;
use lignaflow_web::admin::{
    AsideRow, Carrying, CarryingState, ConsentPage, Happening, InstallFault, LogLevel, LogLine, LogQuery, PluginPage,
    PluginRow, PluginState, PluginsPage, asks, consent, plugin as draw_plugin, plugins as draw_plugins,
};
use lignaflow_web::labels::Wanted;
use lignaflow_web::paths;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Acts on plugins that the page tells of.
const HISTORY: u32 = 20;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/admin", get(|| async { Redirect::permanent(paths::PLUGINS) }))
        .route("/admin/", get(|| async { Redirect::permanent(paths::PLUGINS) }))
        .route(paths::PLUGINS, get(list))
        .route(paths::PLUGIN_INSTALL, post(upload))
        .route("/admin/plugins/consent", post(agree))
        .route("/admin/plugins/{id}", get(one))
        .route("/admin/plugins/{id}/enable", post(enable))
        .route("/admin/plugins/{id}/disable", post(disable))
        .route("/admin/plugins/{id}/consent", post(consent_to))
        .route("/admin/plugins/{id}/grants", post(grant))
        .route("/admin/plugins/{id}/call-again", post(call_again))
        .merge(super::bounds::router())
        .merge(super::lifecycle::router())
        .merge(super::returning::router())
        .merge(super::kept::router())
}

pub(super) fn may(visit: &Visit, permission: &str) -> bool {
    visit.signed.caller.holds(permission)
}

type Waiting = BTreeMap<PluginId, Grants>;

/// What is known of all plugins beside what is installed.
struct Known {
    migrations: Vec<DataMigration>,
    waiting: Waiting,
    /// Of the last day.
    used: Vec<UsedBy>,
}

async fn known(visit: &Visit, plugin: Option<&PluginId>) -> Result<Known, Fault> {
    Ok(Known {
        migrations: migrations(visit).await?,
        waiting: visit.app.plugins.waiting(visit.signed.caller.organization).await?,
        used: visit.app.plugins.used(plugin, figures::a_day_before(visit.app.clock.now())).await?,
    })
}

fn row(visit: &Visit, installed: &Installed, known: &Known) -> PluginRow {
    let loaded = visit.snapshot.plugins.get(&installed.id);
    let on = visit.snapshot.is_enabled(visit.signed.caller.organization, &installed.id);
    let state = match (visit.app.plugins.fault(&installed.id), on) {
        _ if !installed.active => PluginState::Stopped,
        (Some(why), _) => PluginState::Failed(why),
        (None, _) if known.waiting.contains_key(&installed.id) => PluginState::Asks,
        (None, true) => PluginState::Running,
        (None, false) => PluginState::Off { since: None },
    };
    PluginRow {
        id: installed.id.to_string(),
        title: installed.title.clone(),
        version: installed.version.clone(),
        description: loaded.map(|plugin| plugin.descriptor().description.clone()).unwrap_or_default(),
        state,
        usage: loaded.map(|_| figures::usage(&known.used, &installed.id, visit.app.clock.now())),
        carrying: known.migrations.iter().find(|migration| migration.plugin == installed.id).and_then(carrying),
    }
}

/// For who installs: they tell of all organizations.
async fn migrations(visit: &Visit) -> Result<Vec<DataMigration>, Fault> {
    if may(visit, Permission::INSTALL_PLUGINS) { visit.app.plugins.migrations().await } else { Ok(Vec::new()) }
}

/// What is still to be told of a plugin's latest migration: nothing where it ended well.
fn carrying(migration: &DataMigration) -> Option<Carrying> {
    let state = match (migration.phase, &migration.fault) {
        (Phase::Copying, _) => CarryingState::Copying,
        (Phase::Sweeping, _) => CarryingState::Sweeping,
        (Phase::Failed, why) => CarryingState::Failed(why.clone().unwrap_or_default()),
        (Phase::Done, Some(why)) => CarryingState::Left(why.clone()),
        (Phase::Done, None) => return None,
    };
    Some(Carrying {
        from: migration.from_version.clone(),
        to: migration.version.clone(),
        state,
        records: migration.records,
        expected: migration.expected,
    })
}

async fn list(visit: Visit) -> Response {
    draw_list(&visit, None).await
}

pub(super) async fn draw_list(visit: &Visit, fault: Option<&Fault>) -> Response {
    if let Err(fault) = api::may_see(&visit.signed) {
        return visit.fault(&fault);
    }
    let installed = match visit.app.plugins.installed().await {
        Ok(installed) => installed,
        Err(fault) => return visit.fault(&fault),
    };
    let organization = visit.signed.caller.organization;
    let known = match known(visit, None).await {
        Ok(known) => known,
        Err(fault) => return visit.fault(&fault),
    };
    let rows: Vec<PluginRow> = installed.iter().map(|plugin| row(visit, plugin, &known)).collect();
    let events = match visit.app.plugins.happenings(organization, HISTORY).await {
        Ok(events) => events,
        Err(fault) => return visit.fault(&fault),
    };
    let history: Vec<Happening> = events
        .into_iter()
        .map(|event| Happening {
            at: event.at,
            actor: event.person.map(|person| Actor::Person(person.0)),
            text: told(&event.kind, &event.detail, &installed, event.person.is_some()),
        })
        .collect();
    let wanted = Wanted {
        people: history
            .iter()
            .filter_map(|happening| match happening.actor {
                Some(Actor::Person(id)) => Some(id),
                _ => None,
            })
            .collect(),
        ..Wanted::default()
    };
    let labels = match lookup::labels(visit, &wanted).await {
        Ok(labels) => labels,
        Err(fault) => return visit.fault(&fault),
    };
    let left = match super::kept::left(visit, &installed).await {
        Ok(left) => left,
        Err(fault) => return visit.fault(&fault),
    };
    let shipped = match super::lifecycle::shipped(visit).await {
        Ok(shipped) => shipped,
        Err(fault) => return visit.fault(&fault),
    };
    let view = PluginsPage {
        shipped: &shipped,
        plugins: &rows,
        notices: &[],
        history: &history,
        labels: &labels,
        may_switch: may(visit, Permission::SWITCH_PLUGINS),
        may_install: may(visit, Permission::INSTALL_PLUGINS),
        max_bytes: visit.app.config.plugins.file_bytes,
        left: &left,
        fault: fault.map(|fault| InstallFault { message: &fault.message, issues: &fault.issues }),
    };
    let status = fault.map_or(StatusCode::OK, |fault| crate::problem::Problem::from(fault.clone()).status());
    visit.page_with(status, draw_plugins(&visit.shell(), &view))
}

/// An act on a plugin, as the rest of a sentence that begins with who did it, or as one of its own.
fn told(kind: &str, detail: &serde_json::Value, installed: &[Installed], by_somebody: bool) -> String {
    let id = detail["plugin"].as_str().unwrap_or_default();
    let title = installed.iter().find(|plugin| plugin.id.as_str() == id).map_or(id, |plugin| plugin.title.as_str());
    let version = detail["version"].as_str().unwrap_or_default();
    let deed = match kind {
        "plugin.installed" => format!("installed {title} {version}"),
        "plugin.switched-on" => format!("switched {title} on"),
        "plugin.switched-off" => format!("switched {title} off"),
        "plugin.consented" => format!("consented to what {title} newly may"),
        "plugin.consent-asked" => format!("asked for consent to what {title} newly may"),
        "plugin.granted" => format!("changed what {title} may do"),
        "plugin.activated" => format!("let {title} run"),
        "plugin.deactivated" => format!("stopped {title} for everybody"),
        "plugin.uninstalled" => format!("uninstalled {title}; its records are kept"),
        "plugin.purged" => {
            format!("purged {} for good", detail["name"].as_str().unwrap_or_default())
        }
        "plugin.migration-begun" => format!("began to carry records of {title} over to {version}"),
        "plugin.migration-failed" => format!("could not carry the records of {title} over to {version}"),
        "plugin.migrated" => format!("carried the records of {title} over to {version}"),
        "plugin.set-aside" => {
            format!("set {} of {title} aside, which kept failing", detail["name"].as_str().unwrap_or_default())
        }
        "plugin.called-again" => format!("had {} of {title} called again", detail["name"].as_str().unwrap_or_default()),
        "plugin.version-changed" if version.is_empty() => format!("changed the version of {title}"),
        "plugin.version-changed" => {
            format!("changed {title} from {} to {version}", detail["from"].as_str().unwrap_or_default())
        }
        _ => format!("changed {title}"),
    };
    if by_somebody { deed } else { format!("The server {deed}.") }
}

pub(super) async fn find(visit: &Visit, id: &str) -> Result<Installed, Response> {
    if let Err(fault) = api::may_see(&visit.signed) {
        return Err(visit.fault(&fault));
    }
    match visit.app.plugins.installed().await {
        Ok(installed) => installed.into_iter().find(|plugin| plugin.id.as_str() == id).ok_or_else(|| visit.not_found()),
        Err(fault) => Err(visit.fault(&fault)),
    }
}

/// What is looked at on a plugin's page.
#[derive(Debug, Default)]
struct Look {
    log: LogQuery,
    /// The version that figures are of; all where it is empty.
    version: String,
}

async fn one(visit: Visit, Path(id): Path<String>, Query(asked): Query<HashMap<String, String>>) -> Response {
    let of = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let log = LogQuery { level: of("level"), call: of("call"), q: of("q") };
    Box::pin(draw(&visit, &id, &Look { log, version: of("version") }, None)).await
}

pub(super) async fn draw_one(visit: &Visit, id: &str, fault: Option<&Fault>) -> Response {
    Box::pin(draw(visit, id, &Look::default(), fault)).await
}

async fn draw(visit: &Visit, id: &str, look: &Look, fault: Option<&Fault>) -> Response {
    if let Some(fault) = fault.filter(|fault| lignaflow_identity::asks_for_proof(fault)) {
        return visit.fault(fault);
    }
    let installed = match find(visit, id).await {
        Ok(installed) => installed,
        Err(response) => return response,
    };
    let loaded = visit.snapshot.plugins.get(&installed.id);
    let parsed;
    let descriptor: &Descriptor = match loaded {
        Some(plugin) => plugin.descriptor(),
        None => match lignaflow_core::descriptor::parse(&installed.descriptor) {
            Ok(descriptor) => {
                parsed = descriptor;
                &parsed
            }
            Err(_) => {
                return visit
                    .fault(&Fault::new(lignaflow_core::ErrorCode::PluginFailed, "Its descriptor cannot be read."));
            }
        },
    };
    let digest = hex::encode(installed.hash);
    let query = &look.log;
    let asked = api::LogOf {
        level: Some(query.level.clone()),
        call: Some(query.call.clone()),
        request: None,
        q: Some(query.q.clone()),
    };
    let filter = match api::LogFilter::of(asked) {
        Ok(filter) => filter,
        Err(fault) => return visit.fault(&fault),
    };
    let asides = match visit.app.plugins.asides_of(&installed.id, visit.signed.caller.organization).await {
        Ok(asides) => asides,
        Err(fault) => return visit.fault(&fault),
    };
    let asides: Vec<AsideRow> = asides
        .into_iter()
        .map(|aside| AsideRow {
            everywhere: aside.organization.is_none(),
            kind: aside.kind,
            name: aside.name,
            fault: aside.fault,
            since: aside.since,
        })
        .collect();
    let log: Vec<LogLine> = match loaded.filter(|_| may(visit, Permission::INSTALL_PLUGINS)) {
        Some(plugin) => plugin
            .log()
            .into_iter()
            .rev()
            .filter(|line| filter.takes(line))
            .map(|line| LogLine {
                at: line.at,
                level: match line.level {
                    Level::Error => LogLevel::Error,
                    Level::Warn => LogLevel::Warn,
                    Level::Info => LogLevel::Info,
                    Level::Debug | Level::Trace => LogLevel::Debug,
                },
                message: line.text,
                request_id: Some(line.request.to_string()),
            })
            .collect(),
        None => Vec::new(),
    };
    let known = match known(visit, Some(&installed.id)).await {
        Ok(known) => known,
        Err(fault) => return visit.fault(&fault),
    };
    let used = figures::view(&known.used, &look.version, visit.app.clock.now());
    let versions = match super::returning::versions(visit, &installed.id).await {
        Ok(versions) => versions,
        Err(fault) => return visit.fault(&fault),
    };
    let mut asked = known.waiting.get(&installed.id).map_or_else(Vec::new, |before| asks(&installed.granted, before));
    asked.retain(|ask| !ask.granted);
    let view = PluginPage {
        asked: &asked,
        may_consent: may(visit, Permission::CONSENT),
        row: &row(visit, &installed, &known),
        granted_version: tag(&installed),
        descriptor,
        catalog: &visit.snapshot.catalog,
        asks: &asks(&descriptor.grants, &installed.granted),
        versions: &versions,
        bounds: &installed.granted.bounds,
        size: None,
        digest: Some(&digest[..16]),
        counts: &counts(visit, descriptor).await,
        log: &log,
        log_query: query,
        used: &used,
        asides: &asides,
        may_switch: may(visit, Permission::SWITCH_PLUGINS),
        may_install: may(visit, Permission::INSTALL_PLUGINS),
        fault: fault.map(|fault| fault.message.as_str()),
        needs: &lacks(visit, &installed),
    };
    let status = fault.map_or(StatusCode::OK, |fault| crate::problem::Problem::from(fault.clone()).status());
    visit.page_with(status, draw_plugin(&visit.shell(), &view))
}

/// The titles of what has to be on before it and is off.
fn lacks(visit: &Visit, installed: &Installed) -> Vec<String> {
    let order = visit.snapshot.to_switch_on(visit.signed.caller.organization, &installed.id).unwrap_or_default();
    let others = order.iter().filter(|id| **id != installed.id).filter_map(|id| visit.snapshot.plugins.get(id));
    others.map(|plugin| plugin.descriptor().title.clone()).collect()
}

/// How many records this organization has in each collection; none where they cannot be counted now.
async fn counts(visit: &Visit, descriptor: &Descriptor) -> Vec<i64> {
    let Ok(access) = visit.signed.caller.to_read() else { return Vec::new() };
    let mut counts = Vec::with_capacity(descriptor.collections.len());
    for collection in &descriptor.collections {
        let selection = Selection {
            collection: format!("{}/{}", descriptor.id, collection.name),
            authority: Authority::Caller,
            filter: Predicate::always(),
            sort: Vec::new(),
            select: Vec::new(),
            limit: 1,
            after: None,
        };
        match visit.app.records.count(access, &visit.snapshot.catalog, &selection).await {
            Ok(count) => counts.push(i64::try_from(count).unwrap_or(i64::MAX)),
            Err(_) => return Vec::new(),
        }
    }
    counts
}

async fn switch(visit: Visit, client: lignaflow_identity::Client, id: &str, on: bool) -> Response {
    let installed = match find(&visit, id).await {
        Ok(installed) => installed,
        Err(response) => return response,
    };
    let caller = &visit.signed.caller;
    let may = if on {
        api::may_switch_on(&visit.app, &visit.signed, &installed.id, false).await
    } else {
        api::may_switch(&visit.signed)
    };
    let switched = match may {
        Ok(()) => {
            let by = by(&visit.signed, &client);
            visit.app.plugins.switch(caller.organization, &installed.id, on, by).await
        }
        Err(fault) => Err(fault),
    };
    let state = if on { "on" } else { "off" };
    match switched {
        Ok(()) => visit.go(paths::PLUGINS, &format!("{} is {state}.", installed.title)),
        Err(fault) => draw_one(&visit, id, Some(&fault)).await,
    }
}

async fn enable(visit: Visit, From(client): From, Path(id): Path<String>, RawForm(body): RawForm) -> Response {
    let with_needs = form_urlencoded::parse(&body).any(|(name, value)| name == "with" && value == "needs");
    if !with_needs {
        return switch(visit, client, &id, true).await;
    }
    let installed = match find(&visit, &id).await {
        Ok(installed) => installed,
        Err(response) => return response,
    };
    let organization = visit.signed.caller.organization;
    let switched = match api::may_switch_on(&visit.app, &visit.signed, &installed.id, true).await {
        Ok(()) => {
            let by = by(&visit.signed, &client);
            visit.app.plugins.switch_on_with_needs(organization, &installed.id, by).await
        }
        Err(fault) => Err(fault),
    };
    match switched {
        Ok(_) => visit.go(paths::PLUGINS, &format!("{} is on, with what it needs.", installed.title)),
        Err(fault) => draw_one(&visit, &id, Some(&fault)).await,
    }
}

async fn disable(visit: Visit, From(client): From, Path(id): Path<String>) -> Response {
    switch(visit, client, &id, false).await
}

/// An owner consents to what it is newly granted.
async fn consent_to(visit: Visit, From(client): From, Path(id): Path<String>, RawForm(body): RawForm) -> Response {
    let installed = match find(&visit, &id).await {
        Ok(installed) => installed,
        Err(response) => return response,
    };
    let organization = visit.signed.caller.organization;
    let consented = match api::may_consent(&visit.signed).and_then(|()| visit.signed.authenticated.proved()) {
        Ok(()) => {
            let by = by(&visit.signed, &client);
            visit.app.plugins.consent(organization, &installed.id, &named(&body), by).await
        }
        Err(fault) => Err(fault),
    };
    match consented {
        Ok(()) => visit.go(&paths::plugin(&installed.id), &format!("{} goes on.", installed.title)),
        Err(fault) => draw_one(&visit, &id, Some(&fault)).await,
    }
}

async fn call_again(visit: Visit, From(client): From, Path(id): Path<String>, RawForm(body): RawForm) -> Response {
    let installed = match find(&visit, &id).await {
        Ok(installed) => installed,
        Err(response) => return response,
    };
    let of = |wanted: &str| {
        let mut pairs = form_urlencoded::parse(&body);
        pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let part = (of("kind"), of("name"));
    let called = match api::may_install(&visit.signed) {
        Ok(()) => visit.app.plugins.call_again(&installed.id, part, by(&visit.signed, &client)).await,
        Err(fault) => Err(fault),
    };
    match called {
        Ok(()) => visit.go(&paths::plugin(&installed.id), "It is called again."),
        Err(fault) => draw_one(&visit, &id, Some(&fault)).await,
    }
}

/// The version of what a plugin is granted that a form was made of; any where it says none.
pub(super) fn seen(body: &[u8]) -> Option<u64> {
    form_urlencoded::parse(body).find(|(name, _)| name == "seen").and_then(|(_, value)| value.parse().ok())
}

/// The names of the rights that were ticked.
pub(super) fn named(body: &[u8]) -> Vec<String> {
    form_urlencoded::parse(body).filter(|(name, _)| name == "grant").map(|(_, value)| value.into_owned()).collect()
}

async fn grant(visit: Visit, From(client): From, Path(id): Path<String>, RawForm(body): RawForm) -> Response {
    let installed = match find(&visit, &id).await {
        Ok(installed) => installed,
        Err(response) => return response,
    };
    // What its calls may use is set elsewhere.
    let asked = Asked { rights: Some(named(&body)), bounds: None };
    let granted = match api::may_install_now(&visit.signed) {
        Ok(()) => visit.app.plugins.grant(&installed.id, &asked, seen(&body), by(&visit.signed, &client)).await,
        Err(fault) => Err(fault),
    };
    match granted {
        Ok(()) => visit.go(&paths::plugin(&installed.id), "Saved what it may do."),
        Err(fault) => draw_one(&visit, &id, Some(&fault)).await,
    }
}

async fn upload(visit: Visit, From(client): From, mut form: Multipart) -> Response {
    if let Err(fault) = api::may_install(&visit.signed) {
        return visit.fault(&fault);
    }
    let mut file = None;
    loop {
        match form.next_field().await {
            Ok(Some(field)) if field.name() == Some("file") => match field.bytes().await {
                Ok(bytes) => file = Some(bytes),
                Err(error) => return unread(&visit, &error.body_text()).await,
            },
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => return unread(&visit, &error.body_text()).await,
        }
    }
    let Some(bytes) = file.filter(|bytes| !bytes.is_empty()) else {
        let fault = Fault::invalid(vec![Issue::new("/file", "required", "Choose a plugin's .wasm file first.")]);
        return draw_list(&visit, Some(&fault)).await;
    };
    match look_into(bytes.clone()).await {
        Ok(inspected) => ask(&visit, &client, inspected, bytes, None).await,
        Err(fault) => draw_list(&visit, Some(&fault)).await,
    }
}

async fn unread(visit: &Visit, why: &str) -> Response {
    let fault = Fault::invalid(vec![Issue::new("/file", "unread", format!("The file did not arrive whole: {why}."))]);
    draw_list(visit, Some(&fault)).await
}

/// Switches on what was just installed, with what it needs.
async fn have_on(visit: &Visit, client: &lignaflow_identity::Client, descriptor: &Descriptor) -> Response {
    let (organization, id) = (visit.signed.caller.organization, &descriptor.id);
    let switched = match api::may_switch_on(&visit.app, &visit.signed, id, true).await {
        Ok(()) => visit.app.plugins.switch_on_with_needs(organization, id, by(&visit.signed, client)).await,
        Err(fault) => Err(fault),
    };
    match switched {
        Ok(_) => {
            visit.go(&paths::plugin(id), &format!("{} {} is installed and on.", descriptor.title, descriptor.version))
        }
        Err(fault) => draw_one(visit, id.as_str(), Some(&fault)).await,
    }
}

/// Shows what a file asks for and changes, and keeps it until somebody consents.
pub(super) async fn ask(
    visit: &Visit,
    client: &lignaflow_identity::Client,
    inspected: Inspected,
    bytes: Bytes,
    fault: Option<&Fault>,
) -> Response {
    let digest = hex::encode(inspected.hash);
    let by = by(&visit.signed, client);
    if let Err(fault) = visit.app.plugins.wait_for_consent(inspected.hash, &bytes, by).await {
        return visit.fault(&fault);
    }
    let outlook = match visit.app.plugins.outlook(inspected.clone()).await {
        Ok(outlook) => outlook,
        Err(fault) => return visit.fault(&fault),
    };
    let plan = super::kept::plan_view(&outlook);
    let before: Option<(Descriptor, Grants)> = outlook
        .standing
        .and_then(|plugin| Some((lignaflow_core::descriptor::parse(&plugin.descriptor).ok()?, plugin.granted)));
    let hidden = [("digest".to_owned(), digest.clone())];
    // Who installs and consents to it may have it on with the same screen, and has where there is one organization.
    let may_have_on = may(visit, Permission::CONSENT) && before.is_none();
    let switch_on = match visit.app.plugins.is_of_one().await {
        Ok(one) => may_have_on.then_some(one),
        Err(fault) => return visit.fault(&fault),
    };
    let view = ConsentPage {
        switch_on,
        descriptor: &inspected.descriptor,
        installed: before.as_ref().map(|(descriptor, grants)| (descriptor, grants)),
        plan: &plan,
        size: inspected.size,
        digest: &digest[..16],
        action: "/admin/plugins/consent",
        hidden: &hidden,
        back: false,
        fault: fault.map(|fault| fault.message.as_str()),
    };
    let status = fault.map_or(StatusCode::OK, |fault| crate::problem::Problem::from(fault.clone()).status());
    visit.page_with(status, consent(&visit.shell(), &view))
}

async fn agree(visit: Visit, From(client): From, RawForm(body): RawForm) -> Response {
    if let Err(fault) = api::may_install_now(&visit.signed) {
        return visit.fault(&fault);
    }
    let digest = form_urlencoded::parse(&body).find(|(name, _)| name == "digest").map(|(_, value)| value.into_owned());
    let hash: Option<[u8; 32]> = digest.and_then(|text| hex::decode(text).ok()).and_then(|bytes| bytes.try_into().ok());
    let waiting = match hash {
        Some(hash) => visit.app.plugins.consented(&hash).await,
        None => Ok(None),
    };
    let waiting = match waiting {
        Ok(waiting) => waiting,
        Err(fault) => return draw_list(&visit, Some(&fault)).await,
    };
    let Some(bytes) = waiting else {
        let message = "The file is no longer here: it waits for 15 minutes. Choose it again.";
        let fault = Fault::invalid(vec![Issue::new("/file", "gone", message)]);
        return draw_list(&visit, Some(&fault)).await;
    };
    let inspected = match look_into(bytes.clone()).await {
        Ok(inspected) => inspected,
        Err(fault) => return draw_list(&visit, Some(&fault)).await,
    };
    let granted = inspected.descriptor.grants.chosen(&named(&body));
    let id: PluginId = inspected.descriptor.id.clone();
    match visit.app.plugins.install(inspected.clone(), bytes.to_vec(), granted, by(&visit.signed, &client)).await {
        Ok(installed) => {
            let Inspected { descriptor, .. } = installed.inspected;
            let wished = form_urlencoded::parse(&body).any(|(name, value)| name == "enable" && value == "yes");
            if wished && installed.carries_from.is_none() {
                return have_on(&visit, &client, &descriptor).await;
            }
            let done = match installed.carries_from {
                Some(from) => format!(
                    "{} {from} goes on until its records are carried over to {}.",
                    descriptor.title, descriptor.version
                ),
                None => format!("{} {} is installed.", descriptor.title, descriptor.version),
            };
            visit.go(&paths::plugin(&id), &done)
        }
        Err(fault) => ask(&visit, &client, inspected, bytes, Some(&fault)).await,
    }
}
