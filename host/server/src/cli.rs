//! What can be typed, and how what goes wrong is told. What a command does stands in `main.rs` and the rooms it calls.

use crate::config::{Flag, Inputs, Secret};
use crate::confined::Bounds;
use crate::tables::Limits;
use clap::{Args, Parser, Subcommand};
use std::fmt::Write as _;
use std::io::{self, BufRead};
use std::path::PathBuf;

/// It worked; it failed; it was not asked in a way that can be understood.
pub const DONE: u8 = 0;
pub const FAILED: u8 = 1;
pub const USAGE: u8 = 2;

/// Projects, estimates and timesheets for people who build things, and whatever plugins add.
#[derive(Debug, Parser)]
#[command(name = "lignaflow", version, about, arg_required_else_help = true, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    pub settings: Settings,
    #[command(subcommand)]
    pub command: Command,
}

/// Settings that can be given with any command. They win over the environment and the file.
#[derive(Debug, Args)]
pub struct Settings {
    /// The settings' file [default: config/lignaflow.toml, where it exists]
    #[arg(long, global = true, value_name = "FILE", env = "LIGNAFLOW_CONFIG")]
    pub config: Option<PathBuf>,
    /// The folder of the database and everything else that is kept
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// sqlite:path or postgres://…; empty is SQLite in the data folder
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Any other setting, as in --set log.level=debug; can be repeated
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub set: Vec<(String, String)>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve until stopped
    Serve(Serve),
    /// Bring the database up to this program's version
    Migrate,
    /// Organizations
    #[command(subcommand)]
    Organization(Organization),
    /// Make an organization of its own and fill it, through a running server, with a made-up joinery of twelve people
    #[cfg(feature = "shipped")]
    Sample(Sample),
    /// Bring in what another system holds, through a running server
    #[cfg(feature = "shipped")]
    #[command(subcommand)]
    Import(Import),
    /// Tokens for the API
    #[command(subcommand)]
    Token(Token),
    /// People
    #[command(subcommand)]
    User(User),
    /// Plugins
    #[command(subcommand)]
    Plugin(Plugin),
    /// Settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the OpenAPI document
    Openapi,
    /// Print the JSON Schema of plugin.toml
    Schema,
    /// Print the one-time address that makes the first organization and its owner
    SetupUrl,
    /// Seal everything that is kept secret with the secret key of now, so that former ones can go
    RotateSecrets(RotateSecrets),
    /// Make this system trust the local authority of certs_dir
    Trust,
    /// Ask the running server whether it is ready
    Health,
    /// Read the table on standard input, within limits: what the server starts for each file
    #[command(hide = true)]
    ReadTable(ReadTable),
    /// Make the document on standard input, within limits: what the server starts for each
    #[command(hide = true)]
    MakeDocument(Confinement),
    /// Compile the component on standard input, within limits: what the server starts for each plugin
    #[command(hide = true)]
    CompilePlugin(Confinement),
}

#[derive(Debug, Args)]
pub struct RotateSecrets {
    /// Put a new key before the one in the data folder, and do nothing else: restart the server, then rotate
    #[arg(long)]
    pub new_key: bool,
}

/// What a process that this program starts may use.
#[derive(Debug, Args)]
pub struct Confinement {
    #[arg(long)]
    pub memory: u64,
    #[arg(long)]
    pub seconds: u64,
}

impl Confinement {
    pub fn bounds(&self) -> Bounds {
        Bounds { memory: self.memory, seconds: self.seconds }
    }
}

#[derive(Debug, Args)]
pub struct ReadTable {
    #[arg(long)]
    pub rows: u32,
    #[arg(long)]
    pub columns: u16,
    #[arg(long)]
    pub cell: usize,
    #[arg(long)]
    pub memory: u64,
    #[arg(long)]
    pub seconds: u64,
    #[arg(long)]
    pub sheet: Option<String>,
}

impl ReadTable {
    pub fn limits(&self) -> Limits {
        let Self { rows, columns, cell, memory, seconds, .. } = *self;
        Limits { rows, columns, cell, memory, seconds }
    }
}

