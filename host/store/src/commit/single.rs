//! One statement where one will do: a single insert or update with the checks that it rests on and its row of the change
//! log. PostgreSQL alone writes in several tables at once; to SQLite, in this process, a statement more is no journey.
//!
//! It writes where everything holds, and else nothing at all. Why is not asked here: whoever called goes the long way
//! then, which finds out.

use super::rows::{named, version};
use super::{circles, journal, repeats};
use crate::database::{Dialect, Statement};
use crate::error::StoreError;
use crate::layout;
use lignaflow_core::caller::Principal;
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::commit::{Action, Change, Commit, Committed};
use lignaflow_core::mutation::Fields;
use lignaflow_core::{Id, Value};
use sea_query::Value as Sql;
use std::fmt::Write;

/// Checks that may ride along; a statement's text is kept prepared, so it should not come in too many lengths.
const MAX_CHECKS: usize = 8;

/// The statement of a commit that is one plain change. Its one row says whether anything was written.
pub(super) fn statement(dialect: Dialect, commit: &Commit) -> Result<Option<Statement>, StoreError> {
    let ([change], Dialect::Postgres) = (commit.changes.as_slice(), dialect) else { return Ok(None) };
    let (values, before, made) = match &change.action {
        Action::Insert { values } => (values, None, 1),
        Action::Update { set, before } => (set, Some(before), change.expected + 1),
        Action::Archive | Action::Restore => return Ok(None),
    };
    let settles = !change.numbers.is_empty() || change.schema.sums_parts();
    if settles
        || !commit.settings.is_empty()
        || !commit.touched.is_empty()
        || circles::may_close(commit).next().is_some()
    {
        return Ok(None);
    }
    let referred: Vec<_> = referred(&change.schema, values, before).collect();
    if commit.reads.len() + referred.len() > MAX_CHECKS || has_members(change, values) || super::files::touches(change)
    {
        return Ok(None);
    }
    let mut writer = Writer { sql: String::from("with "), values: Vec::new(), organization: String::new() };
    writer.organization = writer.bind(commit.access.organization().0.uuid().into());
    let mut checks = 0;
    // In the order in which the long way takes its locks.
    let mut reads: Vec<_> = commit.reads.iter().collect();
    reads.sort_by_key(|read| (&read.schema.name, read.id));
    for read in reads {
        let Some(expected) = read.version else {
            return Ok(None);
        };
        if read.id == change.id && read.schema.name == change.schema.name {
            if expected == change.expected && before.is_some() {
                continue;
            }
            return Ok(None);
        }
        let version = writer.bind(version(expected)?.into());
        writer.check(
            checks,
            &layout::table(&read.schema.name),
            layout::ID,
            read.id,
            &format!("version = {version} and archived_at is null for share"),
        );
        checks += 1;
    }
    for (target, id) in referred {
        match target {
            Some(to) => {
                writer.check(checks, &layout::table(to), layout::ID, id, "archived_at is null for key share");
            }
            None => writer.check(checks, "memberships", "person", id, "active"),
        }
        checks += 1;
    }
    let holds = (0..checks).map(|number| format!("exists (select 1 from check{number})")).collect::<Vec<_>>();
    match before {
        None => insert(&mut writer, commit, change, values, &holds)?,
        Some(_) => update(&mut writer, commit, change, values, &holds)?,
    }
    let entry = journal::row(commit, change, made)?;
    let entry: Vec<_> = entry.into_iter().map(|value| writer.bind(value)).collect();
    let _ = write!(
        writer.sql,
        ", logged as (insert into changes ({}) select {} from written)",
        journal::COLUMNS.join(", "),
        entry.join(", ")
    );
    if let Some(repeat) = &commit.repeat {
        let key = repeats::row(commit, repeat, &Committed { versions: vec![made], settled: Vec::new() })?;
        let key: Vec<_> = key.into_iter().map(|value| writer.bind(value)).collect();
        let columns = repeats::COLUMNS;
        let _ = write!(
            writer.sql,
            ", repeated as (insert into repeats ({columns}) select {} from written)",
            key.join(", ")
        );
    }
    writer.sql.push_str(" select count(*) from written");
    Ok(Some(Statement::composed(writer.sql, writer.values)))
}

