//! Figures over the records of other plugins. It reads and never writes, on the caller's rights: what somebody may not
//! see is in none of their figures.
//!
//! | module | holds |
//! |---|---|
//! | [`sums`] | amounts of one currency, and what is left out of it; shares |
//! | [`actuals`] | a project's plan against what became of it |
//! | [`burn`] | a project's budget over time |
//! | [`sold`] | what projects are sold for: at a fixed price, or by time and materials |
//! | [`profit`] | what projects were sold for and what they cost |
//! | [`result`] | whether one project paid, over the records of three plugins |
//! | [`quotes`] | what becomes of estimates |
//! | [`span`], [`seen`], [`capacity`] | the days of a report; whose time it is of; what people are expected to work |
//! | [`utilisation`], [`attendance`], [`pay`] | time against capacity, against attendance, and as a payroll takes it |
//! | [`workload`] | who has how much to do, week by week |

mod actuals;
mod attendance;
mod burn;
mod capacity;
mod pay;
mod profit;
mod quotes;
mod result;
mod seen;
mod sold;
mod span;
mod sums;
#[cfg(test)]
mod tests;
mod utilisation;
mod workload;

use lignaflow_sdk::prelude::*;

/// The plugin.
#[derive(Debug)]
pub struct Reporting;

impl Plugin for Reporting {
    fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
        match request.route.as_str() {
            "actuals" => actuals::handle(request),
            "burn-down" => burn::handle(request),
            "profitability" => profit::handle(request),
            "result" => result::handle(request),
            "quotes" => quotes::handle(request),
            "declines" => quotes::reasons(request),
            "utilisation" => utilisation::handle(request),
            "workload" => workload::handle(request),
            "attendance" => attendance::handle(request),
            "pay-hours" => pay::handle(request),
            "pay-items" => pay::items(request),
            other => Err(Fault::not_found(format_args!("route `{other}`"))),
        }
    }
}

lignaflow_sdk::plugin!(Reporting);
