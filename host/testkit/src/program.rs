//! The built program as an operator runs it: in a folder of its own, with an environment that holds no setting.

use crate::client::Client;
use crate::compiled;
use reqwest::Certificate;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// Understood beside `LIGNAFLOW_…`.
const OTHER_SETTINGS: [&str; 4] = ["DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "RUST_LOG"];

/// What the program prints when it serves, before the address.
const ANSWERS: &str = "https://localhost:";

#[derive(Debug, Clone)]
pub struct Program {
    file: PathBuf,
    folder: PathBuf,
    set: Vec<(String, String)>,
}

/// One command, run to its end.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A server in a process of its own. Dropped, it is killed.
#[derive(Debug)]
pub struct Serving {
    child: Child,
    pub https: SocketAddr,
    pub root: String,
    authority: Certificate,
    told: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Ran {
    /// The same, where it went well.
    #[must_use]
    #[track_caller]
    pub fn done(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self
    }

    /// What it said, where it failed with that exit code.
    #[must_use]
    #[track_caller]
    pub fn failed(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self.err
    }
}

impl Program {
    /// `file` is `env!("CARGO_BIN_EXE_lignaflow")`, which is known to tests of its package alone.
    pub fn new(file: &str, folder: &Path) -> Self {
        Self { file: file.into(), folder: folder.to_owned(), set: Vec::new() }
    }

    /// The same with one more setting in its environment.
    #[must_use]
    pub fn with(mut self, variable: &str, value: impl Into<String>) -> Self {
        self.set.push((variable.to_owned(), value.into()));
        self
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.file);
        command.args(words).current_dir(&self.folder).kill_on_drop(true);
        for (name, _) in std::env::vars_os() {
            let Some(name) = name.to_str() else { continue };
            if name.starts_with("LIGNAFLOW_") || OTHER_SETTINGS.contains(&name) {
                command.env_remove(name);
            }
        }
        command.envs(self.set.iter().map(|(name, value)| (name, value)));
        command
    }

    pub async fn run(&self, words: &[&str]) -> Ran {
        self.run_with(words, "").await
    }

    /// Runs a command that reads standard input.
    pub async fn run_with(&self, words: &[&str], input: &str) -> Ran {
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program");
        let mut stdin = child.stdin.take().expect("its input");
        // A command that fails early reads nothing.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = child.wait_with_output().await.expect("its end");
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Serves on a free port, until it answers.
    pub async fn serve(&self) -> Serving {
        let https = free_port();
        let (address, root) = (https.to_string(), format!("https://localhost:{}", https.port()));
        compiled::lay_out(&self.file, &self.folder.join("data/compiled"));
        let mut command = self.command(&["serve", "--https", &address, "--http=", "--public-url", &root]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program");
        let told = Arc::new(Mutex::new(String::new()));
        let (said, answers) = tokio::sync::oneshot::channel();
        let readers = vec![
            tokio::spawn(listen(child.stdout.take().expect("its output"), told.clone(), Some(said))),
            tokio::spawn(listen(child.stderr.take().expect("its errors"), told.clone(), None)),
        ];
        if answers.await.is_err() {
            let status = child.wait().await;
            panic!("it did not serve ({status:?}): {}", told.lock().unwrap_or_else(PoisonError::into_inner));
        }
        let authority = std::fs::read(self.folder.join("certs/ca.pem")).expect("the authority's certificate");
        compiled::keep(&self.file, &self.folder.join("data/compiled"));
        let authority = Certificate::from_pem(&authority).expect("a certificate");
        Serving { child, https, root, authority, told, readers }
    }
}

/// Keeps what is said, and tells once that the address was.
async fn listen(
    from: impl AsyncRead + Unpin,
    told: Arc<Mutex<String>>,
    mut said: Option<tokio::sync::oneshot::Sender<()>>,
) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let serves = line.contains(ANSWERS);
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        told.push_str(&line);
        told.push('\n');
        drop(told);
        if serves && let Some(said) = said.take() {
            // Nobody listens where the start was given up.
            let _ = said.send(());
        }
    }
}

/// A port that nobody listens on just now.
pub fn free_port() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address")
}

impl Serving {
    pub fn client(&self, token: Option<&str>) -> Client {
        lignaflow_server::tls::install_provider();
        Client::new(&self.root, self.https, &self.authority, token)
    }

    /// What it has printed so far.
    pub fn told(&self) -> String {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// `kill -9`.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("a process to kill");
        self.read_to_the_end().await;
    }

    /// SIGTERM, and how it ended.
    #[cfg(unix)]
    pub async fn terminate(&mut self) -> ExitStatus {
        let id = self.child.id().expect("a process that runs").to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill");
        assert!(sent.success());
        let status = self.child.wait().await.expect("its end");
        self.read_to_the_end().await;
        status
    }

    async fn read_to_the_end(&mut self) {
        for reader in self.readers.drain(..) {
            reader.await.expect("its last words");
        }
    }
}
