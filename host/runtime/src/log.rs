//! The plugin's log: what its code says, and what the host says of its code. The last lines are kept in memory for the
//! administrator's page; every line is a tracing event with the target `plugin` as well.

use crate::meter::Meter;
use lignaflow_core::clock::Micros;
use lignaflow_core::id::RequestId;
use lignaflow_core::name::PluginId;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Lines that are kept for each plugin.
const KEPT: usize = 500;
/// Bytes of one line; what is longer is cut.
const LINE: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl Level {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub level: Level,
    pub at: Micros,
    /// What was called: `before-save` or a route's name.
    pub call: Arc<str>,
    pub request: RequestId,
    pub text: String,
}

#[derive(Debug)]
pub(crate) struct PluginLog {
    plugin: PluginId,
    lines: Mutex<VecDeque<LogLine>>,
}

impl PluginLog {
    pub(crate) fn new(plugin: PluginId) -> Self {
        Self { plugin, lines: Mutex::new(VecDeque::new()) }
    }

    pub(crate) fn lines(&self) -> Vec<LogLine> {
        held(&self.lines).iter().cloned().collect()
    }

    fn push(&self, line: LogLine) {
        let (plugin, call, request) = (self.plugin.as_str(), &*line.call, line.request);
        let text = line.text.as_str();
        match line.level {
            Level::Trace => tracing::trace!(target: "plugin", plugin, call, %request, "{text}"),
            Level::Debug => tracing::debug!(target: "plugin", plugin, call, %request, "{text}"),
            Level::Info => tracing::info!(target: "plugin", plugin, call, %request, "{text}"),
            Level::Warn => tracing::warn!(target: "plugin", plugin, call, %request, "{text}"),
            Level::Error => tracing::error!(target: "plugin", plugin, call, %request, "{text}"),
        }
        let mut lines = held(&self.lines);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// One call's share of the plugin's log: so many lines and bytes, the rest is counted.
#[derive(Debug)]
pub(crate) struct CallLog {
    log: Arc<PluginLog>,
    call: Arc<str>,
    request: RequestId,
    /// The request's time; lines stand as long after it as the call had run.
    now: Micros,
    meter: Arc<Meter>,
    left: Mutex<Left>,
}

#[derive(Debug)]
struct Left {
    lines: u32,
    bytes: usize,
    dropped: u64,
    /// Output that has not come to the end of its line.
    open: [Vec<u8>; 2],
}

/// Where a guest prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    Out,
    Err,
}

impl Output {
    /// A panic says why on its way out, and nothing else does.
    const fn level(self) -> Level {
        match self {
            Self::Out => Level::Info,
            Self::Err => Level::Error,
        }
    }
}

impl CallLog {
    pub(crate) fn new(
        log: Arc<PluginLog>,
        call: Arc<str>,
        request: RequestId,
        now: Micros,
        meter: Arc<Meter>,
        (lines, bytes): (u32, usize),
    ) -> Self {
        let left = Left { lines, bytes, dropped: 0, open: [Vec::new(), Vec::new()] };
        Self { log, call, request, now, meter, left: Mutex::new(left) }
    }

    /// A line of the guest's.
    pub(crate) fn guest(&self, level: Level, text: &str) {
        let mut left = held(&self.left);
        self.admit(&mut left, level, text);
    }

    /// Bytes that the guest printed.
    pub(crate) fn print(&self, output: Output, bytes: &[u8]) {
        let mut left = held(&self.left);
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let open = &mut left.open[output as usize];
            let room = LINE.saturating_sub(open.len());
            open.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                let line = std::mem::take(open);
                self.admit(&mut left, output.level(), &String::from_utf8_lossy(&line));
            }
        }
    }

    /// A line of the host's about the call: it always fits.
    pub(crate) fn host(&self, level: Level, text: String) {
        self.write(level, text);
    }

    /// What stands open or was dropped, when the call has ended.
    pub(crate) fn close(&self) {
        let mut left = held(&self.left);
        for output in [Output::Out, Output::Err] {
            let line = std::mem::take(&mut left.open[output as usize]);
            if !line.is_empty() {
                self.admit(&mut left, output.level(), &String::from_utf8_lossy(&line));
            }
        }
        let dropped = std::mem::take(&mut left.dropped);
        drop(left);
        if dropped > 0 {
            self.write(Level::Warn, format!("{dropped} more lines of this call were dropped"));
        }
    }

    fn admit(&self, left: &mut Left, level: Level, text: &str) {
        let text = cut(text.trim_end());
        let text = one_line(text);
        if left.lines == 0 || left.bytes < text.len() {
            left.dropped += 1;
            return;
        }
        left.lines -= 1;
        left.bytes -= text.len();
        self.write(level, text.into_owned());
    }

    fn write(&self, level: Level, text: String) {
        let mut text = match one_line(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(line) => line,
        };
        let end = cut(&text).len();
        text.truncate(end);
        let elapsed = i64::try_from(self.meter.elapsed().as_micros()).unwrap_or(0);
        let at = self.now.saturating_add(elapsed);
        self.log.push(LogLine { level, at, call: self.call.clone(), request: self.request, text });
    }
}

