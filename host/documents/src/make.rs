//! From an order to a PDF, or why not.

use crate::order::{Order, Outcome};
use crate::world::Sealed;
use serde::{Deserialize, Serialize};
use typst::diag::SourceDiagnostic;
use typst::foundations::Smart;
use typst::{World as _, WorldExt as _};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

/// Characters of what is told of a flaw.
const MOST_TOLD: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub pages: usize,
    pub pdf: Vec<u8>,
}

/// Why a template makes no document of its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flaw {
    pub message: String,
    /// The file, from where the templates are.
    pub path: Option<String>,
    /// From 1.
    pub line: Option<usize>,
    pub hint: Option<String>,
}

impl Flaw {
    pub fn of(message: impl Into<String>) -> Self {
        Self { message: message.into(), path: None, line: None, hint: None }
    }
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.path, self.line) {
            (Some(path), Some(line)) => write!(f, "{path}, line {line}: ")?,
            (Some(path), None) => write!(f, "{path}: ")?,
            _ => {}
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// Makes the document. It takes as long and as much as the template wants.
pub fn make(order: Order) -> Outcome {
    let most = order.most;
    let Some(world) = Sealed::new(order) else {
        return Outcome::Flawed(Flaw::of("The template has no path."));
    };
    let document = match typst::compile::<PagedDocument>(&world).output {
        Ok(document) => document,
        Err(errors) => return Outcome::Flawed(flaw(&world, errors.first())),
    };
    // Nothing of a clock and nothing random goes in: the same order makes the same bytes.
    let options = PdfOptions { creator: Smart::Custom(Some("LignaFlow".to_owned())), ..PdfOptions::default() };
    match typst_pdf::pdf(&document, &options) {
        Ok(pdf) if pdf.len() > most => {
            let message = format!("The document has {} bytes; {most} are taken.", pdf.len());
            Outcome::Flawed(Flaw::of(message))
        }
        Ok(pdf) => Outcome::Made(Made { pages: document.pages().len(), pdf }),
        Err(errors) => Outcome::Flawed(flaw(&world, errors.first())),
    }
}

/// The first thing that is wrong, with its place.
fn flaw(world: &Sealed, error: Option<&SourceDiagnostic>) -> Flaw {
    let Some(error) = error else { return Flaw::of("It failed without saying why.") };
    let id = error.span.id();
    let at = id.and_then(|id| {
        let range = world.range(error.span)?;
        let before = world.source(id).ok()?.text().get(..range.start)?.matches('\n').count();
        Some(before + 1)
    });
    let told = |text: &str| text.chars().take(MOST_TOLD).collect::<String>();
    Flaw {
        message: told(&error.message),
        path: id.map(|id| id.vpath().get_without_slash().to_owned()),
        line: at,
        hint: error.hints.first().map(|hint| told(&hint.v)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn order(source: &str, data: &str) -> Order {
        Order {
            main: "quote.typ".to_owned(),
            files: BTreeMap::from([
                ("quote.typ".to_owned(), source.as_bytes().to_vec()),
                ("parts/head.typ".to_owned(), b"#let head(it) = [Head of #it]".to_vec()),
                ("data.json".to_owned(), data.as_bytes().to_vec()),
            ]),
            inputs: BTreeMap::from([("organization".to_owned(), "Oak & Sons".to_owned())]),
            today: (2026, 11, 26),
            most: 1 << 20,
        }
    }

    fn made(source: &str, data: &str) -> Made {
        match make(order(source, data)) {
            Outcome::Made(made) => made,
            Outcome::Flawed(flaw) => panic!("{flaw}"),
        }
    }

    fn flaw(source: &str) -> Flaw {
        match make(order(source, "{}")) {
            Outcome::Flawed(flaw) => flaw,
            Outcome::Made(_) => panic!("it was made"),
        }
    }

    #[test]
    fn the_same_template_and_data_are_the_same_bytes() {
        let source = "#import \"parts/head.typ\": head\n#head(json(\"data.json\").name)\n#sys.inputs.organization\n\
                      #datetime.today().display()\n#pagebreak()\nEnd";
        let first = made(source, "{\"name\": \"oak\"}");
        assert_eq!((first.pages, &first.pdf[..5]), (2, &b"%PDF-"[..]));
        assert_eq!(made(source, "{\"name\": \"oak\"}"), first);
        assert_ne!(made(source, "{\"name\": \"ash\"}"), first);
    }

    #[test]
    fn what_data_says_is_text_and_never_source() {
        // Were it source, it would not compile, or call what is not there.
        let hostile = "{\"name\": \"#panic() = ] $ \\\\ #read(\\\"/etc/passwd\\\")\"}";
        assert_eq!(made("#json(\"data.json\").name", hostile).pages, 1);
    }

    #[test]
    fn a_flaw_is_told_with_its_file_and_line() {
        let told = flaw("= Quote\n\n#missing");
        assert_eq!((told.path.as_deref(), told.line), (Some("quote.typ"), Some(3)));
        assert!(told.message.contains("missing"), "{told}");
        assert!(told.to_string().starts_with("quote.typ, line 3: "), "{told}");
    }

    #[test]
    fn there_is_nothing_beyond_the_order() {
        for source in [
            "#read(\"/etc/passwd\")",
            "#read(\"../secret\")",
            "#import \"@preview/cetz:0.3.0\"",
            "#include \"other.typ\"",
        ] {
            assert!(!flaw(source).message.is_empty(), "{source}");
        }
        assert!(flaw("#import \"@preview/cetz:0.3.0\"").message.contains("packages"));
    }
}
