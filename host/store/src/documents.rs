//! Documents that are to be made: rows in, rows out, as with [`crate::jobs`]; and what organizations have of their own:
//! templates and a logo.
//!
//! A document is a file from the commit on that asks for it. While it has no bytes its file is pending. Whoever makes it
//! takes room for the bytes ([`Store::document_made`]), puts them where they are kept, and says that they are there
//! ([`Store::document_arrived`]). A host that dies in between leaves a document that is made once more.

use crate::Store;
use crate::database::{Dialect, Row, Statement, Tx};
use crate::error::StoreError;
use crate::identity::{Source, values};
use crate::media::{number, turn};
use crate::plugins::is_on;
use lignaflow_core::background::NewDocument;
use lignaflow_core::clock::Micros;
use lignaflow_core::media::PDF;
use lignaflow_core::name::PluginId;
use lignaflow_core::{Id, OrganizationId, PersonId};

/// Where a document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Waiting,
    Done,
    /// It cannot be made of this template and this data; somebody has it tried again.
    Failed,
}

impl State {
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Done, Self::Failed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub organization: OrganizationId,
    /// Of the file as well.
    pub id: Id,
    pub plugin: PluginId,
    pub template: String,
    /// JSON; `null` once it is made.
    pub data: String,
    /// Days since 1970-01-01.
    pub date: i32,
    pub state: State,
    pub attempts: i64,
    pub error: Option<String>,
    pub asked_at: Micros,
    pub changed_at: Micros,
}

/// How a document stands after room was taken for its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The bytes may be put where they are kept.
    Made,
    /// The organization's files come to this many bytes already.
    Full { used: u64 },
    /// The same bytes are being removed just now.
    Going,
    /// Another host makes it by now.
    Overtaken,
    /// No record wants it any more.
    Gone,
}

macro_rules! columns {
    ($j:literal) => {
        concat!(
            $j,
            "organization, ",
            $j,
            "id, ",
            $j,
            "plugin, ",
            $j,
            "template, ",
            $j,
            "data, ",
            $j,
            "date, ",
            $j,
            "state, ",
            $j,
            "attempts, ",
            $j,
            "error, ",
            $j,
            "asked_at, ",
            $j,
            "changed_at"
        )
    };
}

fn of_row(row: &Row) -> Result<Document, StoreError> {
    let unreadable = |what: &str| StoreError::Broken(format!("a document holds {what} that cannot be read"));
    let state = row.text(6)?;
    Ok(Document {
        organization: OrganizationId(row.id(0)?),
        id: row.id(1)?,
        plugin: row.text(2)?.parse().map_err(|_| unreadable("a plugin"))?,
        template: row.text(3)?,
        data: row.text(4)?,
        date: i32::try_from(row.i64(5)?).map_err(|_| unreadable("a date"))?,
        state: State::ALL.into_iter().find(|known| known.as_str() == state).ok_or_else(|| unreadable("a state"))?,
        attempts: row.i64(7)?,
        error: row.opt_text(8)?,
        asked_at: row.i64(9)?,
        changed_at: row.i64(10)?,
    })
}

/// Makes the file of a document, which has no bytes yet. `false` where there is one of that id.
pub(crate) async fn reserve(
    tx: &mut Tx,
    organization: OrganizationId,
    document: &NewDocument,
    at: Micros,
) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "insert into media (organization, id, name, content_type, size, sha256, created_at, state, since, pending) \
         values ($1, $2, $3, $4, 0, $5, $6, 'waiting', $6, $7) on conflict do nothing",
        values![organization.0.uuid(), document.id.uuid(), document.name.as_str(), PDF, vec![0_u8; 32], at, true],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Counts files that were reserved.
pub(crate) async fn count(tx: &mut Tx, organization: OrganizationId, files: usize) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "insert into media_usage (organization, bytes, files) values ($1, 0, $2) \
         on conflict (organization) do update set files = media_usage.files + excluded.files",
        values![organization.0.uuid(), i64::try_from(files).unwrap_or(i64::MAX)],
    ))
    .await
    .map(|_| ())
}

/// Keeps a document that is to be made.
pub(crate) async fn ask(
    tx: &mut Tx,
    organization: OrganizationId,
    document: &NewDocument,
    at: Micros,
) -> Result<(), StoreError> {
    let statement = Statement::new(
        "insert into documents (organization, id, plugin, template, data, date, state, run_after, asked_at, changed_at) \
         values ($1, $2, $3, $4, $5, $6, 'waiting', $7, $7, $7)",
        values![
            organization.0.uuid(),
            document.id.uuid(),
            document.plugin.as_str(),
            document.template.as_str(),
            document.data.as_str(),
            i64::from(document.date),
            at,
        ],
    );
    tx.execute(statement).await.map(|_| ())
}

