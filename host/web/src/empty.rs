//! What stands where there is nothing yet: what it is for, and what to do next.

use maud::{Markup, html};

pub(crate) fn empty(title: &str, text: &str, actions: &Markup) -> Markup {
    html! {
        div class="empty" {
            // A drawing sheet with a dimension line beside it.
            svg width="56" height="40" viewBox="0 0 56 40" fill="none" stroke="currentColor" stroke-width="1.25" aria-hidden="true" {
                path d="M4 36V12l8-8h30v32zM12 4v8H4M16 18h18M16 24h18M16 30h10M46 10v26M43 10h6M43 36h6" {}
            }
            h2 { (title) }
            p { (text) }
            @let actions = actions.0.as_str();
            @if !actions.is_empty() { div class="actions" { (maud::PreEscaped(actions)) } }
        }
    }
}
