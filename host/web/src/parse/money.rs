//! Amounts as people type them: `1,204.80`, `$1204.8`, `USD 120`.

use super::number;
use crate::reader::Reader;
use lignaflow_core::value::{Currency, Money};

/// Reads an amount in `currency`, unless the text names another one.
pub(super) fn money(text: &str, currency: Currency, reader: &Reader) -> Result<Money, String> {
    let (text, currency) = without_code(text.trim(), currency);
    let text = without_symbol(text);
    let minor =
        number::scaled(&text, currency.minor_digits(), &reader.locale).map_err(|message| amend(message, currency))?;
    Ok(Money { minor, currency })
}

fn amend(message: String, currency: Currency) -> String {
    if message == "Without decimals, please" { format!("{currency} has no decimals") } else { message }
}

/// A currency code before or after the figure decides.
fn without_code(text: &str, currency: Currency) -> (&str, Currency) {
    let named = |code: Option<&str>| code.and_then(|code| code.to_ascii_uppercase().parse::<Currency>().ok());
    if let Some(found) = named(text.get(..3)) {
        return (text[3..].trim_start(), found);
    }
    let start = text.len().saturating_sub(3);
    if let Some(found) = named(text.get(start..)) {
        return (text[..start].trim_end(), found);
    }
    (text, currency)
}

/// A currency sign at the front, after a minus or before it, says nothing that the field does not.
fn without_symbol(text: &str) -> String {
    let (minus, rest) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => ("-", rest.trim_start()),
        None => ("", text),
    };
    let rest = rest
        .trim_start_matches(|c: char| c.is_ascii_uppercase() || c == ' ')
        .strip_prefix(['$', '€', '£', '¥', '₹'])
        .unwrap_or(rest);
    format!("{minus}{}", rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Money, String> {
        money(text, Currency::AUD, &Reader::new("en-AU", "Australia/Sydney", Currency::AUD, 0))
    }

    fn of(minor: i64, currency: &str) -> Money {
        Money { minor, currency: currency.parse().unwrap() }
    }

    #[test]
    fn signs_and_codes_are_read() {
        assert_eq!(read("1,204.80"), Ok(of(120_480, "AUD")));
        assert_eq!(read("$1204.8"), Ok(of(120_480, "AUD")));
        assert_eq!(read("-$3"), Ok(of(-300, "AUD")));
        assert_eq!(read("A$ 3"), Ok(of(300, "AUD")));
        assert_eq!(read("usd 120"), Ok(of(12_000, "USD")));
        assert_eq!(read("120 JPY"), Ok(of(120, "JPY")));
    }

    #[test]
    fn a_slip_is_named() {
        assert_eq!(read("1,2O4.80").unwrap_err(), "The O in 1,2O4.80 is a letter");
        assert_eq!(read("1.005").unwrap_err(), "At most 2 decimals; this has 3");
        assert_eq!(read("JPY 1.5").unwrap_err(), "JPY has no decimals");
    }
}
