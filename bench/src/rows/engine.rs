//! The engine by itself, in this process, without server and database: what one call of guest code costs on a fresh
//! instance, in Rust and in JavaScript.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use async_trait::async_trait;
use lignaflow_core::allowance::Allowance;
use lignaflow_core::bound::Calendar;
use lignaflow_core::caller::{Caller, Principal};
use lignaflow_core::descriptor::{ChangeKind, parse};
use lignaflow_core::files::{TableRows, TableSlice};
use lignaflow_core::guest::{Guest as _, HookChange, Remainder, RouteRequest, ServiceCall};
use lignaflow_core::media::Media;
use lignaflow_core::mutation::{Fields, Origin};
use lignaflow_core::name::PluginId;
use lignaflow_core::outbound::{OutboundRequest, OutboundResponse};
use lignaflow_core::query::{Authority, Page, Selection, Summary};
use lignaflow_core::reads::{Person, Reads};
use lignaflow_core::value::{Currency, Value};
use lignaflow_core::{Fault, Id, OrganizationId, PersonId, RequestId};
use lignaflow_runtime::{Engine, EngineOptions, LoadedPlugin};

use crate::packed::described;
use crate::report::{Line, Report, Verdict};

const DESCRIPTOR: &str = "plugins/hostile/honest/plugin.toml";
const RUST: &str = "plugins/dist/hostile/honest.wasm";
/// Without its descriptor, as its tool makes it.
const JAVASCRIPT: &str = "host/runtime/tests/javascript/honest.wasm";

/// Calls that are counted, after some that are not.
const CALLS: usize = 5_000;
const WARM: usize = 500;

/// Microseconds that a whole call of a hook may take.
const HOOK: f64 = 60.0;
const HOOK_IN_JAVASCRIPT: f64 = 250.0;

