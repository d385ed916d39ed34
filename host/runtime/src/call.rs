//! One call of guest code: a fresh instance, its limits, and what the call came to. The instance is dropped with the
//! call, so nothing that one call did can be seen by the next.

use crate::contract::carrying::exports::lignaflow::plugin::migration;
use crate::contract::exports::lignaflow::plugin::{hooks, jobs, routes, subscriber};
use crate::contract::lignaflow::plugin::types::Error as WireError;
use crate::contract::lignaflow::plugin::writing::Mutation;
use crate::load::Code;
use crate::log::{CallLog, Output};
use crate::meter::{Meter, Metered};
use crate::output::Printed;
use crate::plugin::Core;
use crate::stop::{Stop, fault_of, tell};
use lignaflow_core::descriptor::Capability;
use lignaflow_core::error::Fault;
use lignaflow_core::guest::{CallFault, JobCall};
use lignaflow_core::name::CollectionName;
use lignaflow_core::reads::Reads;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Semaphore;
use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// Bytes of randomness that a guest may ask for at once.
const RANDOM: u64 = 1 << 20;
/// Handles of resources that a guest may hold.
const HANDLES: usize = 1000;

/// What the host calls a guest for.
pub(crate) enum Ask {
    BeforeSave(Vec<hooks::Change>),
    Handle(routes::Request),
    Run(JobCall),
    Receive(Vec<subscriber::Event>),
    Migrate(migration::Portion),
}

/// What a guest answered, in the contract's types.
pub(crate) enum Answer {
    Verdict(Result<hooks::Verdict, WireError>),
    Reply(Result<routes::Reply, WireError>),
    Slice(Result<jobs::Slice, WireError>),
    Writes(Result<Vec<Mutation>, WireError>),
}

/// What a store holds for the host's functions.
pub(crate) struct State {
    pub(crate) reads: Arc<dyn Reads>,
    pub(crate) log: Arc<CallLog>,
    core: Arc<Core>,
    starved: Arc<AtomicBool>,
    meter: Arc<Meter>,
    wasi: WasiCtx,
    table: ResourceTable,
    host_calls: u32,
    rows: usize,
    bytes: usize,
    memory: usize,
    table_elements: usize,
}

/// Runs one call to its end or its limits.
pub(crate) async fn run(
    core: &Arc<Core>,
    code: &Code,
    reads: Arc<dyn Reads>,
    log: &Arc<CallLog>,
    meter: Arc<Meter>,
    lane: Arc<Semaphore>,
    ask: Ask,
) -> Result<Answer, CallFault> {
    let starved = Arc::new(AtomicBool::new(false));
    let state = State::new(core.clone(), reads, log.clone(), starved.clone(), meter.clone());
    let inner = Box::pin(answer(code, state, meter.clone(), lane, ask));
    let outcome = tokio::time::timeout(core.limits.wall, Metered { meter, inner }).await;
    let fault = match outcome {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(error)) => {
            let fault = fault_of(&error, starved.load(Ordering::Relaxed));
            tell(log, &fault, Some(&error));
            fault
        }
        Err(_) => {
            tell(log, &CallFault::TimedOut, None);
            CallFault::TimedOut
        }
    };
    Err(fault)
}

async fn answer(
    code: &Code,
    state: State,
    meter: Arc<Meter>,
    lane: Arc<Semaphore>,
    ask: Ask,
) -> wasmtime::Result<Answer> {
    let limits = state.core.limits.clone();
    let mut store = Store::new(code.instance.component().engine(), state);
    store.limiter(|state| state);
    store.set_hostcall_fuel(limits.bytes_out);
    store.set_max_component_handles(HANDLES);
    store.set_epoch_deadline(1);
    // At each epoch others get their turn, and the guest its account.
    store.epoch_deadline_callback(move |_| {
        if meter.spent() >= limits.cpu {
            return Err(Stop::Cpu.into());
        }
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(meter.clone().give_way(lane.clone()))))
    });
    let instance = code.instance.instantiate_async(&mut store).await?;
    let lacks = || wasmtime::Error::msg("the code does not export what it is called for");
    match ask {
        Ask::BeforeSave(changes) => {
            let hooks = code.hooks.load(&mut store, &instance)?;
            hooks.call_before_save(&mut store, &changes).await.map(Answer::Verdict)
        }
        Ask::Handle(request) => {
            let routes = code.routes.load(&mut store, &instance)?;
            routes.call_handle(&mut store, &request).await.map(Answer::Reply)
        }
        Ask::Run(JobCall { job, payload, cursor, attempt }) => {
            let jobs = code.jobs.as_ref().ok_or_else(lacks)?.load(&mut store, &instance)?;
            jobs.call_run(&mut store, &job, &payload, cursor.as_deref(), attempt).await.map(Answer::Slice)
        }
        Ask::Receive(events) => {
            let subscriber = code.subscriber.as_ref().ok_or_else(lacks)?.load(&mut store, &instance)?;
            subscriber.call_receive(&mut store, &events).await.map(Answer::Writes)
        }
        Ask::Migrate(portion) => {
            let migration = migration::GuestIndices::new(&code.instance)?.load(&mut store, &instance)?;
            migration.call_migrate(&mut store, &portion).await.map(Answer::Writes)
        }
    }
}

