//! Numbers that the host gives: what they look like. When and in which order they are given is the commit's matter.

/// What a number looks like: `EST-{n:4}` makes `EST-0042` of 42.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    before: String,
    digits: usize,
    after: String,
}

impl Format {
    /// Reads a format; the error says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a format such as EST-{{n:4}}");
        let (before, rest) = text.split_once('{').ok_or_else(wrong)?;
        let (inner, after) = rest.split_once('}').ok_or_else(wrong)?;
        let digits = match inner {
            "n" => 1,
            other => other.strip_prefix("n:").and_then(|digits| digits.parse().ok()).ok_or_else(wrong)?,
        };
        let plain = |part: &str| {
            part.len() <= 30 && part.bytes().all(|b| (b' '..0x7f).contains(&b)) && !part.contains(['{', '}'])
        };
        if !(1..=12).contains(&digits)
            || !plain(before)
            || !plain(after)
            || before.starts_with(' ')
            || after.ends_with(' ')
        {
            return Err(format!("{}: 1 to 12 digits, and at most 30 characters of ASCII on either side", wrong()));
        }
        // A digit right beside the number would be read as part of it, also when numbers are sorted.
        if before.ends_with(|c: char| c.is_ascii_digit()) || after.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!("{}: no digit may stand right beside the number", wrong()));
        }
        Ok(Self { before: before.to_owned(), digits, after: after.to_owned() })
    }

    pub fn number(&self, number: i64) -> String {
        format!("{}{number:0width$}{}", self.before, self.after, width = self.digits)
    }

    /// The most characters that a number can have.
    pub fn longest(&self) -> usize {
        self.before.len() + self.after.len() + self.digits.max(19)
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn a_number_has_at_least_its_digits() {
        let format = Format::parse("EST-{n:4}/AU").unwrap();
        assert_eq!((format.number(42), format.number(123_456)), ("EST-0042/AU".to_owned(), "EST-123456/AU".to_owned()));
        assert_eq!(Format::parse("{n}").unwrap().number(7), "7");
    }

    #[test]
    fn what_is_no_format_is_told() {
        for text in ["", "EST", "{n", "{x}", "{n:0}", "{n:13}", "A{n}{n}", "20{n}", "{n}0", "É{n}", " {n}"] {
            assert!(Format::parse(text).is_err(), "{text}");
        }
    }
}
