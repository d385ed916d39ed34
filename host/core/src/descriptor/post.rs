//! What a descriptor says of letters, and of pages that people without an account open by a link.

use super::check::target;
use super::{Block, Descriptor, Field, FieldKind, Method, Page};
use crate::mail::{Letter, Part, Target};
use crate::name::{FieldName, LocalName};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashSet};

/// The most letters that one descriptor may declare.
const MAX_MAILS: usize = 50;
/// What the host puts in by itself: the organization's name.
const ORGANIZATION: &str = "organization";

/// A letter that code sends, in the organization's name. `{name}` stands for an argument of that name in every text of
/// it, and `{organization}` for the organization's name; what an argument holds is text and never markup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailTemplate {
    pub name: LocalName,
    /// What it is, in the list of letters.
    pub title: String,
    pub subject: String,
    /// Its paragraphs, with an empty line between two.
    pub text: String,
    /// Names with what they are, as a table under the text: `{ Total = "{total}" }`. What comes to nothing is left out.
    #[serde(default)]
    pub facts: IndexMap<String, String>,
    /// What stands on its button, which leads to the link or the record that it is sent with.
    #[serde(default)]
    pub button: Option<String>,
    /// What is said beside it, at the end.
    #[serde(default)]
    pub small: Option<String>,
}

/// That a page is opened by links: it shows one record to somebody without an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageLink {
    /// The collection of which a link opens one record.
    pub subject: LocalName,
    /// Routes that whoever holds the link may call. Each has one parameter in its path, for which the host puts the
    /// subject.
    #[serde(default)]
    pub routes: Vec<LocalName>,
    /// One of these, a POST without a body, that is called once somebody acts on the page: mail scanners follow links,
    /// so opening it tells nothing.
    #[serde(default)]
    pub seen: Option<LocalName>,
}

/// Fields of the record that the page is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DetailBlock {
    #[serde(default)]
    pub title: String,
    /// Paths, such as `client.name`.
    pub fields: Vec<String>,
}

/// A sheet that a GET route of the plugin puts together: title, facts, sections of rows, choices, totals, notes. The
/// host draws it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SheetBlock {
    pub route: LocalName,
}

/// A form that a route takes. On pages that links open it asks for the properties of the route's body; on those of the
/// house for its `fields`, which have the types of a collection's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FormBlock {
    #[serde(default)]
    pub title: String,
    pub route: LocalName,
    /// What stands on its button; the route's title where left out.
    #[serde(default)]
    pub button: Option<String>,
    /// The form is there while the record's choice fields have one of these values: `{ status = ["issued"] }`.
    #[serde(default)]
    pub when: IndexMap<FieldName, Vec<String>>,
    /// What is said once it was posted.
    #[serde(default)]
    pub done: Option<String>,
    /// Of pages of the house: what it asks for, by the names of the body's properties. A page of a record takes a route
    /// with one parameter in its path, for which the record stands.
    #[serde(default)]
    pub fields: IndexMap<FieldName, Field>,
}

/// A text with names in braces: what stands between them, and the names.
fn pieces(text: &str) -> Result<Vec<(&str, Option<&str>)>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (plain, from) = rest.split_at(open);
        let close = from.find('}').ok_or_else(|| format!("`{from}` has no closing brace"))?;
        let name = &from[1..close];
        if name.parse::<crate::name::FieldName>().is_err() {
            return Err(format!("`{{{name}}}` is not a name such as {{number}}"));
        }
        pieces.push((plain, Some(name)));
        rest = &from[close + 1..];
    }
    pieces.push((rest, None));
    Ok(pieces)
}

impl MailTemplate {
    fn texts(&self) -> impl Iterator<Item = &str> {
        let own = [self.subject.as_str(), self.text.as_str()].into_iter();
        let rest = self.button.iter().chain(&self.small).map(String::as_str);
        own.chain(rest).chain(self.facts.values().map(String::as_str))
    }

    /// The arguments that it wants.
    pub fn arguments(&self) -> BTreeSet<&str> {
        let pieces = self.texts().filter_map(|text| pieces(text).ok()).flatten();
        pieces.filter_map(|(_, name)| name).filter(|name| *name != ORGANIZATION).collect()
    }

