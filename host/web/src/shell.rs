//! The house around a signed-in page: top bar, rail, sheet, tab bar, and what was just done.

use crate::document::{Document, Theme};
use crate::format::{initials, tone};
use crate::icon::{icon, large};
use crate::navigation::Navigation;
use crate::paths;
use crate::reader::Reader;
use lignaflow_core::accent::Accent;
use maud::{Markup, html};

/// What every signed-in page needs to know of the person and the organization.
#[derive(Debug, Clone)]
pub struct Shell {
    pub reader: Reader,
    pub theme: Theme,
    pub person: Person,
    /// The organization's name.
    pub organization: String,
    /// Its colour.
    pub accent: Accent,
    /// All organizations of the person; a switcher appears from two on.
    pub organizations: Vec<Membership>,
    pub navigation: Navigation,
    /// Path and query of this page, on which the rail marks where one is, and to which small forms return.
    pub path: String,
    pub flash: Option<Flash>,
    /// Notices that were not read, up to a hundred.
    pub unread: u32,
}

#[derive(Debug, Clone)]
pub struct Person {
    pub name: String,
    pub email: String,
    /// Somebody else chose their password and still knows it.
    pub password_temporary: bool,
}

#[derive(Debug, Clone)]
pub struct Membership {
    pub id: String,
    pub name: String,
    pub current: bool,
}

/// What the last request did, said once, with a way back where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    pub text: String,
    pub undo: Option<Undo>,
}

/// A POST that takes the last act back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    pub action: String,
    pub fields: Vec<(String, String)>,
}

/// One step of the way here.
#[derive(Debug, Clone)]
pub(crate) struct Crumb<'a> {
    pub(crate) title: &'a str,
    pub(crate) href: String,
}

/// The head of a page.
#[derive(Debug, Default)]
pub(crate) struct Head<'a> {
    pub(crate) title: &'a str,
    pub(crate) crumbs: Vec<Crumb<'a>>,
    /// A state beside the title.
    pub(crate) tag: Option<Markup>,
    pub(crate) actions: Option<Markup>,
    /// Sheets beside the one that every page has.
    pub(crate) sheets: &'a [&'a str],
}

impl Shell {
    pub(crate) fn page(&self, head: &Head<'_>, body: &Markup) -> Markup {
        let whole = html! {
            a class="skip" href="#main" { "Skip to content" }
            lf-keys {
                div class="app" {
                    (self.topbar())
                    (self.navigation.rail(&self.path))
                    main class="sheet" id="main" tabindex="-1" { (page_head(head)) (body) }
                }
                (self.navigation.tabbar(&self.path))
            }
            (self.toast())
        };
        let (lang, theme, accent) = (self.reader.locale.tag(), self.theme, self.accent);
        Document { title: head.title, lang, theme, sheets: head.sheets, accent }.render(&whole)
    }

    /// That somebody else knows their password, until they have chosen another.
    pub(crate) fn password_note(&self) -> Markup {
        html! {
            @if self.person.password_temporary {
                div class="band mt-4" {
                    div class="note note-warn" role="status" {
                        (icon("key"))
                        p { "Somebody else chose your password. " a class="link" href={ (paths::ACCOUNT) "#h-password" } { "Choose one that you alone know" } "." }
                    }
                }
            }
        }
    }

    fn topbar(&self) -> Markup {
        html! {
            header class="topbar" {
                a class="brand" href=(paths::HOME) {
                    (large("mark")) span class="trunc" { (self.organization) }
                }
                lf-jump {
                    form class="jump" action=(paths::SEARCH) role="search" {
                        label for="jump" { (icon("search")) span class="visually-hidden" { "Search or jump to" } }
                        input id="jump" type="search" name="q" placeholder="Search or jump to" autocomplete="off" data-key="/";
                        kbd aria-hidden="true" { "/" }
                    }
                }
                div class="topbar-end" {
                    a class="btn btn-quiet btn-icon only-phone" href=(paths::SEARCH) aria-label="Search or jump to" { (icon("search")) }
                    (self.bell())
                    (self.account_menu())
                }
            }
        }
    }

