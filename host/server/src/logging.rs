//! Log lines: pretty on a terminal, JSON elsewhere, always on stderr, so that stdout holds only what was asked for.
//!
//! Lines of what went well wait for each other for [`WAIT`] at most, and are written together: a write for each line was a
//! twentieth of a small request, and all requests queued for it. A warning is written at once, with all before it.

use crate::config::{Log, LogFormat};
use lignaflow_runtime::one_line;
use std::io::{self, IsTerminal as _, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, fmt, layer::SubscriberExt as _};

#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    #[error("RUST_LOG or log.level cannot be read: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    #[error("logging was set up before: {0}")]
    Twice(#[from] TryInitError),
    #[error("no thread for writing the log: {0}")]
    NoThread(#[from] io::Error),
}

/// How long a line waits for others at most. Who kills the process loses no more than this, and no warning.
const WAIT: Duration = Duration::from_millis(50);
/// Bytes that wait at most.
const FULL: usize = 1 << 16;

// Where stderr is gone, nobody is there to be told.
static WAITING: Waiting = Waiting::new(|lines| drop(io::stderr().write_all(lines)));

/// The log of this process, for as long as it is kept: what waits is written when it goes.
#[derive(Debug)]
#[must_use = "lines that wait are written when it goes"]
pub struct Logging(());

impl Drop for Logging {
    fn drop(&mut self) {
        flush();
    }
}

/// Writes what waits, for who is about to end the process.
pub fn flush() {
    WAITING.write(&mut WAITING.lock());
}

/// How lines are written, once it is known where they go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    json: bool,
    colour: bool,
}

/// Sends the log of this process to stderr. `RUST_LOG` wins over the setting.
pub fn init(log: &Log) -> Result<Logging, LoggingError> {
    let directives = std::env::var(EnvFilter::DEFAULT_ENV).ok().filter(|given| !given.trim().is_empty());
    let filter = EnvFilter::builder().parse(directives.as_deref().unwrap_or(&log.level))?;
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let look = look(log.format, std::io::stderr().is_terminal(), plain);
    tracing_subscriber::registry().with(layer(look, Together).with_filter(filter)).try_init()?;
    std::thread::Builder::new().name("log".to_owned()).spawn(|| WAITING.write_on())?;
    Ok(Logging(()))
}

/// Lines that are written together.
#[derive(Debug)]
struct Waiting {
    lines: Mutex<Vec<u8>>,
    some: Condvar,
    out: fn(&[u8]),
}

impl Waiting {
    const fn new(out: fn(&[u8])) -> Self {
        Self { lines: Mutex::new(Vec::new()), some: Condvar::new(), out }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, line: &[u8], at_once: bool) {
        let mut lines = self.lock();
        let first = lines.is_empty();
        lines.extend_from_slice(line);
        if at_once || lines.len() >= FULL {
            self.write(&mut lines);
        } else if first {
            self.some.notify_one();
        }
    }

    fn write(&self, lines: &mut Vec<u8>) {
        (self.out)(lines);
        lines.clear();
    }

    /// Writes what has waited for long enough, for as long as the process lives.
    fn write_on(&self) -> ! {
        loop {
            let empty = |lines: &mut Vec<u8>| lines.is_empty();
            let lines = self.some.wait_while(self.lock(), empty).unwrap_or_else(PoisonError::into_inner);
            let waited = self.some.wait_timeout_while(lines, WAIT, |lines| !empty(lines));
            self.write(&mut waited.unwrap_or_else(PoisonError::into_inner).0);
        }
    }
}

/// To [`WAITING`].
struct Together;

struct Line {
    at_once: bool,
}

impl<'a> MakeWriter<'a> for Together {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { at_once: true }
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Line {
        Line { at_once: *of.level() <= Level::WARN }
    }
}

/// An event is handed over whole.
impl Write for Line {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        WAITING.add(event, self.at_once);
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `NO_COLOR` is the convention of no-color.org.
fn look(format: LogFormat, terminal: bool, no_color: bool) -> Look {
    let json = match format {
        LogFormat::Auto => !terminal,
        LogFormat::Pretty => false,
        LogFormat::Json => true,
    };
    Look { json, colour: !json && terminal && !no_color }
}

fn layer<S, M>(look: Look, writer: M) -> Box<dyn Layer<S> + Send + Sync>
where
    M: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let lines = fmt::layer();
    if look.json {
        Box::new(lines.json().flatten_event(true).with_span_list(false).with_writer(writer))
    } else {
        let writer = OneLineEach { writer, colour: look.colour };
        Box::new(lines.compact().with_ansi(look.colour).with_target(false).with_writer(writer))
    }
}

