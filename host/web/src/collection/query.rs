//! What the address of a list asks for, in the API's own spelling, so that a page and a program see the same records.

use crate::paths;

/// Pages that `Before` can walk back through, by the cursors that led here.
const MOST_STEPS: usize = 20;

/// Filters, search, sort and place of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// `filter[status]` or `filter[due][lt]` with its value, as it is written.
    pub filters: Vec<(String, String)>,
    /// Words to search for.
    pub q: String,
    /// `-start,name`, or empty for the collection's own order.
    pub sort: String,
    /// The zone whose days relative dates are, or empty for the reader's.
    pub zone: String,
    /// The cursor that this page begins after.
    pub after: Option<String>,
    /// The cursors of the pages before, oldest first; the start is an empty one.
    pub via: Vec<String>,
    /// Whether archived records are shown instead of the others.
    pub archived: bool,
    /// Columns that were chosen, by their fields; none for the list's own.
    pub fields: Vec<String>,
    /// The view that it began with, or [`ListQuery::ALL`] for none.
    pub view: Option<String>,
    /// Whether the view was left for what the query itself says, even if that is nothing.
    pub left: bool,
}

impl ListQuery {
    /// In the place of a view's id: the whole list, whatever it opens with otherwise.
    pub const ALL: &str = "all";

    /// Marks a view that was left.
    const LEFT: char = '~';

