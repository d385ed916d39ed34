//! The parent's side: a process is started, handed its input, heard to its end, and why it ended is told.

use super::Bounds;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

/// This program's own file.
#[derive(Debug, Clone)]
pub struct Program(PathBuf);

/// Why a process gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    #[error("it used up its computing time, or took too long")]
    TooSlow,
    #[error("it used up its memory")]
    TooLarge,
    #[error("it answered more than is taken")]
    TooMuch,
    /// It could not be started or heard, or failed by itself.
    #[error("{0}")]
    Failed(String),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Ended {
    /// What a process that ended early tells by how it ended.
    pub fn of(status: ExitStatus) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::process::ExitStatusExt as _;
            match status.signal() {
                // SIGXCPU: its bounds leave a second between that and SIGKILL (`Bounds::take_on`).
                Some(24) => return Self::TooSlow,
                // An allocator that gets no memory aborts, as does a stack that cannot grow; and where the machine or the
                // container has none left, the kernel kills.
                Some(_) => return Self::TooLarge,
                None => {}
            }
        }
        Self::Failed(status.to_string())
    }
}

impl Program {
    pub fn new(file: PathBuf) -> Self {
        Self(file)
    }

    /// The process of a task, to be given its input and started.
    pub fn command(&self, task: &str, bounds: Bounds) -> Command {
        let mut command = Command::new(&self.0);
        command.arg(task);
        command.arg("--memory").arg(bounds.memory.to_string());
        command.arg("--seconds").arg(bounds.seconds.to_string());
        // It needs nothing of what the server knows.
        command.env_clear().current_dir("/").kill_on_drop(true);
        // Its allocator must not reserve address space before the limit stands: what is reserved is not refused later.
        command.env("MIMALLOC_ARENA_RESERVE", "0");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }

    /// Has a task done: all of its input, and all that it answers, at most so many bytes. Dropped, the process ends.
    pub async fn ask(&self, task: &str, bounds: Bounds, input: Vec<u8>, most: usize) -> Result<Vec<u8>, Ended> {
        let mut child = self.command(task, bounds).spawn()?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Ended::Failed("it has no pipes".to_owned()));
        };
        let hand_over = async move {
            // One that ended in the middle says why by how it ended.
            let _ = stdin.write_all(&input).await;
        };
        let hear = async {
            let mut answer = Vec::new();
            let most = u64::try_from(most).unwrap_or(u64::MAX);
            stdout.take(most.saturating_add(1)).read_to_end(&mut answer).await.map(|_| answer)
        };
        // It computes no longer than its bounds; whatever else it waits for, its turn among it, is bounded here.
        let patience = Duration::from_secs(bounds.seconds.saturating_mul(10).max(1));
        let heard = async {
            let ((), answer) = tokio::join!(hand_over, hear);
            let answer = answer?;
            if answer.len() > most {
                return Err(Ended::TooMuch);
            }
            Ok((answer, child.wait().await?))
        };
        let (answer, status) = tokio::time::timeout(patience, heard).await.map_err(|_| Ended::TooSlow)??;
        if status.success() { Ok(answer) } else { Err(Ended::of(status)) }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;

    #[test]
    fn how_it_ended_tells_why() {
        // As wait(2) has it: a signal, or a code in the byte above.
        for (status, why) in [(24, Ended::TooSlow), (9, Ended::TooLarge), (6, Ended::TooLarge), (11, Ended::TooLarge)] {
            assert_eq!(Ended::of(ExitStatus::from_raw(status)), why, "signal {status}");
        }
        assert!(matches!(Ended::of(ExitStatus::from_raw(1 << 8)), Ended::Failed(_)));
    }

    /// A program that is killed as the kernel kills where memory runs out, and one that computes beyond its time.
    #[tokio::test]
    async fn one_that_is_killed_needed_memory_and_one_that_goes_on_was_slow() {
        let folder = tempfile::tempdir().unwrap();
        let program = |script: &str| {
            use std::os::unix::fs::PermissionsExt as _;
            let file = folder.path().join(format!("{}.sh", script.len()));
            std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o700)).unwrap();
            Program::new(file)
        };
        let bounds = Bounds { memory: 1 << 30, seconds: 1 };
        let killed = program("kill -KILL $$").ask("compile-plugin", bounds, Vec::new(), 10).await;
        assert_eq!(killed, Err(Ended::TooLarge));
        let slow = program("ulimit -St 1; ulimit -Ht 2; while :; do :; done")
            .ask("compile-plugin", bounds, Vec::new(), 10)
            .await;
        assert_eq!(slow, Err(Ended::TooSlow));
    }
}
