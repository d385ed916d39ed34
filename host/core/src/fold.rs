//! How text is folded for sorting and searching, alike on every database: compatibility decomposition without marks,
//! lower case. Stored beside the text and compared bytewise.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// `Ärger & Söhne` becomes `arger & sohne`.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// Digits that a number within a text is brought to, so that it sorts as a number.
const WIDTH: usize = 19;

/// [`fold`]ed so that numbers within sort by what they count: `EST-10` after `EST-9`.
pub fn natural(text: &str) -> String {
    let folded = fold(text);
    let mut sorted = String::with_capacity(folded.len() + WIDTH);
    let mut rest = folded.as_str();
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (digits, after) = from.split_at(end);
        let number = digits.trim_start_matches('0');
        sorted.push_str(before);
        sorted.extend(std::iter::repeat_n('0', WIDTH.saturating_sub(number.len())));
        sorted.push_str(number);
        rest = after;
    }
    sorted.push_str(rest);
    sorted
}

#[cfg(test)]
mod tests {
    use super::{fold, natural};
    use proptest::prelude::*;

    #[test]
    fn case_and_marks_do_not_count() {
        assert_eq!(fold("Ärger & Söhne"), "arger & sohne");
        assert_eq!(fold("ﬁt-out №5"), "fit-out no5");
    }

    #[test]
    fn numbers_within_a_text_sort_as_numbers() {
        assert!(natural("EST-10") > natural("est-9"));
        assert!(natural("EST-0099/b") < natural("EST-100/a"));
        assert_eq!(natural("EST-007"), natural("EST-7"));
        assert_eq!(natural("Oak"), "oak");
    }

    proptest! {
        #[test]
        fn numbers_sort_by_what_they_count(a in 0..=i64::MAX, b in 0..=i64::MAX) {
            prop_assert_eq!(natural(&format!("No {a}")).cmp(&natural(&format!("No {b}"))), a.cmp(&b));
        }

        #[test]
        fn folding_is_idempotent(text in "\\PC{0,40}") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }
    }
}
