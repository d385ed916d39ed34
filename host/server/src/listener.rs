//! The accept loop. axum installs no deadlines of its own, so that a client that sends nothing could hold a connection
//! for ever; here the handshake runs in its own task and each stage of a connection has a time of its own.

mod activity;
mod connection;
mod stall;

#[cfg(test)]
mod tests;

use crate::config::Server;
use crate::shutdown::Shutdown;
use axum::Router;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections that the kernel holds ready while the loop is busy.
const BACKLOG: u32 = 4_096;

/// The pause after an error of the machine, such as too many open files, that trying again at once cannot mend.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Files that are kept free for everything that is no connection: the database, plugins, logs.
const RESERVED_FILES: u64 = 256;

/// The other end of a connection. An extension of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// What is spoken on a connection.
#[derive(Debug, Clone)]
pub enum Transport {
    /// HTTP/1.1 or HTTP/2, as the client chooses by ALPN.
    Tls(Arc<ServerConfig>),
    /// HTTP/1.1 in the open, for the redirect.
    Plain,
}

impl Transport {
    fn name(&self) -> &'static str {
        match self {
            Self::Tls(_) => "https",
            Self::Plain => "http",
        }
    }
}

/// How many connections there may be, and how long each stage of one may last.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    pub connections: usize,
    pub handshake: Duration,
    pub head: Duration,
    pub idle: Duration,
    pub write: Duration,
}

impl From<&Server> for Deadlines {
    fn from(server: &Server) -> Self {
        Self {
            connections: server.connections,
            handshake: server.handshake(),
            head: server.head(),
            idle: server.idle(),
            write: server.write(),
        }
    }
}

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} ({setting}): {reason}")]
pub struct BindError {
    pub address: SocketAddr,
    pub setting: &'static str,
    reason: String,
    #[source]
    source: io::Error,
}

/// Listens on `address`; `setting` is the setting's name, for the error.
pub fn bind(address: SocketAddr, setting: &'static str) -> Result<TcpListener, BindError> {
    let listen = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // So that a restart need not wait for the last connections of the run before to be forgotten.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|source| {
        let reason = match source.kind() {
            io::ErrorKind::AddrInUse => format!(
                "the port is in use, perhaps by another LignaFlow; stop that program or choose another port with {setting}"
            ),
            io::ErrorKind::AddrNotAvailable => "this machine does not have that address".into(),
            io::ErrorKind::PermissionDenied => "ports below 1024 need the right to use them".into(),
            _ => "the system refuses it".into(),
        };
        BindError { address, setting, reason, source }
    })
}

/// Raises this process's limit of open files as far as the system lets it, since each connection is one, and returns
/// how many connections fit under it beside everything else.
pub fn room_for_connections(wanted: usize) -> usize {
    let fits = raise_open_files().map_or(u64::MAX, |files| files.saturating_sub(RESERVED_FILES).max(64));
    let room = usize::try_from(fits).unwrap_or(usize::MAX).min(wanted);
    if room < wanted {
        tracing::warn!(wanted, room, "the limit of open files (ulimit -n) leaves room for fewer connections");
    }
    room
}

#[cfg(unix)]
fn raise_open_files() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let current = current?;
    // No more than anyone needs: some programs size tables by this limit.
    let wanted = maximum.unwrap_or(u64::MAX).min(1 << 20).max(current);
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }) {
        Ok(()) => Some(wanted),
        Err(_) => Some(current),
    }
}

#[cfg(not(unix))]
fn raise_open_files() -> Option<u64> {
    None
}

/// How the end went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections and requests that were still under way when their time was up.
    pub broken_off: usize,
}

/// Accepts and serves until the shutdown begins; then finishes what is under way within its grace, and closes.
pub async fn serve(
    tcp: TcpListener,
    transport: Transport,
    router: Router,
    deadlines: Deadlines,
    shutdown: Shutdown,
) -> Drained {
    let tasks = Tasks { tracker: TaskTracker::new(), kill: CancellationToken::new() };
    let places = Arc::new(Semaphore::new(deadlines.connections));
    let name = transport.name();
    let service =
        connection::Service { router, transport, deadlines, shutdown: shutdown.clone(), tasks: tasks.clone() };
    let service = Arc::new(service);
    loop {
        let place = tokio::select! {
            biased;
            () = shutdown.begun() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let accepted = tokio::select! {
            biased;
            () = shutdown.begun() => break,
            accepted = tcp.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                metrics::counter!("connections_total", "listener" => name).increment(1);
                let service = Arc::clone(&service);
                tasks.spawn(async move {
                    let open = Open::begin(name);
                    connection::serve(&service, stream, peer).await;
                    drop((open, place));
                });
            }
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                metrics::counter!("accept_errors_total", "listener" => name).increment(1);
                tracing::warn!(%error, listener = name, "no connection can be accepted for the moment");
                tokio::time::sleep(BACK_OFF).await;
            }
        }
    }
    drop(tcp);
    tasks.tracker.close();
    let mut broken_off = 0;
    if tokio::time::timeout(shutdown.grace(), tasks.tracker.wait()).await.is_err() {
        broken_off = tasks.tracker.len();
        tracing::warn!(broken_off, listener = name, "the time to stop is up: what is still under way is broken off");
        tasks.kill.cancel();
        tasks.tracker.wait().await;
    }
    Drained { broken_off }
}

/// The client was gone before it was accepted: nothing that concerns the next one.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Everything that has been begun for connections: waited for at the end, then ended.
#[derive(Debug, Clone)]
struct Tasks {
    tracker: TaskTracker,
    kill: CancellationToken,
}

impl Tasks {
    fn spawn<F>(&self, task: F)
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.tracker.spawn(self.kill.clone().run_until_cancelled_owned(task));
    }
}

/// hyper runs the requests of an HTTP/2 connection as tasks of their own.
impl<F> hyper::rt::Executor<F> for Tasks
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}

/// Counts a connection while it is open.
struct Open(&'static str);

impl Open {
    fn begin(name: &'static str) -> Self {
        metrics::gauge!("connections_open", "listener" => name).increment(1);
        Self(name)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        metrics::gauge!("connections_open", "listener" => self.0).decrement(1);
    }
}
