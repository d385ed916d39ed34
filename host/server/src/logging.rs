//! Log lines: pretty on a terminal, JSON elsewhere, always on stderr, so that stdout holds only what was asked for.

use crate::config::{Log, LogFormat};
use lignaflow_runtime::one_line;
use std::io::{self, IsTerminal as _, Write};
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, fmt, layer::SubscriberExt as _};

#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    #[error("RUST_LOG or log.level cannot be read: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    #[error("logging was set up before: {0}")]
    Twice(#[from] TryInitError),
}

/// How lines are written, once it is known where they go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    json: bool,
    colour: bool,
}

/// Sends the log of this process to stderr. `RUST_LOG` wins over the setting.
pub fn init(log: &Log) -> Result<(), LoggingError> {
    let directives = std::env::var(EnvFilter::DEFAULT_ENV).ok().filter(|given| !given.trim().is_empty());
    let filter = EnvFilter::builder().parse(directives.as_deref().unwrap_or(&log.level))?;
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let look = look(log.format, std::io::stderr().is_terminal(), plain);
    tracing_subscriber::registry().with(layer(look, std::io::stderr).with_filter(filter)).try_init()?;
    Ok(())
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

fn layer<S, W>(look: Look, writer: fn() -> W) -> Box<dyn Layer<S> + Send + Sync>
where
    W: Write + 'static,
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let lines = fmt::layer();
    if look.json {
        Box::new(lines.json().flatten_event(true).with_span_list(false).with_writer(writer))
    } else {
        let writer = move || OneLine { out: writer(), colour: look.colour };
        Box::new(lines.compact().with_ansi(look.colour).with_target(false).with_writer(writer))
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
