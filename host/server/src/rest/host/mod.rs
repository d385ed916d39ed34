//! What the host itself offers under `/api/v1`. Each operation is declared once, with utoipa, for the router and the
//! document alike; `x-permission` names what it needs, and `none` that it needs nobody.

mod account;
pub mod audit;
mod bounds;
pub(crate) mod changes;
pub mod devices;
mod documents;
mod figures;
mod grants;
pub mod invitations;
mod jobs;
mod letters;
mod links;
mod media;
pub mod migration;
mod notices;
mod organization;
mod outbound;
mod parameters;
pub mod people;
pub mod plan;
pub mod plugins;
mod privacy;
mod returning;
pub mod roles;
mod search;
mod second_factor;
pub mod session;
mod settings;
mod sharing;
mod shipped;
mod sign_up;
mod tokens;
mod uses;
mod views;
mod webhooks;

pub(crate) use documents::{as_pdf, as_picture};

use crate::app::App;
use crate::auth::Signed;
use crate::middleware::RequestContext;
use axum::Router;
use axum::extract::FromRequestParts;
use http::header;
use http::request::Parts;
use lignaflow_core::caller::{Access, Principal};
use lignaflow_core::catalog::Schema;
use lignaflow_core::custom::nested;
use lignaflow_core::value::instant_text;
use lignaflow_core::{Fault, Id};
use lignaflow_identity::Client;
use lignaflow_store::LogEntry;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(Debug, OpenApi)]
#[openapi(components(schemas(crate::problem::ProblemBody, crate::problem::IssueBody)))]
struct Document;

fn described() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(session::sign_in, session::sign_out))
        .routes(routes!(account::me, account::change_profile))
        .routes(routes!(account::change_password))
        .routes(routes!(account::sessions, account::end_other_sessions))
        .routes(routes!(account::ask_address))
        .routes(routes!(second_factor::begin, second_factor::confirm, second_factor::remove))
        .routes(routes!(second_factor::codes))
        .routes(routes!(second_factor::prove))
        .routes(routes!(sign_up::ask))
        .routes(routes!(sign_up::complete))
        .routes(routes!(devices::list, devices::create))
        .routes(routes!(devices::revoke))
        .routes(routes!(devices::enrol))
        .routes(routes!(devices::sign_in))
        .routes(routes!(devices::set_pin, devices::remove_pin))
        .routes(routes!(devices::change_pin))
        .routes(routes!(account::revoke_session))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(people::list, people::add))
        .routes(routes!(people::change))
        .routes(routes!(people::set_roles))
        .routes(routes!(people::add_placeholder))
        .routes(routes!(privacy::export))
        .routes(routes!(privacy::export_me))
        .routes(routes!(privacy::erasure, privacy::erase))
        .routes(routes!(privacy::retention, privacy::set_retention))
        .routes(routes!(organization::get, organization::change))
        .routes(routes!(organization::remove))
        .routes(routes!(roles::list, roles::create))
        .routes(routes!(roles::change, roles::remove))
        .routes(routes!(roles::permissions))
        .routes(routes!(invitations::list, invitations::create))
        .routes(routes!(invitations::withdraw))
        .routes(routes!(invitations::send))
        .routes(routes!(invitations::join))
        .routes(routes!(invitations::accept))
        .routes(routes!(audit::list))
        .routes(routes!(changes::list))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::one, webhooks::change, webhooks::remove))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::pause))
        .routes(routes!(webhooks::resume))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::replay_range))
        .routes(routes!(webhooks::replay))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::schedules))
        .routes(routes!(jobs::subscribers))
        .routes(routes!(jobs::resume))
        .routes(routes!(jobs::one))
        .routes(routes!(jobs::retry))
        .routes(routes!(jobs::cancel))
        .routes(routes!(notices::list))
        .routes(routes!(notices::read_all))
        .routes(routes!(notices::settings, notices::set_settings))
        .routes(routes!(notices::read))
        .routes(routes!(letters::list))
        .routes(routes!(letters::test))
        .routes(routes!(letters::one))
        .routes(routes!(letters::send))
        .routes(routes!(links::list))
        .routes(routes!(links::one))
        .routes(routes!(links::withdraw))
        .routes(routes!(outbound::list))
        .routes(routes!(documents::list))
        .routes(routes!(documents::retry))
        .routes(routes!(documents::templates))
        .routes(routes!(documents::template, documents::keep_template, documents::drop_template))
        .routes(routes!(documents::preview))
        .routes(routes!(documents::logo, documents::keep_logo, documents::drop_logo))
        .routes(routes!(views::list, views::create))
        .routes(routes!(views::get, views::change, views::remove))
        .routes(routes!(uses::list, uses::set))
        .routes(routes!(sharing::list, sharing::make))
        .routes(routes!(sharing::withdraw))
        .routes(routes!(media::upload))
        .routes(routes!(media::get))
        .routes(routes!(media::content))
        .routes(routes!(plugins::list, plugins::install))
        .routes(routes!(plugins::enable))
        .routes(routes!(plugins::disable))
        .routes(routes!(plugins::consent))
        .routes(routes!(plugins::log))
        .routes(routes!(plugins::call_again))
        .routes(routes!(figures::figures))
        .routes(routes!(grants::get, grants::put))
        .routes(routes!(grants::activate))
        .routes(routes!(grants::deactivate))
        .routes(routes!(shipped::list, shipped::install_all))
        .routes(routes!(shipped::install_one))
        .routes(routes!(bounds::get, bounds::put))
        .routes(routes!(returning::versions))
        .routes(routes!(returning::roll_back))
        .routes(routes!(settings::get, settings::put))
        .routes(routes!(migration::latest))
        .routes(routes!(search::search))
        .routes(routes!(plan::inspect))
        .routes(routes!(plan::kept))
        .routes(routes!(plan::purge))
        .routes(routes!(plan::uninstall))
}

