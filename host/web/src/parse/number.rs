//! Figures as people type them: with or without groups, in the reader's own decimal sign.

use crate::locale::Locale;
use lignaflow_core::value::Decimal;

/// A typed figure, taken apart. `whole` and `fraction` are digits alone, `whole` is never empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Figure {
    pub(super) negative: bool,
    pub(super) whole: String,
    pub(super) fraction: String,
}

/// Takes a figure apart, or says what is wrong with it. `example` is what would be right.
pub(super) fn figure(text: &str, locale: &Locale, example: &str) -> Result<Figure, String> {
    let text = text.trim();
    let (negative, rest) = match text.strip_prefix(['-', '\u{2212}', '\u{2013}']) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(stranger) = rest.chars().find(|c| !c.is_ascii_digit() && !is_separator(*c)) {
        return Err(if matches!(stranger, 'O' | 'o' | 'l' | 'I') && rest.bytes().any(|b| b.is_ascii_digit()) {
            format!("The {stranger} in {text} is a letter")
        } else {
            format!("“{}” is not a figure. Write one such as {example}", shortened(text))
        });
    }
    let mut halves = rest.splitn(2, locale.decimal);
    let (whole, fraction) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    let Some(whole) = ungrouped(whole) else {
        return Err(if rest.matches(['.', ',']).count() == 1 {
            let sign = if locale.decimal == ',' { "a comma" } else { "a point" };
            format!("Write decimals with {sign}, as in {example}")
        } else {
            format!("The separators in {} do not stand between thousands. Write one such as {example}", shortened(text))
        });
    };
    if fraction.contains(is_separator) {
        return Err(format!("{} has two decimal signs. Write one such as {example}", shortened(text)));
    }
    if whole.is_empty() && fraction.is_empty() {
        return Err(format!("Write a figure such as {example}"));
    }
    let whole = whole.trim_start_matches('0');
    Ok(Figure {
        negative,
        whole: if whole.is_empty() { "0".to_owned() } else { whole.to_owned() },
        fraction: fraction.to_owned(),
    })
}

fn is_separator(c: char) -> bool {
    matches!(c, '.' | ',' | ' ' | '\'' | '’' | '\u{a0}' | '\u{202f}')
}

/// Digits without their group separators, or nothing if the groups are not of three.
fn ungrouped(whole: &str) -> Option<String> {
    if !whole.contains(is_separator) {
        return Some(whole.to_owned());
    }
    let groups: Vec<&str> = whole.split(is_separator).collect();
    let well = (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|group| group.len() == 3);
    well.then(|| groups.concat())
}

/// Enough of what was typed to recognise it.
pub(super) fn shortened(text: &str) -> String {
    if text.chars().count() <= 24 { text.to_owned() } else { text.chars().take(23).chain(['…']).collect() }
}

pub(super) fn integer(text: &str, locale: &Locale) -> Result<i64, String> {
    let figure = figure(text, locale, "12")?;
    if figure.fraction.bytes().any(|b| b != b'0') {
        return Err(format!("{} is not whole. Write a whole number such as {}", text.trim(), figure.whole));
    }
    in_units(&figure, 0).ok_or_else(|| too_large(text))
}

pub(super) fn decimal(text: &str, scale: u32, locale: &Locale) -> Result<Decimal, String> {
    let figure = figure(text, locale, &sample(scale, locale))?;
    let units = within_scale(&figure, scale)?.ok_or_else(|| too_large(text))?;
    Decimal::try_from_i128_with_scale(units.into(), scale).map_err(|_| too_large(text))
}

/// A figure as an integer of units of ten to the minus `scale`. More decimals than that are an error, unless they are
/// zeros: nothing is rounded that somebody typed.
pub(super) fn scaled(text: &str, scale: u32, locale: &Locale) -> Result<i64, String> {
    let figure = figure(text, locale, &sample(scale, locale))?;
    within_scale(&figure, scale)?.ok_or_else(|| too_large(text))
}

fn within_scale(figure: &Figure, scale: u32) -> Result<Option<i64>, String> {
    let decimals = figure.fraction.trim_end_matches('0').len();
    if decimals > scale as usize {
        return Err(match scale {
            0 => "Without decimals, please".to_owned(),
            1 => format!("At most one decimal; this has {decimals}"),
            _ => format!("At most {scale} decimals; this has {decimals}"),
        });
    }
    Ok(in_units(figure, scale as usize))
}

fn in_units(figure: &Figure, scale: usize) -> Option<i64> {
    let fraction = figure.fraction.trim_end_matches('0');
    let digits = format!("{}{fraction:0<scale$}", figure.whole);
    let magnitude: i64 = digits.parse().ok()?;
    Some(if figure.negative { -magnitude } else { magnitude })
}

fn sample(scale: u32, locale: &Locale) -> String {
    match scale {
        0 => "12".to_owned(),
        1 => format!("12{}5", locale.decimal),
        _ => format!("12{}50", locale.decimal),
    }
}

fn too_large(text: &str) -> String {
    format!("{} is larger than can be kept", shortened(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn au() -> Locale {
        Locale::of("en-AU")
    }

    #[test]
    fn groups_and_signs_are_read() {
        assert_eq!(integer("12,066", &au()), Ok(12_066));
        assert_eq!(integer(" -7 ", &au()), Ok(-7));
        assert_eq!(integer("−7", &au()), Ok(-7));
        assert_eq!(integer("12.00", &au()), Ok(12));
        assert_eq!(integer("1 234 567", &au()), Ok(1_234_567));
        assert_eq!(integer("12.066", &Locale::of("de-DE")), Ok(12_066));
        assert_eq!(scaled("1,204.8", 2, &au()), Ok(120_480));
        assert_eq!(scaled(".5", 2, &au()), Ok(50));
        assert_eq!(scaled("1204,80", 2, &Locale::of("de-DE")), Ok(120_480));
        assert_eq!(scaled("12.3400", 2, &au()), Ok(1234));
        assert_eq!(decimal("2.4", 4, &au()).unwrap().to_string(), "2.4000");
    }

    #[test]
    fn messages_say_what_would_be_right() {
        assert_eq!(integer("1,2O4", &au()).unwrap_err(), "The O in 1,2O4 is a letter");
        assert_eq!(integer("twelve", &au()).unwrap_err(), "“twelve” is not a figure. Write one such as 12");
        assert_eq!(integer("2.5", &au()).unwrap_err(), "2.5 is not whole. Write a whole number such as 2");
        assert_eq!(scaled("1.234", 2, &au()).unwrap_err(), "At most 2 decimals; this has 3");
        assert_eq!(scaled("12,5", 2, &au()).unwrap_err(), "Write decimals with a point, as in 12.50");
        assert_eq!(scaled("12.5", 2, &Locale::of("de")).unwrap_err(), "Write decimals with a comma, as in 12,50");
        assert_eq!(scaled("1.2.3", 2, &au()).unwrap_err(), "1.2.3 has two decimal signs. Write one such as 12.50");
        assert_eq!(
            integer("99999999999999999999", &au()).unwrap_err(),
            "99999999999999999999 is larger than can be kept"
        );
        assert_eq!(integer("-", &au()).unwrap_err(), "Write a figure such as 12");
    }
}
