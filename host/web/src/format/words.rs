//! Names and counts in sentences.

use super::number::integer;
use crate::locale::Locale;

/// `1 entry`, `12,066 entries`.
pub fn count(number: i64, one: &str, many: &str, locale: &Locale) -> String {
    format!("{} {}", integer(number, locale), if number == 1 { one } else { many })
}

/// `a`, `a and b`, `a, b and c`.
pub fn list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [rest @ .., last] => {
            let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", rest.join(", "), last.as_ref())
        }
    }
}

/// `412 kB`, `1.5 MB`, in thousands.
pub fn bytes(size: u64, locale: &Locale) -> String {
    let tenths =
        |unit: u64| super::decimal(&super::scaled(i64::try_from(size * 10 / unit).unwrap_or(i64::MAX), 1), locale);
    match size {
        0..1_000 => format!("{size} B"),
        1_000..1_000_000 => format!("{} kB", size / 1_000),
        _ => format!("{} MB", tenths(1_000_000)),
    }
}

/// The letters of an avatar: first of the first name and first of the last.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).collect()
}

/// One of the five tones of an avatar, always the same for the same person.
pub fn tone(key: &str) -> &'static str {
    const TONES: [&str; 5] = ["tone-1", "tone-2", "tone-3", "tone-4", "tone-5"];
    let sum = key.bytes().fold(7_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    TONES[sum % TONES.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_listed_and_counted() {
        assert_eq!(list(&["read", "write", "mail"]), "read, write and mail");
        assert_eq!(count(1, "entry", "entries", &Locale::of("en-AU")), "1 entry");
        assert_eq!(count(12_066, "entry", "entries", &Locale::of("en-AU")), "12,066 entries");
    }

    #[test]
    fn initials_take_first_and_last_name() {
        assert_eq!(initials("Ruth Halloran"), "RH");
        assert_eq!(initials("R. Aziz Spray"), "RS");
        assert_eq!(initials("Ángel"), "Á");
        assert_eq!(initials("  "), "");
        assert_eq!(tone("Ruth"), tone("Ruth"));
    }

    #[test]
    fn sizes_are_told_in_thousands() {
        let au = Locale::of("en-AU");
        assert_eq!(bytes(412_300, &au), "412 kB");
        assert_eq!(bytes(1_560_000, &au), "1.5 MB");
        assert_eq!(bytes(999, &au), "999 B");
    }
}
