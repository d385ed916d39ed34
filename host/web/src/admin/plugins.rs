//! The plugins of the instance, as one organization has them.

use crate::activity::Actor;
use crate::collection::Cells;
use crate::control::Control;
use crate::empty::empty;
use crate::format::{count, integer, machine, when};
use crate::icon::icon;
use crate::issues;
use crate::labels::Labels;
use crate::paths;
use crate::reader::Reader;
use crate::shell::{Head, Shell};
use lignaflow_core::clock::Micros;
use lignaflow_core::error::Issue;
use maud::{Markup, html};

/// How a plugin does, for this organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginState {
    Running,
    /// Switched off for this organization, perhaps known since when.
    Off {
        since: Option<Micros>,
    },
    /// It asks for something that nobody has granted yet; until then it does not run.
    Asks,
    /// A part of it failed for several callers and rests; what is told in a few words.
    SetAside(String),
    /// It could not be loaded; why, in a sentence.
    Failed(String),
    /// It runs for nobody, until an administrator of the instance says so.
    Stopped,
}

/// The last 24 hours, oldest first, by the hour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// Calls and faults of each hour.
    pub hours: Vec<(u32, u32)>,
    /// The 95th percentile of a call, in milliseconds.
    pub p95_ms: Option<u32>,
}

impl Usage {
    fn calls(&self) -> u32 {
        self.hours.iter().map(|(calls, _)| calls).sum()
    }

    fn faults(&self) -> u32 {
        self.hours.iter().map(|(_, faults)| faults).sum()
    }
}

/// How far a next version is that carries records over before it is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carrying {
    pub from: String,
    pub to: String,
    pub state: CarryingState,
    /// Records that were handed over, and how many there were at the beginning.
    pub records: u64,
    pub expected: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CarryingState {
    Copying,
    /// The next version serves, and what came in last follows.
    Sweeping,
    /// The version before stays in use; why.
    Failed(String),
    /// The next version serves; what could not be carried over at the end.
    Left(String),
}

impl Carrying {
    /// As a sentence.
    pub(super) fn told(&self, reader: &Reader) -> String {
        let number = |count: u64| integer(i64::try_from(count).unwrap_or(i64::MAX), &reader.locale);
        let Self { from, to, records, expected, .. } = self;
        match &self.state {
            CarryingState::Copying => format!(
                "{from} goes on while its records are carried over to {to}: {} of {} so far.",
                number((*records).min(*expected)),
                number(*expected)
            ),
            CarryingState::Sweeping => format!("{to} is in use, and what {from} has written last follows."),
            CarryingState::Failed(why) => {
                format!("The records could not be carried over to {to}, and {from} stays in use. {why}")
            }
            CarryingState::Left(why) => {
                format!("{to} is in use, and what {from} has written last could not be carried over. {why}")
            }
        }
    }
}

#[derive(Debug, Clone)]
pub struct PluginRow {
    pub id: String,
    pub title: String,
    pub version: String,
    /// Its descriptor's own sentence, or empty.
    pub description: String,
    pub state: PluginState,
    pub usage: Option<Usage>,
    /// What is to be told of its next version.
    pub carrying: Option<Carrying>,
}

/// A plugin that is part of the program and not in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippedRow {
    pub id: String,
    pub title: String,
    pub version: String,
    pub description: String,
    /// The version that is in use in its place.
    pub installed: Option<String>,
}

/// Something that an administrator should read first.
#[derive(Debug, Clone)]
pub struct Notice {
    /// What it is about: a plugin's title.
    pub about: String,
    /// What happened, as the rest of the sentence: `failed 21 times since 9:10.`
    pub text: String,
    /// Where to read on.
    pub href: Option<String>,
}

/// What was done to plugins, newest first.
#[derive(Debug, Clone)]
pub struct Happening {
    pub at: Micros,
    /// Nobody, where the host did it by itself.
    pub actor: Option<Actor>,
    /// `switched Projects off`; after nobody's name a whole sentence.
    pub text: String,
}

/// Why a file could not be installed, with everything that is wrong in it.
#[derive(Debug, Clone, Copy)]
pub struct InstallFault<'a> {
    pub message: &'a str,
    pub issues: &'a [Issue],
}

