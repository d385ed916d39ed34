//! Lists that people keep under a name, for themselves or for their organization.

use crate::Store;
use crate::database::{Row, Statement};
use crate::error::StoreError;
use crate::identity::audit::{self, Event};
use crate::links;
use lignaflow_core::clock::Micros;
use lignaflow_core::name::CollectionName;
use lignaflow_core::{Id, OrganizationId, PersonId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    pub id: Id,
    /// Over whose records it is; of a table that a route works out, the page that this stands on, as `plugin/page`.
    pub collection: CollectionName,
    /// Whether it is of a page's table.
    pub page: bool,
    pub owner: PersonId,
    pub name: String,
    /// The query string of the list.
    pub query: String,
    /// Whether everybody of the organization sees it.
    pub shared: bool,
    /// Whether the list opens with it.
    pub standard: bool,
    pub created_at: Micros,
    pub updated_at: Micros,
}

macro_rules! view {
    ($rest:literal) => {
        concat!(
            "select id, collection, owner, name, query, shared, standard, created_at, updated_at, page from views ",
            $rest
        )
    };
}

pub(crate) fn read(row: &Row) -> Result<View, StoreError> {
    let collection = row.text(1)?;
    let unreadable = |_| StoreError::Broken(format!("views.collection cannot be read: {collection}"));
    Ok(View {
        id: row.id(0)?,
        collection: collection.parse().map_err(unreadable)?,
        owner: PersonId(row.id(2)?),
        name: row.text(3)?,
        query: row.text(4)?,
        shared: row.bool(5)?,
        standard: row.bool(6)?,
        created_at: row.i64(7)?,
        updated_at: row.i64(8)?,
        page: row.bool(9)?,
    })
}

impl Store {
    /// What a person sees of a collection's views, or of all: their own and those that are shared, by name.
    pub async fn views(
        &self,
        organization: OrganizationId,
        person: PersonId,
        collection: Option<&CollectionName>,
    ) -> Result<Vec<View>, StoreError> {
        let mut values = vec![organization.0.uuid().into(), person.0.uuid().into()];
        let sql = match collection {
            Some(collection) => {
                values.push(collection.to_string().into());
                view!(
                    "where organization = $1 and (owner = $2 or shared) and collection = $3 \
                     order by lower(name), id limit 1000"
                )
            }
            None => view!(
                "where organization = $1 and (owner = $2 or shared) order by collection, lower(name), id limit 1000"
            ),
        };
        self.database().fetch_all(Statement::new(sql, values)).await?.iter().map(read).collect()
    }

    /// One of them.
    pub async fn view(
        &self,
        organization: OrganizationId,
        person: PersonId,
        id: Id,
    ) -> Result<Option<View>, StoreError> {
        let sql = view!("where organization = $1 and (owner = $2 or shared) and id = $3");
        let values = vec![organization.0.uuid().into(), person.0.uuid().into(), id.uuid().into()];
        self.database().fetch_optional(Statement::new(sql, values)).await?.as_ref().map(read).transpose()
    }

    /// Keeps a new view. Whether there was room: its owner keeps fewer than `most` of that collection.
    pub async fn add_view(&self, organization: OrganizationId, view: View, most: i64) -> Result<bool, StoreError> {
        self.database()
            .write(move |tx| {
                Box::pin(async move {
                    let sql = "select count(*) from views where organization = $1 and collection = $2 and owner = $3";
                    let values = vec![
                        organization.0.uuid().into(),
                        view.collection.to_string().into(),
                        view.owner.0.uuid().into(),
                    ];
                    if tx.fetch_one(Statement::new(sql, values)).await?.i64(0)? >= most {
                        return Ok(false);
                    }
                    unset(tx, organization, &view).await?;
                    let sql = "insert into views (organization, id, collection, owner, name, query, shared, standard, \
                               created_at, updated_at, page) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
                    let values = vec![
                        organization.0.uuid().into(),
                        view.id.uuid().into(),
                        view.collection.to_string().into(),
                        view.owner.0.uuid().into(),
                        view.name.into(),
                        view.query.into(),
                        view.shared.into(),
                        view.standard.into(),
                        view.created_at.into(),
                        view.updated_at.into(),
                        view.page.into(),
                    ];
                    tx.execute(Statement::new(sql, values)).await.map(|_| true)
                })
            })
            .await
    }

    /// Puts a view in the place of the one with its id. Whether that is still there.
    pub async fn change_view(&self, organization: OrganizationId, view: View) -> Result<bool, StoreError> {
        self.database()
            .write(move |tx| {
                Box::pin(async move {
                    unset(tx, organization, &view).await?;
                    let sql = "update views set name = $3, query = $4, shared = $5, standard = $6, updated_at = $7 \
                               where organization = $1 and id = $2";
                    let values = vec![
                        organization.0.uuid().into(),
                        view.id.uuid().into(),
                        view.name.into(),
                        view.query.into(),
                        view.shared.into(),
                        view.standard.into(),
                        view.updated_at.into(),
                    ];
                    if tx.execute(Statement::new(sql, values)).await? == 0 {
                        return Ok(false);
                    }
                    // Who does not see it any more has it neither on their first page nor in their mail.
                    if !view.shared {
                        let sql = "delete from view_uses where organization = $1 and view = $2 and person <> $3";
                        let values =
                            vec![organization.0.uuid().into(), view.id.uuid().into(), view.owner.0.uuid().into()];
                        tx.execute(Statement::new(sql, values)).await?;
                    }
                    Ok(true)
                })
            })
            .await
    }

    /// The views that there ever was a link to, whosever they are: for who looks after an organization's links.
    pub async fn linked_views(&self, organization: OrganizationId) -> Result<Vec<View>, StoreError> {
        let sql = view!(
            "where organization = $1 and id in (select l.subject from links l where l.organization = $1 \
             and l.maker is not null) order by id limit 5000"
        );
        let values = vec![organization.0.uuid().into()];
        self.database().fetch_all(Statement::new(sql, values)).await?.iter().map(read).collect()
    }

    /// Takes a view away, and with it that it is on first pages and in the mail. Links to it end, of which `withdrawn`
    /// is written down where there are any.
    pub async fn remove_view(
        &self,
        organization: OrganizationId,
        id: Id,
        withdrawn: Event,
    ) -> Result<bool, StoreError> {
        let sql = "delete from views where organization = $1 and id = $2";
        let values = vec![organization.0.uuid().into(), id.uuid().into()];
        let statement = Statement::new(sql, values);
        self.database()
            .write(move |tx| {
                Box::pin(async move {
                    if tx.execute(statement).await? == 0 {
                        return Ok(false);
                    }
                    let links = links::close_of_view(tx, organization, id, withdrawn.at).await?;
                    if links > 0 {
                        audit::append(tx, &withdrawn).await?;
                    }
                    Ok(true)
                })
            })
            .await
    }
}

/// A list opens with one view: where this is it, no other is, among its owner's own or among those that are shared.
async fn unset(tx: &mut crate::database::Tx, organization: OrganizationId, view: &View) -> Result<(), StoreError> {
    if !view.standard {
        return Ok(());
    }
    let mut values = vec![organization.0.uuid().into(), view.collection.to_string().into(), false.into()];
    let sql = if view.shared {
        "update views set standard = $3 where organization = $1 and collection = $2 and shared"
    } else {
        values.push(view.owner.0.uuid().into());
        "update views set standard = $3 where organization = $1 and collection = $2 and not shared and owner = $4"
    };
    tx.execute(Statement::new(sql, values)).await.map(|_| ())
}