    /// Reads the pairs of a query. What a form sends empty says nothing; what is unknown is left to the API's reading
    /// of [`ListQuery::filters`], which names it.
    pub fn of<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut query = Self::default();
        for (key, value) in pairs {
            let (key, value) = (key.as_ref(), value.as_ref());
            match key {
                "via" => query.via.push(value.to_owned()),
                _ if value.is_empty() => {}
                "q" => value.trim().clone_into(&mut query.q),
                "sort" => value.clone_into(&mut query.sort),
                "zone" => value.clone_into(&mut query.zone),
                "after" => query.after = Some(value.to_owned()),
                "fields" => query.fields.extend(value.split(',').map(str::trim).map(str::to_owned)),
                "view" => {
                    query.left = value.ends_with(Self::LEFT);
                    query.view = Some(value.trim_end_matches(Self::LEFT).to_owned());
                }
                "archived" => query.archived = value == "true",
                _ if key.starts_with("filter[") => query.filters.push((key.to_owned(), value.to_owned())),
                _ => {}
            }
        }
        query
    }

    /// Whether nothing narrows the list.
    pub fn is_bare(&self) -> bool {
        self.filters.is_empty() && self.q.is_empty()
    }

    /// Whether it asks for the list as it is by itself.
    pub fn is_plain(&self) -> bool {
        self.is_bare() && self.sort.is_empty() && self.zone.is_empty() && self.fields.is_empty() && !self.archived
    }

    /// What a view keeps of it.
    pub fn kept(&self) -> String {
        let kept = Self { view: None, after: None, via: Vec::new(), ..self.clone() };
        kept.address("").trim_start_matches('?').to_owned()
    }

    /// The address of the whole list, whatever it opens with otherwise.
    pub fn all(base: &str) -> String {
        format!("{base}?view={}", Self::ALL)
    }

    /// The address of a view.
    pub fn view(base: &str, id: impl std::fmt::Display) -> String {
        format!("{base}?view={id}")
    }

    /// The address with nothing that narrows or orders it.
    pub(crate) fn cleared(&self, base: &str) -> String {
        if self.view.is_some() { Self::all(base) } else { base.to_owned() }
    }

    /// The view as a form of this list sends it.
    pub(crate) fn view_left(&self) -> Option<String> {
        self.view.as_ref().map(|view| format!("{view}{}", Self::LEFT))
    }

    /// The value of one filter, such as `filter[status]`.
    pub fn filter(&self, key: &str) -> Option<&str> {
        self.filters.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The address with this filter set, or taken away, from the first page on.
    pub(crate) fn with_filter(&self, base: &str, key: &str, value: Option<&str>) -> String {
        let mut next = self.at_the_start();
        next.filters.retain(|(name, _)| name != key);
        next.filters.extend(value.map(|value| (key.to_owned(), value.to_owned())));
        next.address(base)
    }

    pub(crate) fn without_search(&self, base: &str) -> String {
        Self { q: String::new(), ..self.at_the_start() }.address(base)
    }

    pub(crate) fn without_zone(&self, base: &str) -> String {
        Self { zone: String::new(), ..self.at_the_start() }.address(base)
    }

    pub(crate) fn sorted(&self, base: &str, path: &str, descending: bool) -> String {
        Self { sort: format!("{}{path}", if descending { "-" } else { "" }), ..self.at_the_start() }.address(base)
    }

    pub(crate) fn archived(&self, base: &str, archived: bool) -> String {
        Self { archived, ..self.at_the_start() }.address(base)
    }

    pub(crate) fn next(&self, base: &str, cursor: &str) -> String {
        let mut next = self.clone();
        next.via.push(self.after.clone().unwrap_or_default());
        if next.via.len() > MOST_STEPS {
            next.via.remove(0);
        }
        next.after = Some(cursor.to_owned());
        next.address(base)
    }

    /// The page before, or nothing on the first.
    pub(crate) fn before(&self, base: &str) -> Option<String> {
        self.after.as_ref()?;
        let mut before = self.clone();
        before.after = before.via.pop().filter(|cursor| !cursor.is_empty());
        if before.after.is_none() {
            before.via.clear();
        }
        Some(before.address(base))
    }

    /// The address of all that the list shows, page after page, as a file.
    pub(crate) fn exported(&self, base: &str, format: &str) -> String {
        let list = self.at_the_start().address(base);
        format!("{list}{}format={format}", if list.contains('?') { '&' } else { '?' })
    }

    fn at_the_start(&self) -> Self {
        Self { after: None, via: Vec::new(), ..self.clone() }
    }

    /// The first sort key, and whether it descends.
    pub(crate) fn sort_key(&self) -> Option<(&str, bool)> {
        let first = self.sort.split(',').next().filter(|key| !key.is_empty())?;
        Some(first.strip_prefix('-').map_or((first, false), |path| (path, true)))
    }

    /// This list's address under a path.
    pub fn address(&self, base: &str) -> String {
        let mut pairs: Vec<(&str, &str)> =
            self.filters.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        for (key, value) in [("q", &self.q), ("sort", &self.sort), ("zone", &self.zone)] {
            if !value.is_empty() {
                pairs.push((key, value));
            }
        }
        let fields = self.fields.join(",");
        if !fields.is_empty() {
            pairs.push(("fields", &fields));
        }
        if self.archived {
            pairs.push(("archived", "true"));
        }
        if let Some(view) = &self.view {
            // A view from which everything was taken is no longer it.
            let gone = self.is_plain() && self.after.is_none();
            pairs.push(("view", if gone { Self::ALL } else { view.as_str() }));
        }
        pairs.extend(self.via.iter().map(|cursor| ("via", cursor.as_str())));
        pairs.extend(self.after.as_deref().map(|cursor| ("after", cursor)));
        format!("{base}{}", paths::query(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> ListQuery {
        ListQuery::of(text.split('&').filter(|p| !p.is_empty()).filter_map(|pair| pair.split_once('=')))
    }

    #[test]
    fn an_address_is_read_and_written_the_same() {
        let query =
            of("filter[status]=open&filter[due][lt]=2026-12-01&q=oak&sort=-due&archived=true&after=c3&via=&via=c2");
        assert_eq!(of(&query.address("").replace("%5B", "[").replace("%5D", "]")[1..]), query);
        assert_eq!(query.filter("filter[status]"), Some("open"));
        assert_eq!(query.sort_key(), Some(("due", true)));
    }

    #[test]
    fn what_a_form_sends_empty_says_nothing() {
        assert!(of("filter[status]=&q=&sort=").is_bare());
        assert_eq!(of("filter[status]=&page=7").address("/x"), "/x");
    }

    #[test]
    fn a_view_stays_open_until_nothing_of_it_is_left() {
        let query = of("view=v1&filter[status]=open&sort=due&fields=title,due");
        assert_eq!(query.kept(), "filter%5Bstatus%5D=open&sort=due&fields=title%2Cdue");
        assert_eq!(
            of(query.address("").replace("%5B", "[").replace("%5D", "]").replace("%2C", ",").trim_start_matches('?')),
            query
        );
        let plain = of("view=v1&filter[status]=open").with_filter("/x", "filter[status]", None);
        assert_eq!(plain, "/x?view=all");
        assert!(of("view=v1~").left && of("view=v1~").view.as_deref() == Some("v1"));
    }

    #[test]
    fn one_can_walk_back_the_way_one_came() {
        let start = of("q=oak");
        assert_eq!(start.before("/x"), None);
        let second = of(start.next("/x", "c1").split_once('?').unwrap().1);
        assert_eq!((second.after.as_deref(), second.via.as_slice()), (Some("c1"), &[String::new()][..]));
        let third = of(second.next("/x", "c2").split_once('?').unwrap().1);
        assert_eq!(third.before("/x").unwrap(), "/x?q=oak&via=&after=c1");
        assert_eq!(second.before("/x").unwrap(), "/x?q=oak");
    }

    #[test]
    fn a_new_filter_begins_at_the_start() {
        let query = of("filter[status]=open&after=c1&via=");
        assert_eq!(query.with_filter("/x", "filter[status]", Some("done")), "/x?filter%5Bstatus%5D=done");
        assert_eq!(query.with_filter("/x", "filter[status]", None), "/x");
    }
}