#[derive(Debug, Clone, Copy)]
pub struct PluginsPage<'a> {
    pub plugins: &'a [PluginRow],
    pub notices: &'a [Notice],
    pub history: &'a [Happening],
    /// Names of the people in `history`.
    pub labels: &'a Labels,
    /// Whether the person may switch plugins on and off.
    pub may_switch: bool,
    /// Whether the person may install: an administrator of the instance.
    pub may_install: bool,
    /// The largest file that is taken, in bytes.
    pub max_bytes: u64,
    /// What is part of the program and not in use.
    pub shipped: &'a [ShippedRow],
    /// Plugins that are not installed and of which records are kept.
    pub left: &'a [String],
    pub fault: Option<InstallFault<'a>>,
}

/// The switch posts to [`paths::plugin_enable`] and [`paths::plugin_disable`]; the file comes as `file` in a multipart
/// form to [`paths::PLUGIN_INSTALL`].
pub fn plugins(shell: &Shell, view: &PluginsPage<'_>) -> Markup {
    let actions = html! {
        @if view.may_install { a class="btn" href="#install" { (icon("plus")) "Install from a file" } }
    };
    let body = html! {
        div class="band" {
            div class={ "split " @if view.may_install { "split-consent" } } {
                div class="stack" {
                    div {
                        @for notice in view.notices { (notice_of(notice)) }
                        @if view.plugins.is_empty() { (none(view.may_install)) } @else { (table(shell, view)) }
                    }
                    @if !view.left.is_empty() { (left(view)) }
                    @if !view.history.is_empty() { (history(shell, view)) }
                }
                @if view.may_install { div class="stack" { (install(shell, view)) (shipped(view)) } }
            }
        }
    };
    shell.page(&Head { title: "Plugins", actions: Some(actions), sheets: super::SHEETS, ..Head::default() }, &body)
}

fn none(may_install: bool) -> Markup {
    let text = if may_install {
        "A plugin is one file. Choose one, read what it asks for, and switch it on."
    } else {
        "An administrator of this instance installs plugins; then they can be switched on here."
    };
    empty("No plugin is installed", text, &html! {})
}

fn notice_of(notice: &Notice) -> Markup {
    html! {
        div class="note note-bad" {
            (icon("alert"))
            p {
                b { (notice.about) } " " (notice.text)
                @if let Some(href) = &notice.href { " " a class="link" href=(href) { "Read the log" } }
            }
        }
    }
}

fn table(shell: &Shell, view: &PluginsPage<'_>) -> Markup {
    let usage = view.plugins.iter().any(|row| row.usage.is_some());
    html! {
        table class={ "table" @if !view.notices.is_empty() { " mt-4" } } {
            caption class="visually-hidden" { "Plugins and how they do" }
            thead {
                tr {
                    th scope="col" { span class="visually-hidden" { "Switch" } }
                    th scope="col" { "Plugin" }
                    th scope="col" { "State" }
                    @if usage {
                        th scope="col" class="p2" { "Calls and faults, 24 h" }
                        th scope="col" class="num p3" { "Calls" }
                        th scope="col" class="num p3" { "p95" }
                    }
                }
            }
            tbody { @for row in view.plugins { (plugin_row(shell, view, row, usage)) } }
        }
        p class="small faint mt-4" { "Switching a plugin off hides its pages and routes at once, for this organization. Its records stay." }
    }
}

fn plugin_row(shell: &Shell, view: &PluginsPage<'_>, row: &PluginRow, usage: bool) -> Markup {
    html! {
        tr {
            td class="fit" { (switch(row, view.may_switch)) }
            th scope="row" {
                a class="primary" href=(paths::plugin(&row.id)) { (row.title) }
                span class="sub" {
                    span class="code" { (row.version) }
                    @if !row.description.is_empty() { " · " (row.description) }
                }
            }
            td {
                (state_tag(&row.state, &shell.reader))
                @if let Some(carrying) = &row.carrying { span class="sub" { (carrying.told(&shell.reader)) } }
            }
            @if usage {
                @match &row.usage {
                    Some(usage) => {
                        td class="p2" { (spark(usage, &shell.reader)) }
                        td class="num p3" { (integer(usage.calls().into(), &shell.reader.locale)) }
                        td class="num p3" { @if let Some(ms) = usage.p95_ms { (ms) " ms" } }
                    }
                    None => { td class="p2" {} td class="num p3" {} td class="num p3" {} }
                }
            }
        }
    }
}

