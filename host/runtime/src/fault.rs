//! Why a plugin was not loaded, and why there is no engine: what and where, in words for the administrator.

use crate::compile::CompileFault;
use lignaflow_core::descriptor::DescriptorFault;
use std::path::PathBuf;

/// Why a file did not become a plugin. Nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadFault {
    #[error("the file has {bytes} bytes; a plugin has at most {most}")]
    TooLarge { bytes: usize, most: usize },
    #[error("the file is not WebAssembly: it does not begin with \\0asm")]
    NotWasm,
    #[error("the file is a core module, not a component: build it for wasm32-wasip2")]
    CoreModule,
    /// Cut off, with flipped bits, or of a proposal that is not part of the platform.
    #[error("the file is not a valid component: {0}")]
    Malformed(String),
    /// It was not compiled, within what compiling may use.
    #[error("{0}")]
    NotCompiled(CompileFault),
    #[error("the component has no section `{0}`: pack it with `cargo xtask plugins`")]
    NoSection(&'static str),
    #[error("the component has the section `{0}` twice")]
    DoubleSection(&'static str),
    #[error("a module inside the component has a section `{0}`, which only the component itself may have")]
    NestedSection(&'static str),
    #[error("the section `{name}` has {bytes} bytes; at most {most} are read")]
    LargeSection { name: &'static str, bytes: usize, most: usize },
    /// The section of templates and the like is not what it should be.
    #[error("the section `lignaflow:assets` cannot be read: {0}")]
    Assets(String),
    #[error("the descriptor is not UTF-8")]
    NotText,
    #[error("the descriptor is not valid: {}", listed(.0))]
    Descriptor(Vec<DescriptorFault>),
    #[error("the component was built against lignaflow:plugin {found}, but this host speaks {speaks}")]
    ContractVersion { found: String, speaks: &'static str },
    /// Imports that no host of this contract offers.
    #[error("the component imports what this host does not offer: {}", .0.join(", "))]
    UnknownImports(Vec<String>),
    /// Everything that the plugin asks for or imports and was not given.
    #[error("the plugin was not granted: {}", .0.join(", "))]
    NotGranted(Vec<String>),
    #[error("the descriptor declares routes or hooks, but the component does not export {}", .0.join(", "))]
    MissingExports(Vec<String>),
    /// The names are right and the types are not.
    #[error("the component does not fit the contract: {0}")]
    Misfit(String),
}

impl From<CompileFault> for LoadFault {
    fn from(fault: CompileFault) -> Self {
        match fault {
            CompileFault::Malformed(why) => Self::Malformed(why),
            other => Self::NotCompiled(other),
        }
    }
}

fn listed(faults: &[DescriptorFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineFault {
    #[error("the WebAssembly engine does not start: {0}")]
    Engine(String),
    #[error("the folder of compiled plugins, {}: {what}", .path.display())]
    Cache { path: PathBuf, what: String },
}
