//! What the tests stand on: guests from disk, an engine, and reads that answer out of memory.

use async_trait::async_trait;
use lignaflow_core::allowance::{Allowance, Bounds, Class};
use lignaflow_core::bound::Calendar;
use lignaflow_core::caller::{Caller, Principal};
use lignaflow_core::descriptor::Grants;
use lignaflow_core::error::Fault;
use lignaflow_core::files::{TableRows, TableSlice};
use lignaflow_core::guest::{CallFault, Guest, Payload, Remainder, RouteReply, RouteRequest, ServiceCall};
use lignaflow_core::id::{Id, OrganizationId, PersonId, RequestId};
use lignaflow_core::media::{Media, State};
use lignaflow_core::mutation::Mutation;
use lignaflow_core::name::PluginId;
use lignaflow_core::outbound::{OutboundRequest, OutboundResponse};
use lignaflow_core::query::{Authority, Page, Selection, Summary};
use lignaflow_core::reads::{Person, Reads};
use lignaflow_core::value::{Currency, Value};
use lignaflow_runtime::{Engine, EngineOptions, LoadedPlugin, inspect};
use std::fmt::Debug;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use tokio::sync::Semaphore;

pub(crate) const NOW: i64 = 1_796_000_000_000_000;

/// A built guest of `plugins/hostile/`.
pub(crate) fn guest(id: &str) -> Vec<u8> {
    packed("hostile", id)
}

/// A built guest of a folder of `plugins/`.
pub(crate) fn packed(kind: &str, id: &str) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../plugins/dist/{kind}/{id}.wasm"));
    std::fs::read(&file).unwrap_or_else(|_| panic!("{} is missing: run `cargo xtask plugins`", file.display()))
}

/// One engine for all tests: it compiles each guest once.
pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache_dir = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"));
        Engine::new(EngineOptions { cache_dir, ..EngineOptions::default() }).unwrap()
    })
}

/// Everything that a guest asks for.
pub(crate) fn asked(bytes: &[u8]) -> Grants {
    inspect(bytes).unwrap().descriptor.grants
}

pub(crate) fn load(id: &str) -> Arc<LoadedPlugin> {
    load_allowed(id, &roomy())
}

/// With bounds of its own, for every class of call.
pub(crate) fn load_within(id: &str, change: impl Fn(&mut Bounds)) -> Arc<LoadedPlugin> {
    let mut bounds = roomy().route;
    change(&mut bounds);
    load_allowed(id, &Allowance::alike(&bounds))
}

pub(crate) fn load_allowed(id: &str, allowance: &Allowance) -> Arc<LoadedPlugin> {
    let bytes = guest(id);
    engine().load(&bytes, &asked(&bytes), allowance).unwrap()
}

/// For a machine that does much else.
pub(crate) fn roomy() -> Allowance {
    Allowance::alike(&Bounds { wall_ms: 10_000, host_calls: 10_000, ..Bounds::usual(Class::Route) })
}

/// A plugin without code, packed as `cargo xtask plugins` does.
pub(crate) fn declared(descriptor: &str) -> Vec<u8> {
    with_section(b"\0asm\x0d\0\x01\0", "lignaflow:descriptor", descriptor.as_bytes())
}

/// A binary with one more custom section.
pub(crate) fn with_section(binary: &[u8], name: &str, payload: &[u8]) -> Vec<u8> {
    let mut body = leb(name.len());
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(payload);
    let mut bytes = binary.to_vec();
    bytes.push(0);
    bytes.extend(leb(body.len()));
    bytes.extend(body);
    bytes
}

pub(crate) fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

pub(crate) fn id(number: u8) -> Id {
    Id::from_parts(NOW, [number; 10])
}

pub(crate) fn request(route: &str) -> RouteRequest {
    RouteRequest {
        route: route.to_owned(),
        parameters: Vec::new(),
        query: Vec::new(),
        content_type: "application/json".to_owned(),
        body: Vec::new(),
    }
}

pub(crate) async fn call(plugin: &LoadedPlugin, route: &str) -> Result<RouteReply, CallFault> {
    plugin.handle(Arc::new(FakeReads::default()), request(route)).await
}

