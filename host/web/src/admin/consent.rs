//! What a new plugin, an upgrade or the way back to a version before asks for and changes, before anything of it runs.

use super::changes::{draw, pages, records, routes, settings, work};
use super::plan::{self, PlanView};
use crate::format::bytes;
use crate::icon::icon;
use crate::paths;
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::descriptor::{Descriptor, Grants};
use maud::{Markup, html};

/// One thing that a plugin asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What is posted as `grant`: `interface records`, `read projects/tasks`, `write projects/tasks`,
    /// `service projects.budget`, `outbound api.xero.com`.
    pub key: String,
    /// What it means, for the administrator.
    pub sentence: String,
    /// Whether it has it already.
    pub granted: bool,
}

/// Everything that a descriptor asks for, with what of it is granted.
pub fn asks(wanted: &Grants, granted: &Grants) -> Vec<Ask> {
    let nothing = Grants::default();
    let one = |grants: Grants| {
        let key = grants.missing_from(&nothing).into_iter().next().unwrap_or_default();
        let sentence = grants.sentences().into_iter().next().unwrap_or_default();
        Ask { granted: grants.missing_from(granted).is_empty(), key, sentence }
    };
    let interfaces = wanted.interfaces.iter().map(|i| Grants { interfaces: vec![*i], ..Grants::default() });
    let reads = wanted.read.iter().map(|name| Grants { read: vec![name.clone()], ..Grants::default() });
    let writes = wanted.write.iter().map(|name| Grants { write: vec![name.clone()], ..Grants::default() });
    let mail = wanted.mail.then(|| Grants { mail: true, ..Grants::default() });
    let links = wanted.links.then(|| Grants { links: true, ..Grants::default() });
    let services = wanted.services.iter().map(|name| Grants { services: vec![name.clone()], ..Grants::default() });
    let hosts = wanted.outbound.iter().map(|host| Grants { outbound: vec![host.clone()], ..Grants::default() });
    interfaces.chain(reads).chain(writes).chain(services).chain(hosts).chain(mail).chain(links).map(one).collect()
}

/// The rights that a plugin has and another version of it does not ask for, as sentences.
pub fn no_longer(granted: &Grants, wanted: &Grants) -> Vec<Ask> {
    let gone = granted.missing_from(wanted);
    asks(granted, &Grants::default()).into_iter().filter(|ask| gone.contains(&ask.key)).collect()
}

/// The page between a chosen file and its installation. Nothing has run.
#[derive(Debug, Clone, Copy)]
pub struct ConsentPage<'a> {
    pub descriptor: &'a Descriptor,
    /// The version that is installed now, with what it was granted.
    pub installed: Option<(&'a Descriptor, &'a Grants)>,
    /// What would be done to the tables.
    pub plan: &'a PlanView,
    /// Of the file, in bytes.
    pub size: u64,
    /// The beginning of the file's SHA-256, in hexadecimal.
    pub digest: &'a str,
    /// Where the consent is posted, with these fields unseen; `grant` comes once for each right that is ticked.
    pub action: &'a str,
    pub hidden: &'a [(String, String)],
    /// Whether it is a version that was kept, which is gone back to.
    pub back: bool,
    /// Whether it can be switched on for the organization with the same act, and whether that is proposed.
    pub switch_on: Option<bool>,
    pub fault: Option<&'a str>,
}

