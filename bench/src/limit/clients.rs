//! A client, written with its entry in the log of changes.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::Row;
use uuid::Uuid;

use super::token::{self, caller};
use super::{App, Refused, instant, json};

macro_rules! insert_client {
    ($source:literal) => {
        concat!(
            "insert into projects__clients (organization, id, version, created_at, updated_at, created_by,",
            " name, name__fold, contact, contact__fold, email, email__fold, phone, phone__fold) ",
            $source
        )
    };
}

macro_rules! insert_change {
    ($source:literal) => {
        concat!(
            "insert into changes (organization, at, principal_kind, principal_id, request, origin, collection,",
            " record, kind, version, before, after) ",
            $source
        )
    };
}

/// `$1` digest of the token, `$2` now, `$3` id, `$4`… the four texts, each with what it folds to, `$12` request, `$13` log.
const CREATE: &str = concat!(
    "with caller as (",
    caller!("k.organization, k.person"),
    "), record as (",
    insert_client!(
        "select organization, $3, 1, $2, $2, person, $4, $5, $6, $7, $8, $9, $10, $11 from caller returning id"
    ),
    "), change as (",
    insert_change!(
        "select organization, $2, 'person', person::text, $12, 'api', 'projects/clients', record.id, 'insert', 1, '{}', \
         $13 from caller, record"
    ),
    ") select person from caller"
);

const CLIENT: &str = insert_client!("values ($1, $3, 1, $2, $2, $12, $4, $5, $6, $7, $8, $9, $10, $11)");
const CHANGE: &str =
    insert_change!("values ($1, $2, 'person', $3, $4, 'api', 'projects/clients', $5, 'insert', 1, '{}', $6)");

#[derive(Debug, Deserialize, Serialize)]
struct Client {
    name: String,
    contact: Option<String>,
    email: Option<String>,
    phone: Option<String>,
}

#[derive(Debug, Serialize)]
struct Saved<'a> {
    id: Uuid,
    version: i64,
    #[serde(flatten)]
    client: &'a Client,
    created_at: Option<String>,
    updated_at: Option<String>,
    created_by: Uuid,
    archived_at: Option<String>,
}

fn fold(text: Option<&String>) -> Option<String> {
    text.map(|text| text.to_lowercase())
}

impl Client {
    fn read(body: &[u8]) -> Result<Self, Refused> {
        serde_json::from_slice(body).map_err(|_| Refused::Body)
    }

    /// What the log of changes keeps of it.
    fn log(&self) -> String {
        json!({ "name": self.name, "contact": self.contact, "email": self.email, "phone": self.phone }).to_string()
    }

    fn saved(&self, id: Uuid, now: i64, person: Uuid) -> Response {
        let at = instant(Some(now));
        let created_at = at.clone();
        let saved =
            Saved { id, version: 1, client: self, created_at, updated_at: at, created_by: person, archived_at: None };
        let mut response = json(StatusCode::CREATED, &saved);
        let headers = response.headers_mut();
        headers.insert(header::ETAG, HeaderValue::from_static("\"1\""));
        if let Ok(location) = HeaderValue::from_str(&format!("/clients/{id}")) {
            headers.insert(header::LOCATION, location);
        }
        response
    }
}

pub(super) async fn create(State(App(pool)): State<App>, headers: HeaderMap, body: Bytes) -> Result<Response, Refused> {
    let client = Client::read(&body)?;
    let (id, now) = (Uuid::now_v7(), token::now());
    let row = sqlx::query(CREATE)
        .bind(token::digest(&headers)?)
        .bind(now)
        .bind(id)
        .bind(&client.name)
        .bind(fold(Some(&client.name)))
        .bind(&client.contact)
        .bind(fold(client.contact.as_ref()))
        .bind(&client.email)
        .bind(fold(client.email.as_ref()))
        .bind(&client.phone)
        .bind(fold(client.phone.as_ref()))
        .bind(Uuid::now_v7())
        .bind(client.log())
        .fetch_optional(&*pool)
        .await?
        .ok_or(Refused::Token)?;
    Ok(client.saved(id, now, row.get(0)))
}

pub(super) async fn create_plainly(
    State(App(pool)): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let client = Client::read(&body)?;
    let (id, now) = (Uuid::now_v7(), token::now());
    let caller = token::ask(&mut *pool.acquire().await?, &token::digest(&headers)?).await?;
    let mut transaction = pool.begin().await?;
    sqlx::query(CLIENT)
        .bind(caller.organization)
        .bind(now)
        .bind(id)
        .bind(&client.name)
        .bind(fold(Some(&client.name)))
        .bind(&client.contact)
        .bind(fold(client.contact.as_ref()))
        .bind(&client.email)
        .bind(fold(client.email.as_ref()))
        .bind(&client.phone)
        .bind(fold(client.phone.as_ref()))
        .bind(caller.person)
        .execute(&mut *transaction)
        .await?;
    sqlx::query(CHANGE)
        .bind(caller.organization)
        .bind(now)
        .bind(caller.person.to_string())
        .bind(Uuid::now_v7())
        .bind(id)
        .bind(client.log())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(client.saved(id, now, caller.person))
}
