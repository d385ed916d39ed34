//! Who asks: a bearer token by its digest, still good, of somebody who is still a member.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{App, Refused};

/// The organization and person of the token `$1` at the moment `$2`, to be put into each statement.
macro_rules! caller {
    ($columns:literal) => {
        concat!(
            "select ",
            $columns,
            " from tokens k join memberships m on m.organization = k.organization and m.person = k.person",
            " join people h on h.id = k.person",
            " where k.hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)",
            " and m.active and h.active"
        )
    };
}
pub(super) use caller;

/// What a token is kept as.
pub(super) fn digest(headers: &HeaderMap) -> Result<Vec<u8>, Refused> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or(Refused::Token)?;
    let token = value.strip_prefix("Bearer ").ok_or(Refused::Token)?;
    Ok(Sha256::digest(token.as_bytes()).to_vec())
}

/// Microseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "nobody holds the clock of a measurement")]
pub(super) fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

pub(super) struct Caller {
    pub(super) organization: Uuid,
    pub(super) person: Uuid,
}

/// The same in a statement of its own.
pub(super) async fn ask(connection: &mut PgConnection, digest: &[u8]) -> Result<Caller, Refused> {
    let row = sqlx::query(caller!("k.organization, k.person"))
        .bind(digest)
        .bind(now())
        .fetch_optional(connection)
        .await?
        .ok_or(Refused::Token)?;
    Ok(Caller { organization: row.get(0), person: row.get(1) })
}

/// Greets those who are known.
pub(super) async fn hello(State(App(pool)): State<App>, headers: HeaderMap) -> Result<&'static str, Refused> {
    let digest = digest(&headers)?;
    ask(&mut *pool.acquire().await?, &digest).await?;
    Ok("hello")
}
