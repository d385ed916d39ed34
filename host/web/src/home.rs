//! The first page: what plugins have for it, and what changed last. Where no plugin has anything, how much there is.

use crate::blocks::{self, BlockView};
use crate::collection::Cells;
use crate::empty::empty;
use crate::format::{integer, long_day, machine, when};
use crate::icon::icon;
use crate::labels::Labels;
use crate::paths;
use crate::shell::{Head, Shell};
use lignaflow_core::clock::Micros;
use lignaflow_core::id::Id;
use maud::{Markup, html};

/// How many records of a collection there are.
#[derive(Debug, Clone)]
pub struct Tally {
    /// `Active projects`.
    pub title: String,
    pub count: i64,
    /// Whether there are more than that.
    pub more: bool,
    /// The list of exactly these records.
    pub href: String,
}

/// A record that changed not long ago.
#[derive(Debug, Clone)]
pub struct Recent {
    pub label: String,
    pub href: String,
    /// What kind of record it is: `Project`.
    pub kind: String,
    pub icon: String,
    pub at: Micros,
    pub by: Option<Id>,
}

#[derive(Debug, Clone, Copy)]
pub struct HomePage<'a> {
    /// What plugins have for this page.
    pub blocks: &'a [BlockView],
    /// Where they have nothing.
    pub tallies: &'a [Tally],
    /// Newest first.
    pub recent: &'a [Recent],
    /// Names of the people in `recent`, and of what the blocks refer to.
    pub labels: &'a Labels,
    /// Whether the person may switch plugins on.
    pub may_switch: bool,
}

pub fn page(shell: &Shell, view: &HomePage<'_>) -> Markup {
    let title = long_day(shell.reader.today());
    let cells = Cells { reader: &shell.reader, labels: view.labels };
    let of = |kind: fn(&BlockView) -> bool| view.blocks.iter().filter(move |block| kind(block));
    let is_timer = |block: &BlockView| matches!(block, BlockView::Timer(_));
    let is_figure = |block: &BlockView| matches!(block, BlockView::Figure(_));
    let figures: Vec<BlockView> = of(is_figure).cloned().collect();
    let main: Vec<&BlockView> = view.blocks.iter().filter(|block| !is_figure(block) && !is_timer(block)).collect();
    let body = html! {
        @if shell.navigation.sections.is_empty() {
            div class="band mt-4" { (no_plugin(view.may_switch)) }
        } @else {
            (blocks::all(&figures, cells))
            @if !view.tallies.is_empty() {
                dl class="figures figures-bleed" {
                    @for tally in view.tallies {
                        div class="figure" {
                            dt { (tally.title) }
                            dd class="value" { a href=(tally.href) { (integer(tally.count, &shell.reader.locale)) @if tally.more { "+" } } }
                        }
                    }
                }
            }
            div class="band mt-6" {
                div class={ "split" @if !view.blocks.is_empty() { " split-aside" } } {
                    @if !view.blocks.is_empty() {
                        div class="stack" {
                            @for timer in of(is_timer) { (blocks::one(timer, cells)) }
                            @for block in main { (blocks::one(block, cells)) }
                        }
                    }
                    section aria-labelledby="h-recent" {
                        div class="row-head" { h2 id="h-recent" { "Changed last" } }
                        (recent(shell, view))
                    }
                }
            }
        }
    };
    shell.page(&Head { title: &title, sheets: &blocks::sheets(view.blocks), ..Head::default() }, &body)
}

fn no_plugin(may_switch: bool) -> Markup {
    if may_switch {
        empty(
            "No plugin is on yet",
            "Projects, estimates, hours: what this place can do comes from plugins. Switch one on, and its pages and routes are here at once.",
            &html! { a class="btn btn-primary" href=(paths::PLUGINS) { (icon("plug")) "Plugins" } },
        )
    } else {
        empty(
            "No plugin is on yet",
            "Pages appear here as soon as an administrator of your organization has switched a plugin on.",
            &html! {},
        )
    }
}

fn recent(shell: &Shell, view: &HomePage<'_>) -> Markup {
    let cells = Cells { reader: &shell.reader, labels: view.labels };
    if view.recent.is_empty() {
        return empty(
            "Nothing has changed yet",
            "Whatever is made or changed shows here, newest first.",
            &html! { a class="btn" href=(paths::SEARCH) { "See all there is" } },
        );
    }
    html! {
        ul class="list" {
            @for item in view.recent {
                li {
                    (icon(&item.icon))
                    a class="trunc" href=(item.href) { (item.label) }
                    time datetime=(machine(item.at, &shell.reader)) { (when(item.at, &shell.reader)) }
                    span class="sub" { (item.kind) @if let Some(by) = item.by { ", " (cells.name(by)) } }
                }
            }
        }
    }
}

/// Everything there is, for those who come here to find their way.
pub(crate) fn places(shell: &Shell) -> Markup {
    html! {
        @for section in &shell.navigation.sections {
            section aria-label=(section.title) {
                div class="row-head" { h2 { (section.title) } }
                ul class="list" {
                    @for place in section.places.iter().chain(&section.more) { li { (icon(&place.icon)) a href=(place.href) { (place.title) } } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::navigation::Navigation;
    use crate::testing::{labels, shell};

    #[test]
    fn a_firm_without_plugins_is_told_what_to_do() {
        let shell = Shell { navigation: Navigation::default(), ..shell() };
        let labels = labels();
        let view = HomePage { blocks: &[], tallies: &[], recent: &[], labels: &labels, may_switch: true };
        assert!(page(&shell, &view).into_string().contains("href=\"/admin/plugins\""));
        assert!(
            !page(&shell, &HomePage { may_switch: false, ..view }).into_string().contains("href=\"/admin/plugins\"")
        );
    }

    #[test]
    fn the_day_stands_at_the_top() {
        let labels = labels();
        let html =
            page(&shell(), &HomePage { blocks: &[], tallies: &[], recent: &[], labels: &labels, may_switch: true })
                .into_string();
        assert!(html.contains("<h1>Thursday, 19 November</h1>"));
    }
}
