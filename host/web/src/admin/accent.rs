//! The choice of the colour of an organization's pages: a handful with names, or a hue of one's own.

use crate::control::{Control, Input, Width};
use crate::door::Typed;
use crate::issues;
use lignaflow_core::accent::Accent;
use lignaflow_core::error::Issue;
use maud::{Markup, html};

/// What `accent` says where hue and strength are typed.
pub const OWN: &str = "own";

/// Hue in degrees, chroma in thousandths. None is near the brick of what is wrong.
const NAMED: [(&str, u16, u16); 8] = [
    ("Eucalypt", 163, 68),
    ("Moss", 138, 68),
    ("Brass", 82, 66),
    ("Lagoon", 205, 62),
    ("Harbour", 250, 76),
    ("Iris", 290, 76),
    ("Plum", 335, 74),
    ("Graphite", 250, 12),
];

fn named() -> impl Iterator<Item = (&'static str, Accent)> {
    NAMED.into_iter().filter_map(|(title, hue, chroma)| Some((title, Accent::new(hue, chroma)?)))
}

/// What `accent` of the form says of this one: its figures where it has a name, else [`OWN`].
pub fn accent_choice(accent: Accent) -> String {
    if named().any(|(_, one)| one == accent) { figures(accent) } else { OWN.to_owned() }
}

fn figures(accent: Accent) -> String {
    format!("{}-{}", accent.hue(), accent.chroma())
}

/// The figures that `accent` of the form says: hue and chroma. `None` for [`OWN`], and for what is not offered.
pub fn accent_figures(choice: &str) -> Option<Accent> {
    named().map(|(_, accent)| accent).find(|accent| figures(*accent) == choice)
}

/// The colour as buttons have it, by day and by night (`--accent` of tokens.css), in a drawing: attributes of drawings
/// are no inline style.
fn swatch(accent: Accent) -> Markup {
    let (hue, chroma) = (accent.hue(), u32::from(accent.chroma()) * 100);
    let fill = format!("light-dark(oklch(0.42 0.{chroma:05} {hue}), oklch(0.76 0.{:05} {hue}))", chroma * 5 / 4);
    html! { svg class="swatch" viewBox="0 0 16 16" aria-hidden="true" { circle cx="8" cy="8" r="8" fill=(fill) {} } }
}

/// Three controls: `accent`, which of them, `accent_hue` and `accent_chroma`, which count where it is [`OWN`].
pub(super) fn accent_controls(typed: &Typed, issues: &[Issue]) -> Markup {
    let text = |name: &str| typed.get(name).map_or("", String::as_str);
    let chosen = text("accent");
    let plain = Input { inputmode: Some("numeric"), autocomplete: Some("off"), ..Input::default() };
    let figure = |name: &'static str, label: &'static str, hint: &str| {
        let control = Control::new(name, label).width(Width::Half).errors(issues::at(issues, name)).hint(hint);
        control.input("number", text(name), &plain)
    };
    html! {
        lf-accent class="fields" {
            (Control::new("accent", "Colour").hint("Of its own pages, and of those that its clients open by a link").group(&html! {
                div class="swatches" {
                    @for (title, accent) in named() {
                        @let value = figures(accent);
                        label class="hit" { input type="radio" name="accent" value=(value) checked[value == chosen]; (swatch(accent)) (title) }
                    }
                    label class="hit" { input type="radio" name="accent" value=(OWN) checked[chosen == OWN]; "One of your own" }
                }
            }))
            (figure("accent_hue", "Its hue", "For one of your own: degrees, 0 to 359. Near 30 it looks like what is wrong."))
            (figure("accent_chroma", "Its strength", "0, which is grey, to 80"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_colour_is_one_that_can_be_set_and_the_usual_one_is_among_them() {
        assert_eq!(named().count(), NAMED.len());
        assert_eq!(accent_figures(&accent_choice(Accent::default())), Some(Accent::default()));
        assert_eq!(accent_choice(Accent::new(17, 80).unwrap()), OWN);
        for nothing in [OWN, "", "17-80", "999-1", "163"] {
            assert_eq!(accent_figures(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn what_was_chosen_and_typed_is_kept_and_told_where_it_is_wrong() {
        let typed: Typed =
            [("accent", OWN), ("accent_hue", "400"), ("accent_chroma", "40")].map(|(a, b)| (a.into(), b.into())).into();
        let wrong = [Issue::new("/accent_hue", "range", "A hue is from 0 to 359.")];
        let html = accent_controls(&typed, &wrong).into_string();
        assert!(html.contains("value=\"own\" checked") && html.contains("value=\"400\""), "{html}");
        assert!(html.contains("A hue is from 0 to 359.") && !html.contains("style="), "{html}");
        assert!(html.contains("fill=\"light-dark(oklch(0.42 0.06800 163), oklch(0.76 0.08500 163))\""), "{html}");
    }
}