/// Which documents may be taken over, in SQL.
macro_rules! due {
    () => {
        concat!(
            "from documents j where j.state = 'waiting' and j.run_after <= $1 and j.held_until <= $1 and ",
            is_on!()
        )
    };
}

impl Store {
    /// Takes the document over that has been due for longest, of a plugin that is on, until some time. `holder` is a
    /// token for this once. Whose document was made last, of an organization and its plugin, lets others go before it.
    pub async fn claim_document(
        &self,
        holder: Id,
        now: Micros,
        until: Micros,
        last: Option<&(OrganizationId, PluginId)>,
    ) -> Result<Option<Document>, StoreError> {
        // Asked first, so that hosts which wait for work write nothing.
        let standing = Statement::new(concat!("select 1 ", due!(), " limit 1"), values![now]);
        if self.database().fetch_optional(standing).await?.is_none() {
            return Ok(None);
        }
        let lock = match self.dialect() {
            Dialect::Sqlite => "",
            Dialect::Postgres => " for update of j skip locked",
        };
        let sql = format!(
            "update documents set holder = $2, held_until = $3, attempts = attempts + 1, changed_at = $1 \
             where (organization, id) = (select j.organization, j.id {} \
             order by (j.organization = $4 and j.plugin = $5), j.run_after limit 1{lock}) \
             returning {}",
            due!(),
            columns!("")
        );
        let (organization, plugin) =
            last.map_or((Id::from_bytes([0; 16]), ""), |(organization, plugin)| (organization.0, plugin.as_str()));
        let values = values![now, holder.uuid(), until, organization.uuid(), plugin];
        let rows = self.database().write_once(Statement::composed(sql, values)).await?;
        rows.first().map(of_row).transpose()
    }

    /// Documents that this host had taken over, where it is the only one: an earlier run of it is gone.
    pub async fn free_documents(&self) -> Result<(), StoreError> {
        if self.dialect() == Dialect::Sqlite {
            let sql = "update documents set held_until = 0 where held_until > 0 and state = 'waiting'";
            self.database().write_once(Statement::new(sql, Vec::new())).await?;
        }
        Ok(())
    }

    /// Gives a document back that is to be tried again. `counts` tells whether that was a try.
    pub async fn put_document_off(
        &self,
        document: &Document,
        holder: Id,
        (run_after, counts): (Micros, bool),
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        let statement = Statement::new(
            "update documents set holder = null, held_until = 0, run_after = $4, \
             attempts = attempts - case when $5 then 0 else 1 end, error = coalesce($6, error) \
             where organization = $1 and id = $2 and holder = $3 and state = 'waiting' returning 1",
            values![
                document.organization.0.uuid(),
                document.id.uuid(),
                holder.uuid(),
                run_after,
                counts,
                error.map(str::to_owned),
            ],
        );
        self.database().write_once(statement).await.map(|_| ())
    }

    /// Takes room for the bytes of a document. They are put where they are kept only after this.
    pub async fn document_made(
        &self,
        document: &Document,
        holder: Id,
        (size, sha256): (u64, [u8; 32]),
        quota: u64,
    ) -> Result<Taken, StoreError> {
        let (organization, id) = (document.organization, document.id);
        let turns = vec![turn(organization, &sha256)];
        self.database()
            .write_in_turn(turns, move |tx| {
                Box::pin(async move { take_room(tx, (organization, id, holder), (size, sha256), quota).await })
            })
            .await
    }

    /// The bytes of a document are where they are kept: its file can be read.
    pub async fn document_arrived(&self, document: &Document, holder: Id, at: Micros) -> Result<bool, StoreError> {
        let (organization, id) = (document.organization, document.id);
        self.database()
            .write(move |tx| {
                Box::pin(async move {
                    let done = Statement::new(
                        "update documents set state = 'done', data = 'null', holder = null, held_until = 0, \
                         error = null, changed_at = $4 \
                         where organization = $1 and id = $2 and holder = $3 and state = 'waiting'",
                        values![organization.0.uuid(), id.uuid(), holder.uuid(), at],
                    );
                    if tx.execute(done).await? == 0 {
                        return Ok(false);
                    }
                    tx.execute(Statement::new(
                        "update media set pending = $3 where organization = $1 and id = $2",
                        values![organization.0.uuid(), id.uuid(), false],
                    ))
                    .await?;
                    Ok(true)
                })
            })
            .await
    }
}