/// The switch is the button of its own small form, so that it works without script.
pub(super) fn switch(row: &PluginRow, may_switch: bool) -> Markup {
    let on = !matches!(row.state, PluginState::Off { .. } | PluginState::Asks | PluginState::Stopped);
    let may_switch = may_switch && row.state != PluginState::Stopped;
    let action = if on { paths::plugin_disable(&row.id) } else { paths::plugin_enable(&row.id) };
    html! {
        form method="post" action=(action) {
            button class="hit" type="submit" role="switch" aria-checked=(if on { "true" } else { "false" })
                aria-label={ (row.title) " for this organization" } disabled[!may_switch] {
                span class="switch" aria-hidden="true" {}
            }
        }
    }
}

pub(super) fn state_tag(state: &PluginState, reader: &Reader) -> Markup {
    match state {
        PluginState::Running => html! { span class="tag tag-done" { "Running" } },
        PluginState::Off { since: None } => html! { span class="tag tag-off" { "Off" } },
        PluginState::Off { since: Some(at) } => html! { span class="tag tag-off" { "Off since " (when(*at, reader)) } },
        PluginState::Asks => html! { span class="tag tag-draft" { "Waits for consent" } },
        PluginState::SetAside(what) => html! { span class="tag tag-bad" { (what) " set aside" } },
        PluginState::Stopped => html! { span class="tag tag-off" { "Stopped for everybody" } },
        PluginState::Failed(_) => html! { span class="tag tag-bad" { "Not loaded" } },
    }
}

/// One bar an hour, the faults in it in brick.
pub(super) fn spark(usage: &Usage, reader: &Reader) -> Markup {
    let most = usage.hours.iter().map(|(calls, _)| *calls).max().unwrap_or(0).max(1);
    let height = |calls: u32| (u64::from(calls) * 180 / u64::from(most)).max(u64::from(calls > 0) * 10);
    let tenths = |value: u64| format!("{}.{}", value / 10, value % 10);
    let faults = match usage.faults() {
        0 => "no fault".to_owned(),
        faults => count(faults.into(), "fault", "faults", &reader.locale),
    };
    let said = format!("{}, {faults}", count(usage.calls().into(), "call", "calls", &reader.locale));
    html! {
        svg class="spark" viewBox="0 0 120 20" role="img" aria-label=(said) {
            @for (hour, (calls, faults)) in usage.hours.iter().take(24).enumerate() {
                @let whole = height(*calls).max(10);
                rect x=(hour * 5) y=(tenths(200 - whole)) width="4" height=(tenths(whole)) {}
                @if *faults > 0 {
                    @let part = height(*faults).min(whole);
                    rect class="fault" x=(hour * 5) y=(tenths(200 - part)) width="4" height=(tenths(part)) {}
                }
            }
        }
    }
}

fn left(view: &PluginsPage<'_>) -> Markup {
    html! {
        section aria-labelledby="h-left" {
            div class="row-head" { h2 id="h-left" { "Kept of plugins that were uninstalled" } }
            ul class="list" {
                @for id in view.left { li { (icon("plug")) a class="link code" href=(paths::plugin_kept(id)) { (id) } } }
            }
        }
    }
}

fn history(shell: &Shell, view: &PluginsPage<'_>) -> Markup {
    let cells = Cells { reader: &shell.reader, labels: view.labels };
    html! {
        section aria-labelledby="h-hist" {
            div class="row-head" { h2 id="h-hist" { "What changed" } }
            ol class="list feed" {
                @for happening in view.history {
                    li {
                        @match &happening.actor {
                            Some(Actor::Person(id)) => { (cells.avatar(*id)) span { (cells.name(*id)) " " (happening.text) } }
                            Some(Actor::Plugin(title)) => { (icon("plug")) span { (title) " " (happening.text) } }
                            None => { (icon("info")) span { (happening.text) } }
                        }
                        time datetime=(machine(happening.at, &shell.reader)) { (when(happening.at, &shell.reader)) }
                    }
                }
            }
        }
    }
}

/// What the program brings and somebody took away, or has another version of.
fn shipped(view: &PluginsPage<'_>) -> Markup {
    html! {
        @if !view.shipped.is_empty() {
            section class="consent" aria-labelledby="h-shipped" {
                div {
                    h2 id="h-shipped" { "Part of the program" }
                    p class="mt-2 muted" { "These come with it and are not in use." }
                }
                ul class="asks" {
                    @for row in view.shipped {
                        li {
                            (icon("plug"))
                            span {
                                (row.title) " " span class="code" { (row.version) }
                                span class="sub" {
                                    @if let Some(installed) = &row.installed { "In the place of " span class="code" { (installed) } ". " }
                                    (row.description)
                                }
                                form class="mt-2" method="post" action=(paths::plugin_install(&row.id)) {
                                    button class="btn btn-small" type="submit" { "Read what it asks for" span class="visually-hidden" { ": " (row.title) } }
                                }
                            }
                        }
                    }
                }
                form method="post" action=(paths::PLUGINS_SHIPPED) {
                    div class="actions" { button class="btn" type="submit" { (if view.shipped.len() == 1 { "Install it as it comes" } else { "Install all as they come" }) } }
                    p class="small faint mt-2" { "With all that is asked for. The next version of the program brings the next of these." }
                }
            }
        }
    }
}