/// A text on one line, and as it is read: line breaks, other control characters and those that turn the direction of
/// writing stand as escapes in it.
pub fn one_line(text: &str) -> Cow<'_, str> {
    let is_escaped = |sign: char| {
        let turns = matches!(sign, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        sign.is_control() || turns
    };
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for sign in text.chars() {
        if is_escaped(sign) { line.extend(sign.escape_default()) } else { line.push(sign) }
    }
    Cow::Owned(line)
}

/// The beginning of a text, not longer than a line.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LINE)]
}

/// A log outlives a panic of whoever held it: its lines are whole at all times.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::Id;

    fn call(lines: u32, bytes: usize) -> (Arc<PluginLog>, CallLog) {
        let log = Arc::new(PluginLog::new("notes".parse().unwrap()));
        let request = RequestId(Id::from_parts(0, [0; 10]));
        let call = CallLog::new(log.clone(), "run".into(), request, 0, Arc::new(Meter::new()), (lines, bytes));
        (log, call)
    }

    fn texts(log: &PluginLog) -> Vec<String> {
        log.lines().into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn printed_bytes_become_lines() {
        let (log, call) = call(10, 1000);
        call.print(Output::Err, b"first\nsec");
        call.print(Output::Err, b"ond\nthird");
        call.close();
        assert_eq!(texts(&log), ["first", "second", "third"]);
        assert_eq!(log.lines()[0].level, Level::Error);
    }

    #[test]
    fn a_guest_forges_no_line() {
        let (log, call) = call(10, 1000);
        call.guest(Level::Info, "well\n2026-11-27 ERROR forged\r\u{1b}[31m\u{202e}end\n");
        call.print(Output::Out, b"a\tb\x00\n");
        call.host(Level::Error, "it said \u{85}, ä and ⏱".to_owned());
        let expected =
            ["well\\n2026-11-27 ERROR forged\\r\\u{1b}[31m\\u{202e}end", "a\\tb\\u{0}", "it said \\u{85}, ä and ⏱"];
        assert_eq!(texts(&log), expected);
        // What is escaped counts as it is written.
        let (log, call) = super::tests::call(10, 30);
        call.guest(Level::Info, &"\u{1}".repeat(10));
        call.guest(Level::Info, "short");
        call.close();
        assert_eq!(texts(&log), ["short", "1 more lines of this call were dropped"]);
    }

    #[test]
    fn what_is_too_much_is_counted_and_dropped() {
        let (log, call) = call(2, 1000);
        for number in 0..50 {
            call.guest(Level::Info, &format!("line {number}"));
        }
        call.close();
        assert_eq!(texts(&log), ["line 0", "line 1", "48 more lines of this call were dropped"]);
    }

    #[test]
    fn a_line_without_an_end_is_cut() {
        let (log, call) = call(10, 100_000);
        for _ in 0..1000 {
            call.print(Output::Out, "ä".repeat(500).as_bytes());
        }
        call.close();
        assert_eq!(texts(&log).len(), 1);
        assert!(texts(&log)[0].len() <= LINE);
    }

    #[test]
    fn the_oldest_lines_go_first() {
        let (log, call) = call(u32::MAX, usize::MAX);
        for number in 0..KEPT + 3 {
            call.guest(Level::Debug, &number.to_string());
        }
        assert_eq!(log.lines().len(), KEPT);
        assert_eq!(log.lines()[0].text, "3");
    }
}
