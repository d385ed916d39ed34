//! One's tokens for the API.

use super::From;
use super::account::{Body, of_path};
use crate::app::App;
use crate::auth::Signed;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use lignaflow_core::value::{instant_text, parse_instant};
use lignaflow_core::{Fault, Issue};
use lignaflow_identity::{NewToken, Scope};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tokens {
    pub data: Vec<Token>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Token {
    #[schema(format = Uuid)]
    pub id: String,
    pub name: String,
    /// The beginning of the secret, which tells it from others.
    pub prefix: String,
    /// `all` or `read`.
    pub scope: &'static str,
    pub created_at: String,
    pub expires_at: Option<String>,
    pub last_used_at: Option<String>,
    pub revoked_at: Option<String>,
    /// The secret: shown once, when the token is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

fn shown(token: lignaflow_identity::Token, secret: Option<String>) -> Token {
    Token {
        id: token.id.to_string(),
        name: token.name,
        prefix: token.prefix,
        scope: token.scope.as_str(),
        created_at: instant_text(token.created_at),
        expires_at: token.expires_at.map(instant_text),
        last_used_at: token.last_used_at.map(instant_text),
        revoked_at: token.revoked_at.map(instant_text),
        secret,
    }
}

/// One's tokens
#[utoipa::path(
    get, path = "/tokens", tag = "host", operation_id = "host_list_tokens",
    extensions(("x-permission" = json!("signed-in"))),
    responses((status = 200, description = "Of this organization, the latest first.", body = Tokens))
)]
pub(super) async fn list(State(app): State<Arc<App>>, signed: Signed) -> Result<Json<Tokens>, Problem> {
    let tokens = app.identity.tokens(&signed.authenticated).await?;
    Ok(Json(Tokens { data: tokens.into_iter().map(|token| shown(token, None)).collect() }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenForm {
    /// What it is for.
    #[schema(example = "nightly export")]
    pub name: String,
    /// `all` that its owner may do, or `read`.
    #[serde(default = "all")]
    #[schema(example = "read")]
    pub scope: String,
    /// When it ends, RFC 3339; never where left out.
    #[serde(default)]
    pub expires_at: Option<String>,
}

fn all() -> String {
    Scope::All.as_str().to_owned()
}

/// Make a token
///
/// The secret is in the answer and is never shown again. Takes a session, not a token.
#[utoipa::path(
    post, path = "/tokens", tag = "host", operation_id = "host_create_token", request_body = TokenForm,
    extensions(("x-permission" = json!("session"))),
    responses((status = 201, description = "The token with its secret.", body = Token))
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Body(form): Body<TokenForm>,
) -> Result<(StatusCode, Json<Token>), Problem> {
    let mut issues = Vec::new();
    let scope = form.scope.parse().unwrap_or_else(|_| {
        issues.push(Issue::new("/scope", "choice", "A scope is all or read."));
        Scope::Read
    });
    let expires_at = form.expires_at.as_deref().map(|text| {
        parse_instant(text).unwrap_or_else(|| {
            issues.push(Issue::new("/expires_at", "type", "Expected an instant such as \"2027-01-01T00:00:00Z\"."));
            0
        })
    });
    if !issues.is_empty() {
        return Err(Fault::invalid(issues).into());
    }
    let new = NewToken { name: form.name, scope, expires_at };
    let issued = app.identity.issue_token(&signed.authenticated, client, new).await?;
    let secret = issued.secret.expose().to_owned();
    Ok((StatusCode::CREATED, Json(shown(issued.token, Some(secret)))))
}

/// Revoke a token
#[utoipa::path(
    delete, path = "/tokens/{id}", tag = "host", operation_id = "host_revoke_token",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("signed-in"))),
    responses((status = 204, description = "It serves no more."))
)]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.identity.revoke_token(&signed.authenticated, client, of_path(&id, "token")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