pub fn consent(shell: &Shell, view: &ConsentPage<'_>) -> Markup {
    let descriptor = view.descriptor;
    let before = view.installed.map(|(descriptor, _)| descriptor);
    let nothing = Grants::default();
    let set = view.installed.map_or(&nothing.bounds, |(_, granted)| &granted.bounds);
    let asked = asks(&descriptor.grants, view.installed.map_or(&nothing, |(_, granted)| granted));
    let (kept, new): (Vec<_>, Vec<_>) = asked.iter().partition(|ask| ask.granted);
    let records = records(before, descriptor);
    let others = [
        ("What changes in its routes", routes(before, descriptor)),
        ("What changes in its pages", pages(before, descriptor)),
        ("What changes in its settings", settings(before, descriptor)),
        ("What changes in what it does by itself", work(before, descriptor)),
    ];
    let verb = match before {
        _ if view.back => "Go back",
        Some(_) => "Upgrade",
        None => "Install",
    };
    let title = match before {
        _ if view.back => format!("Go back to {} {}", descriptor.title, descriptor.version),
        _ => format!("{verb} {}", descriptor.title),
    };
    let leave = if view.back { paths::plugin(&descriptor.id) } else { paths::PLUGINS.to_owned() };
    let button = if new.is_empty() { verb.to_owned() } else { format!("Grant and {}", verb.to_lowercase()) };
    let body = html! {
        div class="band" {
            form class="consent-page" method="post" action=(view.action) {
                @for (name, value) in view.hidden { input type="hidden" name=(name) value=(value); }
                @for ask in &kept { input type="hidden" name="grant" value=(ask.key); }
                @if let Some(fault) = view.fault { div class="note note-bad" role="alert" { (icon("alert")) p { (fault) } } }
                (plan::refused(view.plan))
                section class="consent" aria-labelledby="h-consent" {
                    div {
                        h2 id="h-consent" { (title) }
                        p class="versions muted" {
                            @if let Some(before) = before { span class="code" { (before.version) } (icon("right")) }
                            span class="code strong" { (descriptor.version) }
                            span class="faint small" { (bytes(view.size, &shell.reader.locale)) ", " span class="code" { (view.digest) } }
                        }
                        @if !descriptor.description.is_empty() { p class="mt-2" { (descriptor.description) } }
                    }
                    div {
                        h3 { (if before.is_some() { "What it newly asks for" } else { "What it asks for" }) }
                        (new_asks(&new, kept.len()))
                    }
                    (given_up(view))
                    (super::bounds::consents(&super::bound_asks(&descriptor.grants.bounds, set)))
                    @if !records.is_empty() {
                        div {
                            h3 { "What changes in your records" }
                            (draw(&records))
                            p class="small faint mt-2" {
                                @if before.is_some() { "No value is removed; what is there stays as it is." } @else { "Tables of its own. What other plugins keep stays as it is." }
                            }
                        }
                    }
                    (plan::draw(view.plan, &shell.reader))
                    @for (title, lines) in &others {
                        @if !lines.is_empty() { div { h3 { (title) } (draw(lines)) } }
                    }
                    @if let Some(proposed) = view.switch_on {
                        label class="hit" {
                            input class="switch" type="checkbox" role="switch" name="enable" value="yes" checked[proposed];
                            " Switch it on for this organization, with what it needs"
                        }
                    }
                    div class="actions" {
                        button class="btn btn-primary" type="submit" disabled[!view.plan.fits()] { (button) }
                        a class="btn" href=(leave) { "Not now" }
                    }
                }
            }
        }
    };
    let crumbs = vec![Crumb { title: "Plugins", href: paths::PLUGINS.to_owned() }];
    shell.page(&Head { title: &title, crumbs, sheets: super::SHEETS, ..Head::default() }, &body)
}

fn given_up(view: &ConsentPage<'_>) -> Markup {
    let gone = view.installed.map_or_else(Vec::new, |(_, granted)| no_longer(granted, &view.descriptor.grants));
    html! {
        @if !gone.is_empty() {
            div {
                h3 { "What it no longer asks for" }
                ul class="asks" {
                    @for ask in &gone { li { (icon("cross")) span { (ask.sentence) span class="sub code" { (ask.key) } } } }
                }
            }
        }
    }
}

