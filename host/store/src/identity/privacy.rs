//! What an organization holds of a person beside its records, page by page, and how it is taken away.
//!
//! A table with something about people is either among [`HELD`] or keeps nothing that tells who they are. What names a
//! person in [`erase`] is what would tell it; ids stay, and stand for nobody any more.

use super::{Source, values};
use crate::database::{Statement, Tx};
use crate::error::StoreError;
use lignaflow_core::clock::Micros;
use lignaflow_core::value::instant_text;
use lignaflow_core::{Id, OrganizationId, PersonId};
use serde_json::{Map, Value as Json, json};

/// How a column is told.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Id,
    Text,
    /// Text, or nothing.
    Maybe,
    Instant,
    Bool,
    Integer,
}

/// One kind of what is held. The first column is what pages go by.
#[derive(Debug)]
pub struct Held {
    /// As the file calls it.
    pub name: &'static str,
    sql: &'static str,
    columns: &'static [(&'static str, Kind)],
}

/// `$1` is the organization, `$2` the person, `$3` the id that a page begins after, `$4` how many it has.
pub const HELD: &[Held] = &[
    Held {
        name: "sessions",
        sql: "select id, created_at, last_seen_at, expires_at, user_agent, address from sessions \
              where organization = $1 and person = $2 and id > $3 order by id limit $4",
        columns: &[
            ("id", Kind::Id),
            ("created_at", Kind::Instant),
            ("last_seen_at", Kind::Instant),
            ("expires_at", Kind::Instant),
            ("user_agent", Kind::Text),
            ("address", Kind::Text),
        ],
    },
    Held {
        name: "tokens",
        sql: "select id, name, prefix, scope, created_at, expires_at, last_used_at, revoked_at from tokens \
              where organization = $1 and person = $2 and id > $3 order by id limit $4",
        columns: &[
            ("id", Kind::Id),
            ("name", Kind::Text),
            ("prefix", Kind::Text),
            ("scope", Kind::Text),
            ("created_at", Kind::Instant),
            ("expires_at", Kind::Instant),
            ("last_used_at", Kind::Instant),
            ("revoked_at", Kind::Instant),
        ],
    },
    Held {
        name: "pins",
        sql: "select person, username, set_at from pins \
              where organization = $1 and person = $2 and person > $3 order by person limit $4",
        columns: &[("person", Kind::Id), ("username", Kind::Text), ("set_at", Kind::Instant)],
    },
    Held {
        name: "invitations",
        sql: "select id, email, name, role, roles, created_at, expires_at, accepted_at, withdrawn_at from invitations \
              where organization = $1 and (person = $2 or accepted_by = $2 or (email_key <> '' and email_key in \
              (select p.email_key from people p where p.id = $2))) and id > $3 order by id limit $4",
        columns: &[
            ("id", Kind::Id),
            ("email", Kind::Text),
            ("name", Kind::Text),
            ("role", Kind::Text),
            ("roles", Kind::Text),
            ("created_at", Kind::Instant),
            ("expires_at", Kind::Instant),
            ("accepted_at", Kind::Instant),
            ("withdrawn_at", Kind::Instant),
        ],
    },
    Held {
        name: "view_uses",
        sql: "select view, home, mailed, form, alert from view_uses \
              where organization = $1 and person = $2 and view > $3 order by view limit $4",
        columns: &[
            ("view", Kind::Id),
            ("home", Kind::Bool),
            ("mailed", Kind::Maybe),
            ("form", Kind::Text),
            ("alert", Kind::Maybe),
        ],
    },
    Held {
        name: "views",
        sql: "select id, collection, name, query, shared, created_at from views \
              where organization = $1 and owner = $2 and id > $3 order by id limit $4",
        columns: &[
            ("id", Kind::Id),
            ("collection", Kind::Text),
            ("name", Kind::Text),
            ("query", Kind::Text),
            ("shared", Kind::Bool),
            ("created_at", Kind::Instant),
        ],
    },
    Held {
        name: "links",
        sql: "select id, subject, label, opened_at, expires_at, files from links \
              where organization = $1 and maker = $2 and id > $3 order by id limit $4",
        columns: &[
            ("id", Kind::Id),
            ("view", Kind::Id),
            ("label", Kind::Text),
            ("opened_at", Kind::Instant),
            ("expires_at", Kind::Instant),
            ("files", Kind::Bool),
        ],
    },
    Held {
        name: "files",
        sql: "select id, name, content_type, size, created_at, collection, record, field from media \
              where organization = $1 and created_by = $2 and id > $3 order by id limit $4",
        columns: &[
            ("id", Kind::Id),
            ("name", Kind::Text),
            ("content_type", Kind::Text),
            ("size", Kind::Integer),
            ("created_at", Kind::Instant),
            ("collection", Kind::Maybe),
            ("record", Kind::Id),
            ("field", Kind::Maybe),
        ],
    },
    Held {
        name: "notices",
        sql: "select id, title, text, at, read_at from notices \
              where organization = $1 and person = $2 and id > $3 order by id limit $4",
        columns: &[
            ("id", Kind::Id),
            ("title", Kind::Text),
            ("text", Kind::Text),
            ("at", Kind::Instant),
            ("read_at", Kind::Instant),
        ],
    },
    Held {
        name: "letters",
        sql: "select id, kind, recipient, recipient_name, subject, state, asked_at from mail \
              where organization = $1 and lower(recipient) in (select p.email_key from people p where p.id = $2) \
              and id > $3 order by id limit $4",
        columns: &[
            ("id", Kind::Id),
            ("kind", Kind::Text),
            ("recipient", Kind::Text),
            ("recipient_name", Kind::Text),
            ("subject", Kind::Text),
            ("state", Kind::Text),
            ("asked_at", Kind::Instant),
        ],
    },
    Held {
        name: "webhooks",
        sql: "select id, url, description, created_at from webhooks \
              where organization = $1 and created_by = $2 and id > $3 order by id limit $4",
        columns: &[("id", Kind::Id), ("url", Kind::Text), ("description", Kind::Text), ("created_at", Kind::Instant)],
    },
];

