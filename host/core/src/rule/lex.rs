//! The words and signs of a rule, each with its place.

use super::{MAX_BYTES, Place, RuleFault};
use crate::query::Operator;
use crate::value::parse_date;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name, a path, a choice or a word of the language.
    Word(String),
    Text(String),
    Number(String),
    Date(i32),
    Operator(Operator),
    Open,
    Close,
    Comma,
}

impl Token {
    /// As it is told in a message.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Word(word) => format!("`{word}`"),
            Self::Text(_) => "a text".to_owned(),
            Self::Number(number) => format!("`{number}`"),
            Self::Date(days) => format!("`{}`", crate::value::date_text(*days)),
            Self::Operator(operator) => format!("`{}`", operator.sign()),
            Self::Open => "`(`".to_owned(),
            Self::Close => "`)`".to_owned(),
            Self::Comma => "`,`".to_owned(),
        }
    }
}

impl Operator {
    /// As rules spell it.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            // Of the API alone.
            Self::Contains => "contains",
            Self::StartsWith => "starts with",
        }
    }
}

pub(super) fn tokens(text: &str) -> Result<Vec<(Token, Place)>, RuleFault> {
    if text.len() > MAX_BYTES {
        let message = format!("a rule has at most {MAX_BYTES} bytes, not {}", text.len());
        return Err(RuleFault::new(Place(1), message));
    }
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut next = 0;
    while let Some(first) = characters.get(next).copied() {
        if first.is_whitespace() {
            next += 1;
            continue;
        }
        let place = Place(next + 1);
        let (token, length) = token(&characters[next..], place)?;
        tokens.push((token, place));
        next += length;
    }
    Ok(tokens)
}

fn token(rest: &[char], at: Place) -> Result<(Token, usize), RuleFault> {
    let second = rest.get(1).copied();
    let sign = |operator, length| Ok((Token::Operator(operator), length));
    match rest[0] {
        '(' => Ok((Token::Open, 1)),
        ')' => Ok((Token::Close, 1)),
        ',' => Ok((Token::Comma, 1)),
        '=' => sign(Operator::Equal, 1),
        '!' if second == Some('=') => sign(Operator::NotEqual, 2),
        '<' if second == Some('=') => sign(Operator::AtMost, 2),
        '<' => sign(Operator::Less, 1),
        '>' if second == Some('=') => sign(Operator::AtLeast, 2),
        '>' => sign(Operator::Greater, 1),
        quote @ ('\'' | '"') => quoted(rest, quote, at),
        first if first.is_ascii_digit() || (first == '-' && second.is_some_and(|c| c.is_ascii_digit())) => {
            number(rest, at)
        }
        first if first.is_ascii_alphabetic() || first == '_' => {
            let word: String = rest.iter().take_while(|c| c.is_ascii_alphanumeric() || "_-.".contains(**c)).collect();
            if word.ends_with(['.', '-']) || word.contains("..") {
                return Err(RuleFault::new(at, format!("`{word}` is not a name such as `project.client`")));
            }
            let length = word.len();
            Ok((Token::Word(word), length))
        }
        other => Err(RuleFault::new(at, format!("`{other}` means nothing in a rule"))),
    }
}

/// A text between quotes, of which two stand for one.
fn quoted(rest: &[char], quote: char, at: Place) -> Result<(Token, usize), RuleFault> {
    let mut text = String::new();
    let mut next = 1;
    loop {
        match (rest.get(next), rest.get(next + 1)) {
            (Some(c), Some(after)) if *c == quote && *after == quote => {
                text.push(quote);
                next += 2;
            }
            (Some(c), _) if *c == quote => return Ok((Token::Text(text), next + 1)),
            (Some(c), _) => {
                text.push(*c);
                next += 1;
            }
            (None, _) => return Err(RuleFault::new(at, format!("this text has no closing {quote}"))),
        }
    }
}

fn number(rest: &[char], at: Place) -> Result<(Token, usize), RuleFault> {
    let run: String = rest.iter().take_while(|c| c.is_ascii_alphanumeric() || "-._".contains(**c)).collect();
    let length = run.len();
    if let Some(days) = parse_date(&run) {
        return Ok((Token::Date(days), length));
    }
    let digits = run.strip_prefix('-').unwrap_or(&run);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if all_digits(whole) && all_digits(part) {
        return Ok((Token::Number(run), length));
    }
    Err(RuleFault::new(
        at,
        format!("`{run}` is neither a number nor a date such as 2026-11-23; a text stands in quotes"),
    ))
}
