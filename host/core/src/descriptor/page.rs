//! Pages that a plugin declares: blocks bound to collections.

use super::{
    Block, BoardBlock, CalendarBlock, ChartBlock, ChartKind, Collection, Descriptor, FieldKind, FigureBlock, Filters,
    PageLink, TableBlock, TimelineBlock,
};
use crate::name::{CollectionName, LocalName, PermissionName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A page of the plugin's own: blocks bound to queries and routes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Page {
    pub name: LocalName,
    pub title: String,
    #[serde(default)]
    pub icon: Option<String>,
    /// What opens it, of this plugin or, as `projects.see-money`, of another. It is in no menu of who does not hold it.
    #[serde(default)]
    pub permission: Option<PermissionName>,
    /// That it is opened by links, each for one record, and not from the navigation.
    #[serde(default)]
    pub link: Option<PageLink>,
    /// The collection whose records have this page each: it is reached from theirs and not from the menu. Filters of its
    /// blocks say `"{id}"` for that record.
    #[serde(default)]
    pub record: Option<LocalName>,
    /// That its blocks stand on the first page that people see, and not on a page of its own in the menu.
    #[serde(default)]
    pub home: bool,
    /// Where it is offered. Of pages of a record `more` puts it behind “More” beside their tabs; those in the menu are first.
    #[serde(default)]
    pub menu: Option<Menu>,
    pub blocks: Vec<Block>,
}

impl Page {
    /// Whether it is one of the places to go to.
    pub fn is_in_menu(&self) -> bool {
        self.link.is_none() && self.record.is_none() && !self.home
    }

    /// Whether it is looked at seldom: behind “More” beside the tabs of its record.
    pub fn is_seldom(&self) -> bool {
        self.menu == Some(Menu::More)
    }
}

/// Where the menu has a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Menu {
    /// Among the places of its plugin.
    First,
    /// Behind “More”: what is set up once, or looked at seldom.
    More,
    /// Nowhere: it is reached from what it belongs to.
    None,
}

impl Collection {
    /// Where the menu has it: parts nowhere, all others first, where nothing else is said.
    pub fn menu(&self) -> Menu {
        self.menu.unwrap_or(if self.part_of.is_some() { Menu::None } else { Menu::First })
    }
}

/// What stands in a filter for the record whose page it is.
pub const RECORD: &str = "{id}";

/// What a block asks of a collection: its paths with the key that each stands under.
#[derive(Debug, Clone)]
pub struct Asks<'a> {
    pub collection: &'a str,
    pub filter: Option<&'a Filters>,
    pub paths: Vec<(&'static str, &'a str)>,
}

impl Block {
    /// What it asks of which collection. A detail asks of the record whose page it is, and a text of nothing.
    pub fn asks<'a>(&'a self, page: &'a Page) -> Option<Asks<'a>> {
        let all = |key, paths: &'a [String]| paths.iter().map(move |path| (key, path.as_str()));
        let one = |key, path: &'a Option<String>| path.iter().map(move |path| (key, path.as_str()));
        let sorts = |sort: &'a Option<String>| {
            sort.iter().flat_map(|sort| sort.split(',')).map(|key| ("sort", key.trim_start_matches('-')))
        };
        Some(match self {
            Self::Table(block) => Asks {
                collection: &block.collection,
                filter: Some(&block.filter),
                paths: all("columns", &block.columns).chain(sorts(&block.sort)).collect(),
            },
            Self::Figure(block) => Asks {
                collection: &block.collection,
                filter: Some(&block.filter),
                paths: one("sum", &block.sum).collect(),
            },
            Self::Chart(block) => {
                let group = block.group.split_once(':').map_or(block.group.as_str(), |(path, _)| path);
                Asks {
                    collection: &block.collection,
                    filter: Some(&block.filter),
                    paths: std::iter::once(("group", group))
                        .chain(one("parts", &block.parts))
                        .chain(one("sum", &block.sum))
                        .collect(),
                }
            }
            Self::Board(block) => Asks {
                collection: &block.collection,
                filter: Some(&block.filter),
                paths: std::iter::once(("lanes", block.lanes()))
                    .chain(all("card", &block.card))
                    .chain(sorts(&block.sort))
                    .collect(),
            },
            Self::Timeline(block) => Asks {
                collection: &block.collection,
                filter: Some(&block.filter),
                paths: [("start", block.start.as_str()), ("end", block.end.as_str())]
                    .into_iter()
                    .chain(one("depends_on", &block.depends_on))
                    .chain(one("state", &block.state))
                    .collect(),
            },
            Self::Calendar(block) => Asks {
                collection: &block.collection,
                filter: Some(&block.filter),
                paths: vec![("date", block.date.as_str())],
            },
            Self::Comments(block) => Asks {
                collection: &block.collection,
                filter: None,
                paths: vec![("on", &block.on), ("text", &block.text), ("author", &block.author)],
            },
            Self::Detail(block) => Asks {
                collection: page.record.as_ref().or_else(|| page.link.as_ref().map(|link| &link.subject))?.as_str(),
                filter: None,
                paths: all("fields", &block.fields).collect(),
            },
            Self::Report(block) => {
                let groups = |paths: &'a [String]| {
                    paths.iter().map(|path| ("group", path.split_once(':').map_or(path.as_str(), |(path, _)| path)))
                };
                Asks {
                    collection: &block.collection,
                    filter: Some(&block.filter),
                    paths: one("date", &block.date)
                        .chain(groups(&block.groups))
                        .chain(groups(&block.group))
                        .chain(all("measures", &block.measures))
                        .chain(all("sum", &block.sum))
                        .collect(),
                }
            }
            _ => return None,
        })
    }

    /// Whether it is about the record whose page it stands on.
    pub fn needs_record(&self) -> bool {
        match self {
            Self::Comments(_) => true,
            Self::Table(TableBlock { filter, .. })
            | Self::Figure(FigureBlock { filter, .. })
            | Self::Chart(ChartBlock { filter, .. })
            | Self::Board(BoardBlock { filter, .. })
            | Self::Timeline(TimelineBlock { filter, .. })
            | Self::Calendar(CalendarBlock { filter, .. }) => filter.values().any(|value| value == RECORD),
            _ => false,
        }
    }
}

