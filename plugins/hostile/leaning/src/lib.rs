//! Has the plugin `greedy` do what it is told, by its service.

use lignaflow_sdk::prelude::*;

struct Leaning;

impl Plugin for Leaning {
    fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
        let what: String = request.json()?;
        reply::json(&services::call::<String>("greedy.take", "so-much", &what)?)
    }
}

lignaflow_sdk::plugin!(Leaning);