pub(super) async fn engine(report: &mut Report) -> Result<()> {
    let (Ok(rust), Ok(javascript)) = (fs::read(RUST), fs::read(JAVASCRIPT)) else {
        report.lines.push(Line::shown("one call of guest code", "left out: `cargo xtask plugins` packs the guests"));
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let text = fs::read_to_string(DESCRIPTOR).context(DESCRIPTOR)?;
    let grants = parse(&text).map_err(|faults| anyhow!("{DESCRIPTOR}: {faults:?}"))?.grants;
    let engine = Engine::new(EngineOptions { cache_dir: Some(folder.path().into()), ..EngineOptions::default() })?;
    let load = |bytes: &[u8]| engine.load(bytes, &grants, &Allowance::default());
    let (rust, javascript) = (load(&rust)?, load(&described(&javascript, &text))?);
    for (plugin, language, bar) in [(&rust, "Rust", HOOK), (&javascript, "JavaScript (QuickJS)", HOOK_IN_JAVASCRIPT)] {
        let nothing = median(plugin, |plugin, reads| async move { saved(&plugin, reads, Vec::new()).await }).await?;
        report.lines.push(Line::shown(
            format!("a fresh instance in {language} that is called with nothing, p50"),
            format!("{nothing:.1} µs"),
        ));
        let hook = median(plugin, |plugin, reads| async move { saved(&plugin, reads, vec![change()]).await }).await?;
        report.lines.push(Line {
            what: format!("a whole hook call in {language}, fresh instance included, p50"),
            measured: format!("{hook:.1} µs"),
            bar: format!("at most {bar} µs"),
            verdict: Verdict::at_most(hook, bar),
        });
        let route = median(plugin, |plugin, reads| async move { hello(&plugin, reads).await }).await?;
        report.lines.push(Line::shown(
            format!("a route in {language} that answers hello, fresh instance included, p50"),
            format!("{route:.1} µs"),
        ));
    }
    Ok(())
}

/// Microseconds that half of the calls were done within.
async fn median<F>(plugin: &Arc<LoadedPlugin>, call: impl Fn(Arc<LoadedPlugin>, Arc<dyn Reads>) -> F) -> Result<f64>
where
    F: Future<Output = Result<()>>,
{
    let reads: Arc<dyn Reads> = Arc::new(Silent(caller()));
    let mut took: Vec<Duration> = Vec::with_capacity(CALLS);
    for number in 0..WARM + CALLS {
        let begin = Instant::now();
        call(plugin.clone(), reads.clone()).await?;
        if number >= WARM {
            took.push(begin.elapsed());
        }
    }
    took.sort_unstable();
    Ok(took[took.len() / 2].as_secs_f64() * 1e6)
}

async fn saved(plugin: &LoadedPlugin, reads: Arc<dyn Reads>, changes: Vec<HookChange>) -> Result<()> {
    plugin.before_save(reads, changes).await.map(drop).map_err(|fault| anyhow!("a hook failed: {fault:?}"))
}

async fn hello(plugin: &LoadedPlugin, reads: Arc<dyn Reads>) -> Result<()> {
    let request = RouteRequest {
        route: "hello".to_owned(),
        parameters: Vec::new(),
        query: Vec::new(),
        content_type: "application/json".to_owned(),
        body: Vec::new(),
    };
    plugin.handle(reads, request).await.map(drop).map_err(|fault| anyhow!("a route failed: {fault:?}"))
}

fn change() -> HookChange {
    HookChange {
        collection: "notes".to_owned(),
        kind: ChangeKind::Insert,
        id: Id::fresh(),
        transition: None,
        origin: Origin::Api,
        before: Fields::new(),
        after: Fields::from_iter([("title".to_owned(), Value::Text(" Kitchen ".to_owned()))]),
        related: Fields::new(),
    }
}

fn caller() -> Caller {
    Caller {
        organization: OrganizationId(Id::fresh()),
        principal: Principal::Person(PersonId(Id::fresh())),
        role: None,
        permissions: ["honest.read".to_owned()].into(),
        locale: "en-AU".to_owned(),
        time_zone: "Australia/Sydney".to_owned(),
        currency: Currency::AUD,
        request_id: RequestId(Id::fresh()),
        calendar: Calendar::default(),
        now: 1_796_000_000_000_000,
    }
}

/// Whoever asks is told nothing.
struct Silent(Caller);

#[async_trait]
impl Reads for Silent {
    fn caller(&self) -> &Caller {
        &self.0
    }

    async fn get(&self, _: &str, _: Id, _: &[String], _: Authority) -> Result<Option<Vec<Value>>, Fault> {
        Ok(None)
    }

    async fn find(&self, _: &Selection) -> Result<Page, Fault> {
        Ok(Page { columns: Vec::new(), rows: Vec::new(), next: None })
    }

    async fn summarize(&self, _: &Summary) -> Result<Page, Fault> {
        Ok(Page { columns: Vec::new(), rows: Vec::new(), next: None })
    }

    async fn person(&self, _: Id) -> Result<Option<Person>, Fault> {
        Ok(None)
    }

    async fn people(&self, _: Option<&str>) -> Result<Vec<Person>, Fault> {
        Ok(Vec::new())
    }

    async fn setting(&self, _: &str) -> Result<Option<Value>, Fault> {
        Ok(None)
    }

    async fn describe_file(&self, _: Id, _: Authority) -> Result<Media, Fault> {
        Err(Fault::not_found("file"))
    }

    async fn read_file(&self, _: Id, _: Authority, _: u64, _: usize) -> Result<Vec<u8>, Fault> {
        Err(Fault::not_found("file"))
    }

    async fn table_rows(&self, _: Id, _: Authority, _: TableSlice) -> Result<TableRows, Fault> {
        Err(Fault::not_found("file"))
    }

    async fn create_file(&self, _: Id, _: &str) -> Result<(), Fault> {
        Err(Fault::denied("Nothing is made here."))
    }

    async fn append_to_file(&self, _: Id, _: Vec<u8>) -> Result<(), Fault> {
        Err(Fault::denied("Nothing is made here."))
    }

    async fn send(&self, _: &str, _: OutboundRequest) -> Result<OutboundResponse, Fault> {
        Err(Fault::denied("Nothing is sent from here."))
    }

    async fn call_service(&self, _: &PluginId, _: ServiceCall, _: Remainder) -> Result<String, Fault> {
        Err(Fault::not_found("such a service"))
    }
}
