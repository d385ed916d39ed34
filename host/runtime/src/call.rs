//! One call of guest code: a fresh instance, its limits, and what the call came to. The instance is dropped with the
//! call, so nothing that one call did can be seen by the next.

use crate::budget::Budget;
use crate::contract::carrying::exports::lignaflow::plugin::migration;
use crate::contract::exports::lignaflow::plugin::{hooks, jobs, provider, routes, subscriber};
use crate::contract::lignaflow::plugin::types::{Entry, Error as WireError};
use crate::contract::lignaflow::plugin::writing::Mutation;
use crate::convert::value;
use crate::limits::Limits;
use crate::load::Code;
use crate::log::{CallLog, Output};
use crate::meter::Metered;
use crate::output::Printed;
use crate::plugin::{Core, Place};
use crate::slow::{self, Pace};
use crate::stop::{Stop, fault_of, tell};
use lignaflow_core::descriptor::Capability;
use lignaflow_core::error::Fault;
use lignaflow_core::guest::{CallFault, JobCall, Remainder, ServiceCall};
use lignaflow_core::name::{CollectionName, PluginId};
use lignaflow_core::outbound::Host;
use lignaflow_core::reads::Reads;
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::error::Elapsed;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;
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
    Invoke(ServiceCall),
}

impl Ask {
    /// Bytes that it comes to in the guest, about.
    fn weight(&self) -> usize {
        let fields = |fields: &[Entry]| fields.iter().map(|it| it.key.len() + value::weight(&it.value)).sum::<usize>();
        let pairs =
            |pairs: &[(String, String)]| pairs.iter().map(|(name, text)| name.len() + text.len()).sum::<usize>();
        match self {
            Self::BeforeSave(changes) => {
                let of = |it: &hooks::Change| fields(&it.before) + fields(&it.after) + fields(&it.related);
                changes.iter().map(of).sum()
            }
            Self::Handle(request) => request.body.len() + pairs(&request.parameters) + pairs(&request.query),
            Self::Run(call) => call.payload.len() + call.cursor.iter().map(String::len).sum::<usize>(),
            Self::Receive(events) => events.iter().map(|it| fields(&it.before) + fields(&it.after)).sum(),
            Self::Migrate(portion) => portion.records.iter().map(|it| fields(&it.fields)).sum(),
            Self::Invoke(call) => call.arguments.len(),
        }
    }
}

/// What a guest answered, in the contract's types.
pub(crate) enum Answer {
    Verdict(Result<hooks::Verdict, WireError>),
    Reply(Result<routes::Reply, WireError>),
    Slice(Result<jobs::Slice, WireError>),
    Writes(Result<Vec<Mutation>, WireError>),
    Service(Result<provider::Answer, WireError>),
}

/// What a store holds for the host's functions.
pub(crate) struct State {
    pub(crate) reads: Arc<dyn Reads>,
    pub(crate) log: Arc<CallLog>,
    /// The job that is done, where one is.
    pub(crate) job: Option<String>,
    /// What was sent outside so far.
    pub(crate) sent: u32,
    core: Arc<Core>,
    starved: Arc<AtomicBool>,
    wasi: WasiCtx,
    table: ResourceTable,
    budget: Arc<Budget>,
    limits: Limits,
    host_calls: u32,
    rows: usize,
    bytes: usize,
    memory: usize,
    table_elements: usize,
}

/// Where calls of a plugin compute.
pub(crate) struct Lanes {
    /// Places for calls that turn out to compute for long.
    pub(crate) lane: Arc<Semaphore>,
    /// What this one is expected to do.
    pub(crate) pace: Pace,
    /// Its own place among the instances.
    pub(crate) place: Place,
}

/// Runs one call to its end or its limits. What it has a place by is given back when its instance is gone, also where
/// nobody waits for the answer any more.
pub(crate) async fn run(
    core: &Arc<Core>,
    code: Arc<Code>,
    reads: Arc<dyn Reads>,
    log: &Arc<CallLog>,
    (limits, budget): (&Limits, Arc<Budget>),
    Lanes { lane, pace, place }: Lanes,
    ask: Ask,
) -> Result<Answer, CallFault> {
    let starved = Arc::new(AtomicBool::new(false));
    let mut state = State::new(core.clone(), reads, log.clone(), (limits.clone(), budget.clone()), starved.clone());
    if let Ask::Run(call) = &ask {
        state.job = Some(call.job.clone());
    }
    let within = matches!(ask, Ask::Invoke(_));
    let meter = budget.meter.clone();
    let wall = limits.wall.min(budget.left());
    let inner = Box::pin(async move {
        let answer = answer(&code, state, (budget, within), lane, ask).await;
        drop(place);
        answer
    });
    // What a service computes is measured in the polls of the call that it is part of.
    let outcome = if within {
        tokio::time::timeout(wall, inner).await
    } else {
        let metered = Metered { meter, inner };
        match slow::threads(pace) {
            Some(threads) => on(threads, wall, metered).await?,
            None => tokio::time::timeout(wall, metered).await,
        }
    };
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

/// Runs a call on these threads, and ends it there where nobody waits for it any more. Only its polls are theirs: what it
/// waits for, opens or leaves to be done is of the runtime that it came from, whose threads stand back for nobody.
async fn on<F>(threads: &Handle, wall: Duration, call: Metered<F>) -> Result<Result<F::Output, Elapsed>, CallFault>
where
    F: Future<Output: Send> + Send + 'static,
{
    let home = Handle::current();
    let mut call = Box::pin(tokio::time::timeout(wall, call));
    let call = poll_fn(move |context| {
        let _home = home.enter();
        call.as_mut().poll(context)
    });
    let task = AbortOnDropHandle::new(threads.spawn(call.in_current_span()));
    task.await.map_err(|ended| match ended.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(_) => CallFault::TimedOut,
    })
}

