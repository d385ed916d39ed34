//! `/admin/plugins/{id}/bounds`: what one call of a plugin may use.

use super::admin::{find, may, seen};
use super::house::Visit;
use crate::app::App;
use crate::plugins::{Asked, tag};
use crate::problem::Problem;
use crate::rest::host::{From, by, plugins as api};
use axum::Router;
use axum::extract::{Path, RawForm};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use lignaflow_core::allowance::{Bound, Class, PluginBounds};
use lignaflow_core::caller::Permission;
use lignaflow_core::{Fault, Issue};
use lignaflow_store::plugins::Installed;
use lignaflow_web::admin::{BoundsPage, bound_field, bounds as draw};
use lignaflow_web::paths;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route("/admin/plugins/{id}/bounds", get(show).post(save))
}

fn page(visit: &Visit, installed: &Installed, typed: &[(String, String)], fault: Option<&Fault>) -> Response {
    let Ok(descriptor) = lignaflow_core::descriptor::parse(&installed.descriptor) else {
        return visit.fault(&Fault::new(lignaflow_core::ErrorCode::PluginFailed, "Its descriptor cannot be read."));
    };
    let mut issues = fault.map(|fault| fault.issues.clone()).unwrap_or_default();
    for issue in &mut issues {
        // The form has one control for each, whichever class it is of.
        issue.path = format!("/{}", issue.path.trim_start_matches('/').replace('/', "."));
    }
    let view = BoundsPage {
        descriptor: &descriptor,
        usual: visit.app.plugins.usual(),
        typed,
        granted_version: tag(installed),
        fault: fault.filter(|_| issues.is_empty()).map(|fault| fault.message.as_str()),
        issues: &issues,
        may_change: may(visit, Permission::INSTALL_PLUGINS),
    };
    let status = fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status());
    visit.page_with(status, draw(&visit.shell(), &view))
}

async fn show(visit: Visit, Path(id): Path<String>) -> Response {
    let installed = match find(&visit, &id).await {
        Ok(installed) => installed,
        Err(response) => return response,
    };
    let set = installed.granted.bounds.settings();
    let typed: Vec<_> = set.map(|setting| (bound_field(setting.of), setting.value.to_string())).collect();
    page(&visit, &installed, &typed, None)
}

/// What a form says: every field that has a number, and what is none.
fn read(pairs: &[(String, String)]) -> Result<PluginBounds, Fault> {
    let classes = Class::ALL.into_iter().flat_map(|class| Bound::ALL.map(|bound| Some((class, bound))));
    let (mut bounds, mut issues) = (PluginBounds::default(), Vec::new());
    for of in std::iter::once(None).chain(classes) {
        let name = bound_field(of);
        let typed = pairs.iter().find(|(typed, _)| *typed == name).map_or("", |(_, value)| value.trim());
        if typed.is_empty() {
            continue;
        }
        // As people write large numbers.
        match typed.replace([',', ' ', '_'], "").parse() {
            Ok(value) => bounds.set(of, Some(value)),
            Err(_) => issues.push(Issue::new(format!("/{name}"), "type", "A whole number, or nothing.")),
        }
    }
    if issues.is_empty() { Ok(bounds) } else { Err(Fault::invalid(issues)) }
}

async fn save(visit: Visit, From(client): From, Path(id): Path<String>, RawForm(body): RawForm) -> Response {
    let installed = match find(&visit, &id).await {
        Ok(installed) => installed,
        Err(response) => return response,
    };
    if let Err(fault) = api::may_install(&visit.signed) {
        return visit.fault(&fault);
    }
    let pairs: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let saved = match read(&pairs) {
        Ok(bounds) => {
            let asked = Asked { rights: None, bounds: Some(bounds) };
            visit.app.plugins.grant(&installed.id, &asked, seen(&body), by(&visit.signed, &client)).await
        }
        Err(fault) => Err(fault),
    };
    match saved {
        Ok(()) => visit.go(&paths::plugin(&installed.id), "Saved what its calls may use."),
        Err(fault) => page(&visit, &installed, &pairs, Some(&fault)),
    }
}
