//! Pages before anybody is signed in: one sheet of paper on the table.

mod countries;
mod device;
mod forgotten;
mod held;
mod join;
mod setup;
mod sign_in;
mod sign_up;

pub use countries::{COUNTRIES, Country, country};
pub use device::{EnrolPage, PinPage, enrol, pin};
pub use forgotten::{ForgottenPage, ResetPage, forgotten, reset};
pub use held::{Held, HeldPage, held};
pub use join::{JoinPage, join};
pub use setup::{SetupPage, fields as setup_fields, setup};
pub use sign_in::{CodePage, SignInPage, code, sign_in};
pub use sign_up::{SignUpPage, sign_up};

use crate::document::{Document, Theme};
use crate::icon::icon;
use crate::shell::theme_switch;
use lignaflow_core::accent::Accent;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// What was typed into a form of fixed fields, by name.
pub type Typed = BTreeMap<String, String>;

pub(crate) use held::carried;

pub(crate) fn page(theme: Theme, title: &str, body: &Markup) -> Markup {
    wide(theme, title, "door", body)
}

fn wide(theme: Theme, title: &str, class: &str, body: &Markup) -> Markup {
    let whole = html! {
        a class="skip" href="#main" { "Skip to content" }
        div class=(class) {
            header class="door-head" {
                span class="brand" { (crate::icon::large("mark")) "LignaFlow" }
                (theme_switch(theme, "/"))
            }
            main class="paper" id="main" tabindex="-1" { (body) }
        }
    };
    Document { title, lang: "en", theme, sheets: &[], accent: Accent::default() }.render(&whole)
}

fn fault(text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { div class="note note-bad" role="alert" { (icon("alert")) p { (text) } } } }
}