    fn bell(&self) -> Markup {
        let said = match self.unread {
            0 => "Notices".to_owned(),
            count => format!("Notices, {count} unread"),
        };
        html! {
            a class="btn btn-quiet btn-icon bell" href=(paths::NOTICES) aria-label=(said) {
                (icon("bell"))
                @if self.unread > 0 { span class="count count-due" aria-hidden="true" { (if self.unread > 99 { "99+".to_owned() } else { self.unread.to_string() }) } }
            }
        }
    }

    fn account_menu(&self) -> Markup {
        html! {
            lf-menu {
                details class="menu" {
                    summary class="btn btn-quiet btn-icon" aria-label={ (self.person.name) ", account" } {
                        span class={ "avatar avatar-l " (tone(&self.person.email)) } aria-hidden="true" { (initials(&self.person.name)) }
                    }
                    div class="menu-list" {
                        p class="menu-who" { b { (self.person.name) } span class="sub" { (self.person.email) } }
                        hr;
                        @if self.organizations.len() > 1 {
                            form method="post" action=(paths::SWITCH_ORGANIZATION) {
                                @for membership in &self.organizations {
                                    button type="submit" name="organization" value=(membership.id) aria-current=[membership.current.then_some("true")] {
                                        (icon(if membership.current { "check" } else { "mark" })) (membership.name)
                                    }
                                }
                            }
                            hr;
                        }
                        (theme_switch(self.theme, &self.path))
                        hr;
                        a href=(paths::ACCOUNT) { (icon("key")) "Account and tokens" }
                        a href=(paths::SWAGGER) { (icon("link")) "API" }
                        lf-help hidden { button type="button" { (icon("info")) "Keyboard" span class="hint" { kbd { "?" } } } }
                        hr;
                        form method="post" action=(paths::SIGN_OUT) {
                            button type="submit" { (icon("leave")) "Sign out" }
                        }
                    }
                }
            }
        }
    }

    fn toast(&self) -> Markup {
        html! {
            lf-toast {
                div role="status" aria-live="polite" {
                    @if let Some(flash) = &self.flash {
                        div class="toast" {
                            span { (flash.text) }
                            @if let Some(undo) = &flash.undo {
                                form method="post" action=(undo.action) {
                                    @for (name, value) in &undo.fields { input type="hidden" name=(name) value=(value); }
                                    button class="btn btn-small" type="submit" { "Undo" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn page_head(head: &Head<'_>) -> Markup {
    html! {
        div class="page-head" {
            div class="page-head-main" {
                @if !head.crumbs.is_empty() {
                    nav aria-label="Breadcrumb" {
                        ol class="crumbs" { @for crumb in &head.crumbs { li { a href=(crumb.href) { (crumb.title) } } } }
                    }
                }
                h1 { (head.title) @if let Some(tag) = &head.tag { " " (tag) } }
            }
            @if let Some(actions) = &head.actions { div class="actions" { (actions) } }
        }
    }
}

/// Three buttons that post the choice; script sets the cookie and the colours at once.
pub(crate) fn theme_switch(theme: Theme, back: &str) -> Markup {
    html! {
        lf-theme {
            form class="theme" method="post" action=(paths::THEME) {
                input type="hidden" name="back" value=(back);
                span class="btn-group" role="group" aria-label="Colours" {
                    @for choice in Theme::ALL {
                        @let (name, title) = match choice {
                            Theme::System => ("screen", "As the system"),
                            Theme::Light => ("sun", "Light"),
                            Theme::Dark => ("moon", "Dark"),
                        };
                        button class="btn btn-small btn-icon" type="submit" name="theme" value=(choice.as_str())
                            aria-pressed=(if choice == theme { "true" } else { "false" }) aria-label=(title) title=(title) { (icon(name)) }
                    }
                }
            }
        }
    }
}