pub(crate) fn json(reply: Result<RouteReply, CallFault>) -> String {
    match reply.unwrap().payload {
        Payload::Json(text) => text,
        other => panic!("{other:?}"),
    }
}

/// The host answers as before, whatever a guest did.
pub(crate) async fn assert_alive() {
    assert_eq!(json(call(&load("honest"), "hello").await), "\"hello\"");
}

/// The texts of a plugin's log, and that one of them says so.
pub(crate) fn assert_logged(plugin: &LoadedPlugin, part: &str) {
    let lines: Vec<_> = plugin.log().into_iter().map(|line| line.text).collect();
    assert!(lines.iter().any(|line| line.contains(part)), "{lines:#?}");
}

pub(crate) struct FakeReads {
    caller: Caller,
    pub(crate) titles: Vec<String>,
    /// What was asked, as it reached the host.
    pub(crate) asked: Mutex<Vec<String>>,
    /// Each answer takes a permit; every question that waits for one says so first.
    pub(crate) gate: Option<Gate>,
    /// Who answers for services, and what that failed with last.
    provider: Option<Arc<LoadedPlugin>>,
    /// The service and the method that answer, whatever is asked for.
    instead: Option<(String, String)>,
    pub(crate) failed: Mutex<Option<CallFault>>,
    /// What it wants written.
    pub(crate) joined: Mutex<Vec<Mutation>>,
}

#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) entered: Arc<Semaphore>,
    pub(crate) open: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn closed() -> Self {
        Self { entered: Arc::new(Semaphore::new(0)), open: Arc::new(Semaphore::new(0)) }
    }

    /// Waits until somebody stands before it.
    pub(crate) async fn reached(&self) {
        self.entered.acquire().await.unwrap().forget();
    }
}

impl Default for FakeReads {
    fn default() -> Self {
        Self {
            caller: caller(),
            titles: vec!["second".to_owned(), "first".to_owned()],
            asked: Mutex::default(),
            gate: None,
            provider: None,
            instead: None,
            failed: Mutex::default(),
            joined: Mutex::default(),
        }
    }
}

pub(crate) fn caller() -> Caller {
    Caller {
        organization: OrganizationId(id(1)),
        principal: Principal::Person(PersonId(id(2))),
        role: None,
        permissions: ["honest.read".to_owned()].into(),
        locale: "en-AU".to_owned(),
        time_zone: "Australia/Sydney".to_owned(),
        currency: Currency::AUD,
        request_id: RequestId(id(3)),
        calendar: Calendar::default(),
        now: NOW,
    }
}

impl FakeReads {
    /// With somebody who answers for services.
    pub(crate) fn served_by(provider: Arc<LoadedPlugin>) -> Self {
        Self { provider: Some(provider), ..Self::default() }
    }

    /// By this service and method, whatever is asked for.
    pub(crate) fn serving_as(self, service: &str, method: &str) -> Self {
        Self { instead: Some((service.to_owned(), method.to_owned())), ..self }
    }

    /// For a caller of another organization.
    pub(crate) fn of(self, organization: u8) -> Self {
        Self { caller: Caller { organization: OrganizationId(id(organization)), ..caller() }, ..self }
    }

    pub(crate) fn behind(gate: &Gate) -> Self {
        Self { gate: Some(gate.clone()), ..Self::default() }
    }

    async fn ask(&self, question: &impl Debug) {
        self.asked.lock().unwrap().push(format!("{question:?}"));
        if let Some(gate) = &self.gate {
            gate.entered.add_permits(1);
            gate.open.acquire().await.unwrap().forget();
        }
    }

    fn person() -> Person {
        Person {
            id: id(2),
            name: "Mia Chen".to_owned(),
            active: true,
            locale: "en-AU".to_owned(),
            time_zone: "Australia/Perth".to_owned(),
        }
    }
}

#[async_trait]
impl Reads for FakeReads {
    fn caller(&self) -> &Caller {
        &self.caller
    }

    async fn get(
        &self,
        collection: &str,
        asked: Id,
        select: &[String],
        authority: Authority,
    ) -> Result<Option<Vec<Value>>, Fault> {
        self.ask(&(collection, asked, select, authority)).await;
        Ok((asked == id(9)).then(|| vec![Value::Text("nine".to_owned())]))
    }

