//! How a language region writes figures and dates. A small table of our own: the regions that firms have asked for,
//! and ISO dates with plain figures for everybody else.

/// The order of a date's parts, its separator, and whether day and month are padded to two digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatePattern {
    pub order: DateOrder,
    pub separator: char,
    pub padded: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    DayMonthYear,
    MonthDayYear,
    YearMonthDay,
}

/// What a BCP 47 tag means for figures and dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locale {
    tag: String,
    pub date: DatePattern,
    /// Between groups of three digits.
    pub group: &'static str,
    pub decimal: char,
    /// The country whose own currency is written with the bare symbol, such as `AU`.
    region: String,
}

const fn date(order: DateOrder, separator: char, padded: bool) -> DatePattern {
    DatePattern { order, separator, padded }
}

const NARROW_SPACE: &str = "\u{202f}";

impl Locale {
    /// Reads a tag such as `en-AU`; an unknown one is written with ISO dates.
    pub fn of(tag: &str) -> Self {
        use DateOrder::{DayMonthYear, MonthDayYear, YearMonthDay};
        let mut parts = tag.split(['-', '_']);
        let language = parts.next().unwrap_or_default().to_ascii_lowercase();
        let region = parts
            .find(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_alphabetic()))
            .unwrap_or_default()
            .to_ascii_uppercase();
        let (pattern, group, decimal) = match (language.as_str(), region.as_str()) {
            ("en", "AU" | "NZ" | "SG") => (date(DayMonthYear, '/', false), ",", '.'),
            ("en", "GB" | "IE" | "IN") => (date(DayMonthYear, '/', true), ",", '.'),
            ("en", "US") => (date(MonthDayYear, '/', false), ",", '.'),
            ("de", "CH") => (date(DayMonthYear, '.', false), "’", '.'),
            ("de" | "da" | "nb" | "no", _) => (date(DayMonthYear, '.', false), ".", ','),
            ("fr", "CA") => (date(YearMonthDay, '-', true), NARROW_SPACE, ','),
            ("fr", _) => (date(DayMonthYear, '/', true), NARROW_SPACE, ','),
            ("es" | "it" | "pt", _) => (date(DayMonthYear, '/', false), ".", ','),
            ("nl", _) => (date(DayMonthYear, '-', false), ".", ','),
            ("pl" | "fi" | "cs" | "sv", _) => (date(DayMonthYear, '.', false), NARROW_SPACE, ','),
            _ => (date(YearMonthDay, '-', true), ",", '.'),
        };
        let tag = if well_formed(tag) { tag.replace('_', "-") } else { "en".to_owned() };
        Self { tag, date: pattern, group, decimal, region }
    }

    /// The tag, fit for an `html lang` attribute.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    /// The pattern as people read it: `d/m/yyyy`.
    pub fn date_hint(&self) -> String {
        let (day, month) = if self.date.padded { ("dd", "mm") } else { ("d", "m") };
        let s = self.date.separator;
        match self.date.order {
            DateOrder::DayMonthYear => format!("{day}{s}{month}{s}yyyy"),
            DateOrder::MonthDayYear => format!("{month}{s}{day}{s}yyyy"),
            DateOrder::YearMonthDay => format!("yyyy{s}{month}{s}{day}"),
        }
    }
}

fn well_formed(tag: &str) -> bool {
    !tag.is_empty() && tag.len() <= 35 && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_decides_order_and_padding() {
        assert_eq!(Locale::of("en-AU").date_hint(), "d/m/yyyy");
        assert_eq!(Locale::of("en-GB").date_hint(), "dd/mm/yyyy");
        assert_eq!(Locale::of("en-US").date_hint(), "m/d/yyyy");
        assert_eq!(Locale::of("de-DE").date_hint(), "d.m.yyyy");
        assert_eq!(Locale::of("xx").date_hint(), "yyyy-mm-dd");
        assert_eq!(Locale::of("en_AU").tag(), "en-AU");
        assert_eq!(Locale::of("zh-Hant-TW").region(), "TW");
    }

    #[test]
    fn a_tag_that_is_none_cannot_reach_an_attribute() {
        assert_eq!(Locale::of("\"><script>").tag(), "en");
        assert_eq!(Locale::of("").tag(), "en");
    }
}