/// The handlers, to be nested under `/api/v1`.
pub fn router() -> Router<Arc<App>> {
    described().split_for_parts().0
}

/// The document of the host's own operations, with paths as they stand under `/api/v1`.
pub fn document() -> utoipa::openapi::OpenApi {
    OpenApiRouter::new().nest("/api/v1", described()).split_for_parts().1
}

/// Where a request comes from, for what is written down about it.
#[derive(Debug)]
pub struct From(pub Client);

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        Ok(Self(match parts.extensions.get::<RequestContext>() {
            Some(context) => Client::new(context.client, agent).bearing(session::marks(&parts.headers)),
            None => Client::command_line(),
        }))
    }
}

/// Who changes plugins, for the audit.
pub fn by(signed: &Signed, client: &Client) -> lignaflow_store::plugins::By {
    lignaflow_store::plugins::By {
        person: signed.caller.person(),
        address: client.address.map(|address| address.to_string()).unwrap_or_default(),
        token: signed.authenticated.token(),
        at: signed.caller.now,
    }
}

/// One change of the log, as the API writes it.
pub fn log_entry(entry: &LogEntry) -> Json {
    let (kind, id) = match &entry.principal {
        Principal::Person(person) => ("person", json!(person.to_string())),
        Principal::Plugin(plugin) => ("plugin", json!(plugin.as_str())),
        Principal::Link(link) => ("link", json!(link.to_string())),
        Principal::Anonymous => ("anonymous", Json::Null),
    };
    json!({
        "at": instant_text(entry.at),
        "by": { "kind": kind, "id": id },
        "through": entry.through.as_ref().map(|(plugin, version)| json!({ "plugin": plugin.as_str(), "version": version })),
        "request_id": entry.request.to_string(),
        "origin": entry.origin,
        "import": entry.import.map(|id| id.to_string()),
        "kind": entry.kind.as_str(),
        "transition": entry.transition,
        "version": entry.version,
        "before": nested(&entry.before),
        "after": nested(&entry.after),
    })
}

/// What the files are called that a record's changes speak of, also those that are gone: by id. Nothing where the
/// collection has none.
pub async fn file_names(
    app: &App,
    access: Access<'_>,
    schema: &Schema,
    entries: &[LogEntry],
) -> Result<Option<Json>, Fault> {
    let fields: Vec<&str> =
        schema.fields.iter().filter(|field| field.field.kind.is_media()).map(|field| field.name.as_str()).collect();
    if fields.is_empty() {
        return Ok(None);
    }
    let mut ids = BTreeSet::new();
    for side in entries.iter().flat_map(|entry| [&entry.before, &entry.after]) {
        for value in fields.iter().filter_map(|field| side.get(*field)) {
            let one = value.as_str().into_iter();
            let many = value.as_array().into_iter().flatten().filter_map(Json::as_str);
            ids.extend(one.chain(many).filter_map(|id| id.parse::<Id>().ok()));
        }
    }
    let ids: Vec<Id> = ids.into_iter().collect();
    let names = app.records.file_names(access, &ids).await?;
    Ok(Some(names.into_iter().map(|(id, name)| (id.to_string(), Json::from(name))).collect()))
}
