//! `/admin/outbound`: what plugins sent to hosts outside.

use super::house::Visit;
use crate::app::App;
use axum::Router;
use axum::extract::Query;
use axum::response::Response;
use axum::routing::get;
use lignaflow_core::name::PluginId;
use lignaflow_store::outbound::{Departure, Which};
use lignaflow_web::admin::{DepartureEnd, DepartureRow, DeparturesPage, departures as draw};
use lignaflow_web::paths;
use std::collections::HashMap;
use std::sync::Arc;

/// Rows of one page.
const SHOWN: usize = 50;
const ASKED: u32 = 51;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route(paths::OUTBOUND, get(show))
}

fn row(visit: &Visit, departure: Departure) -> DepartureRow {
    let plugin = visit.snapshot.plugin(&departure.plugin);
    let title = plugin.map_or_else(|| departure.plugin.to_string(), |plugin| plugin.descriptor().title.clone());
    let count = |bytes: i64| u64::try_from(bytes).unwrap_or_default();
    DepartureRow {
        at: departure.at,
        plugin: title,
        job: departure.job,
        method: departure.method,
        host: departure.host,
        path: departure.path,
        bytes_out: count(departure.bytes_out),
        ended: departure.ended.map(|ended| DepartureEnd {
            status: ended.status,
            bytes_in: count(ended.bytes_in),
            took_ms: ended.took_ms,
            error: ended.error,
        }),
    }
}

async fn show(visit: Visit, Query(query): Query<HashMap<String, String>>) -> Response {
    let plugin: Option<PluginId> = query.get("plugin").and_then(|text| text.parse().ok());
    let before = query.get("after").and_then(|text| text.parse().ok());
    let which = Which { plugin: plugin.clone(), host: None, before };
    let mut found = match visit.app.departures.all(&visit.signed, &which, ASKED).await {
        Ok(found) => found,
        Err(fault) => return visit.fault(&fault),
    };
    let more = found.len() > SHOWN;
    found.truncate(SHOWN);
    let word = plugin.as_ref().map_or("", PluginId::as_str);
    let next = found.last().filter(|_| more).map(|last| format!("{}?plugin={word}&after={}", paths::OUTBOUND, last.id));
    let organization = visit.signed.caller.organization;
    let sends: Vec<(String, String)> = visit
        .snapshot
        .enabled_in(organization)
        .filter(|plugin| !plugin.descriptor().grants.outbound.is_empty())
        .map(|plugin| (plugin.id().to_string(), plugin.descriptor().title.clone()))
        .collect();
    let rows: Vec<_> = found.into_iter().map(|departure| row(&visit, departure)).collect();
    let view = DeparturesPage {
        departures: &rows,
        plugins: &sends,
        plugin: plugin.as_ref().map(PluginId::as_str),
        keep_days: visit.app.config.outbound.keep_days,
        next: next.as_deref(),
    };
    visit.page(draw(&visit.shell(), &view))
}
