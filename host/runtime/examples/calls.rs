//! What a call of guest code costs, on this machine: `cargo run --release -p lignaflow-runtime --example calls`, after
//! `cargo xtask plugins`. Prints the median and the 99th percentile of one call after the other, in microseconds.

use async_trait::async_trait;
use lignaflow_core::bound::Calendar;
use lignaflow_core::caller::{Caller, Principal};
use lignaflow_core::descriptor::ChangeKind;
use lignaflow_core::error::Fault;
use lignaflow_core::files::{TableRows, TableSlice};
use lignaflow_core::guest::{Guest, HookChange, Remainder, RouteRequest, ServiceCall};
use lignaflow_core::id::{Id, OrganizationId, RequestId};
use lignaflow_core::media::Media;
use lignaflow_core::mutation::{Fields, Origin};
use lignaflow_core::name::PluginId;
use lignaflow_core::outbound::{OutboundRequest, OutboundResponse};
use lignaflow_core::query::{Authority, Page, Selection, Summary};
use lignaflow_core::reads::{Person, Reads};
use lignaflow_core::value::{Currency, Value};
use lignaflow_runtime::{Engine, EngineOptions, inspect};
use std::collections::BTreeSet;
use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

const WARM: usize = 500;
const CALLS: usize = 5_000;

struct Nothing(Caller);

#[async_trait]
impl Reads for Nothing {
    fn caller(&self) -> &Caller {
        &self.0
    }

    async fn get(&self, _: &str, _: Id, _: &[String], _: Authority) -> Result<Option<Vec<Value>>, Fault> {
        Ok(None)
    }

    async fn find(&self, _: &Selection) -> Result<Page, Fault> {
        Ok(Page::default())
    }

    async fn summarize(&self, _: &Summary) -> Result<Page, Fault> {
        Ok(Page::default())
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

fn change(id: Id) -> HookChange {
    HookChange {
        collection: "notes".to_owned(),
        kind: ChangeKind::Insert,
        id,
        transition: None,
        origin: Origin::Api,
        before: Fields::new(),
        after: Fields::from_iter([("title".to_owned(), Value::Text("A title".to_owned()))]),
        related: Fields::new(),
    }
}

async fn measure<F: Future>(what: &str, mut call: impl FnMut() -> F) {
    let mut took = Vec::with_capacity(CALLS);
    for number in 0..WARM + CALLS {
        let began = Instant::now();
        call().await;
        if number >= WARM {
            took.push(began.elapsed());
        }
    }
    took.sort();
    println!("{what:<24} p50 {:>6} µs   p99 {:>6} µs", took[CALLS / 2].as_micros(), took[CALLS * 99 / 100].as_micros());
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::read("plugins/dist/hostile/honest.wasm")?;
    let engine = Engine::new(EngineOptions::default())?;
    let plugin = engine.load(&bytes, &inspect(&bytes)?.descriptor.grants, engine.allowance())?;
    let id = Id::fresh();
    let reads: Arc<dyn Reads> = Arc::new(Nothing(Caller {
        organization: OrganizationId(id),
        principal: Principal::Anonymous,
        role: None,
        permissions: BTreeSet::new(),
        locale: "en-AU".to_owned(),
        time_zone: "Australia/Sydney".to_owned(),
        currency: Currency::AUD,
        request_id: RequestId(id),
        calendar: Calendar::default(),
        now: 0,
    }));
    let request = RouteRequest {
        route: "hello".to_owned(),
        parameters: Vec::new(),
        query: Vec::new(),
        content_type: String::new(),
        body: Vec::new(),
    };
    measure("route that says hello", || plugin.handle(reads.clone(), request.clone())).await;
    measure("hook on one change", || plugin.before_save(reads.clone(), vec![change(id)])).await;
    measure("hook on 100 changes", || plugin.before_save(reads.clone(), vec![change(id); 100])).await;
    Ok(())
}
