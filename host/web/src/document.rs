//! The HTML document around every page: head, theme, sheets and modules. No inline style or script: the content policy
//! forbids both.

use crate::assets;
use lignaflow_core::accent::Accent;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::sync::LazyLock;

/// What a person chose; the server writes it into the document, so that no page flashes in the wrong colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// The cookie that keeps the choice. It holds nothing personal, and script may write it.
    pub const COOKIE: &str = "theme";
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Reads the cookie's value, or the posted `theme`. Anything else follows the system.
    pub fn of(text: &str) -> Self {
        match text {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The value of `data-theme`; none follows the system.
    const fn attribute(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }
}

/// The head of a document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Document<'a> {
    pub(crate) title: &'a str,
    pub(crate) lang: &'a str,
    pub(crate) theme: Theme,
    /// Sheets beside `app.css`, such as `css/week.css`.
    pub(crate) sheets: &'a [&'a str],
    /// The colour of the organization whose page it is.
    pub(crate) accent: Accent,
}

/// What stands in every head and never changes while the program runs.
static HEAD: LazyLock<String> = LazyLock::new(|| {
    let modules = assets::names().filter(|name| assets::is_on_every_page(name) && *name != assets::APP_JS);
    html! {
        link rel="icon" type="image/svg+xml" href=(assets::url("favicon.svg"));
        link rel="stylesheet" href=(assets::url(assets::APP_CSS));
        @for module in modules { link rel="modulepreload" href=(assets::url(module)); }
        script type="module" src=(assets::url(assets::APP_JS)) {}
    }
    .into_string()
});

impl Document<'_> {
    pub(crate) fn render(self, body: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang=(self.lang) data-theme=[self.theme.attribute()] {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · LignaFlow" }
                    (PreEscaped(HEAD.as_str()))
                    @for sheet in self.sheets { link rel="stylesheet" href=(assets::url(sheet)); }
                    @if self.accent != Accent::default() { link rel="stylesheet" href=(assets::accent_url(self.accent)); }
                }
                body {
                    // The hatch of what is planned, which measured bars refer to.
                    svg class="defs" aria-hidden="true" focusable="false" {
                        defs {
                            pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                                line class="stroke" x1="0" y1="0" x2="0" y2="5" {}
                            }
                        }
                    }
                    (body)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_theme_stands_in_the_first_byte_of_html() {
        let page = |theme| {
            let sheets = &["css/week.css"];
            let document = Document { title: "A < B", lang: "en-AU", theme, sheets, accent: Accent::default() };
            document.render(&html! {}).into_string()
        };
        assert!(page(Theme::of("dark")).starts_with("<!DOCTYPE html><html lang=\"en-AU\" data-theme=\"dark\">"));
        assert!(page(Theme::of("nonsense")).starts_with("<!DOCTYPE html><html lang=\"en-AU\"><head>"));
        assert!(page(Theme::System).contains("<title>A &lt; B · LignaFlow</title>"));
        assert!(page(Theme::System).contains("/css/week.css\">"));
    }
}