struct OneLineEach<M> {
    writer: M,
    colour: bool,
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for OneLineEach<M> {
    type Writer = OneLine<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        OneLine { out: self.writer.make_writer(), colour: self.colour }
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Self::Writer {
        OneLine { out: self.writer.make_writer_for(of), colour: self.colour }
    }
}

/// Writes each event as one line, whatever texts are in it: what a plugin or a client says must not look like a line of
/// its own, or move the cursor of who reads it. An event is handed over whole, with the one line break at its end. In
/// colour, escapes that set it are left, and no others.
struct OneLine<W> {
    out: W,
    colour: bool,
}

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let line = if self.colour { coloured(line) } else { one_line(line).into_owned() };
        self.out.write_all((line + "\n").as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A line with what sets its colours, and nothing else that a terminal obeys.
fn coloured(line: &str) -> String {
    let mut told = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((plain, from)) = rest.find('\u{1b}').map(|at| rest.split_at(at)) {
        told.push_str(&one_line(plain));
        let code = from
            .strip_prefix("\u{1b}[")
            .map(|code| code.trim_start_matches(|sign: char| sign.is_ascii_digit() || sign == ';'));
        let (escape, after) = match code.and_then(|code| code.strip_prefix('m')) {
            Some(after) => (from[..from.len() - after.len()].into(), after),
            None => (one_line(&from[..1]), &from[1..]),
        };
        told.push_str(&escape);
        rest = after;
    }
    told.push_str(&one_line(rest));
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// What the log of a test was written to.
    static WRITTEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

    struct Kept;

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            WRITTEN.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_text_makes_a_line_of_its_own() {
        let forged = "all is well\n2026-11-27T10:00:00Z ERROR the vault is open\r\u{1b}[2K\u{85}\u{2028}\u{202e}end";
        for look in [
            Look { json: false, colour: false },
            Look { json: false, colour: true },
            Look { json: true, colour: false },
        ] {
            WRITTEN.lock().unwrap().clear();
            let subscriber = tracing_subscriber::registry().with(layer(look, || Kept));
            tracing::subscriber::with_default(subscriber, || {
                let span = tracing::info_span!("request", path = %forged);
                let _entered = span.enter();
                tracing::warn!(fault = %forged, named = forged, "{forged}");
                tracing::info!("next");
            });
            let written = String::from_utf8(WRITTEN.lock().unwrap().clone()).unwrap();
            assert_eq!(written.lines().count(), 2, "{look:?}: {written:?}");
            assert!(written.ends_with('\n') && written.contains("the vault is open"), "{look:?}: {written:?}");
            for sign in ['\r', '\u{85}', '\u{2028}', '\u{202e}'] {
                assert!(look.json || !written.contains(sign), "{look:?} {sign:?}: {written:?}");
            }
            assert!(!written.contains("\u{1b}[2K"), "{look:?}: {written:?}");
            assert_eq!(written.contains('\u{1b}'), look.colour, "{look:?}: {written:?}");
        }
    }

    #[test]
    fn lines_wait_for_each_other_and_a_warning_for_none() {
        static OUT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
        static TOLD: Condvar = Condvar::new();
        static LINES: Waiting = Waiting::new(|lines| {
            OUT.lock().unwrap().push(lines.to_vec());
            TOLD.notify_one();
        });
        let written = || std::mem::take(&mut *OUT.lock().unwrap());
        LINES.add(b"a\n", false);
        LINES.add(b"b\n", false);
        assert!(written().is_empty());
        LINES.add(b"warned\n", true);
        assert_eq!(written(), [b"a\nb\nwarned\n"]);

        let long = vec![b'x'; FULL - 1];
        LINES.add(&long, false);
        assert!(written().is_empty());
        LINES.add(b"\n", false);
        assert_eq!(written(), [[&long[..], b"\n"].concat()], "memory is bounded");

        std::thread::spawn(|| LINES.write_on());
        LINES.add(b"alone\n", false);
        let out = TOLD.wait_while(OUT.lock().unwrap(), |out| out.is_empty()).unwrap();
        assert_eq!(*out, [b"alone\n"]);
    }

    #[test]
    fn a_terminal_gets_colour_and_a_pipe_gets_json() {
        assert_eq!(look(LogFormat::Auto, true, false), Look { json: false, colour: true });
        assert_eq!(look(LogFormat::Auto, false, false), Look { json: true, colour: false });
    }

    #[test]
    fn the_setting_wins_over_the_guess_and_no_color_is_heard() {
        assert_eq!(look(LogFormat::Json, true, false), Look { json: true, colour: false });
        assert_eq!(look(LogFormat::Pretty, false, false), Look { json: false, colour: false });
        assert_eq!(look(LogFormat::Auto, true, true), Look { json: false, colour: false });
    }
}
