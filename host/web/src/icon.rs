//! Icons, drawn by reference into one file, so that a page carries only their names.

use crate::assets;
use maud::{Markup, html};
use std::sync::LazyLock;

static SHEET: LazyLock<String> = LazyLock::new(|| assets::url("icons.svg"));

/// Names that a descriptor may give, and that pages use. Unknown ones fall back to a plain file.
pub const NAMES: &[&str] = &[
    "alert", "archive", "back", "bell", "board", "camera", "catalog", "chart", "check", "clock", "cloud", "columns",
    "copy", "cross", "cup", "down", "export", "eye", "file", "filter", "flow", "gear", "grip", "home", "info", "job",
    "key", "leave", "left", "link", "lock", "mark", "moon", "more", "note", "pause", "pen", "people", "pin", "play",
    "plug", "plus", "print", "quote", "right", "screen", "search", "send", "stamp", "stop", "sun", "up", "week",
];

fn known(name: &str) -> &str {
    // Words that authors reach for before they have looked at the list.
    let name = match name {
        "calendar" | "date" => "week",
        "briefcase" | "project" | "projects" | "folder" => "job",
        "client" | "clients" | "user" | "users" | "person" => "people",
        "task" | "tasks" | "list" => "catalog",
        "time" | "timer" => "clock",
        "settings" => "gear",
        "report" | "reports" => "chart",
        "document" | "estimate" => "quote",
        other => other,
    };
    if NAMES.contains(&name) { name } else { "file" }
}

/// An icon beside words that say the same; hidden from screen readers.
pub fn icon(name: &str) -> Markup {
    sized("icon", name)
}

/// The same at 20 px.
pub fn large(name: &str) -> Markup {
    sized("icon icon-l", name)
}

fn sized(class: &str, name: &str) -> Markup {
    html! { svg class=(class) aria-hidden="true" { use href={ (*SHEET) "#" (known(name)) } {} } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_drawn_and_every_drawing_named() {
        let sheet = assets::get("icons.svg").unwrap();
        let text = std::str::from_utf8(&sheet.bytes).unwrap();
        let mut drawn: Vec<&str> =
            text.split("<symbol id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        drawn.sort_unstable();
        assert_eq!(drawn, NAMES);
    }

    #[test]
    fn an_unknown_name_becomes_a_plain_file() {
        assert!(icon("no-such").into_string().contains("#file\""));
        assert!(icon("briefcase").into_string().contains("#job\""));
    }
}