fn install(shell: &Shell, view: &PluginsPage<'_>) -> Markup {
    let hint = format!(
        "One .wasm file, up to {}. Nothing runs before you have read what it asks for.",
        crate::format::bytes(view.max_bytes, &shell.reader.locale)
    );
    let errors = view.fault.map_or_else(Vec::new, |fault| issues::at(fault.issues, "file"));
    html! {
        section class="consent" aria-labelledby="install" {
            div { h2 id="install" tabindex="-1" { "Install from a file" } }
            form method="post" action=(paths::PLUGIN_INSTALL) enctype="multipart/form-data" {
                @if let Some(fault) = view.fault {
                    div class="note note-bad" role="alert" {
                        (icon("alert"))
                        div {
                            p { b { (fault.message) } }
                            @if !fault.issues.is_empty() {
                                ul class="faults" {
                                    @for issue in fault.issues {
                                        li { @if issue.path.len() > 1 { span class="code" { (issue.path.trim_start_matches('/')) } " " } (issue.message) }
                                    }
                                }
                            }
                        }
                    }
                }
                (Control::new("file", "Plugin").hint(hint).errors(errors).file(".wasm,application/wasm"))
                div class="actions mt-4" { button class="btn btn-primary" type="submit" { "Read what it asks for" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{labels, reader, shell};

    fn row(state: PluginState) -> PluginRow {
        PluginRow {
            id: "projects".into(),
            title: "Projects".into(),
            version: "0.1.0".into(),
            description: String::new(),
            state,
            usage: None,
            carrying: None,
        }
    }

    fn page_of(rows: &[PluginRow], may_install: bool, fault: Option<InstallFault<'_>>) -> String {
        let labels = labels();
        let view = PluginsPage {
            plugins: rows,
            notices: &[],
            history: &[],
            labels: &labels,
            may_switch: true,
            may_install,
            max_bytes: 32_000_000,
            shipped: &[ShippedRow {
                id: "estimates".into(),
                title: "Estimates".into(),
                version: "0.2.0".into(),
                description: String::new(),
                installed: Some("0.1.0".into()),
            }],
            left: &[],
            fault,
        };
        plugins(&shell(), &view).into_string()
    }

    #[test]
    fn a_switch_posts_without_script() {
        let html = page_of(&[row(PluginState::Running)], false, None);
        assert!(html.contains("action=\"/admin/plugins/projects/disable\""));
        assert!(html.contains("role=\"switch\" aria-checked=\"true\" aria-label=\"Projects for this organization\""));
        let html = page_of(&[row(PluginState::Off { since: None })], false, None);
        assert!(html.contains("action=\"/admin/plugins/projects/enable\""));
    }

    #[test]
    fn only_who_may_install_sees_the_form() {
        let html = page_of(&[], false, None);
        assert!(!html.contains("multipart") && !html.contains("Part of the program"));
        let html = page_of(&[], true, None);
        assert!(html.contains("action=\"/admin/plugins/estimates/install\"") && html.contains("In the place of"));
        assert!(html.contains("action=\"/admin/plugins/shipped\""));
        let issues =
            [Issue::new("/collections[0].fields.name", "shape", "line 12: unknown key `typ`; did you mean `type`?")];
        let html = page_of(&[], true, Some(InstallFault { message: "This is not a plugin.", issues: &issues }));
        assert!(html.contains("enctype=\"multipart/form-data\""));
        assert!(html.contains("line 12: unknown key"));
    }

    #[test]
    fn faults_show_within_the_hours_calls() {
        let usage = Usage { hours: vec![(0, 0), (10, 0), (20, 5)], p95_ms: Some(6) };
        let html = spark(&usage, &reader()).into_string();
        assert!(html.contains("aria-label=\"30 calls, 5 faults\""));
        assert!(html.contains("x=\"10\" y=\"2.0\" width=\"4\" height=\"18.0\""));
        assert!(html.contains("class=\"fault\" x=\"10\" y=\"15.5\" width=\"4\" height=\"4.5\""));
    }
}
