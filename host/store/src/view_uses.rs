//! Who has a kept list or report on their first page, and who is mailed it when.

use crate::Store;
use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use crate::identity::values;
use crate::views::View;
use lignaflow_core::clock::Micros;
use lignaflow_core::{Id, OrganizationId, PersonId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewUse {
    pub view: Id,
    pub person: PersonId,
    /// Whether it stands on their first page.
    pub home: bool,
    /// How often it is mailed to them, by its word.
    pub mailed: Option<String>,
    /// As what: `link`, `csv` or `xlsx`.
    pub form: String,
    pub next_at: Option<Micros>,
    /// What its first figure has to come to for a letter, as `above 12000`.
    pub alert: Option<String>,
    /// Whether it had when it was looked at last.
    pub alerted: bool,
}

/// One that is to be mailed now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub organization: OrganizationId,
    pub of: ViewUse,
}

/// How many there may be, of one view and of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    pub of_view: i64,
    pub of_person: i64,
}

const COLUMNS: &str = "u.view, u.person, u.home, u.mailed, u.form, u.next_at, u.alert, u.alerted";

fn read(row: &Row) -> Result<ViewUse, StoreError> {
    Ok(ViewUse {
        view: row.id(0)?,
        person: PersonId(row.id(1)?),
        home: row.bool(2)?,
        mailed: row.opt_text(3)?,
        form: row.text(4)?,
        next_at: row.opt_i64(5)?,
        alert: row.opt_text(6)?,
        alerted: row.bool(7)?,
    })
}

impl Store {
    /// Everybody's uses of a view.
    pub async fn view_uses(&self, organization: OrganizationId, view: Id) -> Result<Vec<ViewUse>, StoreError> {
        let sql =
            format!("select {COLUMNS} from view_uses u where u.organization = $1 and u.view = $2 order by u.person");
        let values = values![organization.0.uuid(), view.uuid()];
        self.database().fetch_all(Statement::composed(sql, values)).await?.iter().map(read).collect()
    }

    /// The views that somebody has on their first page and still sees, by name.
    pub async fn home_views(
        &self,
        organization: OrganizationId,
        person: PersonId,
        limit: u32,
    ) -> Result<Vec<View>, StoreError> {
        let statement = Statement::new(
            "select v.id, v.collection, v.owner, v.name, v.query, v.shared, v.standard, v.created_at, v.updated_at, \
             v.page \
             from view_uses u join views v on v.organization = u.organization and v.id = u.view \
             where u.organization = $1 and u.person = $2 and u.home and (v.owner = $2 or v.shared) \
             order by lower(v.name), v.id limit $3",
            values![organization.0.uuid(), person.0.uuid(), i64::from(limit)],
        );
        self.database().fetch_all(statement).await?.iter().map(crate::views::read).collect()
    }

    /// Puts a use in the place of the one of that person and view; one of nothing is none. Whether there was room, and
    /// the view is still there.
    pub async fn set_view_use(
        &self,
        organization: OrganizationId,
        of: ViewUse,
        room: Room,
    ) -> Result<bool, StoreError> {
        self.database()
            .write(move |tx| {
                Box::pin(async move {
                    let (organization, view, person) = (organization.0.uuid(), of.view.uuid(), of.person.0.uuid());
                    if !of.home && of.mailed.is_none() {
                        let gone = "delete from view_uses where organization = $1 and view = $2 and person = $3";
                        tx.execute(Statement::new(gone, values![organization, view, person])).await?;
                        return Ok(true);
                    }
                    let there = "select 1 from views where organization = $1 and id = $2";
                    if tx.fetch_optional(Statement::new(there, values![organization, view])).await?.is_none() {
                        return Ok(false);
                    }
                    let count = "select count(*) from view_uses where organization = $1 and view = $2 and person <> $3";
                    let count = Statement::new(count, values![organization, view, person]);
                    if tx.fetch_one(count).await?.i64(0)? >= room.of_view {
                        return Ok(false);
                    }
                    let count = "select count(*) from view_uses where organization = $1 and person = $2 and view <> $3";
                    let count = Statement::new(count, values![organization, person, view]);
                    if tx.fetch_one(count).await?.i64(0)? >= room.of_person {
                        return Ok(false);
                    }
                    let statement = Statement::new(
                        "insert into view_uses (organization, view, person, home, mailed, form, next_at, alert, alerted) \
                         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (organization, view, person) do update \
                         set home = excluded.home, mailed = excluded.mailed, form = excluded.form, \
                         next_at = excluded.next_at, alert = excluded.alert, alerted = excluded.alerted",
                        values![organization, view, person, of.home, of.mailed, of.form, of.next_at, of.alert, of.alerted],
                    );
                    tx.execute(statement).await.map(|_| true)
                })
            })
            .await
    }

    /// What is to be mailed now; what was due first comes first.
    pub async fn due_view_uses(&self, now: Micros, limit: u32) -> Result<Vec<Due>, StoreError> {
        let sql = format!(
            "select {COLUMNS}, u.organization from view_uses u where u.next_at <= $1 \
             order by u.next_at, u.view, u.person limit $2"
        );
        let rows = self.database().fetch_all(Statement::composed(sql, values![now, i64::from(limit)])).await?;
        rows.iter().map(|row| Ok(Due { of: read(row)?, organization: OrganizationId(row.id(8)?) })).collect()
    }
}

/// Notes when one is looked at next, never again where that is none, and whether what it alerts of is so. `false` where another host did so, or it was changed.
pub async fn moved_on(tx: &mut Tx, due: &Due, next_at: Option<Micros>, alerted: bool) -> Result<bool, StoreError> {
    let mailed = due.of.mailed.clone().filter(|_| next_at.is_some());
    let statement = Statement::new(
        "update view_uses set next_at = $5, mailed = $6, alerted = $7 \
         where organization = $1 and view = $2 and person = $3 and next_at = $4",
        values![
            due.organization.0.uuid(),
            due.of.view.uuid(),
            due.of.person.0.uuid(),
            due.of.next_at,
            next_at,
            mailed,
            alerted
        ],
    );
    if tx.execute(statement).await? == 0 {
        return Ok(false);
    }
    // What is neither shown nor mailed any more is none.
    let gone = "delete from view_uses where organization = $1 and view = $2 and person = $3 \
                and not home and mailed is null";
    let values = values![due.organization.0.uuid(), due.of.view.uuid(), due.of.person.0.uuid()];
    tx.execute(Statement::new(gone, values)).await.map(|_| true)
}
