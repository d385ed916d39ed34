//! Compiling: where it is done, and what it takes. A compiler that is handed a hostile file may want any memory and any
//! time, so a host has it done by a [`Compiler`] in a process of its own, which calls [`compile_here`]. What that process
//! answers is machine code that the host runs unchecked: it is taken from the host's own child alone, over a pipe.

use crate::engine::{STACK, config};
use wasmtime::InstanceAllocationStrategy;

/// What compiling takes beside what follows from the size: the compiler itself.
const BASE: u64 = 32 << 20;
/// Bytes of memory for each byte of a component, as measured: QuickJS 50, a Python interpreter 20.
const PER_BYTE: u64 = 40;

/// Compiles components somewhere else than in the server.
pub trait Compiler: std::fmt::Debug + Send + Sync {
    /// The artefact, from the same program as this one. It blocks for as long as that takes.
    fn compile(&self, component: &[u8]) -> Result<Vec<u8>, CompileFault>;
}

/// Why a component was not compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileFault {
    #[error("the file is not a valid component: {0}")]
    Malformed(String),
    /// What it needs, or would have gone beyond, and what there is: MiB.
    #[error("compiling it needs about {needs} MiB of memory, and {has} MiB are to be had")]
    TooLarge { needs: u64, has: u64 },
    #[error("compiling it takes more than the {seconds} seconds of computing that it has")]
    TooSlow { seconds: u64 },
    #[error("it cannot be compiled just now: {0}")]
    Failed(String),
}

/// Bytes of memory that compiling a component of this size takes, more or less.
pub const fn memory_to_compile(bytes: u64) -> u64 {
    BASE.saturating_add(PER_BYTE.saturating_mul(bytes))
}

/// Compiles a component in this process, on this thread alone. No instance is made, and no memory is reserved for any.
pub fn compile_here(component: &[u8]) -> Result<Vec<u8>, CompileFault> {
    let mut config = config(1, STACK);
    // Neither is part of what an artefact is compatible with.
    config.allocation_strategy(InstanceAllocationStrategy::OnDemand).parallel_compilation(false);
    let engine = wasmtime::Engine::new(&config).map_err(|error| CompileFault::Failed(format!("{error:#}")))?;
    engine.precompile_component(component).map_err(|error| CompileFault::Malformed(format!("{error:#}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};

    #[test]
    fn what_is_compiled_aside_is_what_the_engine_takes() {
        let hash = |config: &wasmtime::Config| {
            let mut hasher = DefaultHasher::new();
            wasmtime::Engine::new(config).unwrap().precompile_compatibility_hash().hash(&mut hasher);
            hasher.finish()
        };
        let mut aside = config(1, STACK);
        aside.allocation_strategy(InstanceAllocationStrategy::OnDemand).parallel_compilation(false);
        assert_eq!(hash(&aside), hash(&config(4, STACK)));
        assert_eq!(hash(&aside), hash(&config(4, 2 * STACK)), "an artefact has no stack of its own");
    }

    #[test]
    fn what_is_no_component_is_malformed_and_a_large_one_needs_more() {
        assert!(matches!(compile_here(b"\0asm\x0d\0\x01\0\xff"), Err(CompileFault::Malformed(_))));
        assert!(compile_here(b"\0asm\x0d\0\x01\0").is_ok());
        assert!(memory_to_compile(19 << 20) > 400 << 20 && memory_to_compile(0) == BASE);
    }
}
