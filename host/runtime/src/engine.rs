//! The one WebAssembly engine of the process: its settings, its clock of epochs, what guests may link to, and how many
//! instances there may be.

use crate::cache::Cache;
use crate::call::State;
use crate::compile::{CompileFault, Compiler};
use crate::fault::{EngineFault, LoadFault};
use crate::figures::{Gathered, UsedBy};
use crate::host;
use crate::load::load;
use crate::plugin::LoadedPlugin;
use lignaflow_core::allowance::{Allowance, SERVICE_DEPTH, TABLE_ELEMENTS};
use lignaflow_core::descriptor::Grants;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;
use tokio::sync::Semaphore;
use wasmtime::component::Linker;
use wasmtime::{Config, Enabled, EngineWeak, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

/// Between two epochs: how long a guest computes before others get their turn, and how exactly its time is kept.
const TICK: Duration = Duration::from_millis(2);
/// Bytes of one linear memory, whatever a plugin's own limit.
const MOST_MEMORY: usize = 512 << 20;
/// Of a linear memory that is given back, what stays resident for the next instance; only pages that were written count.
const KEEP_MEMORY: usize = 4 << 20;
const KEEP_TABLE: usize = 256 << 10;
const KEEP_STACK: usize = 64 << 10;
/// Bytes of stack that a call may have where nothing else is said.
pub(crate) const STACK: usize = 512 << 10;
/// Bytes of stack beside the guest's own, for the host's functions that it calls.
const HOST_STACK: usize = 1_536 << 10;
/// Memories that stay warm for a plugin that nobody calls.
const WARM: u32 = 16;
/// What one component may have of each.
const CORE_INSTANCES: u32 = 32;
const MEMORIES: u32 = 2;
const TABLES: u32 = 8;

#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Where compiled plugins are kept; without one, each start compiles.
    pub cache_dir: Option<PathBuf>,
    /// Instances of all plugins that the host calls at a time, and half as many for services in these. Each reserves 4 GiB of addresses, and memory only as it is used.
    pub instances: u32,
    /// What calls may use where nothing else is set for a plugin.
    pub allowance: Allowance,
    /// Bytes of stack that a call may have.
    pub stack: usize,
    /// Who compiles; this process itself where nobody is named.
    pub compiler: Option<Arc<dyn Compiler>>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { cache_dir: None, instances: 128, allowance: Allowance::default(), stack: STACK, compiler: None }
    }
}

/// Loads plugins. Cheap to clone; plugins hold on to it.
#[derive(Debug, Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

/// Instances for the services that calls wait for, of each depth.
const fn served(instances: u32) -> u32 {
    if instances < 8 { 1 } else { instances / 8 }
}

/// Places for instances of all plugins. Services have places of their own by how deep they are called: who holds a place
/// waits for deeper ones alone, so that calls never wait for each other in a circle.
#[derive(Debug)]
pub(crate) struct Slots([Arc<Semaphore>; SERVICE_DEPTH as usize + 1]);

impl Slots {
    fn new(instances: u32) -> Self {
        let places = |count: u32| usize::try_from(count).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self(std::array::from_fn(|depth| {
            let count = if depth == 0 { instances } else { served(instances) };
            Arc::new(Semaphore::new(places(count)))
        }))
    }

    /// Those of calls by the host (0), of services that these call (1), and so on.
    pub(crate) fn at(&self, depth: usize) -> Arc<Semaphore> {
        self.0[depth.min(self.0.len() - 1)].clone()
    }
}

pub(crate) struct Shared {
    pub(crate) wasmtime: wasmtime::Engine,
    pub(crate) linker: Linker<State>,
    pub(crate) cache: Option<Cache>,
    pub(crate) slots: Slots,
    /// Places for calls that compute for long: half of the cores.
    pub(crate) lane: Arc<Semaphore>,
    allowance: Allowance,
    compiler: Option<Arc<dyn Compiler>>,
    compiled: AtomicU64,
    /// What plugins used.
    pub(crate) figures: Gathered,
    /// Ends the thread that counts epochs when the last plugin is gone.
    _ticker: Sender<()>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("cache", &self.cache).field("compiled", &self.compiled).finish_non_exhaustive()
    }
}

