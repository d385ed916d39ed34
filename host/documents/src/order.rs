//! What is asked for, and how it crosses into a process of its own and back: a line of JSON, then bytes.

use crate::make::{Flaw, Made};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read as _, Write};

/// Bytes of the line before the bytes.
const MOST_HEAD: u64 = 256 * 1024;

/// A document that is to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    /// The path of the template among the files.
    pub main: String,
    /// Everything that the template can read, by its path: `quote.typ`, `data.json`, `logo.png`.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What it reads as `sys.inputs`.
    pub inputs: BTreeMap<String, String>,
    /// What it takes for today: year, month, day.
    pub today: (i32, u8, u8),
    /// Bytes of the PDF at most.
    pub most: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    main: String,
    files: Vec<(String, usize)>,
    inputs: BTreeMap<String, String>,
    today: (i32, u8, u8),
    most: usize,
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Made(Made),
    Flawed(Flaw),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Told {
    Made { pages: usize, bytes: usize },
    Flawed(Flaw),
}

/// Bytes that are no order, or no outcome.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("{0}")]
    Input(#[from] io::Error),
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error("it ends too early, or says more than it has")]
    Short,
}

impl Order {
    pub fn to_bytes(&self) -> Result<Vec<u8>, Unreadable> {
        let head = Head {
            main: self.main.clone(),
            files: self.files.iter().map(|(path, bytes)| (path.clone(), bytes.len())).collect(),
            inputs: self.inputs.clone(),
            today: self.today,
            most: self.most,
        };
        let mut out = serde_json::to_vec(&head)?;
        out.push(b'\n');
        for bytes in self.files.values() {
            out.extend_from_slice(bytes);
        }
        Ok(out)
    }

    pub fn read(mut input: impl BufRead) -> Result<Self, Unreadable> {
        let head: Head = serde_json::from_slice(&line(&mut input)?)?;
        let mut files = BTreeMap::new();
        for (path, size) in head.files {
            let mut bytes = Vec::new();
            (&mut input).take(size as u64).read_to_end(&mut bytes)?;
            if bytes.len() != size {
                return Err(Unreadable::Short);
            }
            files.insert(path, bytes);
        }
        Ok(Self { main: head.main, files, inputs: head.inputs, today: head.today, most: head.most })
    }
}

impl Outcome {
    pub fn write(&self, mut out: impl Write) -> Result<(), Unreadable> {
        let (told, bytes) = match self {
            Self::Made(made) => (Told::Made { pages: made.pages, bytes: made.pdf.len() }, made.pdf.as_slice()),
            Self::Flawed(flaw) => (Told::Flawed(flaw.clone()), &[][..]),
        };
        serde_json::to_writer(&mut out, &told)?;
        out.write_all(b"\n")?;
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or(Unreadable::Short)?;
        let (head, rest) = (&bytes[..end], &bytes[end + 1..]);
        match serde_json::from_slice(head)? {
            Told::Made { pages, bytes } if rest.len() == bytes => Ok(Self::Made(Made { pages, pdf: rest.to_vec() })),
            Told::Made { .. } => Err(Unreadable::Short),
            Told::Flawed(flaw) => Ok(Self::Flawed(flaw)),
        }
    }
}

fn line(input: &mut impl BufRead) -> Result<Vec<u8>, Unreadable> {
    let mut line = Vec::new();
    input.take(MOST_HEAD).read_until(b'\n', &mut line)?;
    if line.pop() == Some(b'\n') { Ok(line) } else { Err(Unreadable::Short) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_and_its_outcome_cross_whole() {
        let files = BTreeMap::from([("a.typ".to_owned(), b"= A\n".to_vec()), ("b.png".to_owned(), vec![0, 10, 255])]);
        let inputs = BTreeMap::from([("logo".to_owned(), String::new())]);
        let order = Order { main: "a.typ".to_owned(), files, inputs, today: (2026, 11, 26), most: 9 };
        let bytes = order.to_bytes().unwrap();
        assert_eq!(Order::read(&bytes[..]).unwrap(), order);
        assert!(matches!(Order::read(&bytes[..bytes.len() - 1]), Err(Unreadable::Short)));
        for outcome in [
            Outcome::Made(Made { pages: 2, pdf: b"%PDF\n".to_vec() }),
            Outcome::Flawed(Flaw { message: "no".to_owned(), path: None, line: Some(3), hint: None }),
        ] {
            let mut bytes = Vec::new();
            outcome.write(&mut bytes).unwrap();
            assert_eq!(Outcome::read(&bytes).unwrap(), outcome);
        }
        assert!(Outcome::read(b"{\"made\":{\"pages\":1,\"bytes\":9}}\nshort").is_err());
    }
}