impl State {
    fn new(
        core: Arc<Core>,
        reads: Arc<dyn Reads>,
        log: Arc<CallLog>,
        starved: Arc<AtomicBool>,
        meter: Arc<Meter>,
    ) -> Self {
        let wasi = WasiCtx::builder()
            .stdout(Printed { log: log.clone(), output: Output::Out })
            .stderr(Printed { log: log.clone(), output: Output::Err })
            .max_random_size(RANDOM)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        Self {
            reads,
            log,
            core,
            starved,
            meter,
            wasi,
            table: ResourceTable::new(),
            host_calls: 0,
            rows: 0,
            bytes: 0,
            memory: 0,
            table_elements: 0,
        }
    }

    /// Counts a call of the host.
    pub(crate) fn charge(&mut self) -> Result<(), Stop> {
        self.host_calls += 1;
        if self.host_calls > self.core.limits.host_calls { Err(Stop::Exhausted("host calls")) } else { Ok(()) }
    }

    /// Counts what is handed to the guest.
    pub(crate) fn hand_over(&mut self, rows: usize, bytes: usize) -> Result<(), Stop> {
        self.rows = self.rows.saturating_add(rows);
        self.bytes = self.bytes.saturating_add(bytes);
        self.meter.handed_over(self.rows, self.bytes);
        if self.rows > self.core.limits.rows {
            return Err(Stop::Exhausted("rows"));
        }
        if self.bytes > self.core.limits.bytes_in {
            return Err(Stop::Exhausted("bytes"));
        }
        Ok(())
    }

    /// Ends the call where an interface was granted at load and is not any more.
    pub(crate) fn demand(&self, capability: Capability) -> Result<(), Stop> {
        if self.core.holds(capability) {
            return Ok(());
        }
        let what = format!("interface {}", capability.interface());
        self.core.denied(self.reads.caller().now, &what);
        Err(Stop::NotGranted(what))
    }

    /// Refuses to read collections of other plugins that the grants, as they stand, do not cover.
    pub(crate) fn may_read<'a>(&self, collections: impl IntoIterator<Item = &'a str>) -> Result<(), Fault> {
        for text in collections {
            let name = CollectionName::within(&self.core.descriptor.id, text)
                .map_err(|error| Fault::at("/collection", "unknown-collection", error.to_string()))?;
            if !self.core.reads(&name) {
                self.core.denied(self.reads.caller().now, &format!("read {name}"));
                return Err(Fault::denied(format!("The plugin {} may not read {name}.", self.core.descriptor.id)));
            }
        }
        Ok(())
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Growth past a limit is refused, not trapped: a guest with a plan for it may go on, and one without traps by itself.
/// That it was refused is kept, since the trap looks like any other.
impl ResourceLimiter for State {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_sub(current).saturating_add(desired);
        if total > self.core.limits.memory {
            self.starved.store(true, Ordering::Relaxed);
            return Ok(false);
        }
        self.memory = total;
        self.meter.grown(total);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.starved.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table_elements.saturating_sub(current).saturating_add(desired);
        if total > self.core.limits.table_elements {
            self.starved.store(true, Ordering::Relaxed);
            return Ok(false);
        }
        self.table_elements = total;
        Ok(true)
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.starved.store(true, Ordering::Relaxed);
        Ok(())
    }
}
