//! What one call of a plugin may use: what is usual, what the plugin asks for, and what is set for it, as a form.

use super::consent::Ask;
use super::plugin::PluginPage;
use crate::control::{Control, Input, Width};
use crate::issues;
use crate::paths;
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::allowance::{Allowance, Bound, Class, PluginBounds, Setting};
use lignaflow_core::descriptor::Descriptor;
use lignaflow_core::error::Issue;
use maud::{Markup, html};

#[derive(Debug, Clone, Copy)]
pub struct BoundsPage<'a> {
    pub descriptor: &'a Descriptor,
    /// What holds where nothing is set.
    pub usual: &'a Allowance,
    /// What stands in the form, by [`field`]; empty is as usual.
    pub typed: &'a [(String, String)],
    pub issues: &'a [Issue],
    pub fault: Option<&'a str>,
    /// Of which version what it is granted is, as the form has it.
    pub granted_version: u64,
    /// Whether the person may change it.
    pub may_change: bool,
}

/// What the control of a bound is called: `job.cpu_ms`, `instances`.
pub fn field(of: Option<(Class, Bound)>) -> String {
    of.map_or_else(|| "instances".to_owned(), |(class, bound)| format!("{}.{}", class.as_str(), bound.as_str()))
}

/// The bounds that a descriptor asks for, with whether they are set as it asks.
pub fn bound_asks(wanted: &PluginBounds, set: &PluginBounds) -> Vec<Ask> {
    let has = |asked: &Setting| set.settings().any(|setting| setting == *asked);
    wanted
        .settings()
        .map(|asked| Ask { key: asked.to_string(), sentence: asked.sentence(), granted: has(&asked) })
        .collect()
}

/// Bounds that are asked for, each to be consented to.
pub(super) fn consents(asks: &[Ask]) -> Markup {
    let (kept, new): (Vec<&Ask>, Vec<&Ask>) = asks.iter().partition(|ask| ask.granted);
    html! {
        @for ask in kept { input type="hidden" name="grant" value=(ask.key); }
        @if !new.is_empty() {
            div {
                h3 { "What its calls want to use" }
                ul class="asks" {
                    @for (index, ask) in new.iter().enumerate() {
                        @let id = format!("b-{index}");
                        li {
                            input type="checkbox" id=(id) name="grant" value=(ask.key) checked;
                            label for=(id) { (ask.sentence) span class="sub" { span class="code" { (ask.key) } } }
                        }
                    }
                }
                p class="small faint mt-2" { "Where it is not granted, what is usual here holds." }
            }
        }
    }
}

/// On the plugin's page: what is set apart from what is usual, and the way to change it.
pub(super) fn section(view: &PluginPage<'_>) -> Markup {
    html! {
        @if view.descriptor.needs_code() {
            section class="consent" aria-labelledby="h-bounds" {
                div {
                    h2 id="h-bounds" { "What one call may use" }
                    @if view.bounds.is_empty() {
                        p class="mt-2 muted" { "What is usual here." }
                    } @else {
                        ul class="asks" {
                            @for setting in view.bounds.settings() { li { span { (setting.sentence()) } } }
                        }
                    }
                    p class="mt-2" {
                        a class="link" href=(paths::plugin_bounds(&view.descriptor.id)) {
                            (if view.may_install { "Set it higher or lower" } else { "See all of it" })
                        }
                    }
                }
            }
        }
    }
}

