//! The host's own tables, step by step. Every step has a file of the same name for each database, is listed here, and
//! is never changed once it was released.

use crate::error::{OpenFault, StoreError};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, SqlSafeStr};

struct Step {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! steps {
    ($($version:literal => $name:literal),+ $(,)?) => {
        const STEPS: &[Step] = &[$(Step {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../../../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../../../migrations/postgres/", $name, ".sql")),
        }),+];
    };
}

steps! {
    1 => "0001_records",
    2 => "0002_identity",
    3 => "0003_plugins",
    4 => "0004_sequences",
    5 => "0005_schema_revision",
    6 => "0006_leases",
    7 => "0007_webhooks",
    8 => "0008_repeats",
    9 => "0009_views",
    10 => "0010_media",
    11 => "0011_installing",
    12 => "0012_imports",
    13 => "0013_roles",
    14 => "0014_custom_fields",
    15 => "0015_jobs",
    16 => "0016_data_migrations",
    17 => "0017_documents",
    18 => "0018_mail",
    19 => "0019_post",
    20 => "0020_joining",
    21 => "0021_set_aside",
    22 => "0022_plugin_settings",
    23 => "0023_one_time_secrets",
    24 => "0024_second_factors",
    25 => "0025_devices",
    26 => "0026_privacy",
    27 => "0027_outbound",
    28 => "0028_removal",
    29 => "0029_audit_is_appended_to",
    30 => "0030_consents",
    31 => "0031_invitation_letters",
    32 => "0032_tries",
    33 => "0033_view_uses",
    34 => "0034_accents",
    35 => "0035_shared_views",
    36 => "0036_kept_tables",
    37 => "0037_webhook_begins",
    38 => "0038_plugin_figures",
    39 => "0039_set_aside_there",
}

fn migrator(sql: impl Fn(&Step) -> &'static str) -> Migrator {
    Migrator::with_migrations(
        STEPS
            .iter()
            .map(|step| {
                let sql = sql(step).into_sql_str();
                Migration::new(step.version, step.name.into(), MigrationType::Simple, sql, false)
            })
            .collect(),
    )
}

/// In one transaction that is alone from its beginning: SQLite has no lock by which two programs could take turns.
pub(super) async fn run_sqlite(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let mut alone = connection.begin_with("begin immediate").await?;
    migrator(|step| step.sqlite).run_direct(None, &mut *alone, false).await.map_err(told)?;
    Ok(alone.commit().await?)
}

pub(super) async fn run_postgres(connection: &mut PgConnection) -> Result<(), StoreError> {
    migrator(|step| step.postgres).run_direct(None, connection, false).await.map_err(told)
}

/// Whether these steps, in their order, are all that there are.
pub(super) fn compare(applied: &[i64]) -> Result<(), OpenFault> {
    let known = STEPS.last().map_or(0, |step| step.version);
    if let Some(found) = applied.iter().copied().find(|version| STEPS.iter().all(|step| step.version != *version)) {
        return Err(OpenFault::Newer { found, known });
    }
    match STEPS.iter().find(|step| !applied.contains(&step.version)) {
        Some(step) => Err(OpenFault::Behind { missing: step.version }),
        None => Ok(()),
    }
}

fn told(error: MigrateError) -> StoreError {
    let known = STEPS.last().map_or(0, |step| step.version);
    match error {
        MigrateError::VersionMissing(found) => OpenFault::Newer { found, known }.into(),
        MigrateError::VersionMismatch(version) => OpenFault::Changed { version }.into(),
        MigrateError::Dirty(version) => OpenFault::Dirty { version }.into(),
        MigrateError::Execute(error) => StoreError::from(error),
        MigrateError::ExecuteMigration(error, version) => {
            tracing::error!(%error, version, "a migration failed");
            OpenFault::Failed(format!("step {version}: {error}")).into()
        }
        other => OpenFault::Failed(other.to_string()).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{STEPS, compare};
    use crate::error::OpenFault;

    #[test]
    fn every_file_is_a_step_and_every_step_has_its_number() {
        for dialect in ["sqlite", "postgres"] {
            let folder = format!("{}/../../migrations/{dialect}", env!("CARGO_MANIFEST_DIR"));
            let mut files: Vec<_> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter_map(|name| name.strip_suffix(".sql").map(str::to_owned))
                .collect();
            files.sort();
            let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
            assert_eq!(files, names);
        }
        for (step, number) in STEPS.iter().zip(1..) {
            assert_eq!(step.version, number);
            assert!(step.name.starts_with(&format!("{number:04}_")));
        }
    }

    #[test]
    fn a_database_of_another_version_is_told_by_number() {
        let all: Vec<_> = STEPS.iter().map(|step| step.version).collect();
        let known = *all.last().unwrap();
        assert_eq!(compare(&all), Ok(()));
        assert_eq!(compare(&[]), Err(OpenFault::Behind { missing: 1 }));
        let newer = [all, vec![known + 1]].concat();
        assert_eq!(compare(&newer), Err(OpenFault::Newer { found: known + 1, known }));
    }
}
