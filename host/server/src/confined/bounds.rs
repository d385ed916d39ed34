//! What a process may use. It gives up the rest by itself, at its beginning, and cannot take it back.

use std::io;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of memory, beside those of the program as it begins.
    pub memory: u64,
    /// Seconds of computing.
    pub seconds: u64,
}

/// How far it stands behind those who wait for the server: a third of the share of one that competes with it.
#[cfg(unix)]
const NICE: i32 = 5;

/// What counts as memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// All addresses, whether they are used or not: it binds whatever a library does.
    Addresses,
    /// What can be written: for a library that reserves addresses which it never uses.
    Data,
}

impl Bounds {
    /// Gives up memory and time beyond the bounds, and everything that such a process has no use for: writing files,
    /// leaving its memory behind, and starting processes and threads. It stands back behind those who wait for the server.
    #[cfg(unix)]
    pub fn take_on(self, measured: Measured) -> io::Result<()> {
        use rustix::process::{Resource, Rlimit, setrlimit};
        lignaflow_runtime::stand_back(NICE);
        let (memory, most) = match measured {
            Measured::Addresses => (Resource::As, self.memory.saturating_add(own_addresses())),
            Measured::Data => (Resource::Data, self.memory),
        };
        // At its soft bound a process is sent SIGXCPU, and at its hard one SIGKILL, which would look as if the kernel had run
        // out of memory.
        let rlimits = [
            (memory, most, most),
            (Resource::Cpu, self.seconds, self.seconds.saturating_add(1)),
            (Resource::Fsize, 0, 0),
            (Resource::Core, 0, 0),
            (Resource::Nproc, 0, 0),
        ];
        for (resource, current, maximum) in rlimits {
            setrlimit(resource, Rlimit { current: Some(current), maximum: Some(maximum) })?;
        }
        Ok(())
    }

    /// Elsewhere the parent's clock and the bounds of what is read are all there is.
    #[cfg(not(unix))]
    pub fn take_on(self, _: Measured) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes of addresses that the process has by now, its own code and what that carries among them: a build for finding
/// faults is many times as large as one for use. Nothing where the system does not tell.
#[cfg(unix)]
fn own_addresses() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let told = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.trim().strip_suffix("kB"));
    told.and_then(|kibibytes| kibibytes.trim().parse::<u64>().ok()).unwrap_or_default().saturating_mul(1024)
}
