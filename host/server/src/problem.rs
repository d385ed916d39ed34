//! What went wrong, as a client reads it: RFC 9457 `application/problem+json`. This is the one place that gives a
//! fault its HTTP status. Nothing of an inner cause is said here; that is logged where it happens.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, HeaderName, StatusCode};
use lignaflow_core::error::{ErrorCode, Fault, Issue};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

pub const CONTENT: &str = "application/problem+json";

/// Every kind of fault that leaves the server: those of the domain, and those that only HTTP knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Fault(ErrorCode),
    /// Bytes that cannot be parsed at all.
    Unparsable,
    /// Nobody is signed in, or the token is not good.
    Unauthenticated,
    MethodNotAllowed,
    NotAcceptable,
    /// The body did not arrive in time.
    SlowBody,
    TooLarge,
    UnsupportedMediaType,
    /// The request is for a host that this server does not answer for.
    Misdirected,
    /// A change without `If-Match`.
    PreconditionRequired,
    /// A request from another site's page.
    CrossOrigin,
    /// Anything else with a status of its own.
    Other(StatusCode),
}

impl Kind {
    /// Status, stable code, title. The table of `docs/api.md`.
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::Fault(code) => {
                let (status, title) = match code {
                    ErrorCode::Invalid => (S::UNPROCESSABLE_ENTITY, "The input is not valid"),
                    ErrorCode::Denied => (S::FORBIDDEN, "Not allowed"),
                    ErrorCode::NotFound => (S::NOT_FOUND, "Not found"),
                    ErrorCode::Conflict => (S::CONFLICT, "In conflict with what is there"),
                    ErrorCode::Stale => (S::PRECONDITION_FAILED, "Changed since it was read"),
                    ErrorCode::Locked => (S::LOCKED, "Locked"),
                    ErrorCode::Quota => (S::INSUFFICIENT_STORAGE, "A limit is reached"),
                    ErrorCode::RateLimited => (S::TOO_MANY_REQUESTS, "Too many requests"),
                    ErrorCode::Timeout => (S::GATEWAY_TIMEOUT, "Out of time"),
                    ErrorCode::Unavailable => (S::SERVICE_UNAVAILABLE, "Not available now"),
                    ErrorCode::PluginFailed => (S::BAD_GATEWAY, "The plugin failed"),
                    ErrorCode::PluginBadAnswer => (S::BAD_GATEWAY, "The plugin gave a wrong answer"),
                    ErrorCode::PluginExhausted => (S::BAD_GATEWAY, "The plugin asked too much of the host"),
                    ErrorCode::PluginCpu => (S::GATEWAY_TIMEOUT, "The plugin ran out of computing time"),
                    ErrorCode::PluginTimeout => (S::GATEWAY_TIMEOUT, "The plugin ran out of time"),
                    ErrorCode::PluginOutOfMemory => (S::INSUFFICIENT_STORAGE, "The plugin ran out of memory"),
                    ErrorCode::PluginBusy => (S::SERVICE_UNAVAILABLE, "The plugin is busy"),
                    ErrorCode::PluginSetAside => (S::SERVICE_UNAVAILABLE, "The plugin's part is set aside"),
                    ErrorCode::Internal => (S::INTERNAL_SERVER_ERROR, "Something went wrong"),
                };
                (status, code.as_str(), title)
            }
            Self::Unparsable => (S::BAD_REQUEST, "unparsable", "The request cannot be parsed"),
            Self::Unauthenticated => (S::UNAUTHORIZED, "unauthenticated", "Sign in first"),
            Self::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "method-not-allowed", "The method is not offered here"),
            Self::NotAcceptable => (S::NOT_ACCEPTABLE, "not-acceptable", "The asked format is not offered"),
            Self::SlowBody => (S::REQUEST_TIMEOUT, "slow-body", "The body did not arrive in time"),
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Self::UnsupportedMediaType => {
                (S::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body's type is not understood")
            }
            Self::Misdirected => (S::MISDIRECTED_REQUEST, "misdirected", "Another host is meant"),
            Self::PreconditionRequired => (S::PRECONDITION_REQUIRED, "precondition-required", "If-Match is required"),
            Self::CrossOrigin => (S::FORBIDDEN, "cross-origin", "Not from another site"),
            Self::Other(status) => (status, "http", status.canonical_reason().unwrap_or("Refused")),
        }
    }

    pub fn status(self) -> StatusCode {
        self.parts().0
    }

    pub fn code(self) -> &'static str {
        self.parts().1
    }

    /// The kind that an answer without a problem of its own stands for.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::BAD_REQUEST => Self::Unparsable,
            StatusCode::UNAUTHORIZED => Self::Unauthenticated,
            StatusCode::FORBIDDEN => Self::Fault(ErrorCode::Denied),
            StatusCode::NOT_FOUND => Self::Fault(ErrorCode::NotFound),
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::NOT_ACCEPTABLE => Self::NotAcceptable,
            StatusCode::REQUEST_TIMEOUT => Self::SlowBody,
            StatusCode::CONFLICT => Self::Fault(ErrorCode::Conflict),
            StatusCode::PRECONDITION_FAILED => Self::Fault(ErrorCode::Stale),
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::UNPROCESSABLE_ENTITY => Self::Fault(ErrorCode::Invalid),
            StatusCode::TOO_MANY_REQUESTS => Self::Fault(ErrorCode::RateLimited),
            StatusCode::INTERNAL_SERVER_ERROR => Self::Fault(ErrorCode::Internal),
            StatusCode::BAD_GATEWAY => Self::Fault(ErrorCode::PluginFailed),
            StatusCode::SERVICE_UNAVAILABLE => Self::Fault(ErrorCode::Unavailable),
            StatusCode::GATEWAY_TIMEOUT => Self::Fault(ErrorCode::Timeout),
            other => Self::Other(other),
        }
    }
}

