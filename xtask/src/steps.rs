//! What is printed while it works: numbered steps with the time each took. cargo draws its own progress between them.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::Result;

#[derive(Debug)]
pub(crate) struct Steps {
    total: usize,
    begun: usize,
    start: Instant,
}

impl Steps {
    pub(crate) fn new(total: usize) -> Self {
        Self { total, begun: 0, start: Instant::now() }
    }

    /// Runs one step between a line that names it and a line that says how long it took.
    pub(crate) fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.begun += 1;
        let start = Instant::now();
        eprintln!("{}", paint("1", &format!("[{}/{}] {name}", self.begun, self.total)));
        let result = work();
        let took = elapsed(start.elapsed());
        match &result {
            Ok(_) => eprintln!("{}", paint("32", &format!("      done in {took}"))),
            Err(_) => eprintln!("{}", paint("31", &format!("      failed after {took}"))),
        }
        result
    }

    pub(crate) fn total(&self) -> String {
        elapsed(self.start.elapsed())
    }
}

/// Something that must not be overlooked.
pub(crate) fn loud(text: &str) {
    let bar = "=".repeat(78);
    eprintln!("{}", paint("33", &format!("{bar}\n{text}\n{bar}")));
}

fn paint(code: &str, text: &str) -> String {
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// `0.4 s`, `42.0 s`, `3 min 12 s`.
pub(crate) fn elapsed(time: Duration) -> String {
    if time.as_secs() < 60 {
        return format!("{}.{} s", time.as_secs(), time.subsec_millis() / 100);
    }
    format!("{} min {} s", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_a_person_says_them() {
        assert_eq!(elapsed(Duration::from_millis(449)), "0.4 s");
        assert_eq!(elapsed(Duration::from_millis(59_999)), "59.9 s");
        assert_eq!(elapsed(Duration::from_secs(192)), "3 min 12 s");
    }
}
