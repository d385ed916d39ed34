//! Words: what is searched, and what is searched for. Every store keeps the words that are made here, so that the same
//! records match on each; none of them has a say in where a word ends.
//!
//! A record matches when every word that is asked for is the beginning of a word in one of its searched fields.

use crate::fold::fold;

/// Letters and digits of one word that count. What is longer is the same word.
const LONGEST: usize = 64;
/// Bytes of the words of one text that are kept at most: what stands behind them is not found.
const MOST_BYTES: usize = 256 * 1024;
/// Characters of a snippet, and how many of them stand before the word that was found.
const SNIPPET: usize = 160;
const BEFORE: usize = 40;

/// Whether a character is a word by itself: scripts that put no spaces between their words.
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The folded words of a text, each once, in their order: runs of letters and digits.
pub fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut seen = std::collections::HashSet::new();
    let mut words = Vec::new();
    let mut bytes = 0;
    for run in folded.split(|c: char| !c.is_alphanumeric()) {
        for word in pieces(run) {
            if bytes + word.len() > MOST_BYTES {
                return words;
            }
            if seen.insert(word.clone()) {
                bytes += word.len();
                words.push(word);
            }
        }
    }
    words
}

/// A run of letters and digits, with the characters that stand alone taken apart.
fn pieces(run: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut length = 0;
    for c in run.chars() {
        if stands_alone(c) {
            if !piece.is_empty() {
                pieces.push(std::mem::take(&mut piece));
            }
            length = 0;
            pieces.push(c.to_string());
        } else {
            if length < LONGEST {
                piece.push(c);
            }
            length += 1;
        }
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// Whether texts, each already taken apart, hold every word that is asked for.
pub fn matches(asked: &[String], held: &[Vec<String>]) -> bool {
    asked.iter().all(|word| held.iter().flatten().any(|held| held.starts_with(word.as_str())))
}

/// How many of the words that are asked for a text holds.
pub fn found_in(asked: &[String], text: &str) -> usize {
    let held = words(text);
    asked.iter().filter(|word| held.iter().any(|held| held.starts_with(word.as_str()))).count()
}

/// The part of a text around the first word that was asked for, on one line; its beginning where none stands in it.
pub fn snippet(asked: &[String], text: &str) -> String {
    let flat: Vec<char> = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect();
    let mut from = 0;
    let mut start = None;
    for (at, c) in flat.iter().enumerate() {
        let begins = c.is_alphanumeric() && (at == 0 || !flat[at - 1].is_alphanumeric() || stands_alone(*c));
        if begins {
            let end = flat[at..].iter().position(|c| !c.is_alphanumeric()).map_or(flat.len(), |length| at + length);
            let run: String = flat[at..end.min(at + LONGEST)].iter().collect();
            if words(&run).first().is_some_and(|first| asked.iter().any(|word| first.starts_with(word.as_str()))) {
                start = Some(at);
                break;
            }
        }
    }
    if let Some(at) = start.filter(|at| *at > BEFORE) {
        // From the beginning of a word on.
        let earliest = at - BEFORE;
        from = (earliest..at).find(|place| flat[place - 1] == ' ').unwrap_or(earliest);
    }
    let until = flat.len().min(from + SNIPPET);
    let mut snippet: String = flat[from..until].iter().collect();
    if from > 0 {
        snippet.insert(0, '…');
    }
    if until < flat.len() {
        snippet.push('…');
    }
    snippet
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Vec<String> {
        words(text)
    }

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(of("Küche Müller, P-1042"), ["kuche", "muller", "p", "1042"]);
        assert_eq!(of("sam@example.com"), ["sam", "example", "com"]);
        assert_eq!(of("oak Oak OAK"), ["oak"]);
        assert_eq!(of("% — \u{301}"), [""; 0]);
        assert_eq!(of("東京タワー2号"), ["東", "京", "タ", "ワ", "ー", "2", "号"]);
        assert_eq!(of(&"a".repeat(100)), ["a".repeat(64)]);
    }

    #[test]
    fn every_word_is_wanted_by_its_beginning_in_any_text() {
        let held = [of("Küche Müller"), of("Eiche 40 %")];
        assert!(matches(&of("eich MULL"), &held));
        assert!(matches(&of("40"), &held));
        assert!(!matches(&of("iche"), &held));
        assert!(!matches(&of("eiche bad"), &held));
        assert!(matches(&[], &held));
    }

    #[test]
    fn a_snippet_shows_the_word_with_what_stands_around_it() {
        assert_eq!(snippet(&of("oak"), "One oak bench"), "One oak bench");
        assert_eq!(snippet(&of("zinc"), "One oak\n  bench"), "One oak bench");
        let long = format!("{} the Äpfel tree {}", "lorem ".repeat(30), "ipsum ".repeat(60));
        let found = snippet(&of("apf"), &long);
        assert!(found.starts_with("…lorem") && found.contains("Äpfel tree") && found.ends_with('…'), "{found}");
        assert!(found.chars().count() <= SNIPPET + 2);
    }

    #[test]
    fn of_a_very_long_text_the_beginning_is_found() {
        let text = (0..60_000).map(|number| format!("word{number}")).collect::<Vec<_>>().join(" ");
        let kept = of(&text);
        assert!(kept.iter().map(String::len).sum::<usize>() <= MOST_BYTES);
        assert_eq!(kept[0], "word0");
    }

    proptest! {
        #[test]
        fn a_text_is_found_by_each_of_its_words_and_their_beginnings(text in "\\PC{0,60}", cut in 1..5_usize) {
            let held = [of(&text)];
            for word in &held[0] {
                let beginning: String = word.chars().take(cut).collect();
                prop_assert!(matches(&words(&beginning), &held));
            }
            prop_assert!(matches(&held[0].clone(), &held));
        }

        #[test]
        fn a_word_is_one_word_and_needs_no_quoting(text in "\\PC{0,60}") {
            for word in of(&text) {
                prop_assert!(!word.is_empty() && word.chars().all(char::is_alphanumeric));
            }
        }

        #[test]
        fn a_snippet_is_of_bounded_length(text in "\\PC{0,400}", asked in "[a-z]{1,2}") {
            prop_assert!(snippet(&of(&asked), &text).chars().count() <= SNIPPET + 2);
        }
    }
}
