//! The pages of a record, side by side as far as there is room for them; the rest behind “More”, which opens without script.

use crate::icon::icon;
use maud::{Markup, html};

/// Tabs that stand side by side on a screen of 1280 px, and the characters of their titles.
const MOST: usize = 9;
const MOST_LETTERS: usize = 88;

/// One page of a record.
#[derive(Debug, Clone)]
pub struct Tab {
    pub title: String,
    pub href: String,
    pub current: bool,
    /// Whether it is looked at seldom: then it stands behind “More”, unless it is the one that is open.
    pub seldom: bool,
}

/// Those that stand side by side, and those behind “More”, in their order. The one that is open always stands.
fn shared_out(tabs: &[Tab]) -> (Vec<&Tab>, Vec<&Tab>) {
    let letters = |tab: &Tab| tab.title.chars().count();
    // The open one has its place before the others are given theirs.
    let open = tabs.iter().find(|tab| tab.current);
    let mut places = MOST - usize::from(open.is_some());
    let mut room = MOST_LETTERS.saturating_sub(open.map_or(0, letters));
    tabs.iter().partition(|tab| {
        if tab.current {
            return true;
        }
        let stands = !tab.seldom && places > 0 && letters(tab) <= room;
        if stands {
            places -= 1;
            room -= letters(tab);
        } else if !tab.seldom {
            // What comes after one without a place has none either.
            places = 0;
        }
        stands
    })
}

pub fn tabs(label: &str, tabs: &[Tab]) -> Markup {
    let (first, more) = shared_out(tabs);
    html! {
        @if tabs.len() > 1 {
            nav class="tab-bar" aria-label=(label) {
                div class="tabs" {
                    @for tab in first { a href=(tab.href) aria-current=[tab.current.then_some("page")] { (tab.title) } }
                }
                @if !more.is_empty() {
                    lf-menu {
                        details class="menu" {
                            summary { "More" (icon("down")) }
                            div class="menu-list" { @for tab in more { a href=(tab.href) { (tab.title) } } }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tab(title: &str) -> Tab {
        Tab { title: title.to_owned(), href: format!("/{title}"), current: false, seldom: false }
    }

    fn titles(tabs: &[&Tab]) -> String {
        tabs.iter().map(|tab| tab.title.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_has_no_room_is_behind_more_and_the_open_one_stands() {
        let mut all: Vec<Tab> = "abcdefghijkl".chars().map(|letter| tab(&letter.to_string())).collect();
        all[1].seldom = true;
        let (first, more) = shared_out(&all);
        assert_eq!((titles(&first), titles(&more)), ("a c d e f g h i j".into(), "b k l".into()));
        all[10].current = true;
        let (first, more) = shared_out(&all);
        assert_eq!((titles(&first), titles(&more)), ("a c d e f g h i k".into(), "b j l".into()));
        let html = tabs("Kitchen", &all).into_string();
        assert!(html.contains("<summary>More") && html.contains("href=\"/k\" aria-current=\"page\""), "{html}");
    }

    #[test]
    fn long_titles_have_fewer_side_by_side_and_their_order_is_kept() {
        let all = [tab(&"x".repeat(50)), tab(&"y".repeat(40)), tab("z")];
        let (first, more) = shared_out(&all);
        assert_eq!((first.len(), titles(&more).ends_with(" z")), (1, true), "z does not go before y");
    }

    #[test]
    fn few_stand_and_one_alone_is_no_bar() {
        let few = [tab("Overview"), tab("Board")];
        assert!(!tabs("Kitchen", &few).into_string().contains("More"));
        assert_eq!(tabs("Kitchen", &few[..1]).into_string(), "");
    }
}
