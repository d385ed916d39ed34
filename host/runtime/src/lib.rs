//! Guest code: from a file to a plugin that can be called, and each call within its limits. It knows wasmtime and
//! nothing of where records live.
//!
//! | module | holds |
//! |---|---|
//! | [`Engine`] (`engine`), `cache` | the one engine of the process; compiled code on disk |
//! | [`Assets`] (`assets`) | templates and what they use, beside the code in the same file |
//! | [`Compiler`] (`compile`) | where code is compiled, and what that takes |
//! | [`inspect`] (`envelope`), `load` | a file read without running it; what it asks for against what it was granted |
//! | [`LoadedPlugin`] (`plugin`), `call`, `entry`, `stop` | a plugin as it is called; one call, where it enters, and what ended it |
//! | `contract`, `convert` | `wit/` as Rust; between its types and the host's, with proof |
//! | `host` | what guests may call, one capability a module |
//! | `limits`, `budget`, `meter` | what one call may use, and with the services that it calls; computing time as it passes |
//! | `slow` | threads for calls that compute for long, and what is done [`behind`] all others |
//! | [`schema`] | JSON against the schemas of descriptors |
//! | [`LogLine`] (`log`), `output`, `tallies` | what guests say and print; counters |
//! | [`Used`] (`figures`) | what plugins used, by version and hour |
//! | [`Part`] (`aside`) | what keeps failing is set aside, alone |
//! | [`fit`] (`fitting`) | whether plugins fit each other, by their descriptors |
//! | [`Registry`], [`Snapshot`] (`registry`) | all plugins behind one atomic pointer |
//!
//! A new capability is an interface in `wit/`, a module in `host`, a line in `host::link`, and a case of
//! `lignaflow_core::descriptor::Capability` where it must be granted.

mod aside;
mod assets;
mod budget;
mod cache;
mod call;
mod compile;
mod contract;
mod convert;
mod engine;
mod entry;
mod envelope;
mod fault;
mod figures;
mod fitting;
mod host;
mod limits;
mod load;
mod log;
mod meter;
mod output;
mod plugin;
mod registry;
pub mod schema;
mod slow;
mod stop;
mod tallies;

pub use aside::{Part, Trip};
pub use assets::Assets;
pub use compile::{CompileFault, Compiler, compile_here, memory_to_compile};
pub use engine::{Engine, EngineOptions};
pub use envelope::{Inspection, inspect};
pub use fault::{EngineFault, LoadFault};
pub use figures::{HOUR, Used, UsedBy};
pub use fitting::{fit, needs};
pub use log::{Level, LogLine, one_line};
pub use plugin::LoadedPlugin;
pub use registry::{Customs, Registry, RegistryFault, Snapshot};
pub use slow::{behind, stand_back};
