//! The text of a derived field into a tree: precedence as in arithmetic, functions by name. Names are resolved
//! elsewhere.

use super::ratio::Ratio;

/// The most characters of a text, and how deep it may nest.
const MAX_CHARACTERS: usize = 1_000;
const MAX_DEPTH: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tree {
    Number(Ratio),
    Text(String),
    /// `quantity`, or `lines.amount`.
    Name(String),
    Call(String, Vec<Tree>),
    Negated(Box<Tree>),
    Binary(Operation, Box<Tree>, Box<Tree>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Plus,
    Minus,
    Times,
    Over,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Number(Ratio),
    Text(String),
    Name(String),
    Sign(char),
}

/// Reads an expression, or says at which character it stops to make sense.
pub(super) fn parse(text: &str) -> Result<Tree, String> {
    if text.chars().count() > MAX_CHARACTERS {
        return Err(format!("at most {MAX_CHARACTERS} characters are read"));
    }
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens: &tokens, at: 0, depth: 0 };
    let tree = reader.sum()?;
    match reader.tokens.get(reader.at) {
        None => Ok(tree),
        Some((place, token)) => Err(format!("{} is not expected at character {}", shown(token), place + 1)),
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Number(_) => "a number".to_owned(),
        Token::Text(text) => format!("\"{text}\""),
        Token::Name(name) => format!("`{name}`"),
        Token::Sign(sign) => format!("`{sign}`"),
    }
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, String> {
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let begin = at;
        at += 1;
        let run = |from: usize, of: fn(char) -> bool| characters[from..].iter().take_while(|c| of(**c)).count();
        let token = match character {
            ' ' | '\t' | '\n' => continue,
            '0'..='9' => {
                at = begin + run(begin, |c| c.is_ascii_digit() || c == '.');
                let digits: String = characters[begin..at].iter().collect();
                let percent = characters.get(at) == Some(&'%');
                at += usize::from(percent);
                Token::Number(
                    number(&digits, percent).ok_or_else(|| format!("`{digits}` is not a number that can be held"))?,
                )
            }
            'a'..='z' => {
                at = begin + run(begin, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-".contains(c));
                // A minus between names is written with spaces around it: a collection's name may have one within.
                Token::Name(characters[begin..at].iter().collect::<String>())
            }
            '"' | '\'' => {
                let length = characters[at..].iter().take_while(|c| **c != character).count();
                if at + length >= characters.len() {
                    return Err(format!("the text that begins at character {} has no end", begin + 1));
                }
                let inner = characters[at..at + length].iter().collect();
                at += length + 1;
                Token::Text(inner)
            }
            '+' | '-' | '*' | '/' | '(' | ')' | ',' => Token::Sign(character),
            other => return Err(format!("`{other}` at character {} means nothing here", begin + 1)),
        };
        tokens.push((begin, token));
    }
    Ok(tokens)
}

fn number(digits: &str, percent: bool) -> Option<Ratio> {
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || part.contains('.') || (digits.contains('.') && part.is_empty()) || part.len() > 9 {
        return None;
    }
    let over: i64 = format!("{whole}{part}").parse().ok()?;
    let under = 10_i128.pow(u32::try_from(part.len()).ok()?) * if percent { 100 } else { 1 };
    Ratio::new(over.into(), under)
}

struct Reader<'a> {
    tokens: &'a [(usize, Token)],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn sign(&self) -> Option<char> {
        match self.tokens.get(self.at) {
            Some((_, Token::Sign(sign))) => Some(*sign),
            _ => None,
        }
    }

    fn sum(&mut self) -> Result<Tree, String> {
        let mut left = self.product()?;
        while let Some(operation) = match self.sign() {
            Some('+') => Some(Operation::Plus),
            Some('-') => Some(Operation::Minus),
            _ => None,
        } {
            self.at += 1;
            left = Tree::Binary(operation, Box::new(left), Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Tree, String> {
        let mut left = self.factor()?;
        while let Some(operation) = match self.sign() {
            Some('*') => Some(Operation::Times),
            Some('/') => Some(Operation::Over),
            _ => None,
        } {
            self.at += 1;
            left = Tree::Binary(operation, Box::new(left), Box::new(self.factor()?));
        }
        Ok(left)
    }

    fn factor(&mut self) -> Result<Tree, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("it nests more than {MAX_DEPTH} deep"));
        }
        let tree = self.one();
        self.depth -= 1;
        tree
    }

    fn one(&mut self) -> Result<Tree, String> {
        let Some((place, token)) = self.tokens.get(self.at) else { return Err("it ends too early".to_owned()) };
        self.at += 1;
        match token {
            Token::Number(number) => Ok(Tree::Number(*number)),
            Token::Text(text) => Ok(Tree::Text(text.clone())),
            Token::Sign('-') => Ok(Tree::Negated(Box::new(self.factor()?))),
            Token::Sign('(') => {
                let inner = self.sum()?;
                self.close()?;
                Ok(inner)
            }
            Token::Name(name) if self.sign() == Some('(') => {
                self.at += 1;
                let mut arguments = vec![self.sum()?];
                while self.sign() == Some(',') {
                    self.at += 1;
                    arguments.push(self.sum()?);
                }
                self.close()?;
                Ok(Tree::Call(name.clone(), arguments))
            }
            Token::Name(name) => Ok(Tree::Name(name.clone())),
            Token::Sign(_) => Err(format!("{} is not expected at character {}", shown(token), place + 1)),
        }
    }

    fn close(&mut self) -> Result<(), String> {
        if self.sign() == Some(')') {
            self.at += 1;
            return Ok(());
        }
        let place =
            self.tokens.get(self.at).map_or_else(|| "the end".to_owned(), |(at, _)| format!("character {}", at + 1));
        Err(format!("a `)` is missing at {place}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Tree, parse};

    #[test]
    fn precedence_is_that_of_arithmetic() {
        assert_eq!(parse("1 + a * 2"), parse("1 + (a * 2)"));
        assert_eq!(parse("a - b - c"), parse("(a - b) - c"));
        assert_ne!(parse("(1 + a) * 2"), parse("1 + a * 2"));
        assert_eq!(parse("10%"), parse("0.1"));
        assert!(
            matches!(parse("sum(lines.amount)"), Ok(Tree::Call(name, arguments)) if name == "sum" && arguments.len() == 1)
        );
    }

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        let told = |text: &str| parse(text).unwrap_err();
        assert_eq!(told("a +"), "it ends too early");
        assert_eq!(told("a b"), "`b` is not expected at character 3");
        assert_eq!(told("(a"), "a `)` is missing at the end");
        assert_eq!(told("a ; b"), "`;` at character 3 means nothing here");
        assert_eq!(told("join(\"x, a)"), "the text that begins at character 6 has no end");
        assert!(told("1.2.3 * a").contains("not a number"));
        assert!(told(&format!("{}a{}", "(".repeat(40), ")".repeat(40))).contains("32 deep"));
    }
}