/// One page of what is held, and the id that the next one begins after; nothing where this is the last.
pub async fn held(
    source: impl Source,
    held: &Held,
    organization: OrganizationId,
    person: PersonId,
    after: Option<Id>,
    limit: u16,
) -> Result<(Vec<Json>, Option<Id>), StoreError> {
    let after = after.unwrap_or_else(|| Id::from_bytes([0; 16]));
    let values = values![organization.0.uuid(), person.0.uuid(), after.uuid(), i64::from(limit)];
    let rows = source.all(Statement::new(held.sql, values)).await?;
    let next = rows.last().filter(|_| rows.len() >= usize::from(limit)).map(|row| row.id(0)).transpose()?;
    let mut told = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut object = Map::with_capacity(held.columns.len());
        for (index, (name, kind)) in held.columns.iter().enumerate() {
            let value = match kind {
                Kind::Id => json!(row.opt_id(index)?.map(|id| id.to_string())),
                Kind::Text | Kind::Maybe => json!(row.opt_text(index)?),
                Kind::Instant => json!(row.opt_i64(index)?.map(instant_text)),
                Kind::Bool => json!(row.bool(index)?),
                Kind::Integer => json!(row.i64(index)?),
            };
            object.insert((*name).to_owned(), value);
        }
        told.push(Json::Object(object));
    }
    Ok((told, next))
}

/// For how many years an organization keeps who somebody was after their last trace.
pub async fn retention(source: impl Source, organization: OrganizationId) -> Result<i64, StoreError> {
    let statement =
        Statement::new("select retention_years from organizations where id = $1", values![organization.0.uuid()]);
    source.optional(statement).await?.map_or(Ok(0), |row| row.i64(0))
}

pub async fn set_retention(tx: &mut Tx, organization: OrganizationId, years: i64) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update organizations set retention_years = $1 where id = $2",
        values![years, organization.0.uuid()],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Takes from an organization what tells who a member was: they stand under `pseudonym` from now on, belong to it no