    /// The letter with these arguments. `to` is where its button leads.
    pub fn letter(&self, organization: &str, arguments: &[(String, String)], to: Option<Target>) -> Letter {
        let filled = |text: &str| {
            let mut out = String::new();
            for (plain, name) in pieces(text).unwrap_or_default() {
                out.push_str(plain);
                if let Some(name) = name {
                    let given = arguments.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
                    out.push_str(if name == ORGANIZATION { organization } else { given.unwrap_or_default() });
                }
            }
            out
        };
        let mut letter = Letter::new(filled(&self.subject));
        for paragraph in filled(&self.text).split("\n\n").map(str::trim).filter(|it| !it.is_empty()) {
            letter = letter.text(paragraph);
        }
        let facts: Vec<(String, String)> = self
            .facts
            .iter()
            .map(|(name, text)| (name.clone(), filled(text)))
            .filter(|(_, value)| !value.trim().is_empty())
            .collect();
        if !facts.is_empty() {
            letter = letter.with(Part::Facts(facts));
        }
        if let (Some(title), Some(to)) = (&self.button, to) {
            letter = letter.with(Part::Button { title: filled(title), to });
        }
        if let Some(small) = &self.small {
            letter = letter.small(filled(small));
        }
        letter
    }
}

pub(super) fn check(descriptor: &Descriptor, say: &mut impl FnMut(String, String)) {
    if descriptor.mails.len() > MAX_MAILS {
        say("mails".into(), format!("{} letters; at most {MAX_MAILS}", descriptor.mails.len()));
    }
    if !descriptor.mails.is_empty() && !descriptor.grants.mail {
        say("mails".into(), "letters are sent with a grant for it: `mail = true` in [grants]".into());
    }
    let mut names = HashSet::new();
    for (index, mail) in descriptor.mails.iter().enumerate() {
        let key = format!("mails[{index}]");
        if !names.insert(mail.name.as_str()) {
            say(format!("{key}.name"), format!("two letters are called `{}`", mail.name));
        }
        if mail.subject.trim().is_empty() || mail.subject.contains('\n') {
            say(format!("{key}.subject"), "a subject is one line, and not empty".into());
        }
        if mail.text.trim().is_empty() {
            say(format!("{key}.text"), "a letter says something".into());
        }
        for text in mail.texts() {
            if let Err(fault) = pieces(text) {
                say(key.clone(), fault);
            }
        }
    }
    for (index, page) in descriptor.pages.iter().enumerate() {
        let key = format!("pages[{index}]");
        if let Some(link) = &page.link {
            page_link(descriptor, page, link, &format!("{key}.link"), say);
        }
        for (at, block) in page.blocks.iter().enumerate() {
            if let Err(fault) = page_block(descriptor, page, block) {
                say(format!("{key}.blocks[{at}]"), fault);
            }
        }
    }
}

/// Whether a block can stand on a page that links open, or on another.
fn page_block(descriptor: &Descriptor, page: &Page, block: &Block) -> Result<(), String> {
    let Some(link) = &page.link else {
        return match block {
            Block::Detail(_) if page.record.is_none() => {
                Err("detail stands on pages with `record` or `link`".to_owned())
            }
            Block::Sheet(_) if page.record.is_none() => {
                Err("a sheet stands on pages with `record` or `link`".to_owned())
            }
            Block::Sheet(sheet) => match descriptor.route(sheet.route.as_str()) {
                Some(route) if route.method == Method::Get && route.path.matches('{').count() == 1 => Ok(()),
                Some(_) => Err(format!("`{}` is not a GET of one record", sheet.route)),
                None => Err(format!("there is no route `{}`", sheet.route)),
            },
            Block::Table(table) if table.via.is_some() => Err("`via` is for pages with `link`".to_owned()),
            _ => Ok(()),
        };
    };
    let subject = descriptor.collection(link.subject.as_str());
    let opened = |name: &LocalName, writes: bool| {
        let route = descriptor.route(name.as_str()).filter(|_| link.routes.contains(name));
        let route = route.ok_or_else(|| format!("`{name}` is not among the routes of the page's `link`"))?;
        if route.method.writes() == writes { Ok(route) } else { Err(format!("`{name}` is of the wrong method here")) }
    };
    // A path that ends in a reference would show an id, and lead into the house.
    let plain = |path: &String| match subject.map(|subject| (path.contains('.'), subject.field(path))) {
        Some((false, Some(field))) if field.kind == FieldKind::Reference => {
            Err(format!("`{path}` is a reference: name the field of what it leads to, such as {path}.name"))
        }
        _ => Ok(()),
    };
    match block {
        Block::Text(_) => Ok(()),
        Block::Detail(detail) => detail.fields.iter().try_for_each(plain),
        Block::Sheet(sheet) => opened(&sheet.route, false).map(|_| ()),
        Block::Form(form) => {
            let route = opened(&form.route, true)?;
            if !matches!(route.method, Method::Post) {
                return Err(format!("`{}` is no POST", form.route));
            }
            if !form.fields.is_empty() {
                return Err("on a page with `link` a form asks for the properties of its route's body".to_owned());
            }
            let state = |name: &&FieldName| {
                let field = subject.and_then(|subject| subject.field(name.as_str()));
                field.is_none_or(|field| field.kind != FieldKind::Choice)
            };
            match form.when.keys().find(state) {
                Some(name) => Err(format!("`{name}` is no choice of `{}`", link.subject)),
                None => Ok(()),
            }
        }
        Block::Table(table) => {
            let via = table.via.as_ref().ok_or("a table on a page with `link` needs `via`")?;
            let field = descriptor.collection(&table.collection).and_then(|it| it.field(via.as_str()));
            let leads = field.is_some_and(|field| field.to.as_deref() == Some(link.subject.as_str()));
            if leads { Ok(()) } else { Err(format!("`{via}` does not refer to `{}`", link.subject)) }
        }
        Block::Figure(_) | Block::Chart(_) => Err("a page with `link` shows no figures of many records".to_owned()),
        Block::WeekGrid(_)
        | Block::Timer(_)
        | Block::Review(_)
        | Block::Board(_)
        | Block::Timeline(_)
        | Block::Calendar(_)
        | Block::Report(_)
        | Block::Statement(_)
        | Block::Download(_)
        | Block::Comments(_) => {
            Err("this block is for people of the organization, not for a page with `link`".to_owned())
        }
        Block::LineEditor(_) => Err("lines are written on pages with `record`".to_owned()),
    }
}

