//! Time as people type it, and as it is shown: `2`, `2.5`, `2h`, `1:30`, `90m`, `7-11:30`.

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// What a text says of the time that something took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    /// So many seconds, whole minutes of a day at most.
    Taken(i64),
    /// From one time of the clock to another, in seconds since midnight; the end lies on the next day where it would
    /// otherwise not come after the start.
    Between(u32, u32),
}

/// What a text that is none of it should be.
pub(crate) const RIGHT: &str = "Write time as 2, 2.5, 2h, 1:30, 90m or 7-11:30.";

/// Reads what was typed; nothing typed is no time.
pub(crate) fn read(text: &str) -> Result<Typed, String> {
    let text = text.trim().to_lowercase().replace(['–', '—'], "-");
    if text.is_empty() {
        return Ok(Typed::Taken(0));
    }
    let typed = match text.split_once('-') {
        Some((from, until)) => between(from.trim(), until.trim()),
        None => taken(&text).map(Typed::Taken),
    };
    typed.ok_or_else(|| format!("“{text}” is not a time. {RIGHT}"))
}

fn between(from: &str, until: &str) -> Option<Typed> {
    let (from, until) = (clock(from)?, clock(until)?);
    (from != until && from < 86_400).then_some(Typed::Between(from, until % 86_400))
}

/// A time of the clock, `7`, `7:30`, `7.30`, `7am`, `15:45`.
pub(crate) fn clock(text: &str) -> Option<u32> {
    let (text, half) = match text
        .strip_suffix("am")
        .map(|rest| (rest, 0))
        .or_else(|| text.strip_suffix("pm").map(|rest| (rest, 12)))
    {
        Some((rest, add)) => (rest.trim(), Some(add)),
        None => (text, None),
    };
    let (hour, minute) = match text.split_once([':', '.']) {
        Some((hour, minute)) => (number(hour, 2)?, (minute.len() == 2).then(|| number(minute, 2))??),
        None => (number(text, 2)?, 0),
    };
    let hour = match half {
        Some(add) => ((1..=12).contains(&hour)).then_some(hour % 12 + add)?,
        None => hour,
    };
    let second = u32::try_from(hour * 3600 + minute * 60).ok()?;
    (minute < 60 && second <= 86_400).then_some(second)
}

fn taken(text: &str) -> Option<i64> {
    let seconds = if let Some((hours, minutes)) = text.split_once(':') {
        let minutes = if minutes.len() == 2 { number(minutes, 2)? } else { return None };
        (minutes < 60).then_some(())?;
        number(hours, 2)? * 3600 + minutes * 60
    } else if let Some((hours, rest)) = text.split_once('h') {
        let rest = rest.trim();
        let minutes = rest.strip_suffix("min").or_else(|| rest.strip_suffix('m')).unwrap_or(rest).trim();
        let minutes = if minutes.is_empty() { 0 } else { number(minutes, 2).filter(|m| *m < 60)? };
        hours_of(hours.trim())? + minutes * 60
    } else if let Some(minutes) = text.strip_suffix("min").or_else(|| text.strip_suffix('m')) {
        number(minutes.trim(), 4)? * 60
    } else {
        hours_of(text)?
    };
    (0..=DAY).contains(&seconds).then_some(seconds)
}

/// Hours with a part after the point or comma, in seconds; to the nearest minute, since nobody is shown less.
fn hours_of(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    let hours = if whole.is_empty() { 0 } else { number(whole, 3)? };
    let digits = u32::try_from(part.len()).ok().filter(|digits| *digits <= 4)?;
    let part = if part.is_empty() { 0 } else { number(part, 4)? };
    let scale = 10_i64.pow(digits);
    Some(hours * 3600 + (part * 120 + scale) / (2 * scale) * 60)
}

fn number(text: &str, most: usize) -> Option<i64> {
    let digits = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// `7:30`; with a sign where it is negative.
pub(crate) fn shown(seconds: i64) -> String {
    let minutes = minutes_of(seconds);
    let sign = if minutes < 0 { "−" } else { "" };
    let minutes = minutes.abs();
    format!("{sign}{}:{:02}", minutes / 60, minutes % 60)
}

/// `7:05` of seconds since midnight.
pub(crate) fn shown_clock(second: u32) -> String {
    format!("{}:{:02}", second / 3600 % 24, second % 3600 / 60)
}

fn minutes_of(seconds: i64) -> i64 {
    nearest(seconds, 60) / 60
}

/// The multiple of `unit` nearest to it, halves away from zero.
pub(crate) const fn nearest(seconds: i64, unit: i64) -> i64 {
    let half = if seconds < 0 { -unit / 2 } else { unit / 2 };
    (seconds + half) / unit * unit
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn time_is_read_as_people_write_it() {
        for (text, minutes) in [
            ("2", 120),
            ("2.5", 150),
            ("2,25", 135),
            (".5", 30),
            ("2h", 120),
            ("2h30", 150),
            ("2 h 05 min", 125),
            ("1:30", 90),
            ("90m", 90),
            ("90 min", 90),
            ("0", 0),
            ("", 0),
            ("24", 1440),
            ("7.6", 456),
            ("0.3333", 20),
        ] {
            assert_eq!(read(text), Ok(Typed::Taken(minutes * 60)), "{text}");
        }
        for (text, from, until) in [
            ("7-11:30", 420, 690),
            ("7:00 – 11.30", 420, 690),
            ("7am-3pm", 420, 900),
            ("12am-12pm", 0, 720),
            ("22-6", 1320, 360),
            ("16-24", 960, 0),
        ] {
            assert_eq!(read(text), Ok(Typed::Between(from * 60, until * 60)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_told_with_what_would_be() {
        for text in
            ["x", "25", "1:60", "1:5", "-2", "7-7", "7-25", "13pm-2", "2h61", "1e3", "٣", "2.55555", "9999m", "1:30:00"]
        {
            assert!(read(text).is_err_and(|message| message.contains("7-11:30")), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_as_the_same_time(minutes in 0_i64..=1440) {
            prop_assert_eq!(read(&shown(minutes * 60)).ok(), (minutes < 100 * 60).then_some(Typed::Taken(minutes * 60)));
        }

        #[test]
        fn no_text_is_more_than_a_day_or_breaks_the_reader(text in "\\PC{0,12}|[0-9hm:.,-]{0,8}") {
            match read(&text) {
                Ok(Typed::Taken(seconds)) => prop_assert!((0..=DAY).contains(&seconds) && seconds % 60 == 0),
                Ok(Typed::Between(from, until)) => prop_assert!(from < 86_400 && until < 86_400 && from != until),
                Err(message) => prop_assert!(message.ends_with(RIGHT)),
            }
        }

        #[test]
        fn rounding_to_the_minute_is_done_once(seconds in -1_000_000_i64..1_000_000) {
            let once = nearest(seconds, 60);
            prop_assert_eq!(nearest(once, 60), once);
            prop_assert!((once - seconds).abs() <= 30);
        }
    }
}