#[derive(Debug, Args)]
pub struct Serve {
    /// Where to serve HTTPS, such as 0.0.0.0:8443
    #[arg(long, value_name = "ADDRESS")]
    pub https: Option<String>,
    /// Where plain HTTP redirects to the public address; empty is nowhere
    #[arg(long, value_name = "ADDRESS")]
    pub http: Option<String>,
    /// The address that people type, such as https://ligna.example
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Organization {
    /// Make an organization and its owner
    Create {
        name: String,
        /// The owner's address; who has it already keeps their password
        #[arg(long, value_name = "EMAIL")]
        owner: String,
        /// Read the owner's password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Take an organization away with everything that is its; there is no way back but a backup
    Remove {
        name: String,
        /// It is meant
        #[arg(long, required = true)]
        yes: bool,
    },
}

#[cfg(feature = "shipped")]
#[derive(Debug, Args)]
pub struct Sample {
    /// What the organization is called
    #[arg(long, default_value = crate::sample::NAME)]
    pub name: String,
    /// The address of its owner; who has it already keeps their password
    #[arg(long, value_name = "ADDRESS")]
    pub owner: String,
    /// Read a password from standard input: the owner's where they are new, and that of the other eleven
    #[arg(long, required = true)]
    pub password_stdin: bool,
}

#[cfg(feature = "shipped")]
#[derive(Debug, Subcommand)]
pub enum Import {
    /// The tables of the system before: an organization for each company that its people name
    OldSystem(ImportOldSystem),
    /// A detailed report of Toggl Track
    Toggl(ImportTimes),
    /// A detailed report of Clockify
    Clockify(ImportTimes),
    /// A detailed time report of Harvest
    Harvest(ImportTimes),
    /// A time export of Kimai
    Kimai(ImportTimes),
}

#[cfg(feature = "shipped")]
#[derive(Debug, Args)]
pub struct ImportOldSystem {
    /// Its database, postgres://user:password@host/database; it is only read
    #[arg(long, value_name = "URL", env = "LIGNAFLOW_IMPORT_FROM", hide_env_values = true, value_parser = secret)]
    pub from: Secret,
    /// Tell what would be made, every fault with its table, row and column, and totals before and after; write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// This company alone; can be repeated
    #[arg(long, value_name = "NAME")]
    pub company: Vec<String>,
    /// Where the companies are: it proposes their time zone and currency
    #[arg(long, value_name = "CODE", default_value = "AU")]
    pub country: String,
    /// The time zone of their clocks, such as Australia/Perth
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// What their amounts are in, such as NZD
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
    /// Which clock wrote the times of attendance, which have no zone
    #[arg(long, value_enum, default_value_t = ImportClock::Found)]
    pub clock: ImportClock,
    /// Make projects of estimates that were approved and are none yet
    #[arg(long)]
    pub make_projects: bool,
    /// Its folder of uploaded files (MEDIA_ROOT), so that files of projects come along
    #[arg(long, value_name = "FOLDER")]
    pub media: Option<PathBuf>,
    /// Ask people who have an account with another organization to join, by a letter
    #[arg(long)]
    pub invite: bool,
}

#[cfg(feature = "shipped")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ImportClock {
    /// Found out by when the rows were written
    Found,
    /// That of the company
    Firm,
    /// UTC
    Utc,
}

#[cfg(feature = "shipped")]
#[derive(Debug, Args)]
pub struct ImportTimes {
    /// The report, as CSV or XLSX
    pub file: PathBuf,
    /// A token of an administrator of the organization, as `lignaflow token create` prints it
    #[arg(long, value_name = "TOKEN", env = "LIGNAFLOW_TOKEN", hide_env_values = true, value_parser = secret)]
    pub token: Secret,
    /// Tell what would be made, and every fault with its row; write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The time zone of the report; the organization's where left out
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// Whether dates such as 03/04/2026 have the day or the month first
    #[arg(long, value_enum, default_value_t = ImportDates::Found)]
    pub dates: ImportDates,
}

#[cfg(feature = "shipped")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ImportDates {
    /// Found out from all dates of the report
    Found,
    DayFirst,
    MonthFirst,
}

