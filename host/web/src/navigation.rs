//! Where one can go: the collections and pages of the plugins that are on, in the rail, on the phone's tab bar, and on
//! the page that searches.

use crate::icon::{icon, large};
use crate::paths;
use lignaflow_core::descriptor::{Block, Collection, Descriptor, Menu};
use lignaflow_core::name::CollectionName;
use maud::{Markup, html};

/// One place to go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub title: String,
    pub href: String,
    pub icon: String,
    /// The letter that goes there after `g`.
    pub key: Option<char>,
    /// A number beside it that waits for the reader.
    pub due: Option<u32>,
    /// What belongs here without a place of its own: parts of its records.
    pub parts: Vec<String>,
    /// Whether a timer is started and stopped there, which is what a phone is taken out for.
    pub timed: bool,
}

/// The places of one plugin, under its title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub title: String,
    pub places: Vec<Place>,
    /// What is looked at seldom, behind “More”.
    pub more: Vec<Place>,
}

/// Everywhere that a person may go.
#[derive(Debug, Clone, Default)]
pub struct Navigation {
    pub sections: Vec<Section>,
    /// At the foot of the rail: what administrators see.
    pub foot: Vec<Place>,
}

impl Place {
    pub fn new(title: impl Into<String>, href: impl Into<String>, icon: impl Into<String>) -> Self {
        let (title, href, icon) = (title.into(), href.into(), icon.into());
        Self { title, href, icon, key: None, due: None, parts: Vec::new(), timed: false }
    }

    /// Whether a page at `path` belongs here.
    fn holds(&self, path: &str) -> bool {
        let path = path.split(['?', '#']).next().unwrap_or(path);
        let within = |href: &str| path.strip_prefix(href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        path == self.href || (self.href.len() > 1 && within(&self.href)) || self.parts.iter().any(|part| within(part))
    }
}

/// A collection's list, with the parts of its records.
fn of_collection(descriptor: &Descriptor, collection: &Collection) -> Place {
    let path = |collection: &Collection| paths::list(&CollectionName::new(&descriptor.id, &collection.name));
    let icon = collection.icon.clone().or_else(|| descriptor.icon.clone()).unwrap_or_else(|| "file".to_owned());
    let mut place = Place::new(&collection.title.many, path(collection), icon);
    let mut wholes = vec![&collection.name];
    // Parts of parts as well: a line is of a revision, which is of an estimate.
    while let Some(whole) = wholes.pop() {
        for part in descriptor.collections.iter().filter(|part| part.menu() == Menu::None) {
            let of = part.part_of.as_ref().and_then(|field| part.fields.get(field)?.to.as_deref());
            if of == Some(whole.as_str()) {
                place.parts.push(path(part));
                wholes.push(&part.name);
            }
        }
    }
    place
}

impl Navigation {
    /// The rail of an organization: for each plugin that is on, its pages that this person may open, then its
    /// collections of which they may see records.
    pub fn of<'a>(
        enabled: impl IntoIterator<Item = &'a Descriptor>,
        may_list: impl Fn(&Descriptor, &Collection) -> bool,
        may_open: impl Fn(&str) -> bool,
        administers_plugins: bool,
    ) -> Self {
        let mut sections = Vec::new();
        for descriptor in enabled {
            let mut places: Vec<Place> = descriptor
                .pages
                .iter()
                .filter(|page| page.is_in_menu())
                .filter(|page| {
                    page.permission.as_ref().is_none_or(|permission| may_open(&permission.full(&descriptor.id)))
                })
                .map(|page| {
                    let icon = page.icon.clone().unwrap_or_else(|| "chart".to_owned());
                    let timed = page.blocks.iter().any(|block| matches!(block, Block::Timer(_)));
                    Place { timed, ..Place::new(&page.title, paths::page(&descriptor.id, &page.name), icon) }
                })
                .collect();
            let mut more = Vec::new();
            for collection in descriptor.collections.iter().filter(|collection| may_list(descriptor, collection)) {
                match collection.menu() {
                    Menu::First => places.push(of_collection(descriptor, collection)),
                    Menu::More => more.push(of_collection(descriptor, collection)),
                    Menu::None => {}
                }
            }
            if !places.is_empty() || !more.is_empty() {
                sections.push(Section { title: descriptor.title.clone(), places, more });
            }
        }
        let foot = if administers_plugins { vec![Place::new("Plugins", paths::PLUGINS, "plug")] } else { Vec::new() };
        let mut navigation = Self { sections, foot };
        navigation.give_keys();
        navigation
    }

    /// With one more place at the foot of the rail.
    #[must_use]
    pub fn with_foot(mut self, place: Place) -> Self {
        self.foot.push(place);
        self.give_keys();
        self
    }

    /// Each place gets the first letter of its title that is still free; `h` is home.
    fn give_keys(&mut self) {
        let mut taken = vec!['h'];
        let places = self.sections.iter_mut().flat_map(|section| section.places.iter_mut()).chain(self.foot.iter_mut());
        for place in places {
            let free = place
                .title
                .chars()
                .map(|c| c.to_ascii_lowercase())
                .find(|c| c.is_ascii_lowercase() && !taken.contains(c));
            taken.extend(free);
            place.key = free;
        }
    }