async fn take_room(
    tx: &mut Tx,
    (organization, id, holder): (OrganizationId, Id, Id),
    (size, sha256): (u64, [u8; 32]),
    quota: u64,
) -> Result<Taken, StoreError> {
    let key = || values![organization.0.uuid(), id.uuid()];
    let mut own = key();
    own.push(holder.uuid().into());
    let held = "select 1 from documents where organization = $1 and id = $2 and holder = $3 and state = 'waiting'";
    if tx.fetch_optional(Statement::new(held, own)).await?.is_none() {
        return Ok(Taken::Overtaken);
    }
    let file =
        "select size from media where organization = $1 and id = $2 and pending and state in ('waiting', 'attached')";
    let Some(file) = tx.fetch_optional(Statement::new(file, key())).await? else {
        tx.execute(Statement::new("delete from documents where organization = $1 and id = $2", key())).await?;
        return Ok(Taken::Gone);
    };
    let going = Statement::new(
        "select 1 from media where organization = $1 and sha256 = $2 and state = 'going' limit 1",
        values![organization.0.uuid(), sha256.to_vec()],
    );
    if tx.fetch_optional(going).await?.is_some() {
        return Ok(Taken::Going);
    }
    // What an earlier try took is given back along with it.
    let more = number(size) - file.i64(0)?;
    let counted = Statement::new(
        "update media_usage set bytes = bytes + $2 where organization = $1 and bytes + $2 <= $3",
        values![organization.0.uuid(), more, number(quota)],
    );
    if tx.execute(counted).await? == 0 {
        let used =
            Statement::new("select bytes from media_usage where organization = $1", values![organization.0.uuid()]);
        let used = tx.fetch_optional(used).await?.map_or(Ok(0), |row| row.i64(0))?;
        return Ok(Taken::Full { used: used.unsigned_abs() });
    }
    tx.execute(Statement::new(
        "update media set size = $3, sha256 = $4 where organization = $1 and id = $2",
        values![organization.0.uuid(), id.uuid(), number(size), sha256.to_vec()],
    ))
    .await?;
    Ok(Taken::Made)
}

/// Notes that a document cannot be made. `false` where another host makes it by now.
pub async fn give_up(
    tx: &mut Tx,
    document: &Document,
    holder: Id,
    error: &str,
    at: Micros,
) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update documents set state = 'failed', holder = null, held_until = 0, error = $4, changed_at = $5 \
         where organization = $1 and id = $2 and holder = $3 and state = 'waiting'",
        values![document.organization.0.uuid(), document.id.uuid(), holder.uuid(), error, at],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Has documents that failed tried again: one, or all of a template. How many.
pub async fn retry(tx: &mut Tx, organization: OrganizationId, which: &Again, at: Micros) -> Result<u64, StoreError> {
    const HEAD: &str = "update documents set state = 'waiting', attempts = 0, run_after = $2, changed_at = $2 \
         where organization = $1 and state = 'failed' and ";
    let mut values = values![organization.0.uuid(), at];
    let sql = match which {
        Again::One(id) => {
            values.push(id.uuid().into());
            format!("{HEAD}id = $3")
        }
        Again::Of(plugin, template) => {
            values.push(plugin.as_str().into());
            values.push(template.as_str().into());
            format!("{HEAD}plugin = $3 and template = $4")
        }
    };
    tx.execute(Statement::composed(sql, values)).await
}

/// What is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    One(Id),
    /// Those of a template.
    Of(PluginId, String),
}

/// Forgets documents that were made before an instant, some at a time. Their files stay.
pub async fn forget(tx: &mut Tx, before: Micros, limit: u32) -> Result<u64, StoreError> {
    tx.execute(Statement::new(
        "delete from documents where (organization, id) in (select organization, id from documents \
         where state = 'done' and changed_at < $1 order by changed_at limit $2)",
        values![before, i64::from(limit)],
    ))
    .await
}