    async fn find(&self, selection: &Selection) -> Result<Page, Fault> {
        self.ask(selection).await;
        let rows = match selection.limit {
            // A question for as much as there is gets as much as there may be.
            1000 => (0..1000).map(|number| vec![Value::Text(format!("title {number}"))]).collect(),
            _ => self.titles.iter().map(|title| vec![Value::Text(title.clone())]).collect(),
        };
        Ok(Page { columns: vec!["title".to_owned()], rows, next: None })
    }

    async fn summarize(&self, summary: &Summary) -> Result<Page, Fault> {
        self.ask(summary).await;
        let rows = self.titles.iter().map(|title| vec![Value::Text(title.clone()), Value::Integer(1)]).collect();
        Ok(Page { columns: vec!["title".to_owned(), "count".to_owned()], rows, next: None })
    }

    async fn person(&self, asked: Id) -> Result<Option<Person>, Fault> {
        self.ask(&asked).await;
        Ok((asked == id(2)).then(Self::person))
    }

    async fn people(&self, permission: Option<&str>) -> Result<Vec<Person>, Fault> {
        self.ask(&permission).await;
        Ok(vec![Self::person()])
    }

    async fn setting(&self, key: &str) -> Result<Option<Value>, Fault> {
        self.ask(&key).await;
        Ok((key == "tone").then(|| Value::Text("warm".to_owned())))
    }

    async fn describe_file(&self, asked: Id, authority: Authority) -> Result<Media, Fault> {
        self.ask(&(asked, authority)).await;
        let prices = Media {
            id: asked,
            name: "prices.csv".to_owned(),
            content_type: "text/csv".to_owned(),
            size: 11,
            sha256: [0; 32],
            dimensions: None,
            created_by: None,
            created_at: NOW,
            state: State::Attached,
            pending: false,
            place: None,
        };
        if asked == id(9) { Ok(prices) } else { Err(Fault::not_found("file")) }
    }

    async fn read_file(&self, asked: Id, authority: Authority, offset: u64, length: usize) -> Result<Vec<u8>, Fault> {
        self.ask(&(asked, authority, offset, length)).await;
        let offset = usize::try_from(offset).unwrap();
        let bytes = b"prices,here".get(offset..offset + length).unwrap_or_default();
        if asked == id(9) { Ok(bytes.to_vec()) } else { Err(Fault::not_found("file")) }
    }

    async fn table_rows(&self, asked: Id, authority: Authority, slice: TableSlice) -> Result<TableRows, Fault> {
        self.ask(&(asked, authority, &slice)).await;
        let cells = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let rows = vec![(3, cells(["doors", "12.50"])), (4, cells(["Küche", ""]))];
        let table = TableRows { heads: cells(["what", "price"]), total: 7, rows };
        if asked == id(9) { Ok(table) } else { Err(Fault::not_found("file")) }
    }

    async fn create_file(&self, _: Id, name: &str) -> Result<(), Fault> {
        self.ask(&name).await;
        Ok(())
    }

    async fn append_to_file(&self, _: Id, bytes: Vec<u8>) -> Result<(), Fault> {
        self.ask(&bytes).await;
        Ok(())
    }

    async fn send(&self, _: &str, request: OutboundRequest) -> Result<OutboundResponse, Fault> {
        self.ask(&request).await;
        if !request.url.starts_with("https://books.example/") {
            return Err(Fault::denied("Nothing is sent there."));
        }
        let headers = vec![("x-order".to_owned(), "41".to_owned())];
        Ok(OutboundResponse { status: 202, headers, body: b"accepted".to_vec() })
    }

    async fn call_service(&self, _: &PluginId, call: ServiceCall, rest: Remainder) -> Result<String, Fault> {
        let provider = self.provider.as_ref().ok_or_else(|| Fault::not_found("such a service"))?;
        let call = match self.instead.clone() {
            Some((service, method)) => ServiceCall { service, method, ..call },
            None => call,
        };
        match provider.invoke(Arc::new(Self { caller: self.caller.clone(), ..Self::default() }), call, rest).await {
            Ok(answer) => {
                self.joined.lock().unwrap().extend(answer.writes);
                Ok(answer.value)
            }
            Err(fault) => {
                *self.failed.lock().unwrap() = Some(fault);
                Err(Fault::internal())
            }
        }
    }
}