fn page_link(descriptor: &Descriptor, page: &Page, link: &PageLink, key: &str, say: &mut impl FnMut(String, String)) {
    if !descriptor.grants.links {
        say(key.to_owned(), "pages are opened by links with a grant for it: `links = true` in [grants]".into());
    }
    if page.permission.is_some() {
        say(key.to_owned(), "whoever holds a link holds no permission".into());
    }
    if let Err(message) = target(descriptor, link.subject.as_str()) {
        say(format!("{key}.subject"), message);
    }
    if let Some(seen) = &link.seen {
        let route = descriptor.route(seen.as_str()).filter(|_| link.routes.contains(seen));
        if route.is_none_or(|route| route.method != Method::Post || route.body.is_some()) {
            say(format!("{key}.seen"), format!("`{seen}` is no POST without a body among its routes"));
        }
    }
    for name in &link.routes {
        let Some(route) = descriptor.route(name.as_str()) else {
            say(format!("{key}.routes"), format!("there is no route `{name}`"));
            continue;
        };
        if route.permission.is_some() {
            say(format!("{key}.routes"), format!("`{name}` needs a permission, and whoever holds a link has none"));
        }
        if route.path.matches('{').count() != 1 {
            let message = format!("the path of `{name}` has to have one parameter, which the host puts");
            say(format!("{key}.routes"), message);
        }
        if route.answer.record.is_some() || route.answer.records.is_some() {
            let message = format!("`{name}` answers with records, which whoever holds a link does not read");
            say(format!("{key}.routes"), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> MailTemplate {
        toml::from_str(
            "name = 'issued'\ntitle = 'Quote'\nsubject = 'Quote {number} of {organization}'\n\
             text = '''Dear {contact},\n\nhere it is.'''\nfacts = { Total = '{total}', Deposit = '{deposit}' }\n\
             button = 'Open {number}'",
        )
        .unwrap()
    }

    #[test]
    fn arguments_stand_for_their_names_and_are_not_read_again() {
        let template = template();
        assert_eq!(template.arguments().into_iter().collect::<Vec<_>>(), ["contact", "deposit", "number", "total"]);
        let given = [("number", "Q-1"), ("contact", "{total} Ana"), ("total", "$12"), ("deposit", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let letter = template.letter("Halloran", &given, Some(Target::Path("/x".into())));
        assert_eq!(letter.subject, "Quote Q-1 of Halloran");
        assert_eq!(letter.parts[0], Part::Text("Dear {total} Ana,".into()));
        assert_eq!(letter.parts[2], Part::Facts(vec![("Total".into(), "$12".into())]));
        assert_eq!(letter.parts[3], Part::Button { title: "Open Q-1".into(), to: Target::Path("/x".into()) });
        assert_eq!(letter.parts.len(), 4);
    }

    #[test]
    fn braces_that_do_not_close_are_told() {
        assert!(pieces("Dear {contact").unwrap_err().contains("closing brace"));
        assert!(pieces("Dear {Con tact}").unwrap_err().contains("is not a name"));
    }
}
