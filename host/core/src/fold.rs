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

#[cfg(test)]
mod tests {
    use super::fold;
    use proptest::prelude::*;

    #[test]
    fn case_and_marks_do_not_count() {
        assert_eq!(fold("Ärger & Söhne"), "arger & sohne");
        assert_eq!(fold("ﬁt-out №5"), "fit-out no5");
    }

    proptest! {
        #[test]
        fn folding_is_idempotent(text in "\\PC{0,40}") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }
    }
}
