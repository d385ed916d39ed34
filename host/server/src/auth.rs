//! Who asks: a session cookie or a bearer token, turned into a [`Caller`] before a handler runs. A handler that takes
//! [`Signed`] cannot be reached by nobody.

use crate::app::{App, SESSION_COOKIE};
use crate::middleware::RequestContext;
use crate::problem::{Kind, Problem};
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_extra::extract::CookieJar;
use http::request::Parts;
use http::{HeaderValue, header};
use lignaflow_core::caller::Caller;
use lignaflow_identity::{AuthFault, Authenticated, Credential};
use std::convert::Infallible;
use std::sync::Arc;

/// A caller who has proved who they are.
#[derive(Debug, Clone)]
pub struct Signed {
    pub caller: Caller,
    pub authenticated: Authenticated,
    /// Whether a cookie said so, which a browser sends by itself.
    pub by_cookie: bool,
    /// What they proved it with, for what goes on after the request.
    pub credential: Credential,
}

/// What a request presents, if anything.
fn presented(parts: &Parts) -> Option<(Credential, bool)> {
    let bearer = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim().to_owned());
    if let Some(token) = bearer {
        return Some((Credential::Bearer(token), false));
    }
    let jar = CookieJar::from_headers(&parts.headers);
    jar.get(SESSION_COOKIE).map(|cookie| (Credential::Session(cookie.value().to_owned()), true))
}

async fn sign(parts: &Parts, app: &App) -> Result<Signed, Problem> {
    let (credential, by_cookie) = presented(parts).ok_or_else(unauthenticated)?;
    let request_id = parts
        .extensions
        .get::<RequestContext>()
        .map_or_else(|| lignaflow_core::RequestId(lignaflow_core::Id::fresh()), |context| context.id);
    let secret = match &credential {
        Credential::Session(secret) | Credential::Bearer(secret) => secret.clone(),
    };
    let snapshot = app.registry.current();
    match app.identity.authenticate(credential.clone(), request_id, snapshot.catalog.declared()).await {
        Ok(authenticated) => {
            // A token is counted by itself, and people by who they are.
            let whose = authenticated.caller.person().filter(|_| matches!(credential, Credential::Session(_)));
            app.rates.recognise(&secret, whose);
            Ok(Signed { caller: authenticated.caller.clone(), authenticated, by_cookie, credential })
        }
        Err(AuthFault::Refused) => Err(unauthenticated()),
        Err(AuthFault::Fault(fault)) => Err(fault.into()),
    }
}

/// Who holds a credential by now, for what goes on by itself after the request that presented it.
pub async fn again(app: &App, credential: &Credential) -> Result<Caller, AuthFault> {
    let snapshot = app.registry.current();
    let request = lignaflow_core::RequestId(lignaflow_core::Id::fresh());
    Ok(app.identity.authenticate_again(credential, request, snapshot.catalog.declared()).await?.caller)
}

fn unauthenticated() -> Problem {
    Problem::new(Kind::Unauthenticated, "Sign in, or send a token as `Authorization: Bearer lf_…`.")
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"LignaFlow\""))
}

impl FromRequestParts<Arc<App>> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        sign(parts, app).await
    }
}

/// For what may be seen by anybody, and shows more to those who are known.
impl OptionalFromRequestParts<Arc<App>> for Signed {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Option<Self>, Infallible> {
        Ok(sign(parts, app).await.ok())
    }
}
