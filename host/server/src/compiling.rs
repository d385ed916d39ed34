//! Compiling plugins in a process of their own: the compiler is handed files of strangers, and may want any memory. Its
//! answer is machine code, which is trusted since a child of this process wrote it, to a pipe that nobody else holds.

use crate::confined::{Bounds, Ended, Measured, Program};
use lignaflow_runtime::{CompileFault, Compiler, compile_here, memory_to_compile};
use std::io::{self, Read as _, Write as _};
use tokio::runtime::Handle;

/// Bytes of an artefact at most. A Python interpreter comes to 36 MB.
const MOST_BYTES: usize = 512 << 20;
/// What an answer begins with: the artefact follows, or why there is none.
const COMPILED: u8 = b'+';
const MALFORMED: u8 = b'-';

/// Compiles what it is handed by starting this program once more.
#[derive(Debug, Clone)]
pub struct Apart {
    program: Program,
    bounds: Bounds,
}

impl Apart {
    pub fn new(program: Program, bounds: Bounds) -> Self {
        Self { program, bounds }
    }
}

impl Compiler for Apart {
    fn compile(&self, component: &[u8]) -> Result<Vec<u8>, CompileFault> {
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        let needs = memory_to_compile(u64::try_from(component.len()).unwrap_or(u64::MAX));
        let has = available().map_or(self.bounds.memory, |available| available.min(self.bounds.memory));
        if needs > has {
            return Err(CompileFault::TooLarge { needs: mib(needs), has: mib(has) });
        }
        let waiting = Handle::try_current().map_err(|error| CompileFault::Failed(error.to_string()))?;
        let answer = waiting.block_on(self.program.ask("compile-plugin", self.bounds, component.to_vec(), MOST_BYTES));
        match answer {
            Ok(mut answer) => match answer.first() {
                Some(&COMPILED) => Ok(answer.split_off(1)),
                Some(&MALFORMED) => Err(CompileFault::Malformed(String::from_utf8_lossy(&answer[1..]).into_owned())),
                _ => Err(CompileFault::Failed("the compiler said nothing".to_owned())),
            },
            Err(Ended::TooSlow) => Err(CompileFault::TooSlow { seconds: self.bounds.seconds }),
            // More than was thought, and more than there is: by its own bound, or the machine's.
            Err(Ended::TooLarge) => Err(CompileFault::TooLarge { needs: mib(has.max(needs)) + 1, has: mib(has) }),
            Err(ended) => Err(CompileFault::Failed(ended.to_string())),
        }
    }
}

/// The process that compiles: it limits itself, reads a component on standard input, and answers on standard output.
pub fn run(bounds: Bounds) -> io::Result<()> {
    // The engine reserves addresses that are never used.
    bounds.take_on(Measured::Data)?;
    let mut component = Vec::new();
    io::stdin().lock().read_to_end(&mut component)?;
    let (head, body) = match compile_here(&component) {
        Ok(artefact) => (COMPILED, artefact),
        Err(CompileFault::Malformed(why)) => (MALFORMED, why.into_bytes()),
        Err(other) => return Err(io::Error::other(other)),
    };
    let mut out = io::stdout().lock();
    out.write_all(&[head])?;
    out.write_all(&body)?;
    out.flush()
}

/// Bytes of memory that this machine, or what this process is confined to on it, has left. Nothing where it cannot be
/// told.
fn available() -> Option<u64> {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
    });
    let number = |file: &str| std::fs::read_to_string(file).ok()?.trim().parse::<u64>().ok();
    // Control groups, version 2: what a container may have. Without a bound the file says `max`.
    let group = number("/sys/fs/cgroup/memory.max")
        .zip(number("/sys/fs/cgroup/memory.current"))
        .map(|(most, used)| most.saturating_sub(used));
    match (machine, group) {
        (Some(machine), Some(group)) => Some(machine.min(group)),
        (machine, group) => machine.or(group),
    }
}
