//! One plugin: what it is, what it may do, what it keeps, and what it said.

use super::consent::{Ask, checkboxes, ticked};
use super::plugins::{CarryingState, PluginRow, PluginState, spark, state_tag, switch};
use super::used::{AsideRow, UsedView};
use super::versions::VersionRow;
use crate::format::{bytes, integer, machine, when};
use crate::icon::icon;
use crate::paths;
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::allowance::PluginBounds;
use lignaflow_core::catalog::Catalog;
use lignaflow_core::clock::Micros;
use lignaflow_core::descriptor::{Descriptor, Grants};
use lignaflow_core::name::{CollectionName, PermissionName};
use maud::{Markup, html};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// One line that the plugin logged, or the host about it.
#[derive(Debug, Clone)]
pub struct LogLine {
    pub at: Micros,
    pub level: LogLevel,
    pub message: String,
    /// The request it belongs to.
    pub request_id: Option<String>,
}

/// Which lines of a log are asked for, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct LogQuery {
    pub level: String,
    pub call: String,
    pub q: String,
}

#[derive(Debug, Clone, Copy)]
pub struct PluginPage<'a> {
    pub row: &'a PluginRow,
    pub descriptor: &'a Descriptor,
    /// What is loaded, for the links to what other plugins keep.
    pub catalog: &'a Catalog,
    /// From [`super::asks`].
    pub asks: &'a [Ask],
    /// The versions that are kept, the latest installed first; none for who may not go back to one.
    pub versions: &'a [VersionRow],
    /// What is set for its calls apart from what is usual.
    pub bounds: &'a PluginBounds,
    /// Of the file, in bytes; nothing for a plugin that is part of the program.
    pub size: Option<u64>,
    /// The beginning of the file's SHA-256, in hexadecimal.
    pub digest: Option<&'a str>,
    /// How many records this organization has in each collection, in the descriptor's order; empty if not counted.
    pub counts: &'a [i64],
    /// Newest first.
    pub log: &'a [LogLine],
    /// Which lines of the log are asked for.
    pub log_query: &'a LogQuery,
    /// What it used; nothing for who may not see it.
    pub used: &'a UsedView,
    /// Of which version what it is granted is, for who changes it.
    pub granted_version: u64,
    /// What kept failing and is not called any more.
    pub asides: &'a [AsideRow],
    pub may_switch: bool,
    /// What it is granted beyond what the organization consented to; it stands still until an owner does.
    pub asked: &'a [Ask],
    pub may_consent: bool,
    /// Whether the person may uninstall it, and see what is kept of earlier versions.
    pub may_install: bool,
    pub fault: Option<&'a str>,
    /// What it needs and is off in this organization, by title, where it is off itself.
    pub needs: &'a [String],
}

pub fn plugin(shell: &Shell, view: &PluginPage<'_>) -> Markup {
    let head = Head {
        title: &view.descriptor.title,
        crumbs: vec![Crumb { title: "Plugins", href: paths::PLUGINS.to_owned() }],
        tag: Some(state_tag(&view.row.state, &shell.reader)),
        actions: Some(switch_with_words(view)),
        sheets: super::SHEETS,
    };
    let body = html! {
        (notes(shell, view))
        (awaited(view))
        (super::used::asides(shell, view))
        div class="band" { (facts(shell, view)) @if !view.descriptor.description.is_empty() { p class="muted mt-4" { (view.descriptor.description) } } }
        div class="band mt-6" {
            div class="split split-consent" {
                div class="stack" {
                    (collections(shell, view))
                    @if view.may_install { (super::used::section(shell, view)) }
                    (routes(view))
                    (pages(view))
                    (log(shell, view))
                }
                div class="stack" { (filled_in(view)) (rights(view)) (super::bounds::section(view)) (super::versions::section(shell, view)) (roles(view)) @if view.may_install { (leave(view)) } }
            }
        }
    };
    shell.page(&head, &body)
}

