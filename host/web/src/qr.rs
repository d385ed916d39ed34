//! A QR code, drawn of the squares that the server has worked out.

use maud::{Markup, html};
use std::fmt::Write as _;

/// The squares of a code, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qr {
    pub width: usize,
    pub dark: Vec<bool>,
}

/// Squares that are left light around a code (ISO/IEC 18004, 9.1).
const QUIET: usize = 4;

impl Qr {
    /// Each run of dark squares as one stroke.
    fn path(&self) -> String {
        let mut path = String::new();
        for (y, row) in self.dark.chunks(self.width.max(1)).enumerate() {
            let mut x = 0;
            while x < row.len() {
                let run = row[x..].iter().take_while(|dark| **dark).count();
                if run > 0 {
                    let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
                }
                x += run.max(1);
            }
        }
        path
    }
}

/// Dark on light whatever the page's colours: readers of codes want it so.
pub(crate) fn svg(code: &Qr, label: &str) -> Markup {
    let side = code.width + 2 * QUIET;
    html! {
        svg class="qr" width="220" height="220" viewBox={ "0 0 " (side) " " (side) } role="img" aria-label=(label) shape-rendering="crispEdges" {
            rect width=(side) height=(side) fill="#fff" {}
            path d=(code.path()) fill="#000" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_dark_squares_are_one_stroke_each() {
        let code = Qr { width: 3, dark: vec![true, true, false, false, false, true, false, false, false] };
        assert_eq!(code.path(), "M4 4h2v1h-2zM6 5h1v1h-1z");
        assert!(svg(&code, "A <link>").into_string().contains("viewBox=\"0 0 11 11\""));
    }
}
