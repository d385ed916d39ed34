//! A private PostgreSQL: its own folder, a free port, gone when this program is.
//!
//! The cluster is kept by a small shell script (`postgres.sh`) in a process group of its own that waits for its
//! standard input to end. This program holds the other end, so that the cluster is stopped and its folder removed
//! however this program ends: well, by an error, by Ctrl-C, even by `kill -9`.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::needs::Need;
use crate::workspace::{in_path, output};

pub(crate) const NEED: Need = Need {
    name: "postgres",
    for_what: "everything on PostgreSQL (SQLite alone is tested)",
    advice: "No initdb and postgres in PATH, in `pg_config --bindir`, in /usr/lib/postgresql or Homebrew. Debian: apt-get install postgresql",
};

const KEEPER: &str = include_str!("postgres.sh");
const START: Duration = Duration::from_mins(1);

/// A running cluster, or a server that the environment names.
#[derive(Debug)]
pub(crate) struct Postgres {
    pub(crate) url: String,
    pub(crate) version: String,
    keeper: Option<Child>,
}

impl Postgres {
    /// The server that `variable` names already, else a private cluster; `None` where there is no PostgreSQL.
    pub(crate) fn start(variable: &str) -> Result<Option<Self>> {
        if let Ok(url) = env::var(variable) {
            return Ok(Some(Self { url, version: format!("the server of {variable}"), keeper: None }));
        }
        let Some(programs) = find_programs() else {
            return Ok(None);
        };
        let version = output(Command::new(programs.join("postgres")).arg("--version")).unwrap_or_default();
        let mut faults = String::new();
        // Another program can take the port between the look and the start, so there is more than one attempt.
        for _ in 0..3 {
            match Self::attempt(&programs)? {
                Started::Ready(keeper, port) => {
                    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
                    return Ok(Some(Self { url, version, keeper: Some(keeper) }));
                }
                Started::Failed(why) => faults = why,
            }
        }
        bail!("PostgreSQL ({}) does not start:\n{faults}", programs.display())
    }

    fn attempt(programs: &Path) -> Result<Started> {
        let port = free_port()?;
        let folder = env::temp_dir().join(format!("lignaflow-postgres-{}-{port}", std::process::id()));
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let guard = RemoveOnFailure(Some(folder.clone()));

        let change_user = change_user(&folder)?;
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "postgres.sh"]).arg(&folder).arg(programs).arg(port.to_string()).args(change_user);
        keeper.current_dir(&folder).stdin(Stdio::piped()).stdout(Stdio::null());
        // Ctrl-C goes to the terminal's whole process group; the keeper must outlive it to clean up.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut keeper, 0);
        let mut keeper = keeper.spawn().context("cannot start sh")?;
        guard.hand_over();

        let deadline = Instant::now() + START;
        loop {
            if is_ready(&folder) {
                return Ok(Started::Ready(keeper, port));
            }
            let ended = folder.join("ended").exists() || keeper.try_wait()?.is_some();
            if ended || Instant::now() > deadline {
                let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
                stop(&mut keeper);
                return Ok(Started::Failed(last_lines(&log, 12)));
            }
            pause();
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            stop(keeper);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "PostgreSQL tells that it is ready by a file alone")]
fn pause() {
    thread::sleep(Duration::from_millis(50));
}

#[derive(Debug)]
enum Started {
    Ready(Child, u16),
    Failed(String),
}

/// Until the keeper answers for the folder.
struct RemoveOnFailure(Option<PathBuf>);

impl RemoveOnFailure {
    fn hand_over(mut self) {
        self.0 = None;
    }
}

impl Drop for RemoveOnFailure {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            // Nothing better can be done with a second error.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

fn stop(keeper: &mut Child) {
    drop(keeper.stdin.take());
    // An error means that it is gone already, which is what was wanted.
    let _ = keeper.wait();
}

/// The eighth line of `postmaster.pid` is what `pg_ctl --wait` reads too.
fn is_ready(folder: &Path) -> bool {
    fs::read_to_string(folder.join("data/postmaster.pid"))
        .is_ok_and(|text| text.lines().nth(7).is_some_and(|status| status.trim() == "ready"))
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// The folder with `initdb` and `postgres`: `PATH`, `pg_config`, then the usual places, newest first.
fn find_programs() -> Option<PathBuf> {
    let beside = in_path("initdb").and_then(|file| Some(file.canonicalize().ok()?.parent()?.to_path_buf()));
    let told = output(Command::new("pg_config").arg("--bindir")).map(PathBuf::from);
    beside
        .into_iter()
        .chain(told)
        .chain(usual_places())
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

fn usual_places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    for (parent, prefix) in [
        ("/usr/lib/postgresql", ""),
        ("/opt/homebrew/opt", "postgresql"),
        ("/usr/local/opt", "postgresql"),
        ("/usr", "pgsql-"),
    ] {
        for entry in Path::new(parent).read_dir().into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(version) = name.strip_prefix(prefix) {
                let digits: String = version.chars().filter(char::is_ascii_digit).collect();
                places.push((digits.parse::<u32>().unwrap_or(0), entry.path().join("bin")));
            }
        }
    }
    places.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    places.into_iter().map(|(_, folder)| folder).collect()
}

/// PostgreSQL refuses to run as root: the words before a command that run it as somebody else, who is given the folder.
/// None where this program is not root.
#[cfg(unix)]
fn change_user(folder: &Path) -> Result<Vec<String>> {
    use std::os::unix::fs::{MetadataExt, chown};

    if fs::metadata(folder)?.uid() != 0 {
        return Ok(Vec::new());
    }
    let Some((user, id, group)) = ["postgres", "nobody"].into_iter().find_map(|user| {
        let id = output(Command::new("id").args(["-u", user]))?.parse().ok()?;
        let group = output(Command::new("id").args(["-g", user]))?.parse().ok()?;
        Some((user, id, group))
    }) else {
        bail!("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")
    };
    chown(folder, Some(id), Some(group)).with_context(|| format!("cannot give {} to {user}", folder.display()))?;
    let words = if in_path("setpriv").is_some() {
        vec!["setpriv".to_owned(), format!("--reuid={id}"), format!("--regid={group}"), "--clear-groups".to_owned()]
    } else if in_path("runuser").is_some() {
        ["runuser", "-u", user, "--"].map(str::to_owned).to_vec()
    } else {
        // `su` takes one line for a shell; this one runs the words that follow it.
        ["su", "-s", "/bin/sh", "-c", r#"exec "$0" "$@""#, "--", user].map(str::to_owned).to_vec()
    };
    Ok(words)
}

#[cfg(not(unix))]
fn change_user(_: &Path) -> Result<Vec<String>> {
    Ok(Vec::new())
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_cluster_answers_while_it_is_held_and_leaves_nothing() {
        let Some(programs) = find_programs() else { return };
        let Started::Ready(keeper, port) = Postgres::attempt(&programs).unwrap() else { panic!("does not start") };
        let folder = env::temp_dir().join(format!("lignaflow-postgres-{}-{port}", std::process::id()));
        assert!(folder.exists());
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();

        drop(Postgres { url: String::new(), version: String::new(), keeper: Some(keeper) });
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
        assert!(!folder.exists());
    }
}
