//! Sums in a quantity, as they are written beside a drawing: `2.4*3`, `(9.6 + 1.8) / 2`. Exact; what does not come out
//! within the field's digits is refused, since nothing is rounded that somebody typed.

use super::number::{decimal, shortened};
use crate::locale::Locale;
use lignaflow_core::value::Decimal;

/// Characters of one sum, and how deep its parentheses go.
const MOST: usize = 200;
const MOST_DEEP: usize = 16;

/// Whether a text is more than a figure.
pub(super) fn is_sum(text: &str) -> bool {
    let signed = text.trim_start().trim_start_matches(['-', '\u{2212}', '+']);
    signed.contains(['*', '/', '×', '÷', '+', '(', ')', '·']) || signed.contains(['-', '\u{2212}'])
}

pub(super) fn sum(text: &str, scale: u32, locale: &Locale) -> Result<Decimal, String> {
    let text = text.trim();
    if text.chars().count() > MOST {
        return Err(format!("A sum of at most {MOST} characters"));
    }
    let mut reader = Sum { rest: text, whole: text, locale };
    let result = reader.terms(0)?;
    if !reader.rest.trim_start().is_empty() {
        return Err(reader.odd());
    }
    let result = result.normalize();
    if result.scale() > scale {
        return Err(format!("{} does not come out within {scale} decimals", shortened(text)));
    }
    let digits = result.mantissa().unsigned_abs().checked_mul(10_u128.pow(scale - result.scale()));
    if digits.is_none_or(|digits| digits > 999_999_999_999_999_999) {
        return Err(format!("{} is larger than can be kept", shortened(text)));
    }
    let mut result = result;
    result.rescale(scale);
    Ok(result)
}

struct Sum<'a> {
    rest: &'a str,
    whole: &'a str,
    locale: &'a Locale,
}

impl Sum<'_> {
    fn odd(&self) -> String {
        format!("“{}” is not a sum. Write one such as 2.4*3", shortened(self.whole))
    }

    fn take(&mut self, of: &[char]) -> Option<char> {
        let rest = self.rest.trim_start();
        let first = rest.chars().next().filter(|c| of.contains(c))?;
        self.rest = &rest[first.len_utf8()..];
        Some(first)
    }

    fn done(&self, result: Option<Decimal>) -> Result<Decimal, String> {
        result.ok_or_else(|| format!("{} is larger than can be kept", shortened(self.whole)))
    }

    fn terms(&mut self, deep: usize) -> Result<Decimal, String> {
        let mut sum = self.factors(deep)?;
        while let Some(sign) = self.take(&['+', '-', '\u{2212}']) {
            let next = self.factors(deep)?;
            sum = self.done(if sign == '+' { sum.checked_add(next) } else { sum.checked_sub(next) })?;
        }
        Ok(sum)
    }

    fn factors(&mut self, deep: usize) -> Result<Decimal, String> {
        let mut product = self.figure(deep)?;
        while let Some(sign) = self.take(&['*', '×', '·', '/', '÷']) {
            let next = self.figure(deep)?;
            if matches!(sign, '/' | '÷') {
                if next.is_zero() {
                    return Err("Nothing is divided by zero".to_owned());
                }
                product = self.done(product.checked_div(next))?;
            } else {
                product = self.done(product.checked_mul(next))?;
            }
        }
        Ok(product)
    }

    fn figure(&mut self, deep: usize) -> Result<Decimal, String> {
        if deep > MOST_DEEP {
            return Err(self.odd());
        }
        if self.take(&['-', '\u{2212}']).is_some() {
            return self.figure(deep + 1).map(|figure| -figure);
        }
        if self.take(&['(']).is_some() {
            let inner = self.terms(deep + 1)?;
            return self.take(&[')']).map(|_| inner).ok_or_else(|| self.odd());
        }
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '\''))).unwrap_or(rest.len());
        let (figure, rest) = rest.split_at(end);
        if figure.is_empty() {
            return Err(self.odd());
        }
        self.rest = rest;
        decimal(figure, 9, self.locale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<String, String> {
        sum(text, 4, &Locale::of("en-AU")).map(|result| result.to_string())
    }

    #[test]
    fn sums_come_out_as_on_paper() {
        for (text, result) in [
            ("2.4*3", "7.2000"),
            ("9.6+1.8", "11.4000"),
            ("2+3*4", "14.0000"),
            ("(2 + 3) × 4", "20.0000"),
            ("-2 * -3", "6.0000"),
            ("1/8", "0.1250"),
            ("10 − 2.5", "7.5000"),
            ("1,200*2", "2400.0000"),
        ] {
            assert_eq!(of(text).as_deref(), Ok(result), "{text}");
        }
        assert_eq!(sum("2,4*3", 4, &Locale::of("de-DE")).unwrap().to_string(), "7.2000");
    }

    #[test]
    fn what_is_no_sum_says_so() {
        assert_eq!(of("1/3").unwrap_err(), "1/3 does not come out within 4 decimals");
        assert_eq!(of("1/0").unwrap_err(), "Nothing is divided by zero");
        for text in ["2*", "*2", "2**3", "(2", "2)", "two*3", "2 3*1"] {
            assert!(of(text).is_err(), "{text}");
        }
        assert!(of(&"(".repeat(150)).is_err());
        assert!(of("999999999999*999999999999").unwrap_err().contains("larger than can be kept"));
    }

    #[test]
    fn a_figure_alone_is_no_sum() {
        for text in ["2.4", "-3", "1,200", "−7.5"] {
            assert!(!is_sum(text), "{text}");
        }
        assert!(is_sum("2-3") && is_sum("-(2)") && is_sum("3×2"));
    }
}