async fn answer(
    code: &Code,
    state: State,
    (budget, within): (Arc<Budget>, bool),
    lane: Arc<Semaphore>,
    ask: Ask,
) -> wasmtime::Result<Answer> {
    let limits = state.limits.clone();
    let mut store = Store::new(code.instance.component().engine(), state);
    store.data_mut().hand_over(0, ask.weight())?;
    store.limiter(|state| state);
    store.set_hostcall_fuel(limits.bytes_out);
    store.set_max_component_handles(HANDLES);
    store.set_epoch_deadline(1);
    // At each epoch others get their turn, and the guest its account.
    // All that the outermost has spent is its own, and asking the clock of a thread is a call of the system.
    let before = if within { budget.meter.spent() } else { Duration::ZERO };
    store.epoch_deadline_callback(move |_| {
        let own = budget.meter.spent().saturating_sub(before);
        if own >= limits.cpu || budget.is_spent() {
            return Err(Stop::Cpu.into());
        }
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(budget.meter.clone().give_way(lane.clone()))))
    });
    let instance = code.instance.instantiate_async(&mut store).await?;
    let lacks = || wasmtime::Error::msg("the code does not export what it is called for");
    let (store, instance) = (&mut store, &instance);
    Ok(match ask {
        Ask::BeforeSave(changes) => Answer::Verdict(code.before_save.call(store, instance, (changes,)).await?),
        Ask::Handle(request) => Answer::Reply(code.handle.call(store, instance, (request,)).await?),
        Ask::Run(JobCall { job, payload, cursor, attempt }) => {
            let run = code.run.as_ref().ok_or_else(lacks)?;
            Answer::Slice(run.call(store, instance, (job, payload, cursor, attempt)).await?)
        }
        Ask::Receive(events) => {
            let receive = code.receive.as_ref().ok_or_else(lacks)?;
            Answer::Writes(receive.call(store, instance, (events,)).await?)
        }
        Ask::Migrate(portion) => {
            let migrate = code.migrate.as_ref().ok_or_else(lacks)?;
            Answer::Writes(migrate.call(store, instance, (portion,)).await?)
        }
        Ask::Invoke(ServiceCall { service, method, arguments }) => {
            let invoke = code.invoke.as_ref().ok_or_else(lacks)?;
            Answer::Service(invoke.call(store, instance, (service, method, arguments)).await?)
        }
    })
}

impl State {
    fn new(
        core: Arc<Core>,
        reads: Arc<dyn Reads>,
        log: Arc<CallLog>,
        (limits, budget): (Limits, Arc<Budget>),
        starved: Arc<AtomicBool>,
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
            job: None,
            sent: 0,
            core,
            starved,
            wasi,
            table: ResourceTable::new(),
            budget,
            limits,
            host_calls: 0,
            rows: 0,
            bytes: 0,
            memory: 0,
            table_elements: 0,
        }
    }

    /// Counts a call of the host: against the call's own bounds, and those of the call that it is part of.
    pub(crate) fn charge(&mut self) -> Result<(), Stop> {
        self.host_calls = self.host_calls.saturating_add(1);
        if self.host_calls > self.limits.host_calls {
            return Err(Stop::Exhausted("host calls"));
        }
        self.budget.charge()
    }

    /// Counts what is handed to the guest, likewise.
    pub(crate) fn hand_over(&mut self, rows: usize, bytes: usize) -> Result<(), Stop> {
        self.rows = self.rows.saturating_add(rows);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.rows > self.limits.rows {
            return Err(Stop::Exhausted("rows"));
        }
        if self.bytes > self.limits.bytes_in {
            return Err(Stop::Exhausted("bytes"));
        }
        self.budget.hand_over(rows, bytes)
    }

    /// Whether it may call services.
    pub(crate) fn may_go_deeper(&self) -> bool {
        self.budget.may_go_deeper()
    }

    /// What the services that it calls may use.
    pub(crate) fn remainder(&self) -> Remainder {
        Remainder(self.budget.clone())
    }

    /// Ends the call where a service has used its computing time up.
    pub(crate) fn go_on(&self) -> Result<(), Stop> {
        if self.budget.is_spent() { Err(Stop::Cpu) } else { Ok(()) }
    }

    /// Whether the plugin may call a service at this moment: declared and granted.
    pub(crate) fn calls(&self, plugin: &PluginId, service: &str) -> bool {
        self.core.calls(plugin, service)
    }

    /// Whether the plugin may send to a host at this moment: declared and granted.
    pub(crate) fn sends_to(&self, host: &Host) -> bool {
        self.core.sends_to(host)
    }

    pub(crate) fn may_not_send(&self, host: &Host) -> Fault {
        self.core.denied(self.reads.caller().now, &format!("outbound {host}"));
        Fault::denied(format!("The plugin {} may not send to {host}.", self.core.descriptor.id))
    }

    pub(crate) fn may_not_call(&self, service: &str) -> Fault {
        self.core.denied(self.reads.caller().now, &format!("service {service}"));
        Fault::denied(format!("The plugin {} may not call {service}.", self.core.descriptor.id))
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
        if total > self.limits.memory {
            self.starved.store(true, Ordering::Relaxed);
            return Ok(false);
        }
        self.memory = total;
        self.budget.meter.grown(total);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.starved.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table_elements.saturating_sub(current).saturating_add(desired);
        if total > self.limits.table_elements {
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