impl Shared {
    /// Compiles a component. Takes seconds and hundreds of megabytes for those that carry an interpreter.
    pub(crate) fn compile(&self, bytes: &[u8]) -> Result<Vec<u8>, CompileFault> {
        let artefact = match &self.compiler {
            Some(compiler) => compiler.compile(bytes)?,
            None => self
                .wasmtime
                .precompile_component(bytes)
                .map_err(|error| CompileFault::Malformed(format!("{error:#}")))?,
        };
        self.compiled.fetch_add(1, Ordering::Relaxed);
        Ok(artefact)
    }
}

impl Engine {
    pub fn new(options: EngineOptions) -> Result<Self, EngineFault> {
        let fault = |error: wasmtime::Error| EngineFault::Engine(format!("{error:#}"));
        let instances = options.instances.saturating_add(served(options.instances).saturating_mul(SERVICE_DEPTH));
        let wasmtime = wasmtime::Engine::new(&config(instances, options.stack)).map_err(fault)?;
        let cache = options.cache_dir.as_deref().map(|folder| Cache::open(folder, &wasmtime)).transpose()?;
        let mut linker = Linker::new(&wasmtime);
        host::link(&mut linker).map_err(fault)?;
        let (ticker, stop) = channel();
        let weak = wasmtime.weak();
        std::thread::Builder::new()
            .name("epochs".to_owned())
            .spawn(move || count_epochs(&weak, &stop))
            .map_err(|error| EngineFault::Engine(format!("no thread for its clock: {error}")))?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let shared = Shared {
            wasmtime,
            linker,
            cache,
            slots: Slots::new(options.instances),
            lane: Arc::new(Semaphore::new((cores / 2).max(1))),
            allowance: options.allowance,
            compiler: options.compiler,
            compiled: AtomicU64::new(0),
            figures: Gathered::default(),
            _ticker: ticker,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Makes a plugin of a file: reads, checks, and compiles it where that was not done before. It blocks for as long
    /// as compiling takes, so a server calls it on a thread for that. `usual` is what calls may use where the grants set
    /// nothing else.
    pub fn load(&self, bytes: &[u8], granted: &Grants, usual: &Allowance) -> Result<Arc<LoadedPlugin>, LoadFault> {
        load(&self.shared, bytes, granted, usual)
    }

    /// What calls may use where nothing else is set for a plugin.
    pub fn allowance(&self) -> &Allowance {
        &self.shared.allowance
    }

    /// What plugins used since this was asked last, for whoever keeps it.
    pub fn take_figures(&self) -> Vec<UsedBy> {
        self.shared.figures.take()
    }

    /// Puts back what could not be kept.
    pub fn give_back_figures(&self, taken: &[UsedBy]) {
        self.shared.figures.give_back(taken);
    }

    /// How many components were compiled rather than read from the cache.
    pub fn compiled(&self) -> u64 {
        self.shared.compiled.load(Ordering::Relaxed)
    }
}

pub(crate) fn config(instances: u32, stack: usize) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    // A component has one instance and often a dozen core modules, two or three tables and seldom a second memory.
    // Nothing that one component asks for leaves another without: a file that wants more than its share is refused.
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES))
        .max_core_instances_per_component(CORE_INSTANCES)
        .total_memories(instances.saturating_mul(MEMORIES))
        .max_memories_per_component(MEMORIES)
        .total_tables(instances.saturating_mul(TABLES))
        .max_tables_per_component(TABLES)
        .total_stacks(instances)
        .max_tables_per_module(4)
        .table_elements(TABLE_ELEMENTS as usize)
        .max_memory_size(MOST_MEMORY)
        .max_unused_warm_slots(WARM)
        .linear_memory_keep_resident(KEEP_MEMORY)
        .table_keep_resident(KEEP_TABLE)
        .async_stack_keep_resident(KEEP_STACK)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .wasm_component_model(true)
        .max_wasm_stack(stack)
        .async_stack_size(stack.saturating_add(HOST_STACK))
        .concurrency_support(false)
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
        .parallel_compilation(true)
        .memory_init_cow(true);
    config
}

/// Counts epochs until the engine is gone.
fn count_epochs(engine: &EngineWeak, stop: &Receiver<()>) {
    while let Err(RecvTimeoutError::Timeout) = stop.recv_timeout(TICK) {
        match engine.upgrade() {
            Some(engine) => engine.increment_epoch(),
            None => return,
        }
    }
}