    /// The href of the place that a page belongs to: the longest that holds its path.
    fn current(&self, path: &str) -> Option<&str> {
        self.places().filter(|place| place.holds(path)).map(|place| place.href.as_str()).max_by_key(|href| href.len())
    }

    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.sections.iter().flat_map(|section| section.places.iter().chain(&section.more)).chain(self.foot.iter())
    }

    /// Where time is taken, then what is looked at often.
    fn first(&self) -> impl Iterator<Item = &Place> {
        let often = || self.sections.iter().flat_map(|section| &section.places);
        often().filter(|place| place.timed).take(1).chain(often().filter(|place| !place.timed))
    }

    pub(crate) fn rail(&self, path: &str) -> Markup {
        let current = self.current(path);
        let home = Place { key: Some('h'), ..Place::new("Home", paths::HOME, "home") };
        html! {
            nav class="rail" aria-label="Main" {
                div { ul { li { (link(&home, path == paths::HOME)) } } }
                @for section in &self.sections {
                    div {
                        h2 { (section.title) }
                        ul { @for place in &section.places { li { (link(place, current == Some(place.href.as_str()))) } } }
                        @if !section.more.is_empty() {
                            @let open = section.more.iter().any(|place| current == Some(place.href.as_str()));
                            details open[open] {
                                summary { (icon("more")) "More" span class="visually-hidden" { " of " (section.title) } }
                                ul {
                                    @for place in &section.more { li { (link(place, current == Some(place.href.as_str()))) } }
                                }
                            }
                        }
                    }
                }
                @if !self.foot.is_empty() {
                    div class="rail-foot" {
                        ul { @for place in &self.foot { li { (link(place, current == Some(place.href.as_str()))) } } }
                    }
                }
            }
        }
    }

    /// The phone's: home, two places, and everything.
    pub(crate) fn tabbar(&self, path: &str) -> Markup {
        let current = self.current(path);
        let first: Vec<&Place> = self.first().take(2).collect();
        let elsewhere = path != paths::HOME && !first.iter().any(|place| current == Some(place.href.as_str()));
        let tab = |title: &str, href: &str, name: &str, here: bool| {
            html! { a href=(href) aria-current=[here.then_some("page")] { (large(name)) (title) } }
        };
        html! {
            nav class="tabbar" aria-label="Main, phone" {
                (tab("Home", paths::HOME, "home", path == paths::HOME))
                @for place in &first { (tab(&place.title, &place.href, &place.icon, current == Some(place.href.as_str()))) }
                (tab("More", paths::SEARCH, "more", elsewhere))
            }
        }
    }
}

fn link(place: &Place, current: bool) -> Markup {
    html! {
        a href=(place.href) aria-current=[current.then_some("page")] data-go=[place.key] {
            (icon(&place.icon)) (place.title)
            @if let Some(due) = place.due {
                " " span class="count count-due" { span class="visually-hidden" { "waiting: " } (due) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::descriptor;

    #[test]
    fn a_page_belongs_to_the_longest_place_that_holds_it() {
        let navigation = Navigation::of([&descriptor()], |_, _| true, |_| true, true);
        assert_eq!(navigation.current("/projects/projects/018f/edit?x=1"), Some("/projects/projects"));
        assert_eq!(navigation.current("/projects/projectsx"), None);
        assert_eq!(navigation.current("/admin/plugins/projects"), Some("/admin/plugins"));
    }

    #[test]
    fn what_is_looked_at_seldom_is_behind_more_and_parts_belong_to_their_whole() {
        let mut descriptor = descriptor();
        let titles = |places: &[Place]| places.iter().map(|place| place.title.clone()).collect::<Vec<_>>();
        descriptor.collections[1].menu = Some(Menu::More);
        let menu = Navigation::of([&descriptor], |_, _| true, |_| true, false);
        assert_eq!(titles(&menu.sections[0].places), ["Overview", "Projects"]);
        assert_eq!(titles(&menu.sections[0].more), ["Clients"]);
        assert!(menu.rail("/").into_string().contains("<details><summary>"));
        assert!(menu.rail("/projects/clients").into_string().contains("<details open><summary>"));
        // Projects as parts of their client.
        descriptor.collections[1].menu = None;
        descriptor.collections[0].part_of = Some("client".parse().unwrap());
        let menu = Navigation::of([&descriptor], |_, _| true, |_| true, false);
        assert_eq!(titles(&menu.sections[0].places), ["Overview", "Clients"]);
        assert_eq!(menu.current("/projects/projects/018f"), Some("/projects/clients"));
    }

    #[test]
    fn a_phone_has_the_timer_first_and_nothing_that_is_looked_at_seldom() {
        let place = |title: &str, timed| Place { timed, ..Place::new(title, format!("/{title}"), "chart") };
        let section = |places, more| Section { title: "Plugin".to_owned(), places, more };
        let sections = vec![
            section(Vec::new(), vec![place("Tax codes", false)]),
            section(vec![place("Overview", false), place("Tasks", false)], Vec::new()),
            section(vec![place("Now", true), place("My week", false)], Vec::new()),
        ];
        let navigation = Navigation { sections, foot: Vec::new() };
        let titles: Vec<&str> = navigation.first().map(|place| place.title.as_str()).collect();
        assert_eq!(titles, ["Now", "Overview", "Tasks", "My week"]);
    }

    #[test]
    fn every_place_has_its_own_letter() {
        let navigation = Navigation::of([&descriptor()], |_, _| true, |_| true, true);
        let mut keys: Vec<char> = navigation.places().filter_map(|place| place.key).collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all);
        assert!(!keys.contains(&'h'));
    }

    #[test]
    fn what_may_not_be_opened_is_not_shown() {
        let navigation = Navigation::of([&descriptor()], |_, _| false, |_| false, false);
        assert_eq!(navigation.places().map(|place| place.title.as_str()).collect::<Vec<_>>(), ["Overview"]);
    }
}
