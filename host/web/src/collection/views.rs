//! Saved views over a list: a tab for each, and what may be done with the list as it stands.

use super::follow::{self, Follow};
use super::form::lower_first;
use super::query::ListQuery;
use super::share;
use crate::icon::icon;
use crate::paths;
use lignaflow_core::catalog::Schema;
use maud::{Markup, html};

/// One view that the reader sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    /// By which an address opens it: its id, or what its plugin calls it.
    pub key: String,
    pub name: String,
    /// Its plugin has it: nobody changes it.
    pub given: bool,
    /// Everybody of the organization sees it.
    pub shared: bool,
    /// The list opens with it.
    pub standard: bool,
    /// Whether the reader may change it.
    pub own: bool,
}

/// The views of a list.
#[derive(Debug, Clone, Default)]
pub struct ViewBar {
    pub views: Vec<SavedView>,
    /// Whether the current one was changed since it was opened.
    pub changed: bool,
    pub may_save: bool,
    /// Whether the reader may choose what everybody's list opens with.
    pub may_choose: bool,
    /// What the reader has of the current one.
    pub follow: Option<Follow>,
    /// Where they share it with people outside, where they may.
    pub share: Option<String>,
    /// Why the last attempt to keep one failed, or what is no longer true of the current one.
    pub fault: Option<String>,
}

impl ViewBar {
    fn current(&self, query: &ListQuery) -> Option<&SavedView> {
        let key = query.view.as_deref()?;
        self.views.iter().find(|view| view.key == key)
    }
}

pub(super) fn bar(schema: &Schema, query: &ListQuery, bar: &ViewBar) -> Markup {
    let base = paths::list(&schema.name);
    let current = bar.current(query);
    let keepable = bar.may_save && !query.is_plain();
    html! {
        @if let Some(fault) = &bar.fault {
            div class="band" { div class="note note-bad" role="alert" { (icon("alert")) p { (fault) } } }
        }
        @if !bar.views.is_empty() || keepable {
            div class="views" {
                @if !bar.views.is_empty() {
                    nav class="tabs" aria-label="Views" {
                        a href=(ListQuery::all(&base)) aria-current=[(current.is_none() && query.is_plain()).then_some("page")] {
                            "All " (lower_first(&schema.collection.title.many))
                        }
                        @for view in &bar.views {
                            a href=(ListQuery::view(&base, &view.key)) aria-current=[(current == Some(view)).then_some("page")] {
                                (view.name)
                                @if view.shared { (icon("people")) span class="visually-hidden" { "shared" } }
                            }
                        }
                    }
                }
                span class="end" {
                    @if let Some(of) = bar.follow.as_ref().filter(|_| current.is_some()) { (follow::menu(of)) }
                    @if let Some(share) = bar.share.as_ref().filter(|_| current.is_some()) { (share::button(share)) }
                    @if let Some(view) = current.filter(|view| view.own && bar.may_save) { (change(schema, query, bar, view)) }
                    @if keepable && (bar.changed || current.is_none_or(|view| view.given)) { (keep(schema, query, bar)) }
                }
            }
        }
    }
}

/// The form that keeps the list as it stands.
fn keep(schema: &Schema, query: &ListQuery, bar: &ViewBar) -> Markup {
    html! {
        lf-menu {
            details class="menu" {
                summary class="btn btn-small" { (icon("plus")) "Save view" }
                form class="menu-list menu-ask" method="post" action=(paths::views(&schema.name)) {
                    input type="hidden" name="query" value=(query.kept());
                    div class="field" {
                        label for="view-name" { "Name of the view" }
                        input class="input" id="view-name" name="name" required maxlength="80" autocomplete="off";
                    }
                    (choices(bar, None))
                    button class="btn btn-primary" type="submit" { "Save view" }
                }
            }
        }
    }
}

/// What may be done with the current view.
fn change(schema: &Schema, query: &ListQuery, bar: &ViewBar, view: &SavedView) -> Markup {
    let name = &schema.name;
    html! {
        @if bar.changed {
            form method="post" action=(paths::view(name, &view.key)) {
                input type="hidden" name="query" value=(query.kept());
                button class="btn btn-small" type="submit" { (icon("check")) "Update view" }
            }
        }
        lf-menu {
            details class="menu" {
                summary class="btn btn-small btn-quiet" { (icon("pen")) "Edit view" }
                div class="menu-list menu-ask" {
                    form method="post" action=(paths::view(name, &view.key)) class="view-form" {
                        input type="hidden" name="settings" value="true";
                        div class="field" {
                            label for="view-rename" { "Name of the view" }
                            input class="input" id="view-rename" name="name" value=(view.name) required maxlength="80" autocomplete="off";
                        }
                        (choices(bar, Some(view)))
                        button class="btn btn-primary" type="submit" { "Save" }
                    }
                    form method="post" action=(paths::view_remove(name, &view.key)) {
                        button class="btn btn-danger" type="submit" { (icon("cross")) "Delete view" }
                    }
                }
            }
        }
    }
}

fn choices(bar: &ViewBar, view: Option<&SavedView>) -> Markup {
    let check = |name: &str, text: &str, on: bool| {
        html! {
            label class="hit" { input type="checkbox" name=(name) value="true" checked[on]; (text) }
        }
    };
    html! {
        div class="checks" {
            (check("shared", "Everybody here sees it", view.is_some_and(|view| view.shared)))
            (check("standard", if bar.may_choose { "The list opens with it; for everybody, where it is shared" } else { "My list opens with it" }, view.is_some_and(|view| view.standard)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{catalog, id};

    fn html_of(query: &str, views: Vec<SavedView>, changed: bool) -> String {
        let catalog = catalog();
        let schema = catalog.schema(&"projects/projects".parse().unwrap()).unwrap();
        let query = ListQuery::of(query.split('&').filter_map(|pair| pair.split_once('=')));
        let bar_of =
            ViewBar { views, changed, may_save: true, may_choose: false, follow: None, share: None, fault: None };
        bar(schema, &query, &bar_of).into_string()
    }

    fn late() -> SavedView {
        SavedView {
            key: id(9).to_string(),
            given: false,
            name: "Late <ones>".into(),
            shared: true,
            standard: false,
            own: true,
        }
    }

    #[test]
    fn a_list_without_views_offers_to_keep_what_narrows_it() {
        assert_eq!(html_of("", Vec::new(), false), "");
        let html = html_of("filter[status]=active&sort=-due", Vec::new(), false);
        assert!(html.contains("name=\"query\" value=\"filter%5Bstatus%5D=active&amp;sort=-due\""), "{html}");
        assert!(!html.contains("<nav"));
    }

    #[test]
    fn the_current_view_is_a_tab_and_can_be_changed() {
        let html = html_of(&format!("view={}&filter[status]=active", id(9)), vec![late()], false);
        assert!(html.contains(&format!("view={}\" aria-current=\"page\">Late &lt;ones&gt;", id(9))), "{html}");
        assert!(html.contains("Edit view") && html.contains("Delete view") && !html.contains("Update view"));
        let html = html_of(&format!("view={}&filter[status]=closed", id(9)), vec![late()], true);
        assert!(html.contains("Update view") && html.contains("Save view"), "{html}");
    }

    #[test]
    fn somebody_elses_view_is_opened_and_not_changed() {
        let html = html_of(&format!("view={}&sort=due", id(9)), vec![SavedView { own: false, ..late() }], false);
        assert!(!html.contains("Edit view"), "{html}");
    }
}
