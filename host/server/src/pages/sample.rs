//! A sample firm to look around in, made on the word of who administers the instance.

use super::house::Visit;
use crate::app::App;
use crate::sample::{NAME, SampleFault, found};
use axum::Router;
use axum::response::Response;
use axum::routing::post;
use lignaflow_core::caller::Permission;
use lignaflow_core::{Fault, Id};
use lignaflow_sample::fill;
use lignaflow_web::paths;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route(paths::SAMPLE, post(make))
}

async fn make(visit: Visit) -> Response {
    if !visit.signed.caller.holds(Permission::INSTALL_PLUGINS) {
        return visit.fault(&Fault::denied("Only administrators of the instance make a sample firm."));
    }
    let (app, owner) = (&visit.app, &visit.signed.authenticated.person.email);
    // Nobody is told it: whoever wants to be one of the eleven gives them another.
    let password = format!("{}{}", Id::fresh(), Id::fresh());
    let plan = match found(&app.config, &app.identity, app.clock.now(), NAME, owner, &password).await {
        Ok(founded) => founded.plan,
        Err(SampleFault::Refused(fault)) => return visit.go(paths::HOME, &fault.message),
        Err(fault) => {
            tracing::error!(%fault, "the sample firm could not be made");
            return visit.fault(&Fault::internal());
        }
    };
    tokio::spawn(async move {
        let told =
            |done: lignaflow_sample::Told| tracing::info!(what = %done.what, seconds = done.seconds, "sample firm");
        if let Err(error) = fill(plan, told).await {
            tracing::error!(error = format!("{error:#}"), "the sample firm could not be filled");
        }
    });
    visit.go(
        paths::HOME,
        &format!("{NAME} is being filled, for about a minute. Switch to it in the menu with your name."),
    )
}
