//! Log lines: pretty on a terminal, JSON elsewhere, always on stderr, so that stdout holds only what was asked for.

use crate::config::{Log, LogFormat};
use std::io::IsTerminal as _;
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
    tracing_subscriber::registry().with(layer(look).with_filter(filter)).try_init()?;
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

fn layer<S>(look: Look) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let lines = fmt::layer().with_writer(std::io::stderr);
    if look.json {
        Box::new(lines.json().flatten_event(true).with_span_list(false))
    } else {
        Box::new(lines.compact().with_ansi(look.colour).with_target(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
