//! `wasmtime serve` with a component that answers as the plugin does: what the engine's own server makes of the same
//! answer, a fresh instance each time as well.

use std::env;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::client::{Target, request};
use crate::compare::{Call, Side};

/// Names the program; it is an hour's work to fetch and build, and only this asks for it.
const PROGRAM: &str = "LIGNAFLOW_BENCH_WASMTIME";
const COMPONENT: &str = "bench/serve/target/wasm32-wasip2/release/serve.wasm";
const PATIENCE: Duration = Duration::from_secs(30);

/// A server under way. It ends with this value.
pub(super) struct Served {
    port: u16,
    process: Child,
}

impl Served {
    pub(super) const HOW: &str = "left out: `LIGNAFLOW_BENCH_WASMTIME` names no `wasmtime`";

    /// None where no program is named.
    pub(super) async fn start() -> Result<Option<Self>> {
        let Some(program) = env::var_os(PROGRAM) else { return Ok(None) };
        ensure!(
            Path::new(COMPONENT).is_file(),
            "there is no {COMPONENT}: cargo build --release --target wasm32-wasip2 --manifest-path bench/serve/Cargo.toml"
        );
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(&program);
        command.args(["serve", "-Scli", "-Opooling-allocator", "--addr", &format!("127.0.0.1:{port}"), COMPONENT]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let process = command.spawn().with_context(|| format!("{} cannot be started", program.display()))?;
        let served = Self { port, process };
        let (target, begin) = (Target::plain(port), Instant::now());
        let ask = request("GET", "/", None, None);
        while begin.elapsed() < PATIENCE {
            if let Ok(mut connection) = target.connect().await {
                let answer = connection.call(ask.as_bytes()).await?;
                ensure!(answer.status == 200 && answer.body == b"hello", "`wasmtime serve` answers something else");
                return Ok(Some(served));
            }
            sleep(Duration::from_millis(50)).await;
        }
        bail!("`wasmtime serve` does not answer")
    }

    pub(super) fn side(&self, call: Call) -> Side {
        let process = self.process.id().unwrap_or_default();
        Side { name: "wasmtime serve", port: self.port, plain: true, process, application: "", call }
    }
}