fn switch_with_words(view: &PluginPage<'_>) -> Markup {
    if view.row.state == PluginState::Stopped {
        return html! { span class="faint" { "Stopped for everybody" } };
    }
    let on = !matches!(view.row.state, PluginState::Off { .. } | PluginState::Asks);
    html! {
        span class="faint hide-phone" { (if on { "On for this organization" } else { "Off for this organization" }) }
        (switch(view.row, view.may_switch))
    }
}

fn notes(shell: &Shell, view: &PluginPage<'_>) -> Markup {
    html! {
        @if let Some(fault) = view.fault {
            div class="band" { div class="note note-bad" role="alert" { (icon("alert")) p { (fault) } } }
            div class="mt-4" {}
        }
        @if !view.needs.is_empty() {
            div class="band" {
                form class="note" method="post" action=(paths::plugin_enable(&view.row.id)) {
                    (icon("info"))
                    p { "It needs " (crate::format::list(view.needs)) (if view.needs.len() == 1 { ", which is off." } else { ", which are off." }) }
                    @if view.may_switch {
                        input type="hidden" name="with" value="needs";
                        button class="btn btn-sm" type="submit" { "Switch on together" }
                    }
                }
            }
            div class="mt-4" {}
        }
        @if let PluginState::Failed(why) = &view.row.state {
            div class="band" { div class="note note-bad" { (icon("alert")) p { b { "It is not loaded." } " " (why) } } }
            div class="mt-4" {}
        }
        @if let Some(carrying) = &view.row.carrying {
            @let bad = matches!(carrying.state, CarryingState::Failed(_) | CarryingState::Left(_));
            div class="band" {
                div class={ "note" @if bad { " note-bad" } } {
                    (icon(if bad { "alert" } else { "info" }))
                    p { (carrying.told(&shell.reader)) }
                }
            }
            div class="mt-4" {}
        }
    }
}

/// What an owner is to consent to before it goes on here.
fn awaited(view: &PluginPage<'_>) -> Markup {
    html! {
        @if !view.asked.is_empty() {
            div class="band" {
                section class="consent" aria-labelledby="h-asked" {
                    div {
                        h2 id="h-asked" { "It waits for consent" }
                        p class="mt-2" {
                            (view.descriptor.title) " may do more by now than this organization consented to. Until an owner consents, it stands still here: its pages are gone, its records wait, and nothing is lost."
                        }
                    }
                    form method="post" action=(paths::plugin_consent(&view.row.id)) {
                        h3 { "What it newly may" }
                        ul class="asks" {
                            @for ask in view.asked {
                                li {
                                    (icon("alert"))
                                    span { (ask.sentence) span class="sub code" { (ask.key) } }
                                    input type="hidden" name="grant" value=(ask.key);
                                }
                            }
                        }
                        div class="actions mt-4" {
                            @if view.may_consent { button class="btn btn-primary" type="submit" { "Consent, and let it go on" } }
                            @else { p class="muted" { "An owner of the organization consents." } }
                        }
                    }
                }
            }
            div class="mt-4" {}
        }
    }
}

fn facts(shell: &Shell, view: &PluginPage<'_>) -> Markup {
    let descriptor = view.descriptor;
    html! {
        dl class="titleblock" {
            div { dt { "Plugin" } dd class="code" { (descriptor.id) } }
            div { dt { "Version" } dd class="code" { (descriptor.version) } }
            div { dt { "Contract" } dd class="code" { (descriptor.api) } }
            @if let Some(size) = view.size { div { dt { "Size" } dd { (bytes(size, &shell.reader.locale)) } } }
            @if let Some(digest) = view.digest { div { dt { "SHA-256" } dd class="code" { (digest) } } }
            div { dt { "Code" } dd { (if descriptor.needs_code() { "runs in its sandbox" } else { "none, a descriptor alone" }) } }
            @if let Some(usage) = &view.row.usage { div { dt { "Calls and faults, 24 h" } dd { (spark(usage, &shell.reader)) } } }
        }
    }
}