#[cfg(feature = "shipped")]
#[expect(clippy::unnecessary_wraps, reason = "a parser of values may fail")]
fn secret(text: &str) -> Result<Secret, String> {
    Ok(Secret::new(text))
}

#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token and print it, alone; it is not shown again
    Create {
        /// Whose token it is
        #[arg(long)]
        email: String,
        /// The organization it is for
        #[arg(long, value_name = "NAME")]
        organization: String,
        /// What it is for
        #[arg(long, default_value = "command line")]
        name: String,
        /// Days until it expires
        #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3_650))]
        expires_days: u32,
    },
}

#[derive(Debug, Subcommand)]
pub enum User {
    /// Give somebody a new password and end their sessions
    ResetPassword {
        email: String,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Take somebody's second factor away, who has lost it
    ResetSecondFactor { email: String },
}

#[derive(Debug, Subcommand)]
pub enum Plugin {
    /// List the installed plugins
    List,
    /// Tell what installing a file would do, and do nothing
    Plan { file: PathBuf },
    /// Install a plugin, or its next version, from a file
    Install {
        /// The file, or the name of a plugin that is part of the program, such as projects
        file: PathBuf,
        /// Tell what would be done, and do nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Uninstall a plugin; its records are kept
    Uninstall { id: String },
    /// List the versions of a plugin that are kept
    Versions { id: String },
    /// Go back to a version of a plugin that is kept, with what it was granted
    Rollback {
        id: String,
        /// Its version, its digest or the beginning of that [default: the one before the version in use]
        #[arg(long, value_name = "VERSION")]
        to: Option<String>,
        /// Tell what would be done, and do nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Tell how far a next version is with carrying records over
    Migration {
        /// Of this plugin alone
        id: Option<String>,
    },
    /// List what is kept and no installed plugin declares
    Kept {
        /// Of this plugin alone
        id: Option<String>,
    },
    /// Take something that is kept away for good, in every organization
    Purge {
        /// plugin.collection or plugin.collection.field, as `plugin kept` lists it
        name: String,
        /// The name once more, instead of typing it
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
    /// Switch a plugin on
    Enable {
        id: String,
        /// For this organization; without it, for this instance
        #[arg(long, value_name = "NAME")]
        organization: Option<String>,
    },
    /// Switch a plugin off; its data stays
    Disable {
        id: String,
        /// For this organization; without it, for this instance
        #[arg(long, value_name = "NAME")]
        organization: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the settings in force and where each comes from, without secrets
    Show,
}

impl Cli {
    /// Where this run's settings come from.
    pub fn inputs(&self) -> Inputs {
        Inputs::of_process(self.settings.config.clone(), self.flags())
    }

    /// The settings among what was typed. The named flags stand behind --set, and so win over it.
    fn flags(&self) -> Vec<Flag> {
        let set = self.settings.set.iter().map(|(key, value)| Flag::new("--set", key, value));
        let serve = match &self.command {
            Command::Serve(serve) => [
                ("--https", "server.https", &serve.https),
                ("--http", "server.http", &serve.http),
                ("--public-url", "server.public_url", &serve.public_url),
            ]
            .to_vec(),
            _ => Vec::new(),
        };
        let named = [
            ("--data-dir", "data_dir", &self.settings.data_dir),
            ("--database-url", "database_url", &self.settings.database_url),
        ];
        let named = named.into_iter().chain(serve);
        set.chain(named.filter_map(|(flag, key, value)| Some(Flag::new(flag, key, value.as_ref()?)))).collect()
    }
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("is to be KEY=VALUE, such as log.level=debug".into()),
    }
}

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("the password cannot be read from standard input")]
    Read(#[from] io::Error),
    #[error("there is no password on standard input")]
    Empty,
}

/// The first line of `input`, without its end.
pub fn read_password(mut input: impl BufRead) -> Result<Secret, PasswordError> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    let password = line.trim_end_matches(['\n', '\r']);
    if password.is_empty() { Err(PasswordError::Empty) } else { Ok(Secret::new(password)) }
}

/// An error as it is told on stderr: what failed, and indented below it why, each cause once.
pub fn tell(error: &anyhow::Error) -> String {
    let mut told = format!("error: {}", indented(&error.to_string()));
    let mut last = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Some errors repeat their cause in their own words.
        if !last.contains(&cause) {
            // Writing to a string cannot fail.
            let _ = write!(told, "\n  because: {}", indented(&cause));
        }
        last = cause;
    }
    told
}

fn indented(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    fn flags(line: &str) -> Vec<(String, String)> {
        parse(line).unwrap().flags().into_iter().map(|flag| (flag.key, flag.value)).collect()
    }

    #[test]
    fn the_whole_tree_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_of_the_manual_is_understood() {
        for line in [
            "lignaflow serve --https 0.0.0.0:8443 --http= --public-url https://ligna.example",
            "lignaflow migrate --data-dir /srv/data",
            "lignaflow organization create Ligna --owner ann@example.com --password-stdin",
            "lignaflow organization remove Ligna --yes",
            "lignaflow token create --email ann@example.com --organization Ligna --name ci --expires-days 7",
            #[cfg(feature = "shipped")]
            "lignaflow import old-system --from postgres://localhost/old --dry-run --company Ligna --clock utc",
            #[cfg(feature = "shipped")]
            "lignaflow import toggl report.csv --token lf_x --dates day-first --dry-run",
            "lignaflow user reset-password ann@example.com --password-stdin",
            "lignaflow user reset-second-factor ann@example.com",
            "lignaflow plugin list",
            "lignaflow plugin plan projects.wasm",
            "lignaflow plugin install projects.wasm --dry-run",
            "lignaflow plugin uninstall projects",
            "lignaflow plugin versions projects",
            "lignaflow plugin rollback projects --to 0.1.0 --dry-run",
            "lignaflow plugin kept projects",
            "lignaflow plugin purge projects.tasks.old_field",
            "lignaflow plugin enable projects --organization Ligna",
            "lignaflow plugin disable projects",
            "lignaflow config show --set log.level=debug --set server.http=",
            "lignaflow openapi",
            "lignaflow schema",
            "lignaflow setup-url",
            "lignaflow trust",
            "lignaflow health",
        ] {
            parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }

    #[test]
    fn what_cannot_be_understood_is_a_usage_error() {
        for line in [
            "lignaflow serv",
            "lignaflow organization create Ligna --owner ann@example.com",
            "lignaflow organization remove Ligna",
            "lignaflow user reset-password ann@example.com",
            "lignaflow token create --email a --organization b --expires-days 0",
            "lignaflow config show --set log.level",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), i32::from(USAGE), "{line}");
        }
    }

    #[test]
    fn flags_become_settings_and_the_named_ones_win() {
        let given = flags("lignaflow --set server.https=127.0.0.1:1 serve --https 127.0.0.1:2 --data-dir d");
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            given,
            [pair("server.https", "127.0.0.1:1"), pair("data_dir", "d"), pair("server.https", "127.0.0.1:2")]
        );
    }

    #[test]
    fn an_error_is_one_sentence_with_its_causes_below() {
        let cause = io::Error::new(io::ErrorKind::NotFound, "no such file");
        let error = anyhow::Error::from(cause).context("a.pem cannot be read").context("the server does not start");
        assert_eq!(
            tell(&error),
            "error: the server does not start\n  because: a.pem cannot be read\n  because: no such file"
        );
        assert_eq!(
            tell(&anyhow::anyhow!("it broke: disk full").context("it broke: disk full")),
            "error: it broke: disk full"
        );
    }

    #[test]
    fn a_password_is_one_line() {
        assert_eq!(read_password(&b"two words \r\nmore"[..]).unwrap().expose(), "two words ");
        assert!(matches!(read_password(&b"\n"[..]), Err(PasswordError::Empty)));
    }
}