/// The documents of an organization, those asked for last first; of one state where it is named.
pub async fn of(
    source: impl Source,
    organization: OrganizationId,
    state: Option<State>,
    before: Option<Id>,
    limit: u32,
) -> Result<Vec<Document>, StoreError> {
    let statement = Statement::new(
        concat!(
            "select ",
            columns!("j."),
            " from documents j where j.organization = $1 and ($2 = '' or j.state = $2) and j.id < $3 \
             order by j.id desc limit $4"
        ),
        values![
            organization.0.uuid(),
            state.map_or("", State::as_str),
            before.unwrap_or(Id::from_bytes([0xff; 16])).uuid(),
            i64::from(limit),
        ],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

pub async fn one(source: impl Source, organization: OrganizationId, id: Id) -> Result<Option<Document>, StoreError> {
    let statement = Statement::new(
        concat!("select ", columns!("j."), " from documents j where j.organization = $1 and j.id = $2"),
        values![organization.0.uuid(), id.uuid()],
    );
    source.optional(statement).await?.map(|row| of_row(&row)).transpose()
}

/// A template as an organization has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub plugin: PluginId,
    pub template: String,
    pub source: String,
    pub changed_by: Option<PersonId>,
    pub changed_at: Micros,
}

fn template_of(row: &Row) -> Result<Template, StoreError> {
    let unreadable = || StoreError::Broken("a template names a plugin that cannot be read".to_owned());
    Ok(Template {
        plugin: row.text(0)?.parse().map_err(|_| unreadable())?,
        template: row.text(1)?,
        source: row.text(2)?,
        changed_by: row.opt_id(3)?.map(PersonId),
        changed_at: row.i64(4)?,
    })
}

/// The templates that an organization has of its own.
pub async fn templates(source: impl Source, organization: OrganizationId) -> Result<Vec<Template>, StoreError> {
    let statement = Statement::new(
        "select plugin, template, source, changed_by, changed_at from document_templates where organization = $1 \
         order by plugin, template",
        values![organization.0.uuid()],
    );
    source.all(statement).await?.iter().map(template_of).collect()
}

pub async fn template(
    source: impl Source,
    organization: OrganizationId,
    plugin: &PluginId,
    template: &str,
) -> Result<Option<Template>, StoreError> {
    let statement = Statement::new(
        "select plugin, template, source, changed_by, changed_at from document_templates where organization = $1 \
         and plugin = $2 and template = $3",
        values![organization.0.uuid(), plugin.as_str(), template],
    );
    source.optional(statement).await?.map(|row| template_of(&row)).transpose()
}

pub async fn keep_template(tx: &mut Tx, organization: OrganizationId, template: &Template) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "insert into document_templates (organization, plugin, template, source, changed_by, changed_at) \
         values ($1, $2, $3, $4, $5, $6) on conflict (organization, plugin, template) do update \
         set source = excluded.source, changed_by = excluded.changed_by, changed_at = excluded.changed_at",
        values![
            organization.0.uuid(),
            template.plugin.as_str(),
            template.template.as_str(),
            template.source.as_str(),
            template.changed_by.map(|person| person.0.uuid()),
            template.changed_at,
        ],
    ))
    .await
    .map(|_| ())
}

/// Goes back to the template that the plugin brings. `false` where the organization had none of its own.
pub async fn drop_template(
    tx: &mut Tx,
    organization: OrganizationId,
    plugin: &PluginId,
    template: &str,
) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "delete from document_templates where organization = $1 and plugin = $2 and template = $3",
        values![organization.0.uuid(), plugin.as_str(), template],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// An organization's logo: its content type and bytes.
pub async fn logo(source: impl Source, organization: OrganizationId) -> Result<Option<(String, Vec<u8>)>, StoreError> {
    let statement = Statement::new(
        "select content_type, logo from letterheads where organization = $1",
        values![organization.0.uuid()],
    );
    source.optional(statement).await?.map(|row| Ok((row.text(0)?, row.bytes(1)?))).transpose()
}

pub async fn keep_logo(
    tx: &mut Tx,
    organization: OrganizationId,
    (content_type, logo): (&str, Vec<u8>),
    (by, at): (Option<PersonId>, Micros),
) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "insert into letterheads (organization, logo, content_type, changed_by, changed_at) \
         values ($1, $2, $3, $4, $5) on conflict (organization) do update set logo = excluded.logo, \
         content_type = excluded.content_type, changed_by = excluded.changed_by, changed_at = excluded.changed_at",
        values![organization.0.uuid(), logo, content_type, by.map(|person| person.0.uuid()), at],
    ))
    .await
    .map(|_| ())
}

/// `false` where there was none.
pub async fn drop_logo(tx: &mut Tx, organization: OrganizationId) -> Result<bool, StoreError> {
    let statement = Statement::new("delete from letterheads where organization = $1", values![organization.0.uuid()]);
    Ok(tx.execute(statement).await? > 0)
}
