//! That what is drawn in an organization's accent can be read (WCAG 2.2, 1.4.3 and 1.4.11), at any hue and strength that
//! can be set, by day and by night: worked out from the tokens that browsers are sent.

use crate::assets;
use lignaflow_core::accent::Accent;

/// Red, green and blue, linear.
type Light = [f64; 3];

/// The number that a component of a colour comes to.
fn number(text: &str) -> f64 {
    let inner = text.strip_prefix("calc(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
    inner.split(" * ").map(|factor| factor.parse::<f64>().unwrap()).product()
}

/// A token as it is with this accent.
fn token(css: &str, name: &str, night: bool, accent: Accent) -> Light {
    let start = format!("{name}:");
    let line = css.lines().find(|line| line.trim_start().starts_with(&start)).unwrap_or_else(|| panic!("no {name}"));
    let line = line
        .replace("var(--brand-hue)", &accent.hue().to_string())
        .replace("var(--brand-chroma)", &format!("0.{:03}", accent.chroma()));
    let colour = line.split("oklch(").nth(if night { 2 } else { 1 }).unwrap();
    let (lightness, rest) = colour.split_once(' ').unwrap();
    let (chroma, hue) = match rest.split_once(") ") {
        Some((calc, hue)) if rest.starts_with("calc(") => (format!("{calc})"), hue),
        _ => rest.split_once(' ').map(|(chroma, hue)| (chroma.to_owned(), hue)).unwrap(),
    };
    let hue = hue.split(')').next().unwrap();
    linear(number(lightness), number(&chroma), number(hue))
}

/// OKLCH as light of a screen, cut off where the screen has no more (CSS Color 4, 18.5).
fn linear(lightness: f64, chroma: f64, hue: f64) -> Light {
    let (sin, cos) = hue.to_radians().sin_cos();
    let (a, b) = (chroma * cos, chroma * sin);
    let long = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let middle = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let short = (lightness - 0.089_484_177_5 * a - 1.291_485_548 * b).powi(3);
    [
        4.076_741_662_1 * long - 3.307_711_591_3 * middle + 0.230_969_929_2 * short,
        -1.268_438_004_6 * long + 2.609_757_401_1 * middle - 0.341_319_396_5 * short,
        -0.004_196_086_3 * long - 0.703_418_614_7 * middle + 1.707_614_701 * short,
    ]
    .map(|part| part.clamp(0.0, 1.0))
}

fn contrast(one: Light, other: Light) -> f64 {
    let luminance = |[red, green, blue]: Light| 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}

/// What is read or seen on what, and how much contrast that wants.
const PAIRS: [(&str, &str, f64); 12] = [
    ("--accent-ink", "--accent", 4.5),
    ("--accent-ink", "--accent-press", 4.5),
    ("--accent-text", "--accent-soft", 4.5),
    ("--accent-text", "--surface", 4.5),
    ("--accent-text", "--paper", 4.5),
    ("--accent-text", "--hover", 4.5),
    ("--ink", "--accent-soft", 4.5),
    ("--ink-3", "--accent-soft", 4.5),
    ("--accent", "--surface", 3.0),
    ("--accent", "--paper", 3.0),
    ("--accent", "--hover", 3.0),
    ("--data-1", "--surface", 3.0),
];

#[test]
fn whatever_accent_is_set_what_is_drawn_in_it_can_be_read() {
    let asset = assets::get(assets::APP_CSS).unwrap();
    let css = std::str::from_utf8(&asset.bytes).unwrap();
    for hue in 0..=Accent::LAST_HUE {
        for chroma in [0, 12, 40, 68, Accent::MOST_CHROMA] {
            let accent = Accent::new(hue, chroma).unwrap();
            for night in [false, true] {
                for (above, below, wanted) in PAIRS {
                    let found = contrast(token(css, above, night, accent), token(css, below, night, accent));
                    assert!(found >= wanted, "{above} on {below}: {found:.2} at {accent:?}, by night: {night}");
                }
            }
        }
    }
}

#[test]
fn the_usual_accent_is_that_of_the_tokens() {
    let asset = assets::get("css/tokens.css").unwrap();
    let css = std::str::from_utf8(&asset.bytes).unwrap();
    let usual = Accent::default();
    assert!(css.contains(&format!("--brand-hue: {};", usual.hue())));
    assert!(css.contains(&format!("--brand-chroma: 0.{:03};", usual.chroma())));
}