fn collections(shell: &Shell, view: &PluginPage<'_>) -> Markup {
    let counted = !view.counts.is_empty();
    html! {
        @if !view.descriptor.collections.is_empty() {
            section aria-labelledby="h-keeps" {
                div class="row-head" { h2 id="h-keeps" { "What it keeps" } }
                table class="table" {
                    caption class="visually-hidden" { "Collections of " (view.descriptor.title) }
                    thead {
                        tr {
                            th scope="col" { "Collection" } th scope="col" class="p2" { "Refers to" } th scope="col" class="num p2" { "Fields" }
                            @if counted { th scope="col" class="num" { "Records" } }
                        }
                    }
                    tbody {
                        @for (index, collection) in view.descriptor.collections.iter().enumerate() {
                            @let name = CollectionName::new(&view.descriptor.id, &collection.name);
                            tr {
                                th scope="row" {
                                    a class="primary" href=(paths::list(&name)) { (collection.title.many) }
                                    span class="sub code" { (name) }
                                }
                                td class="p2 muted" { (refers_to(view, &name)) }
                                td class="num p2" { (collection.fields.len()) }
                                @if counted { td class="num" { (integer(view.counts.get(index).copied().unwrap_or_default(), &shell.reader.locale)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn refers_to(view: &PluginPage<'_>, name: &CollectionName) -> String {
    let mut targets: Vec<&str> = view
        .catalog
        .schema(name)
        .into_iter()
        .flat_map(|schema| &schema.fields)
        .filter_map(|field| view.catalog.schema(field.to.as_ref()?))
        .map(|target| target.collection.title.many.as_str())
        .collect();
    targets.sort_unstable();
    targets.dedup();
    targets.join(", ")
}

fn routes(view: &PluginPage<'_>) -> Markup {
    html! {
        @if !view.descriptor.routes.is_empty() {
            section aria-labelledby="h-routes" {
                div class="row-head" { h2 id="h-routes" { "Its routes" } a class="link small end" href=(paths::SWAGGER) { "Try them" } }
                table class="table" {
                    caption class="visually-hidden" { "Routes of " (view.descriptor.title) }
                    thead { tr { th scope="col" { "Route" } th scope="col" class="p2" { "What it does" } th scope="col" class="p3" { "Needs" } } }
                    tbody {
                        @for route in &view.descriptor.routes {
                            tr {
                                th scope="row" class="code nowrap" { (route.method.as_str()) " " (route.path) }
                                td class="p2" { (route.title) }
                                td class="p3 muted" {
                                    @match &route.permission {
                                        Some(permission) => (needed(view.descriptor, permission)),
                                        None => (if route.method.writes() { "to change records" } else { "to read records" }),
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A permission in words where it is the plugin's own, and another's by its name.
fn needed(descriptor: &Descriptor, permission: &PermissionName) -> String {
    let (plugin, name) = permission.parts(&descriptor.id);
    let own = descriptor.permissions.get(name).filter(|_| plugin == descriptor.id.as_str());
    own.cloned().unwrap_or_else(|| permission.full(&descriptor.id))
}

fn pages(view: &PluginPage<'_>) -> Markup {
    html! {
        @if !view.descriptor.pages.is_empty() {
            section aria-labelledby="h-pages" {
                div class="row-head" { h2 id="h-pages" { "Its pages" } }
                ul class="list" {
                    @for page in &view.descriptor.pages {
                        li {
                            (icon(page.icon.as_deref().unwrap_or("chart")))
                            a href=(paths::page(&view.descriptor.id, &page.name)) { (page.title) }
                        }
                    }
                }
            }
        }
    }
}

fn rights(view: &PluginPage<'_>) -> Markup {
    let (granted, missing): (Vec<&Ask>, Vec<&Ask>) = view.asks.iter().partition(|ask| ask.granted);
    html! {
        section class="consent" aria-labelledby="h-rights" {
            div { h2 id="h-rights" { "What it may do" } }
            @if !missing.is_empty() {
                form method="post" action=(paths::plugin_grant(&view.descriptor.id)) {
                    h3 { "It asks for" }
                    input type="hidden" name="seen" value=(view.granted_version);
                    @for ask in &granted { input type="hidden" name="grant" value=(ask.key); }
                    (checkboxes(&missing))
                    p class="small faint mt-2" { "What it is not granted it cannot do: what needs it is refused." }
                    @if view.may_install { div class="actions mt-4" { button class="btn btn-primary" type="submit" { "Grant" } } }
                }
            }
            div {
                h3 { (if missing.is_empty() { "Granted" } else { "Has already" }) }
                ul class="asks" {
                    li { (icon("check")) span { "Keeps its own records, apart for each organization." } }
                    @for ask in &granted {
                        li { (icon("check")) span { (ask.sentence) span class="sub code" { (ask.key) } } }
                    }
                }
                p class="small faint mt-2" { (confines(&view.descriptor.grants)) }
                @if view.may_install && !granted.is_empty() { (taking_back(view, &granted)) }
                (super::outbound::leads(view.descriptor.id.as_str(), &view.descriptor.grants.outbound))
            }
        }
    }
}

/// A right that is left ticked stays.
fn taking_back(view: &PluginPage<'_>, granted: &[&Ask]) -> Markup {
    html! {
        details class="mt-2" {
            summary class="link small" { "Take something back" }
            form method="post" action=(paths::plugin_grant(&view.descriptor.id)) {
                input type="hidden" name="seen" value=(view.granted_version);
                (ticked("t", granted))
                p class="small faint mt-2" { "What is not ticked it may no longer do, from its next call on: what needs it is refused then." }
                div class="actions mt-4" { button class="btn" type="submit" { "Save what it may do" } }
            }
        }
    }
}

/// What it has no way to, whatever it is granted.
fn confines(grants: &Grants) -> &'static str {
    if grants.outbound.is_empty() {
        "It has no network, no files of this machine, and no way to another organization’s records."
    } else {
        "It reaches no host but these, no files of this machine, and no way to another organization’s records. All that it sends is written down."
    }
}

/// The roles that it brings, each with what it lets a person do.
fn roles(view: &PluginPage<'_>) -> Markup {
    let descriptor = view.descriptor;
    html! {
        @if !descriptor.roles.is_empty() {
            section class="consent" aria-labelledby="h-roles" {
                div {
                    h2 id="h-roles" { "Roles that it brings" }
                    ul class="asks" {
                        @for role in descriptor.roles.values() {
                            li {
                                (icon("people"))
                                span {
                                    (role.title)
                                    span class="sub" {
                                        @if role.permissions.is_empty() { "What every member may" }
                                        @for (index, name) in role.permissions.iter().enumerate() {
                                            @if index > 0 { ", " }
                                            (descriptor.permissions.get(name).map_or(name.as_str(), String::as_str))
                                        }
                                    }
                                }
                            }
                        }
                    }
                    p class="small faint mt-2" { "Given to members on the page of people. Owners and administrators may all of it." }
                }
            }
        }
    }
}

fn filled_in(view: &PluginPage<'_>) -> Markup {
    let count = view.descriptor.settings.len();
    html! {
        @if count > 0 {
            section class="consent" aria-labelledby="h-settings" {
                div {
                    h2 id="h-settings" { "Settings" }
                    p class="mt-2" {
                        a class="link" href=(paths::plugin_settings(&view.descriptor.id)) { "Fill in" }
                        span class="faint" { (if count == 1 { " one setting".to_owned() } else { format!(" {count} settings") }) }
                    }
                }
            }
        }
    }
}

fn leave(view: &PluginPage<'_>) -> Markup {
    let stopped = view.row.state == PluginState::Stopped;
    html! {
        section class="consent" aria-labelledby="h-leave" {
            div {
                h2 id="h-stop" { (if stopped { "Stopped for everybody" } else { "For everybody" }) }
            }
            form method="post" action=(if stopped { paths::plugin_activate(&view.descriptor.id) } else { paths::plugin_deactivate(&view.descriptor.id) }) {
                @if stopped {
                    p { "It runs for no organization, whatever they chose. Their choices and its records are kept." }
                    div class="actions mt-4" { button class="btn btn-primary" type="submit" { (icon("play")) "Let it run" } }
                } @else {
                    p { "Stopped, it runs for no organization until it is let run again. What each of them chose is kept." }
                    div class="actions mt-4" { button class="btn" type="submit" { "Stop it for everybody" } }
                }
            }
            div {
                h2 id="h-leave" { "What it leaves behind" }
                p class="mt-2" { a class="link" href=(paths::plugin_kept(&view.descriptor.id)) { "What is kept of earlier versions" } }
            }
            form method="post" action=(paths::plugin_uninstall(&view.descriptor.id)) {
                p { "Uninstalled, it is gone for every organization. Its records are kept, and are there again when it is installed again." }
                div class="actions mt-4" { button class="btn" type="submit" { "Uninstall" } }
            }
        }
    }
}

fn log(shell: &Shell, view: &PluginPage<'_>) -> Markup {
    html! {
        section aria-labelledby="log" {
            div class="row-head" { h2 id="log" tabindex="-1" { "Log" } }
            @if view.may_install { (log_filter(view)) }
            @if view.log.is_empty() {
                p class="faint" { (if view.log_query.is_empty() { "It has logged nothing here." } else { "It has logged nothing like that here." }) }
            } @else {
                table class="table log" {
                    caption class="visually-hidden" { "What " (view.descriptor.title) " logged, newest first" }
                    thead { tr { th scope="col" { "When" } th scope="col" { "Level" } th scope="col" { "Message" } } }
                    tbody {
                        @for line in view.log {
                            tr {
                                td class="fit muted" { time datetime=(machine(line.at, &shell.reader)) { (when(line.at, &shell.reader)) } }
                                td class="fit" { (level(line.level)) }
                                td class="code" { (line.message) @if let Some(id) = &line.request_id { span class="sub" { (id) } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

impl LogQuery {
    fn is_empty(&self) -> bool {
        self.level.is_empty() && self.call.is_empty() && self.q.is_empty()
    }
}

fn log_filter(view: &PluginPage<'_>) -> Markup {
    let query = view.log_query;
    html! {
        form class="log-filter" method="get" action={ (paths::plugin(&view.descriptor.id)) "#log" } {
            label class="visually-hidden" for="f-level" { "Level" }
            select class="input" id="f-level" name="level" {
                @for (word, title) in [("", "Every level"), ("info", "Info and worse"), ("warn", "Warnings and errors"), ("error", "Errors")] {
                    option value=(word) selected[query.level == word] { (title) }
                }
            }
            label class="visually-hidden" for="f-call" { "Call" }
            input class="input" id="f-call" name="call" value=(query.call) placeholder="before-save, route …";
            label class="visually-hidden" for="f-log" { "Text" }
            input class="input" id="f-log" name="q" value=(query.q) placeholder="Text";
            button class="btn" type="submit" { "Filter" }
        }
    }
}

fn level(level: LogLevel) -> Markup {
    let (class, word) = match level {
        LogLevel::Trace => ("chip", "trace"),
        LogLevel::Debug => ("chip", "debug"),
        LogLevel::Info => ("chip chip-info", "info"),
        LogLevel::Warn => ("chip chip-warn", "warn"),
        LogLevel::Error => ("chip chip-bad", "error"),
    };
    html! { span class=(class) { (word) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::asks;
    use crate::admin::plugins::Carrying;
    use crate::testing::{catalog, descriptor, shell};
    use lignaflow_core::descriptor::{Capability, Grants};

    #[test]
    fn what_is_not_granted_is_asked_for_and_the_log_is_text() {
        let mut descriptor = descriptor();
        descriptor.grants.interfaces = vec![Capability::Records, Capability::People];
        let asks = asks(&descriptor.grants, &Grants { interfaces: vec![Capability::Records], ..Grants::default() });
        let catalog = catalog();
        let row = PluginRow {
            id: "projects".into(),
            title: "Projects".into(),
            version: "0.1.0".into(),
            description: String::new(),
            state: PluginState::Asks,
            usage: None,
            carrying: Some(Carrying {
                from: "0.1.0".into(),
                to: "0.2.0".into(),
                state: CarryingState::Copying,
                records: 1_200,
                expected: 5_000,
            }),
        };
        let line = LogLine { at: 0, level: LogLevel::Error, message: "<b>panic</b>".into(), request_id: None };
        let view = PluginPage {
            row: &row,
            descriptor: &descriptor,
            catalog: &catalog,
            asks: &asks,
            versions: &[],
            bounds: &PluginBounds::default(),
            size: Some(412_000),
            digest: Some("7f3a91c2"),
            counts: &[60, 40],
            log: &[line],
            log_query: &LogQuery::default(),
            used: &UsedView::default(),
            granted_version: 7,
            asides: &[AsideRow {
                kind: "route".into(),
                name: "progress".into(),
                fault: "the plugin took too <long>".into(),
                since: 0,
                everywhere: false,
            }],
            may_switch: true,
            asked: &[Ask {
                key: "outbound api.bank.example".into(),
                sentence: "Send to <api>.".into(),
                granted: false,
            }],
            may_consent: false,
            may_install: true,
            needs: &[],
            fault: None,
        };
        let html = plugin(&shell(), &view).into_string();
        assert!(html.contains("action=\"/admin/plugins/projects/grants\""));
        assert!(html.contains("name=\"grant\" value=\"interface people\" checked"));
        assert!(html.contains("Waits for consent"));
        assert_eq!(html.matches("<input type=\"hidden\" name=\"seen\" value=\"7\">").count(), 2);
        assert!(
            html.contains("Take something back")
                && html.contains("id=\"t-0\" name=\"grant\" value=\"interface records\"")
        );
        assert!(html.contains("action=\"/admin/plugins/projects/deactivate\""));
        let stopped = PluginRow { state: PluginState::Stopped, ..row.clone() };
        let html_of_one_stopped = plugin(&shell(), &PluginPage { row: &stopped, ..view }).into_string();
        assert!(html_of_one_stopped.contains("action=\"/admin/plugins/projects/activate\""));
        assert!(
            html.contains("name=\"grant\" value=\"outbound api.bank.example\"")
                && html.contains("Send to &lt;api&gt;.")
        );
        assert!(!html.contains("let it go on"), "an owner's alone");
        let html_of_an_owner = plugin(&shell(), &PluginPage { may_consent: true, ..view }).into_string();
        assert!(
            html_of_an_owner.contains("action=\"/admin/plugins/projects/consent\"")
                && html_of_an_owner.contains("let it go on")
        );
        assert!(html.contains("0.1.0 goes on while its records are carried over to 0.2.0: 1,200 of 5,000 so far."));
        assert!(html.contains("&lt;b&gt;panic&lt;/b&gt;"));
        assert!(html.contains("Its route `progress`") && html.contains("too &lt;long&gt;"));
        assert!(html.contains("action=\"/admin/plugins/projects/call-again\""));
        assert!(html.contains("<td class=\"p2 muted\">Clients</td>"), "projects refer to clients");
    }
}
