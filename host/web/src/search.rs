//! Searching everything, and the page that leads everywhere.

use crate::empty::empty;
use crate::home::places;
use crate::icon::icon;
use crate::paths;
use crate::shell::{Head, Shell};
use maud::{Markup, html};

/// Records of one collection that match.
#[derive(Debug, Clone)]
pub struct Group {
    /// `Projects`.
    pub title: String,
    pub icon: String,
    pub hits: Vec<Hit>,
    /// The list with the same search, where there are more.
    pub more: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Hit {
    pub label: String,
    pub href: String,
    /// What tells it from others of its name, or empty.
    pub hint: String,
    /// Where the words stand, if not in its name.
    pub snippet: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub struct SearchPage<'a> {
    /// What was searched for; empty shows every place.
    pub q: &'a str,
    pub groups: &'a [Group],
}

pub fn page(shell: &Shell, view: &SearchPage<'_>) -> Markup {
    let found = places_named(shell, view.q);
    let body = html! {
        div class="band" {
            lf-search { form class="search-form" role="search" action=(paths::SEARCH) {
                label class="visually-hidden" for="search" { "Search or jump to" }
                input class="input" id="search" type="search" name="q" value=(view.q) placeholder="A name, a number, a word" autofocus autocomplete="off";
                button class="btn btn-primary" type="submit" { (icon("search")) "Search" }
            } }
        }
        div class="band mt-6" id="found" {
            @if view.q.is_empty() {
                div class="stack places" { (places(shell)) (administration(shell)) }
            } @else if view.groups.is_empty() && found.is_empty() {
                (empty("Nothing found", "Search looks at names and texts that plugins marked for it. Try one word, or part of a number.", &html! { a class="btn" href=(paths::SEARCH) { "See all there is" } }))
            } @else {
                div class="stack" {
                    @if !found.is_empty() {
                        section aria-label="Pages" {
                            div class="row-head" { h2 { "Pages" } }
                            ul class="list" { @for (title, href, name) in &found { li { (icon(name)) a href=(href) { (title) } } } }
                        }
                    }
                    @for group in view.groups { (group_of(group)) }
                }
            }
        }
    };
    let title = if view.q.is_empty() { "Search".to_owned() } else { format!("Search: {}", view.q) };
    shell.page(&Head { title: &title, ..Head::default() }, &body)
}

fn group_of(group: &Group) -> Markup {
    html! {
        section aria-label=(group.title) {
            div class="row-head" {
                h2 { (group.title) }
                @if let Some(more) = &group.more { a class="link small end" href=(more) { "All that match" } }
            }
            ul class="list" {
                @for hit in &group.hits {
                    li {
                        (icon(&group.icon))
                        a href=(hit.href) {
                            (hit.label)
                            @if let Some(snippet) = &hit.snippet { span class="sub" { (snippet) } }
                        }
                        @if !hit.hint.is_empty() { span class="end" { (hit.hint) } }
                    }
                }
            }
        }
    }
}

fn administration(shell: &Shell) -> Markup {
    html! {
        section aria-label="More" {
            div class="row-head" { h2 { "More" } }
            ul class="list" {
                @for place in &shell.navigation.foot { li { (icon(&place.icon)) a href=(place.href) { (place.title) } } }
                li { (icon("key")) a href=(paths::ACCOUNT) { "Account and tokens" } }
                li { (icon("link")) a href=(paths::SWAGGER) { "API" } }
            }
        }
    }
}

/// Places whose title has all the words.
fn places_named<'a>(shell: &'a Shell, q: &str) -> Vec<(&'a str, &'a str, &'a str)> {
    let words: Vec<String> = q.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() {
        return Vec::new();
    }
    shell
        .navigation
        .places()
        .filter(|place| {
            let title = place.title.to_lowercase();
            words.iter().all(|word| title.contains(word.as_str()))
        })
        .map(|place| (place.title.as_str(), place.href.as_str(), place.icon.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;

    #[test]
    fn a_hit_shows_where_the_words_stand() {
        let hit = Hit {
            label: "Bench".into(),
            href: "/projects/tasks/1".into(),
            hint: "Reception fit-out".into(),
            snippet: Some("of solid oak".into()),
        };
        let group = Group { title: "Tasks".into(), icon: "check".into(), hits: vec![hit], more: None };
        let html = page(&shell(), &SearchPage { q: "oak", groups: &[group] }).into_string();
        assert!(html.contains("href=\"/projects/tasks/1\">Bench<span class=\"sub\">of solid oak</span></a>"));
    }

    #[test]
    fn pages_are_found_beside_records() {
        let html = page(&shell(), &SearchPage { q: "over", groups: &[] }).into_string();
        assert!(html.contains("href=\"/projects/-/overview\">Overview</a>"));
        assert!(page(&shell(), &SearchPage { q: "zzz", groups: &[] }).into_string().contains("Nothing found"));
        assert!(page(&shell(), &SearchPage { q: "", groups: &[] }).into_string().contains("Account and tokens"));
    }
}
