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

/// Something that a new organization does first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub title: String,
    /// What comes of it.
    pub text: String,
    /// Where it is done.
    pub href: String,
    pub done: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct HomePage<'a> {
    /// What is to be done first; nothing once all of it is, and for those who need not see to it.
    pub steps: &'a [Step],
    /// Whether a sample firm is offered beside them.
    pub may_sample: bool,
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
    let timers: Vec<&BlockView> = of(is_timer).collect();
    let body = html! {
        (shell.password_note())
        @if shell.navigation.sections.is_empty() {
            div class="band mt-4" { (no_plugin(view.may_switch)) }
        } @else {
            (first_steps(view))
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
                div class={ "split" @if !timers.is_empty() || !main.is_empty() { " split-home" } } {
                    // First on a phone, beside the rest where there is room.
                    @if !timers.is_empty() {
                        div class="stack home-side" { @for timer in &timers { (blocks::one(timer, cells)) } }
                    }
                    @if !main.is_empty() {
                        div class="stack home-main" { @for block in &main { (blocks::one(block, cells)) } }
                    }
                    section class=[main.is_empty().then_some("home-main")] aria-labelledby="h-recent" {
                        div class="row-head" { h2 id="h-recent" { "Changed last" } }
                        (recent(shell, view))
                    }
                }
            }
        }
    };
    shell.page(&Head { title: &title, sheets: &blocks::sheets(view.blocks), ..Head::default() }, &body)
}

/// What to do first, what is done struck off.
fn first_steps(view: &HomePage<'_>) -> Markup {
    let steps = view.steps;
    let done = steps.iter().filter(|step| step.done).count();
    html! {
        @if done < steps.len() {
            section class="band mt-4" aria-labelledby="h-first" {
                div class="row-head" { h2 id="h-first" { "To begin with" } span class="sub" { (done) " of " (steps.len()) " done" } }
                ol class="list first-steps" {
                    @for step in steps {
                        li class={ @if step.done { "done" } } {
                            @if step.done { (icon("check")) span class="visually-hidden" { "Done: " } } @else { span class="box" aria-hidden="true" {} }
                            a href=(step.href) { (step.title) }
                            span class="sub" { (step.text) }
                        }
                    }
                }
                @if view.may_sample {
                    form class="inline-form mt-4" method="post" action=(paths::SAMPLE) {
                        button class="btn" type="submit" { "Look around in a sample firm" }
                        span class="hint" { "A joinery of twelve people with a year of work, in an organization of its own that is taken away in one act." }
                    }
                }
            }
        }
    }
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
        let view = HomePage {
            steps: &[],
            may_sample: false,
            blocks: &[],
            tallies: &[],
            recent: &[],
            labels: &labels,
            may_switch: true,
        };
        assert!(page(&shell, &view).into_string().contains("href=\"/admin/plugins\""));
        assert!(
            !page(&shell, &HomePage { may_switch: false, ..view }).into_string().contains("href=\"/admin/plugins\"")
        );
    }

    #[test]
    fn the_timer_stands_before_everything_else_and_beside_it_where_there_is_room() {
        let timer = BlockView::Timer(crate::blocks::TimerView {
            title: "Timer".into(),
            data: serde_json::from_str(r#"{"running":null,"today":0,"starts":[]}"#).unwrap(),
            posting: crate::blocks::Posting { action: "/t/-/now/0".into(), page: "/t/-/now".into(), refused: None },
            edit: None,
        });
        let (labels, blocks) = (labels(), [BlockView::Text("Hello.".into()), timer]);
        let view = HomePage {
            blocks: &blocks,
            tallies: &[],
            recent: &[],
            labels: &labels,
            may_switch: true,
            steps: &[],
            may_sample: false,
        };
        let html = page(&shell(), &view).into_string();
        let place = |class: &str| html.find(class).unwrap_or(usize::MAX);
        assert!(place("stack home-side") < place("stack home-main"), "{html}");
        assert!(place("stack home-main") < place("h-recent"));
    }

    #[test]
    fn the_day_stands_at_the_top() {
        let labels = labels();
        let html = page(
            &shell(),
            &HomePage {
                steps: &[],
                may_sample: false,
                blocks: &[],
                tallies: &[],
                recent: &[],
                labels: &labels,
                may_switch: true,
            },
        )
        .into_string();
        assert!(html.contains("<h1>Thursday, 19 November</h1>"));
    }

    #[test]
    fn what_is_to_be_done_first_is_told_until_all_of_it_is() {
        let labels = labels();
        let step = |title: &str, done| Step {
            title: title.to_owned(),
            text: "It stands on every quote.".to_owned(),
            href: "/admin/organization".to_owned(),
            done,
        };
        let html = |steps: &[Step]| {
            let view = HomePage {
                steps,
                may_sample: true,
                blocks: &[],
                tallies: &[],
                recent: &[],
                labels: &labels,
                may_switch: true,
            };
            page(&shell(), &view).into_string()
        };
        let half = html(&[step("Tax number", true), step("Logo", false)]);
        assert!(half.contains("action=\"/admin/sample\""), "{half}");
        assert!(half.contains("1 of 2 done") && half.contains("Done: ") && half.contains(">Logo</a>"), "{half}");
        assert!(!html(&[step("Tax number", true)]).contains("To begin with"));
        assert!(!html(&[]).contains("To begin with"));
    }
}
