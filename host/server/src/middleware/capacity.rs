//! A bound on the requests under way, and on the time of each until its answer begins.

use super::body::BYTES_A_SECOND;
use super::{MiddlewareContext, is_probe};
use crate::problem::Problem;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use lignaflow_core::ErrorCode;
use std::time::Duration;

pub(super) async fn layer<A: Future<Output = Response>>(
    context: &MiddlewareContext,
    request: Request,
    next: impl FnOnce(Request) -> A,
) -> Response {
    let probe = is_probe(request.uri().path());
    let place = context.requests.try_acquire();
    if place.is_err() && !probe {
        metrics::counter!("http_refused_total", "reason" => "busy").increment(1);
        return Problem::new(ErrorCode::Unavailable, "The server is busy. Try again in a moment.")
            .retry_after(Duration::from_secs(1))
            .into_response();
    }
    // An upload is given the time that its body may take, too.
    let limit = context.body_limit(&request);
    let beyond = Duration::from_secs(limit.saturating_sub(context.body_bytes) / BYTES_A_SECOND);
    let answer = tokio::time::timeout(context.request_time + beyond, next(request)).await;
    answer.unwrap_or_else(|_| {
        metrics::counter!("http_refused_total", "reason" => "time").increment(1);
        let seconds = (context.request_time + beyond).as_secs();
        Problem::new(ErrorCode::Timeout, format!("There was no answer within {seconds} seconds.")).into_response()
    })
}