/// The form posts to [`paths::plugin_bounds`], a control for each bound by [`field`].
pub fn bounds(shell: &Shell, view: &BoundsPage<'_>) -> Markup {
    let descriptor = view.descriptor;
    let classes: Vec<Class> = Class::ALL.into_iter().filter(|class| descriptor.has(*class)).collect();
    let all: Vec<Option<(Class, Bound)>> = std::iter::once(None)
        .chain(classes.iter().flat_map(|class| Bound::ALL.map(|bound| Some((*class, bound)))))
        .collect();
    let names: Vec<(String, String)> = all.iter().map(|of| (field(*of), title(*of))).collect();
    let named: Vec<(&str, String)> = names.iter().map(|(name, title)| (name.as_str(), title.clone())).collect();
    let head = Head {
        title: "What one call may use",
        crumbs: vec![
            Crumb { title: "Plugins", href: paths::PLUGINS.to_owned() },
            Crumb { title: &descriptor.title, href: paths::plugin(&descriptor.id) },
        ],
        tag: None,
        actions: None,
        sheets: super::SHEETS,
    };
    let body = html! {
        form method="post" action=(paths::plugin_bounds(&descriptor.id)) novalidate {
            input type="hidden" name="seen" value=(view.granted_version);
            (issues::summary(view.issues, &named, view.fault))
            div class="band" {
                p class="muted" {
                    "A call that goes beyond is ended, and nothing of it is kept. What is left empty is as usual here: the number in the field."
                }
                div class="form mt-4" { (control(view, None)) }
                @for class in &classes {
                    section class="mt-6" aria-labelledby={ "h-" (class.as_str()) } {
                        div class="row-head" { h2 id={ "h-" (class.as_str()) } { (class.title()) } }
                        div class="form mt-4" {
                            @for bound in Bound::ALL { (control(view, Some((*class, bound)))) }
                        }
                    }
                }
            }
            div class="form-foot" {
                @if view.may_change { button class="btn btn-primary" type="submit" { "Save" } }
                a class="btn" href=(paths::plugin(&descriptor.id)) { (if view.may_change { "Cancel" } else { "Back" }) }
            }
        }
    };
    shell.page(&head, &body)
}

fn title(of: Option<(Class, Bound)>) -> String {
    of.map_or_else(
        || "Instances at a time".to_owned(),
        |(class, bound)| format!("{}: {}", class.title(), bound.title()),
    )
}

fn control(view: &BoundsPage<'_>, of: Option<(Class, Bound)>) -> Markup {
    let name = field(of);
    let label = of.map_or("Instances at a time", |(_, bound)| bound.title());
    let typed = view.typed.iter().find(|(typed, _)| *typed == name).map_or("", |(_, value)| value.as_str());
    let usual = view.usual.usual(of).to_string();
    let wanted = &view.descriptor.grants.bounds;
    let asked =
        wanted.settings().find(|setting| setting.of == of).map(|setting| format!("It asks for {}.", setting.value));
    let mut control = Control::new(&name, label).width(Width::Third).errors(issues::at(view.issues, &name));
    if let Some(asked) = asked {
        control = control.hint(asked);
    }
    let input = Input { inputmode: Some("numeric"), placeholder: Some(&usual), ..Input::default() };
    control.input("text", typed, &input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{descriptor, shell};

    fn asking() -> Descriptor {
        let mut descriptor = descriptor();
        descriptor.grants.bounds = serde_json::from_str("{\"instances\":4,\"route\":{\"cpu_ms\":3000}}").unwrap();
        let route = r#"{ "name": "look", "method": "GET", "path": "/look", "title": "Look" }"#;
        descriptor.routes = vec![serde_json::from_str(route).unwrap()];
        descriptor
    }

    #[test]
    fn what_is_asked_for_is_consented_to_one_by_one() {
        let descriptor = asking();
        let set = serde_json::from_str("{\"instances\":4}").unwrap();
        let html = consents(&bound_asks(&descriptor.grants.bounds, &set)).into_string();
        assert!(html.contains("<input type=\"hidden\" name=\"grant\" value=\"bound instances 4\">"), "{html}");
        assert!(html.contains("name=\"grant\" value=\"bound route.cpu_ms 3000\" checked"), "{html}");
        assert!(html.contains("A route may compute for 3 s."), "{html}");
        let all = consents(&bound_asks(&descriptor.grants.bounds, &descriptor.grants.bounds)).into_string();
        assert!(!all.contains("checkbox"), "{all}");
    }

    #[test]
    fn a_form_shows_what_is_usual_and_keeps_what_was_typed() {
        let descriptor = asking();
        let issues = [Issue::new("/route.rows", "out-of-range", "It is to be less.")];
        let view = BoundsPage {
            descriptor: &descriptor,
            usual: &Allowance::default(),
            typed: &[("route.rows".to_owned(), "<many>".to_owned())],
            issues: &issues,
            fault: None,
            granted_version: 7,
            may_change: true,
        };
        let html = bounds(&shell(), &view).into_string();
        assert!(html.contains("value=\"&lt;many&gt;\"") && html.contains("It is to be less."), "{html}");
        assert!(html.contains("placeholder=\"50000\"") && html.contains("It asks for 3000."), "{html}");
        assert!(html.contains("name=\"seen\" value=\"7\""), "{html}");
        assert!(!html.contains("h-service"), "it has no services");
    }
}