/// The most lanes of a board, and facts of a card.
const MOST_LANES: usize = 12;
const MOST_FACTS: usize = 6;

/// The rules of pages that no shape can say.
pub(super) fn check(descriptor: &Descriptor, page: &Page, key: &str, say: &mut impl FnMut(String, String)) {
    if page.record.is_some() && page.link.is_some() {
        say(format!("{key}.record"), "a page that links open is none of the house's".into());
    }
    super::record_pages::check(descriptor, page, key, say);
    super::house_form::check(descriptor, page, key, say);
    super::report::check(descriptor, page, key, say);
    super::download::check(descriptor, page, key, say);
    for (at, block) in page.blocks.iter().enumerate() {
        let key = format!("{key}.blocks[{at}]");
        if page.record.is_none() && block.needs_record() {
            say(key.clone(), "it is about one record: say of which collection, with `record` of the page".into());
        }
        if page.record.is_some() && !block.routes().is_empty() {
            say(key.clone(), "this block is of no record: it stands on a page without `record`".into());
        }
        let Some(asks) = block.asks(page) else {
            super::routed::check(descriptor, block, &key, say);
            continue;
        };
        if let Err(message) = super::check::target(descriptor, asks.collection) {
            say(key, message);
            continue;
        }
        let own =
            CollectionName::within(&descriptor.id, asks.collection).ok().filter(|name| name.plugin == descriptor.id);
        let collection = own.and_then(|name| descriptor.collection(name.local.as_str()));
        let kind = |path: &str| collection.and_then(|collection| collection.field(path)).map(|field| field.kind);
        match block {
            Block::Board(board) => {
                let Some(collection) = collection else {
                    say(format!("{key}.collection"), "a board moves records of the plugin's own".into());
                    continue;
                };
                let lanes = collection.field(board.lanes()).filter(|_| collection.is_state(board.lanes()));
                if lanes.is_none_or(|field| field.of.len() > MOST_LANES) {
                    let message =
                        format!("`{}` is no choice of up to {MOST_LANES} that transitions change", board.lanes());
                    say(format!("{key}.lanes"), message);
                }
                if board.card.len() > MOST_FACTS {
                    say(format!("{key}.card"), format!("a card says up to {MOST_FACTS} things"));
                }
            }
            Block::Timeline(timeline) => {
                for (name, path) in [("start", &timeline.start), ("end", &timeline.end)] {
                    if collection.is_some() && kind(path) != Some(FieldKind::Date) {
                        say(format!("{key}.{name}"), format!("`{path}` is not a date of this collection"));
                    }
                }
            }
            Block::Chart(chart) if (chart.kind == ChartKind::Stacked) != chart.parts.is_some() => {
                say(format!("{key}.parts"), "a chart of the kind `stacked` has `parts`, and no other".into());
            }
            Block::Calendar(calendar) if collection.is_some() && kind(&calendar.date) != Some(FieldKind::Date) => {
                say(format!("{key}.date"), format!("`{}` is not a date of this collection", calendar.date));
            }
            Block::Comments(comments) => {
                for (name, path, wanted) in [
                    ("on", &comments.on, FieldKind::Reference),
                    ("text", &comments.text, FieldKind::Text),
                    ("author", &comments.author, FieldKind::Person),
                ] {
                    if collection.is_none() || kind(path) != Some(wanted) {
                        say(
                            format!("{key}.{name}"),
                            format!("`{path}` is no such field of a collection of the plugin"),
                        );
                    }
                }
            }
            _ => {}
        }
    }
}
