//! Amounts: minor units of a currency, with as many decimals as ISO 4217 gives it.

use super::number::{MINUS, joined, parts, scaled};
use crate::locale::Locale;
use lignaflow_core::value::{Currency, Money};

/// What stands before an amount, for a reader whose organization keeps its books in `home`: `$` at home, and what
/// tells it apart abroad.
pub fn symbol(currency: Currency, home: Currency) -> String {
    let shared = |sign: &str, abroad: &str| if currency == home { sign.to_owned() } else { abroad.to_owned() };
    match currency.as_str() {
        "AUD" => shared("$", "A$"),
        "USD" => shared("$", "US$"),
        "NZD" => shared("$", "NZ$"),
        "CAD" => shared("$", "CA$"),
        "SGD" => shared("$", "S$"),
        "HKD" => shared("$", "HK$"),
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        "INR" => "₹".to_owned(),
        "JPY" => "¥".to_owned(),
        "CNY" => shared("¥", "CN¥"),
        // A code is a word, and wants a space that does not break.
        other => format!("{other}\u{a0}"),
    }
}

/// With its symbol: `$1,234.50`, `−US$3.00`, `CHF 20.00`.
pub fn money(amount: Money, home: Currency, locale: &Locale) -> String {
    format!("{}{}{}", sign(amount), symbol(amount.currency, home), digits(amount, locale))
}

/// For a column of figures: bare where the currency is the organization's own.
pub fn figure(amount: Money, home: Currency, locale: &Locale) -> String {
    if amount.currency == home {
        format!("{}{}", sign(amount), digits(amount, locale))
    } else {
        money(amount, home, locale)
    }
}

/// For a field to type in: `1234.50`.
pub fn plain(amount: Money, locale: &Locale) -> String {
    scaled(amount.minor, amount.currency.minor_digits()).replace('.', &locale.decimal.to_string())
}

fn sign(amount: Money) -> String {
    if amount.minor < 0 { MINUS.to_string() } else { String::new() }
}

fn digits(amount: Money, locale: &Locale) -> String {
    let canonical = scaled(amount.minor, amount.currency.minor_digits());
    let (_, whole, fraction) = parts(&canonical);
    joined(false, whole, fraction, locale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(minor: i64, currency: &str) -> Money {
        Money { minor, currency: currency.parse().unwrap() }
    }

    #[test]
    fn the_home_currency_has_the_bare_sign() {
        let au = Locale::of("en-AU");
        let nzd = "NZD".parse().unwrap();
        assert_eq!(money(of(123_450, "AUD"), Currency::AUD, &au), "$1,234.50");
        assert_eq!(money(of(123_450, "AUD"), nzd, &au), "A$1,234.50");
        assert_eq!(money(of(-300, "USD"), Currency::AUD, &au), "−US$3.00");
        assert_eq!(money(of(2000, "CHF"), Currency::AUD, &au), "CHF\u{a0}20.00");
        assert_eq!(figure(of(-123_450, "AUD"), Currency::AUD, &au), "−1,234.50");
        assert_eq!(figure(of(123_450, "EUR"), Currency::AUD, &au), "€1,234.50");
    }

    #[test]
    fn decimals_follow_the_currency() {
        let au = Locale::of("en-AU");
        assert_eq!(money(of(1234, "JPY"), Currency::AUD, &au), "¥1,234");
        assert_eq!(money(of(1_234_567, "KWD"), Currency::AUD, &au), "KWD\u{a0}1,234.567");
        assert_eq!(plain(of(5, "AUD"), &au), "0.05");
        assert_eq!(plain(of(-123_450, "AUD"), &Locale::of("de-DE")), "-1234,50");
    }
}