fn new_asks(new: &[&Ask], kept: usize) -> Markup {
    html! {
        @if new.is_empty() {
            p class="muted" { (if kept > 0 { "Nothing more than it has." } else { "Nothing beyond its own records." }) }
        } @else {
            (checkboxes(new))
            p class="small faint mt-2" {
                @if kept > 0 { "It keeps " (kept) (if kept == 1 { " right" } else { " rights" }) " that it has. " }
                "It is installed with all of it or not at all; what is granted can be taken back later."
            }
        }
    }
}

pub(super) fn checkboxes(asks: &[&Ask]) -> Markup {
    ticked("g", asks)
}

/// Rights to be ticked or not, all of them ticked.
pub(super) fn ticked(prefix: &str, asks: &[&Ask]) -> Markup {
    html! {
        ul class="asks" {
            @for (index, ask) in asks.iter().enumerate() {
                @let id = format!("{prefix}-{index}");
                li {
                    input type="checkbox" id=(id) name="grant" value=(ask.key) checked;
                    label for=(id) { (ask.sentence) span class="sub" { span class="code" { (ask.key) } } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{descriptor, shell};
    use lignaflow_core::descriptor::Capability;

    #[test]
    fn each_right_is_asked_for_by_itself() {
        let wanted = Grants {
            interfaces: vec![Capability::Records, Capability::People],
            read: vec!["projects/tasks".into()],
            write: vec!["projects/*".into()],
            mail: true,
            ..Grants::default()
        };
        let granted = Grants { interfaces: vec![Capability::Records], ..Grants::default() };
        let asked: Vec<(String, bool)> =
            asks(&wanted, &granted).into_iter().map(|ask| (ask.key, ask.granted)).collect();
        let expected = [
            ("interface records", true),
            ("interface people", false),
            ("read projects/tasks", false),
            ("write projects/*", false),
            ("mail", false),
        ];
        assert_eq!(asked, expected.map(|(key, granted)| (key.to_owned(), granted)));
    }

    #[test]
    fn an_upgrade_keeps_what_it_has_and_asks_for_the_rest() {
        let before = descriptor();
        let mut after = descriptor();
        after.version = "0.2.0".into();
        after.grants.interfaces = vec![Capability::Records, Capability::People];
        let granted = Grants { interfaces: vec![Capability::Records], mail: true, ..Grants::default() };
        let hidden = [("digest".to_owned(), "abc".to_owned())];
        let view = ConsentPage {
            descriptor: &after,
            installed: Some((&before, &granted)),
            plan: &PlanView::default(),
            size: 412_000,
            digest: "7f3a91c2",
            action: "/admin/plugins/install/confirm",
            hidden: &hidden,
            back: false,
            switch_on: Some(true),
            fault: None,
        };
        let html = consent(&shell(), &view).into_string();
        assert!(html.contains("Grant and upgrade"));
        assert!(html.contains("<input type=\"hidden\" name=\"grant\" value=\"interface records\">"));
        assert!(html.contains("name=\"grant\" value=\"interface people\" checked"));
        assert!(html.contains("It keeps 1 right that it has."));
        assert!(html.contains("412 kB"));
        assert!(html.contains("What it no longer asks for") && html.contains("<span class=\"sub code\">mail</span>"));
        assert!(html.contains("name=\"enable\" value=\"yes\" checked"));
        assert!(!html.contains("What changes in your records"));
    }

    #[test]
    fn the_way_back_says_so_and_leads_back_to_the_plugin() {
        let mut now = descriptor();
        now.version = "0.2.0".into();
        let back = descriptor();
        let granted = Grants::default();
        let view = ConsentPage {
            descriptor: &back,
            installed: Some((&now, &granted)),
            plan: &PlanView::default(),
            size: 412_000,
            digest: "7f3a91c2",
            action: "/admin/plugins/projects/rollback",
            hidden: &[],
            back: true,
            switch_on: None,
            fault: None,
        };
        let html = consent(&shell(), &view).into_string();
        assert!(html.contains("Go back to Projects 0.1.0") && !html.contains("pgrade"), "{html}");
        assert!(html.contains("href=\"/admin/plugins/projects\">Not now"), "{html}");
    }
}
