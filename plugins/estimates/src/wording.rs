//! Amounts and days as clients read them: on their page and in documents, from the same figures.

use lignaflow_sdk::prelude::*;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `$1,234.50`; with what tells it apart where it is not the currency of the house.
pub(crate) fn money(minor: i64, currency: Currency, home: Currency) -> String {
    let sign = if minor < 0 { "−" } else { "" };
    let symbol = match currency.as_str() {
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        "JPY" => "¥".to_owned(),
        "AUD" | "NZD" | "USD" | "CAD" | "SGD" | "HKD" if currency == home => "$".to_owned(),
        other => format!("{other}\u{a0}"),
    };
    format!("{sign}{symbol}{}", digits(minor.unsigned_abs(), currency.minor_digits()))
}

fn digits(minor: u64, places: u32) -> String {
    let unit = 10_u64.pow(places);
    let grouped = grouped(&(minor / unit).to_string());
    if places == 0 {
        return grouped;
    }
    let width = usize::try_from(places).unwrap_or(0);
    format!("{grouped}.{:0width$}", minor % unit)
}

/// Digits in threes.
fn grouped(whole: &str) -> String {
    let mut grouped = String::with_capacity(whole.len() + whole.len() / 3);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A decimal as it is kept, `-1234.5`, as it is read: `−1,234.5`.
pub(crate) fn decimal(text: &str) -> String {
    let (sign, bare) = text.strip_prefix('-').map_or(("", text), |bare| ("−", bare));
    match bare.split_once('.') {
        Some((whole, part)) => format!("{sign}{}.{part}", grouped(whole)),
        None => format!("{sign}{}", grouped(bare)),
    }
}

/// Nobody sends or asks by less than a second.
pub(crate) const fn second(instant: Instant) -> Instant {
    Instant::from_micros(instant.micros().div_euclid(1_000_000) * 1_000_000)
}

/// `19 Dec 2026`.
pub(crate) fn day(date: Date) -> String {
    let (year, month, day) = date.civil();
    let month = usize::try_from(month - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or_default();
    format!("{day} {month} {year}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_amount_has_its_digits_its_sign_and_what_tells_it_apart() {
        let (aud, jpy, kwd): (Currency, Currency, Currency) =
            (Currency::AUD, "JPY".parse().unwrap(), "KWD".parse().unwrap());
        assert_eq!(money(3_211_309, aud, aud), "$32,113.09");
        assert_eq!(money(-5, aud, aud), "−$0.05");
        assert_eq!(money(123_456, aud, jpy), "AUD\u{a0}1,234.56");
        assert_eq!(money(1_234_567, jpy, aud), "¥1,234,567");
        assert_eq!(money(1_234, kwd, aud), "KWD\u{a0}1.234");
        assert_eq!([decimal("1234567.50"), decimal("-12"), decimal("0.5")], ["1,234,567.50", "−12", "0.5"]);
        assert_eq!(day("2026-12-09".parse().unwrap()), "9 Dec 2026");
    }

    proptest! {
        #[test]
        fn what_is_read_is_the_amount(minor in i64::MIN + 1..i64::MAX) {
            let text = money(minor, Currency::AUD, Currency::AUD);
            let figures: String = text.chars().filter(char::is_ascii_digit).collect();
            prop_assert_eq!(figures.parse::<u64>().unwrap(), minor.unsigned_abs());
            prop_assert_eq!(text.starts_with('−'), minor < 0);
        }
    }
}
