//! In which format a list or a summary is answered: RFC 9110, 12.5.1. The most specific range that fits a format says
//! its weight; of formats that weigh alike, the first of ours wins.

use crate::problem::{Kind, Problem};
use http::{HeaderMap, header};
use lignaflow_core::Fault;

/// What a list or a summary can be answered in, in the order of our preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    Csv,
    Xlsx,
}

impl Format {
    pub const ALL: [Self; 3] = [Self::Json, Self::Csv, Self::Xlsx];

    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// As a file of this format ends.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    /// The format of a file that is asked for by how it ends. `what` is exported: `A list`.
    pub fn of_file(extension: &str, what: &str) -> Result<Self, Fault> {
        let known = [Self::Csv, Self::Xlsx].into_iter().find(|format| format.extension() == extension);
        known.ok_or_else(|| Fault::at("/format", "unknown-format", format!("{what} is exported as `csv` or `xlsx`.")))
    }

    /// The format that the header asks for most; JSON where it asks for none.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let lines: Vec<&str> = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok()).collect();
        if lines.iter().all(|line| line.trim().is_empty()) {
            return Ok(Self::Json);
        }
        let ranges: Vec<Range> = lines.iter().flat_map(|line| line.split(',')).filter_map(Range::parse).collect();
        let mut best = None;
        for format in Self::ALL {
            let weight = weight(&ranges, format);
            if weight > 0 && best.is_none_or(|(most, _)| weight > most) {
                best = Some((weight, format));
            }
        }
        best.map(|(_, format)| format).ok_or_else(|| {
            let offered: Vec<_> = Self::ALL.iter().map(|format| format.media_type()).collect();
            Problem::new(
                Kind::NotAcceptable,
                format!("None of the formats in `Accept` is offered here; {} are.", offered.join(", ")),
            )
        })
    }
}

/// One range of the header, with its weight in thousandths.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    weight: u16,
}

impl<'a> Range<'a> {
    /// What cannot be read asks for nothing.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let weight = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .map_or(Some(1000), |(_, value)| thousandths(value.trim()))?;
        Some(Self { kind: kind.trim(), subtype: subtype.trim(), weight })
    }

    /// How closely it names a format; `None` where it does not.
    fn fits(&self, format: Format) -> Option<u8> {
        let (kind, subtype) = format.media_type().split_once('/')?;
        match (self.kind, self.subtype) {
            ("*", "*") => Some(0),
            (range, "*") if range.eq_ignore_ascii_case(kind) => Some(1),
            (range, exact) if range.eq_ignore_ascii_case(kind) && exact.eq_ignore_ascii_case(subtype) => Some(2),
            _ => None,
        }
    }
}

fn weight(ranges: &[Range<'_>], format: Format) -> u16 {
    let closest = ranges.iter().filter_map(|range| Some((range.fits(format)?, range.weight)));
    closest.max().map_or(0, |(_, weight)| weight)
}

/// `0.5` as 500: a digit, a point, and up to three more.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(whole, "0" | "1") || rest.len() > 3 || !digits(rest) {
        return None;
    }
    let value = whole.parse::<u16>().ok()? * 1000 + format!("{rest:0<3}").parse::<u16>().ok()?;
    (value <= 1000).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(accept: &str) -> Option<Format> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        Format::of(&headers).ok()
    }

    #[test]
    fn the_heaviest_of_what_fits_is_taken() {
        let xlsx = Format::Xlsx.media_type();
        for (accept, format) in [
            ("", Some(Format::Json)),
            ("*/*", Some(Format::Json)),
            ("application/json", Some(Format::Json)),
            ("text/csv", Some(Format::Csv)),
            ("TEXT/CSV; charset=utf-8", Some(Format::Csv)),
            ("text/*", Some(Format::Csv)),
            (xlsx, Some(Format::Xlsx)),
            ("text/csv;q=0.5, application/json;q=0.4", Some(Format::Csv)),
            ("text/csv;q=0.5, application/json;q=0.50", Some(Format::Json)),
            ("application/json;q=0, */*", Some(Format::Csv)),
            ("application/*;q=0.9, application/json;q=0.1, text/csv;q=0.5", Some(Format::Xlsx)),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Some(Format::Json)),
            ("text/csv;q=0", None),
            ("text/html", None),
            ("image/png, text/csv;q=2", None),
        ] {
            assert_eq!(asked(accept), format, "{accept}");
        }
        assert_eq!(Format::of(&HeaderMap::new()).ok(), Some(Format::Json));
    }
}