/// What a value newly refers to: a record of a collection, or a person.
fn referred<'a>(
    schema: &'a Schema,
    values: &'a Fields,
    before: Option<&'a Fields>,
) -> impl Iterator<Item = (Option<&'a lignaflow_core::name::CollectionName>, Id)> {
    values.iter().filter_map(move |(name, value)| {
        let field = schema.field(name)?;
        let Value::Reference(id) = value else { return None };
        let unchanged = before.and_then(|before| before.get(name)) == Some(value);
        (!unchanged).then_some((field.to.as_ref(), *id))
    })
}

/// Whether a table of members is written: not in this statement.
fn has_members(change: &Change, values: &Fields) -> bool {
    let inserts = matches!(change.action, Action::Insert { .. });
    values.iter().any(|(name, value)| {
        change.schema.field(name).is_some_and(|field| layout::is_linked(field.field.kind))
            && !(inserts && matches!(value, Value::References(ids) if ids.is_empty()))
    })
}

fn insert(
    writer: &mut Writer,
    commit: &Commit,
    change: &Change,
    values: &Fields,
    holds: &[String],
) -> Result<(), StoreError> {
    let creator = match commit.author.principal {
        Principal::Person(person) => Some(person.0.uuid()),
        _ => None,
    };
    let at = writer.bind(commit.at.into());
    let mut columns = vec![layout::ORGANIZATION.to_owned(), layout::ID.to_owned(), layout::VERSION.to_owned()];
    columns.extend([layout::CREATED_AT, layout::UPDATED_AT, layout::CREATED_BY].map(str::to_owned));
    let mut given = vec![writer.organization.clone(), writer.bind(change.id.uuid().into()), "1".to_owned()];
    given.extend([at.clone(), at, writer.bind(creator.into())]);
    let value = |field: &SchemaField| values.get(field.name.as_str()).unwrap_or(&Value::Null);
    for (column, value) in layout::custom::inserted(commit.access.organization(), &change.schema, value)? {
        let place = writer.bind(value);
        given.push(if column == layout::custom::CUSTOM { format!("cast({place} as jsonb)") } else { place });
        columns.push(column);
    }
    let columns: Vec<_> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    let condition = if holds.is_empty() { String::new() } else { format!(" where {}", holds.join(" and ")) };
    let _ = write!(
        writer.sql,
        "written as (insert into \"{}\" ({}) select {}{condition} returning 1)",
        layout::table(&change.schema.name),
        columns.join(", "),
        given.join(", ")
    );
    Ok(())
}

fn update(
    writer: &mut Writer,
    commit: &Commit,
    change: &Change,
    values: &Fields,
    holds: &[String],
) -> Result<(), StoreError> {
    let at = writer.bind(commit.at.into());
    let mut set = vec!["version = version + 1".to_owned(), format!("updated_at = {at}")];
    for (column, value) in layout::custom::changed(commit.access.organization(), named(&change.schema, values)?)? {
        let place = writer.bind(value);
        set.push(if column == layout::custom::CUSTOM {
            format!(
                "{column} = nullif(jsonb_strip_nulls(coalesce({column}, '{{}}') || cast({place} as jsonb)), '{{}}')"
            )
        } else {
            format!("\"{column}\" = {place}")
        });
    }
    let mut conditions = vec![
        format!("organization = {}", writer.organization),
        format!("id = {}", writer.bind(change.id.uuid().into())),
        format!("version = {}", writer.bind(version(change.expected)?.into())),
    ];
    conditions.extend_from_slice(holds);
    let _ = write!(
        writer.sql,
        "written as (update \"{}\" set {} where {} returning 1)",
        layout::table(&change.schema.name),
        set.join(", "),
        conditions.join(" and ")
    );
    Ok(())
}

struct Writer {
    sql: String,
    values: Vec<Sql>,
    /// The place of the organization's id, which stands in every condition.
    organization: String,
}

impl Writer {
    /// The place of a value.
    fn bind(&mut self, value: Sql) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// A query that has a row where a check holds.
    fn check(&mut self, number: usize, table: &str, column: &str, id: Id, condition: &str) {
        let id = self.bind(id.uuid().into());
        let organization = &self.organization;
        let _ = write!(
            self.sql,
            "check{number} as materialized (select 1 from \"{table}\" \
             where organization = {organization} and {column} = {id} and {condition}), "
        );
    }
}
