//! The release `lignaflow`, in a folder of its own, as an operator would set it up: commands first, then `serve`.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::client::Target;

/// The path of the release `lignaflow`.
pub(crate) const PROGRAM: &str = "LIGNAFLOW_BENCH_SERVER";

const ORGANIZATION: &str = "Measured Joinery";
const OWNER: &str = "owner@measured.example";
const PASSWORD: &str = "correct horse battery staple";

/// How long a start may take before it is given up.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked whether the server answers yet.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A host that can be started, again and again on the same data.
#[derive(Debug)]
pub(crate) struct Host {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    database: Option<String>,
    settings: Vec<(&'static str, &'static str)>,
}

impl Host {
    /// Nothing for the database is SQLite in the data folder.
    pub(crate) fn new(database: Option<&str>) -> Result<Self> {
        let program = std::env::var_os(PROGRAM)
            .map(PathBuf::from)
            .with_context(|| format!("{PROGRAM} does not name a release `lignaflow`; `cargo xtask bench` sets it"))?;
        if !program.is_file() {
            bail!("{PROGRAM}: there is no {}", program.display());
        }
        // Beside the program, since a folder for temporary files may lie in memory and never wait for a disk.
        let parent = program.parent().unwrap_or(Path::new("."));
        let folder = tempfile::Builder::new().prefix("lignaflow-bench-").tempdir_in(parent)?;
        Ok(Self { folder, port: free_port()?, database: database.map(str::to_owned), settings: Vec::new(), program })
    }

