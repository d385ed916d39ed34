//! Figures without floats: ten-thousandths, as prices and quantities are written, and amounts in the smallest unit.

/// `over / under` to the nearest whole number; of two equally near, the one further from zero. `under` is positive.
pub(crate) fn rounded(over: i128, under: i128) -> i128 {
    let (whole, rest) = (over / under, over % under);
    if rest.abs() * 2 >= under { whole + over.signum() } else { whole }
}

/// Ten-thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Fine(pub(crate) i128);

/// Beyond this nothing is a price or a quantity.
const MOST: i128 = 1_000_000_000_000_000;

impl Fine {
    pub(crate) const ONE: Self = Self(10_000);
    const PLACES: u32 = 4;

    /// A figure as a database or a file writes it, to four places: `12`, `-0.5`, `1.25e-3`.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let (figure, power) = match text.split_once(['e', 'E']) {
            Some((figure, power)) => (figure, power.parse::<i32>().ok().filter(|power| power.abs() <= 30)?),
            None => (text, 0),
        };
        let (sign, digits) = match figure.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, figure.strip_prefix('+').unwrap_or(figure)),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && part.is_empty() || !whole.chars().chain(part.chars()).all(|digit| digit.is_ascii_digit())
        {
            return None;
        }
        // A float has at most 17 places that say something.
        let part = part.get(..part.len().min(20))?;
        let mut figure: i128 = format!("{whole}{part}").parse().ok().filter(|it: &i128| *it < MOST * MOST)?;
        let places = i32::try_from(part.len()).ok()? - power - 4;
        figure = if places > 0 {
            match 10_i128.checked_pow(places.unsigned_abs()) {
                Some(under) => rounded(figure, under),
                None => 0,
            }
        } else {
            figure.checked_mul(10_i128.checked_pow(places.unsigned_abs())?)?
        };
        (figure < MOST).then_some(Self(sign * figure))
    }

    /// How many places it takes to write it.
    fn places(self) -> u32 {
        let (mut places, mut figure) = (Self::PLACES, self.0);
        while places > 0 && figure % 10 == 0 {
            figure /= 10;
            places -= 1;
        }
        places
    }

    pub(crate) fn text(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        format!("{sign}{}.{:04}", self.0.abs() / 10_000, self.0.abs() % 10_000)
    }

    /// A percentage in basis points.
    pub(crate) fn basis_points(self) -> i64 {
        i64::try_from(rounded(self.0, 100)).unwrap_or(i64::MAX)
    }

    /// An amount in the smallest unit of a currency of so many digits.
    pub(crate) fn minor(self, digits: u32) -> i128 {
        rounded(self.0 * 10_i128.pow(digits), 10_000)
    }

    /// A price with so much put on top, in basis points, as estimates price a line: to the digits of the currency, or to
    /// those of the cost where these are more.
    pub(crate) fn marked_up(self, rate: i64, digits: u32) -> Self {
        let step = 10_i128.pow(Self::PLACES - digits.max(self.places()).min(Self::PLACES));
        Self(rounded(self.0 * (10_000 + i128::from(rate)), 10_000 * step) * step)
    }

    /// What a quantity comes to at this price.
    pub(crate) fn amount(self, quantity: Self, digits: u32) -> i128 {
        rounded(self.0 * quantity.0 * 10_i128.pow(digits), 100_000_000)
    }
}

/// An amount as people read it.
pub(crate) fn money(minor: i128, digits: u32) -> String {
    let unit = 10_u128.pow(digits);
    let (whole, part) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
    let mut groups = whole.to_string();
    let mut at = groups.len();
    while at > 3 {
        at -= 3;
        groups.insert(at, ',');
    }
    let sign = if minor < 0 { "-" } else { "" };
    if digits == 0 {
        format!("{sign}{groups}")
    } else {
        format!("{sign}{groups}.{part:0width$}", width = digits as usize)
    }
}

/// Seconds as hours and minutes, and seconds where there are some.
pub(crate) fn hours(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let (hours, minutes, rest) = (seconds.abs() / 3_600, seconds.abs() / 60 % 60, seconds.abs() % 60);
    if rest == 0 { format!("{sign}{hours}:{minutes:02}") } else { format!("{sign}{hours}:{minutes:02}:{rest:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_to_four_places_and_floats_are_what_they_meant() {
        for (text, figure) in [
            ("12", 120_000),
            ("-0.5", -5_000),
            ("12.300000000000001", 123_000),
            ("0.1000000000000000055", 1_000),
            ("1.25e-3", 13),
            ("1e2", 1_000_000),
            (".5", 5_000),
            ("-0.00005", -1),
        ] {
            assert_eq!(Fine::of(text), Some(Fine(figure)), "{text}");
        }
        for text in ["", ".", "a", "1,5", "1e99", "99999999999999999999", "--1"] {
            assert_eq!(Fine::of(text), None, "{text}");
        }
    }

    #[test]
    fn a_line_is_priced_as_estimates_price_it() {
        let cost = Fine::of("33.33").unwrap();
        assert_eq!(cost.marked_up(1_250, 2).text(), "37.5000");
        assert_eq!(Fine::of("0.3333").unwrap().marked_up(2_000, 2).text(), "0.4000");
        assert_eq!(Fine::of("37.5").unwrap().amount(Fine::of("2.5").unwrap(), 2), 9_375);
        assert_eq!(Fine::of("12.5").unwrap().basis_points(), 1_250);
    }

    #[test]
    fn figures_are_shown_as_people_write_them() {
        assert_eq!((money(-123_456_705, 2), money(1_200, 0)), ("-1,234,567.05".to_owned(), "1,200".to_owned()));
        assert_eq!((hours(27_000), hours(-61)), ("7:30".to_owned(), "-0:01:01".to_owned()));
    }
}
