//! Reading a rule: `or` of `and` of `not` of comparisons.

use super::lex::{Token, tokens};
use super::{MAX_NESTING, MAX_PARTS, Path, Place, Rule, RuleFault, Term, TermValue};
use crate::value::Money;

/// Words of the language, which name no field.
pub(super) const WORDS: [&str; 12] =
    ["and", "or", "not", "in", "includes", "is", "null", "has", "caller", "today", "true", "false"];

pub(super) fn parse(text: &str) -> Result<Rule, RuleFault> {
    let end = Place(text.chars().count() + 1);
    let mut reader = Reader { tokens: tokens(text)?, next: 0, end, parts: 0, nesting: 0 };
    if reader.tokens.is_empty() {
        return Err(RuleFault::new(Place(1), "a rule says something, such as `user = caller`"));
    }
    let rule = reader.any()?;
    match reader.peek() {
        None => Ok(rule),
        Some(token) => {
            let message = format!("expected `and`, `or` or the end, not {}", token.shown());
            Err(RuleFault::new(reader.place(), message))
        }
    }
}

struct Reader {
    tokens: Vec<(Token, Place)>,
    next: usize,
    end: Place,
    parts: usize,
    nesting: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn place(&self) -> Place {
        self.tokens.get(self.next).map_or(self.end, |(_, place)| *place)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += 1;
        token
    }

