//! What a process may use. It gives up the rest by itself, at its beginning, and cannot take it back.

use std::io;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of memory.
    pub memory: u64,
    /// Seconds of computing.
    pub seconds: u64,
}

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
    /// leaving its memory behind, and starting processes and threads.
    #[cfg(unix)]
    pub fn take_on(self, measured: Measured) -> io::Result<()> {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let memory = match measured {
            Measured::Addresses => Resource::As,
            Measured::Data => Resource::Data,
        };
        for (resource, most) in [
            (memory, self.memory),
            (Resource::Cpu, self.seconds),
            (Resource::Fsize, 0),
            (Resource::Core, 0),
            (Resource::Nproc, 0),
        ] {
            setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
        }
        Ok(())
    }

    /// Elsewhere the parent's clock and the bounds of what is read are all there is.
    #[cfg(not(unix))]
    pub fn take_on(self, _: Measured) -> io::Result<()> {
        Ok(())
    }
}
