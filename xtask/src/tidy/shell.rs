//! As much of the shell's grammar as documents use: commands taken apart into words.

use std::mem::take;

/// Every command of a script, also those inside `$(…)`, each as its words without quotes.
pub(super) fn commands(script: &str) -> Vec<Vec<String>> {
    let mut reader = Reader::default();
    let mut characters = script.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' if !reader.double => {
                reader.begun = true;
                reader.word.extend(characters.by_ref().take_while(|&inner| inner != '\''));
            }
            '"' => {
                reader.begun = true;
                reader.double = !reader.double;
            }
            // A line that goes on.
            '\\' if characters.peek() == Some(&'\n') => {
                characters.next();
                reader.end_word();
            }
            '\\' => reader.word.extend(characters.next()),
            '$' if characters.peek() == Some(&'(') => {
                characters.next();
                reader.open();
            }
            ')' if !reader.outer.is_empty() && !reader.double => reader.close(),
            _ if reader.double => reader.word.push(character),
            '#' if reader.word.is_empty() && !reader.begun => {
                while characters.next_if(|&inner| inner != '\n').is_some() {}
            }
            '\n' | ';' | '|' | '&' | '(' | ')' => reader.end_command(),
            blank if blank.is_whitespace() => reader.end_word(),
            _ => reader.word.push(character),
        }
    }
    reader.end_command();
    reader.commands
}

#[derive(Debug, Default)]
struct Reader {
    commands: Vec<Vec<String>>,
    words: Vec<String>,
    word: String,
    /// A word may be empty and still be one: `""`.
    begun: bool,
    double: bool,
    /// What stood open around each `$(`.
    outer: Vec<(Vec<String>, String, bool)>,
}

impl Reader {
    fn end_word(&mut self) {
        if self.begun || !self.word.is_empty() {
            self.words.push(take(&mut self.word));
        }
        self.begun = false;
    }

    fn end_command(&mut self) {
        self.end_word();
        if !self.words.is_empty() {
            self.commands.push(take(&mut self.words));
        }
    }

    fn open(&mut self) {
        self.outer.push((take(&mut self.words), take(&mut self.word), take(&mut self.double)));
        self.begun = false;
    }

    fn close(&mut self) {
        self.end_command();
        if let Some((words, word, double)) = self.outer.pop() {
            (self.words, self.word, self.double) = (words, word, double);
            // Whatever the inner command prints stands in this word.
            self.begun = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_wherever_they_stand() {
        let script = r#"# a comment with lignaflow in it
TOKEN="$(printf '%s' "$P" | lignaflow token create --email ada@example.com)" # and another
curl -H "Authorization: Bearer $TOKEN" \
  'https://localhost:8443/a?b=1&c=2' | jq . && cargo xtask tidy
"#;
        let found = commands(script);
        let text: Vec<String> = found.iter().map(|words| words.join(" ")).collect();
        assert_eq!(
            text,
            [
                "printf %s $P",
                "lignaflow token create --email ada@example.com",
                "TOKEN=",
                "curl -H Authorization: Bearer $TOKEN https://localhost:8443/a?b=1&c=2",
                "jq .",
                "cargo xtask tidy",
            ]
        );
    }
}