    /// With one more setting, as a variable.
    pub(crate) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.settings.push((name, value));
        self
    }

    /// Where it runs.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A file of the local certificate authority.
    pub(crate) fn certificate(&self, file: &str) -> PathBuf {
        self.folder.path().join("certs").join(file)
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).current_dir(self.folder.path()).kill_on_drop(true);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("LIGNAFLOW_")
                || ["DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "RUST_LOG"].contains(&&*text)
            {
                command.env_remove(&name);
            }
        }
        command.env("LIGNAFLOW_DATA_DIR", self.data());
        command.env("LIGNAFLOW_CERTS_DIR", self.folder.path().join("certs"));
        command.env("LIGNAFLOW_SERVER__HTTPS", format!("127.0.0.1:{}", self.port));
        command.env("LIGNAFLOW_SERVER__HTTP", "");
        command.env("LIGNAFLOW_SERVER__PUBLIC_URL", format!("https://localhost:{}", self.port));
        command.env("LIGNAFLOW_LOG__FORMAT", "json");
        if let Some(url) = &self.database {
            command.env("LIGNAFLOW_DATABASE_URL", url);
        }
        command.envs(self.settings.iter().copied());
        // Counted as always, but out of reach: what is measured is the work, not the refusals.
        for of in ["SIGNED_IN", "ANONYMOUS"] {
            command.env(format!("LIGNAFLOW_LIMITS__{of}_PER_MINUTE"), "60000000");
            command.env(format!("LIGNAFLOW_LIMITS__{of}_BURST"), "1000000");
        }
        command
    }

    /// Runs a command to its end and hands over what it printed.
    async fn run(&self, words: &[&str], input: Option<&str>) -> Result<String> {
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let shown = format!("`lignaflow {}`", words.join(" "));
        let mut child = command.spawn().with_context(|| format!("{shown} cannot be started"))?;
        let mut pipe = child.stdin.take().context("no standard input")?;
        if let Some(input) = input {
            pipe.write_all(input.as_bytes()).await?;
        }
        drop(pipe);
        let output = child.wait_with_output().await?;
        if !output.status.success() {
            bail!("{shown} ended with {}:\n{}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Makes the database's tables, an organization with its owner, and a token of theirs.
    pub(crate) async fn prepare(&self) -> Result<String> {
        fs::create_dir_all(self.data())?;
        self.run(&["migrate"], None).await?;
        self.organization(ORGANIZATION, OWNER).await
    }

    /// Makes an organization with its owner, and a token of theirs.
    pub(crate) async fn organization(&self, name: &str, owner: &str) -> Result<String> {
        let create = ["organization", "create", name, "--owner", owner, "--password-stdin"];
        self.run(&create, Some(&format!("{PASSWORD}\n"))).await?;
        let printed = self.run(&["token", "create", "--email", owner, "--organization", name], None).await?;
        printed.lines().last().map(|line| line.trim().to_owned()).context("`lignaflow token create` printed nothing")
    }

    /// Installs a plugin from a file and switches it on for everybody.
    pub(crate) async fn install(&self, file: &Path, id: &str) -> Result<()> {
        // The commands run in the host's own folder.
        let file = file.canonicalize().with_context(|| format!("there is no {}", file.display()))?;
        self.run(&["plugin", "install", &file.to_string_lossy()], None).await?;
        self.enable(id, ORGANIZATION).await
    }

    /// Switches a plugin on for an organization.
    pub(crate) async fn enable(&self, id: &str, organization: &str) -> Result<()> {
        self.run(&["plugin", "enable", id, "--organization", organization], None).await?;
        Ok(())
    }

    /// Starts it and waits until it says that it is ready.
    pub(crate) async fn start(&self) -> Result<Running> {
        self.start_keeping(None).await
    }

    /// The same, with so many bytes for the results that it keeps, or as many as by default.
    pub(crate) async fn start_keeping(&self, bytes: Option<u64>) -> Result<Running> {
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut command = self.command(&["serve"]);
        if let Some(bytes) = bytes {
            command.env("LIGNAFLOW_CACHE__BYTES", bytes.to_string());
        }
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let begin = Instant::now();
        let mut child = command.spawn().with_context(|| format!("{} cannot be started", self.program.display()))?;
        let authority = self.certificate("ca.pem");
        let mut target = None;
        loop {
            if let Some(status) = child.try_wait()? {
                bail!("`lignaflow serve` ended with {status}:\n{}", self.last_lines());
            }
            if begin.elapsed() > PATIENCE {
                bail!("`lignaflow serve` is not ready after {} s:\n{}", PATIENCE.as_secs(), self.last_lines());
            }
            // The authority is made on the very first start.
            if target.is_none() && authority.exists() {
                target = Target::new(self.port, &authority).ok();
            }
            if let Some(target) = &target
                && target.json("GET", "/health/ready", None, None, 200).await.is_ok()
            {
                let id = child.id().context("the server ended")?;
                return Ok(Running { child, id, target: target.clone(), port: self.port, ready: begin.elapsed() });
            }
            sleep(LOOK_EVERY).await;
        }
    }

    fn last_lines(&self) -> String {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

/// A host that answers.
pub(crate) struct Running {
    child: Child,
    pub(crate) id: u32,
    pub(crate) target: Target,
    pub(crate) port: u16,
    /// From its start to its first answer that it is ready.
    pub(crate) ready: Duration,
}

impl Running {
    /// `kill -9`.
    pub(crate) async fn kill(mut self) -> Result<()> {
        self.child.kill().await?;
        Ok(())
    }

    /// SIGTERM, without waiting for what comes of it.
    pub(crate) fn terminate(&self) -> Result<()> {
        let id = i32::try_from(self.id).ok().and_then(Pid::from_raw).context("the server has no process id")?;
        kill_process(id, Signal::TERM)?;
        Ok(())
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self, patience: Duration) -> Result<ExitStatus> {
        Ok(timeout(patience, self.child.wait()).await.context("the server does not end")??)
    }

    /// Stops it as an operator does.
    pub(crate) async fn stop(self) -> Result<()> {
        self.terminate()?;
        let status = self.ended(Duration::from_secs(20)).await?;
        if !status.success() {
            bail!("the server ended with {status}");
        }
        Ok(())
    }

    /// Switches a plugin on or off in the organization.
    pub(crate) async fn switch(&self, token: &str, plugin: &str, on: bool) -> Result<()> {
        let verb = if on { "enable" } else { "disable" };
        let path = format!("/api/v1/plugins/{plugin}/{verb}");
        self.target.json("POST", &path, Some(token), None, 204).await?;
        Ok(())
    }

    /// Makes a version of a plugin that is kept the one in use.
    pub(crate) async fn return_to(&self, token: &str, plugin: &str, version: &str) -> Result<()> {
        let path = format!("/api/v1/plugins/{plugin}/rollback?to={version}");
        self.target.json("POST", &path, Some(token), None, 200).await?;
        Ok(())
    }
}

pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}
