//! A signature drawn by hand, as text: strokes over a field of 600 by 200, each of whole points, in the way of the data of
//! an SVG path. `M12 80L40 64L77 90M120 30L121 60` are two strokes. Nothing else is one, so that it may stand in a picture
//! as it is.

/// The field that it is drawn on.
pub const WIDTH: u32 = 600;
pub const HEIGHT: u32 = 200;
/// The most points of one.
pub const MOST_POINTS: usize = 2_000;

/// What a schema says of a text that has to be one: `format = "signature"`.
pub const FORMAT: &str = "signature";

/// Whether a text is a signature: at least one stroke of two points, and no more points than may be.
pub fn is_signature(text: &str) -> bool {
    let mut rest = text;
    let (mut points, mut of_stroke, mut drawn) = (0_usize, 0_usize, false);
    while let Some(command) = rest.chars().next() {
        of_stroke = match command {
            'M' => 1,
            'L' if of_stroke > 0 => of_stroke + 1,
            _ => return false,
        };
        let Some(after) = point(&rest[1..]) else { return false };
        points += 1;
        if points > MOST_POINTS {
            return false;
        }
        drawn |= of_stroke > 1;
        rest = after;
    }
    drawn
}

/// What comes after `12 80`, where that is a point of the field.
fn point(text: &str) -> Option<&str> {
    let (across, rest) = number(text)?;
    let (down, rest) = number(rest.strip_prefix(' ')?)?;
    (across <= WIDTH && down <= HEIGHT).then_some(rest)
}

fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() || digits.len() > 3 {
        return None;
    }
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_of_points_within_the_field_are_a_signature() {
        for text in ["M12 80L40 64", "M0 0L600 200M1 1L2 2", "M5 5M6 6L7 7"] {
            assert!(is_signature(text), "{text}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        let long = format!("M0 0{}", "L1 1".repeat(MOST_POINTS));
        for text in [
            "",
            "M",
            "M1",
            "M1 2",
            "L1 2L3 4",
            "M601 0L1 1",
            "M1 201L2 2",
            "M1 2L3 4Z",
            "M1.5 2L3 4",
            "m1 2l3 4",
            "M-1 2L3 4",
            "M1 2 L3 4",
            "M1 2L3 4\"/><script>",
            "M0001 2L3 4",
            "M1 2Lé 4",
            &long,
        ] {
            assert!(!is_signature(text), "{}", &text[..text.len().min(40)]);
        }
    }
}
