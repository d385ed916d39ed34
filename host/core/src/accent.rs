//! The one colour that an organization gives its pages: a hue and how much of it. Lightness is not asked for: it is the
//! design's, so that contrast holds whatever is chosen.

/// Hue and chroma of OKLCH, as style sheets take them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Accent {
    hue: u16,
    chroma: u16,
}

impl Accent {
    /// Degrees of the last hue; after it they begin again.
    pub const LAST_HUE: u16 = 359;
    /// Thousandths. More would be cut off by screens at some hues, and lightness with it.
    pub const MOST_CHROMA: u16 = 80;

    /// `hue` in degrees, `chroma` in thousandths. `None` beyond the bounds.
    pub const fn new(hue: u16, chroma: u16) -> Option<Self> {
        if hue <= Self::LAST_HUE && chroma <= Self::MOST_CHROMA { Some(Self { hue, chroma }) } else { None }
    }

    /// Degrees.
    pub const fn hue(self) -> u16 {
        self.hue
    }

    /// Thousandths.
    pub const fn chroma(self) -> u16 {
        self.chroma
    }
}

/// Eucalypt, as the style sheet of all pages has it.
impl Default for Accent {
    fn default() -> Self {
        Self { hue: 163, chroma: 68 }
    }
}

#[cfg(test)]
mod tests {
    use super::Accent;

    #[test]
    fn hues_are_degrees_and_chroma_has_a_bound() {
        assert!(Accent::new(0, 0).is_some());
        assert!(Accent::new(359, 80).is_some());
        assert_eq!(Accent::new(360, 40), None);
        assert_eq!(Accent::new(10, 81), None);
    }
}