/// more, and nothing of theirs lets anybody in.
pub async fn erase(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
    pseudonym: &str,
    at: Micros,
) -> Result<(), StoreError> {
    const OF_BOTH: [&str; 11] = [
        "delete from sessions where organization = $1 and person = $2",
        "delete from pins where organization = $1 and person = $2",
        "update tokens set name = '' where organization = $1 and person = $2",
        "delete from mail where organization = $1 and lower(recipient) in \
         (select p.email_key from people p where p.id = $2)",
        "delete from notices where organization = $1 and person = $2",
        "delete from notice_wishes where organization = $1 and person = $2",
        "delete from view_uses where organization = $1 and person = $2",
        "delete from views where organization = $1 and owner = $2 and not shared",
        "update audit set address = '' where organization = $1 and person = $2",
        "update audit set detail = '{}' where organization = $1 and person = $2 and kind = 'person.changed'",
        // Whoever wrote it, what has their address in it.
        "update audit set detail = '{}' where organization = $1 and exists (select 1 from people p \
         where p.id = $2 and p.email <> '' and replace(lower(detail), p.email_key, '') <> lower(detail))",
    ];
    const AT: [&str; 2] = [
        "update tokens set revoked_at = $3 where organization = $1 and person = $2 and revoked_at is null",
        "update invitations set email = '', email_key = '', name = '', \
         withdrawn_at = case when accepted_at is null and withdrawn_at is null then $3 else withdrawn_at end \
         where organization = $1 and (person = $2 or accepted_by = $2 or (email_key <> '' and email_key in \
         (select p.email_key from people p where p.id = $2)))",
    ];
    // What they show to the outside ends with them, and what shows lists that go with them.
    let links = "update links set closed = 'withdrawn', closed_at = $3 where organization = $1 and maker is not null \
                 and closed is null and (maker = $2 or subject in \
                 (select v.id from views v where v.organization = $1 and v.owner = $2 and not v.shared))";
    tx.execute(Statement::new(links, values![organization.0.uuid(), person.0.uuid(), at])).await?;
    for sql in OF_BOTH {
        tx.execute(Statement::new(sql, values![organization.0.uuid(), person.0.uuid()])).await?;
    }
    for sql in AT {
        tx.execute(Statement::new(sql, values![organization.0.uuid(), person.0.uuid(), at])).await?;
    }
    tx.execute(Statement::new(
        "update memberships set role = 'member', roles = '', active = $1, pseudonym = $2, erased_at = $3 \
         where organization = $4 and person = $5",
        values![false, pseudonym, at, organization.0.uuid(), person.0.uuid()],
    ))
    .await
    .map(|_| ())
}

/// Whether some organization still knows the person by name.
pub async fn is_known(source: impl Source, person: PersonId) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "select 1 from memberships where person = $1 and erased_at is null limit 1",
        values![person.0.uuid()],
    );
    Ok(source.optional(statement).await?.is_some())
}

/// Takes away an account that no organization knows any more: its id stays, for what refers to it.
pub async fn forget(tx: &mut Tx, person: PersonId, pseudonym: &str) -> Result<(), StoreError> {
    const OF_PERSON: [&str; 4] = [
        "delete from sessions where person = $1",
        "delete from one_time_secrets where person = $1",
        "delete from recovery_codes where person = $1",
        "delete from second_factors where person = $1",
    ];
    for sql in OF_PERSON {
        tx.execute(Statement::new(sql, values![person.0.uuid()])).await?;
    }
    tx.execute(Statement::new(
        "update audit set address = '', detail = '{}' where organization is null and person = $1",
        values![person.0.uuid()],
    ))
    .await?;
    tx.execute(Statement::new(
        "update people set email = '', email_key = $1, name = $2, password_hash = $3, password_temporary = $4, \
         locale = $3, time_zone = $3, second_factor_at = $6, active = $4 where id = $5",
        values![super::people::no_address(person), pseudonym, None::<String>, false, person.0.uuid(), None::<i64>],
    ))
    .await
    .map(|_| ())
}