impl From<ErrorCode> for Kind {
    fn from(code: ErrorCode) -> Self {
        Self::Fault(code)
    }
}

/// One problem, on its way out.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: Kind,
    detail: String,
    issues: Vec<Issue>,
    // Boxed, so that a `Result<_, Problem>` stays small.
    headers: Option<Box<HeaderMap>>,
}

impl Problem {
    pub fn new(kind: impl Into<Kind>, detail: impl Into<String>) -> Self {
        Self { kind: kind.into(), detail: detail.into(), issues: Vec::new(), headers: None }
    }

    /// What is said of anything that failed inside.
    pub fn internal() -> Self {
        Fault::internal().into()
    }

    #[must_use]
    pub fn with_issues(mut self, issues: Vec<Issue>) -> Self {
        self.issues = issues;
        self
    }

    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.get_or_insert_default().insert(name, value);
        self
    }

    /// When to come again, in whole seconds, rounded up.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.with_header(RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn status(&self) -> StatusCode {
        self.kind.status()
    }

    pub fn detail(&self) -> &str {
        &self.detail
    }

    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }
}

impl From<Problem> for Fault {
    /// For a page that asked as a program would: what only HTTP knows is told by its sentence.
    fn from(problem: Problem) -> Self {
        let code = match problem.kind {
            Kind::Fault(code) => code,
            _ => ErrorCode::Invalid,
        };
        Self { code, message: problem.detail, issues: problem.issues }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::new(fault.code, fault.message).with_issues(fault.issues)
    }
}

/// A problem on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:lignaflow:problem:invalid")]
    pub kind: String,
    /// The kind of problem, for people.
    pub title: &'static str,
    /// The HTTP status, repeated.
    #[schema(example = 422)]
    pub status: u16,
    /// This problem, for people.
    pub detail: String,
    /// The kind of problem, for programs. It does not change.
    #[schema(example = "invalid")]
    pub code: &'static str,
    /// Finds this request in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Every fault of the input at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<IssueBody>,
}

/// One fault of the input.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Issue)]
pub struct IssueBody {
    /// Where, as a JSON pointer (RFC 6901).
    #[schema(example = "/lines/3/quantity")]
    pub path: String,
    /// What, for programs. It does not change.
    #[schema(example = "required")]
    pub code: String,
    /// What, for people.
    pub message: String,
}

impl Problem {
    /// The problem as JSON says it.
    pub fn body(self) -> ProblemBody {
        let (status, code, title) = self.kind.parts();
        ProblemBody {
            kind: format!("urn:lignaflow:problem:{code}"),
            title,
            status: status.as_u16(),
            detail: self.detail,
            code,
            request_id: crate::middleware::current_request_id(),
            issues: self
                .issues
                .into_iter()
                .map(|Issue { path, code, message }| IssueBody { path, code, message })
                .collect(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let status = self.status();
        let own = self.headers.take();
        let body = self.body();
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(CONTENT));
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if let Some(own) = own {
            headers.extend(*own);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    async fn read(response: Response) -> serde_json::Value {
        serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
    }

    #[tokio::test]
    async fn a_fault_becomes_a_problem_with_every_issue() {
        let issue = Issue::new("/lines/3/quantity", "required", "A quantity is required.");
        let fault = Fault::invalid(vec![issue, Issue::new("/name", "max", "The name is too long.")]);
        let response = Problem::from(fault).into_response();
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(response.headers()[CONTENT_TYPE], CONTENT);
        let body = read(response).await;
        assert_eq!(body["type"], "urn:lignaflow:problem:invalid");
        assert_eq!((body["status"].as_u64(), body["code"].as_str()), (Some(422), Some("invalid")));
        assert_eq!(body["issues"][0]["path"], "/lines/3/quantity");
        assert_eq!(body["issues"][1]["code"], "max");
    }

    #[tokio::test]
    async fn waiting_is_told_in_whole_seconds_and_never_zero() {
        let problem = |wait| Problem::new(ErrorCode::RateLimited, "Slower.").retry_after(wait).into_response();
        assert_eq!(problem(Duration::from_millis(1_200)).headers()[RETRY_AFTER], "2");
        assert_eq!(problem(Duration::ZERO).headers()[RETRY_AFTER], "1");
        let unavailable = Problem::new(ErrorCode::Unavailable, "Not now.").into_response();
        assert_eq!(unavailable.headers()[RETRY_AFTER], "1");
    }

    #[test]
    fn each_code_of_the_domain_has_its_status() {
        let statuses = [
            (ErrorCode::Invalid, 422),
            (ErrorCode::Denied, 403),
            (ErrorCode::NotFound, 404),
            (ErrorCode::Conflict, 409),
            (ErrorCode::Stale, 412),
            (ErrorCode::Locked, 423),
            (ErrorCode::Quota, 507),
            (ErrorCode::RateLimited, 429),
            (ErrorCode::Timeout, 504),
            (ErrorCode::Unavailable, 503),
            (ErrorCode::PluginFailed, 502),
            (ErrorCode::PluginBadAnswer, 502),
            (ErrorCode::PluginExhausted, 502),
            (ErrorCode::PluginCpu, 504),
            (ErrorCode::PluginTimeout, 504),
            (ErrorCode::PluginBusy, 503),
            (ErrorCode::PluginOutOfMemory, 507),
            (ErrorCode::PluginSetAside, 503),
            (ErrorCode::Internal, 500),
        ];
        for (code, status) in statuses {
            assert_eq!(Kind::from(code).status().as_u16(), status, "{code:?}");
            assert_eq!(Kind::from(code).code(), code.as_str());
        }
    }
}