    /// Takes a word of the language, where it is the next.
    fn word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Word(next)) if next == word);
        self.next += usize::from(is);
        is
    }

    fn expect(&mut self, token: &Token) -> Result<(), RuleFault> {
        if self.peek() == Some(token) {
            self.next += 1;
            return Ok(());
        }
        Err(self.unexpected(&token.shown()))
    }

    fn unexpected(&self, wanted: &str) -> RuleFault {
        let found = self.peek().map_or_else(|| "the end".to_owned(), Token::shown);
        RuleFault::new(self.place(), format!("expected {wanted}, not {found}"))
    }

    fn any(&mut self) -> Result<Rule, RuleFault> {
        let mut parts = vec![self.all()?];
        while self.word("or") {
            parts.push(self.all()?);
        }
        Ok(joined(parts, Rule::Any, |rule| match rule {
            Rule::Any(inner) => Ok(inner),
            other => Err(other),
        }))
    }

    fn all(&mut self) -> Result<Rule, RuleFault> {
        let mut parts = vec![self.one()?];
        while self.word("and") {
            parts.push(self.one()?);
        }
        Ok(joined(parts, Rule::All, |rule| match rule {
            Rule::All(inner) => Ok(inner),
            other => Err(other),
        }))
    }

    fn one(&mut self) -> Result<Rule, RuleFault> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(RuleFault::new(self.place(), format!("a rule nests at most {MAX_NESTING} deep")));
        }
        let rule = if self.word("not") {
            Rule::Not(Box::new(self.one()?))
        } else if self.peek() == Some(&Token::Open) {
            self.next += 1;
            let inner = self.any()?;
            self.expect(&Token::Close)?;
            inner
        } else {
            self.part()?
        };
        self.nesting -= 1;
        Ok(rule)
    }

    fn part(&mut self) -> Result<Rule, RuleFault> {
        self.parts += 1;
        let at = self.place();
        if self.parts > MAX_PARTS {
            return Err(RuleFault::new(at, format!("a rule has at most {MAX_PARTS} parts")));
        }
        for (word, truth) in [("true", true), ("false", false)] {
            if self.word(word) {
                return Ok(Rule::Constant(truth));
            }
        }
        if self.word("has") {
            self.expect(&Token::Open)?;
            let permission = self.name("a permission such as `approve`")?;
            self.expect(&Token::Close)?;
            return Ok(Rule::Has(permission));
        }
        let path = self.name("a field such as `status`")?;
        self.about(path)
    }

    /// A name that is no word of the language.
    fn name(&mut self, wanted: &str) -> Result<Path, RuleFault> {
        let at = self.place();
        match self.peek() {
            Some(Token::Word(word)) if !WORDS.contains(&word.as_str()) => {
                let text = word.clone();
                self.next += 1;
                Ok(Path { text, at })
            }
            Some(Token::Word(word)) if word == "caller" || word == "today" => {
                let message = format!("a comparison begins with a field: write `user = {word}`");
                Err(RuleFault::new(at, message))
            }
            _ => Err(self.unexpected(wanted)),
        }
    }

    fn about(&mut self, path: Path) -> Result<Rule, RuleFault> {
        if let Some(Token::Operator(operator)) = self.peek() {
            let operator = *operator;
            self.next += 1;
            return Ok(Rule::Compare { path, operator, with: self.term()? });
        }
        if self.word("includes") {
            return Ok(Rule::Includes { path, member: self.term()? });
        }
        if self.word("in") {
            self.expect(&Token::Open)?;
            let mut among = vec![self.term()?];
            while self.peek() == Some(&Token::Comma) {
                self.next += 1;
                among.push(self.term()?);
            }
            self.expect(&Token::Close)?;
            return Ok(Rule::Within { path, among });
        }
        if self.word("is") {
            let not = self.word("not");
            if !self.word("null") {
                return Err(self.unexpected(if not { "`null`" } else { "`null` or `not null`" }));
            }
            let is_null = Rule::IsNull(path);
            return Ok(if not { Rule::Not(Box::new(is_null)) } else { is_null });
        }
        match self.peek() {
            None | Some(Token::Close) => Ok(Rule::Holds(path)),
            Some(Token::Word(word)) if word == "and" || word == "or" => Ok(Rule::Holds(path)),
            _ => Err(self.unexpected("a comparison such as `=`, `in (…)`, `includes` or `is null`")),
        }
    }

    fn term(&mut self) -> Result<Term, RuleFault> {
        let at = self.place();
        let value = match self.take() {
            Some(Token::Text(text)) => TermValue::Text(text),
            Some(Token::Date(days)) => TermValue::Date(days),
            Some(Token::Number(number)) => match (number.parse(), self.currency()) {
                (Ok(minor), Some(currency)) => TermValue::Money(Money { minor, currency }),
                (Err(_), Some(_)) => {
                    return Err(RuleFault::new(at, format!("`{number}` is not a whole number of minor units")));
                }
                (_, None) => TermValue::Number(number),
            },
            Some(Token::Word(word)) => match word.as_str() {
                "true" => TermValue::Boolean(true),
                "false" => TermValue::Boolean(false),
                "caller" => TermValue::Caller,
                "today" => TermValue::Today,
                "null" => {
                    return Err(RuleFault::new(at, "nothing compares with null: write `is null`"));
                }
                word if WORDS.contains(&word) => {
                    return Err(RuleFault::new(at, format!("expected a value, not `{word}`; a text stands in quotes")));
                }
                _ => TermValue::Word(word),
            },
            _ => {
                self.next -= 1;
                return Err(self.unexpected("a value or a field"));
            }
        };
        Ok(Term { value, at })
    }

    /// The currency after a number, which makes it money.
    fn currency(&mut self) -> Option<crate::value::Currency> {
        let Some(Token::Word(word)) = self.peek() else { return None };
        let currency = word.parse().ok()?;
        self.next += 1;
        Some(currency)
    }
}

/// Several parts as one rule; parts of the same kind lie side by side.
fn joined(mut parts: Vec<Rule>, join: fn(Vec<Rule>) -> Rule, same: impl Fn(Rule) -> Result<Vec<Rule>, Rule>) -> Rule {
    if parts.len() == 1 {
        return parts.swap_remove(0);
    }
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match same(part) {
            Ok(inner) => flat.extend(inner),
            Err(part) => flat.push(part),
        }
    }
    join(flat)
}
